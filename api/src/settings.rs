//! The settings: read once, complete or not at all.

mod environment;
mod options;
mod value;

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::builder::Resettable;
use lettre::message::Mailbox;
use mandate_core::text::{Domain, Email, OrganizationName};
use mandate_core::time::Span;
use mandate_core::vocabulary::LinkPurpose;
use mandate_storage::DatabaseUrl;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::password::{NewPassword, PasswordCost};
use crate::secret::Secret;

pub use environment::service_variables;
pub use options::{Cli, Command, Options};
pub use value::{
    DnsSource, FilesTarget, KeyPlace, LinkTemplate, LogFormat, MailTarget, Network, Origin, PublicUrl, SmtpUrl,
};

/// Everything that can be set. Printed without its secrets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `DATABASE_URL`
    pub database: DatabaseUrl,
    /// `MANDATE_POOL_SIZE`
    pub pool_size: u32,
    /// `MANDATE_QUEUE_MAX`
    pub queue_max: usize,
    /// `MANDATE_LISTEN`
    pub listen: SocketAddr,
    /// `MANDATE_PUBLIC_URL`
    pub public_url: PublicUrl,
    /// `MANDATE_TRUSTED_PROXIES`
    pub trusted_proxies: Vec<Network>,
    /// `MANDATE_CORS_ORIGINS`
    pub cors_origins: Vec<Origin>,
    /// `MANDATE_REQUEST_TIMEOUT`
    pub request_timeout: Duration,
    /// `MANDATE_FILES`
    pub files: FilesTarget,
    /// `MANDATE_MAIL`
    pub mail: MailTarget,
    /// `MANDATE_MAIL_FROM`
    pub mail_from: Mailbox,
    /// `MANDATE_DNS`
    pub dns: DnsSource,
    /// `MANDATE_LINK_TEMPLATE`
    pub link_template: LinkTemplate,
    /// `MANDATE_ADMIN_EMAIL` and `MANDATE_ADMIN_PASSWORD`
    pub administrator: Option<Administrator>,
    /// `MANDATE_VENDOR_NAME`
    pub vendor_name: OrganizationName,
    /// `MANDATE_VENDOR_DOMAINS`
    pub vendor_domains: Vec<Domain>,
    /// `MANDATE_ACCESS_TOKEN_TTL`
    pub access_token_ttl: Span,
    /// `MANDATE_SESSION_TTL`
    pub session_ttl: Span,
    /// `MANDATE_WELCOME_TTL`
    pub welcome_ttl: Span,
    /// `MANDATE_RESET_TTL`
    pub reset_ttl: Span,
    /// `MANDATE_INVITATION_TTL`
    pub invitation_ttl: Span,
    /// `MANDATE_ESCALATION_WAIT`
    pub escalation_wait: Span,
    /// `MANDATE_CALL_BACK_AGE`
    pub call_back_age: Span,
    /// `MANDATE_REVIEW_PERIOD`
    pub review_period: Span,
    /// `MANDATE_CLOSE_AFTER`
    pub close_after: Span,
    /// `MANDATE_IDEMPOTENCY_TTL`
    pub idempotency_ttl: Span,
    /// `MANDATE_KEYS`
    pub keys: KeyPlace,
    /// `MANDATE_LOG`
    pub log: String,
    /// `MANDATE_LOG_FORMAT`
    pub log_format: LogFormat,
    /// `MANDATE_PASSWORD_COST`
    pub password_cost: PasswordCost,
}

/// The administrator who is created at the first start.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// The user id.
    pub email: Email,
    /// The password.
    pub password: NewPassword,
}

/// Everything that is wrong with the settings, each with what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<String>);

impl Problems {
    /// Keeps a value, or notes what is wrong with it.
    fn check<T>(&mut self, setting: &str, result: Result<T, impl fmt::Display>) -> Option<T> {
        result.map_err(|error| self.0.push(format!("{setting}: {error}"))).ok()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} {} with the settings", if count == 1 { "problem" } else { "problems" })?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

impl Settings {
    /// Reads options that were typed, and looks for misspelt settings in the environment.
    ///
    /// *Errors*: all problems at once.
    pub fn read(
        options: &Options,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        problems.0.extend(environment::unknown_variables(environment));
        let settings = Self::parse(options, &mut problems);
        match settings {
            Some(settings) if problems.0.is_empty() => Ok(settings),
            Some(_) | None => Err(problems),
        }
    }

