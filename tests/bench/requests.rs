//! What lists, searches and decisions cost where there are a million service requests, on PostgreSQL.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use mandate_tests::cluster::Cluster;
use serde_json::{Value, json};

use crate::client::{Draw, Load, Requests, once, request};
use crate::pgbench;
use crate::process::Cpu;
use crate::report::median;
use crate::run::{Database, PASSWORD, Place, Plan, said};
use crate::statement;

/// How many service requests there are: to compare with, and at which the goals hold.
const SIZES: [usize; 2] = [100_000, 1_000_000];
/// At which the goals hold.
const CONNECTIONS: usize = 8;
/// How long 99 of 100 answers may take at most, in seconds.
const GOAL: f64 = 0.010;
/// How many times its time with fewer requests something may take.
const GROWTH: f64 = 2.0;
/// Customers of the partner, as the SQL makes them: the first, the distance to the next, how many are taken.
const CUSTOMERS: (usize, usize, usize) = (1_000, 37, 400);
const DAY: i64 = 24 * 60 * 60_000_000;

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Partner,
    Contact,
    Agent,
}

/// What is read: its name, by whom, which path, which page of it.
struct Case(&'static str, Reader, &'static str, usize);

/// `{customer}` and `{request}` stand for another one of the partner's customers and of their requests each time, `{agent}` for the agent.
const CASES: &[Case] = &[
    Case("partner: first page", Reader::Partner, "/v1/service-requests", 1),
    Case("partner: tenth page", Reader::Partner, "/v1/service-requests", 10),
    Case(
        "partner: open, severity 1 and 2",
        Reader::Partner,
        "/v1/service-requests?status=open&severity=1&severity=2",
        1,
    ),
    Case(
        "partner: the same, tenth page",
        Reader::Partner,
        "/v1/service-requests?status=open&severity=1&severity=2",
        10,
    ),
    Case("partner: one customer", Reader::Partner, "/v1/service-requests?organization_id={customer}", 1),
    Case("partner: mine", Reader::Partner, "/v1/service-requests?view=mine", 1),
    Case("partner: `q`, rare word", Reader::Partner, "/v1/service-requests?q=rarissim", 1),
    Case("partner: `q`, one in twenty", Reader::Partner, "/v1/service-requests?q=twentieth", 1),
    Case("partner: `q`, every second", Reader::Partner, "/v1/service-requests?q=common", 1),
    Case("contact: one organization", Reader::Contact, "/v1/service-requests", 1),
    Case("contact: `q`, rare word", Reader::Contact, "/v1/service-requests?q=rarissim", 1),
    Case("contact: `q`, one in twenty", Reader::Contact, "/v1/service-requests?q=twentieth", 1),
    Case("contact: `q`, every second", Reader::Contact, "/v1/service-requests?q=common", 1),
    Case("agent: first page of all", Reader::Agent, "/v1/service-requests", 1),
    Case(
        "agent: queue",
        Reader::Agent,
        "/v1/service-requests?assigned_to={agent}&status=open&status=waiting_on_support",
        1,
    ),
    Case("agent: open, severity 1", Reader::Agent, "/v1/service-requests?status=open&severity=1", 1),
    Case("agent: `q`, rare word", Reader::Agent, "/v1/service-requests?q=rarissim", 1),
    Case("agent: `q`, one in twenty", Reader::Agent, "/v1/service-requests?q=twentieth", 1),
    Case("agent: `q`, every second", Reader::Agent, "/v1/service-requests?q=common", 1),
    Case("agent: `q`, two words", Reader::Agent, "/v1/service-requests?q=common+twentieth", 1),
    Case("viewers of one request", Reader::Agent, "/v1/service-requests/{request}/viewers", 1),
    Case(
        "one access decision",
        Reader::Partner,
        "/v1/organizations/{customer}/effective-access?person_id={partner}",
        1,
    ),
    Case("one request", Reader::Partner, "/v1/service-requests/{request}", 1),
];

/// What one case took: answers in a second, p50, p99, and the processor time of server and database for each, in seconds.
type Figures = [f64; 5];

/// An id, as the SQL makes it.
fn id(kind: &str, number: usize) -> String {
    format!("{kind}_0{number:09x}e008000000000000")
}

