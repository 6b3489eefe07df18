//! What an organization lacks (R-1 … R-11), over HTTP.

use mandate_core::vocabulary::Vocabulary as _;
use mandate_tests::{Actor, Answer, Value, World, days, e2e, json, seconds, snapshot, with};

async fn readiness(actor: &Actor) -> Answer {
    actor.get(actor.own("readiness")).await.expect(200)
}

/// Every finding in a few words: its code, and the duty and shift that it is about.
async fn found(actor: &Actor) -> Vec<String> {
    let answer = readiness(actor).await;
    let findings = answer["findings"].as_array().cloned().unwrap_or_default();
    let word =
        |finding: &Value, member: &str| finding[member].as_str().map(|word| format!(" {word}")).unwrap_or_default();
    findings
        .iter()
        .map(|finding| format!("{}{}{}", word(finding, "code").trim(), word(finding, "duty"), word(finding, "shift")))
        .collect()
}

/// The finding with this code.
async fn finding(actor: &Actor, code: &str) -> Value {
    let answer = readiness(actor).await;
    let findings = answer["findings"].as_array().cloned().unwrap_or_default();
    findings.into_iter().find(|finding| finding["code"] == code).unwrap_or_default()
}

/// What every new organization has: nobody reviewed its contacts.
const NEW: &str = "review_overdue";

/// Acme, which lacks nothing but a review: three managers who guard it and have every duty.
async fn acme(world: &World) -> Actor {
    let acme = world.customer("Acme", "acme.example").await;
    let duties = json!({"duties": ["it", "site_administrator", "operations", "web_development", "security"]});
    acme.patch(format!("/v1/contacts/{}", acme.id), duties).await.expect(200);
    acme.primary_contact("ben", "manage_contacts").await;
    acme.primary_contact("cem", "manage_contacts").await;
    assert_eq!(found(&acme).await, [NEW]);
    acme
}

async fn disable(actor: &Actor, whom: &Actor) {
    actor.post(format!("/v1/contacts/{}/disable", whom.id), json!({"reason": "left"})).await.expect(200);
}

/// What an organization's journal tells of its critical findings, in order.
fn critical(world: &World, organization: &str) -> Vec<String> {
    let entries = world.journal(organization);
    let told = entries.iter().filter(|entry| entry.kind.name().starts_with("readiness."));
    told.map(|entry| format!("{} {}{}", entry.kind.name(), entry.before, entry.after)).collect()
}

