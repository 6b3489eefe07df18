//! The life cycle of a contact: invited, active, disabled, and invited again (C-12, C-15, C-17).

use crate::access::{Action, Standing, require};
use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context};
use crate::contact::{Contact, Others, WelcomeIds, Welcomed, is_onboarding, keep_guarded};
use crate::contact_review::{self, OpenReview, ReviewStep};
use crate::grant_request::{self, GrantRequest};
use crate::id::{GrantId, GrantRequestId, InvitationId, MailId, MessageId, PersonId, ServiceRequestId};
use crate::invitation::{Invitation, cancel_pending};
use crate::journal::EventKind;
use crate::message::Message;
use crate::organization::expect_version;
use crate::participant::{self, Participant};
use crate::partner_grant::{self, GrantFacts, PartnerGrant};
use crate::person::Disabling;
use crate::readiness;
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::service_request::{self, ServiceRequest};
use crate::session::password_changed;
use crate::text::{MessageBody, Note, SUBJECT_MAX, Subject};
use crate::vocabulary::{Category, ContactType, PersonStatus, RequestStatus, ReviewOutcome, Vocabulary as _};
use crate::wording::Wording;

/// What must be known to move a contact along.
#[derive(Debug, Clone)]
pub struct StateFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the contact's organization.
    pub standing: Standing,
    /// The contact, if they exist.
    pub contact: Option<Contact>,
}

fn found(facts: StateFacts, action: Action) -> Result<(Actor, Standing, Contact), Refusal> {
    let contact = facts.contact.ok_or_else(Refusal::not_found)?;
    require(&facts.standing, action, contact.organization)?;
    Ok((facts.actor, facts.standing, contact))
}

fn expect_status(contact: &Contact, status: PersonStatus, why: Wording) -> Result<(), Refusal> {
    if contact.status == status {
        return Ok(());
    }
    let detail = say!("the contact is `{status}`: {why}", status = contact.status.name(), why);
    Err(Refusal::new(Code::InvalidTransition, detail).with(Extra::CurrentStatus(contact.status.name())))
}

/// Makes an invited contact active: they used their welcome link and set a password (C-12).
///
/// *Errors*: `invalid_link` if they are no longer invited.
pub fn activate(context: &Context, contact: Contact, others: Others) -> Result<Change<Contact>, Refusal> {
    if contact.status != PersonStatus::Invited {
        return Err(Refusal::of(Code::InvalidLink).at("#/token"));
    }
    let authority = Authority::own(contact.organization);
    let after = Contact { status: PersonStatus::Active, ..contact.clone() };
    let findings = readiness::shifts(context, authority, Some(&contact), &after, others);
    Ok(Change::update(context, authority, EventKind::ContactActivated, contact, after).announce(findings))
}

/// Sends the welcome email again; the older link is void (C-12).
///
/// *Decides*: visible? may manage contacts, or onboards the organization that no contact ever entered (C-10)? version?
/// still invited?
pub fn resend_welcome(
    context: &Context,
    facts: StateFacts,
    never_entered: bool,
    expected_version: Option<i64>,
    ids: WelcomeIds,
) -> Result<Welcomed, Refusal> {
    let onboards = is_onboarding(&facts.standing, never_entered);
    let (_, standing, contact) = found(facts, if onboards { Action::ReadContacts } else { Action::ManageContacts })?;
    expect_version(expected_version, contact.version)?;
    expect_status(&contact, PersonStatus::Invited, say!("only who has not set a password yet gets a welcome email"))?;
    Ok(welcome(context, standing, contact.clone(), contact, EventKind::ContactWelcomeResent, ids))
}

/// Enables a disabled contact: they are invited anew, and nothing that ended comes back (C-17).
///
/// *Decides*: visible? may manage contacts? may appoint, if primary (C-10)? version? disabled?
pub fn enable(
    context: &Context,
    facts: StateFacts,
    expected_version: Option<i64>,
    ids: WelcomeIds,
) -> Result<Welcomed, Refusal> {
    let (_, standing, before) = found(facts, Action::ManageContacts)?;
    if before.kind == ContactType::PrimarySupport {
        require(&standing, Action::AppointPrimarySupport, before.organization)?;
    }
    expect_version(expected_version, before.version)?;
    expect_status(&before, PersonStatus::Disabled, say!("only a disabled contact can be enabled"))?;
    let after = Contact { status: PersonStatus::Invited, disabled: None, ..before.clone() };
    Ok(welcome(context, standing, before, after, EventKind::ContactEnabled, ids))
}

fn welcome(
    context: &Context,
    standing: Standing,
    before: Contact,
    after: Contact,
    kind: EventKind,
    ids: WelcomeIds,
) -> Welcomed {
    let person = PersonId::Contact(after.id);
    let authority = standing.authority(after.organization);
    let contact = Change::touch(context, authority, kind, before, after).notify(ids.notice(person));
    Welcomed { contact, link: ids.link(person, context.now) }
}

