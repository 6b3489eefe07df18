//! Text that is parsed once and trusted from then on (C-1 … C-4, O-2, X-5).

use mandate_core::text::{
    Domain, Email, Flaw, Locale, MessageBody, Note, OrganizationName, PersonName, Phone, SearchText, SearchWords,
    Subject, TimeZone, TypedEmail, fold, words,
};
use proptest::prelude::*;

use crate::world::domains;

/// Every kind of text: its name, and how it is read.
type Read = fn(&str) -> Result<String, Flaw>;

const KINDS: &[(&str, Read)] = &[
    ("OrganizationName", |text| OrganizationName::parse(text).map(|read| read.to_string())),
    ("PersonName", |text| PersonName::parse(text).map(|read| read.to_string())),
    ("Email", |text| Email::parse(text).map(|read| read.to_string())),
    ("Phone", |text| Phone::parse(text).map(|read| read.to_string())),
    ("TimeZone", |text| TimeZone::parse(text).map(|read| read.to_string())),
    ("Locale", |text| Locale::parse(text).map(|read| read.to_string())),
    ("Note", |text| Note::parse(text).map(|read| read.to_string())),
    ("Subject", |text| Subject::parse(text).map(|read| read.to_string())),
    ("MessageBody", |text| MessageBody::parse(text).map(|read| read.to_string())),
    ("Domain", |text| Domain::parse(text).map(|read| read.to_string())),
    ("SearchText", |text| SearchText::parse(text).map(|read| read.to_string())),
];

fn read(name: &str) -> Read {
    KINDS.iter().find(|(kind, _)| *kind == name).unwrap().1
}

fn flaw<T>(result: Result<T, Flaw>) -> &'static str {
    result.err().map_or("accepted", |flaw| flaw.code)
}

