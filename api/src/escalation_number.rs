//! Numbers to call back, and who of the account team knows one that was recorded lately (E-6a).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use mandate_core::escalation;
use mandate_core::escalation_case::{CallBacks, ConfirmedNumber, KnownNumber};
use mandate_core::escalation_step::{self, ConfirmNumber};
use mandate_core::id::EscalationKind;
use mandate_core::text::{NOTE_MAX, Note, PHONE_MAX, Phone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::IfMatch;
use crate::escalation_step::step;
use crate::escalation_view::EscalationView;
use crate::extract::{Body, PathId};
use crate::person::PersonRefView;
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::state::App;
use crate::wire::{EscalationIdWire, TimestampWire};

/// A number that was known before the escalation was opened; nothing that the letter or the nominee brought.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownNumberView {
    /// The number.
    #[schema(example = "+1.650.555.0199")]
    number: String,
    /// Whose it is.
    person: PersonRefView,
    /// Since when it has been on record, without a break.
    since: TimestampWire,
    /// For how many whole days that was, when the escalation was opened.
    #[schema(minimum = 0, example = 412)]
    age_days: i64,
    /// Whether it may be called: it is old enough, or the account team confirmed it.
    #[schema(example = true)]
    callable: bool,
    /// How somebody of the account team knows it.
    #[schema(required = true)]
    confirmation: Option<NumberConfirmationView>,
}

/// How somebody of the account team knows a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberConfirmationView {
    /// Who.
    by: PersonRefView,
    /// How they know it.
    #[schema(example = "I have called her there since spring")]
    note: String,
    /// When they said so.
    at: TimestampWire,
}

impl From<&ConfirmedNumber> for NumberConfirmationView {
    fn from(confirmed: &ConfirmedNumber) -> Self {
        Self { by: PersonRefView::from(&confirmed.by), note: confirmed.note.to_string(), at: confirmed.at.into() }
    }
}

/// The numbers that are offered; those that were brought are not.
pub(crate) fn offered(calls: CallBacks<'_>, numbers: &[KnownNumber]) -> Vec<KnownNumberView> {
    let view = |known: &KnownNumber| KnownNumberView {
        number: known.number.to_string(),
        person: PersonRefView::from(&known.person),
        since: known.since.into(),
        age_days: calls.age(known).as_seconds() / (24 * 60 * 60),
        callable: calls.is_callable(known),
        confirmation: calls.confirmation(&known.number).map(NumberConfirmationView::from),
    };
    numbers.iter().filter(|known| !calls.is_brought(&known.number)).map(view).collect()
}

/// A number that the account team knows.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": "+1.650.555.0199", "note": "I have called her there since spring"}))]
pub struct ConfirmNumberBody {
    /// One of `call_back_numbers`; digits are compared.
    #[validate(length(max = PHONE_MAX))]
    #[schema(required = true, nullable = false, max_length = 32, example = "+1.650.555.0199")]
    number: Option<String>,
    /// How it is known.
    #[validate(length(max = NOTE_MAX))]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 2000,
        example = "I have called her there since spring"
    )]
    note: Option<String>,
}

/// Confirm a number to call back
///
/// For members of the organization's account team who neither opened the escalation nor changed it: a number that was recorded shortly
/// before (`MANDATE_CALL_BACK_AGE`) may be called from now on. Numbers that the letter or the nominee brought are never called. Whoever
/// confirms one does not decide about the escalation.
#[utoipa::path(tag = "escalations", operation_id = "confirmEscalationNumber", request_body = ConfirmNumberBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "second_person_required", "invalid_transition", "call_back_number_not_allowed"]))))]
#[post("/v1/escalations/{escalation_id}/confirm-number")]
pub(crate) async fn confirm_escalation_number(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: Body<ConfirmNumberBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let number = errors.required("/number", &value.number, Phone::parse);
    let note = errors.required("/note", &value.note, Note::parse);
    let (number, note) = errors.finish(|| Some((number?, note?)))?;
    step(app, caller.with_body(digest), id.0, if_match, move |app, tx, context, facts, expected_version| {
        let escalation = escalation::view(context.now, facts.clone())?.into_value();
        let command = ConfirmNumber {
            number: number.clone(),
            note: note.clone(),
            numbers: tx.known_numbers(escalation.organization.id, escalation.created_at)?,
            min_age: app.settings.call_back_age,
            expected_version,
        };
        Ok(escalation_step::confirm_number(context, facts, command)?)
    })
    .await
}
