//! Organizations (O-1, O-2, C-10).

use mandate_core::access::{ADMINISTRATION, Standing};
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::contact::{Existing, NewContact};
use mandate_core::organization::{
    CreateFacts, CreateOrganization, EditFacts, EditOrganization, adopt_vendor_domains, create, edit, found_vendor,
    resume, suspend, view,
};
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::text::{OrganizationName, TypedEmail};
use mandate_core::vocabulary::{
    ContactType, Level, OrganizationStatus, OrganizationType, Permission, PersonStatus, StaffRole, Vocabulary as _,
};

use crate::contact::{new_contact, typed};
use crate::ladder::{climb, code, lacks, mails, refusal, trips, written};
use crate::world::{
    CUSTOMER, NEW_CONTACT, NOW, Person as _, TOMORROW, VENDOR, by, designated, desk, domains, guardian, manager,
    member, organization, outsider, partner, partner_designated, staff, standing,
};

#[derive(Debug, Clone)]
struct Creation {
    facts: CreateFacts,
    command: CreateOrganization,
}

/// Everything about this creation is wrong.
fn wrong_creation() -> Creation {
    let first_contact = NewContact {
        profile: typed("New@Eu.Vendor.example"),
        kind: ContactType::Technical,
        permission: Permission::KnowledgeBase,
        ..new_contact()
    };
    Creation {
        facts: CreateFacts {
            actor: staff(StaffRole::Agent).actor(),
            vendor_domains: domains(&["vendor.example"]),
            taken_domains: domains(&["taken.example"]),
            existing: Some(Existing { person: outsider().id.into(), organization: outsider().organization }),
            former: Vec::new(),
        },
        command: CreateOrganization {
            id: CUSTOMER,
            kind: OrganizationType::Vendor,
            name: OrganizationName::parse("Acme").unwrap(),
            domains: domains(&["acme.example"]),
            review_period_days: Some(30),
            first_contact,
        },
    }
}

#[test]
fn an_administrator_creates_a_customer_and_its_first_contact_guards_it_o_1_o_2_c_10() {
    let administrator = staff(StaffRole::Administrator);
    let created = climb(
        wrong_creation(),
        |world| create(&by(&staff(StaffRole::Administrator)), world.facts, world.command),
        [
            lacks::<Creation>(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts.actor = staff(StaffRole::Administrator).actor()),
            trips(Code::ValidationFailed)
                .at("#/kind")
                .with(Extra::MemberCode("invalid_value"))
                .until(|world| world.command.kind = OrganizationType::Customer),
            trips(Code::DomainTaken).at("#/domains").until(|world| world.facts.taken_domains.clear()),
            trips(Code::VendorStaffNotAllowed).at("#/email").until(|world| {
                world.command.first_contact.profile.email = TypedEmail::parse("New@acme.example").unwrap();
            }),
            trips(Code::ValidationFailed).at("#/email").with(Extra::MemberCode("email_not_lower_case")).until(
                |world| {
                    world.command.first_contact.profile.email = TypedEmail::parse("new@acme.example").unwrap();
                },
            ),
            trips(Code::ContactInOtherOrganization)
                .with(Extra::InvitationAvailable(false))
                .until(|world| world.facts.existing = None),
        ],
    );
    let acme = created.organization.after();
    assert_eq!((acme.id, acme.kind, acme.status), (CUSTOMER, OrganizationType::Customer, OrganizationStatus::Active));
    assert_eq!((acme.domains.clone(), acme.version, acme.created_at), (domains(&["acme.example"]), 1, NOW));
    assert_eq!(acme.review_period_days, Some(30));
    assert_eq!(written(&created.organization), ["organization.created in org_1 by staff_7 for org_9"]);
    // Whatever the command says of them, the first contact is a primary support contact who manages contacts (C-10).
    let first = created.first_contact.contact.after();
    assert_eq!((first.kind, first.permission), (ContactType::PrimarySupport, Permission::ManageContacts));
    assert_eq!((first.organization, first.status), (CUSTOMER, PersonStatus::Invited));
    assert_eq!(first.created_by, Some(administrator.id.into()));
    assert_eq!(written(&created.first_contact.contact), ["contact.created in org_1 by staff_7 for org_9"]);
    assert_eq!(mails(&created.first_contact.contact), ["mail_1: welcome to contact_m about contact_m with link_1"]);
    assert_eq!(
        (created.first_contact.link.person, created.first_contact.link.expires_at),
        (NEW_CONTACT.into(), TOMORROW)
    );
}

