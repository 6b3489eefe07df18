//! Who takes part in a service request (S-2, S-7, S-9, C-15).

use mandate_core::access::{HeldLevel, Standing};
use mandate_core::actor::{Actor, PersonRef};
use mandate_core::change::Change;
use mandate_core::contact::{self, Contact, NewContact};
use mandate_core::effective_access::{HeldGrant, HeldGrants, Suspension};
use mandate_core::id::PersonId;
use mandate_core::participant::{
    AddFacts, AddParticipant, Added, PARTICIPANTS_MAX, Participant, RemoveFacts, add, introduce, parts, remove,
};
use mandate_core::person::NewProfile;
use mandate_core::point_of_contact::{PointOfContact, allow_list, consider};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::request_access::HistoryScope;
use mandate_core::service_request::{CreateFacts, RequestFacts, ServiceRequest, create, view};
use mandate_core::text::{Locale, PersonName, TimeZone, TypedEmail};
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::{
    Category, ContactType, History, Involvement, Level, OrganizationStatus, Permission, PersonStatus, RequestStatus,
    StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, lacks, mails, refusal, trips, written};
use crate::world::{
    CUSTOMER, GRANT, NEW_CONTACT, NOW, Person, REQUEST, YESTERDAY, by, consultant, designated, desk, domains, guardian,
    held, id, levels, manager, organization, outsider, owners, part, partner, partner_designated, partner_guardian,
    partner_reader, reader, reference, request, request_in, second_partner_designated, staff, standing, welcome_ids,
};

const RUNNING: Suspension = Suspension { grantor: OrganizationStatus::Active, holder: OrganizationStatus::Active };

/// Somebody, by whatever level a grant of the customer to them gives.
pub(crate) fn candidate(person: &impl Person, level: Option<Level>) -> Candidate {
    let individual = level.map(|level| HeldGrant { held: held(level), expires_at: None });
    Candidate {
        person: person.actor(),
        organization_status: OrganizationStatus::Active,
        grants: HeldGrants { individual, organization: None, suspension: RUNNING },
        role: None,
    }
}

pub(crate) fn request_facts(actor: Actor, standing: Standing, request: ServiceRequest) -> RequestFacts {
    RequestFacts { actor, standing, request: Some(request), role: None, lead_at_rest: false }
}

/// Somebody adds a person to the customer's request, which nobody else takes part in.
pub(crate) fn facts(actor: Actor, standing: Standing, candidate: Option<Candidate>) -> AddFacts {
    AddFacts {
        request: request_facts(actor, standing, request()),
        candidate,
        point_of_contact: PointOfContact::Unnamed,
        present: None,
        count: 0,
    }
}

pub(crate) fn command(person: impl Into<PersonId>, role: Involvement) -> AddParticipant {
    AddParticipant { person: person.into(), role, expected_version: None, mails: [id(1), id(2)] }
}

pub(crate) fn participant(person: PersonRef, role: Involvement) -> Participant {
    Participant {
        request: REQUEST,
        organization: CUSTOMER,
        person,
        role: Some(role),
        added_at: YESTERDAY,
        added_by: reference(&manager()),
        version: 1,
        grant: None,
    }
}

/// What adding somebody decides, as the participant that it makes.
pub(crate) fn added(
    actor: &impl Person,
    facts: AddFacts,
    command: AddParticipant,
) -> Result<Change<Participant>, Refusal> {
    match add(&by(actor), facts, command)? {
        Added::Participant(change) => Ok(*change),
        Added::PointOfContact(change) => panic!("{change:?} is about the point of contact"),
    }
}

#[derive(Debug, Clone)]
struct Adding {
    facts: AddFacts,
    command: AddParticipant,
}

