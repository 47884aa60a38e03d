//! Canonical event → what is sent: all of it for a new meeting, only the differences for an existing one.

mod writing;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use model::{
    Edit, Element, Path, Record, Value, Version,
    event::{self, Override, Zone},
};
use serde_json::{Map, Value as Json};

pub(super) use self::writing::ADDED;
use self::writing::Writing;
use super::{
    NotCarried, elements,
    participants::{self, Contacts},
    read::{NO_TITLE, single},
    rule::RULE,
    series::plan::without_changes,
    value, when,
};
use crate::{
    kind::Kind,
    map::{Changes, refused},
    wire::{Row, stamp},
};

/// What decides how a meeting is written, beside the meeting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// The caller's time zone, if anybody knows it.
    pub(crate) zone: Option<&'a Zone>,
    /// The provider's clock.
    pub(crate) now: Timestamp,
    /// Those of whom it is known that they are contacts.
    pub(crate) contacts: &'a Contacts,
}

/// What creates a meeting, or a series. What of it Zoho CRM cannot hold is refused by its path, and the rest is made.
pub(crate) fn creation(record: &Record, terms: Terms<'_>) -> Changes {
    create(record, &Json::Null, terms)
}

fn create(record: &Record, participants: &Json, terms: Terms<'_>) -> Changes {
    let record = &without_empty(record);
    let mut writing = Writing::of(record, participants, &Json::Null, terms);
    writing.is_new = true;
    let roots: Vec<Path> = record.fields.keys().cloned().collect();
    for root in &roots {
        // What a side knows of itself is nothing to be set.
        if !["organizer", "uid"].contains(&root.field()) {
            writing.root(root);
        }
    }
    writing.title();
    writing.recurrence();
    writing
        .changes
        .fields
        .retain(|_, value| !value.is_null() && *value != Json::Array(Vec::new()));
    writing.changes
}

/// What is empty is nothing to be set.
fn without_empty(record: &Record) -> Record {
    let mut record = record.clone();
    record.fields.retain(|_, value| !value.is_empty());
    record
}

/// What creates a meeting in another's place: participants stay who they are.
pub(crate) fn anew(record: &Record, old: &Row, terms: Terms<'_>) -> Changes {
    let member = |name: &str| old.0.get(name).unwrap_or(&Json::Null);
    create(record, member("Participants"), terms)
}

/// Whether a meeting holds all that was sent for a new one, whatever else it has.
pub(crate) fn is_made_like(shown: &Record, made: &Record) -> bool {
    let Some(table) = model::table(event::KIND) else {
        return false;
    };
    let told = made
        .fields
        .iter()
        .filter(|(root, _)| !["overrides", "organizer", "uid"].contains(&root.field()));
    let same = |(root, value): (&Path, &Value)| {
        let comparison = table.comparison(root);
        comparison.same(shown.fields.get(root), Some(value))
    };
    let recurs = |record| value(record, "recurrence").is_some();
    recurs(shown) == recurs(made) && told.into_iter().all(same)
}

/// Puts what was sent into a row.
pub(crate) fn overlay(row: &mut Row, mut sent: Map<String, Json>, version: Option<&Version>) {
    if let Some(list) = sent.get_mut("Participants") {
        participants::keep_invited(row.0.get("Participants"), list);
    }
    row.0.extend(sent);
    if let Some(at) = version.and_then(|version| version.changed_at_micros)
        && let Ok(at) = Timestamp::from_microsecond(at)
    {
        row.0.insert("Modified_Time".to_owned(), stamp(at).into());
    }
}

