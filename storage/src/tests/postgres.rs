//! What PostgreSQL alone has: locks that are waited for, connections that are lost, settings that are unsafe.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};
use std::thread;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mandate_core::id::KeyId;
use mandate_core::time::Timestamp;

use super::common::{self, Database};
use super::{NOW, count, counted_ids, execute, key, organization, store, url, write};
use crate::backend::{on, storage_error};
use crate::sql::Sql;
use crate::tx::lock_key;
use crate::{DatabaseUrl, Fence, OpenError, PoolSettings, StorageError, Store};

/// Holds one fence, lets a second write ask for another, and answers in which order they got theirs. The first lets go as soon
/// as the second waits, or was done.
fn order_of_fences(database: &Database, first: &Fence, second: &Fence) -> Vec<&'static str> {
    let store = store(database);
    let order = Mutex::new(Vec::new());
    let (second_done, is_second_done) = channel();
    thread::scope(|scope| {
        let (first_locked, is_first_locked) = channel();
        let (store, order) = (&store, &order);
        scope.spawn(move || {
            is_first_locked.recv().unwrap();
            store
                .write(|unlocked| {
                    unlocked.lock(second)?;
                    order.lock().unwrap().push("second");
                    Ok::<_, StorageError>(())
                })
                .unwrap();
            second_done.send(()).unwrap();
        });
        store
            .write(|unlocked| {
                unlocked.lock(first)?;
                first_locked.send(()).unwrap();
                let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
                while store.glance(|tx| count(tx, waiting))? == 0 && is_second_done.try_recv().is_err() {
                    thread::yield_now();
                }
                order.lock().unwrap().push("first");
                Ok::<_, StorageError>(())
            })
            .unwrap();
    });
    order.into_inner().unwrap()
}

/// SQLite has no part in this: its writes are alone from their first statement on.
#[test]
fn whoever_changes_an_organization_is_alone_with_it() {
    let (uses, changes) = (Fence::new().uses(organization(1)), Fence::new().changes(organization(1)));
    let elsewhere = Fence::new().changes(organization(2));
    for (first, second, order) in [
        (&uses, &changes, ["first", "second"]),
        (&changes, &uses, ["first", "second"]),
        (&changes, &changes, ["first", "second"]),
        (&uses, &uses, ["second", "first"]),
        (&changes, &elsewhere, ["second", "first"]),
    ] {
        let Some(database) = common::postgres() else { return };
        assert_eq!(order_of_fences(&database, first, second), order, "{first:?} {second:?}");
    }
}

#[test]
fn a_deadlock_repeats_one_of_the_writes() {
    let Some(database) = common::postgres() else { return };
    let store = store(&database);
    write(&store, |tx| tx.insert_key(&key(1)).and_then(|()| tx.insert_key(&key(2)))).unwrap();
    let attempts = AtomicU32::new(0);
    let both_hold_one = Barrier::new(2);
    let cross = |one: KeyId, other: KeyId| {
        let mut is_first = true;
        write(&store, |tx| {
            attempts.fetch_add(1, Ordering::Relaxed);
            tx.retire_key(one, NOW)?;
            if std::mem::take(&mut is_first) {
                both_hold_one.wait();
            }
            tx.retire_key(other, NOW)
        })
    };
    thread::scope(|scope| {
        let crossing = scope.spawn(|| cross(key(1).id, key(2).id).unwrap());
        cross(key(2).id, key(1).id).unwrap();
        crossing.join().unwrap();
    });
    assert!(attempts.into_inner() > 2);
}

