//! Rules that could defeat each other, around contacts: authority over authority stays with the organization (C-9, C-10, C-13, C-15).

use mandate_tests::{Actor, Answer, Value, e2e, json, person as named, with};

use crate::contact_import::{CSV, import_into};
use crate::invitation::{abroad, accept, token};
use crate::participant::participants;
use crate::service_request::{request_path, submit};

/// The path of a contact.
pub(crate) fn contact_path(id: &str) -> String {
    format!("/v1/contacts/{id}")
}

/// Tries to disable somebody.
pub(crate) async fn disable(actor: &Actor, id: &str) -> Answer {
    actor.post(format!("{}/disable", contact_path(id)), json!({"reason": "left"})).await
}

/// Tries to enable somebody.
pub(crate) async fn enable(actor: &Actor, id: &str) -> Answer {
    actor.post(format!("{}/enable", contact_path(id)), ()).await
}

/// Tries to create a contact of another organization than the actor's own.
async fn create_at(actor: &Actor, organization: &Actor, email: &str, members: Value) -> Answer {
    actor
        .post(
            organization.own("contacts"),
            with(with(named(email), json!({"permission": "designated_support"})), members),
        )
        .await
}

/// Tries to invite somebody into another organization than the actor's own.
async fn invite_at(actor: &Actor, organization: &Actor, email: &str, members: Value) -> Answer {
    let body = with(json!({"email": email, "permission": "designated_support"}), members);
    actor.post(organization.own("invitations"), body).await
}

/// The refusal says whom to ask: the organization's contact managers.
fn names_managers(refused: &Answer, organization: &Actor) {
    assert_eq!(refused["ask"]["path"], organization.own("contact-managers"), "{refused}");
}