    /// Reads a command line alone, with the program's name first and without the environment, as a test types it.
    ///
    /// *Errors*: all problems at once.
    pub fn from_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Self, Problems> {
        let definition = Cli::definition().mut_args(|option| option.env(Resettable::Reset));
        let matches = definition.try_get_matches_from(arguments);
        let cli = matches.and_then(|matches| Cli::from_matches(&matches));
        let cli = cli.map_err(|error| Problems(vec![error.to_string()]))?;
        Self::read(&cli.options, [])
    }

    fn parse(options: &Options, problems: &mut Problems) -> Option<Self> {
        let database = problems.check("DATABASE_URL", DatabaseUrl::parse(&options.database_url));
        let pool_size = problems.check("MANDATE_POOL_SIZE", number(&options.pool_size, 1, 200));
        let queue_max = problems.check("MANDATE_QUEUE_MAX", number(&options.queue_max, 0, 100_000));
        let listen = problems.check("MANDATE_LISTEN", listen(&options.listen));
        let public_url = match (given(&options.public_url), listen) {
            (Some(url), _) => problems.check("MANDATE_PUBLIC_URL", PublicUrl::parse(url)),
            (None, Some(listen)) => problems.check("MANDATE_PUBLIC_URL", PublicUrl::parse(&reachable(listen))),
            (None, None) => None,
        };
        let trusted_proxies = problems.check("MANDATE_TRUSTED_PROXIES", list(&options.trusted_proxies, Network::parse));
        let cors_origins = problems.check("MANDATE_CORS_ORIGINS", list(&options.cors_origins, Origin::parse));
        let request_timeout =
            problems.check("MANDATE_REQUEST_TIMEOUT", duration(&options.request_timeout, SECOND, HOUR));
        let files = problems.check("MANDATE_FILES", FilesTarget::parse(&options.files));
        let mail = problems.check("MANDATE_MAIL", MailTarget::parse(&options.mail));
        let mail_from =
            problems.check("MANDATE_MAIL_FROM", sender(given(&options.mail_from), mail.as_ref(), public_url.as_ref()));
        let dns = problems.check("MANDATE_DNS", DnsSource::parse(&options.dns));
        let link_template = problems.check("MANDATE_LINK_TEMPLATE", LinkTemplate::parse(&options.link_template));
        let administrator = administrator(options, problems);
        let vendor_name = problems.check("MANDATE_VENDOR_NAME", OrganizationName::parse(&options.vendor_name));
        let vendor_domains = problems.check("MANDATE_VENDOR_DOMAINS", list(&options.vendor_domains, Domain::parse));
        let access_token_ttl =
            problems.check("MANDATE_ACCESS_TOKEN_TTL", duration(&options.access_token_ttl, SECOND, DAY));
        let escalation_wait = problems
            .check("MANDATE_ESCALATION_WAIT", duration(&options.escalation_wait, Span::seconds(0), Span::days(30)));
        let call_back_age = problems
            .check("MANDATE_CALL_BACK_AGE", duration(&options.call_back_age, Span::seconds(0), Span::days(3650)));
        let mut span = |setting, text| problems.check(setting, duration(text, SECOND, Span::days(3650)));
        let session_ttl = span("MANDATE_SESSION_TTL", &options.session_ttl);
        let welcome_ttl = span("MANDATE_WELCOME_TTL", &options.welcome_ttl);
        let reset_ttl = span("MANDATE_RESET_TTL", &options.reset_ttl);
        let invitation_ttl = span("MANDATE_INVITATION_TTL", &options.invitation_ttl);
        let review_period = span("MANDATE_REVIEW_PERIOD", &options.review_period);
        let close_after = span("MANDATE_CLOSE_AFTER", &options.close_after);
        let idempotency_ttl = span("MANDATE_IDEMPOTENCY_TTL", &options.idempotency_ttl);
        let keys = problems.check("MANDATE_KEYS", KeyPlace::parse(&options.keys));
        let log = problems.check("MANDATE_LOG", log(&options.log));
        let log_format = problems.check("MANDATE_LOG_FORMAT", log_format(&options.log_format));
        let password_cost = problems.check("MANDATE_PASSWORD_COST", PasswordCost::parse(&options.password_cost));
        Some(Self {
            database: database?,
            pool_size: u32::try_from(pool_size?).ok()?,
            queue_max: queue_max?,
            listen: listen?,
            public_url: public_url?,
            trusted_proxies: trusted_proxies?,
            cors_origins: cors_origins?,
            request_timeout: Duration::from_secs(u64::try_from(request_timeout?.as_seconds()).ok()?),
            files: files?,
            mail: mail?,
            mail_from: mail_from?,
            dns: dns?,
            link_template: link_template?,
            administrator,
            vendor_name: vendor_name?,
            vendor_domains: vendor_domains?,
            access_token_ttl: access_token_ttl?,
            session_ttl: session_ttl?,
            welcome_ttl: welcome_ttl?,
            reset_ttl: reset_ttl?,
            invitation_ttl: invitation_ttl?,
            escalation_wait: escalation_wait?,
            call_back_age: call_back_age?,
            review_period: review_period?,
            close_after: close_after?,
            idempotency_ttl: idempotency_ttl?,
            keys: keys?,
            log: log?,
            log_format: log_format?,
            password_cost: password_cost?,
        })
    }

