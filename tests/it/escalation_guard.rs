//! Those who guard an organization are not put aside by the vendor, and nobody of the vendor decides alone (E-4, E-6 … E-9).

use mandate_tests::{Actor, Value, days, e2e, hours, json};

use crate::escalation::{attach, stage, status};

/// The items that a letter shows, and the number that is called.
fn items(number: &str) -> Value {
    let read = [
        "author_title",
        "author_seniority",
        "signature",
        "nominee_email",
        "nominee_mailing_address",
        "express_statement",
    ];
    let mut items: Vec<Value> = read.iter().map(|item| json!({"item": item, "method": "letter_read"})).collect();
    items.push(json!({"item": "nominee_phone", "method": "call_back", "number": number}));
    json!({"items": items})
}

fn flags(answer: &mandate_tests::Answer) -> Vec<&str> {
    answer.body["flags"].as_array().into_iter().flatten().filter_map(|flag| flag["code"].as_str()).collect()
}

e2e! {
    /// E-4, E-7, E-8, C-15: a guard whom staff disabled is named, told, and objects by a link without signing in, once.
    async fn a_guard_whom_staff_disabled_is_named_and_told_and_objects_by_a_link(world: World) {
        let stage = stage(&world).await;
        let agent = world.agent().await;
        let guardian = format!("/v1/contacts/{}", stage.guardian.id);
        agent.post(format!("{guardian}/disable"), json!({"reason": "has left"})).await.expect(200);
        let silent = stage.open(&stage.dan, "service_request", json!({"unavailable": []})).await
            .expect_problem(409, "primary_support_contact_available");
        assert_eq!(silent.body["missing"], json!([stage.guardian.id]));
        let path = stage.approved().await;
        let notice = world.mail(&stage.guardian.email, "escalation_notice").await;
        let (_, rest) = notice.text.split_once("objection?token=").expect("it has a link");
        let token = rest.split_whitespace().next().unwrap_or_default();
        // Noting something in their record does not void it.
        let body = json!({"token": token, "reason": "I have not left"});
        let anybody = world.anonymous();
        anybody.post("/v1/escalations/object", json!({"token": "nonsense", "reason": "no"})).await
            .expect_problem(422, "invalid_link");
        anybody.post("/v1/password-resets/confirm", json!({"token": token, "password": "correct horse battery"})).await
            .expect_problem(422, "invalid_link");
        anybody.post("/v1/escalations/object", body.clone()).await.expect(204);
        let stopped = stage.dan.get(&path).await.expect(200);
        assert_eq!((status(&stopped), &stopped.body["objection"]["by"]), ("objected", &json!(stage.guardian.id)));
        anybody.post("/v1/escalations/object", body).await.expect_problem(422, "invalid_link");
        // After a resumption they are told anew.
        let third = world.staff("third", &["duty_manager"]).await;
        third.post(format!("{path}/resume"), json!({"reason": "the company says otherwise"})).await.expect(200);
        assert_eq!(status(&stage.dan.get(&path).await), "approved");
    }

    /// E-4: while an escalation is open, staff take nobody away who could object to it.
    async fn staff_disable_no_guard_while_an_escalation_is_open(world: World) {
        let stage = stage(&world).await;
        let mia = stage.guardian.contact("mia", "manage_contacts").await;
        let path = stage.approved().await;
        let (agent, admin) = (world.agent().await, world.admin().await);
        let disable = |who: &Actor| format!("/v1/contacts/{}/disable", who.id);
        let reason = json!({"reason": "has left"});
        for actor in [&agent, &admin, &stage.approver] {
            for guard in [&stage.guardian, &mia] {
                let refused = actor.post(disable(guard), reason.clone()).await.expect_problem(409, "escalation_under_way");
                assert_eq!(refused.body["about"], json!([path.rsplit('/').next()]));
            }
        }
        stage.dan.post(format!("{path}/withdraw"), json!({})).await.expect(200);
        agent.post(disable(&mia), reason).await.expect(200);
    }

    /// E-7: nobody of a suspended organization can object, so the waiting period rests.
    async fn the_waiting_period_rests_while_the_organization_is_suspended(world: World) {
        let stage = stage(&world).await;
        let path = stage.approved().await;
        let admin = world.admin().await;
        let organization = format!("/v1/organizations/{}", stage.guardian.organization_id);
        world.advance(hours(10));
        admin.post(format!("{organization}/suspend"), json!({})).await.expect(200);
        world.advance(hours(100));
        stage.approver.post(format!("{path}/complete"), json!({})).await.expect_problem(409, "waiting_period");
        let resting = stage.approver.get(&path).await.expect(200);
        assert_eq!(status(&resting), "approved");
        assert!(!resting.body["rests_since"].is_null());
        admin.post(format!("{organization}/resume"), json!({})).await.expect(200);
        world.advance(hours(13));
        stage.approver.post(format!("{path}/complete"), json!({})).await.expect_problem(409, "waiting_period");
        world.advance(hours(1));
        stage.approver.eventually(&path, |answer| status(answer) == "completed").await;
    }

    /// E-9: who is said to be unavailable, and signs in or changes something, ends the presumption.
    async fn a_sign_of_life_ends_the_presumption(world: World) {
        let stage = stage(&world).await;
        let path = stage.opened().await;
        let version = stage.verified(&path).await;
        world.sign_in(&stage.guardian.email).await;
        let seen = stage.reviewer.get(&path).await.expect(200);
        assert_eq!(flags(&seen), ["presumption_ended"]);
        // What was read before it is not what is approved.
        stage.approver.post(format!("{path}/approve"), json!({"version": version})).await
            .expect_problem(412, "version_mismatch");
        stage.approver.post(format!("{path}/approve"), json!({"version": seen.body["version"]})).await.expect(200);
        stage.guardian.patch("/v1/me", json!({"time_zone": "Europe/Lisbon"})).await.expect(200);
        let returned = stage.dan.get(&path).await.expect(200);
        assert_eq!(status(&returned), "in_review");
        assert!(returned.body["returned_reason"].as_str().is_some_and(|why| why.contains("unavailable")), "{returned}");
    }

    /// E-8, E-9: disabling the nominee or the opener is an objection, and a nominee who was disabled is not let in.
    async fn disabling_the_opener_or_the_nominee_is_an_objection(world: World) {
        let stage = stage(&world).await;
        let mia = stage.guardian.contact("mia", "manage_contacts").await;
        let nora = stage.guardian.contact("nora", "knowledge_base").await;
        let nominee = json!({"nominee": {"email": nora.email, "first_name": "Nora", "last_name": "Lima", "phone": "+1.650.555.0100",
            "mailing_address": {"lines": ["1 Main Street"], "city": "Springfield", "country": "US"}}});
        let opened = stage.open(&stage.dan, "service_request", nominee).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        attach(&stage.dan, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        let version = stage.verified(&path).await;
        stage.approver.post(format!("{path}/approve"), json!({"version": version})).await.expect(200);
        mia.post(format!("/v1/contacts/{}/disable", nora.id), json!({"reason": "fraud"})).await.expect(200);
        let stopped = stage.dan.get(&path).await.expect(200);
        assert_eq!((status(&stopped), &stopped.body["objection"]["by"]), ("objected", &json!(mia.id)));
        assert!(!stopped.text().contains("fraud"), "{stopped}");
        let third = world.staff("third", &["duty_manager"]).await;
        third.post(format!("{path}/resume"), json!({"reason": "she is wrong"})).await.expect(200);
        // A second objection of the same person to the same is none (E-8).
        mia.post(format!("{path}/object"), json!({"reason": "again"})).await.expect_problem(403, "second_person_required");
        world.advance(hours(24));
        let returned = stage.dan.eventually(&path, |answer| status(answer) == "in_review").await;
        assert!(returned.body["returned_reason"].as_str().is_some_and(|why| why.contains("disabled")), "{returned}");
        let record = stage.dan.get(format!("/v1/contacts/{}", nora.id)).await.expect(200);
        assert_eq!(record.body["status"], "disabled");
    }

    /// E-6: who changed it, verified it, or holds or held a grant of the organization does not decide.
    async fn nobody_decides_about_what_they_changed_or_verified(world: World) {
        let stage = stage(&world).await;
        let path = stage.opened().await;
        let third = world.staff("third", &["duty_manager", "consultant"]).await;
        let grant = json!({"grantee": {"type": "staff", "id": third.id}, "level": "cc", "expires_at": world.after(days(1))});
        stage.guardian.post(stage.guardian.own("partner-grants"), grant).await.expect(201);
        world.advance(days(2));
        // The approver rewrites the nominee, the reviewer verifies, and the third one held a grant a day ago.
        stage.approver.patch(&path, json!({"nominee": {"first_name": "Norma"}})).await.expect(200);
        let version = stage.verified(&path).await;
        for decider in [&stage.approver, &stage.reviewer, &third] {
            decider.post(format!("{path}/approve"), json!({"version": version})).await
                .expect_problem(403, "second_person_required");
            decider.post(format!("{path}/reject"), json!({"reason": "no"})).await
                .expect_problem(403, "second_person_required");
        }
        let fourth = world.staff("fourth", &["duty_manager"]).await;
        fourth.post(format!("{path}/approve"), json!({"version": version})).await.expect(200);
    }

    /// E-6a: numbers by their digits; a young one takes the account team, and what the nominee brought is never called.
    async fn numbers_are_called_by_their_digits_and_age(world: World) {
        let stage = stage(&world).await;
        let strict = world.another_instance(&["--call-back-age", "30d"]).await;
        stage.dan.patch("/v1/me", json!({"phone": "+1.650.555.0100"})).await.expect(200);
        world.advance(hours(1));
        let path = stage.opened().await;
        let reviewer = stage.reviewer.at(&strict);
        reviewer.post(format!("{path}/review"), json!({})).await.expect(200);
        let seen = reviewer.get(&path).await.expect(200);
        let offered = seen.body["call_back_numbers"].as_array().cloned().unwrap_or_default();
        assert_eq!(offered.iter().map(|one| &one["number"]).collect::<Vec<_>>(), ["+1.650.555.0199"]);
        assert_eq!((&offered[0]["callable"], &offered[0]["age_days"]), (&json!(false), &json!(0)));
        for number in ["+1.650.555.0199", "1650.555.0199", "+1.650.555.0100", "1.6505550100"] {
            reviewer.post(format!("{path}/verify"), items(number)).await
                .expect_problem(422, "call_back_number_not_allowed");
        }
        let tam = world.staff("tam", &["technical_account_manager"]).await;
        let confirm = format!("{path}/confirm-number");
        let body = |number: &str| json!({"number": number, "note": "I have called her there since spring"});
        tam.post(&confirm, body("+1.650.555.0199")).await.expect_problem(403, "staff_only");
        let team = json!({"technical_account_manager": tam.id});
        world.admin().await.put(stage.guardian.own("account-team"), team).await.expect(200);
        tam.post(&confirm, body("650.555.0100")).await.expect_problem(422, "call_back_number_not_allowed");
        tam.post(&confirm, body("+1.650.555.0198")).await.expect_problem(422, "call_back_number_not_allowed");
        tam.at(&strict).post(&confirm, body("1.650.555.0199")).await.expect(200);
        reviewer.post(format!("{path}/verify"), items("1650.555.0199")).await.expect(200);
        stage.dan.post(&confirm, body("+1.650.555.0199")).await.expect_problem(403, "staff_only");
    }

    /// E-3, E-7, E-9: a letter of the future is refused, a primary support contact who is unavailable is no nominee, and who is invited is told.
    async fn the_small_ones(world: World) {
        let stage = stage(&world).await;
        stage.guardian.invited("ivy", json!({"permission": "knowledge_base"})).await.expect(201);
        let later = json!({"letter": {"received_at": world.after(days(2))}});
        stage.open(&stage.dan, "service_request", later.clone()).await.expect_problem(422, "validation_failed");
        let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        stage.dan.patch(&path, later).await.expect_problem(422, "validation_failed");
        attach(&stage.dan, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        stage.dan.patch(&path, json!({"nominee": {"email": stage.guardian.email}})).await.expect(200);
        let version = stage.verified(&path).await;
        stage.approver.post(format!("{path}/approve"), json!({"version": version})).await
            .expect_problem(422, "nominee_not_allowed");
        stage.approver.post(format!("{path}/reject"), json!({"reason": "she has left"})).await.expect(200);
        stage.approved().await;
        world.mail("ivy@acme.example", "escalation_notice").await;
    }
}
