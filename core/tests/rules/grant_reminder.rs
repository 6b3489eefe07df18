//! Reminders of grants that are about to end (G-11).

use mandate_core::access::Standing;
use mandate_core::change::{Change, Context};
use mandate_core::contact::Contact;
use mandate_core::grant_reminder::{MARKS, ReminderFacts, remind, schedule, view};
use mandate_core::journal::Fact;
use mandate_core::partner_grant::{
    Candidate, CreateFacts, CreateGrant, EditGrant, Ending, GrantFacts, Grantee, PartnerGrant, Surroundings, create,
    edit, revoke,
};
use mandate_core::telling::{Schedule, TOLD_MAX};
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{
    ContactType, GrantStatus, History, Level, MailKind, Permission, PersonStatus, StaffRole,
};
use proptest::prelude::*;

use crate::ladder::told;
use crate::world::{
    CUSTOMER, GRANT, NOW, PARTNER, Person, TOMORROW, YESTERDAY, all_of, by, by_the_server, designated, desk, grant,
    guardian, id, manager, one, organization, outsider, partner, partner_designated, partner_guardian, silent, staff,
    standing,
};

fn days(days: i64) -> Timestamp {
    NOW.plus(Span::days(days))
}

fn ending(grantee: Grantee, level: Level, expires_at: Timestamp) -> PartnerGrant {
    PartnerGrant { expires_at: Some(expires_at), ..grant(1, grantee, level) }
}

fn facts(grant: PartnerGrant) -> ReminderFacts {
    ReminderFacts { grant: Some(grant), grantors: vec![guardian(), manager()], holders: vec![partner_guardian()] }
}

fn made(expires_at: Option<Timestamp>) -> Change<PartnerGrant> {
    let facts = CreateFacts {
        standing: standing(&manager()),
        grantor: Some(organization(CUSTOMER)),
        grantee: Some(Candidate::Contact(Box::new(partner_designated()), organization(PARTNER))),
        current: None,
        hanging: Default::default(),
    };
    let (level, history) = (Level::Update, History::All);
    let wanted = CreateGrant { id: GRANT, level, history, expires_at, note: None, acknowledged: false };
    create(&by(&manager()), facts, wanted).unwrap().grant
}

fn managing(grant: PartnerGrant) -> GrantFacts {
    GrantFacts { actor: manager().actor(), standing: standing(&manager()), grant: Some(grant) }
}

#[test]
fn a_grant_is_looked_at_thirty_seven_and_one_days_before_its_end_g_11() {
    assert_eq!(MARKS, [30, 7, 1]);
    for (end, look) in [
        (days(90), Schedule::At(days(60))),
        (days(31), Schedule::At(days(1))),
        // A mark that has passed when the grant is made is not one to be reminded at.
        (days(30), Schedule::At(days(23))),
        (days(8), Schedule::At(days(1))),
        (days(7), Schedule::At(days(6))),
        (days(2), Schedule::At(days(1))),
        // The last look is at the end itself, when what hangs on the grant ends (S-7).
        (days(1), Schedule::At(days(1))),
    ] {
        assert_eq!(schedule(&made(Some(end))), look, "{end}");
    }
    assert_eq!(schedule(&made(None)), Schedule::Keep);
}

#[test]
fn another_end_starts_over_and_nothing_else_does_g_11() {
    let before = || ending(one(&partner_designated()), Level::View, days(40));
    let edited = |wanted: EditGrant| {
        schedule(&edit(&by(&manager()), managing(before()), Surroundings::default(), wanted).unwrap().grant)
    };
    let to = |expires_at| EditGrant { expires_at: Some(expires_at), ..EditGrant::default() };
    assert_eq!(edited(EditGrant { level: Some(Level::Create), ..EditGrant::default() }), Schedule::Keep);
    assert_eq!(edited(to(Some(days(40)))), Schedule::Keep);
    assert_eq!(edited(to(Some(days(50)))), Schedule::At(days(20)));
    assert_eq!(edited(to(Some(days(5)))), Schedule::At(days(4)));
    assert_eq!(edited(to(Some(NOW.plus(Span::hours(2))))), Schedule::At(NOW.plus(Span::hours(2))));
    assert_eq!(edited(to(None)), Schedule::Never);
    assert_eq!(
        schedule(&revoke(&by(&manager()), managing(before()), Surroundings::default(), None, None).unwrap().grant),
        Schedule::Never
    );
    let endless = grant(1, one(&partner_designated()), Level::View);
    assert_eq!(
        schedule(&revoke(&by(&manager()), managing(endless), Surroundings::default(), None, None).unwrap().grant),
        Schedule::Keep
    );
}

