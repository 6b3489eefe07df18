//! Bulk import: every row by the rules of single creation, then all of them or none (C-22).

use std::collections::BTreeMap;

use mandate_core::access::Standing;
use mandate_core::contact::{CreateFacts, Existing, NewContact};
use mandate_core::contact_import::{Import, ImportFacts, ImportRow, ROWS_MAX, allow, check_length, decide};
use mandate_core::contact_site::WantedSites;
use mandate_core::id::SiteId;
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::text::{Email, SiteName};
use mandate_core::vocabulary::{ContactType, Level, Permission, StaffRole};

use crate::contact::{new_contact, typed};
use crate::ladder::{climb, code, lacks, mails, trips, written};
use crate::site::site_with;
use crate::world::{
    CUSTOMER, OTHER_CUSTOMER, VENDOR, by, designated, desk, domains, guardian, id, manager, organization, outsider,
    owners, partner, staff, standing,
};

fn row(contact: NewContact) -> ImportRow {
    ImportRow { contact: Some(contact) }
}

fn named(email: &str) -> NewContact {
    NewContact { profile: typed(email), ..new_contact() }
}

/// A manager, who is no primary support contact, imports into a customer where nobody has any of these emails.
fn facts() -> ImportFacts {
    let create = CreateFacts {
        standing: standing(&manager()),
        organization: Some(organization(CUSTOMER)),
        vendor_domains: domains(&["vendor.example"]),
        owners: owners(&[("acme.example", CUSTOMER)]),
        existing: None,
        never_entered: false,
        sites: Vec::new(),
        former: Vec::new(),
    };
    ImportFacts { create, existing: BTreeMap::new(), former: BTreeMap::new() }
}

fn having(people: &[(&str, Existing)]) -> ImportFacts {
    let existing = people.iter().map(|(email, existing)| (Email::parse(email).unwrap(), existing.clone()));
    ImportFacts { existing: existing.collect(), ..facts() }
}

fn import(facts: &ImportFacts, rows: &[ImportRow]) -> Import {
    decide(&by(&manager()), facts, rows).unwrap()
}

/// Each refused row with its code and field.
fn refusals(import: &Import) -> Vec<(usize, Code, &'static str)> {
    import.refusals.iter().map(|refused| (refused.row, refused.refusal.code, refused.field())).collect()
}

fn contacts(facts: &ImportFacts, rows: &[ImportRow]) -> Vec<String> {
    let (context, import) = (by(&manager()), import(facts, rows));
    let contacts = import.contacts(&context, facts, rows);
    contacts.map(|created| created.unwrap().contact.after().profile.email.to_string()).collect()
}

#[derive(Debug, Clone)]
struct Importing {
    facts: ImportFacts,
    rows: Vec<ImportRow>,
}

#[test]
fn a_manager_imports_contacts_c_9_c_12_c_22() {
    let mut begin = facts();
    begin.create.standing = Standing::Stranger;
    begin.create.organization = None;
    let rows = vec![row(new_contact()); ROWS_MAX + 1];
    let imported = climb(
        Importing { facts: begin, rows },
        |world| decide(&by(&manager()), &world.facts, &world.rows),
        [
            trips::<Importing>(Code::NotFound)
                .until(|world| world.facts.create.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.create.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.create.standing = standing(&manager())),
            trips(Code::ImportTooLong).until(|world| world.rows.truncate(1)),
        ],
    );
    let counts = (imported.rows, imported.created(), imported.existing, imported.refused);
    assert_eq!((counts, imported.is_refused()), ((1, 1, 0, 0), false));
    let (context, facts, rows) = (by(&manager()), facts(), [row(new_contact())]);
    let created: Vec<_> = imported.contacts(&context, &facts, &rows).collect::<Result<_, _>>().unwrap();
    let [created] = created.as_slice() else { panic!("{created:?}") };
    assert_eq!(written(&created.contact), ["contact.created in org_1 by contact_2 for org_1"]);
    assert_eq!(mails(&created.contact), ["mail_1: welcome to contact_m about contact_m with link_1"]);
}

#[test]
fn each_row_answers_as_single_creation_would_c_2_c_7_c_10_c_13_c_22_o_2() {
    let elsewhere = Existing { person: outsider().id.into(), organization: OTHER_CUSTOMER };
    let of_staff = Existing { person: staff(StaffRole::Agent).id.into(), organization: VENDOR };
    let facts = having(&[
        ("moved@acme.example", elsewhere.clone()),
        ("moved@globex.example", elsewhere),
        ("agent@acme.example", of_staff),
    ]);
    let primary = NewContact { kind: ContactType::PrimarySupport, ..named("primary@acme.example") };
    let rows = [
        row(named("good@acme.example")),
        ImportRow { contact: None },
        row(named("Ana@Vendor.example")),
        row(named("Ana@acme.example")),
        row(primary.clone()),
        row(named("moved@acme.example")),
        row(named("moved@globex.example")),
        row(named("agent@acme.example")),
    ];
    let imported = import(&facts, &rows);
    assert_eq!(
        refusals(&imported),
        [
            (3, Code::VendorStaffNotAllowed, "email"),
            (4, Code::ValidationFailed, "email"),
            (5, Code::PrimarySupportContactRequired, "type"),
            (6, Code::ContactInOtherOrganization, "email"),
            (7, Code::ContactInOtherOrganization, "email"),
            (8, Code::VendorStaffNotAllowed, "email"),
        ]
    );
    let offers = |row: usize| {
        let refused = imported.refusals.iter().find(|refused| refused.row == row).unwrap();
        refused.refusal.extras.contains(&Extra::InvitationAvailable(true))
    };
    assert_eq!((offers(6), offers(7)), (true, false));
    assert_eq!((imported.created(), imported.refused), (1, 7));
    assert!(contacts(&facts, &rows).is_empty(), "all or nothing");
    // A guardian appoints primary support contacts, but none with the knowledge base alone.
    let mut by_guardian = facts;
    by_guardian.create.standing = standing(&guardian());
    let idle = NewContact { permission: Permission::KnowledgeBase, ..primary.clone() };
    let imported = import(&by_guardian, &[row(primary), row(idle)]);
    assert_eq!(refusals(&imported), [(2, Code::ContactCombinationInvalid, "permission")]);
}

