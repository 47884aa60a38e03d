//! Meetings that the other side cannot hold, and rows that are none.

use serde_json::{Value, json};

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id},
    house::House,
    people::with,
};

/// An event of an hour that takes place on a day of March by the clock of this zone.
async fn adds(house: &House, title: &str, day: u8, zone: &str, more: Value) -> String {
    let when = hour(&format!("2031-03-{day:02}T10:00:00"), zone);
    let event = with(with(when, json!({ "summary": title })), more);
    house.calendar().adds(event).await
}

fn recurs(lines: &[&str]) -> Value {
    json!({ "recurrence": lines })
}

const HERE: &str = "Europe/Istanbul";

// proves: BEY-09
#[tokio::test]
async fn what_the_crm_cannot_hold_is_set_aside_with_the_reason_and_the_rest_is_synced() {
    let mut house = House::kind(0).await;
    let title = "x".repeat(10_000);
    let crowd: Vec<Value> = (0..60)
        .map(|number| json!({ "email": format!("guest{number}@example.org") }))
        .collect();
    let hourly = ["RRULE:FREQ=HOURLY;COUNT=3"];
    let never = ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3"];
    let several = ["RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=MONTHLY;COUNT=3"];
    let weekly = recurs(&["RRULE:FREQ=WEEKLY;COUNT=3"]);
    let (none, more) = (json!({}), json!({ "attendees": crowd }));
    let crowd = adds(&house, "Crowd", 3, HERE, more).await;
    let long = adds(&house, &title, 4, HERE, none.clone()).await;
    let odd = [
        (long.clone(), "title"),
        (
            adds(&house, "Never", 6, HERE, recurs(&never)).await,
            "recurrence",
        ),
        (
            adds(&house, "Several", 7, HERE, recurs(&several)).await,
            "recur",
        ),
    ];
    // A rule that the CRM has not, and a clock that is put forward in spring, as Istanbul's is not: both are synced
    // as single meetings.
    adds(&house, "Hourly", 5, HERE, recurs(&hourly)).await;
    adds(&house, "Elsewhere", 8, "Europe/Vienna", weekly.clone()).await;
    adds(&house, "Good", 10, HERE, none.clone()).await;
    adds(&house, "Weekly", 11, HERE, weekly).await;
    let when = crm_hour("2031-03-12T07:00:00Z");
    house.crm().adds("Fine", when, none).await;
    let policy = crate::diaries::meetings("recurrence: sync");
    house.system.apply(&policy).await.unwrap();
    let counts = house.rests().await.counts.unwrap();

    for (id, word) in &odd {
        let (state, reason) = house.state_in(MEETINGS, id).await;
        assert_eq!(state, "set aside", "{word}: {reason}");
        assert!(reason.contains(word), "{word}: {reason}");
        assert!(!reason.contains("xxxx"), "no value: {reason}");
    }
    // Of sixty, the CRM has the fifty that it can hold; the others stay on Google, and that is said.
    let (state, reason) = house.state_in(MEETINGS, &crowd).await;
    assert_eq!(state, "set aside", "{reason}");
    assert!(reason.contains("participants"), "{reason}");
    let row = house.crm().only("Crowd").await;
    assert_eq!(row["Participants"].as_array().unwrap().len(), 50);
    let event = house.calendar().only("Crowd").await;
    assert_eq!(event["attendees"].as_array().unwrap().len(), 60);
    assert_eq!(counts.set_aside, odd.len() as u64 + 1, "{counts:?}");
    assert_eq!((counts.in_sync, counts.in_scope), (9, 13), "{counts:?}");
    house.crm().only("Good").await;
    house.calendar().only("Fine").await;
    for title in ["Weekly", "Hourly", "Elsewhere"] {
        assert_eq!(house.crm().titled(title).await.len(), 3, "{title}");
    }
    assert_eq!(house.crm().all().await.len(), 12);

    // Edits travel to the crowd's event and leave everybody there; what is mended is synced.
    let edit = json!({ "Venue": "Hall" });
    house.crm().edits(&id(&row), edit).await;
    let edit = json!({ "summary": "Short" });
    house.calendar().edits(&long, edit).await;
    house.rests().await;
    let event = house.calendar().only("Crowd").await;
    assert_eq!(event["location"], "Hall");
    assert_eq!(event["attendees"].as_array().unwrap().len(), 60);
    house.crm().only("Short").await;
    assert_eq!(house.state_in(MEETINGS, &long).await.0, "in sync");
    assert_eq!(house.mails().await, 0);
}

// proves: BEY-09
#[tokio::test]
async fn a_row_that_is_no_meeting_is_set_aside_and_harms_no_other() {
    let mut house = House::with_meetings("").await;
    let row = |id: &str, start: &str, end: &str| {
        json!({
            "id": id, "Event_Title": "Odd", "Start_DateTime": start, "End_DateTime": end,
            "Modified_Time": "2026-11-23T09:00:00+03:00", "Created_Time": "2026-11-23T09:00:00+03:00",
        })
    };
    let rows = [
        row(
            "554023000009999001",
            "2031-03-10T10:00:00+03:00",
            "2031-03-10T09:00:00+03:00",
        ),
        row("554023000009999002", "at noon", "2031-03-10T09:00:00+03:00"),
    ];
    // The CRM's list shows them once.
    let shown = json!({
        "provider": "zoho", "method": "Events.getRecords", "times": 1,
        "fault": {
            "kind": "status", "status": 200,
            "body": { "data": rows, "info": { "count": 2, "more_records": false, "per_page": 200 } },
        },
    });
    house.system.sandbox.post("faults", &shown).await.unwrap();
    let when = crm_hour("2031-03-12T07:00:00Z");
    house.crm().adds("Fine", when, json!({})).await;
    let both = |status: &proto::reconcile::StatusResponse| {
        status.counts.is_some_and(|counts| counts.set_aside == 2)
    };
    house.until_of(MEETINGS, "both are set aside", both).await;
    house.rests().await;
    house.calendar().only("Fine").await;
    let (state, reason) = house.state_in(MEETINGS, "554023000009999001").await;
    assert_eq!(state, "set aside", "{reason}");
    assert!(reason.contains("end"), "{reason}");
    assert!(house.calendar().titled("Odd").await.is_empty());
    assert_eq!(house.mails().await, 0);
}
