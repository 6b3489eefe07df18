//! Contacts: who they are, and who creates and edits them (C-1 … C-11, C-13).

use mandate_tests::{Actor, Answer, Value, e2e, json, person, snapshot, with};

/// What makes a technical contact with `designated_support`.
fn body(email: &str) -> Value {
    with(person(email), json!({"permission": "designated_support"}))
}

/// Creates a contact of the actor's own organization from what makes Ana, with other members.
async fn create(manager: &Actor, members: Value) -> Answer {
    manager.post(manager.own("contacts"), with(body("ana@acme.example"), members)).await
}

fn contact(actor: &Actor) -> String {
    format!("/v1/contacts/{}", actor.id)
}

e2e! {
    /// C-1, C-5, C-8, C-12
    async fn a_contact_manager_creates_a_contact(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let created = acme
            .post(
                acme.own("contacts"),
                json!({
                    "email": "ana.silva@acme.example",
                    "first_name": "  Jose\u{301} Maria ",
                    "last_name": "Silva",
                    "phone": "+55.11.5555.0100",
                    "time_zone": "America/Sao_Paulo",
                    "locale": "pt-BR",
                    "type": "primary_support",
                    "permission": "manage_contacts",
                    "duties": ["security", "it", "it"],
                }),
            )
            .await
            .expect(201);
        snapshot!(created);
        assert_eq!(created["first_name"], "Jos\u{e9} Maria", "text is kept in NFC, trimmed");
        let path = format!("/v1/contacts/{}", created.id());
        assert_eq!(created.header("location"), Some(path.as_str()));
        assert_eq!(acme.get(&path).await.expect(200).body, created.body);
        let welcome = world.mail("ana.silva@acme.example", "welcome").await;
        for part in ["José Maria Silva", "ana.silva@acme.example", "Acme", "2026-03-04 06:00 (America/Sao_Paulo)"] {
            assert!(welcome.text.contains(part), "`{part}` is missing in\n{}", welcome.text);
        }
        let link = format!("http://mandate.example/welcome?token={}", welcome.token());
        assert!(welcome.text.contains(&link), "{}", welcome.text);
        // What is not said: technical, no duties, UTC, English.
        snapshot!(create(&acme, json!({"permission": "knowledge_base"})).await.expect(201));
    }

    /// C-2, C-3, C-4, C-8, X-5: refused with an explanation, never changed silently.
    async fn a_contact_is_a_verifiable_individual(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let long = "x".repeat(101);
        for (members, pointer, code) in [
            (json!({"email": "Ana@acme.example"}), "#/email", "email_not_lower_case"),
            (json!({"email": "ana@ACME.example"}), "#/email", "email_not_lower_case"),
            (json!({"email": "ana"}), "#/email", "email_invalid"),
            (json!({"email": "ana@acme"}), "#/email", "email_invalid"),
            (json!({"email": "a na@acme.example"}), "#/email", "email_invalid"),
            (json!({"email": "ana@10.0.0.1"}), "#/email", "email_invalid"),
            (json!({"email": "ana@org.123"}), "#/email", "email_invalid"),
            (json!({"email": "ana@münchen.example"}), "#/email", "email_invalid"),
            (json!({"first_name": "\u{202e}anA"}), "#/first_name", "control_character"),
            (json!({"first_name": "\u{200b}\u{2060}"}), "#/first_name", "blank"),
            (json!({"first_name": "https://evil.example"}), "#/first_name", "name_not_verifiable"),
            (json!({"last_name": "www.evil.example"}), "#/last_name", "name_not_verifiable"),
            (json!({"email": format!("{}@acme.example", "a".repeat(250))}), "#/email", "too_long"),
            (json!({"email": ""}), "#/email", "blank"),
            (json!({"email": null}), "#/email", "required"),
            (json!({"first_name": " "}), "#/first_name", "blank"),
            (json!({"first_name": "123"}), "#/first_name", "name_not_verifiable"),
            (json!({"last_name": "-"}), "#/last_name", "name_not_verifiable"),
            (json!({"last_name": null}), "#/last_name", "required"),
            (json!({"first_name": long}), "#/first_name", "too_long"),
            (json!({"first_name": "A\u{7}na"}), "#/first_name", "control_character"),
            (json!({"phone": "650-555-0100"}), "#/phone", "phone_format"),
            (json!({"phone": "+1 650 555 0100"}), "#/phone", "phone_format"),
            (json!({"phone": "(650).555.0100"}), "#/phone", "phone_format"),
            (json!({"phone": "1".repeat(33)}), "#/phone", "too_long"),
            (json!({"phone": 650}), "#/phone", "invalid_type"),
            (json!({"time_zone": "Mars/Olympus"}), "#/time_zone", "time_zone_unknown"),
            (json!({"locale": "tlh"}), "#/locale", "locale_unknown"),
            (json!({"type": "secret_agent"}), "#/type", "invalid_value"),
            (json!({"permission": null}), "#/permission", "required"),
            (json!({"permission": "root"}), "#/permission", "invalid_value"),
            (json!({"duties": ["it", "gardening"]}), "#/duties/1", "invalid_value"),
            (json!({"duties": "it"}), "#/duties", "invalid_type"),
            (json!({"status": "active"}), "#/status", "unknown_member"),
            (json!({"organization_id": acme.organization_id}), "#/organization_id", "unknown_member"),
        ] {
            let refused = create(&acme, members.clone()).await.expect_problem(422, "validation_failed");
            let errors = refused["errors"].as_array().cloned().unwrap_or_default();
            assert_eq!(errors.len(), 1, "{members}: {refused}");
            assert_eq!(
                (&errors[0]["pointer"], &errors[0]["code"]),
                (&json!(pointer), &json!(code)),
                "{members}: {refused}"
            );
        }
        snapshot!(create(&acme, json!({
            "email": "Ana@acme.example", "first_name": "7", "last_name": " ", "phone": "650-555-0100", "time_zone": "CEST+",
            "permission": "all", "duties": ["it", "gardening", 3], "nick\u{e9}/name": "Annie",
        })).await.expect(422));
        assert_eq!(acme.get(acme.own("contacts")).await.expect(200).rows().len(), 1, "nothing was created");
        for (number, (first, last, phone)) in [
            ("Nguyễn", "Thị Ánh", "112"),
            ("李", "小龍", "+86.10.5555.0100"),
            ("Dr.", "O'Neill-de la Cruz 3rd", "650.555.0100"),
        ]
        .into_iter()
        .enumerate()
        {
            let email = format!("contact.{number}+support@acme.example");
            let members = json!({"email": email, "first_name": first, "last_name": last, "phone": phone});
            assert_eq!(create(&acme, members).await.expect(201)["name"], format!("{first} {last}"));
        }
    }

    /// C-5, C-7: on creation and on any edit that would lead there.
    async fn a_primary_support_contact_does_more_than_read(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let primary = |name: &str, permission: &str| {
            with(body(&format!("{name}@acme.example")), json!({"type": "primary_support", "permission": permission}))
        };
        snapshot!(acme.post(acme.own("contacts"), primary("ana", "knowledge_base")).await.expect(422));
        let ana = acme.post(acme.own("contacts"), primary("ana", "designated_support")).await.expect(201).id();
        acme.post(acme.own("contacts"), primary("ben", "manage_contacts")).await.expect(201);
        acme.invited("tom", json!({"permission": "manage_contacts"})).await;
        let kai = acme.invited("kai", json!({"permission": "knowledge_base"})).await.id();
        for (id, edit) in [(&ana, json!({"permission": "knowledge_base"})), (&kai, json!({"type": "primary_support"}))]
        {
            acme.patch(format!("/v1/contacts/{id}"), edit).await.expect_problem(422, "contact_combination_invalid");
        }
        let both = json!({"type": "primary_support", "permission": "designated_support", "duties": ["operations"]});
        snapshot!(acme.patch(format!("/v1/contacts/{kai}"), both).await.expect(200));
    }

    /// C-6, C-9, X-3, X-3a: by what one is to the organization.
    async fn contact_managers_and_full_administrators_keep_the_contacts(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (agent, consultant) = (world.agent().await, world.consultant().await);
        let dan = acme.contact("dan", "designated_support").await;
        let kai = acme.contact("kai", "knowledge_base").await;
        let eve = globex.contact("eve", "designated_support").await;
        acme.grant_person(&eve, "service_admin").await;
        let new = body("new@acme.example");
        let (contacts, record) = (acme.own("contacts"), contact(&dan));
        let denied = dan.post(&contacts, new.clone()).await.expect_problem(403, "permission_required");
        snapshot!(denied);
        snapshot!(eve.post(&contacts, new.clone()).await.expect_problem(403, "permission_required"));
        for (actor, reads) in [(&dan, 200), (&kai, 403), (&eve, 403), (&agent, 200), (&consultant, 403), (&globex, 404)]
        {
            let hidden = if reads == 404 { 404 } else { 403 };
            actor.post(&contacts, new.clone()).await.expect(hidden);
            actor.get(&contacts).await.expect(reads);
            for other in [&acme, &kai].iter().filter(|other| other.id != actor.id) {
                actor.get(contact(other)).await.expect(reads);
                actor.patch(contact(other), json!({"last_name": "Other"})).await.expect(hidden);
                actor.post(format!("{}/enable", contact(other)), ()).await.expect(hidden);
                actor.post(format!("{}/resend-welcome", contact(other)), ()).await.expect(hidden);
            }
        }
        acme.grant_organization(&globex, "full_admin").await;
        // The grant to the person decides, so eve does not become an administrator by it.
        eve.post(&contacts, new.clone()).await.expect_problem(403, "permission_required");
        let created = globex.post(&contacts, new).await.expect(201);
        assert_eq!(
            (&created["organization_id"], &created["created_by"]),
            (&json!(acme.organization_id), &json!(globex.id))
        );
        assert_eq!(globex.patch(&record, json!({"duties": ["it"]})).await.expect(200)["duties"], json!(["it"]));
        acme.grant_person(&consultant, "full_admin").await;
        consultant.post(&contacts, body("other@acme.example")).await.expect(201);
        // By which grant, the journal says.
        let entries = world.journal(&acme.organization_id);
        let by_globex: Vec<_> =
            entries.iter().filter(|entry| entry.actor.is_some_and(|actor| actor.to_string() == globex.id)).collect();
        assert_eq!(by_globex.len(), 2);
        assert!(by_globex.iter().all(|entry| entry.authority.grant.is_some()), "{by_globex:?}");
        // A demotion counts from the next request on.
        let tom = acme.contact("tom", "manage_contacts").await;
        tom.patch(&record, json!({"duties": []})).await.expect(200);
        acme.patch(contact(&tom), json!({"permission": "designated_support"})).await.expect(200);
        tom.patch(&record, json!({"duties": ["it"]})).await.expect_problem(403, "permission_required");
    }

    /// C-10
    async fn primary_support_contacts_are_appointed_and_removed_by_their_like(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (consultant, agent) = (world.consultant().await, world.agent().await);
        let tom = acme.contact("tom", "manage_contacts").await;
        let pia = acme.primary_contact("pia", "designated_support").await;
        let dan = acme.contact("dan", "designated_support").await;
        acme.grant_person(&consultant, "full_admin").await;
        let primary = |name: &str| with(body(&format!("{name}@acme.example")), json!({"type": "primary_support"}));
        snapshot!(
            tom.post(acme.own("contacts"), primary("ana"))
                .await
                .expect_problem(403, "primary_support_contact_required")
        );
        acme.grant_organization(&globex, "full_admin").await;
        for (actor, code) in [
            (&tom, "primary_support_contact_required"),
            (&consultant, "contact_manager_protected"),
            (&globex, "contact_manager_protected"),
        ] {
            actor.post(acme.own("contacts"), primary("ana")).await.expect_problem(403, code);
            actor.patch(contact(&dan), json!({"type": "primary_support"})).await.expect_problem(403, code);
            actor.patch(contact(&pia), json!({"type": "technical"})).await.expect_problem(403, code);
        }
        // What they look after is no authority: any contact manager of the organization says it.
        let same = json!({"duties": ["it"], "type": "primary_support"});
        tom.patch(contact(&pia), same.clone()).await.expect(200);
        consultant.patch(contact(&pia), same).await.expect_problem(403, "contact_manager_protected");
        tom.post(format!("{}/disable", contact(&pia)), json!({"reason": "gone"}))
            .await
            .expect_problem(403, "primary_support_contact_required");
        for actor in [&pia, &agent] {
            actor
                .patch(contact(&dan), json!({"type": "primary_support"}))
                .await
                .expect_problem(403, "permission_required");
        }
        acme.patch(contact(&dan), json!({"type": "primary_support"})).await.expect(200);
        acme.patch(contact(&dan), json!({"type": "technical"})).await.expect(200);
        acme.post(acme.own("contacts"), primary("ana")).await.expect(201);
        // Enabling appoints as well.
        acme.post(format!("{}/disable", contact(&pia)), json!({"reason": "gone"})).await.expect(200);
        tom.post(format!("{}/enable", contact(&pia)), ()).await.expect_problem(403, "primary_support_contact_required");
        globex.post(format!("{}/enable", contact(&pia)), ()).await.expect_problem(403, "contact_manager_protected");
        acme.post(format!("{}/enable", contact(&pia)), ()).await.expect(200);
    }

    /// C-11: whoever is only invited does not count; staff may go further.
    async fn an_organization_keeps_a_manager_and_a_primary_support_contact(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let agent = world.agent().await;
        let pia = acme.invited("pia", json!({"type": "primary_support", "permission": "manage_contacts"})).await;
        let disable = format!("{}/disable", contact(&acme));
        snapshot!(
            acme.patch(contact(&acme), json!({"permission": "designated_support"}))
                .await
                .expect_problem(409, "last_contact_manager")
        );
        snapshot!(
            acme.patch(contact(&acme), json!({"type": "technical"}))
                .await
                .expect_problem(409, "last_primary_support_contact")
        );
        acme.post(&disable, json!({"reason": "gone"})).await.expect_problem(409, "last_contact_manager");
        // Another manager alone is not enough, nor another primary support contact alone.
        let tom = acme.contact("tom", "manage_contacts").await;
        acme.post(&disable, json!({"reason": "gone"})).await.expect_problem(409, "last_primary_support_contact");
        let lowered = json!({"permission": "designated_support"});
        tom.patch(contact(&acme), lowered.clone()).await.expect_problem(403, "primary_support_contact_required");
        let pia =
            world.instance().accept(&world.mail(pia["email"].as_str().unwrap_or_default(), "welcome").await).await;
        pia.post(&disable, json!({"reason": "gone"})).await.expect(200);
        pia.patch(contact(&pia), lowered).await.expect_problem(409, "last_primary_support_contact");
        // What does not take the last one away is free.
        pia.patch(contact(&tom), json!({"last_name": "Tomson", "permission": "manage_contacts"})).await.expect(200);
        for last in [&tom, &pia] {
            let disabled = agent
                .post(format!("{}/disable", contact(last)), json!({"reason": "known to have left"}))
                .await
                .expect(200);
            assert_eq!(disabled["status"], "disabled");
        }
        assert!(agent.get(acme.own("contact-managers")).await.expect(200).rows().is_empty());
    }

    /// C-2, C-13: unique over all organizations; an invitation is offered for one's own domains alone.
    async fn an_email_belongs_to_one_person_in_one_organization(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let ben = zenith.post(zenith.own("contacts"), body("ben@acme.example")).await.expect(201);
        acme.invited("ana", json!({"permission": "designated_support"})).await;
        snapshot!(
            acme.post(acme.own("contacts"), body("ana@acme.example")).await.expect_problem(409, "contact_exists")
        );
        snapshot!(
            acme.post(acme.own("contacts"), body("ben@acme.example"))
                .await
                .expect_problem(409, "contact_in_other_organization")
        );
        let other = acme.post(acme.own("contacts"), body("manager@zenith.example")).await;
        assert_eq!(other.expect_problem(409, "contact_in_other_organization")["invitation_available"], false);
        // A disabled contact keeps the email in their organization (C-16); elsewhere a record of its own may have it.
        zenith.post(format!("/v1/contacts/{}/disable", ben.id()), json!({"reason": "gone"})).await.expect(200);
        zenith.post(zenith.own("contacts"), body("ben@acme.example")).await.expect_problem(409, "contact_exists");
        let here = acme.post(acme.own("contacts"), body("ben@acme.example")).await.expect(201);
        assert_ne!(here.id(), ben.id());
        let welcome = world.mailbox().nth("ben@acme.example", "welcome", 2).await;
        assert_eq!(world.instance().accept(&welcome).await.id, here.id());
        // Enabling the old one answers as creating it would.
        zenith.post(format!("/v1/contacts/{}/enable", ben.id()), ())
            .await
            .expect_problem(409, "contact_in_other_organization");
        // It cannot be changed, so nobody takes another one's over by an edit.
        acme.patch(contact(&acme), json!({"email": "ben@acme.example"})).await.expect_problem(422, "validation_failed");
        // Of two who create the same person at once, one does.
        let elsewhere = world.another_instance(&[]).await;
        for round in 0..10 {
            let new = body(&format!("new{round}@other.example"));
            let there = zenith.at(&elsewhere);
            let (one, two) =
                tokio::join!(acme.post(acme.own("contacts"), new.clone()), there.post(zenith.own("contacts"), new));
            let mut codes = [(one.status, one.code()), (two.status, two.code())];
            codes.sort_unstable();
            assert_eq!(codes, [(201, ""), (409, "contact_in_other_organization")], "{one}\n{two}");
        }
    }
}
