//! What the store promises, on both databases; below it, what one of them alone has, and the records that are no nouns.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mandate_core::change::{Authority, Origin};
use mandate_core::id::{AnyId, ContactId, KeyId, OrganizationId};
use mandate_core::journal::{Entry, EventKind, Fact};
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::sql::Sql;
use crate::{
    DatabaseUrl, Fence, IdSource, Key, KeyPurpose, OpenError, PoolSettings, ReadTx, StorageError, Store, WriteTx,
};

#[path = "../tests/common/mod.rs"]
mod common;

use common::Database;

/// Makes two tests of one function: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$doc:meta])* fn $name:ident($database:ident: Database) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            fn run($database: Database) $body

            #[test]
            fn sqlite() {
                common::sqlite().into_iter().for_each(run);
            }

            #[test]
            fn postgres() {
                common::postgres().into_iter().for_each(run);
            }
        }
    )+};
}

mod broadcast;
mod contact_review;
mod contact_search;
mod postgres;
mod readiness;
mod records;
mod request_list;
mod request_search;
mod telling;
mod undeliverable;
mod upload;

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

fn organization(number: u128) -> OrganizationId {
    OrganizationId::from_u128(number)
}

fn person() -> ContactId {
    ContactId::from_u128(1)
}

fn url(database: &Database) -> DatabaseUrl {
    DatabaseUrl::parse(&database.url).unwrap()
}

fn counted_ids() -> IdSource {
    let count = AtomicU64::new(1);
    Arc::new(move || count.fetch_add(1, Ordering::Relaxed).into())
}

/// An open store with two organizations, their journals, and a person in the first.
fn store(database: &Database) -> Store {
    Store::migrate(&url(database)).unwrap();
    let store = Store::open(&url(database), PoolSettings::default(), counted_ids()).unwrap();
    write(&store, |tx| {
        for id in [organization(1), organization(2)] {
            execute(tx, &format!("INSERT INTO organizations VALUES ('{id}', '', '', '', '[]', '', 1, 0, 0, NULL)"))?;
            tx.open_journal(id)?;
        }
        let (id, organization) = (person(), organization(1));
        execute(
            tx,
            &format!(
                "INSERT INTO people VALUES ('{id}', '{organization}', '', '', '', '', '', NULL, '', '', NULL, NULL, '', '', '', \
                 NULL, NULL, NULL, 0, NULL, 0, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, '', '')"
            ),
        )
    })
    .unwrap();
    store
}

/// How many migrations there are.
fn migrations() -> usize {
    std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap().count()
}

/// A write without a fence.
fn write<T>(
    store: &Store,
    mut work: impl FnMut(&mut WriteTx<'_>) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    store.write(|unlocked| work(&mut unlocked.lock(&Fence::new())?))
}

fn execute(tx: &mut ReadTx<'_>, sql: &str) -> Result<(), StorageError> {
    on!(tx, |connection| connection.batch_execute(sql))
}

fn count(tx: &mut ReadTx<'_>, sql: &'static str) -> Result<i64, StorageError> {
    on!(tx, |connection| Sql::<BigInt>::new(sql).get_result::<i64>(connection))
}

fn key(number: u128) -> Key {
    Key {
        id: KeyId::from_u128(number),
        purpose: KeyPurpose::Sealing,
        secret: vec![0, 255],
        created_at: NOW,
        retired_at: None,
    }
}

/// Records an event, as the save of a noun does.
fn record(tx: &mut WriteTx<'_>, organization: OrganizationId) {
    let entry = Entry {
        organization,
        kind: EventKind::OrganizationUpdated,
        at: NOW,
        actor: Some(person().into()),
        authority: Authority::own(organization),
        subject: organization.into(),
        before: vec![("name", Fact::text("old"))],
        after: vec![("name", Fact::text("new"))],
        origin: Origin { request_id: "req_1".to_owned(), address: "192.0.2.1".parse().ok() },
    };
    tx.state.entries.push(entry);
}

/// The error of a caller who does not know about storage.
#[derive(Debug, PartialEq)]
enum Refused {
    ByRule,
    ByStorage(StorageError),
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        Self::ByStorage(error)
    }
}

