//! Which emails about escalations left, when and to which address (E-7): kept for good, when emails themselves are forgotten.

use diesel::prelude::*;
use mandate_core::id::{EscalationId, MailId, PersonId};
use mandate_core::text::Email;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{MailKind, Vocabulary as _};

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::mail::Mail;
use crate::schema::escalation_notices;
use crate::tx::{ReadTx, WriteTx};

/// An email about an escalation that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationNotice {
    /// The email.
    pub mail: MailId,
    /// What it was about.
    pub kind: MailKind,
    /// Whom it went to.
    pub to: PersonId,
    /// Their address then.
    pub address: String,
    /// When.
    pub sent_at: Timestamp,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = escalation_notices)]
struct NoticeRow {
    mail_id: String,
    escalation_id: String,
    kind: String,
    person_id: String,
    address: String,
    sent_at: i64,
}

impl ReadTx<'_> {
    /// The emails about an escalation that left, oldest first, at most `limit`.
    pub fn escalation_notices(
        &mut self,
        escalation: EscalationId,
        limit: i64,
    ) -> Result<Vec<EscalationNotice>, StorageError> {
        let query = escalation_notices::table
            .filter(escalation_notices::escalation_id.eq(escalation.to_string()))
            .order((escalation_notices::sent_at, escalation_notices::mail_id))
            .limit(limit);
        let rows: Vec<NoticeRow> = on!(self, |connection| query.select(NoticeRow::as_select()).load(connection))?;
        rows.into_iter()
            .map(|row| {
                let cells = Cells::of("escalation_notices", &row.mail_id);
                Ok(EscalationNotice {
                    mail: cells.id("mail_id", &row.mail_id)?,
                    kind: cells.word("kind", &row.kind)?,
                    to: cells.person_id("person_id", &row.person_id)?,
                    sent_at: moment(row.sent_at),
                    address: row.address,
                })
            })
            .collect()
    }
}

impl WriteTx<'_> {
    /// Keeps that an email left, if it was about an escalation. Goes with [`WriteTx::finish_mail`].
    pub fn keep_notice(&mut self, mail: &Mail, address: &Email, now: Timestamp) -> Result<(), StorageError> {
        let Some(escalation) = mail.notice.about.and_then(|about| about.as_id()) else { return Ok(()) };
        let escalation: EscalationId = escalation;
        let row = NoticeRow {
            mail_id: mail.notice.id.to_string(),
            escalation_id: escalation.to_string(),
            kind: mail.notice.kind.name().to_owned(),
            person_id: mail.notice.to.to_string(),
            address: address.to_string(),
            sent_at: now.micros(),
        };
        on!(self, |connection| diesel::insert_into(escalation_notices::table).values(&row).execute(connection))
            .map(drop)
    }
}
