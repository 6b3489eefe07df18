//! The words of emails, by kind and language.

use chrono::{DateTime, TimeZone as _};
use chrono_tz::Tz;
use mandate_core::text::{Locale, TimeZone};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{MailKind, Vocabulary as _};

use super::{MailContent, MailError, PreparedMail, RequestTold, html, plain, plain_lines};

/// Names the files of every kind: one that is missing, in whatever language, does not compile, and neither does a kind without a line.
macro_rules! templates {
    ($($kind:ident = $name:literal;)+) => {
        /// The template of a kind in a language; English where the language is not known.
        fn source(kind: MailKind, locale: &str) -> &'static str {
            match (kind, locale) {
                $(
                    (MailKind::$kind, "es") => include_str!(concat!("../../templates/mail/es/", $name, ".txt")),
                    (MailKind::$kind, "pt-BR") => include_str!(concat!("../../templates/mail/pt-BR/", $name, ".txt")),
                    (MailKind::$kind, _) => include_str!(concat!("../../templates/mail/en/", $name, ".txt")),
                )+
            }
        }
    };
}

templates! {
    Welcome = "welcome";
    PasswordReset = "password_reset";
    PointOfContact = "point_of_contact";
    Invitation = "invitation";
    InvitationAccepted = "invitation_accepted";
    ContactTransferred = "contact_transferred";
    AuthorityChanged = "authority_changed";
    ContactDisabled = "contact_disabled";
    RequestsHandedOver = "service_requests_handed_over";
    PasswordChanged = "password_changed";
    ParticipantAdded = "participant_added";
    Reply = "reply";
    RequestSolved = "request_solved";
    RequestClosed = "request_closed";
    GrantRequestReceived = "partner_grant_request_received";
    GrantRequestApproved = "partner_grant_request_approved";
    GrantRequestDeclined = "partner_grant_request_declined";
    GrantRequestLapsed = "partner_grant_request_lapsed";
    GrantExpiring = "partner_grant_expiring";
    ReceivedGrantExpiring = "received_grant_expiring";
    PartnerRoster = "partner_roster";
    EscalationOpened = "escalation_opened";
    EscalationReviewed = "escalation_reviewed";
    EscalationInformation = "escalation_information";
    EscalationNotice = "escalation_notice";
    EscalationObjected = "escalation_objected";
    EscalationReturned = "escalation_returned";
    EscalationCompleted = "escalation_completed";
    EscalationRejected = "escalation_rejected";
    EscalationWithdrawn = "escalation_withdrawn";
    EscalationLapsed = "escalation_lapsed";
}

/// What stands in a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template {
    /// The subject.
    pub(super) subject: &'static str,
    /// What the button says that is the link, where there is one.
    pub(super) button: &'static str,
    /// The text: paragraphs, with an empty line between two.
    pub(super) text: &'static str,
}

impl Template {
    /// The template of a kind in a language.
    pub(super) fn of(kind: MailKind, locale: &Locale) -> Self {
        let source = source(kind, locale.as_str());
        let (head, text) = source.split_once("\n\n").unwrap_or((source, ""));
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        Self { subject: header("Subject: "), button: header("Button: "), text }
    }
}

/// An email in words.
#[derive(Debug)]
pub(super) struct Rendered {
    /// The subject.
    pub(super) subject: String,
    /// The plain text.
    pub(super) text: String,
    /// The same as HTML.
    pub(super) html: String,
}

/// The last paragraph of every email: whose desk it comes from (S-12a).
const SIGNATURE: &str = "{vendor}";

/// Subject, text and HTML of an email from the desk of this vendor.
///
/// *Errors*: a placeholder without a value.
pub(super) fn render(mail: &PreparedMail, vendor: &str) -> Result<Rendered, MailError> {
    let kind = mail.content.kind();
    let mut values = values(mail);
    values.push(("vendor", plain(vendor)));
    let template = Template::of(kind, &mail.to.locale);
    let subject = fill(kind, template.subject, &values)?;
    let text = format!("{}\n\n{SIGNATURE}\n", without_gaps(template.text, &values).trim_end());
    let html = html::render(kind, (&text, template.button), &values, mail.to.locale.as_str(), &subject)?;
    Ok(Rendered { text: fill(kind, &text, &quoted(&values))?, html, subject })
}

