//! Partner grants over HTTP (G-1 … G-8, G-10, G-16).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::access::{Standing, Visible};
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::id::{AnyId, ContactId, GrantId, GrantKind, OrganizationId, OrganizationKind, PersonId, StaffId};
use mandate_core::partner_grant::{
    self, Candidate, Changed, CreateFacts, CreateGrant, EditGrant, GrantFacts, Grantee, PartnerGrant, Surroundings,
};
use mandate_core::say;
use mandate_core::text::{EMAIL_MAX, Email, Flaw, NOTE_MAX, Note};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{GrantStatus, GranteeType, History, Vocabulary as _};
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, OptionalBody, PathId};
use crate::input::{Errors, present};
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{
    AnyIdWire, GrantIdWire, GrantStatusOut, GranteeTypeIn, GranteeTypeOut, HistoryIn, HistoryOut, LevelIn, LevelOut,
    OrganizationIdWire, PersonIdWire, TimestampWire,
};

/// An organization as others see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrganizationRefView {
    /// The organization's id.
    id: OrganizationIdWire,
    /// What it is called.
    #[schema(example = "Acme Corporation")]
    name: String,
}

impl From<&mandate_core::actor::OrganizationRef> for OrganizationRefView {
    fn from(organization: &mandate_core::actor::OrganizationRef) -> Self {
        Self { id: organization.id.into(), name: organization.name.clone() }
    }
}

/// Who holds a grant.
#[derive(Debug, Serialize, ToSchema)]
pub struct GranteeView {
    /// `organization`, `contact` or `staff`.
    #[serde(rename = "type")]
    kind: GranteeTypeOut,
    /// The organization's or person's id.
    id: AnyIdWire,
    /// What it is called.
    #[schema(example = "Globex Consulting")]
    name: String,
    /// The organization, or the person's organization.
    organization_id: OrganizationIdWire,
}

impl From<&Grantee> for GranteeView {
    fn from(grantee: &Grantee) -> Self {
        Self {
            kind: grantee.kind().into(),
            id: grantee.id().into(),
            name: grantee.name().to_owned(),
            organization_id: grantee.organization().into(),
        }
    }
}

/// A grant of access to a partner.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerGrantView {
    /// Its id.
    id: GrantIdWire,
    /// Whose service requests and contacts it opens.
    grantor: OrganizationRefView,
    /// Who holds it.
    grantee: GranteeView,
    /// How far it reaches.
    level: LevelOut,
    /// Which service requests it reaches at `view` and above: `all`, `open` (those that were not closed at `history_since`,
    /// and later ones) or `new` (those created after it).
    history: HistoryOut,
    /// When the grant was made, or was given this history scope.
    history_since: TimestampWire,
    /// From this moment on it gives nothing.
    #[schema(required = true)]
    expires_at: Option<TimestampWire>,
    /// What the grantor noted; `null` for the holder.
    #[schema(required = true, example = "migration project")]
    note: Option<String>,
    /// `live`, `expired`, `revoked` or `ended`.
    status: GrantStatusOut,
    /// When it ended before or besides its expiry.
    #[schema(required = true)]
    ended_at: Option<TimestampWire>,
    /// Who ended it.
    #[schema(required = true)]
    ended_by: Option<PersonIdWire>,
    /// Why.
    #[schema(required = true, example = "project over")]
    end_reason: Option<String>,
    /// When it was made.
    created_at: TimestampWire,
    /// Who made it.
    created_by: PersonIdWire,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

/// Whether somebody may read what the grantor noted: the grantor and the desk, but never who holds the grant.
pub(crate) fn sees_note(reader: &Actor, grant: &PartnerGrant) -> bool {
    let is_holder = grant.grantee.id() == AnyId::from(reader.id());
    reader.organization == grant.grantor.id || (reader.is_staff() && !is_holder)
}

