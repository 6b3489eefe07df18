//! Contact reviews (C-20).

use mandate_core::access::Standing;
use mandate_core::change::{Authority, Context};
use mandate_core::contact::{Contact, EditContact, EditFacts, Edited, edit};
use mandate_core::contact_review::{
    ConfirmContacts, ConfirmFacts, Confirmed, ContactReview, OpenReview, StartFacts, Tally, allow_list, confirm,
    deal_with, start, view,
};
use mandate_core::id::{ContactId, ReviewId};
use mandate_core::journal::EventKind;
use mandate_core::person::EditProfile;
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::say;
use mandate_core::text::{Flaw, Phone};
use mandate_core::vocabulary::{Level, Permission, ReviewOutcome, ReviewStatus, StaffRole, Vocabulary as _};
use mandate_core::wording::Wording;

use crate::contact::editing;
use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, Person, YESTERDAY, by, designated, desk, guardian, id, manager, named, origin, outsider, partner,
    partner_designated, reader, staff, standing,
};

const REVIEW: ReviewId = ReviewId::from_u128(1);

/// The customer's review, which the guardian started yesterday.
fn review() -> ContactReview {
    ContactReview {
        id: REVIEW,
        organization: CUSTOMER,
        started_at: YESTERDAY,
        started_by: Some(guardian().id.into()),
        closed_at: None,
        updated_at: YESTERDAY,
        version: 3,
    }
}

fn closed() -> ContactReview {
    ContactReview { closed_at: Some(YESTERDAY), ..review() }
}

/// The open review in which somebody is one of so many who are pending.
fn open(pending: i64, another_manager: bool) -> Option<OpenReview> {
    Some(OpenReview { review: review(), pending, another_manager })
}

fn starting(standing: Standing) -> StartFacts {
    StartFacts { standing, organization: Some(named(CUSTOMER)), open: None, covered: 4 }
}

#[test]
fn a_contact_manager_starts_one_review_at_a_time_c_20() {
    let world = StartFacts { organization: None, open: Some(id(7)), ..starting(Standing::Stranger) };
    let started = climb(
        world,
        |world| start(&by(&manager()), world, REVIEW),
        [
            trips::<StartFacts>(Code::NotFound).until(|world| world.organization = Some(named(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.standing = standing(&manager())),
            trips(Code::ReviewOpen).with(Extra::About(ReviewId::from_u128(7).into())).until(|world| world.open = None),
        ],
    );
    let expected = ContactReview {
        started_at: NOW,
        started_by: Some(manager().id.into()),
        updated_at: NOW,
        version: 1,
        ..review()
    };
    assert_eq!((started.review.after(), started.covered), (&expected, 4));
    assert_eq!(written(&started.review), ["contact_review.started in org_1 by contact_2 for org_1"]);
}

#[test]
fn reviews_are_for_whoever_manages_the_contacts_c_9_c_20() {
    for (person, standing, expected) in [
        (guardian(), standing(&guardian()), Ok(())),
        (partner_designated(), partner(Level::FullAdmin), Ok(())),
        (partner_designated(), partner(Level::ServiceAdmin), Err(Code::PermissionRequired)),
        (designated(), standing(&designated()), Err(Code::PermissionRequired)),
        (outsider(), standing(&outsider()), Err(Code::NotFound)),
    ] {
        let started = start(&by(&person), starting(standing.clone()), REVIEW).map(drop);
        let viewed = view(&person.actor(), &standing, Some(review())).map(drop);
        let confirmed = confirm(&by(&person), confirming(&person, &standing), all()).map(drop);
        for answer in [started, viewed, confirmed] {
            assert_eq!(answer.map_err(|refusal| refusal.code), expected, "{standing:?}");
        }
    }
    for role in StaffRole::ALL.iter().copied() {
        let keeps_records = matches!(role, StaffRole::Agent | StaffRole::DutyManager | StaffRole::Administrator);
        let expected = if keeps_records { Ok(()) } else { Err(Code::StaffOnly) };
        let answer = view(&staff(role).actor(), &desk(role), Some(review()));
        assert_eq!(answer.map(drop).map_err(|refusal| refusal.code), expected, "{role:?}");
        assert_eq!(allow_list(&desk(role), Some(named(CUSTOMER))).map_err(|refusal| refusal.code), expected);
        // They read it and do no more.
        let confirmed = confirm(&by(&staff(role)), confirming(&staff(role), &desk(role)), all());
        let denied = if keeps_records { Code::PermissionRequired } else { Code::StaffOnly };
        assert_eq!(code(confirmed), denied, "{role:?}");
    }
}

#[test]
fn a_review_of_nobody_is_closed_at_once_c_20() {
    let facts = StartFacts { covered: 0, ..starting(partner(Level::FullAdmin)) };
    let started = start(&by(&partner_designated()), facts, REVIEW).unwrap().review;
    assert_eq!((started.after().status(), started.after().closed_at), (ReviewStatus::Closed, Some(NOW)));
    let kinds: Vec<_> = started.entries().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EventKind::ReviewStarted, EventKind::ReviewClosed]);
}

