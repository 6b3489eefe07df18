//! Invitations over HTTP: create, list, read, cancel (C-13, C-14). Accepting one is in [`crate::transfer`].

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::id::{InvitationId, InvitationKind, OrganizationId, OrganizationKind, PersonId};
use mandate_core::invitation::{self, CreateFacts, Invitation, InvitationFacts, NewInvitation, Right};
use mandate_core::text::{EMAIL_MAX, Email, TypedEmail};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{ContactType, InvitationStatus};
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, Empty, OptionalBody, PathId, Query};
use crate::page::page;
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{
    ContactIdWire, ContactTypeIn, ContactTypeOut, DutyIn, DutyOut, InvitationIdWire, InvitationStatusIn,
    InvitationStatusOut, OrganizationIdWire, PermissionIn, PermissionOut, PersonIdWire, TimestampWire,
};

/// An invitation to a contact of another organization. Who they are is not told before they came.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationView {
    /// Its id.
    id: InvitationIdWire,
    /// Who invites.
    organization_id: OrganizationIdWire,
    /// Whom.
    #[schema(format = "email", example = "ana.silva@acme.example")]
    email: String,
    /// `technical` or `primary_support`: what they shall be.
    #[serde(rename = "type")]
    kind: ContactTypeOut,
    /// What they shall be allowed to do.
    permission: PermissionOut,
    /// What they shall look after.
    duties: Vec<DutyOut>,
    /// `pending`, `accepted`, `cancelled` or `expired`.
    status: InvitationStatusOut,
    /// When the link in the email stops to work.
    expires_at: TimestampWire,
    /// When it was made.
    created_at: TimestampWire,
    /// Who made it.
    created_by: PersonIdWire,
    /// When it was accepted or cancelled, or made room for a newer one after its time.
    #[schema(required = true)]
    ended_at: Option<TimestampWire>,
    /// The contact that they became, once they came.
    #[schema(required = true)]
    contact_id: Option<ContactIdWire>,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

impl InvitationView {
    /// An invitation as it is at this moment.
    pub(crate) fn of(invitation: &Invitation, now: Timestamp) -> Self {
        let ending = invitation.ending.as_ref();
        Self {
            id: invitation.id.into(),
            organization_id: invitation.organization.into(),
            email: invitation.email.to_string(),
            kind: invitation.kind.into(),
            permission: invitation.permission.into(),
            duties: invitation.duties.iter().copied().map(Into::into).collect(),
            status: invitation.status(now).into(),
            expires_at: invitation.expires_at.into(),
            created_at: invitation.created_at.into(),
            created_by: invitation.created_by.into(),
            ended_at: ending.map(|ending| ending.at.into()),
            contact_id: ending.and_then(|ending| ending.contact).map(Into::into),
            updated_at: invitation.updated_at.into(),
            version: invitation.version,
        }
    }
}

/// Whom to invite, as what.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "mei@acme.example", "permission": "designated_support"}))]
pub struct CreateInvitationBody {
    /// The user id of a contact of another organization, in one of your own organization's domains.
    #[validate(length(max = EMAIL_MAX))]
    #[schema(
        required = true,
        nullable = false,
        format = "email",
        max_length = 254,
        example = "ana.silva@acme.example"
    )]
    email: Option<String>,
    /// `technical` (the default) or `primary_support`, for those who may appoint one.
    #[serde(rename = "type")]
    kind: Option<ContactTypeIn>,
    /// What they shall be allowed to do.
    #[schema(required = true, nullable = false)]
    permission: Option<PermissionIn>,
    /// What they shall look after.
    #[serde(default)]
    duties: Vec<DutyIn>,
}

/// Invite a contact of another organization
///
/// For contact managers of the organization and partners with `full_admin`, who invite no contact managers and primary support
/// contacts; where the email is in a domain of the organization. The contact gets an email with a single-use link; once they accept, they belong to this organization.
#[utoipa::path(tag = "invitations", operation_id = "createInvitation", request_body = CreateInvitationBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization that invites.")),
    responses((status = 201, description = "The new invitation.", body = InvitationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "contact_manager_protected", "outside_customer_domains", "own_record", "contact_exists", "invitation_exists", "vendor_staff_not_allowed", "contact_combination_invalid", "invitation_not_available"]))))]
#[post("/v1/organizations/{organization_id}/invitations")]
pub(crate) async fn create_invitation(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    body: Body<CreateInvitationBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let email = errors.required("/email", &value.email, TypedEmail::parse);
    let permission = errors.given("/permission", value.permission);
    let expires_at = caller.now.plus(app.settings.invitation_ttl);
    let wanted = errors.finish(|| {
        Some(NewInvitation {
            id: app.id(),
            email: email?,
            kind: value.kind.map_or(ContactType::Technical, |kind| kind.0),
            permission: permission?.0,
            duties: value.duties.into_iter().map(|duty| duty.0).collect(),
            link: app.id(),
            mail: app.id(),
            expires_at,
        })
    })?;
    let named = wanted.email.email.clone();
    let fence = move |unlocked: &mut Unlocked<'_>| {
        // The other side must hold still, so that nobody is invited while they are being transferred.
        let present = unlocked.organization_of_email(&named)?;
        let fence = Fence::new().uses(present);
        Ok(fence.changes(organization.0))
    };
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| create(tx, context, organization.0, &wanted);
    app.write(caller.with_body(digest), command(fence, work)).await
}

