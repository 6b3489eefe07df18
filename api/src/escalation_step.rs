//! How an escalation moves over HTTP (E-5 … E-9).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use mandate_core::broadcast::Broadcast;
use mandate_core::change::{Change, Context, Notice};
use mandate_core::escalation::{self, Escalation, EscalationFacts};
use mandate_core::escalation_case::{Item, Method, VerifyItem};
use mandate_core::escalation_guard::{offer_objection, was_taken_away};
use mandate_core::escalation_step::{self, Approve, NomineeFacts, Verify};
use mandate_core::escalation_story::{Audience, audience, mail_kind, tell};
use mandate_core::id::{EscalationId, EscalationKind, PersonId};
use mandate_core::say;
use mandate_core::text::{Flaw, NOTE_MAX, Note, PHONE_MAX, Phone};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::StaffRole;
use mandate_storage::{ReadTx, Unlocked, WriteTx};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{ExpectedVersion, IfMatch};
use crate::contact_state::ReasonBody;
use crate::escalation::{facts, fence, shown, to_be_named};
use crate::escalation_completion::{complete, records_needed};
use crate::escalation_view::EscalationView;
use crate::extract::{Body, Empty, OptionalBody, PathId};
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{EscalationIdWire, ItemIn, MethodIn};

/// Duty managers who are told of an escalation, at most.
const DUTY_MANAGERS_TOLD_MAX: usize = 20;
/// Items that are verified at once, at most: each by each method.
const VERIFIED_MAX: usize = 35;

/// What follows a step: the service request is told, and emails are owed (E-7, E-8, E-9).
pub(crate) fn follow(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    change: &Change<Escalation>,
) -> Result<(), Problem> {
    let escalation = change.after();
    if let Some(id) = escalation.service_request {
        let request = tx.service_request(id)?;
        if let Some(told) = tell(context, change, request, app.id())? {
            tx.save_service_request(&told.request)?;
            tx.save_message(&told.message)?;
        }
    }
    let kind = mail_kind(&escalation.state);
    let told = match audience(change) {
        Audience::Nobody => Vec::new(),
        Audience::Opener(opener) => vec![opener],
        Audience::DutyManagers => duty_managers(tx)?,
        Audience::Everybody => {
            let everybody = Broadcast { kind, about: escalation.id.into(), request: None, by: None };
            tx.owe_broadcast(&everybody, context.now)?;
            tell_taken_away(app, tx, context, escalation)?;
            first_told(tx, escalation)?
        }
    };
    for to in told.into_iter().filter(|person| Some(*person) != context.actor_id()) {
        let about = Some(escalation.id.into());
        let notice = Notice { id: app.id(), kind, to, about, link: None };
        tx.owe_mail(&notice, context.now)?;
    }
    Ok(())
}

/// The active duty managers, by name.
fn duty_managers(tx: &mut ReadTx<'_>) -> Result<Vec<PersonId>, Problem> {
    let Some(vendor) = tx.vendor()? else { return Ok(Vec::new()) };
    let staff = tx.staff_members(vendor.id)?;
    let on_duty = staff.iter().filter(|member| member.roles.contains(&StaffRole::DutyManager));
    Ok(on_duty.take(DUTY_MANAGERS_TOLD_MAX).map(|member| member.id.into()).collect())
}

/// Tells those who guarded the organization until they were disabled, with a link by which they object without signing in (E-4, E-7, E-8).
fn tell_taken_away(app: &App, tx: &mut WriteTx<'_>, context: &Context, escalation: &Escalation) -> Result<(), Problem> {
    let guards = tx.guards_of(escalation.organization.id, escalation.created_at)?;
    for guard in guards.iter().filter(|one| was_taken_away(one, escalation.created_at)) {
        let (link, notice) = offer_objection(context.now, escalation, guard, (app.id(), app.id()));
        tx.save_link(&link)?;
        tx.save_objection_link(link.id, escalation.id)?;
        tx.owe_mail(&notice, context.now)?;
    }
    Ok(())
}

/// Those who are told before everybody else: the primary support contacts who are said to be unavailable, and the account team (E-7).
fn first_told(tx: &mut ReadTx<'_>, escalation: &Escalation) -> Result<Vec<PersonId>, Problem> {
    let mut unavailable: Vec<PersonId> = Vec::new();
    for one in &escalation.case.unavailable {
        let contact = tx.contact(one.contact)?;
        if !contact.is_some_and(|contact| was_taken_away(&contact, escalation.created_at)) {
            unavailable.push(one.contact.into());
        }
    }
    let team = tx.account_team(escalation.organization.id)?;
    let team = team.map(|team| team.places.holders()).unwrap_or_default();
    Ok(unavailable.into_iter().chain(team.into_iter().map(Into::into)).collect())
}

