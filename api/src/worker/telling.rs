//! Telling what there is to tell: it is decided anew on the facts of the moment, and written down as journal entries and emails
//! that are owed (G-9, G-11, G-18).
//!
//! Each thing is told of in one transaction, which takes the telling first: any number of servers tell it once.

use std::time::Duration;

use mandate_core::change::{Context, Origin};
use mandate_core::contact::Contact;
use mandate_core::grant_reminder::{self, ReminderFacts};
use mandate_core::grant_request_notice::{self, NoticeFacts};
use mandate_core::grant_withdrawal;
use mandate_core::id::{GrantId, GrantRequestId, OrganizationId, RosterId};
use mandate_core::partner_grant::{Grantee, PartnerGrant};
use mandate_core::roster::{self, GRANTORS_AT_ONCE, RosterFacts};
use mandate_core::telling::Telling;
use mandate_core::time::Span;
use mandate_core::vocabulary::GrantStatus;
use mandate_storage::{DueTelling, Fence, ReadTx, StorageError, Unlocked, WriteTx};
use tokio::time::sleep;

use super::Worker;
use crate::shutdown::Shutdown;

/// How long to wait when there is nothing to tell.
const PAUSE: Duration = Duration::from_millis(500);
/// Things that are looked at in one round.
const AT_ONCE: i64 = 20;
/// How long something waits that could not be told.
const PUT_OFF: Span = Span::minutes(1);

impl Worker {
    pub(super) async fn tell_until(&self, shutdown: &Shutdown) {
        while !shutdown.is_begun() {
            let told = self.note("what there is to tell", self.in_thread(Self::tell_due).await).unwrap_or_default();
            if told > 0 {
                self.outbox.wake();
            }
            if told == AT_ONCE {
                continue;
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = shutdown.begun() => {}
            }
        }
    }

    /// Tells what is due, and says how many things it looked at. What fails is put off, so that it does not hold up the rest.
    pub(super) fn tell_due(&self) -> Result<i64, StorageError> {
        let due = self.store.read::<_, StorageError>(|tx| tx.due_tellings(self.clock.now(), AT_ONCE))?;
        let mut looked_at = 0;
        for due in due {
            looked_at += 1;
            if let Err(error) = self.tell(&due) {
                tracing::warn!(about = %due.about, %error, "not told; it will be tried again");
                let until = self.clock.now().plus(PUT_OFF);
                self.store
                    .write::<_, StorageError>(|unlocked| unlocked.lock(&Fence::new())?.postpone_telling(&due, until))?;
            }
        }
        Ok(looked_at)
    }

    fn tell(&self, due: &DueTelling) -> Result<(), StorageError> {
        let context = Context { actor: None, now: self.clock.now(), origin: Origin::default() };
        self.store.write(|mut unlocked| {
            let fence = fence(&mut unlocked, due)?;
            let mut tx = unlocked.lock(&fence)?;
            if !tx.take_telling(due)? {
                return Ok(());
            }
            let telling = decide(&mut tx, &context, due)?;
            tx.tell(due, &telling)
        })
    }
}

/// Those whose grants, requests and people must hold still. The customers who are told of a roster need not: whether one of them
/// is told is decided again when the email leaves.
fn fence(unlocked: &mut Unlocked<'_>, due: &DueTelling) -> Result<Fence, StorageError> {
    let sides: Vec<OrganizationId> = if let Some(id) = due.about.as_id() {
        unlocked.organization_of_grant(id)?.into_iter().collect()
    } else if let Some(id) = due.about.as_id() {
        let sides = unlocked.sides_of_grant_request(id)?;
        sides.into_iter().flat_map(|(partner, grantor)| std::iter::once(partner).chain(grantor)).collect()
    } else if let Some(id) = due.about.as_id() {
        unlocked.organization_of_roster(id)?.into_iter().collect()
    } else {
        Vec::new()
    };
    Ok(sides.into_iter().fold(Fence::new(), |fence, side| fence.uses(side)))
}

fn decide(tx: &mut WriteTx<'_>, context: &Context, due: &DueTelling) -> Result<Telling, StorageError> {
    if let Some(id) = due.about.as_id() {
        let facts = reminder_facts(tx, id)?;
        end_what_hangs(tx, context, facts.grant.as_ref())?;
        return Ok(grant_reminder::remind(context, facts));
    }
    if let Some(id) = due.about.as_id() {
        return Ok(grant_request_notice::tell(context, notice_facts(tx, context, id)?));
    }
    if let Some(id) = due.about.as_id() {
        let step = roster::tell(context, roster_facts(tx, id)?);
        tx.save_roster_step(&step)?;
        return Ok(step.telling().clone());
    }
    Err(StorageError::Unexpected(format!("there is nothing to tell of `{}`", due.about)))
}

/// Ends what hangs on a grant whose time is over (S-7). It counts for nothing before: this gives the requests to others.
fn end_what_hangs(tx: &mut WriteTx<'_>, context: &Context, grant: Option<&PartnerGrant>) -> Result<(), StorageError> {
    let Some(grant) = grant.filter(|grant| grant.status(context.now) != GrantStatus::Live) else { return Ok(()) };
    let hanging = tx.hanging_on(&[grant.id], None)?;
    tx.save_withdrawal(&grant_withdrawal::expire(context, grant, hanging), context.now)
}

fn reminder_facts(tx: &mut ReadTx<'_>, id: GrantId) -> Result<ReminderFacts, StorageError> {
    let grant = tx.partner_grant(id)?;
    let holder = grant.as_ref().and_then(|grant| match &grant.grantee {
        Grantee::Organization(holder) => Some(holder.id),
        Grantee::Person(_) => None,
    });
    Ok(ReminderFacts {
        grantors: managers(tx, grant.as_ref().map(|grant| grant.grantor.id))?,
        holders: managers(tx, holder)?,
        grant,
    })
}

fn notice_facts(tx: &mut ReadTx<'_>, context: &Context, id: GrantRequestId) -> Result<NoticeFacts, StorageError> {
    let request = tx.grant_request(id)?;
    let grantor = request.as_ref().and_then(|request| request.grantor.as_ref()).map(|grantor| grantor.id);
    Ok(NoticeFacts {
        managers: managers(tx, grantor)?,
        older: match &request {
            Some(request) => tx.older_grant_request(request, context.now)?,
            None => None,
        },
        request,
    })
}

fn roster_facts(tx: &mut ReadTx<'_>, id: RosterId) -> Result<RosterFacts, StorageError> {
    let Some(roster) = tx.roster(id)? else {
        return Ok(RosterFacts { roster: None, movements: roster::Movements::default(), grants: Vec::new() });
    };
    let grants = tx.grants_to_organization(roster.organization.id, roster.told_up_to, GRANTORS_AT_ONCE)?;
    let grants = grants.into_iter().map(|grant| {
        let managers = tx.contact_managers(grant.grantor.id)?;
        Ok((grant, managers))
    });
    Ok(RosterFacts {
        grants: grants.collect::<Result<_, StorageError>>()?,
        movements: tx.movements(&roster)?,
        roster: Some(roster),
    })
}

fn managers(tx: &mut ReadTx<'_>, organization: Option<OrganizationId>) -> Result<Vec<Contact>, StorageError> {
    organization.map_or_else(|| Ok(Vec::new()), |organization| tx.contact_managers(organization))
}
