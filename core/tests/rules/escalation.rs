//! Escalations: who opens them, how they move, what has to be verified (E-1 … E-8, E-11).

use mandate_core::access::Standing;
use mandate_core::actor::{Actor, PersonRef};
use mandate_core::change::{Change, Context};
use mandate_core::escalation::{
    Act, Approval, Channel, Escalation, EscalationFacts, EscalationStatus, LAPSE, OpenEscalation, OpenFacts, State,
    Ties, Traces, open, view,
};
use mandate_core::escalation_case::{
    Absence, Case, Item, KnownNumber, Letter, MailingAddress, Method, Nominee, Seniority, Unavailable, Verification,
    VerifyItem,
};
use mandate_core::escalation_step::{
    Approve, ConfirmNumber, EditCase, NomineeFacts, Step, Verify, approve, confirm_number, edit, object,
    provide_information, reject, request_information, resume, review, verify, withdraw,
};
use mandate_core::escalation_story::{Audience, audience};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::text::{AddressLine, Country, Email, JobTitle, PersonName, Phone, TimeZone};
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{
    Category, ContactType, Level, OrganizationType, Permission, RequestStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, Person, TOMORROW, VENDOR, YESTERDAY, by, consultant, designated, desk, domains,
    guardian, id, member, named, note, organization, origin, outsider, partner, partner_guardian, reader, reference,
    request, request_in, staff, standing,
};

/// The waiting period of these tests.
const WAIT: Span = Span::days(1);

/// A letter that has everything.
pub(crate) fn case() -> Case {
    let line = |text| AddressLine::parse(text).unwrap();
    Case {
        letter: Letter {
            author_name: Some(PersonName::parse("Carla Director").unwrap()),
            author_title: Some(JobTitle::parse("Chief Operating Officer").unwrap()),
            author_seniority: Some(Seniority::CLevel),
            author_email: Some(Email::parse("carla@acme.example").unwrap()),
            signed: true,
            received_at: Some(YESTERDAY),
            grants_contact_creation: true,
            attachments: [id(1)].into(),
        },
        nominee: Nominee {
            email: Email::parse("nora@acme.example").unwrap(),
            first_name: PersonName::parse("Nora").unwrap(),
            last_name: PersonName::parse("Lima").unwrap(),
            phone: Some(Phone::parse("+1.650.555.0100").unwrap()),
            time_zone: TimeZone::default(),
            mailing_address: Some(MailingAddress {
                lines: vec![line("1 Main Street")],
                city: line("Springfield"),
                region: None,
                postal_code: Some(line("12345")),
                country: Country::parse("US").unwrap(),
            }),
        },
        unavailable: vec![Unavailable { contact: guardian().id, reason: Absence::Left, note: None }],
    }
}

/// Every item, read in the letter.
pub(crate) fn verified() -> Vec<Verification> {
    let by = reference(&reviewer());
    let each = Item::ALL.iter().copied();
    each.map(|item| Verification {
        item,
        method: Method::LetterRead,
        note: None,
        number: None,
        by: by.clone(),
        at: YESTERDAY,
    })
    .collect()
}

/// Duty managers are told apart by their numbers.
fn duty_manager(number: u128) -> mandate_core::staff::StaffMember {
    mandate_core::staff::StaffMember { id: id(number), ..staff(StaffRole::DutyManager) }
}

pub(crate) fn reviewer() -> mandate_core::staff::StaffMember {
    duty_manager(31)
}

pub(crate) fn approver() -> mandate_core::staff::StaffMember {
    duty_manager(32)
}

pub(crate) fn third() -> mandate_core::staff::StaffMember {
    duty_manager(33)
}

/// The approval of these tests; its waiting period is over [`NOW`].
pub(crate) fn approval() -> Approval {
    Approval { by: approver().id.into(), at: YESTERDAY, completes_at: NOW, rests_since: None }
}

pub(crate) fn acted(person: &impl Person) -> Act {
    Act { by: Some(person.actor().id()), at: YESTERDAY, reason: Some(note("because")) }
}

