//! What a round shows again because its cursor reaches back: the reconciler has just applied it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use prost::Message as _;
use proto::change::{Change, change::What};

use crate::store::FeedKey;

/// What is shown again is passed over for this part of the provider's horizon; then the reconciler sees it once more,
/// because what it thinks of a record may have changed meanwhile.
const PART: u32 = 2;

/// So many feeds are remembered.
const FEEDS: usize = 4096;

/// What the last rounds of feeds showed.
#[derive(Default)]
pub(super) struct Overlaps(Mutex<HashMap<FeedKey, Overlap>>);

/// What the last round of a feed showed, and where it ended.
pub(super) struct Overlap {
    generation: u64,
    /// The cursor that was applied with its end.
    cursor: String,
    /// What was published last of each record that may still be shown.
    published: HashMap<Hash, Published>,
}

type Hash = [u8; 16];

#[derive(Clone, Copy)]
struct Published {
    content: Hash,
    at: Instant,
}

impl Overlaps {
    /// What the last round showed, if this one continues it.
    pub(super) fn of(&self, feed: &FeedKey, generation: u64, cursor: Option<&str>) -> Overlap {
        let mut overlaps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = overlaps
            .remove(feed)
            .filter(|last| last.generation == generation && cursor == Some(last.cursor.as_str()));
        last.unwrap_or_else(|| Overlap {
            generation,
            cursor: String::new(),
            published: HashMap::new(),
        })
    }

    /// Remembers a round that was applied to its end.
    pub(super) fn keep(&self, feed: &FeedKey, round: Overlap, cursor: &str) {
        let mut overlaps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if overlaps.len() < FEEDS || overlaps.contains_key(feed) {
            let cursor = cursor.to_owned();
            overlaps.insert(feed.clone(), Overlap { cursor, ..round });
        }
    }
}

/// A round in progress: what it shows, beside what the one before showed.
pub(super) struct Shown {
    last: Overlap,
    now: Overlap,
    patience: Duration,
}

impl Shown {
    pub(super) fn after(last: Overlap, horizon: Duration) -> Self {
        let now = Overlap {
            generation: last.generation,
            cursor: String::new(),
            published: HashMap::new(),
        };
        Self {
            last,
            now,
            patience: horizon / PART,
        }
    }

    /// Keeps the changes that have to be published; `readable` are the paths that could be read.
    pub(super) fn fresh(&mut self, changes: Vec<Change>, readable: &[String]) -> Vec<Change> {
        let mut basis = blake3::Hasher::new();
        for path in readable {
            basis.update(path.as_bytes()).update(&[0]);
        }
        let (now, patience) = (Instant::now(), self.patience);
        changes
            .into_iter()
            .filter(|change| {
                let record = sum(&blake3::Hasher::new(), change.remote_id.as_bytes());
                let content = sum(&basis, &change.encode_to_vec());
                let last = self.now.published.get(&record);
                let last = last.or_else(|| self.last.published.get(&record)).copied();
                // A tombstone is weighed against what is known whenever it is shown.
                let weighed = matches!(change.what, None | Some(What::Tombstone(_)));
                let before = last.filter(|last| {
                    !weighed && last.content == content && now.duration_since(last.at) < patience
                });
                let published = before.unwrap_or(Published { content, at: now });
                self.now.published.insert(record, published);
                before.is_none()
            })
            .collect()
    }

    /// What is to be remembered when everything is applied. The round after may reach back further than this one did.
    pub(super) fn into_overlap(mut self) -> Overlap {
        let now = Instant::now();
        for (record, last) in self.last.published {
            if now.duration_since(last.at) < self.patience {
                self.now.published.entry(record).or_insert(last);
            }
        }
        self.now
    }
}

fn sum(basis: &blake3::Hasher, bytes: &[u8]) -> Hash {
    let mut hash = [0; 16];
    basis.clone().update(bytes).finalize_xof().fill(&mut hash);
    hash
}

#[cfg(test)]
mod tests {
    use model::Side;
    use proto::{
        change::Tombstone,
        record::{Record, Version},
    };

    use super::*;

    const HORIZON: Duration = Duration::from_mins(2);

    fn feed() -> FeedKey {
        FeedKey {
            tenant: "acme".to_owned(),
            sync: "s1".to_owned(),
            side: Side::Left,
        }
    }

    fn change(id: &str, version: &str) -> Change {
        Change {
            remote_id: id.to_owned(),
            version: Some(Version {
                token: version.to_owned(),
                ..Version::default()
            }),
            what: Some(What::Record(Record::default())),
            ..Change::default()
        }
    }

