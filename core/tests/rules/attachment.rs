//! Attachments: uploaded as drafts, added to messages, read by whoever reads those (S-6).

use mandate_core::access::Standing;
use mandate_core::attachment::{
    Attachment, AttachmentFacts, Content, CreateAttachment, Place, Sha256Sum, Stage, add, allow_upload, can_be_letter,
    create, view,
};
use mandate_core::change::Change;
use mandate_core::media_type::MediaType;
use mandate_core::message::{CreateMessage, post};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::service_request::{RequestFacts, ServiceRequest};
use mandate_core::text::{FileName, MessageBody};
use mandate_core::vocabulary::{Involvement, Level, RequestStatus, StaffRole};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, Person, REQUEST, by, consultant, designated, desk, guardian, id, manager, partner,
    partner_designated, reader, reference, request, request_in, staff, standing,
};

fn facts(person: &impl Person, standing: Standing, request: ServiceRequest) -> RequestFacts {
    RequestFacts { actor: person.actor(), standing, request: Some(request), role: None, lead_at_rest: false }
}

fn own(person: &impl Person) -> RequestFacts {
    facts(person, standing(person), request())
}

fn by_agent() -> RequestFacts {
    facts(&staff(StaffRole::Agent), desk(StaffRole::Agent), request())
}

fn content() -> Content {
    let media_type = |text| MediaType::parse(text).unwrap();
    Content {
        media_type: media_type("image/png"),
        detected: media_type("image/png"),
        size: 3,
        sha256: Sha256Sum([7; 32]),
    }
}

fn command() -> CreateAttachment {
    CreateAttachment { id: id(7), file_name: FileName::parse("screen.png").unwrap(), content: content() }
}

/// A draft of somebody's.
fn draft(number: u128, person: &impl Person) -> Attachment {
    Attachment {
        id: id(number),
        place: Place::Request(REQUEST),
        organization: CUSTOMER,
        uploaded_by: reference(person),
        file_name: FileName::parse("screen.png").unwrap(),
        content: content(),
        stage: Stage::Draft,
        created_at: NOW,
        version: 1,
    }
}

fn added(person: &impl Person, internal: bool) -> Attachment {
    Attachment { stage: Stage::Added { message: id(6), internal }, version: 2, ..draft(7, person) }
}

/// Writes a message and adds these to it.
fn posted(
    person: &impl Person,
    facts: &RequestFacts,
    internal: bool,
    named: Vec<Option<Attachment>>,
) -> Result<Vec<Change<Attachment>>, Refusal> {
    let command = CreateMessage { id: id(6), body: MessageBody::parse("See the picture.").unwrap(), internal };
    let message = post(&by(person), facts.clone(), command).unwrap().message;
    add(&by(person), facts, &message, named)
}

#[test]
fn whoever_may_update_an_open_request_uploads_to_it_s_6_s_3_s_4() {
    let person = partner_designated();
    let rungs = || {
        [
            trips::<RequestFacts>(Code::NotFound)
                .until(|world| world.request = Some(request_in(RequestStatus::Closed))),
            trips(Code::NotFound).until(|world| world.standing = partner(Level::View)),
            lacks(Requirement::Level(Level::Update)).until(|world| world.standing = partner(Level::Update)),
            trips(Code::ServiceRequestClosed)
                .with(Extra::CurrentStatus("closed"))
                .until(|world| world.request = Some(request_in(RequestStatus::Solved))),
        ]
    };
    let begin = RequestFacts { request: None, ..facts(&person, Standing::Stranger, request()) };
    climb(begin.clone(), |world| allow_upload(&world), rungs());
    // Decided once more when the bytes are there.
    let change = climb(begin, |world| create(&by(&person), &world, command()), rungs());
    assert_eq!(change.after(), &draft(7, &person));
    assert_eq!(allow_upload(&own(&designated())), Ok(()));
    assert_eq!(code(allow_upload(&own(&reader()))), Code::NotFound);
    // Who takes part uploads to this one request (S-7).
    let secondary = RequestFacts {
        role: Some(Involvement::Secondary),
        ..facts(&partner_designated(), partner(Level::Cc), request())
    };
    assert_eq!(allow_upload(&secondary), Ok(()));
    let cc = RequestFacts { role: Some(Involvement::Cc), ..secondary };
    assert_eq!(code(allow_upload(&cc)), Code::PermissionRequired);
}

#[test]
fn a_draft_stands_in_the_journal_of_its_uploader_without_its_name_s_6_x_2() {
    let facts = facts(&partner_designated(), partner(Level::Update), request());
    let change = create(&by(&partner_designated()), &facts, command()).unwrap();
    assert_eq!(written(&change), ["attachment.uploaded in org_2 by contact_6 for org_1 by grant_1"]);
    assert!(!format!("{:?}", change.entries()).contains("screen.png"));
}

#[test]
fn a_message_takes_up_drafts_for_good_s_6_x_2() {
    let changes = posted(&designated(), &own(&designated()), false, vec![Some(draft(7, &designated()))]).unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.after(), &added(&designated(), false));
    assert_eq!(
        written(change),
        ["service_request.attachment_added in org_1 by contact_3 for org_1", "message_id: nothing -> msg_6"]
    );
    let agent = staff(StaffRole::Agent);
    let changes = posted(&agent, &by_agent(), true, vec![Some(draft(7, &agent))]).unwrap();
    // That of a note gives nothing away in the customer's journal (S-5).
    assert_eq!(written(&changes[0])[0], "service_request.attachment_added in org_9 by staff_1 for org_1");
    assert!(posted(&agent, &by_agent(), true, Vec::new()).unwrap().is_empty());
}

