//! Invitations: how a contact who belongs to another organization is asked to come over (C-13, C-14). What happens when they
//! accept is in [`crate::transfer`].

use std::collections::BTreeSet;

use crate::access::{Action, Standing, Visible, require};
use crate::actor::Actor;
use crate::change::{Authority, Change, Context, Notice, Origin, Recorded};
use crate::contact::{Existing, check_combination, refuse_vendor};
use crate::domain_owner::DomainOwners;
use crate::id::{AnyId, ContactId, InvitationId, LinkId, MailId, OrganizationId, PersonId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::manager_protection::{expect_own_address, protect};
use crate::organization::{Organization, expect_version};
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::session::Link;
use crate::text::{Domain, Email, TypedEmail};
use crate::time::Timestamp;
use crate::vocabulary::{ContactType, Duty, InvitationStatus, LinkPurpose, MailKind, Permission, Vocabulary as _};
use crate::wording::Wording;

/// How an invitation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// `accepted`, `cancelled` or, where a new one took its place after its time, `expired`.
    pub status: InvitationStatus,
    /// Who ended it; none for the system.
    pub by: Option<PersonId>,
    /// Who the invited person became, if they came.
    pub contact: Option<ContactId>,
}

/// An invitation. At most one that has no ending exists per organization and person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who invites.
    pub organization: OrganizationId,
    /// Whom: their record at the other organization, which the inviter never sees.
    pub person: ContactId,
    /// Their user id, as the inviter knows it.
    pub email: Email,
    /// Whether they shall guard what is sensitive.
    pub kind: ContactType,
    /// What they shall be allowed to do.
    pub permission: Permission,
    /// What they shall look after.
    pub duties: BTreeSet<Duty>,
    /// The single-use link in the email.
    pub link: LinkId,
    /// When the link stops to work.
    pub expires_at: Timestamp,
    /// How it ended, if it did.
    pub ending: Option<Ending>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: PersonId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl Invitation {
    /// What became of it; what was read a second ago may be over.
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        match &self.ending {
            Some(ending) => ending.status,
            None if self.expires_at <= now => InvitationStatus::Expired,
            None => InvitationStatus::Pending,
        }
    }

    /// Whether it can still be accepted or cancelled.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.status(now) == InvitationStatus::Pending
    }
}

impl Recorded for Invitation {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        let ending = self.ending.as_ref();
        vec![
            ("email", Fact::text(&self.email)),
            ("type", Fact::text(self.kind.name())),
            ("permission", Fact::text(self.permission.name())),
            ("duties", Fact::Texts(self.duties.iter().map(|duty| duty.name().to_owned()).collect())),
            ("expires_at", Fact::text(self.expires_at)),
            ("ended_at", Fact::optional(ending.map(|ending| &ending.at))),
            ("contact_id", Fact::optional(ending.and_then(|ending| ending.contact.as_ref()))),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// An invitation to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Whom, as typed.
    pub email: TypedEmail,
    /// Whether they shall guard what is sensitive.
    pub kind: ContactType,
    /// What they shall be allowed to do.
    pub permission: Permission,
    /// What they shall look after.
    pub duties: BTreeSet<Duty>,
    /// The link.
    pub link: LinkId,
    /// The email that carries it.
    pub mail: MailId,
    /// When the link stops to work.
    pub expires_at: Timestamp,
}

/// By what right somebody invites, read again when the invitation is accepted.
#[derive(Debug, Clone)]
pub struct Right {
    /// What the inviter is to the organization.
    pub standing: Standing,
    /// Whose the email's domain is (O-5).
    pub owners: DomainOwners,
    /// The vendor's domains (O-2).
    pub vendor_domains: Vec<Domain>,
}

impl Right {
    /// Asks whether it is enough for this position (C-9, C-10).
    ///
    /// *Errors*: `not_found`, `permission_required`, `contact_manager_protected`, `primary_support_contact_required`.
    fn covers(&self, organization: OrganizationId, position: (ContactType, Permission)) -> Result<(), Refusal> {
        require(&self.standing, Action::ManageContacts, organization)?;
        protect(&self.standing, organization, &[position])?;
        match position.0 {
            ContactType::Technical => Ok(()),
            ContactType::PrimarySupport => require(&self.standing, Action::AppointPrimarySupport, organization),
        }
    }

