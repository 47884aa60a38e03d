//! No rings: flows between accounts must not come back to where they began by way of other accounts.

use std::collections::{BTreeMap, BTreeSet};

use model::{Direction, Side};

use crate::{
    definition::Definition,
    ids::{ConnectionId, SyncId},
};

/// What a sync lets flow between which accounts.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) sync: SyncId,
    pub(crate) kind: String,
    pub(crate) left: ConnectionId,
    pub(crate) right: ConnectionId,
    pub(crate) direction: Direction,
}

impl Flow {
    /// That of a sync as it is to be.
    pub(crate) fn of(sync: SyncId, definition: &Definition) -> Self {
        Self {
            sync,
            kind: definition.kind.clone(),
            left: definition.left.connection(),
            right: definition.right.connection(),
            direction: definition.policies.direction,
        }
    }

    fn same_pair(&self, other: &Self) -> bool {
        let (left, right) = (self.left, self.right);
        (other.left, other.right) == (left, right) || (other.left, other.right) == (right, left)
    }
}

/// The first of the `changed` flows that closes a ring with all of them, if any does. Without those there was none.
///
/// Two accounts may be paired by several syncs; a ring takes at least three. Each kind of record is looked at by
/// itself.
pub(crate) fn closing(changed: &[SyncId], all: &[Flow]) -> Option<SyncId> {
    all.iter()
        .filter(|flow| changed.contains(&flow.sync))
        .find(|flow| closes_ring(flow, all))
        .map(|flow| flow.sync)
}

fn closes_ring(flow: &Flow, all: &[Flow]) -> bool {
    let mut flows: BTreeMap<ConnectionId, BTreeSet<ConnectionId>> = BTreeMap::new();
    for other in all {
        if other.kind != flow.kind || flow.same_pair(other) {
            continue;
        }
        if other.direction.reaches(Side::Right) {
            flows.entry(other.left).or_default().insert(other.right);
        }
        if other.direction.reaches(Side::Left) {
            flows.entry(other.right).or_default().insert(other.left);
        }
    }
    (flow.direction.reaches(Side::Right) && reaches(&flows, flow.right, flow.left))
        || (flow.direction.reaches(Side::Left) && reaches(&flows, flow.left, flow.right))
}

fn reaches(
    flows: &BTreeMap<ConnectionId, BTreeSet<ConnectionId>>,
    from: ConnectionId,
    to: ConnectionId,
) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(account) = open.pop() {
        if account == to {
            return true;
        }
        for next in flows.get(&account).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn sync(left: u128, right: u128, direction: Direction) -> Flow {
        Flow {
            sync: SyncId(Uuid::new_v4()),
            kind: "contact".to_owned(),
            left: ConnectionId(Uuid::from_u128(left)),
            right: ConnectionId(Uuid::from_u128(right)),
            direction,
        }
    }

    /// Whether the last of these closes a ring.
    fn ring(flows: &[Flow]) -> bool {
        let last = flows.last().map(|flow| flow.sync);
        closing(last.as_slice(), flows).is_some()
    }

    // proves: R-10
    #[test]
    fn three_accounts_in_a_ring_are_refused_and_stars_and_chains_are_not() {
        use Direction::{Both, LeftToRight, RightToLeft};
        let star = [sync(1, 2, Both), sync(1, 3, Both), sync(1, 4, Both)];
        assert!(!ring(&star));
        let chain = [sync(1, 2, Both), sync(2, 3, Both), sync(1, 2, Both)];
        assert!(!ring(&chain));
        assert!(ring(&[
            sync(1, 2, Both),
            sync(2, 3, Both),
            sync(3, 1, Both)
        ]));
        assert!(ring(&[
            sync(1, 2, Both),
            sync(2, 3, Both),
            sync(1, 3, LeftToRight)
        ]));
        assert!(ring(&[
            sync(1, 2, LeftToRight),
            sync(2, 3, LeftToRight),
            sync(1, 3, RightToLeft)
        ]));
        assert!(!ring(&[
            sync(1, 2, LeftToRight),
            sync(2, 3, LeftToRight),
            sync(1, 3, LeftToRight)
        ]));
    }

    #[test]
    fn kinds_do_not_close_a_ring_together() {
        let mut syncs = [
            sync(1, 2, Direction::Both),
            sync(2, 3, Direction::Both),
            sync(3, 1, Direction::Both),
        ];
        syncs[2].kind = "event".to_owned();
        assert!(!ring(&syncs));
    }
}
