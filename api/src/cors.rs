//! Which pages of a browser may call the API, and what they may send and read (Fetch standard, section 3.2).

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::middleware::Condition;

use crate::settings::Origin;

/// What pages may send.
const SENT: &[&str] = &[
    "accept",
    "accept-language",
    "authorization",
    "content-digest",
    "content-disposition",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "if-range",
    "range",
    "traceparent",
    "tracestate",
    "x-request-id",
];
/// What pages may read, besides what they always may.
const READ: &[&str] = &[
    "accept-ranges",
    "allow",
    "content-digest",
    "content-disposition",
    "content-range",
    "etag",
    "idempotent-replayed",
    "link",
    "location",
    "repr-digest",
    "retry-after",
    "www-authenticate",
    "x-request-id",
];
/// How long a browser may remember what it was told, in seconds.
const REMEMBERED: usize = 3_600;

/// Answers preflights of these origins' pages, and lets them read answers. Nothing at all without origins. There are no cookies, so
/// credentials are not shared.
pub(crate) fn cors(origins: &[Origin]) -> Condition<Cors> {
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let cors = Cors::default()
        .allowed_methods(methods)
        .allowed_headers(SENT.iter().copied())
        .expose_headers(READ.iter().copied())
        .max_age(REMEMBERED);
    let cors = origins.iter().fold(cors, |cors, origin| match origin.as_one() {
        Some(origin) => cors.allowed_origin(origin),
        None => cors.allow_any_origin().send_wildcard(),
    });
    Condition::new(!origins.is_empty(), cors)
}
