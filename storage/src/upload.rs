//! Files that are, or may be, in the store of files without a message that holds them.
//!
//! A row is written before the first byte is stored, and goes when a message takes the file up, or after the file was removed.
//! So no file is ever unknown, whatever ends a process. The rows carry no authority and are written without a decision.

use diesel::prelude::*;
use mandate_core::id::{AttachmentId, ServiceRequestId};
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::column::Cells;
use crate::error::StorageError;
use crate::schema::{attachments, uploads};
use crate::tx::WriteTx;

/// A file, by where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// The attachment that it is, or is to be.
    pub id: AttachmentId,
    /// The service request that it is uploaded to.
    pub request: ServiceRequestId,
}

impl WriteTx<'_> {
    /// Writes down that a file is about to be stored.
    pub fn begin_upload(&mut self, upload: Upload, now: Timestamp) -> Result<(), StorageError> {
        let row = (
            uploads::id.eq(upload.id.to_string()),
            uploads::service_request_id.eq(upload.request.to_string()),
            uploads::begun_at.eq(now.micros()),
            uploads::abandoned.eq(false),
        );
        on!(self, |connection| diesel::insert_into(uploads::table).values(row.clone()).execute(connection)).map(drop)
    }

    /// The file is stored and now a draft, whose time begins anew.
    pub(crate) fn keep_upload(&mut self, id: AttachmentId, now: Timestamp) -> Result<(), StorageError> {
        let id = id.to_string();
        let kept = on!(self, |connection| diesel::update(uploads::table.find(&id))
            .filter(uploads::abandoned.eq(false))
            .set(uploads::begun_at.eq(now.micros()))
            .execute(connection))?;
        self.expect_one(kept, "uploads", id)
    }

    /// A message holds the file from now on.
    pub(crate) fn release_upload(&mut self, id: AttachmentId) -> Result<(), StorageError> {
        let id = id.to_string();
        let released = on!(self, |connection| diesel::delete(uploads::table.find(&id))
            .filter(uploads::abandoned.eq(false))
            .execute(connection))?;
        self.expect_one(released, "uploads", id)
    }

    /// Abandons uploads that began before a moment, at most so many, together with their drafts: no message can take them up any
    /// more, and their files may be removed. Those that were abandoned before are among them.
    pub fn abandon_uploads(&mut self, before: Timestamp, limit: i64) -> Result<Vec<Upload>, StorageError> {
        let query = uploads::table
            .filter(uploads::begun_at.lt(before.micros()))
            .order((uploads::begun_at, uploads::id))
            .limit(limit)
            .select((uploads::id, uploads::service_request_id));
        let old: Vec<(String, String)> = on!(self, |connection| query.load(connection))?;
        let mut abandoned = Vec::with_capacity(old.len());
        for (id, request) in old {
            // It may have been kept or released since it was read.
            let hit = on!(self, |connection| diesel::update(uploads::table.find(&id))
                .filter(uploads::begun_at.lt(before.micros()))
                .set(uploads::abandoned.eq(true))
                .execute(connection))?;
            if hit == 1 {
                on!(self, |connection| diesel::delete(attachments::table.find(&id))
                    .filter(attachments::message_id.is_null())
                    .execute(connection))?;
                let cells = Cells::of("uploads", &id);
                abandoned.push(Upload { id: cells.id("id", &id)?, request: cells.id("service_request_id", &request)? });
            }
        }
        Ok(abandoned)
    }

    /// Abandons an upload unless it became a draft, and says whether its file may be removed.
    pub fn abandon_upload(&mut self, id: AttachmentId) -> Result<bool, StorageError> {
        let id = id.to_string();
        let is = |abandoned: bool| diesel::update(uploads::table.find(&id)).set(uploads::abandoned.eq(abandoned));
        let hit = on!(self, |connection| is(true).execute(connection))?;
        // Asked once the row is locked: a commit whose outcome nobody knows may have been done.
        let draft = attachments::table.find(&id).select(attachments::id);
        let draft: Option<String> = on!(self, |connection| draft.first(connection).optional())?;
        if draft.is_some() {
            on!(self, |connection| is(false).execute(connection))?;
        }
        Ok(hit == 1 && draft.is_none())
    }

    /// Forgets an abandoned upload, whose file was removed.
    pub fn forget_upload(&mut self, id: AttachmentId) -> Result<(), StorageError> {
        let id = id.to_string();
        let forget = uploads::table.find(&id).filter(uploads::abandoned.eq(true));
        on!(self, |connection| diesel::delete(forget).execute(connection)).map(drop)
    }
}
