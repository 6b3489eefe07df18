//! Lists of service requests: a reach from core, narrowed by filters (S-11).

use diesel::prelude::*;
use mandate_core::actor::Actor;
use mandate_core::id::{OrganizationId, PersonId, StaffId};
use mandate_core::request_access::{Reach, acting_levels, reading_levels};
use mandate_core::service_request::ServiceRequest;
use mandate_core::text::SearchText;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Category, RequestStatus, Vocabulary as _};

use crate::backend::on;
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::partner_grant::{live_grantors, reaching};
use crate::service_request::{LoadedRequest, REQUEST_COLUMNS, REQUEST_NAMES, RequestColumns};
use crate::sql::{Sql, like, once};
use crate::tx::ReadTx;

/// Which part of what one may see a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestView {
    /// Submitted by the reader, or with the reader as point of contact or assignee.
    Mine,
    /// The reader's own organization's.
    Organization,
    /// Those of the organizations that granted the reader access.
    Customers,
    /// All that the reader may see.
    All,
}

/// Which requests a list asks for; empty filters ask for all that the reach allows.
#[derive(Debug, Clone)]
pub struct RequestFilter {
    /// Which part.
    pub view: RequestView,
    /// Of these organizations.
    pub organizations: Vec<OrganizationId>,
    /// In one of these states.
    pub statuses: Vec<RequestStatus>,
    /// Of one of these severities.
    pub severities: Vec<i32>,
    /// Of one of these categories.
    pub categories: Vec<Category>,
    /// Whether agents work with a partner.
    pub partner_managed: Option<bool>,
    /// Submitted by one of these.
    pub submitted_by: Vec<PersonId>,
    /// With one of these as point of contact.
    pub point_of_contact: Vec<PersonId>,
    /// Assigned to one of these.
    pub assigned_to: Vec<StaffId>,
    /// Created at or after this moment.
    pub created_after: Option<Timestamp>,
    /// Created before this moment.
    pub created_before: Option<Timestamp>,
    /// Whose subject or visible messages contain this.
    pub search: Option<SearchText>,
}

/// What the access table says, as a piece of SQL. The two are compared in tests (S-11).
fn reached(reach: &Reach, actor: &Actor, now: Timestamp) -> Sql {
    let mut query = Sql::new(" AND (");
    if reach.reaches_everything() {
        return query.push("TRUE)");
    }
    let named = |query: Sql| {
        query
            .push("sr.point_of_contact_id = ")
            .bind_text(reach.person())
            .push(" OR EXISTS (SELECT 1 FROM participants pa WHERE pa.service_request_id = sr.id AND pa.person_id = ")
            .bind_text(reach.person())
            .push(")")
    };
    if reach.reaches_own() {
        query = query.push("(sr.organization_id = ").bind_text(reach.organization());
        if !reach.guards_own() {
            query = named(
                query.push(" AND (NOT sr.confidential OR sr.submitted_by = ").bind_text(reach.person()).push(" OR "),
            );
            query = query.push(")");
        }
        query = query.push(") OR ");
    }
    query = query
        .push("(sr.organization_id IN (")
        .append(live_grantors(actor, now, reading_levels()))
        .push(") AND ")
        .append(reaching(actor, now))
        .push(") OR ((");
    named(query).push(") AND sr.organization_id IN (").append(live_grantors(actor, now, acting_levels())).push(")))")
}

fn narrowed(filter: &RequestFilter, reach: &Reach) -> Sql {
    let person = reach.person();
    let mut query = match filter.view {
        RequestView::All => Sql::new(""),
        RequestView::Organization => Sql::new(" AND sr.organization_id = ").bind_text(reach.organization()),
        RequestView::Customers => Sql::new(" AND sr.organization_id <> ").bind_text(reach.organization()),
        RequestView::Mine => Sql::new(" AND (sr.submitted_by = ")
            .bind_text(person)
            .push(" OR sr.point_of_contact_id = ")
            .bind_text(person)
            .push(" OR sr.assigned_to = ")
            .bind_text(person)
            .push(")"),
    };
    query = one_of(query, " AND sr.organization_id IN (", &filter.organizations);
    query = one_of(query, " AND sr.submitted_by IN (", &filter.submitted_by);
    query = one_of(query, " AND sr.point_of_contact_id IN (", &filter.point_of_contact);
    query = one_of(query, " AND sr.assigned_to IN (", &filter.assigned_to);
    let statuses: Vec<&str> = filter.statuses.iter().map(|status| status.name()).collect();
    query = one_of(query, " AND sr.status IN (", &statuses);
    let categories: Vec<&str> = filter.categories.iter().map(|category| category.name()).collect();
    query = one_of(query, " AND sr.category IN (", &categories);
    for (position, severity) in once(&filter.severities).enumerate() {
        query = query.push(if position == 0 { " AND sr.severity IN (" } else { ", " }).bind_integer(*severity);
    }
    if !filter.severities.is_empty() {
        query = query.push(")");
    }
    match filter.partner_managed {
        None => query,
        Some(true) => query.push(" AND sr.point_of_contact_organization_id <> sr.organization_id"),
        Some(false) => query.push(
            " AND (sr.point_of_contact_organization_id IS NULL OR sr.point_of_contact_organization_id = sr.organization_id)",
        ),
    }
}

fn one_of<T: std::fmt::Display>(query: Sql, words: &'static str, values: &[T]) -> Sql {
    if values.is_empty() { query } else { query.push(words).bind_texts(values).push(")") }
}

fn in_time_and_text(filter: &RequestFilter, sees_internal: bool) -> Sql {
    let mut query = Sql::new("");
    if let Some(moment) = filter.created_after {
        query = query.push(" AND sr.created_at >= ").bind_big(moment.micros());
    }
    if let Some(moment) = filter.created_before {
        query = query.push(" AND sr.created_at < ").bind_big(moment.micros());
    }
    if let Some(search) = &filter.search {
        let pattern = like(search.as_str());
        let visible = if sees_internal { "" } else { " AND NOT m.internal" };
        query = query
            .push(" AND (sr.subject_folded LIKE ")
            .bind_text(&pattern)
            .push(" ESCAPE '!' OR EXISTS (SELECT 1 FROM messages m WHERE m.service_request_id = sr.id AND m.body_folded LIKE ")
            .bind_text(&pattern)
            .push(" ESCAPE '!'")
            .push(visible)
            .push("))");
    }
    query
}

impl ReadTx<'_> {
    /// Requests within a reach, newest activity first (S-11).
    pub fn service_requests(
        &mut self,
        actor: &Actor,
        reach: &Reach,
        now: Timestamp,
        filter: &RequestFilter,
        page: &Page,
    ) -> Result<Slice<ServiceRequest>, StorageError> {
        let mut query = Sql::<RequestColumns>::new("SELECT ")
            .push(REQUEST_COLUMNS)
            .push(" FROM service_requests sr")
            .push(REQUEST_NAMES)
            .push("WHERE TRUE")
            .append(reached(reach, actor, now))
            .append(narrowed(filter, reach))
            .append(in_time_and_text(filter, reach.reaches_everything()));
        query = page.descending(query, "sr.activity_at", "sr.id");
        let rows: Vec<LoadedRequest> = on!(self, |connection| query.load(connection))?;
        let requests = rows.into_iter().map(LoadedRequest::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Slice::cut(requests, page, |request| Position {
            key: SortKey::Number(request.activity_at.micros()),
            id: request.id.to_string(),
        }))
    }
}
