//! Escalations over HTTP: open, list, read, edit (E-1 … E-4, E-11). How they move is in [`crate::escalation_step`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::access::{ACCOUNT_TEAM, Action, Standing, require};
use mandate_core::actor::Actor;
use mandate_core::attachment;
use mandate_core::change::Context;
use mandate_core::escalation::{
    self, Channel, Escalation, EscalationFacts, EscalationStatus, GRANT_MEMORY, OpenEscalation, OpenFacts, Ties,
};
use mandate_core::escalation_case::{Case, Letter, Unavailable};
use mandate_core::escalation_guard::{can_be_named, must_be_named};
use mandate_core::escalation_step::{self, EditCase};
use mandate_core::id::{
    AttachmentId, ContactId, EscalationId, EscalationKind, OrganizationId, OrganizationKind, ServiceRequestId,
};
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::service_request::{self, CreateFacts, CreateRequest, SEVERITY_MIN};
use mandate_core::text::{MessageBody, SUBJECT_MAX, Subject};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Category, OrganizationStatus};
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::escalation_case::{
    CaseChange, LetterBody, NomineeBody, PatchNomineeBody, UnavailableBody, read_unavailable,
};
use crate::escalation_step::follow;
use crate::escalation_view::{EscalationPage, EscalationView, inside};
use crate::extract::{Body, PathId, Query};
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{ChannelIn, EscalationIdWire, EscalationStatusIn, OrganizationIdWire, ServiceRequestIdWire};

/// An escalation to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "channel": "phone",
    "nominee": {"email": "nora.lima@acme.example", "first_name": "Nora", "last_name": "Lima", "phone": "+1.650.555.0100", "mailing_address": {"lines": ["1 Main Street"], "city": "Springfield", "country": "US"}},
    "unavailable": [{"contact_id": "contact_01h455vb4pex5vsknk084sn02q", "reason": "left", "note": "the mailbox answers that she left in May"}]
}))]
pub struct OpenEscalationBody {
    /// How it comes in: `service_request` for a contact of the organization, `phone` for a duty manager, `account_team` for a technical
    /// account manager or sales manager.
    #[schema(required = true, nullable = false)]
    channel: Option<ChannelIn>,
    /// A service request of the category `primary_contact_recovery` that shall move along. By the channel `service_request` a new one
    /// is made, if absent.
    service_request_id: Option<ServiceRequestIdWire>,
    /// What is known of the letter; it may come later.
    #[validate(nested)]
    #[schema(nullable = false)]
    letter: Option<LetterBody>,
    /// Who shall become primary support contact.
    #[validate(nested)]
    #[schema(required = true, nullable = false)]
    nominee: Option<NomineeBody>,
    /// Why each primary support contact cannot be turned to; every active one must be named.
    #[serde(default)]
    #[validate(nested)]
    unavailable: Vec<UnavailableBody>,
}

/// What is asked for, and the ids and words of the service request that is made for it.
#[derive(Debug, Clone)]
struct Wanted {
    command: OpenEscalation,
    service_request: Option<ServiceRequestId>,
    request: CreateRequest,
}

/// Open an escalation
///
/// Asks the vendor to appoint a new primary support contact, because those of the organization are gone. For designated contacts of the
/// organization, duty managers, technical account managers and sales managers; partners never learn of it. One organization has one
/// escalation at a time. The service request that moves along becomes confidential.
#[utoipa::path(tag = "escalations", operation_id = "openEscalation", request_body = OpenEscalationBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 201, description = "The new escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "escalation_exists", "primary_support_contact_available", "service_request_closed", "attachment_not_allowed"]))))]
#[post("/v1/organizations/{organization_id}/escalations")]
pub(crate) async fn open_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    body: Body<OpenEscalationBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let channel = errors.given("/channel", value.channel);
    let letter = value.letter.unwrap_or_default().read(&mut errors).apply(&Letter::default());
    let nominee = errors.given("/nominee", value.nominee).and_then(|nominee| nominee.read(&mut errors));
    let unavailable = read_unavailable(&value.unavailable, &mut errors);
    let number = app.number().await?;
    let unused = |_: &Problem| app.numbers.give_back(number);
    let wanted = errors
        .finish(|| {
            let case = Case { letter, nominee: nominee?, unavailable };
            Some(Wanted {
                request: request_for(&app, number, &case)?,
                command: OpenEscalation { id: app.id(), channel: channel?.0, case },
                service_request: value.service_request_id.map(|id| id.0),
            })
        })
        .inspect_err(unused)?;
    let makes_request = Arc::new(AtomicBool::new(false));
    let made = Arc::clone(&makes_request);
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let (answer, makes_request) = open(app, tx, context, organization.0, &wanted)?;
        made.store(makes_request, Ordering::Relaxed);
        Ok(answer)
    };
    let fence = move |_: &mut Unlocked<'_>| Ok(Fence::new().changes(organization.0));
    let answer = app.write(caller.with_body(digest), command(fence, work)).await.inspect_err(unused);
    if !makes_request.load(Ordering::Relaxed) && answer.is_ok() {
        app.numbers.give_back(number);
    }
    answer
}

