//! Claims writes just before the call, makes them, and answers each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use proto::write as wire;
use provider::{Answer, Batch, Lane, Outcome, Session};
use tracing::Instrument as _;

use super::{Writer, delivery::Later};
use crate::{
    backoff::backoff,
    definitions::{ConnectionKey, DefinedSide},
    tokens::{Refused, Token},
};

/// How often a write is made again with another token, before a person has to sign in again.
const MOST_RENEWALS: u32 = 3;

/// The writes of one side in a message, being made.
pub(super) struct Making<'a> {
    pub(super) writer: &'a Writer,
    pub(super) side: &'a DefinedSide,
    pub(super) connection: &'a ConnectionKey,
    pub(super) token: Arc<Token>,
}

impl Making<'_> {
    /// Makes writes batch by batch. When the connection takes no more calls, what is left goes back.
    pub(super) async fn make(mut self, writes: Vec<wire::Write>) -> Result<(), Later> {
        let mut refused = Vec::new();
        let mut readable = Vec::new();
        for write in writes {
            let id = write.id.clone();
            match crate::wire::write(write) {
                Ok(write) => readable.push(write),
                Err(error) => {
                    tracing::error!(write = id, %error, "a write cannot be read");
                    let reason = format!("the write cannot be read: {error}");
                    refused.push((id, Answer::Refused { path: None, reason }));
                }
            }
        }
        let provider = &*self.writer.provider;
        let (batches, unprepared) =
            self.writer
                .suspects
                .batches(provider, &self.side.scope, readable);
        refused.extend(unprepared);
        let sync = &self.side.scope.sync;
        self.writer.answer(self.connection, sync, refused).await?;
        let mut batches = batches.into_iter();
        while let Some(batch) = batches.next() {
            if self.writer.shutdown.is_cancelled() {
                return Err(Later::Stopping);
            }
            if let Some(answer) = self.make_batch(batch).await? {
                let left = batches
                    .flat_map(|batch| batch.writes)
                    .map(|write| write.id)
                    .collect();
                let sync = &self.side.scope.sync;
                return self
                    .writer
                    .hand_back(self.connection, sync, left, &answer)
                    .await;
            }
        }
        Ok(())
    }

    /// Makes a batch. Answers what is to be said to later writes, if the connection takes no more calls.
    async fn make_batch(&mut self, mut batch: Batch) -> Result<Option<Answer>, Later> {
        let ids = batch.writes.iter().map(|write| write.id.clone()).collect();
        let claimed_at = Instant::now();
        let mut claimed = self.writer.claim(self.connection, ids).await?;
        let mut outcomes = claimed.unknown();
        batch
            .writes
            .retain(|write| claimed.started.contains(&write.id));
        let mut stop = None;
        if !batch.writes.is_empty() {
            let begin = Instant::now();
            kit::point("writer.claimed");
            let made = self.execute(&batch, claimed_at).await;
            kit::point("writer.called");
            self.writer
                .metrics
                .batch(batch.kind.word(), begin.elapsed().as_secs_f64());
            stop = self.stop_after(&made);
            for (write, mut outcome) in batch.writes.into_iter().zip(made) {
                if let Some(stop) = &stop {
                    outcome.answer = stop.clone();
                }
                outcomes.push((write.id, outcome));
            }
        }
        let scope = &self.side.scope;
        self.writer
            .publish(&scope.tenant, &scope.sync, outcomes, scope.notifies())
            .await?;
        Ok(stop)
    }

    /// A call that came to nothing at all means that the connection takes none for now. A single record that has to
    /// wait means nothing for others.
    fn stop_after(&self, made: &[Outcome]) -> Option<Answer> {
        let stopped = |outcome: &&Outcome| matches!(outcome.answer, Answer::NotAttempted { .. });
        let first = made
            .first()
            .filter(|_| made.iter().all(|outcome| stopped(&outcome)));
        let Some(first) = first else {
            self.writer.pauses.worked(self.connection);
            return None;
        };
        let later = made
            .iter()
            .map(|outcome| &outcome.answer)
            .fold(first.answer.clone(), later_of);
        Some(self.writer.pause(self.connection, later))
    }

    /// Calls the provider. What it refuses for the token alone is made again with others.
    async fn execute(&mut self, batch: &Batch, claimed_at: Instant) -> Vec<Outcome> {
        let mut outcomes = self.execute_once(batch, claimed_at).await;
        for renewal in 0..MOST_RENEWALS {
            let Some(reason) = outcomes.iter().find_map(refused).map(str::to_owned) else {
                return outcomes;
            };
            let last = Refused {
                token: &self.token,
                reason: &reason,
            };
            match self.writer.tokens.of_side(self.side, Some(last)).await {
                Ok(token) => self.token = token,
                Err(fault) => {
                    let answer = Answer::from(fault);
                    for outcome in outcomes.iter_mut().filter(|one| refused(one).is_some()) {
                        outcome.answer = answer.clone();
                    }
                    return outcomes;
                }
            }
            if renewal > 0 {
                let (first, longest) = (Duration::from_millis(500), Duration::from_secs(2));
                tokio::time::sleep(backoff(renewal, first, longest)).await;
            }
            self.make_refused_again(batch, claimed_at, &mut outcomes)
                .await;
        }
        if let Some(reason) = outcomes.iter().find_map(refused) {
            let tokens = &self.writer.tokens;
            tokens.report_unauthorised(self.connection, reason).await;
        }
        outcomes
    }

    async fn make_refused_again(
        &self,
        batch: &Batch,
        claimed_at: Instant,
        outcomes: &mut [Outcome],
    ) {
        let again: Vec<usize> = (0..outcomes.len())
            .filter(|at| refused(&outcomes[*at]).is_some())
            .collect();
        let writes = again.iter().map(|at| batch.writes[*at].clone()).collect();
        let kind = batch.kind;
        let made = self.execute_once(&Batch { kind, writes }, claimed_at).await;
        for (at, outcome) in again.into_iter().zip(made) {
            outcomes[at] = outcome;
        }
    }

    async fn execute_once(&self, batch: &Batch, claimed_at: Instant) -> Vec<Outcome> {
        let http = &self.writer.http;
        let claim = http.request_timeout() + Duration::from_secs(proto::CLAIM_SECONDS.into());
        let session = Session {
            begin_before: Some(claimed_at + claim),
            ..self.token.session(http, Lane::Change)
        };
        let span = tracing::info_span!(
            "write.call",
            provider = self.writer.about.provider,
            kind = batch.kind.word(),
            writes = batch.writes.len(),
        );
        let provider = &*self.writer.provider;
        self.writer
            .suspects
            .execute(provider, session, &self.side.scope, batch)
            .instrument(span)
            .await
    }
}

/// Why the token was refused for a write, if it was.
fn refused(outcome: &Outcome) -> Option<&str> {
    match &outcome.answer {
        Answer::NotAttempted {
            reason,
            unauthorised: true,
            ..
        } => Some(reason),
        _ => None,
    }
}

/// Of two answers to writes that were not attempted, the one that waits longer, or for a person.
fn later_of(one: Answer, other: &Answer) -> Answer {
    let waits = |answer: &Answer| match answer {
        Answer::NotAttempted {
            until,
            unauthorised,
            ..
        } => (*unauthorised, *until),
        _ => (false, None),
    };
    if waits(other) > waits(&one) {
        other.clone()
    } else {
        one
    }
}
