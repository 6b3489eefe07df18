//! The words of service requests: what a list is searched by (S-11).
//!
//! A request has a row for the words of its subject, part 0, and behind it rows for those of each message. Both are written with what
//! they are taken from. Rows of messages never change, for messages never do (S-5).

use diesel::prelude::*;
use mandate_core::change::Change;
use mandate_core::message::Message;
use mandate_core::service_request::ServiceRequest;
use mandate_core::text::{SearchWords, words};

use crate::backend::on;
use crate::error::StorageError;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

/// How many words of a search are looked up before it counts as one for words that many have.
const LOOKED_UP_MAX: usize = 4;
/// Words in a row; more of a message go into further rows, because PostgreSQL ends a row's words at 1 MiB.
const WORDS_MAX: usize = 2_000;

/// Whose words a search looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Searched {
    /// Those of subjects and public messages.
    Visible,
    /// Those of internal notes as well (S-5).
    All,
}

/// How many requests have the words of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread<'a> {
    /// Few have this one.
    Few(&'a str),
    /// One in so many at most, if each word is as likely whatever the others are.
    OneIn(usize),
}

impl Searched {
    fn condition(self) -> &'static str {
        match self {
            Self::Visible => " AND NOT w.internal",
            Self::All => "",
        }
    }
}

impl ReadTx<'_> {
    /// How many requests have the words of a search, as far as the database knows.
    pub(crate) fn spread<'a>(&mut self, search: &'a SearchWords) -> Result<Spread<'a>, StorageError> {
        let mut all = 1_usize;
        for word in search.as_slice().iter().take(LOOKED_UP_MAX) {
            let result = self.connection().one_in(word);
            match self.settle(result)? {
                None => return Ok(Spread::Few(word)),
                Some(one_in) => all = all.saturating_mul(one_in),
            }
        }
        Ok(Spread::OneIn(all))
    }

    /// The condition that a request `sr` has words that begin with each of these, asked of its own rows.
    pub(crate) fn has_words(&mut self, words: &[String], searched: Searched) -> Sql {
        words.iter().fold(Sql::new(""), |query, word| {
            // A value rather than EXISTS, so that no database turns it round and begins with all rows that have the word.
            query
                .push(" AND (SELECT 1 FROM request_words w WHERE w.number = sr.number AND ")
                .append(self.connection().has_word(word))
                .push(searched.condition())
                .push(" LIMIT 1) = 1")
        })
    }

    /// The numbers of the requests that have a word that begins like this, found through the index.
    pub(crate) fn numbers_with(&mut self, word: &str, searched: Searched) -> Sql {
        Sql::new("SELECT DISTINCT w.number FROM request_words w WHERE ")
            .append(self.connection().indexed_word(word))
            .push(searched.condition())
    }
}

impl WriteTx<'_> {
    /// Writes the words of a subject that is new or another one.
    pub(crate) fn save_subject_words(&mut self, change: &Change<ServiceRequest>) -> Result<(), StorageError> {
        let request = change.after();
        let found_by = self.connection().full_text(&words(request.subject.as_str()));
        let save = match change.before() {
            Some(before) if before.subject == request.subject => return Ok(()),
            Some(_) => Sql::<()>::new("UPDATE request_words SET words = ")
                .append(found_by)
                .push(" WHERE part = 0 AND number = "),
            None => Sql::new("INSERT INTO request_words (part, internal, words, number) SELECT 0, FALSE, ")
                .append(found_by)
                .push(", "),
        };
        let save = save.bind_big(request.number);
        let saved = on!(self, |connection| save.execute(connection))?;
        self.expect_one(saved, "request_words", request.number)?;
        self.index_words(Sql::new("w.part = 0 AND w.number = ").bind_big(request.number))
    }

    /// Writes the words of a new message behind those that its request has.
    pub(crate) fn save_message_words(&mut self, message: &Message) -> Result<(), StorageError> {
        let found_by: Vec<String> = words(message.body.as_str()).into_iter().collect();
        for some in found_by.chunks(WORDS_MAX) {
            let insert = Sql::<()>::new(
                "INSERT INTO request_words (number, part, internal, words) SELECT w.number, MAX(w.part) + 1, ",
            )
            .push(if message.internal { "TRUE, " } else { "FALSE, " })
            .append(self.connection().full_text(&some.iter().cloned().collect()))
            .push(" FROM request_words w JOIN service_requests r ON r.number = w.number WHERE r.id = ")
            .bind_text(message.request)
            .push(" GROUP BY w.number");
            let inserted = on!(self, |connection| insert.execute(connection))?;
            self.expect_one(inserted, "request_words", message.request)?;
            let last = Sql::new(
                "(w.number, w.part) IN (SELECT l.number, MAX(l.part) FROM request_words l JOIN service_requests r ON r.number = l.number WHERE r.id = ",
            );
            self.index_words(last.bind_text(message.request).push(" GROUP BY l.number)"))?;
        }
        Ok(())
    }

    fn index_words(&mut self, which: Sql) -> Result<(), StorageError> {
        let result = self.connection().index_words(which);
        self.settle(result)
    }
}
