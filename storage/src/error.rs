//! What can go wrong in storage. A missing row is not among it: whether that is an error, core decides.

use thiserror::Error;

/// Why a read or write could not be done. Never holds SQL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StorageError {
    /// The database cannot be reached, is shutting down, full or too slow. Try again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Others kept getting in between. Try again later.
    #[error("the database is too busy with the same records")]
    Contention,
    /// A stored value that core would not accept.
    #[error("the value of {table}.{column} in the row `{id}` cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        id: String,
    },
    /// A bug, or a database that is not as the migrations left it.
    #[error("unexpected database error: {0}")]
    Unexpected(String),
}

/// Why a database URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DatabaseUrlError {
    /// Neither SQLite nor PostgreSQL.
    #[error("the database URL must begin with `sqlite://` or `postgres://`, as in `sqlite://var/mandate.db`")]
    UnknownScheme,
    /// libpq would not read it as it is meant. What it is, is not repeated: it may hold a password.
    #[error(
        "the database URL must be `postgres://user:password@host:port/name`, with options as in `?sslmode=require&connect_timeout=5`, where characters such as `@`, `/`, `?` and `%` in the password are percent-encoded: `%40`, `%2F`, `%3F`, `%25`"
    )]
    Unreadable,
    /// Nothing after `sqlite://`.
    #[error("the database URL names no file; write `sqlite://` and a path, as in `sqlite://var/mandate.db`")]
    NoPath,
    /// A database that would end with the process and that its connections could not share.
    #[error("a database in memory keeps nothing; write `sqlite://` and a path, as in `sqlite://var/mandate.db`")]
    InMemory,
}

/// Why the store could not be opened or migrated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// No connection.
    #[error("cannot connect to {database}: {reason}")]
    Unreachable {
        /// The database, without credentials.
        database: String,
        /// What the driver said.
        reason: String,
    },
    /// PostgreSQL is set up so that acknowledged writes could be lost.
    #[error("PostgreSQL runs with `{setting} = {value}`, which can lose acknowledged writes; set it to `on`")]
    Unsafe {
        /// The setting.
        setting: String,
        /// Its value.
        value: String,
    },
    /// PostgreSQL reports errors in a language that is not read here.
    #[error(
        "PostgreSQL reports errors in `{0}`; set `lc_messages` to `C`, for deadlocks and time-outs are told by their English text"
    )]
    Language(String),
    /// The database answers, but not as it should.
    #[error("cannot read the settings and migrations of the database: {0}")]
    Unreadable(String),
    /// Migrations are missing.
    #[error("the database lacks {0} migrations; migrate it first")]
    Outdated(usize),
    /// The database was migrated by a newer version.
    #[error("the database has the migration `{0}` of a newer version; run that version")]
    Newer(String),
    /// Another process has been migrating for too long.
    #[error("another process has been migrating the database for {0} seconds; look what it is doing")]
    Locked(u64),
    /// A migration failed; the database is as before it.
    #[error("the migration failed: {0}")]
    Migration(String),
}
