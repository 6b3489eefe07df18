//! Hours of a day, in a time zone: when somebody may be called, when a shift is at work (C-19, O-5).

use std::fmt;

use crate::text::{Flaw, TimeZone};

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
                    format!("`{text}` is not a time of day such as `08:30`, from `00:00` to `23:59`"),
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
}