/// The service request that is made for an escalation.
fn request_for(app: &App, number: i64, case: &Case) -> Option<CreateRequest> {
    let name = case.nominee.name();
    let subject: String = format!("New primary support contact: {name}")
        .chars()
        .take(usize::try_from(SUBJECT_MAX).unwrap_or(usize::MAX))
        .collect();
    let body = format!("An escalation asks to appoint {name} ({}) as primary support contact.", case.nominee.email);
    Some(CreateRequest {
        id: app.id(),
        number,
        subject: Subject::parse(&subject).ok()?,
        category: Category::PrimaryContactRecovery,
        severity: SEVERITY_MIN + 1,
        confidential: Some(true),
        message: app.id(),
        body: MessageBody::parse(&body).ok()?,
        mails: [app.id(), app.id()],
    })
}

/// Opens it, and says whether a service request was made for it.
fn open(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    wanted: &Wanted,
) -> Result<(Answer, bool), Problem> {
    let actor = context.signed_in()?.clone();
    let standing = tx.standing(&actor, organization, context.now)?;
    let found = tx.organization(organization)?;
    if found.is_some() {
        escalation::allow_list(&standing, organization)?;
    }
    let service_request = match wanted.service_request {
        Some(id) => {
            let facts = tx.request_facts(&actor, id, context.now)?;
            Some(service_request::view(&facts).ok().map(|visible| visible.into_value()))
        }
        None => None,
    };
    let facts = OpenFacts {
        under_way: under_way(tx, context, organization)?,
        has_outsiders: match &service_request {
            Some(Some(request)) => tx.has_outsiders(request.id, organization)?,
            _ => false,
        },
        service_request,
        on_account_team: tx
            .account_team(organization)?
            .is_some_and(|team| team.is_looked_after_by(&actor, escalation::PASSING_ON)),
        to_be_named: to_be_named(tx, organization, context.now)?,
        known_primaries: known_primaries(tx, (organization, context.now), &wanted.command.case.unavailable)?,
        known_attachments: known_attachments(
            tx,
            &actor,
            context.now,
            (None, wanted.service_request),
            &wanted.command.case.letter.attachments,
        )?,
        organization: found.clone(),
        standing: standing.clone(),
        actor: actor.clone(),
    };
    let opened = escalation::open(context, facts, wanted.command.clone())?;
    // One that a partner knows is not used, and one is made in its stead, by whoever may (E-11).
    let may_make = require(&standing, Action::CreateRequest, organization).is_ok();
    let is_wanted = wanted.command.channel == Channel::ServiceRequest || (wanted.service_request.is_some() && may_make);
    let makes_request = opened.after().service_request.is_none() && is_wanted;
    let opened = if makes_request {
        let facts = CreateFacts {
            actor,
            standing,
            organization: found,
            point_of_contact: PointOfContact::Unnamed,
            follow_up_of: None,
            participants: Vec::new(),
        };
        let created = service_request::create(context, facts, wanted.request.clone())?;
        tx.save_service_request(&created.request)?;
        tx.save_message(&created.message)?;
        escalation::tie(opened, created.request.after())
    } else {
        opened
    };
    tx.save_escalation(&opened)?;
    follow(app, tx, context, &opened)?;
    let view = shown(app, tx, (context.signed_in()?, context.now), opened.after())?;
    let place = format!("/v1/escalations/{}", opened.after().id);
    Ok((Answer::created(place, 1, opened.after().id, &view)?, makes_request))
}

/// The escalation of an organization that is under way. One that has lapsed meanwhile is written down as such.
fn under_way(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
) -> Result<Option<EscalationId>, Problem> {
    let Some(found) = tx.escalation_under_way(organization)? else { return Ok(None) };
    let id = found.id;
    let system = Context { actor: None, ..context.clone() };
    match escalation_step::lapse(&system, found) {
        None => Ok(Some(id)),
        Some(lapsed) => {
            tx.save_escalation(&lapsed)?;
            Ok(None)
        }
    }
}

