//! Messages of a service request (S-3 … S-5, S-7, S-13).

use mandate_core::access::{DESK, Standing};
use mandate_core::actor::Actor;
use mandate_core::message::{CreateMessage, Posted, allow_list, post};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::service_request::{RequestFacts, ServiceRequest};
use mandate_core::text::MessageBody;
use mandate_core::vocabulary::{Involvement, Level, Permission, RequestStatus, StaffRole, Vocabulary as _};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, Person, REQUEST, VENDOR, YESTERDAY, by, consultant, designated, desk, id, levels, partner,
    partner_designated, reader, reference, request, request_in, staff, standing,
};

fn facts(actor: Actor, standing: Standing, request: ServiceRequest) -> RequestFacts {
    RequestFacts { actor, standing, request: Some(request), role: None, lead_at_rest: false }
}

fn own(request: ServiceRequest) -> RequestFacts {
    facts(designated().actor(), standing(&designated()), request)
}

fn by_agent(request: ServiceRequest) -> RequestFacts {
    facts(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), request)
}

fn command(internal: bool) -> CreateMessage {
    CreateMessage { id: id(6), body: MessageBody::parse("Obrigado!").unwrap(), internal }
}

fn posted(person: &impl Person, facts: RequestFacts, internal: bool) -> Result<Posted, Refusal> {
    post(&by(person), facts, command(internal))
}

#[test]
fn an_agent_writes_an_internal_note_that_goes_into_the_vendors_journal_s_5_s_13_x_2() {
    let world = RequestFacts { request: None, ..facts(staff(StaffRole::Agent).actor(), Standing::Stranger, request()) };
    let done = climb(
        world,
        |world| posted(&staff(StaffRole::Agent), world, true),
        [
            trips::<RequestFacts>(Code::NotFound)
                .until(|world| world.request = Some(request_in(RequestStatus::Closed))),
            trips(Code::NotFound).until(|world| world.standing = consultant(Level::View)),
            // The vendor's own people have nobody who asks for them.
            trips(Code::PermissionRequired)
                .with(Extra::Required(Requirement::Level(Level::Update)))
                .until(|world| world.standing = consultant(Level::Update)),
            lacks(Requirement::Roles(DESK)).until(|world| world.standing = desk(StaffRole::Agent)),
            trips(Code::ServiceRequestClosed)
                .with(Extra::CurrentStatus("closed"))
                .until(|world| world.request = Some(request_in(RequestStatus::Solved))),
        ],
    );
    let note = done.message.after();
    assert_eq!((note.internal, note.organization, note.created_at), (true, CUSTOMER, NOW));
    // In the vendor's journal, so that the customer's numbers have no gap; and its text is not in it.
    assert_eq!(written(&done.message), ["service_request.note_created in org_9 by staff_1 for org_1"]);
    assert!(!format!("{:?}", done.message.entries()).contains("Obrigado"));
    // Nothing that a customer could see moves: not the status, not the activity, not the version.
    assert!(!done.request.is_effective());
    assert_eq!(done.request.after(), &request_in(RequestStatus::Solved));
    assert!(done.request.entries().is_empty() && done.message.notices().is_empty());
}

#[test]
fn a_designated_contact_replies_s_3_s_4_s_5() {
    let world = RequestFacts { request: None, ..facts(designated().actor(), standing(&reader()), request()) };
    let done = climb(
        world,
        |world| posted(&designated(), world, false),
        [
            trips::<RequestFacts>(Code::NotFound)
                .until(|world| world.request = Some(request_in(RequestStatus::Closed))),
            trips(Code::NotFound).until(|world| world.standing = standing(&designated())),
            trips(Code::ServiceRequestClosed)
                .with(Extra::CurrentStatus("closed"))
                .until(|world| world.request = Some(request_in(RequestStatus::WaitingOnCustomer))),
        ],
    );
    let message = done.message.after();
    assert_eq!((message.id, message.request, message.organization), (id(6), REQUEST, CUSTOMER));
    assert_eq!(
        (message.author.clone(), message.internal, message.created_at),
        (Some(reference(&designated())), false, NOW)
    );
    assert_eq!(message.body.as_str(), "Obrigado!");
    assert_eq!(written(&done.message), ["service_request.message_created in org_1 by contact_3 for org_1"]);
    assert_eq!(
        written(&done.request),
        [
            "service_request.updated in org_1 by contact_3 for org_1",
            "status: waiting_on_customer -> waiting_on_support",
        ]
    );
    assert_eq!(done.request.after().activity_at, NOW);
}

