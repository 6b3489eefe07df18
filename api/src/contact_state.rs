//! The life cycle of a contact over HTTP: disable, enable, resend the welcome email (C-12, C-15, C-17).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use mandate_core::access::Standing;
use mandate_core::change::Context;
use mandate_core::contact::{Contact, WelcomeIds, Welcomed};
use mandate_core::contact_state::{self, DisableContact, DisableFacts, Disabled, EnableFacts, RecordIds, StateFacts};
use mandate_core::id::{ContactId, ContactKind};
use mandate_core::refusal::Refusal;
use mandate_core::text::{NOTE_MAX, Note};
use mandate_core::time::Timestamp;
use mandate_storage::{ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::IfMatch;
use crate::contact::{ContactView, fence};
use crate::escalation_guard::{object_by_disabling, under_way};
use crate::extract::{Body, Empty, OptionalBody, PathId};
use crate::person::PersonRefView;
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{ContactIdWire, GrantIdWire, GrantRequestIdWire, InvitationIdWire, ServiceRequestIdWire};

/// Why something is taken away.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "left the company"}))]
pub struct ReasonBody {
    /// The reason, for the record.
    #[validate(length(max = NOTE_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 2000, example = "left the company")]
    pub reason: Option<String>,
}

/// A disabled contact and the service request that records it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisabledContactView {
    /// The contact.
    #[serde(flatten)]
    contact: ContactView,
    /// The service request that records the deactivation.
    service_request_id: ServiceRequestIdWire,
    /// What ended with it.
    effects: DisablingEffectsView,
}

/// What ended when a contact was disabled, as far as the caller may know of it. None of it comes back when the contact is
/// enabled again.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisablingEffectsView {
    /// How many sign-ins were ended.
    #[schema(example = 2)]
    sessions_ended: usize,
    /// The individual grants to them that ended.
    grants_ended: Vec<GrantIdWire>,
    /// The open service requests of their organization whose point of contact they were.
    service_requests_handed_over: Vec<ServiceRequestIdWire>,
    /// The point of contact of these from now on; `null` if there were none, or if nobody is left.
    #[schema(required = true)]
    handed_over_to: Option<PersonRefView>,
    /// The pending invitations into their organization that they had made.
    invitations_cancelled: Vec<InvitationIdWire>,
    /// The open requests for grants that they had made, or that were made for them.
    grant_requests_cancelled: Vec<GrantRequestIdWire>,
    /// The service request that records the deactivation.
    service_request_id: ServiceRequestIdWire,
}

impl DisablingEffectsView {
    fn of(disabled: &Disabled, sessions_ended: usize) -> Self {
        let effects = &disabled.effects;
        Self {
            sessions_ended,
            grants_ended: effects.grants.iter().copied().map(Into::into).collect(),
            service_requests_handed_over: effects.requests.iter().copied().map(Into::into).collect(),
            handed_over_to: effects.heir.as_ref().map(Into::into),
            invitations_cancelled: effects.invitations.iter().copied().map(Into::into).collect(),
            grant_requests_cancelled: effects.grant_requests.iter().copied().map(Into::into).collect(),
            service_request_id: disabled.record.after().id.into(),
        }
    }
}

/// The facts of a command that moves a contact along.
pub(crate) fn state_facts(tx: &mut WriteTx<'_>, context: &Context, id: ContactId) -> Result<StateFacts, Problem> {
    let actor = context.signed_in()?.clone();
    let contact = tx.contact(id)?;
    let standing = match &contact {
        Some(contact) => tx.standing(&actor, contact.organization, context.now)?,
        None => Standing::Stranger,
    };
    Ok(StateFacts { actor, standing, contact })
}

