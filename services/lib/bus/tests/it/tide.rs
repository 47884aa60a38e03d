//! The copy of the tide: it never falls, and a lost bucket comes back empty.

use pretty_assertions::assert_eq;

use crate::support::{bus, connect, outside};

// proves: R-34
#[tokio::test]
async fn a_copy_is_replaced_only_by_who_knows_it() {
    let (bus, nats) = bus().await;
    assert_eq!(bus.copied(3).await.unwrap(), None);
    let first = bus.copy(3, "ours", 7, 0).await.unwrap().unwrap();
    let second = bus.copy(3, "ours", 8, first).await.unwrap().unwrap();
    assert_eq!(bus.copy(3, "ours", 5, first).await.unwrap(), None);
    assert_eq!(bus.copy(3, "ours", 5, 0).await.unwrap(), None);
    let elsewhere = connect(&nats).await;
    let copied = elsewhere.copied(3).await.unwrap().unwrap();
    assert_eq!(
        (copied.installation.as_str(), copied.height, copied.revision),
        ("ours", 8, second)
    );
    assert_eq!(bus.copied(4).await.unwrap(), None);
}

// proves
#[tokio::test]
async fn a_bucket_that_is_lost_is_declared_again_and_empty() {
    let (bus, nats) = bus().await;
    let revision = bus.copy(0, "ours", 7, 0).await.unwrap().unwrap();
    let bucket = format!("{}-TIDE", nats.namespace);
    let jetstream = outside(&nats.url).await;
    jetstream.delete_key_value(&bucket).await.unwrap();
    assert_eq!(bus.copied(0).await.unwrap(), None);
    jetstream.delete_key_value(&bucket).await.unwrap();
    assert_eq!(bus.copy(0, "ours", 8, revision).await.unwrap(), None);
    assert!(bus.copy(0, "ours", 8, 0).await.unwrap().is_some());
}

#[tokio::test]
async fn what_somebody_else_put_there_is_nobodys_copy() {
    let (bus, nats) = bus().await;
    let jetstream = outside(&nats.url).await;
    let bucket = jetstream
        .get_key_value(format!("{}-TIDE", nats.namespace))
        .await
        .unwrap();
    for text in [
        "",
        "ours",
        "ours nine",
        "ours 99999999999999999999",
        "\u{fffd}",
    ] {
        bucket.put("gauge-1", text.into()).await.unwrap();
        let copied = bus.copied(1).await.unwrap().unwrap();
        assert_eq!((copied.installation.as_str(), copied.height), ("", 0));
    }
}
