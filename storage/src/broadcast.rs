//! Emails that are owed to everybody whom a service request concerns (S-12), or to all contacts of an organization (E-7): a row each, of which any number of emails are made,
//! some at a time.
//!
//! Who is asked here may turn out to get nothing: core decides when their email leaves.

use diesel::prelude::*;
use diesel::sql_types::Text;
use mandate_core::broadcast::Broadcast;
use mandate_core::change::Notice;
use mandate_core::id::{AnyId, MailId, PersonId};
use mandate_core::request_access::reading_levels;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{GranteeType, MailKind, PersonStatus, Vocabulary};

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::partner_grant::live;
use crate::schema::{broadcasts, people};
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable)]
struct BroadcastRow {
    id: String,
    kind: String,
    about_id: String,
    service_request_id: Option<String>,
    created_at: i64,
    told_until: String,
    by_person: Option<String>,
}

impl ReadTx<'_> {
    /// Whether emails are owed to everybody whom some request concerns.
    pub fn has_broadcasts(&mut self) -> Result<bool, StorageError> {
        let query = broadcasts::table.select(broadcasts::id).limit(1);
        let found: Option<String> = on!(self, |connection| query.first(connection).optional())?;
        Ok(found.is_some())
    }

    /// The next of those who may be concerned, in the order of their ids: the point of contact, the participants, the submitter and the
    /// primary support contacts, who stand in for a point of contact whose grant rests (C-15), the contacts of partner organizations that
    /// were granted `view` or above as a whole (G-7), and those to whom it was granted themselves (S-12).
    fn receivers(&mut self, broadcast: &BroadcastRow, now: Timestamp, limit: i64) -> Result<Vec<String>, StorageError> {
        let cells = Cells::of("broadcasts", &broadcast.id);
        let Some(request) = &broadcast.service_request_id else {
            return match cells.word("kind", &broadcast.kind)? {
                MailKind::AuthorityChanged => self.guards_to_tell(broadcast, limit),
                _ => self.contacts_to_tell(broadcast, limit),
            };
        };
        let query = Sql::<Text>::new(
            "SELECT t.id FROM (SELECT pa.person_id AS id FROM participants pa WHERE pa.service_request_id = ",
        )
        .bind_text(request)
        .push(" UNION SELECT sr.point_of_contact_id FROM service_requests sr WHERE sr.id = ")
        .bind_text(request)
        .push(
            " UNION SELECT m.id FROM service_requests sr JOIN people m ON m.organization_id = sr.organization_id \
             WHERE sr.point_of_contact_grant IS NOT NULL AND m.status IN ('active', 'invited') \
             AND (m.id = sr.submitted_by OR m.contact_type = 'primary_support') AND sr.id = ",
        )
        .bind_text(request)
        .push(
            " UNION SELECT g.grantee_id FROM service_requests sr JOIN partner_grants g ON g.grantor_id = sr.organization_id WHERE ",
        )
        .append(live(now))
        .push(" AND g.grantee_type = ")
        .bind_text(GranteeType::Contact.name())
        .push(" AND g.level IN (")
        .bind_texts(reading_levels().map(Vocabulary::name))
        .push(") AND (NOT sr.confidential OR g.grantee_id = sr.submitted_by) AND sr.id = ")
        .bind_text(request)
        .push(
            " UNION SELECT m.id FROM service_requests sr JOIN partner_grants g ON g.grantor_id = sr.organization_id \
                     JOIN people m ON m.organization_id = g.grantee_id WHERE ",
        )
        .append(live(now))
        .push(" AND g.grantee_type = ")
        .bind_text(GranteeType::Organization.name())
        .push(" AND g.level IN (")
        .bind_texts(reading_levels().map(Vocabulary::name))
        .push(") AND m.status = ")
        .bind_text(PersonStatus::Active.name())
        .push(" AND (NOT sr.confidential OR m.id = sr.submitted_by) AND sr.id = ")
        .bind_text(request)
        .push(") t WHERE t.id > ")
        .bind_text(&broadcast.told_until)
        .push(" ORDER BY t.id LIMIT ")
        .bind_big(limit);
        on!(self, |connection| query.load(connection))
    }

    /// The next of the active contact managers and primary support contacts of a contact's or an organization, in the order of their ids,
    /// and the contact themselves; but for who brought it about (C-9).
    fn guards_to_tell(&mut self, broadcast: &BroadcastRow, limit: i64) -> Result<Vec<String>, StorageError> {
        let query = Sql::<Text>::new(
            "SELECT m.id FROM people m WHERE ((m.status = 'active' AND (m.permission = 'manage_contacts' OR m.contact_type = 'primary_support') \
             AND m.organization_id IN (SELECT a.organization_id FROM people a WHERE a.id = ",
        )
        .bind_text(&broadcast.about_id)
        .push(" UNION ALL SELECT o.id FROM organizations o WHERE o.id = ")
        .bind_text(&broadcast.about_id)
        .push(")) OR m.id = ")
        .bind_text(&broadcast.about_id)
        .push(") AND m.id <> ")
        .bind_text(broadcast.by_person.as_deref().unwrap_or_default())
        .push(" AND m.id > ")
        .bind_text(&broadcast.told_until)
        .push(" ORDER BY m.id LIMIT ")
        .bind_big(limit);
        on!(self, |connection| query.load(connection))
    }

    /// The next of the active and invited contacts of an escalation's organization, in the order of their ids, but for those who are said to be
    /// unavailable: they are told first (E-7).
    fn contacts_to_tell(&mut self, broadcast: &BroadcastRow, limit: i64) -> Result<Vec<String>, StorageError> {
        let id = Cells::of("broadcasts", &broadcast.id).id("about_id", &broadcast.about_id)?;
        let Some(escalation) = self.escalation(id)? else { return Ok(Vec::new()) };
        let told: Vec<String> = escalation.case.unavailable.iter().map(|one| one.contact.to_string()).collect();
        let query = people::table
            .filter(people::organization_id.eq(escalation.organization.id.to_string()))
            .filter(people::status.eq_any([PersonStatus::Active, PersonStatus::Invited].map(|status| status.name())))
            .filter(people::id.gt(&broadcast.told_until).and(people::id.ne_all(&told)))
            .order(people::id)
            .limit(limit);
        on!(self, |connection| query.select(people::id).load(connection))
    }
}

