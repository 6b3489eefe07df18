//! The access table: who may do what, towards whom. Storage and handlers never choose between 403 and 404; this does.

use crate::actor::{Actor, Position};
use crate::change::Authority;
use crate::id::{GrantId, OrganizationId};
use crate::refusal::{Code, Extra, Refusal, Requirement};
use crate::request_access::HistoryScope;
use crate::say;
use crate::vocabulary::{Category, ContactType, Level, Permission, StaffRole, Vocabulary as _, vocabulary};

/// The roles that work on every customer's service requests (S-13).
pub const DESK: &[StaffRole] = &[StaffRole::Agent, StaffRole::DutyManager];
/// The roles that look after every customer's records.
pub const RECORDS: &[StaffRole] = &[StaffRole::Agent, StaffRole::DutyManager, StaffRole::Administrator];
/// The roles that look after customers: all but consultants, who work at one by its grant.
pub const ACCOUNT: &[StaffRole] = &[
    StaffRole::Agent,
    StaffRole::DutyManager,
    StaffRole::TechnicalAccountManager,
    StaffRole::CustomerSuccessManager,
    StaffRole::SalesManager,
    StaffRole::Administrator,
];
/// The roles that open escalations: where somebody phones, and where the account team passes one on (E-2).
pub const ESCALATING: &[StaffRole] =
    &[StaffRole::DutyManager, StaffRole::TechnicalAccountManager, StaffRole::SalesManager];
/// The roles that have places in an account team (O-4).
pub const ACCOUNT_TEAM: &[StaffRole] =
    &[StaffRole::TechnicalAccountManager, StaffRole::CustomerSuccessManager, StaffRole::SalesManager];
/// The role that keeps organizations and staff.
pub const ADMINISTRATION: &[StaffRole] = &[StaffRole::Administrator];

/// The level that decides for a person towards an organization, and the grant that gives it (G-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLevel {
    /// The level; never [`Level::None`].
    pub level: Level,
    /// The grant that decides.
    pub grant: GrantId,
    /// Which requests it reaches.
    pub scope: HistoryScope,
}

/// What an actor is to an organization, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A contact of the organization itself.
    Member {
        /// What the contact may do.
        permission: Permission,
        /// Whether the contact guards what is sensitive.
        kind: ContactType,
    },
    /// A contact of another organization who acts by a live grant.
    Partner(HeldLevel),
    /// The vendor's staff, perhaps with a grant besides.
    Staff {
        /// What the staff member does.
        roles: Vec<StaffRole>,
        /// A live grant to this staff member.
        held: Option<HeldLevel>,
    },
    /// None of these: the organization does not exist for them.
    Stranger,
}

impl Standing {
    /// What an actor is to an organization, given the level that decides for them there.
    pub fn of(actor: &Actor, organization: OrganizationId, held: Option<HeldLevel>) -> Self {
        match &actor.position {
            Position::Staff { roles, .. } => Self::Staff { roles: roles.clone(), held },
            Position::Contact { permission, kind, .. } if actor.organization == organization => {
                Self::Member { permission: *permission, kind: *kind }
            }
            Position::Contact { .. } => held.map_or(Self::Stranger, Self::Partner),
        }
    }

    /// The level that decides, where a grant does.
    pub(crate) fn held(&self) -> Option<HeldLevel> {
        match self {
            Self::Partner(held) => Some(*held),
            Self::Staff { held, .. } => *held,
            Self::Member { .. } | Self::Stranger => None,
        }
    }

    /// For whom, and by which grant, an actor of this standing acts.
    pub fn authority(&self, organization: OrganizationId) -> Authority {
        Authority { acting_for: organization, grant: self.held().map(|held| held.grant) }
    }
}