/// The customer's escalation in a state, which its designated contact opened and which has everything verified.
pub(crate) fn escalation(state: State) -> Escalation {
    Escalation {
        id: id(1),
        organization: named(CUSTOMER),
        channel: Channel::ServiceRequest,
        service_request: Some(id(1)),
        case: case(),
        verified: verified(),
        reviewer: Some(reviewer().id.into()),
        state,
        resumption: None,
        traces: Traces { verified_by: [reviewer().id.into()].into(), ..Traces::default() },
        opened_by: reference(&designated()),
        created_at: YESTERDAY,
        updated_at: YESTERDAY,
        version: 1,
    }
}

/// A state of each kind.
pub(crate) fn states() -> [State; 10] {
    let objected = |stopped| State::Objected { objection: acted(&guardian()), stopped: Box::new(stopped) };
    [
        State::Submitted,
        State::InReview { returned: None },
        State::InformationRequested(acted(&reviewer())),
        State::Approved(approval()),
        objected(State::Approved(approval())),
        objected(State::InReview { returned: None }),
        State::Completed { approval: approval(), contact: id(20), at: NOW },
        State::Rejected(acted(&approver())),
        State::Withdrawn(acted(&designated())),
        State::Lapsed { at: YESTERDAY },
    ]
}

pub(crate) fn facts(person: &(impl Person + ?Sized), escalation: Escalation) -> EscalationFacts {
    let standing = Standing::of(&person.actor(), escalation.organization.id, None);
    EscalationFacts {
        actor: person.actor(),
        standing,
        escalation: Some(escalation),
        ties: Ties::default(),
        is_suspended: false,
    }
}

pub(crate) fn nominee_facts() -> NomineeFacts {
    NomineeFacts {
        former: Vec::new(),
        organization: organization(CUSTOMER),
        vendor_domains: domains(&["vendor.example"]),
        existing: None,
        disabled_since: false,
        to_be_named: vec![guardian().id],
    }
}

pub(crate) fn approving(version: Option<i64>) -> Approve {
    Approve { version, wait: WAIT, nominee: nominee_facts() }
}

fn item(item: Item, method: Method) -> VerifyItem {
    VerifyItem { item, method, note: None, number: None }
}

pub(crate) fn verifying(items: Vec<VerifyItem>) -> Verify {
    let number = |text, person: &PersonRef| KnownNumber {
        number: Phone::parse(text).unwrap(),
        person: person.clone(),
        since: YESTERDAY,
    };
    let numbers = vec![number("+1.650.555.0199", &reference(&guardian()))];
    Verify { items, numbers, min_age: Span::seconds(0), is_signed_by_author: false, expected_version: None }
}

/// Confirms a number; of those that are known the guardian's is the only one.
pub(crate) fn confirming(number: &str) -> ConfirmNumber {
    let Verify { numbers, min_age, .. } = verifying(Vec::new());
    let number = Phone::parse(number).unwrap();
    ConfirmNumber { number, note: note("hers for years"), numbers, min_age, expected_version: None }
}

/// Takes a step, whatever it is.
pub(crate) fn take(context: &Context, facts: EscalationFacts, step: Step) -> Result<Change<Escalation>, Refusal> {
    match step {
        Step::Edit => {
            let known_primaries = vec![guardian().id];
            let known_attachments = Vec::new();
            edit(context, facts, EditCase { case: case(), known_attachments, known_primaries, expected_version: None })
        }
        Step::Review => review(context, facts, None),
        Step::Verify => verify(context, facts, verifying(vec![item(Item::Signature, Method::LetterRead)])),
        Step::RequestInformation => request_information(context, facts, note("who signed?"), None),
        Step::ProvideInformation => provide_information(context, facts, None),
        Step::Approve => approve(context, facts, approving(Some(1))),
        Step::Reject => reject(context, facts, note("no letter"), None),
        Step::Withdraw => withdraw(context, facts, None, None),
        Step::Object => object(context, facts, note("I am here"), None),
        Step::Resume => resume(context, facts, note("they are not"), WAIT, None),
        Step::Complete => crate::escalation_completion::completed(context, facts),
        Step::ConfirmNumber => confirm_number(context, facts, confirming("+1.650.555.0199")),
    }
}

fn opening() -> OpenEscalation {
    OpenEscalation { id: id(1), channel: Channel::ServiceRequest, case: case() }
}

pub(crate) fn open_facts(person: &impl Person) -> OpenFacts {
    OpenFacts {
        actor: person.actor(),
        standing: standing(person),
        organization: Some(organization(CUSTOMER)),
        under_way: None,
        service_request: None,
        has_outsiders: false,
        known_attachments: vec![id(1)],
        on_account_team: false,
        to_be_named: vec![guardian().id],
        known_primaries: vec![guardian().id],
    }
}

