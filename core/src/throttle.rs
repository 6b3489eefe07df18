//! Slowing down those who guess passwords, per account and per address.

use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::time::{Span, Timestamp};

/// How many failures are forgiven before the waiting begins, and how it grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Failures without a wait.
    pub free: i64,
    /// The wait after the first failure beyond; doubles with each further one.
    pub first_wait: Span,
    /// The longest wait.
    pub longest_wait: Span,
    /// Failures are forgotten when none was added for this long.
    pub memory: Span,
}

/// For one account.
pub const ACCOUNT: Patience =
    Patience { free: 5, first_wait: Span::seconds(2), longest_wait: Span::minutes(15), memory: Span::hours(1) };

/// For one address, which may stand for a whole office.
pub const ADDRESS: Patience =
    Patience { free: 50, first_wait: Span::seconds(2), longest_wait: Span::minutes(15), memory: Span::hours(1) };

/// For the emails that one account is sent because somebody asked to reset its password.
pub const RESET: Patience =
    Patience { free: 3, first_wait: Span::minutes(15), longest_wait: Span::hours(1), memory: Span::hours(1) };

/// For the emails that are asked for from one address.
pub const RESET_ADDRESS: Patience =
    Patience { free: 30, first_wait: Span::minutes(1), longest_wait: Span::hours(1), memory: Span::hours(1) };

/// The longest that failures are remembered.
pub const MEMORY_MAX: Span = Span::hours(1);

/// The failures of one account or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// How many, since they were last forgotten.
    pub count: i64,
    /// The first of them.
    pub first_at: Timestamp,
    /// The last of them.
    pub last_at: Timestamp,
    /// Until when further attempts are not looked at.
    pub blocked_until: Timestamp,
}

/// Allows an attempt to be looked at.
///
/// *Errors*: `too_many_attempts` with the seconds to wait, the same whether the account exists or not.
pub fn allow(now: Timestamp, failures: Option<&Failures>) -> Result<(), Refusal> {
    match failures {
        Some(failures) if now < failures.blocked_until => {
            let seconds = failures.blocked_until.since(now).as_seconds() + 1;
            Err(Refusal::new(Code::TooManyAttempts, say!("wait {seconds} seconds before the next attempt", seconds))
                .with(Extra::RetryAfter(seconds)))
        }
        Some(_) | None => Ok(()),
    }
}

/// Counts a failure.
#[must_use]
pub fn count(now: Timestamp, patience: Patience, failures: Option<Failures>) -> Failures {
    let remembered = failures.filter(|failures| now.since(failures.last_at) < patience.memory);
    let (count, first_at) = remembered.map_or((1, now), |failures| (failures.count + 1, failures.first_at));
    Failures { count, first_at, last_at: now, blocked_until: now.plus(wait(patience, count)) }
}

fn wait(patience: Patience, count: i64) -> Span {
    let beyond = count - patience.free;
    if beyond <= 0 {
        return Span::seconds(0);
    }
    let doublings = u32::try_from(beyond - 1).unwrap_or(u32::MAX).min(20);
    let seconds = patience.first_wait.as_seconds().saturating_mul(1_i64 << doublings);
    Span::seconds(seconds.min(patience.longest_wait.as_seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_begins_after_the_free_failures_doubles_and_ends() {
        let start = Timestamp::from_micros(0);
        let mut failures = None;
        let mut waits = Vec::new();
        for _ in 0..18 {
            let next = count(start, ACCOUNT, failures);
            waits.push(next.blocked_until.since(start).as_seconds());
            failures = Some(next);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
        let blocked = failures.unwrap();
        let refusal = allow(start, Some(&blocked)).unwrap_err();
        assert_eq!(refusal.code, Code::TooManyAttempts);
        assert_eq!(allow(start.plus(Span::minutes(15)), Some(&blocked)), Ok(()));
        assert_eq!(count(start.plus(Span::hours(1)), ACCOUNT, Some(blocked)).count, 1);
    }
}
