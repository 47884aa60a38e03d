//! Runs the table of matching cases.

use merge::{Candidate, Match, Matching, OutsideMatch, Policy, PossibleMatch, Twin, pair_up};
use model::{MatchKey, NO_NAME, Side};
use proptest::prelude::*;

use crate::dsl::{Block, blocks, policy_of};

fn candidate(text: &str) -> Candidate {
    let (head, rest) = text.split_once('"').unwrap_or((text, "\""));
    let (name, keys) = rest.split_once('"').unwrap_or(("", ""));
    let id: i64 = head.trim_start()[1..]
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let key = |text: &str| {
        let (rank, value) = text.split_once(':').unwrap();
        MatchKey {
            rank: rank.parse().unwrap(),
            hash: hash(value),
            name_hash: if name.is_empty() { NO_NAME } else { hash(name) },
        }
    };
    Candidate {
        id,
        in_scope: !head.contains("outside"),
        keys: keys.split_whitespace().map(key).collect(),
        age: id,
    }
}

fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..text.len()].copy_from_slice(text.as_bytes());
    hash
}

fn side(block: &Block<'_>, word: &str) -> Vec<Candidate> {
    let lines = block.lines.iter().filter(|(key, _)| *key == word);
    lines.map(|(_, text)| candidate(text)).collect()
}

fn show(matching: &Matching) -> Vec<String> {
    let matched = |m: &Match| {
        let adopt = m
            .adopt
            .map(|side| format!(" adopt {side}"))
            .unwrap_or_default();
        format!("match L{} R{} rank {}{adopt}", m.left, m.right, m.rank)
    };
    let twin = |t: &Twin| {
        let letter = if t.side == Side::Left { 'L' } else { 'R' };
        format!("twin {letter}{} of {letter}{}", t.id, t.of)
    };
    let outside = |o: &OutsideMatch| {
        format!(
            "outside L{} R{} rank {} {}",
            o.left, o.right, o.rank, o.outside
        )
    };
    let possible = |p: &PossibleMatch| format!("possible L{} R{}", p.left, p.right);
    let mut lines: Vec<String> = matching.matched.iter().map(matched).collect();
    lines.extend(matching.twins.iter().map(twin));
    lines.extend(matching.outside.iter().map(outside));
    lines.extend(matching.possible.iter().map(possible));
    lines.sort();
    lines
}

// proves
#[test]
fn matching() {
    let blocks = blocks(include_str!("../cases/matching.cases"));
    assert!(blocks.len() >= 28, "the table has lost cases");
    let mut failed = Vec::new();
    for block in &blocks {
        let (left, right) = (side(block, "left"), side(block, "right"));
        let actual = show(&pair_up(&left, &right, &policy_of(block)));
        if actual != block.expected() {
            let expected = block.expected().join("\n  ");
            let actual = actual.join("\n  ");
            failed.push(format!(
                "{} {}\n expected\n  {expected}\n found\n  {actual}",
                block.line, block.name
            ));
        }
    }
    assert!(
        failed.is_empty(),
        "{} cases fail:\n\n{}",
        failed.len(),
        failed.join("\n\n")
    );
}

/// Keys, name, whether in the scope, and age.
type Traits = (Vec<(u32, u8)>, u8, bool, i64);

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let key = (0_u32..2, 0_u8..5);
    let one = (
        prop::collection::vec(key, 0..3),
        0_u8..4,
        any::<bool>(),
        0_i64..3,
    );
    let make = |(id, (keys, name, in_scope, age)): (i64, Traits)| {
        let key = |(rank, value)| MatchKey {
            rank,
            hash: [value; 32],
            name_hash: [name; 32],
        };
        let keys = keys.into_iter().map(key).collect();
        Candidate {
            id,
            in_scope,
            keys,
            age,
        }
    };
    prop::collection::vec(one, 0..8).prop_map(move |list| (1..).zip(list).map(make).collect())
}

proptest! {
    // proves
    #[test]
    fn matching_is_one_to_one_and_never_of_two_records_outside(left in candidates(), right in candidates()) {
        let found = pair_up(&left, &right, &Policy::default());
        let inside = |list: &[Candidate], id| list.iter().any(|one| one.id == id && one.in_scope);
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for one in &found.matched {
            prop_assert!(inside(&left, one.left) || inside(&right, one.right));
            lefts.push(one.left);
            rights.push(one.right);
        }
        for twin in &found.twins {
            let (list, taken) = if twin.side == Side::Left { (&left, &mut lefts) } else { (&right, &mut rights) };
            prop_assert!(inside(list, twin.id));
            taken.push(twin.id);
        }
        for (ids, list) in [(&mut lefts, &left), (&mut rights, &right)] {
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count, "a record is used twice");
            prop_assert!(ids.iter().all(|id| list.iter().any(|one| one.id == *id)));
        }
    }

    // proves: R-09
    #[test]
    fn exchanging_the_sides_exchanges_the_matches(left in candidates(), right in candidates()) {
        let policy = Policy::default();
        let here = pair_up(&left, &right, &policy);
        let there = pair_up(&right, &left, &policy.swap());
        prop_assert_eq!(here.matched.len(), there.matched.len());
        prop_assert_eq!(here.twins.len(), there.twins.len());
        prop_assert_eq!(here.outside.len(), there.outside.len());
    }

    // proves: R-09
    #[test]
    fn the_order_in_which_records_are_given_does_not_matter(mut left in candidates(), right in candidates()) {
        let here = pair_up(&left, &right, &Policy::default());
        left.reverse();
        prop_assert_eq!(here, pair_up(&left, &right, &Policy::default()));
    }
}
