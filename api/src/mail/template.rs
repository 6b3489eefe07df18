//! The words of emails, by kind and language.

use chrono::{DateTime, TimeZone as _};
use chrono_tz::Tz;
use mandate_core::text::{Locale, TimeZone};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{MailKind, Vocabulary as _};

use super::{MailContent, MailError, PreparedMail, plain};

macro_rules! template {
    ($locale:literal, $kind:literal) => {
        include_str!(concat!("../../templates/mail/", $locale, "/", $kind, ".txt"))
    };
}

/// The template of a kind in a language; English where the language is not known.
fn template(kind: MailKind, locale: &Locale) -> &'static str {
    match (kind, locale.as_str()) {
        (MailKind::Welcome, "es") => template!("es", "welcome"),
        (MailKind::Welcome, "pt-BR") => template!("pt-BR", "welcome"),
        (MailKind::Welcome, _) => template!("en", "welcome"),
        (MailKind::PasswordReset, "es") => template!("es", "password_reset"),
        (MailKind::PasswordReset, "pt-BR") => template!("pt-BR", "password_reset"),
        (MailKind::PasswordReset, _) => template!("en", "password_reset"),
        (MailKind::PointOfContact, "es") => template!("es", "point_of_contact"),
        (MailKind::PointOfContact, "pt-BR") => template!("pt-BR", "point_of_contact"),
        (MailKind::PointOfContact, _) => template!("en", "point_of_contact"),
    }
}

/// Subject and text of an email.
///
/// *Errors*: a placeholder without a value.
pub(super) fn render(mail: &PreparedMail) -> Result<(String, String), MailError> {
    let kind = mail.content.kind();
    let values = values(mail);
    let template = template(kind, &mail.to.locale);
    let (subject, text) = template.split_once("\n\n").unwrap_or((template, ""));
    let subject = subject.strip_prefix("Subject: ").unwrap_or(subject);
    Ok((fill(kind, subject, &values)?, fill(kind, text, &values)?))
}

fn values(mail: &PreparedMail) -> Vec<(&'static str, String)> {
    let to = &mail.to;
    let expires = |at: &Timestamp| ("expires", local(*at, &to.time_zone));
    let mut values = vec![("name", to.name.clone()), ("email", to.email.to_string())];
    match &mail.content {
        MailContent::Welcome { organization, link, expires_at } => {
            values.extend([("organization", organization.clone()), ("link", link.clone()), expires(expires_at)]);
        }
        MailContent::PasswordReset { link, expires_at } => {
            values.extend([("link", link.clone()), expires(expires_at)]);
        }
        MailContent::PointOfContact { number, subject, organization, point_of_contact } => values.extend([
            ("number", number.clone()),
            ("subject", subject.clone()),
            ("organization", organization.clone()),
            ("point_of_contact", point_of_contact.clone()),
        ]),
    }
    values
}

/// Fills a template in one pass: braces within a value are text.
fn fill(kind: MailKind, template: &str, values: &[(&'static str, String)]) -> Result<String, MailError> {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((text, behind)) = rest.split_once('{') {
        let (placeholder, behind) = behind.split_once('}').unwrap_or((behind, ""));
        let value = values.iter().find(|(name, _)| *name == placeholder);
        let missing = || MailError::Placeholder { kind: kind.name(), placeholder: placeholder.to_owned() };
        let (_, value) = value.ok_or_else(missing)?;
        filled.push_str(text);
        filled.push_str(&plain(value));
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
