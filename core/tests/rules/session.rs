//! Signing in, and what a token is worth (X-1, C-12, C-15, G-12).

use mandate_core::actor::Actor;
use mandate_core::contact::Contact;
use mandate_core::id::{OrganizationId, SessionId};
use mandate_core::refusal::{Code, Refusal};
use mandate_core::session::{
    CallerFacts, Link, LinkLifetimes, REFRESH_OVERLAP, Refreshed, Session, SignInFacts, authenticate, may_sign_in,
    offer_reset, refresh, sign_in, use_link,
};
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{
    ContactType, LinkPurpose, MailKind, OrganizationStatus, Permission, PersonStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, refusal, trips};
use crate::world::{CUSTOMER, NOW, OTHER_CUSTOMER, Person as _, TOMORROW, YESTERDAY, designated, id, staff};

const LIFETIME: Span = Span::days(30);

fn session() -> Session {
    Session {
        id: id(1),
        person: designated().id.into(),
        generation: 4,
        rotated_at: YESTERDAY,
        created_at: YESTERDAY,
        expires_at: TOMORROW,
        ended_at: None,
    }
}

fn caller() -> CallerFacts {
    CallerFacts { session: session(), actor: designated().actor(), organization_status: OrganizationStatus::Active }
}

#[derive(Debug, Clone)]
struct Calling {
    claimed: OrganizationId,
    facts: Option<CallerFacts>,
}

impl Calling {
    fn facts(&mut self) -> &mut CallerFacts {
        self.facts.as_mut().unwrap()
    }
}

#[test]
fn a_token_is_worth_what_the_database_says_now_x_1_c_15_g_12() {
    let world = Calling { claimed: OTHER_CUSTOMER, facts: None };
    let everything_wrong = |world: &mut Calling| {
        let actor = Actor { status: PersonStatus::Invited, ..designated().actor() };
        let session = Session { expires_at: NOW, ended_at: Some(YESTERDAY), ..session() };
        world.facts = Some(CallerFacts { session, actor, organization_status: OrganizationStatus::Suspended });
    };
    let actor = climb(
        world,
        |world| authenticate(NOW, world.claimed, world.facts),
        [
            trips::<Calling>(Code::Unauthenticated).until(everything_wrong),
            trips(Code::Unauthenticated).until(|world| world.facts().session.ended_at = None),
            trips(Code::Unauthenticated).until(|world| world.facts().session.expires_at = TOMORROW),
            trips(Code::Unauthenticated).until(|world| world.facts().actor.status = PersonStatus::Active),
            trips(Code::Unauthenticated).until(|world| world.facts().organization_status = OrganizationStatus::Active),
            trips(Code::Unauthenticated).until(|world| world.claimed = CUSTOMER),
        ],
    );
    assert_eq!(actor, designated().actor());
}

#[test]
fn each_cause_alone_is_enough_to_refuse_a_token_and_none_is_told_x_1() {
    let refused = |change: fn(&mut CallerFacts)| {
        let mut facts = caller();
        change(&mut facts);
        refusal(authenticate(NOW, CUSTOMER, Some(facts)))
    };
    let unknown = refusal(authenticate(NOW, CUSTOMER, None));
    let causes: [fn(&mut CallerFacts); 7] = [
        |facts| facts.session.ended_at = Some(YESTERDAY),
        |facts| facts.session.expires_at = NOW,
        |facts| facts.actor.status = PersonStatus::Invited,
        |facts| facts.actor.status = PersonStatus::Disabled,
        |facts| facts.actor.status = PersonStatus::Transferred,
        |facts| facts.actor.organization = OTHER_CUSTOMER,
        |facts| facts.organization_status = OrganizationStatus::Suspended,
    ];
    for cause in causes {
        assert_eq!(refused(cause), unknown);
    }
    assert_eq!(unknown.code, Code::Unauthenticated);
}

