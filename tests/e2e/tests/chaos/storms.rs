//! The providers have a bad day.

use serde_json::json;

use crate::stage::Stage;

/// Writes whose answers are lost, each by its provider and method.
const WRITES: [(&str, &str); 5] = [
    ("google", "people.batchCreateContacts"),
    ("google", "people.batchUpdateContacts"),
    ("google", "contactGroups.members.modify"),
    ("zoho", "Contacts.createRecords"),
    ("zoho", "Contacts.updateRecord*"),
];

// proves: P1, P2, P3
#[tokio::test]
async fn storms_of_refusals_cuts_and_time_outs_cost_time_and_nothing_else() {
    let mut stage = Stage::new().await;
    for provider in ["google", "zoho"] {
        for (rate, fault) in [
            (
                0.15,
                json!({ "kind": "status", "status": 429, "retry_after_seconds": 1 }),
            ),
            (0.05, json!({ "kind": "status", "status": 503 })),
            (0.05, json!({ "kind": "status", "status": 500 })),
            (0.05, json!({ "kind": "cut_before" })),
            (0.02, json!({ "kind": "expire_access_tokens" })),
        ] {
            stage
                .fault(provider, "*", json!({ "rate": rate, "fault": fault }))
                .await;
        }
        // In the middle of a reading, twice.
        let expire = json!({ "kind": "expire_cursors" });
        let list = if provider == "google" {
            "people.connections.list"
        } else {
            "Contacts.getRecords"
        };
        stage
            .fault(
                provider,
                list,
                json!({ "nth": 4, "times": 2, "fault": expire }),
            )
            .await;
    }
    let mut lost = Vec::new();
    for (provider, method) in WRITES {
        let cut = json!({ "kind": "cut_after_commit" });
        lost.push(
            stage
                .fault(provider, method, json!({ "times": 1, "fault": cut }))
                .await,
        );
        // Longer than anybody waits for an answer.
        let late = json!({ "kind": "latency", "milliseconds": 6000, "after_commit": true });
        lost.push(
            stage
                .fault(provider, method, json!({ "nth": 2, "fault": late }))
                .await,
        );
    }
    stage.apply("").await;
    stage
        .until("the sync writes in spite of all", |status| {
            status.totals.values().sum::<u64>() > 20
        })
        .await;
    stage.people_type(24).await;
    for rule in lost {
        stage.hit(rule, 1).await;
        stage.people_type(2).await;
    }
    stage.ends_well().await;
}
