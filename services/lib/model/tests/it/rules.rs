use model::{
    Comparison,
    event::{EventError, Original, Recurrence, Rule, When},
};
use pretty_assertions::assert_eq;

use crate::write::text;

const TUESDAYS: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";

fn when(text: &str) -> When {
    text.parse().unwrap()
}

fn canonical(rule: &str, first: &str) -> String {
    Rule::read(rule, &when(first)).unwrap().to_string()
}

fn starts(rule: &str, first: &str) -> Vec<String> {
    let first = when(first);
    let starts = Rule::read(rule, &first).unwrap().starts(&first, 5).unwrap();
    starts.iter().map(ToString::to_string).collect()
}

#[test]
fn rules_that_say_the_same_are_one_text() {
    let cases = [
        (
            "FREQ=WEEKLY;COUNT=8",
            "RRULE:COUNT=8;BYDAY=TU;FREQ=WEEKLY;INTERVAL=1;WKST=SU",
        ),
        ("FREQ=WEEKLY;BYDAY=TU,TH", "freq=weekly;byday=TH,TU,TH"),
        ("FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=1"),
        ("FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1"),
        // The end as an instant, as a wall time and as a day.
        (
            "FREQ=DAILY;UNTIL=20261204",
            "FREQ=DAILY;UNTIL=20261204T080000Z",
        ),
        (
            "FREQ=DAILY;UNTIL=20261204",
            "FREQ=DAILY;UNTIL=20261204T093000",
        ),
        ("FREQ=DAILY;UNTIL=20261204", "FREQ=DAILY;UNTIL=2026-12-04"),
        (
            "FREQ=DAILY;UNTIL=20261203",
            "FREQ=DAILY;UNTIL=20261204T075959Z",
        ),
    ];
    for (wanted, rule) in cases {
        assert_eq!(canonical(rule, TUESDAYS), wanted, "{rule}");
        assert_eq!(canonical(wanted, TUESDAYS), wanted);
    }
    let same = |one, other| Comparison::Rule.same(Some(&text(one)), Some(&text(other)));
    assert!(same(
        "FREQ=WEEKLY;COUNT=2;BYDAY=TU,TH",
        "FREQ=WEEKLY;BYDAY=TH,TU;COUNT=2"
    ));
    assert!(!same("FREQ=WEEKLY;COUNT=2", "FREQ=WEEKLY;COUNT=3"));
}

#[test]
fn an_end_is_an_instant_whatever_the_zone() {
    let tokyo = "2026-11-02T09:00:00[Asia/Tokyo]/2026-11-02T10:00:00[Asia/Tokyo]";
    assert_eq!(starts("FREQ=DAILY;UNTIL=20261104T000000Z", tokyo).len(), 3);
    let york = "2026-11-02T00:30:00[America/New_York]/2026-11-02T01:00:00[America/New_York]";
    assert_eq!(starts("FREQ=DAILY;UNTIL=20261104T000000Z", york).len(), 2);
    let days = "2026-11-02/2026-11-03";
    assert_eq!(starts("FREQ=DAILY;UNTIL=20261104", days).len(), 3);
    assert_eq!(starts("FREQ=HOURLY;UNTIL=20261102T013000Z", tokyo).len(), 2);
}

#[test]
fn a_rule_is_written_out_with_all_that_its_beginning_says() {
    let out = |rule: &str, first: &str| {
        let first = when(first);
        let rule = Rule::read(rule, &first).unwrap().to_rfc5545(&first);
        let again = Rule::read(&rule, &first).unwrap();
        assert_eq!(again.to_rfc5545(&first), rule);
        rule
    };
    assert_eq!(out("FREQ=WEEKLY", TUESDAYS), "FREQ=WEEKLY;BYDAY=TU");
    assert_eq!(
        out("FREQ=DAILY;UNTIL=20261204", TUESDAYS),
        "FREQ=DAILY;UNTIL=20261204T225959Z"
    );
    let days = "2026-12-01/2026-12-02";
    assert_eq!(
        out("FREQ=YEARLY;UNTIL=20301204", days),
        "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1;UNTIL=20301204"
    );
    let floating = "2026-12-01T09:00:00/2026-12-01T10:00:00";
    assert_eq!(
        out("FREQ=MONTHLY;UNTIL=20270204", floating),
        "FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=20270204T235959"
    );
}

#[test]
fn a_rule_follows_its_beginning_to_another_day() {
    let rule = canonical("FREQ=WEEKLY;BYDAY=TU", TUESDAYS);
    let moved = "2026-12-03T09:00:00[Europe/Vienna]/2026-12-03T10:00:00[Europe/Vienna]";
    assert_eq!(starts(&rule, moved)[1], "2026-12-10T09:00:00");
}

