//! Collections and fields that are emptied, hidden, half read or gone: nothing is deleted, and nothing cleared.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{contacts::SYNC, crowd::items, kind::Kind, stage::Stage};

/// Everybody in scope, with their titles: Zoho CRM's, Google's.
async fn titles(stage: &Stage) -> (Vec<String>, Vec<String>) {
    let (left, right) = stage.read_books().await;
    let title = agreement::MAPPING
        .iter()
        .position(|pairing| pairing.zoho == "Title")
        .unwrap();
    let of = |book: &agreement::Book| {
        let entries = book.entries.iter();
        let mut all: Vec<_> = entries
            .flat_map(|entry| entry.values[title].clone())
            .collect();
        all.sort();
        all
    };
    (of(&left), of(&right))
}

async fn google_ids(stage: &Stage) -> BTreeSet<String> {
    let (_, right) = stage.read_books().await;
    right.entries.into_iter().map(|entry| entry.id).collect()
}

/// Puts contacts into the group, or takes them out.
async fn regroup(stage: &Stage, ids: &BTreeSet<String>, change: &Value) {
    for id in ids {
        let id = id.trim_start_matches("people/");
        let path = format!("google/contacts/{id}/groups");
        stage.system.sandbox.post(&path, change).await.unwrap();
    }
}

async fn hide_titles(stage: &Stage, permission: &str) {
    let field = "zoho/fields/Contacts/Title";
    let change = json!({ "permission": permission, "profile": "Standard" });
    stage.system.sandbox.patch(field, &change).await.unwrap();
}

async fn expire(stage: &Stage, provider: &str) {
    let path = format!("{provider}/cursors/expire");
    stage.system.sandbox.post(&path, &json!({})).await.unwrap();
}

/// Waits until the sync is held, and says why; then a person has it go on with what was there before.
async fn held(stage: &Stage, what: &str) -> String {
    let status = stage.until(what, |status| status.phase == "paused").await;
    status.reason
}

async fn resume(stage: &Stage) {
    stage.system.rapport(&["resume", SYNC]).await.unwrap();
}

// proves: P5, R-04, R-21
#[tokio::test]
async fn what_is_emptied_hidden_half_read_or_gone_deletes_nothing() {
    let mut stage = Stage::new(Kind::Contacts).await;
    stage.apply("").await;
    stage.people_type(8).await;
    stage.quiet().await;
    let before = titles(&stage).await;
    let people = google_ids(&stage).await;

    // A field is hidden from the account's profile, and everything is read again without it.
    hide_titles(&stage, "hidden").await;
    expire(&stage, "zoho").await;
    stage.quiet().await;
    hide_titles(&stage, "read_write").await;
    assert_eq!(titles(&stage).await, before, "nobody lost a title");

    // Readings of everything break off after their first page, and the connectors die between two of them.
    for (provider, method) in [
        ("zoho", "Contacts.getRecords"),
        ("google", "people.connections.list"),
    ] {
        let broken = json!({ "kind": "status", "status": 503 });
        expire(&stage, provider).await;
        let more = json!({ "nth": 2, "times": 5, "fault": broken });
        let rule = stage.fault(provider, method, more).await;
        stage.hit(rule, 1).await;
        let connector = format!("{provider}-connector");
        stage.system.kill(&connector).await.unwrap();
        stage.system.restart(&connector).unwrap();
        stage.hit(rule, 2).await;
        stage.no_faults().await;
    }
    stage.quiet().await;
    assert_eq!(titles(&stage).await, before, "half a reading says nothing");

    // Everybody is taken out of the group.
    let (add, remove) = (
        json!({ "add": ["Clients"] }),
        json!({ "remove": ["Clients"] }),
    );
    regroup(&stage, &people, &remove).await;
    let status = stage
        .until("an emptied group stops the sync, or its links", |status| {
            let counts = status.counts.unwrap_or_default();
            status.phase == "paused" || counts.excluded >= people.len() as u64
        })
        .await;
    stage.delete_calls_are_none().await;
    regroup(&stage, &people, &add).await;
    if status.phase == "paused" {
        resume(&stage).await;
    }
    stage.quiet().await;

    // The list view is hidden from the account.
    let views = stage.system.sandbox.get("zoho/views").await.unwrap();
    let view = items(&views["views"]).find(|view| view["name"] == "Key accounts");
    let view = format!("zoho/views/{}", view.unwrap()["id"].as_str().unwrap());
    let hide = |hidden: bool| json!({ "hidden": hidden });
    stage
        .system
        .sandbox
        .patch(&view, &hide(true))
        .await
        .unwrap();
    let reason = held(&stage, "a vanished list view stops the sync").await;
    assert!(reason.contains("collection"), "{reason}");
    stage
        .system
        .sandbox
        .patch(&view, &hide(false))
        .await
        .unwrap();
    resume(&stage).await;
    stage.people_type(4).await;
    stage.ends_well().await;
    stage.delete_calls_are_none().await;

    // The group is deleted, with everything still in the account.
    stage
        .system
        .sandbox
        .delete("google/groups/Clients")
        .await
        .unwrap();
    held(&stage, "a deleted group stops the sync").await;
    stage.delete_calls_are_none().await;
}
