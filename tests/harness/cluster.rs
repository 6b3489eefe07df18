//! A PostgreSQL server for tests: one throw-away cluster per process, or the server that the environment names.
//!
//! Uses nothing but the standard library, so that other packages' tests can include this file by its path.
//!
//! `MANDATE_TEST_POSTGRES=postgres://user@host` takes an existing server, on which the user may create databases.
//! Without it a cluster of our own is made with the `initdb` on the path or the newest of `/usr/lib/postgresql`.
//! Where there is neither, tests on PostgreSQL are skipped with one printed line, and with
//! `MANDATE_REQUIRE_POSTGRES=1` they fail: in continuous integration no half of the suite goes missing silently.
//!
//! The cluster does not outlive the process, however that ends: a shell of its own process group starts it, then waits
//! for the end of its standard input, which the kernel closes with us, then stops the server and removes the folder.

#![allow(dead_code, unreachable_pub, reason = "each package that includes this file uses a part of it")]

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names an existing server.
pub const SERVER_VARIABLE: &str = "MANDATE_TEST_POSTGRES";
/// Makes the lack of a server an error.
pub const REQUIRE_VARIABLE: &str = "MANDATE_REQUIRE_POSTGRES";

/// Every database that tests make begins with this, then the process id.
const DATABASE_PREFIX: &str = "mandate_test_";

/// What the socket's file adds to the folder's path, out of the 107 bytes that a socket's address may have.
const SOCKET_PATH_MAX: usize = 107 - "/.s.PGSQL.5432".len();

/// As durable as the product demands, otherwise small: a test's database holds a few rows.
const SETTINGS: &str = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c shared_buffers=48MB \
     -c max_connections=300 -c listen_addresses= -c max_wal_size=4GB -c checkpoint_timeout=1h -c wal_init_zero=off \
     -c jit=off -c log_min_messages=fatal";

/// For much data: memory enough to keep it, as a database of its own machine would have.
const LARGE: &str =
    " -c shared_buffers=1GB -c work_mem=16MB -c effective_cache_size=4GB -c max_wal_size=8GB -c random_page_cost=1.1";

/// $1 is the folder, $2 the folder of the server's programs, $3 the settings.
const WATCHDOG: &str = r#"
if "$2/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --no-locale --no-sync --no-instructions >"$1/log" 2>&1 &&
   "$2/pg_ctl" -D "$1/data" -l "$1/log" -o "$3 -c unix_socket_directories=$1" -t 60 -w start >>"$1/log" 2>&1
then echo ready
else tail -n 20 "$1/log"
fi
exec >/dev/null
cat >/dev/null
"$2/pg_ctl" -D "$1/data" -m immediate -w stop
rm -rf "$1"
"#;

/// A server on which databases can be made.
#[derive(Debug)]
pub struct Cluster {
    /// Up to the database's name, for instance `postgres://postgres@%2Ftmp%2Fx`.
    base: String,
    /// After the database's name, from the question mark on.
    parameters: String,
    psql: PathBuf,
    watchdog: Option<Watchdog>,
}

/// Lives as long as the cluster.
#[derive(Debug)]
struct Watchdog {
    shell: Child,
    /// Closed to tell the shell that the end has come.
    leash: Option<ChildStdin>,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.shell.wait();
    }
}

/// The server of this process, made at the first call.
///
/// *Shape*: nothing where there is no server, which is said once.
///
/// Panics when there is none although one is required, or when it does not start.
pub fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Result<Cluster, String>>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let cluster = Cluster::start();
        if cluster.is_none() && !is_required() {
            // Past the test runner, which keeps to itself what passing tests print.
            let _ = writeln!(
                std::io::stderr(),
                "PostgreSQL not found: its half of the tests is skipped (set {SERVER_VARIABLE} or install it)"
            );
        }
        cluster
    });
    match shared {
        Some(Ok(cluster)) => Some(cluster),
        Some(Err(reason)) => panic!("PostgreSQL does not start: {reason}"),
        None if is_required() => panic!("{REQUIRE_VARIABLE} is set, but there is no initdb and no {SERVER_VARIABLE}"),
        None => None,
    }
}

fn is_required() -> bool {
    env::var(REQUIRE_VARIABLE).is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
}

impl Cluster {
    /// Takes the server that the environment names, or makes a cluster; nothing where neither is possible.
    pub fn start() -> Option<Result<Self, String>> {
        if let Ok(url) = env::var(SERVER_VARIABLE) {
            return Some(Self::existing(&url));
        }
        programs().map(|programs| Self::throw_away(&programs, SETTINGS))
    }

    /// As [`Self::start`], with memory for much data where a cluster is made.
    pub fn large() -> Option<Result<Self, String>> {
        if let Ok(url) = env::var(SERVER_VARIABLE) {
            return Some(Self::existing(&url));
        }
        programs().map(|programs| Self::throw_away(&programs, &format!("{SETTINGS}{LARGE}")))
    }

