//! Those who guard an organization while an escalation of it is under way, over HTTP: objecting by a link, and what follows from what they
//! and the vendor do elsewhere (E-4, E-7, E-8, E-9).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use mandate_core::actor::Actor;
use mandate_core::change::{Change, Context};
use mandate_core::contact::Contact;
use mandate_core::escalation::Escalation;
use mandate_core::escalation_guard::{self, LinkFacts};
use mandate_core::id::{EscalationId, LinkId, OrganizationId, PersonId};
use mandate_core::organization::Organization;
use mandate_core::refusal::{Code, Refusal};
use mandate_core::session::use_link;
use mandate_core::text::{NOTE_MAX, Note};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{LinkPurpose, OrganizationStatus};
use mandate_storage::{ReadTx, Unlocked, WriteTx};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::{check_idempotency_key, origin};
use crate::escalation::{facts, facts_of, fence};
use crate::escalation_step::follow;
use crate::extract::Body;
use crate::problem::{BodyProblems, Problem, PublicProblems};
use crate::secret::Secret;
use crate::state::App;

/// A link's token, and why the escalation shall stop.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "bGluay10b2tlbg…", "reason": "I am on holiday, and have not left"}))]
pub struct ObjectByLinkBody {
    /// The `token` of the link in the email.
    #[schema(value_type = Option<String>, required = true, nullable = false, example = "bGluay10b2tlbg…")]
    token: Option<Secret>,
    /// Why.
    #[validate(length(max = NOTE_MAX))]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 2000,
        example = "I am on holiday, and have not left"
    )]
    reason: Option<String>,
}

/// Object to an escalation by a link
///
/// With the link of the notice that goes to primary support contacts and contact managers whom staff disabled within thirty days before the
/// escalation was opened: they count as active, and cannot sign in. The escalation stops until a second duty manager decides about it. Where
/// it cannot be stopped any more, the link stays good.
#[utoipa::path(tag = "escalations", operation_id = "objectToEscalationByLink", request_body = ObjectByLinkBody, security(()),
    responses((status = 204, description = "It is stopped."), PublicProblems, BodyProblems),
    extensions(("x-codes" = json!(["invalid_link", "invalid_transition", "second_person_required"]))))]
#[post("/v1/escalations/object")]
pub(crate) async fn object_by_link(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<ObjectByLinkBody>,
) -> Result<HttpResponse, Problem> {
    check_idempotency_key(&request)?;
    let Body { value, mut errors, .. } = body;
    let token = errors.given("/token", value.token);
    let reason = errors.required("/reason", &value.reason, Note::parse);
    let (token, reason) = errors.finish(|| Some((token?, reason?)))?;
    let now = app.now();
    let link = app.sealer.open_link_token(token.expose()).ok_or_else(invalid)?;
    // Looked at before anybody is made to wait, so that a spent link costs little; decided again inside the fence.
    let about = app.read_unsigned(move |tx| {
        use_link(now, LinkPurpose::Objection, tx.link(link)?)?;
        Ok(tx.escalation_of_link(link)?.ok_or_else(invalid)?)
    });
    let about: EscalationId = about.await?;
    let origin = origin(&request, &app);
    let at_work = Arc::clone(&app);
    let stopped = app.write_unsigned(move |mut unlocked: Unlocked<'_>| {
        let fence = fence(&mut unlocked, about)?;
        let mut tx = unlocked.lock(&fence)?;
        let (facts, actor) = link_facts(&mut tx, link, about, now)?;
        let context = Context { actor, now, origin: origin.clone() };
        let stopped = escalation_guard::object_by_link(&context, facts, reason.clone())?;
        tx.use_link(&stopped.link)?;
        save(&at_work, &mut tx, &context, &stopped.escalation)
    });
    stopped.await?;
    Ok(HttpResponse::NoContent().finish())
}

fn invalid() -> Refusal {
    Refusal::of(Code::InvalidLink).at("#/token")
}

/// What must be known to object by a link, and whose link it is.
fn link_facts(
    tx: &mut ReadTx<'_>,
    link: LinkId,
    about: EscalationId,
    now: Timestamp,
) -> Result<(LinkFacts, Option<Actor>), Problem> {
    let link = tx.link(link)?;
    let person = link.as_ref().map(|link| link.person);
    let actor = person.map(|person| tx.actor(person)).transpose()?.flatten().map(|(actor, _)| actor);
    let contact = match person {
        Some(PersonId::Contact(contact)) => tx.contact(contact)?,
        Some(PersonId::Staff(_)) | None => None,
    };
    let escalation = match &actor {
        Some(actor) => Some(facts(tx, actor, now, about)?),
        None => None,
    };
    Ok((LinkFacts { link, contact, escalation }, actor))
}

fn save(app: &App, tx: &mut WriteTx<'_>, context: &Context, change: &Change<Escalation>) -> Result<(), Problem> {
    tx.save_escalation(change)?;
    follow(app, tx, context, change)
}

/// The escalation of an organization that is under way, as it is now.
pub(crate) fn under_way(
    tx: &mut ReadTx<'_>,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Option<Escalation>, Problem> {
    let found = tx.escalation_under_way(organization)?.map(|found| found.settled(now));
    Ok(found.filter(|found| !found.state.status().is_final()))
}

/// Looks whether an escalation of their own organization presumes that somebody is not there, who signed in or changed something (E-9).
pub(crate) fn note_sign_of_life(app: &App, tx: &mut WriteTx<'_>, context: &Context) -> Result<(), Problem> {
    let Some(actor) = context.actor.clone().filter(escalation_guard::may_be_presumed_gone) else { return Ok(()) };
    let Some(found) = tx.escalation_under_way(actor.organization)? else { return Ok(()) };
    match escalation_guard::notice_of_life(context, found, &actor) {
        Some(change) => save(app, tx, context, &change),
        None => Ok(()),
    }
}

/// Looks whether disabling somebody is an objection to the escalation of their organization (E-8).
pub(crate) fn object_by_disabling(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    disabled: &Contact,
) -> Result<(), Problem> {
    let Some(found) = under_way(tx, disabled.organization, context.now)? else { return Ok(()) };
    let facts = facts_of(tx, context.signed_in()?, context.now, Some(found))?;
    match escalation_guard::object_by_disabling(context, facts, disabled) {
        Some(change) => save(app, tx, context, &change),
        None => Ok(()),
    }
}

/// The waiting period of an escalation rests while its organization is suspended (E-7). When it goes on, everybody is told until when.
pub(crate) fn follow_suspension(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: &Organization,
) -> Result<(), Problem> {
    let Some(found) = tx.escalation_under_way(organization.id)? else { return Ok(()) };
    match organization.status {
        OrganizationStatus::Suspended => match escalation_guard::rest(context, found) {
            Some(change) => Ok(tx.save_escalation(&change)?),
            None => Ok(()),
        },
        OrganizationStatus::Active => match escalation_guard::go_on(context, found) {
            Some(change) => save(app, tx, context, &change),
            None => Ok(()),
        },
    }
}
