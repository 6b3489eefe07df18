//! What hangs on a contact, and ends or goes to others when they are disabled, go to another organization, or may only read the
//! knowledge base from now on (C-14, C-15, G-12).

use crate::change::{Authority, Change, Context};
use crate::contact::Contact;
use crate::grant_request::{self, GrantRequest};
use crate::grant_rest::{self, Individual};
use crate::handover::{First, HandedOver, Orphan, hand_over};
use crate::id::GrantId;
use crate::participant::{self, Participant};
use crate::partner_grant::PartnerGrant;

/// What hangs on a contact.
#[derive(Debug, Clone, Default)]
pub struct Ties {
    /// The individual grants to them that have no ending.
    pub grants: Vec<Individual>,
    /// The requests that are not closed and whose point of contact they are.
    pub leads: Vec<Orphan>,
    /// How they take part in service requests.
    pub participations: Vec<Participant>,
    /// The requests for grants without a decision that they made, or that were made for them.
    pub grant_requests: Vec<GrantRequest>,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Untied {
    /// The individual grants.
    pub grants: Vec<Change<PartnerGrant>>,
    /// The requests whose point of contact they were.
    pub handed_over: HandedOver,
    /// How they took part in service requests.
    pub participations: Vec<Change<Participant>>,
    /// The requests for grants.
    pub grant_requests: Vec<Change<GrantRequest>>,
}

/// Unties a contact who is disabled: grants to them end or rest, and everything else ends or goes to others (C-15, G-12).
pub(crate) fn untie(
    context: &Context,
    authority: Authority,
    contact: &Contact,
    ties: Ties,
    first: First<'_>,
) -> Untied {
    let (grants, rest) = (ties.grants, Ties { grants: Vec::new(), ..ties });
    let ended = grants.into_iter().map(|grant| grant_rest::end(context, authority, grant)).collect();
    Untied { grants: ended, ..loosen(context, authority, contact, rest, first) }
}

/// Unties a contact who goes to another organization as another record: grants that take away follow them (C-14, G-12).
pub(crate) fn untie_to(context: &Context, authority: Authority, contact: &Contact, to: &Contact, ties: Ties) -> Untied {
    let (grants, rest) = (ties.grants, Ties { grants: Vec::new(), ..ties });
    let followed = grants.into_iter().map(|grant| grant_rest::follow(context, grant, to)).collect();
    Untied { grants: followed, ..loosen(context, authority, contact, rest, First::Submitter) }
}

/// Unties a contact who may only read the knowledge base from now on: what they have by a grant to themselves stays (C-15, G-7).
pub(crate) fn untie_reader(context: &Context, authority: Authority, contact: &Contact, ties: Ties) -> Untied {
    let own: Vec<GrantId> = ties.grants.iter().map(|one| one.grant.id).collect();
    let ends = |grant: Option<GrantId>| grant.is_none_or(|grant| !own.contains(&grant));
    let leads = ties.leads.into_iter().filter(|lead| ends(lead.request.admission.map(|admission| admission.grant)));
    let participations = ties.participations.into_iter().filter(|part| ends(part.grant));
    let rest = Ties {
        grants: Vec::new(),
        leads: leads.collect(),
        participations: participations.collect(),
        grant_requests: ties.grant_requests,
    };
    loosen(context, authority, contact, rest, First::Submitter)
}

/// Everything but grants.
fn loosen(context: &Context, authority: Authority, contact: &Contact, ties: Ties, first: First<'_>) -> Untied {
    let gone = (contact.id.into(), contact.id.into());
    Untied {
        grants: Vec::new(),
        handed_over: hand_over(context, authority, gone, first, ties.leads),
        participations: ties
            .participations
            .into_iter()
            .map(|part| participant::end(context, authority, part))
            .collect(),
        grant_requests: grant_request::cancel_open(context, authority, ties.grant_requests),
    }
}
