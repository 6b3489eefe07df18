//! What a grant would expose, before it is made (G-17).

use mandate_core::access::HeldLevel;
use mandate_core::actor::Actor;
use mandate_core::grant_preview::{Group, Preview, approve, create};
use mandate_core::grant_request::{ApproveFacts, ApproveGrantRequest, GrantRequest, NamedGrantor, RequestFacts};
use mandate_core::id::GrantId;
use mandate_core::partner_grant::{Candidate, CreateFacts, CreateGrant, Ending, PartnerGrant};
use mandate_core::refusal::{Code, Refusal};
use mandate_core::request_access::HistoryScope;
use mandate_core::text::Domain;
use mandate_core::vocabulary::{GrantStatus, History, Level, StaffRole};

use crate::ladder::code;
use crate::world::{
    CUSTOMER, GRANT, NOW, PARTNER, Person as _, TOMORROW, YESTERDAY, all_of, by, designated, grant, guardian, id,
    manager, one, organization, partner_designated, partner_guardian, reference, staff, standing,
};

const NEW: GrantId = GrantId::from_u128(9);

fn whole() -> Candidate {
    Candidate::Organization(organization(PARTNER))
}

fn single() -> Candidate {
    Candidate::Contact(Box::new(partner_designated()), organization(PARTNER))
}

fn facts(grantee: Candidate) -> CreateFacts {
    let grantor = Some(organization(CUSTOMER));
    CreateFacts {
        standing: standing(&guardian()),
        grantor,
        grantee: Some(grantee),
        current: None,
        hanging: Default::default(),
    }
}

fn wanted(level: Level) -> CreateGrant {
    let (history, expires_at) = (History::All, Some(TOMORROW));
    CreateGrant { id: NEW, level, history, expires_at, note: None, acknowledged: false }
}

fn preview(grantee: Candidate, around: Option<PartnerGrant>, level: Level) -> Result<Preview, Refusal> {
    create(&by(&manager()), facts(grantee), around, wanted(level))
}

fn new(level: Level) -> HeldLevel {
    HeldLevel { level, grant: NEW, scope: HistoryScope { history: History::All, since: NOW } }
}

fn shift(preview: &Preview) -> (Option<HeldLevel>, Option<HeldLevel>) {
    let shift = preview.shift.as_ref().unwrap();
    assert_eq!((shift.grantor(), shift.group()), (CUSTOMER, &preview.group));
    assert_eq!((shift.reversed().before(), shift.reversed().after()), (shift.after(), shift.before()));
    (shift.before(), shift.after())
}

#[test]
fn a_preview_says_what_would_have_to_be_acknowledged_g_17_g_7() {
    for (grantee, level, is_asked) in
        [(whole(), Level::View, true), (whole(), Level::Cc, false), (single(), Level::FullAdmin, false)]
    {
        let preview = preview(grantee, None, level).unwrap();
        assert_eq!(preview.acknowledgement.is_some(), is_asked, "{level:?}");
        assert_eq!((preview.grant.level, preview.grant.id), (level, NEW));
    }
    let acknowledgement = preview(whole(), None, Level::View).unwrap().acknowledgement.unwrap();
    assert!(acknowledgement.to_string().contains("visible to every contact of `Bridge`"), "{acknowledgement}");
    // Also where it is acknowledged already.
    let knowing = CreateGrant { acknowledged: true, ..wanted(Level::View) };
    let preview = create(&by(&manager()), facts(whole()), None, knowing).unwrap();
    assert_eq!(preview.acknowledgement, Some(acknowledgement));
}

#[test]
fn a_preview_refuses_what_making_the_grant_would_refuse_g_17() {
    let refused = |facts: CreateFacts, wanted: CreateGrant| code(create(&by(&manager()), facts, None, wanted));
    let nobody = CreateFacts { grantor: None, ..facts(whole()) };
    assert_eq!(refused(nobody, wanted(Level::View)), Code::NotFound);
    let designated = CreateFacts { standing: standing(&designated()), ..facts(whole()) };
    assert_eq!(refused(designated, wanted(Level::View)), Code::PermissionRequired);
    assert_eq!(
        refused(facts(Candidate::Organization(organization(CUSTOMER))), wanted(Level::View)),
        Code::GranteeNotAllowed
    );
    assert_eq!(refused(facts(whole()), wanted(Level::None)), Code::LevelNotAllowed);
    let past = CreateGrant { expires_at: Some(NOW), ..wanted(Level::View) };
    assert_eq!(refused(facts(whole()), past), Code::ExpiryInPast);
    // What is wrong behind the acknowledgement is told as well.
    let existing = CreateFacts { current: Some(grant(1, all_of(PARTNER), Level::Cc)), ..facts(whole()) };
    assert_eq!(refused(existing, wanted(Level::View)), Code::GrantExists);
}

