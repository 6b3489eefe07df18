//! Which database, and where.

use std::fmt;

use crate::error::DatabaseUrlError;

/// What libpq is told unless the URL says otherwise: give up on a host that does not answer, and find the primary.
const POSTGRES_PARAMETERS: &[(&str, &str)] = &[
    ("application_name", "mandate"),
    ("connect_timeout", "2"),
    ("keepalives_idle", "10"),
    ("target_session_attrs", "read-write"),
    ("tcp_user_timeout", "5000"),
];

/// Which database, and where.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The path of a file, from `sqlite://path`; absolute if the path begins with a slash.
    Sqlite(String),
    /// A libpq URL, `postgres://…` or `postgresql://…`.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// *Errors*: an unknown scheme, no path, a database in memory, and what libpq would misread: it would repeat in its own words what it
    /// could not read, the password with it.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            return if is_readable(rest) {
                Ok(Self::Postgres(text.to_owned()))
            } else {
                Err(DatabaseUrlError::Unreadable)
            };
        }
        let path = text.strip_prefix("sqlite:").ok_or(DatabaseUrlError::UnknownScheme)?;
        if path.contains(":memory:") || path.contains("mode=memory") {
            return Err(DatabaseUrlError::InMemory);
        }
        match path.strip_prefix("//").ok_or(DatabaseUrlError::UnknownScheme)? {
            "" => Err(DatabaseUrlError::NoPath),
            path => Ok(Self::Sqlite(path.to_owned())),
        }
    }

    /// The URL with what libpq is told unless the URL says otherwise.
    pub(crate) fn postgres_parameters(url: &str) -> String {
        let missing = POSTGRES_PARAMETERS.iter().filter(|(name, _)| !url.contains(&format!("{name}=")));
        missing.fold(url.to_owned(), |url, (name, value)| {
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}{name}={value}")
        })
    }
}

/// Without credentials and parameters, so that it can be logged.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
            Self::Postgres(url) => {
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let place = rest.split_once('?').map_or(rest, |(place, _)| place);
                write!(f, "postgres://{}", place.rsplit_once('@').map_or(place, |(_, host)| host))
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether libpq reads what follows `postgres://` as it is meant (PostgreSQL 18, section 32.1.1.2): `user:password@hosts/name?options`.
///
/// To libpq, credentials end with the first `@`, and there are none if a `/` comes before it.
fn is_readable(rest: &str) -> bool {
    let (credentials, rest) = match rest.find(['@', '/']) {
        Some(end) if rest[end..].starts_with('@') => (&rest[..end], &rest[end + 1..]),
        Some(_) | None => ("", rest),
    };
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let hosts = place.split_once('/').map_or(place, |(hosts, _)| hosts);
    let is_option = |option: &str| option.matches('=').count() == 1 && !option.starts_with('=');
    [credentials, place, options].into_iter().all(is_encoded)
        && !credentials.contains('?')
        && !place.contains('@')
        && hosts.split(',').all(is_host)
        && (options.is_empty() || options.split('&').all(is_option))
}

/// Whether each `%` begins a byte, which is not 0.
fn is_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let byte = rest.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        byte.is_some_and(|digits| digits != "00")
    })
}

/// Whether this is a host, an address in brackets, or nothing, with or without a port.
fn is_host(text: &str) -> bool {
    let port = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((_, port)) => port,
            None => return false,
        },
        None => text.find(':').map_or("", |start| &text[start..]),
    };
    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_database_or_gets_a_hint() {
        for (text, url) in [
            ("sqlite://var/mandate.db", DatabaseUrl::Sqlite("var/mandate.db".to_owned())),
            ("sqlite:///var/mandate.db", DatabaseUrl::Sqlite("/var/mandate.db".to_owned())),
            ("postgres://localhost/m", DatabaseUrl::Postgres("postgres://localhost/m".to_owned())),
            ("postgresql://localhost/m", DatabaseUrl::Postgres("postgresql://localhost/m".to_owned())),
        ] {
            assert_eq!(DatabaseUrl::parse(text), Ok(url));
        }
        assert_eq!(DatabaseUrl::parse("sqlite::memory:"), Err(DatabaseUrlError::InMemory));
        assert_eq!(DatabaseUrl::parse("sqlite://:memory:"), Err(DatabaseUrlError::InMemory));
        assert_eq!(DatabaseUrl::parse("sqlite://"), Err(DatabaseUrlError::NoPath));
        for text in ["", "mandate.db", "sqlite:mandate.db", "mysql://localhost/m"] {
            assert_eq!(DatabaseUrl::parse(text), Err(DatabaseUrlError::UnknownScheme), "{text}");
        }
    }

    #[test]
    fn a_url_is_printed_without_its_password() {
        let url = DatabaseUrl::parse("postgres://mandate:p%40ss@db.example.com/m?sslmode=require").unwrap();
        assert_eq!(format!("{url} {url:?}"), "postgres://db.example.com/m postgres://db.example.com/m");
    }

    #[test]
    fn parameters_are_added_unless_the_url_has_them() {
        let url = DatabaseUrl::postgres_parameters("postgres://db/m?connect_timeout=9");
        assert!(url.starts_with("postgres://db/m?connect_timeout=9&application_name=mandate&"), "{url}");
        assert_eq!(url.matches("connect_timeout").count(), 1);
        assert!(DatabaseUrl::postgres_parameters("postgres://db/m").starts_with("postgres://db/m?application_name="));
    }
}