#[test]
fn both_sides_are_reminded_g_11() {
    let telling = remind(&by_the_server(), facts(ending(all_of(PARTNER), Level::View, days(30))));
    assert_eq!(
        told(&telling),
        [
            "partner_grant.expiring of grant_1 in org_1: expires_at=2026-03-31T12:00:00Z days=30",
            "partner_grant.expiring of grant_1 in org_2: expires_at=2026-03-31T12:00:00Z days=30",
            "partner_grant_expiring to contact_1 about grant_1",
            "partner_grant_expiring to contact_2 about grant_1",
            "received_grant_expiring to contact_5 about grant_1",
        ]
    );
    assert_eq!(telling.next(), Some(days(23)));
    // One person's grant is that person's business, also where it is a staff member.
    for (grantee, holder) in [
        (one(&partner_designated()), "received_grant_expiring to contact_6 about grant_1"),
        (one(&staff(StaffRole::Consultant)), "received_grant_expiring to staff_6 about grant_1"),
    ] {
        let lines = told(&remind(&by_the_server(), facts(ending(grantee, Level::View, days(7)))));
        assert_eq!((lines.len(), lines[4].as_str()), (5, holder));
    }
    // Whoever is shut out is not told that they will be let in.
    let shut_out = remind(&by_the_server(), facts(ending(one(&partner_designated()), Level::None, TOMORROW)));
    assert_eq!(told(&shut_out).len(), 3);
    assert!(told(&shut_out).iter().all(|line| !line.contains("received") && !line.contains("org_2")));
}

#[test]
fn of_marks_that_were_slept_over_the_last_one_counts_g_11() {
    for (end, mark, next) in [
        (days(31), None, Some(days(1))),
        (days(30), Some(30), Some(days(23))),
        (days(8), Some(30), Some(days(1))),
        (days(7), Some(7), Some(days(6))),
        (days(2), Some(7), Some(days(1))),
        // The last look is at the end itself (S-7).
        (days(1), Some(1), Some(days(1))),
        (NOW.plus(Span::seconds(1)), Some(1), Some(NOW.plus(Span::seconds(1)))),
    ] {
        let telling = remind(&by_the_server(), facts(ending(all_of(PARTNER), Level::View, end)));
        let lines = told(&telling);
        assert_eq!(telling.next(), next, "{end}");
        assert_eq!(lines.len(), mark.map_or(0, |_| 5), "{end}: {lines:?}");
        assert!(mark.is_none_or(|mark: i64| lines[0].ends_with(&format!(" days={mark}"))), "{end}: {lines:?}");
    }
}

#[test]
fn what_is_over_is_not_reminded_of_g_11() {
    let live = || ending(all_of(PARTNER), Level::View, TOMORROW);
    let revoked = Ending { at: YESTERDAY, status: GrantStatus::Revoked, by: None, reason: None };
    for over in [
        Some(PartnerGrant { ending: Some(revoked), ..live() }),
        Some(PartnerGrant { expires_at: Some(NOW), ..live() }),
        Some(PartnerGrant { expires_at: None, ..live() }),
        None,
    ] {
        let telling = remind(&by_the_server(), ReminderFacts { grant: over.clone(), ..facts(live()) });
        assert_eq!((told(&telling).len(), telling.next()), (0, None), "{over:?}");
    }
}

/// C-19: also who turned emails off, and not by the hundred.
#[test]
fn contact_managers_are_reminded_whatever_their_preferences_and_not_all_of_hundreds_g_11_c_19() {
    let many = |from: u128| (from..from + 50).map(|number| Contact { id: id(number), ..manager() });
    let disabled = Contact { status: PersonStatus::Disabled, ..manager() };
    let grantors: Vec<Contact> = [silent(guardian()), disabled, designated()].into_iter().chain(many(100)).collect();
    let holders = many(200).collect();
    let expiring = ending(all_of(PARTNER), Level::View, TOMORROW);
    let telling = remind(&by_the_server(), ReminderFacts { grantors, holders, ..facts(expiring) });
    let of = |kind| telling.letters().iter().filter(move |letter| letter.kind == kind).map(|letter| letter.to);
    let ids = |from: u128| (from..).take(TOLD_MAX).map(|number| Contact { id: id(number), ..manager() }.id.into());
    // About authority nobody turns emails off.
    assert!(of(MailKind::GrantExpiring).eq([guardian().id.into()].into_iter().chain(ids(100)).take(TOLD_MAX)));
    assert!(of(MailKind::ReceivedGrantExpiring).eq(ids(200)));
}

