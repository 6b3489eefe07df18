//! What emails about escalations tell (E-7, E-8).

use mandate_core::time::Timestamp;
use mandate_core::vocabulary::MailKind;

use super::template::Values;

/// An email about an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationMail {
    /// Which one.
    pub kind: MailKind,
    /// The escalation's id.
    pub escalation: String,
    /// The organization.
    pub organization: String,
    /// The name of the nominee.
    pub person: String,
    /// Their address.
    pub email: String,
    /// Why it stands where it does, or what is asked for; empty if nothing is said.
    pub reason: String,
    /// The link by which its receiver objects without signing in; empty where there is none.
    pub link: String,
    /// When the waiting period ends.
    pub completes_at: Option<Timestamp>,
}

impl EscalationMail {
    /// What the placeholders of its template stand for, with moments as the receiver reads them.
    pub(super) fn values(&self, at: impl Fn(&Timestamp) -> String) -> Values {
        vec![
            ("escalation", self.escalation.clone()),
            ("organization", self.organization.clone()),
            ("person", self.person.clone()),
            ("person_email", self.email.clone()),
            ("reason", self.reason.clone()),
            ("link", self.link.clone()),
            ("due", self.completes_at.as_ref().map(at).unwrap_or_default()),
        ]
    }
}
