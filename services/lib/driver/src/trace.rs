//! A trace as text, to be stored with a hint and continued by the round that it leads to.

use std::collections::HashMap;

use opentelemetry::global;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const HEADER: &str = "traceparent";

/// The current trace in W3C form; empty outside of any.
pub(crate) fn current() -> String {
    let context = Span::current().context();
    let mut carrier = HashMap::new();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    carrier.remove(HEADER).unwrap_or_default()
}

/// Makes a new span a part of a stored trace.
pub(crate) fn adopt(span: &Span, traceparent: &str) {
    if traceparent.is_empty() {
        return;
    }
    let carrier = HashMap::from([(HEADER.to_owned(), traceparent.to_owned())]);
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&carrier));
    // Only a span that telemetry does not record refuses a parent.
    let _unrecorded = span.set_parent(context);
}