fn sees(kind: MailKind, person: &impl Person, standing: Standing, grant: PartnerGrant) -> bool {
    view(NOW, kind, GrantFacts { actor: person.actor(), standing, grant: Some(grant) }).is_some()
}

/// C-15: whoever is no manager any more when the email leaves does not get it.
#[test]
fn whether_somebody_is_reminded_is_decided_when_the_email_leaves_g_11_c_15() {
    let (grantor, holder) = (MailKind::GrantExpiring, MailKind::ReceivedGrantExpiring);
    let whole = || ending(all_of(PARTNER), Level::View, TOMORROW);
    let single = || ending(one(&partner_designated()), Level::View, TOMORROW);
    let at = |person: &dyn Fn() -> Contact| standing(&person());
    assert!(sees(grantor, &manager(), at(&manager), whole()));
    assert!(!sees(grantor, &designated(), at(&designated), whole()));
    assert!(!sees(grantor, &outsider(), Standing::Stranger, whole()));
    assert!(!sees(grantor, &partner_guardian(), partner(Level::View), whole()));
    assert!(sees(holder, &partner_guardian(), partner(Level::View), whole()));
    assert!(!sees(holder, &partner_designated(), partner(Level::View), whole()));
    assert!(!sees(holder, &manager(), at(&manager), whole()));
    assert!(sees(holder, &partner_designated(), partner(Level::View), single()));
    assert!(!sees(holder, &partner_guardian(), Standing::Stranger, single()));
    let to_staff = ending(one(&staff(StaffRole::Consultant)), Level::View, TOMORROW);
    assert!(sees(holder, &staff(StaffRole::Consultant), desk(StaffRole::Consultant), to_staff.clone()));
    assert!(!sees(holder, &staff(StaffRole::Agent), desk(StaffRole::Agent), to_staff));
    // Another end, none at all, a lower level: what was to be told is not so any more.
    let with = |change: fn(&mut PartnerGrant)| {
        let mut grant = single();
        change(&mut grant);
        sees(holder, &partner_designated(), partner(Level::View), grant)
    };
    assert!(with(|grant| grant.expires_at = Some(days(30))));
    assert!(!with(|grant| grant.expires_at = Some(days(31))));
    assert!(!with(|grant| grant.expires_at = None));
    assert!(!with(|grant| grant.expires_at = Some(NOW)));
    assert!(!with(|grant| grant.level = Level::None));
    let demoted = Standing::Member { permission: Permission::DesignatedSupport, kind: ContactType::Technical };
    assert!(!sees(grantor, &manager(), demoted, whole()));
}

proptest! {
    /// However the server sleeps, each grant is reminded of each mark at most once, of none that had passed when it was made, and of the
    /// last one whenever the server wakes in time.
    #[test]
    fn each_mark_is_reminded_of_once_g_11(hours_to_end in 1_i64..2_000, sleeps in prop::collection::vec(1_i64..400, 1..40)) {
        let end = NOW.plus(Span::hours(hours_to_end));
        let grant = ending(all_of(PARTNER), Level::View, end);
        let mut due = match schedule(&made(Some(end))) {
            Schedule::At(at) => Some(at),
            Schedule::Keep | Schedule::Never => None,
        };
        let mark = |days: i64| end.minus(Span::days(days));
        let (mut now, mut reminded, mut in_time) = (NOW, Vec::new(), false);
        for sleep in sleeps {
            now = now.plus(Span::hours(sleep));
            in_time |= NOW < mark(1) && mark(1) <= now && now < end;
            if due.is_none_or(|due| due > now) {
                continue;
            }
            let context = Context { now, ..by_the_server() };
            let telling = remind(&context, facts(grant.clone()));
            prop_assert!(telling.next().is_none_or(|next| next > now));
            due = telling.next();
            prop_assert_eq!(telling.entries().is_empty(), now >= end);
            let days = telling.entries().first().and_then(|entry| entry.after.iter().find(|(name, _)| *name == "days"));
            reminded.extend(days.and_then(|(_, days)| match days {
                Fact::Number(days) => Some(*days),
                _ => None,
            }));
            let last = MARKS.into_iter().rev().find(|days| mark(*days) <= now);
            prop_assert!(now >= end || reminded.last().copied() == last);
        }
        prop_assert!(reminded.iter().all(|days| mark(*days) > NOW));
        prop_assert!(!in_time || reminded.last() == Some(&1));
        let mut once = reminded.clone();
        once.dedup();
        prop_assert_eq!(once, reminded);
    }
}
