//! Requests for grants (G-9, G-11).

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::grant_request::{
    ApproveFacts, ApproveGrantRequest, Approved, CreateFacts, CreateGrantRequest, Decision, GrantRequest, NamedGrantor,
    RequestFacts, allow_list, approve, create, decline, view, withdraw,
};
use mandate_core::id::OrganizationId;
use mandate_core::partner_grant::{Candidate, Grantee};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::text::Domain;
use mandate_core::time::Span;
use mandate_core::vocabulary::{
    GrantRequestStatus, GrantStatus, Level, Permission, PersonStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, GRANT, NOW, OTHER_CUSTOMER, PARTNER, Person, SECOND_PARTNER, TOMORROW, VENDOR, YESTERDAY, all_of, by,
    designated, desk, grant, guardian, id, manager, note, one, organization, outsider, partner, partner_designated,
    partner_guardian, partner_reader, reader, second_partner_designated, staff, standing,
};

fn domain(name: &str) -> NamedGrantor {
    NamedGrantor::Domain(Domain::parse(name).unwrap())
}

fn whole(id: OrganizationId) -> Candidate {
    Candidate::Organization(organization(id))
}

fn at_partner(person: &impl Person) -> Standing {
    Standing::of(&person.actor(), PARTNER, None)
}

/// The partner asks the customer for `view`, by its domain; YESTERDAY, and nobody has answered.
pub(crate) fn asked(grantee: Grantee) -> GrantRequest {
    GrantRequest {
        id: id(1),
        named: domain("acme.example"),
        grantor: Some(organization(CUSTOMER).reference()),
        grantee,
        level: Level::View,
        expires_at: Some(TOMORROW),
        message: Some(note("for the migration")),
        renews: None,
        decision: None,
        created_at: YESTERDAY,
        created_by: partner_designated().reference(),
        updated_at: YESTERDAY,
        version: 1,
    }
}

fn decided(status: GrantRequestStatus) -> GrantRequest {
    let decision = Decision { at: YESTERDAY, status, by: None, reason: None, grant: None };
    GrantRequest { decision: Some(decision), ..asked(all_of(PARTNER)) }
}

#[derive(Debug, Clone)]
struct Creation {
    facts: CreateFacts,
    command: CreateGrantRequest,
}

fn ask() -> Creation {
    Creation {
        facts: CreateFacts {
            actor: partner_designated().actor(),
            standing: at_partner(&partner_designated()),
            partner: Some(organization(PARTNER)),
            grantor: Some(organization(CUSTOMER)),
            grantee: Some(whole(PARTNER)),
            renewed: None,
            same_name: None,
        },
        command: CreateGrantRequest {
            id: id(1),
            named: domain("acme.example"),
            level: Level::View,
            expires_at: Some(TOMORROW),
            message: Some(note("for the migration")),
            renews: None,
        },
    }
}

fn made(world: Creation) -> Result<GrantRequest, Refusal> {
    create(&by(&partner_designated()), world.facts, world.command).map(|request| request.after().clone())
}

