//! Escalations (E-1 … E-11). What they ask for, what was verified and where they stand are kept as JSON, for nothing is searched by
//! it; what is searched by has columns of its own.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::actor::{OrganizationRef, PersonRef};
use mandate_core::change::Change;
use mandate_core::contact::Contact;
use mandate_core::escalation::{Escalation, EscalationStatus, LAPSE, State};
use mandate_core::escalation_guard::PUT_ASIDE;
use mandate_core::id::{ContactId, EscalationId, LinkId, OrganizationId, PersonId, ServiceRequestId};
use mandate_core::journal::EventKind;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{ContactType, Level, Permission, Vocabulary as _};

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::escalation_json as json;
use crate::page::{Page, Position, Slice, SortKey};
use crate::people::full_name;
use crate::schema::{escalations, objection_links};
use crate::sql::{Sql, any_of, once};
use crate::tx::{ReadTx, Unlocked, WriteTx};

#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = escalations, treat_none_as_null = true)]
struct EscalationRow {
    id: String,
    organization_id: String,
    channel: String,
    service_request_id: Option<String>,
    letter: String,
    nominee: String,
    unavailable: String,
    verified: String,
    reviewer: Option<String>,
    status: String,
    state: String,
    due_at: Option<i64>,
    resumption: Option<String>,
    opened_by: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
    traces: String,
}

/// When the server has something to do about an escalation by itself: complete it, or write down that it lapsed.
fn due_at(state: &State) -> Option<Timestamp> {
    match state {
        State::Approved(approval) => Some(approval.completes_at).filter(|_| approval.rests_since.is_none()),
        State::InformationRequested(request) => Some(request.at.plus(LAPSE)),
        _ => None,
    }
}

impl From<&Escalation> for EscalationRow {
    fn from(escalation: &Escalation) -> Self {
        let case = &escalation.case;
        Self {
            id: escalation.id.to_string(),
            organization_id: escalation.organization.id.to_string(),
            channel: escalation.channel.name().to_owned(),
            service_request_id: escalation.service_request.map(|request| request.to_string()),
            letter: json::letter(&case.letter).to_string(),
            nominee: json::nominee(&case.nominee).to_string(),
            unavailable: json::unavailable(&case.unavailable).to_string(),
            verified: json::verified(&escalation.verified).to_string(),
            reviewer: escalation.reviewer.map(|reviewer| reviewer.to_string()),
            status: escalation.state.status().name().to_owned(),
            state: json::state(&escalation.state).to_string(),
            due_at: due_at(&escalation.state).map(Timestamp::micros),
            resumption: escalation.resumption.as_ref().map(|act| json::act(act).to_string()),
            opened_by: escalation.opened_by.id.to_string(),
            created_at: escalation.created_at.micros(),
            updated_at: escalation.updated_at.micros(),
            version: escalation.version,
            traces: json::traces(&escalation.traces).to_string(),
        }
    }
}

const SELECT: &str = "SELECT e.id, e.organization_id, o.name, e.channel, e.service_request_id, e.letter, e.nominee, e.unavailable, \
     e.verified, e.reviewer, e.state, e.resumption, e.opened_by, p.first_name, p.last_name, p.organization_id, e.created_at, \
     e.updated_at, e.version, e.traces FROM escalations e JOIN organizations o ON o.id = e.organization_id \
     JOIN people p ON p.id = e.opened_by ";

type Columns = (
    (Text, Text, Text, Text, Nullable<Text>),
    (Text, Text, Text, Text),
    (Nullable<Text>, Text, Nullable<Text>),
    (Text, Text, Text, Text),
    (BigInt, BigInt, BigInt, Text),
);

#[derive(Debug, Queryable)]
struct LoadedEscalation {
    what: (String, String, String, String, Option<String>),
    case: (String, String, String, String),
    state: (Option<String>, String, Option<String>),
    opener: (String, String, String, String),
    record: (i64, i64, i64, String),
}

impl LoadedEscalation {
    fn read(self) -> Result<Escalation, StorageError> {
        let (id, organization, organization_name, channel, service_request) = self.what;
        let (letter, nominee, unavailable, verified) = self.case;
        let (reviewer, state, resumption) = self.state;
        let (opened_by, first_name, last_name, opener_organization) = self.opener;
        let (created_at, updated_at, version, traces) = self.record;
        let cells = Cells::of("escalations", &id);
        let case = json::read_case(&letter, &nominee, &unavailable);
        let resumption = resumption.as_deref().map(|text| cells.read("resumption", json::read_act(text)));
        Ok(Escalation {
            id: cells.id("id", &id)?,
            organization: OrganizationRef { id: cells.id("organization_id", &organization)?, name: organization_name },
            channel: cells.word("channel", &channel)?,
            service_request: cells.optional_id("service_request_id", service_request.as_deref())?,
            case: cells.read("letter, nominee or unavailable", case)?,
            verified: cells.read("verified", json::read_verified(&verified))?,
            reviewer: cells.optional_person_id("reviewer", reviewer.as_deref())?,
            state: cells.read("state", json::read_state(&state))?,
            resumption: resumption.transpose()?,
            traces: cells.read("traces", json::read_traces(&traces))?,
            opened_by: PersonRef {
                id: cells.person_id("opened_by", &opened_by)?,
                name: full_name(&first_name, &last_name),
                organization: cells.id("people.organization_id", &opener_organization)?,
            },
            created_at: moment(created_at),
            updated_at: moment(updated_at),
            version,
        })
    }
}

