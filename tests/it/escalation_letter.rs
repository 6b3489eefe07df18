//! Letters that came as emails: what their own signature says is shown, and never enough (E-3, E-6).

use std::io::Write as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;
use mandate_core::time::Span;
use mandate_tests::{Answer, Value, World, days, e2e, json};

use crate::escalation::{attach, stage};

const LETTER: &str = "\
From: Carla Mendes <carla.mendes@acme.example>\r\n\
To: support@vendor.example\r\n\
Subject: Our new primary support contact\r\n\
Date: Fri, 27 Feb 2026 09:00:00 +0100\r\n\
\r\n\
Please appoint Nora Lima, who shall have permission to create contact records.\r\n";

/// The letter, signed by a domain with the test's own key.
fn signed(key: &[u8], domain: &str) -> String {
    let key = Ed25519Key::from_pkcs8_der(key).expect("the key was just made");
    let signer = DkimSigner::from_key(key).domain(domain).selector("mail").headers(["From", "To", "Subject", "Date"]);
    let signature = signer.sign(LETTER.as_bytes()).expect("the letter can be signed").to_header();
    format!("{signature}{LETTER}")
}

/// How long it is from the clock of a world to a minute after that of this machine.
fn seconds_until_now(world: &World) -> Span {
    let there = world.instance().now().seconds();
    let here = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970").as_secs();
    Span::seconds(i64::try_from(here).expect("it is before the end of time") + 60 - there)
}

fn signatures(answer: &Answer) -> Vec<Value> {
    let each = answer.body["letter_signatures"].as_array().into_iter().flatten();
    each.map(|one| json!([one["result"], one["domain"], one["aligned"]])).collect()
}

e2e! {
    /// E-3, E-6: pass and for whom, none, fail, and not checked; a good signature alone verifies nothing.
    async fn a_letters_own_signature_is_supporting_evidence(world: World) {
        let key = Ed25519Key::generate_pkcs8().expect("a key can be made");
        let public = STANDARD.encode(Ed25519Key::from_pkcs8_der(&key).expect("the key was just made").public_key());
        let mut records = tempfile::NamedTempFile::new().expect("a file can be made");
        for domain in ["acme.example", "sender.example"] {
            writeln!(records, "mail._domainkey.{domain} v=DKIM1; k=ed25519; p={public}").expect("a file can be written");
        }
        let dns = format!("file:{}", records.path().display());
        // Signatures are made by the clock of this machine.
        world.advance(seconds_until_now(&world));
        let checking = world.another_instance(&["--dns", &dns]).await;
        let stage = stage(&world).await;
        let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        let (mail, own) = ("message/rfc822", signed(&key, "acme.example"));
        let at_server = stage.dan.at(&checking);
        let good = attach(&at_server, &path, "letter.eml", mail, own.as_bytes()).await.expect(201);
        for letter in [signed(&key, "sender.example"), LETTER.to_owned(), own.replace("Nora Lima", "Mallory")] {
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
        let mut covers: Vec<&str> = first["covers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        covers.sort_unstable();
        assert_eq!((covers, &first["body_length"]), (vec!["date", "from", "subject", "to"], &Value::Null));
        assert!(first["signed_at"].is_string(), "{first}");
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

    /// E-6: a signature that was made long before the letter is said to have been received, or that covers no subject, shows it.
    async fn an_old_signature_passes_and_supports_nothing(world: World) {
        let key = Ed25519Key::generate_pkcs8().expect("a key can be made");
        let public = STANDARD.encode(Ed25519Key::from_pkcs8_der(&key).expect("the key was just made").public_key());
        let mut records = tempfile::NamedTempFile::new().expect("a file can be made");
        writeln!(records, "mail._domainkey.acme.example v=DKIM1; k=ed25519; p={public}").expect("a file can be written");
        let dns = format!("file:{}", records.path().display());
        let letter = signed(&key, "acme.example");
        // The letter is older than that when it is uploaded, whatever is said of its receipt.
        world.advance(seconds_until_now(&world));
        world.advance(days(40));
        let checking = world.another_instance(&["--dns", &dns]).await;
        let stage = stage(&world).await;
        let opened = stage.open(&stage.dan, "service_request", json!({})).await.expect(201);
        let path = format!("/v1/escalations/{}", opened.id());
        attach(&stage.dan.at(&checking), &path, "letter.eml", "message/rfc822", letter.as_bytes()).await.expect(201);
        stage.reviewer.post(format!("{path}/review"), json!({})).await.expect(200);
        let seen = stage.reviewer.get(&path).await.expect(200);
        assert_eq!(signatures(&seen), [json!(["pass", "acme.example", true])]);
        assert_eq!(seen.body["letter_signatures"][0]["counts"], json!(false));
        let by_signature = json!({"items": [{"item": "signature", "method": "email_signature"}]});
        stage.reviewer.post(format!("{path}/verify"), by_signature).await.expect_problem(422, "validation_failed");
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
