//! Which codes the problems of an operation can have.

use std::collections::{BTreeMap, BTreeSet};

use mandate_core::refusal::Code;
use mandate_core::vocabulary::Vocabulary as _;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

use crate::problem::{CODES, documented, status};

/// Says which codes each problem of an operation can have: those that its input and its headers bring with them, and those
/// that its handler names as `x-codes`. A status without a code is no answer of the operation.
pub(super) fn name_codes(operation: &mut Operation) {
    let mut by_status = BTreeMap::<u16, Vec<Code>>::new();
    for code in codes(operation) {
        by_status.entry(status(code.kind()).as_u16()).or_default().push(code);
    }
    let responses = &mut operation.responses.responses;
    responses.retain(|status, _| status.as_str() < "400");
    responses
        .extend(by_status.into_iter().map(|(status, codes)| (status.to_string(), documented(status, &codes).into())));
}

fn codes(operation: &mut Operation) -> BTreeSet<Code> {
    let own = operation.extensions.as_mut().and_then(|extensions| extensions.remove(CODES)).unwrap_or_default();
    operation.extensions.take_if(|extensions| extensions.is_empty());
    let own = own.as_array().into_iter().flatten().map(|name| {
        let code = name.as_str().and_then(Code::from_name);
        code.unwrap_or_else(|| panic!("{:?} names {name}, which is no code", operation.operation_id))
    });
    let own: Vec<Code> = own.collect();
    let answers = |status: &str| operation.responses.responses.contains_key(status);
    let parameters = || operation.parameters.iter().flatten();
    let takes = |name: &str| parameters().any(|one| matches!(one, RefOr::T(parameter) if parameter.name == name));
    let is_about_something =
        parameters().any(|one| matches!(one, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path));
    let brought = [
        (answers("400"), Code::MalformedRequest),
        (takes("If-Match") || takes("If-None-Match"), Code::InvalidIfMatch),
        // Also where none is taken, so that a wrong one is noticed.
        (answers("400"), Code::InvalidIdempotencyKey),
        (answers("401"), Code::Unauthenticated),
        (answers("404") && is_about_something, Code::NotFound),
        (answers("406"), Code::NotAcceptable),
        (takes("Idempotency-Key"), Code::IdempotencyKeyInUse),
        (takes("If-Match"), Code::VersionMismatch),
        (answers("413"), Code::BodyTooLarge),
        (answers("415"), Code::UnsupportedMediaType),
        (answers("416"), Code::RangeNotSatisfiable),
        (answers("422"), Code::ValidationFailed),
        (takes("cursor"), Code::InvalidCursor),
        (takes("Idempotency-Key"), Code::IdempotencyKeyReused),
        (answers("500"), Code::Internal),
        (answers("503"), Code::Unavailable),
        (answers("503"), Code::DeadlineExceeded),
    ];
    own.into_iter().chain(brought.into_iter().filter(|(is_possible, _)| *is_possible).map(|(_, code)| code)).collect()
}
