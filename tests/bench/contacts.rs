//! What ten thousand contacts of one organization take: their import, finding them, and their readiness.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Draw, Load, Requests, once, request};
use crate::load::{self, Cast};
use crate::process::{Server, forget_peak, memory, peak_memory};
use crate::report::median;
use crate::run::{PASSWORD, Place, Plan, said};

/// Rows of the import.
const ROWS: usize = 10_000;
/// At which the goals hold.
const CONNECTIONS: usize = 8;
/// How much memory an import may take beyond idle, in MiB.
const MEMORY_GOAL: f64 = 64.0;
const FIRST: [&str; 20] = [
    "Ana", "Ben", "Carla", "Dora", "Emil", "Fatima", "Goran", "Hana", "Igor", "Julia", "Kai", "Lara", "Milan", "Nadia",
    "Olga", "Pedro", "Quentin", "Rosa", "Sofia", "Tomás",
];
const LAST: [&str; 25] = [
    "Silva", "Costa", "Novak", "Meyer", "Rossi", "Dubois", "Garcia", "Ivanova", "Jensen", "Kowalski", "Larsen",
    "Moreau", "Nagy", "Olsen", "Petrov", "Quispe", "Ribeiro", "Schmidt", "Tanaka", "Ueda", "Vargas", "Weber",
    "Ximenes", "Yilmaz", "Zhang",
];

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    /// Imports: what, seconds, the goal for them, memory beyond idle in MiB.
    imports: Vec<(&'static str, f64, f64, f64)>,
    /// Reads: what, requests in a second, p50, p99 and the goal for it, all in seconds.
    reads: Vec<(&'static str, f64, f64, f64, Option<f64>)>,
}

impl Contacts {
    /// Prints the tables.
    pub(crate) fn print(&self) {
        let judged = |value: f64, goal: f64| if value <= goal { "✓" } else { "✗" };
        println!("\n| {ROWS} contacts | seconds | goal | memory beyond idle, MiB | goal |\n|---|---:|---|---:|---|");
        for (name, seconds, goal, mebibytes) in &self.imports {
            println!(
                "| {name} | {seconds:.2} | {} ≤ {goal} | {mebibytes:.1} | {} ≤ {MEMORY_GOAL} |",
                judged(*seconds, *goal),
                judged(*mebibytes, MEMORY_GOAL)
            );
        }
        println!(
            "\n| {ROWS} contacts, {CONNECTIONS} connections | requests/s | p50 ms | p99 ms | goal |\n|---|---:|---:|---:|---|"
        );
        for (name, rate, p50, p99, goal) in &self.reads {
            let goal = goal.map(|goal| format!("{} ≤ {:.0}", judged(*p99, goal), goal * 1e3)).unwrap_or_default();
            println!("| {name} | {rate:.0} | {:.2} | {:.2} | {goal} |", p50 * 1e3, p99 * 1e3);
        }
    }
}

/// The file: names that many have, and a few that nobody else has.
fn file() -> String {
    let mut file = "email,first_name,last_name,phone,time_zone,locale,type,permission,duties\r\n".to_owned();
    for number in 0..ROWS {
        let (first, last) = (FIRST[number * 7 % FIRST.len()], LAST[number / FIRST.len() % LAST.len()]);
        let rare = if number.is_multiple_of(2_500) { " Rarissima" } else { "" };
        let duties = if number.is_multiple_of(100) { "it;site_administrator" } else { "" };
        let _ = write!(
            file,
            "person{number}@organization0900.example,{first},{last}{rare},+1.650.555.{number:04},America/Sao_Paulo,pt-BR,\
             technical,designated_support,{duties}\r\n"
        );
    }
    file
}

/// Measures everything on a filled database.
pub(crate) async fn measure(plan: &Plan, place: &Place, cast: &Rc<Cast>) -> Result<Contacts, String> {
    let mut measured = Contacts::default();
    let file = file();
    for (name, query, goal) in [("dry run", "?dry_run=true", 5.0), ("import", "", 10.0)] {
        // A server of its own for each, so that neither rests on memory that the other took.
        let server = place.serve(&plan.mandate)?;
        let token = sign_in(server.address, cast).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (seconds, mebibytes) = import(&server, cast, &token, query, &file).await?;
        eprintln!("{name}: {seconds:.2} s, {mebibytes:.1} MiB");
        measured.imports.push((name, seconds, goal, mebibytes));
    }
    load::settle(&place.url).map_err(said)?;
    let server = place.serve(&plan.mandate)?;
    let token = sign_in(server.address, cast).await?;
    for (name, path, goal) in [
        ("first page by name", "contacts", Some(0.010)),
        ("`q` that many have, `an`", "contacts?q=an", Some(0.010)),
        ("`q` that all have, `organization0900`", "contacts?q=organization0900", Some(0.010)),
        ("two that many have, `ana silva`", "contacts?q=ana+silva", None),
        ("rare `q`, `rariss`", "contacts?q=rariss", Some(0.010)),
        ("email as `q`", "contacts?q=person4711@organization0900.example", Some(0.010)),
        ("`q` that nobody has", "contacts?q=nobody", Some(0.010)),
        ("readiness", "readiness", Some(0.020)),
    ] {
        let path = format!("/v1/organizations/{}/{path}", cast.importing);
        let mut bytes = Vec::new();
        request(&mut bytes, "GET", &path, &token, "", "");
        let (status, body) = once(server.address, &bytes).await.map_err(said)?;
        match status {
            200 => {}
            404 if name == "readiness" => {
                eprintln!("readiness: the server does not have it");
                continue;
            }
            _ => return Err(format!("{name}: status {status}: {body}")),
        }
        let [rate, p50, p99] = read(plan, server.address, &path, &token).await?;
        measured.reads.push((name, rate, p50, p99, goal));
    }
    Ok(measured)
}

/// Sends the file; the seconds until the answer, and the most memory beyond idle.
async fn import(server: &Server, cast: &Cast, token: &str, query: &str, file: &str) -> Result<(f64, f64), String> {
    let idle = memory(server.id());
    forget_peak(server.id()).map_err(said)?;
    let path = format!("/v1/organizations/{}/contacts/import{query}", cast.importing);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: mandate.example\r\nauthorization: Bearer {token}\r\ncontent-type: text/csv\r\n\
         content-length: {}\r\n\r\n",
        file.len()
    );
    let begin = Instant::now();
    let (status, body) = once(server.address, format!("{head}{file}").as_bytes()).await.map_err(said)?;
    let (seconds, peak) = (begin.elapsed().as_secs_f64(), peak_memory(server.id()));
    let answer: Value = serde_json::from_str(&body).map_err(said)?;
    if status != 200 || answer["created"] != ROWS {
        return Err(format!("the import answers {status}: {body}"));
    }
    Ok((seconds, peak - idle))
}

