//! Account teams (O-4).

use diesel::prelude::*;
use mandate_core::account_team::{AccountTeam, Places};
use mandate_core::change::Change;
use mandate_core::id::{OrganizationId, StaffId};
use mandate_core::staff::StaffMember;
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::people::PersonRow;
use crate::schema::{account_teams, people};
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = account_teams, treat_none_as_null = true)]
#[diesel(primary_key(organization_id))]
struct TeamRow {
    organization_id: String,
    technical_account_manager: Option<String>,
    customer_success_manager: Option<String>,
    sales_manager: Option<String>,
    updated_at: i64,
    version: i64,
}

impl From<&AccountTeam> for TeamRow {
    fn from(team: &AccountTeam) -> Self {
        let text = |id: Option<StaffId>| id.map(|id| id.to_string());
        Self {
            organization_id: team.organization.to_string(),
            technical_account_manager: text(team.places.technical_account_manager),
            customer_success_manager: text(team.places.customer_success_manager),
            sales_manager: text(team.places.sales_manager),
            updated_at: team.updated_at.map_or(0, Timestamp::micros),
            version: team.version,
        }
    }
}

impl TryFrom<TeamRow> for AccountTeam {
    type Error = StorageError;

    fn try_from(row: TeamRow) -> Result<Self, StorageError> {
        let cells = Cells::of("account_teams", &row.organization_id);
        Ok(Self {
            organization: cells.id("organization_id", &row.organization_id)?,
            places: Places {
                technical_account_manager: cells
                    .optional_id("technical_account_manager", row.technical_account_manager.as_deref())?,
                customer_success_manager: cells
                    .optional_id("customer_success_manager", row.customer_success_manager.as_deref())?,
                sales_manager: cells.optional_id("sales_manager", row.sales_manager.as_deref())?,
            },
            updated_at: Some(moment(row.updated_at)),
            version: row.version,
        })
    }
}

impl ReadTx<'_> {
    /// The account team of an organization, if somebody set one.
    pub fn account_team(&mut self, organization: OrganizationId) -> Result<Option<AccountTeam>, StorageError> {
        let id = organization.to_string();
        let row: Option<TeamRow> = on!(self, |connection| account_teams::table
            .find(&id)
            .select(TeamRow::as_select())
            .first(connection)
            .optional())?;
        row.map(AccountTeam::try_from).transpose()
    }

    /// Those of these staff members who exist.
    pub fn staff_among(&mut self, ids: &[StaffId]) -> Result<Vec<StaffMember>, StorageError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows: Vec<PersonRow> = on!(self, |connection| people::table
            .filter(people::id.eq_any(&ids))
            .select(PersonRow::as_select())
            .load(connection))?;
        rows.into_iter().map(StaffMember::try_from).collect()
    }
}

impl WriteTx<'_> {
    /// Saves an account team.
    pub fn save_account_team(&mut self, change: &Change<AccountTeam>) -> Result<(), StorageError> {
        let row = TeamRow::from(change.after());
        let before = change.before().map_or(0, |before| before.version);
        if change.is_effective() && before == 0 {
            on!(self, |connection| diesel::insert_into(account_teams::table).values(&row).execute(connection))?;
        } else if change.is_effective() {
            let rows = on!(self, |connection| diesel::update(account_teams::table.find(&row.organization_id))
                .filter(account_teams::version.eq(before))
                .set(&row)
                .execute(connection))?;
            self.expect_one(rows, "account_teams", &row.organization_id)?;
        }
        self.record(change)
    }
}
