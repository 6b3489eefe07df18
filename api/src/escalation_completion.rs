//! Completing an escalation: asked for by a duty manager, or by the server when its time has come (E-9, E-10).

use mandate_core::change::Context;
use mandate_core::contact_state::{DisableFacts, RecordIds, StateFacts};
use mandate_core::escalation::{self, Escalation, EscalationFacts, GRANT_MEMORY};
use mandate_core::escalation_case::Absence;
use mandate_core::escalation_completion::{self, CompleteFacts, Completed, Completion, CompletionIds, Departure};
use mandate_core::id::{ContactId, EscalationId, OrganizationId, PersonId};
use mandate_core::refusal::Refusal;
use mandate_core::time::Timestamp;
use mandate_storage::{ReadTx, WriteTx};

use crate::contact_state::save_disabled;
use crate::escalation_step::{follow, nominee_facts};
use crate::problem::Problem;
use crate::state::App;

/// How many service requests record those who left, at most: their numbers are drawn before the transaction begins.
pub(crate) fn records_needed(tx: &mut ReadTx<'_>, id: EscalationId) -> Result<usize, Problem> {
    let found = tx.escalation(id)?;
    let left = |one: &Escalation| one.case.unavailable.iter().filter(|one| one.reason == Absence::Left).count();
    Ok(found.as_ref().map_or(0, left))
}

/// Completes an escalation for whoever asks, or by the system.
///
/// *Shape*: `numbers` are as many as [`records_needed`] said; the answer is the escalation afterwards. Numbers that are not needed are
/// skipped.
pub(crate) fn complete(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    facts: EscalationFacts,
    mut numbers: Vec<i64>,
) -> Result<Escalation, Problem> {
    let by_system = context.actor.is_none();
    let present = if by_system {
        facts.escalation.clone().ok_or_else(Refusal::not_found)?
    } else {
        escalation::view(context.now, facts.clone())?.into_value()
    };
    let organization = present.organization.id;
    let facts = completion_facts(tx, facts, &present, (by_system, context.now))?;
    let ids = CompletionIds { contact: app.id(), welcome: app.welcome(context.now) };
    match escalation_completion::complete(context, facts, ids)? {
        Completion::Returned(change) => {
            tx.save_escalation(&change)?;
            follow(app, tx, context, &change)?;
            Ok(change.after().clone())
        }
        Completion::Done(done) => {
            tx.save_contact(&done.nominee)?;
            done.grants.iter().try_for_each(|grant| tx.save_partner_grant(grant))?;
            done.link.iter().try_for_each(|link| tx.save_link(link))?;
            tx.save_escalation(&done.escalation)?;
            depart_all(app, tx, context, organization, &done, &mut numbers)?;
            let covered = tx.contacts_to_review(organization)?;
            if let Some(review) = done.review(context, covered, app.id()) {
                tx.save_started_review(&review)?;
            }
            follow(app, tx, context, &done.escalation)?;
            Ok(done.escalation.after().clone())
        }
    }
}

fn completion_facts(
    tx: &mut ReadTx<'_>,
    facts: EscalationFacts,
    present: &Escalation,
    (by_system, now): (bool, Timestamp),
) -> Result<CompleteFacts, Problem> {
    let organization = present.organization.id;
    let nominee = nominee_facts(tx, present, now)?;
    let record = match nominee.existing.as_ref().map(|existing| (existing.person, existing.organization)) {
        Some((PersonId::Contact(id), place)) if place == organization => tx.contact(id)?,
        _ => None,
    };
    let approver = match present.state.approval() {
        Some(approval) => tx.actor(approval.by)?,
        None => None,
    };
    let mut still_there = Vec::new();
    for one in &present.case.unavailable {
        if tx.contact(one.contact)?.is_some_and(|contact| escalation_completion::is_present(&contact, organization)) {
            still_there.push(one.contact);
        }
    }
    let nobody = ContactId::from_u128(0);
    Ok(CompleteFacts {
        escalation: facts,
        by_system,
        approver,
        others: tx.others_than(record.as_ref().map_or(nobody, |record| record.id), organization)?,
        record,
        nominee,
        present: still_there,
        approver_granted: match present.state.approval() {
            Some(approval) => {
                let since = now.minus(GRANT_MEMORY);
                tx.held_grant_since(approval.by, organization, since)?
            }
            None => false,
        },
        is_in_review: tx.open_contact_review(organization)?.is_some(),
    })
}

/// Disables everybody who left, one after the other, each with facts that are read when the one before is gone.
fn depart_all(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    done: &Completed,
    numbers: &mut Vec<i64>,
) -> Result<(), Problem> {
    let leaving: Vec<ContactId> = done.departures.iter().map(Departure::contact).collect();
    for departure in &done.departures {
        let number =
            numbers.pop().ok_or_else(|| Problem::internal("a number for the record of a departure is missing"))?;
        let record = RecordIds { request: app.id(), number, message: app.id(), mail: app.id() };
        let facts = disable_facts(tx, context, organization, departure.contact())?;
        let disabled = escalation_completion::depart(context, departure, &leaving, facts, record)?;
        save_disabled(tx, &disabled, context.now)?;
    }
    Ok(())
}

/// What must be known to disable a contact; who acts is said by the departure.
fn disable_facts(
    tx: &mut ReadTx<'_>,
    context: &Context,
    organization: OrganizationId,
    id: ContactId,
) -> Result<DisableFacts, Problem> {
    let contact = tx.contact(id)?;
    let (actor, _) = tx.actor(id.into())?.ok_or_else(Refusal::not_found)?;
    let standing = tx.standing(&actor, organization, context.now)?;
    crate::contact_state::disable_facts(tx, context.now, StateFacts { actor, standing, contact })
}
