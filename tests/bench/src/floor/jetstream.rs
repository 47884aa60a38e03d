//! Raw JetStream: publish, confirmed, and consume, acknowledged, in a stream on disk like ours.

use std::time::{Duration, Instant};

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, pull},
    stream::{Config, RetentionPolicy},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// Publishes that wait for their confirmation at a time.
const AT_ONCE: usize = 64;
/// Messages that are asked for at a time.
const BATCH: usize = 100;

/// Publishes and consumes this many messages of this size; answers the seconds that it took.
pub(crate) async fn seconds(nats_url: &str, messages: u64, bytes: u64) -> anyhow::Result<f64> {
    let context = jetstream::new(async_nats::connect(nats_url).await?);
    let queue = context
        .create_stream(Config {
            name: "FLOOR".to_owned(),
            subjects: vec!["floor".to_owned()],
            retention: RetentionPolicy::WorkQueue,
            ..Config::default()
        })
        .await?;
    let consumer = queue
        .create_consumer(pull::Config {
            durable_name: Some("floor".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ..pull::Config::default()
        })
        .await?;
    let payload: bytes::Bytes = vec![b'x'; usize::try_from(bytes)?].into();
    let began = Instant::now();
    let publishing = stream::iter(0..messages)
        .map(|_| async {
            let confirmation = context.publish("floor", payload.clone()).await?;
            confirmation.await?;
            anyhow::Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>();
    let consuming = async {
        let mut taken = 0;
        while taken < messages {
            let mut batch = consumer
                .fetch()
                .max_messages(BATCH)
                .expires(Duration::from_millis(50))
                .messages()
                .await?;
            while let Some(message) = batch.next().await {
                let message = message.map_err(|error| anyhow::anyhow!(error))?;
                message
                    .ack()
                    .await
                    .map_err(|error| anyhow::anyhow!(error))?;
                taken += 1;
            }
        }
        anyhow::Ok(())
    };
    tokio::try_join!(publishing, consuming)?;
    let took = began.elapsed().as_secs_f64();
    context.delete_stream("FLOOR").await?;
    Ok(took)
}
