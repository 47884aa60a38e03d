//! The smallest service, which can also misbehave, for the tests of how a process stops.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use kit::{GrpcSettings, OnFailure, OnStop, Process, Schema, Service};
use sqlx::migrate::Migrator;

static MIGRATOR: Migrator = sqlx::migrate!("tests/it/migrations");
static SCHEMA: Schema = Schema::new("example", &MIGRATOR);

#[derive(Debug, Args)]
struct Settings {
    #[command(flatten)]
    grpc: GrpcSettings,
    /// What goes wrong.
    #[arg(long, value_enum)]
    misbehave: Option<Misbehaviour>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Misbehaviour {
    NeverStop,
    Panic,
    FailToStart,
}

fn main() -> ExitCode {
    Service::new("example", "The smallest service")
        .owning(&SCHEMA)
        .main(start)
}

async fn start(settings: Settings, process: Process) -> anyhow::Result<()> {
    kit::grpc::serve(&process, &settings.grpc, kit::grpc::Routes::default()).await?;
    let shutdown = process.shutdown.clone();
    process
        .tasks
        .spawn("polite", OnFailure::ShutDown, OnStop::Wait, async move {
            shutdown.cancelled().await;
            tracing::info!("finished what was in flight");
            anyhow::Ok(())
        });
    match settings.misbehave {
        None => Ok(()),
        Some(Misbehaviour::FailToStart) => anyhow::bail!("the stars are not right"),
        Some(Misbehaviour::NeverStop) => {
            let never = std::future::pending::<anyhow::Result<()>>();
            process
                .tasks
                .spawn("stubborn", OnFailure::Log, OnStop::Wait, never);
            Ok(())
        }
        Some(Misbehaviour::Panic) => {
            process
                .tasks
                .spawn("careless", OnFailure::ShutDown, OnStop::Abort, async {
                    assert!(std::hint::black_box(false), "on purpose");
                    anyhow::Ok(())
                });
            Ok(())
        }
    }
}
