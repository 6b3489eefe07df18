//! Making a grant (G-1, G-4 … G-8, G-13, O-1).

use mandate_core::access::Standing;
use mandate_core::contact::Contact;
use mandate_core::id::OrganizationId;
use mandate_core::partner_grant::{Candidate, CreateFacts, CreateGrant, Created, PartnerGrant, create};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::request_access::HistoryScope;
use mandate_core::staff::StaffMember;
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{
    GrantStatus, GranteeType, History, Level, Permission, PersonStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, PARTNER, Person as _, SECOND_PARTNER, TOMORROW, VENDOR, YESTERDAY, all_of, by,
    consultant, designated, desk, grant, guardian, held, id, levels, manager, named, note, organization, outsider,
    partner, partner_designated, partner_guardian, partner_reader, second_partner_designated, staff, standing,
};

fn contact(person: Contact) -> Candidate {
    let organization = organization(person.organization);
    Candidate::Contact(Box::new(person), organization)
}

fn member(role: StaffRole) -> Candidate {
    Candidate::Staff(Box::new(staff(role)))
}

fn whole(id: OrganizationId) -> Candidate {
    Candidate::Organization(organization(id))
}

/// Nothing is wrong with these facts.
fn facts(grantee: Candidate) -> CreateFacts {
    CreateFacts {
        standing: standing(&guardian()),
        grantor: Some(organization(CUSTOMER)),
        grantee: Some(grantee),
        current: None,
        hanging: Default::default(),
    }
}

fn command(level: Level) -> CreateGrant {
    CreateGrant { id: id(7), level, history: History::All, expires_at: Some(TOMORROW), note: None, acknowledged: true }
}

fn made(grantee: Candidate, command: CreateGrant) -> Result<PartnerGrant, Refusal> {
    create(&by(&manager()), facts(grantee), command).map(|created| created.grant.after().clone())
}

#[derive(Debug, Clone)]
struct Creation {
    facts: CreateFacts,
    command: CreateGrant,
}

