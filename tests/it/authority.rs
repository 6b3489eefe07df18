//! Authority over authority stays with the organization: what somebody who acts by a grant, or a contact manager who is no primary
//! support contact, could gain by two rules that each are right (C-9, C-10, C-11, C-13, C-15, C-19, C-20, G-5, G-7, G-12).

use mandate_tests::{Actor, Answer, Value, days, e2e, json, person, seconds, with};

use crate::invitation::{accept, invite, token};
use crate::participant::{add, participants};
use crate::partner_grant::{grant_path, offer, person as one, whole};
use crate::service_request::{request_path, submit};

async fn create(actor: &Actor, organization: &Actor, email: &str, members: Value) -> Answer {
    let path = format!("/v1/organizations/{}/contacts", organization.organization_id);
    actor.post(path, with(person(email), members)).await
}

async fn edit(actor: &Actor, contact: &Actor, members: Value) -> Answer {
    actor.patch(format!("/v1/contacts/{}", contact.id), members).await
}

async fn disable(actor: &Actor, contact: &Actor) -> Answer {
    actor.post(format!("/v1/contacts/{}/disable", contact.id), json!({"reason": "dismissed after the audit"})).await
}

async fn enable(actor: &Actor, contact: &Actor) -> Answer {
    actor.post(format!("/v1/contacts/{}/enable", contact.id), json!({})).await
}

async fn level_at(person: &Actor, organization: &Actor) -> Value {
    let path = format!("/v1/organizations/{}/effective-access?person_id={}", organization.organization_id, person.id);
    let answer = organization.get(path).await.expect(200);
    if answer["path"] == "none" { json!("nothing") } else { answer["level"].clone() }
}

