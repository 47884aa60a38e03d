//! Reminders of meetings that are over, and of series that go on.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id, meetings},
    house::House,
    people::with,
};

/// Nine o'clock, so many days from now.
fn in_days(days: i64) -> String {
    let day = Timestamp::now() + SignedDuration::from_hours(24 * days);
    day.strftime("%Y-%m-%dT09:00:00").to_string()
}

fn popup(minutes: u32) -> Value {
    let one = json!({ "method": "popup", "minutes": minutes });
    json!({ "reminders": { "useDefault": false, "overrides": [one] } })
}

fn event(title: &str, when: Value, more: Value) -> Value {
    with(with(json!({ "summary": title }), when), more)
}

// proves: ZGE-08, R-30
#[tokio::test]
async fn reminders_of_what_is_over_stay_where_they_are_and_nobody_has_to_look() {
    let mut house = House::kind(0).await;
    let ago = in_days(-10);
    let both = event("Review", hour(&ago, "UTC"), popup(15));
    let both = house.calendar().adds(both).await;
    let none = json!({});
    let when = crm_hour(&format!("{ago}Z"));
    let left = house.crm().adds("Review", when, none).await;
    let alone = event("Retro", hour(&in_days(-12), "UTC"), popup(20));
    let alone = house.calendar().adds(alone).await;
    house.system.apply(&meetings("")).await.unwrap();
    let counts = house.rests().await.counts.unwrap();
    assert_eq!((counts.in_sync, counts.set_aside), (2, 0), "{counts:?}");
    for id in [&both, &alone] {
        assert_eq!(house.state_in(MEETINGS, id).await.0, "in sync");
    }
    assert_eq!(id(&house.crm().only("Review").await), left);
    for (title, minutes) in [("Review", 15), ("Retro", 20)] {
        assert_eq!(house.crm().only(title).await["Remind_At"], Value::Null);
        let kept = house.calendar().only(title).await["reminders"].clone();
        assert_eq!(kept, popup(minutes)["reminders"], "{title}");
    }
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-08, BEY-07, R-30
#[tokio::test]
async fn a_series_that_began_weeks_ago_is_reminded_of_in_the_crm_and_goes_on_to_be() {
    let mut house = House::kind(0).await;
    let weekly = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=8"] });
    let when = hour(&in_days(-17), "Europe/Istanbul");
    let weekly = event("Weekly", when, with(weekly, popup(15)));
    let weekly = house.calendar().adds(weekly).await;
    let policies = meetings("recurrence: sync");
    house.system.apply(&policies).await.unwrap();
    house.rests().await;
    let minutes = |unit: u32| json!([{ "unit": unit, "period": "minutes" }]);
    let rows = house.crm().titled("Weekly").await;
    assert_eq!(rows.len(), 8);
    assert!(rows.iter().all(|row| row["Remind_At"] == minutes(15)));

    // Another one is set for what is to come.
    house.calendar().edits(&weekly, popup(30)).await;
    house.rests().await;
    let now = Timestamp::now();
    for row in house.crm().titled("Weekly").await {
        let start: Timestamp = row["Start_DateTime"].as_str().unwrap().parse().unwrap();
        let expected = if start < now {
            Value::Null
        } else {
            minutes(30)
        };
        assert_eq!(row["Remind_At"], expected, "{start}");
    }
    assert_eq!(house.state_in(MEETINGS, &weekly).await.0, "in sync");
    let kept = house.calendar().only("Weekly").await["reminders"].clone();
    assert_eq!(kept, popup(30)["reminders"]);
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-08, R-12, R-30
#[tokio::test]
async fn a_meeting_that_is_put_off_after_it_was_over_is_reminded_of() {
    let mut house = House::kind(0).await;
    let ago = in_days(-10);
    let mut ids = Vec::new();
    for title in ["Retro", "Review"] {
        let over = event(title, hour(&ago, "UTC"), popup(15));
        ids.push(house.calendar().adds(over).await);
    }
    house.system.apply(&meetings("")).await.unwrap();
    house.rests().await;
    for title in ["Retro", "Review"] {
        assert_eq!(house.crm().only(title).await["Remind_At"], Value::Null);
    }

    // The one is put off in the calendar, the other one in the CRM.
    let ahead = in_days(10);
    house.calendar().edits(&ids[0], hour(&ahead, "UTC")).await;
    let review = id(&house.crm().only("Review").await);
    let when = crm_hour(&format!("{ahead}Z"));
    house.crm().edits(&review, when).await;
    house.rests().await;
    let begins: Timestamp = format!("{ahead}Z").parse().unwrap();
    let quarter = json!([{ "unit": 15, "period": "minutes" }]);
    for (title, id) in ["Retro", "Review"].into_iter().zip(&ids) {
        let held = house.crm().only(title).await;
        assert_eq!(held["Remind_At"], quarter, "{title}");
        let kept = house.calendar().only(title).await;
        assert_eq!(kept["reminders"], popup(15)["reminders"], "{title}");
        let start: Timestamp = kept["start"]["dateTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(start, begins, "{title}");
        assert_eq!(house.state_in(MEETINGS, id).await.0, "in sync", "{title}");
    }
    assert_eq!(house.mails().await, 0);
}
