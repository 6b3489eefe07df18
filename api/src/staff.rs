//! Staff members of the vendor over HTTP (O-3).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::access::Visible;
use mandate_core::change::Context;
use mandate_core::contact::WelcomeIds;
use mandate_core::id::{OrganizationId, OrganizationKind, PersonId, StaffId, StaffKind};
use mandate_core::person::EditProfile;
use mandate_core::refusal::Refusal;
use mandate_core::say;
use mandate_core::staff::{self, CreateFacts, EditStaff, NewStaff, StaffFacts, StaffMember, Welcomed};
use mandate_core::text::{EMAIL_MAX, Flaw, Locale, Note, PERSON_NAME_MAX, PHONE_MAX, PersonName, Phone, TimeZone};
use mandate_core::vocabulary::StaffRole;
use mandate_storage::{Fence, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::contact_state::ReasonBody;
use crate::extract::{Body, Empty, OptionalBody, PathId, WholeList};
use crate::input::{Errors, present};
use crate::person::PersonBody;
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{
    OrganizationIdWire, PersonIdWire, PersonStatusOut, StaffIdWire, StaffRoleIn, StaffRoleOut, TimestampWire,
};

/// A staff member of the vendor.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffView {
    /// Their id.
    id: StaffIdWire,
    /// The vendor.
    organization_id: OrganizationIdWire,
    /// The user id.
    #[schema(format = "email", example = "kim.park@vendor.example")]
    email: String,
    /// First name.
    #[schema(example = "Kim")]
    first_name: String,
    /// Last name.
    #[schema(example = "Park")]
    last_name: String,
    /// First and last name.
    #[schema(example = "Kim Park")]
    name: String,
    /// Phone.
    #[schema(required = true, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// IANA time zone name.
    #[schema(example = "Europe/Lisbon")]
    time_zone: String,
    /// Language of emails.
    #[schema(example = "en")]
    locale: String,
    /// What they do.
    roles: Vec<StaffRoleOut>,
    /// `invited`, `active` or `disabled`.
    status: PersonStatusOut,
    /// Why they were disabled, while they are.
    #[schema(required = true, example = "left the company")]
    disabled_reason: Option<String>,
    /// When they were disabled, while they are.
    #[schema(required = true)]
    disabled_at: Option<TimestampWire>,
    /// Who disabled them, while they are.
    #[schema(required = true)]
    disabled_by: Option<PersonIdWire>,
    /// When they last signed in.
    #[schema(required = true)]
    last_sign_in_at: Option<TimestampWire>,
    /// When they were created.
    created_at: TimestampWire,
    /// Who created them; `null` for the system.
    #[schema(required = true)]
    created_by: Option<PersonIdWire>,
    /// When they were last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

impl From<&StaffMember> for StaffView {
    fn from(staff: &StaffMember) -> Self {
        Self {
            id: staff.id.into(),
            organization_id: staff.organization.into(),
            email: staff.profile.email.to_string(),
            first_name: staff.profile.first_name.to_string(),
            last_name: staff.profile.last_name.to_string(),
            name: staff.name(),
            phone: staff.profile.phone.as_ref().map(ToString::to_string),
            time_zone: staff.profile.time_zone.to_string(),
            locale: staff.profile.locale.to_string(),
            roles: staff.roles.iter().copied().map(Into::into).collect(),
            status: staff.status.into(),
            disabled_reason: staff.disabled.as_ref().map(|disabled| disabled.reason.to_string()),
            disabled_at: staff.disabled.as_ref().map(|disabled| disabled.at.into()),
            disabled_by: staff.disabled.as_ref().map(|disabled| disabled.by.into()),
            last_sign_in_at: staff.last_sign_in_at.map(Into::into),
            created_at: staff.created_at.into(),
            created_by: staff.created_by.map(Into::into),
            updated_at: staff.updated_at.into(),
            version: staff.version,
        }
    }
}

impl From<Visible<StaffMember>> for StaffView {
    fn from(visible: Visible<StaffMember>) -> Self {
        Self::from(visible.value())
    }
}

/// All staff members, by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffList {
    /// The staff members.
    data: Vec<StaffView>,
    /// Always `null`: the list is whole.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List staff members
///
/// For administrators, agents and duty managers, of the vendor's organization: who there is, and who can be assigned.
#[utoipa::path(tag = "staff", operation_id = "listStaff", params(("organization_id" = OrganizationIdWire, Path, description = "The vendor.")),
    responses((status = 200, description = "The staff members.", body = StaffList), Problems),
    extensions(("x-codes" = json!(["staff_only"]))))]