e2e! {
    /// C-9, C-10, C-13, S-9: who acts by a grant neither makes nor changes contact managers and primary support contacts, and brings in
    /// the customer's own people alone.
    async fn who_acts_by_a_grant_makes_and_changes_nobody_with_authority_c_9_c_10(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let consultant = world.consultant().await;
        let mani = acme.contact("mani", "manage_contacts").await;
        let rita = acme.contact("rita", "knowledge_base").await;
        let old = acme.contact("old", "manage_contacts").await;
        disable(&acme, &old).await.expect(200);
        acme.grant_person(&pam, "full_admin").await;
        acme.grant_person(&consultant, "full_admin").await;
        let request = acme.request("Doors").await;
        for hand in [&pam, &consultant] {
            let protected = |answer: Answer| answer.expect_problem(403, "contact_manager_protected");
            for members in [
                json!({"type": "primary_support", "permission": "manage_contacts"}),
                json!({"permission": "manage_contacts"}),
                json!({"type": "primary_support", "permission": "designated_support"}),
            ] {
                protected(create(hand, &acme, "eve@bridge.example", members.clone()).await);
                protected(create(hand, &acme, "eve@acme.example", members.clone()).await);
                protected(edit(hand, &rita, members.clone()).await);
                let body = json!({"role": "cc", "new_contact": with(person("eve@acme.example"), members)});
                hand.post(participants(&request), body).await.expect_problem(403, "contact_manager_protected");
            }
            for guard in [&acme, &mani] {
                protected(disable(hand, guard).await);
                protected(edit(hand, guard, json!({"permission": "designated_support"})).await);
                protected(edit(hand, guard, json!({"phone": "+1.650.555.0199"})).await);
            }
            protected(enable(hand, &old).await);
            // People of the customer's own domains alone.
            let plain = json!({"permission": "designated_support"});
            let outside = create(hand, &acme, "plant@bridge.example", plain.clone()).await;
            outside.expect_problem(403, "outside_customer_domains");
        }
        let csv = "email,first_name,last_name,permission\nplant@bridge.example,Eve,Plant,designated_support\n";
        let path = format!("{}?dry_run=true", acme.own("contacts/import"));
        let tried = pam.send("POST", &path, &[("content-type", "text/csv")], csv.as_bytes().to_vec()).await;
        assert!(tried.text().contains("outside_customer_domains"), "{}", tried.text());
        create(&pam, &acme, "dina@acme.example", json!({"permission": "designated_support"})).await.expect(201);
        // The organization's own hand does all of it, and those with authority are told.
        edit(&acme, &mani, json!({"permission": "designated_support"})).await.expect(200);
        world.mail(&mani.email, "authority_changed").await;
    }

    /// C-9, C-13, C-14: the domains of the organization that somebody would join decide who is invited, whoever acts for it.
    async fn an_invitation_is_for_the_domains_of_the_organization_to_join_c_9_c_13(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let other = world.customer("Other", "other.example").await;
        acme.grant_person(&pam, "full_admin").await;
        let colleague = pam.contact("col", "designated_support").await;
        let body = with(json!({"email": colleague.email}), json!({"permission": "designated_support"}));
        let path = acme.own("invitations");
        pam.post(&path, body.clone()).await.expect_problem(403, "outside_customer_domains");
        invite(&acme, &colleague.email, json!({})).await.expect_problem(422, "invitation_not_available");
        let refused = create(&acme, &acme, &colleague.email, json!({"permission": "designated_support"})).await;
        assert_eq!(refused.expect_problem(409, "contact_in_other_organization")["invitation_available"], json!(false));
        // Somebody of the customer's own domain who is elsewhere.
        create(&other, &other, "eli@acme.example", json!({"permission": "designated_support"})).await.expect(201);
        let refused = create(&pam, &acme, "eli@acme.example", json!({"permission": "designated_support"})).await;
        assert_eq!(refused.expect_problem(409, "contact_in_other_organization")["invitation_available"], json!(true));
        let body = json!({"email": "eli@acme.example", "permission": "manage_contacts"});
        pam.post(&path, body).await.expect_problem(403, "contact_manager_protected");
        let body = json!({"email": "eli@acme.example", "permission": "designated_support"});
        pam.post(&path, body).await.expect(201);
    }

    /// C-10, C-11: whether somebody can appoint primary support contacts is decided by those who can.
    async fn a_manager_does_not_take_the_last_one_away_who_could_appoint_c_10_c_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mani = acme.contact("mani", "manage_contacts").await;
        let petra = acme.primary_contact("petra", "designated_support").await;
        let demoted = json!({"permission": "designated_support"});
        edit(&mani, &acme, demoted.clone()).await.expect_problem(403, "primary_support_contact_required");
        let raised = json!({"permission": "manage_contacts"});
        edit(&mani, &petra, raised.clone()).await.expect_problem(403, "primary_support_contact_required");
        edit(&acme, &petra, raised).await.expect(200);
        edit(&acme, &petra, demoted.clone()).await.expect(200);
        edit(&acme, &acme, demoted).await.expect_problem(409, "last_primary_support_contact");
    }

    /// G-5: a level that manages contacts or asks for what is restricted is given by a primary support contact, whatever the way.
    async fn administration_is_granted_by_a_primary_support_contact_alone_g_5(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mani = acme.contact("mani", "manage_contacts").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let col = pam.contact("col", "designated_support").await;
        let refused = |answer: Answer| answer.expect_problem(403, "primary_support_contact_required");
        for level in ["service_admin", "full_admin"] {
            refused(offer(&mani, json!({"grantee": one(&col), "level": level})).await);
            let body = json!({"grantee": whole(&pam), "level": level, "acknowledge_organization_wide_visibility": true});
            refused(mani.post(mani.own("partner-grants"), body).await);
        }
        let grant = offer(&mani, json!({"grantee": one(&col), "level": "create"})).await.expect(201);
        refused(mani.patch(grant_path(&grant), json!({"level": "full_admin"})).await);
        let end = world.after(days(5));
        acme.patch(grant_path(&grant), json!({"level": "full_admin", "expires_at": end})).await.expect(200);
        refused(mani.patch(grant_path(&grant), json!({"expires_at": world.after(days(9))})).await);
        refused(mani.patch(grant_path(&grant), json!({"expires_at": null})).await);
        mani.patch(grant_path(&grant), json!({"expires_at": world.after(days(2))})).await.expect(200);
        mani.patch(grant_path(&grant), json!({"level": "view"})).await.expect(200);
        // An individual grant that hides such a level is not ended by who could not give that level.
        acme.grant_organization(&pam, "full_admin").await;
        refused(mani.post(format!("{}/revoke", grant_path(&grant)), json!({})).await);
        refused(mani.patch(grant_path(&grant), json!({"expires_at": world.after(seconds(5))})).await);
        mani.patch(grant_path(&grant), json!({"level": "none"})).await.expect(200);
        refused(mani.post(format!("{}/revoke", grant_path(&grant)), json!({})).await);
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
        assert_eq!(level_at(&col, &acme).await, "full_admin");
        // Nor by approving what is asked for.
        let dora = pam.contact("dora", "designated_support").await;
        let asked = json!({"grantor": {"id": acme.organization_id}, "grantee": one(&dora), "level": "full_admin"});
        let asked = dora.post(pam.own("partner-grant-requests"), asked).await.expect(201);
        refused(mani.post(format!("/v1/partner-grant-requests/{}/approve", asked.id()), json!({})).await);
    }

    /// G-12, G-13, C-14, C-17: whom a customer shut out, no disabling, enabling, moving or creating lets in.
    async fn who_was_shut_out_stays_so_g_12_g_13(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let sue = world.partner("Second", "second.example").await;
        acme.grant_organization(&pam, "update").await;
        acme.grant_organization(&sue, "update").await;
        let col = pam.contact("col", "designated_support").await;
        let low = pam.contact("low", "designated_support").await;
        acme.grant_person(&col, "none").await;
        acme.grant_person(&low, "view").await;
        for (contact, level) in [(&col, "nothing"), (&low, "view")] {
            disable(&pam, contact).await.expect(200);
            enable(&pam, contact).await.expect(200);
            let mail = world.mailbox().nth(&contact.email, "welcome", 2).await;
            let again = world.instance().accept(&mail).await;
            assert_eq!(level_at(&again, &acme).await, level);
        }
        // A higher one than the organization's ends for good.
        let high = pam.contact("high", "designated_support").await;
        acme.grant_person(&high, "create").await;
        disable(&pam, &high).await.expect(200);
        enable(&pam, &high).await.expect(200);
        let mail = world.mailbox().nth(&high.email, "welcome", 2).await;
        assert_eq!(level_at(&world.instance().accept(&mail).await, &acme).await, "update");
        // Also not as another partner's contact, by invitation or anew.
        let guest = pam.post(pam.own("contacts"), with(person("guest@second.example"), json!({"permission": "designated_support"})));
        guest.await.expect(201);
        let guest = world.instance().accept(&world.mail("guest@second.example", "welcome").await).await;
        acme.grant_person(&guest, "none").await;
        invite(&sue, &guest.email, json!({"permission": "designated_support"})).await.expect(201);
        accept(&world, &token(&world, &guest.email, 1).await).await.expect(200);
        let moved = sue.get(format!("{}?email={}", sue.own("contacts"), guest.email)).await.expect(200);
        let moved_id = moved.rows()[0]["id"].as_str().unwrap_or_default().to_owned();
        let path = format!("/v1/organizations/{}/effective-access?person_id={moved_id}", acme.organization_id);
        assert_eq!(acme.get(path).await.expect(200)["path"], "none");
        disable(&pam, &col).await.expect(200);
        let anew = create(&sue, &sue, &col.email, json!({"permission": "designated_support"})).await.expect(201);
        let path = format!("/v1/organizations/{}/effective-access?person_id={}", acme.organization_id, anew.id());
        world.instance().accept(&world.mailbox().nth(&col.email, "welcome", 3).await).await;
        assert_eq!(acme.get(path).await.expect(200)["path"], "none");
        // The address is theirs now, so that the old record is not enabled any more (C-13).
        enable(&pam, &col).await.expect_problem(409, "contact_in_other_organization");
    }

    /// G-7: what a whole organization is granted is nothing to those who may only read the knowledge base.
    async fn a_readers_permission_opens_nothing_abroad_g_7(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        acme.grant_organization(&pam, "full_admin").await;
        let rita = pam.contact("rita", "knowledge_base").await;
        let request = acme.request("Doors").await;
        rita.get(request_path(&request)).await.expect_problem(404, "not_found");
        assert!(rita.get("/v1/service-requests").await.expect(200).rows().is_empty());
        rita.get(acme.own("contacts")).await.expect_problem(404, "not_found");
        assert_eq!(rita.get("/v1/me").await.expect(200)["acts_for"], json!([]));
        add(&acme, &request, &rita.id, "cc").await.expect_problem(422, "participant_not_allowed");
        acme.grant_person(&rita, "view").await;
        rita.get(request_path(&request)).await.expect(200);
    }

    /// C-15, S-14: heirs could see what they inherit, and the reason stands in the record of the contact alone.
    async fn disabling_shows_nothing_to_who_could_not_see_it_c_15_s_14(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mani = acme.contact("mani", "manage_contacts").await;
        let dina = acme.contact("dina", "designated_support").await;
        let tess = acme.contact("tess", "designated_support").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        acme.grant_organization(&pam, "view").await;
        let about_mani = dina.request_with(json!({"subject": "About Mani", "confidential": true})).await;
        let plain = dina.request("Doors").await;
        mani.get(request_path(&about_mani)).await.expect_problem(404, "not_found");
        let disabled = disable(&mani, &dina).await.expect(200);
        assert_eq!(disabled["effects"]["service_requests_handed_over"], json!([plain.id()]));
        mani.get(request_path(&about_mani)).await.expect_problem(404, "not_found");
        assert_eq!(acme.get(request_path(&about_mani)).await.expect(200)["point_of_contact"]["id"], json!(acme.id));
        world.mail(&acme.email, "service_requests_handed_over").await;
        // The reason.
        let record = disabled["service_request_id"].as_str().unwrap_or_default().to_owned();
        let messages = pam.get(format!("/v1/service-requests/{record}/messages")).await.expect(200);
        assert!(!messages.text().contains("dismissed"), "{}", messages.text());
        assert!(pam.get("/v1/service-requests?q=dismissed").await.expect(200).rows().is_empty());
        let path = format!("/v1/contacts/{}", dina.id);
        assert_eq!(tess.get(&path).await.expect(200)["disabled_reason"], Value::Null);
        assert_eq!(mani.get(&path).await.expect(200)["disabled_reason"], json!("dismissed after the audit"));
        // Staff tell whom they disable.
        disable(&world.agent().await, &tess).await.expect(200);
        world.mail(&tess.email, "contact_disabled").await;
    }

    /// C-15: who may only read the knowledge base from now on looks after nothing and asks for nothing.
    async fn a_demoted_point_of_contact_hands_over_c_15(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dina = acme.contact("dina", "designated_support").await;
        let ben = acme.contact("ben", "designated_support").await;
        let request = ben.request_with(json!({"point_of_contact": dina.id})).await;
        world.mail(&dina.email, "point_of_contact").await;
        edit(&acme, &dina, json!({"permission": "knowledge_base"})).await.expect(200);
        assert_eq!(acme.get(request_path(&request)).await.expect(200)["point_of_contact"]["id"], json!(ben.id));
        world.mail(&ben.email, "service_requests_handed_over").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let col = pam.contact("col", "designated_support").await;
        let asked = json!({"grantor": {"id": acme.organization_id}, "grantee": one(&col), "level": "view"});
        let asked = col.post(pam.own("partner-grant-requests"), asked).await.expect(201);
        edit(&pam, &col, json!({"permission": "knowledge_base"})).await.expect(200);
        let approved = acme.post(format!("/v1/partner-grant-requests/{}/approve", asked.id()), json!({})).await;
        approved.expect_problem(409, "invalid_transition");
    }

    /// C-19, C-20, C-21: nobody speaks for somebody else, vouches for their own plants, or reads what is noted about others.
    async fn nobody_vouches_for_whom_they_made_c_19_c_20_c_21(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mani = acme.contact("mani", "manage_contacts").await;
        let dina = acme.contact("dina", "designated_support").await;
        let tess = acme.contact("tess", "designated_support").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        acme.grant_person(&pam, "full_admin").await;
        let silent = json!({"notification_preferences": {"email": false}});
        edit(&mani, &acme, silent.clone()).await.expect_problem(403, "permission_required");
        edit(&pam, &dina, silent.clone()).await.expect_problem(403, "permission_required");
        dina.patch("/v1/me", silent).await.expect(200);
        let made = create(&pam, &acme, "eve@acme.example", json!({"permission": "designated_support"})).await.expect(201);
        edit(&pam, &dina, json!({"phone": "+1.650.555.0142"})).await.expect(200);
        let review = acme.post(acme.own("contact-reviews"), json!({})).await.expect(201);
        let confirm = format!("/v1/contact-reviews/{}/confirm", review.id());
        for contact in [&made.id(), &dina.id] {
            pam.post(&confirm, json!({"contact_ids": [contact]})).await.expect_problem(403, "own_record");
        }
        pam.post(&confirm, json!({"contact_ids": [tess.id]})).await.expect(200);
        acme.post(&confirm, json!({"contact_ids": [made.id(), dina.id]})).await.expect(200);
        // Staff who keep records read reviews and invitations, and no more.
        let agent = world.agent().await;
        agent.get(format!("/v1/contact-reviews/{}", review.id())).await.expect(200);
        agent.get(acme.own("invitations")).await.expect(200);
        agent.post(&confirm, json!({"contact_ids": [mani.id]})).await.expect_problem(403, "permission_required");
        let noted = agent.post(format!("/v1/contacts/{}/training", dina.id), json!({"note": "console"})).await;
        noted.expect(200);
        let path = format!("/v1/contacts/{}", dina.id);
        for (reader, note) in [(&tess, Value::Null), (&mani, json!("console")), (&dina, json!("console"))] {
            assert_eq!(reader.get(&path).await.expect(200)["training_note"], note);
        }
    }

    /// S-2, S-7, S-8: any live level is enough for the grantor's own people to let somebody in, who moves nothing that is not theirs.
    async fn a_partner_is_let_in_and_moves_nobody_s_2_s_7_s_8(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dina = acme.contact("dina", "designated_support").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let col = pam.contact("col", "designated_support").await;
        acme.grant_person(&col, "cc").await;
        let request = acme.request("Doors").await;
        acme.patch(request_path(&request), json!({"point_of_contact": col.id})).await.expect(200);
        world.mail(&col.email, "point_of_contact").await;
        col.patch(request_path(&request), json!({"severity": 2})).await.expect(200);
        col.patch(request_path(&request), json!({"point_of_contact": dina.id})).await.expect(200);
        world.mail(&dina.email, "point_of_contact").await;
        add(&acme, &request, &col.id, "secondary").await.expect(201);
        // A secondary partner takes nobody of the customer out, and does not take the lead away.
        let own = add(&acme, &request, &acme.id, "secondary").await;
        own.expect(201);
        let out = format!("{}/{}", participants(&request), acme.id);
        col.delete(&out).await.expect_problem(403, "permission_required");
        let lead = json!({"point_of_contact": acme.id});
        col.patch(request_path(&request), lead).await.expect_problem(403, "permission_required");
        col.delete(format!("{}/{}", participants(&request), col.id)).await.expect(204);
        // Partners have no part in upgrades but as readers.
        let upgrade = acme.request_with(json!({"category": "upgrade"})).await;
        let named = json!({"point_of_contact": col.id});
        acme.patch(request_path(&upgrade), named.clone()).await.expect_problem(422, "point_of_contact_not_allowed");
        let submitted = submit(&acme, with(json!({"category": "upgrade"}), named)).await;
        submitted.expect_problem(422, "point_of_contact_not_allowed");
        add(&acme, &upgrade, &col.id, "secondary").await.expect_problem(422, "participant_not_allowed");
        add(&acme, &upgrade, &col.id, "cc").await.expect(201);
        acme.grant_organization(&pam, "full_admin").await;
        pam.get(request_path(&upgrade)).await.expect(200);
        let message = json!({"body": "Shall we?"});
        let written = pam.post(format!("{}/messages", request_path(&upgrade)), message).await;
        written.expect_problem(403, "permission_required");
    }

    /// S-7, G-4: a part in a request ends for good with the grant behind it, and with what that grant gave.
    async fn a_part_ends_with_the_grant_behind_it_s_7_g_4(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let col = pam.contact("col", "designated_support").await;
        let request = acme.request("Doors").await;
        let message = format!("{}/messages", request_path(&request));
        let grant = offer(&acme, json!({"grantee": one(&col), "level": "update"})).await.expect(201);
        add(&acme, &request, &col.id, "secondary").await.expect(201);
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
        let grant = offer(&acme, json!({"grantee": one(&col), "level": "cc"})).await.expect(201);
        col.post(&message, json!({"body": "Still here?"})).await.expect_problem(404, "not_found");
        // `none` ends it as well; raising that again revives nothing.
        add(&acme, &request, &col.id, "secondary").await.expect(201);
        col.post(&message, json!({"body": "Thank you."})).await.expect(201);
        acme.patch(grant_path(&grant), json!({"level": "none"})).await.expect(200);
        acme.patch(grant_path(&grant), json!({"level": "cc"})).await.expect(200);
        col.get(request_path(&request)).await.expect_problem(404, "not_found");
        // What partners made by a level goes with the level, what the grantor's own people made stays.
        acme.patch(grant_path(&grant), json!({"level": "update"})).await.expect(200);
        add(&col, &request, &col.id, "secondary").await.expect(201);
        let other = acme.request("Windows").await;
        add(&acme, &other, &col.id, "secondary").await.expect(201);
        acme.patch(grant_path(&grant), json!({"level": "cc"})).await.expect(200);
        col.get(request_path(&request)).await.expect_problem(404, "not_found");
        col.patch(request_path(&other), json!({"severity": 2})).await.expect(200);
        // So does an end by time, also before anybody notices.
        acme.patch(grant_path(&grant), json!({"expires_at": world.after(seconds(30))})).await.expect(200);
        acme.grant_organization(&pam, "cc").await;
        world.advance(seconds(31));
        col.patch(request_path(&other), json!({"severity": 3})).await.expect_problem(404, "not_found");
    }

    /// C-15, S-10, S-12: requests whose point of contact has lost the grant, or waits for it, have somebody who hears of answers.
    async fn answers_reach_somebody_where_a_partner_led_c_15_s_10_s_12(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dina = acme.contact("dina", "designated_support").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        let col = pam.contact("col", "designated_support").await;
        let grant = offer(&acme, json!({"grantee": one(&col), "level": "create"})).await.expect(201);
        let led = dina.request_with(json!({"point_of_contact": col.id, "subject": "Led"})).await;
        assert_eq!(led["partner_managed"], json!(true));
        // While the partner is suspended, the request is not partner-managed, and the submitter hears of answers.
        let admin = world.admin().await;
        let partner = format!("/v1/organizations/{}", pam.organization_id);
        admin.post(format!("{partner}/suspend"), json!({})).await.expect(200);
        assert_eq!(acme.get(request_path(&led)).await.expect(200)["partner_managed"], json!(false));
        assert!(acme.get("/v1/service-requests?partner_managed=true").await.expect(200).rows().is_empty());
        world.agent().await.reply(&led.id(), "We are at it.").await;
        world.mail(&dina.email, "reply").await;
        admin.post(format!("{partner}/resume"), json!({})).await.expect(200);
        assert_eq!(acme.get(request_path(&led)).await.expect(200)["partner_managed"], json!(true));
        // When the grant ends, they are its point of contact.
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
        let after = acme.get(request_path(&led)).await.expect(200);
        assert_eq!((&after["partner_managed"], &after["point_of_contact"]["id"]), (&json!(false), &json!(dina.id)));
        world.mail(&dina.email, "service_requests_handed_over").await;
        // By time as well.
        let end = world.after(days(1));
        offer(&acme, json!({"grantee": one(&col), "level": "create", "expires_at": end})).await.expect(201);
        let led = dina.request_with(json!({"point_of_contact": col.id, "subject": "Led by time"})).await;
        world.advance(days(2));
        acme.eventually(request_path(&led), |answer| answer["point_of_contact"]["id"] == json!(dina.id)).await;
        // A person's own grant at `view` puts them on notifications, too.
        let vera = pam.contact("vera", "designated_support").await;
        acme.grant_person(&vera, "view").await;
        let request = acme.request("Notified").await;
        dina.reply(&request.id(), "One more thing.").await;
        world.mail(&vera.email, "reply").await;
    }

    /// S-14, S-4: only who may conceal a request lets people in, and who was let in does no more; what a guard concealed, guards open.
    async fn a_confidential_request_stays_with_whom_it_was_given_to_s_14_s_4(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dina = acme.contact("dina", "designated_support").await;
        let ben = acme.contact("ben", "designated_support").await;
        let mani = acme.contact("mani", "manage_contacts").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        acme.grant_organization(&pam, "create").await;
        let request = dina.request_with(json!({"subject": "About Mani", "confidential": true})).await;
        add(&dina, &request, &ben.id, "cc").await.expect(201);
        add(&ben, &request, &mani.id, "cc").await.expect_problem(403, "primary_support_contact_required");
        let message = format!("{}/messages", request_path(&request));
        ben.post(&message, json!({"body": "I know."})).await.expect_problem(403, "primary_support_contact_required");
        add(&dina, &request, &ben.id, "secondary").await.expect(200);
        ben.post(&message, json!({"body": "I know."})).await.expect(201);
        add(&ben, &request, &mani.id, "cc").await.expect_problem(403, "primary_support_contact_required");
        let lead = json!({"point_of_contact": mani.id});
        ben.patch(request_path(&request), lead).await.expect_problem(403, "primary_support_contact_required");
        dina.patch(request_path(&request), json!({"confidential": false})).await.expect(200);
        acme.patch(request_path(&request), json!({"confidential": true})).await.expect(200);
        let open = json!({"confidential": false});
        dina.patch(request_path(&request), open.clone()).await.expect_problem(403, "primary_support_contact_required");
        // A partner who submitted one does not open it.
        let theirs = pam.request_for(&acme.organization_id, "Theirs").await;
        acme.patch(request_path(&theirs), json!({"confidential": true})).await.expect(200);
        pam.patch(request_path(&theirs), open).await.expect_problem(403, "primary_support_contact_required");
        // What follows it up says so only to who may see it.
        let agent = world.agent().await;
        agent.patch(request_path(&request), json!({"status": "closed"})).await.expect(200);
        let next = json!({"subject": "Again", "follow_up_of": request.id(), "confidential": false});
        let next = dina.request_with(next).await;
        assert_eq!(dina.get(request_path(&next)).await.expect(200)["follow_up_of"], json!(request.id()));
        assert_eq!(mani.get(request_path(&next)).await.expect(200)["follow_up_of"], Value::Null);
        let rows = mani.get("/v1/service-requests").await.expect(200);
        assert!(!rows.text().contains(&request.id()));
    }

    /// O-2, O-5, C-12, G-12: which domains an organization can have, and that links of a suspended one wait.
    async fn domains_are_owned_and_links_wait_while_suspended_o_2_o_5(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let admin = world.admin().await;
        let path = format!("/v1/organizations/{}", acme.organization_id);
        for domain in ["co.uk", "example", "vendor.example", "eu.vendor.example", "github.io"] {
            let refused = admin.patch(&path, json!({"domains": ["acme.example", domain]})).await;
            let refused = refused.expect_problem(422, "validation_failed");
            assert_eq!(refused["errors"][0]["pointer"], "#/domains/1", "{domain}");
        }
        admin.patch(&path, json!({"domains": ["acme.example", "gmail.com", "acme.co.uk"]})).await.expect(200);
        let vendor = format!("/v1/organizations/{}", admin.organization_id);
        let dropped = admin.patch(&vendor, json!({"domains": ["elsewhere.example"]})).await;
        dropped.expect_problem(422, "validation_failed");
        // A free-mail address is nobody's own.
        let pam = world.partner("Bridge", "bridge.example").await;
        acme.grant_person(&pam, "full_admin").await;
        let outside = create(&pam, &acme, "eve@gmail.com", json!({"permission": "designated_support"})).await;
        outside.expect_problem(403, "outside_customer_domains");
        // Links of a suspended organization wait.
        let dina = acme.contact("dina", "designated_support").await;
        world.anonymous().post("/v1/password-resets", json!({"email": dina.email})).await.expect(202);
        let reset = world.mail(&dina.email, "password_reset").await;
        admin.post(format!("{path}/suspend"), json!({})).await.expect(200);
        let body = json!({"token": reset.token(), "password": "another long password"});
        let confirm = "/v1/password-resets/confirm";
        world.anonymous().post(confirm, body.clone()).await.expect_problem(422, "invalid_link");
        admin.post(format!("{path}/resume"), json!({})).await.expect(200);
        world.anonymous().post(confirm, body).await.expect(200);
    }

    /// what readiness says of administrators, of grants that were raised, and of addresses and domains of others.
    async fn readiness_sees_administrators_raised_grants_and_domains_r_4_r_10_r_17(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        world.customer("Inner", "inner.acme.example").await;
        let pam = world.partner("Bridge", "bridge.example").await;
        acme.contact_with("sam", json!({"permission": "designated_support", "duties": ["site_administrator"]})).await;
        let grant = acme.grant_organization(&pam, "view").await;
        world.advance(days(100));
        let acme = world.sign_in(&acme.email).await;
        let raised = json!({"level": "create", "acknowledge_organization_wide_visibility": true});
        acme.patch(grant_path(&grant), raised).await.expect(200);
        let codes = |answer: Answer| answer["findings"].to_string();
        let found = codes(acme.get(acme.own("readiness")).await.expect(200));
        assert!(found.contains("site_administrator_not_primary") && found.contains("contacts_outside_domains"), "{found}");
        assert!(!found.contains("broad_grant_unused"), "{found}");
        world.advance(days(91));
        let acme = world.sign_in(&acme.email).await;
        let found = codes(acme.get(acme.own("readiness")).await.expect(200));
        assert!(found.contains("broad_grant_unused"), "{found}");
    }
}
