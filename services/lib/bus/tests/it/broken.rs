//! Messages that nobody can decode, or that are too large.

use bus::{BusError, MAX_MESSAGE_BYTES};
use pretty_assertions::assert_eq;
use proto::change::Change;
use test_kit::eventually;

use crate::support::{PATIENCE, bus, changes, count, next, outside};

#[tokio::test]
async fn bytes_that_cannot_be_decoded_are_set_aside_and_what_follows_goes_on() {
    let (bus, nats) = bus().await;
    let jetstream = outside(&nats.url).await;
    let good = changes("one", 1);
    bus.publish_changes(&good).await.unwrap();
    // The partition of the good message, so that it is behind the bad one.
    let stream = format!("{}-CHANGES", nats.namespace);
    let subject = jetstream
        .get_stream(&stream)
        .await
        .unwrap()
        .get_raw_message(1)
        .await
        .unwrap()
        .subject;
    jetstream
        .get_stream(&stream)
        .await
        .unwrap()
        .purge()
        .await
        .unwrap();
    jetstream
        .publish(subject.clone(), vec![0xff; 40].into())
        .await
        .unwrap()
        .await
        .unwrap();
    bus.publish_changes(&changes("one", 2)).await.unwrap();

    let mut deliveries = bus.changes().unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.number, 2);
    delivery.ack().await.unwrap();

    let dead = jetstream
        .get_stream(format!("{}-DEAD", nats.namespace))
        .await
        .unwrap();
    let kept = dead.get_raw_message(1).await.unwrap();
    assert_eq!(
        kept.subject.as_str(),
        format!("{}.dead.changes", nats.namespace)
    );
    assert_eq!(kept.payload, vec![0xff; 40]);
    assert_eq!(
        kept.headers.get("Rapport-Subject").unwrap().as_str(),
        subject.as_str()
    );
    assert!(
        kept.headers
            .get("Rapport-Reason")
            .unwrap()
            .as_str()
            .contains("decode")
    );
    eventually("the queue is empty", PATIENCE, async || {
        count(&jetstream, &stream).await == 0
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_refused_with_its_size() {
    let (bus, _nats) = bus().await;
    let mut batch = changes("one", 1);
    batch.changes = vec![Change {
        remote_id: "x".repeat(MAX_MESSAGE_BYTES),
        ..Change::default()
    }];
    let error = bus.publish_changes(&batch).await.unwrap_err();
    assert!(
        matches!(error, BusError::TooLarge { bytes, limit } if bytes > limit),
        "{error}"
    );
}

#[tokio::test]
async fn ids_that_do_not_fit_a_subject_are_refused_by_name() {
    let (bus, _nats) = bus().await;
    let error = bus
        .publish_changes(&changes("two words", 1))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`two words` cannot be the sync in a subject"),
        "{error}"
    );
    assert!(bus.writes("zoho.google").is_err());
}
