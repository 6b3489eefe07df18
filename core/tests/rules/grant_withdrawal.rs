//! What ends with a grant, or with what it gave (S-7, C-15, G-4, G-6).

use mandate_core::actor::PersonRef;
use mandate_core::grant_withdrawal::{Hanging, Withdrawal, expire};
use mandate_core::handover::HandoverNotice;
use mandate_core::id::{GrantId, PersonId};
use mandate_core::participant::Participant;
use mandate_core::partner_grant::{
    Candidate, CreateFacts, CreateGrant, EditGrant, GrantFacts, PartnerGrant, Surroundings, create, edit, revoke,
};
use mandate_core::request_access::Admission;
use mandate_core::service_request::ServiceRequest;
use mandate_core::vocabulary::{Category, History, Involvement, Level};

use crate::ladder::written;
use crate::world::{
    ADMITTED, CUSTOMER, GRANT, NOW, PARTNER, Person, TOMORROW, YESTERDAY, all_of, by, by_the_server, designated, grant,
    guardian, id, manager, one, organization, orphan, partner_designated, partner_guardian, reference, request,
    standing,
};

use Involvement::{Cc, Secondary};

/// The partner's designated contact takes part in a request of this number.
fn part(number: u128, role: Involvement, added_by: PersonRef, behind: Option<GrantId>) -> Participant {
    Participant {
        request: id(number),
        organization: CUSTOMER,
        person: reference(&partner_designated()),
        role: Some(role),
        grant: behind,
        added_at: YESTERDAY,
        added_by,
        version: 1,
    }
}

/// The partner's designated contact leads a request of this number.
fn led(number: u128, admission: Admission) -> ServiceRequest {
    let point_of_contact = Some(reference(&partner_designated()));
    ServiceRequest { id: id(number), point_of_contact, admission: Some(admission), ..request() }
}

/// What hangs on a grant: made by the customer's manager (1, 2 and 5) or by the partner's guardian (3, 4 and 6).
fn hanging() -> Hanging {
    let (own, theirs) = (reference(&manager()), reference(&partner_guardian()));
    let parts = [
        part(1, Cc, own.clone(), Some(GRANT)),
        part(2, Secondary, own, Some(GRANT)),
        part(3, Cc, theirs.clone(), Some(GRANT)),
        part(4, Secondary, theirs, Some(GRANT)),
    ];
    let leads = [led(5, ADMITTED), led(6, Admission { by: PARTNER, ..ADMITTED })];
    let actor = || partner_designated().actor();
    Hanging {
        leads: leads.map(|request| (orphan(request, Some(&designated()), &[guardian()]), actor())).into(),
        parts: parts.map(|part| (part.clone(), ServiceRequest { id: part.request, ..request() }, actor())).into(),
    }
}

/// The numbers of the requests in which something ended.
fn ended(withdrawal: &Withdrawal) -> Vec<u128> {
    let parts = withdrawal.participations.iter().map(|change| change.after());
    let parts = parts.inspect(|part| assert_eq!(part.role, None)).map(|part| part.request.as_u128());
    let leads = withdrawal.handed_over.requests.iter().map(|change| change.after().id.as_u128());
    parts.chain(leads).collect()
}

fn managing(grant: PartnerGrant) -> GrantFacts {
    GrantFacts { actor: guardian().actor(), standing: standing(&guardian()), grant: Some(grant) }
}

fn around(hanging: Hanging) -> Surroundings {
    Surroundings { around: Vec::new(), hanging }
}

fn edited(before: PartnerGrant, wanted: EditGrant, hanging: Hanging) -> Withdrawal {
    let wanted = EditGrant { acknowledged: true, ..wanted };
    edit(&by(&guardian()), managing(before), around(hanging), wanted).unwrap().withdrawal
}

#[test]
fn with_a_grant_that_is_revoked_everything_ends_and_the_requests_go_back_s_7_c_15() {
    let over =
        revoke(&by(&guardian()), managing(grant(1, all_of(PARTNER), Level::FullAdmin)), around(hanging()), None, None);
    let withdrawal = over.unwrap().withdrawal;
    assert_eq!(ended(&withdrawal), [1, 2, 3, 4, 5, 6]);
    assert!(
        written(&withdrawal.participations[0])[0]
            .starts_with("service_request.participant_removed in org_1 by contact_1 for org_1")
    );
    // To whoever submitted them, told at once (C-15).
    let heirs: Vec<Option<PersonId>> = withdrawal
        .handed_over
        .requests
        .iter()
        .map(|change| change.after().point_of_contact.as_ref().map(|person| person.id))
        .collect();
    assert_eq!(heirs, [Some(designated().id.into()), Some(designated().id.into())]);
    assert!(withdrawal.handed_over.requests.iter().all(|change| change.after().admission.is_none()));
    let letter = HandoverNotice { to: designated().id.into(), about: GRANT.into(), requests: vec![id(5), id(6)] };
    assert_eq!(withdrawal.handed_over.letters, [letter]);
}

#[test]
fn with_none_everything_ends_and_a_later_raise_revives_nothing_s_7_g_13() {
    let before = || grant(1, one(&partner_designated()), Level::FullAdmin);
    let none = EditGrant { level: Some(Level::None), ..EditGrant::default() };
    assert_eq!(ended(&edited(before(), none, hanging())), [1, 2, 3, 4, 5, 6]);
}

