//! Domains that a reviewer should look at twice (E-6).

use mandate_core::escalation_case::{Case, Item, Letter, Nominee};
use mandate_core::escalation_flags::{FlagKind, flags};
use mandate_core::text::Email;

use crate::escalation::case;
use crate::world::domains;

#[test]
fn domains_that_look_like_the_organizations_own_are_flagged_e_6() {
    let own = domains(&["acme.example", "acme-europe.example"]);
    let found = |email: &str| {
        let letter = Letter { author_email: None, ..case().letter };
        let nominee = Nominee { email: Email::parse(email).unwrap(), ..case().nominee };
        let flags = flags(&Case { letter, nominee, ..case() }, &own);
        assert!(flags.iter().all(|flag| flag.item == Item::NomineeEmail));
        flags.iter().map(|flag| flag.kind).collect::<Vec<_>>()
    };
    use FlagKind::{ForeignDomain, LookAlikeDomain, MixedScripts, Punycode};
    for (email, expected) in [
        ("nora@acme.example", &[][..]),
        ("nora@mail.acme.example", &[]),
        ("nora@gmail.example", &[ForeignDomain]),
        ("nora@acne.example", &[LookAlikeDomain]),
        ("nora@acmee.example", &[LookAlikeDomain]),
        ("nora@amce.example", &[LookAlikeDomain]),
        ("nora@mail.acme.exampl", &[LookAlikeDomain]),
        ("nora@acme-eurpoe.example", &[LookAlikeDomain]),
        ("nora@acrne.example", &[LookAlikeDomain]),
        // `аcme` with a Cyrillic а, and `bücher`.
        ("nora@xn--cme-5cd.example", &[LookAlikeDomain, MixedScripts, Punycode]),
        ("nora@xn--bcher-kva.example", &[ForeignDomain, Punycode]),
    ] {
        assert_eq!(found(email), expected, "{email}");
    }
    let author = Letter { author_email: Some(Email::parse("carla@acne.example").unwrap()), ..case().letter };
    let flags = flags(&Case { letter: author, ..case() }, &own);
    assert_eq!((flags.len(), flags[0].item, flags[0].resembles.clone()), (1, Item::Signature, Some(own[0].clone())));
}
