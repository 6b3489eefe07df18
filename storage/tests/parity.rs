//! Both migration sets make the same schema, so that neither can run ahead of the other. Tables, columns and indexes of full-text
//! search are each database's own.

mod common;

use std::collections::BTreeSet;

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use mandate_storage::{DatabaseUrl, Store};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// One line for each column: table, column, type, nullability.
const SQLITE_COLUMNS: &str = "\
    SELECT t.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" THEN ' NOT NULL' ELSE '' END AS line \
    FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE '%\\_fts%' ESCAPE '\\'";
const POSTGRES_COLUMNS: &str = "\
    SELECT table_name || '.' || column_name || ' ' || CASE data_type WHEN 'bytea' THEN 'BLOB' WHEN 'tsvector' THEN 'TEXT' ELSE upper(data_type) END \
        || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END AS line \
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' AND table_name NOT LIKE '%\\_fts'";

/// One line for each index, keys included: table, columns in order, whether it is unique, whether it leaves rows out.
/// SQLite keeps no index for a key that is a number, such as the clock's.
const SQLITE_INDEXES: &str = "\
    SELECT t.name || ' (' || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' \
        || CASE WHEN i.\"unique\" THEN ' UNIQUE' ELSE '' END || CASE WHEN i.partial THEN ' PARTIAL' ELSE '' END AS line \
    FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE '%\\_fts%' ESCAPE '\\'
    UNION ALL SELECT name || ' (id) UNIQUE' FROM sqlite_master WHERE type = 'table' AND name = 'clock'";
const POSTGRES_INDEXES: &str = "\
    SELECT t.relname || ' (' || string_agg(a.attname, ', ' ORDER BY k.position) || ')' \
        || CASE WHEN i.indisunique THEN ' UNIQUE' ELSE '' END || CASE WHEN i.indpred IS NULL THEN '' ELSE ' PARTIAL' END AS line \
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam AND m.amname <> 'gin' \
        JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace, \
        unnest(i.indkey) WITH ORDINALITY k(attribute, position) \
        JOIN LATERAL (SELECT attnum, attrelid, attname FROM pg_attribute) a ON a.attnum = k.attribute \
    WHERE n.nspname = 'public' AND a.attrelid = i.indrelid AND t.relname NOT LIKE '\\_\\_%' AND t.relname NOT LIKE '%\\_fts' \
    GROUP BY i.indexrelid, t.relname, i.indisunique, i.indpred";

/// One line for each reference: table, column, what it refers to.
const SQLITE_REFERENCES: &str = "\
    SELECT t.name || '.' || f.\"from\" || ' -> ' || f.\"table\" AS line \
    FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'";
const POSTGRES_REFERENCES: &str = "\
    SELECT t.relname || '.' || a.attname || ' -> ' || r.relname AS line \
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn sqlite_lines(connection: &mut SqliteConnection, query: &str) -> BTreeSet<String> {
    let lines = diesel::sql_query(query).load::<Line>(connection).unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

fn postgres_lines(connection: &mut PgConnection, query: &str) -> BTreeSet<String> {
    let lines = diesel::sql_query(query).load::<Line>(connection).unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

fn sqlite_connection(database: &common::Database) -> SqliteConnection {
    SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap()
}

#[test]
fn both_databases_have_the_same_columns_keys_and_references() {
    let (Some(sqlite), Some(postgres)) = (common::sqlite(), common::postgres()) else { return };
    for database in [&sqlite, &postgres] {
        Store::migrate(&DatabaseUrl::parse(&database.url).unwrap()).unwrap();
    }
    let mut sqlite_connection = sqlite_connection(&sqlite);
    let mut postgres_connection = PgConnection::establish(&postgres.url).unwrap();
    for (in_sqlite, in_postgres) in [
        (SQLITE_COLUMNS, POSTGRES_COLUMNS),
        (SQLITE_INDEXES, POSTGRES_INDEXES),
        (SQLITE_REFERENCES, POSTGRES_REFERENCES),
    ] {
        let in_sqlite = sqlite_lines(&mut sqlite_connection, in_sqlite);
        assert!(in_sqlite.len() > 10, "{in_sqlite:?}");
        assert_eq!(in_sqlite, postgres_lines(&mut postgres_connection, in_postgres));
    }
}

#[test]
fn migrations_are_undone_and_done_again_in_sqlite() {
    let database = common::sqlite().unwrap();
    let mut connection = sqlite_connection(&database);
    connection.batch_execute("PRAGMA foreign_keys = ON").unwrap();
    for _ in 0..2 {
        MigrationHarness::<Sqlite>::run_pending_migrations(&mut connection, SQLITE).unwrap();
        MigrationHarness::<Sqlite>::revert_all_migrations(&mut connection, SQLITE).unwrap();
        assert_eq!(sqlite_lines(&mut connection, SQLITE_COLUMNS), BTreeSet::new());
    }
}

#[test]
fn migrations_are_undone_and_done_again_in_postgres() {
    let Some(database) = common::postgres() else { return };
    let mut connection = PgConnection::establish(&database.url).unwrap();
    for _ in 0..2 {
        MigrationHarness::<Pg>::run_pending_migrations(&mut connection, POSTGRES).unwrap();
        MigrationHarness::<Pg>::revert_all_migrations(&mut connection, POSTGRES).unwrap();
        assert_eq!(postgres_lines(&mut connection, POSTGRES_COLUMNS), BTreeSet::new());
    }
}
