//! Whose an email domain is, and which addresses are an organization's own (O-5).

use crate::free_mail::is_free_mail;
use crate::id::OrganizationId;
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::text::{Domain, Email, Flaw, parents};
use crate::vocabulary::OrganizationType;

/// Refuses domains that nobody but a registry or the vendor owns (O-5, O-2): public suffixes, single labels, the vendor's domains and
/// what lies in them. The vendor may have any but public suffixes and single labels.
///
/// *Errors*: `validation_failed` with every domain that cannot be owned, `domain_not_allowed` at each.
pub(crate) fn expect_ownable(
    kind: OrganizationType,
    domains: &[Domain],
    vendor_domains: &[Domain],
) -> Result<(), Refusal> {
    let flaw = |domain: &Domain| {
        if !domain.as_str().contains('.') {
            return Some(say!("`{domain}` is a single label, which nobody can own", domain));
        }
        if is_public_suffix(domain) {
            return Some(say!("`{domain}` is a public suffix, under which anybody can have a domain", domain));
        }
        let is_vendors = kind != OrganizationType::Vendor && domain.is_in(vendor_domains);
        is_vendors.then(|| say!("`{domain}` belongs to the vendor", domain))
    };
    let places = domains.iter().enumerate();
    let flaws: Vec<(String, Flaw)> = places
        .filter_map(|(index, domain)| {
            Some((format!("#/domains/{index}"), Flaw::new("domain_not_allowed", flaw(domain)?)))
        })
        .collect();
    if flaws.is_empty() {
        return Ok(());
    }
    let detail = say!("{count} of the domains cannot belong to an organization, see `errors`", count = flaws.len());
    Err(Refusal::new(Code::ValidationFailed, detail).at("#/domains").with(Extra::Flaws(flaws)))
}

/// Whether anybody can register names directly below a domain, by the public suffix list (publicsuffix.org).
fn is_public_suffix(domain: &Domain) -> bool {
    psl::suffix(domain.as_str().as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == domain.as_str().as_bytes())
}

/// Refuses an edit that drops domains which the configuration says are the vendor's (O-2).
///
/// *Errors*: `validation_failed`.
pub(crate) fn expect_configured(domains: &[Domain], configured: &[Domain]) -> Result<(), Refusal> {
    match configured.iter().find(|domain| !domains.contains(domain)) {
        None => Ok(()),
        Some(domain) => {
            let flaw = Flaw::new(
                "domain_configured",
                say!("`{domain}` is one of the vendor's domains by the configuration, and stays", domain),
            );
            Err(Refusal::flawed("#/domains", flaw))
        }
    }
}

/// Whose an email domain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainOwner {
    /// The domain.
    pub domain: Domain,
    /// Its owner.
    pub organization: OrganizationId,
    /// What the owner is.
    pub kind: OrganizationType,
}

/// The owners of the domains of some addresses, and of the domains above them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainOwners(Vec<DomainOwner>);

impl DomainOwners {
    /// The owners of these domains, in any order; each domain has one owner.
    pub fn new(owners: Vec<DomainOwner>) -> Self {
        Self(owners)
    }

    /// The owner of the longest domain that a domain is or lies in.
    pub fn owner_of(&self, domain: &str) -> Option<&DomainOwner> {
        parents(domain).find_map(|name| self.0.iter().find(|owner| owner.domain.as_str() == name))
    }

    /// Whether an address is an organization's own. One of a free-mail provider is nobody's, whoever names that domain.
    pub fn is_own(&self, email: &Email, organization: OrganizationId) -> bool {
        self.owner_of(email.domain())
            .is_some_and(|owner| owner.organization == organization && !is_free_mail(&owner.domain))
    }
}
