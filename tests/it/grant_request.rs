//! Requests for grants (G-9, G-11).

use mandate_tests::{Actor, Answer, Value, days, e2e, json, snapshot, with};

use crate::partner_grant::{person, whole};

fn path(request: &Answer) -> String {
    format!("/v1/partner-grant-requests/{}", request.id())
}

async fn ask(asker: &Actor, body: Value) -> Answer {
    asker.post(asker.own("partner-grant-requests"), body).await
}

async fn act(actor: &Actor, request: &Answer, verb: &str, body: Value) -> Answer {
    actor.post(format!("{}/{verb}", path(request)), body).await
}

fn by_domain(grantee: Value, domain: &str) -> Value {
    json!({"grantor": {"domain": domain}, "grantee": grantee, "level": "view"})
}

async fn listed(actor: &Actor, query: &str) -> Vec<Value> {
    actor.get(actor.own(&format!("partner-grant-requests?{query}"))).await.expect(200).column("id")
}

/// What somebody sees of a request, but for its own id and the name that was used.
fn essence(answer: &Answer, domain: &str) -> String {
    answer.text().replace(&answer.id(), "[id]").replace(domain, "[domain]")
}

e2e! {
    /// G-9: asked by domain, answered on other terms, seen by both sides; the history tells who did what.
    async fn a_partner_asks_and_the_customer_answers_g_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        let dina = globex.contact("dina", "designated_support").await;
        let kim = globex.contact("kim", "knowledge_base").await;
        let body = with(
            by_domain(whole(&globex), "acme.example"),
            json!({"expires_at": world.after(days(90)), "message": "we begin in June"}),
        );
        let request = ask(&dina, body.clone()).await.expect(201);
        snapshot!(request);
        ask(&kim, body.clone()).await.expect_problem(403, "permission_required");
        snapshot!(ask(&dina, body.clone()).await.expect_problem(409, "grant_request_exists"));
        // The customer sees itself and who asks, the partner only what it said.
        snapshot!(ben.get(path(&request)).await.expect(200));
        assert_eq!(dina.get(path(&request)).await.expect(200)["grantor"]["name"], Value::Null);
        assert_eq!(listed(&acme, "direction=received").await, [request["id"].clone()]);
        assert_eq!(listed(&globex, "direction=sent").await, [request["id"].clone()]);
        assert_eq!(listed(&globex, "direction=received").await.len() + listed(&acme, "direction=sent").await.len(), 0);
        for stranger in [&kim, &world.customer("Initech", "initech.example").await] {
            stranger.get(path(&request)).await.expect_problem(404, "not_found");
        }

        for partner in [&dina, &globex] {
            act(partner, &request, "approve", json!({})).await.expect_problem(403, "permission_required");
            act(partner, &request, "decline", json!({"reason": "no"})).await.expect_problem(403, "permission_required");
        }
        act(&ben, &request, "approve", json!({})).await.expect_problem(403, "permission_required");
        act(&acme, &request, "approve", json!({})).await.expect_problem(422, "acknowledgement_required");
        let terms = json!({"level": "create", "expires_at": null, "acknowledge_organization_wide_visibility": true});
        let stale = acme.send("POST", &format!("{}/approve", path(&request)), &[("if-match", "\"4\"")], terms.clone()).await;
        stale.expect_problem(412, "version_mismatch");
        let approved = act(&acme, &request, "approve", terms.clone()).await.expect(200);
        snapshot!(approved);
        let grant = acme.get(format!("/v1/partner-grants/{}", approved["grant_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&grant["level"], &grant["expires_at"]), (&json!("create"), &Value::Null));
        assert_eq!(dina.get(path(&request)).await.expect(200)["grantor"]["name"], "Acme");
        act(&acme, &request, "approve", terms).await.expect_problem(409, "invalid_transition");
        act(&dina, &request, "withdraw", json!({})).await.expect_problem(409, "invalid_transition");
        for reader in [&ben, &dina] {
            let history = reader.get(format!("{}/history", path(&request))).await.expect(200);
            let kinds = ["partner_grant_request.created", "partner_grant_request.approved"];
            assert_eq!(history.column("kind"), kinds, "{}", reader.email);
        }
        // Each side's own journal tells of it.
        for organization in [&acme.organization_id, &globex.organization_id] {
            let entries = world.journal(organization);
            let of_it = entries.iter().filter(|entry| entry.subject.to_string() == request.id());
            assert_eq!(of_it.count(), 2);
        }
    }

    /// G-9: nobody can probe who is a customer.
    async fn a_domain_that_is_nobodys_answers_as_one_that_is_a_customers_g_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let known = ask(&globex, by_domain(whole(&globex), "acme.example")).await.expect(201);
        let unknown = ask(&globex, by_domain(whole(&globex), "nobody.example")).await.expect(201);
        let vendor = ask(&globex, by_domain(whole(&globex), "vendor.example")).await.expect(201);
        let same = |one: &Answer, other: &Answer, domain: &str| {
            assert_eq!(essence(one, "acme.example"), essence(other, domain));
        };
        same(&known, &unknown, "nobody.example");
        same(&known, &vendor, "vendor.example");
        let answers = async |request: &Answer| {
            let mut answers = vec![globex.get(path(request)).await, globex.get(format!("{}/history", path(request))).await];
            for (verb, body) in [("approve", json!({})), ("decline", json!({"reason": "no"})), ("withdraw", json!({}))] {
                answers.push(act(&globex, request, verb, body).await);
            }
            let hide = |answer: &Answer| {
                let text = answer.text().replace(&request.id(), "[id]");
                let text = text.replace("acme.example", "[domain]").replace("nobody.example", "[domain]");
                let request_id = answer["request_id"].as_str().unwrap_or("-").to_owned();
                let events = answer["data"].as_array().cloned().unwrap_or_default();
                let text = text.replace(&request_id, "[request_id]");
                events.iter().fold((answer.status, text), |(status, text), event| {
                    (status, text.replace(event["id"].as_str().unwrap_or("-"), "[event]"))
                })
            };
            answers.iter().map(hide).collect::<Vec<_>>()
        };
        assert_eq!(answers(&known).await, answers(&unknown).await);
        ask(&globex, by_domain(whole(&globex), "nobody.example")).await.expect(201);
        ask(&globex, by_domain(whole(&globex), "nobody.example")).await.expect_problem(409, "grant_request_exists");
        // A second name of a customer who has been asked is no way to find out either, and the customer is asked once.
        let body = json!({"grantor": {"id": acme.organization_id}, "grantee": whole(&globex), "level": "view"});
        let first = ask(&globex, by_domain(whole(&globex), "acme.example")).await.expect(201);
        let by_id = ask(&globex, body).await.expect(201);
        let random = json!({"grantor": {"id": "org_01h455vb4pex5vsknk084sn02q"}, "grantee": whole(&globex), "level": "view"});
        let nobody = ask(&globex, random).await.expect(201);
        assert_eq!(
            essence(&by_id, &acme.organization_id).replace("[domain]", "org_01h455vb4pex5vsknk084sn02q"),
            essence(&nobody, "[nothing]")
        );
        assert_eq!(listed(&acme, "direction=received&status=open").await, [first["id"].clone()]);
        act(&globex, &first, "withdraw", json!({})).await.expect(200);
        assert_eq!(listed(&acme, "direction=received&status=open").await, [by_id["id"].clone()]);
        // Nor does a renewal tell: it is delivered, whatever else is open, and says what the grant said before.
        let eve = globex.contact("eve", "designated_support").await;
        let grant = acme.grant_person(&eve, "update").await.id();
        for domain in ["acme.example", "nobody.example"] {
            ask(&eve, by_domain(person(&eve), domain)).await.expect(201);
        }
        let renewal = json!({
            "grantor": {"id": acme.organization_id}, "grantee": person(&eve), "level": "update", "renews_grant_id": grant,
        });
        assert_eq!(ask(&eve, renewal).await.expect(201)["grantor"]["name"], "Acme");
    }

    /// G-9: lapses after thirty days; declined with a reason; withdrawn by whoever asked.
    async fn requests_lapse_are_declined_and_withdrawn_g_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let dina = globex.contact("dina", "designated_support").await;
        let eve = globex.contact("eve", "knowledge_base").await;
        let first = ask(&dina, by_domain(person(&eve), "acme.example")).await.expect(201);
        // Whoever shall hold it sees it.
        eve.get(path(&first)).await.expect(200);
        act(&acme, &first, "decline", json!({})).await.expect_problem(422, "validation_failed");
        let declined = act(&acme, &first, "decline", json!({"reason": "we work with Initech"})).await.expect(200);
        snapshot!(declined);
        let second = ask(&dina, by_domain(person(&eve), "acme.example")).await.expect(201);
        act(&eve, &second, "withdraw", json!({})).await.expect_problem(403, "permission_required");
        act(&globex, &second, "withdraw", json!({})).await.expect(200);
        let third = ask(&dina, by_domain(person(&eve), "acme.example")).await.expect(201);
        world.advance(days(30));
        let (acme, dina) = (world.sign_in(&acme.email).await, world.sign_in(&dina.email).await);
        let lapsed = dina.get(path(&third)).await.expect(200);
        assert_eq!((&lapsed["status"], lapsed.header("etag")), (&json!("lapsed"), None));
        act(&acme, &third, "approve", json!({})).await.expect_problem(409, "invalid_transition");
        assert_eq!(listed(&acme, "direction=received&status=open").await.len(), 0);
        assert_eq!(listed(&acme, "direction=received").await.len(), 3);
        assert_eq!(listed(&acme, "direction=received&status=lapsed").await, [third["id"].clone()]);
        let all = listed(&dina, "direction=sent&status=declined&status=withdrawn&status=lapsed").await;
        assert_eq!(all, [third["id"].clone(), second["id"].clone(), first["id"].clone()]);
        ask(&dina, by_domain(person(&eve), "acme.example")).await.expect(201);
    }

    /// G-11: a renewal names the grant, and its approval gives the same grant the new terms (G-6).
    async fn a_partner_asks_for_renewal_g_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let body = json!({"grantee": person(&eve), "level": "update", "expires_at": world.after(days(10))});
        let grant = acme.post(acme.own("partner-grants"), body).await.expect(201);
        let renewal = json!({
            "grantor": {"id": acme.organization_id}, "grantee": person(&eve), "level": "update",
            "expires_at": world.after(days(100)), "renews_grant_id": grant.id(),
        });
        let wrong = with(renewal.clone(), json!({"grantee": whole(&globex)}));
        snapshot!(ask(&eve, wrong).await.expect_problem(422, "renewal_not_allowed"));
        let request = ask(&eve, renewal.clone()).await.expect(201);
        assert_eq!(request["grantor"]["name"], "Acme");
        let approved = act(&acme, &request, "approve", json!({})).await.expect(200);
        assert_eq!(approved["grant_id"], grant["id"]);
        let renewed = acme.get(format!("/v1/partner-grants/{}", grant.id())).await.expect(200);
        assert_eq!((&renewed["expires_at"], &renewed["version"]), (&renewal["expires_at"], &json!(2)));
        acme.post(format!("/v1/partner-grants/{}/revoke", grant.id()), json!({})).await.expect(200);
        ask(&eve, renewal).await.expect_problem(422, "renewal_not_allowed");
    }

    /// G-9: all that is wrong is told at once.
    async fn requests_refuse_bad_values_g_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        snapshot!(ask(&globex, json!({})).await.expect_problem(422, "validation_failed"));
        let bad = json!({
            "grantor": {"id": acme.organization_id, "domain": "acme.example"}, "grantee": {"type": "contact"},
            "level": "total", "expires_at": "tomorrow", "message": "x".repeat(2001), "renews_grant_id": acme.id, "why": 1,
        });
        snapshot!(ask(&globex, bad).await.expect_problem(422, "validation_failed"));
        for (body, code) in [
            (by_domain(whole(&acme), "initech.example"), "grantee_not_allowed"),
            (by_domain(person(&acme), "acme.example"), "grantee_not_allowed"),
            (by_domain(whole(&globex), "globex.example"), "grantor_not_allowed"),
            (with(by_domain(whole(&globex), "acme.example"), json!({"level": "none"})), "level_not_allowed"),
            (with(by_domain(whole(&globex), "acme.example"), json!({"expires_at": world.now()})), "expiry_in_past"),
        ] {
            ask(&globex, body).await.expect_problem(422, code);
        }
        ask(&acme, by_domain(whole(&acme), "globex.example")).await.expect_problem(422, "partners_only");
        globex.get(globex.own("partner-grant-requests?direction=both")).await.expect(422);
    }
}
