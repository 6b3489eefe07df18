//! The limit: actix-web routes that do nothing but send one statement of the product and write the same answer, for whoever
//! shows one of the known tokens. They run in a process of their own, `bench bare FILE`.

use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::http::header::{AUTHORIZATION, ContentType};
use actix_web::rt::System;
use actix_web::web::{Data, Json, Path, Query, block};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, get, post};
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection};
use diesel::{Connection as _, PgConnection, QueryResult, RunQueryDsl as _, SqliteConnection};
use mandate_api::sources::Ids;
use mandate_core::id::ServiceRequestId;
use mandate_core::text::fold;
use mandate_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::row::{Loaded, Request, RequestColumns};
use crate::statement::{Bound, Statement};

/// What the bare routes need to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// The database.
    pub(crate) url: String,
    /// Connections to it.
    pub(crate) pool: u32,
    /// Whoever shows one of these is let in.
    pub(crate) tokens: Vec<String>,
    /// Reads one request.
    pub(crate) read: Statement,
    /// Lists requests of one organization.
    pub(crate) organization: Statement,
    /// Lists requests of a partner's customers.
    pub(crate) customers: Statement,
    /// Creates a request.
    pub(crate) create: Statement,
    /// Where a next page would begin.
    pub(crate) next_cursor: Option<String>,
    /// The request that the last one created.
    pub(crate) created: Request,
}

/// Columns that are not looked at.
#[derive(Debug, diesel::deserialize::FromSqlRow)]
struct Skipped;

impl<ST, DB: diesel::backend::Backend> diesel::deserialize::FromSql<ST, DB> for Skipped {
    fn from_sql(_: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self)
    }

    fn from_nullable_sql(_: Option<DB::RawValue<'_>>) -> diesel::deserialize::Result<Self> {
        Ok(Self)
    }
}

type Any = diesel::sql_types::Nullable<diesel::sql_types::Text>;
type Seven<T> = (T, T, T, T, T, T, T);
/// Session, actor, grants and role come before the request.
type BeforeColumns = (Seven<Any>, (Seven<Any>, Any, Any, Any, Any), (Seven<Any>, Any), Any);
type Before =
    (Seven<Skipped>, (Seven<Skipped>, Skipped, Skipped, Skipped, Skipped), (Seven<Skipped>, Skipped), Skipped);

enum AnyPool {
    Postgres(Pool<ConnectionManager<PgConnection>>),
    /// Those that read, and the one that writes.
    Sqlite(Pool<ConnectionManager<SqliteConnection>>, Pool<ConnectionManager<SqliteConnection>>),
}

enum AnyConnection {
    Postgres(PooledConnection<ConnectionManager<PgConnection>>),
    Sqlite(PooledConnection<ConnectionManager<SqliteConnection>>),
}

macro_rules! each {
    ($any:expr, |$connection:ident| $body:expr) => {
        match $any {
            AnyConnection::Postgres(mut $connection) => $body,
            AnyConnection::Sqlite(mut $connection) => $body,
        }
    };
}

impl AnyPool {
    fn open(url: &str, size: u32) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(path) => Self::Sqlite(sqlite(path, size), sqlite(path, 1)),
            None => Self::Postgres(build(Pool::builder().max_size(size), ConnectionManager::new(url))),
        }
    }

    fn get(&self, is_write: bool) -> AnyConnection {
        const PATIENCE: &str = "a connection becomes free within the time-out";
        match self {
            Self::Postgres(pool) => AnyConnection::Postgres(pool.get().expect(PATIENCE)),
            Self::Sqlite(_, writer) if is_write => AnyConnection::Sqlite(writer.get().expect(PATIENCE)),
            Self::Sqlite(readers, _) => AnyConnection::Sqlite(readers.get().expect(PATIENCE)),
        }
    }
}

fn sqlite(path: &str, size: u32) -> Pool<ConnectionManager<SqliteConnection>> {
    let settings = Pool::builder().max_size(size).connection_customizer(Box::new(SqliteSettings));
    build(settings, ConnectionManager::new(path))
}

fn build<M: diesel::r2d2::ManageConnection>(settings: diesel::r2d2::Builder<M>, manager: M) -> Pool<M> {
    settings.test_on_check_out(false).build(manager).expect("the database can be opened")
}

#[derive(Debug)]
struct SqliteSettings;

impl diesel::r2d2::CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for SqliteSettings {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        sqlite_settings(connection).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// As durable as the product.
fn sqlite_settings(connection: &mut SqliteConnection) -> QueryResult<()> {
    use diesel::connection::SimpleConnection as _;
    connection.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
    )
}

struct State {
    setting: Setting,
    pool: AnyPool,
    number: AtomicI64,
}

impl State {
    fn lets_in(&self, request: &HttpRequest) -> bool {
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        self.setting.tokens.iter().any(|token| token == shown)
    }

    fn read(&self, id: String) -> QueryResult<Loaded> {
        let mut query = self.setting.read.query::<(BeforeColumns, RequestColumns)>();
        if let Some(first) = query.values.first_mut() {
            *first = Bound::Text(id);
        }
        let (_, row) =
            each!(self.pool.get(false), |connection| query.get_result::<(Before, Loaded)>(&mut *connection))?;
        Ok(row)
    }

    fn list(&self, statement: &Statement) -> QueryResult<Vec<Loaded>> {
        let query = statement.query::<RequestColumns>();
        each!(self.pool.get(false), |connection| query.load(&mut *connection))
    }

