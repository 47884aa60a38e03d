//! Claims writes just before the call, makes them, and answers each.

use std::{collections::HashSet, sync::Arc, time::Instant};

use proto::{reconcile::ClaimRequest, write as wire};
use provider::{Answer, Batch, Lane, Outcome};
use tracing::Instrument as _;

use super::{Writer, delivery::Later};
use crate::{definitions::DefinedSide, store::FeedKey, tokens::Token};

/// The writes of one side in a message, being made.
pub(super) struct Making<'a> {
    pub(super) writer: &'a Writer,
    pub(super) side: &'a DefinedSide,
    pub(super) key: &'a FeedKey,
    pub(super) token: Arc<Token>,
}

/// What a claim says.
struct Claimed {
    started: HashSet<String>,
    unanswered: Vec<String>,
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
        self.refuse(refused).await?;
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
                return self.writer.hand_back(self.key, left, answer).await;
            }
        }
        Ok(())
    }

    /// Answers writes that cannot even be tried; claimed like others, so that only current ones are answered.
    async fn refuse(&self, refused: Vec<(String, Answer)>) -> Result<(), Later> {
        if refused.is_empty() {
            return Ok(());
        }
        let claimed = self
            .claim(refused.iter().map(|(id, _)| id.clone()).collect())
            .await?;
        let mut outcomes = unknown(claimed.unanswered);
        let current = refused
            .into_iter()
            .filter(|(id, _)| claimed.started.contains(id));
        outcomes.extend(current.map(|(id, answer)| (id, Outcome::new(answer, 0.0))));
        self.writer.publish(self.key, outcomes).await
    }

    /// Makes a batch. Answers what is to be said to later writes, if the connection takes no more calls.
    async fn make_batch(&mut self, mut batch: Batch) -> Result<Option<Answer>, Later> {
        let ids = batch.writes.iter().map(|write| write.id.clone()).collect();
        let claimed = self.claim(ids).await?;
        let mut outcomes = unknown(claimed.unanswered);
        batch
            .writes
            .retain(|write| claimed.started.contains(&write.id));
        let mut stop = None;
        if !batch.writes.is_empty() {
            let begin = Instant::now();
            let made = self.execute(&batch).await;
            self.writer
                .metrics
                .batch(batch.kind.word(), begin.elapsed().as_secs_f64());
            for (write, mut outcome) in batch.writes.into_iter().zip(made) {
                if matches!(outcome.answer, Answer::NotAttempted { .. }) {
                    let answer = match &stop {
                        Some(said) => later_than(said, outcome.answer),
                        None => self.writer.pause(self.side, outcome.answer),
                    };
                    outcome.answer = answer.clone();
                    stop = Some(answer);
                }
                outcomes.push((write.id, outcome));
            }
            if stop.is_none() {
                self.writer.pauses.worked(&self.side.connection());
            }
        }
        self.writer.publish(self.key, outcomes).await?;
        Ok(stop)
    }

    /// Calls the provider. What it refuses for the token alone is made once more with another one.
    async fn execute(&mut self, batch: &Batch) -> Vec<Outcome> {
        let mut outcomes = self.execute_once(batch).await;
        let refused = |outcome: &Outcome| {
            matches!(
                outcome.answer,
                Answer::NotAttempted {
                    unauthorised: true,
                    ..
                }
            )
        };
        if !outcomes.iter().any(refused) {
            return outcomes;
        }
        match self
            .writer
            .tokens
            .of_side(self.side, Some(&self.token))
            .await
        {
            Ok(token) => self.token = token,
            Err(fault) => {
                let answer = Answer::from(fault);
                self.report(&answer).await;
                for outcome in outcomes.iter_mut().filter(|outcome| refused(outcome)) {
                    outcome.answer = answer.clone();
                }
                return outcomes;
            }
        }
        let again: Vec<usize> = (0..outcomes.len())
            .filter(|at| refused(&outcomes[*at]))
            .collect();
        let writes = again.iter().map(|at| batch.writes[*at].clone()).collect();
        let made = self
            .execute_once(&Batch {
                kind: batch.kind,
                writes,
            })
            .await;
        for (at, outcome) in again.into_iter().zip(made) {
            if refused(&outcome) {
                self.report(&outcome.answer).await;
            }
            outcomes[at] = outcome;
        }
        outcomes
    }

    async fn execute_once(&self, batch: &Batch) -> Vec<Outcome> {
        let session = self.token.session(&self.writer.http, Lane::Change);
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

    async fn report(&self, answer: &Answer) {
        if let Answer::NotAttempted {
            reason,
            unauthorised: true,
            ..
        } = answer
        {
            self.writer
                .tokens
                .report_unauthorised(self.side, reason)
                .await;
        }
    }

    /// Moves writes from queued to started: the last thing before the call.
    async fn claim(&self, writes: Vec<String>) -> Result<Claimed, Later> {
        let scope = &self.side.scope;
        let request = ClaimRequest {
            tenant: scope.tenant.clone(),
            connection: scope.connection.clone(),
            writes,
        };
        let answer = self
            .writer
            .claims
            .clone()
            .claim(request)
            .await
            .map_err(|status| {
                tracing::warn!(code = ?status.code(), "the reconciler takes no claim");
                Later::PeerSilent
            })?;
        let answer = answer.into_inner();
        Ok(Claimed {
            started: answer.started.into_iter().collect(),
            unanswered: answer.unanswered,
        })
    }
}

/// Writes that were started before, without an answer: they may have happened.
fn unknown(unanswered: Vec<String>) -> Vec<(String, Outcome)> {
    let reason = "a writer stopped between its call and the answer";
    let answer = Answer::Unknown {
        reason: reason.to_owned(),
    };
    unanswered
        .into_iter()
        .map(|id| (id, Outcome::new(answer.clone(), 0.0)))
        .collect()
}

/// All writes of a batch that were not attempted wait equally long.
fn later_than(said: &Answer, answer: Answer) -> Answer {
    match (said, answer) {
        (
            Answer::NotAttempted { until: said, .. },
            Answer::NotAttempted {
                reason,
                until,
                unauthorised,
            },
        ) => Answer::NotAttempted {
            reason,
            until: until.max(*said),
            unauthorised,
        },
        (_, answer) => answer,
    }
}
