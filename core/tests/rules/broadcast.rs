//! Who is told of what happens in a service request, and whom agents call (S-4, S-5, S-12, C-19, G-2, G-7, G-13).

use mandate_core::access::HeldLevel;
use mandate_core::broadcast::{Broadcast, ReceiverFacts, added, reply, status};
use mandate_core::call_list::{CALL_LIST_MAX, allow, of};
use mandate_core::change::{Context, Origin};
use mandate_core::contact::Contact;
use mandate_core::effective_access::{HeldGrant, HeldGrants, Suspension};
use mandate_core::hours::{Hours, TimeOfDay};
use mandate_core::message::{CreateMessage, Message, post};
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::preferences::{CallPreference, NotificationPreferences};
use mandate_core::request_access::{Admission, HistoryScope};
use mandate_core::service_request::{EditFacts, EditRequest, RequestFacts, ServiceRequest, close, edit};
use mandate_core::text::{MessageBody, Phone, TimeZone};
use mandate_core::time::{Span, Timestamp};
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::{
    History, Involvement, Level, MailKind, OrganizationStatus, RequestStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::written;
use crate::world::{
    ADMITTED, CUSTOMER, NOW, Person, YESTERDAY, by, consultant, designated, desk, guardian, held, id, manager, part,
    partner, partner_designated, partner_reader, reader, reference, request, request_in, staff, standing,
};

const RUNNING: Suspension = Suspension { grantor: OrganizationStatus::Active, holder: OrganizationStatus::Active };

fn grant(level: Level) -> HeldGrant {
    HeldGrant { held: held(level), expires_at: None }
}

/// A receiver by what they hold, and by how they take part.
fn receiver(
    person: &impl Person,
    (individual, organization): (Option<HeldGrant>, Option<HeldGrant>),
    role: Option<Involvement>,
) -> ReceiverFacts {
    receives(person, HeldGrants::of(&person.actor(), individual, organization, RUNNING), role)
}

fn receives(person: &impl Person, grants: HeldGrants, role: Option<Involvement>) -> ReceiverFacts {
    let role = role.map(part);
    let request = RequestFacts::of(NOW, person.actor(), &grants, Some(request()), role);
    ReceiverFacts { request, submitter_is_here: true }
}

fn message(author: &impl Person) -> Message {
    Message {
        id: id(1),
        request: request().id,
        organization: CUSTOMER,
        author: Some(reference(author)),
        internal: false,
        body: MessageBody::parse("It works again.").unwrap(),
        created_at: YESTERDAY,
    }
}

fn hears(facts: &ReceiverFacts) -> bool {
    reply(facts, &message(&staff(StaffRole::Agent))).is_some()
}

#[test]
fn who_was_added_is_told_as_long_as_they_take_part_and_may_read_s_7_s_12() {
    let pedro = |level: Option<Level>, role| {
        let facts = receiver(&partner_designated(), (level.map(grant), None), role).request;
        added(&facts).map(|visible| visible.value().id)
    };
    assert_eq!(pedro(Some(Level::Cc), Some(Involvement::Cc)), Some(request().id));
    assert_eq!(pedro(Some(Level::FullAdmin), None), None, "they were removed");
    assert_eq!(pedro(None, Some(Involvement::Secondary)), None, "the grant is over");
}

#[test]
fn a_reply_is_told_to_those_who_take_part_and_to_organizations_with_view_s_12_g_2_g_7_g_13() {
    let none = (None, None);
    let ours = |level| (None, Some(grant(level)));
    let both = |mine, level| (Some(grant(mine)), Some(grant(level)));
    let late = HistoryScope { history: History::New, since: NOW };
    let new = HeldGrant { held: HeldLevel { scope: late, ..held(Level::FullAdmin) }, expires_at: None };
    let over = HeldGrant { expires_at: Some(NOW), ..grant(Level::FullAdmin) };
    let pedro = partner_designated;
    for (who, facts, expected) in [
        ("the point of contact", receiver(&designated(), none, None), true),
        ("a colleague", receiver(&manager(), none, None), false),
        ("a colleague with a copy", receiver(&manager(), none, Some(Involvement::Cc)), true),
        ("a reader of the knowledge base", receiver(&reader(), none, Some(Involvement::Cc)), false),
        ("a partner by cc", receiver(&pedro(), ours(Level::Cc), None), false),
        ("a partner by cc with a copy", receiver(&pedro(), ours(Level::Cc), Some(Involvement::Cc)), true),
        ("a partner by view", receiver(&pedro(), ours(Level::View), None), true),
        ("a partner's reader by full_admin", receiver(&partner_reader(), ours(Level::FullAdmin), None), false),
        ("an individual view", receiver(&pedro(), (Some(grant(Level::View)), None), None), true),
        ("an individual view of a reader", receiver(&partner_reader(), (Some(grant(Level::View)), None), None), true),
        ("an individual grant beside", receiver(&pedro(), both(Level::Create, Level::View), None), true),
        ("an individual cc before view", receiver(&pedro(), both(Level::Cc, Level::View), None), false),
        ("an individual none before view", receiver(&pedro(), both(Level::None, Level::View), None), false),
        (
            "none, though they take part",
            receiver(&pedro(), both(Level::None, Level::View), Some(Involvement::Cc)),
            false,
        ),
        ("a grant for newer requests", receiver(&pedro(), (None, Some(new)), None), false),
        (
            "individually all, together newer ones",
            receiver(&pedro(), (Some(grant(Level::View)), Some(new)), None),
            true,
        ),
        ("a grant that is over", receiver(&pedro(), (None, Some(over)), Some(Involvement::Secondary)), false),
        ("without any grant", receiver(&pedro(), none, Some(Involvement::Secondary)), false),
        ("an agent", receiver(&staff(StaffRole::Agent), none, None), false),
        (
            "a consultant with a copy",
            receiver(&staff(StaffRole::Consultant), (Some(grant(Level::Cc)), None), Some(Involvement::Cc)),
            true,
        ),
    ] {
        assert_eq!(hears(&facts), expected, "{who}");
    }
    let suspension = Suspension { holder: OrganizationStatus::Suspended, ..RUNNING };
    let suspended = HeldGrants::of(&pedro().actor(), None, Some(grant(Level::View)), suspension);
    assert!(!hears(&receives(&pedro(), suspended, None)));
    // A confidential request is told to those whom it names alone (S-14).
    let mut concealed = receiver(&pedro(), ours(Level::FullAdmin), None);
    concealed.request.request = Some(ServiceRequest { confidential: true, ..request() });
    assert!(!hears(&concealed));
    concealed.request.role = Some(Involvement::Cc);
    assert!(hears(&concealed));
}

/// S-12, C-15: while the grant behind the point of contact rests, the submitter stands in or, where they are gone, the primary
/// support contacts.
#[test]
fn while_a_lead_rests_somebody_of_the_organization_stands_in_s_12_c_15() {
    let led = |admission| {
        let point_of_contact = Some(reference(&partner_designated()));
        Some(ServiceRequest {
            point_of_contact,
            admission: Some(admission),
            submitted_by: reference(&reporter()),
            ..request()
        })
    };
    let resting = Admission { rests: true, ..ADMITTED };
    let over = Admission { ends_at: Some(NOW), ..ADMITTED };
    for (who, person, admission, submitter_is_here, expected) in [
        ("the submitter", reporter(), resting, true, true),
        ("the submitter, when it is over", reporter(), over, true, true),
        ("the submitter, while it lasts", reporter(), ADMITTED, true, false),
        ("a guard", guardian(), resting, true, false),
        ("a guard, where the submitter is gone", guardian(), resting, false, true),
        ("a manager, where the submitter is gone", manager(), resting, false, false),
        ("a guard, while it lasts", guardian(), ADMITTED, false, false),
    ] {
        let facts = RequestFacts::of(NOW, person.actor(), &HeldGrants::NONE, led(admission), None);
        assert_eq!(hears(&ReceiverFacts { request: facts, submitter_is_here }), expected, "{who}");
    }
    // Whoever leads hears of it as long as they lead.
    for (admission, expected) in [(ADMITTED, true), (resting, false), (over, false)] {
        let cc = HeldGrants { individual: Some(grant(Level::Cc)), ..HeldGrants::NONE };
        let facts = RequestFacts::of(NOW, partner_designated().actor(), &cc, led(admission), None);
        assert_eq!(hears(&ReceiverFacts { request: facts, submitter_is_here: true }), expected, "{admission:?}");
    }
}

/// The customer's contact who submitted the request (contact 31).
fn reporter() -> Contact {
    Contact { id: id(31), ..designated() }
}

#[test]
fn never_to_the_author_never_a_note_never_of_another_request_s_5_s_12() {
    let facts = receiver(&designated(), (None, None), None);
    let agent = || message(&staff(StaffRole::Agent));
    let told = reply(&facts, &agent()).unwrap().into_value();
    assert_eq!((told.0.id, told.1.body.as_str()), (request().id, "It works again."));
    assert!(reply(&facts, &Message { author: None, ..agent() }).is_some(), "the system's own");
    assert!(reply(&facts, &message(&designated())).is_none());
    assert!(reply(&facts, &Message { internal: true, ..agent() }).is_none());
    assert!(reply(&facts, &Message { request: id(7), ..agent() }).is_none());
    let gone = ReceiverFacts { request: RequestFacts { request: None, ..facts.request.clone() }, ..facts };
    assert!(reply(&gone, &agent()).is_none());
}

#[test]
fn a_public_reply_owes_one_broadcast_and_a_note_none_s_5_s_12() {
    let posted = |internal| {
        let actor = staff(StaffRole::Agent).actor();
        let facts = RequestFacts {
            actor,
            standing: desk(StaffRole::Agent),
            request: Some(request()),
            role: None,
            lead_at_rest: false,
        };
        let command = CreateMessage { id: id(6), body: MessageBody::parse("Done.").unwrap(), internal };
        post(&by(&staff(StaffRole::Agent)), facts, command).unwrap()
    };
    let expected = Broadcast {
        kind: MailKind::Reply,
        about: posted(false).message.after().id.into(),
        request: Some(request().id),
        by: None,
    };
    assert_eq!(posted(false).message.broadcasts(), Some(&expected));
    assert_eq!((posted(false).request.broadcasts(), posted(true).message.broadcasts()), (None, None));
}

#[test]
fn that_staff_solved_or_closed_a_request_is_told_as_long_as_it_is_so_s_4_s_12() {
    let news = |person: &dyn Fn() -> RequestFacts, after: RequestStatus| {
        let facts = EditFacts { request: person(), assignee: None, point_of_contact: PointOfContact::Unnamed };
        let change = edit(&by(&manager()), facts, EditRequest { status: Some(after), ..EditRequest::default() });
        change.ok().and_then(|change| change.broadcasts().map(|broadcast| (broadcast.kind, broadcast.about)))
    };
    let of =
        |actor, standing| RequestFacts { actor, standing, request: Some(request()), role: None, lead_at_rest: false };
    let agent = || of(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent));
    let own = || of(manager().actor(), standing(&manager()));
    let about = request().id.into();
    for (after, expected) in [
        (RequestStatus::Open, None),
        (RequestStatus::WaitingOnSupport, None),
        (RequestStatus::WaitingOnCustomer, None),
        (RequestStatus::Solved, Some((MailKind::RequestSolved, about))),
        (RequestStatus::Closed, Some((MailKind::RequestClosed, about))),
    ] {
        assert_eq!(news(&agent, after), expected, "{after:?}");
        assert_eq!(news(&own, after), None, "customers know what they did");
    }
    let again = || RequestFacts { request: Some(request_in(RequestStatus::Solved)), ..agent() };
    assert_eq!(news(&again, RequestStatus::Solved), None, "that is no news");
    let mut facts = receiver(&designated(), (None, None), None);
    assert!(status(&facts, RequestStatus::Solved).is_none());
    facts.request.request = Some(request_in(RequestStatus::Solved));
    assert!(status(&facts, RequestStatus::Solved).is_some());
    facts.request.actor = manager().actor();
    assert!(status(&facts, RequestStatus::Solved).is_none(), "it does not concern them");
}

