//! Contacts as rows of CSV (RFC 4180), in both directions: what leaves as a row comes back as the same contact (C-22).

use std::borrow::Cow;
use std::collections::BTreeSet;

use mandate_core::contact::Contact;
use mandate_core::id::SiteId;
use mandate_core::text::SiteName;
use mandate_core::vocabulary::Vocabulary as _;
use serde_json::{Value, json};

/// The columns that an import reads; those of an export begin with them.
pub(crate) const IMPORTED: [&str; 11] = [
    "email",
    "first_name",
    "last_name",
    "phone",
    "time_zone",
    "locale",
    "type",
    "permission",
    "duties",
    "site_ids",
    "site_shifts",
];
/// The place of the phone among them.
const PHONE: usize = 3;
/// The columns that an import must have.
pub(crate) const REQUIRED: [&str; 4] = ["email", "first_name", "last_name", "permission"];
/// The columns that an export has besides.
pub(crate) const ADDED: [&str; 5] = ["id", "status", "last_sign_in_at", "last_confirmed_at", "created_at"];
/// What else a contact shows. An import knows these columns and the added ones and leaves them alone: they cannot be chosen.
const KNOWN: [&str; 12] = [
    "organization_id",
    "name",
    "last_confirmed_by",
    "created_by",
    "updated_at",
    "version",
    "disabled_reason",
    "disabled_at",
    "disabled_by",
    "email_undeliverable_since",
    "training_note",
    "notification_preferences",
];

/// Between the elements of a list in one cell.
const SEPARATOR: char = ';';
/// Takes its meaning from the character behind it, in a list.
const ESCAPE: char = '\\';

/// Whether an import knows a column but does not read it.
pub(crate) fn is_ignored(column: &str) -> bool {
    ADDED.contains(&column) || KNOWN.contains(&column)
}

/// A contact as the cells of a row: [`IMPORTED`], then [`ADDED`].
pub(crate) fn row(contact: &Contact) -> [String; IMPORTED.len() + ADDED.len()] {
    let profile = &contact.profile;
    let moment = |moment: Option<mandate_core::time::Timestamp>| moment.map(|at| at.to_string()).unwrap_or_default();
    let shifts = |(site, names): (&SiteId, &BTreeSet<SiteName>)| {
        names.iter().map(|name| format!("{site}:{name}")).collect::<Vec<_>>()
    };
    let cells = [
        profile.email.to_string(),
        profile.first_name.to_string(),
        profile.last_name.to_string(),
        profile.phone.as_ref().map(ToString::to_string).unwrap_or_default(),
        profile.time_zone.to_string(),
        profile.locale.to_string(),
        contact.kind.name().to_owned(),
        contact.permission.name().to_owned(),
        joined(contact.duties.iter().map(|duty| duty.name().to_owned())),
        joined(contact.sites.keys().map(ToString::to_string)),
        joined(contact.sites.iter().flat_map(shifts)),
        contact.id.to_string(),
        contact.status.name().to_owned(),
        moment(contact.last_sign_in_at),
        moment(contact.last_confirmed_at),
        moment(Some(contact.created_at)),
    ];
    let mut row = cells.map(|cell| match defused(&cell) {
        Cow::Borrowed(_) => cell,
        Cow::Owned(defused) => defused,
    });
    // Digits and full stops are no formula, and a mark would spoil the number for whoever dials it.
    row[PHONE] = profile.phone.as_ref().map(ToString::to_string).unwrap_or_default();
    row
}

/// What the cell of a column is in the body that creates a contact; nothing if the cell is empty.
pub(crate) fn member(column: &str, cell: &str) -> Option<Value> {
    let cell = restored(cell).trim();
    if cell.is_empty() {
        return None;
    }
    let shift = |element: String| match element.split_once(':') {
        Some((site, name)) => json!({"site_id": site.trim(), "name": name.trim()}),
        None => json!({"site_id": element}),
    };
    Some(match column {
        "duties" | "site_ids" => Value::from(split(cell)),
        "site_shifts" => split(cell).into_iter().map(shift).collect(),
        _ => Value::from(cell),
    })
}

/// The text of a cell that a spreadsheet shows instead of running it as a formula: one more `'` in front of what begins like
/// one, with or without such marks before it.
pub(crate) fn defused(cell: &str) -> Cow<'_, str> {
    if is_formula(cell.trim_start_matches('\'')) { format!("'{cell}").into() } else { cell.into() }
}

/// The text that was defused. A text that needed no defusing stays as it is.
pub(crate) fn restored(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A list in one cell.
fn joined(elements: impl Iterator<Item = String>) -> String {
    let escaped = |element: String| element.replace(ESCAPE, r"\\").replace(SEPARATOR, r"\;");
    elements.map(escaped).collect::<Vec<_>>().join(";")
}

/// The elements of a list in one cell; empty ones are none.
fn split(cell: &str) -> Vec<String> {
    let mut elements = vec![String::new()];
    let mut characters = cell.chars();
    while let Some(character) = characters.next() {
        let element = elements.last_mut().expect("there is one from the beginning on");
        match character {
            ESCAPE => element.extend(characters.next()),
            SEPARATOR => elements.push(String::new()),
            other => element.push(other),
        }
    }
    let trimmed = elements.into_iter().map(|element| element.trim().to_owned());
    trimmed.filter(|element| !element.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_defused_and_restored_c_22() {
        for (cell, shown) in [
            ("=1+1", "'=1+1"),
            ("+1.650.555.0100", "'+1.650.555.0100"),
            ("-Ana", "'-Ana"),
            ("@sum", "'@sum"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("''+1", "'''+1"),
            ("'t Hooft", "'t Hooft"),
            ("O'Neill", "O'Neill"),
            ("'", "'"),
            ("", ""),
        ] {
            assert_eq!(defused(cell), shown, "{cell}");
            assert_eq!(restored(shown), cell, "{shown}");
        }
        // Phone numbers leave as they are, and whoever types one into a file of their own need not know of any of this.
        assert_eq!(IMPORTED[PHONE], "phone");
        assert_eq!(restored("+1.650.555.0100"), "+1.650.555.0100");
    }

    proptest! {
        #[test]
        fn every_cell_survives_the_way_out_and_back_c_22(cell in "['=+@\t\r;\\\\a,\"\n -]{0,8}") {
            let shown = defused(&cell).into_owned();
            prop_assert!(!is_formula(&shown));
            prop_assert_eq!(restored(&shown), cell.as_str());
        }

        #[test]
        fn every_list_survives_the_way_out_and_back_c_22(names in proptest::collection::vec("[;\\\\a: é]{1,6}", 0..4)) {
            let names: Vec<String> =
                names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
            prop_assert_eq!(split(&joined(names.iter().cloned())), names);
        }
    }
}
