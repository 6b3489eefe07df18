//! Emails: what they say, and how they leave.

mod delivery;
mod escalation;
mod grant;
mod html;
mod smtp;
mod template;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use mandate_core::id::{MailId, ServiceRequestId};
use mandate_core::service_request::ServiceRequest;
use mandate_core::text::{Email, Locale, TimeZone, turns_direction};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{MailKind, Vocabulary as _};
use thiserror::Error;

use template::Rendered;

pub use delivery::{DeliveryError, Fault, Mailer};
pub use escalation::EscalationMail;
pub use grant::{GrantMail, GrantTerms};

/// What an email is about, with everything that it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailContent {
    /// A new contact or staff member sets a password (C-12).
    Welcome {
        /// The organization that they belong to.
        organization: String,
        /// The single-use link.
        link: String,
        /// When the link stops to work.
        expires_at: Timestamp,
    },
    /// Somebody forgot their password.
    PasswordReset {
        /// The single-use link.
        link: String,
        /// When the link stops to work.
        expires_at: Timestamp,
    },
    /// Submitter and partner learn that the partner is the point of contact (S-2).
    PointOfContact {
        /// The service request.
        request: RequestTold,
        /// The point of contact's name.
        point_of_contact: String,
    },
    /// A contact is asked to come over to another organization (C-14).
    Invitation {
        /// The organization that invites.
        organization: String,
        /// The organization that they would leave.
        current_organization: String,
        /// The name of whoever invites them.
        inviter: String,
        /// The single-use link.
        link: String,
        /// When the link stops to work.
        expires_at: Timestamp,
    },
    /// Whoever invited a contact learns that they came (C-14).
    InvitationAccepted {
        /// The organization that invited.
        organization: String,
        /// The name of who came.
        person: String,
        /// Their user id.
        email: String,
    },
    /// A contact manager learns that a contact left for another organization (C-14).
    ContactTransferred {
        /// The organization that they left.
        organization: String,
        /// The name of who left.
        person: String,
        /// Their user id.
        email: String,
    },
    /// Those who decide in an organization learn that one of them was made, promoted, demoted or disabled (C-9).
    AuthorityChanged {
        /// The organization.
        organization: String,
        /// The name of who is concerned; the organization's, where several are.
        person: String,
        /// Who they are now, a line each.
        people: String,
    },
    /// A contact learns that staff disabled them (C-15).
    ContactDisabled {
        /// The organization.
        organization: String,
    },
    /// Whoever takes over service requests learns which (C-15).
    RequestsHandedOver {
        /// Whose they are.
        organization: String,
        /// The requests, a line each.
        requests: String,
    },
    /// Somebody's password was reset.
    PasswordChanged {
        /// When.
        changed_at: Timestamp,
    },
    /// About grants, requests for them, and the people of partners.
    Grant(GrantMail),
    /// About an escalation.
    Escalation(EscalationMail),
    /// Somebody was added to a service request (S-7).
    ParticipantAdded(RequestTold),
    /// A public reply (S-12).
    Reply {
        /// The service request.
        request: RequestTold,
        /// The name of whoever wrote it.
        author: String,
        /// What they wrote.
        message: String,
        /// The names of the files that they added.
        files: Vec<String>,
    },
    /// Staff solved a service request.
    RequestSolved(RequestTold),
    /// Staff closed a service request.
    RequestClosed(RequestTold),
}

/// What emails tell of a service request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTold {
    /// Its id, which makes one thread of all that is told of it (S-12a).
    pub id: ServiceRequestId,
    /// Its number, as people say it.
    pub number: String,
    /// Its subject.
    pub subject: String,
    /// The customer.
    pub organization: String,
}

impl From<&ServiceRequest> for RequestTold {
    fn from(request: &ServiceRequest) -> Self {
        Self {
            id: request.id,
            number: request.spoken_number(),
            subject: request.subject.to_string(),
            organization: request.organization.name.clone(),
        }
    }
}

impl MailContent {
    /// The one service request that it is about.
    fn request(&self) -> Option<&RequestTold> {
        match self {
            Self::PointOfContact { request, .. }
            | Self::ParticipantAdded(request)
            | Self::Reply { request, .. }
            | Self::RequestSolved(request)
            | Self::RequestClosed(request) => Some(request),
            Self::Welcome { .. }
            | Self::PasswordReset { .. }
            | Self::Invitation { .. }
            | Self::InvitationAccepted { .. }
            | Self::ContactTransferred { .. }
            | Self::AuthorityChanged { .. }
            | Self::ContactDisabled { .. }
            | Self::RequestsHandedOver { .. }
            | Self::PasswordChanged { .. }
            | Self::Grant(_)
            | Self::Escalation(_) => None,
        }
    }

