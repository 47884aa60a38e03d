//! The mapping by laws: whatever Google holds, an edit arrives and nothing else changes.

use std::collections::BTreeMap;

use model::{Date, Edit, Element, Path, Record, Value};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value as Json, json};

use super::super::{CONTACT, create, mask_of, patch, record};
use crate::wire::Person;

fn word() -> impl Strategy<Value = String> {
    "[A-Za-zÄéß][A-Za-z0-9 .é]{0,6}[a-z]"
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        "home|work|other|mobile|",
        Just("Sommerhaus am See".to_owned())
    ]
}

fn date() -> impl Strategy<Value = Date> {
    (
        option::of(1_900_i16..2_030),
        1_u8..=12,
        option::of(1_u8..=28),
    )
        .prop_map(|(year, month, day)| Date::new(year, Some(month), day).unwrap())
}

fn elements(parts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let parts = parts
        .iter()
        .map(|part| (Just((*part).to_owned()), option::of(word())))
        .collect::<Vec<_>>();
    let element = (label(), parts).prop_map(|(label, parts)| {
        let parts: BTreeMap<_, _> = parts
            .into_iter()
            .filter_map(|(part, text)| Some((part, text?)))
            .collect();
        Element { label, parts }
    });
    vec(element, 0..4).prop_map(Value::Elements)
}

/// Any canonical contact.
fn contact() -> impl Strategy<Value = Record> {
    let single = [
        "name.prefix",
        "name.given",
        "name.family",
        "nickname",
        "title",
        "organization",
        "department",
        "note",
    ];
    let texts: Vec<_> = single
        .iter()
        .map(|path| (Just(*path), option::of(word())))
        .collect();
    let address: &[&str] = &[
        "street", "extended", "city", "region", "postcode", "country",
    ];
    let lists = (
        elements(&["value"]),
        elements(&["value"]),
        elements(address),
        elements(&["value"]),
    );
    let custom = proptest::collection::btree_map("[A-Za-z_\\]\\\\ ]{0,5}[a-z]", word(), 0..3);
    (texts, option::of(date()), lists, custom).prop_map(|(texts, birthday, lists, custom)| {
        let mut record = Record::new(CONTACT);
        let mut set = |path: &str, value: Option<Value>| record.set(path.parse().unwrap(), value);
        for (path, text) in texts {
            set(path, text.and_then(|text| Value::text(&text)));
        }
        set("birthday", birthday.map(Value::Date));
        set("emails", Some(lists.0));
        set("phones", Some(lists.1));
        set("addresses", Some(lists.2));
        set("urls", Some(lists.3));
        for (name, text) in custom {
            record.set(Path::keyed("custom", &name).unwrap(), Value::text(&text));
        }
        record
    })
}

/// What a person holds that no canonical path shows.
fn unmapped() -> impl Strategy<Value = Map<String, Json>> {
    let email = word().prop_map(|name| json!({"type": "work", "displayName": name}));
    let fields = (
        vec(email, 0..2),
        option::of(word()),
        option::of(word()),
        any::<bool>(),
    );
    fields.prop_map(|(emails, maiden, phonetic, tomorrow)| {
        let mut fields = Map::new();
        fields.insert("emailAddresses".into(), json!(emails));
        let maiden: Vec<_> = maiden
            .map(|value| json!({"type": "MAIDEN_NAME", "value": value}))
            .into_iter()
            .collect();
        fields.insert("nicknames".into(), json!(maiden));
        let names: Vec<_> = phonetic
            .map(|name| json!({"phoneticGivenName": name}))
            .into_iter()
            .collect();
        fields.insert("names".into(), json!(names));
        if tomorrow {
            fields.insert("fieldOfTomorrow".into(), json!([{"a": {"b": [null, 1.5]}}]));
        }
        fields
    })
}

/// Google's side of an update: fields of the mask are replaced as a whole, others stay.
fn applied(live: &Person, edits: &[Edit], marker: Option<&str>) -> Person {
    let body = patch(live, edits, marker).unwrap();
    assert_eq!(body.mask, mask_of(edits, marker));
    let mut after = live.clone();
    for field in &body.mask {
        after.fields.remove(*field);
    }
    for (field, items) in &body.person.fields {
        assert!(
            body.mask.contains(&field.as_str()),
            "{field} is not in the mask"
        );
        after.fields.insert(field.clone(), items.clone());
    }
    after
}

/// A person that Google holds: a contact, and what nobody mapped.
fn held() -> impl Strategy<Value = Person> {
    (contact(), unmapped()).prop_map(|(contact, unmapped)| {
        let mut person = Person {
            fields: unmapped,
            ..Person::default()
        };
        let edits = edits(&Record::new(CONTACT), &contact);
        person = applied(&person, &edits, None);
        person
    })
}

