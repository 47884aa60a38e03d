//! Series that the CRM cannot hold: their meetings are synced one by one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id, meetings},
    house::House,
    people::with,
};

const NEW_YORK: &str = "America/New_York";
/// The CRM's.
const HERE: &str = "Europe/Istanbul";
/// How the ids of the four meetings end, which are when they begin: New York puts its clocks forward after the first.
const MONDAYS: [&str; 4] = [
    "20270308T140000Z",
    "20270315T130000Z",
    "20270322T130000Z",
    "20270329T130000Z",
];

fn policy() -> String {
    let guard = "  guard: { percent: 100, window_seconds: 86400 }\n";
    meetings("recurrence: sync") + guard
}

/// As many other meetings in the CRM, so that no deletion is that of all there is.
const OTHERS: usize = 16;

async fn house() -> House {
    let house = House::kind(0).await;
    for day in 1..=OTHERS {
        let when = crm_hour(&format!("2027-02-{day:02}T07:00:00Z"));
        house.crm().adds("Other", when, json!({})).await;
    }
    house
}

/// Four Mondays at nine by New York's clock, with somebody who is invited.
fn call() -> Value {
    let more = json!({
        "summary": "Call", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
        "attendees": [{ "email": "eve@example.net" }], "reminders": { "useDefault": false },
    });
    with(hour("2027-03-08T09:00:00", NEW_YORK), more)
}

/// When something begins, as ids of instances end.
fn plain(at: &Value) -> String {
    at.as_str().unwrap().replace(['-', ':'], "")
}

/// When the CRM's meetings of a title begin, none of them in a series.
async fn crm_shows(house: &House, title: &str) -> Vec<String> {
    let rows = house.crm().titled(title).await;
    let single = |row: &Value| row["$recurrence_id"].is_null();
    assert!(rows.iter().all(single), "no series: {rows:?}");
    rows.iter()
        .map(|row| plain(&row["Start_DateTime"]))
        .collect()
}

/// The id of the CRM's call that begins then.
async fn crm_call(house: &House, at: &str) -> String {
    let rows = house.crm().titled("Call").await;
    let row = rows.iter().find(|row| plain(&row["Start_DateTime"]) == at);
    id(row.unwrap_or_else(|| panic!("nothing at {at}: {rows:?}")))
}

/// How many meetings of a title the CRM has, and in how many series.
async fn of_a_series(house: &House, title: &str) -> (usize, usize) {
    let rows = house.crm().titled(title).await;
    let series = rows.iter().filter_map(|row| row["$recurrence_id"].as_str());
    let series: BTreeSet<&str> = series.collect();
    (rows.len(), series.len())
}

/// Of how many records the status says that they are of a series that the other side cannot hold.
async fn said(house: &House, why: &str) -> u64 {
    let status = house.system.status(MEETINGS).await.unwrap();
    let reasons = status.reasons.iter().filter(|one| {
        let words = ["cannot hold the series", why];
        one.state == "in sync" && words.iter().all(|word| one.reason.contains(word))
    });
    reasons.map(|one| one.count).sum()
}

