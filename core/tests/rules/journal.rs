//! The journal and its chain (X-2, X-2a).

use mandate_core::change::{Authority, Change, Context, Origin};
use mandate_core::contact::{self, Contact, EditContact, EditFacts, Others};
use mandate_core::id::EventId;
use mandate_core::journal::{Entry, EventKind, FIRST_LINK, Fact, Sealed};
use mandate_core::person::EditProfile;
use mandate_core::text::Phone;
use mandate_core::time::Span;
use mandate_core::vocabulary::Vocabulary as _;
use proptest::prelude::*;

use crate::ladder::written;
use crate::world::{
    CUSTOMER, GRANT, NOW, PARTNER, Person as _, TOMORROW, by, designated, id, manager, origin, standing,
};

/// Changes one part of an entry.
type Tamper = fn(&mut Entry);

/// A decided change, to have an entry.
fn change() -> Change<Contact> {
    let facts = EditFacts {
        actor: manager().actor(),
        standing: standing(&manager()),
        contact: Some(designated()),
        others: Others { active_manager: true, active_primary: true, active_appointer: true },
        sites: Vec::new(),
        review: None,
        owners: crate::world::acme(),
        ties: mandate_core::contact_ties::Ties::default(),
    };
    let phone = Some(Some(Phone::parse("112").unwrap()));
    contact::edit(
        &by(&manager()),
        facts,
        EditContact { profile: EditProfile { phone, ..EditProfile::default() }, ..EditContact::default() },
    )
    .unwrap()
    .contact
}

fn entry() -> Entry {
    change().entries()[0].clone()
}

const EVENT: EventId = EventId::from_u128(77);

fn link(sequence: i64, id: EventId, entry: &Entry, before: &str, after: &str, previous: &[u8]) -> [u8; 32] {
    Sealed { sequence, id, entry, before, after }.link(previous)
}

#[test]
fn an_entry_says_who_did_what_for_whom_when_and_from_where_x_2() {
    assert_eq!(written(&change()), ["contact.updated in org_1 by contact_2 for org_1", "phone: nothing -> 112"]);
    let expected = Entry {
        organization: CUSTOMER,
        kind: EventKind::ContactUpdated,
        at: NOW,
        actor: Some(manager().id.into()),
        authority: Authority { acting_for: CUSTOMER, grant: None },
        subject: designated().id.into(),
        before: vec![("phone", Fact::Null)],
        after: vec![("phone", Fact::Text("112".to_owned()))],
        origin: origin(),
    };
    assert_eq!(entry(), expected);
    let system = Context { actor: None, ..by(&manager()) };
    assert_eq!(system.actor_id(), None);
}

#[test]
fn the_names_of_events_are_stable_x_2() {
    let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    for name in ["contact.created", "contact.disabled", "partner_grant.revoked", "service_request.message_created"] {
        assert!(names.contains(&name), "{name}");
    }
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
}

#[test]
fn the_chain_breaks_when_any_part_of_an_entry_is_tampered_with_x_2() {
    let entry = entry();
    let whole = |entry: &Entry| link(3, EVENT, entry, "{}", r#"{"phone":"112"}"#, &FIRST_LINK);
    let genuine = whole(&entry);
    assert_eq!(genuine, whole(&entry.clone()));
    let tampered: [(&str, Tamper); 8] = [
        ("organization", |entry| entry.organization = PARTNER),
        ("kind", |entry| entry.kind = EventKind::ContactCreated),
        ("moment", |entry| entry.at = TOMORROW),
        ("actor", |entry| entry.actor = None),
        ("acting for", |entry| entry.authority.acting_for = PARTNER),
        ("grant", |entry| entry.authority.grant = Some(GRANT)),
        ("subject", |entry| entry.subject = manager().id.into()),
        ("origin", |entry| entry.origin = Origin::default()),
    ];
    for (part, tamper) in tampered {
        let mut entry = entry.clone();
        tamper(&mut entry);
        assert_ne!(whole(&entry), genuine, "{part}");
    }
    let address = Entry { origin: Origin { address: None, ..origin() }, ..entry.clone() };
    assert_ne!(whole(&address), genuine);
    let later = Entry { at: NOW.plus(Span::seconds(1)), ..entry.clone() };
    assert_ne!(whole(&later), genuine);
    let after = r#"{"phone":"112"}"#;
    for other in [
        link(4, EVENT, &entry, "{}", after, &FIRST_LINK),
        link(3, id(78), &entry, "{}", after, &FIRST_LINK),
        link(3, EVENT, &entry, r#"{"phone":"110"}"#, after, &FIRST_LINK),
        link(3, EVENT, &entry, "{}", "{}", &FIRST_LINK),
        link(3, EVENT, &entry, "{}", after, &[1; 32]),
        // Moving text from one part to the next is noticed as well.
        link(3, EVENT, &entry, r#"{}{"phone""#, r#":"112"}"#, &FIRST_LINK),
    ] {
        assert_ne!(other, genuine);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_ways_to_cut_the_same_text_give_the_same_link_x_2(
        text in "[a-z{}\":,]{1,30}",
        one in 0..30_usize,
        other in 0..30_usize,
    ) {
        let entry = entry();
        let cut = |at: usize| {
            let (before, after) = text.split_at(at.min(text.len()));
            link(1, EVENT, &entry, before, after, &FIRST_LINK)
        };
        prop_assert_eq!(cut(one) == cut(other), one.min(text.len()) == other.min(text.len()));
    }
}
