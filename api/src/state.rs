//! What the handlers share: the store, the clock, the ids, the keys, and the way to the blocking pool.

use std::sync::Arc;

use actix_web::HttpResponse;
use mandate_core::contact::WelcomeIds;
use mandate_core::id::{Id, Kind, PersonId};
use mandate_core::time::Timestamp;
use mandate_storage::{ReadTx, Store};

use crate::access_token::{AccessTokens, Bearer};
use crate::caller::{Asker, Caller};
use crate::files::FileStore;
use crate::gate::{Fair, Gate, Shares};
use crate::input::Errors;
use crate::keyring::KeyRing;
use crate::letter::LetterResolver;
use crate::metrics::Metrics;
use crate::number::Numbers;
use crate::page::{CursorKey, Listing, PageRequest};
use crate::password::Passwords;
use crate::problem::Problem;
use crate::reply::Command;
use crate::seal::Sealer;
use crate::settings::Settings;
use crate::sources::{Ids, SteadyClock};
use crate::worker::Outbox;

/// The running application.
pub struct App {
    /// The database.
    pub store: Store,
    /// The configuration.
    pub settings: Settings,
    /// The time, which never runs backwards.
    pub clock: SteadyClock,
    /// New ids.
    pub ids: Ids,
    /// New service request numbers.
    pub numbers: Numbers,
    /// The keys behind tokens, links and cursors.
    pub ring: Arc<KeyRing>,
    /// Signs and verifies access tokens.
    pub tokens: AccessTokens,
    /// Seals refresh tokens and links.
    pub sealer: Sealer,
    /// Authenticates page cursors.
    pub cursors: CursorKey,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Wakes the worker when an email may be owed.
    pub outbox: Outbox,
    /// The bytes of attachments.
    pub files: FileStore,
    /// Where the keys of signed letters are looked up.
    pub letters: LetterResolver,
    /// The turns of those who read.
    pub readers: Gate,
    /// The turns of those who write; on SQLite there is one.
    pub writers: Gate,
    /// How many of one organization's writers, or of one of the staff, wait for a turn or have one.
    pub writing: Shares,
    /// The turns of those whose file of contacts arrives and is imported.
    pub imports: Fair,
    /// The turns of those whose file is read and imported, which takes memory and processors.
    pub importing: Gate,
    /// The turns of those who upload, which takes memory as well, and time.
    pub uploads: Fair,
}

impl App {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id.
    pub fn id<K: Kind>(&self) -> Id<K> {
        self.ids.fresh()
    }

    /// The page of a list that somebody asks for; what is wrong with `limit` and `cursor` is in `errors`.
    pub fn page(
        &self,
        caller: &Caller,
        errors: &mut Errors,
        listing: Listing,
        limit: Option<u32>,
        cursor: &Option<String>,
    ) -> PageRequest {
        PageRequest::read(errors, listing, (limit, cursor.as_deref()), caller.claims.person, &self.cursors)
    }

    /// A new welcome link and email.
    pub fn welcome(&self, now: Timestamp) -> WelcomeIds {
        WelcomeIds { link: self.id(), mail: self.id(), expires_at: now.plus(self.settings.welcome_ttl) }
    }

    /// Reads for somebody who is signed in, from one snapshot.
    ///
    /// *Errors*: `unauthenticated` if they may not sign in any more, whatever the work refuses, and storage's failures.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        caller: Caller,
        work: impl Fn(&mut ReadTx<'_>, &Asker) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        self.on_turn(&self.readers, move || {
            app.store.read(|tx| {
                let asker = caller.identify(tx)?;
                work(tx, &asker)
            })
        })
        .await
    }

    /// Reads for somebody who is not signed in, from one snapshot.
    ///
    /// *Errors*: whatever the work refuses, and storage's failures.
    pub async fn read_unsigned<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(&mut ReadTx<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        self.on_turn(&self.readers, move || app.store.read(&work)).await
    }

    /// Reads with one statement, which brings along who is asking.
    ///
    /// *Errors*: whatever the work refuses, and storage's failures.
    pub async fn glance<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(&mut ReadTx<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        self.on_turn(&self.readers, move || app.store.glance(&work)).await
    }

    /// Carries out a command for somebody who is signed in: fence, caller, repeated request, facts, decision, save; all in
    /// one transaction.
    ///
    /// *Errors*: `unauthenticated`, `idempotency_key_reused`, whatever the work refuses, and storage's failures.
    pub async fn write(
        self: &Arc<Self>,
        caller: Caller,
        command: impl Command + 'static,
    ) -> Result<HttpResponse, Problem> {
        let app = Arc::clone(self);
        // Writers of one organization wait for each other in any case: in front of the turns, so that no turn of others is taken.
        let share = self.writing.take(&whose(&caller.claims)).await?;
        let work = move || {
            let _held = share;
            app.store.write(|unlocked| caller.carry_out(&app, unlocked, &command))
        };
        let answer = self.on_turn(&self.writers, work).await?;
        self.outbox.wake();
        Ok(answer.into_response())
    }

    /// Carries out a command for somebody who is not signed in.
    ///
    /// *Errors*: whatever the work refuses, and storage's failures.
    pub async fn write_unsigned<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(mandate_storage::Unlocked<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        let done = self.on_turn(&self.writers, move || app.store.write(&work)).await?;
        self.outbox.wake();
        Ok(done)
    }

    /// The number of a service request to be.
    ///
    /// *Errors*: storage's failures, when a new block has to be reserved.
    pub async fn number(self: &Arc<Self>) -> Result<i64, Problem> {
        if let Some(number) = self.numbers.take() {
            return Ok(number);
        }
        let app = Arc::clone(self);
        self.on_turn(&self.writers, move || Ok(app.numbers.reserve(&app.store)?)).await
    }

    /// Runs blocking work when it is its turn. Once begun it runs to its end, also when the client hangs up.
    pub(crate) async fn on_turn<T: Send + 'static>(
        &self,
        gate: &Gate,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = gate.turn().await?;
        let done = actix_web::web::block(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.map_err(|error| Problem::internal(format!("a blocking task was cancelled: {error}")))?
    }
}

/// Whose writing it is: an organization's, but of the vendor each person's.
fn whose(claims: &Bearer) -> String {
    match claims.person {
        PersonId::Contact(_) => claims.organization.to_string(),
        PersonId::Staff(staff) => staff.to_string(),
    }
}
