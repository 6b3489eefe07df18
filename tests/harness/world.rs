//! A world of its own for each story: a server on an empty database, its mail, its clock, and verbs that bring people in.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use mandate_api::serve::{self, Server};
use mandate_api::settings::Settings;
use mandate_api::sources::{Clock, Ids};
use mandate_core::id::OrganizationId;
use mandate_core::time::{Span, Timestamp};
use mandate_storage::{DatabaseUrl, JournalEntry, PoolSettings, StorageError, Store};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::client::{Actor, Instance, PASSWORD, TestClock};
use crate::database::{Backend, Database};
use crate::fault;
use crate::mailbox::{Mail, Mailbox};
use crate::matrix::{Snapshot, Story};
use crate::process::Process;
use crate::verbs::{person, with};

/// When every story begins.
pub const BEGINNING: &str = "2026-03-01T09:00:00Z";

/// The email of the administrator who is there from the beginning.
pub const ADMINISTRATOR: &str = "admin@vendor.example";

/// The vendor's domain.
pub const VENDOR_DOMAIN: &str = "vendor.example";

/// Seconds, for [`World::advance`].
pub const fn seconds(count: i64) -> Span {
    Span::seconds(count)
}

/// Minutes, for [`World::advance`].
pub const fn minutes(count: i64) -> Span {
    Span::minutes(count)
}

/// Hours, for [`World::advance`].
pub const fn hours(count: i64) -> Span {
    Span::hours(count)
}

/// Days, for [`World::advance`].
pub const fn days(count: i64) -> Span {
    Span::days(count)
}

/// A server and everything around it. Clones are the same world.
#[derive(Clone)]
pub struct World {
    inner: Arc<Inner>,
}

struct Inner {
    instance: Arc<Instance>,
    story: Arc<Story>,
    clock: TestClock,
    ids: Arc<AtomicU64>,
    servers: Mutex<Vec<Server>>,
    /// The vendor's people who have signed in, by email.
    staff: Mutex<HashMap<String, Actor>>,
    /// Dropped last, when no server uses them any more.
    place: Place,
}

/// What a server leaves behind when it ends.
#[derive(Debug)]
struct Place {
    database: Database,
    folder: TempDir,
}

impl Place {
    fn new(database: Database) -> Self {
        let folder =
            tempfile::Builder::new().prefix("mandate-test-").tempdir().expect("a temporary folder can be made");
        Self { database, folder }
    }

    fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.folder.path().join("mail"))
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// The command line of a server, with further arguments, which beat those of all servers.
    fn arguments_with(&self, further: &[&str]) -> Vec<String> {
        let own = self.arguments();
        let kept = own.chunks(2).filter(|option| !further.contains(&option[0].as_str())).flatten().cloned();
        kept.chain(further.iter().map(|argument| (*argument).to_owned())).collect()
    }

    /// The command line of a server. Every setting that a story relies on is named, whatever the environment says.
    fn arguments(&self) -> Vec<String> {
        let mail = format!("file:{}", self.mailbox().folder().display());
        let files = format!("file:{}", self.files().display());
        [
            ("--database-url", self.database.url()),
            ("--listen", "127.0.0.1:0"),
            ("--public-url", "http://mandate.example"),
            ("--files", &files),
            ("--mail", &mail),
            ("--mail-from", "Vendor <no-reply@vendor.example>"),
            ("--admin-email", ADMINISTRATOR),
            ("--admin-password", PASSWORD),
            ("--vendor-name", "Vendor"),
            ("--vendor-domains", VENDOR_DOMAIN),
            ("--dns", "off"),
            ("--call-back-age", "1h"),
            ("--keys", "database"),
            ("--password-cost", "8:1"),
            ("--log-format", "text"),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value.to_owned()])
        .collect()
    }
}

impl World {
    /// Starts a server within this process, with the story's clock and counting ids.
    pub async fn start(story: Story, database: Database) -> Self {
        let beginning = Timestamp::parse(BEGINNING).expect("the beginning is a moment").micros();
        let hands = Arc::new(AtomicI64::new(beginning));
        let (place, story, ids) = (Place::new(database), Arc::new(story), Arc::new(AtomicU64::new(0)));
        let server = start_server(&place, &hands, &ids, &[]).await;
        let clock = TestClock::Manual(hands);
        let instance = Instance::new(server.addr, Arc::clone(&story), place.mailbox(), clock.clone());
        let (servers, staff) = (Mutex::new(vec![server]), Mutex::default());
        Self { inner: Arc::new(Inner { instance, story, clock, ids, servers, staff, place }) }
    }

    /// Stops every server of this world.
    pub async fn stop(&self) {
        for server in self.inner.servers.lock().await.drain(..) {
            server.stop().await.expect("the server stops");
        }
    }

    /// Stops the server and starts it again on the same database; whoever talks to it goes on.
    pub async fn restart(&self) {
        self.stop().await;
        let address = self.add_server(&[]).await;
        self.inner.instance.moved_to(address);
    }

