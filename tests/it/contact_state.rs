//! The life of a contact: invited, active, disabled, and invited again (C-11, C-12, C-15, C-17).

use std::collections::HashMap;

use mandate_tests::{
    Actor, Answer, PASSWORD, Value, World, e2e, hours, json, minutes, person, seconds, snapshot, with,
};

use crate::invitation::{abroad, accept, invite, token};

fn contact(actor: &Actor) -> String {
    format!("/v1/contacts/{}", actor.id)
}

async fn disable(manager: &Actor, whom: &Actor) -> Answer {
    manager.post(format!("{}/disable", contact(whom)), json!({"reason": "left the company"})).await
}

/// Sets a first password with the token of a welcome email.
async fn confirm(world: &World, token: &str, password: &str) -> Answer {
    world.anonymous().post("/v1/welcome/confirm", json!({"token": token, "password": password})).await
}

async fn sign_in(world: &World, email: &str) -> Answer {
    world.anonymous().post("/v1/sessions", json!({"email": email, "password": PASSWORD})).await
}

/// The id of the point of contact of a service request, as its organization's manager sees it.
async fn point_of_contact(manager: &Actor, request: &str) -> Value {
    manager.get(format!("/v1/service-requests/{request}")).await.expect(200)["point_of_contact"]["id"].clone()
}

