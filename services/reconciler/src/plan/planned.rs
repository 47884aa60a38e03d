//! What plans amount to.

use model::{PerSide, Side};

/// What a batch of plans amounts to.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// Records to be created, by side.
    pub created: PerSide<u64>,
    /// Records to be changed, by side.
    pub updated: PerSide<u64>,
    /// Records to be deleted, by side.
    pub deleted: PerSide<u64>,
    /// Records that a plan deletes or clears values of, by side.
    pub destructive: PerSide<u64>,
    /// Records that a plan overwrites values of, by side.
    pub overwriting: PerSide<u64>,
    /// Pairs that meet for the first time.
    pub merged: u64,
    /// Paths on which two edits met.
    pub conflicts: u64,
    /// Records that take no part, or cannot.
    pub left_out: u64,
    /// Records left to a later run.
    pub deferred: u64,
    /// Why the sync has to stop, if a plan says so.
    pub stop: Option<String>,
}

impl Planned {
    /// Adds another batch.
    pub fn add(&mut self, other: &Self) {
        for side in Side::ALL {
            *self.created.get_mut(side) += other.created.get(side);
            *self.updated.get_mut(side) += other.updated.get(side);
            *self.deleted.get_mut(side) += other.deleted.get(side);
            *self.destructive.get_mut(side) += other.destructive.get(side);
            *self.overwriting.get_mut(side) += other.overwriting.get(side);
        }
        self.merged += other.merged;
        self.conflicts += other.conflicts;
        self.left_out += other.left_out;
        self.deferred += other.deferred;
        self.stop = self.stop.take().or_else(|| other.stop.clone());
    }
}
