//! "This and following": what the web interface does when somebody changes the rest of a series.

use jiff::{SignedDuration, ToSpan};
use serde_json::{Map, Value, json};

use jiff::tz::TimeZone;

use super::act::Act;
use super::content::overlay;
use super::error::CalendarError;
use super::moment::Moment;
use super::recurrence;
use super::sight::Seen;
use super::write::{self, Mode, Wish};

/// Ends a series before one of its instances and begins another there; answers the new one. Exceptions of the part that
/// was cut off are gone.
pub(in crate::google) fn split(
    act: &mut Act<'_>,
    calendar: &str,
    instance: &str,
    changes: &Map<String, Value>,
    wish: Wish<'_>,
) -> Result<Seen, CalendarError> {
    let calendar = act.writable(calendar)?;
    let place = act.find(&calendar, instance)?.event.place;
    let place = place.ok_or_else(|| CalendarError::invalid("This is no instance of a series."))?;
    let series = act.find(&calendar, &place.series)?.event;
    let zone = act.calendars.calendar_mut(&calendar)?.zone();
    let content = &series.content;
    let rules: Vec<String> = content
        .recurrence
        .iter()
        .filter(|line| line.starts_with("RRULE"))
        .cloned()
        .collect();
    let end = Some(place.original.instant(&zone));
    let before = recurrence::occurrences(&rules, &content.start, &zone, end).len();
    if before == 0 {
        return Err(CalendarError::invalid(
            "This is the first instance of the series.",
        ));
    }
    let until = last_moment(&place.original, &zone);
    let first: Vec<String> = content
        .recurrence
        .iter()
        .map(|line| ended(line, &until))
        .collect();
    let rest: Vec<String> = content
        .recurrence
        .iter()
        .map(|line| shortened(line, before))
        .collect();
    let mut body = content.wire();
    let length = (&content.start, &content.end);
    body.insert("start".to_owned(), place.original.json(&TimeZone::UTC));
    let ends = Moment::end_like(&place.original, length);
    body.insert("end".to_owned(), ends.json(&TimeZone::UTC));
    body.insert("recurrence".to_owned(), json!(rest));
    overlay(&mut body, changes);
    let trimmed = Map::from_iter([("recurrence".to_owned(), json!(first))]);
    write::change(act, &calendar, &series.id, Mode::Patch, &trimmed, wish)?;
    write::insert(act, &calendar, &body, wish)
}

/// The last moment before an instance, as `UNTIL` has it.
fn last_moment(original: &Moment, zone: &TimeZone) -> String {
    match original {
        Moment::Day(date) => {
            let before = date.checked_sub(1.day()).unwrap_or(*date);
            before.strftime("%Y%m%d").to_string()
        }
        Moment::Time { .. } => {
            let before = original.instant(zone) - SignedDuration::from_secs(1);
            before.strftime("%Y%m%dT%H%M%SZ").to_string()
        }
    }
}

fn ended(line: &str, until: &str) -> String {
    let Some(rule) = line.strip_prefix("RRULE:") else {
        return line.to_owned();
    };
    let kept = rule
        .split(';')
        .filter(|part| !part.starts_with("UNTIL=") && !part.starts_with("COUNT="));
    let kept: Vec<&str> = kept.collect();
    format!("RRULE:{};UNTIL={until}", kept.join(";"))
}

fn shortened(line: &str, by: usize) -> String {
    let parts: Vec<String> = line
        .split(';')
        .map(
            |part| match part.strip_prefix("COUNT=").map(str::parse::<usize>) {
                Some(Ok(count)) => format!("COUNT={}", count.saturating_sub(by)),
                _ => part.to_owned(),
            },
        )
        .collect();
    parts.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_ended_and_its_rest_is_shorter() {
        let rule = "RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=TU";
        assert_eq!(
            ended(rule, "20261201"),
            "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261201"
        );
        assert_eq!(shortened(rule, 3), "RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=TU");
        assert_eq!(ended("EXDATE:20261201", "20261130"), "EXDATE:20261201");
    }
}
