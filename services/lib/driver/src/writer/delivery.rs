//! One message of the bus: writes of one connection, until every outcome is published.

use std::{sync::Arc, time::Duration};

use bus::{BusError, Delivery};
use jiff::{SignedDuration, Timestamp};
use model::Side;
use proto::write::{self as wire, OutcomeBatch, WriteBatch};
use provider::{Answer, Outcome};
use tracing::Instrument as _;

use super::{Writer, making::Making, outcomes};
use crate::{definitions::ConnectionKey, store::FeedKey};

/// Why a message is not done with.
#[derive(Debug)]
pub(super) enum Later {
    /// Control or the reconciler does not answer.
    PeerSilent,
    /// The process stops.
    Stopping,
}

/// A peer that does not answer is asked again after this.
const PEER_SILENT: Duration = Duration::from_secs(2);

/// A write whose sync nobody knows here goes back into the outbox for this long.
const UNDEFINED: SignedDuration = SignedDuration::from_secs(30);

const FIRST_PUBLISH_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PUBLISH_PAUSE: Duration = Duration::from_secs(10);

impl Writer {
    /// Handles a message; it is acknowledged only when every outcome is published.
    pub(super) async fn deliver(self: Arc<Self>, delivery: Delivery<WriteBatch>) {
        match self.make_all(&delivery.message).await {
            Ok(()) => {
                kit::point("writer.answered");
                if let Err(error) = delivery.ack().await {
                    // It comes again, finds its writes answered, and makes none.
                    tracing::warn!(%error, "a batch of writes is not acknowledged");
                }
            }
            Err(Later::PeerSilent) => delivery.retry_after(PEER_SILENT),
            Err(Later::Stopping) => delivery.retry_after(Duration::ZERO),
        }
    }

    async fn make_all(&self, message: &WriteBatch) -> Result<(), Later> {
        let connection = ConnectionKey {
            tenant: message.tenant.clone(),
            connection: message.connection.clone(),
        };
        for write in message
            .writes
            .iter()
            .filter(|write| side_of(write).is_none())
        {
            let reason = "the write names no side".to_owned();
            let answer = Answer::Refused { path: None, reason };
            self.answer(&connection, &write.sync, vec![(write.id.clone(), answer)])
                .await?;
        }
        for (key, writes) in by_side(message) {
            let span = tracing::info_span!(
                "write.batch",
                tenant = key.tenant,
                sync = key.sync,
                side = %key.side,
                writes = writes.len(),
            );
            self.make_side(&connection, &key, writes)
                .instrument(span)
                .await?;
        }
        Ok(())
    }

    async fn make_side(
        &self,
        connection: &ConnectionKey,
        key: &FeedKey,
        writes: Vec<wire::Write>,
    ) -> Result<(), Later> {
        let side = self.definitions.look_up(key).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), "control does not tell its definitions");
            Later::PeerSilent
        })?;
        let side = side.filter(|side| side.scope.connection == connection.connection);
        let Some(side) = side else {
            tracing::warn!(
                writes = writes.len(),
                "writes of a sync that is not defined here"
            );
            let until = Timestamp::now().checked_add(UNDEFINED).ok();
            let answer = not_attempted("the sync is not defined", until);
            return self
                .hand_back(connection, &key.sync, ids(&writes), &answer)
                .await;
        };
        if let Some(until) = self.pauses.of(connection) {
            let answer = not_attempted("the connection waits", Some(until));
            return self
                .hand_back(connection, &key.sync, ids(&writes), &answer)
                .await;
        }
        let token = match self.tokens.of_side(&side, None).await {
            Ok(token) => token,
            Err(fault) => {
                let answer = self.pause(connection, fault.into());
                return self
                    .hand_back(connection, &key.sync, ids(&writes), &answer)
                    .await;
            }
        };
        Making {
            writer: self,
            side: &side,
            connection,
            token,
        }
        .make(writes)
        .await
    }

    /// Answers writes for which no call is made: they go back into the outbox.
    pub(super) async fn hand_back(
        &self,
        connection: &ConnectionKey,
        sync: &str,
        ids: Vec<String>,
        answer: &Answer,
    ) -> Result<(), Later> {
        let answers = ids.into_iter().map(|id| (id, answer.clone())).collect();
        self.answer(connection, sync, answers).await
    }

    /// Leaves a connection alone for a while after an answer that says that it takes no calls; the answer then
    /// says until when.
    pub(super) fn pause(&self, connection: &ConnectionKey, answer: Answer) -> Answer {
        let Answer::NotAttempted {
            reason,
            until,
            unauthorised,
        } = answer
        else {
            return answer;
        };
        // Control refuses at once, and gives access as soon as somebody has signed in.
        let until = if unauthorised {
            until
        } else {
            Some(self.pauses.failed(connection, until))
        };
        Answer::NotAttempted {
            reason,
            until,
            unauthorised,
        }
    }

    /// Publishes outcomes until the bus has them: before that, nothing is acknowledged.
    pub(super) async fn publish(
        &self,
        tenant: &str,
        sync: &str,
        outcomes: Vec<(String, Outcome)>,
        notifies: bool,
    ) -> Result<(), Later> {
        for (_, outcome) in &outcomes {
            self.metrics.write(outcome.answer.word());
        }
        let outcomes = outcomes
            .into_iter()
            .map(|(id, outcome)| crate::wire::outcome(id, outcome, notifies))
            .collect();
        for batch in outcomes::split(tenant, sync, outcomes) {
            self.publish_batch(&batch).await?;
        }
        Ok(())
    }

    async fn publish_batch(&self, batch: &OutcomeBatch) -> Result<(), Later> {
        let mut pause = FIRST_PUBLISH_PAUSE;
        loop {
            match self.bus.publish_outcomes(batch).await {
                Ok(()) => return Ok(()),
                Err(error @ (BusError::Unconfirmed { .. } | BusError::Full { .. })) => {
                    tracing::warn!(%error, outcomes = batch.outcomes.len(), "outcomes are not confirmed");
                }
                Err(error) => {
                    // The bus will never take it; the reconciler finds these writes unanswered.
                    tracing::error!(%error, outcomes = batch.outcomes.len(), "outcomes are lost");
                    return Ok(());
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.shutdown.cancelled() => return Err(Later::Stopping),
            }
            pause = (pause * 2).min(LONGEST_PUBLISH_PAUSE);
        }
    }
}

/// An answer for writes that no call was made for.
fn not_attempted(reason: &str, until: Option<Timestamp>) -> Answer {
    Answer::NotAttempted {
        reason: reason.to_owned(),
        until,
        unauthorised: false,
    }
}

/// The writes of a message by sync and side, in their order.
fn by_side(message: &WriteBatch) -> Vec<(FeedKey, Vec<wire::Write>)> {
    let mut groups: Vec<(FeedKey, Vec<wire::Write>)> = Vec::new();
    for write in &message.writes {
        let Some(side) = side_of(write) else { continue };
        let key = FeedKey {
            tenant: message.tenant.clone(),
            sync: write.sync.clone(),
            side,
        };
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, writes)) => writes.push(write.clone()),
            None => groups.push((key, vec![write.clone()])),
        }
    }
    groups
}

fn side_of(write: &wire::Write) -> Option<Side> {
    Side::try_from(write.side).ok()
}

fn ids(writes: &[wire::Write]) -> Vec<String> {
    writes.iter().map(|write| write.id.clone()).collect()
}
