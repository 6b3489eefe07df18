mod signer;

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::rt::System;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::crypto::{Algorithm, Ed25519Key, RsaKey, Sha256};
use mail_auth::dkim::{Canonicalization, Signature};
use mandate_core::letter_signature::SignatureResult::{Fail, NotChecked, Pass, Unsigned};
use mandate_core::text::Email;
use mandate_core::time::Span;
use proptest::prelude::*;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use signer::{by, sign};
use tempfile::NamedTempFile;

use super::*;
use crate::settings::DnsSource;

/// When letters are signed and checked here, whatever the machine says.
const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

const LETTER: &str = "\
From: Ana Silva <ana@acme.example>\r\n\
To: support@vendor.example\r\n\
Subject: Our new primary support contact\r\n\
Date: Sat, 21 Nov 2026 10:00:00 +0100\r\n\
\r\n\
Please appoint Bob.\r\n";

static ED25519: LazyLock<Vec<u8>> = LazyLock::new(|| Ed25519Key::generate_pkcs8().unwrap());

fn ed25519() -> Ed25519Key {
    Ed25519Key::from_pkcs8_der(&ED25519).unwrap()
}

fn rsa(pem: &str) -> RsaKey<Sha256> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    RsaKey::from_key_der(PrivateKeyDer::Pkcs8(key)).unwrap()
}

fn own() -> RsaKey<Sha256> {
    rsa(include_str!("tests/rsa-1024.pem"))
}

fn weak() -> RsaKey<Sha256> {
    rsa(include_str!("tests/rsa-768.pem"))
}

/// The record of the key that letters are signed with here.
pub(super) fn public_key() -> String {
    format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(own().public_key()))
}

fn zone() -> LetterResolver {
    let (key, weak) = (public_key(), STANDARD.encode(weak().public_key()));
    let ed25519 = STANDARD.encode(ed25519().public_key());
    let mut file = NamedTempFile::new().unwrap();
    for (name, record) in [
        ("mail._domainkey.acme.example", &*key),
        ("mail._domainkey.sender.example", &key),
        ("ed._domainkey.acme.example", &format!("v=DKIM1; k=ed25519; p={ed25519}")),
        ("weak._domainkey.acme.example", &format!("v=DKIM1; p={weak}")),
        ("trial._domainkey.acme.example", &key.replace("k=rsa", "t=y")),
        ("revoked._domainkey.acme.example", "v=DKIM1; p="),
        ("other._domainkey.acme.example", "v=spf1 -all"),
    ] {
        writeln!(file, "{name} {record}").unwrap();
    }
    LetterResolver::open(&DnsSource::File(file.path().to_owned())).unwrap()
}

/// Signs every byte as it is: the relaxed form forgives other line ends.
fn strict() -> Signature {
    Signature { ch: Canonicalization::Simple, cb: Canonicalization::Simple, ..by("acme.example", "mail") }
}

/// The letter, signed by a domain.
pub(super) fn signed(domain: &str) -> String {
    sign(&own(), &by(domain, "mail"), LETTER)
}

async fn read(letter: impl Into<Bytes>) -> Option<(LetterEmail, SignatureCheck)> {
    check(letter.into(), NOW, &zone()).await
}

/// What a letter's signatures say by the keys of a resolver.
pub(super) async fn outcome(letter: impl Into<Bytes>, resolver: &LetterResolver) -> SignatureCheck {
    check(letter.into(), NOW, resolver).await.unwrap().1
}

async fn result(letter: impl Into<Bytes>) -> (SignatureResult, bool) {
    let check = outcome(letter, &zone()).await;
    assert!(check.result == Pass || !check.aligned);
    (check.result, check.aligned)
}

/// Whether a letter that was received now is by Ana.
fn is_by_ana(check: &SignatureCheck) -> bool {
    check.is_by(&Email::parse("ana@acme.example").unwrap(), None)
}

