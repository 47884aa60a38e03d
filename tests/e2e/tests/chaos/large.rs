//! One scenario at a size at which nothing fits into one batch, page or window.

use crate::{
    kind::Kind,
    stage::{SOON, Stage, is_soak},
};

/// Records on each side: what a debug build gets through in the time that a test may take.
const RECORDS: u32 = 2_000;
/// Records on each side when there is time.
const SOAKED: u32 = 5_000;

// proves: P1, P2
#[tokio::test]
async fn thousands_of_records_survive_a_killed_reconciler_and_killed_writers() {
    let mut stage = Stage::of(Kind::Contacts, if is_soak() { SOAKED } else { RECORDS }).await;
    stage.apply("").await;
    let look = "writes are in flight";
    stage
        .until_within(look, SOON * 3, |status| status.open_writes > 0)
        .await;
    stage.people_type(8).await;
    stage.dies_at("reconciler", "reconciler.answered:3").await;
    stage.dies_at("google-writer", "writer.called:2").await;
    stage.dies_at("zoho-writer", "writer.claimed:2").await;
    stage.ends_well().await;
}
