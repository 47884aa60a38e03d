//! The occurrences of a series as one record: its rule, and what is different about some of them.
//!
//! Zoho CRM shows each occurrence as a meeting of its own, with the rule of the series and the days that are taken out;
//! nothing names the original start of one that was moved (unverified). What most occurrences have is the series'; what
//! others have is theirs. An occurrence that begins where the rule says is that one; of the others each stands for the
//! nearest beginning that nobody else stands for. What remains was deleted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    SignedDuration,
    civil::{Date, DateTime, Time},
};
use model::{
    Element, Path, Record, Value,
    event::{self, EventError, Original, Override, Point, Rule, When, Zone},
};

use super::{NotCarried, elements, read::single, rule};
use crate::wire::Row;

mod beginning;
pub(crate) mod plan;

/// Beginnings of a rule that are looked at.
const MOST: usize = 1_000;

/// A rule that comes to an end within so many occurrences has all of them; of a longer one Zoho CRM makes only the
/// first (unverified), so that the missing rest says nothing.
const MADE: usize = 100;

/// Fields of which an occurrence can have its own, beside when it is.
pub(super) const OWN: [&str; 4] = ["title", "location", "description", "status"];

/// A series, and which of its beginnings each occurrence stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// The record.
    pub(crate) record: Record,
    /// For each row, as they were given.
    pub(crate) originals: Vec<Original>,
}

/// An occurrence.
struct Occurrence {
    record: Record,
    when: When,
}

/// The series that these rows are the occurrences of; all share their `$recurrence_id`.
///
/// Lists show new occurrences one after another. Where one is missing that nobody took out, and the series is not
/// `settled`, it may just not be shown yet.
pub(crate) fn series(
    rows: &[Row],
    zone: Option<&Zone>,
    settled: bool,
) -> Result<Series, NotCarried> {
    let unknown = || NotCarried::Form { field: rule::RULE };
    let mut occurrences = Vec::new();
    for row in rows {
        let record = single(row, zone)?;
        let when = event::when(&record)?;
        occurrences.push(Occurrence { record, when });
    }
    let (text, begins) = rows.iter().find_map(rule::of).ok_or_else(unknown)?;
    let excluded = rule::excluded_days(rows.iter()).ok_or_else(unknown)?;
    let usual = usual_shape(&occurrences).ok_or(EventError::NoTime)?;
    let first_day = begins.or_else(|| beginning::day(&occurrences, &excluded, usual, &text, zone));
    let first = usual.on(first_day.ok_or(EventError::NoTime)?, zone)?;
    let rule = Rule::read(&text, &first)?;
    let starts = rule.starts(&first, MOST)?;
    let taken_out = |start: &DateTime| excluded.contains(&start.date());
    let originals = originals(&occurrences, &starts, taken_out)?;

    let mut record = usual_values(&occurrences);
    let mut overrides: BTreeMap<DateTime, Element> = BTreeMap::new();
    let has_end = ["COUNT=", "UNTIL="].iter().any(|end| text.contains(end));
    let known_out = starts.iter().filter(|start| taken_out(start));
    let last = if has_end && starts.len() <= MADE {
        starts.last()
    } else {
        originals.iter().chain(known_out).max()
    };
    for start in starts.iter().filter(|start| Some(*start) <= last) {
        if !originals.contains(start) {
            if !settled && !taken_out(start) {
                return Err(NotCarried::Unsettled);
            }
            overrides.insert(*start, Override::Excluded.element(original(*start, &first)));
        }
    }
    for (one, start) in occurrences.iter().zip(&originals) {
        if let Some(own) = own(one, &record, &usual.on(start.date(), zone)?) {
            overrides.insert(*start, own.element(original(*start, &first)));
        }
    }
    set(&mut record, "when", Value::text(&first.to_string()));
    set(&mut record, "recurrence", Value::text(&rule.to_string()));
    set(
        &mut record,
        "overrides",
        Value::elements(overrides.into_values()),
    );
    event::check(&record)?;
    Ok(Series {
        record,
        originals: originals
            .into_iter()
            .map(|start| original(start, &first))
            .collect(),
    })
}

fn set(record: &mut Record, root: &str, value: Option<Value>) {
    if let Ok(path) = Path::parse(root) {
        record.set(path, value);
    }
}

fn original(start: DateTime, first: &When) -> Original {
    if first.is_days() {
        Original::Day(start.date())
    } else {
        Original::Clock(start)
    }
}

/// When in the day an occurrence is, by the clock, and for how long: an occurrence in whose course clocks change lasts as
/// long as the others (RFC 5545, section 3.8.5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    days: bool,
    time: Time,
    length: SignedDuration,
}

