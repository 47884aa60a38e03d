//! From the command line to the exit status.

use std::{future::Future, process::ExitCode};

use anyhow::Context as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use tokio_util::sync::CancellationToken;

use crate::{
    DatabaseSettings, Process, ProcessSettings, Schema, http, install_tls, signal::StopSignals,
    telemetry,
};

/// A service as a binary: `serve`, which is the default, and `migrate` if it owns a schema.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    name: &'static str,
    about: &'static str,
    schema: Option<&'static Schema>,
}

impl Service {
    /// `name` is the binary's name, `about` one line for `--help`.
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            schema: None,
        }
    }

    /// The schema that this service owns: adds the sub-command `migrate`.
    #[must_use]
    pub const fn owning(mut self, schema: &'static Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Reads the command line and the environment, runs what they ask for, and returns the exit status.
    ///
    /// `start` sets everything up, starts its tasks on the process and returns; the process then lives
    /// until SIGTERM, SIGINT or the failure of a task.
    pub fn main<S, Start, Started>(self, start: Start) -> ExitCode
    where
        S: Args,
        Start: FnOnce(S, Process) -> Started,
        Started: Future<Output = anyhow::Result<()>>,
    {
        let asked = match self.parse::<S>() {
            Ok(asked) => asked,
            Err(error) => error.exit(),
        };
        let result = match asked {
            Asked::Serve(process, settings) => {
                run(self.name, &process, |process| start(settings, process))
            }
            Asked::Migrate(database) => self.migrate(&database),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(self.name, &error),
        }
    }

    fn parse<S: Args>(self) -> Result<Asked<S>, clap::Error> {
        self.parse_from(std::env::args_os())
    }

    fn command<S: Args>(self) -> Command {
        let settings = |command| S::augment_args(ProcessSettings::augment_args(command));
        let mut command = settings(
            Command::new(self.name)
                .about(self.about)
                .version(env!("CARGO_PKG_VERSION")),
        )
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .subcommand(settings(
            Command::new("serve").about("Run the service (the default)"),
        ));
        if self.schema.is_some() {
            let migrate =
                Command::new("migrate").about("Bring the database schema up to date and exit");
            command = command.subcommand(DatabaseSettings::augment_args(migrate));
        }
        command
    }

    fn parse_from<S: Args>(
        self,
        arguments: impl IntoIterator<Item = std::ffi::OsString>,
    ) -> Result<Asked<S>, clap::Error> {
        let matches = self.command::<S>().try_get_matches_from(arguments)?;
        let serve = |matches: &ArgMatches| {
            Ok(Asked::Serve(
                Box::new(ProcessSettings::from_arg_matches(matches)?),
                S::from_arg_matches(matches)?,
            ))
        };
        match matches.subcommand() {
            Some(("migrate", matches)) => {
                Ok(Asked::Migrate(DatabaseSettings::from_arg_matches(matches)?))
            }
            Some((_serve, matches)) => serve(matches),
            None => serve(&matches),
        }
    }

    fn migrate(self, database: &DatabaseSettings) -> anyhow::Result<()> {
        let schema = self.schema.context("this service owns no schema")?;
        install_tls();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(schema.migrate(database))?;
        Ok(())
    }
}

/// Runs a process from start to stop: TLS, telemetry, signals, the operations' HTTP server, a bounded stop.
///
/// [`Service::main`] is this behind a command line; `rapport dev` calls it with a `start` that starts
/// every role.
///
/// # Errors
/// It cannot start, a task failed whose failure stops the process, or something still ran when the grace was over.
pub fn run<Started>(
    name: &'static str,
    settings: &ProcessSettings,
    start: impl FnOnce(Process) -> Started,
) -> anyhow::Result<()>
where
    Started: Future<Output = anyhow::Result<()>>,
{
    install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let telemetry = telemetry::install(name, &settings.log)?;
        let result = live(name, settings, start).await;
        if let Err(error) = &result {
            tracing::error!(reason = format!("{error:#}"), "stopped with an error");
        }
        telemetry.flush().await;
        result
    });
    // What still runs past the grace is not waited for a second time.
    runtime.shutdown_background();
    result
}

/// What the command line asks for.
enum Asked<S> {
    Serve(Box<ProcessSettings>, S),
    Migrate(DatabaseSettings),
}

/// Starts, lives and stops: readiness goes first, then the intake, then what is in flight.
async fn live<Started>(
    name: &'static str,
    settings: &ProcessSettings,
    start: impl FnOnce(Process) -> Started,
) -> anyhow::Result<()>
where
    Started: Future<Output = anyhow::Result<()>>,
{
    let mut signals = StopSignals::install()?;
    let process = Process::new(name, CancellationToken::new());
    let life = process.health.part("process");
    http::serve_operations(&process, &settings.http).await?;
    tokio::select! {
        started = start(process.clone()) => started.context("cannot start")?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped while starting");
            return Ok(());
        }
    }
    if let Some(path) = &settings.announce_file {
        process.write_announcement(path)?;
    }
    life.ready();
    tracing::info!("started");
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "stopping"),
        () = process.shutdown.cancelled() => {}
    }
    life.not_ready("stopping");
    process.shutdown.cancel();
    if let Err(still_running) = process.tasks.finish(settings.grace()).await {
        anyhow::bail!(
            "still running when the grace was over: {}",
            still_running.join(", ")
        );
    }
    anyhow::ensure!(!process.tasks.failed(), "a task failed");
    tracing::info!("stopped");
    Ok(())
}

#[allow(
    clippy::print_stderr,
    reason = "logging may not be installed when this is needed"
)]
fn complain(name: &str, error: &anyhow::Error) -> ExitCode {
    eprintln!("{name}: {error:#}");
    ExitCode::FAILURE
}
