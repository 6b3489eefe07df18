//! Reminders that a grant is about to end (G-11).

use crate::access::{Action, Standing, Visible, require};
use crate::change::{Authority, Change, Context};
use crate::contact::Contact;
use crate::id::OrganizationId;
use crate::journal::{Entry, EventKind, Fact, Snapshot};
use crate::partner_grant::{self, GrantFacts, Grantee, PartnerGrant};
use crate::telling::{Schedule, Telling, managers};
use crate::time::{Span, Timestamp};
use crate::vocabulary::{GrantStatus, Level, MailKind};

/// How many days before its end a grant is reminded of, the longest first (G-11).
pub const MARKS: [i64; 3] = [30, 7, 1];

/// When a grant ends by itself, if it does.
fn end(grant: &PartnerGrant) -> Option<Timestamp> {
    grant.expires_at.filter(|_| grant.ending.is_none())
}

fn mark(end: Timestamp, days: i64) -> Timestamp {
    end.minus(Span::days(days))
}

/// The first mark that lies ahead, or the end itself, when what hangs on the grant ends (S-7).
fn next_mark(end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    MARKS.into_iter().map(|days| mark(end, days)).chain([end]).find(|mark| *mark > now)
}

/// When a changed grant is to be reminded of: its marks count anew from each new end, those that have passed by then are left out; the last one is the end itself.
pub fn schedule(change: &Change<PartnerGrant>) -> Schedule {
    let after = change.after();
    if change.before().and_then(end) == end(after) {
        return Schedule::Keep;
    }
    end(after).and_then(|end| next_mark(end, after.updated_at)).map_or(Schedule::Never, Schedule::At)
}

/// What must be known to remind of a grant.
#[derive(Debug, Clone)]
pub struct ReminderFacts {
    /// The grant, if it exists.
    pub grant: Option<PartnerGrant>,
    /// The active contact managers of its grantor, by name.
    pub grantors: Vec<Contact>,
    /// Those of the partner that holds it as a whole; nobody for a grant to one person.
    pub holders: Vec<Contact>,
}

/// Reminds both sides of a grant of which the server has to look after one of its marks (G-11).
///
/// *Decides*: live, with an end? Then of the last mark that has passed alone, however many were slept over; and the next one is
/// awaited. Whom the level `none` shuts out is not told that they will be let in.
pub fn remind(context: &Context, facts: ReminderFacts) -> Telling {
    let nothing = Telling::nothing(context);
    let live = facts.grant.filter(|grant| grant.status(context.now) == GrantStatus::Live);
    let Some((grant, end)) = live.and_then(|grant| end(&grant).map(|end| (grant, end))) else { return nothing };
    let telling = nothing.again(next_mark(end, context.now));
    let Some(days) = MARKS.into_iter().rev().find(|days| mark(end, *days) <= context.now) else { return telling };
    let (about, grantor) = (grant.id.into(), grant.grantor.id);
    let told = telling.write([entry(context, &grant, grantor, days)]).send(
        MailKind::GrantExpiring,
        about,
        managers(MailKind::GrantExpiring, &facts.grantors),
    );
    if grant.level == Level::None {
        return told;
    }
    let told = told.write([entry(context, &grant, grant.grantee.organization(), days)]);
    match &grant.grantee {
        Grantee::Person(person) => told.send(MailKind::ReceivedGrantExpiring, about, [person.id]),
        Grantee::Organization(_) => {
            let holders = managers(MailKind::ReceivedGrantExpiring, &facts.holders);
            told.send(MailKind::ReceivedGrantExpiring, about, holders)
        }
    }
}

/// What stands in the journal of one side.
fn entry(context: &Context, grant: &PartnerGrant, organization: OrganizationId, days: i64) -> Entry {
    Entry {
        organization,
        kind: EventKind::GrantExpiring,
        at: context.now,
        actor: context.actor_id(),
        authority: Authority::own(grant.grantor.id),
        subject: grant.id.into(),
        before: Snapshot::new(),
        after: vec![("expires_at", Fact::optional(grant.expires_at.as_ref())), ("days", Fact::Number(days))],
        origin: context.origin.clone(),
    }
}

/// Shows a grant that is about to end to who is reminded of it: a contact manager of its grantor or, on the side that holds it, the
/// person, or a contact manager of the organization.
///
/// *Shape*: none if it does not end within the longest mark any more, gives them nothing now, or they are none of these.
pub fn view(now: Timestamp, kind: MailKind, facts: GrantFacts) -> Option<Visible<PartnerGrant>> {
    let (actor, standing) = (facts.actor.clone(), facts.standing.clone());
    let visible = partner_grant::view(facts).ok()?;
    let grant = visible.value();
    let is_near = end(grant).is_some_and(|end| mark(end, MARKS[0]) <= now);
    let manages = |standing: &Standing, organization| require(standing, Action::ManageGrants, organization).is_ok();
    let is_told = match (kind, &grant.grantee) {
        (MailKind::GrantExpiring, _) => manages(&standing, grant.grantor.id),
        (_, _) if grant.level == Level::None => false,
        (_, Grantee::Person(person)) => person.id == actor.id(),
        (_, Grantee::Organization(holder)) => manages(&Standing::of(&actor, holder.id, None), holder.id),
    };
    (is_near && is_told && grant.status(now) == GrantStatus::Live).then_some(visible)
}
