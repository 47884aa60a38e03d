//! One trace across gRPC, and its id in log lines.

use std::{
    io,
    sync::{Arc, Mutex},
};

use kit::{CancellationToken, GrpcSettings, Process, grpc};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{InMemorySpanExporter, SdkTracerProvider},
};
use pretty_assertions::assert_eq;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tracing::Instrument as _;
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _};

/// Log lines in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_call_is_in_its_callers_trace_and_log_lines_say_which() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let lines = Lines::default();
    let logs = kit::telemetry::json_lines(lines.clone());
    let subscriber = tracing_subscriber::registry()
        .with(kit::telemetry::spans(&provider))
        .with(logs);
    let _this_thread = tracing::subscriber::set_default(subscriber);

    let process = Process::new("test", CancellationToken::new());
    let address = grpc::serve(&process, &GrpcSettings::default(), grpc::Routes::default())
        .await
        .unwrap();
    let client = grpc::client(&format!("http://{address}")).unwrap();
    let root = tracing::info_span!("run");
    let trace_id = async {
        tracing::info!(count = 3, "about to ask");
        HealthClient::new(client)
            .check(HealthCheckRequest::default())
            .await
            .unwrap();
        kit::telemetry::trace_id()
    }
    .instrument(root)
    .await;

    provider.force_flush().unwrap();
    let finished = exporter.get_finished_spans().unwrap();
    let call = finished
        .iter()
        .find(|span| span.name == "grpc.health.v1.Health/Check")
        .unwrap();
    assert_eq!(call.span_context.trace_id().to_string(), trace_id);
    let run = finished.iter().find(|span| span.name == "run").unwrap();
    assert_eq!(call.parent_span_id, run.span_context.span_id());

    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line = written
        .lines()
        .find(|line| line.contains("about to ask"))
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["trace_id"], trace_id.as_str());
    assert_eq!(line["message"], "about to ask");
    assert_eq!(line["count"], 3);
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["spans"], serde_json::json!(["run"]));
}
