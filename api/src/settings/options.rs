//! The command line: one option per setting, each also an environment variable. Texts only; `settings` reads them.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// A customer-support desk where customers decide who acts for them.
#[derive(Parser)]
#[command(name = "mandate", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// The settings, as they were typed.
    #[command(flatten)]
    pub options: Options,
    /// What to do; serve, if nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// The definition: every option before or after the command, and no environment's values in the help.
    pub fn definition() -> clap::Command {
        Self::command().mut_args(|option| option.global(true).hide_env_values(true))
    }

    /// Reads what was matched by [`Self::definition`].
    ///
    /// *Errors*: none that clap has not reported before.
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut cli = Self::from_arg_matches(matches)?;
        // Nobody shall have to look for the demo's story among hundreds of lines.
        if cli.command == Some(Command::Demo) && matches.value_source("log") == Some(ValueSource::DefaultValue) {
            cli.options.log = "warn".to_owned();
        }
        Ok(cli)
    }
}

const AFTER_HELP: &str = "Durations are written as `30s`, `15m`, `24h` or `30d`. An option beats its environment variable. \
    Secrets belong into the environment: options can be seen by other users of the machine.";

/// What the program can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Subcommand)]
pub enum Command {
    /// Migrate the database and serve (the default)
    #[default]
    Serve,
    /// Serve on a fresh temporary database with sample data, and print ready-to-paste sign-ins and calls
    Demo,
    /// Migrate the database and stop
    Migrate,
    /// Print openapi.yaml
    Openapi,
    /// Say what is wrong with the settings, or print them without their secrets
    CheckConfig,
    /// Begin to use new keys; whoever is signed in stays so
    RotateKeys,
    /// Recompute the hash chains of all journals and name the first entry that was tampered with
    VerifyJournal,
}

/// Every setting, as it was typed.
#[derive(Args)]
pub struct Options {
    /// The database: `sqlite://path` or `postgres://user:password@host/name`
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://mandate.db", value_name = "URL")]
    pub(super) database_url: String,

    /// Connections to the database (for SQLite: those that read)
    #[arg(long, env = "MANDATE_POOL_SIZE", default_value = "8", value_name = "NUMBER")]
    pub(super) pool_size: String,

    /// Requests that may wait for a connection; those beyond are answered with 503 at once
    #[arg(long, env = "MANDATE_QUEUE_MAX", default_value = "512", value_name = "NUMBER")]
    pub(super) queue_max: String,

    /// The address to listen on
    #[arg(long, env = "MANDATE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub(super) listen: String,

    /// Where others reach the server, for links in emails and the issuer of tokens [default: http://LISTEN]
    #[arg(long, env = "MANDATE_PUBLIC_URL", value_name = "URL")]
    pub(super) public_url: Option<String>,

    /// Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas [default: none]
    #[arg(long, env = "MANDATE_TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub(super) trusted_proxies: Option<String>,

    /// Origins of web frontends that may call the API from a browser, such as `https://support.example.com`, separated by commas; `*` for
    /// any [default: none]
    #[arg(long, env = "MANDATE_CORS_ORIGINS", value_name = "ORIGINS")]
    pub(super) cors_origins: Option<String>,

    /// The longest time that a request may take
    #[arg(long, env = "MANDATE_REQUEST_TIMEOUT", default_value = "10s", value_name = "DURATION")]
    pub(super) request_timeout: String,

    /// Where attachments are kept: `file:directory` or `s3://bucket/prefix`, with what else is needed in the variables `AWS_…`
    #[arg(long, env = "MANDATE_FILES", default_value = "file:var/files", value_name = "URL")]
    pub(super) files: String,

    /// Where emails go: `file:directory`, `smtp://user:password@host:port` (STARTTLS; none with `?tls=none`) or `smtps://…`
    #[arg(long, env = "MANDATE_MAIL", default_value = "file:var/mail", value_name = "URL")]
    pub(super) mail: String,

    /// The sender of emails, `Name <address>`; required with smtp
    #[arg(long, env = "MANDATE_MAIL_FROM", value_name = "SENDER")]
    pub(super) mail_from: Option<String>,

    /// Where the keys of signed letters are looked up: `system` (DNS), `off` or `file:path` with lines `name TXT-record`
    #[arg(long, env = "MANDATE_DNS", default_value = "system", value_name = "SOURCE")]
    pub(super) dns: String,

