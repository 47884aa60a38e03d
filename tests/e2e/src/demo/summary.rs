//! What the first sync did, as tables.

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
    SYNC,
    inquiry::{Inquiry, texts},
    screen,
    stage::Stage,
};

/// Values that are listed one by one.
const LISTED: usize = 10;

/// Shows what the first sync did.
pub(super) async fn show(
    stage: &Stage,
    status: &StatusResponse,
    took: Duration,
) -> anyhow::Result<()> {
    let counts = stage.system.sandbox.get("counts").await?;
    let history = Inquiry::begin(&stage.system).await?.history().await?;
    figures(status, &history, took);
    met(&history);
    reasons(status);
    calls(&counts["methods"]);
    Ok(())
}

fn figures(status: &StatusResponse, history: &[HistoryEntry], took: Duration) {
    let counts = status.counts.unwrap_or_default();
    let total = |name: &str| status.totals.get(name).copied().unwrap_or_default();
    let created = [total("created_left"), total("created_right")];
    let merged: BTreeSet<&str> = history
        .iter()
        .filter(|entry| entry.cause == "first contact")
        .map(|entry| entry.link.as_str())
        .collect();
    let mut table = screen::table(&["first sync", ""]);
    for (what, count) in [
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
        ("seconds", took.as_secs()),
    ] {
        table.add_row(vec![what.into(), screen::number(count)]);
    }
    screen::show("What the first sync did", &table);
}

/// Where two records met with different values: which one stays, and where the other is found.
fn met(history: &[HistoryEntry]) {
    let overwritten: Vec<_> = history
        .iter()
        .filter(|entry| entry.before.is_some() && entry.cause != "create")
        .collect();
    let mut table = screen::table(&["record", "path", "stays", "in the history"]);
    for entry in overwritten.iter().take(LISTED) {
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
    let more = overwritten.len().saturating_sub(LISTED);
    if more > 0 {
        screen::line(format!("  and {more} more: rapport history {SYNC}"));
    }
}

fn reasons(status: &StatusResponse) {
    let mut table = screen::table(&["state", "reason", "records"]);
    for reason in &status.reasons {
        if ["excluded", "set aside", "deferred"].contains(&reason.state.as_str()) {
            table.add_row(vec![
                reason.state.as_str().into(),
                reason.reason.as_str().into(),
                screen::number(reason.count),
            ]);
        }
    }
    screen::show("Left out, and why", &table);
}

fn calls(methods: &Value) {
    let mut table = screen::table(&["provider", "method", "calls", "refused", "records written"]);
    let providers: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_value(methods.clone()).unwrap_or_default();
    for (provider, methods) in providers {
        for (method, count) in methods {
            let number = |name: &str| screen::number(count[name].as_u64().unwrap_or_default());
            table.add_row(vec![
                provider.as_str().into(),
                method.into(),
                number("calls"),
                number("failed"),
                number("written"),
            ]);
        }
    }
    screen::show("Provider calls by method", &table);
}
