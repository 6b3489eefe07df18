//! Seeing, editing and revoking a grant, from both sides of it (G-4 … G-7, G-10).

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::partner_grant::{
    EditGrant, Ending, GrantFacts, Grantee, PartnerGrant, Surroundings, allow_list, edit, revoke, view,
};
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::request_access::HistoryScope;
use mandate_core::vocabulary::{GrantStatus, History, Level, Permission, StaffRole, Vocabulary as _};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, PARTNER, Person, TOMORROW, YESTERDAY, all_of, by, consultant, designated, desk, ended, grant,
    guardian, levels, manager, note, one, outsider, partner, partner_designated, partner_guardian, partner_reader,
    reader, second_partner_designated, staff, standing,
};

fn facts(actor: Actor, standing: Standing, grant: PartnerGrant) -> GrantFacts {
    GrantFacts { actor, standing, grant: Some(grant) }
}

/// The customer's guardian looks at a grant of theirs.
fn managed(grant: PartnerGrant) -> GrantFacts {
    facts(guardian().actor(), standing(&guardian()), grant)
}

#[test]
fn both_sides_see_a_grant_and_nobody_else_does_g_10_x_3() {
    let organization_wide = || grant(1, all_of(PARTNER), Level::FullAdmin);
    let individual = || grant(2, one(&partner_reader()), Level::View);
    let to_staff = || grant(3, one(&staff(StaffRole::Consultant)), Level::View);
    let sees = |actor: Actor, standing: Standing, grant: PartnerGrant| {
        view(facts(actor, standing, grant)).map(drop).map_err(|refusal| refusal.code)
    };
    let (hidden, denied) = (Err(Code::NotFound), Err(Code::PermissionRequired));
    let admin = || partner(Level::FullAdmin);
    for (who, actor, standing, expected) in [
        // The grantor: from designated_support on.
        ("guardian", guardian().actor(), standing(&guardian()), [Ok(()), Ok(()), Ok(())]),
        ("designated", designated().actor(), standing(&designated()), [Ok(()), Ok(()), Ok(())]),
        ("reader", reader().actor(), standing(&reader()), [denied, denied, denied]),
        // The partner: what it and its people hold; the person their own.
        ("partner", partner_designated().actor(), admin(), [Ok(()), Ok(()), hidden]),
        ("partner, without effect", partner_designated().actor(), Standing::Stranger, [Ok(()), Ok(()), hidden]),
        ("partner's reader", partner_reader().actor(), admin(), [hidden, Ok(()), hidden]),
        // Another partner of the same customer, whatever its level.
        ("second partner", second_partner_designated().actor(), admin(), [hidden, hidden, hidden]),
        // The vendor: who keeps records, and who holds it.
        ("agent", staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), [Ok(()), Ok(()), Ok(())]),
        ("sales", staff(StaffRole::SalesManager).actor(), desk(StaffRole::SalesManager), [hidden, hidden, hidden]),
        ("consultant", staff(StaffRole::Consultant).actor(), consultant(Level::FullAdmin), [hidden, hidden, Ok(())]),
        ("outsider", outsider().actor(), standing(&outsider()), [hidden, hidden, hidden]),
    ] {
        let grants = [organization_wide(), individual(), to_staff()];
        let answers = grants.map(|grant| sees(actor.clone(), standing.clone(), grant));
        assert_eq!(answers, expected, "{who}");
    }
    let missing = GrantFacts { actor: outsider().actor(), standing: Standing::Stranger, grant: None };
    let hidden = facts(outsider().actor(), Standing::Stranger, organization_wide());
    assert_eq!(refusal(view(missing)), refusal(view(hidden)));
}

#[test]
fn a_grant_is_seen_also_when_it_is_over_g_10() {
    for status in [GrantStatus::Revoked, GrantStatus::Ended, GrantStatus::Expired] {
        let over = ended(status, grant(1, all_of(PARTNER), Level::View));
        assert!(view(managed(over.clone())).is_ok());
        assert!(view(facts(partner_designated().actor(), Standing::Stranger, over)).is_ok());
    }
}

