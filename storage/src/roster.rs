//! Who joined and left partners whose customers are to be told (G-18).
//!
//! A save of contacts gathers them by itself, so that no way of coming or going is left out.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use mandate_core::actor::{OrganizationRef, PersonRef};
use mandate_core::change::Change;
use mandate_core::contact::Contact;
use mandate_core::id::{OrganizationId, RosterId};
use mandate_core::request_access::reading_levels;
use mandate_core::roster::{Moved, Movement, Movements, NAMED_MAX, Roster, RosterStep, movement, schedule};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Vocabulary;

use crate::backend::on;
use crate::batch::insert_all;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::partner_grant::live;
use crate::people::full_name;
use crate::schema::{roster_people, rosters};
use crate::sql::Sql;
use crate::tx::{ReadTx, Unlocked, WriteTx};

#[derive(Insertable)]
#[diesel(table_name = roster_people)]
struct MovementRow {
    roster_id: String,
    movement: &'static str,
    contact_id: String,
    version: i64,
}

impl ReadTx<'_> {
    /// A roster.
    pub fn roster(&mut self, id: RosterId) -> Result<Option<Roster>, StorageError> {
        type Columns = (Text, Text, BigInt, Nullable<BigInt>, Nullable<Text>);
        type Row = (String, String, i64, Option<i64>, Option<String>);
        let query = Sql::<Columns>::new(
            "SELECT r.organization_id, o.name, r.opened_at, r.closed_at, r.told_up_to FROM rosters r \
             JOIN organizations o ON o.id = r.organization_id WHERE r.id = ",
        )
        .bind_text(id);
        let row: Option<Row> = on!(self, |connection| query.get_result(connection).optional())?;
        let Some((organization, name, opened_at, closed_at, told_up_to)) = row else { return Ok(None) };
        let text = id.to_string();
        let cells = Cells::of("rosters", &text);
        Ok(Some(Roster {
            id,
            organization: OrganizationRef { id: cells.id("organization_id", &organization)?, name },
            opened_at: moment(opened_at),
            closed_at: closed_at.map(moment),
            told_up_to: cells.optional_id("told_up_to", told_up_to.as_deref())?,
        }))
    }

    /// Who is in a roster: all are counted, the first of them named.
    pub fn movements(&mut self, roster: &Roster) -> Result<Movements, StorageError> {
        Ok(Movements { joined: self.moved(roster, Movement::Joined)?, left: self.moved(roster, Movement::Left)? })
    }

    fn moved(&mut self, roster: &Roster, movement: Movement) -> Result<Moved, StorageError> {
        // Somebody may have moved several times.
        let of_roster = |query: Sql| {
            query
                .push(" WHERE m.roster_id = ")
                .bind_text(roster.id)
                .push(" AND m.movement = ")
                .bind_text(movement.name())
        };
        let total = of_roster(Sql::new("SELECT COUNT(DISTINCT m.contact_id) FROM roster_people m")).retyped::<BigInt>();
        let total: i64 = on!(self, |connection| total.get_result(connection))?;
        let named =
            "SELECT DISTINCT p.id, p.first_name, p.last_name FROM roster_people m JOIN people p ON p.id = m.contact_id";
        let named = of_roster(Sql::new(named)).push(" ORDER BY p.id LIMIT ");
        let named = named.bind_big(i64::try_from(NAMED_MAX).unwrap_or(i64::MAX)).retyped::<(Text, Text, Text)>();
        let rows: Vec<(String, String, String)> = on!(self, |connection| named.load(connection))?;
        let named = rows.iter().map(|(id, first_name, last_name)| {
            Ok(PersonRef {
                id: Cells::of("people", id).person_id("id", id)?,
                name: full_name(first_name, last_name),
                organization: roster.organization.id,
            })
        });
        Ok(Moved { named: named.collect::<Result<_, StorageError>>()?, total })
    }

    /// Whether anybody wants to know who joins and leaves an organization.
    fn is_watched(&mut self, organization: OrganizationId, now: Timestamp) -> Result<bool, StorageError> {
        let query = Sql::<Integer>::new("SELECT 1 FROM partner_grants g WHERE g.grantee_id = ")
            .bind_text(organization)
            .push(" AND ")
            .append(live(now))
            .push(" AND g.level IN (")
            .bind_texts(reading_levels().map(Vocabulary::name))
            .push(") LIMIT 1");
        let found: Option<i32> = on!(self, |connection| query.get_result(connection).optional())?;
        Ok(found.is_some())
    }
}

