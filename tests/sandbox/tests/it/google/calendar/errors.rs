//! Bad input, tokens, scopes, quotas, batches.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, EVENTS, meeting, reason};
use crate::client::send;

#[tokio::test]
async fn what_an_event_cannot_hold_is_refused_and_nothing_is_written() {
    let diary = Diary::kind().await;
    let good = meeting("Board", 1);
    for (name, value) in [
        ("start", Value::Null),
        ("end", json!({"date": "2026-12-01"})),
        ("end", json!({"dateTime": "2026-12-01T07:00:00+01:00"})),
        ("start", json!({"dateTime": "2026-12-01T09:00:00"})),
        (
            "start",
            json!({"dateTime": "2026-12-01T09:00:00", "timeZone": "Europe/Atlantis"}),
        ),
        ("recurrence", json!(["RRULE:FREQ=SOMETIMES"])),
        ("recurrence", json!(["DTSTART:20261201T090000Z"])),
        ("attendees", json!([{"email": "nobody"}])),
        ("attendees", json!("ben@example.com")),
        (
            "reminders",
            json!({"useDefault": true, "overrides": [{"method": "popup", "minutes": 1}]}),
        ),
        (
            "reminders",
            json!({"useDefault": false, "overrides": vec![json!({"method": "popup", "minutes": 1}); 6]}),
        ),
        ("colorId", json!("99")),
        ("visibility", json!("secret")),
        ("status", json!("done")),
        ("created", json!("2026-01-01T00:00:00Z")),
        ("eventType", json!("birthday")),
        ("extendedProperties", json!({"private": {"a": 1}})),
    ] {
        let mut body = good.clone();
        body[name] = value.clone();
        let answer = diary.on(Method::POST, "", body).await;
        assert_eq!(answer.status, 400, "{name} {value}: {}", answer.text);
        reason(&answer);
    }
    for body in [json!([]), json!("x")] {
        assert_eq!(diary.on(Method::POST, "", body).await.status, 400);
    }
    assert!(diary.full().await.0.is_empty());
}

#[tokio::test]
async fn lists_refuse_parameters_that_do_not_fit() {
    let diary = Diary::kind().await;
    for rest in [
        "?timeMin=yesterday",
        "?timeMin=2026-12-01T00:00:00",
        "?timeMin=2026-12-02T00:00:00Z&timeMax=2026-12-01T00:00:00Z",
        "?orderBy=startTime",
        "?orderBy=color",
        "?maxResults=many",
        "?maxResults=0",
        "?singleEvents=perhaps",
        "?pageToken=made-up",
        "?privateExtendedProperty=novalue",
        "?timeZone=Nowhere",
    ] {
        let answer = diary.on(Method::GET, rest, Value::Null).await;
        assert_eq!(answer.status, 400, "{rest}: {}", answer.text);
    }
    let old = diary
        .on(Method::GET, "?updatedMin=2020-01-01T00:00:00Z", Value::Null)
        .await;
    assert_eq!(reason(&old), (410, "updatedMinTooLongAgo".to_owned()));
}

