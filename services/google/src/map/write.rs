//! Canonical edits as a patch of the person that Google holds.

use std::collections::{BTreeMap, BTreeSet};

use model::{Date, Edit, Path, Record, Value, patch_elements, table};
use provider::RefusedPath;
use serde_json::{Map, Value as Json, json};

use super::{
    CONTACT, MARKER_KEY,
    read::{Item, Undecodable, counting, custom_item, date, elements, own_items},
    table::{Column, Shape},
};
use crate::wire::{self, Person, PersonMetadata, Source};

/// What an update or a create sends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Body {
    /// The person, with the fields of the mask only.
    pub(crate) person: Person,
    /// The fields that are replaced, in ascending order.
    pub(crate) mask: Vec<&'static str>,
    /// Edits that Google has no place for.
    pub(crate) refused: Vec<RefusedPath>,
}

/// The fields that edits replace, in ascending order.
pub(crate) fn mask_of(edits: &[Edit], marker: Option<&str>) -> Vec<&'static str> {
    let fields = edits
        .iter()
        .filter_map(|edit| Some(Column::of(&edit.path)?.field));
    let fields: BTreeSet<_> = fields.chain(marker.map(|_| CLIENT_DATA)).collect();
    fields.into_iter().collect()
}

const CLIENT_DATA: &str = "clientData";

/// A person to create.
pub(crate) fn create(record: &Record, marker: Option<&str>) -> Body {
    let edits: Vec<Edit> = record
        .fields
        .iter()
        .flat_map(|(path, value)| additions(path, value))
        .collect();
    // A person that holds nothing yet is in the documented form.
    patch(&Person::default(), &edits, marker).unwrap_or_else(|_| Body {
        person: Person::default(),
        mask: Vec::new(),
        refused: Vec::new(),
    })
}

/// The edits that add a value to a record that has none: one per element of a list.
fn additions(path: &Path, value: &Value) -> Vec<Edit> {
    let add = |after: Value| Edit {
        path: path.clone(),
        before: None,
        after: Some(after),
    };
    match value {
        Value::Elements(elements) => elements
            .iter()
            .map(|element| add(Value::Elements(vec![element.clone()])))
            .collect(),
        value => vec![add(value.clone())],
    }
}

/// The body that makes these edits on a person as it was read. It carries both of the person's versions, so that
/// Google refuses it if the person has moved on.
pub(crate) fn patch(
    live: &Person,
    edits: &[Edit],
    marker: Option<&str>,
) -> Result<Body, Undecodable> {
    let mut body = Body {
        person: envelope(live),
        mask: mask_of(edits, marker),
        refused: Vec::new(),
    };
    let mut by_field: BTreeMap<&'static str, Vec<(&'static Column, &Edit)>> = BTreeMap::new();
    for edit in edits {
        match Column::of(&edit.path) {
            Some(column) => by_field
                .entry(column.field)
                .or_default()
                .push((column, edit)),
            None => body.refuse(&edit.path, "Google has no place for this field"),
        }
    }
    for (field, edits) in by_field {
        let items = own_items(live, field)?;
        let mut items: Vec<Item> = items.into_iter().cloned().collect();
        match edits.first() {
            Some((
                Column {
                    shape: Shape::List(parts),
                    ..
                },
                _,
            )) => {
                let column = edits[0].0;
                items = patch_list(column, parts, items, edits.iter().map(|(_, edit)| *edit))?;
            }
            _ => {
                for (column, edit) in edits {
                    patch_one(column, &mut items, edit, &mut body)?;
                }
            }
        }
        body.set(field, items);
    }
    if let Some(marker) = marker {
        let items = own_items(live, CLIENT_DATA)?.into_iter();
        let others = items.filter(|item| item.get("key").is_none_or(|key| key != MARKER_KEY));
        let own = object([("key", json!(MARKER_KEY)), ("value", json!(marker))]);
        body.set(CLIENT_DATA, others.cloned().chain([own]).collect());
    }
    Ok(body)
}

/// A person without content: its name and versions.
fn envelope(live: &Person) -> Person {
    let sources: Vec<Source> = live
        .contact_source()
        .map(|source| Source {
            kind: wire::CONTACT.to_owned(),
            id: source.id.clone(),
            etag: source.etag.clone(),
            ..Source::default()
        })
        .into_iter()
        .collect();
    Person {
        resource_name: live.resource_name.clone(),
        etag: live.etag.clone(),
        metadata: (!sources.is_empty()).then(|| PersonMetadata {
            sources,
            ..PersonMetadata::default()
        }),
        fields: Map::new(),
    }
}

impl Body {
    fn refuse(&mut self, path: &Path, reason: &str) {
        self.refused.push(RefusedPath {
            path: path.to_string(),
            reason: reason.to_owned(),
        });
    }

    /// A field that is in the mask and not in the body is cleared.
    fn set(&mut self, field: &str, items: Vec<Item>) {
        if !items.is_empty() {
            let items = items.into_iter().map(Json::Object).collect();
            self.person
                .fields
                .insert(field.to_owned(), Json::Array(items));
        }
    }
}

