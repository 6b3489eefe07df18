//! Contacts are found by how their words begin, whether few or many have them (C-18); many are saved at once (C-22).

use std::collections::BTreeSet;

use mandate_core::access::Standing;
use mandate_core::change::{Context, Origin};
use mandate_core::contact::{self, CreateFacts, EditContact, EditFacts, NewContact, Others, WelcomeIds, Welcomed};
use mandate_core::id::{ContactId, LinkId, MailId};
use mandate_core::organization::Organization;
use mandate_core::person::{EditProfile, NewProfile, Profile};
use mandate_core::text::{Email, Locale, OrganizationName, PersonName, SearchWords, TimeZone, words};
use mandate_core::time::Span;
use mandate_core::vocabulary::{ContactType, OrganizationStatus, OrganizationType, Permission};

use super::common::{self, Database};
use super::{NOW, count, organization, store, write};
use crate::{ContactFilter, ContactSort, Page, Store};

/// More than are looked up, so that some words are frequent.
const PEOPLE: u128 = 1_203;
const FIRST: [&str; 7] = ["Ana", "Anabel", "Álvaro", "Ångström", "李", "O'Neill", "Zoë"];
const LAST: [&str; 11] =
    ["Silva", "Silvério", "da Silva Costa", "100%", "A_b", "Fine!", "Ünal", "de la Cruz", "Ng", "Straße", "X Æ A"];

