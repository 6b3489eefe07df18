//! Contacts: who creates, edits and sees them (C-1 … C-11, C-13, C-18, O-2).

use std::collections::BTreeSet;

use mandate_core::access::Standing;
use mandate_core::contact::{
    self, Contact, CreateFacts, EditContact, EditFacts, Existing, NewContact, Others, Sites, create, edit,
};
use mandate_core::contact_site::WantedSites;
use mandate_core::id::SiteKind;
use mandate_core::person::{EditProfile, NewProfile, Profile};
use mandate_core::preferences::{EditCall, EditPreferences, NotificationPreferences};
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::say;
use mandate_core::session::Link;
use mandate_core::text::{Email, Flaw, Locale, PersonName, Phone, TimeZone, TypedEmail};
use mandate_core::vocabulary::{
    ContactType, Duty, Level, LinkPurpose, Permission, PersonStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, lacks, mails, refusal, short, trips, written};
use crate::world::{
    CUSTOMER, NEW_CONTACT, NOW, OTHER_CUSTOMER, Person, TOMORROW, VENDOR, by, consultant, designated, desk, domains,
    guardian, id, levels, manager, member, organization, outsider, owners, partner, partner_designated, reader, staff,
    standing, welcome_ids,
};

/// A contact to be, of whom nothing is wrong: technical and designated.
pub(crate) fn new_contact() -> NewContact {
    NewContact {
        id: NEW_CONTACT,
        profile: NewProfile {
            email: Email::parse("new@acme.example").unwrap().into(),
            first_name: PersonName::parse("Nora").unwrap(),
            last_name: PersonName::parse("Costa").unwrap(),
            phone: Some(Phone::parse("+351.21.000.0000").unwrap()),
            time_zone: TimeZone::parse("Europe/Lisbon").unwrap(),
            locale: Locale::parse("pt-BR").unwrap(),
        },
        kind: ContactType::Technical,
        permission: Permission::DesignatedSupport,
        duties: BTreeSet::from([Duty::Security, Duty::It]),
        sites: WantedSites::default(),
        welcome: welcome_ids(),
    }
}

/// The same person under another address.
pub(crate) fn typed(email: &str) -> NewProfile {
    NewProfile { email: TypedEmail::parse(email).unwrap(), ..new_contact().profile }
}

/// The profile that is kept.
pub(crate) fn settled(profile: NewProfile) -> Profile {
    let NewProfile { email, first_name, last_name, phone, time_zone, locale } = profile;
    Profile { email: email.email, first_name, last_name, phone, time_zone, locale }
}

/// What is said of the site 404 in the first place, which nobody has.
fn no_site() -> Extra {
    let message = say!("`{id}` is no site of the organization that is in use", id = id::<SiteKind>(404));
    Extra::Flaws(vec![("#/site_ids/0".to_owned(), Flaw::new("site_not_allowed", message))])
}

/// What is known when somebody creates a contact of the customer; nothing is wrong.
pub(crate) fn facts(standing: Standing) -> CreateFacts {
    CreateFacts {
        standing,
        organization: Some(organization(CUSTOMER)),
        vendor_domains: domains(&["vendor.example"]),
        owners: owners(&[("acme.example", CUSTOMER)]),
        existing: None,
        never_entered: false,
        sites: Vec::new(),
        former: Vec::new(),
    }
}

#[derive(Debug, Clone)]
struct Creation {
    facts: CreateFacts,
    command: NewContact,
}

