//! Who can see a service request, over HTTP (G-15).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::id::ServiceRequestKind;
use mandate_core::service_request::ServiceRequest;
use mandate_core::time::Timestamp;
use mandate_core::viewer::{self, Viewer};
use mandate_storage::{Page, Position, ReadTx, Slice, SortKey};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::extract::{PathId, Query};
use crate::page::page;
use crate::person::PersonRefView;
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{GrantIdWire, InvolvementOut, LevelOut, PathOut, ServiceRequestIdWire};

/// How many candidates are looked at per statement.
const CANDIDATES: i64 = 500;

/// Somebody who can see a service request, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewerView {
    /// Who.
    person: PersonRefView,
    /// By what: `own_organization`, `individual_grant`, `organization_grant`, `staff_role` or `participant`.
    path: PathOut,
    /// The level, where a grant decides.
    #[schema(required = true)]
    level: Option<LevelOut>,
    /// The grant that decides.
    #[schema(required = true)]
    grant_id: Option<GrantIdWire>,
    /// How they take part in the request: `point_of_contact`, `secondary`, `cc` or not at all.
    #[schema(required = true)]
    role: Option<InvolvementOut>,
}

page!(ViewerPage, ViewerView);

impl From<&Viewer> for ViewerView {
    fn from(viewer: &Viewer) -> Self {
        Self {
            person: PersonRefView::from(&viewer.person),
            path: viewer.path.into(),
            level: viewer.held.map(|held| held.level.into()),
            grant_id: viewer.held.map(|held| held.grant.into()),
            role: viewer.involvement.map(Into::into),
        }
    }
}

/// Which part of the viewers to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListViewersQuery {
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List who can see a service request
///
/// For designated contacts of its organization and the desk: everyone who can see it now, and why.
#[utoipa::path(tag = "service-requests", operation_id = "listServiceRequestViewers",
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request."), ListViewersQuery),
    responses((status = 200, description = "A page of viewers.", body = ViewerPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/service-requests/{service_request_id}/viewers")]
pub(crate) async fn list_service_request_viewers(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    query: Query<ListViewersQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    errors.finish(|| Some(()))?;
    let page = request.page.clone();
    let slice = app
        .read(caller, move |tx, asker| {
            let facts = tx.request_facts(&asker.actor, request_id.0, asker.now)?;
            let service_request = viewer::allow_list(&facts)?;
            viewers(tx, asker.now, &service_request, &page)
        })
        .await?;
    Ok(request.answer::<ViewerPage>(slice.rows.iter().map(ViewerView::from).collect(), slice.next.as_ref()))
}

/// Looks at candidates, in the order of their ids, until a page is full or nobody is left.
fn viewers(
    tx: &mut ReadTx<'_>,
    now: Timestamp,
    request: &ServiceRequest,
    page: &Page,
) -> Result<Slice<Viewer>, Problem> {
    let mut after = page.after.as_ref().map(|position| position.id.clone()).unwrap_or_default();
    let mut rows = Vec::new();
    loop {
        let candidates = tx.viewer_candidates(request.id, request.organization.id, &after, CANDIDATES)?;
        let Some(last) = candidates.last().map(|candidate| candidate.person.id().to_string()) else { break };
        after = last;
        rows.extend(candidates.into_iter().filter_map(|candidate| viewer::consider(now, request, candidate)));
        if rows.len() > page.limit {
            break;
        }
    }
    let more = rows.len() > page.limit;
    rows.truncate(page.limit);
    let position = |viewer: &Viewer| {
        let id = viewer.person.id.to_string();
        Position { key: SortKey::Text(id.clone()), id }
    };
    let next = if more { rows.last().map(position) } else { None };
    Ok(Slice { rows, next })
}
