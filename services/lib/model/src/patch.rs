//! Edits, and applying them without touching what they do not name.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    comparison::Comparison,
    kinds::table,
    path::Path,
    project::{first_with_most, part_of},
    record::Record,
    table::Form,
    value::{Element, Value},
};

/// One path's change.
///
/// On the path of a whole multi-valued field it concerns *one* element, given as [`Value::Elements`] with
/// that element: no `before` adds it, no `after` removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The path.
    pub path: Path,
    /// What the plan was made from; absent means empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it becomes; absent means empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// An element of a list that edits were applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patched {
    /// Which element of the list it was; none for an element that was added.
    pub origin: Option<usize>,
    /// What it is now.
    pub element: Element,
}

/// Which of the elements an edit on this path concerns.
///
/// `before` has what the edit was made from, by part; a part that was empty is `None`. Of the elements with
/// the path's label it is the one that carries the most of it; where none carries any, an element with
/// another label that carries all of it. A list path has no label of its own: there `before` decides alone. Where
/// labels tell elements apart ([`Comparison::is_keyed`]), the label decides alone.
pub fn locate<'a>(
    elements: impl IntoIterator<Item = &'a Element>,
    path: &Path,
    before: &BTreeMap<String, Option<String>>,
    comparison: Comparison,
) -> Option<usize> {
    let elements: Vec<_> = elements.into_iter().enumerate().collect();
    if let (true, Some(label)) = (comparison.is_keyed(), path.key()) {
        let own = elements.iter().find(|(_, element)| element.label == label);
        return own.map(|(index, _)| *index);
    }
    let carries = |element: &Element| {
        before
            .iter()
            .filter(|(part, text)| {
                text.as_ref().is_some_and(|text| {
                    element
                        .part(part)
                        .is_some_and(|own| comparison.normal(own) == comparison.normal(text))
                })
            })
            .count()
    };
    let count = |(_, element): (usize, &Element)| carries(element);
    let held = before.values().flatten().count();
    let own_label = |element: &Element| path.key().is_some_and(|label| label == element.label);
    let labelled = || {
        elements
            .iter()
            .copied()
            .filter(|(_, element)| own_label(element))
    };
    let best = if held == 0 {
        // What was empty must still be empty: an element that holds something there is another one.
        labelled().find(|(_, element)| before.keys().all(|part| element.part(part).is_none()))
    } else {
        first_with_most(
            labelled().filter(|(_, element)| carries(element) > 0),
            count,
        )
        .or_else(|| {
            elements
                .iter()
                .copied()
                .find(|(_, element)| carries(element) == held)
        })
    };
    best.map(|(index, _)| index)
}

/// Applies edits of one multi-valued field to its elements. The edits of one labelled element are applied
/// together; an element of which nothing remains is removed; elements that no edit names stay as they are,
/// in their order, and additions follow at the end.
pub fn patch_elements<'a>(
    elements: &[Element],
    edits: impl IntoIterator<Item = &'a Edit>,
    comparison: Comparison,
) -> Vec<Patched> {
    let mut list: Vec<Patched> = elements
        .iter()
        .enumerate()
        .map(|(index, element)| Patched {
            origin: Some(index),
            element: element.clone(),
        })
        .collect();
    let mut labelled: BTreeMap<Path, Vec<&Edit>> = BTreeMap::new();
    let mut changed = BTreeSet::new();
    for edit in edits {
        if edit.path.key().is_some() {
            labelled
                .entry(edit.path.without_part())
                .or_default()
                .push(edit);
        } else {
            patch_whole(&mut list, &mut changed, edit, comparison);
        }
    }
    for (path, edits) in &labelled {
        patch_labelled(&mut list, path, edits, comparison);
    }
    list.retain(|patched| !patched.element.is_empty());
    list
}

/// Replaces, adds or removes one element. `changed` has the places that earlier edits have dealt with.
fn patch_whole(
    list: &mut Vec<Patched>,
    changed: &mut BTreeSet<usize>,
    edit: &Edit,
    comparison: Comparison,
) {
    let first = |value: &Option<Value>| {
        value
            .as_ref()
            .and_then(|value| value.as_elements().first().cloned())
    };
    let after = first(&edit.after);
    let found = first(&edit.before).and_then(|before| {
        let free = |at: &usize| !changed.contains(at);
        let equal = |at: &usize| list[*at].element == before;
        let same = |at: &usize| comparison.same_element(&list[*at].element, &before);
        let alike = |at: &usize| comparison.same_identity(&list[*at].element, &before);
        let places = || (0..list.len()).filter(free);
        places()
            .find(equal)
            .or_else(|| places().find(same))
            .or_else(|| places().find(alike))
    });
    match (found, after) {
        (Some(at), after) => {
            list[at].element = after.unwrap_or_default();
            changed.insert(at);
        }
        (None, Some(element)) => {
            changed.insert(list.len());
            list.push(Patched {
                origin: None,
                element,
            });
        }
        (None, None) => {}
    }
}

/// Applies all edits of one labelled element.
fn patch_labelled(list: &mut Vec<Patched>, path: &Path, edits: &[&Edit], comparison: Comparison) {
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_text).map(str::to_owned);
    let before = edits
        .iter()
        .map(|edit| (part_of(&edit.path).to_owned(), text(&edit.before)))
        .collect();
    let found = locate(
        list.iter().map(|patched| &patched.element),
        path,
        &before,
        comparison,
    );
    let sets_something = edits.iter().any(|edit| edit.after.is_some());
    let at = match found {
        Some(at) => at,
        None if sets_something => {
            list.push(Patched {
                origin: None,
                element: Element {
                    label: path.key().unwrap_or_default().to_owned(),
                    ..Element::default()
                },
            });
            list.len() - 1
        }
        None => return,
    };
    let element = &mut list[at].element;
    for edit in edits {
        let part = part_of(&edit.path).to_owned();
        match text(&edit.after) {
            Some(text) => element.parts.insert(part, text),
            None => element.parts.remove(&part),
        };
    }
}

/// Applies edits to a record in canonical form.
pub fn patch(record: &mut Record, edits: &[Edit]) {
    let Some(table) = table(&record.kind) else {
        return;
    };
    let mut lists: BTreeMap<Path, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        if matches!(
            table.field(&edit.path).map(|field| field.form),
            Some(Form::List { .. })
        ) {
            lists.entry(edit.path.without_key()).or_default().push(edit);
        } else {
            record.set(edit.path.clone(), edit.after.clone());
        }
    }
    for (root, edits) in lists {
        let patched = patch_elements(record.elements(&root), edits, table.comparison(&root));
        let elements = patched.into_iter().map(|patched| patched.element);
        record.set(root, Value::elements(elements));
    }
}
