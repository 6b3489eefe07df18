//! Emails that are owed, and what became of them.
//!
//! Claiming, finishing and postponing are writes without a decision: they change nobody's authority. Whether a receiver may
//! still have an email is decided by core when it leaves.

use diesel::dsl::min;
use diesel::prelude::*;
use mandate_core::change::Notice;
use mandate_core::id::{AnyId, LinkId, MailId, PersonId};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{MailKind, Vocabulary};

use crate::backend::on;
use crate::batch::insert_all;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::schema::mails;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

/// What became of an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    /// A mail server took it.
    Sent,
    /// Its receiver may not have it any more, or it is about nothing any more.
    Dropped,
    /// It was tried for too long.
    Failed,
    /// The receiver's mail server refused them for good.
    Refused,
}

impl Vocabulary for MailOutcome {
    const WHAT: &'static str = "mail outcome";
    const ALL: &'static [Self] = &[Self::Sent, Self::Dropped, Self::Failed, Self::Refused];

    fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// An email that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What is owed to whom.
    pub notice: Notice,
    /// Since when.
    pub created_at: Timestamp,
    /// Not before.
    pub due_at: Timestamp,
    /// How often it was claimed.
    pub attempts: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = mails, treat_none_as_default_value = false)]
struct MailRow {
    id: String,
    kind: String,
    person_id: String,
    about_id: Option<String>,
    link_id: Option<String>,
    created_at: i64,
    due_at: i64,
    attempts: i64,
}

impl MailRow {
    fn new(notice: &Notice, now: Timestamp) -> Self {
        Self {
            id: notice.id.to_string(),
            kind: notice.kind.name().to_owned(),
            person_id: notice.to.to_string(),
            about_id: notice.about.map(|id| id.to_string()),
            link_id: notice.link.map(|id| id.to_string()),
            created_at: now.micros(),
            due_at: now.micros(),
            attempts: 0,
        }
    }
}

impl TryFrom<MailRow> for Mail {
    type Error = StorageError;

    fn try_from(row: MailRow) -> Result<Self, StorageError> {
        let cells = Cells::of("mails", &row.id);
        let id: MailId = cells.id("id", &row.id)?;
        let kind: MailKind = cells.word("kind", &row.kind)?;
        let to: PersonId = cells.person_id("person_id", &row.person_id)?;
        let about: Option<AnyId> =
            cells.optional(row.about_id.as_deref(), |cells, text| cells.any_id("about_id", text))?;
        let link: Option<LinkId> = cells.optional_id("link_id", row.link_id.as_deref())?;
        Ok(Self {
            notice: Notice { id, kind, to, about, link },
            created_at: moment(row.created_at),
            due_at: moment(row.due_at),
            attempts: row.attempts,
        })
    }
}

impl ReadTx<'_> {
    /// Emails that are due and that nobody is sending, the longest due first, at most `limit`.
    ///
    /// Those of which thousands may be owed at once come last, because of an import or a reply to a large partner: somebody who forgot
    /// their password waits for theirs.
    pub fn due_mails(&mut self, now: Timestamp, limit: i64) -> Result<Vec<Mail>, StorageError> {
        let now = now.micros();
        let many: Vec<&str> = MailKind::ALL.iter().filter(|kind| kind.is_of_many()).map(|kind| kind.name()).collect();
        let due = || {
            let free = mails::claimed_until.is_null().or(mails::claimed_until.lt(now));
            mails::table.filter(mails::done_at.is_null()).filter(mails::due_at.le(now)).filter(free)
        };
        let first = due().filter(mails::kind.ne_all(&many)).order((mails::due_at, mails::id)).limit(limit);
        let mut rows: Vec<MailRow> = on!(self, |connection| first.select(MailRow::as_select()).load(connection))?;
        let left = limit.saturating_sub(i64::try_from(rows.len()).unwrap_or(limit));
        if left > 0 {
            let last = due().filter(mails::kind.eq_any(&many)).order((mails::due_at, mails::id)).limit(left);
            rows.extend(on!(self, |connection| last.select(MailRow::as_select()).load::<MailRow>(connection))?);
        }
        rows.into_iter().map(Mail::try_from).collect()
    }

    /// When the oldest email that was not sent became owed.
    pub fn oldest_unsent_mail_at(&mut self) -> Result<Option<Timestamp>, StorageError> {
        let query = mails::table.filter(mails::done_at.is_null()).select(min(mails::created_at));
        let oldest = on!(self, |connection| query.first::<Option<i64>>(connection))?;
        Ok(oldest.map(moment))
    }
}

