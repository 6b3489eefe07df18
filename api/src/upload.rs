//! Uploading a file to a service request (S-6), or the letter of an escalation (E-3): allowed first, then received piece by piece, and decided again at the end.
//!
//! While the file arrives, neither the database nor a turn at it is held. The row of the upload is there before the first byte
//! is stored, and the file is whole and on disk before the attachment commits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, post};
use futures_util::StreamExt as _;
use mandate_core::attachment::{self, ATTACHMENT_BYTES_MAX, Content, CreateAttachment, Place, Sha256Sum};
use mandate_core::change::Context;
use mandate_core::id::{EscalationKind, ServiceRequestKind};
use mandate_core::refusal::Code;
use mandate_core::say;
use mandate_core::text::Flaw;
use mandate_storage::{Fence, Unlocked, Upload, WriteTx};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use crate::attachment::{AttachmentView, FileContent};
use crate::caller::Caller;
use crate::escalation_letter;
use crate::escalation_step::follow;
use crate::extract::PathId;
use crate::file_header::{UploadHead, too_large};
use crate::files::{FileError, FileWriter};
use crate::input::Errors;
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::{Answer, REPLAYED, command};
use crate::service_request::fence;
use crate::sniff::{HEAD_BYTES, sniff};
use crate::state::App;
use crate::wire::{EscalationIdWire, ServiceRequestIdWire};

/// How long a file may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(300);
/// How long a client may send nothing.
const STALL: Duration = Duration::from_secs(15);
/// Bytes that arrive in a second, on average; at first, while [`STALL`] is not over, it may be fewer.
const BYTES_PER_SECOND: u64 = 4 * 1024;
/// How long an upload may take until its answer, and whatever else takes a file.
pub(crate) const DEADLINE: Duration = Duration::from_secs(330);
/// Uploads at a time; the others wait for a moment and are then asked to come again.
pub(crate) const AT_ONCE: usize = 32;
/// Those of one caller.
pub(crate) const EACH: usize = 4;
/// Those of one organization's people.
pub(crate) const OF_ORGANIZATION: usize = 8;

/// Upload a file
///
/// The body is the file itself, of at most 25 MiB, with its name in `Content-Disposition` and its type in `Content-Type`. For
/// whoever may update the request while it is not closed. Nobody else knows of the file until a message of the same person names
/// it in `attachment_ids`; after a day without one it is removed.
#[utoipa::path(tag = "attachments", operation_id = "uploadAttachment",
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request."),
        ("Content-Disposition" = String, Header, description = "The name of the file (RFC 6266), of at most 255 characters; folders in front of it are left out.", example = "attachment; filename=\"screenshot.png\"; filename*=UTF-8''screenshot.png"),
        ("Content-Digest" = Option<String>, Header, description = "SHA-256 of the body (RFC 9530), which is then compared with what arrived.", example = "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:")),
    request_body(content = inline(FileContent), content_type = "application/octet-stream", description = "The file. `Content-Type` may be any media type."),
    responses((status = 201, description = "The attachment, which no message has yet.", body = AttachmentView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["invalid_file_name", "invalid_content_digest", "permission_required", "primary_support_contact_required", "service_request_closed", "digest_mismatch"]))))]
#[post("/v1/service-requests/{service_request_id}/attachments")]
pub(crate) async fn upload_attachment(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    upload(app, caller, Place::Request(request_id.0), request, payload).await
}

/// Upload the letter of an escalation
///
/// As files are uploaded to a service request, by whoever may edit the escalation. The file belongs to the letter at once, and whoever may
/// see the escalation may read it; what was verified before has to be verified again.
#[utoipa::path(tag = "escalations", operation_id = "uploadEscalationAttachment",
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation."),
        ("Content-Disposition" = String, Header, description = "The name of the file (RFC 6266), of at most 255 characters; folders in front of it are left out.", example = "attachment; filename=\"letter.eml\"; filename*=UTF-8''letter.eml"),
        ("Content-Digest" = Option<String>, Header, description = "SHA-256 of the body (RFC 9530), which is then compared with what arrived.", example = "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:")),
    request_body(content = inline(FileContent), content_type = "application/octet-stream", description = "The file. `Content-Type` may be any media type."),
    responses((status = 201, description = "The attachment.", body = AttachmentView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["invalid_file_name", "invalid_content_digest", "permission_required", "staff_only", "invalid_transition", "attachment_not_allowed", "digest_mismatch"]))))]
