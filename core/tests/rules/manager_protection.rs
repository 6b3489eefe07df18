//! Authority over authority stays with the organization: what nobody does who acts by a grant (C-9).

use std::collections::BTreeMap;

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::broadcast::Broadcast;
use mandate_core::contact::{Contact, EditContact, EditFacts, Existing, NewContact, create, edit};
use mandate_core::contact_import::{self, ImportFacts, ImportRow};
use mandate_core::contact_state::{DisableContact, StateFacts, activate, disable, enable, resend_welcome};
use mandate_core::contact_ties::Ties;
use mandate_core::invitation::{self, Invitation, InvitationFacts, NewInvitation, Right};
use mandate_core::manager_protection::has_authority;
use mandate_core::participant::introduce;
use mandate_core::person::{EditProfile, Profile};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::service_request::RequestFacts;
use mandate_core::text::{Email, PersonName, TypedEmail};
use mandate_core::vocabulary::{ContactType, Level, MailKind, Permission, PersonStatus, StaffRole, Vocabulary as _};

use crate::contact::{editing, facts, new_contact, typed};
use crate::contact_state::{disabling, enabling};
use crate::ladder::{code, refusal};
use crate::world::{
    BACKED, CUSTOMER, OTHER_CUSTOMER, PARTNER, Person, TOMORROW, by, consultant, designated, domains, guardian, id,
    invitation, manager, organization, outsider, owners, partner, partner_guardian, request, staff, standing,
    welcome_ids,
};

type Place = (ContactType, Permission);

/// Every type with every permission that it may have (C-7).
fn places() -> impl Iterator<Item = Place> {
    let all = ContactType::ALL.iter().flat_map(|kind| Permission::ALL.iter().map(|permission| (*kind, *permission)));
    all.filter(|place| *place != (ContactType::PrimarySupport, Permission::KnowledgeBase))
}

/// Whether somebody there has authority, said once more.
fn is_guarded((kind, permission): Place) -> bool {
    (kind.name(), permission.name()).0 == "primary_support" || permission.name() == "manage_contacts"
}

/// The customer's contact in this place and state, whose email is the customer's own.
fn contact((kind, permission): Place, status: PersonStatus) -> Contact {
    let profile = Profile { email: Email::parse("dina@acme.example").unwrap(), ..designated().profile };
    Contact { kind, permission, status, profile, id: id(30), ..designated() }
}

fn state(actor: &Actor, standing: &Standing, contact: Contact) -> StateFacts {
    StateFacts { actor: actor.clone(), standing: standing.clone(), contact: Some(contact) }
}

fn edited(actor: &Actor, standing: &Standing, contact: Contact, command: EditContact) -> Result<(), Refusal> {
    let (actor, standing, contact, ties) = (actor.clone(), standing.clone(), Some(contact), Ties::default());
    let facts = EditFacts {
        actor,
        standing,
        contact,
        others: BACKED,
        sites: Vec::new(),
        review: None,
        owners: crate::world::acme(),
        ties,
    };
    edit(&by(&partner_guardian()), facts, command).map(drop)
}

fn invited(standing: &Standing, (kind, permission): Place, email: &str) -> Result<(), Refusal> {
    let facts = invitation::CreateFacts {
        right: Right {
            standing: standing.clone(),
            owners: owners(&[("acme.example", CUSTOMER), ("bridge.example", PARTNER)]),
            vendor_domains: domains(&["vendor.example"]),
        },
        organization: Some(organization(CUSTOMER)),
        existing: Some(Existing { person: outsider().id.into(), organization: OTHER_CUSTOMER }),
        open: None,
    };
    let command = NewInvitation {
        id: id(1),
        email: TypedEmail::parse(email).unwrap(),
        kind,
        permission,
        duties: Default::default(),
        link: id(1),
        mail: id(1),
        expires_at: TOMORROW,
    };
    invitation::create(&by(&partner_guardian()), facts, command).map(drop)
}

