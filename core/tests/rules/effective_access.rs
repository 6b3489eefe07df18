//! Which grant decides, in every small world (G-2, G-4, G-8, G-12, G-13, G-15).

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::contact::Contact;
use mandate_core::effective_access::{
    Considered, ExplainFacts, HeldGrant, HeldGrants, Outcome, Path, Suspension, acts_for, consider, explain,
};
use mandate_core::partner_grant::{Ending, Grantee, PartnerGrant};
use mandate_core::refusal::Code;
use mandate_core::staff::StaffMember;
use mandate_core::vocabulary::{
    GrantStatus, GranteeType, Level, OrganizationStatus, PersonStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{code, refusal};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, PARTNER, Person, SECOND_PARTNER, TOMORROW, YESTERDAY, all_of, designated, desk,
    grant, held, id, levels, manager, named, one, outsider, partner, partner_designated, partner_guardian, reader,
    second_partner_designated, staff, standing,
};

/// What may have become of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Endless,
    UntilTomorrow,
    UntilNow,
    UntilYesterday,
    Revoked,
    Ended,
}

const STATES: [State; 6] =
    [State::Endless, State::UntilTomorrow, State::UntilNow, State::UntilYesterday, State::Revoked, State::Ended];

const RUNNING: OrganizationStatus = OrganizationStatus::Active;
const RESTING: OrganizationStatus = OrganizationStatus::Suspended;

/// Nobody is suspended.
const NO_SUSPENSION: Suspension = Suspension { grantor: RUNNING, holder: RUNNING };

/// Nobody, the grantor, the holder, or both.
const SUSPENSIONS: [Suspension; 4] = [
    NO_SUSPENSION,
    Suspension { grantor: RESTING, holder: RUNNING },
    Suspension { grantor: RUNNING, holder: RESTING },
    Suspension { grantor: RESTING, holder: RESTING },
];

/// One grant of a small world, if it was ever made.
type Made = Option<(Level, State)>;

fn grant_in(number: u128, grantee: Grantee, (level, state): (Level, State)) -> PartnerGrant {
    let ending = |status| Ending { at: YESTERDAY, status, by: None, reason: None };
    let (expires_at, ending) = match state {
        State::Endless => (None, None),
        State::UntilTomorrow => (Some(TOMORROW), None),
        State::UntilNow => (Some(NOW), None),
        State::UntilYesterday => (Some(YESTERDAY), None),
        State::Revoked => (Some(TOMORROW), Some(ending(GrantStatus::Revoked))),
        State::Ended => (None, Some(ending(GrantStatus::Ended))),
    };
    PartnerGrant { expires_at, ending, ..grant(number, grantee, level) }
}

/// The part of a grant that a hot read brings along: those without an ending alone.
fn held_grant(grant: &PartnerGrant) -> Option<HeldGrant> {
    let held = grant.held();
    grant.ending.is_none().then_some(HeldGrant { held, expires_at: grant.expires_at })
}

const INDIVIDUAL: u128 = 1;
const ORGANIZATION: u128 = 2;

/// The oracle, as G-2, G-4, G-12 and G-13 say it: the number of the grant that decides, and the level that it gives.
fn oracle(individual: Made, organization: Made, suspension: Suspension) -> (Option<u128>, Option<Level>) {
    let gives = |made: Made| match made {
        Some((level, State::Endless | State::UntilTomorrow)) => Some(level),
        Some((_, State::UntilNow | State::UntilYesterday | State::Revoked | State::Ended)) | None => None,
    };
    if suspension != NO_SUSPENSION {
        return (None, None);
    }
    match (gives(individual), gives(organization)) {
        (Some(Level::None), _) => (Some(INDIVIDUAL), None),
        (Some(level), _) => (Some(INDIVIDUAL), Some(level)),
        (None, Some(level)) => (Some(ORGANIZATION), Some(level)),
        (None, None) => (None, None),
    }
}

/// Every small world: an individual grant of each level in each state or none, an organization-wide one likewise, and
/// each suspension.
fn each_world(mut look: impl FnMut(Made, Made, Suspension)) -> usize {
    let in_each_state = |level: Level| STATES.map(|state| Some((level, state)));
    let individuals: Vec<Made> =
        std::iter::once(None).chain(Level::ALL.iter().copied().flat_map(in_each_state)).collect();
    let organizations: Vec<Made> = std::iter::once(None).chain(levels().flat_map(in_each_state)).collect();
    let mut worlds = 0;
    for individual in &individuals {
        for organization in &organizations {
            for suspension in SUSPENSIONS {
                look(*individual, *organization, suspension);
                worlds += 1;
            }
        }
    }
    worlds
}

