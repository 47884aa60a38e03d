//! `rapport apply`.

use test_kit::Folder;

use crate::{
    command::{file, rapport},
    stage::{FILE, Stage},
};

// proves: BEY-12
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_applied_and_the_differences_of_the_next_are_shown() {
    let stage = Stage::connected().await;
    let folder = Folder::new("rapport-apply");
    let sync = file(&folder, "sync.yaml", FILE);
    let apply = format!("apply -f {}", sync.display());
    assert_eq!(rapport(&stage, &apply).await.ok(), "ana-clients: created\n");
    assert_eq!(
        rapport(&stage, &apply).await.ok(),
        "ana-clients: unchanged\n"
    );
    file(
        &folder,
        "sync.yaml",
        &format!("{FILE}policies: {{ frequency_seconds: 60 }}\n"),
    );
    let dry = rapport(&stage, &format!("{apply} --dry-run")).await.ok();
    assert!(
        dry.starts_with(
            "ana-clients: changed (dry run)\n  ~ policies.frequency_seconds: 300 → 60\n"
        ),
        "{dry}"
    );
    assert!(dry.contains("it runs already; nothing was stored"), "{dry}");
    let applied = rapport(&stage, &format!("{apply} --json")).await.ok();
    let applied: serde_json::Value = serde_json::from_str(&applied).unwrap();
    assert_eq!(applied["result"], "changed");
    assert_eq!(
        applied["differences"][0],
        "~ policies.frequency_seconds: 300 → 60"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_and_holds_the_sync() {
    let stage = Stage::connected().await;
    let folder = Folder::new("rapport-dry-run");
    let sync = file(&folder, "sync.yaml", FILE);
    let out = rapport(&stage, &format!("apply --dry-run -f {}", sync.display()))
        .await
        .ok();
    let line = |word: &str| {
        let line = out
            .lines()
            .find(|line| line.contains(word))
            .unwrap_or_default();
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(line("to create"), ["to", "create", "3", "40"], "{out}");
    assert_eq!(
        line("to merge"),
        ["to", "merge", "with", "their", "match:", "70"],
        "{out}"
    );
    assert_eq!(line("conflicts"), ["conflicts:", "2"], "{out}");
    assert!(out.contains("is held and writes nothing"), "{out}");
    assert_eq!(stage.syncs().await[0].state, "preview");
    let out = rapport(&stage, &format!("apply -f {}", sync.display()))
        .await
        .ok();
    assert_eq!(out, "ana-clients: changed\n  ~ state: preview → active\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_names_the_file_the_line_and_the_column_and_exits_with_2() {
    let stage = Stage::connected().await;
    let folder = Folder::new("rapport-mistake");
    let sync = file(
        &folder,
        "sync.yaml",
        &FILE.replace("Clients", "Nobody").replace("Key", "No"),
    );
    let done = rapport(&stage, &format!("apply -f {}", sync.display())).await;
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    let (left, right) = done.err.split_once('\n').unwrap();
    assert!(left.contains("sync.yaml: line 4, column 44: "), "{left}");
    assert!(right.contains("sync.yaml: line 5, column 46: "), "{right}");
    let done = rapport(&stage, "apply -f /does/not/exist").await;
    assert_eq!(done.code, 2);
    assert!(
        done.err.contains("cannot read /does/not/exist"),
        "{}",
        done.err
    );
    assert_eq!(rapport(&stage, "apply").await.code, 2);
}
