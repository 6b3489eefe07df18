//! What was there before a migration is there after it: people and service requests are found by their words (C-18, S-11), and
//! attachments, uploads and broadcasts are kept where letters of escalations came beside them (S-6, S-12, E-3).

mod common;

use std::collections::BTreeSet;

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use mandate_core::text::{fold, words};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

const NAMES: [&str; 5] = [
    "Ana Silva ana.silva@acme.example",
    "Álvaro O'Neill-Pérez alvaro+it@acme.example",
    "Kai 100% _x! \\ | ~ kai_100%@acme.example",
    "李 小龍 li@acme.example",
    "Ana Ana ana@ana.example",
];

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn people() -> String {
    let person = |(number, name): (usize, &&str)| {
        let (search, email) = (fold(name).replace('\'', "''"), format!("{number}@acme.example"));
        format!(
            "INSERT INTO people VALUES ('{number}', 'org', '{email}', '', '', '{search}', '', NULL, '', '', 'technical', '', '', '', \
             '', NULL, NULL, NULL, 0, NULL, 0, NULL, NULL, 1);"
        )
    };
    let organization = "INSERT INTO organizations VALUES ('org', '', '', '', '[]', '', 1, 0, 0);";
    NAMES.iter().enumerate().map(person).fold(organization.to_owned(), |all, one| all + &one)
}

/// Each name as the subject of a request, with two messages: a public one, and a note with very many words.
fn requests() -> String {
    let request = |(number, name): (usize, &&str)| {
        let (text, folded) = (name.replace('\'', "''"), fold(name).replace('\'', "''"));
        let note = (0..3_000).map(|word| format!("w{number}x{word}\n\t")).collect::<String>();
        format!(
            "INSERT INTO service_requests VALUES ('sr{number}', {number}, 'org', '{text}', '{folded}', '', 3, '', '0', 'org', NULL, \
             NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1);\
             INSERT INTO messages VALUES ('a{number}', 'sr{number}', NULL, FALSE, '{text}', 'public\u{2028}{folded}', 1);\
             INSERT INTO messages VALUES ('b{number}', 'sr{number}', NULL, TRUE, '', '{note}', 2);"
        )
    };
    NAMES.iter().enumerate().map(request).collect()
}

/// Checks the words of requests, given what reads one row's and what counts the rows that have one.
fn check_requests(
    mut row_words: impl FnMut(usize, &str) -> Vec<String>,
    mut rows_with: impl FnMut(&str) -> Vec<String>,
) {
    for (number, name) in NAMES.iter().enumerate() {
        let of = |lines: Vec<String>| lines.iter().flat_map(|line| words(line)).collect::<BTreeSet<_>>();
        assert_eq!(of(row_words(number, "part = 0 AND NOT internal")), words(name), "{name}");
        let mut said = words(name);
        said.insert("public".to_owned());
        assert_eq!(of(row_words(number, "part = 1 AND NOT internal")), said, "{name}");
        assert_eq!(of(row_words(number, "part > 1 AND internal")).len(), 3_000, "{name}");
        assert_eq!(of(row_words(number, "part >= 0")).len(), 3_000 + said.len(), "{name}");
        assert_eq!(rows_with(&format!("w{number}x29")).len(), 1, "{name}");
    }
    assert_eq!(rows_with("public").len(), NAMES.len());
    assert_eq!(rows_with("silva"), ["0", "0"]);
}

fn check(mut lines: impl FnMut(&str) -> Vec<String>) {
    for (number, name) in NAMES.iter().enumerate() {
        let kept = lines(&format!(
            "SELECT word AS line FROM people_words WHERE organization_id = 'org' AND person_id = '{number}'"
        ));
        assert_eq!(kept.iter().cloned().collect::<BTreeSet<_>>(), words(name), "{name}");
        assert_eq!(kept.len(), words(name).len(), "{name}");
        let search = lines(&format!("SELECT search AS line FROM people WHERE id = '{number}'")).concat();
        assert!(search.starts_with(' ') && !search.contains("  "), "`{search}`");
        assert_eq!(search.split(' ').skip(1).map(str::to_owned).collect::<BTreeSet<_>>(), words(name), "{name}");
    }
}

