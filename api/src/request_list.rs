//! Lists of service requests over HTTP (S-11).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::request_access;
use mandate_core::say;
use mandate_core::service_request::{SEVERITY_MAX, SEVERITY_MIN};
use mandate_core::text::{Flaw, SEARCH_MAX, SearchWords};
use mandate_storage::{RequestFilter, RequestView};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::caller::Caller;
use crate::extract::Query;
use crate::page::page;
use crate::problem::{Problem, Problems};
use crate::service_request::{ServiceRequestView, shown};
use crate::state::App;
use crate::wire::{
    CategoryIn, OrganizationIdWire, PersonIdWire, RequestStatusIn, RequestViewIn, StaffIdWire, TimestampWire,
};

page!(ServiceRequestPage, ServiceRequestView);

/// Which service requests to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListServiceRequestsQuery {
    /// Of one of these organizations.
    #[serde(default)]
    organization_id: Vec<OrganizationIdWire>,
    /// `mine`, `organization`, `customers` or `all` (the default): which part of what the caller may see.
    #[param(nullable = false)]
    view: Option<RequestViewIn>,
    /// In one of these states.
    #[serde(default)]
    status: Vec<RequestStatusIn>,
    /// Of one of these severities, 1 to 4.
    #[serde(default)]
    #[param(minimum = 1, maximum = 4)]
    severity: Vec<i32>,
    /// Of one of these categories.
    #[serde(default)]
    category: Vec<CategoryIn>,
    /// Whether the point of contact is a partner.
    #[param(nullable = false)]
    partner_managed: Option<bool>,
    /// Submitted by one of these.
    #[serde(default)]
    submitted_by: Vec<PersonIdWire>,
    /// With one of these as point of contact.
    #[serde(default)]
    point_of_contact: Vec<PersonIdWire>,
    /// Assigned to one of these.
    #[serde(default)]
    assigned_to: Vec<StaffIdWire>,
    /// Created at or after this moment.
    #[param(nullable = false)]
    created_after: Option<TimestampWire>,
    /// Created before this moment.
    #[param(nullable = false)]
    created_before: Option<TimestampWire>,
    /// Words, each of which begins a word of the subject or of a visible message, without regard to case; different words may be in
    /// different messages.
    #[validate(length(max = SEARCH_MAX))]
    #[param(nullable = false, max_length = 200, example = "error 500")]
    q: Option<String>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List service requests
///
/// Newest activity first. What the caller may not see is neither listed nor counted.
#[utoipa::path(tag = "service-requests", operation_id = "listServiceRequests", params(ListServiceRequestsQuery),
    responses((status = 200, description = "A page of service requests.", body = ServiceRequestPage), Problems))]
#[get("/v1/service-requests")]
pub(crate) async fn list_service_requests(
    app: Data<Arc<App>>,
    caller: Caller,
    query: Query<ListServiceRequestsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let view = value.view.map_or(RequestView::All, |view| view.0);
    let search = errors.optional("q", &value.q, SearchWords::parse);
    if value.severity.iter().any(|severity| !(SEVERITY_MIN..=SEVERITY_MAX).contains(severity)) {
        errors.add(
            "severity",
            Flaw::new("out_of_range", say!("must be from {min} to {max}", min = SEVERITY_MIN, max = SEVERITY_MAX)),
        );
    }
    let filter = errors.finish(|| {
        Some(RequestFilter {
            view,
            organizations: value.organization_id.iter().map(|id| id.0).collect(),
            statuses: value.status.iter().map(|status| status.0).collect(),
            severities: value.severity,
            categories: value.category.iter().map(|category| category.0).collect(),
            partner_managed: value.partner_managed,
            submitted_by: value.submitted_by.iter().map(|id| id.0).collect(),
            point_of_contact: value.point_of_contact.iter().map(|id| id.0).collect(),
            assigned_to: value.assigned_to.iter().map(|id| id.0).collect(),
            created_after: value.created_after.map(|moment| moment.0),
            created_before: value.created_before.map(|moment| moment.0),
            search,
        })
    })?;
    let page = request.page.clone();
    let (rows, next) = app
        .read(caller, move |tx, asker| {
            let reach = request_access::reach(&asker.actor);
            let slice = tx.service_requests(&asker.actor, &reach, asker.now, &filter, &page)?;
            let rows = slice.rows.iter().map(|request| shown(tx, &asker.actor, asker.now, request));
            Ok((rows.collect::<Result<Vec<_>, _>>()?, slice.next))
        })
        .await?;
    Ok(request.answer::<ServiceRequestPage>(rows, next.as_ref()))
}
