//! Where time, ids and random bytes come from. Everything below takes them as arguments.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use mandate_core::id::{Id, Kind};
use mandate_core::time::{Span, Timestamp};
use mandate_storage::IdSource;
use rand::TryRng as _;
use rand::rngs::SysRng;
use uuid::Uuid;

/// What the time is read from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The clock of the machine.
    System,
    /// Microseconds since the epoch, moved by a test.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    fn reading(&self) -> Timestamp {
        match self {
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
            }
            Self::Manual(micros) => Timestamp::from_micros(micros.load(Ordering::Acquire)),
        }
    }
}

/// A clock that never runs backwards (X-4a).
///
/// *Shape*: clones share the highest time seen, which the worker keeps in the database over restarts and between instances.
#[derive(Debug, Clone)]
pub struct SteadyClock {
    clock: Clock,
    highest: Arc<AtomicI64>,
}

impl SteadyClock {
    /// A clock that never shows less than a time that was seen before.
    pub fn new(clock: Clock, floor: Timestamp) -> Self {
        Self { clock, highest: Arc::new(AtomicI64::new(floor.micros())) }
    }

    /// The time: what the clock reads, or the highest time seen if the clock is behind it.
    pub fn now(&self) -> Timestamp {
        let reading = self.clock.reading();
        let before = self.highest.fetch_max(reading.micros(), Ordering::AcqRel);
        reading.max(Timestamp::from_micros(before))
    }

    /// Learns of a time that another instance, or this one before its restart, has seen.
    pub fn raise(&self, seen: Timestamp) {
        self.highest.fetch_max(seen.micros(), Ordering::AcqRel);
    }

    /// How far the clock is behind the highest time seen; zero when all is well.
    pub fn lag(&self) -> Span {
        self.now().since(self.clock.reading())
    }
}

/// Where the 128 bits of new ids come from.
#[derive(Debug, Clone)]
pub enum Ids {
    /// UUIDv7, increasing within the process.
    System,
    /// 1, 2, 3, …, for tests.
    Counting(Arc<AtomicU64>),
}

impl Ids {
    /// The bits of a new id, greater than all before.
    pub fn draw(&self) -> u128 {
        match self {
            Self::System => Uuid::now_v7().as_u128(),
            Self::Counting(count) => u128::from(count.fetch_add(1, Ordering::Relaxed)) + 1,
        }
    }

    /// A new id.
    pub fn fresh<K: Kind>(&self) -> Id<K> {
        Id::from_u128(self.draw())
    }

    /// The same source, as storage takes it.
    pub fn as_source(&self) -> IdSource {
        let ids = self.clone();
        Arc::new(move || ids.draw())
    }
}

/// Random bytes of the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system has random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_backwards_x_4a() {
        let hands = Arc::new(AtomicI64::new(100));
        let clock = SteadyClock::new(Clock::Manual(Arc::clone(&hands)), Timestamp::from_micros(50));
        assert_eq!(clock.now().micros(), 100);
        hands.store(70, Ordering::Release);
        assert_eq!(clock.now().micros(), 100);
        assert_eq!(clock.lag().as_micros(), 30);
        let other = clock.clone();
        other.raise(Timestamp::from_micros(200));
        assert_eq!(clock.now().micros(), 200);
        hands.store(300, Ordering::Release);
        assert_eq!(clock.now().micros(), 300);
        assert_eq!(clock.lag().as_micros(), 0);
    }

    #[test]
    fn a_clock_that_was_set_back_before_the_start_shows_the_highest_time_seen_x_4a() {
        let clock = SteadyClock::new(Clock::Manual(Arc::new(AtomicI64::new(10))), Timestamp::from_micros(50));
        assert_eq!(clock.now().micros(), 50);
    }

    #[test]
    fn ids_increase_within_the_process() {
        for ids in [Ids::System, Ids::Counting(Arc::default())] {
            let drawn: Vec<u128> = (0..20_000).map(|_| ids.draw()).collect();
            assert!(drawn.is_sorted_by(|one, next| one < next));
        }
        assert_eq!(Uuid::from_u128(Ids::System.draw()).get_version_num(), 7);
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random_bytes::<32>(), random_bytes::<32>());
    }
}