#[test]
fn a_designated_contact_of_a_partner_asks_for_a_grant_g_9() {
    let world = Creation {
        facts: CreateFacts {
            standing: Standing::Stranger,
            partner: None,
            grantee: Some(whole(SECOND_PARTNER)),
            same_name: Some(GrantRequest { id: id(4), ..asked(all_of(PARTNER)) }),
            ..ask().facts
        },
        command: CreateGrantRequest {
            named: domain("bridge.example"),
            level: Level::None,
            expires_at: Some(NOW),
            renews: Some(GRANT),
            ..ask().command
        },
    };
    let needed = Requirement::Permission(Permission::DesignatedSupport);
    let request = climb(
        world,
        |world| create(&by(&partner_designated()), world.facts, world.command),
        [
            trips::<Creation>(Code::NotFound).until(|world| world.facts.partner = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(needed).until(|world| world.facts.standing = standing(&designated())),
            trips(Code::PartnersOnly).until(|world| world.facts.partner = Some(organization(PARTNER))),
            trips(Code::GranteeNotAllowed).at("#/grantee").until(|world| world.facts.grantee = Some(whole(PARTNER))),
            trips(Code::GrantorNotAllowed).at("#/grantor").until(|world| world.command.named = domain("acme.example")),
            trips(Code::LevelNotAllowed).at("#/level").until(|world| world.command.level = Level::View),
            trips(Code::ExpiryInPast).at("#/expires_at").until(|world| world.command.expires_at = Some(TOMORROW)),
            trips(Code::RenewalNotAllowed).at("#/renews_grant_id").until(|world| world.command.renews = None),
            trips(Code::GrantRequestExists)
                .with(Extra::About(id::<mandate_core::id::GrantRequestKind>(4).into()))
                .until(|world| world.facts.same_name = None),
        ],
    );
    let expected = GrantRequest { created_at: NOW, updated_at: NOW, ..asked(all_of(PARTNER)) };
    assert_eq!(request.after(), &expected);
    assert_eq!(expected.status(NOW), GrantRequestStatus::Open);
    assert_eq!(
        written(&request),
        ["partner_grant_request.created in org_2 by contact_6 for org_2", "partner_grant_request.created in org_1"]
    );
}

#[test]
fn a_partner_asks_for_itself_and_its_own_people_alone_g_9() {
    let contact = |person: mandate_core::contact::Contact| {
        let organization = organization(person.organization);
        Some(Candidate::Contact(Box::new(person), organization))
    };
    let with_status = |status| contact(mandate_core::contact::Contact { status, ..partner_reader() });
    for (grantee, is_allowed) in [
        (Some(whole(PARTNER)), true),
        (contact(partner_designated()), true),
        (contact(partner_reader()), true),
        (with_status(PersonStatus::Invited), true),
        (with_status(PersonStatus::Disabled), false),
        (with_status(PersonStatus::Transferred), false),
        (Some(whole(SECOND_PARTNER)), false),
        (contact(second_partner_designated()), false),
        (contact(designated()), false),
        (Some(Candidate::Staff(Box::new(staff(StaffRole::Consultant)))), false),
        (None, false),
    ] {
        let mut world = ask();
        world.facts.grantee = grantee.clone();
        let answer = made(world);
        assert_eq!(answer.is_ok(), is_allowed, "{grantee:?}");
        assert!(is_allowed || code(answer) == Code::GranteeNotAllowed);
    }
}

#[test]
fn whether_a_name_is_anybodys_changes_nothing_that_the_partner_sees_g_9() {
    let known = made(ask()).unwrap();
    let mut nobody = ask();
    nobody.facts.grantor = None;
    let unknown = made(nobody).unwrap();
    assert_eq!(unknown, GrantRequest { grantor: None, ..known.clone() });
    assert!(!known.is_grantor_known() && !unknown.is_grantor_known());
    // The vendor is nobody's customer.
    let mut vendor = ask();
    vendor.facts.grantor = Some(organization(VENDOR));
    assert_eq!(made(vendor).unwrap().grantor, None);
    // What lapsed, and what was answered, stands in nobody's way.
    let lapsed = GrantRequest { created_at: NOW.minus(Span::days(30)), ..asked(all_of(PARTNER)) };
    for over in [lapsed, decided(GrantRequestStatus::Declined)] {
        let mut again = ask();
        again.facts.same_name = Some(over);
        assert!(made(again).unwrap().grantor.is_some());
    }
    // Whoever may not answer is told the same of a request to somebody and of one to nobody.
    for level in [None, Some(Level::View)] {
        let refusals = [known.clone(), unknown.clone()].map(|request| {
            let standing = match (&request.grantor, level) {
                (Some(_), Some(level)) => partner(level),
                _ => Standing::Stranger,
            };
            let facts = RequestFacts { actor: partner_guardian().actor(), standing, request: Some(request) };
            let one = refusal(decline(&by(&partner_guardian()), facts.clone(), note("no"), None));
            let facts = ApproveFacts {
                request: facts,
                grantor: None,
                grantee: None,
                current: None,
                around: Default::default(),
                asker: None,
            };
            let other = refusal(approve(&by(&partner_guardian()), facts, approval()));
            (one, other)
        });
        assert_eq!(refusals[0], refusals[1]);
        assert_eq!(refusals[0].0.code, Code::PermissionRequired);
    }
}

#[test]
fn a_request_waits_thirty_days_and_lapses_g_9() {
    let request = asked(all_of(PARTNER));
    let last = YESTERDAY.plus(Span::days(30));
    assert_eq!(request.lapses_at(), last);
    assert_eq!(request.status(last.minus(Span::seconds(1))), GrantRequestStatus::Open);
    assert_eq!(request.status(last), GrantRequestStatus::Lapsed);
    let lapsed = GrantRequest { created_at: NOW.minus(Span::days(30)), ..request };
    let refused = refusal(decline(&by(&manager()), facts(&manager(), lapsed.clone()), note("late"), None));
    assert_eq!((refused.code, refused.extras), (Code::InvalidTransition, vec![Extra::CurrentStatus("lapsed")]));
    assert_eq!(code(approve(&by(&manager()), approve_facts(lapsed), approval())), Code::InvalidTransition);
}

#[test]
fn a_renewal_names_a_grant_that_the_grantee_holds_g_11() {
    let held = grant(1, all_of(PARTNER), Level::Create);
    let renewal = || {
        let mut world = ask();
        world.command.named = NamedGrantor::Id(CUSTOMER);
        world.command.renews = Some(GRANT);
        world
    };
    let with = |grant| {
        let mut world = renewal();
        world.facts.renewed = Some(grant);
        made(world)
    };
    let renewed = with(held.clone()).unwrap();
    assert_eq!((renewed.renews, renewed.grantor.clone()), (Some(GRANT), Some(organization(CUSTOMER).reference())));
    assert!(renewed.is_grantor_known());
    // Its time may be over already; but what was taken back is asked for anew.
    let expired = mandate_core::partner_grant::PartnerGrant { expires_at: Some(YESTERDAY), ..held.clone() };
    assert!(with(expired).is_ok());
    let revoked =
        mandate_core::partner_grant::Ending { at: YESTERDAY, status: GrantStatus::Revoked, by: None, reason: None };
    let revoked = mandate_core::partner_grant::PartnerGrant { ending: Some(revoked), ..held.clone() };
    assert_eq!(code(with(revoked)), Code::RenewalNotAllowed);
    assert_eq!(code(with(grant(1, one(&partner_designated()), Level::View))), Code::RenewalNotAllowed);
    let mut by_domain = renewal();
    (by_domain.facts.renewed, by_domain.command.named) = (Some(held), domain("acme.example"));
    assert_eq!(code(made(by_domain)), Code::RenewalNotAllowed);
}

fn facts(person: &impl Person, request: GrantRequest) -> RequestFacts {
    RequestFacts { actor: person.actor(), standing: standing(person), request: Some(request) }
}

fn approve_facts(request: GrantRequest) -> ApproveFacts {
    ApproveFacts {
        request: facts(&manager(), request),
        grantor: Some(organization(CUSTOMER)),
        grantee: Some(whole(PARTNER)),
        current: None,
        around: Default::default(),
        asker: Some(partner_designated().actor()),
    }
}

fn approval() -> ApproveGrantRequest {
    ApproveGrantRequest {
        grant: id(7),
        level: None,
        history: None,
        expires_at: None,
        acknowledged: true,
        expected_version: None,
    }
}

#[derive(Debug, Clone)]
struct Approval {
    facts: ApproveFacts,
    command: ApproveGrantRequest,
}

#[test]
fn a_contact_manager_of_the_customer_approves_g_5_g_7_g_9() {
    let world = Approval {
        facts: ApproveFacts {
            request: RequestFacts { actor: outsider().actor(), standing: Standing::Stranger, request: None },
            ..approve_facts(decided(GrantRequestStatus::Withdrawn))
        },
        command: ApproveGrantRequest { acknowledged: false, expected_version: Some(9), ..approval() },
    };
    let Approved { request, replaced, grant, .. } = climb(
        world,
        |world| approve(&by(&manager()), world.facts, world.command),
        [
            trips::<Approval>(Code::NotFound)
                .until(|world| world.facts.request.request = Some(decided(GrantRequestStatus::Withdrawn))),
            trips(Code::NotFound).until(|world| world.facts.request.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::DesignatedSupport))
                .until(|world| world.facts.request.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.request.standing = standing(&manager())),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("withdrawn"))
                .until(|world| world.facts.request.request = Some(asked(all_of(PARTNER)))),
            trips(Code::AcknowledgementRequired)
                .at("#/acknowledge_organization_wide_visibility")
                .until(|world| world.command.acknowledged = true),
        ],
    );
    assert!(replaced.is_none());
    let grant = grant.after();
    assert_eq!((grant.id, grant.level, grant.expires_at), (id(7), Level::View, Some(TOMORROW)));
    assert_eq!((&grant.grantee, grant.grantor.id), (&all_of(PARTNER), CUSTOMER));
    assert_eq!(
        written(&request),
        [
            "partner_grant_request.approved in org_2 by contact_2 for org_1",
            "decision: nothing -> approved",
            "grant_id: nothing -> grant_7",
            "partner_grant_request.approved in org_1",
        ]
    );
    assert!(request.after().is_grantor_known());
}

