//! How somebody takes part in a service request by a grant: what the grantor's own people made is theirs to unmake, and no grant means no
//! part (S-7, S-8, G-7, G-12).

use mandate_core::access::{HeldLevel, Standing};
use mandate_core::effective_access::{HeldGrant, HeldGrants, Outcome, Suspension, consider};
use mandate_core::id::GrantId;
use mandate_core::participant::{AddFacts, Participant, RemoveFacts, remove};
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::request_access::{Admission, HeldRole};
use mandate_core::service_request::{EditFacts, EditRequest, RequestFacts, ServiceRequest, edit, view};
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::{Category, Involvement, Level, OrganizationStatus, Permission, StaffRole};

use crate::ladder::{code, refusal, written};
use crate::participant::{added, candidate, command, facts, participant};
use crate::service_request_edit::{facts as editing, naming, own};
use crate::world::{
    ADMITTED, GRANT, NOW, PARTNER, Person, REQUEST, TOMORROW, YESTERDAY, all_of, by, consultant, designated, grant,
    guardian, held, id, levels, manager, one, part, partner, partner_designated, partner_guardian, partner_reader,
    reference, request, second_partner_designated, staff, standing,
};

const RUNNING: Suspension = Suspension { grantor: OrganizationStatus::Active, holder: OrganizationStatus::Active };

fn of_grant(number: u128, level: Level) -> HeldGrant {
    HeldGrant { held: HeldLevel { grant: id(number), ..held(level) }, expires_at: None }
}

/// What a partner's designated contact is to the customer's request, in which they take part by this.
fn seen(grants: &HeldGrants, role: Option<HeldRole>, request: ServiceRequest) -> RequestFacts {
    RequestFacts::of(NOW, partner_designated().actor(), grants, Some(request), role)
}

#[test]
fn the_grant_behind_a_part_is_the_one_that_decided_s_7_g_2() {
    let with = |individual, organization| {
        let grants = HeldGrants { individual, organization, suspension: RUNNING };
        let candidate = Candidate { grants, ..candidate(&partner_designated(), None) };
        let facts = facts(manager().actor(), standing(&manager()), Some(candidate));
        let change = added(&manager(), facts, command(partner_designated().id, Involvement::Cc)).unwrap();
        change.after().grant
    };
    let (mine, ours) = (of_grant(5, Level::Cc), of_grant(6, Level::View));
    assert_eq!(with(Some(mine), Some(ours)), Some(id(5)));
    assert_eq!(with(None, Some(ours)), Some(id(6)));
    let over = HeldGrant { expires_at: Some(NOW), ..mine };
    assert_eq!(with(Some(over), Some(ours)), Some(id(6)));
    let own = facts(manager().actor(), standing(&manager()), Some(candidate(&guardian(), None)));
    let change = added(&manager(), own, command(guardian().id, Involvement::Cc)).unwrap();
    assert_eq!(change.after().grant, None);
    // The same of a point of contact, and who named them (S-2).
    let named = PointOfContact::Contact(Box::new(partner_designated()), Some(held(Level::Cc)));
    let facts = EditFacts { point_of_contact: named, ..own_edit() };
    let change = edit(&by(&manager()), facts, naming(&partner_designated())).unwrap();
    assert_eq!(change.after().admission, Some(ADMITTED));
}

fn own_edit() -> EditFacts {
    own(request())
}

