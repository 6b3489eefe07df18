//! Whether a stored answer may be given again: only to somebody who would still be allowed to see its resource.

use mandate_core::access::{DESK, Standing, require_role};
use mandate_core::id::{
    AnyId, ArticleId, AttachmentId, ContactId, EscalationId, GrantId, GrantRequestId, InvitationId, MessageKind,
    OrganizationId, ReviewId, ServiceRequestId, SiteId, StaffId,
};
use mandate_core::refusal::Refusal;
use mandate_core::staff::StaffFacts;
use mandate_core::{
    article, contact, escalation, grant_request, invitation, organization, partner_grant, service_request, staff,
};
use mandate_storage::ReadTx;

use crate::caller::Asker;
use crate::problem::Problem;

/// Asks the same decision that shows the resource.
///
/// *Errors*: `not_found`, `permission_required`, as reading the resource would answer.
pub(crate) fn allow(tx: &mut ReadTx<'_>, asker: &Asker, subject: Option<AnyId>) -> Result<(), Problem> {
    let Some(subject) = subject else { return Ok(()) };
    let actor = &asker.actor;
    if let Some(id) = subject.as_id() {
        let id: ServiceRequestId = id;
        service_request::view(&tx.request_facts(actor, id, asker.now)?)?;
    } else if let Some(id) = subject.as_id() {
        let id: GrantId = id;
        partner_grant::view(crate::partner_grant::facts(tx, actor, asker.now, id)?)?;
    } else if let Some(id) = subject.as_id() {
        let id: GrantRequestId = id;
        grant_request::view(crate::grant_request::facts(tx, actor, asker.now, id)?)?;
    } else if let Some(id) = subject.as_id() {
        let id: ContactId = id;
        let found = tx.contact(id)?;
        let standing = match &found {
            Some(found) => tx.standing(actor, found.organization, asker.now)?,
            None => Standing::Stranger,
        };
        contact::view(actor, &standing, found)?;
    } else if let Some(id) = subject.as_id() {
        let id: ReviewId = id;
        crate::contact_review::found(tx, asker, id)?;
    } else if let Some(id) = subject.as_id() {
        let id: OrganizationId = id;
        let standing = tx.standing(actor, id, asker.now)?;
        organization::view(actor, &standing, tx.organization(id)?)?;
    } else if let Some(id) = subject.as_id() {
        let id: StaffId = id;
        staff::view(StaffFacts { actor: actor.clone(), staff: tx.staff_member(id)? })?;
    } else if let Some(id) = subject.as_id() {
        let id: SiteId = id;
        crate::site::visible(tx, asker, id)?;
    } else if let Some(id) = subject.as_id() {
        let id: InvitationId = id;
        invitation::view(crate::invitation::facts(tx, actor, asker.now, id)?)?;
    } else if let Some(id) = subject.as_id() {
        let id: EscalationId = id;
        escalation::view(asker.now, crate::escalation::facts(tx, actor, asker.now, id)?)?;
    } else if let Some(id) = subject.as_id() {
        let id: ArticleId = id;
        article::view(actor, tx.article(id)?)?;
    } else if let Some(id) = subject.as_id() {
        let id: AttachmentId = id;
        crate::attachment::shown(tx, actor, asker.now, id)?;
    } else if subject.as_id::<MessageKind>().is_some() {
        // Only internal notes are answered under their own id: for those who work on requests alone (S-5).
        require_role(actor, DESK, actor.organization)?;
    } else {
        return Err(Refusal::not_found().into());
    }
    Ok(())
}
