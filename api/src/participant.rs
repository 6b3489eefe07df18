//! Who takes part in service requests, over HTTP (S-7, S-9).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use mandate_core::access::Visible;
use mandate_core::change::Context;
use mandate_core::contact::NewContact;
use mandate_core::id::{OrganizationId, PersonId, ServiceRequestId, ServiceRequestKind};
use mandate_core::participant::{self, AddFacts, AddParticipant, Added, Invited, PARTICIPANTS_MAX, Part, RemoveFacts};
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::say;
use mandate_core::service_request::{self, RequestFacts, ServiceRequest};
use mandate_core::text::Flaw;
use mandate_core::time::Timestamp;
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::Involvement;
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::IfMatch;
use crate::contact::{self, CreateContactBody};
use crate::extract::{Body, PathId, PathPerson, WholeList};
use crate::input::Errors;
use crate::person::PersonRefView;
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::service_request::{around, point_of_contact};
use crate::state::App;
use crate::wire::{InvolvementIn, InvolvementOut, PersonIdWire, ServiceRequestIdWire, TimestampWire};

/// Where the members of a new contact lie in the body.
const NEW_CONTACT: &str = "/new_contact";

/// Somebody who takes part in a service request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParticipantView {
    /// Who.
    person: PersonRefView,
    /// How: `point_of_contact`, `secondary` (gets copies of replies and may update this request) or `cc` (gets copies).
    role: InvolvementOut,
    /// Whether they can see the request now: not before they set a password, nor without the grant behind it.
    #[schema(example = true)]
    active: bool,
    /// When they were added; `null` for the point of contact.
    #[schema(required = true)]
    added_at: Option<TimestampWire>,
    /// By whom; `null` for the point of contact.
    #[schema(required = true)]
    added_by: Option<PersonRefView>,
    /// Grows by one with each change; for the point of contact it is the request's.
    #[schema(example = 1)]
    version: i64,
}

impl From<&Part> for ParticipantView {
    fn from(part: &Part) -> Self {
        let (added_at, added_by) = part.added.as_ref().map(|(at, by)| (*at, by)).unzip();
        Self {
            person: PersonRefView::from(&part.person),
            role: part.role.into(),
            active: part.active,
            added_at: added_at.map(Into::into),
            added_by: added_by.map(PersonRefView::from),
            version: part.version,
        }
    }
}

/// Everybody who takes part in a service request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParticipantList {
    /// The point of contact, then the others in the order in which they were added.
    data: Vec<ParticipantView>,
    /// Always `null`: the list is whole.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List the participants of a service request
///
/// For whoever may read the request: its point of contact, and everybody else who takes part.
#[utoipa::path(tag = "participants", operation_id = "listParticipants",
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request.")),
    responses((status = 200, description = "Everybody who takes part.", body = ParticipantList), Problems))]
#[get("/v1/service-requests/{service_request_id}/participants")]
pub(crate) async fn list_participants(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    _: WholeList,
) -> Result<HttpResponse, Problem> {
    let parts = app
        .read(caller, move |tx, asker| {
            let visible = service_request::view(&tx.request_facts(&asker.actor, request_id.0, asker.now)?)?;
            let contact = contact_of(tx, visible.value())?;
            let participants = tx.participants(request_id.0)?;
            Ok(participant::parts(asker.now, &visible, contact, participants))
        })
        .await?;
    let data = parts.iter().map(ParticipantView::from).collect();
    Ok(HttpResponse::Ok().json(ParticipantList { data, next_cursor: None }))
}

/// The point of contact, with all that decides what they may see.
fn contact_of(tx: &mut ReadTx<'_>, request: &ServiceRequest) -> Result<Option<Candidate>, Problem> {
    Ok(match &request.point_of_contact {
        Some(contact) => tx.candidate(contact.id, request.organization.id, None)?,
        None => None,
    })
}

/// Somebody who is to take part in a service request to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitedParticipantBody {
    /// Who: a contact of the organization with `designated_support` or above, or a person with a live grant of it.
    #[schema(required = true, nullable = false)]
    person_id: Option<PersonIdWire>,
    /// How: `secondary` or `cc`.
    #[schema(required = true, nullable = false)]
    role: Option<InvolvementIn>,
}

/// Somebody who is to take part in a service request to be, as read.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) person: PersonId,
    role: Involvement,
    mail: mandate_core::id::MailId,
}