#[actix_web::test]
async fn a_letter_that_its_authors_domain_signed_passes_e_6() {
    let ed25519 = sign(&ed25519(), &by("acme.example", "ed"), LETTER);
    for letter in [signed("acme.example"), sign(&own(), &strict(), LETTER), ed25519] {
        let (email, check) = read(letter).await.unwrap();
        assert_eq!((check.result, check.aligned), (Pass, true));
        assert_eq!(check.domain.as_deref(), Some("acme.example"));
        assert!(is_by_ana(&check));
        assert_eq!((check.cover.signed_at, check.cover.body_length), (Some(NOW), None));
        assert_eq!(check.cover.fields, ["from", "to", "subject", "date"]);
        assert_eq!(email.author.as_deref(), Some("ana@acme.example"));
        assert_eq!(email.author_name.as_deref(), Some("Ana Silva"));
        assert_eq!(email.subject.as_deref(), Some("Our new primary support contact"));
        assert_eq!(email.date, Timestamp::parse("2026-11-21T09:00:00Z"));
        assert_eq!(email.attachments, []);
    }
}

#[actix_web::test]
async fn a_signature_of_another_domain_passes_and_says_nothing_of_the_author_e_6() {
    let foreign = signed("sender.example");
    let check = outcome(foreign.clone(), &zone()).await;
    assert_eq!((check.result, check.domain.as_deref(), check.aligned), (Pass, Some("sender.example"), false));
    assert!(!is_by_ana(&check));
    // Both, as services that send for others do: the author's own is what is told.
    let both = sign(&own(), &by("sender.example", "mail"), &signed("acme.example"));
    let check = outcome(both, &zone()).await;
    assert_eq!((check.domain.as_deref(), is_by_ana(&check)), (Some("acme.example"), true));
    // A name is no address.
    let letter = LETTER.replace("Ana Silva <ana@acme.example>", "\"ana@acme.example\" <eve@sender.example>");
    let check = outcome(sign(&own(), &by("sender.example", "mail"), &letter), &zone()).await;
    assert_eq!((check.aligned, check.author.as_deref()), (true, Some("eve@sender.example")));
    assert!(!is_by_ana(&check));
}

#[actix_web::test]
async fn a_letter_that_was_changed_fails_e_6() {
    let letter = signed("acme.example");
    for (from, to) in [
        ("appoint Bob", "appoint Eve"),
        ("Our new", "Your new"),
        ("Ana Silva <ana@", "Ana Silva <bob@"),
        ("10:00:00", "11:00:00"),
        ("Bob.\r\n", "Bob.\r\nAnd Eve.\r\n"),
    ] {
        let check = outcome(letter.replace(from, to), &zone()).await;
        assert_eq!((check.result, check.domain.as_deref()), (Fail, Some("acme.example")), "{to}");
    }
}

#[actix_web::test]
async fn a_letter_without_a_signature_needs_nobody_to_say_so_e_6() {
    let off = LetterResolver::open(&DnsSource::Off).unwrap();
    for resolver in [&zone(), &off] {
        let check = outcome(LETTER, resolver).await;
        assert_eq!((check.result, check.domain, check.aligned), (Unsigned, None, false));
    }
    let check = outcome(signed("acme.example"), &off).await;
    assert_eq!((check.result, check.domain.as_deref(), check.aligned), (NotChecked, Some("acme.example"), false));
    assert!(!is_by_ana(&check));
}

#[actix_web::test]
async fn a_key_that_is_missing_revoked_too_short_or_on_trial_counts_for_nothing_e_6() {
    for selector in ["missing", "revoked", "trial", "other"] {
        let letter = sign(&own(), &by("acme.example", selector), LETTER);
        assert_eq!(result(letter).await, (Fail, false), "{selector}");
    }
    let letter = sign(&weak(), &by("acme.example", "weak"), LETTER);
    assert_eq!(result(letter).await, (Fail, false));
}

