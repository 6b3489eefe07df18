//! Requests for grants over HTTP: ask, answer, withdraw (G-9, G-11). Their lists are in [`crate::grant_request_list`].

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::change::{Change, Context};
use mandate_core::grant_request::{
    self, ApproveFacts, ApproveGrantRequest, CreateFacts, CreateGrantRequest, GrantRequest, NamedGrantor, RequestFacts,
};
use mandate_core::id::{AnyId, GrantRequestId, GrantRequestKind, OrganizationId, OrganizationKind, PersonId};
use mandate_core::partner_grant::{Candidate, Grantee};
use mandate_core::refusal::Refusal;
use mandate_core::say;
use mandate_core::text::{DOMAIN_MAX, Domain, Flaw, NOTE_MAX, Note};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::GrantRequestStatus;
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::contact_state::ReasonBody;
use crate::extract::{Body, Empty, OptionalBody, PathId};
use crate::input::{Errors, present};
use crate::partner_grant::{GranteeBody, GranteeView, NamedGrantee, candidate, surroundings};
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{
    GrantIdWire, GrantRequestIdWire, GrantRequestStatusOut, HistoryIn, LevelIn, LevelOut, OrganizationIdWire,
    PersonIdWire, TimestampWire,
};

/// The customer who is asked, as far as the reader may know.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestedGrantorView {
    /// The customer's id; for the partner, `null` until the customer has answered, unless the partner named it so.
    #[schema(required = true)]
    id: Option<OrganizationIdWire>,
    /// What it is called; for the partner, `null` until the customer has answered.
    #[schema(required = true, example = "Acme Corporation")]
    name: Option<String>,
    /// The domain by which the partner named it, if it did.
    #[schema(required = true, example = "acme.example")]
    domain: Option<String>,
}

/// A partner's request for a grant.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerGrantRequestView {
    /// Its id.
    id: GrantRequestIdWire,
    /// Who is asked.
    grantor: RequestedGrantorView,
    /// Who shall hold the grant.
    grantee: GranteeView,
    /// How far it shall reach.
    level: LevelOut,
    /// When it shall end.
    #[schema(required = true)]
    expires_at: Option<TimestampWire>,
    /// What the partner tells the customer.
    #[schema(required = true, example = "we begin with the migration in June")]
    message: Option<String>,
    /// The grant that it renews.
    #[schema(required = true)]
    renews_grant_id: Option<GrantIdWire>,
    /// `open`, `approved`, `declined`, `withdrawn`, `lapsed` or `cancelled`.
    status: GrantRequestStatusOut,
    /// When it lapses unless it is answered.
    lapses_at: TimestampWire,
    /// When it was answered, or ended otherwise.
    #[schema(required = true)]
    decided_at: Option<TimestampWire>,
    /// By whom.
    #[schema(required = true)]
    decided_by: Option<PersonIdWire>,
    /// Why it was declined.
    #[schema(required = true, example = "we work with another partner")]
    decline_reason: Option<String>,
    /// The grant that came of it.
    #[schema(required = true)]
    grant_id: Option<GrantIdWire>,
    /// When it was made.
    created_at: TimestampWire,
    /// Who asked.
    created_by: PersonIdWire,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

