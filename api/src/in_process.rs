//! The whole server without a socket, and without a worker that runs by itself: for programs that say themselves when time
//! passes and when the worker takes its turn, so that the same calls in the same order always do the same.

use std::sync::Arc;

use actix_web::App as ActixApp;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};

use crate::serve::{Shared, hire, prepare};
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::sources::{Clock, Ids};
use crate::state::App;
use crate::worker::{Prepare, Settle, Worker};

/// A server within this process.
pub struct InProcess {
    /// What the handlers share.
    pub app: Arc<App>,
    shared: Shared,
    worker: Worker,
    prepare: Prepare,
    settle: Settle,
    shutdown: Shutdown,
}

impl InProcess {
    /// Migrates and opens.
    ///
    /// *Errors*: in words, for the operator.
    pub async fn open(settings: Settings, clock: Clock, ids: Ids) -> Result<Self, String> {
        let (app, _) = prepare(settings, clock, ids).await?;
        let shutdown = Shutdown::default();
        let (worker, prepare, settle) = hire(&app)?;
        Ok(Self { shared: Shared::new(&app, &shutdown), app, worker, prepare, settle, shutdown })
    }

    /// The application, with every operation and the edge around it.
    pub fn application(
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
        self.shared.application()
    }

    /// Lets the worker do what is due.
    pub async fn work(&self) {
        self.worker.take_turn(&self.prepare, &self.settle, &self.shutdown).await;
    }
}
