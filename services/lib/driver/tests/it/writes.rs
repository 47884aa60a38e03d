//! Writes: claimed, made once, answered before they are acknowledged.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pretty_assertions::assert_eq;
use proto::{
    record::{Side, Version},
    write::{Outcome, Update, Write, WriteBatch, outcome::Result as Answer, write::Operation},
};
use provider::Fault;
use test_kit::eventually;

use crate::stage::{SOON, Stage, TENANT};

fn update(id: &str, remote_id: &str) -> Write {
    let mut write = Write {
        id: id.into(),
        sync: "s".into(),
        kind: "contact".into(),
        operation: Some(Operation::Update(Update {
            remote_id: remote_id.into(),
            expected: Some(Version {
                token: "1".into(),
                ..Version::default()
            }),
            ..Update::default()
        })),
        ..Write::default()
    };
    write.set_side(Side::Left);
    write
}

/// Queues writes and puts them on the bus, as the outbox does.
async fn release(stage: &Stage, writes: Vec<Write>) {
    stage
        .reconciler
        .state()
        .queued
        .extend(writes.iter().map(|write| write.id.clone()));
    publish(stage, writes).await;
}

async fn publish(stage: &Stage, writes: Vec<Write>) {
    let batch = WriteBatch {
        tenant: TENANT.into(),
        connection: "c".into(),
        provider: "memory".into(),
        writes,
    };
    stage.bus.publish_writes(&batch).await.unwrap();
}

async fn answer(stage: &Stage, write: &str) -> Answer {
    let outcome: Outcome =
        eventually("an outcome", SOON, async || stage.reconciler.outcome(write)).await;
    outcome.result.unwrap()
}

async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.define("s", "c");
    stage
}

// proves: R-25
#[tokio::test(flavor = "multi_thread")]
async fn writes_are_claimed_batch_by_batch_just_before_each_call() {
    let stage = stage().await;
    let _writer = stage.writer().await;
    let writes = (1..=5).map(|number| update(&format!("w{number}"), &number.to_string()));
    release(&stage, writes.collect()).await;
    for number in 1..=5 {
        let Answer::Applied(applied) = answer(&stage, &format!("w{number}")).await else {
            panic!("applied");
        };
        assert_eq!(applied.remote_id, number.to_string());
    }
    let wanted = [vec!["w1", "w2", "w3"], vec!["w4", "w5"]];
    assert_eq!(stage.memory.state().calls, wanted);
    assert_eq!(stage.reconciler.state().claims, wanted);
}

// proves: R-25
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_revoked_is_neither_made_nor_answered() {
    let stage = stage().await;
    let _writer = stage.writer().await;
    stage.reconciler.state().queued.insert("w2".into());
    publish(&stage, vec![update("w1", "1"), update("w2", "2")]).await;
    answer(&stage, "w2").await;
    assert_eq!(stage.memory.state().calls, [["w2"]]);
    assert_eq!(stage.reconciler.outcome("w1"), None);
}

// proves: R-26
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_started_without_an_answer_is_unknown_and_not_made_again() {
    let stage = stage().await;
    let _writer = stage.writer().await;
    stage.reconciler.state().lost.insert("w1".into());
    release(&stage, vec![update("w2", "2")]).await;
    publish(&stage, vec![update("w1", "1")]).await;
    assert!(matches!(answer(&stage, "w1").await, Answer::Unknown(_)));
    assert!(matches!(answer(&stage, "w2").await, Answer::Applied(_)));
    assert_eq!(stage.memory.state().calls, [["w2"]]);
}

