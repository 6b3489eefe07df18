//! Service requests: what they are, who may create, read and update them (S-1 … S-4, S-8, S-11, S-13, S-14).

use crate::access::{Action, Standing, Verdict, Visible, decide, denied, require};
use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context, Recorded};
use crate::id::{AnyId, ContactId, GrantId, MailId, MessageId, OrganizationId, PersonId, ServiceRequestId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::message::Message;
use crate::organization::{Organization, expect_version};
use crate::participant::{self, Invited, Participant};
use crate::point_of_contact::{self, PointOfContact};
use crate::refusal::{Code, Extra, Refusal, Requirement};
use crate::request_access::{RequestTraits, may_conceal, may_update, sight};
use crate::say;
use crate::staff::StaffMember;
use crate::text::{MessageBody, Subject};
use crate::time::{Span, Timestamp};
use crate::vocabulary::{Category, Involvement, MailKind, PersonStatus, RequestStatus, StaffRole, Vocabulary as _};
use crate::wording::Wording;

/// The worst severity.
pub const SEVERITY_MIN: i32 = 1;
/// The mildest severity.
pub const SEVERITY_MAX: i32 = 4;

/// A service request (S-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRequest {
    /// Its id.
    pub id: ServiceRequestId,
    /// Its number, never reused; people say `SR-000123`.
    pub number: i64,
    /// Whose it is.
    pub organization: OrganizationRef,
    /// What it is about.
    pub subject: Subject,
    /// Of which kind it is.
    pub category: Category,
    /// From [`SEVERITY_MIN`], the worst, to [`SEVERITY_MAX`].
    pub severity: i32,
    /// Where it stands.
    pub status: RequestStatus,
    /// Who submitted it.
    pub submitted_by: PersonRef,
    /// By which grant, where a partner did.
    pub submitted_by_grant: Option<GrantId>,
    /// Whether only those whom it names, the organization's primary support contacts and the desk see it (S-14).
    pub confidential: bool,
    /// Whom agents work with; none when they were disabled and nobody took over (C-15).
    pub point_of_contact: Option<PersonRef>,
    /// Which staff member works on it.
    pub assigned_to: Option<PersonRef>,
    /// The closed request that it follows up.
    pub follow_up_of: Option<ServiceRequestId>,
    /// The contact whose record it is tied to (C-15).
    pub about: Option<ContactId>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When somebody last did something that its readers can see.
    pub activity_at: Timestamp,
    /// When it was solved, while it is.
    pub solved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl ServiceRequest {
    /// The number as people say it.
    pub fn spoken_number(&self) -> String {
        format!("SR-{:06}", self.number)
    }

    /// Whether agents work with a partner (S-10).
    pub fn is_partner_managed(&self) -> bool {
        self.point_of_contact.as_ref().is_some_and(|person| person.organization != self.organization.id)
    }

    /// Whether it can be updated (S-4).
    pub fn is_open(&self) -> bool {
        self.status != RequestStatus::Closed
    }
}

impl Recorded for ServiceRequest {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization.id
    }

    fn snapshot(&self) -> Snapshot {
        vec![
            ("number", Fact::text(self.spoken_number())),
            ("subject", Fact::text(&self.subject)),
            ("category", Fact::text(self.category.name())),
            ("severity", Fact::Number(self.severity.into())),
            ("status", Fact::text(self.status.name())),
            ("confidential", Fact::Flag(self.confidential)),
            ("point_of_contact", Fact::optional(self.point_of_contact.as_ref().map(|person| &person.id))),
            ("assigned_to", Fact::optional(self.assigned_to.as_ref().map(|person| &person.id))),
            ("follow_up_of", Fact::optional(self.follow_up_of.as_ref())),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// What must be known to show one request, or to decide about it.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the request's organization.
    pub standing: Standing,
    /// The request, if it exists.
    pub request: Option<ServiceRequest>,
    /// How they take part in it besides being its point of contact (S-7).
    pub role: Option<Involvement>,
}

impl RequestFacts {
    /// What decides about this request besides the standing.
    pub fn traits(&self, request: &ServiceRequest) -> RequestTraits {
        RequestTraits::of(request, self.actor.id(), self.role)
    }
}

/// Shows a request to whoever may read it (G-3, G-16, S-3, S-11, S-14).
///
/// *Errors*: `not_found`, the same for what does not exist and for what is hidden.
pub fn view(facts: &RequestFacts) -> Result<Visible<ServiceRequest>, Refusal> {
    match &facts.request {
        Some(request) if sight(&facts.standing, facts.traits(request)).is_some() => {
            Ok(Visible::new(request.clone(), &facts.actor))
        }
        Some(_) | None => Err(Refusal::not_found()),
    }
}

/// A request that the actor may read and update, its status set aside (G-3, S-3, S-7).
///
/// *Errors*: `not_found`, `permission_required`.
pub(crate) fn updatable(facts: &RequestFacts) -> Result<ServiceRequest, Refusal> {
    let request = view(facts)?.into_value();
    match may_update(&facts.standing, facts.traits(&request)) {
        Verdict::Permit => Ok(request),
        Verdict::Denied(requirement) => {
            Err(unreached(facts, denied(&facts.standing, requirement, request.organization.id)))
        }
        Verdict::Hidden => Err(Refusal::not_found()),
    }
}

/// The refusal of somebody whose level would be enough if it reached the request: no other grant would help them.
fn unreached(facts: &RequestFacts, refusal: Refusal) -> Refusal {
    if decide(&facts.standing, Action::UpdateRequests) != Verdict::Permit {
        return refusal;
    }
    let detail = say!(
        "the grant does not reach this request, because it is confidential or older than the grant's history scope; \
                  who is made `secondary` in it may update it"
    );
    let extras = refusal.extras.into_iter().filter(|extra| *extra != Extra::AskForGrant).collect();
    Refusal { detail, extras, ..refusal }
}

/// A request to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRequest {
    /// Its id.
    pub id: ServiceRequestId,
    /// Its number.
    pub number: i64,
    /// What it is about.
    pub subject: Subject,
    /// Of which kind it is.
    pub category: Category,
    /// How bad it is.
    pub severity: i32,
    /// Whether only those whom it names shall see it (S-14); as the request that it follows up, if nothing is said.
    pub confidential: Option<bool>,
    /// The first message's id.
    pub message: MessageId,
    /// What the first message says.
    pub body: MessageBody,
    /// The ids of the emails to the submitter and to a partner who is named (S-2).
    pub mails: [MailId; 2],
}

/// What must be known to create a request.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the organization.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// Who is to be the point of contact.
    pub point_of_contact: PointOfContact,
    /// The request to follow up, if one was named.
    pub follow_up_of: Option<RequestFacts>,
    /// Who is to take part from the beginning.
    pub participants: Vec<Invited>,
}

