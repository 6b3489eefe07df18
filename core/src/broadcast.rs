//! Emails about a service request to everybody whom it concerns (S-12, G-7): how they are owed, and who gets one.
//!
//! A change owes one broadcast, however many receivers it has; the emails are owed one by one afterwards. Whether a receiver gets
//! theirs is decided here when it leaves.

use crate::access::Visible;
use crate::effective_access::HeldGrants;
use crate::id::{AnyId, ServiceRequestId};
use crate::message::Message;
use crate::request_access::reads;
use crate::service_request::{self, RequestFacts, ServiceRequest};
use crate::time::Timestamp;
use crate::vocabulary::{MailKind, RequestStatus};

/// An email that is owed to everybody whom a service request concerns, or to every contact of an escalation's organization (E-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcast {
    /// What it is about.
    pub kind: MailKind,
    /// The thing it is about.
    pub about: AnyId,
    /// The request; none where it is about an escalation.
    pub request: Option<ServiceRequestId>,
}

/// What must be known of a receiver when their email is about to leave.
#[derive(Debug, Clone)]
pub struct ReceiverFacts {
    /// The request, and what the receiver is to it.
    pub request: RequestFacts,
    /// The grants that can decide for them.
    pub grants: HeldGrants,
}

/// The request, if it concerns a receiver who may still read it: they take part in it, or their organization as a whole was
/// granted `view` or above (G-7).
fn concerned(now: Timestamp, facts: &ReceiverFacts) -> Option<ServiceRequest> {
    let request = service_request::view(&facts.request).ok()?.into_value();
    let takes_part = facts.request.traits(&request).involvement.is_some();
    let is_granted = facts
        .grants
        .organization_wide(now)
        .is_some_and(|held| reads(held.level) && held.scope.reaches(request.created_at, request.closed_at));
    (takes_part || is_granted).then_some(request)
}

/// A request to which a receiver was added, as long as they take part in it and may read it (S-7).
pub fn added(facts: &RequestFacts) -> Option<Visible<ServiceRequest>> {
    facts.role?;
    service_request::view(facts).ok()
}

/// A public reply, for a receiver who did not write it (S-12); never an internal note (S-5).
pub fn reply(now: Timestamp, facts: &ReceiverFacts, message: &Message) -> Option<Visible<(ServiceRequest, Message)>> {
    let receiver = &facts.request.actor;
    let request = concerned(now, facts)?;
    let is_author = message.author.as_ref().is_some_and(|author| author.id == receiver.id());
    let is_news = !message.internal && !is_author && message.request == request.id;
    is_news.then(|| Visible::new((request, message.clone()), receiver))
}

/// A request that was solved or closed, for a receiver, as long as it still is.
pub fn status(now: Timestamp, facts: &ReceiverFacts, status: RequestStatus) -> Option<Visible<ServiceRequest>> {
    let request = concerned(now, facts)?;
    (request.status == status).then(|| Visible::new(request, &facts.request.actor))
}
