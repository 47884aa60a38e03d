//! The first sync of two address books, half of whose people are the same.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use proto::{
    control::control_client::ControlClient,
    reconcile::{RunRequest, StatusResponse, SyncRef},
};
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::{
    accounts::{Books, Pair, TENANT},
    calls::{self, Calls},
    crew::MINUTE,
    minimum::{Term, Work, masks_right},
    observe,
    report::{Report, Target, say, table},
    stage::{Quotas, Stage},
    usage,
};

use super::{Run, float};

/// Sizes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// People on each side.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) records: usize,
}

/// The longest first sync that is waited for.
const PATIENCE: Duration = Duration::from_mins(20);

/// Seconds that the first sync of ten thousand people on each side may take.
const SECONDS: f64 = 15.0;
/// People on each side of a quick run.
const QUICK: usize = 60;

/// Units of a quota that Google gives a user each minute.
struct Ceiling {
    name: &'static str,
    setting: &'static str,
    a_minute: u64,
}

/// The lowest numbers that were observed; Google publishes none. Zoho CRM counts credits a day, which no first sync
/// of this size comes near to.
const CEILINGS: [Ceiling; 3] = [
    Ceiling {
        name: "critical reads",
        setting: "critical_reads",
        a_minute: 60,
    },
    Ceiling {
        name: "critical writes",
        setting: "critical_writes",
        a_minute: 30,
    },
    Ceiling {
        name: "deletions and changes to groups",
        setting: "other_writes",
        a_minute: 30,
    },
];

/// Measures it without quotas.
pub(crate) async fn run(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let records = if run.quick { QUICK } else { arguments.records };
    run.report
        .begin(&format!("first sync of {records} + {records}"));
    let mut stage = run.stage(Quotas::Off).await?;
    let measured = measure(&mut run.report, &mut stage, records).await?;
    let most = SECONDS * float(records as u64) / 10_000.0;
    let seconds = run.report.add("until in sync", measured.seconds, "s");
    seconds.target(Target::AtMost(most));
    let records_a_second = float(2 * records as u64) / measured.seconds;
    run.report.add("records a second", records_a_second, "1/s");
    let minimum = show_minimum(&mut run.report, &measured.work.terms());
    let calls = float(measured.calls.total());
    run.report
        .add("provider calls, echo included", calls, "calls")
        .target(Target::AtMost(1.1 * minimum))
        .floor(minimum, "formula");
    let report = &mut run.report;
    report.add(
        "CPU of our own processes",
        usage::ours_cpu_seconds(&measured.used),
        "s",
    );
    report.add(
        "memory of our own processes",
        usage::ours_mebibytes(&measured.used),
        "MiB",
    );
    stage.stop().await
}

/// Measures it with the quotas of real accounts and the pace that is shipped.
pub(crate) async fn run_with_quotas(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let records = if run.quick { QUICK } else { arguments.records };
    run.report.begin(&format!(
        "first sync of {records} + {records} under real quotas"
    ));
    let mut stage = run.stage(Quotas::Real).await?;
    let quota: BTreeMap<&str, u64> = CEILINGS
        .iter()
        .map(|ceiling| (ceiling.setting, ceiling.a_minute))
        .chain([("group_reads", 90), ("daily_contact_writes", 100_000)])
        .collect();
    let sandbox = &stage.system.sandbox;
    let mut settings = sandbox.get("google/settings").await?;
    for (name, units) in quota {
        settings["quota"][name] = json!(units);
    }
    let quota = json!({ "quota": settings["quota"] });
    sandbox.patch("google/settings", &quota).await?;
    run.report.explain("quota", &quota);
    let measured = measure(&mut run.report, &mut stage, records).await?;
    let allowed = show_allowed(&mut run.report, &measured.work);
    run.report
        .add("until in sync", measured.seconds, "s")
        .target(Target::AtMost(1.1 * allowed))
        .floor(allowed, "what the quota allows");
    let refused: u64 = measured.calls.0.values().map(|count| count.failed).sum();
    run.report
        .add("calls that were refused", float(refused), "calls");
    stage.stop().await
}

/// What one first sync took.
struct Measured {
    seconds: f64,
    calls: Calls,
    work: Work,
    used: BTreeMap<&'static str, usage::Usage>,
}

async fn measure(
    report: &mut Report,
    stage: &mut Stage,
    records: usize,
) -> anyhow::Result<Measured> {
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
    report.explain("books", filled["figures"].clone());
    let mut control = stage.system.control().await?;
    pair.connect(&mut control).await?;
    let watched = watch(report, stage, async |control| {
        pair.sync(control, MINUTE, "").await
    })
    .await?;
    let companies = watched.calls.0.get("zoho Accounts.createRecords");
    let work = Work {
        records: records as u64,
        created_left: watched.total("created_left"),
        created_right: watched.total("created_right"),
        updated_left: watched.total("updated_left"),
        masks_right: masks_right(&mut control, &watched.sync).await?,
        companies: companies.map_or(0, |count| count.written),
    };
    report.explain("work", &work);
    Ok(Measured {
        seconds: watched.seconds,
        calls: watched.calls,
        work,
        used: watched.used,
    })
}

