//! Service requests over HTTP: create, read, edit (S-1 … S-4, S-8, S-13, S-14).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::effective_access::HeldGrants;
use mandate_core::id::{OrganizationId, PersonId, ServiceRequestId, ServiceRequestKind};
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::say;
use mandate_core::service_request::{
    self, CreateFacts, CreateRequest, EditFacts, EditRequest, RequestFacts, SEVERITY_MAX, SEVERITY_MIN, ServiceRequest,
};
use mandate_core::text::{Flaw, MESSAGE_MAX, MessageBody, SUBJECT_MAX, Subject};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Category;
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::call_list::{self, CalleeView};
use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, PathId};
use crate::input::{Errors, present};
use crate::participant::{self, InvitedParticipantBody};
use crate::partner_grant::OrganizationRefView;
use crate::person::PersonRefView;
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{
    CategoryIn, CategoryOut, ContactIdWire, OrganizationIdWire, PersonIdWire, RequestStatusIn, RequestStatusOut,
    ServiceRequestIdWire, TimestampWire,
};

/// A service request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceRequestView {
    /// Its id.
    id: ServiceRequestIdWire,
    /// Its number, as people say it.
    #[schema(example = "SR-000123")]
    number: String,
    /// Whose it is.
    organization_id: OrganizationIdWire,
    /// Whose it is, with the name.
    organization: OrganizationRefView,
    /// What it is about.
    #[schema(example = "Login page shows error 500")]
    subject: String,
    /// Of which kind it is.
    category: CategoryOut,
    /// From 1, the worst, to 4.
    #[schema(minimum = 1, maximum = 4, example = 2)]
    severity: i32,
    /// Where it stands: `open`, `waiting_on_support`, `waiting_on_customer`, `solved` or `closed`.
    status: RequestStatusOut,
    /// Who submitted it.
    submitted_by: PersonRefView,
    /// The organization for which a partner or agent submitted it; `null` where its own contact did.
    #[schema(required = true)]
    submitted_for: Option<OrganizationRefView>,
    /// Whom agents work with; `null` when they were disabled and nobody took over.
    #[schema(required = true)]
    point_of_contact: Option<PersonRefView>,
    /// Whether only those see it whom it names, the organization's primary support contacts and the desk.
    #[schema(example = false)]
    confidential: bool,
    /// Whether the point of contact is a partner; not while the grant behind it gives nothing.
    #[schema(example = false)]
    partner_managed: bool,
    /// Which staff member works on it.
    #[schema(required = true)]
    assigned_to: Option<PersonRefView>,
    /// The closed request that it follows up; `null` also for who may not see that one.
    #[schema(required = true)]
    follow_up_of: Option<ServiceRequestIdWire>,
    /// The contact whose record it is tied to.
    #[schema(required = true)]
    about_contact_id: Option<ContactIdWire>,
    /// When it was submitted.
    created_at: TimestampWire,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// When somebody last wrote or changed something in it; lists are ordered by this.
    last_activity_at: TimestampWire,
    /// When it was solved, while it is.
    #[schema(required = true)]
    solved_at: Option<TimestampWire>,
    /// When it was closed.
    #[schema(required = true)]
    closed_at: Option<TimestampWire>,
    /// Who wants to be called about it now: for agents and duty managers who read a request of severity 1 or 2 by its id, those
    /// who take part in it first; else `null`.
    #[schema(required = true)]
    call_list: Option<Vec<CalleeView>>,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

impl ServiceRequestView {
    /// A request as it is at a moment, for a reader who may see it, and perhaps the one that it follows up.
    fn of(request: &ServiceRequest, now: Timestamp, sees_follow_up: bool) -> Self {
        let is_own = request.submitted_by.organization == request.organization.id;
        Self {
            id: request.id.into(),
            number: request.spoken_number(),
            organization_id: request.organization.id.into(),
            organization: OrganizationRefView::from(&request.organization),
            subject: request.subject.to_string(),
            category: request.category.into(),
            severity: request.severity,
            status: request.status.into(),
            submitted_by: PersonRefView::from(&request.submitted_by),
            submitted_for: if is_own { None } else { Some(OrganizationRefView::from(&request.organization)) },
            point_of_contact: request.point_of_contact.as_ref().map(PersonRefView::from),
            confidential: request.confidential,
            partner_managed: request.is_partner_managed(now),
            assigned_to: request.assigned_to.as_ref().map(PersonRefView::from),
            follow_up_of: request.follow_up_of.filter(|_| sees_follow_up).map(Into::into),
            about_contact_id: request.about.map(Into::into),
            created_at: request.created_at.into(),
            updated_at: request.updated_at.into(),
            last_activity_at: request.activity_at.into(),
            solved_at: request.solved_at.map(Into::into),
            closed_at: request.closed_at.map(Into::into),
            call_list: None,
            version: request.version,
        }
    }
}

