//! The list of an organization's contacts (C-18).

use std::collections::BTreeSet;

use diesel::prelude::*;
use mandate_core::contact::Contact;
use mandate_core::id::{OrganizationId, SiteId};
use mandate_core::text::SearchWords;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{ContactType, Duty, Permission, PersonStatus, Vocabulary as _, vocabulary};

use crate::backend::on;
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::people::{PERSON_COLUMNS, PersonRow};
use crate::people_words::{among, with_words};
use crate::schema::people;
use crate::sql::{Sql, any_of, once};
use crate::tx::ReadTx;

vocabulary! {
    /// What the list is ordered by.
    ContactSort ("sort order") {
        /// Last name, then first name.
        Name = "name",
        /// Email.
        Email = "email",
        /// When they were created.
        CreatedAt = "created_at",
        /// When they last signed in; who never did counts as longest ago.
        LastSignInAt = "last_sign_in_at",
    }
}

impl ContactSort {
    fn key(self) -> &'static str {
        match self {
            Self::Name => "p.sort_name",
            Self::Email => "p.email",
            Self::CreatedAt => "p.created_at",
            Self::LastSignInAt => "COALESCE(p.last_sign_in_at, 0)",
        }
    }

    fn position(self, contact: &Contact, sort_name: &str) -> SortKey {
        match self {
            Self::Name => SortKey::Text(sort_name.to_owned()),
            Self::Email => SortKey::Text(contact.profile.email.to_string()),
            Self::CreatedAt => SortKey::Number(contact.created_at.micros()),
            Self::LastSignInAt => SortKey::Number(contact.last_sign_in_at.map_or(0, Timestamp::micros)),
        }
    }
}

/// Which contacts a list asks for; empty filters ask for all.
#[derive(Debug, Clone)]
pub struct ContactFilter {
    /// In one of these states.
    pub statuses: Vec<PersonStatus>,
    /// With one of these permissions.
    pub permissions: Vec<Permission>,
    /// Of one of these types.
    pub kinds: Vec<ContactType>,
    /// With one of these duties.
    pub duties: Vec<Duty>,
    /// Who work at one of these sites.
    pub sites: Vec<SiteId>,
    /// With exactly this email.
    pub email: Option<String>,
    /// Of whose name or email words begin with each of these.
    pub search: Option<SearchWords>,
    /// Who did not sign in since this moment, or never.
    pub last_sign_in_before: Option<Timestamp>,
    /// Who was not confirmed since this moment, or never.
    pub last_confirmed_before: Option<Timestamp>,
    /// What the list is ordered by.
    pub sort: ContactSort,
    /// Whether the order is turned round.
    pub descending: bool,
}

fn words<V: mandate_core::vocabulary::Vocabulary>(query: Sql, before: &'static str, values: &[V]) -> Sql {
    if values.is_empty() {
        query
    } else {
        query.push(before).bind_texts(values.iter().map(|value| value.name())).push(")")
    }
}

fn narrowed(filter: &ContactFilter) -> Sql {
    let mut query = words(Sql::new(""), " AND p.status IN (", &filter.statuses);
    query = words(query, " AND p.permission IN (", &filter.permissions);
    query = words(query, " AND p.contact_type IN (", &filter.kinds);
    let held = |duty: &Duty| Sql::new("p.duties LIKE ").bind_text(format!("%\"{}\"%", duty.name()));
    query = query.append(any_of(once(&filter.duties).map(held)));
    let at_site = |site: &SiteId| Sql::new("p.sites LIKE ").bind_text(format!("%\"{site}\"%"));
    query = query.append(any_of(once(&filter.sites).map(at_site)));
    if let Some(email) = &filter.email {
        query = query.push(" AND p.email = ").bind_text(email);
    }
    if let Some(search) = &filter.search {
        query = with_words(query, search);
    }
    if let Some(moment) = filter.last_sign_in_before {
        query = query.push(" AND COALESCE(p.last_sign_in_at, 0) < ").bind_big(moment.micros());
    }
    if let Some(moment) = filter.last_confirmed_before {
        query = query.push(" AND COALESCE(p.last_confirmed_at, 0) < ").bind_big(moment.micros());
    }
    query
}

impl ReadTx<'_> {
    /// The contacts of an organization, the disabled and transferred ones included (C-16, C-18).
    ///
    /// Where few have a word of the search, these alone are looked at; else the list is walked in its order until the page is full.
    pub fn contacts(
        &mut self,
        organization: OrganizationId,
        filter: &ContactFilter,
        page: &Page,
    ) -> Result<Slice<Contact>, StorageError> {
        let few = match &filter.search {
            Some(words) => self.few_with_words(organization, words)?,
            None => None,
        };
        if few.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(Slice { rows: Vec::new(), next: None });
        }
        // Few are fetched by their keys and sorted; the expression keeps databases from walking the list in its order instead.
        let whose = if few.is_some() { "p.organization_id || '' = " } else { "p.organization_id = " };
        let mut query = Sql::<people::SqlType>::new("SELECT ")
            .push(PERSON_COLUMNS)
            .push(" FROM people p WHERE p.contact_type IS NOT NULL AND ")
            .push(whose)
            .bind_text(organization)
            .append(narrowed(filter));
        if let Some(few) = &few {
            query = among(query, few);
        }
        query = page.ordered(query, filter.sort.key(), "p.id", filter.descending);
        let rows: Vec<PersonRow> = on!(self, |connection| query.load(connection))?;
        let sort_names: Vec<String> = rows.iter().map(|row| row.sort_name.clone()).collect();
        let contacts = sort_names.into_iter().zip(self.read_contacts(rows)?).collect();
        let Slice { rows, next } = Slice::cut(contacts, page, |(sort_name, contact)| Position {
            key: filter.sort.position(contact, sort_name),
            id: contact.id.to_string(),
        });
        Ok(Slice { rows: rows.into_iter().map(|(_, contact)| contact).collect(), next })
    }
}