impl WriteTx<'_> {
    /// Owes an email that no change brought about, such as one for a forgotten password.
    pub fn owe_mail(&mut self, notice: &Notice, now: Timestamp) -> Result<(), StorageError> {
        self.owe_mails(&[(notice, now)])
    }

    /// Owes emails, each from its moment on.
    pub(crate) fn owe_mails(&mut self, owed: &[(&Notice, Timestamp)]) -> Result<(), StorageError> {
        let rows: Vec<MailRow> = owed.iter().map(|(notice, at)| MailRow::new(notice, *at)).collect();
        insert_all!(self, mails::table, rows)
    }

    /// Claims an email for sending until a moment, and counts the attempt; false if somebody else has it or it is done.
    pub fn claim_mail(&mut self, id: MailId, now: Timestamp, until: Timestamp) -> Result<bool, StorageError> {
        let row = mails::table
            .filter(mails::id.eq(id.to_string()))
            .filter(mails::done_at.is_null())
            .filter(mails::claimed_until.is_null().or(mails::claimed_until.lt(now.micros())));
        let update =
            diesel::update(row).set((mails::claimed_until.eq(until.micros()), mails::attempts.eq(mails::attempts + 1)));
        on!(self, |connection| update.execute(connection)).map(|rows| rows == 1)
    }

    /// Writes down what became of an email.
    pub fn finish_mail(&mut self, id: MailId, outcome: MailOutcome, now: Timestamp) -> Result<(), StorageError> {
        let row = mails::table.filter(mails::id.eq(id.to_string())).filter(mails::done_at.is_null());
        let update = diesel::update(row).set((
            mails::done_at.eq(now.micros()),
            mails::outcome.eq(outcome.name()),
            mails::claimed_until.eq(None::<i64>),
        ));
        let rows = on!(self, |connection| update.execute(connection))?;
        self.expect_one(rows, "mails", id)
    }

    /// Forgets emails that were done before a moment, at most `limit` at once, and says how many those were.
    pub fn delete_mails(&mut self, done_before: Timestamp, limit: i64) -> Result<usize, StorageError> {
        let spent = || {
            Sql::<()>::new("(SELECT id FROM mails WHERE done_at < ")
                .bind_big(done_before.micros())
                .push(" ORDER BY done_at, id LIMIT ")
                .bind_big(limit)
                .push(")")
        };
        let lists = Sql::<()>::new("DELETE FROM mail_requests WHERE mail_id IN ").append(spent());
        on!(self, |connection| lists.execute(connection))?;
        let delete = Sql::<()>::new("DELETE FROM mails WHERE id IN ").append(spent());
        on!(self, |connection| delete.execute(connection))
    }

    /// Gives an email back, to be tried again later.
    pub fn postpone_mail(&mut self, id: MailId, due_at: Timestamp, error: &str) -> Result<(), StorageError> {
        let row = mails::table.filter(mails::id.eq(id.to_string())).filter(mails::done_at.is_null());
        let update = diesel::update(row).set((
            mails::due_at.eq(due_at.micros()),
            mails::last_error.eq(error),
            mails::claimed_until.eq(None::<i64>),
        ));
        let rows = on!(self, |connection| update.execute(connection))?;
        self.expect_one(rows, "mails", id)
    }
}