#[test]
fn somebody_is_added_by_whoever_may_update_the_request_s_7() {
    let nobody = request_facts(manager().actor(), Standing::Stranger, request_in(RequestStatus::Closed));
    let world = Adding {
        facts: AddFacts {
            request: RequestFacts { request: None, ..nobody },
            candidate: None,
            point_of_contact: PointOfContact::Unnamed,
            present: None,
            count: PARTICIPANTS_MAX,
        },
        command: command(designated().id, Involvement::Cc),
    };
    let change = climb(
        world,
        |world| match add(&by(&manager()), world.facts, world.command)? {
            Added::Participant(change) => Ok(*change),
            Added::PointOfContact(_) => panic!("not the point of contact"),
        },
        [
            trips::<Adding>(Code::NotFound)
                .until(|world| world.facts.request.request = Some(request_in(RequestStatus::Closed))),
            trips(Code::NotFound).until(|world| world.facts.request.standing = partner(Level::View)),
            lacks(Requirement::Level(Level::Update)).until(|world| world.facts.request.standing = standing(&manager())),
            trips(Code::ServiceRequestClosed)
                .with(Extra::CurrentStatus("closed"))
                .until(|world| world.facts.request.request = Some(request())),
            trips(Code::PointOfContactRequired)
                .with(Extra::About(designated().id.into()))
                .until(|world| world.command.person = guardian().id.into()),
            trips(Code::ParticipantNotAllowed)
                .at("#/person_id")
                .until(|world| world.facts.candidate = Some(candidate(&guardian(), None))),
            trips(Code::TooManyParticipants).until(|world| world.facts.count = PARTICIPANTS_MAX - 1),
        ],
    );
    let expected = Participant {
        added_at: NOW,
        added_by: reference(&manager()),
        ..participant(reference(&guardian()), Involvement::Cc)
    };
    assert_eq!(change.after(), &expected);
    assert_eq!(written(&change), ["service_request.participant_added in org_1 by contact_2 for org_1"]);
    assert_eq!(mails(&change), ["mail_1: participant_added to contact_1 about sr_1"]);
}

#[test]
fn another_role_takes_the_place_of_the_one_before_s_7_x_2() {
    let present = participant(reference(&guardian()), Involvement::Cc);
    let again = |role, expected_version| {
        let part = Candidate { role: Some(part(Involvement::Cc)), ..candidate(&guardian(), None) };
        let facts = AddFacts {
            present: Some(present.clone()),
            count: PARTICIPANTS_MAX,
            ..facts(manager().actor(), standing(&manager()), Some(part))
        };
        added(&manager(), facts, AddParticipant { expected_version, ..command(guardian().id, role) })
    };
    let change = again(Involvement::Secondary, None).unwrap();
    assert_eq!((change.after().role, change.after().version), (Some(Involvement::Secondary), 2));
    assert_eq!((change.after().added_at, &change.after().added_by), (YESTERDAY, &reference(&manager())));
    assert_eq!(
        written(&change),
        [
            "service_request.participant_changed in org_1 by contact_2 for org_1",
            &format!("participant: {} cc -> {} secondary", guardian().id, guardian().id),
        ]
    );
    assert!(mails(&change).is_empty());
    assert!(written(&again(Involvement::Cc, None).unwrap()).is_empty(), "the same role changes nothing");
    assert_eq!(code(again(Involvement::Secondary, Some(7))), Code::VersionMismatch);
    assert!(again(Involvement::Secondary, Some(1)).is_ok());
    // Nobody is told of what they did themselves.
    let own = facts(guardian().actor(), standing(&guardian()), Some(candidate(&guardian(), None)));
    assert!(mails(&added(&guardian(), own, command(guardian().id, Involvement::Cc)).unwrap()).is_empty());
}

