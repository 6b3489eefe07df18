//! Emails about a service request to everybody whom it concerns (S-12, G-7): how they are owed, and who gets one.
//!
//! A change owes one broadcast, however many receivers it has; the emails are owed one by one afterwards. Whether a receiver gets
//! theirs is decided here when it leaves.

use crate::access::{Standing, Visible};
use crate::id::{AnyId, PersonId, ServiceRequestId};
use crate::message::Message;
use crate::request_access::reads;
use crate::service_request::{self, RequestFacts, ServiceRequest};
use crate::vocabulary::{ContactType, MailKind, RequestStatus};

/// An email that is owed to everybody whom a service request concerns, to every contact of an escalation's organization (E-7), or to
/// the contact managers and primary support contacts of an organization (C-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcast {
    /// What it is about.
    pub kind: MailKind,
    /// The thing it is about.
    pub about: AnyId,
    /// The request; none where it is about something else.
    pub request: Option<ServiceRequestId>,
    /// Who brought it about, and is not told.
    pub by: Option<PersonId>,
}

/// What must be known of a receiver when their email is about to leave.
#[derive(Debug, Clone)]
pub struct ReceiverFacts {
    /// The request, and what the receiver is to it.
    pub request: RequestFacts,
    /// Whether whoever submitted it is an active contact of its organization.
    pub submitter_is_here: bool,
}

/// The request, if it concerns a receiver who may still read it: they take part in it; they are a partner's person whose level
/// reaches it, whether granted to them or to their organization (S-12); or they stand in for a point of contact whose grant rests:
/// the submitter or, where they are not of the organization any more, its primary support contacts (C-15).
fn concerned(facts: &ReceiverFacts) -> Option<ServiceRequest> {
    let request = service_request::view(&facts.request).ok()?.into_value();
    let RequestFacts { actor, standing, lead_at_rest, .. } = &facts.request;
    let takes_part = facts.request.traits(&request).involvement.is_some();
    let is_granted = matches!(standing, Standing::Partner(held) if reads(held.level));
    let stands_in = || match standing {
        Standing::Member { .. } if facts.submitter_is_here => request.submitted_by.id == actor.id(),
        Standing::Member { kind, .. } => *kind == ContactType::PrimarySupport,
        Standing::Partner(_) | Standing::Staff { .. } | Standing::Stranger => false,
    };
    (takes_part || is_granted || (*lead_at_rest && stands_in())).then_some(request)
}

/// A request to which a receiver was added, as long as they take part in it and may read it (S-7).
pub fn added(facts: &RequestFacts) -> Option<Visible<ServiceRequest>> {
    facts.role?;
    service_request::view(facts).ok()
}

/// A public reply, for a receiver who did not write it (S-12); never an internal note (S-5).
pub fn reply(facts: &ReceiverFacts, message: &Message) -> Option<Visible<(ServiceRequest, Message)>> {
    let receiver = &facts.request.actor;
    let request = concerned(facts)?;
    let is_author = message.author.as_ref().is_some_and(|author| author.id == receiver.id());
    let is_news = !message.internal && !is_author && message.request == request.id;
    is_news.then(|| Visible::new((request, message.clone()), receiver))
}

/// A request that was solved or closed, for a receiver, as long as it still is.
pub fn status(facts: &ReceiverFacts, status: RequestStatus) -> Option<Visible<ServiceRequest>> {
    let request = concerned(facts)?;
    (request.status == status).then(|| Visible::new(request, &facts.request.actor))
}
