//! Letters that came as emails: what their own signature says is shown, and never enough (E-3, E-6).

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::AuthenticatedMessage;
use mail_auth::crypto::{Ed25519Key, SigningKey as _};
use mail_auth::dkim::Signature;
use mail_auth::headers::HeaderWriter as _;
use mandate_core::time::{Span, Timestamp};
use mandate_tests::{Answer, Value, days, e2e, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::escalation::{attach, stage};

const LETTER: &str = "\
From: Carla Mendes <carla.mendes@acme.example>\r\n\
To: support@vendor.example\r\n\
Subject: Our new primary support contact\r\n\
Date: Fri, 27 Feb 2026 09:00:00 +0100\r\n\
\r\n\
Please appoint Nora Lima, who shall have permission to create contact records.\r\n";

/// The key that letters are signed with here, and a file of DNS with its record for these domains.
fn key_of(domains: &[&str]) -> (Ed25519Key, tempfile::NamedTempFile) {
    let key = Ed25519Key::generate_pkcs8().expect("a key can be made");
    let key = Ed25519Key::from_pkcs8_der(&key).expect("the key was just made");
    let mut records = tempfile::NamedTempFile::new().expect("a file can be made");
    for domain in domains {
        let public = STANDARD.encode(key.public_key());
        writeln!(records, "mail._domainkey.{domain} v=DKIM1; k=ed25519; p={public}").expect("a file can be written");
    }
    (key, records)
}

/// The letter, signed by a domain at a moment, these fields of it. The signer of the crate knows the clock of the machine alone.
fn signed(key: &Ed25519Key, domain: &str, at: Timestamp, fields: &[&str]) -> String {
    let (_, body) = LETTER.split_once("\r\n\r\n").expect("a letter has a body");
    let mut signature = Signature {
        a: key.algorithm(),
        d: domain.to_owned(),
        s: "mail".to_owned(),
        h: fields.iter().map(|name| (*name).to_owned()).collect(),
        t: at.seconds().try_into().expect("it is after 1970"),
        bh: key.hash(body.as_bytes()).as_ref().to_vec(),
        b: vec![0],
        ..Signature::default()
    };
    let unsigned = format!("{}{LETTER}", signature.to_header());
    let message = AuthenticatedMessage::parse(unsigned.as_bytes()).expect("the letter can be read");
    let head = message.canonicalized_dkim_headers().expect("it has a signature");
    signature.b = key.sign(head.as_slice()).expect("the letter can be signed");
    format!("{}{LETTER}", signature.to_header())
}

const ALL: &[&str] = &["From", "To", "Subject", "Date"];

fn signatures(answer: &Answer) -> Vec<Value> {
    let each = answer.body["letter_signatures"].as_array().into_iter().flatten();
    each.map(|one| json!([one["result"], one["domain"], one["aligned"]])).collect()
}

e2e! {
    /// E-3, E-6: pass and for whom, none, fail, and not checked; a good signature alone verifies nothing.
    async fn a_letters_own_signature_is_supporting_evidence(world: World) {
        let (key, records) = key_of(&["acme.example", "sender.example"]);
        let checking = world.another_instance(&["--dns", &format!("file:{}", records.path().display())]).await;
        let stage = stage(&world).await;
        let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        let now = world.instance().now();
        let (mail, own) = ("message/rfc822", signed(&key, "acme.example", now, ALL));
        let at_server = stage.dan.at(&checking);
        let good = attach(&at_server, &path, "letter.eml", mail, own.as_bytes()).await.expect(201);
        for letter in [signed(&key, "sender.example", now, ALL), LETTER.to_owned(), own.replace("Nora Lima", "Mallory")] {
            attach(&at_server, &path, "letter.eml", mail, letter.as_bytes()).await.expect(201);
        }
        // A server that asks nobody checks nothing; and what is no email has no signature.
        attach(&stage.dan, &path, "letter.eml", mail, own.as_bytes()).await.expect(201);
        attach(&stage.dan, &path, "letter.pdf", "application/pdf", b"%PDF-1.7 a letter").await.expect(201);
        let seen = stage.reviewer.get(&path).await.expect(200);
        assert_eq!(signatures(&seen), [
            json!(["pass", "acme.example", true]),
            json!(["pass", "sender.example", false]),
            json!(["none", null, false]),
            json!(["fail", "acme.example", false]),
            json!(["not_checked", "acme.example", false]),
        ]);
        assert_eq!(stage.dan.get(&path).await.expect(200).body["letter_signatures"], Value::Null);
        // Who signed what, and when; what does not pass for the author supports nothing.
        let counts = |answer: &Answer| -> Vec<Value> {
            let each = answer.body["letter_signatures"].as_array().into_iter().flatten();
            each.map(|one| one["counts"].clone()).collect()
        };
        assert_eq!(counts(&seen), [true, false, false, false, false].map(Value::from));
        let first = &seen.body["letter_signatures"][0];
        assert_eq!((&first["covers"], &first["body_length"]), (&json!(["from", "to", "subject", "date"]), &Value::Null));
        let second = Timestamp::from_micros(now.seconds() * 1_000_000);
        assert_eq!(first["signed_at"], json!(second.to_string()));
        stage.reviewer.post(format!("{path}/review"), json!({})).await.expect(200);
        let by_signature = json!({"items": [{"item": "signature", "method": "email_signature"}]});
        let supported = stage.reviewer.post(format!("{path}/verify"), by_signature.clone()).await.expect(200);
        assert!(supported.body["missing"].as_array().is_some_and(|items| items.contains(&json!("signature"))));
        // Without the one that is good and the author's own, it does not even support anything.
        stage.reviewer.post(format!("{path}/request-information"), json!({"message": "which one?"})).await.expect(200);
        let rest: Vec<&Value> = seen.body["letter"]["attachment_ids"].as_array().into_iter().flatten()
            .filter(|id| **id != json!(good.id())).collect();
        let edited = stage.dan.patch(&path, json!({"letter": {"attachment_ids": rest}})).await.expect(200);
        assert_eq!(edited.body["verification"], json!([]));
        stage.dan.post(format!("{path}/provide-information"), json!({})).await.expect(200);
        stage.reviewer.post(format!("{path}/verify"), by_signature).await.expect_problem(422, "validation_failed");
    }

    /// E-3: a signature says when it was made and what it covers, and nothing if it is older than seven days before the letter came.
    async fn a_signature_says_when_it_was_made_and_what_it_covers(world: World) {
        let (key, records) = key_of(&["acme.example"]);
        let checking = world.another_instance(&["--dns", &format!("file:{}", records.path().display())]).await;
        let stage = stage(&world).await;
        let received_at = world.instance().now();
        let signed_at = |before| {
            let at = Timestamp::from_micros(received_at.minus(before).seconds() * 1_000_000);
            signed(&key, "acme.example", at, &["From", "Date"])
        };
        let week = signed_at(Span::minutes(7 * 24 * 60 - 1));
        let altered = week.replace("Our new", "Your former");
        let subject_above = format!("Subject: Appoint Mallory\r\n{}", signed(&key, "acme.example", received_at, ALL));
        let older = signed_at(Span::minutes(7 * 24 * 60 + 1));
        let garbled = week.replace("d=acme.example", "d=acme\u{0}.example");
        let part = week.replace("; t=", "; l=6; t=");
        // They are uploaded some days after they came.
        world.advance(days(3));
        for (letter, result, covers, counts) in [
            (&week, "pass", json!(["from", "date"]), true),
            (&altered, "pass", json!(["from", "date"]), true),
            (&subject_above, "pass", json!(["from", "to", "date"]), false),
            (&older, "pass", json!(["from", "date"]), false),
            (&garbled, "fail", json!(["from", "date"]), false),
            (&part, "fail", json!(["from", "date"]), false),
        ] {
            let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
            let path = format!("/v1/escalations/{}", opened.id());
            let dated = json!({"letter": {"received_at": received_at.to_string()}});
            stage.dan.patch(&path, dated).await.expect(200);
            attach(&stage.dan.at(&checking), &path, "letter.eml", "message/rfc822", letter.as_bytes()).await.expect(201);
            let seen = stage.reviewer.get(&path).await.expect(200);
            let shown = &seen.body["letter_signatures"][0];
            assert_eq!(json!([shown["result"], shown["covers"], shown["counts"]]), json!([result, covers, counts]), "{letter}");
            assert!(shown["signed_at"].is_string() && shown["body_length"] == if *letter == part { json!(6) } else { json!(null) });
            stage.reviewer.post(format!("{path}/review"), json!({})).await.expect(200);
            let by_signature = json!({"items": [{"item": "signature", "method": "email_signature"}]});
            let expected = if counts { 200 } else { 422 };
            stage.reviewer.post(format!("{path}/verify"), by_signature).await.expect(expected);
            stage.dan.post(format!("{path}/withdraw"), json!({})).await.expect(200);
        }
    }

    /// X-7, E-3: a letter has the time that other files have to arrive, not that of other requests.
    async fn a_letter_may_arrive_slowly(world: World) {
        let hasty = world.another_instance(&["--request-timeout", "1s"]).await;
        let stage = stage(&world).await;
        let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
        let mut stream = TcpStream::connect(hasty.address()).await.expect("the server listens");
        let head = format!(
            "POST /v1/escalations/{}/attachments HTTP/1.1\r\nhost: mandate\r\nauthorization: Bearer {}\r\ncontent-type: \
             message/rfc822\r\ncontent-disposition: attachment; filename=letter.eml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            opened.id(),
            stage.dan.access_token(),
            LETTER.len()
        );
        let (begin, end) = LETTER.split_at(LETTER.len() / 2);
        stream.write_all(format!("{head}{begin}").as_bytes()).await.expect("the server reads");
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stream.write_all(end.as_bytes()).await.expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("the server answers");
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    }

    /// E-3, X-2: a letter whose upload is repeated with the same key is the same letter, and stored once.
    async fn an_upload_of_a_letter_is_repeated(world: World) {
        let stage = stage(&world).await;
        let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}/attachments", opened.id());
        let headers = [
            ("content-type", "message/rfc822"),
            ("content-disposition", "attachment; filename=letter.eml"),
            ("idempotency-key", "the-letter"),
        ];
        let first = stage.dan.send("POST", &path, &headers, LETTER.as_bytes().to_vec()).await.expect(201);
        let again = stage.dan.send("POST", &path, &headers, LETTER.as_bytes().to_vec()).await.expect(201);
        assert_eq!((first.id(), first.body), (again.id(), again.body));
        let other = LETTER.replace("Nora Lima", "Mallory").into_bytes();
        stage.dan.send("POST", &path, &headers, other).await.expect_problem(422, "idempotency_key_reused");
        let seen = stage.dan.get(format!("/v1/escalations/{}", opened.id())).await.expect(200);
        assert_eq!(seen.body["letter"]["attachment_ids"].as_array().map(Vec::len), Some(1));
    }
}
