//! The search: sequences from seeds, what they break, and the shortest of each that still breaks it.

use std::fmt::Write as _;

use crate::authority::Power;
use crate::cast::{Person, Rank, is_partner, person};
use crate::command::Command;
use crate::dice::Dice;
use crate::play::{Breach, Property, Sequence, from_nowhere, gained, judge_taken, replay};
use crate::stage::Stage;
use crate::{draw, taking};

/// How answers begin to what was done: a status, or what happens without one.
const DONE: [char; 2] = ['2', 't'];

/// Commands of a sequence, at most.
const COMMANDS_MAX: usize = 12;
/// Commands after what was taken, at most.
const AFTERWARDS_MAX: usize = 3;

/// Of so many seeds one looks thoroughly.
const THOROUGH_EVERY: u64 = 8;

/// What a seed gave.
pub(crate) struct Hunted {
    /// The seed.
    pub(crate) seed: u64,
    /// Commands that were sent, and those of them that were done.
    pub(crate) commands: [usize; 2],
    /// The operations that were done.
    pub(crate) operations: Vec<&'static str>,
    /// Whom it was about, what they did and what is wrong, where something is.
    pub(crate) find: Option<Find>,
}

/// A sequence that breaks a property.
#[derive(Debug, Clone)]
pub(crate) struct Find {
    /// The seed.
    pub(crate) seed: u64,
    /// What was done.
    pub(crate) sequence: Sequence,
    /// How it was answered.
    pub(crate) answers: Vec<String>,
    /// What is wrong.
    pub(crate) breach: Breach,
}

/// Plays the sequence of a seed, without the kinds of commands that are left out.
pub(crate) async fn hunt(stage: &Stage, seed: u64, leave_out: &[String]) -> Hunted {
    let mut dice = Dice::new(seed);
    let coalition = draw::coalition(&mut dice);
    let before = stage.before(&coalition).await;
    let theme = draw::theme(&mut dice, &before);
    let mut copy = stage.copy(&coalition).await;
    let world = &mut copy.world;
    let mut sequence = Sequence { coalition, ..Sequence::default() };
    let mut answers = Vec::new();
    for _ in 0..=dice.below(COMMANDS_MAX) {
        let command = draw::command(&mut dice, world, &before, theme);
        if leave_out.contains(&command.deed.kind()) {
            continue;
        }
        answers.push(world.carry_out(&command).await);
        sequence.commands.push(command);
    }
    world.work().await;
    let done = answers.iter().filter(|answer| answer.starts_with('2')).count();
    let commands = [answers.len(), done];
    let is_thorough = seed.is_multiple_of(THOROUGH_EVERY);
    let now = gained(world, &before, is_thorough).await;
    let mut breach = from_nowhere(&before, &now);
    // Who did nothing has lost nothing that they could keep.
    if breach.is_none() && done > 0 {
        sequence.takings = taking::draw(&mut dice, world);
        if dice.percent(40) {
            for _ in 0..=dice.below(AFTERWARDS_MAX) {
                sequence.afterwards.push(draw::command(&mut dice, world, &before, theme));
            }
        }
        let (more, found) = judge_taken(stage, world, &before, &sequence).await;
        answers.extend(more);
        breach = found;
    }
    let done = sequence.commands.iter().zip(&answers).filter(|(_, answer)| answer.starts_with(DONE));
    let operations = done.flat_map(|(command, _)| command.deed.operations()).copied().collect();
    let find = breach.map(|breach| Find { seed, sequence, answers, breach });
    Hunted { seed, commands, operations, find }
}

/// The shortest sequence that breaks the same property: commands are left out one by one as long as it still does.
pub(crate) async fn shrink(stage: &Stage, find: Find) -> Find {
    let property = find.breach.property;
    let mut shortest = find;
    let refused = without_refused(&shortest);
    if refused.commands.len() < shortest.sequence.commands.len() {
        attempt(stage, &mut shortest, refused, property).await;
    }
    loop {
        let length = size(&shortest.sequence);
        for at in (0..length).rev() {
            if at < size(&shortest.sequence) {
                let shorter = without(&shortest.sequence, at);
                attempt(stage, &mut shortest, shorter, property).await;
            }
        }
        if size(&shortest.sequence) == length {
            break;
        }
    }
    for who in shortest.sequence.coalition.clone() {
        let acts = shortest.sequence.commands.iter().any(|command| command.actor == who);
        let gains = shortest.breach.gained.iter().any(|(gainer, _)| *gainer == who);
        if !acts && !gains && shortest.sequence.coalition.len() > 1 {
            let mut fewer = shortest.sequence.clone();
            fewer.coalition.retain(|other| *other != who);
            attempt(stage, &mut shortest, fewer, property).await;
        }
    }
    shortest
}

