//! No rings: flows between accounts must not come back to where they began by way of other accounts.

use std::collections::{BTreeMap, BTreeSet};

use model::Side;

use crate::{definition::Definition, ids::ConnectionId};

/// The name of a sync that closes a ring with the others, if any does.
///
/// Two accounts may be paired by several syncs; a ring takes at least three. Each kind of record is looked at by
/// itself.
pub(crate) fn closing<'a>(syncs: &[(&'a str, &Definition)]) -> Option<&'a str> {
    syncs
        .iter()
        .find(|(_, definition)| closes_ring(definition, syncs))
        .map(|(name, _)| *name)
}

fn closes_ring(sync: &Definition, syncs: &[(&str, &Definition)]) -> bool {
    let (left, right) = (sync.left.connection(), sync.right.connection());
    let mut flows: BTreeMap<ConnectionId, BTreeSet<ConnectionId>> = BTreeMap::new();
    for (_, other) in syncs {
        let (from, to) = (other.left.connection(), other.right.connection());
        let same_pair = (from, to) == (left, right) || (from, to) == (right, left);
        if other.kind != sync.kind || same_pair {
            continue;
        }
        if other.policies.direction.reaches(Side::Right) {
            flows.entry(from).or_default().insert(to);
        }
        if other.policies.direction.reaches(Side::Left) {
            flows.entry(to).or_default().insert(from);
        }
    }
    let direction = sync.policies.direction;
    (direction.reaches(Side::Right) && reaches(&flows, right, left))
        || (direction.reaches(Side::Left) && reaches(&flows, left, right))
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
    use model::Direction;
    use uuid::Uuid;

    use super::*;
    use crate::samples;

    fn sync(left: u128, right: u128, direction: Direction) -> Definition {
        let mut definition = samples::definition();
        definition.left.connection = Uuid::from_u128(left);
        definition.right.connection = Uuid::from_u128(right);
        definition.policies.direction = direction;
        definition
    }

    fn ring(syncs: &[Definition]) -> bool {
        let named: Vec<(&str, &Definition)> = syncs.iter().map(|sync| ("name", sync)).collect();
        closing(&named).is_some()
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
