use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::test::TestRequest;
use mandate_core::refusal::Code;
use mandate_core::say;
use mandate_core::vocabulary::Vocabulary as _;

use super::*;

/// The files of a folder and of those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The code of a file, without its comments and unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The value of the string literal that a text begins with.
fn literal(text: &str) -> Option<String> {
    let mut letters = text.trim_start().strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(value),
            '\\' => match letters.next()? {
                '\n' => letters = letters.as_str().trim_start().chars(),
                letter => value.push(letter),
            },
            letter => value.push(letter),
        }
    }
}

/// The templates of everything that is said: the literals in `say!`, and the titles of the codes, which a macro hands on to it.
fn templates() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = ["core/src", "api/src"].into_iter().flat_map(|folder| files(&root.join(folder)));
    let sources = sources.filter(|path| !path.ends_with("tests.rs"));
    let said: Vec<String> =
        sources.flat_map(|path| code(&path).split("say!(").skip(1).filter_map(literal).collect::<Vec<_>>()).collect();
    assert!(said.len() > 250, "only {} sentences were found", said.len());
    let titles = Code::ALL.iter().map(|code| code.title().template().to_owned());
    said.into_iter().chain(titles).collect()
}

/// The names of a template's places, in their order in the alphabet.
fn places(template: &str) -> Vec<&str> {
    let mut places: Vec<&str> =
        template.split('{').skip(1).map(|behind| behind.split('}').next().unwrap_or(behind)).collect();
    places.sort_unstable();
    places
}

#[test]
fn everything_that_is_said_is_in_every_catalogue_with_its_places() {
    let templates = templates();
    for locale in &LOCALES[1..] {
        let catalogue = &CATALOGUES[locale];
        let missing: Vec<&String> = templates.iter().filter(|template| !catalogue.contains_key(*template)).collect();
        // A sentence is new or was changed: translate it in `api/translations`.
        assert!(missing.is_empty(), "{locale} lacks {missing:#?}");
        let unused: Vec<&String> = catalogue.keys().filter(|template| !templates.contains(*template)).collect();
        // Nobody says this any more: take it out.
        assert!(unused.is_empty(), "{locale} has more than is said: {unused:#?}");
        for (template, translation) in catalogue {
            assert!(!translation.is_empty(), "{locale}: {template}");
            assert_eq!(places(template), places(translation), "{locale}: {translation}");
        }
    }
}

#[test]
fn a_sentence_is_said_in_the_language_that_was_chosen() {
    let requirement = say!("permission `{permission}`", permission = "manage_contacts");
    let wording = say!("this takes {requirement}", requirement);
    for (locale, said) in [
        ("en", "this takes permission `manage_contacts`"),
        ("es", "esto exige el permiso `manage_contacts`"),
        ("pt-BR", "isto exige a permissão `manage_contacts`"),
    ] {
        assert_eq!(translate(&wording, &Locale::parse(locale).unwrap()), said);
    }
}

#[test]
fn the_language_is_the_one_of_ours_that_weighs_most() {
    for (header, expected) in [
        ("es", "es"),
        ("es-MX", "es"),
        ("ES-mx", "es"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("pt-br", "pt-BR"),
        ("en-GB, es;q=0.9", "en"),
        ("es;q=0.1, pt;q=0.2", "pt-BR"),
        ("es, pt", "es"),
        ("de, fr;q=0.9, es;q=0.1", "es"),
        ("es;q=0.5, *", "en"),
        ("es, *;q=0.5", "es"),
        ("es;q=0, pt;q=0.1", "pt-BR"),
        ("es;q=0", "en"),
        ("de", "en"),
        ("*", "en"),
        ("", "en"),
        ("e", "en"),
        ("es;q=x", "en"),
        (";;,=, es_MX", "en"),
        ("\u{fffd}", "en"),
    ] {
        let request = TestRequest::default().insert_header((ACCEPT_LANGUAGE, header.as_bytes())).to_srv_request();
        assert_eq!(preferred(&request).as_str(), expected, "{header}");
    }
    assert_eq!(preferred(&TestRequest::default().to_srv_request()), Locale::default());
    let lines = TestRequest::default().append_header((ACCEPT_LANGUAGE, "de")).append_header((ACCEPT_LANGUAGE, "es"));
    assert_eq!(preferred(&lines.to_srv_request()).as_str(), "es");
}
