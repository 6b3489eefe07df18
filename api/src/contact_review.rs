//! Contact reviews over HTTP (C-20).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use mandate_core::change::Context;
use mandate_core::contact_review::{
    self, CONFIRM_MAX, ConfirmContacts, ConfirmFacts, ContactReview, ReviewItem, StartFacts, Tally,
};
use mandate_core::id::{OrganizationId, OrganizationKind, PersonId, ReviewId, ReviewKind};
use mandate_core::refusal::Refusal;
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::{Asker, Caller};
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, Empty, OptionalBody, PathId, Query};
use crate::page::page;
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{
    ContactIdWire, OrganizationIdWire, PersonIdWire, ReviewIdWire, ReviewOutcomeIn, ReviewOutcomeOut, ReviewStatusIn,
    ReviewStatusOut, TimestampWire,
};

/// A review of an organization's list of contacts: those who were active or invited when it was started.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactReviewView {
    /// Its id.
    id: ReviewIdWire,
    /// Whose contacts it covers.
    organization_id: OrganizationIdWire,
    /// `open` until everybody in it was dealt with, then `closed`.
    status: ReviewStatusOut,
    /// When it was started.
    started_at: TimestampWire,
    /// Who started it; `null` for the system.
    #[schema(required = true)]
    started_by: Option<PersonIdWire>,
    /// When the last contact was dealt with.
    #[schema(required = true)]
    closed_at: Option<TimestampWire>,
    /// How many contacts are in it.
    #[schema(example = 12)]
    total: i64,
    /// How many were not dealt with yet.
    #[schema(example = 3)]
    pending: i64,
    /// How many were confirmed as they are.
    #[schema(example = 6)]
    confirmed: i64,
    /// How many were edited.
    #[schema(example = 2)]
    corrected: i64,
    /// How many were disabled.
    #[schema(example = 1)]
    disabled: i64,
    /// How many went to another organization meanwhile.
    #[schema(example = 0)]
    transferred: i64,
    /// When contacts in it were last dealt with.
    updated_at: TimestampWire,
    /// Grows by one each time that contacts in it are dealt with.
    #[schema(example = 5)]
    version: i64,
}

page!(ContactReviewPage, ContactReviewView);

impl ContactReviewView {
    fn new(review: &ContactReview, tally: &Tally) -> Self {
        Self {
            id: review.id.into(),
            organization_id: review.organization.into(),
            status: review.status().into(),
            started_at: review.started_at.into(),
            started_by: review.started_by.map(Into::into),
            closed_at: review.closed_at.map(Into::into),
            total: tally.total(),
            pending: tally.pending,
            confirmed: tally.confirmed,
            corrected: tally.corrected,
            disabled: tally.disabled,
            transferred: tally.transferred,
            updated_at: review.updated_at.into(),
            version: review.version,
        }
    }
}

fn shown(tx: &mut ReadTx<'_>, review: &ContactReview) -> Result<ContactReviewView, Problem> {
    let tallies = tx.review_tallies(&[review.id])?;
    Ok(ContactReviewView::new(review, tallies.get(&review.id).unwrap_or(&Tally::default())))
}

/// A contact in a review.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewedContactView {
    /// Their id.
    contact_id: ContactIdWire,
    /// First and last name, as they are now.
    #[schema(example = "Ana Silva")]
    name: String,
    /// The user id.
    #[schema(format = "email", example = "ana.silva@acme.example")]
    email: String,
    /// How they were dealt with: `pending`, `confirmed`, `corrected`, `disabled` or `transferred`.
    outcome: ReviewOutcomeOut,
    /// When they were dealt with.
    #[schema(required = true)]
    decided_at: Option<TimestampWire>,
    /// Who dealt with them.
    #[schema(required = true)]
    decided_by: Option<PersonIdWire>,
}

page!(ReviewedContactPage, ReviewedContactView);

impl From<&ReviewItem> for ReviewedContactView {
    fn from(item: &ReviewItem) -> Self {
        Self {
            contact_id: item.contact.into(),
            name: item.name.clone(),
            email: item.email.to_string(),
            outcome: item.outcome.into(),
            decided_at: item.decided_at.map(Into::into),
            decided_by: item.decided_by.map(Into::into),
        }
    }
}

/// Which reviews to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListContactReviewsQuery {
    /// In one of these states.
    #[serde(default)]
    status: Vec<ReviewStatusIn>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List contact reviews