#[test]
fn connections_that_were_lost_are_replaced_before_anybody_notices() {
    let Some(database) = common::postgres() else { return };
    let store = store(&database);
    let terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let lose_all = || {
        // Several at once, so that there is more than one connection to lose.
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    store
                        .read(|_| {
                            barrier.wait();
                            Ok::<_, StorageError>(())
                        })
                        .unwrap()
                });
            }
        });
        let mut other = PgConnection::establish(&database.url).unwrap();
        assert!(Sql::<BigInt>::new(terminate).get_result::<i64>(&mut other).unwrap() >= 4);
    };
    lose_all();
    assert_eq!(store.glance(|tx| tx.highest_time()), Ok(Timestamp::from_micros(0)));
    lose_all();
    assert_eq!(store.read(|tx| tx.keys()), Ok(Vec::new()));
    lose_all();
    assert_eq!(write(&store, |tx| tx.insert_key(&key(1))), Ok(()));
}

#[test]
fn a_connection_that_is_lost_in_a_write_is_not_taken_for_a_commit() {
    let Some(database) = common::postgres() else { return };
    let store = store(&database);
    let result = write(&store, |tx| {
        tx.insert_key(&key(1))?;
        count(tx, "SELECT count(pg_terminate_backend(pg_backend_pid()))")
    });
    assert!(matches!(result, Err(StorageError::Unavailable(_))), "{result:?}");
    assert_eq!(store.read(|tx| tx.keys()), Ok(Vec::new()));
}

#[test]
fn time_outs_of_postgres_are_told_apart() {
    let Some(database) = common::postgres() else { return };
    let store = store(&database);
    let slow = store.read(|tx| {
        execute(tx, "SET LOCAL statement_timeout = '10ms'")?;
        execute(tx, "SELECT pg_sleep(1)")
    });
    assert!(matches!(slow, Err(StorageError::Unavailable(_))), "{slow:?}");
    let fence = Fence::new().changes(organization(1));
    let locked = store.write(|unlocked| {
        let _held = unlocked.lock(&fence)?;
        let mut other = PgConnection::establish(&database.url).unwrap();
        other.batch_execute("SET lock_timeout = '10ms'; BEGIN").unwrap();
        let key = lock_key(organization(1));
        let error = other.batch_execute(&format!("SELECT pg_advisory_xact_lock_shared({key})")).unwrap_err();
        Ok::<_, StorageError>(storage_error(&error))
    });
    assert_eq!(locked, Ok(StorageError::Contention));
}

#[test]
fn postgres_that_may_lose_what_it_acknowledged_is_refused() {
    let Some(database) = common::postgres() else { return };
    let store = store(&database);
    write(&store, |tx| {
        execute(
            tx,
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
        )
    })
    .unwrap();
    let refused = Store::open(&url(&database), PoolSettings::default(), counted_ids()).map(|_| ());
    let expected = OpenError::Unsafe { setting: "synchronous_commit".to_owned(), value: "off".to_owned() };
    assert_eq!(refused, Err(expected));
    // A store that is open already insists for itself.
    drop(store);
}

#[test]
fn a_database_that_is_away_is_told_soon() {
    let url = DatabaseUrl::parse("postgres://mandate:secret@127.0.0.1:1/mandate").unwrap();
    let error = Store::open(&url, PoolSettings::default(), counted_ids()).unwrap_err().to_string();
    assert!(error.starts_with("cannot connect to postgres://127.0.0.1:1/mandate: "), "{error}");
    assert!(!error.contains("secret"), "{error}");
    let url = DatabaseUrl::parse("sqlite:///nowhere/mandate.db").unwrap();
    let error = Store::open(&url, PoolSettings::default(), counted_ids()).unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
}

#[test]
fn a_raw_statement_is_prepared_once() {
    let Some(database) = common::postgres() else { return };
    let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT next FROM number_blocks%'";
    let counted = store(&database).read(|tx| {
        for name in ["service_request", "service_request", "none"] {
            let query = Sql::<BigInt>::new("SELECT next FROM number_blocks WHERE name = ").bind_text(name);
            on!(tx, |connection| query.load::<i64>(connection))?;
        }
        count(tx, prepared)
    });
    assert_eq!(counted, Ok(1));
}
