//! The rows of an import, read one after the other, each as the body that creates one contact.

use mandate_core::contact::NewContact;
use mandate_core::contact_import::{ImportRow, check_length};
use mandate_core::say;
use mandate_core::text::{BYTE_ORDER_MARK, Flaw};
use mandate_core::wording::Wording;
use serde_json::{Map, Value};

use super::table::{Table, cell, cell_behind, text_of};
use crate::contact::CreateContactBody;
use crate::contact_csv::{IMPORTED, REQUIRED, is_ignored, member};
use crate::extract::{BODY_MAX, Body};
use crate::input::{Errors, FieldFlaw};
use crate::problem::Problem;
use crate::strict_json;

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A table with a header.
    Csv,
    /// A JSON object on each line.
    Ndjson,
}

impl Format {
    /// The media types that are read.
    pub(super) const MEDIA_TYPES: [&'static str; 2] = ["text/csv", "application/x-ndjson"];

    /// The format of one of them.
    pub(super) fn of(media_type: &str) -> Self {
        if media_type == Self::MEDIA_TYPES[0] { Self::Csv } else { Self::Ndjson }
    }
}

/// The rows of a file, as far as they could be read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The contacts to be.
    pub(super) rows: Vec<ImportRow>,
    /// The line on which each row begins, from 1.
    pub(super) lines: Vec<usize>,
    /// The rows that could not be read, by number from 1, and what is wrong with them.
    pub(super) flaws: Vec<(usize, Vec<FieldFlaw>)>,
    /// What a spreadsheet calls each row; nothing for JSON lines.
    sheet_rows: Vec<usize>,
    /// The columns of a table, each in its place.
    columns: Vec<Column>,
    /// How many errors these are.
    noted: usize,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// One that is read.
    Read(&'static str),
    /// One that is known and left alone.
    Ignored,
    /// One without a name, as spreadsheets write where something was: nothing may be in it.
    Nameless,
}

/// Errors of rows that could not be read, at most. Rows beyond them are refused as well.
const ERRORS_MAX: usize = 50_000;

impl Rows {
    /// Adds the next row.
    ///
    /// *Errors*: `import_too_long`.
    fn add(&mut self, line: usize, read: Result<NewContact, Vec<FieldFlaw>>) -> Result<(), Problem> {
        check_length(self.rows.len() + 1)?;
        self.lines.push(line);
        let contact = match read {
            Ok(contact) => Some(contact),
            Err(mut errors) => {
                errors.truncate(ERRORS_MAX - self.noted);
                self.noted += errors.len();
                let row = self.lines.len();
                for error in &mut errors {
                    error.cell = error.cell.take().or_else(|| self.cell(row, field(error.place())));
                }
                self.flaws.push((row, errors));
                None
            }
        };
        self.rows.push(ImportRow { contact });
        Ok(())
    }

