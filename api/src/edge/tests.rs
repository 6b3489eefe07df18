use std::io::{Read, Write};

use actix_web::middleware::{Compress, from_fn};
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::{App, delete, get, post, web};
use mandate_storage::PoolState;
use serde_json::{Value, json};
use utoipa_actix_web::AppExt;

use mandate_core::id::OrganizationId;

use super::*;
use crate::conditional::{IfMatch, IfNoneMatch, etag};
use crate::cors::cors;
use crate::extract::{Body, Empty};
use crate::probes::{self, Probes};
use crate::settings::Origin;

mod proxy;

#[utoipa::path(responses((status = 200, description = "ok", body = String, content_type = "application/json")))]
#[get("/v1/contacts/{contact_id}")]
async fn get_contact(info: RequestInfo, tag: IfNoneMatch) -> HttpResponse {
    info.set_principal("contact_1", OrganizationId::from_u128(1));
    tag.answer(7, "ana")
}

#[utoipa::path(responses((status = 204, description = "ok", content_type = "application/json", body = String)))]
#[post("/v1/contacts/{contact_id}")]
async fn update_contact(tag: IfMatch) -> Result<HttpResponse, Problem> {
    match tag.0 {
        Some(expected) if !expected.admits(7) => Err(Problem::of(Code::VersionMismatch)),
        _ => Ok(HttpResponse::Ok().insert_header(etag(8)).json("ana")),
    }
}

#[utoipa::path(responses((status = 200, description = "ok", body = String, content_type = "text/csv")))]
#[get("/v1/failures/{kind}")]
async fn get_failure(kind: web::Path<String>) -> Result<HttpResponse, Error> {
    match kind.as_str() {
        "panic" => panic!("the secret"),
        "slow" => tokio::time::sleep(Duration::from_secs(60)).await,
        "bare" => return Ok(HttpResponse::ImATeapot().body("the secret")),
        "framework" => return Err(actix_web::error::ErrorInternalServerError("the secret")),
        "storage" => return Err(Problem::internal("the secret").into()),
        "token" => return Err(Problem::of(Code::Unauthenticated).into()),
        _ => {}
    }
    Ok(HttpResponse::Ok().finish())
}

