//! The providers have a bad day.

use serde_json::json;
use test_kit::eventually;

use crate::{
    kind::Kind,
    stage::{SOON, Stage},
};

/// Writes that are committed and whose answers are lost or come later than anybody waits, by provider and method.
type Writes = [(&'static str, &'static str, bool)];

const WRITES: &Writes = &[
    ("google", "people.batchCreateContacts", true),
    ("google", "people.batchUpdateContacts", false),
    ("google", "contactGroups.members.modify", false),
    ("zoho", "Contacts.createRecords", false),
    ("zoho", "Contacts.updateRecord*", true),
];
/// The same of meetings.
const MEETING_WRITES: &Writes = &[
    ("google", "calendar.events.insert", true),
    ("google", "calendar.events.patch", false),
    ("google", "calendar.events.delete", true),
    ("zoho", "Events.createRecords", false),
    ("zoho", "Events.updateRecord*", true),
    ("zoho", "Events.deleteRecord*", true),
];

// proves: P1, P2, P3
#[tokio::test]
async fn storms_of_refusals_cuts_and_time_outs_cost_time_and_nothing_else() {
    let lists = ["people.connections.list", "Contacts.getRecords"];
    storm(Stage::new(Kind::Contacts).await, lists, WRITES).await;
}

// proves: P1, P2, P9
#[tokio::test]
async fn storms_over_meetings_cost_time_and_nothing_else() {
    let lists = ["calendar.events.list", "Events.getRecords"];
    storm(Stage::new(Kind::Meetings).await, lists, MEETING_WRITES).await;
}

async fn storm(mut stage: Stage, lists: [&str; 2], writes: &Writes) {
    for (provider, list) in ["google", "zoho"].into_iter().zip(lists) {
        for (rate, fault) in [
            (
                0.05,
                json!({ "kind": "status", "status": 429, "retry_after_seconds": 1 }),
            ),
            (0.03, json!({ "kind": "status", "status": 503 })),
            (0.02, json!({ "kind": "status", "status": 500 })),
            (0.03, json!({ "kind": "cut_before" })),
            (0.01, json!({ "kind": "expire_access_tokens" })),
        ] {
            stage
                .fault(provider, "*", json!({ "rate": rate, "fault": fault }))
                .await;
        }
        // In the middle of a reading, twice.
        let expire = json!({ "kind": "expire_cursors" });
        stage
            .fault(
                provider,
                list,
                json!({ "nth": 4, "times": 2, "fault": expire }),
            )
            .await;
    }
    let mut lost = Vec::new();
    for &(provider, method, cut) in writes {
        let fault = if cut {
            json!({ "kind": "cut_after_commit" })
        } else {
            json!({ "kind": "latency", "milliseconds": 6000, "after_commit": true })
        };
        let once = json!({ "nth": 1, "fault": fault });
        lost.push(stage.fault(provider, method, once).await);
    }
    // A person tries until it works, too.
    eventually("the sync is made", SOON, async || {
        stage.system.apply(&stage.kind.yaml("")).await
    })
    .await;
    stage.people_type(24).await;
    for rule in lost {
        stage.hit_as_people_type(rule).await;
        stage.people_type(2).await;
    }
    stage.ends_well().await;
}