/// Edits that turn one record into another.
fn edits(from: &Record, to: &Record) -> Vec<Edit> {
    let mut edits = Vec::new();
    let paths = from.fields.keys().chain(
        to.fields
            .keys()
            .filter(|path| !from.fields.contains_key(*path)),
    );
    for path in paths {
        let (before, after) = (from.fields.get(path), to.fields.get(path));
        let list =
            |value: Option<&Value>| value.map_or(Vec::new(), |value| value.as_elements().to_vec());
        let (old, new) = (list(before), list(after));
        if old.is_empty() && new.is_empty() {
            edits.push(Edit {
                path: path.clone(),
                before: before.cloned(),
                after: after.cloned(),
            });
        }
        let one = |element: &Element| Some(Value::Elements(vec![element.clone()]));
        edits.extend(old.iter().map(|e| Edit {
            path: path.clone(),
            before: one(e),
            after: None,
        }));
        edits.extend(new.iter().map(|e| Edit {
            path: path.clone(),
            before: None,
            after: one(e),
        }));
    }
    edits
}

fn same(one: &Record, other: &Record) -> bool {
    let table = model::table(CONTACT).unwrap();
    let mut paths = one.fields.keys().chain(other.fields.keys());
    paths.all(|path| {
        table
            .comparison(path)
            .same(one.fields.get(path), other.fields.get(path))
    })
}

/// Everything in a person that no canonical path shows.
fn rest(person: &Person) -> Vec<String> {
    let mapped = [
        "givenName",
        "familyName",
        "middleName",
        "honorificPrefix",
        "honorificSuffix",
    ];
    let mut rest = Vec::new();
    for (field, items) in &person.fields {
        for item in items.as_array().into_iter().flatten() {
            let keep = match field.as_str() {
                "names" => {
                    let mut item = item.clone();
                    let object = item.as_object_mut().unwrap();
                    object.retain(|name, _| !mapped.contains(&name.as_str()));
                    object
                        .get("phoneticGivenName")
                        .map(|name| json!({"phonetic": name}))
                }
                "nicknames" => (item["type"] == "MAIDEN_NAME").then(|| item.clone()),
                "emailAddresses" => item.get("value").is_none().then(|| item.clone()),
                "fieldOfTomorrow" => Some(item.clone()),
                _ => None,
            };
            rest.extend(keep.map(|item| format!("{field}: {item}")));
        }
    }
    rest.sort();
    rest
}

proptest! {
    #[test]
    fn a_created_contact_reads_back_as_it_was(contact in contact()) {
        let body = create(&contact, Some("m1"));
        prop_assert!(body.refused.is_empty());
        let shown = record(&body.person).unwrap();
        prop_assert!(same(&shown, &contact), "{shown:?}\n{contact:?}");
        prop_assert_eq!(body.person.client_value("rapport"), Some("m1"));
    }

    // proves: R-28
    #[test]
    fn any_edits_arrive_and_what_nobody_mapped_survives(live in held(), wanted in contact()) {
        let edits = edits(&record(&live).unwrap(), &wanted);
        let after = applied(&live, &edits, None);
        let shown = record(&after).unwrap();
        prop_assert!(same(&shown, &wanted), "{shown:?}\n{wanted:?}");
        prop_assert_eq!(rest(&live), rest(&after));
    }

    #[test]
    fn an_edit_of_one_path_changes_no_other_path(live in held(), value in word()) {
        for path in ["name.given", "title", "nickname", "custom[Zz]", "emails[Brand new]"] {
            let path: Path = path.parse().unwrap();
            let before = record(&live).unwrap();
            let edit = Edit {
                before: before.fields.get(&path).cloned(),
                after: Value::text(&value),
                path: path.clone(),
            };
            let after = record(&applied(&live, &[edit], None)).unwrap();
            for other in before.fields.keys().filter(|other| other.field() != path.field()) {
                prop_assert_eq!(before.fields.get(other), after.fields.get(other), "{} by {}", other, path);
            }
            let shown = model::project(&after, std::slice::from_ref(&path), &model::Fields::new());
            prop_assert_eq!(shown.get(&path).cloned(), Value::text(&value), "{}", path);
        }
    }

    #[test]
    fn no_edits_change_nothing(live in held()) {
        prop_assert_eq!(applied(&live, &[], None), live);
    }

    #[test]
    fn any_json_in_the_place_of_a_field_is_read_or_reported(
        field in prop::sample::select(vec!["names", "emailAddresses", "birthdays", "userDefined", "memberships", "clientData"]),
        value in any_json(),
    ) {
        let person: Person = serde_json::from_value(json!({"resourceName": "people/c1", field: value})).unwrap();
        let _ = record(&person);
        let _ = patch(&person, &[Edit { path: "emails".parse().unwrap(), before: None, after: None }], Some("m"));
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        word().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map(
                prop::sample::select(vec![
                    "value", "type", "key", "date", "metadata", "source", "year", "month"
                ]),
                inner,
                0..4
            )
            .prop_map(|members| json!(members)),
        ]
    })
}
