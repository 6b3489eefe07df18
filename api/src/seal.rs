//! Texts that leave the server and come back unaltered: refresh tokens, links in emails, cursors.
//!
//! Nothing about them is stored. What they say is authentic, not secret.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use mandate_core::id::{LinkId, SessionId};
use sha2::Sha256;

use crate::keyring::{KeyRing, SealingKey};

/// Bytes of the mark that tells which key sealed it.
const MARK: usize = 4;
/// Bytes of the code at the end: 256 bits that nobody can guess.
const CODE: usize = 32;
/// Characters of the longest text that is looked at.
const TEXT_MAX: usize = 8_192;

const REFRESH: &str = "refresh token";
const LINK: &str = "link";

/// Seals texts with the keys of a ring.
#[derive(Debug, Clone)]
pub struct Sealer {
    ring: Arc<KeyRing>,
}

impl Sealer {
    /// Seals with the keys of this ring.
    pub fn new(ring: Arc<KeyRing>) -> Self {
        Self { ring }
    }

    /// Seals a payload for one purpose.
    ///
    /// *Shape*: base64url of the key's mark, the payload and an HMAC-SHA256 over purpose, mark and payload. The same payload
    /// gives the same text until the key changes.
    pub fn seal(&self, purpose: &'static str, payload: &[u8]) -> String {
        let key = self.ring.sealing_now();
        let code = mac(&key, purpose, payload).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([key.mark.as_slice(), payload, code.as_slice()].concat())
    }

    /// The payload, if the text was sealed for this purpose by a key that is still good.
    pub fn open(&self, purpose: &'static str, text: &str) -> Option<Vec<u8>> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (mark, rest) = bytes.split_first_chunk::<MARK>()?;
        let (payload, code) = rest.split_last_chunk::<CODE>()?;
        let keys = self.ring.sealing_by_mark(*mark);
        if keys.is_empty() {
            self.ring.unknown_seen.notify_one();
        }
        // The comparison takes the same time wherever the codes differ.
        let is_authentic = keys.iter().any(|key| mac(key, purpose, payload).verify_slice(code).is_ok());
        is_authentic.then(|| payload.to_vec())
    }

    /// A key for one purpose, the same on every instance: from the oldest key that is still good.
    pub fn derive(&self, purpose: &'static str) -> [u8; 32] {
        mac(&self.ring.sealing_oldest(), purpose, &[]).finalize().into_bytes().into()
    }

    /// The refresh token of one generation of a session.
    pub fn refresh_token(&self, session: SessionId, generation: i64) -> String {
        let payload = [session.as_u128().to_be_bytes().as_slice(), &generation.to_be_bytes()].concat();
        self.seal(REFRESH, &payload)
    }

    /// What a refresh token names.
    pub fn open_refresh_token(&self, token: &str) -> Option<(SessionId, i64)> {
        let payload = self.open(REFRESH, token)?;
        let (session, generation) = payload.split_first_chunk::<16>()?;
        let generation = i64::from_be_bytes(generation.try_into().ok()?);
        Some((SessionId::from_u128(u128::from_be_bytes(*session)), generation))
    }

    /// The token of a single-use link.
    pub fn link_token(&self, link: LinkId) -> String {
        self.seal(LINK, &link.as_u128().to_be_bytes())
    }

    /// What the token of a single-use link names.
    pub fn open_link_token(&self, token: &str) -> Option<LinkId> {
        let link: [u8; 16] = self.open(LINK, token)?.try_into().ok()?;
        Some(LinkId::from_u128(u128::from_be_bytes(link)))
    }
}

/// The purpose comes first with its length, so that no two pairs of purpose and payload give the same bytes.
fn mac(key: &SealingKey, purpose: &str, payload: &[u8]) -> Hmac<Sha256> {
    let length = u64::try_from(purpose.len()).unwrap_or(u64::MAX);
    let mut mac = key.mac.clone();
    mac.update(&length.to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(&key.mark);
    mac.update(payload);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::tests::Bench;

    #[test]
    fn what_was_sealed_is_opened_for_the_same_purpose_alone() {
        let sealer = Sealer::new(Bench::new().ring());
        let text = sealer.seal("cursor", b"payload");
        assert_eq!(sealer.open("cursor", &text).as_deref(), Some(b"payload".as_slice()));
        assert_eq!(sealer.open("cursors", &text), None);
        assert_eq!(sealer.open("link", &text), None);
        assert_eq!(sealer.seal("cursor", b"payload"), text);
    }

    #[test]
    fn what_was_altered_is_not_opened() {
        let sealer = Sealer::new(Bench::new().ring());
        let text = sealer.seal("cursor", b"payload");
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for position in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[position] ^= 1;
            assert_eq!(sealer.open("cursor", &URL_SAFE_NO_PAD.encode(altered)), None, "{position}");
        }
        for length in 0..bytes.len() {
            assert_eq!(sealer.open("cursor", &URL_SAFE_NO_PAD.encode(&bytes[..length])), None, "{length}");
        }
        let long = "A".repeat(TEXT_MAX + 1);
        for other in ["", "é", &format!("{text}="), &format!("{text}A"), &format!(" {text}"), &long] {
            assert_eq!(sealer.open("cursor", other), None, "{other}");
        }
        let stranger = Sealer::new(Bench::new().ring());
        assert_eq!(stranger.open("cursor", &text), None);
    }

    #[test]
    fn tokens_name_what_they_were_made_for() {
        let sealer = Sealer::new(Bench::new().ring());
        let (session, link) = (SessionId::from_u128(7), LinkId::from_u128(9));
        let refresh = sealer.refresh_token(session, 3);
        assert_eq!(sealer.open_refresh_token(&refresh), Some((session, 3)));
        assert_ne!(sealer.refresh_token(session, 4), refresh);
        let token = sealer.link_token(link);
        assert_eq!(sealer.open_link_token(&token), Some(link));
        assert_eq!(sealer.open_link_token(&refresh), None);
        assert_eq!(sealer.open_refresh_token(&token), None);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
    }
}
