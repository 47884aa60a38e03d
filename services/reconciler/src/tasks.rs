//! The reconciler's long-running tasks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bus::Bus;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kit::{CancellationToken, OnFailure, OnStop, Process, grpc::Client};
use proto::{change::ChangeBatch, write::OutcomeBatch};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    advance,
    applied::Applied,
    error::EngineError,
    ingest::{self, Ingested},
    intake, metrics, outcome, release,
    store::{SyncKey, notice, statistics, sweep, sync},
    tide::{self, Tide},
    wake::Wake,
};

/// Messages of writers worked on at a time; those of one sync wait for each other anyway.
const OUTCOMES_AT_ONCE: usize = 8;
/// Processors, of which at least so many are counted upon.
const PROCESSORS: usize = 2;
/// How often it is looked which syncs have something to do, whatever hints were lost.
const LOOK: Duration = Duration::from_secs(2);
/// How often it is looked which syncs are due for a sweep.
const SWEEPS: Duration = Duration::from_secs(5);
/// How often the outbox is looked at.
const RELEASE: Duration = Duration::from_millis(250);
/// Notices published in one transaction.
const NOTICES: i64 = 500;
/// Notices on their way to the server at a time.
const NOTICES_AT_ONCE: usize = 64;
/// How often it is looked which tables have grown beyond what PostgreSQL knows of them.
const GROWTH: Duration = Duration::from_secs(1);
/// How often definitions are asked for.
const REFRESH: Duration = Duration::from_mins(1);
/// How long to wait for a peer that does not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// What the tasks share.
#[derive(Clone)]
pub(crate) struct Engine {
    /// The store.
    pub(crate) pool: PgPool,
    /// The bus.
    pub(crate) bus: Bus,
    /// Wakes syncs and the outbox.
    pub(crate) wake: Arc<Wake>,
    /// Tells connectors when a batch is applied.
    pub(crate) applied: Arc<Applied>,
    /// Tells whether the store went back: then nothing is done.
    pub(crate) tide: Arc<Tide>,
    /// Control.
    pub(crate) control: Client,
    /// Unanswered writes per account.
    pub(crate) window: usize,
    /// The period within which each sync is compared completely.
    pub(crate) sweep: Duration,
}

/// How many batches of changes are taken at a time, and how many syncs advanced: no more than there are processors for.
/// What is begun is to be finished first, and outcomes have more places than what leads to more writes.
fn begun_at_once() -> usize {
    let processors = std::thread::available_parallelism();
    processors.map_or(PROCESSORS, |count| count.get().max(PROCESSORS))
}

impl Engine {
    /// Starts every task.
    pub(crate) fn start(self, process: &Process) -> anyhow::Result<()> {
        let tasks = &process.tasks;
        let stop = &process.shutdown;
        let definitions = process.health.part("definitions");
        let engine = self.clone();
        tasks.spawn(
            "definitions",
            OnFailure::ShutDown,
            OnStop::Abort,
            async move { engine.definitions(&definitions).await },
        );
        let (engine, token) = (self.clone(), stop.clone());
        let changes = self.bus.changes()?;
        tasks.spawn("changes", OnFailure::ShutDown, OnStop::Wait, async move {
            engine.changes(changes, token).await
        });
        let (engine, token) = (self.clone(), stop.clone());
        let outcomes = self.bus.outcomes()?;
        tasks.spawn("outcomes", OnFailure::ShutDown, OnStop::Wait, async move {
            engine.outcomes(outcomes, token).await
        });
        for _ in 0..begun_at_once() {
            let (engine, token) = (self.clone(), stop.clone());
            tasks.spawn("advance", OnFailure::ShutDown, OnStop::Wait, async move {
                engine.advance(token).await
            });
        }
        let (engine, part) = (self.clone(), process.health.part("tide"));
        tasks.spawn("tide", OnFailure::ShutDown, OnStop::Abort, async move {
            engine.watch_tide(&part).await
        });
        let engine = self.clone();
        tasks.spawn("look", OnFailure::ShutDown, OnStop::Abort, async move {
            engine.look().await
        });
        let engine = self.clone();
        tasks.spawn(
            "statistics",
            OnFailure::ShutDown,
            OnStop::Abort,
            async move { engine.statistics().await },
        );
        let engine = self.clone();
        tasks.spawn("sweeps", OnFailure::ShutDown, OnStop::Abort, async move {
            engine.sweeps().await
        });
        let (engine, token) = (self.clone(), stop.clone());
        tasks.spawn("outbox", OnFailure::ShutDown, OnStop::Wait, async move {
            engine.outbox(token).await
        });
        let (engine, token) = (self, stop.clone());
        tasks.spawn("notices", OnFailure::ShutDown, OnStop::Wait, async move {
            engine.notices(token).await
        });
        Ok(())
    }

