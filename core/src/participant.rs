//! Who takes part in a service request, and how: secondary contacts and those who get copies (S-7, S-9). The point of contact is
//! a member of the request itself.

use crate::access::{Action, Standing, Verdict, Visible, decide, denied};
use crate::actor::PersonRef;
use crate::change::{Authority, Change, Context, Notice, Recorded};
use crate::contact::{self, NewContact, Welcomed};
use crate::id::{AnyId, GrantId, MailId, OrganizationId, PersonId, ServiceRequestId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::organization::expect_version;
use crate::point_of_contact::PointOfContact;
use crate::refusal::{Code, Extra, Refusal, Requirement};
use crate::request_access::HeldRole;
use crate::request_admission::{acts_by_grant, expect_admitting};
use crate::say;
use crate::service_request::{self, EditFacts, EditRequest, RequestFacts, ServiceRequest, expect_open, updatable};
use crate::text::Flaw;
use crate::time::Timestamp;
use crate::viewer::{self, Candidate};
use crate::vocabulary::{Category, Involvement, MailKind, Permission, PersonStatus, Vocabulary as _};
use crate::wording::Wording;

/// Participants of one request, its point of contact aside.
pub const PARTICIPANTS_MAX: usize = 50;

/// Somebody who takes part in a request beside its point of contact (S-7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// The request.
    pub request: ServiceRequestId,
    /// Whose request that is.
    pub organization: OrganizationId,
    /// Who takes part.
    pub person: PersonRef,
    /// How; none once they were removed.
    pub role: Option<Involvement>,
    /// The grant that decided for them when they were added; none for people of the organization.
    pub grant: Option<GrantId>,
    /// When they were added.
    pub added_at: Timestamp,
    /// By whom.
    pub added_by: PersonRef,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl Recorded for Participant {
    /// The request: the journal tells of it who takes part.
    fn subject(&self) -> AnyId {
        self.request.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        let named = |role: Involvement| Fact::Texts(vec![self.person.id.to_string(), role.name().to_owned()]);
        vec![("participant", self.role.map_or(Fact::Null, named))]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, _now: Timestamp) -> Self {
        Self { version: self.version + 1, ..self }
    }
}

impl Participant {
    /// How they take part, and by which grant.
    pub fn held_role(&self) -> Option<HeldRole> {
        self.role.map(|role| HeldRole { role, grant: self.grant })
    }
}

/// What must be known to add somebody, or to give them another role.
#[derive(Debug, Clone)]
pub struct AddFacts {
    /// Who asks, what they are, and the request.
    pub request: RequestFacts,
    /// Who is to take part, if they exist, with the role that they have.
    pub candidate: Option<Candidate>,
    /// The same person as the point of contact to be; needed only for that role.
    pub point_of_contact: PointOfContact,
    /// How they take part already.
    pub present: Option<Participant>,
    /// How many take part.
    pub count: usize,
}

impl AddFacts {
    /// Whether the point of contact takes no part now, so that they can be given another role.
    fn lead_at_rest(&self) -> bool {
        self.request.lead_at_rest
    }
}

/// Who is to take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddParticipant {
    /// Who.
    pub person: PersonId,
    /// How.
    pub role: Involvement,
    /// The version that the caller saw, of the participant or, for the point of contact, of the request.
    pub expected_version: Option<i64>,
    /// The ids of the emails to whoever is added, or to a partner who becomes the point of contact and to the submitter.
    pub mails: [MailId; 2],
}

/// What adding somebody changed.
#[derive(Debug)]
pub enum Added {
    /// They take part.
    Participant(Box<Change<Participant>>),
    /// They are the point of contact.
    PointOfContact(Box<Change<ServiceRequest>>),
}

/// Adds a participant, gives one another role, or names the point of contact (S-2, S-7). Whoever is added by somebody else is
/// told by email.
///
/// *Decides*: request visible? may update it? not closed? then for the point of contact what editing the request decides; for
/// the others: one who lets people in, if it is confidential (S-14)? not the point of contact already? somebody who can take part? by the organization's own contact, where it widens
/// what somebody else may do? room for one more?
pub fn add(context: &Context, facts: AddFacts, command: AddParticipant) -> Result<Added, Refusal> {
    match command.role {
        Involvement::PointOfContact => appoint(context, facts, command).map(Box::new).map(Added::PointOfContact),
        Involvement::Secondary | Involvement::Cc => join(context, facts, command).map(Box::new).map(Added::Participant),
    }
}

