//! Checks every exchange of the stories against `openapi.yaml`, the file that users of the API read.
//!
//! An answer with a status, a media type, a member or a value that the file does not describe fails the test, and so does
//! an accepted body that it does not allow. The file says "these members and perhaps more later", as an API that grows
//! must; here "perhaps more" is taken out, so that a member cannot be forgotten in it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};

use crate::strict::{close, close_document};

/// How the document is known to the validator.
const DOCUMENT: &str = "urn:mandate:openapi";

/// The schema of every error.
const PROBLEM: &str = "#/components/schemas/Problem";

/// Pages for people, whose files are no part of the interface.
const UNDOCUMENTED: &[&str] = &["/docs"];

/// How many flaws of one body are shown.
const FLAWS_MAX: usize = 5;

/// A request and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// In upper case.
    pub method: &'a str,
    /// Without the query.
    pub path: &'a str,
    /// The body that was sent, if it was JSON.
    pub sent: Option<&'a Value>,
    /// The answer's status.
    pub status: u16,
    /// The answer's media type, without parameters.
    pub media_type: Option<&'a str>,
    /// Whether the answer has a body.
    pub has_body: bool,
    /// The answer's body, if it is JSON.
    pub received: Option<&'a Value>,
}

/// The contract at the root of the project; nothing before it is first generated.
pub fn shared() -> Option<&'static Contract> {
    static SHARED: OnceLock<Option<Contract>> = OnceLock::new();
    let read = || {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
        let source = std::fs::read_to_string(file).ok()?;
        Some(Contract::read(&source).unwrap_or_else(|error| panic!("openapi.yaml: {error}")))
    };
    SHARED.get_or_init(read).as_ref()
}

