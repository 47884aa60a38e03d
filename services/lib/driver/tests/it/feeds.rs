//! Rounds of feeds: restart points, bounds, leases and hints.

use std::time::Duration;

use jiff::Timestamp;
use model::{Path, Record, Value};
use pretty_assertions::assert_eq;
use prost::Message as _;
use proto::change::{ChangeBatch, Extent, change::What};
use test_kit::eventually;

use crate::{
    peers::Intake,
    stage::{SOON, Stage},
};

/// Waits until so many rounds of a sync are applied to their ends.
async fn rounds(stage: &Stage, sync: &str, count: u32) {
    eventually("the round is applied", SOON, async || {
        let ended = stage.reconciler.position(sync).rounds_ended;
        (ended >= count).then_some(()).ok_or(ended)
    })
    .await;
}

fn ids(batches: &[ChangeBatch]) -> Vec<String> {
    let changes = batches.iter().flat_map(|batch| &batch.changes);
    changes.map(|change| change.remote_id.clone()).collect()
}

// proves
#[tokio::test(flavor = "multi_thread")]
async fn first_reading_is_one_snapshot_in_bounded_batches_that_show_outsiders_by_hashes_only() {
    let stage = Stage::new().await;
    stage.memory.state().page_size = 1100;
    for number in 0..1300 {
        let inside = number % 3 == 0;
        stage.memory.put(
            &format!("{number:04}"),
            &format!("p{number}@example.com"),
            inside,
        );
    }
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;

    let batches = stage.reconciler.applied("s");
    assert_eq!(ids(&batches).len(), 1300);
    assert_eq!(
        batches.iter().map(|batch| batch.changes.len()).max(),
        Some(500)
    );
    assert!(
        batches
            .iter()
            .all(|batch| batch.encoded_len() <= 512 * 1024)
    );
    let numbers: Vec<_> = batches.iter().map(|batch| batch.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let last = batches.len() - 1;
    let snapshot = batches[0].snapshot.clone().unwrap().id;
    for (at, batch) in batches.iter().enumerate() {
        let part = batch.snapshot.as_ref().unwrap();
        assert_eq!(
            (part.id.as_str(), part.extent()),
            (snapshot.as_str(), Extent::Account)
        );
        assert_eq!((part.end, batch.round_end), (at == last, at == last));
        assert_eq!(batch.readable, ["emails"]);
        assert_eq!(batch.cursor_after, if at == last { "1300" } else { "" });
    }
    for change in batches.iter().flat_map(|batch| &batch.changes) {
        match change.what.as_ref().unwrap() {
            What::Record(_) => assert_eq!(change.remote_id.parse::<u32>().unwrap() % 3, 0),
            What::Outline(outline) => assert_eq!(outline.match_keys.len(), 1),
            other => panic!("{other:?}"),
        }
    }
}

// proves: R-01
#[tokio::test(flavor = "multi_thread")]
async fn each_round_begins_a_higher_epoch_at_the_applied_cursor() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage.memory.put("ben", "ben@example.com", true);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    stage.memory.put("ana", "ana@example.org", true);
    stage.memory.delete("ben");
    stage.announce("s").await;
    rounds(&stage, "s", 2).await;

    let batches = stage.reconciler.applied("s");
    let second: Vec<_> = batches
        .iter()
        .filter(|batch| batch.epoch == 2)
        .cloned()
        .collect();
    assert_eq!(ids(&second), ["ana", "ben"]);
    assert!(matches!(
        second[0].changes[1].what,
        Some(What::Tombstone(_))
    ));
    assert_eq!((second[0].number, second[0].snapshot.clone()), (1, None));
    let starts = stage.memory.state().starts.clone();
    assert_eq!(starts[0].1, None);
    assert_eq!(starts[1].1.as_deref(), Some("2"));
}

// proves: R-01
#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_no_further_ahead_of_the_apply_than_the_limit() {
    let mut stage = Stage::new().await;
    stage.feeds.read_ahead_batches = 3;
    stage.feeds.stalled_seconds = Duration::from_secs(30);
    stage.memory.state().page_size = 10;
    for number in 0..100 {
        stage
            .memory
            .put(&format!("{number:02}"), "p@example.com", true);
    }
    stage.reconciler.state().intake = Intake::Waits;
    stage.define("s", "c");
    let _connector = stage.connector().await;
    eventually("it reads as far as it may", SOON, async || {
        stage.memory.state().pages == 4
    })
    .await;
    // A fourth page is in hand, and waits. What would be wrong is a fifth, so this looks for a while.
    let watch = tokio::time::timeout(Duration::from_millis(700), async {
        while stage.memory.state().pages <= 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(watch.await.is_err(), "it read on");
    stage.reconciler.state().intake = Intake::Applies;
    rounds(&stage, "s", 1).await;
    assert_eq!(ids(&stage.reconciler.applied("s")).len(), 100);
    assert_eq!(
        stage.reconciler.position("s").begun,
        1,
        "nothing was read twice"
    );
}

// proves: R-01
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_connectors_feed_is_taken_over_when_its_lease_ends() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage.define("s", "c");
    let gate = stage.memory.page_gate.write().await;
    let first = stage.connector().await;
    eventually("the round begins", SOON, async || {
        stage.reconciler.position("s").begun == 1
    })
    .await;
    first.kill();
    drop(gate);
    let _second = stage.connector().await;
    rounds(&stage, "s", 1).await;
    assert_eq!(
        stage.reconciler.position("s").epoch,
        2,
        "the dead connector's epoch is over"
    );
    assert_eq!(ids(&stage.reconciler.applied("s")), ["ana"]);
}

