//! The world of the tests: one customer, two partners, another customer and the vendor, and the people who work there.
//!
//! Ids are small numbers, so that they stay readable: the customer is organization 1, its guardian is contact 1.

use std::collections::BTreeSet;

use mandate_core::access::{HeldLevel, Standing};
use mandate_core::actor::{Actor, OrganizationRef, PersonRef, Position};
use mandate_core::change::{Context, Origin};
use mandate_core::contact::{Contact, Others, Sites, WelcomeIds};
use mandate_core::domain_owner::{DomainOwner, DomainOwners};
use mandate_core::grant_rest::Individual;
use mandate_core::handover::Orphan;
use mandate_core::id::{ContactId, GrantId, Id, Kind, LinkId, MailId, OrganizationId, ServiceRequestId, StaffId};
use mandate_core::invitation::Invitation;
use mandate_core::organization::Organization;
use mandate_core::partner_grant::{Ending, Grantee, PartnerGrant};
use mandate_core::person::Profile;
use mandate_core::preferences::NotificationPreferences;
use mandate_core::request_access::{Admission, HeldRole, HistoryScope};
use mandate_core::service_request::ServiceRequest;
use mandate_core::staff::StaffMember;
use mandate_core::text::{Domain, Email, Locale, Note, OrganizationName, PersonName, Subject, TimeZone};
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{
    Category, ContactType, GrantStatus, History, Involvement, Level, OrganizationStatus, OrganizationType, Permission,
    PersonStatus, RequestStatus, StaffRole, Vocabulary as _,
};

/// 2026-03-01T12:00:00Z, the moment at which every decision of these tests is made.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_772_366_400_000_000);
/// A day before [`NOW`], when everything that exists was made.
pub(crate) const YESTERDAY: Timestamp = NOW.minus(Span::days(1));
/// A day after [`NOW`].
pub(crate) const TOMORROW: Timestamp = NOW.plus(Span::days(1));

/// The customer, whose affairs most tests are about.
pub(crate) const CUSTOMER: OrganizationId = Id::from_u128(1);
/// A partner to whom the customer may grant something.
pub(crate) const PARTNER: OrganizationId = Id::from_u128(2);
/// Another partner.
pub(crate) const SECOND_PARTNER: OrganizationId = Id::from_u128(3);
/// A customer who has nothing to do with the others.
pub(crate) const OTHER_CUSTOMER: OrganizationId = Id::from_u128(4);
/// The vendor.
pub(crate) const VENDOR: OrganizationId = Id::from_u128(9);

/// The grant by which partners act, unless a test says otherwise.
pub(crate) const GRANT: GrantId = Id::from_u128(1);
/// The customer's service request.
pub(crate) const REQUEST: ServiceRequestId = Id::from_u128(1);

/// The id of any kind with this number.
pub(crate) fn id<K: Kind>(value: u128) -> Id<K> {
    Id::from_u128(value)
}

/// An organization of the world.
pub(crate) fn organization(id: OrganizationId) -> Organization {
    let (kind, name, domain) = match id.as_u128() {
        1 => (OrganizationType::Customer, "Acme", "acme.example"),
        2 => (OrganizationType::Partner, "Bridge", "bridge.example"),
        3 => (OrganizationType::Partner, "Second", "second.example"),
        4 => (OrganizationType::Customer, "Other", "other.example"),
        _ => (OrganizationType::Vendor, "Vendor", "vendor.example"),
    };
    Organization {
        id,
        kind,
        name: OrganizationName::parse(name).unwrap(),
        domains: domains(&[domain]),
        review_period_days: None,
        status: OrganizationStatus::Active,
        created_at: YESTERDAY,
        updated_at: YESTERDAY,
        version: 1,
    }
}

/// Domain names.
pub(crate) fn domains(names: &[&str]) -> Vec<Domain> {
    names.iter().map(|name| Domain::parse(name).unwrap()).collect()
}

