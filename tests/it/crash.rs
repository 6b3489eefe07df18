//! `kill -9` of the real program: what was acknowledged is there, and a request that is sent again takes effect once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mandate_core::journal::EventKind;
use mandate_tests::{Actor, Instance, Value, e2e, json, plain_client};

/// How often the program is killed, per database.
const ROUNDS: u64 = 20;

/// What was answered to a request, if it was.
#[derive(Debug, Clone, PartialEq)]
struct Answered {
    status: u16,
    replayed: bool,
    location: String,
    body: String,
}

/// Sends a request with a key, for the program may be gone before it answers.
async fn create(address: String, token: String, round: u64) -> Option<Answered> {
    let body = json!({"subject": format!("Round {round}."), "category": "incident", "severity": 1, "message": "Help"});
    let http = plain_client().build().expect("a client can be made");
    let request = http
        .post(format!("http://{address}/v1/service-requests"))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .header("idempotency-key", format!("round-{round}"))
        .body(body.to_string());
    let response = request.send().await.ok()?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (replayed, location) = (header("idempotent-replayed") == "true", header("location").to_owned());
    let status = response.status().as_u16();
    Some(Answered { status, replayed, location, body: response.text().await.ok()? })
}

fn at(instance: &Arc<Instance>, actor: &Actor) -> (String, String) {
    (instance.address().to_string(), actor.access_token())
}

e2e! {
    /// X-2, T4: killed before, while or after it answers, the program has done it once or not at all, and says the same again.
    async fn a_request_repeated_across_a_kill_takes_effect_once(world: World) {
        let mut world = world.process(&[]).await;
        let acme = world.customer("Acme", "acme.example").await;
        let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        let (mut unanswered, mut survived) = (0, 0);
        for round in 0..ROUNDS {
            let (address, token) = at(world.instance(), &acme);
            let mut sent = tokio::spawn(create(address, token, round));
            // A little later each time; every third time the answer is there first.
            let patience = if round % 3 == 0 { Duration::from_secs(30) } else { Duration::from_micros(round * 700) };
            let first = tokio::time::timeout(patience, &mut sent).await;
            world.kill();
            let first = match first {
                Ok(answered) => answered.expect("sending does not panic"),
                Err(_) => sent.await.expect("sending does not panic"),
            };
            world.start_again().await;
            let (address, token) = at(world.instance(), &acme);
            let second = create(address.clone(), token.clone(), round).await.expect("it is up again");
            let third = create(address, token, round).await.expect("it is still up");
            assert_eq!((second.status, third.status, third.replayed), (201, 201, true), "round {round}: {second:?}");
            assert_eq!((&second.body, &second.location), (&third.body, &third.location));
            match first {
                Some(first) => {
                    assert_eq!((first.status, first.replayed, second.replayed), (201, false, true), "round {round}");
                    assert_eq!((first.body, first.location), (second.body.clone(), second.location));
                }
                None => {
                    unanswered += 1;
                    survived += usize::from(second.replayed);
                }
            }
            let made: Value = serde_json::from_str(&second.body).expect("requests are JSON");
            let found = acme.get(format!("/v1/service-requests?q=Round%20{round}.")).await.expect(200);
            assert_eq!(found.column("id"), [made["id"].clone()], "round {round}");
            let path = format!("/v1/service-requests/{}", made["id"].as_str().unwrap_or_default());
            assert_eq!(acme.get(format!("{path}/messages")).await.expect(200).rows().len(), 1);
            assert!(ids.insert(path) && numbers.insert(made["number"].to_string()), "round {round}");
        }
        for path in &ids {
            acme.get(path).await.expect(200);
        }
        // Two entries each, and the chain is whole; more only for what others did.
        let journal = world.journal(&acme.organization_id);
        let created = journal.iter().filter(|entry| entry.kind == EventKind::RequestCreated).count();
        assert_eq!(created, ids.len());
        println!(
            "{:?}: {ROUNDS} kills, {unanswered} before the answer; of those {survived} after the commit",
            world.backend()
        );
        assert!(unanswered > 0, "no kill came before an answer");
    }

    /// X-1, C-12: an authority that was taken away stays away, and an email that was owed is sent once the program is back.
    async fn a_revocation_and_an_email_survive_a_kill(world: World) {
        let mut world = world.process(&[]).await;
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        for round in 0..3 {
            let grant = acme.grant_person(&eve, "create").await;
            let request = acme.request_with(json!({"point_of_contact": eve.id})).await;
            let path = format!("/v1/service-requests/{}", request.id());
            acme.post(format!("/v1/partner-grants/{}/revoke", grant.id()), json!({})).await.expect(200);
            let invited = acme.invited(&format!("new{round}"), json!({"permission": "knowledge_base"})).await;
            world.kill();
            world.start_again().await;
            eve.get(&path).await.expect_problem(404, "not_found");
            eve.post(format!("{path}/messages"), json!({"body": "Hello"})).await.expect_problem(404, "not_found");
            let email = invited["email"].as_str().unwrap_or_default();
            world.instance().accept(&world.mail(email, "welcome").await).await;
        }
    }
}
