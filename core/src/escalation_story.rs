//! What an escalation's service request is told of each step (E-9), and who gets an email of it.

use crate::access::{Action, Standing, Visible, require};
use crate::change::{Authority, Change, Context};
use crate::escalation::{self, Escalation, EscalationFacts, State};
use crate::id::{MessageId, PersonId};
use crate::message::Posted;
use crate::refusal::Refusal;
use crate::request_record;
use crate::service_request::ServiceRequest;
use crate::text::MessageBody;
use crate::time::Timestamp;
use crate::vocabulary::{MailKind, RequestStatus};

/// Tells the service request of a step: a public message, and where the request stands then. Nothing where nothing happened, where
/// there is no request, or where it is closed.
pub fn tell(
    context: &Context,
    change: &Change<Escalation>,
    request: Option<ServiceRequest>,
    message: MessageId,
) -> Result<Option<Posted>, Refusal> {
    let Some(request) = request.filter(|request| request.is_open() && change.is_effective()) else { return Ok(None) };
    let Some((text, status)) = words(change) else { return Ok(None) };
    let body = MessageBody::parse(&text).map_err(|flaw| Refusal::flawed("#/message", flaw))?;
    let authority = Authority::own(request.organization.id);
    let (request, message) = request_record::narrate(context, authority, request, status, (message, body));
    Ok(Some(Posted { message, request }))
}

/// What is said, and where the request stands then; nothing where a step is the vendor's own affair.
fn words(change: &Change<Escalation>) -> Option<(String, RequestStatus)> {
    use RequestStatus::{Solved, WaitingOnCustomer, WaitingOnSupport};
    let after = change.after();
    let nominee = after.case.nominee.name();
    let before = change.before();
    if before.is_some_and(|before| before.state == after.state) {
        return None;
    }
    let because = |reason: Option<&crate::text::Note>| reason.map(|reason| format!("\n\n{reason}")).unwrap_or_default();
    Some(match &after.state {
        State::Submitted => (
            format!(
                "An escalation was opened: `{}` shall become primary support contact of the organization.",
                nominee
            ),
            WaitingOnSupport,
        ),
        State::InReview { returned: Some(reason) } => {
            (format!("The escalation could not be completed and is in review again.\n\n{reason}"), WaitingOnSupport)
        }
        State::InReview { returned: None } => ("The escalation is in review.".to_owned(), WaitingOnSupport),
        State::InformationRequested(act) => {
            (format!("The escalation waits for information.{}", because(act.reason.as_ref())), WaitingOnCustomer)
        }
        State::Approved(approval) => (
            format!(
                "The escalation is approved. Unless somebody who guards the organization objects, `{nominee}` becomes primary \
                 support contact at {}.",
                approval.completes_at
            ),
            WaitingOnSupport,
        ),
        State::Objected { objection, .. } => (
            format!("The escalation was stopped by an objection.{}", because(objection.reason.as_ref())),
            WaitingOnSupport,
        ),
        State::Completed { .. } => {
            (format!("`{nominee}` is primary support contact now, and has been sent a welcome email."), Solved)
        }
        State::Rejected(act) => (format!("The escalation was rejected.{}", because(act.reason.as_ref())), Solved),
        State::Withdrawn(act) => (format!("The escalation was withdrawn.{}", because(act.reason.as_ref())), Solved),
        State::Lapsed { .. } => {
            ("The escalation lapsed, because the information that was asked for did not come.".to_owned(), Solved)
        }
    })
}

/// Who is told of a step by email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Nobody.
    Nobody,
    /// Whoever opened it.
    Opener(PersonId),
    /// The vendor's duty managers.
    DutyManagers,
    /// The account team, and every contact of the organization, those named unavailable first (E-7).
    Everybody,
}

/// Who is told of a step by email (E-7, E-8).
pub fn audience(change: &Change<Escalation>) -> Audience {
    let after = change.after();
    if !change.is_effective() || change.before().is_some_and(|before| before.state == after.state) {
        return Audience::Nobody;
    }
    match &after.state {
        State::Submitted | State::Objected { .. } | State::InReview { returned: Some(_) } => Audience::DutyManagers,
        State::Approved(_) => Audience::Everybody,
        State::InReview { returned: None }
        | State::InformationRequested(_)
        | State::Completed { .. }
        | State::Rejected(_)
        | State::Withdrawn(_)
        | State::Lapsed { .. } => Audience::Opener(after.opened_by.id),
    }
}

/// Which email tells of a state.
pub fn mail_kind(state: &State) -> MailKind {
    match state {
        State::Submitted => MailKind::EscalationOpened,
        State::InReview { returned: None } => MailKind::EscalationReviewed,
        State::InReview { returned: Some(_) } => MailKind::EscalationReturned,
        State::InformationRequested(_) => MailKind::EscalationInformation,
        State::Approved(_) => MailKind::EscalationNotice,
        State::Objected { .. } => MailKind::EscalationObjected,
        State::Completed { .. } => MailKind::EscalationCompleted,
        State::Rejected(_) => MailKind::EscalationRejected,
        State::Withdrawn(_) => MailKind::EscalationWithdrawn,
        State::Lapsed { .. } => MailKind::EscalationLapsed,
    }
}

/// The escalation that an email is about, for a receiver who may still have it: as long as it stands where the email says. A notice is
/// for everybody of the organization, whatever their permission, and for the staff who look after it; it leaves also when there was
/// no waiting period (E-7). The others are for duty managers, or for whoever opened it, as long as they may read it (E-11).
pub fn told(now: Timestamp, kind: MailKind, facts: EscalationFacts) -> Option<Visible<Escalation>> {
    let escalation = facts.escalation.clone()?.settled(now);
    let actor = facts.actor.clone();
    let is_completed = matches!(escalation.state, State::Completed { .. });
    let is_so = mail_kind(&escalation.state) == kind || (kind == MailKind::EscalationNotice && is_completed);
    let may_know = match kind {
        MailKind::EscalationNotice => matches!(facts.standing, Standing::Member { .. } | Standing::Staff { .. }),
        MailKind::EscalationOpened | MailKind::EscalationObjected | MailKind::EscalationReturned => {
            require(&facts.standing, Action::DecideEscalations, escalation.organization.id).is_ok()
        }
        _ => escalation.opened_by.id == actor.id() && escalation::view(now, facts).is_ok(),
    };
    (is_so && may_know).then(|| Visible::new(escalation, &actor))
}
