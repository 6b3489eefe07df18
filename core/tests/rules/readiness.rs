//! What an organization lacks (R-1 … R-11): each finding where it is found, and the nearest case where it is not.

use std::collections::BTreeSet;

use mandate_core::access::Standing;
use mandate_core::contact::{Contact, EditContact, EditFacts, Others, Sites, edit};
use mandate_core::contact_state::activate;
use mandate_core::domain_owner::{DomainOwner, DomainOwners};
use mandate_core::duty_coverage::{DUTIES_ON_SITE, OnSite};
use mandate_core::finding::{Finding, Remedy};
use mandate_core::id::{ContactId, GrantId, ReviewId, SiteId};
use mandate_core::journal::EventKind;
use mandate_core::organization::Organization;
use mandate_core::readiness::{
    self, Concerned, Guards, PLACES_MAX, ReadinessFacts, STALE_AFTER, findings, partner_domains,
};
use mandate_core::refusal::Code;
use mandate_core::site::Site;
use mandate_core::time::Span;
use mandate_core::vocabulary::{
    ContactType, Duty, FindingCode, FindingSeverity, Level, OrganizationType, Permission, PersonStatus, StaffRole,
    Vocabulary as _,
};

use crate::ladder::{code, short, written};
use crate::site::{name, site_with};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, PARTNER, Person as _, VENDOR, YESTERDAY, by, designated, desk, domains, guardian,
    id, manager, organization, outsider, partner, reader, standing,
};

const PERIOD: Span = Span::days(90);

/// So many contacts who are both contact managers and primary support contacts, numbered from `first`.
fn guards(status: PersonStatus, total: u128, first: u128) -> Guards {
    Guards {
        status,
        permission: Permission::ManageContacts,
        kind: ContactType::PrimarySupport,
        total: i64::try_from(total).unwrap(),
        oldest: id(first),
        newest: id(first + total - 1),
    }
}

/// Facts of an organization that lacks nothing.
fn ready() -> ReadinessFacts {
    ReadinessFacts {
        guards: vec![guards(PersonStatus::Active, 3, 1)],
        duties: Duty::ALL.iter().copied().collect(),
        reviewed_at: Some(YESTERDAY),
        ..ReadinessFacts::default()
    }
}

fn found(facts: &ReadinessFacts) -> Vec<Finding> {
    findings(NOW, &organization(CUSTOMER), PERIOD, facts)
}

/// The only finding.
fn only(facts: &ReadinessFacts) -> Finding {
    let [finding] = <[Finding; 1]>::try_from(found(facts)).unwrap();
    assert!(finding.message.ends_with('.') && !finding.message.contains("  "), "{}", finding.message);
    finding
}

fn codes(facts: &ReadinessFacts) -> Vec<&'static str> {
    found(facts).iter().map(|finding| finding.code.name()).collect()
}

fn contacts(ids: &[u128]) -> Concerned<ContactId> {
    let ids: Vec<ContactId> = ids.iter().map(|number| id(*number)).collect();
    Concerned { total: i64::try_from(ids.len()).unwrap(), ids }
}

#[test]
fn an_organization_that_lacks_nothing_has_no_findings_r_1_r_2_r_3_r_4_r_5_r_6_r_7_r_8_r_9_r_10_r_11() {
    assert_eq!(codes(&ready()), [""; 0]);
}

#[test]
fn the_most_urgent_comes_first_then_the_order_of_the_rules_r_1_r_3_r_5_r_7_r_9() {
    let lost = ReadinessFacts { stale: contacts(&[4]), ..ReadinessFacts::default() };
    let lines: Vec<String> = found(&lost)
        .iter()
        .map(|finding| format!("{} {} {}", finding.severity.name(), finding.code.rule(), finding.code.name()))
        .collect();
    assert_eq!(
        lines,
        [
            "critical R-1 no_primary_support_contact",
            "critical R-3 no_contact_manager",
            "warning R-5 duty_uncovered",
            "warning R-5 duty_uncovered",
            "warning R-7 review_overdue",
            "advice R-5 duty_uncovered",
            "advice R-5 duty_uncovered",
            "advice R-5 duty_uncovered",
            "advice R-9 stale_contact",
        ]
    );
}

