//! When people are reminded of a meeting.

use jiff::Timestamp;
use model::{
    Element, Record, SIMPLE_PART, Value,
    event::{self, Alert, AlertAction, Trigger, Zone},
};
use serde_json::{Value as Json, json};

use super::{NotCarried, when};
use crate::wire::instant;

/// Words for units of time, and the minutes of each, longest first.
const PERIODS: [(&str, u32); 4] = [
    ("weeks", 7 * 24 * 60),
    ("days", 24 * 60),
    ("hours", 60),
    ("minutes", 1),
];

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
    pub(super) now: Timestamp,
}

impl Span {
    /// The span of an event, days and floating times by the clock of the caller's zone; none if it has no time.
    pub(super) fn of(event: &Record, zone: Option<&Zone>, now: Timestamp) -> Option<Self> {
        let when = event::when(event).ok()?;
        let (start, end) = when::instants(&when, zone)?;
        Some(Self { start, end, now })
    }
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
    if span.start.duration_since(span.now) <= before {
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
}