fn appoint(context: &Context, facts: AddFacts, command: AddParticipant) -> Result<Change<ServiceRequest>, Refusal> {
    let AddFacts { request, point_of_contact, .. } = facts;
    let facts = EditFacts { request, assignee: None, point_of_contact };
    let edit = EditRequest {
        point_of_contact: Some(command.person),
        expected_version: command.expected_version,
        mails: Some(command.mails),
        ..EditRequest::default()
    };
    service_request::edit(context, facts, edit).map_err(|refusal| match refusal.code {
        Code::PointOfContactNotAllowed => refusal.at("#/person_id"),
        _ => refusal,
    })
}

fn join(context: &Context, facts: AddFacts, command: AddParticipant) -> Result<Change<Participant>, Refusal> {
    let request = updatable(&facts.request)?;
    expect_open(&request)?;
    expect_admitting(&facts.request, &request)?;
    if !facts.lead_at_rest() {
        refuse_point_of_contact(&request, command.person)?;
    }
    let is_upheld = facts.candidate.as_ref().is_some_and(|candidate| {
        candidate.role.is_some_and(|role| candidate.grants.upholds(role, context.now).is_some())
    });
    let (person, grant) = accept(context.now, &facts.request, &request, facts.candidate, command.role)?;
    let authority = facts.request.standing.authority(request.organization.id);
    if let Some(present) = facts.present {
        expect_version(command.expected_version, present.version)?;
        let is_same = present.role == Some(command.role) && is_upheld;
        if !is_same && present.role.is_some() {
            expect_own_choice(&facts.request, &request, &present)?;
        }
        // What the organization's own people choose again is their choice from now on.
        let confirms = is_own(&facts.request) && present.added_by.organization != request.organization.id;
        let after = if is_same && !confirms {
            present.clone()
        } else {
            Participant {
                role: Some(command.role),
                grant,
                added_by: facts.request.actor.reference(),
                ..present.clone()
            }
        };
        return Ok(Change::update(context, authority, EventKind::ParticipantChanged, present, after));
    }
    if facts.count >= PARTICIPANTS_MAX {
        let detail = say!(
            "`{number}` has {count} participants, as many as it may have",
            number = request.spoken_number(),
            count = facts.count
        );
        return Err(Refusal::new(Code::TooManyParticipants, detail));
    }
    let [mail, _] = command.mails;
    Ok(joined(context, authority, &facts.request, &request, (person, grant), command.role, mail))
}

fn joined(
    context: &Context,
    authority: Authority,
    facts: &RequestFacts,
    request: &ServiceRequest,
    (person, grant): (PersonRef, Option<GrantId>),
    role: Involvement,
    mail: MailId,
) -> Change<Participant> {
    let to = person.id;
    let participant = Participant {
        request: request.id,
        organization: request.organization.id,
        person,
        role: Some(role),
        grant,
        added_at: context.now,
        added_by: facts.actor.reference(),
        version: 1,
    };
    let change = Change::create(context, authority, EventKind::ParticipantAdded, participant);
    let about = Some(request.id.into());
    let notice = Notice { id: mail, kind: MailKind::ParticipantAdded, to, about, link: None };
    if to == facts.actor.id() { change } else { change.notify(notice) }
}

/// The point of contact takes part as such until somebody else does.
fn refuse_point_of_contact(request: &ServiceRequest, person: PersonId) -> Result<(), Refusal> {
    match &request.point_of_contact {
        Some(contact) if contact.id == person => {
            let detail = say!("{name} is the point of contact; name somebody else as that first", name = contact.name);
            Err(Refusal::new(Code::PointOfContactRequired, detail).with(Extra::About(person.into())))
        }
        Some(_) | None => Ok(()),
    }
}

