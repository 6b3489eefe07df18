//! Service requests: what they are, who may create, read and update them (S-1 … S-4, S-8, S-11, S-13, S-14).

use crate::access::{Action, Standing, Verdict, Visible, decide, denied, require};
use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context, Recorded};
use crate::effective_access::HeldGrants;
use crate::id::{AnyId, ContactId, GrantId, MailId, MessageId, OrganizationId, PersonId, ServiceRequestId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::message::Message;
use crate::organization::{Organization, expect_version};
use crate::participant::{self, Invited, Participant};
use crate::point_of_contact::{self, Naming, PointOfContact};
use crate::refusal::{Code, Extra, Refusal, Requirement};
use crate::request_access::{Admission, HeldRole, RequestTraits, guards, may_update, sight};
use crate::request_admission::{concealment, expect_admitting, expect_leader};
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
    /// Whether a primary support contact or the desk made it that, so that only they open it again (S-14).
    pub only_guards_open: bool,
    /// Whether it was ever tied to an escalation: then it is confidential for good, and no partner has a part in it (E-11).
    pub sealed: bool,
    /// Whom agents work with; none when they were disabled and nobody took over (C-15).
    pub point_of_contact: Option<PersonRef>,
    /// By which grant they are, where they belong to another organization (S-7).
    pub admission: Option<Admission>,
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

    /// Whether agents work with a partner: not while the grant behind it gives nothing (S-10, C-15).
    pub fn is_partner_managed(&self, now: Timestamp) -> bool {
        let is_partner = |person: &PersonRef| person.organization != self.organization.id;
        self.point_of_contact.as_ref().is_some_and(is_partner) && !self.is_lead_at_rest(now)
    }

    /// Whether its point of contact takes no part in it now, because the grant behind it gives nothing (C-15, S-7).
    pub fn is_lead_at_rest(&self, now: Timestamp) -> bool {
        self.admission.is_some_and(|admission| !admission.is_upheld(now))
    }

    /// Whether somebody of another organization than its own submitted it, the vendor's staff aside.
    pub fn is_submitted_outside(&self) -> bool {
        self.is_outside(&self.submitted_by)
    }

    /// Whether its point of contact belongs to another organization, whether or not the grant behind it gives something now.
    pub fn is_led_outside(&self) -> bool {
        self.point_of_contact.as_ref().is_some_and(|person| self.is_outside(person))
    }

    /// Whether somebody belongs to another organization, the vendor's staff aside.
    fn is_outside(&self, person: &PersonRef) -> bool {
        person.organization != self.organization.id && matches!(person.id, PersonId::Contact(_))
    }

    /// A sealed request is confidential, and no partner is its point of contact (E-11).
    ///
    /// *Errors*: `service_request_sealed`, `point_of_contact_not_allowed`.
    fn expect_kept(&self) -> Result<(), Refusal> {
        if !self.sealed {
            return Ok(());
        }
        if !self.confidential {
            let detail = say!("the service request tells of an escalation, and stays confidential for good");
            return Err(Refusal::new(Code::ServiceRequestSealed, detail).at("#/confidential"));
        }
        if self.is_led_outside() {
            let detail = say!("no partner takes part in a service request that tells of an escalation");
            return Err(Refusal::new(Code::PointOfContactNotAllowed, detail).at("#/point_of_contact"));
        }
        Ok(())
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
            ("sealed", Fact::Flag(self.sealed)),
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
    /// How they take part in it besides being its point of contact (S-7), now.
    pub role: Option<Involvement>,
    /// Whether the grant behind its point of contact gives nothing now (S-7).
    pub lead_at_rest: bool,
}

impl RequestFacts {
    /// What somebody is to a request who holds these grants of its organization and takes part in it by this role.
    pub fn of(
        now: Timestamp,
        actor: Actor,
        grants: &HeldGrants,
        request: Option<ServiceRequest>,
        role: Option<HeldRole>,
    ) -> Self {
        let standing = match &request {
            Some(request) => Standing::of(&actor, request.organization.id, grants.deciding(now)),
            None => Standing::Stranger,
        };
        let lead_at_rest = request.as_ref().is_some_and(|request| request.is_lead_at_rest(now));
        let role = role.and_then(|role| grants.upholds(role, now));
        Self { actor, standing, request, role, lead_at_rest }
    }

    /// What decides about this request besides the standing.
    pub fn traits(&self, request: &ServiceRequest) -> RequestTraits {
        let traits = RequestTraits::of(request, self.actor.id(), self.role);
        if self.lead_at_rest && traits.involvement == Some(Involvement::PointOfContact) {
            return RequestTraits { involvement: self.role, ..traits };
        }
        traits
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
    let is_upgrade = facts.request.as_ref().is_some_and(|request| request.category == Category::Upgrade);
    if is_upgrade && matches!(facts.standing, Standing::Partner(_)) {
        let detail =
            say!("partners are not supported for upgrades: only the organization's own contacts update this request");
        return Refusal { detail, ..refusal };
    }
    if decide(&facts.standing, Action::UpdateRequests) != Verdict::Permit {
        return refusal;
    }
    if matches!(facts.standing, Standing::Member { .. }) {
        let detail = say!("the request is confidential: who gets copies of it reads it and does no more");
        return Refusal { detail, ..refusal };
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
/// request of the same organization? one who lets people in, if it is confidential and names some (S-14)? participants allowed?
pub fn create(context: &Context, facts: CreateFacts, command: CreateRequest) -> Result<Created, Refusal> {
    let organization = facts.organization.ok_or_else(Refusal::not_found)?;
    require(&facts.standing, Action::to_create(command.category), organization.id)?;
    let authority = facts.standing.authority(organization.id);
    let names_somebody = facts.point_of_contact != PointOfContact::Unnamed;
    let (point_of_contact, admission) = match facts.point_of_contact {
        // An agent who writes a request down for somebody is not its point of contact.
        PointOfContact::Unnamed if facts.actor.is_staff() => (None, None),
        PointOfContact::Unnamed => {
            let by = facts.actor.organization;
            let own = |grant| Admission { grant, by, ends_at: None, rests: false };
            (Some(facts.actor.reference()), authority.grant.map(own))
        }
        named => {
            let around = (organization.id, command.category);
            let (person, admission) = point_of_contact::accept(around, &facts.actor, Naming::AtCreation, named)?;
            (Some(person), admission)
        }
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
        only_guards_open: guards(&facts.standing) || closed.as_ref().is_some_and(|closed| closed.only_guards_open),
        sealed: closed.as_ref().is_some_and(|closed| closed.sealed),
        point_of_contact,
        admission,
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
    request.expect_kept()?;
    let message = first_message(&request, Some(facts.actor.reference()), command.message, command.body, context.now);
    let actor = facts.actor.clone();
    let (actor_facts, standing) = (facts.actor, facts.standing);
    let submitted =
        RequestFacts { actor: actor_facts, standing, request: Some(request.clone()), role: None, lead_at_rest: false };
    if names_somebody {
        expect_admitting(&submitted, &request).map_err(|refusal| refusal.at("#/point_of_contact"))?;
    }
    let participants = participant::begin_with(context, authority, &submitted, &request, facts.participants)?;
    let change = Change::create(context, authority, EventKind::RequestCreated, request);
    Ok(Created {
        request: point_of_contact::notify(change, &actor, command.mails),
        message: Change::create(context, authority, EventKind::MessageCreated, message),
        participants,
    })
}

pub(crate) fn first_message(
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
/// allowed? one who moves the point of contact (S-7, S-14)? point of contact allowed? one who conceals it, or opens it (S-14)?
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
    let (point_of_contact, admission) = match (command.point_of_contact, &before.point_of_contact) {
        (Some(named), Some(present)) if present.id == named && !facts.request.lead_at_rest => {
            (Some(present.clone()), before.admission)
        }
        (Some(_), _) => {
            expect_leader(&facts.request, &before)?;
            let around = (organization, before.category);
            let (person, admission) = point_of_contact::accept(around, actor, Naming::Later, facts.point_of_contact)?;
            (Some(person), admission)
        }
        (None, present) => (present.clone(), before.admission),
    };
    let (confidential, only_guards_open) = concealment(&facts.request, &before, command.confidential)?;
    let after = ServiceRequest {
        subject: command.subject.unwrap_or_else(|| before.subject.clone()),
        severity: command.severity.unwrap_or(before.severity),
        confidential,
        only_guards_open,
        assigned_to,
        point_of_contact,
        admission,
        ..moved(before.clone(), status, context.now)
    };
    after.expect_kept()?;
    let after = if after == before { after } else { ServiceRequest { activity_at: context.now, ..after } };
    let news = if actor.is_staff() && after.status != before.status { MailKind::of_status(after.status) } else { None };
    let change = Change::update(context, standing.authority(organization), EventKind::RequestUpdated, before, after);
    let change = match command.mails {
        Some(mails) => point_of_contact::notify(change, actor, mails),
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
