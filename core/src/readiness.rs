//! What an organization lacks to be well looked after (R-1 … R-17): computed from counts and bounded ids, however many
//! contacts it has. What each finding says is in [`crate::finding`].

use std::collections::BTreeSet;

use crate::access::{Action, Standing};
use crate::change::{Authority, Context, Recorded};
use crate::contact::{Contact, Others};
use crate::domain_owner::DomainOwners;
use crate::duty_coverage::{DUTIES_ON_SITE, OnSite, places, uncovered};
use crate::finding::{Finding, Remedy};
use crate::id::{AnyId, ContactId, GrantId, OrganizationId, ReviewId};
use crate::journal::{Entry, EventKind, Fact, Snapshot};
use crate::organization::Organization;
use crate::refusal::Refusal;
use crate::site::{Site, of_a_customer};
use crate::text::Domain;
use crate::time::{Span, Timestamp};
use crate::vocabulary::{
    ContactType, Duty, FindingCode, FindingSeverity, OrganizationType, Permission, PersonStatus, Vocabulary as _,
};

/// Ids that a finding names, at most.
pub const CONCERNED_MAX: usize = 100;
/// Places without somebody for a duty that are named one by one, at most.
pub const PLACES_MAX: usize = 100;
/// Who has not signed in for so long may have left.
pub const STALE_AFTER: Span = Span::days(180);
/// A grant that ends so soon is told of.
pub const EXPIRING_WITHIN: Span = Span::days(30);
/// A broad grant that was not used for so long may not be needed.
pub const UNUSED_AFTER: Span = Span::days(90);
/// Local parts of addresses that several people read, or nobody.
pub const ROLE_MAILBOXES: &[&str] = &[
    "accounts",
    "admin",
    "administrator",
    "billing",
    "contact",
    "customerservice",
    "help",
    "help-desk",
    "helpdesk",
    "hello",
    "hostmaster",
    "info",
    "it",
    "it-support",
    "itsupport",
    "mail",
    "no-reply",
    "noc",
    "noreply",
    "office",
    "operations",
    "ops",
    "postmaster",
    "root",
    "sales",
    "security",
    "service",
    "servicedesk",
    "support",
    "sysadmin",
    "team",
    "webmaster",
];

impl FindingCode {
    /// How urgent it is.
    pub fn severity(self) -> FindingSeverity {
        match self {
            Self::NoPrimarySupportContact | Self::NoContactManager => FindingSeverity::Critical,
            Self::SinglePrimarySupportContact
            | Self::NoBackupContactManager
            | Self::PartnerPersonAsContact
            | Self::EmailUndeliverable
            | Self::ReviewOverdue => FindingSeverity::Warning,
            // As bad as the duty that nobody has: see the finding itself.
            Self::DutyUncovered
            | Self::FewerThanThreeContactManagers
            | Self::PrimarySupportContactCannotManage
            | Self::SiteAdministratorNotPrimary
            | Self::ContactsOutsideDomains
            | Self::TrainingNeeded
            | Self::StaleContact
            | Self::GrantExpiring
            | Self::BroadGrantUnused
            | Self::SharedMailbox => FindingSeverity::Advice,
        }
    }
}

/// How many things are concerned, and some of them.
///
/// *Shape*: at most [`CONCERNED_MAX`] ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerned<T> {
    /// How many.
    pub total: i64,
    /// Which; those first that matter most.
    pub ids: Vec<T>,
}

impl<T> Default for Concerned<T> {
    fn default() -> Self {
        Self { total: 0, ids: Vec::new() }
    }
}

/// The contact managers and primary support contacts of one status, permission and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guards {
    /// `active`, or `invited`: who may become active.
    pub status: PersonStatus,
    /// What they may do.
    pub permission: Permission,
    /// Whether they guard what is sensitive.
    pub kind: ContactType,
    /// How many they are; at least one.
    pub total: i64,
    /// The one who was created first.
    pub oldest: ContactId,
    /// The one who was created last.
    pub newest: ContactId,
}

impl Guards {
    fn is_primary(&self) -> bool {
        self.kind == ContactType::PrimarySupport
    }

    fn is_manager(&self) -> bool {
        self.permission == Permission::ManageContacts
    }
}