fn customer(draw: &mut Draw) -> usize {
    let (first, distance, count) = CUSTOMERS;
    let number = draw.below(count);
    // Every twentieth grant is at `cc`, which does not reach all requests.
    first + distance * if number.is_multiple_of(20) { number + 1 } else { number }
}

/// A request of this organization: the SQL gives request `g` to organization `g * 7919 % 20000`.
fn request_of(organization: usize, size: usize, draw: &mut Draw) -> usize {
    /// The inverse of 7919 modulo 20000.
    const INVERSE: usize = 17_679;
    organization * INVERSE % 20_000 + 20_000 * draw.below(size / 20_000)
}

/// Emails of those who sign in: the partner's contact, the agent, and contacts of some organizations.
fn emails() -> Vec<String> {
    let contacts = (0..CONNECTIONS).map(|number| format!("contact1@organization{}.example", 5_000 + number * 101));
    ["contact0@organization0.example".to_owned(), "agent7@vendor.example".to_owned()]
        .into_iter()
        .chain(contacts)
        .collect()
}

fn fill(url: &str, size: usize) -> Result<(), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let signed_in = emails().iter().map(|email| format!("'{email}'")).collect::<Vec<_>>().join(", ");
    let sql = include_str!("requests.sql")
        .replace("{requests}", &size.to_string())
        .replace("{now}", &now.to_string())
        .replace("{day}", &DAY.to_string())
        .replace("{signed_in}", &signed_in);
    let mut connection = PgConnection::establish(url).map_err(said)?;
    connection.batch_execute(&sql).map_err(said)?;
    // No message is newer than the statistics: what is frequent is known.
    ["VACUUM ANALYZE", "CHECKPOINT"].iter().try_for_each(|command| connection.batch_execute(command).map_err(said))
}

/// Measures both sizes, and prints the tables.
pub(crate) async fn run(plan: &Plan) -> Result<(), String> {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::large().ok_or("there is no PostgreSQL")??));
    let mut plans = String::new();
    // With the fewer requests, with all, and with all over one connection.
    let mut results: Vec<(&'static str, Vec<Figures>)> = CASES.iter().map(|case| (case.0, Vec::new())).collect();
    for size in SIZES {
        let place = Place::new(Database::Postgres(cluster), plan.pool)?;
        drop(place.serve(&plan.mandate)?);
        let begin = Instant::now();
        fill(&place.url, size)?;
        eprintln!("{size} service requests loaded in {:.0} s", begin.elapsed().as_secs_f64());
        let server = place.serve(&plan.mandate)?;
        let tokens = Rc::new(sign_in(server.address).await?);
        for (case, (name, figures)) in CASES.iter().zip(&mut results) {
            let requests = requests(case, server.address, size, &tokens).await?;
            let cpu = (Cpu::Process(server.id()), place.cpu()?);
            let connections = if size == SIZES[1] { [CONNECTIONS, 1].as_slice() } else { &[CONNECTIONS] };
            for connections in connections {
                let mut rounds = Vec::new();
                for _ in 0..plan.rounds {
                    let load = Load::open(server.address, *connections, &requests).await.map_err(said)?;
                    rounds.push(crate::run::point(load, plan.seconds, cpu).await?);
                }
                let member = |member: usize| median(rounds.iter().filter_map(|round| round.get(member).copied()));
                let median: Figures = std::array::from_fn(member);
                eprintln!("{size} · {connections} · {name}: {:.2} ms, {:.2} ms", median[1] * 1e3, median[2] * 1e3);
                figures.push(median);
            }
        }
        drop(server);
        if plan.explain && size == SIZES[1] {
            plans = explain(&place, cluster, size).await?;
        }
        place.leave()?;
    }
    print(&results);
    println!("{plans}");
    Ok(())
}