#[actix_web::test]
async fn a_signature_counts_until_it_expires_e_6() {
    let end = Timestamp::parse("3000-01-01T00:00:00Z").unwrap();
    let says = Signature { x: end.seconds().try_into().unwrap(), ..by("acme.example", "mail") };
    let letter = sign(&own(), &says, LETTER);
    for (now, result) in [(NOW, Pass), (end, Fail)] {
        let (_, check) = check(letter.clone().into(), now, &zone()).await.unwrap();
        assert_eq!((check.result, check.cover.expires_at), (result, Some(end)), "{now}");
    }
}

#[actix_web::test]
async fn a_signature_says_something_for_seven_days_e_3() {
    let (now, days) = (u64::try_from(NOW.seconds()).unwrap(), 7 * 24 * 60 * 60);
    for (t, counts) in
        [(now, true), (now - days, true), (now - days - 1, false), (now + 1, false), (0, false), (u64::MAX, false)]
    {
        let says = Signature { t, ..by("acme.example", "mail") };
        let check = outcome(sign(&own(), &says, LETTER), &zone()).await;
        let signed_at = (1..=now + 1).contains(&t).then(|| NOW.plus(Span::seconds(t as i64 - now as i64)));
        assert_eq!((check.result, check.cover.signed_at), (Pass, signed_at), "{t}");
        assert_eq!(is_by_ana(&check), counts, "{t}");
    }
}

#[actix_web::test]
async fn what_a_signature_leaves_open_it_does_not_cover_e_3() {
    const SUBJECT: &str = "Subject: Our new primary support contact\r\n";
    let says = |fields: &[&str]| Signature {
        h: fields.iter().map(|name| (*name).to_owned()).collect(),
        ..by("acme.example", "mail")
    };
    let whole = by("acme.example", "mail");
    let without_subject = sign(&own(), &whole, &LETTER.replace(SUBJECT, ""));
    for (letter, covered, author) in [
        // Not signed, and altered.
        (sign(&own(), &says(&["from", "DATE"]), LETTER).replace("Our new", "Your new"), "from date", true),
        // Named twice, so that nobody adds a second one; and named without being there.
        (sign(&own(), &says(&["from", "from", "subject", "cc"]), LETTER), "from subject cc", true),
        // Added above the one that was signed, which is what is shown.
        (format!("Subject: Appoint Eve\r\n{}", signed("acme.example")), "from to date", false),
        // A field that is read as one, but not signed as one.
        (format!("Subject : Appoint Eve\r\n{without_subject}"), "from to date", true),
        (
            sign(&own(), &whole, &LETTER.replace("From: ", "X-From: ")).replace("X-From: ", "From : "),
            "to subject date",
            false,
        ),
    ] {
        let check = outcome(letter.clone(), &zone()).await;
        assert_eq!((check.result, check.cover.fields.join(" ")), (Pass, covered.to_owned()), "{letter}");
        assert_eq!((check.aligned, is_by_ana(&check)), (author, author), "{letter}");
    }
}

#[actix_web::test]
async fn a_signature_covers_the_whole_body_and_the_author_or_counts_for_nothing_e_3() {
    let length = |l| Signature { l, ..by("acme.example", "mail") };
    let whole = "Please appoint Bob.\r\n".len() as u64;
    let part = sign(&own(), &length(whole), LETTER);
    for (letter, l) in [(part.clone(), whole), (part + "And Eve.\r\n", whole), (sign(&own(), &length(6), LETTER), 6)] {
        let check = outcome(letter, &zone()).await;
        assert_eq!((check.result, check.aligned, check.cover.body_length), (Fail, false, Some(l as i64)));
        assert!(!is_by_ana(&check));
    }
    let says = Signature { h: vec!["To".to_owned(), "Subject".to_owned()], ..by("acme.example", "mail") };
    assert_eq!(result(sign(&own(), &says, LETTER)).await, (Fail, false));
}

