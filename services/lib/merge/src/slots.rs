//! Bringing the elements of both sides and of the base together.

use model::{Comparison, Element, PerSide, Side};

use crate::{align, base::ElementPair};

/// An element as both sides show it, and as both bases have it.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    /// The pair in the base; none for an element that came later.
    pub(crate) pair: Option<&'a ElementPair>,
    /// What the sides show.
    pub(crate) now: PerSide<Option<&'a Element>>,
}

impl<'a> Slot<'a> {
    /// What the bases have.
    pub(crate) fn base(&self) -> PerSide<Option<&'a Element>> {
        self.pair
            .map(|pair| pair.as_ref().map(Option::as_ref))
            .unwrap_or_default()
    }
}

/// Brings the elements of both sides and of the base together.
pub(crate) fn slots<'a>(
    pairs: &'a [ElementPair],
    now: PerSide<&'a [Element]>,
    comparison: Comparison,
) -> Vec<Slot<'a>> {
    let mut slots: Vec<Slot<'a>> = pairs
        .iter()
        .map(|pair| Slot {
            pair: Some(pair),
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
    let known = |slot: &Slot<'a>| slot.pair.and_then(|pair| pair.get(side).as_ref());
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
            .map(|now| Slot { pair: None, now }),
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
            slot.pair.is_some_and(|pair| pair.get(side).is_none()) && slot.now.get(side).is_none();
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
