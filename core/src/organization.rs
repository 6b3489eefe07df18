//! Organizations: customers, partners and the vendor (O-1), created by the vendor's administrators.

use crate::access::{ADMINISTRATION, Action, Standing, Visible, require, require_role};
use crate::actor::{Actor, OrganizationRef};
use crate::change::{Authority, Change, Context, Recorded};
use crate::contact::{self, Address, Existing, NewContact, Welcomed};
use crate::domain_owner::{DomainOwners, expect_configured, expect_ownable};
use crate::grant_rest::{self, Individual};
use crate::id::{AnyId, OrganizationId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::text::{Domain, Flaw, OrganizationName};
use crate::time::Timestamp;
use crate::vocabulary::{ContactType, OrganizationStatus, OrganizationType, Permission, Vocabulary as _};
use crate::wording::Wording;

/// The shortest time after which a contact review can fall due, in days (C-20).
pub const REVIEW_DAYS_MIN: i32 = 1;
/// The longest.
pub const REVIEW_DAYS_MAX: i32 = 3_650;

/// A customer, a partner or the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What it is to the vendor.
    pub kind: OrganizationType,
    /// What it is called.
    pub name: OrganizationName,
    /// The email domains that it owns (O-5); each belongs to one organization.
    pub domains: Vec<Domain>,
    /// After how many days a contact review falls due (C-20); none for the server's own period.
    pub review_period_days: Option<i32>,
    /// Whether it may use the system.
    pub status: OrganizationStatus,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl Organization {
    /// As others see it.
    pub fn reference(&self) -> OrganizationRef {
        OrganizationRef { id: self.id, name: self.name.to_string() }
    }
}

impl Recorded for Organization {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.id
    }

    fn snapshot(&self) -> Snapshot {
        vec![
            ("kind", Fact::text(self.kind.name())),
            ("name", Fact::text(&self.name)),
            ("domains", Fact::Texts(self.domains.iter().map(ToString::to_string).collect())),
            ("review_period_days", self.review_period_days.map_or(Fact::Null, |days| Fact::Number(days.into()))),
            ("status", Fact::text(self.status.name())),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// A new customer or partner, with the contact who will guard it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// `customer` or `partner`.
    pub kind: OrganizationType,
    /// What it is called.
    pub name: OrganizationName,
    /// The email domains that it owns.
    pub domains: Vec<Domain>,
    /// After how many days a contact review falls due (C-20); none for the server's own period.
    pub review_period_days: Option<i32>,
    /// Becomes primary support contact with `manage_contacts`, whatever it says (C-10).
    pub first_contact: NewContact,
}

/// What must be known to create an organization.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// Who asks.
    pub actor: Actor,
    /// The vendor's domains (O-2).
    pub vendor_domains: Vec<Domain>,
    /// Which of the new organization's domains belong to another organization.
    pub taken_domains: Vec<Domain>,
    /// Who has the first contact's email already.
    pub existing: Option<Existing>,
    /// The grants without an ending to earlier records with this email (G-12).
    pub former: Vec<Individual>,
}

/// A created organization.
#[derive(Debug)]
pub struct Created {
    /// The organization.
    pub organization: Change<Organization>,
    /// Its first contact.
    pub first_contact: Welcomed,
}

/// Creates a customer or partner with its first contact (O-1, C-10).
///
/// *Decides*: administrator? kind is not the vendor? domains that it can own (O-5)? domains free? then as [`contact::create`] does.
pub fn create(context: &Context, facts: CreateFacts, command: CreateOrganization) -> Result<Created, Refusal> {
    require_role(&facts.actor, ADMINISTRATION, facts.actor.organization)?;
    if command.kind == OrganizationType::Vendor {
        let flaw = Flaw::new(
            "invalid_value",
            say!("exactly one vendor exists, from the first start; create a customer or a partner"),
        );
        return Err(Refusal::flawed("#/kind", flaw));
    }
    expect_ownable(command.kind, &command.domains, &facts.vendor_domains)?;
    refuse_taken(&facts.taken_domains)?;
    let organization = Organization {
        id: command.id,
        kind: command.kind,
        name: command.name,
        domains: command.domains,
        review_period_days: command.review_period_days,
        status: OrganizationStatus::Active,
        created_at: context.now,
        updated_at: context.now,
        version: 1,
    };
    let authority = Authority::own(facts.actor.organization);
    let person = NewContact {
        kind: ContactType::PrimarySupport,
        permission: Permission::ManageContacts,
        ..command.first_contact
    };
    // Nobody can be invited into an organization that does not exist yet.
    let owners = DomainOwners::default();
    let address = Address { vendor_domains: &facts.vendor_domains, owners: &owners, existing: facts.existing };
    let first_contact = contact::onboard(context, authority, (&organization, &[]), address, person)?;
    let grants = grant_rest::meet(context, facts.former, first_contact.contact.after());
    let first_contact = Welcomed { grants, ..first_contact };
    let organization = Change::create(context, authority, EventKind::OrganizationCreated, organization);
    Ok(Created { organization, first_contact })
}

fn refuse_taken(taken: &[Domain]) -> Result<(), Refusal> {
    match taken.first() {
        None => Ok(()),
        Some(domain) => {
            Err(Refusal::new(Code::DomainTaken, say!("`{domain}` belongs to another organization", domain))
                .at("#/domains"))
        }
    }
}

/// The vendor's own organization, made at the first start (O-1).
pub fn found_vendor(
    context: &Context,
    id: OrganizationId,
    name: OrganizationName,
    domains: Vec<Domain>,
) -> Change<Organization> {
    let vendor = Organization {
        id,
        kind: OrganizationType::Vendor,
        name,
        domains,
        review_period_days: None,
        status: OrganizationStatus::Active,
        created_at: context.now,
        updated_at: context.now,
        version: 1,
    };
    Change::create(context, Authority::own(id), EventKind::OrganizationCreated, vendor)
}

/// Takes the vendor's domains over from the configuration (O-2). None is ever dropped by it.
pub fn adopt_vendor_domains(context: &Context, vendor: Organization, configured: Vec<Domain>) -> Change<Organization> {
    let mut domains = vendor.domains.clone();
    domains.extend(configured);
    domains.sort();
    domains.dedup();
    let after = Organization { domains, ..vendor.clone() };
    Change::update(context, Authority::own(vendor.id), EventKind::OrganizationUpdated, vendor, after)
}

/// Shows an organization to whoever may know it.
///
/// *Errors*: `not_found`.
pub fn view(
    actor: &Actor,
    standing: &Standing,
    organization: Option<Organization>,
) -> Result<Visible<Organization>, Refusal> {
    let organization = organization.ok_or_else(Refusal::not_found)?;
    require(standing, Action::ReadOrganization, organization.id)?;
    Ok(Visible::new(organization, actor))
}

/// What changes in an organization; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditOrganization {
    /// What it is called.
    pub name: Option<OrganizationName>,
    /// The email domains that it owns.
    pub domains: Option<Vec<Domain>>,
    /// After how many days a contact review falls due; `Some(None)` for the server's own period.
    pub review_period_days: Option<Option<i32>>,
    /// The version that the editor saw.
    pub expected_version: Option<i64>,
}

