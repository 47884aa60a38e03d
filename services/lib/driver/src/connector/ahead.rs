//! Publishes the batches of one epoch, a bounded number ahead of what the reconciler has applied.

use std::time::Duration;

use bus::BusError;
use proto::{
    change::ChangeBatch,
    reconcile::{AppliedRequest, AppliedResponse, Feed},
};
use provider::Fault;
use tokio::time::Instant;

use super::{Connector, round::End};

/// For so long the reconciler may wait with an answer until what is awaited is applied.
const WAIT_MILLISECONDS: u32 = 1_000;
/// A pause after a reconciler that does not answer, or a bus that takes nothing.
const SILENT: Duration = Duration::from_millis(500);

pub(super) struct Ahead<'a> {
    connector: &'a Connector,
    feed: Feed,
    epoch: u64,
    published: u64,
    applied: u64,
}

impl<'a> Ahead<'a> {
    pub(super) fn new(connector: &'a Connector, feed: Feed, epoch: u64) -> Self {
        Self {
            connector,
            feed,
            epoch,
            published: 0,
            applied: 0,
        }
    }

    /// Publishes the next batch when it is near enough to what is applied.
    pub(super) async fn publish(&mut self, mut batch: ChangeBatch) -> Result<(), End> {
        let number = self.published + 1;
        let ahead = self.connector.settings.feeds.read_ahead_batches.max(1);
        self.wait_applied(number.saturating_sub(ahead)).await?;
        (batch.epoch, batch.number) = (self.epoch, number);
        let deadline = Instant::now() + self.connector.settings.feeds.stalled_seconds;
        loop {
            match self.connector.bus.publish_changes(&batch).await {
                Ok(()) => break,
                // The server may have stored it: the same number again does no harm.
                Err(error @ (BusError::Unconfirmed { .. } | BusError::Full { .. })) => {
                    tracing::warn!(%error, "a batch of changes is not confirmed");
                    if Instant::now() >= deadline {
                        return Err(End::Stalled);
                    }
                    self.pause(SILENT).await?;
                }
                Err(error) => return Err(Fault::malformed(error.to_string()).into()),
            }
        }
        self.published = number;
        kit::point("connector.published");
        Ok(())
    }

    /// Waits until everything is applied.
    pub(super) async fn finish(&mut self) -> Result<(), End> {
        self.wait_applied(self.published).await
    }

    /// Waits until this number is applied. No progress for long means that what was published is lost, and the
    /// round begins again from the stored cursor.
    async fn wait_applied(&mut self, number: u64) -> Result<(), End> {
        let mut last = (0, 0);
        let mut progressed_at = Instant::now();
        while self.applied < number {
            let position = self.position(number).await?;
            if let Ok(position) = &position {
                if position.begun_epoch > self.epoch {
                    return Err(End::Superseded);
                }
                if position.epoch == self.epoch {
                    self.applied = position.number;
                }
                if (position.epoch, position.number) != last {
                    last = (position.epoch, position.number);
                    progressed_at = Instant::now();
                }
            }
            if self.applied >= number {
                break;
            }
            if progressed_at.elapsed() >= self.connector.settings.feeds.stalled_seconds {
                tracing::warn!(epoch = self.epoch, number, "nothing is applied any more");
                return Err(End::Stalled);
            }
            if position.is_err() {
                self.pause(SILENT).await?;
            }
        }
        Ok(())
    }

    /// What is applied, as soon as it is this number, or after a while.
    async fn position(&self, number: u64) -> Result<Result<AppliedResponse, tonic::Status>, End> {
        let request = AppliedRequest {
            feed: Some(self.feed.clone()),
            epoch: self.epoch,
            number,
            wait_milliseconds: WAIT_MILLISECONDS,
        };
        let mut positions = self.connector.positions.clone();
        let answer = tokio::select! {
            answer = positions.applied(request) => answer,
            () = self.connector.process.shutdown.cancelled() => return Err(End::Stopping),
        };
        Ok(answer
            .map(tonic::Response::into_inner)
            .inspect_err(|status| {
                tracing::debug!(code = ?status.code(), "the reconciler does not tell its position");
            }))
    }

    async fn pause(&self, time: Duration) -> Result<(), End> {
        self.connector.pause(time).await
    }
}

impl Connector {
    /// Waits, or ends the round because the process stops.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), End> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.process.shutdown.cancelled() => Err(End::Stopping),
        }
    }
}
