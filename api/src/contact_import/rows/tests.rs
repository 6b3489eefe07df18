use mandate_core::contact::WelcomeIds;
use mandate_core::id::{ContactId, LinkId, MailId};
use mandate_core::person::NewProfile;
use mandate_core::text::{Locale, PersonName, TimeZone, TypedEmail};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{ContactType, Permission, Vocabulary as _};

use super::*;

/// Somebody, whatever the row says.
fn anybody(body: Body<CreateContactBody>) -> Result<NewContact, Problem> {
    let profile = NewProfile {
        email: TypedEmail::parse("ana@acme.example").unwrap(),
        first_name: PersonName::parse("Ana").unwrap(),
        last_name: PersonName::parse("Silva").unwrap(),
        phone: None,
        time_zone: TimeZone::default(),
        locale: Locale::default(),
    };
    let (link, mail) = (LinkId::from_u128(1), MailId::from_u128(1));
    let contact = NewContact {
        id: ContactId::from_u128(1),
        profile,
        kind: ContactType::Technical,
        permission: Permission::KnowledgeBase,
        duties: Default::default(),
        sites: Default::default(),
        welcome: WelcomeIds { link, mail, expires_at: Timestamp::from_micros(1) },
    };
    body.errors.finish(|| Some(contact))
}

fn read_all(format: Format, text: &str) -> Result<Rows, Problem> {
    read(format, text.as_bytes(), anybody)
}

/// Each flaw: row, place, code.
fn flaws(rows: &Rows) -> Vec<(usize, String, String)> {
    let one = |row: usize, error: &FieldFlaw| (row, error.place().to_owned(), error.code.to_string());
    rows.flaws.iter().flat_map(|(row, errors)| errors.iter().map(move |error| one(*row, error))).collect()
}

#[test]
fn rows_begin_on_the_lines_that_an_editor_shows_c_22() {
    let header = "email,first_name,last_name,permission";
    let quoted = "a,\"x\ny\r\nz\",b,c";
    for end in ["\n", "\r\n"] {
        let text = format!("{header}{end}a,b,c,d{end}{end}{end}{quoted}{end}a,b,c,d{end}a,b,c,d");
        let rows = read_all(Format::Csv, &text).unwrap();
        assert_eq!(rows.lines, [2, 5, 8, 9], "{end:?}");
        let with_mark = read_all(Format::Csv, &format!("\u{feff}{text}")).unwrap();
        assert_eq!((with_mark.lines, with_mark.rows.len()), (rows.lines, 4));
    }
    let rows = read_all(Format::Ndjson, "{}\r\n\n  \n{}\n{}").unwrap();
    assert_eq!((rows.lines.as_slice(), rows.rows.len()), (&[1, 4, 5][..], 4 - 1));
}

#[test]
fn a_row_that_cannot_be_read_is_named_with_its_members_c_22() {
    let rows = read_all(
        Format::Csv,
        "email,first_name,last_name,permission,duties\na,b,c,king,it;x;y\na,b,c,d\na,b,c,d,e,f\n",
    )
    .unwrap();
    let place = |row, place: &str, code: &str| (row, place.to_owned(), code.to_owned());
    assert_eq!(
        flaws(&rows),
        [
            place(1, "#/duties/1", "invalid_value"),
            place(1, "#/duties/2", "invalid_value"),
            place(1, "#/permission", "invalid_value"),
            place(2, "#", "cell_count"),
            place(3, "#", "cell_count"),
        ]
    );
    assert!(rows.rows.iter().all(|row| row.contact.is_none()));
    let rows = read_all(Format::Ndjson, "{\"a\": 1}\n{\"email\": \"x\", \"email\": \"y\"}\n7\n").unwrap();
    assert_eq!(
        flaws(&rows),
        [place(1, "#/a", "unknown_member"), place(2, "#", "malformed_request"), place(3, "#", "invalid_type")]
    );
}

#[test]
fn what_an_export_adds_is_ignored_and_what_nobody_knows_is_refused_c_22() {
    let rows = read_all(
        Format::Csv,
        "id,permission,status,email,created_at,last_name,first_name,name\nx,designated_support,=1,a,b,c,d,e\n",
    );
    assert!(flaws(&rows.unwrap()).is_empty());
    for (header, places) in [
        ("email,first_name,last_name", &["#/0/permission"][..]),
        ("email,first_name,last_name,permission,Email", &["#/0/Email"]),
        ("email,first_name,last_name,permission,mail,a/b", &["#/0/mail", "#/0/a~1b"]),
    ] {
        let problem = read_all(Format::Csv, header).unwrap_err();
        assert_eq!(problem.code().name(), "validation_failed");
        assert_eq!(problem.into_errors().iter().map(FieldFlaw::place).collect::<Vec<_>>(), places, "{header}");
    }
}

