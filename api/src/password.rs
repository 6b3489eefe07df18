//! Passwords: which ones are good enough, and how they are kept.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use mandate_core::say;
use mandate_core::text::{Email, Flaw, PASSWORD_MAX, PASSWORD_MIN, fold};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization as _;

use crate::secret::Secret;

/// Passwords that are hashed at once; more would starve everything else.
const RUNNING_MAX: usize = 2;
/// Passwords that are hashed or wait for it; about a second's work.
const WAITING_MAX: usize = 64;
/// Letters that the part of an email before the `@` must have, to be looked for in a password.
const LOCAL_PART_MIN: usize = 4;

/// What the most common passwords are made of, folded, one per line: whole ones, and words that get digits and signs around them.
const COMMON: &str = include_str!("password/common.txt");
/// Signs that are written for letters, and fool nobody.
const SUBSTITUTES: [(char, char); 7] =
    [('@', 'a'), ('4', 'a'), ('3', 'e'), ('1', 'i'), ('0', 'o'), ('5', 's'), ('$', 's')];
/// What fingers do on their own; whoever follows one of these in a circle has no password.
const SEQUENCES: &[&str] = &[
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "!@#$%^&*()",
];

/// A password that somebody wants from now on: neither short nor common (NIST SP 800-63B, 3.1.1.2).
///
/// *Shape*: [`PASSWORD_MIN`] to [`PASSWORD_MAX`] characters, in NFC. Never printed.
#[derive(Debug, Clone)]
pub struct NewPassword(Secret);

impl NewPassword {
    /// Reads a new password.
    ///
    /// *Errors*: `password_too_short`, `password_too_long`, `password_too_common`.
    pub fn parse(password: &Secret) -> Result<Self, Flaw> {
        let password = normalized(password);
        let length = password.expose().chars().count();
        if length < PASSWORD_MIN {
            return Err(Flaw::new(
                "password_too_short",
                say!("must have at least {min} characters", min = PASSWORD_MIN),
            ));
        }
        if length > PASSWORD_MAX {
            return Err(Flaw::new("password_too_long", say!("must have at most {max} characters", max = PASSWORD_MAX)));
        }
        let folded = fold(password.expose());
        if is_common(&folded) || is_repetition(&folded) || is_sequence(&folded) {
            return Err(Flaw::new(
                "password_too_common",
                say!("is one of the first that others would try; several unrelated words make a good one"),
            ));
        }
        Ok(Self(password))
    }

    /// Checks it against the email of whoever will use it.
    ///
    /// *Errors*: `password_like_email` if it is the email, or holds the part before the `@` where that has at least
    /// [`LOCAL_PART_MIN`] characters.
    pub fn suits(&self, email: &Email) -> Result<(), Flaw> {
        let folded = fold(self.0.expose());
        let local = email.as_str().split('@').next().unwrap_or_default();
        if folded == email.as_str() || (local.len() >= LOCAL_PART_MIN && folded.contains(local)) {
            return Err(Flaw::new("password_like_email", say!("must not contain the name in the email address")));
        }
        Ok(())
    }
}

fn normalized(password: &Secret) -> Secret {
    Secret::new(password.expose().nfc().collect::<String>())
}

/// Whether a text is in [`COMMON`], with digits and signs around it or in place of letters.
fn is_common(text: &str) -> bool {
    let core = text.trim_matches(|c: char| !c.is_alphabetic());
    let core: String = core
        .chars()
        .map(|c| SUBSTITUTES.iter().find(|(sign, _)| *sign == c).map_or(c, |(_, letter)| *letter))
        .collect();
    COMMON.lines().any(|common| common == text || common == core)
}

/// Whether a text is at most half of itself, again and again.
fn is_repetition(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (1..=letters.len() / 2).any(|period| letters.iter().zip(letters.iter().skip(period)).all(|(one, next)| one == next))
}