#[utoipa::path(responses((status = 204, description = "ok")))]
#[delete("/v1/sessions/{session_id}")]
async fn delete_session(_info: RequestInfo) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[utoipa::path(responses((status = 200, description = "ok", body = String)))]
#[post("/v1/sessions")]
async fn create_session(body: Body<Empty>) -> Result<HttpResponse, Problem> {
    body.errors.finish(|| Some(HttpResponse::Ok().json("ok")))
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn code(&self) -> String {
        let json = self.json();
        assert_eq!(self.header("content-type"), PROBLEM_JSON);
        assert_eq!(json["request_id"], self.header("x-request-id"));
        assert_eq!(json["status"], self.status);
        assert!(!json.to_string().contains("secret"), "{json}");
        json["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Where pages come from that may call.
const DESK: &str = "https://desk.example";

/// The application; a macro because its type cannot be named.
macro_rules! application {
    () => {{
        let app = App::new().into_utoipa_app().configure(|config| {
            config.service(get_contact).service(update_contact).service(get_failure).service(delete_session);
            config.service(create_session);
            probes::configure(config);
        });
        let (app, document) = app.split_for_parts();
        let metrics = Arc::new(Metrics::new());
        let probes = Probes {
            metrics: metrics.clone(),
            pool: Box::new(|| PoolState { size: 1, idle: 1, in_use: 0, waits: 0, wait_micros: 0, timeouts: 0 }),
            ready: Box::new(|| Box::pin(async { Err("the secret".to_owned()) })),
            openapi_json: document.to_json().unwrap(),
            openapi_yaml: document.to_yaml().unwrap(),
        };
        let edge_data = Edge {
            new_request_id: Arc::new(|| RequestId::from_u128(1)),
            deadline: Duration::from_millis(50),
            metrics,
            routes: Arc::new(RoutesTable::new(&document)),
        };
        let app = app.app_data(Data::new(edge_data)).app_data(Data::new(probes)).configure(probes::docs);
        // In the order of the server.
        app.wrap(Compress::default())
            .wrap(from_fn(edge))
            .wrap(cors(&[Origin::parse(DESK).unwrap()]))
            .wrap(from_fn(preflight))
    }};
}

async fn send(request: TestRequest) -> Answer {
    let app = init_service(application!()).await;
    let response = match try_call_service(&app, request.to_request()).await {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: actix_web::body::to_bytes(response.into_body()).await.unwrap() }
}

async fn get(path: &str) -> Answer {
    send(TestRequest::get().uri(path)).await
}

#[actix_web::test]
async fn every_answer_names_its_request() {
    let own = "req_00000000000000000000000001";
    for (sent, expected) in [("abc-1", "abc-1"), ("a b", own), ("", own), ("é", own)] {
        let answer = send(TestRequest::get().uri("/v1/contacts/1").insert_header(("x-request-id", sent))).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (200, expected));
    }
    let long = "x".repeat(129);
    let answer = send(TestRequest::get().uri("/nowhere").insert_header(("x-request-id", long.as_str()))).await;
    assert_eq!(answer.header("x-request-id"), own);
}

#[actix_web::test]
async fn every_answer_has_the_security_headers() {
    for path in ["/livez", "/nowhere", "/v1/failures/slow", "/v1/failures/panic"] {
        let answer = get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-security-policy"), POLICY);
    }
    assert_eq!(get("/docs/").await.header("content-security-policy"), DOCS_POLICY);
    let answer = get("/v1/contacts/1").await;
    assert_eq!((answer.header("etag"), answer.header("cache-control")), ("\"7\"", "private, no-cache"));
}

/// RFC 9110, section 5.3: what could be read in two ways is read in none.
#[actix_web::test]
async fn a_header_that_is_one_value_is_sent_once() {
    for (name, code) in [
        ("authorization", "malformed_request"),
        ("content-type", "malformed_request"),
        ("content-disposition", "malformed_request"),
        ("idempotency-key", "invalid_idempotency_key"),
    ] {
        let twice = |path| TestRequest::post().uri(path).append_header((name, "a")).append_header((name, "b"));
        let answer = send(twice("/v1/sessions")).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{name}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{name}");
        assert_eq!(send(twice("/nowhere")).await.code(), "route_not_found");
    }
    let lists = TestRequest::get().uri("/v1/contacts/1").append_header(("if-none-match", "\"6\""));
    assert_eq!(send(lists.append_header(("if-none-match", "\"7\""))).await.status, 304);
}

#[actix_web::test]
async fn every_error_is_a_problem() {
    for (path, status, code) in [
        ("/nowhere", 404, "route_not_found"),
        ("/v1/contacts/1/", 404, "route_not_found"),
        ("/docs/nothing.js", 404, "route_not_found"),
        ("/v1/failures/panic", 500, "internal"),
        ("/v1/failures/framework", 500, "internal"),
        ("/v1/failures/storage", 500, "internal"),
        ("/v1/failures/bare", 400, "malformed_request"),
        ("/v1/failures/slow", 503, "deadline_exceeded"),
        ("/problems/nonsense", 404, "not_found"),
        ("/readyz", 503, "unavailable"),
    ] {
        let answer = get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}");
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503, "{path}");
    }
}