fn imported(standing: &Standing, contact: NewContact) -> Result<(), Refusal> {
    let facts = ImportFacts { create: facts(standing.clone()), existing: BTreeMap::new(), former: BTreeMap::new() };
    let rows = [ImportRow { contact: Some(contact) }];
    let import = contact_import::decide(&by(&partner_guardian()), &facts, &rows)?;
    match import.refusals.into_iter().next() {
        Some(refused) => Err(refused.refusal),
        None => Ok(()),
    }
}

fn introduced(actor: &Actor, standing: &Standing, contact: NewContact) -> Result<(), Refusal> {
    let (request, lead_at_rest) = (Some(request()), false);
    let seen = RequestFacts { actor: actor.clone(), standing: standing.clone(), request, role: None, lead_at_rest };
    introduce(&by(&partner_guardian()), &seen, facts(standing.clone()), contact).map(drop)
}

/// Everything by which somebody gets into a place or out of it, by an actor.
fn attempts(actor: &Actor, standing: &Standing, place: Place) -> Vec<(&'static str, Result<(), Refusal>)> {
    let context = by(&partner_guardian());
    let new = NewContact { kind: place.0, permission: place.1, ..new_contact() };
    let with = |status| state(actor, standing, contact(place, status));
    let enabling = enabling(with(PersonStatus::Disabled));
    let enabling =
        mandate_core::contact_state::EnableFacts { owners: owners(&[("acme.example", CUSTOMER)]), ..enabling };
    let mut disabling = disabling(&manager(), contact(place, PersonStatus::Active));
    disabling.facts.state = with(PersonStatus::Active);
    let command = DisableContact { expected_version: None, ..disabling.command };
    let name = EditProfile { last_name: PersonName::parse("Reis").ok(), ..EditProfile::default() };
    let rename = EditContact { profile: name, ..EditContact::default() };
    let lower = EditContact {
        kind: Some(ContactType::Technical),
        permission: Some(Permission::DesignatedSupport),
        ..EditContact::default()
    };
    let lift = EditContact { kind: Some(place.0), permission: Some(place.1), ..EditContact::default() };
    let pending = Invitation { kind: place.0, permission: place.1, ..invitation(1, &guardian(), &outsider()) };
    let cancelling = InvitationFacts { actor: actor.clone(), standing: standing.clone(), invitation: Some(pending) };
    let active = || contact(place, PersonStatus::Active);
    let technical = || contact((ContactType::Technical, Permission::DesignatedSupport), PersonStatus::Active);
    let mut attempts = vec![
        ("create", create(&context, facts(standing.clone()), new.clone()).map(drop)),
        ("import", imported(standing, new.clone())),
        ("invite", invited(standing, place, "olga@acme.example")),
        ("cancel", invitation::cancel(&context, cancelling, None).map(drop)),
        ("resend", resend_welcome(&context, with(PersonStatus::Invited), false, None, welcome_ids()).map(drop)),
        ("enable", enable(&context, enabling, None, welcome_ids()).map(drop)),
        ("edit", edited(actor, standing, active(), rename)),
        ("demote", edited(actor, standing, active(), lower)),
        ("promote", edited(actor, standing, technical(), lift)),
        ("disable", disable(&context, disabling.facts, command).map(drop)),
    ];
    if place.1 >= Permission::DesignatedSupport {
        attempts.push(("introduce", introduced(actor, standing, new)));
    }
    attempts
}

#[test]
fn who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9() {
    let mut compared = 0;
    for place in places() {
        assert_eq!(has_authority(place.0, place.1), is_guarded(place));
        for (actor, standing) in [
            (partner_guardian().actor(), partner(Level::FullAdmin)),
            (staff(StaffRole::Consultant).actor(), consultant(Level::FullAdmin)),
        ] {
            for (what, answer) in attempts(&actor, &standing, place) {
                compared += 1;
                if !is_guarded(place) {
                    assert_eq!(answer, Ok(()), "{what} {place:?} {standing:?}");
                    continue;
                }
                let refused = refusal(answer);
                assert_eq!(refused.code, Code::ContactManagerProtected, "{what} {place:?} {standing:?}");
                // X-3a: whom to ask, and what they are.
                let needed = Extra::Required(Requirement::Permission(Permission::ManageContacts));
                assert_eq!(refused.extras, [needed, Extra::AskContactManagersOf(CUSTOMER)], "{what}");
            }
        }
        // The organization's own may, each by what they are (C-10).
        for (what, answer) in attempts(&guardian().actor(), &standing(&guardian()), place) {
            assert_eq!(answer, Ok(()), "{what} {place:?}");
        }
    }
    assert_eq!(compared, 2 * (5 * 10 + 4));
}

