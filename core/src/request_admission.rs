//! Who lets people into a service request, moves its point of contact, and conceals or opens it (S-7, S-14).

use crate::access::{Action, Standing, Verdict, decide, denied};
use crate::refusal::{Refusal, Requirement};
use crate::request_access::{guards, may_admit, may_conceal, may_open};
use crate::say;
use crate::service_request::{RequestFacts, ServiceRequest};
use crate::vocabulary::{Involvement, Permission};

/// Who may name another point of contact: of a confidential request whoever lets people in (S-14); and who acts by a grant alone where
/// they are the point of contact themselves (S-7).
pub(crate) fn expect_leader(facts: &RequestFacts, request: &ServiceRequest) -> Result<(), Refusal> {
    let traits = facts.traits(request);
    expect_admitting(facts, request).map_err(|refusal| refusal.at("#/point_of_contact"))?;
    let leads = traits.involvement == Some(Involvement::PointOfContact);
    if !acts_by_grant(&facts.standing) || leads {
        return Ok(());
    }
    let detail = say!("who acts by a grant names another point of contact only where they are it themselves");
    let requirement = Requirement::Permission(Permission::DesignatedSupport);
    let refusal = denied(&facts.standing, requirement, request.organization.id);
    Err(Refusal { detail, ..refusal }.at("#/point_of_contact"))
}

/// Whether somebody works on an organization's requests by nothing but a grant.
pub(crate) fn acts_by_grant(standing: &Standing) -> bool {
    match standing {
        Standing::Partner(_) => true,
        Standing::Staff { .. } => decide(standing, Action::WorkOnRequests) != Verdict::Permit,
        Standing::Member { .. } | Standing::Stranger => false,
    }
}

/// Who lets people into a request, if it is confidential (S-14).
///
/// *Errors*: `primary_support_contact_required`.
pub(crate) fn expect_admitting(facts: &RequestFacts, request: &ServiceRequest) -> Result<(), Refusal> {
    if !request.confidential || may_admit(&facts.standing, facts.traits(request)) {
        return Ok(());
    }
    let detail = say!(
        "the request is confidential: only a primary support contact, whoever of the organization submitted it, and the desk \
         let people in"
    );
    let refusal = denied(&facts.standing, Requirement::PrimarySupport, request.organization.id);
    Err(Refusal { detail, ..refusal })
}

/// Whether a request is confidential from now on, and whether only those who guard such requests open it again (S-14).
pub(crate) fn concealment(
    facts: &RequestFacts,
    before: &ServiceRequest,
    wanted: Option<bool>,
) -> Result<(bool, bool), Refusal> {
    let traits = facts.traits(before);
    let is_guarded = guards(&facts.standing);
    let (is_allowed, detail) = match wanted {
        Some(true) if before.confidential => return Ok((true, before.only_guards_open || is_guarded)),
        Some(true) => (
            may_conceal(&facts.standing, traits),
            say!("only a primary support contact, whoever submitted the request and the desk make it confidential"),
        ),
        // For good, whoever asks (E-11).
        Some(false) if before.sealed => return Ok((false, true)),
        Some(false) if before.confidential => (
            may_open(&facts.standing, traits),
            say!(
                "only a primary support contact and the desk open what one of them made confidential, and whoever of the \
                 organization submitted the request what they did themselves"
            ),
        ),
        Some(false) | None => return Ok((before.confidential, before.only_guards_open)),
    };
    if is_allowed {
        return Ok((!before.confidential, is_guarded));
    }
    let refusal = denied(&facts.standing, Requirement::PrimarySupport, before.organization.id);
    Err(Refusal { detail, ..refusal }.at("#/confidential"))
}
