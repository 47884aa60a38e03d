//! A round: what has to be known between two of its pages, and the cursor that it begins and ends with.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use provider::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The list of deleted records is complete for so long; an older cursor reads everything again.
const LONGEST_ABSENCE: SignedDuration = SignedDuration::from_hours(55 * 24);

/// Where a round begins: what the one before has told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// The provider's clock when the round before began.
    pub(super) since: Timestamp,
    /// The members of the list view that it told of, as a hash; absent without a view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) view: Option<String>,
}

impl Cursor {
    /// Reads a cursor; one that we did not write, or that is too old, has expired.
    pub(super) fn read(text: &str, now: Timestamp) -> Result<Self, Fault> {
        let cursor: Self = serde_json::from_str(text).map_err(|_| Fault::CursorExpired)?;
        if now.duration_since(cursor.since) > LONGEST_ABSENCE {
            return Err(Fault::CursorExpired);
        }
        Ok(cursor)
    }

    /// The cursor as it is stored.
    pub(super) fn write(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|_| Fault::malformed("the cursor cannot be written"))
    }
}

/// A round under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Round {
    /// The provider's clock when it began.
    pub(super) began: Timestamp,
    /// The cursor that it began with; none when everything is read.
    pub(super) from: Option<Cursor>,
    /// Who is in the list view; what was listed last counts.
    pub(super) members: BTreeSet<String>,
    /// The list that is being read.
    pub(super) list: List,
    /// How often the present list had to be begun again.
    pub(super) repeats: u32,
}

/// One of a round's lists, and how far it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum List {
    /// The ids in the list view.
    Members(Chain),
    /// The contacts that were modified, or all of them, oldest modification first.
    Modified(Slice),
    /// The list view with all fields, and who was in it so far.
    View {
        /// How far it is read.
        chain: Chain,
        /// Who was in it so far.
        told: BTreeSet<String>,
    },
    /// The contacts that were deleted.
    Deleted {
        /// The page to read, from 1.
        page: u32,
    },
}

/// A chain of page tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain {
    /// The token of the next page; none for the first.
    pub(super) token: Option<String>,
}

/// A chain over contacts sorted by their modification, which can be taken up anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slice {
    /// The token of the next page; none for the first.
    pub(super) token: Option<String>,
    /// Only what was modified since; every page of a chain asks with the same.
    pub(super) since: Option<Timestamp>,
    /// The newest modification read so far.
    pub(super) newest: Option<Timestamp>,
}

/// How often a list may be begun again before somebody else should look.
const REPEATS: u32 = 3;

impl Round {
    /// Reads the round that a page before left.
    pub(super) fn read(next: &Value) -> Result<Self, Fault> {
        Self::deserialize(next).map_err(|_| Fault::malformed("a round that we did not write"))
    }

    /// Whether the round reads everything.
    pub(super) fn is_snapshot(&self) -> bool {
        self.from.is_none()
    }

    /// From when on modifications and deletions are asked for.
    pub(super) fn since(&self, overlap: SignedDuration) -> Option<Timestamp> {
        let since = self.from.as_ref()?.since;
        Some(since.checked_sub(overlap).unwrap_or(Timestamp::MIN))
    }

    /// Takes the present list up again after its chain broke: by time where it is sorted by it, else from its
    /// beginning. Nothing that was read is lost, some of it is read twice.
    pub(super) fn take_up_again(mut self) -> Result<Self, Fault> {
        match &mut self.list {
            List::Modified(slice) => {
                // A second less: stamps have whole seconds, and some of that second may be unread.
                let resume = slice
                    .newest
                    .and_then(|newest| newest.checked_sub(SignedDuration::from_secs(1)).ok());
                if resume > slice.since {
                    slice.since = resume;
                    self.repeats = 0;
                } else {
                    self.repeats += 1;
                }
                slice.token = None;
            }
            List::Members(chain) => {
                *chain = Chain::default();
                self.members.clear();
                self.repeats += 1;
            }
            List::View { chain, told } => {
                *chain = Chain::default();
                told.clear();
                self.repeats += 1;
            }
            // Pages by number have no token to lose; beyond their limit only a complete reading helps.
            List::Deleted { .. } => return Err(Fault::CursorExpired),
        }
        if self.repeats > REPEATS {
            return Err(Fault::transient("a list cannot be read to its end"));
        }
        Ok(self)
    }

    /// The next list.
    pub(super) fn with_list(mut self, list: List) -> Self {
        self.list = list;
        self.repeats = 0;
        self
    }
}

/// The members of a list view as the cursor keeps them.
pub(super) fn hash(members: &BTreeSet<String>) -> String {
    let mut hasher = blake3::Hasher::new();
    for id in members {
        hasher.update(id.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn round(list: List) -> Round {
        Round {
            began: at("2026-11-22T12:00:00Z"),
            from: None,
            members: BTreeSet::new(),
            list,
            repeats: 0,
        }
    }

    #[test]
    fn a_cursor_that_is_not_ours_or_too_old_has_expired() {
        let now = at("2026-11-22T12:00:00Z");
        let good = Cursor {
            since: at("2026-11-01T00:00:00Z"),
            view: Some("h".to_owned()),
        };
        assert_eq!(Cursor::read(&good.write().unwrap(), now), Ok(good));
        for bad in [
            "",
            "{}",
            "1",
            r#"{"since":"2026-09-01T00:00:00Z"}"#,
            r#"{"since":"soon"}"#,
        ] {
            assert_eq!(Cursor::read(bad, now), Err(Fault::CursorExpired), "{bad}");
        }
    }

    // proves: R-02
    #[test]
    fn a_broken_chain_goes_on_by_time_and_never_skips() {
        let newest = at("2026-11-22T10:00:05Z");
        let slice = Slice {
            token: Some("t".to_owned()),
            since: None,
            newest: Some(newest),
        };
        let Ok(Round {
            list: List::Modified(slice),
            ..
        }) = round(List::Modified(slice)).take_up_again()
        else {
            panic!("the slice goes on")
        };
        assert_eq!(
            (slice.token, slice.since),
            (None, Some(at("2026-11-22T10:00:04Z")))
        );
    }

    #[test]
    fn a_chain_that_never_gets_further_is_given_up() {
        let mut broken = round(List::Members(Chain::default()));
        let mut taken_up = 0;
        while let Ok(again) = broken.clone().take_up_again() {
            broken = again;
            taken_up += 1;
            assert!(taken_up < 10);
        }
        assert_eq!(taken_up, 3);
    }

    #[test]
    fn a_round_survives_its_json() {
        let list = List::View {
            chain: Chain {
                token: Some("t".to_owned()),
            },
            told: BTreeSet::from(["1".to_owned()]),
        };
        let round = round(list);
        assert_eq!(
            Round::read(&serde_json::to_value(&round).unwrap()),
            Ok(round)
        );
        assert!(Round::read(&Value::Null).is_err());
    }

    #[test]
    fn two_views_have_the_same_hash_only_with_the_same_members() {
        let set = |ids: &[&str]| {
            ids.iter()
                .map(|id| (*id).to_owned())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(hash(&set(&["1", "2"])), hash(&set(&["2", "1"])));
        assert_ne!(hash(&set(&["1", "2"])), hash(&set(&["12"])));
        assert_ne!(hash(&set(&[])), hash(&set(&["1"])));
    }
}
