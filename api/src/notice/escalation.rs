//! Emails about escalations: of each step, and of what is about to happen (E-7, E-8).

use mandate_core::actor::Actor;
use mandate_core::escalation::{Act, Escalation, EscalationFacts, State};
use mandate_core::escalation_story;
use mandate_core::vocabulary::MailKind;
use mandate_storage::{Mail, ReadTx, StorageError};

use super::{Notices, about};
use crate::mail::{EscalationMail, MailContent};

impl Notices {
    /// What of an escalation is told by an email of this kind, to whoever may still know.
    pub(super) fn escalation(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let (now, kind) = (self.clock.now(), mail.notice.kind);
        let Some(found) = about(mail).map(|id| tx.escalation(id)).transpose()?.flatten() else { return Ok(None) };
        let standing = tx.standing(person, found.organization.id, now)?;
        let facts = EscalationFacts { actor: person.clone(), standing, escalation: Some(found) };
        let told = escalation_story::told(now, kind, facts);
        Ok(told.map(|visible| MailContent::Escalation(content(kind, visible.into_value()))))
    }
}

fn content(kind: MailKind, escalation: Escalation) -> EscalationMail {
    let reason = match &escalation.state {
        State::InReview { returned } => returned.as_ref(),
        State::InformationRequested(Act { reason, .. })
        | State::Rejected(Act { reason, .. })
        | State::Withdrawn(Act { reason, .. }) => reason.as_ref(),
        State::Objected { objection, .. } => objection.reason.as_ref(),
        State::Submitted | State::Approved(_) | State::Completed { .. } | State::Lapsed { .. } => None,
    };
    EscalationMail {
        kind,
        reason: reason.map(ToString::to_string).unwrap_or_default(),
        completes_at: escalation.state.approval().map(|approval| approval.completes_at),
        person: escalation.case.nominee.name(),
        email: escalation.case.nominee.email.to_string(),
        organization: escalation.organization.name,
        escalation: escalation.id.to_string(),
    }
}
