//! Everything that differs between SQLite and PostgreSQL. No other file may look at which of them is in use.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, ConnectionError, PgConnection, QueryResult, RunQueryDsl, SqliteConnection};

use mandate_core::text::SearchWords;

use crate::database_url::DatabaseUrl;
use crate::error::{OpenError, StorageError};
use crate::sql::Sql;

/// Characters of a word that full-text tables keep.
const TOKEN_MAX: usize = 100;

/// A word that fewer rows have is one that few have; likewise one that less than one row in [`FEW_OF`] has, for of what is rarer
/// PostgreSQL's statistics say no more.
const FEW: i64 = 1_000;
const FEW_OF: i64 = 500;

/// How long SQLite waits for a lock that another process holds.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Every SQLite connection, whatever the defaults of the build: WAL, and nothing acknowledged before it is on disk.
/// The time-out comes first, for the change to WAL may have to wait as well.
const SQLITE_SETTINGS: &[&str] = &[
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
];

/// Every PostgreSQL connection. `synchronous_commit` is only ever made stricter; a query is too short to start further processes for.
const POSTGRES_SETTINGS: &str = "SET statement_timeout = '5s'; SET lock_timeout = '2s'; \
     SET idle_in_transaction_session_timeout = '10s'; SET max_parallel_workers_per_gather = 0; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// What is looked at before anything else is trusted to PostgreSQL.
const POSTGRES_CHECKED: &str = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'lc_messages')";

/// A connection to either database.
pub(crate) enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
    /// What an error ended. It answers every statement with an error, and the pool throws it away.
    Lost,
}

/// Compiles a query once for each kind of connection and runs the one that is in use.
macro_rules! each {
    ($any:expr, |$connection:ident| $body:expr) => {
        match $any {
            $crate::backend::AnyConnection::Postgres($connection) => $body,
            $crate::backend::AnyConnection::Sqlite($connection) => $body,
            $crate::backend::AnyConnection::Lost => Err(diesel::result::Error::BrokenTransactionManager),
        }
    };
}
pub(crate) use each;

/// Runs a query, written once, on whichever database a transaction is of.
///
/// `on!(tx, |connection| query.load::<Row>(connection))` is a `Result<_, StorageError>`. The body may not use `tx` itself.
/// `Row::as_select()` belongs into the body, because its type is of one database.
/// Errors are noted on the transaction, so that the store knows whether to repeat it.
macro_rules! on {
    ($tx:expr, |$connection:ident| $query:expr) => {{
        let result = $crate::backend::each!($tx.connection(), |$connection| $query);
        $tx.settle(result)
    }};
}
pub(crate) use on;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

impl AnyConnection {
    /// Begins a transaction.
    ///
    /// A read sees one snapshot. A write of PostgreSQL sees, with each statement, what was committed before it: so the fence
    /// is one statement and the facts are read after it. A write of SQLite is alone from its first statement on.
    pub(crate) fn begin(&mut self, access: Access) -> QueryResult<()> {
        match (self, access) {
            (Self::Postgres(connection), Access::Write) => {
                AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN ISOLATION LEVEL READ COMMITTED")
            }
            (Self::Postgres(connection), Access::Read) => AnsiTransactionManager::begin_transaction_sql(
                connection,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            ),
            (Self::Sqlite(connection), Access::Write) => {
                AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
            }
            (Self::Sqlite(connection), Access::Read) => {
                AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN")
            }
            (Self::Lost, _) => Err(DieselError::BrokenTransactionManager),
        }
    }

    pub(crate) fn commit(&mut self) -> QueryResult<()> {
        each!(self, |connection| AnsiTransactionManager::commit_transaction(connection))
    }

    pub(crate) fn rollback(&mut self) -> QueryResult<()> {
        each!(self, |connection| AnsiTransactionManager::rollback_transaction(connection))
    }

    /// Whether the connection is lost or has a transaction open, as of its last statement.
    pub(crate) fn is_broken(&mut self) -> bool {
        match self {
            Self::Postgres(connection) => connection.is_broken(),
            Self::Sqlite(connection) => connection.is_broken(),
            Self::Lost => true,
        }
    }

