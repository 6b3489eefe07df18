//! A running server as its clients know it, and somebody who sends requests to it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mandate_core::time::{Span, Timestamp};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::mailbox::{Mail, Mailbox};
use crate::matrix::Story;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// How long an answer may take; longer than the server allows itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often somebody looks again who waits for something to happen.
const INTERVAL: Duration = Duration::from_millis(20);

/// A running server, as its clients know it.
#[derive(Debug)]
pub struct Instance {
    address: RwLock<SocketAddr>,
    http: reqwest::Client,
    story: Arc<Story>,
    mailbox: Mailbox,
    clock: TestClock,
}

/// What time it is for a server.
#[derive(Debug, Clone)]
pub enum TestClock {
    /// The story's, in microseconds since the epoch.
    Manual(Arc<AtomicI64>),
    /// The machine's.
    System,
}

impl TestClock {
    /// The time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Manual(micros) => Timestamp::from_micros(micros.load(Ordering::Acquire)),
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
                Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).expect("it is before the year 290000"))
            }
        }
    }
}

/// A client that speaks no TLS, however much the server's own clients do.
pub fn plain_client() -> reqwest::ClientBuilder {
    // It wants to know how TLS would be spoken; that this was said before is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

impl Instance {
    /// A server at an address.
    pub fn new(address: SocketAddr, story: Arc<Story>, mailbox: Mailbox, clock: TestClock) -> Arc<Self> {
        let http = plain_client()
            // A server that is asked to stop waits for connections that are open.
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS can always be made");
        Arc::new(Self { address: RwLock::new(address), http, story, mailbox, clock })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        *self.address.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// It was started again, at another address.
    pub fn moved_to(&self, address: SocketAddr) {
        *self.address.write().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// The emails that it sends.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// What time it is for it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Somebody without credentials.
    pub fn anonymous(self: &Arc<Self>) -> Actor {
        Actor {
            id: String::new(),
            name: String::new(),
            email: String::new(),
            organization_id: String::new(),
            instance: Arc::clone(self),
            credentials: Arc::new(Mutex::new(Credentials::None)),
        }
    }

    /// Signs somebody in.
    pub async fn sign_in(self: &Arc<Self>, email: &str, password: &str) -> Actor {
        let asked_at = self.now();
        let body = json!({"email": email, "password": password});
        let answer = self.anonymous().post("/v1/sessions", body).await.expect(201);
        let principal = |member: &str| answer["principal"][member].as_str().unwrap_or_default().to_owned();
        let session = Session::of(&answer, asked_at, password);
        Actor {
            id: principal("id"),
            name: principal("name"),
            email: principal("email"),
            organization_id: principal("organization_id"),
            instance: Arc::clone(self),
            credentials: Arc::new(Mutex::new(Credentials::Session(session))),
        }
    }

    /// Follows the link of a welcome email: sets the password and signs in.
    pub async fn accept(self: &Arc<Self>, welcome: &Mail) -> Actor {
        let body = json!({"token": welcome.token(), "password": PASSWORD});
        self.anonymous().post("/v1/welcome/confirm", body).await.expect_success();
        self.sign_in(&welcome.to, PASSWORD).await
    }
}

/// How somebody proves who they are.
#[derive(Debug, Clone)]
enum Credentials {
    None,
    /// Whatever a test wants to send.
    Token(String),
    Session(Session),
}

#[derive(Debug, Clone)]
struct Session {
    password: String,
    access_token: String,
    refresh_token: String,
    id: String,
    /// From then on a new session is needed.
    ends_at: Timestamp,
}

impl Session {
    fn of(answer: &Answer, asked_at: Timestamp, password: &str) -> Self {
        let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        let seconds = answer["expires_in"].as_i64().unwrap_or_default();
        Self {
            password: password.to_owned(),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
            id: text("session_id"),
            ends_at: asked_at.plus(Span::seconds(seconds)),
        }
    }
}

/// Somebody who sends requests to one instance.
///
/// An access token whose time is over is replaced by signing in again, so that stories may let days pass. Whoever cannot
/// sign in any more goes on with the old one.
#[derive(Debug, Clone)]
pub struct Actor {
    /// `contact_…` or `staff_…`; empty for somebody without credentials, as all of these.
    pub id: String,
    /// First and last name.
    pub name: String,
    /// The user id.
    pub email: String,
    /// Where they belong.
    pub organization_id: String,
    pub(crate) instance: Arc<Instance>,
    credentials: Arc<Mutex<Credentials>>,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub enum Payload {
    /// No body.
    Nothing,
    /// JSON, with its media type unless a header names another.
    Json(Value),
    /// These bytes, with whatever media type a header names.
    Raw(Vec<u8>),
}

impl From<()> for Payload {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

impl From<Value> for Payload {
    fn from(body: Value) -> Self {
        Self::Json(body)
    }
}

impl From<&str> for Payload {
    fn from(body: &str) -> Self {
        Self::Raw(body.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Payload {
    fn from(body: Vec<u8>) -> Self {
        Self::Raw(body)
    }
}

impl Actor {
    /// The server that they talk to.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// The same person at another instance of the server.
    pub fn at(&self, instance: &Arc<Instance>) -> Self {
        Self { instance: Arc::clone(instance), ..self.clone() }
    }

    /// Somebody who sends exactly this bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { credentials: Arc::new(Mutex::new(Credentials::Token(token.to_owned()))), ..self.clone() }
    }

    /// The access token; empty for somebody without credentials.
    pub fn access_token(&self) -> String {
        match self.credentials() {
            Credentials::None => String::new(),
            Credentials::Token(token) => token,
            Credentials::Session(session) => session.access_token,
        }
    }

    /// The refresh token; empty for somebody without a session.
    pub fn refresh_token(&self) -> String {
        self.session().map(|session| session.refresh_token).unwrap_or_default()
    }

    /// The session's id; empty for somebody without a session.
    pub fn session_id(&self) -> String {
        self.session().map(|session| session.id).unwrap_or_default()
    }

    fn session(&self) -> Option<Session> {
        match self.credentials() {
            Credentials::Session(session) => Some(session),
            Credentials::None | Credentials::Token(_) => None,
        }
    }

    fn credentials(&self) -> Credentials {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `GET`
    pub async fn get(&self, path: impl AsRef<str>) -> Answer {
        self.send("GET", path.as_ref(), &[], ()).await
    }

    /// `POST`, with JSON or `()` for no body.
    pub async fn post(&self, path: impl AsRef<str>, body: impl Into<Payload>) -> Answer {
        self.send("POST", path.as_ref(), &[], body).await
    }

    /// `PATCH`, as a merge patch.
    pub async fn patch(&self, path: impl AsRef<str>, body: Value) -> Answer {
        self.send("PATCH", path.as_ref(), &[("content-type", "application/merge-patch+json")], body).await
    }

    /// `PUT`
    pub async fn put(&self, path: impl AsRef<str>, body: Value) -> Answer {
        self.send("PUT", path.as_ref(), &[], body).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: impl AsRef<str>) -> Answer {
        self.send("DELETE", path.as_ref(), &[], ()).await
    }

    /// Sends a request whose headers matter. Those given here beat those that would be sent by themselves.
    ///
    /// Panics when there is no answer, or one that `openapi.yaml` does not describe.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Payload>) -> Answer {
        self.renew().await;
        self.send_as_is(method, path, headers, body.into()).await
    }

    /// Signs in again where the access token's time is over.
    async fn renew(&self) {
        let Some(session) = self.session().filter(|session| session.ends_at <= self.instance.now()) else { return };
        let (asked_at, body) = (self.instance.now(), json!({"email": self.email, "password": session.password}));
        let answer = self.instance.anonymous().send_as_is("POST", "/v1/sessions", &[], body.into()).await;
        if answer.status == 201 {
            let renewed = Session::of(&answer, asked_at, &session.password);
            *self.credentials.lock().unwrap_or_else(PoisonError::into_inner) = Credentials::Session(renewed);
        }
    }

    async fn send_as_is(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Payload) -> Answer {
        let url = format!("http://{}{path}", self.instance.address());
        let known_method = Method::from_bytes(method.as_bytes()).expect("stories use methods that HTTP allows");
        let mut request = self.instance.http.request(known_method, url);
        let is_given = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let token = self.access_token();
        if !token.is_empty() && !is_given(AUTHORIZATION.as_str()) {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut sent = None;
        request = match body {
            Payload::Nothing => request,
            Payload::Raw(bytes) => request.body(bytes),
            Payload::Json(json) => {
                let text = json.to_string();
                sent = Some(json);
                let request = request.body(text);
                if is_given(CONTENT_TYPE.as_str()) { request } else { request.header(CONTENT_TYPE, "application/json") }
            }
        };
        let who = if self.email.is_empty() { "nobody" } else { &self.email };
        let answer =
            Answer::receive(format!("{method} {path} as {who}"), request, Arc::clone(&self.instance.story)).await;
        answer.check_contract(method, path, sent.as_ref());
        answer
    }

    /// Looks again and again until an answer is as expected: for what the server does by itself.
    ///
    /// Panics when that takes more than ten seconds.
    pub async fn eventually(&self, path: impl AsRef<str>, is_expected: impl Fn(&Answer) -> bool) -> Answer {
        let start = Instant::now();
        loop {
            let answer = self.get(path.as_ref()).await;
            if is_expected(&answer) {
                return answer;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "it does not happen; the last answer was\n{answer}");
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
