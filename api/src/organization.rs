//! Organizations over HTTP (O-1).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::access::Visible;
use mandate_core::change::Change;
use mandate_core::contact::NewContact;
use mandate_core::id::{OrganizationId, OrganizationKind};
use mandate_core::organization::{
    self, CreateFacts, CreateOrganization, EditFacts, EditOrganization, Organization, REVIEW_DAYS_MAX, REVIEW_DAYS_MIN,
};
use mandate_core::refusal::Refusal;
use mandate_core::say;
use mandate_core::text::{Domain, Flaw, ORGANIZATION_NAME_MAX, OrganizationName, SEARCH_MAX, SearchText};
use mandate_core::vocabulary::{ContactType, Permission};
use mandate_storage::{Fence, OrganizationFilter, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::escalation_guard::follow_suspension;
use crate::extract::{Body, Empty, OptionalBody, PathId, Query};
use crate::input::{Errors, present};
use crate::page::page;
use crate::person::PersonBody;
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{
    OrganizationIdWire, OrganizationStatusIn, OrganizationStatusOut, OrganizationTypeIn, OrganizationTypeOut,
    TimestampWire,
};

/// A customer, a partner or the vendor.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationView {
    /// Its id.
    id: OrganizationIdWire,
    /// What it is to the vendor: `customer`, `partner` or `vendor`.
    kind: OrganizationTypeOut,
    /// What it is called.
    #[schema(example = "Acme Corporation")]
    name: String,
    /// The email domains that it owns.
    #[schema(example = json!(["acme.example"]))]
    domains: Vec<String>,
    /// After how many days a contact review falls due; `null` for the server's own period.
    #[schema(required = true, example = 90)]
    review_period_days: Option<i32>,
    /// `active` or `suspended`.
    status: OrganizationStatusOut,
    /// When it was created.
    created_at: TimestampWire,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

page!(OrganizationPage, OrganizationView);

impl From<&Organization> for OrganizationView {
    fn from(organization: &Organization) -> Self {
        Self {
            id: organization.id.into(),
            kind: organization.kind.into(),
            name: organization.name.to_string(),
            domains: organization.domains.iter().map(ToString::to_string).collect(),
            review_period_days: organization.review_period_days,
            status: organization.status.into(),
            created_at: organization.created_at.into(),
            updated_at: organization.updated_at.into(),
            version: organization.version,
        }
    }
}

impl From<Visible<Organization>> for OrganizationView {
    fn from(visible: Visible<Organization>) -> Self {
        Self::from(visible.value())
    }
}

impl From<&Change<Organization>> for OrganizationView {
    fn from(change: &Change<Organization>) -> Self {
        Self::from(change.after())
    }
}

/// A new customer or partner and the contact who will guard it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "customer", "name": "Acme Corporation", "domains": ["acme.example"],
    "first_contact": {"email": "ana.silva@acme.example", "first_name": "Ana", "last_name": "Silva", "phone": "+1.650.555.0100"}
}))]
pub struct CreateOrganizationBody {
    /// `customer` or `partner`; the one vendor exists from the first start.
    #[schema(required = true, nullable = false)]
    kind: Option<OrganizationTypeIn>,
    /// What it is called.
    #[validate(length(max = ORGANIZATION_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Acme Corporation")]
    name: Option<String>,
    /// The email domains that it owns, in lower case.
    #[serde(default)]
    #[validate(length(max = 50))]
    #[schema(max_items = 50, example = json!(["acme.example"]))]
    domains: Vec<String>,
    /// After how many days a contact review falls due; the server's own period if absent.
    #[validate(range(min = REVIEW_DAYS_MIN, max = REVIEW_DAYS_MAX))]
    #[schema(minimum = 1, maximum = 3650, example = 90)]
    review_period_days: Option<i32>,
    /// Becomes the first primary support contact, with `manage_contacts`, and gets a welcome email.
    #[validate(nested)]
    #[schema(required = true, nullable = false)]
    first_contact: Option<PersonBody>,
}

impl CreateOrganizationBody {
    fn into_command(self, mut errors: Errors, app: &App) -> Result<CreateOrganization, Problem> {
        let kind = errors.given("/kind", self.kind);
        let name = errors.required("/name", &self.name, OrganizationName::parse);
        let domains = domains(errors.each("/domains", &self.domains, Domain::parse));
        let first_contact = match errors.given("/first_contact", self.first_contact) {
            Some(person) => person.read(&mut errors, "/first_contact"),
            None => None,
        };
        let now = app.now();
        errors.finish(|| {
            Some(CreateOrganization {
                id: app.id(),
                kind: kind?.0,
                name: name?,
                domains,
                review_period_days: self.review_period_days,
                first_contact: NewContact {
                    id: app.id(),
                    profile: first_contact?,
                    kind: ContactType::PrimarySupport,
                    permission: Permission::ManageContacts,
                    duties: Default::default(),
                    sites: Default::default(),
                    welcome: app.welcome(now),
                },
            })
        })
    }
}

