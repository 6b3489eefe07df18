//! Between the primitives of a row and the types of core.

use mandate_core::id::{AnyId, Id, Kind, PersonId};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Vocabulary;

use crate::error::StorageError;

/// The cells of one row. A value that core never accepted is [`StorageError::Corrupt`], named by table, column and row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    table: &'static str,
    id: &'a str,
}

impl<'a> Cells<'a> {
    /// The cells of the row with this key.
    pub(crate) fn of(table: &'static str, id: &'a str) -> Self {
        Self { table, id }
    }

    /// The error for a value that cannot be read.
    pub(crate) fn corrupt(&self, column: &'static str) -> StorageError {
        StorageError::Corrupt { table: self.table, column, id: self.id.to_owned() }
    }

    /// A value that was parsed by whatever means.
    pub(crate) fn read<T>(&self, column: &'static str, value: Option<T>) -> Result<T, StorageError> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// A value that may be absent.
    pub(crate) fn optional<'t, T>(
        &self,
        value: Option<&'t str>,
        read: impl FnOnce(&Self, &'t str) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        value.map(|text| read(self, text)).transpose()
    }

    /// The id of one kind of thing.
    pub(crate) fn id<K: Kind>(&self, column: &'static str, text: &str) -> Result<Id<K>, StorageError> {
        self.read(column, Id::parse(text).ok())
    }

    /// An id of one kind, or nothing.
    pub(crate) fn optional_id<K: Kind>(
        &self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<Id<K>>, StorageError> {
        self.optional(text, |cells, text| cells.id(column, text))
    }

    /// An id of whatever kind.
    pub(crate) fn any_id(&self, column: &'static str, text: &str) -> Result<AnyId, StorageError> {
        self.read(column, AnyId::parse(text))
    }

    /// The id of a contact or staff member.
    pub(crate) fn person_id(&self, column: &'static str, text: &str) -> Result<PersonId, StorageError> {
        self.read(column, PersonId::parse(text).ok())
    }

    /// The id of a contact or staff member, or nothing.
    pub(crate) fn optional_person_id(
        &self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<PersonId>, StorageError> {
        self.optional(text, |cells, text| cells.person_id(column, text))
    }

    /// A word of a closed set.
    pub(crate) fn word<V: Vocabulary>(&self, column: &'static str, text: &str) -> Result<V, StorageError> {
        self.read(column, V::from_name(text))
    }

    /// A word of a closed set, or nothing.
    pub(crate) fn optional_word<V: Vocabulary>(
        &self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<V>, StorageError> {
        self.optional(text, |cells, text| cells.word(column, text))
    }

    /// Words of a closed set, from a JSON array.
    pub(crate) fn words<V: Vocabulary>(&self, column: &'static str, json: &str) -> Result<Vec<V>, StorageError> {
        self.texts(column, json)?.iter().map(|text| self.word(column, text)).collect()
    }

    /// Texts, from a JSON array.
    pub(crate) fn texts(&self, column: &'static str, json: &str) -> Result<Vec<String>, StorageError> {
        self.read(column, serde_json::from_str(json).ok())
    }
}

/// A moment.
pub(crate) fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Words of a closed set, as a JSON array.
pub(crate) fn words_json<V: Vocabulary>(words: &[V]) -> String {
    texts_json(words.iter().map(|word| word.name()))
}

/// Texts, as a JSON array.
pub(crate) fn texts_json<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(Into::into).map(serde_json::Value::String).collect::<serde_json::Value>().to_string()
}

#[cfg(test)]
mod tests {
    use mandate_core::id::{ContactKind, OrganizationId};
    use mandate_core::vocabulary::Duty;

    use super::*;

    const CELLS: Cells<'static> = Cells { table: "people", id: "contact_1" };

    #[test]
    fn lists_survive_writing_and_reading() {
        let duties = [Duty::It, Duty::Security];
        assert_eq!(words_json(&duties), r#"["it","security"]"#);
        assert_eq!(CELLS.words::<Duty>("duties", &words_json(&duties)), Ok(duties.to_vec()));
        assert_eq!(CELLS.texts("domains", &texts_json(["a\"b"])), Ok(vec!["a\"b".to_owned()]));
    }

    #[test]
    fn what_core_would_not_accept_is_named_by_table_column_and_row() {
        let corrupt = StorageError::Corrupt { table: "people", column: "duties", id: "contact_1".to_owned() };
        assert_eq!(CELLS.words::<Duty>("duties", r#"["juggling"]"#), Err(corrupt.clone()));
        assert_eq!(CELLS.words::<Duty>("duties", "it"), Err(corrupt));
        let organization = OrganizationId::from_u128(1).to_string();
        assert!(CELLS.id::<ContactKind>("id", &organization).is_err());
        assert_eq!(CELLS.optional_id::<ContactKind>("id", None), Ok(None));
        assert!(CELLS.any_id("id", "nobody").is_err());
    }
}