impl PartnerGrantRequestView {
    /// A request as it is at a moment, for one of the two sides.
    pub(crate) fn of(request: &GrantRequest, now: Timestamp, reader: &Actor) -> Self {
        let is_asked = request.grantor.as_ref().is_some_and(|grantor| grantor.id == reader.organization);
        let known = request.grantor.as_ref().filter(|_| is_asked || reader.is_staff() || request.is_grantor_known());
        let (named, domain) = match &request.named {
            NamedGrantor::Id(id) => (Some(*id), None),
            NamedGrantor::Domain(domain) => (None, Some(domain.to_string())),
        };
        let decision = request.decision.as_ref();
        Self {
            id: request.id.into(),
            grantor: RequestedGrantorView {
                id: known.map(|grantor| grantor.id).or(named).map(Into::into),
                name: known.map(|grantor| grantor.name.clone()),
                domain,
            },
            grantee: GranteeView::from(&request.grantee),
            level: request.level.into(),
            expires_at: request.expires_at.map(Into::into),
            message: request.message.as_ref().map(ToString::to_string),
            renews_grant_id: request.renews.map(Into::into),
            status: request.status(now).into(),
            lapses_at: request.lapses_at().into(),
            decided_at: decision.map(|decision| decision.at.into()),
            decided_by: decision.and_then(|decision| decision.by).map(Into::into),
            decline_reason: decision.and_then(|decision| decision.reason.as_ref()).map(ToString::to_string),
            grant_id: decision.and_then(|decision| decision.grant).map(Into::into),
            created_at: request.created_at.into(),
            created_by: request.created_by.id.into(),
            updated_at: request.updated_at.into(),
            version: request.version,
        }
    }
}

/// The customer to ask: by id or by one of its domains.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantorBody {
    /// The customer's id.
    #[schema(nullable = false)]
    id: Option<OrganizationIdWire>,
    /// One of its domains, instead of the id. A domain that is nobody's is answered in the same way as one that is.
    #[validate(length(max = DOMAIN_MAX))]
    #[schema(nullable = false, max_length = 253, example = "acme.example")]
    domain: Option<String>,
}

impl GrantorBody {
    fn read(&self, errors: &mut Errors) -> Option<NamedGrantor> {
        match (&self.id, &self.domain) {
            (Some(id), None) => Some(NamedGrantor::Id(id.0)),
            (None, Some(domain)) => errors.keep("/grantor/domain", Domain::parse(domain)).map(NamedGrantor::Domain),
            (Some(_), Some(_)) => {
                errors.add("/grantor", Flaw::new("invalid_value", say!("give `id` or `domain`, not both")));
                None
            }
            (None, None) => {
                errors.add("/grantor/id", Flaw::new("required", say!("must be given, or `domain`")));
                None
            }
        }
    }
}

/// A request to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "grantor": {"domain": "acme.example"}, "grantee": {"type": "contact", "email": "mei@globex.example"},
    "level": "update", "expires_at": "2035-01-31T00:00:00Z", "message": "we begin with the migration in June"
}))]
pub struct CreatePartnerGrantRequestBody {
    /// The customer to ask.
    #[validate(nested)]
    #[schema(required = true, nullable = false)]
    grantor: Option<GrantorBody>,
    /// Who shall hold the grant: the partner organization, or one of its people.
    #[validate(nested)]
    #[schema(required = true, nullable = false)]
    grantee: Option<GranteeBody>,
    /// How far it shall reach.
    #[schema(required = true, nullable = false)]
    level: Option<LevelIn>,
    /// When it shall end.
    #[schema(example = "2027-11-21T00:00:00Z")]
    expires_at: Option<TimestampWire>,
    /// What to tell the customer.
    #[validate(length(max = NOTE_MAX))]
    #[schema(max_length = 2000, example = "we begin with the migration in June")]
    message: Option<String>,
    /// The grant to renew; its grantor is named by id then.
    renews_grant_id: Option<GrantIdWire>,
}

/// Ask for a grant
///
/// For designated contacts of a partner, for themselves, for others of their organization, or for all of it. The
/// customer's contact managers answer within 30 days; else the request lapses.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "createPartnerGrantRequest", request_body = CreatePartnerGrantRequestBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The partner.")),
    responses((status = 201, description = "The new request.", body = PartnerGrantRequestView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "grant_request_exists", "grantee_not_allowed", "partners_only", "grantor_not_allowed", "renewal_not_allowed", "level_not_allowed", "expiry_in_past"]))))]
