//! Serving: opens everything, listens, works in the background, and stops without losing anything.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::Data;
use actix_web::{App as ActixApp, HttpServer};
use mandate_storage::{DatabaseUrl, PoolSettings, PoolState, StorageError, Store};
use utoipa_actix_web::AppExt as _;

use crate::access_token::AccessTokens;
use crate::contact_import;
use crate::cors::cors;
use crate::edge::{self, Edge};
use crate::escalation_due;
use crate::files::FileStore;
use crate::founding::{Founding, SetUp};
use crate::gate::{Fair, Gate, Shares};
use crate::keyring::{KeyHome, KeyRing, Lifetimes};
use crate::letter::LetterResolver;
use crate::mail::{Mailer, Writer};
use crate::metrics::Metrics;
use crate::notice::Notices;
use crate::number::Numbers;
use crate::openapi;
use crate::page::CursorKey;
use crate::password::Passwords;
use crate::probes::{self, Probes};
use crate::problem::Problem;
use crate::routes_table::RoutesTable;
use crate::seal::Sealer;
use crate::settings::Settings;
use crate::shutdown::{Shutdown, asked_to_stop};
use crate::sources::{Clock, Ids, SteadyClock};
use crate::state::App;
use crate::upload;
use crate::worker::{Outbox, Prepare, Settle, Worker};

/// Connections that one worker thread keeps open at a time; beyond them the operating system queues.
const CONNECTIONS_MAX: usize = 4_096;
/// Writers of one organization, or of one of the staff, who wait for a turn at the database or have one.
const WRITING_EACH: usize = 2;
/// Seconds that requests get to finish after the server was asked to stop.
const STOP_SECONDS: u64 = 20;
/// How long readiness says no before the server stops to listen, so that others learn of it.
const DRAIN: Duration = Duration::from_secs(1);

/// A server that runs.
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// How the first administrator gets in, where no password was configured.
    pub set_up: Option<SetUp>,
    /// The application, for those who run in the same process.
    pub app: Arc<App>,
    handle: ServerHandle,
    shutdown: Shutdown,
    serving: actix_web::rt::task::JoinHandle<std::io::Result<()>>,
    worker: actix_web::rt::task::JoinHandle<()>,
}

impl Server {
    /// Finishes what is in hand and stops.
    pub async fn stop(self) -> Result<(), String> {
        self.shutdown.begin();
        self.handle.stop(true).await;
        let served = self.serving.await.map_err(|error| format!("the server's task failed: {error}"))?;
        self.worker.await.map_err(|error| format!("the worker's task failed: {error}"))?;
        served.map_err(|error| format!("the server failed: {error}"))
    }
}

/// Serves until asked to stop.
///
/// *Errors*: in words, for the operator.
pub async fn run(settings: Settings) -> Result<(), String> {
    let server = start(settings, Clock::System, Ids::System).await?;
    println!("mandate listens on http://{}", server.addr);
    if let Some(set_up) = &server.set_up {
        println!("set the first administrator's password, once: {} (user id {})", set_up.link, set_up.email);
    }
    wait(server).await
}

/// Waits until the process is asked to stop, then stops the server; a second request ends the process at once.
///
/// *Errors*: in words, for the operator.
pub(crate) async fn wait(server: Server) -> Result<(), String> {
    asked_to_stop().await.map_err(|error| error.to_string())?;
    tracing::info!("stopping");
    server.shutdown.begin();
    tokio::time::sleep(DRAIN).await;
    tokio::select! {
        stopped = server.stop() => stopped,
        _ = asked_to_stop() => Err("stopped at once".to_owned()),
    }
}

/// Migrates, opens and serves.
///
/// *Errors*: in words, for the operator.
pub async fn start(settings: Settings, clock: Clock, ids: Ids) -> Result<Server, String> {
    let (app, set_up) = prepare(settings, clock, ids).await?;
    let shutdown = Shutdown::default();
    let worker = actix_web::rt::spawn(worker(&app, &shutdown)?);
    let (addr, http) = listen(&app, &shutdown)?;
    let handle = http.handle();
    let serving = actix_web::rt::spawn(http);
    Ok(Server { addr, set_up, app, handle, shutdown, serving, worker })
}