    /// Lets go of the connection if an error ended it. Diesel by itself does not notice when that happens while it prepares a
    /// statement.
    pub(crate) fn heed(&mut self, error: &DieselError) {
        let DieselError::DatabaseError(kind, information) = error else { return };
        let is_closed = matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand);
        if is_closed || information.message().starts_with("terminating connection") {
            *self = Self::Lost;
        }
    }

    /// What makes a SELECT lock its rows until the end of the transaction. In SQLite, the transaction is alone anyhow.
    pub(crate) fn row_lock(&self) -> &'static str {
        match self {
            Self::Postgres(_) => " FOR UPDATE",
            Self::Sqlite(_) | Self::Lost => "",
        }
    }

    /// Words as a full-text table keeps them. They are the product's own words ([`mandate_core::text::words`]), so that both
    /// databases find the same: neither takes a text apart, stems it or leaves words out.
    pub(crate) fn full_text(&self, words: &BTreeSet<String>) -> Sql {
        let words = words.iter().map(|word| token(word)).collect::<Vec<_>>().join(" ");
        match self {
            Self::Postgres(_) => Sql::new("array_to_tsvector(string_to_array(").bind_text(words).push(", ' '))"),
            Self::Sqlite(_) | Self::Lost => Sql::new("").bind_text(words),
        }
    }

    /// The condition that a full-text table has words that begin with each of these.
    pub(crate) fn full_text_match(&self, table: &'static str, words: &SearchWords) -> Sql {
        let each = |between| words.as_slice().iter().map(|word| self.beginning(word)).collect::<Vec<_>>().join(between);
        match self {
            Self::Postgres(_) => Sql::new(table).push(".words @@ CAST(").bind_text(each(" & ")).push(" AS tsquery)"),
            Self::Sqlite(_) | Self::Lost => Sql::new(table).push(" MATCH ").bind_text(each(" AND ")),
        }
    }

    /// What asks full-text search for words that begin like this. Neither quote nor backslash is ever in a word.
    fn beginning(&self, word: &str) -> String {
        match self {
            Self::Postgres(_) => format!("'{}':*", token(word)),
            Self::Sqlite(_) | Self::Lost => format!("\"{}\" *", token(word)),
        }
    }

    /// The condition that a row `w` of `request_words` has a word that begins like this, asked of the index.
    pub(crate) fn indexed_word(&self, word: &str) -> Sql {
        let word = self.beginning(word);
        match self {
            Self::Postgres(_) => Sql::new("w.words @@ CAST(").bind_text(word).push(" AS tsquery)"),
            Self::Sqlite(_) | Self::Lost => Sql::new(
                "(w.number, w.part) IN (SELECT rowid / 1000000, rowid % 1000000 FROM request_words_fts WHERE request_words_fts MATCH ",
            )
            .bind_text(word)
            .push(")"),
        }
    }

    /// The same, asked of the row itself: neither database uses its index for this.
    pub(crate) fn has_word(&self, word: &str) -> Sql {
        match self {
            Self::Postgres(_) => {
                let word = self.beginning(word);
                Sql::new("ts_match_vq(w.words, (SELECT CAST(").bind_text(word).push(" AS tsquery)))")
            }
            // No wildcard is ever in a word.
            Self::Sqlite(_) | Self::Lost => Sql::new("' ' || w.words LIKE ").bind_text(format!("% {}%", token(word))),
        }
    }

    /// At most one request in so many has a word that begins like this, at a guess; nothing where so few have it that the index leads
    /// to them quickly. From PostgreSQL's statistics, because its index cannot stop counting; on SQLite by counting those few.
    pub(crate) fn one_in(&mut self, word: &str) -> QueryResult<Option<usize>> {
        let beginning = self.beginning(word);
        match self {
            Self::Postgres(connection) => {
                let plan: String = Sql::<Text>::new(
                    "EXPLAIN (FORMAT JSON) SELECT 1 FROM service_requests UNION ALL SELECT 1 FROM request_words \
                     UNION ALL SELECT 1 FROM request_words w WHERE w.words @@ CAST(",
                )
                .bind_text(beginning)
                .push(" AS tsquery)")
                .get_result(connection)?;
                let plan: serde_json::Value = serde_json::from_str(&plan).unwrap_or_default();
                let rows = |branch: usize| {
                    plan.pointer(&format!("/0/Plan/Plans/{branch}/Plan Rows")).and_then(serde_json::Value::as_i64)
                };
                let [requests, all, having] = [0, 1, 2].map(|branch| rows(branch).unwrap_or(0));
                let has_few = having < FEW || having < all / FEW_OF;
                Ok((!has_few).then(|| usize::try_from(requests / having).unwrap_or_default().max(1)))
            }
            Self::Sqlite(connection) => {
                let count = Sql::<BigInt>::new(
                    "SELECT COUNT(*) FROM (SELECT 1 FROM request_words_fts WHERE request_words_fts MATCH ",
                )
                .bind_text(beginning)
                .push(" LIMIT ")
                .bind_big(FEW)
                .push(")");
                Ok((count.get_result::<i64>(connection)? >= FEW).then_some(1))
            }
            Self::Lost => Err(DieselError::BrokenTransactionManager),
        }
    }

    /// Brings the full-text index of these rows `w` of `request_words` in step with them. PostgreSQL does that by itself.
    pub(crate) fn index_words(&mut self, which: Sql) -> QueryResult<()> {
        let connection = match self {
            Self::Postgres(_) => return Ok(()),
            Self::Sqlite(connection) => connection,
            Self::Lost => return Err(DieselError::BrokenTransactionManager),
        };
        Sql::<()>::new("DELETE FROM request_words_fts WHERE rowid IN (SELECT w.number * 1000000 + w.part FROM request_words w WHERE ")
            .append(which.clone())
            .push(")")
            .execute(connection)?;
        Sql::<()>::new("INSERT INTO request_words_fts (rowid, words) SELECT w.number * 1000000 + w.part, w.words FROM request_words w WHERE ")
            .append(which)
            .execute(connection)
            .map(|_| ())
    }

    /// Lets PostgreSQL keep one plan for the statements of this transaction, whatever their values: where a shape leaves nothing to
    /// choose, planning it anew each time costs as much as carrying it out.
    pub(crate) fn keep_plans(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(connection) => connection.batch_execute("SET LOCAL plan_cache_mode = force_generic_plan"),
            Self::Sqlite(_) | Self::Lost => Ok(()),
        }
    }

    /// Joins each row `s` with the rows `sr` that these words behind SELECT find for it: some of `service_requests sr`, in an order, so
    /// many at most.
    pub(crate) fn of_each(&self, requests: Sql) -> Sql {
        match self {
            Self::Postgres(_) => Sql::new(" CROSS JOIN LATERAL (SELECT sr.id, sr.activity_at, sr.number")
                .append(requests)
                .push(") AS sr"),
            Self::Sqlite(_) | Self::Lost => {
                // `CROSS` keeps the order of the join as it is written.
                Sql::new(" CROSS JOIN service_requests sr ON sr.id IN (SELECT sr.id").append(requests).push(")")
            }
        }
    }

    /// Takes the locks of a fence in the order given, in one statement that reads nothing.
    pub(crate) fn fence(&mut self, locks: impl Iterator<Item = (i64, FenceMode)>) -> QueryResult<()> {
        let connection = match self {
            Self::Postgres(connection) => connection,
            Self::Sqlite(_) => return Ok(()),
            Self::Lost => return Err(DieselError::BrokenTransactionManager),
        };
        let mut statement = Sql::<()>::new("SELECT ");
        for (position, (key, mode)) in locks.enumerate() {
            if position > 0 {
                statement = statement.push(", ");
            }
            statement = match mode {
                FenceMode::Shared => statement.push("pg_advisory_xact_lock_shared("),
                FenceMode::Exclusive => statement.push("pg_advisory_xact_lock("),
            };
            statement = statement.bind_big(key).push(")");
        }
        statement.execute(connection).map(|_| ())
    }
}

