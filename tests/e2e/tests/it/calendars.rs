//! Zoho CRM's meetings and a Google calendar.

mod alone;
mod apart;
mod exceptions;
mod first;
mod guests;
mod notified;
mod odd;
mod reminders;
mod rights;
mod series;
mod sight;
mod window;

use std::time::Duration;

use serde_json::{Value, json};
use test_kit::eventually;

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id, meetings},
    house::House,
    people::with,
};

/// Long enough for a push, and much shorter than the wait for the next run.
const PUSHED: Duration = Duration::from_secs(40);

fn some(wanted: bool, found: impl std::fmt::Debug) -> Result<(), String> {
    wanted.then_some(()).ok_or_else(|| format!("{found:?}"))
}

async fn channels(house: &House, provider: &str) -> usize {
    let path = format!("{provider}/channels");
    let channels = house.system.sandbox.get(&path).await.unwrap();
    channels["channels"].as_array().map_or(0, Vec::len)
}

/// A sync that looks only every five minutes, unless it is told of something; its first run is over.
async fn pushed() -> House {
    let house = House::new(0).await;
    let seldom = meetings("").replace("frequency_seconds: 1\n", "frequency_seconds: 300\n");
    house.system.apply(&seldom).await.unwrap();
    eventually("the first run is over", PUSHED, async || {
        let status = house.system.status(MEETINGS).await;
        let status = status.map_err(|error| format!("{error:#}"))?;
        let over = status.phase == "live" && status.last_run_at_micros.is_some();
        some(over && status.open_writes == 0, status)
    })
    .await;
    for provider in ["zoho", "google"] {
        eventually("a channel is open", PUSHED, async || {
            channels(&house, provider).await > 0
        })
        .await;
    }
    house
}

/// What a test of the fields looks at on Google.
fn shown(event: &Value) -> Value {
    let time = |name: &str| {
        let time = &event[name];
        json!([time["date"], time["dateTime"], time["timeZone"]])
    };
    json!({
        "location": event["location"], "description": event["description"],
        "start": time("start"), "end": time("end"), "reminders": event["reminders"]["overrides"],
    })
}

/// All that the CRM's meetings have is on Google, at the same time.
async fn google_shows_all(house: &House) {
    eventually("the CRM's are on Google", PUSHED, async || {
        let found = house.calendar().all().await;
        some(found.len() == 4, found)
    })
    .await;
    assert_eq!(
        shown(&house.calendar().only("Review").await),
        json!({
            "location": "Room 1", "description": "Slides",
            "start": [null, "2031-03-10T07:00:00Z", "Europe/Istanbul"],
            "end": [null, "2031-03-10T07:59:00Z", "Europe/Istanbul"],
            "reminders": [{ "method": "popup", "minutes": 15 }],
        })
    );
    let attendees = house.calendar().only("Review").await["attendees"].clone();
    assert_eq!(attendees[0]["email"], "eve@example.net");
    let fair = house.calendar().only("Fair").await;
    assert_eq!(
        (&fair["start"]["date"], &fair["end"]["date"]),
        (&json!("2031-03-12"), &json!("2031-03-14"))
    );
}

/// All that Google's events have is in the CRM, at the same time.
async fn crm_shows_all(house: &House) {
    eventually("Google's are in the CRM", PUSHED, async || {
        let found = house.crm().all().await;
        some(found.len() == 4, found)
    })
    .await;
    let row = house.crm().only("Demo").await;
    assert_eq!(
        json!([
            row["Venue"],
            row["Description"],
            row["Start_DateTime"],
            row["Remind_At"]
        ]),
        json!([
            "Room 2", "Bring cables", "2031-03-11T13:00:00Z", [{ "unit": 10, "period": "minutes" }]
        ])
    );
    assert_eq!(row["Participants"][0]["Email"], "carla@example.org");
    let row = house.crm().only("Retreat").await;
    assert_eq!(
        json!([row["All_day"], row["Start_DateTime"], row["End_DateTime"]]),
        json!([true, "2031-04-01T00:00:00Z", "2031-04-03T23:59:59Z"])
    );
}