/// Who can take part (S-7): people of the organization who see its requests (S-3), and people elsewhere with a live grant of any
/// level; where it widens what these may do, by the organization's own contacts alone.
fn accept(
    now: Timestamp,
    facts: &RequestFacts,
    request: &ServiceRequest,
    candidate: Option<Candidate>,
    role: Involvement,
) -> Result<(PersonRef, Option<GrantId>), Refusal> {
    let refused = |why: Wording| Refusal::new(Code::ParticipantNotAllowed, why).at("#/person_id");
    // One answer for people without a grant and for nobody.
    let unknown = || {
        refused(say!(
            "name a contact of the organization with `designated_support` or above, or a person with a live grant of it"
        ))
    };
    let candidate = candidate.ok_or_else(unknown)?;
    let held = candidate.grants.deciding(now);
    let standing = Standing::of(&candidate.person, request.organization.id, held);
    let person = candidate.person.reference();
    match standing {
        Standing::Member { .. } if !matches!(candidate.person.status, PersonStatus::Active | PersonStatus::Invited) => {
            return Err(refused(say!("the contact is disabled, or belongs to another organization now")));
        }
        Standing::Member { .. } if decide(&standing, Action::ReadRequests) != Verdict::Permit => {
            return Err(refused(say!(
                "the contact sees no service requests, which takes `designated_support` or above"
            )));
        }
        Standing::Member { .. } => return Ok((person, None)),
        Standing::Partner(_) if request.sealed => return Err(unknown()),
        Standing::Partner(_) | Standing::Staff { held: Some(_), .. }
            if candidate.person.status == PersonStatus::Active => {}
        Standing::Partner(_) | Standing::Staff { .. } | Standing::Stranger => return Err(unknown()),
    }
    let grant = held.map(|held| held.grant);
    if role >= Involvement::Secondary
        && request.category == Category::Upgrade
        && matches!(standing, Standing::Partner(_))
    {
        return Err(refused(say!("partners are not supported for upgrades, so none is more than `cc` of one")));
    }
    if is_own(facts) || !widens(now, request, &candidate, HeldRole { role, grant }) {
        return Ok((person, grant));
    }
    // Of other organizations' people a partner learns no more than that they cannot be named.
    let may_know = person.organization == facts.actor.organization
        || decide(&facts.standing, Action::WorkOnRequests) == Verdict::Permit;
    if !may_know {
        return Err(unknown());
    }
    let requirement = Requirement::Permission(Permission::DesignatedSupport);
    let detail = say!(
        "as `{role}` the person could do more than their grant allows, which only the organization's own contacts decide: \
         this takes {requirement}",
        role = role.name(),
        requirement = requirement.wording()
    );
    Err(Refusal { detail, ..denied(&facts.standing, requirement, request.organization.id) })
}

/// Whether who asks is of the request's organization.
fn is_own(facts: &RequestFacts) -> bool {
    matches!(facts.standing, Standing::Member { .. })
}

/// Whether somebody could read or update a request in this role who cannot now.
fn widens(now: Timestamp, request: &ServiceRequest, candidate: &Candidate, role: HeldRole) -> bool {
    let before = candidate.facts(now, request.clone());
    let after = Candidate { role: Some(role), ..candidate.clone() }.facts(now, request.clone());
    (service_request::view(&after).is_ok() && service_request::view(&before).is_err())
        || (updatable(&after).is_ok() && updatable(&before).is_err())
}

/// Somebody who is to take part in a request to be.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Who, if they exist.
    pub candidate: Option<Candidate>,
    /// How.
    pub role: Involvement,
    /// The id of the email that tells them.
    pub mail: MailId,
}

