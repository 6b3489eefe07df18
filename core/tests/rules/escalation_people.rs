//! Who decides about an escalation, and which numbers are called (E-2, E-6, E-6a).

use mandate_core::account_team::{AccountTeam, Places};
use mandate_core::change::Context;
use mandate_core::escalation::{
    Channel, Escalation, EscalationFacts, OpenEscalation, PASSING_ON, State, Ties, Traces, open,
};
use mandate_core::escalation_case::{Case, Item, Method, Nominee, VerifyItem};
use mandate_core::escalation_step::{EditCase, Step, confirm_number, edit, verify};
use mandate_core::refusal::Code;
use mandate_core::staff::StaffMember;
use mandate_core::text::Phone;
use mandate_core::time::Span;
use mandate_core::vocabulary::{StaffRole, Vocabulary as _};

use crate::escalation::{case, confirming, escalation, facts, open_facts, states, take, third, verifying};
use crate::ladder::code;
use crate::world::{CUSTOMER, NOW, Person, by, designated, guardian, id, staff, standing};

fn review() -> Escalation {
    escalation(State::InReview { returned: None })
}

fn tied(person: &impl Person, escalation: Escalation, ties: Ties) -> EscalationFacts {
    EscalationFacts { ties, ..facts(person, escalation) }
}

fn account_manager() -> StaffMember {
    staff(StaffRole::TechnicalAccountManager)
}

fn on_team() -> Ties {
    Ties { on_account_team: true, granted: false }
}

#[test]
fn whoever_changed_or_verified_it_or_holds_a_grant_does_not_decide_e_6() {
    let person = third().id.into();
    let changed = Traces { changed_by: [person].into(), ..Traces::default() };
    let verified = Traces { verified_by: [person].into(), ..Traces::default() };
    let granted = Ties { granted: true, ..Ties::default() };
    for (traces, ties, steps) in [
        (changed, Ties::default(), vec![Step::Approve, Step::Reject, Step::Resume]),
        (verified, Ties::default(), vec![Step::Approve, Step::Reject]),
        (Traces::default(), granted, vec![Step::Approve, Step::Reject, Step::Resume]),
    ] {
        for step in steps {
            let state = if step == Step::Resume { states()[4].clone() } else { states()[1].clone() };
            let found = Escalation { traces: traces.clone(), ..escalation(state) };
            let refused = take(&by(&third()), tied(&third(), found, ties), step).map(drop);
            assert_eq!(code(refused), Code::SecondPersonRequired, "{}", step.name());
        }
    }
}

#[test]
fn whoever_edits_or_verifies_is_remembered_for_good_e_6() {
    let other = Case { nominee: Nominee { phone: Phone::parse("+1.650.555.0111").ok(), ..case().nominee }, ..case() };
    let command = EditCase {
        case: other,
        known_attachments: Vec::new(),
        known_primaries: vec![guardian().id],
        expected_version: None,
    };
    let asked = Escalation { traces: Traces::default(), ..escalation(State::Submitted) };
    let edited = edit(&by(&third()), facts(&third(), asked), command).unwrap();
    let traces = &edited.after().traces;
    assert!(traces.changed_by.contains(&third().id.into()) && traces.brought.contains(&case().nominee.phone.unwrap()));
    let wanted = VerifyItem { item: Item::Signature, method: Method::LetterRead, note: None, number: None };
    let read = verify(&by(&third()), facts(&third(), review()), verifying(vec![wanted])).unwrap();
    assert!(read.after().traces.verified_by.contains(&third().id.into()));
    // An edit voids what they verified, and not that they did.
    let asked = Escalation { state: State::Submitted, ..read.after().clone() };
    let mut bare = case();
    bare.letter.attachments.clear();
    let command = EditCase {
        case: bare,
        known_attachments: Vec::new(),
        known_primaries: vec![guardian().id],
        expected_version: None,
    };
    let edited = edit(&by(&designated()), facts(&designated(), asked), command).unwrap();
    assert!(edited.after().verified.is_empty() && edited.after().traces.verified_by.contains(&third().id.into()));
}

