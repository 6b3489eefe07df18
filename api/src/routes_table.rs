//! Which paths there are, which methods they have, and what they answer with: read from the OpenAPI document, so that
//! the two cannot differ.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
};
use mandate_core::refusal::Code;
use mandate_core::say;
use mandate_core::text::Flaw;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use crate::input::Errors;
use crate::problem::{PROBLEM_JSON, Problem};

/// Paths that are not in the document but are served.
const UNDOCUMENTED: &[&str] = &["/docs", "/docs/", "/docs/{file}"];

/// Headers that are read as one value, and what is wrong with two of them.
static ONCE: [(HeaderName, Code); 5] = [
    (AUTHORIZATION, Code::MalformedRequest),
    (CONTENT_DISPOSITION, Code::MalformedRequest),
    (CONTENT_ENCODING, Code::MalformedRequest),
    (CONTENT_TYPE, Code::MalformedRequest),
    (HeaderName::from_static("idempotency-key"), Code::InvalidIdempotencyKey),
];

/// Every path of the server.
#[derive(Debug)]
pub struct RoutesTable {
    /// Those with fewer parameters first: they win where two match.
    routes: Vec<Route>,
}

/// A path and its methods.
#[derive(Debug)]
pub struct Route {
    pattern: String,
    segments: Vec<Segment>,
    methods: Vec<Operates>,
    takes_file: bool,
}

/// A method, the media types of its successes, and whether it has query parameters.
type Operates = (Method, Vec<String>, bool);

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter,
}

impl RoutesTable {
    /// The table of a document.
    pub fn new(document: &OpenApi) -> Self {
        let documented =
            document.paths.paths.iter().map(|(pattern, item)| Route::new(pattern, methods(item), takes_file(item)));
        let undocumented =
            UNDOCUMENTED.iter().map(|pattern| Route::new(pattern, vec![(Method::GET, Vec::new(), true)], false));
        let mut routes: Vec<Route> = documented.chain(undocumented).collect();
        routes.sort_by_key(|route| route.segments.iter().filter(|segment| **segment == Segment::Parameter).count());
        Self { routes }
    }

    /// The route of a path.
    pub fn find(&self, path: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.matches(path))
    }
}

impl Route {
    fn new(pattern: &str, methods: Vec<Operates>, takes_file: bool) -> Self {
        let segments = pattern.split('/').map(|segment| {
            if segment.starts_with('{') { Segment::Parameter } else { Segment::Literal(segment.to_owned()) }
        });
        Self { pattern: pattern.to_owned(), segments: segments.collect(), methods, takes_file }
    }

    fn matches(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        self.segments.iter().all(|segment| match (segment, parts.next()) {
            (Segment::Literal(literal), Some(part)) => literal == part,
            (Segment::Parameter, Some(part)) => !part.is_empty(),
            (_, None) => false,
        }) && parts.next().is_none()
    }

    /// The path with the names of its parameters.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether an operation of the route takes a file, which may be large, rather than JSON.
    pub fn takes_file(&self) -> bool {
        self.takes_file
    }

    /// Whether the route answers this method, in a form that the client accepts. `HEAD` works where `GET` does.
    ///
    /// *Errors*: `method_not_allowed`, `contacts_are_not_deleted`, `not_acceptable`; `validation_failed` for query parameters
    /// where the operation has none; `malformed_request` and `invalid_idempotency_key` for a header that stands there twice.
    pub fn check(&self, method: &Method, headers: &HeaderMap, query: &str) -> Result<(), Problem> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let Some((_, produced, takes_query)) = self.methods.iter().find(|(own, ..)| own == method) else {
            return Err(self.method_not_allowed(method));
        };
        if self.pattern.starts_with("/v1/") {
            sent_once(headers)?;
        }
        if self.pattern.starts_with("/v1/") && !takes_query && !query.is_empty() {
            return Err(unknown_parameters(query));
        }
        if self.pattern.starts_with("/v1/") && !is_acceptable(headers, produced) {
            let detail = say!(
                "the answer would be `{media_type}`",
                media_type = produced.first().map_or(PROBLEM_JSON, String::as_str)
            );
            return Err(Problem::new(Code::NotAcceptable, detail));
        }
        Ok(())
    }

    fn method_not_allowed(&self, method: &Method) -> Problem {
        let is_contact = self.pattern.starts_with("/v1/contacts/{") && self.pattern.ends_with('}');
        let problem = if method == Method::DELETE && is_contact {
            let operation = "POST /v1/contacts/{contact_id}/disable";
            let detail = say!("a contact is disabled, not deleted: `{operation}`", operation);
            Problem::new(Code::ContactsAreNotDeleted, detail)
        } else {
            Problem::new(Code::MethodNotAllowed, say!("the path has `{methods}`", methods = self.allow()))
        };
        problem.allowing(self.allow())
    }

    /// The methods, as the `Allow` header lists them.
    fn allow(&self) -> String {
        let mut names: Vec<&str> = self.methods.iter().map(|(method, ..)| method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }
}