#[get("/v1/organizations/{organization_id}/staff")]
pub(crate) async fn list_staff(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    _: WholeList,
) -> Result<HttpResponse, Problem> {
    let members = app
        .read(caller, move |tx, asker| {
            staff::allow_list(&asker.actor, organization.0)?;
            Ok(tx.staff_members(organization.0)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(StaffList { data: members.iter().map(StaffView::from).collect(), next_cursor: None }))
}

/// A staff member to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "kim.park@vendor.example", "first_name": "Kim", "last_name": "Park",
    "roles": ["agent", "duty_manager"]
}))]
pub struct CreateStaffBody {
    /// The user id, in lower case; unique over all organizations.
    #[validate(length(max = EMAIL_MAX))]
    #[schema(
        required = true,
        nullable = false,
        format = "email",
        max_length = 254,
        example = "kim.park@vendor.example"
    )]
    email: Option<String>,
    /// First name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Kim")]
    first_name: Option<String>,
    /// Last name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Park")]
    last_name: Option<String>,
    /// Phone: groups of digits separated by full stops.
    #[validate(length(max = PHONE_MAX))]
    #[schema(max_length = 32, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// IANA time zone name; `UTC` if absent.
    #[schema(example = "Europe/Lisbon")]
    time_zone: Option<String>,
    /// Language of emails: `en` (the default), `es` or `pt-BR`.
    #[schema(example = "en")]
    locale: Option<String>,
    /// What they do; at least one.
    #[schema(required = true, nullable = false, min_items = 1)]
    roles: Option<Vec<StaffRoleIn>>,
}

fn roles(errors: &mut Errors, roles: Option<Vec<StaffRoleIn>>) -> Option<Vec<StaffRole>> {
    let roles = roles?;
    if roles.is_empty() {
        errors.add("/roles", Flaw::new("too_short", say!("must have at least one element")));
    }
    Some(roles.into_iter().map(|role| role.0).collect())
}

impl CreateStaffBody {
    fn into_command(self, mut errors: Errors, app: &App, welcome: WelcomeIds) -> Result<NewStaff, Problem> {
        let given = errors.given("/roles", self.roles);
        let roles = roles(&mut errors, given);
        let person = PersonBody {
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            time_zone: self.time_zone,
            locale: self.locale,
        };
        let profile = person.read(&mut errors, "");
        errors.finish(|| Some(NewStaff { id: app.id(), profile: profile?, roles: roles?, welcome }))
    }
}

/// Create a staff member
///
/// For administrators. The staff member gets a welcome email with a link to set a password.
#[utoipa::path(tag = "staff", operation_id = "createStaff", request_body = CreateStaffBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The vendor.")),
    responses((status = 201, description = "The new staff member.", body = StaffView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "contact_exists"]))))]
#[post("/v1/organizations/{organization_id}/staff")]
pub(crate) async fn create_staff(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    body: Body<CreateStaffBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors, &app, app.welcome(caller.now))?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| create(tx, context, organization.0, &wanted);
    app.write(caller.with_body(body.digest), command(move |_| Ok(Fence::new().changes(organization.0)), work)).await
}