/// What a new meeting shows, made of what was sent: participants as the meeting in whose place it is shows them, the rule
/// as the event has it that it was made of, which is read by the same clock.
pub(crate) fn made(
    sent: &Row,
    old: Option<&Row>,
    event: &Record,
    zone: Option<&Zone>,
) -> Result<Record, NotCarried> {
    let mut sent = sent.clone();
    if let Some(list) = sent.0.get_mut("Participants") {
        let known = old.and_then(|old| old.0.get("Participants"));
        participants::keep_invited(known, list);
    }
    let mut record = single(&sent, zone)?;
    if sent.shows(RULE) {
        let plain = without_changes(event);
        for (root, value) in &plain.fields {
            match root.field() {
                "recurrence" => {
                    let rule = event::rule(event)?.map(|rule| rule.to_string());
                    record.set(root.clone(), rule.and_then(|rule| Value::text(&rule)));
                }
                "overrides" => record.set(root.clone(), Some(value.clone())),
                _ => {}
            }
        }
    }
    Ok(record)
}

/// Between which times, and under which titles, Zoho CRM may hold these meetings already; none if there is none.
pub(crate) fn search(
    events: &[&Record],
    terms: Terms<'_>,
) -> Option<(String, String, BTreeSet<String>)> {
    let day = SignedDuration::from_hours(24);
    let begins = |event: &&Record| Some(when::instants(&event::when(event).ok()?, terms.zone)?.0);
    let begins = || events.iter().filter_map(begins);
    // A day may begin a day earlier or later somewhere.
    let from = begins().min()?.checked_sub(day).ok()?;
    let to = begins().max()?.checked_add(day).ok()?;
    let title = |event: &&Record| {
        let title = value(event, "title").and_then(Value::as_text);
        title.unwrap_or(NO_TITLE).to_owned()
    };
    Some((stamp(from), stamp(to), events.iter().map(title).collect()))
}

/// What changes a live meeting as the edits say; fields that nobody edited are not mentioned.
pub(crate) fn changes(live: &Row, edits: &[Edit], terms: Terms<'_>) -> Changes {
    let mut before = match single(live, terms.zone) {
        Ok(before) => before,
        Err(reason) => {
            let refusals = edits
                .iter()
                .map(|edit| refused(&edit.path, &reason.to_string()));
            return Changes {
                kind: Kind::Event,
                refused: refusals.collect(),
                ..Changes::default()
            };
        }
    };
    let old = before.clone();
    model::patch(&mut before, edits);
    let after = without_empty(&before);
    let member = |name: &str| live.0.get(name).unwrap_or(&Json::Null);
    let mut writing = Writing::of(&after, member("Participants"), member("Remind_At"), terms);
    let table = model::table(event::KIND);
    let roots = edits
        .iter()
        .filter_map(|edit| Some(table?.root(&edit.path)));
    for root in roots.collect::<BTreeSet<_>>() {
        let value = |record: &Record| record.fields.get(&root).cloned();
        if value(&old) != value(&after) {
            writing.root(&root);
        }
    }
    let mut changes = writing.changes;
    let empty = |value: &Json| value.is_null() || *value == Json::Array(Vec::new());
    let same = |name: &str, value: &Json| {
        let shown = member(name);
        shown == value || empty(shown) && empty(value)
    };
    changes.fields.retain(|name, value| !same(name, value));
    // Times are one value: of what is sent of them, all is sent.
    if let Ok(when) = event::when(&after)
        && changes
            .fields
            .keys()
            .any(|name| TIMES.contains(&name.as_str()))
        && let Ok(sent) = when::sent(&when, terms.zone)
    {
        let sent = sent.map(|(name, value)| (name.to_owned(), value));
        changes.fields.extend(sent);
    }
    changes
}

const TIMES: [&str; 3] = ["Start_DateTime", "End_DateTime", "All_day"];

/// The elements of `overrides` that Zoho CRM can hold only after the series is there.
pub(crate) fn changed_occurrences(event: &Record) -> Vec<&Element> {
    let is_change = |element: &&Element| {
        matches!(
            Override::read(element),
            Ok((
                _,
                Override::Changed {
                    included: false,
                    ..
                }
            ))
        )
    };
    elements(event, "overrides")
        .iter()
        .filter(is_change)
        .collect()
}

#[cfg(test)]
mod tests;