#[test]
fn another_level_or_expiry_may_be_approved_and_a_grant_they_hold_is_edited_g_6_g_9_g_11() {
    let other =
        ApproveGrantRequest { level: Some(Level::Cc), expires_at: Some(None), acknowledged: false, ..approval() };
    let approved = approve(&by(&manager()), approve_facts(asked(all_of(PARTNER))), other.clone()).unwrap();
    let grant_made = approved.grant.after();
    assert_eq!((grant_made.level, grant_made.expires_at), (Level::Cc, None));
    // They hold `create` until tomorrow: the same grant gets the new terms.
    let held = mandate_core::partner_grant::PartnerGrant {
        expires_at: Some(TOMORROW),
        ..grant(1, all_of(PARTNER), Level::Create)
    };
    let facts = ApproveFacts { current: Some(held.clone()), ..approve_facts(asked(all_of(PARTNER))) };
    let edited = approve(&by(&manager()), facts, other).unwrap();
    assert_eq!((edited.grant.after().id, edited.grant.after().level), (GRANT, Level::Cc));
    assert_eq!(edited.request.after().decision.as_ref().unwrap().grant, Some(GRANT));
    // Their grant is over: a new one takes its place.
    let over = mandate_core::partner_grant::PartnerGrant { expires_at: Some(YESTERDAY), ..held };
    let facts = ApproveFacts { current: Some(over), ..approve_facts(asked(all_of(PARTNER))) };
    let renewed = approve(&by(&manager()), facts, approval()).unwrap();
    assert_eq!(renewed.replaced.unwrap().after().status(NOW), GrantStatus::Expired);
    assert_eq!(renewed.grant.after().id, id(7));
    // Whoever was disabled meanwhile gets nothing.
    let gone = mandate_core::contact::Contact { status: PersonStatus::Disabled, ..partner_designated() };
    let facts = ApproveFacts {
        grantee: Some(Candidate::Contact(Box::new(gone), organization(PARTNER))),
        ..approve_facts(asked(one(&partner_designated())))
    };
    assert_eq!(code(approve(&by(&manager()), facts, approval())), Code::GranteeNotAllowed);
}

