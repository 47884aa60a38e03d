//! Records with their past, because Google's reads lag behind its writes.
//!
//! Every write appends a version. A read looks from a *horizon*, the newest sequence number that is old enough to be
//! visible, and sees of each record the newest version at or below it.

use std::collections::HashMap;
use std::sync::Arc;

/// Versions kept of one record. A read that lags by more than so many writes of one record sees its oldest one.
const KEPT_VERSIONS: usize = 16;

/// One state of one record.
#[derive(Debug, Clone)]
pub(super) struct Version<T> {
    /// Place in the order of all writes of this ledger, from 1.
    pub(super) sequence: u64,
    /// When it was written, in milliseconds since 1970.
    pub(super) at: i64,
    /// Whether this write deleted the record; `value` is what was deleted.
    pub(super) deleted: bool,
    /// The record.
    pub(super) value: Arc<T>,
}

#[derive(Debug, Clone, Copy)]
struct LogEntry {
    sequence: u64,
    at: i64,
    key: u64,
}

/// All records of one kind of one account.
#[derive(Debug)]
pub(super) struct Ledger<T> {
    records: HashMap<u64, Vec<Version<T>>>,
    log: Vec<LogEntry>,
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self {
            records: HashMap::new(),
            log: Vec::new(),
        }
    }
}

impl<T> Ledger<T> {
    /// Writes a version of the record `key` and answers its sequence number. Times never go back.
    pub(super) fn write(&mut self, key: u64, value: T, deleted: bool, at: i64) -> u64 {
        let sequence = self.newest() + 1;
        let at = self.log.last().map_or(at, |last| last.at.max(at));
        self.log.push(LogEntry { sequence, at, key });
        let versions = self.records.entry(key).or_default();
        if versions.len() == KEPT_VERSIONS {
            versions.remove(0);
        }
        versions.push(Version {
            sequence,
            at,
            deleted,
            value: Arc::new(value),
        });
        sequence
    }

    /// Sequence number of the newest write; 0 if there is none.
    pub(super) fn newest(&self) -> u64 {
        self.log.last().map_or(0, |entry| entry.sequence)
    }

    /// The newest sequence number written at or before this moment.
    pub(super) fn horizon(&self, at: i64) -> u64 {
        let visible = self.log.partition_point(|entry| entry.at <= at);
        visible
            .checked_sub(1)
            .map_or(0, |index| self.log[index].sequence)
    }

    /// The true state of a record, deleted or not.
    pub(super) fn truth(&self, key: u64) -> Option<&Version<T>> {
        self.records.get(&key).and_then(|versions| versions.last())
    }

    /// The state of a record as seen from a horizon.
    pub(super) fn seen(&self, key: u64, horizon: u64) -> Option<&Version<T>> {
        self.records
            .get(&key)?
            .iter()
            .rev()
            .find(|version| version.sequence <= horizon)
    }

    /// Each record that was written after `after`, in its state seen from `horizon`, deleted ones included, by
    /// the order of that last write.
    pub(super) fn changes(
        &self,
        after: u64,
        horizon: u64,
    ) -> impl Iterator<Item = &Version<T>> + '_ {
        let from = self.log.partition_point(|entry| entry.sequence <= after);
        self.log[from..]
            .iter()
            .take_while(move |entry| entry.sequence <= horizon)
            .filter_map(move |entry| {
                self.seen(entry.key, horizon)
                    .filter(|version| version.sequence == entry.sequence)
            })
    }

    /// Each record that exists as seen from `horizon`, by the order of its last write.
    pub(super) fn live(&self, horizon: u64) -> impl Iterator<Item = &Version<T>> + '_ {
        self.changes(0, horizon).filter(|version| !version.deleted)
    }

    /// The true state of every record, deleted ones included, by the order of its last write.
    pub(super) fn all(&self) -> impl Iterator<Item = &Version<T>> + '_ {
        self.changes(0, u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_values(ledger: &Ledger<&'static str>, after: u64, horizon: u64) -> Vec<&'static str> {
        ledger
            .changes(after, horizon)
            .map(|version| *version.value)
            .collect()
    }

    #[test]
    fn a_horizon_hides_what_was_written_later() {
        let mut ledger = Ledger::default();
        ledger.write(1, "a", false, 100);
        ledger.write(2, "b", false, 200);
        ledger.write(1, "a2", false, 300);
        assert_eq!(ledger.horizon(99), 0);
        let early = ledger.horizon(250);
        assert_eq!(seen_values(&ledger, 0, early), ["a", "b"]);
        assert_eq!(seen_values(&ledger, 0, ledger.newest()), ["b", "a2"]);
    }

    #[test]
    fn changes_coalesce_to_the_latest_visible_state() {
        let mut ledger = Ledger::default();
        ledger.write(1, "a", false, 1);
        let start = ledger.newest();
        ledger.write(1, "a2", false, 2);
        ledger.write(1, "a3", false, 3);
        ledger.write(2, "b", true, 4);
        assert_eq!(seen_values(&ledger, start, ledger.newest()), ["a3", "b"]);
        assert_eq!(ledger.live(ledger.newest()).count(), 1);
    }

    #[test]
    fn times_never_go_back() {
        let mut ledger = Ledger::default();
        ledger.write(1, "a", false, 500);
        ledger.write(2, "b", false, 400);
        assert_eq!(ledger.horizon(499), 0);
        assert_eq!(ledger.horizon(500), 2);
    }
}
