//! In which order messages arrive, and what becomes of those that fail.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use pretty_assertions::assert_eq;
use test_kit::eventually;
use tokio_util::sync::CancellationToken;

use crate::support::{
    PATIENCE, bus, changes, connect, count, next, nothing_within, outcomes, outside, writes,
};

#[tokio::test]
async fn batches_of_one_sync_arrive_one_by_one_in_order_and_others_do_not_wait() {
    let (bus, _nats) = bus().await;
    for number in 1..=3 {
        bus.publish_changes(&changes("one", number)).await.unwrap();
    }
    let mut deliveries = bus.changes().unwrap();
    let first = next(&mut deliveries).await;
    assert_eq!(first.message.number, 1);
    // The second waits for the first; another sync does not.
    bus.publish_changes(&changes("other", 1)).await.unwrap();
    let other = next(&mut deliveries).await;
    assert_eq!(other.message.sync, "other");
    other.ack().await.unwrap();
    first.ack().await.unwrap();
    for number in 2..=3 {
        let delivery = next(&mut deliveries).await;
        assert_eq!(
            (delivery.message.sync.as_str(), delivery.message.number),
            ("one", number)
        );
        delivery.ack().await.unwrap();
    }
}

#[tokio::test]
async fn acknowledged_messages_leave_their_stream() {
    let (bus, nats) = bus().await;
    let jetstream = outside(&nats.url).await;
    bus.publish_writes(&writes("zoho", "c1")).await.unwrap();
    bus.publish_outcomes(&outcomes("s1")).await.unwrap();
    let writes_stream = format!("{}-WRITES", nats.namespace);
    let outcomes_stream = format!("{}-OUTCOMES", nats.namespace);
    assert_eq!(count(&jetstream, &writes_stream).await, 1);
    next(&mut bus.writes("zoho").unwrap())
        .await
        .ack()
        .await
        .unwrap();
    next(&mut bus.outcomes().unwrap())
        .await
        .ack()
        .await
        .unwrap();
    assert_eq!(count(&jetstream, &writes_stream).await, 0);
    assert_eq!(count(&jetstream, &outcomes_stream).await, 0);
}

#[tokio::test]
async fn a_writer_sees_its_own_provider_alone() {
    let (bus, _nats) = bus().await;
    bus.publish_writes(&writes("google", "c1")).await.unwrap();
    bus.publish_writes(&writes("zoho", "c2")).await.unwrap();
    let mut zoho = bus.writes("zoho").unwrap();
    let delivery = next(&mut zoho).await;
    assert_eq!(delivery.message.connection, "c2");
    delivery.ack().await.unwrap();
    nothing_within(&mut zoho, Duration::from_millis(300)).await;
}

// proves: R-31
#[tokio::test]
async fn a_failing_message_stays_and_keeps_its_place() {
    let (bus, nats) = bus().await;
    bus.publish_changes(&changes("one", 1)).await.unwrap();
    bus.publish_changes(&changes("one", 2)).await.unwrap();
    let mut deliveries = bus.changes().unwrap();
    // Dropped without a word: it comes again, as it does when it is sent back.
    drop(next(&mut deliveries).await);
    for attempt in 2..=4 {
        let delivery = next(&mut deliveries).await;
        assert_eq!((delivery.message.number, delivery.attempt()), (1, attempt));
        delivery.retry_after(Duration::from_millis(20));
    }
    for number in 1..=2 {
        let delivery = next(&mut deliveries).await;
        assert_eq!(delivery.message.number, number);
        delivery.ack().await.unwrap();
    }
    let jetstream = outside(&nats.url).await;
    assert_eq!(
        count(&jetstream, &format!("{}-CHANGES", nats.namespace)).await,
        0
    );
}

#[tokio::test]
async fn a_message_in_hand_does_not_come_again_however_long_it_takes() {
    let (bus, nats) = bus().await;
    bus.publish_changes(&changes("one", 1)).await.unwrap();
    let mut deliveries = bus.changes().unwrap();
    let delivery = next(&mut deliveries).await;
    // Longer than the server waits without a sign of life.
    nothing_within(&mut deliveries, Duration::from_secs(12)).await;
    let jetstream = outside(&nats.url).await;
    let redelivered = redelivered(&jetstream, &nats.namespace).await;
    assert_eq!(redelivered, 0);
    delivery.ack().await.unwrap();
}