#[test]
fn a_designated_contact_opens_an_escalation_e_1_e_2_e_3_e_4_e_11() {
    #[derive(Debug, Clone)]
    struct Opening {
        facts: OpenFacts,
        command: OpenEscalation,
    }
    let stranger = Unavailable { contact: reader().id, reason: Absence::OnLeave, note: None };
    let opened = climb(
        Opening {
            facts: OpenFacts {
                standing: Standing::Stranger,
                organization: None,
                under_way: Some(id(9)),
                service_request: Some(None),
                known_attachments: Vec::new(),
                ..open_facts(&designated())
            },
            command: OpenEscalation {
                channel: Channel::Phone,
                case: Case {
                    letter: Letter { received_at: Some(TOMORROW), ..case().letter },
                    unavailable: vec![stranger],
                    ..case()
                },
                ..opening()
            },
        },
        |world| open(&by(&designated()), world.facts, world.command),
        [
            trips::<Opening>(Code::NotFound).until(|world| world.facts.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.standing = partner(Level::FullAdmin)),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::DesignatedSupport))
                .until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Roles(&[StaffRole::DutyManager]))
                .at("#/channel")
                .until(|world| world.command.channel = Channel::ServiceRequest),
            trips(Code::EscalationExists)
                .with(Extra::About(mandate_core::id::EscalationId::from_u128(9).into()))
                .until(|world| world.facts.under_way = None),
            trips(Code::ValidationFailed).at("#/service_request_id").until(|world| {
                world.facts.service_request = Some(Some(mandate_core::service_request::ServiceRequest {
                    organization: named(OTHER_CUSTOMER),
                    ..request()
                }));
            }),
            trips(Code::ValidationFailed)
                .at("#/service_request_id")
                .until(|world| world.facts.service_request = Some(Some(request()))),
            trips(Code::ValidationFailed)
                .at("#/service_request_id")
                .until(|world| world.facts.service_request = Some(Some(request_in(RequestStatus::Closed)))),
            trips(Code::ServiceRequestClosed).at("#/service_request_id").until(|world| {
                world.facts.service_request = Some(Some(mandate_core::service_request::ServiceRequest {
                    category: Category::PrimaryContactRecovery,
                    ..request()
                }));
            }),
            trips(Code::AttachmentNotAllowed)
                .at("#/letter/attachment_ids")
                .until(|world| world.facts.known_attachments = vec![id(1)]),
            trips(Code::ValidationFailed)
                .at("#/letter/received_at")
                .until(|world| world.command.case.letter = case().letter),
            trips(Code::ValidationFailed)
                .at("#/unavailable")
                .until(|world| world.command.case.unavailable = Vec::new()),
            trips(Code::PrimarySupportContactAvailable)
                .at("#/unavailable")
                .with(Extra::Missing(vec![guardian().id.to_string()]))
                .until(|world| world.command.case = case()),
        ],
    );
    let after = opened.after();
    assert_eq!((after.state.clone(), after.version, after.service_request), (State::Submitted, 1, Some(id(1))));
    assert!(after.verified.is_empty());
    assert_eq!(written(&opened), ["escalation.opened in org_1 by contact_3 for org_1"]);
    assert_eq!(audience(&opened), Audience::DutyManagers);
}

#[test]
fn each_way_in_has_its_own_people_e_2() {
    let opened = |person: &dyn Person, channel| {
        let facts = OpenFacts {
            actor: person.actor(),
            standing: Standing::of(&person.actor(), CUSTOMER, None),
            on_account_team: true,
            ..open_facts(&designated())
        };
        let context = Context { actor: Some(person.actor()), now: NOW, origin: origin() };
        open(&context, facts, OpenEscalation { channel, ..opening() }).map(drop).map_err(|refusal| refusal.code)
    };
    let ways =
        |person: &dyn Person| Channel::ALL.iter().map(|channel| opened(person, *channel).is_ok()).collect::<Vec<_>>();
    assert_eq!(ways(&designated()), [true, false, false]);
    assert_eq!(ways(&guardian()), [true, false, false]);
    assert_eq!(ways(&reader()), [false; 3]);
    for role in StaffRole::ALL.iter().copied() {
        let phones = role == StaffRole::DutyManager;
        let passes_on = matches!(role, StaffRole::TechnicalAccountManager | StaffRole::SalesManager);
        assert_eq!(ways(&staff(role)), [false, phones, passes_on], "{}", role.name());
    }
    let vendor = OpenFacts {
        organization: Some(organization(VENDOR)),
        standing: desk(StaffRole::DutyManager),
        actor: reviewer().actor(),
        ..open_facts(&designated())
    };
    assert_eq!(organization(VENDOR).kind, OrganizationType::Vendor);
    let phone = OpenEscalation { channel: Channel::Phone, ..opening() };
    assert_eq!(code(open(&by(&reviewer()), vendor, phone).map(drop)), Code::NotFound);
}

