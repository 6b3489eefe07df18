use super::*;

fn code<T>(result: Result<T, Flaw>) -> &'static str {
    result.err().map_or("accepted", |flaw| flaw.code)
}

#[test]
fn emails_are_user_ids_in_lower_case_c_2() {
    assert_eq!(code(Email::parse("ana.silva+support@acme.example")), "accepted");
    assert_eq!(code(Email::parse("Ana@acme.example")), "email_not_lower_case");
    assert_eq!(code(Email::parse("ana@ACME.example")), "email_not_lower_case");
    for text in [
        "ana",
        "@acme.example",
        "ana@",
        "ana@acme",
        "a na@acme.example",
        "ana@@acme.example",
        "ana@-acme.example",
        ".ana@acme.example",
        "ana@acme..example",
        "aná@acme.example",
    ] {
        assert_eq!(code(Email::parse(text)), "email_invalid", "{text}");
    }
    let long = format!("{}@acme.example", "a".repeat(300));
    assert_eq!(code(Email::parse(&long)), "too_long");
    let message = Email::parse("Ana@acme.example").unwrap_err().message.to_string();
    assert!(message.contains("`ana@acme.example`"), "{message}");
}

#[test]
fn names_belong_to_verifiable_individuals_c_3() {
    for text in ["Ana", "Nguyễn", "O'Neill", "李", "de la Cruz 3rd"] {
        assert_eq!(code(PersonName::parse(text)), "accepted", "{text}");
    }
    assert_eq!(code(PersonName::parse("  ")), "blank");
    for text in ["123", "-", ".", "4 5"] {
        assert_eq!(code(PersonName::parse(text)), "name_not_verifiable", "{text}");
    }
}

#[test]
fn phone_numbers_separate_groups_with_full_stops_c_4() {
    for text in ["+1.650.555.0100", "650.555.0100", "112"] {
        assert_eq!(code(Phone::parse(text)), "accepted", "{text}");
    }
    for text in ["650-555-0100", "+1 650 555 0100", "(650).555.0100", "+1..650", ".650.555", "+", "12", "1.65O.555"] {
        let flaw = Phone::parse(text).unwrap_err();
        assert_eq!(flaw.code, "phone_format", "{text}");
        assert!(flaw.message.to_string().contains("`+1.650.555.0100`"));
    }
}

#[test]
fn text_is_nfc_trimmed_and_never_cut_x_5() {
    assert_eq!(Subject::parse("  Cafe\u{301}  ").unwrap().as_str(), "Café");
    assert_eq!(code(Subject::parse("a\u{0}b")), "control_character");
    assert_eq!(code(Subject::parse("a\nb")), "control_character");
    assert_eq!(code(Note::parse("a\nb")), "accepted");
    assert_eq!(code(Subject::parse(&"é".repeat(200))), "accepted");
    assert_eq!(code(Subject::parse(&"é".repeat(201))), "too_long");
}

#[test]
fn file_names_have_no_folders_and_no_tricks_s_6_x_5() {
    for (text, name) in [
        ("log.txt", "log.txt"),
        (" Cafe\u{301}.txt ", "Café.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\log.txt", "log.txt"),
        ("a;b\"c.txt", "a;b\"c.txt"),
    ] {
        assert_eq!(FileName::parse(text).map(|name| name.to_string()).as_deref(), Ok(name), "{text}");
    }
    for (text, flaw) in [
        ("", "blank"),
        ("logs/", "blank"),
        (".", "file_name_invalid"),
        ("a/..", "file_name_invalid"),
        ("a\nb", "control_character"),
        ("gpj.\u{202e}exe", "control_character"),
    ] {
        assert_eq!(code(FileName::parse(text)), flaw, "{text:?}");
    }
    assert_eq!(code(FileName::parse(&"é".repeat(255))), "accepted");
    assert_eq!(code(FileName::parse(&"é".repeat(256))), "too_long");
}

#[test]
fn an_address_is_in_a_domain_or_its_subdomains_o_2() {
    let vendor = [Domain::parse("vendor.example").unwrap()];
    for (address, is_in) in [
        ("ana@vendor.example", true),
        ("ana@eu.vendor.example", true),
        ("ana@notvendor.example", false),
        ("ana@vendor.example.com", false),
    ] {
        assert_eq!(Email::parse(address).unwrap().is_in(&vendor), is_in, "{address}");
    }
}

#[test]
fn languages_are_tags_in_their_usual_case() {
    for (text, tag) in [("en", "en"), ("PT-br", "pt-BR"), ("zh-hant", "zh-Hant"), ("ast", "ast")] {
        assert_eq!(Language::parse(text).map(|tag| tag.to_string()).as_deref(), Ok(tag));
    }
    for text in ["", "e", "english", "en-", "en-USA", "en-US-x", "e1", "en_US", "-en"] {
        assert_eq!(code(Language::parse(text)), "language_invalid", "{text}");
    }
}

#[test]
fn time_zones_and_locales_are_known_ones_c_1() {
    assert_eq!(code(TimeZone::parse("America/Sao_Paulo")), "accepted");
    assert_eq!(code(TimeZone::parse("Mars/Olympus")), "time_zone_unknown");
    assert_eq!(code(Locale::parse("pt-BR")), "accepted");
    assert_eq!(code(Locale::parse("tlh")), "locale_unknown");
}
