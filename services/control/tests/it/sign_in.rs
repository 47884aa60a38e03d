//! Signing in: single-use, expiring, bound to its tenant and to one account.

use pretty_assertions::assert_eq;
use proto::control::FinishConnectionRequest;
use tonic::Code;

use crate::stage::Stage;

async fn finish_with_file(stage: &Stage, json: &str) -> Result<String, tonic::Status> {
    let request = FinishConnectionRequest {
        provider: "google".to_owned(),
        name: "ana-google".to_owned(),
        secret_json: json.to_owned(),
        ..FinishConnectionRequest::default()
    };
    let answer = stage.control.clone().finish_connection(request).await?;
    Ok(answer.into_inner().account_name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_no_secret_is_stored_in_the_clear() {
    let stage = Stage::start().await;
    let signed_in = stage.sign_in("google", "ana-google", "ana").await.unwrap();
    assert_eq!(signed_in.account_name, "ana of google");
    let connections = stage.connections().await;
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0].id, signed_in.connection);
    assert_eq!(
        (connections[0].name.as_str(), connections[0].state.as_str()),
        ("ana-google", "active")
    );

    let token = stage.token(&signed_in.connection, "").await.unwrap();
    assert!(stage.google.accepts(&token.access_token));
    assert_eq!(
        (token.api_base.as_str(), token.account_id.as_str()),
        ("https://api.google.example", "id-of-ana")
    );
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT encode(secret || token, 'escape') FROM control.connections")
            .fetch_all(&stage.database.pool)
            .await
            .unwrap();
    assert_eq!(rows.len(), 1);
    for clear in ["secret-", "token-", "api.google"] {
        assert!(
            !rows[0].contains(clear),
            "{clear} can be read in the database"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_sign_in_holds_neither_state_nor_verifier_in_the_clear() {
    let stage = Stage::start().await;
    let begun = stage.begin("google", "ana-google").await.unwrap();
    let row: String =
        sqlx::query_scalar("SELECT encode(state_digest || sealed, 'escape') FROM control.sign_ins")
            .fetch_one(&stage.database.pool)
            .await
            .unwrap();
    assert!(!row.contains(&begun.state) && !row.contains("google") && !row.contains("verifier"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_or_invented_state_is_refused() {
    let stage = Stage::start().await;
    let begun = stage.begin("google", "ana-google").await.unwrap();
    let code = stage.google.consent(&begun.url, "ana");
    stage
        .finish(&begun.state, &[("code", &code)])
        .await
        .unwrap();
    for state in [begun.state.as_str(), "invented"] {
        let refused = stage.finish(state, &[("code", &code)]).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(
            refused.message().contains("run `rapport connect` again"),
            "{}",
            refused.message()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_uses_the_state_up() {
    let stage = Stage::start().await;
    let begun = stage.begin("google", "ana-google").await.unwrap();
    let denied = stage
        .finish(&begun.state, &[("error", "access_denied")])
        .await
        .unwrap_err();
    assert!(
        denied.message().contains("access_denied"),
        "{}",
        denied.message()
    );
    let code = stage.google.consent(&begun.url, "ana");
    let refused = stage
        .finish(&begun.state, &[("code", &code)])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(stage.connections().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_state_is_refused() {
    let stage = Stage::start().await;
    let begun = stage.begin("google", "ana-google").await.unwrap();
    let code = stage.google.consent(&begun.url, "ana");
    sqlx::query("UPDATE control.sign_ins SET expires_at = now() - interval '1 second'")
        .execute(&stage.database.pool)
        .await
        .unwrap();
    let refused = stage
        .finish(&begun.state, &[("code", &code)])
        .await
        .unwrap_err();
    assert!(
        refused.message().contains("has expired"),
        "{}",
        refused.message()
    );
    assert!(stage.connections().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_the_provider_refuses_is_the_callers_to_repeat() {
    let stage = Stage::start().await;
    let begun = stage.begin("google", "ana-google").await.unwrap();
    let refused = stage
        .finish(&begun.state, &[("code", "stolen")])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().contains("the code is not valid"),
        "{}",
        refused.message()
    );
}

// proves: R-20
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_comes_back_as_another_account_is_refused_and_keeps_its_own() {
    let stage = Stage::start().await;
    let connection = stage.connect("google", "ana-google", "ana").await;
    let refused = stage
        .sign_in("google", "ana-google", "bob")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(
        refused.message().contains("ana of google"),
        "{}",
        refused.message()
    );
    assert!(
        refused.message().contains("bob of google"),
        "{}",
        refused.message()
    );
    assert_eq!(stage.connections().await[0].account_name, "ana of google");
    assert_eq!(
        stage.token(&connection, "").await.unwrap().account_id,
        "id-of-ana"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_one_connection() {
    let stage = Stage::start().await;
    let connection = stage.connect("google", "ana-google", "ana").await;
    let refused = stage
        .sign_in("google", "another-name", "ana")
        .await
        .unwrap_err();
    assert!(
        refused
            .message()
            .contains("connected already, as \"ana-google\""),
        "{}",
        refused.message()
    );
    assert_eq!(
        stage.connect("google", "ana-google", "ana").await,
        connection
    );
    assert_eq!(stage.connections().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_stands_in_for_a_person() {
    let stage = Stage::start().await;
    assert_eq!(
        finish_with_file(&stage, r#"{"account":"ana"}"#)
            .await
            .unwrap(),
        "ana of google"
    );
    let refused = finish_with_file(&stage, "{}").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused
            .message()
            .contains("the secret file lacks \"account\""),
        "{}",
        refused.message()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_providers_and_bad_names_say_what_to_do() {
    let stage = Stage::start().await;
    let unknown = stage.begin("outlook", "ana").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert!(
        unknown.message().contains("there are: google, zoho"),
        "{}",
        unknown.message()
    );
    let name = stage.begin("google", "Ana's").await.unwrap_err();
    assert_eq!(name.code(), Code::InvalidArgument);
    assert!(name.message().contains("a-z"), "{}", name.message());
}