/// A contact with a number, a name and a place; active and technical.
fn contact(number: u128, first_name: &str, organization: OrganizationId, permission: Permission) -> Contact {
    Contact {
        id: id(number),
        organization,
        profile: Profile {
            email: Email::parse(&format!("{}@example.com", first_name.to_lowercase())).unwrap(),
            first_name: PersonName::parse(first_name).unwrap(),
            last_name: PersonName::parse("Silva").unwrap(),
            phone: None,
            time_zone: TimeZone::default(),
            locale: Locale::default(),
        },
        kind: ContactType::Technical,
        permission,
        duties: BTreeSet::new(),
        sites: Sites::new(),
        preferences: NotificationPreferences::default(),
        status: PersonStatus::Active,
        disabled: None,
        created_at: YESTERDAY,
        created_by: None,
        updated_at: YESTERDAY,
        last_sign_in_at: None,
        last_confirmed_at: None,
        last_confirmed_by: None,
        training: None,
        email_undeliverable_since: None,
        version: 1,
    }
}

/// The customer's primary support contact who manages contacts (contact 1).
pub(crate) fn guardian() -> Contact {
    let contact = contact(1, "Gina", CUSTOMER, Permission::ManageContacts);
    Contact { kind: ContactType::PrimarySupport, ..contact }
}

/// The customer's contact manager who is no primary support contact (contact 2).
pub(crate) fn manager() -> Contact {
    contact(2, "Mani", CUSTOMER, Permission::ManageContacts)
}

/// The customer's designated contact (contact 3).
pub(crate) fn designated() -> Contact {
    contact(3, "Dina", CUSTOMER, Permission::DesignatedSupport)
}

/// The customer's contact who reads the knowledge base (contact 4).
pub(crate) fn reader() -> Contact {
    contact(4, "Rita", CUSTOMER, Permission::KnowledgeBase)
}

/// The partner's primary support contact and contact manager (contact 5).
pub(crate) fn partner_guardian() -> Contact {
    let contact = contact(5, "Paula", PARTNER, Permission::ManageContacts);
    Contact { kind: ContactType::PrimarySupport, ..contact }
}

/// The partner's designated contact (contact 6).
pub(crate) fn partner_designated() -> Contact {
    contact(6, "Pedro", PARTNER, Permission::DesignatedSupport)
}

/// The partner's contact who reads the knowledge base (contact 7).
pub(crate) fn partner_reader() -> Contact {
    contact(7, "Petra", PARTNER, Permission::KnowledgeBase)
}

/// The second partner's designated contact (contact 8).
pub(crate) fn second_partner_designated() -> Contact {
    contact(8, "Sofia", SECOND_PARTNER, Permission::DesignatedSupport)
}

/// The other customer's contact manager and primary support contact (contact 9).
pub(crate) fn outsider() -> Contact {
    let contact = contact(9, "Olga", OTHER_CUSTOMER, Permission::ManageContacts);
    Contact { kind: ContactType::PrimarySupport, ..contact }
}

/// The staff member who has this role alone; numbered from 1 in the order of the roles.
pub(crate) fn staff(role: StaffRole) -> StaffMember {
    let position = StaffRole::ALL.iter().position(|one| *one == role).unwrap();
    StaffMember {
        id: id(u128::try_from(position).unwrap() + 1),
        organization: VENDOR,
        profile: Profile {
            email: Email::parse(&format!("{}@vendor.example", role.name())).unwrap(),
            first_name: PersonName::parse("Vera").unwrap(),
            last_name: PersonName::parse(role.name()).unwrap(),
            phone: None,
            time_zone: TimeZone::default(),
            locale: Locale::default(),
        },
        roles: vec![role],
        status: PersonStatus::Active,
        disabled: None,
        created_at: YESTERDAY,
        created_by: None,
        updated_at: YESTERDAY,
        last_sign_in_at: None,
        version: 1,
    }
}

/// Somebody who can act: a contact or a staff member.
pub(crate) trait Person {
    /// As the database knows them now.
    fn actor(&self) -> Actor;
}

impl Person for Contact {
    fn actor(&self) -> Actor {
        Actor {
            position: Position::Contact { id: self.id, permission: self.permission, kind: self.kind },
            organization: self.organization,
            organization_kind: organization(self.organization).kind,
            name: self.name(),
            email: self.profile.email.clone(),
            status: self.status,
        }
    }
}

