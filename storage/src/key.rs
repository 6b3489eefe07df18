//! Keys that sign access tokens and seal secrets.

use std::fmt;

use diesel::prelude::*;
use mandate_core::id::KeyId;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Vocabulary;

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::schema::keys;
use crate::tx::{ReadTx, WriteTx};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Signs access tokens.
    Signing,
    /// Seals refresh tokens, links and cursors.
    Sealing,
}

impl Vocabulary for KeyPurpose {
    const WHAT: &'static str = "key purpose";
    const ALL: &'static [Self] = &[Self::Signing, Self::Sealing];

    fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Sealing => "sealing",
        }
    }
}

/// A key. Printed without its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// The `kid`.
    pub id: KeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The secret, in the form that its user chose.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it makes nothing new; what it made before is still good.
    pub retired_at: Option<Timestamp>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = keys)]
struct KeyRow {
    id: String,
    purpose: String,
    secret: Vec<u8>,
    created_at: i64,
    retired_at: Option<i64>,
}

impl TryFrom<KeyRow> for Key {
    type Error = StorageError;

    fn try_from(row: KeyRow) -> Result<Self, StorageError> {
        let cells = Cells::of("keys", &row.id);
        Ok(Self {
            id: cells.id("id", &row.id)?,
            purpose: cells.word("purpose", &row.purpose)?,
            secret: row.secret,
            created_at: moment(row.created_at),
            retired_at: row.retired_at.map(moment),
        })
    }
}

impl ReadTx<'_> {
    /// All keys, the newest first.
    pub fn keys(&mut self) -> Result<Vec<Key>, StorageError> {
        let query = keys::table.order((keys::created_at.desc(), keys::id.desc()));
        let rows = on!(self, |connection| query.select(KeyRow::as_select()).load(connection))?;
        rows.into_iter().map(Key::try_from).collect()
    }
}

/// Keys are no part of anybody's authority: they are written without a decision.
impl WriteTx<'_> {
    /// Adds a key.
    pub fn insert_key(&mut self, key: &Key) -> Result<(), StorageError> {
        let row = KeyRow {
            id: key.id.to_string(),
            purpose: key.purpose.name().to_owned(),
            secret: key.secret.clone(),
            created_at: key.created_at.micros(),
            retired_at: key.retired_at.map(Timestamp::micros),
        };
        let insert = diesel::insert_into(keys::table).values(row);
        let rows = on!(self, |connection| insert.execute(connection))?;
        self.expect_one(rows, "keys", key.id)
    }

    /// Lets a key make nothing new; false if there is no such key or it is retired already.
    pub fn retire_key(&mut self, id: KeyId, now: Timestamp) -> Result<bool, StorageError> {
        let row = keys::table.filter(keys::id.eq(id.to_string())).filter(keys::retired_at.is_null());
        let update = diesel::update(row).set(keys::retired_at.eq(now.micros()));
        on!(self, |connection| update.execute(connection)).map(|rows| rows == 1)
    }

    /// Removes a key, and with it the good of everything that it made; false if there is no such key.
    pub fn delete_key(&mut self, id: KeyId) -> Result<bool, StorageError> {
        let delete = diesel::delete(keys::table.find(id.to_string()));
        on!(self, |connection| delete.execute(connection)).map(|rows| rows == 1)
    }
}
