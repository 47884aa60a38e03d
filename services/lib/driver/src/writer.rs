//! The writer: makes the writes that the reconciler released, and says what became of each.
//!
//! | file | what |
//! |---|---|
//! | `delivery` | one message: writes of one connection, by sync, until every outcome is published |
//! | `claim` | claims, and answers that take no call |
//! | `making` | claims one batch, makes it, and answers each write |
//! | `guarded` | the provider's code, with a panic kept to the writes that it concerns |
//! | `outcomes` | outcomes as bounded messages |
//! | `pauses` | connections whose writes go back into the outbox for a while |
//!
//! The bus hands out one message of a connection at a time, so a provider account sees one write after the other.

mod claim;
mod delivery;
mod guarded;
mod making;
mod outcomes;
mod pauses;

use std::sync::Arc;

use bus::{Bus, Deliveries};
use kit::{CancellationToken, OnFailure, OnStop, Part, Process, grpc::Client};
use proto::{reconcile::claims_client::ClaimsClient, write::WriteBatch};
use provider::{About, HttpClient, Provider};

use self::{guarded::Suspects, pauses::Pauses};
use crate::{
    WriterSettings,
    definitions::{Definitions, Follower},
    telemetry::Metrics,
    tokens::Tokens,
};

/// What everything in a writer shares.
struct Writer {
    provider: Arc<dyn Provider>,
    about: About,
    http: Arc<HttpClient>,
    bus: Bus,
    claims: ClaimsClient<Client>,
    definitions: Arc<Definitions>,
    tokens: Tokens,
    pauses: Pauses,
    suspects: Suspects,
    metrics: Metrics,
    shutdown: CancellationToken,
}

/// Starts a writer on this process.
///
/// # Errors
/// NATS cannot be used, or an address of a peer is malformed.
pub async fn serve(
    provider: Arc<dyn Provider>,
    http: Arc<HttpClient>,
    settings: WriterSettings,
    process: Process,
) -> anyhow::Result<()> {
    let about = provider.about();
    let name = format!("{}-writer", about.provider);
    let bus = Bus::connect(settings.bus.clone(), &name).await?;
    let control = settings.peers.control.client()?;
    let reconciler = kit::grpc::client(&settings.peers.reconciler_url)?;
    let definitions = Arc::new(Definitions::new(control.clone(), about.provider));
    let period = settings.definitions_seconds;
    let follower = Follower::new(definitions.clone(), bus.clone(), period).await?;
    let deliveries = bus.writes(about.provider)?;
    let writer = Arc::new(Writer {
        metrics: Metrics::new(about.provider),
        claims: ClaimsClient::new(reconciler),
        tokens: Tokens::new(control),
        pauses: Pauses::default(),
        suspects: Suspects::default(),
        shutdown: process.shutdown.clone(),
        provider,
        about,
        http,
        bus,
        definitions,
    });
    writer.start(deliveries, follower, settings.batches_at_once, &process);
    Ok(())
}

impl Writer {
    fn start(
        self: Arc<Self>,
        deliveries: Deliveries<WriteBatch>,
        follower: Follower,
        limit: usize,
        process: &Process,
    ) {
        let name = format!("{} writer's definitions", self.about.provider);
        let part = process.health.part(&name);
        process.tasks.spawn(
            "definitions",
            OnFailure::ShutDown,
            OnStop::Abort,
            async move {
                follow(follower, part).await;
                anyhow::Ok(())
            },
        );
        let shutdown = process.shutdown.clone();
        process
            .tasks
            .spawn("writes", OnFailure::ShutDown, OnStop::Wait, async move {
                let handle = |delivery| self.clone().deliver(delivery);
                deliveries.for_each(limit.max(1), shutdown, handle).await;
                anyhow::Ok(())
            });
    }
}

/// Keeps definitions fresh.
async fn follow(mut follower: Follower, part: Part) {
    loop {
        follower.next().await;
        part.ready();
    }
}
