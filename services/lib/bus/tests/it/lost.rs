//! The server loses what it stored: streams and consumers come back by themselves.

use std::time::Duration;

use async_nats::jetstream::{
    self,
    consumer::{PullConsumer, pull},
};
use bus::{Bus, BusSettings};
use local::Durability;
use pretty_assertions::assert_eq;
use test_kit::{Folder, eventually};

use crate::support::{PATIENCE, bus, changes, next, outside};

// proves: R-33
#[tokio::test]
async fn a_stream_wiped_under_its_consumer_is_declared_again_and_both_go_on() {
    let (bus, nats) = bus().await;
    let jetstream = outside(&nats.url).await;
    let stream = format!("{}-CHANGES", nats.namespace);
    let mut deliveries = bus.changes().unwrap();
    for number in 1..=3 {
        bus.publish_changes(&changes("one", number)).await.unwrap();
        next(&mut deliveries).await.ack().await.unwrap();
    }
    jetstream.delete_stream(&stream).await.unwrap();
    // The first publication finds out; the consumer finds out by itself.
    bus.publish_changes(&changes("one", 4)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.number, 4);
    delivery.ack().await.unwrap();
}

// proves: R-33
#[tokio::test]
async fn the_whole_store_lost_with_the_server_is_declared_again() {
    test_kit::log();
    let folder = Folder::new("rapport-lost");
    let mut nats = local::Nats::start(folder.path(), Durability::Fast)
        .await
        .unwrap();
    let bus = Bus::connect(BusSettings::for_test(&nats.url(), "rapport"), "test")
        .await
        .unwrap();
    let mut deliveries = bus.changes().unwrap();
    bus.publish_changes(&changes("one", 1)).await.unwrap();
    next(&mut deliveries).await.ack().await.unwrap();

    nats.lose_store().await.unwrap();
    bus.publish_changes(&changes("one", 2)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.number, 2);
    delivery.ack().await.unwrap();
}

// proves: R-33
#[tokio::test]
async fn a_restarted_server_keeps_what_was_published_and_delivers_it() {
    test_kit::log();
    let folder = Folder::new("rapport-restart");
    let mut nats = local::Nats::start(folder.path(), Durability::Fast)
        .await
        .unwrap();
    let bus = Bus::connect(BusSettings::for_test(&nats.url(), "rapport"), "test")
        .await
        .unwrap();
    let mut deliveries = bus.changes().unwrap();
    bus.publish_changes(&changes("one", 1)).await.unwrap();
    let in_hand = next(&mut deliveries).await;
    bus.publish_changes(&changes("one", 2)).await.unwrap();
    nats.stop().await.unwrap();
    eventually("the loss is noticed", PATIENCE, async || {
        !*bus.connection().borrow()
    })
    .await;
    nats.resume().await.unwrap();
    eventually("the connection is back", PATIENCE, async || {
        *bus.connection().borrow()
    })
    .await;
    in_hand.ack().await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.number, 2);
    delivery.ack().await.unwrap();
}

// proves: R-33
#[tokio::test]
async fn a_stream_that_went_back_behind_its_consumer_is_consumed_from_its_beginning() {
    test_kit::log();
    let folder = Folder::new("rapport-ahead");
    let mut nats = local::Nats::start(folder.path(), Durability::Fast)
        .await
        .unwrap();
    let settings = BusSettings {
        nats_partitions: 1,
        ..BusSettings::for_test(&nats.url(), "rapport")
    };
    let bus = Bus::connect(settings, "test").await.unwrap();
    let mut deliveries = bus.changes().unwrap();
    for number in 1..=20 {
        bus.publish_changes(&changes("one", number)).await.unwrap();
        next(&mut deliveries).await.ack().await.unwrap();
    }
    // The stream's messages go back to the beginning while the consumer remembers that it delivered twenty.
    nats.stop().await.unwrap();
    let messages = nats.store().join("jetstream/$G/streams/CHANGES/msgs");
    std::fs::remove_dir_all(&messages).unwrap();
    nats.resume().await.unwrap();

    bus.publish_changes(&changes("one", 21)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.number, 21);
    delivery.ack().await.unwrap();
    let jetstream = outside(&nats.url()).await;
    eventually("the consumer fits its stream", PATIENCE, async || {
        fits(&jetstream).await
    })
    .await;
}

async fn fits(jetstream: &jetstream::Context) -> bool {
    let consumer: PullConsumer = jetstream
        .get_consumer_from_stream("changes-0", "CHANGES")
        .await
        .unwrap();
    let stream = jetstream.get_stream("CHANGES").await.unwrap();
    consumer.cached_info().delivered.stream_sequence <= stream.cached_info().state.last_sequence
}

// proves: R-33
#[tokio::test]
async fn a_consumer_that_differs_from_its_declaration_is_made_anew_and_loses_nothing() {
    let (bus, nats) = bus().await;
    let jetstream = outside(&nats.url).await;
    bus.publish_changes(&changes("one", 1)).await.unwrap();
    for partition in 0..2 {
        let older = pull::Config {
            durable_name: Some(format!("changes-{partition}")),
            filter_subject: format!("{}.changes.{partition}.>", nats.namespace),
            // The server refuses to change this later.
            max_waiting: 7,
            ..pull::Config::default()
        };
        let stream = format!("{}-CHANGES", nats.namespace);
        jetstream
            .create_consumer_on_stream(older, stream)
            .await
            .unwrap();
    }
    let delivery = next(&mut bus.changes().unwrap()).await;
    assert_eq!(delivery.message.number, 1);
    delivery.ack().await.unwrap();
}

#[tokio::test]
async fn publishing_without_a_server_fails_in_bounded_time_and_says_so() {
    test_kit::log();
    let folder = Folder::new("rapport-gone");
    let mut nats = local::Nats::start(folder.path(), Durability::Fast)
        .await
        .unwrap();
    let bus = Bus::connect(BusSettings::for_test(&nats.url(), "rapport"), "test")
        .await
        .unwrap();
    nats.stop().await.unwrap();
    let batch = changes("one", 1);
    let publishing = tokio::time::timeout(Duration::from_secs(35), bus.publish_changes(&batch));
    let error = publishing.await.expect("bounded").unwrap_err();
    assert_eq!(
        error.to_string(),
        "NATS did not confirm a message for stream CHANGES"
    );
}
