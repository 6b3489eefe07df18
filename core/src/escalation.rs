//! Escalations: how an organization whose primary support contacts are gone gets a new one (E-1 … E-11). What is asked for is
//! in [`crate::escalation_case`], how it moves in [`crate::escalation_step`], what those who guard the organization are to it in
//! [`crate::escalation_guard`].

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{ACCOUNT, Action, Standing, Visible, denied, require};
use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Change, Context, Recorded};
use crate::escalation_case::{Case, ConfirmedNumber, Verification, unverified};
use crate::id::{AnyId, AttachmentId, ContactId, EscalationId, OrganizationId, PersonId, ServiceRequestId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::organization::Organization;
use crate::refusal::{Code, Extra, Refusal, Requirement};
use crate::say;
use crate::service_request::ServiceRequest;
use crate::text::{Note, Phone};
use crate::time::{Span, Timestamp};
use crate::vocabulary::{Category, OrganizationType, StaffRole, Vocabulary as _, vocabulary};
use crate::wording::Wording;

/// How long a grant of the organization bars a duty manager from deciding, after its end (E-6).
pub const GRANT_MEMORY: Span = Span::days(365);
/// The roles whose places in an account team pass escalations on (E-2).
pub const PASSING_ON: &[StaffRole] = &[StaffRole::TechnicalAccountManager, StaffRole::SalesManager];
/// How long an escalation waits for information (E-5).
pub const LAPSE: Span = Span::days(30);

vocabulary! {
    /// How an escalation came in (E-2).
    Channel ("channel") {
        /// A contact of the organization opened it.
        ServiceRequest = "service_request",
        /// Somebody phoned, and a duty manager opened it.
        Phone = "phone",
        /// The account team passed it on.
        AccountTeam = "account_team",
    }
}

vocabulary! {
    /// Where an escalation stands (E-5).
    EscalationStatus ("escalation status") {
        /// Nobody has looked at it yet.
        Submitted = "submitted",
        /// A duty manager verifies it.
        InReview = "in_review",
        /// It waits for information.
        InformationRequested = "information_requested",
        /// It will be completed when the waiting period is over.
        Approved = "approved",
        /// Somebody who guards the organization objected.
        Objected = "objected",
        /// The nominee is primary support contact.
        Completed = "completed",
        /// A duty manager refused it.
        Rejected = "rejected",
        /// Whoever opened it took it back.
        Withdrawn = "withdrawn",
        /// The information did not come in time.
        Lapsed = "lapsed",
    }
}

impl EscalationStatus {
    /// Whether nothing follows it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Withdrawn | Self::Lapsed)
    }
}

/// That somebody did something at a moment, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who; none for the system.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// Why, or what was asked for.
    pub reason: Option<Note>,
}

/// An approval, and when its waiting period ends (E-7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who approved.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// From when on it is completed.
    pub completes_at: Timestamp,
    /// Since when the waiting period rests, because the organization is suspended.
    pub rests_since: Option<Timestamp>,
}

/// Where an escalation stands, with exactly what is true there (E-5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nobody has looked at it yet.
    Submitted,
    /// A duty manager verifies it; perhaps again, because it could not be completed.
    InReview {
        /// Why it came back.
        returned: Option<Note>,
    },
    /// It waits for information.
    InformationRequested(Act),
    /// It waits for the end of its waiting period.
    Approved(Approval),
    /// It was stopped (E-8).
    Objected {
        /// Who objected.
        objection: Act,
        /// Where it stood.
        stopped: Box<State>,
    },
    /// The nominee is primary support contact.
    Completed {
        /// By whose approval.
        approval: Approval,
        /// The nominee's record.
        contact: ContactId,
        /// When.
        at: Timestamp,
    },
    /// A duty manager refused it.
    Rejected(Act),
    /// Whoever opened it took it back.
    Withdrawn(Act),
    /// The information did not come in time.
    Lapsed {
        /// When.
        at: Timestamp,
    },
}

