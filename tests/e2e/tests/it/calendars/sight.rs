//! What is said in another way on the other side, or not at all.

use serde_json::{Value, json};

use crate::{
    diaries::{MEETINGS, hour, id, meetings},
    house::House,
    people::with,
};

fn popups(event: &Value) -> Vec<u64> {
    let reminders = event["reminders"]["overrides"].as_array().unwrap().iter();
    let of = reminders.filter(|one| one["method"] == "popup");
    let mut minutes: Vec<u64> = of.map(|one| one["minutes"].as_u64().unwrap()).collect();
    minutes.sort_unstable();
    minutes
}

// proves: ZGE-08
#[tokio::test]
async fn one_pop_up_goes_to_the_crm_and_its_edit_leaves_the_others_alone() {
    let mut house = House::with_meetings("").await;
    let reminders = json!([
        { "method": "popup", "minutes": 10 }, { "method": "popup", "minutes": 60 },
        { "method": "popup", "minutes": 1440 }, { "method": "email", "minutes": 30 },
    ]);
    let more =
        json!({ "summary": "Demo", "reminders": { "useDefault": false, "overrides": reminders } });
    let when = hour("2031-03-11T09:00:00", "Europe/Vienna");
    house.calendar().adds(with(when, more)).await;
    house.rests().await;
    let row = house.crm().only("Demo").await;
    assert_eq!(
        row["Remind_At"],
        json!([{ "unit": 10, "period": "minutes" }])
    );

    let edit = json!({ "Remind_At": [{ "unit": 20, "period": "minutes" }] });
    house.crm().edits(&id(&row), edit).await;
    house.rests().await;
    let event = house.calendar().only("Demo").await;
    assert_eq!(popups(&event), [20, 60, 1440], "{event}");
    let mails = event["reminders"]["overrides"].to_string();
    assert!(mails.contains("email"), "{mails}");

    // None at all in the CRM: only that one goes.
    house
        .crm()
        .edits(&id(&row), json!({ "Remind_At": null }))
        .await;
    house.rests().await;
    let event = house.calendar().only("Demo").await;
    let left = popups(&event);
    assert!(left.contains(&60) && left.contains(&1440), "{event}");
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-09, R-18
#[tokio::test]
async fn an_event_without_a_title_is_not_provided_in_the_crm_alone() {
    let mut house = House::with_meetings("").await;
    let when = hour("2031-03-11T09:00:00", "Europe/Vienna");
    let event = house.calendar().adds(when).await;
    house.rests().await;
    let row = house.crm().only("Not Provided").await;
    house
        .crm()
        .edits(&id(&row), json!({ "Venue": "Room 1" }))
        .await;
    house.rests().await;
    let untitled = house.calendar().all().await.remove(0);
    assert_eq!(
        (untitled.get("summary"), &untitled["location"]),
        (None, &json!("Room 1"))
    );

    // A title that somebody gives travels, and so does its being taken away.
    house
        .crm()
        .edits(&id(&row), json!({ "Event_Title": "Lunch" }))
        .await;
    house.rests().await;
    assert_eq!(id(&house.calendar().only("Lunch").await), event);
    house
        .calendar()
        .edits(&event, json!({ "summary": null }))
        .await;
    house.rests().await;
    house.crm().only("Not Provided").await;
    assert!(house.calendar().all().await[0].get("summary").is_none());
}

// proves: BEY-17
#[tokio::test]
async fn a_private_event_is_skipped_a_busy_block_or_whole_as_the_sync_says() {
    let private = json!({
        "summary": "Doctor", "location": "Clinic", "description": "Knee", "visibility": "private",
    });
    let when = || hour("2031-03-11T09:00:00", "Europe/Vienna");
    for word in ["skip", "busy", "full"] {
        let mut house = House::kind(0).await;
        house.calendar().adds(with(when(), private.clone())).await;
        house
            .system
            .apply(&meetings(&format!("private: {word}")))
            .await
            .unwrap();
        house.rests().await;
        let rows = house.crm().all().await;
        match word {
            "skip" => assert!(rows.is_empty(), "{rows:?}"),
            "busy" => {
                assert_eq!(rows.len(), 1);
                assert_eq!(rows[0]["Start_DateTime"], "2031-03-11T08:00:00Z");
                let told = json!(rows).to_string();
                for secret in ["Doctor", "Clinic", "Knee"] {
                    assert!(!told.contains(secret), "{told}");
                }
            }
            _ => assert_eq!(
                (
                    &rows[0]["Event_Title"],
                    &rows[0]["Venue"],
                    &rows[0]["Description"]
                ),
                (&json!("Doctor"), &json!("Clinic"), &json!("Knee"))
            ),
        }
        let is_kept = house.tables_with("Clinic").await > 0;
        assert_eq!(is_kept, word == "full", "{word}");
        let event = house.calendar().only("Doctor").await;
        assert_eq!(event["location"], "Clinic", "Google's own stays whole");
    }
}

// proves: ZGE-01
#[tokio::test]
async fn only_calendars_that_can_be_read_and_written_are_offered() {
    let house = House::kind(0).await;
    let sandbox = &house.system.sandbox;
    for (name, role) in [
        ("Readable", "reader"),
        ("Busy only", "freeBusyReader"),
        ("Shared", "writer"),
    ] {
        let made = json!({ "summary": name });
        let made = sandbox
            .post("google/calendars?account=ben@example.com", &made)
            .await
            .unwrap();
        let calendar = made["id"].as_str().unwrap();
        let share = json!({ "role": role });
        let path =
            format!("google/calendars/{calendar}/roles/ana@example.com?account=ben@example.com");
        sandbox.put(&path, &share).await.unwrap();
        let path = format!("google/calendars/{calendar}/entry");
        sandbox.put(&path, &json!({})).await.unwrap();
    }
    for (name, is_offered) in [("Readable", false), ("Busy only", false), ("Shared", true)] {
        let right =
            format!("right: {{ connection: ana-google, collection: {{ calendar: {name} }} }}");
        let yaml = meetings("").replace("right: { connection: ana-google }", &right);
        let file = house.system.folder.join("offered.yaml");
        std::fs::write(&file, yaml).unwrap();
        let words = ["apply", "-f", &file.to_string_lossy()];
        if is_offered {
            house.system.rapport(&words).await.unwrap();
        } else {
            let (_, said) = house.system.rapport_fails(&words).await.unwrap();
            let (why, offered) = said.split_once("; there are: ").unwrap();
            let none = format!("connection \"ana-google\" has no calendar \"{name}\"");
            assert!(why.contains(&none), "{said}");
            assert!(offered.contains("Shared"), "{said}");
            for never in ["Readable", "Busy only"] {
                assert!(!offered.contains(never), "{said}");
            }
        }
    }
    house.system.sync_id(MEETINGS).await.unwrap();
}
