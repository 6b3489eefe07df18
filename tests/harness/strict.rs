//! Takes "and perhaps more" out of JSON schemas: an object has the members that its schema names, and no others.

use serde_json::{Map, Value};

/// Closes every object of a document against members that it does not name.
pub(crate) fn close_document(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(own) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        // What refers to a component closes it there, for another place may add to it.
        own.values_mut().for_each(|schema| close_inside(schema, &schemas));
    }
    close_contents(document, &schemas);
}

/// Finds the schemas outside of the components: those of contents.
fn close_contents(node: &mut Value, schemas: &Map<String, Value>) {
    match node {
        Value::Object(object) => {
            for (name, value) in object {
                match name.as_str() {
                    "schemas" | "parameters" | "headers" => {}
                    "schema" => close(value, schemas),
                    _ => close_contents(value, schemas),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close_contents(item, schemas)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Closes a schema in a place where it alone describes a value. What it is composed of cannot be closed one by one.
pub(crate) fn close(schema: &mut Value, schemas: &Map<String, Value>) {
    if openness(schema, schemas) == Openness::NamesMembers
        && let Some(object) = schema.as_object_mut()
    {
        object.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    close_inside(schema, schemas);
}

fn close_inside(schema: &mut Value, schemas: &Map<String, Value>) {
    let Some(object) = schema.as_object_mut() else { return };
    for (name, value) in object {
        match (name.as_str(), value) {
            ("properties", Value::Object(members)) => members.values_mut().for_each(|member| close(member, schemas)),
            ("items" | "additionalProperties", value) => close(value, schemas),
            ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                parts.iter_mut().for_each(|part| close_inside(part, schemas));
            }
            _ => {}
        }
    }
}

/// What a schema says about the members of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Openness {
    /// It is not about objects.
    NoObject,
    /// It names them.
    NamesMembers,
    /// It leaves them open, or says itself that there are no others.
    Settled,
}

fn openness(schema: &Value, schemas: &Map<String, Value>) -> Openness {
    if schema.get("additionalProperties").is_some() || schema.get("unevaluatedProperties").is_some() {
        return Openness::Settled;
    }
    let referred = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
    let referred = referred.and_then(|name| schemas.get(name)).map(|schema| openness(schema, schemas));
    let parts = ["allOf", "oneOf", "anyOf"].iter().filter_map(|name| schema.get(*name)?.as_array()).flatten();
    let composed = parts.map(|part| openness(part, schemas)).chain(referred).max();
    let own = match (schema.get("properties").is_some(), schema.get("type").and_then(Value::as_str)) {
        (true, _) => Openness::NamesMembers,
        (false, Some("object")) if composed.is_none() => Openness::Settled,
        (false, _) => Openness::NoObject,
    };
    own.max(composed.unwrap_or(Openness::NoObject))
}
