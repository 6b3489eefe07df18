//! Whom to call about a service request of severity 1 or 2 (C-19, S-12).

use crate::access::{Action, Verdict, decide};
use crate::actor::PersonRef;
use crate::hours::Hours;
use crate::preferences::NotificationPreferences;
use crate::service_request::{self, RequestFacts, ServiceRequest};
use crate::text::Phone;
use crate::time::Timestamp;
use crate::viewer::{self, Candidate};
use crate::vocabulary::Involvement;

/// The mildest severity about which people are called.
const CALLED_SEVERITY_MAX: i32 = 2;
/// How many people a call list names.
pub const CALL_LIST_MAX: usize = 100;

/// Somebody who wants to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callee {
    /// Who.
    pub person: PersonRef,
    /// How they take part in the request.
    pub involvement: Option<Involvement>,
    /// The number.
    pub phone: Phone,
    /// When.
    pub hours: Hours,
    /// Whether it is within these hours now.
    pub is_within_hours: bool,
}

/// The request, if its reader works on requests and it is one about which people are called.
pub fn allow(facts: &RequestFacts) -> Option<ServiceRequest> {
    let request = service_request::view(facts).ok()?.into_value();
    let works = decide(&facts.standing, Action::WorkOnRequests) == Verdict::Permit;
    (works && request.severity <= CALLED_SEVERITY_MAX).then_some(request)
}

/// Those of the candidates who may see the request and want to be called about its severity: the point of contact first, then
/// who else takes part, then the others in the given order; at most [`CALL_LIST_MAX`].
pub fn of(
    now: Timestamp,
    request: &ServiceRequest,
    candidates: Vec<(Candidate, NotificationPreferences)>,
) -> Vec<Callee> {
    let callee = |(candidate, preferences): (Candidate, NotificationPreferences)| {
        let call = preferences.call_about(request.severity)?.clone();
        let viewer = viewer::consider(now, request, candidate)?;
        Some(Callee {
            person: viewer.person,
            involvement: viewer.involvement,
            phone: call.phone,
            is_within_hours: call.hours.contains(now),
            hours: call.hours,
        })
    };
    let mut callees: Vec<Callee> = candidates.into_iter().filter_map(callee).collect();
    callees.sort_by_key(|callee| std::cmp::Reverse(callee.involvement));
    callees.truncate(CALL_LIST_MAX);
    callees
}