#[test]
fn the_grantors_designated_contacts_list_its_grants_g_10() {
    let answer = |standing: &Standing| allow_list(standing, CUSTOMER).map_err(|refusal| refusal.code);
    assert_eq!(answer(&standing(&designated())), Ok(()));
    assert_eq!(answer(&desk(StaffRole::Administrator)), Ok(()));
    assert_eq!(answer(&standing(&reader())), Err(Code::PermissionRequired));
    assert_eq!(answer(&partner(Level::FullAdmin)), Err(Code::PermissionRequired));
    assert_eq!(answer(&Standing::Stranger), Err(Code::NotFound));
}

#[derive(Debug, Clone)]
struct Editing {
    facts: GrantFacts,
    command: EditGrant,
}

#[test]
fn a_contact_manager_edits_a_live_grant_g_4_g_5_g_6_g_7_g_13_g_16() {
    let edited = climb(
        Editing {
            facts: GrantFacts { actor: manager().actor(), standing: Standing::Stranger, grant: None },
            command: EditGrant {
                level: Some(Level::None),
                history: Some(History::Open),
                expires_at: Some(Some(NOW)),
                note: Some(Some(note("longer"))),
                acknowledged: false,
                expected_version: Some(7),
            },
        },
        |world| edit(&by(&manager()), world.facts, Surroundings::default(), world.command),
        [
            trips::<Editing>(Code::NotFound).until(|world| {
                world.facts.grant = Some(ended(GrantStatus::Revoked, grant(4, all_of(PARTNER), Level::Cc)));
            }),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("revoked"))
                .until(|world| world.facts.grant = Some(grant(4, all_of(PARTNER), Level::Cc))),
            trips(Code::LevelNotAllowed).at("#/level").until(|world| world.command.level = Some(Level::Update)),
            trips(Code::ExpiryInPast).at("#/expires_at").until(|world| world.command.expires_at = Some(Some(TOMORROW))),
            trips(Code::AcknowledgementRequired)
                .at("#/acknowledge_organization_wide_visibility")
                .until(|world| world.command.acknowledged = true),
        ],
    );
    // The same grant, and its history says what changed (G-6).
    let before = grant(4, all_of(PARTNER), Level::Cc);
    assert_eq!((edited.grant.after().id, edited.grant.after().created_at), (before.id, before.created_at));
    assert_eq!(
        written(&edited.grant),
        [
            "partner_grant.updated in org_1 by contact_2 for org_1",
            "level: cc -> update",
            "history: all -> open",
            &format!("history_since: {YESTERDAY} -> {NOW}"),
            &format!("expires_at: nothing -> {TOMORROW}"),
            "note: nothing -> longer",
        ]
    );
}

#[test]
fn raising_an_organization_wide_grant_takes_an_acknowledgement_and_lowering_does_not_g_7() {
    let raise = |grantee: Grantee, from: Level, to: Level| {
        let before = PartnerGrant { expires_at: Some(TOMORROW), ..grant(4, grantee, from) };
        let command = EditGrant { level: Some(to), ..EditGrant::default() };
        edit(&by(&manager()), managed(before), Surroundings::default(), command)
            .map(drop)
            .map_err(|refusal| refusal.code)
    };
    let mut compared = 0;
    for from in levels() {
        for to in levels() {
            let needed = to > from && to >= Level::View;
            let expected = if needed { Err(Code::AcknowledgementRequired) } else { Ok(()) };
            assert_eq!(raise(all_of(PARTNER), from, to), expected, "{from:?} to {to:?}");
            assert_eq!(raise(one(&partner_designated()), from, to), Ok(()));
            assert_eq!(raise(one(&staff(StaffRole::Consultant)), from, to), Ok(()));
            compared += 3;
        }
    }
    assert_eq!(compared, 3 * 6 * 6);
}

