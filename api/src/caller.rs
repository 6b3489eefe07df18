//! Who is calling: a token that carries identity alone, and what the database knows of that person now.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use mandate_core::actor::Actor;
use mandate_core::change::{Context, Origin};
use mandate_core::refusal::Code;
use mandate_core::say;
use mandate_core::session::{CallerFacts, authenticate};
use mandate_core::time::Timestamp;
use mandate_storage::{ReadTx, StoredResponse, Unlocked};
use sha2::{Digest as _, Sha256};

use crate::access_token::Bearer;
use crate::edge::RequestInfo;
use crate::escalation_guard::note_sign_of_life;
use crate::problem::Problem;
use crate::replay;
use crate::reply::{Answer, Command};
use crate::state::App;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Characters in an idempotency key, at most.
const IDEMPOTENCY_KEY_MAX: usize = 255;

/// Somebody with a valid access token. Whether they may still act, [`Caller::identify`] asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the token says.
    pub claims: Bearer,
    /// When the request came in; the one `now` of the request (X-4a).
    pub now: Timestamp,
    /// Where it came from.
    pub origin: Origin,
    repeatable: Option<Repeatable>,
}

/// A request that may be sent again with the same effect.
#[derive(Debug, Clone)]
struct Repeatable {
    key: String,
    operation: String,
    body: [u8; 32],
}

/// Somebody whose standing has just been read, at the moment of their request.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
}

impl Caller {
    /// Names the body of the request, so that the same key with another body is noticed.
    #[must_use]
    pub fn with_body(mut self, digest: [u8; 32]) -> Self {
        if let Some(repeatable) = &mut self.repeatable {
            repeatable.body = digest;
        }
        self
    }

    /// Reads who is calling, as they are now.
    ///
    /// *Errors*: `unauthenticated`.
    pub fn identify(&self, tx: &mut ReadTx<'_>) -> Result<Asker, Problem> {
        let facts = tx.caller(self.claims.session)?;
        self.recognize(facts)
    }

    /// Decides whether what was read is somebody who may act.
    ///
    /// *Errors*: `unauthenticated`.
    pub fn recognize(&self, facts: Option<CallerFacts>) -> Result<Asker, Problem> {
        let facts = facts.filter(|facts| facts.actor.id() == self.claims.person);
        let actor = authenticate(self.now, self.claims.organization, facts)?;
        Ok(Asker { actor, now: self.now })
    }

    /// Whether something was answered under the key of this request, so that its work is not begun again.
    pub(crate) fn was_answered(&self, tx: &mut ReadTx<'_>) -> Result<bool, Problem> {
        let Some(repeatable) = &self.repeatable else { return Ok(false) };
        Ok(tx.stored_response(&self.claims.person.to_string(), &repeatable.key)?.is_some())
    }

    /// One attempt at a command.
    pub(crate) fn carry_out(
        &self,
        app: &App,
        mut unlocked: Unlocked<'_>,
        command: &impl Command,
    ) -> Result<Answer, Problem> {
        let fence = command.fence(&mut unlocked)?.uses(self.claims.organization);
        let mut tx = unlocked.lock(&fence)?;
        let asker = self.identify(&mut tx)?;
        let who = self.claims.person.to_string();
        if let Some(repeatable) = &self.repeatable
            && let Some(stored) = tx.stored_response(&who, &repeatable.key)?
        {
            if stored.operation != repeatable.operation || stored.body_hash != repeatable.body {
                return Err(Problem::of(Code::IdempotencyKeyReused));
            }
            replay::allow(&mut tx, &asker, stored.subject)?;
            return Ok(Answer::replayed(stored));
        }
        let context = Context { actor: Some(asker.actor), now: self.now, origin: self.origin.clone() };
        let answer = command.carry_out(app, &mut tx, &context)?;
        note_sign_of_life(app, &mut tx, &context)?;
        if let Some(repeatable) = &self.repeatable {
            tx.save_response(&who, &repeatable.key, &self.stored(repeatable, &answer))?;
        }
        Ok(answer)
    }

