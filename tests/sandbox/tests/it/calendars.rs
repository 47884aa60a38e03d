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
    let crowd = &special("many guests")["attendees"];
    assert_eq!(crowd.as_array().unwrap().len(), 60);
    let reminders = special("several reminders")["reminders"]["overrides"].to_string();
    assert_eq!(reminders.matches("popup").count(), 3);
    assert_eq!(reminders.matches("email").count(), 1);
    assert_eq!(
        special("default reminders")["reminders"]["useDefault"],
        true
    );
    assert!(special("no title").get("summary").is_none());
    let zoho = &truth["zoho"]["organisations"][0]["Events"]["records"];
    let zoho = zoho.as_array().unwrap();
    assert_eq!(json!(zoho.len()), answer["zoho"]["events"]);
    let guests = &answer["zoho"]["special"]["guests"];
    let guests = zoho.iter().find(|event| event["id"] == *guests).unwrap();
    assert_eq!(guests["Participants"][0]["Email"], "ben@example.com");
    let crowd = &answer["zoho"]["special"]["many guests"];
    let crowd = zoho.iter().find(|event| event["id"] == *crowd).unwrap();
    let crowd = crowd["Participants"].as_array().unwrap();
    assert_eq!(crowd.len(), 50, "as many as the CRM holds");
    assert_eq!(crowd[2]["type"], "email");
    let first = &answer["zoho"]["special"]["series"];
    let first = zoho.iter().find(|event| event["id"] == *first).unwrap();
    let of_series = |event: &&Value| event["$recurrence_id"] == first["$recurrence_id"];
    assert_eq!(zoho.iter().filter(of_series).count(), 7);
    assert!(first["Recurring_Activity"]["EXDATE"].is_string());
    let titles: Vec<&Value> = zoho.iter().map(|event| &event["Event_Title"]).collect();
    let shared = events
        .iter()
        .filter(|event| titles.contains(&&event["summary"]));
    assert!(shared.count() >= 6);
    let counts = lab.control(Method::GET, "/counts", Value::Null).await;
    assert_eq!(counts["mails"], json!({}));
}

#[tokio::test]
async fn a_colleague_shares_a_calendar_and_an_invitation() {
    let lab = Lab::unkind().await;
    let google = seeded(&lab).await["google"].take();
    let truth = lab.control(Method::GET, "/truth", Value::Null).await;
    let calendars = &truth["google"]["calendar"]["calendars"];
    let shared = google["read_only"]["calendar"].as_str().unwrap();
    assert_eq!(calendars[shared]["roles"]["ana@example.com"], "reader");
    assert_eq!(calendars[shared]["owner"], "ben@example.com");
    let lists = &truth["google"]["calendar"]["lists"]["ana@example.com"];
    assert!(lists.as_array().unwrap().contains(&json!(shared)));
    let invitation = &google["second_mailbox"]["invitation"];
    assert_eq!(google["special"]["invitation"], *invitation);
    let copies: Vec<&Value> = ["ana@example.com", "ben@example.com"]
        .iter()
        .flat_map(|calendar| calendars[*calendar]["events"].as_array().unwrap())
        .filter(|event| event["id"] == *invitation)
        .collect();
    assert_eq!(copies.len(), 2);
    assert_eq!(copies[0]["iCalUID"], copies[1]["iCalUID"]);
    assert_eq!(copies[0]["organizer"]["email"], "ben@example.com");
}

#[tokio::test]
async fn some_meetings_lie_outside_a_window_of_three_months() {
    let lab = Lab::kind().await;
    let answer = seeded(&lab).await;
    let truth = lab.control(Method::GET, "/truth", Value::Null).await;
    let google = &truth["google"]["calendar"]["calendars"]["ana@example.com"]["events"];
    let zoho = &truth["zoho"]["organisations"][0]["Events"]["records"];
    let now = jiff::Timestamp::now();
    for (events, special, start) in [
        (google, &answer["google"]["special"], "/start/dateTime"),
        (zoho, &answer["zoho"]["special"], "/Start_DateTime"),
    ] {
        for (name, sign) in [("long ago", -1), ("far ahead", 1)] {
            let events = events.as_array().unwrap();
            let event = events.iter().find(|event| event["id"] == special[name]);
            let at = event.unwrap().pointer(start).unwrap().as_str().unwrap();
            let away = at.parse::<jiff::Timestamp>().unwrap().duration_since(now);
            assert!(away.as_hours() * sign > 100 * 24, "{name}: {at}");
        }
    }
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
