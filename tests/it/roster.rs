//! Customers who are told who joins and leaves a partner (G-18), and what is not done about it (G-14).

use mandate_core::journal::EventKind;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::MailKind;
use mandate_storage::StorageError;
use mandate_tests::{Actor, Value, World, e2e, json, minutes, person as somebody, with};

use crate::contact_import::{CSV, import};
use crate::grant_reminder::{count, pass};
use crate::invitation::{abroad, accept, invite, token};
use crate::notice::{leaves, open};
use crate::partner_grant::grant_path;

const ROSTER: &str = "partner_roster";

async fn disable(manager: &Actor, id: &str) {
    manager.post(format!("/v1/contacts/{id}/disable"), json!({"reason": "left"})).await.expect(200);
}

/// What an organization's journal says of people who joined and left: how many, and their ids.
fn told(world: &World, organization: &Actor) -> Vec<Value> {
    let entries = world.journal(&organization.organization_id);
    let of_it = entries.iter().filter(|entry| entry.kind == EventKind::RosterChanged);
    of_it.map(|entry| serde_json::from_str(&entry.after).expect("a JSON object")).collect()
}

fn totals(event: &Value) -> (i64, i64) {
    (event["joined_total"].as_i64().unwrap_or(-1), event["left_total"].as_i64().unwrap_or(-1))
}

/// What is gathered now, which the API does not show.
async fn gathering(world: &World) -> String {
    let soon = Timestamp::parse(&world.after(minutes(5))).expect("stories have a time");
    let url = world.database_url().to_owned();
    let due = tokio::task::spawn_blocking(move || open(&url).1.read::<_, StorageError>(|tx| tx.due_tellings(soon, 1)));
    let due = due.await.expect("reading does not panic").expect("the database can be read");
    due.first().expect("something is gathered").about.to_string()
}

