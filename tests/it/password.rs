//! Passwords at another cost than the present one.

use std::time::Duration;

use mandate_api::password::{NewPassword, PasswordCost, Passwords};
use mandate_api::secret::Secret;
use mandate_api::settings::Settings;
use mandate_api::sources::Ids;
use mandate_core::id::PersonId;
use mandate_core::time::Timestamp;
use mandate_storage::{Fence, PoolSettings, StorageError, Store};
use mandate_tests::{PASSWORD, World, e2e};

/// The database of a story, beside its server.
fn open(url: &str) -> Store {
    let settings = Settings::from_arguments(["mandate", "--database-url", url]).expect("the harness makes valid URLs");
    let pool = PoolSettings { size: 1, ..PoolSettings::default() };
    Store::open(&settings.database, pool, Ids::System.as_source()).expect("the database can be opened")
}

/// The hash of somebody's password, which the API does not show.
async fn hash(world: &World, id: PersonId) -> String {
    let url = world.database_url().to_owned();
    let read = tokio::task::spawn_blocking(move || open(&url).read::<_, StorageError>(|tx| tx.password_hash(id)));
    read.await.expect("reading does not panic").expect("it can be read").unwrap_or_default()
}

/// Somebody's password as a server at another cost would have kept it.
async fn keep_at_another_cost(world: &World, id: PersonId) -> String {
    let passwords = Passwords::new(PasswordCost { memory_kib: 16, passes: 2 }).expect("Argon2 takes this cost");
    let password = NewPassword::parse(&Secret::new(PASSWORD)).expect("it is a good password");
    let hash = passwords.hash(&password).await.expect("nobody else is hashing");
    let (url, kept, now) = (world.database_url().to_owned(), hash.clone(), Timestamp::from_micros(0));
    let written = tokio::task::spawn_blocking(move || {
        let keep =
            |unlocked: mandate_storage::Unlocked<'_>| unlocked.lock(&Fence::new())?.save_password(id, &kept, now);
        open(&url).write::<_, StorageError>(keep)
    });
    written.await.expect("writing does not panic").expect("it can be written");
    hash
}

e2e! {
    /// Whoever signs in has a password that was hashed at another cost hashed again, and goes on signing in with it.
    async fn a_sign_in_brings_a_hash_up_to_date(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let id = PersonId::parse(&acme.id).expect("contacts have ids");
        let before = keep_at_another_cost(&world, id).await;
        assert!(before.contains("m=16,t=2"), "{before}");
        world.sign_in(&acme.email).await;
        let mut renewed = before.clone();
        for _ in 0..500 {
            renewed = hash(&world, id).await;
            if renewed != before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(renewed.contains("m=8,t=1"), "{renewed}");
        world.sign_in(&acme.email).await;
        assert_eq!(hash(&world, id).await, renewed, "once is enough");
        acme.get("/v1/me").await.expect(200);
    }
}