    /// Compares the database with its copies from time to time, and whenever NATS comes back.
    async fn watch_tide(&self, part: &kit::Part) -> anyhow::Result<()> {
        let mut connection = self.bus.connection();
        loop {
            match self.tide.look().await {
                Ok(level) if level.behind => part.not_ready(tide::BEHIND),
                Ok(_) => part.ready(),
                // What is known holds until PostgreSQL and NATS both answer, and both have parts of their own.
                Err(error) => tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the tide cannot be read"
                ),
            }
            tokio::select! {
                changed = connection.changed() => changed?,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn definitions(&self, health: &kit::Part) -> anyhow::Result<()> {
        let mut watch = self.bus.watch_changed().await?;
        let mut which = String::new();
        loop {
            if self.tide.is_behind() {
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            match intake::refresh(&self.pool, &self.control, &which).await {
                Ok(keys) => {
                    health.ready();
                    self.wake_all(&keys);
                    which.clear();
                }
                Err(error) => {
                    health.not_ready("control does not answer");
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "definitions are old"
                    );
                    tokio::time::sleep(AGAIN).await;
                    which.clear();
                    continue;
                }
            }
            tokio::select! {
                changed = watch.next() => match changed {
                    Some(changed) => which = changed.sync,
                    None => anyhow::bail!("the bus has closed"),
                },
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }

    fn wake_all(&self, keys: &[SyncKey]) {
        for key in keys {
            self.wake.sync(key);
        }
    }

    async fn changes(
        self,
        deliveries: bus::Deliveries<ChangeBatch>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let engine = Arc::new(self);
        deliveries
            .for_each(begun_at_once(), stop, move |delivery| {
                let engine = engine.clone();
                async move {
                    if engine.tide.is_behind() {
                        return delivery.retry_after(LOOK);
                    }
                    let verdict = engine.ingest(&delivery.message).await;
                    metrics::batch(&verdict);
                    match verdict {
                        Ok(verdict) => {
                            if verdict != Ingested::Applied {
                                tracing::debug!(?verdict, "a batch was passed over");
                            }
                            let key =
                                SyncKey::new(&delivery.message.tenant, &delivery.message.sync);
                            kit::point("reconciler.ingested");
                            engine.wake.sync(&key);
                            engine.applied.tell(&key);
                            // An acknowledgement that is lost brings a repeat, which is passed over.
                            let _ = delivery.ack().await;
                        }
                        Err(error) => {
                            complain(&error, "a batch of changes was not applied");
                            give_back(delivery, &error).await;
                        }
                    }
                }
            })
            .await;
        Ok(())
    }

    async fn ingest(&self, batch: &ChangeBatch) -> Result<Ingested, EngineError> {
        let mut transaction = self.pool.begin().await?;
        let verdict = ingest::ingest(&mut transaction, batch).await?;
        transaction.commit().await?;
        Ok(verdict)
    }

    async fn outcomes(
        self,
        deliveries: bus::Deliveries<OutcomeBatch>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let engine = Arc::new(self);
        deliveries
            .for_each(OUTCOMES_AT_ONCE, stop, move |delivery| {
                let engine = engine.clone();
                async move {
                    if engine.tide.is_behind() {
                        return delivery.retry_after(LOOK);
                    }
                    match engine.apply(&delivery.message).await {
                        Ok(()) => {
                            let key =
                                SyncKey::new(&delivery.message.tenant, &delivery.message.sync);
                            kit::point("reconciler.answered");
                            engine.wake.sync(&key);
                            engine.wake.outbox();
                            let _ = delivery.ack().await;
                        }
                        Err(error) => {
                            complain(&error, "a batch of outcomes was not applied");
                            give_back(delivery, &error).await;
                        }
                    }
                }
            })
            .await;
        Ok(())
    }

    async fn apply(&self, batch: &OutcomeBatch) -> Result<(), EngineError> {
        let mut transaction = self.pool.begin().await?;
        outcome::apply(&mut transaction, batch).await?;
        transaction.commit().await?;
        for outcome in &batch.outcomes {
            metrics::outcome(outcome.result.as_ref());
        }
        Ok(())
    }

    async fn advance(self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            let key = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                key = self.wake.next() => key,
            };
            if self.tide.is_behind() {
                continue;
            }
            let began = Instant::now();
            if let Err(error) = advance::advance(&self.pool, &key).await {
                complain(&error, "a sync could not be advanced");
            }
            metrics::advanced(began.elapsed());
            self.wake.outbox();
        }
    }

    async fn look(&self) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(LOOK).await;
            let keys = async {
                let mut connection = self.pool.acquire().await?;
                Ok::<_, EngineError>(sync::with_chores(&mut connection).await?)
            };
            match keys.await {
                Ok(keys) => self.wake_all(&keys),
                Err(error) => complain(&error, "the syncs could not be listed"),
            }
        }
    }