/// A request as its reader sees it: with the one that it follows up only if they may see that one too (S-4).
pub(crate) fn shown(
    tx: &mut ReadTx<'_>,
    reader: &Actor,
    now: Timestamp,
    request: &ServiceRequest,
) -> Result<ServiceRequestView, Problem> {
    let sees_follow_up = match request.follow_up_of {
        Some(closed) => service_request::view(&tx.request_facts(reader, closed, now)?).is_ok(),
        None => true,
    };
    Ok(ServiceRequestView::of(request, now, sees_follow_up))
}

/// A service request to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "subject": "Login page shows error 500", "category": "incident", "severity": 2,
    "message": "Since this morning nobody can sign in."
}))]
pub struct CreateServiceRequestBody {
    /// Whose it shall be; the caller's own organization if absent.
    #[schema(nullable = false)]
    organization_id: Option<OrganizationIdWire>,
    /// What it is about, in one line.
    #[validate(length(max = SUBJECT_MAX))]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 200,
        example = "Login page shows error 500"
    )]
    subject: Option<String>,
    /// Of which kind it is. `contact_deactivation` is the system's own.
    #[schema(required = true, nullable = false)]
    category: Option<CategoryIn>,
    /// From 1, the worst, to 4.
    #[validate(range(min = SEVERITY_MIN, max = SEVERITY_MAX))]
    #[schema(required = true, nullable = false, minimum = 1, maximum = 4, example = 2)]
    severity: Option<i32>,
    /// The first message, Markdown or plain.
    #[validate(length(max = MESSAGE_MAX))]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 65536,
        example = "Since this morning nobody can sign in."
    )]
    message: Option<String>,
    /// Whom agents shall work with: a designated contact of the organization or an enabled partner; the submitter if absent.
    point_of_contact: Option<PersonIdWire>,
    /// Whether only those shall see it whom it names, the organization's primary support contacts and the desk; as the request
    /// that it follows up, if absent.
    #[schema(nullable = false, example = false)]
    confidential: Option<bool>,
    /// The closed request that it follows up.
    follow_up_of: Option<ServiceRequestIdWire>,
    /// Who takes part besides, from the beginning.
    #[serde(default)]
    #[schema(max_items = 50)]
    participants: Vec<InvitedParticipantBody>,
}

/// A command and the references that its facts are loaded by.
#[derive(Debug, Clone)]
struct Wanted {
    organization: OrganizationId,
    point_of_contact: Option<PersonId>,
    follow_up_of: Option<ServiceRequestId>,
    participants: Vec<participant::Wanted>,
    request: CreateRequest,
}

impl CreateServiceRequestBody {
    fn into_command(self, mut errors: Errors, app: &App, own: OrganizationId, number: i64) -> Result<Wanted, Problem> {
        let subject = errors.required("/subject", &self.subject, Subject::parse);
        let category = errors.given("/category", self.category);
        if category.is_some_and(|category| category.0 == Category::ContactDeactivation) {
            errors.add(
                "/category",
                Flaw::new(
                    "invalid_value",
                    say!("`contact_deactivation` is the system's own; disable the contact instead"),
                ),
            );
        }
        let severity = errors.given("/severity", self.severity);
        let body = errors.required("/message", &self.message, MessageBody::parse);
        let participants = participant::read_invited(&mut errors, app, self.participants);
        errors.finish(|| {
            Some(Wanted {
                organization: self.organization_id.map_or(own, |id| id.0),
                point_of_contact: self.point_of_contact.map(|id| id.0),
                follow_up_of: self.follow_up_of.map(|id| id.0),
                participants,
                request: CreateRequest {
                    id: app.id(),
                    number,
                    subject: subject?,
                    category: category?.0,
                    severity: severity?,
                    confidential: self.confidential,
                    message: app.id(),
                    body: body?,
                    mails: [app.id(), app.id()],
                },
            })
        })
    }
}

/// Create a service request
///
/// For designated contacts of the organization, partners with `create` and above, and agents. Restricted categories are
/// for primary support contacts and partners with `service_admin`; `upgrade` for primary support contacts alone.
#[utoipa::path(tag = "service-requests", operation_id = "createServiceRequest", request_body = CreateServiceRequestBody,
    responses((status = 201, description = "The new request.", body = ServiceRequestView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["service_request_sealed", "permission_required", "primary_support_contact_required", "staff_only", "not_found", "point_of_contact_not_allowed", "follow_up_not_allowed", "participant_not_allowed"]))))]