#[test]
fn a_request_closes_when_it_has_been_solved_for_long_enough_s_4_x_2() {
    let system = Context { actor: None, now: NOW, origin: Origin::default() };
    let solved_at = |at: Timestamp| ServiceRequest { solved_at: Some(at), ..request_in(RequestStatus::Solved) };
    let period = Span::days(14);
    let due = NOW.minus(period);
    let change = close(&system, solved_at(due), period).unwrap();
    let after = change.after();
    assert_eq!((after.status, after.closed_at, after.solved_at), (RequestStatus::Closed, Some(NOW), Some(due)));
    assert_eq!(after.activity_at, YESTERDAY, "nobody did anything");
    let entry = &change.entries()[0];
    assert_eq!((entry.kind.name(), entry.actor, entry.at), ("service_request.updated", None, NOW));
    assert!(change.broadcasts().is_none() && change.notices().is_empty());
    assert!(close(&system, solved_at(due.plus(Span::seconds(1))), period).is_none());
    for status in RequestStatus::ALL.iter().copied().filter(|status| *status != RequestStatus::Solved) {
        let request = ServiceRequest { status, ..solved_at(due) };
        assert!(close(&system, request, period).is_none(), "{status:?}");
    }
    assert!(written(&edited_back()).iter().any(|line| line == "status: solved -> open"));
}