e2e! {
    /// C-12: single use, voided by a newer one, over after three days.
    async fn a_welcome_link_makes_an_invited_contact_active_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ana = acme.invited("ana", json!({"permission": "designated_support"})).await;
        let path = format!("/v1/contacts/{}", ana.id());
        sign_in(&world, "ana@acme.example").await.expect_problem(401, "invalid_credentials");
        let first = world.mail("ana@acme.example", "welcome").await.token();
        let stale = acme.send("POST", &format!("{path}/resend-welcome"), &[("if-match", "\"2\"")], ()).await;
        stale.expect_problem(412, "version_mismatch");
        snapshot!(acme.post(format!("{path}/resend-welcome"), ()).await.expect(200));
        let second = world.mailbox().nth("ana@acme.example", "welcome", 2).await.token();
        snapshot!(confirm(&world, &first, PASSWORD).await.expect_problem(422, "invalid_link"));
        // A refused password leaves the link as it is.
        for (password, code) in [
            ("short", "password_too_short"),
            ("x".repeat(129).as_str(), "password_too_long"),
            ("password1234", "password_too_common"),
            ("123456789012", "password_too_common"),
            ("ana@acme.example", "password_like_email"),
        ] {
            let refused = confirm(&world, &second, password).await.expect_problem(422, "validation_failed");
            assert_eq!(
                (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
                (&json!("#/password"), &json!(code))
            );
        }
        world.advance(hours(72));
        confirm(&world, &second, PASSWORD).await.expect_problem(422, "invalid_link");
        acme.post(format!("{path}/resend-welcome"), json!({})).await.expect(200);
        let third = world.mailbox().nth("ana@acme.example", "welcome", 3).await.token();
        world.advance(seconds(72 * 3600 - 1));
        // Of two uses at once, one counts.
        let (one, two) =
            tokio::join!(confirm(&world, &third, PASSWORD), confirm(&world, &third, "another good password"));
        let mut codes = [one.code(), two.code()];
        codes.sort_unstable();
        assert_eq!(codes, ["", "invalid_link"], "{one}\n{two}");
        let confirmed = if one.status == 200 { &one } else { &two };
        snapshot!(confirmed);
        assert_eq!(acme.get(&path).await.expect(200)["status"], "active");
        for token in [third.as_str(), "", "abc", "\u{e9}"] {
            confirm(&world, token, PASSWORD).await.expect_problem(422, "invalid_link");
        }
        snapshot!(acme.post(format!("{path}/resend-welcome"), ()).await.expect_problem(409, "invalid_transition"));
        // The link to set a new password does not do for the first one, nor the other way round.
        world.anonymous().post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
        let reset = world.mail(&acme.email, "password_reset").await.token();
        confirm(&world, &reset, PASSWORD).await.expect_problem(422, "invalid_link");
        acme.invited("ben", json!({"permission": "designated_support"})).await;
        let welcome = world.mail("ben@acme.example", "welcome").await.token();
        let refused = world
            .anonymous()
            .post("/v1/password-resets/confirm", json!({"token": welcome, "password": PASSWORD}))
            .await;
        refused.expect_problem(422, "invalid_link");
        snapshot!(
            world.anonymous().post("/v1/welcome/confirm", json!({"password": "short", "email": "x"})).await.expect(422)
        );
    }

    /// C-15, X-1: every token and link is void at once, grants end, and what they looked after goes to the manager.
    async fn disabling_takes_effect_at_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        let elsewhere = world.another_instance(&[]).await;
        let open = ben.request("The printer is on fire").await.id();
        let closed = ben.request("The printer is dusty").await.id();
        let others = acme.request("The printer is loud").await.id();
        world
            .agent()
            .await
            .patch(format!("/v1/service-requests/{closed}"), json!({"status": "closed"}))
            .await
            .expect(200);
        world.anonymous().post("/v1/password-resets", json!({"email": ben.email})).await.expect(202);
        let reset = world.mail(&ben.email, "password_reset").await.token();
        ben.at(&elsewhere).get("/v1/me").await.expect(200);
        let path = format!("{}/disable", contact(&ben));
        for reason in
            [json!({}), json!({"reason": "  "}), json!({"reason": "x".repeat(2001)}), json!({"reason": "\u{1}"})]
        {
            acme.post(&path, reason).await.expect_problem(422, "validation_failed");
        }
        let stale = acme.send("POST", &path, &[("if-match", "\"1\"")], json!({"reason": "left"})).await;
        snapshot!(stale.expect_problem(412, "version_mismatch"));
        let disabled = acme
            .send("POST", &path, &[("if-match", "\"2\"")], json!({"reason": "left\nthe company"}))
            .await
            .expect(200);
        snapshot!(disabled);
        for instance in [world.instance(), &elsewhere] {
            let ben = ben.at(instance);
            ben.get("/v1/me").await.expect_problem(401, "unauthenticated");
            ben.patch("/v1/me", json!({"phone": "112"})).await.expect_problem(401, "unauthenticated");
            ben.post("/v1/sessions/refresh", json!({"refresh_token": ben.refresh_token()}))
                .await
                .expect_problem(401, "invalid_refresh_token");
        }
        sign_in(&world, &ben.email).await.expect_problem(401, "invalid_credentials");
        let refused =
            world.anonymous().post("/v1/password-resets/confirm", json!({"token": reset, "password": PASSWORD})).await;
        refused.expect_problem(422, "invalid_link");
        assert_eq!(point_of_contact(&acme, &open).await, acme.id);
        assert_eq!(point_of_contact(&acme, &closed).await, ben.id, "a closed request is history");
        assert_eq!(point_of_contact(&acme, &others).await, acme.id);
        // It is recorded by a service request of its own.
        let record = format!("/v1/service-requests/{}", disabled["service_request_id"].as_str().unwrap_or_default());
        snapshot!(acme.get(&record).await.expect(200));
        snapshot!(acme.get(format!("{record}/messages")).await.expect(200));
        // Their past stays (C-16).
        assert_eq!(
            acme.get(format!("/v1/service-requests/{closed}")).await.expect(200)["submitted_by"]["name"],
            "Ben Acme"
        );
        snapshot!(disable(&acme, &ben).await.expect_problem(409, "invalid_transition"));
        // An invited contact can be disabled too, whose link is void then.
        let ida = acme.invited("ida", json!({"permission": "designated_support"})).await;
        let welcome = world.mail("ida@acme.example", "welcome").await.token();
        acme.post(format!("/v1/contacts/{}/disable", ida.id()), json!({"reason": "never came"})).await.expect(200);
        confirm(&world, &welcome, PASSWORD).await.expect_problem(422, "invalid_link");
    }

    /// C-11, C-15: to whoever is left, a primary support contact first; to nobody in the end.
    async fn when_staff_disable_a_contact_their_requests_go_to_whoever_is_left(world: World) {
        let (acme, agent) = (world.customer("Acme", "acme.example").await, world.agent().await);
        let tom = acme.contact("tom", "manage_contacts").await;
        let ben = acme.contact("ben", "designated_support").await;
        let request = ben.request("The printer is on fire").await.id();
        for (whom, heir) in [(&ben, json!(acme.id)), (&acme, json!(tom.id)), (&tom, Value::Null)] {
            let disabled = disable(&agent, whom).await.expect(200);
            assert_eq!(disabled["disabled_by"], agent.id);
            assert_eq!(point_of_contact(&agent, &request).await, heir);
            let record = disabled["service_request_id"].as_str().unwrap_or_default();
            assert_eq!(point_of_contact(&agent, record).await, heir);
        }
        snapshot!(agent.get(format!("/v1/service-requests/{request}")).await.expect(200));
        agent.post(format!("{}/enable", contact(&tom)), ()).await.expect_problem(403, "permission_required");
    }

    /// C-10, C-11: staff who act by a grant do so as any partner does.
    async fn a_grant_to_staff_does_not_take_the_last_guard_away(world: World) {
        let (acme, consultant) = (world.customer("Acme", "acme.example").await, world.consultant().await);
        let ben = acme.contact("ben", "manage_contacts").await;
        let pia = acme.primary_contact("pia", "designated_support").await;
        disable(&consultant, &ben).await.expect_problem(403, "staff_only");
        acme.grant_person(&consultant, "full_admin").await;
        for guard in [&pia, &ben, &acme] {
            disable(&consultant, guard).await.expect_problem(403, "contact_manager_protected");
        }
        disable(&world.agent().await, &acme).await.expect(200);
        disable(&consultant, &ben).await.expect_problem(403, "contact_manager_protected");
        disable(&world.agent().await, &ben).await.expect(200);
    }

    /// C-15, G-12: for good, and at every customer.
    async fn grants_to_a_disabled_partner_contact_end(world: World) {
        let (acme, zenith) =
            (world.customer("Acme", "acme.example").await, world.customer("Zenith", "zenith.example").await);
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let grants = [acme.grant_person(&eve, "create").await.id(), zenith.grant_person(&eve, "none").await.id()];
        acme.grant_organization(&globex, "view").await;
        let request = eve.request_for(&acme.organization_id, "The printer is on fire").await.id();
        assert_eq!(point_of_contact(&acme, &request).await, eve.id);
        disable(&globex, &eve).await.expect(200);
        // The partner's manager has no say in the customer's requests: a primary support contact of its own looks after it.
        assert_eq!(point_of_contact(&acme, &request).await, acme.id);
        snapshot!(acme.get(format!("/v1/partner-grants/{}", grants[0])).await.expect(200));
        // What shuts her out rests: ending takes away, it never gives.
        assert_eq!(zenith.get(format!("/v1/partner-grants/{}", grants[1])).await.expect(200)["status"], "live");
        globex.post(format!("{}/enable", contact(&eve)), ()).await.expect(200);
        let eve = world.instance().accept(&world.mailbox().nth(&eve.email, "welcome", 2).await).await;
        let acts_for = eve.get("/v1/me").await.expect(200)["acts_for"].clone();
        assert_eq!(
            (&acts_for[0]["level"], &acts_for[1]),
            (&json!("view"), &Value::Null),
            "only the organization's grant is left"
        );
        for organization in [&acme, &zenith, &globex] {
            world.journal(&organization.organization_id);
        }
    }

    /// C-15, C-17, G-12: the answer tells what ended, and enabling brings none of it back.
    async fn the_answer_to_disabling_tells_what_ended_for_good(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = abroad(&world, &globex, "eve", json!({"permission": "manage_contacts"})).await;
        world.sign_in(&eve.email).await;
        let grant = initech.grant_person(&eve, "create").await.id();
        let own = eve.request("The printer is on fire").await.id();
        let solved = eve.request("The printer is dusty").await.id();
        eve.patch(format!("/v1/service-requests/{solved}"), json!({"status": "solved"})).await.expect(200);
        let customers = eve.request_for(&initech.organization_id, "The printer is loud").await.id();
        // She invited somebody, and was invited herself.
        let ken = with(person("ken@globex.example"), json!({"permission": "knowledge_base"}));
        initech.post(initech.own("contacts"), ken).await.expect(201);
        let hers = invite(&eve, "ken@globex.example", json!({})).await.expect(201).id();
        let to_her = invite(&acme, &eve.email, json!({})).await.expect(201).id();
        let tokens = [token(&world, "ken@globex.example", 1).await, token(&world, &eve.email, 1).await];
        let disabled = disable(&globex, &eve).await.expect(200);
        let effects = &disabled["effects"];
        snapshot!(world.text("what ended", format!("{effects:#}").replace(&own, "[own]").replace(&solved, "[solved]")
            .replace(&grant, "[grant]").replace(&hers, "[hers]").replace(&globex.id, "[globex]")
            .replace(&globex.organization_id, "[Globex]")
            .replace(disabled["service_request_id"].as_str().unwrap_or_default(), "[record]")));
        let gone = async || {
            for token in &tokens {
                accept(&world, token).await.expect_problem(422, "invalid_link");
            }
            let status = async |actor: &Actor, path: String| actor.get(path).await.expect(200)["status"].clone();
            assert_eq!(status(&globex, format!("/v1/invitations/{hers}")).await, "cancelled");
            assert_eq!(status(&acme, format!("/v1/invitations/{to_her}")).await, "cancelled");
            assert_eq!(status(&initech, format!("/v1/partner-grants/{grant}")).await, "ended");
            assert_eq!(point_of_contact(&globex, &own).await, globex.id);
            assert_eq!(point_of_contact(&globex, &solved).await, globex.id);
            assert_eq!(point_of_contact(&initech, &customers).await, initech.id);
        };
        gone().await;
        globex.post(format!("{}/enable", contact(&eve)), ()).await.expect(200);
        gone().await;
        let again = world.instance().accept(&world.mailbox().nth(&eve.email, "welcome", 2).await).await;
        gone().await;
        again.get(format!("/v1/service-requests/{customers}")).await.expect_problem(404, "not_found");
        // Nothing is left that could end.
        snapshot!(world.text("what ended then", {
            let disabled = disable(&globex, &again).await.expect(200);
            format!("{:#}", disabled["effects"])
                .replace(disabled["service_request_id"].as_str().unwrap_or_default(), "[record]")
        }));
        for organization in [&acme, &initech, &globex] {
            world.journal(&organization.organization_id);
        }
    }

    /// C-17: invited anew, with nothing back that ended.
    async fn an_enabled_contact_is_invited_anew(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        let request = ben.request("The printer is on fire").await.id();
        let path = format!("{}/enable", contact(&ben));
        acme.post(&path, ()).await.expect_problem(409, "invalid_transition");
        let old = world.mail(&ben.email, "welcome").await.token();
        disable(&acme, &ben).await.expect(200);
        acme.send("POST", &path, &[("if-match", "\"2\"")], ()).await.expect_problem(412, "version_mismatch");
        snapshot!(acme.send("POST", &path, &[("if-match", "\"3\"")], ()).await.expect(200));
        ben.get("/v1/me").await.expect_problem(401, "unauthenticated");
        sign_in(&world, &ben.email).await.expect_problem(401, "invalid_credentials");
        confirm(&world, &old, PASSWORD).await.expect_problem(422, "invalid_link");
        acme.post(&path, ()).await.expect_problem(409, "invalid_transition");
        let again = world.instance().accept(&world.mailbox().nth(&ben.email, "welcome", 2).await).await;
        assert_eq!(again.id, ben.id);
        assert_eq!(point_of_contact(&again, &request).await, acme.id);
        ben.get("/v1/me").await.expect_problem(401, "unauthenticated");
        assert_eq!(again.get("/v1/sessions").await.expect(200).rows().len(), 1, "the old sign-ins are over");
    }

    /// C-11, X-1: on two instances, both ways at the same moment, fifty times.
    async fn two_managers_who_disable_each_other_never_both_succeed(world: World) {
        let mut one = world.customer("Acme", "acme.example").await;
        let mut two = one.primary_contact("two", "manage_contacts").await;
        let there = world.another_instance(&[]).await;
        let mut returned: HashMap<String, usize> = HashMap::new();
        for round in 0..50 {
            world.advance(minutes(1));
            let elsewhere = two.at(&there);
            let (left, right) = tokio::join!(disable(&one, &two), disable(&elsewhere, &one));
            let (winner, loser, refused) = match (left.status, right.status) {
                (200, other) if other != 200 => (one.clone(), two.clone(), right),
                (other, 200) if other != 200 => (two.clone(), one.clone(), left),
                _ => panic!("round {round}: not exactly one succeeded\n{left}\n{right}"),
            };
            // Disabled first, or the last one standing.
            let is_late =
                matches!(refused.code(), "unauthenticated" | "last_contact_manager" | "last_primary_support_contact");
            assert!(is_late, "round {round}: {refused}");
            let managers = winner.get(winner.own("contact-managers")).await.expect(200);
            assert_eq!(managers.column("id"), [json!(winner.id)], "round {round}");
            assert_eq!(managers.column("primary_support"), [json!(true)], "round {round}");
            winner.post(format!("{}/enable", contact(&loser)), ()).await.expect(200);
            let times = returned.entry(loser.email.clone()).or_insert(1);
            *times += 1;
            let welcome = world.mailbox().nth(&loser.email, "welcome", *times).await.token();
            confirm(&world, &welcome, PASSWORD).await.expect(200);
            (one, two) = (world.sign_in(&one.email).await, world.sign_in(&two.email).await);
        }
        // The same with demotions, which leave both signed in.
        for round in 0..20 {
            let demotion = json!({"permission": "designated_support"});
            let elsewhere = two.at(&there);
            let (left, right) =
                tokio::join!(one.patch(contact(&two), demotion.clone()), elsewhere.patch(contact(&one), demotion));
            let mut statuses = [left.status, right.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 403], "round {round}: {left}\n{right}");
            let (winner, loser) = if left.status == 200 { (&one, &two) } else { (&two, &one) };
            winner.patch(contact(loser), json!({"permission": "manage_contacts"})).await.expect(200);
        }
        world.journal(&one.organization_id);
    }
}
