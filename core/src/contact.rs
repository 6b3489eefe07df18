//! Contacts: who they are, who may create, edit and see them (C-1 … C-10, C-13). Their life cycle is in
//! [`crate::contact_state`].

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Action, Standing, Visible, require};
use crate::actor::{Actor, PersonRef};
use crate::change::{Authority, Change, Context, Notice};
use crate::contact_review::{self, OpenReview, ReviewStep};
use crate::contact_site::{self, WantedSites};
use crate::contact_ties::{Ties, Untied, untie_reader};
use crate::domain_owner::DomainOwners;
use crate::grant_rest::{self, Individual};
use crate::id::{ContactId, LinkId, MailId, OrganizationId, PersonId, SiteId};
use crate::journal::EventKind;
use crate::manager_protection::{expect_own_address, has_authority, proclaim, protect};
use crate::organization::{Organization, expect_version};
use crate::partner_grant::PartnerGrant;
use crate::person::{Disabling, EditProfile, NewProfile, Profile};
use crate::preferences::{EditPreferences, NotificationPreferences};
use crate::readiness;
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::session::Link;
use crate::site::Site;
use crate::text::{Domain, Email, Note, SiteName};
use crate::time::Timestamp;
use crate::vocabulary::{
    ContactType, Duty, LinkPurpose, MailKind, OrganizationType, Permission, PersonStatus, ReviewOutcome, StaffRole,
    Vocabulary as _,
};

/// The sites where somebody works, and the shifts there; no shift means all of them.
pub type Sites = BTreeMap<SiteId, BTreeSet<SiteName>>;

/// That a contact lacks training for its part of the product (C-21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    /// What is missing.
    pub note: Note,
    /// When it was noted.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
}

/// A contact of a customer or partner (C-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Their id.
    pub id: ContactId,
    /// The one organization that they belong to (O-2).
    pub organization: OrganizationId,
    /// Who they are.
    pub profile: Profile,
    /// Whether they guard what is sensitive (C-5).
    pub kind: ContactType,
    /// What they may do (C-6).
    pub permission: Permission,
    /// What they look after (C-8).
    pub duties: BTreeSet<Duty>,
    /// Where they work (O-5): at these sites, there in these shifts; in all of them where none is named.
    pub sites: Sites,
    /// How they want to be told of things (C-19).
    pub preferences: NotificationPreferences,
    /// Where they stand in their life cycle.
    pub status: PersonStatus,
    /// How they were disabled, while they are.
    pub disabled: Option<Disabling>,
    /// When they were created.
    pub created_at: Timestamp,
    /// Who created them; none for the system.
    pub created_by: Option<PersonId>,
    /// When they were last changed.
    pub updated_at: Timestamp,
    /// When they last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// When a contact manager last confirmed them (C-20).
    pub last_confirmed_at: Option<Timestamp>,
    /// Who did (C-20).
    pub last_confirmed_by: Option<PersonId>,
    /// What training they lack, if staff noted that they do (C-21).
    pub training: Option<Training>,
    /// Since when the mail server of their address refuses it for good (S-12b).
    pub email_undeliverable_since: Option<Timestamp>,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl Contact {
    /// First and last name.
    pub fn name(&self) -> String {
        self.profile.name()
    }

    /// As others see them.
    pub fn reference(&self) -> PersonRef {
        PersonRef { id: self.id.into(), name: self.name(), organization: self.organization }
    }

    /// Whether they count as an active contact manager (C-11).
    pub fn is_active_manager(&self) -> bool {
        self.status == PersonStatus::Active && self.permission == Permission::ManageContacts
    }

    /// Whether they count as an active primary support contact (C-11).
    pub fn is_active_primary(&self) -> bool {
        self.status == PersonStatus::Active && self.kind == ContactType::PrimarySupport
    }

    /// Whether they count as somebody active who can appoint primary support contacts (C-10, C-11).
    pub fn is_active_appointer(&self) -> bool {
        self.is_active_primary() && self.permission == Permission::ManageContacts
    }

    /// What they are and may do.
    pub(crate) fn position(&self) -> (ContactType, Permission) {
        (self.kind, self.permission)
    }

    /// Whether they are a designated contact who can be worked with (S-2).
    pub fn is_designated(&self) -> bool {
        matches!(self.status, PersonStatus::Active | PersonStatus::Invited)
            && self.permission >= Permission::DesignatedSupport
    }

    /// Confirmed now, by whoever acts (C-20).
    pub(crate) fn confirmed(self, context: &Context) -> Self {
        Self { last_confirmed_at: Some(context.now), last_confirmed_by: context.actor_id(), ..self }
    }
}