/// A submitted request, its first message, and who takes part.
#[derive(Debug)]
pub struct Created {
    /// The request.
    pub request: Change<ServiceRequest>,
    /// Its first message.
    pub message: Change<Message>,
    /// Who takes part from the beginning.
    pub participants: Vec<Change<Participant>>,
}

/// Submits a request (S-2, S-4, S-7, S-8).
///
/// *Decides*: organization visible? may submit this category for it? point of contact allowed? follow-up of a closed
/// request of the same organization? participants allowed?
pub fn create(context: &Context, facts: CreateFacts, command: CreateRequest) -> Result<Created, Refusal> {
    let organization = facts.organization.ok_or_else(Refusal::not_found)?;
    require(&facts.standing, Action::to_create(command.category), organization.id)?;
    let authority = facts.standing.authority(organization.id);
    let point_of_contact = match facts.point_of_contact {
        // An agent who writes a request down for somebody is not its point of contact.
        PointOfContact::Unnamed if facts.actor.is_staff() => None,
        PointOfContact::Unnamed => Some(facts.actor.reference()),
        named => Some(point_of_contact::accept(organization.id, &facts.actor, named)?),
    };
    let closed = facts.follow_up_of.map(|closed| accept_follow_up(organization.id, &closed)).transpose()?;
    let request = ServiceRequest {
        id: command.id,
        number: command.number,
        organization: organization.reference(),
        subject: command.subject,
        category: command.category,
        severity: command.severity,
        status: RequestStatus::Open,
        submitted_by: facts.actor.reference(),
        submitted_by_grant: authority.grant,
        confidential: command.confidential.unwrap_or(closed.as_ref().is_some_and(|closed| closed.confidential)),
        point_of_contact,
        assigned_to: None,
        follow_up_of: closed.map(|closed| closed.id),
        about: None,
        created_at: context.now,
        updated_at: context.now,
        activity_at: context.now,
        solved_at: None,
        closed_at: None,
        version: 1,
    };
    let message = first_message(&request, Some(facts.actor.reference()), command.message, command.body, context.now);
    let actor = facts.actor.clone();
    let submitted = RequestFacts { actor: facts.actor, standing: facts.standing, request: None, role: None };
    let participants = participant::begin_with(context, authority, &submitted, &request, facts.participants)?;
    let change = Change::create(context, authority, EventKind::RequestCreated, request);
    Ok(Created {
        request: point_of_contact::notify_of_partner(change, &actor, command.mails),
        message: Change::create(context, authority, EventKind::MessageCreated, message),
        participants,
    })
}