///
/// For contact managers of the organization, partners with `full_admin`, and the staff who keep records. Newest first.
#[utoipa::path(tag = "contact-reviews", operation_id = "listContactReviews",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), ListContactReviewsQuery),
    responses((status = 200, description = "A page of reviews.", body = ContactReviewPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/organizations/{organization_id}/contact-reviews")]
pub(crate) async fn list_contact_reviews(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    query: Query<ListContactReviewsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let statuses = errors.finish(|| Some(value.status.iter().map(|status| status.0).collect::<Vec<_>>()))?;
    let page = request.page.clone();
    let (slice, tallies) = app
        .read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization.0, asker.now)?;
            contact_review::allow_list(&standing, tx.organization_ref(organization.0)?)?;
            let slice = tx.contact_reviews(organization.0, &statuses, &page)?;
            let ids: Vec<ReviewId> = slice.rows.iter().map(|review| review.id).collect();
            Ok((slice, tx.review_tallies(&ids)?))
        })
        .await?;
    let view =
        |review: &ContactReview| ContactReviewView::new(review, tallies.get(&review.id).unwrap_or(&Tally::default()));
    Ok(request.answer::<ContactReviewPage>(slice.rows.iter().map(view).collect(), slice.next.as_ref()))
}

/// Start a contact review
///
/// For contact managers of the organization and partners with `full_admin`. It covers the contacts that are active or
/// invited now; each is to be confirmed, corrected by an edit, or disabled. With the last one the review closes by
/// itself. At most one is open.
#[utoipa::path(tag = "contact-reviews", operation_id = "startContactReview",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 201, description = "The new review.", body = ContactReviewView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "review_open"]))))]
#[post("/v1/organizations/{organization_id}/contact-reviews")]
pub(crate) async fn start_contact_review(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    body: OptionalBody<Empty>,
) -> Result<HttpResponse, Problem> {
    let digest = body.0.digest;
    body.0.errors.finish(|| Some(()))?;
    let id: ReviewId = app.id();
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| start(tx, context, organization.0, id);
    app.write(caller.with_body(digest), command(move |_| Ok(Fence::new().changes(organization.0)), work)).await
}

fn start(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    id: ReviewId,
) -> Result<Answer, Problem> {
    let facts = StartFacts {
        standing: tx.standing(context.signed_in()?, organization, context.now)?,
        organization: tx.organization_ref(organization)?,
        open: tx.open_contact_review(organization)?.map(|review| review.id),
        covered: tx.contacts_to_review(organization)?,
    };
    let started = contact_review::start(context, facts, id)?;
    tx.save_started_review(&started)?;
    let review = started.review.after();
    Answer::created(format!("/v1/contact-reviews/{id}"), review.version, id, &shown(tx, review)?)
}

/// Finds a review and decides whether somebody may see it.
///
/// *Errors*: `not_found`, `permission_required`.
pub(crate) fn found(tx: &mut ReadTx<'_>, asker: &Asker, id: ReviewId) -> Result<ContactReview, Problem> {
    let review = tx.contact_review(id)?.ok_or_else(Refusal::not_found)?;
    let standing = tx.standing(&asker.actor, review.organization, asker.now)?;
    Ok(contact_review::view(&asker.actor, &standing, Some(review))?.into_value())
}

