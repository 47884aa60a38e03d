//! One trace from the publisher to the consumer.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{InMemorySpanExporter, SdkTracerProvider},
};
use pretty_assertions::assert_eq;
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{bus, changes, next};

#[tokio::test]
async fn publisher_and_consumer_are_in_one_trace() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _this_thread = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let (bus, _nats) = bus().await;
    let root = tracing::info_span!("push");
    async { bus.publish_changes(&changes("one", 1)).await.unwrap() }
        .instrument(root)
        .await;
    let mut deliveries = bus.changes().unwrap();
    let delivery = next(&mut deliveries).await;
    let span = delivery.span().clone();
    async {
        tracing::info_span!("apply").in_scope(|| ());
        delivery.ack().await.unwrap();
    }
    .instrument(span)
    .await;

    provider.force_flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    let find = |name: &str| {
        spans
            .iter()
            .find(|span| span.name == name)
            .unwrap_or_else(|| panic!("no span {name}"))
    };
    let (push, publish, process, apply) = (
        find("push"),
        find("publish changes"),
        find("process changes"),
        find("apply"),
    );
    assert_eq!(publish.parent_span_id, push.span_context.span_id());
    assert_eq!(process.parent_span_id, publish.span_context.span_id());
    assert_eq!(apply.parent_span_id, process.span_context.span_id());
    assert_eq!(apply.span_context.trace_id(), push.span_context.trace_id());
}
