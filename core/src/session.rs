//! Signing in: sessions, single-use links and who a token speaks for, as the database knows it now (X-1, C-12).

use crate::actor::Actor;
use crate::change::Notice;
use crate::id::{LinkId, MailId, OrganizationId, PersonId, SessionId};
use crate::refusal::{Code, Refusal};
use crate::say;
use crate::time::{Span, Timestamp};
use crate::vocabulary::{LinkPurpose, MailKind, OrganizationStatus, PersonStatus};

/// How long a rotated refresh token still answers with its successor, so that two parallel refreshes agree.
pub const REFRESH_OVERLAP: Span = Span::seconds(10);

/// A sign-in that has not ended.
///
/// *Shape*: `generation` counts the refreshes; the refresh token names it, and only the newest one is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id (`sid`).
    pub id: SessionId,
    /// Whose it is.
    pub person: PersonId,
    /// How often it was refreshed.
    pub generation: i64,
    /// When it was last refreshed.
    pub rotated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

impl Session {
    /// Whether it is good now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// What a token names, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerFacts {
    /// The session that the token belongs to.
    pub session: Session,
    /// The person whom the session belongs to.
    pub actor: Actor,
    /// The state of their organization.
    pub organization_status: OrganizationStatus,
}

/// Says who is calling.
///
/// *Errors*: `unauthenticated` when the session is over, or the person may not sign in, or they belong to another
/// organization than the token says, or their organization is suspended. The cause is not told.
pub fn authenticate(now: Timestamp, claimed: OrganizationId, facts: Option<CallerFacts>) -> Result<Actor, Refusal> {
    let refused = || Refusal::new(Code::Unauthenticated, say!("the access token is not valid, or no longer"));
    let facts = facts.ok_or_else(refused)?;
    let is_good = facts.session.is_live(now)
        && may_sign_in(&facts.actor, facts.organization_status)
        && facts.actor.organization == claimed;
    if is_good { Ok(facts.actor) } else { Err(refused()) }
}

/// Whether a person may sign in.
pub fn may_sign_in(actor: &Actor, organization_status: OrganizationStatus) -> bool {
    actor.status == PersonStatus::Active && organization_status == OrganizationStatus::Active
}

/// Asks whether a link to somebody of an organization opens anything now. While it is suspended nobody of it signs in, so a link to reset
/// a password waits, and stays good until that is over; who is still invited may set a password, and gets in no more than the others.
///
/// *Errors*: `invalid_link`.
pub fn expect_active(purpose: LinkPurpose, organization_status: OrganizationStatus) -> Result<(), Refusal> {
    match (purpose, organization_status) {
        (LinkPurpose::PasswordReset, OrganizationStatus::Suspended) => {
            Err(Refusal::of(Code::InvalidLink).at("#/token"))
        }
        _ => Ok(()),
    }
}

/// A session that begins: the proof that the password was right and the person may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    session: Session,
}

impl SignIn {
    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

/// What must be known to sign in.
#[derive(Debug, Clone)]
pub struct SignInFacts {
    /// The person with this email and the state of their organization, if there is one.
    pub person: Option<(Actor, OrganizationStatus)>,
    /// Whether the password was right; false when there was none to compare with.
    pub password_matches: bool,
}

/// Begins a session.
///
/// *Errors*: `invalid_credentials`, the same for a wrong password, an unknown email, a contact who is disabled or still
/// invited, and a suspended organization.
pub fn sign_in(now: Timestamp, lifetime: Span, id: SessionId, facts: SignInFacts) -> Result<(SignIn, Actor), Refusal> {
    let refused = || Refusal::of(Code::InvalidCredentials);
    let (actor, organization_status) = facts.person.ok_or_else(refused)?;
    if !facts.password_matches || !may_sign_in(&actor, organization_status) {
        return Err(refused());
    }
    let session = Session {
        id,
        person: actor.id(),
        generation: 0,
        rotated_at: now,
        created_at: now,
        expires_at: now.plus(lifetime),
        ended_at: None,
    };
    Ok((SignIn { session }, actor))
}

/// What becomes of a session whose refresh token is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// A new generation.
    Rotated(Session),
    /// The present generation again, for the second of two parallel refreshes.
    Repeated(Session),
    /// An old token was used: the session ends, because somebody has a copy.
    Ended(Session),
}

