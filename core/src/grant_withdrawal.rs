//! What ends with a grant, or with what it gave: who leads or takes part in service requests by it (S-7, C-15).

use crate::access::{HeldLevel, Standing};
use crate::actor::Actor;
use crate::change::{Authority, Change, Context};
use crate::handover::{First, HandedOver, Orphan, hand_over};
use crate::id::{AnyId, GrantId, OrganizationId};
use crate::participant::{self, Participant};
use crate::partner_grant::PartnerGrant;
use crate::point_of_contact::ENABLED;
use crate::service_request::{self, RequestFacts, ServiceRequest, updatable};
use crate::vocabulary::{GrantStatus, Involvement, Level};

/// Who leads a request by a grant, and takes part in requests by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hanging {
    /// The requests whose point of contact holds the grant, closed ones too, with that person as they are now.
    pub leads: Vec<(Orphan, Actor)>,
    /// The participations, with the request and the person as they are now.
    pub parts: Vec<(Participant, ServiceRequest, Actor)>,
}

/// What ended with a grant, or with what it gave.
#[derive(Debug, Default)]
pub struct Withdrawal {
    /// The participations that ended.
    pub participations: Vec<Change<Participant>>,
    /// The requests that have another point of contact.
    pub handed_over: HandedOver,
}

/// Ends what hangs on a grant where it gives `after` from now on: everything if that is nothing; else what the person or their
/// colleagues made and could not make now, while what the grantor's own people made stays.
pub(crate) fn withdraw(
    context: &Context,
    grant: &PartnerGrant,
    after: impl Fn(GrantId) -> Option<HeldLevel>,
    hanging: Hanging,
) -> Withdrawal {
    let grantor = grant.grantor.id;
    let authority = Authority { acting_for: grantor, grant: None };
    let giving = |behind: Option<GrantId>| behind.and_then(&after).filter(|held| held.level != Level::None);
    let is_over = |behind: Option<GrantId>, by: OrganizationId, could: &dyn Fn(HeldLevel) -> bool| match giving(behind)
    {
        None => true,
        Some(held) => by != grantor && !could(held),
    };
    let participations = hanging.parts.into_iter().filter_map(|(part, request, actor)| {
        let could = |held| could_join(held, &part, &request, &actor);
        is_over(part.grant, part.added_by.organization, &could)
            .then(|| participant::end(context, authority, part.clone()))
    });
    let participations = participations.collect();
    let handed_over = hanging.leads.into_iter().filter_map(|(orphan, actor)| {
        let admission = orphan.request.admission?;
        let could = |held| could_lead(held, &orphan.request, &actor);
        let gone = (actor.id(), AnyId::from(grant.id));
        // Who leads what is closed by a grant that gives nothing any more has nothing of it (S-7), and nobody has to take over.
        let is_past = orphan.request.closed_at.is_some() && giving(Some(admission.grant)).is_none();
        (!is_past && is_over(Some(admission.grant), admission.by, &could))
            .then(|| hand_over(context, authority, gone, First::Submitter, vec![orphan]))
    });
    let handed_over = handed_over.fold(HandedOver::default(), HandedOver::and);
    Withdrawal { participations, handed_over: handed_over.gathered() }
}

/// What somebody is to a request by a level alone, without taking part in it.
fn aside(held: HeldLevel, request: &ServiceRequest, actor: &Actor) -> RequestFacts {
    RequestFacts {
        actor: actor.clone(),
        standing: Standing::of(actor, request.organization.id, Some(held)),
        request: Some(request.clone()),
        role: None,
        lead_at_rest: true,
    }
}

/// Whether people who act by a grant could let somebody take part who may do this by it: only where it widens nothing (S-7).
fn could_join(held: HeldLevel, part: &Participant, request: &ServiceRequest, actor: &Actor) -> bool {
    let facts = aside(held, request, actor);
    match part.role {
        Some(Involvement::Cc) | None => service_request::view(&facts).is_ok(),
        Some(Involvement::Secondary | Involvement::PointOfContact) => updatable(&facts).is_ok(),
    }
}

/// Whether somebody who acts by a grant could submit a request and be its point of contact (S-2).
fn could_lead(held: HeldLevel, request: &ServiceRequest, actor: &Actor) -> bool {
    held.level >= ENABLED && updatable(&aside(held, request, actor)).is_ok()
}

/// Ends what hangs on a grant whose time is over (G-4): the server does it by itself, and it counts for nothing before (S-7).
pub fn expire(context: &Context, grant: &PartnerGrant, hanging: Hanging) -> Withdrawal {
    if grant.status(context.now) == GrantStatus::Live {
        return Withdrawal::default();
    }
    withdraw(context, grant, |_| None, hanging)
}
