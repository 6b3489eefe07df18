//! Values of settings that core has no type for.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use actix_web::http::Uri;
use lettre::SmtpTransport;
use mandate_core::vocabulary::LinkPurpose;

use crate::secret::Secret;

/// Where others reach the server.
///
/// *Shape*: `http://` or `https://`, a host, perhaps a port and a path; no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    host: String,
}

impl PublicUrl {
    /// Reads a URL.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let flaw = || format!("`{text}` is not a URL such as `https://support.example.com`, without query or fragment");
        let uri = text.parse::<Uri>().map_err(|_| flaw())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(flaw)?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if !is_web || has_user || uri.query().is_some() || text.contains('#') {
            return Err(flaw());
        }
        Ok(Self { text: text.trim_end_matches('/').to_owned(), host: host.to_owned() })
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// From where a browser's page may call the API.
///
/// *Shape*: a scheme, a host and perhaps a port, as browsers send them in `Origin`; or `*`, for anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_origin = PublicUrl::parse(text).is_ok_and(|url| {
            let (_, place) = url.as_str().split_once("://").unwrap_or_default();
            url.as_str() == text && !place.contains(['/', '*']) && text == text.to_lowercase()
        });
        if is_origin || text == "*" {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` is not an origin such as `https://support.example.com`, in lower case and without a path, nor `*`"
        ))
    }

    /// The origin; nothing where it is any.
    pub fn as_one(&self) -> Option<&str> {
        (self.0 != "*").then_some(self.0.as_str())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The form of links in emails.
///
/// *Shape*: holds `?token={token}` once, and begins with a web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTemplate(String);

impl LinkTemplate {
    /// Reads a template.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let filled = text.replace("{public_url}", "https://host").replace("{purpose}", "purpose");
        if filled.matches("?token={token}").count() != 1 || filled.matches(['{', '}']).count() != 2 {
            return Err(format!(
                "`{text}` must hold `?token={{token}}` once, and may hold `{{public_url}}` and `{{purpose}}` but no other braces"
            ));
        }
        if !filled.starts_with("https://") && !filled.starts_with("http://") {
            return Err(format!("`{text}` must begin with `{{public_url}}`, `https://` or `http://`"));
        }
        if filled.contains(|c: char| c.is_whitespace() || !c.is_ascii()) {
            return Err(format!("`{text}` must not hold blanks or characters beyond ASCII"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The template.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A link.
    pub fn fill(&self, public_url: &PublicUrl, purpose: LinkPurpose, token: &str) -> String {
        let purpose = match purpose {
            LinkPurpose::Welcome => "welcome",
            LinkPurpose::PasswordReset => "password-reset",
            LinkPurpose::Invitation => "invitation",
            LinkPurpose::Objection => "objection",
        };
        self.0.replace("{public_url}", public_url.as_str()).replace("{purpose}", purpose).replace("{token}", token)
    }
}

/// Where attachments are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesTarget {
    /// In this directory.
    Folder(PathBuf),
    /// In a bucket of a service that speaks S3.
    Bucket {
        /// What the bucket is called.
        name: String,
        /// What the names of all files in it begin with; may be empty.
        prefix: String,
    },
}

impl FilesTarget {
    /// Reads `file:directory`, `s3://bucket` or `s3://bucket/prefix`.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::Folder(path.into()));
        }
        let (name, prefix) =
            text.strip_prefix("s3://").map_or(("", ""), |place| place.split_once('/').unwrap_or((place, "")));
        let is_bucket = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        let is_plain = |c: char| c.is_ascii_graphic() && !"?#%\\".contains(c);
        if name.is_empty() || !name.chars().all(is_bucket) || !prefix.chars().all(is_plain) {
            return Err(format!("`{text}` is neither `file:directory` nor `s3://bucket` or `s3://bucket/prefix`"));
        }
        Ok(Self::Bucket { name: name.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl fmt::Display for FilesTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "file:{}", path.display()),
            Self::Bucket { name, prefix } if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

/// Where emails go. Printed without credentials.
#[derive(Debug, Clone)]
pub enum MailTarget {
    /// One `.eml` per email in this directory.
    Directory(PathBuf),
    /// A mail server.
    Smtp(SmtpUrl),
}

/// The URL of a mail server, as `lettre` takes it. Printed without credentials.
#[derive(Clone)]
pub struct SmtpUrl {
    pub(crate) url: Secret,
    shown: String,
}

impl MailTarget {
    /// Reads `file:directory`, `smtp://…` or `smtps://…`.
    ///
    /// *Errors*: what is wrong, for people; never with the credentials.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file:") {
            return match path {
                "" => Err("`file:` names no directory; write `file:var/mail`".to_owned()),
                path => Ok(Self::Directory(path.into())),
            };
        }
        SmtpUrl::parse(text).map(Self::Smtp)
    }
}

impl SmtpUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let flaw = "must be `file:directory`, `smtp://user:password@host:port` or `smtps://user:password@host:port`, \
            where characters such as `@` in the password are percent-encoded";
        let (scheme, rest) = text.split_once("://").ok_or(flaw)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (credentials, host) = place.rsplit_once('@').map_or((None, place), |(user, host)| (Some(user), host));
        let url = match (scheme, query) {
            ("smtps", "") | ("smtp", "tls=required" | "tls=opportunistic") => text.to_owned(),
            ("smtp", "tls=none") => format!("smtp://{place}"),
            ("smtp", "") => format!("smtp://{place}{}", default_tls(credentials.is_some(), host)),
            _ => return Err(flaw.to_owned()),
        };
        SmtpTransport::from_url(&url).map_err(|_| flaw)?;
        let hidden = credentials.map_or("", |_| "[hidden]@");
        Ok(Self { url: Secret::new(url), shown: format!("{scheme}://{hidden}{host}") })
    }
}

