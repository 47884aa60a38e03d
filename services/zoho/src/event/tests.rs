//! Laws of the mapping, over any meeting, and its cases.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::{
    Path, Record,
    event::{self, EventError, Participant, Status, Zone},
};
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{place::PLACES, *};
use crate::wire::{Field, Row};

const MORNING: &str = "2027-03-01T09:00:00+03:00/2027-03-01T10:00:00+03:00";

fn istanbul() -> Zone {
    Zone::named("Europe/Istanbul").unwrap()
}

/// An hour in the morning with these values.
fn row(values: &Json) -> Row {
    let (start, end) = MORNING.split_once('/').unwrap();
    let mut row = json!({
        "id": "1", "Event_Title": "Demo", "Start_DateTime": start, "End_DateTime": end, "All_day": false,
        "Modified_Time": "2027-01-01T00:00:00+03:00", "Participants": [], "Remind_At": null,
    });
    for (name, value) in values.as_object().unwrap() {
        row[name] = value.clone();
    }
    serde_json::from_value(row).unwrap()
}

fn read_row(values: &Json) -> Result<Record, NotCarried> {
    read(&row(values), Some(&istanbul()))
}

fn shown(values: &Json, root: &str) -> Option<String> {
    let record = read_row(values).unwrap();
    let value = record.fields.get(&Path::parse(root).unwrap())?;
    Some(value.as_text().unwrap().to_owned())
}

fn elements(values: &Json, root: &str) -> Vec<(String, String)> {
    let record = read_row(values).unwrap();
    let elements = record.elements(&Path::parse(root).unwrap());
    let text = |element: &model::Element| element.part("value").unwrap().to_owned();
    elements
        .iter()
        .map(|element| (element.label.clone(), text(element)))
        .collect()
}

#[test]
fn each_place_is_a_path_of_events() {
    let known = model::table(event::KIND).unwrap();
    for place in &PLACES {
        let path = place.path().unwrap();
        assert_eq!(known.root(&path), path, "{}", place.root);
    }
}

#[test]
fn a_time_is_shown_by_the_clock_of_the_caller_whatever_offset_it_came_with() {
    let values = json!({
        "Start_DateTime": "2027-03-01T06:00:00+00:00", "End_DateTime": "2027-03-01T02:00:00-05:00",
    });
    let expected = "2027-03-01T09:00:00[Europe/Istanbul]/2027-03-01T10:00:00[Europe/Istanbul]";
    assert_eq!(shown(&values, "when").as_deref(), Some(expected));
    let without_zone = read(&row(&json!({})), None).unwrap();
    assert_eq!(event::when(&without_zone).unwrap().to_string(), MORNING);
}

#[test]
fn days_are_those_that_are_written_whoever_asks() {
    for (start, end, expected) in [
        (
            "2027-03-01T00:00:00+00:00",
            "2027-03-01T23:59:59+00:00",
            "2027-03-01/2027-03-02",
        ),
        (
            "2027-03-01T00:00:00+00:00",
            "2027-03-03T23:59:59+00:00",
            "2027-03-01/2027-03-04",
        ),
        (
            "2027-03-01T00:00:00-11:00",
            "2027-03-01T23:59:59-11:00",
            "2027-03-01/2027-03-02",
        ),
        (
            "2027-03-01T00:00:00+03:00",
            "2027-03-01T23:59:59+03:00",
            "2027-03-01/2027-03-02",
        ),
        ("2027-02-28", "2027-02-28", "2027-02-28/2027-03-01"),
    ] {
        let values = json!({"All_day": true, "Start_DateTime": start, "End_DateTime": end});
        assert_eq!(shown(&values, "when").as_deref(), Some(expected), "{start}");
    }
}

// proves: R-18
#[test]
fn a_missing_title_reads_as_none_and_a_real_one_as_it_is() {
    for (title, expected) in [
        (json!("Not Provided"), None),
        (json!(" Not Provided "), None),
        (json!(""), None),
        (Json::Null, None),
        (json!("Not Provided yet"), Some("Not Provided yet")),
    ] {
        let values = json!({ "Event_Title": title });
        assert_eq!(shown(&values, "title").as_deref(), expected, "{title}");
    }
}

