//! Text with rules: parsed once at the border, trusted from then on (X-5, C-2, C-3, C-4).

use std::collections::BTreeSet;
use std::fmt;

use chrono_tz::Tz;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::say;
use crate::wording::Wording;

mod character;

pub use character::{BYTE_ORDER_MARK, turns_direction};

use character::is_invisible;

/// Characters in an organization's name.
pub const ORGANIZATION_NAME_MAX: u64 = 100;
/// Characters in the name of a product.
pub const PRODUCT_MAX: u64 = 100;
/// Characters in the name of a site or shift.
pub const SITE_NAME_MAX: u64 = 100;
/// Characters in a first or last name.
pub const PERSON_NAME_MAX: u64 = 100;
/// Characters in an email address.
pub const EMAIL_MAX: u64 = 254;
/// Digits of a number without what is dialled before it from elsewhere, at least.
const LOCAL_DIGITS_MIN: usize = 7;
/// Characters in a phone number.
pub const PHONE_MAX: u64 = 32;
/// Characters in a note or reason.
pub const NOTE_MAX: u64 = 2_000;
/// Characters in somebody's title or position.
pub const POSITION_MAX: u64 = 100;
/// Characters in a line of a mailing address.
pub const ADDRESS_LINE_MAX: u64 = 100;
/// Characters in a service request's subject.
pub const SUBJECT_MAX: u64 = 200;
/// Characters in a message.
pub const MESSAGE_MAX: u64 = 65_536;
/// Characters in the name of a file.
pub const FILE_NAME_MAX: u64 = 255;
/// Characters in a domain name.
pub const DOMAIN_MAX: u64 = 253;
/// Characters in a search text.
pub const SEARCH_MAX: u64 = 200;
/// Characters in a password, at least.
pub const PASSWORD_MIN: usize = 12;
/// Characters in a password, at most.
pub const PASSWORD_MAX: usize = 128;
/// The code of an email with upper-case letters (C-2).
pub const EMAIL_NOT_LOWER_CASE: &str = "email_not_lower_case";
/// Languages that emails and errors are written in; the first is the default.
pub const LOCALES: &[&str] = &["en", "es", "pt-BR"];

/// Why a value cannot be read. The input family of errors: no rule has been asked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// A stable code.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub message: Wording,
}

impl Flaw {
    /// A flaw with its explanation.
    pub fn new(code: &'static str, message: Wording) -> Self {
        Self { code, message }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl std::error::Error for Flaw {}

/// Brings text into the one form in which it is kept: NFC, trimmed, at most `max` characters.
///
/// A body takes what people paste, a log with its escape sequences among it; only U+0000 is none, which no database keeps.
///
/// *Errors*: `blank` (also where nothing of it shows), `too_long` (nothing is cut), `control_character` (also for what turns the
/// direction of writing).
fn clean(text: &str, max: u64, is_body: bool) -> Result<String, Flaw> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == BYTE_ORDER_MARK);
    if text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c)) {
        return Err(blank());
    }
    let is_refused = |c: &char| if is_body { *c == '\0' } else { c.is_control() || turns_direction(*c) };
    if let Some(control) = text.chars().find(is_refused) {
        return Err(control_character(control));
    }
    let text = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    // A byte count at or below the maximum spares the walk over the characters.
    let is_over = |count: usize| u64::try_from(count).is_ok_and(|count| count > max);
    if is_over(text.len()) && is_over(text.chars().count()) {
        return Err(Flaw::new("too_long", say!("must have at most {max} characters", max)));
    }
    Ok(text)
}

fn blank() -> Flaw {
    Flaw::new("blank", say!("must not be blank"))
}

fn control_character(character: char) -> Flaw {
    let number = format!("{:04X}", u32::from(character));
    Flaw::new("control_character", say!("must not contain the control character U+{number}", number))
}

/// The form in which text is searched without regard to case.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

impl Phone {
    fn digits(&self) -> impl DoubleEndedIterator<Item = char> + Clone {
        self.0.chars().filter(char::is_ascii_digit)
    }

    /// Whether two numbers have the same digits, however they are grouped (E-6a).
    pub fn is_same(&self, other: &Self) -> bool {
        self.digits().eq(other.digits())
    }

