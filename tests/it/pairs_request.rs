//! Rules that could defeat each other, around service requests: upgrades (S-8), who lets people in (S-7, S-14), who is told (S-2,
//! S-12), and who inherits (C-15).

use mandate_tests::{Actor, Answer, Value, e2e, hours, json, person as named, with};

use crate::pairs_contact::disable;
use crate::pairs_grant::tries;
use crate::participant::{add, participants};
use crate::partner_grant::{grant_path, offer, whole};
use crate::service_request::{request_path, submit};

/// Tries to make something else of a request.
async fn edit(actor: &Actor, request: &Answer, members: Value) -> Answer {
    actor.patch(request_path(request), members).await
}

/// Tries to take somebody out of a request.
async fn remove(actor: &Actor, request: &Answer, person: &str) -> Answer {
    actor.delete(format!("{}/{person}", participants(request))).await
}

e2e! {
    /// S-8: no partner takes a part in an upgrade by which it would be worked on, whatever its level and however it is named.
    async fn partners_are_not_supported_for_upgrades_s_8(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        let named = submit(&acme, json!({"category": "upgrade", "point_of_contact": globex.id})).await;
        named.expect_problem(422, "point_of_contact_not_allowed");
        let with_secondary = json!({"category": "upgrade", "participants": [{"person_id": globex.id, "role": "secondary"}]});
        submit(&acme, with_secondary).await.expect_problem(422, "participant_not_allowed");
        let by_partner = submit(&globex, json!({"organization_id": acme.organization_id, "category": "upgrade"})).await;
        assert_eq!(by_partner.status, 403, "{by_partner}");
        let upgrade = submit(&acme, json!({"category": "upgrade"})).await.expect(201);
        edit(&acme, &upgrade, json!({"point_of_contact": globex.id})).await.expect_problem(422, "point_of_contact_not_allowed");
        add(&acme, &upgrade, &globex.id, "point_of_contact").await.expect_problem(422, "point_of_contact_not_allowed");
        add(&acme, &upgrade, &gwen.id, "secondary").await.expect_problem(422, "participant_not_allowed");
        assert_eq!(tries(&globex, &upgrade).await, (200, 403));
        edit(&globex, &upgrade, json!({"severity": 1})).await.expect_problem(403, "permission_required");
        // Copies it may have; it reads and does no more.
        add(&acme, &upgrade, &gwen.id, "cc").await.expect(201);
        assert_eq!(tries(&gwen, &upgrade).await, (200, 403));
        globex.upload(&upgrade.id(), "a.txt", "text/plain", "A").await.expect_problem(403, "permission_required");
    }

    /// S-14: who gets copies of a confidential request, or is secondary in it, lets nobody in and opens it to nobody.
    async fn only_who_may_conceal_a_request_lets_people_in_s_14(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let (sue, max) = (acme.contact("sue", "designated_support").await, acme.contact("max", "manage_contacts").await);
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "create").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        let secret = submit(&dan, json!({"subject": "About Max", "confidential": true})).await.expect(201);
        add(&dan, &secret, &sue.id, "cc").await.expect(201);
        add(&acme, &secret, &globex.id, "secondary").await.expect(201);
        // Copies are read, whatever S-3 says otherwise.
        assert_eq!(tries(&sue, &secret).await, (200, 403));
        assert_eq!(tries(&globex, &secret).await, (200, 201));
        for actor in [&sue, &globex] {
            for role in ["cc", "secondary", "point_of_contact"] {
                for who in [&max.id, &gwen.id, &actor.id] {
                    let refused = add(actor, &secret, who, role).await;
                    assert_eq!((refused.status, refused.code()), (403, "primary_support_contact_required"), "{role}: {refused}");
                }
            }
            let point = edit(actor, &secret, json!({"point_of_contact": actor.id})).await;
            point.expect_problem(403, "primary_support_contact_required");
            let opened = edit(actor, &secret, json!({"confidential": false})).await;
            opened.expect_problem(403, "primary_support_contact_required");
        }
        let step = json!({"new_contact": with(named("new@acme.example"), json!({"permission": "designated_support"})), "role": "cc"});
        assert_eq!(max.post(participants(&secret), step).await.status, 404);
        for one in [&max, &gwen] {
            assert_eq!(tries(one, &secret).await.0, 404, "{}", one.email);
        }
        // Its submitter, a primary support contact and the desk do.
        add(&world.agent().await, &secret, &max.id, "cc").await.expect(201);
        remove(&dan, &secret, &max.id).await.expect(204);
    }

    /// S-14: what a primary support contact or the desk concealed only they open, and a partner never opens one.
    async fn a_partner_never_opens_what_is_confidential_s_14(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "create").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        let opens = async |actor: &Actor, request: &Answer| edit(actor, request, json!({"confidential": false})).await.status;
        let by_partner = submit(&globex, json!({"organization_id": acme.organization_id})).await.expect(201);
        edit(&acme, &by_partner, json!({"confidential": true})).await.expect(200);
        assert_eq!((opens(&globex, &by_partner).await, tries(&gwen, &by_partner).await.0), (403, 404));
        // Its own as well: it may conceal, and lets nobody in.
        let own = submit(&globex, json!({"organization_id": acme.organization_id, "confidential": true})).await.expect(201);
        assert_eq!((opens(&globex, &own).await, tries(&gwen, &own).await.0), (403, 404));
        assert_eq!(add(&globex, &own, &gwen.id, "cc").await.status, 403);
        // A submitter of the organization opens what they concealed themselves, and nothing that was concealed from above.
        let dans = submit(&dan, json!({"confidential": true})).await.expect(201);
        assert_eq!(opens(&dan, &dans).await, 200);
        for guard in [&acme, &world.agent().await] {
            edit(guard, &dans, json!({"confidential": true})).await.expect(200);
            assert_eq!(opens(&dan, &dans).await, 403, "{}", guard.email);
            assert_eq!(opens(guard, &dans).await, 200, "{}", guard.email);
        }
    }

    /// S-7: a partner takes out itself and whom its own organization added, and moves the point of contact only where it is that.
    async fn a_partner_takes_out_nobody_of_the_customers_s_7(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, sue) = (acme.contact("dan", "designated_support").await, acme.contact("sue", "designated_support").await);
        let globex = world.partner("Globex", "globex.example").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        acme.grant_organization(&globex, "view").await;
        let request = acme.request("The printer is on fire").await;
        add(&acme, &request, &globex.id, "secondary").await.expect(201);
        add(&acme, &request, &dan.id, "secondary").await.expect(201);
        add(&globex, &request, &gwen.id, "cc").await.expect(201);
        remove(&globex, &request, &dan.id).await.expect_problem(403, "permission_required");
        for point in [&globex.id, &dan.id, &gwen.id] {
            edit(&globex, &request, json!({"point_of_contact": point})).await.expect_problem(403, "permission_required");
            add(&globex, &request, point, "point_of_contact").await.expect_problem(403, "permission_required");
        }
        let seen = acme.get(request_path(&request)).await.expect(200);
        assert_eq!(seen["point_of_contact"]["id"], acme.id);
        remove(&globex, &request, &gwen.id).await.expect(204);
        remove(&globex, &request, &globex.id).await.expect(204);
        // At a level that updates all requests it is the same.
        let high = world.partner("Initech", "initech.example").await;
        acme.grant_organization(&high, "full_admin").await;
        remove(&high, &request, &dan.id).await.expect_problem(403, "permission_required");
        edit(&high, &request, json!({"point_of_contact": high.id})).await.expect_problem(403, "permission_required");
        // The point of contact itself hands it on to one of the customer's people.
        edit(&acme, &request, json!({"point_of_contact": high.id})).await.expect(200);
        edit(&high, &request, json!({"point_of_contact": sue.id})).await.expect(200);
    }

    /// S-2, S-10: everybody who is made point of contact by somebody else is told, whoever did it and in whatever way.
    async fn everybody_made_point_of_contact_is_told_s_2(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "create").await;
        let (dan, sue) = (acme.contact("dan", "designated_support").await, acme.contact("sue", "designated_support").await);
        let agent = world.agent().await;
        let for_acme = json!({"organization_id": acme.organization_id, "point_of_contact": dan.id});
        let mut told = 0;
        for actor in [&sue, &globex, &agent] {
            submit(actor, for_acme.clone()).await.expect(201);
            told += 1;
            world.mailbox().nth(&dan.email, "point_of_contact", told).await;
        }
        for actor in [&sue, &agent] {
            let request = acme.request("Who looks after it?").await;
            edit(actor, &request, json!({"point_of_contact": dan.id})).await.expect(200);
            told += 1;
            world.mailbox().nth(&dan.email, "point_of_contact", told).await;
            let request = acme.request("And after this?").await;
            add(actor, &request, &dan.id, "point_of_contact").await.expect(201);
            told += 1;
            world.mailbox().nth(&dan.email, "point_of_contact", told).await;
        }
        // Who does it themselves knows.
        let request = acme.request("Mine").await;
        edit(&dan, &request, json!({"point_of_contact": dan.id})).await.expect(200);
        sue.request("Another one").await;
        agent.reply(&request.id(), "Thank you").await;
        world.mail(&dan.email, "reply").await;
        assert_eq!(world.mailbox().of(&dan.email, "point_of_contact").len(), told);
    }

    /// S-12: partners are told of replies by an individual grant at `view` or above as by their organization's, unless they turned it off.
    async fn individual_grantees_are_told_of_replies_s_12(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let mut partners = Vec::new();
        for level in ["cc", "view", "update", "full_admin"] {
            let partner = globex.contact(&level.replace('_', "-"), "designated_support").await;
            acme.grant_person(&partner, level).await;
            partners.push(partner);
        }
        let quiet = globex.contact("quiet", "designated_support").await;
        acme.grant_person(&quiet, "view").await;
        quiet.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        let request = acme.request("The printer is on fire").await;
        let secret = submit(&acme, json!({"confidential": true})).await.expect(201);
        let agent = world.agent().await;
        agent.reply(&secret.id(), "Nobody shall know").await;
        world.mail(&acme.email, "reply").await;
        agent.reply(&request.id(), "Have you tried water?").await;
        for partner in &partners[1..] {
            let mail = world.mail(&partner.email, "reply").await;
            assert!(mail.text.contains("water"), "{}", mail.text);
        }
        for nobody in [&partners[0], &quiet] {
            assert_eq!(world.mailbox().of(&nobody.email, "reply").len(), 0, "{}", nobody.email);
        }
        assert_eq!(world.mailbox().of(&partners[1].email, "reply").len(), 1, "nothing of the confidential one");
    }

    /// C-15, G-16: what a partner disables, it does not inherit: the customer's own people do, a primary support contact first.
    async fn a_partner_inherits_nothing_by_disabling_c_15(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let old = submit(&dan, json!({"subject": "Older than the grant"})).await.expect(201);
        world.advance(hours(1));
        let globex = world.partner("Globex", "globex.example").await;
        let terms = json!({"grantee": whole(&globex), "level": "full_admin", "history": "new",
            "acknowledge_organization_wide_visibility": true});
        let grant = offer(&acme, terms).await.expect(201);
        globex.get(request_path(&old)).await.expect_problem(404, "not_found");
        let disabled = disable(&globex, &dan.id).await.expect(200);
        assert!(!disabled.text().contains(&globex.id) || !disabled["effects"].to_string().contains(&globex.id), "{disabled}");
        globex.get(request_path(&old)).await.expect_problem(404, "not_found");
        assert_eq!(acme.get(request_path(&old)).await.expect(200)["point_of_contact"]["id"], acme.id);
        world.mail(&acme.email, "service_requests_handed_over").await;
        assert_eq!(acme.get(grant_path(&grant)).await.expect(200)["history"], "new");
    }

    /// S-4: what a request follows up is told to those alone who may see that one.
    async fn a_follow_up_tells_of_the_other_only_who_may_see_it_s_4(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let sue = acme.contact("sue", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        let secret = submit(&acme, json!({"confidential": true})).await.expect(201);
        let old = acme.request("Old").await;
        for request in [&secret, &old] {
            edit(&world.agent().await, request, json!({"status": "closed"})).await.expect(200);
        }
        world.advance(hours(1));
        let terms = json!({"grantee": whole(&globex), "level": "view", "history": "new",
            "acknowledge_organization_wide_visibility": true});
        offer(&acme, terms).await.expect(201);
        world.advance(hours(1));
        let after_secret = submit(&acme, json!({"follow_up_of": secret.id(), "confidential": false})).await.expect(201);
        let after_old = submit(&acme, json!({"follow_up_of": old.id()})).await.expect(201);
        for (reader, request, expected) in [
            (&acme, &after_secret, json!(secret.id())),
            (&sue, &after_secret, Value::Null),
            (&globex, &after_secret, Value::Null),
            (&sue, &after_old, json!(old.id())),
            (&globex, &after_old, Value::Null),
        ] {
            let seen = reader.get(request_path(request)).await.expect(200);
            assert_eq!(seen["follow_up_of"], expected, "{}", reader.email);
            let rows = reader.get("/v1/service-requests?limit=100").await.expect(200);
            let row = rows.rows().iter().find(|row| row["id"] == request.id()).cloned().unwrap_or_default();
            assert_eq!(row["follow_up_of"], expected, "{} in the list", reader.email);
        }
    }
}