async fn attempt(stage: &Stage, shortest: &mut Find, sequence: Sequence, property: Property) {
    let played = replay(stage, &sequence, property).await;
    if let Some(breach) = played.breach {
        *shortest = Find { seed: shortest.seed, sequence, answers: played.answers, breach };
    }
}

fn size(sequence: &Sequence) -> usize {
    sequence.commands.len() + sequence.takings.len() + sequence.afterwards.len()
}

fn without_refused(find: &Find) -> Sequence {
    let mut sequence = find.sequence.clone();
    let mut answers = find.answers.iter();
    sequence.commands.retain(|_| answers.next().is_none_or(|answer| answer.starts_with(DONE)));
    sequence
}

fn without(sequence: &Sequence, at: usize) -> Sequence {
    let mut shorter = sequence.clone();
    let (commands, takings) = (sequence.commands.len(), sequence.takings.len());
    if at < commands {
        shorter.commands.remove(at);
    } else if at < commands + takings {
        shorter.takings.remove(at - commands);
    } else {
        shorter.afterwards.remove(at - commands - takings);
    }
    shorter
}

impl Find {
    /// What tells one defect from another: the property, what was done, and what was gained.
    pub(crate) fn signature(&self) -> String {
        let mut kinds: Vec<String> = self.sequence.commands.iter().map(told).collect();
        kinds.sort();
        kinds.dedup();
        format!("{:?}: {} gives {}", self.breach.property, kinds.join("+"), self.gains())
    }

    /// What was gained, in a word or two, for what is not shrunk yet.
    pub(crate) fn gains(&self) -> String {
        let mut gained: Vec<String> = self.breach.gained.iter().map(|(_, power)| class(power)).collect();
        gained.sort();
        gained.dedup();
        gained.join(", ")
    }

    /// Everything about it, for people.
    pub(crate) fn told(&self) -> String {
        let mut text = format!("seed {}, coalition {}\n", self.seed, self.sequence.coalition.join(", "));
        let mut answers = self.answers.iter();
        let mut line = |words: String| {
            let answer = answers.next().map_or("", String::as_str);
            writeln!(text, "    {words} -> {answer}").expect("a string takes every text");
        };
        let spelled = |Command { actor, deed }: &Command| format!("{actor}: {deed:?}");
        self.sequence.commands.iter().for_each(|command| line(spelled(command)));
        self.sequence.takings.iter().for_each(|taking| line(format!("others: {taking:?}")));
        self.sequence.afterwards.iter().for_each(|command| line(spelled(command)));
        for (who, power) in self.breach.gained.iter().take(8) {
            writeln!(text, "    {who} gained {power:?}").expect("a string takes every text");
        }
        let more = self.breach.gained.len().saturating_sub(8);
        if more > 0 {
            writeln!(text, "    and {more} more").expect("a string takes every text");
        }
        text
    }
}

/// What was done, and what whoever did it is.
pub(crate) fn told(command: &Command) -> String {
    let by = match person(&command.actor) {
        Some(Person { rank: Rank::Staff(role), .. }) => role,
        Some(person) if is_partner(person.organization) => "partner",
        Some(Person { rank: Rank::Guardian | Rank::Primary, .. }) => "primary",
        Some(Person { rank: Rank::Manager, .. }) => "manager",
        Some(Person { rank: Rank::Designated | Rank::Reader, .. }) => "contact",
        None => "newcomer",
    };
    format!("{} by {by}", command.deed.kind())
}

fn class(power: &Power) -> String {
    match power {
        Power::Row(_, action @ ("manage_grants" | "create_restricted_request" | "appoint_primary_support")) => {
            (*action).to_owned()
        }
        Power::Row(..) => "rows".to_owned(),
        Power::Read(name) | Power::Message(name, _) | Power::Attachment(name) => format!("reading {}", secrecy(name)),
        Power::Update(name) => format!("updating {}", secrecy(name)),
        Power::Escalation(_) => "reading escalations".to_owned(),
        Power::Contact(_) => "reading contacts".to_owned(),
    }
}

fn secrecy(name: &str) -> &'static str {
    match crate::cast::request_named(name) {
        Some(request) if request.is_escalation => "an escalation's request",
        Some(request) if request.concealed_by.is_some() => "confidential requests",
        _ => "requests",
    }
}
