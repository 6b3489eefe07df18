//! How an escalation moves from state to state (E-5 … E-9).

use crate::access::{ACCOUNT_TEAM, Action, Standing, denied, require};
use crate::actor::Actor;
use crate::change::{Authority, Change, Context};
use crate::contact::{Existing, refuse_vendor};
use crate::escalation::{
    Act, Approval, Escalation, EscalationFacts, EscalationStatus, State, Ties, Traces, expect_attachments,
    expect_primaries, expect_received, view,
};
use crate::escalation_case::{
    CallBacks, Case, ConfirmedNumber, Evidence, KnownNumber, LETTER_ATTACHMENTS_MAX, Verification, VerifyItem,
};
use crate::escalation_guard::guards;
use crate::grant_rest::Individual;
use crate::id::{AttachmentId, ContactId, PersonId};
use crate::journal::EventKind;
use crate::organization::{Organization, expect_version};
use crate::refusal::{Code, Extra, Refusal, Requirement};
use crate::say;
use crate::text::{Domain, Note, Phone};
use crate::time::Span;
use crate::vocabulary::{ContactType, Permission, StaffRole, Vocabulary as _, vocabulary};
use crate::wording::Wording;

vocabulary! {
    /// What is done to an escalation.
    Step ("step") {
        /// Edit what it asks for.
        Edit = "edit",
        /// Take it into review.
        Review = "review",
        /// Verify items.
        Verify = "verify",
        /// Ask for information.
        RequestInformation = "request_information",
        /// Say that the information is there.
        ProvideInformation = "provide_information",
        /// Approve.
        Approve = "approve",
        /// Reject.
        Reject = "reject",
        /// Take it back.
        Withdraw = "withdraw",
        /// Object.
        Object = "object",
        /// Resume after an objection.
        Resume = "resume",
        /// Appoint the nominee.
        Complete = "complete",
        /// Confirm a number that was recorded shortly before.
        ConfirmNumber = "confirm_number",
    }
}

impl Step {
    /// The states in which a step is possible (E-5).
    pub fn possible_in(self) -> &'static [EscalationStatus] {
        use EscalationStatus::{Approved, InReview, InformationRequested, Objected, Submitted};
        match self {
            Self::Edit => &[Submitted, InformationRequested],
            Self::Review => &[Submitted],
            Self::Verify | Self::RequestInformation | Self::Approve => &[InReview],
            Self::ProvideInformation => &[InformationRequested],
            Self::Reject => &[Submitted, InReview, InformationRequested, Approved, Objected],
            Self::Withdraw | Self::Object => &[Submitted, InReview, InformationRequested, Approved],
            Self::Resume => &[Objected],
            Self::Complete => &[Approved],
            Self::ConfirmNumber => &[Submitted, InReview, InformationRequested],
        }
    }
}

/// An escalation that an actor may move by a step, as it is now.
///
/// *Decides*: visible (E-11)? may do this (E-2, E-6, E-8)? another person where one is needed (E-6, E-8)? version? state (E-5)?
pub(crate) fn movable(
    context: &Context,
    facts: EscalationFacts,
    step: Step,
    expected_version: Option<i64>,
) -> Result<(Actor, Standing, Escalation), Refusal> {
    let (actor, standing, ties) = (facts.actor.clone(), facts.standing.clone(), facts.ties);
    let escalation = view(context.now, facts)?.into_value();
    may(&actor, (&standing, ties), &escalation, step)?;
    expect_version(expected_version, escalation.version)?;
    expect_state(&escalation, step)?;
    Ok((actor, standing, escalation))
}

/// The roles that verify: the desk's, and those of the account team (E-6).
const VERIFYING: &[StaffRole] = &[StaffRole::Agent, StaffRole::DutyManager];