    fn ids(changes: &[Change]) -> Vec<&str> {
        changes
            .iter()
            .map(|change| change.remote_id.as_str())
            .collect()
    }

    /// What a round publishes of these changes, being applied to its end.
    fn round(
        overlaps: &Overlaps,
        (generation, from, to): (u64, Option<&str>, &str),
        horizon: Duration,
        changes: Vec<Change>,
        readable: &[String],
    ) -> Vec<Change> {
        let mut shown = Shown::after(overlaps.of(&feed(), generation, from), horizon);
        let fresh = shown.fresh(changes, readable);
        overlaps.keep(&feed(), shown.into_overlap(), to);
        fresh
    }

    // proves: R-02
    #[test]
    fn what_the_last_round_showed_is_not_published_again() {
        let overlaps = Overlaps::default();
        let first = vec![change("1", "a"), change("2", "a")];
        let published = round(&overlaps, (1, None, "x"), HORIZON, first, &[]);
        assert_eq!(ids(&published), ["1", "2"]);
        let second = || vec![change("1", "a"), change("2", "b"), change("3", "a")];
        let published = round(&overlaps, (1, Some("x"), "y"), HORIZON, second(), &[]);
        assert_eq!(ids(&published), ["2", "3"]);
        let published = round(&overlaps, (1, Some("y"), "z"), HORIZON, second(), &[]);
        assert!(published.is_empty());
    }

    #[test]
    fn everything_is_published_that_may_mean_something_else_now() {
        let changes = || vec![change("1", "a")];
        let name = || vec!["name.given".to_owned()];
        let later = [
            // Another generation, another reading between, a snapshot, another set of readable paths, much later.
            ((2, Some("x"), "y"), HORIZON, name()),
            ((1, Some("w"), "y"), HORIZON, name()),
            ((1, None, "y"), HORIZON, name()),
            ((1, Some("x"), "y"), HORIZON, Vec::new()),
            ((1, Some("x"), "y"), Duration::ZERO, name()),
        ];
        for (position, horizon, readable) in later {
            let overlaps = Overlaps::default();
            round(&overlaps, (1, None, "x"), HORIZON, changes(), &name());
            let published = round(&overlaps, position, horizon, changes(), &readable);
            assert_eq!(ids(&published), ["1"], "{position:?} {readable:?}");
        }
    }

    #[test]
    fn what_came_back_is_published_although_it_was_published_before() {
        let overlaps = Overlaps::default();
        for (from, to, version) in [
            (None, "x", "a"),
            (Some("x"), "y", "b"),
            (Some("y"), "z", "a"),
        ] {
            let shown = vec![change("1", version)];
            let published = round(&overlaps, (1, from, to), HORIZON, shown, &[]);
            assert_eq!(ids(&published), ["1"], "{version}");
        }
    }

    #[test]
    fn a_round_that_reaches_back_further_than_the_one_before_publishes_nothing_twice() {
        let overlaps = Overlaps::default();
        let both = || vec![change("1", "a"), change("2", "a")];
        round(&overlaps, (1, None, "x"), HORIZON, both(), &[]);
        let quick = vec![change("2", "b")];
        round(&overlaps, (1, Some("x"), "y"), HORIZON, quick, &[]);
        let thorough = vec![change("1", "a"), change("2", "b")];
        let published = round(&overlaps, (1, Some("y"), "z"), HORIZON, thorough, &[]);
        assert!(published.is_empty());
    }

    #[test]
    fn a_record_that_is_restored_is_published_as_it_was_before() {
        let overlaps = Overlaps::default();
        let gone = || Change {
            what: Some(What::Tombstone(Tombstone::default())),
            ..change("1", "a")
        };
        round(
            &overlaps,
            (1, None, "x"),
            HORIZON,
            vec![change("1", "a")],
            &[],
        );
        round(&overlaps, (1, Some("x"), "y"), HORIZON, vec![gone()], &[]);
        let restored = vec![change("1", "a")];
        let published = round(&overlaps, (1, Some("y"), "z"), HORIZON, restored, &[]);
        assert_eq!(ids(&published), ["1"]);
    }

    // proves: R-19
    #[test]
    fn tombstones_are_always_published() {
        let overlaps = Overlaps::default();
        let tombstone = || {
            let mut gone = change("1", "a");
            gone.what = Some(What::Tombstone(Tombstone::default()));
            vec![gone]
        };
        round(&overlaps, (1, None, "x"), HORIZON, tombstone(), &[]);
        let published = round(&overlaps, (1, Some("x"), "y"), HORIZON, tombstone(), &[]);
        assert_eq!(ids(&published), ["1"]);
    }
}
