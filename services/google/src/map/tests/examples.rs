//! The mapping by examples.

use model::{Date, Edit, Element, Form, Path, Value};
use pretty_assertions::assert_eq;
use serde_json::{Value as Json, json};

use super::super::{Body, create, mask_of, patch, record, table::COLUMNS};
use crate::{map::CONTACT, wire::Person};

fn person(fields: Json) -> Person {
    let mut person = json!({"resourceName": "people/c1", "etag": "%1", "metadata": {"objectType": "PERSON",
        "sources": [{"type": "CONTACT", "id": "191", "etag": "#1", "updateTime": "2026-11-02T09:15:31.204Z"}]}});
    let Json::Object(fields) = fields else {
        panic!()
    };
    person.as_object_mut().unwrap().extend(fields);
    serde_json::from_value(person).unwrap()
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

#[allow(clippy::unnecessary_wraps, reason = "what an edit takes")]
fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.into()))
}

fn edit(at: &str, before: Option<Value>, after: Option<Value>) -> Edit {
    Edit {
        path: path(at),
        before,
        after,
    }
}

#[allow(clippy::unnecessary_wraps, reason = "what an edit takes")]
fn element(label: &str, value: &str) -> Option<Value> {
    Some(Value::Elements(vec![Element::simple(label, value)]))
}

fn patched(live: &Person, edits: &[Edit]) -> Body {
    patch(live, edits, None).unwrap()
}

fn shown(person: &Person, at: &str) -> Option<Value> {
    record(person).unwrap().fields.get(&path(at)).cloned()
}

#[test]
fn a_person_becomes_a_contact() {
    let ana = person(json!({
        "names": [{"givenName": "Ana", "familyName": "Petrov", "honorificPrefix": "Dr.", "displayName": "Dr. Ana Petrov"}],
        "nicknames": [{"value": "Annie", "type": "MAIDEN_NAME"}, {"value": "Nan"}],
        "organizations": [{"name": "Old", "current": false}, {"metadata": {"primary": true}, "name": "Acme", "title": "CTO"}],
        "biographies": [{"value": "likes\r\ntea", "contentType": "TEXT_PLAIN"}],
        "birthdays": [{"date": {"year": 0, "month": 4, "day": 9}, "text": "April 9"}],
        "emailAddresses": [{"value": "z@example.com", "type": "home"}, {"value": "a@example.com", "type": "work",
            "metadata": {"primary": true}}],
        "addresses": [{"type": "home", "streetAddress": "Ring 1", "city": "Wien", "poBox": "12", "countryCode": "AT"}],
        "userDefined": [{"key": "Twitter", "value": "@ana"}],
    }));
    let record = record(&ana).unwrap();
    let fields: Vec<_> = record.fields.keys().map(ToString::to_string).collect();
    assert_eq!(
        fields,
        [
            "addresses",
            "birthday",
            "custom[Twitter]",
            "emails",
            "name.family",
            "name.given",
            "name.prefix",
            "nickname",
            "note",
            "organization",
            "title"
        ]
    );
    assert_eq!(shown(&ana, "nickname"), text("Nan"));
    assert_eq!(shown(&ana, "organization"), text("Acme"));
    assert_eq!(shown(&ana, "note"), text("likes\ntea"));
    let birthday = Date {
        year: None,
        month: Some(4),
        day: Some(9),
    };
    assert_eq!(shown(&ana, "birthday"), Some(Value::Date(birthday)));
    let emails = vec![
        Element::simple("work", "a@example.com"),
        Element::simple("home", "z@example.com"),
    ];
    assert_eq!(shown(&ana, "emails"), Some(Value::Elements(emails)));
}

#[test]
fn the_order_in_which_google_answers_does_not_matter() {
    let phones = |numbers: &[&str]| {
        let items: Vec<_> = numbers
            .iter()
            .map(|value| json!({"value": value, "type": "work"}))
            .collect();
        shown(&person(json!({ "phoneNumbers": items })), "phones")
    };
    assert_eq!(phones(&["1", "2", "3"]), phones(&["3", "1", "2"]));
    let organizations = |names: &[&str]| {
        let items: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
        shown(&person(json!({ "organizations": items })), "organization")
    };
    assert_eq!(organizations(&["A", "B"]), organizations(&["B", "A"]));
}