#[test]
fn words_are_made_for_what_exists_in_sqlite_c_18_s_11() {
    let database = common::sqlite().unwrap();
    let mut connection = SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap();
    MigrationHarness::<Sqlite>::run_next_migration(&mut connection, SQLITE).unwrap();
    connection.batch_execute(&(people() + &requests())).unwrap();
    MigrationHarness::<Sqlite>::run_pending_migrations(&mut connection, SQLITE).unwrap();
    let connection = std::cell::RefCell::new(connection);
    let lines = |query: &str| -> Vec<String> {
        let lines = diesel::sql_query(query).load::<Line>(&mut *connection.borrow_mut()).unwrap();
        lines.into_iter().map(|line| line.line).collect()
    };
    check(lines);
    check_requests(
        |number, rows| lines(&format!("SELECT words AS line FROM request_words WHERE number = {number} AND {rows}")),
        |word| {
            lines(&format!(
                "SELECT CAST(rowid / 1000000 AS TEXT) AS line FROM request_words_fts WHERE request_words_fts MATCH '{word}*'"
            ))
        },
    );
}

#[test]
fn words_are_made_for_what_exists_in_postgres_c_18_s_11() {
    let Some(database) = common::postgres() else { return };
    let mut connection = PgConnection::establish(&database.url).unwrap();
    MigrationHarness::<Pg>::run_next_migration(&mut connection, POSTGRES).unwrap();
    connection.batch_execute(&(people() + &requests())).unwrap();
    MigrationHarness::<Pg>::run_pending_migrations(&mut connection, POSTGRES).unwrap();
    let connection = std::cell::RefCell::new(connection);
    let lines = |query: &str| -> Vec<String> {
        let lines = diesel::sql_query(query).load::<Line>(&mut *connection.borrow_mut()).unwrap();
        lines.into_iter().map(|line| line.line).collect()
    };
    check(lines);
    check_requests(
        |number, rows| {
            lines(&format!(
                "SELECT array_to_string(tsvector_to_array(words), ' ') AS line FROM request_words WHERE number = {number} AND {rows}"
            ))
        },
        |word| {
            lines(&format!(
                "SELECT CAST(number AS TEXT) AS line FROM request_words WHERE words @@ CAST('{word}:*' AS tsquery)"
            ))
        },
    );
}

/// A request with a file, an upload that no message has taken up, and an email that is owed to many.
const FILES: &str = "INSERT INTO service_requests (id, number, organization_id, subject, category, severity, status, submitted_by, \
    submitter_organization_id, created_at, updated_at, activity_at, version, confidential) VALUES \
    ('sr', 1, 'org', '', '', 1, '', '0', 'org', 0, 0, 0, 1, FALSE);\
    INSERT INTO attachments VALUES ('att', 'sr', NULL, '0', 'a.txt', 'text/plain', 'text/plain', 7, 'sum', 3, 1);\
    INSERT INTO uploads VALUES ('att', 'sr', 3, FALSE);\
    INSERT INTO broadcasts VALUES ('mail', 'reply', 'msg', 'sr', 4, '');";

/// Each of these rows as one line, by the names that its columns have now.
const KEPT: &str = "SELECT 'attachment ' || service_request_id || ' ' || file_name || ' ' || size || ' ' || created_at || ' ' || \
    COALESCE(escalation_id, 'no escalation') AS line FROM attachments \
    UNION ALL SELECT 'upload ' || id || ' ' || place_id || ' ' || begun_at FROM uploads \
    UNION ALL SELECT 'broadcast ' || kind || ' ' || service_request_id || ' ' || created_at FROM broadcasts ORDER BY line";
const LINES: [&str; 3] = ["attachment sr a.txt 7 3 no escalation", "broadcast reply sr 4", "upload att sr 3"];
/// Migrations before the one of escalations.
const BEFORE: usize = 9;