impl PartnerGrantView {
    /// A grant as it is at a moment, for one of the two sides.
    pub(crate) fn of(grant: &PartnerGrant, now: Timestamp, reader: &Actor) -> Self {
        let sees_note = sees_note(reader, grant);
        let ending = grant.ending.as_ref();
        Self {
            id: grant.id.into(),
            grantor: OrganizationRefView::from(&grant.grantor),
            grantee: GranteeView::from(&grant.grantee),
            level: grant.level.into(),
            history: grant.scope.history.into(),
            history_since: grant.scope.since.into(),
            expires_at: grant.expires_at.map(Into::into),
            note: grant.note.as_ref().filter(|_| sees_note).map(ToString::to_string),
            status: grant.status(now).into(),
            ended_at: ending.map(|ending| ending.at.into()),
            ended_by: ending.and_then(|ending| ending.by).map(Into::into),
            end_reason: ending.and_then(|ending| ending.reason.as_ref()).map(ToString::to_string),
            created_at: grant.created_at.into(),
            created_by: grant.created_by.into(),
            updated_at: grant.updated_at.into(),
            version: grant.version,
        }
    }
}

/// Who shall hold a grant: by id or, for a person, by email.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GranteeBody {
    /// `organization`, `contact` or `staff`.
    #[serde(rename = "type")]
    #[schema(required = true, nullable = false)]
    kind: Option<GranteeTypeIn>,
    /// The organization's or person's id.
    #[schema(nullable = false)]
    id: Option<AnyIdWire>,
    /// A person's email, instead of the id.
    #[validate(length(max = EMAIL_MAX))]
    #[schema(nullable = false, format = "email", max_length = 254, example = "mei@globex.example")]
    email: Option<String>,
}

/// How a grantee was named.
#[derive(Debug, Clone)]
pub(crate) enum NamedGrantee {
    Organization(OrganizationId),
    Contact(ContactId),
    Staff(StaffId),
    Email(GranteeType, Email),
}

impl GranteeBody {
    pub(crate) fn read(&self, errors: &mut Errors) -> Option<NamedGrantee> {
        let kind = errors.given("/grantee/type", self.kind)?.0;
        match (&self.id, &self.email) {
            (Some(id), None) => {
                let named = match kind {
                    GranteeType::Organization => id.0.as_id().map(NamedGrantee::Organization),
                    GranteeType::Contact => id.0.as_id().map(NamedGrantee::Contact),
                    GranteeType::Staff => id.0.as_id().map(NamedGrantee::Staff),
                };
                let flaw = || {
                    Flaw::new(
                        "invalid_id",
                        say!("`{id}` is not the id of a grantee of type `{kind}`", id = id.0, kind = kind.name()),
                    )
                };
                errors.keep("/grantee/id", named.ok_or_else(flaw))
            }
            (None, Some(email)) if kind != GranteeType::Organization => {
                let email = errors.keep("/grantee/email", Email::parse(email))?;
                Some(NamedGrantee::Email(kind, email))
            }
            (None, Some(_)) => {
                errors.add("/grantee/email", Flaw::new("invalid_value", say!("an organization is named by its id")));
                None
            }
            (Some(_), Some(_)) => {
                errors.add("/grantee", Flaw::new("invalid_value", say!("give `id` or `email`, not both")));
                None
            }
            (None, None) => {
                errors.add("/grantee/id", Flaw::new("required", say!("must be given, or `email` for a person")));
                None
            }
        }
    }
}

/// Finds a grantee and what must be known of it.
pub(crate) fn candidate(tx: &mut ReadTx<'_>, named: &NamedGrantee) -> Result<Option<Candidate>, Problem> {
    let person = match named {
        NamedGrantee::Organization(id) => return Ok(tx.organization(*id)?.map(Candidate::Organization)),
        NamedGrantee::Contact(id) => Some(PersonId::Contact(*id)),
        NamedGrantee::Staff(id) => Some(PersonId::Staff(*id)),
        NamedGrantee::Email(kind, email) => {
            tx.person_by_email(email, None)?.map(|existing| existing.person).filter(|person| {
                matches!(
                    (kind, person),
                    (GranteeType::Contact, PersonId::Contact(_)) | (GranteeType::Staff, PersonId::Staff(_))
                )
            })
        }
    };
    match person {
        None => Ok(None),
        Some(PersonId::Staff(id)) => Ok(tx.staff_member(id)?.map(|staff| Candidate::Staff(Box::new(staff)))),
        Some(PersonId::Contact(id)) => {
            let Some(contact) = tx.contact(id)? else { return Ok(None) };
            let organization = tx.organization(contact.organization)?;
            Ok(organization.map(|organization| Candidate::Contact(Box::new(contact), organization)))
        }
    }
}

