//! The command: start, print where everything is, serve until told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::sandbox::{Options, Sandbox};

/// How long open calls may take to end after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Emulators of the providers' HTTP APIs. Prints one line of JSON with base URLs and test credentials, then
/// serves until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "sandbox")]
struct Command {
    #[command(flatten)]
    options: Options,
}

/// The whole program.
pub fn main() -> ExitCode {
    let command = Command::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(run(command.options)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch SIGTERM")?;
    let sandbox = Sandbox::start(options).await?;
    announce(&sandbox);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let _ = tokio::time::timeout(GRACE, sandbox.stop()).await;
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the line is the command's output")]
fn announce(sandbox: &Sandbox) {
    println!("{}", sandbox.credentials());
}
