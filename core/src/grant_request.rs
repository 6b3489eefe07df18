//! Requests for grants: a partner asks, the customer decides (G-9, G-11).
//!
//! Whoever asks may name the customer by a domain. Whether that domain is anybody's shows in nothing that the partner can
//! see, so a request may have no grantor at all: it stays open until it lapses, as one that nobody answers does.

use crate::access::{Action, HeldLevel, Standing, Visible, require};
use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context, Recorded};
use crate::grant_withdrawal::Withdrawal;
use crate::id::{AnyId, GrantId, GrantRequestId, OrganizationId, PersonId};
use crate::journal::{Entry, EventKind, Fact, Snapshot};
use crate::organization::{Organization, expect_version};
use crate::partner_grant::{self, Candidate, CreateGrant, EditGrant, GrantFacts, Grantee, PartnerGrant};
use crate::refusal::{Code, Extra, Refusal};
use crate::request_access::HistoryScope;
use crate::say;
use crate::text::{Domain, Note};
use crate::time::{Span, Timestamp};
use crate::vocabulary::{
    GrantRequestStatus, GrantStatus, History, Level, OrganizationType, PersonStatus, Vocabulary as _,
};

/// How long a request waits for its answer (G-9).
pub const LAPSE: Span = Span::days(30);

/// What a partner counts as to a customer who may not exist: somebody who may do nothing there.
const NOBODY: HeldLevel = HeldLevel {
    level: Level::Cc,
    grant: GrantId::from_u128(0),
    scope: HistoryScope { history: History::New, since: Timestamp::from_micros(0) },
};

/// How the customer was named by whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedGrantor {
    /// By its id.
    Id(OrganizationId),
    /// By one of its domains.
    Domain(Domain),
}

impl std::fmt::Display for NamedGrantor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Domain(domain) => domain.fmt(f),
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// `approved`, `declined`, `withdrawn` or `cancelled`.
    pub status: GrantRequestStatus,
    /// By whom; none for the system.
    pub by: Option<PersonId>,
    /// Why, where it was declined.
    pub reason: Option<Note>,
    /// The grant that was made or changed, where it was approved.
    pub grant: Option<GrantId>,
}

/// A request for a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRequest {
    /// Its id.
    pub id: GrantRequestId,
    /// How the customer was named.
    pub named: NamedGrantor,
    /// Who that is; none if nobody.
    pub grantor: Option<OrganizationRef>,
    /// Who shall hold the grant.
    pub grantee: Grantee,
    /// How far it shall reach.
    pub level: Level,
    /// When it shall end.
    pub expires_at: Option<Timestamp>,
    /// What the partner tells the customer.
    pub message: Option<Note>,
    /// The grant that it renews.
    pub renews: Option<GrantId>,
    /// How it ended, if it did.
    pub decision: Option<Decision>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who asked.
    pub created_by: PersonRef,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl GrantRequest {
    /// When it lapses unless it is answered.
    pub fn lapses_at(&self) -> Timestamp {
        self.created_at.plus(LAPSE)
    }

    /// Where it stands now.
    pub fn status(&self, now: Timestamp) -> GrantRequestStatus {
        match &self.decision {
            Some(decision) => decision.status,
            None if self.lapses_at() <= now => GrantRequestStatus::Lapsed,
            None => GrantRequestStatus::Open,
        }
    }

    /// Whether the partner may know who the customer is: the customer has said so by its answer, or by an earlier grant.
    pub fn is_grantor_known(&self) -> bool {
        let is_answered = |decision: &Decision| {
            matches!(decision.status, GrantRequestStatus::Approved | GrantRequestStatus::Declined)
        };
        self.renews.is_some() || self.decision.as_ref().is_some_and(is_answered)
    }
}

impl Recorded for GrantRequest {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    /// The partner's: whether there is a customer may not show there, so what the customer learns is announced beside it.
    fn journal_of(&self) -> OrganizationId {
        self.grantee.organization()
    }

