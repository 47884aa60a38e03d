//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    machine::Machine,
    report::{Report, say},
    scenario::{Run, burst, events, first_sync, growth, latency, steady},
};

/// How fast the system is, beside what the machine allows.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
    /// Where the data of the runs lies meanwhile; it should be a disk.
    #[arg(long, global = true, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Small sizes: shows that everything works, not how fast.
    #[arg(long, global = true)]
    quick: bool,
    /// Where the figures go as JSON.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = "target/bench.json"
    )]
    json: PathBuf,
    /// Leave data and logs behind.
    #[arg(long, global = true)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// The first sync of two address books, without quotas.
    FirstSync(first_sync::Arguments),
    /// The first sync of two calendars, without quotas.
    Events(events::Arguments),
    /// The first sync of address books with the quotas of real accounts.
    Quotas(first_sync::Arguments),
    /// Edits on both sides, all the time.
    Steady(steady::Arguments),
    /// From a push to the write.
    Latency(latency::Arguments),
    /// Many pushes at once.
    Burst(burst::Arguments),
    /// Time and memory from few links to many.
    Growth(growth::Arguments),
    /// All of them, with their usual sizes.
    All,
}

/// Runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().map_err(anyhow::Error::from);
    match runtime.and_then(|runtime| runtime.block_on(until_interrupted(arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the scenarios; a signal stops everything that they have started.
async fn until_interrupted(arguments: Arguments) -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = run(arguments) => result,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let folder = arguments.folder.unwrap_or_else(std::env::temp_dir);
    let report = Report::new(Machine::look(&folder), !arguments.quick);
    let mut run = Run {
        report,
        folder,
        quick: arguments.quick,
        keep: arguments.keep,
    };
    match &arguments.scenario {
        Scenario::FirstSync(sizes) => first_sync::run(&mut run, sizes).await?,
        Scenario::Events(sizes) => events::run(&mut run, sizes).await?,
        Scenario::Quotas(sizes) => first_sync::run_with_quotas(&mut run, sizes).await?,
        Scenario::Steady(sizes) => steady::run(&mut run, sizes).await?,
        Scenario::Latency(sizes) => latency::run(&mut run, sizes).await?,
        Scenario::Burst(sizes) => burst::run(&mut run, sizes).await?,
        Scenario::Growth(sizes) => growth::run(&mut run, sizes).await?,
        Scenario::All => all(&mut run).await?,
    }
    let report = run.report;
    say(&format!("\n{}{}", report.heading(), report.table()));
    std::fs::write(&arguments.json, serde_json::to_string_pretty(&report)?)?;
    std::fs::write(arguments.json.with_extension("md"), report.markdown())?;
    Ok(())
}

/// Every scenario. One that fails is told and does not keep the others from running.
async fn all(run: &mut Run) -> anyhow::Result<()> {
    let sizes = Sizes::default();
    let mut failed = Vec::new();
    let results = [
        ("first sync", first_sync::run(run, &sizes.first_sync).await),
        ("events", events::run(run, &sizes.events).await),
        ("steady", steady::run(run, &sizes.steady).await),
        ("steady alone", steady::run(run, &sizes.alone).await),
        ("latency", latency::run(run, &sizes.latency).await),
        ("burst", burst::run(run, &sizes.burst).await),
        ("growth", growth::run(run, &sizes.growth).await),
        (
            "quotas",
            first_sync::run_with_quotas(run, &sizes.first_sync).await,
        ),
    ];
    for (name, result) in results {
        if let Err(error) = result {
            complain(&format!("{name}: {error:#}"));
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        run.report.begin("failed");
        run.report.explain("scenarios", failed);
    }
    Ok(())
}

/// The usual sizes.
struct Sizes {
    first_sync: first_sync::Arguments,
    events: events::Arguments,
    steady: steady::Arguments,
    alone: steady::Arguments,
    latency: latency::Arguments,
    burst: burst::Arguments,
    growth: growth::Arguments,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            first_sync: usual(),
            events: usual(),
            steady: steady::Arguments::many(),
            alone: steady::Arguments::one(),
            latency: usual(),
            burst: usual(),
            growth: usual(),
        }
    }
}

/// What the command line means when nothing is said.
fn usual<A: clap::Args + clap::FromArgMatches>() -> A {
    let command = A::augment_args(clap::Command::new("bench").no_binary_name(true));
    let matches = command.get_matches_from(std::iter::empty::<&str>());
    A::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

#[allow(clippy::print_stderr, reason = "what went wrong")]
fn complain(text: &str) {
    eprintln!("{text}");
}
