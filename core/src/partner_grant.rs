//! Partner grants: what an organization lets a partner, one person of a partner, or one staff member do (G-1 … G-8, G-16).

use crate::access::{Action, HeldLevel, Standing, Visible, require};
use crate::actor::{Actor, OrganizationRef, PersonRef};
use crate::change::{Authority, Change, Context, Recorded};
use crate::contact::Contact;
use crate::grant_withdrawal::{Hanging, Withdrawal, withdraw};
use crate::id::{AnyId, GrantId, OrganizationId, PersonId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::organization::{Organization, expect_version};
use crate::refusal::{Code, Extra, Refusal};
use crate::request_access::{HistoryScope, reads};
use crate::say;
use crate::staff::StaffMember;
use crate::text::Note;
use crate::time::Timestamp;
use crate::vocabulary::{
    GrantStatus, GranteeType, History, Level, OrganizationType, PersonStatus, StaffRole, Vocabulary as _,
};
use crate::wording::Wording;

/// Who holds a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// A partner organization as a whole.
    Organization(OrganizationRef),
    /// One contact of a partner organization, or one staff member of the vendor.
    Person(PersonRef),
}

impl Grantee {
    /// The organization's or person's id.
    pub fn id(&self) -> AnyId {
        match self {
            Self::Organization(organization) => organization.id.into(),
            Self::Person(person) => person.id.into(),
        }
    }

    /// What kind it is.
    pub fn kind(&self) -> GranteeType {
        match self {
            Self::Organization(_) => GranteeType::Organization,
            Self::Person(PersonRef { id: PersonId::Contact(_), .. }) => GranteeType::Contact,
            Self::Person(PersonRef { id: PersonId::Staff(_), .. }) => GranteeType::Staff,
        }
    }

    /// The organization, or the person's organization.
    pub fn organization(&self) -> OrganizationId {
        match self {
            Self::Organization(organization) => organization.id,
            Self::Person(person) => person.organization,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Organization(organization) => &organization.name,
            Self::Person(person) => &person.name,
        }
    }
}

/// How a grant ended before or besides its expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// `revoked`, `ended` or, where a new grant took its place after its time, `expired`.
    pub status: GrantStatus,
    /// Who ended it; none for the system.
    pub by: Option<PersonId>,
    /// Why.
    pub reason: Option<Note>,
}

/// A grant. At most one that has no ending exists per grantor and grantee (G-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerGrant {
    /// Its id.
    pub id: GrantId,
    /// Whose requests and contacts it opens.
    pub grantor: OrganizationRef,
    /// Who holds it.
    pub grantee: Grantee,
    /// How far it reaches.
    pub level: Level,
    /// Which requests it reaches at `view` and above (G-16).
    pub scope: HistoryScope,
    /// From this moment on it gives nothing (G-4).
    pub expires_at: Option<Timestamp>,
    /// What the grantor noted.
    pub note: Option<Note>,
    /// How it ended, if it did.
    pub ending: Option<Ending>,
    /// When it was made, or last given a higher level.
    pub raised_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: PersonId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl PartnerGrant {
    /// Whether it gives something now; what was read a second ago may be over (G-4).
    pub fn status(&self, now: Timestamp) -> GrantStatus {
        match &self.ending {
            Some(ending) => ending.status,
            None if self.expires_at.is_some_and(|expiry| expiry <= now) => GrantStatus::Expired,
            None => GrantStatus::Live,
        }
    }

    /// What it gives while it is live.
    pub fn held(&self) -> HeldLevel {
        HeldLevel { level: self.level, grant: self.id, scope: self.scope }
    }
}

