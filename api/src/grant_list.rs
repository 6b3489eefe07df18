//! Lists and history of partner grants over HTTP (G-6, G-10).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use mandate_core::id::{AnyId, GrantKind, OrganizationId, OrganizationKind};
use mandate_core::journal::EventKind;
use mandate_core::partner_grant;
use mandate_core::vocabulary::GrantStatus;
use mandate_storage::{GrantFilter, GrantSide, JournalEntry};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::extract::{PathId, Query, WholeList};
use crate::page::page;
use crate::partner_grant::{PartnerGrantView, facts, sees_note};
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::wire::{
    AnyIdWire, EventIdWire, GrantIdWire, GrantStatusIn, GranteeTypeIn, LevelIn, OrganizationIdWire, PersonIdWire,
    TimestampWire,
};

page!(PartnerGrantPage, PartnerGrantView);

/// Which grants to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPartnerGrantsQuery {
    /// In one of these states; `live` if absent.
    #[serde(default)]
    status: Vec<GrantStatusIn>,
    /// At one of these levels.
    #[serde(default)]
    level: Vec<LevelIn>,
    /// Held by one of these kinds.
    #[serde(default)]
    grantee_type: Vec<GranteeTypeIn>,
    /// Held by exactly this organization or person.
    #[param(nullable = false)]
    grantee_id: Option<AnyIdWire>,
    /// That end before this moment.
    #[param(nullable = false)]
    expires_before: Option<TimestampWire>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List the grants that an organization made
///
/// For designated contacts of the organization and the desk. Newest first; the live ones unless asked otherwise.
#[utoipa::path(tag = "partner-grants", operation_id = "listPartnerGrants",
    params(("organization_id" = OrganizationIdWire, Path, description = "The grantor."), ListPartnerGrantsQuery),
    responses((status = 200, description = "A page of grants.", body = PartnerGrantPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/partner-grants")]
pub(crate) async fn list_partner_grants(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListPartnerGrantsQuery>,
) -> Result<HttpResponse, Problem> {
    list(app, caller, organization.0, GrantSide::MadeBy(organization.0), query).await
}

/// List the grants that an organization and its people hold
///
/// For designated contacts of the organization and the desk: "my customers". Newest first; the live ones unless asked
/// otherwise.
#[utoipa::path(tag = "partner-grants", operation_id = "listReceivedGrants",
    params(("organization_id" = OrganizationIdWire, Path, description = "The holder."), ListPartnerGrantsQuery),
    responses((status = 200, description = "A page of grants.", body = PartnerGrantPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/received-grants")]
pub(crate) async fn list_received_grants(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListPartnerGrantsQuery>,
) -> Result<HttpResponse, Problem> {
    list(app, caller, organization.0, GrantSide::HeldBy(organization.0), query).await
}

async fn list(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: OrganizationId,
    side: GrantSide,
    query: Query<ListPartnerGrantsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let filter = errors.finish(|| {
        let statuses: Vec<GrantStatus> = value.status.iter().map(|status| status.0).collect();
        Some(GrantFilter {
            statuses: if statuses.is_empty() { vec![GrantStatus::Live] } else { statuses },
            levels: value.level.iter().map(|level| level.0).collect(),
            grantee_types: value.grantee_type.iter().map(|kind| kind.0).collect(),
            grantee: value.grantee_id.map(|id| id.0),
            expires_before: value.expires_before.map(|moment| moment.0),
        })
    })?;
    let page = request.page.clone();
    let (slice, asker) = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization, asker.now)?;
            partner_grant::allow_list(&standing, organization)?;
            Ok((tx.partner_grants(side, asker.now, &filter, &page)?, asker.clone()))
        })
        .await?;
    let views = slice.rows.iter().map(|grant| PartnerGrantView::of(grant, asker.now, &asker.actor)).collect();
    Ok(request.answer::<PartnerGrantPage>(views, slice.next.as_ref()))
}

/// What happened to a grant, or to a request for one.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryEntryView {
    /// The journal entry's id.
    id: EventIdWire,
    /// What happened, for example `partner_grant.updated`.
    #[schema(example = "partner_grant.updated", extensions(("x-extensible-enum" = json!(["partner_grant.created", "partner_grant.updated", "partner_grant.revoked", "partner_grant.ended", "partner_grant.expiring", "partner_grant_request.created", "partner_grant_request.approved", "partner_grant_request.declined", "partner_grant_request.withdrawn", "partner_grant_request.lapsed", "partner_grant_request.cancelled"]))))]
    kind: String,
    /// When.
    at: TimestampWire,
    /// Who did it; `null` for the system.
    #[schema(required = true)]
    actor_id: Option<PersonIdWire>,
    /// To what.
    subject_id: AnyIdWire,
    /// The members that changed, as they were.
    #[schema(value_type = Object, example = json!({"level": "view"}))]
    before: serde_json::Value,
    /// The members that changed, as they are.
    #[schema(value_type = Object, example = json!({"level": "create"}))]
    after: serde_json::Value,
}

