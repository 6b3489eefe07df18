//! Work that nobody waits for: what falls due, telling what there is to tell, sending emails that are owed, and keeping house.
//!
//! Any number of instances may run one: an email is claimed before it is sent. It is sent at least once, and its `Message-ID`
//! stays the same.

mod due;
mod outbox;
mod sweep;
mod telling;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mandate_core::change::{Context, Origin};
use mandate_core::time::{Span, Timestamp};
use mandate_core::{service_request, throttle};
use mandate_storage::{Fence, StorageError, Store, WriteTx};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::files::FileStore;
use crate::keyring::KeyRing;
use crate::mail::{Fault, Mailer, Writer};
use crate::shutdown::Shutdown;
use crate::sources::SteadyClock;

pub use due::Settle;
pub use outbox::{Prepare, Sending};

/// Rounds of housekeeping, one a second, between two readings of the keys.
const KEYS_EVERY: u64 = 60;
/// Rounds between two clearings of old answers and of what is spent; the first is at once.
const ANSWERS_EVERY: u64 = 3_600;
/// How far a clock may be behind the highest time seen before somebody should look at it.
const LAG_MAX: Span = Span::seconds(2);
/// Answers, or emails, that are deleted in one transaction.
const ANSWERS_AT_ONCE: i64 = 500;

/// Solved requests that are closed in one transaction.
const CLOSED_AT_ONCE: i64 = 50;
/// Such transactions in one round.
const CLOSINGS_AT_ONCE: usize = 20;

/// Rounds in a turn of the worker; what is owed then waits for the next one.
const ROUNDS_IN_A_TURN: usize = 100;

/// How long sessions, links and emails are kept after their end.
const SPENT_KEPT: Span = Span::days(30);

/// No email is owed.
const NONE_OWED: i64 = i64::MAX;

/// What others see of the emails that are owed. Clones are the same.
#[derive(Debug, Clone)]
pub struct Outbox {
    wake: Arc<Notify>,
    oldest_micros: Arc<AtomicI64>,
    failures: Arc<[AtomicI64; Fault::ALL.len()]>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { wake: Arc::default(), oldest_micros: Arc::new(AtomicI64::new(NONE_OWED)), failures: Arc::default() }
    }
}

impl Outbox {
    /// Says that an email may be owed, after the commit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// How long the oldest email has been owed; zero if none is.
    pub fn age(&self, now: Timestamp) -> Span {
        match self.oldest_micros.load(Ordering::Relaxed) {
            NONE_OWED => Span::seconds(0),
            micros => now.since(Timestamp::from_micros(micros)).max(Span::seconds(0)),
        }
    }