#[test]
fn files_are_kept_when_letters_come_in_sqlite_s_6_e_3() {
    let database = common::sqlite().unwrap();
    let mut connection = SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap();
    MigrationHarness::<Sqlite>::run_next_migration(&mut connection, SQLITE).unwrap();
    connection.batch_execute(&people()).unwrap();
    for _ in 1..BEFORE {
        MigrationHarness::<Sqlite>::run_next_migration(&mut connection, SQLITE).unwrap();
    }
    connection.batch_execute(FILES).unwrap();
    connection.batch_execute("PRAGMA foreign_keys = ON").unwrap();
    MigrationHarness::<Sqlite>::run_pending_migrations(&mut connection, SQLITE).unwrap();
    let lines = diesel::sql_query(KEPT).load::<Line>(&mut connection).unwrap();
    assert_eq!(lines.into_iter().map(|line| line.line).collect::<Vec<_>>(), LINES);
}

#[test]
fn files_are_kept_when_letters_come_in_postgres_s_6_e_3() {
    let Some(database) = common::postgres() else { return };
    let mut connection = PgConnection::establish(&database.url).unwrap();
    MigrationHarness::<Pg>::run_next_migration(&mut connection, POSTGRES).unwrap();
    connection.batch_execute(&people()).unwrap();
    for _ in 1..BEFORE {
        MigrationHarness::<Pg>::run_next_migration(&mut connection, POSTGRES).unwrap();
    }
    connection.batch_execute(FILES).unwrap();
    MigrationHarness::<Pg>::run_pending_migrations(&mut connection, POSTGRES).unwrap();
    let lines = diesel::sql_query(KEPT).load::<Line>(&mut connection).unwrap();
    assert_eq!(lines.into_iter().map(|line| line.line).collect::<Vec<_>>(), LINES);
}

/// Migrations before the one that ties what hangs on grants to them.
const BEFORE_TIES: usize = 11;

/// People of a customer and of a partner, grants that live, ended and never were, and requests that partners lead and take part in.
fn ties() -> String {
    let organization = |id: &str, kind: &str| {
        format!(
            "INSERT INTO organizations (id, kind, name, name_folded, domains, status, version, created_at, updated_at) VALUES ('{id}', '{kind}', '', '', '[]', 'active', 1, 0, 0);"
        )
    };
    let person = |id: &str, organization: &str, status: &str| {
        format!(
            "INSERT INTO people (id, organization_id, email, first_name, last_name, search, sort_name, time_zone, locale, duties, \
             roles, status, created_at, updated_at, version) VALUES ('{id}', '{organization}', '{id}', '', '', '', '', '', '', '', '', \
             '{status}', 0, 0, 1);"
        )
    };
    let grant = |id: &str, grantee: &str, ended: &str, created: i64| {
        format!(
            "INSERT INTO partner_grants (id, grantor_id, grantee_type, grantee_id, grantee_organization_id, level, expires_at, ended_at, \
             created_at, created_by, updated_at, version, history, history_since) VALUES ('{id}', 'acme', '', '{grantee}', 'globex', \
             'update', 9, {ended}, {created}, '', 0, 1, 'all', 0);"
        )
    };
    let request = |number: usize, submitter: &str, lead: &str, home: &str, confidential: bool| {
        format!(
            "INSERT INTO service_requests (id, number, organization_id, subject, category, severity, status, submitted_by, \
             submitter_organization_id, point_of_contact_id, point_of_contact_organization_id, created_at, updated_at, activity_at, \
             version, confidential) VALUES ('sr{number}', {number}, 'acme', '', '', 1, '', '{submitter}', 'acme', '{lead}', '{home}', 0, 0, \
             0, 1, {confidential});"
        )
    };
    let part = |number: usize, person: &str| {
        format!(
            "INSERT INTO participants (service_request_id, person_id, role, added_at, added_by) VALUES ('sr{number}', '{person}', 'cc', 0, '');"
        )
    };
    [
        organization("acme", "customer"),
        organization("globex", "partner"),
        person("ann", "acme", "active"),
        person("gus", "globex", "active"),
        person("gil", "globex", "active"),
        person("gone", "globex", "disabled"),
        grant("all", "globex", "NULL", 1),
        grant("older", "gus", "3", 1),
        grant("gus-now", "gus", "NULL", 2),
        request(1, "ann", "ann", "acme", true),
        request(2, "ann", "gus", "globex", false),
        request(3, "gil", "gil", "globex", false),
        part(1, "gus"),
        part(1, "gil"),
        part(2, "ann"),
    ]
    .concat()
}