/// All that is in the review: the reader has been corrected already.
fn confirming(person: &impl Person, standing: &Standing) -> ConfirmFacts {
    ConfirmFacts {
        actor: person.actor(),
        standing: standing.clone(),
        review: Some(review()),
        pending: 3,
        another_manager: true,
        items: vec![
            (designated(), ReviewOutcome::Pending),
            (reader(), ReviewOutcome::Corrected),
            (guardian(), ReviewOutcome::Pending),
        ],
        handled: std::collections::BTreeSet::new(),
    }
}

fn these(contacts: &[ContactId]) -> ConfirmContacts {
    ConfirmContacts { contacts: contacts.to_vec(), expected_version: None }
}

fn all() -> ConfirmContacts {
    these(&[designated().id, reader().id])
}

/// What the refusal of elements of the request names.
fn flaws(code: Code, places: &[usize], message: impl Fn(usize) -> Wording) -> Extra {
    let flaw = |place: &usize| (format!("#/contact_ids/{place}"), Flaw::new(code.name(), message(*place)));
    Extra::Flaws(places.iter().map(flaw).collect())
}

fn own_record() -> Wording {
    say!(
        "nobody confirms only themselves: another contact manager of the organization, or a partner with \
         `full_admin`, confirms your record; leave it out"
    )
}

#[derive(Debug, Clone)]
struct Confirming {
    facts: ConfirmFacts,
    command: ConfirmContacts,
}

#[test]
fn a_manager_confirms_others_all_or_none_c_20() {
    let outsiders = [outsider().id, id(77)];
    let world = Confirming {
        facts: ConfirmFacts {
            standing: Standing::Stranger,
            review: None,
            ..confirming(&guardian(), &standing(&guardian()))
        },
        command: ConfirmContacts {
            contacts: vec![outsiders[0], designated().id, reader().id, outsiders[1], guardian().id],
            expected_version: Some(7),
        },
    };
    let confirmed = climb(
        world,
        |world| confirm(&by(&guardian()), world.facts, world.command),
        [
            trips::<Confirming>(Code::NotFound).until(|world| world.facts.review = Some(closed())),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&guardian())),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(3))
                .until(|world| world.command.expected_version = Some(3)),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("closed"))
                .until(|world| world.facts.review = Some(review())),
            trips(Code::NotInReview)
                .with(flaws(Code::NotInReview, &[0, 3], |place| {
                    say!("`{contact}` is not in this review", contact = outsiders[usize::from(place > 0)])
                }))
                .until(|world| world.command.contacts = vec![designated().id, reader().id, guardian().id]),
            trips(Code::OwnRecord)
                .with(Extra::AskContactManagersOf(CUSTOMER))
                .with(flaws(Code::OwnRecord, &[2], |_| own_record()))
                .until(|world| world.command = all()),
        ],
    );
    // Who was dealt with before stays as they are.
    let [contact] = confirmed.contacts.as_slice() else { panic!("{confirmed:?}") };
    assert_eq!(written(contact), ["contact.confirmed in org_1 by contact_1 for org_1"]);
    let after = contact.after();
    assert_eq!((after.id, after.version), (designated().id, 2));
    assert_eq!((after.last_confirmed_at, after.last_confirmed_by), (Some(NOW), Some(guardian().id.into())));
    let step = confirmed.step.unwrap();
    assert_eq!((step.contacts(), step.outcome()), ([designated().id].as_slice(), ReviewOutcome::Confirmed));
    assert_eq!((step.by(), step.before_version()), (Some(guardian().id.into()), 3));
    assert_eq!(step.review(), &ContactReview { version: 4, updated_at: NOW, ..review() });
    assert_eq!((step.review(), step.closing()), (&confirmed.review, None));
}