#[test]
fn a_staff_member_is_never_a_first_contact_o_2() {
    let world = wrong_creation();
    let facts = CreateFacts {
        actor: staff(StaffRole::Administrator).actor(),
        taken_domains: Vec::new(),
        existing: Some(Existing { person: staff(StaffRole::Agent).id.into(), organization: VENDOR }),
        ..world.facts
    };
    let first_contact = NewContact { profile: typed("agent@private.example"), ..world.command.first_contact };
    let command = CreateOrganization { kind: OrganizationType::Partner, first_contact, ..world.command };
    assert_eq!(code(create(&by(&staff(StaffRole::Administrator)), facts, command)), Code::VendorStaffNotAllowed);
}

#[test]
fn exactly_one_vendor_exists_from_the_first_start_and_stays_o_1() {
    assert_eq!(
        OrganizationType::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        ["customer", "partner", "vendor"]
    );
    let context = Context { actor: None, ..by(&staff(StaffRole::Administrator)) };
    let founded = found_vendor(&context, VENDOR, organization(VENDOR).name, organization(VENDOR).domains);
    assert_eq!((founded.after().kind, founded.after().status), (OrganizationType::Vendor, OrganizationStatus::Active));
    assert_eq!(written(&founded), ["organization.created in org_9 by the system for org_9"]);
    let facts = EditFacts {
        vendor_domains: Vec::new(),
        configured_domains: Vec::new(),
        standing: desk(StaffRole::Administrator),
        organization: Some(founded.after().clone()),
        taken_domains: Vec::new(),
    };
    let refusal = refusal(suspend(&by(&staff(StaffRole::Administrator)), facts, None));
    assert_eq!((refusal.code, refusal.extras), (Code::InvalidTransition, vec![Extra::CurrentStatus("active")]));
}

#[test]
fn the_vendor_takes_domains_over_from_the_configuration_and_drops_none_o_2() {
    let context = Context { actor: None, ..by(&staff(StaffRole::Administrator)) };
    let adopted =
        adopt_vendor_domains(&context, organization(VENDOR), domains(&["vendor.test", "vendor.example", "alpha.test"]));
    assert_eq!(
        written(&adopted),
        [
            "organization.updated in org_9 by the system for org_9",
            "domains: vendor.example -> alpha.test vendor.example vendor.test",
        ]
    );
    let again = adopt_vendor_domains(&context, adopted.after().clone(), domains(&["vendor.example"]));
    assert!(written(&again).is_empty());
}

#[test]
fn a_partner_is_a_customer_too_o_1() {
    let person = partner_designated();
    let standing = Standing::of(&person.actor(), person.organization, None);
    assert_eq!(standing, member(Permission::DesignatedSupport, ContactType::Technical));
}

fn wrong_edit() -> EditFacts {
    EditFacts {
        standing: Standing::Stranger,
        organization: None,
        taken_domains: domains(&["taken.example"]),
        vendor_domains: Vec::new(),
        configured_domains: Vec::new(),
    }
}

#[derive(Debug, Clone)]
struct Editing {
    facts: EditFacts,
    command: EditOrganization,
}

