//! Takes feeds that are due, and runs a round of each.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use kit::{OnFailure, OnStop};
use provider::Fault;
use tracing::Instrument as _;

use super::{
    Connector, after,
    round::{End, Round},
};
use crate::{
    backoff::backoff,
    store::feeds::{self, Leased},
    trace,
};

/// Feeds that one look takes at most, so that other connectors get their share.
const AT_A_TIME: usize = 16;

impl Connector {
    /// Until the process stops: takes due feeds as long as there are places for rounds.
    pub(super) async fn read_due_feeds(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            let free = tokio::select! {
                () = self.process.shutdown.cancelled() => return,
                free = self.places.free() => free,
            };
            let lease = self.settings.feeds.lease_seconds;
            let full = self.places.full_tenants();
            let taken = feeds::take(&self.pool, free.min(AT_A_TIME), lease, &full).await;
            let taken = taken.inspect_err(|error| tracing::error!(%error, "no feed can be taken"));
            failures = if taken.is_ok() { 0 } else { failures + 1 };
            let taken = taken.unwrap_or_default();
            let none = taken.is_empty();
            for feed in taken {
                self.clone().spawn_round(feed);
            }
            if none {
                let wait = self.settings.feeds.due_check_seconds;
                let wait = wait.max(failing_wait(failures));
                tokio::select! {
                    () = self.process.shutdown.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                    () = self.woken.notified(), if failures == 0 => {}
                }
            }
        }
    }

    fn spawn_round(self: Arc<Self>, feed: Leased) {
        let tasks = self.process.tasks.clone();
        let place = self.places.round(&feed.key.tenant);
        let round = async move {
            self.read(feed).await;
            drop(place);
            self.woken.notify_one();
            anyhow::Ok(())
        };
        tasks.spawn("feed round", OnFailure::Log, OnStop::Wait, round);
    }

    /// One round under its lease, which is kept as long as the round goes on and given back at its end.
    async fn read(&self, feed: Leased) {
        let span = tracing::info_span!(
            parent: None,
            "feed.round",
            tenant = feed.key.tenant,
            sync = feed.key.sync,
            side = %feed.key.side,
            hinted = feed.hinted,
            result = tracing::field::Empty,
        );
        trace::adopt(&span, &feed.traceparent);
        self.metrics.round_began(feed.lag_seconds);
        let began = Instant::now();
        let end = async {
            tokio::select! {
                end = AssertUnwindSafe(self.round(&feed)).catch_unwind() => end.unwrap_or_else(|_| {
                    End::Fault(Fault::malformed("the code for this provider failed"))
                }),
                () = self.keep_lease(&feed) => End::Superseded,
            }
        };
        let end = end.instrument(span.clone()).await;
        span.record("result", end.word());
        self.metrics.round_ended(end.word());
        if matches!(end, End::Read { .. }) {
            kit::point("connector.read");
        }
        let release = span.in_scope(|| after::release(&end, began.elapsed(), &feed, self));
        if let Err(error) = feeds::release(&self.pool, &feed, &release).await {
            // The lease ends by itself, and the feed is taken again.
            tracing::error!(%error, "a lease cannot be given back");
        }
    }

    async fn round(&self, feed: &Leased) -> End {
        let Some(side) = self.definitions.side(&feed.key).filter(|side| side.read) else {
            return End::Undefined;
        };
        let end = Round::new(self, &side, feed).run().await;
        if matches!(end, End::Outdated) {
            let key = &feed.key;
            let fresh = self
                .definitions
                .refresh(Some((&key.tenant, &key.sync)))
                .await;
            if let Err(status) = fresh {
                tracing::warn!(code = ?status.code(), "control does not tell its definitions");
            }
        }
        end
    }

    /// Returns when the lease is lost.
    async fn keep_lease(&self, feed: &Leased) {
        let time = self.settings.feeds.lease_seconds;
        loop {
            tokio::time::sleep(time / 3).await;
            match feeds::keep(&self.pool, &feed.key, feed.lease, time).await {
                Ok(true) => {}
                Ok(false) => return,
                // Whether it is lost shows at the next try; the epoch keeps order meanwhile.
                Err(error) => tracing::warn!(%error, "a lease cannot be kept"),
            }
        }
    }
}

fn failing_wait(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        failures => backoff(failures, Duration::from_secs(1), Duration::from_secs(30)),
    }
}
