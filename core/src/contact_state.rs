//! The life cycle of a contact: invited, active, disabled, and invited again (C-12, C-15, C-17).

use crate::access::{Action, Standing, require};
use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context, Notice};
use crate::contact::{Contact, Existing, Others, WelcomeIds, Welcomed, is_onboarding, keep_guarded, refuse_existing};
use crate::contact_review::{self, OpenReview, ReviewStep};
use crate::contact_ties::{Ties, Untied, untie};
use crate::domain_owner::DomainOwners;
use crate::escalation_guard::is_guard;
use crate::grant_request::GrantRequest;
use crate::grant_rest::{self, Individual};
use crate::handover::First;
use crate::id::{EscalationId, GrantId, GrantRequestId, InvitationId, MailId, MessageId, PersonId, ServiceRequestId};
use crate::invitation::{Invitation, cancel_pending};
use crate::journal::EventKind;
use crate::manager_protection::{expect_own_address, proclaim, protect};
use crate::message::Message;
use crate::organization::expect_version;
use crate::partner_grant::{self, GrantFacts, PartnerGrant};
use crate::person::Disabling;
use crate::readiness;
use crate::refusal::{Code, Extra, Refusal};
use crate::request_access::{RequestTraits, sight};
use crate::request_record;
use crate::say;
use crate::service_request::ServiceRequest;
use crate::session::password_changed;
use crate::text::{MessageBody, Note, SUBJECT_MAX, Subject};
use crate::vocabulary::{Category, ContactType, MailKind, PersonStatus, RequestStatus, ReviewOutcome, Vocabulary as _};
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
/// *Decides*: visible? may manage contacts, or onboards the organization that no contact ever entered (C-10)? no contact manager or
/// primary by who acts by a grant (C-9)? may appoint, if primary (C-10)? version? still invited?
pub fn resend_welcome(
    context: &Context,
    facts: StateFacts,
    never_entered: bool,
    expected_version: Option<i64>,
    ids: WelcomeIds,
) -> Result<Welcomed, Refusal> {
    let onboards = is_onboarding(&facts.standing, never_entered);
    let (_, standing, contact) = found(facts, if onboards { Action::ReadContacts } else { Action::ManageContacts })?;
    if !onboards {
        protect(&standing, contact.organization, &[contact.position()])?;
        // Each one voids the link before it, so that whoever may not appoint could keep an appointed one out.
        if contact.kind == ContactType::PrimarySupport {
            require(&standing, Action::AppointPrimarySupport, contact.organization)?;
        }
    }
    expect_version(expected_version, contact.version)?;
    expect_status(&contact, PersonStatus::Invited, say!("only who has not set a password yet gets a welcome email"))?;
    Ok(welcome(context, standing, contact.clone(), contact, EventKind::ContactWelcomeResent, ids))
}

/// What must be known to enable a contact.
#[derive(Debug, Clone)]
pub struct EnableFacts {
    /// Who asks, and whom.
    pub state: StateFacts,
    /// Who has their address now: an invited or active record, or a staff member (C-13).
    pub holder: Option<Existing>,
    /// Whose the address's domain is (O-5).
    pub owners: DomainOwners,
    /// The grants without an ending to other records of this address.
    pub former: Vec<Individual>,
}

