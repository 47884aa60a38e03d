//! The calendar list, calendars, and what each role may see and do.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, meeting, reason};
use crate::google::peer::text;

const LIST: &str = "/calendar/v3/users/me/calendarList";

async fn listed(diary: &Diary, token: &str, rest: &str) -> (Vec<Value>, Value) {
    let path = format!("{LIST}{rest}");
    let answer = diary
        .peer
        .call_as(token, Method::GET, &path, Value::Null)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (
        answer.body["items"].as_array().unwrap().clone(),
        answer.body,
    )
}

#[tokio::test]
async fn roles_and_lists_go_together() {
    let diary = Diary::kind().await;
    let ben = diary.peer.token_of(1).await;
    let (own, page) = listed(&diary, &ben, "").await;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["primary"], true);
    assert_eq!(own[0]["accessRole"], "owner");
    assert_eq!(own[0]["timeZone"], "America/New_York");
    let token = text(&page, "nextSyncToken");
    let share = "/calendars/primary/roles/ben@example.com";
    diary
        .control(Method::PUT, share, json!({"role": "writer"}))
        .await;
    diary
        .control(
            Method::PUT,
            "/calendars/ana@example.com/entry?account=ben@example.com",
            json!({}),
        )
        .await;
    let (changes, page) = listed(&diary, &ben, &format!("?syncToken={token}")).await;
    assert_eq!(changes[0]["accessRole"], "writer");
    assert_eq!(
        listed(&diary, &ben, "?minAccessRole=owner").await.0.len(),
        1
    );
    let token = text(&page, "nextSyncToken");
    let with_role = format!("{LIST}?syncToken={token}&minAccessRole=owner");
    assert_eq!(
        diary
            .peer
            .call_as(&ben, Method::GET, &with_role, Value::Null)
            .await
            .status,
        400
    );
    diary
        .control(Method::PUT, share, json!({"role": null}))
        .await;
    let (changes, _) = listed(&diary, &ben, &format!("?syncToken={token}")).await;
    assert_eq!(changes[0]["deleted"], true);
    let events = "/calendar/v3/calendars/ana@example.com/events";
    let gone = diary
        .peer
        .call_as(&ben, Method::GET, events, Value::Null)
        .await;
    assert_eq!(reason(&gone), (404, "notFound".to_owned()));
}

#[tokio::test]
async fn who_may_only_read_sees_less_and_writes_nothing() {
    let diary = Diary::kind().await;
    let ben = diary.peer.token_of(1).await;
    let mut private = meeting("Doctor", 1);
    private["visibility"] = json!("private");
    let path = format!(
        "/calendar/v3/calendars/ana%40example.com/events/{}",
        text(&diary.insert(private).await, "id")
    );
    let open = text(&diary.insert(meeting("Board", 2)).await, "id");
    let open = format!("/calendar/v3/calendars/ana%40example.com/events/{open}");
    let role = async |role: &str| {
        let path = "/calendars/primary/roles/ben@example.com";
        diary
            .control(Method::PUT, path, json!({ "role": role }))
            .await;
    };
    let get = async |path: &str| {
        diary
            .peer
            .call_as(&ben, Method::GET, path, Value::Null)
            .await
    };
    role("freeBusyReader").await;
    assert!(get(&open).await.body.get("summary").is_none());
    role("reader").await;
    assert_eq!(get(&open).await.body["summary"], "Board");
    let hidden = get(&path).await.body;
    assert!(hidden.get("summary").is_none());
    assert_eq!(hidden["visibility"], "private");
    assert!(hidden["start"].is_object());
    let patch = json!({"summary": "Mine now"});
    let refused = diary
        .peer
        .call_as(&ben, Method::PATCH, &open, patch.clone())
        .await;
    assert_eq!(reason(&refused), (403, "requiredAccessLevel".to_owned()));
    assert_eq!(refused.body["error"]["errors"][0]["domain"], "calendar");
    role("writerWithoutPrivateAccess").await;
    assert!(get(&path).await.body.get("summary").is_none());
    assert_eq!(
        diary
            .peer
            .call_as(&ben, Method::PATCH, &open, patch)
            .await
            .status,
        200
    );
    role("writer").await;
    assert_eq!(get(&path).await.body["summary"], "Doctor");
}

#[tokio::test]
async fn entries_are_changed_and_own_calendars_stay() {
    let diary = Diary::kind().await;
    let made = diary
        .call(
            Method::POST,
            "/calendar/v3/calendars",
            json!({"summary": "Clients", "timeZone": "Asia/Tokyo"}),
        )
        .await;
    let id = text(&made.body, "id");
    let entry = format!("{LIST}/{id}");
    let patch = json!({"summaryOverride": "My clients", "hidden": true, "defaultReminders": [{"method": "email", "minutes": 5}]});
    let patched = diary.call(Method::PATCH, &entry, patch).await;
    assert_eq!(patched.body["summaryOverride"], "My clients");
    assert_eq!(patched.body["timeZone"], "Asia/Tokyo");
    assert_eq!(
        listed(&diary, &diary.peer.token, "").await.0.len(),
        1,
        "hidden"
    );
    assert_eq!(
        listed(&diary, &diary.peer.token, "?showHidden=true")
            .await
            .0
            .len(),
        2
    );
    let bad = diary
        .call(
            Method::PATCH,
            &entry,
            json!({"defaultReminders": [{"method": "sms", "minutes": 5}]}),
        )
        .await;
    assert_eq!(bad.status, 400);
    assert_eq!(
        diary.call(Method::DELETE, &entry, Value::Null).await.status,
        403
    );
    let calendar = format!("/calendar/v3/calendars/{id}");
    assert_eq!(
        diary.call(Method::GET, &calendar, Value::Null).await.body["summary"],
        "Clients"
    );
    assert_eq!(
        diary
            .call(Method::DELETE, &calendar, Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(
        diary.call(Method::GET, &calendar, Value::Null).await.status,
        404
    );
    let primary = diary
        .call(
            Method::DELETE,
            "/calendar/v3/calendars/primary",
            Value::Null,
        )
        .await;
    assert_eq!(primary.status, 400);
    let nameless = diary
        .call(Method::POST, "/calendar/v3/calendars", json!({}))
        .await;
    assert_eq!(reason(&nameless), (400, "required".to_owned()));
}
