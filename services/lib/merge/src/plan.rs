//! What is to be done about one link.

use model::{Edit, PairKey, Path, PerSide, Side, Value};
use serde::{Deserialize, Serialize};

use crate::{base::PairBase, reason::Reason};

/// What is to be done about one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What to write to each side.
    pub writes: PerSide<Option<Write>>,
    /// Bases that move now, because both sides are found to agree; each replaces the pairing's stored base.
    pub agreed: Vec<(PairKey, PairBase)>,
    /// Paths on which both sides differ and one had to give way.
    pub conflicts: Vec<Conflict>,
    /// Every value that the writes overwrite, clear or delete.
    pub losses: Vec<Loss>,
    /// Pairings on which the target of a one-way flow was edited and the edit stands.
    pub drifts: Vec<PairKey>,
    /// Frozen pairings on which both sides still differ: they stay frozen.
    pub frozen: Vec<PairKey>,
    /// Frozen pairings on which both sides agree again: they are released.
    pub thawed: Vec<PairKey>,
    /// Lists of which a side has more elements than the other one holds.
    pub overfull: Vec<Overfull>,
    /// The state of the link.
    pub disposition: Disposition,
}

/// A list that a side cannot take whole: what fits is written, the rest stays where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overfull {
    /// The pairing.
    pub pair: PairKey,
    /// The side that has no room for all.
    pub side: Side,
}

/// One write to one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Write {
    /// Create the record: apply the edits to an empty one. An edit with neither `before` nor `after` writes
    /// nothing: it is there because its pairing gets a base with the others. Older bases are void.
    Create(Vec<PlannedEdit>),
    /// Change the record.
    Update {
        /// The changes; the edits of one multi-valued pairing are applied or refused together.
        edits: Vec<PlannedEdit>,
        /// Whether to put the record into the sync's collection.
        adopt: bool,
    },
    /// Delete the record.
    Delete,
}

/// A change of one value, and what its base becomes once it is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEdit {
    /// The pairing.
    pub pair: PairKey,
    /// The change.
    pub edit: Edit,
    /// The other side's value that the plan was made from: its base, once the edit is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// On a multi-valued pairing the pair of elements in the base that this edit replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<PairBase>,
    /// Why.
    pub cause: Cause,
}

/// Why a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The other side was edited.
    Edit,
    /// Both sides were edited, and the other side's value was chosen.
    Conflict,
    /// The pairing has no base yet.
    FirstContact,
    /// The target of a one-way flow was edited and is overwritten.
    Drift,
    /// The other side's record was deleted.
    Deletion,
}

/// A pairing on which both sides differ and one had to give way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The pairing.
    pub pair: PairKey,
    /// The side whose value stays.
    pub kept: Side,
    /// The value that stays; none if the field was cleared.
    pub kept_value: Option<Value>,
    /// The value that gives way; none if the field was cleared.
    pub lost: Option<Value>,
}

impl Conflict {
    /// The side whose value gives way.
    pub fn lost_side(&self) -> Side {
        self.kept.other()
    }
}

/// A value that a write overwrites, clears or deletes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The side that is written.
    pub side: Side,
    /// The path.
    pub path: Path,
    /// What is there now; never empty.
    pub before: Value,
    /// What it becomes; none if it is cleared or deleted.
    pub after: Option<Value>,
    /// Why.
    pub cause: Cause,
}

/// The state of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "reason")]
pub enum Disposition {
    /// There is nothing to do.
    InSync,
    /// There is something to write.
    Pending,
    /// The link is not kept in step, by policy or scope.
    Excluded(Reason),
    /// The record cannot be synced.
    SetAside(Reason),
    /// The link has ended; a record that is left over counts as unknown.
    Closed(Reason),
    /// The whole sync stops and asks.
    StopSync(Reason),
}

impl Plan {
    /// A plan to do nothing.
    pub(crate) fn nothing(disposition: Disposition) -> Self {
        Self {
            writes: PerSide::default(),
            agreed: Vec::new(),
            conflicts: Vec::new(),
            losses: Vec::new(),
            drifts: Vec::new(),
            frozen: Vec::new(),
            thawed: Vec::new(),
            overfull: Vec::new(),
            disposition,
        }
    }

    /// Whether it writes nothing and moves no base.
    pub fn is_empty(&self) -> bool {
        self.writes.left.is_none() && self.writes.right.is_none() && self.agreed.is_empty()
    }
}

impl Write {
    /// Its edits; none for a deletion.
    pub fn edits(&self) -> &[PlannedEdit] {
        match self {
            Self::Create(edits) | Self::Update { edits, .. } => edits,
            Self::Delete => &[],
        }
    }
}
