//! Escalations whose time has come: the server completes them, or writes down that they lapsed (E-5, E-9).
//!
//! Each is settled in a transaction of its own, behind the fence of its organization, on what is so then: of any number of servers one
//! does it, and the others find nothing to do.

use mandate_core::change::{Context, Origin};
use mandate_core::escalation::{Escalation, State};
use mandate_core::escalation_step;
use mandate_core::id::EscalationId;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::OrganizationStatus;
use mandate_storage::{ReadTx, StorageError, WriteTx};

use crate::escalation::{facts_of, fence};
use crate::escalation_completion::{complete, records_needed};
use crate::escalation_step::follow;
use crate::problem::Problem;
use crate::state::App;

/// Escalations that are looked at in one round.
const AT_ONCE: i64 = 20;

/// Settles what is due, and says how many escalations that were. One that fails holds up no other, and is tried again.
pub(crate) fn settle(app: &App) -> Result<usize, StorageError> {
    let now = app.now();
    let due = app.store.read::<_, StorageError>(|tx| tx.due_escalations(now, AT_ONCE))?;
    let mut settled = 0;
    for id in due {
        match settle_one(app, id, now) {
            Ok(true) => settled += 1,
            Ok(false) => {}
            Err(problem) => {
                tracing::warn!(%id, %problem, "a due escalation could not be settled; it will be tried again");
            }
        }
    }
    Ok(settled)
}

/// Settles one escalation; false if somebody else did.
fn settle_one(app: &App, id: EscalationId, now: Timestamp) -> Result<bool, Problem> {
    let needed = app.store.read(|tx| records_needed(tx, id))?;
    let mut numbers = Vec::with_capacity(needed);
    for _ in 0..needed {
        numbers.push(app.numbers.reserve(&app.store)?);
    }
    let context = Context { actor: None, now, origin: Origin::default() };
    let done = app.store.write(|mut unlocked| {
        let fence = fence(&mut unlocked, id)?;
        let mut tx = unlocked.lock(&fence)?;
        match tx.escalation(id)? {
            Some(found) => settle_found(app, &mut tx, &context, found, &numbers),
            None => Ok(false),
        }
    });
    if !matches!(done, Ok(true)) {
        numbers.into_iter().rev().for_each(|number| app.numbers.give_back(number));
    }
    done
}

fn settle_found(
    app: &App,
    tx: &mut WriteTx<'_>,
    context: &Context,
    found: Escalation,
    numbers: &[i64],
) -> Result<bool, Problem> {
    if let Some(lapsed) = escalation_step::lapse(context, found.clone()) {
        tx.save_escalation(&lapsed)?;
        follow(app, tx, context, &lapsed)?;
        return Ok(true);
    }
    let State::Approved(approval) = &found.state else { return Ok(false) };
    if context.now < approval.completes_at || approval.rests_since.is_some() || is_suspended(tx, &found)? {
        return Ok(false);
    }
    // It is carried out on the approver's authority, as it is now.
    let Some((approver, _)) = tx.actor(approval.by)? else {
        return Err(Problem::internal("whoever approved an escalation does not exist"));
    };
    let facts = facts_of(tx, &approver, context.now, Some(found))?;
    complete(app, tx, context, facts, numbers.to_vec()).map(|_| true)
}

/// Whether the organization is suspended, so that the waiting period rests (E-7).
fn is_suspended(tx: &mut ReadTx<'_>, escalation: &Escalation) -> Result<bool, Problem> {
    let organization = tx.organization(escalation.organization.id)?;
    Ok(organization.is_some_and(|organization| organization.status == OrganizationStatus::Suspended))
}
