//! A copy of how much was done from PostgreSQL, kept where a restore of PostgreSQL does not reach.
//!
//! The bucket `TIDE` is a key-value bucket in NATS' own form (`nats kv get TIDE gauge-0` shows a copy). Each key
//! holds the installation and the height of one gauge. A copy is replaced only by who knows the one that it
//! replaces, so that it never falls. An empty bucket means nothing: it is filled from PostgreSQL again.

use async_nats::{
    HeaderMap,
    header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
    jetstream::{ErrorCode, context::PublishErrorKind, stream::LastRawMessageErrorKind},
};
use bytes::Bytes;

use crate::{Bus, BusError, topology::Stream};

/// A copy as it lies in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Whose it is: the installation that copied it.
    pub installation: String,
    /// How high the gauge stood.
    pub height: i64,
    /// What replaces it has to name this.
    pub revision: u64,
}

impl Bus {
    /// The copy of a gauge; none if there is none, because nothing was copied yet or the server lost its store.
    pub async fn copied(&self, gauge: usize) -> Result<Option<Copied>, BusError> {
        let stream = self
            .jetstream()
            .get_stream_no_info(self.stream_name(Stream::Tide))
            .await;
        let unconfirmed = |source| BusError::Unconfirmed {
            what: "the copy of the tide".to_owned(),
            source,
        };
        let stream = stream.map_err(|error| unconfirmed(error.into()))?;
        let subject = self.subjects().tide(gauge);
        match stream.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => Ok(Some(read(&message.payload, message.sequence))),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                LastRawMessageErrorKind::JetStream(answer)
                    if answer.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    self.declare().await?;
                    Ok(None)
                }
                _ => Err(unconfirmed(error.into())),
            },
        }
    }

    /// Copies a height in the place of the copy with this revision, 0 for none. Answers its own revision; none if
    /// another copy lies there by now, which has to be looked at first.
    pub async fn copy(
        &self,
        gauge: usize,
        installation: &str,
        height: i64,
        replaced: u64,
    ) -> Result<Option<u64>, BusError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, replaced.to_string());
        let text = Bytes::from(format!("{installation} {height}"));
        let published = async {
            let subject = self.subjects().tide(gauge);
            let sent = self
                .jetstream()
                .publish_with_headers(subject, headers, text);
            sent.await?.await
        };
        match published.await {
            Ok(stored) => Ok(Some(stored.sequence)),
            Err(error) => match error.kind() {
                PublishErrorKind::WrongLastSequence => Ok(None),
                PublishErrorKind::StreamNotFound => {
                    self.declare().await?;
                    Ok(None)
                }
                _ => Err(BusError::Unconfirmed {
                    what: "a copy of the tide".to_owned(),
                    source: error.into(),
                }),
            },
        }
    }
}

/// A copy that is not ours is nobody's.
fn read(payload: &[u8], revision: u64) -> Copied {
    let text = String::from_utf8_lossy(payload);
    let (installation, height) = text.rsplit_once(' ').unwrap_or_default();
    match height.parse() {
        Ok(height) => Copied {
            installation: installation.to_owned(),
            height,
            revision,
        },
        Err(_unreadable) => Copied {
            installation: String::new(),
            height: 0,
            revision,
        },
    }
}
