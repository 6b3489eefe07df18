//! The emails that a server has sent: the files of its mail folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// How long an email may take. The server's worker is woken by the commit that owes the email.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the folder is looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// An email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The header `X-Mandate-Kind`.
    pub kind: String,
    /// The receiver's address.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// The plain-text part, decoded, with line feeds alone.
    pub text: String,
    /// The HTML part, in the same way; empty if there is none.
    pub html: String,
    /// The headers, each in one line and not decoded.
    headers: Vec<(String, String)>,
}

impl Mail {
    /// The token of the link.
    ///
    /// Panics when the text has no link.
    #[track_caller]
    pub fn token(&self) -> String {
        let Some((_, rest)) = self.text.split_once("token=") else { panic!("no link in this email:\n{}", self.text) };
        let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '&' | '>' | '"' | ')');
        rest.split(is_end).next().unwrap_or_default().to_owned()
    }

    /// A header as it stands there; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        header.map_or("", |(_, value)| value)
    }

    /// Reads an email as it stands in a file; nothing if it is not complete.
    fn read(source: &str) -> Option<Self> {
        let part = Part::read(source)?;
        let to = part.header("To")?;
        let address = to.rsplit_once('<').map_or(to.as_str(), |(_, address)| address);
        Some(Self {
            kind: part.header("X-Mandate-Kind")?,
            to: address.trim_end_matches('>').trim().to_owned(),
            subject: decode_words(&part.header("Subject")?),
            text: part.text_of("text/plain")?,
            html: part.text_of("text/html").unwrap_or_default(),
            headers: part.headers,
        })
    }
}

/// A mail folder.
#[derive(Debug, Clone)]
pub struct Mailbox {
    folder: PathBuf,
}

impl Mailbox {
    /// The mail folder at this path, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every email so far, in the order in which they became due.
    pub fn all(&self) -> Vec<Mail> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
        files.sort();
        files.iter().filter_map(|file| Mail::read(&fs::read_to_string(file).ok()?)).collect()
    }

    /// The emails of a kind to an address, in the order in which they became due.
    pub fn of(&self, to: &str, kind: &str) -> Vec<Mail> {
        let mut mails = self.all();
        mails.retain(|mail| mail.to == to && mail.kind == kind);
        mails
    }

    /// The first email of a kind to an address, as soon as it is there.
    pub async fn first(&self, to: &str, kind: &str) -> Mail {
        self.nth(to, kind, 1).await
    }

    /// The n-th email of a kind to an address, counted from one, as soon as it is there.
    ///
    /// Panics when it does not come within ten seconds.
    pub async fn nth(&self, to: &str, kind: &str, n: usize) -> Mail {
        let start = Instant::now();
        loop {
            let mails = self.of(to, kind);
            if let Some(mail) = mails.get(n - 1) {
                return mail.clone();
            }
            if start.elapsed() > PATIENCE {
                let others: Vec<String> =
                    self.all().iter().map(|mail| format!("{} to {}", mail.kind, mail.to)).collect();
                panic!(
                    "{n} emails of the kind `{kind}` to {to} were expected, {} came; all emails: {others:?}",
                    mails.len()
                );
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// A message or one part of it (RFC 2045).
struct Part {
    headers: Vec<(String, String)>,
    body: String,
}

impl Part {
    fn read(source: &str) -> Option<Self> {
        let source = source.replace("\r\n", "\n");
        let (head, body) = source.split_once("\n\n")?;
        let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
        let headers = unfolded.lines().filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        Some(Self { headers, body: body.to_owned() })
    }

    fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers.iter();
        headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    /// The first part of this media type.
    fn text_of(&self, media_type: &str) -> Option<String> {
        let kind = self.header("Content-Type").unwrap_or_else(|| "text/plain".to_owned());
        if kind.starts_with("multipart/") {
            let boundary = kind.split_once("boundary=")?.1.trim_start_matches('"');
            let boundary = boundary.split(['"', ';']).next()?;
            let delimiter = format!("--{boundary}");
            return self
                .body
                .split(&delimiter)
                .skip(1)
                .filter_map(|part| Self::read(part.strip_prefix('\n')?))
                .find_map(|part| part.text_of(media_type));
        }
        if !kind.starts_with(media_type) {
            return None;
        }
        let bytes = match self.header("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase().as_str() {
            "quoted-printable" => decode_quoted(&self.body.replace("=\n", "")),
            "base64" => BASE64_STANDARD.decode(self.body.replace('\n', "")).ok()?,
            _ => self.body.clone().into_bytes(),
        };
        Some(String::from_utf8(bytes).ok()?.replace("\r\n", "\n"))
    }
}

/// Quoted-printable, soft line breaks taken out before.
fn decode_quoted(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pieces = text.split('=');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(piece[2..].bytes());
            }
            None => bytes.extend(format!("={piece}").bytes()),
        }
    }
    bytes
}

/// A header with encoded words (RFC 2047), of which the blanks between two neighbours do not count.
fn decode_words(header: &str) -> String {
    let header = header.replace("?= =?", "?==?");
    let (mut rest, mut decoded) = (header.as_str(), String::new());
    while let Some((before, after)) = rest.split_once("=?") {
        decoded.push_str(before);
        match decode_word(after) {
            Some((word, after)) => {
                decoded.push_str(&word);
                rest = after;
            }
            None => {
                decoded.push_str("=?");
                rest = after;
            }
        }
    }
    decoded + rest
}

/// `charset?encoding?text?=`, and what comes after it.
fn decode_word(source: &str) -> Option<(String, &str)> {
    let (_charset, rest) = source.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (text, rest) = rest.split_once("?=")?;
    let bytes = match encoding {
        "b" | "B" => BASE64_STANDARD.decode(text).ok()?,
        "q" | "Q" => decode_quoted(&text.replace('_', " ")),
        _ => return None,
    };
    Some((String::from_utf8(bytes).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_of_one_part_is_read() {
        let source = "From: a@b\r\nTo: Ana Acme <ana@acme.example>\r\nSubject: =?utf-8?b?wqFIb2xhIQ==?=\r\n =?utf-8?q?_Ana!?=\r\n\
             X-Mandate-Kind: welcome\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n\
             \u{20}=C2=A1Hola!\r\nhttps://x/welcome?token=3Dabc=\r\ndef\r\nbye\r\n";
        let mail = Mail::read(source).unwrap();
        assert_eq!(
            (mail.to.as_str(), mail.kind.as_str(), mail.subject.as_str()),
            ("ana@acme.example", "welcome", "¡Hola! Ana!")
        );
        assert_eq!(mail.text, " ¡Hola!\nhttps://x/welcome?token=abcdef\nbye\n");
        assert_eq!(mail.token(), "abcdef");
    }

    #[test]
    fn the_plain_text_of_several_parts_is_found() {
        let source = "To: ana@acme.example\nSubject: Hello\nX-Mandate-Kind: reply\n\
             Content-Type: multipart/alternative;\n boundary=\"xyz\"\n\n\
             --xyz\nContent-Type: text/html\n\n<p>no</p>\n\
             --xyz\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nwqFI\nb2xh\n--xyz--\n";
        let mail = Mail::read(source).unwrap();
        assert_eq!((mail.to.as_str(), mail.text.as_str()), ("ana@acme.example", "¡Hola"));
        assert_eq!(mail.html, "<p>no</p>\n");
    }

    #[test]
    fn what_is_being_written_is_not_an_email_yet() {
        assert_eq!(Mail::read("To: ana@acme.example\nSubject: He"), None);
    }
}