/// A grant to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "grantee": {"type": "contact", "email": "mei@globex.example"}, "level": "update",
    "expires_at": "2035-01-31T00:00:00Z", "note": "migration project"
}))]
pub struct CreatePartnerGrantBody {
    /// Who shall hold it.
    #[validate(nested)]
    #[schema(required = true, nullable = false)]
    grantee: Option<GranteeBody>,
    /// How far it shall reach. `none` shuts one person out of what their organization was granted.
    #[schema(required = true, nullable = false)]
    level: Option<LevelIn>,
    /// Which service requests it shall reach at `view` and above; `all` if absent.
    #[schema(nullable = false)]
    history: Option<HistoryIn>,
    /// From this moment on it gives nothing. Required for the vendor's staff.
    expires_at: Option<TimestampWire>,
    /// A note of the grantor's.
    #[validate(length(max = NOTE_MAX))]
    #[schema(max_length = 2000, example = "migration project")]
    note: Option<String>,
    /// Must be `true` for an organization at `view` or above: every contact of it will see all past and present requests.
    #[schema(nullable = false, example = true)]
    acknowledge_organization_wide_visibility: Option<bool>,
}

/// The grantee and the terms of a grant to be.
pub(crate) fn read_wanted(
    app: &App,
    body: Body<CreatePartnerGrantBody>,
) -> Result<(NamedGrantee, CreateGrant), Problem> {
    let Body { value, mut errors, .. } = body;
    let grantee = errors.given("/grantee", value.grantee).and_then(|grantee| grantee.read(&mut errors));
    let level = errors.given("/level", value.level);
    let note = errors.optional("/note", &value.note, Note::parse);
    errors.finish(|| {
        let acknowledged = value.acknowledge_organization_wide_visibility.unwrap_or(false);
        let expires_at = value.expires_at.map(|moment| moment.0);
        let history = value.history.map_or(History::All, |history| history.0);
        Some((grantee?, CreateGrant { id: app.id(), level: level?.0, history, expires_at, note, acknowledged }))
    })
}

/// What must be known to make a grant.
pub(crate) fn create_facts(
    tx: &mut ReadTx<'_>,
    context: &Context,
    grantor: OrganizationId,
    named: &NamedGrantee,
) -> Result<CreateFacts, Problem> {
    let grantee = candidate(tx, named)?;
    let current = match &grantee {
        Some(grantee) => tx.current_grant(grantor, grantee.id())?,
        None => None,
    };
    let person = match &grantee {
        Some(Candidate::Contact(contact, _)) => Some(contact.id.into()),
        Some(Candidate::Organization(_) | Candidate::Staff(_)) | None => None,
    };
    Ok(CreateFacts {
        standing: tx.standing(context.signed_in()?, grantor, context.now)?,
        grantor: tx.organization(grantor)?,
        hanging: around(tx, grantor, current.as_ref(), person)?.hanging,
        grantee,
        current,
    })
}

/// What a change of the grant between two touches, or the making of one: what hangs on it and, for one person, the grants to all of an
/// organization where they have a record, with what hangs on these.
pub(crate) fn around(
    tx: &mut ReadTx<'_>,
    grantor: OrganizationId,
    current: Option<&PartnerGrant>,
    person: Option<PersonId>,
) -> Result<Surroundings, Problem> {
    let wide = person.map(|person| tx.grants_around(grantor, person)).transpose()?.unwrap_or_default();
    let ids: Vec<GrantId> = current.into_iter().chain(&wide).map(|grant| grant.id).collect();
    let hanging = tx.hanging_on(&ids, person)?;
    Ok(Surroundings { around: wide, hanging })
}

/// The same where the grantee is known.
pub(crate) fn surroundings(
    tx: &mut ReadTx<'_>,
    grantor: Option<OrganizationId>,
    current: Option<&PartnerGrant>,
    grantee: &Grantee,
) -> Result<Surroundings, Problem> {
    let Some(grantor) = grantor else { return Ok(Surroundings::default()) };
    let person = match grantee {
        Grantee::Person(person) => Some(person.id),
        Grantee::Organization(_) => None,
    };
    around(tx, grantor, current, person)
}

/// What a change of a grant touches.
fn surroundings_of(tx: &mut ReadTx<'_>, facts: &GrantFacts) -> Result<Surroundings, Problem> {
    match &facts.grant {
        Some(grant) => surroundings(tx, Some(grant.grantor.id), Some(grant), &grant.grantee),
        None => Ok(Surroundings::default()),
    }
}

