//! Each telling is taken once, and what is gathered for customers is forgotten after a while (G-9, G-11, G-18).

use std::collections::BTreeSet;
use std::thread;

use mandate_core::change::{Context, Origin};
use mandate_core::grant_reminder::{ReminderFacts, remind};
use mandate_core::id::{GrantId, RosterId};
use mandate_core::roster::Roster;
use mandate_core::telling::{Schedule, Telling};
use mandate_core::time::{Span, Timestamp};

use super::common::{self, Database};
use super::{NOW, count, execute, organization, person, store, write};
use crate::{StorageError, Store};

fn grant() -> GrantId {
    GrantId::from_u128(1)
}

fn later(seconds: i64) -> Timestamp {
    NOW.plus(Span::seconds(seconds))
}

/// What there is to tell of something that is gone: nothing, now or later.
fn nothing() -> Telling {
    let context = Context { actor: None, now: NOW, origin: Origin::default() };
    remind(&context, ReminderFacts { grant: None, grantors: Vec::new(), holders: Vec::new() })
}

fn due(store: &Store, now: Timestamp) -> Vec<crate::DueTelling> {
    store.glance::<_, StorageError>(|tx| tx.due_tellings(now, 10)).unwrap()
}

on_both! {
    fn a_telling_is_taken_by_one_of_many_g_11(database: Database) {
        let store = store(&database);
        write(&store, |tx| tx.schedule(grant().into(), Schedule::At(NOW))).unwrap();
        assert_eq!(due(&store, NOW.minus(Span::seconds(1))), []);
        let seen = due(&store, NOW);
        let [first] = seen.as_slice() else { panic!("one was expected: {seen:?}") };
        assert_eq!(first.about, grant().into());
        let take = |_| {
            let (store, first) = (store.clone(), *first);
            thread::spawn(move || {
                write(&store, |tx| {
                    let is_mine = tx.take_telling(&first)?;
                    if is_mine {
                        tx.tell(&first, &nothing())?;
                    }
                    Ok(is_mine)
                })
            })
        };
        let threads: Vec<_> = (0..8).map(take).collect();
        let taken: Vec<bool> = threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
        assert_eq!(due(&store, later(9)), []);
    }

    /// Nobody tells what another change has moved, and what failed is put off alone.
    fn a_telling_that_was_moved_is_not_told_g_11(database: Database) {
        let store = store(&database);
        let schedule = |schedule| write(&store, |tx| tx.schedule(grant().into(), schedule)).unwrap();
        schedule(Schedule::At(NOW));
        let old = due(&store, NOW)[0];
        for moved in [Schedule::At(later(5)), Schedule::Never] {
            schedule(moved);
            assert_eq!(write(&store, |tx| tx.take_telling(&old)), Ok(false), "{moved:?}");
            write(&store, |tx| tx.postpone_telling(&old, later(90))).unwrap();
        }
        assert_eq!(due(&store, later(99)), []);
        schedule(Schedule::At(later(5)));
        schedule(Schedule::Keep);
        assert_eq!(due(&store, later(4)), []);
        let new = due(&store, later(5))[0];
        write(&store, |tx| tx.postpone_telling(&new, later(60))).unwrap();
        assert_eq!(due(&store, later(59)), []);
        let again = due(&store, later(60))[0];
        assert_eq!(write(&store, |tx| tx.take_telling(&new)), Ok(false));
        assert_eq!(write(&store, |tx| tx.take_telling(&again)), Ok(true));
        assert_eq!(write(&store, |tx| tx.take_telling(&again)), Ok(false));
    }

    fn rosters_that_were_told_are_forgotten_and_no_others_g_18(database: Database) {
        let store = store(&database);
        write(&store, |tx| {
            for (id, closed_at) in [(1, "NULL".to_owned()), (2, NOW.micros().to_string()), (3, later(1).micros().to_string())] {
                let (roster, partner) = (RosterId::from_u128(id), organization(1));
                execute(tx, &format!("INSERT INTO rosters VALUES ('{roster}', '{partner}', 0, {closed_at}, NULL)"))?;
                let row = format!("('{roster}', 'joined', '{}', {id})", person());
                execute(tx, &format!("INSERT INTO roster_people VALUES {row}"))?;
            }
            Ok(())
        })
        .unwrap();
        let rest = || {
            let found = |id| store.glance::<_, StorageError>(|tx| tx.roster(RosterId::from_u128(id))).unwrap();
            let people = store.glance::<_, StorageError>(|tx| count(tx, "SELECT COUNT(*) FROM roster_people")).unwrap();
            let ids: BTreeSet<u128> = (1..=3).filter_map(found).map(|roster: Roster| roster.id.as_u128()).collect();
            (ids, people)
        };
        assert_eq!(write(&store, |tx| tx.delete_rosters(NOW, 10)), Ok(0));
        assert_eq!(rest(), ([1, 2, 3].into(), 3));
        assert_eq!(write(&store, |tx| tx.delete_rosters(later(2), 1)), Ok(1));
        assert_eq!(rest(), ([1, 3].into(), 2));
        assert_eq!(write(&store, |tx| tx.delete_rosters(later(2), 10)), Ok(1));
        assert_eq!(rest(), ([1].into(), 1));
    }
}