/// Reads who is to take part from the beginning.
pub(crate) fn read_invited(errors: &mut Errors, app: &App, invited: Vec<InvitedParticipantBody>) -> Vec<Wanted> {
    if invited.len() > PARTICIPANTS_MAX {
        errors.add(
            "/participants",
            Flaw::new("too_long", say!("must have at most {max} elements", max = PARTICIPANTS_MAX)),
        );
    }
    let read = |(index, body): (usize, InvitedParticipantBody)| {
        let person = errors.given(&format!("/participants/{index}/person_id"), body.person_id);
        let role = errors.given(&format!("/participants/{index}/role"), body.role);
        if role.is_some_and(|role| role.0 == Involvement::PointOfContact) {
            let why = say!(
                "a new request begins with `secondary` and `cc`; its point of contact is named in `point_of_contact`"
            );
            errors.add(&format!("/participants/{index}/role"), Flaw::new("invalid_value", why));
        }
        Some(Wanted { person: person?.0, role: role?.0, mail: app.id() })
    };
    invited.into_iter().take(PARTICIPANTS_MAX).enumerate().filter_map(read).collect()
}

/// What must be known of those who are to take part from the beginning.
pub(crate) fn invited(
    tx: &mut ReadTx<'_>,
    organization: OrganizationId,
    wanted: &[Wanted],
) -> Result<Vec<Invited>, Problem> {
    let candidate = |one: &Wanted| {
        Ok(Invited { candidate: tx.candidate(one.person, organization, None)?, role: one.role, mail: one.mail })
    };
    wanted.iter().map(candidate).collect()
}

/// Somebody who is to take part in a service request: either a person or a new contact.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "cc", "person_id": "contact_01h455vb4pex5vsknk084sn02q"}))]
pub struct AddParticipantBody {
    /// Who: a contact of the organization with `designated_support` or above, or a person with a live grant of it.
    #[schema(nullable = false)]
    person_id: Option<PersonIdWire>,
    /// A designated contact to be, instead of `person_id`: for contact managers and partners with `full_admin`.
    #[validate(nested)]
    #[schema(nullable = false)]
    new_contact: Option<CreateContactBody>,
    /// How: `point_of_contact`, `secondary` or `cc`.
    #[schema(required = true, nullable = false)]
    role: Option<InvolvementIn>,
}

/// Who is to take part, and the contact whom it takes to be created first.
#[derive(Debug, Clone)]
struct Joining {
    new_contact: Option<NewContact>,
    participant: AddParticipant,
}

impl AddParticipantBody {
    fn into_command(self, mut errors: Errors, app: &App, now: Timestamp) -> Result<Joining, Problem> {
        let role = errors.given("/role", self.role);
        match (&self.person_id, &self.new_contact) {
            (None, None) => {
                errors.add("/person_id", Flaw::new("required", say!("must be given, or `new_contact` instead")))
            }
            (Some(_), Some(_)) => {
                errors.add(
                    NEW_CONTACT,
                    Flaw::new("not_allowed", say!("leave it out, or `person_id`: one person is added")),
                );
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        let new_contact = match self.new_contact {
            Some(body) => match body.into_command(Errors::of_body(), app, now) {
                Ok(contact) => Some(contact),
                Err(problem) => {
                    errors.merge_below(NEW_CONTACT, problem);
                    None
                }
            },
            None => None,
        };
        errors.finish(|| {
            let person = self.person_id.map(|id| id.0).or(new_contact.as_ref().map(|contact| contact.id.into()));
            let participant =
                AddParticipant { person: person?, role: role?.0, expected_version: None, mails: [app.id(), app.id()] };
            Some(Joining { new_contact, participant })
        })
    }
}

/// Add a participant to a service request
///
/// For whoever may update the request; where it gives a partner or a vendor's consultant more than their grant does, for the
/// organization's own contacts alone. Who takes part already gets the role, and the answer is 200. As `point_of_contact` they take
/// that role over. With `new_contact` a contact manager creates a designated contact and adds them in one step.
#[utoipa::path(tag = "participants", operation_id = "addParticipant", request_body = AddParticipantBody,
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request.")),
    responses((status = 201, description = "The new participant.", body = ParticipantView),
        (status = 200, description = "The participant, who took part before.", body = ParticipantView),
        Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "contact_manager_protected", "outside_customer_domains", "contact_exists", "contact_in_other_organization", "service_request_closed", "point_of_contact_required", "too_many_participants", "vendor_staff_not_allowed", "contact_combination_invalid", "point_of_contact_not_allowed", "site_not_allowed", "participant_not_allowed"]))))]
#[post("/v1/service-requests/{service_request_id}/participants")]
pub(crate) async fn add_participant(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    if_match: IfMatch,
    body: Body<AddParticipantBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors, &app, caller.now)?;
    let person = wanted.participant.person;
    let work =
        move |_: &App, tx: &mut WriteTx<'_>, context: &Context| add(tx, context, request_id.0, &if_match, &wanted);
    let fence = move |unlocked: &mut Unlocked<'_>| {
        let fence = fence(unlocked, request_id.0)?;
        around(unlocked, fence, [person])
    };
    app.write(caller.with_body(body.digest), command(fence, work)).await
}

