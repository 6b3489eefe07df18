use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use mandate_core::change::{Context, Notice, Origin};
use mandate_core::contact::WelcomeIds;
use mandate_core::id::{MailId, OrganizationId, PersonId, StaffId};
use mandate_core::organization::found_vendor;
use mandate_core::person::NewProfile;
use mandate_core::staff::{NewStaff, found_administrator};
use mandate_core::text::{Email, Locale, OrganizationName, PersonName, TimeZone, TypedEmail};
use mandate_core::vocabulary::{MailKind, StaffRole};
use mandate_storage::{Mail, StoredResponse};
use tempfile::TempDir;

use super::*;
use crate::keyring::tests::Bench;
use crate::mail::{MailContent, PreparedMail, Receiver};
use crate::settings::{FilesTarget, MailTarget};
use crate::sources::Ids;

/// A database with one person in it, and a worker.
struct World {
    bench: Bench,
    directory: TempDir,
    worker: Worker,
}

impl World {
    fn new() -> Self {
        let (bench, directory) = (Bench::new(), tempfile::tempdir().unwrap());
        let store = bench.store();
        found(&store, bench.clock().now());
        let target = MailTarget::parse(&format!("file:{}", directory.path().join("mail").display())).unwrap();
        let mailer = Mailer::new(&target).unwrap();
        let writer = Writer::new("support@example.com".parse().unwrap(), "host", "Vendor", mailer.encoding());
        let files = FileStore::open(&FilesTarget::Folder(directory.path().join("files"))).unwrap();
        let (clock, ring, outbox) = (bench.clock(), bench.ring(), Outbox::default());
        let worker = Worker {
            store,
            clock,
            ring,
            mailer,
            writer,
            outbox,
            files,
            idempotency_ttl: Span::days(30),
            close_after: Span::days(14),
        };
        Self { bench, directory, worker }
    }

    fn owe(&self, id: u128) {
        let notice =
            Notice { id: MailId::from_u128(id), kind: MailKind::PasswordReset, to: person(), about: None, link: None };
        let now = self.worker.clock.now();
        let owe = |unlocked: mandate_storage::Unlocked<'_>| unlocked.lock(&Fence::new())?.owe_mail(&notice, now);
        self.worker.store.write::<_, StorageError>(owe).unwrap();
        self.worker.outbox.wake();
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.directory.path().join("mail")).map_or(0, Iterator::count)
    }

    fn owed(&self) -> Option<Timestamp> {
        self.worker.store.read::<_, StorageError>(|tx| tx.oldest_unsent_mail_at()).unwrap()
    }

    /// Lets workers run until something is true.
    async fn run(&self, workers: usize, prepare: Prepare, until: impl Fn() -> bool) {
        let shutdown = Shutdown::default();
        let running: Vec<_> = (0..workers)
            .map(|_| tokio::spawn(self.worker.clone().run(Arc::clone(&prepare), Arc::new(|| Ok(0)), shutdown.clone())))
            .collect();
        let start = Instant::now();
        while !until() {
            assert!(start.elapsed() < Duration::from_secs(20), "nothing happened");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        shutdown.begin();
        for worker in running {
            worker.await.unwrap();
        }
    }
}

fn person() -> PersonId {
    PersonId::Staff(StaffId::from_u128(2))
}

fn found(store: &Store, now: Timestamp) {
    let context = Context { actor: None, now, origin: Origin::default() };
    let organization = OrganizationId::from_u128(1);
    let name = OrganizationName::parse("Vendor").unwrap();
    let vendor = found_vendor(&context, organization, name, Vec::new());
    let staff = NewStaff {
        id: StaffId::from_u128(2),
        profile: NewProfile {
            email: TypedEmail::parse("ada@vendor.example").unwrap(),
            first_name: PersonName::parse("Ada").unwrap(),
            last_name: PersonName::parse("Lovelace").unwrap(),
            phone: None,
            time_zone: TimeZone::default(),
            locale: Locale::default(),
        },
        roles: vec![StaffRole::Administrator],
        welcome: WelcomeIds { link: Ids::System.fresh(), mail: Ids::System.fresh(), expires_at: now },
    };
    let administrator = found_administrator(&context, organization, staff, true);
    let save = |unlocked: mandate_storage::Unlocked<'_>| {
        let mut tx = unlocked.lock(&Fence::new().changes(organization))?;
        tx.save_organization(&vendor)?;
        tx.save_staff(&administrator.staff)
    };
    store.write::<_, StorageError>(save).unwrap();
}

fn prepared() -> PreparedMail {
    let to = Receiver {
        name: "Ada Lovelace".to_owned(),
        email: Email::parse("ada@vendor.example").unwrap(),
        locale: Locale::default(),
        time_zone: TimeZone::default(),
    };
    let content =
        MailContent::PasswordReset { link: "https://host?token=x".to_owned(), expires_at: Timestamp::from_micros(0) };
    PreparedMail { to, content }
}

fn always() -> Prepare {
    Arc::new(|_| Ok(Some(prepared())))
}

