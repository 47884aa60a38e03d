//! How often a sync runs, and how soon a push makes it look.

use std::time::Duration;

use serde_json::json;
use test_kit::eventually;

use crate::{
    house::{House, SYNC, yaml},
    people::{google_person, zoho_person},
};

fn every(seconds: u32) -> String {
    yaml("").replace(
        "frequency_seconds: 1\n",
        &format!("frequency_seconds: {seconds}\n"),
    )
}

// proves: ZGC-04
#[tokio::test]
async fn a_frequency_comes_from_the_list_and_a_push_does_not_wait_for_it() {
    let mut house = House::new(6).await;
    let setting = "RAPPORT_ALLOW_ANY_FREQUENCY";
    house
        .system
        .restart_with("control", setting, "false")
        .await
        .unwrap();
    for seconds in [0, 1, 59, 301, 100_000] {
        let file = house.system.folder.join("often.yaml");
        std::fs::write(&file, every(seconds)).unwrap();
        let words = ["apply", "-f", &file.to_string_lossy()];
        let (status, said) = house.system.rapport_fails(&words).await.unwrap();
        assert_eq!(status, 2, "{said}");
        let list = "frequency_seconds must be one of 60, 300, 900, 3600, 14400, 86400";
        assert!(said.contains(list), "{said}");
    }
    for seconds in [60, 300, 900, 3600, 86_400, 14_400] {
        let said = house.system.apply(&every(seconds)).await.unwrap();
        assert!(!said.contains("unchanged"), "{said}");
    }
    house
        .until("the first run is over", |status| {
            status.phase == "live" && status.last_run_at_micros.is_some() && status.open_writes == 0
        })
        .await;
    eventually("a channel is open", Duration::from_secs(30), async || {
        let channels = house.system.sandbox.get("zoho/channels").await.unwrap();
        channels["channels"]
            .as_array()
            .is_some_and(|open| !open.is_empty())
    })
    .await;

    // Zoho CRM pushes: what happens there is on Google within seconds.
    let seconds = Duration::from_secs(20);
    let ada = house
        .zoho()
        .adds(zoho_person("Ada", "Byron", "ada@example.com"))
        .await;
    eventually("a new contact arrives", seconds, async || {
        house.google().with_email("ada@example.com").await.len() == 1
    })
    .await;
    house
        .zoho()
        .edits(&ada, json!({ "Title": "Analyst" }))
        .await;
    eventually("an edit arrives", seconds, async || {
        house.google().only("ada@example.com").await.title() == "Analyst"
    })
    .await;

    // Google does not push: its changes come with the next run, which a person may ask for.
    let bob = google_person("Bob", "Stone", "bob@example.com");
    house.google().adds_client(bob).await;
    // What the contact's list shows late is behind us.
    house.later(10).await;
    house.system.rapport(&["run", SYNC]).await.unwrap();
    eventually("the run brings it", seconds, async || {
        house.zoho().with_email("bob@example.com").await.len() == 1
    })
    .await;
}
