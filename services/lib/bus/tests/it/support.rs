//! What these tests share.

use std::time::Duration;

use async_nats::jetstream;
use bus::{Bus, BusSettings, Deliveries, Delivery};
use proto::{
    change::ChangeBatch,
    record::Side,
    write::{OutcomeBatch, WriteBatch},
};
use test_kit::Nats;

/// Long enough for a loaded machine; no test waits this long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A bus in a namespace of its own.
pub(crate) async fn bus() -> (Bus, Nats) {
    test_kit::log();
    let nats = Nats::create().await;
    (connect(&nats).await, nats)
}

/// One more connection to the same namespace.
pub(crate) async fn connect(nats: &Nats) -> Bus {
    Bus::connect(BusSettings::for_test(&nats.url, &nats.namespace), "test")
        .await
        .unwrap()
}

pub(crate) fn changes(sync: &str, number: u64) -> ChangeBatch {
    ChangeBatch {
        tenant: "acme".to_owned(),
        sync: sync.to_owned(),
        side: Side::Left.into(),
        epoch: 1,
        number,
        ..ChangeBatch::default()
    }
}

pub(crate) fn writes(provider: &str, connection: &str) -> WriteBatch {
    WriteBatch {
        tenant: "acme".to_owned(),
        connection: connection.to_owned(),
        provider: provider.to_owned(),
        writes: Vec::new(),
    }
}

pub(crate) fn outcomes(sync: &str) -> OutcomeBatch {
    OutcomeBatch {
        tenant: "acme".to_owned(),
        sync: sync.to_owned(),
        outcomes: Vec::new(),
    }
}

/// The next delivery, which must come.
pub(crate) async fn next<T: prost::Message + Default + 'static>(
    deliveries: &mut Deliveries<T>,
) -> Delivery<T> {
    tokio::time::timeout(PATIENCE, deliveries.next())
        .await
        .expect("a message arrives")
        .unwrap()
}

/// No delivery comes while `meanwhile` lasts.
pub(crate) async fn nothing_within<T: prost::Message + Default + 'static>(
    deliveries: &mut Deliveries<T>,
    meanwhile: Duration,
) {
    assert!(
        tokio::time::timeout(meanwhile, deliveries.next())
            .await
            .is_err(),
        "nothing may arrive"
    );
}

/// The server, as an outsider sees it.
pub(crate) async fn outside(url: &str) -> jetstream::Context {
    jetstream::new(async_nats::connect(url).await.unwrap())
}

/// Messages in a stream.
pub(crate) async fn count(jetstream: &jetstream::Context, stream: &str) -> u64 {
    jetstream
        .get_stream(stream)
        .await
        .unwrap()
        .cached_info()
        .state
        .messages
}