#[test]
fn a_grant_keeps_its_moment_unless_it_gets_another_scope_g_16() {
    let scope = |from: History, command: EditGrant| {
        let since = YESTERDAY;
        let before =
            PartnerGrant { scope: HistoryScope { history: from, since }, ..grant(4, all_of(PARTNER), Level::View) };
        edit(&by(&manager()), managed(before), Surroundings::default(), EditGrant { acknowledged: true, ..command })
            .unwrap()
            .grant
            .after()
            .scope
    };
    for from in History::ALL.iter().copied() {
        for to in History::ALL.iter().copied() {
            let edited = scope(from, EditGrant { history: Some(to), ..EditGrant::default() });
            let since = if from == to { YESTERDAY } else { NOW };
            assert_eq!(edited, HistoryScope { history: to, since }, "{from:?} to {to:?}");
        }
        let other = EditGrant { level: Some(Level::Create), expires_at: Some(Some(TOMORROW)), ..EditGrant::default() };
        assert_eq!(scope(from, other), HistoryScope { history: from, since: YESTERDAY });
    }
}

#[test]
fn widening_the_history_of_an_organization_wide_grant_takes_an_acknowledgement_g_7_g_16() {
    for from in History::ALL.iter().copied() {
        for to in History::ALL.iter().copied() {
            for level in levels() {
                let scope = HistoryScope { history: from, since: YESTERDAY };
                let before = |grantee| PartnerGrant { scope, ..grant(4, grantee, level) };
                let command = EditGrant { history: Some(to), ..EditGrant::default() };
                let answer =
                    edit(&by(&manager()), managed(before(all_of(PARTNER))), Surroundings::default(), command.clone());
                let needed = to > from && level >= Level::View;
                let expected = if needed { Err(Code::AcknowledgementRequired) } else { Ok(()) };
                assert_eq!(answer.map(drop).map_err(|refusal| refusal.code), expected, "{from:?} to {to:?}");
                assert!(
                    edit(
                        &by(&manager()),
                        managed(before(one(&partner_designated()))),
                        Surroundings::default(),
                        command
                    )
                    .is_ok()
                );
            }
        }
    }
    let explained = |history| {
        let command = EditGrant { history: Some(history), level: Some(Level::Create), ..EditGrant::default() };
        let scope = HistoryScope { history: History::New, since: YESTERDAY };
        let before = PartnerGrant { scope, ..grant(4, all_of(PARTNER), Level::View) };
        refusal(edit(&by(&manager()), managed(before), Surroundings::default(), command)).detail.to_string()
    };
    for (history, says) in [
        (History::All, "makes all past and present service requests, messages and attachments visible"),
        (History::Open, "makes all service requests that are not closed, and all later ones,"),
        (History::New, "makes all later service requests with"),
    ] {
        assert!(explained(history).contains(says), "{}", explained(history));
    }
}

#[test]
fn a_grant_to_staff_keeps_an_end_g_4() {
    let before =
        PartnerGrant { expires_at: Some(TOMORROW), ..grant(4, one(&staff(StaffRole::Consultant)), Level::View) };
    let endless = EditGrant { expires_at: Some(None), ..EditGrant::default() };
    assert_eq!(
        code(edit(&by(&manager()), managed(before), Surroundings::default(), endless.clone())),
        Code::ExpiryRequired
    );
    let before = PartnerGrant { expires_at: Some(TOMORROW), ..grant(4, all_of(PARTNER), Level::View) };
    assert_eq!(
        edit(&by(&manager()), managed(before), Surroundings::default(), endless).unwrap().grant.after().expires_at,
        None
    );
}

