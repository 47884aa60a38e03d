//! Series: expansion, exceptions, cancelled instances, what a change of the series does to them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, ids, meeting, weekly};
use crate::google::peer::text;

async fn series(diary: &Diary) -> String {
    let mut body = weekly("Stand-up", 1);
    body["id"] = json!("0ser1es");
    text(&diary.insert(body).await, "id")
}

#[tokio::test]
async fn instances_are_named_after_their_original_start() {
    let diary = Diary::kind().await;
    let id = series(&diary).await;
    let (found, _) = diary.pages(&format!("/{id}/instances")).await;
    assert_eq!(
        ids(&found),
        [
            "0ser1es_20261201T080000Z",
            "0ser1es_20261208T080000Z",
            "0ser1es_20261215T080000Z",
            "0ser1es_20261222T080000Z"
        ]
    );
    let second = diary.get("/0ser1es_20261208T080000Z").await;
    assert_eq!(second["recurringEventId"], "0ser1es");
    assert_eq!(
        second["originalStartTime"]["dateTime"],
        "2026-12-08T09:00:00+01:00"
    );
    assert!(second.get("recurrence").is_none());
    assert_eq!(second["iCalUID"], "0ser1es@google.com");
    let none = diary
        .on(Method::GET, "/0ser1es_20261209T080000Z", Value::Null)
        .await;
    assert_eq!(none.status, 404);
    let mut days =
        json!({"summary": "Fair", "id": "0fair", "recurrence": ["RRULE:FREQ=YEARLY;COUNT=2"]});
    days["start"] = json!({"date": "2026-12-30"});
    days["end"] = json!({"date": "2027-01-02"});
    diary.insert(days).await;
    let fair = diary.get("/0fair_20271230").await;
    assert_eq!(fair["end"], json!({"date": "2028-01-02"}));
}

