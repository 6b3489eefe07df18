//! Signing in and out over HTTP (api.md section 2).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::id::{PersonId, SessionId, SessionKind};
use mandate_core::refusal::{Code, Refusal};
use mandate_core::session::{self, Refreshed, Session, SignIn, SignInFacts};
use mandate_core::text::Email;
use mandate_core::throttle::{self, Failures, Patience};
use mandate_core::time::Timestamp;
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use validator::Validate;

use crate::access_token::Bearer;
use crate::caller::{Caller, address, check_idempotency_key, counted_address, origin};
use crate::escalation_guard::note_sign_of_life;
use crate::extract::{Body, PathId, WholeList};
use crate::person::PrincipalView;
use crate::problem::{BodyProblems, Problem, Problems, PublicProblems};
use crate::reply::{Answer, command};
use crate::secret::Secret;
use crate::state::App;
use crate::wire::{SessionIdWire, TimestampWire};

/// Credentials of a person.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ana.silva@acme.example", "password": "correct horse battery"}))]
pub struct CreateSessionBody {
    /// The user id.
    #[schema(required = true, nullable = false, example = "ana.silva@acme.example")]
    email: Option<String>,
    /// The password.
    #[schema(value_type = Option<String>, required = true, nullable = false, format = "password", example = "correct horse battery")]
    password: Option<Secret>,
}

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionTokensView {
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9…")]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    expires_in: i64,
    /// Good for one use at `POST /v1/sessions/refresh`.
    #[schema(example = "c2Vzc2lvbi1yZWZyZXNo…")]
    refresh_token: String,
    /// The session.
    session_id: SessionIdWire,
    /// Who signed in.
    principal: PrincipalView,
}

fn tokens(app: &App, session: &Session, actor: &Actor) -> Result<SessionTokensView, Problem> {
    let bearer = Bearer { person: actor.id(), organization: actor.organization, session: session.id };
    let issued = app.tokens.issue(bearer);
    Ok(SessionTokensView {
        access_token: issued.token.expose().to_owned(),
        token_type: "Bearer",
        expires_in: issued.expires_in.as_seconds(),
        refresh_token: app.sealer.refresh_token(session.id, session.generation),
        session_id: session.id.into(),
        principal: PrincipalView::from(actor),
    })
}

/// Under which names failures are counted. The email itself is not kept: it may be a mistyped password.
struct Scopes {
    account: String,
    address: Option<String>,
}

impl Scopes {
    fn of(email: &str, request: &HttpRequest, app: &App) -> Self {
        let account = scope("account", email);
        Self { account, address: address(request, app).map(|address| format!("address:{}", counted_address(address))) }
    }

    fn read(&self, tx: &mut ReadTx<'_>) -> Result<Seen, Problem> {
        let address = self.address.as_ref().map(|address| tx.sign_in_failures(address)).transpose()?.flatten();
        Ok(Seen { account: tx.sign_in_failures(&self.account)?, address })
    }

    /// Makes attempts that were sent together take turns.
    fn hold(&self, tx: &mut WriteTx<'_>) -> Result<(), Problem> {
        tx.hold_sign_in_failures(&self.account)?;
        self.address.iter().try_for_each(|address| Ok(tx.hold_sign_in_failures(address)?))
    }

    /// Counts one more than were seen.
    fn count(&self, tx: &mut WriteTx<'_>, seen: Seen, now: Timestamp) -> Result<(), Problem> {
        count(tx, &self.account, throttle::ACCOUNT, seen.account, now)?;
        match &self.address {
            Some(address) => count(tx, address, throttle::ADDRESS, seen.address, now),
            None => Ok(()),
        }
    }
}

/// The failures under both names.
struct Seen {
    account: Option<Failures>,
    address: Option<Failures>,
}

impl Seen {
    /// Refuses while either name is blocked.
    fn allow(&self, now: Timestamp) -> Result<(), Refusal> {
        throttle::allow(now, self.account.as_ref())?;
        throttle::allow(now, self.address.as_ref())
    }
}

/// Counts one more under a name than were seen.
pub(crate) fn count(
    tx: &mut WriteTx<'_>,
    scope: &str,
    patience: Patience,
    seen: Option<Failures>,
    now: Timestamp,
) -> Result<(), Problem> {
    let failures = throttle::count(now, patience, seen.clone());
    Ok(tx.save_sign_in_failures(scope, seen.as_ref(), &failures)?)
}

