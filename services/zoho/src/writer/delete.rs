//! Deleting: read, compare, delete. Zoho CRM has no condition for a delete.

use http::StatusCode;
use jiff::Timestamp;
use provider::{Answer, Applied, Delete, Fault};

use super::{
    Answered, Answers, Writer, find::Found, live::ids, meetings::has_meetings, update::settling,
};
use crate::{
    client::BATCH,
    event,
    fault::of_verdict,
    kind::Kind,
    reader::Reader,
    wire::{Row, Verdict},
};

/// Why a meeting is not deleted.
pub(super) const INVITED: &str = "participants were invited to the meeting, and Zoho CRM may mail them when it is \
    deleted; do it in Zoho CRM, or have the sync notify guests (the policy notify: all)";

impl Writer<'_> {
    /// Deletes records that are as the plan knew them.
    pub(super) async fn delete(&self, deletes: &[&Delete]) -> Vec<Answered> {
        let mut answers = Answers::of(deletes.len());
        let wanted: Vec<String> = deletes
            .iter()
            .map(|delete| delete.remote_id.clone())
            .collect();
        let (found, at) = match self.find(&wanted).await {
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
            let Some(rows) = found.get(&delete.remote_id) else {
                continue;
            };
            let version = self.reader.version(rows);
            if version.is_none_or(|version| version.token != delete.expected.token) {
                stale.push((index, delete.remote_id.clone(), rows.clone()));
            } else if let Some(answer) = settling(rows, at).or_else(|| self.would_mail(rows)) {
                answers.set(index, answer);
            } else {
                sent.push(index);
            }
        }
        self.answer_stale(&mut answers, stale, at).await;
        self.answer_missing(&mut answers, deletes, &found).await;
        let (series, single): (Vec<usize>, Vec<usize>) = sent
            .into_iter()
            .partition(|index| Reader::series_named(&deletes[*index].remote_id).is_some());
        self.send_deletes(&mut answers, deletes, &found, &single, at)
            .await;
        for index in series {
            let id = &deletes[index].remote_id;
            let before = found.get(id).and_then(|rows| self.whole(id, rows, at).ok());
            let rows = found.get(id).map(Vec::as_slice).unwrap_or_default();
            let answer = match self.delete_rows(rows).await {
                Ok(()) => Answer::Applied(gone(id)),
                Err(fault) => fault.into(),
            };
            answers.set(index, Answered { answer, before });
        }
        answers.complete()
    }

    async fn answer_missing(&self, answers: &mut Answers, deletes: &[&Delete], found: &Found) {
        let missing: Vec<usize> = (0..deletes.len())
            .filter(|index| !found.contains_key(&deletes[*index].remote_id))
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
        found: &Found,
        sent: &[usize],
        at: Timestamp,
    ) {
        let id = |index: &usize| deletes[*index].remote_id.clone();
        let ids: Vec<String> = sent.iter().map(id).collect();
        let kept = match self.with_meetings(&ids).await {
            Ok(kept) => kept,
            Err(fault) => return answers.set_all(sent.iter().copied(), &fault),
        };
        let (kept, sent): (Vec<usize>, Vec<usize>) = sent
            .iter()
            .partition(|index| kept.contains(&deletes[**index].remote_id));
        for index in kept {
            answers.set(index, has_meetings());
        }
        if sent.is_empty() {
            return;
        }
        let ids: Vec<String> = sent.iter().map(id).collect();
        match self
            .client
            .delete(self.module(), &ids, self.runs_workflows())
            .await
        {
            Ok(verdicts) => {
                for (index, verdict) in sent.into_iter().zip(verdicts.body.data) {
                    let id = &deletes[index].remote_id;
                    let before = found.get(id).and_then(|rows| self.whole(id, rows, at).ok());
                    let answer = self.deleted(id, &verdict);
                    answers.set(index, Answered { answer, before });
                }
            }
            Err(failure) => answers.set_all(sent, &failure.fault),
        }
    }

    /// Deletes all of these rows. An error says that nobody knows which of them are gone, unless it says that none is.
    pub(super) async fn delete_rows(&self, rows: &[Row]) -> Result<(), Fault> {
        let mut any = false;
        for ids in ids(rows).chunks(BATCH) {
            let sent = self
                .client
                .delete(self.module(), ids, self.runs_workflows());
            let verdicts = match sent.await {
                Ok(answer) => answer.body.data,
                Err(failure) if !any => return Err(failure.fault),
                Err(_) => return Err(in_part()),
            };
            for (id, verdict) in ids.iter().zip(&verdicts) {
                match self.deleted(id, verdict) {
                    Answer::Applied(_) | Answer::Gone { .. } => any = true,
                    Answer::Forbidden { right } if !any => return Err(Fault::Forbidden { right }),
                    Answer::Refused { path, reason } if !any => {
                        return Err(Fault::Refused { path, reason });
                    }
                    _ => return Err(in_part()),
                }
            }
        }
        Ok(())
    }

    /// Whether nobody could keep the deletion silent: an invited participant may be told that the meeting is off.
    pub(super) fn would_mail(&self, rows: &[Row]) -> Option<Answer> {
        let tells = self.kind == Kind::Event && !self.notifies();
        (tells && rows.iter().any(event::may_be_told)).then(|| Answer::Refused {
            path: None,
            reason: INVITED.to_owned(),
        })
    }

    fn deleted(&self, id: &str, verdict: &Verdict) -> Answer {
        if verdict.succeeded() {
            return Answer::Applied(gone(id));
        }
        let status = StatusCode::BAD_REQUEST;
        match of_verdict(self.kind, verdict, status, Timestamp::now()) {
            // We have just seen it: somebody else deleted it in between.
            Fault::Gone { .. } => Answer::Gone {
                proved: true,
                collection: false,
            },
            fault => fault.into(),
        }
    }
}

fn gone(id: &str) -> Applied {
    Applied {
        remote_id: id.to_owned(),
        version: None,
        answer: None,
        refused: Vec::new(),
    }
}

fn in_part() -> Fault {
    Fault::LostAnswer {
        reason: "only some occurrences of the series were written".to_owned(),
    }
}
