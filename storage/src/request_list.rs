//! Lists of service requests: a reach from core, narrowed by filters (S-11).

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mandate_core::access::Reach;
use mandate_core::actor::Actor;
use mandate_core::id::{OrganizationId, PersonId, StaffId};
use mandate_core::service_request::ServiceRequest;
use mandate_core::text::SearchWords;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Category, Level, RequestStatus, Vocabulary as _};

use crate::backend::on;
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::partner_grant::live_grantors;
use crate::request_words::Searched;
use crate::service_request::{LoadedRequest, REQUEST_COLUMNS, REQUEST_NAMES, RequestColumns};
use crate::sql::{Sql, once};
use crate::tx::ReadTx;

/// Which part of what one may see a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestView {
    /// Submitted by the reader, or with the reader as point of contact or assignee.
    Mine,
    /// The reader's own organization's.
    Organization,
    /// Those of the organizations that granted the reader access.
    Customers,
    /// All that the reader may see.
    All,
}

/// Which requests a list asks for; empty filters ask for all that the reach allows.
#[derive(Debug, Clone)]
pub struct RequestFilter {
    /// Which part.
    pub view: RequestView,
    /// Of these organizations.
    pub organizations: Vec<OrganizationId>,
    /// In one of these states.
    pub statuses: Vec<RequestStatus>,
    /// Of one of these severities.
    pub severities: Vec<i32>,
    /// Of one of these categories.
    pub categories: Vec<Category>,
    /// Whether agents work with a partner.
    pub partner_managed: Option<bool>,
    /// Submitted by one of these.
    pub submitted_by: Vec<PersonId>,
    /// With one of these as point of contact.
    pub point_of_contact: Vec<PersonId>,
    /// Assigned to one of these.
    pub assigned_to: Vec<StaffId>,
    /// Created at or after this moment.
    pub created_after: Option<Timestamp>,
    /// Created before this moment.
    pub created_before: Option<Timestamp>,
    /// Whose subject and visible messages have words that begin with each of these.
    pub search: Option<SearchWords>,
}

impl RequestFilter {
    /// All of a part.
    pub fn all(view: RequestView) -> Self {
        Self {
            view,
            organizations: Vec::new(),
            statuses: Vec::new(),
            severities: Vec::new(),
            categories: Vec::new(),
            partner_managed: None,
            submitted_by: Vec::new(),
            point_of_contact: Vec::new(),
            assigned_to: Vec::new(),
            created_after: None,
            created_before: None,
            search: None,
        }
    }
}

/// What the access table says, as a piece of SQL. The two are compared in tests (S-11).
fn reached(reach: &Reach, actor: &Actor, now: Timestamp) -> Sql {
    let mut query = Sql::new(" AND (");
    if reach.reaches_everything() {
        return query.push("TRUE)");
    }
    if reach.reaches_own() {
        query = query.push("sr.organization_id = ").bind_text(reach.organization()).push(" OR ");
    }
    if !reach.reaches_granted() {
        return query.push("FALSE)");
    }
    query
        .push("sr.organization_id IN (")
        .append(live_grantors(actor, now, Level::View))
        .push(") OR ((sr.point_of_contact_id = ")
        .bind_text(reach.person())
        .push(" OR EXISTS (SELECT 1 FROM participants pa WHERE pa.service_request_id = sr.id AND pa.person_id = ")
        .bind_text(reach.person())
        .push(")) AND sr.organization_id IN (")
        .append(live_grantors(actor, now, Level::Cc))
        .push(")))")
}

fn narrowed(filter: &RequestFilter, reach: &Reach) -> Sql {
    let person = reach.person();
    let mut query = match filter.view {
        RequestView::All => Sql::new(""),
        RequestView::Organization => Sql::new(" AND sr.organization_id = ").bind_text(reach.organization()),
        RequestView::Customers => Sql::new(" AND sr.organization_id <> ").bind_text(reach.organization()),
        RequestView::Mine => Sql::new(" AND (sr.submitted_by = ")
            .bind_text(person)
            .push(" OR sr.point_of_contact_id = ")
            .bind_text(person)
            .push(" OR sr.assigned_to = ")
            .bind_text(person)
            .push(")"),
    };
    query = one_of(query, " AND sr.organization_id IN (", &filter.organizations);
    query = one_of(query, " AND sr.submitted_by IN (", &filter.submitted_by);
    query = one_of(query, " AND sr.point_of_contact_id IN (", &filter.point_of_contact);
    query = one_of(query, " AND sr.assigned_to IN (", &filter.assigned_to);
    let statuses: Vec<&str> = filter.statuses.iter().map(|status| status.name()).collect();
    query = one_of(query, " AND sr.status IN (", &statuses);
    let categories: Vec<&str> = filter.categories.iter().map(|category| category.name()).collect();
    query = one_of(query, " AND sr.category IN (", &categories);
    for (position, severity) in once(&filter.severities).enumerate() {
        query = query.push(if position == 0 { " AND sr.severity IN (" } else { ", " }).bind_integer(*severity);
    }
    if !filter.severities.is_empty() {
        query = query.push(")");
    }
    match filter.partner_managed {
        None => query,
        Some(true) => query.push(" AND sr.point_of_contact_organization_id <> sr.organization_id"),
        Some(false) => query.push(
            " AND (sr.point_of_contact_organization_id IS NULL OR sr.point_of_contact_organization_id = sr.organization_id)",
        ),
    }
}

