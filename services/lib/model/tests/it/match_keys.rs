use model::{NO_NAME, Record, match_keys};

use crate::write::{contact, list, path, text};

const KEY: [u8; 32] = [7; 32];

fn ana(email: &str) -> Record {
    contact([
        ("name.given", text("Ana")),
        ("name.family", text("Huber")),
        ("emails", list(&format!("work {email}"))),
    ])
}

#[test]
fn spellings_of_one_address_have_one_key() {
    let criteria = [path("emails[work]")];
    let keys = match_keys(&ana("Ana@Example.org"), &criteria, &KEY);
    assert_eq!(keys, match_keys(&ana("ana@example.org"), &criteria, &KEY));
    assert_eq!(keys.len(), 1);
    assert_ne!(keys, match_keys(&ana("ben@example.org"), &criteria, &KEY));
}

#[test]
fn criteria_of_different_fields_find_each_other() {
    let left = match_keys(&ana("ana@x.org"), &[path("emails[work]")], &KEY);
    let custom = contact([("custom[Mail]", text("Ana@X.org"))]);
    let right = match_keys(&custom, &[path("custom[Mail]")], &KEY);
    assert_eq!(left[0].hash, right[0].hash);
}

// proves: R-06
#[test]
fn nobody_can_tell_the_value_without_the_key() {
    let criteria = [path("emails[work]")];
    let here = match_keys(&ana("ana@x.org"), &criteria, &KEY);
    let elsewhere = match_keys(&ana("ana@x.org"), &criteria, &[8; 32]);
    assert_ne!(here[0].hash, elsewhere[0].hash);
    assert_ne!(here[0].name_hash, elsewhere[0].name_hash);
}

#[test]
fn a_whole_list_gives_a_key_for_each_element() {
    let record = contact([("emails", list("work a@x, home b@x, other A@x"))]);
    let keys = match_keys(&record, &[path("emails[work]"), path("emails")], &KEY);
    let ranks: Vec<_> = keys.iter().map(|key| key.rank).collect();
    assert_eq!(ranks, [0, 1, 1]);
    assert_eq!(keys[0].hash, keys[1].hash);
}

#[test]
fn a_record_without_a_value_has_no_key() {
    assert!(
        match_keys(
            &contact([("emails", list("home b@x"))]),
            &[path("emails[work]")],
            &KEY
        )
        .is_empty()
    );
}

#[test]
fn where_the_given_name_ends_does_not_matter() {
    let criteria = [path("emails")];
    let one = contact([
        ("name.given", text("Ana Maria")),
        ("name.family", text("Huber")),
        ("emails", list("work a@x")),
    ]);
    let other = contact([
        ("name.family", text("ana  maria HUBER")),
        ("emails", list("work a@x")),
    ]);
    let name = |record| match_keys(record, &criteria, &KEY)[0].name_hash;
    assert_eq!(name(&one), name(&other));
    assert_eq!(name(&contact([("emails", list("work a@x"))])), NO_NAME);
}
