//! The occurrences of a series: wall-clock times by the `rrule` crate, their instants by jiff.
//!
//! The rule is expanded as if the wall clock were UTC, so that no other time-zone data than jiff's decides about
//! offsets; `UNTIL`, `EXDATE` and `RDATE` are turned into wall-clock times first.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use rrule::RRuleSet;

use super::error::CalendarError;
use super::moment::Moment;

/// Occurrences looked at of one series; a rule without an end has no last one.
const MOST: usize = 5_000;

/// Refuses lines that are no recurrence (RFC 5545, without `DTSTART` and `DTEND`).
pub(super) fn check(lines: &[String], start: &Moment) -> Result<(), CalendarError> {
    let invalid = || CalendarError::invalid("Invalid recurrence rule.");
    let rules = lines.iter().filter(|line| line.starts_with("RRULE"));
    if rules.clone().count() == 0 && !lines.iter().any(|line| line.starts_with("RDATE")) {
        return Err(invalid());
    }
    set(lines, start, &TimeZone::UTC)
        .map(|_| ())
        .ok_or_else(invalid)
}

/// The original starts of a series, up to the first one at or after `end`.
pub(super) fn occurrences(
    lines: &[String],
    start: &Moment,
    calendar: &TimeZone,
    end: Option<Timestamp>,
) -> Vec<Moment> {
    let Some(set) = set(lines, start, calendar) else {
        return Vec::new();
    };
    set.limit()
        .into_iter()
        .take(MOST)
        .filter_map(|at| {
            let civil = Timestamp::from_second(at.timestamp()).ok()?;
            start.at_civil(TimeZone::UTC.to_datetime(civil), calendar)
        })
        .take_while(|moment| end.is_none_or(|end| moment.instant(calendar) < end))
        .collect()
}

/// Whether the series has an occurrence that starts at this moment.
pub(super) fn includes(
    lines: &[String],
    start: &Moment,
    calendar: &TimeZone,
    original: &Moment,
) -> bool {
    let at = original.instant(calendar);
    let after = at.checked_add(jiff::SignedDuration::from_secs(1)).ok();
    occurrences(lines, start, calendar, after)
        .last()
        .is_some_and(|last| last.instant(calendar) == at)
}

fn set(lines: &[String], start: &Moment, calendar: &TimeZone) -> Option<RRuleSet> {
    let zone = start.zone(calendar);
    let mut text = format!("DTSTART:{}", stamp(start.civil(calendar)));
    for line in lines {
        text.push('\n');
        text.push_str(&floating(line, start.is_day(), &zone)?);
    }
    text.parse().ok()
}

/// One line with every time in it as a wall-clock time.
fn floating(line: &str, days: bool, zone: &TimeZone) -> Option<String> {
    let (name, value) = line.split_once(':')?;
    let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
    match name {
        "RRULE" | "EXRULE" => {
            let parts: Option<Vec<String>> = value
                .split(';')
                .map(|part| match part.strip_prefix("UNTIL=") {
                    // The last day counts as a whole.
                    Some(until) if until.len() == 8 && !days => {
                        Some(format!("UNTIL={until}T235959Z"))
                    }
                    Some(until) => Some(format!("UNTIL={}", stamp(wall_clock(until, zone)?))),
                    None => Some(part.to_owned()),
                })
                .collect();
            Some(format!("{name}:{}", parts?.join(";")))
        }
        "EXDATE" | "RDATE" => {
            let own = parameters
                .split(';')
                .find_map(|parameter| parameter.strip_prefix("TZID="));
            let own = match own {
                Some(name) => Some(TimeZone::get(name).ok()?),
                None => None,
            };
            let dates: Option<Vec<String>> = value
                .split(',')
                .map(|date| {
                    let civil = match &own {
                        Some(own) if !date.ends_with('Z') => {
                            let at = own.to_timestamp(compact(date)?).ok()?;
                            zone.to_datetime(at)
                        }
                        _ => wall_clock(date, zone)?,
                    };
                    Some(stamp(civil))
                })
                .collect();
            Some(format!("{name}:{}", dates?.join(",")))
        }
        _ => None,
    }
}

/// A date, a wall-clock time, or an instant in UTC.
fn wall_clock(text: &str, zone: &TimeZone) -> Option<DateTime> {
    match text.strip_suffix('Z') {
        Some(utc) => {
            let at = TimeZone::UTC.to_timestamp(compact(utc)?).ok()?;
            Some(zone.to_datetime(at))
        }
        None => compact(text),
    }
}

/// `20261201` or `20261201T090000`.
fn compact(text: &str) -> Option<DateTime> {
    match text.len() {
        8 => Some(Date::strptime("%Y%m%d", text).ok()?.at(0, 0, 0, 0)),
        _ => civil::DateTime::strptime("%Y%m%dT%H%M%S", text).ok(),
    }
}

fn stamp(civil: DateTime) -> String {
    civil.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn starts(zone: &str, at: &str, lines: &[&str]) -> Vec<String> {
        let start = json!({"dateTime": at, "timeZone": zone});
        let start = Moment::parse(&start, "start").unwrap();
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        check(&lines, &start).unwrap();
        occurrences(&lines, &start, &TimeZone::UTC, None)
            .iter()
            .map(Moment::suffix)
            .collect()
    }

    #[test]
    fn until_is_an_instant_whatever_the_zone() {
        let tokyo = starts(
            "Asia/Tokyo",
            "2026-11-02T09:00:00",
            &["RRULE:FREQ=DAILY;UNTIL=20261104T000000Z"],
        );
        assert_eq!(tokyo.len(), 3);
        let new_york = starts(
            "America/New_York",
            "2026-11-02T00:30:00",
            &["RRULE:FREQ=DAILY;UNTIL=20261104T000000Z"],
        );
        assert_eq!(new_york.len(), 2);
    }

    #[test]
    fn the_wall_clock_stays_when_the_offset_changes() {
        let vienna = starts(
            "Europe/Vienna",
            "2026-10-24T09:00:00",
            &[
                "RRULE:FREQ=DAILY;COUNT=3",
                "EXDATE;TZID=Europe/Vienna:20261024T090000",
            ],
        );
        assert_eq!(vienna, ["20261025T080000Z", "20261026T080000Z"]);
    }

    #[test]
    fn days_repeat_by_the_calendar() {
        let start = Moment::Day("2026-12-30".parse().unwrap());
        let lines = vec!["RRULE:FREQ=DAILY;UNTIL=20270101".to_owned()];
        let days = occurrences(&lines, &start, &TimeZone::UTC, None);
        assert_eq!(days.len(), 3);
        assert!(includes(&lines, &start, &TimeZone::UTC, &days[2]));
        let other = Moment::Day("2027-01-02".parse().unwrap());
        assert!(!includes(&lines, &start, &TimeZone::UTC, &other));
    }

    #[test]
    fn what_is_no_rule_is_refused_and_an_impossible_one_ends() {
        let start = Moment::Day("2026-12-30".parse().unwrap());
        for line in [
            "",
            "RRULE",
            "RRULE:FREQ=SOMETIMES",
            "DTSTART:20261230",
            "EXDATE:20261230",
        ] {
            assert!(check(&[line.to_owned()], &start).is_err(), "{line}");
        }
        let never = vec!["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30".to_owned()];
        assert!(occurrences(&never, &start, &TimeZone::UTC, None).is_empty());
    }
}