    /// Starts another server on the same database, as behind a load balancer, see [`Actor::at`]. Further arguments beat
    /// those of all servers.
    pub async fn another_instance(&self, arguments: &[&str]) -> Arc<Instance> {
        let address = self.add_server(arguments).await;
        Instance::new(address, Arc::clone(&self.inner.story), self.mailbox().clone(), self.inner.clock.clone())
    }

    async fn add_server(&self, arguments: &[&str]) -> SocketAddr {
        let server = start_server(&self.inner.place, self.hands(), &self.inner.ids, arguments).await;
        let address = server.addr;
        self.inner.servers.lock().await.push(server);
        address
    }

    fn hands(&self) -> &Arc<AtomicI64> {
        match &self.inner.clock {
            TestClock::Manual(hands) => hands,
            TestClock::System => panic!("a process of its own goes by the machine's clock"),
        }
    }

    /// A world whose server is a process of its own, on another database: to be killed. It goes by the machine's clock.
    pub async fn process(&self, environment: &[(&str, &str)]) -> ProcessWorld {
        self.process_with(&[], environment).await
    }

    /// As [`World::process`]; further arguments beat those of all servers.
    pub async fn process_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> ProcessWorld {
        let database = Database::fresh(self.backend()).expect("this world has such a database as well");
        let place = Place::new(database);
        let all = place.arguments_with(arguments);
        let process = Process::start(&all, environment).await;
        let (story, clock) = (Arc::clone(&self.inner.story), TestClock::System);
        let instance = Instance::new(process.address(), Arc::clone(&story), place.mailbox(), clock.clone());
        let (ids, servers, staff) = (Arc::default(), Mutex::default(), Mutex::default());
        let inner = Inner { instance, story, clock, ids, servers, staff, place };
        ProcessWorld { process, world: Self { inner: Arc::new(inner) } }
    }

    /// Which database the server is on.
    pub fn backend(&self) -> Backend {
        self.inner.place.database.backend()
    }

    /// The whole journal of an organization, which the API does not show as such: its entries are numbered without gaps and
    /// chained, or the test fails.
    pub fn journal(&self, organization_id: &str) -> Vec<JournalEntry> {
        let url = DatabaseUrl::parse(self.inner.place.database.url()).expect("the harness makes valid URLs");
        let settings = PoolSettings { size: 1, ..PoolSettings::default() };
        let store = Store::open(&url, settings, Ids::System.as_source()).expect("the database can be opened");
        let organization = OrganizationId::parse(organization_id).expect("stories know ids of organizations");
        let read = store.read(|tx| {
            let broken = tx.verify_journal(organization)?;
            Ok::<_, StorageError>((broken, tx.journal_page(organization, 0, i64::MAX)?))
        });
        let (broken, entries) = read.expect("the journal can be read");
        assert_eq!(broken, None, "the journal of {organization} is not as it was written");
        entries
    }

    /// What is in the folder of files, by name.
    pub fn files(&self) -> Vec<String> {
        files_in(&self.inner.place.files())
    }

    /// Lets the servers of this world crash at so many statements after the first one about escalations, in each transaction that
    /// writes; not any more where none is said.
    pub fn crash_at(&self, statement: Option<usize>) {
        fault::set(self.database_url(), statement);
    }

    /// Where the database is, for what the operator does beside the server.
    pub fn database_url(&self) -> &str {
        self.inner.place.database.url()
    }

    /// A text for the story's next snapshot, where no single answer says it: `snapshot!(world.text("who may do what", table))`.
    pub fn text(&self, about: &str, text: impl Into<String>) -> Text {
        Text { story: Arc::clone(&self.inner.story), about: about.to_owned(), text: text.into() }
    }

