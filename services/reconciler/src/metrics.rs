//! What the reconciler counts. Labels are words of ours, never a tenant, a sync or a person.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram, Meter},
};
use proto::write::outcome::Result as Answer;

use crate::{error::EngineError, ingest::Ingested, store::link::LinkState};

static METER: LazyLock<Meter> = LazyLock::new(|| global::meter("rapport"));

static BATCHES: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "rapport_batches",
        "Batches of changes by what became of them",
    )
});

static PLANS: LazyLock<Counter<u64>> =
    LazyLock::new(|| counter("rapport_plans", "Links planned, by their state after it"));

static OUTCOMES: LazyLock<Counter<u64>> =
    LazyLock::new(|| counter("rapport_outcomes", "Outcomes of writes by what they answer"));

static RELEASED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "rapport_outbox_released",
        "Writes handed out to writers, repeats included",
    )
});

static NOTICES: LazyLock<Counter<u64>> =
    LazyLock::new(|| counter("rapport_notices_published", "Notices published"));

static FROZEN: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "rapport_paths_frozen",
        "Paths of records frozen because their values bounce",
    )
});

static NOTIFYING: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "rapport_notifying_writes",
        "Writes of which providers were asked to tell guests",
    )
});

static GUESTS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    counter(
        "rapport_guests_notified",
        "Guests whom providers were asked to tell of writes",
    )
});

static SWEEPS: LazyLock<Counter<u64>> =
    LazyLock::new(|| counter("rapport_sweeps", "Sweeps that have ended"));

static SWEEP_FOUND: LazyLock<Counter<u64>> =
    LazyLock::new(|| counter("rapport_sweep_found", "What sweeps found, by what it is"));

static ADVANCE: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    METER
        .f64_histogram("rapport_advance_seconds")
        .with_description("How long it took to do all that a sync could do at once")
        .build()
});

static BEHIND: LazyLock<Gauge<u64>> = LazyLock::new(|| {
    METER
        .u64_gauge("rapport_database_behind")
        .with_description("1 while the database is older than what was done from it, else 0")
        .build()
});

fn counter(name: &'static str, about: &'static str) -> Counter<u64> {
    METER.u64_counter(name).with_description(about).build()
}

/// A batch of changes was applied or passed over, or could not be applied.
pub(crate) fn batch(verdict: &Result<Ingested, EngineError>) {
    let result = match verdict {
        Ok(Ingested::Applied) => "applied",
        Ok(Ingested::Repeated) => "repeated",
        Ok(Ingested::Gap) => "gap",
        Ok(Ingested::Unwanted) => "unwanted",
        Err(_) => "failed",
    };
    BATCHES.add(1, &[KeyValue::new("result", result)]);
}

/// A link was planned, and this is its state now.
pub(crate) fn plan(state: LinkState) {
    PLANS.add(1, &[KeyValue::new("state", state.word())]);
}

/// An outcome was taken, in the words of the writers' own metrics.
pub(crate) fn outcome(answer: Option<&Answer>) {
    let result = match answer {
        Some(Answer::Applied(_)) => "applied",
        Some(Answer::Stale(_)) => "stale",
        Some(Answer::Gone(_)) => "gone",
        Some(Answer::Refused(_)) => "refused",
        Some(Answer::Forbidden(_)) => "forbidden",
        Some(Answer::Unknown(_)) => "unknown",
        Some(Answer::NotAttempted(_)) => "not_attempted",
        Some(Answer::Existing(_)) => "existing",
        Some(Answer::Found(_)) => "found",
        None => "nothing",
    };
    OUTCOMES.add(1, &[KeyValue::new("result", result)]);
}

/// This many paths were frozen.
pub(crate) fn frozen(paths: usize) {
    add(&FROZEN, paths);
}

/// Providers were asked to tell guests of this many writes, and these are so many.
pub(crate) fn notified(writes: u64, guests: u64) {
    NOTIFYING.add(writes, &[]);
    GUESTS.add(guests, &[]);
}

/// A sweep has ended.
pub(crate) fn swept() {
    SWEEPS.add(1, &[]);
}

/// A sweep found links that were at rest although there was something to do, and bases that nothing explains.
pub(crate) fn sweep_found(differing: usize, unexplained: usize) {
    for (what, count) in [("differing", differing), ("unexplained", unexplained)] {
        if count > 0 {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            SWEEP_FOUND.add(count, &[KeyValue::new("what", what)]);
        }
    }
}

/// This many writes were handed out.
pub(crate) fn released(writes: usize) {
    add(&RELEASED, writes);
}

/// This many notices were published.
pub(crate) fn notices(published: usize) {
    add(&NOTICES, published);
}

/// A sync was advanced, which took so long.
pub(crate) fn advanced(took: Duration) {
    ADVANCE.record(took.as_secs_f64(), &[]);
}

/// Whether the database is older than what was done from it.
pub(crate) fn behind(behind: bool) {
    BEHIND.record(u64::from(behind), &[]);
}

fn add(counter: &Counter<u64>, count: usize) {
    if count > 0 {
        counter.add(u64::try_from(count).unwrap_or(u64::MAX), &[]);
    }
}
