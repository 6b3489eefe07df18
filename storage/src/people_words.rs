//! The words of people's names and emails, and who has which (C-18).
//!
//! A person's words stand in `people.search`, each preceded by a blank, and once more in `people_words`, one row each. Both are
//! written with the person.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mandate_core::id::OrganizationId;
use mandate_core::person::Profile;
use mandate_core::text::{SearchWords, words};

use crate::backend::on;
use crate::error::StorageError;
use crate::people::PersonRow;
use crate::schema::people_words;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

/// A word that fewer people have is found by its index; for one that more have, a walk through the list finds a page soon.
const RARE_MAX: i64 = 500;
/// How many words of a search are looked up before it counts as one for words that many have.
const LOOKED_UP_MAX: usize = 4;
/// Ids in a statement, so that there are few statements: the first number that is enough; the last id fills the rest.
const IDS_IN_STATEMENT: [usize; 3] = [8, 64, 512];
/// With this behind it, a word stands behind all that begin with it.
const LAST: char = char::MAX;

/// A word of somebody.
pub(crate) struct WordRow {
    organization_id: String,
    word: String,
    person_id: String,
}

impl WordRow {
    /// The words of a person.
    pub(crate) fn of(person: &PersonRow) -> impl Iterator<Item = Self> {
        person.search.split(' ').filter(|word| !word.is_empty()).map(|word| Self {
            organization_id: person.organization_id.clone(),
            word: word.to_owned(),
            person_id: person.id.clone(),
        })
    }
}

/// The words of a person, each preceded by a blank: `" acme ana example silva"`.
pub(crate) fn search_of(profile: &Profile) -> String {
    let Profile { first_name, last_name, email, .. } = profile;
    words(&format!("{first_name} {last_name} {email}")).iter().map(|word| format!(" {word}")).collect()
}

/// Narrows a list of `people p` to those of whom each of these words begins a word.
///
/// Words contain no ASCII punctuation, so nothing in them is a wildcard.
pub(crate) fn with_words(query: Sql, words: &SearchWords) -> Sql {
    words.as_slice().iter().fold(query, |query, word| query.push(" AND p.search LIKE ").bind_text(format!("% {word}%")))
}

/// Narrows a list of `people p` to these, of whom there is at least one and at most the largest of [`IDS_IN_STATEMENT`].
pub(crate) fn among<ST>(query: Sql<ST>, ids: &BTreeSet<String>) -> Sql<ST> {
    let Some(last) = ids.last() else { return query };
    let count = IDS_IN_STATEMENT.into_iter().find(|count| *count >= ids.len()).unwrap_or(ids.len());
    let padded = ids.iter().chain(std::iter::repeat(last)).take(count);
    query.push(" AND p.id IN (").bind_texts(padded).push(")")
}

impl ReadTx<'_> {
    /// Everybody who has a word that begins with one of these words, if those are few; nothing if many have each of them.
    pub(crate) fn few_with_words(
        &mut self,
        organization: OrganizationId,
        words: &SearchWords,
    ) -> Result<Option<BTreeSet<String>>, StorageError> {
        for word in words.as_slice().iter().take(LOOKED_UP_MAX) {
            let entries = |select| beginning(select, organization, word);
            let count = entries("SELECT COUNT(*) FROM (SELECT 1 AS one").push(") AS found");
            let count: i64 = on!(self, |connection| count.retyped::<BigInt>().get_result(connection))?;
            match count {
                0 => return Ok(Some(BTreeSet::new())),
                1..RARE_MAX => {
                    let ids = entries("SELECT person_id").retyped::<Text>();
                    let ids: Vec<String> = on!(self, |connection| ids.load(connection))?;
                    return Ok(Some(ids.into_iter().collect()));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

/// The entries of the index whose word begins like this, so many as need to be looked at.
fn beginning(select: &'static str, organization: OrganizationId, word: &str) -> Sql {
    Sql::new(select)
        .push(" FROM people_words WHERE organization_id = ")
        .bind_text(organization)
        .push(" AND word >= ")
        .bind_text(word)
        .push(" AND word < ")
        .bind_text(format!("{word}{LAST}"))
        .push(" LIMIT ")
        .bind_big(RARE_MAX)
}

impl WriteTx<'_> {
    /// Writes the words of new people.
    pub(crate) fn insert_words(&mut self, mut words: &[WordRow]) -> Result<(), StorageError> {
        while !words.is_empty() {
            let (rows, rest) = words.split_at(rows_at_once(words.len()));
            let mut insert = Sql::<()>::new("INSERT INTO people_words (organization_id, word, person_id) VALUES (");
            for (position, row) in rows.iter().enumerate() {
                insert = if position > 0 { insert.push("), (") } else { insert };
                insert = insert.bind_texts([&row.organization_id, &row.word, &row.person_id]);
            }
            insert = insert.push(")");
            let inserted = on!(self, |connection| insert.execute(connection))?;
            if inserted != rows.len() {
                return Err(self.unexpected(format!("{inserted} of {} words were inserted", rows.len())));
            }
            words = rest;
        }
        Ok(())
    }

    /// Writes the words of a person in place of the older ones.
    pub(crate) fn replace_words(&mut self, person: &PersonRow) -> Result<(), StorageError> {
        let old = people_words::table.filter(people_words::person_id.eq(&person.id));
        on!(self, |connection| diesel::delete(old).execute(connection))?;
        self.insert_words(&WordRow::of(person).collect::<Vec<_>>())
    }
}

/// How many of so many words go into one statement. A person's words do; beyond that the numbers are few, because each has
/// a statement of its own, which stays prepared.
fn rows_at_once(count: usize) -> usize {
    match count {
        ..=12 => count,
        13..128 => 12,
        128..2_048 => 128,
        _ => 2_048,
    }
}
