//! Every error as `application/problem+json` (RFC 9457).

use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_LANGUAGE, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use mandate_core::id::OrganizationId;
use mandate_core::refusal::{Code, Extra, Refusal, RefusalKind};
use mandate_core::text::{Flaw, Locale};
use mandate_core::vocabulary::Vocabulary;
use mandate_core::wording::Wording;
use mandate_storage::StorageError;

use crate::edge::RequestInfo;
use crate::input::FieldFlaw;
use crate::password::PasswordError;

mod responses;
mod view;

pub use responses::{
    BodyProblems, NotModified, Problems, PublicProblems, RangeProblems, ServerProblems, WriteProblems,
};
pub(crate) use responses::{CODES, documented};
pub use view::ProblemView;

/// The media type of every error.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Asks for credentials (RFC 6750, section 3).
const CHALLENGE: &str = "Bearer realm=\"mandate\"";

/// Asks for other credentials than those that were sent. The edge knows whether there were any.
pub(crate) const TOKEN_REFUSED: &str = "Bearer realm=\"mandate\", error=\"invalid_token\"";

/// After how many seconds a client may ask again when nothing better is known.
const RETRY_AFTER_SECONDS: i64 = 1;

/// An error on its way to the client.
///
/// *Shape*: the request's id is not in it: the edge adds it when it writes the answer. `cause` is for the log alone.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    refusal: Refusal,
    errors: Vec<FieldFlaw>,
    header: Option<(HeaderName, String)>,
    cause: Option<String>,
}

/// Who is told of an error.
#[derive(Debug, Clone, Default)]
pub struct Reader<'a> {
    /// The request's id.
    pub request_id: &'a str,
    /// The language that they read best.
    pub locale: Locale,
    /// Their own organization, if it is known.
    pub organization: Option<OrganizationId>,
}

impl<'a> From<&'a RequestInfo> for Reader<'a> {
    fn from(info: &'a RequestInfo) -> Self {
        Self { request_id: info.request_id(), locale: info.locale().clone(), organization: info.organization() }
    }
}

impl Problem {
    /// An error with its explanation.
    pub fn new(code: Code, detail: Wording) -> Self {
        Refusal::new(code, detail).into()
    }

    /// An error whose title says it all.
    pub fn of(code: Code) -> Self {
        Refusal::of(code).into()
    }

    /// A request that cannot be read.
    pub fn malformed(detail: Wording) -> Self {
        Self::new(Code::MalformedRequest, detail)
    }

    /// A failure of ours; what it was is logged and never shown.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::of(Code::Internal).caused_by(cause.into())
    }

    /// Something that is not there at the moment; what it was is logged and never shown.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self::of(Code::Unavailable).caused_by(cause.into())
    }

    /// Names the values that are to blame.
    #[must_use]
    pub(crate) fn with_errors(mut self, errors: Vec<FieldFlaw>) -> Self {
        self.0.errors.extend(errors);
        self
    }

    /// The values that are to blame, as a part of something larger names them.
    pub(crate) fn into_errors(self) -> Vec<FieldFlaw> {
        self.0.errors
    }

    /// The same error about a part of the body that lies below this place.
    #[must_use]
    pub(crate) fn below(mut self, place: &str) -> Self {
        for pointer in self.0.errors.iter_mut().filter_map(|error| error.pointer.as_mut()) {
            *pointer = format!("#{place}{}", pointer.trim_start_matches('#'));
        }
        self
    }

    /// Adds a machine-readable member.
    #[must_use]
    pub fn with(mut self, extra: Extra) -> Self {
        self.0.refusal.extras.push(extra);
        self
    }

    /// Names the methods that the path has.
    #[must_use]
    pub fn allowing(mut self, methods: String) -> Self {
        self.0.header = Some((ALLOW, methods));
        self
    }

    /// Names the length of a content that has no such part.
    #[must_use]
    pub fn of_length(mut self, bytes: u64) -> Self {
        self.0.header = Some((CONTENT_RANGE, format!("bytes */{bytes}")));
        self
    }

    fn caused_by(mut self, cause: String) -> Self {
        self.0.cause = Some(cause);
        self
    }

    fn detail(&self) -> &Wording {
        &self.0.refusal.detail
    }

    fn errors(&self) -> &[FieldFlaw] {
        &self.0.errors
    }

    fn extras(&self) -> &[Extra] {
        &self.0.refusal.extras
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.refusal.code
    }

    /// What went wrong inside, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The answer, as its reader is told of it.
    pub fn render(&self, reader: &Reader<'_>) -> HttpResponse {
        let body = ProblemView::new(self, reader);
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, PROBLEM_JSON));
        response.insert_header((CONTENT_LANGUAGE, reader.locale.as_str()));
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, CHALLENGE));
        }
        if let Some((name, value)) = &self.0.header
            && let Ok(value) = HeaderValue::from_str(value)
        {
            response.insert_header((name.clone(), value));
        }
        if let Some(seconds) = self.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.json(body)
    }

    /// The seconds to wait, for the kinds of errors that pass.
    fn retry_after(&self) -> Option<i64> {
        let given = self.0.refusal.extras.iter().find_map(|extra| match extra {
            Extra::RetryAfter(seconds) => Some((*seconds).max(RETRY_AFTER_SECONDS)),
            _ => None,
        });
        match self.code().kind() {
            RefusalKind::Exhausted | RefusalKind::Unavailable => given.or(Some(RETRY_AFTER_SECONDS)),
            _ => given,
        }
    }
}