impl State {
    /// Its name.
    pub fn status(&self) -> EscalationStatus {
        match self {
            Self::Submitted => EscalationStatus::Submitted,
            Self::InReview { .. } => EscalationStatus::InReview,
            Self::InformationRequested(_) => EscalationStatus::InformationRequested,
            Self::Approved(_) => EscalationStatus::Approved,
            Self::Objected { .. } => EscalationStatus::Objected,
            Self::Completed { .. } => EscalationStatus::Completed,
            Self::Rejected(_) => EscalationStatus::Rejected,
            Self::Withdrawn(_) => EscalationStatus::Withdrawn,
            Self::Lapsed { .. } => EscalationStatus::Lapsed,
        }
    }

    /// The approval that stands, also while an objection stops it.
    pub fn approval(&self) -> Option<&Approval> {
        match self {
            Self::Approved(approval) | Self::Completed { approval, .. } => Some(approval),
            Self::Objected { stopped, .. } => stopped.approval(),
            _ => None,
        }
    }
}

/// What is remembered of an escalation, whatever becomes of what it asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Who changed what it asks for, and so does not decide about it (E-6).
    pub changed_by: BTreeSet<PersonId>,
    /// Who verified an item of it, and so does not decide about it (E-6).
    pub verified_by: BTreeSet<PersonId>,
    /// The numbers that the letter or a nominee brought, also those that were replaced since (E-6a).
    pub brought: BTreeSet<Phone>,
    /// The numbers that the account team confirmed (E-6a).
    pub confirmed: Vec<ConfirmedNumber>,
    /// Who objected to what it asks for now (E-8).
    pub objected: BTreeSet<PersonId>,
    /// Which primary support contacts and people named unavailable signed in or changed something since it was opened, and when (E-9).
    pub seen: BTreeMap<ContactId, Timestamp>,
}

/// An escalation (E-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Its id.
    pub id: EscalationId,
    /// Whose new primary support contact it is about.
    pub organization: OrganizationRef,
    /// How it came in.
    pub channel: Channel,
    /// The service request that moves along with it.
    pub service_request: Option<ServiceRequestId>,
    /// What it asks for.
    pub case: Case,
    /// What has been verified.
    pub verified: Vec<Verification>,
    /// Who took it into review.
    pub reviewer: Option<PersonId>,
    /// Where it stands.
    pub state: State,
    /// How it was last resumed after an objection (E-8).
    pub resumption: Option<Act>,
    /// What is remembered of it.
    pub traces: Traces,
    /// Who opened it.
    pub opened_by: PersonRef,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl Escalation {
    /// As it is now: what waited for information too long has lapsed, whether the server wrote it down yet or not (E-5).
    #[must_use]
    pub fn settled(self, now: Timestamp) -> Self {
        match &self.state {
            State::InformationRequested(request) if request.at.plus(LAPSE) <= now => {
                let at = request.at.plus(LAPSE);
                Self { state: State::Lapsed { at }, ..self }
            }
            _ => self,
        }
    }

    /// Whether somebody is said to be unavailable.
    pub fn names(&self, contact: ContactId) -> bool {
        self.case.unavailable.iter().any(|one| one.contact == contact)
    }

    /// Whether somebody opened it or changed what it asks for.
    pub(crate) fn is_made_by(&self, person: PersonId) -> bool {
        self.opened_by.id == person || self.traces.changed_by.contains(&person)
    }

    /// The items that still have to be verified (E-6).
    pub fn missing(&self) -> Vec<crate::escalation_case::Item> {
        unverified(&self.verified)
    }
}