// proves: ZGE-10, BEY-07, P9
#[tokio::test]
async fn a_series_by_another_clock_is_kept_as_single_meetings_on_both_sides() {
    let mut house = house().await;
    let series = house.calendar().adds(call()).await;
    house.system.apply(&policy()).await.unwrap();
    house.rests().await;
    assert_eq!(crm_shows(&house, "Call").await, MONDAYS);
    assert_eq!(said(&house, NEW_YORK).await, 4);
    let table = house.system.rapport(&["status", MEETINGS]).await.unwrap();
    assert!(table.contains("single meetings"), "{table}");
    let one = |at: usize| format!("{series}_{}", MONDAYS[at]);
    let (state, reason) = house.state_in(MEETINGS, &one(2)).await;
    assert_eq!(state, "in sync");
    assert!(reason.contains(HERE), "{reason}");

    // One is moved on Google, another in the CRM, and a third is deleted there.
    let began = house.now().await;
    let later = hour("2027-03-09T17:00:00", HERE);
    house.calendar().edits(&one(0), later).await;
    let row = crm_call(&house, MONDAYS[1]).await;
    let later = crm_hour("2027-03-16T08:00:00Z");
    house.crm().edits(&row, later).await;
    let row = crm_call(&house, MONDAYS[2]).await;
    house.crm().deletes(&row).await;
    house.rests().await;
    let moved = ["20270309T140000Z", "20270316T080000Z", MONDAYS[3]];
    assert_eq!(crm_shows(&house, "Call").await, moved);
    let exceptions = house.calendar().exceptions(&series).await;
    let shown = |event: &Value| {
        let takes_place = event["status"] != "cancelled";
        let at = takes_place.then(|| plain(&event["start"]["dateTime"]));
        (id(event), at)
    };
    let expected = [
        (one(0), Some(moved[0].to_owned())),
        (one(1), Some(moved[1].to_owned())),
        (one(2), None),
    ];
    assert_eq!(exceptions.iter().map(shown).collect::<Vec<_>>(), expected);
    let whole = house.calendar().only("Call").await;
    assert_eq!(whole["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=4"]));
    let written = house.meetings_written(began).await;
    assert_eq!(written, 3, "one write for each edit");

    // Deleted and set up again.
    let began = house.now().await;
    house.system.rapport(&["delete", MEETINGS]).await.unwrap();
    house.system.apply(&policy()).await.unwrap();
    house.rests().await;
    assert_eq!(crm_shows(&house, "Call").await, moved);
    assert_eq!(house.meetings_written(began).await, 0);

    house.calendar().deletes(&series).await;
    house.rests().await;
    assert_eq!(crm_shows(&house, "Call").await, Vec::<String>::new());
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-10
#[tokio::test]
async fn a_series_becomes_single_meetings_and_one_series_again_with_its_rule() {
    let mut house = house().await;
    let odd = |title: &str, day: &str, lines: &[&str]| {
        let more = json!({ "summary": title, "recurrence": lines });
        with(hour(&format!("{day}T10:00:00"), HERE), more)
    };
    let hourly = ["RRULE:FREQ=HOURLY;INTERVAL=2;COUNT=3"];
    let hourly = odd("Hourly", "2027-04-05", &hourly);
    house.calendar().adds(hourly).await;
    let dates = [
        "RRULE:FREQ=WEEKLY;COUNT=2",
        "RDATE;TZID=Europe/Istanbul:20270505T100000",
    ];
    let dated = odd("Dates", "2027-05-03", &dates);
    let dated = house.calendar().adds(dated).await;
    let weekly = odd("Call", "2027-03-08", &["RRULE:FREQ=WEEKLY;COUNT=4"]);
    let series = house.calendar().adds(weekly).await;
    house.system.apply(&policy()).await.unwrap();
    house.rests().await;
    let hours = ["20270405T070000Z", "20270405T090000Z", "20270405T110000Z"];
    assert_eq!(crm_shows(&house, "Hourly").await, hours);
    let days = ["20270503T070000Z", "20270505T070000Z", "20270510T070000Z"];
    assert_eq!(crm_shows(&house, "Dates").await, days);
    assert_eq!(said(&house, "FREQ=HOURLY").await, 3);
    assert_eq!(said(&house, "dates beside").await, 3);
    assert_eq!(of_a_series(&house, "Call").await, (4, 1));

    // By New York's clock from now on, and back again.
    let there = hour("2027-03-08T09:00:00", NEW_YORK);
    house.calendar().edits(&series, there).await;
    house.rests().await;
    assert_eq!(crm_shows(&house, "Call").await, MONDAYS);
    assert_eq!(said(&house, NEW_YORK).await, 4);
    let here = hour("2027-03-08T10:00:00", HERE);
    house.calendar().edits(&series, here).await;
    house.rests().await;
    assert_eq!(of_a_series(&house, "Call").await, (4, 1));
    assert_eq!(said(&house, NEW_YORK).await, 0);
    house.calendar().only("Call").await;
    assert_eq!(house.state_in(MEETINGS, &series).await.0, "in sync");

    // Where the first meeting and the series begin at one time, either takes the other's place.
    for _ in 0..2 {
        let rule = json!({ "recurrence": &dates[..1] });
        house.calendar().edits(&dated, rule).await;
        house.rests().await;
        assert_eq!(of_a_series(&house, "Dates").await, (2, 1));
        let rule = json!({ "recurrence": dates });
        house.calendar().edits(&dated, rule).await;
        house.rests().await;
        assert_eq!(crm_shows(&house, "Dates").await, days);
    }
    house.calendar().only("Dates").await;
    assert_eq!(house.mails().await, 0);
}
