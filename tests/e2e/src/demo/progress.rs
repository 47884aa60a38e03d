//! How far the sync is, while it comes to rest: a bar a side, or lines where nobody watches.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use proto::reconcile::StatusResponse;

use super::{SYNC, inquiry::Inquiry, screen, stage::Stage};

/// How often bars look.
const LOOK: Duration = Duration::from_millis(200);
/// How often lines are printed at most.
const LINE: Duration = Duration::from_secs(2);

/// Waits until the sync is at rest, and shows how far it is; `listed` says how many people each account holds.
pub(super) async fn until_quiet(
    stage: &mut Stage,
    listed: [u64; 2],
) -> anyhow::Result<StatusResponse> {
    let inquiry = Inquiry::begin(&stage.system).await?;
    let (patience, timing) = (stage.patience, stage.timing);
    let mut shown = Shown::new(listed);
    let quiet = tokio::select! {
        quiet = stage.system.quiet(SYNC, patience, timing) => quiet,
        never = shown.follow(inquiry) => match never {},
    };
    if let Ok(status) = &quiet {
        shown.show(status);
    }
    shown.finish();
    quiet
}

enum Shown {
    Bars(Bars),
    Lines { last: String, at: Option<Instant> },
}

struct Bars {
    sides: [ProgressBar; 2],
    in_step: ProgressBar,
    listed: [u64; 2],
    _together: MultiProgress,
}

impl Shown {
    fn new(listed: [u64; 2]) -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bars(Bars::new(listed))
        } else {
            Self::Lines {
                last: String::new(),
                at: None,
            }
        }
    }

    /// Looks for as long as it is polled. While a service is down there is nothing to see.
    async fn follow(&mut self, mut inquiry: Inquiry) -> std::convert::Infallible {
        loop {
            if let Ok(status) = inquiry.status().await {
                self.show_sometimes(&status);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn show_sometimes(&mut self, status: &StatusResponse) {
        let soon = matches!(self, Self::Lines { at: Some(at), .. } if at.elapsed() < LINE);
        if !soon {
            self.show(status);
        }
    }

    fn show(&mut self, status: &StatusResponse) {
        match self {
            Self::Bars(bars) => bars.show(status),
            Self::Lines { last, at } => {
                let line = line(status);
                if *last != line {
                    screen::line(format!("  {line}"));
                    *last = line;
                    *at = Some(Instant::now());
                }
            }
        }
    }

    fn finish(&self) {
        if let Self::Bars(bars) = self {
            bars.sides.iter().for_each(ProgressBar::finish);
            bars.in_step.finish();
        }
    }
}

impl Bars {
    fn new(listed: [u64; 2]) -> Self {
        let together = MultiProgress::new();
        let bar = |name: &'static str, length: u64| {
            let bar = together.add(ProgressBar::new(length));
            let template = "  {prefix:11} [{bar:32}] {pos:>4}/{len:4} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name);
            bar
        };
        Self {
            sides: [bar("Zoho CRM", listed[0]), bar("Google", listed[1])],
            in_step: bar("in step", 0),
            listed,
            _together: together,
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
