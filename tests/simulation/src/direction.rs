//! One-way syncs: whose source is never written, and whose target may differ where people edited it.

use model::{Pairing, Side, Value};

use crate::{provider::crm_would_show, world::World};

impl World {
    /// The side that people alone write, if the sync is one-way.
    pub(crate) fn one_way_from(&self) -> Option<Side> {
        match self.definition.policies.as_ref()?.direction.as_str() {
            "left-to-right" => Some(Side::Left),
            "right-to-left" => Some(Side::Right),
            _ => None,
        }
    }

    /// From now on nothing may be written to the source of a one-way sync: a claim under an older definition is
    /// refused.
    pub(crate) fn watch_source(&mut self) {
        let source = self.one_way_from();
        if self.source.map(|(side, _)| side) != source {
            self.source = source.map(|side| (side, self.providers.get(side).mutations));
            self.to_be_swept = true;
        }
    }

    /// Whether our writers wrote to the source of a one-way sync.
    pub(crate) fn source_written(&self, found: &mut Vec<String>) {
        let Some((side, before)) = self.source else {
            return;
        };
        let writes = self.providers.get(side).mutations - before;
        if writes > 0 {
            found.push(format!(
                "the source of a one-way sync was written {writes} times, {side:?}"
            ));
        }
    }
}

/// Whether a target may show another value than the source: the source is as it was when both were last compared,
/// but for addresses that a `full` target cannot take.
pub(crate) fn source_rests(
    pairing: &Pairing,
    source: Side,
    base: Option<&merge::PairBase>,
    shown: Option<&Value>,
    full: bool,
) -> bool {
    let Some(base) = base else { return false };
    let comparison = pairing.comparison();
    let held = |value: &Value| {
        let known = base.get(source).map_or(&[][..], Value::as_elements);
        let elements = value.as_elements().iter();
        let kept =
            elements.filter(|one| known.iter().any(|other| comparison.same_parts(one, other)));
        Value::elements(kept.cloned())
    };
    let held = shown.filter(|_| full).and_then(held);
    let shown = held.as_ref().or(shown);
    let before = if pairing.is_list() {
        let elements = base.get(source).map_or(&[][..], Value::as_elements);
        Value::elements(elements.iter().filter(|one| !one.is_empty()).cloned())
    } else {
        base.get(source).cloned()
    };
    let name = pairing.path(source).to_string();
    comparison.same(before.as_ref(), shown)
        || comparison.same(crm_would_show(&name, before.as_ref()).as_ref(), shown)
}