    /// A single-use link as it stands in an email.
    pub fn link(&self, purpose: LinkPurpose, token: &str) -> String {
        self.link_template.fill(&self.public_url, purpose, token)
    }

    /// Whether what this peer says about its clients' addresses is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Every setting with its effective value, secrets hidden.
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let administrator = self.administrator.as_ref();
        let cost = &self.password_cost;
        vec![
            ("DATABASE_URL", self.database.to_string()),
            ("MANDATE_POOL_SIZE", self.pool_size.to_string()),
            ("MANDATE_QUEUE_MAX", self.queue_max.to_string()),
            ("MANDATE_LISTEN", self.listen.to_string()),
            ("MANDATE_PUBLIC_URL", self.public_url.as_str().to_owned()),
            ("MANDATE_TRUSTED_PROXIES", joined(&self.trusted_proxies)),
            ("MANDATE_CORS_ORIGINS", joined(&self.cors_origins)),
            ("MANDATE_REQUEST_TIMEOUT", format!("{}s", self.request_timeout.as_secs())),
            ("MANDATE_FILES", self.files.to_string()),
            ("MANDATE_MAIL", self.mail.to_string()),
            ("MANDATE_MAIL_FROM", self.mail_from.to_string()),
            ("MANDATE_DNS", self.dns.to_string()),
            ("MANDATE_LINK_TEMPLATE", self.link_template.as_str().to_owned()),
            ("MANDATE_ADMIN_EMAIL", administrator.map(|one| one.email.to_string()).unwrap_or_default()),
            ("MANDATE_ADMIN_PASSWORD", administrator.map_or("", |_| "[hidden]").to_owned()),
            ("MANDATE_VENDOR_NAME", self.vendor_name.to_string()),
            ("MANDATE_VENDOR_DOMAINS", joined(&self.vendor_domains)),
            ("MANDATE_ACCESS_TOKEN_TTL", shown(self.access_token_ttl)),
            ("MANDATE_SESSION_TTL", shown(self.session_ttl)),
            ("MANDATE_WELCOME_TTL", shown(self.welcome_ttl)),
            ("MANDATE_RESET_TTL", shown(self.reset_ttl)),
            ("MANDATE_INVITATION_TTL", shown(self.invitation_ttl)),
            ("MANDATE_ESCALATION_WAIT", shown(self.escalation_wait)),
            ("MANDATE_CALL_BACK_AGE", shown(self.call_back_age)),
            ("MANDATE_REVIEW_PERIOD", shown(self.review_period)),
            ("MANDATE_CLOSE_AFTER", shown(self.close_after)),
            ("MANDATE_IDEMPOTENCY_TTL", shown(self.idempotency_ttl)),
            ("MANDATE_KEYS", self.keys.to_string()),
            ("MANDATE_LOG", self.log.clone()),
            (
                "MANDATE_LOG_FORMAT",
                match self.log_format {
                    LogFormat::Json => "json",
                    LogFormat::Text => "text",
                }
                .to_owned(),
            ),
            ("MANDATE_PASSWORD_COST", cost.to_string()),
        ]
    }
}

const SECOND: Span = Span::seconds(1);
const HOUR: Span = Span::hours(1);
const DAY: Span = Span::days(1);

/// An optional setting; one that is set to nothing is not set.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn list<T, E: fmt::Display>(text: &Option<String>, parse: impl Fn(&str) -> Result<T, E>) -> Result<Vec<T>, E> {
    let items = given(text).into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|item| !item.is_empty());
    items.map(parse).collect()
}

