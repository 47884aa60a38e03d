//! Reminders that a client's write sets off: by mail, or at once.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::Diary;
use crate::client::mail;
use crate::google::peer::text;

const ANA: &str = "ana@example.com";

fn own(overrides: &Value) -> Value {
    json!({"reminders": {"useDefault": false, "overrides": overrides}})
}

fn by(method: &str, minutes: u32) -> Value {
    json!({"method": method, "minutes": minutes})
}

/// A meeting that begins so many minutes from now.
fn soon(minutes: i64) -> Value {
    let start = Timestamp::now() + SignedDuration::from_mins(minutes);
    let end = start + SignedDuration::from_hours(1);
    json!({"start": {"dateTime": start}, "end": {"dateTime": end}})
}

fn with(mut event: Value, more: &Value) -> Value {
    event["reminders"] = more["reminders"].clone();
    event
}

async fn due(diary: &Diary) -> u64 {
    let counts = diary
        .peer
        .lab
        .control(Method::GET, "/counts", Value::Null)
        .await;
    counts["marks"]["google.reminders_already_due"]
        .as_u64()
        .unwrap_or(0)
}

#[tokio::test]
async fn a_reminder_by_mail_counts_once() {
    let diary = Diary::kind().await;
    let far = || soon(60 * 24 * 60);
    diary
        .insert(with(far(), &own(&json!([by("popup", 10)]))))
        .await;
    diary.insert(far()).await;
    assert!(diary.mails().await.is_empty());
    let both = own(&json!([by("popup", 10), by("email", 60)]));
    let made = diary.insert(with(far(), &both)).await;
    assert_eq!(diary.mails().await, [mail(ANA, "reminder")]);
    let path = format!("/{}", text(&made, "id"));
    diary
        .ok(Method::PATCH, &path, json!({"summary": "Renamed"}))
        .await;
    assert_eq!(diary.mails().await.len(), 1, "it was there before");
    let more = own(&json!([by("email", 60), by("email", 120)]));
    diary.ok(Method::PATCH, &path, more).await;
    assert_eq!(diary.mails().await.len(), 2);
    let typed = json!({"event": with(far(), &both)});
    diary
        .control(Method::POST, "/calendars/primary/events", typed)
        .await;
    assert_eq!(diary.mails().await.len(), 2, "people may remind themselves");
    let over = with(soon(-60 * 24), &both);
    diary.insert(over).await;
    assert_eq!(
        diary.mails().await.len(),
        2,
        "nothing reminds of what is over"
    );
}

#[tokio::test]
async fn a_calendar_that_reminds_by_mail_does_so_by_default() {
    let diary = Diary::kind().await;
    let entry = json!({"defaultReminders": [by("email", 30)]});
    diary
        .control(Method::PUT, "/calendars/primary/entry", entry)
        .await;
    diary
        .insert(with(soon(600), &own(&json!([by("popup", 5)]))))
        .await;
    assert!(diary.mails().await.is_empty());
    diary.insert(soon(600)).await;
    assert_eq!(diary.mails().await, [mail(ANA, "reminder")]);
}

#[tokio::test]
async fn a_reminder_whose_time_has_come_is_marked() {
    let diary = Diary::kind().await;
    diary
        .insert(with(soon(30), &own(&json!([by("popup", 10)]))))
        .await;
    assert_eq!(due(&diary).await, 0);
    let late = own(&json!([by("popup", 60), by("popup", 10)]));
    let made = diary.insert(with(soon(30), &late)).await;
    assert_eq!(due(&diary).await, 1);
    let path = format!("/{}", text(&made, "id"));
    diary
        .ok(Method::PATCH, &path, json!({"location": "Here"}))
        .await;
    assert_eq!(due(&diary).await, 1);
    diary.ok(Method::PATCH, &path, soon(20)).await;
    assert_eq!(due(&diary).await, 2, "moved, it is due again");
}