/// Enables a disabled contact: they are invited anew, and nothing that ended comes back (C-17).
///
/// *Decides*: visible? may manage contacts? no contact manager or primary by who acts by a grant, and of the organization's own domains
/// (C-9)? may appoint, if primary (C-10)? version? disabled? address free (C-13)?
pub fn enable(
    context: &Context,
    facts: EnableFacts,
    expected_version: Option<i64>,
    ids: WelcomeIds,
) -> Result<Welcomed, Refusal> {
    let EnableFacts { state, holder, owners, former } = facts;
    let (_, standing, before) = found(state, Action::ManageContacts)?;
    let (organization, email) = (before.organization, &before.profile.email);
    protect(&standing, organization, &[before.position()])?;
    expect_own_address(&standing, organization, email, &owners)?;
    if before.kind == ContactType::PrimarySupport {
        require(&standing, Action::AppointPrimarySupport, organization)?;
    }
    expect_version(expected_version, before.version)?;
    expect_status(&before, PersonStatus::Disabled, say!("only a disabled contact can be enabled"))?;
    refuse_existing(organization, email, holder, &owners)?;
    let after = Contact { status: PersonStatus::Invited, disabled: None, ..before.clone() };
    let grants = grant_rest::meet(context, former, &after);
    Ok(Welcomed { grants, ..welcome(context, standing, before, after, EventKind::ContactEnabled, ids) })
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
    Welcomed { contact: proclaim(context, contact), link: ids.link(person, context.now), grants: Vec::new() }
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
    /// What hangs on them.
    pub ties: Ties,
    /// The escalation of their organization that is under way (E-4).
    pub under_way: Option<EscalationId>,
    /// An active primary support contact or contact manager who is left, primary first.
    pub successor: Option<PersonRef>,
    /// The open review in which they are pending (C-20).
    pub review: Option<OpenReview>,
    /// The invitations without an ending that they made, or that were made to them.
    pub invitations: Vec<Invitation>,
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
    /// The email to the contact, if staff disable them.
    pub mail: MailId,
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
    /// What became of what hung on them.
    pub untied: Untied,
    /// The invitations that they made, or that were made to them.
    pub invitations: Vec<Change<Invitation>>,
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
/// *Decides*: visible? may disable? not oneself (the last manager or primary is told that first)? no contact manager or primary by who acts
/// by a grant (C-9)? may remove a primary support contact (C-10)? version? active or invited?
/// no guard by staff while an escalation is under way, unless by completing it (E-4)?
/// not the last manager, not the last primary, unless staff do it (C-11)?
pub fn disable(context: &Context, facts: DisableFacts, command: DisableContact) -> Result<Disabled, Refusal> {
    let (actor, standing, before) = found(facts.state, Action::DisableContacts)?;
    if actor.id() == PersonId::Contact(before.id) {
        keep_guarded(&before, &Contact { status: PersonStatus::Disabled, ..before.clone() }, facts.others)?;
        return Err(Refusal::of(Code::OwnRecord));
    }
    // The vendor's own roles may disable whoever is known to have left (C-11); staff who act by a grant may not.
    let is_vendor = actor.has_role(Action::DisableContacts.roles());
    if !is_vendor {
        protect(&standing, before.organization, &[before.position()])?;
    }
    if before.kind == ContactType::PrimarySupport && !is_vendor {
        require(&standing, Action::AppointPrimarySupport, before.organization)?;
    }
    expect_version(command.expected_version, before.version)?;
    if !matches!(before.status, PersonStatus::Active | PersonStatus::Invited) {
        expect_status(&before, PersonStatus::Active, say!("only an active or invited contact can be disabled"))?;
    }
    expect_no_escalation(&actor, &before, facts.under_way)?;
    let after = Contact {
        status: PersonStatus::Disabled,
        disabled: Some(Disabling { at: context.now, by: actor.id(), reason: command.reason.clone() }),
        ..before.clone()
    };
    if !is_vendor {
        keep_guarded(&before, &after, facts.others)?;
    }
    let authority = standing.authority(before.organization);
    // The organization's own manager takes over; staff and partners do not.
    let is_own = actor.organization == before.organization;
    let heir = if is_own { Some(actor.reference()) } else { facts.successor };
    let first = if is_own { First::Manager(&actor) } else { First::Nobody };
    let findings = readiness::shifts(context, authority, Some(&before), &after, facts.others);
    let review = facts
        .review
        .map(|open| contact_review::deal_with(context, authority, open, before.id, ReviewOutcome::Disabled));
    let (record, message) = record(context, authority, &actor, facts.organization, heir, &before, &command)?;
    let invitations = cancel_pending(context, authority, facts.invitations);
    let untied = untie(context, authority, &before, facts.ties, first);
    let effects = effects(&actor, &standing, &before, &untied, &invitations);
    let contact = Change::update(context, authority, EventKind::ContactDisabled, before, after).announce(findings);
    let person = contact.after().id.into();
    let notice = Notice {
        id: command.record.mail,
        kind: MailKind::ContactDisabled,
        to: person,
        about: Some(person.into()),
        link: None,
    };
    let contact = if actor.is_staff() { contact.notify(notice) } else { contact };
    Ok(Disabled { contact: proclaim(context, contact), untied, invitations, record, message, review, effects })
}

/// While an escalation is under way, staff take nobody away who could object (E-4).
fn expect_no_escalation(actor: &Actor, contact: &Contact, under_way: Option<EscalationId>) -> Result<(), Refusal> {
    match under_way {
        Some(escalation) if actor.is_staff() && is_guard(contact) => {
            let detail = say!(
                "`{escalation}` is under way; until it is over, staff disable `{name}` by completing it alone",
                escalation,
                name = contact.name()
            );
            Err(Refusal::new(Code::EscalationUnderWay, detail).with(Extra::About(escalation.into())))
        }
        Some(_) | None => Ok(()),
    }
}

/// Of what somebody is told: of confidential requests those that they see, and who acts by a grant of others as well (G-16, S-14).
fn effects(
    actor: &Actor,
    standing: &Standing,
    contact: &Contact,
    untied: &Untied,
    invitations: &[Change<Invitation>],
) -> Effects {
    let ended = untied.grants.iter().filter(|change| change.after().ending.is_some()).map(Change::after);
    let may_see = |grant: &&PartnerGrant| {
        let standing = Standing::of(actor, grant.grantor.id, None);
        partner_grant::view(GrantFacts { actor: actor.clone(), standing, grant: Some((*grant).clone()) }).is_ok()
    };
    let is_shown = |request: &&ServiceRequest| {
        let by_grant = matches!(standing, Standing::Partner(_) | Standing::Staff { held: Some(_), .. });
        request.organization.id == contact.organization
            && ((!request.confidential && !by_grant)
                || sight(standing, RequestTraits::of(request, actor.id(), None)).is_some())
    };
    let requests = || untied.handed_over.requests.iter().map(Change::after).filter(is_shown);
    let made = invitations.iter().map(Change::after).filter(|made| made.organization == contact.organization);
    let is_own = |request: &&GrantRequest| actor.organization == request.grantee.organization();
    Effects {
        grants: ended.filter(may_see).map(|grant| grant.id).collect(),
        heir: requests().find_map(|request| request.point_of_contact.clone()),
        requests: requests().map(|request| request.id).collect(),
        invitations: made.map(|invitation| invitation.id).collect(),
        grant_requests: untied.grant_requests.iter().map(Change::after).filter(is_own).map(|one| one.id).collect(),
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
    let request = request_record::NewRecord {
        id: command.record.request,
        number: command.record.number,
        organization,
        subject: Subject::parse(&title).map_err(flawed)?,
        category: Category::ContactDeactivation,
        status: RequestStatus::Solved,
        point_of_contact: heir,
        about: contact.id,
    };
    // The reason stands in the contact's record alone, which fewer people read (C-15).
    let body = format!("{} ({}) was disabled.", contact.name(), contact.profile.email);
    let body = MessageBody::parse(&body).map_err(flawed)?;
    Ok(request_record::record(context, authority, actor, request, command.record.message, body))
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
