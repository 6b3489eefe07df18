//! Contact reviews: everybody in it confirmed, corrected or disabled, and closed with the last one (C-20).

use std::collections::BTreeMap;

use mandate_core::journal::EventKind;
use mandate_tests::{Actor, Answer, Value, World, days, e2e, json, minutes, snapshot};

use crate::request_list::all_pages;

async fn start(manager: &Actor) -> Answer {
    manager.post(manager.own("contact-reviews"), ()).await
}

fn review_path(review: &Answer) -> String {
    format!("/v1/contact-reviews/{}", review.id())
}

async fn confirm(manager: &Actor, review: &str, contacts: &[&str]) -> Answer {
    manager.post(format!("{review}/confirm"), json!({"contact_ids": contacts})).await
}

fn contact(actor: &Actor) -> String {
    format!("/v1/contacts/{}", actor.id)
}

/// How each contact of a review was dealt with, by first name.
async fn outcomes(manager: &Actor, review: &str) -> BTreeMap<String, String> {
    let rows = all_pages(manager, &format!("{review}/contacts"), 2).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let first_name = |row: &Value| text(&row["name"]).split(' ').next().unwrap_or_default().to_owned();
    rows.iter().map(|row| (first_name(row), text(&row["outcome"]))).collect()
}

/// The numbers of a review: total, pending, confirmed, corrected, disabled, transferred.
fn numbers(review: &Answer) -> [i64; 6] {
    ["total", "pending", "confirmed", "corrected", "disabled", "transferred"]
        .map(|member| review[member].as_i64().unwrap_or(-1))
}

/// The kinds of what an organization's journal tells of a thing.
fn kinds(world: &World, organization: &Actor, id: &str) -> Vec<EventKind> {
    let journal = world.journal(&organization.organization_id);
    journal.iter().filter(|entry| entry.subject.to_string() == id).map(|entry| entry.kind).collect()
}

