//! Partner grants: who makes them, to whom, and what both sides see of them (G-1, G-5 … G-8, G-10, X-2).

use mandate_core::journal::EventKind;
use mandate_tests::{Actor, Answer, Value, days, e2e, hours, json, snapshot, with};

/// The path of a grant.
pub(crate) fn grant_path(grant: &Answer) -> String {
    format!("/v1/partner-grants/{}", grant.id())
}

/// A whole organization as a grantee.
pub(crate) fn whole(anybody_of_it: &Actor) -> Value {
    json!({"type": "organization", "id": anybody_of_it.organization_id})
}

/// A contact or staff member as a grantee.
pub(crate) fn person(actor: &Actor) -> Value {
    let (kind, _) = actor.id.split_once('_').expect("ids have a prefix");
    json!({"type": kind, "id": actor.id})
}

/// Tries to make a grant.
pub(crate) async fn offer(grantor: &Actor, body: Value) -> Answer {
    grantor.post(grantor.own("partner-grants"), body).await
}

e2e! {
    /// G-1, G-10: the note is the grantor's own.
    async fn a_grant_is_made_to_a_partner_to_one_of_its_people_or_to_a_staff_member(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "knowledge_base").await;
        let consultant = world.consultant().await;
        let to_all = json!({
            "grantee": whole(&globex), "level": "view", "note": "migration project", "expires_at": world.after(days(90)),
            "acknowledge_organization_wide_visibility": true,
        });
        let to_all = offer(&acme, to_all).await.expect(201);
        snapshot!(to_all);
        let by_email = json!({"grantee": {"type": "contact", "email": eve.email}, "level": "create", "note": "only Eve"});
        let to_eve = offer(&acme, by_email).await.expect(201);
        snapshot!(to_eve);
        let body = json!({
            "grantee": person(&consultant), "level": "view", "expires_at": world.after(days(30)), "note": "too dear",
        });
        let to_staff = offer(&acme, body).await.expect(201);
        snapshot!(to_staff);

        assert_eq!(acme.get(grant_path(&to_eve)).await.expect(200)["note"], "only Eve");
        for (holder, grant) in [(&globex, &to_all), (&globex, &to_eve), (&eve, &to_eve), (&consultant, &to_staff)] {
            let seen = holder.get(grant_path(grant)).await.expect(200);
            assert_eq!((&seen["id"], &seen["note"]), (&grant["id"], &Value::Null), "{}", holder.email);
            let history = holder.get(format!("{}/history", grant_path(grant))).await.expect(200);
            assert_eq!(history.rows()[0]["after"].get("note"), None, "{}", holder.email);
        }
        // One person's grant is neither another person's nor another partner's business.
        let initech = world.partner("Initech", "initech.example").await;
        acme.grant_organization(&initech, "full_admin").await;
        for (other, grant) in [(&initech, &to_all), (&initech, &to_eve), (&eve, &to_staff), (&consultant, &to_eve)] {
            other.get(grant_path(grant)).await.expect_problem(404, "not_found");
            other.get(format!("{}/history", grant_path(grant))).await.expect_problem(404, "not_found");
        }
        let known = grant_path(&to_all);
        let same = acme.send("GET", &known, &[("if-none-match", "\"1\"")], ()).await;
        assert_eq!((same.status, same.bytes.len()), (304, 0));
    }

    /// G-1: everything that is wrong with a body is said at once.
    async fn a_grant_that_cannot_be_read_says_everything_that_is_wrong(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        snapshot!(offer(&acme, json!({})).await.expect(422));
        let body = json!({
            "grantee": {"type": "organization", "id": acme.id}, "level": "owner", "expires_at": "tomorrow", "wide": true,
        });
        snapshot!(offer(&acme, body).await.expect(422));
        let both = json!({"type": "contact", "id": acme.id, "email": acme.email});
        let by_email = json!({"type": "organization", "email": "info@globex.example"});
        for grantee in [both, by_email, json!({"type": "contact"}), json!({"type": "contact", "email": "eve"})] {
            let answer = offer(&acme, json!({"grantee": grantee, "level": "view"})).await;
            answer.expect_problem(422, "validation_failed");
        }
    }

    /// G-8
    async fn only_partners_their_active_people_and_staff_hold_grants(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        let initech = world.customer("Initech", "initech.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let zoe = globex.contact("zoe", "designated_support").await;
        globex.post(format!("/v1/contacts/{}/disable", zoe.id), json!({"reason": "left"})).await.expect(200);
        let (admin, gone) = (world.admin().await, world.staff("gone", &["consultant"]).await);
        admin.post(format!("/v1/staff/{}/disable", gone.id), json!({"reason": "left"})).await.expect(200);
        let terms = json!({"level": "view", "expires_at": world.after(days(1)),
            "acknowledge_organization_wide_visibility": true});
        for (grantor, grantee) in [
            (&acme, whole(&acme)),
            (&acme, person(&acme)),
            (&acme, person(&ben)),
            (&acme, whole(&initech)),
            (&acme, person(&initech)),
            (&acme, whole(&admin)),
            (&acme, person(&zoe)),
            (&acme, person(&gone)),
            (&acme, json!({"type": "organization", "id": "org_01h455vb4pex5vsknk084sn02q"})),
            (&acme, json!({"type": "contact", "id": "contact_01h455vb4pex5vsknk084sn02q"})),
            (&acme, json!({"type": "contact", "email": "nobody@globex.example"})),
            (&acme, json!({"type": "staff", "email": zoe.email})),
            (&globex, whole(&globex)),
            (&globex, person(&globex)),
        ] {
            let answer = offer(grantor, with(terms.clone(), json!({"grantee": grantee}))).await;
            answer.expect_problem(422, "grantee_not_allowed");
        }
        snapshot!(offer(&acme, with(terms, json!({"grantee": person(&zoe)}))).await);
        let all = "partner-grants?status=live&status=expired&status=revoked&status=ended";
        assert_eq!(acme.get(acme.own(all)).await.expect(200).rows().len(), 0);
    }

    /// G-8: what a partner was granted does not pass on.
    async fn a_partners_own_partner_gets_nothing_from_its_grants(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let initech = world.partner("Initech", "initech.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        globex.grant_organization(&initech, "full_admin").await;
        globex.grant_person(&initech, "full_admin").await;
        let (theirs, globex_own) = (acme.request("Acme's").await, globex.request("Globex's").await);
        let path = |request: &Answer| format!("/v1/service-requests/{}", request.id());
        globex.get(path(&theirs)).await.expect(200);
        initech.get(path(&theirs)).await.expect_problem(404, "not_found");
        initech.get(path(&globex_own)).await.expect(200);
        assert_eq!(initech.get("/v1/service-requests").await.expect(200).column("id"), [globex_own["id"].clone()]);
        initech.get(format!("/v1/organizations/{}", acme.organization_id)).await.expect_problem(404, "not_found");
        initech.get(acme.own("contacts")).await.expect_problem(404, "not_found");
        let me = initech.get("/v1/me").await.expect(200);
        assert_eq!(me["acts_for"].as_array().map(Vec::len), Some(1));
        assert_eq!(me["acts_for"][0]["organization_id"], globex.organization_id);
    }

    /// G-5, X-3a: nobody widens the grant they act by, and staff never grant themselves.
    async fn only_contact_managers_of_the_grantor_make_edit_and_revoke_grants(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.primary_contact("dan", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "manage_contacts").await;
        let initech = world.partner("Initech", "initech.example").await;
        let consultant = world.consultant().await;
        let to_globex = acme.grant_organization(&globex, "full_admin").await;
        let to_eve = acme.grant_person(&eve, "full_admin").await;
        let to_consultant = acme.grant_person(&consultant, "full_admin").await;
        let account_manager = world.staff("tam", &["technical_account_manager"]).await;
        let mut table = String::new();
        for (who, actor, grant) in [
            ("designated and primary contact of the grantor", &dan, &to_globex),
            ("partner with full_admin, its organization's grant", &globex, &to_globex),
            ("partner with full_admin, a colleague's grant", &globex, &to_eve),
            ("partner with full_admin, the own grant", &eve, &to_eve),
            ("consultant with full_admin, the own grant", &consultant, &to_consultant),
            ("consultant with full_admin, another's grant", &consultant, &to_eve),
            ("another partner", &initech, &to_globex),
            ("agent", &world.agent().await, &to_globex),
            ("administrator", &world.admin().await, &to_globex),
            ("technical account manager", &account_manager, &to_globex),
        ] {
            let body = json!({"grantee": person(&account_manager), "level": "view", "expires_at": world.after(days(1))});
            let made = actor.post(acme.own("partner-grants"), body).await;
            let edited = actor.patch(grant_path(grant), json!({"expires_at": null, "level": "view"})).await;
            let revoked = actor.post(format!("{}/revoke", grant_path(grant)), json!({"reason": "mine"})).await;
            table += &format!("{who}\n");
            for (what, answer) in [("make", made), ("edit", edited), ("revoke", revoked)] {
                let required = answer.body.get("required").map(Value::to_string).unwrap_or_default();
                table += &format!("    {what}: {} {} {required}\n", answer.status, answer.code());
            }
        }
        snapshot!(world.text("who may make, edit and revoke a grant", table));
        snapshot!(eve.patch(grant_path(&to_eve), json!({"level": "view"})).await.expect(403));
        for grant in [&to_globex, &to_eve, &to_consultant] {
            let now = acme.get(grant_path(grant)).await.expect(200);
            assert_eq!((&now["version"], &now["status"]), (&json!(1), &json!("live")));
        }
        let ana = acme.contact("ana", "manage_contacts").await;
        ana.patch(grant_path(&to_eve), json!({"level": "view"})).await.expect(200);
        // Without it she would have what all of Globex has, which a contact manager who is no primary support contact does not give.
        let revoked = ana.post(format!("{}/revoke", grant_path(&to_eve)), json!({})).await;
        revoked.expect_problem(403, "primary_support_contact_required");
        acme.post(format!("{}/revoke", grant_path(&to_eve)), json!({})).await.expect(200);
    }

    /// G-6
    async fn one_live_grant_per_grantee_is_edited_and_its_history_says_who_changed_what(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ana = acme.contact("ana", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let offered = json!({"grantee": person(&eve), "level": "view", "note": "first"});
        let grant = offer(&acme, offered.clone()).await.expect(201);
        snapshot!(offer(&ana, with(offered.clone(), json!({"level": "none"}))).await.expect_problem(409, "grant_exists"));
        // Another grantor, and another grantee, have their own.
        world.partner("Initech", "initech.example").await.grant_person(&eve, "view").await;
        acme.grant_organization(&globex, "cc").await;

        world.advance(hours(1));
        let path = grant_path(&grant);
        let edit = json!({"level": "create", "expires_at": world.after(days(7)), "note": "secret plans"});
        snapshot!(ana.send("PATCH", &path, &[("if-match", "\"1\"")], edit.clone()).await.expect(200));
        let stale = ana.send("PATCH", &path, &[("if-match", "\"1\"")], json!({"level": "view"})).await;
        snapshot!(stale.expect_problem(412, "version_mismatch"));
        assert_eq!(ana.patch(&path, edit).await.expect(200)["version"], 2);
        world.advance(days(7));
        // It is over: it is not edited any more, and makes room.
        ana.patch(&path, json!({"expires_at": null})).await.expect_problem(409, "invalid_transition");
        ana.post(format!("{path}/revoke"), json!({})).await.expect_problem(409, "invalid_transition");
        let second = offer(&ana, offered).await.expect(201);
        assert_ne!(second["id"], grant["id"]);
        ana.post(format!("{}/revoke", grant_path(&second)), json!({"reason": "project over"})).await.expect(200);
        acme.grant_person(&eve, "update").await;
        snapshot!(acme.get(format!("{path}/history")).await.expect(200));
        // The holder reads the same without the grantor's notes.
        snapshot!(eve.get(format!("{path}/history")).await.expect(200));
        snapshot!(acme.get(format!("{}/history", grant_path(&second))).await.expect(200));
    }

    /// G-7
    async fn what_a_whole_organization_will_see_must_be_acknowledged(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let old = acme.request("From the past").await;
        let globex = world.partner("Globex", "globex.example").await;
        let reader = globex.contact("rob", "designated_support").await;
        let kim = globex.contact("kim", "knowledge_base").await;
        let offered = json!({"grantee": whole(&globex), "level": "view"});
        snapshot!(offer(&acme, offered.clone()).await.expect_problem(422, "acknowledgement_required"));
        let denied = with(offered, json!({"acknowledge_organization_wide_visibility": false}));
        offer(&acme, denied).await.expect_problem(422, "acknowledgement_required");
        // `cc` shows nothing to all, and one person is one person.
        let grant = offer(&acme, json!({"grantee": whole(&globex), "level": "cc"})).await.expect(201);
        offer(&acme, json!({"grantee": person(&globex), "level": "full_admin"})).await.expect(201);
        let path = grant_path(&grant);
        let old = format!("/v1/service-requests/{}", old.id());
        for level in ["view", "full_admin"] {
            let raised = json!({"level": level});
            acme.patch(&path, raised.clone()).await.expect_problem(422, "acknowledgement_required");
            reader.get(&old).await.expect_problem(404, "not_found");
            assert_eq!(acme.get(&path).await.expect(200)["level"], "cc");
        }
        let known = json!({"acknowledge_organization_wide_visibility": true});
        acme.patch(&path, with(known.clone(), json!({"level": "update"}))).await.expect(200);
        // Every contact of `designated_support` or above sees everything, also what was there before.
        assert_eq!(reader.get(&old).await.expect(200)["subject"], "From the past");
        kim.get(&old).await.expect_problem(404, "not_found");
        // Going down and staying needs no word; going up again does.
        acme.patch(&path, json!({"note": "as before", "level": "update"})).await.expect(200);
        acme.patch(&path, json!({"level": "view"})).await.expect(200);
        acme.patch(&path, json!({"level": "update"})).await.expect_problem(422, "acknowledgement_required");
        acme.patch(&path, with(known, json!({"level": "update"}))).await.expect(200);
        offer(&acme, json!({"grantee": whole(&globex), "level": "none"})).await.expect_problem(422, "level_not_allowed");
        acme.patch(&path, json!({"level": "none"})).await.expect_problem(422, "level_not_allowed");
    }

    /// G-10
    async fn both_sides_list_their_grants_and_on_demand_the_ended_ones(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (eve, kim) = (globex.contact("eve", "designated_support").await, globex.contact("kim", "knowledge_base").await);
        let other = world.partner("Umbrella", "umbrella.example").await;
        let consultant = world.consultant().await;
        let wide = acme.grant_organization(&globex, "view").await;
        world.advance(hours(1));
        let terms = json!({"grantee": person(&eve), "level": "none", "expires_at": world.after(days(1))});
        let short = offer(&acme, terms).await.expect(201);
        let to_kim = acme.grant_person(&kim, "create").await;
        let to_other = acme.grant_organization(&other, "create").await;
        let to_staff = acme.grant_person(&consultant, "view").await;
        let by_initech = initech.grant_organization(&globex, "full_admin").await;
        acme.post(format!("{}/revoke", grant_path(&to_kim)), json!({"reason": "over"})).await.expect(200);
        world.advance(days(2));
        let again = acme.grant_person(&eve, "update").await;
        globex.post(format!("/v1/contacts/{}/disable", eve.id), json!({"reason": "left"})).await.expect(200);

        let made = acme.own("partner-grants");
        let held = globex.own("received-grants");
        let all = "status=live&status=expired&status=revoked&status=ended";
        snapshot!(acme.get(format!("{made}?{all}&limit=2")).await.expect(200));
        let soon = world.after(days(40));
        for (reader, path, query, expected) in [
            (&acme, &made, String::new(), vec![&to_staff, &to_other, &wide]),
            (&acme, &made, "status=revoked&status=ended".to_owned(), vec![&again, &to_kim]),
            (&acme, &made, "status=expired".to_owned(), vec![&short]),
            (&acme, &made, all.to_owned(), vec![&again, &to_staff, &to_other, &to_kim, &short, &wide]),
            (&acme, &made, "level=view".to_owned(), vec![&to_staff, &wide]),
            (&acme, &made, "level=create&level=view".to_owned(), vec![&to_staff, &to_other, &wide]),
            (&acme, &made, format!("{all}&grantee_type=contact"), vec![&again, &to_kim, &short]),
            (&acme, &made, "grantee_type=staff&grantee_type=contact".to_owned(), vec![&to_staff]),
            (&acme, &made, format!("grantee_id={}", globex.organization_id), vec![&wide]),
            (&acme, &made, format!("{all}&grantee_id={}", eve.id), vec![&again, &short]),
            (&acme, &made, format!("expires_before={soon}"), vec![&to_staff]),
            (&initech, &initech.own("partner-grants"), String::new(), vec![&by_initech]),
            (&globex, &held, String::new(), vec![&by_initech, &wide]),
            (&globex, &held, all.to_owned(), vec![&again, &by_initech, &to_kim, &short, &wide]),
            (&globex, &held, "level=full_admin".to_owned(), vec![&by_initech]),
        ] {
            let expected: Vec<Value> = expected.into_iter().map(|grant| grant["id"].clone()).collect();
            let (mut found, mut next) = (Vec::new(), format!("{path}?{query}&limit=1"));
            while !next.is_empty() {
                let page = reader.get(&next).await.expect(200);
                found.extend(page.column("id"));
                let cursor = page["next_cursor"].as_str();
                next = cursor.map(|cursor| format!("{path}?{query}&limit=1&cursor={cursor}")).unwrap_or_default();
            }
            assert_eq!(found, expected, "{path}?{query}");
        }
        snapshot!(globex.get(&held).await.expect(200));
        // Who has not designated support sees neither list; who is no party sees that nothing is there.
        kim.get(&held).await.expect_problem(403, "permission_required");
        kim.get(&made).await.expect_problem(404, "not_found");
        other.get(&held).await.expect_problem(404, "not_found");
        acme.get(&held).await.expect_problem(404, "not_found");
        world.agent().await.get(&held).await.expect(200);
        consultant.get(&made).await.expect_problem(403, "permission_required");
    }

    /// who, for whom, by which grant, what, before and after; no texts of messages, and nothing that did not happen.
    async fn every_change_stands_in_the_journal_with_the_grant_that_allowed_it(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let grant = acme.grant_organization(&globex, "create").await;
        let body = json!({"organization_id": acme.organization_id, "subject": "The printer is on fire",
            "category": "incident", "severity": 1, "message": "It burns."});
        let headers = [("x-request-id", "a-request-of-ours")];
        let request = globex.send("POST", "/v1/service-requests", &headers, body).await.expect(201);
        let path = format!("/v1/service-requests/{}", request.id());
        world.advance(hours(1));
        globex.patch(&path, json!({"severity": 2})).await.expect(200);
        globex.patch(&path, json!({"severity": 2})).await.expect(200);
        globex.patch(&path, json!({"status": "closed"})).await.expect(403);
        let agent = world.agent().await;
        agent.post(format!("{path}/messages"), json!({"body": "Only we know", "internal": true})).await.expect(201);
        agent.reply(&request.id(), "Put it out.").await;
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({"reason": "over"})).await.expect(200);
        globex.patch(&path, json!({"severity": 3})).await.expect(404);

        let entries = world.journal(&acme.organization_id);
        let lines = entries.iter().map(|entry| {
            let actor = entry.actor.map_or_else(|| "system".to_owned(), |actor| actor.to_string());
            let grant = entry.authority.grant.map_or_else(|| "no grant".to_owned(), |grant| grant.to_string());
            format!(
                "{} {} {:?} {}\n    by {actor} for {} by {grant}\n    before {}\n    after  {}\n",
                entry.sequence, entry.at, entry.kind, entry.subject, entry.authority.acting_for, entry.before, entry.after
            )
        });
        snapshot!(world.text("the journal of the customer", lines.collect::<String>()));
        let ours: Vec<_> = entries.iter().filter(|entry| entry.origin.request_id == "a-request-of-ours").collect();
        assert_eq!(ours.len(), 2, "the request and its first message");
        assert!(ours.iter().all(|entry| entry.origin.address.is_some_and(|address| address.is_loopback())));
        // The note is in the vendor's journal, so that the customer's numbers show no gap.
        let vendor = world.journal(&agent.organization_id);
        let notes = vendor.iter().filter(|entry| entry.kind == EventKind::NoteCreated);
        assert_eq!(notes.count(), 1);
        assert!(!entries.iter().chain(&vendor).any(|entry| entry.after.contains("Only we know")));
    }
}
