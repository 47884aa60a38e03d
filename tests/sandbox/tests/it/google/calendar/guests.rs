//! Guests: copies, answers, and every mail that would have been sent.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, EVENTS, meeting, reason, weekly};
use crate::client::mail;
use crate::google::peer::text;

fn with_guests(mut event: Value) -> Value {
    event["attendees"] = json!([
        {"email": "ben@example.com"}, {"email": "carla@example.org"}, {"email": "room@example.com", "resource": true},
    ]);
    event
}

async fn answer_of(diary: &Diary, id: &str, guest: &str) -> String {
    let event = diary.get(&format!("/{id}")).await;
    let attendees = event["attendees"].as_array().unwrap().clone();
    let guest = attendees
        .iter()
        .find(|attendee| attendee["email"] == guest)
        .unwrap();
    text(guest, "responseStatus")
}

#[tokio::test]
async fn nobody_gets_mail_unless_the_call_says_so() {
    let diary = Diary::kind().await;
    let id = text(&diary.insert(with_guests(meeting("Quiet", 1))).await, "id");
    let path = format!("/{id}?sendUpdates=none");
    diary
        .ok(Method::PATCH, &path, json!({"summary": "Still quiet"}))
        .await;
    diary.ok(Method::DELETE, &path, Value::Null).await;
    assert!(diary.mails().await.is_empty());
    let counts = diary
        .peer
        .lab
        .control(Method::GET, "/counts", Value::Null)
        .await;
    assert_eq!(counts["mails"]["google"], 0);
    let bad = diary
        .on(Method::POST, "?sendUpdates=some", meeting("Bad", 1))
        .await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn every_mail_is_counted_by_recipient_with_its_call() {
    let diary = Diary::kind().await;
    let made = diary
        .ok(
            Method::POST,
            "?sendUpdates=all",
            with_guests(meeting("Loud", 1)),
        )
        .await;
    assert_eq!(
        diary.mails().await,
        [
            mail("ben@example.com", "invitation"),
            mail("carla@example.org", "invitation")
        ]
    );
    let path = format!("/{}?sendUpdates=all", text(&made, "id"));
    diary
        .ok(
            Method::PATCH,
            &path,
            json!({"reminders": {"useDefault": false}}),
        )
        .await;
    assert_eq!(
        diary.mails().await.len(),
        2,
        "nothing that guests would see"
    );
    let patch = json!({"location": "Room 2", "attendees": [{"email": "carla@example.org"}, {"email": "dan@example.net"}]});
    diary.ok(Method::PATCH, &path, patch).await;
    let mails = diary.mails().await;
    for expected in [
        mail("ben@example.com", "cancellation"),
        mail("carla@example.org", "update"),
        mail("dan@example.net", "invitation"),
    ] {
        assert!(mails.contains(&expected), "{expected:?} in {mails:?}");
    }
    diary.ok(Method::DELETE, &path, Value::Null).await;
    assert_eq!(diary.mails().await.len(), 7);
    let all = diary
        .peer
        .lab
        .control(
            Method::GET,
            "/mails?recipient=dan@example.net&after=0",
            Value::Null,
        )
        .await;
    let first = &all["mails"][0];
    assert_eq!(first["method"], "calendar.events.patch");
    assert_eq!(first["record"], made["id"]);
    assert_eq!(first["account"], "ana@example.com");
    let journal = diary
        .peer
        .lab
        .control(Method::GET, "/journal", Value::Null)
        .await;
    let entries = journal["entries"].as_array().unwrap();
    let call = entries
        .iter()
        .find(|entry| entry["number"] == first["call"])
        .unwrap();
    assert_eq!(call["method"], "calendar.events.patch");
}

#[tokio::test]
async fn external_only_mails_other_domains() {
    let diary = Diary::kind().await;
    diary
        .ok(
            Method::POST,
            "?sendUpdates=externalOnly",
            with_guests(meeting("Half", 1)),
        )
        .await;
    assert_eq!(
        diary.mails().await,
        [mail("carla@example.org", "invitation")]
    );
    diary
        .ok(
            Method::POST,
            "?sendNotifications=true",
            with_guests(meeting("Old", 2)),
        )
        .await;
    assert_eq!(diary.mails().await.len(), 3);
}

#[tokio::test]
async fn a_guests_copy_follows_the_organizers_and_answers_go_back() {
    let diary = Diary::kind().await;
    let ben = diary.peer.token_of(1).await;
    let id = text(&diary.insert(with_guests(weekly("Shared", 1))).await, "id");
    let path = format!("{EVENTS}/{id}");
    let as_ben = async |method: Method, path: &str, body: Value| {
        diary.peer.call_as(&ben, method, path, body).await
    };
    let copy = as_ben(Method::GET, &path, Value::Null).await.body;
    assert_eq!(copy["organizer"], json!({"email": "ana@example.com"}));
    assert_eq!(copy["attendees"][0]["self"], true);
    let own = json!({
        "extendedProperties": {"private": {"ben": "1"}}, "colorId": "3",
        "attendees": [{"email": "ben@example.com", "responseStatus": "accepted"}],
    });
    let answered = as_ben(Method::PATCH, &format!("{path}?sendUpdates=all"), own).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    assert_eq!(
        answered.body["attendees"].as_array().unwrap().len(),
        3,
        "guests cannot drop guests"
    );
    assert_eq!(answer_of(&diary, &id, "ben@example.com").await, "accepted");
    assert_eq!(diary.mails().await, [mail("ana@example.com", "response")]);
    assert!(
        diary
            .get(&format!("/{id}"))
            .await
            .get("extendedProperties")
            .is_none()
    );
    let shared = as_ben(Method::PATCH, &path, json!({"guestsCanModify": true})).await;
    assert_eq!(
        reason(&shared),
        (403, "forbiddenForNonOrganizer".to_owned())
    );
    let instance = format!("/{id}_20261208T080000Z");
    diary
        .ok(Method::PATCH, &instance, json!({"summary": "Only once"}))
        .await;
    diary
        .ok(
            Method::PATCH,
            &format!("/{id}"),
            json!({"location": "Room 3"}),
        )
        .await;
    let copy = as_ben(Method::GET, &path, Value::Null).await.body;
    assert_eq!(
        (&copy["location"], &copy["colorId"]),
        (&json!("Room 3"), &json!("3"))
    );
    assert_eq!(copy["extendedProperties"]["private"]["ben"], "1");
    let once = as_ben(Method::GET, &format!("{EVENTS}{instance}"), Value::Null)
        .await
        .body;
    assert_eq!(once["summary"], "Only once");
    assert_eq!(as_ben(Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(answer_of(&diary, &id, "ben@example.com").await, "declined");
}

#[tokio::test]
async fn a_silent_deletion_leaves_the_guests_copies_alive() {
    let diary = Diary::kind().await;
    let ben = diary.peer.token_of(1).await;
    for (notify, expected) in [("none", "confirmed"), ("all", "cancelled")] {
        let id = text(&diary.insert(with_guests(meeting("Shared", 1))).await, "id");
        diary
            .ok(
                Method::DELETE,
                &format!("/{id}?sendUpdates={notify}"),
                Value::Null,
            )
            .await;
        let path = format!("{EVENTS}/{id}");
        let copy = diary
            .peer
            .call_as(&ben, Method::GET, &path, Value::Null)
            .await;
        assert_eq!(copy.body["status"], expected, "{notify}");
    }
}
