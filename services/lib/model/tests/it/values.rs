use model::{Date, Element, Value};
use proptest::prelude::*;

use crate::write::{any_date, any_element, any_record, any_value, list, text};

#[test]
fn values_are_compact_in_json() {
    let cases = [
        (text("Boss"), r#""Boss""#),
        (
            Value::Date("1990-04-15".parse().unwrap()),
            r#"{"year":1990,"month":4,"day":15}"#,
        ),
        (
            list("work a@x"),
            r#"[{"label":"work","parts":{"value":"a@x"}}]"#,
        ),
        (list("- a@x"), r#"[{"parts":{"value":"a@x"}}]"#),
    ];
    for (value, json) in cases {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value);
    }
}

#[test]
fn json_that_is_no_value_says_what_a_value_is() {
    for json in ["7", r#"{"jahr":1990}"#, r#"[{"lable":"work"}]"#, "null"] {
        let error = serde_json::from_str::<Value>(json).unwrap_err().to_string();
        assert!(
            error.contains("a text, an array of elements, or a date"),
            "{error}"
        );
    }
}

#[test]
fn a_text_is_kept_in_nfc_with_plain_line_ends() {
    assert_eq!(Value::text("Zoe\u{308}\r\nx"), Some(text("Zoë\nx")));
    assert_eq!(Value::text(" \n\t "), None);
    assert_eq!(Value::text(" kept "), Some(text(" kept ")));
}

#[test]
fn elements_that_hold_nothing_are_none() {
    assert_eq!(Value::elements([Element::simple("work", " ")]), None);
    assert_eq!(
        Value::elements([Element::simple("work", " "), Element::simple("", "a@x")]),
        Some(list("- a@x"))
    );
}

#[test]
fn dates_are_those_of_the_calendar() {
    for good in [
        "1990-04-15",
        "1990-04",
        "1990",
        "--04-15",
        "--04",
        "--02-29",
        "2000-02-29",
        "0001-01-01",
    ] {
        assert_eq!(good.parse::<Date>().unwrap().to_string(), good);
    }
    for bad in [
        "",
        "--",
        "1990-02-30",
        "1999-02-29",
        "1990-13",
        "90-04-15",
        "1990-4-5",
        "1990--15",
        "+990-04-15",
    ] {
        assert!(bad.parse::<Date>().is_err(), "{bad}");
    }
    assert!(Date::new(None, None, Some(3)).is_err());
    assert!(Date::new(Some(0), None, None).is_err());
}

proptest! {
    #[test]
    fn a_value_reads_back_from_json(value in any_value()) {
        let json = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }

    #[test]
    fn a_record_reads_back_from_json(record in any_record()) {
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<model::Record>(&json).unwrap(), record);
    }

    #[test]
    fn a_date_reads_back_from_its_text(date in any_date()) {
        prop_assert_eq!(date.to_string().parse::<Date>().unwrap(), date);
    }

    #[test]
    fn an_element_is_empty_when_no_part_says_anything(element in any_element()) {
        let says = element.parts.keys().any(|part| element.part(part).is_some());
        prop_assert_eq!(element.is_empty(), !says);
    }
}
