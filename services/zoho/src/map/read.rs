//! Zoho CRM's row → canonical record.

use model::{Date, Element, Path, Record, Value, Version};
use serde_json::Value as Json;

use super::{
    KIND,
    place::{Place, custom, places},
    surname::is_derived,
};
use crate::wire::Row;

/// Members of a row that are not fields of the record, beside those that begin with `$`.
const NOT_FIELDS: [&str; 3] = ["id", "Created_Time", "Modified_Time"];

/// The record that a row shows.
pub(crate) fn read(row: &Row) -> Record {
    let mut record = Record::new(KIND);
    for place in places() {
        if place.label().is_some() {
            read_element(&mut record, place, row);
        } else {
            record.set(place.root.clone(), single(place, row));
        }
    }
    let has_place = |name: &str| places().iter().any(|place| place.api_name == name);
    for (path, value) in custom_values(row, has_place) {
        record.set(path, Some(value));
    }
    record
}

/// What the fields without a place show.
pub(crate) fn custom_values(row: &Row, has_place: impl Fn(&str) -> bool) -> Vec<(Path, Value)> {
    let without_place = row.0.iter().filter(|(name, _)| {
        !has_place(name) && !name.starts_with('$') && !NOT_FIELDS.contains(&name.as_str())
    });
    without_place
        .filter_map(|(name, value)| Some((custom(name)?, Value::text(&custom_text(value)?)?)))
        .collect()
}

/// The version of a row: its time of modification, in whole seconds. `None` if the row shows none.
pub(crate) fn version(row: &Row) -> Option<Version> {
    row.modified().map(version_of)
}

/// The version that a time of modification makes.
pub(crate) fn version_of(modified: jiff::Timestamp) -> Version {
    Version {
        token: modified.to_string(),
        changed_at_micros: Some(modified.as_microsecond()),
        coarse: true,
    }
}

fn single(place: &Place, row: &Row) -> Option<Value> {
    match place.api_name {
        "Account_Name" => Value::text(row.linked_name("Account_Name")?),
        "Date_of_Birth" => {
            let date: Date = row.text("Date_of_Birth")?.parse().ok()?;
            Some(Value::Date(date))
        }
        "Last_Name" => {
            let surname = row.text("Last_Name")?;
            let derived = is_derived(
                surname,
                non_empty(row.text("First_Name")),
                row.linked_name("Account_Name"),
            );
            if derived { None } else { Value::text(surname) }
        }
        api_name => Value::text(row.text(api_name)?),
    }
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn read_element(record: &mut Record, place: &Place, row: &Row) {
    let Some(Value::Text(text)) = row.text(place.api_name).and_then(Value::text) else {
        return;
    };
    let label = place.label().unwrap_or_default();
    let elements = record
        .fields
        .entry(place.root.clone())
        .or_insert_with(|| Value::Elements(Vec::new()));
    let Value::Elements(elements) = elements else {
        return;
    };
    let part = place.part().to_owned();
    match elements.iter_mut().find(|element| element.label == label) {
        Some(element) => {
            element.parts.insert(part, text);
        }
        None => elements.push(Element {
            label: label.to_owned(),
            parts: [(part, text)].into(),
        }),
    }
}

/// What a custom field of any type shows as a text; only texts can be written back.
fn custom_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Object(linked) => linked.get("name")?.as_str().map(str::to_owned),
        Json::Null | Json::Array(_) => None,
    }
}
