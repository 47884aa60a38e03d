//! The fault table for feeds: what each fault means, and that it is nobody else's trouble.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use pretty_assertions::assert_eq;
use proto::change::{CollectionState, Extent};
use provider::Fault;
use test_kit::eventually;

use crate::stage::{SOON, Stage};

async fn rounds(stage: &Stage, sync: &str, count: u32) {
    eventually("the round is applied", SOON, async || {
        stage.reconciler.position(sync).rounds_ended >= count
    })
    .await;
}

async fn text(stage: &Stage, sql: &'static str) -> Option<String> {
    sqlx::query_scalar(sql)
        .fetch_one(&stage.database.pool)
        .await
        .unwrap()
}

const PARKED: &str = "SELECT max(parked) FROM driver_memory.feed";

fn faults(stage: &Stage, connection: &str, faults: impl IntoIterator<Item = Fault>) {
    stage
        .memory
        .state()
        .faults
        .insert(connection.into(), VecDeque::from_iter(faults));
}

// proves: R-02
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_cursor_leads_to_a_snapshot_under_a_new_epoch() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    stage.memory.delete("ana");
    stage.memory.put("ben", "ben@example.com", true);
    stage.memory.state().oldest_cursor = 3;
    stage.announce("s").await;
    rounds(&stage, "s", 2).await;
    let batches = stage.reconciler.applied("s");
    let (first, last) = (&batches[0], batches.last().unwrap());
    assert!(
        last.epoch > first.epoch + 1,
        "the dead cursor's epoch is over"
    );
    let part = last.snapshot.as_ref().unwrap();
    assert_eq!((part.extent(), part.end), (Extent::Account, true));
    assert_ne!(part.id, first.snapshot.as_ref().unwrap().id);
    assert_eq!(last.changes.len(), 1);
    assert_eq!(last.cursor_after, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_in_passing_is_read_again_in_the_same_round() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage.define("s", "c");
    let soon = Timestamp::now() + SignedDuration::from_millis(300);
    let passing = [
        Fault::transient("HTTP 503"),
        Fault::LostAnswer {
            reason: "timed out".into(),
        },
        Fault::Throttled { until: soon },
    ];
    faults(&stage, "c", passing);
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    assert_eq!(stage.reconciler.position("s").begun, 1);
    assert!(Timestamp::now() >= soon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_connection_waits_alone() {
    let stage = Stage::new().await;
    stage.define("throttled", "c");
    for sync in ["a", "b"] {
        stage.define(sync, sync);
    }
    let until = Timestamp::now() + SignedDuration::from_mins(30);
    faults(&stage, "c", [Fault::Throttled { until }]);
    let _connector = stage.connector().await;
    rounds(&stage, "a", 1).await;
    rounds(&stage, "b", 1).await;
    let due = "SELECT extract(epoch FROM max(not_before) - now())::text FROM driver_memory.feed";
    eventually("it waits", SOON, async || {
        let wait = text(&stage, due).await.ok_or(0.0)?;
        let wait: f64 = wait.parse().unwrap();
        (1600.0..2000.0).contains(&wait).then_some(()).ok_or(wait)
    })
    .await;
    // A hint does not break the wait.
    stage.announce("throttled").await;
    stage.announce("a").await;
    rounds(&stage, "a", 2).await;
    assert_eq!(stage.memory.rounds("throttled"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_tokens_are_renewed_in_the_same_round() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    // Whatever ended the first one may end the second one before it was used.
    let refused = ["c-1", "c-2"].map(String::from);
    stage.memory.state().refused_tokens.extend(refused);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    assert_eq!(stage.reconciler.position("s").begun, 1);
    assert_eq!(stage.control.state().reports, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_while_they_are_used_are_no_reason_to_sign_in_again() {
    let stage = Stage::new().await;
    let ending = ["c-1", "c-2", "c-3", "c-4"].map(String::from);
    stage.memory.state().ending_tokens.extend(ending);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    assert_eq!(stage.control.state().reports, []);
    assert_eq!(text(&stage, PARKED).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_access_is_reported_and_parked_until_somebody_signs_in() {
    let stage = Stage::new().await;
    stage.define("s", "c");
    stage.define("healthy", "d");
    let refused = ["c-1", "c-2", "c-3"].map(String::from);
    stage.memory.state().refused_tokens.extend(refused);
    let _connector = stage.connector().await;
    rounds(&stage, "healthy", 1).await;
    let reason = eventually("it is parked", SOON, async || text(&stage, PARKED).await).await;
    assert_eq!(reason, "the token is refused");
    let reports = stage.control.state().reports.clone();
    assert_eq!(
        reports,
        [("c".to_owned(), "the token is refused".to_owned())]
    );
    // Somebody signs in, and control says that the sync changed.
    stage.memory.state().refused_tokens.clear();
    stage.announce("s").await;
    rounds(&stage, "s", 1).await;
    assert_eq!(text(&stage, PARKED).await, None);
}

// proves: R-20
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_came_back_as_another_account_is_not_read() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage
        .control
        .state()
        .accounts
        .insert("c".into(), "somebody-else".into());
    stage.define("s", "c");
    let _connector = stage.connector().await;
    let reason = eventually("it is parked", SOON, async || text(&stage, PARKED).await).await;
    assert!(reason.contains("another account"), "{reason}");
    assert_eq!(stage.memory.rounds("s"), 0);
}

// proves: R-21
#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_is_gone_or_forbidden_is_told_without_any_record() {
    for (fault, state, right) in [
        (
            Fault::Gone {
                proved: true,
                collection: true,
            },
            CollectionState::Gone,
            "",
        ),
        (
            Fault::Forbidden {
                right: "view contacts".into(),
            },
            CollectionState::Forbidden,
            "view contacts",
        ),
    ] {
        let stage = Stage::new().await;
        stage.memory.put("ana", "ana@example.com", true);
        stage.define("s", "c");
        let _connector = stage.connector().await;
        rounds(&stage, "s", 1).await;
        faults(&stage, "c", [fault]);
        stage.memory.delete("ana");
        stage.announce("s").await;
        let last = eventually("the state is told", SOON, async || {
            stage
                .reconciler
                .applied("s")
                .into_iter()
                .find(|batch| batch.collection() == state)
        })
        .await;
        assert_eq!(last.changes, []);
        assert_eq!((last.snapshot, last.cursor_after.as_str()), (None, "1"));
        assert_eq!(last.right, right, "people see which one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_over_one_feed_takes_down_no_other() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage.memory.state().panics.insert("poisoned".into());
    stage.define("poisoned", "c");
    stage.define("healthy", "c");
    let connector = stage.connector().await;
    rounds(&stage, "healthy", 1).await;
    eventually("the failure is counted", SOON, async || {
        text(
            &stage,
            "SELECT min('failed') FROM driver_memory.feed WHERE failures > 0",
        )
        .await
    })
    .await;
    stage.memory.state().panics.clear();
    eventually(
        "it is read again by itself",
        Duration::from_secs(30),
        async || stage.reconciler.position("poisoned").rounds_ended >= 1,
    )
    .await;
    connector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_provider_hangs_keeps_no_other_tenant_out() {
    let mut stage = Stage::new().await;
    stage.feeds.rounds_at_once = 8;
    for number in 0..12 {
        let connection = format!("stuck-{number}");
        stage.memory.state().stuck.insert(connection.clone());
        stage.define(&format!("s{number}"), &connection);
    }
    let _connector = stage.connector().await;
    eventually("its complete readings take their part", SOON, async || {
        let state = stage.reconciler.state();
        state
            .positions
            .values()
            .filter(|position| position.begun > 0)
            .count()
            >= 3
    })
    .await;
    stage.define("other", "c");
    stage.redefine("other", |sync| sync.tenant = "zeta".into());
    stage.bus.announce_changed("zeta", "other").await.unwrap();
    rounds(&stage, "other", 1).await;
    assert!(stage.memory.state().pages >= 1);
}