#[post("/v1/escalations/{escalation_id}/attachments")]
pub(crate) async fn upload_escalation_attachment(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    upload(app, caller, Place::Escalation(id.0), request, payload).await
}

async fn upload(
    app: Data<Arc<App>>,
    mut caller: Caller,
    place: Place,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let head = UploadHead::read(&request)?;
    let _turn = app.uploads.turn(&caller.claims).await?;
    let upload = Upload { id: app.id(), place };
    let writer = match begin(&app, &caller, upload).await? {
        true => Some(app.files.writer(upload).await.map_err(unstored)?),
        false => None,
    };
    let is_stored = writer.is_some();
    let answer = match receive(payload.into_inner(), &head, writer).await {
        Ok(content) => {
            // The file took its time: whoever may not have it stored any more is told so now.
            caller.now = app.now();
            let command = CreateAttachment { id: upload.id, file_name: head.file_name, content };
            finish(&app, caller, upload, command, is_stored).await
        }
        Err(problem) => Err(problem),
    };
    // What is stored and not taken up is removed at once, where that can be; else the worker does it.
    let is_taken_up = answer.as_ref().is_ok_and(|answer| !answer.headers().contains_key(REPLAYED));
    if is_stored && !is_taken_up {
        abandon(&app, upload).await;
    }
    answer
}

/// Asks whether the caller may upload at all, before anything of the file is received, and writes down that a file is about to
/// be stored. Answers false where the same request was answered before: then nothing is stored, and its body only compared.
async fn begin(app: &Arc<App>, caller: &Caller, upload: Upload) -> Result<bool, Problem> {
    let caller = caller.clone();
    let work = move |unlocked: Unlocked<'_>| {
        let mut tx = unlocked.lock(&Fence::new())?;
        let asker = caller.identify(&mut tx)?;
        if caller.was_answered(&mut tx)? {
            return Ok(false);
        }
        match upload.place {
            Place::Request(id) => attachment::allow_upload(&tx.request_facts(&asker.actor, id, asker.now)?)?,
            Place::Escalation(id) => {
                let facts = crate::escalation::facts(&mut tx, &asker.actor, asker.now, id)?;
                let (actor, origin) = (Some(asker.actor.clone()), caller.origin.clone());
                attachment::allow_letter(&Context { actor, now: asker.now, origin }, facts)?;
            }
        }
        tx.begin_upload(upload, asker.now)?;
        Ok(true)
    };
    app.write_unsigned(work).await
}

/// Receives a file and stores it, if there is somebody to write it; nothing is left of one that is refused.
///
/// *Errors*: `malformed_request`, `body_too_large`, `validation_failed` for an empty file, `digest_mismatch`, `unavailable` where the
/// store fails.
async fn receive(payload: Payload, head: &UploadHead, mut writer: Option<FileWriter>) -> Result<Content, Problem> {
    let late = || Problem::malformed(say!("the file did not arrive in time"));
    let received = timeout(ARRIVAL, arrive(payload, &mut writer)).await.map_err(|_| late()).flatten();
    let checked = received.and_then(|arrival| arrival.check(head));
    match (writer, checked) {
        (Some(writer), Ok(content)) => writer.finish().await.map_err(unstored).map(|()| content),
        (Some(writer), Err(problem)) => {
            if let Err(error) = writer.abort().await {
                tracing::warn!(%error, "the beginning of a refused file could not be removed; the worker will try again");
            }
            Err(problem)
        }
        (None, checked) => checked,
    }
}

/// What is known of a file while it arrives.
#[derive(Default)]
struct Arrival {
    hash: Sha256,
    beginning: Vec<u8>,
    size: u64,
}

