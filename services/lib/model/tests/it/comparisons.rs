use model::{Comparison, Value};
use proptest::prelude::*;

use crate::write::{any_value, list, text};

const ALL: [Comparison; 12] = [
    Comparison::Text,
    Comparison::CaseInsensitive,
    Comparison::Email,
    Comparison::Phone,
    Comparison::Url,
    Comparison::Date,
    Comparison::Keyed,
    Comparison::Occurrence,
    Comparison::When,
    Comparison::Rule,
    Comparison::Trigger,
    Comparison::Description,
];

fn same(comparison: Comparison, one: &str, other: &str) -> bool {
    comparison.same(Some(&text(one)), Some(&text(other)))
}

#[test]
fn what_a_provider_may_rewrite_is_no_difference() {
    let cases = [
        (Comparison::Text, "Boss", "  Boss\t"),
        (Comparison::Text, "a\r\nb", "a\nb"),
        (Comparison::Text, "Zoe\u{308}", "Zoë"),
        (Comparison::CaseInsensitive, "BOSS", "boss"),
        (Comparison::Email, "Ana@Example.ORG", "ana@example.org"),
        (Comparison::Phone, "+43 (1) 555-0", "+4315550"),
        (Comparison::Phone, "+43 (0) 1 5550", "+43 1 5550"),
        (Comparison::Phone, "0650 / 123 45", "065012345"),
        (Comparison::Phone, "+39 06 1234567", "+39061234567"),
        (Comparison::Phone, "\u{202a}+43 1 5550\u{202c}", "+4315550"),
        (
            Comparison::Url,
            "HTTPS://Example.org/",
            "https://example.org",
        ),
    ];
    for (comparison, one, other) in cases {
        assert!(
            same(comparison, one, other),
            "{comparison:?}: {one:?} and {other:?}"
        );
    }
}

#[test]
fn what_somebody_may_have_edited_is_a_difference() {
    let cases = [
        (Comparison::Text, "Boss", "boss"),
        (Comparison::Text, "a b", "a  b"),
        (Comparison::Email, "a.na@x", "ana@x"),
        (Comparison::Phone, "+43 1 5550", "+43 1 5551"),
        (Comparison::Phone, "1-800-FLOWERS", "1-800-FLORIST"),
        (Comparison::Phone, "555 ext. 1", "555 ext. 2"),
        (Comparison::Phone, "+43 1 5550 ext 1", "+43 1 5550"),
        (Comparison::Phone, "01 5550", "+43 1 5550"),
        (Comparison::Phone, "ask Ana", "ask Ben"),
        (Comparison::Phone, "-", "()"),
        (Comparison::Url, "https://x.org/a", "https://x.org/A"),
        (Comparison::Url, "https://x.org/a", "https://x.org/a/"),
    ];
    for (comparison, one, other) in cases {
        assert!(
            !same(comparison, one, other),
            "{comparison:?}: {one:?} and {other:?}"
        );
    }
}

#[test]
fn empty_and_absent_are_the_same() {
    for comparison in ALL {
        assert!(comparison.same(None, None));
        assert!(comparison.same(Some(&text(" \n")), None));
        assert!(comparison.same(None, Some(&Value::Elements(Vec::new()))));
        assert!(!comparison.same(None, Some(&text("x"))));
    }
}

#[test]
fn the_order_of_elements_does_not_count_and_their_labels_do() {
    let email = Comparison::Email;
    assert!(email.same(
        Some(&list("work a@x, home b@x")),
        Some(&list("home B@x, work a@x"))
    ));
    assert!(!email.same(Some(&list("work a@x")), Some(&list("home a@x"))));
    assert!(!email.same(Some(&list("work a@x")), Some(&list("work a@x, work a@x"))));
}

#[test]
fn values_of_different_forms_differ() {
    assert!(!Comparison::Text.same(
        Some(&text("1990")),
        Some(&Value::Date("1990".parse().unwrap()))
    ));
}

#[test]
fn a_long_beginning_of_a_text_is_what_a_provider_without_room_shows() {
    let note = "Met at the fair, wants to hear from us in spring";
    let cut = |comparison: Comparison, sent: &str, shown: &str| {
        comparison.cut(Some(&text(sent)), Some(&text(shown)))
    };
    assert!(cut(Comparison::Text, note, "Met at the fair, wants to "));
    // All of it, another text, one that was not sent, and one that no provider is too small for.
    assert!(!cut(Comparison::Text, note, note));
    assert!(!cut(
        Comparison::Text,
        note,
        "Met at the fair, wants no call"
    ));
    assert!(!cut(Comparison::Text, "Met at the fair, wants", note));
    assert!(!cut(Comparison::Text, note, "Met at the fair"));
    assert!(!Comparison::Text.cut(Some(&text(note)), None));
    // Half an address is another one.
    let address = "https://example.org/of/the/fair";
    assert!(!cut(Comparison::Url, address, "https://example.org/of"));
}

proptest! {
    #[test]
    fn normal_forms_are_normal(at in 0..ALL.len(), text in ".*") {
        let once = ALL[at].normal(&text);
        prop_assert_eq!(ALL[at].normal(&once), once.clone(), "{:?}", ALL[at]);
        prop_assert_eq!(once.is_empty(), text.trim().is_empty());
    }

    #[test]
    fn normal_phone_numbers_are_normal(text in r"\+?[0-9 ()/.-]{1,18}( ?(ext|x) ?[0-9]{1,4})?") {
        let once = Comparison::Phone.normal(&text);
        prop_assert_eq!(Comparison::Phone.normal(&once), once);
    }

    #[test]
    fn digits_that_differ_are_never_the_same(one in "[0-9]{4,9}", other in "[0-9]{4,9}", plus in any::<bool>()) {
        prop_assume!(one != other);
        let number = |digits: &str| if plus { format!("+431{digits}") } else { digits.to_owned() };
        prop_assert!(!same(Comparison::Phone, &number(&one), &number(&other)));
    }

    #[test]
    fn being_the_same_is_an_equivalence(at in 0..ALL.len(), a in any_value(), b in any_value(), c in any_value()) {
        let same = |one: &Value, other: &Value| ALL[at].same(Some(one), Some(other));
        prop_assert!(same(&a, &a));
        prop_assert_eq!(same(&a, &b), same(&b, &a));
        if same(&a, &b) && same(&b, &c) {
            prop_assert!(same(&a, &c));
        }
    }

    #[test]
    fn surrounding_white_space_never_counts(at in 0..ALL.len(), inner in ".*") {
        let padded = format!(" \t{inner}\n");
        prop_assert!(same(ALL[at], &inner, &padded));
    }
}
