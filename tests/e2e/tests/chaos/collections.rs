//! Collections and fields that are emptied, hidden, half read or gone: nothing is deleted, and nothing cleared.

use std::collections::BTreeSet;

use agreement::Book;
use serde_json::{Value, json};

use crate::{
    crowd::{Removed, items},
    kind::Kind,
    meetings::Diary,
    stage::{Stage, records},
    verdict::DELETES,
};

/// What is said in the field that is hidden, everywhere in scope: Zoho CRM's, Google's.
type Said = (Vec<String>, Vec<String>);

/// The field that is hidden.
fn hidden(kind: Kind) -> &'static str {
    match kind {
        Kind::Contacts => "Title",
        Kind::Meetings => "Venue",
    }
}

async fn said(stage: &Stage) -> Said {
    let (left, right) = stage.read_books().await;
    let field = hidden(stage.kind);
    let of = |book: &Book| {
        let values = book.entries.iter().flat_map(|entry| {
            let place = entry.kind.place(field).unwrap();
            entry.values[place].clone()
        });
        let mut all: Vec<_> = values.collect();
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

async fn permits(stage: &Stage, permission: &str) {
    let module = match stage.kind {
        Kind::Contacts => "Contacts",
        Kind::Meetings => "Events",
    };
    let path = format!("zoho/fields/{module}/{}", hidden(stage.kind));
    let change = json!({ "permission": permission, "profile": "Standard" });
    stage.system.sandbox.patch(&path, &change).await.unwrap();
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

async fn resume(stage: &Stage, more: &[&str]) {
    let mut words = vec!["resume", stage.kind.sync()];
    words.extend(more);
    stage.system.rapport(&words).await.unwrap();
}

/// A field is hidden from the account's profile, and everything is read again without it.
async fn field_is_hidden(stage: &mut Stage, before: &Said) {
    permits(stage, "hidden").await;
    expire(stage, "zoho").await;
    stage.quiet().await;
    permits(stage, "read_write").await;
    assert_eq!(said(stage).await, *before, "nothing is cleared");
}

/// Readings of everything break off after their first page, and the connectors die between two of them.
async fn half_is_read(stage: &mut Stage, lists: [&str; 2], before: &Said) {
    for (provider, method) in ["zoho", "google"].into_iter().zip(lists) {
        let broken = json!({ "kind": "status", "status": 503 });
        expire(stage, provider).await;
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
    assert_eq!(said(stage).await, *before, "half a reading says nothing");
}

/// The list view is hidden from the account for a while.
async fn view_is_hidden(stage: &Stage, name: &str) {
    let sandbox = &stage.system.sandbox;
    let views = sandbox.get("zoho/views").await.unwrap();
    let view = items(&views["views"]).find(|view| view["name"] == name);
    let view = format!("zoho/views/{}", view.unwrap()["id"].as_str().unwrap());
    let hide = |hidden: bool| json!({ "hidden": hidden });
    sandbox.patch(&view, &hide(true)).await.unwrap();
    let reason = held(stage, "a vanished list view stops the sync").await;
    assert!(reason.contains("collection"), "{reason}");
    sandbox.patch(&view, &hide(false)).await.unwrap();
    resume(stage, &[]).await;
}

// proves: P5, R-04, R-21
#[tokio::test]
async fn what_is_emptied_hidden_half_read_or_gone_deletes_nothing() {
    let mut stage = Stage::new(Kind::Contacts).await;
    stage.apply("").await;
    stage.people_type(8).await;
    stage.quiet().await;
    let before = said(&stage).await;
    let people = google_ids(&stage).await;
    field_is_hidden(&mut stage, &before).await;
    let lists = ["Contacts.getRecords", "people.connections.list"];
    half_is_read(&mut stage, lists, &before).await;

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
        resume(&stage, &[]).await;
    }
    stage.quiet().await;

    view_is_hidden(&stage, "Key accounts").await;
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

/// How often a record was deleted through the providers' APIs.
async fn deletions(stage: &Stage) -> u64 {
    let counts = stage.system.sandbox.get("counts").await.unwrap();
    let of = |provider: &str, method: &str| counts["methods"][provider][method]["calls"].as_u64();
    let calls = DELETES
        .iter()
        .flat_map(|method| [of("zoho", method), of("google", method)]);
    calls.flatten().sum()
}

// proves: P5, P9, R-22
#[tokio::test]
async fn what_is_emptied_hidden_or_half_read_deletes_no_meeting() {
    // Everything in it is deleted, read by its id, and put back.
    let mut stage = Stage::of(Kind::Meetings, records() / 3).await;
    let view = "acme-zoho, collection: { list_view: All Events }";
    let yaml = stage.kind.yaml("").replace("acme-zoho", view);
    stage.system.apply(&yaml).await.unwrap();
    stage.people_type(8).await;
    stage.quiet().await;
    let before = said(&stage).await;
    let deleted = deletions(&stage).await;
    field_is_hidden(&mut stage, &before).await;
    let lists = ["Events.getRecords", "calendar.events.list"];
    half_is_read(&mut stage, lists, &before).await;

    // Nearly everything is deleted at Google at once: the sync asks, and what is to be restored is.
    stage.system.kill("google-connector").await.unwrap();
    let diary = Diary(&stage.system.sandbox);
    let mut all = diary.google().await;
    all.retain(|event| event.is_inside && !event.has_guests && !event.title.is_empty());
    for event in &all[2..] {
        diary.removes_event(&event.id).await;
        let was = vec![("Event_Title", event.title.clone())];
        stage.crowd.removed.push(Removed { was, goes: false });
    }
    stage.system.restart("google-connector").unwrap();
    held(&stage, "a mass deletion stops the sync").await;
    assert_eq!(deletions(&stage).await, deleted, "no meeting was deleted");
    resume(&stage, &["--restore"]).await;
    stage.quiet().await;
    assert_eq!(said(&stage).await, before, "they are put back");

    view_is_hidden(&stage, "All Events").await;
    stage.people_type(4).await;
    stage.ends_well().await;
}
