//! Effective access over HTTP (G-15).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::access::Visible;
use mandate_core::effective_access::{self, EffectiveAccess, ExplainFacts};
use mandate_core::id::OrganizationKind;
use mandate_core::partner_grant::PartnerGrant;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::extract::{PathId, Query};
use crate::partner_grant::OrganizationRefView;
use crate::person::PersonRefView;
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{
    GrantIdWire, GranteeTypeOut, HistoryOut, LevelOut, OrganizationIdWire, OutcomeOut, PathOut, PermissionOut,
    PersonIdWire, StaffRoleOut, TimestampWire,
};

/// Whose access to explain.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EffectiveAccessQuery {
    /// The contact or staff member; the caller if absent.
    #[param(nullable = false)]
    person_id: Option<PersonIdWire>,
}

/// A grant, and what became of it when access was decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsideredGrantView {
    /// The grant.
    grant_id: GrantIdWire,
    /// Who holds it: `organization`, `contact` or `staff`.
    grantee_type: GranteeTypeOut,
    /// How far it reaches.
    level: LevelOut,
    /// Which service requests it reaches at `view` and above: `all`, `open` or `new`.
    history: HistoryOut,
    /// When it was made, or was given this history scope.
    history_since: TimestampWire,
    /// When it ends.
    #[schema(required = true)]
    expires_at: Option<TimestampWire>,
    /// `decides`, `hidden_by_individual_grant`, `expired`, `revoked`, `ended` or `suspended`.
    outcome: OutcomeOut,
}

/// What a person may do for an organization now, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct EffectiveAccessView {
    /// Who.
    person: PersonRefView,
    /// Where.
    organization: OrganizationRefView,
    /// By what: `own_organization`, `individual_grant`, `organization_grant`, `staff_role` or `none`.
    path: PathOut,
    /// The level that applies, where a grant decides.
    #[schema(required = true)]
    level: Option<LevelOut>,
    /// The grant that decides.
    #[schema(required = true)]
    grant_id: Option<GrantIdWire>,
    /// The permission, for a contact of the organization itself.
    #[schema(required = true)]
    permission: Option<PermissionOut>,
    /// The roles, for a staff member; empty for others.
    roles: Vec<StaffRoleOut>,
    /// Every grant that was considered, newest first.
    considered: Vec<ConsideredGrantView>,
    /// At which moment.
    decided_at: TimestampWire,
}

fn considered(grant: &PartnerGrant, outcome: effective_access::Outcome) -> ConsideredGrantView {
    ConsideredGrantView {
        grant_id: grant.id.into(),
        grantee_type: grant.grantee.kind().into(),
        level: grant.level.into(),
        history: grant.scope.history.into(),
        history_since: grant.scope.since.into(),
        expires_at: grant.expires_at.map(Into::into),
        outcome: outcome.into(),
    }
}

impl From<Visible<EffectiveAccess>> for EffectiveAccessView {
    fn from(visible: Visible<EffectiveAccess>) -> Self {
        let access = visible.into_value();
        let deciding = access.considered.iter().find(|one| one.outcome == effective_access::Outcome::Decides);
        Self {
            person: PersonRefView::from(&access.person),
            organization: OrganizationRefView::from(&access.organization),
            path: access.path.into(),
            level: access.level.map(Into::into),
            grant_id: deciding.map(|one| one.grant.id.into()),
            permission: access.permission.map(Into::into),
            roles: access.roles.iter().copied().map(Into::into).collect(),
            considered: access.considered.iter().map(|one| considered(&one.grant, one.outcome)).collect(),
            decided_at: access.decided_at.into(),
        }
    }
}

/// Explain a person's access
///
/// For designated contacts of the organization, the desk, and the person themselves: which level applies now, by which
/// grant, and why each other grant does not.
#[utoipa::path(tag = "effective-access", operation_id = "getEffectiveAccess",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), EffectiveAccessQuery),
    responses((status = 200, description = "The access and its reasons.", body = EffectiveAccessView), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/effective-access")]
pub(crate) async fn get_effective_access(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<EffectiveAccessQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, errors, .. } = query;
    let person = errors.finish(|| Some(value.person_id.map_or(caller.claims.person, |person| person.0)))?;
    let visible = app
        .read(caller, move |tx, asker| {
            let found = tx.actor(person)?.map(|(person, _)| person);
            let (grants, suspension) = match &found {
                Some(found) => {
                    (tx.grants_between(organization.0, found)?, tx.held_grants(found, organization.0)?.suspension)
                }
                None => (Vec::new(), tx.held_grants(&asker.actor, organization.0)?.suspension),
            };
            let facts = ExplainFacts {
                standing: tx.standing(&asker.actor, organization.0, asker.now)?,
                actor: asker.actor.clone(),
                organization: tx.organization_ref(organization.0)?,
                person: found,
                grants,
                suspension,
            };
            Ok(effective_access::explain(asker.now, facts)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(EffectiveAccessView::from(visible)))
}