/// Who takes which step.
fn may(actor: &Actor, (standing, ties): (&Standing, Ties), escalation: &Escalation, step: Step) -> Result<(), Refusal> {
    let organization = escalation.organization.id;
    let opened_it = escalation.opened_by.id == actor.id();
    let decides = || require(standing, Action::DecideEscalations, organization);
    let works = |roles| {
        let is_allowed = ties.on_account_team || actor.has_role(roles);
        if is_allowed { Ok(()) } else { Err(denied(standing, Requirement::Roles(roles), organization)) }
    };
    match step {
        Step::Edit | Step::ProvideInformation if opened_it => Ok(()),
        Step::Edit | Step::ProvideInformation => works(Action::DecideEscalations.roles()),
        Step::Verify => works(VERIFYING),
        Step::Review | Step::RequestInformation | Step::Complete => decides(),
        Step::Approve | Step::Reject => decides().and_then(|()| expect_second(actor, ties, escalation)),
        Step::Resume => decides().and_then(|()| expect_other(actor, ties, escalation)),
        Step::ConfirmNumber => may_confirm(actor, (standing, ties), escalation),
        Step::Withdraw if opened_it => Ok(()),
        Step::Withdraw => {
            let detail = say!("only `{name}` may withdraw it, who opened it", name = escalation.opened_by.name);
            Err(Refusal::new(Code::PermissionRequired, detail))
        }
        Step::Object if guards(standing) => expect_news(actor, standing, escalation),
        Step::Object => Err(denied(standing, Requirement::Permission(Permission::ManageContacts), organization)),
    }
}

fn another(why: Wording) -> Result<(), Refusal> {
    Err(Refusal::new(Code::SecondPersonRequired, why))
}

/// Nobody whom the organization lets act for it decides on the vendor's side (E-6).
fn expect_ungranted(ties: Ties) -> Result<(), Refusal> {
    if ties.granted {
        return another(say!(
            "nobody decides who holds a grant of the organization, or held one within a year; another duty manager does"
        ));
    }
    Ok(())
}

/// Two people of the vendor always: nobody decides about what they opened, changed or verified (E-6).
fn expect_second(actor: &Actor, ties: Ties, escalation: &Escalation) -> Result<(), Refusal> {
    let is_its_own = escalation.is_made_by(actor.id()) || escalation.traces.verified_by.contains(&actor.id());
    if is_its_own {
        return another(say!(
            "nobody decides about an escalation that they opened, changed or verified; another duty manager does"
        ));
    }
    expect_ungranted(ties)
}

/// What an objection stopped is resumed by a second duty manager (E-8).
fn expect_other(actor: &Actor, ties: Ties, escalation: &Escalation) -> Result<(), Refusal> {
    let decided = escalation.state.approval().map(|approval| approval.by).or(escalation.reviewer);
    if escalation.is_made_by(actor.id()) || decided == Some(actor.id()) {
        return another(say!(
            "nobody resumes what they opened, changed, reviewed or approved; another duty manager does"
        ));
    }
    expect_ungranted(ties)
}

/// A number is confirmed by the account team, and not by whoever asks for its use (E-6a).
fn may_confirm(actor: &Actor, (standing, ties): (&Standing, Ties), escalation: &Escalation) -> Result<(), Refusal> {
    if !ties.on_account_team {
        let detail = say!("only the account team of the organization confirms a number");
        let refusal = denied(standing, Requirement::Roles(ACCOUNT_TEAM), escalation.organization.id);
        return Err(Refusal { detail, ..refusal });
    }
    if escalation.is_made_by(actor.id()) {
        return another(say!(
            "nobody confirms a number for an escalation that they opened or changed; another member of the account team does"
        ));
    }
    Ok(())
}

/// Somebody objects once to what an escalation asks for; then it takes somebody else, or a primary support contact (E-8).
fn expect_news(actor: &Actor, standing: &Standing, escalation: &Escalation) -> Result<(), Refusal> {
    let is_primary = matches!(standing, Standing::Member { kind: ContactType::PrimarySupport, .. });
    if escalation.traces.objected.contains(&actor.id()) && !is_primary {
        return another(say!(
            "you objected before, and a second duty manager decided about it; somebody else, or a primary support contact, may object"
        ));
    }
    Ok(())
}

