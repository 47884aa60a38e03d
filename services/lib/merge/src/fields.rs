//! Merging two live records, pairing by pairing.

use model::{Comparison, Direction, Edit, PairKey, Pairing, PerSide, Side, Value};

use crate::{
    base::{Base, PairBase},
    decide::{Decision, Rule, decide},
    elements, follow,
    plan::{Cause, Conflict, Overfull, PlannedEdit},
    policy::{ConflictChoice, Policy},
    situation::Sight,
};

/// What merging two live records comes to.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub(crate) edits: PerSide<Vec<PlannedEdit>>,
    pub(crate) agreed: Vec<(PairKey, PairBase)>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) drifts: Vec<PairKey>,
    pub(crate) frozen: Vec<PairKey>,
    pub(crate) thawed: Vec<PairKey>,
    pub(crate) overfull: Vec<Overfull>,
}

impl Merged {
    pub(crate) fn write(&mut self, to: Side, planned: PlannedEdit, conflict: bool) {
        if conflict {
            self.conflicts.push(Conflict {
                pair: planned.pair.clone(),
                kept: to.other(),
                kept_value: planned.edit.after.clone(),
                lost: planned.edit.before.clone(),
            });
        }
        self.edits.get_mut(to).push(planned);
    }

    pub(crate) fn drift(&mut self, pairing: &Pairing) {
        let key = pairing.key();
        if self.drifts.last() != Some(&key) {
            self.drifts.push(key);
        }
    }
}

/// Merges two live records. A pairing that either side cannot show is left alone: no difference, no base
/// moved; and so is a frozen one, until both sides agree on it.
pub(crate) fn merge(
    pairings: &[Pairing],
    policy: &Policy,
    base: Option<&Base>,
    frozen: &[PairKey],
    sights: PerSide<&Sight>,
) -> Merged {
    let mut merged = Merged::default();
    let winner = winner(policy, sights);
    let repeats = pairings.iter().any(|pairing| {
        let said = |side: Side| value(pairing, side, sights.get(side)).is_some();
        pairing.comparison() == Comparison::Rule && (said(Side::Left) || said(Side::Right))
    });
    let known = |pairing: &Pairing| {
        let covers = |side: Side| sights.get(side).readable.covers(pairing.path(side));
        covers(Side::Left) && covers(Side::Right)
    };
    for pairing in pairings {
        let Some(flow) = flow(policy, pairing).filter(|_| known(pairing)) else {
            continue;
        };
        let base = base.and_then(|base| base.get(&pairing.key()));
        let now = PerSide::new(
            value(pairing, Side::Left, sights.left),
            value(pairing, Side::Right, sights.right),
        );
        if !frozen.is_empty() && frozen.contains(&pairing.key()) {
            if !pairing.comparison().same(now.left, now.right) {
                merged.frozen.push(pairing.key());
                continue;
            }
            merged.thawed.push(pairing.key());
        }
        let rule = Rule {
            flow,
            drift: policy.drift,
            winner,
            removal: pairing.is_list().then_some(policy.deletion_against_edit),
        };
        if pairing.is_list() {
            elements::merge(pairing, rule, base, now, &mut merged);
        } else {
            let meets = base.is_none() && !repeats && pairing.comparison() == Comparison::When;
            if meets && pairing.comparison().met(now.left, now.right) {
                let mut met = PairBase::of(now.map(Option::<&Value>::cloned));
                met.rewritten = met.differs(pairing);
                merged.agreed.push((pairing.key(), met));
            } else {
                merge_single(pairing, rule, base, now, &mut merged);
            }
        }
    }
    if let Some(base) = base {
        let merges = |pairing: &Pairing| known(pairing) && !frozen.contains(&pairing.key());
        follow::carry(pairings, policy, base, sights, merges, &mut merged);
    }
    merged
}

/// Which way a pairing's values flow under a policy; none if both rule each other out.
pub(crate) fn flow(policy: &Policy, pairing: &Pairing) -> Option<Direction> {
    match (policy.direction, pairing.direction) {
        (Direction::Both, direction) | (direction, Direction::Both) => Some(direction),
        (one, other) => (one == other).then_some(one),
    }
}

/// What a side shows of a pairing; none if that is empty.
pub(crate) fn value<'a>(pairing: &Pairing, side: Side, sight: &'a Sight) -> Option<&'a Value> {
    sight
        .fields
        .get(pairing.path(side))
        .filter(|value| !value.is_empty())
}

/// The side whose value stays in a conflict. No edit time (our own write, or a provider that states none)
/// loses to any.
fn winner(policy: &Policy, sights: PerSide<&Sight>) -> Side {
    match policy.conflict {
        ConflictChoice::Left => Side::Left,
        ConflictChoice::Right => Side::Right,
        ConflictChoice::Newest => match sights
            .left
            .edited_at_micros
            .cmp(&sights.right.edited_at_micros)
        {
            std::cmp::Ordering::Greater => Side::Left,
            std::cmp::Ordering::Less => Side::Right,
            std::cmp::Ordering::Equal => policy.conflict_tie,
        },
    }
}

fn merge_single(
    pairing: &Pairing,
    rule: Rule,
    base: Option<&PairBase>,
    now: PerSide<Option<&Value>>,
    merged: &mut Merged,
) {
    let comparison = pairing.comparison();
    let bases = base.map(|base| PerSide::new(base.left.as_ref(), base.right.as_ref()));
    let decision = decide(rule, bases, now, |one, other| comparison.same(one, other));
    let mut write = |to: Side, after: Option<&Value>, cause: Cause, conflict: bool| {
        let planned = PlannedEdit {
            pair: pairing.key(),
            edit: Edit {
                path: pairing.path(to).clone(),
                before: now.get(to).cloned(),
                after: after.cloned(),
            },
            source: now.get(to.other()).cloned(),
            replaces: None,
            cause,
        };
        merged.write(to, planned, conflict);
    };
    match decision {
        Decision::Rest => {}
        Decision::Drift => merged.drift(pairing),
        Decision::Agree => {
            let agreed = PairBase::of(now.map(Option::<&Value>::cloned));
            merged.agreed.push((pairing.key(), agreed));
        }
        Decision::Carry {
            to,
            cause,
            conflict,
        } => write(to, *now.get(to.other()), cause, conflict),
        Decision::Undo { to } => write(
            to,
            bases.and_then(|bases| *bases.get(to)),
            Cause::Drift,
            false,
        ),
    }
}
