//! What docs/operations.md says about a proxy in front, compared with the operations.

use mandate_core::attachment::ATTACHMENT_BYTES_MAX;

use crate::edge::*;
use crate::extract::BODY_MAX;
use crate::openapi;

const OPERATIONS: &str = include_str!("../../../../docs/operations.md");

/// A `location` of the documented nginx, with what a body may have and how long an answer may take.
struct Location {
    pattern: String,
    body_max: u64,
    patience: Duration,
    forwards: bool,
}

/// The number in front of a unit, as `25m` or `340s`.
fn number(value: &str, unit: char) -> u64 {
    value.strip_suffix(unit).and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{value}"))
}

fn locations() -> Vec<Location> {
    let nginx = OPERATIONS.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let directive = |block: &str, name: &str| {
        let line = block.lines().map(str::trim).find_map(|line| line.strip_prefix(name)?.strip_suffix(';'));
        line.map(|value| value.trim().to_owned())
    };
    let (server, _) = nginx.split_once("location").unwrap();
    let default = directive(server, "client_max_body_size").unwrap();
    let blocks = nginx.split("    location ").skip(1).filter(|block| block.contains("proxy_pass"));
    let read = |block: &str| {
        let (pattern, rest) = block.split_once(" {").unwrap();
        let body_max = directive(rest, "client_max_body_size").unwrap_or_else(|| default.clone());
        Location {
            pattern: pattern.trim_start_matches("~ ").to_owned(),
            body_max: number(&body_max, 'm') * 1024 * 1024,
            patience: Duration::from_secs(number(&directive(rest, "proxy_read_timeout").unwrap(), 's')),
            forwards: ["Host $host", "X-Forwarded-For $remote_addr"]
                .iter()
                .all(|header| rest.contains(&format!("proxy_set_header {header};"))),
        }
    };
    blocks.map(read).collect()
}

/// Whether a location is that of a path, as patterns of either are written: `^/v1/(a|b)/[^/]+/x$` and `/v1/a/{id}/x`.
fn is_of(location: &Location, path: &str) -> bool {
    let Some(pattern) = location.pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')) else {
        return false;
    };
    let (pattern, path) = (pattern.replace("[^/]+", "*"), path.split('/').collect::<Vec<_>>());
    let parts: Vec<&str> = pattern.split('/').collect();
    let fits = |(part, own): (&&str, &&str)| match part.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(alternatives) => alternatives.split('|').any(|one| one == *own),
        None => part == own || (*part == "*" && own.starts_with('{')),
    };
    parts.len() == path.len() && parts.iter().zip(&path).all(fits)
}

/// X-7, S-6: whatever takes a file has the time to arrive and the room that its limits promise, in the server and in the documented proxy.
#[test]
fn the_documented_proxy_lets_through_what_operations_take() {
    let routes = Arc::new(RoutesTable::new(openapi::document()));
    let edge = Edge {
        new_request_id: Arc::new(|| RequestId::from_u128(1)),
        deadline: Duration::from_secs(10),
        metrics: Arc::new(Metrics::new()),
        routes: Arc::clone(&routes),
    };
    let locations = locations();
    let everything = locations.iter().find(|location| location.pattern == "/").unwrap();
    let mut takers = 0;
    for path in openapi::document().paths.paths.keys() {
        let route = routes.find(path).unwrap();
        let deadline = edge.deadline_of(Some(route));
        let own = locations.iter().find(|location| is_of(location, path));
        let body_max = match (route.takes_file(), path.ends_with("/import")) {
            (true, true) => contact_import::FILE_MAX as u64,
            (true, false) => ATTACHMENT_BYTES_MAX,
            (false, _) => BODY_MAX as u64,
        };
        assert_eq!(own.is_some(), route.takes_file(), "{path}");
        let location = own.unwrap_or(everything);
        assert!(location.body_max >= body_max, "{path}: a body may have {body_max} bytes");
        assert!(location.patience > deadline, "{path}: an answer may take {deadline:?}");
        assert!(location.forwards, "{path}");
        if route.takes_file() && !path.ends_with("/import") {
            assert_eq!(deadline, upload::DEADLINE, "{path}");
        }
        takers += usize::from(route.takes_file());
    }
    assert!(takers >= 3, "the attachments, the letter and the import");
}
