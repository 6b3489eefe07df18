//! What a reviewer should look at twice: email domains that look like the organization's own, and are not (E-6).

use idna::domain_to_unicode;
use strsim::osa_distance;
use unicode_security::MixedScript as _;
use unicode_security::confusable_detection::skeleton;

use crate::escalation::Escalation;
use crate::escalation_case::{Case, Item};
use crate::id::ContactId;
use crate::text::{Domain, Email};
use crate::time::Timestamp;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Why an email domain, or somebody who is said to be unavailable, deserves a second look.
    FlagKind ("flag") {
        /// It is none of the organization's domains.
        ForeignDomain = "foreign_domain",
        /// It differs from one of the organization's domains by one letter, or looks the same.
        LookAlikeDomain = "look_alike_domain",
        /// It mixes letters of several scripts.
        MixedScripts = "mixed_scripts",
        /// It is an international name, written in ASCII as `xn--…`.
        Punycode = "punycode",
        /// Somebody who is said to be unavailable signed in or changed something since the escalation was opened (E-9).
        PresumptionEnded = "presumption_ended",
    }
}

/// Something that a reviewer should look at twice. Nothing is refused for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// What.
    pub kind: FlagKind,
    /// Whose address: [`Item::NomineeEmail`], or [`Item::Signature`] for the author's.
    pub item: Item,
    /// The domain, as people read it.
    pub domain: String,
    /// The domain of the organization that it resembles.
    pub resembles: Option<Domain>,
}

/// That somebody who is said to be unavailable is there after all (E-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignOfLife {
    /// Who.
    pub contact: ContactId,
    /// When they last signed in or changed something.
    pub at: Timestamp,
}

/// Who of those who are said to be unavailable signed in or changed something since the escalation was opened, by what is remembered of
/// it and by when they last signed in.
pub fn signs_of_life(escalation: &Escalation, signed_in: &[(ContactId, Timestamp)]) -> Vec<SignOfLife> {
    let named = escalation.case.unavailable.iter().map(|one| one.contact);
    let seen = |contact: ContactId| {
        let by_record = escalation.traces.seen.get(&contact).copied();
        let by_sign_in =
            signed_in.iter().filter(|one| one.0 == contact && one.1 > escalation.created_at).map(|one| one.1);
        by_sign_in.chain(by_record).max().map(|at| SignOfLife { contact, at })
    };
    named.filter_map(seen).collect()
}

/// The flags of a case, for an organization that owns these domains.
pub fn flags(case: &Case, own: &[Domain]) -> Vec<Flag> {
    let author = case.letter.author_email.as_ref().map(|email| (Item::Signature, email));
    let each = [(Item::NomineeEmail, &case.nominee.email)].into_iter().chain(author);
    each.filter(|(_, email)| !email.is_in(own)).flat_map(|(item, email)| of_address(item, email, own)).collect()
}

fn of_address(item: Item, email: &Email, own: &[Domain]) -> Vec<Flag> {
    let domain = email.domain();
    let readable = domain_to_unicode(domain).0;
    let resembled = own.iter().find(|own| resembles(domain, &readable, own.as_str())).cloned();
    let is_mixed = readable.split('.').any(|label| !label.is_single_script());
    [
        (FlagKind::ForeignDomain, resembled.is_none()),
        (FlagKind::LookAlikeDomain, resembled.is_some()),
        (FlagKind::MixedScripts, is_mixed),
        (FlagKind::Punycode, domain.split('.').any(|label| label.starts_with("xn--"))),
    ]
    .into_iter()
    .filter(|(_, holds)| *holds)
    .map(|(kind, _)| {
        let resembles = if kind == FlagKind::LookAlikeDomain { resembled.clone() } else { None };
        Flag { kind, item, domain: readable.clone(), resembles }
    })
    .collect()
}

/// Whether a domain, or as many of its last labels as the other has, differs from the other by one letter or looks like it.
fn resembles(domain: &str, readable: &str, own: &str) -> bool {
    let labels = own.split('.').count();
    let tail = |name: &str| {
        let all: Vec<&str> = name.split('.').collect();
        all.get(all.len().saturating_sub(labels)..).unwrap_or_default().join(".")
    };
    let look = |name: &str| skeleton(name).collect::<String>();
    let own_readable = domain_to_unicode(own).0;
    [domain.to_owned(), tail(domain)].iter().any(|name| osa_distance(name, own) == 1)
        || [readable.to_owned(), tail(readable)]
            .iter()
            .any(|name| osa_distance(name, &own_readable) == 1 || look(name) == look(&own_readable))
}
