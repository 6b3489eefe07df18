//! The point of contact of a service request: whom agents work with (S-2, S-10).

use crate::access::{Action, Standing, require};
use crate::actor::{Actor, PersonRef};
use crate::change::{Change, Notice};
use crate::contact::Contact;
use crate::id::{AnyId, MailId, OrganizationId, PersonId};
use crate::refusal::{Code, Refusal};
use crate::say;
use crate::service_request::ServiceRequest;
use crate::time::Timestamp;
use crate::viewer;
use crate::vocabulary::{Level, MailKind, PersonStatus};
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
    /// A contact of whatever organization, with the level that decides for them at the request's organization.
    Contact(Box<Contact>, Option<Level>),
    /// A staff member.
    Staff,
}

/// Who can be the point of contact: a designated contact of the organization or, where the organization's own contact
/// names them, an enabled partner: a person whose effective level is `create` or above (S-2).
pub(crate) fn accept(organization: OrganizationId, actor: &Actor, named: PointOfContact) -> Result<PersonRef, Refusal> {
    let refused = |why: Wording| Refusal::new(Code::PointOfContactNotAllowed, why).at("#/point_of_contact");
    // One answer for people elsewhere and for nobody.
    let unknown = || {
        refused(say!(
            "name a designated contact of the organization or, as one of its own contacts, a partner whose level is \
             `create` or above"
        ))
    };
    match named {
        PointOfContact::Contact(contact, _) if contact.organization == organization && contact.is_designated() => {
            Ok(contact.reference())
        }
        PointOfContact::Contact(contact, level) if contact.organization != organization => {
            let is_enabled = is_enabled_choice(organization, actor, (contact.id.into(), contact.status), level);
            if is_enabled { Ok(contact.reference()) } else { Err(unknown()) }
        }
        PointOfContact::Contact(..) => {
            Err(refused(say!("the contact has no permission for service requests, or is disabled")))
        }
        PointOfContact::Staff | PointOfContact::Unnamed | PointOfContact::Unknown => Err(unknown()),
    }
}

/// Whether somebody of another organization is an enabled partner whom the actor may name.
fn is_enabled_choice(
    organization: OrganizationId,
    actor: &Actor,
    (person, status): (PersonId, PersonStatus),
    level: Option<Level>,
) -> bool {
    let is_own_choice = actor.organization == organization || actor.id() == person;
    status == PersonStatus::Active && level >= Some(ENABLED) && is_own_choice
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
    let is_enabled = !person.is_staff() && is_enabled_choice(organization, actor, (person.id(), person.status), level);
    is_enabled.then(|| Choice { person: person.reference(), level })
}

/// Naming a partner as point of contact tells both the submitter and the partner (S-2).
pub(crate) fn notify_of_partner(
    change: Change<ServiceRequest>,
    actor: &Actor,
    mails: [MailId; 2],
) -> Change<ServiceRequest> {
    let request = change.after();
    let partner = request.point_of_contact.as_ref().filter(|person| person.organization != request.organization.id);
    let is_news = change.before().is_none_or(|before| before.point_of_contact != request.point_of_contact);
    let Some(partner) = partner.map(|person| person.id).filter(|_| is_news) else { return change };
    let submitter = request.submitted_by.id;
    let about = Some(AnyId::from(request.id));
    let [first, second] = mails;
    let notice = |id, to| Notice { id, kind: MailKind::PointOfContact, to, about, link: None };
    // Nobody is told twice, and a partner not of what they did themselves.
    let change = if partner == actor.id() { change } else { change.notify(notice(first, partner)) };
    if partner == submitter { change } else { change.notify(notice(second, submitter)) }
}
