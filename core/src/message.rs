//! Messages of a service request: public replies, and internal notes that only staff ever see (S-5).

use crate::access::{Action, Verdict, decide, require};
use crate::actor::PersonRef;
use crate::change::{Change, Context, Recorded};
use crate::id::{AnyId, MessageId, OrganizationId, ServiceRequestId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::refusal::Refusal;
use crate::service_request::{self, RequestFacts, ServiceRequest, expect_open, moved};
use crate::text::MessageBody;
use crate::time::Timestamp;
use crate::vocabulary::{MailKind, RequestStatus};

/// A message. Never edited, never deleted (S-5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The service request that it belongs to.
    pub request: ServiceRequestId,
    /// Whose request that is.
    pub organization: OrganizationId,
    /// Who wrote it; none for the system.
    pub author: Option<PersonRef>,
    /// Whether only staff may see it.
    pub internal: bool,
    /// What it says.
    pub body: MessageBody,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Recorded for Message {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    /// An internal note goes into its author's own journal, the vendor's, so that the customer's numbers have no gap.
    fn journal_of(&self) -> OrganizationId {
        match &self.author {
            Some(author) if self.internal => author.organization,
            Some(_) | None => self.organization,
        }
    }

    /// The text stays out of the journal: who may read the message is decided at the message.
    fn snapshot(&self) -> Snapshot {
        vec![
            ("service_request_id", Fact::text(self.request)),
            ("internal", Fact::Flag(self.internal)),
            ("characters", Fact::Number(i64::try_from(self.body.as_str().chars().count()).unwrap_or(i64::MAX))),
        ]
    }

    fn version(&self) -> i64 {
        1
    }

    fn next_version(self, _now: Timestamp) -> Self {
        self
    }
}

/// A message to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateMessage {
    /// Its id.
    pub id: MessageId,
    /// What it says.
    pub body: MessageBody,
    /// Whether only staff may see it.
    pub internal: bool,
}

/// A message and what it does to its request.
#[derive(Debug)]
pub struct Posted {
    /// The message.
    pub message: Change<Message>,
    /// The request, whose status and time of activity move.
    pub request: Change<ServiceRequest>,
}

/// Writes a message (S-3, S-4, S-5, S-7). A public reply is told to everybody whom the request concerns (S-12).
///
/// *Decides*: request visible? may update it? staff, if internal? not closed?
pub fn post(context: &Context, facts: RequestFacts, command: CreateMessage) -> Result<Posted, Refusal> {
    let before = service_request::updatable(&facts)?;
    let organization = before.organization.id;
    if command.internal {
        require(&facts.standing, Action::WorkOnRequests, organization)?;
    }
    expect_open(&before)?;
    let authority = facts.standing.authority(organization);
    let message = Message {
        id: command.id,
        request: before.id,
        organization,
        author: Some(facts.actor.reference()),
        internal: command.internal,
        body: command.body,
        created_at: context.now,
    };
    // A note moves nothing that a customer could see (S-5).
    let after = if command.internal {
        before.clone()
    } else {
        let status = next_status(before.status, facts.actor.is_staff());
        ServiceRequest { activity_at: context.now, ..moved(before.clone(), status, context.now) }
    };
    let kind = if command.internal { EventKind::NoteCreated } else { EventKind::MessageCreated };
    let (request, internal) = (before.id, command.internal);
    let message = Change::create(context, authority, kind, message);
    Ok(Posted {
        message: if internal { message } else { message.broadcast(MailKind::Reply, request) },
        request: Change::update(context, authority, EventKind::RequestUpdated, before, after),
    })
}

/// Where a request stands after a public message (S-4).
fn next_status(status: RequestStatus, by_staff: bool) -> RequestStatus {
    match status {
        RequestStatus::Closed => RequestStatus::Closed,
        _ if by_staff => RequestStatus::WaitingOnCustomer,
        RequestStatus::WaitingOnCustomer | RequestStatus::Solved => RequestStatus::WaitingOnSupport,
        RequestStatus::Open | RequestStatus::WaitingOnSupport => status,
    }
}

/// Which messages of a request its reader may see.
///
/// *Errors*: `not_found`.
pub fn allow_list(facts: &RequestFacts) -> Result<MessageReach, Refusal> {
    service_request::view(facts)?;
    Ok(MessageReach { internal: decide(&facts.standing, Action::WorkOnRequests) == Verdict::Permit })
}

/// Which messages of one request a list may reach. Made by [`allow_list`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageReach {
    internal: bool,
}

impl MessageReach {
    /// Whether internal notes are among them (S-5).
    pub fn reaches_internal(self) -> bool {
        self.internal
    }
}