#[test]
fn only_the_account_team_of_the_organization_passes_one_on_e_2() {
    let manager = account_manager();
    let opened = |on_account_team| {
        let facts = mandate_core::escalation::OpenFacts {
            actor: manager.actor(),
            standing: standing(&manager),
            on_account_team,
            ..open_facts(&designated())
        };
        let command = OpenEscalation { id: id(1), channel: Channel::AccountTeam, case: case() };
        open(&Context { now: NOW, ..by(&manager) }, facts, command)
    };
    assert!(opened(true).is_ok());
    assert_eq!(code(opened(false).map(drop)), Code::StaffOnly);
    // A place counts with the role for it.
    let places = Places { technical_account_manager: Some(manager.id), ..Places::default() };
    let team = AccountTeam { places, ..AccountTeam::empty(CUSTOMER) };
    assert!(team.is_looked_after_by(&manager.actor(), PASSING_ON));
    let sales = StaffMember { roles: vec![StaffRole::SalesManager], ..manager.clone() };
    assert!(!team.is_looked_after_by(&sales.actor(), PASSING_ON));
    assert!(!AccountTeam::empty(CUSTOMER).is_looked_after_by(&manager.actor(), PASSING_ON));
    // And nobody else of the roles edits or verifies.
    for step in [Step::Edit, Step::Verify] {
        let found = if step == Step::Edit { escalation(State::Submitted) } else { review() };
        assert_eq!(code(take(&by(&manager), facts(&manager, found.clone()), step).map(drop)), Code::StaffOnly);
        assert!(take(&by(&manager), tied(&manager, found, on_team()), step).is_ok());
    }
    assert!(take(&by(&staff(StaffRole::Agent)), facts(&staff(StaffRole::Agent), review()), Step::Verify).is_ok());
}

#[test]
fn a_number_is_called_by_its_digits_when_it_is_old_or_confirmed_and_was_not_brought_e_6a() {
    let called = |found: Escalation, number: &str, min_age: Span| {
        let number = Phone::parse(number).ok();
        let wanted = VerifyItem { item: Item::NomineePhone, method: Method::CallBack, note: None, number };
        let command = mandate_core::escalation_step::Verify { min_age, ..verifying(vec![wanted]) };
        verify(&by(&third()), facts(&third(), found), command).map(drop).map_err(|refusal| refusal.code)
    };
    let (none, day, longer) = (Span::seconds(0), Span::days(1), Span::hours(25));
    let later = || Escalation { created_at: NOW, ..review() };
    // However it is written; +1.650.555.0199 is known since a day before.
    for number in ["+1.650.555.0199", "1.650.555.0199", "+16505550199"] {
        assert_eq!(called(later(), number, day), Ok(()), "{number}");
        assert_eq!(called(later(), number, longer), Err(Code::CallBackNumberNotAllowed), "{number}");
    }
    assert_eq!(called(later(), "+1.650.555.0198", none), Err(Code::CallBackNumberNotAllowed));
    // What the nominee brings, or a former one brought, is refused in any writing, also where it is on record.
    let brought = Phone::parse("650.555.0199").unwrap();
    let nominee = Nominee { phone: Some(brought.clone()), ..case().nominee };
    let now = Escalation { case: Case { nominee, ..case() }, ..later() };
    let before = Escalation { traces: Traces { brought: [brought].into(), ..Traces::default() }, ..later() };
    for found in [now, before] {
        for number in ["+1.650.555.0199", "001.650.555.0199", "650.555.0199"] {
            assert_eq!(called(found.clone(), number, none), Err(Code::CallBackNumberNotAllowed), "{number}");
        }
        let confirmed = confirm_number(
            &by(&account_manager()),
            tied(&account_manager(), found, on_team()),
            confirming("+1.650.555.0199"),
        );
        assert_eq!(code(confirmed.map(drop)), Code::CallBackNumberNotAllowed);
    }
    // Somebody of the account team confirms a young one, who neither opened nor changed it, and decides no more.
    let confirm = |found: Escalation, ties: Ties| {
        confirm_number(&by(&account_manager()), tied(&account_manager(), found, ties), confirming("1.650.555.0199"))
    };
    let confirmed = confirm(later(), on_team()).unwrap();
    assert_eq!(called(confirmed.after().clone(), "+1.650.555.0199", longer), Ok(()));
    assert!(confirmed.after().traces.verified_by.contains(&account_manager().id.into()));
    assert_eq!(code(confirm(later(), Ties::default()).map(drop)), Code::StaffOnly);
    let opened = Escalation { opened_by: account_manager().actor().reference(), ..later() };
    assert_eq!(code(confirm(opened, on_team()).map(drop)), Code::SecondPersonRequired);
    let changed = Traces { changed_by: [account_manager().id.into()].into(), ..Traces::default() };
    assert_eq!(
        code(confirm(Escalation { traces: changed, ..later() }, on_team()).map(drop)),
        Code::SecondPersonRequired
    );
}
