//! One copy of the world: the whole server within this process, who is signed in, and what was made since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use actix_web::dev::Service as _;
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service, read_body};
use mandate_api::in_process::InProcess;
use mandate_api::settings::Settings;
use mandate_api::sources::{Clock, Ids};
use mandate_core::text::Email;
use mandate_core::time::{Span, Timestamp};
use mandate_storage::StorageError;
use mandate_tests::mailbox::Mailbox;
use mandate_tests::{Mail, PASSWORD, Value, json};

use crate::cast::{FREE_DOMAIN, VENDOR, is_partner};

/// Seconds that an access token is good for; less than the server says.
const TOKEN_SECONDS: i64 = 86_000;

/// How often a busy server is asked again.
const PATIENCE: usize = 20;

/// Somebody who can sign in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    /// The user id.
    pub(crate) email: String,
    /// `contact_…` or `staff_…`.
    pub(crate) id: String,
    /// Where they belong, by name.
    pub(crate) organization: String,
    token: String,
    /// Until when the token is good, in microseconds.
    until: i64,
}

/// What names mean: what is known of a world beside its database. Clones go with copies of the database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    /// Everybody, by name.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// The ids of organizations.
    pub(crate) organizations: BTreeMap<String, String>,
    /// The ids of requests.
    pub(crate) requests: BTreeMap<String, String>,
    /// The ids of grants, by grantor and grantee.
    pub(crate) grants: BTreeMap<(String, String), String>,
    /// The ids of requests for grants, by grantor and grantee.
    pub(crate) asked: BTreeMap<(String, String), String>,
    /// The ids of escalations, by organization.
    pub(crate) escalations: BTreeMap<String, String>,
    /// Those that were under way when the sequence began.
    pub(crate) first_escalations: BTreeMap<String, String>,
    /// The ids of reviews, by organization.
    pub(crate) reviews: BTreeMap<String, String>,
    /// The ids of invitations, by organization and invited person.
    pub(crate) invitations: BTreeMap<(String, String), String>,
    /// The ids of messages, by request.
    pub(crate) messages: BTreeMap<String, Vec<String>>,
    /// The ids of attachments, by request.
    pub(crate) attachments: BTreeMap<String, String>,
    /// Who acts together, those who joined included.
    pub(crate) members: Vec<String>,
    /// Who was made up by the coalition, whether they joined it or not.
    pub(crate) newcomers: Vec<String>,
    /// Who could not sign in when they tried last.
    pub(crate) locked_out: BTreeSet<String>,
    /// The time, in microseconds.
    pub(crate) time: i64,
    /// How many ids were drawn.
    pub(crate) ids: u64,
}

impl Registry {
    /// The id of something of a kind by name; one that belongs to nothing if there is none.
    fn known<K: Ord>(all: &BTreeMap<K, String>, key: &K) -> String {
        all.get(key).cloned().unwrap_or_else(|| "nothing".to_owned())
    }

    /// The id of an organization.
    pub(crate) fn organization(&self, name: &str) -> String {
        Self::known(&self.organizations, &name.to_owned())
    }

    /// The id of a request.
    pub(crate) fn request(&self, name: &str) -> String {
        Self::known(&self.requests, &name.to_owned())
    }

    /// The id of an escalation.
    pub(crate) fn escalation(&self, organization: &str) -> String {
        Self::known(&self.escalations, &organization.to_owned())
    }

    /// The id of somebody with this email, as the database knows it.
    fn id_of(store: &mandate_storage::Store, email: &str) -> String {
        let Ok(email) = Email::parse(email) else { return String::new() };
        let found =
            store.read::<_, StorageError>(|tx| tx.person_by_email(&email, None)).expect("the database can be read");
        found.map(|found| found.person.to_string()).unwrap_or_default()
    }

    /// The id of a review.
    pub(crate) fn review(&self, organization: &str) -> String {
        Self::known(&self.reviews, &organization.to_owned())
    }