e2e! {
    /// C-20, C-1: from the start to the end, as two managers see it.
    async fn a_review_closes_when_everybody_in_it_was_dealt_with(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let ana = acme.contact("ana", "designated_support").await;
        let ben = acme.contact("ben", "designated_support").await;
        let gone = acme.contact("gone", "knowledge_base").await;
        acme.post(format!("{}/disable", contact(&gone)), json!({"reason": "left"})).await.expect(200);
        let ida = acme.invited("ida", json!({"permission": "knowledge_base"})).await.id();
        world.advance(minutes(1));
        let review = start(&acme).await.expect(201);
        snapshot!(review);
        let path = review_path(&review);
        assert_eq!(review.header("location"), Some(path.as_str()));
        // Who comes later is not in it.
        let late = acme.contact("late", "designated_support").await;
        snapshot!(start(&tom).await.expect_problem(409, "review_open"));
        snapshot!(tom.get(format!("{path}/contacts")).await.expect(200));
        world.advance(minutes(1));
        // Confirmed, corrected, disabled.
        let confirmed = confirm(&acme, &path, &[&ida, &tom.id]).await.expect(200);
        assert_eq!((numbers(&confirmed), &confirmed["version"]), ([5, 3, 2, 0, 0, 0], &json!(2)));
        let corrected = tom.patch(contact(&ana), json!({"phone": "112"})).await.expect(200);
        assert_eq!(
            (&corrected["last_confirmed_by"], &corrected["last_confirmed_at"], &corrected["version"]),
            (&json!(tom.id), &json!(world.now()), &json!(3))
        );
        tom.post(format!("{}/disable", contact(&ben)), json!({"reason": "left"})).await.expect(200);
        let expected = [("Manager", "pending"), ("Tom", "confirmed"), ("Ana", "corrected"), ("Ben", "disabled"), ("Ida", "confirmed")];
        let expected: BTreeMap<_, _> = expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())).into();
        assert_eq!(outcomes(&tom, &path).await, expected);
        snapshot!(tom.get(format!("{path}/contacts?outcome=pending&outcome=disabled")).await.expect(200));
        // Reading with a tag notices each step.
        let read = tom.get(&path).await.expect(200);
        assert_eq!((read.header("etag"), numbers(&read)), (Some("\"4\""), [5, 1, 1 + 1, 1, 1, 0]));
        tom.send("GET", &path, &[("if-none-match", "\"4\"")], ()).await.expect(304);
        tom.send("GET", &path, &[("if-none-match", "\"3\"")], ()).await.expect(200);
        // Enabling again does not open it again; being edited then corrects nothing.
        tom.post(format!("{}/enable", contact(&ben)), ()).await.expect(200);
        tom.patch(contact(&late), json!({"phone": "112"})).await.expect(200);
        assert_eq!(outcomes(&tom, &path).await["Ben"], "disabled");
        world.advance(minutes(1));
        let stale = tom.send("POST", &format!("{path}/confirm"), &[("if-match", "\"3\"")], json!({"contact_ids": [acme.id]})).await;
        stale.expect_problem(412, "version_mismatch");
        let closed = tom.send("POST", &format!("{path}/confirm"), &[("if-match", "\"4\"")], json!({"contact_ids": [acme.id]})).await;
        snapshot!(closed.expect(200));
        snapshot!(confirm(&tom, &path, &[&acme.id]).await.expect_problem(409, "invalid_transition"));
        let own = tom.get(contact(&acme)).await.expect(200);
        assert_eq!((&own["last_confirmed_by"], &own["last_confirmed_at"]), (&json!(tom.id), &json!(world.now())));
        assert_eq!(acme.get("/v1/me").await.expect(200)["last_confirmed_at"], world.now());
        assert_eq!(late.get(contact(&late)).await.expect(200)["last_confirmed_at"], Value::Null);
        assert_eq!(kinds(&world, &acme, &review.id()), [EventKind::ReviewStarted, EventKind::ReviewClosed]);
        assert_eq!(kinds(&world, &acme, &ida).last(), Some(&EventKind::ContactConfirmed));
        // The next one is another one, of whoever is there then.
        world.advance(days(90));
        let next = start(&tom).await.expect(201);
        assert_eq!(numbers(&next), [6, 6, 0, 0, 0, 0]);
        let list = acme.own("contact-reviews");
        assert_eq!(acme.get(&list).await.expect(200).column("id"), [next["id"].clone(), review["id"].clone()]);
        assert_eq!(all_pages(&acme, &list, 1).await.len(), 2);
        for (query, expected) in [("status=open", vec![&next]), ("status=closed", vec![&review]), ("status=closed&status=open", vec![&next, &review])] {
            let found = acme.get(format!("{list}?{query}")).await.expect(200).column("id");
            assert_eq!(found, expected.iter().map(|review| review["id"].clone()).collect::<Vec<_>>(), "{query}");
        }
        snapshot!(acme.get(format!("{list}?status=over&q=x")).await.expect(422));
        snapshot!(acme.get(format!("{path}/contacts?outcome=forgotten")).await.expect(422));
    }

    /// C-20: all or none, and again without harm.
    async fn many_are_confirmed_at_once_or_none(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let ana = acme.contact("ana", "designated_support").await;
        let path = review_path(&start(&tom).await.expect(201));
        let late = acme.contact("late", "designated_support").await;
        let unknown = "contact_01h455vb4pex5vsknk084sn02q";
        let refused = confirm(&tom, &path, &[&ana.id, &zenith.id, &acme.id, unknown, &late.id]).await;
        let refused = refused.expect_problem(422, "not_in_review");
        let pointers: Vec<&str> = refused["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(pointers, ["#/contact_ids/1", "#/contact_ids/3", "#/contact_ids/4"]);
        snapshot!(refused);
        snapshot!(tom.get(&path).await.expect(200));
        snapshot!(tom.post(format!("{path}/confirm"), json!({"contact_ids": ["1", ana.id, tom.organization_id], "all": true})).await.expect(422));
        let many = vec![ana.id.as_str(); 501];
        for (body, code) in [
            (json!({}), "required"),
            (json!({"contact_ids": null}), "required"),
            (json!({"contact_ids": []}), "too_short"),
            (json!({"contact_ids": many}), "too_long"),
            (json!({"contact_ids": ana.id}), "invalid_type"),
        ] {
            let refused = tom.post(format!("{path}/confirm"), body).await.expect_problem(422, "validation_failed");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("#/contact_ids"), &json!(code)));
        }
        let once = confirm(&tom, &path, &many[..500]).await.expect(200);
        assert_eq!((numbers(&once), &once["version"]), ([3, 2, 1, 0, 0, 0], &json!(2)));
        // The first one who confirmed stays the one who did.
        world.advance(minutes(1));
        let again = confirm(&acme, &path, &[&ana.id]).await.expect(200);
        assert_eq!(again.body, once.body);
        assert_eq!(tom.get(contact(&ana)).await.expect(200)["last_confirmed_by"], tom.id);
        confirm(&acme, &path, &[&ana.id, &tom.id]).await.expect(200);
        assert_eq!(kinds(&world, &acme, &ana.id).iter().filter(|kind| **kind == EventKind::ContactConfirmed).count(), 1);
        // The same command with the same key is answered from memory, to whoever may still see it.
        let headers = [("idempotency-key", "one")];
        let body = json!({"contact_ids": [acme.id]});
        let first = tom.send("POST", &format!("{path}/confirm"), &headers, body.clone()).await.expect(200);
        let second = tom.send("POST", &format!("{path}/confirm"), &headers, body.clone()).await.expect(200);
        assert_eq!((&first["status"], &second.body), (&json!("closed"), &first.body));
        acme.patch(contact(&tom), json!({"permission": "designated_support"})).await.expect(200);
        let refused = tom.send("POST", &format!("{path}/confirm"), &headers, body).await;
        refused.expect_problem(403, "permission_required");
    }

    /// C-20: where somebody else can, one's own record is theirs to confirm; an edit of oneself is no way around it.
    async fn nobody_confirms_only_themselves(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let path = review_path(&start(&acme).await.expect(201));
        let refused = confirm(&acme, &path, &[&tom.id, &acme.id]).await.expect_problem(403, "own_record");
        assert_eq!(refused["errors"][0]["pointer"], "#/contact_ids/1");
        snapshot!(refused);
        acme.patch("/v1/me", json!({"phone": "112"})).await.expect(200);
        acme.patch(contact(&acme), json!({"last_name": "Other"})).await.expect(200);
        assert_eq!(numbers(&acme.get(&path).await.expect(200)), [2, 2, 0, 0, 0, 0]);
        // Whoever manages no contacts corrects nobody by an edit of their own.
        acme.patch(contact(&tom), json!({"permission": "designated_support"})).await.expect(200);
        assert_eq!(outcomes(&acme, &path).await["Tom"], "corrected");
        // The last manager has nobody else.
        let own = acme.patch("/v1/me", json!({"phone": null})).await.expect(200);
        assert_eq!(own["last_confirmed_at"], world.now());
        assert_eq!(acme.get(&path).await.expect(200)["status"], "closed");
        let next = review_path(&start(&acme).await.expect(201));
        tom.patch("/v1/me", json!({"phone": "112"})).await.expect(200);
        assert_eq!(outcomes(&acme, &next).await["Tom"], "pending");
        assert_eq!(numbers(&confirm(&acme, &next, &[&acme.id]).await.expect(200)), [2, 1, 1, 0, 0, 0]);
    }

    /// C-20, G-3: a partner who acts as contact manager is somebody else; as long as there is one.
    async fn a_full_admin_partner_is_another_manager(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let path = review_path(&start(&acme).await.expect(201));
        globex.get(&path).await.expect_problem(404, "not_found");
        let grant = acme.grant_organization(&globex, "full_admin").await.id();
        confirm(&acme, &path, &[&acme.id]).await.expect_problem(403, "own_record");
        // Who is shut out one by one is nobody (G-2).
        let shut_out = acme.grant_person(&globex, "view").await.id();
        globex.get(&path).await.expect_problem(403, "permission_required");
        assert_eq!(numbers(&confirm(&acme, &path, &[&acme.id]).await.expect(200)), [1, 0, 1, 0, 0, 0]);
        acme.post(format!("/v1/partner-grants/{shut_out}/revoke"), json!({})).await.expect(200);
        let reviews = format!("/v1/organizations/{}/contact-reviews", acme.organization_id);
        let next = globex.post(&reviews, ()).await.expect(201);
        assert_eq!(next["started_by"], globex.id);
        let next = review_path(&next);
        confirm(&acme, &next, &[&acme.id]).await.expect_problem(403, "own_record");
        assert_eq!(globex.get(&reviews).await.expect(200).rows().len(), 2);
        let confirmed = confirm(&globex, &next, &[&acme.id]).await.expect(200);
        assert_eq!(confirmed["status"], "closed");
        assert_eq!(acme.get(contact(&acme)).await.expect(200)["last_confirmed_by"], globex.id);
        let journal = world.journal(&acme.organization_id);
        let entry = journal.iter().rfind(|entry| entry.kind == EventKind::ContactConfirmed);
        assert_eq!(entry.and_then(|entry| entry.authority.grant).map(|grant| grant.to_string()), Some(grant.clone()));
        acme.post(format!("/v1/partner-grants/{grant}/revoke"), json!({})).await.expect(200);
        let last = review_path(&start(&acme).await.expect(201));
        confirm(&acme, &last, &[&acme.id]).await.expect(200);
        // Nobody is left: a partner's review of nobody is closed at once.
        acme.grant_organization(&globex, "full_admin").await;
        let disable = format!("{}/disable", contact(&acme));
        world.agent().await.post(disable, json!({"reason": "known to have left"})).await.expect(200);
        let nobody = globex.post(&reviews, ()).await.expect(201);
        assert_eq!((numbers(&nobody), &nobody["status"]), ([0, 0, 0, 0, 0, 0], &json!("closed")));
    }

    /// C-20: whoever disables, also the vendor, deals with the contact, and closes the review with the last one.
    async fn disabling_the_last_one_closes_a_review(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let agent = world.agent().await;
        let path = review_path(&start(&acme).await.expect(201));
        // The staff who keep records read it, and start none.
        agent.get(&path).await.expect(200);
        world.consultant().await.get(&path).await.expect_problem(403, "staff_only");
        for reader in [&agent, &world.consultant().await] {
            start(reader).await.expect_problem(403, "permission_required");
        }
        confirm(&tom, &path, &[&acme.id]).await.expect(200);
        agent.post(format!("{}/disable", contact(&tom)), json!({"reason": "left"})).await.expect(200);
        let closed = acme.get(&path).await.expect(200);
        assert_eq!((numbers(&closed), &closed["status"]), ([2, 0, 1, 0, 1, 0], &json!("closed")));
        let rows = acme.get(format!("{path}/contacts?outcome=disabled")).await.expect(200);
        assert_eq!(rows.column("decided_by"), [json!(agent.id)]);
        let journal = world.journal(&acme.organization_id);
        let entry = journal.iter().rfind(|entry| entry.kind == EventKind::ReviewClosed);
        assert_eq!(entry.and_then(|entry| entry.actor).map(|actor| actor.to_string()), Some(agent.id));
    }

    /// C-20, X-1: two who deal with the last two at the same moment, on two instances: the review closes, once.
    async fn two_managers_at_once_never_leave_a_review_open(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let ana = acme.contact("ana", "designated_support").await;
        let there = tom.at(&world.another_instance(&[]).await);
        for round in 0..20 {
            let (one, two) = tokio::join!(start(&acme), start(&there));
            let (review, other) = if one.status == 201 { (one, two) } else { (two, one) };
            let other = other.expect_problem(409, "review_open");
            assert_eq!((review.status, &other["about"]), (201, &json!([review["id"]])), "round {round}");
            let path = review_path(&review);
            if round % 2 == 0 {
                confirm(&acme, &path, &[&ana.id]).await.expect(200);
                let (tom_is, acme_is) = ([tom.id.as_str()], [acme.id.as_str()]);
                let (left, right) = tokio::join!(confirm(&acme, &path, &tom_is), confirm(&there, &path, &acme_is));
                left.expect(200);
                right.expect(200);
            } else {
                confirm(&acme, &path, &[&tom.id]).await.expect(200);
                let edit = json!({"phone": format!("555.{round}")});
                let own = [acme.id.as_str()];
                let (left, right) = tokio::join!(acme.patch(contact(&ana), edit), confirm(&there, &path, &own));
                left.expect(200);
                right.expect(200);
            }
            let closed = acme.get(&path).await.expect(200);
            assert_eq!((&closed["status"], &closed["pending"], &closed["version"]), (&json!("closed"), &json!(0), &json!(4)));
            let closings = kinds(&world, &acme, &review.id());
            assert_eq!(closings, [EventKind::ReviewStarted, EventKind::ReviewClosed], "round {round}");
        }
    }

    /// C-20: how often, an administrator decides for each organization.
    async fn an_organization_has_its_own_review_period(world: World) {
        let (admin, acme) = (world.admin().await, world.customer("Acme", "acme.example").await);
        let path = format!("/v1/organizations/{}", acme.organization_id);
        assert_eq!(acme.get(&path).await.expect(200)["review_period_days"], Value::Null);
        for days in [1, 30, 3_650] {
            let edited = admin.patch(&path, json!({"review_period_days": days})).await.expect(200);
            assert_eq!(edited["review_period_days"], days);
        }
        assert_eq!(admin.patch(&path, json!({"name": "Acme"})).await.expect(200)["review_period_days"], 3_650);
        for (days, code) in [(json!(0), "out_of_range"), (json!(3_651), "out_of_range"), (json!(-1), "out_of_range"), (json!("30"), "invalid_type"), (json!(1.5), "invalid_type")] {
            for refused in [
                admin.patch(&path, json!({"review_period_days": days})).await,
                admin.post("/v1/organizations", json!({"kind": "customer", "name": "Other", "first_contact": mandate_tests::person("ana@other.example"), "review_period_days": days})).await,
            ] {
                let refused = refused.expect_problem(422, "validation_failed");
                let error = &refused["errors"][0];
                assert_eq!((&error["pointer"], &error["code"]), (&json!("#/review_period_days"), &json!(code)), "{days}");
            }
        }
        acme.patch(&path, json!({"review_period_days": 30})).await.expect_problem(403, "staff_only");
        assert_eq!(admin.patch(&path, json!({"review_period_days": null})).await.expect(200)["review_period_days"], Value::Null);
        let body = json!({"kind": "customer", "name": "Other", "first_contact": mandate_tests::person("ana@other.example"), "review_period_days": 45});
        assert_eq!(admin.post("/v1/organizations", body).await.expect(201)["review_period_days"], 45);
        let journal = world.journal(&acme.organization_id);
        let last = journal.iter().rfind(|entry| entry.kind == EventKind::OrganizationUpdated).map(|entry| (entry.before.as_str(), entry.after.as_str()));
        assert_eq!(last, Some((r#"{"review_period_days":3650}"#, r#"{"review_period_days":null}"#)));
    }
}
