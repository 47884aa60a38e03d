//! What a change of a series takes: edits of its occurrences, or a series made anew.

use std::collections::BTreeSet;

use jiff::civil::Date;
use model::{
    Edit, Element, Path, Record, Value,
    event::{self, Original, Override, Zone},
};

use super::{Series, of_occurrence};
use crate::event::{elements, rule, write::ADDED};

/// What is done to the occurrences of a series.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct InPlace {
    /// The edits of each occurrence, by the place of its row.
    pub(crate) edits: Vec<(usize, Vec<Edit>)>,
    /// The places of the occurrences that are cancelled.
    pub(crate) cancelled: Vec<usize>,
}

/// Fields by which a series is made, and of which an edit may need a new one.
pub(crate) const MAKING: [&str; 3] = ["recurrence", "when", "overrides"];

/// Whether Zoho CRM can get from one record to the other only with a new meeting: it sets a rule when a meeting is made
/// and never again, and makes no occurrence that was cancelled again.
pub(crate) fn needs_a_new_one(before: &Record, after: &Record) -> bool {
    let rules = (event::rule(before), event::rule(after));
    let (Ok(old), Ok(new)) = rules else {
        return true;
    };
    if old != new {
        return true;
    }
    if new.is_none() {
        return false;
    }
    let (Ok(old), Ok(new)) = (event::when(before), event::when(after)) else {
        return true;
    };
    let day = |when: &event::When| (when.is_days(), when.start().clock().date());
    day(&old) != day(&new) || !cancelled(before).is_subset(&cancelled(after))
}

/// Whether the record can be held at all, beside its rule and its time: an additional date cannot.
pub(crate) fn refusal(after: &Record, zone: Option<&Zone>) -> Option<(&'static str, String)> {
    let added = elements(after, "overrides").iter().any(|element| {
        matches!(
            Override::read(element),
            Ok((_, Override::Changed { included: true, .. }))
        )
    });
    if added {
        return Some(("overrides", ADDED.to_owned()));
    }
    if let Err(error) = event::check(after) {
        return Some(("overrides", error.to_string()));
    }
    let (Ok(when), Ok(Some(rule))) = (event::when(after), event::rule(after)) else {
        return None;
    };
    let sent = rule::sent(&rule, &when, zone, &BTreeSet::new());
    sent.err().map(|reason| ("recurrence", reason))
}

/// The edits of each occurrence that make the series what it is to be.
pub(crate) fn in_place(series: &Series, after: &Record, edits: &[Edit]) -> InPlace {
    let before = &series.record;
    let now_cancelled = cancelled(after);
    let time = event::when(after).map(|when| when.start().clock().time());
    let lists: Vec<Edit> = edits
        .iter()
        .filter(|edit| ["participants", "alerts"].contains(&edit.path.field()))
        .cloned()
        .collect();
    let mut done = InPlace::default();
    for (place, original) in series.originals.iter().enumerate() {
        let day = original.clock().date();
        if now_cancelled.contains(&day) {
            done.cancelled.push(place);
            continue;
        }
        // Where the whole series is at another time now, so are the names of its occurrences.
        let named_now = match (original, &time) {
            (Original::Clock(_), Ok(time)) => Original::Clock(day.to_datetime(*time)),
            (original, _) => *original,
        };
        let mut own = occurrence_edits(before, *original, after, named_now);
        own.extend(lists.iter().cloned());
        if !own.is_empty() {
            done.edits.push((place, own));
        }
    }
    done
}

fn occurrence_edits(
    before: &Record,
    named_before: Original,
    after: &Record,
    named_now: Original,
) -> Vec<Edit> {
    let mut roots: BTreeSet<Path> = before
        .fields
        .keys()
        .chain(after.fields.keys())
        .filter(|root| root.field() == "custom")
        .cloned()
        .collect();
    roots.extend(
        ["title", "when", "location", "description"]
            .iter()
            .filter_map(|root| Path::parse(root).ok()),
    );
    let edit = |path: Path| {
        let (before, after) = (
            of_occurrence(before, named_before, &path),
            of_occurrence(after, named_now, &path),
        );
        let differs = !model::table(event::KIND)?
            .comparison(&path)
            .same(before.as_ref(), after.as_ref());
        differs.then_some(Edit {
            path,
            before,
            after,
        })
    };
    roots.into_iter().filter_map(edit).collect()
}

/// The days on which an occurrence does not take place.
fn cancelled(event: &Record) -> BTreeSet<Date> {
    let cancelled = |element: &Element| match Override::read(element) {
        Ok((original, Override::Excluded)) => Some(original.clock().date()),
        _ => None,
    };
    let overrides = elements(event, "overrides").iter();
    overrides.filter_map(cancelled).collect()
}

/// Names the exceptions of an event by the time at which its occurrences begin now: where a series was moved within the
/// day, an edit of its time alone leaves them behind.
pub(crate) fn rename(event: &mut Record) {
    let (Ok(when), Ok(Some(rule)), Ok(path)) = (
        event::when(event),
        event::rule(event),
        Path::parse("overrides"),
    ) else {
        return;
    };
    let time = when.start().clock().time();
    let mut renamed: Vec<Element> = elements(event, "overrides").to_vec();
    for at in 0..renamed.len() {
        let Ok((Original::Clock(clock), exception)) = Override::read(&renamed[at]) else {
            continue;
        };
        let moved = clock.date().to_datetime(time);
        let is_there = |clock| rule.has(&when, clock).unwrap_or(false);
        let label = Original::Clock(moved).to_string();
        let is_free = renamed.iter().all(|element| element.label != label);
        if is_free && is_there(moved) && !is_there(clock) {
            renamed[at] = exception.element(Original::Clock(moved));
        }
    }
    event.set(path, Value::elements(renamed));
}

/// The event without the occurrences that are different: what a new series is made of first.
pub(crate) fn without_changes(event: &Record) -> Record {
    let mut plain = event.clone();
    let (Ok(path), Ok(when), Ok(Some(rule))) = (
        Path::parse("overrides"),
        event::when(event),
        event::rule(event),
    ) else {
        return plain;
    };
    let is_left_out = |element: &&Element| match Override::read(element) {
        Ok((original, Override::Excluded)) => {
            Override::Excluded.check(original, &rule, &when).is_ok()
        }
        _ => false,
    };
    let kept = elements(event, "overrides").iter().filter(is_left_out);
    plain.set(path, Value::elements(kept.cloned()));
    plain
}
