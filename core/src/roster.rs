//! Who joins and leaves a partner organization whose people all see a customer's requests: that customer is told (G-18).
//!
//! What happens within [`SETTLE`] is told at once, so that an import of thousands, or ten contacts made by hand, is one email.

use crate::access::{Action, Standing, require};
use crate::actor::{OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context};
use crate::contact::Contact;
use crate::id::{OrganizationId, RosterId};
use crate::journal::{Entry, EventKind, Fact, Snapshot};
use crate::partner_grant::{Grantee, PartnerGrant};
use crate::request_access::reads;
use crate::telling::{Schedule, Telling, managers};
use crate::time::{Span, Timestamp};
use crate::vocabulary::{GrantStatus, MailKind, PersonStatus, vocabulary};

/// How long further changes are awaited before the first one is told.
pub const SETTLE: Span = Span::minutes(5);

/// How many people are named of those who joined, and of those who left.
pub const NAMED_MAX: usize = 50;

/// How many grantors are told in one go.
pub const GRANTORS_AT_ONCE: usize = 20;

vocabulary! {
    /// Which way somebody went.
    Movement ("movement") {
        /// Created, imported, enabled, or come over from another organization.
        Joined = "joined",
        /// Disabled, or gone over to another organization.
        Left = "left",
    }
}

/// Which way a change took a contact, if it did.
pub fn movement(change: &Change<Contact>) -> Option<Movement> {
    let belongs = |contact: &Contact| matches!(contact.status, PersonStatus::Invited | PersonStatus::Active);
    match (change.before().is_some_and(belongs), belongs(change.after())) {
        (false, true) => Some(Movement::Joined),
        (true, false) => Some(Movement::Left),
        (true, true) | (false, false) => None,
    }
}

/// When a roster that opens is told: after [`SETTLE`].
pub fn schedule(opened_at: Timestamp) -> Schedule {
    Schedule::At(opened_at.plus(SETTLE))
}

/// What is gathered of one partner until it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// Its id.
    pub id: RosterId,
    /// The partner.
    pub organization: OrganizationRef,
    /// When the first of those in it joined or left.
    pub opened_at: Timestamp,
    /// Since when nobody is added any more, because it is being told.
    pub closed_at: Option<Timestamp>,
    /// The last grantor who was told, in the order of their ids.
    pub told_up_to: Option<OrganizationId>,
}

/// Some of those who went one way, and how many they all are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// The first of them, at most [`NAMED_MAX`].
    pub named: Vec<PersonRef>,
    /// How many there are.
    pub total: i64,
}

/// Who joined and who left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Movements {
    /// Who joined.
    pub joined: Moved,
    /// Who left.
    pub left: Moved,
}

/// What must be known to tell of a roster.
#[derive(Debug, Clone)]
pub struct RosterFacts {
    /// The roster, if it is still there.
    pub roster: Option<Roster>,
    /// Who is in it.
    pub movements: Movements,
    /// Organization-wide grants to the partner without an ending behind the grantor who was told last, in the order of their
    /// grantors, at most [`GRANTORS_AT_ONCE`]; each with the active contact managers of its grantor, by name.
    pub grants: Vec<(PartnerGrant, Vec<Contact>)>,
}

/// How far a roster has been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterStep {
    telling: Telling,
    roster: Option<Roster>,
}

impl RosterStep {
    /// What is told now.
    pub fn telling(&self) -> &Telling {
        &self.telling
    }

    /// The roster afterwards, if there is one.
    pub fn roster(&self) -> Option<&Roster> {
        self.roster.as_ref()
    }
}

/// Whether a grant puts every contact of a partner before its grantor's requests.
fn is_wide(grant: &PartnerGrant, partner: OrganizationId, now: Timestamp) -> bool {
    let is_whole = matches!(&grant.grantee, Grantee::Organization(holder) if holder.id == partner);
    is_whole && reads(grant.level) && grant.status(now) == GrantStatus::Live
}

/// Tells the next grantors who joined and left a partner: by an entry in the journal of each, and emails to contact managers (G-18).
pub fn tell(context: &Context, facts: RosterFacts) -> RosterStep {
    let nothing = Telling::nothing(context);
    let Some(roster) = facts.roster else { return RosterStep { telling: nothing, roster: None } };
    let last = facts.grants.last().map(|(grant, _)| grant.grantor.id);
    let is_full = facts.grants.len() >= GRANTORS_AT_ONCE;
    let wide = facts.grants.iter().filter(|(grant, _)| is_wide(grant, roster.organization.id, context.now));
    let told = wide.fold(nothing, |telling, (grant, people)| {
        let kind = MailKind::PartnerRoster;
        telling.write([entry(context, &roster, grant, &facts.movements)]).send(
            kind,
            roster.id.into(),
            managers(kind, people),
        )
    });
    let closed_at = roster.closed_at.or(Some(context.now));
    let told_up_to = last.or(roster.told_up_to);
    RosterStep {
        telling: told.again(is_full.then_some(context.now)),
        roster: Some(Roster { closed_at, told_up_to, ..roster }),
    }
}

fn entry(context: &Context, roster: &Roster, grant: &PartnerGrant, movements: &Movements) -> Entry {
    let ids = |moved: &Moved| Fact::Texts(moved.named.iter().map(|person| person.id.to_string()).collect());
    let Movements { joined, left } = movements;
    Entry {
        organization: grant.grantor.id,
        kind: EventKind::RosterChanged,
        at: context.now,
        actor: context.actor_id(),
        authority: Authority::own(grant.grantor.id),
        subject: roster.organization.id.into(),
        before: Snapshot::new(),
        after: vec![
            ("grant_id", Fact::text(grant.id)),
            ("joined", ids(joined)),
            ("joined_total", Fact::Number(joined.total)),
            ("left", ids(left)),
            ("left_total", Fact::Number(left.total)),
        ],
        origin: context.origin.clone(),
    }
}

/// Whether somebody may still be told who joined and left a partner: a contact manager of an organization whose grant to all of
/// that partner is live.
pub fn may_read(now: Timestamp, standing: &Standing, grant: Option<&PartnerGrant>, partner: OrganizationId) -> bool {
    grant.is_some_and(|grant| {
        is_wide(grant, partner, now) && require(standing, Action::ManageGrants, grant.grantor.id).is_ok()
    })
}
