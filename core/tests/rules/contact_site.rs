//! Where contacts work: at sites and in shifts of their own organization (O-5).

use mandate_core::contact::{self, Contact, EditContact, EditFacts, Sites};
use mandate_core::contact_site::WantedSites;
use mandate_core::id::SiteId;
use mandate_core::refusal::{Code, Extra, Refusal};
use mandate_core::site::Site;

use crate::ladder::written;
use crate::site::{name, site_with};
use crate::world::{BACKED, Person as _, YESTERDAY, by, designated, manager, standing};

const PLANT: SiteId = SiteId::from_u128(1);
const OFFICE: SiteId = SiteId::from_u128(2);
/// Archived.
const BARN: SiteId = SiteId::from_u128(3);
/// Of another organization, or of nobody.
const FOREIGN: SiteId = SiteId::from_u128(404);

/// The customer's sites in use: one with two shifts, one with none.
fn in_use() -> Vec<Site> {
    vec![site_with(1, "Plant", &["day", "Night"]), site_with(2, "Office", &[])]
}

/// Where somebody works.
fn at(places: &[(SiteId, &[&str])]) -> Sites {
    places.iter().map(|(site, shifts)| (*site, shifts.iter().map(|shift| name(shift)).collect())).collect()
}

/// Sends the designated contact, who works at some places, to others.
fn sent(before: &Sites, ids: Option<&[SiteId]>, shifts: Option<&[(SiteId, &str)]>) -> Result<Sites, Refusal> {
    let facts = EditFacts {
        actor: manager().actor(),
        standing: standing(&manager()),
        contact: Some(Contact { sites: before.clone(), ..designated() }),
        others: BACKED,
        sites: in_use(),
        review: None,
        owners: crate::world::acme(),
        ties: mandate_core::contact_ties::Ties::default(),
    };
    let shifts = shifts.map(|shifts| shifts.iter().map(|(site, shift)| (*site, name(shift))).collect());
    let sites = WantedSites { ids: ids.map(<[SiteId]>::to_vec), shifts };
    let change = contact::edit(&by(&manager()), facts, EditContact { sites, ..EditContact::default() })?.contact;
    Ok(change.after().sites.clone())
}

#[test]
fn a_contact_works_at_sites_and_there_in_shifts_o_5() {
    let nowhere = Sites::new();
    let sites = at(&[(PLANT, &["Night"]), (OFFICE, &[])]);
    // Shifts are named as the site spells them, whatever the case.
    assert_eq!(sent(&nowhere, Some(&[OFFICE, PLANT, PLANT]), Some(&[(PLANT, "night")])), Ok(sites.clone()));
    // What is absent stays: sites that stay keep their shifts, and shifts are changed for the sites that are there.
    assert_eq!(sent(&sites, None, None), Ok(sites.clone()));
    assert_eq!(sent(&sites, Some(&[PLANT]), None), Ok(at(&[(PLANT, &["Night"])])));
    assert_eq!(sent(&sites, Some(&[OFFICE]), None), Ok(at(&[(OFFICE, &[])])));
    assert_eq!(sent(&sites, None, Some(&[(PLANT, "day")])), Ok(at(&[(PLANT, &["day"]), (OFFICE, &[])])));
    assert_eq!(sent(&sites, None, Some(&[])), Ok(at(&[(PLANT, &[]), (OFFICE, &[])])));
    assert_eq!(sent(&sites, Some(&[]), None), Ok(nowhere));
    assert_eq!(WantedSites::from(sites).ids, Some(vec![PLANT, OFFICE]));
}

