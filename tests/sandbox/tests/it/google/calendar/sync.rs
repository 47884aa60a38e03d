//! Deltas: what they tell, and when a token is dead.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, ids, meeting, reason};
use crate::google::peer::text;

#[tokio::test]
async fn a_delta_tells_each_event_once_in_its_latest_state() {
    let diary = Diary::kind().await;
    let stays = text(&diary.insert(meeting("Stays", 1)).await, "id");
    let goes = text(&diary.insert(meeting("Goes", 2)).await, "id");
    let (all, token) = diary.full().await;
    assert_eq!(all.len(), 2);
    assert!(diary.delta(&token).await.0.is_empty());
    diary
        .ok(
            Method::PATCH,
            &format!("/{stays}"),
            json!({"summary": "One"}),
        )
        .await;
    diary
        .ok(
            Method::PATCH,
            &format!("/{stays}"),
            json!({"summary": "Two"}),
        )
        .await;
    diary
        .ok(Method::DELETE, &format!("/{goes}"), Value::Null)
        .await;
    let new = text(&diary.insert(meeting("New", 3)).await, "id");
    let (changes, next) = diary.delta(&token).await;
    let mut expected = vec![stays.clone(), goes.clone(), new];
    expected.sort();
    assert_eq!(ids(&changes), expected);
    let of = |id: &str| changes.iter().find(|event| event["id"] == id).unwrap();
    assert_eq!(of(&stays)["summary"], "Two");
    assert_eq!(of(&goes)["status"], "cancelled");
    assert!(of(&goes).get("summary").is_none());
    assert!(diary.delta(&next).await.0.is_empty());
    assert_eq!(
        diary.delta(&token).await.0.len(),
        3,
        "a token can be used again"
    );
}

#[tokio::test]
async fn a_write_between_pages_is_in_the_next_delta() {
    let diary = Diary::kind().await;
    for day in 1..=3 {
        diary.insert(meeting("Old", day)).await;
    }
    let first = diary.get("?maxResults=2").await;
    diary.insert(meeting("Between", 9)).await;
    let path = format!("?maxResults=2&pageToken={}", text(&first, "nextPageToken"));
    let last = diary.get(&path).await;
    let (changes, _) = diary.delta(&text(&last, "nextSyncToken")).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["summary"], "Between");
}

#[tokio::test]
async fn a_token_stands_beside_no_filter() {
    let diary = Diary::kind().await;
    let (_, token) = diary.full().await;
    for filter in [
        "iCalUID=x",
        "orderBy=updated",
        "privateExtendedProperty=a%3Db",
        "q=x",
        "sharedExtendedProperty=a%3Db",
        "timeMin=2026-12-01T00:00:00Z",
        "timeMax=2026-12-01T00:00:00Z",
        "updatedMin=2026-12-01T00:00:00Z",
        "showDeleted=false",
    ] {
        let answer = diary
            .on(
                Method::GET,
                &format!("?syncToken={token}&{filter}"),
                Value::Null,
            )
            .await;
        assert_eq!(answer.status, 400, "{filter}: {}", answer.text);
    }
    diary
        .pages(&format!("?syncToken={token}&showDeleted=true"))
        .await;
    let made_up = diary
        .on(Method::GET, "?syncToken=made-up", Value::Null)
        .await;
    assert_eq!(reason(&made_up), (400, "invalid".to_owned()));
    assert_eq!(
        made_up.body["error"]["message"],
        "Invalid sync token value."
    );
}

#[tokio::test]
async fn a_dead_token_means_a_full_sync() {
    let diary = Diary::kind().await;
    let dead = async |token: &str, rest: &str| {
        let path = format!("?syncToken={token}{rest}");
        reason(&diary.on(Method::GET, &path, Value::Null).await)
    };
    let full_sync = (410, "fullSyncRequired".to_owned());
    let (_, token) = diary.full().await;
    assert_eq!(
        dead(&token, "&singleEvents=true").await,
        full_sync,
        "another way of reading"
    );
    diary
        .control(
            Method::PUT,
            "/calendars/primary/roles/ben@example.com",
            json!({"role": "reader"}),
        )
        .await;
    assert_eq!(
        dead(&token, "").await,
        full_sync,
        "shared with somebody since"
    );
    let (_, token) = diary.full().await;
    diary
        .control(Method::POST, "/cursors/expire", Value::Null)
        .await;
    assert_eq!(dead(&token, "").await, full_sync, "expired");
    diary.settings(json!({"sync_token_seconds": 60})).await;
    let (_, token) = diary.full().await;
    diary.peer.lab.advance(61).await;
    assert_eq!(dead(&token, "").await, full_sync, "too old");
}

#[tokio::test]
async fn an_expanded_delta_tells_instances() {
    let diary = Diary::kind().await;
    let id = text(&diary.insert(super::weekly("Stand-up", 1)).await, "id");
    let (all, last) = diary.pages("?singleEvents=true").await;
    assert_eq!(all.len(), 4);
    let token = text(&last, "nextSyncToken");
    diary
        .ok(
            Method::DELETE,
            &format!("/{id}_20261208T080000Z"),
            Value::Null,
        )
        .await;
    let rest = format!("?singleEvents=true&syncToken={token}");
    let (changes, last) = diary.pages(&rest).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["status"], "cancelled");
    diary
        .ok(
            Method::PATCH,
            &format!("/{id}"),
            json!({"summary": "Sit-down"}),
        )
        .await;
    let rest = format!(
        "?singleEvents=true&syncToken={}",
        text(&last, "nextSyncToken")
    );
    assert_eq!(diary.pages(&rest).await.0.len(), 4);
}
