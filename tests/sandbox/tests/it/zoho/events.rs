//! Meetings: times, reminders, recurrence, validation, lists and queries.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, refused, text};
use crate::client::Answer;
use crate::listener::Listener;

pub(super) fn meeting(title: &str) -> Value {
    json!({
        "Event_Title": title, "Start_DateTime": "2026-12-01T09:00:00+05:30",
        "End_DateTime": "2026-12-01T10:00:00+05:30",
    })
}

pub(super) fn with(title: &str, name: &str, value: Value) -> Value {
    let mut values = meeting(title);
    values[name] = value;
    values
}

pub(super) async fn create(crm: &Crm, values: Value) -> Answer {
    let body = json!({"data": [values], "trigger": []});
    crm.post("/Events", body).await
}

pub(super) async fn made(crm: &Crm, values: Value) -> String {
    let answer = create(crm, values).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    text(&answer.body["data"][0]["details"]["id"])
}

pub(super) async fn change(crm: &Crm, id: &str, values: Value) -> Answer {
    let body = json!({"data": [values], "trigger": []});
    crm.put(&format!("/Events/{id}"), body).await
}

pub(super) async fn read(crm: &Crm, id: &str) -> Value {
    let answer = crm.get(&format!("/Events/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["data"][0].clone()
}

#[tokio::test]
async fn times_come_back_in_the_callers_zone_and_days_in_utc() {
    let crm = Crm::kind().await;
    let id = made(&crm, meeting("Demo")).await;
    let seen = read(&crm, &id).await;
    assert_eq!(seen["Start_DateTime"], "2026-12-01T06:30:00+03:00");
    assert_eq!(seen["End_DateTime"], "2026-12-01T07:30:00+03:00");
    assert_eq!(seen["All_day"], false);
    assert_eq!(seen["Participants"], json!([]));
    for (name, value) in [
        ("$send_notification", json!(false)),
        ("$recurrence_id", Value::Null),
        ("Remind_At", Value::Null),
    ] {
        assert_eq!(seen[name], value, "{name}");
    }
    assert!(seen["$u_id"].is_string());
    let day = json!({
        "Event_Title": "Fair", "All_day": true, "Start_DateTime": "2026-12-01T00:00:00+03:00",
        "End_DateTime": "2026-12-02T00:00:00+03:00",
    });
    let id = made(&crm, day).await;
    let seen = read(&crm, &id).await;
    assert_eq!(seen["Start_DateTime"], "2026-12-01T00:00:00+00:00");
    assert_eq!(seen["End_DateTime"], "2026-12-02T23:59:59+00:00");
    let back = json!({"Start_DateTime": seen["Start_DateTime"], "End_DateTime": seen["End_DateTime"], "All_day": true});
    assert_eq!(change(&crm, &id, back).await.status, 200);
    assert_eq!(
        read(&crm, &id).await["End_DateTime"],
        seen["End_DateTime"],
        "what was read can be sent back"
    );
}

#[tokio::test]
async fn bad_meetings_are_refused_with_their_place() {
    let crm = Crm::kind().await;
    let long = "x".repeat(256);
    let many = vec![json!({"type": "email", "participant": "a@example.com"}); 51];
    for (name, value, code) in [
        ("Event_Title", Value::Null, "MANDATORY_NOT_FOUND"),
        ("Event_Title", json!(long), "INVALID_DATA"),
        ("Venue", json!(long), "INVALID_DATA"),
        ("Start_DateTime", json!("2026-12-01"), "INVALID_DATA"),
        (
            "Start_DateTime",
            json!("2026-12-01T09:00:00"),
            "INVALID_DATA",
        ),
        (
            "End_DateTime",
            json!("2026-12-01T08:00:00+05:30"),
            "INVALID_DATA",
        ),
        ("All_day", json!("yes"), "INVALID_DATA"),
        ("Participants", json!({}), "INVALID_DATA"),
        ("Participants", json!(many), "LIMIT_EXCEEDED"),
        (
            "Participants",
            json!([{"participant": "a@example.com"}]),
            "MANDATORY_NOT_FOUND",
        ),
        (
            "Participants",
            json!([{"type": "email"}]),
            "MANDATORY_NOT_FOUND",
        ),
        (
            "Participants",
            json!([{"type": "email", "participant": "nobody"}]),
            "INVALID_DATA",
        ),
        (
            "Participants",
            json!([{"type": "contact", "participant": "5725767000009999"}]),
            "INVALID_DATA",
        ),
        (
            "Participants",
            json!([{"type": "user", "participant": "x"}]),
            "INVALID_DATA",
        ),
        (
            "Participants",
            json!([{"type": "group", "participant": "1"}]),
            "INVALID_DATA",
        ),
        ("Remind_At", json!("2026-12-01T08:00:00Z"), "INVALID_DATA"),
        (
            "Remind_At",
            json!([{"unit": 5, "period": "seconds"}]),
            "INVALID_DATA",
        ),
        (
            "Remind_At",
            json!([{"unit": "soon", "period": "minutes"}]),
            "INVALID_DATA",
        ),
        ("What_Id", json!({"id": "1"}), "DEPENDENT_FIELD_MISSING"),
        ("Who_Id", json!({"id": "1"}), "INVALID_DATA"),
        ("$send_notification", json!("true"), "INVALID_DATA"),
    ] {
        let answer = create(&crm, with("Bad", name, value.clone())).await;
        let item = &answer.body["data"][0];
        assert_eq!(
            (answer.status, &item["code"]),
            (400, &json!(code)),
            "{name} {value}: {}",
            answer.text
        );
        assert!(
            text(&item["details"]["json_path"]).starts_with("$.data[0]"),
            "{name}"
        );
    }
    assert_eq!(crm.get("/Events?fields=Event_Title").await.status, 204);
    let id = made(&crm, meeting("Good")).await;
    let early = change(&crm, &id, json!({"End_DateTime": "2026-11-30T00:00:00Z"})).await;
    assert_eq!(
        early.status, 400,
        "measured against the start that is stored"
    );
}

#[tokio::test]
async fn a_rule_is_set_at_creation_and_never_again() {
    let crm = Crm::kind().await;
    let rule = json!({"RRULE": "FREQ=DAILY;UNTIL=2026-12-03"});
    let id = made(&crm, with("Daily", "Recurring_Activity", rule.clone())).await;
    let listed = crm
        .get("/Events?fields=Event_Title,Start_DateTime,$recurrence_id,Recurring_Activity")
        .await;
    let rows = listed.body["data"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "one record for each occurrence");
    let mut starts: Vec<String> = rows
        .iter()
        .map(|row| text(&row["Start_DateTime"]))
        .collect();
    starts.sort();
    assert_eq!(starts[2], "2026-12-03T06:30:00+03:00");
    assert!(
        rows.iter()
            .all(|row| row["$recurrence_id"] == rows[0]["$recurrence_id"]
                && row["$recurrence_id"].is_string())
    );
    let answer = change(&crm, &id, json!({"Recurring_Activity": rule})).await;
    assert_eq!(
        answer.body["data"][0]["details"]["api_name"],
        "Recurring_Activity"
    );
    assert_eq!(answer.status, 400);
    assert_eq!(
        change(&crm, &id, json!({"Venue": "Here"})).await.status,
        200
    );
    let fields = crm.get("/settings/fields?module=Events").await;
    let fields = fields.body["fields"].as_array().unwrap();
    let of = |name: &str| {
        fields
            .iter()
            .find(|field| field["api_name"] == name)
            .unwrap()
    };
    assert_eq!(
        of("Recurring_Activity")["operation_type"]["api_create"],
        true
    );
    assert_eq!(
        of("Recurring_Activity")["operation_type"]["api_update"],
        false
    );
    assert_eq!(of("Remind_At")["data_type"], "multireminder");
    assert_eq!(of("Event_Title")["system_mandatory"], true);
    assert!(
        fields
            .iter()
            .all(|field| !text(&field["api_name"]).starts_with('$'))
    );
}

#[tokio::test]
async fn lists_views_queries_and_channels_know_meetings() {
    let crm = Crm::kind().await;
    let mine = made(
        &crm,
        with(
            "Mine",
            "Remind_At",
            json!([{"unit": 15, "period": "minutes"}]),
        ),
    )
    .await;
    let late = json!({
        "Event_Title": "Late", "Start_DateTime": "2026-12-05T09:00:00Z", "End_DateTime": "2026-12-05T10:00:00Z",
    });
    crm.control(Method::POST, "/records/Events", late).await;
    let (all, own) = (crm.view("All Events").await, crm.view("My Events").await);
    let rows = crm
        .get(&format!("/Events?fields=Event_Title,Remind_At&cvid={all}"))
        .await;
    assert_eq!(rows.body["data"].as_array().unwrap().len(), 2);
    let rows = crm
        .get(&format!("/Events?fields=Event_Title,Remind_At&cvid={own}"))
        .await;
    assert_eq!(
        rows.body["data"],
        json!([{"id": mine, "Event_Title": "Mine", "Remind_At": [{"unit": 15, "period": "minutes"}]}])
    );
    let query = |text: &str| crm.post("/coql", json!({ "select_query": text }));
    let found = query(
        "select id, Event_Title, Start_DateTime from Events where Start_DateTime >= '2026-12-02T00:00:00+03:00' order by Start_DateTime asc limit 0, 10",
    )
    .await;
    assert_eq!(
        found.body["data"].as_array().unwrap().len(),
        1,
        "{}",
        found.text
    );
    assert_eq!(
        found.body["data"][0]["Start_DateTime"],
        "2026-12-05T12:00:00+03:00"
    );
    let refused_query = query("select id, Participants from Events where id > 0").await;
    refused(
        &refused_query,
        400,
        "INVALID_QUERY",
        &json!({"column_name": "Participants"}),
    );
    let upsert = crm
        .post("/Events/upsert", json!({"data": [meeting("Upserted")]}))
        .await;
    refused(&upsert, 400, "INVALID_MODULE", &json!({}));
    let listener = Listener::start(&[]).await;
    let watch = json!({"watch": [{
        "channel_id": "1000000068009", "events": ["Events.all"], "notify_url": listener.url, "token": "t",
    }]});
    let watched = crm.post("/actions/watch", watch).await;
    assert_eq!(
        watched.body["watch"][0]["details"]["events"][0]["resource_name"], "Events",
        "{}",
        watched.text
    );
    change(&crm, &mine, json!({"Venue": "Here"})).await;
    let said = &listener.bodies(1).await[0];
    assert_eq!(
        (&said["module"], &said["ids"]),
        (&json!("Events"), &json!([mine]))
    );
}

#[tokio::test]
async fn the_right_to_see_meetings_can_be_taken_away() {
    let crm = Crm::kind().await;
    made(&crm, meeting("Seen")).await;
    let path = "/permissions/Crm_Implied_View_Events";
    crm.control(
        Method::PUT,
        path,
        json!({"allowed": false, "profile": "Standard"}),
    )
    .await;
    let answer = crm.get("/Events?fields=Event_Title").await;
    refused(
        &answer,
        403,
        "NO_PERMISSION",
        &json!({"permissions": ["Crm_Implied_View_Events"]}),
    );
}
