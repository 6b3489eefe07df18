//! What else the environment holds under the prefix of the settings: misspelt ones, and what Kubernetes says of services.

use std::ffi::OsString;

use super::Cli;

/// What the names of environment variables begin with.
const PREFIX: &str = "MANDATE_";

/// The transports that Kubernetes knows.
const TRANSPORTS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// What is wrong with each variable that looks like a setting and is none.
pub(super) fn unknown_variables(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<String> {
    let problem = |name| format!("{name}: there is no such setting; see `mandate --help`, or unset it");
    strangers(environment).into_iter().filter(|(_, is_service)| !is_service).map(|(name, _)| problem(name)).collect()
}

/// The names of the variables by which Kubernetes tells of the services in the same namespace that are called `mandate` or
/// `mandate-…`. They say nothing to this program.
pub fn service_variables(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<String> {
    strangers(environment).into_iter().filter(|(_, is_service)| *is_service).map(|(name, _)| name).collect()
}

/// Variables that begin like settings and are none, in order, and whether they tell of a service.
fn strangers(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(String, bool)> {
    let definition = Cli::definition();
    let known: Vec<_> = definition.get_arguments().filter_map(|option| option.get_env()).collect();
    let mut strangers: Vec<(String, bool)> = environment
        .into_iter()
        .filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX) && !known.contains(&name.as_os_str()))
        .map(|(name, value)| {
            let name = name.to_string_lossy().into_owned();
            let is_service = tells_of_service(&name, &value.to_string_lossy());
            (name, is_service)
        })
        .collect();
    strangers.sort();
    strangers
}

/// Whether Kubernetes makes such a variable: `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_HTTP` with the port's name,
/// `…_PORT` and `…_PORT_80_TCP` with an address such as `tcp://10.0.0.1:80`, and `…_PORT_80_TCP_ADDR`, `…_PROTO` or `…_PORT`.
///
/// `MANDATE_PORT=8080` is what somebody set who wanted another port, so the value counts there.
fn tells_of_service(name: &str, value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = |text: &str| {
        let (transport, place) = text.split_once("://").unwrap_or_default();
        let port = place.rsplit_once(':').map_or("", |(_, port)| port);
        TRANSPORTS.contains(&transport.to_uppercase().as_str()) && is_number(port)
    };
    // The name of a service may hold these words itself, so each place counts where the rest could begin.
    name.match_indices("_").any(|(start, _)| match name.get(start + 1..).unwrap_or_default() {
        "SERVICE_HOST" => !value.is_empty(),
        "SERVICE_PORT" => is_number(value),
        "PORT" => is_address(value),
        rest if rest.starts_with("SERVICE_PORT_") => is_number(value),
        rest => {
            let mut parts = rest.split('_');
            let is_port = parts.next() == Some("PORT")
                && parts.next().is_some_and(is_number)
                && parts.next().is_some_and(|part| TRANSPORTS.contains(&part));
            is_port && matches!((parts.next(), parts.next()), (None | Some("PROTO" | "PORT" | "ADDR"), None))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn a_misspelt_variable_is_not_silent() {
        let misspelt = |name: &str| format!("{name}: there is no such setting; see `mandate --help`, or unset it");
        let known = ["MANDATE_LISTEN", "MANDATE_PASSWORD_COST", "DATABASE_URL", "PATH", "MANDATES"];
        assert!(unknown_variables(environment(&known.map(|name| (name, "")))).is_empty());
        for (name, value) in [
            ("MANDATE_LISTN", "127.0.0.1:80"),
            // What somebody means who does not know that it is called `MANDATE_LISTEN`.
            ("MANDATE_PORT", "8080"),
            ("MANDATE_PORT", ""),
            ("MANDATE_HOST", "tcp://10.0.0.1:80"),
            ("MANDATE_SERVICE_HOST", ""),
            ("MANDATE_SERVICE_PORT", "http"),
            ("MANDATE_SERVICE", "10.0.0.1"),
            ("MANDATE_PORT_TCP", "tcp://10.0.0.1:80"),
            ("MANDATE_PORT_80", "tcp://10.0.0.1:80"),
            ("MANDATE_PORT_80_TCP_HOST", "10.0.0.1"),
            ("MANDATE_PORT_80_TCP_ADDR_X", "10.0.0.1"),
        ] {
            assert_eq!(unknown_variables(environment(&[(name, value)])), [misspelt(name)], "{name}={value}");
            assert!(service_variables(environment(&[(name, value)])).is_empty(), "{name}={value}");
        }
    }

    #[test]
    fn what_kubernetes_says_of_services_is_no_setting() {
        let variables = environment(&[
            ("MANDATE_SERVICE_HOST", "10.0.0.1"),
            ("MANDATE_SERVICE_PORT", "80"),
            ("MANDATE_SERVICE_PORT_HTTP", "80"),
            ("MANDATE_PORT", "tcp://10.0.0.1:80"),
            ("MANDATE_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("MANDATE_PORT_80_TCP_PROTO", "tcp"),
            ("MANDATE_PORT_80_TCP_PORT", "80"),
            ("MANDATE_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("MANDATE_PORT_53_UDP", "udp://[fd00::1]:53"),
            // Of a service `mandate-db-port`.
            ("MANDATE_DB_PORT_PORT", "tcp://10.0.0.2:5432"),
            ("MANDATE_DB_PORT_SERVICE_HOST", "10.0.0.2"),
            ("MANDATE_DB_PORT_PORT_5432_TCP_ADDR", "10.0.0.2"),
            // Neither is this.
            ("MANDATE_LISTEN", "0.0.0.0:80"),
        ]);
        assert_eq!(unknown_variables(variables.clone()), [""; 0]);
        let found = service_variables(variables);
        assert_eq!(found.len(), 12, "{found:?}");
        assert!(found.is_sorted());
    }
}
