//! Rules that could defeat each other, around grants: what only a primary support contact gives (G-5), what ending must not give
//! (G-12), whom a grant to an organization reaches (G-7), and what hangs on one (S-7, C-15).

use mandate_tests::{Actor, Answer, Value, days, e2e, json, person as named, seconds, with};

use crate::invitation::{accept, invite, token};
use crate::pairs_contact::{contact_path, disable, enable};
use crate::participant::{add, participants};
use crate::partner_grant::{grant_path, offer, person, whole};
use crate::service_request::{request_path, submit};

const ACKNOWLEDGED: &str = "acknowledge_organization_wide_visibility";

/// Asks a customer for a grant.
async fn ask(asker: &Actor, customer: &Actor, grantee: Value, level: &str) -> String {
    let body = json!({"grantor": {"id": customer.organization_id}, "grantee": grantee, "level": level});
    let asked = asker.post(asker.own("partner-grant-requests"), body).await.expect(201);
    format!("/v1/partner-grant-requests/{}", asked.id())
}

/// Whether somebody reads a request and writes in it, as status codes.
pub(crate) async fn tries(actor: &Actor, request: &Answer) -> (u16, u16) {
    let messages = format!("{}/messages", request_path(request));
    (actor.get(request_path(request)).await.status, actor.post(messages, json!({"body": "A word"})).await.status)
}