pub(crate) fn expect_state(escalation: &Escalation, step: Step) -> Result<(), Refusal> {
    let status = escalation.state.status();
    if step.possible_in().contains(&status) {
        return Ok(());
    }
    let detail = say!(
        "the escalation is `{status}`, where `{step}` is not possible",
        status = status.name(),
        step = step.name()
    );
    Err(Refusal::new(Code::InvalidTransition, detail).with(Extra::CurrentStatus(status.name())))
}

/// What a step makes of an escalation. Whoever takes one while they are said to be unavailable is there (E-9).
pub(crate) fn moved(
    context: &Context,
    standing: &Standing,
    kind: EventKind,
    before: Escalation,
    mut after: Escalation,
) -> Change<Escalation> {
    if let Some(PersonId::Contact(contact)) = context.actor_id()
        && after != before
        && after.names(contact)
    {
        after.traces.seen.insert(contact, context.now);
    }
    Change::update(context, standing.authority(before.organization.id), kind, before, after)
}

/// What somebody who changed an escalation leaves behind: they do not decide about it, its numbers are not called, and whoever objected
/// to something else may object anew (E-6, E-6a, E-8).
fn traced(context: &Context, before: &Escalation, after: &Case) -> Traces {
    let mut traces = before.traces.clone();
    if before.case != *after {
        traces.changed_by.extend(context.actor_id());
        traces.brought.extend(before.case.nominee.phone.clone());
    }
    if before.case.letter != after.letter || before.case.nominee != after.nominee {
        traces.objected.clear();
    }
    traces
}

fn act(context: &Context, reason: Option<Note>) -> Act {
    Act { by: context.actor_id(), at: context.now, reason }
}

/// What an edit leads to.
#[derive(Debug, Clone)]
pub struct EditCase {
    /// What it shall ask for.
    pub case: Case,
    /// Which of the files that are named the actor may use as the letter; those that it has already are.
    pub known_attachments: Vec<AttachmentId>,
    /// Which of the contacts who are said to be unavailable are primary support contacts of the organization.
    pub known_primaries: Vec<ContactId>,
    /// The version that was read.
    pub expected_version: Option<i64>,
}

/// Edits what an escalation asks for; the verification of what the edit touches is void (E-6).
///
/// *Decides*: as every step; those named unavailable are primary support contacts of the organization (E-4)?
pub fn edit(context: &Context, facts: EscalationFacts, command: EditCase) -> Result<Change<Escalation>, Refusal> {
    let (_, standing, before) = movable(context, facts, Step::Edit, command.expected_version)?;
    let mut usable = command.known_attachments;
    usable.extend(&before.case.letter.attachments);
    expect_attachments(&command.case, &usable)?;
    expect_received(&command.case, context.now)?;
    expect_primaries(&command.case, &command.known_primaries)?;
    let touched = before.case.touched(&command.case);
    let verified = before.verified.iter().filter(|one| !touched.contains(&one.item)).cloned().collect();
    let traces = traced(context, &before, &command.case);
    let after = Escalation { case: command.case, verified, traces, ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationUpdated, before, after))
}

/// An escalation that an actor may edit now.
pub(crate) fn editable(context: &Context, facts: EscalationFacts) -> Result<(Actor, Standing, Escalation), Refusal> {
    movable(context, facts, Step::Edit, None)
}

/// Adds a file to the letter of an escalation, which makes it another letter.
pub(crate) fn attach(
    context: &Context,
    standing: &Standing,
    before: Escalation,
    letter: AttachmentId,
) -> Result<Change<Escalation>, Refusal> {
    let mut case = before.case.clone();
    if u64::try_from(case.letter.attachments.len()).unwrap_or(u64::MAX) >= LETTER_ATTACHMENTS_MAX {
        let detail =
            say!("a letter has at most {max} attachments; take one out of it first", max = LETTER_ATTACHMENTS_MAX);
        return Err(Refusal::new(Code::AttachmentNotAllowed, detail));
    }
    case.letter.attachments.insert(letter);
    let traces = traced(context, &before, &case);
    let after = Escalation { case, verified: Vec::new(), traces, ..before.clone() };
    Ok(moved(context, standing, EventKind::EscalationUpdated, before, after))
}

