//! Answers that a repeated request gets again. They are written in the transaction of the effect, or not at all.

use diesel::prelude::*;
use mandate_core::id::AnyId;
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::schema::idempotency_keys;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

/// The answer to a request that had an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Which operation answered, path included; the same key of the same caller for another one is a mistake.
    pub operation: String,
    /// A hash of the request's body; another body with the same key is a mistake.
    pub body_hash: Vec<u8>,
    /// The HTTP status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The body that was answered.
    pub body: String,
    /// What was made or changed, so that whoever asks again is let see it only if they still may.
    pub subject: Option<AnyId>,
    /// When it was answered.
    pub created_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys)]
struct ResponseRow {
    caller_id: String,
    key: String,
    operation: String,
    body_hash: Vec<u8>,
    status: i32,
    location: Option<String>,
    etag: Option<String>,
    body: String,
    subject_id: Option<String>,
    created_at: i64,
}

impl TryFrom<ResponseRow> for StoredResponse {
    type Error = StorageError;

    fn try_from(row: ResponseRow) -> Result<Self, StorageError> {
        let cells = Cells::of("idempotency_keys", &row.key);
        Ok(Self {
            operation: row.operation,
            body_hash: row.body_hash,
            status: cells.read("status", row.status.try_into().ok())?,
            location: row.location,
            etag: row.etag,
            body: row.body,
            subject: cells.optional(row.subject_id.as_deref(), |cells, text| cells.any_id("subject_id", text))?,
            created_at: moment(row.created_at),
        })
    }
}

impl ReadTx<'_> {
    /// What a caller was answered under a key.
    pub fn stored_response(&mut self, caller_id: &str, key: &str) -> Result<Option<StoredResponse>, StorageError> {
        let query = idempotency_keys::table.find((caller_id, key));
        let row = on!(self, |connection| query.select(ResponseRow::as_select()).first(connection).optional())?;
        row.map(StoredResponse::try_from).transpose()
    }
}

impl WriteTx<'_> {
    /// Keeps an answer. If the same caller used the key at the same time, the transaction is repeated and finds that answer.
    pub fn save_response(&mut self, caller_id: &str, key: &str, response: &StoredResponse) -> Result<(), StorageError> {
        let row = ResponseRow {
            caller_id: caller_id.to_owned(),
            key: key.to_owned(),
            operation: response.operation.clone(),
            body_hash: response.body_hash.clone(),
            status: response.status.into(),
            location: response.location.clone(),
            etag: response.etag.clone(),
            body: response.body.clone(),
            subject_id: response.subject.map(|subject| subject.to_string()),
            created_at: response.created_at.micros(),
        };
        let insert = diesel::insert_into(idempotency_keys::table).values(row);
        let rows = on!(self, |connection| insert.execute(connection))?;
        self.expect_one(rows, "idempotency_keys", key)
    }

    /// Forgets answers that are older, at most `limit` at once, and says how many those were.
    pub fn delete_responses(&mut self, older_than: Timestamp, limit: i64) -> Result<usize, StorageError> {
        let delete = Sql::<()>::new(
            "DELETE FROM idempotency_keys WHERE (caller_id, key) IN \
             (SELECT caller_id, key FROM idempotency_keys WHERE created_at < ",
        )
        .bind_big(older_than.micros())
        .push(" ORDER BY created_at LIMIT ")
        .bind_big(limit)
        .push(")");
        on!(self, |connection| delete.execute(connection))
    }
}