/// What the rows stand on, as one line each.
const TIED: &str = "SELECT 'lead ' || id || ' ' || COALESCE(point_of_contact_grant, 'no grant') || ' ' || \
    COALESCE(point_of_contact_named_by, 'nobody') || CASE WHEN only_guards_open THEN ' guarded' ELSE '' END AS line FROM service_requests \
    UNION ALL SELECT 'part ' || service_request_id || ' ' || person_id || ' ' || COALESCE(grant_id, 'no grant') FROM participants \
    UNION ALL SELECT 'raised ' || id || ' ' || raised_at FROM partner_grants \
    UNION ALL SELECT 'end of ' || about_id || ' ' || due_at FROM tellings ORDER BY line";
const TIED_LINES: [&str; 11] = [
    "end of all 9",
    "end of gus-now 9",
    // The individual's grant decides before the organization's, and the one that lives before those that ended.
    "lead sr1 no grant nobody guarded",
    "lead sr2 gus-now acme",
    "lead sr3 all globex",
    "part sr1 gil all",
    "part sr1 gus gus-now",
    "part sr2 ann no grant",
    "raised all 1",
    "raised gus-now 2",
    "raised older 1",
];
/// Two records may have held one address before, one of them disabled; a third one that is active is still refused.
const SAME_ADDRESS: &str = "UPDATE people SET email = 'gus' WHERE id = 'gone'";
const TAKEN_ADDRESS: &str = "UPDATE people SET email = 'gus' WHERE id = 'gil'";

#[test]
fn what_hangs_on_grants_is_tied_to_them_in_sqlite_s_7_s_14_c_13() {
    let database = common::sqlite().unwrap();
    let mut connection = SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap();
    for _ in 0..BEFORE_TIES {
        MigrationHarness::<Sqlite>::run_next_migration(&mut connection, SQLITE).unwrap();
    }
    connection.batch_execute(&ties()).unwrap();
    MigrationHarness::<Sqlite>::run_pending_migrations(&mut connection, SQLITE).unwrap();
    let lines = diesel::sql_query(TIED).load::<Line>(&mut connection).unwrap();
    assert_eq!(lines.into_iter().map(|line| line.line).collect::<Vec<_>>(), TIED_LINES);
    connection.batch_execute(SAME_ADDRESS).unwrap();
    connection.batch_execute(TAKEN_ADDRESS).unwrap_err();
}

#[test]
fn what_hangs_on_grants_is_tied_to_them_in_postgres_s_7_s_14_c_13() {
    let Some(database) = common::postgres() else { return };
    let mut connection = PgConnection::establish(&database.url).unwrap();
    for _ in 0..BEFORE_TIES {
        MigrationHarness::<Pg>::run_next_migration(&mut connection, POSTGRES).unwrap();
    }
    connection.batch_execute(&ties()).unwrap();
    MigrationHarness::<Pg>::run_pending_migrations(&mut connection, POSTGRES).unwrap();
    let lines = diesel::sql_query(TIED).load::<Line>(&mut connection).unwrap();
    assert_eq!(lines.into_iter().map(|line| line.line).collect::<Vec<_>>(), TIED_LINES);
    connection.batch_execute(SAME_ADDRESS).unwrap();
    connection.batch_execute(TAKEN_ADDRESS).unwrap_err();
}