#[test]
fn an_administrator_edits_an_organization_c_20() {
    let command = EditOrganization {
        name: Some(OrganizationName::parse("Acme Works").unwrap()),
        domains: Some(domains(&["acme.example", "works.example"])),
        review_period_days: Some(Some(30)),
        expected_version: Some(7),
    };
    let edited = climb(
        Editing { facts: wrong_edit(), command },
        |world| edit(&by(&staff(StaffRole::Administrator)), world.facts, world.command),
        [
            trips::<Editing>(Code::NotFound).until(|world| world.facts.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&guardian())),
            lacks(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts.standing = desk(StaffRole::Administrator)),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::DomainTaken).at("#/domains").until(|world| world.facts.taken_domains.clear()),
        ],
    );
    assert_eq!((edited.after().version, edited.after().updated_at), (2, NOW));
    assert_eq!(
        written(&edited),
        [
            "organization.updated in org_1 by staff_7 for org_1",
            "name: Acme -> Acme Works",
            "domains: acme.example -> acme.example works.example",
            "review_period_days: nothing -> 30",
        ]
    );
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing_x_2() {
    let facts = EditFacts {
        vendor_domains: Vec::new(),
        configured_domains: Vec::new(),
        standing: desk(StaffRole::Administrator),
        organization: Some(organization(CUSTOMER)),
        taken_domains: Vec::new(),
    };
    let command = EditOrganization { name: Some(organization(CUSTOMER).name), ..EditOrganization::default() };
    let edited = edit(&by(&staff(StaffRole::Administrator)), facts, command).unwrap();
    assert!(!edited.is_effective());
    assert!(written(&edited).is_empty());
}

#[derive(Debug, Clone)]
struct Moving {
    facts: EditFacts,
    expected_version: Option<i64>,
}

#[test]
fn an_administrator_suspends_an_organization_and_resumes_it_g_12() {
    let administrator = by(&staff(StaffRole::Administrator));
    let world = || Moving { facts: wrong_edit(), expected_version: Some(7) };
    let rungs = || {
        [
            trips::<Moving>(Code::NotFound).until(|world| world.facts.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.standing = partner(Level::FullAdmin)),
            lacks(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts.standing = desk(StaffRole::Administrator)),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(1)),
        ]
    };
    let suspended_already = trips(Code::InvalidTransition)
        .with(Extra::CurrentStatus("suspended"))
        .until(|world: &mut Moving| world.facts.organization.as_mut().unwrap().status = OrganizationStatus::Active);
    let [a, b, c, version] = rungs();
    let suspended = climb(
        world(),
        |world| suspend(&administrator, world.facts, world.expected_version),
        [
            a,
            b,
            c,
            version.until(|world| {
                world.expected_version = Some(1);
                world.facts.organization.as_mut().unwrap().status = OrganizationStatus::Suspended;
            }),
            suspended_already,
        ],
    );
    assert_eq!(suspended.after().status, OrganizationStatus::Suspended);
    assert_eq!(
        written(&suspended),
        ["organization.suspended in org_1 by staff_7 for org_1", "status: active -> suspended"]
    );

    let [a, b, c, version] = rungs();
    let resumed = climb(
        world(),
        |world| resume(&administrator, world.facts, world.expected_version),
        [
            a,
            b,
            c,
            version.until(|world| world.expected_version = None),
            trips(Code::InvalidTransition).with(Extra::CurrentStatus("active")).until(|world| {
                world.facts.organization.as_mut().unwrap().status = OrganizationStatus::Suspended;
            }),
        ],
    );
    assert_eq!(resumed.after().status, OrganizationStatus::Active);
    assert_eq!(
        written(&resumed),
        ["organization.resumed in org_1 by staff_7 for org_1", "status: suspended -> active"]
    );
}

#[test]
fn an_organization_is_hidden_from_those_who_have_nothing_to_do_with_it_x_3() {
    let viewed = |person: &Actor, standing, exists: bool| {
        view(person, &standing, exists.then(|| organization(CUSTOMER))).map(|visible| visible.value().id)
    };
    assert_eq!(viewed(&designated().actor(), standing(&designated()), true), Ok(CUSTOMER));
    assert_eq!(viewed(&partner_designated().actor(), partner(Level::Cc), true), Ok(CUSTOMER));
    let hidden = refusal(viewed(&outsider().actor(), standing(&outsider()), true));
    // Word for word the answer for what does not exist.
    assert_eq!(hidden, refusal(viewed(&outsider().actor(), Standing::Stranger, false)));
    assert_eq!(hidden, refusal(viewed(&manager().actor(), standing(&manager()), false)));
    assert!(
        view(&staff(StaffRole::Agent).actor(), &desk(StaffRole::Agent), Some(organization(CUSTOMER)))
            .unwrap()
            .is_for_staff()
    );
}
