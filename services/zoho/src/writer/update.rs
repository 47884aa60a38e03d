//! Changing: read the batch, compare with the plan, send what is still right under one condition.

mod send;

use jiff::{SignedDuration, Timestamp};
use model::{Edit, Record};
use provider::{Answer, Applied, Fault, Update};

use super::{
    Answered, Answers, Writer, compare::remaining, live::only_paths, rights::keep_writable,
};
use crate::{
    map::{self, Changes},
    wire::{CONTACTS, Row},
};

/// How much older than the reading a record must be: stamps have whole seconds, and a change of the same second
/// would pass the condition unseen.
const SETTLED: SignedDuration = SignedDuration::from_secs(2);

/// How long a record is held back that was touched just now.
const HOLD: SignedDuration = SignedDuration::from_secs(3);

/// A write that is still right.
pub(super) struct Pending {
    index: usize,
    row: Row,
    before: Record,
    changes: Changes,
}

impl Writer<'_> {
    /// Makes the changes whose records are as the plan knew them.
    pub(super) async fn update(&self, updates: &[&Update]) -> Vec<Answered> {
        let mut answers = Answers::of(updates.len());
        let mut open: Vec<usize> = (0..updates.len()).collect();
        // Each turn answers at least one write, or is the last.
        for _ in 0..=updates.len() {
            if open.is_empty() {
                break;
            }
            open = match self.turn(updates, &open, &mut answers).await {
                Ok(again) => again,
                Err(fault) => {
                    answers.set_all(open, &fault);
                    break;
                }
            };
        }
        answers.complete()
    }

    /// Reads the open writes' records, compares, sends. Returns those that have to be read again because the call
    /// was refused for the sake of others. An error means that none of the open ones was sent.
    async fn turn(
        &self,
        updates: &[&Update],
        open: &[usize],
        answers: &mut Answers,
    ) -> Result<Vec<usize>, Fault> {
        let ids: Vec<String> = open
            .iter()
            .map(|index| updates[*index].remote_id.clone())
            .collect();
        let (rows, at) = self.client.rows_by_id(CONTACTS, &self.fields, &ids).await?;
        let mut still_right = Vec::new();
        let mut stale = Vec::new();
        let mut missing = Vec::new();
        for index in open.iter().copied() {
            let update = updates[index];
            let Some(row) = rows.get(&update.remote_id) else {
                missing.push(index);
                continue;
            };
            if let Some(answer) = settling(row, at) {
                answers.set(index, answer);
                continue;
            }
            let live = map::read(row);
            match remaining(&live, &update.edits) {
                Some(edits) if edits.is_empty() => {
                    answers.set(index, nothing_to_do(update, row, &live));
                }
                Some(edits) => still_right.push((index, row.clone(), live, edits)),
                None => stale.push((index, row.clone())),
            }
        }
        self.answer_missing_updates(answers, updates, &missing)
            .await?;
        self.answer_stale(answers, stale).await;
        let pending = self.with_companies(still_right, updates, answers).await?;
        Ok(self.send(updates, pending, at, answers).await)
    }

    /// What is sent for each write, its companies looked up.
    async fn with_companies(
        &self,
        writes: Vec<(usize, Row, Record, Vec<Edit>)>,
        updates: &[&Update],
        answers: &mut Answers,
    ) -> Result<Vec<Pending>, Fault> {
        let names = writes
            .iter()
            .flat_map(|(_, _, _, edits)| edits)
            .filter(|edit| edit.path.field() == "organization");
        let names = names
            .filter_map(|edit| edit.after.as_ref()?.as_text().map(str::to_owned))
            .collect();
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let companies = self.companies(names).await?;
        let writable = self.writable().await?;
        let mut pending = Vec::new();
        for (index, row, live, edits) in writes {
            let mut changes = map::changes(&row, &edits, &companies);
            keep_writable(&mut changes, writable.as_deref(), &[]);
            let before = only_paths(live, updates[index].edits.iter().map(|edit| &edit.path));
            if !changes.fields.is_empty() {
                pending.push(Pending {
                    index,
                    row,
                    before,
                    changes,
                });
            } else if changes.refused.is_empty() {
                answers.set(index, nothing_to_do(updates[index], &row, &before));
            } else {
                answers.set(
                    index,
                    Answered {
                        answer: changes.refusal(),
                        before: Some(before),
                    },
                );
            }
        }
        Ok(pending)
    }

    async fn answer_missing_updates(
        &self,
        answers: &mut Answers,
        updates: &[&Update],
        missing: &[usize],
    ) -> Result<(), Fault> {
        if missing.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = missing
            .iter()
            .map(|index| updates[*index].remote_id.clone())
            .collect();
        for (index, gone) in missing.iter().zip(self.missing(&ids).await?) {
            answers.set(*index, gone);
        }
        Ok(())
    }
}

/// A record that was touched just now is held back until its stamp can be told from a further change.
pub(super) fn settling(row: &Row, at: Timestamp) -> Option<Answer> {
    let settled = row
        .modified()
        .is_some_and(|modified| modified <= at - SETTLED);
    (!settled).then(|| later("the record was modified just now"))
}

fn later(reason: &str) -> Answer {
    Answer::NotAttempted {
        reason: reason.to_owned(),
        until: Some(Timestamp::now() + HOLD),
        unauthorised: false,
    }
}

/// All of it is there already: by an earlier attempt whose answer was lost, or because somebody did the same.
/// A record cannot be put into a list view, so that adopting one asks for nothing either.
fn nothing_to_do(update: &Update, row: &Row, before: &Record) -> Answered {
    let before = only_paths(before.clone(), update.edits.iter().map(|edit| &edit.path));
    let applied = Applied {
        remote_id: update.remote_id.clone(),
        version: map::version(row),
        answer: None,
        refused: Vec::new(),
    };
    Answered {
        answer: Answer::Applied(applied),
        before: Some(before),
    }
}