impl Recorded for Escalation {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization.id
    }

    fn snapshot(&self) -> Snapshot {
        let (letter, nominee) = (&self.case.letter, &self.case.nominee);
        let unavailable = self.case.unavailable.iter();
        let verified = self.verified.iter();
        let reason = match &self.state {
            State::InReview { returned } => returned.as_ref(),
            State::InformationRequested(act) | State::Rejected(act) | State::Withdrawn(act) => act.reason.as_ref(),
            State::Objected { objection, .. } => objection.reason.as_ref(),
            State::Submitted | State::Approved(_) | State::Completed { .. } | State::Lapsed { .. } => None,
        };
        let contact = match &self.state {
            State::Completed { contact, .. } => Some(contact),
            _ => None,
        };
        vec![
            ("channel", Fact::text(self.channel.name())),
            ("service_request_id", Fact::optional(self.service_request.as_ref())),
            ("author_name", Fact::optional(letter.author_name.as_ref())),
            ("author_title", Fact::optional(letter.author_title.as_ref())),
            ("author_seniority", Fact::optional(letter.author_seniority.map(|one| one.name()).as_ref())),
            ("author_email", Fact::optional(letter.author_email.as_ref())),
            ("signed", Fact::Flag(letter.signed)),
            ("received_at", Fact::optional(letter.received_at.as_ref())),
            ("grants_contact_creation", Fact::Flag(letter.grants_contact_creation)),
            ("attachment_ids", Fact::Texts(letter.attachments.iter().map(ToString::to_string).collect())),
            ("nominee_email", Fact::text(&nominee.email)),
            ("nominee_name", Fact::text(nominee.name())),
            ("nominee_phone", Fact::optional(nominee.phone.as_ref())),
            ("nominee_time_zone", Fact::text(&nominee.time_zone)),
            (
                "nominee_mailing_address",
                Fact::optional(nominee.mailing_address.as_ref().map(|address| address.in_one_line()).as_ref()),
            ),
            (
                "unavailable",
                Fact::Texts(unavailable.map(|one| format!("{} {}", one.contact, one.reason.name())).collect()),
            ),
            (
                "verified",
                Fact::Texts(verified.map(|one| format!("{} {}", one.item.name(), one.method.name())).collect()),
            ),
            ("status", Fact::text(self.state.status().name())),
            ("reason", Fact::optional(reason)),
            ("resume_reason", Fact::optional(self.resumption.as_ref().and_then(|act| act.reason.as_ref()))),
            ("completes_at", Fact::optional(self.state.approval().map(|approval| &approval.completes_at))),
            ("rests_since", Fact::optional(self.state.approval().and_then(|approval| approval.rests_since.as_ref()))),
            (
                "confirmed_numbers",
                Fact::Texts(self.traces.confirmed.iter().map(|one| format!("{} {}", one.number, one.by.id)).collect()),
            ),
            ("seen", Fact::Texts(self.traces.seen.iter().map(|(who, at)| format!("{who} {at}")).collect())),
            ("completed_contact_id", Fact::optional(contact)),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// What ties somebody of the vendor to an escalation's organization (E-2, E-6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ties {
    /// Whether they have a place in its account team, and the role for it.
    pub on_account_team: bool,
    /// Whether they hold a grant of it, or held one within [`GRANT_MEMORY`].
    pub granted: bool,
}

/// What must be known to show an escalation, or to decide about it.
#[derive(Debug, Clone)]
pub struct EscalationFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to its organization.
    pub standing: Standing,
    /// The escalation, if it exists.
    pub escalation: Option<Escalation>,
    /// What ties them to its organization, if they are of the vendor.
    pub ties: Ties,
    /// Whether its organization is suspended.
    pub is_suspended: bool,
}

/// Shows an escalation as it is now, to designated contacts of its organization and to the staff who look after customers.
///
/// *Errors*: `not_found` for everybody outside the organization and the vendor, partners of whatever level included (E-11);
/// `permission_required`, `staff_only`.
pub fn view(now: Timestamp, facts: EscalationFacts) -> Result<Visible<Escalation>, Refusal> {
    let escalation = facts.escalation.ok_or_else(Refusal::not_found)?;
    allow_list(&facts.standing, escalation.organization.id)?;
    Ok(Visible::new(escalation.settled(now), &facts.actor))
}

/// Allows listing an organization's escalations; as [`view`].
pub fn allow_list(standing: &Standing, organization: OrganizationId) -> Result<(), Refusal> {
    require(standing, Action::ReadEscalations, organization).map_err(|refusal| match standing {
        Standing::Partner(_) | Standing::Stranger => Refusal::not_found(),
        Standing::Member { .. } | Standing::Staff { .. } => refusal,
    })
}

