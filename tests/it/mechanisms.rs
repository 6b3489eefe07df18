//! What every operation has in common (api.md section 1, X-2, X-5).

use mandate_api::command;
use mandate_api::settings::Settings;
use mandate_core::vocabulary::Vocabulary as _;
use mandate_storage::JournalEntry;
use mandate_tests::{Actor, Answer, PASSWORD, Value, World, days, e2e, json, person, snapshot, with};

/// What makes a contact.
fn body(name: &str) -> Value {
    with(person(&format!("{name}@acme.example")), json!({"permission": "designated_support"}))
}

async fn post(actor: &Actor, path: &str, key: &str, body: Value) -> Answer {
    actor.send("POST", path, &[("idempotency-key", key)], body).await
}

/// How many contacts the actor's organization has.
async fn count(actor: &Actor) -> usize {
    actor.get(format!("{}?limit=100", actor.own("contacts"))).await.expect(200).rows().len()
}

/// An error as every error is, the framework's own included.
#[track_caller]
fn check_problem(answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer}");
    assert_eq!(answer["status"], answer.status, "{answer}");
    assert_eq!(answer["type"], format!("/problems/{}", answer.code()), "{answer}");
    assert!(!answer.code().is_empty(), "{answer}");
    assert_eq!(answer["request_id"].as_str(), answer.header("x-request-id"), "{answer}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
}

