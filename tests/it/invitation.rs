//! Invitations: who invites whom, and what becomes of it (C-13, C-14).

use mandate_tests::{Actor, Answer, Mail, Value, World, days, e2e, hours, json, person, seconds, snapshot, with};

/// Creates a contact elsewhere whose email is in Acme's domain, and who follows the welcome link.
pub(crate) async fn abroad(world: &World, home: &Actor, name: &str, members: Value) -> Actor {
    let welcome = invited_abroad(world, home, name, members).await;
    world.instance().accept(&welcome).await
}

/// The same, but they do not follow the link.
pub(crate) async fn invited_abroad(world: &World, home: &Actor, name: &str, members: Value) -> Mail {
    let email = format!("{name}@acme.example");
    let body = with(with(person(&email), json!({"permission": "designated_support"})), members);
    home.post(home.own("contacts"), body).await.expect(201);
    world.mail(&email, "welcome").await
}

/// Invites somebody to the actor's own organization.
pub(crate) async fn invite(manager: &Actor, email: &str, members: Value) -> Answer {
    let body = with(json!({"email": email, "permission": "designated_support"}), members);
    manager.post(manager.own("invitations"), body).await
}

/// Accepts the invitation of a token.
pub(crate) async fn accept(world: &World, token: &str) -> Answer {
    world.anonymous().post("/v1/invitations/accept", json!({"token": token})).await
}

/// The token in the n-th invitation to an address.
pub(crate) async fn token(world: &World, email: &str, n: usize) -> String {
    world.mailbox().nth(email, "invitation", n).await.token()
}

fn path(invitation: &Answer) -> String {
    format!("/v1/invitations/{}", invitation.id())
}

/// What somebody sees who tries to tell two answers apart.
fn visible(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    (answer.status, body)
}

