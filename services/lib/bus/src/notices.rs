//! Reading the notices of a tenant, from any point in time, for the API's stream of events.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use async_nats::{
    datetime::DateTime,
    jetstream::consumer::{DeliverPolicy, pull},
};
use futures_util::Stream as Futures;
use jiff::Timestamp;

use crate::{Bus, BusError, CloudEvent, topology::Stream};

/// From where notices are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Only those that are published from now on.
    Now,
    /// Everything that the stream still holds.
    Beginning,
    /// Those published at or after this time.
    Time(Timestamp),
    /// Those after the one with this number.
    After(u64),
}

/// A notice with its number in the stream, from which reading can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Grows with every notice, of any tenant.
    pub number: u64,
    /// The event.
    pub event: CloudEvent,
}

/// Notices of one tenant, in order, without end.
pub struct Notices {
    messages: pull::Ordered,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

impl Bus {
    /// Reads a tenant's notices, of one sync or of all; no other tenant's can be seen.
    pub async fn notices(
        &self,
        tenant: &str,
        sync: Option<&str>,
        since: Since,
    ) -> Result<Notices, BusError> {
        let filter_subject = self.subjects().notices_of(tenant, sync)?;
        let config = pull::OrderedConfig {
            filter_subject,
            deliver_policy: policy(since),
            ..pull::OrderedConfig::default()
        };
        let name = self.stream_name(Stream::Notices);
        let what = || format!("a reader of stream {name}");
        let consumer = self
            .jetstream()
            .create_consumer_on_stream(config, &name)
            .await
            .map_err(|error| BusError::Unconfirmed {
                what: what(),
                source: error.into(),
            })?;
        let messages = consumer
            .messages()
            .await
            .map_err(|error| BusError::Unconfirmed {
                what: what(),
                source: error.into(),
            })?;
        Ok(Notices { messages })
    }
}

fn policy(since: Since) -> DeliverPolicy {
    match since {
        Since::Now => DeliverPolicy::New,
        Since::Beginning => DeliverPolicy::All,
        Since::After(number) => DeliverPolicy::ByStartSequence {
            start_sequence: number.saturating_add(1),
        },
        Since::Time(time) => match DateTime::from_unix_timestamp_nanos(time.as_nanosecond()) {
            Ok(start_time) => DeliverPolicy::ByStartTime { start_time },
            // Beyond the calendar of the client: before everything.
            Err(_out_of_range) => DeliverPolicy::All,
        },
    }
}

impl Notices {
    /// The next notice, or the error that ended the reading; read on from the last number.
    pub async fn next(&mut self) -> Option<Result<Numbered, BusError>> {
        futures_util::StreamExt::next(self).await
    }
}

impl Futures for Notices {
    type Item = Result<Numbered, BusError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            return match Pin::new(&mut self.messages).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => {
                    let number = message.info().map_or(0, |info| info.stream_sequence);
                    match serde_json::from_slice(&message.payload) {
                        Ok(event) => Poll::Ready(Some(Ok(Numbered { number, event }))),
                        Err(error) => {
                            tracing::warn!(number, %error, "a notice that is no CloudEvent is left out");
                            continue;
                        }
                    }
                }
                Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(BusError::Unconfirmed {
                    what: "the reading of notices".to_owned(),
                    source: error.into(),
                }))),
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            };
        }
    }
}
