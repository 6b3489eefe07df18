//! What the handlers share: the store, the clock, the ids, the keys, and the way to the blocking pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use mandate_core::contact::WelcomeIds;
use mandate_core::id::{Id, Kind};
use mandate_core::time::Timestamp;
use mandate_storage::{ReadTx, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access_token::AccessTokens;
use crate::caller::{Asker, Caller};
use crate::files::FileStore;
use crate::input::Errors;
use crate::keyring::KeyRing;
use crate::metrics::Metrics;
use crate::number::Numbers;
use crate::page::{CursorKey, Listing, PageRequest};
use crate::password::Passwords;
use crate::problem::Problem;
use crate::reply::Command;
use crate::seal::Sealer;
use crate::settings::Settings;
use crate::sources::{Ids, SteadyClock};
use crate::worker::Outbox;

/// How long a request waits for its turn at the database.
const TURN_WAIT: Duration = Duration::from_secs(1);

/// The running application.
pub struct App {
    /// The database.
    pub store: Store,
    /// The configuration.
    pub settings: Settings,
    /// The time, which never runs backwards.
    pub clock: SteadyClock,
    /// New ids.
    pub ids: Ids,
    /// New service request numbers.
    pub numbers: Numbers,
    /// The keys behind tokens, links and cursors.
    pub ring: Arc<KeyRing>,
    /// Signs and verifies access tokens.
    pub tokens: AccessTokens,
    /// Seals refresh tokens and links.
    pub sealer: Sealer,
    /// Authenticates page cursors.
    pub cursors: CursorKey,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Wakes the worker when an email may be owed.
    pub outbox: Outbox,
    /// The bytes of attachments.
    pub files: FileStore,
    /// The turns of those who read.
    pub readers: Gate,
    /// The turns of those who write; on SQLite there is one.
    pub writers: Gate,
    /// The turns of those who import contacts, which takes memory.
    pub imports: Gate,
    /// The turns of those who upload, which takes memory as well, and time.
    pub uploads: Gate,
}

impl App {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id.
    pub fn id<K: Kind>(&self) -> Id<K> {
        self.ids.fresh()
    }

    /// The page of a list that somebody asks for; what is wrong with `limit` and `cursor` is in `errors`.
    pub fn page(
        &self,
        caller: &Caller,
        errors: &mut Errors,
        listing: Listing,
        limit: Option<u32>,
        cursor: &Option<String>,
    ) -> PageRequest {
        PageRequest::read(errors, listing, (limit, cursor.as_deref()), caller.claims.person, &self.cursors)
    }

    /// A new welcome link and email.
    pub fn welcome(&self, now: Timestamp) -> WelcomeIds {
        WelcomeIds { link: self.id(), mail: self.id(), expires_at: now.plus(self.settings.welcome_ttl) }
    }

    /// Reads for somebody who is signed in, from one snapshot.
    ///
    /// *Errors*: `unauthenticated` if they may not sign in any more, whatever the work refuses, and storage's failures.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        caller: Caller,
        work: impl Fn(&mut ReadTx<'_>, &Asker) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        self.on_turn(&self.readers, move || {
            app.store.read(|tx| {
                let asker = caller.identify(tx)?;
                work(tx, &asker)
            })
        })
        .await
    }

    /// Reads for somebody who is not signed in, from one snapshot.
    ///
    /// *Errors*: whatever the work refuses, and storage's failures.
    pub async fn read_unsigned<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(&mut ReadTx<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        self.on_turn(&self.readers, move || app.store.read(&work)).await
    }

    /// Reads with one statement, which brings along who is asking.
    ///
    /// *Errors*: whatever the work refuses, and storage's failures.
    pub async fn glance<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(&mut ReadTx<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        self.on_turn(&self.readers, move || app.store.glance(&work)).await
    }

    /// Carries out a command for somebody who is signed in: fence, caller, repeated request, facts, decision, save; all in
    /// one transaction.
    ///
    /// *Errors*: `unauthenticated`, `idempotency_key_reused`, whatever the work refuses, and storage's failures.
    pub async fn write(
        self: &Arc<Self>,
        caller: Caller,
        command: impl Command + 'static,
    ) -> Result<HttpResponse, Problem> {
        let app = Arc::clone(self);
        let answer =
            self.on_turn(&self.writers, move || app.store.write(|unlocked| caller.carry_out(&app, unlocked, &command)));
        let answer = answer.await?;
        self.outbox.wake();
        Ok(answer.into_response())
    }

    /// Carries out a command for somebody who is not signed in.
    ///
    /// *Errors*: whatever the work refuses, and storage's failures.
    pub async fn write_unsigned<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(mandate_storage::Unlocked<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        let done = self.on_turn(&self.writers, move || app.store.write(&work)).await?;
        self.outbox.wake();
        Ok(done)
    }

    /// The number of a service request to be.
    ///
    /// *Errors*: storage's failures, when a new block has to be reserved.
    pub async fn number(self: &Arc<Self>) -> Result<i64, Problem> {
        if let Some(number) = self.numbers.take() {
            return Ok(number);
        }
        let app = Arc::clone(self);
        self.on_turn(&self.writers, move || Ok(app.numbers.reserve(&app.store)?)).await
    }

    /// Runs blocking work when it is its turn. Once begun it runs to its end, also when the client hangs up.
    pub(crate) async fn on_turn<T: Send + 'static>(
        &self,
        gate: &Gate,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = gate.turn().await?;
        let done = actix_web::web::block(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.map_err(|error| Problem::internal(format!("a blocking task was cancelled: {error}")))?
    }
}

/// Lets as many through as there are connections, keeps a bounded queue, and turns the rest away at once.
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
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.waits.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Problem::unavailable("the queue for a turn is full"));
        }
        let begun = Instant::now();
        let turn = tokio::time::timeout(TURN_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waits.count.fetch_add(1, Ordering::Relaxed);
        self.waits.micros.fetch_add(micros, Ordering::Relaxed);
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            self.waits.failed.fetch_add(1, Ordering::Relaxed);
            Problem::unavailable("no turn came within a second")
        })
    }
}
