//! A server on a fresh temporary database with sample data that tells the product's story.
//!
//! The data is made through the same operations that everybody calls, on a clock that is moved from sixty days ago to
//! now; so there are no states in it that the product could not reach.

mod calls;
mod data;
mod escalation;
mod filler;
mod records;
mod threads;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use mandate_core::text::{Domain, Email, OrganizationName};
use mandate_core::time::{Span, Timestamp};
use mandate_storage::DatabaseUrl;
use tempfile::TempDir;

use crate::password::NewPassword;
use crate::secret::Secret;
use crate::serve::{Server, prepare, start, wait};
use crate::settings::{Administrator, FilesTarget, MailTarget, Settings};
use crate::sources::{Clock, Ids};
use filler::Filler;

/// The password of everybody in the demo.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A demo that runs. Its data is gone when it is dropped.
pub struct Demo {
    /// The server.
    pub server: Server,
    /// The sign-ins and the calls to paste.
    pub story: String,
    directory: TempDir,
}

/// Serves the sample data until asked to stop; then it is gone.
///
/// *Errors*: in words, for the operator.
pub async fn run(settings: Settings) -> Result<(), String> {
    println!("filling a temporary database …");
    let Demo { server, story, directory } = start_demo(settings).await?;
    println!("{story}");
    let stopped = wait(server).await;
    drop(directory);
    stopped
}

/// Fills a temporary database and serves it.
///
/// *Errors*: in words, for the operator.
pub async fn start_demo(settings: Settings) -> Result<Demo, String> {
    let directory = tempfile::Builder::new().prefix("mandate-demo-").tempdir().map_err(|error| error.to_string())?;
    let settings = sample_settings(settings, directory.path()).map_err(|error| error.to_string())?;
    let cast = fill(settings.clone()).await?;
    let server = listen(settings).await?;
    let story = calls::story(&format!("http://{}", server.addr), &cast);
    Ok(Demo { server, story, directory })
}

/// Listens where the settings say or, if that is taken, somewhere else.
async fn listen(settings: Settings) -> Result<Server, String> {
    let mut elsewhere = settings.clone();
    elsewhere.listen.set_port(0);
    match start(settings, Clock::System, Ids::System).await {
        Ok(server) => Ok(server),
        Err(_) => start(elsewhere, Clock::System, Ids::System).await,
    }
}

fn sample_settings(settings: Settings, directory: &std::path::Path) -> Result<Settings, Box<dyn std::error::Error>> {
    let url = format!("sqlite://{}", directory.join("mandate.db").display());
    Ok(Settings {
        database: DatabaseUrl::parse(&url)?,
        files: FilesTarget::Folder(directory.join("files")),
        mail: MailTarget::Directory(directory.join("mail")),
        vendor_name: OrganizationName::parse("Northwind Software")?,
        vendor_domains: vec![Domain::parse("northwind.example")?],
        administrator: Some(Administrator {
            email: Email::parse(data::ADMINISTRATOR)?,
            password: NewPassword::parse(&Secret::new(PASSWORD))?,
        }),
        ..settings
    })
}

/// Fills the database and closes it again.
async fn fill(settings: Settings) -> Result<calls::Cast, String> {
    let now = Timestamp::from_micros(
        crate::sources::SteadyClock::new(Clock::System, Timestamp::from_micros(0)).now().micros(),
    );
    let hands = Arc::new(AtomicI64::new(now.minus(Span::days(data::DAYS)).micros()));
    let (app, _) = prepare(settings, Clock::Manual(Arc::clone(&hands)), Ids::System).await?;
    let filler = Filler::new(app, hands);
    data::fill(&filler, now).await
}
