//! Who is told of people who join and leave partners (G-18).

use mandate_core::access::Standing;
use mandate_core::actor::PersonRef;
use mandate_core::change::Change;
use mandate_core::contact::{Contact, CreateFacts, EditContact, EditFacts, NewContact, create, edit};
use mandate_core::contact_site::WantedSites;
use mandate_core::contact_state::{StateFacts, activate, enable, resend_welcome};
use mandate_core::id::OrganizationId;
use mandate_core::partner_grant::{Ending, Grantee, PartnerGrant};
use mandate_core::person::{EditProfile, NewProfile};
use mandate_core::roster::{
    GRANTORS_AT_ONCE, Moved, Movement, Movements, Roster, RosterFacts, may_read, movement, tell,
};
use mandate_core::telling::TOLD_MAX;
use mandate_core::text::{Locale, PersonName, Phone, TimeZone, TypedEmail};
use mandate_core::vocabulary::{ContactType, GrantStatus, Level, Permission, PersonStatus, StaffRole, Vocabulary as _};

use crate::contact_state::enabling;
use crate::ladder::told;
use crate::world::{
    BACKED, CUSTOMER, NEW_CONTACT, NOW, OTHER_CUSTOMER, PARTNER, Person as _, SECOND_PARTNER, TOMORROW, YESTERDAY,
    all_of, by, by_the_server, designated, desk, grant, guardian, id, manager, named, one, organization, owners,
    partner_designated, partner_guardian, partner_reader, reference, silent, staff, standing, welcome_ids,
};

fn by_partner(contact: Contact) -> StateFacts {
    let standing = Standing::of(&partner_guardian().actor(), PARTNER, None);
    StateFacts { actor: partner_guardian().actor(), standing, contact: Some(contact) }
}

fn created() -> Change<Contact> {
    let facts = CreateFacts {
        standing: Standing::of(&partner_guardian().actor(), PARTNER, None),
        organization: Some(organization(PARTNER)),
        vendor_domains: Vec::new(),
        owners: owners(&[]),
        existing: None,
        never_entered: false,
        sites: Vec::new(),
        former: Vec::new(),
    };
    let new = NewContact {
        id: NEW_CONTACT,
        profile: NewProfile {
            email: TypedEmail::parse("nina@bridge.example").unwrap(),
            first_name: PersonName::parse("Nina").unwrap(),
            last_name: PersonName::parse("Silva").unwrap(),
            phone: None,
            time_zone: TimeZone::default(),
            locale: Locale::default(),
        },
        kind: ContactType::Technical,
        permission: Permission::KnowledgeBase,
        duties: Default::default(),
        sites: WantedSites::default(),
        welcome: welcome_ids(),
    };
    create(&by(&partner_guardian()), facts, new).unwrap().contact
}

/// Coming by an invitation and leaving by one, and being disabled, are changes of the same kind; stories go through them.
#[test]
fn whoever_comes_joins_and_what_changes_in_between_moves_nobody_g_18() {
    let context = by(&partner_guardian());
    let with_status = |status| Contact { status, ..partner_designated() };
    assert_eq!(movement(&created()), Some(Movement::Joined));
    let disabled = with_status(PersonStatus::Disabled);
    let enabled = enable(&context, enabling(by_partner(disabled.clone())), None, welcome_ids()).unwrap().contact;
    assert_eq!(movement(&enabled), Some(Movement::Joined));
    let invited = with_status(PersonStatus::Invited);
    let resent = resend_welcome(&context, by_partner(invited.clone()), false, None, welcome_ids()).unwrap().contact;
    assert_eq!(movement(&resent), None);
    assert_eq!(movement(&activate(&context, invited, BACKED).unwrap()), None);
    for contact in [partner_designated(), disabled] {
        let facts = by_partner(contact);
        let facts = EditFacts {
            actor: facts.actor,
            standing: facts.standing,
            contact: facts.contact,
            others: BACKED,
            sites: Vec::new(),
            review: None,
            owners: crate::world::acme(),
            ties: mandate_core::contact_ties::Ties::default(),
        };
        let phone = Some(Some(Phone::parse("112").unwrap()));
        let profile = EditProfile { phone, ..EditProfile::default() };
        let edited = edit(&context, facts, EditContact { profile, ..EditContact::default() }).unwrap().contact;
        assert_eq!(movement(&edited), None);
    }
}

fn roster() -> Roster {
    Roster { id: id(1), organization: named(PARTNER), opened_at: YESTERDAY, closed_at: None, told_up_to: None }
}

fn moved(people: &[PersonRef], total: i64) -> Moved {
    Moved { named: people.to_vec(), total }
}

/// Pedro and thousands of others joined, Petra left.
fn movements() -> Movements {
    let joined = moved(&[reference(&partner_designated())], 9_000);
    Movements { joined, left: moved(&[reference(&partner_reader())], 1) }
}

