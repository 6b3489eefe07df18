//! Organizations: who makes and sees them, whose people are contacts, and what a suspension does (O-1, O-2, G-12).

use mandate_core::journal::EventKind;
use mandate_tests::{Actor, PASSWORD, Value, e2e, json, person, snapshot, with};

/// What makes an organization with `ana@{domain}` as its first contact.
fn body(kind: &str, name: &str, domain: &str) -> Value {
    json!({"kind": kind, "name": name, "domains": [domain], "first_contact": person(&format!("ana@{domain}"))})
}

/// The names in somebody's list of organizations.
async fn names(actor: &Actor, query: &str) -> Vec<Value> {
    actor.get(format!("/v1/organizations{query}")).await.expect(200).column("name")
}

e2e! {
    /// O-1, C-10, C-12
    async fn an_administrator_creates_an_organization_with_its_first_contact(world: World) {
        let admin = world.admin().await;
        let mut acme = body("customer", "  Acme Corporation ", "acme.example");
        acme["domains"] = json!(["acme.example", "acme.example", "acme-labs.example"]);
        acme["first_contact"] = with(
            person("ana@acme.example"),
            json!({
                "phone": "+1.650.555.0100", "time_zone": "America/Sao_Paulo", "locale": "pt-BR",
            }),
        );
        let created = admin.post("/v1/organizations", acme).await.expect(201);
        snapshot!(created);
        assert_eq!(created.header("location"), Some(format!("/v1/organizations/{}", created.id()).as_str()));
        snapshot!(admin.get(format!("/v1/organizations/{}/contacts", created.id())).await.expect(200));
        let welcome = world.mail("ana@acme.example", "welcome").await;
        assert_eq!(welcome.subject, "Sua conta no serviço de suporte");
        let ana = world.instance().accept(&welcome).await;
        snapshot!(ana.get("/v1/me").await.expect(200));
        // A partner is a customer too: it has contacts and requests, and grants others access to them.
        let (globex, initech) =
            (world.partner("Globex", "globex.example").await, world.partner("Initech", "initech.example").await);
        globex.contact("eve", "designated_support").await;
        let request = globex.request("Our own printer").await.id();
        globex.grant_organization(&initech, "view").await;
        initech.get(format!("/v1/service-requests/{request}")).await.expect(200);
    }

    /// C-10: an organization that no contact ever entered is still being onboarded, by administrators alone.
    async fn a_first_contact_who_never_came_is_replaced(world: World) {
        let (admin, agent) = (world.admin().await, world.agent().await);
        let acme = admin.post("/v1/organizations", body("customer", "Acme", "acme.example")).await.expect(201);
        let contacts = format!("/v1/organizations/{}/contacts", acme.id());
        let first = admin.get(&contacts).await.expect(200).rows()[0]["id"].as_str().unwrap_or_default().to_owned();
        admin.post(format!("/v1/contacts/{first}/resend-welcome"), ()).await.expect(200);
        let primary = json!({"type": "primary_support", "permission": "manage_contacts"});
        agent.post(&contacts, with(person("ben@acme.example"), primary.clone())).await.expect(403);
        agent.post(format!("/v1/contacts/{first}/resend-welcome"), ()).await.expect(403);
        snapshot!(admin.post(&contacts, with(person("ben@acme.example"), primary.clone())).await.expect(201));
        world.instance().accept(&world.mail("ben@acme.example", "welcome").await).await;
        // From now on the organization looks after itself.
        let refused = admin.post(&contacts, with(person("cem@acme.example"), primary)).await;
        refused.expect_problem(403, "permission_required");
        admin.post(format!("/v1/contacts/{first}/resend-welcome"), ()).await.expect_problem(403, "permission_required");
    }

    /// O-1: there is exactly one vendor; a domain belongs to one organization.
    async fn there_is_one_vendor_and_each_domain_has_one_owner(world: World) {
        let (admin, acme) = (world.admin().await, world.customer("Acme", "acme.example").await);
        snapshot!(admin.post("/v1/organizations", body("vendor", "Other", "other.example")).await.expect(422));
        assert_eq!(names(&admin, "?kind=vendor").await, ["Vendor"]);
        let vendor = format!("/v1/organizations/{}", admin.organization_id);
        snapshot!(admin.post(format!("{vendor}/suspend"), ()).await.expect_problem(409, "invalid_transition"));
        for (taken, status, code) in [("acme.example", 409, "domain_taken"), ("vendor.example", 422, "validation_failed")] {
            let mut other = body("customer", "Other", "other.example");
            other["domains"] = json!(["other.example", taken]);
            let refused = admin.post("/v1/organizations", other).await.expect_problem(status, code);
            assert!(refused.text().contains(taken), "{refused}");
        }
        let other = admin.post("/v1/organizations", body("customer", "Other", "other.example")).await.expect(201);
        let other = format!("/v1/organizations/{}", other.id());
        admin.patch(&other, json!({"domains": ["acme.example"]})).await.expect_problem(409, "domain_taken");
        // What is given up can be taken.
        admin.patch(format!("/v1/organizations/{}", acme.organization_id), json!({"domains": []})).await.expect(200);
        snapshot!(admin.patch(&other, json!({"domains": ["acme.example", "other.example"]})).await.expect(200));
        // Two at once: the domain has one owner, and nothing is left of the other attempt.
        let (one, two) = tokio::join!(
            admin.post(
                "/v1/organizations",
                with(body("customer", "One", "one.example"), json!({"domains": ["same.example"]}))
            ),
            admin.post(
                "/v1/organizations",
                with(body("customer", "Two", "two.example"), json!({"domains": ["same.example"]}))
            ),
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{one}\n{two}");
        assert_eq!(names(&admin, "?q=one").await.len() + names(&admin, "?q=two").await.len(), 1);
    }

    /// O-1: for administrators; everything that is wrong is told at once.
    async fn only_administrators_create_and_edit_organizations(world: World) {
        let (admin, agent, acme) =
            (world.admin().await, world.agent().await, world.customer("Acme", "acme.example").await);
        let path = format!("/v1/organizations/{}", acme.organization_id);
        for actor in [&agent, &acme] {
            actor
                .post("/v1/organizations", body("customer", "Other", "other.example"))
                .await
                .expect_problem(403, "staff_only");
            actor.patch(&path, json!({"name": "Other"})).await.expect_problem(403, "staff_only");
            for verb in ["suspend", "resume"] {
                actor.post(format!("{path}/{verb}"), ()).await.expect_problem(403, "staff_only");
            }
        }
        snapshot!(admin.post("/v1/organizations", json!({})).await.expect(422));
        snapshot!(admin.post("/v1/organizations", json!({
            "kind": "shop",
            "name": "x".repeat(101),
            "domains": ["acme.example", "Upper.example", 7, "-x.example"],
            "first_contact": {"email": "Ana@other.example", "first_name": "1", "phone": "650-555", "shoe_size": 39},
        })).await.expect(422));
        snapshot!(admin.post("/v1/organizations", body("customer", "Other", "Other.example")).await.expect(422));
        let mut other = body("customer", "Other", "other.example");
        other["first_contact"]["email"] = json!("Ana@other.example");
        snapshot!(admin.post("/v1/organizations", other.clone()).await.expect(422));
        other["first_contact"]["email"] = json!(acme.email);
        admin.post("/v1/organizations", other).await.expect_problem(409, "contact_in_other_organization");
        snapshot!(admin.patch(&path, json!({"name": null, "domains": null, "kind": "partner"})).await.expect(422));
        assert_eq!(names(&admin, "").await, ["Acme", "Vendor"]);
    }

    /// O-2: whatever the case, subdomains included; a staff member's own email too.
    async fn vendor_staff_are_never_contacts(world: World) {
        let (admin, acme) = (world.admin().await, world.customer("Acme", "acme.example").await);
        let contact = |email: &str| {
            let kim = json!({"email": email, "first_name": "Kim", "last_name": "Park"});
            with(kim, json!({"permission": "designated_support"}))
        };
        let staff = with(person("kim@freelance.example"), json!({"roles": ["consultant"]}));
        admin.post(format!("/v1/organizations/{}/staff", admin.organization_id), staff).await.expect(201);
        snapshot!(acme.post(acme.own("contacts"), contact("kim@vendor.example")).await.expect(422));
        for email in [
            "Kim@vendor.example",
            "kim@VENDOR.example",
            "kim@eu.vendor.example",
            "kim@a.b.Vendor.Example",
            "kim@freelance.example",
        ] {
            acme.post(acme.own("contacts"), contact(email)).await.expect_problem(422, "vendor_staff_not_allowed");
            let mut other = body("customer", "Other", "other.example");
            other["first_contact"]["email"] = json!(email);
            let refused = admin.post("/v1/organizations", other).await.expect_problem(422, "vendor_staff_not_allowed");
            assert_eq!(refused["errors"][0]["pointer"], "#/first_contact/email", "{refused}");
        }
        for email in ["kim@notvendor.example", "kim@vendor.example.net"] {
            acme.post(acme.own("contacts"), contact(email)).await.expect(201);
        }
        // The vendor has no contacts, and nobody becomes both by the other way round.
        let vendors = format!("/v1/organizations/{}", admin.organization_id);
        admin.post(format!("{vendors}/contacts"), contact("kim@other.example")).await.expect(403);
        let both = json!({"email": acme.email, "first_name": "Kim", "last_name": "Park", "roles": ["agent"]});
        admin.post(format!("{vendors}/staff"), both).await.expect_problem(409, "contact_exists");
    }

    /// X-3, G-10: staff see all; contacts their own and those that granted them something; nobody learns of others.
    async fn organizations_are_listed_for_those_who_may_know_them(world: World) {
        let (admin, consultant) = (world.admin().await, world.consultant().await);
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("zénith 100%", "zenith.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let reader = acme.contact("kai", "knowledge_base").await;
        acme.grant_organization(&globex, "cc").await;
        assert_eq!(names(&admin, "").await, ["Acme", "Globex", "Vendor", "zénith 100%"]);
        assert_eq!(names(&consultant, "?kind=customer").await, ["Acme", "zénith 100%"]);
        assert_eq!(names(&consultant, "?kind=vendor&kind=partner").await, ["Globex", "Vendor"]);
        assert_eq!(names(&admin, "?q=GLO").await, ["Globex"]);
        assert_eq!(names(&admin, "?q=Z%C3%89NITH").await, ["zénith 100%"]);
        assert_eq!(names(&admin, "?q=%25").await, ["zénith 100%"], "wildcards stand for themselves");
        assert!(names(&admin, "?q=_").await.is_empty());
        assert_eq!(names(&reader, "").await, ["Acme"]);
        assert_eq!(names(&globex, "").await, ["Acme", "Globex"]);
        assert!(names(&zenith, "?kind=customer&q=e").await.is_empty(), "é is not e");
        snapshot!(globex.get("/v1/organizations?limit=1").await.expect(200));
        snapshot!(admin.get("/v1/organizations?kind=shop&status=gone&limit=0&page=2").await.expect(422));
        let path = format!("/v1/organizations/{}", acme.organization_id);
        for actor in [&admin, &consultant, &reader, &globex] {
            assert_eq!(actor.get(&path).await.expect(200)["name"], "Acme");
        }
        snapshot!(zenith.get(&path).await.expect_problem(404, "not_found"));
        zenith.patch(&path, json!({"name": "Other"})).await.expect_problem(404, "not_found");
        zenith.post(format!("{path}/suspend"), ()).await.expect_problem(404, "not_found");
        admin.post(format!("/v1/organizations/{}/suspend", globex.organization_id), ()).await.expect(200);
        assert_eq!(names(&admin, "?status=suspended").await, ["Globex"]);
        assert!(names(&admin, "?status=active&kind=partner").await.is_empty());
    }

    /// G-12, X-1: on every instance at once; resuming gives back what rested.
    async fn nobody_of_a_suspended_organization_gets_in(world: World) {
        let (admin, acme) = (world.admin().await, world.customer("Acme", "acme.example").await);
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        globex.invited("ivo", json!({"permission": "designated_support"})).await;
        let welcome = world.mail("ivo@globex.example", "welcome").await;
        acme.grant_organization(&globex, "view").await;
        let request = acme.request("The printer is on fire").await.id();
        let request = format!("/v1/service-requests/{request}");
        let elsewhere = world.another_instance(&[]).await;
        eve.at(&elsewhere).get(&request).await.expect(200);
        let path = format!("/v1/organizations/{}", globex.organization_id);
        admin
            .send("POST", &format!("{path}/suspend"), &[("if-match", "\"7\"")], ())
            .await
            .expect_problem(412, "version_mismatch");
        snapshot!(admin.send("POST", &format!("{path}/suspend"), &[("if-match", "\"1\"")], ()).await.expect(200));
        for actor in [&eve, &eve.at(&elsewhere), &globex, &globex.at(&elsewhere)] {
            actor.get(&request).await.expect_problem(401, "unauthenticated");
            actor.patch("/v1/me", json!({"phone": "112"})).await.expect_problem(401, "unauthenticated");
            actor
                .post("/v1/sessions/refresh", json!({"refresh_token": actor.refresh_token()}))
                .await
                .expect_problem(401, "invalid_refresh_token");
            actor
                .post("/v1/sessions", json!({"email": actor.email, "password": PASSWORD}))
                .await
                .expect_problem(401, "invalid_credentials");
        }
        world.anonymous().post("/v1/password-resets", json!({"email": eve.email})).await.expect(202);
        // Whoever was invited may set a password, and gets in no more than the others.
        let confirmation = json!({"token": welcome.token(), "password": PASSWORD});
        world.anonymous().post("/v1/welcome/confirm", confirmation).await.expect(200);
        world
            .anonymous()
            .post("/v1/sessions", json!({"email": "ivo@globex.example", "password": PASSWORD}))
            .await
            .expect_problem(401, "invalid_credentials");
        snapshot!(admin.post(format!("{path}/suspend"), ()).await.expect_problem(409, "invalid_transition"));
        snapshot!(admin.post(format!("{path}/resume"), ()).await.expect(200));
        admin.post(format!("{path}/resume"), ()).await.expect_problem(409, "invalid_transition");
        let eve = world.sign_in(&eve.email).await;
        eve.get(&request).await.expect(200);
        world.sign_in("ivo@globex.example").await;
        assert!(world.mailbox().of(&eve.email, "password_reset").is_empty());
        let kinds: Vec<_> = world.journal(&globex.organization_id).iter().map(|entry| entry.kind).collect();
        assert!(
            kinds.contains(&EventKind::OrganizationSuspended) && kinds.contains(&EventKind::OrganizationResumed),
            "{kinds:?}"
        );
    }
}
