//! Consuming a work queue.
//!
//! Messages of one sync (of one connection, for writes) are handed out one at a time, in the order in
//! which they were published; different ones at the same time. A message is in the hands of the service
//! until it is acknowledged, which is confirmed by the server, or sent back; while it is held, the server is told every few
//! seconds that it is in good hands. A message that fails stays, and with it what follows it in its sync;
//! it comes again after a delay that grows up to five minutes, as often as need be. Bytes that cannot
//! be decoded go to the stream `DEAD` and what follows goes on.

mod delivery;
mod in_order;
mod pump;
mod source;

use std::{future::Future, marker::PhantomData, time::Duration};

use proto::{
    change::ChangeBatch,
    write::{OutcomeBatch, WriteBatch},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use delivery::Delivery;

use crate::{Bus, BusError, Queue};

/// How long a stopping process takes to give its messages back; without it they come a few seconds later.
const GIVING_BACK: Duration = Duration::from_secs(3);

/// The messages of a work queue.
#[derive(Debug)]
pub struct Deliveries<T> {
    ready: mpsc::Receiver<delivery::Held>,
    pump: JoinHandle<()>,
    message: PhantomData<fn() -> T>,
}

impl Bus {
    /// Consumes batches of changes.
    pub fn changes(&self) -> Result<Deliveries<ChangeBatch>, BusError> {
        self.deliveries(Queue::Changes)
    }

    /// Consumes batches of writes for this provider.
    pub fn writes(&self, provider: &str) -> Result<Deliveries<WriteBatch>, BusError> {
        self.deliveries(Queue::Writes {
            provider: provider.to_owned(),
        })
    }

    /// Consumes batches of outcomes.
    pub fn outcomes(&self) -> Result<Deliveries<OutcomeBatch>, BusError> {
        self.deliveries(Queue::Outcomes)
    }

    fn deliveries<T: prost::Message + Default>(
        &self,
        queue: Queue,
    ) -> Result<Deliveries<T>, BusError> {
        queue.check()?;
        let (ready, pump) = pump::start(self.clone(), queue);
        Ok(Deliveries {
            ready,
            pump,
            message: PhantomData,
        })
    }
}

impl<T: prost::Message + Default + 'static> Deliveries<T> {
    /// The next message; waits for as long as it takes.
    pub async fn next(&mut self) -> Option<Delivery<T>> {
        loop {
            if let Some(delivery) = self.ready.recv().await?.open() {
                return Some(delivery);
            }
        }
    }

    /// Handles every message, at most `limit` at a time, until `shutdown`; then finishes what is in hand.
    ///
    /// A handler that returns without acknowledging, or panics, gets its message again later.
    pub async fn for_each<F, Handling>(
        mut self,
        limit: usize,
        shutdown: CancellationToken,
        handle: F,
    ) where
        F: Fn(Delivery<T>) -> Handling,
        Handling: Future<Output = ()> + Send + 'static,
    {
        let places = std::sync::Arc::new(Semaphore::new(limit));
        let mut handling = JoinSet::new();
        loop {
            let next = async {
                let place = std::sync::Arc::clone(&places).acquire_owned().await.ok()?;
                Some((place, self.next().await?))
            };
            let (place, delivery): (OwnedSemaphorePermit, _) = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(_ended) = handling.join_next(), if !handling.is_empty() => continue,
                next = next => match next {
                    Some(next) => next,
                    None => break,
                },
            };
            let span = delivery.span().clone();
            let work = handle(delivery);
            handling.spawn(
                async move {
                    work.await;
                    drop(place);
                }
                .instrument(span),
            );
        }
        // No more come; the pump gives back what has not been begun once the rest is finished.
        let Self { ready, pump, .. } = self;
        drop(ready);
        while handling.join_next().await.is_some() {}
        let _given_back_or_redelivered_later = tokio::time::timeout(GIVING_BACK, pump).await;
    }
}