/// Takes an escalation into review.
pub fn review(
    context: &Context,
    facts: EscalationFacts,
    expected_version: Option<i64>,
) -> Result<Change<Escalation>, Refusal> {
    let (actor, standing, before) = movable(context, facts, Step::Review, expected_version)?;
    let state = State::InReview { returned: None };
    let after = Escalation { state, reviewer: Some(actor.id()), ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationInReview, before, after))
}

/// Items to verify.
#[derive(Debug, Clone)]
pub struct Verify {
    /// The items; none twice by the same method.
    pub items: Vec<VerifyItem>,
    /// The numbers that were known before the escalation was opened (E-6a).
    pub numbers: Vec<KnownNumber>,
    /// Since how long before it a number must have been on record.
    pub min_age: Span,
    /// Whether the letter is an email whose signature is good and its author's own.
    pub is_signed_by_author: bool,
    /// The version that was read.
    pub expected_version: Option<i64>,
}

/// Verifies items, each by a method and its evidence (E-6). The same item by the same method again takes the older one's place.
///
/// *Decides*: as every step; for each item, evidence that this method needs?
pub fn verify(context: &Context, facts: EscalationFacts, command: Verify) -> Result<Change<Escalation>, Refusal> {
    let (actor, standing, before) = movable(context, facts, Step::Verify, command.expected_version)?;
    let Verify { items, numbers, min_age, is_signed_by_author, .. } = command;
    let calls = CallBacks { escalation: &before, min_age };
    let evidence = Evidence { calls, numbers: &numbers, is_signed_by_author };
    items.iter().try_for_each(|item| evidence.expect(item))?;
    let mut verified = before.verified.clone();
    for VerifyItem { item, method, note, number } in items {
        verified.retain(|one| (one.item, one.method) != (item, method));
        verified.push(Verification { item, method, note, number, by: actor.reference(), at: context.now });
    }
    verified.sort_by_key(|one| (one.item, one.method));
    let mut traces = before.traces.clone();
    traces.verified_by.insert(actor.id());
    let after = Escalation { verified, traces, ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationVerified, before, after))
}

/// A number that somebody of the account team knows.
#[derive(Debug, Clone)]
pub struct ConfirmNumber {
    /// The number.
    pub number: Phone,
    /// How they know it.
    pub note: Note,
    /// The numbers that were known before the escalation was opened (E-6a).
    pub numbers: Vec<KnownNumber>,
    /// Since how long before it a number must have been on record.
    pub min_age: Span,
    /// The version that was read.
    pub expected_version: Option<i64>,
}

/// Confirms that a number may be called although it was recorded shortly before the escalation (E-6a).
///
/// *Decides*: as every step; on record before, and brought by neither the letter nor a nominee?
pub fn confirm_number(
    context: &Context,
    facts: EscalationFacts,
    command: ConfirmNumber,
) -> Result<Change<Escalation>, Refusal> {
    let (actor, standing, before) = movable(context, facts, Step::ConfirmNumber, command.expected_version)?;
    let calls = CallBacks { escalation: &before, min_age: command.min_age };
    calls.expect_known(&command.numbers, &command.number).map_err(|refusal| refusal.at("#/number"))?;
    let mut traces = before.traces.clone();
    traces.confirmed.retain(|one| !one.number.is_same(&command.number));
    let (number, note) = (command.number, command.note);
    traces.confirmed.push(ConfirmedNumber { number, by: actor.reference(), note, at: context.now });
    traces.verified_by.insert(actor.id());
    let after = Escalation { traces, ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationNumberConfirmed, before, after))
}

