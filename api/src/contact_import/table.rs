//! Tables as spreadsheets write them, in whatever country (C-22): how they are encoded, what separates their cells, and what a
//! spreadsheet calls a cell.

use std::borrow::Cow;

use mandate_core::say;
use mandate_core::text::BYTE_ORDER_MARK;
use mandate_core::wording::Wording;

/// What may separate cells without the file saying so; of equals in the header, the first one.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// Cells in a file, at most: more than any import has that is to be taken.
const CELLS_MAX: usize = 1_000_000;
/// Begins a line in front of the header, which names the separator.
const NAMES_SEPARATOR: &str = "sep=";

/// The text of a file: UTF-8, or UTF-16 where a byte order mark says so.
///
/// *Errors*: the first byte that is wrong.
pub(super) fn text_of(file: &[u8]) -> Result<Cow<'_, str>, usize> {
    let wide = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = units.chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or_default()]));
        String::from_utf16(&units.collect::<Vec<_>>()).map(Cow::Owned).map_err(|_| 0)
    };
    match file {
        [0xff, 0xfe, units @ ..] => wide(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => wide(units, u16::from_be_bytes),
        _ => std::str::from_utf8(file).map(Cow::Borrowed).map_err(|error| error.valid_up_to()),
    }
}

/// A table, of which the rows are not read yet.
#[derive(Debug)]
pub(super) struct Table<'t> {
    /// Without byte order marks, and without the line that names the separator.
    text: Cow<'t, str>,
    separator: u8,
    /// The line of the file on which the text begins.
    first_line: usize,
}

impl<'t> Table<'t> {
    /// Finds out how a table is written.
    pub(super) fn of(text: &'t str) -> Self {
        let text = match text.trim_start_matches(BYTE_ORDER_MARK) {
            text if text.contains(BYTE_ORDER_MARK) => Cow::Owned(text.replace(BYTE_ORDER_MARK, "")),
            text => Cow::Borrowed(text),
        };
        match named_separator(&text) {
            Some((separator, begin)) => {
                let text = match text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.get(begin..).unwrap_or_default()),
                    Cow::Owned(text) => Cow::Owned(text.get(begin..).unwrap_or_default().to_owned()),
                };
                Self { text, separator, first_line: 2 }
            }
            None => Self { separator: separator_of_header(&text), text, first_line: 1 },
        }
    }

    /// Refuses what a reader would take for something else than whoever wrote it: it would take all that follows a quote that is never
    /// closed for one cell, and read a line of nothing but separators, whatever it costs to keep so many cells.
    ///
    /// *Errors*: what is wrong, and at which cell.
    pub(super) fn check(&self) -> Result<(), Wording> {
        let count = |wanted: u8| self.text.bytes().filter(|byte| *byte == wanted).count();
        if !count(b'"').is_multiple_of(2) {
            let cell = self.last_cell();
            return Err(say!("the file is not CSV: the quoted cell {cell} is never closed", cell));
        }
        if count(self.separator) > CELLS_MAX {
            return Err(say!("the file has more than {max} cells", max = CELLS_MAX));
        }
        Ok(())
    }

    /// The last cell that there is.
    fn last_cell(&self) -> String {
        let (mut rows, mut last) = (self.rows(), (1, 1));
        let mut record = csv::StringRecord::new();
        while let Ok(Some(begin)) = rows.next(&mut record) {
            last = (begin.sheet_row, record.len());
        }
        cell(last.1.saturating_sub(1), last.0)
    }

    /// Its rows, blank lines left out.
    pub(super) fn rows(&self) -> TableRows<'_> {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).delimiter(self.separator);
        TableRows {
            reader: reader.from_reader(self.text.as_bytes()),
            bytes: self.text.as_bytes(),
            seen: 0,
            is_quoted: false,
            at: Begin { line: self.first_line, sheet_row: 1 },
        }
    }
}

/// The cell in which the bytes of a file cease to be UTF-8.
pub(super) fn cell_behind(readable: &[u8]) -> String {
    // Whatever it is that cannot be read, it stands in the last cell then.
    let text = format!("{}?", String::from_utf8_lossy(readable));
    Table::of(&text).last_cell()
}

/// The separator that the first line names, and where the next line begins.
fn named_separator(text: &str) -> Option<(u8, usize)> {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = text.get(..end)?.trim_matches('"');
    let (name, separator) = line.split_at_checked(NAMES_SEPARATOR.len())?;
    let separator = *separator.as_bytes().first()?;
    let is_one = separator.is_ascii_punctuation() || separator == b'\t';
    let begin = end + text.get(end..).map_or(0, |rest| if rest.starts_with("\r\n") { 2 } else { rest.len().min(1) });
    (is_one && name.eq_ignore_ascii_case(NAMES_SEPARATOR)).then_some((separator, begin))
}