/// Everything that happened to a grant, or to a request for one, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryList {
    /// The entries.
    data: Vec<HistoryEntryView>,
    /// Always `null`: the list is whole.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl HistoryList {
    /// Journal entries as a list.
    pub(crate) fn read(entries: Vec<JournalEntry>) -> Result<Self, Problem> {
        Ok(Self { data: entries.into_iter().map(view).collect::<Result<_, _>>()?, next_cursor: None })
    }
}

fn view(entry: JournalEntry) -> Result<HistoryEntryView, Problem> {
    let json = |text: &str| {
        serde_json::from_str(text)
            .map_err(|error| Problem::internal(format!("a journal entry cannot be read: {error}")))
    };
    Ok(HistoryEntryView {
        id: entry.id.into(),
        kind: name(entry.kind).to_owned(),
        at: entry.at.into(),
        actor_id: entry.actor.map(Into::into),
        subject_id: entry.subject.into(),
        before: json(&entry.before)?,
        after: json(&entry.after)?,
    })
}

fn name(kind: EventKind) -> &'static str {
    mandate_core::vocabulary::Vocabulary::name(kind)
}

/// Read the history of a grant
///
/// For whoever may read the grant: who changed what when.
#[utoipa::path(tag = "partner-grants", operation_id = "getPartnerGrantHistory", params(("grant_id" = GrantIdWire, Path, description = "The grant.")),
    responses((status = 200, description = "Its history.", body = HistoryList), Problems),
    extensions(("x-codes" = json!(["permission_required"]))))]
#[get("/v1/partner-grants/{grant_id}/history")]
pub(crate) async fn get_partner_grant_history(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantKind>,
    _: WholeList,
) -> Result<HttpResponse, Problem> {
    let entries = app
        .read(caller, move |tx, asker| {
            let grant = partner_grant::view(facts(tx, &asker.actor, asker.now, id.0)?)?.into_value();
            let mut entries = tx.journal_of_subject(grant.grantor.id, AnyId::from(grant.id), 0, 1_000)?;
            if !sees_note(&asker.actor, &grant) {
                entries.iter_mut().try_for_each(without_note)?;
            }
            Ok::<_, Problem>(entries)
        })
        .await?;
    Ok(HttpResponse::Ok().json(HistoryList::read(entries)?))
}

/// The grantor's notes are not for the holder.
fn without_note(entry: &mut JournalEntry) -> Result<(), Problem> {
    let strip = |text: &str| -> Result<String, Problem> {
        let flaw = |error| Problem::internal(format!("a journal entry cannot be read: {error}"));
        let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(flaw)?;
        members.remove("note");
        serde_json::to_string(&members).map_err(flaw)
    };
    entry.before = strip(&entry.before)?;
    entry.after = strip(&entry.after)?;
    Ok(())
}
