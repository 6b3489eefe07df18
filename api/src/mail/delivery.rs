//! How emails leave: into a directory, or to a mail server. Everything here blocks.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use lettre::Message;
use mandate_core::id::MailId;
use mandate_core::time::Span;
use tempfile::NamedTempFile;
use thiserror::Error;

use super::Encoding;
use super::smtp::SmtpServer;
use crate::settings::MailTarget;

/// Characters of an error that are kept.
const ERROR_MAX: usize = 300;

/// Whose fault it is that an email did not leave (S-12b).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody's, or nobody knows: it may pass.
    Passing,
    /// The operator's: the mail server does not let us in, or refuses the sender. It is tried again until somebody mended it.
    Operator,
    /// The receiver's: their mail server refuses them for good, and trying again would change nothing.
    Receiver,
}

impl Fault {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Passing, Self::Operator, Self::Receiver];

    /// What it is called in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Operator => "operator",
            Self::Receiver => "receiver",
        }
    }
}

/// Why an email did not leave. Holds no credentials and nothing of the email.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct DeliveryError {
    text: String,
    fault: Fault,
}

impl DeliveryError {
    /// An error that may pass, in words, cut to a length that fits a log line.
    pub fn new(error: impl ToString) -> Self {
        Self::of(Fault::Passing, error)
    }

    /// An error with whose fault it is.
    pub fn of(fault: Fault, error: impl ToString) -> Self {
        let text = error.to_string().chars().filter(|c| !c.is_control()).take(ERROR_MAX).collect();
        Self { text, fault }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.fault
    }
}

/// Takes emails to where they go.
#[derive(Debug, Clone)]
pub enum Mailer {
    /// One file per email.
    Directory(PathBuf),
    /// A mail server.
    Smtp(SmtpServer),
}

impl Mailer {
    /// A mailer to this target, which is not asked yet; a directory is made.
    ///
    /// *Errors*: the directory cannot be made.
    pub fn new(target: &MailTarget) -> Result<Self, DeliveryError> {
        match target {
            MailTarget::Directory(directory) => {
                fs::create_dir_all(directory)
                    .map_err(|error| DeliveryError::new(format!("{}: {error}", directory.display())))?;
                Ok(Self::Directory(directory.clone()))
            }
            MailTarget::Smtp(smtp) => SmtpServer::new(smtp.url.expose()).map(Self::Smtp),
        }
    }

    /// How text must be encoded for this way.
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Directory(_) => Encoding::EightBit,
            Self::Smtp(_) => Encoding::SevenBit,
        }
    }

    /// How long an email belongs to the instance that is sending it; if that one dies, another may send it after this.
    /// A mail server gets longer than a delivery may take.
    pub fn claim(&self) -> Span {
        match self {
            Self::Directory(_) => Span::seconds(5),
            Self::Smtp(_) => Span::minutes(3),
        }
    }

    /// Delivers an email. Delivered twice, it is one file, or two emails with the same `Message-ID`.
    ///
    /// *Errors*: see [`DeliveryError`].
    pub fn deliver(&self, id: MailId, message: &Message) -> Result<(), DeliveryError> {
        match self {
            Self::Directory(directory) => write_file(directory, id, message).map_err(DeliveryError::new),
            Self::Smtp(server) => server.send(message.envelope(), &message.formatted()),
        }
    }
}

/// Writes beside the final name, which appears when the email is on disk: a reader never sees half of one.
fn write_file(directory: &Path, id: MailId, message: &Message) -> std::io::Result<()> {
    let mut file = NamedTempFile::with_prefix_in(".", directory)?;
    file.write_all(&message.formatted())?;
    file.as_file().sync_all()?;
    file.persist(directory.join(format!("{id}.eml")))?;
    fs::File::open(directory)?.sync_all()
}
