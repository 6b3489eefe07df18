//! Contact reviews freeze who is in them, however many they are (C-20).

use std::collections::BTreeMap;
use std::time::Instant;

use mandate_core::access::Standing;
use mandate_core::actor::{Actor, OrganizationRef, Position};
use mandate_core::change::{Authority, Context};
use mandate_core::contact_review::{
    CONFIRM_MAX, ConfirmContacts, ConfirmFacts, Confirmed, OpenReview, StartFacts, Started, Tally, confirm, deal_with,
    start,
};
use mandate_core::id::{ContactId, ReviewId};
use mandate_core::text::Email;
use mandate_core::vocabulary::{ContactType, OrganizationType, Permission, PersonStatus, ReviewOutcome, ReviewStatus};

use super::common::{self, Database};
use super::{NOW, execute, organization, store, write};
use crate::{Page, ReadTx, StorageError, WriteTx};

/// How many contacts a large organization has.
const MANY: u128 = 10_000;

const REVIEW: ReviewId = ReviewId::from_u128(1);

fn contact(number: u128) -> ContactId {
    ContactId::from_u128(1_000 + number)
}

/// Contacts of the second organization, in this state.
fn people(tx: &mut ReadTx<'_>, numbers: std::ops::Range<u128>, status: &str) -> Result<(), StorageError> {
    let organization = organization(2);
    let row = |number: u128| {
        let (id, email) = (contact(number), format!("contact{number}@acme.example"));
        format!(
            "('{id}', '{organization}', '{email}', 'First', 'Last', '', 'last {number:05}', NULL, 'UTC', 'en', 'technical', \
             'designated_support', '[]', '[]', '{status}', NULL, NULL, NULL, 0, NULL, 0, NULL, NULL, 1, NULL, NULL, NULL, NULL, \
             NULL, NULL, 'contact{number}', 'acme.example')"
        )
    };
    let rows: Vec<String> = numbers.map(row).collect();
    rows.chunks(500).try_for_each(|rows| execute(tx, &format!("INSERT INTO people VALUES {}", rows.join(", "))))
}

fn context() -> Context {
    Context { actor: None, now: NOW, origin: Default::default() }
}

fn started(tx: &mut WriteTx<'_>, id: ReviewId) -> Result<Started, StorageError> {
    let facts = StartFacts {
        standing: Standing::Member { permission: Permission::ManageContacts, kind: ContactType::Technical },
        organization: Some(OrganizationRef { id: organization(2), name: "Acme".to_owned() }),
        open: None,
        covered: tx.contacts_to_review(organization(2))?,
    };
    Ok(start(&context(), facts, id).unwrap())
}

fn manager() -> Actor {
    let position =
        Position::Contact { id: contact(0), permission: Permission::ManageContacts, kind: ContactType::Technical };
    Actor {
        position,
        organization: organization(2),
        organization_kind: OrganizationType::Customer,
        name: "First Last".to_owned(),
        email: Email::parse("contact0@acme.example").unwrap(),
        status: PersonStatus::Active,
    }
}

/// Confirms contacts, as the handler does.
fn confirmed(tx: &mut WriteTx<'_>, contacts: &[ContactId]) -> Result<Confirmed, StorageError> {
    let actor = manager();
    let facts = ConfirmFacts {
        standing: Standing::of(&actor, organization(2), None),
        review: tx.contact_review(REVIEW)?,
        pending: tx.pending_in(REVIEW)?,
        another_manager: tx.another_manager(contact(0), organization(2), NOW)?,
        items: tx.reviewed(REVIEW, contacts)?,
        handled: Default::default(),
        actor: actor.clone(),
    };
    let command = ConfirmContacts { contacts: contacts.to_vec(), expected_version: None };
    let confirmed = confirm(&Context { actor: Some(actor), ..context() }, facts, command).unwrap();
    confirmed.contacts.iter().try_for_each(|contact| tx.save_contact(contact).map(drop))?;
    confirmed.step.iter().try_for_each(|step| tx.save_review_step(step))?;
    Ok(confirmed)
}

