//! Which service requests a list asks for, as conditions on `service_requests sr` (S-10, S-11).

use mandate_core::id::{OrganizationId, PersonId, StaffId};
use mandate_core::text::SearchWords;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Category, RequestStatus, Vocabulary as _, vocabulary};

use crate::partner_grant::upheld_by_any;
use crate::sql::{Sql, once};

vocabulary! {
    /// Which part of what one may see a list shows.
    RequestView ("view") {
        /// Submitted by the reader, or with the reader as point of contact or assignee.
        Mine = "mine",
        /// The reader's own organization's.
        Organization = "organization",
        /// Those of the organizations that granted the reader access.
        Customers = "customers",
        /// All that the reader may see.
        All = "all",
    }
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

impl RequestFilter {
    /// The conditions, but for the words, and for whose requests these are: which organization's, and those of `mine`.
    pub(crate) fn conditions(&self, now: Timestamp) -> Sql {
        let mut query = one_of(Sql::new(""), " AND sr.submitted_by IN (", &self.submitted_by);
        query = one_of(query, " AND sr.point_of_contact_id IN (", &self.point_of_contact);
        query = one_of(query, " AND sr.assigned_to IN (", &self.assigned_to);
        let statuses: Vec<&str> = self.statuses.iter().map(|status| status.name()).collect();
        query = one_of(query, " AND sr.status IN (", &statuses);
        let categories: Vec<&str> = self.categories.iter().map(|category| category.name()).collect();
        query = one_of(query, " AND sr.category IN (", &categories);
        for (position, severity) in once(&self.severities).enumerate() {
            query = query.push(if position == 0 { " AND sr.severity IN (" } else { ", " }).bind_integer(*severity);
        }
        if !self.severities.is_empty() {
            query = query.push(")");
        }
        if let Some(moment) = self.created_after {
            query = query.push(" AND sr.created_at >= ").bind_big(moment.micros());
        }
        if let Some(moment) = self.created_before {
            query = query.push(" AND sr.created_at < ").bind_big(moment.micros());
        }
        match self.partner_managed {
            None => query,
            Some(true) => query
                .push(" AND sr.point_of_contact_organization_id <> sr.organization_id AND ")
                .append(is_led(now)),
            Some(false) => query
                .push(" AND (sr.point_of_contact_organization_id IS NULL OR sr.point_of_contact_organization_id = sr.organization_id OR NOT ")
                .append(is_led(now))
                .push(")"),
        }
    }

    /// The condition that an organization is one of those asked for, given the column of its id and the reader's own.
    pub(crate) fn of_organization(&self, column: &'static str, own: OrganizationId) -> Sql {
        let query = match self.view {
            RequestView::All | RequestView::Mine => Sql::new(""),
            RequestView::Organization => Sql::new(" AND ").push(column).push(" = ").bind_text(own),
            RequestView::Customers => Sql::new(" AND ").push(column).push(" <> ").bind_text(own),
        };
        if self.organizations.is_empty() {
            return query;
        }
        query.push(" AND ").push(column).push(" IN (").bind_texts(&self.organizations).push(")")
    }

    /// Whether nothing but whose requests they are keeps any of them out of the list: no [`Self::conditions`] and no words.
    pub(crate) fn is_plain(&self) -> bool {
        self.statuses.is_empty()
            && self.severities.is_empty()
            && self.categories.is_empty()
            && self.partner_managed.is_none()
            && self.created_after.is_none()
            && self.created_before.is_none()
            && self.search.is_none()
            && !self.names_people()
    }

    /// Whether only requests of certain people are asked for: those are found by the people.
    pub(crate) fn names_people(&self) -> bool {
        let names = [&self.submitted_by, &self.point_of_contact].iter().any(|people| !people.is_empty());
        names || self.view == RequestView::Mine || !self.assigned_to.is_empty()
    }
}

fn one_of<T: std::fmt::Display>(query: Sql, words: &'static str, values: &[T]) -> Sql {
    if values.is_empty() { query } else { query.push(words).bind_texts(values).push(")") }
}

/// The condition that the grant behind the point of contact of a request `sr` gives something (S-10, C-15).
fn is_led(now: Timestamp) -> Sql {
    Sql::new("(")
        .append(upheld_by_any("sr.point_of_contact_grant", now))
        .push(" AND (sr.point_of_contact_grant IS NULL OR NOT EXISTS (SELECT 1 FROM organizations r WHERE r.status <> 'active' AND r.id IN (sr.organization_id, sr.point_of_contact_organization_id))))")
}