#[test]
fn an_organization_needs_two_primary_support_contacts_r_1_r_2() {
    // Three contact managers besides, who are no primary support contacts.
    let managers = Guards { kind: ContactType::Technical, ..guards(PersonStatus::Active, 3, 10) };
    let with = |primaries: Vec<Guards>| ReadinessFacts { guards: [vec![managers], primaries].concat(), ..ready() };
    let none = only(&with(Vec::new()));
    assert_eq!((none.code, none.severity), (FindingCode::NoPrimarySupportContact, FindingSeverity::Critical));
    assert_eq!((none.total, none.remedy), (0, Remedy::CreateRequest));
    // Who was only invited does not count, but can mend it.
    let invited = only(&with(vec![guards(PersonStatus::Invited, 2, 20)]));
    assert_eq!(invited.code, FindingCode::NoPrimarySupportContact);
    assert_eq!(invited.remedy, Remedy::ResendWelcome(id(21)));
    let single = only(&with(vec![guards(PersonStatus::Active, 1, 1), guards(PersonStatus::Invited, 1, 20)]));
    assert_eq!((single.code, single.severity), (FindingCode::SinglePrimarySupportContact, FindingSeverity::Warning));
    assert_eq!((single.total, single.contacts, single.remedy), (1, vec![id(1)], Remedy::CreateContact));
    assert_eq!(codes(&with(vec![guards(PersonStatus::Active, 2, 1)])), [""; 0]);
    // They are counted whatever their permission is.
    let below = Guards { permission: Permission::DesignatedSupport, ..guards(PersonStatus::Active, 1, 1) };
    assert_eq!(codes(&with(vec![below, guards(PersonStatus::Active, 1, 2)])), [""; 0]);
}

#[test]
fn an_organization_needs_three_contact_managers_r_3() {
    let primaries = Guards { permission: Permission::DesignatedSupport, ..guards(PersonStatus::Active, 2, 10) };
    let with = |managers: Vec<Guards>| ReadinessFacts { guards: [vec![primaries], managers].concat(), ..ready() };
    let technical =
        |total, first| Guards { kind: ContactType::Technical, ..guards(PersonStatus::Active, total, first) };
    let none = only(&with(Vec::new()));
    assert_eq!((none.code, none.severity), (FindingCode::NoContactManager, FindingSeverity::Critical));
    assert_eq!((none.total, none.remedy), (0, Remedy::CreateRequest));
    let one = only(&with(vec![technical(1, 1)]));
    assert_eq!((one.code, one.severity), (FindingCode::NoBackupContactManager, FindingSeverity::Warning));
    assert_eq!((one.total, one.contacts), (1, vec![id(1)]));
    for two in [vec![technical(2, 1)], vec![technical(1, 1), guards(PersonStatus::Active, 1, 2)]] {
        let two = only(&with(two));
        assert_eq!((two.code, two.severity), (FindingCode::FewerThanThreeContactManagers, FindingSeverity::Advice));
        assert_eq!((two.total, two.contacts), (2, vec![id(2), id(1)]), "newest first");
    }
    assert_eq!(codes(&with(vec![technical(2, 1), guards(PersonStatus::Active, 1, 3)])), [""; 0]);
    // Who was only invited does not count.
    let invited = with(vec![technical(2, 1), guards(PersonStatus::Invited, 1, 3)]);
    assert_eq!(codes(&invited), ["fewer_than_three_contact_managers"]);
}

#[test]
fn findings_about_people_name_them_and_what_would_mend_it_r_4_r_6_r_8_r_9_r_11() {
    use FindingSeverity::{Advice, Warning};
    let two = contacts(&[5, 4]);
    let with = |change: fn(&mut ReadinessFacts, Concerned<ContactId>)| {
        let mut facts = ready();
        change(&mut facts, contacts(&[5, 4]));
        only(&facts)
    };
    for (finding, code, severity, remedy) in [
        (
            with(|facts, two| facts.primaries_below = two),
            FindingCode::PrimarySupportContactCannotManage,
            Advice,
            Remedy::EditContact(id(5)),
        ),
        (
            with(|facts, two| facts.partner_people = two),
            FindingCode::PartnerPersonAsContact,
            Warning,
            Remedy::CreateGrant,
        ),
        (with(|facts, two| facts.untrained = two), FindingCode::TrainingNeeded, Advice, Remedy::EditContact(id(5))),
        (with(|facts, two| facts.stale = two), FindingCode::StaleContact, Advice, Remedy::DisableContact(id(5))),
        (with(|facts, two| facts.mailboxes = two), FindingCode::SharedMailbox, Advice, Remedy::DisableContact(id(5))),
        (with(|facts, two| facts.undeliverable = two), FindingCode::EmailUndeliverable, Warning, Remedy::CreateContact),
    ] {
        assert_eq!((finding.code, finding.severity, finding.remedy), (code, severity, remedy));
        assert_eq!((finding.total, &finding.contacts), (2, &two.ids));
        assert!(finding.message.starts_with("2 ") || finding.message.contains(" 2 "), "{}", finding.message);
    }
}

