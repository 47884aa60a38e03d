//! Time and memory, from few links to many, in several accounts.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    accounts::Books,
    crew,
    report::{Target, number, say, table},
    stage::{Quotas, Stage},
    usage,
};

use super::{Run, float};

/// Sizes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Accounts that the links are in; Google's take 25,000 contacts each.
    #[arg(long, default_value_t = 5)]
    pub(crate) accounts: usize,
    /// Links over all accounts, one size after the other.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    pub(crate) links: Vec<usize>,
}

/// Mebibytes that all our processes may have at the largest size.
const MEMORY: f64 = 300.0;
/// How much a record may take longer at the largest size than at the one before.
const FLAT: f64 = 1.2;
/// Idle time before memory at rest is looked at.
const REST: Duration = Duration::from_secs(20);

/// Measures it.
pub(crate) async fn run(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let (accounts, links) = if run.quick {
        (2, vec![60, 120])
    } else {
        (arguments.accounts, arguments.links.clone())
    };
    run.report.begin(&format!("growth in {accounts} accounts"));
    let mut milliseconds: Vec<f64> = Vec::new();
    let mut roles = table(&["process", "links", "MiB at rest", "peak MiB", "CPU s"]);
    for links in links {
        let mut stage = run.stage(Quotas::Off).await?;
        let grown = grow(&mut stage, accounts, links).await?;
        for (name, usage) in &grown.used {
            roles.add_row([
                (*name).to_owned(),
                links.to_string(),
                number(usage.resident_mebibytes),
                number(usage.peak_mebibytes),
                number(usage.cpu_seconds),
            ]);
        }
        let report = &mut run.report;
        report.explain(&format!("{links} links"), &grown.used);
        let a_record = 1_000.0 * grown.seconds / float(links as u64);
        report.add(&format!("{links} links: in sync after"), grown.seconds, "s");
        let figure = report.add(&format!("{links} links: a link"), a_record, "ms");
        // The smallest size is mostly waiting for the first look at a new sync.
        if let Some(smaller) = milliseconds.get(1) {
            figure
                .target(Target::AtMost(FLAT * smaller))
                .floor(*smaller, "the second size");
        }
        milliseconds.push(a_record);
        let memory = usage::ours_mebibytes(&grown.used);
        let name = format!("{links} links: memory of our own processes at rest");
        report
            .add(&name, memory, "MiB")
            .target(Target::AtMost(MEMORY));
        let name = format!("{links} links: their most memory at a time");
        report
            .add(&name, grown.most_mebibytes, "MiB")
            .target(Target::AtMost(MEMORY));
        stage.stop().await?;
    }
    say(&roles.to_string());
    Ok(())
}

/// How often memory is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(500);

/// What a size took.
struct Grown {
    seconds: f64,
    used: BTreeMap<&'static str, usage::Usage>,
    most_mebibytes: f64,
}

async fn grow(stage: &mut Stage, accounts: usize, links: usize) -> anyhow::Result<Grown> {
    // Half of the people are on both sides, so that two thirds as many people as links make that many links.
    let books = Books {
        people: (2 * links).div_ceil(3 * accounts),
        overlap: 0.5,
    };
    let ids = stage.process_ids();
    let before = usage::of(&ids);
    let growing = async {
        let crew = crew::assemble(stage, accounts, books, "").await?;
        let rest = if links < 1_000 { Duration::ZERO } else { REST };
        tokio::time::sleep(rest).await;
        anyhow::Ok(crew)
    };
    let mut growing = std::pin::pin!(growing);
    let mut most_mebibytes: f64 = 0.0;
    let crew = loop {
        tokio::select! {
            crew = &mut growing => break crew?,
            () = tokio::time::sleep(LOOK) => {
                most_mebibytes = most_mebibytes.max(usage::ours_mebibytes(&usage::of(&ids)));
            }
        }
    };
    Ok(Grown {
        seconds: crew.seconds,
        used: usage::between(&before, &usage::of(&ids)),
        most_mebibytes,
    })
}
