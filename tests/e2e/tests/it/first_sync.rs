//! The first sync of two address books that disagree.

use crate::{
    books,
    house::{House, yaml},
};

// proves: P2, P3, BEY-15
#[tokio::test]
async fn two_address_books_become_one_and_stay_quiet() {
    let mut house = House::new(40).await;
    house.system.apply(&yaml("")).await.unwrap();
    let status = house.quiet().await;
    assert!(status.counts.unwrap().in_sync >= 40, "{status:?}");
    books::agree(&house).await;
    let before = (
        house.system.sandbox.written("google").await.unwrap(),
        house.system.sandbox.written("zoho").await.unwrap(),
    );
    house.quiet().await;
    let after = (
        house.system.sandbox.written("google").await.unwrap(),
        house.system.sandbox.written("zoho").await.unwrap(),
    );
    assert_eq!(before, after, "agreement causes no write");
}