// proves
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_killed_in_its_call_leaves_the_message_and_nobody_makes_the_write_twice() {
    let stage = stage().await;
    let gate = stage.memory.write_gate.write().await;
    let first = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    eventually("the call is made", SOON, async || {
        stage.memory.state().calls.len() == 1
    })
    .await;
    first.kill();
    drop(gate);
    // What the reconciler says when the time for an answer is over.
    stage.reconciler.state().lost.insert("w1".into());
    let _second = stage.writer().await;
    // Another process takes the partition over when the first has been silent for a while.
    let unknown = eventually("the outcome of the lost call", SOON * 3, async || {
        stage.reconciler.outcome("w1")
    })
    .await;
    assert!(
        matches!(unknown.result, Some(Answer::Unknown(_))),
        "{unknown:?}"
    );
    assert_eq!(stage.memory.state().calls.len(), 1);
}

// proves: R-25
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_after_its_outcome_makes_nothing() {
    let stage = stage().await;
    let _writer = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    answer(&stage, "w1").await;
    publish(&stage, vec![update("w1", "1")]).await;
    release(&stage, vec![update("w2", "2")]).await;
    answer(&stage, "w2").await;
    assert_eq!(stage.memory.state().calls, [["w1"], ["w2"]]);
    assert_eq!(stage.reconciler.state().outcomes.len(), 2);
}