fn methods(item: &PathItem) -> Vec<Operates> {
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| {
        let operation = operation.as_ref()?;
        Some((method, produced(operation), takes_query(operation)))
    })
    .collect()
}

fn takes_query(operation: &Operation) -> bool {
    let is_query = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Query),
        RefOr::Ref(_) => false,
    };
    operation.parameters.iter().flatten().any(is_query)
}

fn takes_file(item: &PathItem) -> bool {
    let operations = [&item.post, &item.put, &item.patch];
    let bodies = operations.into_iter().flatten().filter_map(|operation| match operation.request_body.as_ref()? {
        RefOr::T(body) => Some(body),
        RefOr::Ref(_) => None,
    });
    let mut types = bodies.flat_map(|body| body.content.keys());
    types.any(|media_type| media_type != "application/json" && !media_type.ends_with("+json"))
}

/// Refuses two headers where one is meant: nobody knows which, and a proxy in front may have looked at the other (RFC 9110, section 5.3).
fn sent_once(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |(name, code): &(HeaderName, Code)| {
        let count = headers.get_all(name).count();
        (count > 1).then(|| Problem::new(*code, say!("the header `{name}` was sent {count} times", name = name, count)))
    };
    ONCE.iter().find_map(refused).map_or(Ok(()), Err)
}

/// A misspelt filter never widens a list, and where there are no filters every one is misspelt.
fn unknown_parameters(query: &str) -> Problem {
    let mut errors = Errors::of_query();
    for name in query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty()) {
        errors.add(name, Flaw::new("unknown_parameter", say!("is not a parameter that this operation knows")));
    }
    errors.into_problem()
}

/// The media types of an operation's successes; none where these have no body.
fn produced(operation: &Operation) -> Vec<String> {
    let successes = operation.responses.responses.iter().filter(|(status, _)| status.starts_with('2'));
    let types = successes.filter_map(|(_, response)| match response {
        RefOr::T(response) => Some(response.content.keys().cloned()),
        RefOr::Ref(_) => None,
    });
    types.flatten().collect()
}

/// Whether one of the media types is acceptable, or at least a problem (RFC 9110, section 12.5.1).
fn is_acceptable(headers: &HeaderMap, produced: &[String]) -> bool {
    let accept = accepted(headers);
    let ranges: Vec<(&str, f32)> = accept.split(',').filter_map(range).collect();
    let mut readable = produced.iter().map(String::as_str).chain([PROBLEM_JSON]);
    let is_whatever = |media_type: &String| media_type == "*/*";
    ranges.is_empty()
        || produced.is_empty()
        || produced.iter().any(is_whatever)
        || readable.any(|media_type| quality(media_type, &ranges) > 0.0)
}

/// Which of these media types the client likes best; of equals the first one.
pub(crate) fn preferred<'t>(headers: &HeaderMap, produced: &[&'t str]) -> Option<&'t str> {
    let accept = accepted(headers);
    let ranges: Vec<(&str, f32)> = accept.split(',').filter_map(range).collect();
    let weight = |media_type: &str| if ranges.is_empty() { 1.0 } else { quality(media_type, &ranges) };
    let best = |best: &'t str, other: &'t str| if weight(other) > weight(best) { other } else { best };
    produced.iter().copied().reduce(best)
}