/// Saves a changed grant, and what ended with it.
fn save(tx: &mut WriteTx<'_>, context: &Context, changed: &Changed) -> Result<Answer, Problem> {
    tx.save_partner_grant(&changed.grant)?;
    tx.save_withdrawal(&changed.withdrawal, context.now)?;
    answer(context, changed.grant.after())
}

/// Make a grant
///
/// For contact managers of the organization. An individual's grant always decides before the organization's, also when it
/// is the lower one.
#[utoipa::path(tag = "partner-grants", operation_id = "createPartnerGrant", request_body = CreatePartnerGrantBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The grantor.")),
    responses((status = 201, description = "The new grant.", body = PartnerGrantView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "grant_exists", "grantee_not_allowed", "level_not_allowed", "expiry_required", "expiry_in_past", "acknowledgement_required"]))))]
#[post("/v1/organizations/{organization_id}/partner-grants")]
pub(crate) async fn create_partner_grant(
    app: Data<Arc<App>>,
    caller: Caller,
    grantor: PathId<OrganizationKind>,
    body: Body<CreatePartnerGrantBody>,
) -> Result<HttpResponse, Problem> {
    let digest = body.digest;
    let (grantee, wanted) = read_wanted(&app, body)?;
    let named = grantee.clone();
    let fence = move |unlocked: &mut Unlocked<'_>| {
        let holder = match &named {
            NamedGrantee::Organization(id) => Some(*id),
            NamedGrantee::Contact(id) => unlocked.organization_of_contact(*id)?,
            NamedGrantee::Staff(id) => unlocked.organization_of_staff(*id)?,
            NamedGrantee::Email(_, email) => unlocked.organization_of_email(email)?,
        };
        // The holder's side is fenced too, so that nobody is granted anything while they are being disabled.
        Ok(Fence::new().changes(grantor.0).uses(holder))
    };
    let work =
        move |_: &App, tx: &mut WriteTx<'_>, context: &Context| create(tx, context, grantor.0, &grantee, &wanted);
    app.write(caller.with_body(digest), command(fence, work)).await
}

fn create(
    tx: &mut WriteTx<'_>,
    context: &Context,
    grantor: OrganizationId,
    named: &NamedGrantee,
    wanted: &CreateGrant,
) -> Result<Answer, Problem> {
    let facts = create_facts(tx, context, grantor, named)?;
    let created = partner_grant::create(context, facts, wanted.clone())?;
    if let Some(replaced) = &created.replaced {
        tx.save_partner_grant(replaced)?;
    }
    tx.save_partner_grant(&created.grant)?;
    tx.save_withdrawal(&created.withdrawal, context.now)?;
    let view = PartnerGrantView::of(created.grant.after(), context.now, context.signed_in()?);
    Answer::created(format!("/v1/partner-grants/{}", wanted.id), 1, wanted.id, &view)
}

/// The facts about a grant for somebody who is known.
pub(crate) fn facts(tx: &mut ReadTx<'_>, actor: &Actor, now: Timestamp, id: GrantId) -> Result<GrantFacts, Problem> {
    let grant = tx.partner_grant(id)?;
    let standing = match &grant {
        Some(grant) => tx.standing(actor, grant.grantor.id, now)?,
        None => Standing::Stranger,
    };
    Ok(GrantFacts { actor: actor.clone(), standing, grant })
}

