//! The three-way decision on one value, be it a field's or an element.

use model::{Direction, PerSide, Side};

use crate::{
    plan::Cause,
    policy::{DeletionAgainstEdit, Drift},
};

/// What a decision follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// Which way this pairing's values flow.
    pub(crate) flow: Direction,
    /// What becomes of edits on the target of a one-way flow.
    pub(crate) drift: Drift,
    /// The side whose value stays when both differ.
    pub(crate) winner: Side,
    /// Who wins when one side removes what the other edits; none where removing is an edit like any other.
    pub(crate) removal: Option<DeletionAgainstEdit>,
}

/// What to do about one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing: both sides equal their bases.
    Rest,
    /// Nothing: the target of a one-way flow was edited and the edit stands.
    Drift,
    /// What both sides show is the base from now on.
    Agree,
    /// Write the value that the other side shows.
    Carry {
        /// The side that is written.
        to: Side,
        /// Why.
        cause: Cause,
        /// Whether the side that is written had to give way.
        conflict: bool,
    },
    /// Write the value that the side's own base has.
    Undo {
        /// The side that is written.
        to: Side,
    },
}

/// Decides on one value. `base` is absent at first contact; an absent value is an empty one. `same` compares.
pub(crate) fn decide<V: Copy>(
    rule: Rule,
    base: Option<PerSide<Option<V>>>,
    now: PerSide<Option<V>>,
    same: impl Fn(Option<V>, Option<V>) -> bool,
) -> Decision {
    let equal = same(now.left, now.right);
    let Some(base) = base else {
        return if equal {
            Decision::Agree
        } else {
            first_contact(rule, now)
        };
    };
    let changed = |side: Side| !same(*base.get(side), *now.get(side));
    match (changed(Side::Left), changed(Side::Right)) {
        (false, false) => Decision::Rest,
        _ if equal => Decision::Agree,
        (left, right) => match target(rule.flow) {
            None if left && right => conflict(rule, now),
            None => carry(if left { Side::Right } else { Side::Left }, Cause::Edit),
            Some(target) => {
                let source_changed = changed(target.other());
                one_way(rule, target, source_changed, changed(target))
            }
        },
    }
}

/// The side that a one-way flow writes.
pub(crate) fn target(flow: Direction) -> Option<Side> {
    match flow {
        Direction::Both => None,
        Direction::LeftToRight => Some(Side::Right),
        Direction::RightToLeft => Some(Side::Left),
    }
}

fn carry(to: Side, cause: Cause) -> Decision {
    Decision::Carry {
        to,
        cause,
        conflict: false,
    }
}

/// Both differ and there is no base: a set value beats an empty one, the source beats the target of a
/// one-way flow, and otherwise people have chosen. A target's value that the source lacks stands.
fn first_contact<V: Copy>(rule: Rule, now: PerSide<Option<V>>) -> Decision {
    let empty = Side::ALL.into_iter().find(|side| now.get(*side).is_none());
    match (target(rule.flow), empty) {
        (None, Some(to)) => carry(to, Cause::FirstContact),
        (None, None) => Decision::Carry {
            to: rule.winner.other(),
            cause: Cause::FirstContact,
            conflict: true,
        },
        (Some(target), Some(empty)) if empty != target => Decision::Agree,
        (Some(target), _) => carry(target, Cause::FirstContact),
    }
}

/// Both sides changed to different values.
fn conflict<V: Copy>(rule: Rule, now: PerSide<Option<V>>) -> Decision {
    let removed = Side::ALL.into_iter().find(|side| now.get(*side).is_none());
    let winner = match (rule.removal, removed) {
        (Some(DeletionAgainstEdit::EditWins), Some(removed)) => removed.other(),
        (Some(DeletionAgainstEdit::DeletionWins), Some(removed)) => removed,
        _ => rule.winner,
    };
    Decision::Carry {
        to: winner.other(),
        cause: Cause::Conflict,
        conflict: true,
    }
}

/// At least one side of a one-way flow changed, and they differ.
fn one_way(rule: Rule, target: Side, source_changed: bool, target_changed: bool) -> Decision {
    match (source_changed, target_changed, rule.drift) {
        (true, false, _) => carry(target, Cause::Edit),
        (true, true, _) => carry(target, Cause::Drift),
        (false, _, Drift::Keep) => Decision::Drift,
        (false, _, Drift::Overwrite) => Decision::Undo { to: target },
    }
}
