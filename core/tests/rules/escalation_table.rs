//! Which step of an escalation is possible in which state, and for whom (E-2, E-5, E-6, E-8, E-11); and the table that says so.

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::escalation::{Channel, Escalation, EscalationFacts, State, Ties};
use mandate_core::escalation_step::Step;
use mandate_core::refusal::{Code, Extra};
use mandate_core::vocabulary::{ContactType, Level, Permission, StaffRole, Vocabulary as _};

use crate::escalation::{approver, escalation, facts, reviewer, states, take, third};
use crate::ladder::code;
use crate::world::{
    CUSTOMER, NOW, Person, by, designated, id, manager, origin, outsider, partner, partner_guardian, reader, reference,
    staff,
};

/// In which states each step is possible (E-5), and who takes it, in the order of [`people`] (E-2, E-6, E-8, E-11).
///
/// `+` may; `.` it does not exist; `d` a permission is missing, `r` a role of the vendor; `2` it takes another person; `?` it takes
/// another person than who approved it or, where nobody did, reviewed it.
const RULES: &[(&str, &str, &str)] = &[
    ("edit", "submitted information_requested", "+rrrd ..  ++++rr"),
    ("review", "submitted", "rrrrd .. +++rrr"),
    ("verify", "in_review", "rrrrd .. +++++r"),
    ("request_information", "in_review", "rrrrd .. +++rrr"),
    ("provide_information", "information_requested", "+rrrd .. ++++rr"),
    ("approve", "in_review", "rrrrd .. 2++rrr"),
    ("reject", "submitted in_review information_requested approved objected", "rrrrd .. 2++rrr"),
    ("withdraw", "submitted in_review information_requested approved", "+dddd .. dddddd"),
    ("object", "submitted in_review information_requested approved", "d+d+d .. dddddd"),
    ("resume", "objected", "rrrrd .. ??+rrr"),
    ("complete", "approved", "rrrrd .. +++rrr"),
    ("confirm_number", "submitted in_review information_requested", "rrrrd .. rrr+rr"),
];