/// Which of those who are said to be unavailable can be (E-4).
fn known_primaries(
    tx: &mut ReadTx<'_>,
    (organization, opened_at): (OrganizationId, Timestamp),
    unavailable: &[Unavailable],
) -> Result<Vec<ContactId>, Problem> {
    let mut known = Vec::new();
    for one in unavailable {
        if tx.contact(one.contact)?.is_some_and(|contact| can_be_named(&contact, organization, opened_at)) {
            known.push(one.contact);
        }
    }
    Ok(known)
}

/// Which of these files can be the letter: uploads to the escalation, and what the actor may see of its service request.
fn known_attachments(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    now: Timestamp,
    (escalation, request): (Option<EscalationId>, Option<ServiceRequestId>),
    named: &BTreeSet<AttachmentId>,
) -> Result<Vec<AttachmentId>, Problem> {
    let mut known = Vec::new();
    for id in named {
        if attachment::can_be_letter(crate::attachment::facts(tx, actor, now, *id)?, escalation, request) {
            known.push(*id);
        }
    }
    Ok(known)
}

/// An escalation as one reader sees it.
pub(crate) fn shown(
    app: &App,
    tx: &mut ReadTx<'_>,
    (reader, now): (&Actor, Timestamp),
    escalation: &Escalation,
) -> Result<EscalationView, Problem> {
    let inside = inside(tx, reader, escalation, app.settings.call_back_age)?;
    let mut view = EscalationView::of(escalation, inside.as_ref());
    // Its request is confidential: who does not see it does not learn which one it is (S-14).
    if let Some(request) = escalation.service_request.filter(|_| !reader.is_staff())
        && service_request::view(&tx.request_facts(reader, request, now)?).is_err()
    {
        view.service_request_id = None;
    }
    Ok(view)
}

/// The facts about an escalation for somebody who is known.
pub(crate) fn facts(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    now: Timestamp,
    id: EscalationId,
) -> Result<EscalationFacts, Problem> {
    let escalation = tx.escalation(id)?;
    facts_of(tx, actor, now, escalation)
}

/// The same about an escalation that was found.
pub(crate) fn facts_of(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    now: Timestamp,
    escalation: Option<Escalation>,
) -> Result<EscalationFacts, Problem> {
    let actor = actor.clone();
    let Some(found) = &escalation else {
        let (standing, ties) = (Standing::Stranger, Ties::default());
        return Ok(EscalationFacts { actor, standing, escalation, ties, is_suspended: false });
    };
    let organization = found.organization.id;
    Ok(EscalationFacts {
        standing: tx.standing(&actor, organization, now)?,
        ties: ties(tx, &actor, organization, now)?,
        is_suspended: tx.organization(organization)?.is_some_and(|one| one.status == OrganizationStatus::Suspended),
        escalation,
        actor,
    })
}

/// What ties somebody of the vendor to an organization; nothing ties others.
fn ties(tx: &mut ReadTx<'_>, actor: &Actor, organization: OrganizationId, now: Timestamp) -> Result<Ties, Problem> {
    if !actor.is_staff() {
        return Ok(Ties::default());
    }
    let team = tx.account_team(organization)?;
    Ok(Ties {
        on_account_team: team.is_some_and(|team| team.is_looked_after_by(actor, ACCOUNT_TEAM)),
        granted: tx.held_grant_since(actor.id(), organization, now.minus(GRANT_MEMORY))?,
    })
}

/// Who has to be named unavailable in an escalation that was opened at a moment (E-4).
pub(crate) fn to_be_named(
    tx: &mut ReadTx<'_>,
    organization: OrganizationId,
    opened_at: Timestamp,
) -> Result<Vec<ContactId>, Problem> {
    let guards = tx.guards_of(organization, opened_at)?;
    Ok(guards.iter().filter(|one| must_be_named(one, opened_at)).map(|one| one.id).collect())
}

/// The fence of a command that moves an escalation: its organization is changed.
pub(crate) fn fence(unlocked: &mut Unlocked<'_>, id: EscalationId) -> Result<Fence, Problem> {
    let organization = unlocked.organization_of_escalation(id)?;
    Ok(Fence::new().changes(organization))
}

/// Which escalations to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListEscalationsQuery {
    /// In one of these states.
    #[serde(default)]
    #[param(nullable = false)]
    status: Vec<EscalationStatusIn>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List an organization's escalations