/// Whether the client asks for a media type with this parameter.
pub(crate) fn asks_for(headers: &HeaderMap, media_type: &str, parameter: &str) -> bool {
    let accept = accepted(headers);
    let with_parameter = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        parts.next() == Some(media_type) && parts.any(|part| part.replace([' ', '"'], "") == parameter)
    };
    accept.split(',').any(with_parameter)
}

/// What the client accepts, in lower case; empty if it does not say.
fn accepted(headers: &HeaderMap) -> String {
    let lines: Vec<&str> = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    lines.join(",").to_lowercase()
}

/// A media range and its weight.
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    Some((range, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0))))
}

/// The weight of a media type: that of the most specific range that covers it.
fn quality(media_type: &str, ranges: &[(&str, f32)]) -> f32 {
    let group = media_type.split('/').next().unwrap_or_default();
    let weight_of = |wanted: &str| ranges.iter().find(|(range, _)| *range == wanted).map(|(_, weight)| *weight);
    weight_of(media_type).or_else(|| weight_of(&format!("{group}/*"))).or_else(|| weight_of("*/*")).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_media_range_decides() {
        let ranges = |accept: &'static str| accept.split(',').filter_map(range).collect::<Vec<_>>();
        for (accept, expected) in [
            ("*/*", true),
            ("application/*", true),
            ("application/json;charset=utf-8", true),
            ("text/html, application/json;q=0.1", true),
            ("text/html", false),
            ("application/json;q=0", false),
            ("application/json;q=0, */*", false),
            ("text/*;q=1, */*;q=0", false),
        ] {
            assert_eq!(quality("application/json", &ranges(accept)) > 0.0, expected, "{accept}");
        }
    }

    #[test]
    fn the_form_that_weighs_most_is_answered_and_of_equals_the_first() {
        for (accept, expected) in [
            ("", "application/json"),
            ("*/*", "application/json"),
            ("text/csv", "text/csv"),
            ("text/*", "text/csv"),
            ("application/json, text/csv", "application/json"),
            ("application/json;q=0.5, text/csv", "text/csv"),
            ("text/csv;q=0.1, */*;q=0.2", "application/json"),
            ("text/html, text/csv;q=0", "application/json"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            assert_eq!(preferred(&headers, &["application/json", "text/csv"]), Some(expected), "{accept}");
        }
    }

    #[test]
    fn a_parameter_of_a_media_type_is_asked_for_c_22() {
        for (accept, expected) in [
            ("text/csv; header=bom", true),
            ("application/json;q=0.1, Text/CSV;charset=utf-8; Header=\"bom\";q=0.9", true),
            ("text/csv; header=present", false),
            ("text/csv, text/plain; header=bom", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            assert_eq!(asks_for(&headers, "text/csv", "header=bom"), expected, "{accept}");
        }
    }

    #[test]
    fn literal_segments_win_over_parameters() {
        let all = |patterns: &[&str]| {
            let routes = patterns.iter().map(|pattern| (*pattern, PathItem::default()));
            let mut document = OpenApi::default();
            document.paths.paths.extend(routes.map(|(pattern, item)| (pattern.to_owned(), item)));
            RoutesTable::new(&document)
        };
        let table = all(&["/v1/sessions/{session_id}", "/v1/sessions/refresh", "/v1/sessions"]);
        for (path, pattern) in [
            ("/v1/sessions", Some("/v1/sessions")),
            ("/v1/sessions/", None),
            ("/v1/sessions/refresh", Some("/v1/sessions/refresh")),
            ("/v1/sessions/x", Some("/v1/sessions/{session_id}")),
            ("/v1/sessions/x/y", None),
            ("/docs/", Some("/docs/")),
            ("/docs/index.css", Some("/docs/{file}")),
            ("", None),
        ] {
            assert_eq!(table.find(path).map(Route::pattern), pattern, "{path}");
        }
    }
}
