//! One scenario at a size at which nothing fits into one batch, page or window.

use crate::stage::{SOON, Stage};

/// Records on each side: the size of the demo's promise in release builds.
const RECORDS: u32 = 5_000;

// proves: P1, P2
#[tokio::test]
async fn five_thousand_records_a_side_survive_a_killed_reconciler_and_a_killed_writer() {
    let mut stage = Stage::of(RECORDS).await;
    stage.apply("").await;
    stage
        .until_within("writes are in flight", SOON * 3, |status| {
            status.open_writes > 0
        })
        .await;
    stage.people_type(8).await;
    stage.dies_at("reconciler", "reconciler.answered:3").await;
    stage.dies_at("google-writer", "writer.called:2").await;
    stage.dies_at("zoho-writer", "writer.claimed:2").await;
    stage.ends_well().await;
}
