//! Who may want to be called about a service request (C-19). Core decides for each of them.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use mandate_core::preferences::NotificationPreferences;
use mandate_core::service_request::ServiceRequest;
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::{PersonStatus, Vocabulary as _};

use crate::backend::on;
use crate::column::Cells;
use crate::error::StorageError;
use crate::people::read_preferences;
use crate::tx::ReadTx;
use crate::viewer::{CandidateColumns, CandidateRow, from_everybody, read_candidate, select_candidate};

type CallColumns = (CandidateColumns, Nullable<Text>);
type CallRow = (CandidateRow, Option<String>);

impl ReadTx<'_> {
    /// The active people who want to be called about the request's severity: those who take part in it first, then its
    /// organization's own contacts, by name.
    pub fn call_candidates(
        &mut self,
        request: &ServiceRequest,
        limit: i64,
    ) -> Result<Vec<(Candidate, NotificationPreferences)>, StorageError> {
        let point_of_contact =
            request.point_of_contact.as_ref().map(|person| person.id.to_string()).unwrap_or_default();
        let everybody = select_candidate::<CallColumns>().push(", p.preferences");
        let query = from_everybody(everybody, request.organization.id, Some(request.id))
            .push(" WHERE p.status = ")
            .bind_text(PersonStatus::Active.name())
            .push(" AND p.preferences LIKE ")
            .bind_text(format!("%\"severity_{}\":{{%", request.severity))
            .push(" AND p.id IN (SELECT c.id FROM people c WHERE c.preferences IS NOT NULL AND c.organization_id = ")
            .bind_text(request.organization.id)
            .push(" UNION ALL SELECT t.person_id FROM participants t WHERE t.service_request_id = ")
            .bind_text(request.id)
            .push(" UNION ALL SELECT s.point_of_contact_id FROM service_requests s WHERE s.id = ")
            .bind_text(request.id)
            .push(") ORDER BY CASE WHEN pa.role IS NOT NULL OR p.id = ")
            .bind_text(point_of_contact)
            .push(" THEN 0 ELSE 1 END, p.sort_name, p.id LIMIT ")
            .bind_big(limit);
        let rows: Vec<CallRow> = on!(self, |connection| query.load(connection))?;
        rows.into_iter()
            .map(|(candidate, preferences)| {
                let candidate = read_candidate(candidate)?;
                let id = candidate.person.id().to_string();
                Ok((candidate, read_preferences(&Cells::of("people", &id), preferences.as_deref())?))
            })
            .collect()
    }
}
