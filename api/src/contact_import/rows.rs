//! The rows of an import, read one after the other, each as the body that creates one contact.

use mandate_core::contact::NewContact;
use mandate_core::contact_import::{ImportRow, check_length};
use mandate_core::say;
use mandate_core::text::Flaw;
use mandate_core::wording::Wording;
use serde_json::{Map, Value};

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
    /// How many errors these are.
    noted: usize,
}

/// Errors of rows that could not be read, at most. Rows beyond them are refused as well.
const ERRORS_MAX: usize = 50_000;

/// Commas in a file, at most: more cells than any import has that is to be taken.
const COMMAS_MAX: usize = 1_000_000;

impl Rows {
    /// Adds the next row.
    ///
    /// *Errors*: `import_too_long`.
    fn add(&mut self, line: usize, read: Result<NewContact, Problem>) -> Result<(), Problem> {
        check_length(self.rows.len() + 1)?;
        self.lines.push(line);
        let contact = match read {
            Ok(contact) => Some(contact),
            Err(problem) => {
                let mut errors = problem.into_errors();
                errors.truncate(ERRORS_MAX - self.noted);
                self.noted += errors.len();
                self.flaws.push((self.lines.len(), errors));
                None
            }
        };
        self.rows.push(ImportRow { contact });
        Ok(())
    }
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
    let text = std::str::from_utf8(file).map_err(|error| {
        Problem::malformed(say!("the file is not UTF-8: byte {place} is wrong", place = error.valid_up_to()))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Csv => read_csv(text, build),
        Format::Ndjson => read_ndjson(text, build),
    }
}

fn read_ndjson(
    text: &str,
    build: impl Fn(Body<CreateContactBody>) -> Result<NewContact, Problem>,
) -> Result<Rows, Problem> {
    let mut rows = Rows::default();
    for (place, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if line.len() > BODY_MAX {
            rows.add(place + 1, Err(too_long(line.len())))?;
            continue;
        }
        let json = strict_json::parse_text(line).map_err(|reason| {
            // Which line it is, the row says.
            let reason = reason.replace(" at line 1 column ", " at column ");
            flawed("malformed_request", say!("the line is not acceptable JSON: {reason}", reason))
        });
        rows.add(place + 1, json.and_then(|json| Body::of(json, [0; 32])).and_then(&build))?;
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
    text: &str,
    build: impl Fn(Body<CreateContactBody>) -> Result<NewContact, Problem>,
) -> Result<Rows, Problem> {
    // The reader would take everything behind a quote that is never closed for one cell, and say nothing.
    if !text.bytes().filter(|byte| *byte == b'"').count().is_multiple_of(2) {
        return Err(Problem::malformed(say!("the file is not CSV: a quoted cell is never closed")));
    }
    // Nor would it mind a line of nothing but commas, whatever it costs to keep so many cells.
    if text.bytes().filter(|byte| *byte == b',').count() > COMMAS_MAX {
        return Err(Problem::malformed(say!("the file has more than {max} commas", max = COMMAS_MAX)));
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let unreadable = |error: csv::Error| Problem::malformed(say!("the file is not CSV: {reason}", reason = error));
    if !reader.read_record(&mut record).map_err(unreadable)? {
        return Err(Problem::malformed(say!("the file is empty; its first line names the columns")));
    }
    let columns = header(&record)?;
    let (mut rows, mut lines) = (Rows::default(), Lines::new(text));
    loop {
        let begin = reader.position().byte();
        if !reader.read_record(&mut record).map_err(unreadable)? {
            return Ok(rows);
        }
        rows.add(lines.at(begin), row(&columns, &record).and_then(&build))?;
    }
}

/// The columns that are read, each in its place; nothing for those that are ignored.
///
/// *Errors*: `validation_failed`, with the header as row 0.
fn header(record: &csv::StringRecord) -> Result<Vec<Option<&'static str>>, Problem> {
    let mut errors = Errors::of_body();
    let mut columns = Vec::with_capacity(record.len());
    for (place, name) in record.iter().map(str::trim).enumerate() {
        let at = || format!("/0/{}", name.replace('~', "~0").replace('/', "~1"));
        let known = IMPORTED.into_iter().find(|known| *known == name);
        if record.iter().take(place).any(|other| other.trim() == name) {
            errors.add(&at(), Flaw::new("repeated", say!("the column `{name}` occurs twice", name)));
        } else if known.is_none() && !is_ignored(name) {
            let message = say!("`{name}` is not a column of an import; columns are separated by commas", name);
            errors.add(&at(), Flaw::new("unknown_column", message));
        }
        if !errors.is_empty() && place > IMPORTED.len() * 10 {
            break;
        }
        columns.push(known);
    }
    for required in REQUIRED.into_iter().filter(|required| !columns.contains(&Some(required))) {
        errors.add(
            &format!("/0/{required}"),
            Flaw::new("required", say!("the column `{required}` is missing", required)),
        );
    }
    errors.finish(|| Some(columns))
}

/// A row as the body that it stands for.
///
/// *Errors*: `cell_count`, or what is wrong with the members.
fn row(columns: &[Option<&'static str>], record: &csv::StringRecord) -> Result<Body<CreateContactBody>, Problem> {
    if record.as_slice().len() > BODY_MAX {
        return Err(too_long(record.as_slice().len()));
    }
    if record.len() != columns.len() {
        let message =
            say!("has {count} cells where the header has {expected}", count = record.len(), expected = columns.len());
        return Err(flawed("cell_count", message));
    }
    let cells = columns.iter().zip(record).filter_map(|(column, cell)| Some(((*column)?, cell)));
    let members = cells.filter_map(|(column, cell)| Some((column.to_owned(), member(column, cell)?)));
    Body::of(Value::Object(members.collect::<Map<_, _>>()), [0; 32])
}

/// On which line of a text a byte is, asked in ascending order.
struct Lines<'t> {
    bytes: &'t [u8],
    seen: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), seen: 0, line: 1 }
    }

    /// The line of the row that begins at this byte or, where the end of the row before it is not consumed yet, behind it.
    fn at(&mut self, byte: u64) -> usize {
        let mut begin = usize::try_from(byte).unwrap_or(usize::MAX).min(self.bytes.len());
        begin += self.bytes.iter().skip(begin).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.bytes.get(self.seen..begin).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.seen = begin;
        self.line
    }
}

#[cfg(test)]
mod tests;
