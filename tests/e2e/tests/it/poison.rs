//! Records that a provider does not take.

use serde_json::json;

use crate::{
    books,
    house::{House, SYNC, yaml},
};

// proves: BEY-09, P6
#[tokio::test]
async fn a_refused_record_is_set_aside_with_its_reason_and_heals_when_mended() {
    let mut house = House::new(10).await;
    let long = "x".repeat(400);
    let poison =
        books::type_in_google(&house.system.sandbox, &long, "poison@example.com", "CEO").await;
    house.system.apply(&yaml("")).await.unwrap();
    let status = house.quiet().await;
    let counts = status.counts.unwrap();
    assert!(counts.in_sync >= 10, "the rest goes on: {counts:?}");
    let said = house
        .system
        .rapport(&["get", "records", SYNC, "--state", "set aside"])
        .await
        .unwrap();
    assert_eq!(counts.set_aside, 1, "{said}");
    assert!(
        said.contains("name.given"),
        "the reason names the field: {said}"
    );
    assert!(!said.contains("xxxx"), "and no value: {said}");
    house
        .system
        .sandbox
        .patch(
            &format!("google/contacts/{poison}"),
            &json!({ "person": { "names": [{ "givenName": "Short", "familyName": "Tester" }] } }),
        )
        .await
        .unwrap();
    house.quiet().await;
    assert_eq!(
        books::count(&house.system.sandbox, "poison@example.com").await,
        (1, 1)
    );
    books::agree(&house).await;
}
