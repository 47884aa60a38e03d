//! Series that take place on other days, and series of whole days.

use serde_json::{Value, json};

use super::Stage;
use crate::{
    diaries::{crm_hour, hour, id},
    house::House,
    people::with,
};

// proves: BEY-07, P2
#[tokio::test]
async fn a_series_that_is_moved_to_another_day_is_one_series_on_both_sides() {
    let mut stage = Stage::new().await;
    let series = stage.five_on_google().await;
    let before = stage.in_the_crm(&series).await;
    let tuesday = hour("2027-01-05T10:00:00", "Europe/Istanbul");
    stage.house.calendar().edits(&series, tuesday).await;
    let tuesdays = [
        ("Board", "01-05T07"),
        ("Board", "01-12T07"),
        ("Board", "01-19T07"),
        ("Board", "01-26T07"),
        ("Board", "02-02T07"),
    ];
    stage.shows(&tuesdays).await;
    assert_ne!(stage.in_the_crm(&series).await, before);
    assert_eq!(stage.count().await, (1, 1));

    // Somebody of the CRM moves each of them by two days.
    for (_, at) in tuesdays {
        let one = stage.occurrence(at).await;
        let when: jiff::Timestamp = format!("2027-{at}:00:00Z").parse().unwrap();
        let when = when + jiff::SignedDuration::from_hours(48);
        let when = crm_hour(&when.to_string());
        stage.house.crm().edits(&one, when).await;
    }
    let thursdays = [
        ("Board", "01-07T07"),
        ("Board", "01-14T07"),
        ("Board", "01-21T07"),
        ("Board", "01-28T07"),
        ("Board", "02-04T07"),
    ];
    stage.shows(&thursdays).await;
    assert_eq!(stage.count().await, (1, 1));
}

// proves: BEY-07, ZGE-11
#[tokio::test]
async fn a_series_of_whole_days_stays_one_of_whole_days() {
    let mut stage = Stage::new().await;
    let days = |day: &str, next: &str| {
        json!({
            "start": { "date": format!("2027-01-{day}") }, "end": { "date": format!("2027-01-{next}") },
        })
    };
    let series = json!({
        "summary": "Market", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
        "reminders": { "useDefault": false },
    });
    let series = with(days("04", "05"), series);
    let series = stage.house.calendar().adds(series).await;
    let four = [
        ("Market", "01-04T00"),
        ("Market", "01-11T00"),
        ("Market", "01-18T00"),
        ("Market", "01-25T00"),
    ];
    stage.shows(&four).await;
    let calendar = stage.house.calendar();
    let second = format!("{series}_20270111");
    calendar.edits(&second, days("12", "14")).await;
    let third = stage.occurrence("01-18T00").await;
    stage.house.crm().deletes(&third).await;
    let three = [
        ("Market", "01-04T00"),
        ("Market", "01-12T00"),
        ("Market", "01-25T00"),
    ];
    stage.shows(&three).await;
    let rows = stage.house.crm().titled("Market").await;
    let all_day = |row: &Value| row["All_day"] == true;
    assert!(rows.iter().all(all_day), "{rows:?}");
    assert_eq!(rows[1]["End_DateTime"], "2027-01-13T23:59:59Z");

    // The CRM's own, and one of its days is another one.
    let fair = json!({
        "All_day": true, "Start_DateTime": "2027-01-06T00:00:00Z", "End_DateTime": "2027-01-06T23:59:59Z",
    });
    let rule = json!({ "Recurring_Activity": { "RRULE": "FREQ=DAILY;COUNT=2" } });
    stage.house.crm().adds("Fair", fair, rule).await;
    let mut all = three.to_vec();
    all.splice(1..1, [("Fair", "01-06T00"), ("Fair", "01-07T00")]);
    stage.shows(&all).await;
    let event = stage.house.calendar().only("Fair").await;
    assert_eq!(event["start"]["date"], "2027-01-06");
    let second = format!("{}_20270107", id(&event));
    let calendar = stage.house.calendar();
    calendar.edits(&second, days("08", "09")).await;
    all[2] = ("Fair", "01-08T00");
    stage.shows(&all).await;
    assert_eq!(stage.count().await, (2, 2));
}

// proves: BEY-07, P2
#[tokio::test]
async fn a_series_that_is_made_anew_while_lists_are_behind_is_there_once() {
    let mut stage = Stage::of(House::new(0).await).await;
    let series = stage.five_on_google().await;
    let calendar = stage.house.calendar();
    let moved = hour("2027-01-12T12:00:00", "Europe/Istanbul");
    let second = format!("{series}_20270111T070000Z");
    calendar.edits(&second, moved).await;
    let other = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"] });
    calendar.edits(&series, other).await;
    let three = [
        ("Board", "01-04T07"),
        ("Board", "01-12T09"),
        ("Board", "01-18T07"),
    ];
    stage.shows(&three).await;
    assert_eq!(stage.count().await, (1, 1));
    stage.in_the_crm(&series).await;
    let last = stage.occurrence("01-18T07").await;
    let title = json!({ "Event_Title": "Budget" });
    stage.house.crm().edits(&last, title).await;
    let mut three = three;
    three[2] = ("Budget", "01-18T07");
    stage.shows(&three).await;
    assert_eq!(stage.count().await, (1, 1));
}