#[test]
fn a_public_message_moves_the_status_and_a_note_does_not_s_4_s_5() {
    use RequestStatus::{Open, Solved, WaitingOnCustomer, WaitingOnSupport};
    for (before, after_customer, after_staff) in [
        (Open, Open, WaitingOnCustomer),
        (WaitingOnSupport, WaitingOnSupport, WaitingOnCustomer),
        (WaitingOnCustomer, WaitingOnSupport, WaitingOnCustomer),
        (Solved, WaitingOnSupport, WaitingOnCustomer),
    ] {
        let by_partner = facts(partner_designated().actor(), partner(Level::Update), request_in(before));
        for (facts, after) in [
            (own(request_in(before)), after_customer),
            (by_partner, after_customer),
            (by_agent(request_in(before)), after_staff),
        ] {
            let moved = posted(&designated(), facts, false).unwrap().request;
            assert_eq!((moved.after().status, moved.after().solved_at), (after, None), "{before:?}");
            // Whoever reads the request sees that something happened, also where the status stays.
            assert_eq!((moved.after().activity_at, moved.after().version), (NOW, 2));
        }
        let noted = posted(&designated(), by_agent(request_in(before)), true).unwrap().request;
        assert_eq!((noted.after().status, noted.after().activity_at), (before, YESTERDAY));
    }
    for facts in [own(request_in(RequestStatus::Closed)), by_agent(request_in(RequestStatus::Closed))] {
        assert_eq!(code(posted(&designated(), facts, false)), Code::ServiceRequestClosed);
    }
}

#[test]
fn nobody_but_the_desk_writes_or_reads_internal_notes_s_5_s_13() {
    let attempt = |facts: RequestFacts| {
        let reach = allow_list(&facts).map(|reach| reach.reaches_internal()).map_err(|refusal| refusal.code);
        (posted(&designated(), facts, true).map(drop).map_err(|refusal| refusal.code), reach)
    };
    assert_eq!(attempt(own(request())), (Err(Code::StaffOnly), Ok(false)));
    for level in levels().filter(|level| *level >= Level::Update) {
        let by_partner = facts(partner_designated().actor(), partner(level), request());
        assert_eq!(attempt(by_partner), (Err(Code::StaffOnly), Ok(false)), "{level:?}");
        // A consultant is of the vendor's staff, but sees a customer's requests as any grantee does.
        let by_consultant = facts(staff(StaffRole::Consultant).actor(), consultant(level), request());
        assert_eq!(attempt(by_consultant), (Err(Code::StaffOnly), Ok(false)), "{level:?}");
    }
    for role in StaffRole::ALL.iter().copied() {
        let expected =
            if DESK.contains(&role) { (Ok(()), Ok(true)) } else { (Err(Code::NotFound), Err(Code::NotFound)) };
        assert_eq!(attempt(facts(staff(role).actor(), desk(role), request())), expected, "{role:?}");
    }
    assert_eq!(attempt(facts(reader().actor(), standing(&reader()), request())).1, Err(Code::NotFound));
}

#[test]
fn who_reads_but_does_not_update_writes_no_message_g_3_s_7() {
    let as_partner = |level, role| {
        let facts = RequestFacts { role, ..facts(partner_designated().actor(), partner(level), request()) };
        posted(&partner_designated(), facts, false).map(|done| written(&done.message)).map_err(|refusal| refusal.code)
    };
    let by_grant = "service_request.message_created in org_1 by contact_6 for org_1 by grant_1".to_owned();
    assert_eq!(as_partner(Level::View, None), Err(Code::PermissionRequired));
    assert_eq!(as_partner(Level::Cc, Some(Involvement::Cc)), Err(Code::PermissionRequired));
    assert_eq!(as_partner(Level::Cc, Some(Involvement::Secondary)), Ok(vec![by_grant.clone()]));
    assert_eq!(as_partner(Level::Update, None), Ok(vec![by_grant]));
    let refused = refusal(posted(&reader(), facts(reader().actor(), standing(&reader()), request()), false));
    assert_eq!(refused.code, Code::NotFound);
    assert!(!refused.extras.contains(&Extra::Required(Requirement::Permission(Permission::DesignatedSupport))));
}

#[test]
fn a_note_is_of_the_vendor_and_a_reply_of_the_requests_organization_s_5() {
    let journal = |internal| {
        posted(&staff(StaffRole::Agent), by_agent(request()), internal).unwrap().message.entries()[0].organization
    };
    assert_eq!((journal(true), journal(false)), (VENDOR, CUSTOMER));
}
