//! Whom agents call about a service request of severity 1 or 2 (C-19, S-12).

use mandate_core::call_list::{self, Callee};
use mandate_core::id::ServiceRequestId;
use mandate_storage::ReadTx;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Asker;
use crate::person::PersonRefView;
use crate::problem::Problem;
use crate::wire::InvolvementOut;

/// How many people are considered.
const CANDIDATES: i64 = 500;

/// Somebody who wants to be called about requests of this severity.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalleeView {
    /// Who.
    person: PersonRefView,
    /// How they take part in the request: `point_of_contact`, `secondary`, `cc` or not at all.
    #[schema(required = true)]
    role: Option<InvolvementOut>,
    /// The number.
    #[schema(example = "+1.650.555.0100")]
    phone: String,
    /// When the hours begin, `HH:MM`.
    #[schema(example = "08:00")]
    from: String,
    /// When they end; the whole day if it is the same as `from`, over midnight if it is earlier.
    #[schema(example = "18:00")]
    until: String,
    /// Where these times are told: an IANA time zone name.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: String,
    /// Whether it is within these hours now.
    #[schema(example = true)]
    within_hours: bool,
}

impl From<&Callee> for CalleeView {
    fn from(callee: &Callee) -> Self {
        Self {
            person: PersonRefView::from(&callee.person),
            role: callee.involvement.map(Into::into),
            phone: callee.phone.to_string(),
            from: callee.hours.from.to_string(),
            until: callee.hours.until.to_string(),
            time_zone: callee.hours.time_zone.to_string(),
            within_hours: callee.is_within_hours,
        }
    }
}

/// The call list of a request, for those who work on it; nothing for others, and where nobody is called.
pub(crate) fn find(
    tx: &mut ReadTx<'_>,
    asker: &Asker,
    request: ServiceRequestId,
) -> Result<Option<Vec<CalleeView>>, Problem> {
    let facts = tx.request_facts(&asker.actor, request, asker.now)?;
    let Some(request) = call_list::allow(&facts) else { return Ok(None) };
    let candidates = tx.call_candidates(&request, CANDIDATES)?;
    Ok(Some(call_list::of(asker.now, &request, candidates).iter().map(CalleeView::from).collect()))
}