/// Disable a contact
///
/// Takes effect at once: every token and link of theirs is void, individual grants to them end or, where they take something away,
/// rest, and the open service requests whose point of contact they were go to the manager who disabled them, or to a primary support
/// contact or contact manager where staff or a partner did; confidential ones only to who could see them before. Pending invitations
/// that they made, or that were made to them, are cancelled. A service request records it without the reason, and `effects` says what
/// ended. While an escalation of the organization is under way, staff disable no primary support contact or contact manager of it.
#[utoipa::path(tag = "contacts", operation_id = "disableContact", request_body = ReasonBody,
    params(("contact_id" = ContactIdWire, Path, description = "The contact.")),
    responses((status = 200, description = "The disabled contact.", body = DisabledContactView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "contact_manager_protected", "staff_only", "own_record", "escalation_under_way", "last_contact_manager", "last_primary_support_contact", "invalid_transition"]))))]
#[post("/v1/contacts/{contact_id}/disable")]
pub(crate) async fn disable_contact(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ContactKind>,
    if_match: IfMatch,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let mut errors = body.errors;
    let reason = errors.required("/reason", &body.value.reason, Note::parse);
    let reason = errors.finish(|| reason)?;
    let number = app.number().await?;
    let record = RecordIds { request: app.id(), number, message: app.id(), mail: app.id() };
    let wanted = DisableContact { reason, expected_version: None, record };
    let work =
        move |app: &App, tx: &mut WriteTx<'_>, context: &_| disable(app, tx, context, (id.0, &if_match), &wanted);
    let caller = caller.with_body(body.digest);
    let answer = app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await;
    answer.inspect_err(|_| app.numbers.give_back(number))
}

fn disable(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    (id, if_match): (ContactId, &IfMatch),
    wanted: &DisableContact,
) -> Result<Answer, Problem> {
    let state = state_facts(tx, context, id)?;
    let Some(contact) = state.contact.clone() else { return Err(Refusal::not_found().into()) };
    let facts = disable_facts(tx, context.now, state)?;
    let expected_version = expected(if_match, Some(contact.version));
    let disabled = contact_state::disable(context, facts, DisableContact { expected_version, ..wanted.clone() })?;
    let sessions_ended = save_disabled(tx, &disabled, context.now)?;
    object_by_disabling(app, tx, context, disabled.contact.after())?;
    let view = DisabledContactView {
        contact: ContactView::of(disabled.contact.after(), context.signed_in()?),
        service_request_id: disabled.record.after().id.into(),
        effects: DisablingEffectsView::of(&disabled, sessions_ended),
    };
    Answer::ok(disabled.contact.after().version, id, &view)
}

/// What must be known to disable a contact, and all that hangs on them.
pub(crate) fn disable_facts(tx: &mut ReadTx<'_>, now: Timestamp, state: StateFacts) -> Result<DisableFacts, Problem> {
    let Some(contact) = &state.contact else { return Err(Refusal::not_found().into()) };
    let (id, ties) = (contact.id, tx.ties_of(contact, contact.organization, now)?);
    let organization = tx.organization_ref(contact.organization)?.ok_or_else(Refusal::not_found)?;
    Ok(DisableFacts {
        state,
        others: tx.others_than(id, organization.id)?,
        ties,
        under_way: under_way(tx, organization.id, now)?.map(|found| found.id),
        successor: tx.successor_of(id, organization.id)?,
        review: tx.open_review_of(id, organization.id, now)?,
        invitations: tx.open_invitations_around(id)?,
        organization,
    })
}

/// Saves a disabled contact and all that ended with them; answers how many sign-ins ended.
pub(crate) fn save_disabled(tx: &mut WriteTx<'_>, disabled: &Disabled, now: Timestamp) -> Result<usize, Problem> {
    let sessions_ended = tx.save_contact(&disabled.contact)?;
    tx.save_untied(&disabled.untied, now)?;
    disabled.invitations.iter().try_for_each(|invitation| tx.save_invitation(invitation))?;
    tx.save_service_request(&disabled.record)?;
    tx.save_message(&disabled.message)?;
    disabled.review.iter().try_for_each(|step| tx.save_review_step(step))?;
    Ok(sessions_ended)
}