vocabulary! {
    /// What somebody may want to do towards an organization.
    Action ("action") {
        /// Know that it exists, and what it is called.
        ReadOrganization = "read_organization",
        /// Change what it is called, suspend it, resume it.
        ManageOrganization = "manage_organization",
        /// See who its contact managers are (C-18).
        ListContactManagers = "list_contact_managers",
        /// See its contacts (C-18).
        ReadContacts = "read_contacts",
        /// Create, edit and enable its contacts (C-9).
        ManageContacts = "manage_contacts",
        /// Disable its contacts (C-9, C-11).
        DisableContacts = "disable_contacts",
        /// Make, change, enable and disable its contact managers and primary support contacts (C-9).
        ManageManagers = "manage_managers",
        /// Appoint or remove a primary support contact (C-10).
        AppointPrimarySupport = "appoint_primary_support",
        /// See its contact reviews and its invitations.
        ReadReviews = "read_reviews",
        /// Note that one of its contacts lacks training (C-21).
        NoteTraining = "note_training",
        /// See its sites (O-5).
        ReadSites = "read_sites",
        /// See who of the vendor looks after it (O-4).
        ReadAccountTeam = "read_account_team",
        /// See what is missing in its list of contacts (section 6).
        ReadReadiness = "read_readiness",
        /// See the grants that it made (G-10).
        ReadGrants = "read_grants",
        /// Ask other organizations for grants on its behalf (G-9).
        AskForGrants = "ask_for_grants",
        /// Make, edit and revoke its grants (G-5).
        ManageGrants = "manage_grants",
        /// Let somebody have `service_admin` or `full_admin` who had less (G-5).
        GrantAdministration = "grant_administration",
        /// See all its service requests (S-3).
        ReadRequests = "read_requests",
        /// Update its open service requests (S-3).
        UpdateRequests = "update_requests",
        /// Create a service request for it (S-2).
        CreateRequest = "create_request",
        /// Create a restricted one (S-8).
        CreateRestrictedRequest = "create_restricted_request",
        /// Create one for an upgrade (S-8).
        CreateUpgradeRequest = "create_upgrade_request",
        /// See that an escalation exists, and where it stands (E-11).
        ReadEscalations = "read_escalations",
        /// Ask the vendor to appoint a new primary support contact (E-2).
        OpenEscalation = "open_escalation",
        /// Review, verify, approve and reject escalations (E-6).
        DecideEscalations = "decide_escalations",
        /// See and write internal notes, assign, and set any status (S-5, S-13).
        WorkOnRequests = "work_on_requests",
    }
}

/// What a row of the access table asks for.
struct Row {
    /// The permission that a contact of the organization needs, if a contact can do it at all.
    permission: Option<Permission>,
    /// Whether that contact must be a primary support contact.
    primary: bool,
    /// The level that a partner needs, if a partner can do it at all.
    level: Option<Level>,
    /// The roles that need no grant.
    roles: &'static [StaffRole],
}

impl Action {
    /// The access table.
    fn row(self) -> Row {
        use Permission::{DesignatedSupport, KnowledgeBase, ManageContacts};
        let row = |permission, primary, level, roles| Row { permission, primary, level, roles };
        match self {
            Self::ReadOrganization => row(Some(KnowledgeBase), false, Some(Level::Cc), StaffRole::ALL),
            Self::ManageOrganization => row(None, false, None, ADMINISTRATION),
            Self::ListContactManagers => row(Some(KnowledgeBase), false, Some(Level::FullAdmin), RECORDS),
            Self::ReadContacts => row(Some(DesignatedSupport), false, Some(Level::FullAdmin), RECORDS),
            Self::ManageContacts => row(Some(ManageContacts), false, Some(Level::FullAdmin), &[]),
            Self::DisableContacts => row(Some(ManageContacts), false, Some(Level::FullAdmin), RECORDS),
            Self::ManageManagers => row(Some(ManageContacts), false, None, &[]),
            Self::AppointPrimarySupport => row(Some(ManageContacts), true, None, &[]),
            Self::ReadReviews => row(Some(ManageContacts), false, Some(Level::FullAdmin), RECORDS),
            Self::NoteTraining => row(None, false, None, DESK),
            Self::ReadSites => row(Some(KnowledgeBase), false, Some(Level::FullAdmin), ACCOUNT),
            Self::ReadAccountTeam => row(Some(KnowledgeBase), false, None, StaffRole::ALL),
            Self::ReadReadiness => row(Some(DesignatedSupport), false, Some(Level::FullAdmin), ACCOUNT),
            Self::ReadGrants => row(Some(DesignatedSupport), false, None, RECORDS),
            Self::AskForGrants => row(Some(DesignatedSupport), false, None, &[]),
            Self::ManageGrants => row(Some(ManageContacts), false, None, &[]),
            Self::GrantAdministration => row(Some(ManageContacts), true, None, &[]),
            Self::ReadRequests => row(Some(DesignatedSupport), false, Some(Level::View), DESK),
            Self::UpdateRequests => row(Some(DesignatedSupport), false, Some(Level::Update), DESK),
            Self::CreateRequest => row(Some(DesignatedSupport), false, Some(Level::Create), DESK),
            Self::CreateRestrictedRequest => row(Some(DesignatedSupport), true, Some(Level::ServiceAdmin), &[]),
            Self::CreateUpgradeRequest => row(Some(DesignatedSupport), true, None, &[]),
            Self::ReadEscalations => row(Some(DesignatedSupport), false, None, ACCOUNT),
            Self::OpenEscalation => row(Some(DesignatedSupport), false, None, ESCALATING),
            Self::DecideEscalations => row(None, false, None, &[StaffRole::DutyManager]),
            Self::WorkOnRequests => row(None, false, None, DESK),
        }
    }

    /// What it takes to create a request of this category (S-8).
    pub fn to_create(category: Category) -> Self {
        match category {
            Category::PasswordReset
            | Category::ContactRecordEdit
            | Category::HiddenConfiguration
            | Category::SiteDeletion
            | Category::AccessRequest => Self::CreateRestrictedRequest,
            Category::Upgrade => Self::CreateUpgradeRequest,
            Category::Question
            | Category::Incident
            | Category::FeatureRequest
            | Category::ContactDeactivation
            | Category::PrimaryContactRecovery => Self::CreateRequest,
        }
    }

