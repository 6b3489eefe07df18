//! Who may read and update one service request, and which ones a list may reach (G-3, G-16, S-3, S-7, S-13, S-14).

use crate::access::{Action, HeldLevel, Standing, Verdict, decide};
use crate::actor::{Actor, Position};
use crate::id::{GrantId, OrganizationId, PersonId};
use crate::refusal::Requirement;
use crate::service_request::ServiceRequest;
use crate::time::Timestamp;
use crate::vocabulary::{Category, ContactType, History, Involvement, Level, Permission, Vocabulary as _};

/// Which requests a grant at `view` or above reaches (G-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryScope {
    /// All of them, or those from a moment on.
    pub history: History,
    /// The moment at which the grant was made or was given this scope.
    pub since: Timestamp,
}

impl HistoryScope {
    /// Whether a request is reached that was created, and perhaps closed, at these moments.
    pub fn reaches(self, created_at: Timestamp, closed_at: Option<Timestamp>) -> bool {
        match self.history {
            History::All => true,
            History::Open => closed_at.is_none_or(|closed_at| closed_at > self.since),
            History::New => created_at > self.since,
        }
    }

    /// Whether it may reach requests that another scope does not.
    pub fn reaches_beyond(self, other: Self) -> bool {
        match (self.history, other.history) {
            (_, History::All) => false,
            (History::All, _) => true,
            (mine, others) => mine > others || self.since < other.since,
        }
    }
}

/// By which grant somebody of another organization is the point of contact of a request, and whose people made them that (S-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The grant that decided for them when they were named.
    pub grant: GrantId,
    /// The organization of whoever named them.
    pub by: OrganizationId,
    /// When the grant ended or ends.
    pub ends_at: Option<Timestamp>,
    /// Whether it rests, because one of the two organizations is suspended (G-12).
    pub rests: bool,
}

impl Admission {
    /// Whether the grant gives something now.
    pub fn is_upheld(&self, now: Timestamp) -> bool {
        !self.rests && self.ends_at.is_none_or(|end| now < end)
    }
}

/// How somebody takes part in a request besides being its point of contact, and by which grant (S-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldRole {
    /// How.
    pub role: Involvement,
    /// The grant that decided for them when they were added; none for people of the organization.
    pub grant: Option<GrantId>,
}

/// What decides about one service request, besides the standing towards its organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTraits {
    /// How the actor takes part in it (S-7).
    pub involvement: Option<Involvement>,
    /// Whether the actor submitted it.
    pub is_submitter: bool,
    /// Whether only those whom it names may see it (S-14).
    pub is_confidential: bool,
    /// Whether only a primary support contact and the desk open it again (S-14).
    pub only_guards_open: bool,
    /// Whether it is about an upgrade, for which partners are not supported (S-8).
    pub is_upgrade: bool,
    /// Whether it was ever tied to an escalation (E-11).
    pub is_sealed: bool,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

impl RequestTraits {
    /// What a request is to a person who takes part in it by this role, besides being its point of contact.
    ///
    /// Whether the grants behind both still give something, [`RequestFacts`](crate::service_request::RequestFacts) asks.
    pub fn of(request: &ServiceRequest, person: PersonId, role: Option<Involvement>) -> Self {
        let leads = request.point_of_contact.as_ref().is_some_and(|contact| contact.id == person);
        Self {
            involvement: if leads { Some(Involvement::PointOfContact) } else { role },
            is_submitter: request.submitted_by.id == person,
            is_confidential: request.confidential,
            only_guards_open: request.only_guards_open,
            is_upgrade: request.category == Category::Upgrade,
            is_sealed: request.sealed,
            created_at: request.created_at,
            closed_at: request.closed_at,
        }
    }

    /// What a standing towards the organization is towards this request: a level that does not reach it counts as `cc`,
    /// which gives what taking part gives (G-16, S-14).
    fn nearby(&self, standing: &Standing) -> Standing {
        let lowered = |held: HeldLevel| {
            let is_open_to_levels = !self.is_confidential || (self.is_submitter && !self.is_sealed);
            let is_reached = is_open_to_levels && held.scope.reaches(self.created_at, self.closed_at);
            if is_reached { held } else { HeldLevel { level: held.level.min(Level::Cc), ..held } }
        };
        match standing {
            Standing::Partner(held) => Standing::Partner(lowered(*held)),
            Standing::Staff { roles, held } => Standing::Staff { roles: roles.clone(), held: held.map(lowered) },
            Standing::Member { .. } | Standing::Stranger => standing.clone(),
        }
    }
}

/// By what somebody sees a service request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// As a contact of its organization (S-3).
    Membership,
    /// By the level of a live grant (G-3).
    Level,
    /// By a role at the vendor (S-13).
    Role,
    /// By taking part, with a live grant behind it (S-7).
    Part,
}