    /// Asks whether it reaches this address, before anybody is looked for who may have it (C-9, C-13, O-2).
    ///
    /// *Errors*: `outside_customer_domains`, `invitation_not_available`, `vendor_staff_not_allowed`.
    fn reaches(&self, organization: &Organization, email: &Email, existing: Option<&Existing>) -> Result<(), Refusal> {
        expect_own_address(&self.standing, organization.id, email, &self.owners)?;
        if !self.owners.is_own(email, organization.id) {
            return Err(not_available(say!("`{email}` is in none of the organization's own domains", email)));
        }
        refuse_vendor(organization, email, &self.vendor_domains, existing)
    }

    /// Whether an invitation that was made could still be made.
    pub(crate) fn still_covers(&self, organization: &Organization, invitation: &Invitation) -> bool {
        self.covers(organization.id, (invitation.kind, invitation.permission)).is_ok()
            && self.reaches(organization, &invitation.email, None).is_ok()
    }
}

fn not_available(detail: Wording) -> Refusal {
    Refusal::new(Code::InvitationNotAvailable, detail).at("#/email")
}

/// What must be known to invite somebody.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// By what right.
    pub right: Right,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// Who has the email.
    pub existing: Option<Existing>,
    /// The invitation from the organization to this person that has no ending, if there is one.
    pub open: Option<Invitation>,
}

/// An invitation, and the expired one whose place it takes.
#[derive(Debug)]
pub struct Created {
    /// The older one, ended.
    pub expired: Option<Change<Invitation>>,
    /// The invitation.
    pub invitation: Change<Invitation>,
    /// The link in the email.
    pub link: Link,
}

/// Invites a contact of another organization (C-14).
///
/// *Decides*: visible? may manage contacts? no contact manager or primary by who acts by a grant (C-9)? may appoint, if primary
/// (C-10)? lower case (C-2)? combination (C-7)? in a domain of the organization that they would join (C-9, C-13)? not of the vendor (O-2)? not here already? is there somebody, and not the inviter (C-9)? not
/// invited already?
pub fn create(context: &Context, facts: CreateFacts, command: NewInvitation) -> Result<Created, Refusal> {
    let organization = facts.organization.ok_or_else(Refusal::not_found)?;
    facts.right.covers(organization.id, (command.kind, command.permission))?;
    if let Some(flaw) = command.email.case {
        return Err(Refusal::flawed("#/email", flaw));
    }
    check_combination(command.kind, command.permission)?;
    let email = command.email.email;
    facts.right.reaches(&organization, &email, facts.existing.as_ref())?;
    let person = invited(organization.id, &email, facts.existing)?;
    if context.signed_in()?.id() == PersonId::Contact(person) {
        let detail = say!("nobody invites themselves: who acts for an organization by a grant stays a partner");
        return Err(Refusal::new(Code::OwnRecord, detail).at("#/email"));
    }
    let authority = facts.right.standing.authority(organization.id);
    let expired = facts.open.map(|open| make_room(context, authority, open)).transpose()?;
    let invitation = Invitation {
        id: command.id,
        organization: organization.id,
        person,
        email,
        kind: command.kind,
        permission: command.permission,
        duties: command.duties,
        link: command.link,
        expires_at: command.expires_at,
        ending: None,
        created_at: context.now,
        created_by: context.signed_in()?.id(),
        updated_at: context.now,
        version: 1,
    };
    let link = Link {
        id: command.link,
        person: person.into(),
        purpose: LinkPurpose::Invitation,
        created_at: context.now,
        expires_at: command.expires_at,
        used_at: None,
        voided_at: None,
    };
    let notice = Notice {
        id: command.mail,
        kind: MailKind::Invitation,
        to: person.into(),
        about: Some(invitation.id.into()),
        link: Some(link.id),
    };
    let invitation = Change::create(context, authority, EventKind::InvitationCreated, invitation).notify(notice);
    Ok(Created { expired, invitation, link })
}

/// The contact of another organization who has this email.
fn invited(organization: OrganizationId, email: &Email, existing: Option<Existing>) -> Result<ContactId, Refusal> {
    match existing {
        Some(Existing { person, organization: present }) if present == organization => {
            let detail = say!("`{email}` is a contact of this organization already", email);
            Err(Refusal::new(Code::ContactExists, detail).with(Extra::About(person.into())))
        }
        Some(Existing { person: PersonId::Contact(contact), .. }) => Ok(contact),
        Some(Existing { person: PersonId::Staff(_), .. }) | None => {
            Err(not_available(say!("no contact has the email `{email}`; create one", email)))
        }
    }
}

