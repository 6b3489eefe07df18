//! What a handler takes: ids of the path, the query string, the body. Every rejection is a [`Problem`].

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::time::Duration;

use actix_web::body::{BodyStream, to_bytes_limited};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use mandate_core::id::{
    ArticleKind, AttachmentKind, ContactKind, EscalationKind, EventKindOfId, GrantKind, GrantRequestKind, Id,
    InvitationKind, Kind, MessageKind, OrganizationKind, PersonId, ReviewKind, ServiceRequestKind, SessionKind,
    SiteKind, StaffKind,
};
use mandate_core::refusal::{Code, Refusal};
use mandate_core::say;
use mandate_core::text::Flaw;
use mandate_core::time::Timestamp;
use mandate_core::wording::Wording;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use utoipa::ToSchema;
use validator::Validate;

use crate::decode::{Source, decode};
use crate::input::Errors;
use crate::page::Listing;
use crate::problem::Problem;
use crate::strict_json;

/// How long a body may take to arrive; shorter than the deadline of a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes in a JSON body, at most.
pub const BODY_MAX: usize = 256 * 1024;

/// A JSON body, as far as it could be read, and what is wrong with the rest.
///
/// *Errors* of the extraction: `malformed_request` (400), `body_too_large`, `unsupported_media_type`. Wrong members are
/// no such error: they are in `errors`, and whoever finishes those answers 422.
#[derive(Debug)]
pub struct Body<T> {
    /// What was sent, without the members that `errors` names.
    pub value: T,
    /// What is wrong so far.
    pub errors: Errors,
    /// SHA-256 of the bytes, to recognize a repetition by.
    pub digest: [u8; 32],
}

/// A [`Body`] that may be left out, which means `{}`.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Body<T>);

/// The members of a body that has none.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = check_media_type(request);
        let payload = payload.take();
        Box::pin(async move {
            media_type?;
            Self::read(&collect(payload, BODY_MAX, BODY_TIMEOUT).await?)
        })
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = check_media_type(request);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = collect(payload, BODY_MAX, BODY_TIMEOUT).await?;
            if bytes.is_empty() {
                return Body::read(b"{}").map(Self);
            }
            media_type?;
            Body::read(&bytes).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Validate> Body<T> {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let json = strict_json::parse(bytes).map_err(Problem::malformed)?;
        Self::of(json, Sha256::digest(bytes).into())
    }

    /// Reads JSON that was parsed before.
    ///
    /// *Errors*: `validation_failed` for what is no object or cannot be read even without its wrong members.
    pub(crate) fn of(mut json: Value, digest: [u8; 32]) -> Result<Self, Problem> {
        let mut errors = Errors::of_body();
        if !json.is_object() {
            errors.add("", Flaw::new("invalid_type", say!("must be an object")));
            json = Value::Object(Map::new());
        }
        let Some(value) = decode::<T>(json, Source::Json, &mut errors) else {
            return Err(errors.into_problem());
        };
        if let Err(found) = value.validate() {
            errors.add_validation(&found);
        }
        Ok(Self { value, errors, digest })
    }
}

/// Reads a body of at most so many bytes, as long as it may take.
///
/// *Errors*: `malformed_request`, `body_too_large`.
pub(crate) async fn collect(payload: Payload, bytes_max: usize, patience: Duration) -> Result<Bytes, Problem> {
    match timeout(patience, to_bytes_limited(BodyStream::new(payload), bytes_max)).await {
        Ok(Ok(bytes)) => bytes.map_err(|_| Problem::malformed(say!("the body cannot be received"))),
        Ok(Err(_)) => {
            Err(Problem::new(Code::BodyTooLarge, say!("the body has more than {max} bytes", max = bytes_max)))
        }
        Err(_) => Err(Problem::malformed(say!("the body did not arrive in time"))),
    }
}

fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let is_patch = request.method() == Method::PATCH;
    let readable = ["application/json", "application/merge-patch+json"];
    media_type(request, if is_patch { &readable } else { &readable[..1] }).map(drop)
}

