//! What a server answered, what a story expects of it, and how a snapshot shows it.

use std::fmt;
use std::fmt::Write as _;
use std::io::Read as _;
use std::ops::Index;
use std::sync::Arc;

use flate2::read::GzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use serde_json::{Map, Value, json};

use crate::contract::{self, Exchange};
use crate::matrix::{Snapshot, Story};

/// The headers that a snapshot shows. The others are the same on every answer, or differ from run to run.
const SHOWN_HEADERS: &[&str] = &[
    "accept-ranges",
    "allow",
    "content-disposition",
    "content-range",
    "content-type",
    "etag",
    "idempotent-replayed",
    "link",
    "location",
    "repr-digest",
    "retry-after",
    "www-authenticate",
];

/// The members whose values a snapshot hides.
const HIDDEN_MEMBERS: &[&str] = &["access_token", "next_cursor", "refresh_token", "request_id", "traceparent"];

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body if it is JSON, else null.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
    request: String,
    story: Arc<Story>,
}

/// A body without its content coding (RFC 9110, section 8.4.1).
fn decoded(headers: &HeaderMap, bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let read = match headers.get(CONTENT_ENCODING).map(|coding| coding.as_bytes()) {
        None => return bytes.to_vec(),
        Some(b"gzip") => GzDecoder::new(bytes).read_to_end(&mut decoded),
        Some(b"br") => brotli::Decompressor::new(bytes, 4_096).read_to_end(&mut decoded),
        Some(other) => panic!("nobody asked for the coding `{}`", String::from_utf8_lossy(other)),
    };
    read.expect("a body is what its coding says");
    decoded
}

impl Answer {
    /// Sends a request and takes its answer in.
    pub(crate) async fn receive(request_line: String, request: reqwest::RequestBuilder, story: Arc<Story>) -> Self {
        let response = request.send().await.unwrap_or_else(|error| panic!("{request_line}: no answer: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{request_line}: half an answer: {error:?}"));
        let bytes = body.to_vec();
        let body = serde_json::from_slice(&decoded(&headers, &bytes)).unwrap_or_default();
        Self { status, headers, body, bytes, request: request_line, story }
    }

    /// Fails the test if `openapi.yaml` does not describe this answer to what was sent.
    pub(crate) fn check_contract(&self, method: &str, path: &str, sent: Option<&Value>) {
        let Some(contract) = contract::shared() else { return };
        let exchange = Exchange {
            method,
            path: path.split('?').next().unwrap_or_default(),
            sent,
            status: self.status,
            media_type: self.media_type(),
            has_body: !self.bytes.is_empty(),
            received: Some(&self.body).filter(|body| !body.is_null()),
        };
        if let Err(flaw) = contract.check(&exchange) {
            panic!("{flaw}");
        }
    }

    fn media_type(&self) -> Option<&str> {
        self.header("content-type")?.split(';').next().map(str::trim)
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The answer itself, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "{status} was expected, but\n{self}");
        self
    }

    /// The answer itself, if its status is 2xx.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!((200..300).contains(&self.status), "success was expected, but\n{self}");
        self
    }

    /// The answer itself, if it is an error with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert!(self.status == status && self.code() == code, "{status} `{code}` was expected, but\n{self}");
        self
    }

    /// The stable code of an error; empty otherwise.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The resource's id.
    #[track_caller]
    pub fn id(&self) -> String {
        let Some(id) = self.body["id"].as_str() else { panic!("an id was expected, but\n{self}") };
        id.to_owned()
    }

    /// The rows of a list.
    #[track_caller]
    pub fn rows(&self) -> &[Value] {
        let Some(rows) = self.body["data"].as_array() else { panic!("a list was expected, but\n{self}") };
        rows
    }

    /// One member of every row of a list.
    #[track_caller]
    pub fn column(&self, member: &str) -> Vec<Value> {
        self.rows().iter().map(|row| row[member].clone()).collect()
    }

    /// What [`snapshot!`](crate::snapshot) compares: status, headers that matter, body; ids as they are.
    pub fn snapshot(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for name in SHOWN_HEADERS {
            for value in self.headers.get_all(*name) {
                let value = without_cursor(&String::from_utf8_lossy(value.as_bytes()));
                if (*name, value.as_str()) != ("content-type", "application/json") {
                    writeln!(text, "{name}: {value}").expect("a text can be written to");
                }
            }
        }
        match &self.body {
            Value::Null if self.bytes.is_empty() => {}
            Value::Null => write!(text, "\n{}", self.text()).expect("a text can be written to"),
            body => write!(text, "\n{:#}", shown(body)).expect("a text can be written to"),
        }
        text
    }

    /// The story's next snapshot, of this answer.
    pub fn next_snapshot(&self) -> Snapshot {
        self.story.next_snapshot(&self.request, &self.snapshot())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nanswered {}", self.request, self.snapshot())
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    /// A member of the body; null if there is none.
    fn index(&self, member: &str) -> &Value {
        &self.body[member]
    }
}

/// A body as a snapshot shows it: members in the order of their names, values that differ from run to run hidden.
fn shown(body: &Value) -> Value {
    match body {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            let hide = |name: &str, value: &Value| match value {
                Value::String(_) if HIDDEN_MEMBERS.contains(&name) => json!(format!("[{name}]")),
                value => shown(value),
            };
            Value::Object(
                names.into_iter().map(|name| (name.clone(), hide(name, &members[name]))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(shown).collect()),
        value => value.clone(),
    }
}

/// A header with the cursors in its URLs hidden.
fn without_cursor(value: &str) -> String {
    let mut pieces = value.split("cursor=");
    let mut hidden = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(['&', '>']).unwrap_or(piece.len());
        hidden.push_str("cursor=[cursor]");
        hidden.push_str(&piece[end..]);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Backend;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Answer {
            status,
            headers: headers.collect(),
            body: body.clone(),
            bytes: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
            request: "GET /v1/things as ana@acme.example".to_owned(),
            story: Arc::new(Story::new("it::things::are_listed", Backend::Sqlite)),
        }
    }

    #[test]
    fn a_snapshot_shows_what_matters_and_hides_what_differs() {
        let headers = [
            ("date", "today"),
            ("content-type", "application/json"),
            ("link", "</v1/things?cursor=abc.def&limit=1>; rel=\"next\""),
            ("etag", "\"3\""),
        ];
        let body = json!({"next_cursor": "abc.def", "data": [{"version": 3, "id": "thing_1", "request_id": null}]});
        let expected = "200\netag: \"3\"\nlink: </v1/things?cursor=[cursor]&limit=1>; rel=\"next\"\n\n{\n  \"data\": [\n    {\n      \
             \"id\": \"thing_1\",\n      \"request_id\": null,\n      \"version\": 3\n    }\n  ],\n  \"next_cursor\": \"[next_cursor]\"\n}";
        assert_eq!(answer(200, &headers, &body).snapshot(), expected);
        assert_eq!(answer(204, &[], &Value::Null).snapshot(), "204\n");
    }

    #[test]
    #[should_panic(expected = "201 was expected, but\nGET /v1/things as ana@acme.example\nanswered 409")]
    fn another_status_than_expected_shows_the_answer() {
        answer(409, &[], &json!({"code": "grant_exists"})).expect(201);
    }
}
