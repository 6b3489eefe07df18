//! Who gives `service_admin` and `full_admin`, or lets somebody have one of them who had less (G-5, C-10).

use mandate_core::access::Standing;
use mandate_core::grant_request::{self, ApproveFacts, ApproveGrantRequest, RequestFacts};
use mandate_core::partner_grant::{
    Candidate, CreateFacts, CreateGrant, EditGrant, GrantFacts, PartnerGrant, Surroundings, create, edit, revoke,
};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::request_access::HistoryScope;
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{GrantStatus, History, Level, PersonStatus, Vocabulary as _};

use crate::grant_request::asked;
use crate::ladder::refusal;
use crate::world::{
    CUSTOMER, NOW, PARTNER, Person as _, TOMORROW, YESTERDAY, all_of, by, ended, grant, guardian, id, levels, manager,
    one, organization, partner_designated, partner_reader, standing,
};

/// Two levels that decide over others, said once more.
fn administers(level: Level) -> bool {
    matches!(level.name(), "service_admin" | "full_admin")
}

/// What a decision answers to the guardian, and to the manager who is no primary support contact.
fn both(decide: impl Fn(Standing) -> Result<(), Refusal>) -> [Result<(), Code>; 2] {
    let [by_guardian, by_manager] = [standing(&guardian()), standing(&manager())].map(decide);
    if let Err(refusal) = &by_manager
        && refusal.code == Code::PrimarySupportContactRequired
    {
        let needed = Extra::Required(Requirement::PrimarySupport);
        assert_eq!(refusal.extras, [needed, Extra::AskContactManagersOf(CUSTOMER)]);
    }
    [by_guardian.map_err(|refusal| refusal.code), by_manager.map_err(|refusal| refusal.code)]
}

/// Allowed to the guardian, and to the manager unless it takes a primary support contact.
fn answers(takes_primary: bool) -> [Result<(), Code>; 2] {
    [Ok(()), if takes_primary { Err(Code::PrimarySupportContactRequired) } else { Ok(()) }]
}

fn single() -> Candidate {
    Candidate::Contact(Box::new(partner_designated()), organization(PARTNER))
}

fn managing(standing: Standing, grant: PartnerGrant) -> GrantFacts {
    GrantFacts { actor: guardian().actor(), standing, grant: Some(grant) }
}

fn edited(
    standing: Standing,
    before: PartnerGrant,
    around: Option<PartnerGrant>,
    wanted: EditGrant,
) -> Result<(), Refusal> {
    let around = Surroundings { around: around.into_iter().collect(), ..Surroundings::default() };
    let wanted = EditGrant { acknowledged: true, ..wanted };
    edit(&by(&guardian()), managing(standing, before), around, wanted).map(drop)
}

#[test]
fn making_and_approving_an_administrators_grant_takes_a_primary_support_contact_g_5_c_10() {
    for level in levels() {
        for grantee in [single(), Candidate::Organization(organization(PARTNER))] {
            let made = both(|standing| {
                let facts = CreateFacts {
                    standing,
                    grantor: Some(organization(CUSTOMER)),
                    grantee: Some(grantee.clone()),
                    current: None,
                    hanging: Default::default(),
                };
                let (history, expires_at) = (History::All, Some(TOMORROW));
                let wanted = CreateGrant { id: id(7), level, history, expires_at, note: None, acknowledged: true };
                create(&by(&guardian()), facts, wanted).map(drop)
            });
            assert_eq!(made, answers(administers(level)), "{level:?}");
        }
        for current in [None, Some(grant(4, all_of(PARTNER), Level::Cc))] {
            let approved = both(|standing| approving(standing, Some(partner_designated()), level, current.clone()));
            assert_eq!(approved, answers(administers(level)), "{level:?}");
        }
    }
}

/// Somebody approves what the partner's contact asked for.
fn approving(
    standing: Standing,
    asker: Option<mandate_core::contact::Contact>,
    level: Level,
    current: Option<PartnerGrant>,
) -> Result<(), Refusal> {
    let request = RequestFacts { actor: guardian().actor(), standing, request: Some(asked(all_of(PARTNER))) };
    let facts = ApproveFacts {
        request,
        grantor: Some(organization(CUSTOMER)),
        grantee: Some(Candidate::Organization(organization(PARTNER))),
        current,
        around: Surroundings::default(),
        asker: asker.map(|asker| asker.actor()),
    };
    let command = ApproveGrantRequest {
        grant: id(7),
        level: Some(level),
        history: None,
        expires_at: None,
        acknowledged: true,
        expected_version: None,
    };
    grant_request::approve(&by(&guardian()), facts, command).map(drop)
}