#[test]
fn permission_and_type_come_from_the_database_whatever_they_were_at_sign_in_x_1() {
    let signed_in = sign_in(NOW, LIFETIME, id(1), right_password(Some(designated()))).unwrap().0;
    let promoted =
        Contact { permission: Permission::ManageContacts, kind: ContactType::PrimarySupport, ..designated() };
    let facts = CallerFacts {
        session: signed_in.session().clone(),
        actor: promoted.actor(),
        organization_status: OrganizationStatus::Active,
    };
    assert_eq!(authenticate(NOW, CUSTOMER, Some(facts)), Ok(promoted.actor()));
}

fn right_password(person: Option<Contact>) -> SignInFacts {
    let person = person.map(|person| (person.actor(), OrganizationStatus::Active));
    SignInFacts { person, password_matches: true }
}

#[test]
fn whoever_may_not_sign_in_hears_the_same_c_12_c_15() {
    let attempt = |facts| sign_in(NOW, LIFETIME, SessionId::from_u128(1), facts).map(drop);
    let unknown = refusal(attempt(right_password(None)));
    let wrong = SignInFacts { password_matches: false, ..right_password(Some(designated())) };
    assert_eq!(refusal(attempt(wrong)), unknown);
    for status in [PersonStatus::Invited, PersonStatus::Disabled, PersonStatus::Transferred] {
        let person = Contact { status, ..designated() };
        assert_eq!(refusal(attempt(right_password(Some(person)))), unknown);
    }
    let suspended =
        SignInFacts { person: Some((designated().actor(), OrganizationStatus::Suspended)), ..right_password(None) };
    assert_eq!(refusal(attempt(suspended)), unknown);
    assert_eq!(unknown.code, Code::InvalidCredentials);
}

#[test]
fn a_session_begins_with_the_right_password() {
    let (signed_in, actor) = sign_in(NOW, LIFETIME, id(1), right_password(Some(designated()))).unwrap();
    let expected =
        Session { generation: 0, rotated_at: NOW, created_at: NOW, expires_at: NOW.plus(LIFETIME), ..session() };
    assert_eq!((signed_in.session(), actor), (&expected, designated().actor()));
    let last = NOW.plus(LIFETIME).minus(Span::seconds(1));
    assert_eq!((expected.is_live(last), expected.is_live(NOW.plus(LIFETIME))), (true, false));
}

fn refreshed(now: Timestamp, generation: i64, facts: CallerFacts) -> Result<Refreshed, Refusal> {
    refresh(now, LIFETIME, generation, Some(facts)).map(|(refreshed, _)| refreshed)
}

#[test]
fn a_refresh_token_is_good_once_and_an_old_one_ends_the_session_x_1() {
    let rotated = Session { generation: 5, rotated_at: NOW, expires_at: NOW.plus(LIFETIME), ..session() };
    assert_eq!(refreshed(NOW, 4, caller()), Ok(Refreshed::Rotated(rotated.clone())));
    // Two refreshes at the same moment agree; later, the older token is a copy in somebody else's hands.
    let facts = || CallerFacts { session: rotated.clone(), ..caller() };
    let overlap = NOW.plus(REFRESH_OVERLAP);
    assert_eq!(refreshed(overlap, 4, facts()), Ok(Refreshed::Repeated(rotated.clone())));
    let late = overlap.plus(Span::seconds(1));
    let ended = Session { ended_at: Some(late), ..rotated.clone() };
    assert_eq!(refreshed(late, 4, facts()), Ok(Refreshed::Ended(ended.clone())));
    for generation in [3, 0, 6] {
        let answer = refreshed(NOW, generation, facts()).unwrap();
        let Refreshed::Ended(ended) = answer else { panic!("{answer:?}") };
        assert!(!ended.is_live(NOW));
    }
    let over = CallerFacts { session: ended, ..caller() };
    assert_eq!(code(refreshed(late, 5, over)), Code::InvalidRefreshToken);
}

