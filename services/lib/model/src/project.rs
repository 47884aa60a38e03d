//! What a record shows on the paths of a mapping.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    comparison::Comparison,
    kinds::table,
    path::Path,
    record::Record,
    table::{Form, Table},
    value::{Element, Fields, SIMPLE_PART, Value},
};

/// What a record shows on these paths; a path that shows nothing is absent.
///
/// A path of a whole multi-valued field shows every element. A labelled path shows one element: of those
/// with the label the one that still carries the *hint* (the value the path had before), else the first.
/// Where none has the label, an element that carries the hint under a label that no path of `paths` names
/// is the same element with another label.
pub fn project(record: &Record, paths: &[Path], hints: &Fields) -> Fields {
    let mut shown = Fields::new();
    let Some(table) = table(&record.kind) else {
        return shown;
    };
    let mut labelled: BTreeMap<Path, Vec<&Path>> = BTreeMap::new();
    for path in paths {
        let is_list = matches!(
            table.field(path).map(|field| field.form),
            Some(Form::List { .. })
        );
        if is_list && path.key().is_some() {
            labelled.entry(path.without_part()).or_default().push(path);
        } else if let Some(value) = record.fields.get(path).filter(|value| !value.is_empty()) {
            shown.insert(path.clone(), value.clone());
        }
    }
    for (element_path, paths) in &labelled {
        let others = labelled
            .keys()
            .filter(|other| other.field() == element_path.field());
        let mapped: BTreeSet<&str> = others.filter_map(Path::key).collect();
        show_element(
            table,
            record,
            element_path,
            paths,
            &mapped,
            hints,
            &mut shown,
        );
    }
    shown
}

fn show_element(
    table: &Table,
    record: &Record,
    element_path: &Path,
    paths: &[&Path],
    mapped: &BTreeSet<&str>,
    hints: &Fields,
    shown: &mut Fields,
) {
    let comparison = table.comparison(element_path);
    let elements = record.elements(&element_path.without_key());
    let carried: Vec<(&str, &str)> = paths
        .iter()
        .filter_map(|path| Some((part_of(path), hints.get(path)?.as_text()?)))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect();
    let Some(element) = choose(elements, element_path, &carried, mapped, comparison) else {
        return;
    };
    for path in paths {
        if let Some(value) = element.part(part_of(path)).and_then(Value::text) {
            shown.insert((*path).clone(), value);
        }
    }
}

/// The part of an element that a labelled path shows.
pub(crate) fn part_of(path: &Path) -> &str {
    path.part().unwrap_or(SIMPLE_PART)
}

fn choose<'a>(
    elements: &'a [Element],
    path: &Path,
    hints: &[(&str, &str)],
    mapped: &BTreeSet<&str>,
    comparison: Comparison,
) -> Option<&'a Element> {
    let carries = |element: &Element| {
        let same = |part: &str, hint: &str| {
            element
                .part(part)
                .is_some_and(|text| comparison.normal(text) == comparison.normal(hint))
        };
        hints.iter().filter(|(part, hint)| same(part, hint)).count()
    };
    let own_label =
        |element: &&Element| Some(element.label.as_str()) == path.key() && !element.is_empty();
    if let Some(best) = first_with_most(elements.iter().filter(own_label), carries) {
        return Some(best);
    }
    if comparison.is_keyed() {
        return None;
    }
    let free_label =
        |element: &&Element| !mapped.contains(element.label.as_str()) && carries(element) > 0;
    first_with_most(elements.iter().filter(free_label), carries)
}

/// The first of those for which `count` is highest.
pub(crate) fn first_with_most<T: Copy>(
    items: impl Iterator<Item = T>,
    count: impl Fn(T) -> usize,
) -> Option<T> {
    items.fold(None, |best, item| match best {
        Some(best) if count(best) >= count(item) => Some(best),
        _ => Some(item),
    })
}
