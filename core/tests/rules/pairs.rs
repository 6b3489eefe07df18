//! Pairs of rules: whatever gives, takes, moves, shows or names something, against whoever could gain by it.
//!
//! A single rule is tested where it stands. What defeats a customer is two of them together: one who may enable contacts, and one who
//! may grant. So each row of this table is a command or an event, each column somebody who could turn it to their own ends, alone or with
//! the others, and each cell names the tests that keep them from it, the row of the access table that refuses it to them, or the
//! reason why there is nothing to gain. A new operation gets its row, a new kind of people their column.
//!
//! The rows stand in `pairs_contact`, `pairs_state`, `pairs_grant`, `pairs_request` and `pairs_vendor`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mandate_core::access::{Action, Standing, Verdict, decide};
use mandate_core::vocabulary::{ContactType, Level, Permission, StaffRole, Vocabulary as _};

use crate::world::{consultant, desk, levels, member, partner};
use crate::{pairs_contact, pairs_grant, pairs_request, pairs_state, pairs_vendor};

/// A column: somebody who could gain. Nobody stands here who may decide all of it at their organization, such as a primary support
/// contact who manages contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// A partner's person at `cc` or `view`.
    Copied,
    /// A partner's person at `update`, `create` or `service_admin`.
    Working,
    /// A partner's person at `full_admin`.
    FullAdmin,
    /// A partner's contact manager, by what they do at home.
    PartnerManager,
    /// A partner's person whom `none` or a lower level of their own keeps from what their organization was granted.
    ShutOut,
    /// A contact manager who is no primary support contact.
    Manager,
    /// A designated contact, or one who reads the knowledge base.
    Designated,
    /// Who was disabled or demoted, lost a grant, went elsewhere, or is said to have left.
    Gone,
    /// Somebody of a foreign domain who is not in yet.
    Newcomer,
    /// An agent, an account manager or an administrator alone.
    Desk,
    /// A duty manager alone.
    DutyManager,
    /// A consultant with a grant.
    Consultant,
}

use Who::{
    Consultant, Copied, Designated, Desk, DutyManager, FullAdmin, Gone, Manager, Newcomer, PartnerManager, ShutOut,
    Working,
};

const COLUMNS: [Who; 12] = [
    Copied,
    Working,
    FullAdmin,
    PartnerManager,
    ShutOut,
    Manager,
    Designated,
    Gone,
    Newcomer,
    Desk,
    DutyManager,
    Consultant,
];

/// What keeps somebody from gaining.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held {
    /// These tests.
    Tests(&'static [&'static str]),
    /// The access table does not permit this to them, whatever they are within their column.
    Denied(Action),
    /// There is nothing to gain, or it is meant.
    Because(&'static str),
}

/// The cells of some columns in one row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// The columns.
    pub(crate) who: &'static [Who],
    /// The pairs in [`ONCE_BROKEN`] that were one of these cells.
    pub(crate) once: &'static [usize],
    /// What keeps them from gaining.
    pub(crate) held: Held,
}

/// A command or an event.
pub(crate) struct Row {
    /// What it does.
    pub(crate) what: &'static str,
    /// The operations by which it is done, by their ids; none for what the server does, and for what is only read.
    pub(crate) operations: &'static [&'static str],
    /// Every column once.
    pub(crate) cells: &'static [Cell],
}

/// Tests hold these cells.
pub(crate) const fn held(who: &'static [Who], tests: &'static [&'static str]) -> Cell {
    Cell { who, once: &[], held: Held::Tests(tests) }
}

/// Tests hold these cells, which were broken once.
pub(crate) const fn mended(who: &'static [Who], once: &'static [usize], tests: &'static [&'static str]) -> Cell {
    Cell { who, once, held: Held::Tests(tests) }
}

/// The access table refuses it to them.
pub(crate) const fn denied(who: &'static [Who], action: Action) -> Cell {
    Cell { who, once: &[], held: Held::Denied(action) }
}

/// There is nothing to gain for them.
pub(crate) const fn because(who: &'static [Who], reason: &'static str) -> Cell {
    Cell { who, once: &[], held: Held::Because(reason) }
}

