//! What a grant would expose, asked before it is made or approved (G-17).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use mandate_core::actor::PersonRef;
use mandate_core::change::{Context, Origin};
use mandate_core::grant_preview::{self, Group, Preview};
use mandate_core::grant_request::ApproveGrantRequest;
use mandate_core::id::{GrantRequestKind, OrganizationId, OrganizationKind};
use mandate_core::partner_grant::{Candidate, PartnerGrant};
use mandate_core::text::Locale;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Level;
use mandate_storage::{Exposure, ReadTx};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Asker, Caller};
use crate::conditional::IfMatch;
use crate::edge::RequestInfo;
use crate::extract::{Body, OptionalBody, PathId};
use crate::grant_request::{ApproveBody, approve_facts, read_approval};
use crate::partner_grant::{CreatePartnerGrantBody, GranteeView, create_facts, read_wanted};
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::expected;
use crate::state::App;
use crate::translation::{told, translate};
use crate::wire::{GrantRequestIdWire, HistoryOut, LevelOut, OrganizationIdWire, PersonIdWire, TimestampWire};

/// How much comes into sight, or goes out of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct GrantExposureView {
    /// Service requests that at least one of these people would see and does not see now, or the other way round.
    #[schema(example = 12)]
    requests: i64,
    /// Public messages in them.
    #[schema(example = 40)]
    messages: i64,
    /// Attachments of these messages.
    #[schema(example = 3)]
    attachments: i64,
    /// How many people are concerned. Who has not set a password yet counts as well.
    #[schema(example = 7)]
    people: i64,
}

impl From<Exposure> for GrantExposureView {
    fn from(exposure: Exposure) -> Self {
        let Exposure { requests, messages, attachments, people } = exposure;
        Self { requests, messages, attachments, people }
    }
}

/// For whom a grant would decide, and what decides for them now.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantShiftView {
    /// The contact or staff member.
    id: PersonIdWire,
    /// First and last name.
    #[schema(example = "Mei Chen")]
    name: String,
    /// The level that decides for them now; `null` where no grant does.
    #[schema(required = true)]
    before: Option<LevelOut>,
    /// The level that would decide.
    after: LevelOut,
}

/// What a grant would expose.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerGrantPreviewView {
    /// Who would hold it.
    grantee: GranteeView,
    /// How far it would reach.
    level: LevelOut,
    /// Which service requests it would reach.
    history: HistoryOut,
    /// When it would end.
    #[schema(required = true)]
    expires_at: Option<TimestampWire>,
    /// Whether `acknowledge_organization_wide_visibility` must be `true`.
    #[schema(example = true)]
    acknowledgement_required: bool,
    /// What is to be acknowledged.
    #[schema(required = true, example = "a grant of `view` to the whole organization makes …")]
    acknowledgement: Option<String>,
    /// What comes into sight.
    becomes_visible: GrantExposureView,
    /// What goes out of sight, because a person's own grant decides before the one to their organization.
    becomes_hidden: GrantExposureView,
    /// Those for whom another level would decide, by name, at most 50.
    people: Vec<GrantShiftView>,
    /// How many of them would have a higher level than now.
    #[schema(example = 7)]
    people_gaining: i64,
    /// How many of them would have a lower level than now.
    #[schema(example = 0)]
    people_losing: i64,
    /// How many people of the organization it would not concern, because a grant of their own decides for them.
    #[schema(example = 1)]
    people_with_own_grants: i64,
}

/// Counts what a decided preview would expose, and says in this language what would have to be acknowledged.
fn count(
    tx: &mut ReadTx<'_>,
    now: Timestamp,
    preview: Preview,
    locale: &Locale,
) -> Result<PartnerGrantPreviewView, Problem> {
    let Preview { grant, acknowledgement, group, level_before, shift } = preview;
    let (becomes_visible, becomes_hidden) = match &shift {
        Some(shift) => (tx.exposure(shift, now)?, tx.exposure(&shift.reversed(), now)?),
        None => (Exposure::default(), Exposure::default()),
    };
    let people = tx.people_of_group(&group, grant.grantor.id, now)?;
    let is_whole = matches!(group, Group::Organization(_));
    let own =
        if is_whole { tx.people_with_own_grants(grant.grantee.organization(), grant.grantor.id, now)? } else { 0 };
    // To be shut out is as low as to hold nothing.
    let rank = |level: Option<Level>| level.unwrap_or(Level::None);
    let (before, after) = (rank(level_before), grant.level);
    let shifted = |person: &PersonRef| GrantShiftView {
        id: person.id.into(),
        name: person.name.clone(),
        before: level_before.map(Into::into),
        after: after.into(),
    };
    let is_shifted = level_before != Some(after);
    Ok(PartnerGrantPreviewView {
        grantee: GranteeView::from(&grant.grantee),
        level: grant.level.into(),
        history: grant.scope.history.into(),
        expires_at: grant.expires_at.map(Into::into),
        acknowledgement_required: acknowledgement.is_some(),
        acknowledgement: acknowledgement.map(|wording| translate(&wording, locale)),
        becomes_visible: becomes_visible.into(),
        becomes_hidden: becomes_hidden.into(),
        people: people.named.iter().filter(|_| is_shifted).map(shifted).collect(),
        people_gaining: if after > before { people.total } else { 0 },
        people_losing: if after < before { people.total } else { 0 },
        people_with_own_grants: own,
    })
}