#[tokio::test]
async fn an_email_that_is_owed_leaves_once_however_many_workers_there_are() {
    let world = World::new();
    (10..30).for_each(|id| world.owe(id));
    let prepared_for = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&prepared_for);
    let prepare: Prepare = Arc::new(move |mail: &Mail| {
        seen.lock().unwrap().push(mail.notice.id);
        Ok(Some(prepared()))
    });
    world.run(3, prepare, || world.owed().is_none()).await;
    assert_eq!(world.files(), 20);
    let mut ids = prepared_for.lock().unwrap().clone();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), prepared_for.lock().unwrap().len()), (20, 20));
}

#[tokio::test]
async fn an_email_that_its_receiver_may_not_have_is_dropped() {
    let world = World::new();
    world.owe(10);
    world.run(1, Arc::new(|_| Ok(None)), || world.owed().is_none()).await;
    assert_eq!(world.files(), 0);
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_not_before() {
    let world = World::new();
    world.owe(10);
    let fails = Arc::new(AtomicBool::new(true));
    let failing = Arc::clone(&fails);
    let tries = Arc::new(AtomicI64::new(0));
    let counted = Arc::clone(&tries);
    let prepare: Prepare = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        match failing.load(Ordering::Relaxed) {
            true => Err(StorageError::Contention),
            false => Ok(Some(prepared())),
        }
    });
    let due = |attempts: i64| {
        let mails = world
            .worker
            .store
            .read::<_, StorageError>(|tx| tx.due_mails(world.worker.clock.now().plus(Span::seconds(5)), 10));
        mails.unwrap().iter().any(|mail| mail.attempts == attempts)
    };
    world.run(1, Arc::clone(&prepare), || due(1)).await;
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    fails.store(false, Ordering::Relaxed);
    world.bench.pass(Span::seconds(5));
    world.run(1, prepare, || world.owed().is_none()).await;
    assert_eq!((tries.load(Ordering::Relaxed), world.files()), (2, 1));
}

#[tokio::test]
async fn the_outbox_tells_how_old_it_is() {
    let world = World::new();
    let (outbox, clock) = (&world.worker.outbox, &world.worker.clock);
    assert_eq!(outbox.age(clock.now()), Span::seconds(0));
    world.owe(10);
    world.bench.pass(Span::minutes(2));
    world.worker.keep_time(Timestamp::from_micros(0)).unwrap();
    assert_eq!(outbox.age(clock.now()), Span::minutes(2));
    world.run(1, always(), || outbox.age(clock.now()) == Span::seconds(0)).await;
}

#[test]
fn the_highest_time_is_kept_and_learnt_from_others_x_4a() {
    let world = World::new();
    let (store, clock) = (&world.worker.store, &world.worker.clock);
    let highest = || store.read::<_, StorageError>(|tx| tx.highest_time()).unwrap();
    let kept = world.worker.keep_time(Timestamp::from_micros(0)).unwrap();
    assert_eq!((kept, highest()), (clock.now(), clock.now()));
    let ahead = clock.now().plus(Span::hours(1));
    let raise = |unlocked: mandate_storage::Unlocked<'_>| unlocked.lock(&Fence::new())?.raise_time(ahead);
    store.write::<_, StorageError>(raise).unwrap();
    world.worker.keep_time(kept).unwrap();
    assert_eq!((clock.now(), highest()), (ahead, ahead));
}

#[test]
fn answers_are_forgotten_when_their_time_is_over() {
    let world = World::new();
    let store = &world.worker.store;
    let response = StoredResponse {
        operation: "createContact".to_owned(),
        body_hash: vec![0; 32],
        status: 201,
        location: None,
        etag: None,
        body: "{}".to_owned(),
        subject: None,
        created_at: world.worker.clock.now(),
    };
    let save = |unlocked: mandate_storage::Unlocked<'_>| {
        unlocked.lock(&Fence::new())?.save_response("caller", "key", &response)
    };
    store.write::<_, StorageError>(save).unwrap();
    let is_kept = || {
        world.worker.forget_answers().unwrap();
        store.read::<_, StorageError>(|tx| tx.stored_response("caller", "key")).unwrap().is_some()
    };
    world.bench.pass(Span::days(30));
    assert!(is_kept());
    world.bench.pass(Span::seconds(1));
    assert!(!is_kept());
}

#[tokio::test]
async fn emails_are_forgotten_thirty_days_after_they_were_done() {
    let world = World::new();
    world.owe(10);
    world.run(1, always(), || world.owed().is_none()).await;
    world.owe(11);
    let again = |id: u128| {
        let notice =
            Notice { id: MailId::from_u128(id), kind: MailKind::Welcome, to: person(), about: None, link: None };
        let now = world.worker.clock.now();
        // That an id is taken says that the email is still there.
        world.worker.store.write::<_, StorageError>(|unlocked| unlocked.lock(&Fence::new())?.owe_mail(&notice, now))
    };
    world.bench.pass(Span::days(30));
    world.worker.forget_spent().unwrap();
    assert!(again(10).is_err());
    world.bench.pass(Span::seconds(1));
    world.worker.forget_spent().unwrap();
    assert_eq!(again(10), Ok(()));
    // One that has not left is kept, however old it is.
    assert!(again(11).is_err());
}