impl WriteTx<'_> {
    /// Owes an email to everybody whom it concerns, some at a time.
    pub fn owe_broadcast(&mut self, broadcast: &Broadcast, now: Timestamp) -> Result<(), StorageError> {
        self.owe_broadcasts(&[(broadcast, now)])
    }

    /// Owes emails to everybody whom requests concern, each from its moment on.
    pub(crate) fn owe_broadcasts(&mut self, owed: &[(&Broadcast, Timestamp)]) -> Result<(), StorageError> {
        for (broadcast, at) in owed {
            let row = (
                broadcasts::id.eq(MailId::from_u128((self.state.ids)()).to_string()),
                broadcasts::kind.eq(broadcast.kind.name()),
                broadcasts::about_id.eq(broadcast.about.to_string()),
                broadcasts::service_request_id.eq(broadcast.request.map(|request| request.to_string())),
                broadcasts::created_at.eq(at.micros()),
                broadcasts::told_until.eq(""),
                broadcasts::by_person.eq(broadcast.by.map(|person| person.to_string())),
            );
            on!(self, |connection| diesel::insert_into(broadcasts::table).values(row.clone()).execute(connection))?;
        }
        Ok(())
    }

    /// Owes the next emails of the oldest broadcast, at most `limit`; false if there was none. Whoever does it at the same time waits,
    /// so that each receiver is owed one email.
    pub fn carry_on_broadcast(&mut self, now: Timestamp, limit: i64) -> Result<bool, StorageError> {
        let oldest = Sql::<Text>::new("SELECT id FROM broadcasts ORDER BY created_at, id LIMIT 1")
            .push(self.connection().row_lock());
        let Some(id) = on!(self, |connection| oldest.get_result::<String>(connection).optional())? else {
            return Ok(false);
        };
        // Read in a statement of its own, behind the lock.
        let query = broadcasts::table.find(&id);
        let found: Option<BroadcastRow> = on!(self, |connection| query.first(connection).optional())?;
        let Some(broadcast) = found else { return Ok(true) };
        let receivers = self.receivers(&broadcast, now, limit)?;
        self.owe_each(&broadcast, &receivers)?;
        let is_over = i64::try_from(receivers.len()).unwrap_or(i64::MAX) < limit;
        let row = broadcasts::table.find(&id).filter(broadcasts::told_until.eq(&broadcast.told_until));
        let rows = match receivers.last().filter(|_| !is_over) {
            Some(last) => {
                let told = broadcasts::told_until.eq(last);
                on!(self, |connection| diesel::update(row).set(told).execute(connection))?
            }
            None => on!(self, |connection| diesel::delete(row).execute(connection))?,
        };
        self.expect_one(rows, "broadcasts", &id)?;
        Ok(true)
    }

    fn owe_each(&mut self, broadcast: &BroadcastRow, receivers: &[String]) -> Result<(), StorageError> {
        let cells = Cells::of("broadcasts", &broadcast.id);
        let kind: MailKind = cells.word("kind", &broadcast.kind)?;
        let about: AnyId = cells.any_id("about_id", &broadcast.about_id)?;
        let mut notices = Vec::with_capacity(receivers.len());
        for receiver in receivers {
            let to: PersonId = cells.person_id("people.id", receiver)?;
            let id = MailId::from_u128((self.state.ids)());
            notices.push(Notice { id, kind, to, about: Some(about), link: None });
        }
        let at = moment(broadcast.created_at);
        let owed: Vec<_> = notices.iter().map(|notice| (notice, at)).collect();
        self.owe_mails(&owed)
    }
}