impl Person for StaffMember {
    fn actor(&self) -> Actor {
        Actor {
            position: Position::Staff { id: self.id, roles: self.roles.clone() },
            organization: self.organization,
            organization_kind: OrganizationType::Vendor,
            name: self.name(),
            email: self.profile.email.clone(),
            status: self.status,
        }
    }
}

/// Where every command of the tests comes from.
pub(crate) fn origin() -> Origin {
    Origin { request_id: "req_test".to_owned(), address: Some("192.0.2.1".parse().unwrap()) }
}

/// The context of a command that somebody gives [`NOW`].
pub(crate) fn by(person: &impl Person) -> Context {
    Context { actor: Some(person.actor()), now: NOW, origin: origin() }
}

/// The context of what the server does by itself at [`NOW`].
pub(crate) fn by_the_server() -> Context {
    Context { actor: None, now: NOW, origin: Origin::default() }
}

/// The same contact, who wants no emails that can be switched off.
pub(crate) fn silent(contact: Contact) -> Contact {
    Contact { preferences: NotificationPreferences { email: false, ..NotificationPreferences::default() }, ..contact }
}

/// What a person is to the customer without any grant.
pub(crate) fn standing(person: &impl Person) -> Standing {
    Standing::of(&person.actor(), CUSTOMER, None)
}

/// What a contact of the organization is to it.
pub(crate) fn member(permission: Permission, kind: ContactType) -> Standing {
    Standing::Member { permission, kind }
}

/// Others who guard the organization, whatever becomes of one.
pub(crate) const BACKED: Others = Others { active_manager: true, active_primary: true, active_appointer: true };

/// That the domain of everybody is the customer's own.
pub(crate) fn acme() -> DomainOwners {
    owners(&[("acme.example", CUSTOMER), ("example.com", CUSTOMER)])
}

/// Whose which domain is.
pub(crate) fn owners(all: &[(&str, OrganizationId)]) -> DomainOwners {
    let owner = |(name, owner): &(&str, OrganizationId)| DomainOwner {
        domain: Domain::parse(name).unwrap(),
        organization: *owner,
        kind: organization(*owner).kind,
    };
    DomainOwners::new(all.iter().map(owner).collect())
}

/// The level that [`GRANT`] gives.
pub(crate) fn held(level: Level) -> HeldLevel {
    HeldLevel { level, grant: GRANT, scope: ALL_HISTORY }
}

/// What a partner is who acts by [`GRANT`].
pub(crate) fn partner(level: Level) -> Standing {
    Standing::Partner(held(level))
}

/// What a staff member with one role is, without a grant.
pub(crate) fn desk(role: StaffRole) -> Standing {
    Standing::Staff { roles: vec![role], held: None }
}

/// What a consultant is who acts by [`GRANT`].
pub(crate) fn consultant(level: Level) -> Standing {
    Standing::Staff { roles: vec![StaffRole::Consultant], held: Some(held(level)) }
}

/// Past and present requests, by a grant that was made [`YESTERDAY`].
pub(crate) const ALL_HISTORY: HistoryScope = HistoryScope { history: History::All, since: YESTERDAY };

/// The levels that give something, lowest first.
pub(crate) fn levels() -> impl Iterator<Item = Level> + Clone {
    Level::ALL.iter().copied().filter(|level| *level != Level::None)
}

/// The customer's grant to somebody, without an end.
pub(crate) fn grant(number: u128, grantee: Grantee, level: Level) -> PartnerGrant {
    PartnerGrant {
        raised_at: YESTERDAY,
        id: id(number),
        grantor: organization(CUSTOMER).reference(),
        grantee,
        level,
        scope: ALL_HISTORY,
        expires_at: None,
        note: None,
        ending: None,
        created_at: YESTERDAY,
        created_by: manager().id.into(),
        updated_at: YESTERDAY,
        version: 1,
    }
}