/// A pending invitation stands in the way of another; one whose time is over makes room.
fn make_room(context: &Context, authority: Authority, open: Invitation) -> Result<Change<Invitation>, Refusal> {
    if open.is_pending(context.now) {
        let detail =
            say!("`{email}` is invited already, until {expires_at}", email = open.email, expires_at = open.expires_at);
        return Err(Refusal::new(Code::InvitationExists, detail).with(Extra::About(open.id.into())));
    }
    Ok(end(context, authority, EventKind::InvitationExpired, open, InvitationStatus::Expired, None))
}

pub(crate) fn end(
    context: &Context,
    authority: Authority,
    kind: EventKind,
    invitation: Invitation,
    status: InvitationStatus,
    contact: Option<ContactId>,
) -> Change<Invitation> {
    let ending = Ending { at: context.now, status, by: context.actor_id(), contact };
    let after = Invitation { ending: Some(ending), ..invitation.clone() };
    Change::update(context, authority, kind, invitation, after)
}

/// What must be known to see or cancel an invitation.
#[derive(Debug, Clone)]
pub struct InvitationFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the inviting organization.
    pub standing: Standing,
    /// The invitation, if it exists.
    pub invitation: Option<Invitation>,
}

/// Shows an invitation to the contact managers of the inviting organization, and to the staff who keep records.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn view(facts: InvitationFacts) -> Result<Visible<Invitation>, Refusal> {
    let invitation = facts.invitation.ok_or_else(Refusal::not_found)?;
    require(&facts.standing, Action::ReadReviews, invitation.organization)?;
    Ok(Visible::new(invitation, &facts.actor))
}

/// Allows listing an organization's invitations.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(standing: &Standing, organization: OrganizationId) -> Result<(), Refusal> {
    require(standing, Action::ReadReviews, organization)
}

/// Takes an invitation back; saving it makes its link void (C-14).
///
/// *Decides*: visible? may manage contacts? not one to authority by who acts by a grant (C-9)? may appoint, if it appoints (C-10)? version?
/// pending?
pub fn cancel(
    context: &Context,
    facts: InvitationFacts,
    expected_version: Option<i64>,
) -> Result<Change<Invitation>, Refusal> {
    let standing = facts.standing.clone();
    let invitation = view(facts)?.into_value();
    require(&standing, Action::ManageContacts, invitation.organization)?;
    protect(&standing, invitation.organization, &[(invitation.kind, invitation.permission)])?;
    if invitation.kind == ContactType::PrimarySupport {
        require(&standing, Action::AppointPrimarySupport, invitation.organization)?;
    }
    let authority = standing.authority(invitation.organization);
    expect_version(expected_version, invitation.version)?;
    let status = invitation.status(context.now);
    if status != InvitationStatus::Pending {
        let detail = say!("the invitation is `{status}`; only a pending one can be cancelled", status = status.name());
        return Err(Refusal::new(Code::InvalidTransition, detail).with(Extra::CurrentStatus(status.name())));
    }
    Ok(cancelled(context, authority, invitation))
}

fn cancelled(context: &Context, authority: Authority, invitation: Invitation) -> Change<Invitation> {
    if invitation.organization != authority.acting_for {
        // Whose invited contact was disabled or left elsewhere learns that alone, not by whom and from where.
        let origin = Origin { address: None, ..context.origin.clone() };
        let context = Context { actor: None, now: context.now, origin };
        let authority = Authority::own(invitation.organization);
        return end(&context, authority, EventKind::InvitationCancelled, invitation, InvitationStatus::Cancelled, None);
    }
    end(context, authority, EventKind::InvitationCancelled, invitation, InvitationStatus::Cancelled, None)
}

/// Cancels those that are pending, because somebody whom they are between is disabled or left (C-15).
pub(crate) fn cancel_pending(
    context: &Context,
    authority: Authority,
    invitations: Vec<Invitation>,
) -> Vec<Change<Invitation>> {
    let pending = invitations.into_iter().filter(|invitation| invitation.is_pending(context.now));
    pending.map(|invitation| cancelled(context, authority, invitation)).collect()
}