#[test]
fn findings_about_grants_name_them_and_what_would_mend_it_r_10() {
    let grants = Concerned { total: 101, ids: vec![GrantId::from_u128(3), GrantId::from_u128(4)] };
    let expiring = only(&ReadinessFacts { expiring: grants.clone(), ..ready() });
    assert_eq!((expiring.code, expiring.severity), (FindingCode::GrantExpiring, FindingSeverity::Advice));
    assert_eq!((expiring.total, expiring.remedy), (101, Remedy::EditGrant(id(3))));
    assert_eq!((&expiring.grants, expiring.contacts.len()), (&grants.ids, 0));
    let unused = only(&ReadinessFacts { unused: grants, ..ready() });
    assert_eq!((unused.code, unused.severity), (FindingCode::BroadGrantUnused, FindingSeverity::Advice));
    assert_eq!(unused.remedy, Remedy::RevokeGrant(id(3)));
}

#[test]
fn a_duty_that_nobody_has_is_found_r_5() {
    for duty in Duty::ALL.iter().copied() {
        let mut facts = ready();
        facts.duties.remove(&duty);
        let finding = only(&facts);
        let warns = matches!(duty, Duty::It | Duty::SiteAdministrator);
        let severity = if warns { FindingSeverity::Warning } else { FindingSeverity::Advice };
        assert_eq!((finding.code, finding.severity), (FindingCode::DutyUncovered, severity));
        assert_eq!((finding.duty, &finding.place, finding.total), (Some(duty), &None, 1));
        assert_eq!(finding.remedy, Remedy::CreateContact);
    }
}

/// Somebody who has a duty at these places.
fn on_site(duty: Duty, places: &[(u128, &[&str])]) -> OnSite {
    let sites: Sites = places
        .iter()
        .map(|(site, shifts)| (SiteId::from_u128(*site), shifts.iter().map(|shift| name(shift)).collect()))
        .collect();
    OnSite { duty, sites }
}

/// The places that lack somebody for IT.
fn without_it(sites: Vec<Site>, people: Vec<OnSite>) -> Vec<String> {
    let admin = on_site(Duty::SiteAdministrator, &[(1, &[]), (2, &[])]);
    let facts = ReadinessFacts { sites, on_site: [people, vec![admin]].concat(), ..ready() };
    let place = |finding: &Finding| {
        assert_eq!((finding.code, finding.duty), (FindingCode::DutyUncovered, Some(Duty::It)));
        assert_eq!(finding.severity, FindingSeverity::Warning);
        finding.place.as_ref().map_or("everywhere".to_owned(), |place| {
            let shift = place.shift.as_ref().map(|shift| format!(" {shift}")).unwrap_or_default();
            format!("{}{shift}", place.site_name)
        })
    };
    found(&facts).iter().map(place).collect()
}

#[test]
fn with_several_sites_each_needs_its_own_r_5() {
    let sites = || vec![site_with(1, "Office", &[]), site_with(2, "Plant", &[])];
    let it = |places: &[(u128, &[&str])]| on_site(Duty::It, places);
    assert_eq!(without_it(sites(), vec![]), ["Office", "Plant"]);
    assert_eq!(without_it(sites(), vec![it(&[(2, &[])])]), ["Office"]);
    assert_eq!(without_it(sites(), vec![it(&[(2, &[])]), it(&[(1, &[])])]), [""; 0]);
    assert_eq!(without_it(sites(), vec![it(&[(1, &[]), (2, &[])])]), [""; 0]);
    // Who has another duty there does not help, nor who works at a site that is no more.
    assert_eq!(without_it(sites(), vec![on_site(Duty::Operations, &[(1, &[])])]), ["Office", "Plant"]);
    assert_eq!(without_it(sites(), vec![it(&[(9, &[])])]), ["Office", "Plant"]);
    // One site is no more than the organization: whoever has the duty will do.
    assert_eq!(without_it(vec![site_with(1, "Office", &[])], vec![]), [""; 0]);
    let archived = Site { archived_at: Some(YESTERDAY), ..site_with(2, "Plant", &[]) };
    assert_eq!(without_it(vec![site_with(1, "Office", &[]), archived], vec![]), [""; 0]);
}

