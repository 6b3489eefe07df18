//! Transactions: [`ReadTx`] finds, [`WriteTx`] also saves, [`Unlocked`] only locates.
//!
//! Finders are `impl ReadTx<'_>` blocks in the file of the noun that they return, saves are `impl WriteTx<'_>` blocks beside them.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::r2d2::PooledConnection;
use mandate_core::change::{Change, Recorded};
use mandate_core::id::{
    ContactId, GrantId, InvitationId, LinkId, OrganizationId, PersonId, ReviewId, ServiceRequestId, SiteId, StaffId,
};
use mandate_core::journal::Entry;
use mandate_core::text::Email;

use crate::backend::{self, AnyConnection, FenceMode, Manager, on};
use crate::column::Cells;
use crate::error::StorageError;
use crate::schema::{contact_reviews, partner_grants, people, service_requests, sites};

/// Where the ids of journal entries come from: 128 bits of a UUIDv7, or whatever a test counts.
pub type IdSource = Arc<dyn Fn() -> u128 + Send + Sync>;

/// What one attempt at a transaction has and knows.
pub(crate) struct State {
    pub(crate) connection: PooledConnection<Manager>,
    /// The worst error so far. Whatever the caller makes of it, a transaction that saw one is not committed.
    pub(crate) trouble: Option<StorageError>,
    /// What goes into the journal just before the commit.
    pub(crate) entries: Vec<Entry>,
    pub(crate) ids: IdSource,
    /// Whether an earlier attempt came too late. Then rows are locked before the decision rather than compared after it.
    pub(crate) is_repeated: bool,
}

impl State {
    pub(crate) fn new(connection: PooledConnection<Manager>, ids: IdSource) -> Self {
        Self { connection, trouble: None, entries: Vec::new(), ids, is_repeated: false }
    }

    /// Notes an error. Contention outlives the errors that follow from it, for it is what can be mended by repeating.
    fn note(&mut self, error: StorageError) -> StorageError {
        if self.trouble != Some(StorageError::Contention) {
            self.trouble = Some(error.clone());
        }
        error
    }
}

/// A transaction that reads.
pub struct ReadTx<'a> {
    pub(crate) state: &'a mut State,
}

impl ReadTx<'_> {
    /// The connection, for `on!` alone.
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.state.connection
    }

    /// Notes what went wrong, for `on!` alone.
    pub(crate) fn settle<T>(&mut self, result: QueryResult<T>) -> Result<T, StorageError> {
        result.map_err(|error| {
            self.connection().heed(&error);
            self.state.note(backend::storage_error(&error))
        })
    }

    /// Notes that somebody else was faster: the whole transaction is rolled back and repeated.
    pub(crate) fn contention(&mut self) -> StorageError {
        self.state.note(StorageError::Contention)
    }

    /// Demands that a statement touched exactly one row.
    ///
    /// *Errors*: no row is contention, because the row that the decision was made on is not there any more. Several are a bug.
    pub(crate) fn expect_one(
        &mut self,
        rows: usize,
        table: &'static str,
        id: impl ToString,
    ) -> Result<(), StorageError> {
        match rows {
            1 => Ok(()),
            0 => Err(self.contention()),
            rows => Err(self.unexpected(format!("{rows} rows of {table} have the key `{}`", id.to_string()))),
        }
    }

    /// Notes what cannot be: a bug.
    pub(crate) fn unexpected(&mut self, what: String) -> StorageError {
        self.state.note(StorageError::Unexpected(what))
    }

    fn organization_of(
        &mut self,
        table: &'static str,
        id: &str,
        found: Option<String>,
    ) -> Result<Option<OrganizationId>, StorageError> {
        Cells::of(table, id).optional_id("organization_id", found.as_deref())
    }
}

/// A transaction that writes, inside its fence. Reads as [`ReadTx`] does.
pub struct WriteTx<'a> {
    read: ReadTx<'a>,
}

impl<'a> Deref for WriteTx<'a> {
    type Target = ReadTx<'a>;

    fn deref(&self) -> &Self::Target {
        &self.read
    }
}

impl DerefMut for WriteTx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.read
    }
}

