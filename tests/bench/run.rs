//! One database: migrated and founded by the product, filled, listened to, measured.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mandate_api::settings::Settings;
use mandate_api::sources::{Clock, Ids};
use mandate_tests::cluster::Cluster;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bare::Setting;
use crate::client::{Load, once, request};
use crate::contacts;
use crate::load::{self, Cast};
use crate::operation::{Operation, Tokens, requests};
use crate::pgbench::{self, Varies};
use crate::process::{Cpu, Server, memory};
use crate::report::{Measured, Point, Target};
use crate::statement::{self, Statement};

const ADMINISTRATOR: &str = "admin@vendor.example";
pub(crate) const PASSWORD: &str = "correct horse battery";
/// How often a new process is timed.
const STARTS: usize = 5;
/// How long each point is driven before it counts.
const WARM_UP: Duration = Duration::from_millis(100);

/// How to measure.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The server's program.
    pub(crate) mandate: PathBuf,
    /// Seconds for each point.
    pub(crate) seconds: f64,
    /// How often each point is measured.
    pub(crate) rounds: usize,
    /// Connections at once.
    pub(crate) connections: Vec<usize>,
    /// Connections to the database.
    pub(crate) pool: u32,
    /// Whether to print statements and plans.
    pub(crate) explain: bool,
    /// Whether to measure contacts alone.
    pub(crate) contacts: bool,
}

/// On what to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Database {
    /// A file.
    Sqlite,
    /// A database of this server.
    Postgres(&'static Cluster),
}

/// Where everything lies while it is measured.
pub(crate) struct Place {
    folder: TempDir,
    /// The database.
    pub(crate) url: String,
    /// The name of the database of PostgreSQL.
    name: String,
    database: Database,
    pool: u32,
}

impl Place {
    /// A new database and a folder.
    pub(crate) fn new(database: Database, pool: u32) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("mandate-bench-").tempdir().map_err(said)?;
        let (url, name) = match database {
            Database::Sqlite => (format!("sqlite://{}", folder.path().join("mandate.db").display()), String::new()),
            Database::Postgres(cluster) => {
                let name = cluster.fresh_name();
                cluster.create_database(&name)?;
                (cluster.url(&name), name)
            }
        };
        Ok(Self { folder, url, name, database, pool })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command line of a server, as delivered but for places.
    fn arguments(&self) -> Vec<String> {
        let (mail, pool) = (format!("file:{}", self.file("mail").display()), self.pool.to_string());
        let files = format!("file:{}", self.file("files").display());
        let options = [
            ("--database-url", self.url.as_str()),
            ("--listen", "127.0.0.1:0"),
            ("--public-url", "http://mandate.example"),
            ("--files", &files),
            ("--mail", &mail),
            ("--pool-size", &pool),
            ("--admin-email", ADMINISTRATOR),
            ("--admin-password", PASSWORD),
            ("--vendor-domains", "vendor.example"),
        ];
        options.iter().flat_map(|(option, value)| [(*option).to_owned(), (*value).to_owned()]).collect()
    }

    /// Starts a server.
    pub(crate) fn serve(&self, program: &Path) -> Result<Server, String> {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MANDATE_")) {
            command.env_remove(name);
        }
        command.args(self.arguments());
        Server::start(command, &self.file("server.log")).map_err(said)
    }

    /// Starts a server in this process, so that what it sends is heard.
    pub(crate) async fn serve_here(&self) -> Result<mandate_api::serve::Server, String> {
        let arguments = self.arguments();
        let arguments = ["mandate"].into_iter().chain(arguments.iter().map(String::as_str));
        let settings = Settings::from_arguments(arguments).map_err(said)?;
        mandate_api::serve::start(settings, Clock::System, Ids::System).await
    }

    /// The name of the database of PostgreSQL.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Drops the database.
    pub(crate) fn leave(&self) -> Result<(), String> {
        match self.database {
            Database::Postgres(cluster) => cluster.drop_database(&self.name),
            Database::Sqlite => Ok(()),
        }
    }

    /// What counts as the database's processor time.
    pub(crate) fn cpu(&self) -> Result<Option<Cpu>, String> {
        match self.database {
            Database::Sqlite => Ok(None),
            Database::Postgres(cluster) => Ok(Some(Cpu::Family(pgbench::postmaster(cluster)?))),
        }
    }
}

