//! The occurrences of a series.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::CalendarError;
use super::moment::Moment;
use crate::recurrence::{self, MOST};

/// Refuses lines that are no recurrence (RFC 5545, without `DTSTART` and `DTEND`).
pub(super) fn check(lines: &[String], start: &Moment) -> Result<(), CalendarError> {
    let invalid = || CalendarError::invalid("Invalid recurrence rule.");
    let repeats = |line: &String| line.starts_with("RRULE") || line.starts_with("RDATE");
    if !lines.iter().any(repeats) {
        return Err(invalid());
    }
    let civil = start.civil(&TimeZone::UTC);
    recurrence::starts(
        lines,
        civil,
        start.is_day(),
        &start.zone(&TimeZone::UTC),
        1,
        None,
    )
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
    let (civil, zone) = (start.civil(calendar), start.zone(calendar));
    // A day more, for what the zone makes of it.
    let before = end.and_then(|end| {
        zone.to_datetime(end)
            .checked_add(jiff::Span::new().days(1))
            .ok()
    });
    recurrence::starts(lines, civil, start.is_day(), &zone, MOST, before)
        .into_iter()
        .flatten()
        .filter_map(|civil| start.at_civil(civil, calendar))
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
    let after = at.checked_add(SignedDuration::from_secs(1)).ok();
    occurrences(lines, start, calendar, after)
        .last()
        .is_some_and(|last| last.instant(calendar) == at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_wall_clock_stays_when_the_offset_changes() {
        let start = json!({"dateTime": "2026-10-24T09:00:00", "timeZone": "Europe/Vienna"});
        let start = Moment::parse(&start, "start").unwrap();
        let lines = ["RRULE:FREQ=DAILY;COUNT=2".to_owned()];
        let found = occurrences(&lines, &start, &TimeZone::UTC, None);
        let found: Vec<String> = found.iter().map(Moment::suffix).collect();
        assert_eq!(found, ["20261024T070000Z", "20261025T080000Z"]);
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
    fn what_is_no_rule_is_refused() {
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
    }
}