/// What must be known to disable a contact.
#[derive(Debug, Clone)]
pub struct DisableFacts {
    /// Who asks, and whom.
    pub state: StateFacts,
    /// Their organization.
    pub organization: OrganizationRef,
    /// Who is left besides them (C-11).
    pub others: Others,
    /// The live grants that they hold (G-12).
    pub grants: Vec<PartnerGrant>,
    /// The requests that are not closed and whose point of contact they are.
    pub requests: Vec<ServiceRequest>,
    /// An active primary support contact or contact manager who is left, primary first.
    pub successor: Option<PersonRef>,
    /// The open review in which they are pending (C-20).
    pub review: Option<OpenReview>,
    /// The invitations without an ending that they made, or that were made to them.
    pub invitations: Vec<Invitation>,
    /// The requests for grants without a decision that they made, or that were made for them.
    pub grant_requests: Vec<GrantRequest>,
    /// How they take part in service requests.
    pub participations: Vec<Participant>,
}

/// The ids of the service request that records a deactivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordIds {
    /// The service request.
    pub request: ServiceRequestId,
    /// Its number.
    pub number: i64,
    /// Its message.
    pub message: MessageId,
}

/// Why a contact is disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisableContact {
    /// The reason.
    pub reason: Note,
    /// The version that the manager saw.
    pub expected_version: Option<i64>,
    /// The record to be.
    pub record: RecordIds,
}

/// A disabled contact and all that ended with them. Saving the contact ends their sessions and links.
#[derive(Debug)]
pub struct Disabled {
    /// The contact.
    pub contact: Change<Contact>,
    /// Their individual grants.
    pub grants: Vec<Change<PartnerGrant>>,
    /// The requests whose point of contact they were.
    pub requests: Vec<Change<ServiceRequest>>,
    /// The invitations that they made, or that were made to them.
    pub invitations: Vec<Change<Invitation>>,
    /// The requests for grants that they made, or that were made for them.
    pub grant_requests: Vec<Change<GrantRequest>>,
    /// How they took part in service requests.
    pub participations: Vec<Change<Participant>>,
    /// The service request that records it.
    pub record: Change<ServiceRequest>,
    /// Its message.
    pub message: Change<Message>,
    /// What it does to the open review (C-20).
    pub review: Option<ReviewStep>,
    /// What of it is told to whoever disabled them.
    pub effects: Effects,
}

/// What ended with a contact, as far as whoever disabled them may know of it: of other organizations nobody is told whom they
/// invited, nor which requests a partner looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    /// The individual grants to them that ended, of those that the reader may see (G-10).
    pub grants: Vec<GrantId>,
    /// The requests of their own organization whose point of contact they were.
    pub requests: Vec<ServiceRequestId>,
    /// Who looks after these now; none if there was no such request, or nobody is left.
    pub heir: Option<PersonRef>,
    /// The invitations into their own organization that they had made.
    pub invitations: Vec<InvitationId>,
    /// The requests for grants that they had made, or that were made for them.
    pub grant_requests: Vec<GrantRequestId>,
}

/// Disables a contact at once (C-15).
///
/// *Decides*: visible? may disable? not oneself (the last manager or primary is told that first)? may remove a primary support contact (C-10)? version? active or invited?
/// not the last manager, not the last primary, unless staff do it (C-11)?
pub fn disable(context: &Context, facts: DisableFacts, command: DisableContact) -> Result<Disabled, Refusal> {
    let (actor, standing, before) = found(facts.state, Action::DisableContacts)?;
    if actor.id() == PersonId::Contact(before.id) {
        keep_guarded(&before, &Contact { status: PersonStatus::Disabled, ..before.clone() }, facts.others)?;
        return Err(Refusal::of(Code::OwnRecord));
    }
    // The vendor's own roles may disable whoever is known to have left (C-11); staff who act by a grant may not.
    let is_vendor = actor.has_role(Action::DisableContacts.roles());
    if before.kind == ContactType::PrimarySupport && !is_vendor {
        require(&standing, Action::AppointPrimarySupport, before.organization)?;
    }
    expect_version(command.expected_version, before.version)?;
    if !matches!(before.status, PersonStatus::Active | PersonStatus::Invited) {
        expect_status(&before, PersonStatus::Active, say!("only an active or invited contact can be disabled"))?;
    }
    let after = Contact {
        status: PersonStatus::Disabled,
        disabled: Some(Disabling { at: context.now, by: actor.id(), reason: command.reason.clone() }),
        ..before.clone()
    };
    if !is_vendor {
        keep_guarded(&before, &after, facts.others)?;
    }
    let authority = standing.authority(before.organization);
    let heir = if actor.is_staff() { facts.successor } else { Some(actor.reference()) };
    let findings = readiness::shifts(context, authority, Some(&before), &after, facts.others);
    let review = facts
        .review
        .map(|open| contact_review::deal_with(context, authority, open, before.id, ReviewOutcome::Disabled));
    let (record, message) = record(context, authority, &actor, facts.organization, heir.clone(), &before, &command)?;
    let requests = facts.requests.into_iter();
    let requests: Vec<_> =
        requests.map(|request| hand_over(context, authority, &before, heir.as_ref(), request)).collect();
    let invitations = cancel_pending(context, authority, facts.invitations);
    let grant_requests = grant_request::cancel_open(context, authority, facts.grant_requests);
    let participations = facts.participations.into_iter();
    let is_own = |request: &&GrantRequest| actor.organization == request.grantee.organization();
    let asked = grant_requests.iter().map(Change::after).filter(is_own).map(|request| request.id).collect();
    Ok(Disabled {
        effects: effects(&actor, &before, &facts.grants, &requests, &invitations, asked),
        grants: facts.grants.into_iter().map(|grant| partner_grant::end(context, authority, grant)).collect(),
        contact: Change::update(context, authority, EventKind::ContactDisabled, before, after).announce(findings),
        requests,
        invitations,
        grant_requests,
        participations: participations.map(|part| participant::end(context, authority, part)).collect(),
        record,
        message,
        review,
    })
}

