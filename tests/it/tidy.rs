//! What holds for every file of the code base. Each rule says above its assertion what to do for whoever broke it.

use std::fs;

use crate::generated::root;

/// A file never has more lines.
const LINES_MAX: usize = 600;
/// A file with more lines is named in the test's output.
const LINES_GOOD: usize = 400;

/// What each crate may depend on. Cargo keeps a crate from naming any other.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    // No I/O, no serialization, no database: facts in, change or refusal out.
    (
        "core",
        &[
            "chrono",
            "chrono-tz",
            "idna",
            "psl",
            "sha2",
            "strsim",
            "thiserror",
            "unicode-normalization",
            "unicode-security",
        ],
    ),
    // No HTTP, and no derived serialization of what core made; lists of words are JSON arrays.
    (
        "storage",
        &[
            "mandate-core",
            "diesel",
            "diesel_migrations",
            "libsqlite3-sys",
            "pq-sys",
            "serde_json",
            "sha2",
            "thiserror",
            "tracing",
        ],
    ),
];

/// What each crate may never depend on.
const BANNED_DEPENDENCIES: &[(&str, &[&str])] =
    &[("api", &["diesel", "diesel_migrations", "libsqlite3-sys", "pq-sys"])];

/// What core never touches: rules decide on values.
const OUTSIDE_WORLD: &[&str] =
    &["std::env", "std::fs", "std::io", "std::process", "std::sync", "std::thread", "std::time", "TcpStream"];

/// What reads the clock of the machine, and the files that may.
const CLOCKS: &[(&str, &[&str])] = &[
    ("Utc::now", &[]),
    ("SystemTime::now", &["api/src/sources.rs"]),
    (
        // It measures how long something takes and tells no time.
        "Instant::now",
        &[
            "api/src/edge.rs",
            "api/src/edge/request_info.rs",
            "api/src/keyring.rs",
            "api/src/mail/smtp.rs",
            "api/src/metrics.rs",
            "api/src/sources.rs",
            "api/src/gate.rs",
            "api/src/upload.rs",
            "storage/src/backend.rs",
            "storage/src/migrate.rs",
            "storage/src/store.rs",
        ],
    ),
];

/// The files that may look at which database is in use: Diesel's migrations run on its own connections.
const KNOW_THE_DATABASE: &[&str] = &["storage/src/backend.rs", "storage/src/migrate.rs"];

/// Never committed; cut in two so that this file does not find itself.
const LEFT_BEHIND: &[&str] =
    &[concat!("to", "do!("), concat!("unimple", "mented!("), concat!("db", "g!("), concat!("#[ign", "ore")];

/// A source file.
struct Source {
    /// From the project's root on.
    path: String,
    text: String,
}

impl Source {
    /// The lines of code with their numbers, comments and unit tests left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().take_while(|(_, line)| *line != "#[cfg(test)]");
        lines.map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether all of it is unit tests.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") || self.path.starts_with("tests/")
    }

    /// Where a text occurs in the code, as `path:line`.
    fn places(&self, needle: &str) -> Vec<String> {
        let found = self.code().filter(|(_, line)| line.contains(needle));
        found.map(|(number, _)| format!("{}:{number}", self.path)).collect()
    }
}

/// The source files of these crates, in the order of their paths.
fn sources(crates: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders: Vec<String> = crates.iter().map(|name| (*name).to_owned()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("the crates have their folders").flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.ends_with(".rs") {
                let text = fs::read_to_string(entry.path()).expect("sources are text");
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!sources.is_empty());
    sources
}

const CRATES: &[&str] = &["core", "storage", "api", "tests"];

/// What a crate depends on outside of its tests.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("crates have a manifest");
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.split(['.', '=']).next())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    for (name, allowed) in DEPENDENCIES {
        let surplus: Vec<String> =
            dependencies(name).into_iter().filter(|dependency| !allowed.contains(&dependency.as_str())).collect();
        // A crate got a new dependency. If core needs one, the work probably belongs into api; if it is truly right,
        // add it to the list above and say in the commit why.
        assert!(surplus.is_empty(), "`{name}` may not depend on {surplus:?}");
    }
    for (name, banned) in BANNED_DEPENDENCIES {
        let found: Vec<String> =
            dependencies(name).into_iter().filter(|dependency| banned.contains(&dependency.as_str())).collect();
        // api speaks to the database through the methods of storage alone: add a finder or a save there.
        assert!(found.is_empty(), "`{name}` may not depend on {found:?}");
    }
}

