//! Sites and their shifts (O-5).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::change::Change;
use mandate_core::hours::{Hours, TimeOfDay};
use mandate_core::id::{OrganizationId, SiteId};
use mandate_core::site::{Room, SITES_MAX, Shift, Site};
use mandate_core::text::{SiteName, TimeZone, fold};
use mandate_core::time::Timestamp;
use serde_json::{Value, json};

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::schema::sites;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = sites, treat_none_as_null = true)]
struct SiteRow {
    id: String,
    organization_id: String,
    name: String,
    name_folded: String,
    time_zone: String,
    shifts: String,
    archived_at: Option<i64>,
    created_at: i64,
    created_by: String,
    updated_at: i64,
    version: i64,
}

impl From<&Site> for SiteRow {
    fn from(site: &Site) -> Self {
        Self {
            id: site.id.to_string(),
            organization_id: site.organization.to_string(),
            name: site.name.to_string(),
            name_folded: fold(site.name.as_str()),
            time_zone: site.time_zone.to_string(),
            shifts: site.shifts.iter().map(shift_json).collect::<Value>().to_string(),
            archived_at: site.archived_at.map(Timestamp::micros),
            created_at: site.created_at.micros(),
            created_by: site.created_by.to_string(),
            updated_at: site.updated_at.micros(),
            version: site.version,
        }
    }
}

impl TryFrom<SiteRow> for Site {
    type Error = StorageError;

    fn try_from(row: SiteRow) -> Result<Self, StorageError> {
        let cells = Cells::of("sites", &row.id);
        let shifts: Vec<Value> = cells.read("shifts", serde_json::from_str(&row.shifts).ok())?;
        Ok(Self {
            id: cells.id("id", &row.id)?,
            organization: cells.id("organization_id", &row.organization_id)?,
            name: cells.read("name", SiteName::kept(&row.name).ok())?,
            time_zone: cells.read("time_zone", TimeZone::parse(&row.time_zone).ok())?,
            shifts: shifts.iter().map(|shift| cells.read("shifts", read_shift(shift))).collect::<Result<_, _>>()?,
            archived_at: row.archived_at.map(moment),
            created_at: moment(row.created_at),
            created_by: cells.person_id("created_by", &row.created_by)?,
            updated_at: moment(row.updated_at),
            version: row.version,
        })
    }
}

fn shift_json(shift: &Shift) -> Value {
    let Hours { from, until, time_zone } = &shift.hours;
    json!({"name": shift.name.as_str(), "from": from.to_string(), "until": until.to_string(), "time_zone": time_zone.as_str()})
}

fn read_shift(shift: &Value) -> Option<Shift> {
    let text = |name: &str| shift.get(name).and_then(Value::as_str);
    Some(Shift {
        name: SiteName::kept(text("name")?).ok()?,
        hours: Hours {
            from: TimeOfDay::parse(text("from")?).ok()?,
            until: TimeOfDay::parse(text("until")?).ok()?,
            time_zone: TimeZone::parse(text("time_zone")?).ok()?,
        },
    })
}

impl ReadTx<'_> {
    /// A site.
    pub fn site(&mut self, id: SiteId) -> Result<Option<Site>, StorageError> {
        let id = id.to_string();
        let row: Option<SiteRow> =
            on!(self, |connection| sites::table.find(&id).select(SiteRow::as_select()).first(connection).optional())?;
        row.map(Site::try_from).transpose()
    }

    /// The sites of an organization that are in use, by name. There are [`SITES_MAX`] at most.
    pub fn sites_of(&mut self, organization: OrganizationId) -> Result<Vec<Site>, StorageError> {
        let page = Page { limit: SITES_MAX, after: None };
        Ok(self.sites(organization, Some(false), &page)?.rows)
    }

    /// Sites of an organization, by name: the archived ones, those in use, or all.
    pub fn sites(
        &mut self,
        organization: OrganizationId,
        archived: Option<bool>,
        page: &Page,
    ) -> Result<Slice<Site>, StorageError> {
        let mut query = Sql::<sites::SqlType>::new(
            "SELECT s.id, s.organization_id, s.name, s.name_folded, s.time_zone, s.shifts, s.archived_at, s.created_at, \
             s.created_by, s.updated_at, s.version FROM sites s WHERE s.organization_id = ",
        )
        .bind_text(organization);
        query = match archived {
            None => query,
            Some(true) => query.push(" AND s.archived_at IS NOT NULL"),
            Some(false) => query.push(" AND s.archived_at IS NULL"),
        };
        query = page.ascending(query, "s.name_folded", "s.id");
        let rows: Vec<SiteRow> = on!(self, |connection| query.load(connection))?;
        let Slice { rows, next } =
            Slice::cut(rows, page, |row| Position { key: SortKey::Text(row.name_folded.clone()), id: row.id.clone() });
        Ok(Slice { rows: rows.into_iter().map(Site::try_from).collect::<Result<_, _>>()?, next })
    }

    /// How many sites of an organization are in use, and which of them has this name; all but one.
    pub fn room_for_site(
        &mut self,
        organization: OrganizationId,
        name: &SiteName,
        but: SiteId,
    ) -> Result<Room, StorageError> {
        let query = Sql::<(BigInt, Nullable<Text>)>::new("SELECT COUNT(*), MIN(CASE WHEN s.name_folded = ")
            .bind_text(fold(name.as_str()))
            .push(" THEN s.id END) FROM sites s WHERE s.archived_at IS NULL AND s.organization_id = ")
            .bind_text(organization)
            .push(" AND s.id <> ")
            .bind_text(but);
        let (in_use, namesake): (i64, Option<String>) = on!(self, |connection| query.get_result(connection))?;
        let namesake = namesake.map(|id| Cells::of("sites", &id).id("id", &id)).transpose()?;
        Ok(Room { namesake, in_use: usize::try_from(in_use).unwrap_or(usize::MAX) })
    }
}

impl WriteTx<'_> {
    /// Saves a site.
    pub fn save_site(&mut self, change: &Change<Site>) -> Result<(), StorageError> {
        let row = SiteRow::from(change.after());
        save_row!(self, sites, &row, change)?;
        self.record(change)
    }
}