#[test]
fn what_decides_now_is_what_g_2_says_g_17_g_2_g_13() {
    let wide = || grant(1, all_of(PARTNER), Level::Create);
    let of_wide = Some(wide().held());
    let revoked = Ending { at: YESTERDAY, status: GrantStatus::Revoked, by: None, reason: None };
    let pedro = Group::Person(reference(&partner_designated()));
    for (grantee, around, level, expected, before) in [
        (whole(), None, Level::View, (None, Some(new(Level::View))), None),
        // Nobody's grant is around an organization's.
        (whole(), Some(wide()), Level::View, (None, Some(new(Level::View))), None),
        (single(), None, Level::View, (None, Some(new(Level::View))), None),
        (single(), Some(wide()), Level::View, (of_wide, Some(new(Level::View))), Some(Level::Create)),
        (single(), Some(wide()), Level::None, (of_wide, None), Some(Level::Create)),
        (
            single(),
            Some(PartnerGrant { expires_at: Some(NOW), ..wide() }),
            Level::View,
            (None, Some(new(Level::View))),
            None,
        ),
        (
            single(),
            Some(PartnerGrant { ending: Some(revoked), ..wide() }),
            Level::Cc,
            (None, Some(new(Level::Cc))),
            None,
        ),
    ] {
        let preview = preview(grantee.clone(), around.clone(), level).unwrap();
        assert_eq!((shift(&preview), preview.level_before), (expected, before), "{around:?} {level:?}");
        let is_whole = matches!(grantee, Candidate::Organization(_));
        assert_eq!(preview.group, if is_whole { Group::Organization(PARTNER) } else { pedro.clone() });
    }
}

/// Staff who see everything by their role see no more by a grant (S-13).
#[test]
fn staff_who_see_everything_gain_nothing_g_17_s_13() {
    for (role, gains) in [(StaffRole::Consultant, true), (StaffRole::Agent, false), (StaffRole::DutyManager, false)] {
        let preview = preview(Candidate::Staff(Box::new(staff(role))), None, Level::View).unwrap();
        assert_eq!(preview.shift.is_some(), gains, "{role:?}");
    }
}

fn asked(grant: PartnerGrant) -> ApproveFacts {
    let request = GrantRequest {
        id: id(1),
        named: NamedGrantor::Domain(Domain::parse("acme.example").unwrap()),
        grantor: Some(organization(CUSTOMER).reference()),
        grantee: one(&partner_designated()),
        level: Level::Update,
        expires_at: None,
        message: None,
        renews: None,
        decision: None,
        created_at: YESTERDAY,
        created_by: reference(&partner_designated()),
        updated_at: YESTERDAY,
        version: 1,
    };
    let (actor, standing): (Actor, _) = (manager().actor(), standing(&manager()));
    ApproveFacts {
        request: RequestFacts { actor, standing, request: Some(request) },
        grantor: Some(organization(CUSTOMER)),
        grantee: Some(single()),
        current: Some(grant),
        around: Default::default(),
        asker: Some(partner_designated().actor()),
    }
}

fn approval() -> ApproveGrantRequest {
    ApproveGrantRequest {
        grant: NEW,
        level: None,
        history: None,
        expires_at: None,
        acknowledged: false,
        expected_version: None,
    }
}

#[test]
fn an_approval_is_previewed_with_the_grant_that_it_would_change_g_17_g_6() {
    let held = |level| grant(1, one(&partner_designated()), level);
    let around = || Some(grant(2, all_of(PARTNER), Level::Create));
    let preview = approve(&by(&manager()), asked(held(Level::View)), around(), approval()).unwrap();
    let after = HeldLevel { level: Level::Update, ..held(Level::View).held() };
    assert_eq!((preview.grant.id, shift(&preview)), (GRANT, (Some(held(Level::View).held()), Some(after))));
    // Whom `none` shuts out now sees nothing now, whatever their organization holds.
    let preview = approve(&by(&manager()), asked(held(Level::None)), around(), approval()).unwrap();
    assert_eq!((shift(&preview), preview.level_before), ((None, Some(after)), Some(Level::None)));
    // One that is over does not count any more.
    let over = PartnerGrant { expires_at: Some(NOW), ..held(Level::None) };
    let preview = approve(&by(&manager()), asked(over), around(), approval()).unwrap();
    assert_eq!((preview.grant.id, shift(&preview).0), (NEW, around().map(|grant| grant.held())));
    let mut partner = asked(held(Level::View));
    partner.request.actor = partner_guardian().actor();
    assert_eq!(code(approve(&by(&partner_guardian()), partner, None, approval())), Code::PermissionRequired);
    let stale = ApproveGrantRequest { expected_version: Some(4), ..approval() };
    assert_eq!(code(approve(&by(&manager()), asked(held(Level::View)), None, stale)), Code::VersionMismatch);
}
