//! How an escalation is completed (E-9, E-10).

use mandate_core::change::{Change, Context};
use mandate_core::contact::{Contact, Others};
use mandate_core::contact_state::{DisableFacts, RecordIds, StateFacts};
use mandate_core::contact_ties::Ties;
use mandate_core::escalation::{Escalation, EscalationFacts, State};
use mandate_core::escalation_case::{Absence, Case, Unavailable};
use mandate_core::escalation_completion::{
    CompleteFacts, Completed, Completion, CompletionIds, complete, depart, is_present,
};
use mandate_core::escalation_guard::can_be_named;
use mandate_core::escalation_step::NomineeFacts;
use mandate_core::refusal::{Code, Extra, Refusal};
use mandate_core::text::Email;
use mandate_core::time::Span;
use mandate_core::vocabulary::{ContactType, OrganizationStatus, Permission, PersonStatus, StaffRole, Vocabulary as _};

use crate::escalation::{approval, approver, case, escalation, facts, nominee_facts};
use crate::ladder::{code, mails, refusal, written};
use crate::world::{
    BACKED, CUSTOMER, NEW_CONTACT, NOW, OTHER_CUSTOMER, Person, by, designated, guardian, id, manager, named, orphan,
    outsider, reference, request, staff, welcome_ids,
};

pub(crate) fn ids() -> CompletionIds {
    CompletionIds { contact: NEW_CONTACT, welcome: welcome_ids() }
}

fn completing(escalation: EscalationFacts) -> CompleteFacts {
    CompleteFacts {
        escalation,
        by_system: false,
        approver: Some((approver().actor(), OrganizationStatus::Active)),
        nominee: nominee_facts(),
        record: None,
        others: Others { active_manager: true, active_primary: true, active_appointer: true },
        present: vec![guardian().id],
        approver_granted: false,
        is_in_review: false,
    }
}

/// What must be known to complete an escalation that is due.
pub(crate) fn completing_due() -> CompleteFacts {
    completing(facts(&approver(), due()))
}

fn due() -> Escalation {
    escalation(State::Approved(approval()))
}

/// Completes an escalation as everybody tries to.
pub(crate) fn completed(context: &Context, facts: EscalationFacts) -> Result<Change<Escalation>, Refusal> {
    complete(context, completing(facts), ids()).map(|completion| match completion {
        Completion::Done(done) => done.escalation,
        Completion::Returned(change) => *change,
    })
}

fn done(facts: CompleteFacts) -> Completed {
    match complete(&by(&approver()), facts, ids()).unwrap() {
        Completion::Done(done) => *done,
        Completion::Returned(change) => panic!("{change:?}"),
    }
}

#[test]
fn the_nominee_becomes_primary_support_contact_and_a_review_begins_e_9_e_10() {
    let done = done(completing(facts(&approver(), due())));
    let nominee = done.nominee.after();
    assert_eq!(
        (nominee.id, nominee.kind, nominee.permission),
        (NEW_CONTACT, ContactType::PrimarySupport, Permission::ManageContacts)
    );
    assert_eq!((nominee.status, nominee.organization), (PersonStatus::Invited, CUSTOMER));
    assert_eq!(nominee.profile.email, case().nominee.email);
    assert_eq!(
        mails(&done.nominee),
        ["mail_1: welcome to contact_m about contact_m with link_1"
            .replace("contact_m", &crate::ladder::short(NEW_CONTACT))]
    );
    assert_eq!(done.link.as_ref().unwrap().person, NEW_CONTACT.into());
    let expected = State::Completed { approval: approval(), contact: NEW_CONTACT, at: NOW };
    assert_eq!(done.escalation.after().state, expected);
    let review = done.review(&by(&approver()), 5, id(5)).unwrap();
    assert_eq!((review.covered, review.review.after().organization), (5, CUSTOMER));
    assert_eq!(done.departures.iter().map(|one| one.contact()).collect::<Vec<_>>(), [guardian().id]);
    assert_eq!(written(&done.escalation)[1..2], ["status: approved -> completed"]);
}

