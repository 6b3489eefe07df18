//! Moments and spans of time.

use std::fmt;

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};

/// A moment.
///
/// *Units*: UTC, whole microseconds; finer digits are cut off here and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a moment from microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = DateTime::parse_from_rfc3339(text).ok()?;
        let read = Self(moment.timestamp_micros());
        // Judged by the result: an offset or a leap second may lead out of the years that RFC 3339 can write.
        DateTime::from_timestamp_micros(read.0).is_some_and(|utc| (0..=9999).contains(&utc.year())).then_some(read)
    }

    /// The moment a span later.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The moment a span earlier.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// The span since an earlier moment; negative when that moment is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with `Z` and no more digits than are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default();
        f.write_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A length of time.
///
/// *Units*: whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// A span of seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// A span of minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// A span of hours.
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// A span of days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self::hours(days.saturating_mul(24))
    }

    /// Whole seconds, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads the form that the configuration uses: a whole number and `s`, `m`, `h` or `d`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.get(..text.len().checked_sub(1)?)?.parse::<u32>().ok()?;
        let number = i64::from(number);
        match text.as_bytes().last()? {
            b's' => Some(Self::seconds(number)),
            b'm' => Some(Self::minutes(number)),
            b'h' => Some(Self::hours(number)),
            b'd' => Some(Self::days(number)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_in_utc_to_the_microsecond_at_most_x_4() {
        for (text, printed) in [
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
            ("2026-03-01T12:00:00.5+02:00", "2026-03-01T10:00:00.500Z"),
            ("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123456Z"),
        ] {
            assert_eq!(Timestamp::parse(text).map(|moment| moment.to_string()).as_deref(), Some(printed));
        }
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn spans_are_read_as_the_configuration_writes_them() {
        assert_eq!(Span::parse("24h"), Some(Span::hours(24)));
        assert_eq!(Span::parse("30d"), Some(Span::days(30)));
        assert_eq!(Span::parse("0h"), Some(Span::seconds(0)));
        for text in ["", "h", "24", "-1h", "1.5h", "1w", "é"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }
}
