//! Whether everything held.

mod calendars;

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Book, Entry, MAPPING, Reader, Report, compare};
use proto::{
    reconcile::{HistoryEntry, SyncRecord},
    record::Side,
};
use serde_json::Value;

use crate::Sandbox;

use super::{
    Joined, SYNCS,
    before::Before,
    crash::Crash,
    inquiry::{Inquiry, texts},
    people::Edit,
    screen,
    stage::Stage,
};
use calendars::Calendars;

/// A promise, and whether it held.
pub(super) struct Verdict {
    promise: &'static str,
    /// Whether it held.
    pub(super) holds: bool,
    /// What was found.
    found: String,
}

/// How both accounts are in the end.
pub(super) struct End {
    books: (Book, Book),
    records: Vec<SyncRecord>,
    history: Vec<HistoryEntry>,
    report: Report,
    calendars: Calendars,
    /// Ids of all records that were written since the sync was made.
    written: BTreeSet<String>,
    /// Records written in the quiet after.
    written_in_quiet: usize,
    /// E-mails that the providers would have sent for the syncs.
    mails: u64,
}

impl End {
    /// Watches a quiet period, then looks at everything.
    pub(super) async fn reach(stage: &mut Stage, reader: &mut Reader) -> anyhow::Result<Self> {
        let since = stage.system.sandbox.newest_entry().await?;
        screen::line("  a quiet period: each feed reads once more, past the providers' lag");
        let (patience, timing) = (stage.patience, stage.timing);
        stage.system.all_quiet(&SYNCS, patience, timing).await?;
        let sandbox = &stage.system.sandbox;
        let written_in_quiet = written(sandbox, since).await?.len();
        let mut inquiry = Inquiry::begin(&stage.system, SYNCS[1]).await?;
        let calendars = Calendars::new(
            reader.read_meetings().await?,
            inquiry.settled_records().await?,
        );
        let mut inquiry = Inquiry::begin(&stage.system, SYNCS[0]).await?;
        let records = inquiry.settled_records().await?;
        let books = reader.read().await?;
        let report = compare(&books.0, &books.1, &left_out(&records));
        Ok(Self {
            report,
            calendars,
            books,
            history: inquiry.history().await?,
            records,
            written: written(sandbox, 0).await?,
            written_in_quiet,
            mails: mails(sandbox).await?,
        })
    }

    /// The record of the left and of the right book with these ids.
    fn sides(&self, edit: &Edit) -> [Option<&Entry>; 2] {
        let find = |book: &'_ Book, id: &str| -> Option<usize> {
            book.entries.iter().position(|entry| entry.id == id)
        };
        [
            find(&self.books.0, &edit.person.left).map(|at| &self.books.0.entries[at]),
            find(&self.books.1, &edit.person.right).map(|at| &self.books.1.entries[at]),
        ]
    }

    /// Whether both sides show what somebody typed.
    fn shows(&self, edit: &Edit) -> bool {
        let place = MAPPING
            .iter()
            .position(|pairing| pairing.zoho == edit.field.zoho());
        self.sides(edit).into_iter().all(|entry| {
            entry.zip(place).is_some_and(|(entry, place)| {
                let wanted = MAPPING[place].sameness.normal(&edit.value);
                entry.normal(place).contains(&wanted)
            })
        })
    }
}

/// Ids of the records that the sync leaves out.
fn left_out(records: &[SyncRecord]) -> BTreeSet<String> {
    records
        .iter()
        .filter(|record| ["excluded", "set aside"].contains(&record.state.as_str()))
        .flat_map(|record| [record.left_id.clone(), record.right_id.clone()])
        .filter(|id| !id.is_empty())
        .collect()
}

async fn written(sandbox: &Sandbox, since: u64) -> anyhow::Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for provider in ["google", "zoho"] {
        ids.extend(sandbox.written_records(provider, since).await?.into_keys());
    }
    Ok(ids)
}

async fn mails(sandbox: &Sandbox) -> anyhow::Result<u64> {
    let counts = sandbox.get("counts").await?;
    let mails: BTreeMap<String, Value> = serde_json::from_value(counts["mails"].clone())?;
    Ok(mails.values().filter_map(Value::as_u64).sum())
}

/// Each promise, and whether it held.
pub(super) fn verdicts(before: &Before, first: &Joined, crash: &Crash, end: &End) -> Vec<Verdict> {
    vec![
        equal(end),
        calendars::equal(end),
        calendars::hard_ones_stand(first),
        nothing_twice(before, end),
        nothing_lost(crash, end),
        both_stay(crash, end),
        conflict(crash, end),
        overwritten(before, first),
        scope(before, end),
        quiet(end),
        nobody_notified(end),
    ]
}

fn equal(end: &End) -> Verdict {
    let report = &end.report;
    Verdict {
        promise: "Both address books are equal under the mapping",
        holds: report.is_equal() && report.equal > 0,
        found: format!(
            "{} pairs equal, {} differ, {} only left, {} only right",
            report.equal,
            report.differing.len(),
            report.only_left.len(),
            report.only_right.len()
        ),
    }
}

/// What the syncs leave out must be as old as the demo: a record that one made twice and calls a twin is one too many.
fn nothing_twice(before: &Before, end: &End) -> Verdict {
    let people = left_out(&end.records);
    let meetings = left_out(&end.calendars.records);
    let new =
        people.difference(&before.known).count() + meetings.difference(&before.meetings).count();
    let duplicates = end.report.duplicates.len() + end.calendars.report.duplicates.len();
    Verdict {
        promise: "Nothing was created twice (P2)",
        holds: duplicates == 0 && new == 0,
        found: format!(
            "{duplicates} duplicates; {} records are left out, {new} of them new",
            people.len() + meetings.len()
        ),
    }
}