/// Who asks, as somebody who would do it.
fn would_be(asker: &Asker) -> Context {
    Context { actor: Some(asker.actor.clone()), now: asker.now, origin: Origin::default() }
}

/// The grant that decides for one person as long as they hold none of their own.
fn around(
    tx: &mut ReadTx<'_>,
    grantor: OrganizationId,
    grantee: Option<&Candidate>,
) -> Result<Option<PartnerGrant>, Problem> {
    match grantee {
        Some(Candidate::Contact(_, organization)) => Ok(tx.current_grant(grantor, organization.id.into())?),
        Some(Candidate::Organization(_) | Candidate::Staff(_)) | None => Ok(None),
    }
}

/// Preview a grant
///
/// For contact managers of the organization, with the body that makes the grant: what it would bring into sight, for how many
/// people, and whose level it would change. It answers the errors of making the grant, but that an acknowledgement is required is
/// told instead. Nothing is changed, and no answer is stored under an `Idempotency-Key`.
#[utoipa::path(tag = "partner-grants", operation_id = "previewPartnerGrant", request_body = CreatePartnerGrantBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The grantor.")),
    responses((status = 200, description = "What it would expose.", body = PartnerGrantPreviewView),
        Problems, BodyProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "grant_exists", "grantee_not_allowed", "level_not_allowed", "expiry_required", "expiry_in_past"]))))]
#[post("/v1/organizations/{organization_id}/partner-grants/preview")]
pub(crate) async fn preview_partner_grant(
    app: Data<Arc<App>>,
    caller: Caller,
    info: RequestInfo,
    grantor: PathId<OrganizationKind>,
    body: Body<CreatePartnerGrantBody>,
) -> Result<HttpResponse, Problem> {
    let (grantee, wanted) = read_wanted(&app, body)?;
    let locale = info.locale().clone();
    let view = app.read(caller, move |tx, asker| {
        let context = would_be(asker);
        let facts = create_facts(tx, &context, grantor.0, &grantee)?;
        let around = around(tx, grantor.0, facts.grantee.as_ref())?;
        let preview = grant_preview::create(&context, facts, around, wanted.clone())?;
        count(tx, context.now, preview, &locale)
    });
    Ok(told(info.locale(), &view.await?))
}

/// Preview the approval of a request for a grant
///
/// For contact managers of the customer, with the body that approves the request; see `previewPartnerGrant`.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "previewPartnerGrantRequest", request_body = ApproveBody,
    params(("partner_grant_request_id" = GrantRequestIdWire, Path, description = "The request.")),
    responses((status = 200, description = "What its approval would expose.", body = PartnerGrantPreviewView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "invalid_transition", "grantee_not_allowed", "level_not_allowed", "expiry_in_past"]))))]
#[post("/v1/partner-grant-requests/{partner_grant_request_id}/preview")]
pub(crate) async fn preview_partner_grant_request(
    app: Data<Arc<App>>,
    caller: Caller,
    info: RequestInfo,
    id: PathId<GrantRequestKind>,
    if_match: IfMatch,
    body: OptionalBody<ApproveBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = read_approval(&app, body.0)?;
    let locale = info.locale().clone();
    let view = app.read(caller, move |tx, asker| {
        let context = would_be(asker);
        let facts = approve_facts(tx, &context, id.0)?;
        let request = facts.request.request.as_ref();
        let expected_version = expected(&if_match, request.map(|request| request.version));
        let around = match &facts.grantor {
            Some(grantor) => around(tx, grantor.id, facts.grantee.as_ref())?,
            None => None,
        };
        let wanted = ApproveGrantRequest { expected_version, ..wanted.clone() };
        let preview = grant_preview::approve(&context, facts, around, wanted)?;
        count(tx, context.now, preview, &locale)
    });
    Ok(told(info.locale(), &view.await?))
}
