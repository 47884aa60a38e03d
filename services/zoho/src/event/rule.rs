//! The rule of a series as Zoho CRM keeps it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use model::event::{Point, Rule, SeriesLimits, Unholdable, When, Zone};
use serde_json::{Value as Json, json};

use crate::wire::Row;

/// API name of the field that holds the rule.
pub(crate) const RULE: &str = "Recurring_Activity";

/// Parts of a rule that Zoho CRM is known to take (Kaizen #8), and those of which it is unverified.
const PARTS: [&str; 8] = [
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYDAY",
    "BYMONTHDAY",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];

/// How often a meeting can recur.
const FREQUENCIES: [&str; 4] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

/// The rule of a row without the `DTSTART` that may stand in it, and that day.
pub(super) fn of(row: &Row) -> Option<(String, Option<Date>)> {
    let text = row.0.get(RULE)?.get("RRULE")?.as_str()?;
    let begins = text
        .split(';')
        .find_map(|part| part.strip_prefix("DTSTART=").and_then(day));
    let kept: Vec<&str> = text
        .split(';')
        .filter(|part| !part.starts_with("DTSTART="))
        .collect();
    Some((kept.join(";"), begins))
}

/// The days that any row takes out; none if one of them is no day.
pub(super) fn excluded_days<'r>(rows: impl Iterator<Item = &'r Row>) -> Option<BTreeSet<Date>> {
    rows.filter_map(|row| row.0.get(RULE)?.get("EXDATE")?.as_str())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(day)
        .collect()
}

/// `2026-03-15` or `20260315`, whatever follows.
fn day(text: &str) -> Option<Date> {
    let plain = text.replace('-', "");
    Date::strptime("%Y%m%d", plain.get(..8)?).ok()
}

/// The rule as it is sent, without the occurrences of these days; or why Zoho CRM cannot hold it.
pub(super) fn sent(
    rule: &Rule,
    first: &When,
    zone: Option<&Zone>,
    excluded: &BTreeSet<Date>,
) -> Result<Json, String> {
    limits(zone).check_rule(rule, first).map_err(said)?;
    let start = first.start().clock().date();
    // As if it were of days: Zoho CRM ends a rule on a day.
    let next = start
        .tomorrow()
        .map_err(|_| "its beginning is out of range".to_owned())?;
    let days = When::new(Point::Day(start), Point::Day(next)).map_err(|error| error.to_string())?;
    let mut parts = Vec::new();
    for part in rule.to_rfc5545(&days).split(';') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match (name, day(value)) {
            ("UNTIL", Some(day)) => parts.push(format!("UNTIL={day}")),
            _ => parts.push(part.to_owned()),
        }
    }
    parts.push(format!("DTSTART={start}"));
    let mut rule = json!({"RRULE": parts.join(";")});
    if !excluded.is_empty() {
        let days: Vec<String> = excluded.iter().map(Date::to_string).collect();
        rule["EXDATE"] = days.join(",").into();
    }
    Ok(rule)
}

/// What Zoho CRM can hold of a series: it repeats by the clock of the account.
pub(crate) fn limits(zone: Option<&Zone>) -> SeriesLimits {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    SeriesLimits {
        frequencies: words(&FREQUENCIES),
        parts: words(&PARTS),
        added_dates: false,
        zone: zone.cloned(),
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the error of a call is given away"
)]
fn said(error: Unholdable) -> String {
    match error {
        Unholdable::Part { name, value } => {
            format!("Zoho CRM has no recurrence with {name}={value}")
        }
        other => other.to_string(),
    }
}
