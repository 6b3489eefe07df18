//! Authority over authority stays with the organization: what nobody does who acts by a grant (C-9).

use crate::access::{Action, Standing, Verdict, decide, denied};
use crate::actor::Actor;
use crate::broadcast::Broadcast;
use crate::change::{Change, Context};
use crate::contact::Contact;
use crate::domain_owner::DomainOwners;
use crate::id::OrganizationId;
use crate::refusal::{Code, Refusal};
use crate::say;
use crate::text::Email;
use crate::vocabulary::{ContactType, MailKind, Permission, PersonStatus};

/// Whether this position is one of authority: a contact manager's or a primary support contact's.
pub fn has_authority(kind: ContactType, permission: Permission) -> bool {
    kind == ContactType::PrimarySupport || permission == Permission::ManageContacts
}

/// Refuses whoever acts by a grant where somebody with authority is made or changed, or would be.
///
/// *Errors*: `contact_manager_protected`.
pub(crate) fn protect(
    standing: &Standing,
    organization: OrganizationId,
    positions: &[(ContactType, Permission)],
) -> Result<(), Refusal> {
    let Verdict::Denied(requirement) = decide(standing, Action::ManageManagers) else { return Ok(()) };
    if !positions.iter().any(|(kind, permission)| has_authority(*kind, *permission)) {
        return Ok(());
    }
    let detail = say!(
        "who acts by a grant neither makes nor changes contact managers and primary support contacts: this takes {requirement}",
        requirement = requirement.wording()
    );
    let refusal = denied(standing, requirement, organization);
    Err(Refusal { code: Code::ContactManagerProtected, detail, ..refusal })
}

/// Refuses whoever acts by a grant where somebody is brought in whose email is not the organization's own.
///
/// *Errors*: `outside_customer_domains`.
pub(crate) fn expect_own_address(
    standing: &Standing,
    organization: OrganizationId,
    email: &Email,
    owners: &DomainOwners,
) -> Result<(), Refusal> {
    let Verdict::Denied(requirement) = decide(standing, Action::ManageManagers) else { return Ok(()) };
    if owners.is_own(email, organization) {
        return Ok(());
    }
    let detail = say!(
        "`{email}` is in none of the organization's own domains; who acts by a grant brings in its own people alone",
        email
    );
    let refusal = denied(standing, requirement, organization);
    Err(Refusal { code: Code::OutsideCustomerDomains, detail, ..refusal }.at("#/email"))
}

/// What somebody decides about in their organization: nothing for who is not in it any more.
fn authority(contact: &Contact) -> Option<(ContactType, Permission)> {
    let is_here = matches!(contact.status, PersonStatus::Invited | PersonStatus::Active);
    (is_here && has_authority(contact.kind, contact.permission)).then_some((contact.kind, contact.permission))
}

/// Tells the contact managers and primary support contacts of an organization, whatever their preferences, where one of them is
/// made, promoted, demoted or disabled by somebody else (C-9).
#[must_use]
pub(crate) fn proclaim(context: &Context, change: Change<Contact>) -> Change<Contact> {
    let before = change.before().and_then(authority);
    if before == authority(change.after()) {
        return change;
    }
    let by = context.actor.as_ref().map(Actor::id);
    let about = change.after().id.into();
    change.tell_all(Broadcast { kind: MailKind::AuthorityChanged, about, request: None, by })
}
