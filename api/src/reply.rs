//! Commands, and the answers that are stored with their effect.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, LOCATION};
use mandate_core::change::Context;
use mandate_core::id::AnyId;
use mandate_storage::{Fence, StoredResponse, Unlocked, WriteTx};
use serde::Serialize;

use crate::conditional::{ExpectedVersion, IfMatch, etag};
use crate::problem::Problem;
use crate::state::App;

/// The header of an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A command over HTTP: which organizations its fence names, and what it does inside.
///
/// Both parts may run more than once, after a lost race; they touch nothing but their transaction.
pub trait Command: Send + Sync {
    /// Names the organizations whose authority is used or changed. The caller's own is added.
    fn fence(&self, unlocked: &mut Unlocked<'_>) -> Result<Fence, Problem>;

    /// Loads the facts, asks core, saves the change, and shows it.
    fn carry_out(&self, app: &App, tx: &mut WriteTx<'_>, context: &Context) -> Result<Answer, Problem>;
}

impl<F, W> Command for (F, W)
where
    F: Fn(&mut Unlocked<'_>) -> Result<Fence, Problem> + Send + Sync,
    W: Fn(&App, &mut WriteTx<'_>, &Context) -> Result<Answer, Problem> + Send + Sync,
{
    fn fence(&self, unlocked: &mut Unlocked<'_>) -> Result<Fence, Problem> {
        (self.0)(unlocked)
    }

    fn carry_out(&self, app: &App, tx: &mut WriteTx<'_>, context: &Context) -> Result<Answer, Problem> {
        (self.1)(app, tx, context)
    }
}

/// Puts the two parts of a command together.
pub fn command<F, W>(fence: F, work: W) -> (F, W)
where
    F: Fn(&mut Unlocked<'_>) -> Result<Fence, Problem> + Send + Sync,
    W: Fn(&App, &mut WriteTx<'_>, &Context) -> Result<Answer, Problem> + Send + Sync,
{
    (fence, work)
}

/// What a command answers, complete, so that it can be stored and given again.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Where the new resource is.
    pub location: Option<String>,
    /// The resource's version, for the `ETag`.
    pub version: Option<i64>,
    /// The resource as JSON; empty for 204.
    pub body: String,
    /// The resource's id: whoever gets the answer again must still be allowed to see it.
    pub subject: Option<AnyId>,
    replayed: bool,
}

impl Answer {
    /// 201 with the new resource.
    pub fn created(
        location: String,
        version: i64,
        subject: impl Into<AnyId>,
        view: &impl Serialize,
    ) -> Result<Self, Problem> {
        Ok(Self { status: StatusCode::CREATED, location: Some(location), ..Self::ok(version, subject, view)? })
    }

    /// 200 with the resource.
    pub fn ok(version: i64, subject: impl Into<AnyId>, view: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(view)
            .map_err(|error| Problem::internal(format!("a view cannot be written: {error}")))?;
        Ok(Self {
            status: StatusCode::OK,
            location: None,
            version: Some(version),
            body,
            subject: Some(subject.into()),
            replayed: false,
        })
    }

    /// The same answer without an `ETag`, where the resource at the location is another one.
    #[must_use]
    pub fn untagged(self) -> Self {
        Self { version: None, ..self }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            location: None,
            version: None,
            body: String::new(),
            subject: None,
            replayed: false,
        }
    }

    /// The answer that was given before.
    pub(crate) fn replayed(stored: StoredResponse) -> Self {
        Self {
            status: StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK),
            location: stored.location,
            version: stored.etag.and_then(|etag| etag.parse().ok()),
            body: stored.body,
            subject: stored.subject,
            replayed: true,
        }
    }

    /// The answer as it leaves.
    pub fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = self.location {
            response.insert_header((LOCATION, location));
        }
        if let Some(version) = self.version {
            response.insert_header(etag(version));
        }
        if self.replayed {
            response.insert_header((REPLAYED, "true"));
        }
        if self.status == StatusCode::NO_CONTENT {
            return response.finish();
        }
        response.content_type("application/json").body(self.body)
    }
}

/// The version that a command has to find: the present one if `If-Match` admits it, another one if it does not.
pub fn expected(if_match: &IfMatch, present: Option<i64>) -> Option<i64> {
    match (&if_match.0, present) {
        (Some(ExpectedVersion::OneOf(versions)), Some(present)) if !versions.contains(&present) => {
            Some(versions.first().copied().unwrap_or(0))
        }
        _ => None,
    }
}