async fn arrive(mut payload: Payload, writer: &mut Option<FileWriter>) -> Result<Arrival, Problem> {
    let mut arrival = Arrival::default();
    let begun = Instant::now();
    loop {
        let patience = begun.elapsed().as_secs().saturating_sub(STALL.as_secs());
        if arrival.size < patience.saturating_mul(BYTES_PER_SECOND) {
            return Err(Problem::malformed(say!(
                "the file arrives too slowly, below {bytes} bytes a second",
                bytes = BYTES_PER_SECOND
            )));
        }
        let next = timeout(STALL, payload.next()).await;
        let Some(bytes) = next.map_err(|_| Problem::malformed(say!("the client sends nothing any more")))? else {
            return Ok(arrival);
        };
        let bytes = bytes.map_err(|_| Problem::malformed(say!("the file cannot be received")))?;
        arrival.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if arrival.size > ATTACHMENT_BYTES_MAX {
            return Err(too_large());
        }
        arrival.hash.update(&bytes);
        let missing = HEAD_BYTES.saturating_sub(arrival.beginning.len()).min(bytes.len());
        arrival.beginning.extend_from_slice(bytes.get(..missing).unwrap_or_default());
        if let Some(writer) = writer {
            writer.write(bytes).await.map_err(unstored)?;
        }
    }
}

impl Arrival {
    fn check(self, head: &UploadHead) -> Result<Content, Problem> {
        if self.size == 0 {
            let mut errors = Errors::of_body();
            errors.add("", Flaw::new("too_short", say!("must have at least 1 byte: the file is empty")));
            return Err(errors.into_problem());
        }
        let sha256 = Sha256Sum(self.hash.finalize().into());
        if head.digest.is_some_and(|digest| digest != sha256) {
            let detail = say!("the {size} bytes that arrived have the SHA-256 `{sha256}`", size = self.size, sha256);
            return Err(Problem::new(Code::DigestMismatch, detail));
        }
        let detected = sniff(&self.beginning);
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        Ok(Content { media_type: head.media_type.clone(), detected, size, sha256 })
    }
}

fn unstored(error: FileError) -> Problem {
    Problem::unavailable(format!("the file cannot be stored: {error}"))
}

/// Takes the stored file up as an attachment or as a letter, if the caller still may. Where nothing is stored, the same request
/// was answered before, and its answer is given again.
async fn finish(
    app: &Arc<App>,
    caller: Caller,
    upload: Upload,
    wanted: CreateAttachment,
    is_stored: bool,
) -> Result<HttpResponse, Problem> {
    let mut body = Sha256::new();
    body.update(wanted.content.sha256.0);
    body.update(format!("{}\n{}", wanted.content.media_type, wanted.file_name));
    let signature = match upload.place {
        Place::Escalation(_) if is_stored => escalation_letter::check(app, upload, &wanted).await?,
        Place::Escalation(_) | Place::Request(_) => None,
    };
    let work = move |app: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let actor = context.signed_in()?;
        let change = match upload.place {
            Place::Request(id) => {
                attachment::create(context, &tx.request_facts(actor, id, context.now)?, wanted.clone())?
            }
            Place::Escalation(id) => {
                let facts = crate::escalation::facts(tx, actor, context.now, id)?;
                let added = attachment::create_letter(context, facts, wanted.clone())?;
                tx.save_escalation(&added.escalation)?;
                follow(app, tx, context, &added.escalation)?;
                added.attachment
            }
        };
        tx.save_attachment(&change)?;
        signature.iter().try_for_each(|signature| tx.save_letter_signature(upload.id, signature))?;
        let location = format!("/v1/attachments/{}", wanted.id);
        Answer::created(location, 1, wanted.id, &AttachmentView::from(change.after()))
    };
    let around = move |unlocked: &mut Unlocked<'_>| match upload.place {
        Place::Request(id) => fence(unlocked, id),
        Place::Escalation(id) => crate::escalation::fence(unlocked, id),
    };
    app.write(caller.with_body(body.finalize().into()), command(around, work)).await
}

/// Removes what was stored for nothing.
async fn abandon(app: &Arc<App>, upload: Upload) {
    let done = async {
        let abandon = move |unlocked: Unlocked<'_>| Ok(unlocked.lock(&Fence::new())?.abandon_upload(upload.id)?);
        if app.write_unsigned(abandon).await? {
            app.files.remove(upload).await.map_err(unstored)?;
            let forget = move |unlocked: Unlocked<'_>| Ok(unlocked.lock(&Fence::new())?.forget_upload(upload.id)?);
            app.write_unsigned(forget).await?;
        }
        Ok::<_, Problem>(())
    };
    if let Err(problem) = done.await {
        tracing::warn!(id = %upload.id, cause = problem.cause(), "an upload could not be removed; the worker will try again");
    }
}
