//! The vendor's staff members (O-3), kept by its administrators.

use crate::access::{ADMINISTRATION, RECORDS, Visible, require_role};
use crate::actor::{Actor, PersonRef};
use crate::change::{Authority, Change, Context, Recorded};
use crate::contact::{Existing, WelcomeIds};
use crate::grant_rest::{self, Individual};
use crate::id::{AnyId, MailId, OrganizationId, PersonId, StaffId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::organization::expect_version;
use crate::partner_grant::PartnerGrant;
use crate::person::{Disabling, EditProfile, NewProfile, Profile};
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::session::{Link, password_changed};
use crate::text::Note;
use crate::time::Timestamp;
use crate::vocabulary::{PersonStatus, StaffRole, Vocabulary as _};
use crate::wording::Wording;

/// A staff member of the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Their id.
    pub id: StaffId,
    /// The vendor.
    pub organization: OrganizationId,
    /// Who they are.
    pub profile: Profile,
    /// What they do; in order, without repeats.
    pub roles: Vec<StaffRole>,
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
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl StaffMember {
    /// First and last name.
    pub fn name(&self) -> String {
        self.profile.name()
    }

    /// As others see them.
    pub fn reference(&self) -> PersonRef {
        PersonRef { id: self.id.into(), name: self.name(), organization: self.organization }
    }
}

impl Recorded for StaffMember {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        let mut members = self.profile.snapshot();
        members.extend([
            ("roles", Fact::Texts(self.roles.iter().map(|role| role.name().to_owned()).collect())),
            ("status", Fact::text(self.status.name())),
            ("disabled_reason", Disabling::fact(self.disabled.as_ref())),
        ]);
        members
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// A staff member to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStaff {
    /// Their id.
    pub id: StaffId,
    /// Who they shall be.
    pub profile: NewProfile,
    /// What they do; at least one.
    pub roles: Vec<StaffRole>,
    /// The welcome link.
    pub welcome: WelcomeIds,
}

/// What must be known to create a staff member.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// Who asks.
    pub actor: Actor,
    /// The organization in the path, if it exists.
    pub organization: Option<OrganizationId>,
    /// Who has the email already.
    pub existing: Option<Existing>,
}

/// A staff member who gets a welcome email.
#[derive(Debug)]
pub struct Welcomed {
    /// The staff member.
    pub staff: Change<StaffMember>,
    /// The link in the email; voids the older ones.
    pub link: Link,
}

/// Creates a staff member.
///
/// *Decides*: administrator of this organization, which is the vendor? lower case? email free?
pub fn create(context: &Context, facts: CreateFacts, command: NewStaff) -> Result<Welcomed, Refusal> {
    let organization = allow(&facts.actor, facts.organization)?;
    let profile = command.profile.settle()?;
    if let Some(existing) = facts.existing {
        let detail = say!("`{email}` belongs to somebody already", email = profile.email);
        return Err(Refusal::new(Code::ContactExists, detail).with(Extra::About(existing.person.into())));
    }
    let person = PersonId::Staff(command.id);
    let link = command.welcome.link(person, context.now);
    let notice = command.welcome.notice(person);
    let staff = member(context, organization, (command.id, profile, command.roles), PersonStatus::Invited);
    let staff = Change::create(context, Authority::own(organization), EventKind::StaffCreated, staff).notify(notice);
    Ok(Welcomed { staff, link })
}

fn member(
    context: &Context,
    organization: OrganizationId,
    (id, profile, roles): (StaffId, Profile, Vec<StaffRole>),
    status: PersonStatus,
) -> StaffMember {
    StaffMember {
        id,
        organization,
        profile,
        roles: ordered(roles),
        status,
        disabled: None,
        created_at: context.now,
        created_by: context.actor_id(),
        updated_at: context.now,
        last_sign_in_at: None,
        version: 1,
    }
}