// proves: R-05
#[tokio::test(flavor = "multi_thread")]
async fn a_hint_during_a_round_keeps_the_feed_due() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage.define("s", "c");
    let gate = stage.memory.page_gate.write().await;
    let _connector = stage.connector().await;
    eventually("the round begins", SOON, async || {
        stage.reconciler.position("s").begun == 1
    })
    .await;
    stage.announce("s").await;
    let hints = "SELECT max(hints) >= 1 FROM driver_memory.feed";
    eventually("the hint is counted", SOON, async || {
        sqlx_bool(&stage, hints).await
    })
    .await;
    drop(gate);
    // It is polled once an hour; only the hint can lead to another round.
    rounds(&stage, "s", 2).await;
}

async fn sqlx_bool(stage: &Stage, sql: &'static str) -> bool {
    sqlx::query_scalar(sql)
        .fetch_one(&stage.database.pool)
        .await
        .unwrap()
}

// proves: R-05
#[tokio::test(flavor = "multi_thread")]
async fn a_hint_that_found_nothing_looks_again() {
    let mut stage = Stage::new().await;
    stage.feeds.look_again_seconds = [300, 600, 900].map(Duration::from_millis).to_vec();
    stage.memory.put("ana", "ana@example.com", true);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    stage.announce("s").await;
    rounds(&stage, "s", 5).await;
    // Late, and nobody says so: only the last look can find it.
    let begun = stage.reconciler.position("s").begun;
    assert_eq!(begun, 5, "one round for the hint and one for each look");
}

// proves: R-01
#[tokio::test(flavor = "multi_thread")]
async fn batches_that_the_stream_lost_are_read_again_from_the_stored_cursor() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    stage.define("s", "c");
    stage.reconciler.state().intake = Intake::Loses;
    let _connector = stage.connector().await;
    eventually("a round is lost", SOON, async || {
        stage.reconciler.position("s").begun >= 2
    })
    .await;
    stage.reconciler.state().intake = Intake::Applies;
    rounds(&stage, "s", 1).await;
    assert_eq!(ids(&stage.reconciler.applied("s")), ["ana"]);
}

// proves: R-05
#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_record_is_set_aside_and_its_neighbours_go_on() {
    let stage = Stage::new().await;
    stage.memory.put("ana", "ana@example.com", true);
    let mut large = Record::new("contact");
    large.set(
        Path::parse("note").unwrap(),
        Some(Value::Text("x".repeat(600 * 1024))),
    );
    stage.memory.put_record("large", large);
    stage.memory.put("zoe", "zoe@example.com", true);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    let batches = stage.reconciler.applied("s");
    let changes: Vec<_> = batches.iter().flat_map(|batch| &batch.changes).collect();
    assert_eq!(ids(&batches), ["ana", "large", "zoe"]);
    assert!(
        matches!(&changes[1].what, Some(What::Unreadable(why)) if why.reason.contains("512 KB"))
    );
    assert!(matches!(&changes[2].what, Some(What::Record(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_polled_at_the_frequency_of_its_sync() {
    let stage = Stage::new().await;
    stage.define("often", "c");
    stage.redefine("often", |sync| {
        sync.policies.as_mut().unwrap().frequency_seconds = 1;
    });
    stage.define("seldom", "d");
    let began = Timestamp::now();
    let _connector = stage.connector().await;
    rounds(&stage, "often", 3).await;
    let seconds = Timestamp::now().duration_since(began).as_secs_f64();
    assert!(seconds >= 1.8, "{seconds}");
    assert_eq!(stage.reconciler.position("seldom").begun, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_sync_is_not_read_and_a_resumed_one_at_once() {
    let stage = Stage::new().await;
    stage.define("s", "c");
    let _connector = stage.connector().await;
    rounds(&stage, "s", 1).await;
    stage.redefine("s", |sync| sync.state = "paused".into());
    stage.announce("s").await;
    eventually("the feed is not wanted", SOON, async || {
        sqlx_bool(&stage, "SELECT NOT bool_or(wanted) FROM driver_memory.feed").await
    })
    .await;
    stage.announce("s").await;
    stage.redefine("s", |sync| sync.state = "active".into());
    assert_eq!(stage.reconciler.position("s").begun, 1);
    stage.announce("s").await;
    rounds(&stage, "s", 2).await;
    stage.control.state().syncs.clear();
    stage.announce("s").await;
    eventually("the feed is forgotten", SOON, async || {
        sqlx_bool(&stage, "SELECT count(*) = 0 FROM driver_memory.feed").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_waits_until_the_reconciler_holds_the_same_generation_and_wants_it() {
    let stage = Stage::new().await;
    stage.reconciler.state().generation = Some(0);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    eventually("a round is tried", SOON, async || {
        sqlx_bool(
            &stage,
            "SELECT count(*) > 0 FROM driver_memory.feed WHERE due_at > now()",
        )
        .await
    })
    .await;
    assert_eq!(
        stage.memory.rounds("s"),
        0,
        "nothing is read under a generation that does not count"
    );
    stage.reconciler.state().generation = None;
    rounds(&stage, "s", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_connector_gives_its_feed_back_at_once() {
    let mut stage = Stage::new().await;
    stage.feeds.lease_seconds = Duration::from_mins(10);
    stage.define("s", "c");
    let gate = stage.memory.page_gate.write().await;
    let first = stage.connector().await;
    eventually("the round begins", SOON, async || {
        stage.reconciler.position("s").begun == 1
    })
    .await;
    first.stop().await;
    drop(gate);
    let _second = stage.connector().await;
    rounds(&stage, "s", 1).await;
}
