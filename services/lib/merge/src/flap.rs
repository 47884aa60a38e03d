//! Values that bounce: somebody puts back what we write, as often as we write it.

use model::{Edit, Pairing, Value};

/// After so many returns to one value a path is not written again.
const RETURNS: usize = 2;

/// What a write of ours did to one path of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What was there.
    pub before: Option<Value>,
    /// What it wrote.
    pub after: Option<Value>,
}

/// Whether an edit would return a path to a value to which our writes have already returned it twice.
///
/// `written` is what our writes did to the path on the side of the edit, oldest first, within the time that
/// counts; on a multi-valued pairing each entry is one element's. A first write of a value is no return,
/// unless the value was there before.
pub fn bounces(pairing: &Pairing, edit: &Edit, written: &[Written]) -> bool {
    if written.len() < RETURNS {
        return false;
    }
    let comparison = pairing.comparison();
    let same =
        |one: &Option<Value>, other: &Option<Value>| comparison.same(one.as_ref(), other.as_ref());
    // Of a list each element bounces by itself: to remove two of them is not to remove one twice.
    let removes_element = pairing.is_list() && edit.after.is_none();
    let does_it = |one: &Written| {
        same(&one.after, &edit.after) && (!removes_element || same(&one.before, &edit.before))
    };
    let undid_it = |one: &Written| {
        if removes_element {
            one.before.is_none() && same(&one.after, &edit.before)
        } else {
            same(&one.before, &edit.after)
        }
    };
    let returned = |at: &usize| {
        does_it(&written[*at])
            && written[..*at]
                .iter()
                .any(|earlier| does_it(earlier) || undid_it(earlier))
    };
    (0..written.len()).filter(returned).count() >= RETURNS
}

#[cfg(test)]
mod tests {
    use model::{Direction, Element, Path};

    use super::*;

    fn pairing(path: &str) -> Pairing {
        let path = Path::parse(path).unwrap();
        Pairing::new("contact", path.clone(), path, Direction::Both).unwrap()
    }

    fn text(value: &str) -> Option<Value> {
        (value != "-").then(|| Value::Text(value.to_owned()))
    }

    fn element(value: &str) -> Option<Value> {
        (value != "-").then(|| {
            Value::Elements(vec![Element {
                label: "work".to_owned(),
                parts: [("address".to_owned(), value.to_owned())].into(),
            }])
        })
    }

    /// Whether the last of these moves would not be made, the others having been.
    fn frozen(path: &str, value: impl Fn(&str) -> Option<Value>, moves: &[(&str, &str)]) -> bool {
        let pairing = pairing(path);
        let mut written: Vec<Written> = moves
            .iter()
            .map(|(before, after)| Written {
                before: value(before),
                after: value(after),
            })
            .collect();
        let last = written.pop().unwrap();
        let edit = Edit {
            path: pairing.left.clone(),
            before: last.before,
            after: last.after,
        };
        bounces(&pairing, &edit, &written)
    }

    // proves: R-10
    #[test]
    fn a_value_that_is_always_put_back_is_written_three_times_and_no_more() {
        let again = [("a", "b"); 4];
        assert!(!frozen("title", text, &again[..1]));
        assert!(!frozen("title", text, &again[..3]));
        assert!(frozen("title", text, &again));
    }

    // proves: R-10
    #[test]
    fn going_to_and_fro_counts_each_return() {
        let moves = [
            ("a", "b"),
            ("b", "a"),
            ("a", "b"),
            ("b", "a"),
            ("a", "b"),
            ("b", "a"),
        ];
        assert!(!frozen("title", text, &moves[..5]));
        assert!(frozen("title", text, &moves));
    }

    #[test]
    fn a_field_that_is_always_filled_again_bounces_too() {
        assert!(frozen("title", text, &[("a", "-"); 4]));
        assert!(!frozen("title", text, &[("a", "-"); 3]));
    }

    #[test]
    fn ever_new_values_do_not_bounce() {
        let moves = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f")];
        assert!(!frozen("title", text, &moves));
        assert!(!frozen("title", text, &[("a", "b")]));
    }

    #[test]
    fn elements_bounce_one_by_one() {
        let apart = [("x@a", "-"), ("y@a", "-"), ("z@a", "-"), ("w@a", "-")];
        assert!(
            !frozen("emails", element, &apart),
            "four elements went once each"
        );
        assert!(frozen("emails", element, &[("x@a", "-"); 4]));
        assert!(frozen("emails", element, &[("-", "x@a"); 4]));
        let turns = [
            ("-", "x@a"),
            ("x@a", "-"),
            ("-", "x@a"),
            ("x@a", "-"),
            ("-", "y@a"),
            ("x@a", "-"),
        ];
        assert!(frozen("emails", element, &turns));
        assert!(!frozen("emails", element, &turns[..5]));
    }
}