#[test]
fn a_guardian_creates_a_primary_support_contact_c_1_c_2_c_7_c_9_c_10_c_12_c_13_o_2() {
    let world = Creation {
        facts: CreateFacts {
            organization: None,
            existing: Some(Existing { person: designated().id.into(), organization: CUSTOMER }),
            ..facts(Standing::Stranger)
        },
        command: NewContact {
            profile: typed("New@VENDOR.example"),
            kind: ContactType::PrimarySupport,
            permission: Permission::KnowledgeBase,
            sites: WantedSites { ids: Some(vec![id(404)]), shifts: None },
            ..new_contact()
        },
    };
    let created = climb(
        world,
        |world| create(&by(&guardian()), world.facts, world.command),
        [
            trips::<Creation>(Code::NotFound).until(|world| world.facts.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            lacks(Requirement::PrimarySupport).until(|world| world.facts.standing = standing(&guardian())),
            trips(Code::VendorStaffNotAllowed)
                .at("#/email")
                .until(|world| world.command.profile.email = TypedEmail::parse("New@acme.example").unwrap()),
            trips(Code::ValidationFailed)
                .at("#/email")
                .with(Extra::MemberCode("email_not_lower_case"))
                .until(|world| world.command.profile.email = TypedEmail::parse("new@acme.example").unwrap()),
            trips(Code::SiteNotAllowed).with(no_site()).until(|world| world.command.sites = WantedSites::default()),
            trips(Code::ContactCombinationInvalid)
                .at("#/permission")
                .until(|world| world.command.permission = Permission::DesignatedSupport),
            trips(Code::ContactExists).with(Extra::About(designated().id.into())).until(|world| {
                world.facts.existing = Some(Existing { person: outsider().id.into(), organization: OTHER_CUSTOMER });
            }),
            trips(Code::ContactInOtherOrganization)
                .with(Extra::InvitationAvailable(true))
                .until(|world| world.facts.existing = None),
        ],
    );
    let command = NewContact { kind: ContactType::PrimarySupport, ..new_contact() };
    let expected = Contact {
        id: NEW_CONTACT,
        organization: CUSTOMER,
        profile: settled(command.profile),
        kind: command.kind,
        permission: command.permission,
        duties: command.duties,
        sites: Sites::new(),
        preferences: NotificationPreferences::default(),
        status: PersonStatus::Invited,
        disabled: None,
        created_at: NOW,
        created_by: Some(guardian().id.into()),
        updated_at: NOW,
        last_sign_in_at: None,
        last_confirmed_at: None,
        last_confirmed_by: None,
        training: None,
        email_undeliverable_since: None,
        version: 1,
    };
    assert_eq!(created.contact.after(), &expected);
    assert_eq!(written(&created.contact), ["contact.created in org_1 by contact_1 for org_1"]);
    // The single-use link travels in the welcome email (C-12).
    assert_eq!(mails(&created.contact), ["mail_1: welcome to contact_m about contact_m with link_1"]);
    let link = Link {
        id: id(1),
        person: NEW_CONTACT.into(),
        purpose: LinkPurpose::Welcome,
        created_at: NOW,
        expires_at: TOMORROW,
        used_at: None,
        voided_at: None,
    };
    assert_eq!(created.link, link);
}

#[test]
fn a_partner_with_full_admin_creates_contacts_and_the_journal_names_the_grant_c_9_g_3_x_2() {
    let created = create(&by(&partner_designated()), facts(partner(Level::FullAdmin)), new_contact()).unwrap();
    assert_eq!(written(&created.contact), ["contact.created in org_1 by contact_6 for org_1 by grant_1"]);
    for level in levels().filter(|level| *level < Level::FullAdmin) {
        let refused = refusal(create(&by(&partner_designated()), facts(partner(level)), new_contact()));
        assert_eq!(refused.code, Code::PermissionRequired);
        assert!(refused.extras.contains(&Extra::Required(Requirement::Level(Level::FullAdmin))));
    }
}

#[test]
fn an_address_of_the_vendor_is_refused_whatever_its_case_and_subdomain_o_2() {
    for typed in ["ana@vendor.example", "Ana@Vendor.Example", "ana@eu.vendor.example", "ANA@EU.VENDOR.EXAMPLE"] {
        let profile = NewProfile { email: TypedEmail::parse(typed).unwrap(), ..new_contact().profile };
        let command = NewContact { profile, ..new_contact() };
        let refused = refusal(create(&by(&manager()), facts(standing(&manager())), command));
        assert_eq!((refused.code, refused.pointer), (Code::VendorStaffNotAllowed, Some("#/email")), "{typed}");
    }
    // A staff member is never a contact, also where their address does not give them away; nor has the vendor contacts.
    let existing = Some(Existing { person: staff(StaffRole::Agent).id.into(), organization: VENDOR });
    let by_person = CreateFacts { existing, ..facts(standing(&manager())) };
    assert_eq!(code(create(&by(&manager()), by_person, new_contact())), Code::VendorStaffNotAllowed);
    let by_place = CreateFacts { organization: Some(organization(VENDOR)), ..facts(standing(&guardian())) };
    assert_eq!(code(create(&by(&guardian()), by_place, new_contact())), Code::VendorStaffNotAllowed);
}

#[test]
fn a_primary_support_contact_has_more_than_the_knowledge_base_c_7() {
    for kind in ContactType::ALL.iter().copied() {
        for permission in Permission::ALL.iter().copied() {
            let is_refused = (kind.name(), permission.name()) == ("primary_support", "knowledge_base");
            let command = NewContact { kind, permission, ..new_contact() };
            let created = create(&by(&guardian()), facts(standing(&guardian())), command);
            let contact = Contact { kind: ContactType::Technical, permission: Permission::ManageContacts, ..reader() };
            let command = EditContact { kind: Some(kind), permission: Some(permission), ..EditContact::default() };
            let edited = edit(&by(&guardian()), editing(&guardian(), contact), command);
            let codes = (created.map(drop).map_err(|no| no.code), edited.map(drop).map_err(|no| no.code));
            let expected = if is_refused { Err(Code::ContactCombinationInvalid) } else { Ok(()) };
            assert_eq!(codes, (expected, expected), "{} {}", kind.name(), permission.name());
        }
    }
}

#[test]
fn duties_are_any_number_also_none_c_8() {
    let names: Vec<&str> = Duty::ALL.iter().map(|duty| duty.name()).collect();
    assert_eq!(names, ["it", "site_administrator", "operations", "web_development", "security"]);
    for duties in [BTreeSet::new(), BTreeSet::from([Duty::Operations]), Duty::ALL.iter().copied().collect()] {
        let command = NewContact { duties: duties.clone(), ..new_contact() };
        let created = create(&by(&manager()), facts(standing(&manager())), command).unwrap();
        assert_eq!(created.contact.after().duties, duties);
    }
}

#[test]
fn only_a_guardian_appoints_and_removes_a_primary_support_contact_c_5_c_9_c_10() {
    let appointing = |standing: Standing| {
        let command = NewContact { kind: ContactType::PrimarySupport, ..new_contact() };
        create(&by(&guardian()), facts(standing), command).map(drop).map_err(|refusal| refusal.code)
    };
    let editing = |standing: Standing, before, kind| {
        let contact = Contact { kind: before, permission: Permission::DesignatedSupport, ..reader() };
        let others = Others { active_manager: true, active_primary: true, active_appointer: true };
        let contact = Some(contact);
        let facts = EditFacts {
            actor: guardian().actor(),
            standing,
            contact,
            others,
            sites: Vec::new(),
            review: None,
            owners: crate::world::acme(),
            ties: mandate_core::contact_ties::Ties::default(),
        };
        let command = EditContact { kind: Some(kind), ..EditContact::default() };
        edit(&by(&guardian()), facts, command).map(drop).map_err(|refusal| refusal.code)
    };
    for (standing, expected) in [
        (standing(&guardian()), Ok(())),
        (partner(Level::FullAdmin), Err(Code::ContactManagerProtected)),
        (standing(&manager()), Err(Code::PrimarySupportContactRequired)),
        (member(Permission::DesignatedSupport, ContactType::PrimarySupport), Err(Code::PermissionRequired)),
        (partner(Level::ServiceAdmin), Err(Code::PermissionRequired)),
        (consultant(Level::FullAdmin), Err(Code::ContactManagerProtected)),
        (Standing::Stranger, Err(Code::NotFound)),
    ] {
        assert_eq!(appointing(standing.clone()), expected, "{standing:?}");
        assert_eq!(editing(standing.clone(), ContactType::Technical, ContactType::PrimarySupport), expected);
        assert_eq!(editing(standing, ContactType::PrimarySupport, ContactType::Technical), expected);
    }
    // The vendor's staff neither create nor edit contacts at all, except when they onboard an organization.
    for role in StaffRole::ALL.iter().copied() {
        assert_eq!(appointing(desk(role)), Err(Code::PermissionRequired));
    }
}

#[test]
fn an_existing_email_offers_an_invitation_only_in_the_domains_of_the_organization_to_join_c_13() {
    let existing = Some(Existing { person: outsider().id.into(), organization: OTHER_CUSTOMER });
    for (own, available) in [
        (&[("acme.example", CUSTOMER)][..], true),
        (&[("acme.example", OTHER_CUSTOMER)], false),
        (&[("elsewhere.example", CUSTOMER)], false),
        (&[], false),
    ] {
        let facts = CreateFacts { owners: owners(own), existing: existing.clone(), ..facts(standing(&manager())) };
        let refusal = refusal(create(&by(&manager()), facts, new_contact()));
        assert_eq!(refusal.code, Code::ContactInOtherOrganization);
        assert_eq!(refusal.extras, [Extra::InvitationAvailable(available)]);
        assert!(refusal.detail.to_string().starts_with("this contact already exists but is not in your organization"));
    }
}

pub(crate) fn editing(person: &impl Person, contact: Contact) -> EditFacts {
    let others = Others { active_manager: true, active_primary: true, active_appointer: true };
    let (actor, standing, contact) = (person.actor(), standing(person), Some(contact));
    EditFacts {
        actor,
        standing,
        contact,
        others,
        sites: Vec::new(),
        review: None,
        owners: crate::world::acme(),
        ties: mandate_core::contact_ties::Ties::default(),
    }
}

#[derive(Debug, Clone)]
struct Editing {
    facts: EditFacts,
    command: EditContact,
}

impl Editing {
    fn contact(&mut self) -> &mut Contact {
        self.facts.contact.as_mut().unwrap()
    }
}

#[test]
fn a_guardian_edits_a_contact_c_7_c_9_c_10_c_11_c_19() {
    let world = Editing {
        facts: EditFacts {
            contact: None,
            standing: Standing::Stranger,
            others: Others { active_manager: false, active_primary: false, active_appointer: false },
            ..editing(&manager(), manager())
        },
        command: EditContact {
            profile: EditProfile {
                last_name: Some(PersonName::parse("Reis").unwrap()),
                phone: Some(Some(Phone::parse("+1.650.555.0100").unwrap())),
                ..EditProfile::default()
            },
            duties: Some(BTreeSet::from([Duty::It])),
            kind: Some(ContactType::PrimarySupport),
            permission: Some(Permission::KnowledgeBase),
            sites: WantedSites { ids: Some(vec![id(404)]), shifts: None },
            preferences: EditPreferences { severity_2: Some(Some(EditCall::default())), ..EditPreferences::default() },
            expected_version: Some(7),
        },
    };
    let edited = climb(
        world,
        |world| edit(&by(&guardian()), world.facts, world.command),
        [
            trips::<Editing>(Code::NotFound).until(|world| world.facts.contact = Some(designated())),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::DesignatedSupport))
                .until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts)).until(|world| {
                world.facts.standing = standing(&manager());
                world.facts.contact = Some(manager());
            }),
            // The last one who acts on themselves is told that first (C-11).
            trips(Code::LastContactManager).until(|world| world.facts.others.active_manager = true),
            trips(Code::OwnRecord).until(|world| {
                world.facts.others.active_manager = false;
                let id = designated().id;
                *world.contact() = Contact { id, status: PersonStatus::Transferred, ..manager() };
            }),
            trips(Code::PermissionRequired)
                .at("#/notification_preferences")
                .until(|world| world.command.preferences = EditPreferences::default()),
            lacks(Requirement::PrimarySupport).until(|world| world.facts.standing = standing(&guardian())),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("transferred"))
                .until(|world| world.contact().status = PersonStatus::Active),
            trips(Code::SiteNotAllowed).with(no_site()).until(|world| world.command.sites = WantedSites::default()),
            trips(Code::ContactCombinationInvalid)
                .at("#/permission")
                .until(|world| world.command.permission = Some(Permission::DesignatedSupport)),
            trips(Code::LastContactManager).until(|world| {
                world.facts.others.active_manager = true;
                world.contact().kind = ContactType::PrimarySupport;
                world.command.kind = Some(ContactType::Technical);
            }),
            trips(Code::LastPrimarySupportContact).until(|world| world.facts.others.active_primary = true),
            // The last one of those who can appoint another is kept too (C-10).
            trips(Code::LastPrimarySupportContact).until(|world| world.facts.others.active_appointer = true),
        ],
    );
    assert!(edited.review.is_none());
    let edited = edited.contact;
    assert_eq!(
        (edited.after().version, edited.after().updated_at, edited.after().created_at),
        (2, NOW, manager().created_at)
    );
    assert!(edited.notices().is_empty());
    assert_eq!(
        written(&edited),
        [
            "contact.updated in org_1 by contact_1 for org_1",
            "last_name: Silva -> Reis",
            "phone: nothing -> +1.650.555.0100",
            "type: primary_support -> technical",
            "permission: manage_contacts -> designated_support",
            "duties:  -> it",
        ]
    );
}

