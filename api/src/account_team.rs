//! Account teams over HTTP (O-4).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, put};
use mandate_core::account_team::{self, AccountTeam, Places, SetFacts};
use mandate_core::change::Context;
use mandate_core::id::{OrganizationId, OrganizationKind};
use mandate_core::staff::StaffMember;
use mandate_core::vocabulary::StaffRole;
use mandate_storage::{Fence, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, PathId};
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{OrganizationIdWire, StaffIdWire, TimestampWire};

/// Somebody of an account team.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountTeamMemberView {
    /// Their id.
    id: StaffIdWire,
    /// First and last name.
    #[schema(example = "Kim Park")]
    name: String,
    /// Email.
    #[schema(format = "email", example = "kim.park@vendor.example")]
    email: String,
    /// Phone.
    #[schema(required = true, example = "+1.650.555.0100")]
    phone: Option<String>,
}

impl From<&StaffMember> for AccountTeamMemberView {
    fn from(member: &StaffMember) -> Self {
        Self {
            id: member.id.into(),
            name: member.name(),
            email: member.profile.email.to_string(),
            phone: member.profile.phone.as_ref().map(ToString::to_string),
        }
    }
}

/// Who of the vendor looks after an organization. A place is `null` while nobody has it who is active and has its role.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountTeamView {
    /// The organization.
    organization_id: OrganizationIdWire,
    /// Who looks after its technology.
    #[schema(required = true)]
    technical_account_manager: Option<AccountTeamMemberView>,
    /// Who looks after its success.
    #[schema(required = true)]
    customer_success_manager: Option<AccountTeamMemberView>,
    /// Who looks after its contracts.
    #[schema(required = true)]
    sales_manager: Option<AccountTeamMemberView>,
    /// When it was last set; `null` if it never was.
    #[schema(required = true)]
    updated_at: Option<TimestampWire>,
    /// Grows by one with each change, from 0.
    #[schema(example = 1)]
    version: i64,
}

impl AccountTeamView {
    fn new(team: &AccountTeam, staff: &[StaffMember]) -> Self {
        let holder = |role| team.holder(role, staff).map(AccountTeamMemberView::from);
        Self {
            organization_id: team.organization.into(),
            technical_account_manager: holder(StaffRole::TechnicalAccountManager),
            customer_success_manager: holder(StaffRole::CustomerSuccessManager),
            sales_manager: holder(StaffRole::SalesManager),
            updated_at: team.updated_at.map(Into::into),
            version: team.version,
        }
    }
}

/// Read the account team
///
/// Who of the vendor looks after the organization, for everybody of it and for staff. An organization for which nobody set one
/// has an empty team of version 0.
#[utoipa::path(tag = "account-team", operation_id = "getAccountTeam",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 200, description = "The account team.", body = AccountTeamView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required"]))))]
#[get("/v1/organizations/{organization_id}/account-team")]
pub(crate) async fn get_account_team(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let (team, staff) = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            let organization = account_team::allow(&standing, tx.organization(organization.0)?)?;
            let team = tx.account_team(organization.id)?.unwrap_or_else(|| AccountTeam::empty(organization.id));
            let staff = tx.staff_among(&team.places.holders())?;
            Ok((team, staff))
        })
        .await?;
    Ok(if_none_match.answer(team.version, AccountTeamView::new(&team, &staff)))
}

/// The whole account team as it shall be; who is absent has no place.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "technical_account_manager": "staff_01h455vb4pex5vsknk084sn02q", "sales_manager": null,
    "customer_success_manager": null
}))]
pub struct SetAccountTeamBody {
    /// An active staff member with the role `technical_account_manager`.
    technical_account_manager: Option<StaffIdWire>,
    /// An active staff member with the role `customer_success_manager`.
    customer_success_manager: Option<StaffIdWire>,
    /// An active staff member with the role `sales_manager`.
    sales_manager: Option<StaffIdWire>,
}

impl From<SetAccountTeamBody> for Places {
    fn from(body: SetAccountTeamBody) -> Self {
        Self {
            technical_account_manager: body.technical_account_manager.map(|id| id.0),
            customer_success_manager: body.customer_success_manager.map(|id| id.0),
            sales_manager: body.sales_manager.map(|id| id.0),
        }
    }
}

/// Set the account team
///
/// For administrators. Replaces the whole team.
#[utoipa::path(tag = "account-team", operation_id = "setAccountTeam", request_body = SetAccountTeamBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 200, description = "The account team.", body = AccountTeamView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only", "account_team_not_allowed"]))))]
#[put("/v1/organizations/{organization_id}/account-team")]
pub(crate) async fn set_account_team(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    if_match: IfMatch,
    body: Body<SetAccountTeamBody>,
) -> Result<HttpResponse, Problem> {
    let value = body.value;
    let places = body.errors.finish(|| Some(Places::from(value)))?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| set(tx, context, organization.0, &if_match, places);
    // Whoever disables or changes one of the staff waits: the administrator's own organization is in the fence as well.
    app.write(caller, command(move |_| Ok(Fence::new().changes(organization.0)), work)).await
}

fn set(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    if_match: &IfMatch,
    places: Places,
) -> Result<Answer, Problem> {
    let staff = tx.staff_among(&places.holders())?;
    let team = tx.account_team(organization)?;
    let present = team.as_ref().map_or(0, |team| team.version);
    let facts = SetFacts {
        standing: tx.standing(context.signed_in()?, organization, context.now)?,
        organization: tx.organization(organization)?,
        team,
        staff: staff.clone(),
    };
    let change = account_team::set(context, facts, places, expected(if_match, Some(present)))?;
    tx.save_account_team(&change)?;
    Answer::ok(change.after().version, organization, &AccountTeamView::new(change.after(), &staff))
}
