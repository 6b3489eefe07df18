//! Operations and documentation: is it alive, is it ready, how busy is it, what can it do, what does an error mean.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::header::ContentType;
use actix_web::web::{self, Data, Path};
use actix_web::{HttpResponse, get};
use mandate_core::refusal::{Code, Refusal};
use mandate_core::vocabulary::Vocabulary;
use mandate_storage::PoolState;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::metrics::Metrics;
use crate::problem::{Problem, ServerProblems, chain, status};

/// Whether the server can take requests; if not, why, for the log.
pub type Readiness = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// What these operations need; in the application's data as `Data<Probes>`.
pub struct Probes {
    /// The numbers of the server.
    pub metrics: Arc<Metrics>,
    /// The present state of the store's connections.
    pub pool: Box<dyn Fn() -> PoolState + Send + Sync>,
    /// Asks whether the server can take requests.
    pub ready: Box<dyn Fn() -> Readiness + Send + Sync>,
    /// The OpenAPI document.
    pub openapi_json: String,
    /// The same as YAML, exactly as it is committed.
    pub openapi_yaml: String,
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probes")
    }
}

/// Mounts what the OpenAPI document lists.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(get_liveness)
        .service(get_readiness)
        .service(get_metrics)
        .service(get_open_api_json)
        .service(get_open_api_yaml)
        .service(get_problem);
}

/// Mounts the reference page, which needs no other server.
pub fn docs(config: &mut web::ServiceConfig) {
    let settings = Config::from("/openapi.json").validator_url("none").use_base_layout();
    config
        .service(web::redirect("/docs", "/docs/").permanent())
        .service(SwaggerUi::new("/docs/{_:.*}").config(settings));
}

/// The state of a server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthView {
    /// Always `ok`; a server that is not answers with a problem or not at all.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}

const OK: HealthView = HealthView { status: "ok" };

/// Tell whether the process is alive
///
/// Answers without asking the database.
#[utoipa::path(
    tag = "operations",
    operation_id = "getLiveness",
    responses((status = 200, description = "Alive.", body = HealthView), ServerProblems),
    security(())
)]
#[get("/livez")]
async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().json(OK)
}

/// Tell whether the server can take requests
///
/// Answers 503 with `Retry-After` while it starts or stops, or cannot reach its database or its folder of files.
#[utoipa::path(
    tag = "operations",
    operation_id = "getReadiness",
    responses((status = 200, description = "Ready.", body = HealthView), ServerProblems),
    security(())
)]
#[get("/readyz")]
async fn get_readiness(probes: Data<Probes>) -> Result<HttpResponse, Problem> {
    (probes.ready)().await.map_err(Problem::unavailable)?;
    Ok(HttpResponse::Ok().json(OK))
}

/// Read the numbers of this server
///
/// In the text form of Prometheus, version 0.0.4.
#[utoipa::path(
    tag = "operations",
    operation_id = "getMetrics",
    responses((status = 200, description = "The numbers.", body = String, content_type = "text/plain"), ServerProblems),
    security(())
)]
#[get("/metrics")]
async fn get_metrics(probes: Data<Probes>) -> Result<HttpResponse, Problem> {
    let text = probes.metrics.expose((probes.pool)()).map_err(|error| Problem::internal(chain(&error)))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

/// Read this document as JSON
///
/// The same document as `/openapi.yaml`, of the version that is running.
#[utoipa::path(
    tag = "operations",
    operation_id = "getOpenApiJson",
    responses((status = 200, description = "The document.", body = Object, content_type = "application/json"), ServerProblems),
    security(())
)]
#[get("/openapi.json")]
async fn get_open_api_json(probes: Data<Probes>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(probes.openapi_json.clone())
}

/// Read this document as YAML
///
/// Byte for byte the file that the source code of this version holds.
#[utoipa::path(
    tag = "operations",
    operation_id = "getOpenApiYaml",
    responses((status = 200, description = "The document.", body = String, content_type = "application/yaml"), ServerProblems),
    security(())
)]
#[get("/openapi.yaml")]
async fn get_open_api_yaml(probes: Data<Probes>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/yaml").body(probes.openapi_yaml.clone())
}

/// Read what an error code means
///
/// A page for people: the title, the status, and what the caller can do.
#[utoipa::path(
    tag = "operations",
    operation_id = "getProblem",
    params(("code" = String, Path, description = "The code of a problem.", example = "version_mismatch")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        ServerProblems
    ),
    extensions(("x-codes" = json!(["not_found"]))),
    security(())
)]
#[get("/problems/{code}")]
async fn get_problem(code: Path<String>) -> Result<HttpResponse, Problem> {
    let code = Code::from_name(&code).ok_or_else(Refusal::not_found)?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(page(code)))
}

/// The page of a code. Everything on it comes from the table of codes.
fn page(code: Code) -> String {
    let (name, title, advice) = (code.name(), marked(&code.title().to_string()), marked(code.advice()));
    let status = status(code.kind());
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{name}</title></head>\n<body>\n\
         <h1>{title}</h1>\n<p>Code <code>{name}</code>, status {status}.</p>\n<p>{advice}</p>\n\
         <p><a href=\"/docs/\">Reference</a></p>\n</body>\n</html>\n"
    )
}

/// Text for a page, whose parts in backticks are code.
fn marked(text: &str) -> String {
    let escaped = escape(text);
    let parts = escaped.split('`').enumerate();
    parts.map(|(place, part)| if place % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
