//! What pages in a browser need of the API: leave to call it from elsewhere, and answers that are small on their way.

use mandate_tests::{Answer, Instance, e2e, json, plain_client};
use reqwest::header::HeaderMap;

const DESK: &str = "https://desk.example";

/// What a browser asks before a page may send something; the status and the headers of the answer.
async fn preflight(instance: &Instance, origin: &str, path: &str, method: &str, headers: &str) -> (u16, HeaderMap) {
    let url = format!("http://{}{path}", instance.address());
    let http = plain_client().build().expect("a client can be made");
    let asked = http
        .request(reqwest::Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    let answer = asked.send().await.expect("there is an answer");
    (answer.status().as_u16(), answer.headers().clone())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

e2e! {
    /// Fetch standard, section 3.2: pages of the origins that are configured, and no others.
    async fn pages_of_configured_origins_call_it_from_elsewhere(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let instance = world.another_instance(&["--cors-origins", "https://desk.example, http://localhost:5173"]).await;
        let path = "/v1/service-requests";
        let sent = "authorization,content-type,idempotency-key,if-match,range";
        for origin in [DESK, "http://localhost:5173"] {
            let (status, headers) = preflight(&instance, origin, path, "PATCH", sent).await;
            assert_eq!((status, text(&headers, "access-control-allow-origin")), (200, origin));
            assert!(text(&headers, "access-control-allow-methods").contains("PATCH"));
            assert!(text(&headers, "access-control-allow-headers").contains("if-match"));
            assert_eq!(text(&headers, "access-control-max-age"), "3600");
            assert!(text(&headers, "x-request-id").starts_with("req_") && !headers.contains_key("access-control-allow-credentials"));
        }
        for (origin, method, sent) in [
            ("https://evil.example", "GET", "authorization"),
            ("https://desk.example.evil.example", "GET", "authorization"),
            ("null", "GET", "authorization"),
            (DESK, "TRACE", "authorization"),
            (DESK, "GET", "x-forwarded-for"),
        ] {
            let (status, headers) = preflight(&instance, origin, path, method, sent).await;
            assert_eq!((status, text(&headers, "content-type")), (400, "application/problem+json"), "{origin} {method} {sent}");
            assert!(!headers.contains_key("access-control-allow-origin") || origin == DESK, "{origin}");
        }
        // What was let through may be read, problems among them.
        let page = acme.at(&instance);
        let asked = page.send("GET", path, &[("origin", DESK)], ()).await.expect(200);
        assert_eq!(asked.header("access-control-allow-origin"), Some(DESK));
        for name in ["etag", "location", "link", "x-request-id", "retry-after", "idempotent-replayed"] {
            assert!(asked.header("access-control-expose-headers").unwrap_or_default().contains(name), "{name}");
        }
        assert!(asked.headers.get_all("vary").iter().any(|value| value.to_str().unwrap_or_default().to_lowercase().contains("origin")));
        let refused = page.send("GET", "/v1/service-requests?nonsense=1", &[("origin", DESK)], ()).await;
        assert_eq!(refused.expect_problem(422, "validation_failed").header("access-control-allow-origin"), Some(DESK));
        // Others get answers, which their browsers keep from them.
        let other = page.send("GET", path, &[("origin", "https://evil.example")], ()).await.expect(200);
        assert_eq!(other.header("access-control-allow-origin"), None);
    }

    async fn without_origins_no_page_may_call_it(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (status, headers) = preflight(world.instance(), DESK, "/v1/me", "GET", "authorization").await;
        assert_eq!((status, text(&headers, "allow")), (405, "GET, HEAD, PATCH"));
        assert_eq!(acme.send("GET", "/v1/me", &[("origin", DESK)], ()).await.expect(200).header("access-control-allow-origin"), None);
        let anybody = world.another_instance(&["--cors-origins", "*"]).await;
        let (status, headers) = preflight(&anybody, "https://evil.example", "/v1/me", "GET", "authorization").await;
        assert_eq!((status, text(&headers, "access-control-allow-origin")), (200, "*"));
    }

    /// RFC 9111, section 4.1: what a browser keeps of one person's answers is not shown to the next who signs in there, though the
    /// version is the same.
    async fn what_is_kept_of_one_reader_is_not_for_another(world: World) {
        let (acme, globex) = (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await);
        let grantee = json!({"type": "organization", "id": globex.organization_id});
        let body = json!({"grantee": grantee, "level": "cc", "note": "for Acme's eyes"});
        let grant = format!("/v1/partner-grants/{}", acme.post(acme.own("partner-grants"), body).await.expect(201).id());
        assert_eq!(acme.get(&grant).await.expect(200)["note"], "for Acme's eyes");
        assert_eq!(globex.get(&grant).await.expect(200)["note"], json!(null));
        let instance = world.another_instance(&["--cors-origins", DESK]).await;
        let vary = |answer: &Answer| {
            let lines: Vec<&str> = answer.headers.get_all("vary").iter().filter_map(|line| line.to_str().ok()).collect();
            lines.join(", ").to_lowercase()
        };
        for (path, known, status) in [(&grant, "\"1\"", 304), (&grant, "\"2\"", 200)] {
            let headers = [("origin", DESK), ("accept-encoding", "gzip"), ("if-none-match", known)];
            let answer = acme.at(&instance).send("GET", path, &headers, ()).await.expect(status);
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
            assert!(vary(&answer).contains("authorization") && vary(&answer).contains("origin"), "{}", vary(&answer));
            assert!(status == 304 || vary(&answer).contains("accept-encoding"), "{}", vary(&answer));
        }
        // What has no tag is not kept at all; and what else an answer depends on is still said.
        let headers = [("origin", DESK), ("accept", "text/csv"), ("accept-encoding", "gzip")];
        let list = acme.at(&instance).send("GET", &acme.own("contacts"), &headers, ()).await.expect(200);
        assert_eq!(list.header("cache-control"), Some("no-store"));
        assert!(vary(&list).contains("accept,"), "{}", vary(&list));
    }

    /// RFC 9110, section 8.4.1: smaller for who asks, and the same.
    async fn answers_are_compressed_for_who_asks(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        for number in 0..20 {
            acme.request(&format!("Printer {number}")).await;
        }
        let path = "/v1/service-requests";
        let plain = acme.get(path).await.expect(200);
        assert_eq!(plain.header("content-encoding"), None);
        for (accepted, coding) in [("gzip", "gzip"), ("br", "br"), ("gzip, br", "br"), ("gzip;q=0.5, br;q=0.1", "gzip")] {
            let answer = acme.send("GET", path, &[("accept-encoding", accepted)], ()).await.expect(200);
            assert_eq!(answer.header("content-encoding"), Some(coding), "{accepted}");
            assert_eq!(answer.body, plain.body);
            assert!(answer.bytes.len() * 3 < plain.bytes.len(), "{} of {} bytes", answer.bytes.len(), plain.bytes.len());
            assert!(answer.headers.get_all("vary").iter().any(|value| value.to_str().unwrap_or_default().to_lowercase().contains("accept-encoding")));
        }
        for accepted in ["identity", "", "deflate;q=0", "gzip;q=0"] {
            let answer = acme.send("GET", path, &[("accept-encoding", accepted)], ()).await.expect(200);
            assert_eq!(answer.header("content-encoding"), None, "{accepted}");
        }
        // A version is the same however it is sent.
        let own = format!("/v1/contacts/{}", acme.id);
        let me = acme.get(&own).await.expect(200);
        let packed = acme.send("GET", &own, &[("accept-encoding", "gzip")], ()).await.expect(200);
        assert_eq!((packed.header("etag"), packed.header("content-encoding")), (me.header("etag"), Some("gzip")));
        let tag = packed.header("etag").unwrap_or_default().to_owned();
        acme.send("GET", &own, &[("accept-encoding", "gzip"), ("if-none-match", &tag)], ()).await.expect(304);
        // Files are sent as they are: their length, digest and ranges are the file's.
        let request = acme.request("The printer is on fire").await;
        let upload = format!("{}/{}/attachments", path, request.id());
        let named = ("content-disposition", "attachment; filename=\"log.txt\"");
        let file = acme.send("POST", &upload, &[named, ("content-type", "text/plain")], vec![b'a'; 50_000]).await.expect(201);
        let content = format!("/v1/attachments/{}/content", file.id());
        let whole = acme.send("GET", &content, &[("accept-encoding", "gzip, br")], ()).await.expect(200);
        assert_eq!((whole.header("content-encoding"), whole.header("content-length"), whole.bytes.len()), (None, Some("50000"), 50_000));
        let part = acme.send("GET", &content, &[("accept-encoding", "br"), ("range", "bytes=0-9")], ()).await.expect(206);
        assert_eq!((part.header("content-encoding"), part.bytes.as_slice()), (None, b"aaaaaaaaaa".as_slice()));
        let body = json!({"subject": "", "category": "question"});
        let refused = acme.send("POST", path, &[("accept-encoding", "gzip")], body).await;
        assert_eq!(refused.expect_problem(422, "validation_failed").header("content-type"), Some("application/problem+json"));
    }
}
