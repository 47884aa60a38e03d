//! `make demo`: two address books that disagree become one, and so do two calendars; both stay one while people edit
//! either side, and survive a killed service. Everything is real but the providers, which are the sandbox.

mod before;
mod crash;
mod inquiry;
mod meetings;
mod people;
mod progress;
mod screen;
mod stage;
mod summary;
mod verdict;
mod waiting;

use std::{process::ExitCode, time::Instant};

use agreement::{Book, Reader};
use clap::Parser;
use local::LocalError;
use tokio::signal::unix::{SignalKind, signal};

use before::Before;
use inquiry::Inquiry;
use meetings::Standing;
use proto::reconcile::HistoryEntry;
use stage::Stage;

/// The names of the demo's syncs, as in their YAML: of people and of meetings.
const SYNCS: [&str; 2] = ["ana-clients", "ana-meetings"];
/// What each of them keeps in step.
const RECORDS: [&str; 2] = ["contacts", "meetings"];
/// The syncs' YAML, from the root of the repository.
const YAML: [&str; 2] = [
    "tests/e2e/demo/ana-clients.yaml",
    "tests/e2e/demo/ana-meetings.yaml",
];

/// Two address books that disagree become one, and so do two calendars: Zoho CRM and Google, emulated by the sandbox,
/// and every service of Rapport as its own process.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
struct Args {
    /// People in scope on each side; twice as many are outside, and there are a few meetings for each ten.
    #[arg(long, value_name = "N", default_value_t = 150, value_parser = clap::value_parser!(u32).range(20..=5_000))]
    people: u32,
    /// Other people and another course of chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// After the first sync keep everything up, say where it is, and wait for Ctrl-C.
    #[arg(long)]
    keep: bool,
}

/// What the first syncs made of both accounts.
struct Joined {
    books: (Book, Book),
    history: Vec<HistoryEntry>,
    standing: Vec<Standing>,
}

/// How the demo ended.
enum End {
    /// Everything held.
    Held,
    /// This did not hold.
    Failed,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// The whole program: exits with 0 only if everything that the demo promises held, and with 2 if a server that it
/// needs is not installed.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let end = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(until_interrupted(&args)));
    match end {
        Ok(End::Held) => ExitCode::SUCCESS,
        Ok(End::Failed) => ExitCode::FAILURE,
        // That is how what is kept up ends.
        Ok(End::Interrupted) if args.keep => ExitCode::SUCCESS,
        Ok(End::Interrupted) => ExitCode::from(130),
        Err(error) => {
            screen::complain(&format!("demo: {error:#}"));
            let missing = error.downcast_ref::<LocalError>();
            if matches!(missing, Some(LocalError::Missing { .. })) {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Runs the demo; when it is interrupted, everything that it started is stopped with it.
async fn until_interrupted(args: &Args) -> anyhow::Result<End> {
    let (mut interrupted, mut terminated) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    tokio::select! {
        end = demo(args) => end,
        _ = interrupted.recv() => Ok(End::Interrupted),
        _ = terminated.recv() => Ok(End::Interrupted),
    }
}

async fn demo(args: &Args) -> anyhow::Result<End> {
    let mut stage = Stage::start(args.people, args.seed).await?;
    let shown = show(&mut stage, args).await;
    match &shown {
        Ok(true) => {}
        Ok(false) => stage.keep_folder(),
        Err(error) => {
            stage.keep_folder();
            screen::complain(&format!("demo: {error:#}"));
        }
    }
    if args.keep {
        stage.stay().await?;
    }
    stage.stop().await?;
    Ok(if matches!(shown, Ok(true)) {
        End::Held
    } else {
        End::Failed
    })
}

/// The acts of the demo. Answers whether everything held.
async fn show(stage: &mut Stage, args: &Args) -> anyhow::Result<bool> {
    let mut reader = Reader::new(stage.accounts()?);
    let before = Before::look(stage, &mut reader).await?;
    before::tell(&stage.seeded);

    screen::heading("The first sync of people and of meetings, side by side");
    stage.connect().await?;
    let began = Instant::now();
    stage.apply().await?;
    let statuses = progress::until_quiet(stage, before.listed).await?;
    summary::show(stage, &statuses, began.elapsed()).await?;
    let calendars = reader.read_meetings().await?;
    let standing = meetings::standing(&stage.system.sandbox, &calendars).await?;
    meetings::tell(&standing);
    if args.keep {
        return Ok(true);
    }

    screen::heading("People edit both sides, and the reconciler is killed meanwhile");
    let first = Joined {
        books: reader.read().await?,
        history: Inquiry::begin(&stage.system, SYNCS[0])
            .await?
            .history()
            .await?,
        standing,
    };
    let crash = crash::kill_while_writing(stage).await?;
    progress::until_quiet(stage, before.listed).await?;

    screen::heading("What became of it");
    let end = verdict::End::reach(stage, &mut reader).await?;
    let verdicts = verdict::verdicts(&before, &first, &crash, &end);
    verdict::tell(&verdicts, &end);
    Ok(verdicts.iter().all(|verdict| verdict.holds))
}