/// What must be known to say how an organization stands. Only active contacts, unless it says otherwise.
#[derive(Debug, Clone, Default)]
pub struct ReadinessFacts {
    /// Contact managers and primary support contacts, active and invited.
    pub guards: Vec<Guards>,
    /// Primary support contacts who do not manage contacts, newest first.
    pub primaries_below: Concerned<ContactId>,
    /// Those with the duty `site_administrator` who are no primary support contacts with `manage_contacts`, newest first.
    pub administrators_below: Concerned<ContactId>,
    /// Those with an address in none of the organization's domains, newest first.
    pub outside: Concerned<ContactId>,
    /// The organization's domains that lie within another organization's, or around one.
    pub overlapping: Vec<Domain>,
    /// The duties that anybody has.
    pub duties: BTreeSet<Duty>,
    /// The sites in use.
    pub sites: Vec<Site>,
    /// Who has a duty on site, and where; needed only where there are several places, and only so many that all are covered.
    pub on_site: Vec<OnSite>,
    /// Those with an address of another partner organization, newest first.
    pub partner_people: Concerned<ContactId>,
    /// When the last contact review was completed.
    pub reviewed_at: Option<Timestamp>,
    /// The contact review that is open.
    pub open_review: Option<ReviewId>,
    /// Designated contacts, active or invited, who lack training; newest first.
    pub untrained: Concerned<ContactId>,
    /// Those who have not signed in for [`STALE_AFTER`], longest first.
    pub stale: Concerned<ContactId>,
    /// Live grants that end within [`EXPIRING_WITHIN`], soonest first.
    pub expiring: Concerned<GrantId>,
    /// Live organization-wide grants at `create` or above, made or last raised, and last used more than [`UNUSED_AFTER`] ago, oldest first.
    pub unused: Concerned<GrantId>,
    /// Those whose address is one of [`ROLE_MAILBOXES`], newest first.
    pub mailboxes: Concerned<ContactId>,
    /// Those, active or invited, whose address its mail server refuses for good; newest first.
    pub undeliverable: Concerned<ContactId>,
}

/// Allows seeing how an organization stands.
///
/// *Errors*: `not_found`, also for the vendor, who has no contacts; `permission_required`.
pub fn allow(standing: &Standing, organization: Option<Organization>) -> Result<Organization, Refusal> {
    of_a_customer(standing, Action::ReadReadiness, organization)
}

/// What an organization lacks: the most urgent first, then in the order of the rules (R-1 … R-17).
pub fn findings(
    now: Timestamp,
    organization: &Organization,
    review_period: Span,
    facts: &ReadinessFacts,
) -> Vec<Finding> {
    let mut findings = guard_findings(facts);
    findings.extend(duty_findings(facts));
    findings.extend(review_finding(now, organization, review_period, facts));
    let people = |code, concerned: &Concerned<ContactId>, remedy: fn(ContactId) -> Remedy| {
        concerned.ids.first().map(|first| Finding::of_contacts(code, concerned, remedy(*first)))
    };
    let grants = |code, concerned: &Concerned<GrantId>, remedy: fn(GrantId) -> Remedy| {
        concerned.ids.first().map(|first| Finding::of_grants(code, concerned, remedy(*first)))
    };
    let lists = [
        people(FindingCode::PrimarySupportContactCannotManage, &facts.primaries_below, Remedy::EditContact),
        people(FindingCode::SiteAdministratorNotPrimary, &facts.administrators_below, Remedy::EditContact),
        people(FindingCode::PartnerPersonAsContact, &facts.partner_people, |_| Remedy::CreateGrant),
        people(FindingCode::TrainingNeeded, &facts.untrained, Remedy::EditContact),
        people(FindingCode::StaleContact, &facts.stale, Remedy::DisableContact),
        grants(FindingCode::GrantExpiring, &facts.expiring, Remedy::EditGrant),
        grants(FindingCode::BroadGrantUnused, &facts.unused, Remedy::RevokeGrant),
        people(FindingCode::SharedMailbox, &facts.mailboxes, Remedy::DisableContact),
        people(FindingCode::EmailUndeliverable, &facts.undeliverable, |_| Remedy::CreateContact),
    ];
    findings.extend(lists.into_iter().flatten());
    if facts.outside.total > 0 || !facts.overlapping.is_empty() {
        findings.push(Finding::of_domains(&facts.outside, &facts.overlapping));
    }
    findings.sort_by_key(|finding| (finding.severity, finding.code));
    findings
}

///
fn guard_findings(facts: &ReadinessFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Who was invited to what is missing needs another welcome email at most; else support must help.
    let rescue = |guards: fn(&Guards) -> bool| {
        let invited = facts.guards.iter().filter(|group| group.status == PersonStatus::Invited && guards(group));
        invited.map(|group| group.newest).max().map_or(Remedy::CreateRequest, Remedy::ResendWelcome)
    };
    let primaries = active(&facts.guards, Guards::is_primary);
    match primaries.total {
        0 => findings.push(Finding::new(FindingCode::NoPrimarySupportContact, rescue(Guards::is_primary))),
        1 => findings.push(Finding::of_contacts(
            FindingCode::SinglePrimarySupportContact,
            &primaries,
            Remedy::CreateContact,
        )),
        _ => {}
    }
    let managers = active(&facts.guards, Guards::is_manager);
    match managers.total {
        0 => findings.push(Finding::new(FindingCode::NoContactManager, rescue(Guards::is_manager))),
        1 => findings.push(Finding::of_contacts(FindingCode::NoBackupContactManager, &managers, Remedy::CreateContact)),
        2 => findings.push(Finding::of_contacts(
            FindingCode::FewerThanThreeContactManagers,
            &managers,
            Remedy::CreateContact,
        )),
        _ => {}
    }
    findings
}