/// Opens everything that serving needs, and makes what the first start makes.
pub(crate) async fn prepare(settings: Settings, clock: Clock, ids: Ids) -> Result<(Arc<App>, Option<SetUp>), String> {
    let app = Arc::new(open(settings, clock, ids)?);
    let founding = Founding {
        store: &app.store,
        settings: &app.settings,
        clock: &app.clock,
        ids: &app.ids,
        passwords: &app.passwords,
        sealer: &app.sealer,
    };
    let set_up = founding.run().await?;
    Ok((app, set_up))
}

fn open(settings: Settings, clock: Clock, ids: Ids) -> Result<App, String> {
    Store::migrate(&settings.database).map_err(|error| error.to_string())?;
    let pool = PoolSettings { size: settings.pool_size, ..PoolSettings::default() };
    let store = Store::open(&settings.database, pool, ids.as_source()).map_err(|error| error.to_string())?;
    let floor = store.read(|tx| tx.highest_time()).map_err(|error: StorageError| error.to_string())?;
    let clock = SteadyClock::new(clock, floor);
    let files = FileStore::open(&settings.files).map_err(|error| format!("MANDATE_FILES: {error}"))?;
    let letters = LetterResolver::open(&settings.dns).map_err(|error| format!("MANDATE_DNS: {error}"))?;
    let home = KeyHome::at(&settings.keys, &store);
    let ring =
        KeyRing::open(home, clock.clone(), ids.clone(), Lifetimes::of(&settings)).map_err(|error| error.to_string())?;
    let ring = Arc::new(ring);
    let sealer = Sealer::new(Arc::clone(&ring));
    let turns = usize::try_from(settings.pool_size).unwrap_or(1);
    // On PostgreSQL some connections are never taken by writers, who may wait for a lock, or for a commit.
    let writing = match settings.database {
        DatabaseUrl::Sqlite(_) => 1,
        DatabaseUrl::Postgres(_) => turns - turns / 4,
    };
    let gate = |turns| Gate::new(turns, settings.queue_max);
    Ok(App {
        tokens: AccessTokens::new(
            Arc::clone(&ring),
            clock.clone(),
            ids.clone(),
            settings.public_url.as_str(),
            settings.access_token_ttl,
        ),
        cursors: CursorKey::new(sealer.derive("cursor")),
        passwords: Passwords::new(settings.password_cost).map_err(|error| error.to_string())?,
        numbers: Numbers::default(),
        metrics: Arc::new(Metrics::new()),
        outbox: Outbox::default(),
        ring,
        sealer,
        readers: gate(turns),
        writers: gate(writing),
        writing: Shares::new(WRITING_EACH),
        imports: Fair::new(gate(contact_import::ARRIVING), 1, 1),
        importing: gate(contact_import::AT_ONCE),
        uploads: Fair::new(gate(upload::AT_ONCE), upload::EACH, upload::OF_ORGANIZATION),
        files,
        letters,
        store,
        settings,
        clock,
        ids,
    })
}

fn worker(app: &Arc<App>, shutdown: &Shutdown) -> Result<impl Future<Output = ()> + use<>, String> {
    let (worker, prepare, settle) = hire(app)?;
    Ok(worker.run(prepare, settle, shutdown.clone()))
}

/// The worker, what it asks before an email leaves, and what it does when an escalation's time has come.
pub(crate) fn hire(app: &Arc<App>) -> Result<(Worker, Prepare, Settle), String> {
    let mailer = Mailer::new(&app.settings.mail).map_err(|error| error.to_string())?;
    let notices = Notices {
        store: app.store.clone(),
        clock: app.clock.clone(),
        sealer: app.sealer.clone(),
        settings: app.settings.clone(),
    };
    let (host, vendor) = (app.settings.public_url.host(), app.settings.vendor_name.as_str());
    let writer = Writer::new(app.settings.mail_from.clone(), host, vendor, mailer.encoding());
    let worker = Worker {
        store: app.store.clone(),
        clock: app.clock.clone(),
        ring: Arc::clone(&app.ring),
        mailer,
        writer,
        outbox: app.outbox.clone(),
        files: app.files.clone(),
        idempotency_ttl: app.settings.idempotency_ttl,
        close_after: app.settings.close_after,
    };
    let due = Arc::clone(app);
    Ok((worker, Arc::new(move |mail| notices.prepare(mail)), Arc::new(move || escalation_due::settle(&due))))
}

