//! How a decision is climbed, and how what it decided is written down.

use std::fmt::{Debug, Display};

use mandate_core::change::{Change, Origin, Recorded};
use mandate_core::id::AnyId;
use mandate_core::journal::{Entry, Fact};
use mandate_core::refusal::{Code, Extra, Refusal, Requirement};
use mandate_core::telling::Telling;
use mandate_core::vocabulary::Vocabulary as _;

use crate::world::{CUSTOMER, NOW, origin};

/// One check of a decision: the refusal that it answers until the world is repaired.
pub(crate) struct Rung<W> {
    code: Code,
    pointer: Option<&'static str>,
    extras: Vec<Extra>,
    repair: fn(&mut W),
}

/// A check that answers this code.
pub(crate) fn trips<W>(code: Code) -> Rung<W> {
    Rung { code, pointer: None, extras: Vec::new(), repair: |_| {} }
}

/// A check that answers what the access table denies (X-3a), towards the customer.
pub(crate) fn lacks<W>(requirement: Requirement) -> Rung<W> {
    let ask = Extra::AskContactManagersOf(CUSTOMER);
    let (code, extras) = match requirement {
        Requirement::PrimarySupport => (Code::PrimarySupportContactRequired, vec![Extra::Required(requirement), ask]),
        Requirement::Roles(_) => (Code::StaffOnly, vec![Extra::Required(requirement)]),
        Requirement::Permission(_) => (Code::PermissionRequired, vec![Extra::Required(requirement), ask]),
        // Who lacks a level does not see the contact managers either, but can ask for a grant.
        Requirement::Level(_) => (Code::PermissionRequired, vec![Extra::Required(requirement), Extra::AskForGrant]),
    };
    Rung { code, pointer: None, extras, repair: |_| {} }
}

impl<W> Rung<W> {
    /// The member of the body that is to blame.
    pub(crate) fn at(self, pointer: &'static str) -> Self {
        Self { pointer: Some(pointer), ..self }
    }

    /// A further member of the answer.
    pub(crate) fn with(mut self, extra: Extra) -> Self {
        self.extras.push(extra);
        self
    }

    /// What lets the world pass this check.
    pub(crate) fn until(self, repair: fn(&mut W)) -> Self {
        Self { repair, ..self }
    }
}

/// Climbs a decision: the world begins with everything wrong; rung by rung the decision answers exactly that rung's
/// refusal, and then what is wrong there is repaired. Because all that is wrong higher up is still wrong, this holds
/// the order of the checks as well. Returns what the decision says at the top.
pub(crate) fn climb<W: Clone, T: Debug>(
    mut world: W,
    decide: impl Fn(W) -> Result<T, Refusal>,
    rungs: impl IntoIterator<Item = Rung<W>>,
) -> T {
    for (index, rung) in rungs.into_iter().enumerate() {
        let row = index + 1;
        let refusal = match decide(world.clone()) {
            Ok(answer) => panic!("row {row} should answer `{}`, but succeeds: {answer:?}", rung.code.name()),
            Err(refusal) => refusal,
        };
        assert_eq!(refusal.code, rung.code, "row {row}: {refusal}");
        assert_eq!(refusal.pointer, rung.pointer, "row {row}: {refusal}");
        assert_eq!(refusal.extras, rung.extras, "row {row}: {refusal}");
        assert_readable(&refusal);
        (rung.repair)(&mut world);
    }
    decide(world).unwrap_or_else(|refusal| panic!("the last row should succeed: {refusal}"))
}

/// The refusal of a decision that must not succeed.
pub(crate) fn refusal<T: Debug>(answer: Result<T, Refusal>) -> Refusal {
    let refusal = answer.expect_err("a refusal");
    assert_readable(&refusal);
    refusal
}

/// The code of a decision that must not succeed.
pub(crate) fn code<T: Debug>(answer: Result<T, Refusal>) -> Code {
    refusal(answer).code
}

/// Details are for people: not empty, without a full stop at the end.
fn assert_readable(refusal: &Refusal) {
    let detail = refusal.detail.to_string();
    assert!(!detail.is_empty() && !detail.ends_with('.'), "{refusal}");
}

/// An id without its leading zeros: `org_1`.
pub(crate) fn short(id: impl Display) -> String {
    let text = id.to_string();
    match text.split_once('_') {
        Some((prefix, suffix)) => format!("{prefix}_{}", suffix.trim_start_matches('0')),
        None => text,
    }
}