fn first_message(
    request: &ServiceRequest,
    author: Option<PersonRef>,
    id: MessageId,
    body: MessageBody,
    now: Timestamp,
) -> Message {
    Message {
        id,
        request: request.id,
        organization: request.organization.id,
        author,
        internal: false,
        body,
        created_at: now,
    }
}

/// A follow-up refers to a closed request of the same organization that its submitter may see (S-4).
fn accept_follow_up(organization: OrganizationId, closed: &RequestFacts) -> Result<ServiceRequest, Refusal> {
    let refused = |why: Wording| Refusal::new(Code::FollowUpNotAllowed, why).at("#/follow_up_of");
    match view(closed).map(Visible::into_value) {
        Ok(request) if request.organization.id == organization && !request.is_open() => Ok(request),
        Ok(request) if request.organization.id == organization => {
            Err(refused(say!("the request is not closed; update it instead")))
        }
        Ok(_) | Err(_) => Err(refused(say!("no such request of this organization"))),
    }
}

/// What changes in a request; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditRequest {
    /// What it is about.
    pub subject: Option<Subject>,
    /// How bad it is.
    pub severity: Option<i32>,
    /// Where it shall stand.
    pub status: Option<RequestStatus>,
    /// Who shall work on it; `Some(None)` takes it from everybody.
    pub assigned_to: Option<Option<PersonId>>,
    /// Whether only those whom it names shall see it (S-14).
    pub confidential: Option<bool>,
    /// Whom agents shall work with; none to leave it.
    pub point_of_contact: Option<PersonId>,
    /// The version that the editor saw.
    pub expected_version: Option<i64>,
    /// The ids of the emails to the submitter and to a partner who is named.
    pub mails: Option<[MailId; 2]>,
}

/// What must be known to edit a request.
#[derive(Debug, Clone)]
pub struct EditFacts {
    /// Who asks, what they are, and the request.
    pub request: RequestFacts,
    /// The staff member who is to be assigned, if one was named and exists.
    pub assignee: Option<StaffMember>,
    /// Who is to be the point of contact.
    pub point_of_contact: PointOfContact,
}

/// Edits a request (S-3, S-4, S-13).
///
/// *Decides*: visible? may update it? staff, if assigning? version? not closed? status that this side may set? assignee
/// allowed? point of contact allowed? one who says who sees it, if it is concealed or opened?
pub fn edit(context: &Context, facts: EditFacts, command: EditRequest) -> Result<Change<ServiceRequest>, Refusal> {
    let RequestFacts { actor, standing, .. } = &facts.request;
    let before = updatable(&facts.request)?;
    let (id, organization) = (before.id, before.organization.id);
    if command.assigned_to.is_some() {
        require(standing, Action::WorkOnRequests, organization)?;
    }
    expect_version(command.expected_version, before.version)?;
    expect_open(&before)?;
    let status = command.status.unwrap_or(before.status);
    check_status(standing, &before, status)?;
    let assigned_to = match command.assigned_to {
        None => before.assigned_to.clone(),
        Some(None) => None,
        Some(Some(_)) => Some(accept_assignee(facts.assignee)?),
    };
    let point_of_contact = match (command.point_of_contact, &before.point_of_contact) {
        (Some(named), Some(present)) if present.id == named => Some(present.clone()),
        (Some(_), _) => Some(point_of_contact::accept(organization, actor, facts.point_of_contact)?),
        (None, present) => present.clone(),
    };
    let confidential = command.confidential.unwrap_or(before.confidential);
    if confidential != before.confidential && !may_conceal(standing, facts.request.traits(&before)) {
        let detail = say!(
            "only a primary support contact, whoever submitted the request and the desk say whether it is confidential"
        );
        let refusal = denied(standing, Requirement::PrimarySupport, organization);
        return Err(Refusal { detail, ..refusal }.at("#/confidential"));
    }
    let after = ServiceRequest {
        subject: command.subject.unwrap_or_else(|| before.subject.clone()),
        severity: command.severity.unwrap_or(before.severity),
        confidential,
        assigned_to,
        point_of_contact,
        ..moved(before.clone(), status, context.now)
    };
    let after = if after == before { after } else { ServiceRequest { activity_at: context.now, ..after } };
    let news = if actor.is_staff() && after.status != before.status { MailKind::of_status(after.status) } else { None };
    let change = Change::update(context, standing.authority(organization), EventKind::RequestUpdated, before, after);
    let change = match command.mails {
        Some(mails) => point_of_contact::notify_of_partner(change, actor, mails),
        None => change,
    };
    Ok(match news {
        Some(kind) => change.broadcast(kind, id),
        None => change,
    })
}

