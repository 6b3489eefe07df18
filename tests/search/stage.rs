//! The world in which every sequence begins, made once through the API and copied for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Level, Vocabulary as _};
use mandate_tests::{Value, json, person as named, with};
use tempfile::TempDir;

use crate::authority::{Asked, Authority, observe};
use crate::cast::{
    ESCALATION, GRANTS, Grant, ORGANIZATIONS, PEOPLE, Person, REQUESTS, Rank, Request, VENDOR, person as cast_person,
};
use crate::world::{Payload, Registry, Reply, World, copy, domain};

/// When the world begins.
const BEGINNING: &str = "2026-03-01T09:00:00Z";

/// The world as it is before anybody acts.
pub(crate) struct Stage {
    folder: TempDir,
    registry: Registry,
    copies: AtomicUsize,
    /// What each person may do and read then.
    before: Mutex<BTreeMap<String, Authority>>,
}

/// A copy, which is removed when it is dropped.
pub(crate) struct Copy {
    /// The world.
    pub(crate) world: World,
    _folder: Removed,
}

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // What stays behind goes with the stage's own folder.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Stage {
    /// Makes the world. In memory, where this machine has a place for that.
    pub(crate) async fn build() -> Self {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new()
            .prefix("mandate-search-")
            .tempdir_in(place)
            .expect("a temporary folder can be made");
        let time = Timestamp::parse(BEGINNING).expect("the beginning is a moment").micros();
        let original = folder.path().join("original");
        std::fs::create_dir_all(&original).expect("a folder can be made");
        let mut world = World::open(&original, Registry { time, ..Registry::default() }).await;
        fill(&mut world).await;
        let registry = world.close();
        Self { folder, registry, copies: AtomicUsize::new(0), before: Mutex::default() }
    }

    /// A copy for one sequence, with its coalition.
    pub(crate) async fn copy(&self, coalition: &[String]) -> Copy {
        let number = self.copies.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.path().join(format!("copy-{number}"));
        copy(&self.folder.path().join("original"), &folder);
        let registry = Registry { members: coalition.to_vec(), ..self.registry.clone() };
        let world = World::open(&folder, registry).await;
        Copy { world, _folder: Removed(folder) }
    }

    /// What each of these may do and read before anybody acts.
    pub(crate) async fn before(&self, coalition: &[String]) -> BTreeMap<String, Authority> {
        let known = self.before.lock().expect("nobody panicked").clone();
        let unknown: Vec<&String> = coalition.iter().filter(|who| !known.contains_key(*who)).collect();
        if !unknown.is_empty() {
            let mut copy = self.copy(&[]).await;
            for who in unknown {
                let seen = observe(&mut copy.world, who, Asked::All, true).await;
                self.before.lock().expect("nobody panicked").insert(who.clone(), seen);
            }
        }
        let known = self.before.lock().expect("nobody panicked");
        coalition.iter().map(|who| (who.clone(), known[who].clone())).collect()
    }
}

/// Does something that has to succeed.
async fn done(world: &mut World, who: &str, path: &str, body: Value) -> Reply {
    let reply = world.call(who, "POST", path, Payload::Json(body)).await;
    assert!(reply.is_done(), "{who} POST {path}: {} {}", reply.status, reply.body);
    reply
}