#[test]
fn nobody_refreshes_who_may_not_sign_in_x_1_g_12() {
    let attempt = |change: fn(&mut CallerFacts)| {
        let mut facts = caller();
        change(&mut facts);
        refusal(refreshed(NOW, 4, facts))
    };
    let unknown = refusal(refresh(NOW, LIFETIME, 4, None));
    let causes: [fn(&mut CallerFacts); 4] = [
        |facts| facts.session.ended_at = Some(NOW),
        |facts| facts.session.expires_at = NOW,
        |facts| facts.actor.status = PersonStatus::Disabled,
        |facts| facts.organization_status = OrganizationStatus::Suspended,
    ];
    for cause in causes {
        assert_eq!(attempt(cause), unknown);
    }
    assert_eq!(unknown.code, Code::InvalidRefreshToken);
}

fn link() -> Link {
    Link {
        id: id(1),
        person: designated().id.into(),
        purpose: LinkPurpose::Welcome,
        created_at: YESTERDAY,
        expires_at: TOMORROW,
        used_at: None,
        voided_at: None,
    }
}

#[test]
fn a_link_is_good_for_one_use_one_purpose_and_a_while_c_12() {
    let used = use_link(NOW, LinkPurpose::Welcome, Some(link())).unwrap();
    assert_eq!(used, Link { used_at: Some(NOW), ..link() });
    let refused = |purpose, link| refusal(use_link(NOW, purpose, link));
    let unknown = refused(LinkPurpose::Welcome, None);
    assert_eq!((unknown.code, unknown.pointer), (Code::InvalidLink, Some("#/token")));
    for (purpose, link) in [
        (LinkPurpose::PasswordReset, link()),
        (LinkPurpose::Welcome, used),
        (LinkPurpose::Welcome, Link { expires_at: NOW, ..link() }),
        // A newer welcome email, or the end of the person's access, made it void.
        (LinkPurpose::Welcome, Link { voided_at: Some(YESTERDAY), ..link() }),
    ] {
        assert_eq!(refused(purpose, Some(link)), unknown);
    }
}

#[test]
fn a_reset_is_for_those_who_may_sign_in_and_welcomes_the_invited_again_c_12_c_15() {
    let lifetimes = LinkLifetimes { welcome: Span::days(7), reset: Span::hours(1) };
    let offered = |person: Option<&(Actor, OrganizationStatus)>| offer_reset(NOW, lifetimes, id(1), id(2), person);
    assert_eq!(offered(None), None);
    for status in PersonStatus::ALL.iter().copied() {
        for organization in OrganizationStatus::ALL.iter().copied() {
            let actor = Contact { status, ..designated() }.actor();
            let offer = offered(Some(&(actor.clone(), organization)));
            let expected = match (status, organization) {
                (PersonStatus::Active, OrganizationStatus::Active) => {
                    Some((LinkPurpose::PasswordReset, MailKind::PasswordReset, lifetimes.reset))
                }
                (PersonStatus::Invited, OrganizationStatus::Active) => {
                    Some((LinkPurpose::Welcome, MailKind::Welcome, lifetimes.welcome))
                }
                _ => None,
            };
            let found = offer.as_ref().map(|(link, notice)| (link.purpose, notice.kind, link.expires_at.since(NOW)));
            assert_eq!(found, expected, "{status:?} {organization:?}");
            assert_eq!(
                expected.is_some_and(|(purpose, ..)| purpose == LinkPurpose::PasswordReset),
                may_sign_in(&actor, organization)
            );
            let Some((link, notice)) = offer else { continue };
            assert_eq!(
                (link.person, notice.to, notice.link),
                (designated().id.into(), designated().id.into(), Some(id(1)))
            );
            assert_eq!(notice.id, id(2));
        }
    }
}

#[test]
fn staff_sign_in_as_contacts_do() {
    let agent = staff(StaffRole::Agent);
    let facts = SignInFacts { person: Some((agent.actor(), OrganizationStatus::Active)), password_matches: true };
    let session: SessionId = id(3);
    let (signed_in, actor) = sign_in(NOW, LIFETIME, session, facts).unwrap();
    assert_eq!((signed_in.session().person, signed_in.session().id), (agent.id.into(), session));
    assert!(actor.is_staff());
}
