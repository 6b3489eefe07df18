//! The way back in: an organization whose primary support contacts are gone gets a new one (E-1 … E-11).

use mandate_tests::{Actor, Answer, Value, World, days, e2e, hours, json, snapshot, with};

use tokio::task::JoinSet;

use crate::generated::{compare, root};
use crate::service_request::{request_path, submit};

/// Everything that a letter must hold.
pub(crate) fn letter() -> Value {
    json!({
        "author_name": "Carla Mendes", "author_title": "Chief Operating Officer", "author_seniority": "c_level",
        "author_email": "carla.mendes@acme.example", "signed": true, "received_at": "2026-02-27T08:00:00Z",
        "grants_contact_creation": true
    })
}

/// Somebody with a mailing address.
pub(crate) fn nominee(email: &str) -> Value {
    json!({
        "email": email, "first_name": "Nora", "last_name": "Lima", "phone": "+1.650.555.0100",
        "mailing_address": {"lines": ["1 Main Street"], "city": "Springfield", "postal_code": "97477", "country": "US"}
    })
}

/// An organization's guardian left; a designated contact is there.
pub(crate) struct Stage {
    pub(crate) guardian: Actor,
    pub(crate) dan: Actor,
    pub(crate) reviewer: Actor,
    pub(crate) approver: Actor,
}

pub(crate) async fn stage(world: &World) -> Stage {
    stage_at(world, "Acme", "acme.example").await
}

/// The same at a customer of another name and domain.
pub(crate) async fn stage_at(world: &World, name: &str, domain: &str) -> Stage {
    let guardian = world.customer(name, domain).await;
    guardian.patch("/v1/me", json!({"phone": "+1.650.555.0199"})).await.expect(200);
    let dan = guardian.contact("dan", "designated_support").await;
    world.advance(hours(1));
    let (reviewer, approver) =
        (world.staff("reviewer", &["duty_manager"]).await, world.staff("approver", &["duty_manager"]).await);
    Stage { guardian, dan, reviewer, approver }
}

impl Stage {
    pub(crate) fn unavailable(&self, reason: &str) -> Value {
        json!([{"contact_id": self.guardian.id, "reason": reason, "note": "the mailbox answers that she left"}])
    }

    /// Opens an escalation that has everything but the letter's file.
    pub(crate) async fn open(&self, actor: &Actor, channel: &str, more: Value) -> Answer {
        let (_, domain) = self.guardian.email.split_once('@').unwrap_or_default();
        let body = json!({
            "channel": channel, "letter": letter(), "nominee": nominee(&format!("nora.lima@{domain}")),
            "unavailable": self.unavailable("left"),
        });
        actor.post(format!("/v1/organizations/{}/escalations", self.guardian.organization_id), with(body, more)).await
    }

