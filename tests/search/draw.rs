//! What is drawn: coalitions, and commands by what those may do who give them.

use std::collections::BTreeMap;

use mandate_core::vocabulary::{Level, Vocabulary as _};

use crate::authority::{Authority, Power};
use crate::cast::{
    FREE_DOMAIN, GRANTS, ORGANIZATIONS, PEOPLE, Person, REQUESTS, Rank, is_partner, level, level_names, person,
};
use crate::command::{Command, Deed, Newcomer, Step, Way};
use crate::dice::Dice;
use crate::world::{World, domain};

/// What each of a coalition could do and read when the sequence began.
pub(crate) type Known = BTreeMap<String, Authority>;

/// What a sequence is mostly about; the other things happen as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Contacts and what they are.
    Contacts,
    /// Grants.
    Grants,
    /// Service requests.
    Requests,
    /// Escalations.
    Escalations,
    /// Everything alike.
    Mixed,
}

/// The themes, each as often as its weight says.
const THEMES: &[(usize, Theme)] =
    &[(30, Theme::Contacts), (20, Theme::Grants), (25, Theme::Requests), (10, Theme::Escalations), (15, Theme::Mixed)];

/// The theme of a sequence: one that somebody of the coalition can do something about.
pub(crate) fn theme(dice: &mut Dice, before: &Known) -> Theme {
    let may =
        |action: &str| before.values().flatten().any(|power| matches!(power, Power::Row(_, one) if *one == action));
    loop {
        let theme = dice.weighted(THEMES);
        let is_possible = match theme {
            Theme::Contacts => may("manage_contacts"),
            Theme::Grants => may("manage_grants"),
            Theme::Escalations => may("open_escalation") || may("decide_escalations"),
            Theme::Requests | Theme::Mixed => true,
        };
        if is_possible {
            return theme;
        }
    }
}

/// One to three people, never two of the vendor who together may complete an escalation.
pub(crate) fn coalition(dice: &mut Dice) -> Vec<String> {
    let size = dice.weighted(&[(25, 1), (45, 2), (30, 3)]);
    let mut all: Vec<&Person> = Vec::new();
    while all.len() < size {
        let weights: Vec<(usize, &Person)> = PEOPLE.iter().map(|person| (person.weight, person)).collect();
        let person = dice.weighted(&weights);
        let is_known = all.iter().any(|other| other.name == person.name);
        let completes = all.iter().any(|other| complete_together(other, person));
        if !is_known && !completes {
            all.push(person);
        }
    }
    all.into_iter().map(|person| person.name.to_owned()).collect()
}

/// E-6: one of the vendor verifies, a duty manager approves.
fn complete_together(one: &Person, other: &Person) -> bool {
    let is_duty = |person: &Person| person.rank == Rank::Staff("duty_manager");
    let is_staff = |person: &Person| matches!(person.rank, Rank::Staff(_));
    (is_duty(one) && is_staff(other)) || (is_duty(other) && is_staff(one))
}

/// Where somebody acts: at home, or where a grant of theirs leads.
struct Place {
    name: String,
    is_home: bool,
    level: Option<Level>,
}

/// What somebody is when they act, as far as the draw goes by it.
struct Drawer<'a> {
    dice: &'a mut Dice,
    world: &'a World,
    /// What the actor could do when the sequence began; nothing is known of those who joined.
    before: Option<&'a Authority>,
    actor: String,
    rank: Option<Rank>,
    at: Place,
}