on_both! {
    fn a_refused_write_leaves_nothing(database: Database) {
        let store = store(&database);
        let refused = store.write(|unlocked| {
            let mut tx = unlocked.lock(&Fence::new().changes(organization(1)))?;
            tx.insert_key(&key(1))?;
            record(&mut tx, organization(1));
            Err::<(), _>(Refused::ByRule)
        });
        assert_eq!(refused, Err(Refused::ByRule));
        assert_eq!(store.read(|tx| tx.keys()), Ok(Vec::new()));
        assert_eq!(store.read(|tx| tx.journal_page(organization(1), 0, 10)), Ok(Vec::new()));
    }

    fn a_write_is_repeated_for_contention_and_given_up_in_the_end(database: Database) {
        let store = store(&database);
        let attempts = AtomicU32::new(0);
        let third = write(&store, |tx| match attempts.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => tx.expect_one(0, "keys", "key_1").map(|()| 0),
            attempt => Ok(attempt),
        });
        assert_eq!(third, Ok(2));

        let attempts = AtomicU32::new(0);
        let never = store.write(|unlocked| {
            attempts.fetch_add(1, Ordering::Relaxed);
            unlocked.lock(&Fence::new())?.contention();
            Err::<(), _>(Refused::ByRule)
        });
        assert_eq!(never, Err(Refused::ByStorage(StorageError::Contention)));
        assert_eq!(attempts.into_inner(), 5);
    }

    fn a_violated_index_repeats_the_write(database: Database) {
        let store = store(&database);
        write(&store, |tx| tx.insert_key(&key(1))).unwrap();
        let seen = AtomicU32::new(0);
        // The first attempt does not look, as if somebody inserted the key after it looked, and goes on as if nothing happened.
        let result = write(&store, |tx| match seen.fetch_add(1, Ordering::Relaxed) {
            0 => tx.insert_key(&key(1)).or_else(|_| tx.keys().map(|_| ())),
            _ => tx.keys().map(|keys| assert_eq!(keys.len(), 1)),
        });
        assert_eq!(result, Ok(()));
    }

    fn an_error_that_the_work_hides_is_not_committed(database: Database) {
        let store = store(&database);
        let result = write(&store, |tx| {
            tx.insert_key(&key(1))?;
            let _ = execute(tx, "SELECT nothing FROM nowhere");
            Ok(())
        });
        assert!(matches!(result, Err(StorageError::Unexpected(_))), "{result:?}");
        assert_eq!(store.read(|tx| tx.keys()), Ok(Vec::new()));
    }

    fn a_panic_leaves_neither_a_write_nor_a_broken_connection(database: Database) {
        let store = store(&database);
        for _ in 0..10 {
            let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                write(&store, |tx| {
                    tx.insert_key(&key(1))?;
                    if tx.keys()?.len() == 1 {
                        std::panic::resume_unwind(Box::new("as if"));
                    }
                    Ok(())
                })
            }));
            assert!(panic.is_err());
        }
        assert_eq!(store.read(|tx| tx.keys()), Ok(Vec::new()));
        assert_eq!(write(&store, |tx| tx.insert_key(&key(1))), Ok(()));
    }

    fn a_read_does_not_write(database: Database) {
        let store = store(&database);
        let insert = "INSERT INTO number_blocks VALUES ('other', 1)";
        assert!(store.read(|tx| execute(tx, insert)).is_err());
        assert_eq!(store.read(|tx| count(tx, "SELECT count(*) FROM number_blocks")), Ok(1));
    }

    fn a_read_sees_one_snapshot(database: Database) {
        let store = store(&database);
        let seen = store.read(|tx| {
            let before = tx.keys()?.len();
            write(&store, |tx| tx.insert_key(&key(1)))?;
            Ok::<_, StorageError>((before, tx.keys()?.len()))
        });
        assert_eq!(seen, Ok((0, 0)));
        assert_eq!(store.glance(|tx| tx.keys()).map(|keys| keys.len()), Ok(1));
    }

    fn journals_are_numbered_without_gaps_under_concurrent_writers(database: Database) {
        const WRITERS: i64 = 8;
        const WRITES: i64 = 20;
        let store = store(&database);
        let attempts = AtomicU32::new(0);
        let change = |subjects: [u128; 3]| {
            let fence = Fence::new().uses(organization(2)).uses(organization(1));
            let written = store.write(|unlocked| {
                attempts.fetch_add(1, Ordering::Relaxed);
                let mut tx = unlocked.lock(&fence)?;
                subjects.into_iter().for_each(|subject| record(&mut tx, organization(subject)));
                Ok::<_, StorageError>(())
            });
            assert_eq!(written, Ok(()));
        };
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let subjects = if writer % 2 == 0 { [2, 1, 2] } else { [1, 2, 2] };
                let change = &change;
                scope.spawn(move || (0..WRITES).for_each(|_| change(subjects)));
            }
        });
        // Whatever order they were recorded in, journals are locked in one order: nobody gets in anybody's way.
        assert_eq!(i64::from(attempts.into_inner()), WRITERS * WRITES);
        for (number, entries) in [(1, WRITERS * WRITES), (2, 2 * WRITERS * WRITES)] {
            let page = store.read(|tx| tx.journal_page(organization(number), 0, 1_000)).unwrap();
            let sequences: Vec<i64> = page.iter().map(|entry| entry.sequence).collect();
            assert_eq!(sequences, (1..=entries).collect::<Vec<_>>());
            assert_eq!(store.read(|tx| tx.verify_journal(organization(number))), Ok(None));
        }
    }

    fn a_journal_entry_comes_back_as_it_was_recorded(database: Database) {
        let store = store(&database);
        let subject = AnyId::from(organization(1));
        write(&store, |tx| { record(tx, organization(1)); Ok(()) }).unwrap();
        let page = store.read(|tx| tx.journal_of_subject(organization(1), subject, 0, 10)).unwrap();
        let [entry] = page.as_slice() else { panic!("{page:?}") };
        assert_eq!((entry.sequence, entry.kind, entry.at), (1, EventKind::OrganizationUpdated, NOW));
        assert_eq!((entry.actor, entry.subject), (Some(person().into()), subject));
        assert_eq!((entry.before.as_str(), entry.after.as_str()), (r#"{"name":"old"}"#, r#"{"name":"new"}"#));
        assert_eq!(entry.authority, Authority::own(organization(1)));
        assert_eq!(entry.origin, Origin { request_id: "req_1".to_owned(), address: "192.0.2.1".parse().ok() });
        assert_eq!(store.read(|tx| tx.journal_of_subject(organization(1), subject, 1, 10)), Ok(Vec::new()));
    }

    fn a_journal_that_was_tampered_with_shows_where(database: Database) {
        let store = store(&database);
        write(&store, |tx| {
            (0..4).for_each(|_| record(tx, organization(1)));
            Ok(())
        })
        .unwrap();
        for (tampering, first_bad) in [
            (r#"UPDATE journal SET after = '{"name":"other"}' WHERE sequence = 2"#, 2),
            ("UPDATE journal SET at = at + 1 WHERE sequence = 1", 1),
            ("UPDATE journal SET kind = 'organization.erased' WHERE sequence = 3", 3),
            ("UPDATE journal SET hash = previous_hash WHERE sequence = 3", 3),
            ("UPDATE journal SET previous_hash = hash WHERE sequence = 4", 4),
            ("DELETE FROM journal WHERE sequence = 1", 1),
            ("DELETE FROM journal WHERE sequence = 3", 3),
            ("DELETE FROM journal WHERE sequence = 4", 4),
            ("DELETE FROM journal; DELETE FROM journal_heads", 1),
            ("UPDATE journal SET sequence = 9 WHERE sequence = 2; UPDATE journal SET sequence = 2 WHERE sequence = 3", 2),
        ] {
            let found = store.write(|unlocked| {
                let mut tx = unlocked.lock(&Fence::new())?;
                execute(&mut tx, tampering)?;
                let found = tx.verify_journal(organization(1))?;
                // Leaves the journal as it was, for the next.
                Err::<(), _>(Refused::ByStorage(StorageError::Unexpected(format!("{found:?}"))))
            });
            let expected = StorageError::Unexpected(format!("{:?}", Some(first_bad)));
            assert_eq!(found, Err(Refused::ByStorage(expected)), "{tampering}");
        }
        assert_eq!(store.read(|tx| tx.verify_journal(organization(1))), Ok(None));
    }

    fn two_that_start_together_migrate_once(database: Database) {
        // Whoever opens first leaves a table of migrations, so that nobody is kept apart by creating that.
        let outdated = Store::open(&url(&database), PoolSettings::default(), counted_ids()).map(|_| ());
        assert_eq!(outdated, Err(OpenError::Outdated(migrations())));
        let barrier = Barrier::new(4);
        let start = || {
            barrier.wait();
            Store::migrate(&url(&database)).unwrap()
        };
        let counts: Vec<usize> = thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(start));
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(counts.iter().sum::<usize>(), migrations(), "{counts:?}");
    }

    fn a_database_of_another_version_is_refused(database: Database) {
        let open = || Store::open(&url(&database), PoolSettings::default(), counted_ids()).map(|_| ());
        assert_eq!(open(), Err(OpenError::Outdated(migrations())));
        let store = store(&database);
        write(&store, |tx| execute(tx, "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")).unwrap();
        assert_eq!(open(), Err(OpenError::Newer("9999".to_owned())));
    }

    fn nobody_waits_long_for_a_connection(database: Database) {
        drop(store(&database));
        // Long enough to connect on a busy machine, for the one connection that there is.
        let settings = PoolSettings { size: 1, wait: Duration::from_secs(2) };
        let store = Store::open(&url(&database), settings, counted_ids()).unwrap();
        store.read(|_| {
            assert!(matches!(store.glance(|tx| tx.highest_time()), Err(StorageError::Unavailable(_))));
            let state = store.pool_state();
            assert_eq!((state.in_use, state.timeouts), (1, 1));
            Ok::<_, StorageError>(())
        }).unwrap();
        assert!(store.pool_state().waits >= 1);
    }

    fn two_servers_take_turns_on_one_database(database: Database) {
        const WRITES: i64 = 25;
        let one = store(&database);
        let other = Store::open(&url(&database), PoolSettings::default(), counted_ids()).unwrap();
        let attempts = AtomicU32::new(0);
        let reserve = |tx: &mut WriteTx<'_>| {
            attempts.fetch_add(1, Ordering::Relaxed);
            tx.keys()?;
            tx.reserve_request_numbers(1)
        };
        thread::scope(|scope| {
            for store in [&one, &other] {
                scope.spawn(move || (0..WRITES).for_each(|_| assert!(write(store, reserve).is_ok())));
            }
        });
        assert_eq!(write(&one, reserve), Ok(2 * WRITES + 1));
        assert_eq!(i64::from(attempts.into_inner()), 2 * WRITES + 1);
    }
}

#[cfg(unix)]
#[test]
fn a_new_sqlite_database_is_for_its_owners_eyes_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.db");
    Store::migrate(&DatabaseUrl::parse(&format!("sqlite://{}", path.display())).unwrap()).unwrap();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
