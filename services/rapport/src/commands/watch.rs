//! `rapport status --watch`: a bar for each side and one for what is in step, until it is interrupted.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use proto::reconcile::{FeedStatus, StatusResponse};

use crate::{
    caller::Caller,
    commands::status::{known, status, status_json},
    failure::Failure,
    output,
};

const LOOK: Duration = Duration::from_millis(500);

pub(crate) async fn run(caller: &Caller, json: bool, name: &str) -> Result<(), Failure> {
    let bars = (!json && std::io::stderr().is_terminal()).then(Bars::new);
    let known = known(caller, name).await?;
    let mut last = String::new();
    loop {
        let now = status(caller, name).await?;
        if let Some(bars) = &bars {
            bars.show(name, &now);
        } else {
            let shown = if json {
                status_json(&known, &now, "").to_string()
            } else {
                as_line(name, &now)
            };
            if shown != last {
                output::line(&shown);
                last = shown;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn as_line(name: &str, status: &StatusResponse) -> String {
    let counts = status.counts.unwrap_or_default();
    format!(
        "{name}: {} · {} of {} in sync, {} pending, {} deferred, {} excluded, {} set aside · read {} left, {} right",
        status.phase,
        counts.in_sync,
        counts.in_scope,
        counts.pending,
        counts.deferred,
        counts.excluded,
        counts.set_aside,
        counts.left_records,
        counts.right_records,
    )
}

struct Bars {
    left: ProgressBar,
    right: ProgressBar,
    settled: ProgressBar,
    _together: MultiProgress,
}

impl Bars {
    fn new() -> Self {
        let together = MultiProgress::new();
        let spinner = || {
            let bar = together.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:7} {msg}") {
                bar.set_style(style);
            }
            bar
        };
        let (left, right) = (spinner(), spinner());
        let settled = together.add(ProgressBar::new(0));
        if let Ok(style) =
            ProgressStyle::with_template("  {prefix:7} {wide_bar} {pos}/{len}  {msg}")
        {
            settled.set_style(style);
        }
        left.set_prefix("left");
        right.set_prefix("right");
        settled.set_prefix("in step");
        Self {
            left,
            right,
            settled,
            _together: together,
        }
    }

    fn show(&self, name: &str, status: &StatusResponse) {
        let counts = status.counts.unwrap_or_default();
        let side = |feed: Option<FeedStatus>, records, in_scope| {
            let reading = if feed.unwrap_or_default().snapshot_open {
                ", reading everything"
            } else {
                ""
            };
            format!("{records} records, {in_scope} in scope{reading}")
        };
        self.left
            .set_message(side(status.left, counts.left_records, counts.left_in_scope));
        self.right.set_message(side(
            status.right,
            counts.right_records,
            counts.right_in_scope,
        ));
        self.left.tick();
        self.right.tick();
        self.settled.set_length(counts.in_scope);
        self.settled
            .set_position(counts.in_scope.saturating_sub(counts.pending));
        let reason = if status.reason.is_empty() {
            String::new()
        } else {
            format!(": {}", status.reason)
        };
        self.settled
            .set_message(format!("{name} {}{reason}", status.phase));
    }
}
