//! What happens to every request before and after its handler: id, deadline, errors, headers, log line, numbers.

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, REFERRER_POLICY, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use mandate_core::id::RequestId;
use mandate_core::refusal::Code;
use mandate_core::vocabulary::Vocabulary;
use tracing::Instrument;

use crate::contact_import;
use crate::metrics::Metrics;
use crate::problem::{PROBLEM_JSON, Problem, Reader, TOKEN_REFUSED, of_framework};
use crate::routes_table::{Route, RoutesTable};
use crate::upload;

mod request_info;
#[cfg(test)]
mod tests;

pub use request_info::RequestInfo;
use request_info::X_REQUEST_ID;

/// What stands for the route in logs and numbers when there is none.
const NO_ROUTE: &str = "unmatched";

/// Nothing may be loaded by an answer of the API, and nothing may show it in a frame.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The reference page loads its own scripts and styles.
const DOCS_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// What the edge needs; in the application's data as `Data<Edge>`.
pub struct Edge {
    /// Makes the id of a request that brought none.
    pub new_request_id: Arc<dyn Fn() -> RequestId + Send + Sync>,
    /// How long a request may take from its head to the head of its answer, its body included.
    pub deadline: Duration,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
    /// Which paths there are.
    pub routes: Arc<RoutesTable>,
}

impl Edge {
    /// How long requests of a route may take. Whatever takes a file has the time that a file takes to arrive.
    fn deadline_of(&self, route: Option<&Route>) -> Duration {
        match route {
            Some(route) if route.pattern() == contact_import::PATH => self.deadline.max(contact_import::DEADLINE),
            Some(route) if route.takes_file() => self.deadline.max(upload::DEADLINE),
            Some(_) | None => self.deadline,
        }
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// The middleware around everything: `.wrap(from_fn(edge))`.
///
/// *Decides*, in this order: known path with another method (405), no acceptable form (406), the handler's answer, the
/// deadline (503), a panic (500). A path that is not known goes on to the framework, whose 404 becomes `route_not_found`.
///
/// *Errors*: the answer to a request that the deadline or a panic took away.
pub async fn edge(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let edge = request.app_data::<Data<Edge>>().expect("the edge is in the application's data").clone();
    let route = edge.routes.find(request.path());
    let pattern = route.map_or(NO_ROUTE, |route| route.pattern());
    let info = RequestInfo::new(&request, pattern, || (edge.new_request_id)().to_string());
    request.extensions_mut().insert(info.clone());

    let answer =
        match route.map_or(Ok(()), |route| route.check(request.method(), request.headers(), request.query_string())) {
            Err(problem) => Ok(request.into_response(render(&info, &problem))),
            Ok(()) => {
                if request.method() == Method::HEAD {
                    request.head_mut().method = Method::GET;
                }
                call(&info, edge.deadline_of(route), next.call(request)).await
            }
        };
    let status = answer.as_ref().map_or_else(|lost| lost.problem.status_code(), ServiceResponse::status);
    log(&info, status);
    edge.metrics.request(method_label(info.method()), info.route(), status.as_u16(), info.age());
    Ok(answer?)
}

/// Around everything that answers before [`edge`] is asked, which is preflights alone: they get its headers and problems too.
///
/// *Errors*: the answer to a request that the deadline or a panic took away.
pub async fn preflight(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let info = (request.method() == Method::OPTIONS).then(|| {
        let edge = request.app_data::<Data<Edge>>().expect("the edge is in the application's data");
        RequestInfo::new(&request, NO_ROUTE, || (edge.new_request_id)().to_string())
    });
    let response = next.call(request).await?.map_into_boxed_body();
    match info.filter(|_| !response.headers().contains_key(X_REQUEST_ID)) {
        Some(info) => Ok(finish(&info, response)),
        None => Ok(response),
    }
}

/// Waits for the handler and finishes its answer.
async fn call<B: MessageBody + 'static>(
    info: &RequestInfo,
    deadline: Duration,
    handler: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<BoxBody>, LostRequest> {
    let span = tracing::info_span!("request", request_id = info.request_id(), trace_id = info.trace_id());
    let problem = match tokio::time::timeout(deadline, guard(handler).instrument(span)).await {
        Ok(Ok(Ok(response))) => return Ok(finish(info, response.map_into_boxed_body())),
        Ok(Ok(Err(error))) => problem_of(&error),
        Ok(Err(panic)) => Problem::internal(format!("a handler panicked: {panic}")),
        Err(_) => Problem::of(Code::DeadlineExceeded),
    };
    log_cause(info, &problem);
    Err(LostRequest { info: info.clone(), problem })
}

/// Turns every error, the framework's own included, into a problem with the request's id.
fn finish(info: &RequestInfo, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|media_type| media_type == PROBLEM_JSON);
    let problem = match response.response().error() {
        Some(error) => problem_of(error),
        None if is_error && !is_problem => of_framework(status),
        None => {
            dress(info, response.headers_mut());
            return response.map_body(|_, body| without_body_for_head(info, body));
        }
    };
    log_cause(info, &problem);
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, render(info, &problem))
}