    fn snapshot(&self) -> Snapshot {
        let decision = self.decision.as_ref();
        vec![
            ("grantor", Fact::text(&self.named)),
            ("grantee_type", Fact::text(self.grantee.kind().name())),
            ("grantee_id", Fact::text(self.grantee.id())),
            ("level", Fact::text(self.level.name())),
            ("expires_at", Fact::optional(self.expires_at.as_ref())),
            ("message", Fact::optional(self.message.as_ref())),
            ("renews_grant_id", Fact::optional(self.renews.as_ref())),
            ("decision", Fact::optional(decision.map(|decision| decision.status.name()).as_ref())),
            ("reason", Fact::optional(decision.and_then(|decision| decision.reason.as_ref()))),
            ("grant_id", Fact::optional(decision.and_then(|decision| decision.grant.as_ref()))),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// Writes the entry of a change down for the customer as well, if there is one.
fn tell_grantor(change: Change<GrantRequest>) -> Change<GrantRequest> {
    let grantor = change.after().grantor.as_ref().map(|grantor| grantor.id);
    let copy = |grantor: OrganizationId| {
        change.entries().iter().map(|entry| Entry { organization: grantor, ..entry.clone() }).collect()
    };
    let copies = grantor.map(copy).unwrap_or_default();
    change.announce(copies)
}

/// A request to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateGrantRequest {
    /// Its id.
    pub id: GrantRequestId,
    /// The customer.
    pub named: NamedGrantor,
    /// How far the grant shall reach.
    pub level: Level,
    /// When it shall end.
    pub expires_at: Option<Timestamp>,
    /// What to tell the customer.
    pub message: Option<Note>,
    /// The grant to renew.
    pub renews: Option<GrantId>,
}

/// What must be known to ask for a grant.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the partner.
    pub standing: Standing,
    /// The partner, if it exists.
    pub partner: Option<Organization>,
    /// Whom the name means, if anybody.
    pub grantor: Option<Organization>,
    /// Who shall hold the grant, if they exist.
    pub grantee: Option<Candidate>,
    /// The grant to renew, if it exists.
    pub renewed: Option<PartnerGrant>,
    /// The request of the same grantee under the same name that has no decision.
    pub same_name: Option<GrantRequest>,
}

/// Asks for a grant (G-9), or for its renewal (G-11).
///
/// *Decides*: partner visible? designated contact of it? a partner? grantee of its own (G-9)? not of itself? a level that
/// opens something, an expiry in the future? renewal of a grant that this grantee holds? no open request under this name?
///
/// Whether the name is anybody's changes nothing in the answer. So a customer may be asked under several names; it is shown the
/// oldest of such requests alone, as long as that one is open (G-9).
pub fn create(
    context: &Context,
    facts: CreateFacts,
    command: CreateGrantRequest,
) -> Result<Change<GrantRequest>, Refusal> {
    let partner = facts.partner.ok_or_else(Refusal::not_found)?;
    require(&facts.standing, Action::AskForGrants, partner.id)?;
    if partner.kind != OrganizationType::Partner {
        return Err(Refusal::new(Code::PartnersOnly, say!("`{name}` is no partner", name = partner.name)));
    }
    let grantee = accept_grantee(&partner, facts.grantee)?;
    let is_own = match &command.named {
        NamedGrantor::Id(id) => *id == partner.id,
        NamedGrantor::Domain(domain) => partner.domains.contains(domain),
    };
    if is_own {
        return Err(Refusal::new(Code::GrantorNotAllowed, say!("a partner needs no grant of its own")).at("#/grantor"));
    }
    if command.level == Level::None {
        let detail = say!("`none` shuts a person out; ask for a level that opens something");
        return Err(Refusal::new(Code::LevelNotAllowed, detail).at("#/level"));
    }
    partner_grant::check_terms(context.now, &grantee, command.level, command.expires_at)?;
    let renewed = command.renews.map(|_| accept_renewal(&command.named, &grantee, facts.renewed)).transpose()?;
    let is_open = |request: &GrantRequest| request.status(context.now) == GrantRequestStatus::Open;
    if let Some(open) = facts.same_name.filter(is_open) {
        let detail =
            say!("`{named}` has been asked for `{grantee}` already", named = open.named, grantee = open.grantee.name());
        return Err(Refusal::new(Code::GrantRequestExists, detail).with(Extra::About(open.id.into())));
    }
    let may_grant = |grantor: &Organization| grantor.kind != OrganizationType::Vendor;
    let grantor = match renewed {
        Some(grant) => Some(grant.grantor),
        None => facts.grantor.filter(may_grant).map(|grantor| grantor.reference()),
    };
    let request = GrantRequest {
        id: command.id,
        named: command.named,
        grantor,
        grantee,
        level: command.level,
        expires_at: command.expires_at,
        message: command.message,
        renews: command.renews,
        decision: None,
        created_at: context.now,
        created_by: facts.actor.reference(),
        updated_at: context.now,
        version: 1,
    };
    let authority = Authority::own(partner.id);
    Ok(tell_grantor(Change::create(context, authority, EventKind::GrantRequestCreated, request)))
}

/// A partner asks for itself or for its own people (G-9).
fn accept_grantee(partner: &Organization, candidate: Option<Candidate>) -> Result<Grantee, Refusal> {
    let is_here = |status| matches!(status, PersonStatus::Active | PersonStatus::Invited);
    match candidate {
        Some(Candidate::Organization(organization)) if organization.id == partner.id => {
            Ok(Grantee::Organization(organization.reference()))
        }
        Some(Candidate::Contact(contact, _)) if contact.organization == partner.id && is_here(contact.status) => {
            Ok(Grantee::Person(contact.reference()))
        }
        Some(Candidate::Organization(_) | Candidate::Contact(..) | Candidate::Staff(_)) | None => {
            let detail = say!("name your own organization, or an active or invited contact of it");
            Err(Refusal::new(Code::GranteeNotAllowed, detail).at("#/grantee"))
        }
    }
}

/// A renewal names a grant that the grantee holds, or held until its time was over (G-11).
fn accept_renewal(
    named: &NamedGrantor,
    grantee: &Grantee,
    grant: Option<PartnerGrant>,
) -> Result<PartnerGrant, Refusal> {
    let is_named = |grant: &PartnerGrant| match named {
        NamedGrantor::Id(id) => *id == grant.grantor.id,
        NamedGrantor::Domain(_) => false,
    };
    grant.filter(|grant| grant.ending.is_none() && grant.grantee.id() == grantee.id() && is_named(grant)).ok_or_else(
        || {
            let detail = say!("name a grant that this grantee holds and that was not revoked, and its grantor by id");
            Refusal::new(Code::RenewalNotAllowed, detail).at("#/renews_grant_id")
        },
    )
}

/// What must be known to see, answer or withdraw a request.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the customer, if there is one.
    pub standing: Standing,
    /// The request, if it exists.
    pub request: Option<GrantRequest>,
}