/// The next command of a coalition.
pub(crate) fn command(dice: &mut Dice, world: &World, before: &Known, theme: Theme) -> Command {
    let members = &world.registry.members;
    let able: Vec<String> = members.iter().filter(|who| !world.registry.locked_out.contains(*who)).cloned().collect();
    let wanted = match theme {
        Theme::Contacts => "manage_contacts",
        Theme::Grants => "manage_grants",
        Theme::Requests | Theme::Escalations | Theme::Mixed => "read_organization",
    };
    let suits = |who: &&String| {
        before.get(*who).is_none_or(|all| all.iter().any(|power| matches!(power, Power::Row(_, one) if *one == wanted)))
    };
    let suiting: Vec<String> = able.iter().filter(suits).cloned().collect();
    let chosen = if dice.percent(70) { dice.any(&suiting) } else { None };
    let actor = chosen.or_else(|| dice.any(&able)).unwrap_or_else(|| members[0].clone());
    let account = world.registry.accounts.get(&actor);
    let home = account.map(|account| account.organization.clone()).unwrap_or_default();
    let rank = person(&actor).map(|person| person.rank);
    let at = place(dice, &actor, &home, rank);
    let mut drawer = Drawer { dice, world, before: before.get(&actor), actor: actor.clone(), rank, at };
    let deed = drawer.deed(theme);
    Command { actor, deed }
}

fn place(dice: &mut Dice, actor: &str, home: &str, rank: Option<Rank>) -> Place {
    let held = ORGANIZATIONS.iter().filter_map(|one| Some((level(one.name, actor)?, one.name)));
    let weigh = |level: Level| Level::ALL.iter().position(|one| *one == level).unwrap_or_default().pow(2);
    let held: Vec<(usize, &str)> = held.map(|(level, name)| (weigh(level), name)).collect();
    match rank {
        Some(Rank::Staff("consultant")) => {
            Place { name: "acme".to_owned(), is_home: false, level: level("acme", actor) }
        }
        Some(Rank::Staff(_)) => {
            let name = dice.weighted(&[(60, "acme"), (30, "stark"), (5, "initech"), (5, "globex")]);
            Place { name: name.to_owned(), is_home: false, level: level(name, actor) }
        }
        _ if is_partner(home) && !held.is_empty() && dice.percent(80) => {
            let name = dice.weighted(&held);
            Place { name: name.to_owned(), is_home: false, level: level(name, actor) }
        }
        _ => Place { name: home.to_owned(), is_home: true, level: None },
    }
}

