//! What a decision answers when it says yes.

use std::net::IpAddr;

use crate::access::Visible;
use crate::actor::Actor;
use crate::broadcast::Broadcast;
use crate::id::{AnyId, GrantId, LinkId, MailId, OrganizationId, PersonId, ServiceRequestId};
use crate::journal::{Entry, EventKind, Snapshot, difference};
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;
use crate::vocabulary::MailKind;

/// Where a command came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The HTTP request's id.
    pub request_id: String,
    /// The address of the peer.
    pub address: Option<IpAddr>,
}

/// Everything about a command that is not its content: who, when, from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Who; none for what the system does by itself.
    pub actor: Option<Actor>,
    /// When. The same for the whole request (X-4a).
    pub now: Timestamp,
    /// From where.
    pub origin: Origin,
}

impl Context {
    /// Who acts, where somebody must.
    ///
    /// *Errors*: `unauthenticated` for the system.
    pub fn signed_in(&self) -> Result<&Actor, Refusal> {
        self.actor.as_ref().ok_or_else(|| Refusal::of(Code::Unauthenticated))
    }

    /// Who acted, for the journal.
    pub fn actor_id(&self) -> Option<PersonId> {
        self.actor.as_ref().map(Actor::id)
    }
}

/// For whom, and by which grant, somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// The organization whose affairs they are.
    pub acting_for: OrganizationId,
    /// The grant that gave the right, if one did.
    pub grant: Option<GrantId>,
}

impl Authority {
    /// The right that comes with one's own position.
    pub fn own(organization: OrganizationId) -> Self {
        Self { acting_for: organization, grant: None }
    }
}

/// An email that is owed. Whether its receiver may still have it is decided when it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The email's id; stays the same over retries.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// Who gets it.
    pub to: PersonId,
    /// The thing it is about.
    pub about: Option<AnyId>,
    /// The single-use link that it carries.
    pub link: Option<LinkId>,
}

/// A thing whose changes go into the journal.
pub trait Recorded {
    /// Its id.
    fn subject(&self) -> AnyId;
    /// In whose journal its changes are written.
    fn journal_of(&self) -> OrganizationId;
    /// Its members, in a fixed order.
    fn snapshot(&self) -> Snapshot;
    /// Its version, which grows by one with each change.
    fn version(&self) -> i64;
    /// The same thing, one version later.
    #[must_use]
    fn next_version(self, now: Timestamp) -> Self;
}

/// A decided change of one thing: the proof, without which nothing is saved.
///
/// *Shape*: `before` is absent when the thing is new. When nothing changed, `before` equals `after` and there are no entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<T> {
    before: Option<T>,
    after: T,
    entries: Vec<Entry>,
    notices: Vec<Notice>,
    broadcast: Option<Broadcast>,
}

impl<T: Recorded + Clone + PartialEq> Change<T> {
    /// A new thing.
    pub(crate) fn create(context: &Context, authority: Authority, kind: EventKind, after: T) -> Self {
        let entry = Entry::new(context, authority, kind, &after, Snapshot::new(), after.snapshot());
        Self { before: None, after, entries: vec![entry], notices: Vec::new(), broadcast: None }
    }

    /// Another state of a thing; nothing at all if it is the same state.
    pub(crate) fn update(context: &Context, authority: Authority, kind: EventKind, before: T, after: T) -> Self {
        if before == after {
            return Self { before: Some(before), after, entries: Vec::new(), notices: Vec::new(), broadcast: None };
        }
        Self::touch(context, authority, kind, before, after)
    }

    /// Another state of a thing, recorded even where none of its own members differ.
    pub(crate) fn touch(context: &Context, authority: Authority, kind: EventKind, before: T, after: T) -> Self {
        let (old, new) = difference(&before.snapshot(), &after.snapshot());
        let after = after.next_version(context.now);
        let entry = Entry::new(context, authority, kind, &after, old, new);
        Self { before: Some(before), after, entries: vec![entry], notices: Vec::new(), broadcast: None }
    }

    /// The same new thing with something that is only known now; its journal entry says it as well.
    #[must_use]
    pub(crate) fn amend(self, amend: impl FnOnce(T) -> T) -> Self {
        let after = amend(self.after);
        let snapshot = after.snapshot();
        let mut entries = self.entries;
        if let Some(entry) = entries.first_mut().filter(|_| self.before.is_none()) {
            entry.after = snapshot;
        }
        Self { after, entries, ..self }
    }

    /// Adds an email that is owed because of the change.
    #[must_use]
    pub(crate) fn notify(mut self, notice: Notice) -> Self {
        self.notices.push(notice);
        self
    }

    /// Owes an email about the thing to everybody whom a service request concerns (S-12).
    #[must_use]
    pub(crate) fn broadcast(mut self, kind: MailKind, request: ServiceRequestId) -> Self {
        self.broadcast = Some(Broadcast { kind, about: self.after.subject(), request: Some(request), by: None });
        self
    }

    /// Owes an email to everybody whom something else concerns.
    #[must_use]
    pub(crate) fn tell_all(self, broadcast: Broadcast) -> Self {
        self.told_as(Some(broadcast))
    }

    /// Owes this email to everybody whom it concerns, and no other.
    #[must_use]
    pub(crate) fn told_as(self, broadcast: Option<Broadcast>) -> Self {
        Self { broadcast, ..self }
    }

    /// Adds what else the change brought about, such as a finding that appeared or went away.
    #[must_use]
    pub(crate) fn announce(mut self, entries: Vec<Entry>) -> Self {
        self.entries.extend(entries);
        self
    }

    /// The result, visible to whoever made the change.
    pub fn visible(&self, actor: &Actor) -> Visible<T> {
        Visible::new(self.after.clone(), actor)
    }
}

impl<T> Change<T> {
    /// The state before, if there was one.
    pub fn before(&self) -> Option<&T> {
        self.before.as_ref()
    }

    /// The state after.
    pub fn after(&self) -> &T {
        &self.after
    }

    /// Whether anything has to be saved.
    pub fn is_effective(&self) -> bool {
        self.before.is_none() || !self.entries.is_empty()
    }

    /// What goes into the journal.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Which emails are owed.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Which email is owed to everybody whom a service request concerns.
    pub fn broadcasts(&self) -> Option<&Broadcast> {
        self.broadcast.as_ref()
    }
}
