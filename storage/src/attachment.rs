//! Attachments of service requests (S-6). Their bytes are elsewhere; see [`crate::upload`].

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::actor::PersonRef;
use mandate_core::attachment::{Attachment, Content, Place, Sha256Sum, Stage};
use mandate_core::change::Change;
use mandate_core::id::{AttachmentId, MessageId, ServiceRequestId};
use mandate_core::media_type::MediaType;
use mandate_core::message::MessageReach;
use mandate_core::text::FileName;

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::people::full_name;
use crate::schema::attachments;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = attachments, treat_none_as_null = true)]
struct AttachmentRow {
    id: String,
    service_request_id: Option<String>,
    escalation_id: Option<String>,
    message_id: Option<String>,
    uploaded_by: String,
    file_name: String,
    media_type: String,
    detected_media_type: String,
    size: i64,
    sha256: String,
    created_at: i64,
    version: i64,
}

impl From<&Attachment> for AttachmentRow {
    fn from(attachment: &Attachment) -> Self {
        Self {
            id: attachment.id.to_string(),
            service_request_id: attachment.place.request().map(|request| request.to_string()),
            escalation_id: attachment.place.escalation().map(|escalation| escalation.to_string()),
            message_id: attachment.stage.message().map(|message| message.to_string()),
            uploaded_by: attachment.uploaded_by.id.to_string(),
            file_name: attachment.file_name.to_string(),
            media_type: attachment.content.media_type.to_string(),
            detected_media_type: attachment.content.detected.to_string(),
            size: attachment.content.size,
            sha256: attachment.content.sha256.to_string(),
            created_at: attachment.created_at.micros(),
            version: attachment.version,
        }
    }
}

/// An attachment with the organization of its request or escalation, its uploader, and whether its message is a note.
const SELECT: &str = "SELECT a.id, a.service_request_id, a.escalation_id, COALESCE(r.organization_id, e.organization_id), a.message_id, \
     CASE WHEN m.internal THEN 1 ELSE 0 END, a.uploaded_by, p.first_name, p.last_name, p.organization_id, a.file_name, a.media_type, \
     a.detected_media_type, a.sha256, a.size, a.created_at, a.version FROM attachments a \
     LEFT JOIN service_requests r ON r.id = a.service_request_id LEFT JOIN escalations e ON e.id = a.escalation_id \
     JOIN people p ON p.id = a.uploaded_by LEFT JOIN messages m ON m.id = a.message_id WHERE ";

type Columns = (
    (Text, Nullable<Text>, Nullable<Text>, Text, Nullable<Text>, diesel::sql_types::Integer),
    (Text, Text, Text, Text),
    (Text, Text, Text, Text),
    (BigInt, BigInt, BigInt),
);

#[derive(Debug, Queryable)]
struct LoadedAttachment {
    place: (String, Option<String>, Option<String>, String, Option<String>, i32),
    uploader: (String, String, String, String),
    content: (String, String, String, String),
    numbers: (i64, i64, i64),
}

impl LoadedAttachment {
    fn read(self) -> Result<Attachment, StorageError> {
        let (id, request, escalation, organization, message, internal) = self.place;
        let (uploaded_by, first_name, last_name, uploader_organization) = self.uploader;
        let (file_name, media_type, detected, sha256) = self.content;
        let (size, created_at, version) = self.numbers;
        let cells = Cells::of("attachments", &id);
        let place = match (cells.optional_id("escalation_id", escalation.as_deref())?, request) {
            (Some(escalation), _) => Place::Escalation(escalation),
            (None, Some(request)) => Place::Request(cells.id("service_request_id", &request)?),
            (None, None) => return Err(cells.corrupt("service_request_id")),
        };
        Ok(Attachment {
            id: cells.id("id", &id)?,
            place,
            organization: cells.id("service_requests.organization_id", &organization)?,
            uploaded_by: PersonRef {
                id: cells.person_id("uploaded_by", &uploaded_by)?,
                name: full_name(&first_name, &last_name),
                organization: cells.id("people.organization_id", &uploader_organization)?,
            },
            file_name: cells.read("file_name", FileName::kept(&file_name).ok())?,
            content: Content {
                media_type: cells.read("media_type", MediaType::parse(&media_type).ok())?,
                detected: cells.read("detected_media_type", MediaType::parse(&detected).ok())?,
                size,
                sha256: cells.read("sha256", Sha256Sum::parse(&sha256))?,
            },
            stage: match (cells.optional_id("message_id", message.as_deref())?, place) {
                (Some(message), _) => Stage::Added { message, internal: internal != 0 },
                (None, Place::Request(_)) => Stage::Draft,
                (None, Place::Escalation(_)) => Stage::Letter,
            },
            created_at: moment(created_at),
            version,
        })
    }
}

impl ReadTx<'_> {
    /// An attachment.
    pub fn attachment(&mut self, id: AttachmentId) -> Result<Option<Attachment>, StorageError> {
        let query = Sql::<Columns>::new(SELECT).push("a.id = ").bind_text(id);
        Ok(self.load_attachments(query)?.pop())
    }

    /// The attachments of a request's messages that a reach allows, oldest first.
    pub fn attachments(
        &mut self,
        request: ServiceRequestId,
        reach: MessageReach,
        page: &Page,
    ) -> Result<Slice<Attachment>, StorageError> {
        let mut query = Sql::<Columns>::new(SELECT).push("a.service_request_id = ").bind_text(request);
        query = query.push(" AND a.message_id IS NOT NULL");
        if !reach.reaches_internal() {
            query = query.push(" AND NOT m.internal");
        }
        let attachments = self.load_attachments(page.ascending(query, "a.created_at", "a.id"))?;
        Ok(Slice::cut(attachments, page, |attachment| Position {
            key: SortKey::Number(attachment.created_at.micros()),
            id: attachment.id.to_string(),
        }))
    }

    /// The attachments of messages whose reader may see these, oldest first.
    pub fn attachments_of(&mut self, messages: &[MessageId]) -> Result<Vec<Attachment>, StorageError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let query = Sql::<Columns>::new(SELECT).push("a.message_id IN (").bind_texts(messages);
        self.load_attachments(query.push(") ORDER BY a.created_at, a.id"))
    }

    /// These attachments, in the order in which they were uploaded.
    pub fn attachments_among(&mut self, ids: &BTreeSet<AttachmentId>) -> Result<Vec<Attachment>, StorageError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = Sql::<Columns>::new(SELECT).push("a.id IN (").bind_texts(ids).push(") ORDER BY a.created_at, a.id");
        self.load_attachments(query)
    }

    fn load_attachments(&mut self, query: Sql<Columns>) -> Result<Vec<Attachment>, StorageError> {
        let rows: Vec<LoadedAttachment> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(LoadedAttachment::read).collect()
    }
}

impl WriteTx<'_> {
    /// Saves an attachment: a draft whose file is stored, or one that a message takes up, which must be saved before.
    ///
    /// *Errors*: contention if its upload was abandoned meanwhile; then the draft is gone as well.
    pub fn save_attachment(&mut self, change: &Change<Attachment>) -> Result<(), StorageError> {
        let attachment = change.after();
        // Always the upload first: whoever abandons it takes the two rows in the same order.
        match attachment.stage {
            Stage::Draft => self.keep_upload(attachment.id, attachment.created_at)?,
            Stage::Added { .. } | Stage::Letter => self.release_upload(attachment.id)?,
        }
        save_row!(self, attachments, &AttachmentRow::from(attachment), change)?;
        self.record(change)
    }
}
