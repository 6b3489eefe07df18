//! The keys that sign access tokens and seal secrets: several of each, one of them in use.
//!
//! Every instance reads the keys once a minute, and a new key makes nothing until [`ACTIVATION`] after its making. So all
//! instances know a key before they meet what it made, and nobody is signed out by a rotation.

mod home;

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use mandate_core::id::KeyId;
use mandate_core::time::{Span, Timestamp};
use mandate_storage::{Key, KeyPurpose, StorageError};
use sha2::Sha256;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use crate::settings::Settings;
use crate::sources::{Ids, SteadyClock, random_bytes};

use home::Edit;
pub use home::KeyHome;

/// How long a new key waits before it makes anything, unless there is no other.
pub const ACTIVATION: Span = Span::minutes(2);
/// How long the work of a retired key is good beyond its own lifetime.
const GRACE: Span = Span::days(1);
/// An unknown key makes the ring look for new ones, but not more often than this.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// What stands before an Ed25519 seed in PKCS#8 (RFC 8410, section 7).
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Why keys cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The database did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file cannot be used.
    #[error("the key file `{path}`: {reason}")]
    File {
        /// Where it is.
        path: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A key is not what it should be.
    #[error("the key `{0}` is damaged: restore it, or remove it, which ends everything that it made")]
    Damaged(KeyId),
    /// Keys that were there are gone.
    #[error("there are no keys any more")]
    Missing,
}

/// How long what the keys make is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token.
    pub signed: Span,
    /// The longest-lived of refresh tokens and links.
    pub sealed: Span,
}

impl Lifetimes {
    /// The lifetimes that are set.
    pub fn of(settings: &Settings) -> Self {
        let sealed = settings.session_ttl.max(settings.welcome_ttl).max(settings.reset_ttl);
        Self { signed: settings.access_token_ttl, sealed }
    }

    /// Whether the work of a key may still be good.
    fn allow(self, key: &Key, now: Timestamp) -> bool {
        let lifetime = match key.purpose {
            KeyPurpose::Signing => self.signed,
            KeyPurpose::Sealing => self.sealed,
        };
        key.retired_at.is_none_or(|retired_at| now < retired_at.plus(lifetime).plus(GRACE))
    }
}

/// A key that signs access tokens.
pub(crate) struct SigningKey {
    pub(crate) id: KeyId,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
}

/// A key that seals secrets.
pub(crate) struct SealingKey {
    /// The end of its id, which everything that it seals begins with.
    pub(crate) mark: [u8; 4],
    pub(crate) mac: Hmac<Sha256>,
}

/// The keys of one kind, the newest first; never none after the ring was opened.
type Series<K> = Vec<(Timestamp, Arc<K>)>;

#[derive(Default)]
struct Keys {
    signing: Series<SigningKey>,
    sealing: Series<SealingKey>,
}

/// The keys.
pub struct KeyRing {
    home: KeyHome,
    clock: SteadyClock,
    ids: Ids,
    lifetimes: Lifetimes,
    keys: RwLock<Keys>,
    looked_at: Mutex<Option<Instant>>,
    /// Rung when something was made by an unknown key; the worker then reloads.
    pub(crate) unknown_seen: Notify,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("home", &self.home).finish_non_exhaustive()
    }
}

/// Everything here blocks.
impl KeyRing {
    /// Reads the keys, and makes the first ones.
    ///
    /// *Errors*: see [`KeyError`].
    pub fn open(home: KeyHome, clock: SteadyClock, ids: Ids, lifetimes: Lifetimes) -> Result<Self, KeyError> {
        let (keys, looked_at, unknown_seen) = Default::default();
        let ring = Self { home, clock, ids, lifetimes, keys, looked_at, unknown_seen };
        ring.home.edit(|stored| {
            let lacks =
                |purpose: &KeyPurpose| !stored.iter().any(|key| key.purpose == *purpose && key.retired_at.is_none());
            let added = [KeyPurpose::Signing, KeyPurpose::Sealing].into_iter().filter(lacks);
            Edit { added: added.map(|purpose| ring.new_key(purpose)).collect(), ..Edit::default() }
        })?;
        ring.reload()?;
        Ok(ring)
    }

    /// Adds a new key of each kind, retires the others from when the new ones take over, and removes those whose work is over.
    ///
    /// *Errors*: see [`KeyError`].
    pub fn rotate(&self) -> Result<(), KeyError> {
        let now = self.clock.now();
        let over = now.plus(ACTIVATION);
        self.home.edit(|stored| Edit {
            added: vec![self.new_key(KeyPurpose::Signing), self.new_key(KeyPurpose::Sealing)],
            retired: stored.iter().filter(|key| key.retired_at.is_none()).map(|key| (key.id, over)).collect(),
            removed: stored.iter().filter(|key| !self.lifetimes.allow(key, now)).map(|key| key.id).collect(),
        })?;
        self.reload()
    }

