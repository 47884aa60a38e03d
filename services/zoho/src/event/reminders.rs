//! When people are reminded of a meeting.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use model::{
    Element, Record, SIMPLE_PART, Value,
    event::{self, Alert, AlertAction, Override, Rule, Trigger, When, Zone},
};
use serde_json::{Value as Json, json};

use super::{NotCarried, elements, when};
use crate::wire::instant;

/// Words for units of time, and the minutes of each, longest first.
const PERIODS: [(&str, u32); 4] = [
    ("weeks", 7 * 24 * 60),
    ("days", 24 * 60),
    ("hours", 60),
    ("minutes", 1),
];

/// Occurrences that are gone through for the last one: a daily series has them for ten years.
const MOST: usize = 4_000;

/// The reminders of a meeting: units of time before its start, or, as older versions of the API have it, an instant.
pub(super) fn alerts(value: &Json) -> Result<Option<Value>, NotCarried> {
    let unknown = || NotCarried::Form { field: "Remind_At" };
    let triggers = match value {
        Json::Null => return Ok(None),
        Json::String(at) => vec![Trigger::At(instant(at).ok_or_else(unknown)?)],
        Json::Array(reminders) => {
            let before = reminders
                .iter()
                .map(|one| minutes_before(one).ok_or_else(unknown));
            before
                .map(|minutes| Ok(Alert::minutes_before(minutes?).trigger))
                .collect::<Result<_, NotCarried>>()?
        }
        _ => return Err(unknown()),
    };
    let mut elements: Vec<Element> = Vec::new();
    for trigger in triggers {
        let action = AlertAction::Display;
        let element = Alert { trigger, action }.element();
        if elements
            .iter()
            .all(|known| known.part(SIMPLE_PART) != element.part(SIMPLE_PART))
        {
            elements.push(element);
        }
    }
    Ok(Value::elements(elements))
}

fn minutes_before(reminder: &Json) -> Option<u32> {
    let unit = match reminder.get("unit")? {
        Json::Number(unit) => unit.as_u64()?.try_into().ok()?,
        Json::String(unit) => unit.trim().parse::<u32>().ok()?,
        _ => return None,
    };
    let period = reminder.get("period")?.as_str()?;
    let (_, minutes) = PERIODS.iter().find(|(word, _)| *word == period)?;
    unit.checked_mul(*minutes)
}

/// A meeting's beginning and end, as far as a reminder depends on them, and the provider's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// When it begins for the last time: a series has occurrences to come after the first one.
    pub(super) last: Timestamp,
    pub(super) now: Timestamp,
}

impl Span {
    /// The span of an event, days and floating times by the clock of the caller's zone; none if it has no time.
    pub(super) fn of(event: &Record, zone: Option<&Zone>, now: Timestamp) -> Option<Self> {
        let when = event::when(event).ok()?;
        let (start, end) = when::instants(&when, zone)?;
        let last = match event::rule(event).ok()? {
            Some(rule) => last(event, &when, &rule, zone).unwrap_or(start),
            None => start,
        };
        Some(Self {
            start,
            end,
            last,
            now,
        })
    }
}

/// When the last occurrence begins that takes place; the end of time where there are too many to tell.
fn last(event: &Record, first: &When, rule: &Rule, zone: Option<&Zone>) -> Option<Timestamp> {
    let text = rule.to_string();
    let has_end = ["COUNT=", "UNTIL="].iter().any(|end| text.contains(end));
    let starts = if has_end {
        rule.starts(first, MOST).ok()?
    } else {
        Vec::new()
    };
    if !has_end || starts.len() == MOST {
        return Some(Timestamp::MAX);
    }
    let mut moved = BTreeMap::new();
    for element in elements(event, "overrides") {
        let (original, exception) = Override::read(element).ok()?;
        match exception {
            Override::Excluded => {
                moved.insert(original.clock(), None);
            }
            Override::Changed { values, .. } => {
                let own = values.iter().find(|(field, _)| *field == "when");
                if let Some(own) = own.and_then(|(_, text)| text.parse::<When>().ok()) {
                    moved.insert(original.clock(), Some(own));
                }
            }
        }
    }
    let clock = first.zone().or(zone);
    let rules = clock.map_or(TimeZone::UTC, |zone| zone.rules().clone());
    let begins = |start: DateTime| match moved.get(&start) {
        Some(own) => Some(when::instants(own.as_ref()?, zone)?.0),
        None => rules.to_timestamp(start).ok(),
    };
    starts.into_iter().filter_map(begins).max()
}