#[test]
fn an_escalation_is_seen_inside_the_organization_and_by_staff_alone_e_11() {
    let sees = |actor: Actor, standing: Standing| {
        let facts = EscalationFacts { actor, standing, ..facts(&designated(), escalation(State::Submitted)) };
        view(NOW, facts).map(drop).map_err(|refusal| refusal.code)
    };
    for permission in Permission::ALL.iter().copied() {
        let expected = if permission == Permission::KnowledgeBase { Err(Code::PermissionRequired) } else { Ok(()) };
        assert_eq!(sees(designated().actor(), member(permission, ContactType::Technical)), expected);
    }
    for level in Level::ALL.iter().copied().filter(|level| *level != Level::None) {
        assert_eq!(sees(partner_guardian().actor(), partner(level)), Err(Code::NotFound), "{level:?}");
        let by_grant = sees(staff(StaffRole::Consultant).actor(), consultant(level));
        assert!(by_grant.is_err(), "{level:?}");
    }
    for role in StaffRole::ALL.iter().copied() {
        let expected = if role == StaffRole::Consultant { Err(Code::StaffOnly) } else { Ok(()) };
        assert_eq!(sees(staff(role).actor(), desk(role)), expected, "{}", role.name());
    }
    assert_eq!(sees(outsider().actor(), Standing::Stranger), Err(Code::NotFound));
}

#[test]
fn an_edit_voids_the_verification_of_what_it_touches_e_6() {
    use Item::{
        AuthorSeniority, AuthorTitle, ExpressStatement, NomineeEmail, NomineeMailingAddress, NomineePhone, Signature,
    };
    type Edit = (&'static str, fn(&mut Case), &'static [Item]);
    let edits: [Edit; 13] = [
        ("nothing", |_| {}, &[]),
        ("title", |case| case.letter.author_title = None, &[AuthorTitle]),
        ("seniority", |case| case.letter.author_seniority = Some(Seniority::Owner), &[AuthorSeniority]),
        ("author", |case| case.letter.author_name = None, &[AuthorTitle, AuthorSeniority, Signature]),
        ("their email", |case| case.letter.author_email = None, &[AuthorTitle, AuthorSeniority, Signature]),
        ("signed", |case| case.letter.signed = false, &[Signature]),
        ("received", |case| case.letter.received_at = None, &[]),
        ("statement", |case| case.letter.grants_contact_creation = false, &[ExpressStatement]),
        ("letter", |case| case.letter.attachments = [id(2)].into(), Item::ALL),
        ("phone", |case| case.nominee.phone = None, &[NomineePhone]),
        ("address", |case| case.nominee.mailing_address = None, &[NomineeMailingAddress]),
        (
            "email",
            |case| case.nominee.email = Email::parse("eva@acme.example").unwrap(),
            &[NomineeEmail, NomineePhone, NomineeMailingAddress, ExpressStatement],
        ),
        (
            "name",
            |case| case.nominee.last_name = PersonName::parse("Other").unwrap(),
            &[NomineeEmail, NomineePhone, NomineeMailingAddress, ExpressStatement],
        ),
    ];
    for (what, mutate, voided) in edits {
        let mut edited = case();
        mutate(&mut edited);
        let command = EditCase {
            case: edited,
            known_attachments: vec![id(2)],
            known_primaries: vec![guardian().id],
            expected_version: Some(1),
        };
        let change = edit(&by(&designated()), facts(&designated(), escalation(State::Submitted)), command).unwrap();
        assert_eq!(change.after().missing(), voided, "{what}");
        assert_eq!(change.is_effective(), what != "nothing");
        assert_eq!(change.after().version, 1 + i64::from(what != "nothing"));
    }
}

