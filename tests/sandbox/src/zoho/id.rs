//! Ids: 18 to 19 digit numbers that travel as strings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Id of a record, user, view, field or module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id consists of 1 to 19 digits")]
pub(super) struct NotAnId;

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digits =
            !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(NotAnId);
        }
        text.parse().map(Self).map_err(|_| NotAnId)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Hands out the ids of one organisation, ascending. Real ids begin with digits that all records of an
/// organisation share, and leave gaps.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    next: u64,
}

impl Sequence {
    /// `prefix` is the organisation's own, seven digits.
    pub(super) fn new(prefix: u64) -> Self {
        Self {
            next: prefix * 1_000_000_000_000 + 100_001,
        }
    }

    /// The next id.
    pub(super) fn next(&mut self) -> Id {
        let id = Id(self.next);
        self.next += 3;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_long_ascending_and_travel_as_strings() {
        let mut sequence = Sequence::new(5_725_767);
        let (one, two) = (sequence.next(), sequence.next());
        assert!(one < two);
        assert_eq!(one.to_string().len(), 19);
        assert_eq!(serde_json::to_value(one).unwrap(), one.to_string());
        assert_eq!(one.to_string().parse(), Ok(one));
    }

    #[test]
    fn anything_but_digits_is_no_id() {
        for text in ["", "12a", "-1", "99999999999999999999"] {
            assert_eq!(text.parse::<Id>(), Err(NotAnId));
        }
    }
}
