//! Meeting for the first time, and again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use test_kit::eventually;

use super::{PUSHED, channels, some};
use crate::{
    diaries::{MEETINGS, hour, id, meetings},
    house::House,
    people::with,
};

/// How many meetings of each title and beginning there are on either side, series left out.
async fn census(house: &House) -> [BTreeMap<String, usize>; 2] {
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for row in house.crm().all().await {
        if row["$recurrence_id"].is_null() {
            *left.entry(row["Event_Title"].to_string()).or_default() += 1;
        }
    }
    let mut right: BTreeMap<String, usize> = BTreeMap::new();
    for event in house.calendar().all().await {
        if event["recurrence"].is_null() {
            *right.entry(event["summary"].to_string()).or_default() += 1;
        }
    }
    [left, right]
}

async fn seeded() -> House {
    let house = House::new(0).await;
    let scenario = json!({ "scenario": "two-calendars", "meetings": 8, "seed": 5 });
    house.system.sandbox.post("seed", &scenario).await.unwrap();
    house.later(30).await;
    house
}

// proves: ZGE-06, ZGE-07
#[tokio::test]
async fn two_diaries_meet_once_and_setting_up_again_makes_nothing_twice() {
    let mut house = seeded().await;
    let before = census(&house).await;
    house.system.apply(&meetings("")).await.unwrap();
    let counts = house.rests().await.counts.unwrap();
    let met = census(&house).await;
    for (met, before) in met.iter().zip(&before) {
        assert!(met.values().all(|times| *times == 1), "doubled: {met:?}");
        assert!(met.len() > before.len(), "what the other side has is here");
    }
    let gone = |side: usize| {
        before[side]
            .keys()
            .find(|title| !met[side].contains_key(*title))
    };
    assert_eq!((gone(0), gone(1)), (None, None));
    // Google's are among all events of the CRM, as its own list shows them to Ana once it is not behind any more.
    let all = house.crm().all().await;
    let of_google = all
        .iter()
        .filter(|row| before[1].contains_key(&row["Event_Title"].to_string()));
    let of_google: BTreeSet<String> = of_google.map(id).collect();
    assert!(of_google.len() >= 8, "{of_google:?}");
    house.later(5).await;
    let sandbox = &house.system.sandbox;
    let listed = sandbox.zoho_listed("Events", "All Events").await.unwrap();
    let (mut listed, mut known) = (listed, all.iter().map(id).collect::<Vec<_>>());
    listed.sort();
    known.sort();
    assert_eq!(listed, known);
    assert!(of_google.iter().all(|id| listed.contains(id)));

    // Deleted and set up again.
    let began = house.now().await;
    let said = house.system.rapport(&["delete", MEETINGS]).await.unwrap();
    assert!(said.contains("both accounts stay as they are"), "{said}");
    house.system.apply(&meetings("")).await.unwrap();
    let again = house.rests().await.counts.unwrap();
    assert_eq!(again, counts, "the same meetings in the same states");
    assert_eq!(census(&house).await, met);
    assert_eq!(house.meetings_written(began).await, 0);
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-12
#[tokio::test]
async fn a_sync_of_meetings_that_is_paused_adds_and_deletes_nothing_until_it_goes_on() {
    let mut house = House::with_meetings("").await;
    let demo = hour("2031-03-11T09:00:00", "Europe/Vienna");
    let demo = with(demo, json!({ "summary": "Deleted while paused" }));
    let demo = house.calendar().adds(demo).await;
    house.rests().await;
    assert_eq!(house.crm().titled("Deleted while paused").await.len(), 1);
    house.system.rapport(&["pause", MEETINGS]).await.unwrap();
    for provider in ["zoho", "google"] {
        eventually("nobody is heard any more", PUSHED, async || {
            let open = channels(&house, provider).await;
            some(open == 0, open)
        })
        .await;
    }
    let paused = house.now().await;
    house.calendar().deletes(&demo).await;
    let other = hour("2031-03-12T09:00:00", "Europe/Vienna");
    let other = with(other, json!({ "summary": "Added while paused" }));
    house.calendar().adds(other).await;
    let (_, said) = house
        .system
        .rapport_fails(&["run", MEETINGS])
        .await
        .unwrap();
    assert!(said.contains("paused by a person"), "{said}");
    let status = house.system.status(MEETINGS).await.unwrap();
    assert_eq!(status.phase, "paused");
    house.crm().only("Deleted while paused").await;
    assert!(house.crm().titled("Added while paused").await.is_empty());
    assert_eq!(house.meetings_written(paused).await, 0);
    house.system.rapport(&["resume", MEETINGS]).await.unwrap();
    house.rests().await;
    house.crm().only("Added while paused").await;
    assert!(house.crm().titled("Deleted while paused").await.is_empty());
}