/// Fetch standard, section 3.2.5: also of a request whose handler is gone.
#[actix_web::test]
async fn pages_may_read_every_error_in_their_users_language() {
    for (path, status) in [
        ("/nowhere", 404),
        ("/v1/failures/token", 401),
        ("/v1/failures/bare", 400),
        ("/v1/failures/slow", 503),
        ("/v1/failures/panic", 500),
    ] {
        let request =
            TestRequest::get().uri(path).insert_header(("origin", DESK)).insert_header(("accept-encoding", "gzip"));
        let answer = send(request.insert_header(("accept-language", "pt"))).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, DESK), "{path}");
        assert!(answer.header("access-control-expose-headers").contains("x-request-id"), "{path}");
        assert_eq!((answer.header("content-language"), answer.headers.get_all("vary").count()), ("pt-BR", 1), "{path}");
        let vary = answer.header("vary").to_lowercase();
        assert!(["accept-language", "origin"].iter().all(|name| vary.contains(name)), "{path}: {vary}");
    }
}

#[actix_web::test]
async fn a_known_path_names_its_methods() {
    for (request, allow, code) in [
        (TestRequest::put().uri("/v1/contacts/1"), "GET, HEAD, POST", "method_not_allowed"),
        (TestRequest::delete().uri("/v1/contacts/1"), "GET, HEAD, POST", "contacts_are_not_deleted"),
        (TestRequest::get().uri("/v1/sessions/1"), "DELETE", "method_not_allowed"),
        (TestRequest::default().method(Method::HEAD).uri("/v1/sessions/1"), "DELETE", ""),
        (TestRequest::default().method(Method::OPTIONS).uri("/livez"), "GET, HEAD", "method_not_allowed"),
        (TestRequest::post().uri("/docs/index.css"), "GET, HEAD", "method_not_allowed"),
    ] {
        let answer = send(request).await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow));
        assert!(answer.body.is_empty() || answer.code() == code, "{:?}", answer.body);
    }
}

#[actix_web::test]
async fn head_works_where_get_does() {
    let head = |path: &str| send(TestRequest::default().method(Method::HEAD).uri(path));
    for path in ["/v1/contacts/1", "/livez", "/problems/not_found", "/nowhere", "/openapi.json"] {
        let (with, without) = (get(path).await, head(path).await);
        assert_eq!((with.status, &with.headers.len()), (without.status, &without.headers.len()), "{path}");
        assert!(without.body.is_empty() && !with.body.is_empty(), "{path}");
    }
}

#[actix_web::test]
async fn conditions_are_honoured() {
    let with = |name: &'static str, tag: &'static str, method| {
        send(TestRequest::default().method(method).uri("/v1/contacts/1").insert_header((name, tag)))
    };
    for (tag, status) in [("\"7\"", 304), ("W/\"7\"", 304), ("\"6\"", 200), ("*", 304), ("7", 400)] {
        let answer = with("if-none-match", tag, Method::GET).await;
        assert_eq!(answer.status, status, "{tag}");
        assert_eq!(answer.body.is_empty(), status == 304);
    }
    for (tag, status) in
        [("\"7\"", 200), ("\"6\", \"7\"", 200), ("W/\"7\"", 412), ("\"6\"", 412), ("*", 200), ("7", 400)]
    {
        assert_eq!(with("if-match", tag, Method::POST).await.status, status, "{tag}");
    }
}

#[actix_web::test]
async fn what_the_client_cannot_read_is_not_sent() {
    let accepting =
        |path: &str, accept: &'static str| send(TestRequest::get().uri(path).insert_header(("accept", accept)));
    for (path, accept, status) in [
        ("/v1/contacts/1", "application/json", 200),
        ("/v1/contacts/1", "text/html, */*;q=0.1", 200),
        ("/v1/contacts/1", "text/html", 406),
        ("/v1/contacts/1", "application/json;q=0", 406),
        ("/v1/failures/none", "text/csv", 200),
        ("/v1/failures/none", "application/json", 406),
        ("/v1/failures/none", "application/problem+json", 200),
        ("/livez", "text/html", 200),
    ] {
        assert_eq!(accepting(path, accept).await.status, status, "{path} {accept}");
    }
    assert_eq!(accepting("/v1/contacts/1", "text/html").await.code(), "not_acceptable");
    // An answer without a body has no form that could be wrong.
    let answer = send(TestRequest::delete().uri("/v1/sessions/1").insert_header(("accept", "application/json"))).await;
    assert_eq!(answer.status, 204);
}

