//! From a push of Zoho CRM to the write in Google.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    accounts::Books,
    crew::{self, Crew},
    floor::hops,
    people::{Editors, Person},
    report::{Report, Target, say},
    stage::{Quotas, Stage},
    usage,
};

use super::{Run, float};

/// Sizes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Syncs that the load is spread over.
    #[arg(long, default_value_t = 20)]
    pub(crate) syncs: usize,
    /// Links of each.
    #[arg(long, default_value_t = 500)]
    pub(crate) links: usize,
    /// Edits when nothing else happens.
    #[arg(long, default_value_t = 100)]
    pub(crate) idle: usize,
    /// Edits a second under load.
    #[arg(long, default_value_t = 200)]
    pub(crate) rate: usize,
    /// Seconds of load.
    #[arg(long, default_value_t = 30)]
    pub(crate) seconds: usize,
}

/// Edits of a tick under load.
const TICK: Duration = Duration::from_millis(50);
/// Ticks a second.
const TICKS: usize = 20;
/// The longest wait for a change.
const PATIENCE: Duration = Duration::from_mins(1);
/// Everybody is edited once at most, and the guard is not what is measured.
const POLICIES: &str = ", guard: { percent: 100, window_seconds: 1 }";

/// Measures it.
pub(crate) async fn run(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let mut sizes = arguments.clone();
    if run.quick {
        (sizes.syncs, sizes.links, sizes.idle) = (2, 100, 5);
        (sizes.rate, sizes.seconds) = (20, 3);
    }
    run.report.begin("latency from push to write");
    let mut stage = run.stage(Quotas::Off).await?;
    let books = Books {
        people: sizes.links,
        overlap: 1.0,
    };
    let crew = crew::assemble(&mut stage, sizes.syncs, books, POLICIES).await?;
    until_channels(&mut stage, &crew).await?;
    let mut editors = Editors::of(&stage, &crew.members, true).await?;
    let idle = idle(&mut stage, &mut editors, sizes.idle).await?;
    let floor = hops::measure(&stage, &crew.members[0].pair, sizes.idle).await?;
    run.report.explain("hops", &floor);
    let bare = Quantiles::of(floor.seconds.clone());
    say(&format!("   the bare hops: {}", floor.path.join(", ")));
    show(&mut run.report, "idle", &idle, &bare, [2.0, 10.0]);
    let ids = stage.process_ids();
    let before = usage::of(&ids);
    let loaded = loaded(&mut stage, &mut editors, &sizes).await?;
    let used = usage::between(&before, &usage::of(&ids));
    run.report.processes(&used, float(sizes.seconds as u64));
    let name = format!("at {} a second", sizes.rate);
    show(&mut run.report, &name, &loaded, &bare, [4.0, f64::INFINITY]);
    stage.stop().await
}

/// The middle and the ends of what was measured, in milliseconds.
struct Quantiles {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl Quantiles {
    fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let index = (seconds.len() * share).div_ceil(100).saturating_sub(1);
            1_000.0 * seconds.get(index).copied().unwrap_or(f64::NAN)
        };
        Self {
            p50: at(50),
            p95: at(95),
            p99: at(99),
        }
    }
}

fn show(report: &mut Report, name: &str, seconds: &[f64], bare: &Quantiles, times: [f64; 2]) {
    let found = Quantiles::of(seconds.to_vec());
    let [median, end] = times;
    for (quantile, value, floor, times) in [
        ("p50", found.p50, bare.p50, median),
        ("p95", found.p95, bare.p95, f64::INFINITY),
        ("p99", found.p99, bare.p99, end),
    ] {
        let figure = report.add(&format!("{quantile} {name}"), value, "ms");
        figure.floor(floor, "bare hops");
        if times.is_finite() {
            figure.target(Target::AtMost(times * floor));
        }
    }
    report.add(
        &format!("changes {name}"),
        float(seconds.len() as u64),
        "changes",
    );
}

