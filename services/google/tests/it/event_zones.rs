//! Times keep their meaning: written and read back, no clock shows another time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use model::{
    Record,
    event::{Point, When, Zone},
};
use provider::{Create, Operation};
use reqwest::Method;
use serde_json::json;

use crate::{
    account::{Account, applied, path},
    diary::{changed, events_of, excluded, inside, record, value, with_list},
};

/// From when on changes of clocks are looked for.
const FROM: &str = "2026-11-23T00:00:00Z";
/// So many changes of each zone.
const CHANGES: usize = 2;

/// When the clocks of a zone change next; once a day in summer where they never do.
fn moments(zone: &Zone) -> Vec<Timestamp> {
    let changes = zone.rules().following(FROM.parse().unwrap());
    let changes: Vec<Timestamp> = changes
        .map(|change| change.timestamp())
        .take(CHANGES)
        .collect();
    if changes.is_empty() {
        return vec!["2027-07-01T09:30:00Z".parse().unwrap()];
    }
    changes
}

/// The middle of what the clock skips at a change, or shows twice.
fn odd_time(zone: &Zone, at: Timestamp) -> DateTime {
    let second = SignedDuration::from_secs(1);
    let before = zone.rules().to_datetime(at - second) + second;
    let after = zone.rules().to_datetime(at);
    let (first, last) = (before.min(after), before.max(after));
    let middle = first + SignedDuration::from_secs(last.duration_since(first).as_secs() / 2);
    middle.with().second(0).build().unwrap()
}

/// Times over and just after a moment.
fn timed(zone: &Zone, at: Timestamp) -> Vec<Record> {
    let minutes = SignedDuration::from_mins;
    let events = [(-30, 30), (10, 100)].map(|(from, to)| {
        let [start, end] = [from, to].map(|distance| Point::at(at + minutes(distance), zone));
        let when = When::new(start, end).unwrap().to_string();
        record(&[("title", "Timed"), ("when", &when)])
    });
    events.to_vec()
}

/// The day of a moment and the next.
fn of_days(zone: &Zone, at: Timestamp) -> Record {
    let first = zone.rules().to_datetime(at).date();
    let end = first + SignedDuration::from_hours(48);
    let when = format!("{first}/{end}");
    record(&[("title", "Days"), ("when", &when)])
}

/// Every day at a time that the clock shows twice or not at all on one of them, with exceptions on that day and on the
/// next.
fn recurring(zone: &Zone, at: Timestamp) -> Record {
    let odd = odd_time(zone, at);
    let day = |days: i64| odd + SignedDuration::from_hours(24 * days);
    let point = |clock: DateTime| Point::in_zone(clock, zone.clone());
    let end = day(-2) + SignedDuration::from_mins(45);
    let when = When::new(point(day(-2)), point(end)).unwrap().to_string();
    let series = record(&[
        ("title", "Daily"),
        ("when", &when),
        ("recurrence", "FREQ=DAILY;COUNT=5"),
    ]);
    let apart = changed(&odd.to_string(), &[("title", "Apart")]);
    let away = excluded(&day(1).to_string());
    with_list(series, "overrides", &[apart, away])
}

/// Writes an event; its id.
async fn write(account: &Account, calendar: &str, record: &Record) -> String {
    let create = Operation::Create(Create {
        record: record.clone(),
        marker: None,
        look_up: false,
        match_paths: Vec::new(),
        known_until: Some(Timestamp::now()),
    });
    let outcome = account.write(&events_of(calendar), create).await;
    applied(&outcome).remote_id.clone()
}

/// What a record of an event says of its time.
fn times(record: &Record) -> [Option<String>; 3] {
    let overrides = record.elements(&path("overrides"));
    let overrides = (!overrides.is_empty()).then(|| format!("{overrides:?}"));
    [
        value(record, "when"),
        value(record, "recurrence"),
        overrides,
    ]
}

/// Writes what a zone's calendar may hold and reads it back; how many events it was.
async fn check(account: &Account, name: &str) -> usize {
    let zone = Zone::named(name).unwrap();
    let calendar = json!({"summary": name, "time_zone": name});
    let calendar = account
        .control(Method::POST, "google/calendars", calendar)
        .await;
    let calendar = calendar["id"].as_str().unwrap();
    let mut written = Vec::new();
    for at in moments(&zone) {
        let mut events = timed(&zone, at);
        events.push(of_days(&zone, at));
        events.push(recurring(&zone, at));
        for event in events {
            written.push((write(account, calendar, &event).await, event));
        }
    }
    let round = account.round(&events_of(calendar), None).await;
    assert_eq!(round.seen.len(), written.len(), "{name}");
    for (id, wanted) in &written {
        let shown = inside(&round, id);
        assert_eq!(times(shown), times(wanted), "{name}");
        let [is, was] = [shown, wanted].map(|one| model::event::when(one).unwrap());
        assert_eq!(is.start().instant(), was.start().instant(), "{name}");
        assert_eq!(is.end().instant(), was.end().instant(), "{name}");
    }
    written.len()
}

#[tokio::test]
async fn no_time_of_any_zone_shifts_around_the_next_changes_of_its_clock() {
    let account = Account::kind().await;
    let names = Zone::names();
    let mut count = 0;
    for name in &names {
        let one = check(&account, name);
        let one = tokio::time::timeout(Duration::from_mins(5), one).await;
        count += one.expect(name);
    }
    assert!(names.len() > 550, "{}", names.len());
    assert!(count > 4 * names.len(), "{count}");
}