#[test]
fn core_touches_nothing_outside() {
    for needle in OUTSIDE_WORLD {
        let sources = sources(&["core"]);
        // The table of pairs looks for the tests that it names.
        let sources = sources.iter().filter(|source| source.path != "core/tests/rules/pairs.rs");
        let places: Vec<String> = sources.flat_map(|source| source.places(needle)).collect();
        // Rules take time, ids and facts as arguments. Read whatever it is in api and pass it on.
        assert!(places.is_empty(), "core uses `{needle}`: {places:?}");
    }
}

#[test]
fn files_are_short() {
    let mut too_long = Vec::new();
    for source in sources(CRATES) {
        match source.text.lines().count() {
            // One table after the other, and nothing else.
            _ if source.path.ends_with("schema.rs") => {}
            lines if lines > LINES_MAX => too_long.push(format!("{} has {lines} lines", source.path)),
            lines if lines > LINES_GOOD => println!("{} has {lines} lines; {LINES_GOOD} are good", source.path),
            _ => {}
        }
    }
    // The file holds two concepts: find the second and give it a file of its own.
    assert!(too_long.is_empty(), "a file may have {LINES_MAX} lines: {too_long:?}");
}

#[test]
fn time_comes_from_one_place() {
    for (clock, exempt) in CLOCKS {
        let sources = sources(&["core", "storage", "api"]);
        let sources = sources.iter().filter(|source| !source.is_test() && !exempt.contains(&source.path.as_str()));
        let places: Vec<String> = sources.flat_map(|source| source.places(clock)).collect();
        // Take `now` as an argument: it is read once per request, from the clock of `api/src/sources.rs`, which never
        // runs backwards and which stories move.
        assert!(places.is_empty(), "`{clock}` is used in {places:?}");
    }
}

#[test]
fn only_the_backend_knows_which_database_is_in_use() {
    for variant in ["AnyConnection::Postgres", "AnyConnection::Sqlite"] {
        let sources = sources(&["storage"]);
        let sources = sources.iter().filter(|source| !KNOW_THE_DATABASE.contains(&source.path.as_str()));
        let places: Vec<String> = sources.flat_map(|source| source.places(variant)).collect();
        // Write the query once, in what both databases understand. If that cannot be, the difference belongs into
        // `backend.rs`, with a test on both.
        assert!(places.is_empty(), "`{variant}` is used in {places:?}");
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database: &str| {
        let folder = root().join("storage/migrations").join(database);
        let entries = fs::read_dir(folder).expect("there are migrations").flatten();
        let mut files: Vec<String> = entries
            .flat_map(|migration| {
                let name = migration.file_name().to_string_lossy().into_owned();
                let files = fs::read_dir(migration.path()).expect("a migration is a folder").flatten();
                files.map(move |file| format!("{name}/{}", file.file_name().to_string_lossy())).collect::<Vec<_>>()
            })
            .collect();
        files.sort();
        files
    };
    // A migration was written for one database alone: write its twin, under the same name.
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn nothing_is_left_behind() {
    for needle in LEFT_BEHIND {
        let sources = sources(CRATES);
        let found = sources.iter().filter(|source| source.text.contains(needle));
        let paths: Vec<&str> = found.map(|source| source.path.as_str()).collect();
        // Finish it or take it out. A test that cannot run is no test.
        assert!(paths.is_empty(), "`{needle}` stands in {paths:?}");
    }
}