    /// Has PostgreSQL look again at tables that grew.
    async fn statistics(&self) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(GROWTH).await;
            if let Err(error) = statistics::refresh(&self.pool).await {
                complain(&error.into(), "tables could not be analysed");
            }
        }
    }

    /// Begins the sweeps that are due; connectors then read everything, and [`advance`] compares.
    async fn sweeps(&self) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(SWEEPS).await;
            if self.tide.is_behind() {
                continue;
            }
            let begun = async {
                let mut connection = self.pool.acquire().await?;
                Ok::<_, EngineError>(sweep::begin_due(&mut connection, self.sweep).await?)
            };
            match begun.await {
                Ok(keys) => self.wake_all(&keys),
                Err(error) => complain(&error, "no sweep could be begun"),
            }
        }
    }

    async fn outbox(self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            match self.release().await {
                Ok(writes) => metrics::released(writes),
                Err(error) => {
                    complain(&error, "the outbox could not be released");
                    tokio::time::sleep(AGAIN).await;
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.wake.outbox_woken() => {}
                () = tokio::time::sleep(RELEASE) => {}
            }
        }
    }

    async fn release(&self) -> Result<usize, EngineError> {
        if self.tide.is_behind() {
            return Ok(0);
        }
        release::release(&self.pool, &self.bus, self.window).await
    }

    async fn notices(self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            let more = match self.publish_notices().await {
                Ok(published) => published > 0,
                Err(error) => {
                    complain(&error, "notices could not be published");
                    tokio::time::sleep(AGAIN).await;
                    false
                }
            };
            let pause = if more { Duration::ZERO } else { RELEASE };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn publish_notices(&self) -> Result<usize, EngineError> {
        if self.tide.is_behind() {
            return Ok(0);
        }
        let mut transaction = self.pool.begin().await?;
        let notices = notice::unpublished(&mut transaction, NOTICES).await?;
        if notices.is_empty() {
            return Ok(0);
        }
        // Each has its own id and stands for itself: their order says nothing.
        let published: Vec<Uuid> = stream::iter(notices)
            .map(|notice| {
                let bus = self.bus.clone();
                async move {
                    bus.publish_notice(&notice.event).await?;
                    Ok::<_, EngineError>(notice.id)
                }
            })
            .buffer_unordered(NOTICES_AT_ONCE)
            .try_collect()
            .await?;
        kit::point("reconciler.noticed");
        notice::published(&mut transaction, &published).await?;
        transaction.commit().await?;
        metrics::notices(published.len());
        Ok(published.len())
    }
}

/// A message that makes no sense never will: what it stood for is derived again, a feed from its stored
/// cursor and a write by its time-out. Everything else comes again.
async fn give_back<T: prost::Message + Default + 'static>(
    delivery: bus::Delivery<T>,
    error: &EngineError,
) {
    if matches!(error, EngineError::Malformed(_)) {
        let _ = delivery.ack().await;
    } else {
        delivery.retry();
    }
}

/// Logged where it is handled, once, without what the message held.
fn complain(error: &EngineError, what: &'static str) {
    tracing::error!(error = error as &dyn std::error::Error, "{what}");
}