#[test]
fn a_part_counts_while_the_grant_behind_it_gives_something_s_7_g_12_g_13() {
    let role = |behind: Option<GrantId>| HeldRole { role: Involvement::Secondary, grant: behind };
    let wide = of_grant(6, Level::Cc);
    let mine = of_grant(5, Level::Cc);
    for (who, grants, held, expected) in [
        ("the grant behind it", HeldGrants { individual: Some(mine), ..HeldGrants::NONE }, role(Some(id(5))), true),
        ("their organization's", HeldGrants { organization: Some(wide), ..HeldGrants::NONE }, role(Some(id(6))), true),
        ("another one", HeldGrants { individual: Some(mine), ..HeldGrants::NONE }, role(Some(id(6))), false),
        (
            "over",
            HeldGrants { individual: Some(HeldGrant { expires_at: Some(NOW), ..mine }), ..HeldGrants::NONE },
            role(Some(id(5))),
            false,
        ),
        (
            "over, while another gives something",
            HeldGrants {
                individual: Some(HeldGrant { expires_at: Some(NOW), ..mine }),
                organization: Some(wide),
                ..HeldGrants::NONE
            },
            role(Some(id(5))),
            false,
        ),
        (
            "until tomorrow",
            HeldGrants { individual: Some(HeldGrant { expires_at: Some(TOMORROW), ..mine }), ..HeldGrants::NONE },
            role(Some(id(5))),
            true,
        ),
        (
            "none",
            HeldGrants { individual: Some(of_grant(5, Level::None)), organization: Some(wide), ..HeldGrants::NONE },
            role(Some(id(5))),
            false,
        ),
        (
            "resting",
            HeldGrants {
                individual: Some(mine),
                suspension: Suspension { holder: OrganizationStatus::Suspended, ..RUNNING },
                ..HeldGrants::NONE
            },
            role(Some(id(5))),
            false,
        ),
        (
            "resting with the grantor",
            HeldGrants {
                individual: Some(mine),
                suspension: Suspension { grantor: OrganizationStatus::Suspended, ..RUNNING },
                ..HeldGrants::NONE
            },
            role(Some(id(5))),
            false,
        ),
    ] {
        assert_eq!(grants.upholds(held, NOW).is_some(), expected, "{who}");
        assert_eq!(view(&seen(&grants, Some(held), request())).is_ok(), expected, "{who}");
    }
    // Whom an individual `none` shuts out is not let in by a part behind which their organization's grant stands.
    let shut_out =
        HeldGrants { individual: Some(of_grant(5, Level::None)), organization: Some(wide), ..HeldGrants::NONE };
    assert_eq!(code(view(&seen(&shut_out, Some(role(Some(id(6)))), request()))), Code::NotFound);
    // People of the organization take part by no grant.
    assert_eq!(HeldGrants::NONE.upholds(part(Involvement::Cc), NOW), Some(Involvement::Cc));
}

#[test]
fn a_point_of_contact_leads_while_the_grant_behind_them_gives_something_s_7_s_10_c_15() {
    let led = |admission| {
        let point_of_contact = Some(reference(&partner_designated()));
        ServiceRequest { point_of_contact, admission: Some(admission), ..request() }
    };
    for (who, admission, expected) in [
        ("live", ADMITTED, true),
        ("until tomorrow", Admission { ends_at: Some(TOMORROW), ..ADMITTED }, true),
        ("over", Admission { ends_at: Some(NOW), ..ADMITTED }, false),
        ("resting", Admission { rests: true, ..ADMITTED }, false),
    ] {
        let request = led(admission);
        assert_eq!(request.is_partner_managed(NOW), expected, "{who}");
        assert_eq!(request.is_lead_at_rest(NOW), !expected, "{who}");
        // Another grant at `cc` lets nobody read by what they were made by the first one.
        let later = HeldGrants { individual: Some(of_grant(9, Level::Cc)), ..HeldGrants::NONE };
        assert_eq!(view(&seen(&later, None, request)).is_ok(), expected, "{who}");
    }
}

#[test]
fn who_acts_by_a_grant_takes_out_only_themselves_and_whom_their_organization_added_s_7() {
    let made_by = |person: &dyn Fn() -> mandate_core::actor::PersonRef| Participant {
        added_by: person(),
        ..participant(reference(&guardian()), Involvement::Secondary)
    };
    let makers: [(&str, &dyn Fn() -> mandate_core::actor::PersonRef); 4] = [
        ("own people", &|| reference(&manager())),
        ("their own", &|| reference(&partner_designated())),
        ("another partner", &|| reference(&second_partner_designated())),
        ("staff", &|| reference(&staff(StaffRole::Agent))),
    ];
    for (who, maker) in makers {
        let removed = |actor, standing: Standing| {
            let facts = RequestFacts { actor, standing, ..facts_of(None) };
            let facts = RemoveFacts { request: facts, present: Some(made_by(maker)) };
            remove(&by(&partner_guardian()), facts, guardian().id.into(), None).map(drop)
        };
        for level in [Level::Update, Level::Create, Level::FullAdmin] {
            let answer = removed(partner_guardian().actor(), partner(level));
            match who {
                "their own" => assert_eq!(answer, Ok(()), "{level:?}"),
                _ => {
                    let refused = refusal(answer);
                    assert_eq!(refused.code, Code::PermissionRequired, "{who}");
                    let needed = Requirement::Permission(Permission::DesignatedSupport);
                    assert!(refused.extras.contains(&Extra::Required(needed)), "{who}");
                }
            }
            let vera = removed(staff(StaffRole::Consultant).actor(), consultant(level));
            assert_eq!(vera.is_ok(), who == "staff", "{who}: a consultant by a grant");
        }
        assert_eq!(removed(manager().actor(), standing(&manager())), Ok(()), "{who}");
        assert_eq!(removed(staff(StaffRole::Agent).actor(), crate::world::desk(StaffRole::Agent)), Ok(()), "{who}");
    }
    // Oneself, whoever added them.
    let own = Participant {
        added_by: reference(&manager()),
        ..participant(reference(&partner_designated()), Involvement::Cc)
    };
    let facts = RemoveFacts { request: facts_of(Some(Involvement::Cc)), present: Some(own) };
    assert!(remove(&by(&partner_designated()), facts, partner_designated().id.into(), None).is_ok());
}