pub(crate) fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Measures everything on one database.
pub(crate) async fn run(plan: &Plan, database: Database) -> Result<Measured, String> {
    let place = Place::new(database, plan.pool)?;
    let name = if place.name.is_empty() { "SQLite" } else { "PostgreSQL" };
    let mut measured = Measured { name, ..Measured::default() };
    eprintln!("{name}: filling the database");
    drop(place.serve(&plan.mandate)?);
    let cast = Rc::new(load::fill(&place.url).map_err(said)?);
    if plan.contacts {
        measured.contacts = contacts::measure(plan, &place, &cast).await?;
        return place.leave().map(|()| measured);
    }
    let heard = listen(&place, &cast).await?;
    measured.counts = heard.iter().map(|(operation, sent)| (*operation, sent.iter().map(short).collect())).collect();
    if plan.explain {
        explain(&place, &heard)?;
    }
    for _ in 0..STARTS {
        measured.starts.push(place.serve(&plan.mandate)?.start.as_secs_f64());
    }
    let server = place.serve(&plan.mandate)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    measured.idle = memory(server.id());
    let tokens = Rc::new(sign_in(server.address, &cast).await?);
    let setting = setting(&place, &heard, server.address, &cast, &tokens).await?;
    fs::write(place.file("setting.json"), serde_json::to_string(&setting).map_err(said)?).map_err(said)?;
    let mut command = Command::new(std::env::current_exe().map_err(said)?);
    command.arg("bare").arg(place.file("setting.json"));
    let bare = Server::start(command, &place.file("bare.log")).map_err(said)?;
    compare(&cast, &tokens, server.address, bare.address).await?;
    for round in 1..=plan.rounds {
        eprintln!("{name}: round {round} of {}", plan.rounds);
        for operation in Operation::ALL {
            let requests = requests(operation, &cast, &tokens);
            for connections in &plan.connections {
                for (target, server) in [(Target::Server, &server), (Target::Bare, &bare)] {
                    if target == Target::Bare && !operation.has_limit() {
                        continue;
                    }
                    let load = Load::open(server.address, *connections, &requests).await.map_err(said)?;
                    let cpu = (Cpu::Process(server.id()), place.cpu()?);
                    let figures = point(load, plan.seconds, cpu).await?;
                    let [rate, p50, p99, server, database] = figures;
                    let connections = *connections;
                    measured.points.push(Point { operation, target, connections, rate, p50, p99, server, database });
                }
                measured.busy = measured.busy.max(memory(server.id()));
            }
        }
    }
    drop((server, bare));
    measured.statements = alone(plan, &place, &setting, &cast)?;
    measured.contacts = contacts::measure(plan, &place, &cast).await?;
    place.leave().map(|()| measured)
}

/// Drives one point: answers in a second, p50, p99, and the processor time of server and database for each answer.
pub(crate) async fn point(mut load: Load, seconds: f64, cpu: (Cpu, Option<Cpu>)) -> Result<[f64; 5], String> {
    load.run(WARM_UP).await.map_err(said)?;
    let now = || (cpu.0.seconds(), cpu.1.map_or(0.0, Cpu::seconds));
    let (before, begin) = (now(), Instant::now());
    let times = load.run(Duration::from_secs_f64(seconds)).await.map_err(said)?;
    let (took, after) = (begin.elapsed().as_secs_f64(), now());
    let count = f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX));
    let at = |hundredth: usize| times.get(times.len() * hundredth / 100).copied().unwrap_or(f64::NAN);
    Ok([count / took, at(50), at(99), (after.0 - before.0) / count, (after.1 - before.1) / count])
}