#[test]
fn instances_are_named_by_the_clock_of_their_series() {
    let series = when(TUESDAYS);
    let original = |text: &str| Original::of(&text.parse().unwrap(), &series).to_string();
    assert_eq!(original("2026-12-08T08:00:00Z"), "2026-12-08T09:00:00");
    assert_eq!(
        original("2026-12-08T17:00:00[Asia/Tokyo]"),
        "2026-12-08T09:00:00"
    );
    let days = when("2026-12-01/2026-12-02");
    assert_eq!(
        Original::of(&"2026-12-08".parse().unwrap(), &days).to_string(),
        "2026-12-08"
    );
    assert!("2026-12-08T08:00:00Z".parse::<Original>().is_err());
}

#[test]
fn what_is_no_rule_is_refused() {
    let refused = |rule| Rule::read(rule, &when(TUESDAYS)).unwrap_err();
    for rule in [
        "",
        "FREQ=FORTNIGHTLY",
        "COUNT=3",
        "FREQ=DAILY;COUNT=3;UNTIL=20261204",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=WEEKLY;BYDAY=XX",
    ] {
        assert!(
            matches!(refused(rule), EventError::Rule { .. }),
            "{rule}: {:?}",
            refused(rule)
        );
    }
    assert_eq!(
        refused("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        EventError::Never
    );
    assert_eq!(refused("FREQ=DAILY;UNTIL=20261130"), EventError::Never);
    assert!(matches!(
        refused("FREQ=YEARLY;RSCALE=HEBREW"),
        EventError::NotCarried { .. }
    ));
    let offset = when("2026-12-01T09:00:00+01:00/2026-12-01T10:00:00+01:00");
    assert_eq!(
        Rule::read("FREQ=DAILY", &offset),
        Err(EventError::SeriesWithoutZone)
    );
}

#[test]
fn lines_of_icalendar_are_a_rule_and_its_exceptions() {
    let series = when(TUESDAYS);
    let lines = [
        "RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=TU",
        "EXDATE;TZID=Asia/Tokyo:20261208T170000",
        "EXDATE:20261215T080000Z,20261222T090000",
        "RDATE;TZID=\"Europe/Vienna\":20261210T150000",
    ];
    let read = Recurrence::read(lines, &series).unwrap().unwrap();
    let labels: Vec<_> = read
        .exceptions
        .iter()
        .map(|one| one.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "2026-12-08T09:00:00",
            "2026-12-10T15:00:00",
            "2026-12-15T09:00:00",
            "2026-12-22T09:00:00"
        ]
    );
    let written = read.lines(&series).unwrap();
    assert_eq!(
        written[..3],
        [
            "RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=TU",
            "EXDATE;TZID=Europe/Vienna:20261208T090000",
            "RDATE;TZID=Europe/Vienna:20261210T150000",
        ]
    );
    let again = Recurrence::read(written.iter().map(String::as_str), &series);
    assert_eq!(again, Ok(Some(read)));

    let days = when("2026-12-01/2026-12-02");
    let lines = ["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20261202"];
    let read = Recurrence::read(lines, &days).unwrap().unwrap();
    assert_eq!(read.lines(&days).unwrap(), lines);
    assert_eq!(Recurrence::read([], &days), Ok(None));
}

#[test]
fn lines_that_are_not_carried_are_told() {
    let refused =
        |lines: &[&str]| Recurrence::read(lines.iter().copied(), &when(TUESDAYS)).unwrap_err();
    for lines in [
        &["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"][..],
        &["RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"],
        &["RDATE:20261208T090000"],
        &[
            "RRULE:FREQ=DAILY",
            "RDATE;VALUE=PERIOD:20261208T090000Z/PT1H",
        ],
    ] {
        assert!(
            matches!(refused(lines), EventError::NotCarried { .. }),
            "{lines:?}"
        );
    }
    assert!(matches!(
        refused(&["DTSTART:20261201"]),
        EventError::Rule { .. }
    ));
    assert!(matches!(refused(&["nothing"]), EventError::Rule { .. }));
    assert!(matches!(
        refused(&["RRULE:FREQ=DAILY", "EXDATE:soon"]),
        EventError::Time { .. }
    ));
    let zone = ["RRULE:FREQ=DAILY", "EXDATE;TZID=Mars:20261202T090000"];
    assert!(matches!(refused(&zone), EventError::UnknownZone { .. }));
}

#[test]
fn a_series_that_has_gone_on_for_decades_still_has_its_instances() {
    let first = when("1996-01-01T09:00:00[Europe/Vienna]/1996-01-01T10:00:00[Europe/Vienna]");
    let rule = Rule::read("FREQ=DAILY", &first).unwrap();
    for (start, has) in [
        ("2026-12-01T09:00:00", true),
        ("2026-12-01T09:30:00", false),
    ] {
        let found = rule.has(&first, start.parse().unwrap()).unwrap();
        assert_eq!(found, has, "{start}");
    }
}
