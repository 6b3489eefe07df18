//! What is read of a letter that came as an email. Bodies are neither decoded nor kept.

use actix_web::web::Bytes;
use mail_auth::AuthenticatedMessage;
use mail_parser::{ContentType, HeaderForm};
use mandate_core::media_type::MediaType;
use mandate_core::time::Timestamp;

/// Bytes of the head of a letter, or of one of its parts, at most.
const HEAD_BYTES_MAX: usize = 256 * 1024;
/// Header fields of a letter, at most.
const FIELDS_MAX: usize = 1_000;
/// Addresses that are shown, at most.
const FROM_MAX: usize = 10;
/// Attachments that are shown, at most.
const ATTACHMENTS_MAX: usize = 50;
/// Parts that are looked at for attachments, at most.
const PARTS_MAX: usize = 200;
/// How deep parts lie in parts, at most.
const DEPTH_MAX: usize = 8;
/// Characters of a text that are shown, at most.
const SHOWN_MAX: usize = 500;

/// What a letter says of itself. Anybody can write anything there: it is shown, and nothing follows from it.
///
/// *Shape*: texts are cut after 500 characters, and have no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterEmail {
    /// The addresses it comes from; at least one, and the first 10 at most.
    pub from: Vec<String>,
    /// The one address it comes from; none if it names several, or has two fields for what there may be one of.
    pub author: Option<String>,
    /// The name that stands with the first address.
    pub author_name: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// When it was written.
    pub date: Option<Timestamp>,
    /// What is attached to it; the first 50 at most.
    pub attachments: Vec<LetterAttachment>,
}

/// Something attached to a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterAttachment {
    /// What it is called.
    pub name: Option<String>,
    /// What it is said to be.
    pub media_type: MediaType,
}

/// A file that was saved with the line ends of Unix, with those of mail. Others stay as they are, to the byte.
pub(super) fn with_line_ends_of_mail(bytes: Bytes) -> Bytes {
    let first_line = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    if !first_line.ends_with(b"\n") || first_line.ends_with(b"\r\n") {
        return bytes;
    }
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                text.extend_from_slice(b"\r\n");
            }
            None => text.extend_from_slice(line),
        }
    }
    text.into()
}

/// The head of a letter; none if it is no email, or one whose head is beyond all measure.
pub(super) fn head(letter: &[u8]) -> Option<AuthenticatedMessage<'_>> {
    let message = part(letter)?;
    let has_ended = message.body_offset() < HEAD_BYTES_MAX;
    let is_email = !addresses(&message).is_empty();
    (has_ended && is_email && message.headers().len() <= FIELDS_MAX).then_some(message)
}

/// The head of a letter or of a part of it. What follows the head is cut off.
fn part(bytes: &[u8]) -> Option<AuthenticatedMessage<'_>> {
    AuthenticatedMessage::parse(bytes.get(..HEAD_BYTES_MAX).unwrap_or(bytes))
}

impl LetterEmail {
    /// Reads a letter by its head.
    pub(super) fn read(message: &AuthenticatedMessage<'_>, letter: &[u8]) -> Self {
        let addresses = addresses(message);
        let contradicts_itself = ["from", "subject", "date"].iter().any(|name| fields(message, name).count() > 1);
        let author = match addresses.as_slice() {
            [(_, author)] if !contradicts_itself => Some(author.clone()),
            _ => None,
        };
        let text = |value| HeaderForm::Text.parse(value).value().as_text().and_then(shown);
        let date = |value| HeaderForm::Date.parse(value).value().as_datetime().filter(|date| date.is_valid());
        let mut attachments = Attachments::default();
        attachments.look(message, letter, 0);
        Self {
            author,
            author_name: addresses.first().and_then(|(name, _)| name.clone()),
            from: addresses.into_iter().map(|(_, address)| address).take(FROM_MAX).collect(),
            subject: fields(message, "subject").next().and_then(text),
            date: fields(message, "date")
                .next()
                .and_then(date)
                .map(|date| Timestamp::from_micros(date.to_timestamp().saturating_mul(1_000_000))),
            attachments: attachments.found,
        }
    }
}