#[post("/v1/organizations/{organization_id}/partner-grant-requests")]
pub(crate) async fn create_partner_grant_request(
    app: Data<Arc<App>>,
    caller: Caller,
    partner: PathId<OrganizationKind>,
    body: Body<CreatePartnerGrantRequestBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let named = errors.given("/grantor", value.grantor).and_then(|grantor| grantor.read(&mut errors));
    let grantee = errors.given("/grantee", value.grantee).and_then(|grantee| grantee.read(&mut errors));
    let level = errors.given("/level", value.level);
    let message = errors.optional("/message", &value.message, Note::parse);
    let (grantee, wanted) = errors.finish(|| {
        let wanted = CreateGrantRequest {
            id: app.id(),
            named: named?,
            level: level?.0,
            expires_at: value.expires_at.map(|moment| moment.0),
            message,
            renews: value.renews_grant_id.map(|id| id.0),
        };
        Some((grantee?, wanted))
    })?;
    let work =
        move |_: &App, tx: &mut WriteTx<'_>, context: &Context| create(tx, context, partner.0, &grantee, &wanted);
    app.write(caller.with_body(digest), command(move |_| Ok(Fence::new().changes(partner.0)), work)).await
}

fn create(
    tx: &mut WriteTx<'_>,
    context: &Context,
    partner: OrganizationId,
    grantee: &NamedGrantee,
    wanted: &CreateGrantRequest,
) -> Result<Answer, Problem> {
    let actor = context.signed_in()?;
    let grantor = match &wanted.named {
        NamedGrantor::Id(id) => Some(*id),
        NamedGrantor::Domain(domain) => tx.organization_of_domain(domain)?,
    };
    let grantee = candidate(tx, grantee)?;
    let holder = grantee.as_ref().map(Candidate::id);
    let facts = CreateFacts {
        actor: actor.clone(),
        standing: tx.standing(actor, partner, context.now)?,
        partner: tx.organization(partner)?,
        grantor: grantor.map(|grantor| tx.organization(grantor)).transpose()?.flatten(),
        renewed: wanted.renews.map(|grant| tx.partner_grant(grant)).transpose()?.flatten(),
        same_name: holder.map(|holder| tx.request_by_name(holder, &wanted.named)).transpose()?.flatten(),
        grantee,
    };
    let request = grant_request::create(context, facts, wanted.clone())?;
    tx.save_grant_request(&request)?;
    let view = PartnerGrantRequestView::of(request.after(), context.now, actor);
    Answer::created(format!("/v1/partner-grant-requests/{}", wanted.id), 1, wanted.id, &view)
}

/// The facts about a request for somebody who is known.
pub(crate) fn facts(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    now: Timestamp,
    id: GrantRequestId,
) -> Result<RequestFacts, Problem> {
    let request = tx.grant_request(id)?;
    let standing = match request.as_ref().and_then(|request| request.grantor.as_ref()) {
        Some(grantor) => tx.standing(actor, grantor.id, now)?,
        None => Standing::Stranger,
    };
    Ok(RequestFacts { actor: actor.clone(), standing, request })
}

