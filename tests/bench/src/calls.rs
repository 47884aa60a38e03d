//! What was called at the providers, by method.

use std::collections::BTreeMap;

use anyhow::Context as _;
use comfy_table::Table;
use e2e::Sandbox;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::report::{number, table};

/// Counts of one method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    /// Calls, whatever became of them.
    pub(crate) calls: u64,
    /// Those that were refused.
    pub(crate) failed: u64,
    /// Records written.
    pub(crate) written: u64,
}

/// Counts by provider and method: `google people.connections.list`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Calls(pub(crate) BTreeMap<String, Count>);

impl Calls {
    /// What was called so far.
    pub(crate) async fn so_far(sandbox: &Sandbox) -> anyhow::Result<Self> {
        let counts = sandbox.get("counts").await?;
        let methods: BTreeMap<String, BTreeMap<String, Count>> =
            serde_json::from_value(counts["methods"].clone())
                .context("the sandbox counts in another form")?;
        let mut calls = BTreeMap::new();
        for (provider, methods) in methods {
            for (method, count) in methods {
                calls.insert(format!("{provider} {method}"), count);
            }
        }
        Ok(Self(calls))
    }

    /// What was called since then.
    #[must_use]
    pub(crate) fn since(&self, before: &Self) -> Self {
        let differences = self.0.iter().map(|(name, after)| {
            let before = before.0.get(name).copied().unwrap_or_default();
            let count = Count {
                calls: after.calls - before.calls,
                failed: after.failed - before.failed,
                written: after.written - before.written,
            };
            (name.clone(), count)
        });
        Self(differences.filter(|(_, count)| count.calls > 0).collect())
    }

    /// All calls but those for access tokens and the like, which depend on time alone.
    pub(crate) fn total(&self) -> u64 {
        let counted = self.0.iter().filter(|(name, _)| !name.contains(" oauth"));
        counted.map(|(_, count)| count.calls).sum()
    }
}

/// E-mails that the providers would have sent for what was called.
pub(crate) async fn mails(sandbox: &Sandbox) -> anyhow::Result<u64> {
    let counts = sandbox.get("counts").await?;
    let mails: BTreeMap<String, u64> = serde_json::from_value(counts["mails"].clone())
        .context("the sandbox counts mails in another form")?;
    Ok(mails.values().sum())
}

/// When each method was called, from the sandbox's journal: first call, last answer, and how long calls took.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Span {
    /// Seconds after the beginning at which the first call began.
    pub(crate) first: f64,
    /// Seconds after the beginning at which the last answer was ready.
    pub(crate) last: f64,
    /// Seconds that all calls took together at the provider.
    pub(crate) busy: f64,
}

/// Spans by provider and method.
pub(crate) async fn spans(
    sandbox: &Sandbox,
    after: u64,
    began: Timestamp,
) -> anyhow::Result<BTreeMap<String, Span>> {
    let journal = sandbox.get(&format!("journal?after={after}")).await?;
    let entries: Vec<Entry> = serde_json::from_value(journal["entries"].clone())?;
    let mut spans: BTreeMap<String, Span> = BTreeMap::new();
    for entry in entries {
        let first = entry.at.duration_since(began).as_secs_f64();
        let last = entry.ended_at.duration_since(began).as_secs_f64();
        let span = spans
            .entry(format!("{} {}", entry.provider, entry.method))
            .or_insert(Span {
                first,
                last,
                busy: 0.0,
            });
        span.first = span.first.min(first);
        span.last = span.last.max(last);
        span.busy += last - first;
    }
    Ok(spans)
}

/// What the journal says of a call, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Entry {
    at: Timestamp,
    ended_at: Timestamp,
    provider: String,
    method: String,
}

/// Calls and their spans, for people.
pub(crate) fn shown(calls: &Calls, spans: &BTreeMap<String, Span>) -> Table {
    let mut table = table(&[
        "provider and method",
        "calls",
        "refused",
        "records written",
        "first at s",
        "last at s",
        "busy s",
    ]);
    for (name, count) in &calls.0 {
        let mut cells = vec![
            name.clone(),
            count.calls.to_string(),
            count.failed.to_string(),
            count.written.to_string(),
        ];
        if let Some(span) = spans.get(name) {
            cells.extend([span.first, span.last, span.busy].map(number));
        }
        table.add_row(cells);
    }
    table
}
