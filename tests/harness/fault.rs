//! A crash between two statements: connections of one database fail at the n-th statement of each transaction that writes escalations.
//!
//! The statement panics before it is sent, so the connection is lost in the middle of its transaction, as when the process ends there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// At which statement each database fails, by its address.
static FAULTS: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
/// How many these are, so that others lose no time.
static ARMED: AtomicUsize = AtomicUsize::new(0);

/// What transactions are about that fail.
const TABLE: &str = "escalations";
/// How transactions begin that write.
const WRITES: [&str; 2] = ["BEGIN IMMEDIATE", "BEGIN ISOLATION LEVEL READ COMMITTED"];

fn faults() -> MutexGuard<'static, BTreeMap<String, usize>> {
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn address(url: &str) -> String {
    url.trim_start_matches("sqlite://").split('?').next().unwrap_or_default().to_owned()
}

/// Has all connections watched that are opened from now on.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| Some(Box::<Watch>::default())).expect("nobody else watches connections");
    });
}

/// Lets each transaction that writes escalations fail at this statement, or none any more.
pub(crate) fn set(url: &str, statement: Option<usize>) {
    let mut faults = faults();
    match statement {
        Some(statement) => faults.insert(address(url), statement),
        None => faults.remove(&address(url)),
    };
    ARMED.store(faults.len(), Ordering::Release);
}

/// What is known of a connection.
#[derive(Default)]
struct Watch {
    address: String,
    is_write: bool,
    /// Statements since the first one about escalations.
    count: usize,
}

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.address = address(url),
            InstrumentationEvent::StartQuery { query, .. } if ARMED.load(Ordering::Acquire) > 0 => {
                self.look(&query.to_string());
            }
            _ => {}
        }
    }
}

impl Watch {
    fn look(&mut self, query: &str) {
        if query.starts_with("BEGIN") {
            (self.is_write, self.count) = (WRITES.iter().any(|begin| query.starts_with(begin)), 0);
        }
        if self.is_write && (self.count > 0 || query.contains(TABLE)) && !query.starts_with("ROLLBACK") {
            self.count += 1;
            let fault = faults().get(&self.address).copied();
            assert!(fault != Some(self.count), "the process ends at statement {}, as a story wants it", self.count);
        }
    }
}