/// Asks whoever opened it for what is missing; without an answer it lapses after [`LAPSE`](crate::escalation::LAPSE).
pub fn request_information(
    context: &Context,
    facts: EscalationFacts,
    message: Note,
    expected_version: Option<i64>,
) -> Result<Change<Escalation>, Refusal> {
    let (_, standing, before) = movable(context, facts, Step::RequestInformation, expected_version)?;
    let state = State::InformationRequested(act(context, Some(message)));
    let after = Escalation { state, ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationInformationRequested, before, after))
}

/// Says that the information is there; the review goes on.
pub fn provide_information(
    context: &Context,
    facts: EscalationFacts,
    expected_version: Option<i64>,
) -> Result<Change<Escalation>, Refusal> {
    let (_, standing, before) = movable(context, facts, Step::ProvideInformation, expected_version)?;
    let after = Escalation { state: State::InReview { returned: None }, ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationInformationProvided, before, after))
}

/// What must be known to appoint the nominee, when it is approved and again when it is completed.
#[derive(Debug, Clone)]
pub struct NomineeFacts {
    /// The organization.
    pub organization: Organization,
    /// The vendor's domains (O-2).
    pub vendor_domains: Vec<Domain>,
    /// Who has the nominee's email already.
    pub existing: Option<Existing>,
    /// The grants without an ending to other records with this email (G-12).
    pub former: Vec<Individual>,
    /// Whether the nominee has a record in the organization that was disabled after the opening.
    pub disabled_since: bool,
    /// Who has to be named unavailable: [`must_be_named`](crate::escalation_guard::must_be_named).
    pub to_be_named: Vec<ContactId>,
}

/// That the nominee can be appointed now, and that there is nobody else to turn to (E-4, E-9).
///
/// *Errors*: `vendor_staff_not_allowed`, `contact_in_other_organization`, `nominee_not_allowed`,
/// `primary_support_contact_available`.
pub(crate) fn expect_appointable(escalation: &Escalation, facts: &NomineeFacts) -> Result<(), Refusal> {
    let email = &escalation.case.nominee.email;
    refuse_vendor(&facts.organization, email, &facts.vendor_domains, facts.existing.as_ref())
        .map_err(|refusal| refusal.at("#/nominee/email"))?;
    if facts.existing.as_ref().is_some_and(|existing| existing.organization != facts.organization.id) {
        let detail = say!("`{email}` is a contact of another organization, and cannot be appointed in this one", email);
        return Err(Refusal::new(Code::ContactInOtherOrganization, detail)
            .at("#/nominee/email")
            .with(Extra::InvitationAvailable(false)));
    }
    let is_unavailable = facts.existing.as_ref().is_some_and(|existing| match existing.person {
        PersonId::Contact(contact) => escalation.names(contact),
        PersonId::Staff(_) => false,
    });
    let refused = |why| Err(Refusal::new(Code::NomineeNotAllowed, why).at("#/nominee/email"));
    if is_unavailable {
        return refused(say!("`{email}` belongs to somebody who is said to be unavailable", email));
    }
    if facts.disabled_since {
        return refused(say!("`{email}` was disabled since the escalation was opened", email));
    }
    escalation.case.expect_nobody_else(&facts.to_be_named)
}

/// How an escalation is approved.
#[derive(Debug, Clone)]
pub struct Approve {
    /// The version that was read (E-6).
    pub version: Option<i64>,
    /// The waiting period (E-7); zero for none.
    pub wait: Span,
    /// Who shall be appointed, and what stands in the way.
    pub nominee: NomineeFacts,
}