/// The partner's designated contact at `cc`, who takes part by this role.
fn facts_of(role: Option<Involvement>) -> RequestFacts {
    let (actor, standing) = (partner_designated().actor(), partner(Level::Cc));
    RequestFacts { actor, standing, request: Some(request()), role, lead_at_rest: false }
}

#[test]
fn who_acts_by_a_grant_moves_the_point_of_contact_only_where_they_are_it_s_7() {
    let moved = |standing: Standing, leads: bool, is_at_rest: bool, role| {
        let lead = if leads { reference(&partner_designated()) } else { reference(&designated()) };
        let request = ServiceRequest { point_of_contact: Some(lead), ..request() };
        let named = PointOfContact::Contact(Box::new(guardian()), None);
        let mut facts =
            EditFacts { point_of_contact: named, ..editing(partner_designated().actor(), standing, request) };
        (facts.request.role, facts.request.lead_at_rest) = (role, is_at_rest);
        edit(&by(&partner_designated()), facts, naming(&guardian())).map(drop).map_err(|refusal| refusal.code)
    };
    for level in levels().filter(|level| *level >= Level::Update) {
        assert_eq!(moved(partner(level), true, false, None), Ok(()), "{level:?}");
        assert_eq!(moved(partner(level), false, false, None), Err(Code::PermissionRequired), "{level:?}");
        // Whose grant rests leads nothing.
        assert_eq!(moved(partner(level), true, true, None), Err(Code::PermissionRequired), "{level:?}");
        assert_eq!(moved(consultant(level), false, false, None), Err(Code::PermissionRequired), "{level:?}");
    }
    for level in levels() {
        let secondary = moved(partner(level), false, false, Some(Involvement::Secondary));
        assert_eq!(secondary, Err(Code::PermissionRequired), "a secondary at {level:?}");
    }
    assert_eq!(moved(partner(Level::Cc), true, false, None), Ok(()));
}

#[test]
fn the_same_role_again_changes_nothing_and_another_one_rests_on_the_grant_of_now_s_7_x_2() {
    let old = Participant {
        grant: Some(id(8)),
        added_by: reference(&guardian()),
        ..participant(reference(&partner_designated()), Involvement::Cc)
    };
    let again = |role, behind: GrantId| {
        let present = Participant { grant: Some(behind), ..old.clone() };
        let part = Some(HeldRole { role: Involvement::Cc, grant: Some(behind) });
        let candidate = Candidate { role: part, ..candidate(&partner_designated(), Some(Level::Cc)) };
        let facts = AddFacts {
            present: Some(present),
            count: 1,
            ..facts(manager().actor(), standing(&manager()), Some(candidate))
        };
        added(&manager(), facts, command(partner_designated().id, role)).unwrap()
    };
    let same = again(Involvement::Cc, GRANT);
    assert!(written(&same).is_empty());
    assert_eq!((same.after().grant, &same.after().added_by), (Some(GRANT), &reference(&guardian())));
    let raised = again(Involvement::Secondary, GRANT);
    assert_eq!((raised.after().grant, &raised.after().added_by), (Some(GRANT), &reference(&manager())));
    // One whose grant is over is given anew, by whoever does it.
    let revived = again(Involvement::Cc, id(8));
    assert_eq!((revived.after().grant, &revived.after().added_by), (Some(GRANT), &reference(&manager())));
    assert_eq!((YESTERDAY, REQUEST), (revived.after().added_at, revived.after().request));
}

