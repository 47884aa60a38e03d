//! Notification channels.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Diary, meeting};
use crate::client::Answer;
use crate::google::peer::text;
use crate::listener::Listener;

async fn watch(diary: &Diary, id: &str, url: &str) -> Answer {
    let body = json!({"id": id, "type": "web_hook", "address": url, "token": "secret", "params": {"ttl": "3600"}});
    diary.on(Method::POST, "/watch", body).await
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_channel_says_sync_first_and_then_that_something_exists() {
    let diary = Diary::kind().await;
    let listener = Listener::start(&[]).await;
    let opened = watch(&diary, "0193-channel", &listener.url).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    assert_eq!(opened.body["kind"], "api#channel");
    assert!(opened.body["expiration"].is_string());
    let first = &listener.headers(1).await[0];
    assert_eq!(header(first, "x-goog-resource-state"), "sync");
    assert_eq!(header(first, "x-goog-message-number"), "1");
    assert_eq!(header(first, "x-goog-channel-id"), "0193-channel");
    assert_eq!(header(first, "x-goog-channel-token"), "secret");
    assert_eq!(
        header(first, "x-goog-resource-id"),
        text(&opened.body, "resourceId")
    );
    assert!(header(first, "x-goog-channel-expiration").ends_with("GMT"));
    let id = text(&diary.insert(meeting("Board", 1)).await, "id");
    listener.headers(2).await;
    diary
        .ok(Method::DELETE, &format!("/{id}"), Value::Null)
        .await;
    let heard = listener.headers(3).await;
    let states: Vec<String> = heard
        .iter()
        .map(|one| header(one, "x-goog-resource-state"))
        .collect();
    assert_eq!(
        states,
        ["sync", "exists", "exists"],
        "own writes are told, deletions look like any change"
    );
    let numbers: Vec<u64> = heard
        .iter()
        .map(|one| header(one, "x-goog-message-number").parse().unwrap())
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "{numbers:?}"
    );
    let sent = diary
        .control(Method::GET, "/notifications", Value::Null)
        .await;
    assert!(
        sent["notifications"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["taken"] == true)
    );
}

#[tokio::test]
async fn a_failed_notification_is_sent_again_only_after_a_server_error() {
    let diary = Diary::kind().await;
    diary
        .settings(json!({"notification_retry_milliseconds": 1}))
        .await;
    let listener = Listener::start(&[500, 503, 200, 404, 200]).await;
    watch(&diary, "one", &listener.url).await;
    let heard = listener.headers(3).await;
    assert!(
        heard
            .iter()
            .all(|one| header(one, "x-goog-message-number") == "1")
    );
    diary.insert(meeting("Lost", 1)).await;
    listener.headers(4).await;
    diary.insert(meeting("Told", 2)).await;
    let heard = listener.headers(5).await;
    assert_ne!(
        header(&heard[3], "x-goog-message-number"),
        header(&heard[4], "x-goog-message-number")
    );
}

#[tokio::test]
async fn channels_end_when_stopped_or_expired() {
    let diary = Diary::kind().await;
    let listener = Listener::start(&[]).await;
    let opened = watch(&diary, "one", &listener.url).await.body;
    listener.headers(1).await;
    let again = watch(&diary, "one", &listener.url).await;
    assert_eq!(
        again.body["error"]["errors"][0]["reason"],
        "channelIdNotUnique"
    );
    let stop = json!({"id": "one", "resourceId": opened["resourceId"]});
    let ben = diary.peer.token_of(1).await;
    let path = "/calendar/v3/channels/stop";
    assert_eq!(
        diary
            .peer
            .call_as(&ben, Method::POST, path, stop.clone())
            .await
            .status,
        404
    );
    assert_eq!(
        diary
            .call(Method::POST, path, json!({"id": "one"}))
            .await
            .status,
        400
    );
    assert_eq!(
        diary.call(Method::POST, path, stop.clone()).await.status,
        204
    );
    assert_eq!(diary.call(Method::POST, path, stop).await.status, 404);
    watch(&diary, "two", &listener.url).await;
    listener.headers(2).await;
    diary
        .control(Method::POST, "/channels/expire", Value::Null)
        .await;
    diary.insert(meeting("Unheard", 1)).await;
    watch(&diary, "three", &listener.url).await;
    let heard = listener.headers(3).await;
    assert_eq!(header(&heard[2], "x-goog-channel-id"), "three");
    let open = diary.control(Method::GET, "/channels", Value::Null).await;
    assert_eq!(open["channels"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_channels_are_refused() {
    let diary = Diary::kind().await;
    for (id, url) in [
        ("", "https://a.example.com/x"),
        ("a b", "https://a.example.com/x"),
        ("ok", "http://a.example.com/x"),
    ] {
        let answer = watch(&diary, id, url).await;
        assert_eq!(answer.status, 400, "{id} {url}");
    }
    let unknown = "/calendar/v3/calendars/nobody%40example.com/events/watch";
    let body = json!({"id": "x", "type": "web_hook", "address": "https://a.example.com/x"});
    assert_eq!(diary.call(Method::POST, unknown, body).await.status, 404);
}
