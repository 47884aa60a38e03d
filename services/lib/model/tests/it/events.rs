use model::{
    Catalogue, CatalogueEntry, Edit, Element, Exceeded, Fields, Record, Value, WireError,
    event::{self, Alert, AlertAction, EventError, Original, Override, Participant, Trigger},
    patch, project,
};
use pretty_assertions::assert_eq;
use proptest::prelude::*;

use crate::write::{any_event, any_exception, event, path, series, text};

fn with(name: &str, elements: Vec<Element>) -> Record {
    let mut record = series();
    record.set(path(name), Some(Value::Elements(elements)));
    record
}

fn at(text: &str) -> Original {
    text.parse().unwrap()
}

fn renamed(title: &str) -> Override {
    Override::Changed {
        values: vec![("title", title.to_owned())],
        cleared: Vec::new(),
        included: false,
    }
}

#[test]
fn a_series_is_one_record_with_its_exceptions() {
    let record = with(
        "overrides",
        vec![
            Override::Excluded.element(at("2026-12-08T09:00:00")),
            renamed("Big board").element(at("2026-12-15T09:00:00")),
        ],
    );
    assert_eq!(event::check(&record), Ok(()));
    let title = path("overrides[2026-12-15T09:00:00].title");
    let shown = project(&record, std::slice::from_ref(&title), &Fields::new());
    assert_eq!(shown.get(&title), Some(&text("Big board")));
}

#[test]
fn an_instance_that_the_series_does_not_have_is_named() {
    let gone = with(
        "overrides",
        vec![renamed("x").element(at("2027-03-02T09:00:00"))],
    );
    let original = "2027-03-02T09:00:00".to_owned();
    assert_eq!(
        event::check(&gone),
        Err(EventError::NoInstance { original })
    );
    let added = Override::Changed {
        values: Vec::new(),
        cleared: Vec::new(),
        included: true,
    };
    let added = with("overrides", vec![added.element(at("2027-03-04T15:00:00"))]);
    assert_eq!(event::check(&added), Ok(()));
    let mut single = gone;
    single.set(path("recurrence"), None);
    assert_eq!(event::check(&single), Err(EventError::NoSeries));
}

#[test]
fn what_is_no_event_is_told() {
    let checked = |name: &str, value: Value| {
        let mut record = series();
        record.set(path(name), Some(value));
        event::check(&record).unwrap_err()
    };
    let timeless = event([("title", text("Board"))]);
    assert_eq!(event::check(&timeless), Err(EventError::NoTime));
    assert_eq!(
        checked("recurrence", text("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")),
        EventError::Never
    );
    assert!(matches!(
        checked("status", text("maybe")),
        EventError::Word(_)
    ));
    let twice = vec![
        Participant::new("Ana@X.org").element(),
        Participant::new("ana@x.org").element(),
    ];
    assert!(matches!(
        checked("participants", Value::Elements(twice)),
        EventError::Twice { .. }
    ));
    let alert = vec![Element::simple("display", "soon")];
    assert!(matches!(
        checked("alerts", Value::Elements(alert)),
        EventError::Trigger { .. }
    ));
    let twice = vec![
        Override::Excluded.element(at("2026-12-08T09:00:00")),
        renamed("x").element(at("2026-12-08T09:00:00")),
    ];
    assert!(matches!(
        checked("overrides", Value::Elements(twice)),
        EventError::Twice { .. }
    ));
}

#[test]
fn no_error_tells_what_people_wrote() {
    let mut record = series();
    let people = vec![Participant::new("ana@example.com").element(); 2];
    record.set(path("participants"), Some(Value::Elements(people)));
    let error = event::check(&record).unwrap_err().to_string();
    assert!(!error.contains("ana"), "{error}");
}

