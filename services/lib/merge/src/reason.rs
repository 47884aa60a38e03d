//! Why a link is in its state.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a link is excluded, set aside or closed, in words that stay the same: people see them, and status
/// counts by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A record that was in the scope is not any more.
    LeftScope,
    /// A record that we created does not meet the list view's criteria.
    OutsideListView,
    /// A record that was never linked is outside the scope and not to be adopted.
    OutsideScope,
    /// A record can be neither read nor proved to be deleted.
    OutOfReach,
    /// One record was deleted and the policy keeps the other.
    DeletionIgnored,
    /// The record was deleted on the side that a one-way sync writes; it is not created again.
    TargetDeleted,
    /// The record was deleted at the source of a one-way sync after the target was edited; it stays.
    EditKept,
    /// The record exists only on the side that a one-way sync writes.
    OnlyOnTarget,
    /// Another record of the same side has the same key and name, and only one is linked.
    Twin,
    /// The record has no value on any path that could be written to the other side.
    NothingMapped,
    /// A field bounces between two values and is frozen; the others go on.
    Bounces,
    /// A side has no room for all of a list; what fits is there, and everything else goes on.
    Overfull,
    /// Both records are gone.
    BothGone,
    /// One record is gone and the other was out of step by then: it counts as unknown.
    CounterpartGone,
    /// A record was deleted and the policy wants to be asked.
    DeletionStops,
}

impl Reason {
    /// In words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftScope => "left the scope",
            Self::OutsideListView => "outside the list view",
            Self::OutsideScope => "outside the scope",
            Self::OutOfReach => "out of reach",
            Self::DeletionIgnored => "deletion not propagated",
            Self::TargetDeleted => "deleted on the target of a one-way sync",
            Self::EditKept => "deleted at the source, edited on the target",
            Self::OnlyOnTarget => "only on the target of a one-way sync",
            Self::Twin => "twin of a linked record",
            Self::NothingMapped => "no value on a mapped path",
            Self::Bounces => "a field bounces between two values",
            Self::Overfull => "more than a side can hold",
            Self::BothGone => "both records are gone",
            Self::CounterpartGone => "the other record is gone",
            Self::DeletionStops => "a record was deleted",
        }
    }

    /// Whether a link that is excluded for this reason sleeps: it resumes when its records come back, and a
    /// deletion meanwhile is not carried over. Its [`crate::Standing`] is then `Dormant`.
    pub fn is_dormant(self) -> bool {
        matches!(
            self,
            Self::LeftScope | Self::OutsideListView | Self::OutsideScope | Self::OutOfReach
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