    /// The links in emails; `{purpose}` is `welcome`, `password-reset`, `invitation` or `objection`
    #[arg(long, env = "MANDATE_LINK_TEMPLATE", default_value = "{public_url}/{purpose}?token={token}")]
    #[arg(value_name = "TEMPLATE")]
    pub(super) link_template: String,

    /// The email of the administrator who is created at the first start
    #[arg(long, env = "MANDATE_ADMIN_EMAIL", value_name = "EMAIL")]
    pub(super) admin_email: Option<String>,

    /// The password of that administrator; without both, a one-time set-up link is printed
    #[arg(long, env = "MANDATE_ADMIN_PASSWORD", value_name = "PASSWORD")]
    pub(super) admin_password: Option<String>,

    /// The name of the organization whose support desk this is
    #[arg(long, env = "MANDATE_VENDOR_NAME", default_value = "Vendor", value_name = "NAME")]
    pub(super) vendor_name: String,

    /// Its email domains, separated by commas: whoever has an address there is never a customer's contact [default: none]
    #[arg(long, env = "MANDATE_VENDOR_DOMAINS", value_name = "DOMAINS")]
    pub(super) vendor_domains: Option<String>,

    /// How long an access token is good; at most 24h
    #[arg(long, env = "MANDATE_ACCESS_TOKEN_TTL", default_value = "15m", value_name = "DURATION")]
    pub(super) access_token_ttl: String,

    /// How long somebody who does nothing stays signed in
    #[arg(long, env = "MANDATE_SESSION_TTL", default_value = "30d", value_name = "DURATION")]
    pub(super) session_ttl: String,

    /// How long the link in a welcome email is good
    #[arg(long, env = "MANDATE_WELCOME_TTL", default_value = "72h", value_name = "DURATION")]
    pub(super) welcome_ttl: String,

    /// How long the link to set a new password is good
    #[arg(long, env = "MANDATE_RESET_TTL", default_value = "1h", value_name = "DURATION")]
    pub(super) reset_ttl: String,

    /// How long the link of an invitation is good
    #[arg(long, env = "MANDATE_INVITATION_TTL", default_value = "7d", value_name = "DURATION")]
    pub(super) invitation_ttl: String,

    /// How long an approved escalation waits, so that somebody can object; `0s` for not at all
    #[arg(long, env = "MANDATE_ESCALATION_WAIT", default_value = "24h", value_name = "DURATION")]
    pub(super) escalation_wait: String,

    /// How long before an escalation a phone number must have been on record to be called back, unless the account team confirms it
    #[arg(long, env = "MANDATE_CALL_BACK_AGE", default_value = "30d", value_name = "DURATION")]
    pub(super) call_back_age: String,

    /// After how long an organization's contacts should be reviewed again, unless it has its own period
    #[arg(long, env = "MANDATE_REVIEW_PERIOD", default_value = "90d", value_name = "DURATION")]
    pub(super) review_period: String,

    /// After how long a solved service request closes by itself
    #[arg(long, env = "MANDATE_CLOSE_AFTER", default_value = "14d", value_name = "DURATION")]
    pub(super) close_after: String,

    /// How long the answer to a request with an Idempotency-Key is kept
    #[arg(long, env = "MANDATE_IDEMPOTENCY_TTL", default_value = "30d", value_name = "DURATION")]
    pub(super) idempotency_ttl: String,

    /// Where the keys are kept that sign and seal tokens: `database` or `file:path`
    #[arg(long, env = "MANDATE_KEYS", default_value = "database", value_name = "PLACE")]
    pub(super) keys: String,

    /// What is logged: a level, or levels by module as in `info,mandate_storage=debug`; the demo begins with `warn`
    #[arg(long, env = "MANDATE_LOG", default_value = "info", value_name = "FILTER")]
    pub(super) log: String,

    /// How the log is written: `json` or `text`
    #[arg(long, env = "MANDATE_LOG_FORMAT", default_value = "json", value_name = "FORMAT")]
    pub(super) log_format: String,

    /// What hashing a password costs, `KiB:passes`; lower it for tests alone
    #[arg(long, env = "MANDATE_PASSWORD_COST", default_value = "19456:2", value_name = "COST")]
    #[arg(hide = true)]
    pub(super) password_cost: String,
}
