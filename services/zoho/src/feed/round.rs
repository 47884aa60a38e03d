//! A round: what has to be known between two of its pages.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use provider::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    cursor::{Cursor, Roll},
    series::Book,
};

/// How far a quick round reaches back from what was shown last: stamps have whole seconds, and lists need not be
/// in step to the second.
const QUICK_OVERLAP: SignedDuration = SignedDuration::from_secs(2);

/// A round under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Round {
    /// The provider's clock when it began.
    pub(super) began: Timestamp,
    /// The cursor that it began with; none when everything is read.
    pub(super) from: Option<Cursor>,
    /// Whether it reads only what is newer than what was shown last, and asks of that alone whether it is in the view.
    pub(super) quick: bool,
    /// Who is in the list view; what was listed last counts. Empty in a quick round.
    pub(super) members: BTreeSet<String>,
    /// Those members of which the cursor told, as far as nothing else tells of them.
    pub(super) known: Roll,
    /// Those members of which the next cursor tells.
    pub(super) roll: Roll,
    /// The newest modification that was shown so far.
    pub(super) newest: Option<Timestamp>,
    /// The list that is being read.
    pub(super) list: List,
    /// How often the present list had to be begun again.
    pub(super) repeats: u32,
    /// The caller's time zone, for kinds that have times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) zone: Option<String>,
    /// What is known of series, where they are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) book: Option<Book>,
}

/// One of a round's lists, and how far it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum List {
    /// The ids in the list view.
    Members(Chain),
    /// The records that were modified, or all of them, oldest modification first.
    Modified(Slice),
    /// The list view with all fields.
    View(Chain),
    /// The records that were deleted.
    Deleted {
        /// The page to read, from 1.
        page: u32,
    },
    /// The series of which the list before showed something.
    Series {
        /// That list.
        after: Before,
    },
}

/// A list that was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Before {
    /// The records that were modified.
    Modified,
    /// The list view.
    View,
    /// The records that were deleted.
    Deleted,
}

/// A chain of page tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain {
    /// The token of the next page; none for the first.
    pub(super) token: Option<String>,
}

/// A chain over records sorted by their modification, which can be taken up anywhere.
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

    /// From when on deletions are asked for, and in a thorough round modifications too.
    pub(super) fn since(&self, overlap: SignedDuration) -> Option<Timestamp> {
        Some(before(self.from.as_ref()?.since, overlap))
    }

    /// From when on modifications are asked for.
    pub(super) fn modified_since(&self, overlap: SignedDuration) -> Option<Timestamp> {
        let thorough = self.since(overlap)?;
        let quick = self.newest.map(|newest| before(newest, QUICK_OVERLAP));
        Some(
            quick
                .filter(|_| self.quick)
                .map_or(thorough, |quick| quick.max(thorough)),
        )
    }

    /// Whether a record may have been made since the members were listed.
    pub(super) fn is_made_since(&self, created: Option<Timestamp>) -> bool {
        let began = before(self.began, QUICK_OVERLAP);
        self.quick || created.is_some_and(|created| created >= began)
    }

    /// Notes a member of the view. One that was created since the rounds' lists reach back is among the modified
    /// records: they tell of it, the roll need not.
    pub(super) fn note_member(
        &mut self,
        id: String,
        created: Option<Timestamp>,
        overlap: SignedDuration,
    ) {
        let older = |time| created.is_none_or(|created| created < time);
        if self.since(overlap).is_some_and(older) {
            self.known.add(&id);
        }
        if older(before(self.began, overlap)) {
            self.roll.add(&id);
        }
        self.members.insert(id);
    }

    /// Forgets the members of the view, to note them anew.
    pub(super) fn forget_members(&mut self) {
        self.members.clear();
        (self.known, self.roll) = (Roll::default(), Roll::default());
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
            List::Members(chain) | List::View(chain) => {
                *chain = Chain::default();
                self.forget_members();
                self.repeats += 1;
            }
            // Pages by number have no token to lose; beyond their limit only a complete reading helps.
            List::Deleted { .. } | List::Series { .. } => return Err(Fault::CursorExpired),
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

fn before(time: Timestamp, span: SignedDuration) -> Timestamp {
    time.checked_sub(span).unwrap_or(Timestamp::MIN)
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
            quick: false,
            members: BTreeSet::new(),
            known: Roll::default(),
            roll: Roll::default(),
            newest: None,
            list,
            repeats: 0,
            zone: None,
            book: None,
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
        let mut round = round(List::View(Chain {
            token: Some("t".to_owned()),
        }));
        round.note_member("1".to_owned(), None, OVERLAP);
        assert_eq!(
            Round::read(&serde_json::to_value(&round).unwrap()),
            Ok(round)
        );
        assert!(Round::read(&Value::Null).is_err());
    }

    fn roll(ids: &[&str]) -> Roll {
        let mut roll = Roll::default();
        for id in ids {
            roll.add(id);
        }
        roll
    }

    const OVERLAP: SignedDuration = SignedDuration::from_mins(3);

    fn cursor(since: &str, newest: Option<&str>) -> Cursor {
        Cursor {
            since: at(since),
            view: None,
            newest: newest.map(at),
            series: None,
        }
    }

    #[test]
    fn a_member_that_was_created_lately_is_told_by_the_modified_contacts_alone() {
        let mut first = round(List::Members(Chain::default()));
        first.note_member("old".to_owned(), Some(at("2026-11-22T11:50:00Z")), OVERLAP);
        first.note_member("new".to_owned(), Some(at("2026-11-22T11:59:00Z")), OVERLAP);
        first.note_member("undated".to_owned(), None, OVERLAP);
        assert_eq!(first.roll, roll(&["old", "undated"]));

        let mut second = round(List::Members(Chain::default()));
        second.began = at("2026-11-22T12:01:00Z");
        second.from = Some(cursor("2026-11-22T12:00:00Z", None));
        for (id, created) in [
            ("old", "11:50:00"),
            ("new", "11:59:00"),
            ("newer", "12:00:30"),
        ] {
            let created = at(&format!("2026-11-22T{created}Z"));
            second.note_member(id.to_owned(), Some(created), OVERLAP);
        }
        second.note_member("undated".to_owned(), None, OVERLAP);
        assert_eq!(second.known, first.roll, "nobody else came or went");
        assert_eq!(second.members.len(), 4);
    }

    // proves: R-05
    #[test]
    fn a_quick_round_reaches_back_from_what_was_shown_and_never_beyond_a_thorough_one() {
        let mut quick = round(List::Members(Chain::default()));
        quick.quick = true;
        for (newest, since) in [
            (Some("2026-11-22T12:00:40Z"), "2026-11-22T12:00:38Z"),
            (Some("2026-11-22T09:00:00Z"), "2026-11-22T11:57:00Z"),
            (None, "2026-11-22T11:57:00Z"),
        ] {
            quick.newest = newest.map(at);
            quick.from = Some(cursor("2026-11-22T12:00:00Z", newest));
            assert_eq!(quick.modified_since(OVERLAP), Some(at(since)));
            assert_eq!(quick.since(OVERLAP), Some(at("2026-11-22T11:57:00Z")));
        }
        quick.quick = false;
        quick.newest = Some(at("2026-11-22T12:00:40Z"));
        assert_eq!(
            quick.modified_since(OVERLAP),
            Some(at("2026-11-22T11:57:00Z"))
        );
    }
}
