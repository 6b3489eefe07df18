//! Races: authority is read, never remembered (X-1, X-2a, G-6), and nobody's write is lost or seen twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mandate_core::journal::EventKind;
use mandate_tests::{Actor, Answer, Value, World, e2e, json, seconds};
use tokio::task::JoinSet;

use crate::partner_grant::{grant_path, offer};
use crate::service_request::{request_path, submit};

/// Uses of grants that race their revocation, per database.
const USES: usize = 2_000;
/// How many people use a grant at once.
const USERS: usize = 8;

/// What became of one use of a grant.
struct Use {
    /// Whether the revocation had been answered before it began.
    is_late: bool,
    answer: Answer,
}

/// Uses a grant until it is refused, which it is at the latest some uses after the revocation was answered: by messages, and now
/// and then by a request of its own.
async fn use_up(partner: Actor, organization: String, request: String, revoked: Arc<AtomicBool>) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut late = 0;
    while late < 2 {
        let is_late = revoked.load(Ordering::SeqCst);
        late += usize::from(is_late);
        let answer = if uses.len() % 4 == 3 {
            submit(&partner, json!({"organization_id": organization})).await
        } else {
            partner.post(format!("{request}/messages"), json!({"body": "Hello"})).await
        };
        uses.push(Use { is_late, answer });
    }
    uses
}

/// One race. Answers how many uses there were, and how many of them took effect.
async fn race(world: &World, acme: &Actor, partner: &Actor, round: usize) -> (usize, usize) {
    let grant = acme.grant_person(partner, "create").await;
    let request = request_path(&acme.request("The printer is on fire").await);
    let revoked = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..USERS {
        tasks.spawn(use_up(partner.clone(), acme.organization_id.clone(), request.clone(), Arc::clone(&revoked)));
    }
    // Each round gives the users a little more of a start.
    for _ in 0..round % 12 {
        acme.get(&request).await.expect(200);
    }
    // The revocation goes in by three ways, with effect on the same authority.
    let path = grant_path(&grant);
    let answer = match round % 3 {
        0 => in_turn(|| acme.post(format!("{path}/revoke"), json!({}))).await,
        1 => in_turn(|| acme.patch(&path, json!({"level": "none"}))).await,
        _ => in_turn(|| acme.patch(&path, json!({"level": "view"}))).await,
    };
    answer.expect(200);
    revoked.store(true, Ordering::SeqCst);
    let uses: Vec<Use> = tasks.join_all().await.into_iter().flatten().collect();
    for one in &uses {
        match one.answer.status {
            201 => assert!(!one.is_late, "a use that began after the answer to the revocation: {}", one.answer),
            403 | 404 => {}
            503 if one.answer.code() == "unavailable" => {}
            _ => panic!("neither done nor refused: {}", one.answer),
        }
    }
    // The journal's numbers are in the order of commits.
    let grant_id = grant.id();
    let journal = world.journal(&acme.organization_id);
    let about_grant = journal.iter().filter(|entry| entry.subject.to_string() == grant_id);
    let end = about_grant.map(|entry| entry.sequence).max().unwrap_or_default();
    let by_grant =
        journal.iter().filter(|entry| entry.authority.grant.is_some_and(|grant| grant.to_string() == grant_id));
    let messages = by_grant.filter(|entry| entry.kind == EventKind::MessageCreated);
    let messages: Vec<i64> = messages.map(|entry| entry.sequence).collect();
    assert!(messages.iter().all(|sequence| *sequence < end), "an effect stands behind its revocation, number {end}");
    let done = uses.iter().filter(|one| one.answer.status == 201).count();
    assert_eq!(messages.len(), done, "each effect that was acknowledged is there once");
    if !round.is_multiple_of(3) {
        in_turn(|| acme.post(format!("{path}/revoke"), json!({}))).await.expect(200);
    }
    (uses.len(), done)
}

/// Asks again as long as others are in the way: two instances on SQLite may keep each other from their turn on a busy machine.
pub(crate) async fn in_turn<F: Future<Output = Answer>>(ask: impl Fn() -> F) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status != 503 {
            return answer;
        }
    }
}

