//! What becomes of a grant to one person when they are disabled or go elsewhere: ending takes away, it never gives (G-12, G-13).

use mandate_core::change::Change;
use mandate_core::contact::{Contact, CreateFacts, create};
use mandate_core::contact_state::{EnableFacts, StateFacts, disable, enable};
use mandate_core::grant_rest::Individual;
use mandate_core::partner_grant::PartnerGrant;
use mandate_core::request_access::HistoryScope;
use mandate_core::vocabulary::{GrantStatus, History, Level, PersonStatus, Vocabulary as _};

use crate::contact::{facts, new_contact};
use crate::contact_state::{disabling, enabling};
use crate::ladder::written;
use crate::world::{
    CUSTOMER, NOW, PARTNER, Person as _, SECOND_PARTNER, YESTERDAY, by, grant, held, id, individual, levels, one,
    organization, owners, partner_designated, partner_guardian, standing, welcome_ids,
};

/// What somebody would have without the grant: nothing, or each level.
fn withouts() -> impl Iterator<Item = Option<Level>> {
    [None].into_iter().chain(levels().map(Some))
}

/// The partner's designated contact holds a grant at this level, and is disabled.
fn after_disabling(level: Level, without: Option<Level>) -> Change<PartnerGrant> {
    let mut world = disabling(&partner_guardian(), partner_designated());
    world.facts.ties.grants = vec![individual(grant(5, one(&partner_designated()), level), without)];
    let done = disable(&by(&partner_guardian()), world.facts, world.command).unwrap();
    assert_eq!(done.effects.grants.is_empty(), done.untied.grants[0].after().ending.is_none());
    done.untied.grants.into_iter().next().unwrap()
}

#[test]
fn a_grant_that_takes_away_rests_while_its_holder_is_disabled_and_another_one_ends_g_12_g_13() {
    for level in Level::ALL.iter().copied() {
        for without in withouts() {
            let change = after_disabling(level, without);
            let takes_away = level == Level::None || without.is_some_and(|without| without > level);
            let (status, event) =
                if takes_away { (GrantStatus::Live, "rested") } else { (GrantStatus::Ended, "ended") };
            assert_eq!(change.after().status(NOW), status, "{level:?} {without:?}");
            let line = format!("partner_grant.{event} in org_1 by contact_5 for org_2");
            assert_eq!(written(&change)[0], line, "{level:?} {without:?}");
            // What rests keeps what it is: whoever is enabled again finds it as it was.
            assert!(!takes_away || change.after().level == level);
        }
    }
}

#[test]
fn a_grant_that_reaches_fewer_requests_rests_for_these_at_the_level_that_all_have_g_12_g_16() {
    let new = HistoryScope { history: History::New, since: YESTERDAY };
    for level in levels() {
        for without in levels() {
            let grant = PartnerGrant { scope: new, ..grant(5, one(&partner_designated()), level) };
            let mut world = disabling(&partner_guardian(), partner_designated());
            world.facts.ties.grants = vec![individual(grant, Some(without))];
            let done = disable(&by(&partner_guardian()), world.facts, world.command).unwrap();
            let after = done.untied.grants[0].after();
            if without > level || without >= Level::View {
                let expected = (GrantStatus::Live, level.min(without), new);
                assert_eq!((after.status(NOW), after.level, after.scope), expected, "{level:?} {without:?}");
            } else {
                // At `cc` nobody reads what they take no part in, so that it hides nothing.
                assert_eq!(after.status(NOW), GrantStatus::Ended, "{level:?} {without:?}");
            }
        }
    }
}

/// Whoever becomes another record at the second partner holds this grant of the customer.
fn former(level: Level, without: Option<Level>, there: Option<Level>) -> Individual {
    Individual {
        grant: grant(5, one(&partner_designated()), level),
        without: without.map(held),
        there: there.map(held),
    }
}

fn at_second_partner(former: Individual) -> Change<PartnerGrant> {
    let standing = mandate_core::access::Standing::of(&second().actor(), SECOND_PARTNER, None);
    let facts =
        CreateFacts { organization: Some(organization(SECOND_PARTNER)), former: vec![former], ..facts(standing) };
    create(&by(&second()), facts, new_contact()).unwrap().grants.remove(0)
}

/// The second partner's contact manager.
fn second() -> Contact {
    Contact { id: id(33), organization: SECOND_PARTNER, ..partner_guardian() }
}

#[test]
fn a_grant_that_takes_away_applies_to_the_record_that_its_holder_becomes_g_12_c_14() {
    let mut compared = 0;
    for level in Level::ALL.iter().copied() {
        for without in withouts() {
            for there in withouts() {
                let change = at_second_partner(former(level, without, there));
                let (after, what) = (change.after(), format!("{level:?} {without:?} {there:?}"));
                let is_more = |other: Option<Level>| other.is_some_and(|other| other > level);
                if level != Level::None && !is_more(without) && !is_more(there) {
                    assert_eq!((after.status(NOW), after.level), (GrantStatus::Ended, level), "{what}");
                } else {
                    // Where all of the new organization have less, it shuts them out instead of letting them in.
                    let expected = if is_more(there) { level } else { Level::None };
                    assert_eq!((after.status(NOW), after.level), (GrantStatus::Live, expected), "{what}");
                    assert_eq!(after.grantee, one(&Contact { organization: SECOND_PARTNER, ..newcomer() }), "{what}");
                    assert_eq!((after.id, after.grantor.id), (id(5), CUSTOMER), "{what}");
                }
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 7 * 7 * 7);
}

/// Whoever is created by [`new_contact`], as others see them.
fn newcomer() -> Contact {
    let profile = crate::contact::settled(new_contact().profile);
    Contact { id: new_contact().id, profile, ..partner_designated() }
}

#[test]
fn what_shuts_somebody_out_waits_while_they_are_a_contact_of_the_grantor_itself_g_5_g_8_g_12() {
    let facts =
        CreateFacts { former: vec![former(Level::None, None, None)], ..facts(standing(&crate::world::guardian())) };
    let created = create(&by(&crate::world::guardian()), facts, new_contact()).unwrap();
    assert!(created.grants.is_empty(), "{:?}", created.grants);
}

#[test]
fn who_is_enabled_under_an_address_that_was_shut_out_elsewhere_stays_shut_out_g_12_c_13() {
    let disabled = Contact { status: PersonStatus::Disabled, ..partner_designated() };
    let standing = mandate_core::access::Standing::of(&partner_guardian().actor(), PARTNER, None);
    let state = StateFacts { actor: partner_guardian().actor(), standing, contact: Some(disabled) };
    let elsewhere = Contact { id: id(40), organization: SECOND_PARTNER, ..partner_designated() };
    let former = individual(grant(5, one(&elsewhere), Level::None), None);
    let facts = EnableFacts { former: vec![former], owners: owners(&[]), ..enabling(state) };
    let mut enabled = enable(&by(&partner_guardian()), facts, None, welcome_ids()).unwrap();
    let grant = enabled.grants.remove(0);
    assert_eq!((grant.after().level, grant.after().status(NOW)), (Level::None, GrantStatus::Live));
    assert_eq!(grant.after().grantee, one(&partner_designated()));
}
