//! Hours of a day, in a time zone: when somebody may be called, when a shift is at work (C-19, O-5).

use std::fmt;

use chrono::{DateTime, TimeZone as _, Timelike as _};
use chrono_tz::Tz;

use crate::say;
use crate::text::{Flaw, TimeZone};
use crate::time::Timestamp;

/// A time of day.
///
/// *Shape*: `HH:MM`, from `00:00` to `23:59`. *Units*: minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `HH:MM`.
    ///
    /// *Errors*: `time_of_day_invalid`.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let digits = |part: &str| match part.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0')),
            _ => None,
        };
        text.split_once(':')
            .and_then(|(hours, minutes)| Some((digits(hours)?, digits(minutes)?)))
            .filter(|(hours, minutes)| *hours < 24 && *minutes < 60)
            .map(|(hours, minutes)| Self(hours * 60 + minutes))
            .ok_or_else(|| {
                Flaw::new(
                    "time_of_day_invalid",
                    say!("`{text}` is not a time of day such as `08:30`, from `00:00` to `23:59`", text),
                )
            })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A part of each day.
///
/// *Shape*: from one time to another; the whole day if they are the same, over midnight if the second is the earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// When they begin.
    pub from: TimeOfDay,
    /// When they end.
    pub until: TimeOfDay,
    /// Where these times are told.
    pub time_zone: TimeZone,
}

impl Hours {
    /// Whether a moment is within them.
    pub fn contains(&self, at: Timestamp) -> bool {
        let zone: Tz = self.time_zone.as_str().parse().unwrap_or(Tz::UTC);
        let at = zone.from_utc_datetime(&DateTime::from_timestamp_micros(at.micros()).unwrap_or_default().naive_utc());
        let minute = at.hour() * 60 + at.minute();
        let (from, until) = (u32::from(self.from.0), u32::from(self.until.0));
        if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{} {}", self.from, self.until, self.time_zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_have_two_digits_twice_c_19() {
        for text in ["00:00", "08:30", "23:59"] {
            assert_eq!(TimeOfDay::parse(text).map(|time| time.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "8:30", "24:00", "12:60", "08:3", "08-30", "0830", "08:30:00", "+8:30", "08:3０", "٠٨:٣٠"]
        {
            assert_eq!(TimeOfDay::parse(text).unwrap_err().code, "time_of_day_invalid", "{text}");
        }
        assert!(TimeOfDay::parse("08:30").unwrap() < TimeOfDay::parse("17:00").unwrap());
    }

    #[test]
    fn hours_are_told_in_their_own_zone_also_over_midnight_c_19() {
        let hours = |from: &str, until: &str, zone: &str| Hours {
            from: TimeOfDay::parse(from).unwrap(),
            until: TimeOfDay::parse(until).unwrap(),
            time_zone: TimeZone::parse(zone).unwrap(),
        };
        let at = |time: &str| Timestamp::parse(&format!("2026-03-01T{time}Z")).unwrap();
        let day = hours("08:00", "17:30", "UTC");
        for (time, expected) in
            [("07:59:59", false), ("08:00:00", true), ("17:29:59", true), ("17:30:00", false), ("23:00:00", false)]
        {
            assert_eq!(day.contains(at(time)), expected, "{time}");
        }
        let night = hours("22:00", "06:00", "UTC");
        for (time, expected) in
            [("21:59:59", false), ("22:00:00", true), ("00:00:00", true), ("05:59:59", true), ("06:00:00", false)]
        {
            assert_eq!(night.contains(at(time)), expected, "{time}");
        }
        // Three hours behind UTC.
        let abroad = hours("08:00", "09:00", "America/Sao_Paulo");
        assert!(abroad.contains(at("11:30:00")) && !abroad.contains(at("08:30:00")));
        let always = hours("08:00", "08:00", "UTC");
        assert!(["00:00:00", "08:00:00", "23:59:59"].iter().all(|time| always.contains(at(time))));
    }
}
