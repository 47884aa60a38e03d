//! The reconciler's own functions, each called as its tasks call it, and killed where a process can be killed.

use model::Side;
use proto::{
    change::ChangeBatch,
    write::{OutcomeBatch, Write, WriteBatch, outcome::Result as Answer, write::Operation as What},
};
use reconciler::{
    advance,
    error::EngineError,
    ingest, outcome,
    release::{self, Limits},
    store::outbox,
};
use sqlx::Row as _;

use crate::{
    bus::Queue,
    coverage::Fault,
    definition::{key, provider},
    operation::{Crash, Death},
    provider::Fate,
    world::World,
};

/// Unanswered writes of an account, and writes in a message.
const LIMITS: Limits = Limits {
    window: 12,
    batch: 4,
};
/// A released write that nobody has claimed for so long is published again.
const REPEAT_AFTER_SECONDS: f64 = 60.0;

impl World {
    /// Takes a batch of changes; answers whether there was one.
    pub(crate) async fn ingest(&mut self, crash: Crash) -> bool {
        let Some(delivery) = self.bus.next::<ChangeBatch>(&Queue::Changes) else {
            return false;
        };
        self.set_clock().await;
        let mut transaction = self.store.pool.begin().await.expect("the store answers");
        let done = ingest::ingest(&mut transaction, &delivery.message).await;
        self.complain(done.map(|_| ()));
        match crash {
            Crash::BeforeCommit => {
                transaction.rollback().await.expect("the store rolls back");
                self.hit(Fault::IngestRolledBack);
                self.bus.give_back(delivery);
            }
            Crash::BeforeAcknowledgement => {
                transaction.commit().await.expect("the store commits");
                self.hit(Fault::IngestNotAcknowledged);
                self.bus.give_back(delivery);
            }
            Crash::Never => {
                transaction.commit().await.expect("the store commits");
                self.bus.acknowledge(delivery);
            }
        }
        true
    }

    /// Takes a batch of outcomes; answers whether there was one.
    pub(crate) async fn apply(&mut self, crash: Crash) -> bool {
        let Some(delivery) = self.bus.next::<OutcomeBatch>(&Queue::Outcomes) else {
            return false;
        };
        self.set_clock().await;
        let mut transaction = self.store.pool.begin().await.expect("the store answers");
        let done = outcome::apply(&mut transaction, &delivery.message).await;
        self.complain(done);
        if crash == Crash::BeforeCommit {
            transaction.rollback().await.expect("the store rolls back");
            self.hit(Fault::OutcomeRolledBack);
            self.bus.give_back(delivery);
            return true;
        }
        transaction.commit().await.expect("the store commits");
        if crash == Crash::BeforeAcknowledgement {
            self.hit(Fault::OutcomeNotAcknowledged);
        }
        for outcome in &delivery.message.outcomes {
            self.under_way.remove(&outcome.write);
            if let Some(Answer::Applied(applied)) = &outcome.result {
                for side in Side::ALL {
                    let provider = self.providers.get_mut(side);
                    provider.unanswered.remove(&applied.remote_id);
                }
            }
        }
        if crash == Crash::BeforeAcknowledgement {
            self.bus.give_back(delivery);
        } else {
            self.bus.acknowledge(delivery);
        }
        true
    }

    /// All is well for a moment: writes are under way afterwards, and only those that ask for records are answered.
    pub(crate) async fn turn(&mut self) {
        self.prepare().await;
        self.release(false).await;
    }

    /// Both sides are read, everything is planned, and what has to be read by its id is read; writes wait.
    pub(crate) async fn prepare(&mut self) {
        for side in Side::ALL {
            self.round(side, 0, 0).await;
        }
        while self.ingest(Crash::Never).await {}
        while self.apply(Crash::Never).await {}
        self.advance().await;
        if self.waits_for_reads().await {
            self.release(false).await;
            for side in Side::ALL {
                let queue = Queue::Writes(provider(side).to_owned());
                while self.bus.peek::<WriteBatch>(&queue).is_some_and(|batch| {
                    batch
                        .writes
                        .iter()
                        .all(|write| matches!(write.operation, Some(What::Read(_))))
                }) {
                    self.write(side, Fate::Well, Death::Never, 0).await;
                }
            }
            while self.apply(Crash::Never).await {}
            self.advance().await;
        }
    }

    /// Whether the outbox holds a reading.
    async fn waits_for_reads(&self) -> bool {
        let row = sqlx::query("SELECT EXISTS (SELECT FROM write WHERE status = 'queued' AND operation = 'read') AS waits")
            .fetch_one(&self.store.pool)
            .await
            .expect("the store answers");
        row.get("waits")
    }

    /// Does everything that can be done now.
    pub(crate) async fn advance(&mut self) {
        self.set_clock().await;
        let done = advance::advance(&self.store.pool, &key()).await;
        self.complain(done);
    }

    /// One step.
    pub(crate) async fn step(&mut self) {
        self.set_clock().await;
        let done = advance::step(&self.store.pool, &key()).await;
        self.complain(done.map(|_| ()));
    }

    /// Releases the outbox; answers how many writes went out.
    pub(crate) async fn release(&mut self, lost: bool) -> usize {
        self.set_clock().await;
        let mut count = 0;
        let mut connection = self.store.pool.acquire().await.expect("the store answers");
        let accounts = outbox::accounts(&mut connection, REPEAT_AFTER_SECONDS)
            .await
            .expect("the outbox answers");
        for account in accounts {
            let released = release::choose(&mut connection, &account, LIMITS, REPEAT_AFTER_SECONDS)
                .await
                .expect("the outbox releases");
            let mut writes: Vec<Write> = released
                .iter()
                .filter_map(|write| prost::Message::decode(write.body.as_slice()).ok())
                .collect();
            assert_eq!(writes.len(), released.len(), "every write can be read");
            // Those together that one call may make.
            writes.sort_by_key(|write| !matches!(write.operation, Some(What::Read(_))));
            count += writes.len();
            for write in &writes {
                self.under_way(write);
            }
            if lost && !writes.is_empty() {
                self.hit(Fault::ReleaseLost);
                continue;
            }
            let is_read = |write: &Write| matches!(write.operation, Some(What::Read(_)));
            let alike = writes.chunk_by(|one, other| is_read(one) == is_read(other));
            for chunk in alike.flat_map(|alike| alike.chunks(LIMITS.batch)) {
                let batch = WriteBatch {
                    tenant: account.tenant.clone(),
                    connection: account.connection.clone(),
                    provider: account.provider.clone(),
                    writes: chunk.to_vec(),
                };
                self.bus.publish_writes(&batch).expect("writes fit the bus");
            }
        }
        count
    }

    /// An error of the engine is a violation: nothing in a simulated world is malformed, and its store answers.
    pub(crate) fn complain(&mut self, result: Result<(), EngineError>) {
        if let Err(error) = result {
            self.violations
                .push(format!("the engine failed: {error:?}"));
        }
    }
}