/// Approves an escalation; its waiting period begins (E-6, E-7).
///
/// *Decides*: as every step; which version was read? every item verified? the nominee one who can be appointed (E-9)? nobody else to
/// turn to (E-4)?
pub fn approve(context: &Context, facts: EscalationFacts, command: Approve) -> Result<Change<Escalation>, Refusal> {
    let is_suspended = facts.is_suspended;
    let (actor, standing, before) = movable(context, facts, Step::Approve, command.version)?;
    if command.version.is_none() {
        let detail = say!("say which version you read: `version` in the body, or `If-Match`");
        return Err(Refusal::new(Code::ValidationFailed, detail).at("#/version").with(Extra::MemberCode("required")));
    }
    let missing = before.missing();
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|item| item.name().to_owned()).collect();
        let detail = say!("not verified yet: `{items}`", items = names.join("`, `"));
        return Err(Refusal::new(Code::VerificationIncomplete, detail).with(Extra::Missing(names)));
    }
    expect_appointable(&before, &command.nominee)?;
    let completes_at = context.now.plus(command.wait);
    let rests_since = is_suspended.then_some(context.now);
    let state = State::Approved(Approval { by: actor.id(), at: context.now, completes_at, rests_since });
    let after = Escalation { state, ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationApproved, before, after))
}

/// Rejects an escalation for good.
pub fn reject(
    context: &Context,
    facts: EscalationFacts,
    reason: Note,
    expected_version: Option<i64>,
) -> Result<Change<Escalation>, Refusal> {
    let (_, standing, before) = movable(context, facts, Step::Reject, expected_version)?;
    let after = Escalation { state: State::Rejected(act(context, Some(reason))), ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationRejected, before, after))
}

/// Takes an escalation back: whoever opened it.
pub fn withdraw(
    context: &Context,
    facts: EscalationFacts,
    reason: Option<Note>,
    expected_version: Option<i64>,
) -> Result<Change<Escalation>, Refusal> {
    let (_, standing, before) = movable(context, facts, Step::Withdraw, expected_version)?;
    let after = Escalation { state: State::Withdrawn(act(context, reason)), ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationWithdrawn, before, after))
}

/// Stops an escalation: an active primary support contact or contact manager of the organization, or one who was put aside (E-8).
pub fn object(
    context: &Context,
    facts: EscalationFacts,
    reason: Note,
    expected_version: Option<i64>,
) -> Result<Change<Escalation>, Refusal> {
    let (actor, standing, before) = movable(context, facts, Step::Object, expected_version)?;
    let state = State::Objected { objection: act(context, Some(reason)), stopped: Box::new(before.state.clone()) };
    let mut traces = before.traces.clone();
    traces.objected.insert(actor.id());
    let after = Escalation { state, traces, ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationObjected, before, after))
}

/// Lets an escalation go on where an objection stopped it (E-8). What was approved waits anew for its whole waiting period, and what
/// waited for information for another thirty days.
pub fn resume(
    context: &Context,
    facts: EscalationFacts,
    reason: Note,
    wait: Span,
    expected_version: Option<i64>,
) -> Result<Change<Escalation>, Refusal> {
    let rests_since = facts.is_suspended.then_some(context.now);
    let (_, standing, before) = movable(context, facts, Step::Resume, expected_version)?;
    let state = match &before.state {
        State::Objected { stopped, .. } => match stopped.as_ref() {
            State::Approved(approval) => {
                State::Approved(Approval { completes_at: context.now.plus(wait), rests_since, ..approval.clone() })
            }
            State::InformationRequested(request) => {
                State::InformationRequested(Act { at: context.now, ..request.clone() })
            }
            other => other.clone(),
        },
        other => other.clone(),
    };
    let after = Escalation { state, resumption: Some(act(context, Some(reason))), ..before.clone() };
    Ok(moved(context, &standing, EventKind::EscalationResumed, before, after))
}

/// Writes down that an escalation lapsed; nothing if it has not (E-5).
pub fn lapse(context: &Context, escalation: Escalation) -> Option<Change<Escalation>> {
    let after = escalation.clone().settled(context.now);
    let authority = Authority::own(escalation.organization.id);
    (after.state != escalation.state)
        .then(|| Change::update(context, authority, EventKind::EscalationLapsed, escalation, after))
}