    /// The server.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.inner.instance
    }

    /// Lets time pass, or turns the clock back where the span is negative.
    pub fn advance(&self, span: Span) {
        self.hands().fetch_add(span.as_micros(), Ordering::AcqRel);
    }

    /// The time, as the API writes it.
    pub fn now(&self) -> String {
        self.inner.clock.now().to_string()
    }

    /// A time to come, as the API writes it: `world.after(days(30))`.
    pub fn after(&self, span: Span) -> String {
        self.inner.clock.now().plus(span).to_string()
    }

    /// The emails of this world.
    pub fn mailbox(&self) -> &Mailbox {
        self.inner.instance.mailbox()
    }

    /// The first email of a kind to an address, as soon as it is there.
    pub async fn mail(&self, to: &str, kind: &str) -> Mail {
        self.mailbox().first(to, kind).await
    }

    /// Somebody without credentials.
    pub fn anonymous(&self) -> Actor {
        self.inner.instance.anonymous()
    }

    /// Signs somebody in who has the password that everybody has.
    pub async fn sign_in(&self, email: &str) -> Actor {
        self.inner.instance.sign_in(email, PASSWORD).await
    }

    /// The administrator who is there from the beginning.
    pub async fn admin(&self) -> Actor {
        let mut staff = self.inner.staff.lock().await;
        if let Some(admin) = staff.get(ADMINISTRATOR) {
            return admin.clone();
        }
        let admin = self.sign_in(ADMINISTRATOR).await;
        staff.insert(ADMINISTRATOR.to_owned(), admin.clone());
        admin
    }

    /// An agent, `agent@vendor.example`.
    pub async fn agent(&self) -> Actor {
        self.staff("agent", &["agent"]).await
    }

    /// A duty manager, `duty@vendor.example`.
    pub async fn duty_manager(&self) -> Actor {
        self.staff("duty", &["duty_manager"]).await
    }

    /// A consultant, `consultant@vendor.example`.
    pub async fn consultant(&self) -> Actor {
        self.staff("consultant", &["consultant"]).await
    }

    /// A staff member with these roles, `{name}@vendor.example`; the same one whenever asked for by the same name.
    pub async fn staff(&self, name: &str, roles: &[&str]) -> Actor {
        let admin = self.admin().await;
        let email = format!("{name}@{VENDOR_DOMAIN}");
        let mut staff = self.inner.staff.lock().await;
        if let Some(actor) = staff.get(&email) {
            return actor.clone();
        }
        let path = format!("/v1/organizations/{}/staff", admin.organization_id);
        admin.post(path, with(person(&email), json!({"roles": roles}))).await.expect(201);
        let actor = self.inner.instance.accept(&self.mail(&email, "welcome").await).await;
        staff.insert(email, actor.clone());
        actor
    }

    /// A customer with one domain, whose first contact is returned: `manager@{domain}`, primary support contact and
    /// contact manager.
    pub async fn customer(&self, name: &str, domain: &str) -> Actor {
        self.organization("customer", name, domain).await
    }

    /// A partner, as [`World::customer`].
    pub async fn partner(&self, name: &str, domain: &str) -> Actor {
        self.organization("partner", name, domain).await
    }

    async fn organization(&self, kind: &str, name: &str, domain: &str) -> Actor {
        let email = format!("manager@{domain}");
        let body = json!({"kind": kind, "name": name, "domains": [domain], "first_contact": person(&email)});
        self.admin().await.post("/v1/organizations", body).await.expect(201);
        self.inner.instance.accept(&self.mail(&email, "welcome").await).await
    }
}

/// The names of all files in a folder and in those below it.
fn files_in(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            names.extend(files_in(&path))
        } else {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()))
        }
    }
    names.sort();
    names
}

/// A text that a story shows, see [`World::text`].
#[derive(Debug)]
pub struct Text {
    story: Arc<Story>,
    about: String,
    text: String,
}

impl Text {
    /// The story's next snapshot, of this text.
    pub fn next_snapshot(&self) -> Snapshot {
        self.story.next_snapshot(&self.about, &self.text)
    }
}

/// A world whose server is a process of its own. Ends the process when dropped.
pub struct ProcessWorld {
    /// Before the world, whose database and folder it uses.
    process: Process,
    world: World,
}

impl Deref for ProcessWorld {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl ProcessWorld {
    /// Ends the process at once, as a power cut would: `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The most memory that the process has had at a time, in KiB.
    pub fn memory_peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("the process runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells of memory");
        peak.trim().trim_end_matches("kB").trim().parse().expect("memory is a number")
    }

    /// Ends the process at once and starts a server within this process in its place, as if so much time had passed.
    pub async fn continue_later(mut self, span: Span) -> World {
        self.kill();
        let later = self.world.inner.clock.now().plus(span).micros();
        let hands = Arc::new(AtomicI64::new(later));
        let Self { world, .. } = self;
        let Inner { story, ids, place, instance, .. } =
            Arc::into_inner(world.inner).expect("nobody else holds the world");
        let server = start_server(&place, &hands, &ids, &[]).await;
        drop(instance);
        let clock = TestClock::Manual(hands);
        let instance = Instance::new(server.addr, Arc::clone(&story), place.mailbox(), clock.clone());
        let (servers, staff) = (Mutex::new(vec![server]), Mutex::default());
        World { inner: Arc::new(Inner { instance, story, clock, ids, servers, staff, place }) }
    }

    /// Starts the process again, on the same database; whoever talks to it goes on.
    pub async fn start_again(&mut self) {
        self.process.start_again().await;
        self.world.inner.instance.moved_to(self.process.address());
    }
}

async fn start_server(place: &Place, hands: &Arc<AtomicI64>, ids: &Arc<AtomicU64>, further: &[&str]) -> Server {
    // The log shows with `RUST_LOG=warn`.
    crate::log();
    fault::watch();
    let arguments = place.arguments_with(further);
    let arguments = ["mandate"].into_iter().chain(arguments.iter().map(String::as_str));
    let settings = Settings::from_arguments(arguments).expect("the harness knows the settings");
    let (clock, ids) = (Clock::Manual(Arc::clone(hands)), Ids::Counting(Arc::clone(ids)));
    serve::start(settings, clock, ids).await.expect("the server starts")
}
