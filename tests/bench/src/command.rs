//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    machine::Machine,
    report::{Report, say},
    scenario::{Run, first_sync},
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
    /// The first sync of two address books.
    FirstSync(first_sync::Arguments),
}

/// Runs the command.
pub async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let folder = arguments.folder.unwrap_or_else(std::env::temp_dir);
    let report = Report::new(Machine::look(&folder));
    let mut run = Run {
        report,
        folder,
        quick: arguments.quick,
        keep: arguments.keep,
    };
    match &arguments.scenario {
        Scenario::FirstSync(sizes) => first_sync::run(&mut run, sizes).await?,
    }
    let report = run.report;
    say(&format!("\n{}{}", report.heading(), report.table()));
    std::fs::write(&arguments.json, serde_json::to_string_pretty(&report)?)?;
    std::fs::write(arguments.json.with_extension("md"), report.markdown())?;
    Ok(())
}

#[allow(clippy::print_stderr, reason = "what went wrong")]
fn complain(text: &str) {
    eprintln!("{text}");
}
