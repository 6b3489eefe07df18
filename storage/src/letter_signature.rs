//! What the own signatures of letters said when these were uploaded (E-6). They carry no authority and are written without a decision.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mandate_core::id::AttachmentId;
use mandate_core::letter_signature::{Cover, SignatureCheck};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Vocabulary as _;

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::schema::letter_signatures;
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = letter_signatures)]
struct SignatureRow {
    attachment_id: String,
    result: String,
    domain: Option<String>,
    aligned: bool,
    author: Option<String>,
    checked_at: i64,
    signed_at: Option<i64>,
    expires_at: Option<i64>,
    covers: String,
    body_length: Option<i64>,
}

impl ReadTx<'_> {
    /// What was found of these files, in the order of their ids; nothing of those that are no emails.
    pub fn letter_signatures(
        &mut self,
        letters: &BTreeSet<AttachmentId>,
    ) -> Result<Vec<(AttachmentId, SignatureCheck)>, StorageError> {
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = letters.iter().map(ToString::to_string).collect();
        let rows: Vec<SignatureRow> = on!(self, |connection| letter_signatures::table
            .filter(letter_signatures::attachment_id.eq_any(&ids))
            .order(letter_signatures::attachment_id)
            .select(SignatureRow::as_select())
            .load(connection))?;
        rows.into_iter()
            .map(|row| {
                let cells = Cells::of("letter_signatures", &row.attachment_id);
                let check = SignatureCheck {
                    result: cells.word("result", &row.result)?,
                    domain: row.domain,
                    aligned: row.aligned,
                    author: row.author,
                    cover: Cover {
                        signed_at: row.signed_at.map(moment),
                        expires_at: row.expires_at.map(moment),
                        fields: cells.read("covers", serde_json::from_str(&row.covers).ok())?,
                        body_length: row.body_length,
                    },
                    checked_at: moment(row.checked_at),
                };
                Ok((cells.id("attachment_id", &row.attachment_id)?, check))
            })
            .collect()
    }
}

impl WriteTx<'_> {
    /// Keeps what was found of a letter.
    pub fn save_letter_signature(&mut self, letter: AttachmentId, check: &SignatureCheck) -> Result<(), StorageError> {
        let row = SignatureRow {
            attachment_id: letter.to_string(),
            result: check.result.name().to_owned(),
            domain: check.domain.clone(),
            aligned: check.aligned,
            author: check.author.clone(),
            checked_at: check.checked_at.micros(),
            signed_at: check.cover.signed_at.map(Timestamp::micros),
            expires_at: check.cover.expires_at.map(Timestamp::micros),
            covers: serde_json::Value::from(check.cover.fields.clone()).to_string(),
            body_length: check.cover.body_length,
        };
        on!(self, |connection| diesel::insert_into(letter_signatures::table).values(&row).execute(connection)).map(drop)
    }
}
