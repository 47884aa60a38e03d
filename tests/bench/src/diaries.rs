//! Two calendars, half of whose meetings are the same: most are ordinary, some are series, of whole days, by another
//! clock, or with guests.

use std::collections::BTreeSet;

use e2e::Sandbox;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::accounts::Pair;

/// The clock of the CRM's user.
const ZONE: &str = "Europe/London";
/// Another clock.
const OTHER_ZONE: &str = "America/New_York";
/// Times that a series takes place.
pub(crate) const OCCURRENCES: u64 = 4;
/// People who are invited to something.
const GUESTS: u64 = 200;
/// Rows that the CRM takes at a time, and events that are typed in at a time.
const AT_ONCE: usize = 500;
const HANDS: usize = 8;
/// Days ahead over which meetings are spread.
const DAYS: u64 = 300;
const DAY: i64 = 24 * 3600;

/// How a meeting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Series,
    Days,
    OtherZone,
    Guests,
    Plain,
}

/// One in twenty is a series, one in ten is of whole days, as many are by another clock, a quarter has two guests.
fn form(number: u64) -> Form {
    match number % 20 {
        0 => Form::Series,
        1 | 2 => Form::Days,
        3 | 4 => Form::OtherZone,
        5..=9 => Form::Guests,
        _ => Form::Plain,
    }
}

/// What both calendars hold.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Diaries {
    /// Meetings on each side; a series is one.
    pub(crate) each: u64,
    /// Those that both sides have.
    pub(crate) both: u64,
    /// Records of the CRM, of which each time of a series is one.
    pub(crate) rows: u64,
    /// Series that each side has alone.
    pub(crate) series_alone: u64,
    /// Those that both have.
    pub(crate) series_both: u64,
    /// Guests of what Google has alone.
    pub(crate) guests: u64,
}

/// The numbers of the meetings that the left side has, and the right one.
fn numbers(each: u64) -> [Vec<u64>; 2] {
    let both = 0..each / 2;
    let alone = |nth: u64| each * nth..each * nth + each - each / 2;
    [1, 2].map(|nth| both.clone().chain(alone(nth)).collect())
}

/// Fills both calendars of a pair of accounts with so many meetings each.
pub(crate) async fn fill(sandbox: &Sandbox, pair: &Pair, each: usize) -> anyhow::Result<Diaries> {
    let each = each as u64;
    let [left, right] = numbers(each);
    let path = format!("zoho/records/Events?as={}", pair.zoho);
    for rows in left.chunks(AT_ONCE) {
        let rows: Vec<Value> = rows.iter().map(|number| row(*number)).collect();
        sandbox.post(&path, &json!(rows)).await?;
    }
    let path = format!("google/calendars/primary/events?account={}", pair.google);
    stream::iter(&right)
        .map(|number| {
            let event = json!({ "event": event(*number) });
            let path = &path;
            async move { sandbox.post(path, &event).await }
        })
        .buffer_unordered(HANDS)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let series = |numbers: &[u64]| {
        let series = numbers
            .iter()
            .filter(|number| form(**number) == Form::Series);
        series.count() as u64
    };
    let (series_both, all) = (series(&left[..left.len() / 2]), series(&left));
    Ok(Diaries {
        each,
        both: each / 2,
        rows: each + all * (OCCURRENCES - 1),
        series_alone: all - series_both,
        series_both,
        guests: addresses(&right[right.len() / 2..]),
    })
}

fn title(number: u64) -> String {
    format!("Meeting {number}")
}

/// Midnight in UTC of the meeting's day, from a week ahead.
fn midnight(number: u64) -> Timestamp {
    let days = i64::try_from(7 + number % DAYS).unwrap_or_default();
    let today = Timestamp::now().as_second().div_euclid(DAY);
    Timestamp::from_second((today + days) * DAY).unwrap_or_default()
}

/// Beginning and end of an hour of the working day.
fn hour(number: u64) -> [Timestamp; 2] {
    let hours = i64::try_from(6 + number / DAYS % 9).unwrap_or_default();
    let start = midnight(number) + SignedDuration::from_hours(hours);
    [start, start + SignedDuration::from_hours(1)]
}

/// The addresses of two guests.
fn guests(number: u64) -> [String; 2] {
    [number, number + 1].map(|number| format!("guest{}@example.net", number % GUESTS))
}

/// How many people are invited to these meetings.
fn addresses(numbers: &[u64]) -> u64 {
    let invited = numbers
        .iter()
        .filter(|number| form(**number) == Form::Guests);
    let addresses: BTreeSet<String> = invited.flat_map(|number| guests(*number)).collect();
    addresses.len() as u64
}

/// As the CRM takes it.
fn row(number: u64) -> Value {
    let [start, end] = hour(number).map(|at| at.to_string());
    let mut row = json!({
        "Event_Title": title(number), "Start_DateTime": start, "End_DateTime": end, "Venue": "Room 1",
    });
    match form(number) {
        Form::Series => {
            let rule = format!("FREQ=WEEKLY;COUNT={OCCURRENCES}");
            row["Recurring_Activity"] = json!({ "RRULE": rule });
        }
        Form::Days => {
            let day = midnight(number).strftime("%F").to_string();
            row["All_day"] = json!(true);
            row["Start_DateTime"] = json!(format!("{day}T00:00:00Z"));
            row["End_DateTime"] = json!(format!("{day}T23:59:59Z"));
        }
        Form::Guests => {
            let guests =
                guests(number).map(|guest| json!({ "type": "email", "participant": guest }));
            row["Participants"] = json!(guests);
        }
        Form::OtherZone | Form::Plain => {}
    }
    row
}

/// As Google takes it.
fn event(number: u64) -> Value {
    let form = form(number);
    let zone = if form == Form::OtherZone {
        OTHER_ZONE
    } else {
        ZONE
    };
    let [start, end] =
        hour(number).map(|at| json!({ "dateTime": at.to_string(), "timeZone": zone }));
    let mut event = json!({
        "summary": title(number), "start": start, "end": end, "location": "Room 1",
        "reminders": { "useDefault": false },
    });
    match form {
        Form::Series => {
            event["recurrence"] = json!([format!("RRULE:FREQ=WEEKLY;COUNT={OCCURRENCES}")]);
        }
        Form::Days => {
            let day = midnight(number);
            let next = day + SignedDuration::from_secs(DAY);
            let [first, end] =
                [day, next].map(|at| json!({ "date": at.strftime("%F").to_string() }));
            event["start"] = first;
            event["end"] = end;
        }
        Form::Guests => {
            event["attendees"] = json!(guests(number).map(|guest| json!({ "email": guest })));
        }
        Form::OtherZone | Form::Plain => {}
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_meetings_are_on_both_sides() {
        for each in [60, 61] {
            let [left, right] = numbers(each);
            let both = left.iter().filter(|number| right.contains(number)).count();
            let sizes = [left.len(), right.len(), both].map(|size| size as u64);
            assert_eq!(sizes, [each, each, 30]);
        }
    }

    #[test]
    fn every_form_is_on_both_sides_and_on_each_alone() {
        let [left, right] = numbers(60);
        for form_of in [
            Form::Series,
            Form::Days,
            Form::OtherZone,
            Form::Guests,
            Form::Plain,
        ] {
            for numbers in [&left[..30], &left[30..], &right[30..]] {
                assert!(numbers.iter().any(|number| form(*number) == form_of));
            }
        }
    }
}
