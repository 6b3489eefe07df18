//! What emails about grants, requests for them, and the people of partners tell (G-9, G-11, G-18).

use mandate_core::time::Timestamp;
use mandate_core::vocabulary::MailKind;

use super::template::Values;

/// What a grant gives to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantTerms {
    /// The grantor.
    pub organization: String,
    /// Who holds it.
    pub grantee: String,
    /// How far it reaches.
    pub level: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// An email about grants. What is empty or absent takes its paragraph along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantMail {
    /// A customer's contact manager learns that a partner asks for a grant (G-9).
    RequestReceived {
        /// What is asked for.
        terms: GrantTerms,
        /// The partner.
        partner: String,
        /// Who asks.
        asker: String,
        /// What the partner tells the customer; empty if nothing.
        message: String,
        /// When the request lapses.
        lapses_at: Timestamp,
    },
    /// Whoever asked for a grant learns that it was made (G-9).
    RequestApproved(GrantTerms),
    /// Whoever asked for a grant learns that it was declined (G-9).
    RequestDeclined {
        /// The customer.
        customer: String,
        /// Who was to hold the grant.
        grantee: String,
        /// Why.
        reason: String,
    },
    /// Whoever asked for a grant learns that nobody answered (G-9).
    RequestLapsed {
        /// How the customer was named.
        customer: String,
        /// Who was to hold the grant.
        grantee: String,
        /// When it was asked for.
        asked_at: Timestamp,
    },
    /// A contact manager of the grantor learns that a grant is about to end (G-11).
    Expiring(GrantTerms),
    /// Who holds a grant learns that it is about to end (G-11).
    ReceivedExpiring(GrantTerms),
    /// A contact manager of the grantor learns who joined and left a partner (G-18).
    Roster {
        /// The grantor.
        organization: String,
        /// The partner.
        partner: String,
        /// How far its grant reaches.
        level: String,
        /// Who joined; empty if nobody.
        joined: String,
        /// Who left; empty if nobody.
        left: String,
    },
}

impl GrantMail {
    /// The `X-Mandate-Kind`.
    pub(super) fn kind(&self) -> MailKind {
        match self {
            Self::RequestReceived { .. } => MailKind::GrantRequestReceived,
            Self::RequestApproved(_) => MailKind::GrantRequestApproved,
            Self::RequestDeclined { .. } => MailKind::GrantRequestDeclined,
            Self::RequestLapsed { .. } => MailKind::GrantRequestLapsed,
            Self::Expiring(_) => MailKind::GrantExpiring,
            Self::ReceivedExpiring(_) => MailKind::ReceivedGrantExpiring,
            Self::Roster { .. } => MailKind::PartnerRoster,
        }
    }

    /// What the placeholders of its template stand for, with moments as the receiver reads them.
    pub(super) fn values(&self, at: impl Fn(&Timestamp) -> String) -> Values {
        let text = |name: &'static str, text: &String| (name, text.clone());
        let of_terms = |terms: &GrantTerms| {
            let GrantTerms { organization, grantee, level, expires_at } = terms;
            let expires = expires_at.as_ref().map(&at).unwrap_or_default();
            vec![
                text("organization", organization),
                text("grantee", grantee),
                text("level", level),
                ("expires", expires),
            ]
        };
        match self {
            Self::RequestReceived { terms, partner, asker, message, lapses_at } => {
                let mut values = of_terms(terms);
                values.extend([text("partner", partner), text("asker", asker), text("message", message)]);
                values.push(("lapses", at(lapses_at)));
                values
            }
            Self::RequestApproved(terms) | Self::Expiring(terms) | Self::ReceivedExpiring(terms) => of_terms(terms),
            Self::RequestDeclined { customer, grantee, reason } => {
                vec![text("customer", customer), text("grantee", grantee), text("reason", reason)]
            }
            Self::RequestLapsed { customer, grantee, asked_at } => {
                vec![text("customer", customer), text("grantee", grantee), ("asked", at(asked_at))]
            }
            Self::Roster { organization, partner, level, joined, left } => vec![
                text("organization", organization),
                text("partner", partner),
                text("level", level),
                text("joined", joined),
                text("left", left),
            ],
        }
    }
}
