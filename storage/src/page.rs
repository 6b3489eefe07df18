//! Keyset pages: where a list goes on, so that no row comes twice or is missed while others are inserted.

use crate::sql::Sql;

/// What a list is ordered by, for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    /// A text, in the order of its bytes.
    Text(String),
    /// A number or a moment in microseconds.
    Number(i64),
}

/// A row's place in a list; the id breaks ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// What the list is ordered by.
    pub key: SortKey,
    /// The row's id.
    pub id: String,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most so many rows; at least 1.
    pub limit: usize,
    /// The last row of the part before; none for the first part.
    pub after: Option<Position>,
}

impl Page {
    /// How many rows to ask for: one more than wanted, to learn whether there are more.
    pub(crate) fn fetch(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// How many rows to ask for where the statement shall say it, so that PostgreSQL plans for few rows although it does not know
    /// the values: one more than wanted or some more. These numbers are few, as the texts of statements must be.
    pub(crate) fn at_least(&self) -> &'static str {
        match self.limit {
            0 => "1",
            1..=10 => "11",
            11..=50 => "51",
            51..=100 => "101",
            101..=256 => "257",
            257..=1_024 => "1025",
            1_025..=2_048 => "2049",
            _ => "4097",
        }
    }

    /// Ends a list's statement as [`Page::descending`] does, with [`Page::at_least`] so many rows.
    pub(crate) fn newest<ST>(&self, query: Sql<ST>, key: &'static str, id: &'static str) -> Sql<ST> {
        self.newest_of(query, key, id, Sql::new(self.at_least()))
    }

    /// The same with so many rows as an expression says.
    pub(crate) fn newest_of<ST>(&self, query: Sql<ST>, key: &'static str, id: &'static str, rows: Sql) -> Sql<ST> {
        self.behind(query, key, id, true).push(" LIMIT ").append(rows)
    }

    /// Ends a list's statement with this page of it, in the order of a key and the rows' ids.
    pub(crate) fn ascending<ST>(&self, query: Sql<ST>, key: &'static str, id: &'static str) -> Sql<ST> {
        self.ordered(query, key, id, false)
    }

    /// The same in the opposite order.
    pub(crate) fn descending<ST>(&self, query: Sql<ST>, key: &'static str, id: &'static str) -> Sql<ST> {
        self.ordered(query, key, id, true)
    }

    /// The same in an order that the reader chose.
    pub(crate) fn ordered<ST>(&self, query: Sql<ST>, key: &'static str, id: &'static str, descending: bool) -> Sql<ST> {
        self.behind(query, key, id, descending).push(" LIMIT ").bind_big(self.fetch())
    }

    /// Ends a list's statement with the rows behind the last one of the part before, in order.
    fn behind<ST>(&self, mut query: Sql<ST>, key: &'static str, id: &'static str, descending: bool) -> Sql<ST> {
        let (behind, direction) = if descending { (") < (", " DESC") } else { (") > (", "") };
        if let Some(Position { key: last, id: last_id }) = &self.after {
            query = query.push(" AND (").push(key).push(", ").push(id).push(behind);
            query = match last {
                SortKey::Text(text) => query.bind_text(text),
                SortKey::Number(number) => query.bind_big(*number),
            };
            query = query.push(", ").bind_text(last_id).push(")");
        }
        query.push(" ORDER BY ").push(key).push(direction).push(", ").push(id).push(direction)
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// The place of the last one, if more follow.
    pub next: Option<Position>,
}

impl<T> Slice<T> {
    /// Cuts off the row that was fetched only to learn that it exists.
    pub(crate) fn cut(mut rows: Vec<T>, page: &Page, position: impl FnOnce(&T) -> Position) -> Self {
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        let next = if more { rows.last().map(position) } else { None };
        Self { rows, next }
    }
}
