//! Ids, moments and patience: what is printed is read again as the same, and more failures never shorten the wait.

use mandate_core::id::{
    AnyId, ContactId, EventId, GrantId, Id, KeyId, Kind, LinkId, MailId, MessageId, OrganizationId, PersonId,
    RequestId, ServiceRequestId, SessionId, StaffId, StaffKind,
};
use mandate_core::throttle::{ACCOUNT, ADDRESS, Patience, RESET, allow, count};
use mandate_core::time::{Span, Timestamp};
use proptest::prelude::*;

use crate::world::NOW;

/// The first moment of the year 0 and the last of the year 9999, the years that RFC 3339 can write.
const YEARS: std::ops::RangeInclusive<i64> = -62_167_219_200_000_000..=253_402_300_799_999_999;

fn reads_again<K: Kind>(value: u128) -> Result<(), TestCaseError> {
    let id: Id<K> = Id::from_u128(value);
    let text = id.to_string();
    prop_assert_eq!(Id::<K>::parse(&text), Ok(id));
    prop_assert_eq!(AnyId::parse(&text), Some(AnyId::from(id)));
    prop_assert_eq!(AnyId::from(id).to_string(), text);
    prop_assert_eq!(AnyId::from(id).as_id::<K>(), Some(id));
    Ok(())
}

fn from_id<K: Kind>(_: fn(u128) -> Id<K>, value: u128) -> Result<(), TestCaseError> {
    reads_again::<K>(value)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_id_that_was_printed_is_read_again_as_the_same(value: u128) {
        from_id(OrganizationId::from_u128, value)?;
        from_id(ContactId::from_u128, value)?;
        from_id(StaffId::from_u128, value)?;
        from_id(GrantId::from_u128, value)?;
        from_id(ServiceRequestId::from_u128, value)?;
        from_id(MessageId::from_u128, value)?;
        from_id(SessionId::from_u128, value)?;
        from_id(EventId::from_u128, value)?;
        from_id(RequestId::from_u128, value)?;
        from_id(LinkId::from_u128, value)?;
        from_id(MailId::from_u128, value)?;
        from_id(KeyId::from_u128, value)?;
        for person in [PersonId::Contact(Id::from_u128(value)), PersonId::Staff(Id::from_u128(value))] {
            prop_assert_eq!(PersonId::parse(&person.to_string()), Ok(person));
        }
    }

    #[test]
    fn an_id_of_one_kind_is_never_read_as_another(value: u128) {
        let contact = ContactId::from_u128(value).to_string();
        prop_assert!(StaffId::parse(&contact).is_err());
        prop_assert!(OrganizationId::parse(&contact).is_err());
        prop_assert!(PersonId::parse(&GrantId::from_u128(value).to_string()).is_err());
        prop_assert_eq!(AnyId::from(ContactId::from_u128(value)).as_id::<StaffKind>(), None);
    }

    #[test]
    fn ids_sort_as_they_print(one: u128, other: u128) {
        let (one, other) = (ContactId::from_u128(one), ContactId::from_u128(other));
        prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
    }

    #[test]
    fn what_reads_as_an_id_prints_as_it_was(text in "(org|contact|staff|sr|event)_[0-7][0-9a-z]{25}") {
        if let Some(id) = AnyId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn a_moment_that_was_printed_is_read_again_as_the_same_x_4(micros in YEARS) {
        let moment = Timestamp::from_micros(micros);
        let text = moment.to_string();
        prop_assert_eq!(Timestamp::parse(&text), Some(moment));
        prop_assert!(text.ends_with('Z'), "{}", text);
        let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len() - 1);
        prop_assert!(digits <= 6, "{}", text);
    }

    #[test]
    fn a_moment_is_the_same_whatever_offset_it_is_written_with_x_4(
        seconds in 0..4_000_000_000_i64,
        hours in -23..24_i64,
    ) {
        let moment = Timestamp::from_micros(seconds * 1_000_000);
        let local = moment.plus(Span::hours(hours)).to_string();
        let text = format!("{}{hours:+03}:00", local.trim_end_matches('Z'));
        prop_assert_eq!(Timestamp::parse(&text), Some(moment), "{}", text);
    }

    #[test]
    fn spans_add_up(micros in YEARS, seconds in -1_000_000_000..1_000_000_000_i64) {
        let (moment, span) = (Timestamp::from_micros(micros), Span::seconds(seconds));
        prop_assert_eq!(moment.plus(span).since(moment), span);
        prop_assert_eq!(moment.plus(span).minus(span), moment);
    }

    #[test]
    fn another_failure_never_shortens_the_wait(
        gaps in prop::collection::vec(0..5_i64, 1..60),
        which in 0..3_usize,
    ) {
        let patience = [ACCOUNT, ADDRESS, RESET][which];
        let (mut now, mut failures) = (NOW, None);
        let mut waited = Span::seconds(0);
        for gap in gaps {
            now = now.plus(Span::seconds(gap));
            let next = count(now, patience, failures.clone());
            let wait = next.blocked_until.since(now);
            prop_assert!(wait >= waited, "the wait fell from {:?} to {:?}", waited, wait);
            prop_assert!(wait <= patience.longest_wait);
            prop_assert!(failures.is_none_or(|before| before.blocked_until <= next.blocked_until));
            prop_assert_eq!(allow(now, Some(&next)).is_err(), wait > Span::seconds(0));
            prop_assert_eq!(allow(next.blocked_until, Some(&next)), Ok(()));
            (failures, waited) = (Some(next), wait);
        }
    }
}

#[test]
fn moments_are_cut_to_the_microsecond_x_4() {
    for (text, printed) in [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00.0000009Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00.1234567Z", "2026-03-01T12:00:00.123456Z"),
        ("2026-03-01T00:30:00+05:30", "2026-02-28T19:00:00Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(Timestamp::parse(text).unwrap().to_string(), printed);
    }
    for text in ["", "2026-03-01", "2026-03-01T12:00:00", "12:00:00Z", "2026-02-30T12:00:00Z", "1772366400"] {
        assert_eq!(Timestamp::parse(text), None, "{text}");
    }
}

#[test]
fn every_moment_that_is_read_can_be_printed_and_read_again_x_4() {
    for text in [
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        // In UTC these lie outside the years that RFC 3339 can write.
        "0000-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T23:59:60Z",
    ] {
        if let Some(moment) = Timestamp::parse(text) {
            assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment), "{text} prints as {moment}");
        }
    }
}

#[test]
fn failures_are_forgotten_when_none_was_added_for_as_long_as_the_memory_lasts() {
    let patience =
        Patience { free: 1, first_wait: Span::seconds(2), longest_wait: Span::seconds(8), memory: Span::minutes(1) };
    let one = count(NOW, patience, None);
    assert_eq!((one.count, one.first_at, one.blocked_until), (1, NOW, NOW));
    let later = NOW.plus(Span::seconds(59));
    let two = count(later, patience, Some(one));
    assert_eq!((two.count, two.first_at, two.last_at), (2, NOW, later));
    assert_eq!(two.blocked_until, later.plus(Span::seconds(2)));
    let much_later = later.plus(Span::minutes(1));
    assert_eq!(count(much_later, patience, Some(two)), count(much_later, patience, None));
}
