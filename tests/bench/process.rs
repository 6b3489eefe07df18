//! The processes that are measured: what they cost, and how they are started.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What Linux counts processor time in, for programs (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// A server that ends when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the process until it said where it listens.
    pub(crate) start: Duration,
}

impl Server {
    /// Starts a server and waits until it prints its address. Its log goes to a file, as an operator would have it.
    pub(crate) fn start(mut command: Command, log: &Path) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log)?);
        let begin = Instant::now();
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next().transpose()? {
            let address = line.split_once("http://").and_then(|(_, rest)| rest.trim().parse().ok());
            if let Some(address) = address {
                let start = begin.elapsed();
                // Whatever else it prints is read, for a full pipe would stop it.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { child, address, start });
            }
        }
        child.wait()?;
        Err(io::Error::other(format!("{command:?} does not serve: {}", fs::read_to_string(log)?)))
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time in seconds: of one process, or of one with its children, also of those that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cpu {
    /// Of this process.
    Process(u32),
    /// Of this process and its children: a PostgreSQL cluster.
    Family(u32),
}

impl Cpu {
    /// What it used until now; zero if it is gone.
    pub(crate) fn seconds(self) -> f64 {
        match self {
            Self::Process(id) => stat(id).map_or(0.0, |stat| stat.own),
            Self::Family(id) => {
                let children: f64 = processes().filter_map(stat).filter(|stat| stat.parent == id).map(|s| s.own).sum();
                stat(id).map_or(0.0, |stat| stat.own + stat.ended_children) + children
            }
        }
    }
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Reads `/proc/PID/stat` (proc(5)): fields after the name, which may contain anything, begin with the state.
fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |position: usize| fields.get(position)?.parse::<f64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
        ended_children: (ticks(13)? + ticks(14)?) / TICKS_PER_SECOND,
    })
}

/// Resident memory in MiB.
pub(crate) fn memory(id: u32) -> f64 {
    of_status(id, "VmRSS:")
}

/// The most resident memory since [`forget_peak`], in MiB.
pub(crate) fn peak_memory(id: u32) -> f64 {
    of_status(id, "VmHWM:")
}

/// Begins anew to note the most resident memory (proc(5), `clear_refs`).
pub(crate) fn forget_peak(id: u32) -> io::Result<()> {
    fs::write(format!("/proc/{id}/clear_refs"), "5")
}

fn of_status(id: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()).unwrap_or_default() / 1_024.0
}
