//! `rapport status`: how syncs are doing.

use jiff::Timestamp;
use proto::{
    control::{ListSyncsRequest, SyncSummary},
    reconcile::{Counts, FeedStatus, Notified, StatusRequest, StatusResponse, SweepStatus},
};
use serde_json::{Value, json};

use crate::{
    caller::{Caller, named},
    cli::StatusArgs,
    commands::watch,
    failure::Failure,
    output,
};

pub(crate) async fn run(caller: &Caller, json: bool, args: &StatusArgs) -> Result<(), Failure> {
    match &args.sync {
        None => all(caller, json).await,
        Some(name) if args.watch => watch::run(caller, json, name).await,
        Some(name) => one(caller, json, name).await,
    }
}

/// What the reconciler says of a sync.
pub(crate) async fn status(caller: &Caller, name: &str) -> Result<StatusResponse, Failure> {
    caller
        .status(StatusRequest {
            sync: Some(named(name)),
        })
        .await
}

async fn all(caller: &Caller, json: bool) -> Result<(), Failure> {
    let syncs = caller.list_syncs(ListSyncsRequest::default()).await?.syncs;
    let columns = [
        "name",
        "state",
        "phase",
        "in scope",
        "in sync",
        "pending",
        "deferred",
        "excluded",
        "set aside",
        "last run",
        "reason",
    ];
    let mut table = output::table(&columns);
    let now = Timestamp::now();
    for known in syncs {
        // One sync that cannot be asked hides no other.
        let (status, problem) = match status(caller, &known.id).await {
            Ok(status) => (status, String::new()),
            Err(failure) => (StatusResponse::default(), failure.to_string()),
        };
        if json {
            output::json(&status_json(&known, &status, &problem));
            continue;
        }
        let counts = status.counts.unwrap_or_default();
        let reason = if problem.is_empty() {
            status.reason
        } else {
            problem
        };
        table.add_row(vec![
            known.name.into(),
            known.state.into(),
            status.phase.into(),
            output::number(counts.in_scope),
            output::number(counts.in_sync),
            output::number(counts.pending),
            output::number(counts.deferred),
            output::number(counts.excluded),
            output::number(counts.set_aside),
            output::ago(status.last_run_at_micros, now).into(),
            reason.into(),
        ]);
    }
    if !json {
        output::show(
            &table,
            "no syncs yet; make one with `rapport apply -f FILE`",
        );
    }
    Ok(())
}

/// What control says of a sync.
pub(crate) async fn known(caller: &Caller, name: &str) -> Result<SyncSummary, Failure> {
    let syncs = caller.list_syncs(ListSyncsRequest::default()).await?.syncs;
    let known = syncs
        .into_iter()
        .find(|known| known.name == name || known.id == name);
    // A sync that has ended is in no list, and can still be asked about by its id.
    Ok(known.unwrap_or_else(|| SyncSummary {
        name: name.to_owned(),
        ..SyncSummary::default()
    }))
}

async fn one(caller: &Caller, json: bool, name: &str) -> Result<(), Failure> {
    let status = status(caller, name).await?;
    let known = known(caller, name).await?;
    if json {
        output::json(&status_json(&known, &status, ""));
    } else {
        show(&known, &status, Timestamp::now());
    }
    Ok(())
}

fn show(known: &SyncSummary, status: &StatusResponse, now: Timestamp) {
    output::line(format!(
        "{}: {} ({}), run {}",
        known.name, status.phase, known.state, status.run
    ));
    if !status.reason.is_empty() {
        output::line(format!("  {}", status.reason));
    }
    output::line(format!("  left:  {}", known.left));
    output::line(format!("  right: {}", known.right));
    let last = output::ago(status.last_run_at_micros, now);
    output::line(format!("  last run: {last} {}", status.last_run_result));
    if let Some(sweep) = status.sweep {
        output::line(format!("  last sweep: {}", swept(&sweep, now)));
    }
    output::line("");
    let counts = status.counts.unwrap_or_default();
    let mut table = output::table(&[
        "in scope",
        "in sync",
        "pending",
        "deferred",
        "excluded",
        "set aside",
        "linked",
    ]);
    table.add_row(vec![
        output::number(counts.in_scope),
        output::number(counts.in_sync),
        output::number(counts.pending),
        output::number(counts.deferred),
        output::number(counts.excluded),
        output::number(counts.set_aside),
        output::number(counts.linked),
    ]);
    output::show(&table, "");
    let mut table = output::table(&["side", "records", "in scope", "last read", "reading now"]);
    let (left, right) = (
        status.left.unwrap_or_default(),
        status.right.unwrap_or_default(),
    );
    for (side, feed, records, in_scope) in [
        ("left", left, counts.left_records, counts.left_in_scope),
        ("right", right, counts.right_records, counts.right_in_scope),
    ] {
        table.add_row(vec![
            side.into(),
            output::number(records),
            output::number(in_scope),
            output::ago(feed.round_ended_at_micros, now).into(),
            reading(&feed).into(),
        ]);
    }
    output::line("");
    output::show(&table, "");
    show_reasons(status);
    show_totals(status);
}