/// The text of a template without the paragraphs that would name what there is not, such as the end of a grant that has none, and
/// without those that introduce one of them by a colon.
fn without_gaps(text: &str, values: &Values) -> String {
    let gaps: Vec<String> =
        values.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| format!("{{{name}}}")).collect();
    let has_gap = |paragraph: &str| gaps.iter().any(|gap| paragraph.contains(gap.as_str()));
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let follows_gap = |index: usize| paragraphs.get(index + 1).is_some_and(|next| has_gap(next));
    let introduces_gap = |index: usize, paragraph: &str| paragraph.ends_with(':') && follows_gap(index);
    let is_kept = |(index, paragraph): &(usize, &&str)| !(has_gap(paragraph) || introduces_gap(*index, paragraph));
    paragraphs.iter().enumerate().filter(is_kept).map(|(_, paragraph)| *paragraph).collect::<Vec<_>>().join("\n\n")
}

/// The placeholder that stands for several lines, which somebody wrote.
const MESSAGE: &str = "message";

/// What the placeholders stand for; each in one line, but for [`MESSAGE`].
pub(super) type Values = Vec<(&'static str, String)>;

fn values(mail: &PreparedMail) -> Values {
    let to = &mail.to;
    let at = |at: &Timestamp| local(*at, &to.time_zone);
    let mut values = vec![("name", to.name.clone()), ("email", to.email.to_string())];
    match &mail.content {
        MailContent::Welcome { organization, link, expires_at } => {
            values.extend([
                ("organization", organization.clone()),
                ("link", link.clone()),
                ("expires", at(expires_at)),
            ]);
        }
        MailContent::PasswordReset { link, expires_at } => {
            values.extend([("link", link.clone()), ("expires", at(expires_at))]);
        }
        MailContent::PointOfContact { request, point_of_contact } => {
            values.extend(told(request));
            values.push(("point_of_contact", point_of_contact.clone()));
        }
        MailContent::Invitation { organization, current_organization, inviter, link, expires_at } => values.extend([
            ("organization", organization.clone()),
            ("current_organization", current_organization.clone()),
            ("inviter", inviter.clone()),
            ("link", link.clone()),
            ("expires", at(expires_at)),
        ]),
        MailContent::InvitationAccepted { organization, person, email }
        | MailContent::ContactTransferred { organization, person, email } => values.extend([
            ("organization", organization.clone()),
            ("person", person.clone()),
            ("person_email", email.clone()),
        ]),
        MailContent::AuthorityChanged { organization, person, people } => values.extend([
            ("organization", organization.clone()),
            ("person", person.clone()),
            (MESSAGE, people.clone()),
        ]),
        MailContent::ContactDisabled { organization } => values.push(("organization", organization.clone())),
        MailContent::RequestsHandedOver { organization, requests } => {
            values.extend([("organization", organization.clone()), (MESSAGE, requests.clone())]);
        }
        MailContent::PasswordChanged { changed_at } => values.push(("changed", at(changed_at))),
        MailContent::Reply { request, author, message, files } => {
            values.extend(told(request));
            values.extend([("author", author.clone()), (MESSAGE, message.clone()), ("files", files.join(", "))]);
        }
        MailContent::ParticipantAdded(request)
        | MailContent::RequestSolved(request)
        | MailContent::RequestClosed(request) => values.extend(told(request)),
        MailContent::Grant(mail) => values.extend(mail.values(at)),
        MailContent::Escalation(mail) => values.extend(mail.values(at)),
    }
    let clean = |name: &str, value: &str| if name == MESSAGE { plain_lines(value) } else { plain(value) };
    values.into_iter().map(|(name, value)| (name, clean(name, &value))).collect()
}

fn told(request: &RequestTold) -> [(&'static str, String); 3] {
    let RequestTold { id: _, number, subject, organization } = request;
    [("number", number.clone()), ("subject", subject.clone()), ("organization", organization.clone())]
}

/// The values as plain text has them: each line of what somebody wrote is marked, so that none can be taken for the email's own.
fn quoted(values: &Values) -> Values {
    let quote = |text: &str| text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>();
    let value = |name: &str, value: &str| if name == MESSAGE { quote(value).join("\n") } else { value.to_owned() };
    values.iter().map(|(name, text)| (*name, value(name, text))).collect()
}

/// Fills a template in one pass: braces within a value are text.
pub(super) fn fill(kind: MailKind, template: &str, values: &[(&'static str, String)]) -> Result<String, MailError> {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((text, behind)) = rest.split_once('{') {
        let (placeholder, behind) = behind.split_once('}').unwrap_or((behind, ""));
        let value = values.iter().find(|(name, _)| *name == placeholder);
        let missing = || MailError::Placeholder { kind: kind.name(), placeholder: placeholder.to_owned() };
        let (_, value) = value.ok_or_else(missing)?;
        filled.push_str(text);
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A moment as somebody in this zone reads it, to the minute.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    let zone: Tz = zone.as_str().parse().unwrap_or(Tz::UTC);
    let at = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    let at = zone.from_utc_datetime(&at.naive_utc());
    format!("{} ({})", at.format("%Y-%m-%d %H:%M"), zone.name())
}