/// The HTTP status of a kind of error. Nowhere else is one chosen.
pub fn status(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::Malformed => StatusCode::BAD_REQUEST,
        RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        RefusalKind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::Stale => StatusCode::PRECONDITION_FAILED,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::OutsideContent => StatusCode::RANGE_NOT_SATISFIABLE,
        RefusalKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        RefusalKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The error that an answer of the framework's own stands for.
pub fn of_framework(status: StatusCode) -> Problem {
    Problem::of(match status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::NOT_FOUND => Code::RouteNotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::Internal,
    })
}

impl From<Refusal> for Problem {
    /// A value that a rule refuses lists itself among the errors, as if it could not have been read.
    fn from(refusal: Refusal) -> Self {
        let flaws = refusal.extras.iter().find_map(|extra| match extra {
            Extra::Flaws(flaws) => Some(flaws),
            _ => None,
        });
        if let Some(flaws) = flaws {
            let errors = flaws.iter().map(|(at, flaw)| FieldFlaw::in_body(at, flaw.clone())).collect();
            return Self(Box::new(Parts { refusal, errors, header: None, cause: None }));
        }
        let errors = match (refusal.code.kind(), refusal.pointer) {
            (RefusalKind::Invalid, Some(pointer)) => {
                let code = refusal.extras.iter().find_map(|extra| match extra {
                    Extra::MemberCode(code) => Some(*code),
                    _ => None,
                });
                let code = code.unwrap_or_else(|| refusal.code.name());
                vec![FieldFlaw::in_body(pointer, Flaw::new(code, refusal.detail.clone()))]
            }
            _ => Vec::new(),
        };
        Self(Box::new(Parts { refusal, errors, header: None, cause: None }))
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable(error.to_string()),
            PasswordError::Failed => Self::internal(chain(&error)),
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match &error {
            StorageError::Unavailable(_) | StorageError::Contention => Self::unavailable(chain(&error)),
            StorageError::Corrupt { .. } | StorageError::Unexpected(_) => Self::internal(chain(&error)),
        }
    }
}

/// An error and all its sources, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.refusal.fmt(f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status(self.code().kind())
    }

    /// The edge writes the answer again, for its reader.
    fn error_response(&self) -> HttpResponse {
        self.render(&Reader::default())
    }
}

#[cfg(test)]
mod tests {
    use mandate_core::refusal::Requirement;
    use mandate_core::say;
    use mandate_core::vocabulary::StaffRole;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_its_status() {
        for (code, expected) in [
            (Code::MalformedRequest, 400),
            (Code::Unauthenticated, 401),
            (Code::PermissionRequired, 403),
            (Code::NotFound, 404),
            (Code::ContactsAreNotDeleted, 405),
            (Code::NotAcceptable, 406),
            (Code::GrantExists, 409),
            (Code::VersionMismatch, 412),
            (Code::BodyTooLarge, 413),
            (Code::UnsupportedMediaType, 415),
            (Code::RangeNotSatisfiable, 416),
            (Code::ValidationFailed, 422),
            (Code::TooManyAttempts, 429),
            (Code::Internal, 500),
            (Code::Unavailable, 503),
        ] {
            assert_eq!(Problem::of(code).status_code().as_u16(), expected, "{code:?}");
        }
    }

