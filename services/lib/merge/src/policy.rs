//! The choices of a sync's definition. A new value of a policy is a line here.

use std::{fmt, str::FromStr};

use model::{Direction, Side, UnknownWord};
use serde::{Deserialize, Serialize};

/// What people choose for a sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Which way values and deletions flow.
    pub direction: Direction,
    /// Whose value stays when both sides changed one path to different values.
    pub conflict: ConflictChoice,
    /// Who wins under [`ConflictChoice::Newest`] when neither edit is newer.
    pub conflict_tie: Side,
    /// What a deletion on one side does to the other.
    pub deletion: Deletion,
    /// What becomes of edits on the target of a one-way flow.
    pub drift: Drift,
    /// What becomes of a match outside the scope.
    pub outside: Outside,
    /// What becomes of records of one side that have the same key and name.
    pub twins: Twins,
    /// Who wins when a record or element is deleted on one side and edited on the other.
    pub deletion_against_edit: DeletionAgainstEdit,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            direction: Direction::Both,
            conflict: ConflictChoice::Left,
            conflict_tie: Side::Left,
            deletion: Deletion::Propagate,
            drift: Drift::Keep,
            outside: Outside::Adopt,
            twins: Twins::LinkOne,
            deletion_against_edit: DeletionAgainstEdit::EditWins,
        }
    }
}

impl Policy {
    /// The policy as seen with the sides exchanged.
    #[must_use]
    pub fn swap(self) -> Self {
        Self {
            direction: self.direction.swap(),
            conflict: match self.conflict {
                ConflictChoice::Left => ConflictChoice::Right,
                ConflictChoice::Right => ConflictChoice::Left,
                ConflictChoice::Newest => ConflictChoice::Newest,
            },
            conflict_tie: self.conflict_tie.other(),
            ..self
        }
    }
}

/// Declares a policy whose values are words of a sync's definition.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $what:literal: $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Its word, as in a sync's definition.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord {
                        what: $what,
                        word: word.to_owned(),
                        expected: &[$($word),+],
                    }),
                }
            }
        }
    };
}

words! {
    /// Whose value stays in a conflict.
    ConflictChoice, "conflict choice":
    /// The left side's.
    Left = "left",
    /// The right side's.
    Right = "right",
    /// The one that was edited last, each by its own provider's clock.
    Newest = "newest",
}

words! {
    /// What a deletion does to the other side.
    Deletion, "deletion policy":
    /// The counterpart is deleted too.
    Propagate = "propagate",
    /// The counterpart stays, and the record is not created again.
    Ignore = "ignore",
    /// The sync stops and asks.
    Stop = "stop",
}

words! {
    /// What becomes of edits on the target of a one-way flow.
    Drift, "drift policy":
    /// They stay until the source changes the same path.
    Keep = "keep",
    /// They are undone: the target mirrors the source.
    Overwrite = "overwrite",
}

words! {
    /// What becomes of a match outside the scope.
    Outside, "policy for matches outside the scope":
    /// It is put into the sync's collection.
    Adopt = "adopt",
    /// It is excluded.
    Skip = "skip",
}

words! {
    /// What becomes of records of one side that have the same key and name.
    Twins, "policy for twins":
    /// The oldest is linked, the others are excluded.
    LinkOne = "link-one",
    /// Each is synced.
    SyncAll = "sync-all",
}

words! {
    /// Who wins when one side deletes what the other side edits.
    DeletionAgainstEdit, "choice between deletion and edit":
    /// What was edited is kept, and created again where it was deleted.
    EditWins = "edit-wins",
    /// What was edited is deleted, and goes to the history.
    DeletionWins = "deletion-wins",
}
