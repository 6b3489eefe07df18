//! Emails about requests for grants (G-9).

use mandate_core::vocabulary::MailKind;
use mandate_tests::{Actor, Answer, Value, days, e2e, json, with};

use crate::grant_reminder::{count, pass, settled};
use crate::notice::leaves;
use crate::partner_grant::{person, whole};

async fn ask(asker: &Actor, grantee: Value, domain: &str) -> Answer {
    let body = json!({"grantor": {"domain": domain}, "grantee": grantee, "level": "view", "message": "for\nthe move"});
    asker.post(asker.own("partner-grant-requests"), body).await.expect(201)
}

async fn act(actor: &Actor, request: &Answer, verb: &str, body: Value) -> Answer {
    actor.post(format!("/v1/partner-grant-requests/{}/{verb}", request.id()), body).await.expect(200)
}

const RECEIVED: &str = "partner_grant_request_received";
const APPROVED: &str = "partner_grant_request_approved";
const DECLINED: &str = "partner_grant_request_declined";
const LAPSED: &str = "partner_grant_request_lapsed";

e2e! {
    /// G-9, C-19: the customer's contact managers learn that there is a request, and those who asked what became of it.
    async fn both_sides_are_told_of_a_request_by_email_g_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact_with("tom", json!({"permission": "manage_contacts", "locale": "pt-BR"})).await;
        let ann = acme.contact("ann", "manage_contacts").await;
        let ben = acme.contact("ben", "designated_support").await;
        ann.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        let globex = world.partner("Globex", "globex.example").await;
        let dina = globex.contact("dina", "designated_support").await;
        let eve = globex.contact("eve", "knowledge_base").await;
        world.another_instance(&[]).await;
        let first = ask(&dina, person(&eve), "acme.example").await;
        let mail = world.mail(&acme.email, RECEIVED).await;
        assert_eq!(mail.subject, "Globex asks for access to Acme");
        for part in ["Dina Globex of Globex", "Eve Globex: view", "the move", "lapses on 2026-03-31 09:00 (UTC)"] {
            assert!(mail.text.contains(part) && mail.html.contains(part), "`{part}` is missing in\n{}", mail.text);
        }
        assert!(!mail.text.contains("It would end"), "{}", mail.text);
        assert!(world.mail(&tom.email, RECEIVED).await.subject.contains("pede acesso"));
        settled(&world).await;
        for (person, sent) in [(&acme, 1), (&tom, 1), (&ann, 1), (&ben, 0), (&globex, 0), (&dina, 0)] {
            assert_eq!(count(&world, person, RECEIVED), sent, "{}", person.email);
        }

        act(&acme, &first, "decline", json!({"reason": "we work with Initech"})).await;
        let declined = world.mail(&dina.email, DECLINED).await;
        assert_eq!(declined.subject, "Acme declined the request for a grant");
        assert!(declined.text.contains("we work with Initech"), "{}", declined.text);
        let second = ask(&dina, person(&eve), "acme.example").await;
        settled(&world).await;
        act(&acme, &second, "approve", json!({"level": "create", "expires_at": world.after(days(90))})).await;
        let approved = world.mail(&eve.email, APPROVED).await;
        assert_eq!(approved.subject, "Acme has granted access to Eve Globex");
        for part in ["Eve Globex: create", "It ends on 2026-05-30 09:00 (UTC)"] {
            assert!(approved.text.contains(part), "`{part}` is missing in\n{}", approved.text);
        }
        settled(&world).await;
        for (kind, told) in [(DECLINED, 1), (APPROVED, 1)] {
            let counts = [&dina, &eve, &globex, &acme].map(|person| count(&world, person, kind));
            assert_eq!(counts, [told, told, 0, 0], "{kind}");
        }
        // Nobody is told what was taken back.
        let third = ask(&dina, whole(&globex), "acme.example").await;
        settled(&world).await;
        act(&dina, &third, "withdraw", json!({})).await;
        pass(&world, days(31)).await;
        assert_eq!((count(&world, &acme, RECEIVED), count(&world, &dina, LAPSED)), (3, 0));
    }

    /// G-9: who is a customer shows neither in what is sent nor in what is not.
    async fn a_request_to_nobody_lapses_like_one_that_a_customer_ignores_g_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let dina = globex.contact("dina", "designated_support").await;
        let known = ask(&dina, whole(&globex), "acme.example").await;
        settled(&world).await;
        let unknown = ask(&dina, whole(&globex), "nobody.example").await;
        settled(&world).await;
        // A second name of the same customer is not told twice.
        let again = json!({"grantor": {"id": acme.organization_id}, "grantee": whole(&globex), "level": "view"});
        let by_id = globex.post(globex.own("partner-grant-requests"), again).await.expect(201);
        settled(&world).await;
        assert_eq!(world.mailbox().all().iter().filter(|mail| mail.kind == RECEIVED).count(), 1);
        pass(&world, days(30)).await;
        let mails = world.mailbox().of(&dina.email, LAPSED);
        let texts: Vec<String> = mails
            .iter()
            .map(|mail| format!("{}\n{}", mail.subject, mail.text))
            .map(|text| text.replace("acme.example", "[domain]").replace("nobody.example", "[domain]"))
            .collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert_eq!(texts[0], texts[1]);
        assert_eq!(count(&world, &globex, LAPSED), 1);
        let history = async |request: &Answer| {
            let answer = dina.get(format!("/v1/partner-grant-requests/{}/history", request.id())).await.expect(200);
            answer.column("kind")
        };
        let kinds = ["partner_grant_request.created", "partner_grant_request.lapsed"];
        for request in [&known, &unknown, &by_id] {
            assert_eq!(history(request).await, kinds);
        }
        let journal = world.journal(&acme.organization_id);
        let lapsed = journal.iter().filter(|entry| format!("{:?}", entry.kind) == "GrantRequestLapsed");
        assert_eq!(lapsed.count(), 2);
    }

    /// G-9, C-15: decided when the email leaves.
    async fn what_is_not_so_any_more_is_not_told_g_9(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        let dina = globex.contact("dina", "designated_support").await;
        let request = ask(&dina, whole(&globex), "acme.example").await;
        settled(&world).await;
        let id = request.id();
        let to_tom = async || leaves(&world, MailKind::GrantRequestReceived, &tom.id, Some(&id), None).await;
        let approved = async || leaves(&world, MailKind::GrantRequestApproved, &dina.id, Some(&id), None).await;
        let record = format!("/v1/contacts/{}", tom.id);
        assert!(to_tom().await && !approved().await);
        acme.patch(&record, json!({"permission": "designated_support"})).await.expect(200);
        assert!(!to_tom().await);
        acme.patch(&record, json!({"permission": "manage_contacts"})).await.expect(200);
        assert!(to_tom().await);
        let terms = with(json!({"acknowledge_organization_wide_visibility": true}), json!({"level": "update"}));
        let grant = act(&acme, &request, "approve", terms).await["grant_id"].as_str().unwrap_or_default().to_owned();
        assert!(!to_tom().await && approved().await);
        assert!(!leaves(&world, MailKind::GrantRequestDeclined, &dina.id, Some(&id), None).await);
        acme.post(format!("/v1/partner-grants/{grant}/revoke"), json!({})).await.expect(200);
        assert!(!approved().await, "what was given is taken back already");
    }
}