#[test]
fn a_contact_of_the_organization_is_promoted_and_let_in_again_e_9() {
    for (status, becomes, welcomed, kind) in [
        (PersonStatus::Active, PersonStatus::Active, false, "contact.updated"),
        (PersonStatus::Invited, PersonStatus::Invited, true, "contact.updated"),
        (PersonStatus::Disabled, PersonStatus::Invited, true, "contact.enabled"),
    ] {
        let record = Contact { status, ..designated() };
        let done = done(CompleteFacts { record: Some(record), ..completing(facts(&approver(), due())) });
        let after = done.nominee.after();
        assert_eq!((after.id, after.status, after.kind), (designated().id, becomes, ContactType::PrimarySupport));
        assert_eq!((after.permission, after.disabled.is_none()), (Permission::ManageContacts, true));
        assert_eq!((done.link.is_some(), mails(&done.nominee).len() == 1), (welcomed, welcomed), "{}", status.name());
        assert!(written(&done.nominee)[0].starts_with(kind), "{:?}", written(&done.nominee));
    }
    let open = done_in_review();
    assert!(open.review(&by(&approver()), 5, id(5)).is_none());
}

fn done_in_review() -> Completed {
    done(CompleteFacts { is_in_review: true, ..completing(facts(&approver(), due())) })
}

#[test]
fn the_server_completes_what_is_due_by_itself_e_7_e_9() {
    let system = Context { actor: None, ..by(&approver()) };
    let facts = |state| {
        let demoted = mandate_core::staff::StaffMember { roles: vec![StaffRole::Agent], ..approver() };
        CompleteFacts { by_system: true, ..completing(facts(&demoted, escalation(state))) }
    };
    let Completion::Done(done) = complete(&system, facts(State::Approved(approval())), ids()).unwrap() else {
        panic!()
    };
    assert!(written(&done.escalation)[0].starts_with("escalation.completed in org_1 by the system"));
    assert_eq!(done.nominee.after().created_by, None);
    for state in [State::Submitted, State::Completed { approval: approval(), contact: id(1), at: NOW }] {
        assert_eq!(code(complete(&system, facts(state), ids()).map(drop)), Code::InvalidTransition);
    }
}

#[test]
fn nothing_is_completed_before_its_time_e_7_e_9() {
    let completes_at = NOW.plus(Span::seconds(1));
    let waiting = escalation(State::Approved(mandate_core::escalation::Approval { completes_at, ..approval() }));
    let refused = refusal(completed(&by(&approver()), facts(&approver(), waiting)).map(drop));
    assert_eq!((refused.code, refused.extras), (Code::WaitingPeriod, vec![Extra::CompletesAt(completes_at)]));
}

#[test]
fn what_cannot_be_completed_any_more_goes_back_into_review_e_4_e_9_x_1() {
    let elsewhere = mandate_core::contact::Existing { person: outsider().id.into(), organization: OTHER_CUSTOMER };
    let demoted = mandate_core::staff::StaffMember { roles: vec![StaffRole::Agent], ..approver() };
    let gone = mandate_core::staff::StaffMember { status: PersonStatus::Disabled, ..approver() };
    let vendor = Case {
        nominee: mandate_core::escalation_case::Nominee {
            email: Email::parse("nora@vendor.example").unwrap(),
            ..case().nominee
        },
        ..case()
    };
    let base = || completing(facts(&staff(StaffRole::DutyManager), due()));
    for (facts, why) in [
        (
            CompleteFacts { nominee: NomineeFacts { existing: Some(elsewhere), ..nominee_facts() }, ..base() },
            "another organization",
        ),
        (
            CompleteFacts {
                nominee: NomineeFacts { to_be_named: vec![guardian().id, manager().id], ..nominee_facts() },
                ..base()
            },
            "turn to them",
        ),
        (CompleteFacts { approver: Some((demoted.actor(), OrganizationStatus::Active)), ..base() }, "any more"),
        (CompleteFacts { approver: Some((gone.actor(), OrganizationStatus::Active)), ..base() }, "any more"),
        (CompleteFacts { approver: None, ..base() }, "any more"),
        (
            completing(crate::escalation::facts(&staff(StaffRole::DutyManager), Escalation { case: vendor, ..due() })),
            "belongs to the vendor",
        ),
    ] {
        let Completion::Returned(change) = complete(&by(&staff(StaffRole::DutyManager)), facts, ids()).unwrap() else {
            panic!("{why}");
        };
        let State::InReview { returned: Some(reason) } = &change.after().state else { panic!("{change:?}") };
        assert!(reason.as_str().contains(why), "{reason}");
        assert_eq!(
            mandate_core::escalation_story::audience(&change),
            mandate_core::escalation_story::Audience::DutyManagers
        );
    }
}