/// By what an actor may read a service request, if they may (G-3, G-16, S-3, S-7, S-13, S-14).
pub fn sight(standing: &Standing, request: RequestTraits) -> Option<Sight> {
    let near = request.nearby(standing);
    let reads = decide(&near, Action::ReadRequests) == Verdict::Permit;
    let takes_part = request.involvement.is_some();
    match &near {
        Standing::Member { kind, .. } => {
            let is_named = takes_part || request.is_submitter || *kind == ContactType::PrimarySupport;
            (reads && (is_named || !request.is_confidential)).then_some(Sight::Membership)
        }
        Standing::Staff { roles, .. } if roles.iter().any(|role| Action::ReadRequests.roles().contains(role)) => {
            Some(Sight::Role)
        }
        // Nobody outside the organization and the vendor learns of an escalation, whatever they are to the request (E-11).
        Standing::Partner(_) if request.is_sealed => None,
        Standing::Partner(_) | Standing::Staff { .. } if reads => Some(Sight::Level),
        Standing::Partner(_) | Standing::Staff { held: Some(_), .. } if takes_part => Some(Sight::Part),
        Standing::Partner(_) | Standing::Staff { .. } | Standing::Stranger => None,
    }
}

/// Whether an actor who may read a service request may update it, its status set aside (G-3, G-16, S-7, S-8, S-14).
///
/// A partner at `cc` or `view` who is secondary or point of contact updates this one request. Partners update no upgrade; and in a
/// confidential request who gets copies reads and does no more.
pub fn may_update(standing: &Standing, request: RequestTraits) -> Verdict {
    if request.is_upgrade && matches!(standing, Standing::Partner(_)) {
        return Verdict::Denied(Requirement::Permission(Permission::DesignatedSupport));
    }
    if request.is_confidential && request.involvement == Some(Involvement::Cc) && !may_admit(standing, request) {
        return Verdict::Denied(Requirement::PrimarySupport);
    }
    let works_on_it = request.involvement.is_some_and(|involvement| involvement >= Involvement::Secondary);
    let near = request.nearby(standing);
    if near.held().is_some() && works_on_it { Verdict::Permit } else { decide(&near, Action::UpdateRequests) }
}

/// Whether an actor guards the organization's confidential requests: a primary support contact of it, or the desk (S-14).
pub fn guards(standing: &Standing) -> bool {
    matches!(standing, Standing::Member { kind: ContactType::PrimarySupport, .. })
        || decide(standing, Action::WorkOnRequests) == Verdict::Permit
}

/// Whether an actor may make a service request confidential: whoever guards those, and whoever submitted it (S-14).
pub fn may_conceal(standing: &Standing, request: RequestTraits) -> bool {
    guards(standing) || request.is_submitter
}

/// Whether an actor may let people into a confidential service request: whoever guards those, and its submitter if they are of the
/// organization (S-14).
pub fn may_admit(standing: &Standing, request: RequestTraits) -> bool {
    guards(standing) || (request.is_submitter && matches!(standing, Standing::Member { .. }))
}

/// Whether an actor may open a confidential service request to everybody else again: as [`may_admit`], but what a primary support
/// contact or the desk concealed, only they open (S-14).
pub fn may_open(standing: &Standing, request: RequestTraits) -> bool {
    if request.only_guards_open { guards(standing) } else { may_admit(standing, request) }
}

/// The levels that give something at all (G-13).
pub fn acting_levels() -> impl Iterator<Item = Level> {
    Level::ALL.iter().copied().filter(|level| *level != Level::None)
}

/// Whether a grant of this level reaches requests that its holder takes no part in (G-3).
pub fn reads(level: Level) -> bool {
    Action::ReadRequests.lowest_level().is_some_and(|lowest| level >= lowest)
}

/// The levels whose grants reach requests that their holder takes no part in (G-3).
pub fn reading_levels() -> impl Iterator<Item = Level> {
    acting_levels().filter(|level| reads(*level))
}

/// Which service requests a list may reach. Made by this crate alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    person: PersonId,
    organization: OrganizationId,
    own: bool,
    guards: bool,
    everything: bool,
}

/// Which requests a list may reach for its reader: exactly those that [`sight`] sees (S-11).
pub fn reach(actor: &Actor) -> Reach {
    let own = Standing::of(actor, actor.organization, None);
    let reads = decide(&own, Action::ReadRequests) == Verdict::Permit;
    let is_contact = matches!(actor.position, Position::Contact { .. });
    Reach {
        person: actor.id(),
        organization: actor.organization,
        own: is_contact && reads,
        guards: matches!(own, Standing::Member { kind: ContactType::PrimarySupport, .. }),
        everything: !is_contact && reads,
    }
}

impl Reach {
    /// Whose list it is.
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// The organization whose organization-wide grants count.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Whether the requests of the person's own organization are reached (S-3); confidential ones where the person is named
    /// in them, or [guards the organization](Self::guards_own).
    pub fn reaches_own(&self) -> bool {
        self.own
    }

    /// Whether the person's own organization's confidential requests are reached as well (S-14).
    pub fn guards_own(&self) -> bool {
        self.guards
    }

    /// Whether all requests of everybody are reached (S-13).
    pub fn reaches_everything(&self) -> bool {
        self.everything
    }
}