/// Drives one read: answers in a second, p50 and p99, in the median of the rounds.
async fn read(plan: &Plan, address: SocketAddr, path: &str, token: &str) -> Result<[f64; 3], String> {
    let (path, token) = (path.to_owned(), token.to_owned());
    let requests: Requests = Rc::new(move |_: &mut Draw, out: &mut Vec<u8>| request(out, "GET", &path, &token, "", ""));
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let mut load = Load::open(address, CONNECTIONS, &requests).await.map_err(said)?;
        load.run(Duration::from_millis(100)).await.map_err(said)?;
        let begin = Instant::now();
        let times = load.run(Duration::from_secs_f64(plan.seconds)).await.map_err(said)?;
        let count = f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX));
        let at = |hundredth: usize| times.get(times.len() * hundredth / 100).copied().unwrap_or(f64::NAN);
        rounds.push([count / begin.elapsed().as_secs_f64(), at(50), at(99)]);
    }
    Ok([0, 1, 2].map(|member| median(rounds.iter().filter_map(|round| round.get(member).copied()))))
}

async fn sign_in(address: SocketAddr, cast: &Cast) -> Result<String, String> {
    let mut bytes = Vec::new();
    let body = json!({"email": cast.importer, "password": PASSWORD}).to_string();
    request(&mut bytes, "POST", "/v1/sessions", "", "", &body);
    let (status, body) = once(address, &bytes).await.map_err(said)?;
    let answer: Value = serde_json::from_str(&body).map_err(said)?;
    answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| format!("status {status}: {body}"))
}