    /// The id of a grant.
    pub(crate) fn grant(&self, grantor: &str, grantee: &str) -> String {
        Self::known(&self.grants, &(grantor.to_owned(), grantee.to_owned()))
    }

    /// The id of a request for a grant.
    pub(crate) fn asked(&self, grantor: &str, grantee: &str) -> String {
        Self::known(&self.asked, &(grantor.to_owned(), grantee.to_owned()))
    }

    /// The id of an invitation.
    pub(crate) fn invitation(&self, organization: &str, whom: &str) -> String {
        Self::known(&self.invitations, &(organization.to_owned(), whom.to_owned()))
    }

    /// The id of a person.
    pub(crate) fn person(&self, name: &str) -> String {
        self.accounts.get(name).map_or_else(|| "nobody".to_owned(), |account| account.id.clone())
    }

    /// Whether mail to an address is read by the coalition: one of its people's, or one that it made up where it can read
    /// mail, at home if that is a partner, or where everybody gets a mailbox. A customer's domain is read by honest people.
    pub(crate) fn reads_mail_of(&self, name: &str) -> bool {
        if self.members.iter().any(|member| member == name) {
            return true;
        }
        let Some(account) = self.accounts.get(name).filter(|_| self.newcomers.iter().any(|other| other == name)) else {
            return false;
        };
        let domain = account.email.split('@').nth(1).unwrap_or_default();
        let homes = self.members.iter().filter_map(|member| self.accounts.get(member));
        domain == FREE_DOMAIN
            || homes
                .filter(|home| is_partner(&home.organization))
                .any(|home| domain == format!("{}.example", home.organization))
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body, null if it is no JSON.
    pub(crate) body: Value,
}

impl Reply {
    /// Whether it was done.
    pub(crate) fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A text of the body, empty if there is none.
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_default().to_owned()
    }