#[test]
fn sites_and_shifts_that_are_not_the_organizations_are_refused_alike_o_5_x_3() {
    let refused = |ids: Option<&[SiteId]>, shifts: Option<&[(SiteId, &str)]>| {
        let refusal = sent(&at(&[(OFFICE, &[])]), ids, shifts).unwrap_err();
        assert_eq!(refusal.code, Code::SiteNotAllowed);
        let [Extra::Flaws(flaws)] = refusal.extras.as_slice() else { panic!("{refusal:?}") };
        assert!(flaws.iter().all(|(_, flaw)| flaw.code == "site_not_allowed"));
        flaws.iter().map(|(place, _)| place.clone()).collect::<Vec<_>>()
    };
    assert_eq!(refused(Some(&[PLANT, FOREIGN]), None), ["#/site_ids/1"]);
    assert_eq!(refused(Some(&[BARN]), None), ["#/site_ids/0"]);
    assert_eq!(refused(Some(&[PLANT]), Some(&[(PLANT, "day"), (PLANT, "evening")])), ["#/site_shifts/1"]);
    assert_eq!(refused(Some(&[OFFICE]), Some(&[(OFFICE, "day")])), ["#/site_shifts/0"]);
    // A shift of a site at which they do not work, or that is nobody's.
    assert_eq!(refused(None, Some(&[(PLANT, "day")])), ["#/site_shifts/0"]);
    assert_eq!(refused(Some(&[PLANT]), Some(&[(FOREIGN, "day")])), ["#/site_shifts/0"]);
    // All of them at once.
    let all = refused(Some(&[FOREIGN, PLANT, BARN]), Some(&[(PLANT, "evening"), (PLANT, "day"), (FOREIGN, "day")]));
    assert_eq!(all, ["#/site_ids/0", "#/site_ids/2", "#/site_shifts/0", "#/site_shifts/2"]);
}

#[test]
fn what_was_archived_or_lost_meanwhile_may_stay_where_it_stands_o_5() {
    let before = at(&[(BARN, &["milking"]), (PLANT, &["evening"])]);
    assert_eq!(sent(&before, Some(&[BARN, PLANT, OFFICE]), None).unwrap().len(), 3);
    assert_eq!(sent(&before, Some(&[BARN]), Some(&[(BARN, "milking")])), Ok(at(&[(BARN, &["milking"])])));
    assert_eq!(sent(&before, None, Some(&[(PLANT, "evening"), (BARN, "milking")])), Ok(before.clone()));
    assert_eq!(sent(&before, None, Some(&[(BARN, "shearing")])).unwrap_err().code, Code::SiteNotAllowed);
    // Once gone, it does not come back.
    let elsewhere = sent(&before, Some(&[PLANT]), Some(&[])).unwrap();
    assert_eq!(sent(&elsewhere, Some(&[BARN, PLANT]), None).unwrap_err().code, Code::SiteNotAllowed);
    assert_eq!(sent(&elsewhere, None, Some(&[(PLANT, "evening")])).unwrap_err().code, Code::SiteNotAllowed);
    // What storage calls in use by mistake is not.
    let archived = Site { archived_at: Some(YESTERDAY), ..site_with(3, "Barn", &[]) };
    let facts = EditFacts {
        actor: manager().actor(),
        standing: standing(&manager()),
        contact: Some(designated()),
        others: BACKED,
        sites: vec![archived],
        review: None,
        owners: crate::world::acme(),
        ties: mandate_core::contact_ties::Ties::default(),
    };
    let sites = WantedSites { ids: Some(vec![BARN]), shifts: None };
    let refused = contact::edit(&by(&manager()), facts, EditContact { sites, ..EditContact::default() });
    assert_eq!(refused.unwrap_err().code, Code::SiteNotAllowed);
}

#[test]
fn the_journal_tells_where_somebody_works_o_5_x_2() {
    let facts = EditFacts {
        actor: manager().actor(),
        standing: standing(&manager()),
        contact: Some(Contact { sites: at(&[(OFFICE, &[])]), ..designated() }),
        others: BACKED,
        sites: in_use(),
        review: None,
        owners: crate::world::acme(),
        ties: mandate_core::contact_ties::Ties::default(),
    };
    let sites = WantedSites { ids: Some(vec![PLANT]), shifts: Some(vec![(PLANT, name("day"))]) };
    let change =
        contact::edit(&by(&manager()), facts, EditContact { sites, ..EditContact::default() }).unwrap().contact;
    let line = format!("sites: {OFFICE} -> {PLANT} / day");
    assert_eq!(written(&change), ["contact.updated in org_1 by contact_2 for org_1", &line]);
}
