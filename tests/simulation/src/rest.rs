//! Coming to rest: nothing goes wrong any more, everything is delivered, and everyone waits long enough.

use model::Side;
use proto::{
    change::CollectionState,
    reconcile::{RetryRequest, StatusRequest, StatusResponse, syncs_server::Syncs as _},
};
use reconciler::store::sweep;
use tonic::Request;

use crate::{
    definition::{key, sync},
    operation::{Crash, Death},
    provider::Fate,
    world::{World, policies},
};

/// Longer than any horizon, time-out or wait of the engine, in microseconds.
const LONG: i64 = 700_000_000;
/// Long enough for a write to settle at a provider with stamps of whole seconds.
const SHORT: i64 = 10_000_000;
/// Turns of the outbox after which everything should be written.
const MOST_TURNS: usize = 100;
/// Rounds after which a world should be at rest.
const MOST_ROUNDS: usize = 40;

impl World {
    /// Comes to rest. What is left over is a violation.
    pub async fn come_to_rest(&mut self) {
        self.quiet = true;
        self.settle_down().await;
        for round in 0..MOST_ROUNDS {
            // Every other time as long as it takes for everything that is waited for by time, the next run included:
            // that one looks at twins again.
            let long = round % 2 == 1;
            self.now += if long { LONG } else { SHORT };
            for side in Side::ALL {
                self.round(side, 0, 0).await;
            }
            let moved = self.deliver_everything().await;
            self.tell(&format!("rest {round}")).await;
            let status = self.status().await;
            if self.answer(&status, round).await {
                continue;
            }
            let counts = status.counts.unwrap_or_default();
            let open = counts.pending + counts.deferred + status.open_writes;
            if status.phase == "live" && !moved && open == 0 && long && round > 1 {
                // What a one-way sync left alone shows when everything is compared.
                if std::mem::take(&mut self.to_be_swept) {
                    self.sweep().await;
                    continue;
                }
                // What is still counted was revoked on its way.
                self.under_way.clear();
                self.quiet = false;
                return;
            }
        }
        self.violations.push(format!(
            "the world does not come to rest: {:?}; {:?}",
            self.status().await,
            self.under_way
        ));
        self.quiet = false;
    }

    /// Whoever still reads finishes, nothing is hidden, and the definition wants a plain two-way sync.
    async fn settle_down(&mut self) {
        for side in Side::ALL {
            while self.read_page(side) || self.read_stalled(side) {}
        }
        self.providers.left.hidden.clear();
        for side in Side::ALL {
            self.providers.get_mut(side).collection = CollectionState::Present;
        }
        let before = self.definition.clone();
        "active".clone_into(&mut self.definition.state);
        let policies = policies(&mut self.definition);
        policies.cap_later_runs = 0;
        // The first time, a one-way sync comes to rest as what it is.
        if policies.direction != "both" && self.rests > 0 {
            "both".clone_into(&mut policies.direction);
            self.definition.generation += 1;
        }
        self.rests += 1;
        if self.definition != before {
            self.define().await;
        }
    }

    /// Everything that is on its way arrives, and what follows from it; answers whether a provider was written to, or
    /// an answer came: the next run looks at what it left over, twins for one.
    async fn deliver_everything(&mut self) -> bool {
        let before = self.mutations();
        let mut answered = false;
        while self.ingest(Crash::Never).await {}
        while self.apply(Crash::Never).await {
            answered = true;
        }
        self.advance().await;
        for _ in 0..MOST_TURNS {
            let released = self.release(false).await;
            let mut written = false;
            for side in Side::ALL {
                while self.write(side, Fate::Well, Death::Never, 0).await {
                    written = true;
                }
            }
            let mut applied = false;
            while self.apply(Crash::Never).await {
                applied = true;
            }
            if applied {
                self.advance().await;
            }
            answered |= applied;
            if released == 0 && !written {
                return answered || self.mutations() > before;
            }
        }
        self.violations
            .push("writes follow each other without an end".to_owned());
        true
    }

    /// What a person does about a sync that waits for a word; answers whether anything was done.
    async fn answer(&mut self, status: &StatusResponse, round: usize) -> bool {
        let counts = status.counts.unwrap_or_default();
        if status.phase == "paused" {
            return self.resume(round.is_multiple_of(2)).await;
        }
        // What is refused for good stays aside however often it is tried.
        let refuses = Side::ALL
            .into_iter()
            .any(|side| !self.providers.get(side).refused.is_empty());
        let patience = if refuses { 2 } else { 6 };
        if counts.set_aside > 0 && round < patience {
            self.set_clock().await;
            let request = RetryRequest {
                sync: Some(sync()),
                record: String::new(),
            };
            let retried = self.service().retry(Request::new(request)).await;
            return retried.is_ok();
        }
        false
    }

    /// The sync's period of being compared completely is over.
    async fn sweep(&self) {
        self.set_clock().await;
        let mut connection = self.store.pool.acquire().await.expect("the store answers");
        sweep::begin(&mut connection, &key())
            .await
            .expect("a sweep begins");
    }

    /// What the sync says of itself.
    pub(crate) async fn status(&self) -> StatusResponse {
        self.set_clock().await;
        let request = StatusRequest { sync: Some(sync()) };
        let status = self.service().status(Request::new(request)).await;
        status
            .expect("the reconciler tells its status")
            .into_inner()
    }

    /// Changes that our writers made at both providers.
    pub(crate) fn mutations(&self) -> u64 {
        self.providers.left.mutations + self.providers.right.mutations
    }

    /// Both sides are read once more from the beginning: at rest, nothing is written.
    pub async fn listen_for_an_echo(&mut self) {
        self.quiet = true;
        let before = self.mutations();
        for everything in [false, true] {
            for side in Side::ALL {
                if everything {
                    self.expire(side);
                }
                self.round(side, 0, 1).await;
            }
            self.now += LONG;
            self.deliver_everything().await;
            self.tell("after rest").await;
        }
        if self.mutations() > before {
            let writes = self.mutations() - before;
            self.violations.push(format!(
                "an echo: {writes} writes after the world was at rest"
            ));
        }
        self.quiet = false;
    }
}
