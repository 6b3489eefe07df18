//! Training notes (C-21).

use mandate_core::journal::EventKind;
use mandate_tests::{Actor, Answer, Value, days, e2e, json, minutes, snapshot};

async fn note(staff: &Actor, contact: &Actor, body: Value) -> Answer {
    staff.post(format!("/v1/contacts/{}/training", contact.id), body).await
}

e2e! {
    /// C-21
    async fn the_desk_marks_who_lacks_training_until_it_clears_it(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (agent, duty) = (world.agent().await, world.duty_manager().await);
        let ben = acme.contact("ben", "designated_support").await;
        let needed = |text: &str| json!({"needed": true, "note": text});
        snapshot!(note(&agent, &ben, needed("  has not seen the new console ")).await.expect(200));
        // Its managers see it, and the contact too.
        let path = format!("/v1/contacts/{}", ben.id);
        for reader in [&acme, &ben] {
            assert_eq!(reader.get(&path).await.expect(200)["training_note"], "has not seen the new console");
        }
        world.advance(minutes(1));
        let same = note(&duty, &ben, json!({"note": "has not seen the new console"})).await.expect(200);
        assert_eq!((&same["version"], &same["training_noted_by"]), (&json!(3), &json!(agent.id)), "nothing changed");
        let other = note(&duty, &ben, needed("has seen it once")).await.expect(200);
        assert_eq!(
            (&other["training_note"], &other["training_noted_by"], &other["training_noted_at"]),
            (&json!("has seen it once"), &json!(duty.id), &json!(world.now()))
        );
        let training = format!("{path}/training");
        agent.send("POST", &training, &[("if-match", "\"3\"")], json!({"needed": false})).await.expect_problem(412, "version_mismatch");
        let cleared = agent.send("POST", &training, &[("if-match", "\"4\"")], json!({"needed": false})).await.expect(200);
        let members = ["training_note", "training_noted_at", "training_noted_by"].map(|member| cleared[member].clone());
        assert_eq!((members, &cleared["version"]), ([Value::Null, Value::Null, Value::Null], &json!(5)));
        assert_eq!(note(&agent, &ben, json!({"needed": false})).await.expect(200)["version"], 5);
        let noted = world.journal(&acme.organization_id).into_iter().filter(|entry| entry.kind == EventKind::ContactTrainingNoted);
        let noted: Vec<_> = noted.map(|entry| (entry.before, entry.after)).collect();
        assert_eq!(noted.len(), 3);
        assert_eq!(noted[2], (r#"{"training_note":"has seen it once"}"#.to_owned(), r#"{"training_note":null}"#.to_owned()));
        for (body, pointer, code) in [
            (json!({}), "#/note", "required"),
            (json!({"needed": "yes", "note": "x"}), "#/needed", "invalid_type"),
            (json!({"needed": true}), "#/note", "required"),
            (json!({"needed": true, "note": " "}), "#/note", "blank"),
            (json!({"needed": true, "note": "x".repeat(2001)}), "#/note", "too_long"),
            (json!({"needed": true, "note": "\u{1}\u{200b}"}), "#/note", "blank"),
            (json!({"needed": false, "note": "x"}), "#/note", "must_be_absent"),
            (json!({"needed": false, "by": "me"}), "#/by", "unknown_member"),
        ] {
            let refused = note(&agent, &ben, body.clone()).await.expect_problem(422, "validation_failed");
            let error = &refused["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body}");
        }
    }

    /// C-21, X-3: for agents and duty managers; of contacts who ask support for something.
    async fn nobody_else_marks_and_nobody_else_is_marked(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (agent, globex) = (world.agent().await, world.partner("Globex", "globex.example").await);
        let ben = acme.contact("ben", "designated_support").await;
        let kai = acme.contact("kai", "knowledge_base").await;
        let needed = json!({"needed": true, "note": "new console"});
        note(&globex, &ben, needed.clone()).await.expect_problem(404, "not_found");
        note(&kai, &ben, needed.clone()).await.expect_problem(403, "permission_required");
        acme.grant_organization(&globex, "full_admin").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        for actor in [&acme, &ben, &globex, &consultant, &world.admin().await] {
            note(actor, &ben, needed.clone()).await.expect_problem(403, "staff_only");
        }
        snapshot!(note(&agent, &kai, needed.clone()).await.expect_problem(422, "training_not_applicable"));
        let ida = acme.invited("ida", json!({"permission": "designated_support"})).await.id();
        agent.post(format!("/v1/contacts/{ida}/training"), needed.clone()).await.expect(200);
        note(&agent, &ben, needed.clone()).await.expect(200);
        world.advance(days(1));
        acme.post(format!("/v1/contacts/{}/disable", ben.id), json!({"reason": "left"})).await.expect(200);
        note(&agent, &ben, needed).await.expect_problem(422, "training_not_applicable");
        assert_eq!(note(&agent, &ben, json!({"needed": false})).await.expect(200)["training_note"], Value::Null);
    }
}
