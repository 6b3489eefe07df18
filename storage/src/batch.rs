//! How rows are written: one in the place of the version before it, many in few statements.

/// Rows of one statement, at most: 500 people with their 32 columns stay below what SQLite binds (32,766 values) and
/// PostgreSQL (65,535).
pub(crate) const ROWS_AT_ONCE: usize = 500;

/// Inserts rows: one or two by a statement that stays prepared, more by one for each [`ROWS_AT_ONCE`].
///
/// `insert_all!(tx, people::table, rows)` is a `Result<(), StorageError>`; `rows` is a vector. The rows must not leave members to
/// the database (`treat_none_as_default_value = false`), or SQLite would get them one by one.
macro_rules! insert_all {
    ($tx:expr, $table:path, $rows:expr) => {{
        let mut rows = $rows;
        let count = rows.len();
        let inserted = match (count, <[_; 2]>::try_from(rows)) {
            (0, _) => Ok(0),
            (_, Ok(two)) => {
                $crate::backend::on!($tx, |connection| { diesel::insert_into($table).values(two).execute(connection) })
            }
            (_, Err(other)) => {
                rows = other;
                rows.chunks($crate::batch::ROWS_AT_ONCE).try_fold(0, |inserted, rows| {
                    let more = match rows {
                        [one] => $crate::backend::on!($tx, |connection| {
                            diesel::insert_into($table).values(one).execute(connection)
                        }),
                        many => $crate::backend::on!($tx, |connection| {
                            diesel::insert_into($table).values(many).execute(connection)
                        }),
                    };
                    more.map(|more| inserted + more)
                })
            }
        };
        match inserted {
            Ok(inserted) if inserted != count => {
                Err($tx.unexpected(format!("{inserted} of {count} rows were inserted")))
            }
            inserted => inserted.map(|_| ()),
        }
    }};
}
pub(crate) use insert_all;

/// Writes the row of a change: a new one is inserted, another one takes the place of the version before it. Where nothing changed,
/// nothing is written.
///
/// `save_row!(tx, sites, &row, change)` is a `Result<(), StorageError>`; the table has the columns `id` and `version`.
macro_rules! save_row {
    ($tx:expr, $table:ident, $row:expr, $change:expr) => {{
        let (row, change) = ($row, $change);
        match change.before().map(mandate_core::change::Recorded::version) {
            None => {
                let insert = $crate::backend::on!($tx, |connection| {
                    diesel::insert_into($table::table).values(row).execute(connection)
                });
                insert.map(|_| ())
            }
            Some(version) if change.is_effective() => {
                let updated = $crate::backend::on!($tx, |connection| diesel::update($table::table.find(&row.id))
                    .filter($table::version.eq(version))
                    .set(row)
                    .execute(connection));
                updated.and_then(|rows| $tx.expect_one(rows, stringify!($table), &row.id))
            }
            Some(_) => Ok(()),
        }
    }};
}
pub(crate) use save_row;