/// Whether an actor reads a request from the partner's side: a designated contact, or the grantee.
fn is_asking_side(actor: &Actor, request: &GrantRequest) -> bool {
    let own = Standing::of(actor, actor.organization, None);
    !actor.is_staff()
        && actor.organization == request.grantee.organization()
        && (request.grantee.id() == actor.id().into() || require(&own, Action::ReadGrants, actor.organization).is_ok())
}

/// Shows a request to both sides (G-9).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn view(facts: RequestFacts) -> Result<Visible<GrantRequest>, Refusal> {
    let request = facts.request.ok_or_else(Refusal::not_found)?;
    if is_asking_side(&facts.actor, &request) {
        return Ok(Visible::new(request, &facts.actor));
    }
    let grantor = request.grantor.as_ref().map(|grantor| grantor.id).ok_or_else(Refusal::not_found)?;
    require(&facts.standing, Action::ReadGrants, grantor).map_err(|refusal| match &facts.standing {
        Standing::Member { .. } => refusal,
        Standing::Partner(_) | Standing::Staff { .. } | Standing::Stranger => Refusal::not_found(),
    })?;
    Ok(Visible::new(request, &facts.actor))
}

/// How a request is approved: as it was asked, unless something is said here (G-9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproveGrantRequest {
    /// The id of the grant to be.
    pub grant: GrantId,
    /// Another level.
    pub level: Option<Level>,
    /// Which requests the grant shall reach; a new one all, a renewed one those that it reaches already (G-16).
    pub history: Option<History>,
    /// Another expiry; `Some(None)` for none.
    pub expires_at: Option<Option<Timestamp>>,
    /// See [`CreateGrant::acknowledged`].
    pub acknowledged: bool,
    /// The version that was read.
    pub expected_version: Option<i64>,
}