// proves: R-28
#[test]
fn an_edit_of_one_element_leaves_everything_else_of_the_field_as_it_came() {
    let live = person(json!({
        "emailAddresses": [
            {"value": "a@example.com", "type": "work", "displayName": "Ana", "metadata": {"primary": true,
                "source": {"type": "CONTACT", "id": "191"}}, "tomorrow": [1]},
            {"value": "b@example.com", "type": "Sommerhaus"},
            {"type": "home", "displayName": "nothing that is mapped"},
        ],
        "phoneNumbers": [{"value": "1"}],
    }));
    let body = patched(
        &live,
        &[edit(
            "emails[work]",
            text("a@example.com"),
            text("new@example.com"),
        )],
    );
    assert_eq!(body.mask, ["emailAddresses"]);
    assert_eq!(
        body.person.fields.keys().collect::<Vec<_>>(),
        ["emailAddresses"]
    );
    let mut expected = live.fields["emailAddresses"].clone();
    expected[0]["value"] = json!("new@example.com");
    assert_eq!(body.person.fields["emailAddresses"], expected);
}

#[test]
fn a_body_carries_both_versions_and_no_more_of_the_envelope() {
    let live = person(json!({"nicknames": [{"value": "Nan"}]}));
    let body = patched(&live, &[edit("nickname", text("Nan"), text("Annie"))]);
    let sent = serde_json::to_value(&body.person).unwrap();
    assert_eq!(
        sent,
        json!({"resourceName": "people/c1", "etag": "%1",
            "metadata": {"sources": [{"type": "CONTACT", "id": "191", "etag": "#1"}]},
            "nicknames": [{"value": "Annie"}]})
    );
}

// proves: R-28
#[test]
fn items_of_a_profile_are_neither_shown_nor_written_back() {
    let live = person(json!({"emailAddresses": [
        {"value": "own@example.com", "metadata": {"source": {"type": "CONTACT", "id": "191"}}},
        {"value": "profile@example.com", "metadata": {"primary": true, "source": {"type": "PROFILE", "id": "9"}}},
    ]}));
    assert_eq!(shown(&live, "emails"), element("", "own@example.com"));
    let body = patched(
        &live,
        &[edit("emails", None, element("work", "new@example.com"))],
    );
    let sent = body.person.fields["emailAddresses"].as_array().unwrap();
    assert_eq!(sent.len(), 2);
    assert!(
        !body.person.fields["emailAddresses"]
            .to_string()
            .contains("profile@")
    );
}

#[test]
fn what_google_derives_is_not_sent_with_an_edit() {
    let live = person(json!({
        "names": [{"givenName": "Ana", "familyName": "Petrov", "displayName": "Ana Petrov", "unstructuredName": "Ana Petrov",
            "phoneticGivenName": "Ahna"}],
        "phoneNumbers": [{"value": "+43 1", "canonicalForm": "+431", "type": "work", "formattedType": "Work"}],
        "addresses": [{"type": "home", "city": "Wien", "country": "Austria", "countryCode": "AT", "formattedValue": "Wien"}],
        "biographies": [{"value": "<b>x</b>", "contentType": "TEXT_HTML"}],
        "birthdays": [{"date": {"year": 1990, "month": 4, "day": 9}, "text": "4/9/1990"}],
    }));
    let birthday = |day| {
        Some(Value::Date(
            Date::new(Some(1990), Some(4), Some(day)).unwrap(),
        ))
    };
    let body = patched(
        &live,
        &[
            edit("name.given", text("Ana"), text("Anna")),
            edit("phones[work]", text("+43 1"), text("+43 2")),
            edit("addresses[home].country", text("Austria"), text("Italy")),
            edit("note", text("<b>x</b>"), text("y")),
            edit("birthday", birthday(9), birthday(10)),
        ],
    );
    assert_eq!(
        Json::Object(body.person.fields),
        json!({
            "names": [{"givenName": "Anna", "familyName": "Petrov", "phoneticGivenName": "Ahna"}],
            "phoneNumbers": [{"value": "+43 2", "type": "work", "formattedType": "Work"}],
            "addresses": [{"type": "home", "city": "Wien", "country": "Italy"}],
            "biographies": [{"value": "y"}],
            "birthdays": [{"date": {"year": 1990, "month": 4, "day": 10}}],
        })
    );
}

#[test]
fn clearing_the_only_value_clears_the_field() {
    let live = person(json!({
        "names": [{"givenName": "Ana", "displayName": "Ana", "metadata": {"primary": true}}],
        "organizations": [{"title": "CTO", "type": "work"}],
        "emailAddresses": [{"value": "a@example.com", "type": "work"}],
    }));
    let body = patched(
        &live,
        &[
            edit("name.given", text("Ana"), None),
            edit("title", text("CTO"), None),
            edit("emails", element("work", "a@example.com"), None),
        ],
    );
    assert_eq!(body.mask, ["emailAddresses", "names", "organizations"]);
    assert!(body.person.fields.is_empty(), "{:?}", body.person.fields);
}