impl<'a> WriteTx<'a> {
    pub(crate) fn new(state: &'a mut State) -> Self {
        Self { read: ReadTx { state } }
    }

    /// Writes down what a change says about itself: its journal entries, just before the commit, and the emails it owes, now.
    ///
    /// Every save calls this, so that no change goes unrecorded.
    ///
    /// *Errors*: a change that owes emails and has no entry is a bug; see [`WriteTx::owe_mail`] for emails without a change.
    pub fn record<T: Recorded>(&mut self, change: &Change<T>) -> Result<(), StorageError> {
        self.record_all(std::slice::from_ref(change))
    }

    /// As [`WriteTx::record`], for many changes at once.
    pub(crate) fn record_all<'c, T: Recorded + 'c>(
        &mut self,
        changes: impl IntoIterator<Item = &'c Change<T>>,
    ) -> Result<(), StorageError> {
        let (mut owed, mut broadcasts) = (Vec::new(), Vec::new());
        for change in changes {
            self.state.entries.extend_from_slice(change.entries());
            match (change.entries().first(), change.notices(), change.broadcasts()) {
                (_, [], None) => {}
                (Some(entry), notices, broadcast) => {
                    owed.extend(notices.iter().map(|notice| (notice, entry.at)));
                    broadcasts.extend(broadcast.map(|broadcast| (broadcast, entry.at)));
                }
                (None, ..) => {
                    let error = "an email is owed for a change that has no journal entry";
                    return Err(StorageError::Unexpected(error.to_owned()));
                }
            }
        }
        self.owe_broadcasts(&broadcasts)?;
        self.owe_mails(&owed)
    }
}

/// A write that has not taken its fence yet. It can only find out which organizations its fence must name.
///
/// What was located may change until the fence is there: whoever reads facts inside of it compares.
pub struct Unlocked<'a> {
    pub(crate) tx: ReadTx<'a>,
}

impl<'a> Unlocked<'a> {
    pub(crate) fn new(state: &'a mut State) -> Self {
        Self { tx: ReadTx { state } }
    }

    /// Where a contact belongs.
    pub fn organization_of_contact(&mut self, id: ContactId) -> Result<Option<OrganizationId>, StorageError> {
        self.organization_of_person(id.into())
    }

    /// Where a staff member belongs.
    pub fn organization_of_staff(&mut self, id: StaffId) -> Result<Option<OrganizationId>, StorageError> {
        self.organization_of_person(id.into())
    }

    /// Where a person belongs.
    pub fn organization_of_person(&mut self, id: PersonId) -> Result<Option<OrganizationId>, StorageError> {
        let id = id.to_string();
        let query = people::table.find(&id).select(people::organization_id);
        let found = on!(self.tx, |connection| query.first::<String>(connection).optional())?;
        self.tx.organization_of("people", &id, found)
    }

    /// Where the person with this email belongs, whose record is not history.
    pub fn organization_of_email(&mut self, email: &Email) -> Result<Option<OrganizationId>, StorageError> {
        Ok(self.tx.person_by_email(email, None)?.map(|existing| existing.organization))
    }

    /// Who made a grant.
    pub fn organization_of_grant(&mut self, id: GrantId) -> Result<Option<OrganizationId>, StorageError> {
        let id = id.to_string();
        let query = partner_grants::table.find(&id).select(partner_grants::grantor_id);
        let found = on!(self.tx, |connection| query.first::<String>(connection).optional())?;
        self.tx.organization_of("partner_grants", &id, found)
    }

    /// Whose a site is.
    pub fn organization_of_site(&mut self, id: SiteId) -> Result<Option<OrganizationId>, StorageError> {
        let id = id.to_string();
        let query = sites::table.find(&id).select(sites::organization_id);
        let found = on!(self.tx, |connection| query.first::<String>(connection).optional())?;
        self.tx.organization_of("sites", &id, found)
    }