#[actix_web::test]
async fn a_refused_token_is_told_from_a_missing_one() {
    let missing = get("/v1/failures/token").await;
    assert_eq!((missing.status, missing.header("www-authenticate")), (401, "Bearer realm=\"mandate\""));
    let request = TestRequest::get().uri("/v1/failures/token").insert_header(("authorization", "Bearer x"));
    assert_eq!(send(request).await.header("www-authenticate"), TOKEN_REFUSED);
}

#[actix_web::test]
async fn operations_and_documentation_are_served() {
    assert_eq!(get("/livez").await.json()["status"], "ok");
    let page = get("/problems/version_mismatch").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(String::from_utf8_lossy(&page.body).contains("<code>version_mismatch</code>, status 412"));
    let document = get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/livez"]["get"]["responses"]["503"].is_object());
    assert_eq!(document, json!(crate::wire::inline(serde_json::from_value(document.clone()).unwrap())));
    assert!(get("/openapi.yaml").await.body.starts_with(b"openapi: 3.1.0"));
    assert!(get("/metrics").await.header("content-type").starts_with("text/plain"));
    let redirect = get("/docs").await;
    assert_eq!((redirect.status, redirect.header("location")), (308, "/docs/"));
    assert_eq!(get("/docs/").await.status, 200);
    let settings = get("/docs/swagger-initializer.js").await;
    let text = String::from_utf8_lossy(&settings.body).into_owned();
    assert!(text.contains("/openapi.json") && !text.contains("petstore"), "{text}");
}

/// Sends bytes over a connection and reads until the server closes it.
async fn exchange(address: std::net::SocketAddr, sent: &'static str) -> String {
    let exchange = web::block(move || {
        let mut connection = std::net::TcpStream::connect(address)?;
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        connection.write_all(sent.as_bytes())?;
        let mut received = String::new();
        connection.read_to_string(&mut received).map(|_| received)
    });
    exchange.await.unwrap().unwrap()
}

#[actix_web::test]
async fn head_and_the_deadline_hold_over_a_real_connection() {
    let server = actix_web::HttpServer::new(|| application!()).workers(1).bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);

    let answer = exchange(address, "HEAD /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("content-length: 15\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");

    let slow = "POST /v1/sessions HTTP/1.1\r\nhost: x\r\norigin: https://desk.example\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    let answer = exchange(address, slow).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\r\nx-request-id: req_"), "{answer}");
    assert!(answer.contains("deadline_exceeded") && answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("\r\naccess-control-allow-origin: https://desk.example\r\n"), "{answer}");

    let panic =
        "GET /v1/failures/panic HTTP/1.1\r\nhost: x\r\norigin: https://desk.example\r\nconnection: close\r\n\r\n";
    let answer = exchange(address, panic).await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("\"code\":\"internal\""), "{answer}");
    assert!(answer.contains("\r\naccess-control-allow-origin: https://desk.example\r\n"), "{answer}");
    handle.stop(false).await;
}

#[test]
fn an_import_has_more_time_than_other_requests_c_22() {
    let edge = Edge {
        new_request_id: Arc::new(|| RequestId::from_u128(1)),
        deadline: Duration::from_secs(10),
        metrics: Arc::new(Metrics::new()),
        routes: Arc::new(RoutesTable::new(crate::openapi::document())),
    };
    let deadline = |path: &str| edge.deadline_of(edge.routes.find(path));
    assert_eq!(deadline("/v1/organizations/org_1/contacts"), Duration::from_secs(10));
    assert_eq!(deadline("/v1/organizations/org_1/contacts/import"), contact_import::DEADLINE);
    assert_eq!(deadline("/nowhere"), Duration::from_secs(10));
}
