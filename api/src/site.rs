//! Sites over HTTP (O-5).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::access::{Standing, Visible};
use mandate_core::change::Context;
use mandate_core::hours::TimeOfDay;
use mandate_core::id::{OrganizationId, OrganizationKind, SiteId, SiteKind};
use mandate_core::site::{
    self, CreateFacts, CreateSite, EditFacts, EditSite, NewShift, NewShifts, SHIFTS_MAX, Shift, Site,
};
use mandate_core::text::{SITE_NAME_MAX, SiteName, TimeZone};
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::{Asker, Caller};
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, PathId, Query};
use crate::input::{Errors, present};
use crate::page::page;
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{OrganizationIdWire, PersonIdWire, SiteIdWire, TimestampWire};

page!(SitePage, SiteView);

/// A part of the day in which people work at a site.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShiftView {
    /// What it is called.
    #[schema(example = "night")]
    name: String,
    /// When it begins, `HH:MM`.
    #[schema(example = "22:00")]
    from: String,
    /// When it ends; the whole day if it is the same as `from`, over midnight if it is earlier.
    #[schema(example = "06:00")]
    until: String,
    /// Where these times are told: an IANA time zone name.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: String,
}

impl From<&Shift> for ShiftView {
    fn from(shift: &Shift) -> Self {
        Self {
            name: shift.name.to_string(),
            from: shift.hours.from.to_string(),
            until: shift.hours.until.to_string(),
            time_zone: shift.hours.time_zone.to_string(),
        }
    }
}

/// Where an organization works.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteView {
    /// Its id.
    id: SiteIdWire,
    /// Whose it is.
    organization_id: OrganizationIdWire,
    /// What it is called.
    #[schema(example = "São Paulo plant")]
    name: String,
    /// Where it is: an IANA time zone name.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: String,
    /// Its shifts; empty where the site works as one.
    shifts: Vec<ShiftView>,
    /// Whether it is out of use.
    #[schema(example = false)]
    archived: bool,
    /// Since when, if it is.
    #[schema(required = true)]
    archived_at: Option<TimestampWire>,
    /// When it was created.
    created_at: TimestampWire,
    /// Who created it.
    created_by: PersonIdWire,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

impl From<&Site> for SiteView {
    fn from(site: &Site) -> Self {
        Self {
            id: site.id.into(),
            organization_id: site.organization.into(),
            name: site.name.to_string(),
            time_zone: site.time_zone.to_string(),
            shifts: site.shifts.iter().map(ShiftView::from).collect(),
            archived: site.archived_at.is_some(),
            archived_at: site.archived_at.map(Into::into),
            created_at: site.created_at.into(),
            created_by: site.created_by.into(),
            updated_at: site.updated_at.into(),
            version: site.version,
        }
    }
}

impl From<Visible<Site>> for SiteView {
    fn from(visible: Visible<Site>) -> Self {
        Self::from(visible.value())
    }
}

/// A shift to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftBody {
    /// What it shall be called; no two shifts of a site are called the same, whatever the case.
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "night")]
    name: Option<String>,
    /// When it begins, `HH:MM`; without beginning and end it is the whole day.
    #[schema(nullable = false, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "22:00")]
    from: Option<String>,
    /// When it ends; the whole day if it is the same as `from`, over midnight if it is earlier.
    #[schema(nullable = false, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "06:00")]
    until: Option<String>,
    /// Where these times are told: an IANA time zone name; that of the site if absent.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: Option<String>,
}

