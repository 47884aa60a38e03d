//! Two processes of every role, and a rolling restart.

use std::collections::BTreeMap;

use e2e::{Replica, metric};
use serde_json::json;
use test_kit::eventually;

use crate::{
    balancer,
    kind::Kind,
    stage::{SOON, Stage},
};

/// The roles, each with what counts its work; control counts none.
const ROLES: [(&str, Option<&str>); 6] = [
    ("google-connector", Some("rapport_feed_rounds")),
    ("google-writer", Some("rapport_writes")),
    ("zoho-connector", Some("rapport_feed_rounds")),
    ("zoho-writer", Some("rapport_writes")),
    ("reconciler", Some("rapport_batches")),
    ("control", None),
];

// proves: P1, P2, R-32
#[tokio::test]
async fn two_of_every_role_share_the_work_and_are_restarted_one_by_one() {
    shared_and_restarted(Kind::Contacts).await;
}

// proves: P1, P2, P9
#[tokio::test]
async fn two_of_every_role_share_the_work_over_meetings_and_are_restarted_one_by_one() {
    shared_and_restarted(Kind::Meetings).await;
}

async fn shared_and_restarted(kind: Kind) {
    let balancers = balancer::of_all().await;
    let mut stage = Stage::told(kind, balancer::settings(&balancers)).await;
    let mut second = BTreeMap::new();
    for (role, _) in ROLES {
        let replica = stage.system.replica(role).unwrap();
        if let Some(balancer) = balancers.get(role) {
            balancer.add(&stage.system.grpc_address(role).unwrap());
            balancer.add(&replica.grpc_address);
        }
        second.insert(role, replica);
    }
    stage.system.connect().await.unwrap();
    stage.apply("").await;
    stage.in_flight().await;
    for (role, counter) in ROLES {
        roll(&mut stage, role, counter, second.get_mut(role).unwrap()).await;
    }
    stage.ends_well().await;
}

/// Each of the two is stopped in turn while people type, and the other one does the work meanwhile.
async fn roll(stage: &mut Stage, role: &str, counter: Option<&str>, second: &mut Replica) {
    stage.people_type(3).await;
    stage.system.stop(role).await.unwrap();
    works(
        stage,
        &format!("the second {role}"),
        &second.http_url,
        counter,
    )
    .await;
    stage.system.restart(role).unwrap();
    stage.system.ready().await.unwrap();
    stage.people_type(3).await;
    second.process.stop(SOON).await.unwrap();
    if counter.is_some() {
        let first = stage.system.http_url(role).unwrap();
        works(stage, &format!("the first {role}"), &first, counter).await;
    }
    second.process.start().unwrap();
}

/// Waits until a process has worked since it started.
async fn works(stage: &mut Stage, who: &str, http_url: &str, counter: Option<&str>) {
    let Some(counter) = counter else {
        // Nobody gets on without a new token, which only control gives.
        for provider in ["google", "zoho"] {
            let expire = format!("{provider}/access-tokens/expire");
            stage
                .system
                .sandbox
                .post(&expire, &json!({}))
                .await
                .unwrap();
        }
        let then = stage.system.sandbox.newest_entry().await.unwrap();
        stage.people_type(4).await;
        eventually(&format!("{who} gives tokens"), SOON, async || {
            !stage.written(then).await.is_empty()
        })
        .await;
        return;
    };
    stage.people_type(3).await;
    eventually(&format!("{who} works"), SOON, async || {
        metric(http_url, counter)
            .await
            .is_ok_and(|count| count > 0.0)
    })
    .await;
}
