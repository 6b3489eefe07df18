//! Messages of service requests over HTTP (S-4, S-5).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use mandate_core::attachment::{self, ATTACHMENTS_MAX, Attachment};
use mandate_core::change::Context;
use mandate_core::id::{AnyId, ServiceRequestKind};
use mandate_core::message::{self, CreateMessage, Message};
use mandate_core::text::{MESSAGE_MAX, MessageBody};
use mandate_storage::{Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::attachment::AttachmentView;
use crate::caller::Caller;
use crate::extract::{Body, PathId, Query};
use crate::page::{Order, page};
use crate::person::PersonRefView;
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command};
use crate::service_request::fence;
use crate::state::App;
use crate::wire::{AttachmentIdWire, MessageIdWire, OrderIn, ServiceRequestIdWire, TimestampWire};

/// A message. Never edited, never deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageView {
    /// Its id.
    id: MessageIdWire,
    /// The service request that it belongs to.
    service_request_id: ServiceRequestIdWire,
    /// Who wrote it; `null` for the system.
    #[schema(required = true)]
    author: Option<PersonRefView>,
    /// Whether it is a note that only staff see; always `false` for others.
    #[schema(example = false)]
    internal: bool,
    /// What it says.
    #[schema(example = "Since this morning nobody can sign in.")]
    body: String,
    /// The files that came with it.
    attachments: Vec<AttachmentView>,
    /// When it was written.
    created_at: TimestampWire,
    /// Always 1.
    #[schema(example = 1)]
    version: i64,
}

page!(MessagePage, MessageView);

impl MessageView {
    /// A message with those of these attachments that are its own.
    fn new<'a>(message: &Message, attachments: impl IntoIterator<Item = &'a Attachment>) -> Self {
        let own = attachments.into_iter().filter(|attachment| attachment.stage.message() == Some(message.id));
        Self {
            id: message.id.into(),
            service_request_id: message.request.into(),
            author: message.author.as_ref().map(PersonRefView::from),
            internal: message.internal,
            body: message.body.to_string(),
            attachments: own.map(AttachmentView::from).collect(),
            created_at: message.created_at.into(),
            version: 1,
        }
    }
}

/// Which messages to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListMessagesQuery {
    /// `asc` (the default, oldest first) or `desc`.
    #[param(nullable = false)]
    order: Option<OrderIn>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List the messages of a service request
///
/// Oldest first unless asked otherwise. Internal notes are among them for agents and duty managers alone.
#[utoipa::path(tag = "messages", operation_id = "listMessages",
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request."), ListMessagesQuery),
    responses((status = 200, description = "A page of messages.", body = MessagePage), Problems))]
#[get("/v1/service-requests/{service_request_id}/messages")]
pub(crate) async fn list_messages(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    query: Query<ListMessagesQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let newest_first = value.order.is_some_and(|order| order.0 == Order::Desc);
    errors.finish(|| Some(()))?;
    let page = request.page.clone();
    let (slice, attachments) = app
        .read(caller, move |tx, asker| {
            let facts = tx.request_facts(&asker.actor, request_id.0, asker.now)?;
            let reach = message::allow_list(&facts)?;
            let slice = tx.messages(request_id.0, reach, newest_first, &page)?;
            let ids: Vec<_> = slice.rows.iter().map(|message| message.id).collect();
            let attachments = tx.attachments_of(&ids)?;
            Ok((slice, attachments))
        })
        .await?;
    let views = slice.rows.iter().map(|message| MessageView::new(message, &attachments)).collect();
    Ok(request.answer::<MessagePage>(views, slice.next.as_ref()))
}

/// A message to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"body": "It works again, thank you."}))]
pub struct CreateMessageBody {
    /// What it says, Markdown or plain.
    #[validate(length(max = MESSAGE_MAX))]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 65536,
        example = "It works again, thank you."
    )]
    body: Option<String>,
    /// Whether it is a note that only staff see; for staff.
    #[schema(nullable = false, example = false)]
    internal: Option<bool>,
    /// Files that the author has uploaded to the request and that no message has yet. Whoever may read the message may read them.
    #[validate(length(max = ATTACHMENTS_MAX))]
    #[schema(nullable = false, max_items = 20)]
    attachment_ids: Option<Vec<AttachmentIdWire>>,
}

/// Write a message
///
/// For whoever may update the request. A message from the customer's side moves `waiting_on_customer` and `solved` to
/// `waiting_on_support`; a public reply by staff moves to `waiting_on_customer`.
#[utoipa::path(tag = "messages", operation_id = "createMessage", request_body = CreateMessageBody,
    params(("service_request_id" = ServiceRequestIdWire, Path, description = "The service request.")),
    responses((status = 201, description = "The new message.", body = MessageView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "staff_only", "service_request_closed", "attachment_not_allowed"]))))]
#[post("/v1/service-requests/{service_request_id}/messages")]
pub(crate) async fn create_message(
    app: Data<Arc<App>>,
    caller: Caller,
    request_id: PathId<ServiceRequestKind>,
    body: Body<CreateMessageBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let text = errors.required("/body", &value.body, MessageBody::parse);
    let wanted = errors
        .finish(|| Some(CreateMessage { id: app.id(), body: text?, internal: value.internal.unwrap_or(false) }))?;
    let attachment_ids: Vec<_> = value.attachment_ids.unwrap_or_default().into_iter().map(|id| id.0).collect();
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = tx.request_facts(context.signed_in()?, request_id.0, context.now)?;
        let posted = message::post(context, facts.clone(), wanted.clone())?;
        let named = attachment_ids.iter().map(|id| tx.attachment(*id)).collect::<Result<_, _>>()?;
        let added = attachment::add(context, &facts, &posted.message, named)?;
        tx.save_service_request(&posted.request)?;
        tx.save_message(&posted.message)?;
        added.iter().try_for_each(|change| tx.save_attachment(change))?;
        let location = format!("/v1/service-requests/{}/messages", request_id.0);
        // Whoever gets the answer again must still be allowed to see the request, or its notes.
        let subject = if wanted.internal { AnyId::from(wanted.id) } else { request_id.0.into() };
        let view = MessageView::new(posted.message.after(), added.iter().map(|change| change.after()));
        Ok(Answer::created(location, 1, subject, &view)?.untagged())
    };
    let command = command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, request_id.0), work);
    app.write(caller.with_body(digest), command).await
}
