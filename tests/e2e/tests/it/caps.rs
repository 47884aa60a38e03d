//! Caps: how many records one run writes.

use proto::reconcile::StatusResponse;
use serde_json::json;

use crate::{
    house::{House, SYNC, yaml},
    people::{google_person, zoho_person},
};

const FIRST: u64 = 4;
const LATER: u64 = 5;

fn capped() -> String {
    let caps = format!("  caps: {{ first_run: {FIRST}, later_runs: {LATER} }}\n");
    // Runs begin when this test asks for them.
    yaml(&caps).replace("frequency_seconds: 1\n", "frequency_seconds: 86400\n")
}

fn written(status: &StatusResponse) -> u64 {
    status
        .totals
        .iter()
        .filter(|(name, _)| name.starts_with("created") || name.starts_with("updated"))
        .map(|(_, count)| count)
        .sum()
}

async fn run_over(house: &House, run: u64) -> StatusResponse {
    house
        .until("the run is over", |status| {
            let counts = status.counts.unwrap_or_default();
            status.run == run
                && status.phase == "live"
                && counts.pending == 0
                && status.open_writes == 0
                && status.last_run_result.ends_with("records written")
                && status.last_run_at_micros >= status.last_outcome_at_micros
        })
        .await
}

// proves: ZGC-08
#[tokio::test]
async fn what_a_cap_defers_is_counted_shown_and_synced_by_later_runs() {
    let house = House::kind(0).await;
    // Six pairs that differ, and six people on each side whom the other lacks.
    for number in 0..6 {
        let email = format!("pair{number}@example.com");
        let (family, title) = (format!("Pair{number}"), json!([{ "title": "Partner" }]));
        house
            .zoho()
            .adds(zoho_person("Both", &family, &email))
            .await;
        let mut person = google_person("Both", &family, &email);
        person["organizations"] = title;
        house.google().adds_client(person).await;
        let left = format!("left{number}@example.com");
        house.zoho().adds(zoho_person("Left", &family, &left)).await;
        let right = format!("right{number}@example.com");
        house
            .google()
            .adds_client(google_person("Right", &family, &right))
            .await;
    }
    let began = house.now().await;
    house.system.apply(&capped()).await.unwrap();
    let first = run_over(&house, 1).await;
    assert_eq!(house.written_since(began).await as u64, FIRST);
    let counts = first.counts.unwrap();
    assert_eq!(
        (counts.in_sync, counts.deferred),
        (FIRST, 18 - FIRST),
        "{counts:?}"
    );
    // Matched pairs come first.
    assert_eq!(
        first.totals.get("updated_left"),
        Some(&FIRST),
        "{:?}",
        first.totals
    );
    assert_eq!(first.totals.get("created_left"), None, "{:?}", first.totals);
    let said = house.system.rapport(&["status", SYNC]).await.unwrap();
    assert!(said.contains("left to a later run by the cap"), "{said}");
    let shown = house.said_status().await;
    assert_eq!(shown["counts"]["deferred"], 18 - FIRST);

    // Each later run takes up to its cap, the pairs before the others, until nothing is left.
    let mut before = first;
    for run in 2.. {
        house.system.rapport(&["run", SYNC]).await.unwrap();
        let status = run_over(&house, run).await;
        let done = written(&status) - written(&before);
        let deferred = status.counts.unwrap().deferred;
        assert!(done <= LATER, "run {run} wrote {done}");
        assert!(
            done == LATER || deferred == 0,
            "run {run} wrote {done} and left {deferred}"
        );
        if run == 2 {
            assert_eq!(
                status.totals.get("updated_left"),
                Some(&6),
                "{:?}",
                status.totals
            );
        }
        before = status;
        if deferred == 0 {
            break;
        }
        assert!(run < 6, "the caps leave work for ever");
    }
    assert_eq!(before.run, 4);
    let counts = before.counts.unwrap();
    assert_eq!((counts.in_sync, counts.in_scope), (18, 18), "{counts:?}");
    assert_eq!(
        (
            house.zoho().all().await.len(),
            house.google().all().await.len()
        ),
        (18, 18)
    );
}
