//! A person as a canonical record.

use std::cmp::Reverse;

use model::{Date, Element, Path, Record, Value};
use serde_json::{Map, Value as Json};

use super::{
    CONTACT,
    table::{COLUMNS, CUSTOM, Column, Shape},
};
use crate::wire::{self, Person};

/// A person that is not in the documented form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Google sent the field {field} in an undocumented form")]
pub(crate) struct Undecodable {
    field: &'static str,
}

/// One item of a field.
pub(super) type Item = Map<String, Json>;

/// A person in canonical form.
pub(crate) fn record(person: &Person) -> Result<Record, Undecodable> {
    let mut record = Record::new(CONTACT);
    for column in COLUMNS {
        let items = own_items(person, column.field)?;
        if let Shape::Custom = column.shape {
            for (path, value) in custom(&items) {
                record.set(path, Some(value));
            }
        } else if let Some(root) = column.root() {
            record.set(root, show(column, &items)?);
        }
    }
    Ok(record)
}

fn show(column: &Column, items: &[&Item]) -> Result<Option<Value>, Undecodable> {
    let counted = counting(column, items).map(|at| items[at]);
    Ok(match (&column.shape, counted) {
        (Shape::Text(property), Some(item)) => {
            text(item, property, column.field)?.and_then(Value::text)
        }
        (Shape::Date(property), Some(item)) => date(item, property, column.field)?.map(Value::Date),
        (Shape::List(parts), _) => {
            let elements = elements(column.field, parts, items)?;
            Value::elements(elements.into_iter().map(|shown| shown.element))
        }
        (Shape::Text(_) | Shape::Date(_) | Shape::Custom, _) => None,
    })
}

/// The items of a field that belong to the user's own address book.
pub(super) fn own_items<'a>(
    person: &'a Person,
    field: &'static str,
) -> Result<Vec<&'a Item>, Undecodable> {
    let wrong = Undecodable { field };
    let items = match person.fields.get(field) {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(items) => items.as_array().ok_or(wrong)?,
    };
    let items: Result<Vec<_>, _> = items
        .iter()
        .map(|item| item.as_object().ok_or(wrong))
        .collect();
    Ok(items?.into_iter().filter(|item| is_own(item)).collect())
}

fn is_own(item: &Item) -> bool {
    let source = item
        .get("metadata")
        .map(|metadata| &metadata["source"]["type"]);
    source
        .and_then(Json::as_str)
        .is_none_or(|source| source == wire::CONTACT)
}

fn is_primary(item: &Item) -> bool {
    let metadata = item.get("metadata").unwrap_or(&Json::Null);
    metadata["primary"] == true || metadata["sourcePrimary"] == true
}

/// Which item a field with one value is kept in: the primary one. Google promises no order, so among equals
/// the content decides.
pub(super) fn counting(column: &Column, items: &[&Item]) -> Option<usize> {
    let fits = |item: &Item| {
        // Other kinds of nickname (maiden name, initials, …) are not what a person is called.
        column.field != "nicknames"
            || item
                .get("type")
                .and_then(Json::as_str)
                .is_none_or(|kind| kind == "DEFAULT")
    };
    let candidates = items.iter().enumerate().filter(|(_, item)| fits(item));
    candidates
        .min_by_key(|(_, item)| (!is_primary(item), content(item)))
        .map(|(at, _)| at)
}

/// An item's content, for an order that does not depend on Google's.
fn content(item: &Item) -> Vec<(&String, String)> {
    let own = item.iter().filter(|(property, _)| *property != "metadata");
    own.map(|(property, value)| (property, value.to_string()))
        .collect()
}

/// An element, and the item that it is made of.
pub(super) struct Shown {
    pub(super) element: Element,
    pub(super) item: usize,
}

/// The elements of a list: the primary one first, the rest in an order that does not depend on Google's, which
/// changes from answer to answer. Items without any mapped part show nothing.
pub(super) fn elements(
    field: &'static str,
    parts: &[(&str, &'static str)],
    items: &[&Item],
) -> Result<Vec<Shown>, Undecodable> {
    let mut shown = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let label = text(item, "type", field)?.unwrap_or_default().to_owned();
        let mut element = Element {
            label,
            ..Element::default()
        };
        for (part, property) in parts {
            if let Some(Value::Text(text)) = text(item, property, field)?.and_then(Value::text) {
                element.parts.insert((*part).to_owned(), text);
            }
        }
        if !element.is_empty() {
            shown.push(Shown { element, item: at });
        }
    }
    shown.sort_by(|one, other| {
        let key = |shown: &Shown| Reverse(is_primary(items[shown.item]));
        key(one)
            .cmp(&key(other))
            .then_with(|| one.element.cmp(&other.element))
    });
    Ok(shown)
}

/// Custom values by path. Of several items with one name the one that [`custom_item`] finds is shown.
fn custom(items: &[&Item]) -> Vec<(Path, Value)> {
    let names = items.iter().filter_map(|item| item.get("key")?.as_str());
    let paths = names.filter_map(|name| Path::keyed(CUSTOM, name).ok());
    paths
        .filter_map(|path| {
            let at = custom_item(items, path.key()?, None)?;
            let value = Value::text(items[at].get("value")?.as_str()?)?;
            Some((path, value))
        })
        .collect()
}

/// The item of a custom name: the one with this value, else the first by value.
pub(super) fn custom_item(items: &[&Item], name: &str, value: Option<&str>) -> Option<usize> {
    let value_of = |item: &Item| {
        item.get("value")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let named = items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.get("key").is_some_and(|key| key == name));
    named
        .min_by_key(|(_, item)| {
            let own = value_of(item);
            (own.trim().is_empty(), Some(own.as_str()) != value, own)
        })
        .map(|(at, _)| at)
}

/// The custom names that a person has.
pub(crate) fn custom_names(person: &Person) -> impl Iterator<Item = Path> {
    let names = person
        .items("userDefined")
        .iter()
        .filter_map(|item| item["key"].as_str());
    names.filter_map(|name| Path::keyed(CUSTOM, name).ok())
}

fn text<'a>(
    item: &'a Item,
    property: &str,
    field: &'static str,
) -> Result<Option<&'a str>, Undecodable> {
    match item.get(property) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(Undecodable { field }),
    }
}

/// A date; zero stands for an unknown year or day. A date that the calendar does not have is shown as none.
pub(super) fn date(
    item: &Item,
    property: &str,
    field: &'static str,
) -> Result<Option<Date>, Undecodable> {
    let wrong = Undecodable { field };
    let date = match item.get(property) {
        None | Some(Json::Null) => return Ok(None),
        Some(date) => date.as_object().ok_or(wrong)?,
    };
    let number = |name: &str| match date.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(number) => number
            .as_i64()
            .map(|number| (number != 0).then_some(number))
            .ok_or(wrong),
    };
    let (year, month, day) = (number("year")?, number("month")?, number("day")?);
    let small = |number: Option<i64>| number.map(u8::try_from).transpose();
    let year = year.map(i16::try_from).transpose();
    let (Ok(year), Ok(month), Ok(day)) = (year, small(month), small(day)) else {
        return Ok(None);
    };
    Ok(Date::new(year, month, day)
        .ok()
        .filter(|date| !date.is_empty()))
}
