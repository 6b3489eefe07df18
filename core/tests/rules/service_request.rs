//! Submitting and reading service requests (S-1 … S-4, S-8, S-10, S-11, S-13).

use mandate_core::access::Standing;
use mandate_core::contact::Contact;
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::request_access::reach;
use mandate_core::service_request::{CreateFacts, CreateRequest, Created, RequestFacts, ServiceRequest, create, view};
use mandate_core::staff::StaffMember;
use mandate_core::text::{MessageBody, Subject};
use mandate_core::vocabulary::{
    Category, ContactType, Involvement, Level, Permission, PersonStatus, RequestStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, lacks, mails, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, PARTNER, Person, REQUEST, by, consultant, designated, desk, guardian, held, id,
    levels, manager, member, named, organization, outsider, partner, partner_designated, partner_reader, reader,
    reference, request, request_in, staff, standing,
};

/// A request to be, of which nothing is wrong.
pub(crate) fn command(category: Category) -> CreateRequest {
    CreateRequest {
        id: id(5),
        number: 1_234,
        subject: Subject::parse("Nothing works").unwrap(),
        category,
        severity: 2,
        confidential: None,
        message: id(6),
        body: MessageBody::parse("Since this morning.").unwrap(),
        mails: [id(1), id(2)],
    }
}

/// Somebody submits a request for the customer; nothing is wrong.
fn facts(person: &impl Person, standing: Standing) -> CreateFacts {
    CreateFacts {
        actor: person.actor(),
        standing,
        organization: Some(organization(CUSTOMER)),
        point_of_contact: PointOfContact::Unnamed,
        follow_up_of: None,
        participants: Vec::new(),
    }
}

/// A request of the customer's, as somebody asks for it.
fn seen(person: &impl Person, request: Option<ServiceRequest>) -> RequestFacts {
    RequestFacts { actor: person.actor(), standing: standing(person), request, role: None, lead_at_rest: false }
}

fn submitted(person: &impl Person, facts: CreateFacts) -> Result<Created, Refusal> {
    create(&by(person), facts, command(Category::Incident))
}

#[derive(Debug, Clone)]
struct Creation {
    facts: CreateFacts,
    command: CreateRequest,
}

#[test]
fn a_guardian_submits_a_request_s_1_s_2_s_4_s_8() {
    let world = Creation {
        facts: CreateFacts {
            standing: Standing::Stranger,
            organization: None,
            point_of_contact: PointOfContact::Unknown,
            follow_up_of: Some(seen(&guardian(), Some(request()))),
            ..facts(&guardian(), standing(&guardian()))
        },
        command: command(Category::SiteDeletion),
    };
    let created = climb(
        world,
        |world| create(&by(&guardian()), world.facts, world.command),
        [
            trips::<Creation>(Code::NotFound).until(|world| world.facts.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::DesignatedSupport))
                .until(|world| world.facts.standing = standing(&manager())),
            lacks(Requirement::PrimarySupport).until(|world| world.facts.standing = standing(&guardian())),
            trips(Code::PointOfContactNotAllowed)
                .at("#/point_of_contact")
                .until(|world| world.facts.point_of_contact = PointOfContact::Contact(Box::new(designated()), None)),
            trips(Code::FollowUpNotAllowed).at("#/follow_up_of").until(|world| {
                world.facts.follow_up_of = Some(seen(&guardian(), Some(request_in(RequestStatus::Closed))))
            }),
        ],
    );
    let expected = ServiceRequest {
        id: id(5),
        number: 1_234,
        organization: named(CUSTOMER),
        subject: Subject::parse("Nothing works").unwrap(),
        category: Category::SiteDeletion,
        severity: 2,
        status: RequestStatus::Open,
        submitted_by: reference(&guardian()),
        submitted_by_grant: None,
        confidential: false,
        sealed: false,
        point_of_contact: Some(reference(&designated())),
        assigned_to: None,
        follow_up_of: Some(REQUEST),
        about: None,
        created_at: NOW,
        updated_at: NOW,
        activity_at: NOW,
        solved_at: None,
        closed_at: None,
        version: 1,
        admission: None,
        only_guards_open: true,
    };
    assert_eq!(created.request.after(), &expected);
    assert_eq!(created.request.after().spoken_number(), "SR-001234");
    assert_eq!(written(&created.request), ["service_request.created in org_1 by contact_1 for org_1"]);
    assert_eq!(mails(&created.request), ["mail_1: point_of_contact to contact_3 about sr_5"]);
    let message = created.message.after();
    assert_eq!((message.id, message.request, message.organization), (id(6), id(5), CUSTOMER));
    assert_eq!((message.body.as_str(), message.internal), ("Since this morning.", false));
    assert_eq!(message.author, Some(reference(&guardian())));
    assert_eq!(written(&created.message), ["service_request.message_created in org_1 by contact_1 for org_1"]);
}

