//! A sequence in a copy of the world, and the two properties that it must keep.

use std::collections::BTreeMap;

use crate::allowed::{Giver, gift, union_gain};
use crate::authority::{Asked, Authority, Power, observe};
use crate::cast::person;
use crate::command::{Command, Deed};
use crate::stage::Stage;
use crate::taking::{Taking, take};
use crate::world::World;

/// Who acts, what they do, what is taken from them then, and what they do afterwards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sequence {
    /// The coalition, by name.
    pub(crate) coalition: Vec<String>,
    /// What it does.
    pub(crate) commands: Vec<Command>,
    /// What others take from it then.
    pub(crate) takings: Vec<Taking>,
    /// What it does afterwards.
    pub(crate) afterwards: Vec<Command>,
}

/// Which property does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Property {
    /// The coalition as a whole may do or read more than before.
    Union,
    /// One of the coalition may, and nobody of it could give that.
    Alone,
    /// What was taken is there all the same.
    Taken,
}

/// A property that does not hold.
#[derive(Debug, Clone)]
pub(crate) struct Breach {
    /// Which one.
    pub(crate) property: Property,
    /// Who gained what; nobody in particular where the whole coalition did.
    pub(crate) gained: Vec<(String, Power)>,
}

/// What became of a sequence.
pub(crate) struct Played {
    /// How each command was answered, in their order.
    pub(crate) answers: Vec<String>,
    /// What is wrong, if anything is.
    pub(crate) breach: Option<Breach>,
}

fn union<'a>(all: impl IntoIterator<Item = &'a Authority>) -> Authority {
    all.into_iter().flatten().cloned().collect()
}

/// What each member may do and read now, those who joined included: what is new to them, and what is asked for of all.
pub(crate) async fn gained(
    world: &mut World,
    before: &BTreeMap<String, Authority>,
    is_thorough: bool,
) -> BTreeMap<String, Authority> {
    let nothing = Authority::new();
    let mut seen = BTreeMap::new();
    for who in world.registry.members.clone() {
        let known = before.get(&who).unwrap_or(&nothing);
        let authority = observe(world, &who, Asked::But(known), is_thorough).await;
        seen.insert(who, authority);
    }
    seen
}

async fn held(world: &mut World, asked: Asked<'_>) -> BTreeMap<String, Authority> {
    let mut seen = BTreeMap::new();
    for who in world.registry.members.clone() {
        let authority = observe(world, &who, asked, false).await;
        seen.insert(who, authority);
    }
    seen
}

fn givers(before: &BTreeMap<String, Authority>) -> Vec<Giver<'_>> {
    let known = before.iter().filter_map(|(who, authority)| Some((person(who)?, authority)));
    known.map(|(person, before)| Giver { person, before }).collect()
}

/// No authority from nowhere: the union does not grow, and nobody alone gains what none of the others could give. `now` is what is new
/// to each.
pub(crate) fn from_nowhere(before: &BTreeMap<String, Authority>, now: &BTreeMap<String, Authority>) -> Option<Breach> {
    let (had, have) = (union(before.values()), union(now.values()));
    let givers = givers(before);
    let grown: Vec<_> = have.difference(&had).filter(|power| union_gain(&givers, power).is_none()).collect();
    if !grown.is_empty() {
        let gained = grown.into_iter().map(|power| {
            let who = now.iter().find(|(_, powers)| powers.contains(power));
            (who.map(|(who, _)| who.clone()).unwrap_or_default(), power.clone())
        });
        return Some(Breach { property: Property::Union, gained: gained.collect() });
    }
    let mut gained = Vec::new();
    for (who, powers) in now {
        let receiver = person(who);
        for power in powers {
            if !givers.iter().any(|giver| gift(giver, receiver, power).is_some()) {
                gained.push((who.clone(), power.clone()));
            }
        }
    }
    (!gained.is_empty()).then_some(Breach { property: Property::Alone, gained })
}

/// What was taken stays taken: no more than in a world in which the coalition had done nothing before.
pub(crate) fn kept(
    before: &BTreeMap<String, Authority>,
    acted: &BTreeMap<String, Authority>,
    idle: &BTreeMap<String, Authority>,
) -> Option<Breach> {
    let allowed = union(idle.values());
    let givers = givers(before);
    let mut gained = Vec::new();
    for (who, powers) in acted {
        let receiver = person(who);
        for power in powers.difference(&allowed) {
            let is_given = |receiver| givers.iter().any(|giver| gift(giver, receiver, power).is_some());
            if !is_given(receiver) && !before.keys().any(|other| is_given(person(other))) {
                gained.push((who.clone(), power.clone()));
            }
        }
    }
    (!gained.is_empty()).then_some(Breach { property: Property::Taken, gained })
}

/// The world in which the coalition did nothing before the others took what they take: as much time passes there.
async fn idle(stage: &Stage, sequence: &Sequence, asked: &Authority) -> BTreeMap<String, Authority> {
    let mut copy = stage.copy(&sequence.coalition).await;
    let world = &mut copy.world;
    for command in &sequence.commands {
        if let Deed::Pass(seconds) = command.deed {
            world.pass(seconds);
        }
    }
    world.work().await;
    finish(world, sequence).await;
    held(world, Asked::Only(asked)).await
}

/// What is taken, and what the coalition does afterwards.
async fn finish(world: &mut World, sequence: &Sequence) -> Vec<String> {
    let mut answers = Vec::new();
    for taking in &sequence.takings {
        answers.push(take(world, taking).await);
    }
    for command in &sequence.afterwards {
        answers.push(world.carry_out(command).await);
    }
    world.work().await;
    answers
}

/// Judges what was taken, in a world in which the coalition has acted.
pub(crate) async fn judge_taken(
    stage: &Stage,
    world: &mut World,
    before: &BTreeMap<String, Authority>,
    sequence: &Sequence,
) -> (Vec<String>, Option<Breach>) {
    let answers = finish(world, sequence).await;
    let acted = held(world, Asked::All).await;
    let asked = union(acted.values());
    if asked.is_empty() {
        return (answers, None);
    }
    let idle = idle(stage, sequence, &asked).await;
    let breach = kept(before, &acted, &idle);
    (answers, breach)
}

/// Plays a sequence from its beginning, for one property.
pub(crate) async fn replay(stage: &Stage, sequence: &Sequence, property: Property) -> Played {
    let before = stage.before(&sequence.coalition).await;
    let mut copy = stage.copy(&sequence.coalition).await;
    let world = &mut copy.world;
    let mut answers = Vec::new();
    for command in &sequence.commands {
        answers.push(world.carry_out(command).await);
    }
    world.work().await;
    let breach = match property {
        Property::Union | Property::Alone => {
            let now = gained(world, &before, false).await;
            from_nowhere(&before, &now).filter(|breach| breach.property == property)
        }
        Property::Taken => {
            let (more, breach) = judge_taken(stage, world, &before, sequence).await;
            answers.extend(more);
            breach
        }
    };
    Played { answers, breach }
}
