//! The rules and their tests: `docs/rules.md`, written from what the tests cite.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::generated::{compare, root};

/// What writes the page anew.
const REWRITE: &str = "MANDATE_UPDATE=1 cargo test -p mandate-tests --test it rules::";

const HEAD: &str = "\
# Rules and their tests

Mandate is built from rules with ids, which commit messages, error texts and tests cite.
This page is generated from the tests: it lists, for every rule, those that name its id in their own name or in the comment above them.
A rule without a test is not done, so a test fails when one that is said to be there has none.
Rules that are not built yet say so.

Where a test is: `core` is `core/tests/rules` and the unit tests of core, `storage` and `api` are the tests of those crates, `it` are the stories over HTTP in `tests/it`, which run on both databases.

";

/// Where tests are, and what the page calls these places.
const PLACES: &[(&str, &str)] = &[
    ("core/tests/rules", "core"),
    ("core/src", "core"),
    ("storage/src", "storage"),
    ("storage/tests", "storage"),
    ("api/src", "api"),
    ("tests/it", "it"),
];

/// What a test function looks like: with an attribute above it, or with the argument that a macro of ours gives to tests.
const MARKS: &[&str] = &["#[test]", "#[tokio::test", "#[actix_web::test", "#[actix_rt::test"];
const ARGUMENTS: &[&str] = &["(world: World)", "(mut world: World)", "(database: Database)"];

/// A rule of the list.
struct Rule {
    id: String,
    what: String,
    is_built: bool,
}

fn list() -> Vec<Rule> {
    let line = |line: &str| {
        let (id, what) = line.split_once(' ').expect("an id and a few words");
        let later = what.strip_prefix("later: ");
        Rule { id: id.to_owned(), what: later.unwrap_or(what).to_owned(), is_built: later.is_none() }
    };
    include_str!("rules.txt").lines().map(line).collect()
}

/// The order of the list: letter, number, the letter behind it.
fn order(id: &str) -> (char, u32, String) {
    let (letter, rest) = id.split_once('-').unwrap_or((id, ""));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (letter.chars().next().unwrap_or(' '), digits.parse().unwrap_or(0), rest[digits.len()..].to_owned())
}

/// The ids in the name of a test, as in `nobody_sees_it_g_7_x_3a`.
fn in_name(name: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let words: Vec<&str> = name.split('_').collect();
    let pairs = words.windows(2).map(|pair| format!("{}-{}", pair[0].to_uppercase(), pair[1]));
    pairs.filter(|id| known.contains(id)).collect()
}

/// The ids in the comment above a test. Of `R-1 … R-11`, each between the two counts as well.
fn in_comment(comment: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words: Vec<&str> = comment.split(|c: char| !is_part(c) && c != '…').filter(|word| !word.is_empty()).collect();
    let mut ids: BTreeSet<String> =
        words.iter().map(|word| (*word).to_owned()).filter(|id| known.contains(id)).collect();
    for range in words.windows(3).filter(|range| range[1] == "…") {
        let (from, until) = (order(range[0]), order(range[2]));
        ids.extend(known.iter().filter(|id| (from.clone()..=until.clone()).contains(&order(id))).cloned());
    }
    ids
}

/// The name of the function that a line declares.
fn function(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
    rest.split_once('(').map(|(name, _)| name)
}

/// The tests of a file with the rules that each cites.
fn tests(text: &str, known: &BTreeSet<String>) -> Vec<(String, BTreeSet<String>)> {
    let (mut comment, mut is_marked) = (String::new(), false);
    let mut found = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        if let Some(words) = trimmed.strip_prefix("///") {
            comment.push_str(words);
            comment.push(' ');
        } else if let Some(name) = function(line) {
            if is_marked || ARGUMENTS.iter().any(|argument| line.contains(argument)) {
                let mut ids = in_name(name, known);
                ids.extend(in_comment(&comment, known));
                found.push((name.to_owned(), ids));
            }
            (comment, is_marked) = (String::new(), false);
        } else if MARKS.iter().any(|mark| trimmed.starts_with(mark)) {
            is_marked = true;
        } else if !trimmed.starts_with("#[") {
            comment.clear();
        }
    }
    found
}

fn rust_files(directory: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(directory).expect("a directory of the project");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// For each rule, the tests that cite it: the place, the file and the test.
fn citations(known: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut cited: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (directory, place) in PLACES {
        let mut files = Vec::new();
        rust_files(&root().join(directory), &mut files);
        for file in files.iter().filter(|file| !file.ends_with("it/rules.rs")) {
            let text = fs::read_to_string(file).expect("a source file");
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for (name, ids) in tests(&text, known) {
                for id in ids {
                    cited.entry(id).or_default().insert(format!("{place} `{stem}::{name}`"));
                }
            }
        }
    }
    cited
}

fn page(rules: &[Rule], cited: &BTreeMap<String, BTreeSet<String>>) -> String {
    let nothing = BTreeSet::new();
    let tests_of = |rule: &Rule| cited.get(&rule.id).unwrap_or(&nothing);
    let row = |rule: &Rule| {
        if !rule.is_built {
            return format!("| {} | {} | not built yet |\n", rule.id, rule.what);
        }
        format!("| [{}](#{}) | {} | {} |\n", rule.id, rule.id.to_lowercase(), rule.what, tests_of(rule).len())
    };
    let section = |rule: &Rule| {
        let lines: String = tests_of(rule).iter().map(|test| format!("- {test}\n")).collect();
        format!("\n### {}\n\n{}{}.\n\n{lines}", rule.id, rule.what[..1].to_uppercase(), &rule.what[1..])
    };
    let rows: String = rules.iter().map(row).collect();
    let sections: String = rules.iter().filter(|rule| rule.is_built).map(section).collect();
    format!("{HEAD}| rule | what | tests |\n| --- | --- | --- |\n{rows}\n## Tests by rule\n{sections}")
}

#[test]
fn every_rule_that_is_built_has_a_test_and_the_page_lists_them() {
    let rules = list();
    let known: BTreeSet<String> = rules.iter().map(|rule| rule.id.clone()).collect();
    let cited = citations(&known);
    let untested: Vec<&str> = rules
        .iter()
        .filter(|rule| rule.is_built && !cited.contains_key(&rule.id))
        .map(|rule| rule.id.as_str())
        .collect();
    // Write a test that fails without the rule, and cite the rule's id in its name or in the comment above it.
    assert!(untested.is_empty(), "rules without a test: {untested:?}");
    compare("docs/rules.md", &page(&rules, &cited), REWRITE);
}

#[test]
fn only_tests_count_and_only_what_is_said_of_them() {
    let known = ["R-1", "R-2", "R-3", "G-6", "X-3a"].map(str::to_owned).into_iter().collect();
    let text = "
/// A helper of R-3.
fn helper() {}
/// R-1 … R-2, but not
/// (X-3a): more.
#[test]
fn one_thing_g_6() {}
// R-3
#[test]
fn another() {}
    /// G-6
    async fn a_story_x_3a(world: World) {
";
    let of = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(
        tests(text, &known),
        [
            ("one_thing_g_6".to_owned(), of(&["G-6", "R-1", "R-2", "X-3a"])),
            ("another".to_owned(), of(&[])),
            ("a_story_x_3a".to_owned(), of(&["G-6", "X-3a"])),
        ]
    );
}
