//! Reminders that a grant is about to end (G-11).

use std::time::{Duration, Instant};

use mandate_core::journal::EventKind;
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::MailKind;
use mandate_storage::StorageError;
use mandate_tests::{Actor, Answer, World, days, e2e, hours, json};

use crate::notice::{leaves, open};
use crate::partner_grant::{grant_path, offer, person, whole};

/// How long the server may take until it has told everything and every email has left.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until there is nothing to tell any more, and no email is owed.
pub(crate) async fn settled(world: &World) {
    let now = Timestamp::parse(&world.now()).expect("stories have a time");
    let url = world.database_url().to_owned();
    let waiting = tokio::task::spawn_blocking(move || {
        let (_, store) = open(&url);
        let start = Instant::now();
        let is_quiet = || {
            let owed = store.read::<_, StorageError>(|tx| {
                Ok((tx.due_tellings(now, 1)?.is_empty(), tx.oldest_unsent_mail_at()?.is_none()))
            });
            owed.expect("the database can be read") == (true, true)
        };
        while !is_quiet() {
            assert!(start.elapsed() < PATIENCE, "there is still something to tell");
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    waiting.await.expect("waiting does not panic");
}

/// Lets time pass, and what falls due be told.
pub(crate) async fn pass(world: &World, span: Span) {
    world.advance(span);
    settled(world).await;
}

/// How many emails of a kind somebody has.
pub(crate) fn count(world: &World, to: &Actor, kind: &str) -> usize {
    world.mailbox().of(&to.email, kind).len()
}

/// The marks that a grant was reminded of, as an organization's journal tells.
fn marks(world: &World, organization: &Actor, grant: &Answer) -> Vec<i64> {
    let entries = world.journal(&organization.organization_id);
    let of_it = entries.iter().filter(|entry| entry.kind == EventKind::GrantExpiring);
    let of_it = of_it.filter(|entry| entry.subject.to_string() == grant.id());
    let days = |after: &str| {
        let after: mandate_tests::Value = serde_json::from_str(after).expect("a JSON object");
        after["days"].as_i64().expect("a number of days")
    };
    of_it.map(|entry| days(&entry.after)).collect()
}

e2e! {
    /// G-11, X-2: thirty, seven and one days before, once however many servers there are, by email and in both journals.
    async fn both_sides_are_reminded_once_of_each_mark_g_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        let tom = acme.contact_with("tom", json!({"permission": "manage_contacts", "locale": "es"})).await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "knowledge_base").await;
        let consultant = world.consultant().await;
        for _ in 0..2 {
            world.another_instance(&[]).await;
        }
        let until = |span| json!({"expires_at": world.after(span), "acknowledge_organization_wide_visibility": true});
        let make = async |grantee, level: &str| {
            offer(&acme, mandate_tests::with(until(days(40)), json!({"grantee": grantee, "level": level}))).await.expect(201)
        };
        let to_all = make(whole(&globex), "view").await;
        let to_eve = make(person(&eve), "update").await;
        let to_staff = make(person(&consultant), "view").await;
        let received = "received_grant_expiring";
        pass(&world, days(9)).await;
        assert_eq!(count(&world, &acme, "partner_grant_expiring"), 0);
        pass(&world, days(1)).await;
        for (person, sent) in [(&acme, 3), (&tom, 3), (&ben, 0)] {
            assert_eq!(count(&world, person, "partner_grant_expiring"), sent, "{}", person.email);
        }
        for holder in [&globex, &eve, &consultant] {
            assert_eq!(count(&world, holder, received), 1, "{}", holder.email);
        }
        let mail = world.mail(&eve.email, received).await;
        assert_eq!(mail.subject, "The grant by Acme is about to end");
        for part in ["Eve Globex: update", "2026-04-10 09:00 (UTC)", "ask Acme for its renewal"] {
            assert!(mail.text.contains(part) && mail.html.contains(part), "`{part}` is missing in\n{}", mail.text);
        }
        let spanish = world.mail(&tom.email, "partner_grant_expiring").await;
        assert!(spanish.subject.ends_with("está a punto de terminar"), "{}", spanish.subject);
        assert_eq!((marks(&world, &acme, &to_all), marks(&world, &globex, &to_eve)), (vec![30], vec![30]));
        // Nothing further until the next mark; whoever may read the grant sees in its history that it was reminded of.
        pass(&world, days(22)).await;
        assert_eq!(count(&world, &eve, received), 1);
        let history = acme.get(format!("{}/history", grant_path(&to_eve))).await.expect(200);
        assert_eq!(history.column("kind"), ["partner_grant.created", "partner_grant.expiring"]);
        pass(&world, days(1)).await;
        assert_eq!((count(&world, &eve, received), marks(&world, &acme, &to_eve)), (2, vec![30, 7]));
        pass(&world, days(6)).await;
        for grant in [&to_all, &to_eve, &to_staff] {
            assert_eq!(marks(&world, &acme, grant), [30, 7, 1]);
        }
        assert_eq!((count(&world, &eve, received), count(&world, &acme, "partner_grant_expiring")), (3, 9));
        pass(&world, days(60)).await;
        assert_eq!((count(&world, &eve, received), count(&world, &acme, "partner_grant_expiring")), (3, 9));
        // A reminder changes nothing in the grant.
        assert_eq!(acme.get(grant_path(&to_all)).await.expect(200)["version"], 1);
    }

    /// G-11: a server that slept tells of the mark that counts now; another end starts over; what is over is not reminded of.
    async fn a_server_that_slept_reminds_once_and_another_end_starts_over_g_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let dina = globex.contact("dina", "designated_support").await;
        let kim = globex.contact("kim", "designated_support").await;
        let until = |who: &Actor, level: &str, span| {
            json!({"grantee": person(who), "level": level, "expires_at": world.after(span)})
        };
        let to_eve = offer(&acme, until(&eve, "view", days(40))).await.expect(201);
        let to_dina = offer(&acme, until(&dina, "view", days(40))).await.expect(201);
        let to_kim = offer(&acme, until(&kim, "none", days(40))).await.expect(201);
        let received = "received_grant_expiring";
        world.stop().await;
        world.advance(days(36));
        world.restart().await;
        settled(&world).await;
        assert_eq!((count(&world, &eve, received), marks(&world, &acme, &to_eve)), (1, vec![7]));
        // Whoever is shut out is not told that they will be let in; the grantor is.
        assert_eq!((count(&world, &kim, received), marks(&world, &acme, &to_kim)), (0, vec![7]));
        assert_eq!(marks(&world, &globex, &to_kim), [0_i64; 0]);
        // A note or a level is no reason to begin again; another end is.
        acme.patch(grant_path(&to_eve), json!({"level": "update", "note": "still"})).await.expect(200);
        settled(&world).await;
        assert_eq!(count(&world, &eve, received), 1);
        acme.patch(grant_path(&to_eve), json!({"expires_at": world.after(days(31))})).await.expect(200);
        acme.post(format!("{}/revoke", grant_path(&to_dina)), json!({})).await.expect(200);
        pass(&world, days(1)).await;
        assert_eq!((count(&world, &eve, received), marks(&world, &acme, &to_eve)), (2, vec![7, 30]));
        pass(&world, days(2)).await;
        assert_eq!((count(&world, &dina, received), marks(&world, &acme, &to_dina)), (1, vec![7]));
        // An end that is taken away, and a grant that ends with its holder, are waited for no longer.
        acme.patch(grant_path(&to_eve), json!({"expires_at": null})).await.expect(200);
        pass(&world, days(27)).await;
        assert_eq!(count(&world, &eve, received), 2);
        let again = offer(&acme, until(&dina, "view", days(8))).await.expect(201);
        globex.post(format!("/v1/contacts/{}/disable", dina.id), json!({"reason": "left"})).await.expect(200);
        pass(&world, days(7)).await;
        assert_eq!((count(&world, &dina, received), marks(&world, &acme, &again)), (1, Vec::new()));
    }

    /// G-11, C-15, C-19: whoever lost the right to know gets none; of authority everybody else is told, whatever they switched off.
    async fn nobody_is_reminded_who_may_not_know_any_more_g_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let ann = acme.contact("ann", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let body = json!({"grantee": person(&eve), "level": "view", "expires_at": world.after(days(20))});
        let grant = offer(&acme, body).await.expect(201).id();
        ann.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        pass(&world, days(13)).await;
        assert_eq!([&acme, &tom, &ann].map(|person| count(&world, person, "partner_grant_expiring")), [1, 1, 1]);
        let to_tom = async || leaves(&world, MailKind::GrantExpiring, &tom.id, Some(&grant), None).await;
        let to_eve = async || leaves(&world, MailKind::ReceivedGrantExpiring, &eve.id, Some(&grant), None).await;
        assert!(to_tom().await && to_eve().await);
        assert!(leaves(&world, MailKind::GrantExpiring, &ann.id, Some(&grant), None).await, "cannot be switched off");
        acme.patch(format!("/v1/contacts/{}", tom.id), json!({"permission": "designated_support"})).await.expect(200);
        assert!(!to_tom().await && to_eve().await);
        let suspended = world.admin().await;
        suspended.post(globex.own("suspend"), ()).await.expect(200);
        assert!(!to_eve().await);
        suspended.post(globex.own("resume"), ()).await.expect(200);
        acme.patch(format!("/v1/partner-grants/{grant}"), json!({"expires_at": world.after(days(31))})).await.expect(200);
        assert!(!to_eve().await, "it ends later than it was to be told");
        acme.patch(format!("/v1/partner-grants/{grant}"), json!({"expires_at": world.after(hours(5))})).await.expect(200);
        assert!(to_eve().await);
        acme.post(format!("/v1/partner-grants/{grant}/revoke"), json!({})).await.expect(200);
        assert!(!to_eve().await);
    }
}