fn one_of<T: std::fmt::Display>(query: Sql, words: &'static str, values: &[T]) -> Sql {
    if values.is_empty() { query } else { query.push(words).bind_texts(values).push(")") }
}

fn in_time(filter: &RequestFilter) -> Sql {
    let mut query = Sql::new("");
    if let Some(moment) = filter.created_after {
        query = query.push(" AND sr.created_at >= ").bind_big(moment.micros());
    }
    if let Some(moment) = filter.created_before {
        query = query.push(" AND sr.created_at < ").bind_big(moment.micros());
    }
    query
}

/// How many of the newest requests are asked whether they have words that many have, before the index is: few first, then many.
const WINDOWS: [usize; 2] = [256, 4_096];

/// A list of service requests, without its pages.
struct List<'a> {
    actor: &'a Actor,
    reach: &'a Reach,
    now: Timestamp,
    filter: &'a RequestFilter,
}

impl List<'_> {
    /// The places of this part of the list, `id`, `activity_at` and `number`, with one more condition.
    fn places(&self, condition: Sql, page: &Page) -> Sql {
        let query = Sql::new("SELECT sr.id, sr.activity_at, sr.number FROM service_requests sr WHERE TRUE")
            .append(reached(self.reach, self.actor, self.now))
            .append(narrowed(self.filter, self.reach))
            .append(in_time(self.filter))
            .append(condition);
        page.descending(query, "sr.activity_at", "sr.id")
    }

    /// Whose words are searched: internal notes are the desk's alone (S-5).
    fn searched(&self) -> Searched {
        if self.reach.reaches_everything() { Searched::All } else { Searched::Visible }
    }
}

impl ReadTx<'_> {
    /// Requests within a reach, newest activity first (S-11).
    pub fn service_requests(
        &mut self,
        actor: &Actor,
        reach: &Reach,
        now: Timestamp,
        filter: &RequestFilter,
        page: &Page,
    ) -> Result<Slice<ServiceRequest>, StorageError> {
        let list = List { actor, reach, now, filter };
        let requests = match &filter.search {
            None => self.requests_at(list.places(Sql::new(""), page))?,
            Some(search) => self.found_requests(&list, search, page)?,
        };
        Ok(Slice::cut(requests, page, |request| Position {
            key: SortKey::Number(request.activity_at.micros()),
            id: request.id.to_string(),
        }))
    }

    /// The part of a list that has the words of a search.
    ///
    /// Where few have one of them, these alone are looked at. Else the list is walked until the page is full; if that takes too
    /// long, for many have the word but few of this list, the index is asked all the same.
    fn found_requests(
        &mut self,
        list: &List<'_>,
        search: &SearchWords,
        page: &Page,
    ) -> Result<Vec<ServiceRequest>, StorageError> {
        let rare = self.rare_word(search)?;
        if rare.is_none() {
            let all_words = self.has_words(search.as_slice(), list.searched());
            for window in WINDOWS {
                let newest = Page { limit: window, after: page.after.clone() };
                let newest = list.places(Sql::new(""), &newest);
                let walk = Sql::new("SELECT sr.id, sr.activity_at FROM (")
                    .append(newest.clone())
                    .push(") AS sr WHERE TRUE")
                    .append(all_words.clone());
                let first = Page { limit: page.limit, after: None };
                let found = self.requests_at(first.descending(walk, "sr.activity_at", "sr.id"))?;
                if found.len() > page.limit {
                    return Ok(found);
                }
                let count = Sql::<BigInt>::new("SELECT COUNT(*) FROM (").append(newest).push(") AS sr");
                let count: i64 = on!(self, |connection| count.get_result(connection))?;
                if usize::try_from(count).is_ok_and(|count| count <= window) {
                    return Ok(found);
                }
            }
        }
        let Some(first) = rare.or(search.as_slice().first().map(String::as_str)) else { return Ok(Vec::new()) };
        let others: Vec<String> = search.as_slice().iter().filter(|word| *word != first).cloned().collect();
        let found = Sql::new(" AND sr.number IN (").append(self.numbers_with(first, list.searched())).push(")");
        let others = self.has_words(&others, list.searched());
        self.requests_at(list.places(found.append(others), page))
    }

    /// The requests at these places of a list, newest activity first, with everybody whom they name.
    fn requests_at(&mut self, places: Sql) -> Result<Vec<ServiceRequest>, StorageError> {
        let query = Sql::<RequestColumns>::new("SELECT ")
            .push(REQUEST_COLUMNS)
            .push(" FROM (")
            .append(places)
            .push(") AS place JOIN service_requests sr ON sr.id = place.id")
            .push(REQUEST_NAMES)
            .push("ORDER BY place.activity_at DESC, place.id DESC");
        let rows: Vec<LoadedRequest> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(LoadedRequest::read).collect()
    }
}