/// Domains in order, each once.
fn domains(mut domains: Vec<Domain>) -> Vec<Domain> {
    domains.sort();
    domains.dedup();
    domains
}

/// Create an organization
///
/// For administrators. The first contact becomes primary support contact with `manage_contacts` and gets a welcome email.
#[utoipa::path(tag = "organizations", operation_id = "createOrganization", request_body = CreateOrganizationBody,
    responses((status = 201, description = "The new organization.", body = OrganizationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "contact_in_other_organization", "domain_taken", "vendor_staff_not_allowed", "validation_failed"]))))]
#[post("/v1/organizations")]
pub(crate) async fn create_organization(
    app: Data<Arc<App>>,
    caller: Caller,
    body: Body<CreateOrganizationBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors, &app)?;
    let organization = wanted.id;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| create(tx, context, &wanted);
    app.write(caller.with_body(body.digest), command(move |_| Ok(Fence::new().changes(organization)), work)).await
}

fn create(
    tx: &mut WriteTx<'_>,
    context: &mandate_core::change::Context,
    wanted: &CreateOrganization,
) -> Result<Answer, Problem> {
    let email = &wanted.first_contact.profile.email.email;
    let facts = CreateFacts {
        actor: context.signed_in()?.clone(),
        vendor_domains: tx.vendor_domains()?,
        taken_domains: tx.domains_taken(&wanted.domains, wanted.id)?,
        existing: tx.person_by_email(email, None)?,
        former: tx.former_grants(email, wanted.id, None, context.now)?,
    };
    let created = organization::create(context, facts, wanted.clone()).map_err(below_first_contact)?;
    tx.save_organization(&created.organization)?;
    tx.save_welcomed(std::slice::from_ref(&created.first_contact))?;
    let view = OrganizationView::from(&created.organization);
    Answer::created(format!("/v1/organizations/{}", wanted.id), 1, wanted.id, &view)
}

/// What the rules of contacts say about a member, they say here about the first contact's.
fn below_first_contact(refusal: Refusal) -> Refusal {
    match refusal.pointer {
        Some("#/email") => refusal.at("#/first_contact/email"),
        _ => refusal,
    }
}

/// Which organizations to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListOrganizationsQuery {
    /// One of these kinds.
    #[serde(default)]
    kind: Vec<OrganizationTypeIn>,
    /// One of these states.
    #[serde(default)]
    status: Vec<OrganizationStatusIn>,
    /// Names that contain this, without regard to case.
    #[validate(length(max = SEARCH_MAX))]
    #[param(nullable = false, max_length = 200, example = "acme")]
    q: Option<String>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List organizations
///
/// Staff see all; contacts see their own and, as partners, those that granted them something. By name.
#[utoipa::path(tag = "organizations", operation_id = "listOrganizations", params(ListOrganizationsQuery),
    responses((status = 200, description = "A page of organizations.", body = OrganizationPage), Problems))]
#[get("/v1/organizations")]
pub(crate) async fn list_organizations(
    app: Data<Arc<App>>,
    caller: Caller,
    query: Query<ListOrganizationsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let search = errors.optional("q", &value.q, SearchText::parse);
    let filter = errors.finish(|| {
        Some(OrganizationFilter {
            kinds: value.kind.iter().map(|kind| kind.0).collect(),
            statuses: value.status.iter().map(|status| status.0).collect(),
            search,
        })
    })?;
    let page = request.page.clone();
    let slice =
        app.read(caller, move |tx, asker| Ok(tx.organizations(&asker.actor, asker.now, &filter, &page)?)).await?;
    Ok(request.answer::<OrganizationPage>(slice.rows.iter().map(OrganizationView::from).collect(), slice.next.as_ref()))
}

/// Read an organization
///
/// For its own people, for partners to whom it granted something, and for the vendor's staff; to everybody else it does not exist.
#[utoipa::path(tag = "organizations", operation_id = "getOrganization", params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 200, description = "The organization.", body = OrganizationView), NotModified, Problems))]
#[get("/v1/organizations/{organization_id}")]
pub(crate) async fn get_organization(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<OrganizationKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let visible = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, id.0, asker.now)?;
            Ok(organization::view(&asker.actor, &standing, tx.organization(id.0)?)?)
        })
        .await?;
    let version = visible.value().version;
    Ok(if_none_match.answer(version, OrganizationView::from(visible)))
}