#[test]
fn a_number_is_said_with_six_digits_or_more_s_1() {
    for (number, spoken) in [(1, "SR-000001"), (123, "SR-000123"), (999_999, "SR-999999"), (1_000_000, "SR-1000000")] {
        assert_eq!(ServiceRequest { number, ..request() }.spoken_number(), spoken);
    }
    let words = RequestStatus::ALL.iter().map(|status| status.name()).collect::<Vec<_>>();
    assert_eq!(words, ["open", "waiting_on_support", "waiting_on_customer", "solved", "closed"]);
}

#[test]
fn a_partner_submits_for_its_customer_from_create_on_and_the_grant_is_named_s_1_s_2_x_2() {
    for level in levels() {
        let answer = submitted(&partner_designated(), facts(&partner_designated(), partner(level)));
        if level < Level::Create {
            let refusal = refusal(answer);
            assert_eq!(refusal.code, Code::PermissionRequired);
            assert!(refusal.extras.contains(&Extra::Required(Requirement::Level(Level::Create))));
            continue;
        }
        let created = answer.unwrap();
        let request = created.request.after();
        assert_eq!(
            (&request.submitted_by, request.submitted_by_grant),
            (&reference(&partner_designated()), Some(id(1)))
        );
        assert_eq!(request.organization.id, CUSTOMER);
        // The submitter is the point of contact, and so the request is partner-managed (S-10).
        assert_eq!(request.point_of_contact, Some(reference(&partner_designated())));
        assert!(request.is_partner_managed(NOW));
        assert_eq!(written(&created.request), ["service_request.created in org_1 by contact_6 for org_1 by grant_1"]);
        assert!(mails(&created.request).is_empty());
    }
}

#[test]
fn the_refusal_of_a_restricted_request_names_what_would_have_been_enough_s_8_x_3a() {
    let needed = |person: &dyn Fn() -> CreateFacts, category| {
        let refusal = refusal(create(&by(&designated()), person(), command(category)));
        refusal.extras.into_iter().find_map(|extra| match extra {
            Extra::Required(requirement) => Some(requirement),
            _ => None,
        })
    };
    for level in levels().filter(|level| *level < Level::Create) {
        let person = || facts(&partner_designated(), partner(level));
        assert_eq!(needed(&person, Category::PasswordReset), Some(Requirement::Level(Level::ServiceAdmin)));
        assert_eq!(needed(&person, Category::Upgrade), Some(Requirement::PrimarySupport));
    }
    for role in [StaffRole::Agent, StaffRole::Consultant] {
        let person = || facts(&staff(role), desk(role));
        assert_eq!(needed(&person, Category::PasswordReset), Some(Requirement::PrimarySupport));
    }
}

#[test]
fn a_primary_support_contact_alone_submits_an_upgrade_s_8() {
    let attempt = |standing: Standing| {
        let facts = facts(&designated(), standing);
        create(&by(&designated()), facts, command(Category::Upgrade)).map(drop).map_err(|refusal| refusal.code)
    };
    for permission in [Permission::DesignatedSupport, Permission::ManageContacts] {
        assert_eq!(attempt(member(permission, ContactType::PrimarySupport)), Ok(()));
        assert_eq!(attempt(member(permission, ContactType::Technical)), Err(Code::PrimarySupportContactRequired));
    }
    for level in levels() {
        assert_eq!(attempt(partner(level)), Err(Code::PrimarySupportContactRequired));
    }
}

