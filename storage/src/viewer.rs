//! Who may turn out to see a service request (G-15). Core decides for each of them.

use diesel::prelude::*;
use mandate_core::id::{OrganizationId, ServiceRequestId};
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::{PersonStatus, Vocabulary as _};

use crate::backend::on;
use crate::error::StorageError;
use crate::partner_grant::{HELD_COLUMNS, HeldColumns, HeldRow, read_held};
use crate::people::{ACTOR_COLUMNS, ActorColumns, ActorRow};
use crate::service_request::{ROLE_COLUMNS, RoleColumns, RoleRow, read_role};
use crate::sql::Sql;
use crate::tx::ReadTx;

/// The SQL types of [`select_candidate`].
pub(crate) type CandidateColumns = (ActorColumns, HeldColumns, RoleColumns);
/// A row of [`select_candidate`].
pub(crate) type CandidateRow = (ActorRow, HeldRow, RoleRow);

/// The beginning of a statement that finds candidates: `people p`, their `organizations o`, the organization `ro` of the request,
/// grants `gi` to the person and `go` to their organization, and `participants pa`.
pub(crate) fn select_candidate<ST>() -> Sql<ST> {
    Sql::new("SELECT ").push(ACTOR_COLUMNS).push(", ").push(HELD_COLUMNS).push(", ").push(ROLE_COLUMNS)
}

/// Goes on with everybody as a candidate for a request of an organization, or for one to be.
pub(crate) fn from_everybody<ST>(
    query: Sql<ST>,
    organization: OrganizationId,
    request: Option<ServiceRequestId>,
) -> Sql<ST> {
    query
        .push(" FROM people p JOIN organizations o ON o.id = p.organization_id LEFT JOIN organizations ro ON ro.id = ")
        .bind_text(organization)
        .push(
            " LEFT JOIN partner_grants gi ON gi.grantor_id = ro.id AND gi.ended_at IS NULL AND gi.grantee_id = p.id \
             LEFT JOIN partner_grants go ON go.grantor_id = ro.id AND go.ended_at IS NULL AND go.grantee_id = o.id \
             LEFT JOIN participants pa ON pa.person_id = p.id AND pa.service_request_id = ",
        )
        .bind_text(request.map(|request| request.to_string()).unwrap_or_default())
}

/// Reads a candidate.
pub(crate) fn read_candidate((person, held, role): CandidateRow) -> Result<Candidate, StorageError> {
    let (person, organization_status) = person.read()?;
    let grants = read_held(&person, held)?;
    Ok(Candidate { person, organization_status, grants, role: read_role(role)? })
}

impl ReadTx<'_> {
    /// The active people of the request's organization, of the vendor and of everybody who holds a grant without an
    /// ending, in the order of their ids, from after one id on.
    pub fn viewer_candidates(
        &mut self,
        request: ServiceRequestId,
        organization: OrganizationId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Candidate>, StorageError> {
        let query = from_everybody(select_candidate::<CandidateColumns>(), organization, Some(request))
            .push(" WHERE p.status = ")
            .bind_text(PersonStatus::Active.name())
            // The word stands in the statement, because its index is found no other way.
            .push(" AND p.organization_id IN (SELECT v.id FROM organizations v WHERE v.kind = 'vendor'")
            .push(" UNION ALL SELECT v.id FROM organizations v WHERE v.id = ")
            .bind_text(organization)
            .push(" UNION ALL SELECT h.grantee_organization_id FROM partner_grants h WHERE h.ended_at IS NULL AND h.grantor_id = ")
            .bind_text(organization)
            .push(") AND p.id > ")
            .bind_text(after)
            .push(" ORDER BY p.id LIMIT ")
            .bind_big(limit);
        let rows: Vec<CandidateRow> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(read_candidate).collect()
    }
}