/// Waits until each of the accounts has a channel.
pub(crate) async fn until_channels(stage: &mut Stage, crew: &Crew) -> anyhow::Result<()> {
    let began = tokio::time::Instant::now();
    for member in &crew.members {
        let path = format!("zoho/channels?as={}", member.pair.zoho);
        loop {
            stage.system.check()?;
            let channels = stage.system.sandbox.get(&path).await?;
            if channels["channels"]
                .as_array()
                .is_some_and(|list| !list.is_empty())
            {
                break;
            }
            anyhow::ensure!(
                began.elapsed() < 5 * PATIENCE,
                "no channel for pushes is opened"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(())
}

/// A callback, as the sandbox notes it.
#[derive(Debug, Deserialize)]
struct Callback {
    number: u64,
    at: Timestamp,
    ids: Vec<String>,
}

/// A write in Google, as the sandbox notes it.
#[derive(Debug, Deserialize)]
struct Write {
    number: u64,
    ended_at: Timestamp,
    written: Vec<String>,
}

/// What the sandbox has noted since.
struct Notes {
    callbacks: u64,
    writes: u64,
}

impl Notes {
    async fn begin(stage: &Stage) -> anyhow::Result<Self> {
        let callbacks = stage.system.sandbox.get("zoho/callbacks").await?;
        let callbacks: Vec<Callback> = serde_json::from_value(callbacks["callbacks"].clone())?;
        Ok(Self {
            callbacks: callbacks.last().map_or(0, |last| last.number),
            writes: stage.system.sandbox.newest_entry().await?,
        })
    }

    /// Seconds from each record's callback to its write, for the records that were written.
    async fn latencies(&self, stage: &Stage, people: &[Person]) -> anyhow::Result<Vec<f64>> {
        let sandbox = &stage.system.sandbox;
        let path = format!("zoho/callbacks?after={}", self.callbacks);
        let callbacks = sandbox.get(&path).await?;
        let callbacks: Vec<Callback> = serde_json::from_value(callbacks["callbacks"].clone())?;
        let path = format!("journal?provider=google&writes=true&after={}", self.writes);
        let writes = sandbox.get(&path).await?;
        let mut writes: Vec<Write> = serde_json::from_value(writes["entries"].clone())?;
        writes.sort_by_key(|write| write.number);
        let mut written: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
        for write in &writes {
            for id in &write.written {
                let id = id.trim_start_matches("people/");
                written.entry(id).or_default().push(write.ended_at);
            }
        }
        let right: BTreeMap<&str, &str> = people
            .iter()
            .map(|person| {
                (
                    person.left.as_str(),
                    person.right.trim_start_matches("people/"),
                )
            })
            .collect();
        let mut seconds = Vec::new();
        for callback in &callbacks {
            for id in &callback.ids {
                let ends = right.get(id.as_str()).and_then(|right| written.get(right));
                let end = ends.into_iter().flatten().find(|end| **end > callback.at);
                seconds.extend(end.map(|end| end.duration_since(callback.at).as_secs_f64()));
            }
        }
        Ok(seconds)
    }
}

/// One edit after the other, each when the one before is written.
async fn idle(stage: &mut Stage, editors: &mut Editors, count: usize) -> anyhow::Result<Vec<f64>> {
    let mut seconds = Vec::with_capacity(count);
    // The first ones warm up connections and statements.
    for number in 0..count + 5 {
        stage.system.check()?;
        let notes = Notes::begin(stage).await?;
        editors.edit(&stage.system.sandbox, 1, false).await?;
        let took = until_written(stage, &notes, editors.people(), 1).await?;
        if number >= 5 {
            seconds.extend(took);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(seconds)
}

/// Edits at a steady rate.
async fn loaded(
    stage: &mut Stage,
    editors: &mut Editors,
    sizes: &Arguments,
) -> anyhow::Result<Vec<f64>> {
    let notes = Notes::begin(stage).await?;
    let mut ticks = tokio::time::interval(TICK);
    let a_tick = (sizes.rate / TICKS).max(1);
    for _ in 0..sizes.seconds * TICKS {
        ticks.tick().await;
        editors.edit(&stage.system.sandbox, a_tick, false).await?;
    }
    let edits = sizes.seconds * TICKS * a_tick;
    let seconds = until_written(stage, &notes, editors.people(), edits).await?;
    Ok(seconds)
}

/// Waits until so many changes are written.
async fn until_written(
    stage: &mut Stage,
    notes: &Notes,
    people: &[Person],
    count: usize,
) -> anyhow::Result<Vec<f64>> {
    let began = tokio::time::Instant::now();
    loop {
        let seconds = notes.latencies(stage, people).await?;
        if seconds.len() >= count {
            return Ok(seconds);
        }
        if began.elapsed() >= PATIENCE {
            // Several edits of one person may become one write.
            return Some(seconds)
                .filter(|seconds| !seconds.is_empty())
                .context("no change was written");
        }
        tokio::time::sleep(Duration::from_millis(if count == 1 { 20 } else { 1_000 })).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_among_what_was_measured() {
        let found = Quantiles::of((1..=100_u32).map(f64::from).collect());
        assert!((found.p50 - 50_000.0).abs() < 1.0);
        assert!((found.p99 - 99_000.0).abs() < 1.0);
        assert!(Quantiles::of(Vec::new()).p50.is_nan());
    }
}
