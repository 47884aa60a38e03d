//! A live record as it is answered, and as the history keeps it.

use jiff::Timestamp;
use model::{Path, Record, table};
use provider::{Answer, Fault, Live};

use super::{Answers, Writer};
use crate::{feed::view, reader::Reader, wire::Row};

/// Ids of the rows.
pub(super) fn ids(rows: &[Row]) -> Vec<String> {
    let ids = rows.iter().filter_map(Row::id);
    ids.map(str::to_owned).collect()
}

impl Writer<'_> {
    /// Rows that were found by this id, as a live record.
    pub(super) fn live(
        &self,
        id: &str,
        rows: &[Row],
        at: Timestamp,
        in_scope: bool,
    ) -> Result<Box<Live>, Fault> {
        let Some(version) = self.reader.version(rows) else {
            return Err(Fault::malformed(
                "a record without an id or a time of modification",
            ));
        };
        let is_series = Reader::series_named(id).is_some();
        let former_ids = is_series.then(|| Reader::outermost(rows));
        Ok(Box::new(Live {
            remote_id: id.to_owned(),
            former_ids: former_ids.unwrap_or_default(),
            version,
            record: self.whole(id, rows, at)?,
            marker: None,
            in_scope: in_scope && !self.reader.is_over(rows),
            readable: self.reader.readable(rows, self.scope),
        }))
    }

    /// Answers writes whose records have moved on with what they look like now. Without knowing whether they are
    /// in scope, nothing is said of them.
    pub(super) async fn answer_stale(
        &self,
        answers: &mut Answers,
        stale: Vec<(usize, String, Vec<Row>)>,
        at: Timestamp,
    ) {
        if stale.is_empty() {
            return;
        }
        let each: Vec<String> = stale.iter().flat_map(|(_, _, rows)| ids(rows)).collect();
        let members = view::members_among(self.client, self.module(), self.scope, &each)
            .await
            .ok();
        for (index, id, rows) in stale {
            let live = members.as_ref().and_then(|members| {
                let in_scope = ids(&rows).iter().any(|id| members.contains(id));
                self.live(&id, &rows, at, in_scope).ok()
            });
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
