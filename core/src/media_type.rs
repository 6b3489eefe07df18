//! Media types of files, and whether what somebody says of a file agrees with what is in it (S-6).

use std::fmt;

use crate::say;
use crate::text::Flaw;

/// Characters in each half of a media type, at most (RFC 6838, section 4.2).
const HALF_MAX: usize = 127;

/// What is inside of a file when its beginning says nothing.
const OPAQUE: &str = "application/octet-stream";
/// What is inside of a file that is made of characters.
const PLAIN: &str = "text/plain";

/// A media type without parameters, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaType(String);

impl MediaType {
    /// Reads a type such as `image/png`; parameters behind a semicolon are left out.
    ///
    /// *Errors*: `media_type_invalid`.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let essence = text.split(';').next().unwrap_or_default().trim();
        let is_name = |half: &str| {
            (1..=HALF_MAX).contains(&half.len())
                && half.starts_with(|c: char| c.is_ascii_alphanumeric())
                && half.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
        };
        match essence.split_once('/') {
            Some((kind, name)) if is_name(kind) && is_name(name) => Ok(Self(essence.to_ascii_lowercase())),
            _ => Err(Flaw::new("media_type_invalid", say!("`{text}` is not a media type such as `image/png`", text))),
        }
    }

    /// `application/octet-stream`: nobody knows what it is.
    pub fn opaque() -> Self {
        Self(OPAQUE.to_owned())
    }

    /// `text/plain`.
    pub fn plain() -> Self {
        Self(PLAIN.to_owned())
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a file whose beginning looks like `detected` can be of this type.
    ///
    /// Many formats are built inside of others, and those of text have no mark of their own. What could be mistaken for a page of
    /// a browser must look like one.
    pub fn agrees_with(&self, detected: &Self) -> bool {
        let (own, seen) = (canonical(&self.0), canonical(&detected.0));
        let is_xml = own.ends_with("+xml") || own == "text/xml";
        let is_json = own.ends_with("+json") || own == "application/json";
        match seen {
            _ if own == seen => true,
            PLAIN => is_xml || is_json || (own.starts_with("text/") && own != "text/html") || PLAINLY.contains(&own),
            "text/xml" => is_xml,
            "text/x-shellscript" => own == PLAIN || own == "application/x-sh",
            "application/zip" => own.ends_with("+zip") || ZIPPED.iter().any(|zipped| own.starts_with(zipped)),
            "application/x-ole-storage" => OLE.iter().any(|ole| own.starts_with(ole)),
            _ => false,
        }
    }
}

/// Formats of text outside of `text/`.
const PLAINLY: &[&str] = &[
    "application/sql",
    "application/toml",
    "application/x-ndjson",
    "application/x-pem-file",
    "application/x-sh",
    "application/yaml",
    "message/rfc822",
];
/// What the names of formats inside of a ZIP archive begin with.
const ZIPPED: &[&str] = &[
    "application/java-archive",
    "application/vnd.oasis.opendocument.",
    "application/vnd.openxmlformats-officedocument.",
];
/// What the names of formats inside of an OLE container begin with.
const OLE: &[&str] = &["application/msword", "application/vnd.ms-", "application/vnd.visio"];

/// The one name of a type that goes by several.
fn canonical(name: &str) -> &str {
    match name {
        "application/x-gzip" => "application/gzip",
        "application/x-pdf" => "application/pdf",
        "application/x-zip-compressed" => "application/zip",
        "application/xml" => "text/xml",
        "audio/mp3" => "audio/mpeg",
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "video/avi" => "video/x-msvideo",
        other => other,
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> MediaType {
        MediaType::parse(text).unwrap()
    }

    #[test]
    fn media_types_are_two_names_in_lower_case_s_6() {
        for (text, name) in [
            ("image/png", "image/png"),
            (" Text/Plain; charset=utf-8 ", "text/plain"),
            ("application/vnd.ms-excel", "application/vnd.ms-excel"),
        ] {
            assert_eq!(of(text).as_str(), name);
        }
        for text in ["", "png", "image/", "/png", "image/p ng", "image/png/x", "*/*", "image/\u{e9}"] {
            assert_eq!(MediaType::parse(text).unwrap_err().code, "media_type_invalid", "{text}");
        }
        assert!(MediaType::parse(&format!("a/{}", "b".repeat(128))).is_err());
    }

    #[test]
    fn what_is_said_of_a_file_agrees_with_what_is_in_it_or_not_s_6() {
        for (said, seen, agrees) in [
            ("image/png", "image/png", true),
            ("image/jpg", "image/jpeg", true),
            ("image/png", "image/jpeg", false),
            ("image/png", "text/html", false),
            ("image/png", "text/plain", false),
            ("image/png", "application/octet-stream", false),
            ("text/csv", "text/plain", true),
            ("application/json", "text/plain", true),
            ("message/rfc822", "text/plain", true),
            ("text/html", "text/plain", false),
            ("text/plain", "text/html", false),
            ("text/html", "text/html", true),
            ("image/svg+xml", "text/xml", true),
            ("application/xml", "text/xml", true),
            ("text/plain", "text/xml", false),
            ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip", true),
            ("application/pdf", "application/zip", false),
            ("application/msword", "application/x-ole-storage", true),
            ("application/x-own", "application/octet-stream", false),
        ] {
            assert_eq!(of(said).agrees_with(&of(seen)), agrees, "{said} {seen}");
        }
    }
}