#[post("/v1/service-requests")]
pub(crate) async fn create_service_request(
    app: Data<Arc<App>>,
    caller: Caller,
    body: Body<CreateServiceRequestBody>,
) -> Result<HttpResponse, Problem> {
    let number = app.number().await?;
    let unused = |_: &Problem| app.numbers.give_back(number);
    let wanted = body.value.into_command(body.errors, &app, caller.claims.organization, number).inspect_err(unused)?;
    let organization = wanted.organization;
    let named: Vec<PersonId> =
        wanted.point_of_contact.into_iter().chain(wanted.participants.iter().map(|one| one.person)).collect();
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| create(tx, context, &wanted);
    let fence =
        move |unlocked: &mut Unlocked<'_>| around(unlocked, Fence::new().uses(organization), named.iter().copied());
    let command = command(fence, work);
    app.write(caller.with_body(body.digest), command).await.inspect_err(unused)
}

fn create(tx: &mut WriteTx<'_>, context: &Context, wanted: &Wanted) -> Result<Answer, Problem> {
    let actor = context.signed_in()?.clone();
    let facts = CreateFacts {
        standing: tx.standing(&actor, wanted.organization, context.now)?,
        organization: tx.organization(wanted.organization)?,
        point_of_contact: point_of_contact(tx, wanted.point_of_contact, wanted.organization, context.now)?,
        follow_up_of: match wanted.follow_up_of {
            Some(id) => Some(tx.request_facts(&actor, id, context.now)?),
            None => None,
        },
        participants: participant::invited(tx, wanted.organization, &wanted.participants)?,
        actor,
    };
    let created = service_request::create(context, facts, wanted.request.clone())?;
    tx.save_service_request(&created.request)?;
    tx.save_message(&created.message)?;
    created.participants.iter().try_for_each(|participant| tx.save_participant(participant))?;
    let id = wanted.request.id;
    let view = shown(tx, context.signed_in()?, context.now, created.request.after())?;
    Answer::created(format!("/v1/service-requests/{id}"), 1, id, &view)
}

/// What must be known of somebody who is to be the point of contact.
pub(crate) fn point_of_contact(
    tx: &mut ReadTx<'_>,
    named: Option<PersonId>,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<PointOfContact, Problem> {
    match named {
        None => Ok(PointOfContact::Unnamed),
        Some(PersonId::Staff(id)) => {
            Ok(tx.staff_member(id)?.map_or(PointOfContact::Unknown, |_| PointOfContact::Staff))
        }
        Some(PersonId::Contact(id)) => {
            let (Some(contact), Some((person, _))) = (tx.contact(id)?, tx.actor(id.into())?) else {
                return Ok(PointOfContact::Unknown);
            };
            let held = tx.held_grants(&person, organization)?.deciding(now);
            Ok(PointOfContact::Contact(Box::new(contact), held))
        }
    }
}

/// Read a service request
///
/// For agents and duty managers a request of severity 1 or 2 has its `call_list`, and no `ETag`, because who is to be called
/// changes with the time of day.
#[utoipa::path(tag = "service-requests", operation_id = "getServiceRequest", params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request.")),
    responses((status = 200, description = "The request.", body = ServiceRequestView), NotModified, Problems))]
#[get("/v1/service-requests/{service_request_id}")]
pub(crate) async fn get_service_request(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ServiceRequestKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let again = caller.clone();
    let (version, view, is_called) = app
        .glance(move |tx| {
            let (caller_facts, rest) = match tx.caller_and_request(caller.claims.session, id.0)? {
                Some(found) => (Some(found.caller), Some((found.grants, found.request, found.role))),
                None => (None, None),
            };
            let asker = caller.recognize(caller_facts)?;
            let facts = match rest {
                Some((grants, request, role)) => RequestFacts::of(asker.now, asker.actor, &grants, request, role),
                None => RequestFacts::of(asker.now, asker.actor, &HeldGrants::NONE, None, None),
            };
            let visible = service_request::view(&facts)?;
            let view = shown(tx, &facts.actor, asker.now, visible.value())?;
            Ok((visible.value().version, view, mandate_core::call_list::allow(&facts).is_some()))
        })
        .await?;
    if is_called {
        let call_list = app.read(again, move |tx, asker| call_list::find(tx, asker, id.0)).await?;
        if call_list.is_some() {
            return Ok(HttpResponse::Ok().json(ServiceRequestView { call_list, ..view }));
        }
    }
    Ok(if_none_match.answer(version, view))
}

