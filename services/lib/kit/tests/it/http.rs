//! Health, readiness and metrics over HTTP.

use std::{io::ErrorKind, net::SocketAddr};

use kit::{CancellationToken, HttpSettings, Process, http};
use pretty_assertions::assert_eq;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Status and body of a GET.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let status = answer[9..12].parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}

#[tokio::test]
async fn readiness_names_the_part_that_is_not_ready() {
    let process = Process::new("test", CancellationToken::new());
    let bus = process.health.part("bus");
    process.health.part("database").ready();
    let address = http::serve_operations(&process, &HttpSettings::default())
        .await
        .unwrap();
    assert_eq!(get(address, "/healthz").await, (200, "ok\n".to_owned()));
    bus.not_ready("disconnected");
    let (status, body) = get(address, "/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(
        body,
        r#"{"ready":false,"parts":{"bus":"disconnected","database":"ready"}}"#
    );
    bus.ready();
    assert_eq!(get(address, "/readyz").await.0, 200);
}

#[tokio::test]
async fn metrics_are_in_prometheus_text_form() {
    let _telemetry = kit::telemetry::install("test", &kit::LogSettings::default()).unwrap();
    let meter = opentelemetry::global::meter("rapport");
    let counter = meter
        .u64_counter("rapport_example")
        .with_description("An example")
        .build();
    counter.add(3, &[opentelemetry::KeyValue::new("stream", "changes")]);
    let process = Process::new("test", CancellationToken::new());
    let address = http::serve_operations(&process, &HttpSettings::default())
        .await
        .unwrap();
    let (status, body) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    assert!(
        body.contains("\nrapport_example_total{stream=\"changes\"} 3\n"),
        "{body}"
    );
}

#[tokio::test]
async fn a_stop_closes_the_listener() {
    let process = Process::new("test", CancellationToken::new());
    let address = http::serve_operations(&process, &HttpSettings::default())
        .await
        .unwrap();
    process.shutdown.cancel();
    process
        .tasks
        .finish(std::time::Duration::from_secs(10))
        .await
        .unwrap();
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}
