//! Emails about escalations: of each step, and of what is about to happen (E-7, E-8).

use mandate_core::actor::Actor;
use mandate_core::escalation::{Act, Escalation, EscalationFacts, State, Ties};
use mandate_core::escalation_guard::is_told;
use mandate_core::escalation_story;
use mandate_core::id::PersonId;
use mandate_core::session::may_sign_in;
use mandate_core::vocabulary::{LinkPurpose, MailKind, OrganizationStatus};
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
        // What ties the vendor's people to the organization decides who takes steps, and not who is told.
        let facts = EscalationFacts {
            actor: person.clone(),
            standing,
            escalation: Some(found),
            ties: Ties::default(),
            is_suspended: false,
        };
        let told = escalation_story::told(now, kind, facts);
        Ok(told.map(|visible| MailContent::Escalation(content(kind, visible.into_value()))))
    }

    /// What is about to happen, to everybody of the organization who is active or invited, or counts as active, and to the account team;
    /// while the organization is suspended as well (E-7). Who counts as active without being so gets the link to object by.
    pub(super) fn escalation_notice(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
        status: OrganizationStatus,
    ) -> Result<Option<MailContent>, StorageError> {
        let Some(found) = about(mail).map(|id| tx.escalation(id)).transpose()?.flatten() else { return Ok(None) };
        let is_told = match person.id() {
            PersonId::Contact(contact) => tx.contact(contact)?.is_some_and(|contact| is_told(&contact, &found)),
            PersonId::Staff(_) => may_sign_in(person, status),
        };
        let link = self.live_link(tx, mail, LinkPurpose::Objection)?;
        let told = if is_told { self.escalation(tx, mail, person)? } else { None };
        Ok(told.map(|told| match (told, link) {
            (MailContent::Escalation(told), Some(link)) => {
                let link = self.url(LinkPurpose::Objection, link.id);
                MailContent::Escalation(EscalationMail { link, ..told })
            }
            (told, _) => told,
        }))
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
        link: String::new(),
        reason: reason.map(ToString::to_string).unwrap_or_default(),
        completes_at: escalation.state.approval().map(|approval| approval.completes_at),
        person: escalation.case.nominee.name(),
        email: escalation.case.nominee.email.to_string(),
        organization: escalation.organization.name,
        escalation: escalation.id.to_string(),
    }
}