/// What every worker thread's application shares.
#[derive(Clone)]
pub(crate) struct Shared {
    state: Data<Arc<App>>,
    edge: Data<Edge>,
    probes: Data<Probes>,
}

impl Shared {
    pub(crate) fn new(app: &Arc<App>, shutdown: &Shutdown) -> Self {
        let ids = app.ids.clone();
        let edge = Edge {
            new_request_id: Arc::new(move || ids.fresh()),
            deadline: app.settings.request_timeout,
            metrics: Arc::clone(&app.metrics),
            routes: Arc::new(RoutesTable::new(openapi::document())),
        };
        Self { state: Data::new(Arc::clone(app)), edge: Data::new(edge), probes: Data::new(probes(app, shutdown)) }
    }

    /// The application, with every operation and the edge around it.
    pub(crate) fn application(
        &self,
    ) -> ActixApp<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        ActixApp::new()
            .into_utoipa_app()
            .configure(openapi::operations)
            .split_for_parts()
            .0
            .app_data(self.state.clone())
            .app_data(self.edge.clone())
            .app_data(self.probes.clone())
            .configure(probes::docs)
            .wrap(Compress::default())
            .wrap(from_fn(edge::edge))
            .wrap(cors(&self.state.settings.cors_origins))
            .wrap(from_fn(edge::preflight))
    }
}

fn listen(app: &Arc<App>, shutdown: &Shutdown) -> Result<(SocketAddr, actix_web::dev::Server), String> {
    let address = app.settings.listen;
    let shared = Shared::new(app, shutdown);
    let http = HttpServer::new(move || shared.application())
        .max_connections(CONNECTIONS_MAX)
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(STOP_SECONDS)
        .disable_signals()
        .bind(address)
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let addr = http.addrs().first().copied().ok_or_else(|| format!("cannot listen on {address}"))?;
    Ok((addr, http.run()))
}

/// The connections, with what was waited for them: in the queue in front of the pool, and at the pool.
fn waited(app: &App) -> PoolState {
    let mut state = app.store.pool_state();
    for waits in [app.readers.waits(), app.writers.waits()] {
        state.waits += waits.count.load(Ordering::Relaxed);
        state.wait_micros += waits.micros.load(Ordering::Relaxed);
        state.timeouts += waits.failed.load(Ordering::Relaxed);
    }
    state
}

fn probes(app: &Arc<App>, shutdown: &Shutdown) -> Probes {
    let (pool, ready, shutdown) = (Arc::clone(app), Arc::clone(app), shutdown.clone());
    Probes {
        metrics: Arc::clone(&app.metrics),
        pool: Box::new(move || {
            let age = pool.outbox.age(pool.now()).as_micros();
            pool.metrics.set_outbox_age(Duration::from_micros(u64::try_from(age).unwrap_or_default()).as_secs_f64());
            let failures = pool.outbox.failures();
            failures.for_each(|(fault, count)| pool.metrics.set_mail_failures(fault.name(), count));
            waited(&pool)
        }),
        ready: Box::new(move || {
            let (app, stopping) = (Arc::clone(&ready), shutdown.is_begun());
            Box::pin(async move {
                if stopping {
                    return Err("the server is stopping".to_owned());
                }
                let (store, files) = (app.store.clone(), app.files.clone());
                let probe = app.on_turn(&app.writers, move || {
                    store.ping()?;
                    files.check().map_err(|error| Problem::unavailable(error.to_string()))
                });
                let told = |problem: Problem| problem.cause().unwrap_or("the database does not answer").to_owned();
                probe.await.map_err(told)
            })
        }),
        openapi_json: openapi::json(),
        openapi_yaml: openapi::yaml(),
    }
}