e2e! {
    /// G-5, C-10: `service_admin` and `full_admin` are made, approved, raised to and extended by a primary support contact alone.
    async fn only_a_primary_support_contact_gives_administration_g_5(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (gwen, wim) = (globex.contact("gwen", "designated_support").await, globex.contact("wim", "designated_support").await);
        let refuse = |answer: Answer| answer.expect_problem(403, "primary_support_contact_required");
        for level in ["service_admin", "full_admin"] {
            refuse(offer(&mia, json!({"grantee": person(&gwen), "level": level})).await);
            refuse(offer(&mia, json!({"grantee": whole(&globex), "level": level, ACKNOWLEDGED: true})).await);
            let asked = ask(&globex, &acme, person(&wim), level).await;
            refuse(mia.post(format!("{asked}/approve"), json!({})).await);
            refuse(mia.post(format!("{asked}/approve"), json!({"level": "full_admin"})).await);
            mia.post(format!("{asked}/decline"), json!({"reason": "no"})).await.expect(200);
        }
        // What she gives herself she cannot raise so far, nor extend or widen what a primary support contact gave.
        let lower = offer(&mia, json!({"grantee": person(&gwen), "level": "create"})).await.expect(201);
        refuse(mia.patch(grant_path(&lower), json!({"level": "service_admin"})).await);
        let terms = json!({"grantee": person(&wim), "level": "full_admin", "history": "new", "expires_at": world.after(days(10))});
        let given = offer(&acme, terms).await.expect(201);
        for more in [
            json!({"expires_at": world.after(days(11))}),
            json!({"expires_at": null}),
            json!({"history": "open"}),
            json!({"history": "all"}),
        ] {
            refuse(mia.patch(grant_path(&given), more).await);
        }
        let lowered = json!({"level": "service_admin", "expires_at": world.after(days(9))});
        mia.patch(grant_path(&given), lowered).await.expect(200);
        refuse(mia.patch(grant_path(&given), json!({"level": "full_admin"})).await);
        let asked = globex.post(globex.own("partner-grant-requests"), json!({"grantor": {"id": acme.organization_id},
            "grantee": person(&wim), "level": "service_admin", "renews_grant_id": given.id(),
            "expires_at": world.after(days(300))})).await.expect(201).id();
        refuse(mia.post(format!("/v1/partner-grant-requests/{asked}/approve"), json!({})).await);
        acme.post(format!("/v1/partner-grant-requests/{asked}/approve"), json!({})).await.expect(200);
        mia.post(format!("{}/revoke", grant_path(&given)), json!({})).await.expect(200);
    }

    /// G-5, G-2: nor is one had by ending, shortening or raising an individual grant that hides it.
    async fn ending_what_hides_administration_takes_a_primary_support_contact_g_5(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mia = acme.contact("mia", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        acme.grant_organization(&globex, "full_admin").await;
        for level in ["none", "cc", "create"] {
            let hiding = acme.grant_person(&gwen, level).await;
            let refuse = |answer: Answer| answer.expect_problem(403, "primary_support_contact_required");
            refuse(mia.post(format!("{}/revoke", grant_path(&hiding)), json!({})).await);
            refuse(mia.patch(grant_path(&hiding), json!({"expires_at": world.after(seconds(1))})).await);
            refuse(mia.patch(grant_path(&hiding), json!({"level": "full_admin"})).await);
            let raised = if level == "create" { "update" } else { "view" };
            mia.patch(grant_path(&hiding), json!({"level": raised})).await.expect(200);
            world.advance(seconds(5));
            gwen.get(acme.own("contacts")).await.expect_problem(403, "permission_required");
            acme.post(format!("{}/revoke", grant_path(&hiding)), json!({})).await.expect(200);
            gwen.get(acme.own("contacts")).await.expect(200);
        }
    }

    /// G-12, G-13: what takes away rests while its holder is disabled and applies again after it; the grantor alone ends it.
    async fn who_is_shut_out_stays_shut_out_when_enabled_again_g_12(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "update").await;
        let request = acme.request("The printer is on fire").await;
        for (name, level) in [("eve", "none"), ("lea", "cc")] {
            let eve = globex.contact(name, "designated_support").await;
            assert_eq!(tries(&eve, &request).await, (200, 201));
            let grant = acme.grant_person(&eve, level).await;
            assert_eq!(tries(&eve, &request).await, (404, 404));
            disable(&globex, &eve.id).await.expect(200);
            enable(&globex, &eve.id).await.expect(200);
            let eve = world.instance().accept(&world.mailbox().nth(&eve.email, "welcome", 2).await).await;
            assert_eq!(tries(&eve, &request).await, (404, 404), "{level}");
            let kept = acme.get(grant_path(&grant)).await.expect(200);
            assert_eq!((&kept["status"], &kept["level"]), (&json!("live"), &json!(level)));
            acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
            assert_eq!(tries(&eve, &request).await, (200, 201));
        }
        // What gives more than the organization has ends for good.
        let max = globex.contact("max", "designated_support").await;
        let more = acme.grant_person(&max, "create").await;
        disable(&globex, &max.id).await.expect(200);
        assert_eq!(acme.get(grant_path(&more)).await.expect(200)["status"], "ended");
    }

    /// G-12, C-14: it follows to the record that they become at another partner, by an invitation or by a new record.
    async fn who_is_shut_out_stays_shut_out_elsewhere_g_12(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (globex, initech) = (world.partner("Globex", "globex.example").await, world.partner("Initech", "initech.example").await);
        acme.grant_organization(&globex, "update").await;
        acme.grant_organization(&initech, "view").await;
        let request = acme.request("The printer is on fire").await;
        let join = async |name: &str| {
            let body = with(named(&format!("{name}@initech.example")), json!({"permission": "designated_support"}));
            let made = globex.post(globex.own("contacts"), body).await.expect(201);
            let email = made["email"].as_str().unwrap_or_default().to_owned();
            world.instance().accept(&world.mail(&email, "welcome").await).await
        };
        // By an invitation.
        let eve = join("eve").await;
        let grant = acme.grant_person(&eve, "none").await;
        invite(&initech, &eve.email, json!({})).await.expect(201);
        accept(&world, &token(&world, &eve.email, 1).await).await.expect(200);
        let eve = world.sign_in(&eve.email).await;
        assert_eq!(eve.organization_id, initech.organization_id);
        assert_eq!(tries(&eve, &request).await, (404, 404));
        let followed = acme.get(grant_path(&grant)).await.expect(200);
        assert_eq!((&followed["status"], &followed["level"], &followed["grantee"]["id"]), (&json!("live"), &json!("none"), &json!(eve.id)));
        // By a new record: what was a lower level there is still one here.
        let lea = join("lea").await;
        let grant = acme.grant_person(&lea, "cc").await;
        disable(&globex, &lea.id).await.expect(200);
        let body = with(named(&lea.email), json!({"permission": "designated_support"}));
        let again = initech.post(initech.own("contacts"), body).await.expect(201);
        let lea = world.instance().accept(&world.mailbox().nth(&lea.email, "welcome", 2).await).await;
        assert_eq!(lea.id, again.id());
        assert_eq!(tries(&lea, &request).await, (404, 404));
        assert_eq!(acme.get(grant_path(&grant)).await.expect(200)["level"], "cc");
    }

    /// G-7, C-6: a grant to an organization opens nothing to its `knowledge_base` people; one to such a person does.
    async fn knowledge_base_opens_nothing_abroad_g_7(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let kim = globex.contact("kim", "knowledge_base").await;
        acme.grant_organization(&globex, "full_admin").await;
        let request = acme.request("The printer is on fire").await;
        assert_eq!(tries(&kim, &request).await, (404, 404));
        assert_eq!(kim.get("/v1/service-requests").await.expect(200).rows().len(), 0);
        kim.get(acme.own("contacts")).await.expect_problem(404, "not_found");
        submit(&kim, json!({"organization_id": acme.organization_id})).await.expect_problem(404, "not_found");
        let body = with(named("dan@acme.example"), json!({"permission": "designated_support"}));
        kim.post(acme.own("contacts"), body).await.expect_problem(404, "not_found");
        // Whom it does not reach cannot be added by it (S-7), and is none of the viewers, receivers and candidates.
        add(&acme, &request, &kim.id, "cc").await.expect_problem(422, "participant_not_allowed");
        submit(&acme, json!({"point_of_contact": kim.id})).await.expect_problem(422, "point_of_contact_not_allowed");
        for list in [format!("{}/viewers", request_path(&request)), acme.own("point-of-contact-candidates")] {
            let listed = acme.get(format!("{list}?limit=100")).await.expect(200);
            assert!(!listed.text().contains(&kim.id) && listed.text().contains(&globex.id), "{listed}");
        }
        let access = acme.get(acme.own(&format!("effective-access?person_id={}", kim.id))).await.expect(200);
        assert_eq!(access["level"], Value::Null, "{access}");
        acme.grant_person(&kim, "update").await;
        assert_eq!(tries(&kim, &request).await, (200, 201));
        add(&acme, &request, &kim.id, "secondary").await.expect(201);
        // Who is demoted loses what the organization's grant gave at once, and what hung on it for good.
        let gus = globex.contact("gus", "designated_support").await;
        add(&acme, &request, &gus.id, "secondary").await.expect(201);
        globex.patch(contact_path(&gus.id), json!({"permission": "knowledge_base"})).await.expect(200);
        assert_eq!(tries(&gus, &request).await, (404, 404));
        globex.patch(contact_path(&gus.id), json!({"permission": "designated_support"})).await.expect(200);
        let parts = acme.get(participants(&request)).await.expect(200);
        assert!(!parts.text().contains(&gus.id), "{parts}");
    }

    /// S-7: the end of the grant behind a participation ends it for good, also where another grant follows.
    async fn a_part_ends_with_the_grant_behind_it_s_7(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let request = acme.request("The printer is on fire").await;
        let revoke = async |grant: &Answer| acme.post(format!("{}/revoke", grant_path(grant)), json!({})).await.expect(200);
        // Revoked, and another one made.
        let gwen = globex.contact("gwen", "designated_support").await;
        let grant = acme.grant_person(&gwen, "update").await;
        add(&acme, &request, &gwen.id, "secondary").await.expect(201);
        revoke(&grant).await;
        acme.grant_person(&gwen, "cc").await;
        assert_eq!(tries(&gwen, &request).await, (404, 404));
        // Expired, and another one made.
        let wim = globex.contact("wim", "designated_support").await;
        let terms = json!({"grantee": person(&wim), "level": "update", "expires_at": world.after(days(1))});
        offer(&acme, terms).await.expect(201);
        add(&acme, &request, &wim.id, "secondary").await.expect(201);
        world.advance(days(2));
        acme.grant_person(&wim, "cc").await;
        assert_eq!(tries(&wim, &request).await, (404, 404));
        // `none` is no level here: raised to `cc`, it revives nothing.
        let eve = globex.contact("eve", "designated_support").await;
        let grant = acme.grant_person(&eve, "update").await;
        add(&acme, &request, &eve.id, "secondary").await.expect(201);
        acme.patch(grant_path(&grant), json!({"level": "none"})).await.expect(200);
        acme.patch(grant_path(&grant), json!({"level": "cc"})).await.expect(200);
        assert_eq!(tries(&eve, &request).await, (404, 404));
        assert_eq!(acme.get(participants(&request)).await.expect(200).rows().len(), 1);
    }

    /// S-7: lowering a grant ends what its holder or a colleague made and could not make now; what the customer made stays.
    async fn lowering_a_grant_takes_what_the_partner_made_itself_s_7(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        let grant = acme.grant_organization(&globex, "create").await;
        let request = acme.request("The printer is on fire").await;
        let chosen = acme.request("Chosen by the customer").await;
        add(&globex, &request, &globex.id, "secondary").await.expect(201);
        add(&globex, &request, &gwen.id, "secondary").await.expect(201);
        add(&acme, &chosen, &gwen.id, "secondary").await.expect(201);
        let led = submit(&globex, json!({"organization_id": acme.organization_id, "subject": "Led"})).await.expect(201);
        assert_eq!(led["partner_managed"], true);
        // At `view` they read on, and write no more.
        acme.patch(grant_path(&grant), json!({"level": "view"})).await.expect(200);
        assert_eq!(tries(&globex, &request).await, (200, 403));
        globex.patch(request_path(&request), json!({"severity": 1})).await.expect_problem(403, "permission_required");
        acme.patch(grant_path(&grant), json!({"level": "cc"})).await.expect(200);
        for actor in [&globex, &gwen] {
            assert_eq!(tries(actor, &request).await, (404, 404), "{}", actor.email);
        }
        assert_eq!(tries(&globex, &led).await, (404, 404));
        let seen = acme.get(request_path(&led)).await.expect(200);
        assert_eq!((&seen["partner_managed"], &seen["point_of_contact"]["id"]), (&json!(false), &json!(acme.id)));
        assert_eq!(tries(&gwen, &chosen).await, (200, 201));
    }

    /// S-7: a partner's person at any level is made point of contact of a request that exists, and updates this one alone.
    async fn a_partner_at_any_level_is_made_point_of_contact_s_7(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        for level in ["cc", "view", "update"] {
            let gwen = globex.contact(level, "designated_support").await;
            acme.grant_person(&gwen, level).await;
            let (first, second, other) =
                (acme.request("First").await, acme.request("Second").await, acme.request("Another").await);
            acme.patch(request_path(&first), json!({"point_of_contact": gwen.id})).await.expect(200);
            add(&acme, &second, &gwen.id, "point_of_contact").await.expect(201);
            for request in [&first, &second] {
                assert_eq!(tries(&gwen, request).await, (200, 201), "{level}");
                assert_eq!(gwen.get(request_path(request)).await.expect(200)["partner_managed"], true);
            }
            let elsewhere = tries(&gwen, &other).await;
            assert_eq!(elsewhere.1 == 201, level == "update", "{level}");
            // To be named at creation takes `create` (S-2), and `none` is no level.
            submit(&acme, json!({"point_of_contact": gwen.id})).await.expect_problem(422, "point_of_contact_not_allowed");
        }
        let eve = globex.contact("eve", "designated_support").await;
        acme.grant_person(&eve, "none").await;
        let request = acme.request("For nobody").await;
        let refused = acme.patch(request_path(&request), json!({"point_of_contact": eve.id})).await;
        refused.expect_problem(422, "point_of_contact_not_allowed");
        add(&acme, &request, &eve.id, "cc").await.expect_problem(422, "participant_not_allowed");
    }

    /// C-15, S-7, S-10: a partner whose grant ends leads no more; while it rests, answers reach the customer's own people as well.
    async fn a_partner_without_its_grant_leads_nothing_c_15(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let globex = world.partner("Globex", "globex.example").await;
        let agent = world.agent().await;
        let state = async |request: &Answer| {
            let seen = acme.get(request_path(request)).await.expect(200);
            (seen["point_of_contact"]["id"].clone(), seen["partner_managed"].clone())
        };
        let led = submit(&dan, json!({"subject": "Led by Globex"})).await.expect(201);
        let grant = acme.grant_organization(&globex, "create").await;
        acme.patch(request_path(&led), json!({"point_of_contact": globex.id})).await.expect(200);
        // While the partner is suspended it rests.
        let organization = format!("/v1/organizations/{}", globex.organization_id);
        world.admin().await.post(format!("{organization}/suspend"), ()).await.expect(200);
        assert_eq!(state(&led).await, (json!(globex.id), json!(false)));
        let listed = acme.get("/v1/service-requests?partner_managed=true").await.expect(200);
        assert_eq!(listed.rows().len(), 0);
        agent.reply(&led.id(), "Is it still burning?").await;
        world.mail(&dan.email, "reply").await;
        world.admin().await.post(format!("{organization}/resume"), ()).await.expect(200);
        assert_eq!(state(&led).await, (json!(globex.id), json!(true)));
        // Revoked, it is the submitter's again, who is told.
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
        assert_eq!(state(&led).await, (json!(dan.id), json!(false)));
        world.mail(&dan.email, "service_requests_handed_over").await;
        agent.reply(&led.id(), "And now?").await;
        world.mailbox().nth(&dan.email, "reply", 2).await;
        // By an individual `none` as well, and where the partner had submitted it, a primary support contact takes over.
        acme.grant_organization(&globex, "create").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        let own = submit(&gwen, json!({"organization_id": acme.organization_id})).await.expect(201);
        acme.grant_person(&gwen, "none").await;
        assert_eq!(state(&own).await, (json!(acme.id), json!(false)));
    }

    /// C-15, X-1: what was asked for by somebody who may not ask any more is not approved.
    async fn a_grant_asked_for_by_who_was_demoted_is_not_given_c_15(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let gwen = globex.contact("gwen", "designated_support").await;
        let asked = ask(&gwen, &acme, person(&gwen), "view").await;
        globex.patch(contact_path(&gwen.id), json!({"permission": "knowledge_base"})).await.expect(200);
        let refused = acme.post(format!("{asked}/approve"), json!({})).await.expect_problem(409, "invalid_transition");
        assert_eq!(refused["current_status"], acme.get(&asked).await.expect(200)["status"]);
        assert_eq!(acme.get(acme.own("partner-grants")).await.expect(200).rows().len(), 0);
    }
}