/// Who takes `solved` back starts the time anew.
fn edited_back() -> mandate_core::change::Change<ServiceRequest> {
    let request = RequestFacts {
        actor: manager().actor(),
        standing: standing(&manager()),
        request: Some(request_in(RequestStatus::Solved)),
        role: None,
        lead_at_rest: false,
    };
    let facts = EditFacts { request, assignee: None, point_of_contact: PointOfContact::Unnamed };
    let command = EditRequest { status: Some(RequestStatus::Open), ..EditRequest::default() };
    let change = edit(&by(&manager()), facts, command).unwrap();
    assert_eq!(change.after().solved_at, None);
    change
}

fn called(from: &str, until: &str) -> NotificationPreferences {
    let time = |text| TimeOfDay::parse(text).unwrap();
    let hours = Hours { from: time(from), until: time(until), time_zone: TimeZone::default() };
    let call = CallPreference { phone: Phone::parse("+1.650.555.0100").unwrap(), hours };
    NotificationPreferences { severity_1: Some(call), ..NotificationPreferences::default() }
}

#[test]
fn agents_see_whom_to_call_about_severity_1_and_2_c_19_s_12() {
    let facts = |actor, standing, severity| {
        let request = ServiceRequest { severity, ..request() };
        RequestFacts { actor, standing, request: Some(request), role: None, lead_at_rest: false }
    };
    for severity in 1..=4 {
        let seen = |actor, standing| allow(&facts(actor, standing, severity)).is_some();
        assert_eq!(seen(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent)), severity <= 2);
        assert_eq!(seen(staff(StaffRole::DutyManager).actor(), desk(StaffRole::DutyManager)), severity <= 2);
        assert!(!seen(guardian().actor(), standing(&guardian())));
        assert!(!seen(partner_designated().actor(), partner(Level::FullAdmin)));
        assert!(!seen(staff(StaffRole::Consultant).actor(), consultant(Level::FullAdmin)));
        assert!(!seen(staff(StaffRole::Administrator).actor(), desk(StaffRole::Administrator)));
    }
    let candidate = |person: &Contact, role| Candidate {
        person: person.actor(),
        organization_status: OrganizationStatus::Active,
        grants: HeldGrants { individual: None, organization: None, suspension: RUNNING },
        role,
    };
    let urgent = ServiceRequest { severity: 1, ..request() };
    let people = || {
        vec![
            (candidate(&manager(), None), called("08:00", "12:00")),
            (candidate(&guardian(), Some(part(Involvement::Cc))), called("12:00", "13:00")),
            (candidate(&designated(), None), called("22:00", "06:00")),
            (candidate(&reader(), None), called("00:00", "00:00")),
            (candidate(&partner_designated(), Some(part(Involvement::Secondary))), called("00:00", "00:00")),
            (candidate(&manager(), None), NotificationPreferences::default()),
        ]
    };
    let told: Vec<_> = of(NOW, &urgent, people())
        .into_iter()
        .map(|callee| (callee.person.id, callee.involvement, callee.is_within_hours))
        .collect();
    // It is noon.
    assert_eq!(
        told,
        [
            (designated().id.into(), Some(Involvement::PointOfContact), false),
            (guardian().id.into(), Some(Involvement::Cc), true),
            (manager().id.into(), None, false),
        ]
    );
    assert!(of(NOW, &ServiceRequest { severity: 2, ..request() }, people()).is_empty(), "nobody asked for that");
    let many = (0..=CALL_LIST_MAX).map(|_| (candidate(&manager(), None), called("00:00", "00:00"))).collect();
    assert_eq!(of(NOW, &urgent, many).len(), CALL_LIST_MAX);
}
