//! Series of a round, each read as a whole.

use jiff::Timestamp;
use model::{Path, Record};
use provider::{Page, Seen, What};

use super::{
    page::{Brought, Pages, going_on, part},
    round::{Before, List, Round},
    view,
};
use crate::{event::NotCarried, fault::Failure, reader::Reader, wire::Row};

/// Notes an occurrence; false if its series is not followed.
pub(super) fn noted(round: &mut Round, series: &str, row: &Row) -> bool {
    let book = round.book.as_mut().zip(row.id());
    book.is_some_and(|(book, id)| book.note(series, id))
}

impl Pages<'_> {
    /// Reads some of the series of which a list showed something: by the ids of their occurrences, as they are now.
    pub(super) async fn read_series(
        &self,
        mut round: Round,
        after: Before,
    ) -> Result<Page, Failure> {
        let mut book = round.book.take().unwrap_or_default();
        let taken = book.take();
        let ids: Vec<String> = taken.iter().flat_map(|(_, ids)| ids).cloned().collect();
        let (mut rows, at) = self
            .client
            .rows_by_id(self.module, &self.fields, &ids)
            .await?;
        let asked;
        let members = if round.quick {
            asked = view::members_among(self.client, self.module, self.scope, &ids).await?;
            &asked
        } else {
            &round.members
        };
        let is_inside = |row: &Row| {
            let id = row.id();
            self.view().is_none() || id.is_some_and(|id| members.contains(id))
        };
        let is_snapshot = part(&round, after, false).is_some();
        let mut brought = Brought {
            readable: self.readable(rows.values()),
            ..Brought::default()
        };
        for (series, ids) in taken {
            let found: Vec<Row> = ids.iter().filter_map(|id| rows.remove(id)).collect();
            book.keep(&series, found.iter().filter_map(Row::id));
            let inside = found.iter().any(is_inside) && !self.reader.is_over(&found);
            let what = if !found.is_empty() {
                self.what(&found, inside, at, is_snapshot)
            } else if ids.is_empty() {
                // Each of its occurrences is in the list of deleted records.
                Some(What::Deleted { at: None })
            } else {
                // A list told of them, and they are not there: neither proves that they were deleted.
                None
            };
            brought.seen.extend(what.map(|what| Seen {
                remote_id: Reader::series_id(&series),
                former_ids: Reader::outermost(&found),
                version: self.reader.version(&found),
                marker: None,
                what,
            }));
        }
        let is_last = !book.is_touched();
        round.book = Some(book);
        brought.snapshot = part(&round, after, is_last);
        if is_last {
            self.after(round, after, brought, at).await
        } else {
            going_on(&round.with_list(List::Series { after }), brought, at)
        }
    }

    /// What is shown of a series. One of which lists may not yet show everything is shown again by the next thorough
    /// round, for that reaches back as far.
    fn what(&self, rows: &[Row], inside: bool, at: Timestamp, is_snapshot: bool) -> Option<What> {
        let settled = Reader::is_settled(rows, at, self.overlap);
        match self.reader.whole(rows, settled) {
            Ok(record) if inside => Some(What::Inside(record)),
            Ok(record) => Some(What::Outside(record)),
            Err(NotCarried::Unsettled) if !is_snapshot => None,
            Err(reason) if inside => unreadable(&reason.to_string()),
            Err(_) => Some(What::Outside(Record::new(model::event::KIND))),
        }
    }

    fn readable<'r>(&self, rows: impl Iterator<Item = &'r Row>) -> Vec<Path> {
        let rows: Vec<Row> = rows.cloned().collect();
        self.reader.readable(&rows, self.scope)
    }
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "one of the things that may be shown, or not"
)]
fn unreadable(reason: &str) -> Option<What> {
    Some(What::Unreadable {
        reason: reason.to_owned(),
    })
}
