//! A recurring meeting becomes one record for each occurrence, all with the same `$recurrence_id` (unverified).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::recurrence;

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
    let lines = [format!("RRULE:{rule}")];
    let starts = recurrence::starts(&lines, zone.to_datetime(start), days, zone, MOST, None);
    let made: Vec<Map<String, Value>> = starts
        .into_iter()
        .flatten()
        .filter_map(|civil| {
            let start = zone.to_timestamp(civil).ok()?;
            let mut one = values.clone();
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
    fn without_a_rule_there_is_one() {
        let values = json!({"Start_DateTime": "2026-10-24T07:00:00Z", "End_DateTime": "2026-10-24T08:00:00Z"});
        assert_eq!(
            occurrences(values.as_object().unwrap(), &TimeZone::UTC).len(),
            1
        );
    }
}