impl Shape {
    /// The occurrence of a day.
    pub(super) fn on(self, day: Date, zone: Option<&Zone>) -> Result<When, NotCarried> {
        let out_of_range = || EventError::Time {
            text: day.to_string(),
        };
        let clock = day.to_datetime(self.time);
        let (start, end) = if self.days {
            let end = clock.checked_add(self.length).ok();
            let end = end.ok_or_else(out_of_range)?;
            (Point::Day(day), Point::Day(end.date()))
        } else {
            let zone = zone.ok_or(EventError::SeriesWithoutZone)?;
            let start = Point::in_zone(clock, zone.clone());
            let end = start
                .instant()
                .and_then(|at| at.checked_add(self.length).ok());
            (start, Point::at(end.ok_or_else(out_of_range)?, zone))
        };
        Ok(When::new(start, end)?)
    }
}

/// When in the day something is.
pub(super) fn shape(when: &When) -> Shape {
    Shape {
        days: when.is_days(),
        time: when.start().clock().time(),
        length: when.duration(),
    }
}

/// The shape that most occurrences have; of equally many the earliest.
fn usual_shape(occurrences: &[Occurrence]) -> Option<Shape> {
    let mut in_order: Vec<&When> = occurrences.iter().map(|one| &one.when).collect();
    in_order.sort_by_key(|when| when.start().clock());
    let shapes: Vec<Shape> = in_order.into_iter().map(shape).collect();
    most(&shapes).copied()
}

/// What is there most often; of equally many the first.
fn most<T: PartialEq>(all: &[T]) -> Option<&T> {
    let count = |one: &T| all.iter().filter(|other| *other == one).count();
    all.iter().rev().max_by_key(|one| count(one))
}

/// What most occurrences have, field by field. What is over is given no reminder any more, so that those of the later
/// ones count.
fn usual_values(occurrences: &[Occurrence]) -> Record {
    let mut record = Record::new(event::KIND);
    let roots: BTreeSet<&Path> = occurrences
        .iter()
        .flat_map(|one| one.record.fields.keys())
        .collect();
    let begins = |at: &usize| occurrences[*at].when.start().clock();
    let last = (0..occurrences.len()).max_by_key(begins);
    for root in roots {
        let values: Vec<Option<&Value>> = occurrences
            .iter()
            .map(|one| one.record.fields.get(root))
            .collect();
        let usual = if root.field() == "alerts" && last.is_some_and(|last| values[last].is_some()) {
            let set: Vec<&Value> = values.into_iter().flatten().collect();
            most(&set).copied()
        } else {
            most(&values).copied().flatten()
        };
        record.set(root.clone(), usual.cloned());
    }
    record
}

/// For which beginning of the rule each occurrence stands.
fn originals(
    occurrences: &[Occurrence],
    starts: &[DateTime],
    taken_out: impl Fn(&DateTime) -> bool,
) -> Result<Vec<DateTime>, NotCarried> {
    let mut free: BTreeSet<DateTime> = starts
        .iter()
        .copied()
        .filter(|start| !taken_out(start))
        .collect();
    let mut found: Vec<Option<DateTime>> = occurrences
        .iter()
        .map(|one| free.take(&one.when.start().clock()))
        .collect();
    let mut moved: Vec<usize> = (0..found.len()).filter(|at| found[*at].is_none()).collect();
    moved.sort_by_key(|at| occurrences[*at].when.start().clock());
    for at in moved {
        let clock = occurrences[at].when.start().clock();
        let away = |start: &DateTime| start.duration_since(clock).abs();
        let nearest = free.iter().copied().min_by_key(away);
        let nearest = nearest.ok_or(NotCarried::Strange)?;
        free.remove(&nearest);
        found[at] = Some(nearest);
    }
    Ok(found.into_iter().flatten().collect())
}

/// What an occurrence has of its own, if anything.
fn own(one: &Occurrence, series: &Record, usual: &When) -> Option<Override> {
    let (mut values, mut cleared) = (Vec::new(), Vec::new());
    if !one.when.same(usual) {
        values.push(("when", one.when.to_string()));
    }
    for root in OWN {
        let of = |record: &Record| Some(super::value(record, root)?.as_text()?.to_owned());
        match (of(&one.record), of(series)) {
            (own, usual) if own == usual => {}
            (Some(own), _) => values.push((root, own)),
            (None, _) => cleared.push(root),
        }
    }
    (!values.is_empty() || !cleared.is_empty()).then_some(Override::Changed {
        values,
        cleared,
        included: false,
    })
}

/// What the series says of one occurrence: its own value where it has one.
pub(super) fn of_occurrence(series: &Record, original: Original, root: &Path) -> Option<Value> {
    let label = original.to_string();
    let own = elements(series, "overrides")
        .iter()
        .find(|element| element.label == label);
    if let Some(Ok((
        _,
        Override::Changed {
            values, cleared, ..
        },
    ))) = own.map(Override::read)
    {
        if cleared.contains(&root.field()) {
            return None;
        }
        if let Some((_, text)) = values.iter().find(|(field, _)| *field == root.field()) {
            return Value::text(text);
        }
    }
    if root.field() != "when" {
        return series.fields.get(root).cloned();
    }
    let first = event::when(series).ok()?;
    let usual = shape(&first).on(original.clock().date(), first.zone());
    // A floating time is by the clock of whoever reads it.
    usual.ok().and_then(|when| Value::text(&when.to_string()))
}

#[cfg(test)]
mod tests;
