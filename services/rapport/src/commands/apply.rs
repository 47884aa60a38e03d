//! `rapport apply`: stores sync files; a dry run waits for the preview and counts.

use std::{
    collections::HashMap,
    io::Read as _,
    path::Path,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use proto::{
    control::{AppliedSync, ApplyRequest, ListSyncsRequest},
    reconcile::{PreviewRequest, StatusRequest},
};
use serde_json::json;

use crate::{
    caller::{Caller, named},
    cli::ApplyArgs,
    failure::Failure,
    output,
};

const LOOK: Duration = Duration::from_millis(500);

/// What a preview counts for each side, and as a whole, as people read it.
const BY_SIDE: [(&str, &str); 3] = [
    ("create", "to create"),
    ("update", "to update"),
    ("delete", "to delete"),
];
const AS_A_WHOLE: [(&str, &str); 4] = [
    ("merge", "to merge with their match"),
    ("conflict", "conflicts"),
    ("left_out", "left out"),
    ("deferred", "deferred by a cap"),
];

pub(crate) async fn run(caller: &Caller, json: bool, args: &ApplyArgs) -> Result<(), Failure> {
    let mut applied = Vec::new();
    for path in &args.files {
        let request = ApplyRequest {
            tenant: String::new(),
            yaml: read(path)?,
            dry_run: args.dry_run,
        };
        let answer = caller
            .apply(request)
            .await
            .map_err(|failure| in_file(path, failure))?;
        applied.extend(answer.syncs);
    }
    for sync in &applied {
        show_applied(json, args.dry_run, sync);
    }
    if args.dry_run {
        let deadline = Instant::now() + Duration::from_secs(args.timeout_seconds);
        preview(caller, json, &applied, deadline).await?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let wrong = |error| Failure::Wrong(format!("cannot read {}: {error}", path.display()));
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(wrong)
}

/// Each line of a complaint names the file that it is about.
fn in_file(path: &Path, failure: Failure) -> Failure {
    let Failure::Wrong(message) = failure else {
        return failure;
    };
    let lines: Vec<String> = message
        .lines()
        .map(|line| format!("{}: {line}", path.display()))
        .collect();
    Failure::Wrong(lines.join("\n"))
}

fn show_applied(json: bool, dry_run: bool, applied: &AppliedSync) {
    let AppliedSync {
        sync,
        name,
        result,
        differences,
    } = applied;
    if json {
        output::json(&json!({
            "sync": sync, "name": name, "result": result, "differences": differences, "dry_run": dry_run,
        }));
        return;
    }
    output::line(format!(
        "{name}: {result}{}",
        if dry_run { " (dry run)" } else { "" }
    ));
    for difference in differences {
        output::line(format!("  {difference}"));
    }
}

/// Waits until the syncs that are held have been planned, and counts. Of a sync that runs a dry run only shows the
/// differences: holding it would stop it.
async fn preview(
    caller: &Caller,
    json: bool,
    applied: &[AppliedSync],
    deadline: Instant,
) -> Result<(), Failure> {
    let known = caller.list_syncs(ListSyncsRequest::default()).await?.syncs;
    for applied in applied {
        let held = known
            .iter()
            .any(|known| known.id == applied.sync && known.state == "preview");
        if !held {
            if !json {
                output::line(format!(
                    "{}: it runs already; nothing was stored",
                    applied.name
                ));
            }
            continue;
        }
        let counts = planned(caller, applied, deadline).await?;
        show_preview(json, applied, &counts);
    }
    Ok(())
}

async fn planned(
    caller: &Caller,
    applied: &AppliedSync,
    deadline: Instant,
) -> Result<HashMap<String, u64>, Failure> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    loop {
        let request = PreviewRequest {
            sync: Some(named(&applied.sync)),
        };
        // The reconciler learns of the sync a moment after control stored it.
        match caller.preview(request).await {
            Ok(answer) if answer.complete => {
                bar.finish_and_clear();
                return Ok(answer.counts);
            }
            Ok(_reading) => bar.set_message(reading(caller, applied).await),
            Err(Failure::Failed(reason) | Failure::Wrong(reason)) => bar.set_message(reason),
        }
        if Instant::now() >= deadline {
            bar.finish_and_clear();
            return Err(Failure::Failed(format!(
                "{}: both accounts are not read to the end yet; the sync is held, look again with `rapport apply \
                 --dry-run`, or wait longer with --timeout-seconds; {}",
                applied.name,
                reading(caller, applied).await
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How far both sides are read.
async fn reading(caller: &Caller, applied: &AppliedSync) -> String {
    let request = StatusRequest {
        sync: Some(named(&applied.sync)),
    };
    let Ok(status) = caller.status(request).await else {
        return format!("{}: waiting for the reconciler", applied.name);
    };
    let read = |feed: Option<proto::reconcile::FeedStatus>| feed.unwrap_or_default().records_read;
    let (left, right) = (read(status.left), read(status.right));
    let why = if status.reason.is_empty() {
        String::new()
    } else {
        format!(" ({})", status.reason)
    };
    format!(
        "{}: {left} records read on the left, {right} on the right{why}",
        applied.name
    )
}

fn show_preview(json: bool, applied: &AppliedSync, counts: &HashMap<String, u64>) {
    if json {
        output::json(&json!({ "sync": applied.sync, "name": applied.name, "preview": counts }));
        return;
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let mut table = output::table(&[&applied.name, "left", "right"]);
    for (name, shown) in BY_SIDE {
        let (left, right) = (
            count(&format!("{name}_left")),
            count(&format!("{name}_right")),
        );
        table.add_row(vec![
            shown.into(),
            output::number(left),
            output::number(right),
        ]);
    }
    output::show(&table, "");
    for (name, shown) in AS_A_WHOLE {
        output::line(format!("  {shown}: {}", count(name)));
    }
    output::line(format!(
        "{} is held and writes nothing: apply the file without --dry-run to start it, or `rapport delete {}`",
        applied.name, applied.name
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_name_their_file_line_by_line() {
        let wrong = Failure::Wrong("line 1, column 2: a\nline 3, column 4: b".to_owned());
        let named = in_file(Path::new("sync.yaml"), wrong).to_string();
        assert_eq!(
            named,
            "sync.yaml: line 1, column 2: a\nsync.yaml: line 3, column 4: b"
        );
    }
}