e2e! {
    /// G-18, C-19, X-2: whichever way they come and go; at once what happens within minutes, and once however many servers there are.
    async fn grantors_are_told_who_joins_and_leaves_a_partner_g_18(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact_with("tom", json!({"permission": "manage_contacts", "locale": "es"})).await;
        let ann = acme.contact("ann", "manage_contacts").await;
        let ben = acme.contact("ben", "designated_support").await;
        ann.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        let zenith = world.customer("Zenith", "zenith.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        // Before there is a grant, and after, for a grant that opens all.
        let eve = globex.contact("eve", "knowledge_base").await;
        pass(&world, minutes(5)).await;
        let grant = acme.grant_organization(&globex, "view").await;
        zenith.grant_organization(&globex, "cc").await;
        initech.grant_person(&eve, "full_admin").await;
        world.another_instance(&[]).await;

        let dina = globex.contact("dina", "designated_support").await;
        pass(&world, minutes(4)).await;
        assert_eq!(count(&world, &acme, ROSTER), 0);
        disable(&globex, &eve.id).await;
        globex.patch(format!("/v1/contacts/{}", dina.id), json!({"phone": "112"})).await.expect(200);
        pass(&world, minutes(1)).await;
        for (person, sent) in [(&acme, 1), (&tom, 1), (&ann, 0), (&ben, 0), (&zenith, 0), (&initech, 0), (&globex, 0)] {
            assert_eq!(count(&world, person, ROSTER), sent, "{}", person.email);
        }
        let mail = world.mail(&acme.email, ROSTER).await;
        assert_eq!(mail.subject, "The people of Globex have changed");
        for part in ["Joined:\nDina Globex\n", "Left:\nEve Globex\n", "at the level view"] {
            assert!(mail.text.contains(part), "`{part}` is missing in\n{}", mail.text);
        }
        assert_eq!(world.mail(&tom.email, ROSTER).await.subject, "Han cambiado las personas de Globex");
        let events = told(&world, &acme);
        assert_eq!(events.len(), 1);
        assert_eq!((&events[0]["joined"], &events[0]["left"]), (&json!([dina.id]), &json!([eve.id])));
        assert_eq!(events[0]["grant_id"], grant["id"]);
        assert_eq!(told(&world, &zenith).len() + told(&world, &initech).len() + told(&world, &globex).len(), 0);

        // Enabled again twice, imported by the dozen, gone over to another organization, and come from one.
        globex.post(format!("/v1/contacts/{}/enable", eve.id), ()).await.expect(200);
        disable(&globex, &eve.id).await;
        globex.post(format!("/v1/contacts/{}/enable", eve.id), ()).await.expect(200);
        let rows: Vec<String> = (0..60).map(|row| format!("p{row}@globex.example,P,Import,knowledge_base\n")).collect();
        let file = format!("email,first_name,last_name,permission\n{}", rows.concat());
        import(&globex, CSV, "?dry_run=true", &file).await.expect(200);
        import(&globex, CSV, "", &file).await.expect(200);
        let olga = abroad(&world, &globex, "olga", json!({})).await;
        invite(&acme, &olga.email, json!({})).await.expect(201);
        accept(&world, &token(&world, &olga.email, 1).await).await.expect(200);
        let body = with(somebody("gus@globex.example"), json!({"permission": "designated_support"}));
        let gus = acme.post(acme.own("contacts"), body).await.expect(201);
        invite(&globex, "gus@globex.example", json!({})).await.expect(201);
        accept(&world, &token(&world, "gus@globex.example", 1).await).await.expect(200);
        pass(&world, minutes(5)).await;
        let events = told(&world, &acme);
        // Eve, sixty, Olga and Gus joined; Eve and Olga left again.
        assert_eq!(events.iter().map(totals).collect::<Vec<_>>(), [(1, 1), (63, 2)]);
        let mut gone = [&eve.id, &olga.id];
        gone.sort();
        assert_eq!(events[1]["left"], json!(gone));
        assert!(!events[1].to_string().contains(&gus.id()), "the record that stays at Acme is no partner's");
        let mail = world.mailbox().nth(&acme.email, ROSTER, 2).await;
        assert!(mail.text.contains(" … (+13)\n") && mail.text.contains("Eve Globex, "), "{}", mail.text);
        assert_eq!(count(&world, &acme, ROSTER), 2);

        // With the grant ends the interest.
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
        disable(&globex, &dina.id).await;
        pass(&world, minutes(5)).await;
        assert_eq!((count(&world, &acme, ROSTER), told(&world, &acme).len()), (2, 2));
    }

    /// G-18, C-15: decided when the email leaves.
    async fn nobody_is_told_of_a_partner_that_they_have_nothing_to_do_with_any_more_g_18(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        let grant = acme.grant_organization(&globex, "view").await;
        globex.contact("eve", "knowledge_base").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let roster = &gathering(&world).await;
        pass(&world, minutes(5)).await;
        let goes = async |person: &Actor| leaves(&world, MailKind::PartnerRoster, &person.id, Some(roster), None).await;
        assert!(goes(&tom).await && goes(&acme).await);
        assert!(!goes(&zenith).await && !goes(&globex).await && !goes(&world.agent().await).await);
        acme.patch(format!("/v1/contacts/{}", tom.id), json!({"permission": "designated_support"})).await.expect(200);
        assert!(!goes(&tom).await);
        acme.patch(grant_path(&grant), json!({"level": "cc"})).await.expect(200);
        assert!(!goes(&acme).await);
    }

    /// G-18: every one of many customers is told once.
    async fn all_of_many_customers_are_told_once_g_18(world: World) {
        let globex = world.partner("Globex", "globex.example").await;
        let mut customers = Vec::new();
        for number in 0..23 {
            let customer = world.customer(&format!("C{number}"), &format!("c{number}.example")).await;
            customer.grant_organization(&globex, "view").await;
            customers.push(customer);
        }
        world.another_instance(&[]).await;
        globex.contact("eve", "knowledge_base").await;
        pass(&world, minutes(5)).await;
        for customer in &customers {
            assert_eq!((told(&world, customer).len(), count(&world, customer, ROSTER)), (1, 1), "{}", customer.email);
        }
    }

    /// G-14, R-6: a partner's person who is a contact of the customer is the customer's own responsibility.
    async fn a_record_at_the_customer_outlives_what_happens_at_the_partner_g_14(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let body = with(somebody("eve.direct@globex.example"), json!({"permission": "designated_support"}));
        acme.post(acme.own("contacts"), body).await.expect(201);
        let direct = world.instance().accept(&world.mail("eve.direct@globex.example", "welcome").await).await;
        let grant = acme.grant_organization(&globex, "view").await;
        let to_eve = acme.grant_person(&eve, "update").await;
        let still_works = async |what: &str| {
            let record = acme.get(format!("/v1/contacts/{}", direct.id)).await.expect(200);
            assert_eq!(record["status"], "active", "{what}");
            direct.request(what).await;
            let readiness = acme.get(acme.own("readiness")).await.expect(200);
            assert!(readiness.text().contains("partner_person_as_contact"), "{what}");
        };
        still_works("with both grants").await;
        disable(&globex, &eve.id).await;
        assert_eq!(acme.get(grant_path(&to_eve)).await.expect(200)["status"], "ended");
        still_works("the person is disabled at the partner").await;
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
        still_works("the partner's grant is revoked").await;
        world.admin().await.post(globex.own("suspend"), ()).await.expect(200);
        still_works("the partner is suspended").await;
        // It ends as every contact of the customer does.
        disable(&acme, &direct.id).await;
        direct.get("/v1/me").await.expect(401);
    }
}