/// What was seen of one first sync.
pub(super) struct Watched {
    /// From the sync's making to the last outcome.
    pub(super) seconds: f64,
    /// Until each side has read its echo.
    pub(super) calls: Calls,
    /// Until it was in sync.
    pub(super) used: BTreeMap<&'static str, usage::Usage>,
    sync: String,
    status: StatusResponse,
}

impl Watched {
    /// A total of the status at the moment at which it was in sync.
    pub(super) fn total(&self, name: &str) -> u64 {
        self.status.totals.get(name).copied().unwrap_or_default()
    }
}

/// Makes a sync, waits until it is in sync and each side has read its echo, and tells what that took.
pub(super) async fn watch(
    report: &mut Report,
    stage: &mut Stage,
    make: impl AsyncFnOnce(&mut ControlClient<Channel>) -> anyhow::Result<String>,
) -> anyhow::Result<Watched> {
    let mut control = stage.system.control().await?;
    let before_calls = Calls::so_far(&stage.system.sandbox).await?;
    let newest = stage.system.sandbox.newest_entry().await?;
    let ids = stage.process_ids();
    let before = usage::of(&ids);
    let began = Timestamp::now();
    let sync = make(&mut control).await?;
    let syncs = [sync.clone()];
    let mut reached = observe::until_in_sync(stage, &syncs, PATIENCE).await?;
    let used = usage::between(&before, &usage::of(&ids));
    let seconds = observe::last(&reached)?.duration_since(began).as_secs_f64();
    let reached = reached.remove(0);
    let status = reached.status;
    say(&format!(
        "   in sync after {seconds:.1} s; {:?}; {:?}; a status takes {:.1?}",
        status.counts.unwrap_or_default(),
        status.totals,
        reached.status_took
    ));
    let spans = calls::spans(&stage.system.sandbox, newest, began).await?;
    let until_then = Calls::so_far(&stage.system.sandbox)
        .await?
        .since(&before_calls);
    say(&calls::shown(&until_then, &spans).to_string());
    report.explain("calls until in sync", &until_then);
    report.explain("spans", &spans);
    report.processes(&used, seconds);
    read_once_more(stage, &mut control, &sync).await?;
    let calls = Calls::so_far(&stage.system.sandbox)
        .await?
        .since(&before_calls);
    say("   calls with those that read the echo:");
    say(&calls::shown(&calls, &BTreeMap::new()).to_string());
    report.explain("calls", &calls);
    Ok(Watched {
        seconds,
        calls,
        used,
        sync,
        status,
    })
}

/// Has both sides read, and waits until each has finished a round that began after the last outcome.
async fn read_once_more(
    stage: &mut Stage,
    control: &mut ControlClient<Channel>,
    sync: &str,
) -> anyhow::Result<()> {
    let reference = SyncRef {
        tenant: TENANT.to_owned(),
        sync: sync.to_owned(),
    };
    control
        .run(RunRequest {
            sync: Some(reference),
        })
        .await?;
    observe::until_read_after_last_outcome(stage, sync, PATIENCE).await
}

/// Prints the formula; answers its sum.
pub(super) fn show_minimum(report: &mut Report, terms: &[Term]) -> f64 {
    let mut rows = table(&["the fewest calls", "calls"]);
    for term in terms {
        rows.add_row([term.what.clone(), term.calls.to_string()]);
    }
    let sum: u64 = terms.iter().map(|term| term.calls).sum();
    rows.add_row(["together".to_owned(), sum.to_string()]);
    say(&rows.to_string());
    report.explain("formula", terms);
    float(sum)
}

/// Prints what the quota allows; answers the seconds. A minute's units may all be spent at its beginning, so that the
/// last minute costs nothing.
fn show_allowed(report: &mut Report, work: &Work) -> f64 {
    let batches = work.created_right.div_ceil(200)
        + work
            .masks_right
            .values()
            .map(|records| records.div_ceil(200))
            .sum::<u64>();
    let updates: u64 = work
        .masks_right
        .values()
        .map(|records| records.div_ceil(200))
        .sum();
    let pages = work.records.div_ceil(1_000);
    let units = [
        6 * batches + updates + pages + u64::from(work.created_right > 0),
        6 * batches,
        work.created_right.div_ceil(1_000),
    ];
    let mut rows = table(&["Google's quota a user", "units", "a minute", "seconds"]);
    let mut most: f64 = 1.0;
    let mut terms: Vec<Value> = Vec::new();
    for (ceiling, units) in CEILINGS.iter().zip(units) {
        let seconds = float(60 * (units.div_ceil(ceiling.a_minute).saturating_sub(1)));
        rows.add_row([
            ceiling.name.to_owned(),
            units.to_string(),
            ceiling.a_minute.to_string(),
            seconds.to_string(),
        ]);
        terms.push(json!({
            "bucket": ceiling.name, "units": units, "a_minute": ceiling.a_minute, "seconds": seconds,
        }));
        most = most.max(seconds);
    }
    say(&rows.to_string());
    say(
        "   6 units a batch of creates or of updates, in reads and in writes; 1 a read, a page, a change to a group",
    );
    report.explain("what the quota allows", terms);
    most
}
