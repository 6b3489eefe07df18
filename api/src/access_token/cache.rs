//! Tokens that were verified lately.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};

use mandate_core::time::Timestamp;

use super::Verified;

/// Parts with a lock of their own.
const SHARDS: usize = 16;
/// Tokens in one part.
const SHARD_MAX: usize = 640;

/// Remembers up to 10,240 verified tokens by their whole text.
///
/// Only tokens that were good get in, so nobody can fill it without having as many.
pub(super) struct Cache {
    hasher: RandomState,
    shards: [RwLock<HashMap<Box<str>, Verified>>; SHARDS],
}

impl Default for Cache {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: Default::default() }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl Cache {
    pub(super) fn get(&self, token: &str) -> Option<Verified> {
        self.shard(token)?.read().unwrap_or_else(PoisonError::into_inner).get(token).copied()
    }

    /// Remembers a token. Where there is no room, those that are over make some; if none is, all do.
    pub(super) fn put(&self, token: &str, verified: Verified, now: Timestamp) {
        let Some(shard) = self.shard(token) else { return };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= SHARD_MAX {
            shard.retain(|_, verified| now < verified.expires_at);
        }
        if shard.len() >= SHARD_MAX {
            shard.clear();
        }
        shard.insert(token.into(), verified);
    }

    /// The signature at the end of a token is as good as random.
    fn shard(&self, token: &str) -> Option<&RwLock<HashMap<Box<str>, Verified>>> {
        let end = token.as_bytes().last_chunk::<8>()?;
        let hash = usize::try_from(self.hasher.hash_one(end) & 0xffff).unwrap_or_default();
        self.shards.get(hash % SHARDS)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use mandate_core::id::{KeyId, OrganizationId, PersonId, SessionId, StaffId};

    use super::super::Bearer;
    use super::*;

    #[test]
    fn the_cache_is_bounded() {
        let cache = Cache::default();
        let person = PersonId::Staff(StaffId::from_u128(1));
        let bearer = Bearer { person, organization: OrganizationId::from_u128(2), session: SessionId::from_u128(3) };
        let verified = Verified { bearer, key: KeyId::from_u128(4), expires_at: Timestamp::from_micros(10) };
        for number in 0..3 * SHARDS * SHARD_MAX {
            cache.put(&format!("token-{number:08}"), verified, Timestamp::from_micros(0));
        }
        assert!(cache.len() <= SHARDS * SHARD_MAX);
        assert!(cache.get(&format!("token-{:08}", 3 * SHARDS * SHARD_MAX - 1)).is_some());
    }
}
