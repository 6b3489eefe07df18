//! Those who guard an organization while an escalation of it is under way: who counts as one, and what follows from what they do
//! (E-4, E-7, E-8, E-9).

use crate::access::Standing;
use crate::actor::{Actor, PersonRef};
use crate::change::{Authority, Change, Context, Notice};
use crate::contact::Contact;
use crate::escalation::{Approval, Escalation, EscalationFacts, State};
use crate::escalation_step::object;
use crate::id::{LinkId, MailId, OrganizationId, PersonId};
use crate::journal::EventKind;
use crate::refusal::{Code, Refusal};
use crate::say;
use crate::session::{Link, use_link};
use crate::text::Note;
use crate::time::{Span, Timestamp};
use crate::vocabulary::{ContactType, LinkPurpose, MailKind, Permission, PersonStatus};

/// How long before an escalation a guard whom staff disabled counts as active in it (E-4).
pub const PUT_ASIDE: Span = Span::days(30);

/// Whether somebody guarded the organization until staff disabled them shortly before an escalation was opened, or since: they count
/// as active in it, so that nobody of the vendor clears the way alone (E-4).
pub fn was_put_aside(contact: &Contact, opened_at: Timestamp) -> bool {
    let is_late = |at: Timestamp| at >= opened_at.minus(PUT_ASIDE);
    let by_staff = contact.disabled.as_ref().is_some_and(|one| matches!(one.by, PersonId::Staff(_)) && is_late(one.at));
    contact.status == PersonStatus::Disabled && by_staff && is_guard(contact)
}

/// Whether somebody guarded the organization and does not any more, because they were put aside or, by whomever, disabled since the
/// escalation was opened: they are told and may object all the same, so that whoever opened it clears no way either (E-7, E-8).
pub fn was_taken_away(contact: &Contact, opened_at: Timestamp) -> bool {
    let is_since = contact.disabled.as_ref().is_some_and(|one| one.at >= opened_at);
    was_put_aside(contact, opened_at) || (contact.status == PersonStatus::Disabled && is_since && is_guard(contact))
}

/// Whether somebody is a primary support contact or contact manager, whatever their state.
pub fn is_guard(contact: &Contact) -> bool {
    contact.kind == ContactType::PrimarySupport || contact.permission == Permission::ManageContacts
}

/// Whether an escalation has to say why it does not turn to somebody: an active primary support contact, or a guard who was put aside
/// (E-4). The one meaning of "active" for E-4, E-7 and E-8.
pub fn must_be_named(contact: &Contact, opened_at: Timestamp) -> bool {
    contact.is_active_primary() || was_put_aside(contact, opened_at)
}

/// Whether somebody of an organization can be said to be unavailable: a primary support contact, whatever their state, or a guard who
/// was put aside (E-4).
pub fn can_be_named(contact: &Contact, organization: OrganizationId, opened_at: Timestamp) -> bool {
    contact.organization == organization
        && (contact.kind == ContactType::PrimarySupport || was_put_aside(contact, opened_at))
}

/// Whether somebody is told of an escalation before it is completed (E-7): everybody of the organization who is active or invited, and
/// who was put aside.
pub fn is_told(contact: &Contact, escalation: &Escalation) -> bool {
    contact.organization == escalation.organization.id
        && (matches!(contact.status, PersonStatus::Active | PersonStatus::Invited)
            || was_taken_away(contact, escalation.created_at))
}

/// Whether an actor guards the organization, and may object (E-8): an active primary support contact or contact manager.
pub(crate) fn guards(standing: &Standing) -> bool {
    match standing {
        Standing::Member { kind: ContactType::PrimarySupport, .. } => true,
        Standing::Member { permission, .. } => *permission == Permission::ManageContacts,
        Standing::Partner(_) | Standing::Staff { .. } | Standing::Stranger => false,
    }
}

/// Whether somebody may be said to be unavailable in an escalation of their organization: whoever guards it.
pub fn may_be_presumed_gone(who: &Actor) -> bool {
    guards(&Standing::of(who, who.organization, None))
}

/// What follows where somebody signed in or changed something who is a primary support contact or is said to be unavailable (E-9): the
/// presumption that nobody can be turned to has ended. That is remembered; and what was approved is in review again.
///
/// *Shape*: nothing where it says nothing new.
pub fn notice_of_life(context: &Context, before: Escalation, who: &Actor) -> Option<Change<Escalation>> {
    let PersonId::Contact(contact) = who.id() else { return None };
    let before = before.settled(context.now);
    let is_primary = matches!(
        Standing::of(who, before.organization.id, None),
        Standing::Member { kind: ContactType::PrimarySupport, .. }
    );
    let is_named = before.names(contact);
    // Opening it is no sign of life after the opening.
    let is_opening = before.version == 1 && before.opened_by.id == who.id() && before.created_at == context.now;
    if before.state.status().is_final() || is_opening || !(is_named || is_primary) {
        return None;
    }
    let ended = presumption_ended(&before.state, &who.reference()).filter(|_| is_named);
    if ended.is_none() && before.traces.seen.contains_key(&contact) {
        return None;
    }
    let kind = match (&ended, &before.state) {
        (Some(_), State::Approved(_)) => EventKind::EscalationReturned,
        _ => EventKind::EscalationPresumptionEnded,
    };
    let mut after = Escalation { state: ended.unwrap_or_else(|| before.state.clone()), ..before.clone() };
    after.traces.seen.insert(contact, context.now);
    Some(Change::update(context, Authority::own(before.organization.id), kind, before, after))
}

