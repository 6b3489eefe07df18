//! Attachments of service requests over HTTP: what they are, and their content (S-6). Uploading is in [`crate::upload`].

use std::io;
use std::sync::Arc;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, ETAG};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::TryStreamExt as _;
use mandate_core::access::Visible;
use mandate_core::actor::Actor;
use mandate_core::attachment::{self, Attachment, AttachmentFacts};
use mandate_core::id::{AttachmentId, AttachmentKind, Id, ServiceRequestKind};
use mandate_core::message;
use mandate_core::refusal::Code;
use mandate_core::say;
use mandate_core::time::Timestamp;
use mandate_storage::{ReadTx, Upload};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfNoneMatch, has_already};
use crate::extract::{PathId, Query};
use crate::file_header::{Part, disposition, repr_digest};
use crate::files::FileError;
use crate::page::page;
use crate::person::PersonRefView;
use crate::problem::{NotModified, Problem, Problems, RangeProblems};
use crate::state::App;
use crate::wire::{AttachmentIdWire, EscalationIdWire, MessageIdWire, ServiceRequestIdWire, TimestampWire};

/// A file of a service request.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttachmentView {
    /// Its id.
    id: AttachmentIdWire,
    /// The service request that it was uploaded to; `null` for a letter.
    #[schema(required = true)]
    service_request_id: Option<ServiceRequestIdWire>,
    /// The escalation whose letter it is.
    #[schema(required = true)]
    escalation_id: Option<EscalationIdWire>,
    /// The message that it came with; `null` as long as no message has it, and only its uploader knows of it.
    #[schema(required = true)]
    message_id: Option<MessageIdWire>,
    /// What it is called.
    #[schema(example = "screenshot.png")]
    file_name: String,
    /// What its uploader says it is.
    #[schema(example = "image/png")]
    media_type: String,
    /// What it looks like. Where the two do not agree, the content comes as `application/octet-stream`.
    #[schema(example = "image/png")]
    detected_media_type: String,
    /// Its bytes.
    #[schema(minimum = 1, maximum = 26214400, example = 48213)]
    size: i64,
    /// SHA-256 of its content, in hexadecimal digits.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    /// Who uploaded it.
    uploaded_by: PersonRefView,
    /// When it was uploaded.
    created_at: TimestampWire,
    /// 1, and 2 when a message has it.
    #[schema(example = 2)]
    version: i64,
}

page!(AttachmentPage, AttachmentView);

impl From<&Attachment> for AttachmentView {
    fn from(attachment: &Attachment) -> Self {
        let content = &attachment.content;
        Self {
            id: attachment.id.into(),
            service_request_id: attachment.place.request().map(Into::into),
            escalation_id: attachment.place.escalation().map(Into::into),
            message_id: attachment.stage.message().map(Into::into),
            file_name: attachment.file_name.to_string(),
            media_type: content.media_type.to_string(),
            detected_media_type: content.detected.to_string(),
            size: content.size,
            sha256: content.sha256.to_string(),
            uploaded_by: PersonRefView::from(&attachment.uploaded_by),
            created_at: attachment.created_at.into(),
            version: attachment.version,
        }
    }
}

/// What must be known to show an attachment.
pub(crate) fn facts(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    now: Timestamp,
    id: AttachmentId,
) -> Result<AttachmentFacts, Problem> {
    let attachment = tx.attachment(id)?;
    let request = attachment.as_ref().and_then(|attachment| attachment.place.request());
    let request = request.unwrap_or_else(|| Id::from_u128(0));
    Ok(AttachmentFacts { request: tx.request_facts(actor, request, now)?, attachment })
}

async fn visible(app: &Arc<App>, caller: Caller, id: AttachmentId) -> Result<Visible<Attachment>, Problem> {
    app.read(caller, move |tx, asker| shown(tx, &asker.actor, asker.now, id)).await
}

/// An attachment that somebody may see: of a service request, or the letter of an escalation.
pub(crate) fn shown(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    now: Timestamp,
    id: AttachmentId,
) -> Result<Visible<Attachment>, Problem> {
    let facts = facts(tx, actor, now, id)?;
    match facts.attachment.as_ref().and_then(|found| found.place.escalation()) {
        Some(escalation) => {
            let escalation = crate::escalation::facts(tx, actor, now, escalation)?;
            Ok(attachment::view_letter(now, escalation, facts.attachment)?)
        }
        None => Ok(attachment::view(facts)?),
    }
}

