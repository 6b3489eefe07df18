//! Attachments of service requests: uploaded, added to messages, read by whoever reads those (S-6).

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mandate_core::attachment::ATTACHMENT_BYTES_MAX;
use mandate_core::journal::EventKind;
use mandate_tests::{Actor, Answer, World, days, e2e, hours, json, minutes, snapshot};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n not much of a picture";

fn content_path(attachment: &Answer) -> String {
    format!("/v1/attachments/{}/content", attachment.id())
}

fn uploads_path(request: &str) -> String {
    format!("/v1/service-requests/{request}/attachments")
}

/// Bytes that differ from each other, as many as wanted.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|index| u8::try_from(index.wrapping_mul(31) % 251).unwrap_or_default()).collect()
}

fn digest(content: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(content)))
}

/// An upload with headers of its own.
async fn upload_with(actor: &Actor, request: &str, headers: &[(&str, &str)], content: &[u8]) -> Answer {
    actor.send("POST", &uploads_path(request), headers, content.to_vec()).await
}

const NAMED: (&str, &str) = ("content-disposition", "attachment; filename=\"log.txt\"");

/// An upload that arrives as slowly as the story wants.
struct SlowUpload(TcpStream);

impl SlowUpload {
    async fn begin(actor: &Actor, request: &str, key: &str, length: usize, first: &[u8]) -> Self {
        let mut stream = TcpStream::connect(actor.instance().address()).await.expect("the server listens");
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: mandate\r\nauthorization: Bearer {}\r\ncontent-disposition: attachment; \
             filename=slow.bin\r\nidempotency-key: {key}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n",
            uploads_path(request),
            actor.access_token()
        );
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        stream.write_all(first).await.expect("the server reads");
        Self(stream)
    }

    /// Sends the rest; answers what came back.
    async fn end(mut self, rest: &[u8]) -> String {
        self.0.write_all(rest).await.expect("the server reads");
        answer_of(&mut self.0).await
    }
}