/// Read a request for a grant
///
/// For both sides: designated contacts of the partner and of the customer, and the person who shall hold the grant.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "getPartnerGrantRequest",
    params(("partner_grant_request_id" = GrantRequestIdWire, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = PartnerGrantRequestView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required"]))))]
#[get("/v1/partner-grant-requests/{partner_grant_request_id}")]
pub(crate) async fn get_partner_grant_request(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantRequestKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let (visible, asker) = app
        .read(caller, move |tx, asker| {
            Ok((grant_request::view(facts(tx, &asker.actor, asker.now, id.0)?)?, asker.clone()))
        })
        .await?;
    let request = visible.value();
    let view = PartnerGrantRequestView::of(request, asker.now, &asker.actor);
    // What lapses changes without a new version.
    let is_settled = request.status(asker.now) != GrantRequestStatus::Lapsed;
    Ok(if is_settled { if_none_match.answer(request.version, view) } else { HttpResponse::Ok().json(view) })
}

/// On which terms a request is approved; absent members are as it was asked.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": "view", "expires_at": "2035-01-31T00:00:00Z"}))]
pub struct ApproveBody {
    /// Another level.
    #[schema(nullable = false)]
    level: Option<LevelIn>,
    /// Which service requests the grant shall reach at `view` and above; if absent, a new grant reaches all, and a renewed one what
    /// it reaches already.
    #[schema(nullable = false)]
    history: Option<HistoryIn>,
    /// Another expiry; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<TimestampWire>)]
    expires_at: Option<Option<TimestampWire>>,
    /// Must be `true` to grant a whole organization `view` or above.
    #[schema(nullable = false, example = true)]
    acknowledge_organization_wide_visibility: Option<bool>,
}

/// The terms of an approval.
pub(crate) fn read_approval(app: &App, body: Body<ApproveBody>) -> Result<ApproveGrantRequest, Problem> {
    let Body { value, errors, .. } = body;
    errors.finish(|| {
        Some(ApproveGrantRequest {
            grant: app.id(),
            level: value.level.map(|level| level.0),
            history: value.history.map(|history| history.0),
            expires_at: value.expires_at.map(|moment| moment.map(|moment| moment.0)),
            acknowledged: value.acknowledge_organization_wide_visibility.unwrap_or(false),
            expected_version: None,
        })
    })
}

/// Approve a request for a grant
///
/// For contact managers of the customer, as it was asked or on other terms. A grant that the grantee holds already gets
/// these terms; otherwise a new one is made.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "approvePartnerGrantRequest", request_body = ApproveBody,
    params(("partner_grant_request_id" = GrantRequestIdWire, Path, description = "The request.")),
    responses((status = 200, description = "The approved request.", body = PartnerGrantRequestView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "invalid_transition", "grantee_not_allowed", "level_not_allowed", "expiry_in_past", "acknowledgement_required"]))))]
#[post("/v1/partner-grant-requests/{partner_grant_request_id}/approve")]
pub(crate) async fn approve_partner_grant_request(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantRequestKind>,
    if_match: IfMatch,
    body: OptionalBody<ApproveBody>,
) -> Result<HttpResponse, Problem> {
    let digest = body.0.digest;
    let wanted = read_approval(&app, body.0)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = approve_facts(tx, context, id.0)?;
        let expected_version = expected(&if_match, facts.request.request.as_ref().map(|request| request.version));
        let wanted = ApproveGrantRequest { expected_version, ..wanted.clone() };
        let approved = grant_request::approve(context, facts, wanted)?;
        approved.replaced.iter().try_for_each(|replaced| tx.save_partner_grant(replaced))?;
        tx.save_partner_grant(&approved.grant)?;
        tx.save_withdrawal(&approved.withdrawal, context.now)?;
        tx.save_grant_request(&approved.request)?;
        answer(context, &approved.request)
    };
    app.write(caller.with_body(digest), command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}

pub(crate) fn approve_facts(
    tx: &mut ReadTx<'_>,
    context: &Context,
    id: GrantRequestId,
) -> Result<ApproveFacts, Problem> {
    let request = facts(tx, context.signed_in()?, context.now, id)?;
    let Some(asked) = request.request.as_ref() else { return Err(Refusal::not_found().into()) };
    let grantor = asked.grantor.as_ref().map(|grantor| grantor.id);
    let grantee = match &asked.grantee {
        Grantee::Organization(organization) => Some(NamedGrantee::Organization(organization.id)),
        Grantee::Person(person) => match person.id {
            PersonId::Contact(id) => Some(NamedGrantee::Contact(id)),
            PersonId::Staff(id) => Some(NamedGrantee::Staff(id)),
        },
    };
    let holder: AnyId = asked.grantee.id();
    let current = grantor.map(|grantor| tx.current_grant(grantor, holder)).transpose()?.flatten();
    Ok(ApproveFacts {
        grantor: grantor.map(|grantor| tx.organization(grantor)).transpose()?.flatten(),
        grantee: grantee.map(|grantee| candidate(tx, &grantee)).transpose()?.flatten(),
        around: surroundings(tx, grantor, current.as_ref(), &asked.grantee)?,
        asker: tx.actor(asked.created_by.id)?.map(|(asker, _)| asker),
        current,
        request,
    })
}

