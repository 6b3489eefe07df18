//! The log: one line per event, on standard error, in UTC. Standard output is for what commands print.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::settings::{LogFormat, Settings};

/// Begins to log as the settings say. Until then nothing is logged.
///
/// *Errors*: when it was begun before.
pub fn start(settings: &Settings) -> Result<(), TryInitError> {
    let filter = EnvFilter::new(&settings.log);
    // The default timer prints RFC 3339 in UTC to the microsecond.
    let subscriber = fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal());
    match settings.log_format {
        LogFormat::Json => {
            subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).finish().try_init()
        }
        LogFormat::Text => subscriber.finish().try_init(),
    }
}