/// Rotates a session.
///
/// *Decides*: session live and person active? newest generation: rotate; the one before, within [`REFRESH_OVERLAP`]:
/// repeat; older: end.
///
/// *Errors*: `invalid_refresh_token`.
pub fn refresh(
    now: Timestamp,
    lifetime: Span,
    generation: i64,
    facts: Option<CallerFacts>,
) -> Result<(Refreshed, Actor), Refusal> {
    let refused = || Refusal::of(Code::InvalidRefreshToken);
    let CallerFacts { session, actor, organization_status } = facts.ok_or_else(refused)?;
    if !session.is_live(now) || !may_sign_in(&actor, organization_status) {
        return Err(refused());
    }
    let refreshed = if generation == session.generation {
        let expires_at = now.plus(lifetime);
        Refreshed::Rotated(Session { generation: generation + 1, rotated_at: now, expires_at, ..session })
    } else if generation + 1 == session.generation && now.since(session.rotated_at) <= REFRESH_OVERLAP {
        Refreshed::Repeated(session)
    } else {
        Refreshed::Ended(Session { ended_at: Some(now), ..session })
    };
    Ok((refreshed, actor))
}

/// A single-use link that left in an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id; the link's token is made from it and from a secret key.
    pub id: LinkId,
    /// Whom it was sent to.
    pub person: PersonId,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When a newer one, or the end of the person's access, made it void.
    pub voided_at: Option<Timestamp>,
}

impl Link {
    /// Whether it is good now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.voided_at.is_none() && now < self.expires_at
    }
}

/// Uses up a link.
///
/// *Errors*: `invalid_link`, the same whether it was used, voided, is over, was for something else or never existed.
pub fn use_link(now: Timestamp, purpose: LinkPurpose, link: Option<Link>) -> Result<Link, Refusal> {
    match link {
        Some(link) if link.purpose == purpose && link.is_live(now) => Ok(Link { used_at: Some(now), ..link }),
        Some(_) | None => Err(Refusal::of(Code::InvalidLink).at("#/token")),
    }
}

/// How long links to set a password are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkLifetimes {
    /// The first password's.
    pub welcome: Span,
    /// Another one's.
    pub reset: Span,
}

/// A link to set a new password, for a person who may sign in; for one who is still invited, who has none to reset, the welcome
/// link again (C-12). Nobody else gets one.
pub fn offer_reset(
    now: Timestamp,
    lifetimes: LinkLifetimes,
    id: LinkId,
    mail: MailId,
    person: Option<&(Actor, OrganizationStatus)>,
) -> Option<(Link, Notice)> {
    let (actor, status) = person?;
    let is_invited = actor.status == PersonStatus::Invited && *status == OrganizationStatus::Active;
    let (purpose, kind, lifetime) = match () {
        () if may_sign_in(actor, *status) => (LinkPurpose::PasswordReset, MailKind::PasswordReset, lifetimes.reset),
        () if is_invited => (LinkPurpose::Welcome, MailKind::Welcome, lifetimes.welcome),
        () => return None,
    };
    let link = Link {
        id,
        person: actor.id(),
        purpose,
        created_at: now,
        expires_at: now.plus(lifetime),
        used_at: None,
        voided_at: None,
    };
    Some((link, Notice { id: mail, kind, to: actor.id(), about: None, link: Some(id) }))
}

/// The email that tells somebody that their password was reset, should it not have been them.
pub(crate) fn password_changed(id: MailId, to: PersonId) -> Notice {
    Notice { id, kind: MailKind::PasswordChanged, to, about: None, link: None }
}