/// Takes a step, and all that follows it.
pub(crate) async fn step(
    app: Data<Arc<App>>,
    caller: Caller,
    id: EscalationId,
    if_match: IfMatch,
    decide: impl Fn(&App, &mut WriteTx<'_>, &Context, EscalationFacts, Option<i64>) -> Result<Change<Escalation>, Problem>
    + Send
    + Sync
    + 'static,
) -> Result<HttpResponse, Problem> {
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let actor = context.signed_in()?;
        let facts = facts(tx, actor, context.now, id)?;
        let present = facts.escalation.as_ref().map(|escalation| escalation.version);
        let change = decide(app, tx, context, facts, expected(&if_match, present))?;
        tx.save_escalation(&change)?;
        follow(app, tx, context, &change)?;
        let view = shown(app, tx, (actor, context.now), change.after())?;
        Answer::ok(change.after().version, id, &view)
    };
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id), work)).await
}

/// Take an escalation into review
///
/// For duty managers.
#[utoipa::path(tag = "escalations", operation_id = "reviewEscalation",
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "invalid_transition"]))))]
#[post("/v1/escalations/{escalation_id}/review")]
pub(crate) async fn review_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let Body { errors, digest, .. } = body.0;
    errors.finish(|| Some(()))?;
    step(app, caller.with_body(digest), id.0, if_match, |_, _, context, facts, version| {
        Ok(escalation_step::review(context, facts, version)?)
    })
    .await
}

/// An item, and how it was verified.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyItemBody {
    /// What was verified.
    #[schema(required = true, nullable = false)]
    item: Option<ItemIn>,
    /// How. `email_signature` is supporting evidence, and never enough by itself.
    #[schema(required = true, nullable = false)]
    method: Option<MethodIn>,
    /// What was found; required for `video_call` and `account_team_confirmed`.
    #[validate(length(max = NOTE_MAX))]
    #[schema(max_length = 2000, example = "she confirmed the letter, and the date on it")]
    note: Option<String>,
    /// The number that was called, for `call_back` alone: one of `call_back_numbers` that is `callable`. Digits are compared.
    #[validate(length(max = PHONE_MAX))]
    #[schema(max_length = 32, example = "+1.650.555.0199")]
    number: Option<String>,
}

/// The items that were verified.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "items": [{"item": "author_title", "method": "letter_read"}, {"item": "nominee_phone", "method": "video_call", "note": "she answered it, and showed her badge"}]
}))]
pub struct VerifyEscalationBody {
    /// The items; none twice by the same method.
    #[validate(nested)]
    #[schema(required = true, nullable = false, min_items = 1, max_items = 35)]
    items: Option<Vec<VerifyItemBody>>,
}

/// Verify items of an escalation
///
/// For duty managers, agents and the account team, while it is in review: each item with the method and its evidence. An item that is verified again by the same method
/// is replaced. Whoever verifies an item does not decide about the escalation.
#[utoipa::path(tag = "escalations", operation_id = "verifyEscalation", request_body = VerifyEscalationBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "invalid_transition", "call_back_number_not_allowed", "nothing_to_verify"]))))]
#[post("/v1/escalations/{escalation_id}/verify")]
pub(crate) async fn verify_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: Body<VerifyEscalationBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let named = errors.given("/items", value.items).unwrap_or_default();
    let mut items: Vec<VerifyItem> = Vec::with_capacity(named.len());
    let flaw = match named.len() {
        0 => Some(Flaw::new("too_short", say!("must have at least 1 element"))),
        1..=VERIFIED_MAX => None,
        _ => Some(Flaw::new("too_long", say!("must have at most {max} elements", max = VERIFIED_MAX))),
    };
    flaw.into_iter().for_each(|flaw| errors.add("/items", flaw));
    for (index, one) in named.iter().enumerate() {
        let at = |name: &str| format!("/items/{index}/{name}");
        let item: Option<Item> = errors.given(&at("item"), one.item).map(|item| item.0);
        let method: Option<Method> = errors.given(&at("method"), one.method).map(|method| method.0);
        let note = errors.optional(&at("note"), &one.note, Note::parse);
        let number = errors.optional(&at("number"), &one.number, Phone::parse);
        let (Some(item), Some(method)) = (item, method) else { continue };
        if items.iter().any(|other| (other.item, other.method) == (item, method)) {
            errors.add(&at("method"), Flaw::new("duplicate", say!("the same item by the same method is named before")));
        }
        items.push(VerifyItem { item, method, note, number });
    }
    let items = errors.finish(|| Some(items))?;
    step(app, caller.with_body(digest), id.0, if_match, move |app, tx, context, facts, expected_version| {
        let escalation = escalation::view(context.now, facts.clone())?.into_value();
        let command = Verify {
            items: items.clone(),
            numbers: tx.known_numbers(escalation.organization.id, escalation.created_at)?,
            min_age: app.settings.call_back_age,
            is_signed_by_author: crate::escalation_letter::is_signed_by_author(tx, &escalation.case.letter)?,
            expected_version,
        };
        Ok(escalation_step::verify(context, facts, command)?)
    })
    .await
}

