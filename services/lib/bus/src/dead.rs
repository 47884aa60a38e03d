//! Bytes that nobody can decode: kept aside with the reason, so that what follows them goes on.

use async_nats::{HeaderMap, jetstream};
use bytes::Bytes;

use crate::{Bus, BusError, MAX_MESSAGE_BYTES, Queue, metrics, topology::Stream};

/// Why the message is dead; its header carries no personal data, for it says only what the decoder says.
const REASON: &str = "Rapport-Reason";
/// The subject that it was published on.
const SUBJECT: &str = "Rapport-Subject";
/// How many of its bytes are kept, if not all of them.
const KEPT: &str = "Rapport-Kept-Bytes";

impl Bus {
    /// Copies a message into the stream `DEAD` and takes it out of its queue.
    pub(crate) async fn bury(
        &self,
        queue: &Queue,
        message: &jetstream::Message,
        reason: &str,
    ) -> Result<(), BusError> {
        let origin = queue.stream().word();
        let mut headers = HeaderMap::new();
        headers.insert(REASON, single_line(reason).as_str());
        headers.insert(SUBJECT, message.subject.as_str());
        if let Ok(info) = message.info() {
            // The same message is buried once, however often it is delivered.
            let id = format!(
                "{origin}.{}.{}",
                info.stream_sequence,
                info.published.unix_timestamp_nanos()
            );
            headers.insert(async_nats::header::NATS_MESSAGE_ID, id.as_str());
        }
        let payload = kept(&message.payload, &mut headers);
        self.publish_raw(Stream::Dead, self.subjects().dead(origin), headers, payload)
            .await?;
        message
            .double_ack()
            .await
            .map_err(|source| BusError::Unconfirmed {
                what: format!("the removal of a message from {origin}"),
                source,
            })?;
        metrics::dead(origin);
        tracing::error!(
            origin,
            reason,
            "a message could not be decoded; it is in the stream DEAD"
        );
        Ok(())
    }
}

fn kept(payload: &Bytes, headers: &mut HeaderMap) -> Bytes {
    if payload.len() <= MAX_MESSAGE_BYTES {
        return payload.clone();
    }
    headers.insert(KEPT, MAX_MESSAGE_BYTES.to_string().as_str());
    payload.slice(..MAX_MESSAGE_BYTES)
}

fn single_line(reason: &str) -> String {
    reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(500)
        .collect()
}
