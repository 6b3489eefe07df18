//! That no operation which changes something is forgotten by the search.

use std::collections::BTreeSet;

use mandate_tests::Value;

use crate::dice::Dice;
use crate::draw::{self, Known};
use crate::in_thread;
use crate::stage::Stage;

/// Commands that are drawn, so that each kind is among them.
const DRAWN: usize = 40_000;

/// Operations that change something and are no commands of the search, each with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("createArticle", "everybody reads articles, and they give nothing"),
    ("updateArticle", "everybody reads articles, and they give nothing"),
    ("refreshSession", "the same session goes on"),
    ("previewPartnerGrant", "nothing changes"),
    ("previewPartnerGrantRequest", "nothing changes"),
    ("updateSite", "sites give nothing; one is made"),
    ("createStaff", "administrators say who is staff, on purpose (O-3)"),
    ("updateStaff", "administrators say what staff do, on purpose (O-3)"),
    ("resendStaffWelcome", "nobody of the staff begins as `invited`"),
];

/// The operations of the contract that change something.
fn changing() -> BTreeSet<String> {
    let document: Value = yaml_serde::from_str(&mandate_api::openapi::yaml()).expect("the document is YAML");
    let items = document["paths"].as_object().into_iter().flatten().flat_map(|(_, item)| item.as_object());
    let operations = items.flatten().filter(|(method, _)| !matches!(method.as_str(), "get" | "head"));
    operations.filter_map(|(_, operation)| Some(operation["operationId"].as_str()?.to_owned())).collect()
}

/// Whoever adds an operation says how the search takes part in it: a command that is drawn, or a reason why there is none.
#[test]
fn every_operation_that_changes_something_is_a_command_or_left_out_for_a_reason() {
    let drawn = in_thread(async {
        let stage = Stage::build().await;
        let mut copy = stage.copy(&[]).await;
        let known = &mut copy.world.registry;
        known.asked.insert(("acme".to_owned(), "uma".to_owned()), "nothing".to_owned());
        let mut drawn: BTreeSet<&str> = BTreeSet::new();
        let mut dice = Dice::new(1);
        for _ in 0..DRAWN {
            let coalition = draw::coalition(&mut dice);
            let known = &mut copy.world.registry;
            known.invitations.clear();
            known.invitations.insert(("acme".to_owned(), coalition[0].clone()), "nothing".to_owned());
            known.members = coalition;
            let theme = draw::theme(&mut dice, &Known::new());
            let command = draw::command(&mut dice, &copy.world, &Known::new(), theme);
            drawn.extend(command.deed.operations());
        }
        drawn
    });
    let reasons: BTreeSet<&str> = LEFT_OUT.iter().map(|(operation, _)| *operation).collect();
    let changing = changing();
    let forgotten: Vec<&String> =
        changing.iter().filter(|one| !drawn.contains(one.as_str()) && !reasons.contains(one.as_str())).collect();
    assert!(forgotten.is_empty(), "neither drawn nor left out for a reason: {forgotten:?}");
    let unknown: Vec<&str> = drawn.union(&reasons).copied().filter(|one| !changing.contains(*one)).collect();
    assert!(unknown.is_empty(), "not in the contract: {unknown:?}");
    let both: Vec<&&str> = drawn.intersection(&reasons).collect();
    assert!(both.is_empty(), "drawn, and left out: {both:?}");
}
