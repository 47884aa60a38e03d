//! What is found in two address books.

use std::collections::BTreeSet;

use agreement::{Reader, compare};
use reqwest::Method;
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn two_books_that_disagree_are_told_apart() {
    let stage = Stage::new().await;
    let seed = json!({"scenario": "two-address-books", "people": 150});
    let seeded = stage.control(Method::POST, "seed", seed).await;
    let report = stage.compared().await.unwrap();
    let figure = |name: &str| usize::try_from(seeded["figures"][name].as_u64().unwrap()).unwrap();
    assert_eq!(report.left.in_scope, figure("inside_each"));
    assert_eq!(report.right.in_scope, figure("inside_each"));
    assert_eq!(
        report.right.listed,
        figure("inside_each") + figure("outside_each")
    );
    assert_eq!(report.equal + report.differing.len(), figure("on_both"));
    // A third of those that differ do so in spelling only.
    assert!(report.differing.len() < figure("on_both_differing"));
    assert_eq!(report.duplicates.len(), 2 * figure("twins_each"));
    assert!(!report.agrees());
}

#[tokio::test]
async fn the_same_people_on_both_sides_agree_until_one_is_edited() {
    let stage = Stage::new().await;
    let contact = json!({
        "Last_Name": "Not Provided", "First_Name": "Ana", "Email": "ana@example.com",
        "Phone": "+44 20 7900 0012", "Date_of_Birth": "1990-02-03", "Tier": "Key",
    });
    let made = stage
        .control(Method::POST, "zoho/records/Contacts", contact)
        .await;
    stage
        .control(Method::POST, "google/groups", json!({"name": "Clients"}))
        .await;
    let person = json!({
        "names": [{"givenName": "Ana"}],
        "emailAddresses": [{"value": "Ana@Example.com", "type": "work"}, {"value": "x@example.com", "type": "other"}],
        "phoneNumbers": [{"value": "+442079000012", "type": "work"}],
        "birthdays": [{"date": {"year": 1990, "month": 2, "day": 3}}],
    });
    let new = json!({"person": person, "groups": ["Clients"]});
    stage.control(Method::POST, "google/contacts", new).await;
    stage.settle().await;
    let report = stage.compared().await.unwrap();
    assert!(
        report.agrees() && report.equal == 1,
        "{}",
        report.text(true)
    );

    let id = made["ids"][0].as_str().unwrap();
    let path = format!("zoho/records/Contacts/{id}");
    stage
        .control(Method::PATCH, &path, json!({"Title": "Buyer"}))
        .await;
    stage.settle().await;
    let report = stage.compared().await.unwrap();
    assert_eq!(report.differing.len(), 1, "{}", report.text(true));
}

#[tokio::test]
async fn a_reader_signs_in_again_when_its_tokens_have_expired() {
    let stage = Stage::new().await;
    let seed = json!({"scenario": "two-address-books", "people": 10});
    stage.control(Method::POST, "seed", seed).await;
    let mut reader = Reader::new(stage.accounts());
    let (left, right) = reader.read().await.unwrap();
    let first = compare(&left, &right, &BTreeSet::new());
    for provider in ["google", "zoho"] {
        let path = format!("{provider}/access-tokens/expire");
        stage.control(Method::POST, &path, json!({})).await;
    }
    let (left, right) = reader.read().await.unwrap();
    assert_eq!(compare(&left, &right, &BTreeSet::new()), first);
}