fn reading(feed: &FeedStatus) -> String {
    if feed.snapshot_open {
        format!("everything: {} so far", feed.records_read)
    } else {
        "changes".to_owned()
    }
}

fn show_reasons(status: &StatusResponse) {
    let mut table = output::table(&["state", "reason", "records"]);
    for reason in &status.reasons {
        table.add_row(vec![
            reason.state.clone().into(),
            reason.reason.clone().into(),
            output::number(reason.count),
        ]);
    }
    if !table.is_empty() {
        output::line("");
        output::show(&table, "");
    }
}

fn show_totals(status: &StatusResponse) {
    // These are counted once more as a whole.
    let counted = ["conflicts", "notifying_writes", "guests_notified"];
    let mut totals: Vec<(&String, &u64)> = status
        .totals
        .iter()
        .filter(|(name, _)| !counted.contains(&name.as_str()))
        .collect();
    totals.sort();
    let mut parts: Vec<String> = totals
        .into_iter()
        .map(|(name, count)| format!("{} {count}", name.replace('_', " ")))
        .collect();
    parts.push(format!("open writes {}", status.open_writes));
    parts.push(format!("conflicts {}", status.conflicts));
    parts.push(notified(&status.notified.unwrap_or_default()));
    output::line("");
    output::line(parts.join(" · "));
}

/// Whom providers were asked to tell: nobody, unless the policy says so.
fn notified(notified: &Notified) -> String {
    match (notified.guests, notified.writes) {
        (guests, 0) => format!("guests notified {guests}"),
        (guests, 1) => format!("guests notified {guests} (of 1 write)"),
        (guests, writes) => format!("guests notified {guests} (of {writes} writes)"),
    }
}

/// What a sweep found, in a line.
fn swept(sweep: &SweepStatus, now: Timestamp) -> String {
    let when = match sweep.ended_at_micros {
        None => "under way".to_owned(),
        ended => output::ago(ended, now),
    };
    let found = match (sweep.differing, sweep.unexplained) {
        (0, _) => "nothing differed".to_owned(),
        (differing, 0) => format!("{differing} differed"),
        (differing, 1) => format!("{differing} differed, 1 value healed"),
        (differing, values) => format!("{differing} differed, {values} values healed"),
    };
    format!("{when}, {} compared, {found}", sweep.compared)
}

fn notified_json(notified: Option<Notified>) -> Value {
    let notified = notified.unwrap_or_default();
    json!({ "writes": notified.writes, "guests": notified.guests })
}

fn sweep_json(sweep: &SweepStatus) -> Value {
    json!({
        "began_at_micros": sweep.began_at_micros, "ended_at_micros": sweep.ended_at_micros,
        "compared": sweep.compared, "differing": sweep.differing, "unexplained": sweep.unexplained,
    })
}

/// A status as a program reads it.
pub(crate) fn status_json(known: &SyncSummary, status: &StatusResponse, problem: &str) -> Value {
    let counts = status.counts.unwrap_or_default();
    let reasons: Vec<Value> = status
        .reasons
        .iter()
        .map(|reason| json!({ "state": reason.state, "reason": reason.reason, "count": reason.count }))
        .collect();
    json!({
        "id": known.id, "name": known.name, "state": known.state, "phase": status.phase, "reason": status.reason,
        "problem": problem, "run": status.run, "counts": counts_json(&counts), "reasons": reasons,
        "left": feed_json(status.left), "right": feed_json(status.right), "totals": status.totals,
        "last_run_at_micros": status.last_run_at_micros, "last_run_result": status.last_run_result,
        "open_writes": status.open_writes, "conflicts": status.conflicts,
        "last_outcome_at_micros": status.last_outcome_at_micros,
        "sweep": status.sweep.as_ref().map(sweep_json), "notified": notified_json(status.notified),
    })
}

fn counts_json(counts: &Counts) -> Value {
    json!({
        "in_scope": counts.in_scope, "in_sync": counts.in_sync, "pending": counts.pending,
        "deferred": counts.deferred, "excluded": counts.excluded, "set_aside": counts.set_aside,
        "left_records": counts.left_records, "right_records": counts.right_records,
        "left_in_scope": counts.left_in_scope, "right_in_scope": counts.right_in_scope, "linked": counts.linked,
    })
}

fn feed_json(feed: Option<FeedStatus>) -> Value {
    let feed = feed.unwrap_or_default();
    json!({
        "epoch": feed.epoch, "number": feed.number, "round_began_at_micros": feed.round_began_at_micros,
        "round_ended_at_micros": feed.round_ended_at_micros, "snapshot_open": feed.snapshot_open,
        "records_read": feed.records_read,
    })
}
