//! From a canonical record to the members of an event that a write names.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::{
    Edit, Element, Record, Value,
    event::{self, EventStatus, FreeBusy, Point, Privacy, When},
};
use serde_json::{Map, Value as Json, json};

use super::{MARKER_KEY, guests, path, recurrence, reminders, text::written};
use crate::calendar::wire::{Event, Reminder};

/// Members of an event.
pub(in crate::calendar) type Members = Map<String, Json>;

/// Google sets these itself.
const ITS_OWN: &str = "Google sets this itself";

/// What is there when a write is made.
#[derive(Clone, Copy)]
pub(in crate::calendar) struct Present<'a> {
    /// The event, or the series; without any content for one that is created.
    pub(in crate::calendar) event: &'a Event,
    /// The same as it was sent.
    pub(in crate::calendar) raw: &'a Json,
    /// The same as a record.
    pub(in crate::calendar) record: &'a Record,
    /// Reminders of events that use the calendar's own.
    pub(in crate::calendar) reminders: &'a [Reminder],
    /// When it is, by Google's clock.
    pub(in crate::calendar) now: Timestamp,
}

/// What a write names, by the field of the record that it is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::calendar) struct Changes {
    /// Members to send.
    pub(in crate::calendar) parts: BTreeMap<&'static str, Members>,
    /// Fields that cannot be written, with the reason.
    pub(in crate::calendar) refused: BTreeMap<String, String>,
}

impl Changes {
    /// Everything in one body.
    pub(in crate::calendar) fn body(&self) -> Members {
        let members = self.parts.values().flatten();
        let members = members.map(|(name, value)| (name.clone(), value.clone()));
        members.collect()
    }

    fn part(&mut self, field: &'static str, members: Members) {
        self.parts.entry(field).or_default().extend(members);
    }
}

/// What edits of a record come to. `desired` is the record with these edits.
pub(in crate::calendar) fn changes(
    present: Present<'_>,
    desired: &Record,
    edits: &[Edit],
) -> Changes {
    let mut by_field: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        by_field.entry(edit.path.field()).or_default().push(edit);
    }
    let mut changes = Changes::default();
    for (field, edits) in by_field {
        let result = match invitation(present.event, field, &edits) {
            Some(reason) => Err(reason.to_owned()),
            None => of_field(present, desired, field, &edits),
        };
        match result {
            Ok(Some((part, members))) => changes.part(part, members),
            Ok(None) => {}
            Err(reason) => {
                changes.refused.insert(field.to_owned(), reason);
            }
        }
    }
    if changes.refused.contains_key("recurrence") && present.record.fields.is_empty() {
        // Of a series that cannot be made no single event is made.
        changes
            .refused
            .insert("when".into(), changes.refused["recurrence"].clone());
    }
    changes
}

/// Our marker, unless the event carries it.
pub(in crate::calendar) fn mark(changes: &mut Changes, event: &Event, marker: Option<&str>) {
    let Some(marker) = marker else { return };
    if super::marker(event).as_deref() != Some(marker) {
        let own = json!({"private": {MARKER_KEY: marker}});
        changes.part("", one("extendedProperties", own));
    }
}