/// The contact who opened it, a contact manager, another designated contact, a primary support contact, a reader; a partner with
/// `full_admin`, a stranger; the reviewer, the approver, a third duty manager, a technical account manager, an agent, an
/// administrator.
fn people() -> Vec<(&'static str, Actor, Standing)> {
    let other = mandate_core::contact::Contact { id: id(40), ..designated() };
    let primary = mandate_core::contact::Contact {
        id: id(41),
        kind: ContactType::PrimarySupport,
        permission: Permission::DesignatedSupport,
        ..designated()
    };
    let own = |person: &dyn Person| (person.actor(), Standing::of(&person.actor(), CUSTOMER, None));
    let mut people: Vec<(&'static str, Actor, Standing)> = Vec::new();
    let each: [(&'static str, &dyn Person); 5] = [
        ("opener", &designated()),
        ("manager", &manager()),
        ("designated", &other),
        ("primary", &primary),
        ("reader", &reader()),
    ];
    people.extend(each.map(|(who, person)| (who, own(person).0, own(person).1)));
    people.push(("partner", partner_guardian().actor(), partner(Level::FullAdmin)));
    people.push(("stranger", outsider().actor(), Standing::Stranger));
    let each: [(&'static str, &dyn Person); 6] = [
        ("reviewer", &reviewer()),
        ("approver", &approver()),
        ("third", &third()),
        ("account manager", &staff(StaffRole::TechnicalAccountManager)),
        ("agent", &staff(StaffRole::Agent)),
        ("administrator", &staff(StaffRole::Administrator)),
    ];
    people.extend(each.map(|(who, person)| (who, own(person).0, own(person).1)));
    people
}

/// The account manager is of the organization's account team.
fn ties(who: &str) -> Ties {
    Ties { on_account_team: who == "account manager", granted: false }
}

fn letter(code: Code) -> char {
    match code {
        Code::NotFound => '.',
        Code::PermissionRequired => 'd',
        Code::StaffOnly => 'r',
        Code::SecondPersonRequired => '2',
        Code::InvalidTransition => 'i',
        other => panic!("`{}`", other.name()),
    }
}

#[test]
fn every_state_step_and_actor_answers_as_the_rules_say_e_2_e_5_e_6_e_8_e_11() {
    let mut compared = 0;
    assert_eq!(
        RULES.iter().map(|row| row.0).collect::<Vec<_>>(),
        Step::ALL.iter().map(|step| step.name()).collect::<Vec<_>>()
    );
    for (step, (name, possible, who)) in Step::ALL.iter().copied().zip(RULES) {
        assert_eq!(step.possible_in().iter().map(|one| one.name()).collect::<Vec<_>>().join(" "), *possible, "{name}");
        let who: Vec<char> = who.chars().filter(|letter| *letter != ' ').collect();
        assert_eq!(who.len(), people().len(), "{name}");
        for state in states() {
            let status = state.status();
            for ((person, actor, standing), rule) in people().into_iter().zip(&who) {
                let decider = if state.approval().is_some() { "approver" } else { "reviewer" };
                let expected = match rule {
                    '?' if person == decider => '2',
                    '+' | '?' if possible.split(' ').any(|one| one == status.name()) => '+',
                    '+' | '?' => 'i',
                    other => *other,
                };
                let facts = EscalationFacts {
                    actor: actor.clone(),
                    standing,
                    escalation: Some(escalation(state.clone())),
                    ties: ties(person),
                    is_suspended: false,
                };
                let context = Context { actor: Some(actor), now: NOW, origin: origin() };
                let answer = take(&context, facts, step);
                let said = match &answer {
                    Ok(_) => '+',
                    Err(refusal) => letter(refusal.code),
                };
                assert_eq!(said, expected, "{name} in {} by {person}: {answer:?}", status.name());
                if let Err(refusal) = answer.as_ref()
                    && refusal.code == Code::InvalidTransition
                {
                    assert!(refusal.extras.contains(&Extra::CurrentStatus(status.name())));
                }
                compared += 1;
            }
        }
    }
    println!("compared {compared} steps with the rules");
    assert_eq!(compared, 12 * 10 * 13);
}

#[test]
fn nobody_decides_about_what_they_opened_e_6_e_8() {
    for step in [Step::Approve, Step::Reject, Step::Resume] {
        for state in [State::InReview { returned: None }, states()[4].clone()] {
            let opened =
                Escalation { opened_by: reference(&third()), channel: Channel::Phone, ..escalation(state.clone()) };
            let refused = take(&by(&third()), facts(&third(), opened), step).map(drop);
            assert_eq!(code(refused), Code::SecondPersonRequired, "{}", step.name());
        }
    }
    // The same person in another role is still the same person.
    let both =
        mandate_core::staff::StaffMember { roles: vec![StaffRole::DutyManager, StaffRole::SalesManager], ..third() };
    let opened = Escalation { opened_by: reference(&both), ..escalation(State::InReview { returned: None }) };
    assert_eq!(code(take(&by(&both), facts(&both, opened), Step::Approve).map(drop)), Code::SecondPersonRequired);
}

/// Who is who in the table.
const LEGEND: &str = "\
`opener` is the designated contact who opened it; `manager`, `designated`, `primary` and `reader` are other contacts of the organization;
`reviewer` took it into review and verified it, `approver` approved it, `third` is a duty manager who did neither; `account manager` is the technical account manager of the organization's account team.
Nobody else of the organization or of the vendor takes a step, and for everybody else the escalation does not exist.
A duty manager who opened or changed it, or who holds a grant of the organization or held one within a year, neither approves, rejects nor resumes it; who verified an item neither approves nor rejects it.
";

#[test]
fn the_table_says_who_takes_which_step_where_e_5_e_6_e_8() {
    let may = |step: Step, state: &State| {
        let takes = |(who, actor, standing): &(&str, Actor, Standing)| {
            let escalation = Some(escalation(state.clone()));
            let facts = EscalationFacts {
                actor: actor.clone(),
                standing: standing.clone(),
                escalation,
                ties: ties(who),
                is_suspended: false,
            };
            take(&Context { actor: Some(actor.clone()), now: NOW, origin: origin() }, facts, step).is_ok()
        };
        let names: Vec<String> = people().iter().filter(|one| takes(one)).map(|one| format!("`{}`", one.0)).collect();
        names.join(", ")
    };
    let mut rows = String::new();
    for state in states() {
        let stopped = match &state {
            State::Objected { stopped, .. } => format!(" (it was `{}`)", stopped.status().name()),
            _ => String::new(),
        };
        for step in Step::ALL.iter().copied() {
            let who = may(step, &state);
            if !who.is_empty() {
                rows += &format!("| `{}`{stopped} | `{}` | {who} |\n", state.status().name(), step.name());
            }
        }
    }
    let table = format!("{LEGEND}\n| state | step | who |\n| --- | --- | --- |\n{rows}");
    // A story compares docs/escalations.md with it.
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("escalation_table", table);
    });
}
