//! Pausing, resuming and deleting a sync.

use serde_json::{Value, json};
use test_kit::eventually;

use crate::{
    asked::SOON,
    house::{House, SYNC, yaml},
    people::zoho_person,
};

const ADA: &str = "ada@example.com";

async fn channels(house: &House) -> usize {
    let channels = house.system.sandbox.get("zoho/channels").await.unwrap();
    channels["channels"].as_array().map_or(0, Vec::len)
}

// proves: ZGC-11
#[tokio::test]
async fn a_paused_sync_waits_a_deleted_one_ends_and_neither_deletes_anything() {
    let mut house = House::new(10).await;
    let left = house.zoho().adds(zoho_person("Ada", "Byron", ADA)).await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let right = house.google().only(ADA).await.id();
    let title = |title: &str| json!({ "organizations": [{ "title": title }] });

    // Paused: nothing is written, and the status says why.
    house.system.rapport(&["pause", SYNC]).await.unwrap();
    let paused = house
        .until("it is paused", |status| status.phase == "paused")
        .await;
    assert_eq!(paused.reason, "paused by a person");
    let began = house.now().await;
    eventually("its channel is closed", SOON, async || {
        channels(&house).await == 0
    })
    .await;
    house.google().edits(&right, title("while paused")).await;
    let description = json!({ "Description": "while paused" });
    house.zoho().edits(&left, description).await;
    let (_, said) = house.system.rapport_fails(&["run", SYNC]).await.unwrap();
    assert!(said.contains("paused by a person"), "{said}");
    assert_eq!(house.written_since(began).await, 0);
    let shown = house.said_status().await;
    assert_eq!(
        (&shown["state"], &shown["phase"]),
        (&json!("paused"), &json!("paused"))
    );

    // Resumed: what happened meanwhile travels.
    house.system.rapport(&["resume", SYNC]).await.unwrap();
    house.quiet().await;
    assert_eq!(house.zoho().only(ADA).await.text("Title"), "while paused");
    assert_eq!(house.google().only(ADA).await.note(), "while paused");
    eventually("a channel is open", SOON, async || {
        channels(&house).await > 0
    })
    .await;

    // Deleted: it ends, its channel is closed, and both accounts stay as they are.
    let census = async |house: &House| -> Vec<Value> {
        let left = house.zoho().all().await.into_iter().map(|row| row.0);
        let right = house
            .google()
            .all()
            .await
            .into_iter()
            .map(|contact| contact.0);
        left.chain(right).collect()
    };
    let before = census(&house).await;
    let id = house.system.sync_id(SYNC).await.unwrap();
    house.system.rapport(&["delete", SYNC]).await.unwrap();
    eventually("it is off", SOON, async || {
        let status = house.json(&["status", &id]).await.remove(0);
        (status["phase"] == "off").then_some(())
    })
    .await;
    eventually("the channel is closed", SOON, async || {
        channels(&house).await == 0
    })
    .await;
    assert_eq!(
        census(&house).await,
        before,
        "nothing is changed or deleted"
    );
    eventually("it is listed no more", SOON, async || {
        !house.system.rapport(&["get"]).await.unwrap().contains(SYNC)
    })
    .await;
    let began = house.now().await;
    house
        .zoho()
        .edits(&left, json!({ "Title": "after the end" }))
        .await;
    assert_eq!(house.written_since(began).await, 0);
    assert_eq!(house.google().only(ADA).await.title(), "while paused");
    // What was done is still known.
    assert!(!house.history().await.is_empty());
}