#[test]
fn everybody_changes_their_own_phone_time_zone_and_locale_and_never_their_own_type_or_permission_c_9() {
    let profile = EditContact {
        profile: EditProfile {
            phone: Some(Some(Phone::parse("112").unwrap())),
            time_zone: Some(TimeZone::parse("Asia/Tokyo").unwrap()),
            locale: Some(Locale::parse("es").unwrap()),
            ..EditProfile::default()
        },
        ..EditContact::default()
    };
    for person in [reader(), designated(), manager(), guardian()] {
        let edited = edit(&by(&person), editing(&person, person.clone()), profile.clone()).unwrap().contact;
        let head = format!("contact.updated in org_1 by {} for org_1", short(person.id));
        assert_eq!(
            written(&edited),
            [&head, "phone: nothing -> 112", "time_zone: UTC -> Asia/Tokyo", "locale: en -> es"]
        );
    }
    // A contact manager names and describes also themselves, but nobody lifts themselves up or steps down.
    let first_name = Some(PersonName::parse("Ana").unwrap());
    let rename =
        EditContact { profile: EditProfile { first_name, ..profile.profile.clone() }, ..EditContact::default() };
    let duties = EditContact { duties: Some(BTreeSet::from([Duty::It])), ..profile.clone() };
    let kind = EditContact { kind: Some(ContactType::PrimarySupport), ..profile.clone() };
    let permission = EditContact { permission: Some(Permission::DesignatedSupport), ..profile.clone() };
    let sites = EditContact { sites: WantedSites { ids: Some(Vec::new()), shifts: None }, ..profile };
    let own = |person: &Contact, command: &EditContact| {
        edit(&by(person), editing(person, person.clone()), command.clone()).map(drop).map_err(|refusal| refusal.code)
    };
    for command in [&rename, &duties, &kind, &permission, &sites] {
        assert_eq!(own(&reader(), command), Err(Code::PermissionRequired), "{command:?}");
    }
    assert_eq!((own(&manager(), &rename), own(&manager(), &duties)), (Ok(()), Ok(())));
    assert_eq!((own(&manager(), &kind), own(&manager(), &permission)), (Err(Code::OwnRecord), Err(Code::OwnRecord)));
    let down = EditContact { kind: Some(ContactType::Technical), ..EditContact::default() };
    assert_eq!(own(&guardian(), &down), Err(Code::OwnRecord));
}

