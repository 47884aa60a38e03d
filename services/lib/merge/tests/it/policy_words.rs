//! The words of the policies.

use merge::{ConflictChoice, Deletion, DeletionAgainstEdit, Drift, Outside, Policy, Twins};

#[test]
fn every_word_reads_back_as_its_policy() {
    macro_rules! check {
        ($($policy:ident: $($word:literal)+;)+) => {$($(
            let value: $policy = $word.parse().unwrap();
            assert_eq!(value.to_string(), $word);
            assert_eq!(serde_json::to_string(&value).unwrap(), concat!('"', $word, '"'));
        )+)+};
    }
    check! {
        ConflictChoice: "left" "right" "newest";
        Deletion: "propagate" "ignore" "stop";
        Drift: "keep" "overwrite";
        Outside: "adopt" "skip";
        Twins: "link-one" "sync-all";
        DeletionAgainstEdit: "edit-wins" "deletion-wins";
    }
}

#[test]
fn a_wrong_word_names_the_right_ones() {
    let error = "newer".parse::<ConflictChoice>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"newer\" is not a conflict choice; write one of: left, right, newest"
    );
}

#[test]
fn a_policy_reads_back_from_json_and_refuses_what_it_does_not_know() {
    let policy = Policy {
        drift: Drift::Overwrite,
        ..Policy::default()
    };
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
    assert_eq!(
        serde_json::from_str::<Policy>("{}").unwrap(),
        Policy::default()
    );
    let error = serde_json::from_str::<Policy>(r#"{"drfit":"keep"}"#).unwrap_err();
    assert!(error.to_string().contains("drfit"), "{error}");
}