    /// Whose contacts a review covers.
    pub fn organization_of_review(&mut self, id: ReviewId) -> Result<Option<OrganizationId>, StorageError> {
        let id = id.to_string();
        let query = contact_reviews::table.find(&id).select(contact_reviews::organization_id);
        let found = on!(self.tx, |connection| query.first::<String>(connection).optional())?;
        self.tx.organization_of("contact_reviews", &id, found)
    }

    /// Whose invitation it is.
    pub fn organization_of_invitation(&mut self, id: InvitationId) -> Result<Option<OrganizationId>, StorageError> {
        Ok(self.tx.invitation(id)?.map(|invitation| invitation.organization))
    }

    /// Between whom the invitation of a link is: the organization that invites, that of the invited contact, and that of whoever
    /// invited them.
    pub fn organizations_of_link(&mut self, link: LinkId) -> Result<Option<[OrganizationId; 3]>, StorageError> {
        let Some(invitation) = self.tx.invitation_of_link(link)? else { return Ok(None) };
        let left = self.organization_of_person(invitation.person.into())?;
        let inviter = self.organization_of_person(invitation.created_by)?;
        Ok(left.zip(inviter).map(|(left, inviter)| [invitation.organization, left, inviter]))
    }

    /// Whose a service request is.
    pub fn organization_of_request(&mut self, id: ServiceRequestId) -> Result<Option<OrganizationId>, StorageError> {
        let id = id.to_string();
        let query = service_requests::table.find(&id).select(service_requests::organization_id);
        let found = on!(self.tx, |connection| query.first::<String>(connection).optional())?;
        self.tx.organization_of("service_requests", &id, found)
    }

    /// Takes the fence. Facts that are read from now on stay true until the commit.
    pub fn lock(mut self, fence: &Fence) -> Result<WriteTx<'a>, StorageError> {
        if !fence.organizations.is_empty() {
            let locks = fence.organizations.iter().map(|(organization, mode)| (lock_key(*organization), *mode));
            let result = self.tx.connection().fence(locks);
            self.tx.settle(result)?;
        }
        Ok(WriteTx::new(self.tx.state))
    }
}

/// The organizations that a write concerns, in the order of their ids, each once.
///
/// Whoever uses the authority of an organization shares it with others who do; whoever changes it is alone. So a revocation
/// that was acknowledged is not overtaken by an effect that rests on what was revoked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fence {
    organizations: BTreeMap<OrganizationId, FenceMode>,
}

impl Fence {
    /// A fence around nothing, for writes that rest on nobody's authority.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an organization whose authority is used: its people, grants and status. Nothing where there is none.
    #[must_use]
    pub fn uses(mut self, organization: impl Into<Option<OrganizationId>>) -> Self {
        if let Some(organization) = organization.into() {
            self.organizations.entry(organization).or_insert(FenceMode::Shared);
        }
        self
    }

    /// Adds an organization whose authority is changed. Nothing where there is none.
    #[must_use]
    pub fn changes(mut self, organization: impl Into<Option<OrganizationId>>) -> Self {
        self.organizations.extend(organization.into().map(|organization| (organization, FenceMode::Exclusive)));
        self
    }
}

/// The advisory lock of an organization. Two organizations with the same key would wait for each other needlessly, no worse.
pub(crate) fn lock_key(organization: OrganizationId) -> i64 {
    let [a, b, c, d, e, f, g, h, low @ ..] = organization.as_u128().to_be_bytes();
    i64::from_be_bytes([a, b, c, d, e, f, g, h]) ^ i64::from_be_bytes(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_in_order_and_a_change_outweighs_a_use() {
        let [one, two, three] = [1, 2, 3].map(OrganizationId::from_u128);
        let fence = Fence::new().uses(three).changes(two).uses(two).uses(one).uses(one).changes(one);
        let expected = [(one, FenceMode::Exclusive), (two, FenceMode::Exclusive), (three, FenceMode::Shared)];
        assert_eq!(fence.organizations.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn neighbouring_organizations_have_different_locks() {
        assert_ne!(lock_key(OrganizationId::from_u128(1)), lock_key(OrganizationId::from_u128(2)));
        assert_ne!(lock_key(OrganizationId::from_u128(1)), lock_key(OrganizationId::from_u128(1 << 64 | 2)));
    }
}