async fn sign_in(address: SocketAddr, cast: &Cast) -> Result<Tokens, String> {
    let one = async |email: &str| {
        let mut bytes = Vec::new();
        let body = json!({"email": email, "password": PASSWORD}).to_string();
        request(&mut bytes, "POST", "/v1/sessions", "", "", &body);
        let (status, body) = once(address, &bytes).await.map_err(said)?;
        let answer: Value = serde_json::from_str(&body).map_err(said)?;
        answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| format!("status {status}: {body}"))
    };
    let mut writers = Vec::new();
    for (email, _) in &cast.writers {
        writers.push(one(email).await?);
    }
    Ok(Tokens { partner: one(&cast.partner).await?, contact: one(&cast.contact).await?, writers })
}

/// The first request of an operation, and its answer.
async fn ask(address: SocketAddr, what: Operation, cast: &Rc<Cast>, tokens: &Rc<Tokens>) -> Result<String, String> {
    let mut load = Load::open(address, 1, &requests(what, cast, tokens)).await.map_err(said)?;
    load.ask().await.map_err(said)
}

/// Carries out each operation in a server of this process and hears what it sends to the database.
async fn listen(place: &Place, cast: &Rc<Cast>) -> Result<Vec<(Operation, Vec<Statement>)>, String> {
    statement::listen().map_err(said)?;
    let server = place.serve_here().await?;
    let tokens = Rc::new(sign_in(server.addr, cast).await?);
    statement::take();
    tokio::time::sleep(Duration::from_secs(3)).await;
    // What it sends by itself.
    let known: HashSet<String> = statement::take().into_iter().flatten().map(|statement| statement.text).collect();
    let mut heard = Vec::new();
    for operation in Operation::ALL {
        // The first time may do more, for instance reserve numbers.
        for _ in 0..2 {
            statement::take();
            ask(server.addr, operation, cast, &tokens).await?;
        }
        let new = statement::new_ones(statement::take(), &known);
        heard.push((operation, new.into_iter().next().unwrap_or_default()));
    }
    statement::be_quiet().map_err(said)?;
    server.stop().await?;
    Ok(heard)
}

/// What the bare routes need: the statements, as they were heard, with the values of those who are signed in now.
async fn setting(
    place: &Place,
    heard: &[(Operation, Vec<Statement>)],
    address: SocketAddr,
    cast: &Rc<Cast>,
    tokens: &Rc<Tokens>,
) -> Result<Setting, String> {
    let find = |operation: Operation, words: &str| {
        let sent = heard.iter().find(|(other, _)| *other == operation).map(|(_, sent)| sent.as_slice());
        let found = sent.unwrap_or_default().iter().rev().find(|statement| statement.text.contains(words));
        found.cloned().ok_or_else(|| format!("no statement with `{words}` was heard for: {}", operation.name()))
    };
    let page: Value =
        serde_json::from_str(&ask(address, Operation::ListOrganization, cast, tokens).await?).map_err(said)?;
    let created = ask(address, Operation::Create, cast, tokens).await?;
    let tokens = [tokens.partner.clone(), tokens.contact.clone()].into_iter().chain(tokens.writers.clone()).collect();
    Ok(Setting {
        url: place.url.clone(),
        pool: place.pool,
        tokens,
        read: find(Operation::Read, "FROM sessions")?,
        organization: find(Operation::ListOrganization, "FROM service_requests")?,
        customers: find(Operation::ListCustomers, "FROM service_requests")?,
        create: find(Operation::Create, "INSERT INTO \"service_requests\"")
            .or_else(|_| find(Operation::Create, "INSERT INTO `service_requests`"))?,
        next_cursor: page["next_cursor"].as_str().map(str::to_owned),
        created: serde_json::from_str(&created).map_err(said)?,
    })
}

