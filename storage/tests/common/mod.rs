//! Empty databases for tests: a file of SQLite, and a database on the PostgreSQL server that all tests use.

#[path = "../../../tests/harness/cluster.rs"]
mod cluster;

use tempfile::TempDir;

/// An empty database.
pub(crate) struct Database {
    /// Its URL.
    pub(crate) url: String,
    /// Removes the file of SQLite in the end.
    _directory: Option<TempDir>,
}

/// A new file.
pub(crate) fn sqlite() -> Option<Database> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite://{}", directory.path().join("mandate.db").display());
    Some(Database { url, _directory: Some(directory) })
}

/// A new database on the server of this process; none if there is none.
pub(crate) fn postgres() -> Option<Database> {
    let cluster = cluster::shared()?;
    let name = cluster.fresh_name();
    cluster.create_database(&name).expect("a new database");
    Some(Database { url: cluster.url(&name), _directory: None })
}
