//! The scenario of two diaries that disagree.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Lab;

async fn seeded(lab: &Lab) -> Value {
    let scenario = json!({"scenario": "two-calendars", "meetings": 6, "seed": 3});
    lab.control(Method::POST, "/seed", scenario).await
}

#[tokio::test]
async fn two_calendars_hold_every_kind_of_meeting() {
    let lab = Lab::unkind().await;
    let answer = seeded(&lab).await;
    assert_eq!(answer["figures"]["on_both"], 6);
    let google = &answer["google"];
    assert_eq!(google["calendar"], "ana@example.com");
    let truth = lab.control(Method::GET, "/truth", Value::Null).await;
    let events = truth["google"]["calendar"]["calendars"]["ana@example.com"]["events"]
        .as_array()
        .unwrap();
    let special = |name: &str| {
        let id = &google["special"][name];
        events
            .iter()
            .find(|event| event["id"] == *id)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    let series = special("series");
    let exceptions: Vec<&Value> = events
        .iter()
        .filter(|event| event["recurringEventId"] == series["id"])
        .collect();
    assert_eq!(exceptions.len(), 2);
    assert!(
        exceptions
            .iter()
            .any(|event| event["status"] == "cancelled")
    );
    assert!(exceptions.iter().any(|event| event["status"] == "confirmed"
        && event["start"]["dateTime"] != event["originalStartTime"]["dateTime"]));
    assert!(special("all day")["start"]["date"].is_string());
    assert_eq!(
        special("other zone")["start"]["timeZone"],
        "America/Vancouver"
    );
    assert_eq!(special("guests")["attendees"].as_array().unwrap().len(), 2);
    assert!(special("no title").get("summary").is_none());
    let zoho = &truth["zoho"]["organisations"][0]["Events"]["records"];
    let zoho = zoho.as_array().unwrap();
    assert_eq!(json!(zoho.len()), answer["zoho"]["events"]);
    let guests = &answer["zoho"]["special"]["guests"];
    let guests = zoho.iter().find(|event| event["id"] == *guests).unwrap();
    assert_eq!(guests["Participants"][0]["Email"], "ben@example.com");
    let titles: Vec<&Value> = zoho.iter().map(|event| &event["Event_Title"]).collect();
    let shared = events
        .iter()
        .filter(|event| titles.contains(&&event["summary"]));
    assert!(shared.count() >= 6);
    let counts = lab.control(Method::GET, "/counts", Value::Null).await;
    assert_eq!(counts["mails"], json!({}));
}

#[tokio::test]
async fn an_unfit_scenario_is_refused() {
    let lab = Lab::kind().await;
    for (body, status) in [
        (
            json!({"scenario": "two-calendars", "meetings": 10_001}),
            400,
        ),
        (json!({"scenario": "two-calendars", "people": 5}), 422),
        (
            json!({"scenario": "two-calendars", "owners": {"google": "nobody@example.com"}}),
            404,
        ),
    ] {
        let answer = lab.try_control(Method::POST, "/seed", body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}
