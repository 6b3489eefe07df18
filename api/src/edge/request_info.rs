//! What is known about a request before its handler runs: its id, its trace, its route, its language.

use std::cell::OnceCell;
use std::fmt::Display;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use mandate_core::id::OrganizationId;
use mandate_core::text::Locale;

use crate::problem::Problem;
use crate::translation::preferred;

/// The header that names a request, in both directions.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header that names the trace that a request is part of.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Characters in a request id, at most.
const REQUEST_ID_MAX: usize = 128;

/// What is known about the present request; an extractor. Clones share it.
#[derive(Debug, Clone)]
pub struct RequestInfo(Rc<Known>);

#[derive(Debug)]
struct Known {
    request_id: String,
    trace_id: Option<String>,
    method: Method,
    route: String,
    path: String,
    has_credentials: bool,
    locale: Locale,
    began: Instant,
    principal: OnceCell<(String, OrganizationId)>,
}

impl RequestInfo {
    /// Reads the head of a request. `route` is the pattern of its path.
    pub(super) fn new(request: &ServiceRequest, route: &str, new_id: impl FnOnce() -> String) -> Self {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_usable =
            |id: &&str| (1..=REQUEST_ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        Self(Rc::new(Known {
            request_id: header(X_REQUEST_ID).filter(is_usable).map_or_else(new_id, str::to_owned),
            trace_id: header(TRACEPARENT).and_then(trace_id).map(str::to_owned),
            method: request.method().clone(),
            route: route.to_owned(),
            path: request.path().to_owned(),
            has_credentials: request.headers().contains_key(AUTHORIZATION),
            locale: preferred(request),
            began: Instant::now(),
            principal: OnceCell::new(),
        }))
    }

    /// The request's id: the caller's if it is 1 to 128 visible ASCII characters, else a new one.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// Says who is calling, and of which organization. The first one stays.
    pub fn set_principal(&self, id: impl Display, organization: OrganizationId) {
        self.0.principal.get_or_init(|| (id.to_string(), organization));
    }

    pub(super) fn principal(&self) -> Option<&str> {
        self.0.principal.get().map(|(id, _)| id.as_str())
    }

    /// The caller's own organization, once it is known.
    pub(crate) fn organization(&self) -> Option<OrganizationId> {
        self.0.principal.get().map(|(_, organization)| *organization)
    }

    pub(super) fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// The method as sent, also where `HEAD` is answered as `GET`.
    pub(super) fn method(&self) -> &Method {
        &self.0.method
    }

    pub(super) fn route(&self) -> &str {
        &self.0.route
    }

    pub(super) fn path(&self) -> &str {
        &self.0.path
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.0.has_credentials
    }

    /// The language that the caller reads best.
    pub(crate) fn locale(&self) -> &Locale {
        &self.0.locale
    }

    pub(super) fn age(&self) -> Duration {
        self.0.began.elapsed()
    }
}

impl FromRequest for RequestInfo {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let info = request.extensions().get::<Self>().cloned();
        ready(info.ok_or_else(|| Problem::internal("the edge is not around this handler")))
    }
}

/// The trace id of a `traceparent` (W3C Trace Context, section 3.2); nothing if it cannot be read.
fn trace_id(header: &str) -> Option<&str> {
    let mut parts = header.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_set = |text: &str| text.bytes().any(|byte| byte != b'0');
    let is_whole = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    (is_whole && version != "ff" && is_set(trace) && is_set(parent)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_are_read_from_well_formed_headers_alone() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{trace}-00f067aa0ba902b7-01")), Some(trace));
        for header in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace_id(header), None, "{header}");
        }
    }
}