    fn create(&self, body: Create) -> QueryResult<Request> {
        let id: ServiceRequestId = Ids::System.fresh();
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut query = self.setting.create.query::<()>();
        // As the columns of the table begin.
        let changed = [
            (0, Bound::Text(id.to_string())),
            (1, Bound::Number(number)),
            (3, Bound::Text(body.subject.clone())),
            (4, Bound::Text(fold(&body.subject))),
            (5, Bound::Text(body.category.clone())),
            (6, Bound::Number(body.severity)),
        ];
        for (position, value) in changed {
            if let Some(bound) = query.values.get_mut(position) {
                *bound = value;
            }
        }
        each!(self.pool.get(true), |connection| query.execute(&mut *connection))?;
        let sample = &self.setting.created;
        let at = Timestamp::from_micros(self.moment()).to_string();
        Ok(Request {
            id: id.to_string(),
            number: format!("SR-{number:06}"),
            subject: body.subject,
            category: body.category,
            severity: body.severity,
            created_at: at.clone(),
            updated_at: at.clone(),
            last_activity_at: at,
            ..sample.clone()
        })
    }

    fn moment(&self) -> i64 {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_micros()).unwrap_or_default()
    }
}

/// As much of the body as the insert needs.
#[derive(Deserialize)]
struct Create {
    subject: String,
    category: String,
    severity: i64,
    #[serde(rename = "message")]
    _message: String,
}

#[derive(Deserialize)]
struct Listed {
    view: String,
}

#[derive(Serialize)]
struct Page {
    data: Vec<Request>,
    next_cursor: Option<String>,
}

#[get("/v1/service-requests/{id}")]
async fn read(state: Data<State>, request: HttpRequest, id: Path<String>) -> impl Responder {
    if !state.lets_in(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let found = block(move || state.read(id.into_inner())).await.expect("the task is not cancelled");
    HttpResponse::Ok().json(Request::from(found.expect("the statement succeeds")))
}

#[get("/v1/service-requests")]
async fn list(state: Data<State>, request: HttpRequest, listed: Query<Listed>) -> impl Responder {
    const PAGE: usize = 50;
    if !state.lets_in(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let next_cursor = state.setting.next_cursor.clone();
    let work = move || {
        let Setting { organization, customers, .. } = &state.setting;
        state.list(if listed.view == "customers" { customers } else { organization })
    };
    let found = block(work).await.expect("the task is not cancelled").expect("the statement succeeds");
    let data = found.into_iter().take(PAGE).map(Request::from).collect();
    HttpResponse::Ok().json(Page { data, next_cursor })
}

#[post("/v1/service-requests")]
async fn create(state: Data<State>, request: HttpRequest, body: Json<Create>) -> impl Responder {
    if !state.lets_in(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let work = move || {
        let created = state.create(body.into_inner())?;
        QueryResult::Ok(serde_json::to_string(&created).unwrap_or_default())
    };
    let created = block(work).await.expect("the task is not cancelled").expect("the statement succeeds");
    HttpResponse::Created().content_type(ContentType::json()).body(created)
}

/// Serves until killed.
pub(crate) fn serve(setting: Setting) -> std::io::Result<()> {
    /// Beyond whatever the product hands out meanwhile.
    const FIRST_NUMBER: i64 = 1_000_000_000;
    let pool = AnyPool::open(&setting.url, setting.pool);
    let number = AtomicI64::new(FIRST_NUMBER + i64::from(std::process::id()) * 1_000_000);
    let state = Data::new(State { setting, pool, number });
    System::new().block_on(async {
        let server =
            HttpServer::new(move || App::new().app_data(state.clone()).service(read).service(list).service(create));
        let server = server.bind("127.0.0.1:0")?;
        println!("the bare routes listen on http://{}", server.addrs().first().expect("it was bound"));
        server.run().await
    })
}

/// Sends statements one after the other without any HTTP, on one connection to SQLite; how many, in so many seconds.
pub(crate) fn repeat(setting: &Setting, what: &str, ids: &[String], seconds: f64) -> QueryResult<(u64, f64)> {
    let path = setting.url.strip_prefix("sqlite://").unwrap_or(&setting.url);
    let failed = |error: diesel::ConnectionError| diesel::result::Error::QueryBuilderError(error.into());
    let mut connection = SqliteConnection::establish(path).map_err(failed)?;
    sqlite_settings(&mut connection)?;
    let begin = std::time::Instant::now();
    let mut count = 0;
    let mut statement = match what {
        "read" => setting.read.clone(),
        "organization" => setting.organization.clone(),
        "customers" => setting.customers.clone(),
        _ => setting.create.clone(),
    };
    for id in ids.iter().cycle() {
        match what {
            "read" => {
                statement.values[0] = id.as_str().into();
                let query = statement.query::<(BeforeColumns, RequestColumns)>();
                query.get_result::<(Before, Loaded)>(&mut connection)?;
            }
            "organization" | "customers" => {
                statement.query::<RequestColumns>().load::<Loaded>(&mut connection)?;
            }
            _ => {
                let fresh: ServiceRequestId = Ids::System.fresh();
                statement.values[0] = fresh.to_string().into();
                statement.values[1] =
                    (-1 - i64::try_from(count).unwrap_or_default() - i64::from(std::process::id()) * 1_000_000).into();
                statement.query::<()>().execute(&mut connection)?;
            }
        }
        count += 1;
        if begin.elapsed().as_secs_f64() >= seconds {
            break;
        }
    }
    Ok((count, begin.elapsed().as_secs_f64()))
}
