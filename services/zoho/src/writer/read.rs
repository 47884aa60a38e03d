//! Reading by id: what a record looks like now, or whether it is gone.

use std::collections::BTreeMap;

use provider::{Answer, CollectionState, Fault, Read};

use super::{Answered, Answers, Writer};
use crate::{feed::view, wire::Row};

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
        let (rows, _) = self
            .client
            .rows_by_id(self.reader.module(), &self.fields, &ids)
            .await?;
        let found: Vec<String> = rows.keys().cloned().collect();
        let members = match view::members_among(
            self.client,
            self.reader.module(),
            self.scope,
            &found,
        )
        .await
        {
            Ok(members) => members,
            // The view went away meanwhile: what was missing may have been missing with it.
            Err(failure) if failure.is_unknown_id("cvid") => {
                return Ok(lost_with_the_view(reads.len()));
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut missing = Vec::new();
        for (index, read) in reads.iter().enumerate() {
            match row_of(&rows, read) {
                Some((id, row)) => answers.set(index, self.found(row, members.contains(id))),
                None => missing.push(index),
            }
        }
        if missing.is_empty() {
            return Ok(answers);
        }
        let ids: Vec<String> = missing
            .iter()
            .map(|index| reads[*index].remote_id.clone())
            .collect();
        let gone = self.missing(&ids).await?;
        if self.view_is_lost().await? {
            return Ok(lost_with_the_view(reads.len()));
        }
        for (index, answer) in missing.into_iter().zip(gone) {
            answers.set(index, answer);
        }
        Ok(answers)
    }

    fn found(&self, row: &Row, in_scope: bool) -> Answered {
        match self.live(row, in_scope) {
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

fn row_of<'r>(rows: &'r BTreeMap<String, Row>, read: &Read) -> Option<(&'r String, &'r Row)> {
    std::iter::once(&read.remote_id)
        .chain(&read.former_ids)
        .find_map(|id| rows.get_key_value(id))
}
