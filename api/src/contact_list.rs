//! Lists of contacts over HTTP (C-18).

use std::sync::Arc;

use actix_web::http::header::{HeaderValue, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use mandate_core::contact;
use mandate_core::id::OrganizationKind;
use mandate_core::say;
use mandate_core::text::{EMAIL_MAX, Flaw, SEARCH_MAX, SearchWords};
use mandate_storage::{ContactFilter, ContactSort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::contact::ContactView;
use crate::contact_export::Export;
use crate::extract::{PathId, Query, WholeList};
use crate::page::{Order, page};
use crate::problem::{Problem, Problems};
use crate::routes_table::{asks_for, preferred};
use crate::state::App;
use crate::wire::{
    ContactIdWire, ContactSortIn, ContactTypeIn, DutyIn, OrderIn, OrganizationIdWire, PermissionIn, PersonStatusIn,
    SiteIdWire, TimestampWire,
};

page!(ContactPage, ContactView);

/// The other form of the list.
const CSV: &str = "text/csv";
/// The parameter of it that asks for a byte order mark.
const MARKED: &str = "header=bom";

/// Which contacts to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListContactsQuery {
    /// In one of these states.
    #[serde(default)]
    status: Vec<PersonStatusIn>,
    /// With one of these permissions.
    #[serde(default)]
    permission: Vec<PermissionIn>,
    /// Of one of these types.
    #[serde(default, rename = "type")]
    #[param(rename = "type")]
    kind: Vec<ContactTypeIn>,
    /// With one of these duties.
    #[serde(default)]
    duty: Vec<DutyIn>,
    /// Who work at one of these sites.
    #[serde(default)]
    site_id: Vec<SiteIdWire>,
    /// Words, in whatever order and case, each of which begins a word of the name or of the email: `sil ana` and
    /// `ana.silva@acme.example` find Ana Silva. Words end at white space and ASCII punctuation.
    #[validate(length(max = SEARCH_MAX))]
    #[param(nullable = false, max_length = 200, example = "silva")]
    q: Option<String>,
    /// With exactly this email.
    #[validate(length(max = EMAIL_MAX))]
    #[param(nullable = false, max_length = 254, example = "ana.silva@acme.example")]
    email: Option<String>,
    /// Who did not sign in since this moment, or never.
    #[param(nullable = false)]
    last_sign_in_before: Option<TimestampWire>,
    /// Who was not confirmed since this moment, or never.
    #[param(nullable = false)]
    last_confirmed_before: Option<TimestampWire>,
    /// `name` (the default: last name, then first name), `email`, `created_at` or `last_sign_in_at`.
    #[param(nullable = false)]
    sort: Option<ContactSortIn>,
    /// `asc` (the default) or `desc`.
    #[param(nullable = false)]
    order: Option<OrderIn>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List contacts
///
/// All of them, the disabled ones included, for designated contacts of the organization, partners with `full_admin`, and
/// the desk. With `Accept: text/csv` all that match come as one file, which an import reads back: first the columns of an
/// import, then `id`, `status`, `last_sign_in_at`, `last_confirmed_at` and `created_at`. `limit` and `cursor` are refused there. What
/// a spreadsheet would take for a formula has a `'` in front of it. `Accept: text/csv; header=bom` is for files that a spreadsheet
/// opens: they begin with a byte order mark.
#[utoipa::path(tag = "contacts", operation_id = "listContacts",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), ListContactsQuery),
    responses((status = 200, description = "A page of contacts, or all of them as CSV.", content((ContactPage = "application/json"), (String = "text/csv"))), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/contacts")]
pub(crate) async fn list_contacts(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListContactsQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let as_csv = preferred(request.headers(), &["application/json", CSV]) == Some(CSV);
    if as_csv {
        let whole = |parameter| {
            (parameter, Flaw::new("not_allowed", say!("a list as CSV is whole and has no pages: leave it out")))
        };
        let (limit, cursor) = (value.limit.map(|_| whole("limit")), value.cursor.as_ref().map(|_| whole("cursor")));
        limit.into_iter().chain(cursor).for_each(|(parameter, flaw)| errors.add(parameter, flaw));
    }
    let pages = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let search = errors.optional("q", &value.q, SearchWords::parse);
    let sort = value.sort.map_or(ContactSort::Name, |sort| sort.0);
    let descending = value.order.is_some_and(|order| order.0 == Order::Desc);
    let filter = errors.finish(|| {
        Some(ContactFilter {
            statuses: value.status.iter().map(|status| status.0).collect(),
            permissions: value.permission.iter().map(|permission| permission.0).collect(),
            kinds: value.kind.iter().map(|kind| kind.0).collect(),
            duties: value.duty.iter().map(|duty| duty.0).collect(),
            sites: value.site_id.iter().map(|site| site.0).collect(),
            email: value.email,
            search,
            last_sign_in_before: value.last_sign_in_before.map(|moment| moment.0),
            last_confirmed_before: value.last_confirmed_before.map(|moment| moment.0),
            sort,
            descending,
        })
    })?;
    if as_csv {
        let is_marked = asks_for(request.headers(), CSV, MARKED);
        let export = Export { app: Arc::clone(&app), caller, organization: organization.0, filter, is_marked };
        return export.answer().await.map(depends_on_accept);
    }
    let page = pages.page.clone();
    let (data, next) = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            contact::allow_list(&standing, organization.0)?;
            let slice = tx.contacts(organization.0, &filter, &page)?;
            let data: Vec<_> = slice.rows.iter().map(|contact| ContactView::of(contact, &asker.actor)).collect();
            Ok((data, slice.next))
        })
        .await?;
    Ok(depends_on_accept(pages.answer::<ContactPage>(data, next.as_ref())))
}

/// Says to caches that another `Accept` gets another answer.
fn depends_on_accept(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// A contact manager, as everybody of the organization may see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactManagerView {
    /// Their id.
    id: ContactIdWire,
    /// First and last name.
    #[schema(example = "Ana Silva")]
    name: String,
    /// The user id.
    #[schema(format = "email", example = "ana.silva@acme.example")]
    email: String,
    /// Phone.
    #[schema(required = true, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// Whether they are a primary support contact too.
    #[schema(example = true)]
    primary_support: bool,
}

/// The active contact managers of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactManagerList {
    /// All of them, by name.
    data: Vec<ContactManagerView>,
    /// Always `null`: the list is whole.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List contact managers
///
/// Anyone in the organization sees who the active contact managers are.
#[utoipa::path(tag = "contacts", operation_id = "listContactManagers",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 200, description = "The active contact managers.", body = ContactManagerList), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/contact-managers")]
pub(crate) async fn list_contact_managers(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    _: WholeList,
) -> Result<HttpResponse, Problem> {
    let managers = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            contact::allow_managers(&standing, organization.0)?;
            Ok(tx.contact_managers(organization.0)?)
        })
        .await?;
    let view = |manager: &contact::Contact| ContactManagerView {
        id: manager.id.into(),
        name: manager.name(),
        email: manager.profile.email.to_string(),
        phone: manager.profile.phone.as_ref().map(ToString::to_string),
        primary_support: manager.is_active_primary(),
    };
    Ok(HttpResponse::Ok().json(ContactManagerList { data: managers.iter().map(view).collect(), next_cursor: None }))
}