/// What holds for a partner's manager where they do nothing at home.
pub(crate) const AT_HOME: Cell = because(
    &[PartnerManager],
    "nothing at home has to do with it, and at the customer they are what their level says: see the columns of the levels",
);
/// What holds for whoever has a level of their own.
pub(crate) const OWN_LEVEL: Cell =
    held(&[ShutOut], &["the_individuals_grant_decides_before_the_organizations_in_every_world_g_2_g_4_g_12_g_13"]);
/// What holds for whoever has lost what they were.
pub(crate) const SIGNED_OUT: Cell = held(
    &[Gone],
    &[
        "a_token_is_worth_what_the_database_says_now_x_1_c_15_g_12",
        "permission_and_type_come_from_the_database_whatever_they_were_at_sign_in_x_1",
    ],
);

/// Pairs that defeated the rules before they were mended; cells name them by their number, which begins with 1.
const ONCE_BROKEN: &[&str] = &[
    "a partner at `full_admin` makes a colleague a primary support contact, who makes the grant last",
    "whoever disables the point of contact of a confidential request inherits it",
    "an opener's own phone becomes the number by which their escalation is confirmed",
    "the customer cannot hand a request that exists to a partner of a low level",
    "a duty manager rewrites the nominee and approves their own words",
    "a manager takes `manage_contacts` from the only one who could appoint a primary support contact",
    "a partner looks after an upgrade",
    "who was demoted to `knowledge_base` stays the point of contact",
    "a part in a request revives with another grant",
    "partners read and find why somebody was disabled",
    "who is made point of contact, and who has a grant of their own, is not told",
    "a partner's `knowledge_base` person works by the grant to their organization",
    "small ones: who is told, young numbers, old letters, domains of nobody, links of the suspended, findings",
    "a manager gives a friend a level that appoints the manager",
    "a partner's manager ends a `none` by disabling and enabling its holder",
    "staff disable whoever could object to an escalation",
    "an escalation goes on although who is said to have left is there",
    "the request of an escalation is opened to partners",
    "a partner plants a contact of its own domain, and confirms them in a review",
    "whoever takes part in a confidential request lets others in, or opens it",
    "a consultant's plant extends the consultant's grant; who holds a grant decides an escalation",
    "a partner who is secondary takes people out and moves the point of contact",
    "somebody else switches emails off and changes where one is called",
    "nobody hears of answers where the grant of who leads is over or rests",
    "one manager objects for ever",
    "staff addresses by way of domains, ids of what is followed up, requests for grants of the demoted, a `none` that is raised",
    "the end of an individual grant uncovers the organization's `full_admin`",
    "who acts by a grant enables or promotes somebody who extends it",
    "a partner takes `manage_contacts` from everybody who could revoke its grant",
    "what a partner gave itself outlives the level by which it could",
    "a partner whose history begins late inherits older requests",
];

/// Operations that change something and have no row, each with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("createArticle", "everybody reads articles, and they give nothing"),
    ("updateArticle", "everybody reads articles, and they give nothing"),
];

