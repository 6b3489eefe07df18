//! Who gets an email about a service request (S-4, S-5, S-7, S-12, C-15, C-19, G-2, G-7, G-13).

use mandate_core::vocabulary::MailKind;
use mandate_tests::{Actor, World, days, e2e, json};

use crate::notice::leaves;
use crate::participant::add;
use crate::partner_grant::{grant_path, offer};
use crate::service_request::request_path;

/// How many replies each of them was told of.
fn replies(world: &World, people: &[&Actor]) -> Vec<usize> {
    people.iter().map(|person| world.mailbox().of(&person.email, "reply").len()).collect()
}

e2e! {
    /// S-5, S-12, C-19, G-2, G-7, G-13: to those who take part, and to organizations and people with `view`; never to the author, never
    /// a note.
    async fn a_reply_is_told_to_those_whom_it_concerns(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, mia) = (acme.contact("dan", "designated_support").await, acme.contact("mia", "manage_contacts").await);
        let globex = world.partner("Globex", "globex.example").await;
        let umbrella = world.partner("Umbrella", "umbrella.example").await;
        acme.grant_organization(&globex, "view").await;
        let (eve, low) = (globex.contact("eve", "designated_support").await, globex.contact("low", "knowledge_base").await);
        let out = globex.contact("out", "designated_support").await;
        let (shut, mute) = (globex.contact("shut", "manage_contacts").await, globex.contact("mute", "designated_support").await);
        for person in [&low, &out] {
            acme.grant_person(person, "cc").await;
        }
        acme.grant_person(&shut, "none").await;
        acme.grant_person(&umbrella, "full_admin").await;
        mute.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        let agent = world.agent().await;
        let request = acme.request("The printer is on fire").await;
        for person in [&dan, &low] {
            add(&acme, &request, &person.id, "cc").await.expect(201);
        }
        agent.reply(&request.id(), "Unplug it.\n\nThen call the\tfire brigade.").await;
        let told = world.mail(&dan.email, "reply").await;
        assert_eq!(told.subject, format!("[Vendor] Service request {}: The printer is on fire", request["number"].as_str().unwrap_or_default()));
        assert!(told.text.contains("Agent Vendor wrote") && told.text.contains("\n> Unplug it.\n>\n> Then call the fire brigade.\n"), "{}", told.text);
        let note = json!({"body": "blame marmalade", "internal": true});
        agent.post(format!("{}/messages", request_path(&request)), note).await.expect(201);
        dan.reply(&request.id(), "It is unplugged.").await;
        agent.reply(&request.id(), "Good.").await;
        // Emails leave in their order: when the last of them is there, so are all before.
        let last = agent.request_for(&acme.organization_id, "Another one").await;
        agent.reply(&last.id(), "Anything?").await;
        for person in [&globex, &eve] {
            world.mailbox().nth(&person.email, "reply", 4).await;
        }
        assert_eq!(replies(&world, &[&acme, &dan, &mia, &globex, &eve]), [3, 2, 0, 4, 4]);
        world.mailbox().nth(&umbrella.email, "reply", 4).await;
        assert_eq!(replies(&world, &[&low, &out, &shut, &mute, &umbrella, &agent]), [3, 0, 0, 0, 4, 0]);
        assert!(!world.mailbox().all().iter().any(|mail| mail.text.contains("marmalade")));
        assert_eq!(world.mailbox().of(&dan.email, "participant_added").len(), 1);
    }

    /// S-12, C-15, C-19, G-4, G-12, S-14: the decision is taken when the email leaves.
    async fn whoever_lost_access_meanwhile_gets_none(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, kim) = (acme.contact("dan", "designated_support").await, acme.contact("kim", "designated_support").await);
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let whole = acme.grant_organization(&globex, "view").await;
        let agent = world.agent().await;
        let request = acme.request("The printer is on fire").await;
        let path = request_path(&request);
        for person in [&dan, &kim] {
            add(&acme, &request, &person.id, "secondary").await.expect(201);
        }
        let message = agent.reply(&request.id(), "Unplug it.").await.id();
        let note = json!({"body": "marmalade", "internal": true});
        let note = agent.post(format!("{path}/messages"), note).await.expect(201).id();
        let hears = async |person: &Actor| leaves(&world, MailKind::Reply, &person.id, Some(&message), None).await;
        let is_added = async |person: &Actor| leaves(&world, MailKind::ParticipantAdded, &person.id, Some(&request.id()), None).await;
        for person in [&acme, &dan, &kim, &eve, &globex] {
            assert!(hears(person).await, "{}", person.email);
            assert!(!leaves(&world, MailKind::Reply, &person.id, Some(&note), None).await, "never a note");
        }
        assert!(!hears(&agent).await, "never to the author");
        assert!(!leaves(&world, MailKind::Reply, &dan.id, Some("msg_01h455vb4pex5vsknk084sn02q"), None).await);
        assert!(!leaves(&world, MailKind::Reply, &dan.id, None, None).await);
        // Removed, demoted, switched off, disabled.
        assert!(is_added(&dan).await && !is_added(&acme).await);
        acme.delete(format!("{path}/participants/{}", dan.id)).await.expect(204);
        assert!(!hears(&dan).await && !is_added(&dan).await);
        let record = format!("/v1/contacts/{}", kim.id);
        acme.patch(&record, json!({"permission": "knowledge_base"})).await.expect(200);
        assert!(!hears(&kim).await && !is_added(&kim).await);
        // What they took part in does not come back to them by itself.
        acme.patch(&record, json!({"permission": "designated_support"})).await.expect(200);
        assert!(!hears(&kim).await);
        add(&acme, &request, &kim.id, "secondary").await.expect(201);
        assert!(hears(&kim).await);
        kim.patch("/v1/me", json!({"notification_preferences": {"email": false}})).await.expect(200);
        assert!(!hears(&kim).await);
        kim.patch("/v1/me", json!({"notification_preferences": {"email": true}})).await.expect(200);
        acme.post(format!("{record}/disable"), json!({"reason": "left"})).await.expect(200);
        assert!(!hears(&kim).await);
        // The grant: shut out, suspended, hidden, lowered, over.
        let none = offer(&acme, json!({"grantee": {"type": "contact", "id": eve.id}, "level": "none"})).await.expect(201);
        assert!(!hears(&eve).await && hears(&globex).await);
        acme.post(format!("{}/revoke", grant_path(&none)), json!({})).await.expect(200);
        assert!(hears(&eve).await);
        let admin = world.admin().await;
        admin.post(globex.own("suspend"), ()).await.expect(200);
        assert!(!hears(&eve).await);
        admin.post(globex.own("resume"), ()).await.expect(200);
        acme.patch(&path, json!({"confidential": true})).await.expect(200);
        assert!(!hears(&eve).await && hears(&acme).await);
        acme.patch(&path, json!({"confidential": false})).await.expect(200);
        acme.patch(grant_path(&whole), json!({"level": "cc"})).await.expect(200);
        assert!(!hears(&eve).await);
        let soon = world.after(days(1));
        let raised = json!({"level": "view", "expires_at": soon, "acknowledge_organization_wide_visibility": true});
        acme.patch(grant_path(&whole), raised).await.expect(200);
        assert!(hears(&eve).await);
        world.advance(days(1));
        assert!(!hears(&eve).await && hears(&acme).await);
    }

    /// S-4, S-12: that staff solved or closed a request is told to the same people, as long as it is so.
    async fn what_staff_solved_or_closed_is_told(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "view").await;
        let dan = acme.contact("dan", "designated_support").await;
        let agent = world.agent().await;
        let request = acme.request("The printer is on fire").await;
        let path = request_path(&request);
        // What the customer does is no news to the customer.
        acme.patch(&path, json!({"status": "solved"})).await.expect(200);
        acme.patch(&path, json!({"status": "open"})).await.expect(200);
        agent.patch(&path, json!({"status": "solved"})).await.expect(200);
        let told = world.mail(&acme.email, "request_solved").await;
        assert!(told.text.contains("The printer is on fire"), "{}", told.text);
        world.mail(&globex.email, "request_solved").await;
        let is_news = async |kind| leaves(&world, kind, &acme.id, Some(&request.id()), None).await;
        assert!(is_news(MailKind::RequestSolved).await && !is_news(MailKind::RequestClosed).await);
        acme.reply(&request.id(), "It burns again.").await;
        assert!(!is_news(MailKind::RequestSolved).await);
        agent.patch(&path, json!({"status": "closed"})).await.expect(200);
        world.mail(&globex.email, "request_closed").await;
        world.mail(&acme.email, "request_closed").await;
        for person in [&dan, &agent] {
            assert!(world.mailbox().of(&person.email, "request_solved").is_empty());
        }
        for kind in ["request_solved", "request_closed"] {
            assert_eq!(world.mailbox().of(&acme.email, kind).len(), 1, "{kind}");
        }
    }

    /// S-12: each receiver gets each reply once, however many instances send.
    async fn several_instances_tell_each_receiver_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "view").await;
        let mut people = vec![acme.clone(), globex.clone()];
        for number in 0..4 {
            people.push(globex.contact(&format!("p{number}"), "designated_support").await);
        }
        let agent = world.agent().await;
        let others = [world.another_instance(&[]).await, world.another_instance(&[]).await];
        let request = acme.request("The printer is on fire").await;
        let count = 12;
        for number in 0..count {
            let agent = agent.at(&others[number % 2]);
            agent.reply(&request.id(), &format!("Reply {number}.")).await;
        }
        for person in &people {
            world.mailbox().nth(&person.email, "reply", count).await;
        }
        // Anything that left twice would be there by now, or be owed.
        agent.reply(&request.id(), "The last one.").await;
        for person in &people {
            world.mailbox().nth(&person.email, "reply", count + 1).await;
        }
        for person in &people {
            let mut texts: Vec<String> =
                world.mailbox().of(&person.email, "reply").into_iter().map(|mail| mail.text).collect();
            texts.sort();
            texts.dedup();
            assert_eq!((texts.len(), replies(&world, &[person])[0]), (count + 1, count + 1), "{}", person.email);
        }
    }
}
