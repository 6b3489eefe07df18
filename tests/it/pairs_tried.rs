//! Pairs of rules that were found by people who tried to gain something: a partner, and a contact manager who is no primary support
//! contact (C-9, C-10, E-4, E-6, E-8, G-5, G-12, S-7, S-14).

use mandate_tests::{Answer, Value, days, e2e, hours, json, person as named, seconds, with};

use crate::contact_import::{CSV, import};
use crate::escalation::{attach, stage, status};
use crate::pairs_contact::{contact_path, disable, enable};
use crate::pairs_grant::tries;
use crate::participant::{add, participants};
use crate::partner_grant::{grant_path, offer, person, whole};
use crate::service_request::request_path;

const ACKNOWLEDGED: &str = "acknowledge_organization_wide_visibility";

e2e! {
    /// G-5, G-12: what shuts somebody out waits while they are the grantor's own contact, and is there again when they are not.
    async fn becoming_a_contact_of_the_grantor_lets_nobody_in_again_g_12(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let request = acme.request("The printer is on fire").await;
        let eve = globex.contact("eve", "designated_support").await;
        let grant = acme.grant_person(&eve, "none").await;
        let body = with(named(&eve.email), json!({"permission": "knowledge_base"}));
        let shut_out = async || {
            let kept = acme.get(grant_path(&grant)).await.expect(200);
            assert_eq!((&kept["status"], &kept["level"]), (&json!("live"), &json!("none")), "{kept}");
        };
        for round in 2..4 {
            disable(&globex, &eve.id).await.expect(200);
            let planted = mia.post(acme.own("contacts"), body.clone()).await;
            let planted = if round == 2 { planted.expect(201).id() } else {
                // The record is there already, and is enabled.
                let list = mia.get(format!("{}?email={}", acme.own("contacts"), eve.email)).await.expect(200);
                let id = list.rows()[0]["id"].as_str().unwrap_or_default().to_owned();
                enable(&mia, &id).await.expect(200);
                id
            };
            world.mailbox().nth(&eve.email, "welcome", 2 * round - 2).await;
            shut_out().await;
            mia.post(format!("{}/revoke", grant_path(&grant)), json!({})).await
                .expect_problem(403, "primary_support_contact_required");
            disable(&mia, &planted).await.expect(200);
            enable(&globex, &eve.id).await.expect(200);
            let eve = world.instance().accept(&world.mailbox().nth(&eve.email, "welcome", 2 * round - 1).await).await;
            assert_eq!(tries(&eve, &request).await, (404, 404), "round {round}");
            shut_out().await;
        }
    }

    /// G-12, G-16: an individual grant that reaches fewer requests than that of all goes on doing so after a disabling, at the level of all.
    async fn a_narrower_history_survives_a_disabling_g_12_g_16(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "view").await;
        let old = acme.request("The printer is on fire").await;
        let eve = globex.contact("eve", "designated_support").await;
        world.advance(seconds(1));
        let narrow = offer(&acme, json!({"grantee": person(&eve), "level": "create", "history": "new"})).await.expect(201);
        eve.get(request_path(&old)).await.expect_problem(404, "not_found");
        disable(&globex, &eve.id).await.expect(200);
        enable(&globex, &eve.id).await.expect(200);
        let eve = world.instance().accept(&world.mailbox().nth(&eve.email, "welcome", 2).await).await;
        eve.get(request_path(&old)).await.expect_problem(404, "not_found");
        let kept = acme.get(grant_path(&narrow)).await.expect(200);
        assert_eq!((&kept["status"], &kept["level"], &kept["history"]), (&json!("live"), &json!("view"), &json!("new")));
        world.advance(seconds(1));
        let new = acme.request("The scanner as well").await;
        eve.get(request_path(&new)).await.expect(200);
        // Of two that begin somewhere, the one that begins later hides what is in between (G-5).
        let hooli = world.partner("Hooli", "hooli.example").await;
        offer(&acme, json!({"grantee": whole(&hooli), "level": "full_admin", "history": "new", ACKNOWLEDGED: true})).await.expect(201);
        world.advance(seconds(1));
        acme.request("In between").await;
        let max = hooli.contact("max", "designated_support").await;
        world.advance(seconds(1));
        let later = offer(&acme, json!({"grantee": person(&max), "level": "full_admin", "history": "new"})).await.expect(201);
        mia.post(format!("{}/revoke", grant_path(&later)), json!({})).await
            .expect_problem(403, "primary_support_contact_required");
    }

    /// S-7, S-14: who acts by a grant changes nobody's role whom they could not take out, and nobody but who lets in takes others out of
    /// what is confidential.
    async fn a_role_is_changed_by_who_may_take_it_s_7_s_14(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let tom = acme.contact("tom", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        acme.grant_organization(&globex, "update").await;
        let request = acme.request("The printer is on fire").await;
        let out = |who: &str| format!("{}/{who}", participants(&request));
        add(&acme, &request, &dan.id, "secondary").await.expect(201);
        add(&eve, &request, &dan.id, "cc").await.expect_problem(403, "permission_required");
        eve.delete(out(&dan.id)).await.expect_problem(403, "permission_required");
        // Whom the partner added is the organization's choice as soon as it confirms it.
        add(&eve, &request, &tom.id, "cc").await.expect(201);
        add(&eve, &request, &tom.id, "secondary").await.expect(200);
        add(&acme, &request, &tom.id, "secondary").await.expect(200);
        eve.delete(out(&tom.id)).await.expect_problem(403, "permission_required");
        acme.patch(request_path(&request), json!({"confidential": true})).await.expect(200);
        dan.delete(out(&tom.id)).await.expect_problem(403, "primary_support_contact_required");
        acme.delete(out(&tom.id)).await.expect(204);
        dan.delete(out(&dan.id)).await.expect(204);
    }

    /// C-9, G-16: who acts by a grant promotes nobody of a foreign domain, and learns of no request that the grant does not reach.
    async fn a_partner_promotes_its_own_people_nowhere_else_c_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        dan.request("From before").await;
        world.advance(seconds(1));
        offer(&acme, json!({"grantee": whole(&globex), "level": "full_admin", "history": "new", ACKNOWLEDGED: true})).await.expect(201);
        let body = with(named("plant@globex.example"), json!({"permission": "knowledge_base"}));
        let plant = acme.post(acme.own("contacts"), body).await.expect(201).id();
        globex.patch(contact_path(&plant), json!({"permission": "designated_support"})).await
            .expect_problem(403, "outside_customer_domains");
        let own = acme.contact("rob", "knowledge_base").await;
        globex.patch(contact_path(&own.id), json!({"permission": "designated_support"})).await.expect(200);
        let gone = disable(&globex, &dan.id).await.expect(200);
        assert_eq!(gone.body["effects"]["service_requests_handed_over"], json!([]), "{gone}");
        assert_eq!(gone.body["effects"]["handed_over_to"], Value::Null, "{gone}");
    }

    /// C-10, C-12, E-6: who may not appoint keeps no appointed one out, and no duty manager from deciding.
    async fn a_manager_bars_neither_an_appointed_one_nor_a_duty_manager_c_10_e_6(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let refuse = |answer: Answer| answer.expect_problem(403, "primary_support_contact_required");
        let sue = acme.invited("sue", json!({"type": "primary_support", "permission": "manage_contacts"})).await.id();
        refuse(mia.post(format!("{}/resend-welcome", contact_path(&sue)), ()).await);
        acme.post(format!("{}/resend-welcome", contact_path(&sue)), ()).await.expect(200);
        let kim = acme.invited("kim", json!({"permission": "designated_support"})).await.id();
        mia.post(format!("{}/resend-welcome", contact_path(&kim)), ()).await.expect(200);
        let duty = world.duty_manager().await;
        let terms = json!({"grantee": {"type": "staff", "id": duty.id}, "level": "cc", "expires_at": world.after(days(1))});
        refuse(offer(&mia, terms.clone()).await);
        offer(&acme, terms).await.expect(201);
        let agent = world.agent().await;
        let terms = json!({"grantee": {"type": "staff", "id": agent.id}, "level": "cc", "expires_at": world.after(days(1))});
        offer(&mia, terms).await.expect(201);
    }

    /// C-9: what managers are told of each other names those who were invited as well.
    async fn managers_who_are_imported_are_named_to_the_others_c_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let before = world.mailbox().of(&acme.email, "authority_changed").len();
        let table = "email,first_name,last_name,permission\nivy@acme.example,Ivy,Imported,manage_contacts\n\
            ike@acme.example,Ike,Imported,manage_contacts\n";
        import(&mia, CSV, "", table).await.expect(200);
        let told = world.mailbox().nth(&acme.email, "authority_changed", before + 1).await;
        assert!(told.text.contains("Ivy Imported") && told.text.contains("Ike Imported"), "{}", told.text);
    }

    /// E-4, E-7, E-8: whoever guarded when they were disabled does so in an escalation, whatever is written into their record since; and
    /// whoever opened one takes nobody away who could object.
    async fn who_was_taken_away_objects_all_the_same_e_4_e_8(world: World) {
        let stage = stage(&world).await;
        let (mia, hal) = (stage.guardian.contact("mia", "manage_contacts").await, stage.guardian.contact("hal", "manage_contacts").await);
        let agent = world.agent().await;
        disable(&agent, &hal.id).await.expect(200);
        mia.patch(contact_path(&hal.id), json!({"permission": "designated_support"})).await
            .expect_problem(403, "primary_support_contact_required");
        enable(&mia, &hal.id).await.expect(200);
        let hal = world.instance().accept(&world.mailbox().nth(&hal.email, "welcome", 2).await).await;
        let opened = stage.open(&mia, "service_request", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        attach(&mia, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        disable(&mia, &hal.id).await.expect(200);
        // Nobody learns which request moves along who does not see it (S-14).
        assert_eq!(stage.dan.get(&path).await.expect(200)["service_request_id"], Value::Null);
        assert_ne!(mia.get(&path).await.expect(200)["service_request_id"], Value::Null);
        let version = stage.verified(&path).await;
        stage.approver.post(format!("{path}/approve"), json!({"version": version})).await.expect(200);
        let notice = world.mail(&hal.email, "escalation_notice").await;
        let body = json!({"token": notice.token(), "reason": "I was here"});
        world.anonymous().post("/v1/escalations/object", body).await.expect(204);
        assert_eq!(status(&stage.dan.get(&path).await.expect(200)), "objected");
    }

    /// E-6, E-9: what was verified of the nominee holds, whatever was written into their record in the meantime.
    async fn the_nominee_is_appointed_as_they_were_verified_e_6_e_9(world: World) {
        let stage = stage(&world).await;
        let mia = stage.guardian.contact("mia", "manage_contacts").await;
        let path = stage.approved().await;
        let body = with(named("nora.lima@acme.example"), json!({"permission": "designated_support", "first_name": "Other",
            "last_name": "Name", "phone": "+1.650.555.0666"}));
        let made = mia.post(mia.own("contacts"), body).await.expect(201).id();
        world.advance(hours(24));
        stage.dan.eventually(&path, |answer| status(answer) == "completed").await;
        let appointed = stage.reviewer.get(contact_path(&made)).await.expect(200);
        let said = |member: &str| appointed.body[member].as_str().unwrap_or_default().to_owned();
        assert_eq!((said("type"), said("first_name"), said("last_name"), said("phone")),
            ("primary_support".into(), "Nora".into(), "Lima".into(), "+1.650.555.0100".into()), "{appointed}");
    }

    /// E-8, E-9: whom somebody of the organization disabled is not appointed, also where another one enables them again.
    async fn a_nominee_who_was_disabled_is_not_appointed_when_enabled_e_9(world: World) {
        let stage = stage(&world).await;
        let (mia, hal) = (stage.guardian.contact("mia", "manage_contacts").await, stage.guardian.contact("hal", "manage_contacts").await);
        let nora = stage.guardian.contact_with("nora.lima", json!({"permission": "designated_support"})).await;
        let path = stage.approved().await;
        disable(&hal, &nora.id).await.expect(200);
        assert_eq!(status(&stage.dan.get(&path).await.expect(200)), "objected");
        let third = world.staff("third", &["duty_manager"]).await;
        third.post(format!("{path}/resume"), json!({"reason": "the company says otherwise"})).await.expect(200);
        enable(&mia, &nora.id).await.expect(200);
        world.advance(hours(25));
        stage.dan.eventually(&path, |answer| status(answer) == "in_review").await;
    }
}