/// Read a grant
///
/// For both sides: designated contacts of the grantor and of the holder's organization, and the person who holds it.
#[utoipa::path(tag = "partner-grants", operation_id = "getPartnerGrant", params(("grant_id" = GrantIdWire, Path, description = "The grant.")),
    responses((status = 200, description = "The grant.", body = PartnerGrantView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required"]))))]
#[get("/v1/partner-grants/{grant_id}")]
pub(crate) async fn get_partner_grant(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let (visible, asker): (Visible<PartnerGrant>, _) = app
        .read(caller, move |tx, asker| {
            Ok((partner_grant::view(facts(tx, &asker.actor, asker.now, id.0)?)?, asker.clone()))
        })
        .await?;
    let view = PartnerGrantView::of(visible.value(), asker.now, &asker.actor);
    // What expires changes without a new version; a cache must not go on calling it live (G-4).
    let is_settled = visible.value().status(asker.now) != GrantStatus::Expired || visible.value().ending.is_some();
    Ok(if is_settled { if_none_match.answer(visible.value().version, view) } else { HttpResponse::Ok().json(view) })
}

/// What changes in a grant; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": "view", "expires_at": null}))]
pub struct PatchPartnerGrantBody {
    /// How far it shall reach.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<LevelIn>, nullable = false)]
    level: Option<Option<LevelIn>>,
    /// Which service requests it shall reach at `view` and above. Another scope counts from now on; the present one keeps its moment.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<HistoryIn>, nullable = false)]
    history: Option<Option<HistoryIn>>,
    /// When it shall end; `null` takes the end away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<TimestampWire>)]
    expires_at: Option<Option<TimestampWire>>,
    /// A note of the grantor's; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 2000, example = "migration project")]
    note: Option<Option<String>>,
    /// Must be `true` to raise an organization's grant to `view` or above, or to widen its history scope.
    #[schema(nullable = false, example = true)]
    acknowledge_organization_wide_visibility: Option<bool>,
}

/// Edit a grant
///
/// For contact managers of the grantor, with effect at once. A partner never edits the grant that they act by.
#[utoipa::path(tag = "partner-grants", operation_id = "updatePartnerGrant", params(("grant_id" = GrantIdWire, Path, description = "The grant.")),
    request_body(content = PatchPartnerGrantBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The grant.", body = PartnerGrantView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "invalid_transition", "level_not_allowed", "expiry_required", "expiry_in_past", "acknowledgement_required"]))))]
#[patch("/v1/partner-grants/{grant_id}")]
pub(crate) async fn update_partner_grant(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantKind>,
    if_match: IfMatch,
    body: Body<PatchPartnerGrantBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, .. } = body;
    let level = errors.not_null("/level", value.level).map(|level| level.0);
    let history = errors.not_null("/history", value.history).map(|history| history.0);
    let note = errors.patch("/note", &value.note, Note::parse);
    let wanted = errors.finish(|| {
        let expires_at = value.expires_at.map(|moment| moment.map(|moment| moment.0));
        let acknowledged = value.acknowledge_organization_wide_visibility.unwrap_or(false);
        Some(EditGrant { level, history, expires_at, note, acknowledged, expected_version: None })
    })?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = facts(tx, context.signed_in()?, context.now, id.0)?;
        let expected_version = expected(&if_match, facts.grant.as_ref().map(|grant| grant.version));
        let around = surroundings_of(tx, &facts)?;
        let changed = partner_grant::edit(context, facts, around, EditGrant { expected_version, ..wanted.clone() })?;
        save(tx, context, &changed)
    };
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}

fn answer(context: &Context, grant: &PartnerGrant) -> Result<Answer, Problem> {
    Answer::ok(grant.version, grant.id, &PartnerGrantView::of(grant, context.now, context.signed_in()?))
}

fn fence(unlocked: &mut Unlocked<'_>, grant: GrantId) -> Result<Fence, Problem> {
    let grantor = unlocked.organization_of_grant(grant)?;
    Ok(Fence::new().changes(grantor))
}

/// Why a grant is taken back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "project over"}))]
pub struct RevokeBody {
    /// The reason, for the record.
    #[validate(length(max = NOTE_MAX))]
    #[schema(max_length = 2000, example = "project over")]
    reason: Option<String>,
}

/// Revoke a grant
///
/// For contact managers of the grantor. Once this is answered, nothing that rests on the grant happens any more.
#[utoipa::path(tag = "partner-grants", operation_id = "revokePartnerGrant", request_body = RevokeBody,
    params(("grant_id" = GrantIdWire, Path, description = "The grant.")),
    responses((status = 200, description = "The revoked grant.", body = PartnerGrantView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "invalid_transition"]))))]
#[post("/v1/partner-grants/{grant_id}/revoke")]
pub(crate) async fn revoke_partner_grant(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantKind>,
    if_match: IfMatch,
    body: OptionalBody<RevokeBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body.0;
    let reason = errors.optional("/reason", &value.reason, Note::parse);
    let reason = errors.finish(|| Some(reason))?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = facts(tx, context.signed_in()?, context.now, id.0)?;
        let expected_version = expected(&if_match, facts.grant.as_ref().map(|grant| grant.version));
        let around = surroundings_of(tx, &facts)?;
        let changed = partner_grant::revoke(context, facts, around, reason.clone(), expected_version)?;
        save(tx, context, &changed)
    };
    app.write(caller.with_body(digest), command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}
