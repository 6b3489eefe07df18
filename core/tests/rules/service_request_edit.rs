//! Editing a service request (S-2 … S-4, S-7, S-10, S-13).

use mandate_core::access::{DESK, Standing};
use mandate_core::actor::{Actor, PersonRef};
use mandate_core::contact::Contact;
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::service_request::{EditFacts, EditRequest, RequestFacts, ServiceRequest, edit};
use mandate_core::staff::StaffMember;
use mandate_core::text::Subject;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Involvement, Level, PersonStatus, RequestStatus, StaffRole, Vocabulary as _};

use crate::ladder::{climb, code, lacks, mails, refusal, trips, written};
use crate::world::{
    NOW, Person, YESTERDAY, by, consultant, designated, desk, guardian, held, id, levels, manager, partner,
    partner_designated, reader, reference, request, request_in, second_partner_designated, staff, standing,
};

/// Somebody edits a request of the customer; nobody is assigned or named.
pub(crate) fn facts(actor: Actor, standing: Standing, request: ServiceRequest) -> EditFacts {
    EditFacts {
        request: RequestFacts { actor, standing, request: Some(request), role: None, lead_at_rest: false },
        assignee: None,
        point_of_contact: PointOfContact::Unnamed,
    }
}

pub(crate) fn own(request: ServiceRequest) -> EditFacts {
    facts(manager().actor(), standing(&manager()), request)
}

fn by_agent(request: ServiceRequest) -> EditFacts {
    facts(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), request)
}

#[derive(Debug, Clone)]
struct Editing {
    facts: EditFacts,
    command: EditRequest,
}

#[test]
fn an_agent_edits_a_request_s_3_s_4_s_13_s_14() {
    let world = Editing {
        facts: EditFacts {
            request: RequestFacts {
                actor: staff(StaffRole::Agent).actor(),
                standing: Standing::Stranger,
                request: None,
                role: None,
                lead_at_rest: false,
            },
            assignee: None,
            point_of_contact: PointOfContact::Unknown,
        },
        command: EditRequest {
            subject: Some(Subject::parse("The door opens").unwrap()),
            severity: Some(1),
            status: Some(RequestStatus::WaitingOnCustomer),
            assigned_to: Some(Some(staff(StaffRole::DutyManager).id.into())),
            confidential: Some(true),
            point_of_contact: Some(guardian().id.into()),
            expected_version: Some(7),
            mails: Some([id(1), id(2)]),
        },
    };
    let edited = climb(
        world,
        |world| edit(&by(&staff(StaffRole::Agent)), world.facts, world.command),
        [
            trips::<Editing>(Code::NotFound)
                .until(|world| world.facts.request.request = Some(request_in(RequestStatus::Closed))),
            trips(Code::NotFound).until(|world| world.facts.request.standing = partner(Level::View)),
            lacks(Requirement::Level(Level::Update))
                .until(|world| world.facts.request.standing = consultant(Level::Update)),
            // To assign is the desk's alone.
            lacks(Requirement::Roles(DESK)).until(|world| world.facts.request.standing = desk(StaffRole::Agent)),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::ServiceRequestClosed)
                .with(Extra::CurrentStatus("closed"))
                .until(|world| world.facts.request.request = Some(request_in(RequestStatus::Solved))),
            trips(Code::AssigneeNotAllowed)
                .at("#/assigned_to")
                .until(|world| world.facts.assignee = Some(staff(StaffRole::DutyManager))),
            trips(Code::PointOfContactNotAllowed)
                .at("#/point_of_contact")
                .until(|world| world.facts.point_of_contact = PointOfContact::Contact(Box::new(guardian()), None)),
        ],
    );
    let after = edited.after();
    assert_eq!((after.activity_at, after.updated_at, after.solved_at), (NOW, NOW, None));
    assert_eq!(after.assigned_to, Some(reference(&staff(StaffRole::DutyManager))));
    assert_eq!(
        written(&edited),
        [
            "service_request.updated in org_1 by staff_1 for org_1",
            "subject: The door does not open -> The door opens",
            "severity: 3 -> 1",
            "status: solved -> waiting_on_customer",
            "confidential: false -> true",
            "point_of_contact: contact_3 -> contact_1",
            "assigned_to: nothing -> staff_2",
        ]
    );
    assert_eq!(
        mails(&edited),
        ["mail_1: point_of_contact to contact_1 about sr_1", "mail_2: point_of_contact to contact_3 about sr_1"]
    );
}

/// The desk sets any status; so this rung, between the version and the references, is on the ladder of a customer.
#[test]
fn the_status_is_checked_before_the_references_s_4() {
    let named = EditRequest {
        status: Some(RequestStatus::Closed),
        point_of_contact: Some(reader().id.into()),
        ..EditRequest::default()
    };
    let facts = EditFacts { point_of_contact: PointOfContact::Contact(Box::new(reader()), None), ..own(request()) };
    let refused = refusal(edit(&by(&manager()), facts.clone(), named.clone()));
    assert_eq!((refused.code, refused.pointer), (Code::StaffOnly, Some("#/status")));
    assert!(refused.extras.contains(&Extra::Required(Requirement::Roles(DESK))));
    assert!(refused.extras.contains(&Extra::CurrentStatus("open")));
    let solved = EditRequest { status: Some(RequestStatus::Solved), ..named };
    assert_eq!(code(edit(&by(&manager()), facts, solved)), Code::PointOfContactNotAllowed);
}

