//! The store: the only place where transactions begin and end.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::r2d2::event::{CheckoutEvent, TimeoutEvent};
use diesel::r2d2::{HandleError, HandleEvent, Pool, PooledConnection};

use crate::backend::{self, Access, BUSY_TIMEOUT, Manager};
use crate::database_url::DatabaseUrl;
use crate::error::{OpenError, StorageError};
use crate::migrate;
use crate::tx::{Fence, IdSource, ReadTx, State, Unlocked, WriteTx};

/// How often a write is tried before it is given up for contention.
const ATTEMPTS: u32 = 5;

/// The longest pause before the second attempt; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// A connection is replaced at this age, so that one to a former primary does not live forever.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// How many connections there are, and how long to wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// Connections to PostgreSQL, or reading connections of SQLite, which has one more that writes.
    pub size: u32,
    /// How long somebody waits for a connection before the answer is [`StorageError::Unavailable`].
    pub wait: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { size: 8, wait: Duration::from_secs(1) }
    }
}

/// How busy the connections are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Connections that exist.
    pub size: u32,
    /// Those that nobody uses.
    pub idle: u32,
    /// Those that somebody uses.
    pub in_use: u32,
    /// How often somebody got a connection, since the store was opened.
    pub waits: u64,
    /// How long they waited for it, all together, in microseconds.
    pub wait_micros: u64,
    /// How often somebody waited in vain.
    pub timeouts: u64,
}

/// Counts how long connections are waited for, for all pools of a store together.
#[derive(Debug, Default)]
struct Waits {
    count: AtomicU64,
    micros: AtomicU64,
    timeouts: AtomicU64,
}

#[derive(Debug)]
struct CountWaits(Arc<Waits>);

impl HandleEvent for CountWaits {
    fn handle_checkout(&self, event: CheckoutEvent) {
        let micros = u64::try_from(event.duration().as_micros()).unwrap_or(u64::MAX);
        self.0.count.fetch_add(1, Ordering::Relaxed);
        self.0.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn handle_timeout(&self, _: TimeoutEvent) {
        self.0.timeouts.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct LogErrors;

impl<E: std::error::Error> HandleError<E> for LogErrors {
    fn handle_error(&self, error: E) {
        tracing::warn!(error = %error, "cannot connect to the database");
    }
}

/// The database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    writers: Pool<Manager>,
    /// PostgreSQL reads and writes over the same connections.
    readers: Option<Pool<Manager>>,
    wait: Duration,
    waits: Arc<Waits>,
    ids: IdSource,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("pool", &self.pool_state()).finish_non_exhaustive()
    }
}

/// How an attempt at a write ended without a result.
enum Failed<E> {
    /// Somebody else was faster: again, from the start.
    Contention,
    /// For good.
    Error(E),
}

impl Store {
    /// Connects, and refuses a database that is not safe or not of this version's schema.
    ///
    /// *Errors*: within about two seconds if nobody answers; see [`OpenError`].
    pub fn open(url: &DatabaseUrl, settings: PoolSettings, ids: IdSource) -> Result<Self, OpenError> {
        migrate::check(url)?;
        let waits = Arc::new(Waits::default());
        let pool = |access, size, wait| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .connection_timeout(wait)
                .max_lifetime(Some(MAX_LIFETIME))
                .idle_timeout(None)
                .test_on_check_out(false)
                .event_handler(Box::new(CountWaits(Arc::clone(&waits))))
                .error_handler(Box::new(LogErrors))
                .build_unchecked(Manager { url: url.clone(), access })
        };
        let (writers, readers) = match url {
            DatabaseUrl::Postgres(_) => (pool(Access::Write, settings.size, settings.wait), None),
            // Writers queue here rather than by polling the file, which would let some of them starve.
            DatabaseUrl::Sqlite(_) => (
                pool(Access::Write, 1, settings.wait.max(BUSY_TIMEOUT)),
                Some(pool(Access::Read, settings.size, settings.wait)),
            ),
        };
        Ok(Self { writers, readers, wait: settings.wait, waits, ids })
    }

    /// Runs the migrations that the database lacks, creating the file of SQLite if there is none, and says how many those were.
    ///
    /// Any number of processes may do so at once; the migrations run once.
    pub fn migrate(url: &DatabaseUrl) -> Result<usize, OpenError> {
        migrate::migrate(url)
    }

