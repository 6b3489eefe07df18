//! The point of contact of a service request: whom agents work with (S-2, S-10).

use crate::access::{Action, HeldLevel, Standing, require};
use crate::actor::{Actor, PersonRef};
use crate::change::{Change, Notice};
use crate::contact::Contact;
use crate::id::{AnyId, MailId, OrganizationId, PersonId};
use crate::refusal::{Code, Refusal};
use crate::request_access::Admission;
use crate::say;
use crate::service_request::ServiceRequest;
use crate::time::Timestamp;
use crate::viewer;
use crate::vocabulary::{Category, Level, MailKind, PersonStatus};
use crate::wording::Wording;

/// The lowest level of an enabled partner (S-2).
pub const ENABLED: Level = Level::Create;

/// A person who is to be the point of contact, as the database knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointOfContact {
    /// Nobody was named.
    Unnamed,
    /// A person who does not exist.
    Unknown,
    /// A contact of whatever organization, with what decides for them at the request's organization.
    Contact(Box<Contact>, Option<HeldLevel>),
    /// A staff member.
    Staff,
}

/// For which request a point of contact is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// One to be, where a partner must be enabled (S-2).
    AtCreation,
    /// One that exists, where any live level is enough (S-7).
    Later,
}

impl Naming {
    fn lowest_level(self) -> Level {
        match self {
            Self::AtCreation => ENABLED,
            Self::Later => Level::Cc,
        }
    }
}

/// Who can be the point of contact: a designated contact of the organization or, where the organization's own contact names them, a
/// person with a level that is enough (S-2, S-7); of an upgrade no partner (S-8).
pub(crate) fn accept(
    (organization, category): (OrganizationId, Category),
    actor: &Actor,
    naming: Naming,
    named: PointOfContact,
) -> Result<(PersonRef, Option<Admission>), Refusal> {
    let refused = |why: Wording| Refusal::new(Code::PointOfContactNotAllowed, why).at("#/point_of_contact");
    // One answer for people elsewhere and for nobody.
    let unknown = || {
        refused(match naming {
            Naming::AtCreation => say!(
                "name a designated contact of the organization or, as one of its own contacts, a partner whose level is \
                 `create` or above"
            ),
            Naming::Later => say!(
                "name a designated contact of the organization or, as one of its own contacts, a partner's person with a \
                 live grant"
            ),
        })
    };
    match named {
        PointOfContact::Contact(contact, _) if contact.organization == organization && contact.is_designated() => {
            Ok((contact.reference(), None))
        }
        PointOfContact::Contact(contact, held) if contact.organization != organization => {
            let person = (contact.id.into(), contact.status);
            let held = held.filter(|held| is_choice(organization, actor, person, held.level, naming));
            let held = held.ok_or_else(unknown)?;
            if category == Category::Upgrade {
                return Err(refused(say!(
                    "partners are not supported for upgrades, so none is the point of contact of one"
                )));
            }
            let admission = Admission { grant: held.grant, by: actor.organization, ends_at: None, rests: false };
            Ok((contact.reference(), Some(admission)))
        }
        PointOfContact::Contact(..) => {
            Err(refused(say!("the contact has no permission for service requests, or is disabled")))
        }
        PointOfContact::Staff | PointOfContact::Unnamed | PointOfContact::Unknown => Err(unknown()),
    }
}

/// Whether somebody of another organization is a partner whom the actor may name.
fn is_choice(
    organization: OrganizationId,
    actor: &Actor,
    (person, status): (PersonId, PersonStatus),
    level: Level,
    naming: Naming,
) -> bool {
    let is_own_choice = actor.organization == organization || actor.id() == person;
    status == PersonStatus::Active && level >= naming.lowest_level() && is_own_choice
}

/// Allows asking who can be the point of contact: whoever may create requests for the organization.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(standing: &Standing, organization: OrganizationId) -> Result<(), Refusal> {
    require(standing, Action::CreateRequest, organization)
}

/// Somebody who can be the point of contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Who.
    pub person: PersonRef,
    /// The level of an enabled partner; none for the organization's own contacts.
    pub level: Option<Level>,
}

/// Decides for one candidate exactly as naming them would.
pub fn consider(
    now: Timestamp,
    organization: OrganizationId,
    actor: &Actor,
    candidate: &viewer::Candidate,
) -> Option<Choice> {
    let person = &candidate.person;
    if person.organization == organization {
        return person.is_designated().then(|| Choice { person: person.reference(), level: None });
    }
    let level = candidate.grants.deciding(now).map(|held| held.level);
    let is_enabled = |level| is_choice(organization, actor, (person.id(), person.status), level, Naming::AtCreation);
    (!person.is_staff() && level.is_some_and(is_enabled)).then(|| Choice { person: person.reference(), level })
}

/// Whoever is named as point of contact by somebody else is told, and so is the submitter; of a partner also where they named them
/// themselves (S-2).
pub(crate) fn notify(change: Change<ServiceRequest>, actor: &Actor, mails: [MailId; 2]) -> Change<ServiceRequest> {
    let request = change.after();
    let submitter = request.submitted_by.id;
    let before = change.before().map_or(Some(submitter), |before| before.point_of_contact.as_ref().map(|one| one.id));
    let Some(named) = request.point_of_contact.clone().filter(|named| Some(named.id) != before) else { return change };
    let is_partner = named.organization != request.organization.id;
    let about = Some(AnyId::from(request.id));
    let [first, second] = mails;
    let notice = |id, to| Notice { id, kind: MailKind::PointOfContact, to, about, link: None };
    // Nobody is told twice, and nobody that they were named by themselves.
    let change = if named.id == actor.id() { change } else { change.notify(notice(first, named.id)) };
    let is_news = submitter != named.id && (is_partner || submitter != actor.id());
    if is_news { change.notify(notice(second, submitter)) } else { change }
}
