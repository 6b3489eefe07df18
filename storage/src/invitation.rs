//! Invitations of contacts who belong elsewhere (C-14).

use diesel::prelude::*;
use mandate_core::change::Change;
use mandate_core::id::{ContactId, InvitationId, LinkId, OrganizationId};
use mandate_core::invitation::{Ending, Invitation};
use mandate_core::text::Email;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{InvitationStatus, Vocabulary as _};

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment, words_json};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::schema::invitations;
use crate::sql::{Sql, any_of, once};
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = invitations, treat_none_as_null = true)]
struct InvitationRow {
    id: String,
    organization_id: String,
    person_id: String,
    email: String,
    contact_type: String,
    permission: String,
    duties: String,
    link_id: String,
    expires_at: i64,
    ended_at: Option<i64>,
    ended_status: Option<String>,
    ended_by: Option<String>,
    contact_id: Option<String>,
    created_at: i64,
    created_by: String,
    updated_at: i64,
    version: i64,
}

impl From<&Invitation> for InvitationRow {
    fn from(invitation: &Invitation) -> Self {
        let ending = invitation.ending.as_ref();
        let duties: Vec<_> = invitation.duties.iter().copied().collect();
        Self {
            id: invitation.id.to_string(),
            organization_id: invitation.organization.to_string(),
            person_id: invitation.person.to_string(),
            email: invitation.email.to_string(),
            contact_type: invitation.kind.name().to_owned(),
            permission: invitation.permission.name().to_owned(),
            duties: words_json(&duties),
            link_id: invitation.link.to_string(),
            expires_at: invitation.expires_at.micros(),
            ended_at: ending.map(|ending| ending.at.micros()),
            ended_status: ending.map(|ending| ending.status.name().to_owned()),
            ended_by: ending.and_then(|ending| ending.by).map(|by| by.to_string()),
            contact_id: ending.and_then(|ending| ending.contact).map(|contact| contact.to_string()),
            created_at: invitation.created_at.micros(),
            created_by: invitation.created_by.to_string(),
            updated_at: invitation.updated_at.micros(),
            version: invitation.version,
        }
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StorageError;

    fn try_from(row: InvitationRow) -> Result<Self, StorageError> {
        let cells = Cells::of("invitations", &row.id);
        let ending = match (row.ended_at, row.ended_status.as_deref()) {
            (Some(at), Some(status)) => Some(Ending {
                at: moment(at),
                status: cells.word("ended_status", status)?,
                by: cells.optional_person_id("ended_by", row.ended_by.as_deref())?,
                contact: cells.optional_id("contact_id", row.contact_id.as_deref())?,
            }),
            _ => None,
        };
        Ok(Self {
            id: cells.id("id", &row.id)?,
            organization: cells.id("organization_id", &row.organization_id)?,
            person: cells.id("person_id", &row.person_id)?,
            email: cells.read("email", Email::kept(&row.email).ok())?,
            kind: cells.word("contact_type", &row.contact_type)?,
            permission: cells.word("permission", &row.permission)?,
            duties: cells.words("duties", &row.duties)?.into_iter().collect(),
            link: cells.id("link_id", &row.link_id)?,
            expires_at: moment(row.expires_at),
            ending,
            created_at: moment(row.created_at),
            created_by: cells.person_id("created_by", &row.created_by)?,
            updated_at: moment(row.updated_at),
            version: row.version,
        })
    }
}

const INVITATION_COLUMNS: &str = "i.id, i.organization_id, i.person_id, i.email, i.contact_type, i.permission, i.duties, i.link_id, \
     i.expires_at, i.ended_at, i.ended_status, i.ended_by, i.contact_id, i.created_at, i.created_by, i.updated_at, i.version";

impl ReadTx<'_> {
    /// An invitation.
    pub fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation>, StorageError> {
        Ok(self.load_invitations(Sql::new("WHERE i.id = ").bind_text(id))?.pop())
    }

    /// The invitation that a link belongs to.
    pub fn invitation_of_link(&mut self, link: LinkId) -> Result<Option<Invitation>, StorageError> {
        Ok(self.load_invitations(Sql::new("WHERE i.link_id = ").bind_text(link))?.pop())
    }

    /// The invitation from an organization to a contact that has no ending.
    pub fn open_invitation(
        &mut self,
        organization: OrganizationId,
        contact: ContactId,
    ) -> Result<Option<Invitation>, StorageError> {
        let whose = Sql::new("WHERE i.ended_at IS NULL AND i.organization_id = ")
            .bind_text(organization)
            .push(" AND i.person_id = ")
            .bind_text(contact);
        Ok(self.load_invitations(whose)?.pop())
    }

    /// The invitations without an ending that a contact made, or that were made to them (C-15).
    pub fn open_invitations_around(&mut self, contact: ContactId) -> Result<Vec<Invitation>, StorageError> {
        let whose = Sql::new("WHERE i.ended_at IS NULL AND (i.created_by = ")
            .bind_text(contact)
            .push(" OR i.person_id = ")
            .bind_text(contact)
            .push(") ORDER BY i.id");
        self.load_invitations(whose)
    }

    /// The invitations of an organization, newest first.
    pub fn invitations(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
        statuses: &[InvitationStatus],
        page: &Page,
    ) -> Result<Slice<Invitation>, StorageError> {
        let mut whose = Sql::new("WHERE i.organization_id = ").bind_text(organization).append(in_states(statuses, now));
        whose = page.descending(whose, "i.created_at", "i.id");
        Ok(Slice::cut(self.load_invitations(whose)?, page, |invitation| Position {
            key: SortKey::Number(invitation.created_at.micros()),
            id: invitation.id.to_string(),
        }))
    }

    fn load_invitations(&mut self, whose: Sql) -> Result<Vec<Invitation>, StorageError> {
        let query = Sql::<invitations::SqlType>::new("SELECT ")
            .push(INVITATION_COLUMNS)
            .push(" FROM invitations i ")
            .append(whose);
        let rows: Vec<InvitationRow> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(Invitation::try_from).collect()
    }
}

/// Invitations `i` in one of these states; in any state if none is named.
fn in_states(statuses: &[InvitationStatus], now: Timestamp) -> Sql {
    let ended = |status: &InvitationStatus| Sql::new("i.ended_status = ").bind_text(status.name());
    any_of(once(statuses).map(|status| match status {
        InvitationStatus::Pending => {
            Sql::new("(i.ended_at IS NULL AND i.expires_at > ").bind_big(now.micros()).push(")")
        }
        InvitationStatus::Expired => {
            ended(status).push(" OR (i.ended_at IS NULL AND i.expires_at <= ").bind_big(now.micros()).push(")")
        }
        InvitationStatus::Accepted | InvitationStatus::Cancelled => ended(status),
    }))
}

impl WriteTx<'_> {
    /// Saves an invitation. When it is over, its link is void unless it was used.
    pub fn save_invitation(&mut self, change: &Change<Invitation>) -> Result<(), StorageError> {
        let row = InvitationRow::from(change.after());
        save_row!(self, invitations, &row, change)?;
        if let Some(ending) = &change.after().ending {
            self.void_link(change.after().link, ending.at)?;
        }
        self.record(change)
    }
}
