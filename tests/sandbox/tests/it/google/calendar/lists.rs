//! Filters, pages, lag.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, ids, meeting, reason};
use crate::google::peer::text;

#[tokio::test]
async fn filters_narrow_a_list() {
    let diary = Diary::kind().await;
    let mut tagged = meeting("Tagged", 1);
    tagged["extendedProperties"] = json!({"private": {"own": "42"}, "shared": {"own": "43"}});
    tagged["attendees"] = json!([{"email": "carla@example.org"}]);
    let tagged = diary.insert(tagged).await;
    diary.insert(meeting("Plain", 2)).await;
    let uid = text(&tagged, "iCalUID");
    for rest in [
        "?privateExtendedProperty=own%3D42".to_owned(),
        "?sharedExtendedProperty=own%3D43".to_owned(),
        format!("?iCalUID={uid}"),
        "?q=tagg".to_owned(),
        "?q=carla".to_owned(),
    ] {
        let (found, last) = diary.pages(&rest).await;
        assert_eq!(ids(&found), [text(&tagged, "id")], "{rest}");
        assert!(last.get("nextSyncToken").is_none(), "{rest}");
    }
    assert!(
        diary
            .pages("?privateExtendedProperty=own%3D43")
            .await
            .0
            .is_empty()
    );
    assert_eq!(diary.pages("?eventTypes=default").await.0.len(), 2);
    assert!(diary.pages("?eventTypes=birthday").await.0.is_empty());
    diary
        .ok(
            Method::DELETE,
            &format!("/{}", text(&tagged, "id")),
            Value::Null,
        )
        .await;
    assert_eq!(diary.pages("").await.0.len(), 1);
    let (with, _) = diary.pages("?showDeleted=true").await;
    let gone = with
        .iter()
        .find(|event| event["status"] == "cancelled")
        .unwrap();
    assert_eq!(
        gone["summary"], "Tagged",
        "asked for deleted events, their content comes along"
    );
}

#[tokio::test]
async fn pages_may_be_short_or_empty_and_lose_nothing() {
    let diary = Diary::unkind().await;
    diary
        .settings(json!({"page_cap": 4, "quota": {"calendar_writes": 1000}}))
        .await;
    for number in 0..40_u8 {
        diary
            .insert(meeting(&format!("Event {number}"), number % 28 + 1))
            .await;
    }
    diary.peer.lab.advance(5).await;
    let (mut path, mut sizes, mut found) = (String::new(), Vec::new(), Vec::new());
    loop {
        let page = diary.get(&path).await;
        let items = page["items"].as_array().unwrap().clone();
        sizes.push(items.len());
        found.extend(items);
        match page["nextPageToken"].as_str() {
            Some(token) => path = format!("?pageToken={token}"),
            None => break,
        }
    }
    assert_eq!(found.len(), 40);
    let mut distinct = ids(&found);
    distinct.dedup();
    assert_eq!(distinct.len(), 40);
    assert!(sizes.contains(&0), "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= 4));
    let first = diary.get("?maxResults=3").await;
    let token = text(&first, "nextPageToken");
    let other = format!("?pageToken={token}&showDeleted=true");
    let refused = diary.on(Method::GET, &other, Value::Null).await;
    assert_eq!(reason(&refused), (400, "invalid".to_owned()));
}

#[tokio::test]
async fn fresh_writes_show_up_late() {
    let diary = Diary::unkind().await;
    diary
        .settings(json!({"list_lag_milliseconds": 60_000, "get_lag_milliseconds": 30_000}))
        .await;
    let made = diary.insert(meeting("Fresh", 1)).await;
    let path = format!("/{}", text(&made, "id"));
    assert_eq!(diary.on(Method::GET, &path, Value::Null).await.status, 404);
    diary
        .ok(
            Method::PATCH,
            &path,
            json!({"summary": "Writes see the truth"}),
        )
        .await;
    diary.peer.lab.advance(31).await;
    assert_eq!(diary.get(&path).await["summary"], "Writes see the truth");
    assert!(diary.full().await.0.is_empty());
    diary.peer.lab.advance(30).await;
    assert_eq!(diary.full().await.0.len(), 1);
}

#[tokio::test]
async fn a_list_says_whose_calendar_it_is() {
    let diary = Diary::kind().await;
    let page = diary.get("").await;
    assert_eq!(page["kind"], "calendar#events");
    assert_eq!(page["accessRole"], "owner");
    assert_eq!(page["timeZone"], "Europe/Vienna");
    assert_eq!(
        page["defaultReminders"],
        json!([{"method": "popup", "minutes": 30}])
    );
}

#[tokio::test]
async fn a_caller_may_ask_for_a_part() {
    let diary = Diary::kind().await;
    let made = diary.insert(meeting("Board", 1)).await;
    let page = diary
        .get("?fields=items(id,start/timeZone),nextSyncToken")
        .await;
    assert_eq!(
        page["items"],
        json!([{"id": made["id"], "start": {"timeZone": "Europe/Vienna"}}])
    );
    assert_eq!(page.as_object().unwrap().len(), 2);
    let bad = diary.on(Method::GET, "?fields=items(", Value::Null).await;
    assert_eq!(reason(&bad), (400, "invalidParameter".to_owned()));
}
