//! Short ways to write values down, and values of every kind for the laws.

use model::{Date, Element, Fields, Path, Record, Value};
use proptest::prelude::*;

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// `work a@x, home b@x`; `-` for no label.
pub(crate) fn list(text: &str) -> Value {
    let element = |text: &str| {
        let (label, value) = text.trim().split_once(' ').unwrap();
        Element::simple(if label == "-" { "" } else { label }, value)
    };
    Value::Elements(text.split(',').map(element).collect())
}

/// `home city=Wien & street=Ring 1`.
pub(crate) fn address(text: &str) -> Element {
    let (label, parts) = text.split_once(' ').unwrap();
    let part = |part: &str| {
        let (name, text) = part.split_once('=').unwrap();
        (name.trim().to_owned(), text.trim().to_owned())
    };
    Element {
        label: label.to_owned(),
        parts: parts.split('&').map(part).collect(),
    }
}

pub(crate) fn contact<const N: usize>(fields: [(&str, Value); N]) -> Record {
    let mut record = Record::new("contact");
    for (name, value) in fields {
        record.set(path(name), Some(value));
    }
    record
}

pub(crate) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields
        .into_iter()
        .map(|(name, value)| (path(name), value))
        .collect()
}

pub(crate) fn any_path() -> impl Strategy<Value = Path> {
    let name = "[a-z][A-Za-z0-9]{0,8}";
    let field = prop_oneof![
        name.prop_map(String::from),
        (name, name).prop_map(|(a, b)| format!("{a}.{b}"))
    ];
    let key = prop::option::of(
        r"[^\pC]{1,20}".prop_filter("a key says something", |key| !key.trim().is_empty()),
    );
    (field, key, prop::option::of(name)).prop_map(|(field, key, part)| match (key, part) {
        (None, _) => path(&field),
        (Some(key), None) => Path::keyed(&field, &key).unwrap(),
        (Some(key), Some(part)) => path(&format!("{}.{part}", Path::keyed(&field, &key).unwrap())),
    })
}

pub(crate) fn any_date() -> impl Strategy<Value = Date> {
    let part = |range: std::ops::RangeInclusive<u8>| prop::option::of(range);
    (prop::option::of(1_i16..=9999), part(1..=12), part(1..=31)).prop_filter_map(
        "the calendar has it",
        |(year, month, day)| {
            Date::new(year, month, day)
                .ok()
                .filter(|date| !date.is_empty())
        },
    )
}

pub(crate) fn any_element() -> impl Strategy<Value = Element> {
    let parts = prop::collection::btree_map("[a-z]{1,6}", ".{1,6}", 1..4);
    ("[a-z]{0,5}", parts).prop_map(|(label, parts)| Element { label, parts })
}

pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".*".prop_map(Value::Text),
        any_date().prop_map(Value::Date),
        prop::collection::vec(any_element(), 0..4).prop_map(Value::Elements),
    ]
}

pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    prop::collection::btree_map(any_path(), any_value(), 0..6).prop_map(|fields| {
        let mut record = Record::new("contact");
        for (path, value) in fields {
            record.set(path, Some(value));
        }
        record
    })
}

/// Simple elements of few labels and values, so that many are alike.
pub(crate) fn emails() -> impl Strategy<Value = Vec<Element>> {
    let labels = prop::sample::select(vec!["work", "home", "other", ""]);
    let values = prop::sample::select(vec!["a@x", "A@x", "b@x", "c@x", "d@x"]);
    prop::collection::vec(
        (labels, values).prop_map(|(label, value)| Element::simple(label, value)),
        0..5,
    )
}
