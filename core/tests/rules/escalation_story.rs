//! What the service request of an escalation is told, and who gets an email (E-7, E-8, E-9, E-11).

use mandate_core::access::Standing;
use mandate_core::change::Context;
use mandate_core::escalation::{EscalationFacts, State};
use mandate_core::escalation_step::{Step, approve, lapse, reject, request_information, review, withdraw};
use mandate_core::escalation_story::{Audience, audience, mail_kind, tell, told};
use mandate_core::vocabulary::{Level, MailKind, RequestStatus, StaffRole};

use crate::escalation::{acted, approval, approver, approving, escalation, facts, reviewer, states, take, third};
use crate::world::{
    NOW, Person, by, designated, guardian, id, note, origin, outsider, partner, partner_guardian, reader, request,
    request_in, staff,
};

#[test]
fn the_service_request_moves_along_with_each_step_e_9() {
    let told = |state: State, before: State| {
        let before = escalation(before);
        let change = match &state {
            State::InReview { .. } => review(&by(&reviewer()), facts(&reviewer(), before), None),
            State::InformationRequested(_) => {
                request_information(&by(&reviewer()), facts(&reviewer(), before), note("who signed?"), None)
            }
            State::Approved(_) => approve(&by(&approver()), facts(&approver(), before), approving(Some(1))),
            State::Rejected(_) => reject(&by(&approver()), facts(&approver(), before), note("forged"), None),
            _ => withdraw(&by(&designated()), facts(&designated(), before), None, None),
        }
        .unwrap();
        let posted = tell(&by(&reviewer()), &change, Some(request()), id(6)).unwrap().unwrap();
        (posted.request.after().status, posted.request.after().confidential, posted.message.after().body.to_string())
    };
    let in_review = || State::InReview { returned: None };
    let asked = State::InformationRequested(acted(&reviewer()));
    for (state, before, status, words) in [
        (in_review(), State::Submitted, RequestStatus::WaitingOnSupport, "is in review"),
        (asked, in_review(), RequestStatus::WaitingOnCustomer, "who signed?"),
        (State::Approved(approval()), in_review(), RequestStatus::WaitingOnSupport, "`Nora Lima` becomes primary"),
        (State::Rejected(acted(&approver())), in_review(), RequestStatus::Solved, "forged"),
        (State::Withdrawn(acted(&designated())), in_review(), RequestStatus::Solved, "withdrawn"),
    ] {
        let (moved, concealed, body) = told(state, before);
        assert_eq!(moved, status);
        assert!(body.contains(words), "{body}");
        assert!(concealed, "partners may not learn of it");
    }
    // Verifying is the vendor's own affair, and a closed request stays as it is.
    let change = take(&by(&reviewer()), facts(&reviewer(), escalation(in_review())), Step::Verify).unwrap();
    assert!(tell(&by(&reviewer()), &change, Some(request()), id(6)).unwrap().is_none());
    assert_eq!(audience(&change), Audience::Nobody);
    let change = reject(&by(&approver()), facts(&approver(), escalation(in_review())), note("forged"), None).unwrap();
    let closed = Some(request_in(RequestStatus::Closed));
    assert!(tell(&by(&reviewer()), &change, closed, id(6)).unwrap().is_none());
    assert_eq!(audience(&change), Audience::Opener(designated().id.into()));
}

/// What the system does by itself, nobody said.
#[test]
fn the_system_writes_in_nobodys_name_e_5_e_9() {
    let asked = escalation(State::InformationRequested(acted(&reviewer())));
    let context = Context { actor: None, now: NOW.plus(mandate_core::escalation::LAPSE), origin: origin() };
    let lapsed = lapse(&context, asked).unwrap();
    let posted = tell(&context, &lapsed, Some(request()), id(6)).unwrap().unwrap();
    assert_eq!(posted.message.after().author, None);
    assert_eq!(posted.request.after().status, RequestStatus::Solved);
}

#[test]
fn an_email_leaves_as_long_as_it_is_so_and_its_receiver_may_know_e_7_e_8_e_11() {
    let gets = |kind: MailKind, person: &dyn Person, standing: Standing, state: State| {
        let facts = EscalationFacts { standing, ..facts(person, escalation(state)) };
        told(NOW, kind, facts).is_some()
    };
    let own = |person: &dyn Person| Standing::of(&person.actor(), crate::world::CUSTOMER, None);
    for state in states() {
        let kind = mail_kind(&state);
        for other in states() {
            let is_so = mail_kind(&other) == kind
                || (kind == MailKind::EscalationNotice && mail_kind(&other) == MailKind::EscalationCompleted);
            let (opener, duty) = (designated(), third());
            assert_eq!(
                gets(kind, &opener, own(&opener), other.clone()) || gets(kind, &duty, own(&duty), other.clone()),
                is_so,
                "{kind:?} {other:?}"
            );
        }
        // Neither a partner nor a stranger learns of it by an email.
        assert!(!gets(kind, &partner_guardian(), partner(Level::FullAdmin), state.clone()), "{kind:?}");
        assert!(!gets(kind, &outsider(), Standing::Stranger, state.clone()), "{kind:?}");
        // Of what is about to happen everybody of the organization learns, whatever their permission, and the account team.
        let everybody = kind == MailKind::EscalationNotice;
        let manager = staff(StaffRole::CustomerSuccessManager);
        for person in [&reader() as &dyn Person, &guardian(), &manager] {
            assert_eq!(gets(kind, person, own(person), state.clone()), everybody, "{kind:?}");
        }
    }
}