    /// How often emails did not leave, by whose fault it was.
    pub fn failures(&self) -> impl Iterator<Item = (Fault, i64)> {
        Fault::ALL.into_iter().zip(self.failures.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    fn note_failure(&self, fault: Fault) {
        for (_, count) in Fault::ALL.iter().zip(self.failures.iter()).filter(|(one, _)| **one == fault) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn note_oldest(&self, oldest_at: Option<Timestamp>) {
        self.oldest_micros.store(oldest_at.map_or(NONE_OWED, Timestamp::micros), Ordering::Relaxed);
    }
}

/// The worker.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SteadyClock,
    /// The keys to read again.
    pub ring: Arc<KeyRing>,
    /// How emails leave.
    pub mailer: Mailer,
    /// How emails are written.
    pub writer: Writer,
    /// Where it is told that emails are owed, and tells since when.
    pub outbox: Outbox,
    /// Where files are removed that no message took up.
    pub files: FileStore,
    /// How long answers to repeated requests are kept.
    pub idempotency_ttl: Span,
    /// After how long a solved service request closes by itself.
    pub close_after: Span,
}

impl Worker {
    /// Works until the server stops, and finishes the email in hand.
    pub async fn run(self, prepare: Prepare, settle: Settle, shutdown: Shutdown) {
        tokio::join!(
            self.send_until(&prepare, &shutdown),
            self.settle_until(&settle, &shutdown),
            self.tell_until(&shutdown),
            self.keep_house_until(&shutdown),
            self.sweep_until(&shutdown)
        );
    }

    /// Does once what [`Worker::run`] does again and again, until nothing of it is due: for programs that say themselves when
    /// time passes.
    pub(crate) async fn take_turn(&self, prepare: &Prepare, settle: &Settle, shutdown: &Shutdown) {
        for _ in 0..ROUNDS_IN_A_TURN {
            self.note("the time", self.in_thread(|worker| worker.keep_time(Timestamp::from_micros(0))).await);
            self.note("solved requests", self.in_thread(Self::close_solved).await);
            let settle = Arc::clone(settle);
            let settled = self.note("what is due", self.in_thread(move |_| settle()).await).unwrap_or_default();
            let told = self.note("what there is to tell", self.in_thread(Self::tell_due).await).unwrap_or_default();
            let sent = self.send_due(prepare, shutdown).await;
            if settled == 0 && told == 0 && sent == 0 {
                return;
            }
        }
    }

    async fn keep_house_until(&self, shutdown: &Shutdown) {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut kept = Timestamp::from_micros(0);
        let mut round = 0_u64;
        while !shutdown.is_begun() {
            tokio::select! {
                _ = seconds.tick() => {}
                () = shutdown.begun() => {}
                () = self.ring.unknown_seen.notified() => {
                    self.ring.look_again().await;
                    continue;
                }
            }
            round += 1;
            kept = self.note("the time", self.in_thread(move |worker| worker.keep_time(kept)).await).unwrap_or(kept);
            self.note("solved requests", self.in_thread(Self::close_solved).await);
            if round.is_multiple_of(KEYS_EVERY) {
                self.ring.look_again().await;
                self.watch_clock();
            }
            if round % ANSWERS_EVERY == 1 {
                self.note("old answers", self.in_thread(Self::forget_answers).await);
                self.note("what is spent", self.in_thread(Self::forget_spent).await);
            }
        }
    }

    /// Writes down the highest time seen, learns of a higher one (X-4a), and looks since when emails are owed.
    fn keep_time(&self, kept: Timestamp) -> Result<Timestamp, StorageError> {
        let now = self.clock.now();
        if now > kept {
            self.store.write::<_, StorageError>(|unlocked| unlocked.lock(&Fence::new())?.raise_time(now))?;
        }
        let (highest, oldest) =
            self.store.read::<_, StorageError>(|tx| Ok((tx.highest_time()?, tx.oldest_unsent_mail_at()?)))?;
        self.clock.raise(highest);
        self.outbox.note_oldest(oldest);
        Ok(highest)
    }

    /// Time stands still while the clock is behind: what should end does not, and nothing that ended comes back.
    fn watch_clock(&self) {
        let lag = self.clock.lag();
        if lag > LAG_MAX {
            let seconds = lag.as_seconds();
            tracing::warn!(
                seconds,
                "the clock is behind a time that was seen before; compare the clocks of all instances"
            );
        }
    }

    /// Closes what has been solved for long enough (S-4), some in each transaction. Somebody who writes at the same time is either
    /// first, and then it is not solved any more, or meets a closed request.
    fn close_solved(&self) -> Result<(), StorageError> {
        let context = Context { actor: None, now: self.clock.now(), origin: Origin::default() };
        let solved_by = context.now.minus(self.close_after);
        for _ in 0..CLOSINGS_AT_ONCE {
            let due = self.store.read::<_, StorageError>(|tx| tx.requests_solved_by(solved_by, CLOSED_AT_ONCE))?;
            if due.is_empty() {
                break;
            }
            self.store.write::<_, StorageError>(|unlocked| {
                let mut tx = unlocked.lock(&Fence::new())?;
                due.iter().try_for_each(|id| {
                    let request = tx.service_request(*id)?;
                    let closed =
                        request.and_then(|request| service_request::close(&context, request, self.close_after));
                    closed.iter().try_for_each(|change| tx.save_service_request(change))
                })
            })?;
        }
        Ok(())
    }

    fn forget_answers(&self) -> Result<(), StorageError> {
        let older_than = self.clock.now().minus(self.idempotency_ttl);
        self.forget_in_turns(|tx| tx.delete_responses(older_than, ANSWERS_AT_ONCE))
    }

    /// Deletes some in each transaction until fewer are left, so that nobody waits long in between.
    fn forget_in_turns(
        &self,
        forget: impl Fn(&mut WriteTx<'_>) -> Result<usize, StorageError>,
    ) -> Result<(), StorageError> {
        loop {
            let forgotten =
                self.store.write::<_, StorageError>(|unlocked| forget(&mut unlocked.lock(&Fence::new())?))?;
            if i64::try_from(forgotten).unwrap_or(i64::MAX) < ANSWERS_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Forgets failed sign-ins that nobody remembers, and sessions, links, emails and rosters that are long over.
    fn forget_spent(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let (failures, over) = (now.minus(throttle::MEMORY_MAX), now.minus(SPENT_KEPT));
        self.store.write::<_, StorageError>(|unlocked| {
            unlocked.lock(&Fence::new())?.forget_spent(failures, over).map(drop)
        })?;
        self.forget_in_turns(|tx| tx.delete_mails(over, ANSWERS_AT_ONCE))?;
        self.forget_in_turns(|tx| tx.delete_rosters(over, ANSWERS_AT_ONCE))
    }

    /// Runs what blocks beside the threads that answer requests.
    async fn in_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let worker = self.clone();
        let task = spawn_blocking(move || work(&worker));
        task.await.unwrap_or_else(|error| Err(StorageError::Unexpected(error.to_string())))
    }

    fn note<T>(&self, what: &str, result: Result<T, StorageError>) -> Option<T> {
        result.map_err(|error| tracing::warn!(%error, "the worker could not keep {what}; it will try again")).ok()
    }
}

#[cfg(test)]
mod tests;