/// S-7: a lower level ends what people who act by the grant made and could not make at it; what the customer's own made stays.
#[test]
fn lowering_ends_what_the_partner_could_not_make_now_s_7() {
    let before = || grant(1, all_of(PARTNER), Level::FullAdmin);
    for (level, expected) in [
        (Level::FullAdmin, &[][..]),
        (Level::ServiceAdmin, &[]),
        (Level::Create, &[]),
        // Who cannot submit cannot be named at submission.
        (Level::Update, &[6]),
        // Who cannot update is no secondary of their own making.
        (Level::View, &[4, 6]),
        // Who cannot read gets no copies.
        (Level::Cc, &[3, 4, 6]),
    ] {
        let wanted = EditGrant { level: Some(level), ..EditGrant::default() };
        assert_eq!(ended(&edited(before(), wanted, hanging())), expected, "{level:?}");
    }
    // Raising ends nothing.
    let raise = EditGrant { level: Some(Level::FullAdmin), ..EditGrant::default() };
    assert!(ended(&edited(grant(1, all_of(PARTNER), Level::Create), raise, hanging())).is_empty());
}

/// S-7: lowering a grant ends leads of closed requests as well, which its end leaves alone because nobody has anything of them.
#[test]
fn a_lower_grant_leads_no_closed_request_s_7_g_16() {
    let before = || grant(1, all_of(PARTNER), Level::FullAdmin);
    let closed = || {
        let mut hanging = hanging();
        hanging.parts.clear();
        hanging.leads.iter_mut().for_each(|(orphan, _)| orphan.request.closed_at = Some(NOW));
        hanging
    };
    let lowered = EditGrant { level: Some(Level::Cc), ..EditGrant::default() };
    assert_eq!(ended(&edited(before(), lowered, closed())), [6]);
    let over = revoke(&by(&guardian()), managing(before()), around(closed()), None, None).unwrap().withdrawal;
    assert!(ended(&over).is_empty());
}

#[test]
fn a_narrower_history_counts_as_lowering_s_7_g_16() {
    let before = || grant(1, all_of(PARTNER), Level::FullAdmin);
    for (history, expected) in [(History::All, &[][..]), (History::Open, &[]), (History::New, &[3, 4, 6])] {
        let wanted = EditGrant { history: Some(history), ..EditGrant::default() };
        assert_eq!(ended(&edited(before(), wanted, hanging())), expected, "{history:?}");
    }
}

#[test]
fn neither_a_confidential_request_nor_an_upgrade_is_one_that_the_partner_could_join_s_7_s_8_s_14() {
    let with = |change: fn(&mut ServiceRequest)| {
        let mut hanging = hanging();
        hanging.parts.iter_mut().for_each(|(_, request, _)| change(request));
        hanging.leads.iter_mut().for_each(|(orphan, _)| change(&mut orphan.request));
        let wanted = EditGrant { level: Some(Level::ServiceAdmin), ..EditGrant::default() };
        ended(&edited(grant(1, all_of(PARTNER), Level::FullAdmin), wanted, hanging))
    };
    assert_eq!(with(|request| request.confidential = true), [3, 4, 6]);
    assert_eq!(with(|request| request.category = Category::Upgrade), [4, 6]);
}

/// G-2: an individual grant takes what the person had by their organization's; G-6: an expired one makes room, and ends what hung on it.
#[test]
fn a_new_grant_that_gives_less_ends_what_hung_on_the_one_that_it_hides_s_7_g_2_g_6() {
    let created = |level, behind: GrantId, current: Option<PartnerGrant>| {
        let mut hanging = hanging();
        hanging.parts.iter_mut().for_each(|(part, _, _)| part.grant = Some(behind));
        hanging.leads.iter_mut().for_each(|(orphan, _)| {
            orphan.request.admission.as_mut().unwrap().grant = behind;
        });
        let facts = CreateFacts {
            standing: standing(&guardian()),
            grantor: Some(organization(CUSTOMER)),
            grantee: Some(Candidate::Contact(Box::new(partner_designated()), organization(PARTNER))),
            current,
            hanging,
        };
        let command =
            CreateGrant { id: id(7), level, history: History::All, expires_at: None, note: None, acknowledged: false };
        ended(&create(&by(&guardian()), facts, command).unwrap().withdrawal)
    };
    let wide: GrantId = id(2);
    assert_eq!(created(Level::None, wide, None), [1, 2, 3, 4, 5, 6]);
    assert_eq!(created(Level::Cc, wide, None), [3, 4, 6]);
    assert_eq!(created(Level::View, wide, None), [4, 6]);
    assert!(created(Level::Create, wide, None).is_empty());
    let over = PartnerGrant { expires_at: Some(NOW), ..grant(4, one(&partner_designated()), Level::View) };
    assert_eq!(created(Level::FullAdmin, id(4), Some(over)), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn what_rests_on_no_grant_any_more_ends_with_any_change_of_it_s_7() {
    let mut hanging = hanging();
    hanging.leads.clear();
    hanging.parts.iter_mut().for_each(|(part, _, _)| part.grant = None);
    let wanted = EditGrant { level: Some(Level::ServiceAdmin), ..EditGrant::default() };
    assert_eq!(ended(&edited(grant(1, all_of(PARTNER), Level::FullAdmin), wanted, hanging)), [1, 2, 3, 4]);
}

#[test]
fn when_its_time_is_over_the_server_ends_what_hangs_on_it_s_7_g_4() {
    let until = |expires_at| PartnerGrant { expires_at, ..grant(1, all_of(PARTNER), Level::FullAdmin) };
    for live in [until(None), until(Some(TOMORROW))] {
        assert!(ended(&expire(&by_the_server(), &live, hanging())).is_empty());
    }
    let withdrawal = expire(&by_the_server(), &until(Some(NOW)), hanging());
    assert_eq!(ended(&withdrawal), [1, 2, 3, 4, 5, 6]);
    let entry = &withdrawal.handed_over.requests[0].entries()[0];
    assert_eq!((entry.actor, entry.authority.acting_for, entry.authority.grant), (None, CUSTOMER, None));
}
