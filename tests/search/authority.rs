//! What somebody may do and read, as the product answers it.
//!
//! Reading and updating are asked over HTTP, thing by thing, as the person would: a request that is read answers 200; one that
//! may be updated answers `version_mismatch` to an edit of a version that it never had, since what is permitted is decided before
//! that. The rows of the access table are core's own decision on the standing that storage loads: a call for each row would have
//! effects, or would be refused for another reason first.

use std::collections::BTreeSet;

use mandate_core::access::{Action, Standing, Verdict, decide};
use mandate_core::id::OrganizationId;
use mandate_core::text::Email;
use mandate_core::vocabulary::Vocabulary as _;
use mandate_storage::StorageError;
use mandate_tests::{Value, json};

use crate::cast::{ORGANIZATIONS, PEOPLE, REQUESTS};
use crate::world::{Payload, World};

/// One thing that somebody may do or read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Power {
    /// A row of the access table at an organization.
    Row(&'static str, &'static str),
    /// Reading a service request.
    Read(&'static str),
    /// Updating it.
    Update(&'static str),
    /// Reading one of its messages.
    Message(&'static str, usize),
    /// Reading one of its attachments.
    Attachment(&'static str),
    /// Reading the escalation of an organization, or its case file.
    Escalation(String),
    /// Reading a contact.
    Contact(&'static str),
}

/// What somebody may do and read.
pub(crate) type Authority = BTreeSet<Power>;

/// Which powers are asked for; each costs a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// All of them.
    All,
    /// All but these, which are no news.
    But(&'a Authority),
    /// These alone.
    Only(&'a Authority),
}

impl Asked<'_> {
    fn wants(self, power: &Power) -> bool {
        match self {
            Self::All => true,
            Self::But(known) => !known.contains(power),
            Self::Only(those) => those.contains(power),
        }
    }
}

/// Asks what somebody may do and read of what there was when the sequence began. What hangs on a request, its messages and files, is
/// asked for where the request was read, unless the look is a thorough one.
pub(crate) async fn observe(world: &mut World, who: &str, asked: Asked<'_>, is_thorough: bool) -> Authority {
    let mut seen = Authority::new();
    if !world.call(who, "GET", "/v1/me", Payload::Nothing).await.is_done() {
        return seen;
    }
    rows(world, who, &mut seen);
    for request in REQUESTS {
        about_request(world, who, request.name, asked, is_thorough, &mut seen).await;
    }
    for (organization, id) in world.registry.first_escalations.clone() {
        let power = Power::Escalation(organization);
        if !asked.wants(&power) {
            continue;
        }
        for path in [format!("/v1/escalations/{id}"), format!("/v1/escalations/{id}/case-file")] {
            if reads(world, who, &path).await {
                seen.insert(power.clone());
            }
        }
    }
    for organization in ORGANIZATIONS {
        let people = || PEOPLE.iter().filter(|person| person.organization == organization.name);
        if !people().any(|person| asked.wants(&Power::Contact(person.name))) {
            continue;
        }
        let id = world.registry.organization(organization.name);
        let listed =
            world.call(who, "GET", &format!("/v1/organizations/{id}/contacts?limit=100"), Payload::Nothing).await;
        let ids: Vec<&str> = rows_of(&listed.body).filter_map(|row| row["id"].as_str()).collect();
        let listed = people().filter(|person| ids.contains(&world.registry.person(person.name).as_str()));
        seen.extend(listed.map(|person| Power::Contact(person.name)));
    }
    seen.retain(|power| asked.wants(power));
    seen
}

fn rows_of(body: &Value) -> impl Iterator<Item = &Value> {
    body["data"].as_array().into_iter().flatten()
}

async fn reads(world: &mut World, who: &str, path: &str) -> bool {
    world.call(who, "GET", path, Payload::Nothing).await.is_done()
}

async fn about_request(
    world: &mut World,
    who: &str,
    name: &'static str,
    asked: Asked<'_>,
    is_thorough: bool,
    seen: &mut Authority,
) {
    let path = format!("/v1/service-requests/{}", world.registry.request(name));
    let is_news = asked.wants(&Power::Read(name));
    let is_read = if is_news || is_thorough { reads(world, who, &path).await } else { true };
    if is_read {
        seen.insert(Power::Read(name));
    }
    if !is_read && !is_thorough {
        return;
    }
    let probe = Payload::Patch(json!({"severity": 3}), Some("\"999999\""));
    if asked.wants(&Power::Update(name)) && world.call(who, "PATCH", &path, probe).await.status == 412 {
        seen.insert(Power::Update(name));
    }
    let known = world.registry.messages.get(name).cloned().unwrap_or_default();
    if (0..known.len()).any(|place| asked.wants(&Power::Message(name, place))) {
        let listed = world.call(who, "GET", &format!("{path}/messages?limit=100"), Payload::Nothing).await;
        for row in rows_of(&listed.body) {
            if let Some(place) = known.iter().position(|id| row["id"] == id.as_str()) {
                seen.insert(Power::Message(name, place));
            }
        }
    }
    if let Some(attachment) = world.registry.attachments.get(name).cloned()
        && asked.wants(&Power::Attachment(name))
        && reads(world, who, &format!("/v1/attachments/{attachment}/content")).await
    {
        seen.insert(Power::Attachment(name));
    }
}

/// Core's decisions on each row of the access table at each organization.
fn rows(world: &World, who: &str, seen: &mut Authority) {
    let Some(account) = world.registry.accounts.get(who) else { return };
    let Ok(email) = Email::parse(&account.email) else { return };
    let now = world.now();
    let places: Vec<(&'static str, String)> =
        ORGANIZATIONS.iter().map(|one| (one.name, world.registry.organization(one.name))).collect();
    let standings = world.store().read::<Vec<(&'static str, Standing)>, StorageError>(|tx| {
        let Some((actor, _)) = tx.actor_by_email(&email)? else { return Ok(Vec::new()) };
        let known = places.iter().filter_map(|(name, id)| OrganizationId::parse(id).ok().map(|id| (*name, id)));
        known.map(|(name, id)| Ok((name, tx.standing(&actor, id, now)?))).collect()
    });
    for (organization, standing) in standings.expect("the database can be read") {
        let permitted = Action::ALL.iter().filter(|action| decide(&standing, **action) == Verdict::Permit);
        seen.extend(permitted.map(|action| Power::Row(organization, action.name())));
    }
}