fn ordered(mut roles: Vec<StaffRole>) -> Vec<StaffRole> {
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Allows keeping the staff of an organization: an administrator, and the vendor.
///
/// *Errors*: `staff_only`; `not_found` where the organization is another one.
pub fn allow(actor: &Actor, organization: Option<OrganizationId>) -> Result<OrganizationId, Refusal> {
    require_role(actor, ADMINISTRATION, actor.organization)?;
    organization.filter(|organization| *organization == actor.organization).ok_or_else(Refusal::not_found)
}

/// Allows seeing the staff of an organization: those who keep its records or assign its requests (S-13), and the vendor.
///
/// *Errors*: `staff_only`; `not_found` where the organization is another one.
pub fn allow_list(actor: &Actor, organization: OrganizationId) -> Result<(), Refusal> {
    require_role(actor, RECORDS, actor.organization)?;
    if organization == actor.organization { Ok(()) } else { Err(Refusal::not_found()) }
}

/// The first administrator, made from the configuration at the first start; active at once if a password was given.
pub fn found_administrator(
    context: &Context,
    organization: OrganizationId,
    person: NewStaff,
    active: bool,
) -> Welcomed {
    let link = person.welcome.link(PersonId::Staff(person.id), context.now);
    let status = if active { PersonStatus::Active } else { PersonStatus::Invited };
    let staff = member(context, organization, (person.id, person.profile.in_lower_case(), person.roles), status);
    Welcomed { staff: Change::create(context, Authority::own(organization), EventKind::StaffCreated, staff), link }
}

/// A new set-up link for the first administrator, who has not used the one before. It is shown, not sent.
pub fn resend_first_welcome(context: &Context, staff: StaffMember, ids: WelcomeIds) -> Welcomed {
    let link = ids.link(PersonId::Staff(staff.id), context.now);
    let authority = Authority::own(staff.organization);
    Welcomed { staff: Change::touch(context, authority, EventKind::StaffUpdated, staff.clone(), staff), link }
}

/// What must be known to show or change a staff member.
#[derive(Debug, Clone)]
pub struct StaffFacts {
    /// Who asks.
    pub actor: Actor,
    /// The staff member, if they exist.
    pub staff: Option<StaffMember>,
}

/// Shows a staff member to those who see the list, and to themselves. For others they do not exist as a record.
///
/// *Errors*: `not_found`.
pub fn view(facts: StaffFacts) -> Result<Visible<StaffMember>, Refusal> {
    let staff = facts.staff.ok_or_else(Refusal::not_found)?;
    if facts.actor.has_role(RECORDS) || facts.actor.id() == PersonId::Staff(staff.id) {
        return Ok(Visible::new(staff, &facts.actor));
    }
    Err(Refusal::not_found())
}

/// What changes in a staff member; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditStaff {
    /// Who they are.
    pub profile: EditProfile,
    /// What they do; at least one.
    pub roles: Option<Vec<StaffRole>>,
    /// The version that the editor saw.
    pub expected_version: Option<i64>,
}

/// Edits a staff member.
///
/// *Decides*: visible? one's own profile, or administrator? not one's own roles? version?
pub fn edit(context: &Context, facts: StaffFacts, command: EditStaff) -> Result<Change<StaffMember>, Refusal> {
    let actor = facts.actor.clone();
    let before = view(facts)?.into_value();
    let is_self = actor.id() == PersonId::Staff(before.id);
    let is_profile = command.profile.is_ones_own() && command.roles.is_none();
    if !(is_self && is_profile) {
        require_role(&actor, ADMINISTRATION, actor.organization)?;
    }
    let roles = command.roles.map_or_else(|| before.roles.clone(), ordered);
    if is_self && roles != before.roles {
        return Err(Refusal::new(Code::OwnRecord, say!("nobody changes their own roles; ask another administrator")));
    }
    expect_version(command.expected_version, before.version)?;
    let after = StaffMember { profile: command.profile.apply(&before.profile), roles, ..before.clone() };
    Ok(Change::update(context, Authority::own(actor.organization), EventKind::StaffUpdated, before, after))
}

/// A disabled staff member and the grants that ended with them (G-12).
#[derive(Debug)]
pub struct Disabled {
    /// The staff member.
    pub staff: Change<StaffMember>,
    /// Their grants.
    pub grants: Vec<Change<PartnerGrant>>,
}

