//! A recurring meeting becomes one record for each occurrence, all with the same `$recurrence_id` (unverified).
//!
//! An edit or a deletion of one occurrence is that of one record; nothing names its original start.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::MODULE;
use crate::recurrence;
use crate::zoho::edit::Edit;
use crate::zoho::record::Record;

/// Where a record keeps the day for which the rule made it. No field of this name exists: no reply shows it.
const ORIGINAL: &str = "$original_day";

/// The lines of a rule, without the `DTSTART` that may stand in it; none if that is no day. The first occurrence is
/// where the meeting starts.
pub(super) fn lines(rule: &str) -> Option<[String; 1]> {
    let mut kept = Vec::new();
    for part in rule.split(';') {
        match part.strip_prefix("DTSTART=") {
            None => kept.push(part),
            Some(text) => {
                day(text)?;
            }
        }
    }
    Some([format!("RRULE:{}", kept.join(";"))])
}

/// The days that `EXDATE` takes out; none if it is no list of days.
pub(super) fn excluded(rule: &Value) -> Option<BTreeSet<Date>> {
    days(&rule["EXDATE"])
}

fn days(list: &Value) -> Option<BTreeSet<Date>> {
    match list {
        Value::Null => Some(BTreeSet::new()),
        Value::String(text) if text.is_empty() => Some(BTreeSet::new()),
        Value::String(text) => text.split(',').map(|text| day(text.trim())).collect(),
        _ => None,
    }
}

/// `2026-03-15` or `20260315`, whatever follows.
fn day(text: &str) -> Option<Date> {
    let plain = text.replace('-', "");
    Date::strptime("%Y%m%d", plain.get(..8)?).ok()
}

/// Tells the other occurrences of a series that one of them is gone, or is back: their `EXDATE` names its day. Their
/// stamps stay, so that no delta shows it (unverified).
pub(in crate::zoho) fn note(edit: &mut Edit<'_>, occurrence: &Record, gone: bool) {
    let original = occurrence.text(ORIGINAL).and_then(day);
    let (Some(series), Some(original)) = (occurrence.text("$recurrence_id"), original) else {
        return;
    };
    let module = edit.org.module(MODULE);
    let others: Vec<Arc<Record>> = module
        .into_iter()
        .flat_map(|module| module.records.values())
        .filter(|record| record.text("$recurrence_id") == Some(series))
        .map(Arc::clone)
        .collect();
    for other in others {
        let mut after = Record::clone(&other);
        mark(&mut after.values, original, gone);
        edit.store_silently(MODULE, after);
    }
}

/// Takes the day of another occurrence out of the rule that this one shows.
pub(super) fn exclude(values: &mut Map<String, Value>, other: &Map<String, Value>) {
    if let Some(original) = other.get(ORIGINAL).and_then(Value::as_str).and_then(day) {
        mark(values, original, true);
    }
}

fn mark(values: &mut Map<String, Value>, original: Date, gone: bool) {
    let Some(Value::Object(rule)) = values.get_mut("Recurring_Activity") else {
        return;
    };
    let mut days = rule.get("EXDATE").and_then(days).unwrap_or_default();
    if gone {
        days.insert(original);
    } else {
        days.remove(&original);
    }
    let days: Vec<String> = days.iter().map(Date::to_string).collect();
    if days.is_empty() {
        rule.remove("EXDATE");
    } else {
        rule.insert("EXDATE".to_owned(), json!(days.join(",")));
    }
}

/// Occurrences that are made of one rule; a rule without an end stops there (unverified).
const MOST: usize = 100;

/// The values of each occurrence, the first one first. `zone` is that of whoever makes the meeting.
pub(in crate::zoho) fn occurrences(
    values: &Map<String, Value>,
    zone: &TimeZone,
) -> Vec<Map<String, Value>> {
    let at = |name: &str| {
        let text = values.get(name).and_then(Value::as_str);
        text.and_then(|text| text.parse::<Timestamp>().ok())
    };
    let rule = values.get("Recurring_Activity");
    let rule = rule.and_then(|rule| rule["RRULE"].as_str());
    let (Some(rule), Some(start), Some(end)) = (rule, at("Start_DateTime"), at("End_DateTime"))
    else {
        return vec![values.clone()];
    };
    let days = values.get("All_day") == Some(&json!(true));
    let zone = if days { &TimeZone::UTC } else { zone };
    let length: SignedDuration = end.duration_since(start);
    let (Some(lines), Some(excluded)) = (lines(rule), excluded(&values["Recurring_Activity"]))
    else {
        return vec![values.clone()];
    };
    let starts = recurrence::starts(&lines, zone.to_datetime(start), days, zone, MOST, None);
    let made: Vec<Map<String, Value>> = starts
        .into_iter()
        .flatten()
        .filter(|civil| !excluded.contains(&civil.date()))
        .filter_map(|civil| {
            let start = zone.to_timestamp(civil).ok()?;
            let mut one = values.clone();
            one.insert(ORIGINAL.to_owned(), json!(civil.date().to_string()));
            one.insert("Start_DateTime".to_owned(), json!(start));
            one.insert(
                "End_DateTime".to_owned(),
                json!(start.checked_add(length).ok()?),
            );
            Some(one)
        })
        .collect();
    if made.is_empty() {
        vec![values.clone()]
    } else {
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_occurrence_keeps_the_wall_clock_and_the_length() {
        let values = json!({
            "Start_DateTime": "2026-10-24T07:00:00Z", "End_DateTime": "2026-10-24T08:30:00Z",
            "Recurring_Activity": {"RRULE": "FREQ=DAILY;UNTIL=2026-10-25"},
        });
        let zone = TimeZone::get("Europe/Vienna").unwrap();
        let made = occurrences(values.as_object().unwrap(), &zone);
        assert_eq!(made.len(), 2);
        assert_eq!(made[1]["Start_DateTime"], "2026-10-25T08:00:00Z");
        assert_eq!(made[1]["End_DateTime"], "2026-10-25T09:30:00Z");
    }

    #[test]
    fn days_taken_out_have_no_occurrence() {
        let mut values = json!({
            "Start_DateTime": "2026-10-24T07:00:00Z", "End_DateTime": "2026-10-24T08:30:00Z",
            "Recurring_Activity": {
                "RRULE": "FREQ=DAILY;COUNT=4;DTSTART=2026-10-24", "EXDATE": "2026-10-25, 20261026",
            },
        });
        let vienna = TimeZone::get("Europe/Vienna").unwrap();
        let made = occurrences(values.as_object().unwrap(), &vienna);
        assert_eq!(made.len(), 2);
        assert_eq!(made[1]["Start_DateTime"], "2026-10-27T08:00:00Z");
        assert_eq!(made[1][ORIGINAL], "2026-10-27");
        values["Recurring_Activity"]["EXDATE"] = json!("someday");
        assert!(excluded(&values["Recurring_Activity"]).is_none());
        assert!(lines("FREQ=DAILY;DTSTART=soon").is_none());
    }

    #[test]
    fn without_a_rule_there_is_one() {
        let values = json!({"Start_DateTime": "2026-10-24T07:00:00Z", "End_DateTime": "2026-10-24T08:00:00Z"});
        assert_eq!(
            occurrences(values.as_object().unwrap(), &TimeZone::UTC).len(),
            1
        );
    }
}