/// Gives a request of somebody who is gone to their heir. A partner's contact manager has no say in the requests of the partner's
/// customers, so these go to nobody.
pub(crate) fn hand_over(
    context: &Context,
    authority: Authority,
    gone: &Contact,
    heir: Option<&PersonRef>,
    request: ServiceRequest,
) -> Change<ServiceRequest> {
    let heir = heir.filter(|_| request.organization.id == gone.organization).cloned();
    service_request::hand_over(context, authority, request, heir)
}

fn effects(
    actor: &Actor,
    contact: &Contact,
    grants: &[PartnerGrant],
    requests: &[Change<ServiceRequest>],
    invitations: &[Change<Invitation>],
    grant_requests: Vec<GrantRequestId>,
) -> Effects {
    let may_see = |grant: &&PartnerGrant| {
        let standing = Standing::of(actor, grant.grantor.id, None);
        partner_grant::view(GrantFacts { actor: actor.clone(), standing, grant: Some((*grant).clone()) }).is_ok()
    };
    let own: Vec<_> =
        requests.iter().map(Change::after).filter(|request| request.organization.id == contact.organization).collect();
    let made = invitations.iter().map(Change::after).filter(|made| made.organization == contact.organization);
    Effects {
        grants: grants.iter().filter(may_see).map(|grant| grant.id).collect(),
        heir: own.iter().find_map(|request| request.point_of_contact.clone()),
        requests: own.iter().map(|request| request.id).collect(),
        invitations: made.map(|invitation| invitation.id).collect(),
        grant_requests,
    }
}

fn record(
    context: &Context,
    authority: Authority,
    actor: &Actor,
    organization: OrganizationRef,
    heir: Option<PersonRef>,
    contact: &Contact,
    command: &DisableContact,
) -> Result<(Change<ServiceRequest>, Change<Message>), Refusal> {
    let flawed = |flaw| Refusal::flawed("#/reason", flaw);
    let title: String = format!("Contact disabled: {}", contact.name())
        .chars()
        .take(usize::try_from(SUBJECT_MAX).unwrap_or(usize::MAX))
        .collect();
    let request = service_request::NewRecord {
        id: command.record.request,
        number: command.record.number,
        organization,
        subject: Subject::parse(&title).map_err(flawed)?,
        category: Category::ContactDeactivation,
        status: RequestStatus::Solved,
        point_of_contact: heir,
        about: contact.id,
    };
    let body = format!("{} ({}) was disabled.\n\n{}", contact.name(), contact.profile.email, command.reason);
    let body = MessageBody::parse(&body).map_err(flawed)?;
    Ok(service_request::record(context, authority, actor, request, command.record.message, body))
}

/// Lets a contact set a new password, and tells them that they did. Saving it ends all their sessions.
///
/// *Errors*: `invalid_link` if they may not sign in any more.
pub fn reset_password(context: &Context, contact: Contact, mail: MailId) -> Result<Change<Contact>, Refusal> {
    if contact.status != PersonStatus::Active {
        return Err(Refusal::of(Code::InvalidLink).at("#/token"));
    }
    let authority = Authority::own(contact.organization);
    let notice = password_changed(mail, contact.id.into());
    Ok(Change::touch(context, authority, EventKind::PasswordReset, contact.clone(), contact).notify(notice))
}