#[test]
fn the_desk_sets_any_status_and_customers_say_solved_and_take_it_back_s_4_s_13() {
    use RequestStatus::{Closed, Open, Solved, WaitingOnSupport};
    let mut compared = 0;
    for before in RequestStatus::ALL.iter().copied() {
        for after in RequestStatus::ALL.iter().copied() {
            let command = || EditRequest { status: Some(after), ..EditRequest::default() };
            let moved = |facts| {
                let edited = edit(&by(&manager()), facts, command()).map_err(|refusal: Refusal| refusal.code)?;
                Ok((edited.after().status, edited.after().solved_at, edited.after().closed_at))
            };
            // What is true of each status: when it was solved, when it was closed.
            let solved_at: Option<Timestamp> = match (before, after) {
                (Solved, Solved | Closed) => Some(YESTERDAY),
                (_, Solved) => Some(NOW),
                _ => None,
            };
            let closed_at = (after == Closed).then_some(NOW);
            let done = Ok((after, solved_at, closed_at));
            let customers_may =
                before == after || after == Solved || (before == Solved && [Open, WaitingOnSupport].contains(&after));
            let expected = match before {
                Closed => [Err(Code::ServiceRequestClosed); 3],
                _ if customers_may => [done, done, done],
                _ => [done, Err(Code::StaffOnly), Err(Code::StaffOnly)],
            };
            let request = || request_in(before);
            let by_partner = facts(partner_designated().actor(), partner(Level::FullAdmin), request());
            let answers = [moved(by_agent(request())), moved(own(request())), moved(by_partner)];
            assert_eq!(answers, expected, "{before:?} to {after:?}");
            compared += 3;
        }
    }
    assert_eq!(compared, 5 * 5 * 3);
}

#[test]
fn a_closed_request_is_updated_by_nobody_s_4() {
    for facts in [own(request_in(RequestStatus::Closed)), by_agent(request_in(RequestStatus::Closed))] {
        let command = EditRequest { severity: Some(1), ..EditRequest::default() };
        let refused = refusal(edit(&by(&manager()), facts, command));
        assert_eq!((refused.code, refused.extras), (Code::ServiceRequestClosed, vec![Extra::CurrentStatus("closed")]));
    }
}

#[test]
fn active_agents_and_duty_managers_are_assigned_s_13() {
    let assigned = |assignee: Option<StaffMember>| {
        let command =
            EditRequest { assigned_to: Some(Some(staff(StaffRole::Agent).id.into())), ..EditRequest::default() };
        let facts = EditFacts { assignee, ..by_agent(request()) };
        edit(&by(&staff(StaffRole::Agent)), facts, command).map(drop).map_err(|refusal| refusal.code)
    };
    for role in StaffRole::ALL.iter().copied() {
        let works = matches!(role, StaffRole::Agent | StaffRole::DutyManager);
        let expected = if works { Ok(()) } else { Err(Code::AssigneeNotAllowed) };
        assert_eq!(assigned(Some(staff(role))), expected, "{role:?}");
        for status in [PersonStatus::Invited, PersonStatus::Disabled] {
            let gone = StaffMember { status, ..staff(role) };
            assert_eq!(assigned(Some(gone)), Err(Code::AssigneeNotAllowed), "{role:?}");
        }
    }
    assert_eq!(assigned(None), Err(Code::AssigneeNotAllowed));
    let taken = ServiceRequest { assigned_to: Some(reference(&staff(StaffRole::Agent))), ..request() };
    let nobody = EditRequest { assigned_to: Some(None), ..EditRequest::default() };
    let edited = edit(&by(&staff(StaffRole::Agent)), by_agent(taken), nobody.clone()).unwrap();
    assert_eq!(written(&edited)[1..], ["assigned_to: staff_1 -> nothing"]);
    assert_eq!(code(edit(&by(&manager()), own(request()), nobody)), Code::StaffOnly);
}

pub(crate) fn naming(person: &Contact) -> EditRequest {
    EditRequest { point_of_contact: Some(person.id.into()), mails: Some([id(1), id(2)]), ..EditRequest::default() }
}

