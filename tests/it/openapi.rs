//! The contract: what `openapi.yaml` says, and that it says what the code does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use mandate_tests::Value;

const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The schemas whose members come and go with the error.
const ERRORS: &[&str] = &["Problem", "Required", "Ask"];

fn file() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml")).unwrap_or_default()
}

pub(crate) fn document() -> Value {
    yaml_serde::from_str(&mandate_api::openapi::yaml()).expect("the document is YAML")
}

/// Every operation with its method and path.
pub(crate) fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten().filter(|(method, _)| METHODS.contains(&method.as_str()));
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    });
    operations.collect()
}

fn schemas(document: &Value) -> BTreeMap<&str, &Value> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    schemas.map(|(name, schema)| (name.as_str(), schema)).collect()
}

/// Calls for every object of the document, from the outside inwards.
fn visit<'a>(node: &'a Value, at: &str, see: &mut impl FnMut(&str, &'a Value)) {
    match node {
        Value::Object(members) => {
            see(at, node);
            members.iter().for_each(|(name, value)| visit(value, &format!("{at}/{name}"), see));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| visit(value, &format!("{at}/{index}"), see));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_file_is_what_the_code_generates() {
    let (file, generated) = (file(), mandate_api::openapi::yaml());
    let (mut old, mut new) = (file.lines(), generated.lines());
    let difference = (1..).find_map(|number| match (old.next(), new.next()) {
        (None, None) => Some(None),
        (old, new) if old != new => Some(Some((number, old, new))),
        _ => None,
    });
    // Handlers or their schemas have changed. Look at the difference as a user of the API would: additions are fine, what
    // is renamed or taken away breaks clients. Then write the file anew:
    //     cargo run -q -p mandate-api -- openapi > openapi.yaml
    assert!(
        matches!(difference, Some(None)),
        "openapi.yaml differs from the code (line, file, code): {:?}\nrun: cargo run -q -p mandate-api -- openapi > openapi.yaml",
        difference.flatten()
    );
}

#[test]
fn operations_are_named_and_sorted_for_generated_clients() {
    let document = document();
    let mut ids = BTreeSet::new();
    let mut flaws = Vec::new();
    for (place, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let is_camel_case = id.starts_with(|letter: char| letter.is_ascii_lowercase())
            && id.chars().all(|letter| letter.is_ascii_alphanumeric());
        if !is_camel_case {
            flaws.push(format!("{place}: the operationId `{id}` is not verb and noun in camelCase"));
        }
        if !ids.insert(id) {
            flaws.push(format!("{place}: the operationId `{id}` is taken"));
        }
        if operation["tags"].as_array().map(Vec::len) != Some(1) {
            flaws.push(format!("{place}: it needs exactly one tag"));
        }
        let summary = operation["summary"].as_str().unwrap_or_default();
        if summary.is_empty() || summary.ends_with('.') || summary.contains('\n') {
            flaws.push(format!("{place}: the summary `{summary}` is not one line without a full stop"));
        }
        if operation["responses"].as_object().is_none_or(|responses| responses.is_empty()) {
            flaws.push(format!("{place}: it answers nothing"));
        }
    }
    assert!(!ids.is_empty(), "there are no operations");
    // Generators turn ids into method names and tags into classes. The id is the handler's name in camelCase; the summary
    // is the first line of its docstring.
    assert!(flaws.is_empty(), "{flaws:#?}");
}

#[test]
fn schemas_are_described_and_plain() {
    let document = document();
    let mut flaws = Vec::new();
    for (name, schema) in schemas(&document) {
        if schema["description"].as_str().unwrap_or_default().is_empty() {
            flaws.push(format!("the schema {name} has no description"));
        }
    }
    visit(&document, "#", &mut |at, node| {
        if node.get("anyOf").is_some() {
            flaws.push(format!("{at} uses anyOf"));
        }
        if node.get("discriminator").is_some() {
            flaws.push(format!("{at} is a tagged union"));
        }
    });
    // The first line of a type's docstring describes its schema. Generators make something useless of unions: use one flat
    // object with optional members.
    assert!(flaws.is_empty(), "{flaws:#?}");
}

#[test]
fn references_lead_somewhere() {
    let document = document();
    let mut flaws = Vec::new();
    visit(&document, "#", &mut |at, node| {
        if let Some(reference) = node.get("$ref").and_then(Value::as_str)
            && reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer)).is_none()
        {
            flaws.push(format!("{at} refers to {reference}"));
        }
    });
    // A schema is used that is not registered.
    assert!(flaws.is_empty(), "{flaws:#?}");
}

#[test]
fn members_of_answers_are_always_present() {
    let document = document();
    let schemas = schemas(&document);
    let mut pending: Vec<&str> = Vec::new();
    let collect = |node, pending: &mut Vec<_>| {
        visit(node, "", &mut |_, node| {
            pending.extend(node.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next()));
        });
    };
    for (_, operation) in operations(&document) {
        collect(&operation["responses"], &mut pending);
    }
    let mut seen = BTreeSet::new();
    let mut flaws = Vec::new();
    while let Some(name) = pending.pop() {
        let Some(schema) = schemas.get(name).filter(|_| !ERRORS.contains(&name) && seen.insert(name)) else { continue };
        collect(schema, &mut pending);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let members = schema["properties"].as_object().into_iter().flatten().map(|(member, _)| member.as_str());
        flaws.extend(members.filter(|member| !required.contains(member)).map(|member| format!("{name}.{member}")));
    }
    // A member without a value is `null`, it is not left out. In the view: `#[schema(required = true)]` on the `Option`.
    assert!(flaws.is_empty(), "not required in answers: {flaws:#?}");
}
