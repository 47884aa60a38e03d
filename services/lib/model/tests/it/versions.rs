use model::{Order, Version, order};

/// A token, perhaps with a time: `a@5`; a coarse one ends with `~`.
fn version(text: &str) -> Version {
    let fine = text.trim_end_matches('~');
    let (token, time) = fine
        .split_once('@')
        .map_or((fine, None), |(token, time)| (token, Some(time)));
    Version {
        token: token.to_owned(),
        changed_at_micros: time.map(|time| time.parse().unwrap()),
        coarse: fine != text,
    }
}

// proves: R-03
#[test]
fn versions_are_ordered() {
    let cases = [
        (
            "the same token is the same",
            "a@5",
            "a@5",
            true,
            Order::Same,
        ),
        (
            "a token that says all hides nothing",
            "a@5",
            "a@5",
            false,
            Order::Same,
        ),
        ("a later time is newer", "a@5", "b@6", false, Order::Newer),
        (
            "an earlier time is an old picture",
            "a@5",
            "b@4",
            false,
            Order::Older,
        ),
        (
            "an earlier time is old whatever it shows",
            "a@5",
            "b@4",
            true,
            Order::Older,
        ),
        (
            "equal times with another token are newer",
            "a@5",
            "b@5",
            false,
            Order::Newer,
        ),
        (
            "a stamp of one second may hide a change",
            "5@5~",
            "5@5~",
            false,
            Order::Newer,
        ),
        (
            "a stamp of one second and the same content",
            "5@5~",
            "5@5~",
            true,
            Order::Same,
        ),
        (
            "tokens without times tell nothing",
            "a",
            "b",
            false,
            Order::Unknown,
        ),
        (
            "one time alone tells nothing",
            "a@5",
            "b",
            false,
            Order::Unknown,
        ),
        ("nor does the other", "a", "b@5", true, Order::Unknown),
    ];
    for (about, stored, seen, same_content, expected) in cases {
        assert_eq!(
            order(&version(stored), &version(seen), same_content),
            expected,
            "{about}"
        );
    }
}
