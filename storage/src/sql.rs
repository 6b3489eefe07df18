//! Raw SQL with bound values, for what Diesel's query builder cannot say in both dialects or says at length.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{QueryResult, RunQueryDsl};

/// A statement whose result has the columns `ST`.
///
/// One text serves both databases, because each writes its own placeholders. The statement is prepared once per connection
/// and cached under its text (Diesel's `sql_query` is never cached); so texts must come from a small set, values are bound.
///
/// ```text
/// Sql::<(Text, BigInt)>::new("SELECT id, version FROM partner_grants WHERE id = ").bind_text(id)
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Sql<ST = ()> {
    parts: Vec<Part>,
    columns: PhantomData<ST>,
}

#[derive(Debug, Clone)]
enum Part {
    Words(&'static str),
    Text(String),
    Big(i64),
    Integer(i32),
}

impl<ST> Sql<ST> {
    /// Begins a statement.
    pub(crate) fn new(words: &'static str) -> Self {
        Self { parts: vec![Part::Words(words)], columns: PhantomData }
    }

    /// Appends SQL.
    #[must_use]
    pub(crate) fn push(self, words: &'static str) -> Self {
        self.with(Part::Words(words))
    }

    /// Binds a text, or what prints as one.
    #[must_use]
    pub(crate) fn bind_text(self, value: impl ToString) -> Self {
        self.with(Part::Text(value.to_string()))
    }

    /// Binds a whole number of 64 bits, such as a moment.
    #[must_use]
    pub(crate) fn bind_big(self, value: i64) -> Self {
        self.with(Part::Big(value))
    }

    /// Binds a whole number of 32 bits.
    #[must_use]
    pub(crate) fn bind_integer(self, value: i32) -> Self {
        self.with(Part::Integer(value))
    }

    /// Binds texts, separated by commas, for `IN (…)`. The list must not be empty.
    #[must_use]
    pub(crate) fn bind_texts<T: ToString>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        for (position, value) in values.into_iter().enumerate() {
            if position > 0 {
                self = self.push(", ");
            }
            self = self.bind_text(value);
        }
        self
    }

    /// The same statement with a result of other columns.
    pub(crate) fn retyped<X>(self) -> Sql<X> {
        Sql { parts: self.parts, columns: PhantomData }
    }

    /// Appends another piece with its values.
    #[must_use]
    pub(crate) fn append<X>(mut self, piece: Sql<X>) -> Self {
        self.parts.extend(piece.parts);
        self
    }

    fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}

impl<DB, ST> QueryFragment<DB> for Sql<ST>
where
    DB: Backend,
    String: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
    i32: ToSql<Integer, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Words(words) => out.push_sql(words),
                Part::Text(value) => out.push_bind_param::<Text, _>(value)?,
                Part::Big(value) => out.push_bind_param::<BigInt, _>(value)?,
                Part::Integer(value) => out.push_bind_param::<Integer, _>(value)?,
            }
        }
        Ok(())
    }
}

/// Without a static id, Diesel caches the statement under its text.
impl<ST> QueryId for Sql<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Sql<ST> {
    type SqlType = ST;
}

impl<ST, C> RunQueryDsl<C> for Sql<ST> {}

/// One more condition: that any of these holds. No condition at all if there are none.
pub(crate) fn any_of(conditions: impl IntoIterator<Item = Sql>) -> Sql {
    let mut conditions = conditions.into_iter();
    let Some(first) = conditions.next() else { return Sql::new("") };
    let any = Sql::new(" AND (").append(first);
    conditions.fold(any, |any, condition| any.push(" OR ").append(condition)).push(")")
}

/// A pattern for `LIKE … ESCAPE '!'` that finds this text anywhere; its own wildcards stand for themselves.
pub(crate) fn like(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Each value once, in the order of their first appearance: a filter may repeat itself, a statement must not grow with it.
pub(crate) fn once<T: PartialEq>(values: &[T]) -> impl Iterator<Item = &T> {
    values
        .iter()
        .enumerate()
        .filter(|(position, value)| !values.iter().take(*position).any(|one| one == *value))
        .map(|(_, value)| value)
}