fn create(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    wanted: &NewStaff,
) -> Result<Answer, Problem> {
    let facts = CreateFacts {
        actor: context.signed_in()?.clone(),
        organization: Some(organization),
        existing: tx.person_by_email(&wanted.profile.email.email, None)?,
    };
    let created = staff::create(context, facts, wanted.clone())?;
    tx.save_staff(&created.staff)?;
    tx.save_link(&created.link)?;
    Answer::created(format!("/v1/staff/{}", wanted.id), 1, wanted.id, &StaffView::from(created.staff.after()))
}

fn facts(tx: &mut WriteTx<'_>, context: &Context, id: StaffId) -> Result<StaffFacts, Problem> {
    Ok(StaffFacts { actor: context.signed_in()?.clone(), staff: tx.staff_member(id)? })
}

fn present_version(facts: &StaffFacts) -> Option<i64> {
    facts.staff.as_ref().map(|staff| staff.version)
}

fn fence(unlocked: &mut Unlocked<'_>, id: StaffId) -> Result<Fence, Problem> {
    let organization = unlocked.organization_of_staff(id)?;
    Ok(Fence::new().changes(organization))
}

/// Read a staff member
///
/// For those who see the list, and the staff member themselves.
#[utoipa::path(tag = "staff", operation_id = "getStaff", params(("staff_id" = StaffIdWire, Path, description = "The staff member.")),
    responses((status = 200, description = "The staff member.", body = StaffView), NotModified, Problems))]
#[get("/v1/staff/{staff_id}")]
pub(crate) async fn get_staff(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<StaffKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let visible = app
        .read(caller, move |tx, asker| {
            Ok(staff::view(StaffFacts { actor: asker.actor.clone(), staff: tx.staff_member(id.0)? })?)
        })
        .await?;
    Ok(if_none_match.answer(visible.value().version, StaffView::from(visible)))
}

/// What changes in a staff member; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": ["agent"], "time_zone": "Europe/Lisbon"}))]
pub struct PatchStaffBody {
    /// First name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "Kim")]
    first_name: Option<Option<String>>,
    /// Last name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "Park")]
    last_name: Option<Option<String>>,
    /// Phone; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 32, example = "+1.650.555.0100")]
    phone: Option<Option<String>>,
    /// IANA time zone name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "Europe/Lisbon")]
    time_zone: Option<Option<String>>,
    /// Language of emails: `en`, `es` or `pt-BR`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "en")]
    locale: Option<Option<String>>,
    /// What they do; replaces the list.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<StaffRoleIn>>, nullable = false, min_items = 1)]
    roles: Option<Option<Vec<StaffRoleIn>>>,
}

impl PatchStaffBody {
    fn into_command(self, mut errors: Errors) -> Result<EditStaff, Problem> {
        let first_name = errors.not_null("/first_name", self.first_name);
        let last_name = errors.not_null("/last_name", self.last_name);
        let time_zone = errors.not_null("/time_zone", self.time_zone);
        let locale = errors.not_null("/locale", self.locale);
        let given = errors.not_null("/roles", self.roles);
        let edit = EditStaff {
            profile: EditProfile {
                first_name: errors.optional("/first_name", &first_name, PersonName::parse),
                last_name: errors.optional("/last_name", &last_name, PersonName::parse),
                phone: errors.patch("/phone", &self.phone, Phone::parse),
                time_zone: errors.optional("/time_zone", &time_zone, TimeZone::parse),
                locale: errors.optional("/locale", &locale, Locale::parse),
            },
            roles: roles(&mut errors, given),
            expected_version: None,
        };
        errors.finish(|| Some(edit))
    }
}

/// Edit a staff member
///
/// For administrators. Nobody changes their own roles.
#[utoipa::path(tag = "staff", operation_id = "updateStaff", params(("staff_id" = StaffIdWire, Path, description = "The staff member.")),
    request_body(content = PatchStaffBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The staff member.", body = StaffView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "own_record"]))))]
#[patch("/v1/staff/{staff_id}")]
pub(crate) async fn update_staff(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<StaffKind>,
    if_match: IfMatch,
    body: Body<PatchStaffBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = facts(tx, context, id.0)?;
        let expected_version = expected(&if_match, present_version(&facts));
        let change = staff::edit(context, facts, EditStaff { expected_version, ..wanted.clone() })?;
        tx.save_staff(&change)?;
        Answer::ok(change.after().version, id.0, &StaffView::from(change.after()))
    };
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}