async fn fill(world: &mut World) {
    world.introduce("admin", "admin@vendor.example", VENDOR);
    let me = world.call("admin", "GET", "/v1/me", Payload::Nothing).await;
    world.registry.organizations.insert(VENDOR.to_owned(), me.text("organization_id"));
    for organization in ORGANIZATIONS {
        let guardian = guardian(organization.name);
        let email = format!("{guardian}@{}", domain(organization.name));
        let body = json!({"kind": organization.kind, "name": organization.name, "domains": [domain(organization.name)],
            "first_contact": named(&email)});
        let made = done(world, "admin", "/v1/organizations", body).await;
        world.registry.organizations.insert(organization.name.to_owned(), made.text("id"));
        world.introduce(guardian, &email, organization.name);
    }
    world.work().await;
    for person in PEOPLE.iter().filter(|person| !world.registry.accounts.contains_key(person.name)).collect::<Vec<_>>()
    {
        enter(world, person).await;
    }
    world.work().await;
    for person in PEOPLE {
        let me = world.call(person.name, "GET", "/v1/me", Payload::Nothing).await;
        assert!(me.is_done(), "{}: {}", person.name, me.body);
    }
    for organization in ["acme", "stark"] {
        let id = world.registry.organization(organization);
        let team = json!({"technical_account_manager": world.registry.person("tamara"),
            "customer_success_manager": world.registry.person("carl"), "sales_manager": world.registry.person("saul")});
        let path = format!("/v1/organizations/{id}/account-team");
        let set = world.call("admin", "PUT", &path, Payload::Json(team)).await;
        assert!(set.is_done(), "{}", set.body);
    }
    world.pass(40 * 86_400);
    for request in REQUESTS.iter().filter(|request| is_own(request)) {
        submit(world, request).await;
    }
    for grant in GRANTS {
        world.pass(60);
        give(world, grant).await;
    }
    for request in REQUESTS.iter().filter(|request| !is_own(request)) {
        submit(world, request).await;
    }
    for request in REQUESTS {
        compose(world, request).await;
    }
    escalate(world).await;
    for person in PEOPLE.iter().filter(|person| person.is_former) {
        let path = format!("/v1/contacts/{}/disable", world.registry.person(person.name));
        done(world, guardian(person.organization), &path, json!({"reason": "left"})).await;
        world.registry.locked_out.insert(person.name.to_owned());
    }
    world.work().await;
    world.pass(60);
}

/// Whether somebody of the organization submitted it; such a request is older than every grant.
fn is_own(request: &Request) -> bool {
    cast_person(request.submitter).is_some_and(|person| person.organization == request.organization)
}

/// Who guards an organization: the first of its people.
pub(crate) fn guardian(organization: &str) -> &'static str {
    PEOPLE.iter().find(|person| person.organization == organization).map_or("nobody", |person| person.name)
}

async fn enter(world: &mut World, person: &Person) {
    let email = format!("{}@{}", person.name, domain(person.organization));
    let home = world.registry.organization(person.organization);
    let (who, path, body) = match person.rank {
        Rank::Staff(role) => ("admin", format!("/v1/organizations/{home}/staff"), json!({"roles": [role]})),
        rank => {
            let (kind, permission) = words(rank);
            let body = json!({"type": kind, "permission": permission, "phone": "+1.650.555.0100"});
            (guardian(person.organization), format!("/v1/organizations/{home}/contacts"), body)
        }
    };
    done(world, who, &path, with(named(&email), body)).await;
    world.introduce(person.name, &email, person.organization);
}

/// Type and permission of a rank.
pub(crate) fn words(rank: Rank) -> (&'static str, &'static str) {
    match rank {
        Rank::Guardian => ("primary_support", "manage_contacts"),
        Rank::Primary => ("primary_support", "designated_support"),
        Rank::Manager => ("technical", "manage_contacts"),
        Rank::Designated => ("technical", "designated_support"),
        Rank::Reader | Rank::Staff(_) => ("technical", "knowledge_base"),
    }
}

async fn give(world: &mut World, grant: &Grant) {
    let path = format!("/v1/organizations/{}/partner-grants", world.registry.organization(grant.grantor));
    let grantee = grantee(world, grant.grantee);
    let ends = grant.days.map(|days| world.after(days * 86_400));
    let body = json!({"grantee": grantee, "level": grant.level.name(), "expires_at": ends});
    let reach = if matches!(grant.level, Level::None | Level::Cc) {
        json!({})
    } else {
        json!({"history": grant.history, "acknowledge_organization_wide_visibility": true})
    };
    let made = done(world, guardian(grant.grantor), &path, with(body, reach)).await;
    world.registry.grants.insert((grant.grantor.to_owned(), grant.grantee.to_owned()), made.text("id"));
}

/// How the API names a grantee.
pub(crate) fn grantee(world: &World, name: &str) -> Value {
    if let Some(id) = world.registry.organizations.get(name) {
        return json!({"type": "organization", "id": id});
    }
    let id = world.registry.person(name);
    let kind = if id.starts_with("staff") { "staff" } else { "contact" };
    json!({"type": kind, "id": id})
}

