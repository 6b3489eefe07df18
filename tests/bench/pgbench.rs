//! PostgreSQL alone: the product's statements through `pgbench -M prepared`, and how it carries them out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mandate_tests::cluster::Cluster;
use serde_json::Value;

use crate::process::Cpu;
use crate::statement::Statement;

/// How statements differ from one time to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Varies {
    /// They do not.
    Never,
    /// The first two values are new: an id and a number.
    New,
}

/// Repeats a statement with 8 clients: how many in a second, and the processor time of each in seconds.
///
/// *Shape*: nothing where there is no pgbench.
pub(crate) fn run(url: &str, statement: &Statement, varies: Varies, seconds: u64, cpu: Cpu) -> Option<(f64, f64)> {
    let program = program()?;
    let folder = tempfile::tempdir().ok()?;
    let mut command = Command::new(program);
    command.args(["-n", "-M", "prepared", "-c", "8", "-j", "1", "-T", &seconds.to_string()]);
    for (position, value) in statement.values.iter().enumerate() {
        command.arg("-D").arg(format!("v{position}={}", plain(value)));
    }
    let script = statement.written(|position, _| match (varies, position) {
        (Varies::New, 0 | 1) => ":new".to_owned(),
        (Varies::New | Varies::Never, _) => format!(":v{position}"),
    });
    let script = match varies {
        Varies::New => format!("\\set new random(1000000000000, 9000000000000000000)\n{script};\n"),
        Varies::Never => format!("{script};\n"),
    };
    let file = folder.path().join("script.sql");
    fs::write(&file, script).ok()?;
    command.arg("-f").arg(file);
    let before = cpu.seconds();
    let output = command.arg(url).output().ok()?;
    let used = cpu.seconds() - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.split('/').next()?.parse::<f64>().ok()
    };
    let (rate, count) = (number("tps = "), number("number of transactions actually processed: "));
    if rate.is_none() {
        eprintln!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
    }
    Some((rate?, used / count?))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// On the path, or the newest that Debian's packages installed.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<PathBuf> = packaged.map(|version| version.path().join("bin")).collect();
    packaged.sort();
    let folders = packaged.into_iter().rev().chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join("pgbench")).find(|program| program.exists())
}

/// The process of the server's postmaster.
pub(crate) fn postmaster(cluster: &Cluster) -> Result<u32, String> {
    let folder = cluster.query("postgres", "SHOW data_directory")?;
    let file = Path::new(folder.trim()).join("postmaster.pid");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    text.lines().next().and_then(|id| id.trim().parse().ok()).ok_or_else(|| "postmaster.pid has no id".to_owned())
}

/// How the server carries out a statement: with a plan for these values or, as it does from the sixth time on if that looks
/// cheaper to it, with one for any values.
pub(crate) fn explain(cluster: &Cluster, database: &str, statement: &Statement, any: bool) -> Result<String, String> {
    let literal = |value| format!("'{}'", plain(value).replace('\'', "''"));
    let literals: Vec<String> = statement.values.iter().map(literal).collect();
    let mode = if any { "generic" } else { "custom" };
    let literals = literals.join(", ");
    // A statement without values is executed without brackets.
    let arguments = if literals.is_empty() { String::new() } else { format!("({literals})") };
    let text = format!(
        "PREPARE one AS {}; SET plan_cache_mode = force_{mode}_plan; EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE one{arguments}",
        statement.text
    );
    cluster.query(database, &text)
}
