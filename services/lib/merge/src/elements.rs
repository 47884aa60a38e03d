//! Merging a multi-valued pairing element by element.

use model::{Edit, Element, Pairing, PerSide, Side, Value};

use crate::{
    base::PairBase,
    decide::{Decision, Rule, decide},
    fields::Merged,
    plan::{Cause, Overfull, PlannedEdit},
    slots::{Slot, slots},
};

/// A decision that writes.
struct Writing<'a> {
    slot: &'a Slot<'a>,
    to: Side,
    after: Option<&'a Element>,
    cause: Cause,
    conflict: bool,
}

/// Merges one multi-valued pairing of which both sides are known.
pub(crate) fn merge(
    pairing: &Pairing,
    rule: Rule,
    base: Option<&PairBase>,
    now: PerSide<Option<&Value>>,
    merged: &mut Merged,
) {
    let comparison = pairing.comparison();
    let pairs = base.map(PairBase::pairs);
    let lists = now.map(|value| value.map_or(&[][..], Value::as_elements));
    let slots = slots(pairs.as_deref().unwrap_or_default(), lists, comparison);
    let same = |one: Option<&Element>, other: Option<&Element>| match (one, other) {
        (Some(one), Some(other)) => comparison.same_element(one, other),
        (one, other) => one.is_none() == other.is_none(),
    };
    // An element that came later is one of which both sides had nothing; at first contact nothing is known.
    let decisions: Vec<Decision> = slots
        .iter()
        .map(|slot| decide(rule, base.map(|_| slot.base()), slot.now, same))
        .collect();
    let writes =
        |decision: &Decision| matches!(decision, Decision::Carry { .. } | Decision::Undo { .. });
    if base.is_some() && decisions.iter().any(writes) && comparison.same(now.left, now.right) {
        // Both sides came to the same list by different edits: that is agreement, as of a single value.
        return merge(pairing, rule, None, now, merged);
    }
    if base.is_none() || decisions.contains(&Decision::Agree) {
        let agreed = slots.iter().zip(&decisions).filter_map(|(slot, decision)| {
            let now = || slot.now.map(Option::<&Element>::cloned);
            if *decision == Decision::Agree {
                Some(now())
            } else {
                slot.pair.cloned()
            }
        });
        let mut agreed = PairBase::of_pairs(agreed);
        agreed.rewritten = base.is_some_and(|base| base.rewritten) && agreed.differs(pairing);
        merged.agreed.push((pairing.key(), agreed));
    }
    if decisions.contains(&Decision::Drift) {
        merged.drift(pairing);
    }
    let mut writings: Vec<Writing<'_>> = slots
        .iter()
        .zip(decisions)
        .filter_map(|(slot, decision)| writing(slot, decision))
        .collect();
    drop_what_does_not_fit(pairing, lists, &mut writings, merged);
    for writing in writings {
        write(pairing, &writing, merged);
    }
}

/// What a decision writes, if anything.
fn writing<'a>(slot: &'a Slot<'a>, decision: Decision) -> Option<Writing<'a>> {
    let (to, after, cause, conflict) = match decision {
        Decision::Rest | Decision::Agree | Decision::Drift => return None,
        Decision::Carry {
            to,
            cause,
            conflict,
        } => (to, *slot.now.get(to.other()), cause, conflict),
        Decision::Undo { to } => (to, *slot.base().get(to), Cause::Drift, false),
    };
    Some(Writing {
        slot,
        to,
        after,
        cause,
        conflict,
    })
}

/// An addition beyond what its side holds is not written: the other side keeps its element, and nothing is
/// deleted for it. That it was left out is said.
fn drop_what_does_not_fit(
    pairing: &Pairing,
    now: PerSide<&[Element]>,
    writings: &mut Vec<Writing<'_>>,
    merged: &mut Merged,
) {
    for side in Side::ALL {
        let Some(limit) = pairing.limit(side) else {
            continue;
        };
        let removes = |writing: &&Writing<'_>| writing.to == side && writing.after.is_none();
        let removals = writings.iter().filter(removes).count();
        let mut room = (limit as usize + removals).saturating_sub(now.get(side).len());
        let wanted = writings.len();
        writings.retain(|writing| {
            let adds = writing.to == side && writing.slot.now.get(side).is_none();
            let fits = !adds || room > 0;
            room = room.saturating_sub(usize::from(adds));
            fits
        });
        if writings.len() < wanted {
            let pair = pairing.key();
            merged.overfull.push(Overfull { pair, side });
        }
    }
}

fn write(pairing: &Pairing, writing: &Writing<'_>, merged: &mut Merged) {
    let value =
        |element: Option<&Element>| element.map(|element| Value::Elements(vec![element.clone()]));
    let (to, from) = (writing.to, writing.to.other());
    let edit = Edit {
        path: pairing.path(to).clone(),
        before: value(*writing.slot.now.get(to)),
        after: value(writing.after),
    };
    let planned = PlannedEdit {
        pair: pairing.key(),
        source: value(*writing.slot.now.get(from)),
        replaces: writing
            .slot
            .pair
            .map(|pair| PairBase::of_pairs([pair.clone()])),
        cause: writing.cause,
        edit,
    };
    merged.write(to, planned, writing.conflict);
}