impl Recorded for PartnerGrant {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.grantor.id
    }

    fn snapshot(&self) -> Snapshot {
        vec![
            ("grantee_type", Fact::text(self.grantee.kind().name())),
            ("grantee_id", Fact::text(self.grantee.id())),
            ("level", Fact::text(self.level.name())),
            ("history", Fact::text(self.scope.history.name())),
            ("history_since", Fact::text(self.scope.since)),
            ("expires_at", Fact::optional(self.expires_at.as_ref())),
            ("note", Fact::optional(self.note.as_ref())),
            ("ended_at", Fact::optional(self.ending.as_ref().map(|ending| &ending.at))),
            ("end_reason", Fact::optional(self.ending.as_ref().and_then(|ending| ending.reason.as_ref()))),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// A grantee as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    /// An organization.
    Organization(Organization),
    /// A contact, and their organization.
    Contact(Box<Contact>, Organization),
    /// A staff member.
    Staff(Box<StaffMember>),
}

impl Candidate {
    /// The organization's or person's id.
    pub fn id(&self) -> AnyId {
        match self {
            Self::Organization(organization) => organization.id.into(),
            Self::Contact(contact, _) => contact.id.into(),
            Self::Staff(staff) => staff.id.into(),
        }
    }
}

/// A grant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateGrant {
    /// Its id.
    pub id: GrantId,
    /// How far it shall reach.
    pub level: Level,
    /// Which requests it shall reach (G-16).
    pub history: History,
    /// When it shall end.
    pub expires_at: Option<Timestamp>,
    /// What the grantor notes.
    pub note: Option<Note>,
    /// Whether the grantor knows that a whole organization will see everything (G-7).
    pub acknowledged: bool,
}

/// What must be known to make a grant.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// What the actor is to the grantor.
    pub standing: Standing,
    /// The grantor, if it exists.
    pub grantor: Option<Organization>,
    /// The grantee, if it exists.
    pub grantee: Option<Candidate>,
    /// The grant between the two that has no ending, if there is one.
    pub current: Option<PartnerGrant>,
    /// What hangs on that one, and for one person on the grant to their organization.
    pub hanging: Hanging,
}

/// A grant, and the expired one whose place it takes.
#[derive(Debug)]
pub struct Created {
    /// The expired grant, ended for the record. Saved first.
    pub replaced: Option<Change<PartnerGrant>>,
    /// The new grant.
    pub grant: Change<PartnerGrant>,
    /// What ends with the expired grant, and with what the new one takes from its holder.
    pub withdrawal: Withdrawal,
}

/// Makes a grant.
///
/// *Decides*: grantor visible? may manage its grants, and give this level (G-5), or one to a duty manager (E-6)? grantee one that can hold it (G-8)? level for this kind
/// (G-13)? expiry given for staff, and in the future (G-4)? acknowledged (G-7)? no live grant yet (G-6)?
pub fn create(context: &Context, facts: CreateFacts, command: CreateGrant) -> Result<Created, Refusal> {
    let grantor = facts.grantor.ok_or_else(Refusal::not_found)?;
    require(&facts.standing, Action::ManageGrants, grantor.id)?;
    if administers(command.level) {
        require(&facts.standing, Action::GrantAdministration, grantor.id)?;
    }
    // Holding a grant keeps a duty manager from deciding about an escalation (E-6): that is no single manager's to bring about.
    if matches!(&facts.grantee, Some(Candidate::Staff(staff)) if staff.roles.contains(&StaffRole::DutyManager)) {
        require(&facts.standing, Action::GrantAdministration, grantor.id)?;
    }
    let grantee = accept_grantee(&grantor, facts.grantee)?;
    check_terms(context.now, &grantee, command.level, command.expires_at)?;
    check_acknowledged(&grantee, None, (command.level, command.history), command.acknowledged)?;
    let authority = facts.standing.authority(grantor.id);
    let replaced = match facts.current {
        Some(current) if current.status(context.now) == GrantStatus::Live => {
            return Err(Refusal::new(
                Code::GrantExists,
                say!("`{grantee}` holds `{level}` already", grantee = grantee.name(), level = current.level.name()),
            )
            .with(Extra::Grant(current.id)));
        }
        Some(expired) => Some(close(context, authority, EventKind::GrantEnded, expired, GrantStatus::Expired, None)),
        None => None,
    };
    let over = replaced.as_ref().map(|change| change.after().id);
    let grant = PartnerGrant {
        id: command.id,
        grantor: grantor.reference(),
        grantee,
        level: command.level,
        scope: HistoryScope { history: command.history, since: context.now },
        expires_at: command.expires_at,
        note: command.note,
        ending: None,
        raised_at: context.now,
        created_at: context.now,
        created_by: context.actor_id().ok_or_else(|| Refusal::of(Code::Unauthenticated))?,
        updated_at: context.now,
        version: 1,
    };
    let gives = |behind| if Some(behind) == over { None } else { Some(grant.held()) };
    let withdrawal = withdraw(context, &grant, gives, facts.hanging);
    Ok(Created { replaced, grant: Change::create(context, authority, EventKind::GrantCreated, grant), withdrawal })
}

