//! What the own signatures of a letter say of its author.

use mandate_core::letter_signature::{Cover, SIGNED_BEFORE, SignatureCheck, SignatureResult, UPLOADED_WITHIN};
use mandate_core::text::Email;
use mandate_core::time::Span;

use crate::world::{NOW, TOMORROW, YESTERDAY};

fn check(result: SignatureResult, domain: &str, author: &str) -> SignatureCheck {
    let cover = Cover { signed_at: Some(YESTERDAY), ..Cover::default() };
    SignatureCheck::new(result, Some(domain.to_owned()), Some(author.to_owned()), NOW).covering(cover)
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
    assert!(own(SignatureResult::Pass).is_by(&ana, None));
    assert!(check(SignatureResult::Pass, "acme.example", "Ana@Acme.example").is_by(&ana, None));
    for result in [SignatureResult::Unsigned, SignatureResult::Fail, SignatureResult::NotChecked] {
        assert!(!own(result).aligned && !own(result).is_by(&ana, None), "{result:?}");
    }
    assert!(!check(SignatureResult::Pass, "evil.example", "ana@acme.example").is_by(&ana, None));
    assert!(!check(SignatureResult::Pass, "acme.example", "bob@acme.example").is_by(&ana, None));
    let nobody = SignatureCheck::new(SignatureResult::Pass, Some("acme.example".to_owned()), None, NOW);
    assert!(!nobody.aligned && !nobody.is_by(&ana, None));
}

#[test]
fn a_signature_says_something_only_of_its_own_time_and_of_the_whole_body_e_6() {
    let ana = Email::parse("ana@acme.example").unwrap();
    let says = |cover: Cover, received_at| {
        let check = SignatureCheck::new(
            SignatureResult::Pass,
            Some("acme.example".to_owned()),
            Some("ana@acme.example".to_owned()),
            NOW,
        );
        check.covering(cover).is_by(&ana, received_at)
    };
    let signed = |signed_at| Cover { signed_at: Some(signed_at), ..Cover::default() };
    let second = Span::seconds(1);
    for (cover, received_at, expected) in [
        (signed(NOW), None, true),
        (signed(NOW.minus(SIGNED_BEFORE)), None, true),
        (signed(NOW.minus(SIGNED_BEFORE).minus(second)), None, false),
        // A letter that is said to have been received a while ago.
        (signed(YESTERDAY.minus(SIGNED_BEFORE)), Some(YESTERDAY), true),
        (signed(YESTERDAY.minus(SIGNED_BEFORE).minus(second)), Some(YESTERDAY), false),
        // But not as long ago as somebody likes.
        (signed(NOW.minus(Span::days(400))), Some(NOW.minus(Span::days(400))), false),
        (signed(NOW.minus(UPLOADED_WITHIN).minus(SIGNED_BEFORE)), Some(NOW.minus(Span::days(400))), true),
        // In the future, over, and of no time.
        (signed(NOW.plus(second)), None, false),
        (Cover { expires_at: Some(NOW), ..signed(YESTERDAY) }, None, false),
        (Cover { expires_at: Some(TOMORROW), ..signed(YESTERDAY) }, None, true),
        (Cover::default(), None, false),
        // A part of the body.
        (Cover { body_length: Some(10), ..signed(YESTERDAY) }, None, false),
    ] {
        assert_eq!(says(cover.clone(), received_at), expected, "{cover:?} received {received_at:?}");
    }
}
