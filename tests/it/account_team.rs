//! Who of the vendor looks after an organization (O-4).

use mandate_tests::{Value, e2e, json, snapshot};

e2e! {
    /// O-4, X-3: set by administrators, looked up by everybody of the organization.
    async fn a_customer_looks_up_who_looks_after_it(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (admin, agent) = (world.admin().await, world.agent().await);
        let kim = world.staff("kim", &["technical_account_manager", "agent"]).await;
        let sue = world.staff("sue", &["customer_success_manager", "sales_manager"]).await;
        kim.patch("/v1/me", json!({"phone": "+1.650.555.0100"})).await.expect(200);
        let kai = acme.contact("kai", "knowledge_base").await;
        let path = acme.own("account-team");
        snapshot!(kai.get(&path).await.expect(200));
        let team = json!({"technical_account_manager": kim.id, "customer_success_manager": sue.id, "sales_manager": sue.id});
        for (actor, code) in [(&acme, "staff_only"), (&agent, "staff_only"), (&kim, "staff_only")] {
            actor.put(&path, team.clone()).await.expect_problem(403, code);
        }
        globex.get(&path).await.expect_problem(404, "not_found");
        globex.put(&path, team.clone()).await.expect_problem(404, "not_found");
        snapshot!(admin.put(&path, team.clone()).await.expect(200));
        let seen = kai.get(&path).await.expect(200);
        assert_eq!(seen.header("etag"), Some("\"1\""));
        assert_eq!(seen["technical_account_manager"]["email"], "kim@vendor.example");
        kai.send("GET", &path, &[("if-none-match", "\"1\"")], ()).await.expect(304);
        agent.get(&path).await.expect(200);
        // The same again is no change; what is absent is taken away.
        assert_eq!(admin.put(&path, team.clone()).await.expect(200)["version"], 1);
        let less = admin.send("PUT", &path, &[("if-match", "\"1\"")], json!({"sales_manager": sue.id})).await.expect(200);
        assert_eq!((&less["technical_account_manager"], &less["version"]), (&Value::Null, &json!(2)));
        admin.send("PUT", &path, &[("if-match", "\"1\"")], team.clone()).await.expect_problem(412, "version_mismatch");
        admin.put(&path, team).await.expect(200);
        // A partner's grant opens its customer's requests, not its account team; and the vendor has none.
        acme.grant_organization(&globex, "full_admin").await;
        globex.get(&path).await.expect_problem(403, "permission_required");
        globex.get(globex.own("account-team")).await.expect(200);
        agent.get(agent.own("account-team")).await.expect_problem(404, "not_found");
        admin.put(admin.own("account-team"), json!({})).await.expect_problem(404, "not_found");
        let kinds: Vec<_> = world.journal(&acme.organization_id).iter().map(|entry| entry.kind).collect();
        let sets = kinds.iter().filter(|kind| **kind == mandate_core::journal::EventKind::AccountTeamUpdated);
        assert_eq!(sets.count(), 3);
    }

    /// O-4: whoever does not answer any more is not shown.
    async fn a_staff_member_who_left_is_not_shown(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (admin, path) = (world.admin().await, acme.own("account-team"));
        let kim = world.staff("kim", &["technical_account_manager"]).await;
        let sue = world.staff("sue", &["sales_manager"]).await;
        admin.put(&path, json!({"technical_account_manager": kim.id, "sales_manager": sue.id})).await.expect(200);
        admin.post(format!("/v1/staff/{}/disable", kim.id), json!({"reason": "left"})).await.expect(200);
        let seen = acme.get(&path).await.expect(200);
        assert_eq!((&seen["technical_account_manager"], &seen["sales_manager"]["id"]), (&Value::Null, &json!(sue.id)));
        admin.patch(format!("/v1/staff/{}", sue.id), json!({"roles": ["agent"]})).await.expect(200);
        assert_eq!(acme.get(&path).await.expect(200)["sales_manager"], Value::Null);
    }

    /// O-4, X-3: only who is active and has the role; everybody else is refused alike.
    async fn an_account_team_takes_only_those_who_have_the_role(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (admin, path) = (world.admin().await, acme.own("account-team"));
        let agent = world.agent().await;
        let invited = mandate_tests::with(mandate_tests::person("ida@vendor.example"), json!({"roles": ["sales_manager"]}));
        let invited = admin.post(admin.own("staff"), invited).await.expect(201).id();
        let gone = world.staff("gone", &["sales_manager"]).await;
        admin.post(format!("/v1/staff/{}/disable", gone.id), json!({"reason": "left"})).await.expect(200);
        for id in [&agent.id, &invited, &gone.id, &"staff_01h455vb4pex5vsknk084sn02q".to_owned()] {
            let refused = admin.put(&path, json!({"sales_manager": id})).await.expect_problem(422, "account_team_not_allowed");
            assert_eq!(refused["errors"][0]["pointer"], "#/sales_manager");
            assert_eq!(refused["detail"].as_str().unwrap_or_default().replace(id.as_str(), "-"),
                "`-` is no active staff member with the role `sales_manager`");
        }
        snapshot!(admin.put(&path, json!({"sales_manager": acme.id, "technical_account_manager": 7, "chief": null})).await.expect(422));
        assert_eq!(acme.get(&path).await.expect(200)["version"], 0, "nothing was set");
    }

    /// `PUT` as a method: JSON alone, idempotent without a key, and told by `Allow`.
    async fn a_put_is_like_every_other_write(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (admin, path) = (world.admin().await, acme.own("account-team"));
        let put = async |headers: &[(&str, &str)], body: Value| admin.send("PUT", &path, headers, body).await;
        put(&[("content-type", "application/merge-patch+json")], json!({})).await.expect_problem(415, "unsupported_media_type");
        put(&[("content-type", "text/csv")], json!({})).await.expect_problem(415, "unsupported_media_type");
        put(&[("if-match", "0")], json!({})).await.expect_problem(400, "invalid_if_match");
        put(&[("if-match", "\"1\"")], json!({})).await.expect_problem(412, "version_mismatch");
        put(&[("if-match", "\"0\"")], json!({})).await.expect(200);
        put(&[("idempotency-key", "two words")], json!({})).await.expect_problem(400, "invalid_idempotency_key");
        let sue = world.staff("sue", &["sales_manager"]).await;
        // A key is not needed and not looked at: the last one wins.
        put(&[("idempotency-key", "one")], json!({"sales_manager": sue.id})).await.expect(200);
        let last = put(&[("idempotency-key", "one")], json!({})).await.expect(200);
        assert_eq!((last["version"].as_i64(), last.header("idempotent-replayed")), (Some(2), None));
        admin.put(&path, json!([])).await.expect_problem(422, "validation_failed");
        admin.send("PUT", &path, &[("content-type", "application/json")], "{").await.expect_problem(400, "malformed_request");
        let refused = admin.post(&path, json!({})).await.expect_problem(405, "method_not_allowed");
        assert_eq!(refused.header("allow"), Some("GET, HEAD, PUT"));
        // Of two who saw the same version, one writes.
        for round in 0..5 {
            let seen = format!("\"{}\"", acme.get(&path).await.expect(200)["version"]);
            let headers = [("if-match", seen.as_str())];
            let holder = if round % 2 == 0 { json!({"sales_manager": sue.id}) } else { json!({}) };
            let (one, two) = tokio::join!(put(&headers, holder.clone()), put(&headers, holder));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{one}\n{two}");
        }
    }
}