/// The same grant, which ended [`YESTERDAY`].
pub(crate) fn ended(status: GrantStatus, grant: PartnerGrant) -> PartnerGrant {
    let ending = Ending { at: YESTERDAY, status, by: Some(manager().id.into()), reason: None };
    PartnerGrant { ending: Some(ending), ..grant }
}

/// A grant to one person, without which they would have this level.
pub(crate) fn individual(grant: PartnerGrant, without: Option<Level>) -> Individual {
    Individual { grant, without: without.map(held), there: None }
}

/// A request that loses its point of contact, with its submitter and those who guard the customer.
pub(crate) fn orphan(request: ServiceRequest, submitter: Option<&Contact>, guards: &[Contact]) -> Orphan {
    Orphan {
        request,
        submitter: submitter.map(Person::actor),
        guards: guards.iter().map(Person::actor).collect(),
        participants: Vec::new(),
    }
}

/// How somebody of the organization takes part.
pub(crate) fn part(role: Involvement) -> HeldRole {
    HeldRole { role, grant: None }
}

/// How somebody is point of contact whom the customer's own people named by [`GRANT`].
pub(crate) const ADMITTED: Admission = Admission { grant: GRANT, by: CUSTOMER, ends_at: None, rests: false };

/// A whole organization as a grantee.
pub(crate) fn all_of(organization_id: OrganizationId) -> Grantee {
    Grantee::Organization(organization(organization_id).reference())
}

/// One person as a grantee.
pub(crate) fn one(person: &impl Person) -> Grantee {
    Grantee::Person(person.actor().reference())
}

/// The customer's open service request, which its designated contact submitted.
pub(crate) fn request() -> ServiceRequest {
    ServiceRequest {
        id: REQUEST,
        number: 123,
        organization: organization(CUSTOMER).reference(),
        subject: Subject::parse("The door does not open").unwrap(),
        category: Category::Incident,
        severity: 3,
        status: RequestStatus::Open,
        submitted_by: designated().reference(),
        submitted_by_grant: None,
        confidential: false,
        sealed: false,
        point_of_contact: Some(designated().reference()),
        assigned_to: None,
        follow_up_of: None,
        about: None,
        created_at: YESTERDAY,
        updated_at: YESTERDAY,
        activity_at: YESTERDAY,
        solved_at: None,
        closed_at: None,
        version: 1,
        admission: None,
        only_guards_open: false,
    }
}

/// The customer's service request in some state.
pub(crate) fn request_in(status: RequestStatus) -> ServiceRequest {
    let solved_at = (status >= RequestStatus::Solved).then_some(YESTERDAY);
    let closed_at = (status == RequestStatus::Closed).then_some(YESTERDAY);
    ServiceRequest { status, solved_at, closed_at, ..request() }
}

/// The ids of a welcome link and its email, good until [`TOMORROW`].
pub(crate) fn welcome_ids() -> WelcomeIds {
    let (link, mail): (LinkId, MailId) = (id(1), id(1));
    WelcomeIds { link, mail, expires_at: TOMORROW }
}

/// The customer's pending invitation of somebody, good until [`TOMORROW`].
pub(crate) fn invitation(number: u128, inviter: &impl Person, invited: &Contact) -> Invitation {
    Invitation {
        id: id(number),
        organization: CUSTOMER,
        person: invited.id,
        email: invited.profile.email.clone(),
        kind: ContactType::Technical,
        permission: Permission::DesignatedSupport,
        duties: BTreeSet::new(),
        link: id(number),
        expires_at: TOMORROW,
        ending: None,
        created_at: YESTERDAY,
        created_by: inviter.actor().id(),
        updated_at: YESTERDAY,
        version: 1,
    }
}

/// A note.
pub(crate) fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

/// A contact as others see them.
pub(crate) fn reference(person: &impl Person) -> PersonRef {
    person.actor().reference()
}

/// An organization as others see it.
pub(crate) fn named(id: OrganizationId) -> OrganizationRef {
    organization(id).reference()
}

/// The id of a contact to be.
pub(crate) const NEW_CONTACT: ContactId = Id::from_u128(20);
/// The id of a staff member to be.
pub(crate) const NEW_STAFF: StaffId = Id::from_u128(20);
