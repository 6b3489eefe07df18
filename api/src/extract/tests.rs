use actix_web::ResponseError as _;
use actix_web::test::TestRequest;
use mandate_core::text::{Domain, Email, Phone};
use serde_json::json;
use validator::Validate;

use super::*;
use crate::input::present;
use crate::wire::{CategoryIn, ContactIdWire, DutyIn, PermissionIn, RequestStatusIn, TimestampWire};

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "some members are only there to be refused")]
struct Sample {
    email: Option<String>,
    permission: Option<PermissionIn>,
    #[serde(default)]
    duties: Vec<DutyIn>,
    #[validate(range(min = 1, max = 4))]
    severity: Option<u8>,
    confidential: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    phone: Option<Option<String>>,
    #[validate(nested)]
    letter: Option<Letter>,
    #[serde(default)]
    #[validate(nested)]
    people: Vec<Person>,
    #[serde(default)]
    #[validate(length(max = 4))]
    domains: Vec<String>,
}

#[derive(Debug, Deserialize, Validate)]
struct Letter {
    #[validate(length(min = 2, max = 5))]
    author_name: Option<String>,
}

#[derive(Debug, Deserialize, Validate)]
struct Person {
    id: Option<ContactIdWire>,
    #[validate(length(max = 3))]
    role: Option<String>,
}

fn post(body: impl Into<Bytes>) -> TestRequest {
    TestRequest::post().insert_header((CONTENT_TYPE, "application/json")).set_payload(body)
}

async fn body(request: TestRequest) -> Result<Body<Sample>, &'static str> {
    let (request, mut payload) = request.to_http_parts();
    Body::from_request(&request, &mut payload).await.map_err(|problem| code(&problem))
}

fn code(problem: &Problem) -> &'static str {
    mandate_core::vocabulary::Vocabulary::name(problem.code())
}

/// The places and codes of all errors of a body.
async fn errors(json: Value) -> Vec<(String, String)> {
    let body = body(post(json.to_string())).await.unwrap();
    let (value, mut errors) = (body.value, body.errors);
    errors.required("/email", &value.email, Email::parse);
    errors.patch("/phone", &value.phone, Phone::parse);
    errors.each("/domains", &value.domains, Domain::parse);
    for (index, person) in value.people.iter().enumerate() {
        errors.given(&format!("/people/{index}/id"), person.id);
    }
    places(errors).await
}

async fn places(errors: Errors) -> Vec<(String, String)> {
    let response = errors.into_problem().error_response();
    let bytes = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    let problem: Value = serde_json::from_slice(&bytes).unwrap();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |error: &Value| text(error.get("pointer").unwrap_or(&error["parameter"]));
    errors.iter().map(|error| (place(error), text(&error["code"]))).collect()
}

fn listed(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(place, code)| ((*place).to_owned(), (*code).to_owned())).collect()
}

#[actix_web::test]
async fn every_wrong_member_is_named_at_once() {
    let mut found = errors(json!({
        "permission": "root", "duties": ["it", "art", "security", 7], "severity": 300, "confidential": "yes",
        "phone": "650-555", "letter": {"author_name": "x", "a/b~c é": 1}, "typo": {},
    }))
    .await;
    found.sort();
    assert_eq!(
        found,
        listed(&[
            ("#/confidential", "invalid_type"),
            ("#/duties/1", "invalid_value"),
            ("#/duties/3", "invalid_type"),
            ("#/email", "required"),
            ("#/letter/author_name", "too_short"),
            ("#/letter/a~1b~0c%20%C3%A9", "unknown_member"),
            ("#/permission", "invalid_value"),
            ("#/phone", "phone_format"),
            ("#/severity", "out_of_range"),
            ("#/typo", "unknown_member"),
        ])
    );
}

