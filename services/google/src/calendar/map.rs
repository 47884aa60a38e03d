//! Between Google's events and canonical ones. Pure.

mod exceptions;
mod guests;
mod instance;
mod read;
mod recurrence;
mod reminders;
mod text;
mod write;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use model::{
    Catalogue, CatalogueEntry, Element, Path, Record, Value, Version,
    event::{self, EventError, Override, When},
};

pub(super) use self::{
    instance::{instance_id, instance_members, is_as_planned, original_of},
    read::record,
    recurrence::{Exceptions, exceptions, rule},
    reminders::created as created_reminders,
    write::{Changes, Members, Present, additions, changes, mark},
};
use super::wire::Event;

/// Our own entry among an event's private extended properties.
const MARKER_KEY: &str = "rapport";
/// So many instances of a series are looked at to find its end: what the model gives at most.
const LOOKED_AT: usize = 5_000;

/// Why an event is no record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unmapped {
    /// It lacks what every event has, or has it in another form.
    #[error("it is in an undocumented form")]
    Form,
    /// It is no event that can be carried.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// What an account offers of an event: path, Google's name, how many elements it holds, whether it can be written.
const FIELDS: &[(&str, &str, Option<u32>, bool)] = &[
    ("title", "summary", None, true),
    ("when", "start, end", None, true),
    ("recurrence", "recurrence", None, true),
    ("overrides", "exceptions", None, true),
    ("location", "location", None, true),
    ("description", "description", None, true),
    // Of more guests than these Google does not tell what they answered ("Events", reference).
    ("participants", "attendees", Some(200), true),
    ("organizer", "organizer", None, false),
    ("alerts", "reminders.overrides", Some(5), true),
    ("useDefaultAlerts", "reminders.useDefault", None, true),
    ("status", "status", None, true),
    ("privacy", "visibility", None, true),
    ("freeBusy", "transparency", None, true),
    ("conference", "conferenceData", None, false),
    ("url", "source.url", None, true),
    ("uid", "iCalUID", None, false),
    ("recurrenceId", "originalStartTime", None, false),
];

/// The path of a field; every name here is one.
fn path(field: &str) -> Option<Path> {
    Path::parse(field).ok()
}

/// Gives a record a value.
pub(super) fn set(record: &mut Record, field: &str, value: Option<Value>) {
    if let Some(path) = path(field) {
        record.set(path, value);
    }
}

/// The fields of events.
pub(crate) fn catalogue() -> Catalogue {
    let entries = FIELDS
        .iter()
        .filter_map(|(field, name, max_elements, writable)| {
            Some(CatalogueEntry {
                path: path(field)?,
                name: (*name).to_owned(),
                readable: true,
                writable: *writable,
                max_length: None,
                max_elements: *max_elements,
                required: *field == "when",
            })
        });
    Catalogue(entries.collect())
}

/// The root paths that every answer shows.
pub(super) fn readable() -> Vec<Path> {
    let fields = FIELDS.iter().filter_map(|(field, ..)| path(field));
    fields.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The marker that we left on an event.
pub(super) fn marker(event: &Event) -> Option<String> {
    event.extended_properties.private.get(MARKER_KEY).cloned()
}

/// The marker as a list of events can be asked for it.
pub(super) fn marker_property(marker: &str) -> String {
    format!("{MARKER_KEY}={marker}")
}

/// When an event was last changed, by Google's clock. Reminders do not move it.
pub(super) fn changed_at(event: &Event) -> Option<Timestamp> {
    event.updated.as_ref()?.parse().ok()
}

/// The version of a record. An edit of an exception leaves the etag of its series, so that of a series with exceptions is the
/// series' own etag, a space, and a digest of theirs.
pub(super) fn version(master: &Event, instances: &[Event]) -> Version {
    let token = if instances.is_empty() {
        master.etag.clone()
    } else {
        let mut digest = blake3::Hasher::new();
        for instance in instances {
            for text in [&instance.id, &instance.etag, &instance.status] {
                digest.update(text.as_bytes()).update(b"\n");
            }
        }
        format!("{} {}", master.etag, &digest.finalize().to_hex()[..16])
    };
    Version {
        token,
        // A list does not say when an instance was cancelled, the answer to a write does.
        changed_at_micros: std::iter::once(master)
            .chain(instances.iter().filter(|one| !one.is_cancelled()))
            .filter_map(changed_at)
            .max()
            .map(Timestamp::as_microsecond),
        coarse: false,
    }
}

/// Birthdays, working places, and times of focus or absence are Google's own sorts of events, made and kept by it.
pub(super) fn is_of_another_kind(event: &Event) -> bool {
    event
        .event_type
        .as_deref()
        .is_some_and(|kind| kind != "default")
}

/// No more than what tells which event it is.
pub(super) fn identity(event: &Event) -> Record {
    let mut record = Record::new(super::EVENT);
    let uid = event.ical_uid.as_deref().and_then(Value::text);
    set(&mut record, "uid", uid);
    let recurrence_id = read::recurrence_id(event);
    let recurrence_id = recurrence_id.as_deref().and_then(Value::text);
    set(&mut record, "recurrenceId", recurrence_id);
    record
}

/// Whether an event, or the last instance of a series, ended before a time. A day may end a day later somewhere.
pub(super) fn ended_before(record: &Record, since: Timestamp) -> bool {
    let ends = |when: &When| {
        let end = when.end().instant().or_else(|| {
            let utc = jiff::tz::TimeZone::UTC
                .to_timestamp(when.end().clock())
                .ok();
            utc?.checked_add(SignedDuration::from_hours(14)).ok()
        });
        end.unwrap_or(Timestamp::MAX)
    };
    let Ok(when) = event::when(record) else {
        return false;
    };
    let overrides = path("overrides").map(|path| record.elements(&path));
    // One that is moved, or added, counts where it is.
    let is_after = |element: &Element| {
        let Ok((
            original,
            Override::Changed {
                values, included, ..
            },
        )) = Override::read(element)
        else {
            return false;
        };
        let own = values.iter().find(|(field, _)| *field == "when");
        let own = own.and_then(|(_, text)| text.parse::<When>().ok());
        let added = || exceptions::planned(&when, original).ok();
        let own = own.or_else(|| included.then(added).flatten());
        own.is_some_and(|own| ends(&own) >= since)
    };
    let moved_after = overrides.unwrap_or_default().iter().any(is_after);
    match event::rule(record) {
        Ok(None) => ends(&when) < since,
        Ok(Some(rule)) => {
            let has_end = ["COUNT=", "UNTIL="]
                .iter()
                .any(|end| rule.to_string().contains(end));
            if !has_end || moved_after {
                return false;
            }
            let starts = rule.starts(&when, LOOKED_AT).unwrap_or_default();
            // A series of which the end is not seen is not over.
            let Some(last) = starts.last().filter(|_| starts.len() < LOOKED_AT) else {
                return false;
            };
            let passed = last.duration_since(when.start().clock());
            let end = ends(&when).checked_add(passed).unwrap_or(Timestamp::MAX);
            // Clocks that are set forward or back in between move it by an hour or two.
            end.saturating_add(SignedDuration::from_hours(3))
                .unwrap_or(Timestamp::MAX)
                < since
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
