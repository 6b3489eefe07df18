//! Those who guard an organization while an escalation of it is under way (E-4, E-7, E-8, E-9), and its sealed request (E-11).

use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::contact::Contact;
use mandate_core::contact_state::disable;
use mandate_core::escalation::{Escalation, EscalationStatus, State, Traces};
use mandate_core::escalation_completion::{Completion, complete};
use mandate_core::escalation_flags::{SignOfLife, signs_of_life};
use mandate_core::escalation_guard::{
    LinkFacts, PUT_ASIDE, can_be_named, go_on, is_told, must_be_named, notice_of_life, object_by_disabling,
    object_by_link, offer_objection, rest, was_put_aside,
};
use mandate_core::escalation_step::{approve, object, resume};
use mandate_core::id::PersonId;
use mandate_core::person::Disabling;
use mandate_core::refusal::{Code, Extra};
use mandate_core::session::Link;
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{ContactType, LinkPurpose, MailKind, OrganizationStatus, PersonStatus, StaffRole};

use crate::contact_state::disabling;
use crate::escalation::{approval, approver, approving, case, escalation, facts, third};
use crate::escalation_completion::completing_due;
use crate::ladder::{code, refusal};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, Person, TOMORROW, YESTERDAY, by, designated, guardian, id, manager, note, reader,
    staff,
};

fn put_aside(contact: Contact, by: PersonId, at: Timestamp) -> Contact {
    let disabled = Some(Disabling { at, by, reason: note("left") });
    Contact { status: PersonStatus::Disabled, disabled, ..contact }
}

fn agent() -> PersonId {
    staff(StaffRole::Agent).id.into()
}

/// The opening of the escalations of these tests is [`YESTERDAY`].
fn approved() -> Escalation {
    escalation(State::Approved(approval()))
}

fn status(change: &mandate_core::change::Change<Escalation>) -> EscalationStatus {
    change.after().state.status()
}

#[test]
fn a_guard_whom_staff_disabled_within_thirty_days_counts_as_active_e_4_e_7_e_8() {
    let second = Span::seconds(1);
    let edge = NOW.minus(PUT_ASIDE);
    for (who, is_aside) in [
        (put_aside(guardian(), agent(), NOW), true),
        (put_aside(manager(), agent(), YESTERDAY), true),
        (put_aside(guardian(), agent(), edge), true),
        (put_aside(guardian(), agent(), edge.minus(second)), false),
        // By their own people, or no guard.
        (put_aside(guardian(), manager().id.into(), YESTERDAY), false),
        (put_aside(designated(), agent(), YESTERDAY), false),
        (guardian(), false),
    ] {
        assert_eq!(was_put_aside(&who, NOW), is_aside, "{who:?}");
        let is_active_primary = who.status == PersonStatus::Active && who.kind == ContactType::PrimarySupport;
        assert_eq!(must_be_named(&who, NOW), is_aside || is_active_primary);
        assert_eq!(can_be_named(&who, CUSTOMER, NOW), is_aside || who.kind == ContactType::PrimarySupport);
        assert!(!can_be_named(&who, OTHER_CUSTOMER, NOW));
        assert_eq!(is_told(&who, &Escalation { created_at: NOW, ..approved() }), is_aside || is_active_primary);
    }
    // An active manager who is no primary support contact is told and may object, and need not be named.
    assert!(!must_be_named(&manager(), NOW) && is_told(&manager(), &approved()));
    // Invited contacts are told, too (E-7).
    assert!(is_told(&Contact { status: PersonStatus::Invited, ..reader() }, &approved()));
    assert!(!is_told(&Contact { status: PersonStatus::Transferred, ..reader() }, &approved()));
}

#[test]
fn staff_disable_no_guard_while_an_escalation_is_under_way_e_4() {
    let disabled = |person: &dyn Person, contact: Contact| {
        let mut wanted = disabling(&DynPerson(person.actor()), contact);
        wanted.facts.under_way = Some(id(1));
        let context = Context { actor: Some(person.actor()), ..by(&guardian()) };
        disable(&context, wanted.facts, wanted.command)
    };
    for role in [StaffRole::Agent, StaffRole::DutyManager, StaffRole::Administrator] {
        for guard in [guardian(), manager()] {
            let refused = refusal(disabled(&staff(role), guard).map(drop));
            assert_eq!(refused.code, Code::EscalationUnderWay);
            assert_eq!(refused.extras, [Extra::About(mandate_core::id::EscalationId::from_u128(1).into())]);
        }
        assert!(disabled(&staff(role), designated()).is_ok());
    }
    assert!(disabled(&guardian(), manager()).is_ok());
}

/// Somebody who is known by who they are alone.
struct DynPerson(Actor);

impl Person for DynPerson {
    fn actor(&self) -> Actor {
        self.0.clone()
    }
}