type Part = (&'static str, Members);

fn of_field(
    present: Present<'_>,
    desired: &Record,
    field: &str,
    edits: &[&Edit],
) -> Result<Option<Part>, String> {
    let value = path(field).and_then(|path| desired.fields.get(&path));
    let text = value.and_then(Value::as_text);
    let given = |name: &str| one(name, text.map_or(Json::Null, Json::from));
    if is_so(present.record, desired, field) {
        return Ok(None);
    }
    Ok(Some(match field {
        "title" => ("title", given("summary")),
        "location" => ("location", given("location")),
        "description" => {
            let text = text.map(written).map_or(Json::Null, Json::from);
            ("description", one("description", text))
        }
        "when" => {
            let when = event::when(desired).map_err(|error| error.to_string())?;
            let when = in_zone_of(present.record, desired, &when);
            let mut members = time(&when)?;
            let lines = recurrence::lines(present, desired, &when);
            members.extend(lines.ok().flatten().unwrap_or_default());
            ("when", members)
        }
        "recurrence" | "overrides" => {
            let when = event::when(desired).map_err(|error| error.to_string())?;
            let when = in_zone_of(present.record, desired, &when);
            match recurrence::lines(present, desired, &when)? {
                Some(members) => ("recurrence", members),
                None => return Ok(None),
            }
        }
        "participants" => {
            let guests = guests::attendees(present.event, present.raw, edits)?;
            ("participants", guests)
        }
        "alerts" | "useDefaultAlerts" => match reminders::patched(present, desired, edits)? {
            Some(reminders) => ("alerts", one("reminders", reminders)),
            None => return Ok(None),
        },
        "status" | "privacy" | "freeBusy" => {
            let (name, word) = word(field, text)?;
            (part_name(field), one(name, word.into()))
        }
        "url" => {
            let source = text.map_or(Json::Null, |url| {
                let title = desired_title(desired).unwrap_or(url);
                json!({"url": url, "title": title})
            });
            ("url", one("source", source))
        }
        _ => return Err(ITS_OWN.to_owned()),
    }))
}

/// Whether a field says already what is wanted, whatever the spelling. What an event's reminders come to is no statement
/// of its own.
fn is_so(record: &Record, desired: &Record, field: &str) -> bool {
    let (Some(path), Some(table)) = (path(field), model::table(&record.kind)) else {
        return false;
    };
    let [before, after] = [record, desired].map(|one| one.fields.get(&path));
    !["alerts", "useDefaultAlerts"].contains(&field)
        && table.comparison(&path).same(before, after)
        && !(before.is_none() && after.is_none())
}

/// The member that says one of an event's words, and Google's word. What is absent is Google's default.
fn word(field: &str, text: Option<&str>) -> Result<(&'static str, &'static str), String> {
    Ok(match field {
        "status" => {
            let status = text.map(str::parse).transpose();
            let word = match status.map_err(|error| format!("{error}"))? {
                None | Some(EventStatus::Confirmed) => "confirmed",
                Some(EventStatus::Tentative) => "tentative",
                Some(EventStatus::Cancelled) => {
                    return Err("Google deletes an event that is cancelled".to_owned());
                }
            };
            ("status", word)
        }
        "privacy" => {
            let privacy = text.map(str::parse).transpose();
            let word = match privacy.map_err(|error| format!("{error}"))? {
                None => "default",
                Some(Privacy::Public) => "public",
                Some(Privacy::Private) => "private",
                Some(Privacy::Secret) => "confidential",
            };
            ("visibility", word)
        }
        _ => {
            let free_busy = text.map(str::parse).transpose();
            let word = match free_busy.map_err(|error| format!("{error}"))? {
                Some(FreeBusy::Free) => "transparent",
                None | Some(FreeBusy::Busy) => "opaque",
            };
            ("transparency", word)
        }
    })
}

/// What an instance says of one of its own fields.
pub(super) fn own_member(field: &str, text: Option<&str>) -> Result<Members, String> {
    let given = || text.map_or(Json::Null, Json::from);
    Ok(match field {
        "title" => one("summary", given()),
        "location" => one("location", given()),
        "description" => one("description", text.map(written).into()),
        "status" | "privacy" | "freeBusy" => {
            let (name, word) = word(field, text)?;
            one(name, word.into())
        }
        _ => return Err(ITS_OWN.to_owned()),
    })
}

/// Beginning and end. A day takes the place of a time, and the other way round.
pub(super) fn time(when: &When) -> Result<Members, String> {
    let moment = |point: &Point| match point {
        Point::Day(day) => Ok(json!({"date": day.to_string(), "dateTime": null, "timeZone": null})),
        Point::Floating(_) => Err("Google Calendar has no times without a time zone".to_owned()),
        Point::Offset(..) | Point::Zoned { .. } => {
            let at = point.with_offset().ok_or("it is no time")?;
            let mut moment = json!({"date": null, "dateTime": at});
            if let Some(zone) = point.zone() {
                moment["timeZone"] = json!(zone.name());
            }
            Ok(moment)
        }
    };
    let mut members = one("start", moment(when.start())?);
    members.insert("end".to_owned(), moment(when.end())?);
    Ok(members)
}

/// What is wanted, by the clock of the zone in which the event was planned.
///
/// A single event is when it is, whatever clock shows it: a CRM shows every time by its user's. A series recurs by the
/// zone that is wanted, and takes its own only where no more than an offset is known.
pub(super) fn in_zone_of(record: &Record, desired: &Record, when: &When) -> When {
    let Ok(known) = event::when(record) else {
        return when.clone();
    };
    let is_series = !matches!(event::rule(desired), Ok(None));
    // From one zone to another: somebody said so.
    let travels = when.start().zone() != when.end().zone();
    let shown = |point: &Point, known: &Point| match (point.instant(), known.zone()) {
        (Some(at), Some(zone)) => Point::at(at, zone),
        _ => point.clone(),
    };
    let own = [(when.start(), known.start()), (when.end(), known.end())];
    let [start, end] = own.map(|(point, known)| shown(point, known));
    match (When::new(start, end), known.zone()) {
        (Ok(own), _) if !is_series && !travels => own,
        (_, Some(zone)) => when.shown_in(zone),
        _ => when.clone(),
    }
}

/// Why a guest cannot make these edits; the answer, the reminders and how the calendar shows it are a guest's own.
fn invitation(event: &Event, field: &str, edits: &[&Edit]) -> Option<&'static str> {
    let own = event.invited_as()?;
    let label = |value: &Option<Value>| {
        let element = value.as_ref()?.as_elements().first()?;
        Some(element.label.clone())
    };
    let is_own = |edit: &&Edit| {
        let key = edit.path.key().map(str::to_owned);
        let key = key
            .or_else(|| label(&edit.after))
            .or_else(|| label(&edit.before));
        key.as_deref() == Some(own) && (edit.path.key().is_some() || edit.after.is_some())
    };
    let allowed = match field {
        "alerts" | "useDefaultAlerts" | "privacy" | "freeBusy" => true,
        "participants" => edits.iter().all(is_own),
        _ => false,
    };
    (!allowed).then_some("only the organizer of this event can change it")
}

fn part_name(field: &str) -> &'static str {
    match field {
        "status" => "status",
        "privacy" => "privacy",
        _ => "freeBusy",
    }
}

fn desired_title(desired: &Record) -> Option<&str> {
    desired.fields.get(&path("title")?)?.as_text()
}

pub(super) fn one(name: &str, value: Json) -> Members {
    Map::from_iter([(name.to_owned(), value)])
}

/// The edits that make a record out of nothing: one for each value, and for each element of a list.
pub(in crate::calendar) fn additions(record: &Record) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (path, value) in &record.fields {
        let mut add = |after: Value| {
            edits.push(Edit {
                path: path.clone(),
                before: None,
                after: Some(after),
            });
        };
        match value {
            Value::Elements(elements) => {
                let each = |element: &Element| Value::Elements(vec![element.clone()]);
                elements.iter().map(each).for_each(&mut add);
            }
            value => add(value.clone()),
        }
    }
    edits
}