#[test]
fn limits_are_those_of_the_account() {
    let entry = |name: &str, max_length, max_elements| CatalogueEntry {
        path: path(name),
        name: name.to_owned(),
        readable: true,
        writable: true,
        max_length,
        max_elements,
        required: false,
    };
    let account = Catalogue(vec![
        entry("title", Some(255), None),
        entry("participants", None, Some(50)),
    ]);
    let people = |count: usize| {
        let person = |n: usize| Participant::new(&format!("p{n}@x.org")).element();
        Value::Elements((0..count).map(person).collect())
    };
    let mut record = series();
    record.set(path("participants"), Some(people(50)));
    assert_eq!(account.exceeded(&record), Vec::new());
    record.set(path("participants"), Some(people(60)));
    record.set(path("title"), Some(text(&"x".repeat(10_000))));
    assert_eq!(
        account.exceeded(&record),
        [
            Exceeded::Elements {
                path: path("participants"),
                count: 60,
                limit: 50
            },
            Exceeded::Length {
                path: path("title"),
                length: 10_000,
                limit: 255
            },
        ]
    );
    assert_eq!(Catalogue::default().exceeded(&record), Vec::new());
}

#[test]
fn a_record_whose_time_is_none_does_not_come_off_the_wire() {
    for (name, value) in [("when", "tomorrow"), ("recurrence", "sometimes")] {
        let record = event([(name, text(value))]);
        let message = proto::record::Record::from(record);
        assert_eq!(Record::try_from(message), Err(WireError::Value(path(name))));
    }
}

#[test]
fn reminders_are_durations_or_instants() {
    let alert = Alert::minutes_before(15);
    assert_eq!(alert.element(), Element::simple("display", "-PT15M"));
    assert_eq!(Alert::read(&alert.element()), Ok(alert));
    assert_eq!(alert.minutes(), Some(15));
    let email = Element::simple("email", "2026-12-01T08:00:00Z");
    assert_eq!(Alert::read(&email).unwrap().action, AlertAction::Email);
    for (one, other) in [
        ("-PT60M", "-PT1H"),
        ("-P1D", "-PT24H"),
        ("-P1W", "-P7D"),
        ("PT0S", "-PT0M"),
    ] {
        let trigger = |text: &str| text.parse::<Trigger>().unwrap().to_string();
        assert_eq!(trigger(one), trigger(other));
        let same = model::Comparison::Trigger;
        assert!(same.same_parts(
            &Element::simple("display", one),
            &Element::simple("display", other)
        ));
    }
    assert_ne!("-PT5M/end".parse::<Trigger>(), "-PT5M".parse::<Trigger>());
    for text in ["", "15", "-P1M", "tomorrow"] {
        assert!(text.parse::<Trigger>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn an_event_comes_back_from_the_wire_as_it_was(record in any_event()) {
        prop_assert_eq!(event::check(&record), Ok(()));
        let message = proto::record::Record::from(record.clone());
        prop_assert_eq!(Record::try_from(message), Ok(record));
    }

    #[test]
    fn an_exception_reads_back_from_its_element(exception in any_exception()) {
        let original = at("2026-12-08T09:00:00");
        prop_assert_eq!(Override::read(&exception.element(original)), Ok((original, exception)));
    }

    // proves
    #[test]
    fn an_exception_that_is_set_touches_no_other(record in any_event(), week in 0_i64..8, exception in any_exception()) {
        let clock = jiff::civil::datetime(2026, 12, 1, 9, 0, 0, 0).saturating_add(jiff::Span::new().weeks(week));
        let element = exception.element(Original::Clock(clock));
        let root = path("overrides");
        let before = record.elements(&root).iter().find(|one| one.label == element.label).cloned();
        let value = |element: Element| Some(Value::Elements(vec![element]));
        let edit = Edit { path: root.clone(), before: before.clone().and_then(value), after: value(element.clone()) };
        let mut patched = record.clone();
        patch(&mut patched, std::slice::from_ref(&edit));
        prop_assert!(patched.elements(&root).contains(&element));
        let others = |record: &Record| -> Vec<Element> {
            record.elements(&root).iter().filter(|one| one.label != element.label).cloned().collect()
        };
        prop_assert_eq!(others(&patched), others(&record));
        let back = Edit { path: root.clone(), before: edit.after, after: edit.before };
        patch(&mut patched, &[back]);
        let same = model::Comparison::Occurrence;
        prop_assert!(same.same(patched.fields.get(&root), record.fields.get(&root)));
    }

    #[test]
    fn nothing_of_an_event_changes_without_an_edit(record in any_event()) {
        let mut patched = record.clone();
        patch(&mut patched, &[]);
        prop_assert_eq!(&patched, &record);
        let paths: Vec<_> = record.fields.keys().cloned().collect();
        prop_assert_eq!(project(&record, &paths, &Fields::new()), record.fields);
    }
}