e2e! {
    /// C-9, C-13, G-5: whoever acts by a grant makes no contact manager and no primary support contact, in no way.
    async fn who_acts_by_a_grant_makes_no_managers_c_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        let reader = acme.contact("rob", "knowledge_base").await;
        let former = acme.contact("fay", "manage_contacts").await;
        disable(&acme, &former.id).await.expect(200);
        let waiting = acme.invited("wes", json!({"permission": "manage_contacts"})).await.id();
        let olga = abroad(&world, &zenith, "olga", json!({})).await;
        let request = acme.request("The printer is on fire").await;
        let positions = [
            json!({"type": "primary_support", "permission": "manage_contacts"}),
            json!({"type": "primary_support", "permission": "designated_support"}),
            json!({"type": "technical", "permission": "manage_contacts"}),
        ];
        for actor in [&globex, &consultant] {
            for members in &positions {
                let created = create_at(actor, &acme, "eve@acme.example", members.clone()).await;
                names_managers(&created.expect_problem(403, "contact_manager_protected"), &acme);
                invite_at(actor, &acme, &olga.email, members.clone()).await.expect_problem(403, "contact_manager_protected");
                let raised = actor.patch(contact_path(&reader.id), members.clone()).await;
                names_managers(&raised.expect_problem(403, "contact_manager_protected"), &acme);
                let step = json!({"new_contact": with(named("eve@acme.example"), members.clone()), "role": "cc"});
                actor.post(participants(&request), step).await.expect_problem(403, "contact_manager_protected");
            }
            enable(actor, &former.id).await.expect_problem(403, "contact_manager_protected");
            let again = actor.post(format!("{}/resend-welcome", contact_path(&waiting)), ()).await;
            again.expect_problem(403, "contact_manager_protected");
            let rows = "email,first_name,last_name,permission,type\r\neve@acme.example,Eve,Acme,manage_contacts,technical\r\n";
            let refused = import_into(&acme, actor, CSV, "?dry_run=true", rows).await;
            assert!(refused.text().contains("contact_manager_protected"), "{refused}");
        }
        let contacts = acme.get(acme.own("contacts")).await.expect(200).column("email");
        assert!(!contacts.contains(&json!("eve@acme.example")), "{contacts:?}");
        // They manage the others, as before (G-3).
        let made = create_at(&globex, &acme, "dan@acme.example", json!({})).await.expect(201);
        globex.patch(contact_path(&made.id()), json!({"permission": "knowledge_base"})).await.expect(200);
        disable(&globex, &made.id()).await.expect(200);
        enable(&globex, &made.id()).await.expect(200);
        consultant.patch(contact_path(&reader.id), json!({"permission": "designated_support"})).await.expect(200);
    }

    /// C-9, C-11: whoever acts by a grant neither demotes, disables nor edits one, so that somebody is left who can revoke the grant.
    async fn who_acts_by_a_grant_changes_no_managers_c_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (ben, mia) = (acme.primary_contact("ben", "manage_contacts").await, acme.contact("mia", "manage_contacts").await);
        let pia = acme.primary_contact("pia", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        let grant = acme.grant_organization(&globex, "full_admin").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        for actor in [&globex, &consultant] {
            for one in [&acme, &ben, &mia, &pia] {
                for members in [
                    json!({"permission": "designated_support"}),
                    json!({"permission": "manage_contacts"}),
                    json!({"type": "technical"}),
                    json!({"type": "technical", "permission": "knowledge_base"}),
                    json!({"phone": "+1.650.555.0199"}),
                    json!({"duties": ["it"]}),
                ] {
                    let refused = actor.patch(contact_path(&one.id), members).await;
                    names_managers(&refused.expect_problem(403, "contact_manager_protected"), &acme);
                }
                disable(actor, &one.id).await.expect_problem(403, "contact_manager_protected");
            }
        }
        for one in [&ben, &mia, &pia] {
            assert_eq!(acme.get(contact_path(&one.id)).await.expect(200)["status"], "active");
        }
        mia.post(format!("/v1/partner-grants/{}/revoke", grant.id()), json!({})).await.expect(200);
        globex.get(acme.own("contacts")).await.expect_problem(404, "not_found");
    }

    /// C-9, C-13: whoever acts by a grant brings in only people of the customer's own domains; these decide also who can be invited.
    async fn who_acts_by_a_grant_brings_in_the_customers_own_people_alone_c_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        let eve = globex.contact("eve", "designated_support").await;
        let olga = abroad(&world, &zenith, "olga", json!({})).await;
        let request = acme.request("The printer is on fire").await;
        // The customer itself may bring in whom it likes, and says so in its readiness.
        let outsider = create_at(&acme, &acme, "otto@elsewhere.example", json!({})).await.expect(201);
        disable(&acme, &outsider.id()).await.expect(200);
        for actor in [&globex, &consultant] {
            for email in ["plant@globex.example", "plant@eu.globex.example", "plant@elsewhere.example", "plant@notacme.example"] {
                let refused = create_at(actor, &acme, email, json!({})).await;
                names_managers(&refused.expect_problem(403, "outside_customer_domains"), &acme);
                let step = json!({"new_contact": with(named(email), json!({"permission": "designated_support"})), "role": "cc"});
                actor.post(participants(&request), step).await.expect_problem(403, "outside_customer_domains");
                let rows = format!("email,first_name,last_name,permission\r\n{email},Pat,Plant,designated_support\r\n");
                let refused = import_into(&acme, actor, CSV, "?dry_run=true", rows).await;
                assert!(refused.text().contains("outside_customer_domains"), "{refused}");
            }
            invite_at(actor, &acme, &eve.email, json!({})).await.expect_problem(403, "outside_customer_domains");
            enable(actor, &outsider.id()).await.expect_problem(403, "outside_customer_domains");
        }
        create_at(&globex, &acme, "ann@eu.acme.example", json!({})).await.expect(201);
        let invited = invite_at(&globex, &acme, &olga.email, json!({})).await.expect(201);
        assert_eq!(invited["organization_id"], acme.organization_id);
        accept(&world, &token(&world, &olga.email, 1).await).await.expect(200);
        assert_eq!(disable(&acme, &eve.id).await.status, 404, "nobody of the partner came in");
    }

    /// C-9, C-19: managers and primary support contacts learn of each other's rise and fall by somebody else, whatever they switched off.
    async fn managers_are_told_of_each_other_c_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.primary_contact("ben", "manage_contacts").await;
        ben.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        let kim = acme.contact("kim", "designated_support").await;
        let mut told = world.mailbox().of(&ben.email, "authority_changed").len();
        let mut expect = async |what: &str| {
            told += 1;
            let mail = world.mailbox().nth(&ben.email, "authority_changed", told).await;
            assert!(mail.text.contains("Kim Acme"), "{what}: {}", mail.text);
        };
        acme.patch(contact_path(&kim.id), json!({"permission": "manage_contacts"})).await.expect(200);
        expect("promoted").await;
        acme.patch(contact_path(&kim.id), json!({"permission": "designated_support"})).await.expect(200);
        expect("demoted").await;
        acme.patch(contact_path(&kim.id), json!({"type": "primary_support"})).await.expect(200);
        expect("appointed").await;
        disable(&world.agent().await, &kim.id).await.expect(200);
        expect("disabled").await;
        world.mail(&kim.email, "contact_disabled").await;
        // Whoever did it, and who has no authority, learns nothing.
        assert!(world.mailbox().of(&acme.email, "authority_changed").iter().all(|mail| !mail.text.contains("promoted Kim")));
    }

    /// C-10, C-11: who is no primary support contact takes `manage_contacts` from none, and the last who can appoint one stays.
    async fn somebody_is_left_who_can_appoint_primary_support_contacts_c_10_c_11(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let pia = acme.primary_contact("pia", "designated_support").await;
        let lowered = json!({"permission": "designated_support"});
        mia.patch(contact_path(&acme.id), lowered.clone()).await.expect_problem(403, "primary_support_contact_required");
        disable(&mia, &acme.id).await.expect_problem(403, "primary_support_contact_required");
        // Raising one takes the same: whoever could appoint one.
        let raised = json!({"permission": "manage_contacts"});
        mia.patch(contact_path(&pia.id), raised.clone()).await.expect_problem(403, "primary_support_contact_required");
        // Another manager and another primary support contact are not enough: one must be both.
        acme.patch(contact_path(&acme.id), lowered.clone()).await.expect_problem(409, "last_primary_support_contact");
        acme.patch(contact_path(&pia.id), raised).await.expect(200);
        pia.patch(contact_path(&acme.id), lowered).await.expect(200);
        assert_eq!(acme.get(contact_path(&acme.id)).await.expect(200)["permission"], "designated_support");
        let pia_path = contact_path(&pia.id);
        pia.patch(&pia_path, json!({"type": "technical"})).await.expect_problem(409, "last_primary_support_contact");
    }

    /// C-15, S-14: disabling its point of contact opens a confidential request to nobody who did not see it.
    async fn a_confidential_request_is_not_inherited_by_who_disabled_its_point_of_contact_c_15(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        for (name, actor) in [("dan", &mia), ("dora", &globex)] {
            let dan = acme.contact(name, "designated_support").await;
            let secret = submit(&dan, json!({"subject": "About Mia", "confidential": true})).await.expect(201);
            let open = submit(&dan, json!({"subject": "The printer"})).await.expect(201);
            actor.get(request_path(&secret)).await.expect_problem(404, "not_found");
            let disabled = disable(actor, &dan.id).await.expect(200);
            let effects = disabled["effects"].to_string();
            assert!(!effects.contains(&secret.id()) && effects.contains(&open.id()), "{disabled}");
            actor.get(request_path(&secret)).await.expect_problem(404, "not_found");
            actor.get(format!("{}/messages", request_path(&secret))).await.expect_problem(404, "not_found");
            // A primary support contact, who could see it before, looks after it, and is told with the list.
            let inherited = acme.get(request_path(&secret)).await.expect(200);
            assert_eq!(inherited["point_of_contact"]["id"], acme.id);
            let told = world.mailbox().nth(&acme.email, "service_requests_handed_over", if name == "dan" { 1 } else { 2 }).await;
            assert!(told.text.contains(secret["number"].as_str().unwrap_or("?")), "{}", told.text);
            // What all see goes to the manager who did it; what a partner did, to a primary support contact.
            let heir = if name == "dan" { &mia } else { &acme };
            assert_eq!(acme.get(request_path(&open)).await.expect(200)["point_of_contact"]["id"], heir.id);
        }
    }

    /// C-15: who is demoted to `knowledge_base` looks after nothing any more: answers reach the submitter.
    async fn who_only_reads_the_knowledge_base_is_no_point_of_contact_c_15(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, sue) = (acme.contact("dan", "designated_support").await, acme.contact("sue", "designated_support").await);
        let request = submit(&sue, json!({"point_of_contact": dan.id})).await.expect(201);
        let own = submit(&dan, json!({"subject": "Mine"})).await.expect(201);
        acme.patch(contact_path(&dan.id), json!({"permission": "knowledge_base"})).await.expect(200);
        assert_eq!(acme.get(request_path(&request)).await.expect(200)["point_of_contact"]["id"], sue.id);
        assert_eq!(acme.get(request_path(&own)).await.expect(200)["point_of_contact"]["id"], acme.id);
        world.mail(&sue.email, "service_requests_handed_over").await;
        world.agent().await.reply(&request.id(), "Have you tried water?").await;
        world.mail(&sue.email, "reply").await;
        assert_eq!(world.mailbox().of(&dan.email, "reply").len(), 0);
    }

    /// C-15: why somebody was disabled stands in their record alone, for contact managers, primary support contacts and staff.
    async fn the_reason_of_a_disabling_is_for_few_c_15(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, sue) = (acme.contact("dan", "designated_support").await, acme.contact("sue", "designated_support").await);
        let mia = acme.contact("mia", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let reason = json!({"reason": "dismissed after embezzlement"});
        acme.post(format!("{}/disable", contact_path(&dan.id)), reason).await.expect(200);
        for reader in [&globex, &sue, &acme, &world.agent().await] {
            let found = reader.get("/v1/service-requests?q=embezzlement").await.expect(200);
            assert_eq!(found.rows().len(), 0, "{found}");
            for request in reader.get("/v1/service-requests").await.expect(200).column("id") {
                let path = format!("/v1/service-requests/{}", request.as_str().unwrap_or_default());
                let messages = reader.get(format!("{path}/messages")).await.expect(200);
                assert!(!messages.text().contains("dismissed"), "{messages}");
            }
        }
        let reads = async |reader: &Actor| reader.get(contact_path(&dan.id)).await.expect(200).text().contains("dismissed");
        for (reader, expected) in
            [(&acme, true), (&mia, true), (&world.agent().await, true), (&sue, false), (&globex, false)]
        {
            assert_eq!(reads(reader).await, expected, "{}", reader.email);
            let listed = reader.get(acme.own("contacts?limit=100")).await.expect(200);
            assert_eq!(listed.text().contains("dismissed"), expected, "{}", reader.email);
        }
    }

    /// C-21: what training somebody lacks is for contact managers, primary support contacts, staff, and themselves.
    async fn a_note_on_training_is_for_few_c_21(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, sue) = (acme.contact("dan", "designated_support").await, acme.contact("sue", "designated_support").await);
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let agent = world.agent().await;
        let note = json!({"needed": true, "note": "never read the manual"});
        agent.post(format!("{}/training", contact_path(&dan.id)), note).await.expect(200);
        for (reader, expected) in [(&acme, true), (&dan, true), (&agent, true), (&sue, false), (&globex, false)] {
            let seen = reader.get(contact_path(&dan.id)).await.expect(200);
            assert_eq!(seen.text().contains("manual"), expected, "{}", reader.email);
        }
    }

    /// C-19: how somebody is told of things only they say themselves.
    async fn preferences_are_ones_own_alone_c_19(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (mia, dan) = (acme.contact("mia", "manage_contacts").await, acme.contact("dan", "designated_support").await);
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let call = json!({"phone": "+1.650.555.0666", "from": "00:00", "until": "23:59"});
        let before = acme.get("/v1/me").await.expect(200)["notification_preferences"].clone();
        for members in [json!({"email": false}), json!({"email": true}), json!({"severity_1": call})] {
            let wanted = json!({"notification_preferences": members});
            for (actor, whom) in [(&mia, &acme), (&mia, &dan), (&acme, &mia), (&acme, &dan), (&globex, &dan)] {
                let refused = actor.patch(contact_path(&whom.id), wanted.clone()).await;
                refused.expect_problem(403, "permission_required");
                assert_eq!(whom.get("/v1/me").await.expect(200)["notification_preferences"], before, "{}", whom.email);
            }
        }
        let off = json!({"notification_preferences": {"email": false}});
        globex.patch(contact_path(&acme.id), off.clone()).await.expect_problem(403, "contact_manager_protected");
        acme.patch("/v1/me", off).await.expect(200);
    }

    /// C-9, C-20: whoever acts by a grant confirms nobody in a review whom they or a colleague created or changed.
    async fn a_partner_confirms_nobody_whom_it_planted_c_20(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, sue) = (acme.contact("dan", "designated_support").await, acme.contact("sue", "designated_support").await);
        let globex = world.partner("Globex", "globex.example").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        acme.grant_organization(&globex, "full_admin").await;
        let plant = create_at(&globex, &acme, "plant@acme.example", json!({})).await.expect(201).id();
        gwen.patch(contact_path(&sue.id), json!({"duties": ["it"]})).await.expect(200);
        let review = acme.post(acme.own("contact-reviews"), ()).await.expect(201).id();
        let confirm = async |actor: &Actor, who: &str| {
            actor.post(format!("/v1/contact-reviews/{review}/confirm"), json!({"contact_ids": [who]})).await
        };
        for actor in [&globex, &gwen] {
            for who in [&plant, &sue.id] {
                confirm(actor, who).await.expect_problem(403, "own_record");
            }
        }
        // Nor by changing them again while it is open.
        globex.patch(contact_path(&plant), json!({"phone": "+1.650.555.0111"})).await.expect(200);
        let pending = acme.get(format!("/v1/contact-reviews/{review}/contacts?outcome=pending")).await.expect(200);
        assert!(pending.text().contains(&plant), "{pending}");
        confirm(&globex, &dan.id).await.expect(200);
        confirm(&acme, &plant).await.expect(200);
    }
}
