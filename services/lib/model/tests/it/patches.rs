use std::collections::BTreeMap;

use model::{
    Comparison, Edit, Element, Fields, Path, Record, Value, locate, patch, patch_elements, project,
};
use pretty_assertions::assert_eq;
use proptest::prelude::*;

use crate::write::{address, contact, emails, list, path, text};

fn edit(path_text: &str, before: Option<Value>, after: Option<Value>) -> Edit {
    Edit {
        path: path(path_text),
        before,
        after,
    }
}

fn patched(record: &Record, edits: &[Edit]) -> Record {
    let mut record = record.clone();
    patch(&mut record, edits);
    record
}

#[test]
fn a_single_field_is_set_and_cleared() {
    let record = contact([("title", text("Boss"))]);
    let set = patched(
        &record,
        &[edit("title", Some(text("Boss")), Some(text("Chef")))],
    );
    assert_eq!(set, contact([("title", text("Chef"))]));
    let cleared = patched(&set, &[edit("title", Some(text("Chef")), None)]);
    assert_eq!(cleared, contact([]));
}

// proves: R-28
#[test]
fn a_labelled_edit_touches_its_element_only() {
    let record = contact([("emails", list("home h@x, work a@x, work b@x, Bat c@x"))]);
    let edits = [edit("emails[work]", Some(text("b@x")), Some(text("n@x")))];
    assert_eq!(
        patched(&record, &edits),
        contact([("emails", list("home h@x, work a@x, work n@x, Bat c@x"))])
    );
}

#[test]
fn a_labelled_edit_adds_an_element_where_there_is_none() {
    let record = contact([("emails", list("home h@x"))]);
    let edits = [edit("emails[work]", None, Some(text("a@x")))];
    assert_eq!(
        patched(&record, &edits),
        contact([("emails", list("home h@x, work a@x"))])
    );
}

#[test]
fn a_value_that_came_meanwhile_under_the_same_label_is_not_overwritten() {
    let record = contact([("emails", list("work theirs@x"))]);
    let edits = [edit("emails[work]", None, Some(text("ours@x")))];
    assert_eq!(
        patched(&record, &edits),
        contact([("emails", list("work theirs@x, work ours@x"))])
    );
}

#[test]
fn a_cleared_element_goes_and_another_of_its_label_stays() {
    let record = contact([("emails", list("work a@x, work b@x"))]);
    let edits = [edit("emails[work]", Some(text("a@x")), None)];
    assert_eq!(
        patched(&record, &edits),
        contact([("emails", list("work b@x"))])
    );
    let gone = [edit("emails[work]", Some(text("z@x")), None)];
    assert_eq!(patched(&record, &gone), record);
}

#[test]
fn an_element_under_another_label_is_found_by_its_value() {
    let record = contact([("emails", list("private a@x"))]);
    let edits = [edit("emails[work]", Some(text("a@x")), Some(text("b@x")))];
    assert_eq!(
        patched(&record, &edits),
        contact([("emails", list("private b@x"))])
    );
}

#[test]
fn parts_of_an_address_are_edited_together_and_unmapped_parts_stay() {
    let record = contact([(
        "addresses",
        Value::Elements(vec![address(
            "home city=Wien & street=Ring 1 & extended=Door 4",
        )]),
    )]);
    let edits = [
        edit(
            "addresses[home].city",
            Some(text("Wien")),
            Some(text("Graz")),
        ),
        edit("addresses[home].street", Some(text("Ring 1")), None),
        edit("addresses[home].country", None, Some(text("Austria"))),
    ];
    let expected = address("home city=Graz & extended=Door 4 & country=Austria");
    assert_eq!(
        patched(&record, &edits),
        contact([("addresses", Value::Elements(vec![expected]))])
    );
}

#[test]
fn a_new_address_is_one_element() {
    let edits = [
        edit("addresses[work].city", None, Some(text("Wien"))),
        edit("addresses[work].street", None, Some(text("Ring 1"))),
    ];
    let expected = contact([(
        "addresses",
        Value::Elements(vec![address("work city=Wien & street=Ring 1")]),
    )]);
    assert_eq!(patched(&contact([]), &edits), expected);
}

#[test]
fn whole_elements_are_added_changed_and_removed() {
    let record = contact([("emails", list("work a@x, home b@x, other c@x"))]);
    let edits = [
        edit("emails", Some(list("work a@x")), Some(list("work n@x"))),
        edit("emails", Some(list("home b@x")), None),
        edit("emails", None, Some(list("- d@x"))),
    ];
    assert_eq!(
        patched(&record, &edits),
        contact([("emails", list("work n@x, other c@x, - d@x"))])
    );
}