#[test]
fn to_confirm_again_changes_nothing_c_20() {
    let mut facts = confirming(&manager(), &standing(&manager()));
    facts.items = vec![(designated(), ReviewOutcome::Confirmed), (reader(), ReviewOutcome::Disabled)];
    let again = confirm(&by(&manager()), facts, all()).unwrap();
    assert!(again.contacts.is_empty() && again.step.is_none());
    assert_eq!(again.review, review());
    // Named twice is once.
    let twice = these(&[designated().id, designated().id]);
    let confirmed = confirm(&by(&manager()), confirming(&manager(), &standing(&manager())), twice).unwrap();
    assert_eq!((confirmed.contacts.len(), confirmed.step.unwrap().contacts().len()), (1, 1));
}

/// What becomes of a guardian's attempt to confirm their own record.
fn own(another_manager: bool, outcome: ReviewOutcome) -> Result<Confirmed, Refusal> {
    let items = vec![(guardian(), outcome), (designated(), ReviewOutcome::Pending)];
    let facts = ConfirmFacts { another_manager, items, ..confirming(&guardian(), &standing(&guardian())) };
    confirm(&by(&guardian()), facts, these(&[designated().id, guardian().id]))
}

#[test]
fn nobody_confirms_themselves_where_somebody_else_can_c_20() {
    let refused = refusal(own(true, ReviewOutcome::Pending));
    assert_eq!((refused.code, refused.detail), (Code::OwnRecord, own_record()));
    assert_eq!(own(false, ReviewOutcome::Pending).unwrap().contacts.len(), 2);
    // What another manager did before is no longer in question.
    assert_eq!(own(true, ReviewOutcome::Confirmed).unwrap().contacts.len(), 1);
    // A partner who acts for the organization is somebody else.
    let facts = confirming(&partner_designated(), &partner(Level::FullAdmin));
    let confirmed = confirm(&by(&partner_designated()), facts, these(&[guardian().id])).unwrap();
    assert_eq!(written(&confirmed.contacts[0]), ["contact.confirmed in org_1 by contact_6 for org_1 by grant_1"]);
}

#[test]
fn with_the_last_contact_the_review_closes_c_20() {
    let facts = ConfirmFacts { pending: 2, ..confirming(&manager(), &standing(&manager())) };
    let confirmed = confirm(&by(&manager()), facts, these(&[designated().id, guardian().id])).unwrap();
    assert_eq!((confirmed.review.status(), confirmed.review.closed_at), (ReviewStatus::Closed, Some(NOW)));
    let step = confirmed.step.unwrap();
    assert_eq!(
        written(step.closing().unwrap()),
        ["contact_review.closed in org_1 by contact_2 for org_1", "status: open -> closed"]
    );
    assert_eq!((step.review(), step.review().version), (&confirmed.review, 4));
    // Whatever the last one was dealt with by; also by the system.
    let system = Context { actor: None, now: NOW, origin: origin() };
    let dealt = |pending| {
        let open = open(pending, true).unwrap();
        deal_with(&system, Authority::own(CUSTOMER), open, designated().id, ReviewOutcome::Transferred)
    };
    let last = dealt(1);
    assert_eq!(
        (last.review().status(), last.outcome(), last.by()),
        (ReviewStatus::Closed, ReviewOutcome::Transferred, None)
    );
    assert!(last.closing().is_some());
    assert_eq!((dealt(2).review().status(), dealt(2).closing()), (ReviewStatus::Open, None));
}

fn corrected(person: &impl Person, contact: Contact, standing: Standing, open: Option<OpenReview>) -> Edited {
    let phone = Some(Some(Phone::parse("112").unwrap()));
    let command = EditContact { profile: EditProfile { phone, ..EditProfile::default() }, ..EditContact::default() };
    let facts = EditFacts { standing, review: open, ..editing(person, contact) };
    edit(&by(person), facts, command).unwrap()
}

