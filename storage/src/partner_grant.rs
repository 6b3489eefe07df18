//! Partner grants, and the pieces of SQL that say which organizations a person's grants reach.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::access::{HeldLevel, Standing};
use mandate_core::actor::{Actor, OrganizationRef, PersonRef};
use mandate_core::change::Change;
use mandate_core::effective_access::{HeldGrant, HeldGrants, Suspension};
use mandate_core::grant_reminder;
use mandate_core::grant_rest::Individual;
use mandate_core::id::{AnyId, ContactId, GrantId, OrganizationId, PersonId};
use mandate_core::partner_grant::{Ending, Grantee, PartnerGrant};
use mandate_core::request_access::{HistoryScope, reading_levels};
use mandate_core::text::{Email, Note};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{
    GrantStatus, GranteeType, History, Level, OrganizationStatus, OrganizationType, Vocabulary,
};

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::people::full_name;
use crate::schema::{partner_grants, people};
use crate::sql::{Sql, any_of, once};
use crate::tx::{ReadTx, WriteTx};

/// Emails that are looked up at once.
const EMAILS_AT_ONCE: usize = 500;

#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = partner_grants, treat_none_as_null = true)]
struct GrantRow {
    id: String,
    grantor_id: String,
    grantee_type: String,
    grantee_id: String,
    grantee_organization_id: String,
    level: String,
    history: String,
    history_since: i64,
    expires_at: Option<i64>,
    note: Option<String>,
    ended_at: Option<i64>,
    ended_status: Option<String>,
    ended_by: Option<String>,
    ended_reason: Option<String>,
    created_at: i64,
    created_by: String,
    updated_at: i64,
    version: i64,
    raised_at: i64,
}

impl From<&PartnerGrant> for GrantRow {
    fn from(grant: &PartnerGrant) -> Self {
        let ending = grant.ending.as_ref();
        Self {
            id: grant.id.to_string(),
            grantor_id: grant.grantor.id.to_string(),
            grantee_type: grant.grantee.kind().name().to_owned(),
            grantee_id: grant.grantee.id().to_string(),
            grantee_organization_id: grant.grantee.organization().to_string(),
            level: grant.level.name().to_owned(),
            history: grant.scope.history.name().to_owned(),
            history_since: grant.scope.since.micros(),
            expires_at: grant.expires_at.map(Timestamp::micros),
            note: grant.note.as_ref().map(ToString::to_string),
            ended_at: ending.map(|ending| ending.at.micros()),
            ended_status: ending.map(|ending| ending.status.name().to_owned()),
            ended_by: ending.and_then(|ending| ending.by).map(|by| by.to_string()),
            ended_reason: ending.and_then(|ending| ending.reason.as_ref()).map(ToString::to_string),
            created_at: grant.created_at.micros(),
            created_by: grant.created_by.to_string(),
            updated_at: grant.updated_at.micros(),
            version: grant.version,
            raised_at: grant.raised_at.micros(),
        }
    }
}