/// The name under which something is counted for an email, whether somebody has that email or not. However the email is
/// typed, with blanks around it for example, it counts as the account that it finds.
pub(crate) fn scope(what: &str, email: &str) -> String {
    let read = Email::parse(email);
    let digest = Sha256::digest(read.as_ref().map_or(email, Email::as_str).as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{what}:{hex}")
}

/// Sign in
///
/// A wrong password, an unknown email, a disabled contact and one still invited answer alike. Repeated failures slow down.
#[utoipa::path(tag = "sessions", operation_id = "createSession", request_body = CreateSessionBody, security(()),
    responses((status = 201, description = "The sign-in.", body = SessionTokensView),
        PublicProblems, BodyProblems),
    extensions(("x-codes" = json!(["invalid_credentials", "too_many_attempts"]))))]
#[post("/v1/sessions")]
pub(crate) async fn create_session(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<CreateSessionBody>,
) -> Result<HttpResponse, Problem> {
    check_idempotency_key(&request)?;
    let Body { value, mut errors, .. } = body;
    let email = errors.given("/email", value.email);
    let password = errors.given("/password", value.password);
    let (email, password) = errors.finish(|| Some((email?, password?)))?;
    let now = app.now();
    let scopes = Arc::new(Scopes::of(&email, &request, &app));
    let address = Email::parse(&email).ok();
    let (looked_up, allowed) = (address.clone(), Arc::clone(&scopes));
    let hash = app.read_unsigned(move |tx| {
        allowed.read(tx)?.allow(now)?;
        match looked_up.as_ref().map(|email| tx.actor_by_email(email)).transpose()?.flatten() {
            Some((person, _)) => Ok(tx.password_hash(person.id())?),
            None => Ok(None),
        }
    });
    let hash: Option<String> = hash.await?;
    let password_matches = app.passwords.verify_or_dummy(hash.as_deref(), &password).await?;
    let (id, lifetime) = (app.id(), app.settings.session_ttl);
    let compared = hash.clone();
    let (origin, at_work) = (origin(&request, &app), Arc::clone(&app));
    let outcome = app.write_unsigned(move |mut unlocked| {
        let found = address.as_ref().map(|email| unlocked.organization_of_email(email)).transpose()?.flatten();
        let fence = Fence::new().uses(found);
        let mut tx = unlocked.lock(&fence)?;
        // Asked again, so that guesses which were sent together learn nothing beyond the limit.
        scopes.hold(&mut tx)?;
        let seen = scopes.read(&mut tx)?;
        seen.allow(now)?;
        let person = address.as_ref().map(|email| tx.actor_by_email(email)).transpose()?.flatten();
        let present = person.as_ref().map(|(person, _)| tx.password_hash(person.id())).transpose()?.flatten();
        // The password may have been set anew while it was compared; that ends all sign-ins with the older one.
        let password_matches = password_matches && present == compared;
        match session::sign_in(now, lifetime, id, SignInFacts { person, password_matches }) {
            Ok((sign_in, actor)) => {
                begin(&mut tx, &scopes, &sign_in)?;
                let context = Context { actor: Some(actor.clone()), now, origin: origin.clone() };
                note_sign_of_life(&at_work, &mut tx, &context)?;
                Ok(Ok((sign_in, actor)))
            }
            Err(refusal) => scopes.count(&mut tx, seen, now).map(|()| Err(refusal)),
        }
    });
    let (sign_in, actor) = outcome.await?.inspect_err(|_| app.metrics.sign_in_failed())?;
    if let Some(hash) = hash.filter(|hash| app.passwords.is_outdated(hash)) {
        let (app, person) = (Arc::clone(&app), actor.id());
        // Nobody waits for it, and if it comes to nothing the next sign-in tries again.
        actix_web::rt::spawn(async move { renew(&app, person, hash, &password).await });
    }
    let view = tokens(&app, sign_in.session(), &actor)?;
    Ok(HttpResponse::Created().insert_header(("Location", format!("/v1/sessions/{}", sign_in.session().id))).json(view))
}

/// Keeps the hash of a password at the present cost in place of one at another cost.
async fn renew(app: &Arc<App>, person: PersonId, before: String, password: &Secret) {
    let Some(after) = app.passwords.rehash(password).await else { return };
    let renewed = app.write_unsigned(move |unlocked: Unlocked<'_>| {
        Ok(unlocked.lock(&Fence::new())?.renew_password_hash(person, &before, &after)?)
    });
    if let Err(problem) = renewed.await {
        tracing::warn!(cause = problem.cause(), "a password's hash could not be renewed; the next sign-in tries again");
    }
}

fn begin(tx: &mut WriteTx<'_>, scopes: &Scopes, sign_in: &SignIn) -> Result<(), Problem> {
    tx.save_sign_in(sign_in)?;
    Ok(tx.forget_sign_in_failures(&scopes.account)?)
}

