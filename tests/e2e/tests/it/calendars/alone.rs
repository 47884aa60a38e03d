//! One who is invited to a single meeting of a series, and then to all of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    diaries::{crm_hour, hour, meetings},
    house::House,
    people::with,
};

const BENS: &str = "account=ben@example.com";

/// Ben changes an event of his own, a series or one of its meetings.
async fn ben_edits(house: &House, id: &str, event: Value) {
    let path = format!("google/calendars/primary/events/{id}?{BENS}");
    let change = json!({ "event": event });
    house.system.sandbox.patch(&path, &change).await.unwrap();
}

/// When the CRM's meetings of a title begin, and in how many series they are.
async fn crm_shows(house: &House, title: &str) -> (Vec<String>, usize) {
    let rows = house.crm().titled(title).await;
    let series: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row["$recurrence_id"].as_str())
        .collect();
    let begin = |row: &Value| row["Start_DateTime"].as_str().unwrap().to_owned();
    (rows.iter().map(begin).collect(), series.len())
}

// proves: BEY-07, P2, P9
#[tokio::test]
async fn one_who_is_invited_to_one_meeting_and_then_to_all_has_each_of_them_once() {
    let guard = "  guard: { percent: 100, window_seconds: 86400 }\n";
    let mut house = House::kind(0).await;
    for day in 1..=9 {
        let when = crm_hour(&format!("2031-02-{day:02}T07:00:00Z"));
        house.crm().adds("Other", when, json!({})).await;
    }
    let weekly = json!({ "summary": "Weekly", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"] });
    let weekly = with(hour("2031-03-10T09:00:00", "Europe/Istanbul"), weekly);
    let path = format!("google/calendars/primary/events?{BENS}");
    let new = json!({ "event": weekly });
    let series = house.system.sandbox.post(&path, &new).await.unwrap();
    let series = series["id"].as_str().unwrap().to_owned();
    let guests = json!({ "attendees": [{ "email": "ana@example.com" }] });
    let second = format!("{series}_20310317T060000Z");
    ben_edits(&house, &second, guests.clone()).await;
    let policy = meetings("recurrence: sync") + guard;
    house.system.apply(&policy).await.unwrap();
    house.rests().await;
    let [first, middle, last] = ["10", "17", "24"].map(|day| format!("2031-03-{day}T06:00:00Z"));
    assert_eq!(crm_shows(&house, "Weekly").await, (vec![middle.clone()], 0));

    // Invited to all, she has a series, and not the one beside it.
    ben_edits(&house, &series, guests).await;
    house.rests().await;
    let all = (vec![first, middle, last], 1);
    assert_eq!(crm_shows(&house, "Weekly").await, all);
    assert_eq!(house.mails().await, 0);
}
