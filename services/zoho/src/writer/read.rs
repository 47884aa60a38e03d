//! Reading by id: what a record looks like now, or whether it is gone.

use jiff::Timestamp;
use provider::{Answer, CollectionState, Fault, Read};

use super::{Answered, Answers, Writer, find::Found, live};
use crate::{feed::view, reader::Reader, wire::Row};

impl Writer<'_> {
    /// Reads records, and proves that those which are not there were deleted.
    pub(super) async fn read(&self, reads: &[&Read]) -> Vec<Answered> {
        match self.try_read(reads).await {
            Ok(answers) => answers.complete(),
            Err(fault) => reads.iter().map(|_| fault.clone().into()).collect(),
        }
    }

    async fn try_read(&self, reads: &[&Read]) -> Result<Answers, Fault> {
        let mut answers = Answers::of(reads.len());
        if self.view_is_lost().await? {
            return Ok(lost_with_the_view(reads.len()));
        }
        let ids = ids_of(reads);
        let (found, at) = self.find(&ids).await?;
        let each: Vec<String> = found.values().flat_map(|rows| live::ids(rows)).collect();
        let members = view::members_among(self.client, self.module(), self.scope, &each);
        let members = match members.await {
            Ok(members) => members,
            // The view went away meanwhile: what was missing may have been missing with it.
            Err(failure) if failure.is_unknown_id("cvid") => {
                return Ok(lost_with_the_view(reads.len()));
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut missing = Vec::new();
        for (index, read) in reads.iter().enumerate() {
            match rows_of(&found, read) {
                Some((id, rows)) => {
                    let in_scope = live::ids(rows).iter().any(|id| members.contains(id));
                    answers.set(index, self.found(id, rows, at, in_scope));
                }
                None => missing.push(index),
            }
        }
        if missing.is_empty() {
            return Ok(answers);
        }
        let named: Vec<String> = missing
            .iter()
            .flat_map(|index| evidence(reads[*index]))
            .cloned()
            .collect();
        let proved = self.proved_deleted(&named).await?;
        if self.view_is_lost().await? {
            return Ok(lost_with_the_view(reads.len()));
        }
        for index in missing {
            let gone = Answer::Gone {
                proved: evidence(reads[index]).iter().any(|id| proved.contains(id)),
                collection: false,
            };
            answers.set(index, gone);
        }
        Ok(answers)
    }

    fn found(&self, id: &str, rows: &[Row], at: Timestamp, in_scope: bool) -> Answered {
        match self.live(id, rows, at, in_scope) {
            Ok(live) => Answer::Found(live).into(),
            Err(fault) => fault.into(),
        }
    }

    /// Whether the list view is gone or hidden.
    async fn view_is_lost(&self) -> Result<bool, Fault> {
        if self.scope.collection.is_empty() {
            return Ok(false);
        }
        let (state, _) =
            view::state(self.client, self.reader.module(), &self.scope.collection).await?;
        Ok(state != CollectionState::Present)
    }
}

fn lost_with_the_view(reads: usize) -> Answers {
    let mut answers = Answers::of(reads);
    for index in 0..reads {
        answers.set(
            index,
            Answer::Gone {
                proved: false,
                collection: true,
            },
        );
    }
    answers
}

fn ids_of(reads: &[&Read]) -> Vec<String> {
    let mut ids: Vec<String> = reads
        .iter()
        .flat_map(|read| std::iter::once(&read.remote_id).chain(&read.former_ids))
        .cloned()
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// A series is looked for by its own id alone: its former ids are those of occurrences.
fn rows_of<'r>(found: &'r Found, read: &Read) -> Option<(&'r String, &'r Vec<Row>)> {
    let own = found.get_key_value(&read.remote_id);
    own.or_else(|| {
        let former = read.former_ids.iter();
        let is_single = Reader::series_named(&read.remote_id).is_none();
        former
            .filter(|_| is_single)
            .find_map(|id| found.get_key_value(id))
    })
}

/// The ids of which one in the list of deleted records proves that the record is deleted.
fn evidence(read: &Read) -> &[String] {
    if Reader::series_named(&read.remote_id).is_some() {
        &read.former_ids
    } else {
        std::slice::from_ref(&read.remote_id)
    }
}