async fn submit(world: &mut World, request: &Request) {
    world.pass(60);
    let category = if request.is_escalation { "primary_contact_recovery" } else { "question" };
    let body = json!({"organization_id": world.registry.organization(request.organization),
        "subject": format!("About the {}", request.name), "category": category, "severity": 3,
        "message": "Please look at it."});
    let made = done(world, request.submitter, "/v1/service-requests", body).await;
    let id = made.text("id");
    let content = "What was written down.";
    let uploaded = world
        .call(request.submitter, "POST", &format!("/v1/service-requests/{id}/attachments"), Payload::File(content))
        .await;
    world.registry.attachments.insert(request.name.to_owned(), uploaded.text("id"));
    let path = format!("/v1/service-requests/{id}/messages");
    done(world, request.submitter, &path, json!({"body": "See the file.", "attachment_ids": [uploaded.text("id")]}))
        .await;
    world.registry.requests.insert(request.name.to_owned(), id);
}

/// Who leads a request and takes part in it, and whether it is concealed; then its messages are known.
async fn compose(world: &mut World, request: &Request) {
    let path = format!("/v1/service-requests/{}", world.registry.request(request.name));
    let first = guardian(request.organization);
    for (whom, role) in request.participants.iter().copied().chain(request.lead.map(|lead| (lead, "point_of_contact")))
    {
        let body = json!({"person_id": world.registry.person(whom), "role": role});
        done(world, first, &format!("{path}/participants"), body).await;
    }
    if let Some(who) = request.concealed_by {
        let concealed = world.call(who, "PATCH", &path, Payload::Patch(json!({"confidential": true}), None)).await;
        assert!(concealed.is_done(), "{}: {}", request.name, concealed.body);
    }
    let listed = world.call("alba", "GET", &format!("{path}/messages"), Payload::Nothing).await;
    let ids = listed.body["data"].as_array().into_iter().flatten();
    let ids = ids.map(|message| message["id"].as_str().unwrap_or_default().to_owned()).collect();
    world.registry.messages.insert(request.name.to_owned(), ids);
}

/// Everything that a letter must hold.
pub(crate) fn letter() -> Value {
    json!({"author_name": "Carla Mendes", "author_title": "Chief Operating Officer", "author_seniority": "c_level",
        "author_email": "carla.mendes@stark.example", "signed": true, "received_at": "2026-03-02T08:00:00Z",
        "grants_contact_creation": true})
}

/// A nominee with everything that is asked for.
pub(crate) fn nominee(email: &str) -> Value {
    json!({"email": email, "first_name": "Nora", "last_name": "Lima", "phone": "+1.650.555.0177",
        "mailing_address": {"lines": ["1 Main Street"], "city": "Springfield", "postal_code": "97477", "country": "US"}})
}

/// Whom an escalation names unavailable: the primary support contacts of an organization.
pub(crate) fn unavailable(world: &World, organization: &str) -> Value {
    let guards = PEOPLE.iter().filter(|person| person.organization == organization);
    let guards = guards.filter(|person| matches!(person.rank, Rank::Guardian | Rank::Primary));
    let named = guards.map(|person| {
        json!({"contact_id": world.registry.person(person.name), "reason": "on_leave", "note": "out of office"})
    });
    named.collect()
}

async fn escalate(world: &mut World) {
    let (organization, opener) = ESCALATION;
    let body = json!({"channel": "service_request", "service_request_id": world.registry.request("recovery"),
        "letter": letter(), "nominee": nominee("nora.lima@stark.example"),
        "unavailable": unavailable(world, organization)});
    let path = format!("/v1/organizations/{}/escalations", world.registry.organization(organization));
    let opened = done(world, opener, &path, body).await;
    let id = opened.text("id");
    let letter =
        world.call(opener, "POST", &format!("/v1/escalations/{id}/attachments"), Payload::File("A letter.")).await;
    assert!(letter.is_done(), "{}", letter.body);
    world.registry.escalations.insert(organization.to_owned(), id);
    world.registry.first_escalations = world.registry.escalations.clone();
}