#[test]
fn people_of_the_organization_and_holders_of_a_live_grant_can_be_added_s_3_s_7_x_3() {
    let with_status = |person: Contact, status| Contact { status, ..person };
    let suspended = |candidate: Candidate| {
        let suspension = Suspension { holder: OrganizationStatus::Suspended, ..RUNNING };
        Candidate { grants: HeldGrants { suspension, ..candidate.grants }, ..candidate }
    };
    let over = |mut candidate: Candidate| {
        candidate.grants.individual = Some(HeldGrant { held: held(Level::FullAdmin), expires_at: Some(NOW) });
        candidate
    };
    let mut unknown = Vec::new();
    for (who, candidate, expected) in [
        ("a designated contact", candidate(&guardian(), None), true),
        ("an invited one", candidate(&with_status(guardian(), PersonStatus::Invited), None), true),
        ("a disabled one", candidate(&with_status(guardian(), PersonStatus::Disabled), None), false),
        ("one who went over", candidate(&with_status(guardian(), PersonStatus::Transferred), None), false),
        ("a reader of the knowledge base", candidate(&reader(), None), false),
        ("a partner's reader with cc", candidate(&partner_reader(), Some(Level::Cc)), true),
        ("a partner at full_admin", candidate(&partner_designated(), Some(Level::FullAdmin)), true),
        ("a consultant by a grant", candidate(&staff(StaffRole::Consultant), Some(Level::Cc)), true),
    ] {
        let facts = facts(manager().actor(), standing(&manager()), Some(candidate.clone()));
        let answer = added(&manager(), facts, command(guardian().id, Involvement::Secondary));
        assert_eq!(answer.is_ok(), expected, "{who}");
    }
    for candidate in [
        None,
        Some(candidate(&outsider(), None)),
        Some(candidate(&partner_designated(), None)),
        Some(candidate(&partner_designated(), Some(Level::None))),
        Some(over(candidate(&partner_designated(), None))),
        Some(suspended(candidate(&partner_designated(), Some(Level::FullAdmin)))),
        Some(candidate(&with_status(partner_designated(), PersonStatus::Disabled), Some(Level::FullAdmin))),
        Some(candidate(&with_status(partner_designated(), PersonStatus::Invited), Some(Level::FullAdmin))),
        Some(candidate(&staff(StaffRole::Agent), None)),
    ] {
        let facts = facts(manager().actor(), standing(&manager()), candidate);
        unknown.push(refusal(added(&manager(), facts, command(guardian().id, Involvement::Cc))));
    }
    assert!(
        unknown.iter().all(|refusal| *refusal == unknown[0]),
        "one answer for nobody and for those without a grant"
    );
    assert_eq!((unknown[0].code, unknown[0].pointer), (Code::ParticipantNotAllowed, Some("#/person_id")));
}

/// What each level gains by each role, said once more: reading below `view`, updating below `update`.
#[test]
fn what_widens_a_partners_access_the_organizations_own_people_alone_give_s_7_s_14_x_3a() {
    let mut compared = 0;
    for level in levels() {
        for role in [Involvement::Cc, Involvement::Secondary] {
            for is_confidential in [false, true] {
                let widens =
                    is_confidential || level == Level::Cc || (role == Involvement::Secondary && level < Level::Update);
                let confidential = ServiceRequest { confidential: is_confidential, ..request() };
                let by = |actor: Actor, standing: Standing, person: &dyn Fn() -> Candidate| {
                    let mut facts = facts(actor, standing, Some(person()));
                    facts.request.request = Some(confidential.clone());
                    // Who may update a confidential request takes part in it.
                    facts.request.role = Some(Involvement::Secondary);
                    let answer = added(&manager(), facts, command(partner_designated().id, role));
                    answer.map(drop).map_err(|refusal| refusal.code)
                };
                let pedro = || candidate(&partner_designated(), Some(level));
                let sofia = || candidate(&second_partner_designated(), Some(level));
                let own = by(guardian().actor(), standing(&guardian()), &pedro);
                let colleague = by(partner_guardian().actor(), partner(Level::FullAdmin), &pedro);
                let other_partner = by(partner_guardian().actor(), partner(Level::FullAdmin), &sofia);
                let agent = by(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), &pedro);
                let vera = by(staff(StaffRole::Consultant).actor(), consultant(Level::Update), &pedro);
                let manages = by(manager().actor(), standing(&manager()), &pedro);
                // Into a confidential one only its guards let people (S-14).
                let denied = |code| match (is_confidential, widens) {
                    (true, _) => Err(Code::PrimarySupportContactRequired),
                    (false, true) => Err(code),
                    (false, false) => Ok(()),
                };
                let what = format!("{level:?} {role:?} {is_confidential}");
                assert_eq!(own, Ok(()), "{what}");
                assert_eq!(manages, if is_confidential { denied(Code::PermissionRequired) } else { Ok(()) }, "{what}");
                assert_eq!(colleague, denied(Code::PermissionRequired), "{what}");
                assert_eq!(agent, if widens { Err(Code::PermissionRequired) } else { Ok(()) }, "{what}");
                // Who may not know what others hold is answered as about nobody.
                assert_eq!(other_partner, denied(Code::ParticipantNotAllowed), "{what}");
                assert_eq!(vera, denied(Code::ParticipantNotAllowed), "{what}");
                compared += 6;
            }
        }
    }
    assert_eq!(compared, 6 * 2 * 2 * 6);
    let facts = facts(
        partner_guardian().actor(),
        partner(Level::FullAdmin),
        Some(candidate(&partner_reader(), Some(Level::Cc))),
    );
    let refused = refusal(added(&partner_guardian(), facts, command(partner_reader().id, Involvement::Cc)));
    let detail = refused.detail.to_string();
    assert!(detail.contains("`cc`") && detail.contains("`designated_support`"), "{refused}");
    assert!(refused.extras.contains(&Extra::Required(Requirement::Permission(Permission::DesignatedSupport))));
    assert!(refused.extras.contains(&Extra::AskContactManagersOf(CUSTOMER)));
}

