//! Calls the server's own operations without a network, as somebody and at some time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use mandate_core::time::{Span, Timestamp};
use mandate_storage::StorageError;
use serde_json::{Value, json};

use super::PASSWORD;
use crate::serve::Shared;
use crate::shutdown::Shutdown;
use crate::state::App;

/// Fills a database through the operations that everybody calls.
pub(super) struct Filler {
    app: Arc<App>,
    shared: Shared,
    hands: Arc<AtomicI64>,
    tokens: RefCell<HashMap<String, (String, i64)>>,
}

impl Filler {
    pub(super) fn new(app: Arc<App>, hands: Arc<AtomicI64>) -> Self {
        let shared = Shared::new(&app, &Shutdown::default());
        Self { app, shared, hands, tokens: RefCell::default() }
    }

    /// Moves the clock on, but not beyond the present.
    pub(super) fn advance(&self, span: Span, now: Timestamp) {
        let later = Timestamp::from_micros(self.hands.load(Ordering::Acquire)).plus(span);
        self.hands.store(later.min(now).micros(), Ordering::Release);
    }

    /// The time on the clock.
    pub(super) fn time(&self) -> Timestamp {
        Timestamp::from_micros(self.hands.load(Ordering::Acquire))
    }

    /// A call as somebody, by email; answers the body.
    ///
    /// *Errors*: whatever the server answers beside success, in words.
    pub(super) async fn call(&self, who: &str, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let token = self.token(who).await?;
        self.send(Some(&token), method, path, body).await
    }

    /// `POST`, the usual call.
    pub(super) async fn post(&self, who: &str, path: &str, body: Value) -> Result<Value, String> {
        self.call(who, Method::POST, path, body).await
    }

    async fn token(&self, who: &str) -> Result<String, String> {
        let minute = self.time().seconds() / 600;
        let known = self.tokens.borrow().get(who).filter(|(_, made)| *made == minute).map(|(token, _)| token.clone());
        if let Some(token) = known {
            return Ok(token);
        }
        let session =
            self.send(None, Method::POST, "/v1/sessions", json!({"email": who, "password": PASSWORD})).await?;
        let token = text(&session, "access_token")?;
        self.tokens.borrow_mut().insert(who.to_owned(), (token.clone(), minute));
        Ok(token)
    }

    async fn send(&self, token: Option<&str>, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let mut request = TestRequest::default().method(method.clone()).uri(path);
        if let Some(token) = token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        if method != Method::GET {
            request = request.set_json(body);
        }
        self.answer(&format!("{method} {path}"), request).await
    }

    /// Uploads a file to a service request or an escalation, by its path; answers the attachment's id.
    pub(super) async fn upload(
        &self,
        who: &str,
        place: &str,
        (name, media_type): (&str, &str),
        content: &'static str,
    ) -> Result<String, String> {
        let path = format!("{place}/attachments");
        let upload = TestRequest::post()
            .uri(&path)
            .insert_header(("authorization", format!("Bearer {}", self.token(who).await?)))
            .insert_header(("content-type", media_type))
            .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
            .set_payload(content);
        text(&self.answer(&path, upload).await?, "id")
    }

    /// The body of what the server answers.
    async fn answer(&self, what: &str, request: TestRequest) -> Result<Value, String> {
        let application = init_service(self.shared.application()).await;
        let response = call_service(&application, request.to_request()).await;
        let status = response.status();
        let bytes = read_body(response).await;
        drop(application);
        if !status.is_success() {
            return Err(format!("{what} answered {status}: {}", String::from_utf8_lossy(&bytes)));
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| format!("{what}: {error}"))
    }

    /// Sets the passwords of everybody who has just been invited, with the links in the emails that wait for them.
    pub(super) async fn accept_invitations(&self, but: &[&str]) -> Result<(), String> {
        for (email, token) in self.open_links()? {
            if !but.contains(&email.as_str()) {
                let body = json!({"token": token, "password": PASSWORD});
                self.send(None, Method::POST, "/v1/welcome/confirm", body).await?;
            }
        }
        Ok(())
    }

    fn open_links(&self) -> Result<Vec<(String, String)>, String> {
        let now = self.time();
        let found = self.app.store.read(|tx| {
            let mut found = Vec::new();
            for mail in tx.due_mails(now, 1_000)? {
                let link = mail.notice.link.map(|link| tx.link(link)).transpose()?.flatten();
                let person = tx.actor(mail.notice.to)?;
                if let (Some(link), Some((person, _))) = (link.filter(|link| link.is_live(now)), person) {
                    found.push((person.email.to_string(), self.app.sealer.link_token(link.id)));
                }
            }
            Ok::<_, StorageError>(found)
        });
        found.map_err(|error| error.to_string())
    }
}

/// A member of an answer that is a text.
pub(super) fn text(answer: &Value, member: &str) -> Result<String, String> {
    answer
        .get(member)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("an answer lacks `{member}`: {answer}"))
}
