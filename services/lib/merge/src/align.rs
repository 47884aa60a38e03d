//! Which elements of two lists are the same.

use model::{Comparison, Element};

/// Pairs the elements of a list with those of an earlier state of the same list: by label and value, then by
/// value, then by label in order, which makes an edit of what would else be a removal and an addition. Where labels
/// tell elements apart, by label alone. The answer has, for each old element, the place of the new one.
pub(crate) fn with_earlier(
    old: &[&Element],
    new: &[&Element],
    comparison: Comparison,
) -> Vec<Option<usize>> {
    let mut pairs = by_value(old, new, comparison);
    zip(old, new, &mut pairs, |one, other| one.label == other.label);
    pairs
}

/// Pairs the elements of the lists of two sides: by label and value, then by value; where labels tell elements
/// apart, by label alone.
pub(crate) fn by_value(
    left: &[&Element],
    right: &[&Element],
    comparison: Comparison,
) -> Vec<Option<usize>> {
    let mut pairs = vec![None; left.len()];
    zip(left, right, &mut pairs, |one, other| {
        comparison.same_element(one, other)
    });
    zip(left, right, &mut pairs, |one, other| {
        comparison.same_identity(one, other)
    });
    pairs
}

/// Pairs in order those that are left over. `alike` is an equivalence, so that swapping the lists swaps the pairs.
fn zip(
    left: &[&Element],
    right: &[&Element],
    pairs: &mut [Option<usize>],
    alike: impl Fn(&Element, &Element) -> bool,
) {
    let mut taken = vec![false; right.len()];
    for at in pairs.iter().flatten() {
        taken[*at] = true;
    }
    for (one, pair) in left
        .iter()
        .zip(pairs.iter_mut())
        .filter(|(_, pair)| pair.is_none())
    {
        let free = |at: &usize| !taken[*at] && alike(one, right[*at]);
        if let Some(at) = (0..right.len()).find(free) {
            taken[at] = true;
            *pair = Some(at);
        }
    }
}