/// Which attachments to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAttachmentsQuery {
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List the attachments of a service request
///
/// Those of its messages, in the order in which they were uploaded. Those of internal notes are among them for agents and duty
/// managers alone; uploads that no message has yet are not.
#[utoipa::path(tag = "attachments", operation_id = "listAttachments",
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request."), ListAttachmentsQuery),
    responses((status = 200, description = "A page of attachments.", body = AttachmentPage), Problems))]
#[get("/v1/service-requests/{service_request_id}/attachments")]
pub(crate) async fn list_attachments(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    query: Query<ListAttachmentsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    errors.finish(|| Some(()))?;
    let page = request.page.clone();
    let slice = app
        .read(caller, move |tx, asker| {
            let facts = tx.request_facts(&asker.actor, request_id.0, asker.now)?;
            let reach = message::allow_list(&facts)?;
            Ok(tx.attachments(request_id.0, reach, &page)?)
        })
        .await?;
    Ok(request.answer::<AttachmentPage>(slice.rows.iter().map(AttachmentView::from).collect(), slice.next.as_ref()))
}

/// Read what an attachment is
///
/// For whoever may read the message that it came with; for its uploader as long as no message has it.
#[utoipa::path(tag = "attachments", operation_id = "getAttachment",
    params(("attachment_id" = AttachmentIdWire, Path, description = "The attachment.")),
    responses((status = 200, description = "The attachment.", body = AttachmentView), NotModified, Problems))]
#[get("/v1/attachments/{attachment_id}")]
pub(crate) async fn get_attachment(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<AttachmentKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let visible = visible(&app, caller, id.0).await?;
    let attachment = visible.value();
    Ok(if_none_match.answer(attachment.version, AttachmentView::from(attachment)))
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, example = "test")]
pub(crate) struct FileContent(#[expect(dead_code, reason = "the type stands for its schema alone")] String);

/// Read the content of an attachment
///
/// To be saved, never to be shown: `Content-Disposition: attachment` with the file's name. `Content-Type` is what the uploader says it
/// is or, where it does not look like that, `application/octet-stream`. The `ETag` is that of the content, which never changes;
/// `Repr-Digest` holds its SHA-256. A single `Range` answers 206; several at once are answered with the whole.
#[utoipa::path(tag = "attachments", operation_id = "getAttachmentContent",
    params(("attachment_id" = AttachmentIdWire, Path, description = "The attachment."),
        ("Range" = Option<String>, Header, description = "The part of the content that is wanted: `bytes=0-1023`, `bytes=1024-` or `bytes=-1024`.", example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, description = "The `ETag` of the content that a part is wanted of; of another one the whole is answered.")),
    responses((status = 200, description = "The content.", content((inline(FileContent) = "application/octet-stream"), (inline(FileContent) = "*/*"))),
        (status = 206, description = "A part of the content.", content((inline(FileContent) = "application/octet-stream"), (inline(FileContent) = "*/*"))), NotModified, Problems, RangeProblems))]
#[get("/v1/attachments/{attachment_id}/content")]
pub(crate) async fn get_attachment_content(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<AttachmentKind>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let visible = visible(&app, caller, id.0).await?;
    let Attachment { id, place, file_name, content, .. } = visible.value();
    let tag = format!("\"{}\"", content.sha256);
    if has_already(&request, &tag)? {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let size = u64::try_from(content.size).unwrap_or_default();
    let (status, range) = match Part::of(&request, &tag, size) {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Bytes(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::Outside => {
            let detail = say!("the content has {size} bytes, none of them in this range", size);
            return Err(Problem::new(Code::RangeNotSatisfiable, detail).of_length(size));
        }
    };
    let file = Upload { id: *id, place: *place };
    let unreadable =
        |error: FileError| Problem::internal(format!("the content of {} cannot be read: {error}", file.id));
    let bytes = app.files.read(file, size, range.clone()).await.map_err(unreadable)?;
    let broken_off = move |error| {
        tracing::warn!(id = %file.id, %error, "the content of an attachment was broken off");
        io::Error::other("the content cannot be read any further")
    };
    let mut response = HttpResponse::build(status);
    if status == StatusCode::PARTIAL_CONTENT {
        response.insert_header((CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end - 1)));
    }
    Ok(response
        .content_type(content.served_as().as_str())
        .insert_header(disposition(file_name))
        .insert_header((ACCEPT_RANGES, "bytes"))
        // Its length, its digest and its ranges are those of the file.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header((ETAG, tag))
        .insert_header(("Repr-Digest", repr_digest(content.sha256)))
        .body(SizedStream::new(range.end - range.start, bytes.map_err(broken_off))))
}
