//! A lagging copy of a module's records: what lists, counts, COQL and search see. Reads by id never use it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

use super::id::Id;
use super::record::Record;

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SortBy {
    Id,
    CreatedTime,
    ModifiedTime,
}

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

/// Place in a sorted list: the stamp in seconds (0 when sorted by id), then the id.
pub(super) type Position = (i64, Id);

/// A record's new state; `None` when it was deleted.
type Write = (Id, Option<Arc<Record>>);

/// The copy, with an index per sort order so that a page costs no more than its own length.
#[derive(Debug, Default)]
pub(super) struct Replica {
    rows: BTreeMap<Id, Arc<Record>>,
    by_created: BTreeSet<Position>,
    by_modified: BTreeSet<Position>,
    /// Writes that are not visible yet, by the moment at which they will be.
    waiting: BTreeMap<(Timestamp, u64), Write>,
    /// The newest write applied, by record: an older one that becomes visible later is dropped.
    applied: BTreeMap<Id, u64>,
    writes: u64,
}

impl Replica {
    /// Notes a write (`None`: a deletion) that becomes visible at `visible_at`.
    pub(super) fn note(&mut self, id: Id, record: Option<Arc<Record>>, visible_at: Timestamp) {
        self.writes += 1;
        self.waiting.insert((visible_at, self.writes), (id, record));
    }

    /// Applies what has become visible.
    pub(super) fn settle(&mut self, now: Timestamp) {
        while let Some(entry) = self.waiting.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let ((_, number), (id, record)) = entry.remove_entry();
            let newest = self.applied.entry(id).or_default();
            if *newest < number {
                *newest = number;
                self.replace(id, record);
            }
        }
    }

    fn replace(&mut self, id: Id, record: Option<Arc<Record>>) {
        if let Some(old) = self.rows.remove(&id) {
            self.by_created.remove(&(old.created.as_second(), id));
            self.by_modified.remove(&(old.modified.as_second(), id));
        }
        if let Some(new) = record {
            self.by_created.insert((new.created.as_second(), id));
            self.by_modified.insert((new.modified.as_second(), id));
            self.rows.insert(id, new);
        }
    }

    /// One row.
    pub(super) fn get(&self, id: Id) -> Option<&Arc<Record>> {
        self.rows.get(&id)
    }

    /// Every row, in no particular order.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.rows.values()
    }

    /// The rows in order, after `after` (or from the beginning).
    pub(super) fn sorted<'a>(
        &'a self,
        by: SortBy,
        direction: Direction,
        after: Option<Position>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Record>> + 'a> {
        let index = match by {
            SortBy::Id => return self.sorted_by_id(direction, after.map(|(_, id)| id)),
            SortBy::CreatedTime => &self.by_created,
            SortBy::ModifiedTime => &self.by_modified,
        };
        let row = |(_, id): &Position| self.rows.get(id);
        match direction {
            Direction::Ascending => {
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                Box::new(index.range((from, Bound::Unbounded)).filter_map(row))
            }
            Direction::Descending => {
                let to = after.map_or(Bound::Unbounded, Bound::Excluded);
                Box::new(index.range((Bound::Unbounded, to)).rev().filter_map(row))
            }
        }
    }

    fn sorted_by_id<'a>(
        &'a self,
        direction: Direction,
        after: Option<Id>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Record>> + 'a> {
        let edge = after.map_or(Bound::Unbounded, Bound::Excluded);
        match direction {
            Direction::Ascending => Box::new(
                self.rows
                    .range((edge, Bound::Unbounded))
                    .map(|(_, row)| row),
            ),
            Direction::Descending => Box::new(
                self.rows
                    .range((Bound::Unbounded, edge))
                    .rev()
                    .map(|(_, row)| row),
            ),
        }
    }
}

/// Where a record stands in a list sorted like this.
pub(super) fn position(record: &Record, by: SortBy) -> Position {
    let stamp = match by {
        SortBy::Id => 0,
        SortBy::CreatedTime => record.created.as_second(),
        SortBy::ModifiedTime => record.modified.as_second(),
    };
    (stamp, record.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn record(id: u64, modified: i64) -> Arc<Record> {
        let id: Id = id.to_string().parse().unwrap();
        Arc::new(Record {
            id,
            owner: id,
            created: at(0),
            created_by: id,
            modified: at(modified),
            modified_by: id,
            values: Map::new(),
        })
    }

    fn ids(rows: Box<dyn Iterator<Item = &Arc<Record>> + '_>) -> Vec<String> {
        rows.map(|row| row.id.to_string()).collect()
    }

    #[test]
    fn a_write_shows_when_its_time_has_come() {
        let mut replica = Replica::default();
        let row = record(1, 5);
        replica.note(row.id, Some(Arc::clone(&row)), at(7));
        replica.settle(at(6));
        assert!(replica.get(row.id).is_none());
        replica.settle(at(7));
        assert!(replica.get(row.id).is_some());
    }

    #[test]
    fn a_late_create_does_not_revive_a_deleted_record() {
        let mut replica = Replica::default();
        let row = record(1, 5);
        replica.note(row.id, Some(Arc::clone(&row)), at(9));
        replica.note(row.id, None, at(8));
        replica.settle(at(10));
        assert!(replica.get(row.id).is_none());
    }

    #[test]
    fn sorting_continues_after_a_position_among_equal_stamps() {
        let mut replica = Replica::default();
        for (id, modified) in [(1, 9), (2, 5), (3, 5), (4, 1)] {
            let row = record(id, modified);
            replica.note(row.id, Some(row), at(0));
        }
        replica.settle(at(0));
        let all = ids(replica.sorted(SortBy::ModifiedTime, Direction::Ascending, None));
        assert_eq!(all, ["4", "2", "3", "1"]);
        let after = position(&record(2, 5), SortBy::ModifiedTime);
        let rest = ids(replica.sorted(SortBy::ModifiedTime, Direction::Ascending, Some(after)));
        assert_eq!(rest, ["3", "1"]);
        let newest_first = ids(replica.sorted(
            SortBy::Id,
            Direction::Descending,
            Some((0, record(3, 0).id)),
        ));
        assert_eq!(newest_first, ["2", "1"]);
    }
}