    /// Whether two numbers may be the same telephone: one has the digits of the other, perhaps without what is dialled before it from
    /// elsewhere. Meant for refusing: it holds for some that are not.
    pub fn may_be(&self, other: &Self) -> bool {
        let significant = |phone: &Self| phone.digits().skip_while(|digit| *digit == '0').collect::<String>();
        let (one, other) = (significant(self), significant(other));
        let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
        long == short || (short.len() >= LOCAL_DIGITS_MIN && long.ends_with(&short))
    }
}

/// The distinct words of a text, folded: what stands between white space and ASCII punctuation (C-18).
pub fn words(text: &str) -> BTreeSet<String> {
    let words = fold(text);
    let words = words.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Words that people are searched by: each begins a word of what is found, in whatever order (C-18).
///
/// *Shape*: at least one, none twice, the longest first; folded, without white space and ASCII punctuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    /// Reads the words of a search text of at most [`SEARCH_MAX`] characters.
    ///
    /// *Errors*: as [`SearchText`]; `blank` if there is no word in it, because nothing would be searched for.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let mut words: Vec<String> = words(SearchText::parse(text)?.as_str()).into_iter().collect();
        if words.is_empty() {
            return Err(Flaw::new("blank", say!("`{text}` has no word to search for", text)));
        }
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Ok(Self(words))
    }

    /// The words.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $parse:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the text.
            ///
            /// *Errors*: a [`Flaw`] that says what would be right.
            pub fn parse(text: &str) -> Result<Self, Flaw> {
                $parse(text).map(Self)
            }

            /// The text as it stands in the records, read under the rule of its time: today's may be narrower, and what was kept
            /// stays readable. For storage alone.
            ///
            /// *Errors*: `blank`, which no rule ever allowed.
            pub fn kept(text: &str) -> Result<Self, Flaw> {
                if text.is_empty() { Err(blank()) } else { Ok(Self(text.to_owned())) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )+};
}

texts! {
    /// What an organization is called; at most [`ORGANIZATION_NAME_MAX`] characters.
    OrganizationName = organization_name;
    /// A first or last name of a verifiable individual (C-3), and no address of the web.
    PersonName = person_name;
    /// An email address, the user id (C-2): lower case, unique over all organizations.
    Email = email;
    /// A phone number whose groups are separated by full stops (C-4).
    Phone = phone;
    /// An IANA time zone name.
    TimeZone = time_zone;
    /// One of [`LOCALES`], the nearest one to what was given.
    Locale = locale;
    /// A note or reason; at most [`NOTE_MAX`] characters, several lines allowed.
    Note = note;
    /// What a site or shift is called, in one line; at most [`SITE_NAME_MAX`] characters.
    SiteName = site_name;
    /// Somebody's title or position, in one line; at most [`POSITION_MAX`] characters (E-3).
    JobTitle = job_title;
    /// A line of a mailing address; at most [`ADDRESS_LINE_MAX`] characters (E-3).
    AddressLine = address_line;
    /// A country, as two letters of ISO 3166-1 (E-3).
    Country = country;
    /// The text of an article, in Markdown; at most [`MESSAGE_MAX`] characters.
    ArticleBody = message_body;
    /// The language of an article, as a tag of BCP 47 such as `en` or `pt-BR`.
    Language = language;
    /// What a product is called; at most [`PRODUCT_MAX`] characters.
    ProductName = product_name;
    /// What a service request is about, in one line; at most [`SUBJECT_MAX`] characters.
    Subject = subject;
    /// A message, Markdown or plain; at most [`MESSAGE_MAX`] characters.
    MessageBody = message_body;
    /// What a file is called, without its folders; at most [`FILE_NAME_MAX`] characters (S-6).
    FileName = file_name;
    /// A domain name in lower case, as A-labels.
    Domain = domain;
    /// Words to search for; at most [`SEARCH_MAX`] characters, folded.
    SearchText = search_text;
}

fn organization_name(text: &str) -> Result<String, Flaw> {
    clean(text, ORGANIZATION_NAME_MAX, false)
}

fn site_name(text: &str) -> Result<String, Flaw> {
    clean(text, SITE_NAME_MAX, false)
}

fn job_title(text: &str) -> Result<String, Flaw> {
    clean(text, POSITION_MAX, false)
}

fn address_line(text: &str) -> Result<String, Flaw> {
    clean(text, ADDRESS_LINE_MAX, false)
}

fn country(text: &str) -> Result<String, Flaw> {
    let country = text.trim();
    if country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(country.to_owned());
    }
    Err(Flaw::new("country_invalid", say!("`{text}` is not a country of two letters such as `US` or `PT`", text)))
}