/// The partner's alone: whether anybody else is fenced may not show (G-9). An answer fences the partner as well.
fn own_fence(unlocked: &mut Unlocked<'_>, id: GrantRequestId) -> Result<Fence, Problem> {
    Ok(Fence::new().changes(unlocked.sides_of_grant_request(id)?.map(|(partner, _)| partner)))
}

/// Both sides: whoever is granted something holds still while it is granted.
fn fence(unlocked: &mut Unlocked<'_>, id: GrantRequestId) -> Result<Fence, Problem> {
    Ok(match unlocked.sides_of_grant_request(id)? {
        None => Fence::new(),
        Some((partner, None)) => Fence::new().changes(partner),
        Some((partner, Some(grantor))) => Fence::new().changes(partner).changes(grantor),
    })
}

fn answer(context: &Context, request: &Change<GrantRequest>) -> Result<Answer, Problem> {
    let request = request.after();
    let view = PartnerGrantRequestView::of(request, context.now, context.signed_in()?);
    Answer::ok(request.version, request.id, &view)
}

/// Decline a request for a grant
///
/// For contact managers of the customer, with a reason that the partner reads.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "declinePartnerGrantRequest", request_body = ReasonBody,
    params(("partner_grant_request_id" = GrantRequestIdWire, Path, description = "The request.")),
    responses((status = 200, description = "The declined request.", body = PartnerGrantRequestView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "invalid_transition"]))))]
#[post("/v1/partner-grant-requests/{partner_grant_request_id}/decline")]
pub(crate) async fn decline_partner_grant_request(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantRequestKind>,
    if_match: IfMatch,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let reason = errors.required("/reason", &value.reason, Note::parse);
    let reason = errors.finish(|| reason)?;
    let decide = move |context: &Context, facts, expected_version| {
        grant_request::decline(context, facts, reason.clone(), expected_version)
    };
    end(app, caller.with_body(digest), id.0, if_match, fence, decide).await
}

/// Withdraw a request for a grant
///
/// For whoever asked, and for contact managers of the partner.
#[utoipa::path(tag = "partner-grant-requests", operation_id = "withdrawPartnerGrantRequest",
    params(("partner_grant_request_id" = GrantRequestIdWire, Path, description = "The request.")),
    responses((status = 200, description = "The withdrawn request.", body = PartnerGrantRequestView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "invalid_transition"]))))]
#[post("/v1/partner-grant-requests/{partner_grant_request_id}/withdraw")]
pub(crate) async fn withdraw_partner_grant_request(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<GrantRequestKind>,
    if_match: IfMatch,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let digest = body.0.digest;
    body.0.errors.finish(|| Some(()))?;
    end(app, caller.with_body(digest), id.0, if_match, own_fence, grant_request::withdraw).await
}

async fn end(
    app: Data<Arc<App>>,
    caller: Caller,
    id: GrantRequestId,
    if_match: IfMatch,
    fence: fn(&mut Unlocked<'_>, GrantRequestId) -> Result<Fence, Problem>,
    decide: impl Fn(&Context, RequestFacts, Option<i64>) -> Result<Change<GrantRequest>, Refusal> + Send + Sync + 'static,
) -> Result<HttpResponse, Problem> {
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let facts = facts(tx, context.signed_in()?, context.now, id)?;
        let expected_version = expected(&if_match, facts.request.as_ref().map(|request| request.version));
        let change = decide(context, facts, expected_version)?;
        tx.save_grant_request(&change)?;
        answer(context, &change)
    };
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id), work)).await
}