#[test]
fn a_contact_whom_the_organization_has_is_left_alone_whatever_the_row_says_c_22() {
    let own = |number| Existing { person: id::<mandate_core::id::ContactKind>(number).into(), organization: CUSTOMER };
    let facts = having(&[("here@acme.example", own(70)), ("guard@acme.example", own(71))]);
    // A manager may not appoint a primary support contact, but sends an export back that has one.
    let guard = NewContact { kind: ContactType::PrimarySupport, ..named("guard@acme.example") };
    let rows =
        [row(named("here@acme.example")), row(guard), row(named("new@acme.example")), row(named("here@acme.example"))];
    let imported = import(&facts, &rows);
    assert_eq!((imported.created(), imported.existing, imported.refused), (1, 3, 0));
    assert_eq!(contacts(&facts, &rows), ["new@acme.example"]);
    // What is not typed in lower case is nobody's user id (C-2).
    assert_eq!(refusals(&import(&facts, &[row(named("Here@acme.example"))])), [(1, Code::ValidationFailed, "email")]);
}

#[test]
fn an_email_is_in_a_file_once_c_2_c_13_c_22() {
    let rows = [
        row(named("ana@acme.example")),
        row(named("ben@acme.example")),
        row(named("ana@acme.example")),
        row(named("ana@acme.example")),
    ];
    let imported = import(&facts(), &rows);
    assert_eq!(refusals(&imported), [(3, Code::ContactExists, "email"), (4, Code::ContactExists, "email")]);
    let detail = imported.refusals.first().unwrap().refusal.detail.to_string();
    assert!(detail.contains("`ana@acme.example`") && detail.contains("row 1"), "{detail}");
    assert!(contacts(&facts(), &rows).is_empty());
    assert_eq!(contacts(&facts(), &rows[..2]), ["ana@acme.example", "ben@acme.example"]);
}

#[test]
fn an_import_is_for_those_who_create_contacts_c_9_c_10_c_22_g_3() {
    let customer = organization(CUSTOMER);
    let allowed = |standing: Standing, never_entered| allow(&standing, Some(&customer), never_entered);
    for (standing, expected) in [
        (standing(&guardian()), Ok(())),
        (standing(&manager()), Ok(())),
        (partner(Level::FullAdmin), Ok(())),
        (standing(&designated()), Err(Code::PermissionRequired)),
        (partner(Level::ServiceAdmin), Err(Code::PermissionRequired)),
        (desk(StaffRole::Administrator), Err(Code::PermissionRequired)),
        (Standing::Stranger, Err(Code::NotFound)),
    ] {
        assert_eq!(allowed(standing.clone(), false).map_err(|refusal| refusal.code), expected, "{standing:?}");
    }
    // An organization whose contacts never got in is still being onboarded.
    assert_eq!(allowed(desk(StaffRole::Administrator), true), Ok(()));
    assert_eq!(code(allowed(desk(StaffRole::Agent), true)), Code::PermissionRequired);
    assert_eq!(code(allow(&standing(&guardian()), None, false)), Code::NotFound);
    assert_eq!((check_length(ROWS_MAX), code(check_length(ROWS_MAX + 1))), (Ok(()), Code::ImportTooLong));
}

#[test]
fn imported_contacts_work_at_sites_of_the_organization_o_5_c_22() {
    let at = |email: &str, ids: Vec<SiteId>, shifts: Vec<(SiteId, SiteName)>| {
        row(NewContact { sites: WantedSites { ids: Some(ids), shifts: Some(shifts) }, ..named(email) })
    };
    let mut facts = facts();
    facts.create.sites = vec![site_with(1, "Plant", &["night"]), site_with(2, "Office", &[])];
    let shift = |name: &str| vec![(id(1), SiteName::parse(name).unwrap())];
    let mut rows = vec![at("ana@acme.example", vec![id(1), id(2)], shift("Night")), row(named("ben@acme.example"))];
    let (context, decided) = (by(&manager()), import(&facts, &rows));
    let created: Vec<_> = decided.contacts(&context, &facts, &rows).map(Result::unwrap).collect();
    let sites: Vec<usize> = created.iter().map(|created| created.contact.after().sites.len()).collect();
    assert_eq!(sites, [2, 0]);
    rows.push(at("cem@acme.example", vec![id(3)], Vec::new()));
    rows.push(at("dan@acme.example", vec![id(1)], shift("evening")));
    // The values that are to blame are named as single creation names them.
    let refused = import(&facts, &rows);
    let blamed = refused.refusals.iter().flat_map(|refused| {
        let each = refused.refusal.extras.iter().filter_map(|extra| match extra {
            Extra::Flaws(flaws) => Some(flaws),
            _ => None,
        });
        each.flatten().map(|(at, flaw)| (refused.row, at.as_str(), flaw.code))
    });
    let expected = [(3, "#/site_ids/0", "site_not_allowed"), (4, "#/site_shifts/0", "site_not_allowed")];
    assert_eq!(blamed.collect::<Vec<_>>(), expected);
}