#[test]
fn those_who_left_are_disabled_with_all_that_hangs_on_them_e_9_c_15() {
    let absent = |contact: &Contact, reason| Unavailable { contact: contact.id, reason, note: None };
    let unavailable = vec![
        absent(&guardian(), Absence::Left),
        absent(&manager(), Absence::Unreachable),
        absent(&designated(), Absence::Left),
    ];
    let wide = Escalation { case: Case { unavailable, ..case() }, ..due() };
    let facts = CompleteFacts { present: vec![guardian().id, manager().id], ..completing(facts(&approver(), wide)) };
    let done = done(facts);
    // Who is away or does not answer stays, and who is gone already is gone.
    assert_eq!(done.departures.iter().map(|one| one.contact()).collect::<Vec<_>>(), [guardian().id]);
    let departure = &done.departures[0];
    let leaving = |successor: Option<Contact>| DisableFacts {
        state: StateFacts {
            actor: outsider().actor(),
            standing: mandate_core::access::Standing::Stranger,
            contact: Some(guardian()),
        },
        organization: named(CUSTOMER),
        others: BACKED,
        under_way: Some(id(1)),
        ties: Ties { leads: vec![orphan(request(), None, successor.as_slice())], ..Ties::default() },
        successor: successor.as_ref().map(reference),
        review: None,
        invitations: Vec::new(),
    };
    let record = RecordIds { request: id(7), number: 7, message: id(7), mail: id(9) };
    let heir = |successor| {
        let disabled = depart(&by(&approver()), departure, &[guardian().id], leaving(successor), record).unwrap();
        assert_eq!(disabled.contact.after().status, PersonStatus::Disabled);
        disabled.untied.handed_over.requests[0].after().point_of_contact.clone().map(|person| person.id)
    };
    assert_eq!(heir(Some(manager())), Some(manager().id.into()));
    assert_eq!(heir(None), Some(NEW_CONTACT.into()));
    assert_eq!(heir(Some(guardian())), Some(NEW_CONTACT.into()));
    let other = DisableFacts { state: StateFacts { contact: Some(manager()), ..leaving(None).state }, ..leaving(None) };
    assert_eq!(code(depart(&by(&approver()), departure, &[], other, record).map(drop)), Code::Internal);
}

#[test]
fn only_primary_support_contacts_are_unavailable_and_only_who_is_there_is_disabled_e_4_e_9() {
    assert!(can_be_named(&guardian(), CUSTOMER, NOW) && !can_be_named(&guardian(), OTHER_CUSTOMER, NOW));
    assert!(!can_be_named(&manager(), CUSTOMER, NOW));
    for (status, there) in
        [(PersonStatus::Active, true), (PersonStatus::Invited, true), (PersonStatus::Disabled, false)]
    {
        let one = Contact { status, ..guardian() };
        assert!(can_be_named(&one, CUSTOMER, NOW));
        assert_eq!(is_present(&one, CUSTOMER), there, "{status:?}");
        assert!(!is_present(&one, OTHER_CUSTOMER));
    }
}