/// The problem that an error is, or stands for.
fn problem_of(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    let status = error.as_response_error().status_code();
    if status.is_server_error() { Problem::internal(error.to_string()) } else { of_framework(status) }
}

/// The whole answer of a problem.
fn render(info: &RequestInfo, problem: &Problem) -> HttpResponse {
    let mut response = problem.render(&Reader::from(info));
    if problem.code() == Code::Unauthenticated && info.has_credentials() {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(TOKEN_REFUSED));
    }
    dress(info, response.headers_mut());
    response.map_body(|_, body| without_body_for_head(info, body))
}

/// Sets the headers that every answer has.
fn dress(info: &RequestInfo, headers: &mut HeaderMap) {
    let policy = if info.path().starts_with("/docs") { DOCS_POLICY } else { POLICY };
    let caching = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "no-referrer");
    set(CONTENT_SECURITY_POLICY, policy);
    set(CACHE_CONTROL, caching);
    // What must not be compressed says so as if it were encoded in some way; there is no such coding to a client (RFC 9110, section 8.4.1).
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "identity") {
        headers.remove(CONTENT_ENCODING);
    }
    // In one line: of several the CORS middleware would keep the first alone. A tag names the version, of which one reader may be
    // shown more than another.
    let others = headers.get_all(VARY).filter_map(|vary| vary.to_str().ok()).map(str::to_owned);
    let by_reader = headers.contains_key(ETAG).then(|| "authorization".to_owned());
    let by_language = headers.contains_key(CONTENT_LANGUAGE).then(|| "accept-language".to_owned());
    let vary: Vec<String> = others.chain(by_reader).chain(by_language).collect();
    if !vary.is_empty() {
        let vary = HeaderValue::from_str(&vary.join(", ")).expect("what was in headers may be in headers");
        headers.insert(VARY, vary);
    }
    let request_id = HeaderValue::from_str(info.request_id()).expect("request ids are visible ASCII");
    headers.insert(X_REQUEST_ID, request_id);
}

/// The answer to a request that is gone: its deadline passed, or its handler panicked.
#[derive(Debug)]
struct LostRequest {
    info: RequestInfo,
    problem: Problem,
}

impl fmt::Display for LostRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for LostRequest {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        render(&self.info, &self.problem)
    }
}

/// One line per request; never bodies, query strings or credentials.
fn log(info: &RequestInfo, status: StatusCode) {
    tracing::info!(
        target: "mandate::access",
        method = info.method().as_str(),
        route = info.route(),
        status = status.as_u16(),
        duration_ms = info.age().as_secs_f64() * 1_000.0,
        request_id = info.request_id(),
        principal = info.principal(),
        trace_id = info.trace_id(),
        "request"
    );
}

/// The only place where the cause of a failure is logged.
fn log_cause(info: &RequestInfo, problem: &Problem) {
    if let Some(cause) = problem.cause() {
        tracing::error!(
            request_id = info.request_id(),
            route = info.route(),
            code = problem.code().name(),
            cause,
            "failure"
        );
    }
}

/// Methods come from outside: those that no route has share a label.
fn method_label(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}

/// Catches a panic of the future; answers its message.
async fn guard<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(move |context| {
        // The future is not polled again after a panic, so nobody sees what it left half done.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(message_of(panic.as_ref()))),
        }
    })
    .await
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

/// What stands in for the body of an answer to `HEAD`: its length alone.
struct LengthOnly(BodySize);

impl MessageBody for LengthOnly {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}

fn without_body_for_head(info: &RequestInfo, body: BoxBody) -> BoxBody {
    if info.method() == Method::HEAD { BoxBody::new(LengthOnly(body.size())) } else { body }
}