/// A refresh token.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "c2Vzc2lvbi1yZWZyZXNo…"}))]
pub struct RefreshSessionBody {
    /// The newest refresh token of the session.
    #[schema(value_type = Option<String>, required = true, nullable = false, example = "c2Vzc2lvbi1yZWZyZXNo…")]
    refresh_token: Option<Secret>,
}

/// Refresh a sign-in
///
/// Rotates: the token is good for one use. Using an old one ends the session, because somebody has a copy; only the
/// second of two parallel refreshes, within ten seconds, gets the same successor.
#[utoipa::path(tag = "sessions", operation_id = "refreshSession", request_body = RefreshSessionBody, security(()),
    responses((status = 200, description = "New tokens.", body = SessionTokensView),
        PublicProblems, BodyProblems),
    extensions(("x-codes" = json!(["invalid_refresh_token"]))))]
#[post("/v1/sessions/refresh")]
pub(crate) async fn refresh_session(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<RefreshSessionBody>,
) -> Result<HttpResponse, Problem> {
    check_idempotency_key(&request)?;
    let Body { value, mut errors, .. } = body;
    let token = errors.given("/refresh_token", value.refresh_token);
    let token = errors.finish(|| token)?;
    let now = app.now();
    let named = app.sealer.open_refresh_token(token.expose());
    let (id, generation): (SessionId, i64) = named.ok_or_else(|| Refusal::of(Code::InvalidRefreshToken))?;
    let lifetime = app.settings.session_ttl;
    let refreshed = app.write_unsigned(move |unlocked: Unlocked<'_>| {
        let mut tx = unlocked.lock(&Fence::new())?;
        let (refreshed, actor) = session::refresh(now, lifetime, generation, tx.caller(id)?)?;
        match &refreshed {
            Refreshed::Rotated(session) => tx.save_session(generation, session)?,
            Refreshed::Repeated(_) => {}
            Refreshed::Ended(session) => tx.save_session(session.generation, session)?,
        }
        Ok((refreshed, actor))
    });
    match refreshed.await? {
        (Refreshed::Rotated(session) | Refreshed::Repeated(session), actor) => {
            Ok(HttpResponse::Ok().json(tokens(&app, &session, &actor)?))
        }
        (Refreshed::Ended(_), _) => Err(Refusal::of(Code::InvalidRefreshToken).into()),
    }
}

/// A sign-in that is good.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    id: SessionIdWire,
    /// Whether it is the one that asks.
    #[schema(example = true)]
    current: bool,
    /// When it began.
    created_at: TimestampWire,
    /// When it was last refreshed.
    refreshed_at: TimestampWire,
    /// When it ends unless it is refreshed.
    expires_at: TimestampWire,
}

/// One's own sign-ins, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The sign-ins.
    data: Vec<SessionView>,
    /// Always `null`: the list is whole.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List one's own sign-ins
///
/// Those that can still be refreshed, on every device; the list is whole.
#[utoipa::path(tag = "sessions", operation_id = "listSessions", responses((status = 200, description = "The sign-ins.", body = SessionList), Problems))]
#[get("/v1/sessions")]
pub(crate) async fn list_sessions(app: Data<Arc<App>>, caller: Caller, _: WholeList) -> Result<HttpResponse, Problem> {
    let current = caller.claims.session;
    let sessions = app.read(caller, |tx, asker| Ok(tx.sessions_of(asker.actor.id(), asker.now)?)).await?;
    let view = |session: &Session| SessionView {
        id: session.id.into(),
        current: session.id == current,
        created_at: session.created_at.into(),
        refreshed_at: session.rotated_at.into(),
        expires_at: session.expires_at.into(),
    };
    Ok(HttpResponse::Ok().json(SessionList { data: sessions.iter().map(view).collect(), next_cursor: None }))
}

/// Sign out
///
/// Ends one of one's own sign-ins at once, the present one or another.
#[utoipa::path(tag = "sessions", operation_id = "deleteSession", params(("session_id" = SessionIdWire, Path, description = "The sign-in.")),
    responses((status = 204, description = "It is over."), Problems))]
#[delete("/v1/sessions/{session_id}")]
pub(crate) async fn delete_session(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<SessionKind>,
) -> Result<HttpResponse, Problem> {
    let person = caller.claims.person;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &mandate_core::change::Context| {
        if tx.end_session(person, id.0, context.now)? {
            Ok(Answer::no_content())
        } else {
            Err(Refusal::not_found().into())
        }
    };
    app.write(caller, command(|_| Ok(Fence::new()), work)).await
}