/// What a spreadsheet writes: the same three people each time.
#[test]
fn what_spreadsheets_write_is_read_c_22() {
    let comma = "email,first_name,last_name,permission,duties,locale\na,b,c,knowledge_base,\"it;security\",es-ES\nd,e,f,knowledge_base,,\n";
    let semicolon = comma.replace(',', ";");
    let tab = comma.replace(',', "\t");
    for text in [
        comma.to_owned(),
        semicolon.clone(),
        tab.clone(),
        format!("sep=;\r\n{semicolon}"),
        format!("\u{feff}sep=\t\n\u{feff}{tab}"),
        format!("sep=|\n{}", comma.replace(',', "|")),
        // Marks where files were put together, and names in other cases.
        comma.replace("\n", "\n\u{feff}").replace("email,first", "EMAIL,\u{feff}First"),
        // Cells in which nothing is, in columns without a name, in the middle and at the end, in some rows or all.
        comma.replace("email,", "email,,").replace("a,b", "a, ,b").replace("d,e", "d,,e"),
        comma.replace(",locale\n", ",locale,,,\n").replace(",,\n", ",,,\n"),
        format!("{comma},,,,,\n,,\n , ,\n;\n").replace(";\n", "\n"),
        format!(",,,,,\n{}", comma.replace("d,e,f", ",,,,,\nd,e,f")),
    ] {
        let rows = read_all(Format::Csv, &text).unwrap_or_else(|problem| panic!("{text:?}: {problem}"));
        assert!(rows.flaws.is_empty(), "{text:?}: {:?}", flaws(&rows));
        assert_eq!(rows.rows.len(), 2, "{text:?}");
    }
    let wide: Vec<u8> = format!("\u{feff}{tab}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(Format::Csv, &wide, anybody).unwrap().rows.len(), 2);
    let rows = read_all(Format::Ndjson, "\u{feff}{}\n\u{feff}{}\n\u{feff}").unwrap();
    assert_eq!((rows.rows.len(), rows.flaws.len()), (2, 0));
}

#[test]
fn what_cannot_be_read_is_named_as_the_spreadsheet_names_it_c_22() {
    let cells = |text: &str| {
        let rows = read_all(Format::Csv, text).unwrap();
        let one = |error: &FieldFlaw| (error.code.to_string(), error.cell.clone().unwrap_or_default());
        rows.flaws.iter().flat_map(|(_, errors)| errors.iter().map(one).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let found = |code: &str, cell: &str| (code.to_owned(), cell.to_owned());
    let text = "sep=;\nemail;first_name;last_name;;permission;duties\n\n\"a\nb\";b;c;;king;it\na;b;c;x;knowledge_base;\n\
        a;b;c\na;b;c;;knowledge_base;;;x\na;b;c;;knowledge_base;it,x\n";
    assert_eq!(
        cells(text),
        [
            found("invalid_value", "E3"),
            found("unknown_column", "D4"),
            found("cell_count", "D5"),
            found("cell_count", "G6"),
            found("invalid_value", "F7"),
        ]
    );
    for (file, cell) in [
        (&b"email,first_name,last_name,permission\na,Jos\xe9,c,d\n"[..], "B2"),
        (b"email;first_name;last_name;permission\na;b;c;d\na;b;\"c;d\n", "C3"),
    ] {
        let problem = read(Format::Csv, file, anybody).unwrap_err().to_string();
        assert!(problem.contains(&format!("cell {cell} ")), "{problem}");
    }
    let problem = read_all(Format::Csv, "email;first_name;last_name;permission;shoe size\n").unwrap_err();
    assert_eq!(problem.into_errors()[0].cell.as_deref(), Some("E1"));
}

#[test]
fn a_hostile_file_does_not_make_more_errors_than_anybody_reads_c_22() {
    let member = |number: usize| format!("\"m{number}\": 1");
    let line = format!("{{{}}}\n", (0..60).map(member).collect::<Vec<_>>().join(","));
    let rows = read_all(Format::Ndjson, &line.repeat(1_000)).unwrap();
    assert_eq!((rows.noted, rows.flaws.len(), rows.rows.len()), (ERRORS_MAX, 1_000, 1_000));
    assert!(rows.rows.iter().all(|row| row.contact.is_none()));
}

#[test]
fn what_is_no_table_is_refused_rather_than_guessed_c_22() {
    let header = "email,first_name,last_name,permission\n";
    for text in ["", "\n\n", &format!("{header}\"a,b,c,d\na,b,c,d\n"), &format!("{header}a,b,c,\"d\n")] {
        assert_eq!(read_all(Format::Csv, text).unwrap_err().code().name(), "malformed_request", "{text}");
    }
    let long = "{}\n".repeat(mandate_core::contact_import::ROWS_MAX + 1);
    assert_eq!(read_all(Format::Ndjson, &long).unwrap_err().code().name(), "import_too_long");
}
