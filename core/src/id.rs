//! Typed ids: `prefix_` and 26 characters of base32, as [TypeID](https://github.com/jetify-com/typeid) 0.3 defines.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::say;
use crate::wording::Wording;

/// The lower-case Crockford alphabet that TypeID prescribes.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters after the underscore: 26 × 5 bits hold 128 bits, the two highest always zero.
const SUFFIX_LENGTH: usize = 26;

/// What stands in [`BITS`] for a byte that is no letter of the alphabet.
const NO_LETTER: u8 = u8::MAX;

/// The five bits of each letter of the alphabet: ids are read by the hundred for each page of a list.
const BITS: [u8; 256] = {
    let mut table = [NO_LETTER; 256];
    let mut bits = 0;
    while bits < ALPHABET.len() {
        table[ALPHABET[bits] as usize] = bits as u8;
        bits += 1;
    }
    table
};

/// What a kind of id is called in front of its underscore.
pub trait Kind: 'static {
    /// The prefix, without the underscore.
    const PREFIX: &'static str;
}

/// The id of one kind of thing.
///
/// *Shape*: 128 bits, a UUIDv7 when made by the server. Ids of different kinds are different types.
pub struct Id<K> {
    value: u128,
    kind: PhantomData<fn() -> K>,
}

/// Why a text is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError {
    /// What it should begin with; nothing where it is the id of a person.
    prefix: Option<&'static str>,
}

impl IdError {
    /// What was expected.
    pub fn wording(self) -> Wording {
        match self.prefix {
            Some(prefix) => say!("expected an id of the form `{prefix}_` and 26 characters of base32", prefix),
            None => say!("expected an id of the form `contact` or `staff_` and 26 characters of base32"),
        }
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wording().fmt(f)
    }
}

impl std::error::Error for IdError {}

impl<K: Kind> Id<K> {
    /// Makes an id from the 128 bits of a UUID.
    pub const fn from_u128(value: u128) -> Self {
        Self { value, kind: PhantomData }
    }

    /// The 128 bits of the UUID.
    pub const fn as_u128(self) -> u128 {
        self.value
    }

    /// Reads `prefix_…`.
    ///
    /// *Errors*: another prefix, upper case, a wrong length, a character outside the alphabet, more than 128 bits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        text.strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .and_then(decode)
            .map(Self::from_u128)
            .ok_or(IdError { prefix: Some(K::PREFIX) })
    }
}

fn decode(suffix: &str) -> Option<u128> {
    let digits = suffix.as_bytes();
    // The first character carries only three bits.
    if digits.len() != SUFFIX_LENGTH || digits.first().is_none_or(|first| *first > b'7') {
        return None;
    }
    digits.iter().try_fold(0u128, |value, digit| {
        let bits = BITS.get(usize::from(*digit)).filter(|bits| **bits != NO_LETTER)?;
        Some(value << 5 | u128::from(*bits))
    })
}

fn encode(value: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut suffix = [b'0'; SUFFIX_LENGTH];
    let mut rest = value;
    for letter in suffix.iter_mut().rev() {
        let bits = usize::try_from(rest & 31).unwrap_or_default();
        *letter = ALPHABET.get(bits).copied().unwrap_or(b'0');
        rest >>= 5;
    }
    f.write_str(std::str::from_utf8(&suffix).map_err(|_| fmt::Error)?)
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        encode(self.value, f)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $id:ident = $prefix:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $kind {}
            impl Kind for $kind {
                const PREFIX: &'static str = $prefix;
            }
            #[doc = concat!("`", $prefix, "_…`")]
            pub type $id = Id<$kind>;
        )+

        impl AnyId {
            /// Reads an id of whatever kind.
            pub fn parse(text: &str) -> Option<Self> {
                let (prefix, suffix) = text.split_once('_')?;
                let prefix = match prefix {
                    $($prefix => $prefix,)+
                    _ => return None,
                };
                Some(Self { prefix, value: decode(suffix)? })
            }
        }
    };
}

