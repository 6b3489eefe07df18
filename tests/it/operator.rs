//! What operators meet: an environment that others fill, and clients that speak no HTTP.

use std::time::Duration;

use mandate_tests::e2e;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

e2e! {
    /// Kubernetes tells each container of the services beside it, in variables that look like settings.
    async fn a_service_called_mandate_is_no_setting(world: World) {
        let service = [
            ("MANDATE_SERVICE_HOST", "10.0.0.1"),
            ("MANDATE_SERVICE_PORT", "80"),
            ("MANDATE_PORT", "tcp://10.0.0.1:80"),
            ("MANDATE_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("MANDATE_PORT_80_TCP_ADDR", "10.0.0.1"),
        ];
        let process = world.process(&service).await;
        process.anonymous().get("/livez").await.expect(200);
    }

    /// docs/api-design.md: what is no HTTP reaches no operation, and is answered without a problem; the connection ends.
    async fn a_head_that_is_no_http_is_answered_without_a_body(world: World) {
        let too_large = format!("GET / HTTP/1.1\r\nhost: mandate\r\nx: {}\r\n\r\n", "x".repeat(200_000));
        for (head, status) in [
            ("GET /v1/me HTTP/1.1\r\nhost mandate\r\n\r\n", "400"),
            ("GET /v1/me HTTP/9.9\r\nhost: mandate\r\n\r\n", "400"),
            ("nonsense\r\n\r\n", "400"),
            (too_large.as_str(), "431"),
        ] {
            let mut stream = TcpStream::connect(world.instance().address()).await.expect("the server listens");
            // The server may have answered and gone before it has all of it.
            let _ = stream.write_all(head.as_bytes()).await;
            let mut answer = Vec::new();
            let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
            read.expect("the connection ends").ok();
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head:.40}: {answer}");
            assert!(answer.ends_with("\r\n\r\n"), "{head:.40}: {answer}");
        }
    }
}