#[test]
fn a_message_takes_up_nothing_but_its_authors_drafts_of_its_request_each_once_s_6() {
    let person = designated();
    let elsewhere = Attachment { place: Place::Request(id(2)), ..draft(8, &person) };
    let named = vec![
        Some(draft(7, &person)),
        None,
        Some(draft(9, &guardian())),
        Some(elsewhere),
        Some(added(&person, false)),
        Some(draft(7, &person)),
        Some(draft(10, &person)),
    ];
    let refusal = refusal(posted(&person, &own(&person), false, named));
    assert_eq!(refusal.code, Code::AttachmentNotAllowed);
    let [Extra::Flaws(flaws)] = refusal.extras.as_slice() else { panic!("{refusal:?}") };
    let pointers: Vec<&str> = flaws.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, [1, 2, 3, 4, 5].map(|index| format!("#/attachment_ids/{index}")));
    // What is wrong with each is not told: nobody learns of somebody else's.
    assert!(flaws.iter().all(|(_, flaw)| flaw == &flaws[0].1));
}

#[test]
fn whoever_may_read_the_message_may_read_its_attachments_and_nobody_else_s_6_s_5() {
    let agent = staff(StaffRole::Agent);
    let consulting = staff(StaffRole::Consultant);
    let (public, internal) = (added(&designated(), false), added(&agent, true));
    for (reader_facts, reads_public, reads_internal) in [
        (own(&designated()), true, false),
        (own(&manager()), true, false),
        (own(&reader()), false, false),
        (facts(&partner_designated(), partner(Level::View), request()), true, false),
        (facts(&partner_designated(), partner(Level::FullAdmin), request()), true, false),
        (facts(&partner_designated(), partner(Level::Cc), request()), false, false),
        (facts(&partner_designated(), Standing::Stranger, request()), false, false),
        (by_agent(), true, true),
        (facts(&consulting, consultant(Level::FullAdmin), request()), true, false),
    ] {
        for (attachment, reads) in [(&public, reads_public), (&internal, reads_internal)] {
            let facts = AttachmentFacts { request: reader_facts.clone(), attachment: Some(attachment.clone()) };
            let seen = view(facts).map(|visible| visible.into_value());
            let expected = if reads { Ok(attachment.clone()) } else { Err(Refusal::not_found()) };
            assert_eq!(seen, expected, "{reader_facts:?}");
        }
    }
    let nothing = AttachmentFacts { request: own(&designated()), attachment: None };
    assert_eq!(view(nothing).map(|visible| visible.into_value()), Err(Refusal::not_found()));
}

#[test]
fn a_draft_is_its_uploaders_alone_as_long_as_they_see_the_request_s_6_x_1() {
    let of = |request: RequestFacts| {
        view(AttachmentFacts { request, attachment: Some(draft(7, &designated())) }).map(|visible| visible.into_value())
    };
    assert_eq!(of(own(&designated())), Ok(draft(7, &designated())));
    for other in [own(&guardian()), by_agent(), facts(&designated(), standing(&reader()), request())] {
        assert_eq!(of(other), Err(Refusal::not_found()));
    }
}

#[test]
fn what_a_file_does_not_look_like_it_is_not_handed_out_as_s_6() {
    let served = |said: &str, seen: &str| {
        let (media_type, detected) = (MediaType::parse(said).unwrap(), MediaType::parse(seen).unwrap());
        Content { media_type, detected, ..content() }.served_as().to_string()
    };
    assert_eq!(served("image/png", "image/png"), "image/png");
    assert_eq!(served("text/csv", "text/plain"), "text/csv");
    assert_eq!(served("image/png", "text/html"), "application/octet-stream");
    assert_eq!(served("application/x-own", "application/octet-stream"), "application/octet-stream");
}

#[test]
fn sums_are_64_hexadecimal_digits_s_6() {
    let sum = Sha256Sum(std::array::from_fn(|index| u8::try_from(index * 8).unwrap()));
    assert_eq!(sum.to_string(), "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8");
    assert_eq!(Sha256Sum::parse(&sum.to_string()), Some(sum));
    for text in ["", "00", &"g0".repeat(32), &"+1".repeat(32), &"é".repeat(32)] {
        assert_eq!(Sha256Sum::parse(text), None, "{text}");
    }
}

#[test]
fn a_letter_is_a_file_of_its_escalation_or_of_the_request_beside_it_that_one_sees_e_3() {
    let (escalation, other) = (Some(id(3)), Some(id(4)));
    let letter = |stage| Attachment { place: Place::Escalation(id(3)), stage, ..draft(7, &designated()) };
    let of = |attachment, request| AttachmentFacts { request, attachment: Some(attachment) };
    let uploaded = || of(letter(Stage::Letter), own(&designated()));
    assert!(can_be_letter(uploaded(), escalation, None));
    assert!(!can_be_letter(uploaded(), other, None) && !can_be_letter(uploaded(), None, Some(REQUEST)));
    let beside = || of(added(&designated(), false), own(&designated()));
    assert!(can_be_letter(beside(), escalation, Some(REQUEST)) && can_be_letter(beside(), None, Some(REQUEST)));
    assert!(!can_be_letter(beside(), escalation, None) && !can_be_letter(beside(), escalation, Some(id(99))));
    // A note of the desk's, and somebody else's draft.
    assert!(!can_be_letter(of(added(&designated(), true), own(&designated())), escalation, Some(REQUEST)));
    assert!(!can_be_letter(of(draft(7, &manager()), own(&designated())), escalation, Some(REQUEST)));
    assert!(!can_be_letter(
        AttachmentFacts { request: own(&designated()), attachment: None },
        escalation,
        Some(REQUEST)
    ));
}