/// Whether a level is one that only a primary support contact who manages contacts gives (G-5).
fn administers(level: Level) -> bool {
    level >= Level::ServiceAdmin
}

/// Whether one of two ends is later; none is the latest.
fn is_later(end: Option<Timestamp>, than: Option<Timestamp>) -> bool {
    match (end, than) {
        (None, Some(_)) => true,
        (Some(end), Some(than)) => end > than,
        (_, None) => false,
    }
}

/// Who can hold a grant (G-1, G-8).
fn accept_grantee(grantor: &Organization, candidate: Option<Candidate>) -> Result<Grantee, Refusal> {
    let refused = |why: Wording| Refusal::new(Code::GranteeNotAllowed, why).at("#/grantee");
    // One answer for whoever is no partner and for nobody, so that nobody can probe who is a customer.
    let unknown =
        || refused(say!("no partner organization, active contact of one, or staff member has this id or email"));
    let partner = |organization: &Organization| match organization.kind {
        _ if organization.id == grantor.id => {
            Err(refused(say!("an organization cannot grant to itself or to its own contacts")))
        }
        OrganizationType::Partner => Ok(()),
        OrganizationType::Customer | OrganizationType::Vendor => Err(unknown()),
    };
    match candidate {
        None => Err(unknown()),
        Some(Candidate::Organization(organization)) => {
            partner(&organization)?;
            Ok(Grantee::Organization(organization.reference()))
        }
        Some(Candidate::Contact(contact, organization)) => {
            partner(&organization)?;
            match contact.status {
                PersonStatus::Active | PersonStatus::Invited => Ok(Grantee::Person(contact.reference())),
                PersonStatus::Disabled | PersonStatus::Transferred => Err(unknown()),
            }
        }
        Some(Candidate::Staff(staff)) => match staff.status {
            PersonStatus::Active | PersonStatus::Invited => Ok(Grantee::Person(staff.reference())),
            PersonStatus::Disabled | PersonStatus::Transferred => Err(unknown()),
        },
    }
}

