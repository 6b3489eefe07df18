//! Contacts who go over to the organization that invited them (C-11, C-14, G-12).

use mandate_tests::{Actor, Answer, PASSWORD, Value, World, e2e, json, minutes, snapshot};

use crate::invitation::{abroad, accept, invite, invited_abroad, token};

fn contact(id: &str) -> String {
    format!("/v1/contacts/{id}")
}

async fn sign_in(world: &World, email: &str) -> Answer {
    world.anonymous().post("/v1/sessions", json!({"email": email, "password": PASSWORD})).await
}

async fn point_of_contact(reader: &Actor, request: &str) -> Value {
    reader.get(format!("/v1/service-requests/{request}")).await.expect(200)["point_of_contact"]["id"].clone()
}

async fn disable(manager: &Actor, id: &str) -> Answer {
    manager.post(format!("{}/disable", contact(id)), json!({"reason": "left the company"})).await
}

e2e! {
    /// C-14: they belong to the inviting organization, and the old one keeps a record.
    async fn an_invited_contact_comes_over(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let zoe = zenith.contact("zoe", "manage_contacts").await;
        let profile = json!({"phone": "+1.650.555.0100", "time_zone": "America/Sao_Paulo", "locale": "pt-BR", "duties": ["security"]});
        let olga = abroad(&world, &zenith, "olga", profile).await;
        let elsewhere = world.sign_in(&olga.email).await;
        let review = zenith.post(zenith.own("contact-reviews"), ()).await.expect(201).id();
        let open = olga.request("The printer is on fire").await.id();
        olga.reply(&open, "It still is.").await;
        world.anonymous().post("/v1/password-resets", json!({"email": olga.email})).await.expect(202);
        let reset = world.mail(&olga.email, "password_reset").await.token();
        invite(&acme, &olga.email, json!({"permission": "manage_contacts", "duties": ["it"]})).await.expect(201);
        let mail = world.mail(&olga.email, "invitation").await;
        world.advance(minutes(5));
        let accepted = accept(&world, &mail.token()).await.expect(200);
        snapshot!(accepted);
        let new = accepted["contact_id"].as_str().unwrap_or_default().to_owned();
        // In the list of the one and, as history, of the other.
        let here = acme.get(contact(&new)).await.expect(200);
        snapshot!(here);
        assert_eq!(here["created_by"], acme.id);
        let there = zenith.get(contact(&olga.id)).await.expect(200);
        assert_eq!((&there["status"], &there["email"]), (&json!("transferred"), &json!(olga.email)));
        let listed = zenith.get(zenith.own("contacts?status=transferred")).await.expect(200);
        assert_eq!(listed.column("id"), [json!(olga.id)]);
        acme.get(contact(&olga.id)).await.expect_problem(404, "not_found");
        zenith.get(contact(&new)).await.expect_problem(404, "not_found");
        // In the review of those whom they left, they are dealt with (C-20).
        let review = zenith.get(format!("/v1/contact-reviews/{review}")).await.expect(200);
        assert_eq!((&review["transferred"], &review["pending"]), (&json!(1), &json!(2)));
        // Every sign-in and link of theirs is over; the password is the same.
        for old in [&olga, &elsewhere] {
            let old = old.with_token(&old.access_token());
            old.get("/v1/me").await.expect_problem(401, "unauthenticated");
        }
        let refresh = json!({"refresh_token": olga.refresh_token()});
        let refused = world.anonymous().post("/v1/sessions/refresh", refresh).await;
        refused.expect_problem(401, "invalid_refresh_token");
        let body = json!({"token": reset, "password": "a brand new password"});
        let refused = world.anonymous().post("/v1/password-resets/confirm", body).await;
        refused.expect_problem(422, "invalid_link");
        let again = world.sign_in(&olga.email).await;
        assert_eq!((&again.id, &again.organization_id), (&new, &acme.organization_id));
        // What they may do, they may do here, and not there any more.
        again.get(acme.own("contacts")).await.expect(200);
        again.get(zenith.own("contacts")).await.expect_problem(404, "not_found");
        again.get(format!("/v1/service-requests/{open}")).await.expect_problem(404, "not_found");
        // Their past keeps naming them, and what was open has somebody else to be worked with.
        let request = zenith.get(format!("/v1/service-requests/{open}")).await.expect(200);
        let submitter = json!({"id": olga.id, "name": "Olga Acme", "organization_id": zenith.organization_id});
        assert_eq!((&request["submitted_by"], &request["point_of_contact"]["id"]), (&submitter, &json!(zenith.id)));
        let messages = zenith.get(format!("/v1/service-requests/{open}/messages")).await.expect(200);
        assert!(messages.column("author").iter().all(|author| author["id"] == olga.id), "{messages}");
        // The old record is history.
        for (verb, body) in [("disable", json!({"reason": "left"})), ("enable", json!({})), ("resend-welcome", json!({}))] {
            let refused = zenith.post(format!("{}/{verb}", contact(&olga.id)), body).await;
            assert_eq!(refused.expect_problem(409, "invalid_transition")["current_status"], "transferred");
        }
        let refused = zenith.patch(contact(&olga.id), json!({"duties": []})).await;
        refused.expect_problem(409, "invalid_transition");
        // Those who have to do with it are told.
        let told = world.mail(&acme.email, "invitation_accepted").await;
        assert!(told.text.contains("Olga Acme") && told.text.contains("olga@acme.example"), "{}", told.text);
        for manager in [&zenith, &zoe] {
            let told = world.mail(&manager.email, "contact_transferred").await;
            assert!(told.text.contains("Zenith") && told.html.contains("olga@acme.example"), "{}", told.text);
        }
        for organization in [&acme, &zenith] {
            world.journal(&organization.organization_id);
        }
        // Their email is theirs; they can be invited back.
        let back = zenith.get(zenith.own("contacts?email=olga@acme.example")).await.expect(200);
        assert_eq!(back.rows().len(), 1);
    }

    /// C-11: the last guard stays, and the link good.
    async fn nobody_leaves_an_organization_unguarded(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let admin = world.admin().await;
        let first = json!({"email": "olga@acme.example", "first_name": "Olga", "last_name": "Acme"});
        let zenith = json!({"kind": "customer", "name": "Zenith", "domains": [], "first_contact": first});
        admin.post("/v1/organizations", zenith).await.expect(201);
        let olga = world.instance().accept(&world.mail("olga@acme.example", "welcome").await).await;
        let pia = invited_abroad(&world, &olga, "pia", json!({"permission": "manage_contacts"})).await;
        let invitation = invite(&acme, &olga.email, json!({})).await.expect(201);
        let token = token(&world, &olga.email, 1).await;
        snapshot!(accept(&world, &token).await.expect_problem(409, "last_contact_manager"));
        world.instance().accept(&pia).await;
        snapshot!(accept(&world, &token).await.expect_problem(409, "last_primary_support_contact"));
        let pia = world.sign_in("pia@acme.example").await;
        olga.patch(contact(&pia.id), json!({"type": "primary_support"})).await.expect(200);
        let path = format!("/v1/invitations/{}", invitation.id());
        assert_eq!(acme.get(&path).await.expect(200)["status"], "pending");
        accept(&world, &token).await.expect(200);
        assert_eq!(acme.get(&path).await.expect(200)["status"], "accepted");
        assert_eq!(world.sign_in(&olga.email).await.organization_id, acme.organization_id);
    }

    /// C-12, C-13, C-14: who cannot sign in sets a password with a welcome link; a disabled contact's email is not lost.
    async fn who_has_no_good_password_is_welcomed(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let gone = abroad(&world, &zenith, "gone", json!({})).await;
        disable(&zenith, &gone.id).await.expect(200);
        let welcome = invited_abroad(&world, &zenith, "ida", json!({})).await;
        // A record that is disabled holds no address: they are created, and not invited.
        invite(&acme, "gone@acme.example", json!({})).await.expect_problem(422, "invitation_not_available");
        let created = acme.invited("gone", json!({"permission": "designated_support"})).await.id();
        invite(&acme, "ida@acme.example", json!({})).await.expect(201);
        let accepted = accept(&world, &token(&world, "ida@acme.example", 1).await).await.expect(200);
        let came = accepted["contact_id"].as_str().unwrap_or_default().to_owned();
        for (email, id) in [("gone@acme.example", created), ("ida@acme.example", came)] {
            let record = acme.get(contact(&id)).await.expect(200);
            assert_eq!((&record["status"], &record["disabled_reason"]), (&json!("invited"), &Value::Null));
            sign_in(&world, email).await.expect_problem(401, "invalid_credentials");
            let newer = world.mailbox().nth(email, "welcome", 2).await;
            let again = world.instance().accept(&newer).await;
            assert_eq!((again.id, again.organization_id), (id, acme.organization_id.clone()));
        }
        let body = json!({"token": welcome.token(), "password": PASSWORD});
        world.anonymous().post("/v1/welcome/confirm", body).await.expect_problem(422, "invalid_link");
    }

    /// G-12, C-15: what was granted to them ends, and what others offered them, too.
    async fn grants_and_invitations_around_who_leaves_end(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = abroad(&world, &globex, "eve", json!({"permission": "manage_contacts"})).await;
        let grant = initech.grant_person(&eve, "full_admin").await.id();
        let request = eve.request_for(&initech.organization_id, "The printer is on fire").await.id();
        assert_eq!(point_of_contact(&initech, &request).await, eve.id);
        // She invited somebody herself, and two organizations invite her.
        let uma = world.customer("Umbrella", "umbrella.example").await;
        let ken = json!({"email": "ken@globex.example", "first_name": "Ken", "last_name": "Globex", "permission": "knowledge_base"});
        uma.post(uma.own("contacts"), ken).await.expect(201);
        let hers = invite(&eve, "ken@globex.example", json!({})).await.expect(201);
        let to_ken = token(&world, "ken@globex.example", 1).await;
        invite(&acme, &eve.email, json!({})).await.expect(201);
        let accepted = accept(&world, &token(&world, &eve.email, 1).await).await.expect(200);
        let ended = initech.get(format!("/v1/partner-grants/{grant}")).await.expect(200);
        assert_eq!((&ended["status"], &ended["grantee"]["id"]), (&json!("ended"), &json!(eve.id)));
        assert_eq!(point_of_contact(&initech, &request).await, initech.id, "the submitter left, so it is a primary support contact's");
        let hers = globex.get(format!("/v1/invitations/{}", hers.id())).await.expect(200);
        assert_eq!(hers["status"], "cancelled");
        accept(&world, &to_ken).await.expect_problem(422, "invalid_link");
        let again = world.sign_in(&eve.email).await;
        assert_eq!(json!(again.id), accepted["contact_id"]);
        again.get(format!("/v1/service-requests/{request}")).await.expect_problem(404, "not_found");
        assert_eq!(again.get("/v1/me").await.expect(200)["acts_for"], json!([]));
        for organization in [&acme, &initech, &globex] {
            world.journal(&organization.organization_id);
        }
    }

    /// C-14: of two invitations at once one is made, and of two accepts at once one counts.
    async fn of_two_accepts_at_once_one_wins(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let there = world.another_instance(&[]).await;
        let nobody = world.anonymous().at(&there);
        let tom = acme.contact("tom", "manage_contacts").await.at(&there);
        for round in 0..10 {
            let olga = abroad(&world, &zenith, &format!("olga{round}"), json!({})).await;
            let (one, other) =
                tokio::join!(invite(&acme, &olga.email, json!({})), invite(&tom, &olga.email, json!({})));
            let (invitation, loser) = if one.status == 201 { (one, other) } else { (other, one) };
            loser.expect_problem(409, "invitation_exists");
            let invitation = invitation.expect(201);
            let token = token(&world, &olga.email, 1).await;
            let (one, other) = tokio::join!(
                accept(&world, &token),
                nobody.post("/v1/invitations/accept", json!({"token": token}))
            );
            let (winner, loser) = if one.status == 200 { (one, other) } else { (other, one) };
            loser.expect_problem(422, "invalid_link");
            let contact_id = winner.expect(200)["contact_id"].clone();
            let now = acme.get(format!("/v1/invitations/{}", invitation.id())).await.expect(200);
            assert_eq!(now["contact_id"], contact_id, "round {round}");
            let rows = acme.get(acme.own(&format!("contacts?email={}", olga.email))).await.expect(200);
            assert_eq!(rows.column("id"), [contact_id], "round {round}");
        }
        world.journal(&acme.organization_id);
        world.journal(&zenith.organization_id);
    }

    /// C-13, C-14: two organizations invite one person, because the domain went from one to the other; they accept both at once, and
    /// one gets them.
    async fn of_two_organizations_that_invite_one_gets_them(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let umbrella = world.customer("Umbrella", "umbrella.example").await;
        let admin = world.admin().await;
        let there = world.another_instance(&[]).await;
        let nobody = world.anonymous().at(&there);
        for round in 0..10 {
            let domain = format!("sub{round}.acme.example");
            let email = format!("olga@{domain}");
            let body = json!({"email": email, "first_name": "Olga", "last_name": "Zenith", "permission": "designated_support"});
            zenith.post(zenith.own("contacts"), body).await.expect(201);
            invite(&umbrella, &email, json!({})).await.expect_problem(422, "invitation_not_available");
            let by_acme = invite(&acme, &email, json!({})).await.expect(201).id();
            let domains = json!({"domains": ["umbrella.example", domain]});
            admin.patch(format!("/v1/organizations/{}", umbrella.organization_id), domains).await.expect(200);
            let made = [by_acme, invite(&umbrella, &email, json!({})).await.expect(201).id()];
            let (first, second) = (token(&world, &email, 1).await, token(&world, &email, 2).await);
            let (one, other) = tokio::join!(
                accept(&world, &first),
                nobody.post("/v1/invitations/accept", json!({"token": second}))
            );
            let (winner, loser) = if one.status == 200 { (one, other) } else { (other, one) };
            loser.expect_problem(422, "invalid_link");
            winner.expect(200);
            let mut statuses = Vec::new();
            for (manager, id) in [(&acme, &made[0]), (&umbrella, &made[1])] {
                statuses.push(manager.get(format!("/v1/invitations/{id}")).await.expect(200)["status"].clone());
            }
            statuses.sort_by_key(Value::to_string);
            assert_eq!(statuses, ["accepted", "cancelled"], "round {round}");
        }
        for organization in [&acme, &zenith, &umbrella] {
            world.journal(&organization.organization_id);
        }
    }

    /// C-11, X-1: one leaves while the other is disabled: somebody is always left.
    async fn leaving_and_disabling_at_once_leave_a_guard(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let there = world.another_instance(&[]).await;
        let agent = world.admin().await;
        for round in 0..12 {
            let (olga, pia) = (format!("olga{round}@acme.example"), format!("pia{round}@acme.example"));
            let first = json!({"email": olga, "first_name": "Olga", "last_name": "Acme"});
            let body = json!({"kind": "customer", "name": format!("Zenith {round}"), "domains": [], "first_contact": first});
            agent.post("/v1/organizations", body).await.expect(201);
            let olga = world.instance().accept(&world.mail(&olga, "welcome").await).await;
            let pia = {
                let members = json!({"type": "primary_support", "permission": "manage_contacts"});
                abroad(&world, &olga, pia.trim_end_matches("@acme.example"), members).await
            };
            invite(&acme, &pia.email, json!({})).await.expect(201);
            let token = token(&world, &pia.email, 1).await;
            // Pia leaves while she disables Olga; a round in two, Olga disables Pia, who is on her way.
            let (by, whom) = if round % 2 == 0 { (&pia, &olga) } else { (&olga, &pia) };
            let (by, whom) = (by.at(&there), whom.id.clone());
            let (accepted, disabled) = tokio::join!(accept(&world, &token), disable(&by, &whom));
            let managers = agent.get(olga.own("contact-managers")).await.expect(200);
            let ids = managers.column("id");
            if round % 2 == 0 {
                assert_ne!(accepted.status, disabled.status, "round {round}: {accepted}\n{disabled}");
                assert_eq!(ids.len(), 1, "round {round}: {managers}");
                let is_documented =
                    matches!(accepted.code(), "" | "last_contact_manager") && matches!(disabled.code(), "" | "unauthenticated");
                assert!(is_documented, "round {round}: {accepted}\n{disabled}");
            } else {
                assert_eq!(ids, [json!(olga.id)], "round {round}");
                let is_documented = matches!(accepted.code(), "" | "invalid_link")
                    && matches!(disabled.code(), "" | "invalid_transition")
                    && (accepted.status == 200) != (disabled.status == 200);
                assert!(is_documented, "round {round}: {accepted}\n{disabled}");
            }
            world.journal(&olga.organization_id);
        }
        world.journal(&acme.organization_id);
    }
}