/// What is missing.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "the signature cannot be read"}))]
pub struct RequestInformationBody {
    /// What is missing, for whoever opened the escalation.
    #[validate(length(max = NOTE_MAX))]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 2000,
        example = "the signature cannot be read"
    )]
    message: Option<String>,
}

/// Ask for information
///
/// For duty managers. Without an answer within thirty days the escalation lapses.
#[utoipa::path(tag = "escalations", operation_id = "requestEscalationInformation", request_body = RequestInformationBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "invalid_transition"]))))]
#[post("/v1/escalations/{escalation_id}/request-information")]
pub(crate) async fn request_escalation_information(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: Body<RequestInformationBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let message = errors.required("/message", &value.message, Note::parse);
    let message = errors.finish(|| message)?;
    step(app, caller.with_body(digest), id.0, if_match, move |_, _, context, facts, version| {
        Ok(escalation_step::request_information(context, facts, message.clone(), version)?)
    })
    .await
}

/// Say that the information is there
///
/// For whoever opened the escalation, duty managers and the account team, once the escalation has been edited; it is in review again.
#[utoipa::path(tag = "escalations", operation_id = "provideEscalationInformation",
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "invalid_transition"]))))]
#[post("/v1/escalations/{escalation_id}/provide-information")]
pub(crate) async fn provide_escalation_information(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let Body { errors, digest, .. } = body.0;
    errors.finish(|| Some(()))?;
    step(app, caller.with_body(digest), id.0, if_match, |_, _, context, facts, version| {
        Ok(escalation_step::provide_information(context, facts, version)?)
    })
    .await
}

/// Which version is approved.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"version": 4}))]
pub struct ApproveEscalationBody {
    /// The version that was read; required, unless `If-Match` says it.
    #[schema(nullable = false, minimum = 1, example = 4)]
    version: Option<i64>,
}

/// What must be known to appoint the nominee of an escalation.
pub(crate) fn nominee_facts(
    tx: &mut ReadTx<'_>,
    escalation: &Escalation,
    now: Timestamp,
) -> Result<NomineeFacts, Problem> {
    let organization = tx.organization(escalation.organization.id)?;
    let organization = organization.ok_or_else(|| Problem::internal("the organization of an escalation is missing"))?;
    let email = &escalation.case.nominee.email;
    let existing = tx.person_by_email(email, Some(organization.id))?;
    let holder = existing.as_ref().and_then(|existing| match existing.person {
        PersonId::Contact(contact) => Some(contact),
        PersonId::Staff(_) => None,
    });
    let record = holder.map(|holder| tx.contact(holder)).transpose()?.flatten();
    // Also where somebody enabled them again: who disabled them objected, and named is somebody else then (E-8, E-9).
    let disabled_since = match record {
        Some(record) => tx.disabled_since_opening(record.id, escalation)?,
        None => false,
    };
    Ok(NomineeFacts {
        vendor_domains: tx.vendor_domains()?,
        former: tx.former_grants(email, organization.id, holder, now)?,
        existing,
        disabled_since,
        to_be_named: to_be_named(tx, organization.id, escalation.created_at)?,
        organization,
    })
}

/// Approve an escalation
///
/// For duty managers who neither opened it, changed it nor verified an item, and hold no grant of the organization nor held one within a
/// year, once every item is verified. It says which version was read. The waiting period begins, in which
/// the contacts of the organization and the account team are told by email what is about to happen and how to object.
#[utoipa::path(tag = "escalations", operation_id = "approveEscalation", request_body = ApproveEscalationBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "second_person_required", "contact_in_other_organization", "nominee_not_allowed", "primary_support_contact_available", "verification_incomplete", "invalid_transition", "vendor_staff_not_allowed"]))))]
#[post("/v1/escalations/{escalation_id}/approve")]
pub(crate) async fn approve_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: OptionalBody<ApproveEscalationBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, errors, digest } = body.0;
    errors.finish(|| Some(()))?;
    let read = match &if_match.0 {
        Some(ExpectedVersion::OneOf(versions)) => versions.first().copied(),
        Some(ExpectedVersion::Any) | None => None,
    };
    step(app, caller.with_body(digest), id.0, if_match, move |app, tx, context, facts, mismatch| {
        let escalation = escalation::view(context.now, facts.clone())?.into_value();
        let command = Approve {
            version: mismatch.or(value.version).or(read),
            wait: app.settings.escalation_wait,
            nominee: nominee_facts(tx, &escalation, context.now)?,
        };
        Ok(escalation_step::approve(context, facts, command)?)
    })
    .await
}