#[test]
fn a_contact_manager_of_the_customer_declines_with_a_reason_g_9() {
    let declined =
        decline(&by(&manager()), facts(&manager(), asked(all_of(PARTNER))), note("no need"), Some(1)).unwrap();
    assert_eq!(
        written(&declined),
        [
            "partner_grant_request.declined in org_2 by contact_2 for org_1",
            "decision: nothing -> declined",
            "reason: nothing -> no need",
            "partner_grant_request.declined in org_1",
        ]
    );
    for over in GrantRequestStatus::ALL
        .iter()
        .filter(|status| !matches!(status, GrantRequestStatus::Open | GrantRequestStatus::Lapsed))
    {
        let refused = refusal(decline(&by(&manager()), facts(&manager(), decided(*over)), note("no"), None));
        assert_eq!((refused.code, refused.extras), (Code::InvalidTransition, vec![Extra::CurrentStatus(over.name())]));
    }
}

#[test]
fn whoever_asked_withdraws_and_so_does_their_contact_manager_g_9() {
    let by_whom =
        |actor: Actor| RequestFacts { actor, standing: Standing::Stranger, request: Some(asked(all_of(PARTNER))) };
    let withdrawn = withdraw(&by(&partner_designated()), by_whom(partner_designated().actor()), Some(1)).unwrap();
    assert_eq!(
        written(&withdrawn),
        [
            "partner_grant_request.withdrawn in org_2 by contact_6 for org_2",
            "decision: nothing -> withdrawn",
            "partner_grant_request.withdrawn in org_1",
        ]
    );
    assert!(withdraw(&by(&partner_guardian()), by_whom(partner_guardian().actor()), None).is_ok());
    let another = mandate_core::contact::Contact { id: id(30), ..partner_designated() };
    assert_eq!(code(withdraw(&by(&another), by_whom(another.actor()), None)), Code::PermissionRequired);
    assert_eq!(
        code(withdraw(&by(&manager()), facts(&manager(), asked(all_of(PARTNER))), None)),
        Code::PermissionRequired
    );
    assert_eq!(code(withdraw(&by(&outsider()), by_whom(outsider().actor()), None)), Code::NotFound);
}