e2e! {
    /// C-13, C-14: what is offered, to whom, and what is refused.
    async fn a_manager_invites_a_contact_of_another_organization(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let olga = abroad(&world, &zenith, "olga", json!({"locale": "es"})).await;
        // Creating them says so.
        let body = with(person(&olga.email), json!({"permission": "designated_support"}));
        let refused = acme.post(acme.own("contacts"), body).await;
        let refused = refused.expect_problem(409, "contact_in_other_organization");
        assert_eq!(refused["invitation_available"], true);
        world.advance(hours(1));
        let members = json!({"type": "primary_support", "permission": "manage_contacts", "duties": ["it", "security", "it"]});
        let created = invite(&acme, &olga.email, members).await.expect(201);
        snapshot!(created);
        assert_eq!(created.header("location"), Some(path(&created).as_str()));
        assert_eq!(acme.get(path(&created)).await.expect(200).body, created.body);
        // Nothing of who they are, before they came.
        for told in [&olga.id, "Olga", "Zenith", &zenith.organization_id] {
            assert!(!created.text().contains(told), "{told} in {created}");
        }
        let mail = world.mail(&olga.email, "invitation").await;
        assert_eq!(mail.subject, "Acme le invita a representarla ante el servicio de soporte");
        for part in ["Olga Acme", "Manager Acme", "Zenith", "olga@acme.example", "2026-03-08 10:00 (UTC)"] {
            assert!(mail.text.contains(part) && mail.html.contains(part), "`{part}` is missing in\n{}", mail.text);
        }
        let link = format!("http://mandate.example/invitation?token={}", mail.token());
        assert!(mail.text.lines().any(|line| line == link), "{}", mail.text);
        assert!(mail.html.contains(&format!("<a href=\"{link}\"")), "{}", mail.html);
        // Once is enough; another organization may invite them as well.
        let again = invite(&acme, &olga.email, json!({})).await.expect_problem(409, "invitation_exists");
        assert_eq!(again["about"], json!([created.id()]));
        let tom = acme.contact("tom", "manage_contacts").await;
        invite(&tom, &olga.email, json!({})).await.expect_problem(409, "invitation_exists");
        // Who manages contacts sees it; who is invited, and where they are, not.
        assert_eq!(tom.get(path(&created)).await.expect(200).body, created.body);
        for stranger in [&olga, &zenith] {
            stranger.get(path(&created)).await.expect_problem(404, "not_found");
            stranger.post(format!("{}/cancel", path(&created)), ()).await.expect_problem(404, "not_found");
            stranger.get(acme.own("invitations")).await.expect_problem(404, "not_found");
        }
        let key = [("idempotency-key", "one"), ("content-type", "application/json")];
        let pia = abroad(&world, &zenith, "pia", json!({})).await;
        let body = json!({"email": pia.email, "permission": "knowledge_base"});
        let first = acme.send("POST", &acme.own("invitations"), &key, body.clone()).await.expect(201);
        let replayed = acme.send("POST", &acme.own("invitations"), &key, body).await.expect(201);
        assert_eq!((first.body, replayed.header("idempotent-replayed")), (replayed.body.clone(), Some("true")));
    }

    /// C-2, C-7, C-10, C-13, O-2: each with its own answer, and nobody is probed.
    async fn not_everybody_can_be_invited(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let olga = abroad(&world, &zenith, "olga", json!({})).await;
        let tom = acme.contact("tom", "manage_contacts").await;
        for (members, pointer, code) in [
            (json!({"email": null}), "#/email", "required"),
            (json!({"email": "olga"}), "#/email", "email_invalid"),
            (json!({"email": "Olga@acme.example"}), "#/email", "email_not_lower_case"),
            (json!({"email": format!("{}@acme.example", "a".repeat(250))}), "#/email", "too_long"),
            (json!({"permission": null}), "#/permission", "required"),
            (json!({"permission": "root"}), "#/permission", "invalid_value"),
            (json!({"type": "boss"}), "#/type", "invalid_value"),
            (json!({"duties": ["it", "gardening"]}), "#/duties/1", "invalid_value"),
            (json!({"first_name": "Olga"}), "#/first_name", "unknown_member"),
        ] {
            let refused = invite(&acme, &olga.email, members.clone()).await.expect_problem(422, "validation_failed");
            let error = &refused["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{members}");
        }
        snapshot!(invite(&acme, "olga", json!({"permission": 1, "type": "x", "who": null})).await.expect(422));
        let primary = json!({"type": "primary_support"});
        let refused = invite(&tom, &olga.email, primary.clone()).await;
        snapshot!(refused.expect_problem(403, "primary_support_contact_required"));
        let reader = with(primary, json!({"permission": "knowledge_base"}));
        invite(&acme, &olga.email, reader).await.expect_problem(422, "contact_combination_invalid");
        snapshot!(invite(&acme, &zenith.email, json!({})).await.expect_problem(422, "invitation_not_available"));
        // Whether somebody has an address that is not one's own makes no difference.
        let known = invite(&acme, &zenith.email, json!({})).await;
        let unknown = invite(&acme, "nobody@zenith.example", json!({})).await;
        let text = |answer: &Answer| visible(answer).1.to_string().replace("nobody@", "manager@");
        assert_eq!((text(&known), known.status), (text(&unknown), unknown.status));
        snapshot!(invite(&acme, "nobody@acme.example", json!({})).await.expect_problem(422, "invitation_not_available"));
        let here = invite(&acme, &tom.email, json!({})).await.expect_problem(409, "contact_exists");
        assert_eq!(here["about"], json!([tom.id]));
        // Vendor staff are barred; who acts by a grant invites nobody but people of the customer's own domains (C-9).
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        let body = json!({"email": "agent@vendor.example", "permission": "knowledge_base"});
        acme.post(acme.own("invitations"), body.clone()).await.expect_problem(422, "invitation_not_available");
        consultant.post(acme.own("invitations"), body).await.expect_problem(403, "outside_customer_domains");
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let eve = globex.contact("eve", "designated_support").await;
        let body = |email: &str| json!({"email": email, "permission": "knowledge_base"});
        globex.post(acme.own("invitations"), body(&eve.email)).await.expect_problem(403, "outside_customer_domains");
        let created = globex.post(acme.own("invitations"), body(&olga.email)).await.expect(201);
        assert_eq!(created["organization_id"], acme.organization_id);
        let entries = world.journal(&acme.organization_id);
        let entry = entries.iter().find(|entry| entry.subject.to_string() == created.id());
        assert!(entry.is_some_and(|entry| entry.authority.grant.is_some()), "by which grant (X-2)");
    }

    /// C-14: pending, accepted, cancelled or expired; newest first.
    async fn invitations_are_listed_by_what_became_of_them(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let mut made = Vec::new();
        for name in ["one", "two", "three", "four"] {
            invited_abroad(&world, &zenith, name, json!({})).await;
            made.push(invite(&acme, &format!("{name}@acme.example"), json!({})).await.expect(201));
            world.advance(seconds(1));
        }
        accept(&world, &token(&world, "one@acme.example", 1).await).await.expect(200);
        acme.post(format!("{}/cancel", path(&made[1])), ()).await.expect(200);
        world.advance(days(7));
        invited_abroad(&world, &zenith, "five", json!({})).await;
        made.push(invite(&acme, "five@acme.example", json!({})).await.expect(201));
        // The expired one makes room for another.
        made.push(invite(&acme, "three@acme.example", json!({})).await.expect(201));
        let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
        let expected = |numbers: &[usize]| numbers.iter().map(|number| json!(made[*number].id())).collect::<Vec<_>>();
        let list = |query: &str| acme.get(acme.own(&format!("invitations{query}")));
        snapshot!(list("").await.expect(200));
        for (query, numbers) in [
            ("?status=pending", &[5, 4][..]),
            ("?status=accepted", &[0]),
            ("?status=cancelled", &[1]),
            ("?status=expired", &[3, 2]),
            ("?status=accepted&status=cancelled&status=accepted", &[1, 0]),
        ] {
            let found = list(query).await.expect(200);
            // Those of one moment are in the order of their ids.
            let mut found = ids(found.rows());
            let mut expected = expected(numbers);
            found.sort_by_key(Value::to_string);
            expected.sort_by_key(Value::to_string);
            assert_eq!(found, expected, "{query}");
        }
        let whole = ids(list("").await.expect(200).rows());
        let pages = crate::request_list::all_pages(&acme, &acme.own("invitations"), 2).await;
        assert_eq!(ids(&pages), whole);
        list("?state=pending").await.expect_problem(422, "validation_failed");
        list("?status=lost").await.expect_problem(422, "validation_failed");
        assert_eq!(zenith.get(zenith.own("invitations")).await.expect(200).rows(), &[] as &[Value]);
        // What expired has no entity tag, for it changed without a version.
        assert_eq!(acme.get(path(&made[3])).await.expect(200).header("etag"), None);
        assert_eq!(acme.get(path(&made[2])).await.expect(200).header("etag"), Some("\"2\""));
        world.journal(&acme.organization_id);
    }

    /// C-14: at once, and only while it is pending.
    async fn a_pending_invitation_is_cancelled(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let olga = abroad(&world, &zenith, "olga", json!({})).await;
        let created = invite(&acme, &olga.email, json!({})).await.expect(201);
        let cancel = format!("{}/cancel", path(&created));
        let first = token(&world, &olga.email, 1).await;
        let dan = acme.contact("dan", "designated_support").await;
        dan.post(&cancel, ()).await.expect_problem(403, "permission_required");
        dan.get(path(&created)).await.expect_problem(403, "permission_required");
        acme.post(&cancel, json!({"reason": "no"})).await.expect_problem(422, "validation_failed");
        acme.send("POST", &cancel, &[("if-match", "\"2\"")], ()).await.expect_problem(412, "version_mismatch");
        snapshot!(acme.send("POST", &cancel, &[("if-match", "\"1\"")], ()).await.expect(200));
        accept(&world, &first).await.expect_problem(422, "invalid_link");
        let refused = acme.post(&cancel, ()).await.expect_problem(409, "invalid_transition");
        assert_eq!(refused["current_status"], "cancelled");
        // The next one has its own link.
        let next = invite(&acme, &olga.email, json!({})).await.expect(201);
        let second = token(&world, &olga.email, 2).await;
        accept(&world, &first).await.expect_problem(422, "invalid_link");
        accept(&world, &second).await.expect(200);
        let refused = acme.post(format!("{}/cancel", path(&next)), ()).await.expect_problem(409, "invalid_transition");
        assert_eq!(refused["current_status"], "accepted");
        let pia = abroad(&world, &zenith, "pia", json!({})).await;
        let over = invite(&acme, &pia.email, json!({})).await.expect(201);
        world.advance(days(7));
        let refused = acme.post(format!("{}/cancel", path(&over)), ()).await.expect_problem(409, "invalid_transition");
        assert_eq!(refused["current_status"], "expired");
    }

    /// C-14, X-1: one and the same answer, whatever is wrong.
    async fn a_link_that_is_not_good_says_no_more(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let nothing = accept(&world, "nothing").await.expect_problem(422, "invalid_link");
        snapshot!(nothing);
        let same = |answer: Answer| assert_eq!(visible(&answer), visible(&nothing), "{answer}");
        let tom = acme.contact("tom", "manage_contacts").await;
        let mut tokens = Vec::new();
        for name in ["used", "expired", "disabler", "demoted", "suspended"] {
            let olga = abroad(&world, &zenith, name, json!({})).await;
            let inviter = if name == "expired" { &acme } else { &tom };
            invite(inviter, &olga.email, json!({})).await.expect(201);
            tokens.push(token(&world, &olga.email, 1).await);
        }
        accept(&world, &tokens[0]).await.expect(200);
        same(accept(&world, &tokens[0]).await);
        // An organization that is suspended takes nobody in.
        let admin = world.admin().await;
        admin.post(acme.own("suspend"), ()).await.expect(200);
        same(accept(&world, &tokens[4]).await);
        admin.post(acme.own("resume"), ()).await.expect(200);
        accept(&world, &tokens[4]).await.expect(200);
        // Whoever invited could not do it any more.
        let record = format!("/v1/contacts/{}", tom.id);
        acme.patch(&record, json!({"permission": "designated_support"})).await.expect(200);
        same(accept(&world, &tokens[3]).await);
        acme.patch(&record, json!({"permission": "manage_contacts"})).await.expect(200);
        accept(&world, &tokens[3]).await.expect(200);
        acme.post(format!("{record}/disable"), json!({"reason": "left"})).await.expect(200);
        same(accept(&world, &tokens[2]).await);
        world.advance(days(7));
        same(accept(&world, &tokens[1]).await);
        // Links for something else, and what is no link.
        world.anonymous().post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
        let reset = world.mail(&acme.email, "password_reset").await.token();
        for token in [reset.as_str(), "", "\u{e9}", &"A".repeat(9_000)] {
            same(accept(&world, token).await);
        }
        // … and the link of an invitation sets no password.
        let pia = abroad(&world, &zenith, "pia", json!({})).await;
        invite(&acme, &pia.email, json!({})).await.expect(201);
        let body = json!({"token": token(&world, &pia.email, 1).await, "password": "a brand new password"});
        for path in ["/v1/welcome/confirm", "/v1/password-resets/confirm"] {
            world.anonymous().post(path, body.clone()).await.expect_problem(422, "invalid_link");
        }
        let nobody = world.anonymous();
        let bad_key = [("idempotency-key", "no blanks")];
        let refused = nobody.send("POST", "/v1/invitations/accept", &bad_key, json!({"token": "nothing"})).await;
        refused.expect_problem(400, "invalid_idempotency_key");
        nobody.post("/v1/invitations/accept", json!({"tokens": []})).await.expect_problem(422, "validation_failed");
        nobody.post("/v1/invitations/accept", json!({"token": 1})).await.expect_problem(422, "validation_failed");
    }
}
