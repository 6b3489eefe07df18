//! A fresh, migrated database for each test: the copy of a template that is migrated once per process.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use mandate_storage::{DatabaseUrl, Store};
use tempfile::TempDir;

use crate::cluster::{self, Cluster};

/// The databases that every story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A server, see [`cluster`].
    Postgres,
}

/// A database that ends with the test.
#[derive(Debug)]
pub struct Database {
    url: String,
    backend: Backend,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The folder of the file and of the files that SQLite puts beside it; removed when dropped.
    Folder {
        _folder: TempDir,
    },
    Server {
        cluster: &'static Cluster,
        name: String,
    },
}

impl Database {
    /// A migrated database without rows; nothing where this machine has no PostgreSQL (see [`cluster::shared`]).
    pub fn fresh(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Sqlite => Some(sqlite()),
            Backend::Postgres => cluster::shared().map(postgres),
        }
    }

    /// For `DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Which of the two it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Server { cluster, name } = &self.place {
            // A test that failed already shall not abort the process by failing again.
            if let Err(error) = cluster.drop_database(name) {
                eprintln!("the database of a test stays behind: {error}");
            }
        }
    }
}

fn sqlite() -> Database {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let folder = folder();
        let file = folder.path().join("template.db");
        migrate(&sqlite_url(&file));
        // The last connection to close has written the log back into the file.
        fs::read(&file).expect("the migrated template can be read")
    });
    let folder = folder();
    let file = folder.path().join("mandate.db");
    fs::write(&file, template).expect("the copy of the template can be written");
    Database { url: sqlite_url(&file), backend: Backend::Sqlite, place: Place::Folder { _folder: folder } }
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("mandate-test-").tempdir().expect("a temporary folder can be made")
}

fn postgres(cluster: &'static Cluster) -> Database {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let name = cluster.fresh_name();
        cluster.create_database(&name).expect("a database can be created");
        migrate(&cluster.url(&name));
        name
    });
    let name = cluster.fresh_name();
    cluster.copy_database(&name, template).expect("the template can be copied");
    Database { url: cluster.url(&name), backend: Backend::Postgres, place: Place::Server { cluster, name } }
}

fn migrate(url: &str) {
    let url = DatabaseUrl::parse(url).expect("the harness makes valid URLs");
    Store::migrate(&url).expect("the template can be migrated");
}