/// What a change writes into the journal: one line per entry, then one per member that changed.
///
/// Holds on the way what is true of every change: one entry about this thing, at this moment, from this place, in
/// the journal of the thing's organization; before and after are exactly the members that differ; the version grows by
/// one; and nothing at all is written where nothing changed.
pub(crate) fn written<T: Recorded + Debug>(change: &Change<T>) -> Vec<String> {
    let after = change.after();
    assert_eq!(change.is_effective(), !change.entries().is_empty());
    let Some(entry) = change.entries().first() else {
        assert_eq!(change.before().map(Recorded::snapshot), Some(after.snapshot()));
        assert_eq!(change.before().map(Recorded::version), Some(after.version()));
        return Vec::new();
    };
    // Behind it there are only critical findings that it opened or cleared (section 6), and copies for another journal.
    let is_copy = |other: &Entry| Entry { organization: entry.organization, ..other.clone() } == *entry;
    let is_finding = |other: &Entry| other.kind.name().starts_with("readiness.finding_");
    assert!(change.entries().iter().skip(1).all(|other| is_copy(other) || is_finding(other)));
    // What another organization's people did is told without where they were.
    let address = origin().address.filter(|_| entry.actor.is_some() || entry.origin.address.is_some());
    assert_eq!((entry.at, &entry.origin), (NOW, &Origin { address, ..origin() }));
    assert_eq!((entry.subject, entry.organization), (after.subject(), after.journal_of()));
    let (old, new) = match change.before() {
        None => (Vec::new(), after.snapshot()),
        Some(before) => {
            let pairs = before.snapshot().into_iter().zip(after.snapshot());
            pairs.filter(|(old, new)| old != new).unzip()
        }
    };
    assert_eq!((&entry.before, &entry.after), (&old, &new));
    assert_eq!(change.before().map_or(1, |before| before.version() + 1), after.version());
    let head = format!(
        "{} in {} by {} for {}{}",
        entry.kind.name(),
        short(entry.organization),
        entry.actor.map_or("the system".to_owned(), short),
        short(entry.authority.acting_for),
        entry.authority.grant.map(|grant| format!(" by {}", short(grant))).unwrap_or_default()
    );
    let members = old.iter().zip(&new).map(|((name, old), (_, new))| format!("{name}: {} -> {}", fact(old), fact(new)));
    let further = change.entries().iter().skip(1).map(|entry| {
        let codes = entry.before.iter().chain(&entry.after).filter(|(name, _)| *name == "code");
        let codes = codes.map(|(_, code)| format!(" {}", fact(code))).collect::<String>();
        format!("{}{codes} in {}", entry.kind.name(), short(entry.organization))
    });
    std::iter::once(head).chain(members).chain(further).collect()
}

fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Null => "nothing".to_owned(),
        Fact::Flag(flag) => flag.to_string(),
        Fact::Number(number) => number.to_string(),
        Fact::Text(text) if AnyId::parse(text).is_some() => short(text),
        Fact::Text(text) => text.clone(),
        Fact::Texts(texts) => texts.join(" "),
    }
}

/// What a telling writes into the journals and which emails it owes, one line each.
pub(crate) fn told(telling: &Telling) -> Vec<String> {
    assert_eq!(telling.at(), NOW);
    assert!(telling.entries().iter().all(|entry| (entry.at, entry.actor, entry.authority.grant) == (NOW, None, None)));
    let entries = telling.entries().iter().map(|entry| {
        let members = entry.after.iter().map(|(name, value)| format!(" {name}={}", fact(value)));
        let (kind, place, subject) = (entry.kind.name(), short(entry.organization), short(entry.subject));
        format!("{kind} of {subject} in {place}:{}", members.collect::<String>())
    });
    let letters = telling
        .letters()
        .iter()
        .map(|letter| format!("{} to {} about {}", letter.kind.name(), short(letter.to), short(letter.about)));
    entries.chain(letters).collect()
}

/// The emails that a change owes, one line each.
pub(crate) fn mails<T>(change: &Change<T>) -> Vec<String> {
    change
        .notices()
        .iter()
        .map(|notice| {
            let about = notice.about.map(|about| format!(" about {}", short(about))).unwrap_or_default();
            let link = notice.link.map(|link| format!(" with {}", short(link))).unwrap_or_default();
            format!("{}: {} to {}{about}{link}", short(notice.id), notice.kind.name(), short(notice.to))
        })
        .collect()
}