pub(crate) fn check_terms(
    now: Timestamp,
    grantee: &Grantee,
    level: Level,
    expires_at: Option<Timestamp>,
) -> Result<(), Refusal> {
    if level == Level::None && grantee.kind() == GranteeType::Organization {
        return Err(Refusal::new(
            Code::LevelNotAllowed,
            say!("`none` shuts one person out; it is not for an organization"),
        )
        .at("#/level"));
    }
    match expires_at {
        None if grantee.kind() == GranteeType::Staff => {
            Err(Refusal::new(Code::ExpiryRequired, say!("a grant to the vendor's staff must say when it ends"))
                .at("#/expires_at"))
        }
        Some(expiry) if expiry <= now => {
            Err(Refusal::new(Code::ExpiryInPast, say!("`{expiry}` is not after `{now}`", expiry, now))
                .at("#/expires_at"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Making or raising an organization-wide grant at `view` or above takes a word of understanding, and so does widening its
/// history scope (G-7).
fn check_acknowledged(
    grantee: &Grantee,
    before: Option<(Level, History)>,
    (level, history): (Level, History),
    acknowledged: bool,
) -> Result<(), Refusal> {
    let raised = before.is_none_or(|before| level > before.0 || history > before.1);
    if grantee.kind() != GranteeType::Organization || !reads(level) || !raised || acknowledged {
        return Ok(());
    }
    let reached = match history {
        History::All => say!("all past and present service requests, messages and attachments"),
        History::Open => {
            say!("all service requests that are not closed, and all later ones, with their messages and attachments")
        }
        History::New => say!("all later service requests with their messages and attachments"),
    };
    let detail = say!(
        "a grant of `{level}` to the whole organization makes {reached} visible to every contact of `{grantee}`, and puts them on notifications; send `acknowledge_organization_wide_visibility: true` if that is meant",
        level = level.name(),
        reached,
        grantee = grantee.name()
    );
    Err(Refusal::new(Code::AcknowledgementRequired, detail).at("#/acknowledge_organization_wide_visibility"))
}

/// What changes in a grant; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditGrant {
    /// How far it shall reach.
    pub level: Option<Level>,
    /// Which requests it shall reach. Another scope counts from the edit on, the present one keeps its moment (G-16).
    pub history: Option<History>,
    /// When it shall end; `Some(None)` takes the end away.
    pub expires_at: Option<Option<Timestamp>>,
    /// What the grantor notes; `Some(None)` clears it.
    pub note: Option<Option<Note>>,
    /// See [`CreateGrant::acknowledged`].
    pub acknowledged: bool,
    /// The version that the editor saw.
    pub expected_version: Option<i64>,
}

/// What must be known to see, edit or revoke a grant.
#[derive(Debug, Clone)]
pub struct GrantFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the grantor.
    pub standing: Standing,
    /// The grant, if it exists.
    pub grant: Option<PartnerGrant>,
}

/// What a change of a grant touches besides.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The grants without an ending to all of an organization where a record has the address of the one person who holds this one.
    pub around: Vec<PartnerGrant>,
    /// What hangs on the grant.
    pub hanging: Hanging,
}

impl Surroundings {
    /// Whether the grant keeps its holder from a level that only a primary support contact gives, or from more requests at one (G-2, G-5).
    fn hides_administration(&self, now: Timestamp, grant: &PartnerGrant) -> bool {
        self.around.iter().any(|around| {
            let is_more = around.level > grant.level || around.scope.reaches_beyond(grant.scope);
            around.status(now) == GrantStatus::Live && administers(around.level) && is_more
        })
    }
}

/// A changed grant, and what ended with it.
#[derive(Debug)]
pub struct Changed {
    /// The grant.
    pub grant: Change<PartnerGrant>,
    /// What ended with it, or with what it gave.
    pub withdrawal: Withdrawal,
}

/// Shows a grant to both sides (G-10).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn view(facts: GrantFacts) -> Result<Visible<PartnerGrant>, Refusal> {
    let grant = facts.grant.ok_or_else(Refusal::not_found)?;
    if holds(&facts.actor, &grant) {
        return Ok(Visible::new(grant, &facts.actor));
    }
    require(&facts.standing, Action::ReadGrants, grant.grantor.id).map_err(|refusal| match &facts.standing {
        Standing::Member { .. } => refusal,
        // A third party, another partner of the same grantor included, may not know that this grant exists.
        Standing::Partner(_) | Standing::Staff { .. } | Standing::Stranger => Refusal::not_found(),
    })?;
    Ok(Visible::new(grant, &facts.actor))
}

/// Whether an actor belongs to the side that holds the grant and may see it: the person themselves, or a designated
/// contact of their organization.
fn holds(actor: &Actor, grant: &PartnerGrant) -> bool {
    let own = Standing::of(actor, actor.organization, None);
    grant.grantee.id() == actor.id().into()
        || (!actor.is_staff()
            && grant.grantee.organization() == actor.organization
            && require(&own, Action::ReadGrants, actor.organization).is_ok())
}

/// Edits a live grant (G-5, G-6).
///
/// *Decides*: visible? may manage the grantor's grants, and give what the edit gives (G-5)? version? live? level for this kind? expiry?
/// acknowledged, if raised?
pub fn edit(
    context: &Context,
    facts: GrantFacts,
    around: Surroundings,
    command: EditGrant,
) -> Result<Changed, Refusal> {
    let standing = facts.standing.clone();
    let before = managed(facts)?;
    let level = command.level.unwrap_or(before.level);
    let expires_at = command.expires_at.unwrap_or(before.expires_at);
    let scope = match command.history.filter(|history| *history != before.scope.history) {
        Some(history) => HistoryScope { history, since: context.now },
        None => before.scope,
    };
    let is_more =
        level > before.level || is_later(expires_at, before.expires_at) || scope.history > before.scope.history;
    let is_over_sooner = is_later(before.expires_at, expires_at);
    if (administers(level) && is_more) || (is_over_sooner && around.hides_administration(context.now, &before)) {
        require(&standing, Action::GrantAdministration, before.grantor.id)?;
    }
    expect_version(command.expected_version, before.version)?;
    expect_live(context.now, &before)?;
    check_terms(context.now, &before.grantee, level, expires_at)?;
    let (present, wanted) = ((before.level, before.scope.history), (level, scope.history));
    check_acknowledged(&before.grantee, Some(present), wanted, command.acknowledged)?;
    let note = command.note.unwrap_or_else(|| before.note.clone());
    let raised_at = if level > before.level { context.now } else { before.raised_at };
    let after = PartnerGrant { level, scope, expires_at, note, raised_at, ..before.clone() };
    let withdrawal = withdraw(context, &after, |_| Some(after.held()), around.hanging);
    let authority = standing.authority(before.grantor.id);
    Ok(Changed { grant: Change::update(context, authority, EventKind::GrantUpdated, before, after), withdrawal })
}

fn managed(facts: GrantFacts) -> Result<PartnerGrant, Refusal> {
    let standing = facts.standing.clone();
    let grant = view(facts)?.into_value();
    // Who holds a grant may see it but never change it, at whatever level, and also when it gives nothing any more (G-5).
    let known = match &standing {
        Standing::Stranger => Standing::Partner(grant.held()),
        Standing::Member { .. } | Standing::Partner(_) | Standing::Staff { .. } => standing,
    };
    require(&known, Action::ManageGrants, grant.grantor.id)?;
    Ok(grant)
}

fn expect_live(now: Timestamp, grant: &PartnerGrant) -> Result<(), Refusal> {
    match grant.status(now) {
        GrantStatus::Live => Ok(()),
        over => Err(Refusal::new(
            Code::InvalidTransition,
            say!("the grant is `{status}`; make a new one", status = over.name()),
        )
        .with(Extra::CurrentStatus(over.name()))),
    }
}

/// Takes a grant back, with effect at once (G-4, G-5).
///
/// *Decides*: visible? may manage the grantor's grants, and give what the grant kept from its holder (G-5)? version? live?
pub fn revoke(
    context: &Context,
    facts: GrantFacts,
    around: Surroundings,
    reason: Option<Note>,
    expected_version: Option<i64>,
) -> Result<Changed, Refusal> {
    let standing = facts.standing.clone();
    let grant = managed(facts)?;
    if around.hides_administration(context.now, &grant) {
        require(&standing, Action::GrantAdministration, grant.grantor.id)?;
    }
    expect_version(expected_version, grant.version)?;
    expect_live(context.now, &grant)?;
    let withdrawal = withdraw(context, &grant, |_| None, around.hanging);
    let authority = standing.authority(grant.grantor.id);
    let grant = close(context, authority, EventKind::GrantRevoked, grant, GrantStatus::Revoked, reason);
    Ok(Changed { grant, withdrawal })
}

/// Ends a grant: how, by whom and why.
pub(crate) fn close(
    context: &Context,
    authority: Authority,
    kind: EventKind,
    grant: PartnerGrant,
    status: GrantStatus,
    reason: Option<Note>,
) -> Change<PartnerGrant> {
    let ending = Ending { at: context.now, status, by: context.actor_id(), reason };
    let after = PartnerGrant { ending: Some(ending), ..grant.clone() };
    Change::update(context, authority, kind, grant, after)
}

/// Allows listing the grants that an organization made (G-10).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(standing: &Standing, grantor: OrganizationId) -> Result<(), Refusal> {
    require(standing, Action::ReadGrants, grantor)
}