/// Enable a contact
///
/// A disabled contact is invited anew: they set a new password with a new welcome link, and nothing that ended comes back.
#[utoipa::path(tag = "contacts", operation_id = "enableContact", params(("contact_id" = ContactIdWire, Path, description = "The contact.")),
    responses((status = 200, description = "The invited contact.", body = ContactView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "contact_manager_protected", "outside_customer_domains", "contact_in_other_organization", "vendor_staff_not_allowed", "invalid_transition"]))))]
#[post("/v1/contacts/{contact_id}/enable")]
pub(crate) async fn enable_contact(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ContactKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let decide = move |tx: &mut WriteTx<'_>, context: &Context, facts: StateFacts, ids: WelcomeIds| {
        let expected_version = expected(&if_match, facts.contact.as_ref().map(|contact: &Contact| contact.version));
        let facts = enable_facts(tx, context.now, facts)?;
        Ok(contact_state::enable(context, facts, expected_version, ids)?)
    };
    welcome(app, caller, id.0, body, decide).await
}

/// What must be known to enable a contact: also who has their address by now.
fn enable_facts(tx: &mut ReadTx<'_>, now: Timestamp, state: StateFacts) -> Result<EnableFacts, Problem> {
    let Some(contact) = &state.contact else { return Err(Refusal::not_found().into()) };
    let email = &contact.profile.email;
    let holder = tx.person_by_email(email, None)?.filter(|holder| holder.person != contact.id.into());
    let owners = tx.domain_owners([email])?;
    let former = tx.former_grants(email, contact.organization, Some(contact.id), now)?;
    Ok(EnableFacts { state, holder, owners, former })
}

/// Send the welcome email again
///
/// To a contact who is still `invited`. The older link is void. Administrators may do it as long as no contact of the
/// organization has ever set a password.
#[utoipa::path(tag = "contacts", operation_id = "resendContactWelcome", params(("contact_id" = ContactIdWire, Path, description = "The contact.")),
    responses((status = 200, description = "The invited contact.", body = ContactView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["primary_support_contact_required", "permission_required", "contact_manager_protected", "invalid_transition"]))))]
#[post("/v1/contacts/{contact_id}/resend-welcome")]
pub(crate) async fn resend_contact_welcome(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ContactKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let decide = move |tx: &mut WriteTx<'_>, context: &Context, facts: StateFacts, ids: WelcomeIds| {
        let contact = facts.contact.as_ref();
        let expected_version = expected(&if_match, contact.map(|contact| contact.version));
        let never_entered = contact.map(|contact| tx.never_entered(contact.organization)).transpose()?.unwrap_or(false);
        Ok(contact_state::resend_welcome(context, facts, never_entered, expected_version, ids)?)
    };
    welcome(app, caller, id.0, body, decide).await
}

async fn welcome(
    app: Data<Arc<App>>,
    caller: Caller,
    id: ContactId,
    body: OptionalBody<Empty>,
    decide: impl Fn(&mut WriteTx<'_>, &Context, StateFacts, WelcomeIds) -> Result<Welcomed, Problem> + Send + Sync + 'static,
) -> Result<HttpResponse, Problem> {
    let digest = body.0.digest;
    body.0.errors.finish(|| Some(()))?;
    let ids = app.welcome(caller.now);
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = state_facts(tx, context, id)?;
        let welcomed = decide(tx, context, facts, ids)?;
        tx.save_contact(&welcomed.contact)?;
        tx.save_link(&welcomed.link)?;
        welcomed.grants.iter().try_for_each(|grant| tx.save_partner_grant(grant))?;
        let contact = welcomed.contact.after();
        Answer::ok(contact.version, contact.id, &ContactView::of(contact, context.signed_in()?))
    };
    app.write(caller.with_body(digest), command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id), work)).await
}