/// The fence of a command that changes what somebody may do in a request.
fn fence(unlocked: &mut Unlocked<'_>, request: ServiceRequestId) -> Result<Fence, Problem> {
    let organization = unlocked.organization_of_request(request)?;
    Ok(Fence::new().changes(organization))
}

fn add(
    tx: &mut WriteTx<'_>,
    context: &Context,
    id: ServiceRequestId,
    if_match: &IfMatch,
    wanted: &Joining,
) -> Result<Answer, Problem> {
    let request = tx.request_facts(context.signed_in()?, id, context.now)?;
    let visible = service_request::view(&request)?;
    let organization = visible.value().organization.id;
    if let Some(contact) = &wanted.new_contact {
        introduce(tx, context, organization, &request, contact).map_err(|problem| problem.below(NEW_CONTACT))?;
    }
    let AddParticipant { person, role, .. } = wanted.participant;
    let participants = tx.participants(id)?;
    let count = participants.len();
    let present = participants.into_iter().map(|(one, _)| one).find(|one| one.person.id == person);
    let is_contact = visible.value().point_of_contact.as_ref().is_some_and(|contact| contact.id == person);
    let took_part = present.is_some() || is_contact;
    let version = match role {
        Involvement::PointOfContact => Some(visible.value().version),
        Involvement::Secondary | Involvement::Cc => present.as_ref().map(|present| present.version),
    };
    let facts = AddFacts {
        request,
        candidate: tx.candidate(
            person,
            organization,
            present.as_ref().and_then(participant::Participant::held_role),
        )?,
        point_of_contact: match role {
            Involvement::PointOfContact => point_of_contact(tx, Some(person), organization, context.now)?,
            Involvement::Secondary | Involvement::Cc => PointOfContact::Unnamed,
        },
        present,
        count,
    };
    let expected_version = expected(if_match, version);
    let added = participant::add(context, facts, AddParticipant { expected_version, ..wanted.participant })?;
    let part = save(tx, context, &visible, &added)?;
    let view = part.as_ref().map(ParticipantView::from);
    let version = part.map_or(1, |part| part.version);
    let location = format!("/v1/service-requests/{id}/participants");
    let answer =
        if took_part { Answer::ok(version, id, &view)? } else { Answer::created(location, version, id, &view)? };
    Ok(answer.untagged())
}

/// Creates the contact who is to take part (S-9).
fn introduce(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    request: &RequestFacts,
    wanted: &NewContact,
) -> Result<(), Problem> {
    let facts = contact::create_facts(tx, context, organization, wanted)?;
    let welcomed = participant::introduce(context, request, facts, wanted.clone())?;
    contact::save_new(tx, &welcomed)
}

/// Saves what adding somebody changed, and tells how they take part now.
fn save(
    tx: &mut WriteTx<'_>,
    context: &Context,
    visible: &Visible<ServiceRequest>,
    added: &Added,
) -> Result<Option<Part>, Problem> {
    Ok(match added {
        Added::PointOfContact(change) => {
            tx.save_service_request(change)?;
            let contact = contact_of(tx, change.after())?;
            participant::parts(context.now, &change.visible(context.signed_in()?), contact, Vec::new()).pop()
        }
        Added::Participant(change) => {
            tx.save_participant(change)?;
            let participant = change.after().clone();
            let organization = visible.value().organization.id;
            let candidate = tx.candidate(participant.person.id, organization, participant.held_role())?;
            let one = candidate.map(|candidate| (participant, candidate)).into_iter().collect();
            participant::parts(context.now, visible, None, one).pop()
        }
    })
}

/// Remove a participant from a service request
///
/// For whoever may update the request, and for the participant. The point of contact stays until another one is named.
#[utoipa::path(tag = "participants", operation_id = "removeParticipant",
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request."),
        ("person_id" = PersonIdWire, Path, description = "Who is to take part no longer.")),
    responses((status = 204, description = "They take part no longer."), Problems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "service_request_closed", "point_of_contact_required"]))))]
#[delete("/v1/service-requests/{service_request_id}/participants/{person_id}")]
pub(crate) async fn remove_participant(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    person: PathPerson,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let request = tx.request_facts(context.signed_in()?, request_id.0, context.now)?;
        let present = tx.participant(request_id.0, person.0)?;
        let expected_version = expected(&if_match, present.as_ref().map(|present| present.version));
        let removed = participant::remove(context, RemoveFacts { request, present }, person.0, expected_version)?;
        tx.save_participant(&removed)?;
        Ok(Answer::no_content())
    };
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, request_id.0), work)).await
}
