//! Who of the vendor looks after an organization (O-4).

use crate::access::{Action, Standing};
use crate::actor::Actor;
use crate::change::{Change, Context, Recorded};
use crate::id::{AnyId, OrganizationId, PersonId, StaffId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::organization::{Organization, expect_version};
use crate::refusal::{Code, Refusal};
use crate::say;
use crate::site::of_a_customer;
use crate::staff::StaffMember;
use crate::time::Timestamp;
use crate::vocabulary::{PersonStatus, StaffRole, Vocabulary as _};

/// Who has which place; each may be empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// Who looks after its technology.
    pub technical_account_manager: Option<StaffId>,
    /// Who looks after its success.
    pub customer_success_manager: Option<StaffId>,
    /// Who looks after its contracts.
    pub sales_manager: Option<StaffId>,
}

impl Places {
    /// The places with the role that each takes, and where a body names them.
    fn each(self) -> [(&'static str, StaffRole, Option<StaffId>); 3] {
        [
            ("#/technical_account_manager", StaffRole::TechnicalAccountManager, self.technical_account_manager),
            ("#/customer_success_manager", StaffRole::CustomerSuccessManager, self.customer_success_manager),
            ("#/sales_manager", StaffRole::SalesManager, self.sales_manager),
        ]
    }

    /// Everybody who has a place.
    pub fn holders(self) -> Vec<StaffId> {
        self.each().into_iter().filter_map(|(_, _, holder)| holder).collect()
    }
}

/// The account team of an organization (O-4). Every organization has one; before somebody set it, it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTeam {
    /// Whom it looks after.
    pub organization: OrganizationId,
    /// Who is in it.
    pub places: Places,
    /// When it was last changed; never, before it was first set.
    pub updated_at: Option<Timestamp>,
    /// Grows by one with each change, from 0.
    pub version: i64,
}

impl AccountTeam {
    /// The team of an organization for which nobody set one.
    pub fn empty(organization: OrganizationId) -> Self {
        Self { organization, places: Places::default(), updated_at: None, version: 0 }
    }

    /// Whether somebody has the place of one of these roles, and the role for it.
    pub fn is_looked_after_by(&self, actor: &Actor, roles: &[StaffRole]) -> bool {
        self.places.each().into_iter().any(|(_, role, holder)| {
            let has_place = holder.is_some_and(|holder| actor.id() == PersonId::Staff(holder));
            has_place && roles.contains(&role) && actor.has_role(&[role])
        })
    }

    /// Who has the place of this role, if they can be called on now.
    ///
    /// Whoever was disabled since, or lost the role, is not shown: the customer would turn to somebody who does not answer.
    /// The place stays theirs, so that it is filled again when they come back.
    pub fn holder<'a>(&self, role: StaffRole, staff: &'a [StaffMember]) -> Option<&'a StaffMember> {
        let holder = self.places.each().into_iter().find(|(_, wanted, _)| *wanted == role)?.2?;
        staff.iter().find(|member| member.id == holder && can_hold(member, role))
    }
}

fn can_hold(member: &StaffMember, role: StaffRole) -> bool {
    member.status == PersonStatus::Active && member.roles.contains(&role)
}

impl Recorded for AccountTeam {
    fn subject(&self) -> AnyId {
        self.organization.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        vec![
            ("technical_account_manager", Fact::optional(self.places.technical_account_manager.as_ref())),
            ("customer_success_manager", Fact::optional(self.places.customer_success_manager.as_ref())),
            ("sales_manager", Fact::optional(self.places.sales_manager.as_ref())),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: Some(now), ..self }
    }
}

/// Allows seeing the account team of an organization (O-4).
///
/// *Errors*: `not_found`, also for the vendor, who has none; `permission_required`.
pub fn allow(standing: &Standing, organization: Option<Organization>) -> Result<Organization, Refusal> {
    of_a_customer(standing, Action::ReadAccountTeam, organization)
}

/// What must be known to set an account team.
#[derive(Debug, Clone)]
pub struct SetFacts {
    /// What the actor is to the organization.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// Its team now.
    pub team: Option<AccountTeam>,
    /// Those of the staff members named who exist.
    pub staff: Vec<StaffMember>,
}

/// Sets the account team: who is not named has no place any more (O-4).
///
/// *Decides*: visible? administrator? not the vendor, who has none? version? everybody active, and with the role of the place?
pub fn set(
    context: &Context,
    facts: SetFacts,
    places: Places,
    expected_version: Option<i64>,
) -> Result<Change<AccountTeam>, Refusal> {
    let organization = of_a_customer(&facts.standing, Action::ManageOrganization, facts.organization)?;
    let before = facts.team.unwrap_or_else(|| AccountTeam::empty(organization.id));
    expect_version(expected_version, before.version)?;
    for (pointer, role, holder) in places.each() {
        let Some(id) = holder else { continue };
        if !facts.staff.iter().any(|member| member.id == id && can_hold(member, role)) {
            let detail = say!("`{id}` is no active staff member with the role `{role}`", id, role = role.name());
            return Err(Refusal::new(Code::AccountTeamNotAllowed, detail).at(pointer));
        }
    }
    let after = AccountTeam { places, ..before.clone() };
    let authority = facts.standing.authority(organization.id);
    Ok(Change::update(context, authority, EventKind::AccountTeamUpdated, before, after))
}
