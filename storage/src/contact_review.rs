//! Contact reviews, and who is in them (C-20).

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::contact::Contact;
use mandate_core::contact_review::{ContactReview, OpenReview, ReviewItem, ReviewStep, Started, Tally};
use mandate_core::id::{ContactId, OrganizationId, ReviewId};
use mandate_core::journal::EventKind;
use mandate_core::text::Email;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Level, OrganizationStatus, PersonStatus, ReviewOutcome, ReviewStatus, Vocabulary as _};

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::partner_grant::live;
use crate::people::full_name;
use crate::schema::{contact_review_items, contact_reviews};
use crate::sql::{Sql, any_of, once};
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = contact_reviews)]
struct ReviewRow {
    id: String,
    organization_id: String,
    started_at: i64,
    started_by: Option<String>,
    closed_at: Option<i64>,
    updated_at: i64,
    version: i64,
}

/// The columns of a [`ReviewRow`]: `contact_reviews r`.
const REVIEW_SELECT: &str = "SELECT r.id, r.organization_id, r.started_at, r.started_by, r.closed_at, r.updated_at, r.version \
     FROM contact_reviews r ";

impl From<&ContactReview> for ReviewRow {
    fn from(review: &ContactReview) -> Self {
        Self {
            id: review.id.to_string(),
            organization_id: review.organization.to_string(),
            started_at: review.started_at.micros(),
            started_by: review.started_by.map(|by| by.to_string()),
            closed_at: review.closed_at.map(Timestamp::micros),
            updated_at: review.updated_at.micros(),
            version: review.version,
        }
    }
}

impl TryFrom<ReviewRow> for ContactReview {
    type Error = StorageError;

    fn try_from(row: ReviewRow) -> Result<Self, StorageError> {
        let cells = Cells::of("contact_reviews", &row.id);
        Ok(Self {
            id: cells.id("id", &row.id)?,
            organization: cells.id("organization_id", &row.organization_id)?,
            started_at: moment(row.started_at),
            started_by: cells.optional_person_id("started_by", row.started_by.as_deref())?,
            closed_at: row.closed_at.map(moment),
            updated_at: moment(row.updated_at),
            version: row.version,
        })
    }
}

type ItemColumns = (Text, Text, Text, Text, Text, Text, Nullable<BigInt>, Nullable<Text>);

#[derive(Debug, Queryable)]
struct LoadedItem {
    contact: String,
    sort_name: String,
    first_name: String,
    last_name: String,
    email: String,
    outcome: String,
    decided_at: Option<i64>,
    decided_by: Option<String>,
}

impl LoadedItem {
    fn read(self) -> Result<ReviewItem, StorageError> {
        let cells = Cells::of("contact_review_items", &self.contact);
        Ok(ReviewItem {
            contact: cells.id("contact_id", &self.contact)?,
            name: full_name(&self.first_name, &self.last_name),
            email: cells.read("people.email", Email::kept(&self.email).ok())?,
            outcome: cells.word("outcome", &self.outcome)?,
            decided_at: self.decided_at.map(moment),
            decided_by: cells.optional_person_id("decided_by", self.decided_by.as_deref())?,
        })
    }
}

/// The contacts of an organization that a review covers if it starts now.
fn covered_by(organization: OrganizationId) -> Sql {
    Sql::new(" FROM people p WHERE p.contact_type IS NOT NULL AND p.organization_id = ")
        .bind_text(organization)
        .push(" AND p.status IN (")
        .bind_texts([PersonStatus::Active.name(), PersonStatus::Invited.name()])
        .push(")")
}

/// What of the journal says that somebody created or changed a contact.
const HANDLING: [EventKind; 4] =
    [EventKind::ContactCreated, EventKind::ContactUpdated, EventKind::ContactEnabled, EventKind::ContactDisabled];

