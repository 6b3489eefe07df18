use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};

use mandate_storage::{PoolSettings, Store};
use tempfile::TempDir;

use super::*;
use crate::seal::Sealer;
use crate::sources::Clock;

/// A place for rings, each of them an instance of the server, with one clock for all.
pub(crate) struct Bench {
    directory: TempDir,
    hands: Arc<AtomicI64>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let start = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        Self { directory: tempfile::tempdir().unwrap(), hands: Arc::new(AtomicI64::new(start.micros())) }
    }

    pub(crate) fn clock(&self) -> SteadyClock {
        SteadyClock::new(Clock::Manual(Arc::clone(&self.hands)), Timestamp::from_micros(0))
    }

    pub(crate) fn pass(&self, span: Span) {
        self.hands.fetch_add(span.as_micros(), Ordering::AcqRel);
    }

    pub(crate) fn store(&self) -> Store {
        let path = self.directory.path().join("mandate.db");
        let url = mandate_storage::DatabaseUrl::parse(&format!("sqlite://{}", path.display())).unwrap();
        Store::migrate(&url).unwrap();
        Store::open(&url, PoolSettings::default(), Ids::System.as_source()).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("keys").join("keys.json")
    }

    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        self.ring_at(KeyHome::File(self.file()))
    }

    fn ring_at(&self, home: KeyHome) -> Arc<KeyRing> {
        Arc::new(self.try_ring_at(home).unwrap())
    }

    fn try_ring_at(&self, home: KeyHome) -> Result<KeyRing, KeyError> {
        let lifetimes = Lifetimes { signed: Span::minutes(15), sealed: Span::days(30) };
        KeyRing::open(home, self.clock(), Ids::System, lifetimes)
    }
}

use std::path::PathBuf;

#[test]
fn instances_share_the_keys_that_the_first_one_made() {
    let bench = Bench::new();
    let store = bench.store();
    for home in [KeyHome::Database(store), KeyHome::File(bench.file())] {
        let (one, other) = (bench.ring_at(home.clone()), bench.ring_at(home));
        assert_eq!(one.signing_now().id, other.signing_now().id);
        let text = Sealer::new(one).seal("cursor", b"payload");
        assert!(Sealer::new(other).open("cursor", &text).is_some());
    }
}

#[test]
fn a_rotation_changes_the_keys_later_and_signs_nobody_out() {
    let bench = Bench::new();
    let store = bench.store();
    for home in [KeyHome::Database(store), KeyHome::File(bench.file())] {
        let (one, other) = (bench.ring_at(home.clone()), bench.ring_at(home));
        let (sealer, reader) = (Sealer::new(Arc::clone(&one)), Sealer::new(Arc::clone(&other)));
        bench.pass(Span::hours(1));
        let (first, text) = (one.signing_now().id, sealer.seal("cursor", b"payload"));
        one.rotate().unwrap();
        assert_eq!(one.signing_now().id, first);
        assert!(reader.open("cursor", &sealer.seal("cursor", b"new")).is_some());

        bench.pass(Span::minutes(1));
        other.reload().unwrap();
        bench.pass(Span::minutes(1));
        assert_ne!(one.signing_now().id, first);
        assert_eq!(one.signing_now().id, other.signing_now().id);
        assert_ne!(sealer.seal("cursor", b"payload"), text);
        assert!(reader.open("cursor", &sealer.seal("cursor", b"new")).is_some());
        assert!(reader.open("cursor", &text).is_some());

        bench.pass(Span::days(1));
        other.reload().unwrap();
        assert!(other.knows(first));
        bench.pass(Span::minutes(15));
        other.reload().unwrap();
        assert!(!other.knows(first));
        assert!(reader.open("cursor", &text).is_some());
        bench.pass(Span::days(30));
        other.reload().unwrap();
        assert!(reader.open("cursor", &text).is_none());
    }
}

#[test]
fn a_rotation_removes_keys_whose_work_is_over() {
    let bench = Bench::new();
    let store = bench.store();
    let ring = bench.ring_at(KeyHome::Database(store.clone()));
    let count = || store.read::<_, StorageError>(|tx| Ok(tx.keys()?.len())).unwrap();
    ring.rotate().unwrap();
    ring.rotate().unwrap();
    assert_eq!(count(), 6);
    bench.pass(Span::days(365));
    ring.rotate().unwrap();
    assert_eq!(count(), 4);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_but_not_all_the_time() {
    let bench = Bench::new();
    let (one, other) = (bench.ring(), bench.ring());
    one.rotate().unwrap();
    bench.pass(ACTIVATION);
    let id = one.signing_now().id;
    assert!(!other.knows(id));
    assert!(other.look_again().await);
    assert!(other.knows(id));
    assert!(!other.look_again().await);
}

#[test]
fn the_key_file_is_for_the_server_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    bench.ring();
    let mode = fs::metadata(bench.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::set_permissions(bench.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let error = bench.try_ring_at(KeyHome::File(bench.file())).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn a_damaged_or_emptied_home_does_not_replace_the_keys() {
    let bench = Bench::new();
    let ring = bench.ring();
    let id = ring.signing_now().id;
    let text = fs::read_to_string(bench.file()).unwrap();
    for damaged in
        ["", "[]", "{}", &text.replace("signing", "sealing"), &text.replace("\"secret\": \"", "\"secret\": \"AA")]
    {
        fs::write(bench.file(), damaged).unwrap();
        assert!(ring.reload().is_err(), "{damaged}");
        assert_eq!(ring.signing_now().id, id);
    }
}

#[test]
fn keys_are_not_printed() {
    let bench = Bench::new();
    let printed = format!("{:?}", bench.ring());
    assert!(printed.starts_with("KeyRing"), "{printed}");
    assert!(printed.len() < 200, "{printed}");
}