#[test]
fn a_contact_manager_changes_managers_but_no_primary_support_contacts_c_9_c_10() {
    for place in places() {
        for (what, answer) in attempts(&manager().actor(), &standing(&manager()), place) {
            let is_appointed = place.0 == ContactType::PrimarySupport;
            // It makes and unmakes nobody.
            let is_free = what == "edit";
            let expected = if is_appointed && !is_free { Err(Code::PrimarySupportContactRequired) } else { Ok(()) };
            assert_eq!(answer.map_err(|refusal| refusal.code), expected, "{what} {place:?}");
        }
    }
}

#[test]
fn who_acts_by_a_grant_brings_in_the_organizations_own_people_alone_c_9_o_5() {
    let place = (ContactType::Technical, Permission::DesignatedSupport);
    let owned = || {
        owners(&[
            ("acme.example", CUSTOMER),
            ("eu.acme.example", PARTNER),
            ("bridge.example", PARTNER),
            ("acme.bridge.example", CUSTOMER),
            ("gmail.com", CUSTOMER),
        ])
    };
    for (email, is_own) in [
        ("nora@acme.example", true),
        ("nora@us.acme.example", true),
        // The longest domain counts, in both directions.
        ("nora@eu.acme.example", false),
        ("nora@de.eu.acme.example", false),
        ("nora@acme.bridge.example", true),
        ("nora@bridge.example", false),
        ("nora@nobody.example", false),
        // A free-mail provider's gives nothing, whoever names it.
        ("nora@gmail.com", false),
    ] {
        for (actor, standing) in [
            (partner_guardian().actor(), partner(Level::FullAdmin)),
            (staff(StaffRole::Consultant).actor(), consultant(Level::FullAdmin)),
            (guardian().actor(), standing(&guardian())),
        ] {
            let context = by(&partner_guardian());
            let is_guest = !matches!(standing, Standing::Member { .. });
            let expected =
                if is_own || !is_guest { Ok(()) } else { Err((Code::OutsideCustomerDomains, Some("#/email"))) };
            let mut new = new_contact();
            new.profile = typed(email);
            let creating = || mandate_core::contact::CreateFacts { owners: owned(), ..facts(standing.clone()) };
            let created = create(&context, creating(), new.clone()).map(drop);
            let import = ImportFacts { create: creating(), existing: BTreeMap::new(), former: BTreeMap::new() };
            let row = [ImportRow { contact: Some(new) }];
            let imported = contact_import::decide(&context, &import, &row).unwrap();
            let imported = imported.refusals.into_iter().next().map_or(Ok(()), |refused| Err(refused.refusal));
            let profile = Profile { email: Email::parse(email).unwrap(), ..designated().profile };
            let disabled = Contact { profile, ..contact(place, PersonStatus::Disabled) };
            let state = state(&actor, &standing, disabled);
            let enabling = mandate_core::contact_state::EnableFacts { owners: owned(), ..enabling(state) };
            let enabled = enable(&context, enabling, None, welcome_ids()).map(drop);
            for answer in [created, imported, enabled] {
                let answer = answer.map_err(|refusal| (refusal.code, refusal.pointer));
                assert_eq!(answer, expected, "{email} {standing:?}");
            }
        }
    }
    // Whom nobody has yet is invited by nobody; a guest hears of the domain first.
    assert_eq!(code(invited(&partner(Level::FullAdmin), place, "olga@bridge.example")), Code::OutsideCustomerDomains);
    assert_eq!(code(invited(&standing(&manager()), place, "olga@bridge.example")), Code::InvitationNotAvailable);
}