impl ReadTx<'_> {
    /// A review.
    pub fn contact_review(&mut self, id: ReviewId) -> Result<Option<ContactReview>, StorageError> {
        self.one_review(Sql::new("WHERE r.id = ").bind_text(id))
    }

    /// The review of an organization that is open.
    pub fn open_contact_review(&mut self, organization: OrganizationId) -> Result<Option<ContactReview>, StorageError> {
        self.one_review(Sql::new("WHERE r.closed_at IS NULL AND r.organization_id = ").bind_text(organization))
    }

    fn one_review(&mut self, whose: Sql) -> Result<Option<ContactReview>, StorageError> {
        let query = Sql::<contact_reviews::SqlType>::new(REVIEW_SELECT).append(whose);
        let row: Option<ReviewRow> = on!(self, |connection| query.get_result(connection).optional())?;
        row.map(ContactReview::try_from).transpose()
    }

    /// The open review in which a contact is pending.
    pub fn open_review_of(
        &mut self,
        contact: ContactId,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<OpenReview>, StorageError> {
        let whose = Sql::new("JOIN contact_review_items i ON i.review_id = r.id AND i.contact_id = ")
            .bind_text(contact)
            .push(" AND i.outcome = ")
            .bind_text(ReviewOutcome::Pending.name())
            .push(" WHERE r.closed_at IS NULL AND r.organization_id = ")
            .bind_text(organization);
        let Some(review) = self.one_review(whose)? else { return Ok(None) };
        Ok(Some(OpenReview {
            pending: self.pending_in(review.id)?,
            another_manager: self.another_manager(contact, organization, now)?,
            review,
        }))
    }

    /// How many contacts are pending in a review.
    pub fn pending_in(&mut self, review: ReviewId) -> Result<i64, StorageError> {
        let query = Sql::<BigInt>::new("SELECT count(*) FROM contact_review_items i WHERE i.review_id = ")
            .bind_text(review)
            .push(" AND i.outcome = ")
            .bind_text(ReviewOutcome::Pending.name());
        on!(self, |connection| query.get_result(connection))
    }

    /// How many contacts of an organization a review covers if it starts now.
    pub fn contacts_to_review(&mut self, organization: OrganizationId) -> Result<i64, StorageError> {
        let query = Sql::<BigInt>::new("SELECT count(*)").append(covered_by(organization));
        on!(self, |connection| query.get_result(connection))
    }

    /// Whether somebody else than this contact manages the contacts of an organization: another active contact manager, or
    /// an active person of a partner by `full_admin`.
    pub fn another_manager(
        &mut self,
        than: ContactId,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        if self.others_than(than, organization)?.active_manager {
            return Ok(true);
        }
        // The individual's grant decides before the organization's (G-2).
        let query = Sql::<Text>::new(
            "SELECT g.id FROM partner_grants g JOIN organizations h ON h.id = g.grantee_organization_id \
             JOIN people p ON p.organization_id = h.id WHERE g.grantor_id = ",
        )
        .bind_text(organization)
        .push(" AND g.level = ")
        .bind_text(Level::FullAdmin.name())
        .push(" AND h.status = ")
        .bind_text(OrganizationStatus::Active.name())
        .push(" AND p.status = ")
        .bind_text(PersonStatus::Active.name())
        .push(" AND ")
        .append(live(now))
        .push(
            " AND (p.id = g.grantee_id OR (h.id = g.grantee_id AND NOT EXISTS (SELECT 1 FROM partner_grants i \
             WHERE i.grantor_id = g.grantor_id AND i.grantee_id = p.id AND i.ended_at IS NULL \
             AND (i.expires_at IS NULL OR i.expires_at > ",
        )
        .bind_big(now.micros())
        .push(")))) LIMIT 1");
        let found: Option<String> = on!(self, |connection| query.get_result(connection).optional())?;
        Ok(found.is_some())
    }

    /// Those of some contacts that are in a review, and how they were dealt with.
    pub fn reviewed(
        &mut self,
        review: ReviewId,
        contacts: &[ContactId],
    ) -> Result<Vec<(Contact, ReviewOutcome)>, StorageError> {
        let review = review.to_string();
        let ids: Vec<String> = contacts.iter().map(ToString::to_string).collect();
        let items: Vec<(String, String)> = on!(self, |connection| contact_review_items::table
            .filter(contact_review_items::review_id.eq(&review).and(contact_review_items::contact_id.eq_any(&ids)))
            .select((contact_review_items::contact_id, contact_review_items::outcome))
            .load(connection))?;
        let outcomes = items
            .iter()
            .map(|(contact, outcome)| {
                let cells = Cells::of("contact_review_items", contact);
                Ok((cells.id("contact_id", contact)?, cells.word("outcome", outcome)?))
            })
            .collect::<Result<BTreeMap<ContactId, ReviewOutcome>, StorageError>>()?;
        let contacts = self.contacts_with(outcomes.keys().copied())?;
        Ok(contacts
            .into_iter()
            .filter_map(|contact| outcomes.get(&contact.id).map(|outcome| (contact, *outcome)))
            .collect())
    }

    /// Those of some contacts whom people of an organization ever created or changed by a grant, as the journal has it (C-20).
    pub fn handled_by(
        &mut self,
        organization: OrganizationId,
        contacts: &[ContactId],
    ) -> Result<BTreeSet<ContactId>, StorageError> {
        if contacts.is_empty() {
            return Ok(BTreeSet::new());
        }
        let ids: Vec<String> = contacts.iter().map(ToString::to_string).collect();
        let query = Sql::<Text>::new(
            "SELECT j.subject_id FROM journal j JOIN people p ON p.id = j.actor_id WHERE j.grant_id IS NOT NULL \
             AND j.kind IN (",
        )
        .bind_texts(HANDLING.map(|kind| kind.name()))
        .push(") AND p.organization_id = ")
        .bind_text(organization)
        .push(" AND j.subject_id IN (")
        .bind_texts(&ids)
        // Who was invited came by themselves.
        .push(") UNION SELECT c.id FROM people c JOIN people p ON p.id = c.created_by WHERE p.organization_id = ")
        .bind_text(organization)
        .push(" AND c.id IN (")
        .bind_texts(&ids)
        .push(")");
        let ids: Vec<String> = on!(self, |connection| query.load(connection))?;
        ids.iter().map(|id| Cells::of("journal", id).id("subject_id", id)).collect()
    }

    /// How many contacts of reviews were dealt with, and how.
    pub fn review_tallies(&mut self, reviews: &[ReviewId]) -> Result<BTreeMap<ReviewId, Tally>, StorageError> {
        let mut tallies: BTreeMap<ReviewId, Tally> = reviews.iter().map(|id| (*id, Tally::default())).collect();
        let ids: Vec<String> = reviews.iter().map(ToString::to_string).collect();
        let counts: Vec<(String, String, i64)> = on!(self, |connection| contact_review_items::table
            .filter(contact_review_items::review_id.eq_any(&ids))
            .group_by((contact_review_items::review_id, contact_review_items::outcome))
            .select((
                contact_review_items::review_id,
                contact_review_items::outcome,
                diesel::dsl::count(contact_review_items::contact_id)
            ))
            .load(connection))?;
        for (review, outcome, number) in counts {
            let cells = Cells::of("contact_review_items", &review);
            tallies.entry(cells.id("review_id", &review)?).or_default().add(cells.word("outcome", &outcome)?, number);
        }
        Ok(tallies)
    }

    /// The reviews of an organization, newest first; in any state if none is named.
    pub fn contact_reviews(
        &mut self,
        organization: OrganizationId,
        statuses: &[ReviewStatus],
        page: &Page,
    ) -> Result<Slice<ContactReview>, StorageError> {
        let mut query = Sql::<contact_reviews::SqlType>::new(REVIEW_SELECT)
            .push("WHERE r.organization_id = ")
            .bind_text(organization);
        let in_state = |status: &ReviewStatus| match status {
            ReviewStatus::Open => Sql::new("r.closed_at IS NULL"),
            ReviewStatus::Closed => Sql::new("r.closed_at IS NOT NULL"),
        };
        query = query.append(any_of(once(statuses).map(in_state)));
        query = page.descending(query, "r.started_at", "r.id");
        let rows: Vec<ReviewRow> = on!(self, |connection| query.load(connection))?;
        let Slice { rows, next } =
            Slice::cut(rows, page, |row| Position { key: SortKey::Number(row.started_at), id: row.id.clone() });
        Ok(Slice { rows: rows.into_iter().map(ContactReview::try_from).collect::<Result<_, _>>()?, next })
    }

    /// Who is in a review, by name; however they were dealt with if no way is named.
    pub fn review_items(
        &mut self,
        review: &ContactReview,
        outcomes: &[ReviewOutcome],
        page: &Page,
    ) -> Result<Slice<ReviewItem>, StorageError> {
        let mut query = Sql::<ItemColumns>::new(
            "SELECT i.contact_id, p.sort_name, p.first_name, p.last_name, p.email, i.outcome, i.decided_at, i.decided_by \
             FROM people p JOIN contact_review_items i ON i.contact_id = p.id WHERE p.organization_id = ",
        )
        .bind_text(review.organization)
        .push(" AND i.review_id = ")
        .bind_text(review.id);
        if !outcomes.is_empty() {
            query =
                query.push(" AND i.outcome IN (").bind_texts(once(outcomes).map(|outcome| outcome.name())).push(")");
        }
        query = page.ascending(query, "p.sort_name", "p.id");
        let rows: Vec<LoadedItem> = on!(self, |connection| query.load(connection))?;
        let Slice { rows, next } = Slice::cut(rows, page, |row| Position {
            key: SortKey::Text(row.sort_name.clone()),
            id: row.contact.clone(),
        });
        Ok(Slice { rows: rows.into_iter().map(LoadedItem::read).collect::<Result<_, _>>()?, next })
    }
}

