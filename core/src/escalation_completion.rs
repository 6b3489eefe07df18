//! How an escalation ends: the nominee is appointed, whoever left is disabled, and a review begins (E-9, E-10).

use crate::access::Standing;
use crate::actor::{Actor, Position};
use crate::change::{Authority, Change, Context};
use crate::contact::{Address, Contact, NewContact, Others, WelcomeIds, onboard};
use crate::contact_review::{self, Started};
use crate::contact_site::WantedSites;
use crate::contact_state::{DisableContact, DisableFacts, Disabled, RecordIds, StateFacts, disable};
use crate::contact_ties::Ties;
use crate::domain_owner::DomainOwners;
use crate::escalation::{Approval, Escalation, EscalationFacts, State};
use crate::escalation_case::{Absence, Nominee};
use crate::escalation_step::{NomineeFacts, Step, expect_appointable, expect_state, movable, moved};
use crate::grant_rest;
use crate::id::{ContactId, OrganizationId, PersonId, ReviewId};
use crate::journal::EventKind;
use crate::manager_protection::proclaim;
use crate::partner_grant::PartnerGrant;
use crate::person::{NewProfile, Profile};
use crate::readiness;
use crate::refusal::{Code, Extra, Refusal, Requirement};
use crate::say;
use crate::session::{Link, may_sign_in};
use crate::text::{Locale, Note};
use crate::vocabulary::{ContactType, OrganizationStatus, OrganizationType, Permission, PersonStatus, StaffRole};

/// What must be known to complete an escalation.
#[derive(Debug, Clone)]
pub struct CompleteFacts {
    /// The escalation, and who asks to complete it.
    pub escalation: EscalationFacts,
    /// Whether the server does it by itself, because the waiting period is over. Then nobody has to ask.
    pub by_system: bool,
    /// Whoever approved it, as they are now, and the state of the vendor's organization.
    pub approver: Option<(Actor, OrganizationStatus)>,
    /// Who shall be appointed, and what stands in the way.
    pub nominee: NomineeFacts,
    /// The nominee's record in the organization, if there is one.
    pub record: Option<Contact>,
    /// Who guards the organization besides the nominee.
    pub others: Others,
    /// Which of those named unavailable are active or invited now.
    pub present: Vec<ContactId>,
    /// Whether whoever approved it holds a grant of the organization, or held one within a year (E-6).
    pub approver_granted: bool,
    /// Whether a review of the organization is open.
    pub is_in_review: bool,
}

/// The ids of what comes into being.
#[derive(Debug, Clone, Copy)]
pub struct CompletionIds {
    /// The nominee's record, if they have none.
    pub contact: ContactId,
    /// The welcome link and email, for who has no password.
    pub welcome: WelcomeIds,
}

/// A primary support contact who left, and is to be disabled with all that hangs on it (C-15).
#[derive(Debug, Clone)]
pub struct Departure {
    contact: ContactId,
    actor: Actor,
    standing: Standing,
    heir: Actor,
    reason: Note,
}

impl Departure {
    /// Who left.
    pub fn contact(&self) -> ContactId {
        self.contact
    }
}

/// A completed escalation. What is here is saved first; then each departure is decided by [`depart`] and saved, and last the review by
/// [`Completed::review`], so that it covers those who stay.
#[derive(Debug)]
pub struct Completed {
    /// The escalation.
    pub escalation: Change<Escalation>,
    /// The nominee's record.
    pub nominee: Change<Contact>,
    /// The link in the welcome email, for who has no password; voids older ones.
    pub link: Option<Link>,
    /// The grants that took something away from another record of the nominee's, and apply to this one (G-12).
    pub grants: Vec<Change<PartnerGrant>>,
    /// Those who left.
    pub departures: Vec<Departure>,
    authority: Authority,
    is_in_review: bool,
}

impl Completed {
    /// The review for which the nominee is responsible from now on (E-10), of as many contacts as are active or invited; none where one
    /// is open already.
    pub fn review(&self, context: &Context, covered: i64, id: ReviewId) -> Option<Started> {
        let organization = self.escalation.after().organization.id;
        (!self.is_in_review).then(|| contact_review::begin(context, self.authority, organization, covered, id))
    }
}

/// Whether somebody is still there to be disabled: of the organization, and not disabled already (E-9).
pub fn is_present(contact: &Contact, organization: OrganizationId) -> bool {
    contact.organization == organization && matches!(contact.status, PersonStatus::Active | PersonStatus::Invited)
}

/// What became of an escalation whose time came.
#[derive(Debug)]
pub enum Completion {
    /// The nominee is appointed.
    Done(Box<Completed>),
    /// It cannot be completed any more, and is in review again; the state says why.
    Returned(Box<Change<Escalation>>),
}