/// The active ones of a kind, newest first: all of them, as long as they are two at most.
fn active(guards: &[Guards], is_meant: fn(&Guards) -> bool) -> Concerned<ContactId> {
    let groups = guards.iter().filter(|group| group.status == PersonStatus::Active && is_meant(group));
    let ids: BTreeSet<ContactId> = groups.clone().flat_map(|group| [group.oldest, group.newest]).collect();
    Concerned { total: groups.map(|group| group.total).sum(), ids: ids.into_iter().rev().collect() }
}

/// for the whole organization, or where there are several places, for each of them.
fn duty_findings(facts: &ReadinessFacts) -> Vec<Finding> {
    let places = places(&facts.sites);
    let mut findings = Vec::new();
    for duty in Duty::ALL.iter().copied() {
        if places.len() < 2 || !DUTIES_ON_SITE.contains(&duty) {
            findings.extend((!facts.duties.contains(&duty)).then(|| Finding::of_duty(duty)));
            continue;
        }
        let open = uncovered(duty, &places, &facts.on_site);
        findings.extend(open.iter().take(PLACES_MAX).map(|place| Finding::of_place(duty, place)));
        let rest = open.len().saturating_sub(PLACES_MAX);
        findings.extend((rest > 0).then(|| Finding::of_further_places(duty, rest)));
    }
    findings
}

/// an organization without a completed review is overdue from its first day on.
fn review_finding(
    now: Timestamp,
    organization: &Organization,
    review_period: Span,
    facts: &ReadinessFacts,
) -> Option<Finding> {
    let period = organization.review_period_days.map_or(review_period, |days| Span::days(days.into()));
    let is_overdue = facts.reviewed_at.is_none_or(|reviewed_at| reviewed_at.plus(period) < now);
    let remedy = facts.open_review.map_or(Remedy::StartReview, Remedy::ContinueReview);
    is_overdue.then(|| Finding::of_review(facts.reviewed_at, remedy))
}

/// Which of the email domains that an organization's contacts use are not its own.
pub fn foreign_domains(organization: OrganizationId, used: &[Domain], owners: &DomainOwners) -> Vec<Domain> {
    let is_own =
        |domain: &&Domain| owners.owner_of(domain.as_str()).is_some_and(|owner| owner.organization == organization);
    used.iter().filter(|domain| !is_own(domain)).cloned().collect()
}

/// Which of the email domains that an organization's contacts use are another partner's.
///
/// A domain belongs to whoever owns it or, failing that, the nearest domain above it. A partner stays one while it is suspended.
pub fn partner_domains(organization: OrganizationId, used: Vec<Domain>, owners: &DomainOwners) -> Vec<Domain> {
    let is_partners = |domain: &Domain| {
        owners
            .owner_of(domain.as_str())
            .is_some_and(|owner| owner.kind == OrganizationType::Partner && owner.organization != organization)
    };
    used.into_iter().filter(is_partners).collect()
}

/// A critical finding, for the journal.
struct Critical {
    organization: OrganizationId,
    code: FindingCode,
}

impl Recorded for Critical {
    fn subject(&self) -> AnyId {
        self.organization.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        vec![("code", Fact::text(self.code.name()))]
    }

    fn version(&self) -> i64 {
        1
    }

    fn next_version(self, _: Timestamp) -> Self {
        self
    }
}

/// The critical findings that appear or go away when one contact changes and the others stay as they are.
///
/// An organization is founded with both, which its first contacts clear.
pub(crate) fn shifts(
    context: &Context,
    authority: Authority,
    before: Option<&Contact>,
    after: &Contact,
    others: Others,
) -> Vec<Entry> {
    let shift = |code, is_kept: bool, guards: fn(&Contact) -> bool| {
        let (was, is) = (before.is_some_and(guards), guards(after));
        if is_kept || was == is {
            return None;
        }
        let finding = Critical { organization: after.organization, code };
        Some(if is {
            Entry::new(context, authority, EventKind::FindingCleared, &finding, finding.snapshot(), Snapshot::new())
        } else {
            Entry::new(context, authority, EventKind::FindingOpened, &finding, Snapshot::new(), finding.snapshot())
        })
    };
    let shifts = [
        shift(FindingCode::NoPrimarySupportContact, others.active_primary, Contact::is_active_primary),
        shift(FindingCode::NoContactManager, others.active_manager, Contact::is_active_manager),
    ];
    shifts.into_iter().flatten().collect()
}
