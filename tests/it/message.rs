//! Messages: public replies, and internal notes that only staff ever see (S-5).

use mandate_tests::{e2e, json, minutes, snapshot};

e2e! {
    /// S-5: in lists, searches, times of activity and versions alike.
    async fn an_internal_note_shows_to_the_desk_alone(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        let (agent, duty) = (world.agent().await, world.duty_manager().await);
        let request = acme.request("The printer is on fire").await;
        let path = format!("/v1/service-requests/{}", request.id());
        let messages = format!("{path}/messages");
        world.advance(minutes(1));
        globex.reply(&request.id(), "It is a *big* fire.").await;
        let before = acme.get(&path).await.expect(200);
        let journal = world.journal(&acme.organization_id).len();
        world.advance(minutes(1));
        let note = agent.post(&messages, json!({"body": "They bought it from us: blame marmalade", "internal": true})).await;
        snapshot!(note.expect(201));
        // Nothing that the customer could see has moved.
        assert_eq!(acme.get(&path).await.expect(200).body, before.body);
        assert_eq!(world.journal(&acme.organization_id).len(), journal);
        for actor in [&acme, &globex, &consultant] {
            let seen = actor.get(&messages).await.expect(200);
            assert_eq!(seen.column("body"), ["Please explain.", "It is a *big* fire."], "{}", actor.email);
            let found = actor.get("/v1/service-requests?q=MARMALADE").await.expect(200);
            assert_eq!(found.rows().len(), 0, "{}", actor.email);
            let refused = actor.post(&messages, json!({"body": "Ours", "internal": true})).await;
            refused.expect_problem(403, "staff_only");
        }
        for actor in [&agent, &duty] {
            assert_eq!(actor.get(&messages).await.expect(200).rows().len(), 3);
            assert_eq!(actor.get("/v1/service-requests?q=MARMALADE").await.expect(200).rows().len(), 1);
        }
        snapshot!(acme.post(&messages, json!({"body": "Ours", "internal": true})).await);
        snapshot!(acme.get(&messages).await.expect(200));
    }

    /// S-5: never edited, never deleted; in order, in pages, either way round.
    async fn a_thread_is_read_from_either_end(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await;
        let messages = format!("/v1/service-requests/{}/messages", request.id());
        let agent = world.agent().await;
        let mut expected = vec![json!("Please explain.")];
        for number in 1..=6 {
            // Some in the same moment: their order is stable all the same.
            if number % 2 == 0 {
                world.advance(minutes(1));
            }
            let body = json!(format!("Message {number}"));
            agent.post(&messages, json!({"body": body, "internal": number == 3})).await.expect(201);
            expected.extend((number != 3).then_some(body));
        }
        for (order, limit) in [("asc", 1), ("asc", 3), ("desc", 2), ("desc", 100)] {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = acme.get(format!("{messages}?order={order}&limit={limit}{cursor}")).await.expect(200);
                assert!(page.rows().len() <= limit);
                found.extend(page.column("body"));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            if order == "desc" {
                found.reverse();
            }
            assert_eq!(found, expected, "{order} by {limit}");
        }
        snapshot!(acme.get(format!("{messages}?order=newest&limit=0")).await.expect(422));
        for method in ["PATCH", "DELETE", "PUT"] {
            let answer = acme.send(method, &messages, &[], json!({})).await.expect_problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"), "{method}");
        }
        let first = acme.get(&messages).await.expect(200).column("id")[0].as_str().unwrap_or_default().to_owned();
        acme.delete(format!("{messages}/{first}")).await.expect_problem(404, "route_not_found");
        snapshot!(acme.post(&messages, json!({"body": "  \n ", "attachments": []})).await.expect(422));
        acme.post(&messages, json!({"body": "x".repeat(65_537)})).await.expect_problem(422, "validation_failed");
        acme.post(&messages, json!({"body": "\u{e9}".repeat(65_536)})).await.expect(201);
    }

    /// S-5, T2: a repeated message is written once, and its stored answer is for those who may still read it.
    async fn a_message_that_is_sent_again_is_written_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await;
        let messages = format!("/v1/service-requests/{}/messages", request.id());
        let key = [("idempotency-key", "a-key")];
        let first = acme.send("POST", &messages, &key, json!({"body": "Hello"})).await.expect(201);
        let again = acme.send("POST", &messages, &key, json!({"body": "Hello"})).await.expect(201);
        assert_eq!((&again.bytes, again.header("idempotent-replayed")), (&first.bytes, Some("true")));
        snapshot!(acme.send("POST", &messages, &key, json!({"body": "Goodbye"})).await.expect(422));
        // Another caller's key is another key; a refusal is not kept.
        let dan = acme.contact("dan", "designated_support").await;
        let other = dan.send("POST", &messages, &key, json!({"body": "Hello"})).await.expect(201);
        assert_ne!(other["id"], first["id"]);
        let refused = [("idempotency-key", "refused")];
        dan.send("POST", &messages, &refused, json!({"body": "Note", "internal": true})).await.expect(403);
        dan.send("POST", &messages, &refused, json!({"body": "No note"})).await.expect(201);
        assert_eq!(acme.get(&messages).await.expect(200).rows().len(), 4);
        acme.patch(format!("/v1/contacts/{}", dan.id), json!({"permission": "knowledge_base"})).await.expect(200);
        let hidden = dan.send("POST", &messages, &key, json!({"body": "Hello"})).await;
        hidden.expect_problem(404, "not_found");
    }

    /// what people paste is kept as it is, and shown without what it would do to a terminal or to the direction of writing.
    async fn a_log_is_pasted_as_it_is(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await;
        let messages = format!("/v1/service-requests/{}/messages", request.id());
        let log = "\u{1b}[31mERROR\u{1b}[0m\tfeed\u{c}two\u{7}\nnext \u{202e}kcab\u{202c}";
        let agent = world.agent().await;
        let written = agent.post(&messages, json!({"body": format!("\u{feff}{log}\n\n")})).await.expect(201);
        assert_eq!(written["body"], log);
        assert_eq!(acme.get(&messages).await.expect(200).column("body"), [json!("Please explain."), json!(log)]);
        let mail = world.mail(&acme.email, "reply").await;
        assert!(mail.text.contains("[31mERROR") && mail.text.contains("> next kcab"), "{}", mail.text);
        for character in ['\u{1b}', '\u{7}', '\u{c}', '\u{202e}', '\u{202c}'] {
            assert!(!mail.text.contains(character), "{character:?} in {}", mail.text);
        }
        for nothing in ["\u{200b}", "\u{c}\u{1b}", "\u{feff}"] {
            let refused = agent.post(&messages, json!({"body": nothing})).await.expect_problem(422, "validation_failed");
            assert_eq!(refused["errors"][0]["code"], "blank", "{nothing:?}");
        }
        agent.send("POST", &messages, &[("content-type", "application/json")], b"{\"body\": \"a\\u0000b\"}".to_vec()).await.expect(400);
    }

    /// a body may begin with a byte order mark.
    async fn bodies_are_read_as_programs_write_them(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await;
        let path = format!("/v1/service-requests/{}", request.id());
        let marked = "\u{feff}{\"body\": \"Marked\"}".as_bytes().to_vec();
        let json_type = [("content-type", "application/json")];
        assert_eq!(acme.send("POST", &format!("{path}/messages"), &json_type, marked).await.expect(201)["body"], "Marked");
    }
}
