//! What the driver counts. Labels name the provider and words of ours, never a tenant, a sync or a person.

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram},
};

/// The metrics of a provider's connector and writer.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    provider: &'static str,
    rounds: Counter<u64>,
    lag: Histogram<f64>,
    changes: Counter<u64>,
    pushes: Counter<u64>,
    channels: Counter<u64>,
    writes: Counter<u64>,
    batch_seconds: Histogram<f64>,
}

impl Metrics {
    pub(crate) fn new(provider: &'static str) -> Self {
        let meter = global::meter("rapport");
        let counter = |name: &'static str, about: &'static str| {
            meter.u64_counter(name).with_description(about).build()
        };
        let histogram = |name: &'static str, about: &'static str| {
            meter.f64_histogram(name).with_description(about).build()
        };
        Self {
            provider,
            rounds: counter("rapport_feed_rounds", "Rounds of feeds by result"),
            lag: histogram(
                "rapport_feed_lag_seconds",
                "How long after its due time a round began",
            ),
            changes: counter(
                "rapport_feed_changes",
                "Changes published by what they show",
            ),
            pushes: counter("rapport_push", "Pushes received by result"),
            channels: counter("rapport_push_channels", "Work on push channels by result"),
            writes: counter("rapport_writes", "Writes by outcome"),
            batch_seconds: histogram(
                "rapport_write_batch_seconds",
                "How long the provider took for a batch of writes",
            ),
        }
    }

    pub(crate) fn round_began(&self, lag_seconds: f64) {
        self.lag.record(lag_seconds.max(0.0), &[self.of()]);
    }

    pub(crate) fn round_ended(&self, result: &'static str) {
        self.rounds
            .add(1, &[self.of(), KeyValue::new("result", result)]);
    }

    pub(crate) fn changes(&self, what: &'static str, count: u64) {
        if count > 0 {
            self.changes
                .add(count, &[self.of(), KeyValue::new("what", what)]);
        }
    }

    pub(crate) fn push(&self, result: &'static str) {
        self.pushes
            .add(1, &[self.of(), KeyValue::new("result", result)]);
    }

    pub(crate) fn channel(&self, result: &'static str) {
        self.channels
            .add(1, &[self.of(), KeyValue::new("result", result)]);
    }

    pub(crate) fn write(&self, outcome: &'static str) {
        self.writes
            .add(1, &[self.of(), KeyValue::new("outcome", outcome)]);
    }

    pub(crate) fn batch(&self, kind: &'static str, seconds: f64) {
        self.batch_seconds
            .record(seconds, &[self.of(), KeyValue::new("kind", kind)]);
    }

    fn of(&self) -> KeyValue {
        KeyValue::new("provider", self.provider)
    }
}
