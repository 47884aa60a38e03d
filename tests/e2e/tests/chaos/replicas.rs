//! Two processes of every role, and a rolling restart.

use e2e::{Replica, metric};
use test_kit::eventually;

use crate::stage::{SOON, Stage};

/// The roles with what shows that one has worked. Nobody asks the second control, and nothing but questions makes it work.
const ROLES: [(&str, &str); 6] = [
    ("google-connector", "rapport_feed_rounds"),
    ("google-writer", "rapport_writes"),
    ("zoho-connector", "rapport_feed_rounds"),
    ("zoho-writer", "rapport_writes"),
    ("reconciler", "rapport_batches"),
    ("control", ""),
];

// proves: P1, P2, R-32
#[tokio::test]
async fn two_of_every_role_share_the_work_and_are_restarted_one_by_one() {
    let mut stage = Stage::new().await;
    let mut second = Vec::new();
    for (role, counter) in ROLES {
        second.push((role, counter, stage.system.replica(role).unwrap()));
    }
    stage.apply("").await;
    stage.in_flight().await;
    for (role, counter, replica) in &mut second {
        roll(&mut stage, role, counter, replica).await;
    }
    stage.ends_well().await;
}

/// Each of the two is stopped in turn while people type; the other one does the work meanwhile.
async fn roll(stage: &mut Stage, role: &str, counter: &str, replica: &mut Replica) {
    let first = stage.system.http_url(role).unwrap();
    stage.people_type(4).await;
    if counter.is_empty() {
        stage.system.stop(role).await.unwrap();
        stage.system.restart(role).unwrap();
        stage.system.ready().await.unwrap();
        return replica.process.stop(SOON).await.unwrap();
    }
    worked(stage, role, &first, counter).await;
    stage.system.stop(role).await.unwrap();
    worked(
        stage,
        &format!("the second {role}"),
        &replica.http_url,
        counter,
    )
    .await;
    stage.system.restart(role).unwrap();
    stage.system.ready().await.unwrap();
    stage.people_type(4).await;
    replica.process.stop(SOON).await.unwrap();
    replica.process.start().unwrap();
    worked(stage, role, &first, counter).await;
}

async fn worked(stage: &mut Stage, role: &str, url: &str, counter: &str) {
    stage.people_type(2).await;
    eventually(&format!("{role} works"), SOON, async || {
        metric(url, counter).await.is_ok_and(|count| count > 0.0)
    })
    .await;
}
