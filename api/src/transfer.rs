//! Accepting an invitation over HTTP (C-14).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use mandate_core::change::Context;
use mandate_core::contact::Contact;
use mandate_core::id::{ContactId, LinkId, PersonId};
use mandate_core::invitation::Invitation;
use mandate_core::refusal::{Code, Refusal};
use mandate_core::session::use_link;
use mandate_core::time::Timestamp;
use mandate_core::transfer::{self, AcceptFacts, MANAGERS_TOLD_MAX, Offer, Surroundings, TransferIds, Transferred};
use mandate_core::vocabulary::{LinkPurpose, OrganizationStatus, PersonStatus};
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::{check_idempotency_key, origin};
use crate::extract::Body;
use crate::invitation::{InvitationView, right};
use crate::problem::{BodyProblems, Problem, PublicProblems};
use crate::secret::Secret;
use crate::state::App;

/// A link's token.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "bGluay10b2tlbg…"}))]
pub struct AcceptInvitationBody {
    /// The `token` of the link in the email.
    #[schema(value_type = Option<String>, required = true, nullable = false, example = "bGluay10b2tlbg…")]
    token: Option<Secret>,
}

/// Accept an invitation
///
/// With the link of an invitation email. The contact leaves their organization, which keeps a record of status `transferred`, and
/// belongs to the inviting one from now on, under a new id. Every sign-in and link of theirs and every individual grant to them ends. Who was
/// `active` signs in with the same password as before; everybody else gets a welcome email. If the organization to leave would be
/// without a contact manager or primary support contact, the link stays good.
#[utoipa::path(tag = "invitations", operation_id = "acceptInvitation", request_body = AcceptInvitationBody, security(()),
    responses((status = 200, description = "The accepted invitation.", body = InvitationView),
        PublicProblems, BodyProblems),
    extensions(("x-codes" = json!(["last_contact_manager", "last_primary_support_contact", "invalid_link"]))))]
#[post("/v1/invitations/accept")]
pub(crate) async fn accept_invitation(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<AcceptInvitationBody>,
) -> Result<HttpResponse, Problem> {
    check_idempotency_key(&request)?;
    let Body { value, mut errors, .. } = body;
    let token = errors.given("/token", value.token);
    let token = errors.finish(|| token)?;
    let now = app.now();
    let link = app
        .sealer
        .open_link_token(token.expose())
        .ok_or_else(|| Problem::from(Refusal::of(Code::InvalidLink).at("#/token")))?;
    let ids = TransferIds {
        contact: app.id(),
        welcome: app.welcome(now),
        accepted: app.id(),
        left: (0..MANAGERS_TOLD_MAX).map(|_| app.id()).collect(),
    };
    // Looked at before anybody is made to wait, so that a spent link costs little; decided again inside the fence.
    app.read_unsigned(move |tx| Ok(use_link(now, LinkPurpose::Invitation, tx.link(link)?).map(drop)?)).await?;
    let origin = origin(&request, &app);
    let accepted = app.write_unsigned(move |mut unlocked: Unlocked<'_>| {
        let fence = fence(&mut unlocked, link)?;
        let mut tx = unlocked.lock(&fence)?;
        let (facts, person) = facts(&mut tx, link, now)?;
        let actor = match person {
            Some(person) => tx.actor(person.into())?.map(|(actor, _)| actor),
            None => None,
        };
        let context = Context { actor, now, origin: origin.clone() };
        let transferred = transfer::accept(&context, facts, ids.clone())?;
        save(&mut tx, &transferred, now)?;
        Ok(transferred.invitation.after().clone())
    });
    Ok(HttpResponse::Ok().json(InvitationView::of(&accepted.await?, now)))
}

/// Both organizations change; that of whoever invited must hold still.
fn fence(unlocked: &mut Unlocked<'_>, link: LinkId) -> Result<Fence, Problem> {
    let Some([joined, left, inviter]) = unlocked.organizations_of_link(link)? else { return Ok(Fence::new()) };
    let led = unlocked.organizations_led_by_invited(link)?;
    Ok(led.into_iter().fold(Fence::new(), Fence::uses).changes(joined).changes(left).uses(inviter))
}

fn facts(tx: &mut ReadTx<'_>, link: LinkId, now: Timestamp) -> Result<(AcceptFacts, Option<ContactId>), Problem> {
    let offer = match tx.invitation_of_link(link)? {
        Some(invitation) => offer(tx, invitation, now)?,
        None => None,
    };
    let person = offer.as_ref().map(|(offer, _)| offer.contact.id);
    Ok((AcceptFacts { link: tx.link(link)?, offer }, person))
}

fn offer(
    tx: &mut ReadTx<'_>,
    invitation: Invitation,
    now: Timestamp,
) -> Result<Option<(Offer, Surroundings)>, Problem> {
    let found = (tx.organization(invitation.organization)?, tx.actor(invitation.created_by)?);
    let (Some(organization), Some(inviter)) = found else { return Ok(None) };
    let Some(contact) = tx.contact(invitation.person)? else { return Ok(None) };
    let left = tx.organization(contact.organization)?.map_or(OrganizationStatus::Suspended, |left| left.status);
    let around = surroundings(tx, &invitation, &contact, now)?;
    let offer = Offer {
        right: right(tx, &inviter.0, organization.id, &invitation.email, now)?,
        has_password: tx.password_hash(contact.id.into())?.is_some(),
        invitation,
        organization,
        inviter,
        contact,
        left_status: left,
    };
    Ok(Some((offer, around)))
}

fn surroundings(
    tx: &mut ReadTx<'_>,
    invitation: &Invitation,
    person: &Contact,
    now: Timestamp,
) -> Result<Surroundings, Problem> {
    let (contact, left) = (person.id, person.organization);
    let mut invitations = tx.open_invitations_around(contact)?;
    invitations.retain(|other| other.id != invitation.id);
    let managers = tx.contact_managers(left)?.into_iter().filter(|manager| manager.id != contact);
    Ok(Surroundings {
        managers: managers.map(|manager| PersonId::Contact(manager.id)).collect(),
        others_left: tx.others_than(contact, left)?,
        others_joined: tx.others_than(contact, invitation.organization)?,
        ties: tx.ties_of(person, invitation.organization, now)?,
        review: tx.open_review_of(contact, left, now)?,
        invitations,
    })
}

/// The old record first: an email belongs to one record that is not history.
fn save(tx: &mut WriteTx<'_>, transferred: &Transferred, now: Timestamp) -> Result<(), Problem> {
    tx.use_link(&transferred.link)?;
    tx.save_contact(&transferred.left)?;
    tx.save_contact(&transferred.joined)?;
    let (left, joined) = (transferred.left.after(), transferred.joined.after());
    if joined.status == PersonStatus::Active {
        tx.carry_password(left.id.into(), joined.id.into(), now)?;
    }
    if let Some(welcome) = &transferred.welcome {
        tx.save_link(welcome)?;
    }
    tx.save_untied(&transferred.untied, now)?;
    transferred.review.iter().try_for_each(|step| tx.save_review_step(step))?;
    transferred.invitations.iter().try_for_each(|invitation| tx.save_invitation(invitation))?;
    Ok(tx.save_invitation(&transferred.invitation)?)
}
