//! One-way syncs: the source is never written, and what people do on the target stays until the source moves.

use serde_json::json;

use crate::{
    house::{House, yaml},
    people::{google_person, with, zoho_person},
};

const ADA: &str = "ada@example.com";

// proves: ZGC-01, R-17
#[tokio::test]
async fn from_the_crm_to_google_the_crm_is_never_written() {
    let mut house = House::kind(12).await;
    let zoho = house.zoho();
    let crm = zoho_person("Ada", "Byron", ADA);
    let ada = zoho.adds(with(crm, json!({ "Title": "Analyst" }))).await;
    let google_only = google_person("Only", "Google", "only.google@example.com");
    let stranger = house.google().adds_client(google_only).await;
    let began = house.now().await;
    let one_way = yaml("  direction: left-to-right\n");
    house.system.apply(&one_way).await.unwrap();
    house.quiet().await;
    for row in house.zoho().key().await {
        let there = house.google().with_email(&row.text("Email")).await;
        assert!(!there.is_empty(), "{} did not arrive", row.text("Email"));
    }
    let (state, reason) = house.state_of(&stranger).await;
    assert_eq!(
        (state.as_str(), reason.as_str()),
        ("excluded", "only on the target of a one-way sync")
    );

    // An edit of the target drifts: it stays, and other fields go on.
    let copy = house.google().only(ADA).await.id();
    let drifted = json!({ "organizations": [{ "title": "Countess" }] });
    house.google().edits(&copy, drifted).await;
    house.quiet().await;
    let note = json!({ "Description": "wrote the first program" });
    house.zoho().edits(&ada, note).await;
    house.quiet().await;
    let shown = house.google().only(ADA).await;
    assert_eq!(shown.title(), "Countess");
    assert_eq!(shown.note(), "wrote the first program");

    // When the source changes that field, the drift gives way and is found in the history.
    let title = json!({ "Title": "Programmer" });
    house.zoho().edits(&ada, title).await;
    house.quiet().await;
    assert_eq!(house.google().only(ADA).await.title(), "Programmer");
    let (before, after, cause) = house.history_of(&copy, "title").await.remove(0);
    assert_eq!(
        (before, after, cause.as_str()),
        (json!("Countess"), json!("Programmer"), "drift")
    );

    // What is deleted on the target stays deleted, and stays at the source.
    house.google().deletes(&copy).await;
    house.quiet().await;
    house.zoho().edits(&ada, json!({ "Title": "Poet" })).await;
    house.quiet().await;
    assert!(house.google().with_email(ADA).await.is_empty());
    assert_eq!(house.zoho().only(ADA).await.text("Title"), "Poet");
    let (_, reason) = house.state_of(&ada).await;
    assert_eq!(reason, "deleted on the target of a one-way sync");
    let written = house.written_to_zoho(began).await;
    assert!(written.is_empty(), "the source was written: {written:?}");
}

// proves: ZGC-01, R-17
#[tokio::test]
async fn from_google_to_the_crm_google_is_never_written() {
    let mut house = House::kind(12).await;
    let person = google_person("Ada", "Byron", ADA);
    let title = json!({ "organizations": [{ "title": "Analyst" }] });
    let ada = house.google().adds_client(with(person, title)).await;
    let began = house.now().await;
    let one_way = yaml("  direction: right-to-left\n  drift: overwrite\n");
    house.system.apply(&one_way).await.unwrap();
    house.quiet().await;
    for client in house.google().clients().await {
        let email = client.emails().remove(0);
        let there = house.zoho().with_email(&email).await;
        assert!(!there.is_empty(), "{email} did not arrive");
    }

    // The policy mirrors: an edit of the target is undone, and is found in the history.
    let copy = house.zoho().only(ADA).await.id();
    house
        .zoho()
        .edits(&copy, json!({ "Title": "Countess" }))
        .await;
    house.quiet().await;
    assert_eq!(house.zoho().only(ADA).await.text("Title"), "Analyst");
    let (before, _, cause) = house.history_of(&copy, "title").await.remove(0);
    assert_eq!((before, cause.as_str()), (json!("Countess"), "drift"));

    // The source's edits and deletions go on.
    let title = json!({ "organizations": [{ "title": "Poet" }] });
    house.google().edits(&ada, title).await;
    house.quiet().await;
    assert_eq!(house.zoho().only(ADA).await.text("Title"), "Poet");
    house.google().deletes(&ada).await;
    house.quiet().await;
    assert!(house.zoho().with_email(ADA).await.is_empty());
    let written = house.written_to_google(began).await;
    assert!(written.is_empty(), "the source was written: {written:?}");
}
