//! What is found in two calendars.

use std::collections::BTreeSet;

use agreement::{Kind, Reader, Report, compare};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

impl Stage {
    async fn met(&self) -> Report {
        let (left, right) = Reader::new(self.accounts()).read_meetings().await.unwrap();
        compare(&left, &right, &BTreeSet::new())
    }

    async fn google(&self, event: Value) -> String {
        let path = "google/calendars/primary/events";
        let made = self
            .control(Method::POST, path, json!({ "event": event }))
            .await;
        made["id"].as_str().unwrap().to_owned()
    }
}

/// A day within a month of now, and the one after it.
fn days() -> [String; 2] {
    let day = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    [20, 21].map(|later| {
        let span = jiff::Span::new().days(later);
        day.checked_add(span).unwrap().to_string()
    })
}

#[tokio::test]
async fn ordinary_meetings_of_two_diaries_are_found_on_both_and_the_others_on_one() {
    let stage = Stage::new().await;
    let seed = json!({ "scenario": "two-calendars", "meetings": 30 });
    let seeded = stage.control(Method::POST, "seed", seed).await;
    let report = stage.met().await;
    assert_eq!(report.kind, Kind::Meeting);
    assert_eq!(report.equal, 30, "{seeded}\n{}", report.text(true));
    assert!(report.only_left.len() > 30 && report.only_right.len() > 30);
    assert!(report.duplicates.is_empty(), "{}", report.text(true));
}

#[tokio::test]
async fn the_same_series_on_both_sides_agrees_until_one_occurrence_is_moved() {
    let stage = Stage::new().await;
    let [day, next] = days();
    let hour = |hour: u32| json!({ "dateTime": format!("{day}T{hour:02}:00:00"), "timeZone": "Europe/Istanbul" });
    let series = stage
        .google(json!({
            "summary": "Board", "start": hour(10), "end": hour(11),
            "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"],
            "attendees": [{ "email": "eve@example.net" }],
            "reminders": { "useDefault": false, "overrides": [
                { "method": "popup", "minutes": 30 }, { "method": "popup", "minutes": 60 },
            ] },
        }))
        .await;
    stage
        .google(json!({
            "summary": "Fair", "start": { "date": day }, "end": { "date": next },
            "reminders": { "useDefault": false },
        }))
        .await;
    let board = json!({
        "Event_Title": "Board",
        "Start_DateTime": format!("{day}T07:00:00Z"), "End_DateTime": format!("{day}T08:00:00Z"),
        "Recurring_Activity": { "RRULE": "FREQ=DAILY;COUNT=3" },
        "Participants": [{ "type": "email", "participant": "Eve@example.net" }],
        "Remind_At": [{ "unit": 30, "period": "minutes" }],
    });
    let fair = json!({
        "Event_Title": "Fair", "All_day": true,
        "Start_DateTime": format!("{day}T00:00:00Z"), "End_DateTime": format!("{day}T23:59:59Z"),
    });
    for row in [board, fair] {
        stage
            .control(
                Method::POST,
                "zoho/records/Events?as=ana@harbour-hill.example.com",
                row,
            )
            .await;
    }
    stage.settle().await;
    let report = stage.met().await;
    assert!(
        report.agrees() && report.equal == 4,
        "{}",
        report.text(true)
    );

    let second = format!("{series}_{}T070000Z", next.replace('-', ""));
    let path = format!("google/calendars/primary/events/{second}");
    let later = json!({ "event": { "start": { "dateTime": format!("{next}T12:00:00Z") }, "end": { "dateTime": format!("{next}T13:00:00Z") } } });
    stage.control(Method::PATCH, &path, later).await;
    stage.settle().await;
    let report = stage.met().await;
    assert_eq!((report.equal, report.differing.len()), (3, 1));
    let text = report.text(false);
    assert!(text.contains("Start_DateTime and start"), "{text}");
    assert!(!report.agrees() && text.contains("The two calendars do not agree."));
}
