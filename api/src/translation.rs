//! What is said to people who call: in the language that they read best, of those that there are.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{AcceptLanguage, CONTENT_LANGUAGE, Header as _, Preference, Quality};
use actix_web::{HttpMessage, HttpResponse};
use mandate_core::text::{LOCALES, Locale};
use mandate_core::wording::Wording;
use serde::Serialize;

/// The sentences of a language, by their English templates.
type Catalogue = HashMap<String, String>;

static CATALOGUES: LazyLock<HashMap<&str, Catalogue>> = LazyLock::new(|| {
    HashMap::from([
        ("es", catalogue(include_str!("../translations/es.po"))),
        ("pt-BR", catalogue(include_str!("../translations/pt-BR.po"))),
    ])
});

/// Reads a catalogue in the PO format of GNU gettext.
fn catalogue(po: &str) -> Catalogue {
    let read = polib::po_file::parse_from_reader(po.as_bytes()).expect("the catalogues are PO files");
    let pairs = read.messages().filter_map(|message| Some((message.msgid(), message.msgstr().ok()?)));
    pairs.map(|(template, translation)| (template.to_owned(), translation.to_owned())).collect()
}

/// The sentence in this language.
pub(crate) fn translate(wording: &Wording, locale: &Locale) -> String {
    let catalogue = CATALOGUES.get(locale.as_str());
    wording.in_words_of(&|template| catalogue?.get(template).map(String::as_str))
}

/// An answer that holds sentences in this language.
pub(crate) fn told(locale: &Locale, view: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_LANGUAGE, locale.as_str())).json(view)
}

/// The language that is answered in (RFC 9110, section 12.5.4): the one whose range weighs most, whatever its region. English where no
/// range names one of ours, or the header cannot be read.
pub(crate) fn preferred(request: &impl HttpMessage) -> Locale {
    let Ok(AcceptLanguage(mut ranges)) = AcceptLanguage::parse(request) else { return Locale::default() };
    ranges.retain(|range| range.quality > Quality::ZERO);
    let ranked = AcceptLanguage(ranges).ranked().into_iter();
    let mut ours = ranked.filter_map(|range| match range {
        Preference::Any => Some(Locale::default()),
        Preference::Specific(range) => of_language(range.primary_language()),
    });
    ours.next().unwrap_or_default()
}

/// Ours of a language, whatever its region.
fn of_language(language: &str) -> Option<Locale> {
    let is_of = |locale: &&str| locale.split('-').next().is_some_and(|own| own.eq_ignore_ascii_case(language));
    LOCALES.iter().copied().find(is_of).and_then(|locale| Locale::parse(locale).ok())
}

#[cfg(test)]
mod tests;
