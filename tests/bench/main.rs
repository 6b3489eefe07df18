//! The benchmark: the release server on SQLite and PostgreSQL, driven over HTTP, beside the limits of the same machine.
//!
//! `cargo run --release -p mandate-tests --bin bench`; `--help` for the rest. Goals are ratios within one run, because
//! machines and their neighbours differ.
//!
//! Read the modules in this order: [`run`] is one database from its migration to its tables; [`load`] fills it;
//! [`operation`] says what is sent and [`client`] sends it; [`bare`] is the limit; [`contacts`] is what ten thousand
//! contacts take, [`requests`] what a million service requests take; [`report`] prints.

mod bare;
mod client;
mod contacts;
mod load;
mod operation;
mod pgbench;
mod process;
mod report;
mod requests;
mod row;
mod run;
mod statement;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand, ValueEnum};
use mandate_tests::cluster;

use crate::run::{Database, Plan};

/// Measures Mandate beside the limits of this machine.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    /// On which database
    #[arg(long, default_value = "both")]
    database: Which,
    /// Seconds for each point of a round
    #[arg(long, default_value_t = 0.6)]
    seconds: f64,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Connections at once
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    connections: Vec<usize>,
    /// One short round
    #[arg(long)]
    quick: bool,
    /// Print the statements, and how PostgreSQL carries out those that read
    #[arg(long)]
    explain: bool,
    /// Contacts alone: import, search, readiness
    #[arg(long)]
    contacts: bool,
    /// A million service requests alone: lists, searches and decisions, on PostgreSQL
    #[arg(long)]
    requests: bool,
    /// The server to measure [default: built now]
    #[arg(long)]
    mandate: Option<PathBuf>,
    /// Connections of the server to its database
    #[arg(long, default_value_t = 8)]
    pool: u32,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Sqlite,
    Postgres,
    Both,
}

/// What runs in a process of its own, so that its processor time is told apart.
#[derive(Subcommand)]
enum Part {
    /// Serve the bare routes
    #[command(hide = true)]
    Bare {
        /// The setting, as JSON
        file: PathBuf,
    },
    /// Repeat a statement on SQLite
    #[command(hide = true)]
    Repeat {
        /// The setting, as JSON
        file: PathBuf,
        /// Which statement
        what: String,
        /// For how long
        seconds: f64,
        /// The rows to read
        ids: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.part {
        Some(Part::Bare { file }) => setting(file).and_then(|setting| bare::serve(setting).map_err(said)),
        Some(Part::Repeat { file, what, seconds, ids }) => setting(file).and_then(|setting| {
            let (count, took) = bare::repeat(&setting, what, ids, *seconds).map_err(said)?;
            println!("{count} {took} {}", process::Cpu::Process(std::process::id()).seconds());
            Ok(())
        }),
        None => actix_web::rt::System::new().block_on(measure(&cli)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn setting(file: &PathBuf) -> Result<bare::Setting, String> {
    let text = fs::read_to_string(file).map_err(said)?;
    serde_json::from_str(&text).map_err(said)
}

async fn measure(cli: &Cli) -> Result<(), String> {
    let mandate = match &cli.mandate {
        Some(program) => program.clone(),
        None => build()?,
    };
    let (seconds, rounds) = if cli.quick { (0.2, 1) } else { (cli.seconds, cli.rounds) };
    let (pool, explain) = (cli.pool, cli.explain);
    let plan =
        Plan { mandate, seconds, rounds, connections: cli.connections.clone(), pool, explain, contacts: cli.contacts };
    if cli.requests {
        return requests::run(&plan).await;
    }
    let sqlite = match cli.database {
        Which::Sqlite | Which::Both => Some(run::run(&plan, Database::Sqlite).await?),
        Which::Postgres => None,
    };
    let postgres = match (cli.database, cluster::shared()) {
        (Which::Sqlite, _) => None,
        (_, Some(cluster)) => Some(run::run(&plan, Database::Postgres(cluster)).await?),
        (Which::Postgres | Which::Both, None) => None,
    };
    for measured in [&sqlite, &postgres].into_iter().flatten() {
        measured.print(&plan.connections);
    }
    if let (Some(sqlite), Some(postgres), false) = (&sqlite, &postgres, cli.contacts) {
        report::compare(sqlite, postgres);
    }
    Ok(())
}

/// Builds the server, where it is not built yet; its path.
fn build() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(said)?;
    let folder = own.parent().ok_or("a program lies in a folder")?;
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--release", "--package", "mandate-api", "--bin", "mandate", "--target-dir"]);
    command.arg(folder.parent().ok_or("profiles lie in the folder `target`")?);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let status = command.status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() {
        Ok(folder.with_file_name("release").join("mandate"))
    } else {
        Err("it cannot be built".into())
    }
}
