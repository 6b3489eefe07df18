//! One story, two databases, one set of snapshots.

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use insta::Settings;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::database::{Backend, Database};
use crate::world::World;

/// Makes two tests of each story: `a_sentence::sqlite` and `a_sentence::postgres`.
///
/// ```ignore
/// e2e! {
///     /// G-2
///     async fn the_grant_to_the_person_decides(world: World) {
///         …
///     }
/// }
/// ```
#[macro_export]
macro_rules! e2e {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($world: $crate::World) $body

        mod $name {
            #[test]
            fn sqlite() {
                $crate::matrix::run(module_path!(), $crate::Backend::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::matrix::run(module_path!(), $crate::Backend::Postgres, super::$name);
            }
        }
    )+};
}

/// Compares an answer with the next snapshot of the story: status, headers that matter, body.
///
/// Ids are written as `contact_1`, `contact_2` in the order in which the story shows them; what is secret or differs
/// from run to run is written as `[access_token]` and the like. Time is the story's own.
#[macro_export]
macro_rules! snapshot {
    ($answer:expr) => {{
        let snapshot = $answer.next_snapshot();
        let mut told = $crate::matrix::Told::alone();
        snapshot.settings().bind(|| $crate::insta::assert_snapshot!(snapshot.name.as_str(), snapshot.text));
        told.compare(snapshot);
    }};
}

/// Runs a story in a world of its own. A story on PostgreSQL passes where there is none, see
/// [`cluster::shared`](crate::cluster::shared).
pub fn run<F: Future<Output = ()>>(path: &'static str, backend: Backend, story: impl FnOnce(World) -> F) {
    let Some(database) = Database::fresh(backend) else { return };
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be made");
    let tasks = LocalSet::new();
    let world = tasks.block_on(&runtime, World::start(Story::new(path, backend), database));
    let outcome = catch_unwind(AssertUnwindSafe(|| tasks.block_on(&runtime, story(world.clone()))));
    // Also after a failure: what still runs would disturb other tests.
    tasks.block_on(&runtime, world.stop());
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// What a story has shown so far.
#[derive(Debug)]
pub struct Story {
    name: String,
    backend: Backend,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    snapshots: usize,
    /// What each id is called in the snapshots.
    names: HashMap<String, String>,
    /// How many ids of each prefix have a name.
    counts: HashMap<String, usize>,
}

/// A snapshot that is about to be compared.
#[derive(Debug)]
pub struct Snapshot {
    /// The file's name, without its extension.
    pub name: String,
    /// The content.
    pub text: String,
    description: String,
    backend: Backend,
}

impl Snapshot {
    /// How insta writes it.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_description(&self.description);
        settings
    }
}

impl Story {
    /// A story, by the module path of its test: crate, file, story.
    pub fn new(path: &str, backend: Backend) -> Self {
        let name = path.split("::").skip(1).collect::<Vec<_>>().join("__");
        Self { name, backend, shown: Mutex::default() }
    }

    /// The database that it runs on.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The next snapshot.
    pub fn next_snapshot(&self, description: &str, text: &str) -> Snapshot {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.snapshots += 1;
        Snapshot {
            name: format!("{}__{:02}", self.name, shown.snapshots),
            description: shown.with_names(description),
            text: shown.with_names(text),
            backend: self.backend,
        }
    }
}

impl Shown {
    /// The text with the name of each id in its place.
    fn with_names(&mut self, text: &str) -> String {
        let mut named = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(|letter: char| letter.is_ascii_alphanumeric()) {
            let (before, word_on) = rest.split_at(start);
            let is_inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let end = word_on.find(|letter| !is_inside(letter)).unwrap_or(word_on.len());
            let (word, after) = word_on.split_at(end);
            named.push_str(before);
            named.push_str(&self.name_of(word));
            rest = after;
        }
        named + rest
    }

    fn name_of(&mut self, word: &str) -> String {
        let Some((prefix, suffix)) = word.split_once('_') else { return word.to_owned() };
        let is_digit =
            |letter: char| letter.is_ascii_digit() || (letter.is_ascii_lowercase() && !"ilou".contains(letter));
        if suffix.len() != 26 || !suffix.chars().all(is_digit) {
            return word.to_owned();
        }
        if let Some(name) = self.names.get(word) {
            return name.clone();
        }
        let count = self.counts.entry(prefix.to_owned()).or_default();
        *count += 1;
        let name = format!("{prefix}_{count}");
        self.names.insert(word.to_owned(), name.clone());
        name
    }
}

/// What stories have told on the database that came first, by the snapshot's name.
#[derive(Debug, Default)]
pub struct Told(HashMap<String, (Backend, String)>);

impl Told {
    /// Locks out the other stories, two of which write the same files, until dropped.
    pub fn alone() -> MutexGuard<'static, Self> {
        static TOLD: LazyLock<Mutex<Told>> = LazyLock::new(Mutex::default);
        TOLD.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if the story told something else on the other database. The file cannot tell while it is being written.
    pub fn compare(&mut self, snapshot: Snapshot) {
        let Snapshot { name, text, backend, .. } = snapshot;
        let (first, expected) = self.0.entry(name.clone()).or_insert((backend, text.clone()));
        assert!(*expected == text, "{name}: {first:?} answers\n{expected}\nbut {backend:?} answers\n{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_named_in_the_order_in_which_the_story_shows_them() {
        let story = Story::new("it::contact::a_sentence", Backend::Sqlite);
        let (ana, ben) = ("contact_0000000000000000000000000c", "contact_0000000000000000000000000a");
        let first = story.next_snapshot(&format!("GET /v1/contacts/{ana}"), &format!("\"{ben}\", org_x, is_it_{ana}"));
        assert_eq!(first.name, "contact__a_sentence__01");
        assert_eq!(first.description, "GET /v1/contacts/contact_1");
        assert_eq!(first.text, format!("\"contact_2\", org_x, is_it_{ana}"));
        let second = story.next_snapshot("", &format!("{ben} org_00000000000000000000000001."));
        assert_eq!((second.name.as_str(), second.text.as_str()), ("contact__a_sentence__02", "contact_2 org_1."));
    }

    #[test]
    #[should_panic(expected = "Sqlite answers\n1\nbut Postgres answers\n2")]
    fn a_difference_between_the_databases_fails() {
        let mut told = Told::default();
        told.compare(Story::new("it::a::b", Backend::Sqlite).next_snapshot("", "1"));
        told.compare(Story::new("it::a::b", Backend::Postgres).next_snapshot("", "2"));
    }
}
