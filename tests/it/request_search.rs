//! Service requests are found by words of their subject and of the messages that the reader may see (S-5, S-11).

use mandate_tests::{Actor, e2e, json, minutes};

use crate::request_list::all_pages;
use crate::service_request::{request_path, submit};

async fn found(actor: &Actor, q: &str) -> Vec<String> {
    let rows = all_pages(actor, &format!("/v1/service-requests?q={q}"), 2).await;
    rows.iter().map(|row| row["subject"].as_str().unwrap_or_default().to_owned()).collect()
}

e2e! {
    /// S-11: each word begins one of the subject or of any message; what is edited or written is found at once.
    async fn words_of_subject_and_messages_find_a_request_s_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let first = submit(&acme, json!({"subject": "Impresión n.º 7", "message": "The Straße is blocked\nby toner-cartridges"})).await;
        world.advance(minutes(1));
        let second = submit(&acme, json!({"subject": "Second", "message": "Toner is out. 印刷 機"})).await;
        acme.reply(&second.id(), "Now it says: PC_LOAD_LETTER").await;
        for (q, expected) in [
            ("toner", ["Second", "Impresión n.º 7"].as_slice()),
            ("TONER+impresio%CC%81n", &["Impresión n.º 7"]),
            ("stra%C3%9Fe", &["Impresión n.º 7"]),
            ("cart+7", &["Impresión n.º 7"]),
            ("blocked+by", &["Impresión n.º 7"]),
            ("second+load+out", &["Second"]),
            ("pc_load", &["Second"]),
            ("%E5%8D%B0", &["Second"]),
            ("artridges", &[]),
            ("toner+nowhere", &[]),
        ] {
            assert_eq!(found(&acme, q).await, expected, "{q}");
        }
        acme.patch(request_path(&first), json!({"subject": "Impressora"})).await.expect(200);
        assert_eq!(found(&acme, "impresi%C3%B3n").await, [""; 0]);
        assert_eq!(found(&acme, "impressora+blocked").await, ["Impressora"]);
        acme.patch(request_path(&first), json!({"severity": 1})).await.expect(200);
        assert_eq!(found(&acme, "impressora").await, ["Impressora"]);
        // Nothing to search for is no search for everything.
        for q in ["%27%3B--", "%25", "+", ""] {
            let refused = acme.get(format!("/v1/service-requests?q={q}")).await.expect(422);
            assert_eq!(refused["errors"][0]["parameter"], "q", "{refused}");
        }
    }

    /// S-5: what only staff see moves nobody else's results: no row, no order, no page.
    async fn internal_notes_are_found_by_the_desk_alone_s_5_s_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let grant = acme.grant_organization(&globex, "full_admin").await.id();
        let (agent, consultant) = (world.agent().await, world.consultant().await);
        acme.grant_person(&consultant, "full_admin").await;
        let mut requests = Vec::new();
        for subject in ["Printer one", "Printer two", "Printer three"] {
            requests.push(submit(&acme, json!({"subject": subject, "message": "Toner"})).await);
            world.advance(minutes(1));
        }
        let list = "/v1/service-requests?q=toner&limit=2";
        let before = acme.get(list).await.expect(200);
        for request in &requests {
            let note = json!({"body": "Toner fraud, says Wiretap", "internal": true});
            agent.post(format!("{}/messages", request_path(request)), note).await.expect(201);
            world.advance(minutes(1));
        }
        assert_eq!(found(&agent, "wiretap").await, ["Printer three", "Printer two", "Printer one"]);
        assert_eq!(found(&agent, "fraud+two+toner").await, ["Printer two"]);
        for reader in [&acme, &globex, &consultant] {
            assert_eq!(found(reader, "wiretap").await, [""; 0], "{}", reader.email);
            assert_eq!(found(reader, "two+fraud").await, [""; 0], "{}", reader.email);
            assert_eq!(found(reader, "toner").await, ["Printer three", "Printer two", "Printer one"], "{}", reader.email);
        }
        assert_eq!(acme.get(list).await.expect(200).body["data"], before.body["data"]);
        // Who never had a grant finds nothing, and neither does who lost it.
        let stranger = world.partner("Initech", "initech.example").await;
        acme.post(format!("/v1/partner-grants/{grant}/revoke"), json!({})).await.expect(200);
        for reader in [&stranger, &globex] {
            assert_eq!(found(reader, "toner").await, [""; 0], "{}", reader.email);
        }
    }
}