#[test]
fn participants_are_known_by_address_and_each_once() {
    let values = json!({"Participants": [
        {"type": "contact", "participant": "11", "name": "Li Xu", "Email": "Xu@Example.org", "status": "accepted"},
        {"type": "lead", "participant": 12, "name": "Roe", "Email": null, "status": "not_known"},
        {"type": "email", "participant": "eve@example.net", "name": "eve@example.net", "Email": "eve@example.net"},
        {"type": "email", "participant": "dan@example.net"},
        {"type": "lead", "participant": "13", "name": "Twin", "Email": "xu@example.org"},
    ]});
    let record = read_row(&values).unwrap();
    let shown: Vec<Participant> = record
        .elements(&Path::parse("participants").unwrap())
        .iter()
        .map(|element| Participant::read(element).unwrap())
        .collect();
    let named = |address: &str, name: &str, status| Participant {
        name: (!name.is_empty()).then(|| name.to_owned()),
        status,
        ..Participant::new(address)
    };
    let expected = [
        named("xu@example.org", "Li Xu", Some(Status::Accepted)),
        named("urn:zoho:crm:lead:12", "Roe", None),
        named("eve@example.net", "", None),
        named("dan@example.net", "", None),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn reminders_of_both_forms_are_alerts() {
    let of = |given: Json| elements(&json!({ "Remind_At": given }), "alerts");
    let alert = |text: &str| ("display".to_owned(), text.to_owned());
    let several = json!([
        {"unit": 15, "period": "minutes"}, {"unit": "2", "period": "hours"},
        {"unit": 1, "period": "days"}, {"unit": 15, "period": "minutes"},
    ]);
    assert_eq!(
        of(several),
        [alert("-PT15M"), alert("-PT2H"), alert("-PT24H")]
    );
    assert_eq!(
        of(json!("2027-03-01T08:45:00+03:00")),
        [alert("2027-03-01T05:45:00Z")]
    );
    assert_eq!(of(json!([])), []);
}

#[test]
fn a_meeting_that_was_called_off_is_cancelled() {
    let cancelled = json!({"$event_cancelled": true});
    assert_eq!(shown(&cancelled, "status").as_deref(), Some("cancelled"));
    assert_eq!(shown(&json!({"$event_cancelled": false}), "status"), None);
}

#[test]
fn links_and_what_belongs_to_zoho_are_left_alone() {
    let values = json!({
        "Who_Id": {"id": "2"}, "What_Id": {"id": "3"}, "$se_module": "Accounts", "$send_notification": false,
        "Created_Time": "2027-01-01T00:00:00+03:00",
        "Owner": {"id": "4", "name": "Ana", "email": "ana@example.com"}, "$u_id": "u-1", "Room_Key": "7",
    });
    let record = read_row(&values).unwrap();
    let roots: Vec<String> = record.fields.keys().map(ToString::to_string).collect();
    assert_eq!(
        roots,
        ["custom[Room_Key]", "organizer", "title", "uid", "when"]
    );
}

#[test]
fn what_is_no_meeting_says_why_and_never_what_people_wrote() {
    let form = |field| NotCarried::Form { field };
    for (values, expected) in [
        (
            json!({"Start_DateTime": null}),
            NotCarried::NoEvent(EventError::NoTime),
        ),
        (
            json!({"End_DateTime": "2027-02-01T09:00:00+03:00"}),
            NotCarried::NoEvent(EventError::EndsBeforeStart),
        ),
        (json!({"Participants": "Eve"}), form("Participants")),
        (
            json!({"Participants": [{"participant": "1"}]}),
            form("Participants"),
        ),
        (
            json!({"Participants": [{"type": "email", "participant": ""}]}),
            form("Participants"),
        ),
        (
            json!({"Participants": [{"type": "lead"}]}),
            form("Participants"),
        ),
        (json!({"Remind_At": {"ALARM": "x"}}), form("Remind_At")),
        (json!({"Remind_At": "soon"}), form("Remind_At")),
        (
            json!({"Remind_At": [{"unit": 5, "period": "moons"}]}),
            form("Remind_At"),
        ),
        (
            json!({"Remind_At": [{"unit": -5, "period": "days"}]}),
            form("Remind_At"),
        ),
        (
            json!({"Remind_At": [{"unit": 4_000_000_000_u32, "period": "weeks"}]}),
            form("Remind_At"),
        ),
        (json!({"$recurrence_id": "r"}), NotCarried::Recurs),
        (
            json!({"Recurring_Activity": {"RRULE": "FREQ=DAILY"}}),
            NotCarried::Recurs,
        ),
    ] {
        assert_eq!(read_row(&values), Err(expected), "{values}");
    }
    let all_day = json!({"All_day": true, "End_DateTime": "9999-12-31T23:59:59+00:00"});
    assert!(read_row(&all_day).is_err());
}

// proves: R-04
#[test]
fn a_path_is_readable_where_every_row_shows_all_of_its_fields() {
    let scope = crate::map::tests::scope(&["title", "custom[Room_Key]"]);
    let all = row(&json!({"Venue": null, "Room_Key": null, "$event_cancelled": false}));
    let roots = |rows: &[Row]| -> Vec<String> {
        readable(rows, &scope)
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let expected = [
        "alerts",
        "custom[Room_Key]",
        "location",
        "participants",
        "status",
        "title",
        "when",
    ];
    assert_eq!(roots(std::slice::from_ref(&all)), expected);
    let mut hidden = all.clone();
    for name in ["Venue", "All_day", "Room_Key"] {
        hidden.0.remove(name);
    }
    assert_eq!(
        roots(&[all, hidden]),
        ["alerts", "participants", "status", "title"]
    );
}

#[test]
fn all_fields_of_the_table_are_asked_for_and_mapped_custom_ones() {
    let scope = crate::map::tests::scope(&["custom[Room_Key]"]);
    let asked = fields_to_ask(&scope).join(",");
    let asked: Vec<&str> = asked.split(',').collect();
    for name in [
        "Event_Title",
        "$recurrence_id",
        "Modified_Time",
        "Created_Time",
        "Room_Key",
    ] {
        assert!(asked.contains(&name), "{name}");
    }
}

fn field(name: &str, more: &Json) -> Field {
    let mut field = json!({
        "api_name": name, "data_type": "text", "json_type": "string", "length": 255,
        "operation_type": {"api_update": true}, "profiles": [{"id": "p", "permission_type": "read_write"}],
    });
    for (name, value) in more.as_object().unwrap() {
        field[name] = value.clone();
    }
    serde_json::from_value(field).unwrap()
}

#[test]
fn a_time_can_be_written_only_if_each_of_its_fields_can() {
    let times = |permission: &str| {
        let end = json!({"data_type": "datetime", "profiles": [{"id": "p", "permission_type": permission}]});
        let fields = [
            field("Start_DateTime", &json!({"data_type": "datetime"})),
            field("End_DateTime", &end),
            field(
                "All_day",
                &json!({"data_type": "boolean", "json_type": "boolean"}),
            ),
        ];
        let catalogue = catalogue(&fields, Some("p"));
        let entry = catalogue.entry(&Path::parse("when").unwrap()).cloned();
        entry.map(|entry| (entry.writable, entry.required, entry.max_length))
    };
    assert_eq!(times("read_write"), Some((true, true, None)));
    assert_eq!(times("read_only"), Some((false, true, None)));
    assert_eq!(times("hidden"), None);
}

proptest! {
    #[test]
    fn any_time_keeps_its_instant_and_its_length(
        start in 0..4_000_000_000_i64,
        minutes in 0..20_000_i64,
        zone in prop::sample::select(vec!["Europe/Istanbul", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
        sent_in in prop::sample::select(vec!["Europe/Vienna", "Australia/Lord_Howe", "UTC"]),
    ) {
        let start = Timestamp::from_second(start).unwrap();
        let end = start + SignedDuration::from_mins(minutes);
        let sent = |at: Timestamp| {
            let zone = TimeZone::get(sent_in).unwrap();
            at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        };
        let values = json!({"Start_DateTime": sent(start), "End_DateTime": sent(end)});
        let zone = Zone::named(zone).unwrap();
        let when = event::when(&read(&row(&values), Some(&zone)).unwrap()).unwrap();
        prop_assert_eq!((when.start().instant(), when.end().instant()), (Some(start), Some(end)));
        prop_assert_eq!(when.zone(), Some(&zone));
    }

    #[test]
    fn any_row_is_a_sound_event_or_says_why_not(
        name in prop::sample::select(vec![
            "Event_Title", "Start_DateTime", "End_DateTime", "All_day", "Participants", "Remind_At", "Owner", "Venue",
            "Recurring_Activity", "$event_cancelled", "Something_Else",
        ]),
        value in prop_oneof![
            Just(Json::Null), any::<bool>().prop_map(Json::from), any::<i64>().prop_map(Json::from),
            "\\PC{0,30}".prop_map(Json::from),
            "[0-9T:+-]{0,25}".prop_map(Json::from),
            prop::collection::vec("\\PC{0,8}".prop_map(|word| json!({"type": word, "participant": word, "unit": 1})), 0..3)
                .prop_map(Json::from),
        ],
    ) {
        if let Ok(record) = read_row(&json!({ name: value })) {
            prop_assert_eq!(event::check(&record), Ok(()));
        }
    }
}
