//! Why something is no event.

use crate::side::UnknownWord;

/// Why something is no event, so that a connector can set the record aside with a reason. No variant carries what
/// people wrote but names of zones, times and rules.
///
/// A title that is too long, or too many participants, is a matter of the account and not of the event:
/// [`crate::Catalogue::exceeded`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The time-zone database has no such zone.
    #[error("there is no time zone {name:?}; write an IANA name such as Europe/Vienna")]
    UnknownZone {
        /// The name.
        name: String,
    },
    /// A text is no time.
    #[error("{text:?} is no time; write it as 2026-12-01T09:00:00[Europe/Vienna] or 2026-12-01")]
    Time {
        /// The text.
        text: String,
    },
    /// It begins on a day and ends at a time, or one end floats and the other does not.
    #[error("it begins and ends in different ways: both are days, or both are times of one sort")]
    Mixed,
    /// It ends before it begins; one of days ends no later than it begins.
    #[error("it ends before it begins")]
    EndsBeforeStart,
    /// It has no time at all.
    #[error("it has no time")]
    NoTime,
    /// A text is no recurrence rule.
    #[error("{text:?} is no recurrence rule: {reason}")]
    Rule {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A recurrence rule that no day of the calendar fulfils.
    #[error("its recurrence rule never comes true")]
    Never,
    /// A recurrence of a sort that is not carried.
    #[error("its recurrence is not carried: {what}")]
    NotCarried {
        /// What it has.
        what: &'static str,
    },
    /// A series whose times have an offset and no zone would shift when clocks change.
    #[error("a series needs the time zone in which it recurs")]
    SeriesWithoutZone,
    /// An exception to a record that does not recur.
    #[error("it has exceptions and no recurrence")]
    NoSeries,
    /// An exception to an instance that the series does not have, or has no more.
    #[error("its series has no instance at {original}")]
    NoInstance {
        /// Where the instance would have begun.
        original: String,
    },
    /// Two exceptions to the same instance, or the same participant twice.
    #[error("{key} is there twice")]
    Twice {
        /// The key: when the instance would have begun; for a participant only that.
        key: String,
    },
    /// A text is no trigger of an alert.
    #[error("{text:?} is no alert; write it as -PT15M, or as a time in UTC")]
    Trigger {
        /// The text.
        text: String,
    },
    /// A word is unknown.
    #[error(transparent)]
    Word(#[from] UnknownWord),
}