fn print(results: &[(&'static str, Vec<Figures>)]) {
    let judged = |value: f64, goal: f64| if value <= goal { "✓" } else { "✗" };
    println!(
        "\n| {CONNECTIONS} connections | requests/s | p50 ms | p99 ms | ≤ {:.0} | p50 to {} | p99 to {} | ≤ {GROWTH} × | server CPU ms | database CPU ms | one alone: p50 ms | p99 ms |",
        GOAL * 1e3,
        SIZES[0],
        SIZES[0]
    );
    println!("|---|---:|---:|---:|---|---:|---:|---|---:|---:|---:|---:|");
    for (name, figures) in results {
        let [[_, small_p50, small_p99, ..], [rate, p50, p99, server, database], [_, alone_p50, alone_p99, ..]] =
            figures[..]
        else {
            continue;
        };
        println!(
            "| {name} | {rate:.0} | {:.2} | {:.2} | {} | {:.2} × | {:.2} × | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            p50 * 1e3,
            p99 * 1e3,
            judged(p99, GOAL),
            p50 / small_p50,
            p99 / small_p99,
            judged(p99 / small_p99, GROWTH),
            server * 1e3,
            database * 1e3,
            alone_p50 * 1e3,
            alone_p99 * 1e3
        );
    }
}

/// Tokens: the partner's contact, the agent, and the contacts.
async fn sign_in(address: SocketAddr) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    for email in emails() {
        let mut bytes = Vec::new();
        request(&mut bytes, "POST", "/v1/sessions", "", "", &json!({"email": email, "password": PASSWORD}).to_string());
        let (status, body) = once(address, &bytes).await.map_err(said)?;
        let answer: Value = serde_json::from_str(&body).map_err(said)?;
        tokens.push(answer["access_token"].as_str().ok_or_else(|| format!("status {status}: {body}"))?.to_owned());
    }
    Ok(tokens)
}

/// The requests of a case: where a later page is wanted, those before it are read now.
async fn requests(case: &Case, address: SocketAddr, size: usize, tokens: &Rc<Vec<String>>) -> Result<Requests, String> {
    let Case(name, reader, path, page) = *case;
    let mut path = path.replace("{agent}", &id("staff", 7)).replace("{partner}", &id("contact", 0));
    let first = path.clone();
    for _ in 1..page {
        let mut bytes = Vec::new();
        request(&mut bytes, "GET", &path, &tokens[0], "", "");
        let (status, body) = once(address, &bytes).await.map_err(said)?;
        let answer: Value = serde_json::from_str(&body).map_err(said)?;
        let Some(cursor) = answer["next_cursor"].as_str() else {
            // Where there are few requests, the last page counts.
            eprintln!("{name}: the list ends before page {page} (status {status})");
            break;
        };
        path = format!("{first}{}cursor={cursor}", if first.contains('?') { '&' } else { '?' });
    }
    let tokens = Rc::clone(tokens);
    Ok(Rc::new(move |draw: &mut Draw, out: &mut Vec<u8>| {
        let token = match reader {
            Reader::Partner => &tokens[0],
            Reader::Agent => &tokens[1],
            Reader::Contact => &tokens[2 + draw.connection % CONNECTIONS],
        };
        let organization = customer(draw);
        let path = if path.contains('{') {
            path.replace("{customer}", &id("org", organization))
                .replace("{request}", &id("sr", request_of(organization, size, draw)))
        } else {
            path.clone()
        };
        request(out, "GET", &path, token, "", "");
    }))
}

/// How PostgreSQL carries out what each case asks it.
async fn explain(place: &Place, cluster: &Cluster, size: usize) -> Result<String, String> {
    statement::listen().map_err(said)?;
    let server = place.serve_here().await?;
    let tokens = Rc::new(sign_in(server.addr).await?);
    let heard = RefCell::new(Vec::new());
    for case in CASES {
        let requests = requests(case, server.addr, size, &tokens).await?;
        statement::take();
        Load::open(server.addr, 1, &requests).await.map_err(said)?.ask().await.map_err(said)?;
        heard.borrow_mut().push((case.0, statement::take().into_iter().flatten().collect::<Vec<_>>()));
    }
    statement::be_quiet().map_err(said)?;
    server.stop().await?;
    let mut plans = String::new();
    for (name, sent) in heard.take() {
        let _ = writeln!(plans, "\n### {name}\n");
        let keeps_plans = sent.iter().any(|statement| statement.text.contains("plan_cache_mode"));
        for hot in sent.iter().filter(|statement| statement.text.contains("service_requests sr")) {
            let _ = writeln!(plans, "```\n{}```", pgbench::explain(cluster, place.name(), hot, keeps_plans)?);
        }
    }
    Ok(plans)
}
