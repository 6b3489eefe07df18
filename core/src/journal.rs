//! The journal: one numbered, hash-chained entry per change, which is the audit entry and the event in one (X-2, X-2a).
//!
//! An entry that only staff may know of, such as an internal note, goes into the vendor's journal, so that a customer's
//! numbers have no gaps that would give it away (S-5).

use sha2::{Digest, Sha256};

use crate::change::{Authority, Context, Origin, Recorded};
use crate::id::{AnyId, EventId, OrganizationId, PersonId};
use crate::time::Timestamp;
use crate::vocabulary::{Vocabulary as _, vocabulary};

vocabulary! {
    /// What happened. The names are stable: audit log, event feed and webhooks share them.
    EventKind ("event") {
        /// An organization was created.
        OrganizationCreated = "organization.created",
        /// An organization was edited.
        OrganizationUpdated = "organization.updated",
        /// An organization was suspended.
        OrganizationSuspended = "organization.suspended",
        /// An organization was resumed.
        OrganizationResumed = "organization.resumed",
        /// A staff member was created.
        StaffCreated = "staff.created",
        /// A staff member was edited.
        StaffUpdated = "staff.updated",
        /// A staff member was disabled.
        StaffDisabled = "staff.disabled",
        /// A staff member set the first password.
        StaffActivated = "staff.activated",
        /// A contact was created.
        ContactCreated = "contact.created",
        /// A contact was edited.
        ContactUpdated = "contact.updated",
        /// A contact was disabled.
        ContactDisabled = "contact.disabled",
        /// A contact was enabled again.
        ContactEnabled = "contact.enabled",
        /// A contact set a password and can sign in.
        ContactActivated = "contact.activated",
        /// The welcome email was sent again.
        ContactWelcomeResent = "contact.welcome_resent",
        /// A contact went to another organization.
        ContactTransferred = "contact.transferred",
        /// A contact was confirmed in a review.
        ContactConfirmed = "contact.confirmed",
        /// It was noted that a contact lacks training, or not any more.
        ContactTrainingNoted = "contact.training_noted",
        /// A contact of another organization was invited.
        InvitationCreated = "invitation.created",
        /// An invitation was cancelled.
        InvitationCancelled = "invitation.cancelled",
        /// An invitation was accepted.
        InvitationAccepted = "invitation.accepted",
        /// An invitation's time was over when a new one took its place.
        InvitationExpired = "invitation.expired",
        /// A contact review was started.
        ReviewStarted = "contact_review.started",
        /// A contact review closed itself.
        ReviewClosed = "contact_review.closed",
        /// A site was created.
        SiteCreated = "site.created",
        /// A site was edited, archived, or taken back into use.
        SiteUpdated = "site.updated",
        /// The account team was set.
        AccountTeamUpdated = "account_team.updated",
        /// A critical readiness finding appeared.
        FindingOpened = "readiness.finding_opened",
        /// A critical readiness finding went away.
        FindingCleared = "readiness.finding_cleared",
        /// A password was reset by its owner.
        PasswordReset = "person.password_reset",
        /// A grant was made.
        GrantCreated = "partner_grant.created",
        /// A grant's level or expiry was edited.
        GrantUpdated = "partner_grant.updated",
        /// A grant was revoked by its grantor.
        GrantRevoked = "partner_grant.revoked",
        /// A grant ended with its holder, or made room for a new one after its time.
        GrantEnded = "partner_grant.ended",
        /// A grant that takes away rests while its holder is disabled (G-12).
        GrantRested = "partner_grant.rested",
        /// A grant is about to end; in the journals of both sides.
        GrantExpiring = "partner_grant.expiring",
        /// People joined or left a partner all of which holds a grant; in the journal of the grantor.
        RosterChanged = "partner.roster_changed",
        /// A grant was asked for; in the journals of both sides.
        GrantRequestCreated = "partner_grant_request.created",
        /// A request for a grant was approved.
        GrantRequestApproved = "partner_grant_request.approved",
        /// A request for a grant was declined.
        GrantRequestDeclined = "partner_grant_request.declined",
        /// A request for a grant was withdrawn.
        GrantRequestWithdrawn = "partner_grant_request.withdrawn",
        /// A request for a grant ended with those whom it was about.
        GrantRequestCancelled = "partner_grant_request.cancelled",
        /// Nobody answered a request for a grant in time.
        GrantRequestLapsed = "partner_grant_request.lapsed",
        /// A service request was created.
        RequestCreated = "service_request.created",
        /// A service request was edited.
        RequestUpdated = "service_request.updated",
        /// Somebody was added to a service request.
        ParticipantAdded = "service_request.participant_added",
        /// A participant of a service request got another role.
        ParticipantChanged = "service_request.participant_changed",
        /// A participant of a service request was removed, or left with their organization.
        ParticipantRemoved = "service_request.participant_removed",
        /// A public reply was written.
        MessageCreated = "service_request.message_created",
        /// An internal note was written; in the vendor's journal alone.
        NoteCreated = "service_request.note_created",
        /// A file was uploaded; in the journal of its uploader's organization, for nobody else knows of it yet.
        AttachmentUploaded = "attachment.uploaded",
        /// An uploaded file was added to a message; to a note, in the vendor's journal alone.
        AttachmentAdded = "service_request.attachment_added",
        /// An escalation was opened (E-1).
        EscalationOpened = "escalation.opened",
        /// The letter, the nominee or the reasons of an escalation were edited.
        EscalationUpdated = "escalation.updated",
        /// A duty manager took an escalation into review.
        EscalationInReview = "escalation.in_review",
        /// Items of an escalation were verified (E-6).
        EscalationVerified = "escalation.verified",
        /// Information was asked for.
        EscalationInformationRequested = "escalation.information_requested",
        /// The information came.
        EscalationInformationProvided = "escalation.information_provided",
        /// An escalation was approved, and its waiting period began (E-7).
        EscalationApproved = "escalation.approved",
        /// An escalation was rejected.
        EscalationRejected = "escalation.rejected",
        /// Whoever opened an escalation took it back.
        EscalationWithdrawn = "escalation.withdrawn",
        /// Somebody who guards the organization objected (E-8).
        EscalationObjected = "escalation.objected",
        /// A second duty manager resumed an escalation (E-8).
        EscalationResumed = "escalation.resumed",
        /// The nominee became primary support contact (E-9).
        EscalationCompleted = "escalation.completed",
        /// An escalation could not be completed any more, and went back into review.
        EscalationReturned = "escalation.returned",
        /// The information that was asked for did not come in time.
        EscalationLapsed = "escalation.lapsed",
        /// The account team confirmed a number that was recorded shortly before (E-6a).
        EscalationNumberConfirmed = "escalation.number_confirmed",
        /// Somebody who is said to be unavailable, or a primary support contact, is there after all (E-9).
        EscalationPresumptionEnded = "escalation.presumption_ended",
        /// The waiting period rests, because the organization was suspended (E-7).
        EscalationRested = "escalation.rested",
        /// The waiting period goes on (E-7).
        EscalationWentOn = "escalation.went_on",
        /// An article was written.
        ArticleCreated = "article.created",
        /// An article was edited, reviewed, taken out of the knowledge base, or taken back in.
        ArticleUpdated = "article.updated",
    }
}