/// Reject an escalation
///
/// For duty managers who did not open it, until it is completed.
#[utoipa::path(tag = "escalations", operation_id = "rejectEscalation", request_body = ReasonBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "second_person_required", "invalid_transition"]))))]
#[post("/v1/escalations/{escalation_id}/reject")]
pub(crate) async fn reject_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let reason = errors.required("/reason", &value.reason, Note::parse);
    let reason = errors.finish(|| reason)?;
    step(app, caller.with_body(digest), id.0, if_match, move |_, _, context, facts, version| {
        Ok(escalation_step::reject(context, facts, reason.clone(), version)?)
    })
    .await
}

/// Why an escalation is taken back.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"reason": "she is back from her leave"}))]
pub struct WithdrawEscalationBody {
    /// The reason, for the record.
    #[validate(length(max = NOTE_MAX))]
    #[schema(max_length = 2000, example = "she is back from her leave")]
    reason: Option<String>,
}

/// Withdraw an escalation
///
/// For whoever opened it, until it is completed; not while an objection stops it.
#[utoipa::path(tag = "escalations", operation_id = "withdrawEscalation", request_body = WithdrawEscalationBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "invalid_transition"]))))]
#[post("/v1/escalations/{escalation_id}/withdraw")]
pub(crate) async fn withdraw_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: OptionalBody<WithdrawEscalationBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body.0;
    let reason = errors.optional("/reason", &value.reason, Note::parse);
    let reason = errors.finish(|| Some(reason))?;
    step(app, caller.with_body(digest), id.0, if_match, move |_, _, context, facts, version| {
        Ok(escalation_step::withdraw(context, facts, reason.clone(), version)?)
    })
    .await
}

/// Object to an escalation
///
/// For active primary support contacts and contact managers of the organization, until it is completed. It stops, and is open to the duty
/// managers alone.
#[utoipa::path(tag = "escalations", operation_id = "objectToEscalation", request_body = ReasonBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["second_person_required", "permission_required", "staff_only", "invalid_transition"]))))]
#[post("/v1/escalations/{escalation_id}/object")]
pub(crate) async fn object_to_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let reason = errors.required("/reason", &value.reason, Note::parse);
    let reason = errors.finish(|| reason)?;
    step(app, caller.with_body(digest), id.0, if_match, move |_, _, context, facts, version| {
        Ok(escalation_step::object(context, facts, reason.clone(), version)?)
    })
    .await
}

/// Resume an escalation
///
/// For a duty manager who neither opened it, nor approved or, where nobody did, reviewed it. It goes on where the objection stopped it;
/// what was approved waits for its whole waiting period anew.
#[utoipa::path(tag = "escalations", operation_id = "resumeEscalation", request_body = ReasonBody,
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "second_person_required", "invalid_transition"]))))]
#[post("/v1/escalations/{escalation_id}/resume")]
pub(crate) async fn resume_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let reason = errors.required("/reason", &value.reason, Note::parse);
    let reason = errors.finish(|| reason)?;
    step(app, caller.with_body(digest), id.0, if_match, move |app, _, context, facts, version| {
        Ok(escalation_step::resume(context, facts, reason.clone(), app.settings.escalation_wait, version)?)
    })
    .await
}

/// Complete an escalation
///
/// For duty managers, once the waiting period is over; the server does it by itself, too. The nominee becomes primary support contact with
/// `manage_contacts`, those who left are disabled, a contact review begins. If that is not possible any more, the escalation is in review
/// again, and `returned_reason` says why.
#[utoipa::path(tag = "escalations", operation_id = "completeEscalation",
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "invalid_transition", "waiting_period"]))))]
#[post("/v1/escalations/{escalation_id}/complete")]
pub(crate) async fn complete_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let Body { errors, digest, .. } = body.0;
    errors.finish(|| Some(()))?;
    let needed = app.read_unsigned(move |tx| records_needed(tx, id.0)).await?;
    let mut numbers = Vec::with_capacity(needed);
    for _ in 0..needed {
        numbers.push(app.number().await?);
    }
    let unused = numbers.clone();
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let actor = context.signed_in()?;
        let facts = facts(tx, actor, context.now, id.0)?;
        let after = complete(app, tx, context, facts, numbers.clone())?;
        let view = shown(app, tx, (actor, context.now), &after)?;
        Answer::ok(after.version, id.0, &view)
    };
    let answer = app
        .write(caller.with_body(digest), command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work))
        .await;
    answer.inspect_err(|_| unused.into_iter().rev().for_each(|number| app.numbers.give_back(number)))
}
