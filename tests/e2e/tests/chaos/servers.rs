//! NATS and PostgreSQL die in the middle of a sync, and JetStream loses all that it holds.

use crate::{
    kind::Kind,
    stage::{SOON, Servers, Stage},
};

impl Stage {
    fn own(&mut self) -> (&mut local::Nats, &mut local::Postgres) {
        match &mut self.servers {
            Servers::Own(nats, postgres) => (nats, postgres),
            Servers::Shared(_) => panic!("the servers of all tests are left in peace"),
        }
    }
}

// proves: P1, P2, P3
#[tokio::test]
async fn nats_and_postgresql_die_in_the_middle_of_a_sync() {
    servers_die(Stage::with_own_servers(Kind::Contacts).await).await;
}

// proves: P1, P2, P3
#[tokio::test]
async fn nats_and_postgresql_die_in_the_middle_of_a_sync_of_meetings() {
    servers_die(Stage::with_own_servers(Kind::Meetings).await).await;
}

async fn servers_die(mut stage: Stage) {
    stage.apply("").await;
    stage
        .until("the first reading goes on", |status| {
            let read = |side: &Option<proto::reconcile::FeedStatus>| {
                side.as_ref().is_some_and(|feed| feed.records_read > 0)
            };
            read(&status.left) || read(&status.right)
        })
        .await;
    stage.own().0.kill().await.unwrap();
    stage.people_type(4).await;
    stage.own().0.resume().await.unwrap();
    stage.own().1.kill().await.unwrap();
    stage.people_type(4).await;
    stage.own().1.resume().await.unwrap();

    stage.in_flight().await;
    stage.own().1.kill().await.unwrap();
    stage.people_type(4).await;
    stage.own().1.resume().await.unwrap();
    stage.in_flight().await;
    stage.own().0.kill().await.unwrap();
    stage.people_type(4).await;
    stage.own().0.resume().await.unwrap();

    // Both at once, and the reconciler with them.
    stage.people_type(10).await;
    stage.in_flight().await;
    stage.own().0.kill().await.unwrap();
    stage.own().1.kill().await.unwrap();
    stage.system.kill("reconciler").await.unwrap();
    stage.people_type(4).await;
    stage.own().1.resume().await.unwrap();
    stage.own().0.resume().await.unwrap();
    stage.system.restart("reconciler").unwrap();
    stage.ends_well().await;
}

// proves: P8, P2, R-33
#[tokio::test]
async fn jetstream_loses_everything_in_the_middle_of_a_sync() {
    store_is_lost(Stage::with_own_servers(Kind::Contacts).await).await;
}

// proves: P8, P2, P9
#[tokio::test]
async fn jetstream_loses_everything_in_the_middle_of_a_sync_of_meetings() {
    store_is_lost(Stage::with_own_servers(Kind::Meetings).await).await;
}

async fn store_is_lost(mut stage: Stage) {
    // Changes: the reconciler has applied some of what is published, and acknowledged less.
    let point = "reconciler.ingested:2";
    stage.system.arm("reconciler", point).await.unwrap();
    stage.system.ready().await.unwrap();
    stage.apply("").await;
    stage.system.ended("reconciler", SOON).await.unwrap();
    stage.own().0.lose_store().await.unwrap();
    stage.system.restart("reconciler").unwrap();

    // Writes: they are released and nobody takes them.
    for writer in ["google-writer", "zoho-writer"] {
        stage.system.kill(writer).await.unwrap();
    }
    stage.in_flight().await;
    stage.people_type(8).await;
    stage.own().0.lose_store().await.unwrap();
    for writer in ["google-writer", "zoho-writer"] {
        stage.system.restart(writer).unwrap();
    }

    // Outcomes: the providers have done it, and nobody has heard of it.
    let point = "reconciler.claimed";
    stage.system.arm("reconciler", point).await.unwrap();
    stage.system.ended("reconciler", SOON * 2).await.unwrap();
    let point = "reconciler.answered";
    stage.system.arm("reconciler", point).await.unwrap();
    stage.people_type(8).await;
    stage.system.ended("reconciler", SOON * 2).await.unwrap();
    stage.own().0.lose_store().await.unwrap();
    stage.system.restart("reconciler").unwrap();
    stage.people_type(4).await;
    stage.ends_well().await;
}