#[test]
fn the_vendors_staff_edit_no_contact_without_a_grant_c_9() {
    for role in StaffRole::ALL.iter().copied() {
        let facts = EditFacts { standing: desk(role), ..editing(&staff(role), designated()) };
        let profile = EditProfile { locale: Some(Locale::default()), ..EditProfile::default() };
        let command = EditContact { profile, ..EditContact::default() };
        let refused = refusal(edit(&by(&staff(role)), facts, command));
        assert!(matches!(refused.code, Code::PermissionRequired | Code::StaffOnly), "{role:?}");
    }
}

#[test]
fn no_edit_leaves_an_organization_without_a_manager_or_a_primary_support_contact_c_11() {
    let mut compared = 0;
    let combinations =
        || ContactType::ALL.iter().flat_map(|kind| Permission::ALL.iter().map(|permission| (*kind, *permission)));
    let valid =
        |pair: &(ContactType, Permission)| pair.0 != ContactType::PrimarySupport || pair.1 != Permission::KnowledgeBase;
    for (before_kind, before_permission) in combinations().filter(valid) {
        for (kind, permission) in combinations().filter(valid) {
            for status in [PersonStatus::Invited, PersonStatus::Active, PersonStatus::Disabled] {
                for (active_manager, active_primary, active_appointer) in [
                    (false, false, false),
                    (false, true, false),
                    (true, false, false),
                    (true, true, false),
                    (true, true, true),
                ] {
                    let contact = Contact { kind: before_kind, permission: before_permission, status, ..reader() };
                    let others = Others { active_manager, active_primary, active_appointer };
                    let facts = EditFacts { others, ..editing(&guardian(), contact) };
                    let command =
                        EditContact { kind: Some(kind), permission: Some(permission), ..EditContact::default() };
                    let answer = edit(&by(&guardian()), facts, command).map(drop).map_err(|refusal| refusal.code);
                    // Counted as heads: who is left when it is done?
                    let counts = |one: bool, rest: bool| u32::from(one) + u32::from(rest);
                    let active = status == PersonStatus::Active;
                    let managers =
                        |permission| counts(active && permission == Permission::ManageContacts, active_manager);
                    let primaries = |kind| counts(active && kind == ContactType::PrimarySupport, active_primary);
                    let appointers = |kind, permission| {
                        let both = kind == ContactType::PrimarySupport && permission == Permission::ManageContacts;
                        counts(active && both, active_appointer)
                    };
                    let expected = if managers(before_permission) > 0 && managers(permission) == 0 {
                        Err(Code::LastContactManager)
                    } else if (primaries(before_kind) > 0 && primaries(kind) == 0)
                        || (appointers(before_kind, before_permission) > 0 && appointers(kind, permission) == 0)
                    {
                        Err(Code::LastPrimarySupportContact)
                    } else {
                        Ok(())
                    };
                    assert_eq!(
                        answer, expected,
                        "{before_kind:?} {before_permission:?} {kind:?} {permission:?} {others:?}"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 5 * 5 * 3 * 5);
}

#[test]
fn designated_contacts_see_the_list_and_everybody_sees_the_managers_and_themselves_c_18() {
    let viewed = |person: &Contact, standing: &Standing| {
        contact::view(&person.actor(), standing, Some(reader())).map(drop).map_err(|refusal| refusal.code)
    };
    for (person, list, managers, one) in [
        (guardian(), Ok(()), Ok(()), Ok(())),
        (manager(), Ok(()), Ok(()), Ok(())),
        (designated(), Ok(()), Ok(()), Ok(())),
        // The reader is looking at their own record.
        (reader(), Err(Code::PermissionRequired), Ok(()), Ok(())),
        (Contact { id: id(40), ..reader() }, Err(Code::PermissionRequired), Ok(()), Err(Code::PermissionRequired)),
        (outsider(), Err(Code::NotFound), Err(Code::NotFound), Err(Code::NotFound)),
    ] {
        let standing = standing(&person);
        assert_eq!(contact::allow_list(&standing, CUSTOMER).map_err(|refusal| refusal.code), list, "{person:?}");
        assert_eq!(contact::allow_managers(&standing, CUSTOMER).map_err(|refusal| refusal.code), managers);
        assert_eq!(viewed(&person, &standing), one);
    }
    let hidden = refusal(contact::view(&outsider().actor(), &Standing::Stranger, Some(reader())));
    assert_eq!(hidden, refusal(contact::view(&guardian().actor(), &standing(&guardian()), None)));
}

#[test]
fn administrators_onboard_again_while_nobody_has_ever_entered_c_10() {
    let attempt = |role: StaffRole, never_entered: bool| {
        let facts = CreateFacts { never_entered, ..facts(standing(&staff(role))) };
        let command =
            NewContact { kind: ContactType::PrimarySupport, permission: Permission::ManageContacts, ..new_contact() };
        create(&by(&staff(role)), facts, command).map(drop).map_err(|refusal| refusal.code)
    };
    assert_eq!(attempt(StaffRole::Administrator, true), Ok(()));
    assert_eq!(attempt(StaffRole::Administrator, false), Err(Code::PermissionRequired));
    assert_eq!(attempt(StaffRole::Agent, true), Err(Code::PermissionRequired));
}
