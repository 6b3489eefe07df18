//! What the system itself does to service requests: hands them over, tells of an escalation in them, and records things (C-15, E-9).

use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context};
use crate::id::{ContactId, MessageId, ServiceRequestId};
use crate::journal::EventKind;
use crate::message::Message;
use crate::service_request::{SEVERITY_MAX, ServiceRequest, first_message, moved};
use crate::text::{MessageBody, Subject};
use crate::vocabulary::{Category, RequestStatus};

/// Gives the requests of a disabled contact to somebody else, or to nobody (C-15).
pub(crate) fn hand_over(
    context: &Context,
    authority: Authority,
    request: ServiceRequest,
    heir: Option<PersonRef>,
) -> Change<ServiceRequest> {
    let after = ServiceRequest { point_of_contact: heir, admission: None, ..request.clone() };
    Change::update(context, authority, EventKind::RequestUpdated, request, after)
}

/// Writes a message about an escalation into a request, of whoever took the step, or of nobody where the system did, moves it along, and
/// makes it confidential for good, for partners may not learn of an escalation (E-11).
pub(crate) fn narrate(
    context: &Context,
    authority: Authority,
    before: ServiceRequest,
    status: RequestStatus,
    (message, body): (MessageId, MessageBody),
) -> (Change<ServiceRequest>, Change<Message>) {
    let author = context.actor.as_ref().map(Actor::reference);
    let moved = moved(before.clone(), status, context.now);
    let after =
        ServiceRequest { activity_at: context.now, confidential: true, only_guards_open: true, sealed: true, ..moved };
    let message = first_message(&after, author, message, body, context.now);
    (
        Change::update(context, authority, EventKind::RequestUpdated, before, after),
        Change::create(context, authority, EventKind::MessageCreated, message),
    )
}

/// The system's own record of something (C-15).
pub(crate) struct NewRecord {
    pub(crate) id: ServiceRequestId,
    pub(crate) number: i64,
    pub(crate) organization: OrganizationRef,
    pub(crate) subject: Subject,
    pub(crate) category: Category,
    pub(crate) status: RequestStatus,
    pub(crate) point_of_contact: Option<PersonRef>,
    pub(crate) about: ContactId,
}

/// Writes a record down as a request with one message.
pub(crate) fn record(
    context: &Context,
    authority: Authority,
    actor: &Actor,
    record: NewRecord,
    message: MessageId,
    body: MessageBody,
) -> (Change<ServiceRequest>, Change<Message>) {
    let request = ServiceRequest {
        id: record.id,
        number: record.number,
        organization: record.organization,
        subject: record.subject,
        category: record.category,
        severity: SEVERITY_MAX,
        status: RequestStatus::Open,
        submitted_by: actor.reference(),
        submitted_by_grant: authority.grant,
        confidential: false,
        only_guards_open: false,
        sealed: false,
        point_of_contact: record.point_of_contact,
        admission: None,
        assigned_to: None,
        follow_up_of: None,
        about: Some(record.about),
        created_at: context.now,
        updated_at: context.now,
        activity_at: context.now,
        solved_at: None,
        closed_at: None,
        version: 1,
    };
    let request = moved(request, record.status, context.now);
    let message = first_message(&request, Some(actor.reference()), message, body, context.now);
    (
        Change::create(context, authority, EventKind::RequestCreated, request),
        Change::create(context, authority, EventKind::MessageCreated, message),
    )
}