/// The participants whom a new request begins with.
///
/// *Errors*: `participant_not_allowed` with the place of each who cannot take part, or is named twice; `permission_required`.
pub(crate) fn begin_with(
    context: &Context,
    authority: Authority,
    facts: &RequestFacts,
    request: &ServiceRequest,
    invited: Vec<Invited>,
) -> Result<Vec<Change<Participant>>, Refusal> {
    if !invited.is_empty() {
        expect_admitting(facts, request).map_err(|refusal| refusal.at("#/participants"))?;
    }
    let (mut flaws, mut changes) = (Vec::new(), Vec::<Change<Participant>>::new());
    for (index, Invited { candidate, role, mail }) in invited.into_iter().enumerate() {
        let person = candidate.as_ref().map(|candidate| candidate.person.id());
        let is_named = |person| changes.iter().any(|change| change.after().person.id == person);
        let refused = |why: Wording| Refusal::new(Code::ParticipantNotAllowed, why);
        let accepted = match person {
            _ if role == Involvement::PointOfContact => {
                Err(refused(say!("name the point of contact in `point_of_contact`")))
            }
            Some(person) if is_named(person) => Err(refused(say!("is named twice"))),
            Some(person) if refuse_point_of_contact(request, person).is_err() => {
                Err(refused(say!("is the point of contact already")))
            }
            Some(_) | None => accept(context.now, facts, request, candidate, role),
        };
        match accepted {
            Ok(person) => changes.push(joined(context, authority, facts, request, person, role, mail)),
            Err(refusal) if refusal.code == Code::ParticipantNotAllowed => {
                flaws.push((
                    format!("#/participants/{index}/person_id"),
                    Flaw::new(refusal.code.name(), refusal.detail),
                ));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    if flaws.is_empty() {
        return Ok(changes);
    }
    let detail = say!("{count} of the participants cannot take part, see `errors`", count = flaws.len());
    Err(Refusal::new(Code::ParticipantNotAllowed, detail).with(Extra::Flaws(flaws)))
}

/// Creates the designated contact who is to take part in a request (S-9).
///
/// *Decides*: request visible? may update it? not closed? all that creating a contact decides; designated?
pub fn introduce(
    context: &Context,
    facts: &RequestFacts,
    contact_facts: contact::CreateFacts,
    command: NewContact,
) -> Result<Welcomed, Refusal> {
    let request = updatable(facts)?;
    expect_open(&request)?;
    let welcomed = contact::create(context, contact_facts, command)?;
    if welcomed.contact.after().is_designated() {
        return Ok(welcomed);
    }
    let detail = say!("whoever takes part in a service request needs the permission `designated_support` or above");
    Err(Refusal::new(Code::ParticipantNotAllowed, detail).at("#/permission"))
}

/// What must be known to remove a participant.
#[derive(Debug, Clone)]
pub struct RemoveFacts {
    /// Who asks, what they are, and the request.
    pub request: RequestFacts,
    /// How the person takes part, if they do.
    pub present: Option<Participant>,
}

/// Removes a participant; everybody may remove themselves (S-7).
///
/// *Decides*: request visible? may update it, or is it oneself? not the point of contact? takes part? one who lets people in, if it is
/// confidential and not about oneself (S-14)? added by one's own people, if one
/// acts by a grant? version? not closed?
pub fn remove(
    context: &Context,
    facts: RemoveFacts,
    person: PersonId,
    expected_version: Option<i64>,
) -> Result<Change<Participant>, Refusal> {
    let request = if facts.request.actor.id() == person {
        service_request::view(&facts.request)?.into_value()
    } else {
        updatable(&facts.request)?
    };
    refuse_point_of_contact(&request, person)?;
    let present = facts.present.ok_or_else(Refusal::not_found)?;
    if facts.request.actor.id() != person {
        expect_admitting(&facts.request, &request)?;
    }
    expect_own_choice(&facts.request, &request, &present)?;
    expect_version(expected_version, present.version)?;
    expect_open(&request)?;
    Ok(end(context, facts.request.standing.authority(request.organization.id), present))
}

/// Ends a participation, also that of somebody who is disabled or goes elsewhere: it does not come back with them (C-15, C-17).
pub(crate) fn end(context: &Context, authority: Authority, present: Participant) -> Change<Participant> {
    let after = Participant { role: None, ..present.clone() };
    Change::update(context, authority, EventKind::ParticipantRemoved, present, after)
}

/// Who acts by a grant takes out only themselves and those whom their own organization added (S-7).
fn expect_own_choice(facts: &RequestFacts, request: &ServiceRequest, present: &Participant) -> Result<(), Refusal> {
    let is_own = present.person.id == facts.actor.id() || present.added_by.organization == facts.actor.organization;
    if is_own || !acts_by_grant(&facts.standing) {
        return Ok(());
    }
    let requirement = Requirement::Permission(Permission::DesignatedSupport);
    let detail = say!("who acts by a grant takes out only themselves and those whom their own organization added");
    Err(Refusal { detail, ..denied(&facts.standing, requirement, request.organization.id) })
}

/// Somebody who takes part in a request, as its readers see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who.
    pub person: PersonRef,
    /// How.
    pub role: Involvement,
    /// Whether they can see the request now: not before they set a password, nor without the grant behind it.
    pub active: bool,
    /// When they were added, and by whom; none for the point of contact.
    pub added: Option<(Timestamp, PersonRef)>,
    /// The participant's version; of the point of contact, the request's.
    pub version: i64,
}

/// The point of contact first, if there is one, then everybody else who takes part, in the given order.
pub fn parts(
    now: Timestamp,
    request: &Visible<ServiceRequest>,
    contact: Option<Candidate>,
    participants: Vec<(Participant, Candidate)>,
) -> Vec<Part> {
    let request = request.value();
    let sees = |candidate| viewer::consider(now, request, candidate).is_some();
    let point_of_contact = request.point_of_contact.clone().map(|person| Part {
        person,
        role: Involvement::PointOfContact,
        active: contact.is_some_and(sees),
        added: None,
        version: request.version,
    });
    let is_other = |person: &PersonRef| request.point_of_contact.as_ref().is_none_or(|contact| contact.id != person.id);
    let others = participants.into_iter().filter(|(participant, _)| is_other(&participant.person));
    let others = others.filter_map(|(participant, candidate)| {
        Some(Part {
            role: participant.role?,
            person: participant.person,
            active: sees(candidate),
            added: Some((participant.added_at, participant.added_by)),
            version: participant.version,
        })
    });
    point_of_contact.into_iter().chain(others).collect()
}