/// Disables a staff member at once.
///
/// *Decides*: visible? administrator? not oneself? version? active or invited?
pub fn disable(
    context: &Context,
    facts: StaffFacts,
    grants: Vec<Individual>,
    reason: Note,
    expected_version: Option<i64>,
) -> Result<Disabled, Refusal> {
    let (actor, before) = managed(facts, expected_version)?;
    if actor.id() == PersonId::Staff(before.id) {
        return Err(Refusal::new(Code::OwnRecord, say!("nobody disables themselves; ask another administrator")));
    }
    if before.status == PersonStatus::Disabled {
        return Err(not_from(&before, say!("only an active or invited staff member can be disabled")));
    }
    let authority = Authority::own(actor.organization);
    let after = StaffMember {
        status: PersonStatus::Disabled,
        disabled: Some(Disabling { at: context.now, by: actor.id(), reason }),
        ..before.clone()
    };
    Ok(Disabled {
        staff: Change::update(context, authority, EventKind::StaffDisabled, before, after),
        grants: grants.into_iter().map(|grant| grant_rest::end(context, authority, grant)).collect(),
    })
}

fn managed(facts: StaffFacts, expected_version: Option<i64>) -> Result<(Actor, StaffMember), Refusal> {
    let actor = facts.actor.clone();
    let staff = view(facts)?.into_value();
    require_role(&actor, ADMINISTRATION, actor.organization)?;
    expect_version(expected_version, staff.version)?;
    Ok((actor, staff))
}

fn not_from(staff: &StaffMember, why: Wording) -> Refusal {
    Refusal::new(Code::InvalidTransition, why).with(Extra::CurrentStatus(staff.status.name()))
}

/// Sends the welcome email again; the older link is void.
///
/// *Decides*: visible? administrator? version? still invited?
pub fn resend_welcome(
    context: &Context,
    facts: StaffFacts,
    expected_version: Option<i64>,
    ids: WelcomeIds,
) -> Result<Welcomed, Refusal> {
    let (actor, staff) = managed(facts, expected_version)?;
    if staff.status != PersonStatus::Invited {
        return Err(not_from(&staff, say!("only who has not set a password yet gets a welcome email")));
    }
    Ok(welcome(context, &actor, staff.clone(), staff, ids))
}

/// Enables a disabled staff member: they are invited anew.
///
/// *Decides*: visible? administrator? version? disabled?
pub fn enable(
    context: &Context,
    facts: StaffFacts,
    expected_version: Option<i64>,
    ids: WelcomeIds,
) -> Result<Welcomed, Refusal> {
    let (actor, before) = managed(facts, expected_version)?;
    if before.status != PersonStatus::Disabled {
        return Err(not_from(&before, say!("only a disabled staff member can be enabled")));
    }
    let after = StaffMember { status: PersonStatus::Invited, disabled: None, ..before.clone() };
    Ok(welcome(context, &actor, before, after, ids))
}

fn welcome(context: &Context, actor: &Actor, before: StaffMember, after: StaffMember, ids: WelcomeIds) -> Welcomed {
    let person = PersonId::Staff(after.id);
    let authority = Authority::own(actor.organization);
    let staff = Change::touch(context, authority, EventKind::StaffUpdated, before, after).notify(ids.notice(person));
    Welcomed { staff, link: ids.link(person, context.now) }
}

/// Makes an invited staff member active: they used their welcome link and set a password.
///
/// *Errors*: `invalid_link` if they are no longer invited.
pub fn activate(context: &Context, staff: StaffMember) -> Result<Change<StaffMember>, Refusal> {
    if staff.status != PersonStatus::Invited {
        return Err(Refusal::of(Code::InvalidLink).at("#/token"));
    }
    let after = StaffMember { status: PersonStatus::Active, ..staff.clone() };
    Ok(Change::update(context, Authority::own(staff.organization), EventKind::StaffActivated, staff, after))
}

/// Lets a staff member set a new password, and tells them that they did. Saving it ends all their sessions.
///
/// *Errors*: `invalid_link` if they may not sign in any more.
pub fn reset_password(context: &Context, staff: StaffMember, mail: MailId) -> Result<Change<StaffMember>, Refusal> {
    if staff.status != PersonStatus::Active {
        return Err(Refusal::of(Code::InvalidLink).at("#/token"));
    }
    let authority = Authority::own(staff.organization);
    let notice = password_changed(mail, staff.id.into());
    Ok(Change::touch(context, authority, EventKind::PasswordReset, staff.clone(), staff).notify(notice))
}