e2e! {
    /// The version in quotes is the entity tag of every resource.
    async fn versions_make_reads_cheap_and_writes_safe(world: World) {
        let (acme, admin) = (world.customer("Acme", "acme.example").await, world.admin().await);
        let paths = [
            format!("/v1/contacts/{}", acme.id),
            format!("/v1/organizations/{}", acme.organization_id),
            format!("/v1/staff/{}", admin.id),
        ];
        for path in &paths {
            let read = admin.get(path).await.expect(200);
            let tag = format!("\"{}\"", read["version"]);
            assert_eq!(read.header("etag"), Some(tag.as_str()));
            assert_eq!(read.header("cache-control"), Some("private, no-cache"));
            for known in [tag.clone(), format!("W/{tag}"), format!("\"0\", {tag}"), "*".to_owned()] {
                let same = admin.send("GET", path, &[("if-none-match", &known)], ()).await.expect(304);
                assert!(same.bytes.is_empty() && same.header("etag") == Some(tag.as_str()), "{same}");
            }
            for other in ["\"0\"", "W/\"0\"", "\"x\""] {
                admin.send("GET", path, &[("if-none-match", other)], ()).await.expect(200);
            }
            admin.send("GET", path, &[("if-none-match", "1")], ()).await.expect_problem(400, "invalid_if_match");
        }
        let path = &paths[0];
        let edit = |tag: &'static str, phone: &str| {
            let (acme, body) = (acme.clone(), json!({"phone": phone}));
            async move { acme.send("PATCH", path, &[("if-match", tag)], body).await }
        };
        snapshot!(edit("\"2\"", "112").await.expect(200));
        snapshot!(edit("\"2\"", "113").await.expect_problem(412, "version_mismatch"));
        for (tag, status) in [
            ("W/\"3\"", 412),
            ("\"03\"", 412),
            ("\"x\"", 412),
            ("3", 400),
            ("", 400),
            ("*", 200),
            ("\"1\", \"4\"", 200),
        ] {
            edit(tag, &format!("{}", 100 + tag.len())).await.expect(status);
        }
        // Of two who saw the same version, one writes.
        for round in 0..10 {
            let seen = format!("\"{}\"", acme.get(path).await.expect(200)["version"]);
            let headers = [("if-match", seen.as_str())];
            let (one, two) = (json!({"phone": format!("{round}.200")}), json!({"phone": format!("{round}.201")}));
            let (one, two) =
                tokio::join!(acme.send("PATCH", path, &headers, one), acme.send("PATCH", path, &headers, two));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{one}\n{two}");
        }
    }

    /// RFC 7396: absent leaves alone, null clears; in either media type.
    async fn a_merge_patch_tells_absent_from_null(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let path = format!(
            "/v1/contacts/{}",
            acme.invited(
                "ana",
                json!({
                    "permission": "designated_support", "phone": "112", "locale": "es", "duties": ["it"],
                })
            )
            .await
            .id()
        );
        for media_type in ["application/merge-patch+json", "application/json", "application/json; charset=UTF-8"] {
            let patch = async |body: Value| acme.send("PATCH", &path, &[("content-type", media_type)], body).await;
            let kept = patch(json!({"last_name": "Acme"})).await.expect(200);
            assert_eq!(
                (&kept["phone"], &kept["locale"], &kept["duties"]),
                (&json!("112"), &json!("es"), &json!(["it"]))
            );
            assert_eq!(patch(json!({})).await.expect(200)["version"], kept["version"], "nothing changed");
            let cleared = patch(json!({"phone": null})).await.expect(200);
            assert_eq!((&cleared["phone"], &cleared["locale"]), (&Value::Null, &json!("es")));
            patch(json!({"phone": "112"})).await.expect(200);
        }
        snapshot!(acme.patch(&path, json!({
            "first_name": null, "last_name": null, "time_zone": null, "locale": null, "type": null, "permission": null, "duties": null,
            "email": null, "id": "contact_1",
        })).await.expect(422));
        acme.patch(&path, json!([])).await.expect_problem(422, "validation_failed");
        acme.send("PATCH", &path, &[("content-type", "application/json-patch+json")], json!([]))
            .await
            .expect_problem(415, "unsupported_media_type");
        acme.send("POST", &acme.own("contacts"), &[("content-type", "application/merge-patch+json")], body("ben"))
            .await
            .expect_problem(415, "unsupported_media_type");
    }

    /// Once, however often and however concurrently it is asked for.
    async fn a_repeated_request_has_one_effect(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let path = acme.own("contacts");
        let first = post(&acme, &path, "key-1", body("ana")).await.expect(201);
        assert_eq!(first.header("idempotent-replayed"), None);
        world.restart().await;
        let again = post(&acme, &path, "key-1", body("ana")).await.expect(201);
        snapshot!(again);
        assert_eq!(
            (&again.bytes, again.header("location"), again.header("etag")),
            (&first.bytes, first.header("location"), first.header("etag"))
        );
        snapshot!(post(&acme, &path, "key-1", body("ben")).await.expect_problem(422, "idempotency_key_reused"));
        let resend = format!("/v1/contacts/{}/resend-welcome", first.id());
        acme.send("POST", &resend, &[("idempotency-key", "key-1")], ())
            .await
            .expect_problem(422, "idempotency_key_reused");
        // Another caller's key is another key.
        post(&tom, &path, "key-1", body("ana")).await.expect_problem(409, "contact_exists");
        post(&tom, &path, "key-1", body("ben")).await.expect(201);
        // What was refused had no effect and may be tried again.
        post(&acme, &path, "key-2", body("ben")).await.expect_problem(409, "contact_exists");
        post(&acme, &path, "key-2", body("cem")).await.expect(201);
        let before = count(&acme).await;
        let elsewhere = acme.at(&world.another_instance(&[]).await);
        for round in 0..10 {
            let (name, key) = (format!("dan{round}"), format!("race-{round}"));
            let (one, two, three) = tokio::join!(
                post(&acme, &path, &key, body(&name)),
                post(&elsewhere, &path, &key, body(&name)),
                post(&acme, &path, &key, body(&name)),
            );
            let answers = [&one, &two, &three];
            assert!(
                answers.iter().all(|answer| answer.status == 201 || answer.code() == "idempotency_key_in_use"),
                "{one}\n{two}\n{three}"
            );
            let fresh =
                answers.iter().filter(|answer| answer.status == 201 && answer.header("idempotent-replayed").is_none());
            assert_eq!(fresh.count(), 1, "{one}\n{two}\n{three}");
        }
        assert_eq!(count(&acme).await, before + 10);
        acme.send("POST", &resend, &[("idempotency-key", "key-3")], ()).await.expect(200);
        acme.send("POST", &resend, &[("idempotency-key", "key-3")], ()).await.expect(200);
        for key in ["", "two words", "\u{e9}", &"x".repeat(256)] {
            post(&acme, &path, key, body("eva")).await.expect_problem(400, "invalid_idempotency_key");
        }
        post(&acme, &path, &"x".repeat(255), body("eva")).await.expect(201);
        world.mailbox().nth("ana@acme.example", "welcome", 2).await;
        world.mail("eva@acme.example", "welcome").await;
        assert_eq!(world.mailbox().of("ana@acme.example", "welcome").len(), 2, "the second one was no new effect");
        world
            .anonymous()
            .send(
                "POST",
                "/v1/sessions",
                &[("idempotency-key", "two words")],
                json!({"email": acme.email, "password": PASSWORD}),
            )
            .await
            .expect_problem(400, "invalid_idempotency_key");
        world.advance(days(29));
        assert_eq!(
            post(&acme, &path, "key-1", body("ana")).await.expect(201).header("idempotent-replayed"),
            Some("true")
        );
    }

    /// A stored answer is given again only to whoever would still be allowed to see it.
    async fn a_stored_answer_does_not_outlive_the_right_to_see_it(world: World) {
        let (acme, globex) =
            (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await);
        let tom = acme.contact("tom", "manage_contacts").await;
        let grant = acme.grant_organization(&globex, "full_admin").await.id();
        let path = acme.own("contacts");
        for actor in [&tom, &globex] {
            let name = if actor.id == tom.id { "ana" } else { "ben" };
            post(actor, &path, "key", body(name)).await.expect(201);
            post(actor, &path, "key", body(name)).await.expect(201);
        }
        acme.patch(format!("/v1/contacts/{}", tom.id), json!({"permission": "knowledge_base"})).await.expect(200);
        acme.post(format!("/v1/partner-grants/{grant}/revoke"), json!({"reason": "over"})).await.expect(200);
        snapshot!(post(&tom, &path, "key", body("ana")).await.expect_problem(403, "permission_required"));
        post(&globex, &path, "key", body("ben")).await.expect_problem(404, "not_found");
        acme.post(format!("/v1/contacts/{}/disable", tom.id), json!({"reason": "gone"})).await.expect(200);
        post(&tom, &path, "key", body("ana")).await.expect_problem(401, "unauthenticated");
    }

    /// Ids of other kinds and forms are the same as ids that do not exist.
    async fn unknown_ids_paths_methods_and_forms_are_told_apart(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let missing = "contact_0zzzzzzzzzzzzzzzzzzzzzzzzz";
        let not_found = acme.get(format!("/v1/contacts/{missing}")).await.expect_problem(404, "not_found");
        snapshot!(not_found);
        for id in [
            acme.organization_id.as_str(),
            "1",
            "contact_1",
            &acme.id.to_uppercase(),
            &format!("{}0", acme.id),
            "%00",
            "contact_%27--",
            "%C3%A9",
            "%ff",
        ] {
            let answer = acme.get(format!("/v1/contacts/{id}")).await.expect_problem(404, "not_found");
            assert_eq!((&answer["detail"], &answer["title"]), (&not_found["detail"], &not_found["title"]), "{id}");
            acme.post(format!("/v1/contacts/{id}/disable"), json!({"reason": "x"}))
                .await
                .expect_problem(404, "not_found");
            acme.patch(format!("/v1/contacts/{id}"), json!({})).await.expect_problem(404, "not_found");
        }
        acme.get(format!("/v1/organizations/{}", acme.id)).await.expect_problem(404, "not_found");
        acme.get(format!("/v1/organizations/{}/contacts", acme.id)).await.expect_problem(404, "not_found");
        acme.get(format!("/v1/staff/{}", acme.id)).await.expect_problem(404, "not_found");
        acme.delete(format!("/v1/sessions/{}", acme.id)).await.expect_problem(404, "not_found");
        for path in
            ["/v1/nothing", "/v2/me", "/", "/v1/me/", "/v1//me", "/v1/contacts/", "/.git/config", "/v1/%2e%2e/me"]
        {
            check_problem(&acme.get(path).await.expect_problem(404, "route_not_found"));
        }
        snapshot!(acme.get("/v1/nothing").await.expect(404));
        snapshot!(acme.put(acme.own("contacts"), json!({})).await.expect_problem(405, "method_not_allowed"));
        for (method, path, allow) in [
            ("DELETE", "/v1/me".to_owned(), "GET, HEAD, PATCH"),
            ("OPTIONS", "/v1/sessions".to_owned(), "GET, HEAD, POST"),
            ("GET", "/v1/sessions/refresh".to_owned(), "POST"),
            ("TRACE", "/livez".to_owned(), "GET, HEAD"),
            ("BREW", format!("/v1/contacts/{}", acme.id), "GET, HEAD, PATCH"),
        ] {
            let answer = acme.send(method, &path, &[], ()).await.expect_problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), Some(allow), "{answer}");
            check_problem(&answer);
        }
        snapshot!(
            acme.send("GET", "/v1/me", &[("accept", "text/html")], ()).await.expect_problem(406, "not_acceptable")
        );
        for accept in ["*/*", "application/*", "text/html, application/json;q=0.1", "application/problem+json"] {
            acme.send("GET", "/v1/me", &[("accept", accept)], ()).await.expect(200);
        }
    }

    /// `HEAD` is `GET` without the body; requests have ids; answers say how to treat them.
    async fn every_answer_has_its_headers(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        for path in [
            "/v1/me".to_owned(),
            acme.own("contacts"),
            format!("/v1/contacts/{}", acme.id),
            "/livez".to_owned(),
            "/v1/nothing".to_owned(),
        ] {
            let (get, head) = (acme.get(&path).await, acme.send("HEAD", &path, &[], ()).await);
            assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
            for header in ["content-type", "etag", "cache-control", "link"] {
                assert_eq!(head.header(header), get.header(header), "{path}: {header}");
            }
            assert_eq!(head.header("content-length"), Some(get.bytes.len().to_string().as_str()), "{path}");
            for (header, value) in
                [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer")]
            {
                assert_eq!(get.header(header), Some(value), "{path}");
            }
        }
        let longest = "x".repeat(128);
        for id in ["abc-123", "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", longest.as_str()] {
            let answer = acme.send("GET", "/v1/nothing", &[("x-request-id", id)], ()).await.expect(404);
            assert_eq!((answer.header("x-request-id"), answer["request_id"].as_str()), (Some(id), Some(id)));
        }
        let too_long = "x".repeat(129);
        for id in ["", "two words", "\u{e9}", too_long.as_str()] {
            let answer = acme.send("GET", "/v1/nothing", &[("x-request-id", id)], ()).await.expect(404);
            assert!(
                answer.header("x-request-id").is_some_and(|new| new.starts_with("req_") && new.len() == 30),
                "{answer}"
            );
            check_problem(&answer);
        }
        // It stands in the journal as well (X-2).
        acme.send("PATCH", "/v1/me", &[("x-request-id", "my-request")], json!({"phone": "112"})).await.expect(200);
        let entries = world.journal(&acme.organization_id);
        let last = entries.last().expect("there are entries");
        assert_eq!(
            (last.origin.request_id.as_str(), last.origin.address.map(|address| address.to_string())),
            ("my-request", Some("127.0.0.1".to_owned()))
        );
        assert_eq!((last.before.as_str(), last.after.as_str()), (r#"{"phone":null}"#, r#"{"phone":"112"}"#));
        assert_eq!(last.actor.map(|actor| actor.to_string()), Some(acme.id.clone()));
    }

    /// Bad input: a documented problem, never a failure, never a change.
    async fn bodies_that_cannot_be_read_are_refused_and_change_nothing(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let path = acme.own("contacts");
        let good = body("ana").to_string();
        let deep = format!("{{\"email\": {}{}}}", "[".repeat(64), "]".repeat(64));
        let wide = format!("{{\"email\": [{}]}}", vec!["7"; 60_000].join(","));
        let mut latin = good.clone().into_bytes();
        latin[12] = 0xe9;
        let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
            ("nothing", Vec::new(), 400, "malformed_request"),
            ("a half", good.as_bytes()[..40].to_vec(), 400, "malformed_request"),
            ("two", format!("{good}{good}").into_bytes(), 400, "malformed_request"),
            (
                "a duplicate member",
                good.replacen('{', "{\"email\": \"x@acme.example\",", 1).into_bytes(),
                400,
                "malformed_request",
            ),
            ("NUL", good.replace("Ana", "A\\u0000na").into_bytes(), 400, "malformed_request"),
            ("a raw NUL", good.replace("Ana", "A\0na").into_bytes(), 400, "malformed_request"),
            ("half a surrogate pair", good.replace("Ana", "A\\ud800na").into_bytes(), 400, "malformed_request"),
            ("depth", deep.into_bytes(), 400, "malformed_request"),
            ("much more depth", "[".repeat(200_000).into_bytes(), 400, "malformed_request"),
            ("no UTF-8", latin, 400, "malformed_request"),
            ("two byte order marks", format!("\u{feff}\u{feff}{good}").into_bytes(), 400, "malformed_request"),
            ("no JSON", b"email=ana@acme.example".to_vec(), 400, "malformed_request"),
            ("an array", format!("[{good}]").into_bytes(), 422, "validation_failed"),
            ("a number", b"7".to_vec(), 422, "validation_failed"),
            ("null", b"null".to_vec(), 422, "validation_failed"),
            ("many wrong elements", wide.into_bytes(), 422, "validation_failed"),
            ("too much", format!("{good}{}", " ".repeat(256 * 1024)).into_bytes(), 413, "body_too_large"),
        ];
        for (what, bytes, status, code) in cases {
            let answer = acme.send("POST", &path, &[("content-type", "application/json")], bytes).await;
            assert_eq!((answer.status, answer.code()), (status, code), "{what}: {answer}");
            check_problem(&answer);
        }
        let fits = format!("{good}{}", " ".repeat(256 * 1024 - good.len()));
        snapshot!(
            acme.send("POST", &path, &[("content-type", "application/json")], "{\"email\": \"a\", \"email\": \"b\"}")
                .await
                .expect(400)
        );
        for (headers, status, code) in [
            (vec![], 415, "unsupported_media_type"),
            (vec![("content-type", "text/plain")], 415, "unsupported_media_type"),
            (vec![("content-type", "application/json; charset=latin1")], 415, "unsupported_media_type"),
            (vec![("content-type", "application/json"), ("content-encoding", "gzip")], 415, "unsupported_media_type"),
            (vec![("content-type", "\u{e9}")], 415, "unsupported_media_type"),
            (vec![("content-type", "application/json"), ("if-match", "\u{e9}")], 422, "validation_failed"),
            (vec![("content-type", "application/json"), ("authorization", "\u{e9}")], 401, "unauthenticated"),
            (
                vec![("content-type", "application/json"), ("accept", "\u{e9}"), ("traceparent", "\u{e9}")],
                422,
                "validation_failed",
            ),
        ] {
            let answer = acme.send("POST", &path, &headers, "{}").await;
            assert_eq!((answer.status, answer.code()), (status, code), "{headers:?}: {answer}");
            check_problem(&answer);
        }
        for query in ["status=%ff", "q=%00", "q=%C3%28"] {
            check_problem(&acme.get(format!("{path}?{query}")).await.expect_problem(400, "malformed_request"));
        }
        for query in
            ["limit=1e9", "limit=-1", "limit=%20", "limit=99999999999999999999", "q[]=a", "=x", "limit=1&limit=2"]
        {
            check_problem(&acme.get(format!("{path}?{query}")).await.expect_problem(422, "validation_failed"));
        }
        acme.post(format!("/v1/contacts/{}/enable", acme.id), json!({"now": true}))
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(count(&acme).await, 1, "nothing was created");
        acme.send("POST", &path, &[("content-type", "application/json")], fits.as_str()).await.expect(201);
    }

    /// X-2: one entry per change, numbered and chained in the order of commit, with what changed.
    async fn the_journal_tells_the_whole_story(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ana = acme.contact("ana", "designated_support").await;
        acme.patch(format!("/v1/contacts/{}", ana.id), json!({"duties": ["it"], "permission": "manage_contacts"}))
            .await
            .expect(200);
        acme.patch(format!("/v1/contacts/{}", ana.id), json!({"duties": ["it"]})).await.expect(200);
        ana.patch(format!("/v1/contacts/{}", acme.id), json!({"type": "technical"})).await.expect(403);
        acme.post(format!("/v1/contacts/{}/disable", ana.id), json!({"reason": "gone"})).await.expect(200);
        acme.post(format!("/v1/contacts/{}/enable", ana.id), ()).await.expect(200);
        acme.post(format!("/v1/contacts/{}/resend-welcome", ana.id), ()).await.expect(200);
        let kinds: Vec<String> = world.journal(&acme.organization_id).iter().map(told).collect();
        assert_eq!(
            kinds,
            [
                "organization.created",
                "contact.created",
                "contact.activated",
                "readiness.finding_cleared",
                "readiness.finding_cleared",
                "contact.created",
                "contact.activated",
                "contact.updated",
                "contact.disabled",
                "service_request.created",
                "service_request.message_created",
                "contact.enabled",
                "contact.welcome_resent",
            ],
            "nothing that was refused or changed nothing"
        );
        verify(&world).await;
    }
}

/// What happened.
fn told(entry: &JournalEntry) -> String {
    entry.kind.name().to_owned()
}

/// The operator's command finds all journals as they were written.
async fn verify(world: &World) {
    let url = world.database_url().to_owned();
    let verified = tokio::task::spawn_blocking(move || {
        let settings = Settings::from_arguments(["mandate", "--database-url", &url]).expect("the URL is good");
        command::verify_journal(&settings)
    });
    assert_eq!(verified.await.expect("the command does not panic"), Ok(()));
}
