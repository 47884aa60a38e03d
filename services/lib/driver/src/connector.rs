//! The connector: reads what a provider shows and publishes it.
//!
//! | file | what |
//! |---|---|
//! | `service` | the gRPC service `Connector` |
//! | `due` | takes feeds that are due, one task a round |
//! | `places` | how many rounds there are, so that none keeps others out |
//! | `round` | one round of one feed, from `Begin` to applied |
//! | `pages` | reads one page, and what a fault of it means |
//! | `batches` | a page as bounded batches |
//! | `overlap` | what a round shows again is not published again |
//! | `ahead` | publishes batches, a bounded number ahead of what is applied |
//! | `after` | when a feed is read next |
//! | `channels` | opens, replaces and closes push channels |
//! | `receiver` | receives pushes |
//! | `hints` | stores together what pushes say together |

mod after;
mod ahead;
mod batches;
mod channels;
mod due;
mod hints;
mod overlap;
mod pages;
mod places;
mod receiver;
mod round;
mod service;

use std::sync::Arc;

use bus::Bus;
use kit::{OnFailure, OnStop, Process, Schema, grpc::Client};
use proto::reconcile::positions_client::PositionsClient;
use provider::{About, HttpClient, Provider};
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::{
    ConnectorSettings,
    definitions::{Definitions, Follower, Refreshed},
    store::feeds::{self, Defined},
    telemetry::Metrics,
    tokens::Tokens,
    trace,
};

/// What everything in a connector shares.
struct Connector {
    provider: Arc<dyn Provider>,
    about: About,
    http: Arc<HttpClient>,
    pool: PgPool,
    bus: Bus,
    positions: PositionsClient<Client>,
    definitions: Arc<Definitions>,
    tokens: Tokens,
    places: places::Places,
    turns: pages::Turns,
    overlaps: overlap::Overlaps,
    metrics: Metrics,
    settings: ConnectorSettings,
    process: Process,
    /// A feed may have become due.
    woken: Notify,
}

/// Starts a connector on this process and returns when it listens.
///
/// Its schema must have been migrated. The process announces `grpc`, and `push` where a public URL is set.
///
/// # Errors
/// The database, NATS or an address to listen on cannot be used.
pub async fn serve(
    provider: Arc<dyn Provider>,
    http: Arc<HttpClient>,
    schema: &'static Schema,
    settings: ConnectorSettings,
    process: Process,
) -> anyhow::Result<()> {
    let about = provider.about();
    let pool = schema.open(&settings.database).await?;
    let name = format!("{}-connector", about.provider);
    let bus = Bus::connect(settings.bus.clone(), &name).await?;
    let control = settings.peers.control.client()?;
    let reconciler = kit::grpc::client(&settings.peers.reconciler_url)?;
    let definitions = Arc::new(Definitions::new(control.clone(), about.provider));
    let period = settings.feeds.definitions_seconds;
    let follower = Follower::new(definitions.clone(), bus.clone(), period).await?;
    let connector = Arc::new(Connector {
        places: places::Places::new(settings.feeds.rounds_at_once),
        turns: pages::Turns::default(),
        overlaps: overlap::Overlaps::default(),
        metrics: Metrics::new(about.provider),
        positions: PositionsClient::new(reconciler),
        tokens: Tokens::new(control),
        woken: Notify::new(),
        provider,
        about,
        http,
        pool,
        bus,
        definitions,
        settings,
        process,
    });
    connector.clone().start(follower).await
}

impl Connector {
    async fn start(self: Arc<Self>, follower: Follower) -> anyhow::Result<()> {
        service::serve(self.clone()).await?;
        receiver::serve(self.clone()).await?;
        let tasks = &self.process.tasks;
        let connector = self.clone();
        tasks.spawn(
            "definitions",
            OnFailure::ShutDown,
            OnStop::Abort,
            async move {
                connector.follow(follower).await;
                anyhow::Ok(())
            },
        );
        let connector = self.clone();
        tasks.spawn("due feeds", OnFailure::ShutDown, OnStop::Wait, async move {
            connector.read_due_feeds().await;
            anyhow::Ok(())
        });
        let connector = self.clone();
        tasks.spawn(
            "push channels",
            OnFailure::ShutDown,
            OnStop::Abort,
            async move {
                connector.keep_channels().await;
                anyhow::Ok(())
            },
        );
        Ok(())
    }

    /// Keeps feeds in step with definitions.
    async fn follow(&self, mut follower: Follower) {
        let name = format!("{} connector's definitions", self.about.provider);
        let part = self.process.health.part(&name);
        loop {
            let refreshed = follower.next().await;
            match self.define(&refreshed).await {
                Ok(()) => part.ready(),
                Err(error) => {
                    tracing::error!(%error, "feeds cannot be kept in step with definitions");
                    part.not_ready("the database fails");
                }
            }
            self.woken.notify_one();
        }
    }

    async fn define(&self, refreshed: &Refreshed) -> Result<(), sqlx::Error> {
        let defined: Vec<Defined> = refreshed
            .sides
            .iter()
            .map(|side| Defined {
                key: side.key(),
                connection: side.scope.connection.clone(),
                generation: side.generation,
                wanted: side.read,
            })
            .collect();
        let of = refreshed
            .of
            .as_ref()
            .map(|of| (of.tenant.as_str(), of.sync.as_str()));
        feeds::forget_others(&self.pool, of, &defined).await?;
        feeds::define(&self.pool, &defined).await?;
        if let Some((tenant, sync)) = of {
            feeds::hint_sync(&self.pool, tenant, sync, &trace::current()).await?;
        }
        Ok(())
    }
}
