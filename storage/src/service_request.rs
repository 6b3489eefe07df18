//! Service requests, one at a time. The lists are in [`crate::request_list`].

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use mandate_core::actor::{OrganizationRef, PersonRef};
use mandate_core::change::Change;
use mandate_core::effective_access::HeldGrants;
use mandate_core::id::{ServiceRequestId, SessionId};
use mandate_core::request_access::{Admission, HeldRole};
use mandate_core::service_request::{RequestFacts, ServiceRequest};
use mandate_core::session::CallerFacts;
use mandate_core::text::Subject;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Involvement, Level, OrganizationStatus, Vocabulary as _};

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::partner_grant::{HELD_COLUMNS, HeldColumns, HeldRow, read_held};
use crate::people::{ACTOR_COLUMNS, ActorColumns, ActorRow, full_name};
use crate::schema::service_requests;
use crate::session::{CALLER_FROM, SESSION_COLUMNS, SessionColumns, SessionRow, read_caller};
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = service_requests, treat_none_as_null = true)]
struct RequestRow {
    id: String,
    number: i64,
    organization_id: String,
    subject: String,
    category: String,
    severity: i32,
    status: String,
    submitted_by: String,
    submitter_organization_id: String,
    submitted_by_grant: Option<String>,
    confidential: bool,
    point_of_contact_id: Option<String>,
    point_of_contact_organization_id: Option<String>,
    assigned_to: Option<String>,
    follow_up_of: Option<String>,
    about_person: Option<String>,
    created_at: i64,
    updated_at: i64,
    activity_at: i64,
    solved_at: Option<i64>,
    closed_at: Option<i64>,
    version: i64,
    point_of_contact_grant: Option<String>,
    point_of_contact_named_by: Option<String>,
    only_guards_open: bool,
    sealed: bool,
}

impl From<&ServiceRequest> for RequestRow {
    fn from(request: &ServiceRequest) -> Self {
        let point_of_contact = request.point_of_contact.as_ref();
        Self {
            id: request.id.to_string(),
            number: request.number,
            organization_id: request.organization.id.to_string(),
            subject: request.subject.to_string(),
            category: request.category.name().to_owned(),
            severity: request.severity,
            status: request.status.name().to_owned(),
            submitted_by: request.submitted_by.id.to_string(),
            submitter_organization_id: request.submitted_by.organization.to_string(),
            submitted_by_grant: request.submitted_by_grant.map(|grant| grant.to_string()),
            confidential: request.confidential,
            point_of_contact_id: point_of_contact.map(|person| person.id.to_string()),
            point_of_contact_organization_id: point_of_contact.map(|person| person.organization.to_string()),
            assigned_to: request.assigned_to.as_ref().map(|person| person.id.to_string()),
            follow_up_of: request.follow_up_of.map(|request| request.to_string()),
            about_person: request.about.map(|contact| contact.to_string()),
            created_at: request.created_at.micros(),
            updated_at: request.updated_at.micros(),
            activity_at: request.activity_at.micros(),
            solved_at: request.solved_at.map(Timestamp::micros),
            closed_at: request.closed_at.map(Timestamp::micros),
            version: request.version,
            point_of_contact_grant: request.admission.map(|admission| admission.grant.to_string()),
            point_of_contact_named_by: request.admission.map(|admission| admission.by.to_string()),
            only_guards_open: request.only_guards_open,
            sealed: request.sealed,
        }
    }
}

/// The columns of a request: `service_requests sr` with everybody whom it names.
pub(crate) const REQUEST_COLUMNS: &str = "sr.id, sr.number, sr.organization_id, ro.name, sr.subject, sr.category, sr.severity, \
     sr.status, sr.submitted_by, sr.submitter_organization_id, sub.first_name, sub.last_name, sr.submitted_by_grant, \
     sr.confidential, sr.sealed, sr.point_of_contact_id, sr.point_of_contact_organization_id, poc.first_name, poc.last_name, sr.assigned_to, \
     asg.organization_id, asg.first_name, asg.last_name, sr.follow_up_of, sr.about_person, sr.created_at, sr.updated_at, \
     sr.activity_at, sr.solved_at, sr.closed_at, sr.version, sr.only_guards_open, sr.point_of_contact_grant, \
     sr.point_of_contact_named_by, pg.ended_at, pg.expires_at, po.status, ro.status, pg.level";

