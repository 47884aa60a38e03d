//! `rapport dev`: every service in one process, with a NATS and a PostgreSQL of its own.
//!
//! For trying things out and for working on Rapport. Each service gets a process of kit's as its binary would, all
//! with one stop; they talk over gRPC and NATS as they do in production.

mod key;
mod roles;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use bus::BusSettings;
use kit::{CancellationToken, DatabaseSettings, LogFormat, LogSettings, Process, telemetry};
use local::{Durability, Nats, Postgres};
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

/// How long services may take to finish what is in flight.
const GRACE: Duration = Duration::from_secs(20);

const DATABASE: &str = "rapport";

/// Where `rapport dev` keeps its data. Providers are set as for their services, by the environment variables
/// `RAPPORT_GOOGLE_…` and `RAPPORT_ZOHO_…`; `google-connector --help` and `zoho-connector --help` list them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DevArgs {
    /// Where NATS, PostgreSQL and the key of the secrets are kept; the next run goes on with them.
    #[arg(
        long,
        env = "RAPPORT_DEV_DATA",
        value_name = "PATH",
        default_value = "rapport-dev"
    )]
    data: PathBuf,
    /// The port of 127.0.0.1 on which control answers.
    #[arg(long, value_name = "PORT", default_value_t = 7000)]
    port: u16,
    /// Have providers push to 127.0.0.1: the sandbox can, the real ones cannot.
    #[arg(long)]
    local_push: bool,
    /// Allow any frequency of at least one second.
    #[arg(long)]
    allow_any_frequency: bool,
    /// What to log, in the syntax of tracing's filters.
    #[arg(
        long,
        env = "RAPPORT_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    log: String,
}

/// Runs everything until it is interrupted or a task fails.
pub(crate) fn main(args: DevArgs) -> ExitCode {
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

#[allow(
    clippy::print_stderr,
    reason = "where a command says why it was not done"
)]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("rapport dev: {error:#}");
    ExitCode::FAILURE
}

fn serve(args: DevArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    kit::install_tls();
    let result = runtime.block_on(async {
        let log = LogSettings {
            filter: args.log.clone(),
            log_format: LogFormat::Pretty,
            ..LogSettings::default()
        };
        let telemetry = telemetry::install("dev", &log)?;
        let result = live(args).await;
        telemetry.flush().await;
        result
    });
    runtime.shutdown_background();
    result
}

async fn live(args: DevArgs) -> anyhow::Result<()> {
    let mut postgres = Postgres::start(&args.data.join("postgres"), Durability::Durable).await?;
    postgres.create_database(DATABASE).await?;
    let mut nats = Nats::start(&args.data.join("nats"), Durability::Durable).await?;
    let house = House {
        database: DatabaseSettings::new(&postgres.url(DATABASE)),
        bus: BusSettings::new(&nats.url()),
        shutdown: CancellationToken::new(),
        args,
    };
    let lived = house.live().await;
    nats.stop().await?;
    postgres.stop().await?;
    lived
}

/// What every role is given.
struct House {
    database: DatabaseSettings,
    bus: BusSettings,
    shutdown: CancellationToken,
    args: DevArgs,
}

impl House {
    async fn live(&self) -> anyhow::Result<()> {
        let (mut interrupted, mut terminated) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        let mut processes = Vec::new();
        tokio::select! {
            started = self.start(&mut processes) => started.context("cannot start")?,
            _ = interrupted.recv() => return Ok(()),
            _ = terminated.recv() => return Ok(()),
        }
        output::line(format!(
            "control answers at http://127.0.0.1:{}",
            self.args.port
        ));
        output::line(format!(
            "NATS {} · PostgreSQL and its log in {}",
            self.bus.nats_url,
            self.args.data.display()
        ));
        output::line("stop with Ctrl-C; what was stored stays");
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            () = self.shutdown.cancelled() => {}
        }
        self.shutdown.cancel();
        for process in &processes {
            if let Err(running) = process.tasks.finish(GRACE).await {
                anyhow::bail!(
                    "{} still ran when the grace was over: {}",
                    process.name,
                    running.join(", ")
                );
            }
        }
        let failed: Vec<&str> = processes
            .iter()
            .filter(|p| p.tasks.failed())
            .map(|p| p.name)
            .collect();
        anyhow::ensure!(failed.is_empty(), "a task failed in: {}", failed.join(", "));
        Ok(())
    }

    /// A process for a role; it stops with all others.
    fn process(&self, name: &'static str, processes: &mut Vec<Process>) -> Process {
        let process = Process::new(name, self.shutdown.clone());
        processes.push(process.clone());
        process
    }
}

/// A port of 127.0.0.1 that nobody listens on.
async fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?)
}