fn grants_of(individual: Made, organization: Made) -> (Option<PartnerGrant>, Option<PartnerGrant>) {
    let individual = individual.map(|made| grant_in(INDIVIDUAL, one(&partner_designated()), made));
    (individual, organization.map(|made| grant_in(ORGANIZATION, all_of(PARTNER), made)))
}

fn winner(considered: &[Considered]) -> Option<&PartnerGrant> {
    let mut deciding = considered.iter().filter(|one| one.outcome == Outcome::Decides);
    let winner = deciding.next();
    assert!(deciding.next().is_none(), "two grants decide: {considered:?}");
    winner.map(|one| &one.grant)
}

#[test]
fn the_individuals_grant_decides_before_the_organizations_in_every_world_g_2_g_4_g_12_g_13() {
    let worlds = each_world(|individual, organization, suspension| {
        let world = format!("{individual:?} {organization:?} {suspension:?}");
        let (decides, level) = oracle(individual, organization, suspension);
        let (mine, ours) = grants_of(individual, organization);
        let hot = HeldGrants {
            individual: mine.as_ref().and_then(held_grant),
            organization: ours.as_ref().and_then(held_grant),
            suspension,
        };
        let deciding = hot.deciding(NOW);
        assert_eq!(deciding.map(|held| held.level), level, "{world}");
        assert_eq!(deciding.map(|held| held.grant), level.and(decides).map(id), "{world}");
        // The hot read and the explanation name the same winner, in whatever order the grants come.
        let mut grants: Vec<PartnerGrant> = mine.into_iter().chain(ours).collect();
        for _ in 0..2 {
            let considered = consider(NOW, &partner_designated().actor(), suspension, grants.clone());
            assert_eq!(considered.iter().map(|one| one.grant.clone()).collect::<Vec<_>>(), grants, "{world}");
            assert_eq!(winner(&considered).map(|grant| grant.id), decides.map(id), "{world}");
            let gives = winner(&considered).filter(|grant| grant.level != Level::None);
            assert_eq!(gives.map(|grant| (grant.level, grant.id)), deciding.map(|held| (held.level, held.grant)));
            grants.reverse();
        }
    });
    println!("compared {worlds} worlds of grants with the rules");
    assert_eq!(worlds, (1 + 7 * 6) * (1 + 6 * 6) * 4);
}

#[test]
fn every_grant_that_does_not_decide_says_why_g_15() {
    let worlds = each_world(|individual, organization, suspension| {
        let (mine, ours) = grants_of(individual, organization);
        let mine_lives = matches!(individual, Some((_, State::Endless | State::UntilTomorrow)));
        for considered in
            consider(NOW, &partner_designated().actor(), suspension, mine.into_iter().chain(ours).collect())
        {
            let is_mine = considered.grant.grantee.kind() == GranteeType::Contact;
            let (_, state) = if is_mine { individual } else { organization }.unwrap();
            let expected = match state {
                State::Revoked => "revoked",
                State::Ended => "ended",
                State::UntilNow | State::UntilYesterday => "expired",
                State::Endless | State::UntilTomorrow if !is_mine && mine_lives => "hidden_by_individual_grant",
                State::Endless | State::UntilTomorrow if suspension != NO_SUSPENSION => "suspended",
                State::Endless | State::UntilTomorrow => "decides",
            };
            assert_eq!(considered.outcome.name(), expected, "{individual:?} {organization:?} {suspension:?}");
        }
    });
    assert_eq!(worlds, 6364);
}

#[test]
fn the_two_examples_of_the_rule_g_2() {
    let effective = |individual, organization| {
        let (mine, ours) = grants_of(Some((individual, State::Endless)), Some((organization, State::Endless)));
        HeldGrants {
            individual: mine.as_ref().and_then(held_grant),
            organization: ours.as_ref().and_then(held_grant),
            suspension: NO_SUSPENSION,
        }
        .deciding(NOW)
        .map(|held| held.level)
    };
    assert_eq!(effective(Level::View, Level::Create), Some(Level::View));
    assert_eq!(effective(Level::FullAdmin, Level::View), Some(Level::FullAdmin));
    assert_eq!(effective(Level::None, Level::FullAdmin), None);
}

