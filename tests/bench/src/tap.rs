//! What goes over the bus, seen for a while from outside.

use std::{collections::BTreeMap, time::Duration};

use futures_util::StreamExt as _;
use serde::Serialize;

/// Messages of one stream.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Traffic {
    /// How many.
    pub(crate) messages: u64,
    /// Their payloads together.
    pub(crate) bytes: u64,
}

/// Listens for a while; answers what passed by the second word of its subject: `changes`, `writes`, `outcomes`, `notices`.
pub(crate) async fn listen(
    nats_url: &str,
    listen_for: Duration,
) -> anyhow::Result<BTreeMap<String, Traffic>> {
    let client = async_nats::connect(nats_url).await?;
    let mut passing = client.subscribe("rapport.>").await?;
    let mut traffic: BTreeMap<String, Traffic> = BTreeMap::new();
    let until = tokio::time::Instant::now() + listen_for;
    while let Ok(Some(message)) = tokio::time::timeout_at(until, passing.next()).await {
        let stream = message.subject.split('.').nth(1).unwrap_or_default();
        let seen = traffic.entry(stream.to_owned()).or_default();
        seen.messages += 1;
        seen.bytes += message.payload.len() as u64;
    }
    Ok(traffic)
}
