//! The first sync of two address books, half of whose people are the same.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::{
    accounts::{Books, Pair},
    calls::{self, Calls},
    observe,
    report::{Target, say},
    stage::{Quotas, Stage},
    usage,
};

use super::Run;

/// Sizes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// People on each side.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) records: usize,
}

/// The longest first sync that is waited for.
const PATIENCE: Duration = Duration::from_mins(10);

/// Measures it.
pub(crate) async fn run(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let records = if run.quick { 300 } else { arguments.records };
    run.report
        .begin(&format!("first sync of {records} + {records}"));
    let mut stage = run.stage(Quotas::Off).await?;
    measure(run, &mut stage, records).await?;
    stage.stop().await
}

async fn measure(run: &mut Run, stage: &mut Stage, records: usize) -> anyhow::Result<()> {
    let report = &mut run.report;
    let pair = Pair::open(&stage.system.sandbox, 1).await?;
    let books = Books {
        people: records,
        overlap: 0.5,
    };
    let filling = Instant::now();
    let filled = pair.fill(&stage.system.sandbox, books).await?;
    say(&format!(
        "   both books are filled after {:.1?}",
        filling.elapsed()
    ));
    let mut control = stage.system.control().await?;
    pair.connect(&mut control).await?;
    let calls = Calls::so_far(&stage.system.sandbox).await?;
    let newest = stage.system.sandbox.newest_entry().await?;
    let ids = stage.process_ids();
    let before = usage::of(&ids);
    let began = Timestamp::now();
    let sync = pair.sync(&mut control, "").await?;
    let reached = observe::until_in_sync(stage, &[sync], PATIENCE).await?;
    let used = usage::between(&before, &usage::of(&ids));
    let calls = Calls::so_far(&stage.system.sandbox).await?.since(&calls);
    let seconds = observe::last(&reached)?.duration_since(began).as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "records are few")]
    let all = (2 * records) as f64;
    report
        .add("until in sync", seconds, "s")
        .target(Target::AtMost(15.0));
    report.add("records a second", all / seconds, "1/s");
    #[allow(clippy::cast_precision_loss, reason = "calls are few")]
    report.add(
        "provider calls until in sync",
        calls.total() as f64,
        "calls",
    );
    let status = &reached[0].status;
    say(&format!(
        "   {:?}, of which created and updated: {:?}; a status takes {:.1?}",
        status.counts.unwrap_or_default(),
        status.totals,
        reached[0].status_took
    ));
    let spans = calls::spans(&stage.system.sandbox, newest, began).await?;
    say(&calls::shown(&calls, &spans).to_string());
    report.explain("calls", &calls);
    report.explain("spans", &spans);
    report.explain("books", filled["figures"].clone());
    report.explain("totals", json!(status.totals));
    report.processes(&used, seconds);
    report.add(
        "CPU of our own processes",
        usage::ours_cpu_seconds(&used),
        "s",
    );
    report.add(
        "memory of our own processes",
        usage::ours_mebibytes(&used),
        "MiB",
    );
    Ok(())
}