#[tokio::test]
async fn tokens_and_scopes_are_checked_in_the_calendars_own_words() {
    let diary = Diary::kind().await;
    let forged = diary
        .peer
        .call_as("ya29.forged", Method::GET, EVENTS, Value::Null)
        .await;
    assert_eq!(reason(&forged), (401, "authError".to_owned()));
    let lab = &diary.peer.lab;
    let credentials = crate::google::peer::credentials(lab);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", credentials["client_id"].as_str().unwrap()),
        (
            "client_secret",
            credentials["client_secret"].as_str().unwrap(),
        ),
        (
            "refresh_token",
            credentials["refresh_token"].as_str().unwrap(),
        ),
        ("scope", "https://www.googleapis.com/auth/contacts"),
    ];
    let answer = send(lab.request("google", Method::POST, "/token").form(&form)).await;
    let less = answer.body["access_token"].as_str().unwrap().to_owned();
    let refused = diary
        .peer
        .call_as(&less, Method::GET, EVENTS, Value::Null)
        .await;
    assert_eq!(
        reason(&refused),
        (403, "insufficientPermissions".to_owned())
    );
    let error = &refused.body["error"];
    assert_eq!(
        error["message"],
        "Request had insufficient authentication scopes."
    );
    assert_eq!(error["status"], "PERMISSION_DENIED");
    let detail = &error["details"][0];
    assert_eq!(detail["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(detail["metadata"]["method"], "calendar.v3.Events.List");
}

#[tokio::test]
async fn the_minute_of_a_user_slides() {
    let diary = Diary::kind().await;
    diary
        .settings(json!({"quota": {"user_requests": 2, "status": 429}}))
        .await;
    diary.get("").await;
    diary.get("").await;
    let full = diary.on(Method::GET, "", Value::Null).await;
    assert_eq!(reason(&full), (429, "rateLimitExceeded".to_owned()));
    let other = diary.on(Method::GET, "?quotaUser=ben", Value::Null).await;
    assert_eq!(other.status, 200, "another user of the same account");
    diary.settings(json!({"quota": {"status": 403}})).await;
    assert_eq!(reason(&diary.on(Method::GET, "", Value::Null).await).0, 403);
    diary.peer.lab.advance(61).await;
    diary.get("").await;
    diary
        .settings(json!({"quota": {"user_requests": 100, "calendar_writes": 1}}))
        .await;
    diary.insert(meeting("One", 1)).await;
    let writes = diary.on(Method::POST, "", meeting("Two", 2)).await;
    assert_eq!(reason(&writes), (403, "rateLimitExceeded".to_owned()));
    diary.get("").await;
}

#[tokio::test]
async fn too_many_strangers_are_a_usage_limit() {
    let diary = Diary::kind().await;
    diary
        .settings(json!({"quota": {"external_invitations": 1}}))
        .await;
    let mut body = meeting("Fair", 1);
    body["attendees"] = json!([{"email": "a@example.org"}, {"email": "b@example.org"}]);
    let refused = diary
        .on(Method::POST, "?sendUpdates=all", body.clone())
        .await;
    assert_eq!(reason(&refused), (403, "quotaExceeded".to_owned()));
    assert_eq!(
        diary
            .on(Method::POST, "?sendUpdates=none", body)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_ordered_status_has_the_calendars_envelope() {
    let diary = Diary::kind().await;
    let rule = json!({"method": "calendar.events.*", "times": 1, "fault": {"kind": "status", "status": 503}});
    diary.peer.lab.control(Method::POST, "/faults", rule).await;
    let answer = diary.on(Method::GET, "", Value::Null).await;
    assert_eq!(reason(&answer), (503, "backendError".to_owned()));
    diary.get("").await;
}

#[tokio::test]
async fn a_cut_after_commit_leaves_the_event() {
    let diary = Diary::kind().await;
    let rule = json!({"method": "calendar.events.insert", "nth": 1, "fault": {"kind": "cut_after_commit"}});
    diary.peer.lab.control(Method::POST, "/faults", rule).await;
    let mut body = meeting("Ghost", 1);
    body["id"] = json!("0193c0ffee");
    let request = diary.peer.lab.request("google", Method::POST, EVENTS);
    let request = request.bearer_auth(&diary.peer.token).json(&body);
    assert!(request.send().await.is_err());
    assert_eq!(diary.get("/0193c0ffee").await["summary"], "Ghost");
    let again = diary.on(Method::POST, "", body).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn a_batch_answers_each_call_for_itself() {
    let diary = Diary::kind().await;
    let made = diary.insert(meeting("Board", 1)).await;
    let (id, etag) = (made["id"].as_str().unwrap(), made["etag"].as_str().unwrap());
    let part = |number: u8, head: &str, body: &str| {
        format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n{head}\r\n\r\n{body}\r\n"
        )
    };
    let patch = format!(
        "PATCH {EVENTS}/{id} HTTP/1.1\r\nIf-Match: {etag}\r\nContent-Type: application/json"
    );
    let body = [
        part(1, &patch, "{\"summary\": \"New\"}"),
        part(2, &patch, "{\"summary\": \"Newer\"}"),
        part(3, &format!("DELETE {EVENTS}/{id} HTTP/1.1"), ""),
        "--b--\r\n".to_owned(),
    ]
    .concat();
    let request = diary
        .peer
        .lab
        .request("google", Method::POST, "/batch/calendar/v3")
        .bearer_auth(&diary.peer.token)
        .header("content-type", "multipart/mixed; boundary=b")
        .body(body);
    let answer = send(request).await;
    assert_eq!(answer.status, 200);
    let places: Vec<usize> = ["response-1", "response-2", "response-3"]
        .iter()
        .map(|place| answer.text.find(place).unwrap())
        .collect();
    assert!(answer.text[places[0]..places[1]].contains("200 OK"));
    assert!(answer.text[places[1]..places[2]].contains("412 Precondition Failed"));
    assert!(answer.text[places[2]..].contains("204 No Content"));
}