/// A contact to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContact {
    /// Their id.
    pub id: ContactId,
    /// Who they shall be.
    pub profile: NewProfile,
    /// Whether they guard what is sensitive.
    pub kind: ContactType,
    /// What they may do.
    pub permission: Permission,
    /// What they look after.
    pub duties: BTreeSet<Duty>,
    /// Where they work.
    pub sites: WantedSites,
    /// The welcome link.
    pub welcome: WelcomeIds,
}

/// The ids and the lifetime of a welcome link and its email (C-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WelcomeIds {
    /// The link.
    pub link: LinkId,
    /// The email that carries it.
    pub mail: MailId,
    /// When the link stops to work.
    pub expires_at: Timestamp,
}

impl WelcomeIds {
    pub(crate) fn link(&self, person: PersonId, now: Timestamp) -> Link {
        Link {
            id: self.link,
            person,
            purpose: LinkPurpose::Welcome,
            created_at: now,
            expires_at: self.expires_at,
            used_at: None,
            voided_at: None,
        }
    }

    pub(crate) fn notice(&self, person: PersonId) -> Notice {
        Notice { id: self.mail, kind: MailKind::Welcome, to: person, about: Some(person.into()), link: Some(self.link) }
    }
}

/// Who has an email address already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The person.
    pub person: PersonId,
    /// Where they belong.
    pub organization: OrganizationId,
}

/// What must be known to create a contact.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// What the actor is to the organization.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// The vendor's domains (O-2).
    pub vendor_domains: Vec<Domain>,
    /// Whose the email's domain is (O-5).
    pub owners: DomainOwners,
    /// Who has the email already: an invited or active record, a staff member, or a record of the organization (C-13).
    pub existing: Option<Existing>,
    /// The grants without an ending to earlier records with this email (G-12).
    pub former: Vec<Individual>,
    /// Whether no contact of the organization has ever set a password.
    pub never_entered: bool,
    /// The organization's sites in use; needed only where the contact shall work at some.
    pub sites: Vec<Site>,
}

/// Whether the vendor's administrators may still onboard an organization, because none of its contacts ever got in (C-10).
pub(crate) fn is_onboarding(standing: &Standing, never_entered: bool) -> bool {
    never_entered && matches!(standing, Standing::Staff { roles, .. } if roles.contains(&StaffRole::Administrator))
}

/// A contact who gets a welcome email.
#[derive(Debug)]
pub struct Welcomed {
    /// The contact.
    pub contact: Change<Contact>,
    /// The link in the email; voids the older ones.
    pub link: Link,
    /// The grants that took something away from an earlier record of theirs, and apply to this one (G-12).
    pub grants: Vec<Change<PartnerGrant>>,
}

/// Creates a contact (C-9).
///
/// *Decides*: visible? may manage contacts, or onboards? no contact manager or primary by who acts by a grant, and of the
/// organization's own domains (C-9)? may appoint, if primary (C-10)? not of the vendor (O-2)? lower case (C-2)?
/// sites and shifts of the organization (O-5)? combination (C-7)? email free (C-13)?
pub fn create(context: &Context, facts: CreateFacts, command: NewContact) -> Result<Welcomed, Refusal> {
    let organization = facts.organization.ok_or_else(Refusal::not_found)?;
    let is_onboarding = is_onboarding(&facts.standing, facts.never_entered);
    if !is_onboarding {
        let (standing, email) = (&facts.standing, &command.profile.email.email);
        require(standing, Action::ManageContacts, organization.id)?;
        protect(standing, organization.id, &[(command.kind, command.permission)])?;
        expect_own_address(standing, organization.id, email, &facts.owners)?;
        if command.kind == ContactType::PrimarySupport {
            require(standing, Action::AppointPrimarySupport, organization.id)?;
        }
    }
    let authority = facts.standing.authority(organization.id);
    let address = Address { vendor_domains: &facts.vendor_domains, owners: &facts.owners, existing: facts.existing };
    let welcomed = onboard(context, authority, (&organization, &facts.sites), address, command)?;
    let grants = grant_rest::meet(context, facts.former, welcomed.contact.after());
    Ok(Welcomed { grants, ..welcomed })
}