/// Makes sure that the bare routes answer what the server answers.
async fn compare(cast: &Rc<Cast>, tokens: &Rc<Tokens>, server: SocketAddr, bare: SocketAddr) -> Result<(), String> {
    for operation in [Operation::Read, Operation::ListOrganization] {
        let (ours, theirs) = (ask(server, operation, cast, tokens).await?, ask(bare, operation, cast, tokens).await?);
        // A cursor belongs to its caller, so it may differ.
        let data = |text: &str| text.split("\"next_cursor\"").next().unwrap_or_default().to_owned();
        if data(&ours) != data(&theirs) {
            return Err(format!("the bare route answers differently: {}\n{ours}\n{theirs}", operation.name()));
        }
    }
    Ok(())
}

/// The statements without HTTP.
fn alone(plan: &Plan, place: &Place, setting: &Setting, cast: &Cast) -> Result<Vec<(&'static str, f64, f64)>, String> {
    let seconds = (plan.seconds * 2.0).max(1.0);
    let all = [
        ("read one request", "read", &setting.read),
        ("list 50 of one organization", "organization", &setting.organization),
        ("list 50 as the partner", "customers", &setting.customers),
        ("insert a request", "create", &setting.create),
    ];
    let mut results = Vec::new();
    for (name, what, statement) in all {
        if let Some(cpu) = place.cpu()? {
            let varies = if what == "create" { Varies::New } else { Varies::Never };
            let whole = Duration::from_secs_f64(seconds).as_secs().max(1);
            results
                .extend(pgbench::run(&place.url, statement, varies, whole, cpu).map(|(rate, cpu)| (name, rate, cpu)));
            continue;
        }
        let mut command = Command::new(std::env::current_exe().map_err(said)?);
        command.arg("repeat").arg(place.file("setting.json")).arg(what).arg(seconds.to_string());
        let output = command.args(&cast.customers_requests).output().map_err(said)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [count, took, cpu] = numbers[..] else {
            return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
        };
        results.push((name, count / took, cpu / count));
    }
    Ok(results)
}

/// A statement in few words: what it does to which table.
fn short(statement: &Statement) -> String {
    let words: Vec<&str> = statement.text.split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    let clean = |word: &str| word.trim_matches(|letter| "\"`();,".contains(letter)).to_owned();
    let after = |keyword: &str| words.iter().position(|word| *word == keyword).and_then(|at| words.get(at + 1));
    match first {
        "SELECT" if statement.text.contains("pg_advisory_xact_lock") => "fence".to_owned(),
        "SELECT" | "DELETE" => {
            let lock = if statement.text.contains("FOR UPDATE") { " for update" } else { "" };
            format!("{} {}{lock}", first.to_lowercase(), after("FROM").map(|word| clean(word)).unwrap_or_default())
        }
        "INSERT" => format!("insert {}", after("INTO").map(|word| clean(word)).unwrap_or_default()),
        "UPDATE" => format!("update {}", words.get(1).map(|word| clean(word)).unwrap_or_default()),
        _ => clean(first).to_lowercase(),
    }
}

fn explain(place: &Place, heard: &[(Operation, Vec<Statement>)]) -> Result<(), String> {
    for (operation, sent) in heard {
        println!("\n### {}\n", operation.name());
        for statement in sent {
            println!("```sql\n{}\n```", statement.literal());
        }
        let reads = matches!(operation, Operation::Read | Operation::ListOrganization | Operation::ListCustomers);
        if let (true, Database::Postgres(cluster)) = (reads, place.database) {
            let hot = sent.iter().rev().find(|statement| statement.text.contains("service_requests sr"));
            if let Some(hot) = hot {
                println!("```\n{}```", pgbench::explain(cluster, &place.name, hot, true)?);
            }
        }
    }
    Ok(())
}
