//! Messages of service requests (S-5).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use mandate_core::actor::PersonRef;
use mandate_core::change::Change;
use mandate_core::id::{MessageId, ServiceRequestId};
use mandate_core::message::{Message, MessageReach};
use mandate_core::text::MessageBody;

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::people::full_name;
use crate::schema::messages;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Queryable)]
struct LoadedMessage {
    id: String,
    request: String,
    organization: String,
    author: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    author_organization: Option<String>,
    internal: bool,
    body: String,
    created_at: i64,
}

type MessageColumns =
    (Text, Text, Text, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Bool, Text, BigInt);

impl LoadedMessage {
    fn read(self) -> Result<Message, StorageError> {
        let cells = Cells::of("messages", &self.id);
        let author = match (self.author, self.author_organization) {
            (Some(id), Some(organization)) => Some(PersonRef {
                id: cells.person_id("author_id", &id)?,
                name: full_name(&self.first_name.unwrap_or_default(), &self.last_name.unwrap_or_default()),
                organization: cells.id("people.organization_id", &organization)?,
            }),
            _ => None,
        };
        Ok(Message {
            id: cells.id("id", &self.id)?,
            request: cells.id("service_request_id", &self.request)?,
            organization: cells.id("organization_id", &self.organization)?,
            author,
            internal: self.internal,
            body: cells.read("body", MessageBody::kept(&self.body).ok())?,
            created_at: moment(self.created_at),
        })
    }
}

const MESSAGE_SELECT: &str = "SELECT m.id, m.service_request_id, r.organization_id, m.author_id, p.first_name, p.last_name, \
     p.organization_id, m.internal, m.body, m.created_at FROM messages m JOIN service_requests r ON r.id = m.service_request_id \
     LEFT JOIN people p ON p.id = m.author_id ";

impl ReadTx<'_> {
    /// A message, whoever may see it.
    pub fn message(&mut self, id: MessageId) -> Result<Option<Message>, StorageError> {
        let query = Sql::<MessageColumns>::new(MESSAGE_SELECT).push("WHERE m.id = ").bind_text(id);
        let row: Option<LoadedMessage> = on!(self, |connection| query.get_result(connection).optional())?;
        row.map(LoadedMessage::read).transpose()
    }

    /// The messages of a request that a reach allows, oldest first unless asked otherwise.
    pub fn messages(
        &mut self,
        request: ServiceRequestId,
        reach: MessageReach,
        newest_first: bool,
        page: &Page,
    ) -> Result<Slice<Message>, StorageError> {
        let mut query =
            Sql::<MessageColumns>::new(MESSAGE_SELECT).push("WHERE m.service_request_id = ").bind_text(request);
        if !reach.reaches_internal() {
            query = query.push(" AND NOT m.internal");
        }
        query = page.ordered(query, "m.created_at", "m.id", newest_first);
        let rows: Vec<LoadedMessage> = on!(self, |connection| query.load(connection))?;
        let messages = rows.into_iter().map(LoadedMessage::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Slice::cut(messages, page, |message| Position {
            key: SortKey::Number(message.created_at.micros()),
            id: message.id.to_string(),
        }))
    }
}

impl WriteTx<'_> {
    /// Saves a new message and its words.
    pub fn save_message(&mut self, change: &Change<Message>) -> Result<(), StorageError> {
        let message = change.after();
        let row = (
            messages::id.eq(message.id.to_string()),
            messages::service_request_id.eq(message.request.to_string()),
            messages::author_id.eq(message.author.as_ref().map(|author| author.id.to_string())),
            messages::internal.eq(message.internal),
            messages::body.eq(message.body.as_str()),
            messages::created_at.eq(message.created_at.micros()),
        );
        on!(self, |connection| diesel::insert_into(messages::table).values(row.clone()).execute(connection))?;
        self.save_message_words(message)?;
        self.record(change)
    }
}