#[actix_web::test]
async fn elements_keep_the_index_that_they_were_sent_with() {
    let mut found = errors(json!({
        "email": "ana@acme.example",
        "people": ["x", {"id": "org_1", "role": "long"}, 5, {"role": "much too long"}],
        "domains": ["a.example", "NOT", "b.example", "-"],
    }))
    .await;
    found.sort();
    assert_eq!(
        found,
        listed(&[
            ("#/domains/1", "domain_invalid"),
            ("#/domains/3", "domain_invalid"),
            ("#/people/0", "invalid_type"),
            ("#/people/1/id", "invalid_id"),
            ("#/people/1/role", "too_long"),
            ("#/people/2", "invalid_type"),
            ("#/people/3/id", "required"),
            ("#/people/3/role", "too_long"),
        ])
    );
    let many = json!({"email": "ana@acme.example", "domains": vec!["a.example"; 5]});
    assert_eq!(errors(many).await, listed(&[("#/domains", "too_long")]));
}

#[actix_web::test]
async fn an_object_is_an_object() {
    assert_eq!(errors(json!([])).await, listed(&[("#", "invalid_type"), ("#/email", "required")]));
    assert_eq!(errors(json!({"email": "a@b.example", "letter": ["x"]})).await, listed(&[("#/letter", "invalid_type")]));
}

#[actix_web::test]
async fn a_body_without_flaws_is_read() {
    let body = body(post(
        json!({
            "email": "ana@acme.example", "permission": "manage_contacts", "duties": ["it"], "severity": 2.0,
            "phone": null, "people": null, "letter": null,
        })
        .to_string(),
    ))
    .await;
    // `people` is a list, so null is no value for it.
    let body = body.unwrap();
    assert_eq!(body.value.severity, Some(2));
    assert_eq!(body.value.phone, Some(None));
    assert_eq!(places(body.errors).await, listed(&[("#/people", "invalid_type")]));
}

#[actix_web::test]
async fn a_body_that_cannot_be_read_is_refused_as_a_whole() {
    assert_eq!(body(post("{\"a\": 1, \"a\": 2}")).await.unwrap_err(), "malformed_request");
    assert_eq!(body(post("")).await.unwrap_err(), "malformed_request");
    let blank = |length| post(format!("{{{}}}", " ".repeat(length - 2)));
    assert!(body(blank(BODY_MAX)).await.is_ok());
    assert_eq!(body(blank(BODY_MAX + 1)).await.unwrap_err(), "body_too_large");
}

#[actix_web::test]
async fn media_types_are_checked() {
    for (method, content_type, expected) in [
        (Method::POST, "application/json", None),
        (Method::POST, "Application/JSON; charset=UTF-8", None),
        (Method::PATCH, "application/merge-patch+json", None),
        (Method::PATCH, "application/json", None),
        (Method::POST, "application/merge-patch+json", Some("unsupported_media_type")),
        (Method::POST, "text/plain", Some("unsupported_media_type")),
        (Method::POST, "application/json; charset=latin1", Some("unsupported_media_type")),
        (Method::POST, "", Some("unsupported_media_type")),
    ] {
        let request =
            TestRequest::default().method(method).insert_header((CONTENT_TYPE, content_type)).set_payload("{}");
        assert_eq!(body(request).await.err(), expected, "{content_type}");
    }
    assert_eq!(body(TestRequest::post().set_payload("{}")).await.unwrap_err(), "unsupported_media_type");
    let zipped = post("{}").insert_header((CONTENT_ENCODING, "gzip"));
    assert_eq!(body(zipped).await.unwrap_err(), "unsupported_media_type");
}

#[actix_web::test]
async fn an_optional_body_may_be_left_out() {
    let read = async |request: TestRequest| {
        let (request, mut payload) = request.to_http_parts();
        OptionalBody::<Empty>::from_request(&request, &mut payload).await.map(|body| body.0.errors.is_empty())
    };
    assert!(read(TestRequest::post()).await.unwrap());
    assert!(read(post("{}")).await.unwrap());
    assert!(!read(post("{\"a\": 1}")).await.unwrap());
    assert!(read(TestRequest::post().set_payload("{}")).await.is_err());
}

#[derive(Debug, Deserialize, Validate)]
struct SampleQuery {
    limit: Option<u32>,
    #[validate(length(max = 20))]
    q: Option<String>,
    created_after: Option<TimestampWire>,
    category: Option<CategoryIn>,
    managed: Option<bool>,
    submitted_by: Option<ContactIdWire>,
    #[serde(default)]
    status: Vec<RequestStatusIn>,
}