    /// The `X-Mandate-Kind`.
    pub fn kind(&self) -> MailKind {
        match self {
            Self::Welcome { .. } => MailKind::Welcome,
            Self::PasswordReset { .. } => MailKind::PasswordReset,
            Self::PointOfContact { .. } => MailKind::PointOfContact,
            Self::Invitation { .. } => MailKind::Invitation,
            Self::InvitationAccepted { .. } => MailKind::InvitationAccepted,
            Self::ContactTransferred { .. } => MailKind::ContactTransferred,
            Self::AuthorityChanged { .. } => MailKind::AuthorityChanged,
            Self::ContactDisabled { .. } => MailKind::ContactDisabled,
            Self::RequestsHandedOver { .. } => MailKind::RequestsHandedOver,
            Self::PasswordChanged { .. } => MailKind::PasswordChanged,
            Self::ParticipantAdded(_) => MailKind::ParticipantAdded,
            Self::Reply { .. } => MailKind::Reply,
            Self::RequestSolved(_) => MailKind::RequestSolved,
            Self::RequestClosed(_) => MailKind::RequestClosed,
            Self::Grant(mail) => mail.kind(),
            Self::Escalation(mail) => mail.kind,
        }
    }
}

/// Who gets an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// First and last name.
    pub name: String,
    /// The address, which is the user id.
    pub email: Email,
    /// The language of the email.
    pub locale: Locale,
    /// Where the times in it are told.
    pub time_zone: TimeZone,
}

/// An email that its receiver may have, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedMail {
    /// Whom it goes to.
    pub to: Receiver,
    /// What it says.
    pub content: MailContent,
}

/// Bytes in a line, without its end (RFC 5322, section 2.1.1).
const LINE_MAX: usize = 998;

/// Why an email cannot be written: a bug, or a damaged row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MailError {
    /// A template names something that its kind does not have.
    #[error("the template of `{kind}` names `{placeholder}`, which has no value")]
    Placeholder {
        /// The kind of email.
        kind: &'static str,
        /// What the template names.
        placeholder: String,
    },
    /// The receiver's address is none.
    #[error("the receiver's address is not one that emails can be sent to")]
    Address,
    /// The parts do not make an email.
    #[error("the email cannot be put together: {0}")]
    Format(String),
}

/// How text beyond ASCII is written; text within ASCII is always written as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is, for files that people search.
    EightBit,
    /// In ASCII, for mail servers of any age.
    SevenBit,
}

/// Writes emails.
#[derive(Debug, Clone)]
pub struct Writer {
    from: Mailbox,
    host: String,
    vendor: String,
    encoding: Encoding,
}

impl Writer {
    /// Writes emails from this sender, at the desk of this vendor; the host makes message ids unique.
    pub fn new(from: Mailbox, host: &str, vendor: &str, encoding: Encoding) -> Self {
        Self { from, host: host.to_owned(), vendor: vendor.to_owned(), encoding }
    }

    /// Writes an email, as plain text and as HTML. The same id gives the same `Message-ID`, so that a receiver notices a repetition.
    ///
    /// All about one service request answer one message that was never sent, and have the same subject: so mail programs make one
    /// thread of them, whichever of them a receiver got (S-12a).
    ///
    /// *Errors*: see [`MailError`].
    pub fn write(&self, id: MailId, mail: &PreparedMail, now: Timestamp) -> Result<Message, MailError> {
        let kind = mail.content.kind().name();
        let Rendered { subject, text, html } = template::render(mail, &self.vendor)?;
        let address = mail.to.email.as_str().parse().map_err(|_| MailError::Address)?;
        let header = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let part = |kind, text: &str| SinglePart::builder().header(kind).body(self.body(text));
        // The boundary is no more random than the id is, and the same email is the same bytes.
        let parts = MultiPart::alternative()
            .boundary(format!("={id}="))
            .singlepart(part(ContentType::TEXT_PLAIN, &text))
            .singlepart(part(ContentType::TEXT_HTML, &html));
        let message = match mail.content.request() {
            Some(request) => {
                let thread = format!("<{}@{}>", request.id, self.host);
                Message::builder().in_reply_to(thread.clone()).references(thread)
            }
            None => Message::builder(),
        };
        message
            .message_id(Some(format!("<{id}@{}>", self.host)))
            .date(moment(now))
            .from(self.from.clone())
            .to(Mailbox::new(Some(plain(&mail.to.name)), address))
            .subject(subject)
            .raw_header(header("X-Mandate-Kind", kind))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"))
            .raw_header(header("Content-Language", mail.to.locale.as_str()))
            .multipart(parts)
            .map_err(|error| MailError::Format(error.to_string()))
    }

    /// Text that need not be encoded is not, though `lettre` would from 76 bytes a line on: a link stays in one piece then.
    fn body(&self, text: &str) -> Body {
        let fits = text.lines().all(|line| line.len() <= LINE_MAX);
        let encoding = match self.encoding {
            Encoding::SevenBit | Encoding::EightBit if fits && text.is_ascii() => ContentTransferEncoding::SevenBit,
            Encoding::EightBit if fits => ContentTransferEncoding::EightBit,
            Encoding::SevenBit | Encoding::EightBit => return Body::new(text.to_owned()),
        };
        let lines: String = text.lines().flat_map(|line| [line, "\r\n"]).collect();
        Body::dangerous_pre_encoded(lines.into_bytes(), encoding)
    }
}

/// Text in lines of its own, whatever else somebody made it of.
fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// Text in one line, whatever somebody made it of, and in the direction in which it is read.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !turns_direction(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn moment(now: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(now.seconds()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
