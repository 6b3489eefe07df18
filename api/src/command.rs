//! What the program does for its operator, beside serving. Everything here blocks.

use std::io::{self, Write as _};

use mandate_core::actor::{Actor, Position};
use mandate_core::id::{OrganizationId, StaffId};
use mandate_core::text::Email;
use mandate_core::vocabulary::{OrganizationType, PersonStatus};
use mandate_storage::{OpenError, OrganizationFilter, Page, PoolSettings, ReadTx, StorageError, Store};

use crate::keyring::{KeyHome, KeyRing, Lifetimes};
use crate::settings::Settings;
use crate::sources::{Clock, Ids, SteadyClock};

/// Organizations that are read at once.
const AT_ONCE: usize = 100;

/// Migrates the database.
///
/// *Errors*: in words, for the operator.
pub fn migrate(settings: &Settings) -> Result<(), String> {
    let count = Store::migrate(&settings.database).map_err(|error| error.to_string())?;
    print(&format!("{}: {count} migrations were run\n", settings.database))
}

/// Prints the settings without their secrets. That they could be read says that they are right.
///
/// *Errors*: in words, for the operator.
pub fn check_config(settings: &Settings) -> Result<(), String> {
    let lines = settings.describe().into_iter().map(|(name, value)| format!("{name}={value}\n"));
    print(&lines.collect::<String>())
}

/// Begins to use new keys.
///
/// *Errors*: in words, for the operator.
pub fn rotate_keys(settings: &Settings) -> Result<(), String> {
    let (store, clock) = open(settings)?;
    let home = KeyHome::at(&settings.keys, &store);
    let rotated = KeyRing::open(home, clock, Ids::System, Lifetimes::of(settings)).and_then(|ring| ring.rotate());
    rotated.map_err(|error| error.to_string())?;
    print("new keys were made; every instance takes them up within two minutes, and nobody is signed out\n")
}

/// Recomputes all journals.
///
/// *Errors*: in words, for the operator; that a journal was tampered with is one.
pub fn verify_journal(settings: &Settings) -> Result<(), String> {
    let (store, clock) = open(settings)?;
    let (count, broken) = store.read(|tx| verify(tx, &clock)).map_err(|error| error.to_string())?;
    if broken.is_empty() {
        return print(&format!("{count} journals are as they were written\n"));
    }
    let lines = broken.iter().map(|(organization, sequence)| {
        format!("\n  {organization}: entry {sequence} was altered, is missing or was added")
    });
    Err(format!("{} of {count} journals are not as they were written{}", broken.len(), lines.collect::<String>()))
}

type Broken = Vec<(OrganizationId, i64)>;

fn verify(tx: &mut ReadTx<'_>, clock: &SteadyClock) -> Result<(usize, Broken), StorageError> {
    let (mut count, mut broken) = (0, Broken::new());
    let mut page = Page { limit: AT_ONCE, after: None };
    loop {
        let slice = tx.organizations(&operator()?, clock.now(), &OrganizationFilter::default(), &page)?;
        for organization in &slice.rows {
            count += 1;
            broken.extend(tx.verify_journal(organization.id)?.map(|sequence| (organization.id, sequence)));
        }
        match slice.next {
            Some(next) => page.after = Some(next),
            None => return Ok((count, broken)),
        }
    }
}

/// Whoever runs the program on the machine sees what staff see.
fn operator() -> Result<Actor, StorageError> {
    let email =
        Email::parse("operator@localhost.invalid").map_err(|flaw| StorageError::Unexpected(flaw.to_string()))?;
    Ok(Actor {
        position: Position::Staff { id: StaffId::from_u128(0), roles: Vec::new() },
        organization: OrganizationId::from_u128(0),
        organization_kind: OrganizationType::Vendor,
        name: "operator".to_owned(),
        email,
        status: PersonStatus::Active,
    })
}

fn open(settings: &Settings) -> Result<(Store, SteadyClock), String> {
    let store =
        Store::open(&settings.database, PoolSettings::default(), Ids::System.as_source()).map_err(
            |error| match error {
                OpenError::Outdated(_) => format!("{error}, with `mandate migrate`"),
                other => other.to_string(),
            },
        )?;
    let floor = store.read(|tx| tx.highest_time()).map_err(|error: StorageError| error.to_string())?;
    Ok((store, SteadyClock::new(Clock::System, floor)))
}

/// Prints to standard output; that nobody reads it is an error, no panic.
///
/// *Errors*: in words, for the operator.
pub fn print(text: &str) -> Result<(), String> {
    io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_commands_work_on_a_fresh_database() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/mandate.db", directory.path().display());
        let settings = Settings::from_arguments(["mandate", "--database-url", &url]).unwrap();
        assert!(rotate_keys(&settings).unwrap_err().contains("`mandate migrate`"));
        migrate(&settings).unwrap();
        rotate_keys(&settings).unwrap();
        verify_journal(&settings).unwrap();
        check_config(&settings).unwrap();
    }
}