/// What must be known to approve a request.
#[derive(Debug, Clone)]
pub struct ApproveFacts {
    /// Who approves what.
    pub request: RequestFacts,
    /// The customer, if there is one.
    pub grantor: Option<Organization>,
    /// The grantee, as they are now.
    pub grantee: Option<Candidate>,
    /// The grant between the two that has no ending, if there is one.
    pub current: Option<PartnerGrant>,
    /// What changing that one touches, or making another.
    pub around: partner_grant::Surroundings,
    /// Whoever asked, as they are now.
    pub asker: Option<Actor>,
}

/// An approved request and the grant that came of it.
#[derive(Debug)]
pub struct Approved {
    /// The request.
    pub request: Change<GrantRequest>,
    /// The grant whose time is over and whose place is taken. Saved first.
    pub replaced: Option<Change<PartnerGrant>>,
    /// The new grant or, where they hold one, the changed one (G-6).
    pub grant: Change<PartnerGrant>,
    /// What ended with it.
    pub withdrawal: Withdrawal,
}

/// Approves a request; a grant that the grantee holds already gets the new terms (G-6, G-11).
///
/// *Decides*: visible? may manage the grantor's grants (G-5)? version? open, and by somebody who may still ask? then as making or
/// editing a grant does.
pub fn approve(context: &Context, facts: ApproveFacts, command: ApproveGrantRequest) -> Result<Approved, Refusal> {
    let ApproveFacts { request, grantor, grantee, current, around, asker } = facts;
    let (actor, standing) = (request.actor.clone(), request.standing.clone());
    let before = answerable(context, request, command.expected_version)?;
    expect_asker(&before, asker.as_ref())?;
    let level = command.level.unwrap_or(before.level);
    let expires_at = command.expires_at.unwrap_or(before.expires_at);
    let is_live = |grant: &PartnerGrant| grant.status(context.now) == GrantStatus::Live;
    let (replaced, grant, withdrawal) = match current {
        Some(current) if is_live(&current) => {
            let facts = GrantFacts { actor, standing: standing.clone(), grant: Some(current) };
            let edit = EditGrant {
                level: Some(level),
                history: command.history,
                expires_at: Some(expires_at),
                acknowledged: command.acknowledged,
                ..EditGrant::default()
            };
            let changed = partner_grant::edit(context, facts, around, edit)?;
            (None, changed.grant, changed.withdrawal)
        }
        current => {
            let (standing, hanging) = (standing.clone(), around.hanging);
            let facts = partner_grant::CreateFacts { standing, grantor, grantee, current, hanging };
            let (history, acknowledged) = (command.history.unwrap_or(History::All), command.acknowledged);
            let wanted = CreateGrant { id: command.grant, level, history, expires_at, note: None, acknowledged };
            let created = partner_grant::create(context, facts, wanted)?;
            (created.replaced, created.grant, created.withdrawal)
        }
    };
    let status = GrantRequestStatus::Approved;
    let decision =
        Decision { at: context.now, status, by: context.actor_id(), reason: None, grant: Some(grant.after().id) };
    let request = decide(context, &standing, EventKind::GrantRequestApproved, before, decision);
    Ok(Approved { request, replaced, grant, withdrawal })
}

/// Whoever asked may still ask: a designated contact of the partner (X-1, C-15).
fn expect_asker(request: &GrantRequest, asker: Option<&Actor>) -> Result<(), Refusal> {
    let partner = request.grantee.organization();
    let may_ask = |asker: &&Actor| {
        let standing = Standing::of(asker, partner, None);
        asker.status == PersonStatus::Active && require(&standing, Action::AskForGrants, partner).is_ok()
    };
    if asker.filter(may_ask).is_some() {
        return Ok(());
    }
    let detail = say!(
        "`{name}`, who asked, may not ask for grants any more; decline it, or make the grant yourself",
        name = request.created_by.name
    );
    Err(Refusal::new(Code::InvalidTransition, detail).with(Extra::CurrentStatus(GrantRequestStatus::Open.name())))
}