#[test]
fn an_edit_by_a_manager_corrects_a_contact_who_is_pending_c_20() {
    let edited = corrected(&manager(), designated(), standing(&manager()), open(2, true));
    let after = edited.contact.after();
    assert_eq!((after.last_confirmed_at, after.last_confirmed_by), (Some(NOW), Some(manager().id.into())));
    assert_eq!(after.version, 2, "one change");
    assert_eq!(written(&edited.contact), ["contact.updated in org_1 by contact_2 for org_1", "phone: nothing -> 112"]);
    let step = edited.review.unwrap();
    assert_eq!((step.contacts(), step.outcome()), ([designated().id].as_slice(), ReviewOutcome::Corrected));
    assert_eq!((step.review().version, step.closing()), (4, None));
    let last = corrected(&manager(), designated(), standing(&manager()), open(1, true));
    assert!(last.review.unwrap().closing().is_some());
    // Who acts by a grant confirms nobody whom they change.
    let by_grant = corrected(&partner_designated(), designated(), partner(Level::FullAdmin), open(1, true));
    assert!(by_grant.review.is_none() && by_grant.contact.after().last_confirmed_at.is_none());
    // Who is not pending in an open review is not confirmed by an edit.
    let elsewhere = corrected(&manager(), designated(), standing(&manager()), None);
    assert!(elsewhere.review.is_none() && elsewhere.contact.after().last_confirmed_at.is_none());
}

#[test]
fn an_edit_of_oneself_corrects_nothing_where_somebody_else_can_c_20() {
    let own = |person: Contact, another_manager| {
        let edited = corrected(&person, person.clone(), standing(&person), open(2, another_manager));
        let after = edited.contact.after();
        assert_eq!(after.last_confirmed_at.is_some(), edited.review.is_some());
        edited.review.is_some()
    };
    assert!(!own(manager(), true));
    assert!(own(manager(), false));
    // Whoever manages no contacts confirms nobody.
    assert!(!own(designated(), false) && !own(reader(), false));
}

#[test]
fn an_edit_that_changes_nothing_corrects_nothing_c_20() {
    let facts = EditFacts { review: open(1, true), ..editing(&manager(), designated()) };
    let edited = edit(&by(&manager()), facts, EditContact::default()).unwrap();
    assert!(edited.review.is_none() && written(&edited.contact).is_empty());
    assert_eq!(edited.contact.after(), &designated());
}

#[test]
fn a_tally_counts_everybody_once_c_20() {
    let mut tally = Tally::default();
    for (number, outcome) in (1..).zip(ReviewOutcome::ALL.iter().copied()) {
        tally.add(outcome, number);
    }
    let expected = Tally { pending: 1, confirmed: 2, corrected: 3, disabled: 4, transferred: 5 };
    assert_eq!((tally, tally.total()), (expected, 15));
}

/// C-20: nobody vouches for their own plants.
#[test]
fn who_acts_by_a_grant_confirms_nobody_whom_their_organization_made_or_changed_c_20() {
    let consultant_at = crate::world::consultant(Level::FullAdmin);
    for (who, person, standing, is_guest) in [
        ("a partner", partner_designated().actor(), partner(Level::FullAdmin), true),
        ("a consultant", staff(StaffRole::Consultant).actor(), consultant_at, true),
        ("the organization's own", manager().actor(), standing(&manager()), false),
    ] {
        let facts = |handled: &[ContactId]| ConfirmFacts {
            actor: person.clone(),
            handled: handled.iter().copied().collect(),
            ..confirming(&manager(), &standing)
        };
        let answer = |handled: &[ContactId]| confirm(&by(&manager()), facts(handled), all()).map(drop);
        assert_eq!(answer(&[]), Ok(()), "{who}");
        assert_eq!(answer(&[id(77)]), Ok(()), "{who}: of whom they do not speak");
        let handled = answer(&[designated().id]);
        if is_guest {
            let refused = crate::ladder::refusal(handled);
            assert_eq!(refused.code, Code::OwnRecord, "{who}");
            assert!(refused.detail.to_string().contains("by a grant"), "{refused}");
        } else {
            assert_eq!(handled, Ok(()), "{who}");
        }
    }
}