#[test]
fn each_item_is_verified_by_a_method_with_its_evidence_e_6_e_6a() {
    let answer = |case: Case, wanted: VerifyItem, signed: bool| {
        let escalation = Escalation { case, verified: Vec::new(), ..escalation(State::InReview { returned: None }) };
        let command = Verify { is_signed_by_author: signed, ..verifying(vec![wanted]) };
        verify(&by(&reviewer()), facts(&reviewer(), escalation), command)
            .map(|change| change.after().missing().len())
            .map_err(|refusal| refusal.code)
    };
    let phone = |text| Some(Phone::parse(text).unwrap());
    let call = |number| VerifyItem { number, ..item(Item::NomineePhone, Method::CallBack) };
    for one in Item::ALL.iter().copied() {
        assert_eq!(answer(case(), item(one, Method::LetterRead), false), Ok(6), "{}", one.name());
        // What the email says of itself is never enough.
        assert_eq!(answer(case(), item(one, Method::EmailSignature), true), Ok(7), "{}", one.name());
    }
    assert_eq!(answer(case(), item(Item::Signature, Method::EmailSignature), false), Err(Code::ValidationFailed));
    assert_eq!(answer(case(), call(phone("+1.650.555.0199")), false), Ok(6));
    assert_eq!(answer(case(), call(None), false), Err(Code::ValidationFailed));
    // The number that the letter itself brought (E-6a).
    assert_eq!(answer(case(), call(phone("+1.650.555.0100")), false), Err(Code::CallBackNumberNotAllowed));
    let odd = VerifyItem { number: phone("+1.650.555.0199"), ..item(Item::Signature, Method::LetterRead) };
    assert_eq!(answer(case(), odd, false), Err(Code::ValidationFailed));
    for method in [Method::VideoCall, Method::AccountTeamConfirmed] {
        assert_eq!(answer(case(), item(Item::Signature, method), false), Err(Code::ValidationFailed));
        let noted = VerifyItem { note: Some(note("with her badge")), ..item(Item::Signature, method) };
        assert_eq!(answer(case(), noted, false), Ok(6));
    }
    let empty = || Case {
        letter: Letter::default(),
        nominee: Nominee { phone: None, mailing_address: None, ..case().nominee },
        ..case()
    };
    for one in Item::ALL.iter().copied() {
        let noted = VerifyItem { note: Some(note("seen")), ..item(one, Method::VideoCall) };
        let expected = if one == Item::NomineeEmail { Ok(6) } else { Err(Code::NothingToVerify) };
        assert_eq!(answer(empty(), noted, false), expected, "{}", one.name());
    }
    assert_eq!(answer(empty(), item(Item::NomineeEmail, Method::LetterRead), false), Err(Code::ValidationFailed));
}

