//! What people see of a sync.

use serde_json::json;

use crate::{
    house::{House, SYNC, yaml},
    people::{google_person, zoho_person},
};

// proves: ZGC-09
#[tokio::test]
async fn last_run_result_and_progress_of_each_side_are_shown() {
    let mut house = House::new(20).await;
    // Google's list answers slowly until the reading was seen.
    let slow = json!({
        "provider": "google", "method": "people.connections.list",
        "fault": { "kind": "latency", "milliseconds": 3000 },
    });
    house.system.sandbox.post("faults", &slow).await.unwrap();
    house.system.apply(&yaml("")).await.unwrap();
    let reading = house
        .until("one side is read, the other being read", |status| {
            let (left, right) = (
                status.left.unwrap_or_default(),
                status.right.unwrap_or_default(),
            );
            status.phase == "baseline" && !left.snapshot_open && right.snapshot_open
        })
        .await;
    house.system.sandbox.delete("faults").await.unwrap();
    assert_eq!(reading.counts.unwrap().left_records, 60);
    assert!(reading.last_run_at_micros.is_none());
    let said = house.system.rapport(&["status", SYNC]).await.unwrap();
    assert!(said.contains("baseline") || said.contains("live"), "{said}");
    let status = house.quiet().await;
    let counts = status.counts.unwrap();
    let (left, right) = (house.zoho().key().await, house.google().clients().await);
    assert_eq!(counts.left_in_scope, left.len() as u64);
    assert_eq!(counts.right_in_scope, right.len() as u64);

    let said = house.system.rapport(&["status", SYNC]).await.unwrap();
    for part in [
        "ana-clients: live (active), run ",
        "last run: ",
        "records written",
        "IN SCOPE",
        "SET ASIDE",
        "LAST READ",
        "twin of a linked record",
    ] {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
    let shown = house.said_status().await;
    assert_eq!(shown["phase"], "live");
    assert!(shown["last_run_at_micros"].is_i64(), "{shown}");
    assert!(
        shown["last_run_result"]
            .as_str()
            .unwrap()
            .ends_with("records written"),
        "{shown}"
    );
    for side in ["left", "right"] {
        assert!(
            shown[side]["records_read"].as_u64().unwrap() >= 60,
            "{shown}"
        );
        assert!(shown[side]["round_ended_at_micros"].is_i64(), "{shown}");
        assert_eq!(shown[side]["snapshot_open"], false);
    }
    for total in ["created_left", "created_right", "updated_right"] {
        assert!(
            shown["totals"][total].as_u64().unwrap_or_default() > 0,
            "{shown}"
        );
    }
    // Without a name, every sync is listed.
    let all = house.system.rapport(&["status"]).await.unwrap();
    assert!(all.contains(SYNC) && all.contains("live"), "{all}");
    let records = house.json(&["get", "records", SYNC, "--limit", "0"]).await;
    assert_eq!(
        records.len() as u64,
        counts.in_scope,
        "each record is listed once"
    );
}

// proves: BEY-15
#[tokio::test]
async fn every_record_is_in_one_of_five_states_and_they_add_up() {
    let house = House::kind(0).await;
    let (zoho, google) = (house.zoho(), house.google());
    for number in 0..3 {
        let email = format!("same{number}@example.com");
        zoho.adds(zoho_person("Same", "Same", &email)).await;
        google
            .adds_client(google_person("Same", "Same", &email))
            .await;
    }
    for _ in 0..2 {
        zoho.adds(zoho_person("Tom", "Twin", "twin@example.com"))
            .await;
    }
    google
        .adds_client(google_person("Tom", "Twin", "twin@example.com"))
        .await;
    // Longer than the CRM's field.
    let mut long = google_person("Lily", "Long", "long@example.com");
    long["organizations"] = json!([{ "title": "x".repeat(300) }]);
    zoho.adds(zoho_person("Lily", "Long", "long@example.com"))
        .await;
    google.adds_client(long).await;
    for number in 0..4 {
        let email = format!("new{number}@example.com");
        zoho.adds(zoho_person("New", &format!("New{number}"), &email))
            .await;
    }
    // Google takes its time over new contacts, and the cap leaves two of them out.
    let slow = json!({
        "provider": "google", "method": "people.batchCreateContacts", "times": 1,
        "fault": { "kind": "latency", "milliseconds": 4000 },
    });
    house.system.sandbox.post("faults", &slow).await.unwrap();
    let capped = yaml("  caps: { first_run: 3 }\n")
        .replace("frequency_seconds: 1\n", "frequency_seconds: 86400\n");
    house.system.apply(&capped).await.unwrap();
    let status = house
        .until("every state occurs", |status| {
            let counts = status.counts.unwrap_or_default();
            [
                counts.in_sync,
                counts.pending,
                counts.deferred,
                counts.excluded,
                counts.set_aside,
            ]
            .iter()
            .all(|count| *count > 0)
        })
        .await;
    let counts = status.counts.unwrap();
    assert_eq!(
        [
            counts.in_sync,
            counts.pending,
            counts.deferred,
            counts.excluded,
            counts.set_aside
        ],
        [4, 2, 2, 1, 1],
        "{status:?}"
    );
    assert_eq!(counts.in_scope, 10);
    let by_reason: u64 = status.reasons.iter().map(|reason| reason.count).sum();
    assert_eq!(by_reason, 10, "each has a reason: {:?}", status.reasons);
    house
        .until("what was pending is in sync", |status| {
            let counts = status.counts.unwrap_or_default();
            (counts.in_sync, counts.pending) == (6, 0)
        })
        .await;
}
