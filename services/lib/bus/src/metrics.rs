//! What the bus counts.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Meter},
};

static METER: LazyLock<Meter> = LazyLock::new(|| global::meter("rapport"));

static PUBLISHED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    METER
        .u64_counter("rapport_bus_published")
        .with_description("Messages that the server confirmed, by stream")
        .build()
});

static DELIVERED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    METER
        .u64_counter("rapport_bus_delivered")
        .with_description("Messages handed to a consumer, repeats included, by stream")
        .build()
});

static DEAD: LazyLock<Counter<u64>> = LazyLock::new(|| {
    METER
        .u64_counter("rapport_bus_dead")
        .with_description("Messages that could not be decoded, by stream")
        .build()
});

pub(crate) fn published(stream: &'static str) {
    PUBLISHED.add(1, &[KeyValue::new("stream", stream)]);
}

pub(crate) fn delivered(stream: &'static str) {
    DELIVERED.add(1, &[KeyValue::new("stream", stream)]);
}

pub(crate) fn dead(stream: &'static str) {
    DEAD.add(1, &[KeyValue::new("stream", stream)]);
}