/// Whether a text follows one of [`SEQUENCES`], forwards or backwards, from wherever it begins.
fn is_sequence(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    SEQUENCES.iter().any(|sequence| {
        let rounds = PASSWORD_MAX / sequence.len() + 2;
        let circle = sequence.repeat(rounds);
        circle.contains(text) || circle.contains(&backwards)
    })
}

/// What hashing costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl PasswordCost {
    /// What OWASP's password storage cheat sheet asks for (2023): 19 MiB, two passes.
    pub const STANDARD: Self = Self { memory_kib: 19_456, passes: 2 };
    /// The least that Argon2 does, for tests.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };

    /// Reads `KiB:passes`.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let cost = text.split_once(':').and_then(|(memory_kib, passes)| {
            Some(Self { memory_kib: memory_kib.parse().ok()?, passes: passes.parse().ok()? })
        });
        cost.filter(|cost| cost.memory_kib <= 1 << 20 && cost.passes <= 100 && cost.params().is_some())
            .ok_or_else(|| format!("`{text}` is not a cost such as `{}`", Self::STANDARD))
    }

    fn params(self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, 1, None).ok()
    }
}

impl fmt::Display for PasswordCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.memory_kib, self.passes)
    }
}

/// Why a password was not hashed or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too many wait already: the caller may come again.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The hash function failed.
    #[error("the password could not be hashed")]
    Failed,
}

/// Hashes and compares passwords with Argon2id, a few at once, beside the threads that answer requests.
#[derive(Debug, Clone)]
pub struct Passwords {
    params: Params,
    waiting: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// What is compared where there is no hash, so that it takes the same time.
    dummy: Arc<str>,
}

impl Passwords {
    /// Hashes at this cost.
    ///
    /// *Errors*: a cost that Argon2 does not take.
    pub fn new(cost: PasswordCost) -> Result<Self, PasswordError> {
        let params = cost.params().ok_or(PasswordError::Failed)?;
        let dummy = hash(&params, "the password of nobody")?.into();
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Ok(Self { params, waiting: semaphore(WAITING_MAX), running: semaphore(RUNNING_MAX), dummy })
    }

    /// Hashes a new password, to a PHC string.
    ///
    /// *Errors*: [`PasswordError::Busy`] if too many wait.
    pub async fn hash(&self, password: &NewPassword) -> Result<String, PasswordError> {
        let (params, password) = (self.params.clone(), password.0.clone());
        self.run(move || hash(&params, password.expose())).await
    }

    /// Hashes a password that is in use at the present cost; not at all if others are waiting to be let in.
    pub async fn rehash(&self, password: &Secret) -> Option<String> {
        let running = Arc::clone(&self.running).try_acquire_owned().ok()?;
        let (params, password) = (self.params.clone(), normalized(password));
        let task = spawn_blocking(move || {
            let hash = hash(&params, password.expose());
            drop(running);
            hash
        });
        task.await.ok()?.ok()
    }

    /// Compares a password with a hash. Without a hash it answers no, after the same time.
    ///
    /// *Errors*: [`PasswordError::Busy`] if too many wait.
    pub async fn verify_or_dummy(&self, hash: Option<&str>, password: &Secret) -> Result<bool, PasswordError> {
        let is_real = hash.is_some();
        let hash: Arc<str> = hash.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        let password = normalized(password);
        let matches = self.run(move || verify(&hash, password.expose())).await?;
        Ok(matches && is_real)
    }

    /// Whether a hash was made at another cost, and should be made again when its owner signs in.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        params.is_none_or(|params| cost(&params) != cost(&self.params))
    }

    /// Runs in a blocking thread. The permits go with it: a caller who hangs up does not make room for another one.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        let permits: [OwnedSemaphorePermit; 2] = [waiting, running];
        let task = spawn_blocking(move || {
            let result = work();
            drop(permits);
            result
        });
        task.await.unwrap_or(Err(PasswordError::Failed))
    }
}

fn hash(params: &Params, password: &str) -> Result<String, PasswordError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| PasswordError::Failed)
}

fn verify(hash: &str, password: &str) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(hash).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests;
