//! Everything that matters about one link.

use std::collections::BTreeSet;

use model::{Fields, PairKey, Pairing, Path, Side};

use crate::{base::Base, policy::Policy};

/// Everything that matters about one link.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// The sync's mapping.
    pub pairings: &'a [Pairing],
    /// The sync's policies.
    pub policy: &'a Policy,
    /// How both sides looked when they last agreed; none if they never did.
    pub base: Option<&'a Base>,
    /// What is known of the left record.
    pub left: Presence,
    /// What is known of the right record.
    pub right: Presence,
    /// Which of the two records we created, if any.
    pub created_by_us: Option<Side>,
    /// How the link stood until now.
    pub standing: Standing,
    /// Pairings whose values bounce ([`crate::bounces`]): written on neither side until both agree or somebody
    /// releases them.
    pub frozen: &'a [PairKey],
}

/// What is known of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    Live(Sight),
    /// It is proved to be deleted.
    Gone,
    /// It can be neither read nor proved to be deleted.
    OutOfReach,
    /// There has been no record on this side yet.
    Never,
}

/// How a live record looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// What it shows on the pairings' paths of its side ([`model::project`]).
    pub fields: Fields,
    /// Which paths could be read; what a record does not show on any other path is unknown, not empty.
    pub readable: Readable,
    /// When it was last edited by its provider's clock, in microseconds since the Unix epoch; none after our
    /// own writes.
    pub edited_at_micros: Option<i64>,
    /// Whether it is inside the sync's collection.
    pub in_scope: bool,
    /// Whether a write can put a record into this side's collection: a group can be joined, a list view
    /// cannot.
    pub joinable: bool,
}

/// Which paths could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readable {
    /// Every path.
    All,
    /// These. A multi-valued field is named once, without a label.
    Only(BTreeSet<Path>),
}

impl Readable {
    /// Whether what a record shows on this path is known.
    pub fn covers(&self, path: &Path) -> bool {
        match self {
            Self::All => true,
            Self::Only(paths) => {
                paths.contains(path)
                    || paths.contains(&path.without_part())
                    || paths.contains(&path.without_key())
            }
        }
    }
}

/// How a link stood until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It was kept in step, or is new.
    #[default]
    Active,
    /// It slept, for a reason that [`crate::Reason::is_dormant`]: it resumes, and a deletion that happened
    /// meanwhile is not carried over.
    Dormant,
    /// It comes from a sync that was deleted (BEY-14): as dormant, and a record outside the scope is treated
    /// like a match outside the scope.
    Adopted,
}

impl Situation<'_> {
    /// What is known of a side's record.
    pub fn presence(&self, side: Side) -> &Presence {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// Whether both sides have agreed on anything before.
    pub(crate) fn is_linked(&self) -> bool {
        self.base.is_some_and(|base| !base.is_empty())
    }
}
