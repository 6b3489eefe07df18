//! Lists and history of requests for grants over HTTP (G-9).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::grant_request;
use mandate_core::id::{AnyId, GrantRequestKind, OrganizationKind};
use mandate_core::vocabulary::{GrantRequestStatus, vocabulary};
use mandate_storage::RequestSide;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::caller::Caller;
use crate::extract::{PathId, Query, WholeList};
use crate::grant_list::HistoryList;
use crate::grant_request::{PartnerGrantRequestView, facts};
use crate::page::page;
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{DirectionIn, GrantRequestIdWire, GrantRequestStatusIn, OrganizationIdWire};

page!(PartnerGrantRequestPage, PartnerGrantRequestView);

/// Which requests to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPartnerGrantRequestsQuery {
    /// `received` (the default): made to this organization; `sent`: made by it and its people.
    #[param(nullable = false)]
    direction: Option<DirectionIn>,
    /// In one of these states.
    #[serde(default)]
    status: Vec<GrantRequestStatusIn>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

vocabulary! {
    /// Which requests an organization lists.
    Direction ("direction") {
        /// Made to it.
        Received = "received",
        /// Made by it and its people.
        Sent = "sent",
    }
}

/// List requests for grants
///
/// For designated contacts of the organization and the desk. Newest first.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "listPartnerGrantRequests",
    params(("organization_id" = OrganizationIdWire, Path, description = "One of the two sides."), ListPartnerGrantRequestsQuery),
    responses((status = 200, description = "A page of requests.", body = PartnerGrantRequestPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/partner-grant-requests")]
pub(crate) async fn list_partner_grant_requests(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListPartnerGrantRequestsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let statuses: Vec<GrantRequestStatus> = value.status.iter().map(|status| status.0).collect();
    errors.finish(|| Some(()))?;
    let page = request.page.clone();
    let side = match value.direction.map_or(Direction::Received, |direction| direction.0) {
        Direction::Received => RequestSide::Received(organization.0),
        Direction::Sent => RequestSide::Sent(organization.0),
    };
    let (slice, asker) = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            grant_request::allow_list(&standing, organization.0)?;
            Ok((tx.grant_requests(side, asker.now, &statuses, &page)?, asker.clone()))
        })
        .await?;
    let views = slice.rows.iter().map(|one| PartnerGrantRequestView::of(one, asker.now, &asker.actor)).collect();
    Ok(request.answer::<PartnerGrantRequestPage>(views, slice.next.as_ref()))
}

/// Read the history of a request for a grant
///
/// For whoever may read the request: who did what when, oldest first.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "getPartnerGrantRequestHistory",
    params(("partner_grant_request_id" = GrantRequestIdWire, Path, description = "The request.")),
    responses((status = 200, description = "Its history.", body = HistoryList), Problems),
    extensions(("x-codes" = json!(["permission_required"]))))]
#[get("/v1/partner-grant-requests/{partner_grant_request_id}/history")]
pub(crate) async fn get_partner_grant_request_history(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantRequestKind>,
    _: WholeList,
) -> Result<HttpResponse, Problem> {
    let entries = app
        .read(caller, move |tx, asker| {
            let request = grant_request::view(facts(tx, &asker.actor, asker.now, id.0)?)?.into_value();
            Ok(tx.journal_of_subject(request.grantee.organization(), AnyId::from(request.id), 0, 1_000)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(HistoryList::read(entries)?))
}