/// Edits one item of a field that has one value a name.
fn patch_one(
    column: &Column,
    items: &mut Vec<Item>,
    edit: &Edit,
    body: &mut Body,
) -> Result<(), Undecodable> {
    let seen: Vec<&Item> = items.iter().collect();
    let after = edit.after.as_ref().filter(|after| !after.is_empty());
    match column.shape {
        Shape::Text(property) => {
            let at = counting(column, &seen);
            let after = after.and_then(Value::as_text).map(|text| json!(text));
            set_property(column, items, at, property, after, []);
        }
        Shape::Date(property) => {
            let at = counting(column, &seen);
            let text_only = |at: usize| -> Result<bool, Undecodable> {
                let item = seen[at];
                Ok(item.get("text").is_some_and(|text| text != "")
                    && date(item, property, column.field)?.is_none())
            };
            if at.map(text_only).transpose()? == Some(true) {
                body.refuse(&edit.path, "Google holds a text here that is not a date");
                return Ok(());
            }
            let after = match after {
                Some(Value::Date(date)) => Some(date_json(*date)),
                _ => None,
            };
            set_property(column, items, at, property, after, []);
        }
        Shape::Custom => {
            let name = edit.path.key().unwrap_or_default();
            let before = edit.before.as_ref().and_then(Value::as_text);
            let at = custom_item(&seen, name, before);
            match (at, after.and_then(Value::as_text)) {
                (Some(at), None) => drop(items.remove(at)),
                (at, Some(text)) => {
                    set_property(
                        column,
                        items,
                        at,
                        "value",
                        Some(json!(text)),
                        [("key", json!(name))],
                    );
                }
                (None, None) => {}
            }
        }
        // Lists are patched whole.
        Shape::List(_) => {}
    }
    Ok(())
}

/// Sets or clears a property of an item, which begins to exist with `new` if there is none, and ends to exist
/// when it says nothing any more.
fn set_property<const N: usize>(
    column: &Column,
    items: &mut Vec<Item>,
    at: Option<usize>,
    property: &str,
    value: Option<Json>,
    new: [(&str, Json); N],
) {
    let at = match (at, &value) {
        (Some(at), _) => at,
        (None, None) => return,
        (None, Some(_)) => {
            items.push(object(new));
            items.len() - 1
        }
    };
    let item = &mut items[at];
    replace(column, item, property, value);
    if !column.says_something(item) {
        items.remove(at);
    }
}

/// Sets or clears a property, and drops what Google derives from it.
fn replace(column: &Column, item: &mut Item, property: &str, value: Option<Json>) {
    for derived in column.derived(property) {
        item.remove(*derived);
    }
    match value {
        Some(value) => item.insert(property.to_owned(), value),
        None => item.remove(property),
    };
}

/// Applies edits to the elements of a list, and what changed of each element to its item. Items that show no
/// element, and properties that are no part, stay.
fn patch_list<'a>(
    column: &Column,
    parts: &[(&str, &'static str)],
    mut items: Vec<Item>,
    edits: impl IntoIterator<Item = &'a Edit>,
) -> Result<Vec<Item>, Undecodable> {
    let seen: Vec<&Item> = items.iter().collect();
    let shown = elements(column.field, parts, &seen)?;
    let before: Vec<_> = shown.iter().map(|shown| shown.element.clone()).collect();
    let comparison = column
        .root()
        .zip(table(CONTACT))
        .map(|(root, table)| table.comparison(&root));
    let patched = patch_elements(&before, edits, comparison.unwrap_or_default());
    let mut removed: BTreeSet<usize> = shown.iter().map(|shown| shown.item).collect();
    let mut added = Vec::new();
    for patched in patched {
        let (mut new, old) = (Item::new(), patched.origin.map(|at| &before[at]));
        let item = match patched.origin.map(|at| shown[at].item) {
            Some(at) => {
                removed.remove(&at);
                &mut items[at]
            }
            None => &mut new,
        };
        let (old, now) = (old.cloned().unwrap_or_default(), &patched.element);
        if old.label != now.label {
            item.remove("formattedType");
            let label = (!now.label.is_empty()).then(|| json!(now.label));
            replace(column, item, "type", label);
        }
        for (part, property) in parts {
            if old.part(part) != now.part(part) {
                replace(
                    column,
                    item,
                    property,
                    now.part(part).map(|text| json!(text)),
                );
            }
        }
        if patched.origin.is_none() {
            added.push(new);
        }
    }
    let kept = items
        .into_iter()
        .enumerate()
        .filter(|(at, _)| !removed.contains(at));
    Ok(kept.map(|(_, item)| item).chain(added).collect())
}

/// Zero stands for what is not known; the year 1 must never stand for "no year".
fn date_json(date: Date) -> Json {
    let mut json = Map::new();
    json.extend(date.year.map(|year| ("year".to_owned(), json!(year))));
    json.extend(date.month.map(|month| ("month".to_owned(), json!(month))));
    json.extend(date.day.map(|day| ("day".to_owned(), json!(day))));
    Json::Object(json)
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Item {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
