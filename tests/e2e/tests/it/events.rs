//! What other systems are told, and the trace that leads there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    books,
    house::{House, SYNC, yaml},
};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[tokio::test]
async fn each_write_is_told_once_without_values_and_with_the_trace_of_its_change() {
    let mut house = House::kind(0).await;
    let zoho = books::type_in_zoho(&house.system.sandbox, "Ana", "ana@example.net", "CTO").await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let title = json!({ "Title": "Chief of everything" });
    let record = format!("zoho/records/Contacts/{zoho}");
    house.system.sandbox.patch(&record, &title).await.unwrap();
    house.quiet().await;

    let said = house
        .system
        .rapport(&["events", SYNC, "--all", "--once"])
        .await
        .unwrap();
    let events = lines(&said);
    let written: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "io.rapport.record.written.v1")
        .collect();
    assert_eq!(written.len(), 2, "a create and an update: {said}");
    let ids: BTreeSet<&str> = events
        .iter()
        .filter_map(|event| event["id"].as_str())
        .collect();
    assert_eq!(ids.len(), events.len(), "each event has its own id");
    assert!(!said.contains("Chief"), "ids and paths, no values: {said}");

    let history = house
        .system
        .rapport(&["history", SYNC, "--json"])
        .await
        .unwrap();
    let entry = lines(&history)
        .into_iter()
        .find(|entry| entry["path"] == "title")
        .unwrap_or_else(|| panic!("the edit is in the history: {history}"));
    let told = written
        .iter()
        .find(|event| event["data"]["paths"] == json!(["title"]))
        .unwrap_or_else(|| panic!("the edit is told: {said}"));
    let trace = told["data"]["traceId"].as_str().unwrap_or_default();
    assert_eq!(trace.len(), 32, "a trace of its own: {told}");
    assert!(
        history.contains(trace),
        "the history names the same trace: {entry}"
    );
}