type GrantColumns = (
    (Text, Text, Text, Text, Text, Text),
    (Text, Text, BigInt, Nullable<BigInt>, Nullable<Text>),
    (Nullable<BigInt>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (BigInt, Text, BigInt, BigInt, BigInt),
    (Text, Nullable<Text>, Nullable<Text>),
);

const GRANT_SELECT: &str = "SELECT g.id, g.grantor_id, r.name, g.grantee_type, g.grantee_id, g.grantee_organization_id, \
     g.level, g.history, g.history_since, g.expires_at, g.note, g.ended_at, g.ended_status, g.ended_by, g.ended_reason, g.created_at, g.created_by, \
     g.updated_at, g.version, g.raised_at, h.name, p.first_name, p.last_name \
     FROM partner_grants g JOIN organizations r ON r.id = g.grantor_id \
     JOIN organizations h ON h.id = g.grantee_organization_id LEFT JOIN people p ON p.id = g.grantee_id ";

#[derive(Debug, Queryable)]
struct LoadedGrant {
    sides: (String, String, String, String, String, String),
    terms: (String, String, i64, Option<i64>, Option<String>),
    ending: (Option<i64>, Option<String>, Option<String>, Option<String>),
    record: (i64, String, i64, i64, i64),
    names: (String, Option<String>, Option<String>),
}

impl LoadedGrant {
    fn read(self) -> Result<PartnerGrant, StorageError> {
        let (id, grantor, grantor_name, grantee_type, grantee_id, holder) = self.sides;
        let (level, history, since, expires_at, note) = self.terms;
        let (ended_at, ended_status, ended_by, ended_reason) = self.ending;
        let (created_at, created_by, updated_at, version, raised_at) = self.record;
        let (holder_name, first_name, last_name) = self.names;
        let cells = Cells::of("partner_grants", &id);
        let names = (holder_name, first_name, last_name);
        let grantee = read_grantee(&cells, &grantee_type, &grantee_id, &holder, names)?;
        let read_note = |cells: &Cells<'_>, text: &str| cells.read("note", Note::kept(text).ok());
        let ending = match (ended_at, ended_status) {
            (Some(at), Some(status)) => Some(Ending {
                at: moment(at),
                status: cells.word("ended_status", &status)?,
                by: cells.optional_person_id("ended_by", ended_by.as_deref())?,
                reason: cells.optional(ended_reason.as_deref(), read_note)?,
            }),
            _ => None,
        };
        Ok(PartnerGrant {
            id: cells.id("id", &id)?,
            grantor: OrganizationRef { id: cells.id("grantor_id", &grantor)?, name: grantor_name },
            grantee,
            level: cells.word("level", &level)?,
            scope: HistoryScope { history: cells.word("history", &history)?, since: moment(since) },
            expires_at: expires_at.map(moment),
            note: cells.optional(note.as_deref(), read_note)?,
            ending,
            raised_at: moment(raised_at),
            created_at: moment(created_at),
            created_by: cells.person_id("created_by", &created_by)?,
            updated_at: moment(updated_at),
            version,
        })
    }
}

/// Who holds a grant, or shall: the words of its row, and the names of the holder's organization and of the person.
pub(crate) fn read_grantee(
    cells: &Cells<'_>,
    kind: &str,
    id: &str,
    holder: &str,
    (holder_name, first_name, last_name): (String, Option<String>, Option<String>),
) -> Result<Grantee, StorageError> {
    let organization = cells.id("grantee_organization_id", holder)?;
    Ok(match cells.word::<GranteeType>("grantee_type", kind)? {
        GranteeType::Organization => Grantee::Organization(OrganizationRef { id: organization, name: holder_name }),
        GranteeType::Contact | GranteeType::Staff => Grantee::Person(PersonRef {
            id: cells.person_id("grantee_id", id)?,
            name: full_name(&first_name.unwrap_or_default(), &last_name.unwrap_or_default()),
            organization,
        }),
    })
}

/// Which grants a list asks for; empty filters ask for all.
#[derive(Debug, Clone, Default)]
pub struct GrantFilter {
    /// In one of these states.
    pub statuses: Vec<GrantStatus>,
    /// At one of these levels.
    pub levels: Vec<Level>,
    /// Held by one of these kinds.
    pub grantee_types: Vec<GranteeType>,
    /// Held by exactly this organization or person.
    pub grantee: Option<AnyId>,
    /// That end before this moment.
    pub expires_before: Option<Timestamp>,
}

/// From whose side grants are listed (G-10).
#[derive(Debug, Clone, Copy)]
pub enum GrantSide {
    /// Made by this organization.
    MadeBy(OrganizationId),
    /// Held by this organization and its people.
    HeldBy(OrganizationId),
}

/// A grant `g` that neither ended nor is over.
pub(crate) fn live(now: Timestamp) -> Sql {
    Sql::new("g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ").bind_big(now.micros()).push(")")
}

/// The condition that a grant `g` does not rest with its grantor (G-12): few do, and those have an index.
const OF_ACTIVE: &str = " AND g.grantor_id NOT IN (SELECT r.id FROM organizations r WHERE r.status <> 'active')";

/// The ids of the organizations at which one of these levels decides for a person (G-2, G-4, G-12): the individual's live
/// grant or, where there is none, the organization's.
pub(crate) fn live_grantors(actor: &Actor, now: Timestamp, levels: impl Iterator<Item = Level>) -> Sql {
    Sql::new("SELECT g.grantor_id FROM partner_grants g WHERE g.level IN (")
        .bind_texts(levels.map(Vocabulary::name))
        .push(")")
        .push(OF_ACTIVE)
        .push(" AND ")
        .append(decides(actor, now))
}

/// The condition that the grant behind somebody's part in a request, which this column names, gives something: or there is none,
/// because they are of its organization (S-7).
pub(crate) fn upheld(column: &'static str, actor: &Actor, now: Timestamp) -> Sql {
    let holders =
        std::iter::once(actor.id().to_string()).chain(actor.shares_grants().then(|| actor.organization.to_string()));
    behind(column, now).push(" AND g.grantee_id IN (").bind_texts(holders.collect::<Vec<_>>()).push(")))")
}

/// The same, whoever holds the grant.
pub(crate) fn upheld_by_any(column: &'static str, now: Timestamp) -> Sql {
    behind(column, now).push("))")
}

fn behind(column: &'static str, now: Timestamp) -> Sql {
    Sql::new("(")
        .push(column)
        .push(" IS NULL OR EXISTS (SELECT 1 FROM partner_grants g WHERE g.id = ")
        .push(column)
        .push(" AND g.level <> 'none' AND ")
        .append(live(now))
}

/// The condition that a grant `g` decides for a person, suspensions set aside (G-2, G-4).
fn decides(actor: &Actor, now: Timestamp) -> Sql {
    let query = live(now).push(" AND (g.grantee_id = ").bind_text(actor.id());
    if !actor.shares_grants() {
        return query.push(")");
    }
    query
        .push(" OR (g.grantee_id = ")
        .bind_text(actor.organization)
        .push(
            " AND NOT EXISTS (SELECT 1 FROM partner_grants i WHERE i.grantor_id = g.grantor_id AND i.ended_at IS NULL \
             AND i.grantee_id = ",
        )
        .bind_text(actor.id())
        .push(" AND (i.expires_at IS NULL OR i.expires_at > ")
        .bind_big(now.micros())
        .push("))))")
}

/// Where a grant decides for a person (G-2, G-4, G-12): the organization; whether the level reaches requests that the person takes no
/// part in; and which of those by when they were created and closed (G-16). Narrowed by a condition on grants `g`.
///
/// The same as [`live_grantors`] and [`reaching`] say, in a shape that is quick for hundreds of grants.
pub(crate) fn deciding_grants(actor: &Actor, now: Timestamp, condition: &Sql) -> Sql {
    let live_grants = || Sql::<()>::new(" FROM partner_grants g WHERE ").append(live(now)).push(" AND g.grantee_id = ");
    let since = |history: History| {
        Sql::<()>::new("CASE WHEN g.history = ").bind_text(history.name()).push(" THEN g.history_since ELSE -1 END AS ")
    };
    let of = |grantee: AnyId| {
        Sql::new("SELECT g.grantor_id AS organization_id, CASE WHEN g.level IN (")
            .bind_texts(reading_levels().map(Vocabulary::name))
            .push(") THEN 1 ELSE 0 END AS reads, 0 AS guarded, ")
            .append(since(History::New))
            .push("created_after, ")
            .append(since(History::Open))
            .push("closed_after")
            .append(live_grants())
            .bind_text(grantee)
            .push(" AND g.level <> ")
            .bind_text(Level::None.name())
            .push(OF_ACTIVE)
            .append(condition.clone())
    };
    let individual = of(actor.id().into());
    if !actor.shares_grants() {
        return individual;
    }
    individual
        .push(" UNION ALL ")
        .append(of(actor.organization.into()))
        .push(" AND g.grantor_id NOT IN (SELECT g.grantor_id")
        .append(live_grants())
        .bind_text(actor.id())
        .push(")")
}

/// The condition that the grant that decides for a person at the organization of a request `sr` reaches this request as well
/// (G-16); those who submitted it are reached also where it is confidential (S-14), unless it tells of an escalation (E-11).
pub(crate) fn reaching(actor: &Actor, now: Timestamp) -> Sql {
    let scope = |history: History, condition: &'static str| {
        Sql::<()>::new(" OR (g.history = ").bind_text(history.name()).push(condition)
    };
    Sql::new("EXISTS (SELECT 1 FROM partner_grants g WHERE g.grantor_id = sr.organization_id AND (g.history = ")
        .bind_text(History::All.name())
        .append(scope(History::Open, " AND (sr.closed_at IS NULL OR sr.closed_at > g.history_since))"))
        .append(scope(History::New, " AND sr.created_at > g.history_since)"))
        .push(") AND ")
        .append(decides(actor, now))
        .push(") AND (NOT sr.confidential OR (NOT sr.sealed AND sr.submitted_by = ")
        .bind_text(actor.id())
        .push("))")
}