    /// What a spreadsheet calls the cell of a column in a row; none if it has none.
    pub(super) fn cell(&self, row: usize, column: &str) -> Option<String> {
        let place = self.columns.iter().position(|one| matches!(one, Column::Read(name) if *name == column))?;
        Some(cell(place, *self.sheet_rows.get(row.checked_sub(1)?)?))
    }
}

/// The column or member that the place of an error lies in; empty for the row as a whole.
pub(super) fn field(place: &str) -> &str {
    place.trim_start_matches('#').trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Reads a file; `build` makes a contact of the body that a row stands for.
///
/// *Errors*: `malformed_request` for what is no table at all, `validation_failed` for a wrong header, `import_too_long`. Wrong rows
/// are no such error but in [`Rows::flaws`].
pub(super) fn read(
    format: Format,
    file: &[u8],
    build: impl Fn(Body<CreateContactBody>) -> Result<NewContact, Problem>,
) -> Result<Rows, Problem> {
    let text = text_of(file).map_err(|place| {
        Problem::malformed(match format {
            Format::Csv => {
                let cell = cell_behind(file.get(..place).unwrap_or_default());
                say!("the file is not UTF-8, as cell {cell} shows; save it as CSV in UTF-8", cell)
            }
            Format::Ndjson => say!("the file is not UTF-8: byte {place} is wrong", place),
        })
    })?;
    match format {
        Format::Csv => read_csv(&Table::of(&text), build),
        Format::Ndjson => read_ndjson(&text, build),
    }
}

fn read_ndjson(
    text: &str,
    build: impl Fn(Body<CreateContactBody>) -> Result<NewContact, Problem>,
) -> Result<Rows, Problem> {
    let mut rows = Rows::default();
    // Files that were put together have a mark wherever one of them began.
    let lines = text.split('\n').map(|line| line.trim_start_matches(BYTE_ORDER_MARK)).enumerate();
    for (place, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        if line.len() > BODY_MAX {
            rows.add(place + 1, Err(too_long(line.len()).into_errors()))?;
            continue;
        }
        let json = strict_json::parse_text(line).map_err(|reason| {
            // Which line it is, the row says.
            let reason = reason.replace(" at line 1 column ", " at column ");
            flawed("malformed_request", say!("the line is not acceptable JSON: {reason}", reason))
        });
        let read = json.and_then(|json| Body::of(json, [0; 32])).and_then(&build);
        rows.add(place + 1, read.map_err(Problem::into_errors))?;
    }
    Ok(rows)
}

/// A row is one contact: as large as the body that creates one, and no larger.
fn too_long(bytes: usize) -> Problem {
    flawed("too_long", say!("has {bytes} bytes; a row may have {max}", bytes, max = BODY_MAX))
}

/// A flaw of a row as a whole.
fn flawed(code: &'static str, message: Wording) -> Problem {
    let mut errors = Errors::of_body();
    errors.add("", Flaw::new(code, message));
    errors.into_problem()
}

fn read_csv(
    table: &Table<'_>,
    build: impl Fn(Body<CreateContactBody>) -> Result<NewContact, Problem>,
) -> Result<Rows, Problem> {
    table.check().map_err(Problem::malformed)?;
    let unreadable = |error: csv::Error| Problem::malformed(say!("the file is not CSV: {reason}", reason = error));
    let (mut lines, mut record) = (table.rows(), csv::StringRecord::new());
    let Some(begin) = lines.next(&mut record).map_err(unreadable)? else {
        return Err(Problem::malformed(say!("the file is empty; its first line names the columns")));
    };
    let mut rows = Rows { columns: header(&record, begin.sheet_row)?, ..Rows::default() };
    while let Some(begin) = lines.next(&mut record).map_err(unreadable)? {
        rows.sheet_rows.push(begin.sheet_row);
        let read = row(&rows.columns, &record, begin.sheet_row);
        rows.add(begin.line, read.and_then(|body| build(body).map_err(Problem::into_errors)))?;
    }
    Ok(rows)
}

/// The columns, each in its place.
///
/// *Errors*: `validation_failed`, with the header as row 0.
fn header(record: &csv::StringRecord, sheet_row: usize) -> Result<Vec<Column>, Problem> {
    let mut errors = Errors::of_body();
    let mut columns = Vec::with_capacity(record.len());
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    let at = |name: &str| format!("/0/{}", name.replace('~', "~0").replace('/', "~1"));
    for (place, name) in record.iter().map(str::trim).enumerate() {
        let lower = name.to_lowercase();
        let column = match IMPORTED.into_iter().find(|known| *known == lower) {
            _ if name.is_empty() => Column::Nameless,
            Some(known) => Column::Read(known),
            None => Column::Ignored,
        };
        if column != Column::Nameless && names.contains(&lower) {
            let message = say!("the column `{name}` occurs twice", name);
            errors.add_in_cell(&at(name), cell(place, sheet_row), Flaw::new("repeated", message));
        } else if column == Column::Ignored && !is_ignored(&lower) {
            let message = say!(
                "`{name}` is not a column of an import; columns are separated by commas, semicolons or tabs",
                name
            );
            errors.add_in_cell(&at(name), cell(place, sheet_row), Flaw::new("unknown_column", message));
        }
        if !errors.is_empty() && place > IMPORTED.len() * 10 {
            break;
        }
        columns.push(column);
        names.push(lower);
    }
    for required in REQUIRED.into_iter().filter(|required| !columns.contains(&Column::Read(required))) {
        errors.add(&at(required), Flaw::new("required", say!("the column `{required}` is missing", required)));
    }
    errors.finish(|| Some(columns))
}

/// A row as the body that it stands for.
///
/// *Errors*: `cell_count`, `unknown_column`, or what is wrong with the members.
fn row(
    columns: &[Column],
    record: &csv::StringRecord,
    sheet_row: usize,
) -> Result<Body<CreateContactBody>, Vec<FieldFlaw>> {
    let at = |place: usize, problem: Problem| {
        let mut errors = problem.into_errors();
        errors.iter_mut().for_each(|error| error.cell = Some(cell(place, sheet_row)));
        errors
    };
    if record.as_slice().len() > BODY_MAX {
        return Err(too_long(record.as_slice().len()).into_errors());
    }
    // Spreadsheets end some rows later than others, with cells in which nothing is.
    let last = record.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty()).last().map_or(0, |(at, _)| at + 1);
    let needed = columns.iter().rposition(|column| *column != Column::Nameless).map_or(0, |place| place + 1);
    if last > columns.len() || record.len() < needed {
        let (count, expected) = (record.len(), columns.len());
        let message = say!("has {count} cells where the header has {expected}", count, expected);
        return Err(at(count.min(expected), flawed("cell_count", message)));
    }
    let mut members = Map::new();
    for (place, (column, text)) in columns.iter().zip(record).enumerate() {
        match column {
            Column::Read(name) => members.extend(member(name, text).map(|value| ((*name).to_owned(), value))),
            Column::Nameless if !text.trim().is_empty() => {
                let message = say!("`{text}` is in a column that has no name", text);
                return Err(at(place, flawed("unknown_column", message)));
            }
            Column::Ignored | Column::Nameless => {}
        }
    }
    Body::of(Value::Object(members), [0; 32]).map_err(Problem::into_errors)
}

#[cfg(test)]
mod tests;
