//! Sending changes under one condition, and telling stale records from the others when it does not hold.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::Version;
use provider::{Answer, Applied, Fault, Update};
use serde_json::{Map, Value as Json};

use super::{Pending, SETTLED, later};
use crate::{
    event,
    wire::{Row, Verdict},
    writer::{
        Answered, Answers, Writer,
        verdict::{ATTEMPTS, Ruling, rule},
    },
};

impl Writer<'_> {
    /// Sends what is pending, and again what can be kept without a refused path. Returns the writes that were not
    /// made because of others.
    pub(super) async fn send(
        &self,
        updates: &[&Update],
        mut pending: Vec<Pending>,
        at: Timestamp,
        answers: &mut Answers,
    ) -> Vec<usize> {
        let condition = condition(pending.iter().map(|write| &write.row), at);
        for _ in 0..ATTEMPTS {
            if pending.is_empty() {
                return Vec::new();
            }
            let rows: Vec<_> = pending
                .iter()
                .map(|write| row_to_send(updates, write))
                .collect();
            match self
                .client
                .update(self.module(), &self.body(&rows), condition)
                .await
            {
                Ok(answer) => {
                    pending = self
                        .sort_out(updates, pending, answer.body.data, answers)
                        .await;
                }
                Err(failure) if failure.fault == Fault::Stale => {
                    return self
                        .separate_stale(updates, pending, condition, answers)
                        .await;
                }
                Err(failure) => {
                    for write in pending {
                        answers.set(write.index, write.answered(failure.fault.clone().into()));
                    }
                    return Vec::new();
                }
            }
        }
        for write in pending {
            let answer = write.changes.refusal();
            answers.set(write.index, write.answered(answer));
        }
        Vec::new()
    }

    /// Answers the writes as their verdicts say. Returns those that can be sent again without a refused path.
    async fn sort_out(
        &self,
        updates: &[&Update],
        pending: Vec<Pending>,
        verdicts: Vec<Verdict>,
        answers: &mut Answers,
    ) -> Vec<Pending> {
        let mut again = Vec::new();
        let mut stale = Vec::new();
        for (mut write, verdict) in pending.into_iter().zip(verdicts) {
            match rule(&verdict, &mut write.changes, &[]) {
                Ruling::Again => again.push(write),
                Ruling::Answer(Answer::Stale { .. }) => stale.push(write),
                Ruling::Answer(answer) => answers.set(write.index, write.answered(answer)),
                Ruling::Done { version, .. } => {
                    let applied = Applied {
                        remote_id: updates[write.index].remote_id.clone(),
                        // The answer carries no record, and one read later may hold somebody's newer edit.
                        answer: self.as_held(
                            &updates[write.index].remote_id,
                            &[write.row_now(version.as_ref())],
                            write.in_scope,
                        ),
                        version,
                        refused: write.changes.refused.clone(),
                    };
                    answers.set(write.index, write.answered(Answer::Applied(applied)));
                }
            }
        }
        if !stale.is_empty() {
            let rows = self.read_again(&stale).await;
            self.answer_moved(answers, updates, &stale, &rows).await;
        }
        again
    }

    /// The whole call was refused because some of its records are newer: those are stale and never sent again
    /// from this plan, the others get another turn.
    async fn separate_stale(
        &self,
        updates: &[&Update],
        pending: Vec<Pending>,
        condition: Timestamp,
        answers: &mut Answers,
    ) -> Vec<usize> {
        let rows = self.read_again(&pending).await;
        let moved = |write: &Pending| {
            let now = write.row.id().and_then(|id| rows.get(id));
            let newer = |row: &Row| row.modified().is_none_or(|modified| modified > condition);
            now.is_none_or(|row| newer(row) || *row != write.row)
        };
        let (stale, others): (Vec<_>, Vec<_>) = pending.into_iter().partition(moved);
        if stale.is_empty() {
            // Nothing tells which one it is: later, with a newer reading.
            for write in others {
                answers.set(write.index, later("a record moved on"));
            }
            return Vec::new();
        }
        self.answer_moved(answers, updates, &stale, &rows).await;
        others.into_iter().map(|write| write.index).collect()
    }

    async fn read_again(&self, writes: &[Pending]) -> BTreeMap<String, Row> {
        let ids = writes
            .iter()
            .filter_map(|write| write.row.id().map(str::to_owned));
        let ids: Vec<String> = ids.collect();
        let read = self
            .client
            .rows_by_id(self.module(), &self.fields, &ids)
            .await;
        read.map(|(rows, _)| rows).unwrap_or_default()
    }

    /// Answers stale writes, with what their records look like now as far as that was read.
    async fn answer_moved(
        &self,
        answers: &mut Answers,
        updates: &[&Update],
        stale: &[Pending],
        rows: &BTreeMap<String, Row>,
    ) {
        for write in stale {
            answers.set(write.index, Answer::Stale { live: None });
        }
        let read = stale
            .iter()
            .filter_map(|write| {
                let rows = vec![rows.get(write.row.id()?)?.clone()];
                Some((write.index, updates[write.index].remote_id.clone(), rows))
            })
            .collect();
        self.answer_stale(answers, read, self.now()).await;
    }
}

impl Pending {
    /// The row with what was sent.
    fn row_now(&self, version: Option<&Version>) -> Row {
        let mut row = self.row.clone();
        event::overlay(&mut row, self.changes.fields.clone(), version);
        row
    }

    fn answered(self, answer: Answer) -> Answered {
        Answered {
            answer,
            before: Some(self.before),
        }
    }
}

/// One condition covers the whole call: no record of it was modified after the newest of them was, as it was read.
/// A second more, for stamps may be cut off; never younger than two seconds before the reading.
pub(in crate::writer) fn condition<'r>(
    rows: impl Iterator<Item = &'r Row>,
    at: Timestamp,
) -> Timestamp {
    let newest = rows.filter_map(Row::modified).max();
    let newest = newest.map_or(at, |newest| newest + SignedDuration::from_secs(1));
    newest.min(at - SETTLED)
}

fn row_to_send(updates: &[&Update], write: &Pending) -> Map<String, Json> {
    let mut row = write.changes.fields.clone();
    row.insert(
        "id".to_owned(),
        updates[write.index].remote_id.clone().into(),
    );
    row
}
