//! Removing files that no message took up: drafts that are a day old, and what interrupted uploads left (S-6).

use std::time::Duration;

use mandate_core::attachment::DRAFT_KEPT;
use mandate_storage::{Fence, StorageError, Upload};
use tokio::time::sleep;

use super::Worker;
use crate::shutdown::Shutdown;

/// How long to wait between two sweeps; the first is at once.
const PAUSE: Duration = Duration::from_secs(3_600);
/// Files that are abandoned in one transaction.
const AT_ONCE: i64 = 100;

impl Worker {
    /// Sweeps now and then, beside all other work: a store that does not answer holds up nothing else.
    pub(super) async fn sweep_until(&self, shutdown: &Shutdown) {
        while !shutdown.is_begun() {
            tokio::select! {
                swept = self.sweep_uploads() => drop(self.note("abandoned uploads", swept)),
                () = shutdown.begun() => return,
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = shutdown.begun() => {}
            }
        }
    }

    /// Abandons what is old enough, removes the files, and only then forgets them; whatever ends this in between, the next round
    /// goes on. An upload in hand is much younger, and if it were not, it could not commit any more.
    async fn sweep_uploads(&self) -> Result<(), StorageError> {
        loop {
            let abandoned = self.in_thread(Self::abandon_uploads).await?;
            let mut is_last = i64::try_from(abandoned.len()).unwrap_or(i64::MAX) < AT_ONCE;
            for upload in abandoned {
                match self.files.remove(upload).await {
                    Ok(()) => self.in_thread(move |worker| worker.forget_upload(upload)).await?,
                    Err(error) => {
                        tracing::warn!(id = %upload.id, %error, "a file could not be removed; the worker will try again");
                        is_last = true;
                    }
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn abandon_uploads(&self) -> Result<Vec<Upload>, StorageError> {
        let before = self.clock.now().minus(DRAFT_KEPT);
        self.store.write(|unlocked| unlocked.lock(&Fence::new())?.abandon_uploads(before, AT_ONCE))
    }

    fn forget_upload(&self, upload: Upload) -> Result<(), StorageError> {
        self.store.write(|unlocked| unlocked.lock(&Fence::new())?.forget_upload(upload.id))
    }
}
