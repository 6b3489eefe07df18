//! A server on a fresh temporary database with sample data.

use crate::settings::Settings;

/// Serves the sample data.
///
/// *Errors*: in words, for the operator.
pub async fn run(settings: Settings) -> Result<(), String> {
    crate::serve::run(settings).await
}