/// Reads the shifts of a site.
fn shifts(errors: &mut Errors, bodies: &[ShiftBody]) -> Option<NewShifts> {
    let mut shifts = Vec::new();
    // One more than there may be says that there are too many.
    for (index, body) in bodies.iter().take(SHIFTS_MAX + 1).enumerate() {
        let at = |member: &str| format!("/shifts/{index}/{member}");
        let name = errors.required(&at("name"), &body.name, SiteName::parse);
        let midnight = || Some("00:00".to_owned());
        let (from, until) = match (&body.from, &body.until) {
            (None, None) => (midnight(), midnight()),
            (from, until) => (from.clone(), until.clone()),
        };
        let from = errors.required(&at("from"), &from, TimeOfDay::parse);
        let until = errors.required(&at("until"), &until, TimeOfDay::parse);
        let time_zone = errors.optional(&at("time_zone"), &body.time_zone, TimeZone::parse);
        if let (Some(name), Some(from), Some(until)) = (name, from, until) {
            shifts.push(NewShift { name, from, until, time_zone });
        }
    }
    // Where one of them cannot be read, that is said first.
    if shifts.len() < bodies.len().min(SHIFTS_MAX + 1) {
        return None;
    }
    let place = |index: Option<usize>| index.map_or("/shifts".to_owned(), |index| format!("/shifts/{index}/name"));
    NewShifts::parse(shifts).map_err(|(index, flaw)| errors.add(&place(index), flaw)).ok()
}

/// A site to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "São Paulo plant", "time_zone": "America/Sao_Paulo",
    "shifts": [{"name": "day"}, {"name": "night", "from": "22:00", "until": "06:00"}]
}))]
pub struct CreateSiteBody {
    /// What it shall be called; no two sites in use are called the same, whatever the case.
    #[validate(length(max = SITE_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "São Paulo plant")]
    name: Option<String>,
    /// Where it is: an IANA time zone name.
    #[schema(required = true, nullable = false, example = "America/Sao_Paulo")]
    time_zone: Option<String>,
    /// Its shifts; none if it works as one.
    #[serde(default)]
    #[schema(max_items = 20)]
    shifts: Vec<ShiftBody>,
}

impl CreateSiteBody {
    fn into_command(self, mut errors: Errors, app: &App) -> Result<CreateSite, Problem> {
        let name = errors.required("/name", &self.name, SiteName::parse);
        let time_zone = errors.required("/time_zone", &self.time_zone, TimeZone::parse);
        let shifts = shifts(&mut errors, &self.shifts);
        errors.finish(|| Some(CreateSite { id: app.id(), name: name?, time_zone: time_zone?, shifts: shifts? }))
    }
}

/// Create a site
///
/// For contact managers of the organization and partners with `full_admin`. At most 500 sites are in use at a time.
#[utoipa::path(tag = "sites", operation_id = "createSite", request_body = CreateSiteBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 201, description = "The new site.", body = SiteView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "site_exists", "too_many_sites"]))))]
#[post("/v1/organizations/{organization_id}/sites")]
pub(crate) async fn create_site(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    body: Body<CreateSiteBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors, &app)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| create(tx, context, organization.0, &wanted);
    app.write(caller.with_body(body.digest), command(move |_| Ok(Fence::new().changes(organization.0)), work)).await
}

fn create(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    wanted: &CreateSite,
) -> Result<Answer, Problem> {
    let facts = CreateFacts {
        standing: tx.standing(context.signed_in()?, organization, context.now)?,
        organization: tx.organization(organization)?,
        room: tx.room_for_site(organization, &wanted.name, wanted.id)?,
    };
    let change = site::create(context, facts, wanted.clone())?;
    tx.save_site(&change)?;
    Answer::created(format!("/v1/sites/{}", wanted.id), 1, wanted.id, &SiteView::from(change.after()))
}

/// Which sites to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListSitesQuery {
    /// `true` for the archived ones alone, `false` for those in use; all if absent.
    #[param(nullable = false, example = false)]
    archived: Option<bool>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List sites
///
/// By name, for everybody of the organization, partners with `full_admin`, and the staff who look after customers.
#[utoipa::path(tag = "sites", operation_id = "listSites",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), ListSitesQuery),
    responses((status = 200, description = "A page of sites.", body = SitePage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/sites")]
pub(crate) async fn list_sites(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListSitesQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    errors.finish(|| Some(()))?;
    let page = request.page.clone();
    let slice = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            site::allow_list(&standing, tx.organization(organization.0)?)?;
            Ok(tx.sites(organization.0, value.archived, &page)?)
        })
        .await?;
    Ok(request.answer::<SitePage>(slice.rows.iter().map(SiteView::from).collect(), slice.next.as_ref()))
}