fn nothing_lost(crash: &Crash, end: &End) -> Verdict {
    let meetings = &crash.meetings.0;
    let edits = crash.edits.lasting().count() + meetings.len();
    let found = crash.edits.lasting().filter(|edit| end.shows(edit)).count()
        + meetings
            .iter()
            .filter(|edit| end.calendars.shows(edit))
            .count();
    Verdict {
        promise: "No change was lost with the reconciler (P1)",
        holds: found == edits && crash.open > 0,
        found: format!(
            "{found} of {edits} edits are on both sides; it was killed with {} writes open, \
             {} records were written meanwhile",
            crash.open, crash.written_meanwhile
        ),
    }
}

fn both_stay(crash: &Crash, end: &End) -> Verdict {
    let stay = crash
        .edits
        .together
        .iter()
        .filter(|edit| end.shows(edit))
        .count();
    Verdict {
        promise: "Edits of different fields of one person both stay",
        holds: stay == 2,
        found: format!("{stay} of 2 are on both sides"),
    }
}

fn conflict(crash: &Crash, end: &End) -> Verdict {
    let [winner, loser] = &crash.edits.against;
    let kept = end.history.iter().any(|entry| {
        entry.link == loser.person.link
            && entry.cause == "conflict"
            && texts(entry.before.as_ref()).contains(&loser.value)
    });
    let wins = end.shows(winner);
    Verdict {
        promise: "In a conflict the chosen side wins, the other value is kept (P4)",
        holds: wins && kept,
        found: format!(
            "{} {}: {:?} {} on both sides, {:?} {} in the history",
            winner.person.left,
            winner.field.zoho(),
            winner.value,
            if wins { "is" } else { "is not" },
            loser.value,
            if kept { "is" } else { "is not" },
        ),
    }
}

/// Each value that a record had before the first sync and has no more must be in the history.
fn overwritten(before: &Before, first: &Joined) -> Verdict {
    let sides = [
        (Side::Left, &before.books.0, &first.books.0),
        (Side::Right, &before.books.1, &first.books.1),
    ];
    let (mut gone, mut found) = (0, 0);
    for (side, old, new) in sides {
        for (id, place, value) in values_gone(old, new) {
            gone += 1;
            let kept = first.history.iter().any(|entry| {
                entry.side() == side
                    && entry.remote_id == id
                    && texts(entry.before.as_ref())
                        .iter()
                        .any(|text| MAPPING[place].sameness.normal(text) == value)
            });
            found += usize::from(kept);
        }
    }
    Verdict {
        promise: "Whatever the first sync overwrote is in the history (P4)",
        holds: gone == found,
        found: format!("{found} of {gone} values"),
    }
}

/// Values that a book held and does not hold any more: record, place, value.
fn values_gone<'a>(old: &'a Book, new: &Book) -> Vec<(&'a str, usize, String)> {
    let mut gone = Vec::new();
    for entry in &old.entries {
        let now = new.entries.iter().find(|other| other.id == entry.id);
        for place in 0..MAPPING.len() {
            let left = now.map(|now| now.normal(place)).unwrap_or_default();
            let missing = entry.normal(place).into_iter();
            let missing = missing.filter(|value| !left.contains(value));
            gone.extend(missing.map(|value| (entry.id.as_str(), place, value)));
        }
    }
    gone
}

/// Of what was outside the scope only what was adopted is written.
fn scope(before: &Before, end: &End) -> Verdict {
    let linked: BTreeSet<&str> = end
        .records
        .iter()
        .filter(|record| record.state != "excluded")
        .filter(|record| !record.left_id.is_empty() && !record.right_id.is_empty())
        .flat_map(|record| [record.left_id.as_str(), record.right_id.as_str()])
        .collect();
    let touched = before.outside.intersection(&end.written);
    let (adopted, others): (Vec<_>, Vec<_>) = touched
        .map(String::as_str)
        .partition(|id| linked.contains(id));
    let mut found = format!(
        "{} of {} written; {} adopted",
        others.len(),
        before.outside.len(),
        adopted.len()
    );
    for (what, ids) in [("written", &others), ("adopted", &adopted)] {
        if !ids.is_empty() {
            found = format!("{found}; {what}: {}", ids.join(", "));
        }
    }
    Verdict {
        promise: "Records outside the scope are untouched",
        holds: others.is_empty(),
        found,
    }
}

fn quiet(end: &End) -> Verdict {
    Verdict {
        promise: "No echo: nothing is written in the quiet after (P3)",
        holds: end.written_in_quiet == 0,
        found: format!("{} records written", end.written_in_quiet),
    }
}

fn nobody_notified(end: &End) -> Verdict {
    Verdict {
        promise: "Nobody is notified by a sync (P9)",
        holds: end.mails == 0,
        found: format!(
            "{} e-mails caused, meetings with guests among what was written",
            end.mails
        ),
    }
}

/// Says each verdict; shows where the books differ, if they do.
pub(super) fn tell(verdicts: &[Verdict], end: &End) {
    for report in [&end.report, &end.calendars.report] {
        if !report.agrees() {
            screen::line(report.text(true));
        }
    }
    for verdict in verdicts {
        let mark = if verdict.holds { "✓" } else { "✗" };
        screen::line(format!("{mark} {}: {}", verdict.promise, verdict.found));
    }
}

#[cfg(test)]
mod tests;
