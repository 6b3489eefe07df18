//! Addresses that their mail servers refused for good (S-12b, R-16).

use mandate_core::text::Email;
use mandate_core::time::{Span, Timestamp};

use super::common::{self, Database};
use super::{NOW, execute, organization, person, store, write};
use crate::{StorageError, Store};

fn address(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn since(store: &Store) -> Option<Timestamp> {
    let contact = store.read::<_, StorageError>(|tx| tx.contact(person())).unwrap();
    contact.expect("the person is a contact").email_undeliverable_since
}

/// Whom the finding names.
fn found(store: &Store) -> i64 {
    store.read::<_, StorageError>(|tx| tx.readiness_facts(organization(1), NOW)).unwrap().undeliverable.total
}

on_both! {
    /// S-12b: from the first refusal on, until an email gets through or the address is another.
    fn a_refused_address_is_noted_until_it_is_read_again_s_12b_r_16(database: Database) {
        let store = store(&database);
        let change = |sql: &str| write(&store, |tx| execute(tx, sql)).unwrap();
        change(
            "UPDATE people SET email = 'ana@acme.example', first_name = 'Ana', last_name = 'Silva', time_zone = 'UTC', locale = 'en', \
             contact_type = 'technical', email_domain = 'acme.example', permission = 'designated_support', duties = '[]', status = 'active'",
        );
        let note = |email: &str, at: Timestamp| {
            write(&store, |tx| tx.note_undeliverable(person().into(), &address(email), "550 no such user", at)).unwrap();
        };
        note("other@acme.example", NOW);
        assert_eq!((since(&store), found(&store)), (None, 0), "it is not theirs any more");
        note("ana@acme.example", NOW);
        note("ana@acme.example", NOW.plus(Span::hours(1)));
        assert_eq!((since(&store), found(&store)), (Some(NOW), 1));
        change("UPDATE people SET email = 'ana.silva@acme.example'");
        assert_eq!((since(&store), found(&store)), (None, 0));
        note("ana.silva@acme.example", NOW.plus(Span::hours(2)));
        assert_eq!((since(&store), found(&store)), (Some(NOW.plus(Span::hours(2))), 1));
        change("UPDATE people SET status = 'disabled'");
        assert_eq!(found(&store), 0, "who is disabled is told nothing anyway");
        change("UPDATE people SET status = 'invited'");
        assert_eq!(found(&store), 1);
        write(&store, |tx| tx.note_delivered(person().into())).unwrap();
        assert_eq!((since(&store), found(&store)), (None, 0));
    }
}