    /// The lowest level that lets a partner do this, if one does.
    pub fn lowest_level(self) -> Option<Level> {
        self.row().level
    }

    /// The lowest permission that lets a contact of the organization do this, if one does.
    pub fn lowest_permission(self) -> Option<Permission> {
        self.row().permission
    }

    /// The roles that may do this without a grant.
    pub fn roles(self) -> &'static [StaffRole] {
        self.row().roles
    }
}

/// What the access table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Permit,
    /// The actor may know of it, but this would be needed.
    Denied(Requirement),
    /// The actor may not know that it exists.
    Hidden,
}

/// Looks up the access table.
pub fn decide(standing: &Standing, action: Action) -> Verdict {
    let row = action.row();
    match standing {
        Standing::Stranger => Verdict::Hidden,
        Standing::Member { permission, kind } => match row.permission {
            Some(needed) if *permission < needed => Verdict::Denied(Requirement::Permission(needed)),
            Some(_) if row.primary && *kind != ContactType::PrimarySupport => {
                Verdict::Denied(Requirement::PrimarySupport)
            }
            Some(_) => Verdict::Permit,
            None => Verdict::Denied(Requirement::Roles(row.roles)),
        },
        Standing::Partner(held) => by_level(held.level, &row),
        Standing::Staff { roles, held } => {
            if roles.iter().any(|role| row.roles.contains(role)) {
                Verdict::Permit
            } else {
                match held {
                    Some(held) => by_level(held.level, &row),
                    None if !row.roles.is_empty() => Verdict::Denied(Requirement::Roles(row.roles)),
                    None => Verdict::Denied(unattainable(&row)),
                }
            }
        }
    }
}

fn by_level(level: Level, row: &Row) -> Verdict {
    match row.level {
        Some(needed) if level >= needed => Verdict::Permit,
        Some(needed) => Verdict::Denied(Requirement::Level(needed)),
        None => Verdict::Denied(unattainable(row)),
    }
}

/// What a row asks for of those whom neither a level nor a role helps.
fn unattainable(row: &Row) -> Requirement {
    match row.permission {
        Some(_) if row.primary => Requirement::PrimarySupport,
        Some(permission) => Requirement::Permission(permission),
        None => Requirement::Roles(row.roles),
    }
}

/// Asks the access table and turns a no into the refusal that the caller sees (X-3, X-3a).
///
/// *Errors*: `not_found` for what is hidden; `primary_support_contact_required` or `permission_required` for what is denied.
pub fn require(standing: &Standing, action: Action, organization: OrganizationId) -> Result<(), Refusal> {
    match decide(standing, action) {
        Verdict::Permit => Ok(()),
        Verdict::Hidden => Err(Refusal::not_found()),
        Verdict::Denied(requirement) => Err(denied(standing, requirement, organization)),
    }
}

/// The refusal of something that the caller may know of; it says whom to ask where the caller may know that too.
pub fn denied(standing: &Standing, requirement: Requirement, organization: OrganizationId) -> Refusal {
    let code = match requirement {
        Requirement::PrimarySupport => Code::PrimarySupportContactRequired,
        Requirement::Roles(_) => Code::StaffOnly,
        Requirement::Permission(_) | Requirement::Level(_) => Code::PermissionRequired,
    };
    let refusal = Refusal::new(code, say!("this takes {requirement}", requirement = requirement.wording()))
        .with(Extra::Required(requirement));
    match requirement {
        Requirement::PrimarySupport | Requirement::Permission(_) | Requirement::Level(_)
            if decide(standing, Action::ListContactManagers) == Verdict::Permit =>
        {
            refusal.with(Extra::AskContactManagersOf(organization))
        }
        Requirement::Level(_) if matches!(standing, Standing::Partner(_)) => refusal.with(Extra::AskForGrant),
        _ => refusal,
    }
}

/// Something that its reader may see. Made by this crate's decisions alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible<T> {
    value: T,
    staff: bool,
}

impl<T> Visible<T> {
    pub(crate) fn new(value: T, actor: &Actor) -> Self {
        Self { value, staff: actor.is_staff() }
    }

    /// What may be seen.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// What may be seen, given away.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Whether the reader is on the vendor's side.
    pub fn is_for_staff(&self) -> bool {
        self.staff
    }
}

/// Asks for one of these roles where no organization is concerned, or for the vendor's own affairs.
///
/// *Errors*: `staff_only`.
pub fn require_role(actor: &Actor, roles: &'static [StaffRole], organization: OrganizationId) -> Result<(), Refusal> {
    if actor.has_role(roles) {
        return Ok(());
    }
    let standing = Standing::of(actor, organization, None);
    Err(denied(&standing, Requirement::Roles(roles), organization))
}
