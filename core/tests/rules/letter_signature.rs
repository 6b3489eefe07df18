//! What the own signatures of a letter say of its author.

use mandate_core::letter_signature::{SignatureCheck, SignatureResult};
use mandate_core::text::Email;

fn check(result: SignatureResult, domain: &str, author: &str) -> SignatureCheck {
    SignatureCheck::new(result, Some(domain.to_owned()), Some(author.to_owned()))
}

#[test]
fn a_domain_speaks_for_its_own_addresses_and_those_below_it_e_6() {
    for (domain, author, aligned) in [
        ("acme.example", "ana@acme.example", true),
        ("Acme.Example", "ana@ACME.example", true),
        ("acme.example", "ana@mail.acme.example", true),
        ("xn--mller-kva.example", "ana@müller.example", true),
        ("localhost", "ana@localhost", true),
        ("mail.acme.example", "ana@acme.example", false),
        ("example", "ana@acme.example", false),
        ("acme.example", "ana@notacme.example", false),
        ("acme.example", "ana@acme.example.evil.example", false),
        ("evil.example", "ana@acme.example", false),
        ("acme.example", "\"ana@acme.example\"@evil.example", false),
        ("acme.example", "ana", false),
        ("", "ana@", false),
    ] {
        assert_eq!(check(SignatureResult::Pass, domain, author).aligned, aligned, "{domain} for {author}");
    }
}

#[test]
fn only_a_signature_that_passed_for_the_one_author_is_theirs_e_6() {
    let ana = Email::parse("ana@acme.example").unwrap();
    let own = |result| check(result, "acme.example", "ana@acme.example");
    assert!(own(SignatureResult::Pass).is_by(&ana));
    assert!(check(SignatureResult::Pass, "acme.example", "Ana@Acme.example").is_by(&ana));
    for result in [SignatureResult::Unsigned, SignatureResult::Fail, SignatureResult::NotChecked] {
        assert!(!own(result).aligned && !own(result).is_by(&ana), "{result:?}");
    }
    assert!(!check(SignatureResult::Pass, "evil.example", "ana@acme.example").is_by(&ana));
    assert!(!check(SignatureResult::Pass, "acme.example", "bob@acme.example").is_by(&ana));
    let nobody = SignatureCheck::new(SignatureResult::Pass, Some("acme.example".to_owned()), None);
    assert!(!nobody.aligned && !nobody.is_by(&ana));
}