/// What is known of the address of a contact to be.
pub(crate) struct Address<'a> {
    /// The vendor's domains (O-2).
    pub(crate) vendor_domains: &'a [Domain],
    /// Whose its domain is (O-5).
    pub(crate) owners: &'a DomainOwners,
    /// Who has it already.
    pub(crate) existing: Option<Existing>,
}

/// The checks on a new contact that do not depend on who asks.
pub(crate) fn onboard(
    context: &Context,
    authority: Authority,
    (organization, sites): (&Organization, &[Site]),
    address: Address<'_>,
    person: NewContact,
) -> Result<Welcomed, Refusal> {
    let Address { vendor_domains, owners, existing } = address;
    refuse_vendor(organization, &person.profile.email.email, vendor_domains, existing.as_ref())?;
    let profile = person.profile.settle()?;
    let sites = contact_site::assign(&Sites::new(), &person.sites, sites)?;
    check_combination(person.kind, person.permission)?;
    refuse_existing(organization.id, &profile.email, existing, owners)?;
    let link = person.welcome.link(person.id.into(), context.now);
    let notice = person.welcome.notice(person.id.into());
    let contact = Contact {
        id: person.id,
        organization: organization.id,
        profile,
        kind: person.kind,
        permission: person.permission,
        duties: person.duties,
        sites,
        preferences: NotificationPreferences::default(),
        status: PersonStatus::Invited,
        disabled: None,
        created_at: context.now,
        created_by: context.actor_id(),
        updated_at: context.now,
        last_sign_in_at: None,
        last_confirmed_at: None,
        last_confirmed_by: None,
        training: None,
        email_undeliverable_since: None,
        version: 1,
    };
    let contact = Change::create(context, authority, EventKind::ContactCreated, contact).notify(notice);
    Ok(Welcomed { contact: proclaim(context, contact), link, grants: Vec::new() })
}

/// Vendor staff are strictly barred from acting as contacts (O-2).
pub(crate) fn refuse_vendor(
    organization: &Organization,
    email: &Email,
    vendor_domains: &[Domain],
    existing: Option<&Existing>,
) -> Result<(), Refusal> {
    let is_staff = existing.is_some_and(|existing| matches!(existing.person, PersonId::Staff(_)));
    if organization.kind == OrganizationType::Vendor || email.is_in(vendor_domains) || is_staff {
        let detail = say!("`{email}` belongs to the vendor, whose people cannot be contacts", email);
        return Err(Refusal::new(Code::VendorStaffNotAllowed, detail).at("#/email"));
    }
    Ok(())
}

/// A primary support contact with `knowledge_base` is refused (C-7).
pub(crate) fn check_combination(kind: ContactType, permission: Permission) -> Result<(), Refusal> {
    if kind == ContactType::PrimarySupport && permission == Permission::KnowledgeBase {
        let detail = say!("a primary support contact needs the permission `designated_support` or `manage_contacts`");
        return Err(Refusal::new(Code::ContactCombinationInvalid, detail).at("#/permission"));
    }
    Ok(())
}

/// An email belongs to one person in one organization (C-2, C-13).
pub(crate) fn refuse_existing(
    organization: OrganizationId,
    email: &Email,
    existing: Option<Existing>,
    owners: &DomainOwners,
) -> Result<(), Refusal> {
    match existing {
        None => Ok(()),
        Some(existing) if existing.organization == organization => {
            Err(Refusal::new(Code::ContactExists, say!("`{email}` is a contact of this organization already", email))
                .with(Extra::About(existing.person.into())))
        }
        Some(_) => Err(Refusal::new(
            Code::ContactInOtherOrganization,
            say!("this contact already exists but is not in your organization: `{email}`", email),
        )
        .with(Extra::InvitationAvailable(owners.is_own(email, organization)))),
    }
}

/// Shows a contact to those who see the list (C-18), and to themselves.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn view(actor: &Actor, standing: &Standing, contact: Option<Contact>) -> Result<Visible<Contact>, Refusal> {
    let contact = contact.ok_or_else(Refusal::not_found)?;
    if actor.id() != PersonId::Contact(contact.id) {
        require(standing, Action::ReadContacts, contact.organization)?;
    }
    Ok(Visible::new(contact, actor))
}

