//! Which grant decides for a person towards an organization, and why each other one does not (G-2, G-4, G-12, G-15).

use crate::access::{Action, DESK, HeldLevel, Standing, Visible, require};
use crate::actor::{Actor, OrganizationRef, PersonRef, Position};
use crate::id::GrantId;
use crate::partner_grant::PartnerGrant;
use crate::refusal::Refusal;
use crate::request_access::HeldRole;
use crate::time::Timestamp;
use crate::vocabulary::{
    GrantStatus, GranteeType, Involvement, Level, OrganizationStatus, Permission, PersonStatus, StaffRole, vocabulary,
};

vocabulary! {
    /// What becomes of one grant when access is decided (G-15).
    Outcome ("outcome") {
        /// It decides.
        Decides = "decides",
        /// An individual grant decides before it (G-2).
        HiddenByIndividualGrant = "hidden_by_individual_grant",
        /// Its time is over (G-4).
        Expired = "expired",
        /// Its grantor took it back.
        Revoked = "revoked",
        /// Its holder was disabled or left (G-12).
        Ended = "ended",
        /// The grantor or the holder's organization is suspended (G-12).
        Suspended = "suspended",
        /// It is to the person's organization, where they may only read the knowledge base (G-7).
        PermissionTooLow = "permission_too_low",
    }
}

vocabulary! {
    /// By what a person has access (G-15).
    Path ("access path") {
        /// As a contact of the organization.
        OwnOrganization = "own_organization",
        /// By a grant to this person.
        IndividualGrant = "individual_grant",
        /// By a grant to the person's organization.
        OrganizationGrant = "organization_grant",
        /// By a role at the vendor.
        StaffRole = "staff_role",
        /// As the point of contact or another participant, with a live grant behind it.
        Participant = "participant",
        /// Not at all.
        Nothing = "none",
    }
}

/// Whether the two organizations that a grant connects may use the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspension {
    /// The grantor.
    pub grantor: OrganizationStatus,
    /// The holder's own organization.
    pub holder: OrganizationStatus,
}

impl Suspension {
    fn is_lasting(self) -> bool {
        self.grantor == OrganizationStatus::Suspended || self.holder == OrganizationStatus::Suspended
    }
}

/// A grant and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// The grant.
    pub grant: PartnerGrant,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// Decides among all grants that ever connected a person, or their organization, with a grantor.
///
/// *Decides*: the person's live individual grant, if there is one, also when it is the lower one (G-2); else the live
/// organization-wide one, if the person may more than read the knowledge base (G-7); nothing at all while one of the two
/// organizations is suspended (G-12).
///
/// *Shape*: one entry per grant, in the given order; at most one of them decides.
pub fn consider(now: Timestamp, person: &Actor, suspension: Suspension, grants: Vec<PartnerGrant>) -> Vec<Considered> {
    let is_individual = |grant: &PartnerGrant| grant.grantee.kind() != GranteeType::Organization;
    let is_live = |grant: &PartnerGrant| grant.status(now) == GrantStatus::Live;
    let has_individual = grants.iter().any(|grant| is_individual(grant) && is_live(grant));
    let outcome = |grant: &PartnerGrant| match grant.status(now) {
        GrantStatus::Expired => Outcome::Expired,
        GrantStatus::Revoked => Outcome::Revoked,
        GrantStatus::Ended => Outcome::Ended,
        GrantStatus::Live if has_individual && !is_individual(grant) => Outcome::HiddenByIndividualGrant,
        GrantStatus::Live if suspension.is_lasting() => Outcome::Suspended,
        GrantStatus::Live if !is_individual(grant) && !person.shares_grants() => Outcome::PermissionTooLow,
        GrantStatus::Live => Outcome::Decides,
    };
    grants.into_iter().map(|grant| Considered { outcome: outcome(&grant), grant }).collect()
}

/// A grant as the access decision needs it: the part of [`PartnerGrant`] that a hot read brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldGrant {
    /// The level and the grant.
    pub held: HeldLevel,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// The two grants without an ending that can decide for a person: their own, and their organization's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldGrants {
    /// To the person.
    pub individual: Option<HeldGrant>,
    /// To the person's organization; none where it opens nothing to the person (G-7).
    pub organization: Option<HeldGrant>,
    /// Whether one of the two organizations is suspended.
    pub suspension: Suspension,
}

impl HeldGrants {
    /// What a person and their organization hold.
    pub fn of(
        person: &Actor,
        individual: Option<HeldGrant>,
        organization: Option<HeldGrant>,
        suspension: Suspension,
    ) -> Self {
        Self { individual, organization: organization.filter(|_| person.shares_grants()), suspension }
    }

    /// Of who holds nothing.
    pub const NONE: Self = Self {
        individual: None,
        organization: None,
        suspension: Suspension { grantor: OrganizationStatus::Active, holder: OrganizationStatus::Active },
    };

    /// The level that decides now; none also where an individual `none` shuts the person out (G-2, G-13).
    pub fn deciding(&self, now: Timestamp) -> Option<HeldLevel> {
        let deciding = self.live(self.individual, now).or_else(|| self.live(self.organization, now));
        deciding.filter(|held| held.level != Level::None)
    }

