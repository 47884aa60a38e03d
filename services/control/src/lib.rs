//! Control: who has connected which accounts, which syncs there are, and who may ask.
//!
//! Two gRPC services: `Control` is the public API, which the `rapport` command uses; `Definitions` is what the
//! other services read. What a sync *is* stays here; what it *does* is the reconciler's, and passed on to it.
//!
//! | to find | look in |
//! |---|---|
//! | how people write syncs | `document`, and `recipes/` for the presets |
//! | how that becomes a definition | `resolve`, `apply`, `differences` |
//! | signing in, and access tokens | `sign_in`, `access` |
//! | what accounts may do | `rights` |
//! | secrets at rest | `keys`, `envelope` |
//! | SQL | `store`, and `migrations/` |

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod access;
mod api;
mod apply;
mod authorise;
mod connectors;
mod control;
mod definition;
mod definitions;
mod differences;
mod document;
mod envelope;
mod error;
mod ids;
mod keys;
mod lifecycle;
mod offers;
mod passed_on;
mod policies;
mod recipe;
mod recover;
mod resolve;
mod rights;
mod rings;
#[cfg(test)]
mod samples;
mod settings;
mod sign_in;
mod store;

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use bus::Bus;
use kit::{OnFailure, OnStop, Process, grpc::Routes};
use proto::{
    control::{control_server::ControlServer, definitions_server::DefinitionsServer},
    reconcile::{recovery_client::RecoveryClient, syncs_client::SyncsClient},
};

pub use connectors::ConnectorAddress;
pub use envelope::SealError;
pub use keys::new_key;
pub use settings::Settings;
pub use store::SCHEMA;

use crate::{
    access::Gates, api::Api, authorise::Tokens, connectors::Connectors, control::Control,
    definitions::Definitions,
};

/// How long a recovery may take, which has every link of the installation compared anew.
const RECOVERY: Duration = Duration::from_mins(30);

/// The service as a binary.
pub fn main() -> ExitCode {
    kit::Service::new("control", "Connections, syncs and access of Rapport")
        .owning(&SCHEMA)
        .main(serve)
}

/// Starts the service on a process; the process's address `grpc` is where it answers.
pub async fn serve(settings: Settings, process: Process) -> anyhow::Result<()> {
    let keys = settings.key_ring()?;
    let tokens = Tokens::parse(
        settings.tenant_tokens.as_ref(),
        settings.service_token.as_ref(),
        settings.admin_token.as_ref(),
    )?;
    let reconciler = kit::grpc::client(&settings.reconciler_url)?;
    let recovery = kit::grpc::client_with_deadline(&settings.reconciler_url, RECOVERY)?;
    let control = Arc::new(Control {
        keys,
        tokens,
        connectors: Connectors::new(&settings.connectors)?,
        reconciler: SyncsClient::new(reconciler),
        recovery: RecoveryClient::new(recovery),
        db: SCHEMA.open(&settings.database).await?,
        bus: Bus::connect(settings.bus, process.name)
            .await
            .context("cannot use NATS")?,
        tasks: process.tasks.clone(),
        any_frequency: settings.allow_any_frequency,
        rights_period: Duration::from_secs(settings.rights_seconds.max(1).into()),
        gates: Gates::default(),
    });
    let routes = Routes::default()
        .add_service(ControlServer::new(Api(Arc::clone(&control))))
        .add_service(DefinitionsServer::new(Definitions(Arc::clone(&control))));
    kit::grpc::serve(&process, &settings.grpc, routes).await?;
    let endings = Arc::clone(&control);
    process.tasks.spawn(
        "watch endings",
        OnFailure::ShutDown,
        OnStop::Abort,
        async move {
            endings.watch_endings().await;
            anyhow::Ok(())
        },
    );
    let rights = Arc::clone(&control);
    process.tasks.spawn(
        "watch rights",
        OnFailure::ShutDown,
        OnStop::Abort,
        async move {
            rights.watch_rights().await;
            anyhow::Ok(())
        },
    );
    process.tasks.spawn(
        "watch connectors",
        OnFailure::ShutDown,
        OnStop::Abort,
        async move {
            control.watch_connectors().await;
            anyhow::Ok(())
        },
    );
    Ok(())
}
