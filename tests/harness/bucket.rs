//! A bucket that speaks as much of S3 as the server uses: whole objects, objects in parts, ranges, removing.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE};
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

/// A bucket in memory. Ends when dropped.
pub struct Bucket {
    address: SocketAddr,
    objects: Data<Objects>,
    server: ServerHandle,
}

#[derive(Default)]
struct Objects(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    whole: BTreeMap<String, Bytes>,
    /// By the id of the upload, and there by number.
    parts: HashMap<String, BTreeMap<u32, Bytes>>,
    /// What was asked for: method, and what is special about it.
    calls: Vec<String>,
}

impl Objects {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    /// Opens an empty bucket.
    pub fn open() -> Self {
        let objects = Data::new(Objects::default());
        let shared = objects.clone();
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(PayloadConfig::new(32 * 1024 * 1024))
                .default_service(web::to(answer))
        };
        let http = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").expect("a port is free");
        let address = http.addrs()[0];
        let http = http.run();
        let server = http.handle();
        tokio::task::spawn_local(http);
        Self { address, objects, server }
    }

    /// What a server needs in its environment to use it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ]
    }

    /// The objects in it, by name, with their lengths.
    pub fn objects(&self) -> Vec<(String, usize)> {
        self.objects.lock().whole.iter().map(|(name, object)| (name.clone(), object.len())).collect()
    }

    /// What it was asked for, in order.
    pub fn calls(&self) -> Vec<String> {
        self.objects.lock().calls.clone()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn answer(objects: Data<Objects>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let name = request.path().trim_start_matches('/').to_owned();
    let query: HashMap<String, String> =
        request.query_string().split('&').filter_map(|pair| pair.split_once('=')).map(owned).collect();
    let is_signed = request
        .headers()
        .get("authorization")
        .is_some_and(|value| value.to_str().is_ok_and(|value| value.starts_with("AWS4-HMAC-SHA256 Credential=key/")));
    if !is_signed {
        return HttpResponse::Forbidden().finish();
    }
    let mut kept = objects.lock();
    let mut said: Vec<&str> = query.keys().map(String::as_str).collect();
    said.sort_unstable();
    kept.calls.push(format!("{} {}", request.method(), said.join(" ")).trim_end().to_owned());
    let upload = query.get("uploadId");
    match (request.method(), upload) {
        (&Method::POST, None) if query.contains_key("uploads") => {
            let id = format!("upload-{}", kept.parts.len());
            kept.parts.insert(id.clone(), BTreeMap::new());
            HttpResponse::Ok().body(format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        (&Method::PUT, Some(id)) => {
            let number = query.get("partNumber").and_then(|number| number.parse().ok()).unwrap_or_default();
            kept.parts.entry(id.clone()).or_default().insert(number, body);
            HttpResponse::Ok().insert_header((ETAG, format!("\"{number}\""))).finish()
        }
        (&Method::POST, Some(id)) => {
            let parts = kept.parts.remove(id).unwrap_or_default();
            kept.whole.insert(name, parts.into_values().collect::<Vec<_>>().concat().into());
            HttpResponse::Ok()
                .body("<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>")
        }
        (&Method::DELETE, Some(id)) => {
            kept.parts.remove(id);
            HttpResponse::NoContent().finish()
        }
        (&Method::PUT, None) => {
            kept.whole.insert(name, body);
            HttpResponse::Ok().insert_header((ETAG, "\"whole\"")).finish()
        }
        (&Method::DELETE, None) => {
            kept.whole.remove(&name);
            HttpResponse::NoContent().finish()
        }
        (&Method::GET, None) => kept.whole.get(&name).map_or_else(missing, |object| part(&request, object)),
        _ => HttpResponse::NotImplemented().finish(),
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn missing() -> HttpResponse {
    HttpResponse::NotFound().body("<Error><Code>NoSuchKey</Code></Error>")
}

fn part(request: &HttpRequest, object: &Bytes) -> HttpResponse {
    let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let range = range.and_then(|range| range.split_once('-'));
    let range = range.and_then(|(first, last)| Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?)));
    let dated = [(ETAG, "\"whole\""), (LAST_MODIFIED, "Sun, 01 Mar 2026 09:00:00 GMT")];
    let mut response = if range.is_some() { HttpResponse::PartialContent() } else { HttpResponse::Ok() };
    for header in dated {
        response.insert_header(header);
    }
    match range {
        Some((first, last)) => {
            let last = last.min(object.len() - 1);
            response.insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{}", object.len())));
            response.body(object.slice(first..=last))
        }
        None => response.body(object.clone()),
    }
}
