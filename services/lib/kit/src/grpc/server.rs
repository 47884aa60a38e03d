//! The gRPC server of a service.

use std::{any::Any, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tonic::{
    Status,
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};
use tracing::Span;

use super::trace;
use crate::{Health, OnFailure, OnStop, Process};

/// The longest that any call may take until it answers, whatever its caller allows.
const DEADLINE: Duration = Duration::from_mins(2);

/// Where a service answers gRPC.
#[derive(Debug, Clone, Args)]
pub struct GrpcSettings {
    /// Address for gRPC; port 0 takes a free one.
    #[arg(
        long = "grpc-listen",
        env = "RAPPORT_GRPC_LISTEN",
        default_value = "127.0.0.1:0"
    )]
    pub grpc_listen: SocketAddr,
}

impl Default for GrpcSettings {
    fn default() -> Self {
        Self {
            grpc_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}

/// Serves these routes with health and reflection until the process stops, and notes the address as `grpc`.
///
/// The health service follows the readiness of the process.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(
    process: &Process,
    settings: &GrpcSettings,
    routes: Routes,
) -> anyhow::Result<SocketAddr> {
    let listen = settings.grpc_listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen} for gRPC"))?;
    let address = listener.local_addr()?;
    process.announce("grpc", address);

    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .context("the descriptors of the contracts are malformed")?;
    let routes = routes.add_service(health).add_service(reflection);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .timeout(DEADLINE)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .layer(
            TraceLayer::new_for_grpc()
                .make_span_with(span)
                .on_request(())
                .on_response(())
                .on_failure(()),
        )
        .layer(CatchPanicLayer::custom(panicked))
        .add_routes(routes);

    let shutdown = process.shutdown.clone();
    process
        .tasks
        .spawn("grpc", OnFailure::ShutDown, OnStop::Wait, async move {
            server
                .serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned())
                .await
        });
    let readiness = process.health.clone();
    process
        .tasks
        .spawn("grpc health", OnFailure::Log, OnStop::Abort, async move {
            follow(readiness, reporter).await;
            anyhow::Ok(())
        });
    Ok(address)
}

/// Tells the health service what readiness says.
async fn follow(health: Health, reporter: HealthReporter) {
    let mut ready = health.watch();
    loop {
        let status = if *ready.borrow_and_update() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        reporter.set_service_status("", status).await;
        if ready.changed().await.is_err() {
            return;
        }
    }
}

/// The span of a call, inside its caller's trace.
fn span(request: &http::Request<tonic::body::Body>) -> Span {
    let path = request.uri().path().trim_start_matches('/');
    let span = tracing::info_span!(
        parent: None,
        "grpc",
        otel.name = path,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.method = path,
    );
    trace::adopt(&span, request.headers());
    span
}

/// A panic answers its own call and no other.
#[allow(
    clippy::needless_pass_by_value,
    reason = "the shape that the layer asks for"
)]
fn panicked(_reason: Box<dyn Any + Send + 'static>) -> http::Response<tonic::body::Body> {
    tracing::error!("a call panicked");
    Status::internal("the call failed inside the service; its log says where").into_http()
}
