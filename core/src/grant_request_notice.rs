//! Who is told of a request for a grant: the customer that there is one, and those who asked what became of it (G-9).

use crate::access::{Action, Visible, require};
use crate::change::{Authority, Change, Context};
use crate::contact::Contact;
use crate::grant_request::{self, GrantRequest, RequestFacts};
use crate::id::PersonId;
use crate::journal::{Entry, EventKind, Fact};
use crate::partner_grant::Grantee;
use crate::telling::{Schedule, Telling, managers};
use crate::time::{Span, Timestamp};
use crate::vocabulary::{GrantRequestStatus, MailKind, Vocabulary as _};

/// How long at most until somebody looks again whether an older request still stands in the way of a younger one.
const PATIENCE: Span = Span::days(1);

/// When a changed request is told of: at once, whether the name that was used is anybody's or not; and no more when it was taken
/// back, for nothing is asked of anybody then.
pub fn schedule(change: &Change<GrantRequest>) -> Schedule {
    let after = change.after();
    match (&after.decision, change.before()) {
        (None, None) => Schedule::At(after.created_at),
        (None, Some(_)) => Schedule::Keep,
        (Some(decision), _) => match decision.status {
            GrantRequestStatus::Approved | GrantRequestStatus::Declined => Schedule::At(decision.at),
            GrantRequestStatus::Open
            | GrantRequestStatus::Withdrawn
            | GrantRequestStatus::Lapsed
            | GrantRequestStatus::Cancelled => Schedule::Never,
        },
    }
}

/// What must be known to tell of a request.
#[derive(Debug, Clone)]
pub struct NoticeFacts {
    /// The request, if it exists.
    pub request: Option<GrantRequest>,
    /// The active contact managers of the customer, by name; nobody if there is no customer.
    pub managers: Vec<Contact>,
    /// An older request for the same grantee that the same customer was asked under another name, and that has no decision.
    pub older: Option<GrantRequest>,
}

/// Tells of a request: the customer's contact managers that it waits for them, or that it still does when an older one for the same
/// grantee is decided or its time is over; whoever asked, and whoever shall hold the grant, that it was approved, declined, or has lapsed.
pub fn tell(context: &Context, facts: NoticeFacts) -> Telling {
    let nothing = Telling::nothing(context);
    let Some(request) = facts.request else { return nothing };
    let about = request.id.into();
    let older = facts.older.filter(|older| older.status(context.now) == GrantRequestStatus::Open);
    match (request.status(context.now), older) {
        (GrantRequestStatus::Open, Some(older)) => {
            nothing.again(Some(older.lapses_at().min(context.now.plus(PATIENCE))))
        }
        (GrantRequestStatus::Open, None) => nothing
            .send(MailKind::GrantRequestReceived, about, managers(MailKind::GrantRequestReceived, &facts.managers))
            .again(Some(request.lapses_at())),
        (GrantRequestStatus::Approved, _) => nothing.send(MailKind::GrantRequestApproved, about, askers(&request)),
        (GrantRequestStatus::Declined, _) => nothing.send(MailKind::GrantRequestDeclined, about, askers(&request)),
        (GrantRequestStatus::Lapsed, _) => {
            nothing.write(lapsed(context, &request)).send(MailKind::GrantRequestLapsed, about, askers(&request))
        }
        (GrantRequestStatus::Withdrawn | GrantRequestStatus::Cancelled, _) => nothing,
    }
}

/// Whoever asked and, where that is somebody else, whoever shall hold the grant.
fn askers(request: &GrantRequest) -> impl Iterator<Item = PersonId> + use<> {
    let asker = request.created_by.id;
    let holder = match &request.grantee {
        Grantee::Person(person) => Some(person.id),
        Grantee::Organization(_) => None,
    };
    std::iter::once(asker).chain(holder.filter(|holder| *holder != asker))
}

/// That nobody answered, in the journals of both sides.
fn lapsed(context: &Context, request: &GrantRequest) -> impl Iterator<Item = Entry> {
    let partner = request.grantee.organization();
    let sides = std::iter::once(partner).chain(request.grantor.as_ref().map(|grantor| grantor.id));
    let status = vec![("decision", Fact::Null)];
    let lapsed = vec![("decision", Fact::text(GrantRequestStatus::Lapsed.name()))];
    let entry = Entry {
        organization: partner,
        kind: EventKind::GrantRequestLapsed,
        at: context.now,
        actor: context.actor_id(),
        authority: Authority::own(partner),
        subject: request.id.into(),
        before: status,
        after: lapsed,
        origin: context.origin.clone(),
    };
    sides.map(move |organization| Entry { organization, ..entry.clone() })
}

/// Shows a request to who is told of it by an email of this kind.
///
/// *Shape*: none if it does not stand as the email says any more, or they may not know of it.
pub fn view(now: Timestamp, kind: MailKind, facts: RequestFacts) -> Option<Visible<GrantRequest>> {
    let (actor, standing) = (facts.actor.id(), facts.standing.clone());
    let visible = grant_request::view(facts).ok()?;
    let request = visible.value();
    let is_told = match (kind, request.status(now)) {
        (MailKind::GrantRequestReceived, GrantRequestStatus::Open) => {
            let grantor = request.grantor.as_ref().map(|grantor| grantor.id);
            grantor.is_some_and(|grantor| require(&standing, Action::ManageGrants, grantor).is_ok())
        }
        (MailKind::GrantRequestApproved, GrantRequestStatus::Approved)
        | (MailKind::GrantRequestDeclined, GrantRequestStatus::Declined)
        | (MailKind::GrantRequestLapsed, GrantRequestStatus::Lapsed) => askers(request).any(|asker| asker == actor),
        (_, _) => false,
    };
    is_told.then_some(visible)
}
