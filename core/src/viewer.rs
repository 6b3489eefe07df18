//! Who can see a service request, and why (G-15).

use crate::access::{Action, HeldLevel, Standing, require};
use crate::actor::{Actor, PersonRef};
use crate::effective_access::{HeldGrants, Path};
use crate::refusal::Refusal;
use crate::request_access::{HeldRole, Sight, sight};
use crate::service_request::{self, RequestFacts, ServiceRequest};
use crate::session::may_sign_in;
use crate::time::Timestamp;
use crate::vocabulary::{Involvement, OrganizationStatus};

/// Somebody who can see a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub person: PersonRef,
    /// By what.
    pub path: Path,
    /// The level and the grant, where one decides.
    pub held: Option<HeldLevel>,
    /// How they take part in the request.
    pub involvement: Option<Involvement>,
}

/// Somebody who may turn out to see a request.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub person: Actor,
    /// The state of their organization.
    pub organization_status: OrganizationStatus,
    /// The grants that can decide for them at the request's organization.
    pub grants: HeldGrants,
    /// How they take part besides being the point of contact, and by which grant.
    pub role: Option<HeldRole>,
}

impl Candidate {
    /// What decides about a request for them.
    pub fn facts(&self, now: Timestamp, request: ServiceRequest) -> RequestFacts {
        RequestFacts::of(now, self.person.clone(), &self.grants, Some(request), self.role)
    }
}

/// Allows asking who can see a request: a designated contact of its organization, or the desk.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(facts: &RequestFacts) -> Result<ServiceRequest, Refusal> {
    let request = service_request::view(facts)?.into_value();
    match &facts.standing {
        Standing::Staff { .. } => require(&facts.standing, Action::WorkOnRequests, request.organization.id)?,
        standing => require(standing, Action::ReadGrants, request.organization.id)?,
    }
    Ok(request)
}

/// Decides for one candidate exactly as [`service_request::view`] would.
pub fn consider(now: Timestamp, request: &ServiceRequest, candidate: Candidate) -> Option<Viewer> {
    if !may_sign_in(&candidate.person, candidate.organization_status) {
        return None;
    }
    let facts = candidate.facts(now, request.clone());
    let Candidate { grants, .. } = candidate;
    let held = grants.deciding(now);
    let traits = facts.traits(request);
    let path = match sight(&facts.standing, traits)? {
        Sight::Membership => Path::OwnOrganization,
        Sight::Role => Path::StaffRole,
        Sight::Part => Path::Participant,
        Sight::Level if grants.individual.is_some_and(|individual| held == Some(individual.held)) => {
            Path::IndividualGrant
        }
        Sight::Level => Path::OrganizationGrant,
    };
    let held = if path == Path::OwnOrganization || path == Path::StaffRole { None } else { held };
    Some(Viewer { person: facts.actor.reference(), path, held, involvement: traits.involvement })
}