/// Person `number` of an organization, of generated but always the same names.
fn profile(number: u128, domain: &str) -> NewProfile {
    let pick = |names: &[&'static str], number: u128| names[usize::try_from(number).unwrap() % names.len()];
    let last = format!("{} {}", pick(&LAST, number * 7 / 3), if number.is_multiple_of(97) { "Rarissima" } else { "" });
    NewProfile {
        email: Email::parse(&format!("p{number}.x_{}@{domain}", number % 13)).unwrap().into(),
        first_name: PersonName::parse(pick(&FIRST, number)).unwrap(),
        last_name: PersonName::parse(&last).or_else(|_| PersonName::parse("Somebody")).unwrap(),
        phone: None,
        time_zone: TimeZone::default(),
        locale: Locale::default(),
    }
}

fn context() -> Context {
    Context { actor: None, now: NOW, origin: Origin::default() }
}

fn manager() -> Standing {
    Standing::Member { permission: Permission::ManageContacts, kind: ContactType::PrimarySupport }
}

/// New contacts of an organization, from the first number on.
fn contacts(organization_number: u128, domain: &str, numbers: std::ops::Range<u128>) -> Vec<Welcomed> {
    let organization = Organization {
        id: organization(organization_number),
        kind: OrganizationType::Customer,
        name: OrganizationName::parse("Acme").unwrap(),
        domains: Vec::new(),
        review_period_days: None,
        status: OrganizationStatus::Active,
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    let facts = CreateFacts {
        standing: manager(),
        organization: Some(organization),
        vendor_domains: Vec::new(),
        owners: Default::default(),
        former: Vec::new(),
        existing: None,
        never_entered: false,
        sites: Vec::new(),
    };
    let create = |number: u128| {
        let id = organization_number * 100_000 + number;
        let (link, mail) = (LinkId::from_u128(id), MailId::from_u128(id));
        let command = NewContact {
            id: ContactId::from_u128(id),
            profile: profile(number, domain),
            kind: ContactType::Technical,
            permission: Permission::DesignatedSupport,
            duties: BTreeSet::new(),
            sites: Default::default(),
            welcome: WelcomeIds { link, mail, expires_at: NOW.plus(Span::hours(1)) },
        };
        contact::create(&context(), facts.clone(), command).unwrap()
    };
    numbers.map(create).collect()
}

fn has_words(profile: &Profile, search: &SearchWords) -> bool {
    let own = words(&format!("{} {} {}", profile.first_name, profile.last_name, profile.email));
    search.as_slice().iter().all(|begin| own.iter().any(|word| word.starts_with(begin)))
}

/// All pages of a search.
fn found(store: &Store, text: &str, descending: bool) -> Vec<ContactId> {
    let filter = ContactFilter {
        statuses: Vec::new(),
        permissions: Vec::new(),
        kinds: Vec::new(),
        duties: Vec::new(),
        sites: Vec::new(),
        email: None,
        search: Some(SearchWords::parse(text).unwrap()),
        last_sign_in_before: None,
        last_confirmed_before: None,
        sort: ContactSort::Name,
        descending,
    };
    let (mut page, mut ids) = (Page { limit: 177, after: None }, Vec::new());
    loop {
        let slice = store.read(|tx| tx.contacts(organization(1), &filter, &page)).unwrap();
        ids.extend(slice.rows.iter().map(|contact| contact.id));
        match slice.next {
            Some(next) => page.after = Some(next),
            None => return ids,
        }
    }
}

on_both! {
    /// C-18
    fn few_and_many_are_found_alike(database: Database) {
        let store = store(&database);
        let own = contacts(1, "acme.example", 1..PEOPLE + 1);
        let others = contacts(2, "globex.example", 1..40);
        write(&store, |tx| tx.save_welcomed(&own).and_then(|()| tx.save_welcomed(&others))).unwrap();
        let mut searches: Vec<String> = ["acme", "p", "x", "an", "ana silva", "silva ana", "SILV", "álv", "a\u{301}lv", "ang", "ån",
            "李", "neill o", "o'neill", "100", "100%", "a_b", "fine!", "%fine", "zoë ng", "str", "strasse", "straße", "raris",
            "raris ana", "p7 x_7", "p7.x_7@acme.example", "globex", "nobody", "a b", "acme example p x silva ana", "acm", "exam ac", "p e", "x a", "e x p a", "x p1 p2"]
            .map(str::to_owned).to_vec();
        // Beginnings of all words there are, and pairs of them.
        let all: BTreeSet<String> = own.iter().step_by(41).flat_map(|one| words(&one.contact.after().name())).collect();
        searches.extend(all.iter().map(|word| word.chars().take(2).collect()));
        searches.extend(all.iter().zip(all.iter().rev()).map(|(one, other)| format!("{one} {other}")));
        let (mut rare, mut frequent) = (0, 0);
        for text in &searches {
            let search = SearchWords::parse(text).unwrap();
            let naive = own.iter().filter(|one| has_words(&one.contact.after().profile, &search));
            let expected: BTreeSet<ContactId> = naive.map(|one| one.contact.after().id).collect();
            let mut ids = found(&store, text, false);
            assert_eq!(ids.iter().copied().collect::<BTreeSet<_>>(), expected, "{text}");
            assert_eq!(ids.len(), expected.len(), "`{text}` finds somebody twice");
            ids.reverse();
            assert_eq!(found(&store, text, true), ids, "{text}");
            let is_rare = store.read(|tx| tx.few_with_words(organization(1), &search)).unwrap().is_some();
            *(if is_rare { &mut rare } else { &mut frequent }) += 1;
        }
        assert!(rare > 20 && frequent > 5, "{rare} {frequent}");
    }

    /// C-18: an edit of the name is found by the new words at once, and by the old ones no more.
    fn the_words_follow_the_name(database: Database) {
        let store = store(&database);
        let created = contacts(1, "acme.example", 1..2);
        write(&store, |tx| tx.save_welcomed(&created)).unwrap();
        let before = created[0].contact.after().clone();
        let named = |first_name: &str| {
            let profile = EditProfile { first_name: PersonName::parse(first_name).ok(), ..EditProfile::default() };
            let others = Others { active_manager: true, active_primary: true, active_appointer: true };
            let actor = mandate_core::actor::Actor {
                position: mandate_core::actor::Position::Contact {
                    id: ContactId::from_u128(7),
                    permission: Permission::ManageContacts,
                    kind: ContactType::PrimarySupport,
                },
                organization: organization(1),
                organization_kind: OrganizationType::Customer,
                name: "Manager".to_owned(),
                email: Email::parse("manager@acme.example").unwrap(),
                status: mandate_core::vocabulary::PersonStatus::Active,
            };
            let facts = EditFacts { actor, standing: manager(), contact: Some(before.clone()), others, review: None, owners: Default::default(), sites: Vec::new(), ties: Default::default() };
            contact::edit(&context(), facts, EditContact { profile, ..EditContact::default() }).unwrap()
        };
        write(&store, |tx| tx.save_contact(&named("Gabriella").contact)).unwrap();
        assert_eq!(found(&store, "gabri", false), [before.id]);
        assert_eq!(found(&store, "anabel", false), []);
        let indexed = "SELECT COUNT(*) FROM people_words WHERE word = 'gabriella'";
        let stale = "SELECT COUNT(*) FROM people_words WHERE word = 'anabel'";
        assert_eq!(store.read(|tx| Ok::<_, crate::StorageError>((count(tx, indexed)?, count(tx, stale)?))), Ok((1, 0)));
    }

    /// C-12, C-22, X-2: what is saved at once comes back as what is saved alone: people, links, emails, journal.
    fn many_are_saved_as_one_is(database: Database) {
        let store = store(&database);
        let people = contacts(1, "acme.example", 1..PEOPLE + 1);
        write(&store, |tx| tx.save_welcomed(&people)).unwrap();
        let alone = contacts(1, "acme.example", 90_000..90_003);
        write(&store, |tx| {
            alone.iter().try_for_each(|one| {
                tx.save_contact(&one.contact)?;
                tx.save_link(&one.link)
            })
        })
        .unwrap();
        store
            .read(|tx| {
                for one in people.iter().step_by(100).chain(&alone) {
                    let contact = one.contact.after();
                    assert_eq!(tx.contact(contact.id)?.as_ref(), Some(contact));
                    assert_eq!(tx.link(one.link.id)?.as_ref(), Some(&one.link));
                }
                let total = i64::try_from(people.len() + alone.len()).unwrap();
                assert_eq!(count(tx, "SELECT COUNT(*) FROM links")?, total);
                assert_eq!(count(tx, "SELECT COUNT(*) FROM mails WHERE about_id = person_id AND link_id IS NOT NULL")?, total);
                assert_eq!(tx.verify_journal(organization(1))?, None);
                let journal = tx.journal_page(organization(1), 0, total * 2)?;
                let subjects: Vec<_> = journal.iter().map(|entry| entry.subject).collect();
                let expected: Vec<_> = people.iter().chain(&alone).map(|one| one.contact.after().id.into()).collect();
                assert_eq!(subjects, expected);
                let emails: Vec<&Email> = people.iter().map(|one| &one.contact.after().profile.email).collect();
                let nobody = Email::parse("nobody@acme.example").unwrap();
                let looked_up: Vec<&Email> = emails.iter().copied().chain([&nobody]).collect();
                let existing = tx.people_by_email(organization(2), &looked_up)?;
                assert_eq!(existing.len(), people.len());
                assert!(emails.iter().all(|email| existing[*email].organization == organization(1)));
                Ok::<_, crate::StorageError>(())
            })
            .unwrap();
    }
}