#[test]
fn what_a_signature_says_of_itself_decides_whether_it_could_count_e_6() {
    let now: u64 = NOW.seconds().try_into().unwrap();
    let rsa = Signature { b: vec![1; 128], ..by("acme.example", "mail") };
    for (signature, counts) in [
        (rsa.clone(), true),
        (Signature { a: Algorithm::RsaSha1, ..rsa.clone() }, false),
        (Signature { a: Algorithm::MlDsa44, ..rsa.clone() }, false),
        (Signature { a: Algorithm::Ed25519Sha256, b: vec![1; 64], ..rsa.clone() }, true),
        (Signature { b: vec![1; 127], ..rsa.clone() }, false),
        (Signature { x: now + 1, ..rsa.clone() }, true),
        (Signature { x: now, ..rsa.clone() }, false),
        // Over before it was made.
        (Signature { t: now + 9, x: now + 8, ..rsa.clone() }, false),
        (Signature { t: now + 9, x: now + 9, ..rsa.clone() }, false),
        (Signature { x: u64::MAX, ..rsa.clone() }, true),
        (Signature { h: vec!["From".to_owned(); 200], ..rsa.clone() }, true),
        (Signature { h: vec!["From".to_owned(); 201], ..rsa.clone() }, false),
        (Signature { h: Vec::new(), ..rsa.clone() }, false),
    ] {
        assert_eq!(signature::is_countable(&signature, NOW), counts, "{signature:?}");
    }
}

#[actix_web::test]
async fn a_third_party_that_a_signature_names_changes_nothing_e_6() {
    let says = Signature { atps: Some("acme.example".to_owned()), r: true, ..by("acme.example", "mail") };
    let check = outcome(sign(&own(), &says, LETTER), &zone()).await;
    assert!(is_by_ana(&check), "{check:?}");
    let says = Signature { atps: Some("acme.example".to_owned()), ..by("sender.example", "mail") };
    let check = outcome(sign(&own(), &says, LETTER), &zone()).await;
    assert_eq!((check.result, check.aligned), (Pass, false));
}

#[actix_web::test]
async fn a_letter_from_several_or_with_two_subjects_has_no_author_e_6() {
    let from = "From: Ana Silva <ana@acme.example>\r\n";
    let two = LETTER.replace(from, "From: ana@acme.example, eve@acme.example\r\n");
    let twice = format!("From: eve@acme.example\r\n{LETTER}");
    let says = by("acme.example", "mail");
    for letter in [
        sign(&own(), &says, &two),
        sign(&own(), &says, &twice),
        format!("From: eve@acme.example\r\n{}", signed("acme.example")),
        format!("Subject: Appoint Eve\r\n{}", signed("acme.example")),
        format!("date : Sat, 21 Nov 2020 10:00:00 +0100\r\n{}", signed("acme.example")),
    ] {
        let (email, check) = read(letter).await.unwrap();
        assert_eq!((check.result, check.aligned, email.author), (Pass, false, None));
        assert!(!is_by_ana(&check));
    }
}

#[actix_web::test]
async fn a_letter_saved_with_the_line_ends_of_unix_is_the_same_letter_e_6() {
    let letter = sign(&own(), &strict(), LETTER);
    assert_eq!(result(letter.replace("\r\n", "\n")).await, (Pass, true));
    // Some programs leave the line ends of what they embed.
    let mixed = letter.replace("\r\n", "\n").replace("Bob.\n", "Bob.\r\n");
    assert_eq!(result(mixed).await, (Pass, true));
    // What came with the line ends of mail is not touched.
    assert_eq!(result(letter.replace("Bob.\r\n", "Bob\n.\r\n")).await, (Fail, false));
}

#[actix_web::test]
async fn long_and_foreign_fields_are_read_e_6() {
    let letter = LETTER
        .replace("Our new primary support contact", "Nossa nova\r\n contato principal, São Paulo")
        .replace("Ana Silva", "=?utf-8?q?Ana_Magalh=C3=A3es?=");
    let (email, check) = read(sign(&own(), &by("acme.example", "mail"), &letter)).await.unwrap();
    assert!(is_by_ana(&check));
    assert_eq!(email.subject.as_deref(), Some("Nossa nova contato principal, São Paulo"));
    assert_eq!(email.author_name.as_deref(), Some("Ana Magalhães"));
}

