//! Emails, stored responses, keys, the clock and numbers come back as they were written.

use std::thread;

use mandate_core::change::Notice;
use mandate_core::id::{KeyId, MailId};
use mandate_core::time::Span;
use mandate_core::vocabulary::MailKind;

use super::common::{self, Database};
use super::{NOW, key, organization, person, store, write};
use crate::{Key, MailOutcome, StorageError, StoredResponse};

on_both! {
    fn an_email_is_claimed_by_one_and_finished_once(database: Database) {
        let store = store(&database);
        let id = MailId::from_u128(1);
        let later = NOW.plus(Span::minutes(1));
        let notice = Notice { id, kind: MailKind::Welcome, to: person().into(), about: None, link: None };
        write(&store, |tx| tx.owe_mail(&notice, NOW)).unwrap();
        assert_eq!(store.glance(|tx| tx.oldest_unsent_mail_at()), Ok(Some(NOW)));
        let due = |now| store.glance(|tx| tx.due_mails(now, 10)).unwrap();
        assert_eq!(due(NOW.minus(Span::seconds(1))), []);
        assert_eq!(due(NOW).iter().map(|mail| &mail.notice).collect::<Vec<_>>(), [&notice]);

        assert_eq!(write(&store, |tx| tx.claim_mail(id, NOW, later)), Ok(true));
        assert_eq!(write(&store, |tx| tx.claim_mail(id, NOW, later)), Ok(false));
        assert_eq!(due(NOW), []);
        write(&store, |tx| tx.postpone_mail(id, later, "no answer")).unwrap();
        assert_eq!(due(later).iter().map(|mail| mail.attempts).collect::<Vec<_>>(), [1]);

        assert_eq!(write(&store, |tx| tx.claim_mail(id, later, later)), Ok(true));
        write(&store, |tx| tx.finish_mail(id, MailOutcome::Sent, later)).unwrap();
        assert_eq!(due(later.plus(Span::days(1))), []);
        assert_eq!(store.glance(|tx| tx.oldest_unsent_mail_at()), Ok(None));
        let again = write(&store, |tx| tx.finish_mail(id, MailOutcome::Failed, later));
        assert_eq!(again, Err(StorageError::Contention));
    }

    fn whoever_waits_for_a_link_does_not_wait_for_thousands_of_welcomes(database: Database) {
        let store = store(&database);
        let owed = [MailKind::Welcome, MailKind::PartnerRoster, MailKind::PasswordReset];
        for (number, kind) in (1..).zip(owed) {
            let notice = Notice { id: MailId::from_u128(number), kind, to: person().into(), about: None, link: None };
            write(&store, |tx| tx.owe_mail(&notice, NOW)).unwrap();
        }
        let due = |limit| store.glance(|tx| tx.due_mails(NOW, limit)).unwrap();
        let order = |limit| due(limit).iter().map(|mail| mail.notice.id.as_u128()).collect::<Vec<_>>();
        assert_eq!((order(1), order(2), order(9)), (vec![3], vec![3, 1], vec![3, 1, 2]));
    }

    fn a_stored_response_comes_back_until_it_is_forgotten(database: Database) {
        let store = store(&database);
        let response = StoredResponse {
            operation: "POST /v1/organizations".to_owned(),
            body_hash: vec![1, 2, 3],
            status: 201,
            location: Some("/v1/organizations/1".to_owned()),
            etag: None,
            body: "{}".to_owned(),
            subject: Some(organization(1).into()),
            created_at: NOW,
        };
        write(&store, |tx| tx.save_response("contact_1", "a", &response)).unwrap();
        let find = |caller: &str, key: &str| store.glance(|tx| tx.stored_response(caller, key)).unwrap();
        assert_eq!((find("contact_2", "a"), find("contact_1", "b")), (None, None));
        assert_eq!(find("contact_1", "a"), Some(response));
        assert_eq!(write(&store, |tx| tx.delete_responses(NOW, 10)), Ok(0));
        assert_eq!(write(&store, |tx| tx.delete_responses(NOW.plus(Span::seconds(1)), 10)), Ok(1));
        assert_eq!(find("contact_1", "a"), None);
    }

    fn keys_are_added_retired_and_deleted(database: Database) {
        let store = store(&database);
        let newer = Key { id: KeyId::from_u128(2), created_at: NOW.plus(Span::seconds(1)), ..key(1) };
        write(&store, |tx| tx.insert_key(&key(1)).and_then(|()| tx.insert_key(&newer))).unwrap();
        assert_eq!(store.read(|tx| tx.keys()), Ok(vec![newer.clone(), key(1)]));
        assert_eq!(write(&store, |tx| tx.retire_key(newer.id, NOW)), Ok(true));
        assert_eq!(write(&store, |tx| tx.retire_key(newer.id, NOW)), Ok(false));
        assert_eq!(write(&store, |tx| tx.delete_key(key(1).id)), Ok(true));
        assert_eq!(store.read(|tx| tx.keys()), Ok(vec![Key { retired_at: Some(NOW), ..newer }]));
    }

    fn time_is_raised_and_never_lowered(database: Database) {
        let store = store(&database);
        for raised in [NOW, NOW.minus(Span::hours(1))] {
            write(&store, |tx| tx.raise_time(raised)).unwrap();
            assert_eq!(store.glance(|tx| tx.highest_time()), Ok(NOW));
        }
        assert_eq!(store.ping(), Ok(()));
    }

    fn blocks_of_numbers_do_not_overlap(database: Database) {
        let store = store(&database);
        let reserve = |_| {
            let store = store.clone();
            thread::spawn(move || write(&store, |tx| tx.reserve_request_numbers(10)).unwrap())
        };
        let threads: Vec<_> = (0..8).map(reserve).collect();
        let mut firsts: Vec<i64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, (0..8).map(|block| 1 + 10 * block).collect::<Vec<_>>());
    }
}