#[test]
fn of_an_upgrade_no_partner_is_more_than_cc_and_none_updates_one_s_8() {
    let upgrade = || ServiceRequest { category: Category::Upgrade, ..request() };
    for level in levels() {
        for role in [Involvement::Cc, Involvement::Secondary] {
            let mut facts =
                facts(manager().actor(), standing(&manager()), Some(candidate(&partner_designated(), Some(level))));
            facts.request.request = Some(upgrade());
            let answer = added(&manager(), facts, command(partner_designated().id, role)).map(drop);
            let expected = if role == Involvement::Cc { Ok(()) } else { Err(Code::ParticipantNotAllowed) };
            assert_eq!(answer.map_err(|refusal| refusal.code), expected, "{level:?} {role:?}");
        }
        let named = PointOfContact::Contact(Box::new(partner_designated()), Some(held(level)));
        let facts = EditFacts { point_of_contact: named, ..own(upgrade()) };
        let refused = refusal(edit(&by(&manager()), facts, naming(&partner_designated())));
        assert_eq!((refused.code, refused.pointer), (Code::PointOfContactNotAllowed, Some("#/point_of_contact")));
        // Whatever they were made before.
        for involvement in [None, Some(Involvement::Secondary), Some(Involvement::PointOfContact)] {
            let leads = involvement == Some(Involvement::PointOfContact);
            let request =
                ServiceRequest { point_of_contact: leads.then(|| reference(&partner_designated())), ..upgrade() };
            let mut facts = editing(partner_designated().actor(), partner(level), request);
            facts.request.role = involvement.filter(|_| !leads);
            let command = EditRequest { severity: Some(1), ..EditRequest::default() };
            let answer = edit(&by(&partner_designated()), facts, command).map(drop);
            assert!(
                matches!(answer, Err(refusal) if matches!(refusal.code, Code::PermissionRequired | Code::NotFound)),
                "{level:?} {involvement:?}"
            );
        }
    }
    // The organization's own are.
    let facts = EditFacts { point_of_contact: PointOfContact::Contact(Box::new(manager()), None), ..own(upgrade()) };
    assert!(edit(&by(&manager()), facts, naming(&manager())).is_ok());
}

#[test]
fn their_organizations_grant_is_not_theirs_who_only_read_the_knowledge_base_g_7() {
    let wide = grant(2, all_of(PARTNER), Level::FullAdmin);
    let mine = grant(5, one(&partner_reader()), Level::View);
    let outcomes = |grants| {
        let considered = consider(NOW, &partner_reader().actor(), RUNNING, grants);
        considered.iter().map(|one| one.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(vec![wide.clone()]), [Outcome::PermissionTooLow]);
    // One to themselves is, because the grantor chose them.
    assert_eq!(outcomes(vec![mine.clone(), wide.clone()]), [Outcome::Decides, Outcome::HiddenByIndividualGrant]);
    let considered = consider(NOW, &partner_designated().actor(), RUNNING, vec![wide.clone()]);
    assert_eq!(considered[0].outcome, Outcome::Decides);
    let both = |individual: Option<HeldGrant>| {
        let wide = Some(HeldGrant { held: wide.held(), expires_at: None });
        HeldGrants::of(&partner_reader().actor(), individual, wide, RUNNING).deciding(NOW).map(|held| held.grant)
    };
    assert_eq!(both(None), None);
    assert_eq!(both(Some(HeldGrant { held: mine.held(), expires_at: None })), Some(id(5)));
    // So they are not added by it (S-7).
    let grants = HeldGrants::of(
        &partner_reader().actor(),
        None,
        Some(HeldGrant { held: held(Level::FullAdmin), expires_at: None }),
        RUNNING,
    );
    let reader = Candidate { grants, ..candidate(&partner_reader(), None) };
    let facts = facts(manager().actor(), standing(&manager()), Some(reader));
    let answer = added(&manager(), facts, command(partner_reader().id, Involvement::Cc)).map(drop);
    assert_eq!(code(answer), Code::ParticipantNotAllowed);
}
