//! The statements that the product sends, as it sends them: what the limits are measured with, and counted.

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use diesel::backend::Backend;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A statement and the values that it was sent with: texts and whole numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Statement {
    /// With placeholders, `$1` or `?`.
    pub(crate) text: String,
    /// One value for each placeholder.
    pub(crate) values: Vec<Value>,
}

impl Statement {
    /// Reads what Diesel prints of a statement.
    fn read(printed: &str) -> Self {
        let (text, values) = printed.rsplit_once(" -- binds: ").unwrap_or((printed, "[]"));
        Self { text: text.to_owned(), values: serde_json::from_str(values).unwrap_or_default() }
    }

    /// The text between the placeholders.
    pub(crate) fn pieces(&self) -> Vec<String> {
        let mut pieces = vec![String::new()];
        let mut rest = self.text.chars().peekable();
        while let Some(letter) = rest.next() {
            let is_numbered = letter == '$' && rest.peek().is_some_and(char::is_ascii_digit);
            while is_numbered && rest.next_if(char::is_ascii_digit).is_some() {}
            if is_numbered || letter == '?' {
                pieces.push(String::new());
            } else if let Some(piece) = pieces.last_mut() {
                piece.push(letter);
            }
        }
        pieces
    }

    /// The text with something else in the place of each placeholder.
    pub(crate) fn written(&self, placeholder: impl Fn(usize, &Value) -> String) -> String {
        let pieces = self.pieces();
        let values = self.values.iter().enumerate().map(|(position, value)| placeholder(position, value));
        pieces.iter().zip(values.chain([String::new()])).map(|(piece, value)| piece.clone() + &value).collect()
    }

    /// With the values as literals.
    pub(crate) fn literal(&self) -> String {
        self.written(|_, value| match value {
            Value::String(text) => format!("'{}'", text.replace('\'', "''")),
            other => other.to_string(),
        })
    }

    /// To be sent again. Its result has the columns `ST`.
    pub(crate) fn query<ST>(&self) -> Sent<ST> {
        Sent { pieces: self.pieces(), values: self.values.iter().map(Bound::from).collect(), columns: PhantomData }
    }
}

/// A statement to be sent, prepared once per connection.
#[derive(Debug, Clone)]
pub(crate) struct Sent<ST> {
    pieces: Vec<String>,
    /// The values, to be replaced.
    pub(crate) values: Vec<Bound>,
    columns: PhantomData<fn() -> ST>,
}

/// A value of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Bound {
    /// A text.
    Text(String),
    /// A whole number, whatever its width in the table.
    Number(i64),
}

impl From<&Value> for Bound {
    fn from(value: &Value) -> Self {
        value.as_i64().map_or_else(|| Self::Text(value.as_str().unwrap_or_default().to_owned()), Self::Number)
    }
}

impl<DB, ST> QueryFragment<DB> for Sent<ST>
where
    DB: Backend,
    String: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for (position, piece) in self.pieces.iter().enumerate() {
            out.push_sql(piece);
            match self.values.get(position) {
                Some(Bound::Text(text)) => out.push_bind_param::<Text, _>(text)?,
                Some(Bound::Number(number)) => out.push_bind_param::<BigInt, _>(number)?,
                None => {}
            }
        }
        Ok(())
    }
}

impl<ST> QueryId for Sent<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Sent<ST> {
    type SqlType = ST;
}

impl<ST, C> RunQueryDsl<C> for Sent<ST> {}

/// What was sent since somebody last looked: the connection and the statement.
static SENT: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());

struct Listener(u64);

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            SENT.lock().unwrap_or_else(PoisonError::into_inner).push((self.0, query.to_string()));
        }
    }
}

/// Listens to all connections that this process opens from now on.
pub(crate) fn listen() -> QueryResult<()> {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
    set_default_instrumentation(|| Some(Box::new(Listener(CONNECTIONS.fetch_add(1, Ordering::Relaxed)))))
}

/// Listens to no further connections.
pub(crate) fn be_quiet() -> QueryResult<()> {
    set_default_instrumentation(|| None)
}

/// What was sent since the last call, by transaction; a statement without one is a transaction by itself.
pub(crate) fn take() -> Vec<Vec<Statement>> {
    let sent = std::mem::take(&mut *SENT.lock().unwrap_or_else(PoisonError::into_inner));
    let mut connections: Vec<u64> = sent.iter().map(|(connection, _)| *connection).collect();
    connections.sort_unstable();
    connections.dedup();
    let mut transactions = Vec::new();
    for connection in connections {
        let mut open: Vec<Statement> = Vec::new();
        for (_, printed) in sent.iter().filter(|(other, _)| *other == connection) {
            open.push(Statement::read(printed));
            let begins = open.first().is_some_and(|first| first.text.starts_with("BEGIN"));
            let ends = printed.starts_with("COMMIT") || printed.starts_with("ROLLBACK");
            if !begins || ends {
                transactions.push(std::mem::take(&mut open));
            }
        }
    }
    transactions
}

/// The transactions that none of the known texts occurs in.
pub(crate) fn new_ones(transactions: Vec<Vec<Statement>>, known: &HashSet<String>) -> Vec<Vec<Statement>> {
    let is_frame = |text: &str| ["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|word| text.starts_with(word));
    let is_known = |one: &Statement| known.contains(&one.text) && !is_frame(&one.text);
    transactions.into_iter().filter(|statements| !statements.iter().any(is_known)).collect()
}
