//! What Google's events become.

use jiff::Timestamp;
use model::{Record, event};
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::calendar::wire::Reminder;

fn decoded(json: &Json) -> Event {
    serde_json::from_value(json.clone()).unwrap()
}

/// The event with more members, or other ones.
fn with(base: &Json, more: &Json) -> Json {
    let mut json = base.clone();
    for (name, value) in more.as_object().unwrap() {
        json[name] = value.clone();
    }
    json
}

fn meeting() -> Json {
    json!({"id": "m1", "etag": "\"1\"", "status": "confirmed", "updated": "2026-11-02T09:15:31.204Z",
        "iCalUID": "m1@google.com", "eventType": "default", "summary": "Board",
        "start": {"dateTime": "2026-12-01T09:00:00+01:00", "timeZone": "Europe/Vienna"},
        "end": {"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Europe/Vienna"}})
}

fn series() -> Json {
    with(
        &meeting(),
        &json!({"id": "s1", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=TU"]}),
    )
}

/// An instance of the series on this day of December at this hour, as planned for another.
fn instance(planned: u8, day: u8, hour: u8) -> Json {
    let at = |day: u8, hour: u8| json!({"dateTime": format!("2026-12-{day:02}T{hour:02}:00:00+01:00"), "timeZone": "Europe/Vienna"});
    with(
        &meeting(),
        &json!({"id": format!("s1_202612{planned:02}T080000Z"), "recurringEventId": "s1",
            "originalStartTime": at(planned, 9), "start": at(day, hour), "end": at(day, hour + 1)}),
    )
}

fn cancelled(planned: u8) -> Json {
    json!({"id": format!("s1_202612{planned:02}T080000Z"), "status": "cancelled", "recurringEventId": "s1",
        "originalStartTime": {"dateTime": format!("2026-12-{planned:02}T08:00:00Z")}})
}

fn read(master: &Json, instances: &[Json]) -> Result<Record, Unmapped> {
    let instances: Vec<Event> = instances.iter().map(decoded).collect();
    let defaults = [Reminder {
        method: "popup".into(),
        minutes: 30,
    }];
    record(&decoded(master), &instances, &defaults)
}

fn value(record: &Record, field: &str) -> Option<String> {
    let value = record.fields.get(&path(field).unwrap())?;
    value.as_text().map(str::to_owned)
}

/// The elements of a list: label and parts.
fn list(record: &Record, field: &str) -> Vec<String> {
    let elements = record.elements(&path(field).unwrap()).iter();
    let parts = |element: &model::Element| {
        let parts = element
            .parts
            .iter()
            .map(|(part, text)| format!(" {part}={text}"));
        format!("{}{}", element.label, parts.collect::<String>())
    };
    elements.map(parts).collect()
}

#[test]
fn every_field_that_the_catalogue_names_belongs_to_an_event() {
    let table = model::table(crate::calendar::EVENT).unwrap();
    let catalogue = catalogue();
    assert_eq!(catalogue.0.len(), FIELDS.len());
    for entry in &catalogue.0 {
        table.check(&entry.path).unwrap();
        assert!(entry.readable && readable().contains(&entry.path));
    }
}

#[test]
fn a_meeting_says_what_it_is_about() {
    let shown = with(
        &meeting(),
        &json!({"location": "Room 1", "description": "<b>Bring</b> slides", "transparency": "transparent",
            "visibility": "public", "hangoutLink": "https://meet.example.com/abc",
            "source": {"title": "Deal", "url": "https://crm.example.com/1"},
            "organizer": {"email": "ana@example.com", "self": true}, "status": "tentative",
            "attendees": [
                {"email": "Ben@example.com", "displayName": "Ben", "responseStatus": "accepted", "comment": "Gladly"},
                {"email": "room@example.com", "resource": true},
                {"id": "117", "optional": true, "responseStatus": "someday"},
                {"displayName": "Nobody"}]}),
    );
    let record = read(&shown, &[]).unwrap();
    for (field, expected) in [
        ("title", "Board"),
        (
            "when",
            "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]",
        ),
        ("location", "Room 1"),
        ("description", "<!DOCTYPE html>\n<b>Bring</b> slides"),
        ("freeBusy", "free"),
        ("privacy", "public"),
        ("status", "tentative"),
        ("conference", "https://meet.example.com/abc"),
        ("url", "https://crm.example.com/1"),
        ("organizer", "ana@example.com"),
        ("uid", "m1@google.com"),
    ] {
        assert_eq!(value(&record, field).as_deref(), Some(expected), "{field}");
    }
    assert_eq!(
        list(&record, "participants"),
        [
            "ben@example.com comment=Gladly name=Ben status=accepted value=ben@example.com",
            "room@example.com role=resource value=room@example.com",
            "urn:google:profile:117 role=optional value=urn:google:profile:117",
        ]
    );
}

#[test]
fn what_goes_without_saying_is_absent() {
    let said = with(
        &meeting(),
        &json!({"transparency": "opaque", "visibility": "default", "summary": "  ", "description": "",
            "recurrence": [], "attendees": []}),
    );
    let silent = with(&meeting(), &json!({"summary": null}));
    let (said, silent) = (read(&said, &[]).unwrap(), read(&silent, &[]).unwrap());
    assert_eq!(said, silent);
    assert_eq!(value(&said, "title"), None);
}

#[test]
fn the_three_states_of_reminders_are_told_apart() {
    let reminded =
        |reminders: Json| read(&with(&meeting(), &json!({"reminders": reminders})), &[]).unwrap();
    let default = reminded(json!({"useDefault": true}));
    assert_eq!(value(&default, "useDefaultAlerts").as_deref(), Some("true"));
    assert_eq!(list(&default, "alerts"), ["display value=-PT30M"]);
    let none = reminded(json!({"useDefault": false}));
    assert_eq!(value(&none, "useDefaultAlerts").as_deref(), Some("false"));
    assert_eq!(list(&none, "alerts"), [""; 0]);
    let own = reminded(json!({"useDefault": false, "overrides": [
        {"method": "popup", "minutes": 10}, {"method": "email", "minutes": 1440}, {"method": "sms", "minutes": 5}]}));
    assert_eq!(
        list(&own, "alerts"),
        ["display value=-PT10M", "email value=-PT24H"]
    );
    let silent = read(&meeting(), &[]).unwrap();
    assert_eq!(value(&silent, "useDefaultAlerts"), None);
    let days = json!({"start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}, "reminders": {"useDefault": true}});
    let days = read(&with(&meeting(), &days), &[]).unwrap();
    assert_eq!(
        list(&days, "alerts"),
        [""; 0],
        "those of whole days are not told"
    );
}

#[test]
fn times_keep_the_clock_and_the_zone_that_they_were_planned_by() {
    let at = |start: Json, end: Json| {
        value(
            &read(&with(&meeting(), &json!({"start": start, "end": end})), &[]).unwrap(),
            "when",
        )
        .unwrap()
    };
    // Google shows instants by the clock of the calendar, with the event's own zone beside them.
    let new_york = |text: &str| json!({"dateTime": text, "timeZone": "America/New_York"});
    assert_eq!(
        at(
            new_york("2027-03-01T15:00:00+01:00"),
            new_york("2027-03-01T15:00:00Z")
        ),
        "2027-03-01T09:00:00[America/New_York]/2027-03-01T10:00:00[America/New_York]"
    );
    let bare = |text: &str| json!({"dateTime": text});
    assert_eq!(
        at(
            bare("2027-07-01T16:00:00+02:00"),
            bare("2027-07-01T15:00:00Z")
        ),
        "2027-07-01T16:00:00+02:00/2027-07-01T15:00:00+00:00"
    );
    let day = |text: &str| json!({"date": text});
    assert_eq!(
        at(day("2027-03-01"), day("2027-03-04")),
        "2027-03-01/2027-03-04"
    );
}

#[test]
fn a_single_event_that_is_moved_keeps_the_zone_in_which_it_was_planned() {
    let of = |text: &str| {
        let mut record = Record::new(crate::calendar::EVENT);
        super::set(&mut record, "when", Value::text(text));
        record
    };
    let planned = of("2027-03-01T09:00:00[America/New_York]/2027-03-01T10:00:00[America/New_York]");
    let moved = "2027-03-01T20:00:00[Europe/Istanbul]/2027-03-01T21:00:00[Europe/Istanbul]";
    let shown = |wanted: &Record| {
        let when = event::when(wanted).unwrap();
        super::write::in_zone_of(&planned, wanted, &when).to_string()
    };
    let mut wanted = of(moved);
    assert_eq!(
        shown(&wanted),
        "2027-03-01T12:00:00[America/New_York]/2027-03-01T13:00:00[America/New_York]"
    );
    assert_eq!(shown(&of("2027-03-01/2027-03-02")), "2027-03-01/2027-03-02");
    let flight = "2027-03-01T20:00:00[Europe/Istanbul]/2027-03-01T21:00:00[Europe/Vienna]";
    assert_eq!(shown(&of(flight)), flight);
    // A series recurs by the zone that is wanted.
    super::set(&mut wanted, "recurrence", Value::text("FREQ=DAILY"));
    assert_eq!(shown(&wanted), moved);
}

#[test]
fn an_instance_without_its_series_tells_where_that_has_it() {
    let at = |start: Json| {
        let place = json!({"recurringEventId": "s", "originalStartTime": start});
        let event = with(&meeting(), &place);
        let record = read(&event, &[]).unwrap();
        let identity = super::identity(&serde_json::from_value(event).unwrap());
        assert_eq!(
            value(&identity, "recurrenceId"),
            value(&record, "recurrenceId")
        );
        value(&record, "recurrenceId").unwrap()
    };
    let time = json!({"dateTime": "2027-03-01T09:00:00-05:00", "timeZone": "America/New_York"});
    assert_eq!(at(time), "2027-03-01T14:00:00Z");
    assert_eq!(at(json!({"date": "2027-03-01"})), "2027-03-01");
    assert_eq!(value(&read(&meeting(), &[]).unwrap(), "recurrenceId"), None);
}

#[test]
fn a_series_is_one_record_with_its_exceptions() {
    let master = with(
        &series(),
        &json!({"location": "Room 1",
            "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=TU", "EXDATE;TZID=Europe/Vienna:20261229T090000",
                "EXDATE;TZID=Europe/Vienna:20261230T090000"]}),
    );
    let moved = with(
        &instance(8, 9, 14),
        &json!({"summary": "Late", "location": "Room 1"}),
    );
    let answered = with(
        &instance(22, 22, 9),
        &json!({"location": "Room 1", "attendees": [{"email": "b@example.com", "responseStatus": "declined"}]}),
    );
    let elsewhere = instance(1, 1, 9);
    let record = read(&master, &[moved, cancelled(15), answered, elsewhere]).unwrap();
    assert_eq!(
        value(&record, "recurrence").as_deref(),
        Some("FREQ=WEEKLY;COUNT=8")
    );
    assert_eq!(
        list(&record, "overrides"),
        [
            "2026-12-01T09:00:00 cleared=location",
            "2026-12-08T09:00:00 title=Late \
             when=2026-12-09T14:00:00[Europe/Vienna]/2026-12-09T15:00:00[Europe/Vienna]",
            "2026-12-15T09:00:00 excluded=true",
            "2026-12-29T09:00:00 excluded=true",
        ]
    );
}

#[test]
fn a_series_of_days_names_its_instances_by_day() {
    let day = |text: &str| json!({"date": text});
    let days = |id: &str, start: &str, end: &str| {
        with(
            &meeting(),
            &json!({"id": id, "start": day(start), "end": day(end)}),
        )
    };
    let master = with(
        &days("d", "2026-12-01", "2026-12-03"),
        &json!({"recurrence": ["RRULE:FREQ=WEEKLY"]}),
    );
    let same = with(
        &days("d_20261208", "2026-12-08", "2026-12-10"),
        &json!({"recurringEventId": "d", "originalStartTime": day("2026-12-08")}),
    );
    let longer = with(
        &days("d_20261215", "2026-12-15", "2026-12-18"),
        &json!({"recurringEventId": "d", "originalStartTime": day("2026-12-15")}),
    );
    let record = read(&master, &[same, longer]).unwrap();
    assert_eq!(
        list(&record, "overrides"),
        ["2026-12-15 when=2026-12-15/2026-12-18"]
    );
}

#[test]
fn what_a_series_has_outgrown_does_not_spoil_it() {
    // It was cancelled when the series was of another day.
    let record = read(&series(), &[cancelled(9)]).unwrap();
    assert_eq!(list(&record, "overrides"), [""; 0]);
    // One that takes place all the same does so as an addition.
    let record = read(&series(), &[instance(9, 9, 9)]).unwrap();
    assert_eq!(
        list(&record, "overrides"),
        ["2026-12-09T09:00:00 included=true"]
    );
}

// proves: R-05
#[test]
fn what_is_no_event_has_a_reason_without_what_people_wrote() {
    let zone = |zone: &str| json!({"dateTime": "2026-12-01T09:00:00+01:00", "timeZone": zone});
    for broken in [
        json!({"start": null}),
        json!({"start": {}}),
        json!({"start": {"date": "Tuesday"}}),
        json!({"start": {"date": "2026-12-01"}}),
        json!({"start": zone("W. Europe Standard Time")}),
        json!({"end": {"dateTime": "2026-11-30T09:00:00+01:00", "timeZone": "Europe/Vienna"}}),
        json!({"recurrence": ["RRULE:FREQ=SOMETIMES"]}),
        json!({"recurrence": ["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"]}),
        json!({"recurrence": ["RDATE:20261201T080000Z"]}),
        json!({"recurrence": ["nonsense"]}),
        json!({"attendees": [{"email": "b@example.com"}, {"email": "B@example.com"}]}),
    ] {
        let refused = read(&with(&meeting(), &broken), &[]).unwrap_err();
        assert!(!refused.to_string().contains("Board"), "{refused}");
        assert!(!refused.to_string().contains("b@example.com"), "{refused}");
    }
}

#[test]
fn an_edit_of_an_exception_is_another_version_of_its_series() {
    let of = |instances: &[Json]| {
        let instances: Vec<Event> = instances.iter().map(decoded).collect();
        version(&decoded(&series()), &instances)
    };
    let edited = with(
        &instance(8, 8, 9),
        &json!({"etag": "\"2\"", "updated": "2026-11-03T00:00:00Z"}),
    );
    let versions = [
        of(&[]),
        of(&[instance(8, 8, 9)]),
        of(std::slice::from_ref(&edited)),
        of(&[cancelled(8)]),
    ];
    for (at, one) in versions.iter().enumerate() {
        assert!(one.token.starts_with("\"1\""), "{}", one.token);
        assert!(versions[..at].iter().all(|other| other.token != one.token));
    }
    assert_eq!(versions[0].token, "\"1\"");
    assert_eq!(versions[0].changed_at_micros, Some(1_793_610_931_204_000));
    assert!(versions[2].changed_at_micros > versions[0].changed_at_micros);
}

#[test]
fn a_window_looks_at_the_last_end() {
    let since: Timestamp = "2026-12-20T00:00:00Z".parse().unwrap();
    let over =
        |master: &Json, instances: &[Json]| ended_before(&read(master, instances).unwrap(), since);
    let ends = |rule: &str| with(&series(), &json!({"recurrence": [rule]}));
    assert!(over(&meeting(), &[]));
    assert!(over(&ends("RRULE:FREQ=WEEKLY;COUNT=2"), &[]));
    assert!(over(&ends("RRULE:FREQ=WEEKLY;UNTIL=20261215T235959Z"), &[]));
    assert!(
        !over(&ends("RRULE:FREQ=WEEKLY;COUNT=2"), &[instance(8, 21, 9)]),
        "moved into it"
    );
    assert!(!over(&ends("RRULE:FREQ=WEEKLY;COUNT=8"), &[]));
    assert!(!over(&ends("RRULE:FREQ=WEEKLY"), &[]));
    let day = |start: &str, end: &str| {
        with(
            &meeting(),
            &json!({"start": {"date": start}, "end": {"date": end}}),
        )
    };
    assert!(over(&day("2026-12-17", "2026-12-18"), &[]));
    assert!(
        !over(&day("2026-12-19", "2026-12-20"), &[]),
        "it is still that day somewhere"
    );
}

proptest! {
    #[test]
    fn whatever_google_sends_is_a_record_or_has_a_reason(
        hour in 0u8..24, length in -2i64..50, zone in "[A-Z][a-z]{2,8}/[A-Z][a-z]{2,8}|Europe/Vienna|UTC|",
        rule in "(RRULE:FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;COUNT=[0-9]{1,3})?(;BYDAY=(MO|TU|1FR))?|EXDATE:[0-9]{8}|.{0,20})",
        text in ".{0,40}",
    ) {
        let start: Timestamp = format!("2026-12-01T{hour:02}:00:00Z").parse().unwrap();
        let end = start + jiff::SignedDuration::from_hours(length);
        let at = |at: Timestamp| json!({"dateTime": at.to_string(), "timeZone": zone});
        let sent = with(&meeting(), &json!({"start": at(start), "end": at(end), "recurrence": [rule],
            "summary": text, "description": text, "location": text}));
        if let Ok(record) = read(&sent, &[]) {
            prop_assert_eq!(event::check(&record), Ok(()));
            let shown = event::when(&record).unwrap();
            prop_assert_eq!(shown.start().instant(), Some(start));
            prop_assert_eq!(shown.end().instant(), Some(end));
        }
    }

    #[test]
    fn the_order_of_exceptions_says_nothing_and_an_untouched_instance_is_none(
        which in proptest::collection::btree_set(0u8..4, 0..4), late in 0u8..3, turned in 0usize..4,
    ) {
        let days = [1u8, 8, 15, 22];
        let mut instances: Vec<Json> = which.iter().map(|at| {
            let day = days[usize::from(*at)];
            if at % 2 == 0 { cancelled(day) } else { instance(day, day, 9 + late) }
        }).collect();
        let record = read(&series(), &instances).unwrap();
        let expected = which.iter().filter(|at| *at % 2 == 0 || late > 0).count();
        prop_assert_eq!(list(&record, "overrides").len(), expected);
        if !instances.is_empty() {
            let by = turned % instances.len();
            instances.rotate_left(by);
        }
        prop_assert_eq!(read(&series(), &instances).unwrap(), record);
    }
}