/// What changes in a service request; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "solved"}))]
pub struct PatchServiceRequestBody {
    /// What it is about.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200, example = "Login page shows error 500")]
    subject: Option<Option<String>>,
    /// From 1, the worst, to 4.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i32>, nullable = false, minimum = 1, maximum = 4, example = 1)]
    severity: Option<Option<i32>>,
    /// Where it shall stand. Customers and partners set `solved`, and take it back; staff set any.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<RequestStatusIn>, nullable = false)]
    status: Option<Option<RequestStatusIn>>,
    /// Which agent or duty manager shall work on it; `null` for nobody. For staff.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<PersonIdWire>)]
    assigned_to: Option<Option<PersonIdWire>>,
    /// Whether only those shall see it whom it names, the organization's primary support contacts and the desk. For a primary
    /// support contact of the organization, whoever submitted it, and the desk.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>, nullable = false, example = true)]
    confidential: Option<Option<bool>>,
    /// Whom agents shall work with.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<PersonIdWire>, nullable = false)]
    point_of_contact: Option<Option<PersonIdWire>>,
}

impl PatchServiceRequestBody {
    fn into_command(self, mut errors: Errors, app: &App) -> Result<EditRequest, Problem> {
        let subject = errors.not_null("/subject", self.subject);
        let severity = errors.not_null("/severity", self.severity);
        if severity.is_some_and(|severity| !(SEVERITY_MIN..=SEVERITY_MAX).contains(&severity)) {
            errors.add(
                "/severity",
                Flaw::new("out_of_range", say!("must be from {min} to {max}", min = SEVERITY_MIN, max = SEVERITY_MAX)),
            );
        }
        let edit = EditRequest {
            subject: errors.optional("/subject", &subject, Subject::parse),
            severity,
            status: errors.not_null("/status", self.status).map(|status| status.0),
            assigned_to: self.assigned_to.map(|person| person.map(|person| person.0)),
            confidential: errors.not_null("/confidential", self.confidential),
            point_of_contact: errors.not_null("/point_of_contact", self.point_of_contact).map(|person| person.0),
            expected_version: None,
            mails: Some([app.id(), app.id()]),
        };
        errors.finish(|| Some(edit))
    }
}

/// Edit a service request
///
/// For whoever may update it while it is not closed.
#[utoipa::path(tag = "service-requests", operation_id = "updateServiceRequest", params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request.")),
    request_body(content = PatchServiceRequestBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The request.", body = ServiceRequestView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["service_request_sealed", "permission_required", "primary_support_contact_required", "staff_only", "service_request_closed", "point_of_contact_not_allowed", "assignee_not_allowed"]))))]
#[patch("/v1/service-requests/{service_request_id}")]
pub(crate) async fn update_service_request(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ServiceRequestKind>,
    if_match: IfMatch,
    body: Body<PatchServiceRequestBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors, &app)?;
    let named = wanted.point_of_contact;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| edit(tx, context, id.0, &if_match, &wanted);
    let fence = move |unlocked: &mut Unlocked<'_>| {
        let fence = fence(unlocked, id.0)?;
        around(unlocked, fence, named)
    };
    app.write(caller, command(fence, work)).await
}

/// The same fence around those who are to take part as well: they must not be disabled meanwhile (C-15).
pub(crate) fn around(
    unlocked: &mut Unlocked<'_>,
    fence: Fence,
    named: impl IntoIterator<Item = PersonId>,
) -> Result<Fence, Problem> {
    named.into_iter().try_fold(fence, |fence, person| {
        let organization = unlocked.organization_of_person(person)?;
        Ok(fence.uses(organization))
    })
}

/// The fence of a command that works on a request: the authority of its organization is used.
pub(crate) fn fence(unlocked: &mut Unlocked<'_>, request: ServiceRequestId) -> Result<Fence, Problem> {
    let organization = unlocked.organization_of_request(request)?;
    Ok(Fence::new().uses(organization))
}

fn edit(
    tx: &mut WriteTx<'_>,
    context: &Context,
    id: ServiceRequestId,
    if_match: &IfMatch,
    wanted: &EditRequest,
) -> Result<Answer, Problem> {
    let request = tx.request_facts(context.signed_in()?, id, context.now)?;
    let (present, organization) = match &request.request {
        Some(request) => (Some(request.version), Some(request.organization.id)),
        None => (None, None),
    };
    let facts = EditFacts {
        request,
        assignee: match wanted.assigned_to {
            Some(Some(PersonId::Staff(id))) => tx.staff_member(id)?,
            _ => None,
        },
        point_of_contact: match organization {
            Some(organization) => point_of_contact(tx, wanted.point_of_contact, organization, context.now)?,
            None => PointOfContact::Unnamed,
        },
    };
    let expected_version = expected(if_match, present);
    let change = service_request::edit(context, facts, EditRequest { expected_version, ..wanted.clone() })?;
    tx.save_service_request(&change)?;
    let view = shown(tx, context.signed_in()?, context.now, change.after())?;
    Answer::ok(change.after().version, id, &view)
}
