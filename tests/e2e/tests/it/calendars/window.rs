//! How far back a sync looks, and how many meetings a run writes.

use jiff::{SignedDuration, Timestamp};
use proto::reconcile::StatusResponse;
use serde_json::{Value, json};

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id, meetings},
    house::House,
    people::with,
};

/// The titles on both sides, which are the same.
async fn titles(house: &House) -> Vec<String> {
    let of = |records: &[Value], name: &str| {
        let mut titles: Vec<String> = records
            .iter()
            .map(|one| one[name].as_str().unwrap().to_owned())
            .collect();
        titles.sort();
        titles
    };
    let left = of(&house.crm().all().await, "Event_Title");
    let right = of(&house.calendar().all().await, "summary");
    assert_eq!(left, right);
    left
}

async fn state(house: &House, id: &str) -> (String, String) {
    house.state_in(MEETINGS, id).await
}

fn left_out() -> (String, String) {
    ("excluded".to_owned(), "left the scope".to_owned())
}

/// A time of Google's, and one of the CRM's, that was over so many days ago.
fn days_ago(days: i64) -> (Value, Value) {
    let end = Timestamp::now() - SignedDuration::from_hours(24 * days);
    let start = (end - SignedDuration::from_hours(1)).strftime("%Y-%m-%dT%H:%M:%SZ");
    let (start, end) = (start.to_string(), end.strftime("%Y-%m-%dT%H:%M:%SZ"));
    let end = end.to_string();
    (
        json!({ "start": { "dateTime": start }, "end": { "dateTime": end } }),
        json!({ "Start_DateTime": start, "End_DateTime": end }),
    )
}