/// Shows the case file of an escalation, with all evidence and everybody who was told, to the staff who look after customers.
///
/// *Errors*: as [`view`]; `staff_only`.
pub fn view_case_file(now: Timestamp, facts: EscalationFacts) -> Result<Visible<Escalation>, Refusal> {
    let standing = facts.standing.clone();
    let visible = view(now, facts)?;
    match standing {
        Standing::Staff { .. } => Ok(visible),
        _ => Err(denied(&standing, Requirement::Roles(ACCOUNT), visible.value().organization.id)),
    }
}

/// An escalation to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEscalation {
    /// Its id.
    pub id: EscalationId,
    /// How it came in.
    pub channel: Channel,
    /// What it asks for.
    pub case: Case,
}

/// What must be known to open an escalation.
#[derive(Debug, Clone)]
pub struct OpenFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the organization.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// The escalation of the organization that is under way.
    pub under_way: Option<EscalationId>,
    /// The service request that was named, as far as the actor may see it: none where there is no such request.
    pub service_request: Option<Option<ServiceRequest>>,
    /// Whether a partner's person takes part in that request, or is its point of contact.
    pub has_outsiders: bool,
    /// Whether the actor has a place in the account team by which an escalation is passed on (E-2).
    pub on_account_team: bool,
    /// Who has to be named unavailable: [`must_be_named`](crate::escalation_guard::must_be_named).
    pub to_be_named: Vec<ContactId>,
    /// Which of the files that are named the actor may use as the letter.
    pub known_attachments: Vec<AttachmentId>,
    /// Which of the contacts who are said to be unavailable can be: [`can_be_named`](crate::escalation_guard::can_be_named).
    pub known_primaries: Vec<ContactId>,
}

/// Opens an escalation (E-1 … E-4). It moves along with the service request that was named, unless a partner submitted that or has a
/// part in it: then it has none yet, and one of its own is made (E-11).
///
/// *Decides*: organization visible? may open one? by this channel (E-2)? a customer's or partner's? none under way? service request of
/// the organization, about this, not closed? the letter's files the actor's, and not of the future (E-3)? those named unavailable are
/// its primary support contacts? every active one named (E-4)?
pub fn open(context: &Context, facts: OpenFacts, command: OpenEscalation) -> Result<Change<Escalation>, Refusal> {
    let organization = facts.organization.clone().ok_or_else(Refusal::not_found)?;
    allow_list(&facts.standing, organization.id)?;
    require(&facts.standing, Action::OpenEscalation, organization.id)?;
    expect_channel(&facts, organization.id, command.channel)?;
    if organization.kind == OrganizationType::Vendor {
        return Err(Refusal::not_found());
    }
    if let Some(under_way) = facts.under_way {
        let detail = say!("`{under_way}` is under way; one organization has one escalation at a time", under_way);
        return Err(Refusal::new(Code::EscalationExists, detail).with(Extra::About(under_way.into())));
    }
    let has_outsiders = facts.has_outsiders;
    let accept = |request| accept_request(organization.id, request, has_outsiders);
    let service_request = facts.service_request.map(accept).transpose()?.flatten();
    expect_attachments(&command.case, &facts.known_attachments)?;
    expect_received(&command.case, context.now)?;
    expect_primaries(&command.case, &facts.known_primaries)?;
    command.case.expect_nobody_else(&facts.to_be_named)?;
    let escalation = Escalation {
        id: command.id,
        organization: organization.reference(),
        channel: command.channel,
        service_request,
        case: command.case,
        verified: Vec::new(),
        reviewer: None,
        state: State::Submitted,
        resumption: None,
        traces: Traces::default(),
        opened_by: facts.actor.reference(),
        created_at: context.now,
        updated_at: context.now,
        version: 1,
    };
    let authority = facts.standing.authority(organization.id);
    Ok(Change::create(context, authority, EventKind::EscalationOpened, escalation))
}