#[test]
fn who_was_put_aside_objects_by_a_link_once_e_4_e_8() {
    let gone = put_aside(guardian(), agent(), YESTERDAY);
    let (link, notice) = offer_objection(NOW, &approved(), &gone, (id(1), id(2)));
    assert_eq!((notice.kind, notice.to, notice.link), (MailKind::EscalationNotice, gone.id.into(), Some(link.id)));
    let object = |link: Option<Link>, contact: Contact, escalation| {
        let facts = LinkFacts { link, escalation: Some(facts(&contact, escalation)), contact: Some(contact.clone()) };
        object_by_link(&by(&contact), facts, note("I am here"))
    };
    let stopped = object(Some(link.clone()), gone.clone(), approved()).unwrap();
    assert_eq!((status(&stopped.escalation), stopped.link.used_at), (EscalationStatus::Objected, Some(NOW)));
    assert_eq!(stopped.escalation.after().traces.seen.get(&gone.id), Some(&NOW));
    // Whoever opened it takes nobody away who could object: disabled since, by whomever, they may all the same (E-8).
    let before = approved().created_at.minus(Span::seconds(1));
    let since = put_aside(guardian(), manager().id.into(), approved().created_at);
    assert!(object(Some(link.clone()), since, approved()).is_ok());
    for (why, link, contact) in [
        ("used", Link { used_at: Some(NOW), ..link.clone() }, gone.clone()),
        ("another purpose", Link { purpose: LinkPurpose::Welcome, ..link.clone() }, gone.clone()),
        ("over", Link { expires_at: NOW, ..link.clone() }, gone.clone()),
        ("somebody else's", link.clone(), put_aside(manager(), agent(), YESTERDAY)),
        ("disabled by their own people before", link.clone(), put_aside(guardian(), manager().id.into(), before)),
    ] {
        assert_eq!(code(object(Some(link), contact, approved()).map(drop)), Code::InvalidLink, "{why}");
    }
    assert_eq!(code(object(None, gone.clone(), approved()).map(drop)), Code::InvalidLink);
    let late = escalation(State::Completed { approval: approval(), contact: id(20), at: NOW });
    assert_eq!(code(object(Some(link), gone, late).map(drop)), Code::InvalidTransition);
}

#[test]
fn a_sign_of_life_ends_the_presumption_e_9() {
    let signs = |escalation: Escalation, who: &dyn Person| {
        let context = Context { actor: Some(who.actor()), ..by(&guardian()) };
        notice_of_life(&context, escalation, &who.actor())
    };
    // Before approval it is remembered once, and flagged.
    let review = escalation(State::InReview { returned: None });
    let seen = signs(review.clone(), &guardian()).unwrap();
    assert_eq!(status(&seen), EscalationStatus::InReview);
    assert!(signs(seen.after().clone(), &guardian()).is_none());
    let flags = signs_of_life(seen.after(), &[]);
    assert_eq!(flags, [SignOfLife { contact: guardian().id, at: NOW }]);
    assert_eq!(
        signs_of_life(&review, &[(guardian().id, TOMORROW)]),
        [SignOfLife { contact: guardian().id, at: TOMORROW }]
    );
    assert!(signs_of_life(&review, &[(guardian().id, YESTERDAY), (manager().id, TOMORROW)]).is_empty());
    // What was approved is in review again and says why, also where it was seen before, or where an objection stops it.
    let Traces { seen, .. } = seen.after().traces.clone();
    for traces in [Traces::default(), Traces { seen, ..Traces::default() }] {
        let returned = signs(Escalation { traces, ..approved() }, &guardian()).unwrap();
        let State::InReview { returned: Some(reason) } = &returned.after().state else { panic!("{returned:?}") };
        assert!(reason.as_str().contains("Gina Silva"), "{reason}");
    }
    let objection = mandate_core::escalation::Act { by: Some(manager().id.into()), at: NOW, reason: None };
    let stopped = escalation(State::Objected { objection, stopped: Box::new(State::Approved(approval())) });
    let after = signs(stopped, &guardian()).unwrap();
    assert_eq!((status(&after), after.after().state.approval()), (EscalationStatus::Objected, None));
    // Nobody else's doings, nor what was before or comes after.
    for who in [manager(), designated()] {
        assert!(signs(approved(), &who).is_none());
    }
    assert!(signs(approved(), &approver()).is_none());
    let own = Escalation { created_at: NOW, opened_by: crate::world::reference(&guardian()), ..approved() };
    assert!(signs(own, &guardian()).is_none());
    assert!(signs(Escalation { created_at: NOW, ..approved() }, &guardian()).is_some());
    let over = escalation(State::Completed { approval: approval(), contact: id(20), at: NOW });
    assert!(signs(over, &guardian()).is_none());
}