    /// Reads in one snapshot.
    pub fn read<T, E: From<StorageError>>(
        &self,
        mut work: impl FnMut(&mut ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.begin(Access::Read)?;
        let result = work(&mut ReadTx { state: &mut state });
        end(state);
        result
    }

    /// Reads with one statement, without the round trips of a transaction.
    ///
    /// A connection that turns out to be lost is replaced and the work repeated, as long as one may wait for a connection.
    pub fn glance<T, E: From<StorageError>>(
        &self,
        mut work: impl FnMut(&mut ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let start = Instant::now();
        loop {
            let mut state = State::new(self.connection(Access::Read)?, Arc::clone(&self.ids));
            let result = work(&mut ReadTx { state: &mut state });
            if result.is_ok() || !state.connection.is_broken() || start.elapsed() > self.wait {
                return result;
            }
        }
    }

    /// Writes: begins, lets the work lock, decide and save, writes the journal, commits.
    ///
    /// The work may run several times and touches nothing but its transaction. Its error rolls back and passes through
    /// untouched. When somebody else was faster it is repeated, a few times.
    ///
    /// *Errors*: [`StorageError::Contention`] after the last attempt; [`StorageError::Unavailable`] if the connection is lost.
    /// If that happens at the commit, nobody can say whether the write was done.
    pub fn write<T, E: From<StorageError>>(&self, mut work: impl FnMut(Unlocked<'_>) -> Result<T, E>) -> Result<T, E> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                thread::sleep(pause(attempt));
            }
            match self.attempt(&mut work, attempt > 0) {
                Ok(value) => return Ok(value),
                Err(Failed::Error(error)) => return Err(error),
                Err(Failed::Contention) => tracing::debug!(attempt, "write repeated for contention"),
            }
        }
        Err(StorageError::Contention.into())
    }

    fn attempt<T, E: From<StorageError>>(
        &self,
        work: &mut impl FnMut(Unlocked<'_>) -> Result<T, E>,
        is_repeated: bool,
    ) -> Result<T, Failed<E>> {
        let mut state = self.begin(Access::Write).map_err(failed)?;
        state.is_repeated = is_repeated;
        let result = work(Unlocked::new(&mut state)).map_err(Failed::Error).and_then(|value| {
            WriteTx::new(&mut state).write_journal().map_err(failed)?;
            Ok(value)
        });
        // The transaction is asked, not the error: the work may have made anything of it, even a success.
        match (state.trouble.take(), result) {
            (None, Ok(value)) => match state.connection.commit() {
                Ok(()) => Ok(value),
                Err(error) => Err(failed(backend::storage_error(&error))),
            },
            (Some(StorageError::Contention), _) => {
                end(state);
                Err(Failed::Contention)
            }
            (Some(trouble), Ok(_)) => {
                end(state);
                Err(Failed::Error(trouble.into()))
            }
            (_, Err(error)) => {
                end(state);
                Err(error)
            }
        }
    }

    /// Whether the database takes writes, by one that changes nothing but reaches the disk.
    pub fn ping(&self) -> Result<(), StorageError> {
        self.write(|unlocked| unlocked.lock(&Fence::new())?.touch_clock())
    }

    /// How busy the connections are.
    pub fn pool_state(&self) -> PoolState {
        let (writers, readers) = (self.writers.state(), self.readers.as_ref().map(Pool::state));
        let size = writers.connections + readers.as_ref().map_or(0, |state| state.connections);
        let idle = writers.idle_connections + readers.as_ref().map_or(0, |state| state.idle_connections);
        PoolState {
            size,
            idle,
            in_use: size.saturating_sub(idle),
            waits: self.waits.count.load(Ordering::Relaxed),
            wait_micros: self.waits.micros.load(Ordering::Relaxed),
            timeouts: self.waits.timeouts.load(Ordering::Relaxed),
        }
    }

    fn connection(&self, access: Access) -> Result<PooledConnection<Manager>, StorageError> {
        let pool = match access {
            Access::Read => self.readers.as_ref().unwrap_or(&self.writers),
            Access::Write => &self.writers,
        };
        pool.get().map_err(|error| StorageError::Unavailable(error.to_string()))
    }

    /// Connections are not tested before they are handed out. One that is lost shows it here, before anything was done, and is
    /// replaced as long as one may wait for a connection.
    fn begin(&self, access: Access) -> Result<State, StorageError> {
        let start = Instant::now();
        loop {
            let mut connection = self.connection(access)?;
            match connection.begin(access) {
                Ok(()) => return Ok(State::new(connection, Arc::clone(&self.ids))),
                Err(_) if connection.is_broken() && start.elapsed() <= self.wait => {}
                Err(error) => return Err(backend::storage_error(&error)),
            }
        }
    }
}

/// Ends a transaction that leaves nothing behind. If that fails, the pool throws the connection away, which does the same.
fn end(mut state: State) {
    if let Err(error) = state.connection.rollback() {
        tracing::debug!(error = %error, "cannot roll back");
    }
}

fn failed<E: From<StorageError>>(error: StorageError) -> Failed<E> {
    match error {
        StorageError::Contention => Failed::Contention,
        error => Failed::Error(error.into()),
    }
}

/// A random pause, so that those who got in each other's way do not do so again.
fn pause(attempt: u32) -> Duration {
    let longest = FIRST_PAUSE * 2u32.pow(attempt - 1);
    let thousandths = RandomState::new().hash_one(attempt) % 1_000;
    longest * u32::try_from(thousandths).unwrap_or_default() / 1_000
}
