//! Uploads to the real program: killed in between, many at once, and into a bucket (S-6).

use std::collections::BTreeSet;
use std::time::Duration;

use mandate_core::attachment::ATTACHMENT_BYTES_MAX;
use mandate_tests::{Actor, Bucket, Value, World, days, e2e, json, plain_client};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

/// How often the program is killed, per database.
const ROUNDS: u64 = 12;
/// Files that are on their way at once.
const AT_ONCE: usize = 12;
/// What the program may take beyond what it took before, in KiB; the files that are on their way have 300 MiB.
const MEMORY_MAX_KIB: u64 = 64 * 1024;

/// Bytes that differ from those of other seeds.
fn bytes(count: usize, seed: usize) -> Vec<u8> {
    (0..count).map(|index| u8::try_from((index * 31 + index / 251 + seed) % 256).unwrap_or_default()).collect()
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Uploads with a key, for the program may be gone before it answers.
async fn upload(actor: Actor, request: String, round: u64, content: Vec<u8>) -> Option<(u16, Value)> {
    let http = plain_client().build().expect("a client can be made");
    let response = http
        .post(format!("http://{}/v1/service-requests/{request}/attachments", actor.instance().address()))
        .bearer_auth(actor.access_token())
        .header("content-disposition", "attachment; filename=file.bin")
        .header("idempotency-key", format!("round-{round}"))
        .body(content)
        .send()
        .await
        .ok()?;
    let status = response.status().as_u16();
    Some((status, serde_json::from_slice(&response.bytes().await.ok()?).ok()?))
}

e2e! {
    /// S-6, X-2: killed before, while or after a file is stored, the program has it whole or not at all; what is left of those
    /// that nobody took up is removed.
    async fn an_upload_repeated_across_a_kill_is_stored_once_and_leaves_no_orphan(world: World) {
        let mut world = world.process(&[]).await;
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await.id();
        let (mut ids, mut unanswered, mut round) = (BTreeSet::new(), 0, 0);
        let leftovers = |world: &World, rounds| world.files().len() > usize::try_from(rounds).unwrap_or_default();
        // A busy machine may need more kills until one of them leaves something behind.
        while round < ROUNDS || (round < 5 * ROUNDS && !leftovers(&world, round)) {
            let content = bytes(3_000_000, usize::try_from(round).unwrap_or_default());
            let sent = tokio::spawn(upload(acme.clone(), request.clone(), round, content.clone()));
            tokio::time::sleep(Duration::from_millis(round % ROUNDS * 12)).await;
            world.kill();
            unanswered += u64::from(sent.await.expect("sending does not panic").is_none());
            world.start_again().await;
            let (status, file) = upload(acme.clone(), request.clone(), round, content.clone()).await.expect("it is up");
            assert_eq!((status, &file["sha256"]), (201, &json!(hex(&content))), "round {round}: {file}");
            let id = file["id"].as_str().unwrap_or_default().to_owned();
            assert!(acme.get(format!("/v1/attachments/{id}/content")).await.expect(200).bytes == content);
            if round % 2 == 0 {
                acme.reply_with(&request, "Here.", &[&id]).await;
                assert!(ids.insert(id));
            }
            round += 1;
        }
        println!("{:?}: {round} kills, {unanswered} before the answer, {} files", world.backend(), world.files().len());
        assert!(unanswered > 0, "no kill came before an answer");
        assert!(leftovers(&world, round), "no kill left anything behind");
        // A day later there is nothing but what messages have.
        let world = world.continue_later(days(2)).await;
        let acme = world.sign_in(&acme.email).await;
        let expected: Vec<String> = ids.iter().cloned().collect();
        for _ in 0..500 {
            if world.files() == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(world.files(), expected);
        for id in &ids {
            acme.get(format!("/v1/attachments/{id}/content")).await.expect(200);
        }
        world.stop().await;
    }

    /// S-6: whatever is on its way, in and out, memory does not grow with it.
    async fn memory_does_not_grow_with_the_size_of_files(world: World) {
        let world = world.process(&[]).await;
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await.id();
        let before = world.memory_peak_kib();
        let size = usize::try_from(ATTACHMENT_BYTES_MAX).expect("it fits");
        let mut uploads = JoinSet::new();
        for number in 0..AT_ONCE {
            let (acme, request) = (acme.clone(), request.clone());
            let key = u64::try_from(number).unwrap_or_default();
            uploads.spawn(async move {
                loop {
                    // A machine that is busy writing the others' files may say to come back later.
                    match upload(acme.clone(), request.clone(), key, vec![7; size]).await {
                        Some((503, _)) => {}
                        uploaded => return uploaded,
                    }
                }
            });
        }
        let mut ids = Vec::new();
        for uploaded in uploads.join_all().await {
            let (status, file) = uploaded.expect("it answers");
            assert_eq!((status, &file["size"]), (201, &json!(size)), "{file}");
            ids.push(file["id"].as_str().unwrap_or_default().to_owned());
        }
        let uploaded = world.memory_peak_kib();
        let mut downloads = JoinSet::new();
        for id in ids {
            let acme = acme.clone();
            downloads.spawn(async move { acme.get(format!("/v1/attachments/{id}/content")).await.bytes.len() });
        }
        assert_eq!(downloads.join_all().await, vec![size; AT_ONCE]);
        let downloaded = world.memory_peak_kib();
        println!("{:?}: peak of {before} KiB, {uploaded} after uploads, {downloaded} after downloads", world.backend());
        assert!(downloaded < before + MEMORY_MAX_KIB, "{before} KiB grew to {downloaded}");
    }

    /// S-6: the same in a bucket; small files as one object, large ones in parts.
    async fn files_are_kept_in_a_bucket_as_well(world: World) {
        let bucket = Bucket::open();
        let environment = bucket.environment();
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let world = world.process_with(&["--files", "s3://desk/kept/files"], &environment).await;
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await.id();
        let (small, large) = (b"0123456789".to_vec(), bytes(12_000_000, 0));
        for content in [&small, &large] {
            let file = acme.upload(&request, "file.bin", "application/x-own", content.clone()).await.expect(201);
            assert_eq!(file["sha256"], json!(hex(content)));
            let path = format!("/v1/attachments/{}/content", file.id());
            assert!(acme.get(&path).await.expect(200).bytes == *content);
            let part = acme.send("GET", &path, &[("range", "bytes=2-4")], ()).await.expect(206);
            assert_eq!(part.bytes, content[2..5]);
            let last = acme.send("GET", &path, &[("range", "bytes=-1")], ()).await.expect(206);
            assert_eq!(last.bytes, content[content.len() - 1..]);
            let name = format!("desk/kept/files/{request}/{}", file.id());
            assert!(bucket.objects().contains(&(name, content.len())), "{:?}", bucket.objects());
        }
        let parts = |calls: &[String]| calls.iter().filter(|call| call.as_str() == "PUT partNumber uploadId").count();
        assert_eq!(parts(&bucket.calls()), 3);
        // What is refused is taken back, whether it was sent in parts or not.
        let wrong = ("content-digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
        let named = ("content-disposition", "attachment; filename=file.bin");
        let path = format!("/v1/service-requests/{request}/attachments");
        for content in [small, large] {
            acme.send("POST", &path, &[named, wrong], content).await.expect_problem(422, "digest_mismatch");
        }
        assert_eq!(bucket.objects().len(), 2);
        assert!(bucket.calls().contains(&"DELETE uploadId".to_owned()), "{:?}", bucket.calls());
        assert!(world.files().is_empty());
    }
}