// proves: R-29
#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_connection_hands_its_writes_back_until_then_and_makes_no_call() {
    let stage = stage().await;
    let until = Timestamp::now() + SignedDuration::from_mins(10);
    stage
        .memory
        .state()
        .write_faults
        .push_back(Fault::Throttled { until });
    let _writer = stage.writer().await;
    let writes = (1..=5).map(|number| update(&format!("w{number}"), &number.to_string()));
    release(&stage, writes.collect()).await;
    release(&stage, vec![update("later", "9")]).await;
    for write in ["w1", "w3", "w5", "later"] {
        let Answer::NotAttempted(not) = answer(&stage, write).await else {
            panic!("not attempted");
        };
        assert_eq!(
            (not.until_micros, not.unauthorised),
            (Some(until.as_microsecond()), false)
        );
    }
    assert_eq!(
        stage.memory.state().calls.len(),
        1,
        "one call learnt it, none was made after"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_passing_hands_writes_back_for_a_while() {
    let stage = stage().await;
    stage
        .memory
        .state()
        .write_faults
        .push_back(Fault::transient("HTTP 503"));
    let _writer = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    let Answer::NotAttempted(not) = answer(&stage, "w1").await else {
        panic!("not attempted")
    };
    assert!(
        not.until_micros.is_some(),
        "not at once: it would only fail again"
    );
}

// proves: R-25
#[tokio::test(flavor = "multi_thread")]
async fn no_call_begins_when_the_answer_to_its_claim_may_be_given_up() {
    let stage = stage().await;
    let _writer = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    answer(&stage, "w1").await;
    let within = stage.memory.state().begin_within[0].expect("a bound");
    // The provider's request timeout is five seconds.
    let most = Duration::from_secs(5 + u64::from(proto::CLAIM_SECONDS));
    assert!(within <= most && within > most / 2, "{within:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_tokens_are_renewed_and_the_connection_is_reported_if_none_is_accepted() {
    let stage = stage().await;
    let refused = ["c-1", "c-2"].map(String::from);
    stage.memory.state().refused_tokens.extend(refused);
    let _writer = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    assert!(matches!(answer(&stage, "w1").await, Answer::Applied(_)));
    assert_eq!(stage.control.state().reports, []);

    let refused = ["c-3", "c-4", "c-5", "c-6"].map(String::from);
    stage.memory.state().refused_tokens.extend(refused);
    release(&stage, vec![update("w2", "2"), update("w3", "3")]).await;
    for write in ["w2", "w3"] {
        let Answer::NotAttempted(not) = answer(&stage, write).await else {
            panic!("not attempted");
        };
        assert!(not.unauthorised);
    }
    let reports = stage.control.state().reports.clone();
    assert!(reports.iter().all(|(connection, _)| connection == "c") && !reports.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_while_they_are_used_are_renewed_until_the_write_is_made() {
    let stage = stage().await;
    let ending = ["c-1", "c-2", "c-3"].map(String::from);
    stage.memory.state().ending_tokens.extend(ending);
    let _writer = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    assert!(matches!(answer(&stage, "w1").await, Answer::Applied(_)));
    assert_eq!(stage.control.state().reports, []);
}

// proves: R-20
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_came_back_as_another_account_is_not_written_to() {
    let stage = stage().await;
    stage
        .control
        .state()
        .accounts
        .insert("c".into(), "somebody-else".into());
    let _writer = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    let Answer::NotAttempted(not) = answer(&stage, "w1").await else {
        panic!("not attempted")
    };
    assert!(not.unauthorised && not.reason.contains("another account"));
    assert!(stage.memory.state().calls.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_cannot_be_read_or_prepared_is_refused_and_its_neighbours_are_made() {
    let stage = stage().await;
    stage.memory.state().poison_grouping.insert("2".into());
    let _writer = stage.writer().await;
    let mut unreadable = update("w3", "3");
    unreadable.operation = None;
    let mut foreign = update("w4", "4");
    if let Some(Operation::Update(update)) = &mut foreign.operation {
        update.edits.push(proto::write::Edit {
            path: "no such [path".into(),
            ..Default::default()
        });
    }
    let mut sideless = update("w5", "5");
    sideless.side = 0;
    let writes = vec![
        update("w1", "1"),
        update("w2", "2"),
        unreadable,
        foreign,
        sideless,
    ];
    release(&stage, writes).await;
    for write in ["w2", "w3", "w4", "w5"] {
        assert!(
            matches!(answer(&stage, write).await, Answer::Refused(_)),
            "{write}"
        );
    }
    assert!(matches!(answer(&stage, "w1").await, Answer::Applied(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_over_one_record_is_found_and_harms_its_neighbours_once_at_most() {
    let stage = stage().await;
    stage.memory.state().poison.insert("2".into());
    let _writer = stage.writer().await;
    release(
        &stage,
        vec![update("w1", "1"), update("w2", "2"), update("w3", "3")],
    )
    .await;
    for write in ["w1", "w2", "w3"] {
        assert!(
            matches!(answer(&stage, write).await, Answer::Unknown(_)),
            "{write}"
        );
    }
    // The reconciler plans them again; each is now made alone.
    release(
        &stage,
        vec![update("v1", "1"), update("v2", "2"), update("v3", "3")],
    )
    .await;
    assert!(matches!(answer(&stage, "v1").await, Answer::Applied(_)));
    assert!(matches!(answer(&stage, "v2").await, Answer::Unknown(_)));
    assert!(matches!(answer(&stage, "v3").await, Answer::Applied(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_a_sync_that_is_not_defined_go_back() {
    let stage = Stage::new().await;
    let _writer = stage.writer().await;
    release(&stage, vec![update("w1", "1")]).await;
    let Answer::NotAttempted(not) = answer(&stage, "w1").await else {
        panic!("not attempted")
    };
    assert!(not.until_micros.is_some());
    stage.define("s", "c");
    release(&stage, vec![update("w2", "2")]).await;
    assert!(
        matches!(answer(&stage, "w2").await, Answer::Applied(_)),
        "control was asked again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_whether_guests_were_told() {
    for (notify, told) in [(None, false), (Some("none"), false), (Some("all"), true)] {
        let stage = stage().await;
        stage.redefine("s", |definition| {
            for side in [&mut definition.left, &mut definition.right] {
                let options = &mut side.as_mut().unwrap().options;
                options.extend(notify.map(|notify| ("notify".to_owned(), notify.to_owned())));
            }
        });
        let _writer = stage.writer().await;
        release(&stage, vec![update("w1", "1")]).await;
        answer(&stage, "w1").await;
        let outcome = stage.reconciler.outcome("w1").unwrap();
        assert_eq!(outcome.notifies, told, "{notify:?}");
    }
}
