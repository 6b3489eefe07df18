//! Lists of contacts over HTTP (C-18).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::contact;
use mandate_core::id::OrganizationKind;
use mandate_core::text::{EMAIL_MAX, Flaw, SEARCH_MAX, SearchText};
use mandate_storage::{ContactFilter, ContactSort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::contact::ContactView;
use crate::extract::{PathId, Query, WholeList};
use crate::page::{PageRequest, page};
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{
    ContactIdWire, ContactTypeIn, DutyIn, OrganizationIdWire, PermissionIn, PersonStatusIn, SiteIdWire, TimestampWire,
};

page!(ContactPage, ContactView);

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
    /// Whose name or email contains this, without regard to case.
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
    #[param(nullable = false, example = "name")]
    sort: Option<String>,
    /// `asc` (the default) or `desc`.
    #[param(nullable = false, example = "asc")]
    order: Option<String>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

fn sort(text: &str) -> Result<ContactSort, Flaw> {
    match text {
        "name" => Ok(ContactSort::Name),
        "email" => Ok(ContactSort::Email),
        "created_at" => Ok(ContactSort::CreatedAt),
        "last_sign_in_at" => Ok(ContactSort::LastSignInAt),
        _ => Err(Flaw::new(
            "invalid_value",
            format!("`{text}` is not one of `name`, `email`, `created_at`, `last_sign_in_at`"),
        )),
    }
}

/// Reads `asc` or `desc`; true for the latter.
pub(crate) fn is_descending(text: &str) -> Result<bool, Flaw> {
    match text {
        "asc" => Ok(false),
        "desc" => Ok(true),
        _ => Err(Flaw::new("invalid_value", format!("`{text}` is not one of `asc`, `desc`"))),
    }
}

/// List contacts
///
/// All of them, the disabled ones included, for designated contacts of the organization, partners with `full_admin`, and
/// the desk.
#[utoipa::path(tag = "contacts", operation_id = "listContacts",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), ListContactsQuery),
    responses((status = 200, description = "A page of contacts.", body = ContactPage), Problems))]
#[get("/v1/organizations/{organization_id}/contacts")]
pub(crate) async fn list_contacts(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListContactsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = PageRequest::read(
        &mut errors,
        listing,
        (value.limit, value.cursor.as_deref()),
        caller.claims.person,
        &app.cursors,
    );
    let search = errors.optional("q", &value.q, SearchText::parse);
    let sort = errors.optional("sort", &value.sort, sort).unwrap_or(ContactSort::Name);
    let descending = errors.optional("order", &value.order, is_descending).unwrap_or(false);
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
    let page = request.page.clone();
    let slice = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            contact::allow_list(&standing, organization.0)?;
            Ok(tx.contacts(organization.0, &filter, &page)?)
        })
        .await?;
    Ok(request.answer::<ContactPage>(slice.rows.iter().map(ContactView::from).collect(), slice.next.as_ref()))
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
    responses((status = 200, description = "The active contact managers.", body = ContactManagerList), Problems))]
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