/// What must be known to change an organization.
#[derive(Debug, Clone)]
pub struct EditFacts {
    /// What the actor is to it.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// Which of the new domains belong to another organization.
    pub taken_domains: Vec<Domain>,
    /// The vendor's domains (O-2).
    pub vendor_domains: Vec<Domain>,
    /// Those of them that the configuration names.
    pub configured_domains: Vec<Domain>,
}

/// Edits name, domains and review period.
///
/// *Decides*: visible? administrator? version? domains that it can own (O-5)? none dropped that the configuration names (O-2)? domains free?
pub fn edit(context: &Context, facts: EditFacts, command: EditOrganization) -> Result<Change<Organization>, Refusal> {
    let (before, authority) = managed(facts.standing, facts.organization, command.expected_version)?;
    if let Some(domains) = &command.domains {
        expect_ownable(before.kind, domains, &facts.vendor_domains)?;
        if before.kind == OrganizationType::Vendor {
            expect_configured(domains, &facts.configured_domains)?;
        }
    }
    refuse_taken(&facts.taken_domains)?;
    let after = Organization {
        name: command.name.unwrap_or_else(|| before.name.clone()),
        domains: command.domains.unwrap_or_else(|| before.domains.clone()),
        review_period_days: command.review_period_days.unwrap_or(before.review_period_days),
        ..before.clone()
    };
    Ok(Change::update(context, authority, EventKind::OrganizationUpdated, before, after))
}

fn managed(
    standing: Standing,
    organization: Option<Organization>,
    expected_version: Option<i64>,
) -> Result<(Organization, Authority), Refusal> {
    let organization = organization.ok_or_else(Refusal::not_found)?;
    require(&standing, Action::ManageOrganization, organization.id)?;
    expect_version(expected_version, organization.version)?;
    let authority = standing.authority(organization.id);
    Ok((organization, authority))
}

/// Checks the version that an editor saw.
///
/// *Errors*: `version_mismatch` with the present version.
pub(crate) fn expect_version(expected: Option<i64>, present: i64) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != present => Err(Refusal::new(
            Code::VersionMismatch,
            say!("the request expects version {expected}, the resource is at version {present}", expected, present),
        )
        .with(Extra::CurrentVersion(present))),
        Some(_) | None => Ok(()),
    }
}

/// Suspends an organization: nobody of it signs in, and its grants rest (G-12).
///
/// *Decides*: visible? administrator? version? not the vendor, and active?
pub fn suspend(
    context: &Context,
    facts: EditFacts,
    expected_version: Option<i64>,
) -> Result<Change<Organization>, Refusal> {
    let (before, authority) = managed(facts.standing, facts.organization, expected_version)?;
    if before.kind == OrganizationType::Vendor || before.status == OrganizationStatus::Suspended {
        return Err(not_from(&before, say!("only an active customer or partner can be suspended")));
    }
    let after = Organization { status: OrganizationStatus::Suspended, ..before.clone() };
    Ok(Change::update(context, authority, EventKind::OrganizationSuspended, before, after))
}

/// Ends a suspension.
///
/// *Decides*: visible? administrator? version? suspended?
pub fn resume(
    context: &Context,
    facts: EditFacts,
    expected_version: Option<i64>,
) -> Result<Change<Organization>, Refusal> {
    let (before, authority) = managed(facts.standing, facts.organization, expected_version)?;
    if before.status == OrganizationStatus::Active {
        return Err(not_from(&before, say!("only a suspended organization can be resumed")));
    }
    let after = Organization { status: OrganizationStatus::Active, ..before.clone() };
    Ok(Change::update(context, authority, EventKind::OrganizationResumed, before, after))
}

fn not_from(organization: &Organization, why: Wording) -> Refusal {
    Refusal::new(Code::InvalidTransition, why).with(Extra::CurrentStatus(organization.status.name()))
}
