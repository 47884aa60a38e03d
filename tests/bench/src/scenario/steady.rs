//! Steady state: people edit on both sides at random, and every edit is written on the other side.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    accounts::Books,
    calls::Calls,
    crew,
    floor::{jetstream, postgres},
    people::Editors,
    report::{Report, Target, say},
    stage::{Quotas, Stage},
    tap::{self, Traffic},
    usage,
};

use super::{Run, float, latency::until_channels};

/// Sizes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Syncs.
    #[arg(long, default_value_t = 100)]
    pub(crate) syncs: usize,
    /// Links of each sync.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) links: usize,
    /// Edits a second over all syncs: more than are expected to be written.
    #[arg(long, default_value_t = 1_200)]
    pub(crate) rate: usize,
    /// Seconds that are measured, after as many that are not: Google is polled once a minute.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u64,
    /// Changes a second that are to be reached.
    #[arg(long, default_value_t = 3_000.0)]
    pub(crate) target: f64,
}

impl Arguments {
    /// Many syncs.
    pub(crate) fn many() -> Self {
        Self {
            syncs: 100,
            links: 1_000,
            rate: 1_200,
            seconds: 60,
            target: 3_000.0,
        }
    }

    /// One sync alone.
    pub(crate) fn one() -> Self {
        Self {
            syncs: 1,
            links: 10_000,
            rate: 500,
            seconds: 60,
            target: 300.0,
        }
    }

    fn quick(&self) -> Self {
        Self {
            syncs: self.syncs.min(3),
            links: 50,
            rate: 20,
            seconds: 6,
            target: 1.0,
        }
    }
}

/// Overwriting everything all the time is what the guard is there to stop, so it looks at one second only.
const POLICIES: &str = ", guard: { percent: 100, window_seconds: 1 }";

/// Measures it.
pub(crate) async fn run(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let sizes = if run.quick {
        arguments.quick()
    } else {
        arguments.clone()
    };
    run.report
        .begin(&format!("steady state, {} x {}", sizes.syncs, sizes.links));
    let mut stage = run.stage(Quotas::Off).await?;
    let books = Books {
        people: sizes.links,
        overlap: 1.0,
    };
    let crew = crew::assemble(&mut stage, sizes.syncs, books, POLICIES).await?;
    until_channels(&mut stage, &crew).await?;
    let mut editors = Editors::of(&stage, &crew.members, false).await?;
    let seen = edit_for(&mut stage, &mut editors, &sizes, sizes.seconds, true).await?;
    let ids = stage.process_ids();
    let (before, calls) = (usage::of(&ids), written(&stage).await?);
    let began = Instant::now();
    edit_for(&mut stage, &mut editors, &sizes, sizes.seconds, false).await?;
    let seconds = began.elapsed().as_secs_f64();
    let used = usage::between(&before, &usage::of(&ids));
    let changes = written(&stage).await? - calls;
    run.report.processes(&used, seconds);
    run.report
        .explain("traffic in a part of the warm-up", &seen);
    let a_second = float(changes) / seconds;
    let floor = floors(&mut run.report, &stage, &seen, changes).await?;
    run.report
        .add("changes written", a_second, "1/s")
        .target(Target::AtLeast(sizes.target))
        .floor(floor, "raw bus and database");
    run.report
        .add("edits offered", float(sizes.rate as u64), "1/s");
    let report = &mut run.report;
    report.add(
        "CPU of our own processes",
        usage::ours_cpu_seconds(&used) / seconds,
        "cores",
    );
    let sandbox = used.get("sandbox").map_or(0.0, |usage| usage.cpu_seconds);
    report.add("CPU of the sandbox", sandbox / seconds, "cores");
    report.add(
        "memory of our own processes",
        usage::ours_mebibytes(&used),
        "MiB",
    );
    stage.stop().await
}

/// What passed on the bus for so many changes.
#[derive(Debug, Clone, Default, serde::Serialize)]
struct Seen {
    changes: u64,
    traffic: BTreeMap<String, Traffic>,
}

/// Has people edit for so long; listens to the bus in the second third, if wanted.
async fn edit_for(
    stage: &mut Stage,
    editors: &mut Editors,
    sizes: &Arguments,
    seconds: u64,
    listening: bool,
) -> anyhow::Result<Seen> {
    let nats_url = stage.infrastructure.nats_url.clone();
    let third = Duration::from_secs(seconds / 3);
    let listener = async {
        if !listening {
            return Ok(BTreeMap::new());
        }
        tokio::time::sleep(third).await;
        tap::listen(&nats_url, third).await
    };
    let editing = edit_each_second(stage, editors, sizes, seconds);
    let (traffic, changes) = tokio::try_join!(listener, editing)?;
    Ok(Seen { changes, traffic })
}

/// Has people edit once a second; answers the changes that were written in the second third.
async fn edit_each_second(
    stage: &mut Stage,
    editors: &mut Editors,
    sizes: &Arguments,
    seconds: u64,
) -> anyhow::Result<u64> {
    let (mut before, mut after) = (0, 0);
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    for second in 0..seconds {
        ticks.tick().await;
        if second == seconds / 3 {
            before = written(stage).await?;
        }
        if second == 2 * (seconds / 3) {
            after = written(stage).await?;
        }
        stage.system.check()?;
        editors
            .edit(&stage.system.sandbox, sizes.rate, true)
            .await?;
    }
    ticks.tick().await;
    Ok(after.saturating_sub(before))
}

/// Records written at both providers so far.
async fn written(stage: &Stage) -> anyhow::Result<u64> {
    let calls = Calls::so_far(&stage.system.sandbox).await?;
    Ok(calls.0.values().map(|count| count.written).sum())
}

/// Changes a second if the bus and the database did nothing but carry and store the same bytes, one after the other.
async fn floors(
    report: &mut Report,
    stage: &Stage,
    seen: &Seen,
    changes: u64,
) -> anyhow::Result<f64> {
    let ours = ["changes", "writes", "outcomes"].map(|name| seen.traffic.get(name));
    let messages: u64 = ours.iter().flatten().map(|traffic| traffic.messages).sum();
    let bytes: u64 = ours.iter().flatten().map(|traffic| traffic.bytes).sum();
    if messages == 0 || seen.changes == 0 {
        return Ok(0.0);
    }
    let (size, a_change) = (bytes / messages, bytes / seen.changes);
    let share = float(changes) / float(seen.changes);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of messages"
    )]
    let replayed = (float(messages) * share) as u64;
    let bus = jetstream::seconds(&stage.infrastructure.nats_url, replayed.max(1), size).await?;
    let database = postgres::seconds(
        &stage.infrastructure.database_url,
        changes,
        a_change,
        100_000,
    )
    .await?;
    say(&format!(
        "   floor: {replayed} messages of {size} bytes through JetStream take {bus:.2} s; {changes} rows of \
         {a_change} bytes into PostgreSQL take {database:.2} s"
    ));
    report.explain(
        "floor",
        serde_json::json!({
            "messages": replayed, "bytes_a_message": size, "jetstream_seconds": bus,
            "rows": changes, "bytes_a_row": a_change, "postgres_seconds": database,
        }),
    );
    Ok(float(changes) / (bus + database))
}
