//! Organizations and the domains that belong to them.

use diesel::prelude::*;
use mandate_core::actor::{Actor, OrganizationRef};
use mandate_core::change::Change;
use mandate_core::id::OrganizationId;
use mandate_core::organization::Organization;
use mandate_core::request_access::acting_levels;
use mandate_core::text::{Domain, OrganizationName, SearchText, fold};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{OrganizationStatus, OrganizationType, Vocabulary as _};

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment, texts_json};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::partner_grant::live_grantors;
use crate::schema::{organization_domains, organizations};
use crate::sql::{Sql, like};
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = organizations)]
struct OrganizationRow {
    id: String,
    kind: String,
    name: String,
    name_folded: String,
    domains: String,
    status: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    review_period_days: Option<i32>,
}

impl From<&Organization> for OrganizationRow {
    fn from(organization: &Organization) -> Self {
        Self {
            id: organization.id.to_string(),
            kind: organization.kind.name().to_owned(),
            name: organization.name.to_string(),
            name_folded: fold(organization.name.as_str()),
            domains: texts_json(organization.domains.iter().map(ToString::to_string)),
            status: organization.status.name().to_owned(),
            version: organization.version,
            created_at: organization.created_at.micros(),
            updated_at: organization.updated_at.micros(),
            review_period_days: organization.review_period_days,
        }
    }
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StorageError;

    fn try_from(row: OrganizationRow) -> Result<Self, StorageError> {
        let cells = Cells::of("organizations", &row.id);
        let domain = |text: &String| cells.read("domains", Domain::kept(text).ok());
        Ok(Self {
            id: cells.id("id", &row.id)?,
            kind: cells.word("kind", &row.kind)?,
            name: cells.read("name", OrganizationName::kept(&row.name).ok())?,
            domains: cells.texts("domains", &row.domains)?.iter().map(domain).collect::<Result<_, _>>()?,
            status: cells.word("status", &row.status)?,
            version: row.version,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
            review_period_days: row.review_period_days,
        })
    }
}

/// Which organizations a list asks for; empty filters ask for all.
#[derive(Debug, Clone, Default)]
pub struct OrganizationFilter {
    /// One of these kinds.
    pub kinds: Vec<OrganizationType>,
    /// One of these states.
    pub statuses: Vec<OrganizationStatus>,
    /// Names that contain this.
    pub search: Option<SearchText>,
}

impl ReadTx<'_> {
    /// An organization.
    pub fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>, StorageError> {
        let id = id.to_string();
        let row: Option<OrganizationRow> = on!(self, |connection| organizations::table
            .find(&id)
            .select(OrganizationRow::as_select())
            .first(connection)
            .optional())?;
        row.map(Organization::try_from).transpose()
    }

    /// The one vendor organization; none before the first start.
    pub fn vendor(&mut self) -> Result<Option<Organization>, StorageError> {
        let row: Option<OrganizationRow> = on!(self, |connection| organizations::table
            .filter(organizations::kind.eq(OrganizationType::Vendor.name()))
            .select(OrganizationRow::as_select())
            .first(connection)
            .optional())?;
        row.map(Organization::try_from).transpose()
    }

    /// The vendor's domains (O-2).
    pub fn vendor_domains(&mut self) -> Result<Vec<Domain>, StorageError> {
        Ok(self.vendor()?.map(|vendor| vendor.domains).unwrap_or_default())
    }

    /// Which of these domains belong to another organization.
    pub fn domains_taken(
        &mut self,
        domains: &[Domain],
        by_other_than: OrganizationId,
    ) -> Result<Vec<Domain>, StorageError> {
        let names: Vec<String> = domains.iter().map(ToString::to_string).collect();
        let own = by_other_than.to_string();
        let taken: Vec<String> = on!(self, |connection| organization_domains::table
            .filter(organization_domains::domain.eq_any(&names).and(organization_domains::organization_id.ne(&own)))
            .select(organization_domains::domain)
            .load(connection))?;
        Ok(domains.iter().filter(|domain| taken.iter().any(|taken| taken == domain.as_str())).cloned().collect())
    }

    /// The organizations that an actor may know: all for staff; their own and those that granted them something for others.
    pub fn organizations(
        &mut self,
        actor: &Actor,
        now: Timestamp,
        filter: &OrganizationFilter,
        page: &Page,
    ) -> Result<Slice<Organization>, StorageError> {
        let mut query = Sql::<organizations::SqlType>::new(
            "SELECT o.id, o.kind, o.name, o.name_folded, o.domains, o.status, o.version, o.created_at, o.updated_at, o.review_period_days \
             FROM organizations o WHERE TRUE",
        );
        if !actor.is_staff() {
            query = query.push(" AND (o.id = ").bind_text(actor.organization).push(" OR o.id IN (");
            query = query.append(live_grantors(actor, now, acting_levels())).push("))");
        }
        if !filter.kinds.is_empty() {
            query = query.push(" AND o.kind IN (").bind_texts(filter.kinds.iter().map(|kind| kind.name())).push(")");
        }
        if !filter.statuses.is_empty() {
            query = query
                .push(" AND o.status IN (")
                .bind_texts(filter.statuses.iter().map(|status| status.name()))
                .push(")");
        }
        if let Some(search) = &filter.search {
            query = query.push(" AND o.name_folded LIKE ").bind_text(like(search.as_str())).push(" ESCAPE '!'");
        }
        query = page.ascending(query, "o.name_folded", "o.id");
        let rows: Vec<OrganizationRow> = on!(self, |connection| query.load(connection))?;
        let Slice { rows, next } =
            Slice::cut(rows, page, |row| Position { key: SortKey::Text(row.name_folded.clone()), id: row.id.clone() });
        Ok(Slice { rows: rows.into_iter().map(Organization::try_from).collect::<Result<_, _>>()?, next })
    }

    /// What an organization is called.
    pub fn organization_ref(&mut self, id: OrganizationId) -> Result<Option<OrganizationRef>, StorageError> {
        Ok(self.organization(id)?.map(|organization| organization.reference()))
    }
}

impl WriteTx<'_> {
    /// Saves an organization; a new one gets its journal.
    pub fn save_organization(&mut self, change: &Change<Organization>) -> Result<(), StorageError> {
        let after = change.after();
        let row = OrganizationRow::from(after);
        save_row!(self, organizations, &row, change)?;
        if change.before().is_none() {
            self.open_journal(after.id)?;
        }
        let before = change.before().map(|before| &before.domains);
        if before.is_some_and(|domains| *domains != after.domains) {
            on!(self, |connection| diesel::delete(organization_domains::table)
                .filter(organization_domains::organization_id.eq(&row.id))
                .execute(connection))?;
        }
        if before != Some(&after.domains) {
            self.insert_domains(&row.id, &after.domains)?;
        }
        self.record(change)
    }

    fn insert_domains(&mut self, organization: &str, domains: &[Domain]) -> Result<(), StorageError> {
        for domain in domains {
            let row = (
                organization_domains::domain.eq(domain.as_str()),
                organization_domains::organization_id.eq(organization),
            );
            on!(self, |connection| diesel::insert_into(organization_domains::table).values(row).execute(connection))?;
        }
        Ok(())
    }
}
