//! What a grant would expose, before it is made (G-17): decided by making it, and saving nothing.

use crate::access::{Action, HeldLevel};
use crate::actor::PersonRef;
use crate::change::{Change, Context};
use crate::grant_request::{self, ApproveFacts, ApproveGrantRequest};
use crate::id::OrganizationId;
use crate::partner_grant::{self, Candidate, CreateFacts, CreateGrant, Grantee, PartnerGrant};
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;
use crate::vocabulary::{GrantStatus, Level, Permission};
use crate::wording::Wording;

/// How many people a preview names.
pub const NAMED_MAX: usize = 50;

/// For whom a grant would decide (G-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// The people of a partner organization whom no individual grant of the grantor decides for.
    Organization(OrganizationId),
    /// One person.
    Person(PersonRef),
}

/// What would decide for a group instead of what decides now. Made by this crate alone, for who may make the grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    grantor: OrganizationId,
    group: Group,
    before: Option<HeldLevel>,
    after: Option<HeldLevel>,
}

impl Shift {
    /// Whose requests it is about.
    pub fn grantor(&self) -> OrganizationId {
        self.grantor
    }

    /// Whom it is about.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// What decides for them now, if anything lets them in.
    pub fn before(&self) -> Option<HeldLevel> {
        self.before
    }

    /// What would decide for them.
    pub fn after(&self) -> Option<HeldLevel> {
        self.after
    }

    /// The way back: what comes into sight by it is what the shift takes out of sight.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { before: self.after, after: self.before, ..self.clone() }
    }
}

/// What a grant would be and do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The grant as it would be.
    pub grant: PartnerGrant,
    /// What would have to be acknowledged (G-7).
    pub acknowledgement: Option<Wording>,
    /// For whom it would decide.
    pub group: Group,
    /// The level that decides for them now, also where it is `none`.
    pub level_before: Option<Level>,
    /// What it would bring into sight and take out of it; nothing for staff who see everything by their role (S-13).
    pub shift: Option<Shift>,
}

/// Previews the making of a grant.
///
/// *Decides*: as [`partner_grant::create`] does, but that an acknowledgement is asked for is told and refuses nothing. `around` is the
/// grant without an ending to all of the grantee's organization, where the grantee is one person.
pub fn create(
    context: &Context,
    facts: CreateFacts,
    around: Option<PartnerGrant>,
    command: CreateGrant,
) -> Result<Preview, Refusal> {
    let sees_all = sees_all(facts.grantee.as_ref());
    let around = around.filter(|_| shares_grants(facts.grantee.as_ref()));
    let decide = |acknowledged| {
        let command = CreateGrant { acknowledged, ..command.clone() };
        partner_grant::create(context, facts.clone(), command).map(|created| created.grant)
    };
    let (grant, acknowledgement) = with_acknowledgement(decide)?;
    Ok(preview(context.now, &grant, acknowledgement, around, sees_all))
}

/// Previews the approval of a request, in the same way.
///
/// *Decides*: as [`grant_request::approve`] does.
pub fn approve(
    context: &Context,
    facts: ApproveFacts,
    around: Option<PartnerGrant>,
    command: ApproveGrantRequest,
) -> Result<Preview, Refusal> {
    let sees_all = sees_all(facts.grantee.as_ref());
    let around = around.filter(|_| shares_grants(facts.grantee.as_ref()));
    let decide = |acknowledged| {
        let command = ApproveGrantRequest { acknowledged, ..command.clone() };
        grant_request::approve(context, facts.clone(), command).map(|approved| approved.grant)
    };
    let (grant, acknowledgement) = with_acknowledgement(decide)?;
    Ok(preview(context.now, &grant, acknowledgement, around, sees_all))
}

/// Decides without an acknowledgement, and with one where that is all that is missing.
fn with_acknowledgement<T>(decide: impl Fn(bool) -> Result<T, Refusal>) -> Result<(T, Option<Wording>), Refusal> {
    match decide(false) {
        Err(refusal) if refusal.code == Code::AcknowledgementRequired => Ok((decide(true)?, Some(refusal.detail))),
        decided => decided.map(|decided| (decided, None)),
    }
}

/// Whether a role lets them see every request without a grant.
fn sees_all(grantee: Option<&Candidate>) -> bool {
    match grantee {
        Some(Candidate::Staff(staff)) => staff.roles.iter().any(|role| Action::ReadRequests.roles().contains(role)),
        Some(Candidate::Organization(_) | Candidate::Contact(..)) | None => false,
    }
}

/// Whether what all of their organization is granted is for them as well (G-7).
fn shares_grants(grantee: Option<&Candidate>) -> bool {
    match grantee {
        Some(Candidate::Contact(contact, _)) => contact.permission >= Permission::DesignatedSupport,
        Some(Candidate::Organization(_) | Candidate::Staff(_)) | None => false,
    }
}

fn preview(
    now: Timestamp,
    change: &Change<PartnerGrant>,
    acknowledgement: Option<Wording>,
    around: Option<PartnerGrant>,
    sees_all: bool,
) -> Preview {
    let grant = change.after();
    let is_live = |grant: &&PartnerGrant| grant.status(now) == GrantStatus::Live;
    let (group, around) = match &grant.grantee {
        Grantee::Organization(organization) => (Group::Organization(organization.id), None),
        Grantee::Person(person) => (Group::Person(person.clone()), around),
    };
    let deciding = change.before().filter(is_live).or(around.as_ref().filter(is_live)).map(PartnerGrant::held);
    // Whom `none` shuts out sees nothing (G-13).
    let giving = |held: &HeldLevel| held.level != Level::None;
    let shift = Shift {
        grantor: grant.grantor.id,
        group: group.clone(),
        before: deciding.filter(giving),
        after: Some(grant.held()).filter(giving),
    };
    Preview {
        grant: grant.clone(),
        acknowledgement,
        group,
        level_before: deciding.map(|held| held.level),
        shift: (!sees_all).then_some(shift),
    }
}