    /// Opens one, with its letter.
    pub(crate) async fn opened(&self) -> String {
        let opened = self.open(&self.dan, "service_request", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        attach(&self.dan, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        path
    }

    /// Takes it into review and verifies every item.
    pub(crate) async fn verified(&self, path: &str) -> i64 {
        self.reviewer.post(format!("{path}/review"), json!({})).await.expect(200);
        let items = [
            "author_title",
            "author_seniority",
            "signature",
            "nominee_email",
            "nominee_mailing_address",
            "express_statement",
        ];
        let mut items: Vec<Value> = items.iter().map(|item| json!({"item": item, "method": "letter_read"})).collect();
        items.push(json!({"item": "nominee_phone", "method": "call_back", "number": "+1.650.555.0199", "note": "she knows her"}));
        let verified = self.reviewer.post(format!("{path}/verify"), json!({"items": items})).await.expect(200);
        assert_eq!(verified.body["missing"], json!([]));
        verified.body["version"].as_i64().unwrap_or_default()
    }

    /// Opened, verified and approved.
    pub(crate) async fn approved(&self) -> String {
        let path = self.opened().await;
        let version = self.verified(&path).await;
        self.approver.post(format!("{path}/approve"), json!({"version": version})).await.expect(200);
        path
    }
}

/// Uploads a file to an escalation.
pub(crate) async fn attach(actor: &Actor, path: &str, name: &str, media_type: &str, bytes: &[u8]) -> Answer {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [("content-type", media_type), ("content-disposition", disposition.as_str())];
    actor.send("POST", &format!("{path}/attachments"), &headers, bytes.to_vec()).await
}

pub(crate) fn status(answer: &Answer) -> &str {
    answer.body["status"].as_str().unwrap_or_default()
}

/// E-5: the page for support desks ends with the table that the rules were asked for.
#[test]
fn the_page_says_who_takes_which_step_where() {
    const HEADING: &str = "## Which step is possible where\n";
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("it is there");
    let snapshot = read("core/tests/snapshots/escalation_table.snap");
    let (_, table) = snapshot.split_once("\n---\n").expect("a snapshot has a head");
    let page = read("docs/escalations.md");
    let (head, _) = page.split_once(HEADING).expect("the page has a place for it");
    let rewrite = "MANDATE_UPDATE=1 cargo test -p mandate-tests --test it escalation::the_page";
    compare("docs/escalations.md", &format!("{head}{HEADING}\n{}\n", table.trim()), rewrite);
}

e2e! {
    /// E-1, E-2, E-3, E-6, E-7, E-9, E-10: from the letter to the new primary support contact.
    async fn an_organization_gets_a_new_primary_support_contact(world: World) {
        let stage = stage(&world).await;
        let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
        snapshot!(opened);
        let path = format!("/v1/escalations/{}", opened.id());
        let file = attach(&stage.dan, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        snapshot!(file);
        let version = stage.verified(&path).await;
        snapshot!(stage.reviewer.get(&path).await.expect(200));
        stage.approver.post(format!("{path}/approve"), json!({"version": version - 1})).await
            .expect_problem(412, "version_mismatch");
        let approved = stage.approver.post(format!("{path}/approve"), json!({"version": version})).await.expect(200);
        assert_eq!(status(&approved), "approved");
        // Everybody of the organization is told before it happens.
        for receiver in [&stage.guardian, &stage.dan] {
            let mail = world.mailbox().first(&receiver.email, "escalation_notice").await;
            assert!(mail.text.contains("Nora Lima") && mail.text.contains("2026-03-02"), "{}", mail.text);
        }
        stage.approver.post(format!("{path}/complete"), json!({})).await.expect_problem(409, "waiting_period");
        world.advance(hours(24));
        let completed = stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
        snapshot!(completed);
        let contact = completed.body["completed_contact_id"].as_str().unwrap_or_default().to_owned();
        let welcome = world.mailbox().first("nora.lima@acme.example", "welcome").await;
        let nora = world.instance().accept(&welcome).await;
        let record = nora.get(format!("/v1/contacts/{contact}")).await.expect(200);
        assert_eq!((&record.body["type"], &record.body["permission"]), (&json!("primary_support"), &json!("manage_contacts")));
        // Who left is disabled with all that C-15 says, and a review has begun.
        stage.guardian.get("/v1/me").await.expect(401);
        let left = nora.get(format!("/v1/contacts/{}", stage.guardian.id)).await.expect(200);
        assert_eq!(left.body["status"], "disabled");
        let reviews = nora.get(nora.own("contact-reviews")).await.expect(200);
        assert_eq!(reviews.body["data"][0]["status"], "open");
        assert_eq!(reviews.body["data"][0]["pending"], json!(2));
        let readiness = nora.get(nora.own("readiness")).await.expect(200);
        let codes = readiness.body["findings"].as_array().into_iter().flatten().map(|one| one["code"].clone());
        let codes: Vec<Value> = codes.collect();
        assert!(codes.contains(&json!("review_overdue")) && !codes.contains(&json!("no_primary_support_contact")), "{codes:?}");
        // The service request moved along with each step, and is solved.
        let request = format!("/v1/service-requests/{}", completed.body["service_request_id"].as_str().unwrap_or_default());
        assert_eq!(status(&nora.get(&request).await.expect(200)), "solved");
        snapshot!(nora.get(format!("{request}/messages")).await.expect(200));
        stage.approver.post(format!("{path}/complete"), json!({})).await.expect_problem(409, "invalid_transition");
    }

    /// E-2, E-4, E-11: each way in has its own people, and partners never learn of it.
    async fn each_way_in_has_its_own_people(world: World) {
        let stage = stage(&world).await;
        let (partner, agent) = (world.partner("Globex", "globex.example").await, world.agent().await);
        stage.guardian.grant_organization(&partner, "full_admin").await;
        let manager = world.staff("tam", &["technical_account_manager"]).await;
        stage.open(&manager, "account_team", json!({})).await.expect_problem(403, "staff_only");
        let team = json!({"technical_account_manager": manager.id});
        world.admin().await.put(stage.guardian.own("account-team"), team).await.expect(200);
        for (actor, channel, expected, code) in [
            (&partner, "service_request", 404, "not_found"),
            (&agent, "phone", 403, "staff_only"),
            (&manager, "phone", 403, "staff_only"),
            (&stage.dan, "account_team", 403, "staff_only"),
            (&stage.reviewer, "service_request", 422, "validation_failed"),
        ] {
            stage.open(actor, channel, json!({})).await.expect_problem(expected, code);
        }
        let silent = json!({"unavailable": []});
        let refused = stage.open(&manager, "account_team", silent).await
            .expect_problem(409, "primary_support_contact_available");
        snapshot!(refused);
        let foreign = json!([{"contact_id": stage.dan.id, "reason": "left"}]);
        stage.open(&manager, "account_team", json!({"unavailable": foreign})).await
            .expect_problem(422, "validation_failed");
        let opened = stage.open(&manager, "account_team", json!({})).await.expect(201);
        assert_eq!(opened.body["service_request_id"], Value::Null);
        let again = stage.open(&stage.reviewer, "phone", json!({})).await.expect_problem(409, "escalation_exists");
        assert_eq!(again.body["about"], json!([opened.id()]));
        let path = format!("/v1/escalations/{}", opened.id());
        let list = format!("/v1/organizations/{}/escalations", stage.guardian.organization_id);
        for (actor, expected) in [
            (&stage.dan, 200), (&stage.guardian, 200), (&agent, 200), (&manager, 200), (&partner, 404),
            (&stage.guardian.contact("kim", "knowledge_base").await, 403),
            (&world.customer("Initech", "initech.example").await, 404),
        ] {
            assert_eq!(actor.get(&path).await.status, expected, "{}", actor.email);
            assert_eq!(actor.get(&list).await.status, expected, "{}", actor.email);
        }
        // What a reviewer looks at is not for the organization's own people.
        let own = stage.dan.get(&path).await.expect(200);
        assert_eq!((&own.body["call_back_numbers"], &own.body["flags"]), (&Value::Null, &Value::Null));
    }

    /// E-11, S-14: the service request of an escalation becomes confidential, and partners cannot be in it.
    async fn partners_do_not_learn_of_it_by_the_service_request(world: World) {
        let stage = stage(&world).await;
        let partner = world.partner("Globex", "globex.example").await;
        stage.guardian.grant_organization(&partner, "create").await;
        let recovery = json!({"category": "primary_contact_recovery"});
        let seen = submit(&stage.dan, recovery.clone()).await.expect(201);
        partner.get(request_path(&seen)).await.expect(200);
        let led = submit(&stage.dan, with(recovery, json!({"point_of_contact": partner.id}))).await.expect(201);
        // One that a partner looks after is left alone, and one of its own is made.
        let own = stage.open(&stage.dan, "service_request", json!({"service_request_id": led.id()})).await.expect(201);
        assert_ne!(own.body["service_request_id"], json!(led.id()));
        partner.get(request_path(&led)).await.expect(200);
        stage.dan.post(format!("/v1/escalations/{}/withdraw", own.id()), json!({})).await.expect(200);
        let other = stage.dan.request("Something else").await;
        stage.open(&stage.dan, "service_request", json!({"service_request_id": other.id()})).await
            .expect_problem(422, "validation_failed");
        stage.open(&stage.dan, "service_request", json!({"service_request_id": seen.id()})).await.expect(201);
        partner.get(request_path(&seen)).await.expect(404);
        let request = stage.dan.get(request_path(&seen)).await.expect(200);
        assert_eq!(request.body["confidential"], json!(true));
        // It stays so, whoever asks, and no partner gets into it.
        let agent = world.agent().await;
        for actor in [&stage.dan, &stage.guardian, &agent] {
            actor.patch(request_path(&seen), json!({"confidential": false})).await
                .expect_problem(409, "service_request_sealed");
        }
        for actor in [&stage.dan, &stage.guardian] {
            actor.patch(request_path(&seen), json!({"point_of_contact": partner.id})).await
                .expect_problem(422, "point_of_contact_not_allowed");
            for role in ["secondary", "cc"] {
                let body = json!({"person_id": partner.id, "role": role});
                actor.post(format!("{}/participants", request_path(&seen)), body).await
                    .expect_problem(422, "participant_not_allowed");
            }
        }
        agent.patch(request_path(&seen), json!({"status": "closed"})).await.expect(200);
        let open = json!({"category": "question", "follow_up_of": seen.id(), "confidential": false});
        submit(&stage.dan, open).await.expect_problem(409, "service_request_sealed");
        let followed = submit(&stage.dan, json!({"category": "question", "follow_up_of": seen.id()})).await.expect(201);
        assert_eq!(followed.body["confidential"], json!(true));
        stage.guardian.patch(request_path(&followed), json!({"confidential": false})).await
            .expect_problem(409, "service_request_sealed");
        partner.get(request_path(&followed)).await.expect(404);
    }

    /// E-6: nobody decides alone; an edit voids what it touches, and an approval names the version that was read.
    async fn an_approval_rests_on_what_was_read_and_on_another_person(world: World) {
        let stage = stage(&world).await;
        let opened = stage.open(&stage.reviewer, "phone", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        attach(&stage.reviewer, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        stage.reviewer.post(format!("{path}/review"), json!({})).await.expect(200);
        let version = stage.reviewer.get(&path).await.body["version"].as_i64().unwrap_or_default();
        let incomplete = stage.approver.post(format!("{path}/approve"), json!({"version": version})).await
            .expect_problem(409, "verification_incomplete");
        snapshot!(incomplete);
        stage.approver.post(format!("{path}/approve"), json!({})).await.expect_problem(422, "validation_failed");
        let call = |number: &str| json!({"items": [{"item": "nominee_phone", "method": "call_back", "number": number}]});
        // The number that the letter itself brought.
        stage.reviewer.post(format!("{path}/verify"), call("+1.650.555.0100")).await
            .expect_problem(422, "call_back_number_not_allowed");
        // One that the records got afterwards.
        stage.guardian.patch("/v1/me", json!({"phone": "+1.650.555.0177"})).await.expect(200);
        stage.reviewer.post(format!("{path}/verify"), call("+1.650.555.0177")).await
            .expect_problem(422, "call_back_number_not_allowed");
        stage.reviewer.post(format!("{path}/verify"), call("+1.650.555.0199")).await.expect(200);
        // More information, an edit, and the old approval is worth nothing.
        stage.reviewer.post(format!("{path}/request-information"), json!({"message": "who signed?"})).await.expect(200);
        stage.approver.post(format!("{path}/approve"), json!({"version": version + 2})).await
            .expect_problem(412, "version_mismatch");
        stage.approver.post(format!("{path}/approve"), json!({"version": version + 3})).await
            .expect_problem(409, "invalid_transition");
        let edited = stage.reviewer.patch(&path, json!({"nominee": {"phone": "+1.650.555.0111"}})).await.expect(200);
        assert!(edited.body["missing"].as_array().is_some_and(|items| items.contains(&json!("nominee_phone"))));
        stage.reviewer.post(format!("{path}/provide-information"), json!({})).await.expect(200);
        let items: Vec<Value> = edited.body["missing"].as_array().into_iter().flatten()
            .map(|item| json!({"item": item, "method": "video_call", "note": "seen with her passport"})).collect();
        let verified = stage.reviewer.post(format!("{path}/verify"), json!({"items": items})).await.expect(200);
        let version = verified.body["version"].as_i64().unwrap_or_default();
        // The opener decides in no role; another duty manager does, on the version that they read.
        stage.reviewer.post(format!("{path}/approve"), json!({"version": version})).await
            .expect_problem(403, "second_person_required");
        stage.reviewer.post(format!("{path}/reject"), json!({"reason": "no"})).await
            .expect_problem(403, "second_person_required");
        stage.approver.post(format!("{path}/approve"), json!({"version": version - 1})).await
            .expect_problem(412, "version_mismatch");
        stage.approver.post(format!("{path}/approve"), json!({"version": version})).await.expect(200);
    }

    /// E-7, E-8: who guards the organization stops it; a second duty manager resumes it, and it waits anew.
    async fn an_objection_stops_it_until_a_second_duty_manager_resumes(world: World) {
        let stage = stage(&world).await;
        let mia = stage.guardian.contact("mia", "manage_contacts").await;
        let gone = stage.guardian.contact("gus", "manage_contacts").await;
        stage.guardian.post(format!("/v1/contacts/{}/disable", gone.id), json!({"reason": "left"})).await.expect(200);
        let path = stage.approved().await;
        gone.post(format!("{path}/object"), json!({"reason": "no"})).await.expect(401);
        stage.dan.post(format!("{path}/object"), json!({"reason": "no"})).await.expect_problem(403, "permission_required");
        world.advance(hours(20));
        let objected = mia.post(format!("{path}/object"), json!({"reason": "we are here"})).await.expect(200);
        snapshot!(objected);
        stage.dan.post(format!("{path}/withdraw"), json!({})).await.expect_problem(409, "invalid_transition");
        // The server leaves it alone, also when the time is over.
        world.advance(hours(10));
        stage.approver.post(format!("{path}/complete"), json!({})).await.expect_problem(409, "invalid_transition");
        stage.approver.post(format!("{path}/resume"), json!({"reason": "I say so"})).await
            .expect_problem(403, "second_person_required");
        let third = world.staff("third", &["duty_manager"]).await;
        let resumed = third.post(format!("{path}/resume"), json!({"reason": "she may not object for them"})).await.expect(200);
        assert_eq!(status(&resumed), "approved");
        world.advance(hours(23));
        assert_eq!(status(&stage.dan.get(&path).await), "approved");
        world.advance(hours(1));
        stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
    }

    /// E-9, X-1: what cannot be completed any more goes back into review, and the duty managers are told.
    async fn what_cannot_be_completed_any_more_goes_back_into_review(world: World) {
        let stage = stage(&world).await;
        let path = stage.approved().await;
        let initech = world.customer("Initech", "initech.example").await;
        let taken = json!({"email": "nora.lima@acme.example", "first_name": "Nora", "last_name": "Lima",
            "permission": "designated_support"});
        initech.post(initech.own("contacts"), taken).await.expect(201);
        world.advance(hours(24));
        let returned = stage.dan.eventually(&path, |answer| status(answer) == "in_review").await;
        snapshot!(returned);
        let mail = world.mailbox().first(&stage.reviewer.email, "escalation_returned").await;
        assert!(mail.text.contains("another organization"), "{}", mail.text);
        // Where the approver is no duty manager any more, their approval carries nothing.
        world.advance(hours(1));
        let version = stage.dan.get(&path).await.body["version"].as_i64().unwrap_or_default();
        stage.approver.post(format!("{path}/approve"), json!({"version": version})).await
            .expect_problem(409, "contact_in_other_organization");
    }

    /// E-5: information that does not come in time; another escalation can be opened then.
    async fn an_escalation_without_the_information_lapses(world: World) {
        let stage = stage(&world).await;
        let path = stage.opened().await;
        stage.reviewer.post(format!("{path}/review"), json!({})).await.expect(200);
        stage.reviewer.post(format!("{path}/request-information"), json!({"message": "who signed?"})).await.expect(200);
        let mail = world.mailbox().first(&stage.dan.email, "escalation_information").await;
        assert!(mail.text.contains("who signed?"), "{}", mail.text);
        world.advance(days(30));
        let lapsed = stage.dan.get(&path).await.expect(200);
        assert_eq!(status(&lapsed), "lapsed");
        stage.dan.patch(&path, json!({"letter": {"signed": false}})).await.expect_problem(409, "invalid_transition");
        stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
    }

    /// E-9: six who complete it at once, and the server beside them: it happens once.
    async fn it_is_completed_once_however_many_ask(world: World) {
        let stage = stage(&world).await;
        let path = stage.approved().await;
        world.advance(hours(24));
        let mut asking = JoinSet::new();
        let other = world.another_instance(&[]).await;
        for turn in 0..6 {
            let approver = if turn % 2 == 0 { stage.approver.clone() } else { stage.approver.at(&other) };
            let path = format!("{path}/complete");
            asking.spawn(async move { approver.post(path, json!({})).await.status });
        }
        let answers = asking.join_all().await;
        assert!(answers.iter().filter(|status| **status == 200).count() <= 1, "{answers:?}");
        assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
        stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
        let found = stage.dan.get(format!("{}?email=nora.lima@acme.example", stage.dan.own("contacts"))).await.expect(200);
        assert_eq!(found.body["data"].as_array().map(Vec::len), Some(1));
        let reviews = stage.reviewer.get(format!("/v1/organizations/{}/escalations", stage.guardian.organization_id)).await;
        assert_eq!(reviews.body["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(world.mailbox().of("nora.lima@acme.example", "welcome").len(), 1);
    }

    /// E-9: a contact of the organization is promoted, and let in again if they were disabled.
    async fn a_disabled_contact_of_the_organization_is_let_in_again(world: World) {
        let stage = stage(&world).await;
        let nora = stage.guardian.contact("nora", "knowledge_base").await;
        stage.guardian.post(format!("/v1/contacts/{}/disable", nora.id), json!({"reason": "on leave"})).await.expect(200);
        let opened = stage.open(&stage.dan, "service_request",
            json!({"nominee": nominee(&nora.email), "unavailable": stage.unavailable("unreachable")})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        attach(&stage.dan, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        let version = stage.verified(&path).await;
        stage.approver.post(format!("{path}/approve"), json!({"version": version})).await.expect(200);
        world.advance(hours(24));
        let completed = stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
        assert_eq!(completed.body["completed_contact_id"], json!(nora.id));
        let record = stage.dan.get(format!("/v1/contacts/{}", nora.id)).await.expect(200);
        assert_eq!((&record.body["status"], &record.body["type"]), (&json!("invited"), &json!("primary_support")));
        // Who does not answer stays.
        let guardian = stage.dan.get(format!("/v1/contacts/{}", stage.guardian.id)).await.expect(200);
        assert_eq!(guardian.body["status"], "active");
    }

    /// E-6: domains that look like the organization's own are shown to the reviewer.
    async fn look_alike_domains_are_flagged_to_the_reviewer(world: World) {
        let stage = stage(&world).await;
        let path = stage.opened().await;
        let flagged = |answer: Answer| -> Vec<String> {
            let flags = answer.body["flags"].as_array().into_iter().flatten();
            flags.filter_map(|flag| Some(format!("{} {}", flag["code"].as_str()?, flag["item"].as_str()?))).collect()
        };
        for (address, expected) in [
            ("nora@acme.example", &[][..]),
            // One letter is another, one too many, and `rn` for `m`.
            ("nora@acne.example", &["look_alike_domain nominee_email"]),
            ("nora@accme.example", &["look_alike_domain nominee_email"]),
            ("nora@acrne.example", &["look_alike_domain nominee_email"]),
            // A Cyrillic `а` among Latin letters.
            ("nora@xn--cme-5cd.example",
                &["look_alike_domain nominee_email", "mixed_scripts nominee_email", "punycode nominee_email"]),
            ("nora@xn--bcher-kva.example", &["foreign_domain nominee_email", "punycode nominee_email"]),
        ] {
            stage.dan.patch(&path, json!({"nominee": {"email": address}})).await.expect(200);
            assert_eq!(flagged(stage.reviewer.get(&path).await.expect(200)), expected, "{address}");
        }
        let author = json!({"nominee": {"email": "nora@acme.example"}, "letter": {"author_email": "carla@acmee.example"}});
        stage.dan.patch(&path, author).await.expect(200);
        assert_eq!(flagged(stage.reviewer.get(&path).await.expect(200)), ["look_alike_domain signature"]);
        assert_eq!(stage.dan.get(&path).await.expect(200).body["flags"], Value::Null);
    }

    /// E-1, E-6, E-9, X-2: the printable file of a case tells who did what, when, how and by what evidence.
    async fn the_case_file_tells_everything_that_happened(world: World) {
        let stage = stage(&world).await;
        stage.guardian.contact("kim", "knowledge_base").await;
        let manager = world.staff("tam", &["technical_account_manager"]).await;
        let team = json!({"technical_account_manager": manager.id});
        world.admin().await.put(stage.guardian.own("account-team"), team).await.expect(200);
        let path = stage.approved().await;
        world.mail("kim@acme.example", "escalation_notice").await;
        world.advance(hours(24));
        stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
        let file = format!("{path}/case-file");
        let tells = |kind: &'static str| {
            move |answer: &Answer| answer["notices"].as_array().is_some_and(|all| all.iter().any(|one| one["kind"] == kind))
        };
        let mut whole = stage.approver.eventually(&file, tells("escalation_completed")).await;
        // Whoever is said to be unavailable is told first, with the address that it went to; then the account team and all others.
        let notices = whole.body["notices"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let told: Vec<&str> = notices.iter().filter(|one| one["kind"] == "escalation_notice")
            .filter_map(|one| one["address"].as_str()).collect();
        assert_eq!(told, [&stage.guardian.email, "tam@vendor.example", &stage.dan.email, "kim@acme.example"]);
        let journal: Vec<String> = world.journal(&stage.guardian.organization_id).iter()
            .map(|entry| entry.hash.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
        for entry in whole.body["audit"].as_array_mut().into_iter().flatten() {
            assert!(journal.iter().any(|hash| entry["hash"] == json!(hash)), "{entry}");
            // Ids that the story does not name are part of what is hashed.
            (entry["hash"], entry["previous_hash"]) = (json!("[hash]"), json!("[hash]"));
        }
        snapshot!(world.text("the case file", serde_json::to_string_pretty(&whole.body).unwrap_or_default()));
        stage.dan.get(format!("{path}/case-file")).await.expect_problem(403, "staff_only");
        world.customer("Initech", "initech.example").await.get(format!("{path}/case-file")).await
            .expect_problem(404, "not_found");
    }
}
