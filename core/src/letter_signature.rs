//! What the own signatures (DKIM, RFC 6376) of a letter that came as an email say of its author: supporting evidence, never enough
//! by itself (E-6).

use idna::domain_to_ascii;

use crate::text::Email;
use crate::time::{Span, Timestamp};
use crate::vocabulary::vocabulary;

/// How long before a letter was received its signature may have been made, to say anything (E-6).
pub const SIGNED_BEFORE: Span = Span::days(7);
/// How long after a letter was received it is uploaded, at most, for its signature to say anything.
pub const UPLOADED_WITHIN: Span = Span::days(30);

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

/// When a signature was made, and what it covers, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// When it was made (`t=`).
    pub signed_at: Option<Timestamp>,
    /// When it stops to be good (`x=`).
    pub expires_at: Option<Timestamp>,
    /// The header fields that it covers (`h=`), in lower case.
    pub fields: Vec<String>,
    /// How much of the body it covers, if not all of it (`l=`).
    pub body_length: Option<i64>,
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
    /// When it was signed, and what the signature covers.
    pub cover: Cover,
    /// When it was checked.
    pub checked_at: Timestamp,
}

impl SignatureCheck {
    /// What a signature of this domain says of a letter from this author.
    pub fn new(result: SignatureResult, domain: Option<String>, author: Option<String>, checked_at: Timestamp) -> Self {
        let speaks = match (&domain, &author) {
            (Some(domain), Some(author)) => speaks_for(domain, author),
            (None, _) | (_, None) => false,
        };
        let aligned = result == SignatureResult::Pass && speaks;
        Self { result, domain, aligned, author, cover: Cover::default(), checked_at }
    }

    /// The same, of a signature that says this of itself.
    #[must_use]
    pub fn covering(self, cover: Cover) -> Self {
        Self { cover, ..self }
    }

    /// Whether the letter was signed when it was received: not more than [`SIGNED_BEFORE`] before, and not after it was uploaded.
    /// Nobody says that a letter was received more than [`UPLOADED_WITHIN`] before that; without a word it was received then. Whoever
    /// does not say when they signed may have done it at any time.
    pub fn is_timely(&self, received_at: Option<Timestamp>) -> bool {
        let earliest = self.checked_at.minus(UPLOADED_WITHIN);
        let received_at = received_at.unwrap_or(self.checked_at).clamp(earliest, self.checked_at);
        let is_over = self.cover.expires_at.is_some_and(|end| end <= self.checked_at);
        let is_in_time = |at: Timestamp| at <= self.checked_at && at >= received_at.minus(SIGNED_BEFORE);
        self.cover.signed_at.is_some_and(is_in_time) && !is_over
    }

    /// Whether a domain that speaks for this address signed the letter when it was received, all of its body, and the letter comes from
    /// it and from nobody else.
    pub fn is_by(&self, author: &Email, received_at: Option<Timestamp>) -> bool {
        let is_author = |from: &String| from.eq_ignore_ascii_case(author.as_str());
        let is_whole = self.cover.body_length.is_none();
        self.aligned && is_whole && self.is_timely(received_at) && self.author.as_ref().is_some_and(is_author)
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