    fn stored(&self, repeatable: &Repeatable, answer: &Answer) -> StoredResponse {
        StoredResponse {
            operation: repeatable.operation.clone(),
            body_hash: repeatable.body.to_vec(),
            status: answer.status.as_u16(),
            location: answer.location.clone(),
            etag: answer.version.map(|version| version.to_string()),
            body: answer.body.clone(),
            subject: answer.subject,
            created_at: self.now,
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { read(&request).await })
    }
}

async fn read(request: &HttpRequest) -> Result<Caller, Problem> {
    let app =
        request.app_data::<Data<Arc<App>>>().ok_or_else(|| Problem::internal("the application state is missing"))?;
    let now = app.now();
    let token = bearer(request).ok_or_else(|| {
        Problem::new(Code::Unauthenticated, say!("send an access token as `Authorization: Bearer …`"))
    })?;
    let verified = app.tokens.verify_or_look_again(token).await;
    let claims = verified
        .map_err(|_| Problem::new(Code::Unauthenticated, say!("the access token is not valid, or no longer")))?;
    if let Some(info) = request.extensions().get::<RequestInfo>() {
        info.set_principal(claims.person, claims.organization);
    }
    Ok(Caller { claims, now, origin: origin(request, app), repeatable: repeatable(request)? })
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Where a request came from.
pub fn origin(request: &HttpRequest, app: &App) -> Origin {
    let request_id =
        request.extensions().get::<RequestInfo>().map(|info| info.request_id().to_owned()).unwrap_or_default();
    Origin { request_id, address: address(request, app) }
}

/// The address of the peer or, where the peer is a trusted proxy, of the last one that it does not trust.
pub(crate) fn address(request: &HttpRequest, app: &App) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    // A proxy adds to the header or adds a second one; both are one list.
    let lines: Vec<&str> = request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
    let forwarded = lines.join(",");
    let hops = forwarded.rsplit(',').map_while(|hop| hop_address(hop.trim()));
    let mut address = peer;
    for hop in hops {
        if !app.settings.trusts(address) {
            break;
        }
        address = hop;
    }
    Some(address)
}

/// The address in an entry of `X-Forwarded-For`, which some proxies write with the client's port, and IPv6 then in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|place| place.ip()))
}

/// What an address counts as where attempts are counted: itself, or the /64 that it lies in, for of IPv6 that is the least that
/// somebody has.
pub(crate) fn counted_address(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

fn repeatable(request: &HttpRequest) -> Result<Option<Repeatable>, Problem> {
    let Some(value) = request.headers().get(&IDEMPOTENCY_KEY) else { return Ok(None) };
    check_key(value.as_bytes())?;
    if request.method() != actix_web::http::Method::POST {
        return Ok(None);
    }
    let key = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let operation = format!("POST {}", request.path());
    Ok(Some(Repeatable { key, operation, body: Sha256::digest([]).into() }))
}

/// Refuses an unreadable idempotency key also where no answer is stored, because it holds secrets.
///
/// *Errors*: `invalid_idempotency_key`.
pub(crate) fn check_idempotency_key(request: &HttpRequest) -> Result<(), Problem> {
    request.headers().get(&IDEMPOTENCY_KEY).map_or(Ok(()), |key| check_key(key.as_bytes()))
}

/// An idempotency key is 1 to 255 visible characters.
fn check_key(key: &[u8]) -> Result<(), Problem> {
    let is_readable = (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    if is_readable {
        return Ok(());
    }
    let detail = say!(
        "the Idempotency-Key has {count} bytes; it must be 1 to {max} visible ASCII characters",
        count = key.len(),
        max = IDEMPOTENCY_KEY_MAX
    );
    Err(Problem::new(Code::InvalidIdempotencyKey, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_may_write_the_clients_port_behind_its_address() {
        for (hop, address) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.7:4711", Some("192.0.2.7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("[2001:db8::7]", Some("2001:db8::7")),
            ("[2001:db8::7]:4711", Some("2001:db8::7")),
            ("unknown", None),
            ("192.0.2.7:", None),
            ("192.0.2.7:70000", None),
            ("[2001:db8::7", None),
            ("_hidden:80", None),
            ("", None),
        ] {
            assert_eq!(hop_address(hop).map(|address| address.to_string()).as_deref(), address, "{hop}");
        }
    }

    #[test]
    fn of_ipv6_a_network_is_counted_x_7() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(counted_address(address.parse().unwrap()), counted, "{address}");
        }
    }
}