/// Whether somebody reads why a contact was disabled: contact managers and primary support contacts of the organization, and staff
/// (C-15).
pub fn reads_reason(reader: &Actor, contact: &Contact) -> bool {
    match Standing::of(reader, contact.organization, None) {
        Standing::Member { permission, kind } => has_authority(kind, permission),
        Standing::Staff { .. } => true,
        Standing::Partner(_) | Standing::Stranger => false,
    }
}

/// Whether somebody reads what training a contact lacks: the same people, and the contact (C-21).
pub fn reads_training(reader: &Actor, contact: &Contact) -> bool {
    reader.id() == PersonId::Contact(contact.id) || reads_reason(reader, contact)
}

/// What changes in a contact; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditContact {
    /// Who they are.
    pub profile: EditProfile,
    /// Whether they guard what is sensitive.
    pub kind: Option<ContactType>,
    /// What they may do.
    pub permission: Option<Permission>,
    /// What they look after.
    pub duties: Option<BTreeSet<Duty>>,
    /// Where they work.
    pub sites: WantedSites,
    /// How they want to be told of things.
    pub preferences: EditPreferences,
    /// The version that the editor saw.
    pub expected_version: Option<i64>,
}

impl EditContact {
    /// Whether it touches only what everybody may change of themselves (C-9).
    fn is_own_profile(&self) -> bool {
        self.profile.is_ones_own()
            && self.kind.is_none()
            && self.permission.is_none()
            && self.duties.is_none()
            && self.sites.is_nothing()
    }
}

/// Who is left in the organization besides one contact (C-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Others {
    /// Whether another active contact manages contacts.
    pub active_manager: bool,
    /// Whether another active contact is primary support contact.
    pub active_primary: bool,
    /// Whether another active contact is primary support contact and manages contacts.
    pub active_appointer: bool,
}

/// What must be known to edit a contact.
#[derive(Debug, Clone)]
pub struct EditFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the contact's organization.
    pub standing: Standing,
    /// The contact, if they exist.
    pub contact: Option<Contact>,
    /// Who is left besides them.
    pub others: Others,
    /// The organization's sites in use; needed only where the edit is about sites.
    pub sites: Vec<Site>,
    /// The open review in which they are pending.
    pub review: Option<OpenReview>,
    /// Whose the domain of their email is (O-5).
    pub owners: DomainOwners,
    /// What hangs on them; needed only where they shall but read the knowledge base.
    pub ties: Ties,
}

/// An edited contact.
#[derive(Debug)]
pub struct Edited {
    /// The contact.
    pub contact: Change<Contact>,
    /// What it does to the open review, if it corrected the contact there (C-20).
    pub review: Option<ReviewStep>,
    /// What became of what hung on them, where they may only read the knowledge base from now on (C-15).
    pub untied: Untied,
}