    /// The status, and the code of a refusal.
    pub(crate) fn outcome(&self) -> String {
        format!("{} {}", self.status, self.text("code")).trim_end().to_owned()
    }
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// JSON.
    Json(Value),
    /// A merge patch, perhaps of a certain version.
    Patch(Value, Option<&'static str>),
    /// Lines of contacts.
    Lines(Value),
    /// A file.
    File(&'static str),
    /// No body.
    Nothing,
}

type Answering = Pin<Box<dyn Future<Output = Reply>>>;
type Ask = Box<dyn Fn(TestRequest) -> Answering>;

/// A copy of the world.
pub(crate) struct World {
    server: InProcess,
    ask: Ask,
    folder: PathBuf,
    hands: Arc<AtomicI64>,
    ids: Arc<AtomicU64>,
    /// Emails that were looked at.
    read: usize,
    /// What names mean.
    pub(crate) registry: Registry,
}

impl World {
    /// Opens the server on what is in a folder.
    pub(crate) async fn open(folder: &Path, registry: Registry) -> Self {
        let hands = Arc::new(AtomicI64::new(registry.time));
        let ids = Arc::new(AtomicU64::new(registry.ids));
        let server = Self::open_server(folder, &hands, &ids).await;
        let service = Rc::new(init_service(server.application()).await);
        let ask = move |request: TestRequest| -> Answering {
            let service = Rc::clone(&service);
            Box::pin(async move {
                match service.call(request.to_request()).await {
                    Ok(response) => {
                        let status = response.status().as_u16();
                        let bytes = read_body(response).await;
                        Reply { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
                    }
                    Err(error) => Reply { status: error.as_response_error().status_code().as_u16(), body: Value::Null },
                }
            })
        };
        Self { server, ask: Box::new(ask), folder: folder.to_owned(), hands, ids, read: 0, registry }
    }

    /// Tries for a while: on a machine with much else to do even opening a file may take too long.
    async fn open_server(folder: &Path, hands: &Arc<AtomicI64>, ids: &Arc<AtomicU64>) -> InProcess {
        let mut trials = 0;
        loop {
            let (clock, source) = (Clock::Manual(Arc::clone(hands)), Ids::Counting(Arc::clone(ids)));
            match InProcess::open(settings(folder), clock, source).await {
                Ok(server) => return server,
                Err(_) if trials < PATIENCE => trials += 1,
                Err(error) => panic!("the server does not open: {error}"),
            }
        }
    }

    /// Closes the server, and says what names mean there.
    pub(crate) fn close(mut self) -> Registry {
        self.registry.time = self.hands.load(Ordering::Acquire);
        self.registry.ids = self.ids.load(Ordering::Relaxed);
        self.registry
    }

    /// The store, for core's own decisions on the facts of the moment.
    pub(crate) fn store(&self) -> &mandate_storage::Store {
        &self.server.app.store
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.server.app.now()
    }

    /// A time to come, as the API writes it.
    pub(crate) fn after(&self, seconds: i64) -> String {
        self.now().plus(Span::seconds(seconds)).to_string()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.hands.fetch_add(seconds * 1_000_000, Ordering::AcqRel);
    }

    /// Lets the worker do what is due; honest people follow the links of their welcome emails, and so does the coalition.
    pub(crate) async fn work(&mut self) {
        self.server.work().await;
        for mail in self.unread() {
            if mail.kind == "welcome" {
                self.follow(&mail).await;
            }
        }
    }

    fn unread(&mut self) -> Vec<Mail> {
        let all = self.mailbox().all();
        let unread = all[self.read.min(all.len())..].to_vec();
        self.read = all.len();
        unread
    }

    fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.folder.join("mail"))
    }

    /// The token of the last email of a kind to somebody.
    pub(crate) fn token_of(&self, name: &str, kind: &str) -> Option<String> {
        let account = self.registry.accounts.get(name)?;
        self.mailbox().of(&account.email, kind).last().map(Mail::token)
    }

    async fn follow(&mut self, welcome: &Mail) {
        let mut names = self.registry.accounts.iter().filter(|(_, account)| account.email == welcome.to);
        let Some(name) = names.next().map(|(name, _)| name.clone()) else { return };
        let id = Registry::id_of(self.store(), &welcome.to);
        self.registry.accounts.entry(name.clone()).and_modify(|account| account.id = id);
        let body = json!({"token": welcome.token(), "password": PASSWORD});
        let confirmed = self.send(None, "POST", "/v1/welcome/confirm", Payload::Json(body)).await;
        self.registry.locked_out.remove(&name);
        if confirmed.is_done() && self.registry.reads_mail_of(&name) && !self.registry.members.contains(&name) {
            self.registry.members.push(name);
        }
    }

    /// Somebody becomes known, by what the database says about their email if it says anything.
    pub(crate) fn introduce(&mut self, name: &str, email: &str, organization: &str) {
        let id = Registry::id_of(self.store(), email);
        let account = self.registry.accounts.entry(name.to_owned()).or_default();
        *account = Account { email: email.to_owned(), id, organization: organization.to_owned(), ..Account::default() };
    }

    /// Forgets that somebody is signed in.
    pub(crate) fn sign_out(&mut self, name: &str) {
        if let Some(account) = self.registry.accounts.get_mut(name) {
            account.until = 0;
        }
    }

    /// Sends a request as somebody, who signs in first where that is needed.
    pub(crate) async fn call(&mut self, who: &str, method: &str, path: &str, payload: Payload) -> Reply {
        let Some(token) = self.token(who).await else {
            self.registry.locked_out.insert(who.to_owned());
            return Reply { status: 401, body: json!({"code": "cannot_sign_in"}) };
        };
        self.send(Some(&token), method, path, payload).await
    }

    /// Sends a request as nobody.
    pub(crate) async fn call_unsigned(&mut self, path: &str, body: Value) -> Reply {
        self.send(None, "POST", path, Payload::Json(body)).await
    }

    async fn token(&mut self, who: &str) -> Option<String> {
        let account = self.registry.accounts.get(who)?;
        let now = self.now().micros();
        if account.until > now {
            return Some(account.token.clone());
        }
        let body = json!({"email": account.email, "password": PASSWORD});
        let signed_in = self.send(None, "POST", "/v1/sessions", Payload::Json(body)).await;
        if !signed_in.is_done() {
            return None;
        }
        let home = signed_in.body["principal"]["organization_id"].as_str().unwrap_or_default();
        let organization = self.registry.organizations.iter().find(|(_, id)| *id == home).map(|(name, _)| name.clone());
        let account = self.registry.accounts.get_mut(who)?;
        account.token = signed_in.text("access_token");
        account.until = now + TOKEN_SECONDS * 1_000_000;
        account.id = signed_in.body["principal"]["id"].as_str().unwrap_or_default().to_owned();
        account.organization = organization.unwrap_or_else(|| account.organization.clone());
        Some(account.token.clone())
    }

    /// Sends a request, again while the machine has too much else to do.
    async fn send(&self, token: Option<&str>, method: &str, path: &str, payload: Payload) -> Reply {
        let mut trials = 0;
        loop {
            let reply = self.send_once(token, method, path, payload.clone()).await;
            if reply.status != 503 || trials == PATIENCE {
                assert!(reply.status < 500, "{method} {path} answered {}: {}", reply.status, reply.body);
                return reply;
            }
            trials += 1;
        }
    }

    async fn send_once(&self, token: Option<&str>, method: &str, path: &str, payload: Payload) -> Reply {
        let known = Method::from_bytes(method.as_bytes()).expect("commands use methods that HTTP allows");
        let address = "127.0.0.1:4000".parse().expect("it is an address");
        let mut request = TestRequest::default().method(known).uri(path).peer_addr(address);
        if let Some(token) = token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        let typed = |request: TestRequest, kind: &str, bytes: String| {
            request.insert_header(("content-type", kind)).set_payload(bytes)
        };
        request = match payload {
            Payload::Nothing => request,
            Payload::Json(body) => typed(request, "application/json", body.to_string()),
            Payload::Patch(body, version) => {
                let request = typed(request, "application/merge-patch+json", body.to_string());
                match version {
                    Some(version) => request.insert_header(("if-match", version)),
                    None => request,
                }
            }
            Payload::Lines(body) => typed(request, "application/x-ndjson", body.to_string()),
            Payload::File(content) => typed(request, "text/plain", content.to_owned())
                .insert_header(("content-disposition", "attachment; filename=\"note.txt\"")),
        };
        (self.ask)(request).await
    }
}

fn settings(folder: &Path) -> Settings {
    let at = |what: &str| folder.join(what).display().to_string();
    let (database, files, mail) =
        (format!("sqlite://{}", at("mandate.db")), format!("file:{}", at("files")), format!("file:{}", at("mail")));
    let arguments = [
        ("--database-url", database.as_str()),
        ("--pool-size", "1"),
        ("--public-url", "http://mandate.example"),
        ("--files", &files),
        ("--mail", &mail),
        ("--mail-from", "Vendor <no-reply@vendor.example>"),
        ("--admin-email", "admin@vendor.example"),
        ("--admin-password", PASSWORD),
        ("--vendor-name", "Vendor"),
        ("--vendor-domains", "vendor.example"),
        ("--dns", "off"),
        ("--keys", "database"),
        ("--password-cost", "8:1"),
        ("--access-token-ttl", "1d"),
    ];
    let arguments = arguments.into_iter().flat_map(|(option, value)| [option, value]);
    Settings::from_arguments(["mandate"].into_iter().chain(arguments)).expect("the settings are good")
}

/// Copies a closed world into another folder, which is made.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the world is there").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "mail" {
            continue;
        }
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a file can be copied");
        }
    }
}

/// The domain of an organization of the world.
pub(crate) fn domain(organization: &str) -> String {
    if organization == VENDOR { "vendor.example".to_owned() } else { format!("{organization}.example") }
}