#[test]
fn a_grant_that_ended_once_leaves_the_next_one_to_decide_g_4_g_6_g_12() {
    // A long history: ended, revoked and expired grants to the person, then a live one; likewise to the organization.
    let person = || one(&partner_designated());
    let history = vec![
        grant_in(1, person(), (Level::FullAdmin, State::Ended)),
        grant_in(2, all_of(PARTNER), (Level::FullAdmin, State::Revoked)),
        grant_in(3, person(), (Level::FullAdmin, State::Revoked)),
        grant_in(4, person(), (Level::FullAdmin, State::UntilYesterday)),
        grant_in(5, all_of(PARTNER), (Level::Update, State::Endless)),
    ];
    assert_eq!(
        winner(&consider(NOW, &partner_designated().actor(), NO_SUSPENSION, history.clone())).unwrap().id,
        id(5)
    );
    let mut with_live = history;
    with_live.push(grant_in(6, person(), (Level::Cc, State::UntilTomorrow)));
    assert_eq!(
        winner(&consider(NOW, &partner_designated().actor(), NO_SUSPENSION, with_live.clone())).unwrap().id,
        id(6)
    );
    // On the server's clock, not at the next clean-up: tomorrow the organization's grant decides again.
    assert_eq!(winner(&consider(TOMORROW, &partner_designated().actor(), NO_SUSPENSION, with_live)).unwrap().id, id(5));
}

#[test]
fn people_act_for_those_who_granted_them_something_and_in_the_order_of_the_ids_g_8_g_10() {
    let connection = |organization, level, state| {
        let grants = HeldGrants {
            individual: held_grant(&grant_in(1, one(&partner_designated()), (level, state))),
            organization: None,
            suspension: NO_SUSPENSION,
        };
        (named(organization), grants)
    };
    let list = acts_for(
        NOW,
        vec![
            connection(OTHER_CUSTOMER, Level::Cc, State::Endless),
            connection(SECOND_PARTNER, Level::None, State::Endless),
            connection(CUSTOMER, Level::FullAdmin, State::UntilTomorrow),
            connection(PARTNER, Level::View, State::UntilNow),
        ],
    );
    let found: Vec<_> = list.iter().map(|one| (one.organization.id, one.held.level)).collect();
    assert_eq!(found, [(CUSTOMER, Level::FullAdmin), (OTHER_CUSTOMER, Level::Cc)]);
}

#[test]
fn a_persons_own_organization_needs_no_grant_and_a_grant_does_not_lower_it() {
    let held = Some(held(Level::Cc));
    assert_eq!(Standing::of(&designated().actor(), CUSTOMER, held), standing(&designated()));
    assert_eq!(Standing::of(&partner_designated().actor(), CUSTOMER, held), partner(Level::Cc));
    assert_eq!(Standing::of(&partner_designated().actor(), CUSTOMER, None), Standing::Stranger);
}

/// Asks about a person at the customer.
fn question(actor: &impl Person, standing: Standing, person: Actor, grants: Vec<PartnerGrant>) -> ExplainFacts {
    ExplainFacts {
        actor: actor.actor(),
        standing,
        organization: Some(named(CUSTOMER)),
        person: Some(person),
        grants,
        suspension: NO_SUSPENSION,
    }
}

#[test]
fn an_explanation_names_the_level_the_grant_and_the_path_g_15() {
    let wide = || grant(2, all_of(PARTNER), Level::Create);
    let narrow = |level| grant(1, one(&partner_designated()), level);
    let to_staff = |role, level| grant(3, one(&staff(role)), level);
    let consultant = || staff(StaffRole::Consultant).actor();
    let duty_manager = || staff(StaffRole::DutyManager).actor();
    let gone = |status| Contact { status, ..partner_designated() }.actor();
    for (who, person, grants, path, level) in [
        ("a member", designated().actor(), vec![], Path::OwnOrganization, None),
        (
            "by the organization's",
            partner_designated().actor(),
            vec![wide()],
            Path::OrganizationGrant,
            Some(Level::Create),
        ),
        (
            "by their own",
            partner_designated().actor(),
            vec![wide(), narrow(Level::View)],
            Path::IndividualGrant,
            Some(Level::View),
        ),
        ("shut out", partner_designated().actor(), vec![wide(), narrow(Level::None)], Path::Nothing, Some(Level::None)),
        (
            "over",
            partner_designated().actor(),
            vec![grant_in(2, all_of(PARTNER), (Level::Create, State::UntilNow))],
            Path::Nothing,
            None,
        ),
        ("staff by role", duty_manager(), vec![], Path::StaffRole, None),
        ("staff without a role for it", consultant(), vec![], Path::Nothing, None),
        (
            "staff by grant",
            consultant(),
            vec![to_staff(StaffRole::Consultant, Level::View)],
            Path::IndividualGrant,
            Some(Level::View),
        ),
        // `none` takes away what grants give; a role is no grant.
        (
            "staff by role in spite of none",
            duty_manager(),
            vec![to_staff(StaffRole::DutyManager, Level::None)],
            Path::StaffRole,
            Some(Level::None),
        ),
        // Who may not sign in has nothing, and so no level applies now.
        (
            "a disabled member",
            Contact { status: PersonStatus::Disabled, ..designated() }.actor(),
            vec![],
            Path::Nothing,
            None,
        ),
        ("a disabled partner", gone(PersonStatus::Disabled), vec![wide()], Path::Nothing, None),
        ("an invited partner", gone(PersonStatus::Invited), vec![wide()], Path::Nothing, None),
    ] {
        let asked = question(&manager(), standing(&manager()), person.clone(), grants.clone());
        let access = explain(NOW, asked).unwrap().into_value();
        assert_eq!((access.path, access.level), (path, level), "{who}");
        assert_eq!((access.person, access.organization.id), (person.reference(), CUSTOMER));
        assert_eq!((access.considered.len(), access.decided_at), (grants.len(), NOW));
        assert_eq!(access.permission.is_some(), path == Path::OwnOrganization, "{who}");
        assert_eq!(!access.roles.is_empty(), person.is_staff(), "{who}");
    }
}

