//! Laws of the mapping, over any contact, and its cases.

use model::{Edit, Element, Path, Record, Value};
use proptest::prelude::*;
use provider::Scope;
use serde_json::{Value as Json, json};

use super::*;
use crate::wire::{Field, Row};

fn row(value: Json) -> Row {
    serde_json::from_value(value).unwrap()
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

#[allow(clippy::unnecessary_wraps, reason = "an edit's values are optional")]
fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

fn edit(at: &str, before: Option<Value>, after: Option<Value>) -> Edit {
    Edit {
        path: path(at),
        before,
        after,
    }
}

fn acme() -> Companies {
    ["Acme", "Globex"]
        .map(|name| (name.to_owned(), Company::Id(format!("id of {name}"))))
        .into()
}

pub(crate) fn scope(paths: &[&str]) -> Scope {
    Scope {
        tenant: "acme".to_owned(),
        sync: "s1".to_owned(),
        side: model::Side::Left,
        kind: KIND.to_owned(),
        connection: "c1".to_owned(),
        collection: String::new(),
        collection_form: "list_view".to_owned(),
        options: std::collections::BTreeMap::new(),
        paths: paths.iter().map(|text| path(text)).collect(),
        match_paths: Vec::new(),
    }
}

prop_compose! {
    fn word()(word in "[A-Za-zÄß][A-Za-z äß'.-]{0,12}[a-z]") -> String { word }
}

prop_compose! {
    fn any_row()(
        names in prop::option::of((word(), word())),
        emails in prop::collection::vec("[a-z]{1,8}@[a-z]{1,8}\\.example", 0..3),
        phones in prop::collection::vec("\\+[1-9][0-9]{6,10}", 0..6),
        street in prop::option::of(word()),
        city in prop::option::of(word()),
        company in prop::option::of(word()),
        birthday in prop::option::of((1900..2030i32, 1..13u8, 1..29u8)),
        handle in prop::option::of(word()),
    ) -> Row {
        let mut row = json!({"id": "1", "Modified_Time": "2026-05-14T12:51:40+03:00", "Unknown__s": {"kept": true}});
        let mut set = |name: &str, value: Option<Json>| row[name] = value.unwrap_or(Json::Null);
        set("First_Name", names.as_ref().map(|(given, _)| json!(given)));
        set("Last_Name", Some(json!(names.map_or("Not Provided".to_owned(), |(_, family)| family))));
        for (field, email) in ["Email", "Secondary_Email"].iter().zip(emails) {
            set(field, Some(json!(email)));
        }
        for (field, phone) in ["Phone", "Mobile", "Home_Phone", "Other_Phone", "Fax"].iter().zip(phones) {
            set(field, Some(json!(phone)));
        }
        set("Mailing_Street", street.map(Into::into));
        set("Other_City", city.map(Into::into));
        set("Account_Name", company.map(|name| json!({"id": format!("id of {name}"), "name": name})));
        set("Date_of_Birth", birthday.map(|(y, m, d)| json!(format!("{y:04}-{m:02}-{d:02}"))));
        set("Twitter_Handle", handle.map(Into::into));
        serde_json::from_value(row).unwrap()
    }
}

fn companies_of(rows: &[&Row]) -> Companies {
    let names = rows
        .iter()
        .filter_map(|row| row.linked_name("Account_Name"));
    names
        .map(|name| (name.to_owned(), Company::Id(format!("id of {name}"))))
        .collect()
}

/// What the provider holds after taking the changes.
fn with(row: &Row, changes: &Changes) -> Row {
    let mut row = row.clone();
    row.0.extend(changes.fields.clone());
    row
}

proptest! {
    #[test]
    fn a_contact_that_is_created_reads_as_it_was_meant(row in any_row()) {
        let meant = read(&row);
        let created = creation(&meant, &companies_of(&[&row]));
        let readable_surname = !created.refused.iter().any(|refused| refused.path == "name.family");
        let read_back = read(&created.as_row());
        if readable_surname {
            prop_assert_eq!(read_back, meant);
        }
    }

    #[test]
    fn without_edits_nothing_is_sent(row in any_row()) {
        prop_assert_eq!(changes(&row, &[], &Companies::new()), Changes::default());
    }

    #[test]
    fn edits_that_make_one_contact_another_send_only_the_differences(from in any_row(), to in any_row()) {
        let edits = edits_between(&read(&from), &read(&to));
        let sent = changes(&from, &edits, &companies_of(&[&from, &to]));
        let after = with(&from, &sent);
        prop_assert!(sent.fields.iter().all(|(name, value)| from.0.get(name) != Some(value)), "{:?}", sent);
        // Members that nobody mapped are never mentioned.
        prop_assert!(!sent.fields.contains_key("Unknown__s") && !sent.fields.contains_key("id"));
        if sent.refused.is_empty() {
            prop_assert_eq!(read(&after), read(&to));
        }
    }

    #[test]
    fn a_derived_surname_is_never_shown(row in any_row()) {
        let mut record = read(&row);
        record.fields.remove(&path("name.family"));
        let created = creation(&record, &companies_of(&[&row]));
        prop_assert!(created.fields["Last_Name"].as_str().is_some_and(|name| !name.is_empty()));
        prop_assert!(!read(&created.as_row()).fields.contains_key(&path("name.family")));
    }
}

/// An edit for each labelled element's part and each single field that differs.
fn edits_between(from: &Record, to: &Record) -> Vec<Edit> {
    let (from, to) = (flat(from), flat(to));
    let mut paths: Vec<&Path> = from.keys().chain(to.keys()).collect();
    paths.sort();
    paths.dedup();
    let changed = paths
        .into_iter()
        .filter(|path| from.get(*path) != to.get(*path));
    changed
        .map(|path| Edit {
            path: path.clone(),
            before: from.get(path).cloned(),
            after: to.get(path).cloned(),
        })
        .collect()
}

fn flat(record: &Record) -> model::Fields {
    let mut fields = model::Fields::new();
    for (root, value) in &record.fields {
        let Value::Elements(elements) = value else {
            fields.insert(root.clone(), value.clone());
            continue;
        };
        for Element { label, parts } in elements {
            for (part, text) in parts {
                let part = if part == model::SIMPLE_PART {
                    String::new()
                } else {
                    format!(".{part}")
                };
                fields.insert(
                    path(&format!("{root}[{label}]{part}")),
                    Value::Text(text.clone()),
                );
            }
        }
    }
    fields
}

#[test]
fn a_contact_as_zoho_sends_it_is_read() {
    let record = read(&row(json!({
        "id": "732839", "Owner": {"id": "605", "name": "N D"}, "First_Name": "Test", "Last_Name": "Contact",
        "Email": "t@example.com", "Secondary_Email": "u@example.com", "Mobile": " ", "Fax": "+4420",
        "Account_Name": {"id": "680050", "name": "Acme"}, "Date_of_Birth": "1990-04-15",
        "Other_Zip": "1010", "Tag": [], "$approved": true, "Twitter_Handle": "t", "Score": 7,
    })));
    let flat: Vec<String> = flat(&record)
        .into_iter()
        .map(|(path, value)| match value {
            Value::Text(text) => format!("{path}={text}"),
            other => format!("{path}={other:?}"),
        })
        .collect();
    let mut expected = vec![
        "addresses[other].postcode=1010",
        "birthday=Date(Date { year: Some(1990), month: Some(4), day: Some(15) })",
        "custom[Owner]=N D",
        "custom[Score]=7",
        "custom[Twitter_Handle]=t",
        "emails[other]=u@example.com",
        "emails[work]=t@example.com",
        "name.family=Contact",
        "name.given=Test",
        "organization=Acme",
        "phones[workFax]=+4420",
    ];
    expected.sort_unstable();
    assert_eq!(flat, expected);
}

#[test]
fn clearing_sends_null_and_leaves_the_rest_alone() {
    let live = row(
        json!({"Last_Name": "Lee", "Mobile": "1", "Title": "Boss", "Mailing_City": "Linz", "Mailing_Zip": "4020"}),
    );
    let edits = [
        edit("phones[mobile]", text("1"), None),
        edit("addresses[work].city", text("Linz"), None),
    ];
    let sent = changes(&live, &edits, &Companies::new());
    assert_eq!(
        Json::Object(sent.fields),
        json!({"Mobile": null, "Mailing_City": null})
    );
}

#[test]
fn one_element_of_a_list_is_replaced_where_it_is() {
    let live =
        row(json!({"Last_Name": "Lee", "Email": "a@x.example", "Secondary_Email": "b@x.example"}));
    let element = |value: &str| Some(Value::Elements(vec![Element::simple("other", value)]));
    let sent = changes(
        &live,
        &[edit(
            "emails",
            element("b@x.example"),
            element("c@x.example"),
        )],
        &Companies::new(),
    );
    assert_eq!(
        Json::Object(sent.fields),
        json!({"Secondary_Email": "c@x.example"})
    );
    let sent = changes(
        &live,
        &[edit("emails", None, element("d@x.example"))],
        &Companies::new(),
    );
    assert!(sent.fields.is_empty());
    assert_eq!(sent.refused[0].path, "emails[other]");
}

#[test]
fn what_zoho_cannot_hold_is_refused_with_its_path() {
    let mut record = read(&row(json!({"Last_Name": "Lee"})));
    record.set(path("nickname"), text("L"));
    record.set(
        path("birthday"),
        Some(Value::Date("--04-15".parse().unwrap())),
    );
    record.set(
        path("emails"),
        Value::elements([Element::simple("home", "h@x.example")]),
    );
    let mut element = Element {
        label: "work".to_owned(),
        ..Element::default()
    };
    element.parts.insert("city".to_owned(), "Linz".to_owned());
    element
        .parts
        .insert("extended".to_owned(), "Door 3".to_owned());
    record.set(path("addresses"), Value::elements([element]));
    let created = creation(&record, &Companies::new());
    let mut refused: Vec<_> = created
        .refused
        .iter()
        .map(|refused| refused.path.as_str())
        .collect();
    refused.sort_unstable();
    assert_eq!(
        refused,
        [
            "addresses[work].extended",
            "birthday",
            "emails[home]",
            "nickname"
        ]
    );
    assert_eq!(
        Json::Object(created.fields),
        json!({"Last_Name": "Lee", "Mailing_City": "Linz"})
    );
}

#[test]
fn a_company_is_linked_by_id_or_its_path_is_refused_while_the_rest_counts() {
    let mut record = read(&row(json!({"First_Name": "Ana", "Last_Name": "Lee"})));
    record.set(path("organization"), text("Acme"));
    let created = creation(&record, &acme());
    assert_eq!(created.fields["Account_Name"]["id"], "id of Acme");
    let refusing = Companies::from([(
        "Acme".to_owned(),
        Company::Refused("none is made".to_owned()),
    )]);
    let created = creation(&record, &refusing);
    assert!(!created.fields.contains_key("Account_Name"));
    assert_eq!(
        (
            created.refused[0].path.as_str(),
            created.fields["First_Name"].as_str()
        ),
        ("organization", Some("Ana"))
    );
}

// proves: R-18
#[test]
fn a_surname_made_of_the_company_follows_the_company_and_gives_way_to_a_real_one() {
    let live =
        row(json!({"Last_Name": "Acme", "Account_Name": {"id": "id of Acme", "name": "Acme"}}));
    assert!(!read(&live).fields.contains_key(&path("name.family")));
    let moved = changes(
        &live,
        &[edit("organization", text("Acme"), text("Globex"))],
        &acme(),
    );
    assert_eq!(moved.fields["Last_Name"], "Globex");
    let left = changes(&live, &[edit("organization", text("Acme"), None)], &acme());
    assert_eq!(
        Json::Object(left.fields),
        json!({"Account_Name": null, "Last_Name": "Not Provided"})
    );
    let named = changes(&live, &[edit("name.family", None, text("Lee"))], &acme());
    assert_eq!(Json::Object(named.fields), json!({"Last_Name": "Lee"}));
}

// proves: R-18
#[test]
fn a_surname_that_would_read_as_missing_is_reported_and_never_lost() {
    let live = row(json!({"Last_Name": "Lee", "Account_Name": {"id": "1", "name": "Acme"}}));
    let sent = changes(
        &live,
        &[edit("name.family", text("Lee"), text("Not Provided"))],
        &acme(),
    );
    assert_eq!(sent.fields["Last_Name"], "Not Provided");
    assert_eq!(sent.refused[0].path, "name.family");
}

// proves: R-04
#[test]
fn a_hidden_field_makes_its_path_unreadable_and_no_other() {
    let shown = json!({"id": "1", "First_Name": "A", "Last_Name": "B", "Account_Name": null, "Email": null, "Phone": "1"});
    let names = |scope: &Scope| -> Vec<String> {
        readable(&[row(shown.clone())], scope)
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let mobile_mapped = scope(&[
        "name.family",
        "emails[work]",
        "phones[work]",
        "phones[mobile]",
        "organization",
    ]);
    assert_eq!(
        names(&mobile_mapped),
        ["emails", "name.family", "name.given", "organization"]
    );
    let mobile_unmapped = scope(&["phones[work]", "custom[Phone_Ext]"]);
    assert_eq!(
        names(&mobile_unmapped),
        ["name.family", "name.given", "organization", "phones"]
    );
}

// proves: R-04
#[test]
fn without_the_company_nobody_tells_a_surname_from_a_derived_one() {
    let hidden = [row(
        json!({"id": "1", "First_Name": "A", "Last_Name": "Acme"}),
    )];
    assert!(
        !readable(&hidden, &scope(&["name.family", "organization"])).contains(&path("name.family"))
    );
    assert!(readable(&hidden, &scope(&["name.family"])).contains(&path("name.family")));
}

#[test]
fn fields_are_asked_for_fifty_at_a_time() {
    let custom: Vec<String> = (0..80).map(|number| format!("custom[F{number}]")).collect();
    let asked = fields_to_ask(&scope(
        &custom.iter().map(String::as_str).collect::<Vec<_>>(),
    ));
    assert!(asked.len() > 1);
    for names in &asked {
        let names: Vec<&str> = names.split(',').collect();
        assert!(
            names.len() <= 50 && names.contains(&"Modified_Time"),
            "{names:?}"
        );
    }
    assert_eq!(
        asked
            .iter()
            .flat_map(|names| names.split(','))
            .filter(|name| name.starts_with('F') && *name != "Fax")
            .filter(|name| *name != "First_Name")
            .count(),
        80
    );
}

fn field(value: Json) -> Field {
    serde_json::from_value(value).unwrap()
}

#[test]
fn the_catalogue_says_what_a_profile_may_do() {
    let may = json!({"api_create": true, "api_update": true});
    let fields = [
        field(
            json!({"api_name": "Last_Name", "data_type": "text", "length": 80, "system_mandatory": true, "operation_type": may}),
        ),
        field(
            json!({"api_name": "Mobile", "data_type": "phone", "operation_type": may, "profiles": [{"id": "p", "permission_type": "hidden"}]}),
        ),
        field(
            json!({"api_name": "Fax", "data_type": "text", "operation_type": may, "profiles": [{"id": "p", "permission_type": "read_only"}, {"id": "q", "permission_type": "read_write"}]}),
        ),
        field(
            json!({"api_name": "Region", "data_type": "picklist", "system_mandatory": true, "operation_type": may}),
        ),
        field(json!({"api_name": "Score", "data_type": "integer", "operation_type": may})),
        field(
            json!({"api_name": "Email", "data_type": "email", "visible": false, "operation_type": may}),
        ),
        field(json!({"api_name": "Full_Name", "data_type": "text"})),
        field(json!({"api_name": "Tag", "data_type": "jsonarray"})),
    ];
    let catalogue = catalogue(&fields, Some("p"));
    let lines: Vec<_> = catalogue
        .0
        .iter()
        .map(|entry| (entry.path.to_string(), entry.writable, entry.required))
        .collect();
    let line = |path: &str, writable, required| (path.to_owned(), writable, required);
    assert_eq!(
        lines,
        [
            line("name.family", true, false),
            line("phones[workFax]", false, false),
            line("custom[Region]", true, true),
            line("custom[Score]", false, false),
        ]
    );
    assert_eq!(catalogue.0[0].max_length, Some(80));
}