/// The columns of what can decide for a person at an organization: `organizations ro`, grants `gi` to the person and `go`
/// to their organization `o`.
pub(crate) const HELD_COLUMNS: &str = "ro.status, o.status, gi.id, gi.level, gi.history, gi.history_since, gi.expires_at, go.id, go.level, go.history, \
     go.history_since, go.expires_at";

/// The SQL types of [`HELD_COLUMNS`].
pub(crate) type HeldColumns = (Nullable<Text>, Text, HeldGrantColumns, HeldGrantColumns);
type HeldGrantColumns = (Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<BigInt>, Nullable<BigInt>);

/// A row of [`HELD_COLUMNS`].
pub(crate) type HeldRow = (Option<String>, String, HeldGrantRow, HeldGrantRow);
/// Id, level, history scope and its moment, end.
type HeldGrantRow = (Option<String>, Option<String>, Option<String>, Option<i64>, Option<i64>);

/// Reads the grants that can decide for a person.
pub(crate) fn read_held(person: &Actor, row: HeldRow) -> Result<HeldGrants, StorageError> {
    let (grantor, holder, individual, organization) = row;
    let cells = Cells::of("partner_grants", individual.0.as_deref().or(organization.0.as_deref()).unwrap_or_default());
    let grant = |row: &HeldGrantRow| match row {
        (Some(id), Some(level), Some(history), Some(since), end) => {
            let scope = HistoryScope { history: cells.word("history", history)?, since: moment(*since) };
            let held = HeldLevel { level: cells.word("level", level)?, grant: cells.id("id", id)?, scope };
            Ok(Some(HeldGrant { held, expires_at: end.map(moment) }))
        }
        _ => Ok::<_, StorageError>(None),
    };
    let suspension = Suspension {
        grantor: cells.optional_word("organizations.status", grantor.as_deref())?.unwrap_or(OrganizationStatus::Active),
        holder: cells.word("organizations.status", &holder)?,
    };
    Ok(HeldGrants::of(person, grant(&individual)?, grant(&organization)?, suspension))
}