    /// How somebody takes part who was added by one of these grants: not at all while it gives nothing (S-7).
    pub fn upholds(&self, held: HeldRole, now: Timestamp) -> Option<Involvement> {
        let gives = |grant: GrantId| {
            let grants = [self.individual, self.organization].into_iter();
            grants.filter_map(|held| self.live(held, now)).any(|held| held.grant == grant && held.level != Level::None)
        };
        held.grant.is_none_or(gives).then_some(held.role)
    }

    fn live(&self, grant: Option<HeldGrant>, now: Timestamp) -> Option<HeldLevel> {
        let live = grant.filter(|grant| grant.expires_at.is_none_or(|expiry| now < expiry));
        live.filter(|_| !self.suspension.is_lasting()).map(|grant| grant.held)
    }
}

/// The answer to "what may this person do there, and why?" (G-15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveAccess {
    /// The person.
    pub person: PersonRef,
    /// The organization.
    pub organization: OrganizationRef,
    /// By what.
    pub path: Path,
    /// The level, where a grant decides; `none` where one shuts the person out.
    pub level: Option<Level>,
    /// The permission, for a contact of the organization itself.
    pub permission: Option<Permission>,
    /// The roles, for a staff member.
    pub roles: Vec<StaffRole>,
    /// Every grant that was considered.
    pub considered: Vec<Considered>,
    /// At which moment.
    pub decided_at: Timestamp,
}

/// What must be known to explain access.
#[derive(Debug, Clone)]
pub struct ExplainFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the organization.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<OrganizationRef>,
    /// The person asked about, if they exist.
    pub person: Option<Actor>,
    /// Every grant of the organization to the person or to their organization.
    pub grants: Vec<PartnerGrant>,
    /// Whether one of the two organizations is suspended.
    pub suspension: Suspension,
}

/// Explains a person's access to an organization (G-15).
///
/// *Decides*: does the organization exist for the actor? is it about the actor, or may they read the organization's
/// grants? does the person have anything to do with the organization?
pub fn explain(now: Timestamp, facts: ExplainFacts) -> Result<Visible<EffectiveAccess>, Refusal> {
    let organization = facts.organization.ok_or_else(Refusal::not_found)?;
    let is_self = facts.person.as_ref().is_some_and(|person| person.id() == facts.actor.id());
    // A person shut out by `none` may still ask about themselves: the grant that names them is theirs to see.
    if !(is_self && !(facts.grants.is_empty() && facts.standing == Standing::Stranger)) {
        require(&facts.standing, Action::ReadGrants, organization.id)?;
    }
    let person = facts.person.ok_or_else(Refusal::not_found)?;
    // A contact manager learns of people of other organizations only where a grant connects them.
    let is_connected = person.organization == organization.id || !facts.grants.is_empty() || person.is_staff();
    if !is_self && !facts.actor.is_staff() && !is_connected {
        return Err(Refusal::not_found());
    }
    let considered = consider(now, &person, facts.suspension, facts.grants);
    let access = describe(now, organization, person, considered);
    Ok(Visible::new(access, &facts.actor))
}

fn describe(
    now: Timestamp,
    organization: OrganizationRef,
    person: Actor,
    considered: Vec<Considered>,
) -> EffectiveAccess {
    let deciding = considered.iter().find(|considered| considered.outcome == Outcome::Decides).map(|one| &one.grant);
    let is_member = person.organization == organization.id;
    let is_active = person.status == PersonStatus::Active;
    let level = deciding.filter(|_| is_active).map(|grant| grant.level);
    let works = person.has_role(DESK);
    let path = match deciding {
        _ if !is_active => Path::Nothing,
        _ if is_member => Path::OwnOrganization,
        Some(grant) if grant.level == Level::None && works => Path::StaffRole,
        Some(grant) if grant.level == Level::None => Path::Nothing,
        Some(grant) if grant.grantee.kind() == GranteeType::Organization => Path::OrganizationGrant,
        Some(_) => Path::IndividualGrant,
        None if works => Path::StaffRole,
        None => Path::Nothing,
    };
    let reference = person.reference();
    let (permission, roles) = match person.position {
        Position::Contact { permission, .. } if is_member && is_active => (Some(permission), Vec::new()),
        Position::Contact { .. } => (None, Vec::new()),
        Position::Staff { roles, .. } => (None, roles),
    };
    EffectiveAccess { person: reference, organization, path, level, permission, roles, considered, decided_at: now }
}

/// An organization for which a person may act, as `/v1/me` lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActsFor {
    /// The organization.
    pub organization: OrganizationRef,
    /// The level and the grant that decide.
    pub held: HeldLevel,
}

/// The organizations for which a person may act, out of every grant without an ending to them or their organization.
///
/// *Shape*: in the order of the organizations' ids, each once.
pub fn acts_for(now: Timestamp, mut connections: Vec<(OrganizationRef, HeldGrants)>) -> Vec<ActsFor> {
    connections.sort_by_key(|(organization, _)| organization.id);
    connections
        .into_iter()
        .filter_map(|(organization, grants)| grants.deciding(now).map(|held| ActsFor { organization, held }))
        .collect()
}
