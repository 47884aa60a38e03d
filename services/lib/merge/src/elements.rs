//! Merging a multi-valued pairing element by element.

use model::{Comparison, Edit, Element, Pairing, PerSide, Side, Value};

use crate::{
    align,
    base::{ElementPair, PairBase},
    decide::{Decision, Rule, decide},
    fields::Merged,
    plan::{Cause, PlannedEdit},
};

/// An element as both sides show it, and as both bases have it.
#[derive(Debug)]
struct Slot<'a> {
    /// The pair in the base; none for an element that came later.
    base: Option<&'a ElementPair>,
    now: PerSide<Option<&'a Element>>,
}

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
    let mut new_base = Vec::new();
    let mut moved = base.is_none();
    let mut writings = Vec::new();
    for slot in &slots {
        let bases = match (slot.base, &pairs) {
            (Some(pair), _) => Some(pair.as_ref().map(Option::as_ref)),
            (None, Some(_)) => Some(PerSide::default()),
            (None, None) => None,
        };
        let decision = decide(rule, bases, slot.now, same);
        if decision == Decision::Agree {
            moved = true;
            new_base.push(slot.now.map(Option::<&Element>::cloned));
        } else {
            new_base.extend(slot.base.cloned());
        }
        match decision {
            Decision::Rest | Decision::Agree => {}
            Decision::Drift => merged.drift(pairing),
            Decision::Carry {
                to,
                cause,
                conflict,
            } => writings.push(Writing {
                slot,
                to,
                after: *slot.now.get(to.other()),
                cause,
                conflict,
            }),
            Decision::Undo { to } => writings.push(Writing {
                slot,
                to,
                after: bases.and_then(|bases| *bases.get(to)),
                cause: Cause::Drift,
                conflict: false,
            }),
        }
    }
    if moved {
        merged
            .agreed
            .push((pairing.key(), PairBase::of_pairs(new_base)));
    }
    drop_what_does_not_fit(pairing, lists, &mut writings);
    for writing in writings {
        write(pairing, &writing, merged);
    }
}

/// An addition beyond what its side holds is not written: the other side keeps its element, and nothing is
/// deleted for it.
fn drop_what_does_not_fit(
    pairing: &Pairing,
    now: PerSide<&[Element]>,
    writings: &mut Vec<Writing<'_>>,
) {
    for side in Side::ALL {
        let Some(limit) = pairing.limit(side) else {
            continue;
        };
        let removes = |writing: &&Writing<'_>| writing.to == side && writing.after.is_none();
        let removals = writings.iter().filter(removes).count();
        let mut room = (limit as usize + removals).saturating_sub(now.get(side).len());
        writings.retain(|writing| {
            let adds = writing.to == side && writing.slot.now.get(side).is_none();
            let fits = !adds || room > 0;
            room = room.saturating_sub(usize::from(adds));
            fits
        });
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
            .base
            .map(|pair| PairBase::of_pairs([pair.clone()])),
        cause: writing.cause,
        edit,
    };
    merged.write(to, planned, writing.conflict);
}

/// Brings the elements of both sides and of the base together.
fn slots<'a>(
    pairs: &'a [ElementPair],
    now: PerSide<&'a [Element]>,
    comparison: Comparison,
) -> Vec<Slot<'a>> {
    let mut slots: Vec<Slot<'a>> = pairs
        .iter()
        .map(|pair| Slot {
            base: Some(pair),
            now: PerSide::default(),
        })
        .collect();
    let left = place_known(&mut slots, Side::Left, now.left, comparison);
    let right = place_known(&mut slots, Side::Right, now.right, comparison);
    place_new(&mut slots, &left, &right, comparison);
    slots
}

/// Puts the elements that a side had before into their slots; returns the others.
fn place_known<'a>(
    slots: &mut [Slot<'a>],
    side: Side,
    now: &'a [Element],
    comparison: Comparison,
) -> Vec<&'a Element> {
    let now: Vec<&Element> = now.iter().filter(|element| !element.is_empty()).collect();
    let known = |slot: &Slot<'a>| slot.base.and_then(|pair| pair.get(side).as_ref());
    let places: Vec<usize> = (0..slots.len())
        .filter(|at| known(&slots[*at]).is_some())
        .collect();
    let old: Vec<&Element> = slots.iter().filter_map(known).collect();
    let mut fresh = now.clone();
    for (place, found) in places
        .into_iter()
        .zip(align::with_earlier(&old, &now, comparison))
    {
        if let Some(at) = found {
            *slots[place].now.get_mut(side) = Some(now[at]);
            fresh.retain(|element| !std::ptr::eq(*element, now[at]));
        }
    }
    fresh
}

/// Makes slots of the elements that came later, pairing those of both sides by value. One that the other
/// side could not hold so far finds its counterpart there too.
fn place_new<'a>(
    slots: &mut Vec<Slot<'a>>,
    left: &[&'a Element],
    right: &[&'a Element],
    comparison: Comparison,
) {
    let pairs = align::by_value(left, right, comparison);
    let paired = |at: usize| pairs.contains(&Some(at));
    let lone_left: Vec<_> = (0..left.len())
        .filter(|at| pairs[*at].is_none())
        .map(|at| left[at])
        .collect();
    let lone_right: Vec<_> = (0..right.len())
        .filter(|at| !paired(*at))
        .map(|at| right[at])
        .collect();
    let rest_left = fill_lone(slots, Side::Left, &lone_left, comparison);
    let rest_right = fill_lone(slots, Side::Right, &lone_right, comparison);
    let both = (0..left.len())
        .filter_map(|at| Some(PerSide::new(Some(left[at]), Some(right[pairs[at]?]))));
    let left_only = rest_left
        .into_iter()
        .map(|element| PerSide::new(Some(element), None));
    let right_only = rest_right
        .into_iter()
        .map(|element| PerSide::new(None, Some(element)));
    slots.extend(
        both.chain(left_only)
            .chain(right_only)
            .map(|now| Slot { base: None, now }),
    );
}

/// Puts new elements of a side into slots in which only the other side has one with the same value; returns
/// the others.
fn fill_lone<'a>(
    slots: &mut [Slot<'a>],
    side: Side,
    fresh: &[&'a Element],
    comparison: Comparison,
) -> Vec<&'a Element> {
    let lone = |slot: &Slot<'a>| {
        let missing =
            slot.base.is_some_and(|pair| pair.get(side).is_none()) && slot.now.get(side).is_none();
        slot.now.get(side.other()).filter(|_| missing)
    };
    let places: Vec<usize> = (0..slots.len())
        .filter(|at| lone(&slots[*at]).is_some())
        .collect();
    let waiting: Vec<&Element> = slots.iter().filter_map(lone).collect();
    let mut rest = fresh.to_vec();
    for (place, found) in places
        .into_iter()
        .zip(align::by_value(&waiting, fresh, comparison))
    {
        if let Some(at) = found {
            *slots[place].now.get_mut(side) = Some(fresh[at]);
            rest.retain(|element| !std::ptr::eq(*element, fresh[at]));
        }
    }
    rest
}