#[test]
fn disabling_the_nominee_or_the_opener_is_an_objection_e_8() {
    let nominee = Contact {
        profile: mandate_core::person::Profile { email: case().nominee.email, ..reader().profile },
        ..reader()
    };
    for (who, disabled, stops) in [
        (guardian(), nominee.clone(), true),
        (manager(), nominee.clone(), true),
        (manager(), designated(), true),
        (manager(), reader(), false),
        (Contact { id: id(40), ..designated() }, nominee.clone(), false),
    ] {
        let stopped = object_by_disabling(&by(&who), facts(&who, approved()), &disabled);
        assert_eq!(stopped.map(|change| status(&change)), stops.then_some(EscalationStatus::Objected), "{who:?}");
    }
    // What staff do is none.
    assert!(object_by_disabling(&by(&approver()), facts(&approver(), approved()), &nominee).is_none());
}

#[test]
fn a_nominee_who_was_disabled_since_is_never_let_in_e_9() {
    let with = |disabled_since| {
        let mut facts = completing_due();
        facts.nominee.disabled_since = disabled_since;
        match complete(&by(&approver()), facts, crate::escalation_completion::ids()).unwrap() {
            Completion::Done(_) => EscalationStatus::Completed,
            Completion::Returned(change) => status(&change),
        }
    };
    assert_eq!(with(true), EscalationStatus::InReview);
    assert_eq!(with(false), EscalationStatus::Completed);
}

#[test]
fn the_waiting_period_rests_while_the_organization_is_suspended_e_7() {
    let at = |now| Context { now, ..by(&approver()) };
    let hour = Span::hours(1);
    let resting = rest(&at(YESTERDAY.plus(hour)), approved()).unwrap().after().clone();
    assert_eq!(resting.state.approval().unwrap().rests_since, Some(YESTERDAY.plus(hour)));
    let goes_on = go_on(&at(NOW.plus(hour)), resting.clone()).unwrap().after().clone();
    let approval = goes_on.state.approval().unwrap();
    assert_eq!((approval.completes_at, approval.rests_since), (NOW.plus(Span::days(1)), None));
    // Nothing is completed meanwhile, also where nobody wrote down that it rests.
    let mut facts = completing_due();
    facts.escalation.escalation = Some(resting);
    let answer = complete(&by(&approver()), facts, crate::escalation_completion::ids());
    assert_eq!(code(answer.map(drop)), Code::WaitingPeriod);
    let mut facts = completing_due();
    facts.nominee.organization.status = OrganizationStatus::Suspended;
    let answer = complete(&by(&approver()), facts, crate::escalation_completion::ids());
    assert_eq!(code(answer.map(drop)), Code::WaitingPeriod);
    // What is approved or resumed meanwhile rests from then on.
    let review = escalation(State::InReview { returned: None });
    let mut suspended = facts_of_suspended(review);
    let rests = |state: &State| state.approval().unwrap().rests_since;
    let approved_then = approve(&by(&approver()), suspended.clone(), approving(Some(1))).unwrap();
    assert_eq!(rests(&approved_then.after().state), Some(NOW));
    let objected = object(&by(&manager()), facts_plain(&manager()), note("no"), None).unwrap();
    suspended = mandate_core::escalation::EscalationFacts {
        escalation: Some(objected.after().clone()),
        is_suspended: true,
        ..crate::escalation::facts(&third(), approved())
    };
    let resumed = resume(&by(&third()), suspended, note("settled"), Span::days(1), None).unwrap();
    assert_eq!(rests(&resumed.after().state), Some(NOW));
}

fn facts_of_suspended(escalation: Escalation) -> mandate_core::escalation::EscalationFacts {
    mandate_core::escalation::EscalationFacts { is_suspended: true, ..facts(&approver(), escalation) }
}

fn facts_plain(person: &impl Person) -> mandate_core::escalation::EscalationFacts {
    facts(person, approved())
}

#[test]
fn a_person_objects_once_and_then_it_takes_somebody_else_e_8() {
    let objects = |who: Contact, escalation: Escalation| object(&by(&who), facts(&who, escalation), note("no"), None);
    let resumes = |escalation: Escalation| {
        resume(&by(&third()), facts(&third(), escalation), note("settled"), Span::days(1), None)
            .unwrap()
            .after()
            .clone()
    };
    let resumed = resumes(objects(manager(), approved()).unwrap().after().clone());
    assert_eq!(code(objects(manager(), resumed.clone()).map(drop)), Code::SecondPersonRequired);
    assert_eq!(object_by_disabling(&by(&manager()), facts(&manager(), resumed.clone()), &designated()), None);
    let other = Contact { id: id(40), ..manager() };
    assert!(objects(other, resumed.clone()).is_ok());
    // A primary support contact objects as often as it takes.
    let again = resumes(objects(guardian(), resumed).unwrap().after().clone());
    assert!(objects(guardian(), again).is_ok());
}
