//! What others take from a coalition: each thing by somebody honest who may.

use crate::cast::{GRANTS, PEOPLE, Rank, VENDOR, is_partner, person};
use crate::command::{Command, Deed, Step};
use crate::dice::Dice;
use crate::world::World;

/// Something that is taken.
#[derive(Debug, Clone)]
pub(crate) enum Taking {
    /// A contact is disabled.
    Disable(String),
    /// A contact keeps the knowledge base alone.
    Demote(String),
    /// A grant is revoked.
    Revoke(String, String),
    /// A grant becomes `cc`, or one of `cc` is made.
    Lower(String, String),
    /// A person is shut out by `none`.
    ShutOut(String, String),
    /// An organization is suspended.
    Suspend(String),
    /// A staff member is disabled.
    DisableStaff(String),
    /// Somebody of the organization objects to its escalation.
    Object(String),
    /// Another duty manager rejects it.
    Reject(String),
}

/// What is taken from whom is drawn when the coalition has acted; nobody takes from all of it always.
pub(crate) fn draw(dice: &mut Dice, world: &World) -> Vec<Taking> {
    let mut takings = Vec::new();
    for who in world.registry.members.clone() {
        if !takings.is_empty() && !dice.percent(75) {
            continue;
        }
        from(dice, world, &who, &mut takings);
    }
    for at in world.registry.escalations.keys().cloned() {
        match dice.below(100) {
            0..30 => takings.push(Taking::Object(at)),
            30..45 => takings.push(Taking::Reject(at)),
            _ => {}
        }
    }
    takings
}

fn from(dice: &mut Dice, world: &World, who: &str, takings: &mut Vec<Taking>) {
    let Some(account) = world.registry.accounts.get(who) else { return };
    let home = account.organization.clone();
    let rank = person(who).map(|person| person.rank);
    if let Some(Rank::Staff(_)) = rank {
        if dice.percent(40) {
            takings.push(Taking::DisableStaff(who.to_owned()));
        } else {
            from_grants(dice, world, who, &home, takings);
        }
    } else if is_partner(&home) && rank.is_some() {
        match dice.below(100) {
            0..25 => takings.push(Taking::Disable(who.to_owned())),
            25..35 => takings.push(Taking::Suspend(home)),
            _ => from_grants(dice, world, who, &home, takings),
        }
    } else if rank.is_some() && dice.percent(35) {
        takings.push(Taking::Demote(who.to_owned()));
    } else {
        takings.push(Taking::Disable(who.to_owned()));
    }
}

fn from_grants(dice: &mut Dice, world: &World, who: &str, home: &str, takings: &mut Vec<Taking>) {
    let mut grantors: Vec<&String> = Vec::new();
    for (grantor, grantee) in world.registry.grants.keys() {
        if (grantee == who || grantee == home) && !grantors.contains(&grantor) {
            grantors.push(grantor);
        }
    }
    for at in grantors {
        let is_individual = world.registry.grants.contains_key(&(at.clone(), who.to_owned()));
        let at_first = |holder: &str| GRANTS.iter().any(|grant| grant.grantor == at && grant.grantee == holder);
        let holder = if is_individual || !at_first(home) || dice.percent(50) { who } else { home };
        let (at, holder) = (at.clone(), holder.to_owned());
        takings.push(match dice.below(3) {
            0 if home != VENDOR && holder == who => Taking::ShutOut(at, holder),
            1 if is_individual && !at_first(home) || holder == home => Taking::Revoke(at, holder),
            _ => Taking::Lower(at, holder),
        });
    }
}

/// Takes something: the first of those who may and are not of the coalition.
pub(crate) async fn take(world: &mut World, taking: &Taking) -> String {
    let mut last = "nobody could".to_owned();
    for deed in deeds(taking) {
        for taker in takers(world, taking) {
            let answer = world.carry_out(&Command { actor: taker.to_owned(), deed: deed.clone() }).await;
            if answer.starts_with('2') {
                return format!("{answer} by {taker}");
            }
            last = format!("{answer} by {taker}");
        }
    }
    last
}

/// What takes it; the second where the first finds nothing to change.
fn deeds(taking: &Taking) -> Vec<Deed> {
    let level = |at: &String, to: &String, level| {
        let (at, to) = (at.clone(), to.clone());
        let edit = Deed::Regrant { at: at.clone(), to: to.clone(), level: Some(level), seconds: None };
        vec![edit, Deed::Grant { at, to, level, seconds: Some(20 * 86_400), history: None }]
    };
    match taking {
        Taking::Disable(whom) => vec![Deed::Disable { whom: whom.clone() }],
        Taking::Demote(whom) => {
            vec![Deed::Edit { whom: whom.clone(), kind: Some("technical"), permission: Some("knowledge_base") }]
        }
        Taking::Revoke(at, to) => vec![Deed::Revoke { at: at.clone(), to: to.clone() }],
        Taking::Lower(at, to) => level(at, to, "cc"),
        Taking::ShutOut(at, to) => level(at, to, "none"),
        Taking::Suspend(at) => vec![Deed::Suspend { at: at.clone() }],
        Taking::DisableStaff(whom) => vec![Deed::DisableStaff { whom: whom.clone() }],
        Taking::Object(at) => vec![Deed::Step { at: at.clone(), step: Step::Object }],
        Taking::Reject(at) => vec![Deed::Step { at: at.clone(), step: Step::Reject }],
    }
}

fn takers(world: &World, taking: &Taking) -> Vec<&'static str> {
    let home = |who: &String| world.registry.accounts.get(who).map(|account| account.organization.clone());
    let at = match taking {
        Taking::Disable(whom) | Taking::Demote(whom) => home(whom).unwrap_or_default(),
        Taking::Revoke(at, _) | Taking::Lower(at, _) | Taking::ShutOut(at, _) | Taking::Object(at) => at.clone(),
        Taking::Suspend(_) | Taking::DisableStaff(_) | Taking::Reject(_) => String::new(),
    };
    let of_rank = |rank| PEOPLE.iter().filter(move |person| person.rank == rank && !person.is_former);
    let managers = of_rank(Rank::Guardian).chain(of_rank(Rank::Manager));
    let mut takers: Vec<&'static str> =
        managers.filter(|person| person.organization == at).map(|person| person.name).collect();
    match taking {
        Taking::Suspend(_) | Taking::DisableStaff(_) => takers.push("admin"),
        Taking::Disable(_) => takers.extend(["alba", "dora", "admin"]),
        Taking::Reject(_) => takers.extend(["dora", "dirk"]),
        Taking::Demote(_) | Taking::Revoke(..) | Taking::Lower(..) | Taking::ShutOut(..) | Taking::Object(_) => {}
    }
    takers.retain(|name| !world.registry.members.iter().any(|member| member == name));
    takers
}
