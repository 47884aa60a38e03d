//! Ten thousand contacts and more.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{Crm, text};

async fn chain(crm: &Crm, path: &str) -> usize {
    let mut seen = std::collections::HashSet::new();
    let mut next = String::new();
    loop {
        let answer = crm.get(&format!("{path}{next}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        seen.extend(
            answer.body["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| text(&row["id"])),
        );
        match answer.body["info"]["next_page_token"].as_str() {
            Some(token) => next = format!("&page_token={token}"),
            None => return seen.len(),
        }
    }
}

#[tokio::test]
async fn twenty_thousand_contacts_are_seeded_and_paged_in_seconds() {
    let crm = Crm::unkind().await;
    crm.settings(json!({"work_milliseconds": 0})).await;
    let started = Instant::now();
    let scenario =
        json!({"scenario": "two-address-books", "people": 10_000, "overlap": 0.5, "outside": 1});
    let answer = crm.lab.control(Method::POST, "/seed", scenario).await;
    let zoho = &answer["zoho"];
    assert_eq!(zoho["inside"].as_array().unwrap().len(), 10_000);
    assert_eq!(zoho["outside"].as_array().unwrap().len(), 10_000);
    let view = text(&zoho["collection"]["id"]);
    let seeded = started.elapsed();
    let inside = chain(
        &crm,
        &format!("/Contacts?fields=Last_Name,Email&cvid={view}"),
    )
    .await;
    assert_eq!(inside, 10_000);
    let all = "/Contacts?fields=Last_Name,Email,Modified_Time&sort_by=Modified_Time&sort_order=asc";
    assert_eq!(chain(&crm, all).await, 20_000);
    assert!(chain(&crm, "/Accounts?fields=Account_Name").await >= 10);
    let paged = started.elapsed().checked_sub(seeded).unwrap();
    assert!(
        paged < Duration::from_mins(1),
        "seeded in {seeded:?}, paged in {paged:?}"
    );
}