impl Drawer<'_> {
    fn deed(&mut self, theme: Theme) -> Deed {
        let about = |kind: Theme| if theme == kind { 60 } else { 12 };
        let is_desk = matches!(self.rank, Some(Rank::Staff("agent" | "duty_manager")));
        let is_staff = matches!(self.rank, Some(Rank::Staff(_)));
        let is_home = self.at.is_home;
        // Whoever was made up may be anything by now.
        let manages_home = is_home && !matches!(self.rank, Some(Rank::Designated | Rank::Reader));
        let manages = manages_home || self.at.level == Some(Level::FullAdmin);
        let reads = is_desk || is_home || self.at.level.is_some();
        let known = &self.world.registry;
        let is_customer = is_home && !is_partner(&self.at.name);
        let is_asking = is_partner(&known.accounts[&self.actor].organization);
        let escalates =
            is_customer || matches!(self.rank, Some(Rank::Staff(role)) if role != "agent" && role != "consultant");
        let is_invited = known.invitations.keys().any(|(_, whom)| *whom == self.actor);
        let choices = [
            (if manages { about(Theme::Contacts) } else { 1 }, Choice::Contacts),
            (if manages_home { about(Theme::Grants) } else { 1 }, Choice::Grants),
            (if reads { about(Theme::Requests) } else { 2 }, Choice::Requests),
            (if escalates { about(Theme::Escalations) } else { 1 }, Choice::Escalations),
            (if is_staff && self.at.level.is_none() { 25 } else { 1 }, Choice::Records),
            (if is_asking { 3 } else { 0 }, Choice::Asking),
            (if is_invited { 20 } else { 0 }, Choice::Accepting),
            (3, Choice::Own),
            (if theme == Theme::Escalations { 14 } else { 5 }, Choice::Time),
        ];
        match self.dice.weighted(&choices) {
            Choice::Contacts => self.contacts(),
            Choice::Grants => self.grants(),
            Choice::Requests => self.requests(),
            Choice::Escalations => self.escalations(),
            Choice::Records => self.records(),
            Choice::Asking => self.asking(),
            Choice::Accepting => Deed::Accept,
            Choice::Own => self.own(),
            Choice::Time => self.time(),
        }
    }

    fn members(&self) -> Vec<String> {
        self.world.registry.members.clone()
    }

    /// People who are of an organization now, newcomers included.
    fn people_at(&self, at: &str) -> Vec<String> {
        let accounts = self.world.registry.accounts.iter();
        accounts.filter(|(_, account)| account.organization == at).map(|(name, _)| name.clone()).collect()
    }

    /// Those of an organization who are of a kind that matters: the coalition's own, or those who manage.
    fn target(&mut self) -> String {
        let all = self.people_at(&self.at.name);
        let members = self.members();
        let own: Vec<String> = all.iter().filter(|name| members.contains(name)).cloned().collect();
        let managing: Vec<String> = all
            .iter()
            .filter(|name| {
                person(name).is_some_and(|one| matches!(one.rank, Rank::Guardian | Rank::Manager | Rank::Primary))
            })
            .cloned()
            .collect();
        let chosen = match self.dice.below(100) {
            0..30 => self.dice.any(&own),
            30..65 => self.dice.any(&managing),
            _ => None,
        };
        chosen.or_else(|| self.dice.any(&all)).unwrap_or_else(|| "nobody".to_owned())
    }

    fn newcomer(&mut self) -> Newcomer {
        let homes: Vec<String> = self
            .members()
            .iter()
            .filter_map(|who| {
                let home = &self.world.registry.accounts.get(who)?.organization;
                is_partner(home).then(|| domain(home))
            })
            .collect();
        let domain = match self.dice.below(100) {
            0..55 => self.dice.any(&homes).unwrap_or_else(|| FREE_DOMAIN.to_owned()),
            55..75 => FREE_DOMAIN.to_owned(),
            _ => domain(&self.at.name),
        };
        Newcomer { name: format!("eve{}", self.world.registry.newcomers.len() + 1), domain }
    }

    fn kind(&mut self) -> &'static str {
        self.dice.weighted(&[(45, "technical"), (55, "primary_support")])
    }

    fn permission(&mut self) -> &'static str {
        self.dice.weighted(&[(50, "manage_contacts"), (40, "designated_support"), (10, "knowledge_base")])
    }

    fn request_at(&mut self) -> &'static str {
        let here: Vec<&'static str> =
            REQUESTS.iter().filter(|one| one.organization == self.at.name).map(|one| one.name).collect();
        let read: Vec<&'static str> = here
            .iter()
            .filter(|name| self.before.is_none_or(|before| before.contains(&Power::Read(name))))
            .copied()
            .collect();
        let chosen = if self.dice.percent(85) { self.dice.any(&read) } else { None };
        chosen.or_else(|| self.dice.any(&here)).unwrap_or("printer")
    }

    fn contacts(&mut self) -> Deed {
        let at = self.at.name.clone();
        match self.dice.below(100) {
            0..20 => {
                let whom = self.newcomer();
                let (kind, permission) = (self.kind(), self.permission());
                let request = self.request_at();
                let way = match self.dice.below(100) {
                    0..70 => Way::Alone,
                    70..85 => Way::Import,
                    _ => Way::Participant(request, "cc"),
                };
                Deed::Create { at, whom, kind, permission, way }
            }
            20..50 => {
                let kind = if self.dice.percent(45) { Some(self.kind()) } else { None };
                let permission = if kind.is_none() || self.dice.percent(60) { Some(self.permission()) } else { None };
                Deed::Edit { whom: self.target(), kind, permission }
            }
            50..67 => Deed::Disable { whom: self.target() },
            67..82 => {
                let members = self.members();
                let whom = if self.dice.percent(65) { self.dice.pick(&members) } else { self.target() };
                Deed::Enable { whom }
            }
            82..88 => {
                let members = self.members();
                let whom = self.dice.pick(&members);
                Deed::Invite { at, whom, kind: self.kind(), permission: self.permission() }
            }
            88..90 => Deed::Welcome { whom: self.target() },
            90..94 => Deed::Review { at },
            94..98 => Deed::Confirm { at, whom: self.target() },
            98 => Deed::Uninvite { at, whom: self.target() },
            _ => Deed::Site { at },
        }
    }

    /// Whom a grant is made to: the coalition's partners and staff most often, their organizations, or somebody else.
    fn holder(&mut self) -> String {
        let members = self.members();
        let outside: Vec<String> = members
            .iter()
            .filter_map(|who| {
                let home = &self.world.registry.accounts.get(who)?.organization;
                (*home != self.at.name).then(|| [who.clone(), home.clone()])
            })
            .flatten()
            .collect();
        let chosen = if self.dice.percent(75) { self.dice.any(&outside) } else { None };
        let others: Vec<&str> = GRANTS.iter().map(|grant| grant.grantee).collect();
        chosen.unwrap_or_else(|| self.dice.pick(&others).to_owned())
    }

    /// Who holds a grant of an organization: of the coalition most often.
    fn held_grant(&mut self, at: &str) -> Option<String> {
        let grants = self.world.registry.grants.keys().filter(|(grantor, _)| grantor == at);
        let all: Vec<String> = grants.map(|(_, grantee)| grantee.clone()).collect();
        let members = self.members();
        let own: Vec<String> = all.iter().filter(|grantee| members.contains(grantee)).cloned().collect();
        let chosen = if self.dice.percent(70) { self.dice.any(&own) } else { None };
        chosen.or_else(|| self.dice.any(&all))
    }

    fn level(&mut self) -> &'static str {
        let names = level_names();
        if self.dice.percent(35) { "full_admin" } else { names[self.dice.below(names.len())] }
    }

    fn seconds(&mut self) -> i64 {
        self.dice.pick(&[5, 3_600, 86_400, 20 * 86_400, 300 * 86_400])
    }

    fn grants(&mut self) -> Deed {
        let (at, to) = (self.at.name.clone(), self.holder());
        let is_staff = person(&to).is_some_and(|one| matches!(one.rank, Rank::Staff(_)));
        match self.dice.below(100) {
            0..35 => {
                let level = self.level();
                let seconds = if is_staff || self.dice.percent(20) { Some(self.seconds()) } else { None };
                let history =
                    if matches!(level, "none" | "cc") { None } else { Some(self.dice.pick(&["all", "open", "new"])) };
                Deed::Grant { at, to, level, seconds, history }
            }
            35..60 => {
                let to = self.held_grant(&at).unwrap_or(to);
                let level = if self.dice.percent(60) { Some(self.level()) } else { None };
                let seconds = match level {
                    Some(_) if self.dice.percent(60) => None,
                    _ if !is_staff && self.dice.percent(25) => Some(None),
                    _ => Some(Some(self.seconds())),
                };
                Deed::Regrant { at, to, level, seconds }
            }
            60..82 => Deed::Revoke { to: self.held_grant(&at).unwrap_or(to), at },
            82..94 if !self.world.registry.asked.is_empty() => {
                let asked: Vec<_> = self.world.registry.asked.keys().cloned().collect();
                let (at, to) = self.dice.pick(&asked);
                let level = if self.dice.percent(50) { Some(self.level()) } else { None };
                Deed::Approve { at, to, level }
            }
            94..98 if !self.world.registry.asked.is_empty() => Deed::Decline { at, to },
            _ => Deed::Grant { at, to, level: "full_admin", seconds: is_staff.then_some(86_400), history: None },
        }
    }

    fn requests(&mut self) -> Deed {
        let (at, request) = (self.at.name.clone(), self.request_at());
        let members = self.members();
        let whom = if self.dice.percent(65) { self.dice.pick(&members) } else { self.target() };
        match self.dice.below(100) {
            0..32 => {
                let role = self.dice.pick(&["cc", "secondary", "secondary", "point_of_contact"]);
                Deed::Admit { request, whom, role }
            }
            32..47 => Deed::Lead { request, whom },
            47..65 => Deed::Conceal { request, confidential: self.dice.percent(25) },
            65..73 => Deed::Dismiss { request, whom },
            73..82 => Deed::Write { request },
            82..87 => {
                Deed::Status { request, status: self.dice.pick(&["solved", "closed", "open", "waiting_on_customer"]) }
            }
            _ => {
                let category = self.dice.pick(&["question", "access_request", "upgrade", "primary_contact_recovery"]);
                let lead = if self.dice.percent(40) { Some(whom) } else { None };
                Deed::Submit { at, category, lead }
            }
        }
    }

    fn escalations(&mut self) -> Deed {
        let at =
            if self.at.name == "acme" && self.dice.percent(60) { "stark".to_owned() } else { self.at.name.clone() };
        match self.dice.below(100) {
            0..12 => {
                let channel = match self.rank {
                    Some(Rank::Staff("duty_manager")) => "phone",
                    Some(Rank::Staff(_)) => "account_team",
                    _ => "service_request",
                };
                Deed::Escalate { at, nominee: self.newcomer(), channel }
            }
            12..30 => Deed::Nominate { at, nominee: self.newcomer() },
            30..36 => Deed::Evidence { at },
            36..39 => Deed::ObjectByLink,
            _ => {
                use Step::{Approve, Ask, Complete, Number, Object, Provide, Reject, Resume, Review, Verify, Withdraw};
                let is_outside = matches!(self.rank, Some(Rank::Staff(_)));
                let steps = if is_outside {
                    vec![
                        (20, Review),
                        (22, Verify),
                        (8, Ask),
                        (24, Approve),
                        (9, Complete),
                        (5, Reject),
                        (7, Resume),
                        (5, Number),
                    ]
                } else {
                    vec![(40, Provide), (20, Withdraw), (30, Object), (10, Complete)]
                };
                Deed::Step { at, step: self.dice.weighted(&steps) }
            }
        }
    }

    /// What staff do to organizations and people.
    fn records(&mut self) -> Deed {
        let at = self.at.name.clone();
        let staff: Vec<String> = self.people_at(crate::cast::VENDOR);
        let colleague = self.dice.any(&staff).unwrap_or_default();
        if self.rank == Some(Rank::Staff("administrator")) {
            return match self.dice.below(100) {
                0..20 => Deed::Suspend { at },
                20..40 => Deed::Resume { at },
                40..50 => Deed::Domain { at, domain: "more.example".to_owned() },
                50..60 => Deed::Team { at, whom: colleague },
                60..70 => Deed::Found { whom: self.newcomer() },
                70..85 => Deed::DisableStaff { whom: colleague },
                85..92 => Deed::EnableStaff { whom: colleague },
                _ => Deed::Disable { whom: self.target() },
            };
        }
        match self.dice.below(100) {
            0..60 => Deed::Disable { whom: self.target() },
            60..80 => Deed::Train { whom: self.target() },
            _ => Deed::Enable { whom: self.target() },
        }
    }

    fn asking(&mut self) -> Deed {
        let home = self.world.registry.accounts[&self.actor].organization.clone();
        let people = self.people_at(&home);
        let to = match self.dice.below(3) {
            0 => self.actor.clone(),
            1 => home,
            _ => self.dice.any(&people).unwrap_or(home),
        };
        let at = self.dice.weighted(&[(70, "acme"), (20, "stark"), (10, "initech")]).to_owned();
        if self.world.registry.asked.is_empty() || self.dice.percent(80) {
            let level = self.level();
            Deed::Ask { at, to, level: if level == "none" { "full_admin" } else { level } }
        } else {
            Deed::Unask { at, to }
        }
    }

    fn own(&mut self) -> Deed {
        match self.dice.below(10) {
            0..6 => Deed::Phone,
            6..9 => Deed::Reset,
            _ => Deed::SignOut,
        }
    }

    fn time(&mut self) -> Deed {
        if self.dice.percent(35) {
            Deed::Work
        } else {
            Deed::Pass(self.dice.weighted(&[(30, 10), (20, 3_600), (30, 90_000), (15, 3 * 86_400), (5, 31 * 86_400)]))
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Choice {
    Contacts,
    Grants,
    Requests,
    Escalations,
    Records,
    Asking,
    Accepting,
    Own,
    Time,
}
