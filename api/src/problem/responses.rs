//! How operations document the errors that they can answer.

use std::collections::BTreeMap;

use mandate_core::refusal::Code;
use mandate_core::vocabulary::Vocabulary;
use serde_json::json;
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::{PROBLEM_JSON, ProblemView};

// The statuses stand for codes that many operations have; `openapi::codes` writes the answers, with these and the operation's own.
macro_rules! problem_groups {
    ($($(#[$doc:meta])* $group:ident: $($status:literal)+;)+) => {$(
        $(#[$doc])*
        pub struct $group;

        impl IntoResponses for $group {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_owned(), Response::new(String::new()).into())),+])
            }
        }
    )+};
}

problem_groups! {
    /// What every operation for signed-in callers can answer.
    Problems: "400" "401" "404" "406" "422" "500" "503";
    /// What every operation for anybody can answer.
    PublicProblems: "400" "406" "422" "500" "503";
    /// What operations without input can answer.
    ServerProblems: "500" "503";
    /// What operations with a body can answer besides.
    BodyProblems: "413" "415";
    /// What operations that answer parts of a content can answer besides.
    RangeProblems: "416";
    /// What operations that write can answer besides.
    WriteProblems: "412";
}

/// What operations with an entity tag answer to a reader who has this version already.
pub struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let description = "The version that `If-None-Match` names is still the present one.";
        BTreeMap::from([("304".to_owned(), ResponseBuilder::new().description(description).build().into())])
    }
}

/// Where an operation names its own codes, and each of its problems those that it can have.
pub(crate) const CODES: &str = "x-codes";

/// The answer that a problem of a status is, with the codes that it can have.
pub(crate) fn documented(status: u16, codes: &[Code]) -> Response {
    let meaning = match status {
        400 => "The request cannot be read",
        401 => "No valid credentials",
        403 => "The caller may not do this",
        404 => "Does not exist, or the caller may not know that it does",
        406 => "No representation that the caller accepts",
        409 => "Contradicts the present state",
        412 => "The resource has changed since it was read",
        413 => "The body is too large",
        415 => "A media type that this operation does not read",
        416 => "The content has no such range",
        422 => "Values are not allowed",
        429 => "Too often; repeat after `Retry-After`",
        503 => "Not now; repeat after `Retry-After`",
        _ => "Something went wrong on our side",
    };
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    ResponseBuilder::new()
        .description(format!("{meaning}: `{}`.", names.join("`, `")))
        .content(PROBLEM_JSON, Content::new(Some(Ref::from_schema_name(ProblemView::name()))))
        .extensions(Some(Extensions::from_iter([(CODES, names)])))
        .build()
}

/// A string, with the codes that exist today.
pub(super) fn code_schema() -> Schema {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A stable code. More may be added: treat a code that you do not know by its status."))
        .examples([json!("validation_failed")])
        .extensions(Some(ExtensionsBuilder::new().add("x-extensible-enum", codes).build()))
        .into()
}