/// Finds a site and shows it to whoever may see it.
pub(crate) fn visible(tx: &mut ReadTx<'_>, asker: &Asker, id: SiteId) -> Result<Visible<Site>, Problem> {
    let found = tx.site(id)?;
    let standing = match &found {
        Some(found) => tx.standing(&asker.actor, found.organization, asker.now)?,
        None => Standing::Stranger,
    };
    Ok(site::view(&asker.actor, &standing, found)?)
}

/// Read a site
///
/// For everybody who sees the list.
#[utoipa::path(tag = "sites", operation_id = "getSite", params(("site_id" = SiteIdWire, Path, description = "The site.")),
    responses((status = 200, description = "The site.", body = SiteView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/sites/{site_id}")]
pub(crate) async fn get_site(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<SiteKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let visible = app.read(caller, move |tx, asker| visible(tx, asker, id.0)).await?;
    Ok(if_none_match.answer(visible.value().version, SiteView::from(visible)))
}

/// What changes in a site; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "São Paulo plant", "shifts": [{"name": "night", "from": "22:00", "until": "06:00"}]
}))]
pub struct PatchSiteBody {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "São Paulo plant")]
    name: Option<Option<String>>,
    /// Where it is: an IANA time zone name. Shifts that went by it go along.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "America/Sao_Paulo")]
    time_zone: Option<Option<String>>,
    /// Its shifts; replaces all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<ShiftBody>>, nullable = false, max_items = 20)]
    shifts: Option<Option<Vec<ShiftBody>>>,
    /// Whether it is out of use.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>, nullable = false, example = true)]
    archived: Option<Option<bool>>,
}

impl PatchSiteBody {
    fn into_command(self, mut errors: Errors) -> Result<EditSite, Problem> {
        let name = errors.not_null("/name", self.name);
        let time_zone = errors.not_null("/time_zone", self.time_zone);
        let given = errors.not_null("/shifts", self.shifts);
        let edit = EditSite {
            name: errors.optional("/name", &name, SiteName::parse),
            time_zone: errors.optional("/time_zone", &time_zone, TimeZone::parse),
            shifts: given.and_then(|bodies| shifts(&mut errors, &bodies)),
            archived: errors.not_null("/archived", self.archived),
            expected_version: None,
        };
        errors.finish(|| Some(edit))
    }
}

/// Edit a site
///
/// For contact managers of the organization and partners with `full_admin`. Sites are archived, never deleted: contacts who
/// work at an archived one still do, but nobody is assigned to it any more.
#[utoipa::path(tag = "sites", operation_id = "updateSite", params(("site_id" = SiteIdWire, Path, description = "The site.")),
    request_body(content = PatchSiteBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The site.", body = SiteView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "site_exists", "too_many_sites"]))))]
#[patch("/v1/sites/{site_id}")]
pub(crate) async fn update_site(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<SiteKind>,
    if_match: IfMatch,
    body: Body<PatchSiteBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| edit(tx, context, id.0, &if_match, &wanted);
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}

fn fence(unlocked: &mut Unlocked<'_>, site: SiteId) -> Result<Fence, Problem> {
    let organization = unlocked.organization_of_site(site)?;
    Ok(Fence::new().changes(organization))
}

fn edit(
    tx: &mut WriteTx<'_>,
    context: &Context,
    id: SiteId,
    if_match: &IfMatch,
    wanted: &EditSite,
) -> Result<Answer, Problem> {
    let actor = context.signed_in()?.clone();
    let Some(found) = tx.site(id)? else { return Err(mandate_core::refusal::Refusal::not_found().into()) };
    let facts = EditFacts {
        standing: tx.standing(&actor, found.organization, context.now)?,
        room: tx.room_for_site(found.organization, wanted.name.as_ref().unwrap_or(&found.name), id)?,
        actor,
        site: Some(found.clone()),
    };
    let expected_version = expected(if_match, Some(found.version));
    let change = site::edit(context, facts, EditSite { expected_version, ..wanted.clone() })?;
    tx.save_site(&change)?;
    Answer::ok(change.after().version, id, &SiteView::from(change.after()))
}
