//! Values that only meetings have: reminders and recurrence rules.

use serde_json::{Value, json};

use super::series;
use crate::recurrence;
use crate::zoho::refusal::Refusal;

/// Words for the unit of a reminder.
const PERIODS: &[&str] = &["minutes", "hours", "days", "weeks"];

/// `[{"unit": 15, "period": "minutes"}]`; null where the list is empty.
pub(in crate::zoho) fn reminders(
    api_name: &str,
    value: &Value,
    path: &str,
) -> Result<Value, Refusal> {
    let sent = value
        .as_array()
        .ok_or_else(|| Refusal::value_type(api_name, path, "jsonarray"))?;
    let mut kept = Vec::new();
    for (position, reminder) in sent.iter().enumerate() {
        let at = |name: &str| format!("{path}[{position}].{name}");
        let unit = match &reminder["unit"] {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let unit = unit.ok_or_else(|| Refusal::value_type("unit", &at("unit"), "integer"))?;
        let period = reminder["period"].as_str().unwrap_or_default();
        if !PERIODS.contains(&period) {
            return Err(Refusal::bad(
                "INVALID_DATA",
                "invalid data",
                json!({"api_name": "period", "json_path": at("period"), "supported_values": PERIODS}),
            ));
        }
        kept.push(json!({"unit": unit, "period": period}));
    }
    Ok(if kept.is_empty() {
        Value::Null
    } else {
        json!(kept)
    })
}

/// `{"RRULE": "FREQ=WEEKLY;BYDAY=SU;UNTIL=2026-03-15", "EXDATE": "2026-03-01,2026-03-08"}`: the rule, which may name a
/// `DTSTART`, and days without an occurrence (the shape of the latter is unverified beyond its being a text).
pub(in crate::zoho) fn rule(api_name: &str, value: &Value, path: &str) -> Result<Value, Refusal> {
    let sent = value
        .as_object()
        .ok_or_else(|| Refusal::value_type(api_name, path, "jsonobject"))?;
    let at = format!("{path}.RRULE");
    let text = sent.get("RRULE").and_then(Value::as_str);
    let text = text.ok_or_else(|| Refusal::mandatory("RRULE", &at))?;
    if series::excluded(value).is_none() {
        return Err(Refusal::value("EXDATE", &format!("{path}.EXDATE")));
    }
    let lines = series::lines(text).ok_or_else(|| Refusal::value("RRULE", &at))?;
    // Whether UNTIL lies before the start is not known here: a start long ago fits every rule.
    let early = jiff::civil::datetime(1970, 1, 1, 0, 0, 0, 0);
    match recurrence::starts(&lines, early, false, &jiff::tz::TimeZone::UTC, 1, None) {
        Some(_) => Ok(value.clone()),
        None => Err(Refusal::value("RRULE", &at)),
    }
}
