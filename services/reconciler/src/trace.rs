//! The trace that a change travels in, as the outbox keeps it: W3C `traceparent`.

use std::collections::HashMap;

use opentelemetry::{global, trace::TraceContextExt as _};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The current span's `traceparent`; empty when nothing is traced.
pub(crate) fn current() -> String {
    let mut headers: HashMap<String, String> = HashMap::new();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&Span::current().context(), &mut headers);
    });
    headers.remove("traceparent").unwrap_or_default()
}

/// The trace id within a `traceparent`; empty when there is none.
pub(crate) fn trace_id(traceparent: &str) -> &str {
    traceparent.split('-').nth(1).unwrap_or_default()
}

/// Puts a span that is not entered yet into the trace that a `traceparent` names.
pub(crate) fn continue_from(span: &Span, traceparent: &str) {
    let headers = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    if context.span().span_context().is_valid() {
        // Only a disabled span refuses a parent, and then nothing is traced.
        let _ = span.set_parent(context);
    }
}
