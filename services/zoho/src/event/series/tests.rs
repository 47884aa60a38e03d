//! The occurrences of a series as one record.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::*;

fn row(day: &str, hours: (&str, &str), title: &str, exdate: &str) -> Row {
    let at = |hour: &str| format!("{day}T{hour}:00+03:00");
    let mut rule = json!({"RRULE": "FREQ=WEEKLY;UNTIL=2027-03-29;DTSTART=2027-03-01"});
    if !exdate.is_empty() {
        rule["EXDATE"] = json!(exdate);
    }
    serde_json::from_value(json!({
        "id": day, "Event_Title": title, "Start_DateTime": at(hours.0), "End_DateTime": at(hours.1),
        "All_day": false, "Recurring_Activity": rule, "$recurrence_id": "r",
    }))
    .unwrap()
}

const USUAL: (&str, &str) = ("09:00", "10:00");

fn read(rows: &[Row]) -> Result<Record, NotCarried> {
    let zone = Zone::named("Europe/Istanbul").unwrap();
    series(rows, Some(&zone), true).map(|series| series.record)
}

fn text(record: &Record, root: &str) -> String {
    let value = &record.fields[&Path::parse(root).unwrap()];
    value.as_text().unwrap().to_owned()
}

fn overrides(record: &Record) -> Vec<(String, Override)> {
    let elements = record.elements(&Path::parse("overrides").unwrap());
    elements
        .iter()
        .map(|element| Override::read(element).unwrap())
        .map(|(original, exception)| (original.to_string(), exception))
        .collect()
}

#[test]
fn occurrences_are_one_series_with_what_is_moved_renamed_and_gone() {
    let rows = [
        row("2027-03-01", USUAL, "Weekly", "2027-03-15"),
        row("2027-03-09", ("14:00", "15:00"), "Weekly", "2027-03-15"),
        row("2027-03-22", USUAL, "Special", "2027-03-15"),
        row("2027-03-29", USUAL, "Weekly", "2027-03-15"),
    ];
    let record = read(&rows).unwrap();
    assert_eq!(text(&record, "title"), "Weekly");
    assert_eq!(text(&record, "recurrence"), "FREQ=WEEKLY;UNTIL=20270329");
    let first = "2027-03-01T09:00:00[Europe/Istanbul]/2027-03-01T10:00:00[Europe/Istanbul]";
    assert_eq!(text(&record, "when"), first);
    let changed = |field: &'static str, value: &str| Override::Changed {
        values: vec![(field, value.to_owned())],
        cleared: Vec::new(),
        included: false,
    };
    let moved = "2027-03-09T14:00:00[Europe/Istanbul]/2027-03-09T15:00:00[Europe/Istanbul]";
    let expected = [
        ("2027-03-08T09:00:00".to_owned(), changed("when", moved)),
        ("2027-03-15T09:00:00".to_owned(), Override::Excluded),
        (
            "2027-03-22T09:00:00".to_owned(),
            changed("title", "Special"),
        ),
    ];
    assert_eq!(overrides(&record), expected);
}

#[test]
fn a_first_occurrence_that_is_gone_is_taken_out_and_the_series_still_begins_there() {
    let rows = [
        row("2027-03-08", USUAL, "Weekly", "2027-03-01"),
        row("2027-03-15", USUAL, "Weekly", "2027-03-01"),
    ];
    let record = read(&rows).unwrap();
    assert!(text(&record, "when").starts_with("2027-03-01T09:00:00"));
    let gone = ["2027-03-01", "2027-03-22", "2027-03-29"];
    let gone = gone.map(|day| (format!("{day}T09:00:00"), Override::Excluded));
    assert_eq!(overrides(&record), gone);
    let zone = Zone::named("Europe/Istanbul").unwrap();
    let unsettled = series(&rows, Some(&zone), false);
    assert_eq!(unsettled, Err(NotCarried::Unsettled));
}

#[test]
fn a_series_without_rule_zone_or_place_for_an_occurrence_is_not_carried() {
    let one = row("2027-03-01", USUAL, "Weekly", "");
    assert!(series(std::slice::from_ref(&one), None, true).is_err());
    assert!(read(&[]).is_err());
    let mut without = one.clone();
    without.0.remove("Recurring_Activity");
    assert!(read(&[without]).is_err());
    let extra = (1..8).map(|_| one.clone()).collect::<Vec<_>>();
    assert_eq!(read(&extra), Err(NotCarried::Strange));
    assert!(read(&[row("2027-03-01", USUAL, "Weekly", "someday")]).is_err());
}

/// Mondays in March, whose rule does not tell where it begins.
fn without_beginning(rule: &str, times: &[(&str, (&str, &str))]) -> Result<Record, NotCarried> {
    let rows: Vec<Row> = times
        .iter()
        .map(|(day, hours)| {
            let mut row = row(day, *hours, "Weekly", "");
            row.0["Recurring_Activity"]["RRULE"] = json!(rule);
            row
        })
        .collect();
    read(&rows)
}

#[test]
fn a_series_whose_first_occurrence_was_moved_begins_where_the_rule_has_it() {
    let later = ("14:00", "15:00");
    let rest = [
        ("2027-03-08", USUAL),
        ("2027-03-15", USUAL),
        ("2027-03-22", USUAL),
    ];
    for (moved, rule) in [
        (("2027-03-01", later), "FREQ=WEEKLY;COUNT=4"),
        (("2027-03-01", later), "FREQ=WEEKLY;UNTIL=2027-03-22"),
        (
            ("2027-03-01", later),
            "FREQ=WEEKLY;BYDAY=MO;UNTIL=2027-03-22",
        ),
        (("2027-03-01", later), "FREQ=WEEKLY"),
        (("2027-03-02", later), "FREQ=WEEKLY;BYDAY=MO;COUNT=4"),
        (("2027-03-02", later), "FREQ=WEEKLY;COUNT=4"),
        (("2027-02-27", later), "FREQ=WEEKLY;UNTIL=2027-03-22"),
        (("2027-03-04", later), "FREQ=WEEKLY"),
    ] {
        let times: Vec<_> = [moved].into_iter().chain(rest).collect();
        let record = without_beginning(rule, &times).unwrap();
        let when = text(&record, "when");
        assert!(
            when.starts_with("2027-03-01T09:00:00"),
            "{moved:?} {rule}: {when}"
        );
        let overrides = overrides(&record);
        assert_eq!(overrides.len(), 1, "{moved:?} {rule}: {overrides:?}");
        assert_eq!(overrides[0].0, "2027-03-01T09:00:00");
        assert!(matches!(overrides[0].1, Override::Changed { .. }));
    }
}

#[test]
fn an_occurrence_that_was_moved_before_all_others_is_not_the_first() {
    let early = ("2027-02-28", ("14:00", "15:00"));
    for rule in ["FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;UNTIL=2027-03-22"] {
        let times = [
            early,
            ("2027-03-01", USUAL),
            ("2027-03-15", USUAL),
            ("2027-03-22", USUAL),
        ];
        let record = without_beginning(rule, &times).unwrap();
        assert!(
            text(&record, "when").starts_with("2027-03-01T09:00:00"),
            "{rule}"
        );
        assert_eq!(overrides(&record)[0].0, "2027-03-08T09:00:00", "{rule}");
    }
    let plain = without_beginning(
        "FREQ=DAILY;COUNT=2",
        &[("2027-03-01", USUAL), ("2027-03-02", USUAL)],
    );
    assert!(overrides(&plain.unwrap()).is_empty());
}
