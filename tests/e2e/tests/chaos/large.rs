//! One scenario at a size at which nothing fits into one batch, page or window.

use crate::{
    kind::Kind,
    stage::{SOON, Stage, is_soak},
};

/// Records on each side: what a debug build gets through in the time that a test may take.
const RECORDS: u32 = 2_000;
/// Records on each side when there is time.
const SOAKED: u32 = 5_000;
/// Of a calendar's records a third are ordinary meetings: five hundred on each side, and thirty series. Each is a call of
/// its own at Google.
const MEETINGS: u32 = 3 * 500;

// proves: P1, P2
#[tokio::test]
async fn thousands_of_records_survive_a_killed_reconciler_and_killed_writers() {
    survive(Kind::Contacts, RECORDS).await;
}

// proves: P1, P2, P9
#[tokio::test]
async fn hundreds_of_meetings_survive_a_killed_reconciler_and_killed_writers() {
    survive(Kind::Meetings, MEETINGS).await;
}

async fn survive(kind: Kind, usual: u32) {
    let records = if is_soak() { SOAKED } else { usual };
    let mut stage = Stage::of(kind, records).await;
    says_how_many(&stage);
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

#[allow(clippy::print_stderr, reason = "what a scenario says")]
fn says_how_many(stage: &Stage) {
    let (zoho, google) = (&stage.before.zoho_inside, &stage.before.google_inside);
    eprintln!("{} in Zoho CRM, {} at Google", zoho.len(), google.len());
}