#[test]
fn an_approval_needs_every_item_the_version_read_and_a_nominee_who_can_be_appointed_e_4_e_6_e_7_e_9() {
    #[derive(Debug, Clone)]
    struct Approval {
        facts: EscalationFacts,
        command: Approve,
    }
    let elsewhere = mandate_core::contact::Existing { person: outsider().id.into(), organization: OTHER_CUSTOMER };
    let approved = climb(
        Approval {
            facts: facts(
                &approver(),
                Escalation {
                    verified: vec![verified().remove(3)],
                    case: Case {
                        nominee: Nominee { email: Email::parse("nora@eu.vendor.example").unwrap(), ..case().nominee },
                        unavailable: Vec::new(),
                        ..case()
                    },
                    ..escalation(State::InReview { returned: None })
                },
            ),
            command: Approve {
                nominee: NomineeFacts { existing: Some(elsewhere), disabled_since: true, ..nominee_facts() },
                ..approving(Some(3))
            },
        },
        |world| approve(&by(&approver()), world.facts, world.command),
        [
            trips::<Approval>(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.version = None),
            trips(Code::ValidationFailed)
                .at("#/version")
                .with(Extra::MemberCode("required"))
                .until(|world| world.command.version = Some(1)),
            trips(Code::VerificationIncomplete)
                .with(Extra::Missing(
                    Item::ALL
                        .iter()
                        .filter(|item| **item != Item::NomineeEmail)
                        .map(|item| item.name().to_owned())
                        .collect(),
                ))
                .until(|world| world.facts.escalation.as_mut().unwrap().verified = verified()),
            trips(Code::VendorStaffNotAllowed)
                .at("#/nominee/email")
                .until(|world| world.facts.escalation.as_mut().unwrap().case.nominee = case().nominee),
            trips(Code::ContactInOtherOrganization)
                .at("#/nominee/email")
                .with(Extra::InvitationAvailable(false))
                .until(|world| {
                    let guardian = guardian().id.into();
                    world.command.nominee.existing =
                        Some(mandate_core::contact::Existing { person: guardian, organization: CUSTOMER });
                    world.facts.escalation.as_mut().unwrap().case.unavailable = case().unavailable;
                }),
            trips(Code::NomineeNotAllowed).at("#/nominee/email").until(|world| {
                world.command.nominee.existing = None;
                world.facts.escalation.as_mut().unwrap().case.unavailable = Vec::new();
            }),
            trips(Code::NomineeNotAllowed)
                .at("#/nominee/email")
                .until(|world| world.command.nominee.disabled_since = false),
            trips(Code::PrimarySupportContactAvailable)
                .at("#/unavailable")
                .with(Extra::Missing(vec![guardian().id.to_string()]))
                .until(|world| world.facts.escalation.as_mut().unwrap().case = case()),
        ],
    );
    let State::Approved(approval) = &approved.after().state else { panic!("{approved:?}") };
    assert_eq!((approval.by, approval.at, approval.completes_at), (approver().id.into(), NOW, NOW.plus(WAIT)));
    assert_eq!(audience(&approved), Audience::Everybody);
    assert_eq!(
        written(&approved),
        [
            "escalation.approved in org_1 by staff_10 for org_1".to_owned(),
            "status: in_review -> approved".to_owned(),
            format!("completes_at: nothing -> {}", NOW.plus(WAIT)),
        ]
        .map(|line| line.replace("staff_10", &crate::ladder::short(approver().id)))
    );
}

#[test]
fn information_that_does_not_come_lapses_after_thirty_days_e_5() {
    let asked = |at: Timestamp| {
        let act = Act { by: Some(reviewer().id.into()), at, reason: Some(note("who signed?")) };
        escalation(State::InformationRequested(act))
    };
    let in_time = asked(NOW.minus(LAPSE).plus(Span::seconds(1)));
    let too_late = asked(NOW.minus(LAPSE));
    assert_eq!(in_time.clone().settled(NOW).state.status(), EscalationStatus::InformationRequested);
    assert_eq!(too_late.clone().settled(NOW).state, State::Lapsed { at: NOW });
    assert!(provide_information(&by(&designated()), facts(&designated(), in_time), None).is_ok());
    let late = refusal(provide_information(&by(&designated()), facts(&designated(), too_late.clone()), None).map(drop));
    assert_eq!((late.code, late.extras), (Code::InvalidTransition, vec![Extra::CurrentStatus("lapsed")]));
    assert_eq!(view(NOW, facts(&designated(), too_late)).unwrap().value().state.status(), EscalationStatus::Lapsed);
}

#[test]
fn an_objection_stops_and_a_second_duty_manager_resumes_where_it_stood_e_7_e_8() {
    let objected = |state: State| {
        let change = object(&by(&guardian()), facts(&guardian(), escalation(state)), note("I am back"), None).unwrap();
        assert_eq!(audience(&change), Audience::DutyManagers);
        change.after().clone()
    };
    let resumed = |state: State| {
        let change = resume(&by(&third()), facts(&third(), objected(state)), note("checked"), WAIT, None).unwrap();
        assert_eq!(change.after().resumption.as_ref().unwrap().reason, Some(note("checked")));
        change.after().state.clone()
    };
    assert_eq!(resumed(State::Submitted), State::Submitted);
    assert_eq!(resumed(State::InReview { returned: None }), State::InReview { returned: None });
    // What was approved waits anew: everybody is told again, and may object again.
    let waits = Approval { completes_at: NOW.plus(WAIT), ..approval() };
    assert_eq!(resumed(State::Approved(approval())), State::Approved(waits));
    let State::InformationRequested(act) = resumed(State::InformationRequested(acted(&reviewer()))) else { panic!() };
    assert_eq!(act.at, NOW);
}
