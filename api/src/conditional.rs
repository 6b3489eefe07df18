//! Conditional requests (RFC 9110, section 13): versions as entity tags.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use mandate_core::refusal::Code;
use mandate_core::say;
use serde::Serialize;

use crate::problem::Problem;

/// The versions that a client wants the resource to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// `*`: any.
    Any,
    /// One of these. Tags that no version of ours can have are left out, so the list may be empty.
    OneOf(Vec<i64>),
}

impl ExpectedVersion {
    /// Whether the expectation holds.
    pub fn admits(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

/// `If-Match`: the versions that a write may change. Weak tags never match (RFC 9110, section 8.8.3.2).
///
/// *Errors*: `invalid_if_match` for a header that is not a list of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(pub Option<ExpectedVersion>);

/// `If-None-Match`: the versions that a reader has already. Weak tags match too.
///
/// *Errors*: as [`IfMatch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfNoneMatch(pub Option<ExpectedVersion>);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request, &IF_MATCH, false).map(Self))
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request, &IF_NONE_MATCH, true).map(Self))
    }
}

impl IfNoneMatch {
    /// Answers 200 with the resource and its tag, or 304 to a reader who has this version.
    pub fn answer(&self, version: i64, view: impl Serialize) -> HttpResponse {
        if self.0.as_ref().is_some_and(|expected| expected.admits(version)) {
            return HttpResponse::NotModified().insert_header(etag(version)).finish();
        }
        HttpResponse::Ok().insert_header(etag(version)).json(view)
    }
}

/// Whether `If-None-Match` names this tag, which is no version: a reader has the content already. Weak tags match too.
///
/// *Errors*: as [`IfMatch`].
pub(crate) fn has_already(request: &HttpRequest, tag: &str) -> Result<bool, Problem> {
    let Some(text) = joined(request, &IF_NONE_MATCH)? else { return Ok(false) };
    let named = tags(&text, true).ok_or_else(|| refusal(&IF_NONE_MATCH))?;
    Ok(named.is_none_or(|tags| tags.iter().any(|opaque| format!("\"{opaque}\"") == tag)))
}

/// The `ETag` header of a version: the version in quotes.
pub fn etag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

fn read(request: &HttpRequest, name: &HeaderName, takes_weak: bool) -> Result<Option<ExpectedVersion>, Problem> {
    let Some(text) = joined(request, name)? else { return Ok(None) };
    parse(&text, takes_weak).map(Some).ok_or_else(|| refusal(name))
}

fn refusal(name: &HeaderName) -> Problem {
    Problem::new(Code::InvalidIfMatch, say!("the header {name} is not `*` or a list of entity tags", name))
}

/// All lines of a header as one.
fn joined(request: &HttpRequest, name: &HeaderName) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all(name).peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let lines = values.map(|value| value.to_str().map_err(|_| refusal(name))).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(lines.join(",")))
}

/// Reads `*` or `"1", W/"2"` as versions.
fn parse(text: &str, takes_weak: bool) -> Option<ExpectedVersion> {
    // `"07"` and `"+7"` are other tags than `"7"`.
    let version = |opaque: &str| opaque.parse::<i64>().ok().filter(|version| version.to_string() == opaque);
    Some(match tags(text, takes_weak)? {
        None => ExpectedVersion::Any,
        Some(tags) => ExpectedVersion::OneOf(tags.into_iter().filter_map(version).collect()),
    })
}

/// Reads `*`, which is no list at all, or what stands between the quotes of tags.
fn tags(text: &str, takes_weak: bool) -> Option<Option<Vec<&str>>> {
    if text.trim() == "*" {
        return Some(None);
    }
    let mut tags = Vec::new();
    let mut is_empty = true;
    let mut rest = text;
    loop {
        // Empty elements of a list are allowed (RFC 9110, section 5.6.1).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return (!is_empty).then_some(Some(tags));
        }
        is_empty = false;
        let (is_weak, tag) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
        let (opaque, behind) = tag.strip_prefix('"')?.split_once('"')?;
        if opaque.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return None;
        }
        rest = behind.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
        if takes_weak || !is_weak {
            tags.push(opaque);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_versions_in_quotes() {
        let of = |versions: &[i64]| Some(ExpectedVersion::OneOf(versions.to_vec()));
        for (text, strong, weak) in [
            ("\"7\"", of(&[7]), of(&[7])),
            (" \"7\" , \"8\"", of(&[7, 8]), of(&[7, 8])),
            ("\"7\",,\"8\",", of(&[7, 8]), of(&[7, 8])),
            ("W/\"7\"", of(&[]), of(&[7])),
            ("\"7\", W/\"8\"", of(&[7]), of(&[7, 8])),
            ("\"abc\"", of(&[]), of(&[])),
            ("\"a,b\"", of(&[]), of(&[])),
            ("\"07\"", of(&[]), of(&[])),
            ("\"\"", of(&[]), of(&[])),
            ("*", Some(ExpectedVersion::Any), Some(ExpectedVersion::Any)),
            ("7", None, None),
            ("", None, None),
            (",", None, None),
            ("\"7", None, None),
            ("\"7\" \"8\"", None, None),
            ("w/\"7\"", None, None),
            ("*, \"7\"", None, None),
        ] {
            assert_eq!(parse(text, false), strong, "{text}");
            assert_eq!(parse(text, true), weak, "{text}");
        }
        assert!(ExpectedVersion::Any.admits(3));
        assert!(!ExpectedVersion::OneOf(vec![]).admits(3));
    }
}