/// Completes an escalation whose waiting period is over (E-9).
///
/// *Decides*: as every step; organization not suspended, and waiting period over? Then, whether it can still be done, for else it goes back into review: whoever
/// approved it is still a duty manager? the nominee can be appointed? nobody else to turn to (E-4)?
pub fn complete(context: &Context, facts: CompleteFacts, ids: CompletionIds) -> Result<Completion, Refusal> {
    let (actor, standing, before) = if facts.by_system {
        due(context, &facts)?
    } else {
        movable(context, facts.escalation.clone(), Step::Complete, None)?
    };
    let State::Approved(approval) = before.state.clone() else {
        return Err(Refusal::of(Code::InvalidTransition));
    };
    if approval.rests_since.is_some() || facts.nominee.organization.status == OrganizationStatus::Suspended {
        let detail = say!("the waiting period rests while the organization is suspended");
        return Err(Refusal::new(Code::WaitingPeriod, detail).with(Extra::CompletesAt(approval.completes_at)));
    }
    if context.now < approval.completes_at {
        let detail = say!("the waiting period ends at `{completes_at}`", completes_at = approval.completes_at);
        return Err(Refusal::new(Code::WaitingPeriod, detail).with(Extra::CompletesAt(approval.completes_at)));
    }
    if let Err(refusal) = expect_approver(&facts).and_then(|()| expect_appointable(&before, &facts.nominee)) {
        let returned = Note::parse(&refusal.detail.to_string()).map_err(|flaw| Refusal::flawed("#/reason", flaw))?;
        let after = Escalation { state: State::InReview { returned: Some(returned) }, ..before.clone() };
        let change = moved(context, &standing, EventKind::EscalationReturned, before, after);
        return Ok(Completion::Returned(Box::new(change)));
    }
    appoint(context, (actor, standing), before, approval, facts, ids).map(|done| Completion::Done(Box::new(done)))
}

/// The escalation that the server completes by itself. It carries out the decision of whoever approved it.
fn due(context: &Context, facts: &CompleteFacts) -> Result<(Actor, Standing, Escalation), Refusal> {
    let EscalationFacts { actor, standing, escalation, .. } = facts.escalation.clone();
    let escalation = escalation.ok_or_else(Refusal::not_found)?.settled(context.now);
    expect_state(&escalation, Step::Complete)?;
    Ok((actor, standing, escalation))
}

/// Whether the approval still has somebody who may give it.
fn expect_approver(facts: &CompleteFacts) -> Result<(), Refusal> {
    let decides = |(approver, status): &(Actor, OrganizationStatus)| {
        may_sign_in(approver, *status) && approver.has_role(&[StaffRole::DutyManager])
    };
    if facts.approver.as_ref().is_some_and(decides) {
        let detail = say!("whoever approved it holds a grant of the organization, or held one within a year");
        let is_free = !facts.approver_granted;
        return if is_free { Ok(()) } else { Err(Refusal::new(Code::SecondPersonRequired, detail)) };
    }
    let requirement = Requirement::Roles(&[StaffRole::DutyManager]);
    Err(Refusal::new(
        Code::StaffOnly,
        say!("whoever approved it has not {requirement} any more", requirement = requirement.wording()),
    ))
}

fn appoint(
    context: &Context,
    (actor, standing): (Actor, Standing),
    before: Escalation,
    approval: Approval,
    facts: CompleteFacts,
    ids: CompletionIds,
) -> Result<Completed, Refusal> {
    let organization = before.organization.id;
    let authority = standing.authority(organization);
    let (nominee, link) = match facts.record {
        Some(record) => promote(context, authority, (record, &before.case.nominee), facts.others, ids.welcome),
        None => create(context, authority, &before, &facts.nominee, ids)?,
    };
    let grants = grant_rest::meet(context, facts.nominee.former, nominee.after());
    let heir = guard(nominee.after(), facts.nominee.organization.kind);
    // Partners may read it, who learn nothing of an escalation (E-11).
    let reason = Note::parse("left the organization").map_err(|flaw| Refusal::flawed("#/reason", flaw))?;
    let left = before.case.unavailable.iter().filter(|one| one.reason == Absence::Left).map(|one| one.contact);
    let left = left.filter(|one| *one != nominee.after().id && facts.present.contains(one));
    let departures: Vec<Departure> = left
        .map(|contact| Departure {
            contact,
            actor: actor.clone(),
            standing: standing.clone(),
            heir: heir.clone(),
            reason: reason.clone(),
        })
        .collect();
    let state = State::Completed { approval, contact: nominee.after().id, at: context.now };
    let after = Escalation { state, ..before.clone() };
    let escalation = moved(context, &standing, EventKind::EscalationCompleted, before, after);
    Ok(Completed { escalation, nominee, link, grants, departures, authority, is_in_review: facts.is_in_review })
}

