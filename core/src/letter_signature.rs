//! What the own signatures (DKIM, RFC 6376) of a letter that came as an email say of its author: supporting evidence, never enough
//! by itself (E-6).

use idna::domain_to_ascii;

use crate::text::Email;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What came of checking a letter's own signatures.
    SignatureResult ("signature result") {
        /// A domain signed it, and nothing that it signed was changed since.
        Pass = "pass",
        /// Nobody signed it.
        Unsigned = "none",
        /// It is signed, but no signature of it is good.
        Fail = "fail",
        /// It is signed, but a key could not be asked for now.
        NotChecked = "not_checked",
    }
}

/// What a letter's own signatures say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureCheck {
    /// What came of it.
    pub result: SignatureResult,
    /// Whose signature passed, or else who signed first, as far as that can be read.
    pub domain: Option<String>,
    /// Whether the signature that passed speaks for the author's address.
    pub aligned: bool,
    /// The one address that the letter comes from; none if it names several, or contradicts itself.
    pub author: Option<String>,
}

impl SignatureCheck {
    /// What a signature of this domain says of a letter from this author.
    pub fn new(result: SignatureResult, domain: Option<String>, author: Option<String>) -> Self {
        let speaks = match (&domain, &author) {
            (Some(domain), Some(author)) => speaks_for(domain, author),
            (None, _) | (_, None) => false,
        };
        Self { result, domain, aligned: result == SignatureResult::Pass && speaks, author }
    }

    /// Whether a domain that speaks for this address signed the letter, and the letter comes from it and from nobody else.
    pub fn is_by(&self, author: &Email) -> bool {
        let is_author = |from: &String| from.eq_ignore_ascii_case(author.as_str());
        self.aligned && self.author.as_ref().is_some_and(is_author)
    }
}

/// Whether a domain speaks for an address: it is the address's own, or one of at least two labels that this lies in.
///
/// Whoever holds a domain can point everything in it elsewhere, mail included, so its signature proves no less than the lower
/// domain's own: no list of public suffixes is needed to say so. The reverse does not hold, although DMARC's relaxed mode lets it
/// pass: a lower domain is often somebody else's.
fn speaks_for(domain: &str, address: &str) -> bool {
    let Some((_, own)) = address.rsplit_once('@') else { return false };
    let (Ok(domain), Ok(own)) = (domain_to_ascii(domain), domain_to_ascii(own)) else { return false };
    let lies_in = || own.strip_suffix(&domain).is_some_and(|lower| lower.ends_with('.')) && domain.contains('.');
    !domain.is_empty() && (own == domain || lies_in())
}
