//! How an invited contact goes over to the organization that invited them, and what ends where they were (C-14).

use crate::actor::Actor;
use crate::change::{Authority, Change, Context, Notice};
use crate::contact::{Contact, Others, WelcomeIds, keep_guarded};
use crate::contact_review::{OpenReview, ReviewStep, deal_with};
use crate::contact_ties::{Ties, Untied, untie_to};
use crate::id::{ContactId, MailId, PersonId};
use crate::invitation::{self, Invitation, Right, cancel_pending};
use crate::journal::EventKind;
use crate::manager_protection::proclaim;
use crate::organization::Organization;
use crate::readiness;
use crate::refusal::{Code, Refusal};
use crate::session::{Link, may_sign_in, use_link};
use crate::vocabulary::{InvitationStatus, LinkPurpose, MailKind, OrganizationStatus, PersonStatus, ReviewOutcome};

/// How many contact managers are told, by name, that somebody left their organization.
pub const MANAGERS_TOLD_MAX: usize = 20;

/// An invitation and those whom it is between, as they are now.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The invitation.
    pub invitation: Invitation,
    /// Who invites.
    pub organization: Organization,
    /// Whoever made the invitation, and the state of their organization.
    pub inviter: (Actor, OrganizationStatus),
    /// By what right they would do it now.
    pub right: Right,
    /// The invited contact.
    pub contact: Contact,
    /// The state of the organization that they would leave.
    pub left_status: OrganizationStatus,
    /// Whether they ever set a password.
    pub has_password: bool,
}

/// What an invited contact leaves behind, and who is there where they go.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Who is left in the organization that they leave (C-11).
    pub others_left: Others,
    /// Who guards the organization that they join.
    pub others_joined: Others,
    /// What hangs on them.
    pub ties: Ties,
    /// The other invitations without an ending that they made, or that were made to them.
    pub invitations: Vec<Invitation>,
    /// The active contact managers whom they leave behind, by name.
    pub managers: Vec<PersonId>,
    /// The open review of the organization that they leave, if they are pending in it (C-20).
    pub review: Option<OpenReview>,
}

/// What must be known to accept an invitation.
#[derive(Debug, Clone)]
pub struct AcceptFacts {
    /// The link, if it exists.
    pub link: Option<Link>,
    /// The invitation that it belongs to.
    pub offer: Option<(Offer, Surroundings)>,
}

/// The ids of what comes into being when somebody goes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferIds {
    /// Their new record.
    pub contact: ContactId,
    /// The welcome link, for who has no password.
    pub welcome: WelcomeIds,
    /// The email to whoever invited them.
    pub accepted: MailId,
    /// The emails to the contact managers whom they leave behind; at most as many are told.
    pub left: Vec<MailId>,
}

/// Somebody who went over. Saving the old record ends its sessions and links.
#[derive(Debug)]
pub struct Transferred {
    /// The link, used.
    pub link: Link,
    /// The invitation.
    pub invitation: Change<Invitation>,
    /// The record that stays where they were.
    pub left: Change<Contact>,
    /// The new record.
    pub joined: Change<Contact>,
    /// The link in the welcome email, if they have no password; who has one keeps it.
    pub welcome: Option<Link>,
    /// What became of what hung on them.
    pub untied: Untied,
    /// Other invitations that are void now.
    pub invitations: Vec<Change<Invitation>>,
    /// What it does to the open review of the organization that they left (C-20).
    pub review: Option<ReviewStep>,
}

