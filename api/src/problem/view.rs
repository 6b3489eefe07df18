//! The body of every error.

use actix_web::ResponseError;
use mandate_core::refusal::{Extra, Requirement};
use mandate_core::vocabulary::Vocabulary;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, Reader};
use crate::input::FieldError;
use crate::translation::translate;

/// An error (RFC 9457). Programs read `code`, `errors` and the members that a code's page names; people read `title`
/// and `detail`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/validation_failed")]
    type_: String,
    /// The error in a few words, the same at each occurrence.
    #[schema(example = "values are not allowed")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What was wrong this time.
    #[schema(example = "`#/email` must be given")]
    detail: String,
    /// A stable code. More may be added: treat a code that you do not know by its status.
    #[schema(schema_with = super::responses::code_schema)]
    code: &'static str,
    /// The request's id, as in `X-Request-Id`.
    #[schema(example = "req_01h455vb4pex5vsknk084sn02q")]
    request_id: String,
    /// Every value that is not allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// What would have been enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    required: Option<RequiredView>,
    /// Whom to ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ask: Option<AskView>,
    /// Whether the contact of another organization may be invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    invitation_available: Option<bool>,
    /// The grant that exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "grant_01h455vb4pex5vsknk084sn02q")]
    grant_id: Option<String>,
    /// Where the resource stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "closed")]
    current_status: Option<&'static str>,
    /// The version that the resource has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 3)]
    current_version: Option<i64>,
    /// The names of what is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["nominee_phone"]))]
    missing: Vec<String>,
    /// When the waiting period ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time", example = "2026-11-21T09:30:00Z")]
    completes_at: Option<String>,
    /// The ids of what stands in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["review_01h455vb4pex5vsknk084sn02q"]))]
    about: Vec<String>,
}

/// What would have been enough: one of these.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Requirement)]
pub(super) struct RequiredView {
    /// A contact of the organization with at least this permission.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "manage_contacts")]
    permission: Option<&'static str>,
    /// A contact of the organization of this type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "primary_support")]
    type_: Option<&'static str>,
    /// A partner with a grant of at least this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "full_admin")]
    level: Option<&'static str>,
    /// A staff member with one of these roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, example = json!(["agent", "duty_manager"]))]
    roles: Option<Vec<&'static str>>,
}

/// Whom to ask.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhomToAsk)]
pub(super) struct AskView {
    /// `GET` for a list of those who could give it, `POST` to ask for a grant that would.
    #[schema(value_type = String, example = "GET")]
    method: &'static str,
    /// Where.
    #[schema(format = "uri-reference", example = "/v1/organizations/org_01h455vb4pex5vsknk084sn02q/contact-managers")]
    path: String,
}

impl ProblemView {
    /// The body of a problem's answer in this language.
    pub(super) fn new(problem: &Problem, reader: &Reader<'_>) -> Self {
        let (code, locale) = (problem.code(), &reader.locale);
        let mut view = Self {
            type_: format!("/problems/{}", code.name()),
            title: translate(&code.title(), locale),
            status: problem.status_code().as_u16(),
            detail: translate(problem.detail(), locale),
            code: code.name(),
            request_id: reader.request_id.to_owned(),
            errors: problem.errors().iter().map(|error| error.said_in(locale)).collect(),
            required: None,
            ask: None,
            invitation_available: None,
            grant_id: None,
            current_status: None,
            current_version: None,
            missing: Vec::new(),
            completes_at: None,
            about: Vec::new(),
        };
        problem.extras().iter().for_each(|extra| view.add(extra, reader));
        view
    }

    fn add(&mut self, extra: &Extra, reader: &Reader<'_>) {
        match extra {
            Extra::Required(requirement) => self.required = Some(RequiredView::new(*requirement)),
            Extra::AskContactManagersOf(id) => {
                self.ask = Some(AskView { method: "GET", path: format!("/v1/organizations/{id}/contact-managers") });
            }
            Extra::AskForGrant => {
                let path = |own| format!("/v1/organizations/{own}/partner-grant-requests");
                self.ask = reader.organization.map(|own| AskView { method: "POST", path: path(own) });
            }
            Extra::InvitationAvailable(is_available) => self.invitation_available = Some(*is_available),
            Extra::Grant(id) => self.grant_id = Some(id.to_string()),
            Extra::CurrentStatus(status) => self.current_status = Some(status),
            Extra::CurrentVersion(version) => self.current_version = Some(*version),
            Extra::Missing(names) => self.missing.extend_from_slice(names),
            Extra::CompletesAt(at) => self.completes_at = Some(at.to_string()),
            Extra::About(id) => self.about.push(id.to_string()),
            // A header, the code of the entry in `errors`, and these entries themselves.
            Extra::RetryAfter(_) | Extra::MemberCode(_) | Extra::Flaws(_) => {}
        }
    }
}

impl RequiredView {
    fn new(requirement: Requirement) -> Self {
        let none = Self { permission: None, type_: None, level: None, roles: None };
        match requirement {
            Requirement::Permission(permission) => Self { permission: Some(permission.name()), ..none },
            Requirement::PrimarySupport => Self { type_: Some("primary_support"), ..none },
            Requirement::Level(level) => Self { level: Some(level.name()), ..none },
            Requirement::Roles(roles) => Self { roles: Some(roles.iter().map(|role| role.name()).collect()), ..none },
        }
    }
}
