//! Turns: how many do something at a time, and how many of them may be of one caller or one organization.
//!
//! Whoever waits or has a turn holds a guard, which lets go when it is dropped: also when the client hangs up in between.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use mandate_core::id::PersonId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::access_token::Bearer;
use crate::problem::Problem;

/// How long a request waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(1);

/// How many holders are remembered until those who hold nothing are forgotten.
const HOLDERS_KEPT: usize = 1_024;

/// Lets so many through at a time, keeps a bounded queue, and turns the rest away at once.
///
/// *Shape*: clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    queue_max: usize,
    waits: Arc<Waits>,
}

/// How much was waited at a gate, for the metrics.
#[derive(Debug, Default)]
pub struct Waits {
    /// How often a turn was waited for.
    pub count: AtomicU64,
    /// How long, in microseconds.
    pub micros: AtomicU64,
    /// How often in vain.
    pub failed: AtomicU64,
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    /// A gate for so many at a time, with a queue for so many more.
    pub fn new(turns: usize, queue_max: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(turns)), waiting: Arc::default(), queue_max, waits: Arc::default() }
    }

    /// How much was waited so far.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// Waits for a turn.
    ///
    /// *Errors*: `unavailable` when the queue is full, or the turn did not come within a second.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(turn);
        }
        let is_full = self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue_max;
        let place = Place(&self.waiting);
        if is_full {
            self.waits.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Problem::unavailable("the queue for a turn is full"));
        }
        let begun = Instant::now();
        let turn = timeout(TURN_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        drop(place);
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waits.count.fetch_add(1, Ordering::Relaxed);
        self.waits.micros.fetch_add(micros, Ordering::Relaxed);
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            self.waits.failed.fetch_add(1, Ordering::Relaxed);
            Problem::unavailable("no turn came within a second")
        })
    }
}

/// Caps how much of something each holder has at a time, whoever they are.
pub struct Shares {
    each: usize,
    held: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Shares {
    /// So many for each.
    pub fn new(each: usize) -> Self {
        Self { each, held: Mutex::default() }
    }

    /// Takes one of a holder's shares, which is let go when it is dropped.
    ///
    /// *Errors*: `unavailable` when none of theirs became free within a second.
    pub(crate) async fn take(&self, whose: &str) -> Result<OwnedSemaphorePermit, Problem> {
        let taken = timeout(TURN_WAIT, self.of(whose).acquire_owned()).await;
        taken.ok().and_then(Result::ok).ok_or_else(|| {
            Problem::unavailable(format!(
                "`{whose}` does as much of this as one may at a time: {each}",
                each = self.each
            ))
        })
    }

    fn of(&self, whose: &str) -> Arc<Semaphore> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shares) = held.get(whose).and_then(Weak::upgrade) {
            return shares;
        }
        if held.len() >= HOLDERS_KEPT {
            held.retain(|_, shares| shares.strong_count() > 0);
        }
        let shares = Arc::new(Semaphore::new(self.each));
        held.insert(whose.to_owned(), Arc::downgrade(&shares));
        shares
    }
}

/// A gate that no one caller and no one organization keeps for itself.
pub struct Fair {
    gate: Gate,
    callers: Shares,
    organizations: Shares,
}

/// A turn at a [`Fair`] gate.
pub(crate) struct FairTurn {
    _turn: OwnedSemaphorePermit,
    _caller: OwnedSemaphorePermit,
    _organization: Option<OwnedSemaphorePermit>,
}

impl Fair {
    /// A gate of which each caller and each organization has so many turns at most.
    pub fn new(gate: Gate, caller: usize, organization: usize) -> Self {
        Self { gate, callers: Shares::new(caller), organizations: Shares::new(organization) }
    }

    /// Waits for a turn. Of the vendor each person counts alone.
    ///
    /// *Errors*: `unavailable` when none came within a second, whoever has them.
    pub(crate) async fn turn(&self, caller: &Bearer) -> Result<FairTurn, Problem> {
        let _caller = self.callers.take(&caller.person.to_string()).await?;
        let _organization = match caller.person {
            PersonId::Contact(_) => Some(self.organizations.take(&caller.organization.to_string()).await?),
            PersonId::Staff(_) => None,
        };
        Ok(FairTurn { _turn: self.gate.turn().await?, _caller, _organization })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// whoever hangs up while they wait leaves nothing behind.
    #[tokio::test]
    async fn who_hangs_up_while_waiting_leaves_the_queue() {
        let gate = Gate::new(1, 10);
        let turn = gate.turn().await;
        for _ in 0..2_000 {
            let waiting = tokio::spawn({
                let gate = gate.clone();
                async move { gate.turn().await.is_ok() }
            });
            tokio::task::yield_now().await;
            waiting.abort();
            assert!(waiting.await.is_err());
        }
        drop(turn);
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
        assert!(gate.turn().await.is_ok());
    }

    /// a full queue turns away at once, and does not grow by those who were.
    #[tokio::test]
    async fn a_full_queue_turns_away_at_once() {
        let gate = Gate::new(1, 1);
        let _turn = gate.turn().await;
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.turn().await.is_ok() }
        });
        tokio::task::yield_now().await;
        let begun = Instant::now();
        for _ in 0..100 {
            assert!(gate.turn().await.is_err());
        }
        assert!(begun.elapsed() < TURN_WAIT);
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 1);
        waiting.abort();
    }

    /// what one holds is not another's, and is let go with its guard.
    #[tokio::test]
    async fn one_holder_takes_nothing_of_anothers() {
        let shares = Shares::new(2);
        let (first, _second) = (shares.take("acme").await.unwrap(), shares.take("acme").await.unwrap());
        assert!(shares.take("acme").await.is_err());
        assert!(shares.take("initech").await.is_ok());
        drop(first);
        assert!(shares.take("acme").await.is_ok());
    }

    /// Holders who hold nothing are forgotten.
    #[tokio::test]
    async fn holders_are_not_remembered_for_ever() {
        let shares = Shares::new(1);
        for number in 0..10 * HOLDERS_KEPT {
            assert!(shares.take(&number.to_string()).await.is_ok());
        }
        assert!(shares.held.lock().unwrap().len() <= HOLDERS_KEPT);
    }
}
