//! A broadcast becomes one email for each whom it may concern, however many make them at once (S-12, G-7).

use std::thread;

use mandate_core::broadcast::Broadcast;
use mandate_core::id::{GrantId, ServiceRequestId, StaffId};
use mandate_core::time::Span;
use mandate_core::vocabulary::MailKind;

use super::common::{self, Database};
use super::{ContactId, NOW, count, execute, organization, person, store, write};
use crate::Store;

const REQUEST: ServiceRequestId = ServiceRequestId::from_u128(1);

fn people(store: &Store, organization_number: u128, status: &str, numbers: impl Iterator<Item = u128>) {
    for number in numbers {
        let (id, organization) = (ContactId::from_u128(number), organization(organization_number));
        let row = format!(
            "INSERT INTO people VALUES ('{id}', '{organization}', '{number}', '', '', '', '', NULL, '', '', NULL, NULL, '', '', \
             '{status}', NULL, NULL, NULL, 0, NULL, 0, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, '', '')"
        );
        write(store, |tx| execute(tx, &row)).unwrap();
    }
}

/// A request of the first organization, by whose point of contact it was submitted, and a grant of this level to the second one.
fn request(store: &Store, level: &str, expires_at: &str, is_confidential: bool) {
    let (contact, own, partner) = (person(), organization(1), organization(2));
    let (grant, staff) = (GrantId::from_u128(1), StaffId::from_u128(1));
    let rows = format!(
        "INSERT INTO service_requests (id, number, organization_id, subject, category, severity, status, \
         submitted_by, submitter_organization_id, point_of_contact_id, point_of_contact_organization_id, created_at, updated_at, \
         activity_at, version, confidential) VALUES ('{REQUEST}', 1, '{own}', '', '', 1, 'open', '{contact}', '{own}', \
         '{contact}', '{own}', 0, 0, 0, 1, {is_confidential}); \
         INSERT INTO partner_grants (id, grantor_id, grantee_type, grantee_id, grantee_organization_id, level, expires_at, \
         created_at, created_by, updated_at, version) VALUES ('{grant}', '{own}', 'organization', '{partner}', '{partner}', \
         '{level}', {expires_at}, 0, '{staff}', 0, 1)"
    );
    write(store, |tx| execute(tx, &rows)).unwrap();
}

fn owe(store: &Store) {
    let broadcast = Broadcast { kind: MailKind::Reply, about: REQUEST.into(), request: Some(REQUEST), by: None };
    write(store, |tx| tx.owe_broadcasts(&[(&broadcast, NOW)])).unwrap();
}

/// Makes emails until none is left to be made.
fn spread(store: &Store, limit: i64) {
    while write(store, |tx| tx.carry_on_broadcast(NOW, limit)).unwrap() {}
}

on_both! {
    fn each_receiver_is_owed_one_email_however_many_make_them(database: Database) {
        let store = store(&database);
        people(&store, 2, "active", 10..27);
        people(&store, 2, "invited", 30..33);
        people(&store, 1, "active", 40..42);
        request(&store, "view", "NULL", false);
        // Somebody of the partner who takes part besides is one receiver.
        for number in [10, 40] {
            let part = format!(
                "INSERT INTO participants (service_request_id, person_id, role, added_at, added_by, version) \
                 VALUES ('{REQUEST}', '{}', 'cc', 0, '{}', 1)",
                ContactId::from_u128(number),
                person()
            );
            write(&store, |tx| execute(tx, &part)).unwrap();
        }
        assert!(!store.glance(|tx| tx.has_broadcasts()).unwrap());
        let broadcasts = 3;
        (0..broadcasts).for_each(|_| owe(&store));
        assert!(store.glance(|tx| tx.has_broadcasts()).unwrap());
        let spreading = |limit| {
            let store = store.clone();
            thread::spawn(move || spread(&store, limit))
        };
        let threads: Vec<_> = [2, 3, 5, 17].into_iter().map(spreading).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!store.glance(|tx| tx.has_broadcasts()).unwrap());
        // The point of contact, the participant of their organization, and the partner's seventeen who can sign in.
        let receivers = 1 + 1 + 17;
        assert_eq!(store.glance(|tx| count(tx, "SELECT COUNT(DISTINCT person_id) FROM mails")), Ok(receivers));
        assert_eq!(store.glance(|tx| count(tx, "SELECT COUNT(*) FROM mails")), Ok(receivers * broadcasts));
        let due = store.glance(|tx| tx.due_mails(NOW, 1)).unwrap();
        assert_eq!((due[0].notice.kind, due[0].notice.about, due[0].created_at), (MailKind::Reply, Some(REQUEST.into()), NOW));
    }

    fn nobody_is_asked_for_whom_the_grant_is_too_low_over_or_does_not_reach(database: Database) {
        let store = store(&database);
        people(&store, 2, "active", 10..12);
        request(&store, "cc", "NULL", false);
        let grant = |members: &str| {
            let update = format!("DELETE FROM mails; UPDATE partner_grants SET {members}");
            write(&store, |tx| execute(tx, &update)).unwrap();
            owe(&store);
            spread(&store, 500);
            store.glance(|tx| count(tx, "SELECT COUNT(*) FROM mails")).unwrap()
        };
        let now = NOW.micros();
        assert_eq!(grant("level = 'cc'"), 1);
        assert_eq!(grant("level = 'view'"), 3);
        assert_eq!(grant(&format!("expires_at = {now}")), 1);
        assert_eq!(grant(&format!("expires_at = {}", NOW.plus(Span::seconds(1)).micros())), 3);
        assert_eq!(grant("ended_at = 0"), 1);
        assert_eq!(grant("ended_at = NULL"), 3);
        let conceal = "UPDATE service_requests SET confidential = TRUE";
        write(&store, |tx| execute(tx, conceal)).unwrap();
        assert_eq!(grant("ended_at = NULL"), 1);
        let submitted = format!("UPDATE service_requests SET submitted_by = '{}'", ContactId::from_u128(10));
        write(&store, |tx| execute(tx, &submitted)).unwrap();
        assert_eq!(grant("ended_at = NULL"), 2);
    }
}
