//! The base of a record that was written although the answer was lost.

use model::{Comparison, Element, Pairing, PerSide, Side, Value};

use crate::{
    base::{Answer, Base, PairBase},
    plan::PlannedEdit,
};

/// The bases that a create on `side` made whose answer was lost, as far as the record that was found shows what was
/// sent: the source's are the values that the plan was made from, the target's what is shown. Everything else may be
/// an edit of somebody's, for this is no answer to the create: its pairing gets no base, and meets for the
/// first time.
///
/// A provider that says values in its own way shows them all the same: times that are the same instants, texts that
/// it had no room for and cut, and elements that their labels tell apart, with fewer parts than were sent.
pub fn found(pairings: &[Pairing], side: Side, edits: &[PlannedEdit], shown: Answer<'_>) -> Base {
    let sends_a_rule = edits.iter().any(|planned| {
        let of = |pairing: &&Pairing| pairing.key() == planned.pair;
        let pairing = pairings.iter().find(of);
        planned.edit.after.is_some()
            && pairing.is_some_and(|pairing| pairing.comparison() == Comparison::Rule)
    });
    let entry = |pairing: &Pairing| {
        let key = pairing.key();
        let own: Vec<_> = edits.iter().filter(|planned| planned.pair == key).collect();
        let path = pairing.path(side);
        let last = own.last().filter(|_| shown.readable.covers(path))?;
        let value = shown.fields.get(path).filter(|value| !value.is_empty());
        let mut entry = if pairing.is_list() {
            elements(pairing.comparison(), side, &own, value)?
        } else {
            single(pairing.comparison(), side, last, value, sends_a_rule)?
        };
        entry.rewritten = entry.differs(pairing);
        Some((key, entry))
    };
    pairings.iter().filter_map(entry).collect()
}

/// The bases that an update on `side` made whose answer was lost, of texts that the provider had no room for and cut:
/// their beginning is shown, and it is not what was there before. Anything else that was written and is shown agrees by
/// itself, and what was not written is an edit still.
pub fn cut(
    base: &Base,
    pairings: &[Pairing],
    side: Side,
    edits: &[PlannedEdit],
    shown: Answer<'_>,
) -> Base {
    let entry = |pairing: &Pairing| {
        let (key, path, comparison) = (pairing.key(), pairing.path(side), pairing.comparison());
        let mut own = edits.iter().filter(|planned| planned.pair == key);
        let planned = own.next_back().filter(|_| shown.readable.covers(path))?;
        let value = shown.fields.get(path);
        // A base that moved since the plan knows more than the plan.
        let agreed = base.get(&key).and_then(|entry| entry.get(side));
        let (before, after) = (planned.edit.before.as_ref(), planned.edit.after.as_ref());
        let is_cut = comparison.cut(after, value)
            && comparison.same(agreed, before)
            && !comparison.same(before, value);
        if !is_cut {
            return None;
        }
        let mut values = PerSide::new(planned.source.clone(), planned.source.clone());
        *values.get_mut(side) = value.cloned();
        let mut entry = PairBase::of(values);
        entry.rewritten = entry.differs(pairing);
        Some((key, entry))
    };
    pairings.iter().filter_map(entry).collect()
}

fn single(
    comparison: Comparison,
    side: Side,
    planned: &PlannedEdit,
    shown: Option<&Value>,
    repeats: bool,
) -> Option<PairBase> {
    let sent = planned.edit.after.as_ref();
    // What repeats does so by its clock.
    let is_shown = comparison.same(sent, shown)
        || comparison.cut(sent, shown)
        || !repeats && comparison.met(sent, shown);
    let mut values = PerSide::new(planned.source.clone(), planned.source.clone());
    *values.get_mut(side) = shown.cloned();
    is_shown.then(|| PairBase::of(values))
}

/// The elements that are shown, with those that they were made from; the others are as if they came later.
fn elements(
    comparison: Comparison,
    side: Side,
    edits: &[&PlannedEdit],
    shown: Option<&Value>,
) -> Option<PairBase> {
    let list =
        |value: Option<&Value>| value.map_or(Vec::new(), |value| value.as_elements().to_vec());
    let mut shown = list(shown);
    shown.retain(|element| !element.is_empty());
    if edits.iter().all(|planned| planned.edit.after.is_none()) {
        return shown.is_empty().then(PairBase::default);
    }
    let mut pairs = Vec::new();
    for planned in edits {
        let sent = list(planned.edit.after.as_ref()).into_iter().next();
        let source = list(planned.source.as_ref()).into_iter().next();
        let (Some(sent), Some(source)) = (sent, source) else {
            continue;
        };
        let same = |element: &Element| comparison.same_element(&sent, element);
        let held = |element: &Element| holds_of(comparison, &sent, element).is_some();
        let Some(at) = (shown.iter().position(same)).or_else(|| shown.iter().position(held)) else {
            continue;
        };
        let element = shown.swap_remove(at);
        let element = holds_of(comparison, &sent, &element).unwrap_or(element);
        let mut pair = PerSide::new(Some(source.clone()), Some(source));
        *pair.get_mut(side) = Some(element);
        pairs.push(pair);
    }
    (!pairs.is_empty()).then(|| PairBase::of_pairs(pairs))
}

/// What an element holds of the one that was sent, if their label says that they are one and no part that both have
/// differs. What it has beside that was not sent: it is somebody's edit.
fn holds_of(comparison: Comparison, sent: &Element, shown: &Element) -> Option<Element> {
    if comparison != Comparison::Keyed || sent.label != shown.label {
        return None;
    }
    let (ours, theirs) = (
        comparison.normal_parts(sent),
        comparison.normal_parts(shown),
    );
    let differs = |(part, text): (&&str, &String)| ours.get(part).is_some_and(|own| own != text);
    if theirs.iter().any(differs) {
        return None;
    }
    let mut held = shown.clone();
    held.parts
        .retain(|part, _| ours.contains_key(part.as_str()));
    // Without a part an element is a place and no more.
    (!held.is_empty()).then_some(held)
}