/// Read a contact review
///
/// For contact managers of the organization, partners with `full_admin`, and the staff who keep records.
#[utoipa::path(tag = "contact-reviews", operation_id = "getContactReview",
    params(("contact_review_id" = ReviewIdWire, Path, description = "The review.")),
    responses((status = 200, description = "The review.", body = ContactReviewView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/contact-reviews/{contact_review_id}")]
pub(crate) async fn get_contact_review(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ReviewKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let read = app.read(caller, move |tx, asker| {
        let review = found(tx, asker, id.0)?;
        Ok((review.version, shown(tx, &review)?))
    });
    let (version, view) = read.await?;
    Ok(if_none_match.answer(version, view))
}

/// Which contacts of a review to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListReviewedContactsQuery {
    /// Dealt with in one of these ways.
    #[serde(default)]
    outcome: Vec<ReviewOutcomeIn>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List the contacts of a review
///
/// For contact managers of the organization, partners with `full_admin`, and the staff who keep records. By last name, then first name.
#[utoipa::path(tag = "contact-reviews", operation_id = "listReviewedContacts",
    params(("contact_review_id" = ReviewIdWire, Path, description = "The review."), ListReviewedContactsQuery),
    responses((status = 200, description = "A page of contacts.", body = ReviewedContactPage), Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/contact-reviews/{contact_review_id}/contacts")]
pub(crate) async fn list_reviewed_contacts(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ReviewKind>,
    query: Query<ListReviewedContactsQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let outcomes = errors.finish(|| Some(value.outcome.iter().map(|outcome| outcome.0).collect::<Vec<_>>()))?;
    let page = request.page.clone();
    let slice = app
        .read(caller, move |tx, asker| {
            let review = found(tx, asker, id.0)?;
            Ok(tx.review_items(&review, &outcomes, &page)?)
        })
        .await?;
    let views = slice.rows.iter().map(ReviewedContactView::from).collect();
    Ok(request.answer::<ReviewedContactPage>(views, slice.next.as_ref()))
}

/// Which contacts are right as they are.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"contact_ids": ["contact_01h455vb4pex5vsknk084sn02q"]}))]
pub struct ConfirmContactsBody {
    /// Their ids. Those who were dealt with already stay as they are, so a repetition does no harm.
    #[validate(length(min = 1, max = CONFIRM_MAX))]
    #[schema(required = true, nullable = false, min_items = 1, max_items = 500)]
    contact_ids: Option<Vec<ContactIdWire>>,
}

/// Confirm contacts in a review
///
/// All of them or none. Nobody confirms only themselves: one's own record is confirmed by another contact manager, or by a
/// partner with `full_admin`, where there is one. Who acts by a grant confirms nobody whom their own organization created or
/// changed. With the last contact the review closes.
#[utoipa::path(tag = "contact-reviews", operation_id = "confirmContacts", request_body = ConfirmContactsBody,
    params(("contact_review_id" = ReviewIdWire, Path, description = "The review.")),
    responses((status = 200, description = "The review.", body = ContactReviewView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "staff_only", "own_record", "invalid_transition", "not_in_review"]))))]
#[post("/v1/contact-reviews/{contact_review_id}/confirm")]
pub(crate) async fn confirm_contacts(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ReviewKind>,
    if_match: IfMatch,
    body: Body<ConfirmContactsBody>,
) -> Result<HttpResponse, Problem> {
    let mut errors = body.errors;
    let contacts = errors.given("/contact_ids", body.value.contact_ids);
    let contacts = errors.finish(|| Some(contacts?.into_iter().map(|contact| contact.0).collect::<Vec<_>>()))?;
    let wanted = ConfirmContacts { contacts, expected_version: None };
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| confirm(tx, context, id.0, &if_match, &wanted);
    let fence = move |unlocked: &mut Unlocked<'_>| {
        let organization = unlocked.organization_of_review(id.0)?;
        Ok(Fence::new().changes(organization))
    };
    app.write(caller.with_body(body.digest), command(fence, work)).await
}

fn confirm(
    tx: &mut WriteTx<'_>,
    context: &Context,
    id: ReviewId,
    if_match: &IfMatch,
    wanted: &ConfirmContacts,
) -> Result<Answer, Problem> {
    let actor = context.signed_in()?.clone();
    let review = tx.contact_review(id)?.ok_or_else(Refusal::not_found)?;
    let organization = review.organization;
    let expected_version = expected(if_match, Some(review.version));
    let facts = ConfirmFacts {
        standing: tx.standing(&actor, organization, context.now)?,
        pending: tx.pending_in(id)?,
        handled: tx.handled_by(actor.organization, &wanted.contacts)?,
        another_manager: match actor.id() {
            PersonId::Contact(contact) => tx.another_manager(contact, organization, context.now)?,
            PersonId::Staff(_) => true,
        },
        items: tx.reviewed(id, &wanted.contacts)?,
        review: Some(review),
        actor,
    };
    let confirmed = contact_review::confirm(context, facts, ConfirmContacts { expected_version, ..wanted.clone() })?;
    tx.save_contacts(&confirmed.contacts)?;
    confirmed.step.iter().try_for_each(|step| tx.save_review_step(step))?;
    Answer::ok(confirmed.review.version, id, &shown(tx, &confirmed.review)?)
}
