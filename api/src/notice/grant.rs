//! Emails about grants, requests for them, and the people of partners who hold them (G-9, G-11, G-18).

use mandate_core::actor::{Actor, PersonRef};
use mandate_core::grant_reminder;
use mandate_core::grant_request::{GrantRequest, RequestFacts};
use mandate_core::grant_request_notice;
use mandate_core::partner_grant::{GrantFacts, PartnerGrant};
use mandate_core::roster::{self, Moved};
use mandate_core::vocabulary::{GrantStatus, MailKind, Vocabulary as _};
use mandate_storage::{Mail, ReadTx, StorageError};

use super::{Notices, about, name};
use crate::mail::{GrantMail, GrantTerms, MailContent};

impl Notices {
    /// What of grants is told by an email of this kind.
    pub(super) fn grant(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let told = match mail.notice.kind {
            MailKind::GrantExpiring | MailKind::ReceivedGrantExpiring => self.grant_expiring(tx, mail, person)?,
            MailKind::PartnerRoster => self.partner_roster(tx, mail, person)?,
            _ => self.grant_request(tx, mail, person)?,
        };
        Ok(told.map(MailContent::Grant))
    }

    /// What became of a request, or that there is one, to whoever may know.
    fn grant_request(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<GrantMail>, StorageError> {
        let (now, kind) = (self.clock.now(), mail.notice.kind);
        let Some(request) = about(mail).map(|id| tx.grant_request(id)).transpose()?.flatten() else { return Ok(None) };
        let standing = tx.standing(person, request.grantor.as_ref().map_or(person.organization, |one| one.id), now)?;
        let facts = RequestFacts { actor: person.clone(), standing, request: Some(request) };
        let Some(visible) = grant_request_notice::view(now, kind, facts) else { return Ok(None) };
        let request = visible.into_value();
        let (customer, grantee) = (customer(&request), request.grantee.name().to_owned());
        Ok(match kind {
            MailKind::GrantRequestReceived => {
                let partner = name(tx, request.grantee.organization())?;
                Some(received(partner, request))
            }
            MailKind::GrantRequestApproved => self.approved(tx, &request)?,
            MailKind::GrantRequestDeclined => {
                let reason = request.decision.and_then(|decision| decision.reason);
                let reason = reason.map(|reason| reason.to_string()).unwrap_or_default();
                Some(GrantMail::RequestDeclined { customer, grantee, reason })
            }
            _ => Some(GrantMail::RequestLapsed { customer, grantee, asked_at: request.created_at }),
        })
    }

    /// The grant that came of a request, as it is now; nothing if it is over already.
    fn approved(&self, tx: &mut ReadTx<'_>, request: &GrantRequest) -> Result<Option<GrantMail>, StorageError> {
        let Some(id) = request.decision.as_ref().and_then(|decision| decision.grant) else { return Ok(None) };
        let grant = tx.partner_grant(id)?.filter(|grant| grant.status(self.clock.now()) == GrantStatus::Live);
        Ok(grant.map(|grant| GrantMail::RequestApproved(terms(grant))))
    }

    /// A grant that is about to end, to both sides.
    fn grant_expiring(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<GrantMail>, StorageError> {
        let (now, kind) = (self.clock.now(), mail.notice.kind);
        let Some(grant) = about(mail).map(|id| tx.partner_grant(id)).transpose()?.flatten() else { return Ok(None) };
        let standing = tx.standing(person, grant.grantor.id, now)?;
        let facts = GrantFacts { actor: person.clone(), standing, grant: Some(grant) };
        let Some(visible) = grant_reminder::view(now, kind, facts) else { return Ok(None) };
        let terms = terms(visible.into_value());
        Ok(Some(match kind {
            MailKind::GrantExpiring => GrantMail::Expiring(terms),
            _ => GrantMail::ReceivedExpiring(terms),
        }))
    }

    /// Who joined and left a partner, to a contact manager of an organization that lets all of that partner in.
    fn partner_roster(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<GrantMail>, StorageError> {
        let now = self.clock.now();
        let Some(roster) = about(mail).map(|id| tx.roster(id)).transpose()?.flatten() else { return Ok(None) };
        let partner = roster.organization.id;
        let grant = tx.current_grant(person.organization, partner.into())?;
        let standing = tx.standing(person, person.organization, now)?;
        let Some(grant) = grant.filter(|grant| roster::may_read(now, &standing, Some(grant), partner)) else {
            return Ok(None);
        };
        let movements = tx.movements(&roster)?;
        Ok(Some(GrantMail::Roster {
            organization: grant.grantor.name,
            partner: roster.organization.name,
            level: grant.level.name().to_owned(),
            joined: named(&movements.joined),
            left: named(&movements.left),
        }))
    }
}

fn received(partner: String, request: GrantRequest) -> GrantMail {
    let lapses_at = request.lapses_at();
    let terms = GrantTerms {
        organization: request.grantor.map(|grantor| grantor.name).unwrap_or_default(),
        grantee: request.grantee.name().to_owned(),
        level: request.level.name().to_owned(),
        expires_at: request.expires_at,
    };
    let (asker, message) = (request.created_by.name, request.message.map(|message| message.to_string()));
    GrantMail::RequestReceived { terms, partner, asker, message: message.unwrap_or_default(), lapses_at }
}

/// What the partner calls the customer, as long as the customer has not said who it is (G-9).
fn customer(request: &GrantRequest) -> String {
    let known = request.grantor.as_ref().filter(|_| request.is_grantor_known());
    known.map_or_else(|| request.named.to_string(), |grantor| grantor.name.clone())
}

fn terms(grant: PartnerGrant) -> GrantTerms {
    GrantTerms {
        organization: grant.grantor.name,
        grantee: grant.grantee.name().to_owned(),
        level: grant.level.name().to_owned(),
        expires_at: grant.expires_at,
    }
}

/// Names, and how many more there are.
fn named(moved: &Moved) -> String {
    let names: Vec<&str> = moved.named.iter().map(|person: &PersonRef| person.name.as_str()).collect();
    let more = moved.total.saturating_sub(i64::try_from(names.len()).unwrap_or(i64::MAX));
    let more = if more > 0 { format!(" … (+{more})") } else { String::new() };
    names.join(", ") + &more
}
