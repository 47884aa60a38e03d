use model::{Path, PathError, table};
use proptest::prelude::*;

use crate::write::{any_path, path};

#[test]
fn the_parts_of_a_path_are_told_apart() {
    let city = path("addresses[home].city");
    assert_eq!(
        (city.field(), city.key(), city.part()),
        ("addresses", Some("home"), Some("city"))
    );
    let given = path("name.given");
    assert_eq!(
        (given.field(), given.key(), given.part()),
        ("name.given", None, None)
    );
    let custom = path("custom[Twitter_Handle]");
    assert_eq!(
        (custom.field(), custom.key()),
        ("custom", Some("Twitter_Handle"))
    );
}

#[test]
fn a_custom_name_may_hold_anything_that_people_call_a_field() {
    for name in [
        "Größe (cm)",
        "a]b",
        r"a\b",
        "a[b]",
        "name.given",
        "=",
        "日本",
    ] {
        let custom = Path::keyed("custom", name).unwrap();
        assert_eq!(custom.key(), Some(name));
        assert_eq!(path(&custom.to_string()), custom);
    }
}

#[test]
fn a_malformed_path_says_what_is_wrong_and_how_to_write_it() {
    let expected = [
        (
            "",
            "a field path is empty; write one such as name.given or emails[work]",
        ),
        (
            "Emails",
            "\"Emails\" is no field path: \"Emails\" is no name; names begin with a small letter and have only \
             letters and digits",
        ),
        (
            "name..given",
            "\"name..given\" is no field path: \"\" is no name; names begin with a small letter and have only \
             letters and digits",
        ),
        (
            "emails[work",
            "\"emails[work\" is no field path: a bracket is missing; a label is written as in emails[work]",
        ),
        (
            "emails]",
            "\"emails]\" is no field path: a bracket is missing; a label is written as in emails[work]",
        ),
        (
            r"emails[work\",
            r#""emails[work\\" is no field path: a bracket is missing; a label is written as in emails[work]"#,
        ),
        (
            "emails[ ]",
            "\"emails[ ]\" is no field path: between the brackets must be a label or a field's name",
        ),
        (
            "emails[work]x",
            "\"emails[work]x\" is no field path: after the brackets only a part may follow, as in \
             addresses[home].city",
        ),
        (
            "emails[work].",
            "\"emails[work].\" is no field path: \"\" is no name; names begin with a small letter and have only \
             letters and digits",
        ),
    ];
    for (text, message) in expected {
        assert_eq!(Path::parse(text).unwrap_err().to_string(), message);
    }
    assert_eq!(Path::parse(&"a".repeat(600)), Err(PathError::TooLong));
}

#[test]
fn the_table_of_contacts_knows_which_paths_fit() {
    let table = table("contact").unwrap();
    for fits in [
        "name.given",
        "emails",
        "emails[work]",
        "addresses[home].city",
        "addresses[home]",
        "custom[X]",
    ] {
        assert!(table.check(&path(fits)).is_ok(), "{fits}");
    }
    let wrong = [
        (
            "shoes",
            "a contact has no field shoes; custom fields are written as custom[Name]",
        ),
        (
            "title[work]",
            "title[work] has one value only, so it takes no label",
        ),
        (
            "custom",
            "custom needs a field's name, as in custom[Twitter_Handle]",
        ),
        (
            "emails[work].city",
            "emails[work].city names no part of the field; its parts are: value",
        ),
    ];
    for (text, message) in wrong {
        assert_eq!(table.check(&path(text)).unwrap_err().to_string(), message);
    }
    assert!(model::table("spaceship").is_none());
}

#[test]
fn the_root_of_a_labelled_path_is_its_whole_list() {
    let table = table("contact").unwrap();
    assert_eq!(table.root(&path("emails[work]")), path("emails"));
    assert_eq!(table.root(&path("addresses[home].city")), path("addresses"));
    assert_eq!(table.root(&path("custom[X]")), path("custom[X]"));
    assert_eq!(table.root(&path("name.given")), path("name.given"));
}

proptest! {
    #[test]
    fn a_path_reads_back_from_its_text(path in any_path()) {
        prop_assert_eq!(Path::parse(&path.to_string()).unwrap(), path.clone());
        let json = serde_json::to_string(&path).unwrap();
        prop_assert_eq!(serde_json::from_str::<Path>(&json).unwrap(), path);
    }

    #[test]
    fn no_text_whatever_breaks_the_reader(text in ".*") {
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(Path::parse(&path.to_string()).unwrap(), path);
        }
    }
}