/// What the others are told of a change of a contact, if anything.
fn told(change: &mandate_core::change::Change<Contact>) -> Option<Broadcast> {
    change.broadcasts().copied()
}

#[test]
fn the_others_are_told_whenever_somebody_gets_or_loses_authority_c_9() {
    let expected = |about: Contact, by: Option<&dyn Fn() -> Contact>| {
        let by = by.map(|by| by().id.into());
        Some(Broadcast { kind: MailKind::AuthorityChanged, about: about.id.into(), request: None, by })
    };
    let gina = || guardian();
    for place in places() {
        let told_if =
            |is_news: bool| if is_news { expected(contact(place, PersonStatus::Active), Some(&gina)) } else { None };
        let new = NewContact { id: id(30), kind: place.0, permission: place.1, ..new_contact() };
        let created = create(&by(&guardian()), facts(standing(&guardian())), new).unwrap().contact;
        assert_eq!(told(&created), told_if(is_guarded(place)), "created {place:?}");
        let mut world = disabling(&guardian(), contact(place, PersonStatus::Active));
        world.facts.state.standing = standing(&guardian());
        let disabled = disable(&by(&guardian()), world.facts, world.command).unwrap().contact;
        assert_eq!(told(&disabled), told_if(is_guarded(place)), "disabled {place:?}");
        let state = state(&guardian().actor(), &standing(&guardian()), contact(place, PersonStatus::Disabled));
        let enabled = enable(&by(&guardian()), enabling(state.clone()), None, welcome_ids()).unwrap().contact;
        assert_eq!(told(&enabled), told_if(is_guarded(place)), "enabled {place:?}");
        for wanted in places() {
            let command = EditContact { kind: Some(wanted.0), permission: Some(wanted.1), ..EditContact::default() };
            let facts = editing(&guardian(), contact(place, PersonStatus::Active));
            let change = edit(&by(&guardian()), facts, command).unwrap().contact;
            let is_news = place != wanted && (is_guarded(place) || is_guarded(wanted));
            assert_eq!(told(&change), told_if(is_news), "{place:?} to {wanted:?}");
        }
        // What changes nothing about it is no news: their password, the welcome email again, another phone.
        let invited = contact(place, PersonStatus::Invited);
        let again = StateFacts { contact: Some(invited.clone()), ..state };
        assert_eq!(told(&resend_welcome(&by(&guardian()), again, false, None, welcome_ids()).unwrap().contact), None);
        assert_eq!(told(&activate(&by(&invited), invited, BACKED).unwrap()), None);
    }
}

#[test]
fn an_import_tells_the_others_once_c_9_c_22() {
    let row = |number: u128, permission| {
        let profile = typed(&format!("n{number}@acme.example"));
        ImportRow { contact: Some(NewContact { id: id(number), profile, permission, ..new_contact() }) }
    };
    let facts = ImportFacts { create: facts(standing(&manager())), existing: BTreeMap::new(), former: BTreeMap::new() };
    let rows = [
        row(40, Permission::DesignatedSupport),
        row(41, Permission::ManageContacts),
        row(42, Permission::ManageContacts),
    ];
    let context = by(&manager());
    let import = contact_import::decide(&context, &facts, &rows).unwrap();
    let told: Vec<_> =
        import.contacts(&context, &facts, &rows).map(|created| told(&created.unwrap().contact)).collect();
    let once = Broadcast {
        kind: MailKind::AuthorityChanged,
        about: CUSTOMER.into(),
        request: None,
        by: Some(manager().id.into()),
    };
    assert_eq!(told, [None, Some(once), None]);
}

#[test]
fn a_reader_gets_nowhere_by_a_level_below_full_admin_c_9_g_3() {
    let place = (ContactType::Technical, Permission::KnowledgeBase);
    for level in [Level::Create, Level::ServiceAdmin] {
        for (what, answer) in attempts(&partner_guardian().actor(), &partner(level), place) {
            assert_eq!(code(answer), Code::PermissionRequired, "{what} {level:?}");
        }
    }
}