impl ReadTx<'_> {
    /// A grant.
    pub fn partner_grant(&mut self, id: GrantId) -> Result<Option<PartnerGrant>, StorageError> {
        Ok(self.load_grants(Sql::new("WHERE g.id = ").bind_text(id))?.pop())
    }

    /// The grant between two that has no ending.
    pub fn current_grant(
        &mut self,
        grantor: OrganizationId,
        grantee: AnyId,
    ) -> Result<Option<PartnerGrant>, StorageError> {
        let whose = Sql::new("WHERE g.ended_at IS NULL AND g.grantor_id = ")
            .bind_text(grantor)
            .push(" AND g.grantee_id = ")
            .bind_text(grantee);
        Ok(self.load_grants(whose)?.pop())
    }

    /// The grants without an ending of one grantor to all of an organization where a record has a person's address, by their ids (G-5).
    pub fn grants_around(
        &mut self,
        grantor: OrganizationId,
        person: PersonId,
    ) -> Result<Vec<PartnerGrant>, StorageError> {
        let whose = Sql::new("WHERE g.ended_at IS NULL AND g.grantor_id = ")
            .bind_text(grantor)
            .push(" AND g.grantee_id IN (SELECT o.organization_id FROM people o JOIN people p ON p.email = o.email WHERE p.id = ")
            .bind_text(person)
            .push(") ORDER BY g.id");
        self.load_grants(whose)
    }

    /// The grants without an ending to one person, by whomever, with what they would have without them where they are and where
    /// they go (G-12).
    pub fn individual_grants(
        &mut self,
        person: PersonId,
        home: OrganizationId,
        there: OrganizationId,
        now: Timestamp,
    ) -> Result<Vec<Individual>, StorageError> {
        let whose = Sql::new("WHERE g.ended_at IS NULL AND g.grantee_id = ").bind_text(person).push(" ORDER BY g.id");
        let grants = self.load_grants(whose)?;
        let mut held = |grantor, holder: OrganizationId| {
            let around = self.current_grant(grantor, holder.into())?;
            let live = around.filter(|around| around.status(now) == GrantStatus::Live);
            Ok::<_, StorageError>(live.map(|around| around.held()))
        };
        let individual = |grant: PartnerGrant| {
            let without = held(grant.grantor.id, home)?;
            let there = if there == home { without } else { held(grant.grantor.id, there)? };
            Ok(Individual { grant, without, there })
        };
        grants.into_iter().map(individual).collect()
    }

    /// The grants without an ending to disabled and former records with an address, all but one, with what a record of an
    /// organization has there without them (G-12).
    pub fn former_grants(
        &mut self,
        email: &Email,
        there: OrganizationId,
        but: Option<ContactId>,
        now: Timestamp,
    ) -> Result<Vec<Individual>, StorageError> {
        // Nobody of a customer holds a grant: whatever there is waits where it is (G-1).
        if self.organization(there)?.is_some_and(|there| there.kind != OrganizationType::Partner) {
            return Ok(Vec::new());
        }
        let (email, but) = (email.to_string(), but.map(|contact| contact.to_string()).unwrap_or_default());
        let records: Vec<(String, String)> = on!(self, |connection| people::table
            .filter(people::email.eq(&email).and(people::id.ne(&but)))
            .order(people::id)
            .select((people::id, people::organization_id))
            .load(connection))?;
        let mut former = Vec::new();
        for (id, home) in records {
            let cells = Cells::of("people", &id);
            let (person, home) = (cells.person_id("id", &id)?, cells.id("organization_id", &home)?);
            former.extend(self.individual_grants(person, home, there, now)?);
        }
        Ok(former)
    }

    /// The grants without an ending to all of a partner, behind one grantor in the order of their ids, at most `limit` (G-18).
    pub fn grants_to_organization(
        &mut self,
        partner: OrganizationId,
        behind: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<PartnerGrant>, StorageError> {
        let whose = Sql::new("WHERE g.ended_at IS NULL AND g.grantee_id = ")
            .bind_text(partner)
            .push(" AND g.grantor_id > ")
            .bind_text(behind.map(|grantor| grantor.to_string()).unwrap_or_default())
            .push(" ORDER BY g.grantor_id LIMIT ")
            .bind_big(i64::try_from(limit).unwrap_or(i64::MAX));
        self.load_grants(whose)
    }

    /// Every grant that ever connected a person, or their organization, with a grantor; newest first (G-15).
    pub fn grants_between(
        &mut self,
        grantor: OrganizationId,
        person: &Actor,
    ) -> Result<Vec<PartnerGrant>, StorageError> {
        let whose = Sql::new("WHERE g.grantor_id = ")
            .bind_text(grantor)
            .push(" AND g.grantee_id IN (")
            .bind_texts([person.id().to_string(), person.organization.to_string()])
            .push(") ORDER BY g.created_at DESC, g.id DESC");
        self.load_grants(whose)
    }

    /// The same for each of many addresses, where an earlier record holds such a grant.
    pub fn former_grants_of<'e>(
        &mut self,
        emails: impl IntoIterator<Item = &'e Email>,
        there: OrganizationId,
        now: Timestamp,
    ) -> Result<BTreeMap<Email, Vec<Individual>>, StorageError> {
        let mut wanted = emails.into_iter().map(ToString::to_string).collect::<Vec<_>>();
        wanted.sort_unstable();
        let mut former = BTreeMap::new();
        for some in wanted.chunks(EMAILS_AT_ONCE) {
            let query = Sql::<Text>::new("SELECT DISTINCT p.email FROM people p WHERE p.email IN (")
                .bind_texts(some)
                .push(") AND EXISTS (SELECT 1 FROM partner_grants g WHERE g.grantee_id = p.id AND g.ended_at IS NULL)");
            let found: Vec<String> = on!(self, |connection| query.load(connection))?;
            for email in found {
                let email = Cells::of("people", &email).read("email", Email::kept(&email).ok())?;
                let grants = self.former_grants(&email, there, None, now)?;
                former.insert(email, grants);
            }
        }
        Ok(former)
    }

    fn load_grants(&mut self, whose: Sql) -> Result<Vec<PartnerGrant>, StorageError> {
        let query = Sql::<GrantColumns>::new(GRANT_SELECT).append(whose);
        let rows: Vec<LoadedGrant> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(LoadedGrant::read).collect()
    }

    /// Grants of one side, newest first (G-10).
    pub fn partner_grants(
        &mut self,
        side: GrantSide,
        now: Timestamp,
        filter: &GrantFilter,
        page: &Page,
    ) -> Result<Slice<PartnerGrant>, StorageError> {
        let mut whose = match side {
            GrantSide::MadeBy(grantor) => Sql::new("WHERE g.grantor_id = ").bind_text(grantor),
            GrantSide::HeldBy(holder) => Sql::new("WHERE g.grantee_organization_id = ").bind_text(holder),
        };
        whose = whose.append(in_states(&filter.statuses, now));
        if !filter.levels.is_empty() {
            whose =
                whose.push(" AND g.level IN (").bind_texts(filter.levels.iter().map(|level| level.name())).push(")");
        }
        if !filter.grantee_types.is_empty() {
            whose = whose
                .push(" AND g.grantee_type IN (")
                .bind_texts(filter.grantee_types.iter().map(|kind| kind.name()))
                .push(")");
        }
        if let Some(grantee) = filter.grantee {
            whose = whose.push(" AND g.grantee_id = ").bind_text(grantee);
        }
        if let Some(moment) = filter.expires_before {
            whose = whose.push(" AND g.expires_at < ").bind_big(moment.micros());
        }
        whose = page.descending(whose, "g.created_at", "g.id");
        Ok(Slice::cut(self.load_grants(whose)?, page, |grant| Position {
            key: SortKey::Number(grant.created_at.micros()),
            id: grant.id.to_string(),
        }))
    }

    /// The grants that can decide for an actor at an organization, in one statement.
    pub fn held_grants(&mut self, actor: &Actor, organization: OrganizationId) -> Result<HeldGrants, StorageError> {
        read_held(actor, self.held_row(actor, organization)?)
    }

    fn held_row(&mut self, actor: &Actor, organization: OrganizationId) -> Result<HeldRow, StorageError> {
        let query = Sql::<HeldColumns>::new("SELECT ")
            .push(HELD_COLUMNS)
            .push(" FROM organizations o LEFT JOIN organizations ro ON ro.id = ")
            .bind_text(organization)
            .push(" LEFT JOIN partner_grants gi ON gi.grantor_id = ro.id AND gi.ended_at IS NULL AND gi.grantee_id = ")
            .bind_text(actor.id())
            .push(" LEFT JOIN partner_grants go ON go.grantor_id = ro.id AND go.ended_at IS NULL AND go.grantee_id = o.id WHERE o.id = ")
            .bind_text(actor.organization);
        on!(self, |connection| query.get_result(connection))
    }

    /// What an actor is to an organization, now. One that does not exist is strange to everybody, so that nobody, staff
    /// included, is answered as if it did.
    pub fn standing(
        &mut self,
        actor: &Actor,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Standing, StorageError> {
        if actor.organization == organization {
            return Ok(Standing::of(actor, organization, None));
        }
        let row = self.held_row(actor, organization)?;
        if row.0.is_none() {
            return Ok(Standing::Stranger);
        }
        let held = read_held(actor, row)?.deciding(now);
        Ok(Standing::of(actor, organization, held))
    }

    /// The organizations with a grant without an ending to an actor or their organization, and what can decide there.
    pub fn connections_of(&mut self, actor: &Actor) -> Result<Vec<(OrganizationRef, HeldGrants)>, StorageError> {
        let query = Sql::<(Text, Text, HeldColumns)>::new("SELECT ro.id, ro.name, ")
            .push(HELD_COLUMNS)
            .push(" FROM organizations o CROSS JOIN organizations ro LEFT JOIN partner_grants gi ON gi.grantor_id = ro.id AND gi.ended_at IS NULL AND gi.grantee_id = ")
            .bind_text(actor.id())
            .push(" LEFT JOIN partner_grants go ON go.grantor_id = ro.id AND go.ended_at IS NULL AND go.grantee_id = o.id WHERE o.id = ")
            .bind_text(actor.organization)
            .push(" AND ro.id IN (SELECT g.grantor_id FROM partner_grants g WHERE g.ended_at IS NULL AND g.grantee_id IN (")
            .bind_texts([actor.id().to_string(), actor.organization.to_string()])
            .push(")) ORDER BY ro.id");
        let rows: Vec<(String, String, HeldRow)> = on!(self, |connection| query.load(connection))?;
        rows.into_iter()
            .map(|(id, name, held)| {
                let organization = OrganizationRef { id: Cells::of("organizations", &id).id("id", &id)?, name };
                Ok((organization, read_held(actor, held)?))
            })
            .collect()
    }
}

/// Grants `g` in one of these states; in any state if none is named.
fn in_states(statuses: &[GrantStatus], now: Timestamp) -> Sql {
    let ended = |status: &GrantStatus| Sql::new("g.ended_status = ").bind_text(status.name());
    any_of(once(statuses).map(|status| match status {
        GrantStatus::Live => live(now),
        GrantStatus::Expired => {
            ended(status).push(" OR (g.ended_at IS NULL AND g.expires_at <= ").bind_big(now.micros()).push(")")
        }
        GrantStatus::Revoked | GrantStatus::Ended => ended(status),
    }))
}

impl WriteTx<'_> {
    /// Saves a grant.
    pub fn save_partner_grant(&mut self, change: &Change<PartnerGrant>) -> Result<(), StorageError> {
        let row = GrantRow::from(change.after());
        save_row!(self, partner_grants, &row, change)?;
        self.schedule(change.after().id.into(), grant_reminder::schedule(change))?;
        self.record(change)
    }
}
