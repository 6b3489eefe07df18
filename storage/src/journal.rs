//! The journal: numbered and chained when it is written, verified from its rows alone (X-2, X-2a).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use mandate_core::change::{Authority, Origin};
use mandate_core::id::{AnyId, EventId, OrganizationId, PersonId};
use mandate_core::journal::{Entry, EventKind, FIRST_LINK, Fact, Sealed, Snapshot};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Vocabulary;
use serde_json::Value;

use crate::backend::on;
use crate::batch::{ROWS_AT_ONCE, insert_all};
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::schema::{journal, journal_heads};
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

/// How many rows are verified at once.
const VERIFY_AT_ONCE: i64 = 500;

/// An entry of a journal, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// In whose journal it stands.
    pub organization: OrganizationId,
    /// Its place there, from 1 without gaps.
    pub sequence: i64,
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Who did it; none for the system.
    pub actor: Option<PersonId>,
    /// For whom, and by which grant.
    pub authority: Authority,
    /// To what.
    pub subject: AnyId,
    /// The members that changed, as they were: a JSON object.
    pub before: String,
    /// The members that changed, as they are: a JSON object.
    pub after: String,
    /// From where.
    pub origin: Origin,
    /// The hash that chains it to the entry before.
    pub hash: Vec<u8>,
    /// That of the entry before.
    pub previous_hash: Vec<u8>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
struct JournalRow {
    organization_id: String,
    sequence: i64,
    id: String,
    kind: String,
    at: i64,
    actor_id: Option<String>,
    acting_for: String,
    grant_id: Option<String>,
    subject_id: String,
    before: String,
    after: String,
    request_id: String,
    address: Option<String>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl JournalRow {
    fn new(sealed: &Sealed<'_>, previous_hash: Vec<u8>) -> Self {
        let Entry { organization, kind, at, actor, authority, subject, origin, .. } = sealed.entry;
        Self {
            organization_id: organization.to_string(),
            sequence: sealed.sequence,
            id: sealed.id.to_string(),
            kind: kind.name().to_owned(),
            at: at.micros(),
            actor_id: actor.map(|id| id.to_string()),
            acting_for: authority.acting_for.to_string(),
            grant_id: authority.grant.map(|id| id.to_string()),
            subject_id: subject.to_string(),
            before: sealed.before.to_owned(),
            after: sealed.after.to_owned(),
            request_id: origin.request_id.clone(),
            address: origin.address.map(|address| address.to_string()),
            hash: sealed.link(&previous_hash).to_vec(),
            previous_hash,
        }
    }

    fn parse(&self) -> Result<JournalEntry, StorageError> {
        let cells = Cells::of("journal", &self.id);
        let address =
            cells.optional(self.address.as_deref(), |cells, text| cells.read("address", text.parse().ok()))?;
        Ok(JournalEntry {
            organization: cells.id("organization_id", &self.organization_id)?,
            sequence: self.sequence,
            id: cells.id("id", &self.id)?,
            kind: cells.word("kind", &self.kind)?,
            at: moment(self.at),
            actor: cells.optional_person_id("actor_id", self.actor_id.as_deref())?,
            authority: Authority {
                acting_for: cells.id("acting_for", &self.acting_for)?,
                grant: cells.optional_id("grant_id", self.grant_id.as_deref())?,
            },
            subject: cells.any_id("subject_id", &self.subject_id)?,
            before: self.before.clone(),
            after: self.after.clone(),
            origin: Origin { request_id: self.request_id.clone(), address },
            hash: self.hash.clone(),
            previous_hash: self.previous_hash.clone(),
        })
    }

    /// Whether the row is what was written as the next one after `sequence` and `hash`.
    fn follows(&self, sequence: i64, hash: &[u8]) -> bool {
        let Ok(row) = self.parse() else { return false };
        let entry = Entry {
            organization: row.organization,
            kind: row.kind,
            at: row.at,
            actor: row.actor,
            authority: row.authority,
            subject: row.subject,
            before: Snapshot::new(),
            after: Snapshot::new(),
            origin: row.origin,
        };
        let sealed =
            Sealed { sequence: row.sequence, id: row.id, entry: &entry, before: &self.before, after: &self.after };
        self.sequence == sequence + 1 && self.previous_hash == hash && self.hash == sealed.link(hash)
    }
}

impl ReadTx<'_> {
    /// The entries of an organization after a number, in order, at most `limit`.
    pub fn journal_page(
        &mut self,
        organization: OrganizationId,
        after_sequence: i64,
        limit: i64,
    ) -> Result<Vec<JournalEntry>, StorageError> {
        self.journal_rows(organization, after_sequence, limit)?.iter().map(JournalRow::parse).collect()
    }

    /// The entries about one thing in the journal of an organization after a number, in order, at most `limit`.
    pub fn journal_of_subject(
        &mut self,
        organization: OrganizationId,
        subject: AnyId,
        after_sequence: i64,
        limit: i64,
    ) -> Result<Vec<JournalEntry>, StorageError> {
        let query = journal::table
            .filter(journal::organization_id.eq(organization.to_string()))
            .filter(journal::subject_id.eq(subject.to_string()))
            .filter(journal::sequence.gt(after_sequence))
            .order(journal::sequence)
            .limit(limit);
        let rows = on!(self, |connection| query.select(JournalRow::as_select()).load(connection))?;
        rows.iter().map(JournalRow::parse).collect()
    }