#[test]
fn a_part_of_an_address_is_edited_in_place_and_a_new_label_is_a_new_address() {
    let live = person(
        json!({"addresses": [{"type": "home", "streetAddress": "Ring 1", "city": "Wien", "poBox": "12"}]}),
    );
    let body = patched(
        &live,
        &[
            edit("addresses[home].city", text("Wien"), text("Graz")),
            edit("addresses[work].city", None, text("Linz")),
        ],
    );
    assert_eq!(
        body.person.fields["addresses"],
        json!([{"type": "home", "streetAddress": "Ring 1", "city": "Graz", "poBox": "12"}, {"type": "work", "city": "Linz"}])
    );
}

#[test]
fn custom_fields_keep_their_neighbours() {
    let live = person(
        json!({"userDefined": [{"key": "Shoe size", "value": "38"}, {"key": "Twitter", "value": "@a"}]}),
    );
    let body = patched(
        &live,
        &[
            edit("custom[Twitter]", text("@a"), text("@b")),
            edit("custom[New]", None, text("1")),
        ],
    );
    assert_eq!(
        body.person.fields["userDefined"],
        json!([{"key": "Shoe size", "value": "38"}, {"key": "Twitter", "value": "@b"}, {"key": "New", "value": "1"}])
    );
    let body = patched(&live, &[edit("custom[Twitter]", text("@a"), None)]);
    assert_eq!(
        body.person.fields["userDefined"],
        json!([{"key": "Shoe size", "value": "38"}])
    );
}

#[test]
fn a_birthday_that_is_only_a_text_is_not_overwritten() {
    let live = person(json!({"birthdays": [{"text": "in spring"}]}));
    assert_eq!(shown(&live, "birthday"), None);
    let date = Some(Value::Date(Date::new(None, Some(4), Some(9)).unwrap()));
    let body = patched(&live, &[edit("birthday", None, date)]);
    assert_eq!(body.refused[0].path, "birthday");
    assert_eq!(
        body.person.fields["birthdays"],
        json!([{"text": "in spring"}])
    );
}

#[test]
fn a_path_without_a_place_is_refused_alone() {
    let live = person(json!({}));
    let body = patched(
        &live,
        &[
            edit("photo", None, text("x")),
            edit("title", None, text("CTO")),
        ],
    );
    assert_eq!(body.refused.len(), 1);
    assert_eq!(body.mask, ["organizations"]);
}

#[test]
fn the_marker_goes_beside_other_apps_entries() {
    let live = person(
        json!({"clientData": [{"key": "acme", "value": "1"}, {"key": "rapport", "value": "old"}]}),
    );
    let body = patch(&live, &[], Some("new")).unwrap();
    assert_eq!(body.mask, ["clientData"]);
    assert_eq!(
        body.person.fields["clientData"],
        json!([{"key": "acme", "value": "1"}, {"key": "rapport", "value": "new"}])
    );
    assert_eq!(
        mask_of(&[edit("name.given", None, text("A"))], Some("m")),
        ["clientData", "names"]
    );
}

#[test]
fn a_created_person_has_one_name_and_its_marker() {
    let live = person(json!({
        "names": [{"givenName": "Ana", "familyName": "Petrov"}],
        "emailAddresses": [{"value": "a@example.com", "type": "work"}],
    }));
    let body = create(&record(&live).unwrap(), Some("m1"));
    assert_eq!(
        serde_json::to_value(&body.person).unwrap(),
        json!({
            "names": [{"givenName": "Ana", "familyName": "Petrov"}],
            "emailAddresses": [{"value": "a@example.com", "type": "work"}],
            "clientData": [{"key": "rapport", "value": "m1"}],
        })
    );
}

#[test]
fn lists_are_lists_on_both_sides() {
    for column in COLUMNS {
        let form = model::table(CONTACT)
            .unwrap()
            .field(&path(column.path))
            .unwrap()
            .form;
        let list = matches!(column.shape, super::super::table::Shape::List(_));
        assert_eq!(matches!(form, Form::List { .. }), list, "{}", column.path);
    }
}

#[test]
fn the_catalogue_offers_every_field_and_any_custom_name() {
    let catalogue = super::super::catalogue([path("custom[Twitter]")]);
    assert_eq!(
        catalogue.entry(&path("name.given")).unwrap().max_length,
        Some(1024)
    );
    assert_eq!(catalogue.entry(&path("note")).unwrap().max_length, None);
    assert_eq!(
        catalogue.entry(&path("emails[work]")).unwrap().name,
        "emailAddresses"
    );
    assert_eq!(
        catalogue.entry(&path("custom[Twitter]")).unwrap().name,
        "Twitter"
    );
    assert!(catalogue.entry(&path("custom[Anything]")).is_some());
    assert!(catalogue.entry(&path("photo")).is_none());
}
