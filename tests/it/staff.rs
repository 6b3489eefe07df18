//! The vendor's staff (O-3), and what becomes of those who leave (C-15, G-12).

use mandate_tests::{Actor, PASSWORD, Value, e2e, json, person, snapshot, with};

/// The path of the vendor's staff.
fn staff_of(admin: &Actor) -> String {
    format!("/v1/organizations/{}/staff", admin.organization_id)
}

/// What makes a staff member.
fn body(email: &str, roles: Value) -> Value {
    with(person(email), json!({"roles": roles}))
}

e2e! {
    /// O-3
    async fn administrators_keep_the_staff(world: World) {
        let admin = world.admin().await;
        let kim = with(
            body("kim@vendor.example", json!(["sales_manager", "agent", "agent"])),
            json!({
                "phone": "+351.210.555.01", "time_zone": "Europe/Lisbon", "locale": "es",
            }),
        );
        let created = admin.post(staff_of(&admin), kim).await.expect(201);
        snapshot!(created);
        let path = format!("/v1/staff/{}", created.id());
        assert_eq!(created.header("location"), Some(path.as_str()));
        let kim = world.instance().accept(&world.mail("kim@vendor.example", "welcome").await).await;
        snapshot!(kim.get(&path).await.expect(200));
        let all = [
            "agent",
            "duty_manager",
            "technical_account_manager",
            "customer_success_manager",
            "sales_manager",
            "consultant",
            "administrator",
        ];
        snapshot!(admin.patch(&path, json!({"roles": all, "phone": null, "last_name": "Park"})).await.expect(200));
        snapshot!(admin.get(staff_of(&admin)).await.expect(200));
        admin.get(format!("{}?status=active", staff_of(&admin))).await.expect_problem(422, "validation_failed");
        // Now an administrator too, who still does not change their own roles.
        kim.patch(&path, json!({"roles": ["agent"]})).await.expect_problem(403, "own_record");
        kim.patch(&path, json!({"roles": all, "first_name": "Kimberly"})).await.expect(200);
        admin
            .send("PATCH", &path, &[("if-match", "\"1\"")], json!({"phone": "112"}))
            .await
            .expect_problem(412, "version_mismatch");
        snapshot!(
            admin
                .post(staff_of(&admin), json!({"email": "Kim@vendor.example", "roles": [], "type": "technical"}))
                .await
                .expect(422)
        );
        snapshot!(admin.post(staff_of(&admin), body("Lee@vendor.example", json!(["agent"]))).await.expect(422));
        admin
            .post(staff_of(&admin), body("lee@vendor.example", json!(["agent", "king"])))
            .await
            .expect_problem(422, "validation_failed");
        admin
            .post(staff_of(&admin), body("kim@vendor.example", json!(["agent"])))
            .await
            .expect_problem(409, "contact_exists");
        snapshot!(
            admin
                .patch(&path, json!({"roles": null, "first_name": null, "email": "lee@vendor.example"}))
                .await
                .expect(422)
        );
    }

    /// O-3, X-3: the desk sees whom it can assign; for others, staff members do not exist as records.
    async fn the_staff_is_kept_by_administrators_alone(world: World) {
        let (admin, agent, duty) = (world.admin().await, world.agent().await, world.duty_manager().await);
        let consultant = world.consultant().await;
        let acme = world.customer("Acme", "acme.example").await;
        let path = format!("/v1/staff/{}", duty.id);
        for (actor, lists, hidden) in [(&agent, 200, 403), (&consultant, 403, 404), (&acme, 403, 404)] {
            actor.get(staff_of(&admin)).await.expect(lists);
            actor.get(&path).await.expect(if lists == 200 { 200 } else { 404 });
            actor
                .post(staff_of(&admin), body("lee@vendor.example", json!(["agent"])))
                .await
                .expect_problem(403, "staff_only");
            actor.patch(&path, json!({"phone": "112"})).await.expect(hidden);
            actor.post(format!("{path}/disable"), json!({"reason": "why not"})).await.expect(hidden);
            actor.post(format!("{path}/enable"), ()).await.expect(hidden);
            actor.post(format!("{path}/resend-welcome"), ()).await.expect(hidden);
        }
        // Their own record they read, and edit as everybody does theirs.
        let own = format!("/v1/staff/{}", agent.id);
        agent.get(&own).await.expect(200);
        assert_eq!(agent.patch(&own, json!({"phone": "112"})).await.expect(200)["phone"], "112");
        agent.patch(&own, json!({"first_name": "Agnes"})).await.expect_problem(403, "staff_only");
        agent.patch(&own, json!({"roles": ["administrator"]})).await.expect_problem(403, "staff_only");
        agent.post(format!("{own}/disable"), json!({"reason": "why not"})).await.expect_problem(403, "staff_only");
        // Only the vendor has staff.
        admin.get(acme.own("staff")).await.expect_problem(404, "not_found");
        admin
            .post(acme.own("staff"), body("lee@vendor.example", json!(["agent"])))
            .await
            .expect_problem(404, "not_found");
    }

    /// O-3, S-13, X-1: a role gives what it gives as long as it is held.
    async fn a_role_that_is_taken_away_gives_nothing_from_then_on(world: World) {
        let (admin, agent, acme) =
            (world.admin().await, world.agent().await, world.customer("Acme", "acme.example").await);
        let request = format!("/v1/service-requests/{}", acme.request("The printer is on fire").await.id());
        agent.get(&request).await.expect(200);
        admin.patch(format!("/v1/staff/{}", agent.id), json!({"roles": ["consultant"]})).await.expect(200);
        agent.get(&request).await.expect_problem(404, "not_found");
        assert_eq!(agent.get("/v1/me").await.expect(200)["roles"], json!(["consultant"]));
        acme.grant_person(&agent, "view").await;
        agent.get(&request).await.expect(200);
    }

    /// C-15, G-12: at once, and for good.
    async fn a_disabled_staff_member_is_out_at_once(world: World) {
        let (admin, acme, consultant) =
            (world.admin().await, world.customer("Acme", "acme.example").await, world.consultant().await);
        let path = format!("/v1/staff/{}", consultant.id);
        let grant = acme.grant_person(&consultant, "view").await.id();
        let request = format!("/v1/service-requests/{}", acme.request("The printer is on fire").await.id());
        consultant.get(&request).await.expect(200);
        world.anonymous().post("/v1/password-resets", json!({"email": consultant.email})).await.expect(202);
        let reset = world.mail(&consultant.email, "password_reset").await.token();
        admin.post(format!("{path}/resend-welcome"), ()).await.expect_problem(409, "invalid_transition");
        admin.post(format!("{path}/enable"), ()).await.expect_problem(409, "invalid_transition");
        admin.post(format!("{path}/disable"), json!({"reason": " "})).await.expect_problem(422, "validation_failed");
        let own = format!("/v1/staff/{}/disable", admin.id);
        admin.post(own, json!({"reason": "enough"})).await.expect_problem(403, "own_record");
        snapshot!(admin.post(format!("{path}/disable"), json!({"reason": "left the company"})).await.expect(200));
        consultant.get(&request).await.expect_problem(401, "unauthenticated");
        let refused =
            world.anonymous().post("/v1/password-resets/confirm", json!({"token": reset, "password": PASSWORD})).await;
        refused.expect_problem(422, "invalid_link");
        let credentials = json!({"email": consultant.email, "password": PASSWORD});
        world.anonymous().post("/v1/sessions", credentials.clone()).await.expect_problem(401, "invalid_credentials");
        assert_eq!(acme.get(format!("/v1/partner-grants/{grant}")).await.expect(200)["status"], "ended");
        snapshot!(admin.post(format!("{path}/disable"), json!({"reason": "again"})).await.expect(409));
        // Enabled, they are invited anew, and nothing that ended comes back.
        snapshot!(admin.post(format!("{path}/enable"), ()).await.expect(200));
        world.anonymous().post("/v1/sessions", credentials).await.expect_problem(401, "invalid_credentials");
        let older = world.mailbox().nth(&consultant.email, "welcome", 2).await.token();
        let resend = format!("{path}/resend-welcome");
        admin.send("POST", &resend, &[("if-match", "\"3\"")], ()).await.expect_problem(412, "version_mismatch");
        admin.send("POST", &resend, &[("if-match", "\"4\"")], ()).await.expect(200);
        let refused =
            world.anonymous().post("/v1/welcome/confirm", json!({"token": older, "password": PASSWORD})).await;
        refused.expect_problem(422, "invalid_link");
        let consultant = world.instance().accept(&world.mailbox().nth(&consultant.email, "welcome", 3).await).await;
        consultant.get(&request).await.expect_problem(404, "not_found");
        assert_eq!(acme.get(format!("/v1/partner-grants/{grant}")).await.expect(200)["status"], "ended");
        world.journal(&admin.organization_id);
    }
}