fn create(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    wanted: &NewInvitation,
) -> Result<Answer, Problem> {
    let existing = tx.person_by_email(&wanted.email.email, Some(organization))?;
    let open = match existing.as_ref().map(|existing| existing.person) {
        Some(PersonId::Contact(contact)) => tx.open_invitation(organization, contact)?,
        Some(PersonId::Staff(_)) | None => None,
    };
    let facts = CreateFacts {
        right: right(tx, context.signed_in()?, organization, &wanted.email.email, context.now)?,
        organization: tx.organization(organization)?,
        existing,
        open,
    };
    let created = invitation::create(context, facts, wanted.clone())?;
    if let Some(expired) = &created.expired {
        tx.save_invitation(expired)?;
    }
    tx.save_invitation(&created.invitation)?;
    tx.save_link(&created.link)?;
    let view = InvitationView::of(created.invitation.after(), context.now);
    Answer::created(format!("/v1/invitations/{}", wanted.id), 1, wanted.id, &view)
}

/// By what right somebody invites into an organization, now.
pub(crate) fn right(
    tx: &mut ReadTx<'_>,
    inviter: &Actor,
    organization: OrganizationId,
    email: &Email,
    now: Timestamp,
) -> Result<Right, Problem> {
    Ok(Right {
        standing: tx.standing(inviter, organization, now)?,
        owners: tx.domain_owners([email])?,
        vendor_domains: tx.vendor_domains()?,
    })
}

page!(InvitationPage, InvitationView);

/// Which invitations to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInvitationsQuery {
    /// In one of these states; all if absent.
    #[serde(default)]
    status: Vec<InvitationStatusIn>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List an organization's invitations
///
/// For contact managers of the organization, partners with `full_admin`, and the staff who keep records. Newest first.
#[utoipa::path(tag = "invitations", operation_id = "listInvitations",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization that invites."), ListInvitationsQuery),
    responses((status = 200, description = "A page of invitations.", body = InvitationPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/invitations")]
pub(crate) async fn list_invitations(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListInvitationsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let statuses: Vec<InvitationStatus> = value.status.iter().map(|status| status.0).collect();
    errors.finish(|| Some(()))?;
    let (page, now) = (request.page.clone(), caller.now);
    let slice = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            invitation::allow_list(&standing, organization.0)?;
            Ok(tx.invitations(organization.0, asker.now, &statuses, &page)?)
        })
        .await?;
    let views = slice.rows.iter().map(|invitation| InvitationView::of(invitation, now)).collect();
    Ok(request.answer::<InvitationPage>(views, slice.next.as_ref()))
}

/// The facts about an invitation for somebody who is known.
pub(crate) fn facts(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    now: Timestamp,
    id: InvitationId,
) -> Result<InvitationFacts, Problem> {
    let invitation = tx.invitation(id)?;
    let standing = match &invitation {
        Some(invitation) => tx.standing(actor, invitation.organization, now)?,
        None => Standing::Stranger,
    };
    Ok(InvitationFacts { actor: actor.clone(), standing, invitation })
}

/// Read an invitation
///
/// For contact managers of the organization that invites, partners with `full_admin`, and the staff who keep records.
#[utoipa::path(tag = "invitations", operation_id = "getInvitation",
    params(("invitation_id" = InvitationIdWire, Path, description = "The invitation.")),
    responses((status = 200, description = "The invitation.", body = InvitationView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/invitations/{invitation_id}")]
pub(crate) async fn get_invitation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<InvitationKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let now = caller.now;
    let visible =
        app.read(caller, move |tx, asker| Ok(invitation::view(facts(tx, &asker.actor, asker.now, id.0)?)?)).await?;
    let invitation = visible.value();
    let view = InvitationView::of(invitation, now);
    // What expires changes without a new version; a cache must not go on calling it pending.
    let is_settled = invitation.is_pending(now) || invitation.ending.is_some();
    Ok(if is_settled { if_none_match.answer(invitation.version, view) } else { HttpResponse::Ok().json(view) })
}

/// Cancel an invitation
///
/// As long as it is pending. The link in its email is void at once.
#[utoipa::path(tag = "invitations", operation_id = "cancelInvitation",
    params(("invitation_id" = InvitationIdWire, Path, description = "The invitation.")),
    responses((status = 200, description = "The cancelled invitation.", body = InvitationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "invalid_transition", "contact_manager_protected", "primary_support_contact_required", "staff_only"]))))]
#[post("/v1/invitations/{invitation_id}/cancel")]
pub(crate) async fn cancel_invitation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<InvitationKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let Body { errors, digest, .. } = body.0;
    errors.finish(|| Some(()))?;
    let fence = move |unlocked: &mut Unlocked<'_>| {
        let organization = unlocked.organization_of_invitation(id.0)?;
        Ok(Fence::new().changes(organization))
    };
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = facts(tx, context.signed_in()?, context.now, id.0)?;
        let present = facts.invitation.as_ref().map(|invitation| invitation.version);
        let change = invitation::cancel(context, facts, expected(&if_match, present))?;
        tx.save_invitation(&change)?;
        let cancelled = change.after();
        Answer::ok(cancelled.version, cancelled.id, &InvitationView::of(cancelled, context.now))
    };
    app.write(caller.with_body(digest), command(fence, work)).await
}