/// Closes a request that has been solved for long enough (S-4); nothing for any other. Nobody did it, so it is no activity.
pub fn close(context: &Context, request: ServiceRequest, solved_for: Span) -> Option<Change<ServiceRequest>> {
    let is_due = request.status == RequestStatus::Solved
        && request.solved_at.is_some_and(|solved_at| context.now.since(solved_at) >= solved_for);
    let authority = Authority::own(request.organization.id);
    let after = moved(request.clone(), RequestStatus::Closed, context.now);
    is_due.then(|| Change::update(context, authority, EventKind::RequestUpdated, request, after))
}

/// A request in another status, with the moments that belong to it.
pub(crate) fn moved(request: ServiceRequest, status: RequestStatus, now: Timestamp) -> ServiceRequest {
    let solved_at = match status {
        RequestStatus::Solved => request.solved_at.or(Some(now)),
        RequestStatus::Closed => request.solved_at,
        RequestStatus::Open | RequestStatus::WaitingOnSupport | RequestStatus::WaitingOnCustomer => None,
    };
    let closed_at = if status == RequestStatus::Closed { Some(now) } else { None };
    ServiceRequest { status, solved_at, closed_at, ..request }
}

/// Closed is final (S-4).
pub(crate) fn expect_open(request: &ServiceRequest) -> Result<(), Refusal> {
    if request.is_open() {
        return Ok(());
    }
    let detail =
        say!("`{number}` is closed; create a new request with `follow_up_of`", number = request.spoken_number());
    Err(Refusal::new(Code::ServiceRequestClosed, detail).with(Extra::CurrentStatus(request.status.name())))
}

/// Staff set any status; customers and partners say `solved`, and take it back (S-4).
fn check_status(standing: &Standing, before: &ServiceRequest, status: RequestStatus) -> Result<(), Refusal> {
    let works = decide(standing, Action::WorkOnRequests) == Verdict::Permit;
    let is_allowed = status == before.status
        || works
        || match status {
            RequestStatus::Solved => true,
            RequestStatus::Open | RequestStatus::WaitingOnSupport => before.status == RequestStatus::Solved,
            RequestStatus::WaitingOnCustomer | RequestStatus::Closed => false,
        };
    if is_allowed {
        return Ok(());
    }
    let refusal = denied(standing, Requirement::Roles(Action::WorkOnRequests.roles()), before.organization.id);
    let detail = say!(
        "customers and partners set a request to `solved` and back; only staff set it to `{status}`",
        status = status.name()
    );
    Err(Refusal { detail, pointer: Some("#/status"), ..refusal }.with(Extra::CurrentStatus(before.status.name())))
}

/// Agents and duty managers work on requests (S-13).
fn accept_assignee(staff: Option<StaffMember>) -> Result<PersonRef, Refusal> {
    let works = |staff: &StaffMember| {
        staff.status == PersonStatus::Active
            && staff.roles.iter().any(|role: &StaffRole| Action::WorkOnRequests.roles().contains(role))
    };
    match staff {
        Some(staff) if works(&staff) => Ok(staff.reference()),
        Some(_) | None => {
            Err(Refusal::new(Code::AssigneeNotAllowed, say!("only an active agent or duty manager can be assigned"))
                .at("#/assigned_to"))
        }
    }
}

/// Gives the requests of a disabled contact to somebody else, or to nobody (C-15).
pub(crate) fn hand_over(
    context: &Context,
    authority: Authority,
    request: ServiceRequest,
    heir: Option<PersonRef>,
) -> Change<ServiceRequest> {
    let after = ServiceRequest { point_of_contact: heir, ..request.clone() };
    Change::update(context, authority, EventKind::RequestUpdated, request, after)
}

/// Writes a message about an escalation into a request, of whoever took the step, or of nobody where the system did, moves it along, and makes it confidential, for partners may not learn
/// of an escalation (E-11).
pub(crate) fn narrate(
    context: &Context,
    authority: Authority,
    before: ServiceRequest,
    status: RequestStatus,
    (message, body): (MessageId, MessageBody),
) -> (Change<ServiceRequest>, Change<Message>) {
    let author = context.actor.as_ref().map(Actor::reference);
    let moved = moved(before.clone(), status, context.now);
    let after = ServiceRequest { activity_at: context.now, confidential: true, ..moved };
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
        point_of_contact: record.point_of_contact,
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