#[test]
fn an_email_is_a_user_id_in_lower_case_and_the_error_says_so_c_2() {
    for typed in ["Ana@acme.example", "ana@Acme.example", "ANA@ACME.EXAMPLE"] {
        let flaw = Email::parse(typed).unwrap_err();
        assert_eq!(flaw.code, "email_not_lower_case");
        let message = flaw.message.to_string();
        assert!(message.contains(typed) && message.contains("`ana@acme.example`"), "{message}");
        // Readable, so that the vendor's addresses are known whatever their case, but never silently changed.
        let email = TypedEmail::parse(typed).unwrap();
        assert_eq!((email.email.as_str(), email.case), ("ana@acme.example", Some(flaw)));
    }
    assert_eq!(TypedEmail::parse("ana@acme.example").unwrap().case, None);
    for text in ["", "Ana", "ana@acme", "ana@@acme.example", "Ana Silva <ana@acme.example>", "aná@acme.example"] {
        assert!(TypedEmail::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_name_belongs_to_a_verifiable_individual_c_3() {
    for text in ["Ana", "李", "O'Neill", "Ng", "X Æ 12", "d'Água"] {
        assert_eq!(flaw(PersonName::parse(text)), "accepted", "{text}");
    }
    for (text, code) in [
        ("", "blank"),
        (" \t ", "blank"),
        ("1234", "name_not_verifiable"),
        ("12 34", "name_not_verifiable"),
        ("-", "name_not_verifiable"),
        ("?", "name_not_verifiable"),
        ("٣", "name_not_verifiable"),
    ] {
        assert_eq!(flaw(PersonName::parse(text)), code, "{text:?}");
    }
}

#[test]
fn a_phone_number_separates_groups_with_full_stops_and_the_error_shows_the_form_c_4() {
    for text in ["+1.650.555.0100", "650.555.0100", "+351.21.000.0000"] {
        assert_eq!(flaw(Phone::parse(text)), "accepted", "{text}");
    }
    for text in ["+1-650-555-0100", "+1 650 555 0100", "+1.(650).555.0100", "650.555.", "++1.650", "1.650.x", "٣٣.٣"]
    {
        let flaw = Phone::parse(text).unwrap_err();
        assert_eq!(flaw.code, "phone_format", "{text}");
        assert!(flaw.message.to_string().contains("`+1.650.555.0100`"), "{}", flaw.message);
    }
}

#[test]
fn time_zones_are_iana_names_and_locales_are_those_of_the_emails_c_1() {
    for (name, text, code) in [
        ("TimeZone", "Europe/Lisbon", "accepted"),
        ("TimeZone", "UTC", "accepted"),
        ("TimeZone", "GMT+25", "time_zone_unknown"),
        ("TimeZone", "", "time_zone_unknown"),
        ("Locale", "en", "accepted"),
        ("Locale", "es", "accepted"),
        ("Locale", "pt-BR", "accepted"),
        ("Locale", "pt-PT", "accepted"),
        ("Locale", "fr", "locale_unknown"),
    ] {
        assert_eq!(flaw(read(name)(text)), code, "{text}");
    }
}

#[test]
fn text_is_nfc_trimmed_and_without_control_characters_x_5() {
    for name in ["OrganizationName", "PersonName", "Note", "Subject", "MessageBody"] {
        assert_eq!(read(name)(" \u{3000}Cafe\u{301}\u{a0}\n").unwrap(), "Caf\u{e9}", "{name}");
        let is_body = ["Note", "MessageBody"].contains(&name);
        for control in ['\u{0}', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}', '\u{200e}', '\u{202e}', '\u{2066}'] {
            // Bodies take what people paste, but for what no database keeps.
            let code = if is_body && control != '\u{0}' { "accepted" } else { "control_character" };
            assert_eq!(flaw(read(name)(&format!("a{control}b"))), code, "{name} {control:?}");
        }
    }
    // Only what is written in paragraphs has line breaks and tabs.
    for (name, code) in [
        ("OrganizationName", "control_character"),
        ("PersonName", "control_character"),
        ("Subject", "control_character"),
        ("SearchText", "control_character"),
        ("Note", "accepted"),
        ("MessageBody", "accepted"),
    ] {
        assert_eq!(flaw(read(name)("a\n\tb")), code, "{name}");
    }
}

#[test]
fn an_over_long_value_is_refused_not_cut_x_5() {
    for (name, limit) in [
        ("OrganizationName", 100),
        ("PersonName", 100),
        ("Note", 2_000),
        ("Subject", 200),
        ("MessageBody", 65_536),
        ("SearchText", 200),
    ] {
        // The limit counts characters, not bytes, after composition and trimming.
        let longest = format!("  {}  ", "e\u{301}".repeat(limit));
        assert_eq!(read(name)(&longest).unwrap().chars().count(), limit, "{name}");
        assert_eq!(flaw(read(name)(&"é".repeat(limit + 1))), "too_long", "{name}");
    }
    let email = |length: usize| {
        let domain = [63, 63, 63].map(|label| "d".repeat(label)).join(".");
        format!("{}@{domain}", "a".repeat(length - domain.len() - 1))
    };
    assert_eq!(flaw(Email::parse(&email(254))), "accepted");
    assert_eq!(flaw(Email::parse(&email(255))), "too_long");
    assert_eq!(flaw(Phone::parse(&"1".repeat(32))), "accepted");
    assert_eq!(flaw(Phone::parse(&"1".repeat(33))), "too_long");
    assert_eq!(flaw(Domain::parse(&format!("{}d", "d.".repeat(126)))), "accepted");
    assert_eq!(flaw(Domain::parse(&format!("{}dd", "d.".repeat(126)))), "too_long");
}

#[test]
fn an_address_lies_in_a_domain_or_a_subdomain_of_it_o_2() {
    let vendor = domains(&["vendor.example", "vendor.test"]);
    for (address, is_in) in [
        ("ana@vendor.example", true),
        ("ana@vendor.test", true),
        ("ana@support.eu.vendor.example", true),
        ("ana@evilvendor.example", false),
        ("ana@vendor.example.net", false),
        ("vendor.example@acme.example", false),
    ] {
        assert_eq!(Email::parse(address).unwrap().is_in(&vendor), is_in, "{address}");
        assert!(!Email::parse(address).unwrap().is_in(&[]));
    }
}

#[test]
fn search_finds_text_whatever_its_case_and_composition_x_5() {
    for (one, other) in [
        ("ACME", "acme"),
        ("Cafe\u{301}", "CAF\u{c9}"),
        ("ﬁle", "FILE"),
        ("Ünal", "u\u{308}nal"),
        // Letters whose lower case has a composed form and whose upper case has none.
        ("H\u{331}", "\u{1e96}"),
        ("J\u{30c}", "\u{1f0}"),
        ("W\u{30a}", "\u{1e98}"),
    ] {
        assert_eq!(fold(one), fold(other), "{one} and {other}");
    }
}

#[test]
fn every_character_is_read_the_same_the_second_time_x_5() {
    for character in (0..0x2_0000_u32).filter_map(char::from_u32) {
        for text in [character.to_string(), format!("a{character}\u{301}")] {
            for name in ["OrganizationName", "PersonName", "Subject", "SearchText"] {
                let Ok(once) = read(name)(&text) else { continue };
                assert_eq!(read(name)(&once).as_ref(), Ok(&once), "{name} U+{:04X}", u32::from(character));
            }
        }
    }
}

/// Text of all sorts, among it much that looks like what is wanted.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[ \\t\\n\\u{0}-\\u{20}\\u{7f}-\\u{a0}a-zA-Z\\u{300}-\\u{310}À-ž]{0,40}",
        "[a-zA-Z0-9.+_-]{0,10}@[a-zA-Z0-9.-]{0,20}",
        "\\+?[0-9. ()-]{0,20}",
        "[a-z0-9-]{0,8}(\\.[a-z0-9-]{1,8}){0,3}",
        "(Europe|America|Asia)/(Lisbon|Sao_Paulo|Tokyo)",
        "[ΑΣςσİıIßẞﬁ\\u{1e96}\\u{331}\\u{345}]{0,10}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_read_is_read_again_as_the_same_x_5(text in any_text()) {
        for (name, read) in KINDS {
            if let Ok(once) = read(&text) {
                prop_assert_eq!(read(&once), Ok(once.clone()), "{} {:?}", name, text);
                prop_assert_eq!(once.trim(), &once, "{}", name);
                let is_body = ["Note", "MessageBody"].contains(name);
                prop_assert!(is_body || !once.chars().any(char::is_control), "{}", name);
            }
        }
    }

    #[test]
    fn an_email_that_is_accepted_has_no_upper_case_c_2(text in any_text()) {
        if let Ok(email) = Email::parse(&text) {
            prop_assert_eq!(email.as_str().to_lowercase(), email.as_str());
            prop_assert!(email.as_str().is_ascii());
        }
    }

    #[test]
    fn folding_twice_is_folding_once(text in any_text()) {
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
    }
}

/// C-18
#[test]
fn words_are_what_stands_between_white_space_and_punctuation() {
    for (text, expected) in [
        ("Ana Silva ana.silva@acme.example", &["acme", "ana", "example", "silva"][..]),
        ("Álvaro  O'Neill-Pérez", &["neill", "o", "pérez", "álvaro"]),
        ("A\u{301}LVARO", &["álvaro"]),
        ("ﬁne\u{a0}Straße\u{3000}李", &["fine", "straße", "李"]),
        ("kai_100%!x", &["100", "kai", "x"]),
        ("!%_ . ' ", &[]),
    ] {
        assert_eq!(words(text).into_iter().collect::<Vec<_>>(), expected, "{text}");
    }
    let parsed = |text: &str| SearchWords::parse(text).map(|words| words.as_slice().join(" "));
    assert_eq!(parsed("ana.SILVA, ana"), Ok("silva ana".to_owned()), "the longest first, none twice");
    for text in ["", " ", "%", "_!"] {
        assert_eq!(flaw(SearchWords::parse(text)), "blank", "{text}");
    }
    assert_eq!(flaw(SearchWords::parse(&"a".repeat(201))), "too_long");
}