#[test]
fn the_point_of_contact_is_a_designated_contact_or_for_the_own_submitter_an_enabled_partner_s_2() {
    let named_by = |person: &dyn Fn() -> CreateFacts, point_of_contact| {
        let facts = CreateFacts { point_of_contact, ..person() };
        create(&by(&designated()), facts, command(Category::Incident)).map(drop).map_err(|refusal| refusal.code)
    };
    let own = || facts(&designated(), standing(&designated()));
    let by_partner = || facts(&partner_designated(), partner(Level::FullAdmin));
    let by_agent = || facts(&staff(StaffRole::Agent), desk(StaffRole::Agent));
    let with_status = |status| Contact { status, ..guardian() };
    let enabled = |level| PointOfContact::Contact(Box::new(partner_designated()), Some(held(level)));
    let (yes, no) = (Ok(()), Err(Code::PointOfContactNotAllowed));
    // For each: named by the organization's own contact, by a partner, by an agent.
    for (who, point_of_contact, expected) in [
        ("a designated contact", PointOfContact::Contact(Box::new(designated()), None), [yes, yes, yes]),
        (
            "an invited one",
            PointOfContact::Contact(Box::new(with_status(PersonStatus::Invited)), None),
            [yes, yes, yes],
        ),
        ("a disabled one", PointOfContact::Contact(Box::new(with_status(PersonStatus::Disabled)), None), [no, no, no]),
        (
            "a transferred one",
            PointOfContact::Contact(Box::new(with_status(PersonStatus::Transferred)), None),
            [no, no, no],
        ),
        ("a reader", PointOfContact::Contact(Box::new(reader()), None), [no, no, no]),
        (
            "an enabled partner",
            PointOfContact::Contact(Box::new(partner_reader()), Some(held(Level::Create))),
            [yes, no, no],
        ),
        ("the partner themselves", enabled(Level::Create), [yes, yes, no]),
        ("a partner at update", enabled(Level::Update), [no, no, no]),
        ("a partner without a grant", PointOfContact::Contact(Box::new(partner_designated()), None), [no, no, no]),
        (
            "a disabled partner",
            PointOfContact::Contact(
                Box::new(Contact { status: PersonStatus::Disabled, ..partner_designated() }),
                Some(held(Level::FullAdmin)),
            ),
            [no, no, no],
        ),
        ("an outsider", PointOfContact::Contact(Box::new(outsider()), None), [no, no, no]),
        ("a staff member", PointOfContact::Staff, [no, no, no]),
        ("nobody who exists", PointOfContact::Unknown, [no, no, no]),
    ] {
        let named = |by: &dyn Fn() -> CreateFacts| named_by(by, point_of_contact.clone());
        assert_eq!([named(&own), named(&by_partner), named(&by_agent)], expected, "{who}");
    }
}

#[test]
fn naming_a_partner_tells_the_submitter_and_the_partner_s_2_s_10() {
    let partner = PointOfContact::Contact(Box::new(partner_designated()), Some(held(Level::Create)));
    let facts = CreateFacts { point_of_contact: partner, ..facts(&designated(), standing(&designated())) };
    let created = submitted(&designated(), facts).unwrap();
    assert!(created.request.after().is_partner_managed(NOW));
    assert_eq!(
        mails(&created.request),
        ["mail_1: point_of_contact to contact_6 about sr_5", "mail_2: point_of_contact to contact_3 about sr_5"]
    );
    assert!(!request().is_partner_managed(NOW));
    assert!(!ServiceRequest { point_of_contact: None, ..request() }.is_partner_managed(NOW));
}

#[test]
fn an_agent_writes_a_request_down_and_is_not_its_point_of_contact_s_2_s_13() {
    for role in [StaffRole::Agent, StaffRole::DutyManager] {
        let created = submitted(&staff(role), facts(&staff(role), desk(role))).unwrap();
        assert_eq!(created.request.after().point_of_contact, None);
        assert_eq!(created.request.after().submitted_by, reference(&staff(role)));
    }
    for role in [StaffRole::Consultant, StaffRole::SalesManager, StaffRole::TechnicalAccountManager] {
        assert_eq!(code(submitted(&staff(role), facts(&staff(role), desk(role)))), Code::StaffOnly);
    }
    let consultant_by_grant = facts(&staff(StaffRole::Consultant), consultant(Level::Create));
    let created = submitted(&staff(StaffRole::Consultant), consultant_by_grant).unwrap();
    assert_eq!(created.request.after().submitted_by_grant, Some(id(1)));
}

#[test]
fn a_follow_up_refers_to_a_closed_request_of_the_same_organization_s_4() {
    for status in RequestStatus::ALL.iter().copied() {
        for organization in [CUSTOMER, OTHER_CUSTOMER] {
            let followed = ServiceRequest { organization: named(organization), ..request_in(status) };
            let dina = RequestFacts {
                standing: Standing::of(&designated().actor(), organization, None),
                ..seen(&designated(), Some(followed))
            };
            let facts = CreateFacts { follow_up_of: Some(dina), ..facts(&designated(), standing(&designated())) };
            let answer = submitted(&designated(), facts).map(|created| created.request.after().follow_up_of);
            if status == RequestStatus::Closed && organization == CUSTOMER {
                assert_eq!(answer, Ok(Some(REQUEST)));
            } else {
                assert_eq!(code(answer), Code::FollowUpNotAllowed, "{status:?} {organization}");
            }
        }
    }
    // A request of somebody else answers as one that does not exist (S-11).
    let named_as = |follow_up_of| {
        let follow_up_of = Some(seen(&manager(), follow_up_of));
        let facts = CreateFacts { follow_up_of, ..facts(&manager(), standing(&manager())) };
        refusal(submitted(&manager(), facts))
    };
    let elsewhere = ServiceRequest { organization: named(OTHER_CUSTOMER), ..request_in(RequestStatus::Closed) };
    assert_eq!(named_as(Some(elsewhere)), named_as(None));
    // And so does one of their own organization that they may not see (S-14).
    let hidden = ServiceRequest { confidential: true, ..request_in(RequestStatus::Closed) };
    assert_eq!(named_as(Some(hidden)), named_as(None));
}

