//! Ways to misuse an escalation, each tried (E-6 … E-11, X-1, X-4a).

use mandate_core::journal::EventKind;
use mandate_tests::{Value, days, e2e, hours, json, minutes};

use crate::access::essence;
use crate::escalation::{attach, nominee, stage, status};

/// Statements of a completion, at most: more would be a loop.
const STATEMENTS_MAX: usize = 400;

e2e! {
    /// E-6: who opened it decides in no other role, and neither do contacts of the organization.
    async fn nobody_approves_what_they_opened_or_are_part_of(world: World) {
        let stage = stage(&world).await;
        let mia = stage.guardian.contact("mia", "manage_contacts").await;
        let both = world.staff("both", &["duty_manager", "technical_account_manager"]).await;
        let team = json!({"technical_account_manager": both.id});
        world.admin().await.put(stage.guardian.own("account-team"), team).await.expect(200);
        let opened = stage.open(&both, "account_team", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        attach(&both, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        let version = json!({"version": stage.verified(&path).await});
        both.post(format!("{path}/approve"), version.clone()).await.expect_problem(403, "second_person_required");
        // Another role changes nothing.
        let staff = format!("/v1/staff/{}", both.id);
        world.admin().await.patch(&staff, json!({"roles": ["duty_manager"]})).await.expect(200);
        both.post(format!("{path}/approve"), version.clone()).await.expect_problem(403, "second_person_required");
        for insider in [&mia, &stage.guardian, &stage.dan] {
            insider.post(format!("{path}/approve"), version.clone()).await.expect_problem(403, "staff_only");
        }
        stage.approver.post(format!("{path}/approve"), version).await.expect(200);
    }

    /// E-6, E-9, O-2: an approver cannot be the nominee, nor can anybody else of the vendor.
    async fn nobody_of_the_vendor_is_appointed(world: World) {
        let stage = stage(&world).await;
        for address in [stage.approver.email.as_str(), "nora@mail.vendor.example"] {
            let body = json!({"nominee": nominee(address)});
            let opened = stage.open(&stage.dan, "service_request", body).await.expect(201);
            let path = format!("/v1/escalations/{}", opened.id());
            attach(&stage.dan, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
            let version = stage.verified(&path).await;
            stage.approver.post(format!("{path}/approve"), json!({"version": version})).await
                .expect_problem(422, "vendor_staff_not_allowed");
            stage.approver.post(format!("{path}/reject"), json!({"reason": "one of us"})).await.expect(200);
        }
    }

    /// E-6: an approval that is sent again after an edit approves nothing.
    async fn an_approval_that_is_replayed_after_an_edit_approves_nothing(world: World) {
        let stage = stage(&world).await;
        let path = stage.opened().await;
        let version = stage.verified(&path).await;
        let approve = format!("{path}/approve");
        let headers = [("idempotency-key", "approval-1"), ("content-type", "application/json")];
        let body = json!({"version": version});
        let approved = stage.approver.send("POST", &approve, &headers, body.clone()).await.expect(200);
        // The nominee is somebody else's contact for a while, so that it comes back into review.
        let initech = world.customer("Initech", "initech.example").await;
        let taken = json!({"email": "nora.lima@acme.example", "first_name": "Nora", "last_name": "Lima", "permission": "knowledge_base"});
        initech.post(initech.own("contacts"), taken).await.expect(201);
        world.advance(hours(24));
        stage.dan.eventually(&path, |answer| status(answer) == "in_review").await;
        stage.reviewer.post(format!("{path}/request-information"), json!({"message": "another nominee?"})).await.expect(200);
        let mallory = json!({"nominee": {"email": "mallory@acme.example", "first_name": "Mallory"}});
        stage.dan.patch(&path, mallory).await.expect(200);
        stage.dan.post(format!("{path}/provide-information"), json!({})).await.expect(200);
        // The same request again gets the same answer, and does nothing.
        let replayed = stage.approver.send("POST", &approve, &headers, body.clone()).await.expect(200);
        assert_eq!((replayed.header("idempotent-replayed"), &replayed.body), (Some("true"), &approved.body));
        // The same approval as a new request names a version that is gone.
        stage.approver.post(&approve, body).await.expect_problem(412, "version_mismatch");
        // And what the edit touched has to be verified again.
        let now = stage.dan.get(&path).await.expect(200);
        assert_eq!(status(&now), "in_review");
        let unverified = stage.approver.post(&approve, json!({"version": now.body["version"]})).await;
        let missing = unverified.expect_problem(409, "verification_incomplete").body["missing"].clone();
        assert_eq!(missing, json!(["nominee_email", "nominee_phone", "nominee_mailing_address", "express_statement"]));
    }

    /// E-7, E-9, X-4a: a clock that is turned back neither shortens a waiting period nor undoes what came of it.
    async fn a_clock_that_jumps_ends_no_waiting_period_early_and_undoes_nothing(world: World) {
        let stage = stage(&world).await;
        let mia = stage.guardian.contact("mia", "manage_contacts").await;
        let path = stage.approved().await;
        let complete = format!("{path}/complete");
        let due = stage.dan.get(&path).await.expect(200).body["completes_at"].clone();
        world.advance(days(-3));
        stage.approver.post(&complete, json!({})).await.expect_problem(409, "waiting_period");
        world.advance(days(3));
        world.advance(minutes(24 * 60 - 1));
        stage.approver.post(&complete, json!({})).await.expect_problem(409, "waiting_period");
        assert_eq!(stage.dan.get(&path).await.expect(200).body["completes_at"], due);
        // An objection that comes while the clock is behind stops it all the same.
        world.advance(days(-10));
        let mia = world.sign_in(&mia.email).await;
        mia.post(format!("{path}/object"), json!({"reason": "we are here"})).await.expect(200);
        world.advance(days(20));
        stage.approver.post(&complete, json!({})).await.expect_problem(409, "invalid_transition");
        // What is resumed waits for its whole period, from the highest time that was seen.
        let third = world.staff("third", &["duty_manager"]).await;
        third.post(format!("{path}/resume"), json!({"reason": "settled by phone"})).await.expect(200);
        world.advance(hours(-48));
        stage.approver.post(&complete, json!({})).await.expect_problem(409, "waiting_period");
        world.advance(minutes(48 * 60 - 1));
        stage.approver.post(&complete, json!({})).await.expect_problem(409, "waiting_period");
        // A jump far ahead completes it once, and a jump back leaves it so, also after a restart.
        world.advance(days(400));
        stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
        world.advance(days(-400));
        world.restart().await;
        let approver = world.sign_in(&stage.approver.email).await;
        assert_eq!(status(&approver.get(&path).await.expect(200)), "completed");
        approver.post(&complete, json!({})).await.expect_problem(409, "invalid_transition");
    }

    /// E-11, X-3: whoever is neither of the organization nor of the vendor cannot tell an escalation from none.
    async fn outsiders_cannot_tell_an_escalation_from_none(world: World) {
        let stage = stage(&world).await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        stage.guardian.grant_organization(&globex, "view").await;
        stage.guardian.grant_person(&eve, "full_admin").await;
        let initech = world.customer("Initech", "initech.example").await;
        let kim = stage.guardian.contact("kim", "knowledge_base").await;
        let path = stage.approved().await;
        let opened = stage.dan.get(&path).await.expect(200);
        let letter = format!("/v1/attachments/{}", opened.body["letter"]["attachment_ids"][0].as_str().unwrap_or_default());
        let request = format!("/v1/service-requests/{}", opened.body["service_request_id"].as_str().unwrap_or_default());
        let known = [path.clone(), format!("{path}/case-file"), letter.clone(), format!("{letter}/content"), request];
        for outsider in [&globex, &eve, &initech] {
            for there in &known {
                let nowhere = there.replace(|one: char| one.is_ascii_digit(), "0");
                let nowhere = if nowhere == *there { format!("{there}0") } else { nowhere.replace("/v0/", "/v1/") };
                let (there, nowhere) = (outsider.get(there).await.expect(404), outsider.get(nowhere).await.expect(404));
                assert_eq!(essence(&there), essence(&nowhere));
            }
            for step in ["object", "withdraw", "review", "approve", "complete"] {
                let body = if step == "object" { json!({"reason": "no"}) } else { json!({}) };
                outsider.post(format!("{path}/{step}"), body).await.expect_problem(404, "not_found");
            }
            let body = json!({"channel": "service_request", "nominee": nominee("eve@globex.example"), "unavailable": []});
            let list = format!("/v1/organizations/{}/escalations", stage.guardian.organization_id);
            outsider.get(&list).await.expect_problem(404, "not_found");
            outsider.post(&list, body).await.expect_problem(404, "not_found");
            let found = outsider.get("/v1/service-requests?q=primary").await.expect(200);
            assert!(found.rows().is_empty(), "{found}");
            assert!(world.mailbox().all().iter().all(|mail| mail.to != outsider.email || !mail.kind.starts_with("escalation")));
        }
        // Nor by what comes of it: somebody left, and somebody else is there.
        world.advance(hours(24));
        stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
        let guardian = eve.get(format!("/v1/contacts/{}", stage.guardian.id)).await.expect(200);
        assert_eq!(guardian.body["status"], "disabled");
        let requests = eve.get("/v1/service-requests?category=contact_deactivation").await.expect(200);
        assert_eq!(requests.rows().len(), 1);
        let record = format!("/v1/service-requests/{}/messages", requests.rows()[0]["id"].as_str().unwrap_or_default());
        for seen in [guardian, eve.get(record).await.expect(200), requests] {
            assert!(!seen.text().to_lowercase().contains("escalation") && !seen.text().contains("esc_"), "{seen}");
        }
        // Inside, it takes designated_support; but of what is about to happen everybody is told (E-7).
        kim.get(&path).await.expect_problem(403, "permission_required");
        kim.get(&letter).await.expect(404);
    }

    /// E-9: a crash between any two statements of a completion leaves nothing of it, and after a restart it happens once.
    async fn a_crash_between_any_two_statements_leaves_nothing_and_it_completes_once(world: World) {
        let stage = stage(&world).await;
        let path = stage.approved().await;
        world.advance(hours(24));
        let nora = format!("{}?email=nora.lima@acme.example", stage.dan.own("contacts"));
        let mut crashes = 0;
        loop {
            world.crash_at(Some(crashes + 1));
            let answer = stage.approver.post(format!("{path}/complete"), json!({})).await;
            // Who waits for the one that crashed, whose locks go with its connection, may wait in vain.
            if answer.status == 503 {
                continue;
            }
            // The server does it as well, and may have been the first that went all the way.
            if answer.status != 500 {
                assert!([200, 409].contains(&answer.status), "{answer}");
                break;
            }
            crashes += 1;
            assert!(crashes < STATEMENTS_MAX, "it never ends");
            let left = stage.dan.get(&path).await.expect(200);
            assert_eq!((status(&left), &left.body["completed_contact_id"]), ("approved", &Value::Null), "{crashes}");
            assert_eq!(stage.dan.get(&nora).await.expect(200).rows().len(), 0, "{crashes}");
            if crashes % 8 == 0 {
                world.restart().await;
            }
        }
        world.crash_at(None);
        println!("{:?}: {crashes} crashes", world.backend());
        assert!(crashes > 30, "a completion has more than {crashes} statements");
        world.restart().await;
        let done = stage.dan.get(&path).await.expect(200);
        assert_eq!(status(&done), "completed");
        assert_eq!(stage.dan.get(&nora).await.expect(200).rows().len(), 1);
        world.mail("nora.lima@acme.example", "welcome").await;
        assert_eq!(world.mailbox().of("nora.lima@acme.example", "welcome").len(), 1);
        let journal = world.journal(&stage.guardian.organization_id);
        for kind in [EventKind::EscalationCompleted, EventKind::ContactDisabled, EventKind::ReviewStarted] {
            assert_eq!(journal.iter().filter(|entry| entry.kind == kind).count(), 1, "{kind:?}");
        }
        stage.guardian.get("/v1/me").await.expect(401);
    }
}
