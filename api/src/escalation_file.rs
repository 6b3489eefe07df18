//! The case file of an escalation: everything that is known of it, to be printed and kept.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::escalation::{self, Escalation};
use mandate_core::id::{AnyId, EscalationKind, PersonId};
use mandate_core::vocabulary::Vocabulary as _;
use mandate_storage::{EscalationNotice, JournalEntry, ReadTx};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::attachment::AttachmentView;
use crate::caller::Caller;
use crate::escalation::{facts, shown};
use crate::escalation_view::{EscalationView, VerificationView, verification};
use crate::extract::PathId;
use crate::person::PersonRefView;
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{AnyIdWire, EscalationIdWire, EventIdWire, OrganizationIdWire, PersonIdWire, TimestampWire};

/// Notices, and entries about one thing, at most.
const ROWS_MAX: i64 = 10_000;

/// A step, with who took it, when, and by what evidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseFileStepView {
    /// What happened, as in the journal.
    #[schema(example = "escalation.verified")]
    kind: String,
    /// When.
    at: TimestampWire,
    /// Who; `null` for the system.
    #[schema(required = true)]
    by: Option<PersonRefView>,
    /// Where the escalation stood afterwards, if the step changed that.
    #[schema(required = true, example = "in_review")]
    status: Option<String>,
    /// Why, or what was asked for.
    #[schema(required = true, example = "the signature cannot be read")]
    reason: Option<String>,
    /// What was verified then and still is, with method and evidence.
    verified: Vec<VerificationView>,
}

/// An email that left.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseFileNoticeView {
    /// What it was about, as in its header `X-Mandate-Kind`.
    #[schema(example = "escalation_notice")]
    kind: String,
    /// Whom it went to.
    person_id: PersonIdWire,
    /// Their address then.
    #[schema(format = "email", example = "dan.diaz@acme.example")]
    address: String,
    /// When.
    sent_at: TimestampWire,
}

/// An audit entry, with the hashes that chain it to the one before.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseFileEntryView {
    /// Its id.
    id: EventIdWire,
    /// In whose journal it stands.
    organization_id: OrganizationIdWire,
    /// Its place there, from 1 without gaps.
    #[schema(minimum = 1, example = 42)]
    sequence: i64,
    /// What happened.
    #[schema(example = "escalation.approved")]
    kind: String,
    /// When.
    at: TimestampWire,
    /// Who did it; `null` for the system.
    #[schema(required = true)]
    actor_id: Option<PersonIdWire>,
    /// To what.
    subject_id: AnyIdWire,
    /// The members that changed, as they were.
    #[schema(value_type = Object)]
    before: Map<String, Value>,
    /// The members that changed, as they are.
    #[schema(value_type = Object)]
    after: Map<String, Value>,
    /// SHA-256 of the entry and of the hash before it, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    hash: String,
    /// The hash of the entry before.
    #[schema(example = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")]
    previous_hash: String,
}

/// Everything that is known of an escalation.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseFileView {
    /// The escalation, with the letter's data, the nominee, and what was verified.
    escalation: EscalationView,
    /// The letter, with the digest of each file.
    attachments: Vec<AttachmentView>,
    /// Every step, oldest first.
    steps: Vec<CaseFileStepView>,
    /// Every email that left, oldest first.
    notices: Vec<CaseFileNoticeView>,
    /// The audit entries about the escalation and its letter, oldest first.
    audit: Vec<CaseFileEntryView>,
}

impl From<&EscalationNotice> for CaseFileNoticeView {
    fn from(notice: &EscalationNotice) -> Self {
        Self {
            kind: notice.kind.name().to_owned(),
            person_id: notice.to.into(),
            address: notice.address.clone(),
            sent_at: notice.sent_at.into(),
        }
    }
}

fn members(text: &str) -> Result<Map<String, Value>, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::internal(format!("a journal entry cannot be read: {error}")))
}

fn entry(entry: &JournalEntry) -> Result<CaseFileEntryView, Problem> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(CaseFileEntryView {
        id: entry.id.into(),
        organization_id: entry.organization.into(),
        sequence: entry.sequence,
        kind: entry.kind.name().to_owned(),
        at: entry.at.into(),
        actor_id: entry.actor.map(Into::into),
        subject_id: entry.subject.into(),
        before: members(&entry.before)?,
        after: members(&entry.after)?,
        hash: hex(&entry.hash),
        previous_hash: hex(&entry.previous_hash),
    })
}

fn step(tx: &mut ReadTx<'_>, escalation: &Escalation, entry: &JournalEntry) -> Result<CaseFileStepView, Problem> {
    let after = members(&entry.after)?;
    let word = |name: &str| after.get(name).and_then(Value::as_str).map(str::to_owned);
    let then = |by: Option<PersonId>| {
        escalation.verified.iter().filter(move |one| one.at == entry.at && Some(one.by.id) == by)
    };
    let by = match entry.actor {
        Some(person) => tx.actor(person)?.map(|(actor, _)| PersonRefView::from(&actor.reference())),
        None => None,
    };
    Ok(CaseFileStepView {
        kind: entry.kind.name().to_owned(),
        at: entry.at.into(),
        by,
        status: word("status"),
        reason: word("reason").or_else(|| word("resume_reason")),
        verified: then(entry.actor).map(|one| verification(one, true)).collect(),
    })
}

/// Read the case file of an escalation
///
/// For the staff who look after customers: the letter's data, its files with their digests, every step with who took it, when, by which
/// method and evidence, every email with its address and time, and the audit entries with their hashes.
#[utoipa::path(tag = "escalations", operation_id = "getEscalationCaseFile",
    params(("escalation_id" = EscalationIdWire, Path, description = "The escalation.")),
    responses((status = 200, description = "The case file.", body = CaseFileView), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/escalations/{escalation_id}/case-file")]
pub(crate) async fn get_escalation_case_file(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<EscalationKind>,
) -> Result<HttpResponse, Problem> {
    let reading = Arc::clone(&app);
    let view = app
        .read(caller, move |tx, asker| {
            let facts = facts(tx, &asker.actor, asker.now, id.0)?;
            let escalation = escalation::view_case_file(asker.now, facts)?.into_value();
            let files = tx.attachments_among(&escalation.case.letter.attachments)?;
            let organization = escalation.organization.id;
            let own = tx.journal_of_subject(organization, escalation.id.into(), 0, ROWS_MAX)?;
            let steps = own.iter().map(|entry| step(tx, &escalation, entry)).collect::<Result<_, _>>()?;
            let mut entries = own;
            for file in &files {
                entries.extend(tx.journal_of_subject(organization, AnyId::from(file.id), 0, ROWS_MAX)?);
            }
            entries.sort_by_key(|entry| entry.sequence);
            Ok(CaseFileView {
                escalation: shown(&reading, tx, (&asker.actor, asker.now), &escalation)?,
                attachments: files.iter().map(AttachmentView::from).collect(),
                steps,
                notices: tx.escalation_notices(escalation.id, ROWS_MAX)?.iter().map(Into::into).collect(),
                audit: entries.iter().map(entry).collect::<Result<_, _>>()?,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}