on_both! {
    fn as_many_as_allowed_are_confirmed_at_once_c_20(database: Database) {
        let store = store(&database);
        let most = u128::from(CONFIRM_MAX);
        let all: Vec<ContactId> = (0..most + 1).map(contact).collect();
        write(&store, |tx| { people(tx, 0..most + 1, "active")?; let started = started(tx, REVIEW)?; tx.save_started_review(&started) }).unwrap();
        let begun = Instant::now();
        write(&store, |tx| confirmed(tx, &all[1..])).unwrap();
        println!("{most} contacts were confirmed in {:?}", begun.elapsed());
        assert_eq!(store.glance(|tx| tx.pending_in(REVIEW)), Ok(1));
        let last = store.glance(|tx| tx.contact(contact(most))).unwrap().unwrap();
        assert_eq!((last.last_confirmed_at, last.last_confirmed_by, last.version), (Some(NOW), Some(contact(0).into()), 2));
        assert_eq!(store.read(|tx| tx.verify_journal(organization(2))), Ok(None));
        let closed = write(&store, |tx| confirmed(tx, &all[..1])).unwrap();
        assert_eq!((closed.review.status(), closed.contacts.len()), (ReviewStatus::Closed, 1));
    }

    fn who_is_in_a_review_is_frozen_in_one_statement_c_20(database: Database) {
        let store = store(&database);
        write(&store, |tx| {
            people(tx, 0..MANY - 1, "active")?;
            people(tx, MANY - 1..MANY, "invited")?;
            people(tx, MANY..MANY + 5, "disabled")?;
            people(tx, MANY + 5..MANY + 10, "transferred")
        })
        .unwrap();
        let begun = Instant::now();
        write(&store, |tx| { let started = started(tx, REVIEW)?; tx.save_started_review(&started) }).unwrap();
        let taken = begun.elapsed();
        println!("{MANY} contacts were frozen in {taken:?}");
        write(&store, |tx| people(tx, MANY + 10..MANY + 20, "active")).unwrap();
        let total = i64::try_from(MANY).unwrap();
        assert_eq!(store.glance(|tx| tx.pending_in(REVIEW)), Ok(total));
        let tally = Tally { pending: total, ..Tally::default() };
        assert_eq!(store.glance(|tx| tx.review_tallies(&[REVIEW])), Ok(BTreeMap::from([(REVIEW, tally)])));
        // In order, and none of those who came later.
        let review = store.glance(|tx| tx.contact_review(REVIEW)).unwrap().unwrap();
        let page = |outcome| Page { limit: 3, after: outcome };
        let first = store.glance(|tx| tx.review_items(&review, &[], &page(None))).unwrap();
        let second = store.glance(|tx| tx.review_items(&review, &[ReviewOutcome::Pending], &page(first.next.clone()))).unwrap();
        let ids: Vec<ContactId> = first.rows.iter().chain(&second.rows).map(|item| item.contact).collect();
        assert_eq!(ids, (0..6).map(contact).collect::<Vec<_>>());
        let of = |number| store.glance(|tx| tx.open_review_of(contact(number), organization(2), NOW)).unwrap();
        assert_eq!(of(0).map(|open| (open.review, open.pending)), Some((review.clone(), total)));
        assert_eq!((of(MANY), of(MANY + 10)), (None, None));
    }

    fn a_step_is_saved_once_and_the_last_one_closes_c_20(database: Database) {
        let store = store(&database);
        write(&store, |tx| { people(tx, 0..3, "active")?; let started = started(tx, REVIEW)?; tx.save_started_review(&started) }).unwrap();
        let step = |number, outcome| {
            let OpenReview { review, pending, .. } = store.glance(|tx| tx.open_review_of(contact(number), organization(2), NOW)).unwrap().unwrap();
            let open = OpenReview { review, pending, another_manager: false };
            deal_with(&context(), Authority::own(organization(2)), open, contact(number), outcome)
        };
        let first = step(0, ReviewOutcome::Corrected);
        write(&store, |tx| tx.save_review_step(&first)).unwrap();
        // What was decided on an older state is not saved.
        assert_eq!(write(&store, |tx| tx.save_review_step(&first)), Err(StorageError::Contention));
        write(&store, |tx| tx.save_review_step(&step(1, ReviewOutcome::Disabled))).unwrap();
        assert_eq!(store.glance(|tx| tx.open_contact_review(organization(2))).unwrap().map(|review| review.version), Some(3));
        write(&store, |tx| tx.save_review_step(&step(2, ReviewOutcome::Transferred))).unwrap();
        assert_eq!(store.glance(|tx| tx.open_contact_review(organization(2))), Ok(None));
        let review = store.glance(|tx| tx.contact_review(REVIEW)).unwrap().unwrap();
        assert_eq!((review.status(), review.closed_at, review.version), (ReviewStatus::Closed, Some(NOW), 4));
        let tally = Tally { corrected: 1, disabled: 1, transferred: 1, ..Tally::default() };
        assert_eq!(store.glance(|tx| tx.review_tallies(&[REVIEW])), Ok(BTreeMap::from([(REVIEW, tally)])));
        let page = Page { limit: 5, after: None };
        let items = store.glance(|tx| tx.review_items(&review, &[], &page)).unwrap().rows;
        assert_eq!(items.iter().map(|item| (item.decided_at, item.decided_by)).collect::<Vec<_>>(), [(Some(NOW), None); 3]);
        // One is open at most, whoever decided otherwise.
        write(&store, |tx| { let started = started(tx, ReviewId::from_u128(2))?; tx.save_started_review(&started) }).unwrap();
        let third = write(&store, |tx| { let started = started(tx, ReviewId::from_u128(3))?; tx.save_started_review(&started) });
        assert!(third.is_err());
    }
}
