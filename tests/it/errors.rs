//! The table of error codes: its page for people, `docs/errors.md`, and that no code ever goes away.

use std::fs;

use mandate_api::problem::status;
use mandate_core::refusal::Code;
use mandate_core::vocabulary::Vocabulary as _;

use crate::generated::{compare, rewrites, root};

/// What writes the files anew.
const REWRITE: &str = "MANDATE_UPDATE=1 cargo test -p mandate-tests --test it errors::";

const HEAD: &str = "\
# Error codes

Every error is `application/problem+json` (RFC 9457) and carries one of these codes in `code`.
A code keeps its meaning and its status for good; more may be added, so treat one that you do not know by its status.
A server explains each of its own codes at `/problems/{code}`, which is where the member `type` points.
How errors look in general is told in [api-design.md](api-design.md#errors).

This page is generated from the table in `core/src/refusal.rs`; do not edit it.

| code | status | title | what to do |
| --- | --- | --- | --- |
";

fn page() -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let row = |code: Code| {
        let status = status(code.kind()).as_u16();
        format!("| `{}` | {status} | {} | {} |\n", code.name(), cell(&code.title().to_string()), cell(code.advice()))
    };
    let rows: String = Code::ALL.iter().copied().map(row).collect();
    format!("{HEAD}{rows}")
}

/// A code and its status, as the list has them.
fn line(code: Code) -> String {
    format!("{} {}", code.name(), status(code.kind()).as_u16())
}

#[test]
fn the_page_of_errors_is_what_the_table_of_codes_says() {
    compare("docs/errors.md", &page(), REWRITE);
}

#[test]
fn codes_are_added_and_never_taken_away() {
    let path = root().join("tests/it/codes.txt");
    let list = fs::read_to_string(&path).unwrap_or_default();
    let listed: Vec<&str> = list.lines().collect();
    let codes: Vec<String> = Code::ALL.iter().copied().map(line).collect();
    let gone: Vec<&&str> = listed.iter().filter(|listed| !codes.iter().any(|code| code == **listed)).collect();
    // A code was renamed or removed, or answers with another status. Clients rely on it: put it back. A code that no rule
    // uses any more stays in the table.
    assert!(gone.is_empty(), "codes that clients may rely on are gone: {gone:?}");
    let new: Vec<&String> = codes.iter().filter(|code| !listed.contains(&code.as_str())).collect();
    if rewrites() {
        let added: String = new.iter().map(|code| format!("{code}\n")).collect();
        fs::write(&path, list + &added).expect("tests/it/codes.txt can be written");
        return;
    }
    // From now on these are for good: look at each name once more before it is listed.
    assert!(new.is_empty(), "new codes are not in tests/it/codes.txt yet: {new:?}\nrun: {REWRITE}");
}