/// The nominee as somebody who looks after what those who left looked after.
fn guard(nominee: &Contact, organization_kind: OrganizationType) -> Actor {
    Actor {
        position: Position::Contact { id: nominee.id, permission: nominee.permission, kind: nominee.kind },
        organization: nominee.organization,
        organization_kind,
        name: nominee.name(),
        email: nominee.profile.email.clone(),
        status: nominee.status,
    }
}

/// Makes a contact of the organization its primary support contact, and lets them in again if they were disabled.
fn promote(
    context: &Context,
    authority: Authority,
    (before, nominee): (Contact, &Nominee),
    others: Others,
    welcome: WelcomeIds,
) -> (Change<Contact>, Option<Link>) {
    let has_password = before.status == PersonStatus::Active;
    // What was verified holds, whatever somebody wrote into the record in the meantime (E-6).
    let profile = Profile {
        first_name: nominee.first_name.clone(),
        last_name: nominee.last_name.clone(),
        phone: nominee.phone.clone().or_else(|| before.profile.phone.clone()),
        ..before.profile.clone()
    };
    let after = Contact {
        profile,
        kind: ContactType::PrimarySupport,
        permission: Permission::ManageContacts,
        status: if has_password { PersonStatus::Active } else { PersonStatus::Invited },
        disabled: None,
        ..before.clone()
    };
    let kind =
        if before.status == PersonStatus::Disabled { EventKind::ContactEnabled } else { EventKind::ContactUpdated };
    let findings = readiness::shifts(context, authority, Some(&before), &after, others);
    let person = after.id.into();
    let change = Change::touch(context, authority, kind, before, after).announce(findings);
    let change = proclaim(context, change);
    if has_password {
        return (change, None);
    }
    (change.notify(welcome.notice(person)), Some(welcome.link(person, context.now)))
}

fn create(
    context: &Context,
    authority: Authority,
    escalation: &Escalation,
    facts: &NomineeFacts,
    ids: CompletionIds,
) -> Result<(Change<Contact>, Option<Link>), Refusal> {
    let nominee = &escalation.case.nominee;
    let profile = NewProfile {
        email: nominee.email.clone().into(),
        first_name: nominee.first_name.clone(),
        last_name: nominee.last_name.clone(),
        phone: nominee.phone.clone(),
        time_zone: nominee.time_zone.clone(),
        locale: Locale::default(),
    };
    let person = NewContact {
        id: ids.contact,
        profile,
        kind: ContactType::PrimarySupport,
        permission: Permission::ManageContacts,
        duties: Default::default(),
        sites: WantedSites::default(),
        welcome: ids.welcome,
    };
    let around = (&facts.organization, [].as_slice());
    let owners = DomainOwners::default();
    let address = Address { vendor_domains: &facts.vendor_domains, owners: &owners, existing: facts.existing.clone() };
    let welcomed = onboard(context, authority, around, address, person)?;
    Ok((welcomed.contact, Some(welcomed.link)))
}

/// Disables a primary support contact who left, with all that C-15 says. Their requests go to an active primary support contact or
/// contact manager who stays or, where there is none, to the nominee.
///
/// *Errors*: `internal` if the facts are about somebody else.
pub fn depart(
    context: &Context,
    departure: &Departure,
    leaving: &[ContactId],
    facts: DisableFacts,
    record: RecordIds,
) -> Result<Disabled, Refusal> {
    if facts.state.contact.as_ref().is_none_or(|contact| contact.id != departure.contact) {
        return Err(Refusal::of(Code::Internal));
    }
    let stays = |heir: PersonId| !leaving.iter().any(|one| heir == (*one).into());
    let state = StateFacts { actor: departure.actor.clone(), standing: departure.standing.clone(), ..facts.state };
    let successor = facts.successor.filter(|heir| stays(heir.id)).or_else(|| Some(departure.heir.reference()));
    let leads = facts.ties.leads.into_iter().map(|mut lead| {
        lead.guards.retain(|guard| stays(guard.id()));
        if lead.guards.is_empty() && lead.request.organization.id == departure.heir.organization {
            lead.guards.push(departure.heir.clone());
        }
        lead
    });
    let ties = Ties { leads: leads.collect(), ..facts.ties };
    let command = DisableContact { reason: departure.reason.clone(), expected_version: None, record };
    disable(context, DisableFacts { state, successor, ties, under_way: None, ..facts }, command)
}
