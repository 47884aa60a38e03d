//! A live record as it is answered, and as the history keeps it.

use model::{Path, Record, table};
use provider::{Answer, Fault, Live};

use super::{Answers, Writer};
use crate::{feed::view, map, wire::Row};

impl Writer<'_> {
    /// A row as a live record.
    pub(super) fn live(&self, row: &Row, in_scope: bool) -> Result<Box<Live>, Fault> {
        let (Some(id), Some(version)) = (row.id(), map::version(row)) else {
            return Err(Fault::malformed(
                "a record without an id or a time of modification",
            ));
        };
        let record = self.reader.record(row);
        let record = record.map_err(|reason| Fault::Refused { path: None, reason })?;
        Ok(Box::new(Live {
            remote_id: id.to_owned(),
            former_ids: Vec::new(),
            version,
            record,
            marker: None,
            in_scope,
            readable: self.reader.readable(std::slice::from_ref(row), self.scope),
        }))
    }

    /// Answers writes whose records have moved on with what they look like now. Without knowing whether they are
    /// in scope, nothing is said of them.
    pub(super) async fn answer_stale(&self, answers: &mut Answers, stale: Vec<(usize, Row)>) {
        if stale.is_empty() {
            return;
        }
        let ids: Vec<String> = stale
            .iter()
            .filter_map(|(_, row)| row.id().map(str::to_owned))
            .collect();
        let members = view::members_among(self.client, self.reader.module(), self.scope, &ids)
            .await
            .ok();
        for (index, row) in stale {
            let in_scope = members
                .as_ref()
                .zip(row.id())
                .map(|(members, id)| members.contains(id));
            let live = in_scope.and_then(|in_scope| self.live(&row, in_scope).ok());
            answers.set(index, Answer::Stale { live });
        }
    }
}

/// The record on these paths, for the history.
pub(super) fn only_paths<'p>(mut record: Record, paths: impl Iterator<Item = &'p Path>) -> Record {
    let roots: Vec<Path> = match table(&record.kind) {
        Some(table) => paths.map(|path| table.root(path)).collect(),
        None => paths.cloned().collect(),
    };
    record.fields.retain(|root, _| roots.contains(root));
    record
}
