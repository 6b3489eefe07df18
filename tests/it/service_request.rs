//! Service requests: submit, read, edit (S-1 … S-4, S-8, S-13).

use mandate_tests::{Actor, Answer, Value, World, days, e2e, hours, json, snapshot, with};

use crate::partner_grant::grant_path;

/// The path of a request.
pub(crate) fn request_path(request: &Answer) -> String {
    format!("/v1/service-requests/{}", request.id())
}

/// Tries to submit a question.
pub(crate) async fn submit(actor: &Actor, members: Value) -> Answer {
    let body =
        json!({"subject": "How does this work?", "category": "question", "severity": 3, "message": "Please explain."});
    actor.post("/v1/service-requests", with(body, members)).await
}

async fn counted_mails(world: &World, to: &str) -> usize {
    world.mailbox().of(to, "point_of_contact").len()
}

e2e! {
    /// S-1, S-2
    async fn a_request_has_a_number_and_says_who_submitted_it_for_whom(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "create").await;
        let own = submit(&acme, json!({"subject": "  Caf\u{65}\u{301} 500  "})).await.expect(201);
        snapshot!(own);
        let location = own.header("location").unwrap_or_default().to_owned();
        assert_eq!(acme.get(&location).await.expect(200).body, own.body);
        let by_partner = submit(&globex, json!({"organization_id": acme.organization_id})).await.expect(201);
        snapshot!(by_partner);
        let by_agent = submit(&world.agent().await, json!({"organization_id": acme.organization_id})).await.expect(201);
        assert_eq!((&by_agent["point_of_contact"], &by_agent["submitted_for"]["id"]), (&Value::Null, &own["organization_id"]));
        let mut numbers: Vec<String> = [&own, &by_partner, &by_agent].map(|one| one["number"].to_string()).into();
        // A refused request uses no number up, and a used one never comes again, also after a restart.
        submit(&globex, json!({})).await.expect(201);
        submit(&acme, json!({"severity": 5})).await.expect(422);
        world.restart().await;
        numbers.push(submit(&acme, json!({})).await.expect(201)["number"].to_string());
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 4, "{numbers:?}");
        snapshot!(acme.post("/v1/service-requests", json!({"severity": 0, "category": "joke", "message": " ", "cc": []})).await);
        submit(&acme, json!({"subject": "x".repeat(201)})).await.expect_problem(422, "validation_failed");
        submit(&acme, json!({"subject": "x".repeat(200), "message": "y".repeat(65_536)})).await.expect(201);
        submit(&acme, json!({"message": "y".repeat(65_537)})).await.expect_problem(422, "validation_failed");
        submit(&acme, json!({"category": "contact_deactivation"})).await.expect_problem(422, "validation_failed");
    }

    /// S-2, S-3, S-8, X-3a: who submits what for their own organization.
    async fn permission_and_type_say_who_submits_what(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let pia = acme.primary_contact("pia", "designated_support").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let kim = acme.contact("kim", "knowledge_base").await;
        let request = acme.request("The printer is on fire").await;
        for category in ["question", "incident", "feature_request", "primary_contact_recovery"] {
            submit(&kim, json!({"category": category})).await.expect_problem(403, "permission_required");
            for actor in [&dan, &pia, &mia] {
                submit(actor, json!({"category": category})).await.expect(201);
            }
        }
        let restricted =
            ["password_reset", "contact_record_edit", "hidden_configuration", "site_deletion", "access_request", "upgrade"];
        for category in restricted {
            for actor in [&acme, &pia] {
                submit(actor, json!({"category": category})).await.expect(201);
            }
            for actor in [&dan, &mia] {
                let answer = submit(actor, json!({"category": category})).await;
                answer.expect_problem(403, "primary_support_contact_required");
            }
            let agent = submit(&world.agent().await, json!({"category": category, "organization_id": acme.organization_id})).await;
            agent.expect_problem(403, "primary_support_contact_required");
        }
        snapshot!(submit(&dan, json!({"category": "upgrade"})).await);
        snapshot!(submit(&kim, json!({})).await);
        // `knowledge_base` sees none, not even one whose point of contact they once were.
        let path = request_path(&request);
        for actor in [&dan, &pia, &mia] {
            actor.patch(&path, json!({"subject": actor.name})).await.expect(200);
        }
        acme.patch(&path, json!({"point_of_contact": dan.id})).await.expect(200);
        acme.patch(format!("/v1/contacts/{}", dan.id), json!({"permission": "knowledge_base"})).await.expect(200);
        for actor in [&dan, &kim] {
            actor.get(&path).await.expect_problem(404, "not_found");
            actor.patch(&path, json!({"severity": 1})).await.expect_problem(404, "not_found");
            assert_eq!(actor.get("/v1/service-requests").await.expect(200).rows().len(), 0);
        }
    }

    /// S-2
    async fn the_point_of_contact_is_a_designated_contact_or_an_enabled_partner(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, kim) = (acme.contact("dan", "designated_support").await, acme.contact("kim", "knowledge_base").await);
        let invited = acme.invited("ivy", json!({"permission": "designated_support"})).await.id();
        let globex = world.partner("Globex", "globex.example").await;
        let (eve, low) = (globex.contact("eve", "designated_support").await, globex.contact("low", "designated_support").await);
        acme.grant_organization(&globex, "create").await;
        let to_low = acme.grant_person(&low, "update").await;
        let gone = globex.contact("gone", "designated_support").await;
        globex.post(format!("/v1/contacts/{}/disable", gone.id), json!({"reason": "left"})).await.expect(200);
        let stranger = world.customer("Initech", "initech.example").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        let for_acme = |person: &str| json!({"organization_id": acme.organization_id, "point_of_contact": person});
        for person in [&dan.id, &acme.id, &invited, &eve.id, &globex.id] {
            let made = submit(&acme, for_acme(person)).await.expect(201);
            assert_eq!(made["point_of_contact"]["id"], *person);
            assert_eq!(made["partner_managed"], json!(*person == eve.id || *person == globex.id));
        }
        for person in [&kim.id, &low.id, &gone.id, &stranger.id, &consultant.id] {
            submit(&acme, for_acme(person)).await.expect_problem(422, "point_of_contact_not_allowed");
        }
        // A partner names the customer's people or itself, no colleague; an agent names the customer's people.
        for (actor, person, status) in [
            (&globex, &dan.id, 201),
            (&globex, &globex.id, 201),
            (&globex, &eve.id, 422),
            (&world.agent().await, &dan.id, 201),
            (&world.agent().await, &eve.id, 422),
        ] {
            submit(actor, for_acme(person)).await.expect(status);
        }
        snapshot!(submit(&acme, for_acme(&low.id)).await);
        // It is the level now that counts.
        acme.patch(grant_path(&to_low), json!({"level": "create"})).await.expect(200);
        let request = submit(&acme, for_acme(&low.id)).await.expect(201);
        let path = request_path(&request);
        acme.patch(&path, json!({"point_of_contact": null})).await.expect_problem(422, "validation_failed");
        acme.patch(&path, json!({"point_of_contact": kim.id})).await.expect_problem(422, "point_of_contact_not_allowed");
        // Whom it has already may stay, also where they could not be named any more; S-7: they may update this one request.
        acme.patch(grant_path(&to_low), json!({"level": "cc"})).await.expect(200);
        acme.patch(&path, json!({"point_of_contact": low.id, "severity": 2})).await.expect(200);
        low.patch(&path, json!({"severity": 1})).await.expect(200);
        let changed = acme.patch(&path, json!({"point_of_contact": dan.id})).await.expect(200);
        assert_eq!(changed["partner_managed"], false);
        low.get(&path).await.expect_problem(404, "not_found");
    }

    /// S-2: both the submitter and the partner are told, whoever still may read the request when the email leaves.
    async fn naming_a_partner_tells_the_partner_and_the_submitter_by_email(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact_with("eve", json!({"permission": "designated_support", "locale": "es"})).await;
        acme.grant_organization(&globex, "create").await;
        let members = json!({"subject": "The printer is on fire", "point_of_contact": eve.id});
        let request = submit(&dan, members).await.expect(201);
        let (to_eve, to_dan) =
            (world.mail(&eve.email, "point_of_contact").await, world.mail(&dan.email, "point_of_contact").await);
        let shown = |mail: &mandate_tests::Mail| format!("To: {}\nSubject: {}\n\n{}", mail.to, mail.subject, mail.text);
        snapshot!(world.text("the email to the partner", shown(&to_eve)));
        snapshot!(world.text("the email to the submitter", shown(&to_dan)));
        // The same person again is no news; another one is. The submitter is told, not whoever changed it.
        let path = request_path(&request);
        acme.patch(&path, json!({"point_of_contact": eve.id})).await.expect(200);
        acme.patch(&path, json!({"point_of_contact": globex.id})).await.expect(200);
        world.mail(&globex.email, "point_of_contact").await;
        world.mailbox().nth(&dan.email, "point_of_contact", 2).await;
        // Whoever looks after it from now on is told, of whatever organization; nobody of what they did themselves.
        acme.patch(&path, json!({"point_of_contact": dan.id})).await.expect(200);
        world.mailbox().nth(&dan.email, "point_of_contact", 3).await;
        submit(&globex, json!({"organization_id": acme.organization_id})).await.expect(201);
        submit(&dan, json!({"point_of_contact": eve.id})).await.expect(201);
        world.mailbox().nth(&dan.email, "point_of_contact", 4).await;
        world.mailbox().nth(&eve.email, "point_of_contact", 2).await;
        // A partner takes no request over by itself (S-7), and nobody is told.
        let waiting = submit(&dan, json!({})).await.expect(201);
        let taken = globex.patch(request_path(&waiting), json!({"point_of_contact": globex.id})).await;
        taken.expect_problem(403, "permission_required");
        // One who is named in a request of their own is told once.
        let own = submit(&globex, json!({"organization_id": acme.organization_id, "point_of_contact": dan.id})).await;
        world.mailbox().nth(&dan.email, "point_of_contact", 5).await;
        acme.patch(request_path(&own), json!({"point_of_contact": globex.id})).await.expect(200);
        world.mailbox().nth(&globex.email, "point_of_contact", 2).await;
        assert_eq!(counted_mails(&world, &globex.email).await, 2);
        assert_eq!(counted_mails(&world, &acme.email).await, 0);
        assert_eq!(counted_mails(&world, &dan.email).await, 5);
        // Who wants no emails about service requests gets none (C-19); the other one does.
        dan.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        submit(&dan, json!({"point_of_contact": eve.id})).await.expect(201);
        world.mailbox().nth(&eve.email, "point_of_contact", 3).await;
        assert_eq!(counted_mails(&world, &dan.email).await, 5);
    }

    /// S-4, S-13
    async fn a_request_goes_from_open_to_closed_and_never_back(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "update").await;
        let agent = world.agent().await;
        let request = acme.request("The printer is on fire").await;
        let path = request_path(&request);
        let stands = |answer: &Answer| answer["status"].as_str().unwrap_or_default().to_owned();
        let mut seen = vec![stands(&request)];
        for (actor, what) in [
            (&acme, "still burning"),
            (&agent, "try water"),
            (&globex, "we did"),
            (&agent, "try sand"),
            (&acme, "out"),
            (&agent, "good"),
        ] {
            actor.reply(&request.id(), what).await;
            seen.push(stands(&acme.get(&path).await));
        }
        let (us, them) = ("waiting_on_support", "waiting_on_customer");
        assert_eq!(seen, ["open", "open", them, us, them, us, them]);
        // Customers and partners say that it is solved, and take it back; nothing else.
        for actor in [&acme, &globex] {
            for status in ["open", "waiting_on_support", "closed"] {
                actor.patch(&path, json!({"status": status})).await.expect_problem(403, "staff_only");
            }
            world.advance(hours(1));
            let solved = actor.patch(&path, json!({"status": "solved"})).await.expect(200);
            assert_eq!((stands(&solved), &solved["solved_at"]), ("solved".to_owned(), &json!(world.now())));
            actor.patch(&path, json!({"status": "waiting_on_customer"})).await.expect_problem(403, "staff_only");
            let back = actor.patch(&path, json!({"status": "waiting_on_support"})).await.expect(200);
            assert_eq!((stands(&back), &back["solved_at"]), (us.to_owned(), &Value::Null));
            actor.patch(&path, json!({"status": "solved"})).await.expect(200);
            actor.reply(&request.id(), "It burns again").await;
            assert_eq!(stands(&acme.get(&path).await), us);
            agent.reply(&request.id(), "Again?").await;
        }
        snapshot!(acme.patch(&path, json!({"status": "closed"})).await);
        for status in ["open", "solved", "waiting_on_support", "waiting_on_customer", "closed"] {
            assert_eq!(stands(&agent.patch(&path, json!({"status": status})).await.expect(200)), status);
        }
        snapshot!(acme.get(&path).await);
        for actor in [&acme, &globex, &agent] {
            for body in [json!({"status": "open"}), json!({"severity": 1}), json!({"subject": "Again"})] {
                actor.patch(&path, body).await.expect_problem(409, "service_request_closed");
            }
            let message = actor.post(format!("{path}/messages"), json!({"body": "Again"})).await;
            message.expect_problem(409, "service_request_closed");
        }
        snapshot!(acme.post(format!("{path}/messages"), json!({"body": "Again"})).await);
        // A follow-up is a new request that refers to it.
        let follow_up = submit(&acme, json!({"follow_up_of": request.id()})).await.expect(201);
        assert_eq!(follow_up["follow_up_of"], request["id"]);
        let open = submit(&acme, json!({"follow_up_of": follow_up.id()})).await;
        open.expect_problem(422, "follow_up_not_allowed");
        submit(&globex, json!({"follow_up_of": request.id()})).await.expect_problem(422, "follow_up_not_allowed");
    }

    /// S-13: the desk works on all requests; other staff see a customer's requests only by a grant, as any grantee does.
    async fn agents_and_duty_managers_work_on_all_requests_other_staff_by_grants(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let path = request_path(&acme.request("The printer is on fire").await);
        let (agent, duty) = (world.agent().await, world.duty_manager().await);
        for actor in [&agent, &duty] {
            let taken = actor.patch(&path, json!({"assigned_to": actor.id, "severity": 1})).await.expect(200);
            assert_eq!(taken["assigned_to"]["id"], actor.id);
            actor.post(format!("{path}/messages"), json!({"body": "Hm", "internal": true})).await.expect(201);
        }
        acme.patch(&path, json!({"assigned_to": null})).await.expect_problem(403, "staff_only");
        let (admin, sales) = (world.admin().await, world.staff("sales", &["sales_manager"]).await);
        for person in [&admin.id, &sales.id, &acme.id, "staff_01h455vb4pex5vsknk084sn02q"] {
            let answer = agent.patch(&path, json!({"assigned_to": person})).await;
            answer.expect_problem(422, "assignee_not_allowed");
        }
        assert_eq!(agent.patch(&path, json!({"assigned_to": null})).await.expect(200)["assigned_to"], Value::Null);
        let roles = ["technical_account_manager", "customer_success_manager", "sales_manager", "consultant", "administrator"];
        for role in roles {
            let staff = world.staff(&role.replace('_', "-"), &[role]).await;
            staff.get(&path).await.expect_problem(404, "not_found");
            assert_eq!(staff.get("/v1/service-requests").await.expect(200).rows().len(), 0);
            acme.grant_person(&staff, "update").await;
            staff.patch(&path, json!({"subject": staff.name})).await.expect(200);
            staff.patch(&path, json!({"assigned_to": agent.id})).await.expect_problem(403, "staff_only");
            assert_eq!(staff.get("/v1/service-requests").await.expect(200).rows().len(), 1);
        }
        assert_eq!(world.journal(&acme.organization_id).iter().filter(|entry| entry.authority.grant.is_some()).count(), 5);
        world.advance(days(31));
        world.staff("consultant", &["consultant"]).await.get(&path).await.expect_problem(404, "not_found");
    }

    /// S-3: an edit of what one has not seen is refused, and what changes nothing leaves no trace.
    async fn an_edit_names_the_version_it_is_for(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await;
        let path = request_path(&request);
        let edit = |tag: &'static str, body: Value| {
            let (acme, path) = (acme.clone(), path.clone());
            async move { acme.send("PATCH", &path, &[("if-match", tag), ("content-type", "application/json")], body).await }
        };
        world.advance(hours(1));
        let edited = edit("\"1\"", json!({"severity": 1})).await.expect(200);
        assert_eq!((edited.header("etag"), &edited["last_activity_at"]), (Some("\"2\""), &json!(world.now())));
        snapshot!(edit("\"1\"", json!({"severity": 2})).await);
        edit("W/\"2\"", json!({"severity": 2})).await.expect_problem(412, "version_mismatch");
        edit("2", json!({"severity": 2})).await.expect_problem(400, "invalid_if_match");
        let entries = world.journal(&acme.organization_id).len();
        world.advance(hours(1));
        let same = edit("*", json!({"severity": 1})).await.expect(200);
        assert_eq!((&same["version"], &same["last_activity_at"]), (&edited["version"], &edited["last_activity_at"]));
        assert_eq!(edit("\"7\", \"2\"", json!({})).await.expect(200)["version"], 2);
        assert_eq!(world.journal(&acme.organization_id).len(), entries);
        snapshot!(acme.patch(&path, json!({"severity": 9, "subject": null, "number": "SR-000001", "status": "gone"})).await);
        let not_modified = acme.send("GET", &path, &[("if-none-match", "W/\"2\"")], ()).await;
        assert_eq!((not_modified.status, not_modified.header("etag")), (304, Some("\"2\"")));
    }

    /// S-4, X-2: what stays solved closes by itself, once with any number of instances, by the system's hand.
    async fn a_solved_request_closes_by_itself(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        world.another_instance(&[]).await;
        let agent = world.agent().await;
        let (one, two, open) = (acme.request("One").await, acme.request("Two").await, acme.request("Three").await);
        for request in [&one, &two] {
            agent.patch(request_path(request), json!({"status": "solved"})).await.expect(200);
        }
        // Who writes makes it unsolved; solved again, the time begins anew.
        world.advance(days(13));
        acme.reply(&two.id(), "It burns again.").await;
        agent.patch(request_path(&two), json!({"status": "solved"})).await.expect(200);
        world.advance(days(1));
        let status = async |request: &Answer| acme.get(request_path(request)).await.expect(200)["status"].clone();
        let closes = async |request: &Answer| {
            let mut looks = 0;
            while status(request).await != "closed" {
                looks += 1;
                assert!(looks < 1_000, "it is still solved");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        closes(&one).await;
        assert_eq!([status(&two).await, status(&open).await], ["solved", "open"]);
        let closed = acme.get(request_path(&one)).await.expect(200);
        assert_eq!((&closed["closed_at"], &closed["version"]), (&json!(world.now()), &json!(3)));
        acme.post(format!("{}/messages", request_path(&one)), json!({"body": "Late"})).await.expect_problem(409, "service_request_closed");
        // A later round changes it no more, and the journal has each once, without an actor.
        world.advance(days(13));
        closes(&two).await;
        assert_eq!(acme.get(request_path(&one)).await.expect(200)["version"], 3);
        let journal = world.journal(&acme.organization_id);
        let by_system = journal.iter().filter(|entry| entry.actor.is_none() && entry.after == r#"{"status":"closed"}"#);
        assert_eq!(by_system.map(|entry| entry.subject.to_string()).collect::<Vec<_>>(), [one.id(), two.id()]);
        assert!(world.mailbox().of(&acme.email, "request_closed").is_empty(), "the first email said so");
    }
}
