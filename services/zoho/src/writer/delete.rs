//! Deleting: read, compare, delete. Zoho CRM has no condition for a delete.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use provider::{Answer, Applied, Delete, Fault};

use super::{Answered, Answers, Writer, update::settling};
use crate::{
    fault::of_verdict,
    map,
    wire::{CONTACTS, Row, Verdict},
};

impl Writer<'_> {
    /// Deletes records that are as the plan knew them.
    pub(super) async fn delete(&self, deletes: &[&Delete]) -> Vec<Answered> {
        let mut answers = Answers::of(deletes.len());
        let ids: Vec<String> = deletes
            .iter()
            .map(|delete| delete.remote_id.clone())
            .collect();
        let (rows, at) = match self.client.rows_by_id(CONTACTS, &self.fields, &ids).await {
            Ok(read) => read,
            Err(failure) => {
                return deletes
                    .iter()
                    .map(|_| failure.fault.clone().into())
                    .collect();
            }
        };
        let mut sent = Vec::new();
        let mut stale = Vec::new();
        for (index, delete) in deletes.iter().enumerate() {
            let Some(row) = rows.get(&delete.remote_id) else {
                continue;
            };
            if map::version(row).is_none_or(|version| version.token != delete.expected.token) {
                stale.push((index, row.clone()));
            } else if let Some(answer) = settling(row, at) {
                answers.set(index, answer);
            } else {
                sent.push(index);
            }
        }
        self.answer_stale(&mut answers, stale).await;
        self.answer_missing(&mut answers, deletes, &rows).await;
        self.send_deletes(&mut answers, deletes, &rows, &sent).await;
        answers.complete()
    }

    async fn answer_missing(
        &self,
        answers: &mut Answers,
        deletes: &[&Delete],
        rows: &BTreeMap<String, Row>,
    ) {
        let missing: Vec<usize> = (0..deletes.len())
            .filter(|index| !rows.contains_key(&deletes[*index].remote_id))
            .collect();
        if missing.is_empty() {
            return;
        }
        let ids: Vec<String> = missing
            .iter()
            .map(|index| deletes[*index].remote_id.clone())
            .collect();
        match self.missing(&ids).await {
            Ok(gone) => {
                for (index, answer) in missing.into_iter().zip(gone) {
                    answers.set(index, answer);
                }
            }
            Err(fault) => answers.set_all(missing, &fault),
        }
    }

    async fn send_deletes(
        &self,
        answers: &mut Answers,
        deletes: &[&Delete],
        rows: &BTreeMap<String, Row>,
        sent: &[usize],
    ) {
        if sent.is_empty() {
            return;
        }
        let ids: Vec<String> = sent
            .iter()
            .map(|index| deletes[*index].remote_id.clone())
            .collect();
        match self
            .client
            .delete(CONTACTS, &ids, self.runs_workflows())
            .await
        {
            Ok(verdicts) => {
                for (index, verdict) in sent.iter().zip(verdicts.body.data) {
                    let before = rows.get(&deletes[*index].remote_id).map(map::read);
                    let answer = deleted(&deletes[*index].remote_id, &verdict);
                    answers.set(*index, Answered { answer, before });
                }
            }
            Err(failure) => answers.set_all(sent.iter().copied(), &failure.fault),
        }
    }
}

fn deleted(id: &str, verdict: &Verdict) -> Answer {
    if verdict.succeeded() {
        let applied = Applied {
            remote_id: id.to_owned(),
            version: None,
            answer: None,
            refused: Vec::new(),
        };
        return Answer::Applied(applied);
    }
    match of_verdict(verdict, StatusCode::BAD_REQUEST, Timestamp::now()) {
        // We have just seen it: somebody else deleted it in between.
        Fault::Gone { .. } => Answer::Gone {
            proved: true,
            collection: false,
        },
        fault => fault.into(),
    }
}
