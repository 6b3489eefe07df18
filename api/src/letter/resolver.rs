//! Where the keys come from that letters are signed with: DNS, a file, or nowhere.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use mail_auth::dkim::{DkimError, DomainKey};
use mail_auth::dns::{ToFqdn as _, TxtRecordParser as _};
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{DnsError, Error, MessageAuthenticator, TxtRecord};
use thiserror::Error as ThisError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::letter::signature::{Found, Keys, unknown};
use crate::settings::DnsSource;

/// Letters that are checked at the same time; each takes memory, and asks DNS.
const AT_ONCE: usize = 2;
/// How long DNS is waited for.
const ANSWER_WAIT: Duration = Duration::from_secs(4);
/// How long one server of DNS is waited for, before the next one or the next attempt.
const ATTEMPT_WAIT: Duration = Duration::from_millis(1_500);

/// Why no keys can be looked up; for the operator.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{0}")]
pub struct ResolverError(String);

/// Where the keys of signed letters are looked up.
pub struct LetterResolver {
    source: Source,
    authenticator: MessageAuthenticator,
    turns: Semaphore,
}

enum Source {
    /// Whom this machine asks.
    System,
    /// Records by name.
    Fixed(HashMap<String, Vec<String>>),
    /// Nobody.
    Off,
}

impl LetterResolver {
    /// Opens what was configured; a file is read, DNS is not asked yet.
    ///
    /// *Errors*: in words, for the operator.
    pub fn open(source: &DnsSource) -> Result<Self, ResolverError> {
        match source {
            DnsSource::System => match read_system_conf() {
                Ok((config, mut options)) => {
                    (options.timeout, options.attempts) = (ATTEMPT_WAIT, 1);
                    Self::new(Source::System, config, options)
                }
                Err(error) => {
                    // What is only supporting evidence does not keep a server from starting.
                    tracing::warn!(%error, "there is no DNS to ask: signatures of letters are not checked; see MANDATE_DNS");
                    Self::open(&DnsSource::Off)
                }
            },
            DnsSource::File(path) => {
                let flaw = |why: String| ResolverError(format!("{}: {why}", path.display()));
                let text = fs::read_to_string(path).map_err(|error| flaw(error.to_string()))?;
                Self::new(
                    Source::Fixed(records(&text).map_err(flaw)?),
                    ResolverConfig::default(),
                    ResolverOpts::default(),
                )
            }
            DnsSource::Off => Self::new(Source::Off, ResolverConfig::default(), ResolverOpts::default()),
        }
    }

    fn new(source: Source, config: ResolverConfig, options: ResolverOpts) -> Result<Self, ResolverError> {
        let authenticator = MessageAuthenticator::new(config, options);
        let authenticator = authenticator.map_err(|error| ResolverError(error.to_string()))?;
        Ok(Self { source, authenticator, turns: Semaphore::new(AT_ONCE) })
    }

    /// Waits until a letter can be checked.
    pub(super) async fn turn(&self) -> SemaphorePermit<'_> {
        self.turns.acquire().await.expect("nobody closes it")
    }

    /// Asks for keys, all at the same time.
    pub(super) async fn keys(&self, names: Vec<String>) -> Keys {
        let answers = names.into_iter().map(|name| async move {
            let answer = timeout(ANSWER_WAIT, self.key(&name)).await;
            (name.to_fqdn().into(), answer.unwrap_or_else(|_| unknown("no answer came in time")))
        });
        Keys { authenticator: self.authenticator.clone(), found: Found(join_all(answers).await.into_iter().collect()) }
    }

    async fn key(&self, name: &str) -> TxtRecord {
        let found = match &self.source {
            Source::System => self.authenticator.txt_lookup::<DomainKey>(name, None::<&Found>).await,
            Source::Fixed(records) => fixed(records.get(&*name.to_fqdn())),
            Source::Off => return unknown("nobody is asked"),
        };
        match found {
            // Its domain is trying signatures out, and they mean nothing (RFC 6376, section 3.6.1).
            Ok(key) if key.is_testing() => TxtRecord::Error(Error::Dkim(DkimError::UnsupportedKeyType)),
            Ok(key) => TxtRecord::DomainKey(key),
            Err(Error::Dns(DnsError::RecordNotFound(code)))
                if !matches!(code, ResponseCode::NXDomain | ResponseCode::NoError) =>
            {
                unknown("a server of DNS does not answer")
            }
            Err(error) => TxtRecord::Error(error),
        }
    }
}

/// The first of these records that is a key.
fn fixed(records: Option<&Vec<String>>) -> Result<Arc<DomainKey>, Error> {
    let mut found = Err(Error::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain)));
    for record in records.into_iter().flatten() {
        found = DomainKey::parse(record.as_bytes()).map(Arc::new);
        if found.is_ok() {
            break;
        }
    }
    found
}

/// The TXT records of a file, by their names in the form that DNS has them. Empty lines, and those that begin with `#`, say nothing.
///
/// *Errors*: the first line that is no record.
fn records(text: &str) -> Result<HashMap<String, Vec<String>>, String> {
    let mut records: HashMap<String, Vec<String>> = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once([' ', '\t']).ok_or_else(|| {
            format!(
                "line {} has a name without a value; write `selector._domainkey.example.com v=DKIM1; p=…`",
                index + 1
            )
        })?;
        records.entry(name.to_fqdn().into_owned()).or_default().push(value.trim().to_owned());
    }
    Ok(records)
}

#[cfg(test)]
mod tests;
