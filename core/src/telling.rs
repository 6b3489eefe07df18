//! What is told later, by the server itself: requests for grants, grants that end, people who join a partner (G-9, G-11, G-18).
//!
//! A change says from when on there is something to tell of a thing. At that moment it is decided, on the facts as they are then,
//! what that is and to whom. So a write need not find out whom it concerns, and neither its answer nor its duration shows whether
//! that is anybody.

use crate::change::Context;
use crate::contact::Contact;
use crate::id::{AnyId, PersonId};
use crate::journal::Entry;
use crate::time::Timestamp;
use crate::vocabulary::MailKind;

/// How many people of one side are told of one thing, by name.
pub const TOLD_MAX: usize = 20;

/// What a change does to the moment at which its thing is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// It stays as it is, also where there is none.
    Keep,
    /// It is told of from this moment on, and at no other.
    At(Timestamp),
    /// There is nothing to tell any more.
    Never,
}

/// An email that is owed. Whether its receiver may still have it is decided when it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// What it says.
    pub kind: MailKind,
    /// Who gets it.
    pub to: PersonId,
    /// The thing that it is about.
    pub about: AnyId,
}

/// What is told of a thing at one moment, and when to look at it again. Made by this crate alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    at: Timestamp,
    entries: Vec<Entry>,
    letters: Vec<Letter>,
    next: Option<Timestamp>,
}

impl Telling {
    /// Nothing to tell, now or later.
    pub(crate) fn nothing(context: &Context) -> Self {
        Self { at: context.now, entries: Vec::new(), letters: Vec::new(), next: None }
    }

    /// Adds what goes into the journals.
    #[must_use]
    pub(crate) fn write(mut self, entries: impl IntoIterator<Item = Entry>) -> Self {
        self.entries.extend(entries);
        self
    }

    /// Adds an email of a kind to each of these people.
    #[must_use]
    pub(crate) fn send(mut self, kind: MailKind, about: AnyId, to: impl IntoIterator<Item = PersonId>) -> Self {
        self.letters.extend(to.into_iter().map(|to| Letter { kind, to, about }));
        self
    }

    /// Says when to look at the thing again.
    #[must_use]
    pub(crate) fn again(self, next: Option<Timestamp>) -> Self {
        Self { next, ..self }
    }

    /// When it is told.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// What goes into the journals.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Which emails are owed.
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }

    /// When to look at the thing again; never, if there is none.
    pub fn next(&self) -> Option<Timestamp> {
        self.next
    }
}

/// The contact managers whom to write an email of a kind: those who want such emails, at most [`TOLD_MAX`], in the given order.
pub(crate) fn managers(kind: MailKind, managers: &[Contact]) -> impl Iterator<Item = PersonId> + '_ {
    let wanting = managers.iter().filter(move |manager| manager.is_active_manager() && manager.preferences.wants(kind));
    wanting.take(TOLD_MAX).map(|manager| manager.id.into())
}