/// Declines a request (G-9).
///
/// *Decides*: visible? may manage the grantor's grants (G-5)? version? open?
pub fn decline(
    context: &Context,
    facts: RequestFacts,
    reason: Note,
    expected_version: Option<i64>,
) -> Result<Change<GrantRequest>, Refusal> {
    let standing = facts.standing.clone();
    let before = answerable(context, facts, expected_version)?;
    let status = GrantRequestStatus::Declined;
    let decision = Decision { at: context.now, status, by: context.actor_id(), reason: Some(reason), grant: None };
    Ok(decide(context, &standing, EventKind::GrantRequestDeclined, before, decision))
}

/// Takes a request back: whoever asked, or a contact manager of the partner (G-9).
///
/// *Decides*: visible? asked by the actor, or contact manager of those who asked? version? open?
pub fn withdraw(
    context: &Context,
    facts: RequestFacts,
    expected_version: Option<i64>,
) -> Result<Change<GrantRequest>, Refusal> {
    let actor = facts.actor.clone();
    let before = view(facts)?.into_value();
    let partner = before.grantee.organization();
    if before.created_by.id != actor.id() {
        let own = Standing::of(&actor, partner, None);
        // The customer's side declines instead.
        let own = if own == Standing::Stranger { Standing::Partner(NOBODY) } else { own };
        require(&own, Action::ManageGrants, partner)?;
    }
    expect_version(expected_version, before.version)?;
    expect_open(context.now, &before)?;
    let (kind, status) = (EventKind::GrantRequestWithdrawn, GrantRequestStatus::Withdrawn);
    Ok(end(context, Authority::own(partner), before, kind, status))
}

/// Cancels those that are open, because whoever made them, or was to hold the grant, is disabled or leaves (C-15).
pub(crate) fn cancel_open(
    context: &Context,
    authority: Authority,
    requests: Vec<GrantRequest>,
) -> Vec<Change<GrantRequest>> {
    let open = requests.into_iter().filter(|request| request.status(context.now) == GrantRequestStatus::Open);
    let (kind, status) = (EventKind::GrantRequestCancelled, GrantRequestStatus::Cancelled);
    open.map(|request| end(context, authority, request, kind, status)).collect()
}

fn end(
    context: &Context,
    authority: Authority,
    before: GrantRequest,
    kind: EventKind,
    status: GrantRequestStatus,
) -> Change<GrantRequest> {
    let decision = Decision { at: context.now, status, by: context.actor_id(), reason: None, grant: None };
    let after = GrantRequest { decision: Some(decision), ..before.clone() };
    tell_grantor(Change::update(context, authority, kind, before, after))
}

fn decide(
    context: &Context,
    standing: &Standing,
    kind: EventKind,
    before: GrantRequest,
    decision: Decision,
) -> Change<GrantRequest> {
    let grantor = before.grantor.as_ref().map_or(before.grantee.organization(), |grantor| grantor.id);
    let after = GrantRequest { decision: Some(decision), ..before.clone() };
    tell_grantor(Change::update(context, standing.authority(grantor), kind, before, after))
}

/// A request that the actor may answer, and that waits for its answer.
fn answerable(context: &Context, facts: RequestFacts, expected_version: Option<i64>) -> Result<GrantRequest, Refusal> {
    let (actor, standing) = (facts.actor.clone(), facts.standing.clone());
    let request = view(facts)?.into_value();
    // A partner never answers for its customer, whatever it holds there (G-5); and what it is told says no more than that.
    let known = if is_asking_side(&actor, &request) { Standing::Partner(NOBODY) } else { standing };
    let grantor = request.grantor.as_ref().map_or(request.grantee.organization(), |grantor| grantor.id);
    require(&known, Action::ManageGrants, grantor)?;
    expect_version(expected_version, request.version)?;
    expect_open(context.now, &request)?;
    Ok(request)
}

fn expect_open(now: Timestamp, request: &GrantRequest) -> Result<(), Refusal> {
    match request.status(now) {
        GrantRequestStatus::Open => Ok(()),
        over => Err(Refusal::new(Code::InvalidTransition, say!("the request is `{status}`", status = over.name()))
            .with(Extra::CurrentStatus(over.name()))),
    }
}

/// Allows listing the requests that an organization made or got (G-9).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(standing: &Standing, organization: OrganizationId) -> Result<(), Refusal> {
    require(standing, Action::ReadGrants, organization)
}