#[test]
fn a_partner_never_manages_grants_also_not_the_one_it_acts_by_g_5() {
    let wide = || grant(1, all_of(PARTNER), Level::FullAdmin);
    let to_staff = || PartnerGrant {
        expires_at: Some(TOMORROW),
        ..grant(1, one(&staff(StaffRole::Consultant)), Level::FullAdmin)
    };
    let attempts = |actor: Actor, standing: Standing, grant: PartnerGrant| {
        let facts = facts(actor, standing, grant);
        let command = EditGrant { expires_at: Some(None), note: Some(Some(note("more"))), ..EditGrant::default() };
        let edited = edit(&by(&partner_guardian()), facts.clone(), Surroundings::default(), command).map(drop);
        let revoked = revoke(&by(&partner_guardian()), facts, Surroundings::default(), None, None).map(drop);
        [refusal(edited), refusal(revoked)]
    };
    for (actor, standing, grant) in [
        (partner_guardian().actor(), partner(Level::FullAdmin), wide()),
        // Its effect is over or suspended, or an individual `none` hides it: it may see the grant, and no more.
        (partner_guardian().actor(), Standing::Stranger, wide()),
        (staff(StaffRole::Consultant).actor(), consultant(Level::FullAdmin), to_staff()),
        (staff(StaffRole::Administrator).actor(), desk(StaffRole::Administrator), wide()),
        (staff(StaffRole::DutyManager).actor(), desk(StaffRole::DutyManager), to_staff()),
    ] {
        for refusal in attempts(actor.clone(), standing.clone(), grant.clone()) {
            assert_eq!(refusal.code, Code::PermissionRequired, "{standing:?}");
            let needed = Requirement::Permission(Permission::ManageContacts);
            assert_eq!(refusal.extras, [Extra::Required(needed), Extra::AskContactManagersOf(CUSTOMER)]);
        }
    }
    for refusal in attempts(second_partner_designated().actor(), partner(Level::FullAdmin), wide()) {
        assert_eq!(refusal.code, Code::NotFound);
    }
}

#[derive(Debug, Clone)]
struct Revoking {
    facts: GrantFacts,
    expected_version: Option<i64>,
}

#[test]
fn a_contact_manager_revokes_a_grant_at_once_g_4_g_5() {
    let revoked = climb(
        Revoking {
            facts: GrantFacts { actor: manager().actor(), standing: Standing::Stranger, grant: None },
            expected_version: Some(7),
        },
        |world| {
            revoke(&by(&manager()), world.facts, Surroundings::default(), Some(note("over")), world.expected_version)
        },
        [
            trips::<Revoking>(Code::NotFound).until(|world| {
                let grant = grant(4, all_of(PARTNER), Level::View);
                world.facts.grant = Some(PartnerGrant { expires_at: Some(NOW), ..grant });
            }),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::DesignatedSupport))
                .until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(1)).until(|world| world.expected_version = None),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("expired"))
                .until(|world| world.facts.grant = Some(grant(4, all_of(PARTNER), Level::View))),
        ],
    );
    let expected =
        Ending { at: NOW, status: GrantStatus::Revoked, by: Some(manager().id.into()), reason: Some(note("over")) };
    assert_eq!(revoked.grant.after().ending, Some(expected));
    // Over at this very moment, and it stays so.
    assert_eq!(
        (revoked.grant.after().status(NOW), revoked.grant.after().status(TOMORROW)),
        (GrantStatus::Revoked, GrantStatus::Revoked)
    );
    assert_eq!(
        written(&revoked.grant),
        [
            "partner_grant.revoked in org_1 by contact_2 for org_1",
            &format!("ended_at: nothing -> {NOW}"),
            "end_reason: nothing -> over",
        ]
    );
    for status in [GrantStatus::Revoked, GrantStatus::Ended, GrantStatus::Expired] {
        let over = ended(status, grant(4, all_of(PARTNER), Level::View));
        assert_eq!(
            code(revoke(&by(&manager()), managed(over), Surroundings::default(), None, None)),
            Code::InvalidTransition
        );
    }
}

#[test]
fn a_grant_gives_nothing_from_the_moment_of_its_expiry_on_g_4() {
    let until = |expires_at| PartnerGrant { expires_at, ..grant(4, all_of(PARTNER), Level::View) };
    for (grant, now, expected) in [
        (until(None), NOW, GrantStatus::Live),
        (until(Some(TOMORROW)), NOW, GrantStatus::Live),
        (until(Some(NOW)), YESTERDAY, GrantStatus::Live),
        (until(Some(NOW)), NOW, GrantStatus::Expired),
        (until(Some(NOW)), TOMORROW, GrantStatus::Expired),
        (ended(GrantStatus::Ended, until(Some(YESTERDAY))), NOW, GrantStatus::Ended),
    ] {
        assert_eq!(grant.status(now), expected);
    }
}
