//! Stopping: asked for once, heard by everybody.

use tokio::sync::watch;

/// Tells everybody who holds a clone that the server stops.
#[derive(Debug, Clone)]
pub struct Shutdown {
    begun: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { begun: watch::Sender::new(false) }
    }
}

impl Shutdown {
    /// Begins to stop.
    pub fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// Whether the server stops.
    pub fn is_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// Waits until the server stops.
    pub async fn begun(&self) {
        let mut begun = self.begun.subscribe();
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = begun.wait_for(|begun| *begun).await;
    }
}

/// Waits until the operator wants the server to stop: SIGTERM or SIGINT.
///
/// *Errors*: signals cannot be listened to.
#[cfg(unix)]
pub async fn asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Waits until the operator wants the server to stop: Ctrl-C.
///
/// *Errors*: signals cannot be listened to.
#[cfg(not(unix))]
pub async fn asked_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_hears_of_the_stop_also_later() {
        let shutdown = Shutdown::default();
        let other = shutdown.clone();
        assert!(!other.is_begun());
        tokio::join!(other.begun(), async { shutdown.begin() });
        assert!(other.is_begun());
        shutdown.begun().await;
    }
}