#[tokio::test]
async fn one_instance_is_edited_and_one_is_cancelled() {
    let diary = Diary::kind().await;
    let id = series(&diary).await;
    let (_, token) = diary.full().await;
    let moved = json!({
        "summary": "Late", "start": {"dateTime": "2026-12-09T15:00:00+01:00"},
        "end": {"dateTime": "2026-12-09T16:00:00+01:00"},
    });
    let path = format!("/{id}_20261208T080000Z");
    let edited = diary.ok(Method::PATCH, &path, moved).await;
    assert_eq!(
        edited["originalStartTime"]["dateTime"],
        "2026-12-08T09:00:00+01:00"
    );
    diary
        .ok(
            Method::DELETE,
            &format!("/{id}_20261215T080000Z"),
            Value::Null,
        )
        .await;
    let (changes, _) = diary.delta(&token).await;
    assert_eq!(
        ids(&changes),
        [
            format!("{id}_20261208T080000Z"),
            format!("{id}_20261215T080000Z")
        ]
    );
    let cancelled = changes
        .iter()
        .find(|event| event["status"] == "cancelled")
        .unwrap();
    let mut names: Vec<&String> = cancelled.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "etag",
            "id",
            "kind",
            "originalStartTime",
            "recurringEventId",
            "status"
        ]
    );
    let (all, _) = diary.pages("").await;
    assert_eq!(
        all.len(),
        3,
        "the series, the exception, and the cancelled instance, whatever showDeleted says"
    );
    let (expanded, _) = diary.pages("?singleEvents=true&orderBy=startTime").await;
    let starts: Vec<String> = expanded
        .iter()
        .map(|event| text(&event["start"], "dateTime"))
        .collect();
    assert_eq!(
        starts,
        [
            "2026-12-01T09:00:00+01:00",
            "2026-12-09T15:00:00+01:00",
            "2026-12-22T09:00:00+01:00"
        ]
    );
    let (instances, _) = diary.pages(&format!("/{id}/instances")).await;
    assert_eq!(instances.len(), 3);
    let (instances, _) = diary
        .pages(&format!("/{id}/instances?showDeleted=true"))
        .await;
    assert_eq!(instances.len(), 4);
    let one = diary.get(&format!("{path}/instances")).await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    let none = diary
        .get(&format!("/{id}_20261215T080000Z/instances"))
        .await;
    assert!(none["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn windows_look_at_where_instances_are_now() {
    let diary = Diary::kind().await;
    let id = series(&diary).await;
    diary.insert(meeting("Apart", 3)).await;
    let moved = json!({
        "start": {"dateTime": "2026-12-20T15:00:00+01:00"}, "end": {"dateTime": "2026-12-20T16:00:00+01:00"},
    });
    diary
        .ok(Method::PATCH, &format!("/{id}_20261208T080000Z"), moved)
        .await;
    let within = |from: u8, to: u8| {
        format!(
            "?singleEvents=true&timeMin=2026-12-{from:02}T00:00:00Z&timeMax=2026-12-{to:02}T00:00:00Z"
        )
    };
    assert!(diary.pages(&within(8, 9)).await.0.is_empty());
    assert_eq!(diary.pages(&within(20, 21)).await.0.len(), 1);
    let series_only = within(20, 21).replace("singleEvents=true&", "");
    assert_eq!(
        diary.pages(&series_only).await.0.len(),
        2,
        "the series has an instance there"
    );
    // The end is exclusive, and so is the start.
    let touching = "?timeMin=2026-12-03T09:00:00Z&timeMax=2026-12-04T00:00:00Z&singleEvents=true";
    assert!(diary.pages(touching).await.0.is_empty());
}

#[tokio::test]
async fn a_series_that_moves_drops_the_exceptions_it_has_outgrown() {
    let diary = Diary::kind().await;
    let id = series(&diary).await;
    let rename = |name: &str| json!({ "summary": name });
    diary
        .ok(
            Method::PATCH,
            &format!("/{id}_20261208T080000Z"),
            rename("Second"),
        )
        .await;
    diary
        .ok(
            Method::PATCH,
            &format!("/{id}_20261222T080000Z"),
            rename("Last"),
        )
        .await;
    let (_, token) = diary.full().await;
    let shorter = json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]});
    diary.ok(Method::PATCH, &format!("/{id}"), shorter).await;
    let (changes, _) = diary.delta(&token).await;
    let gone = changes
        .iter()
        .find(|event| event["status"] == "cancelled")
        .unwrap();
    assert_eq!(gone["id"], format!("{id}_20261222T080000Z"));
    assert_eq!(
        diary.get(&format!("/{id}_20261208T080000Z")).await["summary"],
        "Second"
    );
}

#[tokio::test]
async fn a_cancelled_series_takes_its_exceptions_with_it() {
    let diary = Diary::kind().await;
    let id = series(&diary).await;
    let exception = format!("/{id}_20261208T080000Z");
    diary
        .ok(Method::PATCH, &exception, json!({"summary": "Second"}))
        .await;
    let (_, token) = diary.full().await;
    diary
        .ok(Method::DELETE, &format!("/{id}"), Value::Null)
        .await;
    let (changes, _) = diary.delta(&token).await;
    assert_eq!(
        ids(&changes),
        [id.as_str()],
        "the series alone is in the feed"
    );
    assert_eq!(diary.get(&exception).await["status"], "cancelled");
    assert!(diary.full().await.0.is_empty());
    assert_eq!(
        diary
            .on(Method::DELETE, &exception, Value::Null)
            .await
            .status,
        410
    );
}

#[tokio::test]
async fn a_series_keeps_the_wall_clock_of_its_zone() {
    let diary = Diary::kind().await;
    let body = json!({
        "id": "0clock", "recurrence": ["RRULE:FREQ=MONTHLY;COUNT=3"],
        "start": {"dateTime": "2027-02-15T09:00:00", "timeZone": "America/New_York"},
        "end": {"dateTime": "2027-02-15T10:00:00", "timeZone": "America/New_York"},
    });
    diary.insert(body).await;
    let (found, _) = diary.pages("/0clock/instances?timeZone=UTC").await;
    let starts: Vec<String> = found
        .iter()
        .map(|event| text(&event["start"], "dateTime"))
        .collect();
    assert_eq!(
        starts,
        [
            "2027-02-15T14:00:00Z",
            "2027-03-15T13:00:00Z",
            "2027-04-15T13:00:00Z"
        ]
    );
}