#[test]
fn with_several_shifts_each_needs_its_own_r_5() {
    let site = || vec![site_with(1, "Plant", &["day", "Night"])];
    let it = |shifts: &[&str]| on_site(Duty::It, &[(1, shifts)]);
    assert_eq!(without_it(site(), vec![]), ["Plant day", "Plant Night"]);
    // Who names no shift is there in all of them; shifts are told apart whatever the case.
    assert_eq!(without_it(site(), vec![it(&[])]), [""; 0]);
    assert_eq!(without_it(site(), vec![it(&["night"])]), ["Plant day"]);
    assert_eq!(without_it(site(), vec![it(&["night"]), it(&["day"])]), [""; 0]);
    // A shift that the site lost is none of its shifts; where it lost all of them, who worked in one works there still.
    assert_eq!(without_it(site(), vec![it(&["evening"])]), ["Plant day", "Plant Night"]);
    let both = || vec![site_with(1, "Plant", &[]), site_with(2, "Office", &[])];
    assert_eq!(without_it(both(), vec![it(&["evening"])]), ["Office"]);
    // One shift is no more than its site.
    assert_eq!(without_it(vec![site_with(1, "Plant", &["day"])], vec![]), [""; 0]);
}

#[test]
fn operations_web_development_and_security_are_no_matter_of_sites_r_5() {
    let sites = vec![site_with(1, "Office", &[]), site_with(2, "Plant", &[])];
    let people = DUTIES_ON_SITE.iter().map(|duty| on_site(*duty, &[(1, &[]), (2, &[])])).collect();
    let facts = ReadinessFacts { sites, on_site: people, ..ready() };
    assert_eq!(codes(&facts), [""; 0]);
    let duties = BTreeSet::from([Duty::It, Duty::SiteAdministrator]);
    let lacking: Vec<_> = found(&ReadinessFacts { duties, ..facts }).iter().map(|finding| finding.duty).collect();
    assert_eq!(lacking, [Some(Duty::Operations), Some(Duty::WebDevelopment), Some(Duty::Security)]);
}

#[test]
fn places_are_named_up_to_a_limit_and_the_rest_counted_r_5() {
    let count = u128::try_from(PLACES_MAX).unwrap() + 7;
    let sites: Vec<Site> = (1..=count).map(|number| site_with(number, &format!("Site {number}"), &[])).collect();
    let all: Vec<(u128, &[&str])> = (1..=count).map(|number| (number, [].as_slice())).collect();
    let facts = ReadinessFacts { sites, on_site: vec![on_site(Duty::SiteAdministrator, &all)], ..ready() };
    let findings = found(&facts);
    assert_eq!(findings.len(), PLACES_MAX + 1);
    let rest = findings.last().unwrap();
    assert_eq!((&rest.place, rest.total, rest.duty), (&None, 7, Some(Duty::It)));
    assert!(rest.message.contains("7 further"), "{}", rest.message);
}