fn number(text: &str, min: usize, max: usize) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!("`{text}` is not a whole number from {min} to {max}")),
    }
}

fn duration(text: &str, min: Span, max: Span) -> Result<Span, String> {
    match Span::parse(text.trim()) {
        Some(span) if (min..=max).contains(&span) => Ok(span),
        _ => Err(format!(
            "`{text}` is not a duration such as `30s`, `15m`, `24h` or `30d`, from {} to {}",
            shown(min),
            shown(max)
        )),
    }
}

/// A span as the configuration writes it.
fn shown(span: Span) -> String {
    let seconds = span.as_seconds();
    let (unit, name) =
        [(86_400, "d"), (3_600, "h"), (60, "m")].into_iter().find(|(unit, _)| seconds % unit == 0).unwrap_or((1, "s"));
    format!("{}{name}", seconds / unit)
}

fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("`{text}` is not an address and port such as `127.0.0.1:8080` or `[::]:8080`"))
}

/// The URL under which a server that listens here is reached from the same machine.
fn reachable(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        format!("http://localhost:{}", listen.port())
    } else {
        format!("http://{listen}")
    }
}

fn sender(text: Option<&str>, mail: Option<&MailTarget>, public_url: Option<&PublicUrl>) -> Result<Mailbox, String> {
    match (text, mail) {
        (Some(text), _) => {
            text.parse().map_err(|_| format!("`{text}` is not a sender such as `Support <support@example.com>`"))
        }
        (None, Some(MailTarget::Smtp(_))) => {
            Err("must be set when emails go to a mail server, as in `Support <support@example.com>`".to_owned())
        }
        (None, Some(MailTarget::Directory(_)) | None) => {
            let host = public_url
                .map(PublicUrl::host)
                .filter(|host| host.parse::<IpAddr>().is_err() && !host.starts_with('['));
            let text = format!("Mandate <no-reply@{}>", host.unwrap_or("localhost"));
            text.parse().map_err(|_| format!("must be set: `{text}`, made from the public URL, is not a sender"))
        }
    }
}

fn administrator(options: &Options, problems: &mut Problems) -> Option<Administrator> {
    let (email, password) =
        match (given(&options.admin_email), options.admin_password.as_deref().filter(|text| !text.is_empty())) {
            (Some(email), Some(password)) => (email, password),
            (None, None) => return None,
            (Some(_), None) => {
                problems.0.push("MANDATE_ADMIN_PASSWORD: must be set together with MANDATE_ADMIN_EMAIL".to_owned());
                return None;
            }
            (None, Some(_)) => {
                problems.0.push("MANDATE_ADMIN_EMAIL: must be set together with MANDATE_ADMIN_PASSWORD".to_owned());
                return None;
            }
        };
    let email = problems.check("MANDATE_ADMIN_EMAIL", Email::parse(email));
    let password = problems.check("MANDATE_ADMIN_PASSWORD", NewPassword::parse(&Secret::new(password)));
    let (email, password) = (email?, password?);
    problems.check("MANDATE_ADMIN_PASSWORD", password.suits(&email))?;
    Some(Administrator { email, password })
}

/// Reads what is logged. A word without a level is to `tracing` the name of a module, of which everything is logged, and nothing of any
/// other: so a misspelt level would switch the log off.
fn log(text: &str) -> Result<String, String> {
    let pieces: Vec<&str> = text.split(',').map(str::trim).collect();
    let filter = pieces.join(",");
    if filter.trim_matches(',').is_empty() || EnvFilter::try_new(&filter).is_err() {
        return Err(format!("`{text}` is not a level, one of {LEVELS}, nor levels by module as in {BY_MODULE}"));
    }
    let is_word = |piece: &&str| !piece.is_empty() && !piece.contains(['=', '[', ']', '{', '}', '"']);
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    let misspelt = |piece: &&str| piece.ends_with('=') || (is_word(piece) && !is_level(piece));
    match pieces.into_iter().find(misspelt) {
        Some(word) => Err(format!(
            "`{word}` is not a level, one of {LEVELS}; a module is written with its level, as in {BY_MODULE}"
        )),
        None => Ok(filter),
    }
}

const LEVELS: &str = "`off`, `error`, `warn`, `info`, `debug` and `trace`";
const BY_MODULE: &str = "`info,mandate_storage=debug`";

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err(format!("`{text}` is neither `json` nor `text`")),
    }
}

#[cfg(test)]
mod tests;
