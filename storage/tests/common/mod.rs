//! Empty databases for tests: a file of SQLite, and a database in a PostgreSQL cluster that lives as long as the test process.
//!
//! Without PostgreSQL on this machine its half is skipped, with one line that says so, unless `MANDATE_REQUIRE_POSTGRES=1`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
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

/// A new database in the cluster of this process; none if the machine has no PostgreSQL.
pub(crate) fn postgres() -> Option<Database> {
    static CLUSTER: OnceLock<Option<String>> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let host = CLUSTER.get_or_init(start_cluster).as_deref()?;
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let url = |name: &str| format!("postgres:///{name}?host={host}&user=mandate");
    PgConnection::establish(&url("postgres"))
        .expect("the cluster runs")
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .expect("a new database");
    Some(Database { url: url(&name), _directory: None })
}

/// Starts the server, prints its directory when it answers, and stops it as soon as standard input closes: which happens with
/// the end of the test process, however that comes about.
const CLUSTER: &str = r#"
set -e
cd /
# The path of a socket is short, and the folder of temporary files may be somebody else's.
[ ${#TMPDIR} -le 73 ] || unset TMPDIR
directory=$(mktemp -d -t mandate-test-XXXXXX 2>/dev/null) || directory=$(mktemp -d /tmp/mandate-test-XXXXXX)
trap 'rm -rf "$directory"' EXIT
"$1/initdb" --no-sync --auth=trust --username=mandate --encoding=UTF8 --locale=C -D "$directory/data" >"$directory/log" 2>&1
"$1/postgres" -D "$directory/data" -k "$directory" -c listen_addresses= </dev/null >>"$directory/log" 2>&1 &
until grep -q "ready to accept connections" "$directory/log"; do kill -0 $! || { cat "$directory/log" >&2; exit 1; }; sleep 0.02; done
echo "$directory"
read -r _ || true
kill -QUIT $!
wait
"#;

fn start_cluster() -> Option<String> {
    let Some(programs) = postgres_programs() else {
        assert!(std::env::var_os("MANDATE_REQUIRE_POSTGRES").is_none(), "there is no initdb on this machine");
        eprintln!("skipped: no initdb on the PATH or under /usr/lib/postgresql");
        return None;
    };
    // The server refuses to run as root.
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut command = match is_root {
        true => Command::new("setpriv"),
        false => Command::new("sh"),
    };
    if is_root {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
    }
    let mut child = command
        .args(["-c", CLUSTER, "sh"])
        .arg(programs)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell to start the cluster");
    let mut directory = String::new();
    let stdout = child.stdout.take().expect("standard output is piped");
    BufReader::new(stdout).read_line(&mut directory).expect("the cluster's directory");
    assert!(!directory.is_empty(), "the cluster did not start");
    // INVARIANT: standard input stays open until the process ends.
    std::mem::forget(child);
    Some(directory.trim_end().to_owned())
}

/// Where `initdb` is: on the PATH, or where Debian puts it, the newest version.
fn postgres_programs() -> Option<PathBuf> {
    let has_initdb = |directory: &PathBuf| directory.join("initdb").is_file();
    let on_path = std::env::split_paths(&std::env::var_os("PATH")?).find(has_initdb);
    let mut installed: Vec<PathBuf> = Path::new("/usr/lib/postgresql")
        .read_dir()
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(has_initdb)
        .collect();
    installed.sort();
    on_path.or(installed.pop())
}