/// The states from which something follows.
fn under_way() -> impl Iterator<Item = &'static str> {
    EscalationStatus::ALL.iter().filter(|status| !status.is_final()).map(|status| status.name())
}

impl ReadTx<'_> {
    /// An escalation, as it was written.
    pub fn escalation(&mut self, id: EscalationId) -> Result<Option<Escalation>, StorageError> {
        Ok(self.load_escalations(Sql::new("WHERE e.id = ").bind_text(id))?.pop())
    }

    /// The escalation of an organization that is under way, as far as it was written; there is one at most.
    pub fn escalation_under_way(&mut self, organization: OrganizationId) -> Result<Option<Escalation>, StorageError> {
        let whose = Sql::new("WHERE e.organization_id = ")
            .bind_text(organization)
            .push(" AND e.status IN (")
            .bind_texts(under_way())
            .push(")");
        Ok(self.load_escalations(whose)?.pop())
    }

    /// The escalations of an organization, newest first.
    pub fn escalations(
        &mut self,
        organization: OrganizationId,
        statuses: &[EscalationStatus],
        now: Timestamp,
        page: &Page,
    ) -> Result<Slice<Escalation>, StorageError> {
        let mut whose = Sql::new("WHERE e.organization_id = ").bind_text(organization).append(in_states(statuses, now));
        whose = page.descending(whose, "e.created_at", "e.id");
        Ok(Slice::cut(self.load_escalations(whose)?, page, |escalation| Position {
            key: SortKey::Number(escalation.created_at.micros()),
            id: escalation.id.to_string(),
        }))
    }

    /// The contacts of an organization whom an escalation that was opened at a moment may have to name unavailable, of whom core says
    /// which (E-4): its active primary support contacts, and guards who were disabled; the first hundred by name.
    pub fn guards_of(
        &mut self,
        organization: OrganizationId,
        opened_at: Timestamp,
    ) -> Result<Vec<Contact>, StorageError> {
        let query = Sql::<Text>::new("SELECT p.id FROM people p WHERE p.organization_id = ")
            .bind_text(organization)
            .push(" AND (p.contact_type = ")
            .bind_text(ContactType::PrimarySupport.name())
            .push(" OR p.permission = ")
            .bind_text(Permission::ManageContacts.name())
            .push(") AND (p.status = 'active' OR (p.status = 'disabled' AND p.status_at >= ")
            .bind_big(opened_at.minus(PUT_ASIDE).micros())
            .push(")) ORDER BY p.sort_name, p.id LIMIT 1000");
        let ids: Vec<String> = on!(self, |connection| query.load(connection))?;
        let ids: Vec<ContactId> =
            ids.iter().map(|id| Cells::of("people", id).id("id", id)).collect::<Result<_, _>>()?;
        self.contacts_with(ids.into_iter())
    }

    /// Whether a person holds a grant of an organization that gives something, or held one at a moment or since (E-6).
    pub fn held_grant_since(
        &mut self,
        person: PersonId,
        organization: OrganizationId,
        since: Timestamp,
    ) -> Result<bool, StorageError> {
        let query = Sql::<Text>::new("SELECT g.id FROM partner_grants g WHERE g.grantee_id = ")
            .bind_text(person)
            .push(" AND g.grantor_id = ")
            .bind_text(organization)
            .push(" AND g.level <> ")
            .bind_text(Level::None.name())
            .push(" AND (g.ended_at IS NULL OR g.ended_at > ")
            .bind_big(since.micros())
            .push(") AND (g.expires_at IS NULL OR g.expires_at > ")
            .bind_big(since.micros())
            .push(") LIMIT 1");
        let found: Option<String> = on!(self, |connection| query.get_result(connection).optional())?;
        Ok(found.is_some())
    }

    /// Whether a contact was disabled after an escalation was opened, by the order of the journal (E-9).
    pub fn disabled_since_opening(
        &mut self,
        contact: ContactId,
        escalation: &Escalation,
    ) -> Result<bool, StorageError> {
        let organization = escalation.organization.id;
        let query = Sql::<BigInt>::new("SELECT j.sequence FROM journal j WHERE j.organization_id = ")
            .bind_text(organization)
            .push(" AND j.subject_id = ")
            .bind_text(contact)
            .push(" AND j.kind = ")
            .bind_text(EventKind::ContactDisabled.name())
            .push(" AND j.sequence > (SELECT MIN(o.sequence) FROM journal o WHERE o.organization_id = ")
            .bind_text(organization)
            .push(" AND o.subject_id = ")
            .bind_text(escalation.id)
            .push(") LIMIT 1");
        let found: Option<i64> = on!(self, |connection| query.get_result(connection).optional())?;
        Ok(found.is_some())
    }

    /// The escalation to which a link lets its receiver object (E-4).
    pub fn escalation_of_link(&mut self, link: LinkId) -> Result<Option<EscalationId>, StorageError> {
        let query = objection_links::table.find(link.to_string()).select(objection_links::escalation_id);
        let found: Option<String> = on!(self, |connection| query.first(connection).optional())?;
        found.map(|id| Cells::of("objection_links", &id).id("escalation_id", &id)).transpose()
    }

    /// Whether a contact of another organization is point of contact of a request or takes part in it.
    pub fn has_outsiders(
        &mut self,
        request: ServiceRequestId,
        organization: OrganizationId,
    ) -> Result<bool, StorageError> {
        let query = Sql::<Text>::new("SELECT p.id FROM people p WHERE p.organization_id <> ")
            .bind_text(organization)
            .push(" AND (p.id IN (SELECT pa.person_id FROM participants pa WHERE pa.service_request_id = ")
            .bind_text(request)
            .push(") OR p.id = (SELECT sr.point_of_contact_id FROM service_requests sr WHERE sr.id = ")
            .bind_text(request)
            .push(")) AND p.contact_type IS NOT NULL LIMIT 1");
        let found: Option<String> = on!(self, |connection| query.get_result(connection).optional())?;
        Ok(found.is_some())
    }

    /// The escalations about which the server has something to do by itself, the longest due first.
    pub fn due_escalations(&mut self, now: Timestamp, limit: i64) -> Result<Vec<EscalationId>, StorageError> {
        let query = Sql::<Text>::new("SELECT e.id FROM escalations e WHERE e.due_at <= ")
            .bind_big(now.micros())
            .push(" ORDER BY e.due_at, e.id LIMIT ")
            .bind_big(limit);
        let ids: Vec<String> = on!(self, |connection| query.load(connection))?;
        ids.iter().map(|id| Cells::of("escalations", id).id("id", id)).collect()
    }

    fn load_escalations(&mut self, whose: Sql) -> Result<Vec<Escalation>, StorageError> {
        let query = Sql::<Columns>::new(SELECT).append(whose);
        let rows: Vec<LoadedEscalation> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(LoadedEscalation::read).collect()
    }
}