#[test]
fn both_sides_see_a_request_and_nobody_else_does_g_9_x_3() {
    let sees = |actor: Actor, standing: Standing, request: GrantRequest| {
        view(RequestFacts { actor, standing, request: Some(request) }).map(|_| ()).map_err(|refusal| refusal.code)
    };
    let request = || asked(all_of(PARTNER));
    for (person, expected) in [
        (designated(), Ok(())),
        (guardian(), Ok(())),
        (reader(), Err(Code::PermissionRequired)),
        (partner_designated(), Ok(())),
        (partner_reader(), Err(Code::NotFound)),
        (outsider(), Err(Code::NotFound)),
        (second_partner_designated(), Err(Code::NotFound)),
    ] {
        assert_eq!(sees(person.actor(), standing(&person), request()), expected, "{}", person.name());
    }
    // Whoever shall hold it sees it, whatever their permission; a partner of the customer does not, whatever its level.
    assert_eq!(sees(partner_reader().actor(), Standing::Stranger, asked(one(&partner_reader()))), Ok(()));
    let second = second_partner_designated().actor();
    assert_eq!(sees(second, partner(Level::FullAdmin), request()), Err(Code::NotFound));
    assert_eq!(sees(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), request()), Ok(()));
    let consultant = staff(StaffRole::Consultant).actor();
    assert_eq!(sees(consultant, desk(StaffRole::Consultant), request()), Err(Code::NotFound));
    // A request to nobody is seen by those who made it alone.
    let nobody = GrantRequest { grantor: None, ..request() };
    assert_eq!(sees(manager().actor(), standing(&manager()), nobody.clone()), Err(Code::NotFound));
    assert_eq!(sees(partner_designated().actor(), Standing::Stranger, nobody), Ok(()));
    assert_eq!(code(allow_list(&standing(&reader()), CUSTOMER).map(|()| "allowed")), Code::PermissionRequired);
    assert_eq!(code(allow_list(&Standing::Stranger, OTHER_CUSTOMER).map(|()| "allowed")), Code::NotFound);
}

#[test]
fn open_requests_end_with_whoever_made_them_or_was_to_hold_the_grant_c_15_g_9() {
    let mut world = crate::contact_state::disabling(&partner_guardian(), partner_designated());
    let lapsed = GrantRequest { id: id(2), created_at: NOW.minus(Span::days(30)), ..asked(all_of(PARTNER)) };
    world.facts.ties.grant_requests = vec![asked(all_of(PARTNER)), lapsed, decided(GrantRequestStatus::Declined)];
    world.facts.state.standing = at_partner(&partner_guardian());
    let disabled = mandate_core::contact_state::disable(&by(&partner_guardian()), world.facts, world.command).unwrap();
    assert_eq!(disabled.effects.grant_requests, [id(1)]);
    assert_eq!(
        disabled.untied.grant_requests.iter().map(written).collect::<Vec<_>>(),
        [[
            "partner_grant_request.cancelled in org_2 by contact_5 for org_2",
            "decision: nothing -> cancelled",
            "partner_grant_request.cancelled in org_1",
        ]]
    );
}