/// Who comes in by which way (E-2).
fn expect_channel(facts: &OpenFacts, organization: OrganizationId, channel: Channel) -> Result<(), Refusal> {
    const PHONE: &[StaffRole] = &[StaffRole::DutyManager];
    let OpenFacts { actor, standing, .. } = facts;
    let roles = match channel {
        Channel::ServiceRequest if !actor.is_staff() => return Ok(()),
        Channel::ServiceRequest => {
            let detail =
                say!("`service_request` is the way of the organization's own contacts; use `phone` or `account_team`");
            return Err(Refusal::new(Code::ValidationFailed, detail).at("#/channel"));
        }
        Channel::Phone => PHONE,
        Channel::AccountTeam => PASSING_ON,
    };
    let refusal = denied(standing, Requirement::Roles(roles), organization).at("#/channel");
    match channel {
        _ if !actor.has_role(roles) => Err(refusal),
        Channel::AccountTeam if !facts.on_account_team => {
            let detail = say!(
                "this takes the place of {requirement} in the account team of this organization",
                requirement = Requirement::Roles(roles).wording()
            );
            Err(Refusal { detail, ..refusal })
        }
        Channel::AccountTeam | Channel::Phone | Channel::ServiceRequest => Ok(()),
    }
}

/// The service request that moves along: one of the organization about this, which is not closed. None where a partner knows it.
fn accept_request(
    organization: OrganizationId,
    request: Option<ServiceRequest>,
    has_outsiders: bool,
) -> Result<Option<ServiceRequestId>, Refusal> {
    let refused = |code, why: Wording| Err(Refusal::new(code, why).at("#/service_request_id"));
    match request {
        Some(request) if request.organization.id == organization && !request.is_open() => {
            refused(Code::ServiceRequestClosed, say!("the service request is closed; leave it out, or name another"))
        }
        Some(request) if request.organization.id == organization => {
            if request.category == Category::PrimaryContactRecovery {
                let is_known_outside = has_outsiders || request.is_submitted_outside() || request.is_led_outside();
                Ok((!is_known_outside).then_some(request.id))
            } else {
                refused(
                    Code::ValidationFailed,
                    say!("the service request is not of the category `primary_contact_recovery`"),
                )
            }
        }
        Some(_) | None => refused(Code::ValidationFailed, say!("no such service request of this organization")),
    }
}

/// The service request that is made for an escalation moves along with it.
#[must_use]
pub fn tie(opened: Change<Escalation>, request: &ServiceRequest) -> Change<Escalation> {
    opened.amend(|escalation| Escalation { service_request: Some(request.id), ..escalation })
}

/// The letter is made of files that whoever names them may use.
pub(crate) fn expect_attachments(case: &Case, known: &[AttachmentId]) -> Result<(), Refusal> {
    match case.letter.attachments.iter().find(|one| !known.contains(one)) {
        None => Ok(()),
        Some(other) => {
            let detail = say!("`{other}` is no upload to this escalation or attachment of its service request", other);
            Err(Refusal::new(Code::AttachmentNotAllowed, detail).at("#/letter/attachment_ids"))
        }
    }
}

/// A letter was received before somebody says so (E-3).
pub(crate) fn expect_received(case: &Case, now: Timestamp) -> Result<(), Refusal> {
    if case.letter.received_at.is_some_and(|at| at > now) {
        let detail = say!("the letter has not been received yet; this lies in the future");
        return Err(Refusal::new(Code::ValidationFailed, detail).at("#/letter/received_at"));
    }
    Ok(())
}

/// Only primary support contacts of the organization, and guards who were put aside, are said to be unavailable (E-4).
pub(crate) fn expect_primaries(case: &Case, known: &[ContactId]) -> Result<(), Refusal> {
    match case.unavailable.iter().find(|one| !known.contains(&one.contact)) {
        None => Ok(()),
        Some(other) => {
            let detail =
                say!("`{contact}` is no primary support contact of this organization", contact = other.contact);
            Err(Refusal::new(Code::ValidationFailed, detail).at("#/unavailable"))
        }
    }
}