/// Escalations `e` that are in one of these states now; in any state if none is named.
fn in_states(statuses: &[EscalationStatus], now: Timestamp) -> Sql {
    let written = |status: EscalationStatus| Sql::new("e.status = ").bind_text(status.name());
    let waits = EscalationStatus::InformationRequested;
    any_of(once(statuses).map(|status| {
        match *status {
            EscalationStatus::InformationRequested => {
                Sql::new("(").append(written(waits)).push(" AND e.due_at > ").bind_big(now.micros()).push(")")
            }
            EscalationStatus::Lapsed => written(EscalationStatus::Lapsed)
                .push(" OR (")
                .append(written(waits))
                .push(" AND e.due_at <= ")
                .bind_big(now.micros())
                .push(")"),
            other => written(other),
        }
    }))
}

impl Unlocked<'_> {
    /// Whose escalation it is.
    pub fn organization_of_escalation(&mut self, id: EscalationId) -> Result<Option<OrganizationId>, StorageError> {
        Ok(self.tx.escalation(id)?.map(|escalation| escalation.organization.id))
    }
}

impl WriteTx<'_> {
    /// Says to which escalation a link lets its receiver object (E-4). Goes with [`WriteTx::save_link`].
    pub fn save_objection_link(&mut self, link: LinkId, escalation: EscalationId) -> Result<(), StorageError> {
        let row =
            (objection_links::link_id.eq(link.to_string()), objection_links::escalation_id.eq(escalation.to_string()));
        on!(self, |connection| diesel::insert_into(objection_links::table).values(row.clone()).execute(connection))
            .map(drop)
    }

    /// Saves an escalation.
    ///
    /// *Errors*: contention if another one of the organization is under way.
    pub fn save_escalation(&mut self, change: &Change<Escalation>) -> Result<(), StorageError> {
        let row = EscalationRow::from(change.after());
        save_row!(self, escalations, &row, change)?;
        self.record(change)
    }
}