/// Where an approval stands no more, because somebody is there after all; nothing where there is none.
fn presumption_ended(state: &State, who: &PersonRef) -> Option<State> {
    match state {
        State::Approved(_) => {
            let text = format!("{} is said to be unavailable, and signed in or changed something", who.name);
            Some(State::InReview { returned: Note::parse(&text).ok() })
        }
        State::Objected { objection, stopped } => {
            let stopped = presumption_ended(stopped, who)?;
            Some(State::Objected { objection: objection.clone(), stopped: Box::new(stopped) })
        }
        _ => None,
    }
}

/// The objection that lies in disabling the nominee or whoever opened an escalation (E-8): by an active primary support contact or
/// contact manager of the organization, where they may still object. The reason of the disabling stays where it was said (C-15).
pub fn object_by_disabling(
    context: &Context,
    facts: EscalationFacts,
    disabled: &Contact,
) -> Option<Change<Escalation>> {
    let escalation = facts.escalation.as_ref()?;
    let is_nominee = escalation.case.nominee.email == disabled.profile.email;
    let what = match (is_nominee, escalation.opened_by.id == disabled.id.into()) {
        (true, _) => say!("disabled the nominee"),
        (false, true) => say!("disabled whoever opened it"),
        (false, false) => return None,
    };
    let reason = Note::parse(&what.to_string()).ok()?;
    object(context, facts, reason, None).ok()
}

/// The waiting period rests while the organization is suspended, when nobody of it can object (E-7).
pub fn rest(context: &Context, before: Escalation) -> Option<Change<Escalation>> {
    let State::Approved(approval) = &before.state else { return None };
    let approval = Approval { rests_since: approval.rests_since.or(Some(context.now)), ..approval.clone() };
    let after = Escalation { state: State::Approved(approval), ..before.clone() };
    let authority = Authority::own(before.organization.id);
    Some(Change::update(context, authority, EventKind::EscalationRested, before, after))
}

/// The waiting period goes on when the suspension ends, and is as much longer as it rested.
pub fn go_on(context: &Context, before: Escalation) -> Option<Change<Escalation>> {
    let State::Approved(approval) = &before.state else { return None };
    let rested = context.now.since(approval.rests_since.unwrap_or(approval.at));
    let completes_at = approval.completes_at.plus(rested);
    let approval = Approval { completes_at, rests_since: None, ..approval.clone() };
    let after = Escalation { state: State::Approved(approval), ..before.clone() };
    let authority = Authority::own(before.organization.id);
    Some(Change::update(context, authority, EventKind::EscalationWentOn, before, after))
}

/// How long the link in a notice is kept; whether one can still object, the escalation says.
const LINK_KEPT: Span = Span::days(365);

/// The notice to somebody who was taken away, with the link by which they object without signing in (E-4, E-7, E-8).
pub fn offer_objection(
    now: Timestamp,
    escalation: &Escalation,
    to: &Contact,
    (id, mail): (LinkId, MailId),
) -> (Link, Notice) {
    let person = PersonId::Contact(to.id);
    let link = Link {
        id,
        person,
        purpose: LinkPurpose::Objection,
        created_at: now,
        expires_at: now.plus(LINK_KEPT),
        used_at: None,
        voided_at: None,
    };
    let about = Some(escalation.id.into());
    (link, Notice { id: mail, kind: MailKind::EscalationNotice, to: person, about, link: Some(id) })
}

/// What must be known to object by a link.
#[derive(Debug, Clone)]
pub struct LinkFacts {
    /// The link, if there is one.
    pub link: Option<Link>,
    /// Its receiver, as they are now.
    pub contact: Option<Contact>,
    /// The escalation that it is for, and its receiver's place in it.
    pub escalation: Option<EscalationFacts>,
}

/// An objection by a link.
#[derive(Debug)]
pub struct ObjectionByLink {
    /// The link, used up.
    pub link: Link,
    /// The escalation.
    pub escalation: Change<Escalation>,
}

/// Stops an escalation by the link of a notice, without signing in (E-4, E-8).
///
/// *Errors*: `invalid_link` for every link that is not good, or whose receiver counts as active no more; what objecting refuses.
pub fn object_by_link(context: &Context, facts: LinkFacts, reason: Note) -> Result<ObjectionByLink, Refusal> {
    let link = use_link(context.now, LinkPurpose::Objection, facts.link)?;
    let invalid = || Refusal::of(Code::InvalidLink).at("#/token");
    let (contact, escalation) = (facts.contact.ok_or_else(invalid)?, facts.escalation.ok_or_else(invalid)?);
    let opened_at = escalation.escalation.as_ref().map(|one| one.created_at).ok_or_else(invalid)?;
    // Whoever was let in again since may use it as well.
    let is_there = was_taken_away(&contact, opened_at)
        || (is_guard(&contact) && matches!(contact.status, PersonStatus::Active | PersonStatus::Invited));
    if link.person != contact.id.into() || !is_there {
        return Err(invalid());
    }
    Ok(ObjectionByLink { link, escalation: object(context, escalation, reason, None)? })
}
