//! Recurrence rules (RFC 5545): wall-clock times by the `rrule` crate, everything about zones by jiff.
//!
//! A rule is expanded as if the wall clock were UTC, so that no other time-zone data than jiff's decides about
//! offsets; `UNTIL`, `EXDATE` and `RDATE` are turned into wall-clock times first.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rrule::RRuleSet;

/// Occurrences looked at of one series; a rule without an end has no last one.
pub(crate) const MOST: usize = 5_000;

/// The wall-clock times at which a series starts, in its own zone; none if a line is no recurrence. For a series of
/// days, `start` is a midnight. No more than `most` are looked for, and none at or after `before`.
pub(crate) fn starts(
    lines: &[String],
    start: DateTime,
    days: bool,
    zone: &TimeZone,
    most: usize,
    before: Option<DateTime>,
) -> Option<Vec<DateTime>> {
    let mut text = format!("DTSTART:{}", stamp(start));
    for line in lines {
        text.push('\n');
        text.push_str(&floating(line, days, zone)?);
    }
    let set: RRuleSet = text.parse().ok()?;
    let set = set.limit();
    let found = set
        .into_iter()
        .take(most)
        .filter_map(|at| Timestamp::from_second(at.timestamp()).ok())
        .map(|at| TimeZone::UTC.to_datetime(at))
        .take_while(|at| before.is_none_or(|before| *at < before));
    Some(found.collect())
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
                    Some(until) => Some(format!("UNTIL={}", until_stamp(until, days, zone)?)),
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

/// The end of a rule; a last day counts as a whole. A day is written with or without hyphens.
fn until_stamp(until: &str, days: bool, zone: &TimeZone) -> Option<String> {
    let plain = until.replace('-', "");
    match plain.len() {
        8 if !days => Some(format!("{plain}T235959Z")),
        _ => Some(stamp(wall_clock(&plain, zone)?)),
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
        _ => DateTime::strptime("%Y%m%dT%H%M%S", text).ok(),
    }
}

fn stamp(civil: DateTime) -> String {
    civil.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(zone: &str, start: &str, lines: &[&str]) -> usize {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let zone = TimeZone::get(zone).unwrap();
        starts(&lines, start.parse().unwrap(), false, &zone, MOST, None)
            .unwrap()
            .len()
    }

    #[test]
    fn until_is_an_instant_whatever_the_zone() {
        let rule = ["RRULE:FREQ=DAILY;UNTIL=20261104T000000Z"];
        assert_eq!(count("Asia/Tokyo", "2026-11-02T09:00:00", &rule), 3);
        assert_eq!(count("America/New_York", "2026-11-02T00:30:00", &rule), 2);
        let bare = ["RRULE:FREQ=DAILY;UNTIL=2026-11-04"];
        assert_eq!(count("Asia/Tokyo", "2026-11-02T09:00:00", &bare), 3);
    }

    #[test]
    fn exceptions_are_dates_of_their_own_zone() {
        let lines = [
            "RRULE:FREQ=DAILY;COUNT=3",
            "EXDATE;TZID=Europe/Vienna:20261024T090000",
            "EXDATE:20261025T080000Z",
        ];
        assert_eq!(count("Europe/Vienna", "2026-10-24T09:00:00", &lines), 1);
    }

    #[test]
    fn an_impossible_rule_ends() {
        let never = ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"];
        assert_eq!(count("UTC", "2026-12-30T00:00:00", &never), 0);
    }

    #[test]
    fn no_more_is_looked_for_than_is_wanted() {
        let lines = ["RRULE:FREQ=DAILY".to_owned()];
        let start = jiff::civil::datetime(2026, 12, 1, 9, 0, 0, 0);
        let found = |most, before| {
            starts(&lines, start, false, &TimeZone::UTC, most, before)
                .unwrap()
                .len()
        };
        assert_eq!(found(3, None), 3);
        assert_eq!(found(MOST, Some(start)), 0);
        assert_eq!(
            found(MOST, Some(jiff::civil::datetime(2026, 12, 3, 9, 0, 0, 0))),
            2
        );
    }
}