/// A value in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Nothing.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text, an id, a moment or a word of a vocabulary.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

impl Fact {
    /// A text, or nothing.
    pub fn optional<T: ToString>(value: Option<&T>) -> Self {
        value.map_or(Self::Null, |value| Self::Text(value.to_string()))
    }

    /// A text.
    pub fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }
}

/// The members of a thing, by name, in a fixed order.
pub type Snapshot = Vec<(&'static str, Fact)>;

/// The members that differ, before and after.
pub(crate) fn difference(before: &Snapshot, after: &Snapshot) -> (Snapshot, Snapshot) {
    before.iter().zip(after).filter(|(old, new)| old != new).map(|(old, new)| (old.clone(), new.clone())).unzip()
}

/// What happened, who did it, for whom, by which right, when and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In whose journal it stands.
    pub organization: OrganizationId,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Who did it; none for the system.
    pub actor: Option<PersonId>,
    /// For whom, and by which grant.
    pub authority: Authority,
    /// To what.
    pub subject: AnyId,
    /// The members that changed, as they were.
    pub before: Snapshot,
    /// The members that changed, as they are.
    pub after: Snapshot,
    /// From where.
    pub origin: Origin,
}

impl Entry {
    pub(crate) fn new<T: Recorded>(
        context: &Context,
        authority: Authority,
        kind: EventKind,
        subject: &T,
        before: Snapshot,
        after: Snapshot,
    ) -> Self {
        Self {
            organization: subject.journal_of(),
            kind,
            at: context.now,
            actor: context.actor_id(),
            authority,
            subject: subject.subject(),
            before,
            after,
            origin: context.origin.clone(),
        }
    }
}

/// The hash that stands before the first entry of a journal.
pub const FIRST_LINK: [u8; 32] = [0; 32];

/// A journal entry as it is written: numbered, with its members as text.
///
/// The chain covers exactly these texts, so that it can be verified from the stored row alone.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    /// The entry's place in its organization's journal, from 1 without gaps (X-2a).
    pub sequence: i64,
    /// The entry's id.
    pub id: EventId,
    /// The entry.
    pub entry: &'a Entry,
    /// The members that changed, as they were: a JSON object.
    pub before: &'a str,
    /// The members that changed, as they are: a JSON object.
    pub after: &'a str,
}

impl Sealed<'_> {
    /// The link of the chain: SHA-256 over the previous link and every part of the entry, each preceded by its length.
    pub fn link(&self, previous: &[u8]) -> [u8; 32] {
        let Entry { organization, kind, at, actor, authority, subject, origin, .. } = self.entry;
        let parts = [
            organization.to_string(),
            self.sequence.to_string(),
            self.id.to_string(),
            kind.name().to_owned(),
            at.micros().to_string(),
            actor.map(|actor| actor.to_string()).unwrap_or_default(),
            authority.acting_for.to_string(),
            authority.grant.map(|grant| grant.to_string()).unwrap_or_default(),
            subject.to_string(),
            self.before.to_owned(),
            self.after.to_owned(),
            origin.request_id.clone(),
            origin.address.map(|address| address.to_string()).unwrap_or_default(),
        ];
        let mut hash = Sha256::new();
        hash.update(previous);
        for part in &parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}