/// What a server answers over a connection: its head, and the JSON behind it.
async fn answer_of(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_buf(&mut answer)).await;
        let read = read.unwrap_or_else(|_| panic!("half an answer: {}", String::from_utf8_lossy(&answer)));
        assert_ne!(read.expect("the server answers"), 0, "half an answer: {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits until so many files are in the folder of files.
async fn until_files(world: &World, count: usize) {
    for _ in 0..1_000 {
        if world.files().len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} files were expected, not {:?}", world.files());
}

e2e! {
    /// S-6, G-7: a draft is its uploader's alone; with its message it is everybody's who may read that.
    async fn a_file_is_uploaded_and_then_added_to_a_message(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        acme.grant_organization(&globex, "view").await;
        let (dan, kim) = (acme.contact("dan", "designated_support").await, acme.contact("kim", "knowledge_base").await);
        let agent = world.agent().await;
        let request = acme.request("The printer is on fire").await.id();
        let draft = dan.upload(&request, "fire.png", "image/png", PNG).await.expect(201);
        snapshot!(draft);
        let (path, content) = (format!("/v1/attachments/{}", draft.id()), content_path(&draft));
        let everybody_else = [&acme, &globex, &initech, &kim, &agent];
        for actor in everybody_else {
            actor.get(&path).await.expect_problem(404, "not_found");
            actor.get(&content).await.expect_problem(404, "not_found");
            actor.send("GET", &content, &[("if-none-match", "*")], ()).await.expect_problem(404, "not_found");
        }
        assert_eq!(dan.get(&content).await.expect(200).bytes, PNG);
        assert_eq!(dan.get(uploads_path(&request)).await.expect(200).rows().len(), 0);
        world.advance(minutes(1));
        snapshot!(dan.reply_with(&request, "Look at this.", &[&draft.id()]).await);
        for actor in [&dan, &acme, &globex, &agent] {
            let seen = actor.get(&path).await.expect(200);
            assert_eq!((&seen["version"], seen.header("etag")), (&json!(2), Some("\"2\"")));
            actor.send("GET", &path, &[("if-none-match", "\"2\"")], ()).await.expect(304);
            assert_eq!(actor.get(&content).await.expect(200).bytes, PNG, "{}", actor.email);
            assert_eq!(actor.get(uploads_path(&request)).await.expect(200).column("id"), [draft["id"].clone()]);
            let messages = actor.get(format!("/v1/service-requests/{request}/messages")).await.expect(200);
            let attached: Vec<_> = messages.rows().iter().map(|row| row["attachments"].clone()).collect();
            assert_eq!(attached, [json!([]), json!([seen.body])]);
        }
        for actor in [&initech, &kim] {
            actor.get(&path).await.expect_problem(404, "not_found");
            actor.get(&content).await.expect_problem(404, "not_found");
            actor.get(uploads_path(&request)).await.expect_problem(404, "not_found");
        }
        snapshot!(acme.get(uploads_path(&request)).await.expect(200));
        snapshot!(acme.send("HEAD", &content, &[], ()).await.expect(200));
        let journal = world.journal(&acme.organization_id);
        let kinds: Vec<_> = journal.iter().map(|entry| entry.kind).collect();
        assert!(kinds.ends_with(&[EventKind::AttachmentUploaded, EventKind::RequestUpdated, EventKind::MessageCreated, EventKind::AttachmentAdded]), "{kinds:?}");
    }

    /// S-5, S-6: nobody but the desk finds a trace of what is attached to a note.
    async fn what_is_attached_to_a_note_leaks_nowhere(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "full_admin").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        let (agent, duty) = (world.agent().await, world.duty_manager().await);
        let request = acme.request("The printer is on fire").await.id();
        let messages = format!("/v1/service-requests/{request}/messages");
        let before = (acme.get(format!("/v1/service-requests/{request}")).await.expect(200).bytes, world.journal(&acme.organization_id).len());
        let draft = agent.upload(&request, "marmalade.txt", "text/plain", "secret").await.expect(201);
        let note = json!({"body": "See the file", "internal": true, "attachment_ids": [draft.id()]});
        agent.post(&messages, note).await.expect(201);
        for actor in [&acme, &globex, &consultant] {
            for path in [format!("/v1/attachments/{}", draft.id()), content_path(&draft)] {
                actor.get(path).await.expect_problem(404, "not_found");
            }
            assert_eq!(actor.get(uploads_path(&request)).await.expect(200).rows().len(), 0, "{}", actor.email);
            let seen = actor.get(&messages).await.expect(200);
            assert!(!seen.text().contains("marmalade") && seen.rows().len() == 1, "{seen}");
            let body = json!({"body": "Mine?", "attachment_ids": [draft.id()]});
            actor.post(&messages, body).await.expect_problem(422, "attachment_not_allowed");
        }
        assert_eq!(duty.get(content_path(&draft)).await.expect(200).text(), "secret");
        assert_eq!(duty.get(uploads_path(&request)).await.expect(200).rows().len(), 1);
        assert_eq!(duty.get(&messages).await.expect(200).rows()[1]["attachments"][0]["id"], draft["id"]);
        let after = (acme.get(format!("/v1/service-requests/{request}")).await.expect(200).bytes, world.journal(&acme.organization_id).len());
        assert_eq!(before, after);
    }

    /// S-6: each once, by its uploader, to its request; two at once, and one gets it.
    async fn an_upload_is_taken_up_once_and_by_its_uploader_alone(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let [request, other] = ["One", "Two"].map(|subject| acme.request(subject));
        let (request, other) = (request.await.id(), other.await.id());
        let messages = format!("/v1/service-requests/{request}/messages");
        let [mine, elsewhere, theirs] = [
            acme.upload(&request, "a.txt", "text/plain", "a").await.expect(201).id(),
            acme.upload(&other, "b.txt", "text/plain", "b").await.expect(201).id(),
            dan.upload(&request, "c.txt", "text/plain", "c").await.expect(201).id(),
        ];
        let nothing = "att_01h455vb4pex5vsknk084sn02q";
        let body = json!({"body": "Files", "attachment_ids": [mine, elsewhere, theirs, nothing, mine]});
        snapshot!(acme.post(&messages, body).await.expect_problem(422, "attachment_not_allowed"));
        snapshot!(acme.post(&messages, json!({"body": "", "attachment_ids": ["x", mine, null]})).await.expect(422));
        let many = json!({"body": "Files", "attachment_ids": vec![&mine; 21]});
        acme.post(&messages, many).await.expect_problem(422, "validation_failed");
        // Nothing was written.
        assert_eq!(acme.get(&messages).await.expect(200).rows().len(), 1);
        for internal in [false, true] {
            let actor = if internal { world.agent().await } else { acme.clone() };
            let draft = actor.upload(&request, "race.txt", "text/plain", "race").await.expect(201).id();
            let mut tasks = JoinSet::new();
            for _ in 0..4 {
                let body = json!({"body": "Race", "internal": internal, "attachment_ids": [draft]});
                let (actor, messages) = (actor.clone(), messages.clone());
                tasks.spawn(async move { actor.post(messages, body).await });
            }
            let mut statuses: Vec<_> = tasks.join_all().await.iter().map(|answer| (answer.status, answer.code().to_owned())).collect();
            statuses.sort();
            let refused = (422, "attachment_not_allowed".to_owned());
            assert_eq!(statuses, [(201, String::new()), refused.clone(), refused.clone(), refused]);
        }
        let listed = world.agent().await.get(uploads_path(&request)).await.expect(200);
        assert_eq!(listed.rows().len(), 2);
        for method in ["PATCH", "DELETE", "PUT"] {
            acme.send(method, &format!("/v1/attachments/{mine}"), &[], json!({})).await.expect_problem(405, "method_not_allowed");
        }
    }

    /// S-6: as an attachment, with its digest; parts of it, and nothing to who has it.
    async fn content_is_handed_out_whole_in_parts_or_not_at_all(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await.id();
        let file = acme.upload(&request, "numbers.txt", "text/plain; charset=utf-8", "0123456789").await.expect(201);
        let path = content_path(&file);
        let get = async |headers: &[(&str, &str)]| acme.send("GET", &path, headers, ()).await;
        let whole = get(&[("accept", "image/png")]).await.expect(200);
        snapshot!(whole);
        assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(whole.header("cache-control"), Some("private, no-cache"));
        assert_eq!(whole.header("content-length"), Some("10"));
        let tag = whole.header("etag").unwrap_or_default().to_owned();
        assert_eq!(tag, format!("\"{}\"", file["sha256"].as_str().unwrap_or_default()));
        for range in ["bytes=2-4", "bytes=7-", "bytes=-2", "bytes=0-0", "bytes=8-99"] {
            snapshot!(get(&[("range", range)]).await.expect(206));
        }
        for range in ["bytes=0-1,4-5", "bytes=4-2", "lines=1-2", "bytes=x"] {
            assert_eq!(get(&[("range", range)]).await.expect(200).text(), "0123456789", "{range}");
        }
        for range in ["bytes=10-", "bytes=-0", "bytes=99-100"] {
            let refused = get(&[("range", range)]).await.expect_problem(416, "range_not_satisfiable");
            assert_eq!(refused.header("content-range"), Some("bytes */10"), "{range}");
        }
        snapshot!(get(&[("range", "bytes=10-")]).await);
        assert_eq!(get(&[("range", "bytes=1-1"), ("if-range", &tag)]).await.expect(206).text(), "1");
        assert_eq!(get(&[("range", "bytes=1-1"), ("if-range", "\"other\"")]).await.expect(200).text(), "0123456789");
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let same = get(&[("if-none-match", &known), ("range", "bytes=1-1")]).await.expect(304);
            assert_eq!((same.header("etag"), same.bytes.len()), (Some(tag.as_str()), 0));
        }
        get(&[("if-none-match", "\"1\"")]).await.expect(200);
        get(&[("if-none-match", "nonsense")]).await.expect_problem(400, "invalid_if_match");
        let head = acme.send("HEAD", &path, &[("range", "bytes=2-4")], ()).await.expect(206);
        assert_eq!((head.header("content-length"), head.bytes.len()), (Some("3"), 0));
        // What it is not, it is not handed out as; names are read by every client.
        for (name, said, content, served) in [
            ("page.png", "image/png", "<!DOCTYPE html><script>alert(1)</script>".as_bytes(), "application/octet-stream"),
            ("page.html", "text/html", b"plain", "application/octet-stream"),
            ("picture.png", "image/png", PNG, "image/png"),
            ("data.bin", "application/x-own", b"\0\x01", "application/octet-stream"),
            ("data.json", "application/json", b"{}", "application/json"),
        ] {
            let file = acme.upload(&request, name, said, content).await.expect(201);
            assert_eq!(file["media_type"], said);
            let answer = acme.get(content_path(&file)).await.expect(200);
            assert_eq!(answer.header("content-type"), Some(served), "{name}");
            assert_eq!(answer.header("content-disposition"), Some(format!("attachment; filename=\"{name}\"").as_str()));
        }
        let named = ("content-disposition", "attachment; filename*=UTF-8''..%2F%E2%82%AC%20rates.txt");
        let file = upload_with(&acme, &request, &[named], b"1.08").await.expect(201);
        assert_eq!((&file["file_name"], &file["media_type"]), (&json!("€ rates.txt"), &json!("application/octet-stream")));
        snapshot!(acme.get(content_path(&file)).await.expect(200));
    }

    /// S-6, S-4, X-3: what is refused leaves nothing behind.
    async fn an_upload_that_is_refused_says_why_and_leaves_nothing(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "view").await;
        let stranger = world.customer("Initech", "initech.example").await;
        let request = acme.request("The printer is on fire").await.id();
        let good = digest(b"abc");
        upload_with(&acme, &request, &[NAMED, ("content-digest", &good)], b"abc").await.expect(201);
        assert_eq!(world.files().len(), 1);
        snapshot!(upload_with(&acme, &request, &[NAMED, ("content-digest", &good)], b"abd").await.expect(422));
        snapshot!(upload_with(&acme, &request, &[NAMED, ("content-digest", "sha-256=abc")], b"abc").await.expect(400));
        snapshot!(upload_with(&acme, &request, &[NAMED], b"").await.expect(422));
        snapshot!(upload_with(&acme, &request, &[], b"abc").await.expect_problem(400, "invalid_file_name"));
        snapshot!(upload_with(&acme, &request, &[NAMED, ("content-type", "picture")], b"abc").await.expect(400));
        let long = format!("attachment; filename=\"{}\"", "x".repeat(256));
        upload_with(&acme, &request, &[("content-disposition", &long)], b"abc").await.expect_problem(400, "invalid_file_name");
        let encoded = upload_with(&acme, &request, &[NAMED, ("content-encoding", "gzip")], b"abc").await;
        encoded.expect_problem(415, "unsupported_media_type");
        snapshot!(globex.upload(&request, "a.txt", "text/plain", "a").await.expect(403));
        stranger.upload(&request, "a.txt", "text/plain", "a").await.expect_problem(404, "not_found");
        stranger.upload("sr_01h455vb4pex5vsknk084sn02q", "a.txt", "text/plain", "a").await.expect_problem(404, "not_found");
        world.agent().await.patch(format!("/v1/service-requests/{request}"), json!({"status": "closed"})).await.expect(200);
        acme.upload(&request, "a.txt", "text/plain", "a").await.expect_problem(409, "service_request_closed");
        assert_eq!(world.files().len(), 1);
    }

    /// S-6: the limit holds while the file arrives, whatever is said of its length; up to it, all is well.
    async fn a_file_may_have_25_mib_and_not_a_byte_more(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await.id();
        let mut file = bytes(usize::try_from(ATTACHMENT_BYTES_MAX).expect("it fits"));
        let uploaded = upload_with(&acme, &request, &[NAMED, ("content-digest", &digest(&file))], &file).await.expect(201);
        let read = acme.get(content_path(&uploaded)).await.expect(200);
        assert!(read.bytes == file, "{} bytes", read.bytes.len());
        assert_eq!(read.header("repr-digest"), Some(digest(&file).as_str()));
        file.push(0);
        let mut stream = TcpStream::connect(acme.instance().address()).await.expect("the server listens");
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: mandate\r\nauthorization: Bearer {}\r\ncontent-disposition: attachment; \
             filename=a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
            uploads_path(&request),
            acme.access_token()
        );
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        for piece in file.chunks(1 << 20) {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.expect("the server reads");
            stream.write_all(piece).await.expect("the server reads");
            stream.write_all(b"\r\n").await.expect("the server reads");
        }
        let answer = answer_of(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"), "{answer}");
        assert_eq!(world.files().len(), 1);
        // One that says so beforehand is not received at all.
        let mut stream = TcpStream::connect(acme.instance().address()).await.expect("the server listens");
        let head = head.replace("transfer-encoding: chunked", &format!("content-length: {}", file.len()));
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        let answer = answer_of(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"), "{answer}");
    }

    /// X-1, S-6: who loses access while the file arrives has not uploaded it; who loses it later reads nothing any more.
    async fn a_lost_right_ends_uploads_and_downloads_at_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let grant = acme.grant_person(&eve, "update").await.id();
        let request = acme.request("The printer is on fire").await.id();
        let mine = eve.upload(&request, "mine.txt", "text/plain", "mine").await.expect(201);
        let theirs = acme.upload(&request, "theirs.txt", "text/plain", "theirs").await.expect(201);
        acme.reply_with(&request, "Read this.", &[&theirs.id()]).await;
        for file in [&mine, &theirs] {
            eve.get(content_path(file)).await.expect(200);
        }
        let file = bytes(600_000);
        let slow = SlowUpload::begin(&eve, &request, "slow", file.len(), &file[..500_000]).await;
        until_files(&world, 3).await;
        acme.post(format!("/v1/partner-grants/{grant}/revoke"), json!({})).await.expect(200);
        let answer = slow.end(&file[500_000..]).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        assert_eq!(world.files().len(), 2);
        for file in [&mine, &theirs] {
            let tag = format!("\"{}\"", file["sha256"].as_str().unwrap_or_default());
            eve.get(content_path(file)).await.expect_problem(404, "not_found");
            eve.send("GET", &content_path(file), &[("if-none-match", &tag)], ()).await.expect_problem(404, "not_found");
        }
    }

    /// S-6, T2: the same upload again is one file; another file under the same key is refused.
    async fn an_upload_that_is_sent_again_is_stored_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let request = acme.request("The printer is on fire").await.id();
        let headers = [NAMED, ("idempotency-key", "a-key")];
        let first = upload_with(&dan, &request, &headers, b"abc").await.expect(201);
        let again = upload_with(&dan, &request, &headers, b"abc").await.expect(201);
        assert_eq!((&again.bytes, again.header("idempotent-replayed")), (&first.bytes, Some("true")));
        upload_with(&dan, &request, &headers, b"abd").await.expect_problem(422, "idempotency_key_reused");
        let renamed = [("content-disposition", "attachment; filename=other.txt"), headers[1]];
        upload_with(&dan, &request, &renamed, b"abc").await.expect_problem(422, "idempotency_key_reused");
        // Two at once: what the second one stored is thrown away.
        let file = bytes(400_000);
        let mut slow = Vec::new();
        for _ in 0..2 {
            slow.push(SlowUpload::begin(&dan, &request, "two", file.len(), &file[..300_000]).await);
        }
        until_files(&world, 3).await;
        let mut ids = Vec::new();
        for upload in slow {
            let answer = upload.end(&file[300_000..]).await;
            assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
            ids.push(answer.rsplit_once("\r\n\r\n").map(|(_, body)| body.to_owned()));
        }
        assert_eq!(ids[0], ids[1]);
        assert_eq!(world.files().len(), 2);
        // A key outlives the request's closing, but not the right to see it.
        world.agent().await.patch(format!("/v1/service-requests/{request}"), json!({"status": "closed"})).await.expect(200);
        assert_eq!(upload_with(&dan, &request, &headers, b"abc").await.expect(201).bytes, first.bytes);
        acme.patch(format!("/v1/contacts/{}", dan.id), json!({"permission": "knowledge_base"})).await.expect(200);
        upload_with(&dan, &request, &headers, b"abc").await.expect_problem(404, "not_found");
    }

    /// S-6: after a day without a message an upload is gone, its file as well; what a message has stays.
    async fn what_no_message_takes_up_is_removed_after_a_day(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await.id();
        let kept = acme.upload(&request, "kept.txt", "text/plain", "kept").await.expect(201);
        acme.reply_with(&request, "Keep this.", &[&kept.id()]).await;
        let old = acme.upload(&request, "old.txt", "text/plain", "old").await.expect(201);
        world.advance(hours(2));
        let young = acme.upload(&request, "young.txt", "text/plain", "young").await.expect(201);
        world.advance(hours(23));
        world.restart().await;
        until_files(&world, 2).await;
        acme.get(content_path(&old)).await.expect_problem(404, "not_found");
        let body = json!({"body": "Too late", "attachment_ids": [old.id()]});
        let messages = format!("/v1/service-requests/{request}/messages");
        acme.post(&messages, body).await.expect_problem(422, "attachment_not_allowed");
        assert_eq!(acme.get(content_path(&young)).await.expect(200).text(), "young");
        acme.reply_with(&request, "In time.", &[&young.id()]).await;
        world.advance(days(400));
        world.restart().await;
        for file in [&kept, &young] {
            acme.get(content_path(file)).await.expect(200);
        }
    }
}