/// Edits a contact (C-9, C-10, C-11). By a manager's hand, that corrects them in the open review (C-20).
///
/// *Decides*: visible? one's own profile, or may manage contacts? not one's own type or permission (and if it were the last
/// manager's or primary's, that is said first)? no contact manager or primary by who acts by a grant, and nobody of a foreign
/// domain promoted (C-9)? no preferences of somebody else (C-19)? may appoint or remove a primary support contact, if the type changes, or whether one may appoint (C-10)? version? state? sites and shifts of the organization (O-5)? combination?
/// preferences whole? not the last manager, not the last primary?
pub fn edit(context: &Context, facts: EditFacts, command: EditContact) -> Result<Edited, Refusal> {
    let EditFacts { actor, standing, others, sites, .. } = facts;
    let before = view(&actor, &standing, facts.contact)?.into_value();
    let is_self = actor.id() == PersonId::Contact(before.id);
    if !(is_self && command.is_own_profile()) {
        require(&standing, Action::ManageContacts, before.organization)?;
    }
    let kind = command.kind.unwrap_or(before.kind);
    let permission = command.permission.unwrap_or(before.permission);
    if is_self && (kind != before.kind || permission != before.permission) {
        keep_guarded(&before, &Contact { kind, permission, ..before.clone() }, others)?;
        return Err(Refusal::of(Code::OwnRecord));
    }
    if !is_self {
        protect(&standing, before.organization, &[before.position(), (kind, permission)])?;
        if permission > before.permission {
            expect_own_address(&standing, before.organization, &before.profile.email, &facts.owners)?;
        }
        refuse_preferences(&command.preferences)?;
    }
    // Whoever guarded the organization when they were disabled may count in an escalation, as what they were (E-4).
    let is_put_aside = before.status == PersonStatus::Disabled && has_authority(before.kind, before.permission);
    let is_moved = before.position() != (kind, permission);
    if moves_appointment(before.position(), (kind, permission)) || (is_put_aside && is_moved) {
        require(&standing, Action::AppointPrimarySupport, before.organization)?;
    }
    expect_version(command.expected_version, before.version)?;
    if before.status == PersonStatus::Transferred {
        return Err(Refusal::new(Code::InvalidTransition, say!("the contact belongs to another organization now"))
            .with(Extra::CurrentStatus(before.status.name())));
    }
    let sites = contact_site::assign(&before.sites, &command.sites, &sites)?;
    check_combination(kind, permission)?;
    let profile = command.profile.apply(&before.profile);
    let mut after = Contact {
        preferences: command.preferences.apply(&before.preferences, &profile.time_zone)?,
        profile,
        kind,
        permission,
        duties: command.duties.unwrap_or_else(|| before.duties.clone()),
        sites,
        ..before.clone()
    };
    keep_guarded(&before, &after, others)?;
    let authority = standing.authority(before.organization);
    let open = facts.review.filter(|open| before != after && open.is_corrected_by(&standing, is_self));
    let review =
        open.map(|open| contact_review::deal_with(context, authority, open, before.id, ReviewOutcome::Corrected));
    if review.is_some() {
        after = after.confirmed(context);
    }
    let findings = readiness::shifts(context, authority, Some(&before), &after, others);
    let is_demoted = before.is_designated() && !after.is_designated();
    let untied = if is_demoted { untie_reader(context, authority, &before, facts.ties) } else { Untied::default() };
    let contact = Change::update(context, authority, EventKind::ContactUpdated, before, after).announce(findings);
    Ok(Edited { contact: proclaim(context, contact), review, untied })
}

/// Whether an edit makes or unmakes a primary support contact, or one who manages contacts and so can appoint others (C-10).
fn moves_appointment(before: (ContactType, Permission), after: (ContactType, Permission)) -> bool {
    let appoints = |position| position == (ContactType::PrimarySupport, Permission::ManageContacts);
    before.0 != after.0 || appoints(before) != appoints(after)
}

/// Preferences are the contact's own alone (C-19).
fn refuse_preferences(preferences: &EditPreferences) -> Result<(), Refusal> {
    if *preferences == EditPreferences::default() {
        return Ok(());
    }
    let detail = say!("how somebody wants to be told of things only they say themselves, with `PATCH /v1/me`");
    Err(Refusal::new(Code::PermissionRequired, detail).at("#/notification_preferences"))
}

/// Self-service never leaves an organization without an active contact manager, an active primary support contact, or one who is
/// both (C-11).
pub(crate) fn keep_guarded(before: &Contact, after: &Contact, others: Others) -> Result<(), Refusal> {
    let name = before.name();
    if before.is_active_manager() && !after.is_active_manager() && !others.active_manager {
        return Err(Refusal::new(Code::LastContactManager, say!("`{name}` is the last active contact manager", name)));
    }
    if before.is_active_primary() && !after.is_active_primary() && !others.active_primary {
        let detail = say!("`{name}` is the last active primary support contact", name);
        return Err(Refusal::new(Code::LastPrimarySupportContact, detail));
    }
    if before.is_active_appointer() && !after.is_active_appointer() && !others.active_appointer {
        let detail = say!("`{name}` is the last active primary support contact who manages contacts", name);
        return Err(Refusal::new(Code::LastPrimarySupportContact, detail));
    }
    Ok(())
}

/// Allows listing an organization's contacts (C-18).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(standing: &Standing, organization: OrganizationId) -> Result<(), Refusal> {
    require(standing, Action::ReadContacts, organization)
}

/// Allows seeing who the contact managers are (C-18).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_managers(standing: &Standing, organization: OrganizationId) -> Result<(), Refusal> {
    require(standing, Action::ListContactManagers, organization)
}