/// What sets a reminder, or why none is set; nothing if it is due already, for there is nobody to be reminded.
pub(super) fn reminder(alert: &Element, span: Span) -> Result<Option<Json>, &'static str> {
    let Ok(alert) = Alert::read(alert) else {
        return Err("it is no reminder");
    };
    if alert.action == AlertAction::Email {
        return Err("a reminder by e-mail is never set");
    }
    let at = match alert.trigger {
        Trigger::Start(after) => span.start.checked_add(after),
        Trigger::End(after) => span.end.checked_add(after),
        Trigger::At(at) => Ok(at),
    };
    let before = span
        .start
        .duration_since(at.map_err(|_| "it is no reminder")?);
    let minutes = u32::try_from(before.as_mins()).ok();
    let Some(minutes) = minutes.filter(|_| !before.is_negative() && before.as_secs() % 60 == 0)
    else {
        return Err("Zoho CRM reminds whole minutes before the beginning");
    };
    if span.last.duration_since(span.now) <= before {
        return Ok(None);
    }
    let (word, length) = PERIODS
        .into_iter()
        .find(|(_, length)| minutes > 0 && minutes % length == 0)
        .unwrap_or(("minutes", 1));
    Ok(Some(json!({"unit": minutes / length, "period": word})))
}

/// The reminder that is set already for an alert.
pub(super) fn known<'j>(live: &'j Json, alert: &Element) -> Option<&'j Json> {
    let minutes = Alert::read(alert).ok()?.minutes()?;
    let mut set = live.as_array()?.iter();
    set.find(|one| minutes_before(one) == Some(minutes))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use model::Path;
    use pretty_assertions::assert_eq;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T00:00:00Z".parse().unwrap()
    }

    // proves: R-30
    #[test]
    fn reminders_are_of_whole_minutes_before_and_none_by_mail_or_due() {
        let start: Timestamp = "2026-11-23T01:00:00Z".parse().unwrap();
        let span = Span {
            start,
            end: start + SignedDuration::from_mins(30),
            last: start,
            now: now(),
        };
        let of = |label: &str, text: &str| reminder(&Element::simple(label, text), span);
        let minutes = |unit: u32| Ok(Some(json!({"unit": unit, "period": "minutes"})));
        assert_eq!(of("display", "-PT15M"), minutes(15));
        assert_eq!(of("display", "PT0S"), minutes(0));
        assert_eq!(of("display", "-PT35M/end"), minutes(5));
        assert_eq!(of("display", "2026-11-23T00:50:00Z"), minutes(10));
        for (label, text) in [
            ("email", "-PT15M"),
            ("display", "PT5M"),
            ("display", "-PT30S"),
            ("display", "soon"),
        ] {
            assert!(of(label, text).is_err(), "{label} {text}");
        }
        for due in ["-PT60M", "-PT2H"] {
            assert_eq!(of("display", due), Ok(None), "{due}");
        }
        let ahead = start + SignedDuration::from_hours(24 * 365);
        let ahead = Span {
            start: ahead,
            last: ahead,
            ..span
        };
        let far = |text| {
            let reminder = reminder(&Element::simple("display", text), ahead);
            reminder.unwrap().unwrap()
        };
        assert_eq!(far("-P14D"), json!({"unit": 2, "period": "weeks"}));
        assert_eq!(far("-PT36H"), json!({"unit": 36, "period": "hours"}));
        assert_eq!(far("-P3D"), json!({"unit": 3, "period": "days"}));
    }

    /// Whether a reminder of an hour before is set for a series on Mondays that began in October.
    fn is_set(rule: &str, exceptions: Vec<Element>) -> bool {
        let mut series = Record::new(event::KIND);
        let first = "2026-10-05T09:00:00[Europe/Istanbul]/2026-10-05T10:00:00[Europe/Istanbul]";
        let exceptions = (!exceptions.is_empty()).then_some(Value::Elements(exceptions));
        for (root, value) in [
            ("when", Value::text(first)),
            ("recurrence", Value::text(rule)),
            ("overrides", exceptions),
        ] {
            series.set(Path::parse(root).unwrap(), value);
        }
        let span = Span::of(&series, None, now()).unwrap();
        reminder(&Element::simple("display", "-PT1H"), span)
            .unwrap()
            .is_some()
    }

    // proves: R-30
    #[test]
    fn a_series_is_reminded_of_while_an_occurrence_is_to_come() {
        for (rule, expected) in [
            ("FREQ=WEEKLY", true),
            ("FREQ=WEEKLY;COUNT=8", true),
            ("FREQ=WEEKLY;UNTIL=20261123", true),
            ("FREQ=DAILY;COUNT=40000", true),
            ("FREQ=WEEKLY;COUNT=7", false),
            ("FREQ=WEEKLY;UNTIL=20261122", false),
        ] {
            assert_eq!(is_set(rule, Vec::new()), expected, "{rule}");
        }
        let original =
            |day: &str| event::Original::Clock(format!("{day}T09:00:00").parse().unwrap());
        let gone = Override::Excluded.element(original("2026-11-23"));
        assert!(!is_set("FREQ=WEEKLY;COUNT=8", vec![gone]));
        let moved = |day: &str| Override::Changed {
            values: vec![(
                "when",
                format!("{day}T09:00:00[Europe/Istanbul]/{day}T10:00:00[Europe/Istanbul]"),
            )],
            cleared: Vec::new(),
            included: false,
        };
        let later = moved("2026-12-01").element(original("2026-11-16"));
        assert!(is_set("FREQ=WEEKLY;COUNT=7", vec![later]));
        let earlier = moved("2026-11-20").element(original("2026-11-23"));
        assert!(!is_set("FREQ=WEEKLY;COUNT=8", vec![earlier]));
    }
}
