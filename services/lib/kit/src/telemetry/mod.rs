//! Logs, traces and metrics of a process.
//!
//! Logs go to standard error, one line each, with the trace they belong to. Traces are always made, since
//! their ids travel through gRPC and NATS and end up in notices; they are exported only where an OTLP
//! endpoint is configured. Metrics are scraped at `/metrics`; their names start with `rapport_`.
//! Nothing that is recorded holds personal data or secrets.

mod json;

use std::{sync::OnceLock, time::Duration};

use anyhow::Context as _;
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource, metrics::SdkMeterProvider, propagation::TraceContextPropagator,
    trace::SdkTracerProvider,
};
use prometheus::Registry;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{MakeWriter, format::JsonFields},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{LogFormat, LogSettings};

static METRICS: OnceLock<Registry> = OnceLock::new();

/// How long the last spans get to leave the process.
const FLUSH: Duration = Duration::from_secs(5);

/// The installed telemetry of this process.
#[derive(Debug)]
pub struct Telemetry {
    traces: SdkTracerProvider,
}

/// Installs logs, traces and metrics for this process, once. Call it inside the runtime.
///
/// # Errors
/// The log filter or the OTLP endpoint is malformed, or telemetry is installed already.
pub fn install(name: &'static str, settings: &LogSettings) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_new(&settings.filter)
        .with_context(|| format!("the log filter `{}` is malformed", settings.filter))?;
    let resource = Resource::builder()
        .with_service_name(name)
        .with_attribute(opentelemetry::KeyValue::new("service.namespace", "rapport"))
        .build();
    let traces = traces(settings, resource.clone())?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_tracer_provider(traces.clone());
    install_metrics(resource)?;

    let lines = match settings.log_format {
        LogFormat::Json => json_lines(std::io::stderr).boxed(),
        LogFormat::Pretty => tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(spans(&traces))
        .with(lines.with_filter(filter))
        .try_init()
        .context("telemetry is installed already")?;
    Ok(Telemetry { traces })
}

/// Spans as traces of this provider, whatever is logged: a quiet log still has its trace ids.
pub fn spans<S>(provider: &SdkTracerProvider) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + Send + Sync + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("rapport"))
        .with_location(false)
        .with_threads(false)
        .with_filter(LevelFilter::INFO)
}

/// Log lines as JSON objects with the trace that they belong to, into this writer.
pub fn json_lines<S, W>(writer: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .event_format(json::Json)
        .fmt_fields(JsonFields::new())
        .with_writer(writer)
}

fn traces(settings: &LogSettings, resource: Resource) -> anyhow::Result<SdkTracerProvider> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = settings
        .otlp_endpoint
        .as_deref()
        .filter(|endpoint| !endpoint.is_empty())
    else {
        return Ok(builder.build());
    };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .with_context(|| format!("cannot export traces to {endpoint}"))?;
    Ok(builder.with_batch_exporter(exporter).build())
}

fn install_metrics(resource: Resource) -> anyhow::Result<()> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()?;
    let provider = SdkMeterProvider::builder()
        .with_reader(exporter)
        .with_resource(resource)
        .build();
    global::set_meter_provider(provider);
    // A second installation fails at the subscriber; the first registry stays in use.
    let _first_wins = METRICS.set(registry);
    Ok(())
}

impl Telemetry {
    /// Sends what has not been exported yet, for a few seconds at most.
    pub async fn flush(self) {
        let flushed =
            tokio::task::spawn_blocking(move || self.traces.shutdown_with_timeout(FLUSH)).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "the last traces could not be exported");
        }
    }
}

/// All metrics in Prometheus' text form; empty when telemetry is not installed.
pub fn metrics_text() -> Result<String, prometheus::Error> {
    let Some(registry) = METRICS.get() else {
        return Ok(String::new());
    };
    prometheus::TextEncoder::new().encode_to_string(&registry.gather())
}

/// The trace that the current span belongs to, as 32 hexadecimal digits; empty outside of any.
pub fn trace_id() -> String {
    use opentelemetry::trace::TraceContextExt as _;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    let context = tracing::Span::current().context();
    let span = context.span();
    let span_context = span.span_context();
    if span_context.is_valid() {
        span_context.trace_id().to_string()
    } else {
        String::new()
    }
}
