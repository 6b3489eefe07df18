//! Training notes: staff mark that a designated contact lacks training for its part of the product (C-21).

use crate::access::{Action, require};
use crate::change::{Change, Context};
use crate::contact::{self, Contact, Training};
use crate::contact_state::StateFacts;
use crate::journal::EventKind;
use crate::organization::expect_version;
use crate::refusal::{Code, Refusal};
use crate::say;
use crate::text::Note;
use crate::vocabulary::Vocabulary as _;

/// Whether a contact lacks training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteTraining {
    /// What is missing; none if nothing is.
    pub note: Option<Note>,
    /// The version that the staff member saw.
    pub expected_version: Option<i64>,
}

/// Notes that a contact lacks training, or that they do not any more. The same note again changes nothing.
///
/// *Decides*: visible? staff of the desk? version? designated, and active or invited, if they are to be marked?
pub fn note(context: &Context, facts: StateFacts, command: NoteTraining) -> Result<Change<Contact>, Refusal> {
    let before = contact::view(&facts.actor, &facts.standing, facts.contact)?.into_value();
    require(&facts.standing, Action::NoteTraining, before.organization)?;
    expect_version(command.expected_version, before.version)?;
    if command.note.is_some() && !before.is_designated() {
        let detail = say!(
            "`{name}` is `{status}` with permission `{permission}`: only active or invited contacts with `designated_support` or above have \
             training to lack",
            name = before.name(),
            status = before.status.name(),
            permission = before.permission.name()
        );
        return Err(Refusal::new(Code::TrainingNotApplicable, detail).at("#/needed"));
    }
    let is_known = |note: &Note| before.training.as_ref().is_some_and(|training| training.note == *note);
    let training = match command.note {
        Some(note) if is_known(&note) => before.training.clone(),
        Some(note) => Some(Training { note, at: context.now, by: facts.actor.id() }),
        None => None,
    };
    let authority = facts.standing.authority(before.organization);
    let after = Contact { training, ..before.clone() };
    Ok(Change::update(context, authority, EventKind::ContactTrainingNoted, before, after))
}