/// The SQL types of [`REQUEST_COLUMNS`].
pub(crate) type RequestColumns = (
    (Text, BigInt, Text, Text, Text, Text, Integer, Text),
    (Text, Text, Text, Text, Nullable<Text>, Bool, Bool),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (Nullable<Text>, Nullable<Text>),
    (BigInt, BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>, BigInt),
    Bool,
    (
        Nullable<Text>,
        Nullable<Text>,
        Nullable<BigInt>,
        Nullable<BigInt>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
    ),
);

/// Everybody whom a request names, and what stands behind a point of contact of another organization.
pub(crate) const REQUEST_NAMES: &str = " LEFT JOIN partner_grants pg ON pg.id = sr.point_of_contact_grant \
     LEFT JOIN organizations po ON po.id = sr.point_of_contact_organization_id LEFT JOIN organizations ro ON ro.id = sr.organization_id \
     LEFT JOIN people sub ON sub.id = sr.submitted_by LEFT JOIN people poc ON poc.id = sr.point_of_contact_id \
     LEFT JOIN people asg ON asg.id = sr.assigned_to ";

/// A row of [`REQUEST_COLUMNS`].
#[derive(Debug, Queryable)]
pub(crate) struct LoadedRequest {
    what: (String, i64, String, String, String, String, i32, String),
    submitter: (String, String, String, String, Option<String>, bool, bool),
    point_of_contact: NamedPerson,
    assigned_to: NamedPerson,
    related: (Option<String>, Option<String>),
    moments: (i64, i64, i64, Option<i64>, Option<i64>, i64),
    only_guards_open: bool,
    admission: AdmissionRow,
}

/// The grant and who named them; when it ended, and when its time is over; the states of their organization and the request's; its level.
type AdmissionRow =
    (Option<String>, Option<String>, Option<i64>, Option<i64>, Option<String>, Option<String>, Option<String>);

fn read_admission(cells: &Cells<'_>, row: AdmissionRow) -> Result<Option<Admission>, StorageError> {
    let (Some(grant), Some(by), ended_at, expires_at, holder, grantor, level) = row else { return Ok(None) };
    let is_active = |status: Option<String>| {
        let status: Option<OrganizationStatus> = cells.optional_word("organizations.status", status.as_deref())?;
        Ok::<_, StorageError>(status.is_none_or(|status| status == OrganizationStatus::Active))
    };
    let level: Option<Level> = cells.optional_word("partner_grants.level", level.as_deref())?;
    let gives_nothing = level.is_none_or(|level| level == Level::None);
    Ok(Some(Admission {
        grant: cells.id("point_of_contact_grant", &grant)?,
        by: cells.id("point_of_contact_named_by", &by)?,
        ends_at: ended_at.or(expires_at).map(moment),
        rests: gives_nothing || !(is_active(holder)? && is_active(grantor)?),
    }))
}

/// Id, organization, first and last name.
type NamedPerson = (Option<String>, Option<String>, Option<String>, Option<String>);

fn read_person(
    cells: &Cells<'_>,
    column: &'static str,
    person: NamedPerson,
) -> Result<Option<PersonRef>, StorageError> {
    let (Some(id), Some(organization), first_name, last_name) = person else { return Ok(None) };
    Ok(Some(PersonRef {
        id: cells.person_id(column, &id)?,
        name: full_name(&first_name.unwrap_or_default(), &last_name.unwrap_or_default()),
        organization: cells.id(column, &organization)?,
    }))
}

