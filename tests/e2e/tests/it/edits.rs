//! Edits on both sides: merged by field, conflicts decided, losers kept.

use serde_json::json;

use crate::{
    books,
    house::{House, SYNC, yaml},
};

// proves: BEY-02, BEY-04, P4
#[tokio::test]
async fn fields_merge_conflicts_are_decided_and_losers_are_restored() {
    let mut house = House::new(0).await;
    let zoho = books::type_in_zoho(&house.system.sandbox, "Ana", "ana@example.net", "CTO").await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let google = google_id(&house, "ana@example.net").await;
    let sandbox = &house.system.sandbox;

    // Different fields of one person: both survive.
    edit_zoho(&house, &zoho, &json!({ "Title": "Chief" })).await;
    let note = json!({ "person": { "biographies": [{ "value": "met in May", "contentType": "TEXT_PLAIN" }] } });
    sandbox
        .patch(&format!("google/contacts/{google}"), &note)
        .await
        .unwrap();
    house.quiet().await;
    books::agree(&house).await;
    let (_, record) = books::zoho(&house.system.sandbox).await.remove(0);
    assert_eq!(
        (record["Title"].as_str(), record["Description"].as_str()),
        (Some("Chief"), Some("met in May"))
    );

    // The same field: the CRM wins, Google's value goes to the history and comes back on request.
    edit_zoho(&house, &zoho, &json!({ "Title": "from the CRM" })).await;
    let title = json!({ "person": { "organizations": [{ "title": "from Google" }] } });
    house
        .system
        .sandbox
        .patch(&format!("google/contacts/{google}"), &title)
        .await
        .unwrap();
    let status = house.quiet().await;
    assert_eq!(status.conflicts, 1, "{status:?}");
    let (_, record) = books::zoho(&house.system.sandbox).await.remove(0);
    assert_eq!(record["Title"], "from the CRM");
    let lost = entry(&house, "conflict").await;
    assert!(lost.to_string().contains("from Google"), "{lost}");
    restore(&house, &lost).await;
    house.quiet().await;
    let (_, record) = books::zoho(&house.system.sandbox).await.remove(0);
    assert_eq!(record["Title"], "from Google");
    books::agree(&house).await;

    // What was restored can itself be undone.
    let undone = entry(&house, "restore").await;
    restore(&house, &undone).await;
    house.quiet().await;
    let (_, record) = books::zoho(&house.system.sandbox).await.remove(0);
    assert_eq!(record["Title"], "from the CRM");
    books::agree(&house).await;
}

async fn google_id(house: &House, email: &str) -> String {
    let people = books::google(&house.system.sandbox).await;
    let (_, person) = people.into_iter().find(|(own, _)| own == email).unwrap();
    person["resourceName"]
        .as_str()
        .unwrap()
        .trim_start_matches("people/")
        .to_owned()
}

async fn edit_zoho(house: &House, id: &str, change: &serde_json::Value) {
    house
        .system
        .sandbox
        .patch(&format!("zoho/records/Contacts/{id}"), change)
        .await
        .unwrap();
}

/// The newest history entry of a cause, as `rapport history --json` prints it.
async fn entry(house: &House, cause: &str) -> serde_json::Value {
    let history = house
        .system
        .rapport(&["history", SYNC, "--json"])
        .await
        .unwrap();
    history
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|entry| entry["cause"] == cause)
        .unwrap_or_else(|| panic!("no {cause} in {history}"))
}

async fn restore(house: &House, entry: &serde_json::Value) {
    let id = entry["id"].as_str().unwrap();
    house
        .system
        .rapport(&["restore", SYNC, "--entry", id])
        .await
        .unwrap();
}
