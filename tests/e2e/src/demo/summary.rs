//! What the first syncs did, as tables.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proto::{
    reconcile::{HistoryEntry, StatusResponse},
    record::Side,
};
use serde_json::Value;

use super::{
    RECORDS, SYNCS,
    inquiry::{Inquiry, texts},
    screen,
    stage::Stage,
};

/// Values that are listed one by one.
const LISTED: usize = 10;
/// Methods that read and write no records, by their first words.
const PREPARING: [&str; 5] = ["oauth", "oauth2", "org", "settings", "users"];

/// Shows what the first syncs did.
pub(super) async fn show(
    stage: &Stage,
    statuses: &[StatusResponse],
    took: Duration,
) -> anyhow::Result<()> {
    let counts = stage.system.sandbox.get("counts").await?;
    let mut histories = Vec::new();
    for sync in SYNCS {
        let mut inquiry = Inquiry::begin(&stage.system, sync).await?;
        histories.push(inquiry.history().await?);
    }
    figures(statuses, &histories, took);
    met(&histories);
    reasons(statuses);
    calls(&counts["methods"]);
    Ok(())
}

fn figures(statuses: &[StatusResponse], histories: &[Vec<HistoryEntry>], took: Duration) {
    let mut table = screen::table(&["first sync", RECORDS[0], RECORDS[1]]);
    let columns: Vec<_> = statuses
        .iter()
        .zip(histories)
        .map(|(status, history)| figures_of(status, history))
        .collect();
    let Some(names) = columns.first() else {
        return;
    };
    for (row, (what, _)) in names.iter().enumerate() {
        let counts = columns.iter().map(|column| screen::number(column[row].1));
        let cells: Vec<_> = std::iter::once((*what).into()).chain(counts).collect();
        table.add_row(cells);
    }
    let title = format!("What the first syncs did, in {} seconds", took.as_secs());
    screen::show(&title, &table);
}

fn figures_of(status: &StatusResponse, history: &[HistoryEntry]) -> [(&'static str, u64); 9] {
    let counts = status.counts.unwrap_or_default();
    let total = |name: &str| status.totals.get(name).copied().unwrap_or_default();
    let created = [total("created_left"), total("created_right")];
    let merged: BTreeSet<&str> = history
        .iter()
        .filter(|entry| entry.cause == "first contact")
        .map(|entry| entry.link.as_str())
        .collect();
    [
        ("records in scope, left", counts.left_in_scope),
        ("records in scope, right", counts.right_in_scope),
        ("sync records", counts.in_scope),
        (
            "matched",
            counts.linked.saturating_sub(created[0] + created[1]),
        ),
        ("merged with their match", merged.len() as u64),
        ("created left", created[0]),
        ("created right", created[1]),
        ("in sync", counts.in_sync),
        ("conflicts", status.conflicts),
    ]
}

/// Where two records met with different values: which one stays, and where the other is found. Of meetings they are
/// counted alone: mostly the same moment by another clock.
fn met(histories: &[Vec<HistoryEntry>]) {
    let overwritten: Vec<Vec<&HistoryEntry>> = histories
        .iter()
        .map(|history| {
            let entries = history.iter();
            entries
                .filter(|entry| entry.before.is_some() && entry.cause != "create")
                .collect()
        })
        .collect();
    let mut table = screen::table(&["record", "path", "stays", "in the history"]);
    for entry in overwritten.iter().take(1).flatten().take(LISTED) {
        let side = match entry.side() {
            Side::Left => "left",
            Side::Right | Side::Unspecified => "right",
        };
        table.add_row([
            format!("{side} {}", entry.remote_id),
            entry.path.clone(),
            texts(entry.after.as_ref()).join(" "),
            texts(entry.before.as_ref()).join(" "),
        ]);
    }
    screen::show(
        "Conflicts: both sides had a value; the chosen side's stays",
        &table,
    );
    for (at, (sync, entries)) in SYNCS.iter().zip(&overwritten).enumerate() {
        let shown = if at == 0 { LISTED } else { 0 };
        let more = entries.len().saturating_sub(shown);
        if more > 0 {
            let records = RECORDS[at];
            screen::line(format!("  and {more} of {records}: rapport history {sync}"));
        }
    }
}

fn reasons(statuses: &[StatusResponse]) {
    let mut table = screen::table(&["of the", "state", "reason", "records"]);
    for (records, status) in RECORDS.iter().zip(statuses) {
        for reason in &status.reasons {
            if ["excluded", "set aside", "deferred"].contains(&reason.state.as_str()) {
                table.add_row(vec![
                    (*records).into(),
                    reason.state.as_str().into(),
                    reason.reason.as_str().into(),
                    screen::number(reason.count),
                ]);
            }
        }
    }
    screen::show("Left out, and why", &table);
}

fn calls(methods: &Value) {
    let mut table = screen::table(&["provider", "method", "calls", "refused", "records written"]);
    let providers: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_value(methods.clone()).unwrap_or_default();
    for (provider, methods) in providers {
        let (mut shown, mut preparing) = (Vec::new(), [0; 3]);
        for (method, count) in methods {
            let counts =
                ["calls", "failed", "written"].map(|name| count[name].as_u64().unwrap_or_default());
            let group = method.split('.').next().unwrap_or_default();
            if PREPARING.contains(&group) {
                preparing = std::array::from_fn(|place| preparing[place] + counts[place]);
            } else {
                shown.push((method, counts));
            }
        }
        shown.push(("signing in, users and settings".to_owned(), preparing));
        for (method, counts) in shown {
            let name = [provider.clone(), method].map(Into::into);
            let cells: Vec<_> = name.into_iter().chain(counts.map(screen::number)).collect();
            table.add_row(cells);
        }
    }
    screen::show("Provider calls by method", &table);
}
