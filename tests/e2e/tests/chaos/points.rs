//! Each role dies at each of its named points (see `kit::point`), with work in flight and people going on meanwhile.

use serde_json::json;

use crate::{
    kind::Kind,
    stage::{SOON, Stage},
};

// proves: P1, P2, P3
#[tokio::test]
async fn the_reconciler_dies_at_each_of_its_points() {
    reconciler_dies(Stage::new(Kind::Contacts).await).await;
}

// proves: P1, P2, P3
#[tokio::test]
async fn the_reconciler_dies_at_each_of_its_points_over_meetings() {
    reconciler_dies(Stage::new(Kind::Meetings).await).await;
}

async fn reconciler_dies(mut stage: Stage) {
    let first = "reconciler.ingested:3";
    stage.system.arm("reconciler", first).await.unwrap();
    stage.system.ready().await.unwrap();
    stage.apply("").await;
    stage.system.revive("reconciler", SOON).await.unwrap();
    for point in [
        "reconciler.planned",
        "reconciler.released",
        "reconciler.claimed",
        "reconciler.answered",
        "reconciler.noticed",
    ] {
        stage.dies_at("reconciler", point).await;
    }
    stage.ends_well().await;
}

// proves: P1, P2, R-26
#[tokio::test]
async fn both_writers_die_at_each_of_their_points() {
    let mut stage = Stage::new(Kind::Contacts).await;
    writers_die(&mut stage).await;

    // In the middle of a create at Google: the contact is there, its group is being changed, or has been.
    for after_commit in [false, true] {
        let held = json!({ "kind": "latency", "milliseconds": 3000, "after_commit": after_commit });
        let method = "contactGroups.members.modify";
        let more = json!({ "times": 1, "fault": held });
        let rule = stage.fault("google", method, more).await;
        stage.somebody_adds_to_zoho().await;
        stage.hit(rule, 1).await;
        stage.system.kill("google-writer").await.unwrap();
        stage.system.restart("google-writer").unwrap();
    }
    stage.ends_well().await;
}

// proves: P1, P2, P9
#[tokio::test]
async fn both_writers_die_at_each_of_their_points_over_meetings() {
    let mut stage = Stage::new(Kind::Meetings).await;
    writers_die(&mut stage).await;
    stage.ends_well().await;
}

async fn writers_die(stage: &mut Stage) {
    for writer in ["google-writer", "zoho-writer"] {
        stage.system.arm(writer, "writer.called").await.unwrap();
    }
    stage.system.ready().await.unwrap();
    stage.apply("").await;
    for writer in ["google-writer", "zoho-writer"] {
        stage.system.revive(writer, SOON).await.unwrap();
    }
    for point in ["writer.claimed", "writer.answered"] {
        stage.dies_at("google-writer", point).await;
        stage.dies_at("zoho-writer", point).await;
    }
}

// proves: P1, P5, R-01
#[tokio::test]
async fn both_connectors_and_control_die_at_each_of_their_points() {
    let stage = connectors_and_control_die(Stage::new(Kind::Contacts).await).await;
    stage.delete_calls_are_none().await;
}

// proves: P1, P2, R-01
#[tokio::test]
async fn both_connectors_and_control_die_at_each_of_their_points_over_meetings() {
    connectors_and_control_die(Stage::new(Kind::Meetings).await).await;
}

async fn connectors_and_control_die(mut stage: Stage) -> Stage {
    // Half a first reading is published when they die.
    for connector in ["google-connector", "zoho-connector"] {
        let point = "connector.published:2";
        stage.system.arm(connector, point).await.unwrap();
    }
    stage.system.ready().await.unwrap();
    stage.apply("").await;
    for connector in ["google-connector", "zoho-connector"] {
        stage.system.revive(connector, SOON).await.unwrap();
    }
    stage.in_flight().await;

    // Half a reading of everything, of records that are linked by now, is published when they die.
    for provider in ["google", "zoho"] {
        let connector = format!("{provider}-connector");
        let expire = format!("{provider}/cursors/expire");
        stage
            .system
            .sandbox
            .post(&expire, &json!({}))
            .await
            .unwrap();
        stage.dies_at(&connector, "connector.published:2").await;
        stage.dies_at(&connector, "connector.begun").await;
        stage.dies_at(&connector, "connector.read").await;
    }

    // Control dies with a token renewed and not stored, and with a change stored and not announced.
    stage
        .system
        .arm("control", "control.renewed")
        .await
        .unwrap();
    for provider in ["google", "zoho"] {
        let expire = format!("{provider}/access-tokens/expire");
        stage
            .system
            .sandbox
            .post(&expire, &json!({}))
            .await
            .unwrap();
    }
    stage.system.revive("control", SOON).await.unwrap();
    stage.system.ready().await.unwrap();
    stage.system.arm("control", "control.stored").await.unwrap();
    stage.system.ready().await.unwrap();
    let changed = stage.kind.yaml("  conflict: right\n");
    stage.system.apply(&changed).await.unwrap_err();
    stage.system.revive("control", SOON).await.unwrap();
    stage.system.ready().await.unwrap();
    let said = stage.system.apply(&changed).await.unwrap();
    assert!(said.contains("unchanged"), "it was stored: {said}");
    stage.people_type(8).await;
    stage.ends_well().await;
    stage
}
