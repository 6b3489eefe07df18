//! Oneself (C-9).

use mandate_tests::{days, e2e, json, snapshot};

e2e! {
    /// C-9
    async fn everybody_changes_their_own_phone_time_zone_and_locale(world: World) {
        let (acme, agent) = (world.customer("Acme", "acme.example").await, world.agent().await);
        let kai = acme.contact_with("kai", json!({"permission": "knowledge_base", "duties": ["security", "it"]})).await;
        snapshot!(kai.get("/v1/me").await.expect(200));
        let edit = json!({"phone": "+55.11.5555.0100", "time_zone": "America/Sao_Paulo", "locale": "pt-BR"});
        snapshot!(kai.patch("/v1/me", edit.clone()).await.expect(200));
        // Absent leaves alone, null clears; what has no empty value cannot be cleared.
        let edited = kai.patch("/v1/me", json!({"phone": null})).await.expect(200);
        assert_eq!(
            (&edited["phone"], &edited["locale"], &edited["version"]),
            (&json!(null), &json!("pt-BR"), &json!(4))
        );
        assert_eq!(kai.patch("/v1/me", json!({})).await.expect(200)["version"], 4, "nothing changed");
        snapshot!(kai.patch("/v1/me", json!({
            "phone": "(650) 555-0100", "time_zone": null, "locale": "tlh", "permission": "manage_contacts", "type": "primary_support",
        })).await.expect(422));
        kai.send("PATCH", "/v1/me", &[("if-match", "\"3\"")], json!({"phone": "112"}))
            .await
            .expect_problem(412, "version_mismatch");
        kai.send("PATCH", "/v1/me", &[("if-match", "\"3\", \"4\"")], json!({"phone": "112"})).await.expect(200);
        snapshot!(agent.patch("/v1/me", edit).await.expect(200));
        agent.patch("/v1/me", json!({"roles": ["administrator"]})).await.expect_problem(422, "validation_failed");
        let entries = world.journal(&acme.organization_id);
        let last = entries.last().expect("there are entries");
        assert_eq!((last.subject.to_string(), last.after.as_str()), (kai.id, r#"{"phone":"112"}"#));
    }

    /// C-9: the same by way of one's record; nobody changes their own type, permission or status, managers included.
    async fn nobody_changes_what_others_decide_about_them(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let paul = acme.primary_contact("paul", "manage_contacts").await;
        let kai = acme.contact("kai", "knowledge_base").await;
        let record = format!("/v1/contacts/{}", kai.id);
        kai.get(&record).await.expect(200);
        assert_eq!(kai.patch(&record, json!({"phone": "112", "locale": "es"})).await.expect(200)["phone"], "112");
        for edit in [json!({"first_name": "Kay"}), json!({"duties": ["it"]}), json!({"permission": "manage_contacts"})]
        {
            kai.patch(&record, edit).await.expect_problem(403, "permission_required");
        }
        let record = format!("/v1/contacts/{}", paul.id);
        paul.patch(&record, json!({"first_name": "Pablo", "duties": ["it"], "permission": "manage_contacts"}))
            .await
            .expect(200);
        snapshot!(
            paul.patch(&record, json!({"permission": "designated_support"})).await.expect_problem(403, "own_record")
        );
        paul.patch(&record, json!({"type": "technical"})).await.expect_problem(403, "own_record");
        paul.post(format!("{record}/disable"), json!({"reason": "tired"})).await.expect_problem(403, "own_record");
    }

    /// G-2, G-4, G-10
    async fn one_sees_for_whom_one_may_act(world: World) {
        let globex = world.partner("Globex", "globex.example").await;
        let (acme, zenith) =
            (world.customer("Acme", "acme.example").await, world.customer("Zenith", "zenith.example").await);
        let eve = globex.contact("eve", "designated_support").await;
        acme.grant_organization(&globex, "view").await;
        acme.grant_person(&eve, "create").await;
        let grant = json!({"grantee": {"type": "contact", "id": eve.id}, "level": "full_admin", "expires_at": world.after(days(1))});
        zenith.post(zenith.own("partner-grants"), grant).await.expect(201);
        snapshot!(eve.get("/v1/me").await.expect(200));
        assert_eq!(globex.get("/v1/me").await.expect(200)["acts_for"].as_array().map(Vec::len), Some(1));
        world.advance(days(1));
        let me = eve.get("/v1/me").await.expect(200);
        assert_eq!((me["acts_for"].as_array().map(Vec::len), &me["acts_for"][0]["level"]), (Some(1), &json!("create")));
        assert_eq!(acme.get("/v1/me").await.expect(200)["acts_for"], json!([]));
    }
}