#[test]
fn a_review_falls_due_after_the_organizations_own_period_or_the_usual_one_r_7() {
    let second = Span::seconds(1);
    let overdue = |days: Option<i32>, reviewed_at| {
        let organization = Organization { review_period_days: days, ..organization(CUSTOMER) };
        let facts = ReadinessFacts { reviewed_at, ..ready() };
        findings(NOW, &organization, PERIOD, &facts).iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let ago = |days| Some(NOW.minus(Span::days(days)));
    let before = |days| Some(NOW.minus(Span::days(days)).minus(second));
    // Also on the first day, if there was none.
    assert_eq!(overdue(None, None), [FindingCode::ReviewOverdue]);
    assert_eq!(overdue(None, ago(90)), []);
    assert_eq!(overdue(None, before(90)), [FindingCode::ReviewOverdue]);
    assert_eq!(overdue(Some(30), ago(30)), []);
    assert_eq!(overdue(Some(30), before(30)), [FindingCode::ReviewOverdue]);
    assert_eq!(overdue(Some(365), before(90)), []);
    let review = only(&ReadinessFacts { reviewed_at: None, ..ready() });
    assert_eq!((review.severity, review.remedy), (FindingSeverity::Warning, Remedy::StartReview));
    let open = ReviewId::from_u128(8);
    let review = only(&ReadinessFacts { reviewed_at: None, open_review: Some(open), ..ready() });
    assert_eq!(review.remedy, Remedy::ContinueReview(open));
    assert!(STALE_AFTER > PERIOD);
}

#[test]
fn an_email_domain_belongs_to_the_nearest_owner_r_6() {
    let owner =
        |domain: &str, organization, kind| DomainOwner { domain: domains(&[domain]).remove(0), organization, kind };
    let owners = DomainOwners::new(vec![
        owner("acme.example", CUSTOMER, OrganizationType::Customer),
        owner("bridge.example", PARTNER, OrganizationType::Partner),
        owner("acme.bridge.example", CUSTOMER, OrganizationType::Customer),
        owner("other.example", OTHER_CUSTOMER, OrganizationType::Customer),
    ]);
    let found = |organization, used: &[&str]| {
        let found = partner_domains(organization, domains(used), &owners);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let used = ["acme.example", "bridge.example", "eu.bridge.example", "acme.bridge.example", "x.acme.bridge.example"];
    assert_eq!(found(CUSTOMER, &used), ["bridge.example", "eu.bridge.example"]);
    // A partner's own people are no strangers there, other customers' and nobody's are no partners', and a name that only ends
    // alike is another one.
    assert_eq!(found(PARTNER, &used), [""; 0]);
    assert_eq!(found(CUSTOMER, &["other.example", "mail.example", "notbridge.example"]), [""; 0]);
}

#[test]
fn designated_contacts_and_the_staff_who_look_after_customers_see_it_x_3() {
    let allowed = |standing: &Standing| readiness::allow(standing, Some(organization(CUSTOMER))).map(drop);
    assert_eq!(allowed(&standing(&designated())), Ok(()));
    assert_eq!(allowed(&partner(Level::FullAdmin)), Ok(()));
    assert_eq!(allowed(&desk(StaffRole::CustomerSuccessManager)), Ok(()));
    assert_eq!(code(allowed(&standing(&reader()))), Code::PermissionRequired);
    assert_eq!(code(allowed(&partner(Level::ServiceAdmin))), Code::PermissionRequired);
    assert_eq!(code(allowed(&desk(StaffRole::Consultant))), Code::StaffOnly);
    assert_eq!(code(allowed(&standing(&outsider()))), Code::NotFound);
    assert_eq!(code(readiness::allow(&desk(StaffRole::Agent), None)), Code::NotFound);
    assert_eq!(code(readiness::allow(&desk(StaffRole::Agent), Some(organization(VENDOR)))), Code::NotFound);
}

const ALONE: Others = Others { active_manager: false, active_primary: false, active_appointer: false };

#[test]
fn who_becomes_active_clears_the_critical_findings_that_nobody_else_keeps_away_r_1_r_3() {
    let activated = |contact: Contact, others| {
        let change = activate(&by(&contact), contact, others).unwrap();
        written(&change).into_iter().skip(2).collect::<Vec<_>>()
    };
    let invited = |contact: Contact| Contact { status: PersonStatus::Invited, ..contact };
    let (primary, managing) = (
        "readiness.finding_cleared no_primary_support_contact in org_1",
        "readiness.finding_cleared no_contact_manager in org_1",
    );
    assert_eq!(activated(invited(guardian()), ALONE), [primary, managing]);
    assert_eq!(activated(invited(manager()), ALONE), [managing]);
    assert_eq!(activated(invited(designated()), ALONE), [""; 0]);
    // Not where others keep them away.
    assert_eq!(activated(invited(guardian()), Others { active_manager: true, ..ALONE }), [primary]);
    assert_eq!(activated(invited(guardian()), Others { active_primary: true, ..ALONE }), [managing]);
}

#[test]
fn an_edit_clears_a_critical_finding_and_never_opens_one_r_1_r_3() {
    let edited = |contact: Contact, others, command: EditContact| {
        let (actor, standing) = (guardian().actor(), standing(&guardian()));
        let facts = EditFacts {
            actor,
            standing,
            contact: Some(contact),
            others,
            sites: Vec::new(),
            review: None,
            owners: crate::world::acme(),
            ties: mandate_core::contact_ties::Ties::default(),
        };
        edit(&by(&guardian()), facts, command).map(|edited| edited.contact)
    };
    let lift = EditContact {
        kind: Some(ContactType::PrimarySupport),
        permission: Some(Permission::ManageContacts),
        ..EditContact::default()
    };
    let change = edited(designated(), ALONE, lift.clone()).unwrap();
    let events: Vec<EventKind> = change.entries().iter().map(|entry| entry.kind).collect();
    assert_eq!(events, [EventKind::ContactUpdated, EventKind::FindingCleared, EventKind::FindingCleared]);
    // The organization is what they are about.
    for entry in change.entries().iter().skip(1) {
        assert_eq!((short(entry.subject), entry.organization), ("org_1".to_owned(), CUSTOMER));
    }
    // Somebody who is not active keeps nothing away.
    let invited = Contact { status: PersonStatus::Invited, ..designated() };
    assert_eq!(edited(invited, ALONE, lift).unwrap().entries().len(), 1);
    let lower = EditContact { permission: Some(Permission::DesignatedSupport), ..EditContact::default() };
    assert_eq!(code(edited(manager(), ALONE, lower)), Code::LastContactManager);
}