///
/// Newest first, for designated contacts of the organization and the staff who look after customers.
#[utoipa::path(tag = "escalations", operation_id = "listEscalations",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), ListEscalationsQuery),
    responses((status = 200, description = "A page of escalations.", body = EscalationPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/escalations")]
pub(crate) async fn list_escalations(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListEscalationsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let statuses: Vec<EscalationStatus> = value.status.iter().map(|status| status.0).collect();
    errors.finish(|| Some(()))?;
    let (page, reading) = (request.page.clone(), Arc::clone(&app));
    let (views, next) = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            escalation::allow_list(&standing, organization.0)?;
            let slice = tx.escalations(organization.0, &statuses, asker.now, &page)?;
            let rows = slice.rows.into_iter().map(|row| row.settled(asker.now));
            let views =
                rows.map(|row| shown(&reading, tx, (&asker.actor, asker.now), &row)).collect::<Result<Vec<_>, _>>()?;
            Ok((views, slice.next))
        })
        .await?;
    Ok(request.answer::<EscalationPage>(views, next.as_ref()))
}

/// Read an escalation
///
/// For designated contacts of its organization and the staff who look after customers; staff also see the evidence, the numbers that may
/// be called, and what to look at twice.
#[utoipa::path(tag = "escalations", operation_id = "getEscalation",
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The escalation.", body = EscalationView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/escalations/{escalation_id}")]
pub(crate) async fn get_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let reading = Arc::clone(&app);
    let (view, version) = app
        .read(caller, move |tx, asker| {
            let visible = escalation::view(asker.now, facts(tx, &asker.actor, asker.now, id.0)?)?;
            let escalation = visible.value();
            // What lapsed changes without a new version; a cache must not go on calling it open.
            let version = (escalation.state.status() != EscalationStatus::Lapsed).then_some(escalation.version);
            Ok((shown(&reading, tx, (&asker.actor, asker.now), escalation)?, version))
        })
        .await?;
    Ok(match version {
        Some(version) => if_none_match.answer(version, view),
        None => HttpResponse::Ok().json(view),
    })
}

/// What changes in an escalation; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "letter": {"author_name": "Carla Mendes", "author_title": "Chief Operating Officer", "author_seniority": "c_level", "author_email": "carla.mendes@acme.example", "grants_contact_creation": true, "signed": true}
}))]
pub struct PatchEscalationBody {
    /// What changes of the letter.
    #[validate(nested)]
    #[schema(nullable = false)]
    letter: Option<LetterBody>,
    /// What changes of the nominee.
    #[validate(nested)]
    #[schema(nullable = false)]
    nominee: Option<PatchNomineeBody>,
    /// Why each primary support contact cannot be turned to, as a whole.
    #[validate(nested)]
    #[schema(nullable = false)]
    unavailable: Option<Vec<UnavailableBody>>,
}

/// Edit an escalation
///
/// While it is `submitted` or `information_requested`, for whoever opened it, duty managers and the account team. What was verified of the
/// parts that change is void.
#[utoipa::path(tag = "escalations", operation_id = "updateEscalation",
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    request_body(content = PatchEscalationBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The escalation.", body = EscalationView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "invalid_transition", "attachment_not_allowed"]))))]
#[patch("/v1/escalations/{escalation_id}")]
pub(crate) async fn update_escalation(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    if_match: IfMatch,
    body: Body<PatchEscalationBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, .. } = body;
    let change = CaseChange {
        letter: value.letter.unwrap_or_default().read(&mut errors),
        nominee: value.nominee.map(|nominee| nominee.read(&mut errors)).unwrap_or_default(),
        unavailable: value.unavailable.map(|named| read_unavailable(&named, &mut errors)),
    };
    let change = errors.finish(|| Some(change))?;
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let actor = context.signed_in()?;
        let facts = facts(tx, actor, context.now, id.0)?;
        // Nothing of what is named is looked up for somebody who may not see the escalation.
        let present = escalation::view(context.now, facts.clone())?.into_value();
        let case = change.clone().apply(&present.case);
        let command = EditCase {
            known_primaries: known_primaries(tx, (present.organization.id, present.created_at), &case.unavailable)?,
            known_attachments: known_attachments(
                tx,
                actor,
                context.now,
                (Some(present.id), present.service_request),
                &case.letter.attachments,
            )?,
            expected_version: expected(&if_match, Some(present.version)),
            case,
        };
        let edited = escalation_step::edit(context, facts, command)?;
        tx.save_escalation(&edited)?;
        follow(app, tx, context, &edited)?;
        let view = shown(app, tx, (actor, context.now), edited.after())?;
        Answer::ok(edited.after().version, id.0, &view)
    };
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}