/// The values of a field, as often as it stands there.
pub(super) fn fields<'x>(message: &AuthenticatedMessage<'x>, name: &str) -> impl Iterator<Item = &'x [u8]> {
    let is_named = |field: &&(&[u8], &[u8])| field.0.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
    message.headers().iter().filter(is_named).map(|(_, value)| *value)
}

/// Whom a letter comes from, with their names.
fn addresses(message: &AuthenticatedMessage<'_>) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    for value in fields(message, "from") {
        let value = HeaderForm::Addresses.parse(value);
        for one in value.value().as_address().into_iter().flat_map(|addresses| addresses.mailboxes()) {
            if let Some(address) = one.address().and_then(shown).filter(|address| address.contains('@')) {
                found.push((one.name().and_then(shown), address));
            }
        }
    }
    found
}

/// A text of a letter as it can be shown.
pub(super) fn shown(text: &str) -> Option<String> {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// A search for what is attached. It looks at the heads of parts alone, and never into a letter within the letter.
#[derive(Default)]
struct Attachments {
    found: Vec<LetterAttachment>,
    parts: usize,
}

impl Attachments {
    fn look(&mut self, head: &AuthenticatedMessage<'_>, bytes: &[u8], depth: usize) {
        self.parts += 1;
        let typed = |name| fields(head, name).next().map(|value| HeaderForm::ContentType.parse(value));
        let (kind, disposition) = (typed("content-type"), typed("content-disposition"));
        let kind = kind.as_ref().and_then(|value| value.value().as_content_type());
        let disposition = disposition.as_ref().and_then(|value| value.value().as_content_type());
        let boundary = kind.filter(|kind| kind.ctype().eq_ignore_ascii_case("multipart"));
        if let Some(boundary) = boundary.and_then(|kind| kind.attribute("boundary")).filter(|text| !text.is_empty()) {
            let body = bytes.get(head.body_offset()..).unwrap_or_default();
            for bytes in parts(body, boundary, if depth < DEPTH_MAX { PARTS_MAX } else { 0 }) {
                if self.parts < PARTS_MAX
                    && let Some(head) = part(bytes)
                {
                    self.look(&head, bytes, depth + 1);
                }
            }
            return;
        }
        let name = disposition.and_then(|one| one.attribute("filename")).or(kind.and_then(|one| one.attribute("name")));
        let media_type = kind.map_or_else(MediaType::plain, media_type);
        let is_attached = name.is_some()
            || disposition.is_some_and(|one| one.is_attachment())
            || !media_type.as_str().starts_with("text/");
        if is_attached && self.found.len() < ATTACHMENTS_MAX {
            self.found.push(LetterAttachment { name: name.and_then(shown), media_type });
        }
    }
}

fn media_type(kind: ContentType<'_>) -> MediaType {
    let name = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default());
    MediaType::parse(&name).unwrap_or_else(|_| MediaType::opaque())
}

/// The parts between lines of two hyphens and the boundary (RFC 2046, section 5.1.1), so many at most.
fn parts<'x>(body: &'x [u8], boundary: &str, max: usize) -> Vec<&'x [u8]> {
    let delimiter = format!("--{boundary}");
    let (mut found, mut begin, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        if found.len() >= max {
            return found;
        }
        let rest = line.strip_prefix(delimiter.as_bytes()).map(<[u8]>::trim_ascii);
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || *rest == b"--") {
            found.extend(begin.and_then(|begin| body.get(begin..at)));
            begin = Some(at + line.len());
            if !rest.is_empty() {
                return found;
            }
        }
        at += line.len();
    }
    found.extend(begin.and_then(|begin| body.get(begin..)));
    found
}