#[tokio::test]
async fn what_a_dead_process_held_goes_to_another_one() {
    let (bus, nats) = bus().await;
    bus.publish_changes(&changes("one", 1)).await.unwrap();
    let doomed = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (taken, was_taken) = tokio::sync::oneshot::channel();
    let theirs = nats.clone();
    doomed.spawn(async move {
        let bus = connect(&theirs).await;
        let mut deliveries = bus.changes().unwrap();
        let delivery = next(&mut deliveries).await;
        taken.send(()).unwrap();
        std::future::pending::<()>().await;
        drop(delivery);
    });
    was_taken.await.unwrap();
    // Its runtime ends without a chance to say goodbye.
    doomed.shutdown_background();
    let mut deliveries = bus.changes().unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.number, 1);
    delivery.ack().await.unwrap();
}

#[tokio::test]
async fn what_a_stopping_process_has_not_begun_goes_to_another_one_at_once() {
    let (bus, nats) = bus().await;
    for number in 1..=3 {
        bus.publish_changes(&changes("one", number)).await.unwrap();
    }
    let leaving = connect(&nats).await;
    let mut deliveries = leaving.changes().unwrap();
    let first = next(&mut deliveries).await;
    drop(deliveries);
    first.ack().await.unwrap();
    let mut deliveries = bus.changes().unwrap();
    let started = Instant::now();
    for number in 2..=3 {
        let delivery = next(&mut deliveries).await;
        assert_eq!(delivery.message.number, number);
        delivery.ack().await.unwrap();
    }
    // Not by the server's patience with a silent process.
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn for_each_handles_a_bounded_number_at_a_time_and_finishes_them_on_shutdown() {
    let (bus, _nats) = bus().await;
    for number in 0..6 {
        bus.publish_changes(&changes(&format!("sync-{number}"), 1))
            .await
            .unwrap();
    }
    let shutdown = CancellationToken::new();
    let (running, most, done) = (counter(), counter(), counter());
    let release = CancellationToken::new();
    let handling = bus.changes().unwrap().for_each(2, shutdown.clone(), {
        let (running, most, done, release) =
            (running.clone(), most.clone(), done.clone(), release.clone());
        move |delivery| {
            let (running, most, done, release) =
                (running.clone(), most.clone(), done.clone(), release.clone());
            async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                release.cancelled().await;
                running.fetch_sub(1, Ordering::SeqCst);
                delivery.ack().await.unwrap();
                done.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let handling = tokio::task::JoinSet::from_iter([handling]);
    eventually("two are handled at once", PATIENCE, async || {
        running.load(Ordering::SeqCst) == 2
    })
    .await;
    shutdown.cancel();
    release.cancel();
    tokio::time::timeout(PATIENCE, handling.join_all())
        .await
        .unwrap();
    assert_eq!(
        (most.load(Ordering::SeqCst), done.load(Ordering::SeqCst)),
        (2, 2)
    );
}

#[tokio::test]
async fn a_panicking_handler_gets_its_message_again() {
    let (bus, _nats) = bus().await;
    bus.publish_changes(&changes("one", 1)).await.unwrap();
    let shutdown = CancellationToken::new();
    let calls = counter();
    let handling = bus.changes().unwrap().for_each(1, shutdown.clone(), {
        let (calls, shutdown) = (calls.clone(), shutdown.clone());
        move |delivery| {
            let (calls, shutdown) = (calls.clone(), shutdown.clone());
            async move {
                assert!(
                    calls.fetch_add(1, Ordering::SeqCst) > 0,
                    "the first call fails on purpose"
                );
                delivery.ack().await.unwrap();
                shutdown.cancel();
            }
        }
    });
    tokio::time::timeout(PATIENCE, handling).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

// proves: R-32
#[tokio::test]
async fn two_processes_do_not_tear_a_sync_apart() {
    let (bus, nats) = bus().await;
    let other = connect(&nats).await;
    let (mut here, mut there) = (bus.changes().unwrap(), other.changes().unwrap());
    let mut seen = Vec::new();
    for number in 1..=30 {
        bus.publish_changes(&changes("one", number)).await.unwrap();
    }
    while seen.len() < 30 {
        let (place, delivery) = tokio::select! {
            delivery = next(&mut here) => ("here", delivery),
            delivery = next(&mut there) => ("there", delivery),
        };
        seen.push((place, delivery.message.number));
        delivery.ack().await.unwrap();
    }
    let place = seen[0].0;
    let expected: Vec<_> = (1..=30).map(|number| (place, number)).collect();
    assert_eq!(seen, expected);
}

fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

/// Redeliveries that the consumers of changes know of.
async fn redelivered(jetstream: &async_nats::jetstream::Context, namespace: &str) -> usize {
    let mut sum = 0;
    for partition in 0..2 {
        let consumer: async_nats::jetstream::consumer::PullConsumer = jetstream
            .get_consumer_from_stream(
                format!("changes-{partition}"),
                format!("{namespace}-CHANGES"),
            )
            .await
            .unwrap();
        sum += consumer.cached_info().num_redelivered;
    }
    sum
}
