//! Publishing into the streams, with bounded retries.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    header::NATS_MESSAGE_ID,
    jetstream::{self, ErrorCode, context::PublishErrorKind},
};
use bytes::Bytes;
use prost::Message;
use proto::{
    change::ChangeBatch,
    record::Side,
    write::{OutcomeBatch, WriteBatch},
};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    Bus, BusError, CloudEvent, MAX_MESSAGE_BYTES, metrics, notice::CONTENT_TYPE, topology::Stream,
    trace,
};

/// Pauses between the attempts to publish one message; each attempt waits some seconds for the answer.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// The header that names the type of the payload.
const TYPE: &str = "Content-Type";
const PROTOBUF: &str = "application/protobuf";

impl Bus {
    /// Publishes a page of a feed. Its message id is made of the feed, the epoch and the number.
    pub async fn publish_changes(&self, batch: &ChangeBatch) -> Result<(), BusError> {
        let subject = self.subjects().changes(batch)?;
        let side = if batch.side() == Side::Left {
            "left"
        } else {
            "right"
        };
        let id = format!(
            "{}.{}.{side}.{}.{}",
            batch.tenant, batch.sync, batch.epoch, batch.number
        );
        self.publish(
            Stream::Changes,
            subject,
            &id,
            PROTOBUF,
            batch.encode_to_vec().into(),
        )
        .await
    }

    /// Publishes writes that the outbox released.
    pub async fn publish_writes(&self, batch: &WriteBatch) -> Result<(), BusError> {
        let subject = self.subjects().writes(batch)?;
        // The outbox may release the same writes again, on purpose; so the id is that of this call.
        let id = Uuid::now_v7().to_string();
        self.publish(
            Stream::Writes,
            subject,
            &id,
            PROTOBUF,
            batch.encode_to_vec().into(),
        )
        .await
    }

    /// Publishes answers to writes.
    pub async fn publish_outcomes(&self, batch: &OutcomeBatch) -> Result<(), BusError> {
        let subject = self.subjects().outcomes(batch)?;
        let id = Uuid::now_v7().to_string();
        self.publish(
            Stream::Outcomes,
            subject,
            &id,
            PROTOBUF,
            batch.encode_to_vec().into(),
        )
        .await
    }

    /// Publishes an event for other systems, under its own id.
    pub async fn publish_notice(&self, event: &CloudEvent) -> Result<(), BusError> {
        let subject = self.subjects().notice(&event.origin(), &event.what())?;
        let payload = serde_json::to_vec(event).map_err(BusError::Encode)?;
        self.publish(
            Stream::Notices,
            subject,
            &event.id,
            CONTENT_TYPE,
            payload.into(),
        )
        .await
    }

    async fn publish(
        &self,
        stream: Stream,
        subject: String,
        id: &str,
        content_type: &str,
        payload: Bytes,
    ) -> Result<(), BusError> {
        let span = tracing::info_span!(
            "publish",
            otel.name = format!("publish {}", stream.word()),
            otel.kind = "producer",
            messaging.system = "nats",
            messaging.destination.name = stream.word(),
            messaging.message.body.size = payload.len(),
        );
        let publishing = async {
            let mut headers = HeaderMap::new();
            headers.insert(NATS_MESSAGE_ID, id);
            headers.insert(TYPE, content_type);
            trace::inject(&mut headers);
            self.publish_raw(stream, subject, headers, payload).await
        };
        publishing.instrument(span).await
    }

    /// Publishes until the server has confirmed, a few times at most.
    pub(crate) async fn publish_raw(
        &self,
        stream: Stream,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), BusError> {
        if payload.len() > MAX_MESSAGE_BYTES {
            return Err(BusError::TooLarge {
                bytes: payload.len(),
                limit: MAX_MESSAGE_BYTES,
            });
        }
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match self
                .attempt(&subject, headers.clone(), payload.clone())
                .await
            {
                Ok(()) => {
                    metrics::published(stream.word());
                    return Ok(());
                }
                Err(error) => error,
            };
            if is_full(&error) {
                return Err(BusError::Full {
                    stream: self.stream_name(stream),
                });
            }
            let Some(pause) = pauses.next() else {
                return Err(BusError::Unconfirmed {
                    what: format!("a message for stream {}", self.stream_name(stream)),
                    source: error.into(),
                });
            };
            tracing::debug!(stream = stream.word(), %error, "publishing again");
            tokio::time::sleep(pause).await;
            if error.kind() == PublishErrorKind::StreamNotFound {
                self.declare().await?;
            }
        }
    }

    async fn attempt(
        &self,
        subject: &str,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), jetstream::context::PublishError> {
        let confirmation = self
            .jetstream()
            .publish_with_headers(subject.to_owned(), headers, payload)
            .await?;
        confirmation.await.map(|_stored| ())
    }
}

/// Whether the stream has reached its limit.
fn is_full(error: &jetstream::context::PublishError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(answer) = error.downcast_ref::<jetstream::Error>() {
            return answer.error_code() == ErrorCode::STREAM_STORE_FAILED
                || answer.to_string().contains("maximum bytes exceeded");
        }
        cause = error.source();
    }
    false
}
