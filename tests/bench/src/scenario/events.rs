//! The first sync of two calendars, half of whose meetings are the same.

use std::time::Instant;

use crate::{
    accounts::Pair,
    calls,
    crew::MINUTE,
    diaries,
    minimum::Meetings,
    report::{Target, say},
    stage::Quotas,
    usage,
};

use super::{
    Run,
    first_sync::{show_minimum, watch},
    float,
};

/// Sizes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Events on each side; a series is one.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) records: usize,
}

/// Events on each side of a quick run.
const QUICK: usize = 60;

/// Measures it without quotas.
pub(crate) async fn run(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let records = if run.quick { QUICK } else { arguments.records };
    run.report
        .begin(&format!("first sync of {records} + {records} events"));
    let mut stage = run.stage(Quotas::Off).await?;
    let pair = Pair::open(&stage.system.sandbox, 1).await?;
    let filling = Instant::now();
    let diaries = diaries::fill(&stage.system.sandbox, &pair, records).await?;
    say(&format!(
        "   both calendars are filled after {:.1?}",
        filling.elapsed()
    ));
    run.report.explain("calendars", diaries);
    let mut control = stage.system.control().await?;
    pair.connect(&mut control).await?;
    let watched = watch(&mut run.report, &mut stage, async |control| {
        pair.sync_meetings(control, MINUTE).await
    })
    .await?;
    let work = Meetings {
        diaries,
        created_left: watched.total("created_left"),
        created_right: watched.total("created_right"),
        updated_left: watched.total("updated_left"),
        updated_right: watched.total("updated_right"),
    };
    let report = &mut run.report;
    report.explain("work", &work);
    report.add("until in sync", watched.seconds, "s");
    let records_a_second = float(2 * records as u64) / watched.seconds;
    report.add("records a second", records_a_second, "1/s");
    let minimum = show_minimum(report, &work.terms());
    let called = float(watched.calls.total());
    report
        .add("provider calls, echo included", called, "calls")
        .target(Target::AtMost(1.1 * minimum))
        .floor(minimum, "formula");
    report.add(
        "CPU of our own processes",
        usage::ours_cpu_seconds(&watched.used),
        "s",
    );
    report.add(
        "memory of our own processes",
        usage::ours_mebibytes(&watched.used),
        "MiB",
    );
    let mails = calls::mails(&stage.system.sandbox).await?;
    report
        .add("e-mails caused", float(mails), "mails")
        .target(Target::AtMost(0.0));
    stage.stop().await
}
