//! Brings a database to the schema of this version, once, however many processes start together.

use std::thread;
use std::time::{Duration, Instant};

use diesel::backend::Backend;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, RunQueryDsl, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::backend::{check_settings, connect_postgres, connect_sqlite};
use crate::database_url::DatabaseUrl;
use crate::error::OpenError;
use crate::sql::Sql;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// How long to wait for another process that is migrating.
const PATIENCE: Duration = Duration::from_secs(60);

/// The advisory lock of migrations: `mandate` in ASCII.
const LOCK: i64 = 0x006d_616e_6461_7465;

/// Runs the migrations that the database lacks, and says how many those were.
pub(crate) fn migrate(url: &DatabaseUrl) -> Result<usize, OpenError> {
    match url {
        DatabaseUrl::Postgres(text) => migrate_postgres(&mut connect_postgres(text).map_err(|e| unreachable(url, &e))?),
        DatabaseUrl::Sqlite(path) => migrate_sqlite(&mut connect_sqlite(path).map_err(|e| unreachable(url, &e))?),
    }
}

/// Refuses a database that cannot be reached, is not safe, or has not the schema of this version.
pub(crate) fn check(url: &DatabaseUrl) -> Result<(), OpenError> {
    match url {
        DatabaseUrl::Postgres(text) => {
            let mut connection = connect_postgres(text).map_err(|error| unreachable(url, &error))?;
            check_settings(&mut connection)?;
            check_schema::<Pg>(&mut connection, &POSTGRES)
        }
        DatabaseUrl::Sqlite(path) => {
            let mut connection = connect_sqlite(path).map_err(|error| unreachable(url, &error))?;
            check_schema::<Sqlite>(&mut connection, &SQLITE)
        }
    }
}

/// The error for a database that does not answer.
fn unreachable(url: &DatabaseUrl, error: &impl ToString) -> OpenError {
    OpenError::Unreachable { database: url.to_string(), reason: error.to_string() }
}

fn check_schema<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    migrations: &EmbeddedMigrations,
) -> Result<(), OpenError> {
    let applied = connection.applied_migrations().map_err(unreadable)?;
    let known = MigrationSource::<DB>::migrations(migrations).map_err(unreadable)?;
    if let Some(newer) = applied.iter().find(|version| !known.iter().any(|known| known.name().version() == **version)) {
        return Err(OpenError::Newer(newer.to_string()));
    }
    match known.len().saturating_sub(applied.len()) {
        0 => Ok(()),
        missing => Err(OpenError::Outdated(missing)),
    }
}

/// Diesel takes no lock around "which are missing?" and "run them". The lock is tried rather than waited for: a statement
/// that waits holds a snapshot, which an index that is built concurrently would in turn wait for.
fn migrate_postgres(connection: &mut PgConnection) -> Result<usize, OpenError> {
    let start = Instant::now();
    while !Sql::<Bool>::new("SELECT pg_try_advisory_lock(")
        .bind_big(LOCK)
        .push(")")
        .get_result(connection)
        .map_err(failure)?
    {
        if start.elapsed() > PATIENCE {
            return Err(OpenError::Locked(PATIENCE.as_secs()));
        }
        thread::sleep(Duration::from_millis(50));
    }
    // The lock ends with the connection, so also when a migration fails.
    connection.run_pending_migrations(POSTGRES).map(|migrations| migrations.len()).map_err(failure)
}

/// One exclusive transaction around all: a second process waits for it at BEGIN, and then finds nothing to do.
fn migrate_sqlite(connection: &mut SqliteConnection) -> Result<usize, OpenError> {
    connection.batch_execute("PRAGMA busy_timeout = 60000").map_err(failure)?;
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN EXCLUSIVE").map_err(|error| {
        if error.to_string().contains("locked") { OpenError::Locked(PATIENCE.as_secs()) } else { failure(error) }
    })?;
    // A failure drops the connection, which rolls back.
    let count = connection.run_pending_migrations(SQLITE).map(|migrations| migrations.len()).map_err(failure)?;
    AnsiTransactionManager::commit_transaction(connection).map_err(failure)?;
    Ok(count)
}

fn unreadable(error: impl ToString) -> OpenError {
    OpenError::Unreadable(error.to_string())
}

fn failure(error: impl ToString) -> OpenError {
    OpenError::Migration(error.to_string())
}