#[test]
fn a_suspension_is_given_as_the_reason_g_12_g_15() {
    for suspension in SUSPENSIONS.into_iter().skip(1) {
        let wide = grant(2, all_of(PARTNER), Level::Create);
        let asked = question(&manager(), standing(&manager()), partner_designated().actor(), vec![wide]);
        let access = explain(NOW, ExplainFacts { suspension, ..asked }).unwrap().into_value();
        assert_eq!((access.path, access.level), (Path::Nothing, None));
        assert_eq!(access.considered[0].outcome, Outcome::Suspended);
    }
}

#[test]
fn access_is_explained_to_the_person_and_to_those_who_see_the_grants_g_15_x_3() {
    let wide = || vec![grant(2, all_of(PARTNER), Level::Create)];
    let asks = |actor: Actor, standing: Standing, person: Actor, grants: Vec<PartnerGrant>| {
        let facts = ExplainFacts { actor, ..question(&manager(), standing, person, grants) };
        explain(NOW, facts).map(drop).map_err(|refusal| refusal.code)
    };
    let pedro = || partner_designated().actor();
    let (hidden, denied) = (Err(Code::NotFound), Err(Code::PermissionRequired));
    for (who, actor, standing, person, grants, expected) in [
        ("a designated contact", designated().actor(), standing(&designated()), pedro(), wide(), Ok(())),
        ("the desk", staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), pedro(), wide(), Ok(())),
        (
            "the desk, of anybody",
            staff(StaffRole::Agent).actor(),
            desk(StaffRole::Agent),
            outsider().actor(),
            vec![],
            Ok(()),
        ),
        ("a reader", reader().actor(), standing(&reader()), pedro(), wide(), denied),
        ("a reader, of themselves", reader().actor(), standing(&reader()), reader().actor(), vec![], Ok(())),
        ("the person", pedro(), partner(Level::Create), pedro(), wide(), Ok(())),
        ("the person, shut out", pedro(), Standing::Stranger, pedro(), wide(), Ok(())),
        ("the person, who has nothing to do with it", pedro(), Standing::Stranger, pedro(), vec![], hidden),
        ("a colleague", partner_guardian().actor(), partner(Level::FullAdmin), pedro(), wide(), denied),
        ("a stranger", outsider().actor(), standing(&outsider()), pedro(), wide(), hidden),
        // A contact manager learns of people of other organizations only where a grant connects them.
        ("of a stranger", manager().actor(), standing(&manager()), second_partner_designated().actor(), vec![], hidden),
        ("of a staff member", manager().actor(), standing(&manager()), staff(StaffRole::Agent).actor(), vec![], Ok(())),
    ] {
        assert_eq!(asks(actor, standing, person, grants), expected, "{who}");
    }
    let nowhere = |organization, person| ExplainFacts {
        organization,
        person,
        ..question(&manager(), standing(&manager()), designated().actor(), vec![])
    };
    let missing = refusal(explain(NOW, nowhere(None, Some(designated().actor()))));
    assert_eq!(missing, refusal(explain(NOW, nowhere(Some(named(CUSTOMER)), None))));
    assert_eq!(missing.code, Code::NotFound);
}

#[test]
fn a_disabled_staff_member_has_no_access_left_to_explain_g_15() {
    let gone = StaffMember { status: PersonStatus::Disabled, ..staff(StaffRole::DutyManager) };
    let asked = question(&manager(), standing(&manager()), gone.actor(), vec![]);
    assert_eq!(explain(NOW, asked).unwrap().value().path, Path::Nothing);
    let unknown = ExplainFacts { person: None, ..question(&outsider(), standing(&outsider()), gone.actor(), vec![]) };
    assert_eq!(code(explain(NOW, unknown)), Code::NotFound);
}
