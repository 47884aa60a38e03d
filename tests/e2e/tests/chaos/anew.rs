//! A series is made anew in the CRM, which sets a rule only at creation: the writer dies on the way, and people go on.

use serde_json::json;

use crate::{
    kind::Kind,
    stage::{SOON, Stage},
};

/// Where SIGKILL finds the writer: a call that is held open, before the CRM has done it or after.
const HELD: [(&str, bool); 4] = [
    ("Events.createRecords", false),
    ("Events.createRecords", true),
    ("Events.delete*", false),
    ("Events.delete*", true),
];

impl Stage {
    /// The next call of this kind to the CRM is held open for so long.
    async fn holds(&self, method: &str, after_commit: bool, milliseconds: u32) -> u64 {
        let fault = json!({
            "kind": "latency", "milliseconds": milliseconds, "after_commit": after_commit,
        });
        let once = json!({ "times": 1, "fault": fault });
        self.fault("zoho", method, once).await
    }
}

// proves: P2, P9, R-26
#[tokio::test]
async fn a_series_that_is_made_anew_is_there_once_wherever_the_writer_dies() {
    let mut stage = Stage::new(Kind::Meetings).await;
    stage.apply("").await;
    stage.quiet().await;
    for (method, after_commit) in HELD {
        let rule = stage.holds(method, after_commit, 3000).await;
        stage.somebody_extends_a_series().await;
        stage.hit(rule, 1).await;
        stage.system.kill("zoho-writer").await.unwrap();
        stage.people_type(2).await;
        stage.system.restart("zoho-writer").unwrap();
    }
    // The old one is gone, the new one is whole, and nobody hears of it.
    let point = "writer.called";
    stage.system.arm("zoho-writer", point).await.unwrap();
    stage.somebody_extends_a_series().await;
    stage.system.revive("zoho-writer", SOON).await.unwrap();
    stage.ends_well().await;
}

// proves: P1, P4, R-19
#[tokio::test]
async fn what_somebody_types_into_a_series_that_is_being_made_anew_is_kept() {
    let mut stage = Stage::new(Kind::Meetings).await;
    stage.apply("").await;
    stage.quiet().await;
    let rule = stage.holds("Events.createRecords", true, 2500).await;
    let title = stage.somebody_extends_a_series().await;
    stage.hit(rule, 1).await;
    stage.somebody_places_an_occurrence_of(&title).await;
    stage.ends_well().await;
}
