//! The real program as a process of its own, for stories that kill it.

use std::env;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

/// How long the program may take until it serves.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program. Ends when dropped.
#[derive(Debug)]
pub struct Process {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts the program with these arguments and variables, and waits until it says where it listens.
    ///
    /// Panics when it does not.
    pub async fn start(arguments: &[String], environment: &[(&str, &str)]) -> Self {
        let arguments = arguments.to_vec();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment: Vec<_> = environment.iter().map(owned).collect();
        let started = tokio::task::spawn_blocking(move || {
            let (child, address) = spawn(&arguments, &environment);
            Self { arguments, environment, child, address }
        });
        started.await.expect("the program starts")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the operating system calls it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, at another address.
    pub async fn start_again(&mut self) {
        self.kill();
        let (arguments, environment) = (self.arguments.clone(), self.environment.clone());
        let started = tokio::task::spawn_blocking(move || spawn(&arguments, &environment));
        (self.child, self.address) = started.await.expect("the program starts");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(arguments: &[String], environment: &[(String, String)]) -> (Child, SocketAddr) {
    let mut command = Command::new(program());
    // It refuses settings that it does not know, and the tests' own look like such.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("MANDATE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).args(["--log", "info"]).envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program().display()));
    let (found, addresses) = channel();
    read_lines(child.stdout.take(), found.clone());
    read_lines(child.stderr.take(), found);
    match addresses.recv_timeout(PATIENCE) {
        Ok(address) => (child, address),
        Err(error) => {
            let _ = child.kill();
            panic!("the program does not say where it listens ({error}); its log is above");
        }
    }
}

/// Reads whatever the program says, for a full pipe would stop it, and reports the address that it names first.
fn read_lines(output: Option<impl Read + Send + 'static>, found: Sender<SocketAddr>) {
    let Some(output) = output else { return };
    thread::spawn(move || {
        let is_shown = env::var_os("RUST_LOG").is_some();
        let mut found = Some(found);
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if is_shown || found.is_some() {
                eprintln!("{line}");
            }
            if let Some(address) = address_in(&line)
                && let Some(found) = found.take()
            {
                let _ = found.send(address);
            }
        }
    });
}

/// The first loopback address with a port.
fn address_in(line: &str) -> Option<SocketAddr> {
    line.match_indices("127.0.0.1:").find_map(|(start, _)| {
        let rest = line.get(start..)?;
        let end =
            rest.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | ':')).unwrap_or(rest.len());
        let address: SocketAddr = rest.get(..end)?.trim_end_matches(['.', ':']).parse().ok()?;
        (address.port() != 0).then_some(address)
    })
}

/// The program beside this test, built anew: what is there may be older than the code.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = env::current_exe().expect("a test knows its own path");
        // target/debug/deps/it-0123456789abcdef
        let folder = test.parent().and_then(Path::parent).expect("tests lie in the folder `deps`");
        let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--package", "mandate-api", "--bin", "mandate"]);
        build.arg("--target-dir").arg(folder.parent().expect("profiles lie in the folder `target`"));
        if folder.ends_with("release") {
            build.arg("--release");
        }
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        let status = build.status().expect("cargo can be started");
        assert!(status.success(), "the program cannot be built");
        folder.join("mandate")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_a_line_of_the_log() {
        for (line, port) in [
            ("2026-03-01T09:00:00Z INFO listening on http://127.0.0.1:43121/", Some(43_121)),
            ("{\"message\":\"listening\",\"address\":\"127.0.0.1:43121\"}", Some(43_121)),
            ("listen=127.0.0.1:0 address=127.0.0.1:43121.", Some(43_121)),
            ("listen=127.0.0.1:0", None),
            ("nothing", None),
        ] {
            assert_eq!(address_in(line).map(|address| address.port()), port, "{line}");
        }
    }
}
