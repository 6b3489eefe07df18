use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use actix_web::test::{TestRequest, init_service};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::pin;

use crate::serve::{Shared, prepare};
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::sources::{Clock, Ids};

const PASSWORD: &str = "correct horse battery";

/// A request as somebody, and its answer.
macro_rules! send {
    ($service:expr, $request:expr, $token:expr) => {{
        let request = $request.insert_header((AUTHORIZATION, format!("Bearer {}", $token)));
        let answer: ServiceResponse<_> = $service.call(request.to_request()).await.expect("an answer");
        answer
    }};
}

async fn json_of(answer: ServiceResponse<impl MessageBody>) -> Value {
    let bytes = actix_web::body::to_bytes(answer.into_body()).await.ok().expect("a whole body");
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// An export of more than two pages, read up to its first piece by an agent who then loses their role or not.
async fn pieces(is_disabled: bool) -> Vec<Result<usize, String>> {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mandate.db", directory.path().display());
    let mail = format!("file:{}/mail", directory.path().display());
    let files = format!("file:{}/files", directory.path().display());
    let arguments = [
        "mandate",
        "--database-url",
        &url,
        "--mail",
        &mail,
        "--files",
        &files,
        "--password-cost",
        "8:1",
        "--keys",
        "database",
        "--admin-email",
        "admin@vendor.example",
        "--admin-password",
        PASSWORD,
        "--vendor-domains",
        "vendor.example",
    ];
    let (app, _) = prepare(Settings::from_arguments(arguments).unwrap(), Clock::System, Ids::System).await.unwrap();
    let service = init_service(Shared::new(&app, &Shutdown::default()).application()).await;
    let sign_in = || {
        TestRequest::post().uri("/v1/sessions").set_json(json!({"email": "admin@vendor.example", "password": PASSWORD}))
    };
    let session = json_of(send!(service, sign_in(), "")).await;
    let token = session["access_token"].as_str().unwrap().to_owned();
    let person = json!({"email": "boss@acme.example", "first_name": "Boss", "last_name": "Acme"});
    let body = json!({"kind": "customer", "name": "Acme", "domains": [], "first_contact": person});
    let created = json_of(send!(service, TestRequest::post().uri("/v1/organizations").set_json(body), token)).await;
    let contacts = format!("/v1/organizations/{}/contacts", created["id"].as_str().unwrap());
    let rows: String = (0..1_200).map(|n| format!("n{n}@acme.example,Ana,Silva,knowledge_base\n")).collect();
    let import = TestRequest::post().uri(&format!("{contacts}/import")).insert_header((CONTENT_TYPE, "text/csv"));
    let import = import.set_payload(format!("email,first_name,last_name,permission\n{rows}"));
    assert_eq!(json_of(send!(service, import, token)).await["created"], 1_200);

    let export = TestRequest::get().uri(&contacts).insert_header((ACCEPT, "text/csv"));
    let answer = send!(service, export, token);
    assert_eq!(answer.status(), 200);
    let mut body = pin!(answer.into_body());
    let mut pieces = Vec::new();
    while let Some(piece) = poll_fn(|context| body.as_mut().poll_next(context)).await {
        let lines = |bytes: actix_web::web::Bytes| bytes.iter().filter(|byte| **byte == b'\n').count();
        let is_over = piece.is_err();
        pieces.push(piece.map(lines).map_err(|error| causes(&*Into::<Box<dyn std::error::Error>>::into(error))));
        if is_over {
            break;
        }
        if is_disabled && pieces.len() == 1 {
            let session = session["session_id"].as_str().unwrap();
            let ended = send!(service, TestRequest::delete().uri(&format!("/v1/sessions/{session}")), token);
            assert_eq!(ended.status(), 204);
        }
    }
    pieces
}

/// An error and what it came from.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// C-22, X-1
#[actix_web::test]
async fn an_export_is_broken_off_when_its_reader_may_not_read_on() {
    assert_eq!(pieces(false).await, [Ok(501), Ok(500), Ok(201)]);
    let broken = pieces(true).await;
    assert_eq!((broken.len(), broken[0].clone()), (2, Ok(501)));
    assert!(broken[1].as_ref().is_err_and(|error| error.contains("unauthenticated")), "{broken:?}");
}