#[test]
fn a_grant_that_does_not_reach_the_request_gives_no_more_than_cc_s_7_g_16() {
    let late = HistoryScope { history: History::New, since: NOW };
    let new = HeldGrant { held: HeldLevel { level: Level::FullAdmin, grant: GRANT, scope: late }, expires_at: None };
    let mut pedro = candidate(&partner_designated(), None);
    pedro.grants.individual = Some(new);
    let facts = facts(partner_guardian().actor(), partner(Level::FullAdmin), Some(pedro));
    assert_eq!(
        code(added(&partner_guardian(), facts, command(partner_designated().id, Involvement::Cc))),
        Code::PermissionRequired
    );
}

#[test]
fn the_point_of_contact_is_named_by_the_rule_of_editing_s_2_s_7_s_10() {
    let named =
        |person: &Contact, level: Option<Level>| PointOfContact::Contact(Box::new(person.clone()), level.map(held));
    let answer = |actor: &Contact, person: &Contact, level, expected_version| {
        let held = if actor.organization == CUSTOMER { None } else { Some(held(Level::Update)) };
        let standing = Standing::of(&actor.actor(), CUSTOMER, held);
        let facts = AddFacts { point_of_contact: named(person, level), ..facts(actor.actor(), standing, None) };
        let command = AddParticipant { expected_version, ..command(person.id, Involvement::PointOfContact) };
        match add(&by(actor), facts, command) {
            Ok(Added::PointOfContact(change)) => Ok(*change),
            Ok(Added::Participant(change)) => panic!("{change:?}"),
            Err(refusal) => Err(refusal),
        }
    };
    let change = answer(&manager(), &partner_designated(), Some(Level::Create), Some(1)).unwrap();
    assert!(change.after().is_partner_managed(NOW));
    assert_eq!(
        written(&change),
        ["service_request.updated in org_1 by contact_2 for org_1", "point_of_contact: contact_3 -> contact_6",]
    );
    assert_eq!(
        mails(&change),
        ["mail_1: point_of_contact to contact_6 about sr_1", "mail_2: point_of_contact to contact_3 about sr_1"]
    );
    assert!(written(&answer(&manager(), &designated(), None, None).unwrap()).is_empty(), "they are already");
    assert_eq!(code(answer(&manager(), &guardian(), None, Some(7))), Code::VersionMismatch);
    // Of an existing request also at a low level (S-7).
    assert!(answer(&manager(), &partner_designated(), Some(Level::Cc), None).is_ok());
    let by_partner = answer(&partner_guardian(), &partner_designated(), Some(Level::FullAdmin), None);
    assert_eq!(code(by_partner), Code::PermissionRequired);
    for refused in [
        refusal(answer(&manager(), &partner_designated(), None, None)),
        refusal(answer(&manager(), &reader(), None, None)),
    ] {
        assert_eq!((refused.code, refused.pointer), (Code::PointOfContactNotAllowed, Some("#/person_id")));
    }
}

#[derive(Debug, Clone)]
struct Removing {
    facts: RemoveFacts,
    person: PersonId,
    expected_version: Option<i64>,
}