/// Disable a staff member
///
/// For administrators. Takes effect at once: every token and link is void, and grants to them end.
#[utoipa::path(tag = "staff", operation_id = "disableStaff", request_body = ReasonBody,
    params(("staff_id" = StaffIdWire, Path, description = "The staff member.")),
    responses((status = 200, description = "The disabled staff member.", body = StaffView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "own_record", "invalid_transition"]))))]
#[post("/v1/staff/{staff_id}/disable")]
pub(crate) async fn disable_staff(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<StaffKind>,
    if_match: IfMatch,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let mut errors = body.errors;
    let reason = errors.required("/reason", &body.value.reason, Note::parse);
    let reason = errors.finish(|| reason)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = facts(tx, context, id.0)?;
        let grants = tx.individual_grants(
            PersonId::Staff(id.0),
            context.signed_in()?.organization,
            context.signed_in()?.organization,
            context.now,
        )?;
        let expected_version = expected(&if_match, present_version(&facts));
        let disabled = staff::disable(context, facts, grants, reason.clone(), expected_version)?;
        tx.save_staff(&disabled.staff)?;
        disabled.grants.iter().try_for_each(|grant| tx.save_partner_grant(grant))?;
        Answer::ok(disabled.staff.after().version, id.0, &StaffView::from(disabled.staff.after()))
    };
    let command = command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work);
    app.write(caller.with_body(body.digest), command).await
}

/// Enable a staff member
///
/// For administrators. A disabled staff member is invited anew.
#[utoipa::path(tag = "staff", operation_id = "enableStaff", params(("staff_id" = StaffIdWire, Path, description = "The staff member.")),
    responses((status = 200, description = "The invited staff member.", body = StaffView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "invalid_transition"]))))]
#[post("/v1/staff/{staff_id}/enable")]
pub(crate) async fn enable_staff(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<StaffKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let decide = move |context: &Context, facts: StaffFacts, ids: WelcomeIds| {
        let expected_version = expected(&if_match, present_version(&facts));
        staff::enable(context, facts, expected_version, ids)
    };
    welcome(app, caller, id.0, body, decide).await
}

/// Send the welcome email again
///
/// To a staff member who is still `invited`. The older link is void.
#[utoipa::path(tag = "staff", operation_id = "resendStaffWelcome", params(("staff_id" = StaffIdWire, Path, description = "The staff member.")),
    responses((status = 200, description = "The invited staff member.", body = StaffView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "invalid_transition"]))))]
#[post("/v1/staff/{staff_id}/resend-welcome")]
pub(crate) async fn resend_staff_welcome(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<StaffKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let decide = move |context: &Context, facts: StaffFacts, ids: WelcomeIds| {
        let expected_version = expected(&if_match, present_version(&facts));
        staff::resend_welcome(context, facts, expected_version, ids)
    };
    welcome(app, caller, id.0, body, decide).await
}

async fn welcome(
    app: Data<Arc<App>>,
    caller: Caller,
    id: StaffId,
    body: OptionalBody<Empty>,
    decide: impl Fn(&Context, StaffFacts, WelcomeIds) -> Result<Welcomed, Refusal> + Send + Sync + 'static,
) -> Result<HttpResponse, Problem> {
    let digest = body.0.digest;
    body.0.errors.finish(|| Some(()))?;
    let ids = app.welcome(caller.now);
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let welcomed = decide(context, facts(tx, context, id)?, ids)?;
        tx.save_staff(&welcomed.staff)?;
        tx.save_link(&welcomed.link)?;
        let staff = welcomed.staff.after();
        Answer::ok(staff.version, staff.id, &StaffView::from(staff))
    };
    app.write(caller.with_body(digest), command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id), work)).await
}