#[test]
fn the_flag_follows_the_point_of_contact_and_a_partner_who_is_named_is_told_s_2_s_10() {
    let enabled = PointOfContact::Contact(Box::new(partner_designated()), Some(held(Level::Create)));
    let facts_named = EditFacts { point_of_contact: enabled, ..own(request()) };
    let edited = edit(&by(&manager()), facts_named, naming(&partner_designated())).unwrap();
    assert!(edited.after().is_partner_managed(NOW));
    assert_eq!(
        mails(&edited),
        ["mail_1: point_of_contact to contact_6 about sr_1", "mail_2: point_of_contact to contact_3 about sr_1"]
    );
    // The same person again is no news, and is not asked about again.
    let managed = edited.after().clone();
    let again = edit(&by(&manager()), own(managed.clone()), naming(&partner_designated())).unwrap();
    assert!(!again.is_effective() && again.notices().is_empty());
    // Back to one's own people.
    let back = EditFacts { point_of_contact: PointOfContact::Contact(Box::new(designated()), None), ..own(managed) };
    let edited = edit(&by(&manager()), back, naming(&designated())).unwrap();
    assert!(!edited.after().is_partner_managed(NOW));
    assert_eq!(mails(&edited), ["mail_1: point_of_contact to contact_3 about sr_1"]);
}

#[test]
fn a_submitter_is_told_whom_agents_work_with_and_nobody_is_told_twice_s_2() {
    let enabled = PointOfContact::Contact(Box::new(partner_designated()), Some(held(Level::Create)));
    let handed = EditFacts { point_of_contact: enabled.clone(), ..own(request()) };
    let edited = edit(&by(&manager()), handed, naming(&partner_designated())).unwrap();
    assert_eq!(mails(&edited).last().unwrap(), "mail_2: point_of_contact to contact_3 about sr_1");
    // Also of their own people; who names themselves is not told of it.
    let own_people = PointOfContact::Contact(Box::new(manager()), None);
    let taken = EditFacts { point_of_contact: own_people, ..own(request()) };
    let edited = edit(&by(&manager()), taken, naming(&manager())).unwrap();
    assert_eq!(mails(&edited), ["mail_2: point_of_contact to contact_3 about sr_1"]);
    // The partner who had submitted the request is named by somebody else.
    let submitted = ServiceRequest { submitted_by: reference(&partner_designated()), ..request() };
    let given = EditFacts { point_of_contact: enabled, ..own(submitted) };
    let edited = edit(&by(&manager()), given, naming(&partner_designated())).unwrap();
    assert_eq!(mails(&edited), ["mail_1: point_of_contact to contact_6 about sr_1"]);
}

#[test]
fn only_the_organizations_own_people_hand_a_request_to_a_partner_s_2_s_7() {
    let named_by = |actor: Actor, standing: Standing, level: Option<Level>| {
        let point_of_contact = PointOfContact::Contact(Box::new(second_partner_designated()), level.map(held));
        let facts = EditFacts { point_of_contact, ..facts(actor, standing, request()) };
        edit(&by(&manager()), facts, naming(&second_partner_designated())).map(drop).map_err(|refusal| refusal.code)
    };
    let create = Some(Level::Create);
    let refused = Err(Code::PointOfContactNotAllowed);
    assert_eq!(named_by(designated().actor(), standing(&designated()), create), Ok(()));
    for level in levels() {
        assert_eq!(named_by(designated().actor(), standing(&designated()), Some(level)), Ok(()), "{level:?}");
    }
    assert_eq!(named_by(designated().actor(), standing(&designated()), None), refused);
    let by_partner = named_by(partner_designated().actor(), partner(Level::FullAdmin), create);
    assert_eq!(by_partner, Err(Code::PermissionRequired));
    assert_eq!(named_by(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), create), refused);
}

#[test]
fn a_partner_at_cc_or_view_updates_the_one_request_that_it_takes_part_in_s_7_g_3() {
    let attempt = |level, role: Option<Involvement>, point_of_contact: Option<PersonRef>| {
        let request = ServiceRequest { point_of_contact, ..request() };
        let mut facts = facts(partner_designated().actor(), partner(level), request);
        facts.request.role = role;
        let command = EditRequest { severity: Some(2), ..EditRequest::default() };
        edit(&by(&partner_designated()), facts, command).map(drop).map_err(|refusal| refusal.code)
    };
    let themselves = Some(reference(&partner_designated()));
    let somebody = Some(reference(&designated()));
    for (level, outside) in [(Level::Cc, Code::NotFound), (Level::View, Code::PermissionRequired)] {
        assert_eq!(attempt(level, Some(Involvement::Secondary), somebody.clone()), Ok(()));
        assert_eq!(attempt(level, None, themselves.clone()), Ok(()));
        assert_eq!(attempt(level, Some(Involvement::Cc), somebody.clone()), Err(Code::PermissionRequired));
        assert_eq!(attempt(level, None, somebody.clone()), Err(outside));
    }
    assert_eq!(attempt(Level::Update, None, somebody), Ok(()));
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing_x_2() {
    let same = EditRequest {
        subject: Some(request().subject),
        severity: Some(3),
        status: Some(RequestStatus::Open),
        point_of_contact: Some(designated().id.into()),
        ..EditRequest::default()
    };
    let edited = edit(&by(&manager()), own(request()), same).unwrap();
    assert_eq!((written(&edited).len(), edited.after().activity_at), (0, YESTERDAY));
}
