//! HTTP servers of a process: health, readiness and metrics, and any router that a service brings.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use tokio::net::TcpListener;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use crate::{Health, HttpSettings, OnFailure, OnStop, Process, telemetry};

/// How long a request may take.
const LONGEST: Duration = Duration::from_secs(30);

/// Serves `/healthz` (the process lives), `/readyz` (it can do its work, with the state of each part) and
/// `/metrics` (Prometheus text), and notes the address as `http`.
pub async fn serve_operations(
    process: &Process,
    settings: &HttpSettings,
) -> anyhow::Result<SocketAddr> {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(process.health.clone());
    serve(process, "http", settings.listen, router).await
}

/// Serves a router under a name until the process stops, and notes its address under that name. Requests are
/// bounded in time; a panic answers its own request and no other.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(
    process: &Process,
    name: &str,
    listen: SocketAddr,
    router: Router,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen} for {name}"))?;
    let address = listener.local_addr()?;
    process.announce(name, address);
    let router = router
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            LONGEST,
        ))
        .layer(CatchPanicLayer::new());
    let shutdown = process.shutdown.clone();
    process
        .tasks
        .spawn(name, OnFailure::ShutDown, OnStop::Wait, async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(shutdown.cancelled_owned())
                .await
        });
    Ok(address)
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let report = health.report();
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(report))
}

async fn metrics() -> impl IntoResponse {
    match telemetry::metrics_text() {
        Ok(text) => (
            StatusCode::OK,
            [(http::header::CONTENT_TYPE, "text/plain; version=0.0.4")],
            text,
        ),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(http::header::CONTENT_TYPE, "text/plain; version=0.0.4")],
            error.to_string(),
        ),
    }
}