/// A language, and a script or region at most: enough to choose by, and short enough to be sure of.
fn language(text: &str) -> Result<String, Flaw> {
    let mut parts = text.trim().split('-');
    let is_word =
        |part: &str, lengths: &[usize]| lengths.contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphabetic());
    let primary = parts.next().unwrap_or_default().to_ascii_lowercase();
    let rest: Vec<&str> = parts.collect();
    let tag = match rest.as_slice() {
        [] => Some(primary.clone()),
        [region] if is_word(region, &[2]) => Some(format!("{primary}-{}", region.to_ascii_uppercase())),
        [script] if is_word(script, &[4]) => {
            let (first, others) = script.split_at(1);
            Some(format!("{primary}-{}{}", first.to_ascii_uppercase(), others.to_ascii_lowercase()))
        }
        _ => None,
    };
    tag.filter(|_| is_word(&primary, &[2, 3])).ok_or_else(|| {
        Flaw::new("language_invalid", say!("`{text}` is not a language tag such as `en`, `pt-BR` or `zh-Hant`", text))
    })
}

fn product_name(text: &str) -> Result<String, Flaw> {
    clean(text, PRODUCT_MAX, false)
}

fn note(text: &str) -> Result<String, Flaw> {
    clean(text, NOTE_MAX, true)
}

fn subject(text: &str) -> Result<String, Flaw> {
    clean(text, SUBJECT_MAX, false)
}

fn message_body(text: &str) -> Result<String, Flaw> {
    clean(text, MESSAGE_MAX, true)
}

/// A path is reduced to what stands behind its last separator, as RFC 6266, section 4.3, asks of receivers.
fn file_name(text: &str) -> Result<String, Flaw> {
    let name = clean(text.rsplit(['/', '\\']).next().unwrap_or_default(), FILE_NAME_MAX, false)?;
    if name.chars().all(|c| c == '.') {
        return Err(Flaw::new("file_name_invalid", say!("`{name}` is not the name of a file", name)));
    }
    Ok(name)
}

/// Marks that come along with what is copied from elsewhere are not searched for.
fn search_text(text: &str) -> Result<String, Flaw> {
    let text: String = text.chars().filter(|c| !turns_direction(*c)).collect();
    clean(&text, SEARCH_MAX, false).and_then(|text| clean(&fold(&text), SEARCH_MAX, false))
}

fn person_name(text: &str) -> Result<String, Flaw> {
    let name = clean(text, PERSON_NAME_MAX, false)?;
    if !name.chars().any(char::is_alphabetic) {
        return Err(Flaw::new(
            "name_not_verifiable",
            say!("`{name}` is not the name of a verifiable individual: it has no letter", name),
        ));
    }
    let lower = name.to_lowercase();
    if lower.contains("://") || lower.contains("www.") {
        return Err(Flaw::new(
            "name_not_verifiable",
            say!("`{name}` is not the name of a verifiable individual: it has an address of the web in it", name),
        ));
    }
    Ok(name)
}

fn email(text: &str) -> Result<String, Flaw> {
    let email = clean(text, EMAIL_MAX, false)?;
    if email.chars().any(char::is_uppercase) {
        let lower = email.to_lowercase();
        return Err(Flaw::new(
            EMAIL_NOT_LOWER_CASE,
            say!(
                "`{email}` has upper-case letters; the email is the user id and is kept in lower case: `{lower}`",
                email,
                lower
            ),
        ));
    }
    let flaw =
        || Flaw::new("email_invalid", say!("`{email}` is not an email address of the form `name@example.com`", email));
    let (local, host) = email.rsplit_once('@').ok_or_else(flaw)?;
    let local_is_plain = !local.is_empty()
        && local.len() <= 64
        && local.split('.').all(|atom| {
            !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
        });
    if !local_is_plain || !host.contains('.') {
        return Err(flaw());
    }
    match (domain(host), ascii_form(host)) {
        (Ok(_), _) => Ok(email),
        (Err(_), Some(ascii)) => Err(Flaw::new(
            "email_invalid",
            say!(
                "`{email}` has an international domain name, which is kept in its form for mail servers: `{ascii}`",
                email,
                ascii = format!("{local}@{ascii}")
            ),
        )),
        (Err(_), None) => Err(flaw()),
    }
}

/// The form of an international domain name that the domain name system knows (RFC 5891), such as `xn--mnchen-3ya.example`; none
/// where it has no other, or is no name.
fn ascii_form(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    idna::domain_to_ascii_strict(name).ok().filter(|ascii| domain(ascii).is_ok())
}