fn query(text: &str) -> Result<Query<SampleQuery>, &'static str> {
    Query::read("/v1/samples", text).map_err(|problem| code(&problem))
}

#[actix_web::test]
async fn filters_are_read_and_repeated_names_are_lists() {
    let read = query("status=open&limit=20&q=a+b%2Bc%C3%A9&status=solved&category=question&managed=true").unwrap();
    assert!(read.errors.is_empty());
    assert_eq!(read.value.status.len(), 2);
    assert_eq!((read.value.limit, read.value.q.as_deref()), (Some(20), Some("a b+cé")));
    assert_eq!((read.value.category.is_some(), read.value.managed), (true, Some(true)));
    assert_eq!(query("status=open").unwrap().value.status.len(), 1);
    assert_eq!(query("").unwrap().value.status.len(), 0);
    assert!(query("submitted_by=contact_01h455vb4pex5vsknk084sn02q").unwrap().value.submitted_by.is_some());
}

#[actix_web::test]
async fn a_misspelt_filter_never_widens_a_list() {
    let read =
        query("statos=open&limit=x&limit=3&q=1&q=2&status=open&status=shut&managed=maybe&submitted_by=org_1").unwrap();
    let mut found = places(read.errors).await;
    found.sort();
    assert_eq!(
        found,
        listed(&[
            ("limit", "repeated"),
            ("managed", "invalid_type"),
            ("q", "repeated"),
            ("statos", "unknown_parameter"),
            ("status", "invalid_value"),
            ("submitted_by", "invalid_id"),
        ])
    );
    for (text, place, code) in [
        ("q=123456789012345678901", "q", "too_long"),
        ("limit=x", "limit", "invalid_type"),
        ("limit=", "limit", "invalid_type"),
        ("limit=-1", "limit", "out_of_range"),
        ("limit=99999999999999999999", "limit", "out_of_range"),
        ("created_after=yesterday", "created_after", "invalid_timestamp"),
        ("cursor=x", "cursor", "unknown_parameter"),
        ("=x", "", "unknown_parameter"),
    ] {
        assert_eq!(places(query(text).unwrap().errors).await, listed(&[(place, code)]), "{text}");
    }
    assert_eq!(query("q=%FF").unwrap_err(), "malformed_request");
    assert_eq!(query("q=%00").unwrap_err(), "malformed_request");
}

#[actix_web::test]
async fn an_unescaped_plus_in_a_moment_is_accepted() {
    for text in [
        "2026-01-01T02:00:00+02:00",
        "2026-01-01T02:00:00.000000+0200",
        "2026-01-01T02:00:00%2B02:00",
        "2026-01-01T02:00:00 02:00",
        "2026-01-01T00:00:00Z",
        "2025-12-31T21:00:00-03:00",
    ] {
        let read = query(&format!("created_after={text}")).unwrap();
        let moment = read.value.created_after.map(|moment| moment.0.to_string());
        assert_eq!(moment.as_deref(), Some("2026-01-01T00:00:00Z"), "{text}");
    }
    assert_eq!(query("q=T shirts 1234").unwrap().value.q.as_deref(), Some("T shirts 1234"));
}

#[actix_web::test]
async fn an_id_of_another_kind_or_form_is_not_there() {
    let contact = "contact_01h455vb4pex5vsknk084sn02q";
    for (name, value, expected) in [
        ("contact_id", contact, true),
        ("id", contact, true),
        ("contact_id", "org_01h455vb4pex5vsknk084sn02q", false),
        ("contact_id", "1", false),
        ("organization_id", contact, false),
    ] {
        let request = TestRequest::default().param(name, value).to_http_request();
        let read = PathId::<ContactKind>::from_request(&request, &mut Payload::None).await;
        assert_eq!(read.map(|id| id.0.to_string()).ok().as_deref(), expected.then_some(contact), "{name}={value}");
        let code = PathPerson::from_request(&request, &mut Payload::None).await.map_err(|problem| code(&problem));
        assert_eq!(code.is_ok(), name == "id");
    }
}