/// Accepts an invitation (C-14).
///
/// *Decides*: link good? invitation pending, and both sides as they must be? would the inviter still be allowed to make it?
/// not the last manager, not the last primary of the organization that they leave (C-11)?
///
/// *Errors*: `invalid_link`, the same whatever is wrong with link or invitation; `last_contact_manager`,
/// `last_primary_support_contact`, which leave the link as it is.
pub fn accept(context: &Context, facts: AcceptFacts, ids: TransferIds) -> Result<Transferred, Refusal> {
    let link = use_link(context.now, LinkPurpose::Invitation, facts.link)?;
    let refused = || Refusal::of(Code::InvalidLink).at("#/token");
    let (offer, around) = facts.offer.filter(|(offer, _)| is_good(context, offer)).ok_or_else(refused)?;
    let Offer { invitation, contact: before, has_password, right, .. } = offer;
    let after = Contact { status: PersonStatus::Transferred, ..before.clone() };
    keep_guarded(&before, &after, around.others_left)?;
    let keeps_password = before.status == PersonStatus::Active && has_password;
    let status = if keeps_password { PersonStatus::Active } else { PersonStatus::Invited };
    let new = Contact {
        id: ids.contact,
        organization: invitation.organization,
        kind: invitation.kind,
        permission: invitation.permission,
        duties: invitation.duties.clone(),
        sites: Default::default(),
        status,
        disabled: None,
        created_at: context.now,
        created_by: Some(invitation.created_by),
        updated_at: context.now,
        last_sign_in_at: None,
        last_confirmed_at: None,
        last_confirmed_by: None,
        training: None,
        email_undeliverable_since: None,
        version: 1,
        ..before.clone()
    };
    let authority = right.standing.authority(invitation.organization);
    let left = leave(context, before, after, &around, &ids);
    let findings = readiness::shifts(context, authority, None, &new, around.others_joined);
    let joined = Change::create(context, authority, EventKind::ContactCreated, new).announce(findings);
    let joined = proclaim(context, joined);
    let (joined, welcome) = welcome(context, joined, status, &ids.welcome);
    let own = Authority::own(left.after().organization);
    let gone = |open| deal_with(context, own, open, left.after().id, ReviewOutcome::Transferred);
    Ok(Transferred {
        untied: untie_to(context, own, left.after(), joined.after(), around.ties),
        invitations: cancel_pending(context, own, around.invitations),
        review: around.review.map(gone),
        invitation: come(context, authority, invitation, &ids),
        link,
        left,
        joined,
        welcome,
    })
}

/// Whether an invitation can still be accepted: it is pending, both organizations are active, the contact has not gone
/// elsewhere, and whoever invited them could do it again.
fn is_good(context: &Context, offer: &Offer) -> bool {
    let (inviter, status) = &offer.inviter;
    offer.invitation.is_pending(context.now)
        && offer.organization.status == OrganizationStatus::Active
        && offer.left_status == OrganizationStatus::Active
        && offer.contact.status != PersonStatus::Transferred
        && may_sign_in(inviter, *status)
        && offer.invitation.created_by != PersonId::Contact(offer.contact.id)
        && offer.right.still_covers(&offer.organization, &offer.invitation)
}

fn leave(
    context: &Context,
    before: Contact,
    after: Contact,
    around: &Surroundings,
    ids: &TransferIds,
) -> Change<Contact> {
    let authority = Authority::own(before.organization);
    let (person, was_there) = (before.id, before.status != PersonStatus::Disabled);
    let findings = readiness::shifts(context, authority, Some(&before), &after, around.others_left);
    let change = Change::update(context, authority, EventKind::ContactTransferred, before, after).announce(findings);
    // Who was disabled had left them before.
    let told = ids.left.iter().zip(&around.managers).take(if was_there { MANAGERS_TOLD_MAX } else { 0 });
    told.fold(change, |change, (id, manager)| {
        let about = Some(person.into());
        change.notify(Notice { id: *id, kind: MailKind::ContactTransferred, to: *manager, about, link: None })
    })
}

fn welcome(
    context: &Context,
    joined: Change<Contact>,
    status: PersonStatus,
    ids: &WelcomeIds,
) -> (Change<Contact>, Option<Link>) {
    let person = joined.after().id.into();
    match status {
        PersonStatus::Invited => (joined.notify(ids.notice(person)), Some(ids.link(person, context.now))),
        PersonStatus::Active | PersonStatus::Disabled | PersonStatus::Transferred => (joined, None),
    }
}

fn come(context: &Context, authority: Authority, invitation: Invitation, ids: &TransferIds) -> Change<Invitation> {
    let (about, to) = (Some(invitation.id.into()), invitation.created_by);
    let (kind, status) = (EventKind::InvitationAccepted, InvitationStatus::Accepted);
    invitation::end(context, authority, kind, invitation, status, Some(ids.contact)).notify(Notice {
        id: ids.accepted,
        kind: MailKind::InvitationAccepted,
        to,
        about,
        link: None,
    })
}
