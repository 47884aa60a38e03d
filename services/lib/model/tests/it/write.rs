//! Short ways to write values down, and values of every kind for the laws.

use model::{
    Date, Element, Fields, Path, Record, Value,
    event::{Alert, Description, Original, Override, Participant, Role, Status},
};
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

pub(crate) fn event<const N: usize>(fields: [(&str, Value); N]) -> Record {
    let mut record = Record::new("event");
    for (name, value) in fields {
        record.set(path(name), Some(value));
    }
    record
}

/// A weekly series of eight Tuesdays in Vienna.
pub(crate) fn series() -> Record {
    event([
        ("title", text("Board")),
        (
            "when",
            text("2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]"),
        ),
        ("recurrence", text("FREQ=WEEKLY;COUNT=8")),
    ])
}

pub(crate) fn any_exception() -> impl Strategy<Value = Override> {
    let changed = (
        prop::option::of("[A-Z][a-z]{2,8}"),
        prop::option::of("[A-Z][a-z]{2,8}"),
        any::<bool>(),
    );
    let changed = changed.prop_map(|(title, location, private)| {
        let values = [
            ("title", title),
            ("location", location),
            ("privacy", private.then(|| "private".to_owned())),
        ];
        let values: Vec<_> = values
            .into_iter()
            .filter_map(|(part, value)| Some((part, value?)))
            .collect();
        let included = values.is_empty();
        Override::Changed {
            values,
            cleared: vec!["description"],
            included,
        }
    });
    prop_oneof![1 => Just(Override::Excluded), 3 => changed]
}

fn any_participant() -> impl Strategy<Value = Participant> {
    (
        "[a-e]@x",
        prop::option::of("[A-Z][a-z]{1,8}"),
        prop::option::of(prop::sample::select(Role::ALL)),
        prop::option::of(prop::sample::select(Status::ALL)),
    )
        .prop_map(|(address, name, role, status)| Participant {
            name,
            role,
            status,
            ..Participant::new(&address)
        })
}

fn once(elements: Vec<Element>) -> Option<Value> {
    let mut once: Vec<Element> = Vec::new();
    for element in elements {
        if once.iter().all(|other| other.label != element.label) {
            once.push(element);
        }
    }
    Value::elements(once)
}

/// An event, or a whole series.
pub(crate) fn any_event() -> impl Strategy<Value = Record> {
    let exceptions = prop::collection::vec((0_i64..8, any_exception()), 0..4);
    let participants = prop::collection::vec(any_participant(), 0..4);
    let alerts = prop::collection::vec(0_u32..90, 0..4);
    let description = prop::option::of(prop_oneof![
        "[a-z ]{1,20}".prop_map(Description::Plain),
        "<p>[a-z ]{1,20}</p>".prop_map(Description::Html),
    ]);
    (exceptions, participants, alerts, description, any::<bool>()).prop_map(
        |(exceptions, participants, alerts, description, recurs)| {
            let mut record = series();
            let elements = participants.iter().map(Participant::element).collect();
            record.set(path("participants"), once(elements));
            let elements = alerts
                .into_iter()
                .map(|minutes| Alert::minutes_before(minutes).element());
            record.set(path("alerts"), Value::elements(elements));
            let text = description.and_then(|description| Value::text(&description.to_string()));
            record.set(path("description"), text);
            if !recurs {
                record.set(path("recurrence"), None);
                return record;
            }
            let first = jiff::civil::datetime(2026, 12, 1, 9, 0, 0, 0);
            let elements = exceptions.into_iter().map(|(week, exception)| {
                let clock = first.saturating_add(jiff::Span::new().weeks(week));
                exception.element(Original::Clock(clock))
            });
            record.set(path("overrides"), once(elements.collect()));
            record
        },
    )
}