#[test]
fn two_edits_of_equal_elements_change_two() {
    let record = contact([("phones", list("work 1, work 1"))]);
    let edits = [
        edit("phones", Some(list("work 1")), Some(list("work 2"))),
        edit("phones", Some(list("work 1")), Some(list("work 3"))),
    ];
    assert_eq!(
        patched(&record, &edits),
        contact([("phones", list("work 2, work 3"))])
    );
}

#[test]
fn the_origin_tells_which_of_the_providers_own_items_to_patch() {
    let elements =
        ["work a@x", "home b@x", "other c@x"].map(|text| list(text).as_elements()[0].clone());
    let edits = [
        edit("emails", Some(list("work a@x")), None),
        edit("emails", Some(list("other C@x")), Some(list("other d@x"))),
        edit("emails", None, Some(list("work e@x"))),
    ];
    let origins: Vec<_> = patch_elements(&elements, &edits, Comparison::Email)
        .into_iter()
        .map(|patched| {
            (
                patched.origin,
                patched.element.part("value").unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [(Some(1), "b@x"), (Some(2), "d@x"), (None, "e@x")];
    assert_eq!(
        origins,
        expected.map(|(origin, value)| (origin, value.to_owned()))
    );
}

#[test]
fn locating_prefers_the_label_then_the_value() {
    let elements = [
        Element::simple("home", "a@x"),
        Element::simple("work", "A@x"),
        Element::simple("work", "b@x"),
    ];
    let at = |before: Option<&str>| {
        let before = BTreeMap::from([("value".to_owned(), before.map(str::to_owned))]);
        locate(&elements, &path("emails[work]"), &before, Comparison::Email)
    };
    assert_eq!(at(Some("a@x")), Some(1));
    assert_eq!(at(Some("b@x")), Some(2));
    assert_eq!(at(Some("z@x")), None);
    assert_eq!(at(None), None);
}

const LABELS: [&str; 3] = ["work", "home", "other"];

fn labelled() -> Vec<Path> {
    LABELS
        .map(|label| path(&format!("emails[{label}]")))
        .to_vec()
}

proptest! {
    // proves: R-28
    #[test]
    fn what_is_patched_is_shown_and_everything_else_survives(
        elements in emails(),
        at in 0..LABELS.len(),
        after in prop::option::of("[e-h]@y"),
    ) {
        let record = contact([("emails", Value::Elements(elements.clone()))]);
        let shown = project(&record, &labelled(), &Fields::new());
        let target = labelled()[at].clone();
        let after = after.map(Value::Text);
        let edit = Edit { path: target.clone(), before: shown.get(&target).cloned(), after: after.clone() };
        let patched = patched(&record, std::slice::from_ref(&edit));

        let hints: Fields = shown.into_iter().chain(after.clone().map(|after| (target.clone(), after))).collect();
        let now = project(&patched, &labelled(), &hints);
        if after.is_some() {
            prop_assert_eq!(now.get(&target), after.as_ref());
        }
        // One element is changed, added or removed, and all others are as they were.
        let mut others = patched.elements(&path("emails")).to_vec();
        let untouched = elements.iter().filter(|element| {
            let at = others.iter().position(|other| other == *element);
            at.map(|at| others.remove(at)).is_some()
        });
        let touched = usize::from(edit.before.is_some() && edit.before != edit.after);
        prop_assert_eq!(untouched.count(), elements.len() - touched);
        prop_assert_eq!(others.len(), usize::from(edit.after.is_some()));
    }

    #[test]
    fn an_edit_and_its_reverse_leave_nothing_behind(elements in emails(), value in "[e-h]@y") {
        let added = Edit { path: path("emails"), before: None, after: Some(Value::Elements(vec![Element::simple("new", value)])) };
        let removed = Edit { before: added.after.clone(), after: None, path: added.path.clone() };
        let record = contact([("emails", Value::Elements(elements))]);
        prop_assert_eq!(patched(&patched(&record, &[added]), &[removed]), record);
    }

    #[test]
    fn no_edits_change_nothing(elements in emails()) {
        let patched = patch_elements(&elements, &[], Comparison::Email);
        prop_assert!(patched.iter().enumerate().all(|(at, one)| one.origin == Some(at) && one.element == elements[at]));
        prop_assert_eq!(patched.len(), elements.len());
    }
}