e2e! {
    /// R-1, R-2, R-3, R-5, R-7, X-3: a new organization, and who sees what it lacks.
    async fn a_new_organization_lacks_a_lot(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        snapshot!(readiness(&acme).await);
        let dan = acme.contact("dan", "designated_support").await;
        let kai = acme.contact("kai", "knowledge_base").await;
        let (agent, consultant, sales) =
            (world.agent().await, world.consultant().await, world.staff("sue", &["sales_manager"]).await);
        let path = acme.own("readiness");
        for (actor, status) in [(&dan, 200), (&agent, 200), (&sales, 200), (&kai, 403), (&consultant, 403), (&globex, 404)] {
            actor.get(&path).await.expect(status);
        }
        acme.grant_organization(&globex, "full_admin").await;
        globex.get(&path).await.expect(200);
        agent.get(agent.own("readiness")).await.expect_problem(404, "not_found");
        acme.get(format!("{path}?severity=critical")).await.expect_problem(422, "validation_failed");
    }

    /// R-1, R-2, R-3, R-4: who is invited or disabled guards nothing.
    async fn an_organization_is_guarded_by_several(world: World) {
        let acme = acme(&world).await;
        let agent = world.agent().await;
        let [ben, cem] = ["ben@acme.example", "cem@acme.example"];
        let (ben, cem) = (world.sign_in(ben).await, world.sign_in(cem).await);
        disable(&acme, &ben).await;
        assert_eq!(found(&acme).await, [NEW, "fewer_than_three_contact_managers"]);
        disable(&acme, &cem).await;
        assert_eq!(found(&acme).await, ["single_primary_support_contact", "no_backup_contact_manager", NEW]);
        assert_eq!(finding(&acme, "no_backup_contact_manager").await["contact_ids"], json!([acme.id]));
        let new = acme.invited("new", json!({"permission": "manage_contacts", "type": "primary_support"})).await.id();
        assert_eq!(found(&acme).await.len(), 3, "who was only invited does not count");
        // A primary support contact who cannot manage is one for all that.
        acme.primary_contact("dan", "designated_support").await;
        assert_eq!(found(&acme).await, ["no_backup_contact_manager", NEW, "primary_support_contact_cannot_manage"]);
        acme.contact("eva", "manage_contacts").await;
        acme.contact("fay", "manage_contacts").await;
        assert_eq!(found(&acme).await, [NEW, "primary_support_contact_cannot_manage"]);
        // The last ones have left.
        for email in ["manager@acme.example", "dan@acme.example", "eva@acme.example", "fay@acme.example"] {
            disable(&agent, &world.sign_in(email).await).await;
        }
        let lost = agent.get(acme.own("readiness")).await.expect(200);
        let critical: Vec<&Value> = lost["findings"].as_array().into_iter().flatten().take(2).collect();
        assert_eq!((&critical[0]["code"], &critical[0]["severity"]), (&json!("no_primary_support_contact"), &json!("critical")));
        assert_eq!((&critical[1]["code"], &critical[1]["severity"]), (&json!("no_contact_manager"), &json!("critical")));
        // Whoever was invited to be both only has to set a password.
        assert_eq!(critical[0]["mend"]["path"], format!("/v1/contacts/{new}/resend-welcome"));
    }

    /// R-1, R-3: what nobody keeps away any more is an event, and so is that somebody does again.
    async fn a_critical_finding_that_opens_or_clears_is_an_event(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let agent = world.agent().await;
        let (primary, managing) = (r#"{"code":"no_primary_support_contact"}"#, r#"{"code":"no_contact_manager"}"#);
        let cleared = |code: &str| format!("readiness.finding_cleared {code}{{}}");
        let opened = |code: &str| format!("readiness.finding_opened {{}}{code}");
        let mut expected = vec![cleared(primary), cleared(managing)];
        assert_eq!(critical(&world, &acme.organization_id), expected);
        // Not as long as others remain.
        let ben = acme.primary_contact("ben", "designated_support").await;
        disable(&acme, &ben).await;
        let eve = acme.contact("eve", "manage_contacts").await;
        assert_eq!(critical(&world, &acme.organization_id), expected);
        disable(&agent, &acme).await;
        expected.push(opened(primary));
        assert_eq!(critical(&world, &acme.organization_id), expected);
        disable(&agent, &eve).await;
        expected.push(opened(managing));
        assert_eq!(critical(&world, &acme.organization_id), expected);
        // They stand where the change stands that brought them about, with who did it.
        let entries = world.journal(&acme.organization_id);
        let last = entries.iter().rfind(|entry| entry.kind.name() == "readiness.finding_opened").unwrap();
        let cause = entries.iter().find(|entry| entry.origin == last.origin).unwrap();
        assert_eq!((cause.kind.name(), cause.sequence + 1), ("contact.disabled", last.sequence));
        assert_eq!(last.actor.map(|actor| actor.to_string()), Some(agent.id));
    }

    /// R-5: with several sites or shifts, each needs its own IT contact and administrator.
    async fn every_site_and_shift_needs_somebody(world: World) {
        let acme = acme(&world).await;
        let me = format!("/v1/contacts/{}", acme.id);
        acme.patch(&me, json!({"duties": ["it", "site_administrator", "security"]})).await.expect(200);
        assert_eq!(found(&acme).await, [NEW, "duty_uncovered operations", "duty_uncovered web_development"]);
        let shifts = json!([{"name": "day", "from": "06:00", "until": "18:00"}, {"name": "night", "from": "18:00", "until": "06:00"}]);
        let plant = acme.post(acme.own("sites"), json!({"name": "Plant", "time_zone": "UTC", "shifts": shifts})).await;
        let plant = plant.expect(201).id();
        let uncovered = async || {
            let found = found(&acme).await.into_iter().filter(|finding| finding.contains(" it") || finding.contains(" site_administrator"));
            found.collect::<Vec<_>>()
        };
        // Who works at no site is at none of several.
        assert_eq!(
            uncovered().await,
            ["duty_uncovered it day", "duty_uncovered it night", "duty_uncovered site_administrator day", "duty_uncovered site_administrator night"]
        );
        let at_night = json!([{"site_id": plant, "name": "night"}]);
        acme.patch(&me, json!({"site_ids": [plant], "site_shifts": at_night})).await.expect(200);
        assert_eq!(uncovered().await, ["duty_uncovered it day", "duty_uncovered site_administrator day"]);
        snapshot!(readiness(&acme).await);
        acme.patch(&me, json!({"site_shifts": []})).await.expect(200);
        assert_eq!(uncovered().await, [""; 0], "without shifts, in all of them");
        let office = acme.post(acme.own("sites"), json!({"name": "Office", "time_zone": "UTC"})).await.expect(201).id();
        assert_eq!(uncovered().await, ["duty_uncovered it", "duty_uncovered site_administrator"]);
        assert_eq!(finding(&acme, "duty_uncovered").await["site_id"], json!(office));
        acme.invited("dan", json!({"permission": "knowledge_base", "duties": ["it"], "site_ids": [office]})).await;
        assert_eq!(uncovered().await.len(), 2, "who was only invited does not count");
        world.instance().accept(&world.mail("dan@acme.example", "welcome").await).await;
        assert_eq!(uncovered().await, ["duty_uncovered site_administrator"]);
        acme.patch(format!("/v1/sites/{office}"), json!({"archived": true})).await.expect(200);
        assert_eq!(uncovered().await, [""; 0]);
    }

    /// R-6: another partner's domain, whatever its subdomains; not one's own.
    async fn a_partners_person_as_a_contact_is_found(world: World) {
        let acme = acme(&world).await;
        let globex = world.partner("Globex", "globex.example").await;
        world.customer("Initech", "initech.example").await;
        let create = async |manager: &Actor, email: &str| {
            let body = with(mandate_tests::person(email), json!({"permission": "knowledge_base"}));
            manager.post(manager.own("contacts"), body).await.expect(201);
        };
        for email in ["ana@eu.globex.example", "bob@initech.example", "col@notglobex.example"] {
            create(&acme, email).await;
        }
        assert_eq!(found(&acme).await, [NEW], "who was only invited does not count");
        for email in ["ana@eu.globex.example", "bob@initech.example", "col@notglobex.example"] {
            world.instance().accept(&world.mail(email, "welcome").await).await;
        }
        let partner = finding(&acme, "partner_person_as_contact").await;
        assert_eq!((&partner["total"], &partner["severity"]), (&json!(1), &json!("warning")));
        assert_eq!(partner["mend"]["operation_id"], "createPartnerGrant");
        // The partner's own people are no strangers at home.
        create(&globex, "dee@eu.globex.example").await;
        world.instance().accept(&world.mail("dee@eu.globex.example", "welcome").await).await;
        assert_eq!(finding(&globex, "partner_person_as_contact").await, Value::Null);
    }

    /// R-7, C-20: until a review is completed, and again when the period is over; the usual one or the organization's own.
    async fn a_review_that_is_overdue_is_found(world: World) {
        let acme = acme(&world).await;
        let ben = world.sign_in("ben@acme.example").await;
        let mend = async || finding(&acme, "review_overdue").await["mend"].clone();
        let path = format!("/v1/organizations/{}/contact-reviews", acme.organization_id);
        assert_eq!(mend().await, json!({"operation_id": "startContactReview", "method": "POST", "path": path}));
        let review = acme.post(&path, ()).await.expect(201).id();
        let confirm = format!("/v1/contact-reviews/{review}/confirm");
        assert_eq!(mend().await, json!({"operation_id": "confirmContacts", "method": "POST", "path": confirm}));
        let contacts = acme.get(acme.own("contacts")).await.expect(200).column("id");
        let others: Vec<Value> = contacts.iter().filter(|id| **id != json!(acme.id)).cloned().collect();
        acme.post(&confirm, json!({"contact_ids": others})).await.expect(200);
        assert_eq!(finding(&acme, "review_overdue").await["rule"], "R-7", "one is left");
        ben.post(&confirm, json!({"contact_ids": [acme.id]})).await.expect(200);
        assert_eq!(found(&acme).await, [""; 0]);
        world.advance(days(90));
        assert_eq!(found(&acme).await, [""; 0]);
        world.advance(seconds(1));
        assert_eq!(found(&acme).await, ["review_overdue"]);
        let (admin, organization) = (world.admin().await, format!("/v1/organizations/{}", acme.organization_id));
        admin.patch(&organization, json!({"review_period_days": 91})).await.expect(200);
        assert_eq!(found(&acme).await, [""; 0]);
        admin.patch(&organization, json!({"review_period_days": 30})).await.expect(200);
        assert_eq!(found(&acme).await, ["review_overdue"]);
    }

    /// R-8, C-21: until staff clear it, or the contact is no designated one any more.
    async fn who_lacks_training_is_found(world: World) {
        let acme = acme(&world).await;
        let agent = world.agent().await;
        let dan = acme.invited("dan", json!({"permission": "designated_support"})).await.id();
        let eve = acme.contact("eve", "designated_support").await;
        let needed = json!({"needed": true, "note": "has not seen the new console"});
        for id in [&dan, &eve.id] {
            agent.post(format!("/v1/contacts/{id}/training"), needed.clone()).await.expect(200);
        }
        let untrained = finding(&acme, "training_needed").await;
        assert_eq!((&untrained["total"], &untrained["severity"]), (&json!(2), &json!("advice")));
        assert_eq!(untrained["contact_ids"], json!([eve.id, dan]), "newest first");
        agent.post(format!("/v1/contacts/{dan}/training"), json!({"needed": false})).await.expect(200);
        assert_eq!(finding(&acme, "training_needed").await["contact_ids"], json!([eve.id]));
        acme.patch(format!("/v1/contacts/{}", eve.id), json!({"permission": "knowledge_base"})).await.expect(200);
        assert_eq!(found(&acme).await, [NEW]);
    }

    /// R-9: 180 days without signing in, counted from the creation for whoever never did.
    async fn who_does_not_sign_in_any_more_is_found(world: World) {
        let acme = acme(&world).await;
        let signed_in = world.now();
        world.advance(days(180));
        let cem = world.sign_in("cem@acme.example").await;
        assert_eq!(finding(&cem, "stale_contact").await, Value::Null, "since {signed_in}");
        world.advance(seconds(1));
        let stale = finding(&cem, "stale_contact").await;
        assert_eq!((&stale["total"], &stale["severity"]), (&json!(2), &json!("advice")));
        assert_eq!(stale["contact_ids"][0], json!(acme.id), "who was away longest comes first");
        assert_eq!(stale["mend"]["path"], format!("/v1/contacts/{}/disable", acme.id));
        world.sign_in("manager@acme.example").await;
        assert_eq!(finding(&cem, "stale_contact").await["total"], 1);
    }

    /// R-10: grants that end within 30 days, and broad ones that nobody used for 90.
    async fn grants_that_end_soon_or_are_not_used_are_found(world: World) {
        let acme = acme(&world).await;
        let globex = world.partner("Globex", "globex.example").await;
        let umbra = world.partner("Umbra", "umbra.example").await;
        let consultant = world.consultant().await;
        let broad = acme.grant_organization(&globex, "create").await.id();
        acme.grant_organization(&umbra, "update").await;
        let expiring = async |code: &str| finding(&acme, code).await["grant_ids"].clone();
        let grant = json!({"grantee": {"type": "staff", "id": consultant.id}, "level": "view", "expires_at": world.after(days(31))});
        let ending = acme.post(acme.own("partner-grants"), grant).await.expect(201).id();
        assert_eq!(expiring("grant_expiring").await, Value::Null);
        world.advance(days(1));
        assert_eq!(expiring("grant_expiring").await, json!([ending]));
        let mend = finding(&acme, "grant_expiring").await["mend"].clone();
        assert_eq!(mend, json!({"operation_id": "updatePartnerGrant", "method": "PATCH", "path": format!("/v1/partner-grants/{ending}")}));
        world.advance(days(30));
        assert_eq!(expiring("grant_expiring").await, Value::Null, "what is over is no more");
        // Made 90 days ago, and used once since.
        globex.request_for(&acme.organization_id, "Please help").await;
        world.advance(days(60));
        assert_eq!(expiring("broad_grant_unused").await, Value::Null);
        world.advance(days(30));
        assert_eq!(expiring("broad_grant_unused").await, Value::Null, "used exactly 90 days ago");
        world.advance(seconds(1));
        assert_eq!(expiring("broad_grant_unused").await, json!([broad]), "not the one that only updates");
        // While the partner is suspended its grant gives nothing to be told of.
        let admin = world.admin().await;
        admin.post(globex.own("suspend"), ()).await.expect(200);
        assert_eq!(expiring("broad_grant_unused").await, Value::Null);
        admin.post(globex.own("resume"), ()).await.expect(200);
        acme.post(format!("/v1/partner-grants/{broad}/revoke"), json!({"reason": "over"})).await.expect(200);
        assert_eq!(expiring("broad_grant_unused").await, Value::Null);
    }

    /// R-11: an address that several people read.
    async fn a_shared_mailbox_is_found(world: World) {
        let acme = acme(&world).await;
        for name in ["helpdesk", "info.desk", "supporter"] {
            acme.contact(name, "knowledge_base").await;
        }
        acme.invited("support", json!({"permission": "knowledge_base"})).await;
        let shared = finding(&acme, "shared_mailbox").await;
        assert_eq!((&shared["total"], &shared["severity"], &shared["rule"]), (&json!(1), &json!("advice"), &json!("R-11")));
        let helpdesk = shared["contact_ids"][0].as_str().unwrap_or_default().to_owned();
        acme.post(format!("/v1/contacts/{helpdesk}/disable"), json!({"reason": "nobody"})).await.expect(200);
        assert_eq!(found(&acme).await, [NEW]);
    }
}
