//! Phone numbers that an organization's records held at a moment, and since when (E-6a). What a number was then is told by the journal.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mandate_core::actor::PersonRef;
use mandate_core::escalation_case::KnownNumber;
use mandate_core::id::OrganizationId;
use mandate_core::text::Phone;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{ContactType, Permission, PersonStatus, Vocabulary as _};
use serde_json::Value;

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::people::full_name;
use crate::sql::Sql;
use crate::tx::ReadTx;

/// Contacts whose numbers are offered, at most: those who guard the organization first.
const CONTACTS_MAX: i64 = 100;

type ContactRow = (String, String, String, String, i64);
type ChangeRow = (String, i64, String, String);

impl ReadTx<'_> {
    /// The numbers that the contacts of an organization had before a moment; those who guard it first, then by name.
    pub fn known_numbers(
        &mut self,
        organization: OrganizationId,
        before: Timestamp,
    ) -> Result<Vec<KnownNumber>, StorageError> {
        let query = Sql::<(Text, Text, Text, Text, BigInt)>::new(
            "SELECT p.id, p.first_name, p.last_name, COALESCE(p.phone, ''), p.created_at FROM people p \
             WHERE p.organization_id = ",
        )
        .bind_text(organization)
        .push(" AND p.status <> ")
        .bind_text(PersonStatus::Transferred.name())
        .push(" AND p.created_at < ")
        .bind_big(before.micros())
        .push(" ORDER BY CASE WHEN p.contact_type = ")
        .bind_text(ContactType::PrimarySupport.name())
        .push(" THEN 0 WHEN p.permission = ")
        .bind_text(Permission::ManageContacts.name())
        .push(" THEN 1 ELSE 2 END, p.sort_name, p.id LIMIT ")
        .bind_big(CONTACTS_MAX);
        let contacts: Vec<ContactRow> = on!(self, |connection| query.load(connection))?;
        if contacts.is_empty() {
            return Ok(Vec::new());
        }
        let query = Sql::<(Text, BigInt, Text, Text)>::new(
            "SELECT j.subject_id, j.at, j.before, j.after FROM journal j WHERE j.subject_id IN (",
        )
        .bind_texts(contacts.iter().map(|contact| &contact.0))
        .push(
            r#") AND (j.before LIKE '%"phone"%' OR j.after LIKE '%"phone"%') ORDER BY j.organization_id, j.sequence"#,
        );
        let changes: Vec<ChangeRow> = on!(self, |connection| query.load(connection))?;
        let mut known = Vec::new();
        for (id, first_name, last_name, phone, created_at) in contacts {
            let own = changes.iter().filter(|change| change.0 == id);
            let Some((number, since)) = number_at(&phone, moment(created_at), own, before) else { continue };
            let cells = Cells::of("people", &id);
            known.push(KnownNumber {
                number: cells.read("phone", Phone::parse(&number).ok())?,
                person: PersonRef {
                    id: cells.person_id("id", &id)?,
                    name: full_name(&first_name, &last_name),
                    organization,
                },
                since,
            });
        }
        Ok(known)
    }
}

/// The number before a moment, and since when there was one with its digits without a break, by the changes of it; the present one
/// since the record exists, if it never changed.
fn number_at<'a>(
    present: &str,
    created_at: Timestamp,
    changes: impl Iterator<Item = &'a ChangeRow>,
    before: Timestamp,
) -> Option<(String, Timestamp)> {
    let phone = |json: &str| {
        let members: Value = serde_json::from_str(json).ok()?;
        Some(members.get("phone")?.as_str().unwrap_or_default().to_owned())
    };
    let digits = |number: &str| number.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut then: Option<(String, Timestamp)> = None;
    for (_, at, old, new) in changes {
        let at = moment(*at);
        if at >= before {
            // The first change after the moment tells what was there before it.
            then = then.or_else(|| phone(old).map(|number| (number, created_at)));
            break;
        }
        // Grouped otherwise, it is the same number, and no older.
        let earlier = then.take().or_else(|| phone(old).map(|number| (number, created_at)));
        then = match (phone(new), earlier) {
            (Some(number), Some((old, since))) if digits(&number) == digits(&old) => Some((number, since)),
            (Some(number), _) => Some((number, at)),
            (None, earlier) => earlier,
        };
    }
    then.or_else(|| Some((present.to_owned(), created_at))).filter(|(number, _)| !number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(at: i64, old: &str, new: &str) -> ChangeRow {
        let json = |phone: &str| match phone {
            "-" => "{}".to_owned(),
            "" => r#"{"phone":null}"#.to_owned(),
            phone => format!(r#"{{"phone":"{phone}"}}"#),
        };
        ("contact".to_owned(), at, json(old), json(new))
    }

    #[test]
    fn a_number_is_what_it_was_before_the_moment_e_6a() {
        let found = |present: &str, changes: &[ChangeRow]| {
            number_at(present, moment(1), changes.iter(), moment(10)).map(|(number, since)| (number, since.micros()))
        };
        let number = |text: &str, since| Some((text.to_owned(), since));
        // Never changed, or not told of.
        assert_eq!(found("111", &[]), number("111", 1));
        assert_eq!(found("111", &[change(1, "-", "111")]), number("111", 1));
        assert_eq!(found("", &[change(1, "-", "")]), None);
        // Changed before: the newer one, and since then.
        assert_eq!(found("222", &[change(1, "-", "111"), change(5, "111", "222")]), number("222", 5));
        // Grouped otherwise, it is the same number since then; given up in between, it is not.
        assert_eq!(
            found("2.22", &[change(1, "-", "111"), change(5, "111", "222"), change(7, "222", "2.22")]),
            number("2.22", 5)
        );
        assert_eq!(found("+222", &[change(1, "-", "222"), change(7, "222", "+222")]), number("+222", 1));
        let there_and_back = [change(1, "-", "222"), change(5, "222", "111"), change(7, "111", "2.22")];
        assert_eq!(found("2.22", &there_and_back), number("2.22", 7));
        assert_eq!(
            found("222", &[change(1, "-", "222"), change(5, "222", ""), change(7, "", "222")]),
            number("222", 7)
        );
        // Changed afterwards, or at the very moment: the older one.
        assert_eq!(found("222", &[change(1, "-", "111"), change(10, "111", "222")]), number("111", 1));
        assert_eq!(found("222", &[change(12, "111", "222")]), number("111", 1));
        assert_eq!(found("222", &[change(1, "-", ""), change(12, "", "222")]), None);
        assert_eq!(found("", &[change(1, "-", "111"), change(5, "111", "")]), None);
    }
}
