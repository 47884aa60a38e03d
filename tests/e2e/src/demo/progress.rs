//! How far the syncs are, while they come to rest: bars for each side, or lines where nobody watches.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use proto::reconcile::StatusResponse;

use super::{RECORDS, SYNCS, inquiry::Inquiry, screen, stage::Stage};

/// How often bars look.
const LOOK: Duration = Duration::from_millis(200);
/// How often lines are printed at most.
const LINE: Duration = Duration::from_secs(2);

/// Waits until both syncs are at rest, and shows how far they are; `listed` says how many records each account holds,
/// by sync and side.
pub(super) async fn until_quiet(
    stage: &mut Stage,
    listed: [[u64; 2]; 2],
) -> anyhow::Result<Vec<StatusResponse>> {
    let mut inquiries = Vec::new();
    for sync in SYNCS {
        inquiries.push(Inquiry::begin(&stage.system, sync).await?);
    }
    let (patience, timing) = (stage.patience, stage.timing);
    let mut shown = Shown::new(listed);
    let quiet = tokio::select! {
        quiet = stage.system.all_quiet(&SYNCS, patience, timing) => quiet,
        never = shown.follow(inquiries) => match never {},
    };
    if let Ok(statuses) = &quiet {
        shown.show(statuses);
    }
    shown.finish();
    quiet
}

enum Shown {
    Bars {
        syncs: Vec<Bars>,
        _together: MultiProgress,
    },
    Lines {
        last: [String; 2],
        at: Option<Instant>,
    },
}

/// The bars of one sync.
struct Bars {
    sides: [ProgressBar; 2],
    in_step: ProgressBar,
    listed: [u64; 2],
}

impl Shown {
    fn new(listed: [[u64; 2]; 2]) -> Self {
        if std::io::stderr().is_terminal() {
            let together = MultiProgress::new();
            let syncs = RECORDS.into_iter().zip(listed);
            Self::Bars {
                syncs: syncs
                    .map(|(records, listed)| Bars::new(&together, records, listed))
                    .collect(),
                _together: together,
            }
        } else {
            Self::Lines {
                last: Default::default(),
                at: None,
            }
        }
    }

    /// Looks for as long as it is polled. While a service is down there is nothing to see.
    async fn follow(&mut self, mut inquiries: Vec<Inquiry>) -> std::convert::Infallible {
        loop {
            let mut statuses = Vec::new();
            for inquiry in &mut inquiries {
                statuses.extend(inquiry.status().await);
            }
            if statuses.len() == inquiries.len() {
                self.show_sometimes(&statuses);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn show_sometimes(&mut self, statuses: &[StatusResponse]) {
        let soon = matches!(self, Self::Lines { at: Some(at), .. } if at.elapsed() < LINE);
        if !soon {
            self.show(statuses);
        }
    }

    fn show(&mut self, statuses: &[StatusResponse]) {
        match self {
            Self::Bars { syncs, .. } => {
                for (bars, status) in syncs.iter().zip(statuses) {
                    bars.show(status);
                }
            }
            Self::Lines { last, at } => {
                for ((records, last), status) in RECORDS.iter().zip(last).zip(statuses) {
                    let line = line(status);
                    if *last != line {
                        screen::line(format!("  {records} {line}"));
                        *last = line;
                        *at = Some(Instant::now());
                    }
                }
            }
        }
    }

    fn finish(&self) {
        if let Self::Bars { syncs, .. } = self {
            for bars in syncs {
                bars.sides.iter().for_each(ProgressBar::finish);
                bars.in_step.finish();
            }
        }
    }
}

impl Bars {
    fn new(together: &MultiProgress, records: &str, listed: [u64; 2]) -> Self {
        let bar = |name: &str, length: u64| {
            let bar = together.add(ProgressBar::new(length));
            let template = "  {prefix:18} [{bar:32}] {pos:>4}/{len:4} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(format!("{records} {name}"));
            bar
        };
        Self {
            sides: [bar("Zoho CRM", listed[0]), bar("Google", listed[1])],
            in_step: bar("in step", 0),
            listed,
        }
    }

    fn show(&self, status: &StatusResponse) {
        let counts = status.counts.unwrap_or_default();
        let read = [counts.left_records, counts.right_records];
        for (side, name) in ["left", "right"].into_iter().enumerate() {
            let bar = &self.sides[side];
            bar.set_length(self.listed[side].max(read[side]));
            bar.set_position(read[side]);
            bar.set_message(written(status, name));
        }
        self.in_step.set_length(counts.in_scope);
        self.in_step
            .set_position(counts.in_scope.saturating_sub(counts.pending));
        self.in_step.set_message(format!(
            "{}, {} writes open",
            status.phase, status.open_writes
        ));
    }
}

/// What was written on a side so far.
fn written(status: &StatusResponse, side: &str) -> String {
    let total = |what: &str| status.totals.get(&format!("{what}_{side}")).copied();
    format!(
        "read, {} created, {} updated",
        total("created").unwrap_or_default(),
        total("updated").unwrap_or_default()
    )
}

fn line(status: &StatusResponse) -> String {
    let counts = status.counts.unwrap_or_default();
    format!(
        "{}: left {} {}; right {} {}; {} of {} in step, {} writes open",
        status.phase,
        counts.left_records,
        written(status, "left"),
        counts.right_records,
        written(status, "right"),
        counts.in_scope.saturating_sub(counts.pending),
        counts.in_scope,
        status.open_writes,
    )
}
