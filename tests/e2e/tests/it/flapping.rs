//! Two tools that insist on different values, one on each side.

use serde_json::json;

use crate::{
    house::{House, SYNC, yaml},
    people::zoho_person,
};

const ADA: &str = "ada@example.com";
const FROZEN: &str = "frozen: title bounces between two values";

/// A rule of the CRM puts its title back where it has gone, then a tool of Google's does so with its own.
async fn insist(house: &mut House, left: &str, right: &str) {
    if house.zoho().only(ADA).await.text("Title") != "Countess" {
        house
            .zoho()
            .edits(left, json!({ "Title": "Countess" }))
            .await;
        house.quiet().await;
    }
    if house.google().only(ADA).await.title() != "Enchantress" {
        let title = json!({ "organizations": [{ "title": "Enchantress" }] });
        house.google().edits(right, title).await;
        house.quiet().await;
    }
}

// proves: BEY-16, R-10
#[tokio::test]
async fn a_field_that_bounces_is_frozen_and_shown_and_the_others_go_on() {
    let mut house = House::kind(0).await;
    let left = house.zoho().adds(zoho_person("Ada", "Byron", ADA)).await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let right = house.google().only(ADA).await.id();
    let mut turns = 0;
    while house.state_of(&left).await.0 != "set aside" {
        turns += 1;
        assert!(turns <= 5, "the tools go on for ever");
        insist(&mut house, &left, &right).await;
    }
    assert!(turns > 1, "one quarrel is no flap");
    assert_eq!(house.state_of(&left).await.1, FROZEN);

    // Both tools have their way from now on, and nothing is written over them.
    let began = house.now().await;
    for _ in 0..2 {
        insist(&mut house, &left, &right).await;
    }
    assert_eq!(house.written_since(began).await, 0);
    let status = house.system.status(SYNC).await.unwrap();
    assert_eq!(status.totals["frozen"], 1, "{status:?}");

    house
        .zoho()
        .edits(&left, json!({ "Description": "met in May" }))
        .await;
    house.quiet().await;
    assert_eq!(house.google().only(ADA).await.note(), "met in May");
    assert_eq!(house.google().only(ADA).await.title(), "Enchantress");
    assert_eq!(house.zoho().only(ADA).await.text("Title"), "Countess");
    assert_eq!(house.state_of(&left).await.1, FROZEN);

    // A person has settled it: both sides agree, and the field is synced again.
    let title = json!({ "organizations": [{ "title": "Countess" }] });
    house.google().edits(&right, title).await;
    house.quiet().await;
    assert_eq!(house.state_of(&left).await.0, "in sync");
    house
        .zoho()
        .edits(&left, json!({ "Title": "Programmer" }))
        .await;
    house.quiet().await;
    assert_eq!(house.google().only(ADA).await.title(), "Programmer");
}
