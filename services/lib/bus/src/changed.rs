//! "The definition of this sync changed": a hint over core NATS, kept nowhere.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::Stream;

use crate::{Bus, BusError};

/// A sync whose definition changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The customer organisation.
    pub tenant: String,
    /// The sync.
    pub sync: String,
}

impl Bus {
    /// Tells everybody who listens that a sync's definition changed. Who does not hear it finds out by
    /// asking control, as everybody does once a minute.
    pub async fn announce_changed(&self, tenant: &str, sync: &str) -> Result<(), BusError> {
        let subject = self.subjects().changed(tenant, sync)?;
        self.client()
            .publish(subject, Bytes::new())
            .await
            .map_err(|source| BusError::Unconfirmed {
                what: "the change of a sync".to_owned(),
                source: source.into(),
            })
    }

    /// Listens for changed definitions, from now on.
    pub async fn watch_changed(&self) -> Result<Watch, BusError> {
        let subject = self.subjects().all_changed();
        let subscriber =
            self.client()
                .subscribe(subject)
                .await
                .map_err(|source| BusError::Unconfirmed {
                    what: "the subscription to changed syncs".to_owned(),
                    source: source.into(),
                })?;
        Ok(Watch { subscriber })
    }
}

/// A stream of changed syncs; it survives reconnections and ends with the connection.
#[derive(Debug)]
pub struct Watch {
    subscriber: Subscriber,
}

impl Watch {
    /// The next changed sync.
    pub async fn next(&mut self) -> Option<Changed> {
        futures_util::StreamExt::next(self).await
    }
}

impl Stream for Watch {
    type Item = Changed;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Changed>> {
        loop {
            match Pin::new(&mut self.subscriber).poll_next(context) {
                Poll::Ready(Some(message)) => {
                    if let Some(changed) = parse(&message.subject) {
                        return Poll::Ready(Some(changed));
                    }
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

fn parse(subject: &str) -> Option<Changed> {
    let mut words = subject.rsplit('.');
    let sync = words.next()?.to_owned();
    let tenant = words.next()?.to_owned();
    Some(Changed { tenant, sync })
}
