//! Access tokens: JWTs that say who somebody is, never what they may do (RFC 9068).

mod cache;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation, decode, encode};
use mandate_core::id::{KeyId, OrganizationId, PersonId, SessionId};
use mandate_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::keyring::KeyRing;
use crate::secret::Secret;
use crate::sources::{Ids, SteadyClock};
use cache::Cache;

/// Characters of the longest token that is looked at.
pub const TOKEN_MAX: usize = 4_096;
/// For whom tokens are.
const AUDIENCE: &str = "mandate";
/// What kind of JWT they are (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

/// Who a token says its bearer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// `sub`
    pub person: PersonId,
    /// `org`
    pub organization: OrganizationId,
    /// `sid`
    pub session: SessionId,
}

/// A new token.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token.
    pub token: Secret,
    /// How long it is good.
    pub expires_in: Span,
}

/// Why a token is not good. Callers are told no more than that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not a token of this server at all.
    #[error("the access token is not one of this server")]
    Foreign,
    /// Made by a key that is not known here.
    #[error("the access token was made with an unknown key")]
    UnknownKey,
    /// It was good once.
    #[error("the access token is over")]
    Expired,
}

/// The header, and nothing beside it: what could point to other keys is refused unread.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    typ: String,
    alg: String,
    kid: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    org: String,
    sid: String,
    jti: String,
    iat: i64,
    exp: i64,
}

/// A token that was found to be good.
#[derive(Debug, Clone, Copy)]
struct Verified {
    bearer: Bearer,
    key: KeyId,
    expires_at: Timestamp,
}

/// Issues and verifies access tokens.
#[derive(Debug)]
pub struct AccessTokens {
    ring: Arc<KeyRing>,
    clock: SteadyClock,
    ids: Ids,
    issuer: String,
    lifetime: Span,
    validation: Validation,
    cache: Cache,
}

impl AccessTokens {
    /// Tokens of this issuer, which is the server's public URL.
    pub fn new(ring: Arc<KeyRing>, clock: SteadyClock, ids: Ids, issuer: &str, lifetime: Span) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.leeway = 0;
        // Time is told by our clock, in `check`, and not by the machine's.
        validation.validate_exp = false;
        Self { ring, clock, ids, issuer: issuer.to_owned(), lifetime, validation, cache: Cache::default() }
    }

    /// Issues a token.
    pub fn issue(&self, bearer: Bearer) -> IssuedToken {
        let now = self.clock.now();
        let key = self.ring.signing_now();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.id.to_string());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.person.to_string(),
            org: bearer.organization.to_string(),
            sid: bearer.session.to_string(),
            jti: format!("{:032x}", self.ids.draw()),
            iat: now.seconds(),
            exp: now.plus(self.lifetime).seconds(),
        };
        let token =
            encode(&header, &claims, &key.encoding).expect("an Ed25519 key signs whatever can be written as JSON");
        IssuedToken { token: Secret::new(token), expires_in: self.lifetime }
    }

    /// Says who the bearer of a token is. A token that was verified before costs no signature check.
    ///
    /// *Errors*: see [`TokenError`].
    pub fn verify(&self, token: &str) -> Result<Bearer, TokenError> {
        if token.len() > TOKEN_MAX {
            return Err(TokenError::Foreign);
        }
        let verified = match self.cache.get(token) {
            Some(verified) => verified,
            None => self.check(token)?,
        };
        if self.clock.now() >= verified.expires_at {
            return Err(TokenError::Expired);
        }
        if !self.ring.knows(verified.key) {
            return Err(TokenError::UnknownKey);
        }
        Ok(verified.bearer)
    }

    /// Like [`Self::verify`], and looks for new keys if the token was made by an unknown one.
    ///
    /// *Errors*: see [`TokenError`].
    pub async fn verify_or_look_again(&self, token: &str) -> Result<Bearer, TokenError> {
        match self.verify(token) {
            Err(TokenError::UnknownKey) if self.ring.look_again().await => self.verify(token),
            result => result,
        }
    }

    /// Checks everything but the time.
    fn check(&self, token: &str) -> Result<Verified, TokenError> {
        let id = key_id(token).ok_or(TokenError::Foreign)?;
        let key = self.ring.signing_by_id(id).ok_or(TokenError::UnknownKey)?;
        let data = decode::<Claims>(token, &key.decoding, &self.validation).map_err(|_| TokenError::Foreign)?;
        let verified = data.claims.read(id).ok_or(TokenError::Foreign)?;
        if self.clock.now() < verified.expires_at {
            self.cache.put(token, verified, self.clock.now());
        }
        Ok(verified)
    }
}

/// The key that a token names, if its header is one of ours.
fn key_id(token: &str) -> Option<KeyId> {
    let (header, _) = token.split_once('.')?;
    let header: StrictHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header.typ != TYPE || header.alg != "EdDSA" {
        return None;
    }
    KeyId::parse(&header.kid).ok()
}

impl Claims {
    fn read(&self, key: KeyId) -> Option<Verified> {
        let bearer = Bearer {
            person: PersonId::parse(&self.sub).ok()?,
            organization: OrganizationId::parse(&self.org).ok()?,
            session: SessionId::parse(&self.sid).ok()?,
        };
        let expires_at = Timestamp::from_micros(self.exp.checked_mul(1_000_000)?);
        (self.iat < self.exp && !self.jti.is_empty()).then_some(Verified { bearer, key, expires_at })
    }
}

#[cfg(test)]
mod tests;
