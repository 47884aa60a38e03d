//! The rule of a series as Zoho CRM keeps it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use model::event::{EventError, Point, Rule, When, Zone};
use serde_json::{Value as Json, json};

use crate::wire::Row;

/// API name of the field that holds the rule.
pub(crate) const RULE: &str = "Recurring_Activity";

/// Parts of a rule that Zoho CRM is known to take (Kaizen #8), and those of which it is unverified.
const PARTS: [&str; 9] = [
    "FREQ",
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

/// So many beginnings of a series are compared by two clocks.
const COMPARED: usize = 500;

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
    fits(rule, first, zone)?;
    let start = first.start().clock().date();
    // As if it were of days: Zoho CRM ends a rule on a day.
    let next = start
        .tomorrow()
        .map_err(|_| "its beginning is out of range".to_owned())?;
    let days = When::new(Point::Day(start), Point::Day(next)).map_err(said)?;
    let mut parts = Vec::new();
    for part in rule.to_rfc5545(&days).split(';') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let known = PARTS.contains(&name) && (name != "FREQ" || FREQUENCIES.contains(&value));
        if !known {
            return Err(format!("Zoho CRM has no recurrence with {name}={value}"));
        }
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

/// Zoho CRM repeats by the clock of the account. A series of another zone fits only if both clocks go alike: else its
/// occurrences would shift with the seasons, and their names would differ between the sides.
pub(super) fn fits(rule: &Rule, first: &When, zone: Option<&Zone>) -> Result<(), String> {
    let Some(own) = first.zone() else {
        return Ok(());
    };
    let Some(zone) = zone else {
        return Err("the time zone of this account is not known".to_owned());
    };
    if own.same(zone) {
        return Ok(());
    }
    let at = |clock, zone: &Zone| Point::in_zone(clock, zone.clone()).instant();
    let starts = rule.starts(first, COMPARED).map_err(said)?;
    if starts
        .into_iter()
        .all(|clock| at(clock, own) == at(clock, zone))
    {
        return Ok(());
    }
    Err(format!(
        "it recurs by the clock of {}, and meetings of this account by that of {}",
        own.name(),
        zone.name()
    ))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the error of a call is given away"
)]
fn said(error: EventError) -> String {
    error.to_string()
}
