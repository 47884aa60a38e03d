//! Publishing: repeats, full streams, hints over core NATS.

use async_nats::jetstream;
use bus::{BusError, Changed};
use pretty_assertions::assert_eq;

use crate::support::{bus, changes, connect, count, outside};

#[tokio::test]
async fn the_same_batch_of_a_feed_is_stored_once_and_a_higher_epoch_again() {
    let (bus, nats) = bus().await;
    let mut batch = changes("one", 1);
    bus.publish_changes(&batch).await.unwrap();
    bus.publish_changes(&batch).await.unwrap();
    batch.epoch += 1;
    bus.publish_changes(&batch).await.unwrap();
    let jetstream = outside(&nats.url).await;
    assert_eq!(
        count(&jetstream, &format!("{}-CHANGES", nats.namespace)).await,
        2
    );
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_so() {
    let (bus, nats) = bus().await;
    let jetstream = outside(&nats.url).await;
    let stream = format!("{}-CHANGES", nats.namespace);
    let mut config = jetstream
        .get_stream(&stream)
        .await
        .unwrap()
        .cached_info()
        .config
        .clone();
    config.max_bytes = 200;
    jetstream.update_stream(config).await.unwrap();
    let error = loop {
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if let Err(error) = bus.publish_changes(&changes("one", number)).await {
            break error;
        }
    };
    assert!(
        matches!(&error, BusError::Full { stream: full } if *full == stream),
        "{error:?}"
    );
}

#[tokio::test]
async fn every_listener_hears_that_a_sync_changed() {
    let (bus, nats) = bus().await;
    let other = connect(&nats).await;
    let mut here = bus.watch_changed().await.unwrap();
    let mut there = other.watch_changed().await.unwrap();
    // A subscription counts once the server has seen it.
    round_trip(&bus).await;
    round_trip(&other).await;
    bus.announce_changed("acme", "ana-clients").await.unwrap();
    let changed = Changed {
        tenant: "acme".to_owned(),
        sync: "ana-clients".to_owned(),
    };
    assert_eq!(here.next().await.unwrap(), changed);
    assert_eq!(there.next().await.unwrap(), changed);
}

/// Whatever this connection sent before has reached the server after this.
async fn round_trip(bus: &bus::Bus) {
    bus.publish_changes(&changes("one", 1)).await.unwrap();
}

#[tokio::test]
async fn a_namespace_of_several_words_is_refused() {
    let mut settings = bus::BusSettings::new("nats://127.0.0.1:4222");
    settings.nats_namespace = "no.good".to_owned();
    let error = bus::Bus::connect(settings, "test").await.unwrap_err();
    assert!(matches!(error, BusError::Subject { .. }), "{error}");
}

#[tokio::test]
async fn streams_are_brought_up_to_date() {
    let (_bus, nats) = bus().await;
    let jetstream: jetstream::Context = outside(&nats.url).await;
    let stream = format!("{}-OUTCOMES", nats.namespace);
    let mut config = jetstream
        .get_stream(&stream)
        .await
        .unwrap()
        .cached_info()
        .config
        .clone();
    let declared = config.max_bytes;
    config.max_bytes = 4096;
    jetstream.update_stream(config).await.unwrap();
    let _again = connect(&nats).await;
    let now = jetstream
        .get_stream(&stream)
        .await
        .unwrap()
        .cached_info()
        .config
        .max_bytes;
    assert_eq!(now, declared);
}