    fn existing(url: &str) -> Result<Self, String> {
        let (place, parameters) = match url.split_once('?') {
            Some((place, parameters)) => (place, format!("?{parameters}")),
            None => (url, String::new()),
        };
        let (scheme, rest) = place.split_once("://").ok_or(format!("{SERVER_VARIABLE} must begin with postgres://"))?;
        let host = rest.split_once('/').map_or(rest, |(host, _)| host);
        let cluster =
            Self { base: format!("{scheme}://{host}"), parameters, psql: PathBuf::from("psql"), watchdog: None };
        cluster.sweep()?;
        Ok(cluster)
    }

    /// Drops what crashed runs left behind: databases of processes that are no more.
    fn sweep(&self) -> Result<(), String> {
        let names =
            self.query("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'mandate\\_test\\_%'")?;
        for name in names.lines() {
            let process = name.trim_start_matches(DATABASE_PREFIX).split('_').next().unwrap_or_default();
            if !Path::new("/proc").join(process).exists() {
                self.drop_database(name)?;
            }
        }
        Ok(())
    }

    fn throw_away(programs: &Path, settings: &str) -> Result<Self, String> {
        let folder = make_folder().map_err(|error| format!("no folder for the cluster: {error}"))?;
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCHDOG, "watchdog"]).arg(&folder).arg(programs).arg(settings);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                shell.env_remove(name);
            }
        }
        shell.current_dir(&folder).env("LC_ALL", "C");
        // Its own process group: an interrupt from the keyboard ends us, and only then the cluster.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // The server refuses to run as root.
        if let Some((user, group)) = unprivileged_user(&folder)? {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).map_err(|error| error.to_string())?;
            shell.uid(user).gid(group);
        }
        let mut shell = shell.spawn().map_err(|error| format!("sh: {error}"))?;
        let leash = shell.stdin.take();
        let mut output = BufReader::new(shell.stdout.take().ok_or("sh has no output")?);
        let watchdog = Watchdog { shell, leash };
        let mut first = String::new();
        output.read_line(&mut first).map_err(|error| error.to_string())?;
        if first != "ready\n" {
            output.read_to_string(&mut first).map_err(|error| error.to_string())?;
            return Err(first);
        }
        let host = folder.to_string_lossy().replace('/', "%2F");
        Ok(Self {
            base: format!("postgres://postgres@{host}"),
            // Where everything runs at once, a server may be slow to take one more connection.
            parameters: "?connect_timeout=30".to_owned(),
            psql: programs.join("psql"),
            watchdog: Some(watchdog),
        })
    }

    /// Whether the server ends with this process, so that nothing on it needs to be tidied up.
    pub fn is_throw_away(&self) -> bool {
        self.watchdog.is_some()
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.parameters)
    }

    /// A name for a database that nobody else uses.
    pub fn fresh_name(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        format!("{DATABASE_PREFIX}{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<(), String> {
        self.query(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"),
        )
        .map(|_| ())
    }

    /// Makes a copy of a database that nobody is connected to.
    pub fn copy_database(&self, name: &str, template: &str) -> Result<(), String> {
        self.query("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}")).map(|_| ())
    }

    /// Drops a database, whoever is still connected to it.
    pub fn drop_database(&self, name: &str) -> Result<(), String> {
        self.query("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).map(|_| ())
    }

    /// Runs one statement and answers its rows, a line each, with `|` between their columns.
    pub fn query(&self, database: &str, statement: &str) -> Result<String, String> {
        let output = Command::new(&self.psql)
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-c", statement])
            .env("PGCONNECT_TIMEOUT", "10")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{}: {error}", self.psql.display()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("{statement}: {}", String::from_utf8_lossy(&output.stderr)))
        }
    }
}

/// The folder of `initdb` and its companions: from the path, else the newest version that Debian's packages installed.
fn programs() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    // A link on the path leads to the folder where the other programs are too.
    let linked = on_path.filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok());
    let beside = linked.filter_map(|initdb| initdb.parent().map(Path::to_path_buf));
    let is_complete = |folder: &PathBuf| ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).exists());
    beside.chain(packaged()).find(is_complete)
}

/// `/usr/lib/postgresql/*/bin`, the newest first.
fn packaged() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .collect();
    folders.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    folders.into_iter().map(|(_, folder)| folder).collect()
}

/// A new folder for our eyes only, with a path short enough for a socket.
fn make_folder() -> std::io::Result<PathBuf> {
    let parent = Some(env::temp_dir()).filter(|folder| folder.as_os_str().len() + 24 <= SOCKET_PATH_MAX);
    let parent = parent.unwrap_or_else(|| PathBuf::from("/tmp"));
    for attempt in 0..1000 {
        let folder = parent.join(format!("mandate-{}-{attempt}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => {
                fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
                return Ok(folder);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("too many folders of earlier runs"))
}

/// User and group to run as when we are root, told by the owner of a file that we made.
fn unprivileged_user(ours: &Path) -> Result<Option<(u32, u32)>, String> {
    if fs::metadata(ours).map_err(|error| error.to_string())?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| format!("/etc/passwd: {error}"))?;
    let find = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or("neither a user postgres nor nobody".to_owned())
}