#[test]
fn a_contact_manager_grants_a_partner_organization_something_g_1_g_4_g_5_g_6_g_7_g_8_g_13_g_16() {
    let world = Creation {
        facts: CreateFacts {
            standing: Standing::Stranger,
            grantor: None,
            grantee: None,
            current: Some(grant(4, all_of(PARTNER), Level::Cc)),
            hanging: Default::default(),
        },
        command: CreateGrant {
            level: Level::None,
            history: History::Open,
            expires_at: Some(NOW),
            note: Some(note("for the migration")),
            acknowledged: false,
            ..command(Level::None)
        },
    };
    let created = climb(
        world,
        |world| create(&by(&manager()), world.facts, world.command),
        [
            trips::<Creation>(Code::NotFound).until(|world| world.facts.grantor = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            trips(Code::GranteeNotAllowed).at("#/grantee").until(|world| world.facts.grantee = Some(whole(PARTNER))),
            trips(Code::LevelNotAllowed).at("#/level").until(|world| world.command.level = Level::Create),
            trips(Code::ExpiryInPast).at("#/expires_at").until(|world| world.command.expires_at = Some(TOMORROW)),
            trips(Code::AcknowledgementRequired)
                .at("#/acknowledge_organization_wide_visibility")
                .until(|world| world.command.acknowledged = true),
            trips(Code::GrantExists).with(Extra::Grant(id(4))).until(|world| world.facts.current = None),
        ],
    );
    assert!(created.replaced.is_none());
    let expected = PartnerGrant {
        raised_at: NOW,
        id: id(7),
        grantor: named(CUSTOMER),
        grantee: all_of(PARTNER),
        level: Level::Create,
        scope: HistoryScope { history: History::Open, since: NOW },
        expires_at: Some(TOMORROW),
        note: Some(note("for the migration")),
        ending: None,
        created_at: NOW,
        created_by: manager().id.into(),
        updated_at: NOW,
        version: 1,
    };
    assert_eq!(created.grant.after(), &expected);
    assert_eq!(expected.status(NOW), GrantStatus::Live);
    assert_eq!(written(&created.grant), ["partner_grant.created in org_1 by contact_2 for org_1"]);
    assert!(created.grant.notices().is_empty());
}

#[test]
fn a_grant_goes_to_a_partner_one_of_its_contacts_or_a_staff_member_g_1() {
    for (grantee, kind, organization, name) in [
        (whole(PARTNER), GranteeType::Organization, PARTNER, "Bridge"),
        (contact(partner_designated()), GranteeType::Contact, PARTNER, "Pedro Silva"),
        (member(StaffRole::Consultant), GranteeType::Staff, VENDOR, "Vera consultant"),
        (member(StaffRole::TechnicalAccountManager), GranteeType::Staff, VENDOR, "Vera technical_account_manager"),
    ] {
        for level in levels() {
            let grant = made(grantee.clone(), command(level)).unwrap();
            let grantee = &grant.grantee;
            assert_eq!((grantee.kind(), grantee.organization(), grantee.name()), (kind, organization, name));
            assert_eq!(grant.level, level);
        }
    }
}

#[test]
fn a_partner_grants_other_partners_access_to_its_own_requests_o_1() {
    let facts = CreateFacts {
        standing: Standing::of(&partner_guardian().actor(), PARTNER, None),
        grantor: Some(organization(PARTNER)),
        ..facts(whole(SECOND_PARTNER))
    };
    let created = create(&by(&partner_guardian()), facts, command(Level::View)).unwrap();
    assert_eq!(written(&created.grant), ["partner_grant.created in org_2 by contact_5 for org_2"]);
}

#[test]
fn who_is_no_partner_holds_no_grant_g_8() {
    let disabled = |person: Contact, status| contact(Contact { status, ..person });
    let staff_member = |status| Candidate::Staff(Box::new(StaffMember { status, ..staff(StaffRole::Consultant) }));
    for (grantee, why) in [
        // The grantor itself, and its own contacts.
        (Some(whole(CUSTOMER)), "itself"),
        (Some(contact(designated())), "its own contacts"),
        // A customer that is no partner, its contacts, and the vendor as a whole.
        (Some(whole(OTHER_CUSTOMER)), "no partner"),
        (Some(contact(outsider())), "no partner"),
        (Some(whole(VENDOR)), "the vendor"),
        // Those who are gone.
        (Some(disabled(partner_designated(), PersonStatus::Disabled)), "disabled"),
        (Some(disabled(partner_designated(), PersonStatus::Transferred)), "transferred"),
        (Some(staff_member(PersonStatus::Disabled)), "disabled"),
        (None, "nobody"),
    ] {
        let facts = CreateFacts { grantee, ..facts(whole(PARTNER)) };
        let refusal = refusal(create(&by(&manager()), facts, command(Level::Cc)));
        assert_eq!((refusal.code, refusal.pointer), (Code::GranteeNotAllowed, Some("#/grantee")), "{why}");
        assert!(refusal.extras.is_empty());
    }
    // A partner that grants may not grant to itself either.
    let itself = CreateFacts {
        standing: Standing::of(&partner_guardian().actor(), PARTNER, None),
        grantor: Some(organization(PARTNER)),
        ..facts(whole(PARTNER))
    };
    assert_eq!(code(create(&by(&partner_guardian()), itself, command(Level::Cc))), Code::GranteeNotAllowed);
    for status in [PersonStatus::Invited, PersonStatus::Active] {
        assert!(made(disabled(partner_designated(), status), command(Level::Cc)).is_ok());
        assert!(made(staff_member(status), command(Level::Cc)).is_ok());
    }
}

#[test]
fn a_partners_own_partner_gets_nothing_from_its_grants_g_8() {
    // The customer granted the partner everything, and the partner granted the second partner everything.
    let at_partner = Standing::of(&second_partner_designated().actor(), PARTNER, Some(held(Level::FullAdmin)));
    assert_eq!(at_partner, partner(Level::FullAdmin));
    // Towards the customer only the grants that the customer made count, and there is none to the second partner.
    let chain = standing(&second_partner_designated());
    assert_eq!(chain, Standing::Stranger);
    let facts = CreateFacts { standing: chain, ..facts(whole(SECOND_PARTNER)) };
    assert_eq!(code(create(&by(&second_partner_designated()), facts, command(Level::Cc))), Code::NotFound);
}

#[test]
fn only_contact_managers_of_the_grantor_make_grants_and_no_partner_or_staff_member_does_g_5() {
    let attempt = |standing: Standing| {
        let facts = CreateFacts { standing, ..facts(whole(SECOND_PARTNER)) };
        create(&by(&manager()), facts, command(Level::Cc)).map(drop).map_err(|refusal| refusal.code)
    };
    assert_eq!(attempt(standing(&manager())), Ok(()));
    assert_eq!(attempt(standing(&guardian())), Ok(()));
    assert_eq!(attempt(standing(&designated())), Err(Code::PermissionRequired));
    for level in levels() {
        assert_eq!(attempt(partner(level)), Err(Code::PermissionRequired), "{level:?}");
        assert_eq!(attempt(consultant(level)), Err(Code::PermissionRequired), "{level:?}");
    }
    for role in StaffRole::ALL.iter().copied() {
        assert_eq!(attempt(desk(role)), Err(Code::PermissionRequired), "{role:?}");
    }
    assert_eq!(attempt(standing(&outsider())), Err(Code::NotFound));
}

#[test]
fn a_grant_to_staff_says_when_it_ends_and_no_grant_ends_before_it_begins_g_4() {
    let ending = |grantee: Candidate, expires_at: Option<Timestamp>| {
        let command = CreateGrant { expires_at, ..command(Level::View) };
        made(grantee, command).map(|grant| grant.expires_at).map_err(|refusal| (refusal.code, refusal.pointer))
    };
    let just_after = NOW.plus(Span::seconds(1));
    for grantee in [whole(PARTNER), contact(partner_designated()), member(StaffRole::Consultant)] {
        let is_staff = matches!(grantee, Candidate::Staff(_));
        let endless = if is_staff { Err((Code::ExpiryRequired, Some("#/expires_at"))) } else { Ok(None) };
        let past = Err((Code::ExpiryInPast, Some("#/expires_at")));
        assert_eq!(ending(grantee.clone(), None), endless);
        assert_eq!(ending(grantee.clone(), Some(YESTERDAY)), past);
        assert_eq!(ending(grantee.clone(), Some(NOW)), past);
        assert_eq!(ending(grantee, Some(just_after)), Ok(Some(just_after)));
    }
}

#[test]
fn an_organization_wide_grant_at_view_or_above_takes_an_acknowledgement_g_7() {
    for level in levels() {
        for grantee in [whole(PARTNER), contact(partner_designated()), member(StaffRole::Consultant)] {
            let needed = matches!(grantee, Candidate::Organization(_)) && level != Level::Cc;
            let attempt = |acknowledged| made(grantee.clone(), CreateGrant { acknowledged, ..command(level) });
            assert!(attempt(true).is_ok());
            match attempt(false) {
                Ok(_) => assert!(!needed, "{level:?}"),
                Err(refusal) => {
                    assert!(needed, "{level:?}");
                    assert_eq!(refusal.code, Code::AcknowledgementRequired);
                    for words in [
                        "all past and present service requests, messages and attachments",
                        "every contact",
                        "notifications",
                    ] {
                        assert!(refusal.detail.to_string().contains(words), "{}", refusal.detail);
                    }
                }
            }
        }
    }
}

#[test]
fn none_shuts_out_one_person_and_never_an_organization_g_13() {
    assert_eq!(made(contact(partner_reader()), command(Level::None)).unwrap().level, Level::None);
    assert_eq!(made(member(StaffRole::Consultant), command(Level::None)).unwrap().level, Level::None);
    let refused = refusal(made(whole(PARTNER), command(Level::None)));
    assert_eq!((refused.code, refused.pointer), (Code::LevelNotAllowed, Some("#/level")));
}

#[test]
fn at_most_one_live_grant_connects_two_and_an_expired_one_makes_room_g_6() {
    let with_current = |current: PartnerGrant| -> Result<Created, Refusal> {
        let facts = CreateFacts { current: Some(current), ..facts(whole(PARTNER)) };
        create(&by(&manager()), facts, command(Level::Update))
    };
    for expires_at in [None, Some(TOMORROW)] {
        let live = PartnerGrant { expires_at, ..grant(4, all_of(PARTNER), Level::View) };
        let refusal = refusal(with_current(live));
        assert_eq!((refusal.code, refusal.extras), (Code::GrantExists, vec![Extra::Grant(id(4))]));
    }
    for expires_at in [YESTERDAY, NOW] {
        let expired = PartnerGrant { expires_at: Some(expires_at), ..grant(4, all_of(PARTNER), Level::View) };
        let created = with_current(expired).unwrap();
        let replaced = created.replaced.unwrap();
        assert_eq!(replaced.after().ending.as_ref().unwrap().status, GrantStatus::Expired);
        let at = format!("ended_at: nothing -> {NOW}");
        assert_eq!(written(&replaced), ["partner_grant.ended in org_1 by contact_2 for org_1", &at]);
        assert_eq!(created.grant.after().id, id(7));
    }
}

#[test]
fn the_levels_are_seven_in_order_g_3_g_13() {
    let names: Vec<&str> = Level::ALL.iter().map(|level| level.name()).collect();
    assert_eq!(names, ["none", "cc", "view", "update", "create", "service_admin", "full_admin"]);
    assert!(Level::ALL.is_sorted());
}