#[test]
fn who_may_not_ask_any_more_is_not_approved_any_more_x_1_c_15_g_9() {
    let answer = |asker| approving(standing(&guardian()), asker, Level::View, None);
    assert_eq!(answer(Some(partner_designated())), Ok(()));
    let with_status = |status| mandate_core::contact::Contact { status, ..partner_designated() };
    let elsewhere =
        mandate_core::contact::Contact { organization: crate::world::SECOND_PARTNER, ..partner_designated() };
    for (who, asker) in [
        ("demoted", Some(partner_reader())),
        ("disabled", Some(with_status(PersonStatus::Disabled))),
        ("gone to another organization", Some(with_status(PersonStatus::Transferred))),
        ("at another partner", Some(elsewhere)),
        ("nobody", None),
    ] {
        let refused = refusal(answer(asker));
        assert_eq!(refused.code, Code::InvalidTransition, "{who}");
        assert_eq!(refused.extras, [Extra::CurrentStatus("open")], "{who}");
    }
}

#[test]
fn raising_to_an_administrators_grant_takes_a_primary_support_contact_and_lowering_does_not_g_5() {
    let mut compared = 0;
    for from in levels() {
        for to in levels() {
            for grantee in [all_of(PARTNER), one(&partner_designated())] {
                let wanted = EditGrant { level: Some(to), ..EditGrant::default() };
                let answer = both(|standing| edited(standing, grant(4, grantee.clone(), from), None, wanted.clone()));
                assert_eq!(answer, answers(to > from && administers(to)), "{from:?} to {to:?}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 6 * 6 * 2);
}

#[test]
fn extending_and_widening_an_administrators_grant_takes_a_primary_support_contact_g_5_g_16() {
    let later = TOMORROW.plus(Span::days(1));
    let ends = [None, Some(TOMORROW), Some(later)];
    // The order of ends, said once more: none is the latest.
    let is_later = |end: Option<Timestamp>, than: Option<Timestamp>| match (end, than) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(end), Some(than)) => end > than,
    };
    for level in levels() {
        let before = |expires_at| PartnerGrant { expires_at, ..grant(4, all_of(PARTNER), level) };
        for from in ends {
            for to in ends {
                let wanted = EditGrant { expires_at: Some(to), ..EditGrant::default() };
                let answer = both(|standing| edited(standing, before(from), None, wanted.clone()));
                assert_eq!(answer, answers(administers(level) && is_later(to, from)), "{level:?} {from:?} to {to:?}");
            }
        }
        for from in History::ALL.iter().copied() {
            for to in History::ALL.iter().copied() {
                let scope = HistoryScope { history: from, since: YESTERDAY };
                let narrow = PartnerGrant { scope, ..before(None) };
                let wanted = EditGrant { history: Some(to), ..EditGrant::default() };
                let answer = both(|standing| edited(standing, narrow.clone(), None, wanted.clone()));
                let reaches = |history: History| match history {
                    History::New => 1,
                    History::Open => 2,
                    History::All => 3,
                };
                let is_more = reaches(to) > reaches(from);
                assert_eq!(answer, answers(administers(level) && is_more), "{level:?} {from:?} to {to:?}");
            }
        }
    }
}

#[test]
fn taking_away_what_keeps_somebody_from_an_administrators_grant_takes_a_primary_support_contact_g_2_g_5() {
    let mut compared = 0;
    let hidden = || Level::ALL.iter().copied();
    for own in hidden() {
        for wide in levels() {
            let around = grant(5, all_of(PARTNER), wide);
            let mine = || PartnerGrant { expires_at: Some(TOMORROW), ..grant(4, one(&partner_designated()), own) };
            let over = ended(GrantStatus::Revoked, around.clone());
            let expired = PartnerGrant { expires_at: Some(NOW), ..around.clone() };
            for (around, is_live) in [(Some(around), true), (Some(over), false), (Some(expired), false), (None, false)]
            {
                let takes_primary = is_live && administers(wide) && wide > own;
                let revoked = both(|standing| {
                    let around = Surroundings { around: around.iter().cloned().collect(), ..Surroundings::default() };
                    revoke(&by(&guardian()), managing(standing, mine()), around, None, None).map(drop)
                });
                assert_eq!(revoked, answers(takes_primary), "{own:?} {wide:?} {is_live}");
                let sooner = EditGrant { expires_at: Some(Some(NOW.plus(Span::seconds(2)))), ..EditGrant::default() };
                let shortened = both(|standing| edited(standing, mine(), around.clone(), sooner.clone()));
                assert_eq!(shortened, answers(takes_primary), "{own:?} {wide:?} {is_live}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 7 * 6 * 4);
    // Also where the levels are the same, but the wide one reaches more requests.
    let scope = HistoryScope { history: History::New, since: YESTERDAY };
    let narrow = || PartnerGrant { scope, ..grant(4, one(&partner_designated()), Level::FullAdmin) };
    let around = Surroundings { around: vec![grant(5, all_of(PARTNER), Level::FullAdmin)], ..Surroundings::default() };
    let revoked =
        both(|standing| revoke(&by(&guardian()), managing(standing, narrow()), around.clone(), None, None).map(drop));
    assert_eq!(revoked, answers(true));
}