#[test]
fn a_participant_is_removed_by_whoever_may_update_the_request_s_7_x_2() {
    let closed = request_facts(partner_guardian().actor(), Standing::Stranger, request_in(RequestStatus::Closed));
    let world = Removing {
        facts: RemoveFacts { request: RequestFacts { request: None, ..closed }, present: None },
        person: designated().id.into(),
        expected_version: Some(7),
    };
    let change = climb(
        world,
        |world| remove(&by(&partner_guardian()), world.facts, world.person, world.expected_version),
        [
            trips::<Removing>(Code::NotFound)
                .until(|world| world.facts.request.request = Some(request_in(RequestStatus::Closed))),
            trips(Code::NotFound).until(|world| world.facts.request.standing = partner(Level::View)),
            lacks(Requirement::Level(Level::Update))
                .until(|world| world.facts.request.standing = partner(Level::Update)),
            trips(Code::PointOfContactRequired)
                .with(Extra::About(designated().id.into()))
                .until(|world| world.person = guardian().id.into()),
            trips(Code::NotFound).until(|world| {
                world.facts.present = Some(participant(reference(&guardian()), Involvement::Secondary));
            }),
            // What the organization's own people made stays theirs to unmake.
            trips(Code::PermissionRequired)
                .with(Extra::Required(Requirement::Permission(Permission::DesignatedSupport)))
                .until(|world| {
                    world.facts.present.as_mut().unwrap().added_by = reference(&partner_designated());
                }),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(1)).until(|world| world.expected_version = Some(1)),
            trips(Code::ServiceRequestClosed)
                .with(Extra::CurrentStatus("closed"))
                .until(|world| world.facts.request.request = Some(request())),
        ],
    );
    assert_eq!(change.after().role, None);
    assert_eq!(
        written(&change),
        [
            "service_request.participant_removed in org_1 by contact_5 for org_1 by grant_1",
            &format!("participant: {} secondary -> nothing", guardian().id),
        ]
    );
}

#[test]
fn everybody_may_leave_a_request_but_its_point_of_contact_s_7() {
    let leaving = |level| {
        let request = RequestFacts {
            role: Some(Involvement::Cc),
            ..request_facts(partner_designated().actor(), partner(level), request())
        };
        let present = Some(participant(reference(&partner_designated()), Involvement::Cc));
        RemoveFacts { request, present }
    };
    for level in levels() {
        let person = partner_designated().id.into();
        assert!(remove(&by(&partner_designated()), leaving(level), person, None).is_ok(), "{level:?}");
    }
    // Nobody else is theirs to remove.
    let other =
        RemoveFacts { present: Some(participant(reference(&guardian()), Involvement::Cc)), ..leaving(Level::Cc) };
    assert_eq!(code(remove(&by(&partner_designated()), other, guardian().id.into(), None)), Code::PermissionRequired);
    let contact = request_facts(designated().actor(), standing(&designated()), request());
    let own = RemoveFacts { request: contact, present: None };
    assert_eq!(code(remove(&by(&designated()), own, designated().id.into(), None)), Code::PointOfContactRequired);
}

fn introduced(permission: Permission, standing: Standing) -> Result<Contact, Refusal> {
    let name = |name| PersonName::parse(name).unwrap();
    let command = NewContact {
        id: NEW_CONTACT,
        profile: NewProfile {
            email: TypedEmail::parse("nina@acme.example").unwrap(),
            first_name: name("Nina"),
            last_name: name("Silva"),
            phone: None,
            time_zone: TimeZone::default(),
            locale: Locale::default(),
        },
        kind: ContactType::Technical,
        permission,
        duties: Default::default(),
        sites: Default::default(),
        welcome: welcome_ids(),
    };
    let contact_facts = contact::CreateFacts {
        standing: standing.clone(),
        organization: Some(organization(CUSTOMER)),
        vendor_domains: domains(&["vendor.example"]),
        owners: owners(&[("acme.example", CUSTOMER)]),
        existing: None,
        never_entered: false,
        sites: Vec::new(),
        former: Vec::new(),
    };
    let facts = request_facts(manager().actor(), standing, request());
    introduce(&by(&manager()), &facts, contact_facts, command).map(|welcomed| welcomed.contact.after().clone())
}

#[test]
fn a_contact_manager_creates_the_designated_contact_who_is_added_s_9_c_9() {
    let manages = || standing(&manager());
    let contact = introduced(Permission::DesignatedSupport, manages()).unwrap();
    assert_eq!((contact.id, contact.organization, contact.status), (NEW_CONTACT, CUSTOMER, PersonStatus::Invited));
    assert!(introduced(Permission::ManageContacts, manages()).is_ok());
    let refused = refusal(introduced(Permission::KnowledgeBase, manages()));
    assert_eq!((refused.code, refused.pointer), (Code::ParticipantNotAllowed, Some("#/permission")));
    assert_eq!(code(introduced(Permission::DesignatedSupport, standing(&designated()))), Code::PermissionRequired);
    for level in levels() {
        let answer = introduced(Permission::DesignatedSupport, partner(level)).map(drop);
        match level {
            Level::FullAdmin => assert!(answer.is_ok()),
            Level::Cc => assert_eq!(code(answer), Code::NotFound, "they see no request"),
            _ => assert_eq!(code(answer), Code::PermissionRequired, "{level:?}"),
        }
    }
    // The request comes first: who may not see it learns nothing of contacts.
    assert_eq!(code(introduced(Permission::DesignatedSupport, Standing::Stranger)), Code::NotFound);
}