/// As much of a word as full-text tables keep: PostgreSQL refuses those of more than 2,046 bytes.
fn token(word: &str) -> &str {
    word.char_indices().nth(TOKEN_MAX).and_then(|(end, _)| word.get(..end)).unwrap_or(word)
}

/// How a fence holds one organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FenceMode {
    /// Its authority is used.
    Shared,
    /// Its authority is changed.
    Exclusive,
}

/// Makes connections for a pool, and tells which of them are fit to be used again.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(crate) url: DatabaseUrl,
    /// Reading connections of SQLite refuse to write, whatever they are asked.
    pub(crate) access: Access,
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = ConnectionError;

    fn connect(&self) -> Result<AnyConnection, ConnectionError> {
        let failed = ConnectionError::CouldntSetupConfiguration;
        match &self.url {
            DatabaseUrl::Postgres(url) => {
                let mut connection = connect_postgres(url)?;
                connection.batch_execute(POSTGRES_SETTINGS).map_err(failed)?;
                Ok(AnyConnection::Postgres(connection))
            }
            DatabaseUrl::Sqlite(path) => {
                let mut connection = connect_sqlite(path)?;
                if self.access == Access::Read {
                    connection.batch_execute("PRAGMA query_only = ON").map_err(failed)?;
                }
                Ok(AnyConnection::Sqlite(connection))
            }
        }
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), ConnectionError> {
        each!(connection, |connection| connection.ping()).map_err(ConnectionError::CouldntSetupConfiguration)
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

/// Connects to PostgreSQL, without the time-outs of requests: a migration may take longer.
pub(crate) fn connect_postgres(url: &str) -> Result<PgConnection, ConnectionError> {
    PgConnection::establish(&DatabaseUrl::postgres_parameters(url))
}

/// Makes the file of a new database for its owner's eyes alone, because it holds keys; SQLite gives its companions the same
/// mode. A file that exists keeps its mode, and a path that cannot be made is SQLite's to explain.
fn make_private(path: &str) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// Opens a file of SQLite, which is made if there is none.
pub(crate) fn connect_sqlite(path: &str) -> Result<SqliteConnection, ConnectionError> {
    make_private(path);
    let mut connection = SqliteConnection::establish(path)?;
    let start = Instant::now();
    for setting in SQLITE_SETTINGS {
        // SQLite does not wait for another process that changes a new file to WAL, whatever its time-out.
        while let Err(error) = connection.batch_execute(setting) {
            if storage_error(&error) != StorageError::Contention || start.elapsed() > BUSY_TIMEOUT {
                return Err(ConnectionError::CouldntSetupConfiguration(error));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(connection)
}

/// Refuses a PostgreSQL that may lose what it acknowledged, or whose errors cannot be told apart.
pub(crate) fn check_settings(connection: &mut PgConnection) -> Result<(), OpenError> {
    let settings = Sql::<(Text, Text)>::new(POSTGRES_CHECKED)
        .load::<(String, String)>(connection)
        .map_err(|error| OpenError::Unreadable(error.to_string()))?;
    for (setting, value) in settings {
        let is_english =
            ["", "C", "POSIX"].contains(&value.as_str()) || value.starts_with("en") || value.starts_with("C.");
        match (setting.as_str(), value.as_str()) {
            ("lc_messages", _) if is_english => {}
            ("lc_messages", _) => return Err(OpenError::Language(value)),
            (_, "off") => return Err(OpenError::Unsafe { setting, value }),
            _ => {}
        }
    }
    Ok(())
}

/// What an error of the database asks for.
///
/// Neither driver hands over its error code for what is repeated or passes, so these are told by the text, which SQLite
/// never translates and [`check_settings`] demands in English of PostgreSQL.
pub(crate) fn storage_error(error: &DieselError) -> StorageError {
    const CONTENTION: &[&str] = &[
        "deadlock detected",
        "canceling statement due to lock timeout",
        "could not obtain lock",
        "database is locked",
        "database table is locked",
        "database schema is locked",
    ];
    const UNAVAILABLE: &[&str] = &[
        "canceling statement due to statement timeout",
        "terminating connection",
        "the database system is",
        "no space left on device",
        "database or disk is full",
        "disk i/o error",
        "attempt to write a readonly database",
    ];
    let text = error.to_string();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.to_ascii_lowercase().contains(phrase));
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure, _) => {
            StorageError::Contention
        }
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        )
        | DieselError::BrokenTransactionManager
        | DieselError::RollbackErrorOnCommit { .. } => StorageError::Unavailable(text),
        _ if says(CONTENTION) => StorageError::Contention,
        _ if says(UNAVAILABLE) => StorageError::Unavailable(text),
        _ => StorageError::Unexpected(text),
    }
}
