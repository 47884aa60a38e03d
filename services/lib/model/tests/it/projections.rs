use model::{Element, Fields, Value, project};
use pretty_assertions::assert_eq;

use crate::write::{address, contact, fields, list, path, text};

fn show(record: &model::Record, path_text: &str, hints: &Fields) -> Option<Value> {
    project(record, &[path(path_text)], hints).remove(&path(path_text))
}

#[test]
fn single_fields_and_whole_lists_are_shown_as_they_are() {
    let record = contact([
        ("title", text("Boss")),
        ("emails", list("work a@x, home b@x")),
        ("custom[T]", text("t")),
    ]);
    let paths = ["title", "emails", "custom[T]", "note"].map(path);
    assert_eq!(project(&record, &paths, &Fields::new()), record.fields);
}

#[test]
fn a_label_shows_the_first_element_that_has_it() {
    let record = contact([("emails", list("home h@x, work a@x, work b@x"))]);
    assert_eq!(
        show(&record, "emails[work]", &Fields::new()),
        Some(text("a@x"))
    );
    assert_eq!(show(&record, "emails[other]", &Fields::new()), None);
}

// proves: R-15
#[test]
fn a_label_shows_the_element_that_still_has_the_value_of_the_base() {
    let record = contact([("emails", list("work new@x, work Old@x"))]);
    let hints = fields([("emails[work]", text("old@x"))]);
    assert_eq!(show(&record, "emails[work]", &hints), Some(text("Old@x")));
    let edited = contact([("emails", list("work new@x, work other@x"))]);
    assert_eq!(show(&edited, "emails[work]", &hints), Some(text("new@x")));
}

// proves: R-15
#[test]
fn an_element_that_only_changed_its_label_is_not_cleared() {
    let record = contact([("emails", list("private old@x"))]);
    let hints = fields([("emails[work]", text("old@x"))]);
    assert_eq!(show(&record, "emails[work]", &hints), Some(text("old@x")));
}

#[test]
fn an_element_whose_new_label_is_mapped_too_has_moved_there() {
    let record = contact([("emails", list("home old@x"))]);
    let hints = fields([("emails[work]", text("old@x"))]);
    let shown = project(&record, &["emails[work]", "emails[home]"].map(path), &hints);
    assert_eq!(shown, fields([("emails[home]", text("old@x"))]));
}

#[test]
fn a_new_element_with_the_label_is_preferred_to_an_old_one_without() {
    let record = contact([("emails", list("other old@x, work new@x"))]);
    let hints = fields([("emails[work]", text("old@x"))]);
    assert_eq!(show(&record, "emails[work]", &hints), Some(text("new@x")));
}

#[test]
fn the_parts_of_an_address_come_from_one_element() {
    let addresses = vec![
        address("home city=Wien & street=Ring 1"),
        address("home city=Graz & street=Ring 2"),
    ];
    let record = contact([("addresses", Value::Elements(addresses))]);
    let paths = [
        "addresses[home].city",
        "addresses[home].street",
        "addresses[home].country",
    ]
    .map(path);
    let hints = fields([("addresses[home].street", text("Ring 2"))]);
    let expected = [
        ("addresses[home].city", text("Graz")),
        ("addresses[home].street", text("Ring 2")),
    ];
    assert_eq!(project(&record, &paths, &hints), fields(expected));
}

#[test]
fn white_space_is_not_shown() {
    let emails = vec![
        Element::simple("work", "a@x"),
        Element::simple("home", "  "),
    ];
    let record = contact([("emails", Value::Elements(emails))]);
    assert_eq!(show(&record, "emails[home]", &Fields::new()), None);
}

#[test]
fn an_unknown_kind_shows_nothing() {
    let record = model::Record::new("spaceship");
    assert!(project(&record, &[path("title")], &Fields::new()).is_empty());
}
