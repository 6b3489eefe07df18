//! A search for authority from nowhere: coalitions of people do whatever they can, in any order, and afterwards no one of them may do or
//! read more than the rules give on purpose.
//!
//! Two properties are checked. *No authority from nowhere*: what a coalition may do and read does not grow by what it does, neither as a
//! whole nor for one of it whom the others could give nothing. *What was taken stays taken*: after others revoked, lowered, demoted,
//! disabled or suspended, it is no more than if the coalition had done nothing before.
//!
//! Read the modules in this order: `cast` is who there is; `stage` makes the world and copies it; `world` is one copy, a whole server
//! within this process; `command` is what people do, `draw` what they do next; `taking` is what others take; `authority` asks what
//! somebody may do and read; `play` holds the properties, `allowed` what is given on purpose; `hunt` looks for what breaks them.
//!
//! ```sh
//! cargo run -p mandate-tests --bin search -- --sequences 20000 --seed 1
//! ```

mod allowed;
mod authority;
#[cfg(test)]
mod cases;
mod cast;
mod command;
mod dice;
mod draw;
mod hunt;
#[cfg(test)]
mod operations;
mod play;
mod stage;
mod taking;
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::dice::Dice;
use crate::hunt::{Find, hunt, shrink, told};
use crate::stage::Stage;

/// Looks for sequences of commands that give a coalition authority from nowhere.
#[derive(Debug, Parser)]
struct Options {
    /// How many sequences.
    #[arg(long, default_value_t = 20_000)]
    sequences: u64,
    /// The seed of the first one; the next ones follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// How many finds of a kind are shrunk and told; the others are counted.
    #[arg(long, default_value_t = 2)]
    finds: usize,
    /// Kinds of commands that nobody carries out, as finds name them: so that what many finds have in common hides no others.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Whom the coalition has to include: other seeds are passed over.
    #[arg(long)]
    with: Vec<String>,
    /// After how many seconds no further sequence begins.
    #[arg(long)]
    seconds: Option<u64>,
}

/// What a search has given so far.
#[derive(Debug, Default)]
struct Tally {
    sequences: u64,
    commands: [usize; 2],
    /// How often each operation was done.
    operations: BTreeMap<&'static str, usize>,
    /// Finds by what was gained, before they are shrunk.
    coarse: BTreeMap<String, usize>,
    /// Finds by signature, and the seed and number of sequences of the first.
    finds: BTreeMap<String, (usize, u64, u64)>,
}

/// Runs something that is not to leave its thread.
fn in_thread<F: Future>(work: F) -> F::Output {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    LocalSet::new().block_on(&runtime, work)
}

/// Searches, tells each find as it comes, and says how many there were.
fn search(options: &Options) -> Tally {
    let begun = Instant::now();
    let stage = in_thread(Stage::build());
    println!("the world was made in {} ms", begun.elapsed().as_millis());
    let (next, tally, is_over) = (AtomicU64::new(0), Mutex::new(Tally::default()), AtomicBool::new(false));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                in_thread(async {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let is_late =
                            options.seconds.is_some_and(|seconds| begun.elapsed() > Duration::from_secs(seconds));
                        if number >= options.sequences || is_late || is_over.load(Ordering::Relaxed) {
                            return;
                        }
                        one(&stage, options, &tally, options.seed + number).await;
                    }
                });
            });
        }
    });
    let tally = tally.into_inner().expect("nobody panicked");
    let seconds = begun.elapsed().as_secs_f64();
    println!("\n{} sequences in {seconds:.0} s", tally.sequences);
    println!("{} commands, of which {} were done", tally.commands[0], tally.commands[1]);
    let operations: Vec<String> = tally.operations.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!("operations that were done: {}", operations.join(", "));
    for (signature, (count, seed, after)) in &tally.finds {
        println!("{count:>5} x {signature} (first with seed {seed}, after {after} sequences)");
    }
    for (coarse, count) in &tally.coarse {
        println!("{count:>5} in all: {coarse}");
    }
    tally
}

async fn one(stage: &Stage, options: &Options, tally: &Mutex<Tally>, seed: u64) {
    let coalition = draw::coalition(&mut Dice::new(seed));
    if !options.with.iter().all(|who| coalition.contains(who)) {
        return;
    }
    let hunted = hunt(stage, seed, &options.leave_out).await;
    let (after, is_rare) = {
        let mut tally = tally.lock().expect("nobody panicked");
        tally.sequences += 1;
        tally.commands[0] += hunted.commands[0];
        tally.commands[1] += hunted.commands[1];
        for operation in &hunted.operations {
            *tally.operations.entry(operation).or_default() += 1;
        }
        if tally.sequences.is_multiple_of(500) {
            println!("{} sequences", tally.sequences);
        }
        let is_rare = hunted.find.as_ref().is_some_and(|find| {
            let count = tally.coarse.entry(coarse(find)).or_default();
            *count += 1;
            *count <= options.finds
        });
        (tally.sequences, is_rare)
    };
    let Some(find) = hunted.find else { return };
    if !is_rare {
        return;
    }
    let find = shrink(stage, find).await;
    let mut tally = tally.lock().expect("nobody panicked");
    let signature = find.signature();
    let (count, ..) = tally.finds.entry(signature.clone()).or_insert((0, hunted.seed, after));
    *count += 1;
    if *count <= options.finds {
        println!("\nafter {after} sequences: {signature}\n{}", find.told());
    }
}

/// What a find is before it is shrunk: the property, what was gained, and what was done last.
fn coarse(find: &Find) -> String {
    let commands = find.sequence.commands.iter().zip(&find.answers).collect::<Vec<_>>();
    let last = commands.into_iter().rev().find(|(_, answer)| answer.starts_with('2')).map(|(command, _)| told(command));
    format!("{:?} {} by {}", find.breach.property, find.gains(), last.unwrap_or_default())
}

fn main() -> ExitCode {
    let options = Options::parse();
    let tally = search(&options);
    if tally.finds.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C-9, C-10, C-11, G-2, G-5, G-12, S-7, S-14, E-6, E-9, E-11, X-1: no coalition gains authority, and what was taken stays taken.
    #[test]
    fn no_coalition_gains_authority() {
        let options = Options {
            sequences: 300,
            seed: 1,
            threads: 2,
            finds: 3,
            leave_out: Vec::new(),
            with: Vec::new(),
            seconds: None,
        };
        let tally = search(&options);
        assert!(tally.finds.is_empty(), "{:?}", tally.finds.keys());
    }
}