// proves: ZGE-05, ZGE-11, P9
#[tokio::test]
async fn a_meeting_made_edited_and_deleted_on_either_side_is_so_on_the_other_by_push() {
    let house = pushed().await;
    let guests = json!([{ "type": "email", "participant": "eve@example.net" }]);
    let more = json!({
        "Venue": "Room 1", "Description": "Slides", "Participants": guests,
        "Remind_At": [{ "unit": 15, "period": "minutes" }],
    });
    let review = crm_hour("2031-03-10T07:00:00Z");
    house.crm().adds("Review", review, more).await;
    let days = json!({
        "All_day": true, "Start_DateTime": "2031-03-12T00:00:00Z", "End_DateTime": "2031-03-13T23:59:59Z",
    });
    house.crm().adds("Fair", days, json!({})).await;
    let new_york = hour("2031-03-11T09:00:00", "America/New_York");
    let more = json!({
        "summary": "Demo", "location": "Room 2", "description": "Bring cables",
        "attendees": [{ "email": "carla@example.org" }],
        "reminders": { "useDefault": false, "overrides": [{ "method": "popup", "minutes": 10 }] },
    });
    house.calendar().adds(with(new_york, more)).await;
    let days = json!({
        "summary": "Retreat", "start": { "date": "2031-04-01" }, "end": { "date": "2031-04-04" },
    });
    let retreat = house.calendar().adds(days).await;

    google_shows_all(&house).await;
    crm_shows_all(&house).await;

    // Edits: what is moved stays on the clock by which it was planned.
    let row = id(&house.crm().only("Demo").await);
    let later = with(
        crm_hour("2031-03-11T15:00:00Z"),
        json!({ "Venue": "Room 3" }),
    );
    house.crm().edits(&row, later).await;
    let copy = id(&house.calendar().only("Review").await);
    let later = hour("2031-03-10T12:00:00", "Europe/Istanbul");
    let later = with(later, json!({ "description": "No slides" }));
    house.calendar().edits(&copy, later).await;
    eventually("the CRM's edit is on Google", PUSHED, async || {
        let event = shown(&house.calendar().only("Demo").await);
        let start = json!([null, "2031-03-11T15:00:00Z", "America/New_York"]);
        some(
            event["start"] == start && event["location"] == "Room 3",
            event,
        )
    })
    .await;
    eventually("Google's edit is in the CRM", PUSHED, async || {
        let row = house.crm().only("Review").await;
        let is =
            row["Start_DateTime"] == "2031-03-10T09:00:00Z" && row["Description"] == "No slides";
        some(is, row)
    })
    .await;

    // Deletions. The CRM's own people delete what somebody of the CRM made, and the other way round.
    house.crm().deletes(&row).await;
    house.calendar().deletes(&retreat).await;
    let fair = id(&house.calendar().only("Fair").await);
    house.calendar().deletes(&fair).await;
    eventually("they are gone on both sides", PUSHED, async || {
        let left: Vec<Value> = house
            .crm()
            .all()
            .await
            .iter()
            .map(|row| row["Event_Title"].clone())
            .collect();
        let right: Vec<Value> = house
            .calendar()
            .all()
            .await
            .iter()
            .map(|event| event["summary"].clone())
            .collect();
        let review = [json!("Review")];
        some(left == review && right == review, (left, right))
    })
    .await;
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-02
#[tokio::test]
async fn a_one_way_sync_of_meetings_writes_one_side_only() {
    for (direction, goes) in [("left-to-right", "google"), ("right-to-left", "zoho")] {
        let mut house = House::kind(0).await;
        let review = crm_hour("2031-03-10T07:00:00Z");
        house.crm().adds("Review", review, json!({})).await;
        let demo = hour("2031-03-11T09:00:00", "Europe/Vienna");
        let demo = with(demo, json!({ "summary": "Demo" }));
        house.calendar().adds(demo).await;
        let began = house.now().await;
        let one_way = format!("{}  direction: {direction}\n", meetings(""));
        house.system.apply(&one_way).await.unwrap();
        house.rests().await;
        let (left, right) = (house.crm().all().await, house.calendar().all().await);
        let written = (
            house.written_to_zoho(began).await.len(),
            house.events_written(began).await.len(),
        );
        let expected = if goes == "google" {
            ((1, 2), (0, 1))
        } else {
            ((2, 1), (1, 0))
        };
        assert_eq!(
            ((left.len(), right.len()), written),
            expected,
            "{direction}"
        );
    }
    // Both ways is the recipe's own choice.
    let mut house = House::kind(0).await;
    let review = crm_hour("2031-03-10T07:00:00Z");
    house.crm().adds("Review", review, json!({})).await;
    let demo = hour("2031-03-11T09:00:00", "Europe/Vienna");
    house
        .calendar()
        .adds(with(demo, json!({ "summary": "Demo" })))
        .await;
    house.system.apply(&meetings("")).await.unwrap();
    house.rests().await;
    house.crm().only("Demo").await;
    house.calendar().only("Review").await;
}

// proves: ZGE-05
#[tokio::test]
async fn what_no_push_tells_is_found_by_looking() {
    let mut house = House::kind(0).await;
    let lost = json!({ "callback_drop_rate": 1.0 });
    house
        .system
        .sandbox
        .patch("zoho/settings", &lost)
        .await
        .unwrap();
    let lost = json!({ "calendar": { "notification_drop_rate": 1.0 } });
    house
        .system
        .sandbox
        .patch("google/settings", &lost)
        .await
        .unwrap();
    house.system.apply(&meetings("")).await.unwrap();
    house.rests().await;
    let review = crm_hour("2031-03-10T07:00:00Z");
    house.crm().adds("Review", review, json!({})).await;
    let demo = hour("2031-03-11T09:00:00", "Europe/Vienna");
    house
        .calendar()
        .adds(with(demo, json!({ "summary": "Demo" })))
        .await;
    house.rests().await;
    house.crm().only("Demo").await;
    house.calendar().only("Review").await;
    let told =
        house.marks("zoho.callbacks_taken").await + house.marks("google.notifications_taken").await;
    assert_eq!(told, 0);
}
