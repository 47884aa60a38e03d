//! Everything that is asked of a sync.

use crate::{
    command::{at, rapport},
    stage::{FILE, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_tables_for_people_and_json_for_programs() {
    let stage = Stage::connected().await;
    assert!(
        rapport(&stage, "get")
            .await
            .ok()
            .contains("rapport apply -f FILE")
    );
    stage.apply(FILE).await;
    let table = rapport(&stage, "get syncs").await.ok();
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .contains("zoho-google-contacts"),
        "{table}"
    );
    let hourly = format!("{FILE}policies: {{ frequency_seconds: 3600 }}\n");
    stage.apply(&hourly).await;
    let table = rapport(&stage, "get syncs").await.ok();
    assert!(table.contains("frequency_seconds: 3600"), "{table}");
    assert!(!table.contains("conflict"), "{table}");
    let syncs = rapport(&stage, "get syncs --json").await.ok();
    let sync: serde_json::Value = serde_json::from_str(&syncs).unwrap();
    assert_eq!(sync["policies"]["frequency_seconds"], "3600");
    assert_eq!(sync["policies"]["conflict"], "left");
    let connections = rapport(&stage, "get connections --json").await.ok();
    let lines: Vec<serde_json::Value> = connections
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["name"], &lines[0]["state"]),
        (&"acme-zoho".into(), &"active".into())
    );
    assert_eq!(
        rapport(&stage, "get records ana-clients").await.ok(),
        "no records\n"
    );
}

// proves: ZGC-11
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_paused_resumed_and_deleted_by_its_name() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    for (words, state) in [
        ("pause", "paused"),
        ("resume", "active"),
        ("delete", "deleting"),
    ] {
        rapport(&stage, &format!("{words} ana-clients")).await.ok();
        assert_eq!(stage.syncs().await[0].state, state);
    }
    let done = rapport(&stage, "resume ana-clients").await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("apply its file again"), "{}", done.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_reach_the_reconciler() {
    let stage = Stage::connected().await;
    let (id, ..) = stage.apply(FILE).await;
    for words in [
        "status ana-clients",
        "run ana-clients",
        "history ana-clients",
        "restore ana-clients --run 3",
        "retry ana-clients",
        "resume ana-clients --accept",
        "events ana-clients --once --all",
    ] {
        rapport(&stage, words).await.ok();
        assert_eq!(stage.reconciler.take_asked().unwrap().sync, id, "{words}");
    }
    assert_eq!(rapport(&stage, "events --once").await.ok(), "{}\n");
    let status = rapport(&stage, "status --json").await.ok();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(
        (&status["name"], &status["phase"]),
        (&"ana-clients".into(), &"live".into())
    );
    assert_eq!(status["counts"]["in_scope"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_exit_with_2_and_a_control_that_is_away_with_1() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    let done = rapport(&stage, "status bob-clients").await;
    assert_eq!(done.code, 2);
    assert!(done.err.contains("there are: ana-clients"), "{}", done.err);
    let done = at("http://127.0.0.1:9", "status").await;
    assert_eq!(done.code, 1);
    assert!(
        done.err
            .contains("control does not answer at http://127.0.0.1:9"),
        "{}",
        done.err
    );
    let done = at("nonsense://", "status").await;
    assert_eq!(done.code, 2, "{}", done.err);
}

// proves: R-34
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_says_what_it_is_about_before_it_is_done() {
    let stage = Stage::connected().await;
    let calm = rapport(&stage, "recover").await.ok();
    assert!(calm.contains("nothing tells"), "{calm}");
    let done = rapport(&stage, "recover --yes").await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("--anyway"), "{}", done.err);
    stage.reconciler.set_behind(true);
    let said = rapport(&stage, "recover").await.ok();
    assert!(said.contains("by 7 steps"), "{said}");
    assert!(said.contains("with --yes"), "{said}");
    let answer = rapport(&stage, "recover --yes --json").await.ok();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["recovered"], true);
    let said = rapport(&stage, "recover --yes --anyway").await.ok();
    assert!(
        said.contains("1 syncs are read and compared anew"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_says_that_no_guest_was_told() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    let said = rapport(&stage, "status ana-clients").await.ok();
    assert!(said.contains("guests notified 0\n"), "{said}");
    let said = rapport(&stage, "status ana-clients --json").await.ok();
    let status: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(status["notified"]["guests"], 0);
    assert_eq!(status["notified"]["writes"], 0);
}
