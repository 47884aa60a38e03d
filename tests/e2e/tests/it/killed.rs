//! Services die with work in flight.

use std::time::Duration;

use crate::{
    books,
    house::{House, SYNC, yaml},
};

async fn wait_for_flight(house: &House) {
    tokio::time::timeout(Duration::from_mins(1), async {
        while !matches!(house.system.status(SYNC).await, Ok(status) if status.open_writes > 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("writes are in flight");
}

// proves: P1, P2
#[tokio::test]
async fn killing_any_role_with_writes_in_flight_loses_and_doubles_nothing() {
    let mut house = House::new(60).await;
    house.system.apply(&yaml("")).await.unwrap();
    for role in [
        "reconciler",
        "google-writer",
        "zoho-writer",
        "zoho-connector",
        "google-connector",
    ] {
        if role == "reconciler" {
            wait_for_flight(&house).await;
        }
        house.system.kill(role).await.unwrap();
        house.system.restart(role).unwrap();
    }
    house.quiet().await;
    books::agree(&house).await;
}
