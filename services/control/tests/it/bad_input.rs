//! Files that cannot be applied: each complaint says where it is and what to do, and nothing is stored.

use tonic::Code;

use crate::stage::{FILE, Stage};

async fn refused(stage: &Stage, yaml: &str) -> (Code, String) {
    let refused = stage.try_apply(yaml, false).await.unwrap_err();
    assert!(
        stage.definitions_of("").await.len() < 2,
        "something was stored"
    );
    (refused.code(), refused.message().to_owned())
}

async fn invalid(stage: &Stage, yaml: &str, place: &str, says: &[&str]) {
    let (code, message) = refused(stage, yaml).await;
    assert_eq!(code, Code::InvalidArgument, "{message}");
    assert!(message.starts_with(place), "{message}");
    for part in says {
        assert!(message.contains(part), "{message} lacks {part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_in_a_file_says_its_line_and_column() {
    let stage = Stage::connected().await;
    let stage = &stage;
    invalid(stage, "kind: Sync\nname: [a\n", "line ", &["column"]).await;
    invalid(
        stage,
        &FILE.replace("recipe:", "reciep:"),
        "line 3, column 1: ",
        &["reciep", "recipe"],
    )
    .await;
    let recipe = FILE.replace("zoho-google-contacts", "zoho-yahoo");
    invalid(
        stage,
        &recipe,
        "line 3, column 9: ",
        &["zoho-yahoo", "zoho-google-contacts"],
    )
    .await;
    let connection = FILE.replace("ana-google", "bob-google");
    let says = ["bob-google", "acme-zoho, ana-google", "rapport connect"];
    invalid(stage, &connection, "line 5, column 22: ", &says).await;
    let collection = FILE.replace("Key accounts", "Key account");
    invalid(
        stage,
        &collection,
        "line 4, column 44: ",
        &["Key account\"", "Key accounts, All"],
    )
    .await;
    let word = format!("{FILE}policies: {{ deletion: sometimes }}\n");
    invalid(
        stage,
        &word,
        "line 6, column 23: ",
        &["sometimes", "propagate"],
    )
    .await;
    let frequency = format!("{FILE}policies: {{ frequency_seconds: 5 }}\n");
    invalid(
        stage,
        &frequency,
        "line 6, column 11: ",
        &["60, 300, 900, 3600, 14400, 86400"],
    )
    .await;
    let unknown =
        format!("{FILE}mapping: [ {{ left: 'custom[Nope]', right: 'custom[Twitter]' }} ]\n");
    invalid(
        stage,
        &unknown,
        "line 6, column 20: ",
        &["the left account has no field custom[Nope]"],
    )
    .await;
    let read_only =
        format!("{FILE}mapping: [ {{ left: 'custom[Score]', right: 'custom[Score]' }} ]\n");
    let says = [
        "custom[Score] is read-only on the left side",
        "direction: left-to-right",
    ];
    invalid(stage, &read_only, "line 6, column 20: ", &says).await;
    invalid(stage, "", "the file holds no document", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_the_recipe_needs_is_named() {
    let stage = Stage::start().await;
    stage.google.withhold_right("see contacts");
    stage.connect("zoho", "acme-zoho", "acme").await;
    stage.connect("google", "ana-google", "ana").await;
    let says = [
        "lacks the right to see contacts",
        "rapport connect google --name ana-google",
    ];
    invalid(&stage, FILE, "line 5, column 22: ", &says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncs_of_one_scope_and_other_accounts_under_one_name_are_refused() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    let (code, message) = refused(&stage, &FILE.replace("ana-clients", "again")).await;
    assert_eq!(code, Code::FailedPrecondition);
    assert!(
        message.contains("sync \"ana-clients\" pairs these two collections already"),
        "{message}"
    );
    let twice = format!(
        "{}---\n{}",
        FILE.replace("ana-clients", "a"),
        FILE.replace("ana-clients", "a")
    );
    let (_, message) = refused(&stage, &twice).await;
    assert!(
        message.contains("\"a\" is the name of two syncs"),
        "{message}"
    );
    stage.connect("google", "bob-google", "bob").await;
    let (code, message) = refused(&stage, &FILE.replace("ana-google", "bob-google")).await;
    assert_eq!(code, Code::FailedPrecondition);
    assert!(
        message.contains("is between the accounts acme-zoho and ana-google"),
        "{message}"
    );
}

// proves: R-10
#[tokio::test(flavor = "multi_thread")]
async fn a_ring_of_two_way_flows_is_refused() {
    let stage = Stage::connected().await;
    stage.connect("zoho", "beta-zoho", "beta").await;
    stage.connect("google", "bob-google", "bob").await;
    let sync = |name: &str, left: &str, right: &str| {
        FILE.replace("ana-clients", name)
            .replace("acme-zoho", left)
            .replace("ana-google", right)
    };
    stage.apply(&sync("one", "acme-zoho", "ana-google")).await;
    stage.apply(&sync("two", "beta-zoho", "ana-google")).await;
    stage.apply(&sync("three", "beta-zoho", "bob-google")).await;
    let last = sync("four", "acme-zoho", "bob-google");
    let refused = stage.try_apply(&last, false).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(
        refused.message().contains("in a ring"),
        "{}",
        refused.message()
    );
    assert_eq!(stage.syncs().await.len(), 3);
    let one_way = format!("{last}policies: {{ direction: left-to-right }}\n");
    assert!(
        stage.try_apply(&one_way, false).await.is_err(),
        "two-way flows lead back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_needs_a_parked_connection_says_to_sign_in_again() {
    let stage = Stage::connected().await;
    stage.google.revoke("ana");
    let refused = stage.try_apply(FILE, false).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(
        refused
            .message()
            .contains("rapport connect google --name ana-google"),
        "{}",
        refused.message()
    );
}
