//! Keyset pages: where a list goes on, so that no row comes twice or is missed while others are inserted.

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
