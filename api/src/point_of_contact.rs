//! Who can be the point of contact of a service request, over HTTP (S-2).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::actor::Actor;
use mandate_core::id::{OrganizationId, OrganizationKind};
use mandate_core::point_of_contact::{self, Choice};
use mandate_core::text::{SEARCH_MAX, SearchWords};
use mandate_core::time::Timestamp;
use mandate_storage::{Page, Position, ReadTx, Slice};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::extract::{PathId, Query};
use crate::page::page;
use crate::person::PersonRefView;
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{LevelOut, OrganizationIdWire};

/// How many candidates are looked at per statement.
const CANDIDATES: usize = 500;

/// Somebody whom the caller can name as the point of contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct PointOfContactCandidateView {
    /// Who.
    person: PersonRefView,
    /// Whether they are an enabled partner rather than a contact of the organization itself.
    #[schema(example = false)]
    partner: bool,
    /// The partner's level; `null` for the organization's own contacts.
    #[schema(required = true)]
    level: Option<LevelOut>,
}

page!(PointOfContactCandidatePage, PointOfContactCandidateView);

impl From<&Choice> for PointOfContactCandidateView {
    fn from(choice: &Choice) -> Self {
        Self {
            person: PersonRefView::from(&choice.person),
            partner: choice.level.is_some(),
            level: choice.level.map(Into::into),
        }
    }
}

/// Which of those who can be the point of contact to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPointOfContactCandidatesQuery {
    /// Words, in whatever order and case, each of which begins a word of the name or of the email.
    #[validate(length(max = SEARCH_MAX))]
    #[param(nullable = false, max_length = 200, example = "silva")]
    q: Option<String>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List who can be the point of contact
///
/// For whoever may create service requests for the organization, exactly those whom they can name: its designated contacts and, for
/// its own contacts, enabled partners. Sorted by name.
#[utoipa::path(tag = "participants", operation_id = "listPointOfContactCandidates",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), ListPointOfContactCandidatesQuery),
    responses((status = 200, description = "A page of candidates.", body = PointOfContactCandidatePage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/point-of-contact-candidates")]
pub(crate) async fn list_point_of_contact_candidates(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListPointOfContactCandidatesQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let pages = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let search = errors.optional("q", &value.q, SearchWords::parse);
    errors.finish(|| Some(()))?;
    let page = pages.page.clone();
    let slice = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            point_of_contact::allow_list(&standing, organization.0)?;
            choices(tx, asker.now, &asker.actor, organization.0, search.as_ref(), &page)
        })
        .await?;
    let data = slice.rows.iter().map(PointOfContactCandidateView::from).collect();
    Ok(pages.answer::<PointOfContactCandidatePage>(data, slice.next.as_ref()))
}

/// Looks at candidates, by name, until a page is full or nobody is left.
fn choices(
    tx: &mut ReadTx<'_>,
    now: Timestamp,
    actor: &Actor,
    organization: OrganizationId,
    search: Option<&SearchWords>,
    page: &Page,
) -> Result<Slice<Choice>, Problem> {
    let mut chunk = Page { limit: CANDIDATES, after: page.after.clone() };
    let mut found: Vec<(Choice, Position)> = Vec::new();
    while found.len() <= page.limit {
        let candidates = tx.point_of_contact_candidates(organization, now, search, &chunk)?;
        let Some((_, last)) = candidates.last() else { break };
        chunk.after = Some(last.clone());
        let choice = |(candidate, position)| {
            point_of_contact::consider(now, organization, actor, &candidate).map(|choice| (choice, position))
        };
        found.extend(candidates.into_iter().filter_map(choice));
    }
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let next = if more { found.last().map(|(_, position)| position.clone()) } else { None };
    Ok(Slice { rows: found.into_iter().map(|(choice, _)| choice).collect(), next })
}