/// A password leaves the machine encrypted or not at all; without one, encryption is used where it is offered.
fn default_tls(has_credentials: bool, host: &str) -> &'static str {
    let is_here = ["localhost", "127.", "[::1]"].iter().any(|here| host.starts_with(here));
    match (is_here, has_credentials) {
        (true, _) => "",
        (false, true) => "?tls=required",
        (false, false) => "?tls=opportunistic",
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for MailTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "file:{}", path.display()),
            Self::Smtp(url) => f.write_str(&url.shown),
        }
    }
}

/// Where the keys are looked up that letters are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsSource {
    /// In DNS, as this machine is set up to ask it.
    System,
    /// Nowhere.
    Off,
    /// In a file of TXT records.
    File(PathBuf),
}

impl DnsSource {
    /// Reads `system`, `off` or `file:path`.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("file:")) {
            ("system", _) => Ok(Self::System),
            ("off", _) => Ok(Self::Off),
            (_, Some(path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(format!("`{text}` is neither `system`, `off` nor `file:path`")),
        }
    }
}

impl fmt::Display for DnsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Off => f.write_str("off"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// Where keys are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the database, for all instances.
    Database,
    /// In a file.
    File(PathBuf),
}

impl KeyPlace {
    /// Reads `database` or `file:path`.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(Self::File(path.into())),
            None if text == "database" => Ok(Self::Database),
            _ => Err(format!("`{text}` is neither `database` nor `file:path`")),
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("database"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// A network of addresses: an address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `::1` and the like.
    ///
    /// *Errors*: what is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let flaw = || format!("`{text}` is not an address or network such as `10.0.0.7` or `10.0.0.0/8`");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| flaw())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| flaw())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        match bits.unwrap_or(width) {
            bits if bits <= width => Ok(Self { address, bits }),
            _ => Err(flaw()),
        }
    }

    /// Whether an address lies in the network; an IPv4 address written as IPv6 is the same address.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