    #[test]
    fn extras_become_members() {
        let organization = OrganizationId::from_u128(1);
        let problem = Problem::of(Code::PermissionRequired)
            .with(Extra::Required(Requirement::Roles(&[StaffRole::Administrator])))
            .with(Extra::AskContactManagersOf(organization))
            .with(Extra::InvitationAvailable(false))
            .with(Extra::CurrentStatus("closed"))
            .with(Extra::CurrentVersion(3))
            .with(Extra::About(organization.into()));
        let reader = Reader { request_id: "req_1", ..Reader::default() };
        assert_eq!(
            json!(ProblemView::new(&problem, &reader)),
            json!({
                "type": "/problems/permission_required", "title": "this takes more permission", "status": 403,
                "detail": "this takes more permission", "code": "permission_required", "request_id": "req_1",
                "required": {"roles": ["administrator"]},
                "ask": {"method": "GET", "path": format!("/v1/organizations/{organization}/contact-managers")},
                "invitation_available": false, "current_status": "closed", "current_version": 3,
                "about": [organization.to_string()],
            })
        );
    }

    #[test]
    fn a_partner_is_told_where_to_ask_for_a_grant() {
        let organization = Some(OrganizationId::from_u128(1));
        let problem = Problem::of(Code::PermissionRequired).with(Extra::AskForGrant);
        let ask = |reader: &Reader<'_>| json!(ProblemView::new(&problem, reader))["ask"].clone();
        let path = format!("/v1/organizations/{}/partner-grant-requests", OrganizationId::from_u128(1));
        assert_eq!(ask(&Reader { organization, ..Reader::default() }), json!({"method": "POST", "path": path}));
        assert_eq!(ask(&Reader::default()), json!(null));
    }

    #[test]
    fn a_refused_value_lists_itself_with_its_finest_code() {
        let of = |refusal: Refusal| json!(ProblemView::new(&refusal.into(), &Reader::default()))["errors"].clone();
        assert_eq!(
            of(Refusal::new(Code::ExpiryInPast, say!("too early")).at("#/expires_at")),
            json!([{"pointer": "#/expires_at", "code": "expiry_in_past", "message": "too early"}])
        );
        let finer = Refusal::new(Code::ValidationFailed, say!("blank")).at("#/email").with(Extra::MemberCode("blank"));
        assert_eq!(of(finer), json!([{"pointer": "#/email", "code": "blank", "message": "blank"}]));
        assert_eq!(of(Refusal::of(Code::GrantExists).at("#/grantee")), json!(null));
        let flaws =
            [3, 7].map(|index| (format!("#/contact_ids/{index}"), Flaw::new("own_record", say!("is your own"))));
        assert_eq!(
            of(Refusal::of(Code::OwnRecord).with(Extra::Flaws(flaws.to_vec()))),
            json!([
                {"pointer": "#/contact_ids/3", "code": "own_record", "message": "is your own"},
                {"pointer": "#/contact_ids/7", "code": "own_record", "message": "is your own"},
            ])
        );
    }

    #[test]
    fn failures_keep_their_cause_to_themselves() {
        let problem = Problem::from(StorageError::Corrupt { table: "people", column: "email", id: "contact_1".into() });
        assert_eq!((problem.code(), problem.status_code().as_u16()), (Code::Internal, 500));
        assert!(problem.cause().is_some_and(|cause| cause.contains("people.email")));
        assert!(!json!(ProblemView::new(&problem, &Reader::default())).to_string().contains("people"));
        let problem = Problem::from(StorageError::Contention);
        assert_eq!(
            problem.error_response().headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()),
            Some("1")
        );
        let problem = Problem::of(Code::TooManyAttempts).with(Extra::RetryAfter(30));
        assert_eq!(
            problem.error_response().headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()),
            Some("30")
        );
        assert!(Problem::of(Code::Unauthenticated).error_response().headers().contains_key(WWW_AUTHENTICATE));
    }
}
