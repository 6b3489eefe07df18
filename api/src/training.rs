//! Training notes over HTTP (C-21).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use mandate_core::change::Context;
use mandate_core::id::{ContactId, ContactKind};
use mandate_core::say;
use mandate_core::text::{Flaw, NOTE_MAX, Note};
use mandate_core::training::{self, NoteTraining};
use mandate_storage::{Unlocked, WriteTx};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::IfMatch;
use crate::contact::{ContactView, fence};
use crate::contact_state::state_facts;
use crate::extract::{Body, PathId};
use crate::input::Errors;
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::ContactIdWire;

/// Whether a contact lacks training.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"needed": true, "note": "has not seen the new console"}))]
pub struct NoteTrainingBody {
    /// Whether they do; `true` if absent.
    #[schema(nullable = false, example = true)]
    needed: Option<bool>,
    /// What is missing; must be given if training is needed, and left out if not.
    #[validate(length(max = NOTE_MAX))]
    #[schema(min_length = 1, max_length = 2000, example = "has not seen the new console")]
    note: Option<String>,
}

impl NoteTrainingBody {
    fn into_command(self, mut errors: Errors) -> Result<NoteTraining, Problem> {
        let note = if self.needed.unwrap_or(true) {
            errors.required("/note", &self.note, Note::parse)
        } else {
            if self.note.is_some() {
                errors.add("/note", Flaw::new("must_be_absent", say!("is for training that is needed: leave it out")));
            }
            None
        };
        errors.finish(|| Some(NoteTraining { note, expected_version: None }))
    }
}

/// Note that a contact lacks training
///
/// For agents and duty managers, of contacts with `designated_support` or above who are active or invited. A new note takes
/// the place of the old one. `needed: false` clears it, whoever they are by then.
#[utoipa::path(tag = "contacts", operation_id = "noteContactTraining", request_body = NoteTrainingBody,
    params(("contact_id" = ContactIdWire, Path, description = "The contact.")),
    responses((status = 200, description = "The contact.", body = ContactView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "training_not_applicable"]))))]
#[post("/v1/contacts/{contact_id}/training")]
pub(crate) async fn note_contact_training(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ContactKind>,
    if_match: IfMatch,
    body: Body<NoteTrainingBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| note(tx, context, id.0, &if_match, &wanted);
    let caller = caller.with_body(body.digest);
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}

fn note(
    tx: &mut WriteTx<'_>,
    context: &Context,
    id: ContactId,
    if_match: &IfMatch,
    wanted: &NoteTraining,
) -> Result<Answer, Problem> {
    let facts = state_facts(tx, context, id)?;
    let expected_version = expected(if_match, facts.contact.as_ref().map(|contact| contact.version));
    let change = training::note(context, facts, NoteTraining { expected_version, ..wanted.clone() })?;
    tx.save_contact(&change)?;
    Answer::ok(change.after().version, id, &ContactView::of(change.after(), context.signed_in()?))
}
