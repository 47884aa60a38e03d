//! People who work in the web interface.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, ids, meeting, weekly};
use crate::google::peer::text;

const HERE: &str = "/calendars/primary/events";

#[tokio::test]
async fn people_write_without_calls_and_their_mails_are_told_apart() {
    let diary = Diary::kind().await;
    let (_, token) = diary.full().await;
    let mut event = meeting("Typed", 1);
    event["attendees"] = json!([{"email": "ben@example.com"}]);
    let made = diary
        .control(Method::POST, HERE, json!({"event": event, "notify": "all"}))
        .await;
    let path = format!("{HERE}/{}", text(&made, "id"));
    let edit = json!({"event": {"summary": "Retyped"}});
    assert_eq!(
        diary.control(Method::PATCH, &path, edit).await["summary"],
        "Retyped"
    );
    assert_eq!(diary.delta(&token).await.0[0]["summary"], "Retyped");
    assert!(diary.mails().await.is_empty());
    let people = diary
        .peer
        .lab
        .control(Method::GET, "/mails?by=people", Value::Null)
        .await;
    assert_eq!(people["mails"].as_array().unwrap().len(), 1);
    assert_eq!(people["mails"][0]["call"], Value::Null);
    assert_eq!(
        diary
            .peer
            .lab
            .calls("google", "calendar.events.insert")
            .await,
        0
    );
    let answer = json!({"response": "tentative", "comment": "Maybe"});
    diary
        .control(
            Method::POST,
            &format!("{path}/respond?account=ben@example.com"),
            answer,
        )
        .await;
    let seen = diary.control(Method::GET, &path, Value::Null).await;
    assert_eq!(seen["attendees"][0]["responseStatus"], "tentative");
    assert_eq!(seen["attendees"][0]["comment"], "Maybe");
    let gone = diary.control(Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone["status"], "cancelled");
}

#[tokio::test]
async fn people_split_a_series_and_make_what_the_api_does_not() {
    let diary = Diary::kind().await;
    let made = diary
        .control(Method::POST, HERE, json!({"event": weekly("Stand-up", 1)}))
        .await;
    let id = text(&made, "id");
    let (_, token) = diary.full().await;
    let path = format!("{HERE}/{id}_20261215T080000Z/split");
    let body = json!({"event": {"summary": "New name"}});
    let rest = diary.control(Method::POST, &path, body).await;
    assert_eq!(rest["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=2"]));
    let first = diary.get(&format!("/{id}")).await;
    assert_eq!(
        first["recurrence"],
        json!(["RRULE:FREQ=WEEKLY;UNTIL=20261215T075959Z"])
    );
    let (changes, _) = diary.delta(&token).await;
    let mut both = vec![id.clone(), text(&rest, "id")];
    both.sort();
    assert_eq!(ids(&changes), both);
    assert_eq!(diary.pages("?singleEvents=true").await.0.len(), 4);
    let birthday = json!({
        "summary": "Ben", "eventType": "birthday", "start": {"date": "2026-12-24"}, "end": {"date": "2026-12-25"},
    });
    let birthday = diary
        .control(Method::POST, HERE, json!({"event": birthday}))
        .await;
    let refused = diary
        .on(
            Method::PATCH,
            &format!("/{}", text(&birthday, "id")),
            json!({"summary": "x"}),
        )
        .await;
    assert_eq!(
        refused.body["error"]["errors"][0]["reason"],
        "eventTypeRestriction"
    );
}

#[tokio::test]
async fn control_refuses_what_does_not_exist() {
    let diary = Diary::kind().await;
    let lab = &diary.peer.lab;
    for (method, path, body, status) in [
        (
            Method::GET,
            "/google/calendars/nobody/events",
            Value::Null,
            404,
        ),
        (
            Method::GET,
            "/google/calendars?account=nobody@example.com",
            Value::Null,
            404,
        ),
        (
            Method::PATCH,
            "/google/calendars/primary/events/00000",
            json!({"event": {}}),
            404,
        ),
        (
            Method::POST,
            "/google/calendars/primary/events",
            json!({"event": {"summary": "x"}}),
            400,
        ),
        (
            Method::POST,
            "/google/calendars/primary/events",
            json!({"event": {}, "notify": "some"}),
            400,
        ),
        (
            Method::POST,
            "/google/calendars",
            json!({"summary": "x", "time_zone": "Nowhere"}),
            400,
        ),
    ] {
        let answer = lab.try_control(method, path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(answer.body["error"].is_string());
    }
}

#[tokio::test]
async fn the_truth_shows_calendars_and_a_reset_empties_them() {
    let diary = Diary::kind().await;
    let made = diary
        .control(Method::POST, "/calendars", json!({"summary": "Clients"}))
        .await;
    diary.insert(meeting("Board", 1)).await;
    let truth = diary.control(Method::GET, "/truth", Value::Null).await;
    let calendars = &truth["calendar"]["calendars"];
    assert_eq!(
        calendars["ana@example.com"]["events"][0]["summary"],
        "Board"
    );
    assert_eq!(calendars[text(&made, "id")]["summary"], "Clients");
    diary
        .peer
        .lab
        .control(Method::POST, "/reset", Value::Null)
        .await;
    let truth = diary.control(Method::GET, "/truth", Value::Null).await;
    let calendars = truth["calendar"]["calendars"].as_object().unwrap();
    assert_eq!(calendars.len(), 2);
    assert!(
        calendars
            .values()
            .all(|calendar| calendar["events"] == json!([]))
    );
}