/// What separates the names of the columns: that of the usual separators of which there are most.
fn separator_of_header(text: &str) -> u8 {
    let (mut counts, mut is_quoted) = ([0_usize; SEPARATORS.len()], false);
    for byte in text.trim_start().bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\r' | b'\n' if !is_quoted => break,
            _ if is_quoted => {}
            _ => SEPARATORS.iter().zip(&mut counts).filter(|(one, _)| **one == byte).for_each(|(_, count)| *count += 1),
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    SEPARATORS.into_iter().zip(counts).find(|(_, count)| *count == most).map_or(b',', |(separator, _)| separator)
}

/// Where a row begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begin {
    /// The line of the file, from 1.
    pub(super) line: usize,
    /// What a spreadsheet calls the row.
    pub(super) sheet_row: usize,
}

/// The rows of a table, one after the other.
pub(super) struct TableRows<'t> {
    reader: csv::Reader<&'t [u8]>,
    bytes: &'t [u8],
    /// The bytes that are counted.
    seen: usize,
    is_quoted: bool,
    at: Begin,
}

impl TableRows<'_> {
    /// Reads the next row that has anything in it, and says where it begins.
    pub(super) fn next(&mut self, record: &mut csv::StringRecord) -> Result<Option<Begin>, csv::Error> {
        loop {
            let byte = self.reader.position().byte();
            if !self.reader.read_record(record)? {
                return Ok(None);
            }
            let begin = self.pass(byte);
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                return Ok(Some(begin));
            }
        }
    }

    /// The place of the row that begins at this byte or, where the end of the row before it is not consumed yet, behind it.
    fn pass(&mut self, byte: u64) -> Begin {
        let mut begin = usize::try_from(byte).unwrap_or(usize::MAX).min(self.bytes.len());
        begin += self.bytes.iter().skip(begin).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        for place in self.seen..begin {
            match self.bytes[place] {
                b'"' => self.is_quoted = !self.is_quoted,
                // A line ends with either or with both.
                b'\r' if self.bytes.get(place + 1) == Some(&b'\n') => {}
                b'\r' | b'\n' => {
                    self.at.line += 1;
                    self.at.sheet_row += usize::from(!self.is_quoted);
                }
                _ => {}
            }
        }
        self.seen = begin;
        self.at
    }
}

/// What a spreadsheet calls the cell of a column, counted from 0, in a row of its own count: `F7`.
pub(super) fn cell(column: usize, sheet_row: usize) -> String {
    let (mut letters, mut rest) = (Vec::new(), column + 1);
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{sheet_row}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_called_as_spreadsheets_call_them_c_22() {
        for (column, name) in [(0, "A7"), (5, "F7"), (25, "Z7"), (26, "AA7"), (51, "AZ7"), (52, "BA7"), (702, "AAA7")] {
            assert_eq!(cell(column, 7), name);
        }
    }

    #[test]
    fn the_header_tells_what_separates_cells_c_22() {
        for (text, separator) in [
            ("email,first_name\n", b','),
            ("email;first_name\na,b,c,d;e", b';'),
            ("email\tfirst_name\r\n", b'\t'),
            ("\"a;b;c\",d\n", b','),
            ("\n\nemail;first_name;duties,", b';'),
            ("email\n", b','),
            ("sep=|\r\nemail,first_name", b'|'),
            ("\u{feff}SEP=;\nemail,first_name", b';'),
            ("\"sep=\t\"\remail,first_name", b'\t'),
            ("sep=x\n", b','),
        ] {
            assert_eq!(Table::of(text).separator, separator, "{text:?}");
        }
        let table = Table::of("sep=;\r\n\u{feff}email;x\r\n");
        assert_eq!((&*table.text, table.first_line), ("email;x\r\n", 2));
    }

    #[test]
    fn text_in_two_bytes_is_known_by_its_mark_c_22() {
        let wide = |unit: fn(u16) -> [u8; 2]| "\u{feff}José\t😀\n".encode_utf16().flat_map(unit).collect::<Vec<_>>();
        for file in [wide(u16::to_le_bytes), wide(u16::to_be_bytes), "José\t😀\n".as_bytes().to_vec()] {
            assert_eq!(text_of(&file).as_deref(), Ok("José\t😀\n"));
        }
        assert_eq!(text_of(b"Jos\xe9"), Err(3));
        assert!(text_of(b"\xff\xfe\x00\xd8").is_err(), "half a pair");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_cell_c_22() {
        for (readable, name) in
            [("", "A1"), ("a;b;", "C1"), ("a,b\n", "A2"), ("a,\"b\nc\"\r\n\r\nd,e", "B3"), ("sep=;\na;b", "B1")]
        {
            assert_eq!(cell_behind(readable.as_bytes()), name, "{readable:?}");
        }
        let open = Table::of("a;b\nc;\"d\ne;f\n").check().unwrap_err().to_string();
        assert!(open.contains("the quoted cell B2 "), "{open}");
    }
}