impl Unlocked<'_> {
    /// Whose people are in a roster.
    pub fn organization_of_roster(&mut self, id: RosterId) -> Result<Option<OrganizationId>, StorageError> {
        Ok(self.tx.roster(id)?.map(|roster| roster.organization.id))
    }
}

impl WriteTx<'_> {
    /// Gathers those of these contacts who join or leave.
    pub(crate) fn gather_movements<'c>(
        &mut self,
        changes: impl Iterator<Item = &'c Change<Contact>>,
    ) -> Result<(), StorageError> {
        let mut moved: BTreeMap<OrganizationId, Vec<(&Contact, Movement)>> = BTreeMap::new();
        for change in changes {
            let Some(movement) = movement(change) else { continue };
            moved.entry(change.after().organization).or_default().push((change.after(), movement));
        }
        for (organization, people) in moved {
            let Some(now) = people.first().map(|(contact, _)| contact.updated_at) else { continue };
            if !self.is_watched(organization, now)? {
                continue;
            }
            let roster_id = self.open_roster(organization, now)?;
            let row = |(contact, movement): &(&Contact, Movement)| MovementRow {
                roster_id: roster_id.clone(),
                movement: movement.name(),
                contact_id: contact.id.to_string(),
                version: contact.version,
            };
            let rows: Vec<MovementRow> = people.iter().map(row).collect();
            insert_all!(self, roster_people::table, rows)?;
        }
        Ok(())
    }

    /// The roster that gathers for an organization. The organization is fenced, because its people change.
    fn open_roster(&mut self, organization: OrganizationId, now: Timestamp) -> Result<String, StorageError> {
        let open = rosters::table
            .filter(rosters::organization_id.eq(organization.to_string()))
            .filter(rosters::closed_at.is_null())
            .select(rosters::id);
        let found: Option<String> = on!(self, |connection| open.first(connection).optional())?;
        if let Some(id) = found {
            return Ok(id);
        }
        let id = RosterId::from_u128((self.state.ids)());
        let row = (
            rosters::id.eq(id.to_string()),
            rosters::organization_id.eq(organization.to_string()),
            rosters::opened_at.eq(now.micros()),
        );
        on!(self, |connection| diesel::insert_into(rosters::table).values(row).execute(connection))?;
        self.schedule(id.into(), schedule(now))?;
        Ok(id.to_string())
    }

    /// Saves how far a roster has been told.
    pub fn save_roster_step(&mut self, step: &RosterStep) -> Result<(), StorageError> {
        let Some(roster) = step.roster() else { return Ok(()) };
        let id = roster.id.to_string();
        let rows = on!(self, |connection| diesel::update(rosters::table.find(&id))
            .set((
                rosters::closed_at.eq(roster.closed_at.map(Timestamp::micros)),
                rosters::told_up_to.eq(roster.told_up_to.map(|grantor| grantor.to_string())),
            ))
            .execute(connection))?;
        self.expect_one(rows, "rosters", id)
    }

    /// Forgets rosters that were closed before a moment, at most `limit` at once, and says how many those were.
    pub fn delete_rosters(&mut self, closed_before: Timestamp, limit: i64) -> Result<usize, StorageError> {
        let spent = || {
            Sql::<()>::new("(SELECT id FROM rosters WHERE closed_at IS NOT NULL AND closed_at < ")
                .bind_big(closed_before.micros())
                .push(" ORDER BY closed_at, id LIMIT ")
                .bind_big(limit)
                .push(")")
        };
        let people = Sql::<()>::new("DELETE FROM roster_people WHERE roster_id IN ").append(spent());
        on!(self, |connection| people.execute(connection))?;
        let delete = Sql::<()>::new("DELETE FROM rosters WHERE id IN ").append(spent());
        on!(self, |connection| delete.execute(connection))
    }
}