impl WriteTx<'_> {
    /// Saves a review that was started, and freezes who is in it: in one statement, however many they are.
    pub fn save_started_review(&mut self, started: &Started) -> Result<(), StorageError> {
        let review = started.review.after();
        let row = ReviewRow::from(review);
        on!(self, |connection| diesel::insert_into(contact_reviews::table).values(&row).execute(connection))?;
        let freeze = Sql::<()>::new("INSERT INTO contact_review_items (review_id, contact_id, outcome) SELECT ")
            .bind_text(review.id)
            .push(", p.id, ")
            .bind_text(ReviewOutcome::Pending.name())
            .append(covered_by(review.organization));
        let rows = on!(self, |connection| freeze.execute(connection))?;
        self.expect_all(rows, usize::try_from(started.covered).unwrap_or(usize::MAX))?;
        self.record(&started.review)
    }

    /// Saves how contacts were dealt with in a review.
    pub fn save_review_step(&mut self, step: &ReviewStep) -> Result<(), StorageError> {
        let row = ReviewRow::from(step.review());
        let rows = on!(self, |connection| diesel::update(contact_reviews::table.find(&row.id))
            .filter(contact_reviews::version.eq(step.before_version()))
            .set((
                contact_reviews::closed_at.eq(row.closed_at),
                contact_reviews::updated_at.eq(row.updated_at),
                contact_reviews::version.eq(row.version),
            ))
            .execute(connection))?;
        self.expect_one(rows, "contact_reviews", &row.id)?;
        let contacts: Vec<String> = step.contacts().iter().map(ToString::to_string).collect();
        let by = step.by().map(|by| by.to_string());
        let rows = on!(self, |connection| diesel::update(contact_review_items::table)
            .filter(contact_review_items::review_id.eq(&row.id))
            .filter(contact_review_items::contact_id.eq_any(&contacts))
            .filter(contact_review_items::outcome.eq(ReviewOutcome::Pending.name()))
            .set((
                contact_review_items::outcome.eq(step.outcome().name()),
                contact_review_items::decided_at.eq(Some(row.updated_at)),
                contact_review_items::decided_by.eq(&by),
            ))
            .execute(connection))?;
        self.expect_all(rows, contacts.len())?;
        step.closing().map_or(Ok(()), |closing| self.record(closing))
    }

    /// Demands that a statement touched as many rows as there were when it was decided.
    fn expect_all(&mut self, rows: usize, expected: usize) -> Result<(), StorageError> {
        if rows == expected { Ok(()) } else { Err(self.contention()) }
    }
}
