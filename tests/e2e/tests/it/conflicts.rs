//! Two edits of one field.

use serde_json::json;

use crate::{
    house::{House, SYNC, yaml},
    people::zoho_person,
};

const ADA: &str = "ada@example.com";

/// Both sides give Ada a title while the sync is paused, the CRM first or last by five seconds of the
/// providers' clock; answers the title on which they agree afterwards.
async fn both_edit(house: &mut House, crm: &str, google: &str, crm_first: bool) -> String {
    house.system.rapport(&["pause", SYNC]).await.unwrap();
    let (left, right) = (
        house.zoho().only(ADA).await.id(),
        house.google().only(ADA).await.id(),
    );
    for crm_turn in [crm_first, !crm_first] {
        house.later(5).await;
        if crm_turn {
            house.zoho().edits(&left, json!({ "Title": crm })).await;
        } else {
            let title = json!({ "organizations": [{ "title": google }] });
            house.google().edits(&right, title).await;
        }
    }
    house.system.rapport(&["resume", SYNC]).await.unwrap();
    house.quiet().await;
    let (left, right) = (
        house.zoho().only(ADA).await.text("Title"),
        house.google().only(ADA).await.title(),
    );
    assert_eq!(left, right, "both sides agree");
    left
}

// proves: ZGC-03, R-16, BEY-02
#[tokio::test]
async fn the_chosen_side_wins_and_the_other_value_is_in_the_history() {
    let mut house = House::kind(4).await;
    let left = house.zoho().adds(zoho_person("Ada", "Byron", ADA)).await;
    let conflict = |choice: &str| yaml(&format!("  conflict: {choice}\n"));
    house.system.apply(&conflict("left")).await.unwrap();
    let before = house.quiet().await.conflicts;
    let right = house.google().only(ADA).await.id();

    // The CRM's contact overwrites Google's, whoever was last.
    assert_eq!(both_edit(&mut house, "c1", "g1", true).await, "c1");
    let (lost, kept, cause) = house.history_of(&right, "title").await.remove(0);
    assert_eq!(
        (lost, kept, cause.as_str()),
        (json!("g1"), json!("c1"), "conflict")
    );
    let status = house.system.status(SYNC).await.unwrap();
    assert_eq!(status.conflicts, before + 1);

    // Google's overwrites the CRM's.
    let said = house.system.apply(&conflict("right")).await.unwrap();
    assert!(said.contains("policies.conflict: left → right"), "{said}");
    house.quiet().await;
    assert_eq!(both_edit(&mut house, "c2", "g2", false).await, "g2");
    let (lost, kept, cause) = house.history_of(&left, "title").await.remove(0);
    assert_eq!(
        (lost, kept, cause.as_str()),
        (json!("c2"), json!("g2"), "conflict")
    );

    // The later edit wins.
    house.system.apply(&conflict("newest")).await.unwrap();
    house.quiet().await;
    assert_eq!(both_edit(&mut house, "c3", "g3", true).await, "g3");
    assert_eq!(both_edit(&mut house, "c4", "g4", false).await, "c4");

    // Edits of different fields are no conflict: both stay.
    let conflicts = house.system.status(SYNC).await.unwrap().conflicts;
    house
        .zoho()
        .edits(&left, json!({ "Department": "Engines" }))
        .await;
    let note = json!({ "biographies": [{ "value": "met in May" }] });
    house.google().edits(&right, note).await;
    let status = house.quiet().await;
    assert_eq!(status.conflicts, conflicts);
    assert_eq!(
        house.zoho().only(ADA).await.text("Description"),
        "met in May"
    );
    let shown = house.google().only(ADA).await;
    assert_eq!(shown.at("/organizations/0/department"), "Engines");
    assert_eq!(shown.title(), "c4");
}
