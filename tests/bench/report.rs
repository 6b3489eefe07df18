//! What was measured, as tables in Markdown.

use crate::contacts::Contacts;
use crate::operation::Operation;

/// Against what an operation was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The product.
    Server,
    /// The route without the product.
    Bare,
}

/// One point: an operation at so many connections, in one round.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// What.
    pub(crate) operation: Operation,
    /// Of which.
    pub(crate) target: Target,
    /// How many at once.
    pub(crate) connections: usize,
    /// Answers in a second.
    pub(crate) rate: f64,
    /// Half of the answers came within this time, in seconds.
    pub p50: f64,
    /// 99 of 100 answers came within this time, in seconds.
    pub p99: f64,
    /// Processor time of the server for one answer, in seconds.
    pub(crate) server: f64,
    /// Processor time of the database for one answer, in seconds.
    pub(crate) database: f64,
}

impl Point {
    /// Processor time of both.
    pub(crate) fn cpu(&self) -> f64 {
        self.server + self.database
    }
}

/// All that was measured on one database.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Which database.
    pub(crate) name: &'static str,
    /// All rounds.
    pub(crate) points: Vec<Point>,
    /// Statements without HTTP: what, how many in a second, processor time of each in seconds.
    pub(crate) statements: Vec<(&'static str, f64, f64)>,
    /// What an operation sends to the database.
    pub(crate) counts: Vec<(Operation, Vec<String>)>,
    /// From the start of the process until it serves, in seconds.
    pub(crate) starts: Vec<f64>,
    /// Resident memory before the first request, in MiB.
    pub(crate) idle: f64,
    /// The most of it that was seen after a point, in MiB.
    pub(crate) busy: f64,
    /// What contacts take.
    pub(crate) contacts: Contacts,
}

/// The one in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Measured {
    fn of(&self, operation: Operation, target: Target, connections: usize) -> Vec<&Point> {
        let is_wanted =
            |point: &&Point| point.operation == operation && point.target == target && point.connections == connections;
        self.points.iter().filter(is_wanted).collect()
    }

    /// How many answers in a second, in the median of the rounds.
    pub(crate) fn rate(&self, operation: Operation, connections: usize) -> f64 {
        median(self.of(operation, Target::Server, connections).iter().map(|point| point.rate))
    }

    /// Prints everything.
    pub(crate) fn print(&self, connections: &[usize]) {
        println!("\n## {}\n", self.name);
        if !self.points.is_empty() {
            self.print_all_points(connections);
        }
        self.contacts.print();
    }

    fn print_all_points(&self, connections: &[usize]) {
        self.print_points(connections);
        self.print_statements();
        self.print_ratios();
        self.print_counts();
        println!(
            "\nStart on the existing database: {:.0} ms (goal: below 300 ms).",
            median(self.starts.iter().copied()) * 1e3
        );
        println!("Resident memory: {:.1} MiB idle (goal: below 40 MiB), {:.1} MiB under load.", self.idle, self.busy);
    }

    fn print_points(&self, connections: &[usize]) {
        println!(
            "| operation | connections | requests/s | p50 ms | p99 ms | server CPU s/1000 | database CPU s/1000 |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|");
        for operation in Operation::ALL {
            for target in [Target::Server, Target::Bare] {
                for connections in connections {
                    let points = self.of(operation, target, *connections);
                    if points.is_empty() {
                        continue;
                    }
                    let middle = |member: fn(&Point) -> f64| median(points.iter().map(|point| member(point)));
                    let name = match target {
                        Target::Server => operation.name().to_owned(),
                        Target::Bare => format!("— bare: {}", operation.name()),
                    };
                    println!(
                        "| {name} | {connections} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} |",
                        middle(|point| point.rate),
                        middle(|point| point.p50) * 1e3,
                        middle(|point| point.p99) * 1e3,
                        middle(|point| point.server) * 1e3,
                        middle(|point| point.database) * 1e3,
                    );
                }
            }
        }
    }

    fn print_statements(&self) {
        if self.statements.is_empty() {
            return;
        }
        println!("\n| the statement alone | statements/s | CPU s/1000 |\n|---|---:|---:|");
        for (name, rate, cpu) in &self.statements {
            println!("| {name} | {rate:.0} | {:.3} |", cpu * 1e3);
        }
    }

    fn print_ratios(&self) {
        /// At which the goals hold.
        const CONNECTIONS: usize = 8;
        const P99_GOAL: f64 = 1.5;
        println!("\n| at {CONNECTIONS} connections, to the bare route | CPU | goal | p99 | goal |");
        println!("|---|---:|---:|---:|---:|");
        for operation in Operation::ALL {
            let Some(goal) = operation.goal() else { continue };
            let ours = self.of(operation, Target::Server, CONNECTIONS);
            let bare = self.of(operation, Target::Bare, CONNECTIONS);
            let ratio = |member: fn(&Point) -> f64| {
                median(ours.iter().zip(&bare).map(|(ours, bare)| member(ours) / member(bare)))
            };
            let judged =
                |ratio: f64, goal: f64| format!("{ratio:.2} × | {} ≤ {goal}", if ratio <= goal { "✓" } else { "✗" });
            println!(
                "| {} | {} | {} |",
                operation.name(),
                judged(ratio(Point::cpu), goal),
                judged(ratio(|point| point.p99), P99_GOAL)
            );
        }
    }

    fn print_counts(&self) {
        println!("\n| operation | statements | round trips, in order |\n|---|---:|---|");
        for (operation, statements) in &self.counts {
            println!("| {} | {} | {} |", operation.name(), statements.len(), statements.join(" · "));
        }
    }
}

/// Prints whether SQLite reads no slower than PostgreSQL.
pub(crate) fn compare(sqlite: &Measured, postgres: &Measured) {
    const CONNECTIONS: usize = 8;
    println!(
        "\n| reads at {CONNECTIONS} connections | SQLite requests/s | PostgreSQL requests/s | no slower |\n|---|---:|---:|---|"
    );
    for operation in [Operation::Read, Operation::ListOrganization, Operation::ListCustomers, Operation::Decide] {
        let (ours, theirs) = (sqlite.rate(operation, CONNECTIONS), postgres.rate(operation, CONNECTIONS));
        println!("| {} | {ours:.0} | {theirs:.0} | {} |", operation.name(), if ours >= theirs { "✓" } else { "✗" });
    }
}
