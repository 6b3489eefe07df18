//! Emails to a mail server, each step by itself: whose fault a refusal is depends on what was refused (RFC 5321, section 4.2.1).

use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::delivery::{DeliveryError, Fault};

/// How long a mail server may take for each step.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Connections that are kept for the next email.
const KEPT_MAX: usize = 8;
/// How long a connection is kept without an email.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// What a mail server answers to who must sign in first, or could not (RFC 4954, section 6), in whatever step.
const SIGN_IN: [u16; 4] = [530, 534, 535, 538];

/// A mail server, and the connections to it that wait for the next email. Clones are the same.
#[derive(Clone)]
pub struct SmtpServer(Arc<Inner>);

struct Inner {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
    kept: Mutex<Vec<(SmtpConnection, Instant)>>,
}

/// When a connection is encrypted.
enum Tls {
    Never,
    IfOffered(TlsParameters),
    Required(TlsParameters),
    FromTheBeginning(TlsParameters),
}

/// A step of sending an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Connecting, encrypting and signing in.
    Entry,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO` and `DATA`, of the one receiver that an email has.
    Receiver,
}

impl Step {
    /// The error with whose fault it is (S-12b): what is refused for good at the door or because of the sender is for the operator
    /// to mend, what is refused because of the receiver stays refused. Everything else may pass.
    fn failed(self, error: &Error) -> DeliveryError {
        let is_about_sign_in = error.status().is_some_and(|code| SIGN_IN.contains(&code.into()));
        let fault = match (self, error.is_permanent() || error.is_client() || error.is_tls()) {
            (_, false) => Fault::Passing,
            (Self::Receiver, true) if error.is_permanent() && !is_about_sign_in => Fault::Receiver,
            (Self::Entry | Self::Sender | Self::Receiver, true) => Fault::Operator,
        };
        DeliveryError::of(fault, error)
    }
}

impl SmtpServer {
    /// The server of a URL as `lettre` reads it, which is not asked yet.
    ///
    /// *Errors*: the URL cannot be used; without its credentials.
    pub(super) fn new(url: &str) -> Result<Self, DeliveryError> {
        let unusable = || DeliveryError::new("the URL of the mail server cannot be used");
        let url = Url::parse(url).map_err(|_| unusable())?;
        let host = url.host_str().ok_or_else(unusable)?.to_owned();
        let parameters = || TlsParameters::new(host.clone()).map_err(|_| unusable());
        let wanted = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let (tls, port) = match (url.scheme(), wanted.as_deref()) {
            ("smtp", None) => (Tls::Never, SMTP_PORT),
            ("smtp", Some("required")) => (Tls::Required(parameters()?), SUBMISSION_PORT),
            ("smtp", Some("opportunistic")) => (Tls::IfOffered(parameters()?), SUBMISSION_PORT),
            ("smtps", _) => (Tls::FromTheBeginning(parameters()?), SUBMISSIONS_PORT),
            _ => return Err(unusable()),
        };
        let decoded =
            |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| unusable());
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(decoded(url.username())?, decoded(password)?)),
            None => None,
        };
        let hello = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let port = url.port().unwrap_or(port);
        Ok(Self(Arc::new(Inner { host, port, tls, credentials, hello, kept: Mutex::default() })))
    }

    /// Whether the server takes commands from us, signed in if need be.
    ///
    /// *Errors*: what was refused.
    pub fn test_connection(&self) -> Result<bool, Error> {
        Ok(self.connect()?.test_connected())
    }

    /// Hands an email over.
    ///
    /// *Errors*: see [`DeliveryError`].
    pub(super) fn send(&self, envelope: &Envelope, email: &[u8]) -> Result<(), DeliveryError> {
        let mut connection = match self.kept() {
            Some(connection) => connection,
            None => self.connect().map_err(|error| Step::Entry.failed(&error))?,
        };
        let sent = hand_over(&mut connection, envelope, email);
        match sent {
            Ok(()) => self.keep(connection),
            Err(_) => connection.abort(),
        }
        sent
    }

    fn connect(&self) -> Result<SmtpConnection, Error> {
        let Inner { host, port, tls, credentials, hello, .. } = &*self.0;
        let encrypted = if let Tls::FromTheBeginning(parameters) = tls { Some(parameters) } else { None };
        let mut connection = SmtpConnection::connect((host.as_str(), *port), Some(TIMEOUT), hello, encrypted, None)?;
        match tls {
            Tls::IfOffered(parameters) if connection.can_starttls() => connection.starttls(parameters, hello)?,
            Tls::Required(parameters) => connection.starttls(parameters, hello)?,
            Tls::Never | Tls::IfOffered(_) | Tls::FromTheBeginning(_) => {}
        }
        if let Some(credentials) = credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials)?;
        }
        Ok(connection)
    }

    /// A kept connection that is still good.
    fn kept(&self) -> Option<SmtpConnection> {
        loop {
            let (mut connection, since) = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if since.elapsed() < KEPT_FOR && connection.test_connected() {
                return Some(connection);
            }
            connection.abort();
        }
    }

    fn keep(&self, mut connection: SmtpConnection) {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push((connection, Instant::now()));
        } else {
            drop(kept);
            connection.abort();
        }
    }
}

/// The steps of one email.
fn hand_over(connection: &mut SmtpConnection, envelope: &Envelope, email: &[u8]) -> Result<(), DeliveryError> {
    let sender = Mail::new(envelope.from().cloned(), Vec::new());
    connection.command(sender).map_err(|error| Step::Sender.failed(&error))?;
    let about_receiver = |error: Error| Step::Receiver.failed(&error);
    for receiver in envelope.to() {
        connection.command(Rcpt::new(receiver.clone(), Vec::new())).map_err(about_receiver)?;
    }
    connection.command(Data).map_err(about_receiver)?;
    connection.message(email).map(drop).map_err(about_receiver)
}

impl Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({}:{})", self.0.host, self.0.port)
    }
}