    /// Recomputes the chain of an organization's journal. Answers the first number whose entry was altered, is missing or was
    /// added; none if all is as it was written.
    ///
    /// It finds what was altered by somebody who did not rewrite everything after it; for that, the last hash must be kept elsewhere.
    pub fn verify_journal(&mut self, organization: OrganizationId) -> Result<Option<i64>, StorageError> {
        let (mut sequence, mut hash) = (0, FIRST_LINK.to_vec());
        loop {
            let rows = self.journal_rows(organization, sequence, VERIFY_AT_ONCE)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if !row.follows(sequence, &hash) {
                    return Ok(Some(sequence + 1));
                }
                (sequence, hash) = (row.sequence, row.hash);
            }
        }
        let query = journal_heads::table.find(organization.to_string());
        let head = on!(self, |connection| {
            query.select((journal_heads::sequence, journal_heads::hash)).first::<(i64, Vec<u8>)>(connection).optional()
        })?;
        Ok(if head == Some((sequence, hash)) { None } else { Some(sequence + 1) })
    }

    fn journal_rows(
        &mut self,
        organization: OrganizationId,
        after_sequence: i64,
        limit: i64,
    ) -> Result<Vec<JournalRow>, StorageError> {
        let query = journal::table
            .filter(journal::organization_id.eq(organization.to_string()))
            .filter(journal::sequence.gt(after_sequence))
            .order(journal::sequence)
            .limit(limit);
        on!(self, |connection| query.select(JournalRow::as_select()).load(connection))
    }
}

impl WriteTx<'_> {
    /// Opens the journal of a new organization. Its save calls this, before anything is recorded for it.
    pub fn open_journal(&mut self, organization: OrganizationId) -> Result<(), StorageError> {
        let organization = organization.to_string();
        let insert = diesel::insert_into(journal_heads::table).values((
            journal_heads::organization_id.eq(&organization),
            journal_heads::sequence.eq(0),
            journal_heads::hash.eq(FIRST_LINK.as_slice()),
        ));
        let rows = on!(self, |connection| insert.execute(connection))?;
        self.expect_one(rows, "journal_heads", organization)
    }

    /// Numbers, chains and writes what was recorded. The last thing before the commit, so that numbers follow the order of
    /// commits and the row that counts is locked for as short as can be.
    pub(crate) fn write_journal(&mut self) -> Result<(), StorageError> {
        let mut entries = std::mem::take(&mut self.state.entries);
        // Journals are locked in the order of their ids; the sort is stable, so that each keeps its own order.
        entries.sort_by_key(|entry| entry.organization);
        entries
            .chunk_by(|one, other| one.organization == other.organization)
            .try_for_each(|entries| self.append(entries))
    }

    /// Appends entries of one organization.
    fn append(&mut self, entries: &[Entry]) -> Result<(), StorageError> {
        let Some(organization) = entries.first().map(|entry| entry.organization.to_string()) else { return Ok(()) };
        let lock = Sql::<(BigInt, Binary)>::new("SELECT sequence, hash FROM journal_heads WHERE organization_id = ")
            .bind_text(&organization)
            .push(self.connection().row_lock());
        let head = on!(self, |connection| lock.get_result::<(i64, Vec<u8>)>(connection).optional())?;
        let cells = Cells::of("journal_heads", &organization);
        let (mut sequence, mut hash) = cells.read("sequence", head)?;
        for entries in entries.chunks(ROWS_AT_ONCE) {
            let mut rows = Vec::with_capacity(entries.len());
            for entry in entries {
                sequence += 1;
                let (before, after) = (object(&entry.before), object(&entry.after));
                let id = EventId::from_u128((self.state.ids)());
                let row = JournalRow::new(&Sealed { sequence, id, entry, before: &before, after: &after }, hash);
                hash = row.hash.clone();
                rows.push(row);
            }
            insert_all!(self, journal::table, rows)?;
        }
        let head = journal_heads::table.find(&organization);
        let update = diesel::update(head).set((journal_heads::sequence.eq(sequence), journal_heads::hash.eq(hash)));
        let rows = on!(self, |connection| update.execute(connection))?;
        self.expect_one(rows, "journal_heads", &organization)
    }
}

/// A JSON object with its members in the order given.
fn object(snapshot: &Snapshot) -> String {
    let members = snapshot.iter().map(|(name, fact)| format!("{}:{}", Value::from(*name), value(fact)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn value(fact: &Fact) -> Value {
    match fact {
        Fact::Null => Value::Null,
        Fact::Flag(flag) => Value::from(*flag),
        Fact::Number(number) => Value::from(*number),
        Fact::Text(text) => Value::from(text.as_str()),
        Fact::Texts(texts) => Value::from(texts.as_slice()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_written_in_its_own_order() {
        let snapshot = vec![
            ("status", Fact::text("acti\"ve")),
            ("note", Fact::Null),
            ("version", Fact::Number(3)),
            ("internal", Fact::Flag(true)),
            ("duties", Fact::Texts(vec!["it".to_owned()])),
        ];
        let expected = r#"{"status":"acti\"ve","note":null,"version":3,"internal":true,"duties":["it"]}"#;
        assert_eq!(object(&snapshot), expected);
        assert_eq!(object(&Snapshot::new()), "{}");
    }
}
