//! The reconciler: it takes what connectors read, decides, and hands out what writers write.
//!
//! Everything it knows is in PostgreSQL, and every transaction on a sync first locks its row; NATS only
//! carries. So a change, an outcome and a timer all lead to the same work, [`advance`], and a process that
//! is killed between any two lines starts where the last commit left off.
//!
//! [`ingest`] stores what a feed shows and its cursor in one transaction; [`pairing`] finds counterparts;
//! [`plan`] turns links into situations and plans into rows of the outbox; [`release`] publishes them;
//! [`outcome`] applies the answers and moves the bases. [`around`] knows what else a plan has to heed:
//! other syncs of the same accounts, and fields that bounce. [`sweep`] compares everything from time to time.
//! [`tide`] tells when the database went back.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod advance;
mod anew;
pub mod applied;
pub mod around;
pub mod definition;
pub mod error;
pub mod guard;
pub mod ingest;
pub mod intake;
pub mod lane;
mod ledger;
pub mod live;
mod metrics;
pub mod outcome;
pub mod pairing;
pub mod plan;
pub mod recover;
pub mod release;
pub mod restoration;
pub mod service;
mod settings;
pub mod store;
pub mod sweep;
mod tasks;
pub mod tide;
mod trace;
pub mod wake;

use std::{process::ExitCode, sync::Arc};

use bus::Bus;
use kit::{OnFailure, OnStop, Process, Schema, Service, grpc};
use proto::reconcile::{
    claims_server::ClaimsServer, positions_server::PositionsServer,
    recovery_server::RecoveryServer, syncs_server::SyncsServer,
};

pub use settings::{DEFAULT_SWEEP_SECONDS, Settings};

use crate::{
    service::{ClaimService, PositionService, RecoveryService, SyncService},
    tide::Tide,
    wake::Wake,
};

/// The schema that the reconciler owns.
pub static SCHEMA: Schema = Schema::new("reconciler", &store::MIGRATOR);

/// Runs the binary.
pub fn main() -> ExitCode {
    Service::new(
        "reconciler",
        "Decides what changes mean and keeps what became of them",
    )
    .owning(&SCHEMA)
    .main(start)
}

/// Starts every task of the reconciler on a process.
pub async fn start(settings: Settings, process: Process) -> anyhow::Result<()> {
    let pool = SCHEMA.open(&settings.database).await?;
    let bus = Bus::connect(settings.bus, "reconciler").await?;
    kit::database::watch(&process, &pool);
    let connection = bus.connection();
    let nats = process.health.part("nats");
    process
        .tasks
        .spawn("nats health", OnFailure::Log, OnStop::Abort, async move {
            nats.follow(connection, "disconnected").await;
            anyhow::Ok(())
        });
    let wake = Arc::new(Wake::default());
    let tide = Tide::new(pool.clone(), bus.clone());
    let applied = Arc::new(applied::Applied::default());
    let routes = grpc::Routes::new(PositionsServer::new(PositionService {
        pool: pool.clone(),
        applied: applied.clone(),
        tide: tide.clone(),
    }))
    .add_service(ClaimsServer::new(ClaimService {
        pool: pool.clone(),
        tide: tide.clone(),
    }))
    .add_service(SyncsServer::new(SyncService {
        pool: pool.clone(),
        wake: wake.clone(),
        tide: tide.clone(),
    }))
    .add_service(RecoveryServer::new(RecoveryService {
        pool: pool.clone(),
        tide: tide.clone(),
        wake: wake.clone(),
    }));
    grpc::serve(&process, &settings.grpc, routes).await?;
    let engine = tasks::Engine {
        pool,
        bus,
        wake,
        applied,
        tide,
        control: settings.control.client()?,
        window: settings.window.into(),
        sweep: std::time::Duration::from_secs(settings.sweep_seconds),
    };
    engine.start(&process)?;
    Ok(())
}