#[test]
fn a_request_is_confidential_where_its_submitter_says_so_or_follows_such_a_one_up_s_14() {
    let closed = |confidential| ServiceRequest { confidential, ..request_in(RequestStatus::Closed) };
    for (said, followed, expected) in [
        (None, None, false),
        (Some(true), None, true),
        (Some(false), None, false),
        (None, Some(closed(false)), false),
        (None, Some(closed(true)), true),
        (Some(false), Some(closed(true)), false),
        (Some(true), Some(closed(false)), true),
    ] {
        let follow_up_of = followed.map(|request| seen(&designated(), Some(request)));
        let facts = CreateFacts { follow_up_of, ..facts(&designated(), standing(&designated())) };
        let command = CreateRequest { confidential: said, ..command(Category::Incident) };
        let created = create(&by(&designated()), facts, command).unwrap();
        assert_eq!(created.request.after().confidential, expected, "{said:?}");
    }
}

#[test]
fn a_hidden_request_answers_as_one_that_does_not_exist_s_11_x_3() {
    let asked = |person: &dyn Fn() -> RequestFacts| view(&person()).map(|visible| visible.value().id);
    let look = |actor, standing, request, role| RequestFacts { actor, standing, request, role, lead_at_rest: false };
    let mine = || look(designated().actor(), standing(&designated()), Some(request()), None);
    assert_eq!(asked(&mine), Ok(REQUEST));
    let missing = refusal(asked(&|| RequestFacts { request: None, ..mine() }));
    for (actor, standing) in [
        (reader().actor(), standing(&reader())),
        (outsider().actor(), standing(&outsider())),
        (partner_designated().actor(), Standing::Stranger),
        (partner_designated().actor(), partner(Level::Cc)),
        (staff(StaffRole::Consultant).actor(), desk(StaffRole::Consultant)),
        (staff(StaffRole::Administrator).actor(), desk(StaffRole::Administrator)),
    ] {
        let hidden = refusal(asked(&|| look(actor.clone(), standing.clone(), Some(request()), None)));
        assert_eq!(hidden, missing, "{standing:?}");
    }
    // Taking part gives nothing once the grant behind it is gone (S-7).
    let former =
        || look(partner_designated().actor(), Standing::Stranger, Some(request()), Some(Involvement::Secondary));
    assert_eq!(refusal(asked(&former)), missing);
    let agent = || look(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), Some(request()), None);
    assert!(view(&agent()).unwrap().is_for_staff());
    assert!(!view(&mine()).unwrap().is_for_staff());
}

#[test]
fn a_list_reaches_what_its_reader_may_see_g_3_s_3_s_11_s_13_s_14() {
    // Own organization's, everybody's.
    for (who, actor, own, everything) in [
        ("guardian", guardian().actor(), true, false),
        ("manager", manager().actor(), true, false),
        ("designated", designated().actor(), true, false),
        ("reader", reader().actor(), false, false),
        ("partner", partner_designated().actor(), true, false),
        ("partner's reader", partner_reader().actor(), false, false),
    ] {
        let reach = reach(&actor);
        assert_eq!((reach.reaches_own(), reach.reaches_everything()), (own, everything), "{who}");
        assert_eq!((reach.person(), reach.organization()), (actor.id(), actor.organization));
        assert_eq!(reach.guards_own(), who == "guardian", "{who}");
    }
    for role in StaffRole::ALL.iter().copied() {
        let reach = reach(&staff(role).actor());
        let works = matches!(role, StaffRole::Agent | StaffRole::DutyManager);
        assert_eq!((reach.reaches_own(), reach.reaches_everything()), (false, works), "{role:?}");
        assert!(!reach.guards_own());
    }
    let both = StaffMember { roles: vec![StaffRole::Consultant, StaffRole::Agent], ..staff(StaffRole::Agent) };
    assert!(reach(&both.actor()).reaches_everything());
}

#[test]
fn a_partner_has_requests_of_its_own_o_1() {
    let pedro = partner_designated();
    let facts = CreateFacts {
        standing: Standing::of(&pedro.actor(), PARTNER, None),
        organization: Some(organization(PARTNER)),
        ..facts(&pedro, Standing::Stranger)
    };
    let created = submitted(&pedro, facts).unwrap();
    assert!(!created.request.after().is_partner_managed(NOW));
    assert_eq!(written(&created.request), ["service_request.created in org_2 by contact_6 for org_2"]);
}