impl LoadedRequest {
    pub(crate) fn read(self) -> Result<ServiceRequest, StorageError> {
        let (id, number, organization, organization_name, subject, category, severity, status) = self.what;
        let (submitted_by, submitter_organization, first_name, last_name, grant, confidential, sealed) = self.submitter;
        let (follow_up_of, about) = self.related;
        let (created_at, updated_at, activity_at, solved_at, closed_at, version) = self.moments;
        let cells = Cells::of("service_requests", &id);
        Ok(ServiceRequest {
            id: cells.id("id", &id)?,
            number,
            organization: OrganizationRef { id: cells.id("organization_id", &organization)?, name: organization_name },
            subject: cells.read("subject", Subject::kept(&subject).ok())?,
            category: cells.word("category", &category)?,
            severity,
            status: cells.word("status", &status)?,
            submitted_by: PersonRef {
                id: cells.person_id("submitted_by", &submitted_by)?,
                name: full_name(&first_name, &last_name),
                organization: cells.id("submitter_organization_id", &submitter_organization)?,
            },
            submitted_by_grant: cells.optional_id("submitted_by_grant", grant.as_deref())?,
            confidential,
            sealed,
            only_guards_open: self.only_guards_open,
            admission: read_admission(&cells, self.admission)?,
            point_of_contact: read_person(&cells, "point_of_contact_id", self.point_of_contact)?,
            assigned_to: read_person(&cells, "assigned_to", self.assigned_to)?,
            follow_up_of: cells.optional_id("follow_up_of", follow_up_of.as_deref())?,
            about: cells.optional_id("about_person", about.as_deref())?,
            created_at: moment(created_at),
            updated_at: moment(updated_at),
            activity_at: moment(activity_at),
            solved_at: solved_at.map(moment),
            closed_at: closed_at.map(moment),
            version,
        })
    }
}

/// A caller and one request: everything that core needs to decide about it, from one statement.
#[derive(Debug)]
pub struct CallerAndRequest {
    /// Who is calling.
    pub caller: CallerFacts,
    /// What can decide for them at the request's organization.
    pub grants: HeldGrants,
    /// The request, if it exists.
    pub request: Option<ServiceRequest>,
    /// How they take part in it besides being its point of contact.
    pub role: Option<HeldRole>,
}

type CallerAndRequestColumns = (SessionColumns, ActorColumns, HeldColumns, RoleColumns, Nullable<RequestColumns>);
type CallerAndRequestRow = (SessionRow, ActorRow, HeldRow, RoleRow, Option<LoadedRequest>);