#[actix_web::test]
async fn a_letter_within_a_letter_is_an_attachment_e_6() {
    let inner = signed("acme.example");
    let outer = format!(
        "From: eve@sender.example\r\nSubject: Fwd\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n\
         --b\r\nContent-Type: application/pdf; name=\"letter.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n\
         --b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n\
         --bb\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename*=utf-8''p%C3%A1gina.html\r\n\r\n<p>\r\n--bb--\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    );
    let (email, check) = read(outer).await.unwrap();
    assert_eq!((check.result, check.domain), (Unsigned, None));
    assert_eq!(email.author.as_deref(), Some("eve@sender.example"));
    let attached: Vec<_> = email.attachments.iter().map(|one| (one.name.as_deref(), one.media_type.as_str())).collect();
    assert_eq!(
        attached,
        [(Some("letter.pdf"), "application/pdf"), (Some("página.html"), "text/html"), (None, "message/rfc822")]
    );
    let without_author = format!("Subject: Fwd\r\nContent-Type: message/rfc822\r\n\r\n{inner}");
    assert_eq!(read(without_author).await, None);
}

#[actix_web::test]
async fn what_is_no_email_is_none_e_6() {
    for bytes in
        ["", "\r\n", "%PDF-1.7\n%\u{1}\n1 0 obj\n", "{\"from\": \"ana\"}", "Dear all,\n\nFrom: ana@acme.example\n"]
    {
        assert_eq!(read(bytes).await, None, "{bytes:?}");
    }
    assert_eq!(read("From: Ana\r\n\r\nHello\r\n").await, None);
}

#[actix_web::test]
async fn a_letter_beyond_measure_costs_little_e_6() {
    let one = signed("acme.example");
    let field = one.strip_suffix(LETTER).unwrap();
    let many: String = (0..400).map(|number| field.replace("s=mail", &format!("s=s{number}"))).collect();
    let letter = many + LETTER;
    assert_eq!(signature::key_names(email::head(letter.as_bytes()).unwrap(), NOW).len(), 5);
    // The first five are looked at.
    let bad = field.replace("s=mail", "s=missing");
    for (count, found) in [(4, (Pass, true)), (5, (Fail, false))] {
        assert_eq!(result(bad.repeat(count) + &one).await, found, "after {count}");
    }
    let fields = "X-Field: 1\r\n".repeat(1_000);
    assert_eq!(read(fields + LETTER).await, None);
    let long = format!("X-Field: {}\r\n{LETTER}", "x".repeat(300_000));
    assert_eq!(read(long).await, None);
    let parts = "--b\r\nContent-Type: image/png\r\n\r\n".repeat(100_000);
    let letter = format!("From: ana@acme.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}");
    assert_eq!(read(letter).await.unwrap().0.attachments.len(), 50);
    let nested: String = (0..10_000)
        .map(|depth| format!("--b{depth}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", depth + 1))
        .collect();
    let letter = format!("From: ana@acme.example\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n{nested}");
    assert_eq!(read(letter).await.unwrap().0.attachments, []);
    let named = format!("From: ana@acme.example\r\nSubject: {}\r\n\r\n", "x\u{7}".repeat(9_000));
    assert_eq!(read(named).await.unwrap().0.subject.unwrap(), "x".repeat(500));
}

/// Reads a letter without the net that catches a panic.
fn read_bare(bytes: Vec<u8>, keys: &signature::Keys) {
    let letter = email::with_line_ends_of_mail(bytes.into());
    let Some(message) = email::head(&letter) else { return };
    let email = LetterEmail::read(&message, &letter);
    signature::key_names(message, NOW);
    signature::verify(&letter, email.author, NOW, keys);
}

#[actix_web::test]
async fn what_is_shown_of_a_signature_is_short_and_clean_e_6() {
    let letter = signed("acme.example");
    for (from, to) in [
        ("d=acme.example", format!("d={}", "a".repeat(100_000))),
        ("d=acme.example", "d=acme\u{0}\u{7}.example".to_owned()),
        ("h=From", format!("h={}", "X-A:".repeat(50_000))),
        ("h=From", format!("h=From\u{0}:{}:é", "x".repeat(1_000))),
        ("t=", "t=999".to_owned()),
        ("t=", "t=-".to_owned()),
        ("t=", "x=1; t=".to_owned()),
        ("t=", "l=18446744073709551615; t=".to_owned()),
    ] {
        assert!(letter.contains(from), "{from}");
        let check = outcome(letter.replacen(from, &to, 1), &zone()).await;
        assert_eq!((check.result, check.aligned), (Fail, false), "{check:?}");
        let texts = check.cover.fields.iter().chain(&check.domain);
        for text in texts {
            assert!(text.len() <= 500 && !text.contains(char::is_control), "{text}");
        }
        assert!(check.cover.fields.len() <= 200 && check.cover.body_length.is_none_or(|length| length > 0));
        assert!(check.cover.signed_at.is_none_or(|at| at == NOW), "{check:?}");
    }
}

#[test]
fn a_letter_cut_or_garbled_anywhere_is_read_e_6() {
    let keys = System::new().block_on(async { zone().keys(vec!["mail._domainkey.acme.example.".to_owned()]).await });
    let letter = signed("acme.example").into_bytes();
    for at in 0..letter.len() {
        read_bare(letter[..at].to_vec(), &keys);
        for byte in [0, b'\r', b'\n', b':', 0xff] {
            let mut garbled = letter.clone();
            garbled[at] = byte;
            read_bare(garbled, &keys);
        }
    }
}

#[test]
fn nothing_that_is_attached_makes_reading_panic_e_6() {
    let system = System::new();
    let keys = system.block_on(async { zone().keys(vec!["mail._domainkey.acme.example.".to_owned()]).await });
    let letter = signed("acme.example");
    let typed = "Content-Type: multipart/mixed; boundary=b\r\n";
    let whole =
        format!("{typed}{letter}--b\r\nContent-Disposition: attachment; filename*0=a; filename*1*=b\r\n\r\nx\r\n--b--");
    let pieces = prop::sample::select(vec![
        "From:",
        "from :",
        "DKIM-Signature:",
        "Content-Type:",
        "multipart/mixed; boundary=",
        "\r\n",
        "\n",
        "\r",
        " ",
        "--b",
        "--",
        ":",
        ";",
        "=",
        "\"",
        "<",
        ">",
        "(",
        "@",
        ",",
        "h=",
        "b=",
        "bh=",
        "l=",
        "t=99999999999999999999",
        "x=99999999999999999999",
        "=?utf-8?b?",
        "?=",
        "a",
        "\u{0}",
        "é",
        "Date: ",
        "Sat, 99 Zzz 99999 99:99:99 +9999",
        "name*0*=%",
    ]);
    let cut = (0..whole.len(), 0..whole.len(), any::<u8>());
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let mut runner = proptest::test_runner::TestRunner::default();
    runner
        .run(&(prop::collection::vec(pieces, 0..60), cut, noise), |(pieces, (at, end, byte), noise)| {
            read_bare(pieces.concat().into_bytes(), &keys);
            read_bare(format!("From: a@b\r\n{}", pieces.concat()).into_bytes(), &keys);
            let mut changed = whole.clone().into_bytes();
            changed[at] = byte;
            changed.truncate(end.max(1));
            read_bare(changed, &keys);
            read_bare([b"From: a@b\r\n", noise.as_slice()].concat(), &keys);
            read_bare(noise, &keys);
            Ok(())
        })
        .unwrap();
}