/// The media type of a body: one of these, in UTF-8 and without content encoding.
///
/// *Errors*: `unsupported_media_type`.
pub(crate) fn media_type(request: &HttpRequest, readable: &[&'static str]) -> Result<&'static str, Problem> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?").trim().to_lowercase());
    let refuse = |detail: Wording| Err(Problem::new(Code::UnsupportedMediaType, detail));
    if let Some(encoding) = header(CONTENT_ENCODING).filter(|encoding| encoding != "identity") {
        return refuse(say!("bodies are read without content encoding, not in `{encoding}`", encoding));
    }
    let Some(content_type) = header(CONTENT_TYPE) else {
        return refuse(say!("the request has a body but no Content-Type"));
    };
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let Some(found) = readable.iter().find(|readable| **readable == essence) else {
        return refuse(say!("`{media_type}` is not read here", media_type = essence));
    };
    let charset = parts.find_map(|part| part.strip_prefix("charset=")).map(|charset| charset.trim_matches('"'));
    match charset {
        None | Some("utf-8" | "utf8") => Ok(found),
        Some(charset) => refuse(say!("bodies are read as UTF-8, not as `{charset}`", charset)),
    }
}

/// A query string, as far as it could be read, and what is wrong with the rest.
///
/// A repeated name is a `Vec` with `#[serde(default)]`; everything else is an `Option`.
///
/// *Errors* of the extraction: `malformed_request` for what is not percent-encoded UTF-8.
#[derive(Debug)]
pub struct Query<T> {
    /// What was sent, without the parameters that `errors` names.
    pub value: T,
    /// What is wrong so far.
    pub errors: Errors,
    /// The list that is asked for, without its page.
    pub listing: Listing,
}

impl<T: DeserializeOwned + Validate> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request.path(), request.query_string()))
    }
}

impl<T: DeserializeOwned + Validate> Query<T> {
    fn read(path: &str, query: &str) -> Result<Self, Problem> {
        let pairs = pairs(query)?;
        let mut object = Map::new();
        for (name, value) in &pairs {
            let value = Value::String(restore_plus(value));
            match object.get_mut(name) {
                None => drop(object.insert(name.clone(), value)),
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        let mut errors = Errors::of_query();
        let Some(value) = decode::<T>(Value::Object(object), Source::Query, &mut errors) else {
            return Err(errors.into_problem());
        };
        if let Err(found) = value.validate() {
            errors.add_validation(&found);
        }
        Ok(Self { value, errors, listing: Listing::new(path, pairs) })
    }
}

/// The query string of a list without parameters, so that a filter which it does not have is noticed.
///
/// *Errors*: `validation_failed` for any parameter.
#[derive(Debug, Clone, Copy)]
pub struct WholeList;

impl FromRequest for WholeList {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = Query::<Empty>::read(request.path(), request.query_string());
        ready(query.and_then(|query| query.errors.finish(|| Some(Self))))
    }
}

/// Names and values of a query string, decoded as HTML forms are.
fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8()
            .ok()
            .filter(|text| !text.contains('\0'))
            .map(|text| text.into_owned())
            .ok_or_else(|| Problem::malformed(say!("the query string is not percent-encoded UTF-8")))
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Some clients send the `+` of a moment's offset unescaped, so that it arrives as a blank, and its digits without a
/// colon.
fn restore_plus(value: &str) -> String {
    let Some((moment, offset)) = value.rsplit_once([' ', '+']) else {
        return value.to_owned();
    };
    let digits = offset.replace(':', "");
    match digits.split_at_checked(2) {
        Some((hours, minutes)) if minutes.len() == 2 && Timestamp::parse(&format!("{moment}Z")).is_some() => {
            format!("{moment}+{hours}:{minutes}")
        }
        _ => value.to_owned(),
    }
}

/// A kind of id that paths contain.
pub trait InPath: Kind {
    /// What the parameter of the path is called.
    const NAME: &'static str;
}

macro_rules! in_path {
    ($($kind:ty = $name:literal;)+) => {$(
        impl InPath for $kind {
            const NAME: &'static str = $name;
        }
    )+};
}

in_path! {
    OrganizationKind = "organization_id";
    ContactKind = "contact_id";
    StaffKind = "staff_id";
    SiteKind = "site_id";
    InvitationKind = "invitation_id";
    ReviewKind = "contact_review_id";
    GrantKind = "grant_id";
    GrantRequestKind = "partner_grant_request_id";
    ServiceRequestKind = "service_request_id";
    MessageKind = "message_id";
    AttachmentKind = "attachment_id";
    EscalationKind = "escalation_id";
    ArticleKind = "article_id";
    SessionKind = "session_id";
    EventKindOfId = "event_id";
}

/// The id in the path's parameter of that name ([`InPath::NAME`], else `id`).
///
/// *Errors*: an id of another kind or form is the same `not_found` as one that does not exist.
#[derive(Debug, Clone, Copy)]
pub struct PathId<K: Kind>(pub Id<K>);

/// The id of a person in the path's parameter `person_id`.
///
/// *Errors*: as [`PathId`].
#[derive(Debug, Clone, Copy)]
pub struct PathPerson(pub PersonId);

impl<K: InPath> FromRequest for PathId<K> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = parameter(request, K::NAME).and_then(|text| Id::parse(text).ok());
        ready(id.map(Self).ok_or_else(|| Refusal::not_found().into()))
    }
}

impl FromRequest for PathPerson {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = parameter(request, "person_id").and_then(|text| PersonId::parse(text).ok());
        ready(id.map(Self).ok_or_else(|| Refusal::not_found().into()))
    }
}

fn parameter<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.match_info().get(name).or_else(|| request.match_info().get("id"))
}

#[cfg(test)]
mod tests;