// proves: ZGE-04
#[tokio::test]
async fn what_ended_before_the_window_takes_no_part_until_it_is_moved_into_it() {
    let mut house = House::kind(0).await;
    let long_ago = || hour("2020-03-11T09:00:00", "Europe/Vienna");
    let old = with(long_ago(), json!({ "summary": "Old" }));
    let old = house.calendar().adds(old).await;
    let ahead = hour("2031-03-11T09:00:00", "Europe/Vienna");
    let ahead = with(ahead, json!({ "summary": "Ahead" }));
    house.calendar().adds(ahead).await;
    let ancient = crm_hour("2020-03-12T07:00:00Z");
    let ancient = house.crm().adds("Ancient", ancient, json!({})).await;
    let narrow = meetings("past_days: 30");
    house.system.apply(&narrow).await.unwrap();
    house.rests().await;
    assert!(house.crm().titled("Old").await.is_empty());
    assert!(house.calendar().titled("Ancient").await.is_empty());
    house.crm().only("Ahead").await;

    // Into it, from either side.
    let soon = hour("2031-05-11T09:00:00", "Europe/Vienna");
    house.calendar().edits(&old, soon).await;
    let soon = crm_hour("2031-05-12T07:00:00Z");
    house.crm().edits(&ancient, soon).await;
    house.rests().await;
    let all = ["Ahead", "Ancient", "Old"];
    assert_eq!(titles(&house).await, all);
    let copy = id(&house.crm().only("Old").await);

    // Out of it again, from either side: nothing is deleted, and what is deleted out there deletes nothing.
    house.calendar().edits(&old, long_ago()).await;
    let past = crm_hour("2020-03-12T07:00:00Z");
    house.crm().edits(&ancient, past).await;
    house.rests().await;
    assert_eq!(titles(&house).await, all);
    for record in [&old, &ancient] {
        assert_eq!(state(&house, record).await, left_out());
    }
    let began = house.now().await;
    house.crm().edits(&copy, json!({ "Venue": "Room 1" })).await;
    house.crm().deletes(&ancient).await;
    house.rests().await;
    house.calendar().only("Ancient").await;
    let to_google = house.events_written(began).await;
    assert!(to_google.is_empty(), "{to_google:?}");

    // Back in it, what happened meanwhile travels, and it is the same meeting.
    let soon = hour("2031-05-18T09:00:00", "Europe/Vienna");
    house.calendar().edits(&old, soon).await;
    house.rests().await;
    assert_eq!(id(&house.crm().only("Old").await), copy);
    let event = house.calendar().only("Old").await;
    assert_eq!((id(&event), &event["location"]), (old, &json!("Room 1")));
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-04
#[tokio::test]
async fn three_months_are_looked_back_on_and_a_meeting_that_is_older_by_now_stays_on_both_sides() {
    let mut house = House::kind(0).await;
    let mut ids = Vec::new();
    for (days, of_google, of_crm) in [(60, "Summer", "Plan"), (80, "June", "Audit")] {
        let (google, crm) = days_ago(days);
        let event = with(google, json!({ "summary": of_google }));
        ids.push(house.calendar().adds(event).await);
        ids.push(house.crm().adds(of_crm, crm, json!({})).await);
    }
    let (google, crm) = days_ago(100);
    let event = with(google, json!({ "summary": "Long ago" }));
    house.calendar().adds(event).await;
    house.crm().adds("Long past", crm, json!({})).await;
    // The recipe's own window.
    house.system.apply(&meetings("")).await.unwrap();
    house.rests().await;
    assert!(house.crm().titled("Long ago").await.is_empty());
    assert!(house.calendar().titled("Long past").await.is_empty());
    for title in ["Summer", "Plan", "June", "Audit"] {
        house.crm().only(title).await;
        house.calendar().only(title).await;
    }

    // As if three weeks went by: those of 80 days ago are outside now.
    let began = house.now().await;
    let later = meetings("past_days: 70");
    house.system.apply(&later).await.unwrap();
    house.rests().await;
    for id in &ids[2..] {
        assert_eq!(state(&house, id).await, left_out());
    }
    for id in &ids[..2] {
        assert_eq!(state(&house, id).await.0, "in sync");
    }
    // One of those is edited, and both sides are read from the beginning.
    let row = id(&house.crm().only("June").await);
    house.crm().edits(&row, json!({ "Venue": "Room 1" })).await;
    for provider in ["zoho", "google"] {
        let path = format!("{provider}/cursors/expire");
        house.system.sandbox.post(&path, &json!({})).await.unwrap();
    }
    house.rests().await;
    let counts = (
        house.crm().all().await.len(),
        house.calendar().all().await.len(),
    );
    assert_eq!(counts, (5, 5), "neither doubled nor deleted");
    assert_eq!(house.meetings_written(began).await, 0);

    // A wider window takes them up as the meetings that they were.
    let wide = meetings("past_days: 90");
    house.system.apply(&wide).await.unwrap();
    house.rests().await;
    assert_eq!(house.calendar().only("June").await["location"], "Room 1");
    for id in &ids {
        assert_eq!(state(&house, id).await.0, "in sync");
    }
    let counts = (
        house.crm().all().await.len(),
        house.calendar().all().await.len(),
    );
    assert_eq!(counts, (5, 5));
    assert_eq!(house.mails().await, 0);
}

const FIRST: u64 = 4;
const LATER: u64 = 5;

async fn run_over(house: &House, run: u64) -> StatusResponse {
    let over = |status: &StatusResponse| {
        let counts = status.counts.unwrap_or_default();
        status.run == run
            && status.phase == "live"
            && counts.pending == 0
            && status.open_writes == 0
            && status.last_run_result.ends_with("records written")
            && status.last_run_at_micros >= status.last_outcome_at_micros
    };
    house.until_of(MEETINGS, "the run is over", over).await
}

// proves: ZGE-04
#[tokio::test]
async fn meetings_that_a_cap_defers_are_counted_and_synced_by_later_runs() {
    let house = House::kind(0).await;
    // Six pairs of which the CRM lacks the place, and six meetings on each side alone.
    for day in 10..16 {
        let when = |month: u8| hour(&format!("2031-0{month}-{day}T10:00:00"), "Europe/Istanbul");
        let crm = |month: u8| crm_hour(&format!("2031-0{month}-{day}T07:00:00Z"));
        let (both, none) = (format!("Both {day}"), json!({}));
        house.crm().adds(&both, crm(3), none.clone()).await;
        let more = json!({ "summary": both, "location": "Room 1" });
        house.calendar().adds(with(when(3), more)).await;
        let left = format!("Left {day}");
        house.crm().adds(&left, crm(4), none).await;
        let right = json!({ "summary": format!("Right {day}") });
        house.calendar().adds(with(when(5), right)).await;
    }
    let began = house.now().await;
    let caps = format!(
        "{}  caps: {{ first_run: {FIRST}, later_runs: {LATER} }}\n",
        meetings("")
    );
    // Runs begin when this test asks for them.
    let caps = caps.replace("frequency_seconds: 1\n", "frequency_seconds: 86400\n");
    house.system.apply(&caps).await.unwrap();
    let first = run_over(&house, 1).await;
    assert_eq!(house.meetings_written(began).await as u64, FIRST);
    let counts = first.counts.unwrap();
    assert_eq!((counts.in_sync, counts.deferred), (FIRST, 18 - FIRST));
    // Matched pairs come first.
    assert_eq!(first.totals.get("updated_left"), Some(&FIRST));
    let said = house.system.rapport(&["status", MEETINGS]).await.unwrap();
    assert!(said.contains("left to a later run by the cap"), "{said}");

    let mut deferred = counts.deferred;
    for run in 2.. {
        let began = house.now().await;
        house.system.rapport(&["run", MEETINGS]).await.unwrap();
        let status = run_over(&house, run).await;
        let done = house.meetings_written(began).await as u64;
        assert_eq!(done, deferred.min(LATER), "run {run}");
        deferred -= done;
        assert_eq!(status.counts.unwrap().deferred, deferred);
        if deferred == 0 {
            assert_eq!(run, 4);
            break;
        }
    }
    let all = titles(&house).await;
    assert_eq!(all.len(), 18, "{all:?}");
    assert_eq!(house.mails().await, 0);
}