fn phone(text: &str) -> Result<String, Flaw> {
    let phone = clean(text, PHONE_MAX, false)?;
    let digits = phone.strip_prefix('+').unwrap_or(&phone);
    let is_grouped = digits.split('.').all(|group| !group.is_empty() && group.chars().all(|c| c.is_ascii_digit()));
    let digit_count = digits.chars().filter(char::is_ascii_digit).count();
    if !is_grouped || digit_count < 3 {
        return Err(Flaw::new(
            "phone_format",
            say!(
                "`{phone}` is not of the form `+1.650.555.0100`: groups of digits are separated by full stops, without dashes, blanks or brackets",
                phone
            ),
        ));
    }
    Ok(phone)
}

fn time_zone(text: &str) -> Result<String, Flaw> {
    text.trim().parse::<Tz>().map(|zone| zone.name().to_owned()).map_err(|_| {
        Flaw::new("time_zone_unknown", say!("`{text}` is not an IANA time zone name such as `Europe/Lisbon`", text))
    })
}

/// Ours of the same language, whatever the region and its case: `es-ES` is `es`, and `pt` is `pt-BR`.
fn locale(text: &str) -> Result<String, Flaw> {
    let tag = text.trim().replace('_', "-");
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let nearest = LOCALES.iter().find(|locale| primary(locale) == primary(&tag));
    nearest.filter(|_| tag.split('-').all(is_subtag)).map(|locale| (*locale).to_owned()).ok_or_else(|| {
        Flaw::new("locale_unknown", say!("`{text}` is not one of `{names}`", text, names = LOCALES.join("`, `")))
    })
}

fn domain(text: &str) -> Result<String, Flaw> {
    let domain = clean(text, DOMAIN_MAX, false)?;
    let label_is_plain = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    // No domain of the first level is a number (RFC 3696, section 2); what ends in one is an address, or a slip.
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let ends_in_number = domain.rsplit('.').next().is_some_and(is_number);
    if domain.split('.').all(label_is_plain) && !ends_in_number {
        Ok(domain)
    } else if let Some(ascii) = ascii_form(&domain) {
        let message = say!(
            "`{domain}` is an international domain name, which is kept in its form for machines: `{ascii}`",
            domain,
            ascii
        );
        Err(Flaw::new("domain_invalid", message))
    } else {
        Err(Flaw::new(
            "domain_invalid",
            say!(
                "`{domain}` is not a domain name in lower case such as `example.com` (international names as `xn--…`)",
                domain
            ),
        ))
    }
}

/// An email address as somebody typed it: readable, but perhaps not in lower case.
///
/// Whether it belongs to the vendor is asked whatever its case (O-2), and only then is the case refused (C-2); so the
/// two travel together as far as the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedEmail {
    /// The address in lower case.
    pub email: Email,
    /// Set when upper-case letters were typed.
    pub case: Option<Flaw>,
}

impl TypedEmail {
    /// Reads an address in any case.
    ///
    /// *Errors*: all flaws of [`Email`] but its case.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        match Email::parse(text) {
            Ok(email) => Ok(Self { email, case: None }),
            Err(flaw) if flaw.code == EMAIL_NOT_LOWER_CASE => {
                Ok(Self { email: Email::parse(&text.to_lowercase())?, case: Some(flaw) })
            }
            Err(flaw) => Err(flaw),
        }
    }
}

impl From<Email> for TypedEmail {
    fn from(email: Email) -> Self {
        Self { email, case: None }
    }
}

impl Email {
    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The domain of the address, and all domains above it, the nearest first.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        parents(self.domain())
    }

    /// Whether the address lies in one of these domains or in a subdomain of one (O-2).
    pub fn is_in(&self, domains: &[Domain]) -> bool {
        let own = self.domain();
        domains
            .iter()
            .any(|domain| own.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    }
}

impl Domain {
    /// Whether the domain is one of these or lies in one.
    pub fn is_in(&self, domains: &[Domain]) -> bool {
        self.with_parents().any(|name| domains.iter().any(|domain| domain.as_str() == name))
    }

    /// The domain, and all domains above it, the nearest first.
    pub fn with_parents(&self) -> impl Iterator<Item = &str> {
        parents(self.as_str())
    }
}

/// A domain name, and all domains above it, the nearest first.
pub(crate) fn parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent))
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

#[cfg(test)]
mod tests;
