//! Schemas in place of references, for generators that make a type of every reference.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::INLINE;

/// Puts the schemas of [`super`] in place of the references to them, also where null is allowed.
pub fn inline(document: OpenApi) -> OpenApi {
    let schemas: BTreeMap<String, Value> = super::word_schemas()
        .into_iter()
        .chain(super::id_schemas())
        .map(|(name, schema)| (format!("#/components/schemas/{name}"), json!(schema)))
        .collect();
    let mut tree = json!(document);
    if let Some(Value::Object(components)) = tree.pointer_mut("/components/schemas") {
        components.retain(|name, _| !name.starts_with(INLINE));
    }
    put_in_place(&mut tree, &schemas);
    serde_json::from_value(tree).expect("a document stays one when references are replaced by what they refer to")
}

fn put_in_place(tree: &mut Value, schemas: &BTreeMap<String, Value>) {
    match tree {
        Value::Object(object) => {
            if let Some(schema) = object.get("$ref").and_then(Value::as_str).and_then(|name| schemas.get(name)) {
                let mut whole = schema.clone();
                if let (Some(whole), Some(description)) = (whole.as_object_mut(), object.get("description")) {
                    whole.insert("description".to_owned(), description.clone());
                }
                *tree = whole;
                return;
            }
            object.values_mut().for_each(|value| put_in_place(value, schemas));
            if let Some(nullable) = nullable(object) {
                *tree = nullable;
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|value| put_in_place(value, schemas)),
        _ => {}
    }
}

/// `oneOf: [null, string]` as `type: [string, null]`, which more generators understand.
fn nullable(object: &Map<String, Value>) -> Option<Value> {
    let choices = object.get("oneOf")?.as_array()?;
    let null = json!({"type": "null"});
    let [choice] = choices.iter().filter(|choice| **choice != null).collect::<Vec<_>>()[..] else {
        return None;
    };
    if choices.len() != 2 || choice.get("type") != Some(&json!("string")) {
        return None;
    }
    let mut whole = choice.as_object()?.clone();
    whole.insert("type".to_owned(), json!(["string", "null"]));
    if let Some(Value::Array(names)) = whole.get_mut("enum") {
        names.push(Value::Null);
    }
    if let Some(description) = object.get("description") {
        whole.insert("description".to_owned(), description.clone());
    }
    Some(Value::Object(whole))
}