/// An OpenAPI document, ready to check exchanges.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    registry: Registry<'static>,
    /// By the pointer of the schema.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// Reads a document in YAML.
    pub fn read(source: &str) -> Result<Self, String> {
        let mut document: Value = yaml_serde::from_str(source).map_err(|error| error.to_string())?;
        close_document(&mut document);
        let registry = Registry::new().draft(Draft::Draft202012).add(DOCUMENT, document.clone());
        let registry = registry.and_then(|registry| registry.prepare()).map_err(|error| error.to_string())?;
        Ok(Self { document, registry, validators: Mutex::default() })
    }

    /// Checks an exchange.
    ///
    /// *Errors*: everything about it that the document does not describe, for people.
    pub fn check(&self, exchange: &Exchange<'_>) -> Result<(), String> {
        let about = |flaw: String| {
            let (method, path, status) = (exchange.method, exchange.path, exchange.status);
            format!("{method} {path} answered {status}, which is not what openapi.yaml says: {flaw}")
        };
        if UNDOCUMENTED.iter().any(|prefix| exchange.path.starts_with(prefix)) {
            return Ok(());
        }
        match self.operation(exchange.method, exchange.path) {
            Some(operation) => self.check_operation(&operation, exchange).map_err(about),
            None if matches!(exchange.status, 404 | 405) => self.check_problem(exchange).map_err(about),
            None => Err(about("there is no such operation".to_owned())),
        }
    }

    /// The pointer of the operation that a request is for.
    fn operation(&self, method: &str, path: &str) -> Option<String> {
        let template = self.template(path)?;
        let method = method.to_ascii_lowercase();
        let methods = if method == "head" { vec!["head", "get"] } else { vec![method.as_str()] };
        let escaped = template.replace('~', "~0").replace('/', "~1");
        let pointers = methods.into_iter().map(|method| format!("/paths/{escaped}/{method}"));
        pointers.into_iter().find(|pointer| self.document.pointer(pointer).is_some())
    }

    /// The path's template: of those that match, the one with the fewest parameters.
    fn template(&self, path: &str) -> Option<&str> {
        let templates = self.document.get("paths")?.as_object()?.keys();
        let matching = templates.filter(|template| matches_template(path, template));
        matching.min_by_key(|template| template.matches('{').count()).map(String::as_str)
    }

    fn check_problem(&self, exchange: &Exchange<'_>) -> Result<(), String> {
        if exchange.method == "HEAD" {
            return Ok(());
        }
        let body = exchange.received.ok_or("it has no JSON body")?;
        self.validate(PROBLEM, body)
    }

    fn check_operation(&self, operation: &str, exchange: &Exchange<'_>) -> Result<(), String> {
        let response = self.response(operation, exchange.status)?;
        self.check_received(&response, exchange)?;
        self.check_code(&response, exchange)?;
        match exchange.sent {
            Some(sent) if exchange.status < 300 => self.check_sent(operation, sent),
            Some(_) | None => Ok(()),
        }
    }

    /// The pointer of the response.
    fn response(&self, operation: &str, status: u16) -> Result<String, String> {
        let keys = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
        let pointers = keys.map(|key| format!("{operation}/responses/{key}"));
        let pointer = pointers.into_iter().find(|pointer| self.document.pointer(pointer).is_some());
        pointer.map(|pointer| self.resolve(pointer)).ok_or(format!("the status {status} is not documented"))
    }

    /// Where a pointer leads if there is a reference.
    fn resolve(&self, pointer: String) -> String {
        let reference = self.document.pointer(&pointer).and_then(|value| value.get("$ref")).and_then(Value::as_str);
        reference.and_then(|reference| reference.strip_prefix('#')).map_or(pointer, str::to_owned)
    }

    fn check_received(&self, response: &str, exchange: &Exchange<'_>) -> Result<(), String> {
        if exchange.method == "HEAD" {
            return Ok(());
        }
        let documented = self.document.pointer(&format!("{response}/content")).and_then(Value::as_object);
        let documented: Vec<&str> = documented.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        if documented.is_empty() {
            return if exchange.has_body { Err("it has a body, none is documented".to_owned()) } else { Ok(()) };
        }
        let media_type = exchange.media_type.unwrap_or("no media type");
        if documented.contains(&"*/*") {
            // Whatever a file is.
            return Ok(());
        }
        if !documented.contains(&media_type) {
            return Err(format!("the media type is `{media_type}`, documented are {documented:?}"));
        }
        match (exchange.received, schema_of(&self.document, response, media_type)) {
            (Some(body), Some(schema)) => self.validate(&schema, body),
            (None, Some(_)) if media_type.ends_with("json") => Err("the body is not JSON".to_owned()),
            (_, None) | (None, Some(_)) => Ok(()),
        }
    }

    /// A problem has one of the codes that the operation names for its status.
    fn check_code(&self, response: &str, exchange: &Exchange<'_>) -> Result<(), String> {
        let Some(code) = exchange.received.filter(|_| exchange.status >= 400).and_then(|body| body.get("code")) else {
            return Ok(());
        };
        let named = self.document.pointer(&format!("{response}/x-codes")).and_then(Value::as_array);
        match named {
            Some(named) if !named.contains(code) && code != "route_not_found" => {
                Err(format!("the code {code} is not among its `x-codes`; name it where the handler is documented"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_sent(&self, operation: &str, sent: &Value) -> Result<(), String> {
        let body = self.resolve(format!("{operation}/requestBody"));
        let content = self.document.pointer(&format!("{body}/content")).and_then(Value::as_object);
        let Some(media_type) =
            content.and_then(|content| content.keys().find(|media_type| media_type.ends_with("json")))
        else {
            return if sent.as_object().is_some_and(Map::is_empty) {
                Ok(())
            } else {
                Err("it accepted a body, none is documented".to_owned())
            };
        };
        match schema_of(&self.document, &body, media_type) {
            Some(schema) => self.validate(&schema, sent).map_err(|flaws| format!("it accepted a body with {flaws}")),
            None => Ok(()),
        }
    }

    fn validate(&self, schema: &str, body: &Value) -> Result<(), String> {
        let validator = self.validator(schema)?;
        let flaws = validator.iter_errors(body).take(FLAWS_MAX);
        let flaws: Vec<String> = flaws.map(|flaw| format!("\n  {}: {flaw}", flaw.instance_path())).collect();
        if flaws.is_empty() { Ok(()) } else { Err(format!("{}\nin {body:#}", flaws.concat())) }
    }

    fn schemas(&self) -> &Map<String, Value> {
        static NONE: OnceLock<Map<String, Value>> = OnceLock::new();
        let schemas = self.document.pointer("/components/schemas").and_then(Value::as_object);
        schemas.unwrap_or_else(|| NONE.get_or_init(Map::new))
    }

    fn validator(&self, schema: &str) -> Result<Arc<Validator>, String> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = validators.get(schema) {
            return Ok(Arc::clone(validator));
        }
        let options = jsonschema::options().with_draft(Draft::Draft202012).with_registry(&self.registry);
        let mut root = json!({"$ref": schema});
        close(&mut root, self.schemas());
        root["$ref"] = json!(format!("{DOCUMENT}{schema}"));
        let validator = options.should_validate_formats(true).build(&root).map_err(|error| error.to_string())?;
        let validator = Arc::new(validator);
        validators.insert(schema.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }
}

fn matches_template(path: &str, template: &str) -> bool {
    let (mut segments, mut pattern) = (path.split('/'), template.split('/'));
    loop {
        match (segments.next(), pattern.next()) {
            (None, None) => return true,
            (Some(segment), Some(expected)) if expected.starts_with('{') || expected == segment => {}
            _ => return false,
        }
    }
}

/// The fragment of the schema of a media type; the one that it refers to, so that there is one validator for it.
fn schema_of(document: &Value, parent: &str, media_type: &str) -> Option<String> {
    let pointer = format!("{parent}/content/{}/schema", media_type.replace('~', "~0").replace('/', "~1"));
    let schema = document.pointer(&pointer)?;
    let reference = schema.get("$ref").and_then(Value::as_str).map(str::to_owned);
    Some(reference.unwrap_or_else(|| format!("#{}", percent_encoded(&pointer))))
}

/// Braces may not stand in a fragment.
fn percent_encoded(pointer: &str) -> String {
    pointer.replace('{', "%7B").replace('}', "%7D")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r##"
openapi: 3.1.0
paths:
  /v1/things/{id}:
    get:
      responses:
        '200': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
        '404': {$ref: '#/components/responses/NotFound'}
        '422': {x-codes: [blank], content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}}
    patch:
      requestBody:
        content:
          application/merge-patch+json:
            schema: {type: object, properties: {name: {type: string}}}
      responses:
        '200': {content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Thing'}}}}}
    delete:
      responses:
        '204': {description: gone}
  /v1/things/mine:
    get:
      responses:
        '200': {content: {text/csv: {schema: {type: string}}}}
components:
  responses:
    NotFound: {content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}}
  schemas:
    Named: {type: object, required: [name], properties: {name: {type: string}}}
    Thing:
      allOf:
        - $ref: '#/components/schemas/Named'
        - type: object
          required: [at, owner, more]
          properties:
            at: {type: string, format: date-time}
            owner: {oneOf: [{type: 'null'}, {$ref: '#/components/schemas/Named'}]}
            more: {type: object}
    Problem: {type: object, required: [code], properties: {code: {type: string}}}
"##;

    fn check(method: &str, path: &str, status: u16, media_type: &str, received: Value) -> Result<(), String> {
        let contract = Contract::read(DOCUMENT).unwrap();
        let media_type = Some(media_type).filter(|media_type| !media_type.is_empty());
        let has_body = !received.is_null();
        let received = Some(&received).filter(|_| has_body);
        contract.check(&Exchange { method, path, sent: None, status, media_type, has_body, received })
    }

    fn thing() -> Value {
        json!({"name": "a", "at": "2026-03-01T09:00:00Z", "owner": {"name": "b"}, "more": {"free": 1}})
    }

    fn with(pointer: &str, name: &str, value: Value) -> Value {
        let mut thing = thing();
        thing.pointer_mut(pointer).unwrap()[name] = value;
        thing
    }

    #[test]
    fn what_is_documented_passes() {
        for (method, path, status, media_type, body) in [
            ("GET", "/v1/things/1", 200, "application/json", thing()),
            ("GET", "/v1/things/1", 200, "application/json", with("", "owner", Value::Null)),
            ("GET", "/v1/things/1", 404, "application/problem+json", json!({"code": "not_found"})),
            ("GET", "/v1/things/1", 422, "application/problem+json", json!({"code": "blank"})),
            ("HEAD", "/v1/things/1", 200, "application/json", Value::Null),
            ("PATCH", "/v1/things/1", 200, "application/json", json!([thing()])),
            ("DELETE", "/v1/things/1", 204, "", Value::Null),
            ("GET", "/v1/things/mine", 200, "text/csv", json!("a,b")),
            ("GET", "/v1/nothing", 404, "application/problem+json", json!({"code": "route_not_found"})),
            ("PUT", "/v1/things/1", 405, "application/problem+json", json!({"code": "method_not_allowed"})),
            ("GET", "/docs/index.html", 200, "text/html", json!("<p>")),
        ] {
            assert_eq!(check(method, path, status, media_type, body), Ok(()), "{method} {path}");
        }
    }

    #[test]
    fn what_is_not_documented_is_named() {
        let not_found = json!({"code": "not_found"});
        for (method, path, status, media_type, body, flaw) in [
            ("GET", "/v1/things/1", 409, "application/problem+json", not_found.clone(), "the status 409"),
            ("GET", "/v1/things/1", 404, "application/json", not_found.clone(), "the media type is `application/json`"),
            ("GET", "/v1/things/1", 422, "application/problem+json", not_found.clone(), "`x-codes`"),
            ("GET", "/v1/things/1", 200, "application/json", with("", "extra", json!(1)), "'extra' was unexpected"),
            (
                "GET",
                "/v1/things/1",
                200,
                "application/json",
                with("/owner", "extra", json!(1)),
                "'extra' was unexpected",
            ),
            ("PATCH", "/v1/things/1", 200, "application/json", json!([with("/owner", "x", json!(1))]), "/0/owner"),
            ("GET", "/v1/things/1", 200, "application/json", json!({"name": "a"}), "\"at\" is a required property"),
            ("GET", "/v1/things/1", 200, "application/json", with("", "at", json!("today")), "/at"),
            (
                "GET",
                "/v1/things/1",
                404,
                "application/problem+json",
                json!({"code": "a", "sql": ""}),
                "'sql' was unexpected",
            ),
            ("DELETE", "/v1/things/1", 204, "application/json", json!({}), "it has a body"),
            ("GET", "/v1/nothing", 200, "application/json", json!({}), "there is no such operation"),
            ("GET", "/v1/nothing", 404, "application/json", json!({}), "\"code\" is a required property"),
        ] {
            let error = check(method, path, status, media_type, body).unwrap_err();
            assert!(error.contains(flaw), "{error}");
        }
    }

    #[test]
    fn a_body_that_is_accepted_must_be_documented_too() {
        let contract = Contract::read(DOCUMENT).unwrap();
        let received = json!([]);
        let check = |sent: &Value, status| {
            let (method, path, media_type) = ("PATCH", "/v1/things/1", Some("application/json"));
            let exchange = Exchange {
                method,
                path,
                sent: Some(sent),
                status,
                media_type,
                has_body: true,
                received: Some(&received),
            };
            contract.check(&exchange)
        };
        assert_eq!(check(&json!({"name": "b"}), 200), Ok(()));
        assert!(check(&json!({"nickname": "b"}), 200).unwrap_err().contains("'nickname' was unexpected"));
    }
}
