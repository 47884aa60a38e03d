//! The two sides of a sync.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A side of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The one that the sync's definition calls left.
    Left,
    /// The one that the sync's definition calls right.
    Right,
}

impl Side {
    /// Both sides.
    pub const ALL: [Self; 2] = [Self::Left, Self::Right];

    /// The opposite side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// Its word: `left` or `right`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that a setting does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a {what}; write one of: {}", expected.join(", "))]
pub struct UnknownWord {
    /// What was to be read, for example `direction`.
    pub what: &'static str,
    /// The word.
    pub word: String,
    /// The words that are known.
    pub expected: &'static [&'static str],
}

impl FromStr for Side {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|side| side.as_str() == word)
            .ok_or_else(|| UnknownWord {
                what: "side",
                word: word.to_owned(),
                expected: &["left", "right"],
            })
    }
}

/// Something that each side has one of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PerSide<T> {
    /// The left side's.
    pub left: T,
    /// The right side's.
    pub right: T,
}

impl<T> PerSide<T> {
    /// One of each.
    pub fn new(left: T, right: T) -> Self {
        Self { left, right }
    }

    /// A side's.
    pub fn get(&self, side: Side) -> &T {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// A side's, to change.
    pub fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }

    /// Both, each borrowed.
    pub fn as_ref(&self) -> PerSide<&T> {
        PerSide::new(&self.left, &self.right)
    }

    /// Both, each made into something else.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> PerSide<U> {
        PerSide::new(f(self.left), f(self.right))
    }

    /// The left side's for the right, and the other way round.
    #[must_use]
    pub fn swap(self) -> Self {
        Self::new(self.right, self.left)
    }
}

/// Which way values flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// The left side is the source and never written.
    LeftToRight,
    /// The right side is the source and never written.
    RightToLeft,
}

impl Direction {
    const WORDS: [(&'static str, Self); 3] = [
        ("both", Self::Both),
        ("left-to-right", Self::LeftToRight),
        ("right-to-left", Self::RightToLeft),
    ];

    /// Whether values flow to this side.
    pub fn reaches(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::LeftToRight => side == Side::Right,
            Self::RightToLeft => side == Side::Left,
        }
    }

    /// The direction as seen with the sides exchanged.
    #[must_use]
    pub fn swap(self) -> Self {
        match self {
            Self::Both => Self::Both,
            Self::LeftToRight => Self::RightToLeft,
            Self::RightToLeft => Self::LeftToRight,
        }
    }

    /// Its word, as in a sync's definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::LeftToRight => "left-to-right",
            Self::RightToLeft => "right-to-left",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Direction {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::WORDS
            .into_iter()
            .find_map(|(known, direction)| (known == word).then_some(direction))
            .ok_or_else(|| UnknownWord {
                what: "direction",
                word: word.to_owned(),
                expected: &["both", "left-to-right", "right-to-left"],
            })
    }
}