fn facts(grants: Vec<(PartnerGrant, Vec<Contact>)>) -> RosterFacts {
    RosterFacts { roster: Some(roster()), movements: movements(), grants }
}

#[test]
fn the_grantors_contact_managers_are_told_by_one_email_g_18() {
    let grants = vec![(grant(1, all_of(PARTNER), Level::View), vec![guardian(), manager()])];
    let step = tell(&by_the_server(), facts(grants));
    assert_eq!(
        told(step.telling()),
        [
            "partner.roster_changed of org_2 in org_1: grant_id=grant_1 joined=contact_00000000000000000000000006 \
             joined_total=9000 left=contact_00000000000000000000000007 left_total=1",
            "partner_roster to contact_1 about roster_1",
            "partner_roster to contact_2 about roster_1",
        ]
    );
    assert_eq!(step.telling().next(), None);
    let expected = Roster { closed_at: Some(NOW), told_up_to: Some(CUSTOMER), ..roster() };
    assert_eq!(step.roster(), Some(&expected));
    let nothing = tell(&by_the_server(), RosterFacts { roster: None, ..facts(Vec::new()) });
    assert_eq!((told(nothing.telling()).len(), nothing.telling().next(), nothing.roster()), (0, None, None));
}

#[test]
fn who_turned_emails_off_gets_none_and_hundreds_of_managers_are_not_all_told_g_18_c_19() {
    let many = (100..200).map(|number| Contact { id: id(number), ..manager() });
    let managers = [silent(guardian()), designated()].into_iter().chain(many).collect();
    let step = tell(&by_the_server(), facts(vec![(grant(1, all_of(PARTNER), Level::View), managers)]));
    let receivers: Vec<_> = step.telling().letters().iter().map(|letter| letter.to).collect();
    let expected: Vec<_> =
        (100..).take(TOLD_MAX).map(|number| Contact { id: id(number), ..manager() }.id.into()).collect();
    assert_eq!((receivers, step.telling().entries().len()), (expected, 1));
}

/// Which grants count, and for whom when the email leaves.
#[test]
fn only_a_live_grant_to_all_of_the_partner_at_view_or_above_counts_g_18() {
    let counts = |grant: PartnerGrant| {
        let step = tell(&by_the_server(), facts(vec![(grant.clone(), vec![manager()])]));
        let is_told = !told(step.telling()).is_empty();
        assert_eq!(may_read(NOW, &standing(&manager()), Some(&grant), PARTNER), is_told, "{grant:?}");
        is_told
    };
    for level in Level::ALL {
        assert_eq!(counts(grant(1, all_of(PARTNER), *level)), *level >= Level::View, "{}", level.name());
    }
    let wide = || grant(1, all_of(PARTNER), Level::Create);
    let revoked = Ending { at: YESTERDAY, status: GrantStatus::Revoked, by: None, reason: None };
    assert!(counts(PartnerGrant { expires_at: Some(TOMORROW), ..wide() }));
    assert!(!counts(PartnerGrant { expires_at: Some(NOW), ..wide() }));
    assert!(!counts(PartnerGrant { ending: Some(revoked), ..wide() }));
    assert!(!counts(grant(1, all_of(SECOND_PARTNER), Level::View)));
    assert!(!counts(grant(1, one(&partner_guardian()), Level::View)));
    for (standing, reads) in [
        (standing(&manager()), true),
        (standing(&designated()), false),
        (Standing::Stranger, false),
        (desk(StaffRole::Agent), false),
        (Standing::of(&staff(StaffRole::Administrator).actor(), CUSTOMER, None), false),
    ] {
        assert_eq!(may_read(NOW, &standing, Some(&wide()), PARTNER), reads, "{standing:?}");
    }
    assert!(!may_read(NOW, &standing(&manager()), None, PARTNER));
}

#[test]
fn hundreds_of_grantors_are_told_some_at_a_time_g_18() {
    let by = |number: u128| {
        let grantor =
            mandate_core::actor::OrganizationRef { id: OrganizationId::from_u128(number), ..named(OTHER_CUSTOMER) };
        let grantee: Grantee = all_of(PARTNER);
        (PartnerGrant { grantor, ..grant(number, grantee, Level::View) }, vec![manager()])
    };
    let full: Vec<_> = (1..=u128::try_from(GRANTORS_AT_ONCE).unwrap()).map(|number| by(100 + number)).collect();
    let step = tell(&by_the_server(), facts(full.clone()));
    assert_eq!((step.telling().entries().len(), step.telling().next()), (GRANTORS_AT_ONCE, Some(NOW)));
    let half_told = step.roster().unwrap().clone();
    assert_eq!(half_told.told_up_to, full.last().map(|(grant, _)| grant.grantor.id));
    let rest = RosterFacts { roster: Some(half_told.clone()), ..facts(Vec::new()) };
    let step = tell(&by_the_server(), rest);
    assert_eq!((told(step.telling()).len(), step.telling().next(), step.roster()), (0, None, Some(&half_told)));
}