#[test]
fn the_list_begins_with_the_point_of_contact_and_says_who_can_see_the_request_s_7_g_12() {
    let visible =
        |request: ServiceRequest| view(&request_facts(manager().actor(), standing(&manager()), request)).unwrap();
    let taking_part = |person: &Contact, role, level| {
        let candidate = Candidate { role: Some(part(role)), ..candidate(person, level) };
        (participant(reference(person), role), candidate)
    };
    let rows = || {
        vec![
            taking_part(&designated(), Involvement::Cc, None),
            taking_part(&partner_designated(), Involvement::Cc, Some(Level::Cc)),
            taking_part(&partner_reader(), Involvement::Secondary, None),
            taking_part(&Contact { status: PersonStatus::Invited, ..guardian() }, Involvement::Cc, None),
        ]
    };
    let all = parts(NOW, &visible(request()), Some(candidate(&designated(), None)), rows());
    let told = |parts: &[mandate_core::participant::Part]| -> Vec<_> {
        parts.iter().map(|part| (part.person.id, part.role, part.active)).collect()
    };
    // Who is the point of contact is no other participant beside it.
    assert_eq!(
        told(&all),
        [
            (designated().id.into(), Involvement::PointOfContact, true),
            (partner_designated().id.into(), Involvement::Cc, true),
            (partner_reader().id.into(), Involvement::Secondary, false),
            (guardian().id.into(), Involvement::Cc, false),
        ]
    );
    assert_eq!((all[0].added.clone(), all[0].version), (None, 1));
    assert_eq!(all[1].added, Some((YESTERDAY, reference(&manager()))));
    let nobody = parts(NOW, &visible(ServiceRequest { point_of_contact: None, ..request() }), None, rows());
    assert_eq!(told(&nobody)[0], (designated().id.into(), Involvement::Cc, true));
}

#[test]
fn exactly_those_are_candidates_whom_one_could_name_s_2() {
    let people = [guardian(), manager(), designated(), reader(), partner_designated(), partner_reader(), outsider()];
    let statuses = PersonStatus::ALL.iter().copied();
    let actors = [designated().actor(), partner_designated().actor(), staff(StaffRole::Agent).actor()];
    let mut choices = 0;
    for (person, status) in people.iter().flat_map(|person| statuses.clone().map(move |status| (person, status))) {
        let person = Contact { status, ..person.clone() };
        for level in Level::ALL.iter().copied().map(Some).chain([None]) {
            // A contact of the organization itself holds no grant of it (G-8).
            if person.organization == CUSTOMER && level.is_some() {
                continue;
            }
            let deciding = level.filter(|level| *level != Level::None);
            for actor in &actors {
                let standing = if actor.is_staff() { desk(StaffRole::Agent) } else { standing(&manager()) };
                let named = PointOfContact::Contact(Box::new(person.clone()), deciding.map(held));
                let facts = CreateFacts {
                    actor: actor.clone(),
                    standing,
                    organization: Some(organization(CUSTOMER)),
                    point_of_contact: named,
                    follow_up_of: None,
                    participants: Vec::new(),
                };
                let command = crate::service_request::command(Category::Incident);
                let is_named = create(&by(&manager()), facts, command).is_ok();
                let choice = consider(NOW, CUSTOMER, actor, &candidate(&person, level));
                assert_eq!(choice.is_some(), is_named, "{:?} {status:?} {level:?} by {:?}", person.id, actor.id());
                choices += usize::from(choice.is_some());
            }
        }
    }
    assert!(choices > 10, "{choices}");
    let vera = candidate(&staff(StaffRole::Consultant), Some(Level::FullAdmin));
    assert_eq!(consider(NOW, CUSTOMER, &manager().actor(), &vera), None);
    assert!(allow_list(&standing(&designated()), CUSTOMER).is_ok());
    assert!(allow_list(&partner(Level::Create), CUSTOMER).is_ok());
    assert_eq!(code(allow_list(&partner(Level::Update), CUSTOMER)), Code::PermissionRequired);
    assert_eq!(code(allow_list(&Standing::Stranger, CUSTOMER)), Code::NotFound);
}
