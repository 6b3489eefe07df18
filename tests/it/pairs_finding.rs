//! Smaller pairs: what readiness says of grants and domains, which domains an organization owns (O-2, O-5), links
//! of a suspended organization, and what staff who keep records read.

use mandate_tests::{Actor, PASSWORD, Value, days, e2e, json, person as named, with};

use crate::pairs_contact::contact_path;
use crate::partner_grant::grant_path;

/// The finding with this code; null if there is none.
async fn finding(actor: &Actor, code: &str) -> Value {
    let answer = actor.get(actor.own("readiness")).await.expect(200);
    let findings = answer["findings"].as_array().cloned().unwrap_or_default();
    findings.into_iter().find(|finding| finding["code"] == code).unwrap_or_default()
}

e2e! {
    /// a grant that was raised has its 90 days from then on.
    async fn a_grant_that_was_raised_is_not_unused_yet_r_10(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let grant = acme.grant_organization(&globex, "view").await;
        world.advance(days(100));
        let raised = json!({"level": "create", "acknowledge_organization_wide_visibility": true});
        acme.patch(grant_path(&grant), raised).await.expect(200);
        assert_eq!(finding(&acme, "broad_grant_unused").await, Value::Null);
        world.advance(days(89));
        assert_eq!(finding(&acme, "broad_grant_unused").await, Value::Null);
        // A note is no raise, nor is a lower level.
        acme.patch(grant_path(&grant), json!({"note": "still needed?"})).await.expect(200);
        world.advance(days(2));
        assert_eq!(finding(&acme, "broad_grant_unused").await["grant_ids"], json!([grant.id()]));
    }

    /// O-5, O-2: nobody owns a public suffix, a single label, or a domain of the vendor's or below; the vendor keeps what is set.
    async fn some_domains_are_nobodys_o_5(world: World) {
        let admin = world.admin().await;
        let acme = world.customer("Acme", "acme.example").await;
        let path = format!("/v1/organizations/{}", acme.organization_id);
        for domain in ["eu.vendor.example", "vendor.example", "co.uk", "com", "example", "localhost", "github.io"] {
            let refused = admin.patch(&path, json!({"domains": ["acme.example", domain]})).await;
            assert!(matches!(refused.status, 409 | 422), "{domain}: {refused}");
            let body = json!({"kind": "customer", "name": "New", "domains": [domain], "first_contact": named("new@new.example")});
            let refused = admin.post("/v1/organizations", body).await;
            assert!(matches!(refused.status, 409 | 422), "{domain}: {refused}");
        }
        for domain in ["acme.co.uk", "vendor.example.com", "myvendor.example", "gmail.com"] {
            admin.patch(&path, json!({"domains": ["acme.example", domain]})).await.expect(200);
        }
        let vendor = format!("/v1/organizations/{}", admin.organization_id);
        for domains in [json!([]), json!(["other.example"])] {
            let refused = admin.patch(&vendor, json!({"domains": domains})).await;
            assert_eq!(refused.status, 422, "{refused}");
        }
        let agent = world.agent().await;
        let bodies = ["new@vendor.example", "new@eu.vendor.example", &agent.email];
        for email in bodies {
            let body = with(named(email), json!({"permission": "designated_support"}));
            acme.post(acme.own("contacts"), body).await.expect_problem(422, "vendor_staff_not_allowed");
        }
    }

    /// C-12, G-12: a link of a suspended organization's person waits until that is over.
    async fn a_reset_link_waits_while_the_organization_is_suspended(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let admin = world.admin().await;
        let path = format!("/v1/organizations/{}", acme.organization_id);
        world.anonymous().post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
        let token = world.mail(&acme.email, "password_reset").await.token();
        let confirm = async || {
            let body = json!({"token": token, "password": PASSWORD});
            world.anonymous().post("/v1/password-resets/confirm", body).await
        };
        admin.post(format!("{path}/suspend"), ()).await.expect(200);
        confirm().await.expect_problem(422, "invalid_link");
        admin.post(format!("{path}/resume"), ()).await.expect(200);
        confirm().await.expect_success();
    }

    /// C-14, C-20, X-3: the staff who keep records read invitations and reviews, and change nothing of them.
    async fn staff_who_keep_records_read_invitations_and_reviews(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let olga = crate::invitation::abroad(&world, &zenith, "olga", json!({})).await;
        let invitation = crate::invitation::invite(&acme, &olga.email, json!({})).await.expect(201);
        let review = acme.post(acme.own("contact-reviews"), ()).await.expect(201);
        let (invitation, review) =
            (format!("/v1/invitations/{}", invitation.id()), format!("/v1/contact-reviews/{}", review.id()));
        let reads = [acme.own("invitations"), acme.own("contact-reviews"), invitation.clone(), review.clone(), format!("{review}/contacts")];
        for keeper in [world.agent().await, world.duty_manager().await, world.admin().await] {
            for path in &reads {
                keeper.get(path).await.expect(200);
            }
            keeper.post(format!("{invitation}/cancel"), ()).await.expect(403);
            keeper.post(format!("{review}/confirm"), json!({"contact_ids": [acme.id]})).await.expect(403);
        }
        for (other, status) in [(world.consultant().await, 403), (world.staff("sue", &["sales_manager"]).await, 403), (zenith, 404)] {
            for path in &reads {
                assert_eq!(other.get(path).await.status, status, "{} {path}", other.email);
            }
        }
    }

    /// somebody who administers the site and cannot ask for what is restricted is advice.
    async fn a_site_administrator_who_is_no_primary_support_contact_is_found_r_4(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact_with("dan", json!({"permission": "designated_support", "duties": ["site_administrator"]})).await;
        acme.invited("ivy", json!({"permission": "designated_support", "duties": ["site_administrator"]})).await;
        let found = finding(&acme, "site_administrator_not_primary").await;
        assert_eq!((&found["contact_ids"], &found["severity"]), (&json!([dan.id]), &json!("advice")));
        acme.patch(contact_path(&dan.id), json!({"type": "primary_support"})).await.expect(200);
        assert_eq!(finding(&acme, "site_administrator_not_primary").await["contact_ids"], json!([dan.id]));
        acme.patch(contact_path(&dan.id), json!({"permission": "manage_contacts"})).await.expect(200);
        assert_eq!(finding(&acme, "site_administrator_not_primary").await, Value::Null);
    }

    /// R-17, O-5: contacts whose email is in none of the organization's domains, and domains that overlap with another's.
    async fn contacts_outside_the_domains_are_found_r_17(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        assert_eq!(finding(&acme, "contacts_outside_domains").await, Value::Null);
        let body = with(named("otto@elsewhere.example"), json!({"permission": "knowledge_base"}));
        acme.post(acme.own("contacts"), body).await.expect(201);
        assert_eq!(finding(&acme, "contacts_outside_domains").await, Value::Null, "who was only invited does not count");
        let otto = world.instance().accept(&world.mail("otto@elsewhere.example", "welcome").await).await;
        let found = finding(&acme, "contacts_outside_domains").await;
        assert_eq!((&found["contact_ids"], &found["severity"]), (&json!([otto.id]), &json!("advice")));
        crate::pairs_contact::disable(&acme, &otto.id).await.expect(200);
        assert_eq!(finding(&acme, "contacts_outside_domains").await, Value::Null);
        // Below Acme's domain there is another organization's: both learn it.
        let plant = world.customer("Plant", "plant.acme.example").await;
        for one in [&acme, &plant] {
            let found = finding(one, "contacts_outside_domains").await;
            assert_eq!(found["severity"], "advice", "{}", one.email);
        }
    }
}
