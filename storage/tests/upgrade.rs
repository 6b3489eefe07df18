//! People who were there before their words were kept are found by them after the migration (C-18).

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
fn words_are_made_for_those_who_exist_in_sqlite_c_18() {
    let database = common::sqlite().unwrap();
    let mut connection = SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap();
    MigrationHarness::<Sqlite>::run_next_migration(&mut connection, SQLITE).unwrap();
    connection.batch_execute(&people()).unwrap();
    MigrationHarness::<Sqlite>::run_pending_migrations(&mut connection, SQLITE).unwrap();
    check(|query| {
        diesel::sql_query(query).load::<Line>(&mut connection).unwrap().into_iter().map(|line| line.line).collect()
    });
}

#[test]
fn words_are_made_for_those_who_exist_in_postgres_c_18() {
    let Some(database) = common::postgres() else { return };
    let mut connection = PgConnection::establish(&database.url).unwrap();
    MigrationHarness::<Pg>::run_next_migration(&mut connection, POSTGRES).unwrap();
    connection.batch_execute(&people()).unwrap();
    MigrationHarness::<Pg>::run_pending_migrations(&mut connection, POSTGRES).unwrap();
    check(|query| {
        diesel::sql_query(query).load::<Line>(&mut connection).unwrap().into_iter().map(|line| line.line).collect()
    });
}