/// What changes in an organization; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"domains": ["acme.example", "acme-logistics.example"], "review_period_days": 90}))]
pub struct PatchOrganizationBody {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "Acme Corporation")]
    name: Option<Option<String>>,
    /// The email domains that it owns; replaces the list.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 50, example = json!(["acme.example"]))]
    domains: Option<Option<Vec<String>>>,
    /// After how many days a contact review falls due; `null` for the server's own period.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 3650, example = 90)]
    review_period_days: Option<Option<i32>>,
}

impl PatchOrganizationBody {
    fn into_command(self, mut errors: Errors) -> Result<EditOrganization, Problem> {
        let name = errors.not_null("/name", self.name);
        let name = errors.optional("/name", &name, OrganizationName::parse);
        let list = errors.not_null("/domains", self.domains);
        let domains = list.map(|list| domains(errors.each("/domains", &list, Domain::parse)));
        let review_period_days = self.review_period_days;
        let range = REVIEW_DAYS_MIN..=REVIEW_DAYS_MAX;
        if review_period_days.flatten().is_some_and(|days| !range.contains(&days)) {
            let message = say!("must be from {min} to {max}", min = REVIEW_DAYS_MIN, max = REVIEW_DAYS_MAX);
            errors.add("/review_period_days", Flaw::new("out_of_range", message));
        }
        errors.finish(|| Some(EditOrganization { name, domains, review_period_days, expected_version: None }))
    }
}

/// Edit an organization
///
/// For administrators.
#[utoipa::path(tag = "organizations", operation_id = "updateOrganization", params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    request_body(content = PatchOrganizationBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The organization.", body = OrganizationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "domain_taken"]))))]
#[patch("/v1/organizations/{organization_id}")]
pub(crate) async fn update_organization(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<OrganizationKind>,
    if_match: IfMatch,
    body: Body<PatchOrganizationBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors)?;
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &_| {
        let facts = edit_facts(app, tx, context, id.0, wanted.domains.as_deref().unwrap_or_default())?;
        let expected_version = expected(&if_match, version(&facts));
        let change = organization::edit(context, facts, EditOrganization { expected_version, ..wanted.clone() })?;
        save(tx, &change)
    };
    app.write(caller, command(move |_| Ok(Fence::new().changes(id.0)), work)).await
}

fn edit_facts(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &mandate_core::change::Context,
    id: OrganizationId,
    domains: &[Domain],
) -> Result<EditFacts, Problem> {
    Ok(EditFacts {
        standing: tx.standing(context.signed_in()?, id, context.now)?,
        organization: tx.organization(id)?,
        taken_domains: tx.domains_taken(domains, id)?,
        vendor_domains: tx.vendor_domains()?,
        configured_domains: app.settings.vendor_domains.clone(),
    })
}

fn version(facts: &EditFacts) -> Option<i64> {
    facts.organization.as_ref().map(|organization| organization.version)
}

fn save(tx: &mut WriteTx<'_>, change: &Change<Organization>) -> Result<Answer, Problem> {
    tx.save_organization(change)?;
    Answer::ok(change.after().version, change.after().id, &OrganizationView::from(change))
}

/// Suspend an organization
///
/// For administrators. From now on nobody of it signs in, every token of its people stops to work, and its grants rest.
#[utoipa::path(tag = "organizations", operation_id = "suspendOrganization", params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 200, description = "The suspended organization.", body = OrganizationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "invalid_transition"]))))]
#[post("/v1/organizations/{organization_id}/suspend")]
pub(crate) async fn suspend_organization(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<OrganizationKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let digest = body.0.digest;
    body.0.errors.finish(|| Some(()))?;
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &_| {
        let facts = edit_facts(app, tx, context, id.0, &[])?;
        let expected_version = expected(&if_match, version(&facts));
        let change = organization::suspend(context, facts, expected_version)?;
        let answer = save(tx, &change)?;
        follow_suspension(app, tx, context, change.after())?;
        Ok(answer)
    };
    app.write(caller.with_body(digest), command(move |_| Ok(Fence::new().changes(id.0)), work)).await
}

/// Resume an organization
///
/// For administrators. Ends a suspension.
#[utoipa::path(tag = "organizations", operation_id = "resumeOrganization", params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 200, description = "The resumed organization.", body = OrganizationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "invalid_transition"]))))]
#[post("/v1/organizations/{organization_id}/resume")]
pub(crate) async fn resume_organization(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<OrganizationKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let digest = body.0.digest;
    body.0.errors.finish(|| Some(()))?;
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &_| {
        let facts = edit_facts(app, tx, context, id.0, &[])?;
        let expected_version = expected(&if_match, version(&facts));
        let change = organization::resume(context, facts, expected_version)?;
        let answer = save(tx, &change)?;
        follow_suspension(app, tx, context, change.after())?;
        Ok(answer)
    };
    app.write(caller.with_body(digest), command(move |_| Ok(Fence::new().changes(id.0)), work)).await
}