/// Everything that somebody of a column may be to a customer.
fn standings(who: Who) -> Vec<Standing> {
    let at = |from: Level, to: Level| levels().filter(move |level| (from..=to).contains(level));
    let partners = |from, to| at(from, to).map(partner).collect::<Vec<_>>();
    match who {
        Copied => partners(Level::Cc, Level::View),
        Working => partners(Level::Update, Level::ServiceAdmin),
        FullAdmin => partners(Level::FullAdmin, Level::FullAdmin),
        PartnerManager => partners(Level::Cc, Level::FullAdmin),
        // Whatever hides a grant is below it.
        ShutOut => [vec![Standing::Stranger], partners(Level::Cc, Level::ServiceAdmin)].concat(),
        Manager => vec![member(Permission::ManageContacts, ContactType::Technical)],
        Designated => [Permission::DesignatedSupport, Permission::KnowledgeBase]
            .map(|permission| member(permission, ContactType::Technical))
            .to_vec(),
        Gone | Newcomer => vec![Standing::Stranger],
        Desk => {
            let others = [StaffRole::DutyManager, StaffRole::Consultant];
            StaffRole::ALL.iter().filter(|role| !others.contains(role)).map(|role| desk(*role)).collect()
        }
        DutyManager => vec![desk(StaffRole::DutyManager)],
        Consultant => levels().map(consultant).collect(),
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [pairs_contact::ROWS, pairs_state::ROWS, pairs_grant::ROWS, pairs_request::ROWS, pairs_vendor::ROWS]
        .into_iter()
        .flatten()
}

#[test]
fn every_cell_has_a_test_or_a_reason() {
    let mut cells = 0;
    for row in rows() {
        let mut named: Vec<Who> = row.cells.iter().flat_map(|cell| cell.who).copied().collect();
        named.sort_unstable();
        assert_eq!(named, COLUMNS, "{}: every column has one cell", row.what);
        for cell in row.cells {
            match cell.held {
                Held::Tests(tests) => assert!(!tests.is_empty(), "{}: no test for {:?}", row.what, cell.who),
                Held::Because(reason) => assert!(reason.len() > 20, "{}: why not {:?}?", row.what, cell.who),
                Held::Denied(action) => {
                    for standing in cell.who.iter().flat_map(|who| standings(*who)) {
                        let verdict = decide(&standing, action);
                        assert_ne!(verdict, Verdict::Permit, "{}: {} to {standing:?}", row.what, action.name());
                    }
                }
            }
        }
        cells += COLUMNS.len();
    }
    println!("{} rows, {cells} cells", rows().count());
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("core has a parent").to_owned()
}

/// The names of all tests and stories of these folders: a function behind `#[test]`, or one that is given a world.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["core/tests/rules", "storage/src/tests", "tests/it", "tests/search"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder is there").flatten() {
            if entry.path().extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(entry.path()).expect("the file can be read");
            let mut is_marked = false;
            for line in text.lines().map(str::trim) {
                let name = line.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
                match name {
                    Some((name, rest)) if is_marked || rest.starts_with("world: World)") => {
                        names.insert(name.to_owned());
                    }
                    Some(_) | None => {}
                }
                is_marked = line == "#[test]" || (is_marked && line.starts_with("///"));
            }
        }
    }
    names
}

#[test]
fn every_test_of_the_table_exists() {
    let known = tests();
    let mut missing = BTreeSet::new();
    for row in rows() {
        for cell in row.cells {
            let Held::Tests(tests) = cell.held else { continue };
            missing.extend(tests.iter().filter(|name| !known.contains(**name)).map(|name| (row.what, *name)));
        }
    }
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_pair_that_was_broken_has_a_cell_with_tests() {
    let mut cells: BTreeMap<usize, usize> = BTreeMap::new();
    for cell in rows().flat_map(|row| row.cells) {
        for number in cell.once {
            *cells.entry(*number).or_default() += 1;
        }
    }
    let numbers: Vec<usize> = cells.keys().copied().collect();
    assert_eq!(numbers, (1..=ONCE_BROKEN.len()).collect::<Vec<_>>());
}

/// The operations of the contract that change something: the method stands above the id.
fn changing() -> BTreeSet<String> {
    let contract = fs::read_to_string(root().join("openapi.yaml")).expect("the contract is there");
    let mut operations = BTreeSet::new();
    let mut changes = false;
    for line in contract.lines() {
        match line {
            "    get:" | "    head:" => changes = false,
            "    post:" | "    put:" | "    patch:" | "    delete:" => changes = true,
            _ => {}
        }
        if let Some(operation) = line.strip_prefix("      operationId: ")
            && changes
        {
            operations.insert(operation.to_owned());
        }
    }
    operations
}

/// Whoever adds an operation says who could gain by it.
#[test]
fn every_operation_that_changes_something_has_a_row_or_is_left_out_for_a_reason() {
    let changing = changing();
    assert!(changing.contains("createPartnerGrant") && changing.contains("removeParticipant"), "{changing:?}");
    let in_rows: BTreeSet<&str> = rows().flat_map(|row| row.operations).copied().collect();
    let reasons: BTreeSet<&str> = LEFT_OUT.iter().map(|(operation, _)| *operation).collect();
    let known: BTreeSet<&str> = in_rows.union(&reasons).copied().collect();
    let forgotten: Vec<&String> = changing.iter().filter(|one| !known.contains(one.as_str())).collect();
    assert!(forgotten.is_empty(), "neither in a row nor left out for a reason: {forgotten:?}");
    let unknown: Vec<&&str> = known.iter().filter(|one| !changing.contains(**one)).collect();
    assert!(unknown.is_empty(), "not in the contract: {unknown:?}");
    let both: Vec<&&str> = in_rows.intersection(&reasons).collect();
    assert!(both.is_empty(), "in a row, and left out: {both:?}");
}
