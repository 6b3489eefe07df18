//! Readiness over HTTP: what an organization lacks to be well looked after (R-1 … R-11).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::finding::{Finding, Remedy};
use mandate_core::id::{OrganizationId, OrganizationKind};
use mandate_core::readiness;
use mandate_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::extract::PathId;
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{
    ContactIdWire, DutyOut, FindingCodeOut, FindingSeverityOut, GrantIdWire, OrganizationIdWire, SiteIdWire,
    TimestampWire,
};

/// A call that would mend something.
#[derive(Debug, Serialize, ToSchema)]
pub struct MendView {
    /// The operation, by its id in this document.
    #[schema(example = "createContact")]
    operation_id: String,
    /// Its method.
    #[schema(example = "POST")]
    method: String,
    /// Its path; where several things are concerned, that of the first.
    #[schema(format = "uri-reference", example = "/v1/organizations/org_01h455vb4pex5vsknk084sn02q/contacts")]
    path: String,
}

impl MendView {
    fn new(organization: OrganizationId, remedy: Remedy) -> Self {
        let own = |what: &str| format!("/v1/organizations/{organization}/{what}");
        let (operation_id, method, path) = match remedy {
            Remedy::CreateContact => ("createContact", "POST", own("contacts")),
            Remedy::EditContact(id) => ("updateContact", "PATCH", format!("/v1/contacts/{id}")),
            Remedy::DisableContact(id) => ("disableContact", "POST", format!("/v1/contacts/{id}/disable")),
            Remedy::ResendWelcome(id) => ("resendContactWelcome", "POST", format!("/v1/contacts/{id}/resend-welcome")),
            Remedy::CreateRequest => ("createServiceRequest", "POST", "/v1/service-requests".to_owned()),
            Remedy::CreateGrant => ("createPartnerGrant", "POST", own("partner-grants")),
            Remedy::EditGrant(id) => ("updatePartnerGrant", "PATCH", format!("/v1/partner-grants/{id}")),
            Remedy::RevokeGrant(id) => ("revokePartnerGrant", "POST", format!("/v1/partner-grants/{id}/revoke")),
            Remedy::StartReview => ("startContactReview", "POST", own("contact-reviews")),
            Remedy::ContinueReview(id) => ("confirmContacts", "POST", format!("/v1/contact-reviews/{id}/confirm")),
        };
        Self { operation_id: operation_id.to_owned(), method: method.to_owned(), path }
    }
}

/// Something that an organization lacks.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// What.
    code: FindingCodeOut,
    /// How urgent it is: `critical`, `warning` or `advice`.
    severity: FindingSeverityOut,
    /// The rule that it holds, for reference.
    #[schema(example = "R-5")]
    rule: String,
    /// What is wrong and what to do, for people.
    #[schema(
        example = "No active contact has the duty `it`. Create a contact who has it, or give it to one whom you have."
    )]
    message: String,
    /// The duty that nobody has.
    #[schema(required = true)]
    duty: Option<DutyOut>,
    /// The site where nobody has it, where there are several sites or shifts.
    #[schema(required = true)]
    site_id: Option<SiteIdWire>,
    /// The shift in which nobody has it, where the site has shifts.
    #[schema(required = true, example = "night")]
    shift: Option<String>,
    /// The contacts concerned, 100 at most: the newest first, those who have not signed in by how long they have not.
    contact_ids: Vec<ContactIdWire>,
    /// The grants concerned, 100 at most: those first that end first, or were made first.
    grant_ids: Vec<GrantIdWire>,
    /// How many contacts or grants are concerned, or in how many places a duty is not covered; 0 where somebody is missing.
    #[schema(example = 1)]
    total: i64,
    /// The call that would mend it.
    mend: MendView,
}

impl FindingView {
    fn new(organization: OrganizationId, finding: Finding) -> Self {
        Self {
            code: finding.code.into(),
            severity: finding.severity.into(),
            rule: finding.code.rule().to_owned(),
            message: finding.message,
            duty: finding.duty.map(Into::into),
            site_id: finding.place.as_ref().map(|place| place.site.into()),
            shift: finding.place.and_then(|place| place.shift).map(|shift| shift.to_string()),
            contact_ids: finding.contacts.into_iter().map(Into::into).collect(),
            grant_ids: finding.grants.into_iter().map(Into::into).collect(),
            total: finding.total,
            mend: MendView::new(organization, finding.remedy),
        }
    }
}

/// How an organization stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessView {
    /// The organization.
    organization_id: OrganizationIdWire,
    /// When this was computed: now.
    computed_at: TimestampWire,
    /// What it lacks; the most urgent first, then in the order of the rules.
    findings: Vec<FindingView>,
}

impl ReadinessView {
    fn new(organization: OrganizationId, now: Timestamp, findings: Vec<Finding>) -> Self {
        let findings = findings.into_iter().map(|finding| FindingView::new(organization, finding));
        Self { organization_id: organization.into(), computed_at: now.into(), findings: findings.collect() }
    }
}

/// Read what an organization lacks
///
/// Findings about contacts, sites and grants, computed from how things are now. For designated contacts of the organization,
/// partners with `full_admin`, and the staff who look after customers.
#[utoipa::path(tag = "readiness", operation_id = "getOrganizationReadiness",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 200, description = "What it lacks.", body = ReadinessView), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/readiness")]
pub(crate) async fn get_organization_readiness(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
) -> Result<HttpResponse, Problem> {
    let review_period = app.settings.review_period;
    let view = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            let organization = readiness::allow(&standing, tx.organization(organization.0)?)?;
            let facts = tx.readiness_facts(organization.id, asker.now)?;
            let findings = readiness::findings(asker.now, &organization, review_period, &facts);
            Ok(ReadinessView::new(organization.id, asker.now, findings))
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

#[cfg(test)]
mod tests {
    use mandate_core::id::{ContactId, GrantId, ReviewId};
    use serde_json::{Value, json};

    use super::*;

    /// R-1 … R-11: what a finding sends its reader to is an operation of the contract, with its method and path.
    #[test]
    fn what_would_mend_a_finding_is_an_operation_of_the_contract() {
        let document: Value = serde_json::from_str(&crate::openapi::json()).unwrap();
        let (contact, grant) = (ContactId::from_u128(1), GrantId::from_u128(1));
        for remedy in [
            Remedy::CreateContact,
            Remedy::EditContact(contact),
            Remedy::DisableContact(contact),
            Remedy::ResendWelcome(contact),
            Remedy::CreateRequest,
            Remedy::CreateGrant,
            Remedy::EditGrant(grant),
            Remedy::RevokeGrant(grant),
            Remedy::StartReview,
            Remedy::ContinueReview(ReviewId::from_u128(1)),
        ] {
            let mend = MendView::new(OrganizationId::from_u128(1), remedy);
            let is_id = |part: &&str| part.contains('_') || part.starts_with('{');
            let shape = |path: &str| {
                path.split('/').map(|part| if is_id(&part) { "-" } else { part }).collect::<Vec<_>>().join("/")
            };
            let paths = document["paths"].as_object().unwrap();
            let mut items = paths.iter().filter(|(path, _)| shape(path) == shape(&mend.path));
            let method = mend.method.to_lowercase();
            assert!(items.any(|(_, item)| item[&method]["operationId"] == json!(mend.operation_id)), "{mend:?}");
        }
    }
}