    /// Reads the keys again.
    ///
    /// *Errors*: see [`KeyError`]; the keys known before stay.
    pub fn reload(&self) -> Result<(), KeyError> {
        let now = self.clock.now();
        let mut stored = self.home.load()?;
        stored.retain(|key| self.lifetimes.allow(key, now));
        stored.sort_by_key(|key| Reverse((key.created_at, key.id)));
        let mut keys = Keys::default();
        for key in &stored {
            match key.purpose {
                KeyPurpose::Signing => keys.signing.push((key.created_at, Arc::new(SigningKey::read(key)?))),
                KeyPurpose::Sealing => keys.sealing.push((key.created_at, Arc::new(SealingKey::read(key)?))),
            }
        }
        if keys.signing.is_empty() || keys.sealing.is_empty() {
            return Err(KeyError::Missing);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn new_key(&self, purpose: KeyPurpose) -> Key {
        let secret = random_bytes::<32>().to_vec();
        Key { id: self.ids.fresh(), purpose, secret, created_at: self.clock.now(), retired_at: None }
    }
}

impl KeyRing {
    /// Looks for keys that another instance made, unless that was done a moment ago; says whether it did.
    pub async fn look_again(self: &Arc<Self>) -> bool {
        if !self.may_look() {
            return false;
        }
        let ring = Arc::clone(self);
        let result = spawn_blocking(move || ring.reload()).await;
        match result {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the keys cannot be read again");
                false
            }
            Err(_) => false,
        }
    }

    fn may_look(&self) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let may_look = looked_at.is_none_or(|at| at.elapsed() >= LOOK_AGAIN);
        if may_look {
            *looked_at = Some(Instant::now());
        }
        may_look
    }

    /// The key that signs now.
    pub(crate) fn signing_now(&self) -> Arc<SigningKey> {
        in_use(&self.read().signing, self.clock.now())
    }

    /// The key that signed something.
    pub(crate) fn signing_by_id(&self, id: KeyId) -> Option<Arc<SigningKey>> {
        self.read().signing.iter().map(|(_, key)| key).find(|key| key.id == id).cloned()
    }

    /// Whether what a key signed may still be good.
    pub(crate) fn knows(&self, id: KeyId) -> bool {
        self.read().signing.iter().any(|(_, key)| key.id == id)
    }

    /// The key that seals now.
    pub(crate) fn sealing_now(&self) -> Arc<SealingKey> {
        in_use(&self.read().sealing, self.clock.now())
    }

    /// The sealing key that has been good for longest.
    pub(crate) fn sealing_oldest(&self) -> Arc<SealingKey> {
        let keys = self.read();
        let (_, oldest) = keys.sealing.last().expect("a ring always has keys");
        Arc::clone(oldest)
    }

    /// The keys that may have sealed something; nearly always one or none.
    pub(crate) fn sealing_by_mark(&self, mark: [u8; 4]) -> Vec<Arc<SealingKey>> {
        self.read().sealing.iter().map(|(_, key)| key).filter(|key| key.mark == mark).cloned().collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest key that all instances know; the oldest if all are new.
fn in_use<K>(series: &Series<K>, now: Timestamp) -> Arc<K> {
    let known = series.iter().find(|(created_at, _)| created_at.plus(ACTIVATION) <= now);
    let (_, key) = known.or(series.last()).expect("an open ring has a key of each kind");
    Arc::clone(key)
}

impl SigningKey {
    fn read(key: &Key) -> Result<Self, KeyError> {
        let seed: [u8; 32] = key.secret.as_slice().try_into().map_err(|_| KeyError::Damaged(key.id))?;
        let encoding = EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), &seed].concat());
        let public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).and_then(|jwk| DecodingKey::from_jwk(&jwk));
        let decoding = public.map_err(|_| KeyError::Damaged(key.id))?;
        Ok(Self { id: key.id, encoding, decoding })
    }
}

impl SealingKey {
    fn read(key: &Key) -> Result<Self, KeyError> {
        if key.secret.len() < 32 {
            return Err(KeyError::Damaged(key.id));
        }
        let mac = Hmac::new_from_slice(&key.secret).map_err(|_| KeyError::Damaged(key.id))?;
        let [.., a, b, c, d] = key.id.as_u128().to_be_bytes();
        Ok(Self { mark: [a, b, c, d], mac })
    }
}

#[cfg(test)]
pub(crate) mod tests;
