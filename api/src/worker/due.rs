//! What the server does by itself when its time has come: completing escalations, and writing down that others lapsed (E-5, E-9).

use std::sync::Arc;
use std::time::Duration;

use mandate_storage::StorageError;
use tokio::time::sleep;

use super::Worker;
use crate::shutdown::Shutdown;

/// How long to wait when nothing is due.
const PAUSE: Duration = Duration::from_millis(500);

/// Does what is due, and says how much that was. Runs in a thread that may block.
pub type Settle = Arc<dyn Fn() -> Result<usize, StorageError> + Send + Sync>;

impl Worker {
    pub(super) async fn settle_until(&self, settle: &Settle, shutdown: &Shutdown) {
        while !shutdown.is_begun() {
            let settle = Arc::clone(settle);
            let settled = self.note("what is due", self.in_thread(move |_| settle()).await).unwrap_or_default();
            if settled > 0 {
                self.outbox.wake();
                continue;
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = shutdown.begun() => {}
            }
        }
    }
}