impl ReadTx<'_> {
    /// A request, and who is asking for it, in one statement: the hot read.
    pub fn caller_and_request(
        &mut self,
        session: SessionId,
        request: ServiceRequestId,
    ) -> Result<Option<CallerAndRequest>, StorageError> {
        let query = Sql::<CallerAndRequestColumns>::new("SELECT ")
            .push(SESSION_COLUMNS)
            .push(", ")
            .push(ACTOR_COLUMNS)
            .push(", ")
            .push(HELD_COLUMNS)
            .push(", ")
            .push(ROLE_COLUMNS)
            .push(", ")
            .push(REQUEST_COLUMNS)
            .push(CALLER_FROM)
            .push("LEFT JOIN service_requests sr ON sr.id = ")
            .bind_text(request)
            .push(REQUEST_NAMES)
            .push(
                "LEFT JOIN partner_grants gi ON gi.grantor_id = sr.organization_id AND gi.ended_at IS NULL AND gi.grantee_id = p.id \
                 LEFT JOIN partner_grants go ON go.grantor_id = sr.organization_id AND go.ended_at IS NULL AND go.grantee_id = o.id \
                 LEFT JOIN participants pa ON pa.service_request_id = sr.id AND pa.person_id = p.id WHERE s.id = ",
            )
            .bind_text(session);
        let row: Option<CallerAndRequestRow> = on!(self, |connection| query.get_result(connection).optional())?;
        let Some((session, actor, held, role, request)) = row else { return Ok(None) };
        let caller = read_caller(session, actor)?;
        Ok(Some(CallerAndRequest {
            grants: read_held(&caller.actor, held)?,
            caller,
            role: read_role(role)?,
            request: request.map(LoadedRequest::read).transpose()?,
        }))
    }

    /// A request.
    pub fn service_request(&mut self, id: ServiceRequestId) -> Result<Option<ServiceRequest>, StorageError> {
        Ok(self.load_requests(Sql::new("WHERE sr.id = ").bind_text(id))?.pop())
    }

    /// The facts about a request for somebody who is already known.
    pub fn request_facts(
        &mut self,
        actor: &mandate_core::actor::Actor,
        id: ServiceRequestId,
        now: Timestamp,
    ) -> Result<RequestFacts, StorageError> {
        let request = self.service_request(id)?;
        let (grants, role) = match &request {
            Some(request) if request.organization.id == actor.organization => {
                (HeldGrants::NONE, self.role_in(actor.id(), request.id)?)
            }
            Some(request) => (self.held_grants(actor, request.organization.id)?, self.role_in(actor.id(), request.id)?),
            None => (HeldGrants::NONE, None),
        };
        Ok(RequestFacts::of(now, actor.clone(), &grants, request, role))
    }

    fn role_in(
        &mut self,
        person: mandate_core::id::PersonId,
        request: ServiceRequestId,
    ) -> Result<Option<HeldRole>, StorageError> {
        let query = Sql::<RoleColumns>::new("SELECT ")
            .push(ROLE_COLUMNS)
            .push(" FROM participants pa WHERE pa.service_request_id = ")
            .bind_text(request)
            .push(" AND pa.person_id = ")
            .bind_text(person);
        let role: Option<RoleRow> = on!(self, |connection| query.get_result(connection).optional())?;
        read_role(role.unwrap_or_default())
    }

    /// The requests that were solved at a moment or before it and are not closed, the longest solved first (S-4).
    pub fn requests_solved_by(&mut self, moment: Timestamp, limit: i64) -> Result<Vec<ServiceRequestId>, StorageError> {
        // The word stands in the statement, because SQLite takes the index for the solved ones no other way.
        let solved = "SELECT sr.id FROM service_requests sr WHERE sr.status = 'solved' AND sr.solved_at <= ";
        let query = Sql::<Text>::new(solved)
            .bind_big(moment.micros())
            .push(" ORDER BY sr.solved_at, sr.id LIMIT ")
            .bind_big(limit);
        let ids: Vec<String> = on!(self, |connection| query.load(connection))?;
        ids.iter().map(|id| Cells::of("service_requests", id).id("id", id)).collect()
    }

    pub(crate) fn load_requests(&mut self, whose: Sql) -> Result<Vec<ServiceRequest>, StorageError> {
        let query = Sql::<RequestColumns>::new("SELECT ")
            .push(REQUEST_COLUMNS)
            .push(" FROM service_requests sr")
            .push(REQUEST_NAMES)
            .append(whose);
        let rows: Vec<LoadedRequest> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(LoadedRequest::read).collect()
    }
}

/// How somebody takes part in a request, and by which grant: `participants pa`.
pub(crate) const ROLE_COLUMNS: &str = "pa.role, pa.grant_id";
/// The SQL types of [`ROLE_COLUMNS`].
pub(crate) type RoleColumns = (Nullable<Text>, Nullable<Text>);
/// A row of [`ROLE_COLUMNS`].
pub(crate) type RoleRow = (Option<String>, Option<String>);

pub(crate) fn read_role((role, grant): RoleRow) -> Result<Option<HeldRole>, StorageError> {
    let cells = Cells::of("participants", "");
    let grant = cells.optional_id("grant_id", grant.as_deref())?;
    let role: Option<Involvement> = cells.optional_word("role", role.as_deref())?;
    Ok(role.map(|role| HeldRole { role, grant }))
}

impl WriteTx<'_> {
    /// As [`ReadTx::request_facts`]. Who came too late with an earlier attempt locks the request first, so that any number of
    /// writers to one request have their turns; the lock is a statement of its own, for facts must be read after it.
    pub fn request_facts(
        &mut self,
        actor: &mandate_core::actor::Actor,
        id: ServiceRequestId,
        now: Timestamp,
    ) -> Result<RequestFacts, StorageError> {
        if self.state.is_repeated {
            let lock = Sql::<Text>::new("SELECT id FROM service_requests WHERE id = ")
                .bind_text(id)
                .push(self.connection().row_lock());
            on!(self, |connection| lock.get_result::<String>(connection).optional())?;
        }
        ReadTx::request_facts(self, actor, id, now)
    }

    /// Saves a request, and the words of its subject.
    pub fn save_service_request(&mut self, change: &Change<ServiceRequest>) -> Result<(), StorageError> {
        let row = RequestRow::from(change.after());
        save_row!(self, service_requests, &row, change)?;
        self.save_subject_words(change)?;
        self.record(change)
    }
}