kinds! {
    /// Organizations (O-1).
    OrganizationKind, OrganizationId = "org";
    /// Contacts (C-1).
    ContactKind, ContactId = "contact";
    /// Staff members of the vendor (O-3).
    StaffKind, StaffId = "staff";
    /// Sites of an organization (O-5).
    SiteKind, SiteId = "site";
    /// Invitations of contacts who belong elsewhere (C-14).
    InvitationKind, InvitationId = "inv";
    /// Contact reviews (C-20).
    ReviewKind, ReviewId = "review";
    /// Partner grants (G-1).
    GrantKind, GrantId = "grant";
    /// Requests for grants (G-9).
    GrantRequestKind, GrantRequestId = "grantreq";
    /// Service requests (S-1).
    ServiceRequestKind, ServiceRequestId = "sr";
    /// Messages of a service request (S-5).
    MessageKind, MessageId = "msg";
    /// Attachments of a service request (S-6).
    AttachmentKind, AttachmentId = "att";
    /// Escalations (E-1).
    EscalationKind, EscalationId = "esc";
    /// Articles of the knowledge base.
    ArticleKind, ArticleId = "article";
    /// Sign-ins.
    SessionKind, SessionId = "session";
    /// Journal entries.
    EventKindOfId, EventId = "event";
    /// HTTP requests.
    RequestKind, RequestId = "req";
    /// Single-use links that leave in emails (C-12). Never shown by the API.
    LinkKind, LinkId = "link";
    /// Who joined and left a partner, until its customers are told (G-18). Never shown by the API.
    RosterKind, RosterId = "roster";
    /// Emails that wait to be sent. Never shown by the API.
    MailKindOfId, MailId = "mail";
    /// Signing and sealing keys (`kid`).
    KeyKind, KeyId = "key";
}

/// An id of any kind, for the places that refer to things of several kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyId {
    prefix: &'static str,
    value: u128,
}

impl AnyId {
    /// The prefix, without the underscore.
    pub fn prefix(self) -> &'static str {
        self.prefix
    }

    /// The id, if it is of this kind.
    pub fn as_id<K: Kind>(self) -> Option<Id<K>> {
        (self.prefix == K::PREFIX).then(|| Id::from_u128(self.value))
    }
}

impl<K: Kind> From<Id<K>> for AnyId {
    fn from(id: Id<K>) -> Self {
        Self { prefix: K::PREFIX, value: id.value }
    }
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        f.write_str("_")?;
        encode(self.value, f)
    }
}

/// A person: a contact of a customer or partner, or a staff member of the vendor, never both (O-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonId {
    /// A contact.
    Contact(ContactId),
    /// A staff member.
    Staff(StaffId),
}

impl PersonId {
    /// Reads `contact_…` or `staff_…`.
    ///
    /// *Errors*: anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        ContactId::parse(text)
            .map(Self::Contact)
            .or_else(|_| StaffId::parse(text).map(Self::Staff))
            .map_err(|_| IdError { prefix: None })
    }
}

impl From<PersonId> for AnyId {
    fn from(person: PersonId) -> Self {
        match person {
            PersonId::Contact(id) => id.into(),
            PersonId::Staff(id) => id.into(),
        }
    }
}

impl From<ContactId> for PersonId {
    fn from(id: ContactId) -> Self {
        Self::Contact(id)
    }
}

impl From<StaffId> for PersonId {
    fn from(id: StaffId) -> Self {
        Self::Staff(id)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        AnyId::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_the_typeid_specification_shows() {
        // Vectors of the TypeID specification: nil, one, ten, sixteen, thirty-two, max, and a UUIDv7.
        for (value, suffix) in [
            (0, "00000000000000000000000000"),
            (1, "00000000000000000000000001"),
            (10, "0000000000000000000000000a"),
            (16, "0000000000000000000000000g"),
            (32, "00000000000000000000000010"),
            (u128::MAX, "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
            (0x0189_0a5d_ac96_774b_bcce_b302_099a_8057, "01h455vb4pex5vsknk084sn02q"),
        ] {
            let id = ContactId::from_u128(value);
            assert_eq!(id.to_string(), format!("contact_{suffix}"));
            assert_eq!(ContactId::parse(&id.to_string()), Ok(id));
            assert_eq!(AnyId::parse(&id.to_string()), Some(id.into()));
        }
    }

    #[test]
    fn what_is_not_an_id_of_the_kind_is_refused() {
        for text in [
            "",
            "contact",
            "contact_",
            "org_01h455vb4pex5vsknk084sn02q",
            "contact_01h455vb4pex5vsknk084sn02",
            "contact_01h455vb4pex5vsknk084sn02qq",
            "contact_01H455VB4PEX5VSKNK084SN02Q",
            "contact_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "contact_01h455vb4pex5vsknk084sn02u",
            "contact_01h455vb4pex5vsknk084sn0é",
            " contact_01h455vb4pex5vsknk084sn02q",
        ] {
            assert!(ContactId::parse(text).is_err(), "{text}");
        }
    }
}
