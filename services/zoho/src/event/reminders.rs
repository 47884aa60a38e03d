//! When people are reminded of a meeting.

use jiff::Timestamp;
use model::{
    Element, SIMPLE_PART, Value,
    event::{Alert, AlertAction, Trigger},
};
use serde_json::{Value as Json, json};

use super::NotCarried;
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

/// What sets a reminder, or why none is set. None by e-mail, and none that is due already.
pub(super) fn reminder(alert: &Element, span: Span) -> Result<Json, &'static str> {
    let Ok(alert) = Alert::read(alert) else {
        return Err("it is no reminder");
    };
    if alert.action == AlertAction::Email {
        return Err("a reminder by e-mail is never set");
    }
    let due = match alert.trigger {
        Trigger::Start(after) => span.start.checked_add(after),
        Trigger::End(after) => span.end.checked_add(after),
        Trigger::At(at) => Ok(at),
    };
    let due = due.map_err(|_| "it is no reminder")?;
    let before = span.start.duration_since(due);
    let minutes = u32::try_from(before.as_mins()).ok();
    let Some(minutes) = minutes.filter(|_| !before.is_negative() && before.as_secs() % 60 == 0)
    else {
        return Err("Zoho CRM reminds whole minutes before the beginning");
    };
    if due <= span.now {
        return Err("a reminder that is due already is not set");
    }
    let (word, length) = PERIODS
        .into_iter()
        .find(|(_, length)| minutes > 0 && minutes % length == 0)
        .unwrap_or(("minutes", 1));
    Ok(json!({"unit": minutes / length, "period": word}))
}

/// The reminder that is set already for an alert.
pub(super) fn known<'j>(live: &'j Json, alert: &Element) -> Option<&'j Json> {
    let minutes = Alert::read(alert).ok()?.minutes()?;
    let mut set = live.as_array()?.iter();
    set.find(|one| minutes_before(one) == Some(minutes))
}