e2e! {
    /// X-1, T3: no effect that rests on a grant commits after its revocation, lowering or shutting out was acknowledged, at
    /// whichever of two instances.
    async fn a_revocation_is_never_overtaken_by_a_use(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let other = world.another_instance(&[]).await;
        let (mut uses, mut done, mut round) = (0, 0, 0);
        while uses < USES {
            let partner = if round % 2 == 0 { eve.clone() } else { eve.at(&other) };
            let (tried, effective) = race(&world, &acme, &partner, round).await;
            (uses, done, round) = (uses + tried, done + effective, round + 1);
        }
        println!("{:?}: {uses} uses raced {round} revocations, {done} came before, 0 after", world.backend());
        assert!(done * 10 > uses && done < uses, "{done} of {uses} prove little");
    }

    /// G-6: of two managers who grant to the same partner at once one wins, and the other is told by which grant.
    async fn of_two_grants_to_one_partner_at_once_one_wins(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ana = acme.contact("ana", "manage_contacts").await;
        let globex = world.partner("Globex", "globex.example").await;
        let ana = ana.at(&world.another_instance(&[]).await);
        for round in 0..20 {
            let holder = globex.invited(&format!("eve{round}"), json!({"permission": "knowledge_base"})).await;
            let body = |level: &str| json!({"grantee": {"type": "contact", "id": holder["id"]}, "level": level});
            let (one, other) = tokio::join!(offer(&acme, body("view")), offer(&ana, body("create")));
            let (winner, loser) = if one.status == 201 { (one, other) } else { (other, one) };
            let loser = loser.expect_problem(409, "grant_exists");
            assert_eq!((winner.status, &loser["grant_id"]), (201, &winner["id"]), "round {round}");
            let live = acme.get(acme.own(&format!("partner-grants?grantee_id={}", holder.id()))).await.expect(200);
            assert_eq!(live.column("id"), [winner["id"].clone()]);
        }
    }

    /// X-2a: many writers to one request: each edit is its own version, and of those who name the same one, one wins.
    async fn versions_of_one_request_have_no_gaps(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await.at(&world.another_instance(&[]).await);
        let path = request_path(&acme.request("0").await);
        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let (actor, path) = (if writer % 2 == 0 { acme.clone() } else { dan.clone() }, path.clone());
            writers.spawn(async move {
                let mut versions = Vec::new();
                for edit in 0..12 {
                    let subject = json!({"subject": format!("{writer} and {edit}")});
                    let answer = in_turn(|| actor.patch(&path, subject.clone())).await;
                    versions.push(answer.expect(200)["version"].as_i64().unwrap_or_default());
                    let messages = format!("{path}/messages");
                    in_turn(|| actor.post(&messages, json!({"body": "Hello"}))).await.expect(201);
                }
                versions
            });
        }
        let mut versions: Vec<i64> = writers.join_all().await.into_iter().flatten().collect();
        versions.sort_unstable();
        assert_eq!(versions, (2..=97).collect::<Vec<i64>>());
        let messages = acme.get(format!("{path}/messages?limit=100")).await.expect(200);
        assert_eq!(messages.rows().len(), 97);

        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let (actor, path) = (if writer % 2 == 0 { acme.clone() } else { dan.clone() }, path.clone());
            writers.spawn(async move {
                let headers = [("if-match", "\"97\""), ("content-type", "application/merge-patch+json")];
                let subject = json!({"subject": format!("of {writer}")});
                in_turn(|| actor.send("PATCH", &path, &headers, subject.clone())).await.status
            });
        }
        let mut statuses = writers.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
        // `journal` fails where numbers have gaps or the chain is broken.
        let entries = world.journal(&acme.organization_id);
        assert_eq!(entries.iter().filter(|entry| entry.kind == EventKind::RequestUpdated).count(), 97);
    }

    /// S-11: while others write, a list read page by page shows no row twice, and each that nobody touches once.
    async fn pages_stay_exact_while_others_write(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (mut still, mut busy) = (Vec::new(), Vec::new());
        for number in 0..24 {
            let request = acme.request(&format!("Number {number}")).await;
            if number % 3 == 0 { busy.push(request_path(&request)) } else { still.push(request.id()) }
            if number % 4 == 0 {
                world.advance(seconds(1));
            }
        }
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut writers = JoinSet::new();
        for writer in 0..3 {
            let (acme, world, busy) = (acme.clone(), world.clone(), busy.clone());
            let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
            writers.spawn_local(async move {
                for round in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    world.advance(seconds(1));
                    if (round + writer) % 2 == 0 {
                        submit(&acme, json!({})).await.expect(201);
                    } else {
                        let path = &busy[round % busy.len()];
                        acme.post(format!("{path}/messages"), json!({"body": "Up"})).await.expect(201);
                    }
                    written.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let mut passes = 0;
        while passes < 8 || written.load(Ordering::SeqCst) < 60 {
            let rows = crate::request_list::all_pages(&acme, "/v1/service-requests", 3).await;
            let found: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
            let distinct: BTreeSet<&str> = found.iter().copied().collect();
            assert_eq!(distinct.len(), found.len(), "a row twice");
            let untouched: Vec<&str> = found.into_iter().filter(|id| still.iter().any(|one| one == id)).collect();
            let expected: Vec<&str> = still.iter().map(String::as_str).collect();
            assert_eq!(untouched.len(), expected.len(), "a row is missing");
            let times: Vec<&Value> = rows.iter().map(|row| &row["last_activity_at"]).collect();
            assert!(times.is_sorted_by_key(|time| std::cmp::Reverse(time.as_str())), "newest activity first");
            passes += 1;
        }
        stop.store(true, Ordering::SeqCst);
        writers.join_all().await;
    }
}
