use model::{
    Catalogue, CatalogueEntry, Direction, Edit, MatchKey, Pairing, Record, Side, Value, Version,
    WireError,
};
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use proto::{change, connector, control, record as wire, write};

use crate::write::{any_path, any_record, any_value, path, text};

#[test]
fn what_is_missing_is_named() {
    let field = |path: &str, value| wire::Field {
        path: path.to_owned(),
        value,
    };
    let record = |field| wire::Record {
        kind: "contact".to_owned(),
        fields: vec![field],
    };
    let read = |field| Record::try_from(record(field)).unwrap_err().to_string();
    assert_eq!(read(field("title", None)), "the message lacks its value");
    assert_eq!(
        read(field("title", Some(wire::Value { value: None }))),
        "the message lacks its value"
    );
    assert!(read(field("Title", Some(text("x").into()))).contains("is no field path"));
}

#[test]
fn a_date_off_the_calendar_is_refused() {
    for (year, month, day) in [
        (1990, 2, 30),
        (1990, 300, 1),
        (70_000, 1, 1),
        (0, 0, 4),
        (-1, 1, 1),
    ] {
        let date = wire::Date { year, month, day };
        assert!(model::Date::try_from(date).is_err(), "{year} {month} {day}");
    }
}

#[test]
fn sides_keep_their_names() {
    for side in Side::ALL {
        assert_eq!(Side::try_from(wire::Side::from(side)).unwrap(), side);
        assert_eq!(
            Side::try_from(i32::from(wire::Side::from(side))).unwrap(),
            side
        );
    }
    assert_eq!(Side::try_from(0), Err(WireError::Missing("side")));
    assert_eq!(Side::try_from(9), Err(WireError::Missing("side")));
}

#[test]
fn a_pairing_comes_back_as_it_was() {
    let pairing = Pairing {
        revision: 4,
        right_limit: Some(3),
        ..Pairing::new(
            "contact",
            path("emails"),
            path("emails"),
            Direction::LeftToRight,
        )
        .unwrap()
    };
    let message = control::Pairing::from(pairing.clone());
    assert_eq!(Pairing::from_wire("contact", &message), Ok(pairing));
    let sideways = control::Pairing {
        direction: "sideways".to_owned(),
        ..message
    };
    let error = Pairing::from_wire("contact", &sideways)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "\"sideways\" is not a direction; write one of: both, left-to-right, right-to-left"
    );
}

#[test]
fn a_catalogue_comes_back_as_it_was() {
    let catalogue = Catalogue(vec![CatalogueEntry {
        path: path("emails[work]"),
        name: "Email".to_owned(),
        readable: true,
        writable: false,
        max_length: Some(100),
        max_elements: None,
        required: true,
    }]);
    let message = connector::FieldsResponse::from(catalogue.clone());
    assert_eq!(Catalogue::try_from(message), Ok(catalogue));
}

#[test]
fn a_match_key_of_the_wrong_length_is_refused() {
    let key = MatchKey {
        rank: 1,
        hash: [1; 32],
        name_hash: [2; 32],
    };
    let message = change::MatchKey::from(key.clone());
    assert_eq!(MatchKey::try_from(message.clone()), Ok(key));
    let short = change::MatchKey {
        name_hash: vec![1; 31],
        ..message
    };
    assert_eq!(
        MatchKey::try_from(short),
        Err(WireError::HashLength("name hash"))
    );
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_was(record in any_record()) {
        let message = wire::Record::from(record.clone());
        prop_assert_eq!(Record::try_from(message).unwrap(), record);
    }

    #[test]
    fn the_fields_of_a_message_are_in_order(record in any_record()) {
        let message = wire::Record::from(record.clone());
        let paths: Vec<_> = message.fields.iter().map(|field| path(&field.path)).collect();
        prop_assert!(paths.is_sorted());
    }

    #[test]
    fn a_value_comes_back_as_it_was(value in any_value()) {
        prop_assert_eq!(Value::try_from(wire::Value::from(value.clone())).unwrap(), value);
    }

    #[test]
    fn an_edit_comes_back_as_it_was(
        path in any_path(),
        before in prop::option::of(any_value()),
        after in prop::option::of(any_value()),
    ) {
        let edit = Edit { path, before, after };
        prop_assert_eq!(Edit::try_from(write::Edit::from(edit.clone())).unwrap(), edit);
    }

    #[test]
    fn a_version_comes_back_as_it_was(token in ".*", changed_at_micros in any::<Option<i64>>(), coarse in any::<bool>()) {
        let version = Version { token, changed_at_micros, coarse };
        prop_assert_eq!(Version::from(wire::Version::from(version.clone())), version);
    }
}
